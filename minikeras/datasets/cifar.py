"""Small colour pictures, as `cifar10` and `cifar100` keep them: an archive of pickled batches."""

import os

import numpy as np

from .._base.settings import image_data_format
from .._base.typing import Array
from ..utils.file_utils import get_file
from .unpickle import unpickle


def fetch_folder(name: str, file_hash: str, inner: str) -> str:
    """Return the folder with the batches, downloaded and unpacked."""
    origin = f"https://www.cs.toronto.edu/~kriz/{name}.tar.gz"
    return os.path.join(get_file(f"{inner}-target", origin, extract=True, file_hash=file_hash), inner)


def read_batches(folder: str, names: list[str], labels: str) -> tuple[Array, Array]:
    """Return the images of some batches, where Keras's settings want the channels, and their labels as a column."""
    batches = []
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            batches.append(unpickle(file))
    x = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    y = np.concatenate([batch[labels] for batch in batches]).reshape(-1, 1)
    return x.transpose(0, 2, 3, 1) if image_data_format() == "channels_last" else x, y
