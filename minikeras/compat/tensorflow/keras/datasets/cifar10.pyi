from minikeras.datasets.cifar10 import *
