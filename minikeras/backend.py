"""Settings and checks under their older address: `keras.backend`."""

from ._state import clear_session as clear_session
from ._state import epsilon as epsilon
from ._state import floatx as floatx
from ._state import get_uid as get_uid
from ._state import image_data_format as image_data_format
from ._state import set_epsilon as set_epsilon
from ._state import set_floatx as set_floatx
from ._state import set_image_data_format as set_image_data_format
from ._state import standardize_dtype as standardize_dtype
from ._typing import DTypeLike
from .config import backend as backend
from .symbolic import is_keras_tensor as is_keras_tensor


def is_float_dtype(dtype: DTypeLike) -> bool:
    """Tell whether a dtype is floating.

    Example:
        >>> is_float_dtype("float32"), is_float_dtype("int32")
        (True, False)
    """
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: DTypeLike) -> bool:
    """Tell whether a dtype is an integer, signed or not.

    Example:
        >>> is_int_dtype("uint8"), is_int_dtype("float32")
        (True, False)
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))


__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
