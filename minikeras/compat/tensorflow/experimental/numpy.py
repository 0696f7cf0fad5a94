"""`tf.experimental.numpy`: NumPy's functions on tensors, with NumPy's dtypes.

Ops of the core compute what is differentiated, traced or symbolic; NumPy itself computes everything else.
"""

from collections.abc import Callable
from functools import cache, wraps
from types import SimpleNamespace
from typing import Any

import numpy as np

from .... import ops
from ...._base.typing import DTypeLike
from ...._core.tensor import Tensor, TensorOps, any_symbolic, as_array, has_tensor, recorders
from ....ops.numpy_functions import COUNTERPARTS
from .. import random as _random
from ..dtypes import DType, TensorShape, as_dtype
from ..functions import map_structure
from ..missing import missing
from ..tensors import Promotion

ndarray = Tensor
newaxis = None
_OTHERS = "array_equal diag_indices divmod float_power positive remainder result_type"
"""Functions for which the core has neither an op nor a rule."""
_CONSTANTS = ("bool_ complex128 complex64 e finfo float16 float32 float64 iinfo inf int16 int32 int64 int8 pi uint16 "
              "uint8")  # fmt: skip


def array(val: Any, dtype: DTypeLike | None = None, copy: bool = True, ndmin: int = 0) -> Tensor:
    """Return values as a tensor of NumPy's dtype: Python floats are float64, unless `prefer_float32` was set.

    Example:
        >>> array([1.0, 2.0])
        <tf.Tensor: shape=(2,), dtype=float64, numpy=array([1., 2.])>
    """
    plain = not isinstance(val, TensorOps | np.ndarray | np.generic)
    values = np.array(map_structure(lambda x: as_array(x) if isinstance(x, TensorOps) else x, val), ndmin=ndmin)
    if dtype is None and plain and Promotion.float32 and values.dtype == "float64":
        dtype = "float32"
    return Tensor(values if dtype is None else values.astype(as_dtype(dtype).name))


def shape(a: Any) -> TensorShape:
    """Return the sizes of the axes."""
    return TensorShape(np.shape(as_array(a)))


def experimental_enable_numpy_behavior(prefer_float32: bool = False, dtype_conversion_mode: Any = None) -> None:
    """Have operators convert the dtypes of tensors as NumPy does."""
    Promotion.numpy, Promotion.float32 = True, prefer_float32


def _result(value: Any) -> Any:
    return Tensor(np.asarray(value)) if isinstance(value, np.ndarray | np.generic | bool) else value


def _of_numpy(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        keeps_tensors = any_symbolic([args, kwargs]) or (has_tensor([args, kwargs]) and bool(recorders.open))

        def argument(x: Any) -> Any:
            if isinstance(x, DType):
                return np.dtype(x.name)
            if isinstance(x, float) and Promotion.float32:
                return np.float32(x)
            return as_array(x) if isinstance(x, TensorOps) and not keeps_tensors else x

        result = function(*map_structure(argument, args), **map_structure(argument, kwargs))
        if name == "result_type":
            return as_dtype(result)
        return result if name in ("ndim", "size") else map_structure(_result, result)

    return call


def _find(name: str) -> Any:
    if name in _CONSTANTS.split():
        return getattr(np, name)
    if isinstance(vars(np)[name], type) or name not in {*COUNTERPARTS, *ops.__all__, *_OTHERS.split()}:
        raise KeyError(name)
    return _of_numpy(name)


asarray: Callable[..., Tensor] = array
__getattr__: Callable[[str], Any] = cache(missing(__name__, _find))
random: SimpleNamespace = SimpleNamespace(
    rand=lambda *size: _random.uniform(size, dtype="float64"),
    randn=lambda *size: _random.normal(size, dtype="float64"),
    uniform=lambda low=0.0, high=1.0, size=(): _random.uniform(np.atleast_1d(size), low, high, "float64"),
    randint=lambda low, high=None, size=(), dtype="int64": _random.uniform(
        np.atleast_1d(size), 0 if high is None else low, low if high is None else high, dtype),
    seed=_random.set_seed)  # fmt: skip
