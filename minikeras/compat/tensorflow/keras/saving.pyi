from minikeras.saving import *
