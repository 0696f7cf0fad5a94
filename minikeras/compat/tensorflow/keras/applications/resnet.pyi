from minikeras.applications.resnet import *
