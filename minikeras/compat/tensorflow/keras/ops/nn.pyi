from minikeras.ops.nn import *
