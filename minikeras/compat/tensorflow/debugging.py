"""`tf.debugging`: assertions, and switches."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import config as _config
from ..._core.tensor import Tensor, as_array
from .errors import InvalidArgumentError
from .missing import missing, nothing
from .tensors import array_of, convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)


def _compares(name: str, sign: str) -> Callable[..., None]:
    holds = getattr(np, name.replace("none", "not"))

    def check(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> None:
        a, b = array_of(x), array_of(y)
        if not np.all(holds(a, b)):
            raise InvalidArgumentError(f"{message + ' ' if message else ''}\nCondition x {sign} y did not hold.\nx: "
                                       f"{a}\ny: {b}")  # fmt: skip

    return check


_SIGNS = {"equal": "==", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "none_equal": "!="}
globals().update({f"assert_{name}": _compares(name, sign) for name, sign in _SIGNS.items()})


def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None, *_: Any,
                **__: Any) -> None:  # fmt: skip
    """Raise an InvalidArgumentError unless x and y are nearly equal: |x - y| <= atol + rtol |y|."""
    a = array_of(x)
    b = as_array(convert_to_tensor(y, a.dtype))
    least = 10 * (np.finfo(a.dtype).eps if a.dtype.kind == "f" else 1e-6)
    near = np.abs(a - b) <= (least if atol is None else atol) + (least if rtol is None else rtol) * np.abs(b)
    if not near.all():
        raise InvalidArgumentError(f"{message or ''}\nx and y not equal to tolerance.\nx: {a}\ny: {b}")


def Assert(condition: Any, data: Any, summarize: Any = None, name: str | None = None) -> None:
    """Raise an InvalidArgumentError with the data unless the condition holds."""
    if not np.all(as_array(condition)):
        raise InvalidArgumentError(f"Expected 'tf.Tensor(False, shape=(), dtype=bool)' to be true. "
                                   f"Summarized data: {data}")  # fmt: skip


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise a ValueError unless x has `rank` axes."""
    axes = len(convert_to_tensor(x).shape)
    if axes != int(rank):
        raise ValueError(f"{message or ''}. Tensor must have rank {int(rank)}.  Received rank {axes}")


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """Return a tensor, or raise an InvalidArgumentError if it has an infinite element or a NaN."""
    x = convert_to_tensor(tensor)
    kinds = [kind for kind, test in (("Inf", np.isinf), ("NaN", np.isnan)) if test(as_array(x)).any()]
    if kinds:
        raise InvalidArgumentError(f"{message} : Tensor had {' and '.join(kinds)} values")
    return x


_SWITCHES = ("set_log_device_placement", "enable_check_numerics", "disable_check_numerics")
globals().update(dict.fromkeys(_SWITCHES, nothing))
_OF_CONFIG = "disable_traceback_filtering enable_traceback_filtering is_traceback_filtering_enabled"
globals().update({name: vars(_config)[name] for name in _OF_CONFIG.split()})
