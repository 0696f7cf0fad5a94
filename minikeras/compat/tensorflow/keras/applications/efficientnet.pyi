from minikeras.applications.efficientnet import *
