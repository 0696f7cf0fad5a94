from minikeras.random import *
