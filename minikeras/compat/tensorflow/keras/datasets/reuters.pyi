from minikeras.datasets.reuters import *
