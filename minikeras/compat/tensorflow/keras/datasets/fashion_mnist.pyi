from minikeras.datasets.fashion_mnist import *
