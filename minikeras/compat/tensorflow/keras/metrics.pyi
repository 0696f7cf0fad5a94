from minikeras.metrics import *
