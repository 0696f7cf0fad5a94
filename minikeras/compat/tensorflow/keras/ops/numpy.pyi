from minikeras.ops.numpy import *
