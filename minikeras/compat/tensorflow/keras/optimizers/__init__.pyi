from minikeras.optimizers import *
