"""Methods that arrays have and tensors too: each runs the op of its name."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._base.typing import TensorLike
from .._display.notebook import displays, of_tensor

if TYPE_CHECKING:
    from .tensor import Tensor

REDUCTIONS = ("all", "any", "max", "mean", "min", "prod", "std", "sum", "var")
OTHERS = ("argmax", "argmin", "argsort", "clip", "copy", "cumprod", "cumsum", "diagonal", "dot", "ravel", "repeat",
          "round", "sort", "squeeze", "swapaxes", "take", "trace")  # fmt: skip
RENAMED = {"conj": "conjugate", "flatten": "ravel"}


class ArrayMethods:
    """The declarations of the methods; `add_methods` makes them."""

    __slots__ = ()
    _repr_html_, _repr_mimebundle_ = displays(of_tensor)

    if TYPE_CHECKING:

        def all(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def argmax(self, axis: int | None = None) -> "Tensor": ...
        def sort(self, axis: int = -1) -> "Tensor": ...
        def clip(self, min: Any = None, max: Any = None) -> "Tensor": ...
        def copy(self) -> "Tensor": ...
        def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> "Tensor": ...
        def dot(self, other: TensorLike) -> "Tensor": ...
        def repeat(self, repeats: Any, axis: int | None = None) -> "Tensor": ...
        def round(self, decimals: int = 0) -> "Tensor": ...
        def squeeze(self, axis: Any = None) -> "Tensor": ...
        def swapaxes(self, axis1: int, axis2: int) -> "Tensor": ...
        def take(self, indices: Any, axis: int | None = None) -> "Tensor": ...

        any = max = mean = min = prod = std = sum = var = all
        argmin = cumprod = cumsum = argmax
        argsort, trace = sort, diagonal
        conj = flatten = ravel = copy


def add_methods(cls: type[ArrayMethods], ops: Mapping[str, Callable[..., Any]]) -> None:
    """Add the methods to a class."""
    for name in (*REDUCTIONS, *OTHERS, *RENAMED):
        method = (_reduction if name in REDUCTIONS else _method)(RENAMED.get(name, name), ops)
        method.__name__, method.__doc__ = name, f"Return `ops.{RENAMED.get(name, name)}` of the tensor."
        setattr(cls, name, method)


def _reduction(name: str, ops: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    return lambda self, axis=None, keepdims=False: ops[name](self, axis, keepdims)


def _method(name: str, ops: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    return lambda self, *args, **kwargs: ops[name](self, *args, **kwargs)
