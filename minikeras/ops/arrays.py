"""Helpers on plain arrays that several primitives share."""

import numpy as np

from .. import _state
from .._typing import Array, TensorLike


def as_float(x: TensorLike) -> Array:
    """Return x as an array of floats: what is not floating or complex becomes the default float type."""
    array = np.asarray(x)
    if array.dtype.kind in "fc" and isinstance(x, np.ndarray):
        return array
    return array.astype(_state.settings.floatx)


def buffer(x: TensorLike, out: Array | None) -> Array:
    """Return `out`, or a new array of x's shape and dtype to write to."""
    return np.empty_like(x) if out is None else out
