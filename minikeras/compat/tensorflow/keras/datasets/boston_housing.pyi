from minikeras.datasets.boston_housing import *
