"""A reader of pickled arrays and lists, the form of some data sets, that runs no code from the pickle.

A pickle may call any function that it names. Here, names that make NumPy's arrays are replaced by `_Note`, which only
records its arguments; the arrays are made of these notes afterwards. Every other name is refused.
"""

import io
import pickle
from typing import IO, Any

import numpy as np

from .._base.typing import Array
from ..ops.arrays import NP


class _Note:
    """Records the arguments that an array, or a dtype, should be made of."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


_NAMES = ("numpy.ndarray", "numpy.dtype", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _NAMES:
            raise pickle.UnpicklingError(f"Expected arrays, lists and numbers alone. The file names {module}.{name}.")
        return _Note


def unpickle(file: IO[bytes]) -> Any:
    """Return a pickled array, or a dict of arrays and other plain values; keys that are bytes become text.

    A pickle.UnpicklingError if the pickle names anything but NumPy's arrays.
    """
    value = _Unpickler(file, encoding="bytes").load()
    if not isinstance(value, dict):
        return _array(value)
    return {key.decode() if isinstance(key, bytes) else key: _array(item) for key, item in value.items()}


def _array(value: Any) -> Any:
    """Return the array that a note describes; any other value as it is."""
    if not isinstance(value, _Note):
        return value
    _, shape, dtype, fortran, content = value.state
    if isinstance(content, list):  # of objects
        array = np.fromiter(map(_array, content), object)
    else:
        code, order = (x.decode() if isinstance(x, bytes) else x for x in (dtype.args[0], dtype.state[1]))
        array = np.frombuffer(bytearray(content), order.replace("|", "") + code)
    return array.reshape(shape, order="F" if fortran else "C")


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
