from minikeras.applications.mobilenet_v2 import *
