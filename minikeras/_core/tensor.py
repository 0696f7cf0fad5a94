"""The Tensor class, which ops and layers return: operators, NumPy's protocols, conversion of other values."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeGuard, TypeVar, cast, final

import numpy as np

from .._base.context import context
from .._base.nested import first_leaf, leaves
from .._base.settings import settings, standardize_dtype
from .._base.typing import Array, DTypeLike, Shape, TensorLike
from .._display.notebook import displays, of_tensor
from .ownership import EXPOSED, Changes

if TYPE_CHECKING:
    from .op import Entry, Op

R = TypeVar("R", covariant=True)


class Recorder:
    """Is told of every operation while it is open, that is, inside its `with` block."""

    def __enter__(self) -> Self:
        self._has_recorded = True
        recorders.open = [*recorders.open, self]
        return self

    def __exit__(self, *exc: object) -> None:
        recorders.open = [r for r in recorders.open if r is not self]

    def run(self, op: "Op", inputs: Sequence[Any], values: Sequence[Any], rest: tuple[Any, ...],
            kwargs: dict[str, Any]) -> "Entry | None":  # fmt: skip
        """Run an operation in the recorder's own way and return its entry; return None to have it run as usual."""
        return None

    def record(self, entry: "Entry") -> None:
        """Take note of one operation."""

    def read(self, tensor: "TensorOps") -> None:
        """Take note that Python looked at the value of a tensor or a variable."""

    def convert(self, tensor: "TensorOps") -> None:
        """Take note that NumPy made an array of a tensor or a variable."""

    def follows(self, tensor: "TensorOps") -> bool:
        """Return whether a value depends on what is recorded: it has a gradient, or changes in a replay."""
        return False


class _Recorders(threading.local):
    def __init__(self) -> None:
        self.open: list[Recorder] = []


recorders: _Recorders = _Recorders()
NUMPY_OPS: dict[str, Callable[..., Any]] = {}
"""The ops by NumPy name, which operators and NumPy functions run on tensors."""
_ALIKE = {"broadcast_to": 2, "dot": 2, "expand_dims": 2, "ndim": 1, "reshape": 2, "shape": 1, "size": 1, "squeeze": 2,
          "sum": 2, "transpose": 2}  # fmt: skip
"""NumPy functions that gradient rules call -> how many positional arguments mean the same in the op. These run the op
without loading the table of all NumPy functions."""


class NoValue(Exception):
    """A primitive met a tensor without a value."""


class HasTensor(Exception):
    """A primitive met a list with a tensor in it, which must become one tensor first."""


def coerce(value: Any) -> Any:
    """Return what a primitive computes with: an array, or a Python number, which takes on the dtype of arrays."""
    if isinstance(value, TensorOps):
        array = value.array
        if array is None:
            raise NoValue
        if type(value) is not Tensor:  # a variable
            variable = cast(Any, value)
            if context.autocast is not None and variable.dtype != dtype_name(array.dtype):
                return array.astype(variable.dtype)  # a weight read by a layer of mixed precision
            if variable.exposed is not EXPOSED:
                if not variable.exposed:
                    Changes.exposures += 1
                variable.exposed = EXPOSED
        return array
    if isinstance(value, float):
        return float(value)  # np.float64 is a subclass of float, but would make arrays beside it float64
    if value is None or isinstance(value, _NUMBERS):
        return value
    if has_tensor(value):
        raise HasTensor
    return as_array(value)


def has_tensor(x: Any) -> TypeGuard[Sequence[Any]]:
    """Return whether a list, or a list in it, has a tensor."""
    return isinstance(x, _LISTS) and any(isinstance(item, TensorOps) or has_tensor(item) for item in x)


def apart(y: Array, inputs: Iterable[Any], arrays: Iterable[Any]) -> Array:
    """Return an array, or a copy if it shares memory with the array of an input that the caller may change."""
    for x, a in zip(inputs, arrays, strict=True):
        if not isinstance(x, TensorOps) and type(a) is np.ndarray and np.may_share_memory(y, a):
            return y.copy()
    return y


def narrow(inputs: tuple[Any, ...], arrays: list[Any]) -> tuple[tuple[Any, ...], list[Any]]:
    """Return inputs and their arrays, with float64 arrays that are no tensors as float32, as in Keras.

    NumPy makes float64 unasked. It stays where floatx is float64, or where an input is a tensor of float64.
    """
    pairs = list(zip(inputs, arrays, strict=True))
    if settings.floatx == "float64" or any(isinstance(x, TensorOps) and a.dtype == "float64" for x, a in pairs):
        return inputs, arrays
    arrays = [a.astype("float32") if isinstance(a, np.ndarray) and a.dtype == "float64" else a for a in arrays]
    return tuple(x if isinstance(x, TensorOps) else a for x, a in zip(inputs, arrays, strict=True)), arrays


def as_values(value: TensorLike) -> Array:
    """Return the array for a value in the dtype of a tensor made from it, for a function that is no primitive."""
    array = as_array(value)
    return array if isinstance(value, TensorOps) else narrow((value,), [array])[1][0]


def as_array(value: TensorLike | object, dtype: DTypeLike | None = None) -> Array:
    """Return an array, copied only where needed. Python numbers, in object arrays too, get Keras's dtypes.

    Raises a ValueError for a value that is ragged or not numeric, a TypeError for times, records and other objects.
    """
    if isinstance(value, TensorOps):
        value = value.numpy_view()
    first = first_leaf(value)
    if (type(value) is not np.ndarray and isinstance(first, np.ndarray)
            and any(hasattr(x, "filled") and np.ma.is_masked(x) for x in leaves(value))):  # fmt: skip
        raise ValueError(f"A masked array hides values, a tensor cannot: pass its filled(). Received: {value!r:.80}.")
    has_dtype = isinstance(first, np.ndarray | np.generic | TensorOps) or hasattr(value, "__array__")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"Cannot make a tensor of {type(value).__name__}: its rows have different lengths. "
                         "Every row must have the same shape: see keras.utils.pad_sequences.") from None  # fmt: skip
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype == "O" and array.size and all(isinstance(x, int | float | np.number | np.bool) for x in array.flat):
        array, has_dtype = np.array(array.tolist()), False
    if dtype is None and not has_dtype:
        if array.dtype.kind == "O":
            raise ValueError(f"Cannot make a tensor of {value!r:.80} (of type {type(value).__name__}).")
        if array.dtype.kind == "f" or not array.size:
            dtype = settings.floatx
        elif array.dtype == np.int64 and (array == array.astype("int32")).all():
            dtype = "int32"
    if dtype is None:
        strange = array.dtype.kind in "mM" or issubclass(array.dtype.type, np.void)
        if strange or (array.dtype == "O" and array.size and not any(isinstance(x, str | bytes) for x in array.flat)):
            raise TypeError(f"An array of dtype {array.dtype} is no array of numbers. Convert it; np.stack joins rows.")
        return array
    name = standardize_dtype(dtype)
    if array.dtype.kind in "OUS" and name != "string":
        raise ValueError(f"Cannot convert values of dtype {array.dtype} to {name}. Expected numbers or booleans. "
                         f"Received: {value!r:.80}.{' Is a `return` missing?' if value is None else ''}")  # fmt: skip
    return in_dtype(array, name, copy=False)


def in_dtype(array: Array, name: str, copy: bool) -> Array:
    """Return an array in a dtype, given by name. As "string", numbers become text and text stays as it is."""
    is_text = name == "string" and array.dtype.kind in "OUS"
    return array.astype(array.dtype if is_text else str if name == "string" else name, copy=copy)


def row_of(number: Any, shape: Sequence[int]) -> Array:
    """Return an array of one number that broadcasts to a shape with long rows.

    NumPy's `maximum` and `minimum` of two arrays take a third of the time that they need for an array and a number.
    """
    axes, size = len(shape), 1
    while axes and size < 256:
        axes -= 1
        size *= shape[axes]
    return np.full(shape[axes:], number)


_PLAIN = frozenset({np.ndarray, int, float, bool, str})
_LISTS = (list, tuple)
_NUMBERS = (bool, int, complex)


def any_symbolic(values: Iterable[Any]) -> bool:
    """Return whether any value, or an item of a list or dict, is a symbolic tensor."""
    for value in values:
        if value is None or type(value) in _PLAIN:
            continue
        if isinstance(value, TensorOps):
            if value.array is None:
                return True
        elif isinstance(value, _LISTS):
            if any_symbolic(value):
                return True
        elif isinstance(value, dict) and any_symbolic(value.values()):
            return True
    return False


def numpy_functions() -> Any:
    """Return the module that runs NumPy functions on tensors. `ops` puts the real function here."""
    raise NotImplementedError


def is_followed(x: Any) -> bool:
    """Return whether x is a tensor of floats that an open tape or trace records."""
    if not isinstance(x, TensorOps) or x.array is None or x.array.dtype.kind not in "fc":
        return False
    return any(recorder.follows(x) for recorder in recorders.open)


dtype_name: Callable[["np.dtype[Any]"], str] = cache(lambda dtype: "string" if dtype.kind in "OSU" else dtype.name)
"""The name of a dtype, cached: NumPy takes over a microsecond to make it."""


def _unary(name: str) -> Callable[["TensorOps"], "Tensor"]:
    return lambda self: NUMPY_OPS[name](self)


def _binary(name: str) -> tuple[Callable[["TensorOps", Any], "Tensor"], ...]:
    """Return the operator that runs an op on a tensor and another value, and the one with the two swapped."""
    return lambda self, other: NUMPY_OPS[name](self, other), lambda self, other: NUMPY_OPS[name](other, self)


def _logical(name: str) -> Callable[["TensorOps", Any], "Tensor"]:
    return lambda self, other: NUMPY_OPS[f"{self.bits}_{name}"](self, other)


class Indexed(Protocol[R]):
    """A tensor, typed by what its index gives, because operators give the same type."""

    def __getitem__(self, key: Any) -> R: ...


class TensorOps:
    """Operators and NumPy protocols, shared by tensors and variables; each runs the op of its name."""

    __slots__ = ()
    __array_priority__: float = 100.0
    bits: str = "bitwise"
    """The kind of logic of `&`, `|` and `^`; on variables and symbolic tensors it is "logical", as in Keras."""

    array: Array | None

    @property
    def shape(self) -> Shape:
        """Sizes of the axes."""
        return cast(Array, self.array).shape

    @property
    def dtype(self) -> str:
        """Name of the dtype, as in Keras a string."""
        return dtype_name(cast(Array, self.array).dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return cast(Array, self.array).size

    def numpy_view(self) -> Array:
        """Return the array itself, after telling open recorders that Python reads it."""
        for recorder in recorders.open:
            recorder.read(self)
        array = self.array
        if array is None:
            raise ValueError(f"A symbolic tensor has no value, and a number was needed. Received: {self!r}. Build the "
                             "model and call it on an array, or use minikeras.ops in place of NumPy.")  # fmt: skip
        return array

    def numpy(self) -> Array:
        """Return the values as a new array."""
        return self.numpy_view().copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        for recorder in recorders.open:
            recorder.convert(self)
        return np.array(self.numpy_view(), dtype)

    def __dlpack__(self, **options: Any) -> Any:
        """Share the values without a copy, read-only if the other library knows such arrays."""
        TensorOps.numpy_view(self)
        lent = coerce(self).view()
        lent.flags.writeable = (options.get("max_version") or (0,))[0] < 1
        return lent.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the CPU

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        op = NUMPY_OPS.get(ufunc.__name__)
        if op is not None and method == "__call__" and not kwargs:
            return op(*inputs)
        return numpy_functions().call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name, most = function.__name__, _ALIKE.get(function.__name__, 0)
        plain = not kwargs or (name == "sum" and kwargs.keys() <= {"axis", "keepdims"})
        if plain and len(args) <= most and function.__module__ == "numpy":
            return NUMPY_OPS[name](*args, **kwargs)
        return numpy_functions().call_function(function, args, kwargs)

    def __bool__(self) -> bool:
        return bool(self.numpy_view())

    def __float__(self) -> float:
        return float(self.numpy_view().item())

    def __int__(self) -> int:
        return int(self.numpy_view().item())

    def __index__(self) -> int:
        return self.numpy_view().__index__()

    def __complex__(self) -> complex:
        return complex(self.numpy_view().item())

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise TypeError("len() of a tensor without axes")
        return int(shape[0])

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    __hash__: Callable[..., int] = object.__hash__

    def __format__(self, spec: str) -> str:
        return format(self.numpy_view().item(), spec) if spec and self.size == 1 else format(str(self), spec)

    def __getitem__(self, key: Any) -> "Tensor":
        return _run("get_item", self, key)

    def __round__(self, ndigits: int | None = None) -> "Tensor":
        return _run("round", self, ndigits or 0)

    if TYPE_CHECKING:

        def __neg__(self: Indexed[R]) -> R: ...
        def __pos__(self: Indexed[R]) -> R: ...
        def __abs__(self: Indexed[R]) -> R: ...
        def __invert__(self: Indexed[R]) -> R: ...
        def __add__(self: Indexed[R], other: TensorLike) -> R: ...
        def __radd__(self: Indexed[R], other: TensorLike) -> R: ...
        def __sub__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rsub__(self: Indexed[R], other: TensorLike) -> R: ...
        def __mul__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rmul__(self: Indexed[R], other: TensorLike) -> R: ...
        def __truediv__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rtruediv__(self: Indexed[R], other: TensorLike) -> R: ...
        def __floordiv__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rfloordiv__(self: Indexed[R], other: TensorLike) -> R: ...
        def __mod__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rmod__(self: Indexed[R], other: TensorLike) -> R: ...
        def __pow__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rpow__(self: Indexed[R], other: TensorLike) -> R: ...
        def __matmul__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rmatmul__(self: Indexed[R], other: TensorLike) -> R: ...
        def __and__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rand__(self: Indexed[R], other: TensorLike) -> R: ...
        def __or__(self: Indexed[R], other: TensorLike) -> R: ...
        def __ror__(self: Indexed[R], other: TensorLike) -> R: ...
        def __xor__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rxor__(self: Indexed[R], other: TensorLike) -> R: ...
        def __lshift__(self: Indexed[R], other: TensorLike) -> R: ...
        def __rshift__(self: Indexed[R], other: TensorLike) -> R: ...
        def __lt__(self: Indexed[R], other: TensorLike) -> R: ...
        def __le__(self: Indexed[R], other: TensorLike) -> R: ...
        def __gt__(self: Indexed[R], other: TensorLike) -> R: ...
        def __ge__(self: Indexed[R], other: TensorLike) -> R: ...
        # Comparisons give a tensor of bools, which object's declaration (-> bool) does not foresee.
        def __eq__(self, other: object) -> "Tensor": ...  # type: ignore[override]
        def __ne__(self, other: object) -> "Tensor": ...  # type: ignore[override]

    else:
        __neg__, __pos__, __abs__, __invert__ = map(_unary, ("negative", "positive", "absolute", "invert"))
        __add__, __radd__ = _binary("add")
        __sub__, __rsub__ = _binary("subtract")
        __mul__, __rmul__ = _binary("multiply")
        __truediv__, __rtruediv__ = _binary("divide")
        __floordiv__, __rfloordiv__ = _binary("floor_divide")
        __mod__, __rmod__ = _binary("remainder")
        __pow__, __rpow__ = _binary("power")
        __matmul__, __rmatmul__ = _binary("matmul")
        __lshift__, __rshift__ = _binary("left_shift")[0], _binary("right_shift")[0]
        __and__ = __rand__ = _logical("and")
        __or__ = __ror__ = _logical("or")
        __xor__ = __rxor__ = _logical("xor")
        __eq__, __ne__, __lt__, __le__, __gt__, __ge__ = (
            _binary(name)[0] for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
        )


def _run(name: str, *args: Any) -> "Tensor":
    return cast("Tensor", NUMPY_OPS[name](*args))


class Tensor(TensorOps):
    """An immutable array: what an op or a layer gives.

    It has operators, indexing, `float()`, `len()` and iteration. NumPy functions take it: they return a Tensor and are
    differentiated, or they return counts, indices or truth values. One without a gradient rule works on the values, and
    raises a TypeError while a tape or `fit` records the tensor.

    Args:
        array: The values; they are not copied.

    Example:
        >>> t = Tensor(np.ones((1, 2), "float32"))
        >>> print(t * 2)
        Tensor([[2. 2.]], shape=(1, 2), dtype=float32)
        >>> (t + 1).numpy()
        array([[2., 2.]], dtype=float32)
    """

    __slots__ = ("__weakref__", "array", "keras_mask", "logits", "rows")

    keras_mask: Any
    """The mask, which says what elements count. Unset if no layer has set one."""
    logits: Any
    """What a sigmoid or softmax made the tensor of. Set in TensorFlow's flavour alone."""
    rows: list[tuple["Tensor", "Tensor"]]
    """The rows that a gradient is a sum of, and their indices. Set in TensorFlow's flavour alone."""
    _keras_mask: Any
    """The same under the name that Keras's guides print."""
    _repr_html_, _repr_mimebundle_ = displays(of_tensor)

    def __init__(self, array: Array) -> None:
        if type(array) is not np.ndarray:  # NumPy would cut bytes at zeros
            array = np.asarray(array, object if type(cast(Any, array)) is bytes else None)
        self.array: Array | None = array

    @property
    def T(self) -> "Tensor":
        """The tensor with its axes reversed."""
        return _run("transpose", self)

    def item(self) -> Any:
        """Return the only element as a Python number."""
        return self.numpy_view().item()

    def tolist(self) -> Any:
        """Return the values as nested lists of Python numbers."""
        return self.numpy_view().tolist()

    def astype(self, dtype: DTypeLike) -> "Tensor":
        """Return the values as another dtype."""
        return _run("cast", self, dtype)

    def reshape(self, *shape: Any) -> "Tensor":
        """Return the values in another shape."""
        return _run("reshape", self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> "Tensor":
        """Return the values with their axes in another order, reversed by default."""
        return _run("transpose", self, axes[0] if len(axes) == 1 else axes or None)

    if TYPE_CHECKING:  # `_METHODS` makes them

        def all(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def any(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def max(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def mean(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def min(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def prod(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def std(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def sum(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def var(self, axis: Any = None, keepdims: bool = False) -> "Tensor": ...
        def argmax(self, axis: int | None = None) -> "Tensor": ...
        def argmin(self, axis: int | None = None) -> "Tensor": ...
        def argsort(self, axis: int = -1) -> "Tensor": ...
        def clip(self, min: Any = None, max: Any = None) -> "Tensor": ...
        def conj(self) -> "Tensor": ...
        def copy(self) -> "Tensor": ...
        def cumprod(self, axis: int | None = None) -> "Tensor": ...
        def cumsum(self, axis: int | None = None) -> "Tensor": ...
        def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> "Tensor": ...
        def dot(self, other: TensorLike) -> "Tensor": ...
        def flatten(self) -> "Tensor": ...
        def ravel(self) -> "Tensor": ...
        def repeat(self, repeats: Any, axis: int | None = None) -> "Tensor": ...
        def round(self, decimals: int = 0) -> "Tensor": ...
        def sort(self, axis: int = -1) -> "Tensor": ...
        def squeeze(self, axis: Any = None) -> "Tensor": ...
        def swapaxes(self, axis1: int, axis2: int) -> "Tensor": ...
        def take(self, indices: Any, axis: int | None = None) -> "Tensor": ...
        def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> "Tensor": ...

    def __copy__(self) -> "Tensor":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Tensor":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Tensor, (self.numpy_view(),))

    def __format__(self, spec: str) -> str:
        values = self.numpy_view()
        return format(values.item() if spec and values.size == 1 else values[()], spec)  # as in all of Keras's backends

    def __str__(self) -> str:
        text = str(self.numpy_view())
        start = "\n" if "\n" in text else ""
        return f"Tensor({start}{text}, shape={self.shape}, dtype={self.dtype})"

    def __repr__(self) -> str:
        values = np.array2string(self.numpy_view(), separator=", ")
        start = "\n" if "\n" in values else ""
        return f"<Tensor: shape={self.shape}, dtype={self.dtype}, numpy={start}{values}>"


Tensor._keras_mask = vars(Tensor)["keras_mask"]
_SHARED = """
    all any argmax argmin argsort clip copy cumprod cumsum diagonal dot max mean min prod ravel repeat round sort
    squeeze std sum swapaxes take trace var"""
_METHODS = {**{name: name for name in _SHARED.split()}, "conj": "conjugate", "flatten": "ravel"}
"""The methods that tensors share with arrays -> the op that each runs."""


def _method(name: str, op: str) -> Any:
    method: Any = lambda self, *args, **kwargs: NUMPY_OPS[op](self, *args, **kwargs)  # noqa: E731
    method.__name__, method.__doc__ = name, f"Return `ops.{op}` of the tensor."
    return method


for _name, _op in _METHODS.items():
    setattr(Tensor, _name, _method(_name, _op))


@final
class stop_recording:
    """Inside this `with` block nothing is recorded, except by the given recorders."""

    def __init__(self, *but: Recorder) -> None:
        self._but = [*but]

    def __enter__(self) -> None:
        self.saved: list[Recorder] = recorders.open
        recorders.open = self._but

    def __exit__(self, *exc: object) -> None:
        recorders.open = self.saved
