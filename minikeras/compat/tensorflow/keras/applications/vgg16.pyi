from minikeras.applications.vgg16 import *
