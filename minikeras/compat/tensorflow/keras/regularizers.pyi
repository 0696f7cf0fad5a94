from minikeras.regularizers import *
