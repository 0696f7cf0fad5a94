from minikeras.ops import *
