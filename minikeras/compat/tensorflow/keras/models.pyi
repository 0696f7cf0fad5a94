from minikeras.models import *
