"""Tensors as TensorFlow scripts expect them: dtype rules, operators, attributes and printed text.

There is one class of tensors. `flavour(True)` patches it with TensorFlow's attributes while the stand-in is in use, and
`flavour(False)` takes them away.
"""

import functools
import operator
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any, cast

import numpy as np

from ... import ops, random
from ..._base.context import context
from ..._base.nested import make_room, map_structure
from ..._base.settings import settings
from ..._base.signature import parameters
from ..._base.typing import Array, DTypeLike, TensorLike
from ..._core.keras_tensor import KerasTensor
from ..._core.ownership import Changes
from ..._core.tape import GradientTape
from ..._core.tensor import Tensor, TensorOps, any_symbolic, as_array, dtype_name, has_tensor, recorders
from ..._core.variable import Variable as KerasVariable
from ..._jit.trace import Trace
from ...ops.activation import SELU_ALPHA, SELU_SCALE
from ...ops.arrays import bare
from ...ops.elementwise import _magnitude_rule
from ..past.patches import Patches
from . import crossentropies, slices, steps
from .draws import StatelessSource
from .dtypes import TensorShape, accessor, as_dtype, dtype_of
from .errors import InvalidArgumentError, OutsideError


def escape() -> None:
    """Mark the open traces as not to be replayed: the caller does something that a trace does not record."""
    for recorder in recorders.open:
        if isinstance(recorder, Trace):
            recorder.escaped = True


def _unsupported(value: Any) -> ValueError:
    return ValueError(f"Attempt to convert a value ({value!r}) with an unsupported type ({type(value)}) to a Tensor.")


def _array(value: Any, dtype: DTypeLike | None = None) -> Array:
    """Return a value as an array of the dtype that TensorFlow gives it; text becomes an array of bytes objects."""
    name = None if dtype is None else as_dtype(dtype).name
    try:
        array = np.asarray(value) if isinstance(value, str | bytes) else as_array(value)
    except ValueError:
        if value is None:
            raise _unsupported(value) from None
        raise ValueError("Can't convert non-rectangular Python sequence to Tensor.") from None
    typed = isinstance(value, np.ndarray | np.generic)
    if array.dtype.kind in "USO":
        flat = [item.encode() if isinstance(item, str) else item for item in np.asarray(value, "object").ravel()]
        if not all(isinstance(item, bytes) for item in flat):
            raise _unsupported(value)
        array = np.array(flat, "object").reshape(array.shape)
    if name is None or name == ("string" if array.dtype.kind == "O" else array.dtype.name):
        return array
    if array.dtype.kind == "O" or (array.dtype.kind == "f" and "int" in name and array.size and not typed):
        raise TypeError(f"Cannot convert {value!r} to EagerTensor of dtype {name}")
    if name == "string" and not array.size:
        return array.astype("object")
    return array.astype(name) if typed or array.dtype.kind == "i" else np.asarray(value, name)  # integers wrap around


def convert_to_tensor(value: Any, dtype: DTypeLike | None = None, dtype_hint: DTypeLike | None = None,
                      name: str | None = None) -> Tensor:  # fmt: skip
    """Return a tensor: Python floats are float32, integers int32, arrays keep their dtype.

    Example:
        >>> convert_to_tensor([1, 2])
        <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    """
    if isinstance(value, TensorOps):
        if dtype is not None and as_dtype(dtype) != value.dtype:
            raise ValueError(f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor with dtype "
                             f"{as_dtype(value.dtype).name}: {value!r}")  # fmt: skip
        return value if isinstance(value, Tensor | KerasTensor) else ops.copy(value)
    if has_tensor(value):
        return ops.stack([convert_to_tensor(item, dtype) for item in value])
    array = _array(value, dtype)
    if dtype is None and dtype_hint is not None:
        with suppress(TypeError):
            array = _array(value, dtype_hint)
    return Tensor(array.copy() if array is value or isinstance(value, np.ndarray) else array)


def array_of(value: Any) -> Array:
    """Return the array of a value converted to a tensor."""
    return as_array(convert_to_tensor(value))


def empty_of(dtype: np.dtype[Any]) -> Any:
    """Return the padding for a dtype: empty text or 0."""
    return b"" if dtype.kind == "O" else 0


def constant(value: Any, dtype: DTypeLike | None = None, shape: Any = None, name: str = "Const") -> Tensor:
    """Return a tensor of values; a single value is repeated to fill `shape`.

    Example:
        >>> print(constant(7, shape=(1, 2)))
        tf.Tensor([[7 7]], shape=(1, 2), dtype=int32)
    """
    tensors = isinstance(value, Tensor) or has_tensor(value)
    tensor = convert_to_tensor(value) if tensors else Tensor(_array(value, dtype).copy())
    if dtype is not None and as_dtype(dtype) != tensor.dtype:
        tensor = ops.cast(tensor, as_dtype(dtype).name)
    if shape is None:
        return tensor
    sizes = tuple(map(int, shape))
    if tensor.size not in (1, int(np.prod(sizes))):
        raise TypeError(f"tf.constant with unsupported shape {sizes}, not that of {tensor.size} elements: {value!r}")
    return ops.broadcast_to(tensor, sizes) if tensor.size == 1 else ops.reshape(tensor, sizes)


class Composite:
    """Base of objects that are made of several tensors: `tf.RaggedTensor` and `tf.SparseTensor`."""

    spec: Any


class Rows(Composite):
    """Base of `tf.RaggedTensor`, rows of different lengths. Elementwise operations work on its flat values."""

    ragged_rank: int
    with_flat_values: Callable[[Any], Any]
    fitted: Callable[[Any], Any]


def on_elements(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Apply an elementwise operation where an argument is ragged; the result has the rows of the most nested one."""
    rows = max((x for x in args if isinstance(x, Rows)), key=lambda x: x.ragged_rank)
    return rows.with_flat_values(op(*map(rows.fitted, args), **kwargs))


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let an elementwise function of one tensor, and of settings, take a ragged tensor too."""
    first = parameters(function).names[0]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        args = (kwargs.pop(first), *args) if first in kwargs else args
        run = functools.partial(on_elements, function) if args and isinstance(args[0], Rows) else function
        return run(*args, **kwargs)

    return call


NAMES = {"float32": "float", "float64": "double", "float16": "half"}
"""The names of dtypes in TensorFlow's error messages."""
NODE = "{{{{function_node __wrapped__{}_device_/job:localhost/replica:0/task:0/device:CPU:0}}}} "


def places(op: str, indices: Any, shape: Any) -> Array:
    """Return positions in a shape, each a row of indices; one outside, or no integer, is an InvalidArgumentError."""
    where, sizes = as_array(indices), np.array(shape, float)  # NaN for an open size
    outside = ((where < 0) | (where >= sizes[: where.shape[-1]])).any(-1) | (where.dtype.kind not in "iu")
    if outside.any():
        place = f"indices{np.argwhere(outside)[0].tolist()} = {where[outside][0].tolist()}"
        raise InvalidArgumentError(f"{NODE.format(op)}{place} does not index into shape {[*shape]} [Op:{op}]")
    return where.astype(int, copy=False)


class Promotion:
    """Whether operands are promoted to a common dtype, as in NumPy, and Python floats in `tnp` become float32."""

    numpy: bool = False
    float32: bool = False


def _promoted(*values: Any) -> tuple[Any, ...]:
    """Return the arguments of an operation in NumPy's dtype for its result."""
    tensors = [v if isinstance(v, TensorOps | int | float) else Tensor(as_array(v).copy()) for v in values]
    dtypes_or_numbers = [np.dtype(as_dtype(v.dtype).name) if isinstance(v, TensorOps) else v for v in tensors]
    name = np.result_type(*dtypes_or_numbers).name
    return tuple(ops.cast(v, name) if isinstance(v, TensorOps) else Tensor(np.asarray(v, name)) for v in tensors)


def alike(kernel: str, *values: Any) -> tuple[Any, ...]:
    """Return the arguments of an operation in the dtype of the first tensor among them.

    Raises:
        InvalidArgumentError: if tensors differ in dtype. TensorFlow never converts them.
        TypeError: if a Python float meets a tensor of integers.
    """
    if Promotion.numpy:
        return _promoted(*values)
    first = next((v for v in values if isinstance(v, TensorOps)), None)
    if first is None:
        values = (first := convert_to_tensor(values[0]), *values[1:])
    name = as_dtype(first.dtype).name
    tensors = []
    for i, value in enumerate(values):
        value, other = convert_to_tensor(value) if has_tensor(value) else value, name
        if isinstance(value, TensorOps):
            other = as_dtype(value.dtype).name
        elif not (type(value) is bool or (type(value) is float and "float" in name)
                  or (type(value) is int and ("int" not in name or 0 <= value < 128))):  # fmt: skip  # others may wrap
            value = convert_to_tensor(value, name)
        if name != other and "bool" not in (name, other) and context.autocast is None:
            raise InvalidArgumentError(f"cannot compute {kernel} as input #{i}(zero-based) was expected to be a "
                                       f"{NAMES.get(name, name)} tensor but is a {NAMES.get(other, other)} tensor "
                                       f"[Op:{kernel}] name: ")  # fmt: skip
        tensors.append(value)
    return tuple(tensors)


def _goes_with(x: Any, y: Any) -> bool:
    """Return whether a tensor of floats and y, a tensor of the same dtype or a number, need no conversion."""
    dtype = x.array.dtype
    return dtype.kind == "f" and (cast(Array, y.array).dtype is dtype if type(y) is Tensor else type(y) in (float, int))


def _shape_text(x: Any) -> str:
    return "[" + ",".join(map(str, np.shape(x))) + "]"


def binary(op: Callable[..., Tensor], kernel: str) -> Callable[..., Tensor]:
    """Return an op of two tensors with TensorFlow's rules; `kernel` is TensorFlow's name for it in errors."""

    def general(x: Any, y: Any) -> Tensor:
        if not (type(x) is Tensor and type(y) is Tensor and cast(Array, x.array).dtype is cast(Array, y.array).dtype):
            if isinstance(x, Rows) or isinstance(y, Rows):
                return cast(Tensor, on_elements(call, x, y))
            x, y = alike(kernel, x, y)
        kind = as_dtype(ops.dtype(x if isinstance(x, TensorOps) else y))
        if kernel in ("RealDiv", "DivNoNan") and kind.is_integer and not isinstance(x, KerasTensor):
            wide = "float32" if kind.size < 4 else "float64"
            x, y = ops.cast(x, wide), ops.cast(y, wide)
        if kernel in ("FloorDiv", "FloorMod") and kind.is_integer and not isinstance(y, KerasTensor):
            escape()  # a replay would not check for zeros
            if not np.all(y.array if isinstance(y, TensorOps) else y):
                raise InvalidArgumentError(f"{NODE.format(kernel)}Integer division by zero [Op:{kernel}] name: ")
        if kernel == "AddV2" and kind == "string":
            return Tensor(np.asarray(as_array(x) + as_array(y), "object"))
        return op(x, y)

    def call(x: Any, y: Any, name: str | None = None) -> Tensor:
        try:
            return op(x, y) if type(x) is Tensor and _goes_with(x, y) else general(x, y)
        except ValueError as error:
            if isinstance(error, InvalidArgumentError):
                raise
            if x is None or y is None:  # as a gradient may be
                raise _unsupported(None) from None
            text, kernel_name = f"Incompatible shapes: {_shape_text(x)} vs. {_shape_text(y)}", kernel
            if "negative integer powers" in str(error):
                text = str(error).rstrip(".")
            if kernel == "MatMul":
                kernel_name = "__MklMatMul"
                text = f"Matrix size-incompatible: In[0]: {_shape_text(x)}, In[1]: {_shape_text(y)}"
            raise InvalidArgumentError(f"{NODE.format(kernel_name)}{text} [Op:{kernel}] name: ") from None

    return call


def _matmul(x: Any, y: Any) -> Tensor:
    for place, shape in enumerate((np.shape(x), np.shape(y))):
        if len(shape) < 2:
            raise InvalidArgumentError(f"{NODE.format('__MklMatMul')}In[{place}] ndims must be >= 2 [Op:MatMul] name: ")
    return ops.matmul(x, y)


_KERNELS = {
    "add": ("add", "AddV2"), "subtract": ("subtract", "Sub"), "multiply": ("multiply", "Mul"),
    "divide": ("divide", "RealDiv"), "truediv": ("divide", "RealDiv"), "floordiv": ("floor_divide", "FloorDiv"),
    "floormod": ("mod", "FloorMod"), "mod": ("mod", "FloorMod"), "pow": ("power", "Pow"),
    "matmul": ("matmul", "MatMul"), "atan2": ("arctan2", "Atan2"), "divide_no_nan": ("divide_no_nan", "DivNoNan"),
    **{name: (name, name.title().replace("_", "")) for name in (
        "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "maximum", "minimum", "logical_and",
        "logical_or", "logical_xor")}}  # fmt: skip
_CROSSENTROPY = vars(ops.categorical_crossentropy)["op"].vjps
_KINKS: dict[Any, tuple[Any, ...]] = {
    ops.absolute: (lambda g, y, x: g * np.sign(x) if x.dtype == y.dtype else _magnitude_rule(g, y, x),),
    ops.maximum: (lambda g, y, a, b: g * np.greater_equal(a, b), lambda g, y, a, b: g * np.less(a, b)),
    ops.minimum: (lambda g, y, a, b: g * np.less_equal(a, b), lambda g, y, a, b: g * np.greater(a, b)),
    ops.clip: (lambda g, y, x, *_: g * np.equal(x, y),),
    ops.leaky_relu: (lambda g, y, x, slope: np.where(x > 0, g, slope * g),),
    ops.sqrt: (lambda g, y, x: np.where(g == 0, 0, 0.5 * g / y),),
    ops.rsqrt: (lambda g, y, x: np.where(g == 0, 0, -0.5 * g * y * y * y),),
    ops.selu: (lambda g, y, x: g * (np.where(x < 0, np.exp(np.minimum(x, 0)) * SELU_ALPHA, 1) * SELU_SCALE),),
    ops.sign: (lambda g, y, x: np.zeros_like(g),),
    ops.categorical_crossentropy: (_CROSSENTROPY[0], lambda g, y, target, x, from_logits=False, axis=-1: (
        np.expand_dims(g, axis) * (bare(ops.softmax)(x, axis) - target) if from_logits else
        _CROSSENTROPY[1](g, y, target, x, False, axis)))}  # fmt: skip
"""Ops whose gradients differ on TensorFlow: at kinks, or where g or all targets are 0 -> rules of first inputs."""
BINARY: dict[str, Callable[..., Tensor]] = {
    name: binary(_matmul if name == "matmul" else getattr(ops, op), kernel) for name, (op, kernel) in _KERNELS.items()
}
"""Operations on two tensors, by TensorFlow's names."""
_OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floordiv", "mod": "floormod",
    "pow": "pow", "matmul": "matmul", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip
_UFUNCS = {_KERNELS[name][0]: name for name in (*_OPERATORS.values(), "equal", "not_equal")} | {"remainder": "floormod"}
"""Name of a ufunc, which NumPy calls if an array is left of an operator -> the operation that runs in its place."""
for _name, _other in {**_OPERATORS, "eq": "equal", "ne": "not_equal", "and": "logical_and", "or": "logical_or"}.items():
    setattr(Rows, f"__{_name}__", lambda self, other, op=BINARY[_other]: op(self, other))
    setattr(Rows, f"__r{_name}__", lambda self, other, op=BINARY[_other]: op(other, self))
for _name, _op in {"abs": operator.abs, "invert": operator.invert, "neg": operator.neg}.items():
    setattr(Rows, f"__{_name}__", lambda self, op=_op: on_elements(op, self))
_PACKAGE = __name__.partition(".")[0] + "."


def text(array: Array, quoted: bool) -> str:
    """Return the values as TensorFlow prints them."""
    values = (np.array_repr(array) if array.ndim else repr(array.item())) if quoted else str(array)
    return "\n" + values if "\n" in values else values


_slices: dict[int, tuple[Any, "Variable", Any]] = {}
"""id of a live slice of a variable -> weak reference to it, variable, key; `v[key].assign(...)` needs them."""


class _Common:
    """Attributes of tensors and of variables."""

    device = backing_device = "/job:localhost/replica:0/task:0/device:CPU:0"

    def get_shape(self: Any) -> TensorShape:
        """Return the shape."""
        return TensorShape(self.shape)

    def numpy(self: Any) -> Any:
        """Return a copy of the values, a NumPy scalar if there are no axes."""
        return self.numpy_view().copy()[()]

    def __array_ufunc__(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        inside = _inside()
        if not inside and method == "__call__" and not kwargs and ufunc.__name__ in _UFUNCS:
            return BINARY[_UFUNCS[ufunc.__name__]](*inputs)
        result = _array_ufunc(self, ufunc, method, *inputs, **kwargs)
        if inside or recorders.open or not isinstance(result, Tensor) or result.array is None:
            return result
        return result.array[()]  # a plain array, as in TensorFlow, if no gradient has to go through

    def __array_function__(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if _inside() or any_symbolic([args, kwargs]) or not all(isinstance(r, GradientTape) for r in recorders.open):
            return _array_function(self, function, types, args, kwargs)
        args, kwargs = map_structure(lambda x: as_array(x) if isinstance(x, TensorOps) else x, (args, kwargs))
        return function(*args, **kwargs)  # on plain arrays: no gradient goes through it in TensorFlow


_array_ufunc, _array_function, _get_item = (
    TensorOps.__array_ufunc__, TensorOps.__array_function__, TensorOps.__getitem__)  # fmt: skip
_adapted = Patches()


class _Once(dict[Any, Any]):
    """The last 1024 results of a function by its argument. A lookup takes a third of the time of `lru_cache`."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __missing__(self, key: Any) -> Any:
        make_room(self, 1024)
        return self.setdefault(key, self._function(key))


_OURS = _Once(lambda module: str(module).startswith(_PACKAGE))
_SHAPES = _Once(TensorShape)
_frame = sys._getframe


def _inside() -> bool:
    """Return whether the caller's caller is code of this package: it gets Keras's rules, dtype names and tuples."""
    return bool(_OURS[_frame(2).f_globals.get("__name__")])


class _Eager(_Common):
    """Attributes of tensors."""

    @staticmethod
    def rows_of(values: Any, lengths: Any) -> Any:
        """Return a ragged tensor of values in rows of these lengths."""
        return import_module(f"{__package__}.ragged").RaggedTensor.from_row_lengths(values, lengths)

    @property
    def shape(self: Any) -> Any:
        """Sizes of the axes."""
        shape = self.array.shape
        return shape if _OURS[_frame(1).f_globals.get("__name__")] else _SHAPES[shape]

    @property
    def dtype(self: Any) -> Any:
        """The dtype, such as tf.float32."""
        dtype = self.array.dtype
        return dtype_name(dtype) if _OURS[_frame(1).f_globals.get("__name__")] else dtype_of(dtype)

    def set_shape(self: Any, shape: Any) -> None:
        """Check that the shape is compatible, or raise a ValueError."""
        TensorShape(self.shape).assert_is_compatible_with(shape)

    @property
    def assign(self: Any) -> Callable[..., Any]:
        """A function that assigns to the part of a variable that this tensor was sliced from."""
        if id(self) not in _slices:
            raise AttributeError("'EagerTensor' object has no attribute 'assign'")
        _, variable, key = _slices[id(self)]
        return lambda value, *_: variable.assign_at(key, value)

    def __str__(self: Any) -> str:
        array = self.numpy_view()
        return f"tf.Tensor({text(array, False)}, shape={array.shape}, dtype={dtype_of(array.dtype).name})"

    def __repr__(self: Any) -> str:
        array = self.numpy_view()
        return f"<tf.Tensor: shape={array.shape}, dtype={dtype_of(array.dtype).name}, numpy={text(array, True)}>"


def _operator(name: str) -> Callable[[Any, Any], Tensor]:
    run = BINARY[_OPERATORS[name.removeprefix("r") if name not in _OPERATORS else name]]
    plain: Callable[[Any, Any], Tensor] = vars(TensorOps)[f"__{name}__"]
    if name not in _OPERATORS:
        return lambda self, other: plain(self, other) if _inside() else run(other, self)
    return lambda self, other: plain(self, other) if _inside() else run(self, other)


def _equality(name: str) -> Callable[[Any, Any], Tensor]:
    plain: Callable[[Any, Any], Tensor] = vars(TensorOps)[name]

    def compare(self: Any, other: Any) -> Any:
        if other is None:  # as a gradient may be
            return name == "__ne__"
        try:
            return plain(self, convert_to_tensor(other) if self.dtype == "string" else other)
        except ValueError as error:
            if "broadcast" not in str(error):
                raise
            return Tensor(np.asarray(name == "__ne__"))  # shapes that do not broadcast are not equal

    return compare


def _item(self: Any, key: Any) -> Any:
    try:
        return _get_item(self, tuple(key) if type(key) is list and not _inside() else key)
    except IndexError as error:
        raise OutsideError(f"{NODE.format('StridedSlice')}{error} [Op:StridedSlice] name: strided_slice/") from None


def _adapters() -> Iterator[tuple[Any, str, Any]]:
    """Yield the patches of `flavour`: class or module, name of the attribute, value."""
    for owner, attributes in ((TensorOps, vars(_Common)), (Tensor, vars(_Eager))):
        for name, value in attributes.items():
            if name not in ("__module__", "__doc__", "__dict__", "__weakref__"):
                yield owner, name, value
    for name in (*_OPERATORS, *(f"r{name}" for name in _OPERATORS)):
        if f"__{name}__" in vars(TensorOps):
            yield TensorOps, f"__{name}__", _operator(name)
    for name in ("__eq__", "__ne__"):
        yield TensorOps, name, _equality(name)
    yield TensorOps, "__getitem__", _item
    for op, rules in ((vars(call)["op"], rules) for call, rules in _KINKS.items()):
        yield op, "vjps", (*rules, *op.vjps[len(rules) :])
    yield KerasVariable, "numpy", _Common.numpy
    yield KerasVariable, "shape", _Eager.shape
    yield settings, "counts", "int64"
    yield random, "source", StatelessSource()
    yield settings, "tensorflow_batches", True


def flavour(on: bool) -> None:
    """Give tensors TensorFlow's attributes and printed text, or take these away again."""
    Changes.layers += 1  # programs that were made so far compute otherwise
    if not on:
        _adapted.undo()
        Promotion.numpy = Promotion.float32 = False
    elif not _adapted:
        for adapter in _adapters():
            _adapted.put(*adapter)
        crossentropies.patch(_adapted)
        slices.patch(_adapted)
        steps.patch(_adapted)


class Variable(KerasVariable):
    """`tf.Variable`: a tensor that changes, with the dtype of its first value.

    Example:
        >>> v = Variable([1.0, 2.0])
        >>> _ = v.assign_add([1, 1])
        >>> v
        <tf.Variable 'Variable:0' shape=(2,) dtype=float32, numpy=array([2., 3.], dtype=float32)>
    """

    __slots__ = ("_name", "_shape")
    bits = "bitwise"
    _made: int = 0
    """The number of variables made so far: a `tf.function` whose run makes one is traced once more."""

    def __init__(self, initial_value: Any = None, trainable: bool | None = None, validate_shape: bool = True,
                 caching_device: Any = None, name: str | None = None, variable_def: Any = None,
                 dtype: DTypeLike | None = None, import_scope: Any = None,
                 constraint: Callable[[Tensor], Any] | None = None, synchronization: Any = None,
                 aggregation: Any = None, shape: Any = None) -> None:  # fmt: skip
        if initial_value is None:
            raise ValueError("The `initial_value` arg to `tf.Variable` must be specified. Received: None.")
        Variable._made += 1
        escape()
        makes = callable(initial_value) and not isinstance(initial_value, TensorOps)
        value = initial_value() if makes else initial_value
        first = constant(as_array(value) if isinstance(value, TensorOps) else value, dtype)
        super().__init__(first, trainable=trainable is not False, name="variable")
        self.constraint = constraint
        self._name = name or "Variable"
        self._shape = None if shape is None else TensorShape(shape)

    @property
    def name(self) -> str:
        """The name, ending in ":0" as TensorFlow's do."""
        return f"{self._name}:0"

    @name.setter
    def name(self, value: str) -> None:
        """Ignore the name that the base class sets; `_name` is set after it."""

    dtype: Any = _Eager.dtype

    shape: Any = accessor(
        lambda self: self.array.shape if _inside() else self._shape or TensorShape(self.array.shape))  # fmt: skip

    def value(self) -> Tensor:  # type: ignore[override]  # a method, as in TensorFlow
        """Return the present value."""
        return ops.copy(self)

    read_value = value

    def assign(self, value: TensorLike, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        """Store a new value of the same dtype and shape (or a ValueError), and return the variable."""
        is_strict = isinstance(value, TensorOps) and context.autocast is None  # a tensor must have the dtype
        tensor = convert_to_tensor(value, self.array.dtype) if is_strict else Tensor(_array(value, self.array.dtype))
        if self._shape is not None and self._shape.is_compatible_with(tensor.shape):
            self.array: Array = np.zeros(tensor.shape, self.array.dtype)
        if tuple(tensor.shape) != self.array.shape:
            raise ValueError(f"Cannot assign value to variable ' {self.name}': Shape mismatch.The variable shape "
                             f"{self.array.shape}, and the assigned value shape {tuple(tensor.shape)} are "
                             "incompatible.")  # fmt: skip
        super().assign(tensor)
        return self

    def assign_add(self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        """Add to the value."""
        return self.assign(BINARY["add"](self, delta))

    def assign_sub(self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        """Subtract from the value."""
        return self.assign(BINARY["subtract"](self, delta))

    def assign_at(self, key: Any, value: Any) -> Any:
        """Assign to the part at an index."""
        array = self.numpy_view()
        array[key] = as_array(value)
        return self.assign(Tensor(array))

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Assign to the elements, or slices, whose positions are the rows of `indices`."""
        where = places("ResourceScatterNdUpdate", indices, self.array.shape)
        return self.assign(ops.scatter_update(self, where, _array(updates, self.array.dtype.name)))

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Assign to the rows of a `tf.IndexedSlices`."""
        return self.assign_at(as_array(sparse_delta.indices), sparse_delta.values)

    def __getitem__(self, key: Any) -> Any:  # a tensor with a method `assign`
        key = tuple(key) if type(key) is list else key
        part = super().__getitem__(key)
        number = id(part)
        _slices[number] = (weakref.ref(part, lambda _: _slices.pop(number, None)), self, key)
        return part

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("'ResourceVariable' object does not support item assignment. Use v[...].assign(value).")

    def __reduce__(self) -> tuple[Any, ...]:
        return Variable, (self.array, self.trainable, True, None, self._name)

    def __repr__(self) -> str:
        array = self.numpy_view()
        kind = dtype_of(array.dtype).name
        return f"<tf.Variable '{self.name}' shape={array.shape} dtype={kind}, numpy={text(array, True)}>"

    __str__ = __repr__


ResourceVariable = Variable
Variable.__name__ = Variable.__qualname__ = "ResourceVariable"  # scripts print its type
