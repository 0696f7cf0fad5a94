from minikeras.ops.linalg import *
