from minikeras.layers import *
