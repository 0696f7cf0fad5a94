"""A reader of pickled arrays and lists, the form of some data sets, whose files are checked by their hash before.

A pickle may call any function that it names. Here it may name what makes NumPy's arrays, and nothing else.
"""

import io
import pickle
from typing import IO, Any

import numpy as np

from .._base.typing import Array
from ..ops.arrays import NP

_NAMES = ("numpy.ndarray", "numpy.dtype", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _NAMES:
            raise pickle.UnpicklingError(f"Expected arrays, lists and numbers alone. The file names {module}.{name}.")
        if name == "dtype":
            return lambda code, *_: np.dtype(code, False, True)  # where Python 2 wrote 0 and 1, of which NumPy warns
        return super().find_class(module.replace(".core.", "._core."), name)  # as NumPy 2 calls it


def unpickle(file: IO[bytes]) -> Any:
    """Return a pickled array, or a dict of arrays and other plain values; keys that are bytes become text.

    A pickle.UnpicklingError if the pickle names anything but NumPy's arrays.
    """
    value = _Unpickler(file, encoding="bytes").load()
    if not isinstance(value, dict):
        return value
    return {key.decode() if isinstance(key, bytes) else key: item for key, item in value.items()}


def read_lists(path: str) -> dict[str, Array]:
    """Return the arrays, also of lists, in an .npz file; a pickle.UnpicklingError if it holds anything else."""
    arrays: dict[str, Array] = {}
    form = NP.lib.format
    with NP.load(path, allow_pickle=False) as file:
        for name in file.files:
            member = io.BytesIO(file.zip.read(f"{name}.npy"))
            old = form.read_magic(member) == (1, 0)
            dtype = (form.read_array_header_1_0 if old else form.read_array_header_2_0)(member)[2]
            arrays[name] = unpickle(member) if dtype.hasobject else file[name]
    return arrays
