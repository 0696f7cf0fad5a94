"""Settings and checks under their older address: `keras.backend`."""

# ruff: noqa: I001  # many names a line
# fmt: off

from typing import Any

import numpy as np

from ._base.naming import clear_session, get_uid
from ._base.settings import (
    epsilon, floatx, image_data_format, set_epsilon, set_floatx, set_image_data_format, standardize_dtype)
from ._base.typing import AnyCallable, DTypeLike
from .config import backend
from .ops.arrays import common_dtype
from ._core.keras_tensor import is_keras_tensor
# fmt: on


def is_float_dtype(dtype: DTypeLike) -> bool:
    """Return whether a dtype is floating.

    Example:
        >>> is_float_dtype("float32"), is_float_dtype("int32")
        (True, False)
    """
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: DTypeLike) -> bool:
    """Return whether a dtype is an integer, signed or not.

    Example:
        >>> is_int_dtype("uint8"), is_int_dtype("float32")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: DTypeLike | None) -> str:
    """Return the dtype of a result of these dtypes, of at most 32 bits; Python's `int` and `float` are weak.

    Example:
        >>> result_type("int32", "float16"), result_type("int8", int), result_type(int, float)
        ('float16', 'int8', 'float32')
    """
    weak: Any = {int: 0, float: 0.0}
    values = [weak[d] if d is int or d is float else np.zeros((), standardize_dtype(d)) for d in dtypes]
    name = common_dtype(*(values or [0.0])).name
    return {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}.get(name, name)


__all__ = ["backend", "clear_session", "epsilon", "floatx", "get_uid", "image_data_format", "is_float_dtype",
           "is_int_dtype", "is_keras_tensor", "result_type", "set_epsilon", "set_floatx", "set_image_data_format",
           "standardize_dtype"]  # fmt: skip
__dir__: AnyCallable = __all__.copy
