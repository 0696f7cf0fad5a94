from minikeras.ops.image import *
