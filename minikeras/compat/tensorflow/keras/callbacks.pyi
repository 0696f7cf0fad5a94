from minikeras.callbacks import *
