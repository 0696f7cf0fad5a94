from minikeras.dtype_policies import *
