from minikeras.wrappers import *
