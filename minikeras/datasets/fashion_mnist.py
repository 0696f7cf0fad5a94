"""Pictures of clothes."""

import os

import numpy as np

from .._base.typing import Array
from .base import Split, fetch

_HASHES = {  # as published beside the files: https://github.com/zalandoresearch/fashion-mnist
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310"}  # fmt: skip


def load_data() -> Split:
    """Return 60,000 images of clothes to train on and 10,000 to test on.

    Classes: 0 T-shirt/top, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.

    Returns:
        (x_train, y_train), (x_test, y_test): images of shape (n, 28, 28) in grey levels from 0 to 255, and the classes,
        of shape (n,), all uint8; an OSError if a file is not there and cannot be downloaded.

    Source: Xiao, Rasul and Vollgraf 2017, https://arxiv.org/abs/1708.07747

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    x_train, y_train, x_test, y_test = map(_read, _HASHES)
    return (x_train, y_train), (x_test, y_test)


def _read(name: str) -> Array:
    """Return the array of a file: two bytes of 0, its type and number of axes, the sizes, then the values."""
    import gzip  # here, since it takes 2 ms

    with gzip.open(fetch(name, name, _HASHES[name], os.path.join("datasets", "fashion-mnist"))) as file:
        content = bytearray(file.read())
    ndim = content[3]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(np.frombuffer(content, ">u4", ndim, offset=4))


__all__ = ["load_data"]
