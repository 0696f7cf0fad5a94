from minikeras.applications.imagenet_utils import *
