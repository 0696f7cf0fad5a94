"""The parts that data sets have in common: where they come from, and how they are split."""

from typing import TypeAlias

import numpy as np

from .._base.typing import Array
from ..saving.npz import read_arrays
from ..utils.file_utils import get_file

Split: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]
"""(x_train, y_train), (x_test, y_test)."""

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def fetch(path: str, name: str, file_hash: str, cache_subdir: str = "datasets") -> str:
    """Return the path of a file in the cache, checked; if need be it is downloaded, from where Keras keeps `name`."""
    return get_file(path, _ORIGIN + name, file_hash=file_hash, cache_subdir=cache_subdir)


def shuffled(random: "np.random.RandomState", x: Array, y: Array) -> tuple[Array, Array]:
    """Return the rows of two arrays in an order drawn anew."""
    order = np.arange(len(x))
    random.shuffle(order)
    return x[order], y[order]


def read_table(path: str, test_split: float, seed: int, rows: int | None = None) -> Split:
    """Return the first rows of `x` and `y` in a file, shuffled; the last of them, a fraction, are to test on."""
    arrays = read_arrays(path)
    x, y = shuffled(np.random.RandomState(seed), arrays["x"][:rows], arrays["y"][:rows])
    end = int(len(x) * (1 - test_split))
    return (x[:end], y[:end]), (x[end:], y[end:])


def check_test_split(test_split: float) -> None:
    """Raise a ValueError unless a fraction is at least 0 and below 1."""
    if not 0 <= test_split < 1:
        raise ValueError(f"`test_split` must be at least 0 and below 1. Received: test_split={test_split}.")
