from minikeras.config import *
