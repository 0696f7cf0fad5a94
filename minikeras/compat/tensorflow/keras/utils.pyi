from minikeras.utils import *
