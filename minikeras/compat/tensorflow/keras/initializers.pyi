from minikeras.initializers import *
