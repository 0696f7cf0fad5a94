from minikeras.losses import *
