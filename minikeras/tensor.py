"""The value that ops and layers give, the declaration of primitives, and the record from which they are
differentiated and replayed.

Inside a primitive every value is an ndarray; outside it is a `Tensor`. `primitive` makes the passage: it takes
the arrays out of its arguments, runs the forward function, wraps the result and, while a recorder is open,
notes what was done.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, wraps
from itertools import zip_longest
from typing import Any, ParamSpec, Protocol, TypeAlias, TypedDict, TypeGuard, TypeVar, Unpack, cast, final

import numpy as np

from . import _state
from ._signature import parameters
from ._typing import Array, DTypeLike, TensorLike

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

VJP: TypeAlias = Callable[..., Any]
"""(gradient of the output, output, *inputs, *other arguments) -> gradient of one input.

A rule is written with operators and NumPy functions alone, so that it runs on arrays and, where its own
gradient is wanted, on tensors."""


class Traits(TypedDict, total=False):
    """What a plan, or a gradient, may know of a primitive operation.

    Attributes:
        inplace: Whether `out`, the last argument, may be the array of the first input.
        effect: Whether it is run for what it changes, so that a replay must not leave it out.
        homes: Given the keyword arguments, arrays where the inputs had better be computed; a plan asks again when
            variables may have other arrays. None where it does not care.
        bind: Given the keyword arguments, returns what a plan calls in place of the op once the inputs are computed
            there; a plan asks again when variables may have other arrays.
        parts: The op as a function of tensors, in terms of other ops: a plan takes it apart where that gives the same
            numbers. None where it cannot be said so.
        view: Whether the result may share the memory of the first input, and nothing is computed then.
        through: Name of an op -> place of an input that it may have made, and the rule for the gradient of its own
            first input then: two rules in one, where that takes less.
    """

    inplace: bool
    effect: bool
    homes: Callable[..., Sequence[Array]] | None
    bind: Callable[..., Callable[[], object]] | None
    parts: Callable[..., Any] | None
    view: bool
    through: dict[str, tuple[int, VJP]]


class Op:
    """A primitive operation: its forward function on arrays and a gradient rule for each tensor argument.

    Attributes:
        name: The function's name.
        forward: Arrays in, array out.
        vjps: One rule a tensor argument, None where the result does not depend smoothly on it.
        count: How many leading arguments are tensors; None where all positional ones are.
        inplace, effect, homes, bind, parts, view, through: See `Traits`.
        writes: Whether the last argument of `forward` is an `out` array to write to.
        draws: Whether it gives other numbers each time, and has an effect on what is drawn later.
        bare: The NumPy function, with `out` as its last argument, that does the same once no dtype is to be settled.
        joint: Used in place of rules: given the gradient of the output, the entry, its values, the ids of tensors whose
            own gradient is wanted, and the gradients that there are by id, from which it takes those that it adds to,
            returns pairs (tensor, its gradient or None).
        replay: What a plan runs in place of `forward`: the same, without a guard that the plan holds itself.
        parameters: Names of the arguments of `forward`.
        defaults: Their default values.
    """

    __slots__ = ("bare", "bind", "count", "defaults", "draws", "effect", "forward", "homes", "inplace", "joint",
                 "name", "parameters", "parts", "replay", "through", "view", "vjps", "writes")  # fmt: skip

    def __init__(
        self,
        forward: Callable[..., Array],
        vjps: tuple[VJP | None, ...],
        count: int | None,
        **traits: Unpack[Traits],
    ) -> None:
        self.name: str = forward.__name__
        self.forward: Callable[..., Array] = forward
        self.vjps: tuple[VJP | None, ...] = vjps
        self.count: int | None = count
        self.inplace: bool = traits.get("inplace", False)
        self.effect: bool = traits.get("effect", False)
        self.homes: Callable[..., Sequence[Array]] | None = traits.get("homes")
        self.bind: Callable[..., Callable[[], object]] | None = traits.get("bind")
        self.parts: Callable[..., Any] | None = traits.get("parts")
        self.view: bool = traits.get("view", False)
        self.through: dict[str, tuple[int, VJP]] = traits.get("through", {})
        self.bare: Callable[..., Any] | None = vars(forward).get("bare")
        self.joint: Callable[..., Iterable[tuple[Any, Any]]] | None = None
        self.replay: Callable[..., Any] = vars(forward).get("unguarded", forward)
        found = parameters(forward)
        self.parameters: tuple[str, ...] = found.names
        self.defaults: dict[str, Any] = found.defaults
        self.writes: bool = "out" in found.names
        self.draws: bool = count == 0 or "seed" in found.names

    def vjp(self, index: int) -> VJP | None:
        """Return the rule for one input; a single rule of an op with any number of inputs serves all."""
        if self.count is None:
            rule = self.vjps[0]
            return rule and (lambda g, y, *args, **kwargs: rule(index, g, y, *args, **kwargs))
        return self.vjps[index]


class Entry:
    """One recorded step: which op, on what, with which values at that time, with which result."""

    __slots__ = ("inputs", "kwargs", "op", "output", "rest", "values")

    def __init__(
        self,
        op: Op,
        inputs: Sequence[Any],
        values: Sequence[Any],
        rest: tuple[Any, ...],
        kwargs: dict[str, Any],
        output: "Tensor",
    ) -> None:
        self.op: Op = op
        self.inputs: Sequence[Any] = inputs
        self.values: Sequence[Any] = values
        self.rest: tuple[Any, ...] = rest
        self.kwargs: dict[str, Any] = kwargs
        self.output: Tensor = output

    def arguments(self) -> dict[str, Any]:
        """Return what the arguments that are no tensors were, by name."""
        names = self.op.parameters[len(self.inputs) :]
        return {name: self.op.defaults.get(name) for name in names} | dict(
            zip(names, self.rest, strict=False), **self.kwargs
        )


class Recorder(Protocol):
    """What wants to be told of every operation while it is open."""

    def record(self, entry: Entry) -> None:
        """Take note of one operation."""

    def read(self, tensor: "TensorOps") -> None:
        """Take note that Python looked at the value of a tensor or a variable."""


class _Recorders(threading.local):
    def __init__(self) -> None:
        self.open: list[Recorder] = []


recorders: _Recorders = _Recorders()
NUMPY_OPS: dict[str, Callable[..., Any]] = {}
"""Ops under their NumPy names: what operators and NumPy functions on tensors run."""
late_ops: list[Callable[[], None]] = []
"""What imports the ops that no NumPy function stands for, and that are imported when somebody asks for them."""


class SymbolicCall(Exception):
    """A primitive met a tensor without a value."""


class TensorInList(Exception):
    """A primitive met a list with a tensor in it, which is to be made one tensor first."""


def coerce(value: Any) -> Any:
    """Return what a primitive computes with: an array, or a Python number (whose type NumPy lets give way)."""
    if isinstance(value, TensorOps):
        array = value.array
        if array is None:
            raise SymbolicCall
        if type(value) is not Tensor:  # a variable
            variable = cast(Any, value)
            if _state.context.autocast is not None and variable.dtype != dtype_name(array.dtype):
                return array.astype(variable.dtype)  # a weight read by a layer of mixed precision
            if variable.lent is not True:
                if not variable.lent:
                    _state.Structure.loans += 1
                variable.lent = True
        return array
    if isinstance(value, float):
        return float(value)  # a np.float64 is a Python float too, and gives way like one
    if value is None or isinstance(value, _NUMBERS):
        return value
    if has_tensor(value):
        raise TensorInList
    return as_array(value)


def has_tensor(x: Any) -> TypeGuard[Sequence[Any]]:
    """Tell whether there is a tensor in a list, or in the lists in it."""
    return isinstance(x, _LISTS) and any(isinstance(item, TensorOps) or has_tensor(item) for item in x)


_FLOAT64 = np.dtype("float64")


def _narrow(inputs: tuple[Any, ...], arrays: list[Any]) -> tuple[tuple[Any, ...], list[Any]]:
    """Let arrays of float64 that are no tensors, which NumPy makes unasked, take part as float32, as in Keras.

    They keep all digits where floatx is float64 or where a tensor among them was made float64 on purpose.
    """
    pairs = list(zip(inputs, arrays, strict=True))
    if _state.settings.floatx == "float64" or any(isinstance(x, TensorOps) and a.dtype is _FLOAT64 for x, a in pairs):
        return inputs, arrays
    arrays = [a.astype("float32") if isinstance(a, np.ndarray) and a.dtype is _FLOAT64 else a for a in arrays]
    return tuple(x if isinstance(x, TensorOps) else a for x, a in zip(inputs, arrays, strict=True)), arrays


def as_values(value: TensorLike) -> Array:
    """Return the values of what a function that is no primitive computes with, in the dtype a tensor has."""
    array = as_array(value)
    return array if isinstance(value, TensorOps) else _narrow((value,), [array])[1][0]


def as_array(value: TensorLike | object, dtype: DTypeLike | None = None) -> Array:
    """Return an array without copying where possible; Python numbers get Keras's types (float32, int32).

    Raises:
        ValueError: if the value is ragged or not numeric.
    """
    if isinstance(value, TensorOps):
        value = value.numpy_view()
    known = isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__")
    if not known and isinstance(value, list | tuple):
        known = _holds_arrays(value)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"Cannot make a tensor of {type(value).__name__}: its rows have different lengths. "
            "Every row must have the same shape."
        ) from None
    if dtype is None and not known:
        if array.dtype.kind == "O":
            raise ValueError(f"Cannot make a tensor of {value!r:.80} (of type {type(value).__name__}).")
        if array.dtype.kind == "f":
            dtype = _state.settings.floatx
        elif array.dtype == np.int64 and array.size and np.abs(array).max() < 2**31:
            dtype = "int32"
        elif not array.size:
            dtype = _state.settings.floatx
    if dtype is None:
        return array
    name = _state.standardize_dtype(dtype)
    if array.dtype.kind in "OUS" and name != "string":
        raise ValueError(
            f"Cannot convert values of dtype {array.dtype} to {name}. Expected numbers or booleans. "
            f"Received: {value!r:.80}."
        )
    return array if name == "string" else array.astype(name, copy=False)


def _holds_arrays(value: Sequence[Any]) -> bool:
    first = value[0] if value else None
    if isinstance(first, list | tuple):
        return _holds_arrays(first)
    return isinstance(first, np.ndarray | np.generic | TensorOps)


def row_of(number: Any, shape: Sequence[int]) -> Array:
    """Return an array of one number that broadcasts to a shape with long rows.

    NumPy's `maximum` and `minimum` take a third of the time for two arrays that they need for one and a number.
    """
    axes, size = len(shape), 1
    while axes and size < 256:
        axes -= 1
        size *= shape[axes]
    return np.full(shape[axes:], number)


def primitive(
    *vjps: VJP | None, variadic: bool = False, name: str | None = None, **traits: Unpack[Traits]
) -> Callable[[Callable[P, Any]], Callable[P, "Tensor"]]:
    """Declare a primitive: the decorated function is its forward pass, `vjps` are its gradient rules.

    The forward function gets arrays (or Python numbers) for its tensor arguments, which come first, one a rule.

    Args:
        vjps: The rules, in the order of the tensor arguments.
        variadic: Whether all positional arguments are tensors, served by one rule that gets the index first.
        name: Name of the NumPy function that the op answers for, if it is not the function's own.
        traits: What a plan may know of it.
    """

    def declare(forward: Callable[P, Any]) -> Callable[P, "Tensor"]:
        op = Op(forward, vjps, None if variadic else len(vjps), **traits)
        count = op.count
        run: Callable[..., Any] = forward

        @wraps(forward)
        def call(*args: Any, **kwargs: Any) -> "Tensor":
            if count is None:
                inputs, rest = args, ()
            else:
                while len(args) < count and op.parameters[len(args)] in kwargs:
                    args = (*args, kwargs.pop(op.parameters[len(args)]))
                inputs, rest = args[:count], args[count:]
                if len(inputs) < count:
                    run(*args, **kwargs)  # raises Python's own TypeError for a missing argument
            try:
                arrays = [x if type(x) is np.ndarray else coerce(x) for x in inputs]
            except SymbolicCall:
                return symbolic_call(call, args, kwargs)
            except TensorInList:
                stacked = [NUMPY_OPS["convert_to_tensor"](x) if has_tensor(x) else x for x in inputs]
                return call(*stacked, *rest, **kwargs)
            for a in arrays:
                if type(a) is np.ndarray and a.dtype is _FLOAT64:
                    inputs, arrays = _narrow(inputs, arrays)
                    break
            if recorders.open or op.view:  # what a tape keeps, or a view, is not what the caller may change later
                arrays = [x.copy() if type(x) is np.ndarray else a for x, a in zip(inputs, arrays, strict=True)]
            output = Tensor(run(*arrays, *rest, **kwargs))
            if recorders.open:
                entry = Entry(op, inputs, arrays, rest, kwargs, output)
                for recorder in recorders.open:
                    recorder.record(entry)
            return output

        vars(call)["op"] = op
        if not op.effect:
            NUMPY_OPS[name or op.name] = call
        return cast("Callable[P, Tensor]", call)

    return declare


def composite(function: F) -> F:
    """Declare an op made of other ops: NumPy's function of its name runs it, on symbolic tensors it is inferred."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args) or (kwargs and any_symbolic(kwargs.values())):
            return symbolic_call(call, args, kwargs)
        return function(*args, **kwargs)

    NUMPY_OPS[function.__name__] = call
    return cast(F, call)


_PLAIN = frozenset({np.ndarray, int, float, bool, str})
_LISTS = (list, tuple)
_NUMBERS = (np.ndarray, bool, int, complex)


def any_symbolic(values: Iterable[Any]) -> bool:
    """Tell whether there is a tensor without a value among values, or in lists and dicts among them."""
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


def symbolic_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Tensor":
    """Infer what a call on symbolic tensors gives; `symbolic` puts the real function here."""
    raise NotImplementedError


dtype_name: Callable[["np.dtype[Any]"], str] = cache(lambda dtype: "string" if dtype.kind in "OSU" else dtype.name)
"""The name of a dtype; NumPy makes it anew each time, in over a microsecond."""


class TensorOps:
    """Operators and NumPy protocols, shared by tensors and variables; each runs the op of its name."""

    __slots__ = ()
    __array_priority__: float = 100.0
    bits: str = "bitwise"
    """What `&`, `|` and `^` do; on variables and symbolic tensors it is "logical", as in Keras."""

    array: Array | None

    @property
    def shape(self) -> tuple[Any, ...]:
        """Sizes of the axes; a symbolic tensor's may be None, hence Any to let code index without checks."""
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
            raise ValueError(
                f"A symbolic tensor has no value, and a number was needed. Received: {self!r}. "
                "Build the model and call it on an array, or use minikeras.ops instead of a NumPy function "
                "that minikeras does not have."
            )
        return array

    def numpy(self) -> Array:
        """Return the values as an array that no one else changes."""
        return self.numpy_view().copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy_view()
        return array.copy() if copy or dtype is None else array.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        op = NUMPY_OPS.get(ufunc.__name__)
        if method == "__call__" and op is not None and not kwargs:
            result = op(*inputs)
        else:
            arrays = [as_array(x) if isinstance(x, TensorOps) else x for x in inputs]
            result = getattr(ufunc, method)(*arrays, **kwargs)
        if out is None:
            return result
        target = out[0]
        if isinstance(target, TensorOps):
            raise TypeError("A tensor cannot be changed in place. Use a Variable and its assign(), or NumPy arrays.")
        np.copyto(target, as_array(result), casting="same_kind")
        return target

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        op = NUMPY_OPS.get(function.__name__)
        if op is not None and getattr(np, function.__name__, function) is function:  # no namesake in np.linalg
            translated = _translate(function, op, args, kwargs)
            if translated is not None:
                return op(*translated[0], **translated[1])
        return function(*_to_arrays(args), **{key: _to_arrays(value) for key, value in kwargs.items()})

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

    def __hash__(self) -> int:
        return id(self)

    def __format__(self, spec: str) -> str:
        return format(self.numpy_view().item(), spec) if spec and self.size == 1 else format(str(self), spec)

    def __getitem__(self, key: Any) -> "Tensor":
        return _run("get_item", self, key)

    def __neg__(self) -> "Tensor":
        return _run("negative", self)

    def __pos__(self) -> "Tensor":
        return _run("positive", self)

    def __abs__(self) -> "Tensor":
        return _run("absolute", self)

    def __invert__(self) -> "Tensor":
        return _run("invert", self)

    def __round__(self, ndigits: int | None = None) -> "Tensor":
        return _run("round", self, ndigits or 0)

    def __add__(self, other: TensorLike) -> "Tensor":
        return _run("add", self, other)

    def __radd__(self, other: TensorLike) -> "Tensor":
        return _run("add", other, self)

    def __sub__(self, other: TensorLike) -> "Tensor":
        return _run("subtract", self, other)

    def __rsub__(self, other: TensorLike) -> "Tensor":
        return _run("subtract", other, self)

    def __mul__(self, other: TensorLike) -> "Tensor":
        return _run("multiply", self, other)

    def __rmul__(self, other: TensorLike) -> "Tensor":
        return _run("multiply", other, self)

    def __truediv__(self, other: TensorLike) -> "Tensor":
        return _run("divide", self, other)

    def __rtruediv__(self, other: TensorLike) -> "Tensor":
        return _run("divide", other, self)

    def __floordiv__(self, other: TensorLike) -> "Tensor":
        return _run("floor_divide", self, other)

    def __rfloordiv__(self, other: TensorLike) -> "Tensor":
        return _run("floor_divide", other, self)

    def __mod__(self, other: TensorLike) -> "Tensor":
        return _run("remainder", self, other)

    def __rmod__(self, other: TensorLike) -> "Tensor":
        return _run("remainder", other, self)

    def __pow__(self, other: TensorLike) -> "Tensor":
        return _run("power", self, other)

    def __rpow__(self, other: TensorLike) -> "Tensor":
        return _run("power", other, self)

    def __matmul__(self, other: TensorLike) -> "Tensor":
        return _run("matmul", self, other)

    def __rmatmul__(self, other: TensorLike) -> "Tensor":
        return _run("matmul", other, self)

    def __and__(self, other: TensorLike) -> "Tensor":
        return _run(f"{self.bits}_and", self, other)

    def __rand__(self, other: TensorLike) -> "Tensor":
        return self & other

    def __or__(self, other: TensorLike) -> "Tensor":
        return _run(f"{self.bits}_or", self, other)

    def __ror__(self, other: TensorLike) -> "Tensor":
        return self | other

    def __xor__(self, other: TensorLike) -> "Tensor":
        return _run(f"{self.bits}_xor", self, other)

    def __rxor__(self, other: TensorLike) -> "Tensor":
        return self ^ other

    def __lshift__(self, other: TensorLike) -> "Tensor":
        return _run("left_shift", self, other)

    def __rshift__(self, other: TensorLike) -> "Tensor":
        return _run("right_shift", self, other)

    # Comparisons give a tensor of bools, which object's declaration (-> bool) does not foresee.
    def __eq__(self, other: object) -> "Tensor":  # type: ignore[override]
        return _run("equal", self, other)

    def __ne__(self, other: object) -> "Tensor":  # type: ignore[override]
        return _run("not_equal", self, other)

    def __lt__(self, other: TensorLike) -> "Tensor":
        return _run("less", self, other)

    def __le__(self, other: TensorLike) -> "Tensor":
        return _run("less_equal", self, other)

    def __gt__(self, other: TensorLike) -> "Tensor":
        return _run("greater", self, other)

    def __ge__(self, other: TensorLike) -> "Tensor":
        return _run("greater_equal", self, other)


def _run(name: str, *args: Any) -> "Tensor":
    return cast("Tensor", NUMPY_OPS[name](*args))


@cache
def _argument_names(function: Callable[..., Any], op: Callable[..., Any]) -> dict[int | str, str] | None:
    """Say which argument of an op each one of a NumPy function is, by place and by name.

    Arguments correspond by name, or else by place if neither side knows the other's name. None if either side
    takes any number of arguments, or NumPy does not tell.
    """
    theirs, ours = parameters(function), parameters(op)
    if theirs.varargs or ours.varargs:
        return None
    names: dict[int | str, str] = {name: name for name in ours.names}
    for i, (name, ours_there) in enumerate(zip_longest(theirs.names, ours.names)):
        match = name if name in ours.names else None if ours_there in theirs.names else ours_there
        if name is not None and match is not None:
            names[i] = names[name] = match
    return names


def _translate(
    function: Callable[..., Any], op: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Return a NumPy call's arguments as the op of its name takes them, None if it has no such arguments."""
    names = _argument_names(function, op)
    if names is None:
        ours = parameters(op)
        return (args, kwargs) if ours.varkw or kwargs.keys() <= set(ours.names) else None
    translated = {}
    for key, value in (*enumerate(args), *kwargs.items()):
        if key in names:
            translated[names[key]] = value
        elif value is not None:  # None says the same as leaving it out
            return None
    return (), translated


def _to_arrays(value: Any) -> Any:
    if isinstance(value, TensorOps):
        return as_array(value)
    if isinstance(value, list | tuple):
        return type(value)(_to_arrays(item) for item in value)
    return value


def _boxed(value: Any) -> Array:
    """Return a value as an array; bytes, which NumPy would cut at zeros, as an object."""
    return np.asarray(value, object if type(value) is bytes else None)


class Tensor(TensorOps):
    """An immutable array: what an op or a layer gives.

    It has operators, indexing, `float()`, `len()` and iteration, and NumPy functions accept it: those that
    `minikeras.ops` has give a Tensor and are differentiated, the others work on its values and give an array.

    Args:
        array: The values; they are not copied.

    Example:
        >>> import numpy as np
        >>> t = Tensor(np.ones((1, 2), "float32"))
        >>> print(t * 2)
        Tensor([[2. 2.]], shape=(1, 2), dtype=float32)
        >>> (t + 1).numpy()
        array([[2., 2.]], dtype=float32)
    """

    __slots__ = ("__weakref__", "array", "keras_mask")

    keras_mask: Any
    """Which elements count, where a layer has said so; unset elsewhere."""
    _keras_mask: Any
    """The same under Keras's name, which its guides print."""

    def __init__(self, array: Array) -> None:
        self.array: Array | None = array if type(array) is np.ndarray else _boxed(array)

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

    def squeeze(self, axis: Any = None) -> "Tensor":
        """Return the values without axes of size 1, or without one of them."""
        return _run("squeeze", self, axis)

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """Return the sum along an axis, of all elements by default."""
        return _run("sum", self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Tensor":
        """Return the mean along an axis, of all elements by default."""
        return _run("mean", self, axis, keepdims)

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
        values = np.array2string(self.numpy_view(), separator=", ", prefix="array(")
        start = "\n" if "\n" in values else ""
        return f"<Tensor: shape={self.shape}, dtype={self.dtype}, numpy={start}{values}>"


Tensor._keras_mask = vars(Tensor)["keras_mask"]


@final
class stop_recording:
    """Within this context operations are not recorded."""

    def __enter__(self) -> None:
        self.saved: list[Recorder] = recorders.open
        recorders.open = []

    def __exit__(self, *exc: object) -> None:
        recorders.open = self.saved
