from minikeras.datasets.imdb import *
