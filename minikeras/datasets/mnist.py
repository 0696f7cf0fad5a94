"""Handwritten digits."""

from ..saving.npz import read_arrays
from .base import Split, fetch


def load_data(path: str = "mnist.npz") -> Split:
    """Return 60,000 images of handwritten digits to train on and 10,000 to test on.

    Args:
        path: Name of the file in the cache folder.

    Returns:
        (x_train, y_train), (x_test, y_test): images of shape (n, 28, 28) in grey levels from 0 to 255, and the digits,
        of shape (n,), all uint8; an OSError if the file is not there and cannot be downloaded.

    Source: LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    """
    arrays = read_arrays(fetch(path, "mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"))
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


__all__ = ["load_data"]
