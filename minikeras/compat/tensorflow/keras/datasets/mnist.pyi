from minikeras.datasets.mnist import *
