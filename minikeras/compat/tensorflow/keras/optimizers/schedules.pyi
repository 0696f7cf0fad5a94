from minikeras.optimizers.schedules import *
