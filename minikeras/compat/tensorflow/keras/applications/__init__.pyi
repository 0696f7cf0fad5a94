from minikeras.applications import *
