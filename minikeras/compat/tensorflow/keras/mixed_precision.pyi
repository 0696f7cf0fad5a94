from minikeras.mixed_precision import *
