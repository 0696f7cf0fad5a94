from minikeras.activations import *
