from minikeras.datasets.california_housing import *
