"""Weights in NumPy's own file format, with an array for each weight.

Arrays are assigned to weights by their order alone. Their names, such as "000/dense/kernel", are for people: they may
differ from those of the model, whose layers may have other automatic names.
"""

import math
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .._base.typing import Array
from .._base.user_warning import warn_user
from .._core.tensor import as_array
from .._core.variable import Variable
from ..ops.arrays import NP
from .archive import Archive
from .atomic import replacing
from .source import Source, open_source

HEADER = re.compile(rb"\{'descr': '([<>|](?:b1|[iu][1248]|f[248]|c8|c16))', 'fortran_order': (True|False), "
                    rb"'shape': \(((?:\d{1,18}(?:, ?\d{1,18})*,?)?)\), \} *\n")  # fmt: skip
MAX_HEADER = 10_000  # bytes


def pack(variables: Iterable[Variable], group: str = "") -> dict[str, Array]:
    """Return the values of variables under unique names, all within a group."""
    return {f"{group}{place:03d}/{v.path}": v.numpy() for place, v in enumerate(variables)}


def match(variables: Iterable[Variable], arrays: Mapping[str, Array], source: str, group: str = "",
          skip_mismatch: bool = False) -> list[tuple[Variable, Array]]:  # fmt: skip
    """Return pairs of variables and arrays, in the variable's dtype. The arrays are those of a `group` of `pack`.

    A ValueError if their number or a shape differs; with `skip_mismatch` a warning, and only those that fit.
    """
    variables = list(variables)
    named = [(name, array) for name, array in arrays.items() if name.startswith(group)]
    pairs = [(v, name, array) for v, (name, array) in zip(variables, named, strict=False)]
    wrong = [f"weight '{v.path}' has shape {v.shape} and dtype {v.dtype}, the array '{name}' {array.shape} and "
             f"{array.dtype.name}" for v, name, array in pairs if not fits(v, array)]  # fmt: skip
    if len(variables) != len(named):
        extra = [v.path for v in variables[len(named) :]] + [name for name, _ in named[len(variables) :]]
        wrong.insert(0, f"there are {len(variables)} weights and {len(named)} arrays (unmatched: {', '.join(extra)})")
    if wrong and not skip_mismatch:
        raise ValueError(f"The weights do not fit: {'; '.join(wrong)}. No weight was set.")
    if wrong:
        warn_user(f"Not all weights in {source!r} fit: {'; '.join(wrong)}. These are left as they were.")
    return [(v, as_array(array, v.dtype)) for v, _, array in pairs if fits(v, array)]


def fits(variable: Variable, stored: Any) -> bool:
    """Return whether a stored array has the shape of a variable, and numbers that become its own by a conversion."""
    kinds = {"b": "b", "c": "fiuc"}.get(variable.array.dtype.kind, "fiu")
    return variable.shape == stored.shape and stored.dtype.kind in kinds


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write arrays to a file, which appears only when it is complete."""
    with replacing(path) as file:
        NP.savez(file, **arrays)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Return the arrays of a file, in order; a FileError if it is damaged, or holds anything but arrays of numbers."""
    with open_source(path) as source:
        archive = Archive(source, r".+\.npy")
        return {name.removesuffix(".npy"): read_array(archive.open(name), name) for name in archive.members}


def read_array(source: Source, place: str) -> Array:
    """Return the array of an .npy file; a FileError for this place if it is damaged, or no array of numbers.

    The header is a Python literal. It is matched with the only form that NumPy writes, and not evaluated.
    """
    start = source.read(0, min(source.size, 12))
    data = 10 if start[6:7] == b"\1" else 12
    length = int.from_bytes(start[8:data], "little")
    if start[:6] != b"\x93NUMPY" or start[6:7] not in (b"\1", b"\2", b"\3") or not 0 < length <= MAX_HEADER:
        raise source.error(place, "this is no array in NumPy's format")
    header = HEADER.fullmatch(source.read(data, length))
    if header is None:
        raise source.error(place, "this is no array of numbers; arrays of objects are not read")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in header[3].split(b",") if size.strip())
    size = math.prod(shape) * dtype.itemsize
    if size != source.size - data - length or len(shape) > 64 or max(shape, default=0) >> 59:
        raise source.error(place, f"an array of shape {shape} and dtype {dtype} does not fit the stored bytes")
    out = np.empty(shape[::-1] if header[2] == b"True" else shape, dtype)
    source.fill(data + length, out)
    if dtype == np.bool_ and (out.view(np.uint8) > 1).any():
        raise source.error(place, "a truth value is neither 0 nor 1")
    return out.T if header[2] == b"True" else out
