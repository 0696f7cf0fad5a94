from minikeras.datasets.cifar100 import *
