from minikeras.tree import *
