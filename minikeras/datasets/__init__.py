"""Data sets to practise on: `keras.datasets`.

Each is read from Keras's cache folder, ~/.keras/datasets, and downloaded to it from Keras's addresses if it is not
there. A file is read only if its hash is the known one, and nothing in it can run.
"""

from .._base.lazy import lazily

with lazily(globals()):
    from . import boston_housing, california_housing, cifar10, cifar100, fashion_mnist, imdb, mnist, reuters

__all__ = ["boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters"]
