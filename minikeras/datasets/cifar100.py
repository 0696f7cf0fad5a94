"""Small colour pictures of a hundred kinds of things."""

from typing import Literal

from .._base.checks import one_of
from .base import Split, fetch_folder, read_batches


def load_data(label_mode: Literal["fine", "coarse"] = "fine") -> Split:
    """Return 50,000 colour images to train on and 10,000 to test on.

    Args:
        label_mode: "fine" for 100 classes, "coarse" for the 20 groups they form.

    Returns:
        (x_train, y_train), (x_test, y_test): images of shape (n, 32, 32, 3) with levels from 0 to 255, or
        (n, 3, 32, 32) if `config.image_data_format()` is "channels_first", in uint8, and classes of shape (n, 1).

    Raises:
        ValueError: if `label_mode` is another.
        OSError: if the archive is not there and cannot be downloaded.

    Source: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data(label_mode="coarse")  # doctest: +SKIP
    """
    labels = f"{one_of('label_mode', label_mode, ('fine', 'coarse'))}_labels"
    file_hash = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
    folder = fetch_folder("cifar-100-python", file_hash, "cifar-100-python")
    return read_batches(folder, ["train"], labels), read_batches(folder, ["test"], labels)


__all__ = ["load_data"]
