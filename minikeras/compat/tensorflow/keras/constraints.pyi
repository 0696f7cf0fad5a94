from minikeras.constraints import *
