"""Settings: `keras.config`."""

from ._state import disable_interactive_logging as disable_interactive_logging
from ._state import enable_interactive_logging as enable_interactive_logging
from ._state import epsilon as epsilon
from ._state import floatx as floatx
from ._state import image_data_format as image_data_format
from ._state import is_interactive_logging_enabled as is_interactive_logging_enabled
from ._state import set_epsilon as set_epsilon
from ._state import set_floatx as set_floatx
from ._state import set_image_data_format as set_image_data_format
from .dtype_policies import dtype_policy as dtype_policy
from .dtype_policies import set_dtype_policy as set_dtype_policy


def backend() -> str:
    """Return the name of what computes.

    Example:
        >>> backend()
        'numpy'
    """
    return "numpy"


__all__ = [
    "backend",
    "disable_interactive_logging",
    "dtype_policy",
    "enable_interactive_logging",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]
