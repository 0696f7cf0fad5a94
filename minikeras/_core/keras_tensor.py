"""Symbolic tensors: shapes and dtypes without values, and the graph of calls."""

from collections.abc import Callable, Iterator
from functools import cache, partialmethod
from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

import numpy as np

from .._base.checks import standardize_shape
from .._base.context import context
from .._base.naming import auto_name
from .._base.nested import leaves, map_structure
from .._base.settings import standardize_data_format, standardize_dtype
from .._base.signature import parameters
from .._base.typing import Config, DTypeLike, DTypeName, PartialShape, ShapeLike, TensorLike
from ..tree import flatten
from . import op, trials
from .op import late_ops
from .op_names import CALLED_WITH, HOMES, class_name, module
from .tensor import NUMPY_OPS, Tensor, TensorOps, any_symbolic


class KerasTensor(Tensor):
    """A symbolic tensor: it has a shape and a dtype, but no value. `Input` returns one.

    Layers, operators, ops and NumPy functions take it and return others. `Model(inputs, outputs)` makes a model of the
    calls between them.

    Args:
        shape: Sizes of all axes, None where unknown.
        dtype: Name of the dtype.
        sparse, ragged: True is a ValueError, since minikeras has dense tensors only.
        record_history: Ignored.
        name: Its name, made up if not given.

    Example:
        >>> KerasTensor((None, 3), "float32", name="x")
        <KerasTensor shape=(None, 3), dtype=float32, sparse=False, ragged=False, name=x>
    """

    __slots__ = ("_dtype", "_shape", "index", "name", "node")

    bits = "logical"
    sparse: bool = False
    ragged: bool = False

    def __init__(self, shape: ShapeLike, dtype: DTypeLike | None = None, sparse: bool = False, ragged: bool = False,
                 record_history: bool = True, name: str | None = None) -> None:  # fmt: skip
        if sparse or ragged:
            raise ValueError(f"minikeras has dense tensors only. Received: sparse={sparse}, ragged={ragged}.")
        self.array: None = None
        self._shape = standardize_shape(shape)
        self._dtype: DTypeName = standardize_dtype(dtype)
        if context.loading is not None:
            context.loading.check(self._shape)
        self.name: str = name or auto_name("keras_tensor")
        self.node: Node | None = None
        """The call that returned it, None if it was made by hand."""
        self.index: int = 0
        """Its place among the outputs of that call."""

    @property
    def shape(self) -> PartialShape:  # type: ignore[override]
        """Sizes of the axes, None where unknown."""
        return self._shape

    @property
    def dtype(self) -> DTypeName:
        return self._dtype

    def _refuse(self, error: type[Exception], what: str) -> NoReturn:
        raise error(f"A symbolic tensor has no value: it cannot be {what}. Received: {self!r}. Write the computation "
                    "with minikeras.ops, or in the `call` of a layer.")  # fmt: skip

    if not TYPE_CHECKING:  # the first three are absent for `hasattr`, as in Keras
        numpy = item = tolist = property(lambda self: self._refuse(AttributeError, "read"))
        __bool__ = partialmethod(_refuse, TypeError, "used as a bool")
        __index__ = partialmethod(_refuse, TypeError, "used as an index")
        __len__ = partialmethod(_refuse, TypeError, "measured with len()")
        __iter__ = partialmethod(_refuse, NotImplementedError, "iterated over")

    def __format__(self, spec: str) -> str:
        return self._refuse(TypeError, f"formatted as a number ({spec!r})") if spec else repr(self)

    def __eq__(self, other: object) -> Any:
        """Return whether it is the same symbolic tensor, as in Keras; for a value, compare with its elements."""
        valued = isinstance(other, int | float | np.ndarray | np.generic | TensorOps)
        return super().__eq__(other) if valued and not isinstance(other, KerasTensor) else self is other

    __hash__: Callable[..., int] = TensorOps.__hash__

    def __invert__(self) -> "KerasTensor":
        return cast(KerasTensor, NUMPY_OPS["logical_not"](self))

    if TYPE_CHECKING:  # the result has no value either

        def __getitem__(self, key: Any) -> "KerasTensor": ...
        def __iter__(self) -> "Iterator[KerasTensor]": ...

    else:

        def __truediv__(self, other: TensorLike) -> Tensor:
            return op_class("TrueDivide")()(self, other)

        def __rtruediv__(self, other: TensorLike) -> Tensor:
            return op_class("TrueDivide")()(other, self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (KerasTensor, (self._shape, self._dtype, False, False, True, self.name))

    def __deepcopy__(self, memo: dict[int, Any]) -> "KerasTensor":
        return KerasTensor(self._shape, self._dtype, name=self.name)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, name={self.name}>"

    __str__ = __repr__


def is_keras_tensor(x: object) -> bool:
    """Return whether x is a tensor without a value.

    Example:
        >>> is_keras_tensor(KerasTensor((None, 3)))
        True
    """
    return isinstance(x, KerasTensor)


def infer(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the result of a function for symbolic arguments, found by running it on zeros of two sets of sizes.

    An axis of the result that differs between the two runs depends on an unknown size, and becomes None. The runs draw
    no random numbers, keep no losses and record nothing. A function that takes only batches of one size is run on that
    size, which the result has then too. Errors do not show the sizes of a trial. In the result, a KerasTensor stands in
    place of each tensor or array.
    """
    one, two = trials.Trials(function, [args, kwargs]).two_results()
    if len(leaves(one)) != len(leaves(two)):
        raise ValueError("How many tensors this gives depends on a size that is not known.")
    others = iter(leaves(two))

    def in_common(a: Any) -> Any:
        b, is_array = next(others), isinstance(a, TensorOps | np.ndarray | np.generic)
        return KerasTensor(trials.common_shape(a.shape, b.shape), a.dtype) if is_array else a

    return map_structure(in_common, one)


class Node:
    """One call of an operation on symbolic tensors. The operation keeps it in `_inbound_nodes`.

    Attributes:
        inputs: The symbolic tensors among the arguments.
        outputs: The result. One that is no tensor is a ValueError.
        index: How many calls of the operation came before.
    """

    __slots__ = ("args", "index", "inputs", "kwargs", "operation", "outputs")

    def __init__(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.operation: Any = operation
        self.args: tuple[Any, ...] = args
        self.kwargs: dict[str, Any] = kwargs
        self.inputs: list[KerasTensor] = [x for x in flatten([args, kwargs]) if isinstance(x, KerasTensor)]
        self.outputs: list[KerasTensor] = flatten(outputs)
        self.index: int = len(operation._inbound_nodes)
        for y in self.outputs:
            if not isinstance(y, KerasTensor):
                raise ValueError(f"All outputs of '{operation.name}' must be tensors. Received: {y!r}.")
        for i, y in enumerate(self.outputs):
            y.node, y.index = self, i
        operation._inbound_nodes.append(self)

    def fill(self, value: Callable[[Any], Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments, with a function applied to each leaf."""
        return map_structure(value, self.args), map_structure(value, self.kwargs)


_BY_ELEMENT = ("divide_no_nan", "isclose", "power")
"""Ops that work element by element without a ufunc."""


class Operation:
    """An op in a graph. Its subclass has Keras's name, and `settings` are what Keras's class takes in `__init__`."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, name: str | None = None, **settings: Any) -> None:
        self.name: str = name or auto_name(type(self).__name__)
        self.settings = settings
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the op on the rest of its arguments."""
        if any_symbolic(args) or any_symbolic(kwargs.values()):
            outputs = self.compute_output_spec(*args, **kwargs)
            Node(self, args, kwargs, outputs)
            return outputs
        signature = parameters(self.function)
        values = self.settings | kwargs
        free = [name for name in signature.positional if name not in values]
        values |= zip(free, args, strict=False)
        first = [values.pop(name) for name in takewhile(values.__contains__, signature.positional)]
        return self.function(*first, *args[len(free) :], **values)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs for symbolic inputs."""
        output = self._elementwise_spec(args, kwargs)
        if output is not None:
            return output
        if context.loading is not None:
            shapes = [x.shape for x in leaves([args, kwargs]) if isinstance(x, TensorOps)]
            context.loading.spend(trials.most_numbers(self.function.__name__, {**self.settings, **kwargs}, shapes))
        return infer(self, *args, **kwargs)

    def _elementwise_spec(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> KerasTensor | None:
        """Return the output of an elementwise op without computing it; None for other ops."""
        op = vars(self.function).get("op")
        listed = any(isinstance(x, list | tuple) for x in args)
        by_element = op is not None and (isinstance(op.ufunc, np.ufunc) or op.name in _BY_ELEMENT)
        if not by_element or listed or any_symbolic(kwargs.values()):
            return None
        shapes = [x.shape if isinstance(x, KerasTensor) else np.shape(x) for x in args]
        single = [trials.zero([1] * len(x.shape), x.dtype) if isinstance(x, KerasTensor) else x for x in args]
        return KerasTensor(trials.broadcast(shapes), trials.run_dry(self, single, kwargs).dtype)

    def get_config(self) -> Config:
        """Return name and settings."""
        return {"name": self.name, **self.settings}

    @classmethod
    def from_config(cls, config: Config) -> "Operation":
        """Return the op of a configuration. Options that the op here does not have are dropped if they are off."""
        known = ("name", *parameters(cls.function).names)
        return cls(**{name: value for name, value in config.items() if value or name in known})

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (type(self).__name__, self.get_config())

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"

    def _out_shapes(self) -> list[PartialShape]:
        return [y.shape for y in self._inbound_nodes[-1].outputs]

    def rowwise(self) -> bool:
        """Return whether each row of the result is known to depend only on the same row of the inputs."""
        arguments = [x for node in self._inbound_nodes for x in leaves([node.args, node.kwargs])]
        ranks = {len(x.shape) for x in arguments if isinstance(x, KerasTensor)}
        simple = all(isinstance(x, KerasTensor | int | float) for x in arguments)
        if self.function is NUMPY_OPS["concatenate"]:
            return self.settings["axis"] not in (0, None, *(-rank for rank in ranks))
        op = vars(self.function).get("op")
        return op is not None and isinstance(op.ufunc, np.ufunc) and simple and len(ranks) == 1 and min(ranks) > 1

    def serialized(self) -> Config:
        """Return the configuration, as Keras writes it."""
        kind = type(self).__name__
        return {"module": module(kind), "class_name": kind, "config": self.get_config(), "registered_name": kind}


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    for load in late_ops:
        load()
    others = {"TrueDivide": "divide", "Linear": "_linspace", "LeftShift": "left_shift", "RightShift": "right_shift"}
    named = {class_name(function): function for function in NUMPY_OPS.values()}
    return named | {name: NUMPY_OPS[op] for name, op in others.items()}


def has_op(kind: str) -> bool:
    """Return whether there is an op with a class of this name."""
    return kind in _functions()


@cache
def op_class(kind: str, home: str | None = None) -> type[Operation]:
    """Return the class of an op. Raises a ValueError if there is none, or `home` is no module of ops in Keras."""
    if not has_op(kind) or home not in (None, *HOMES):
        raise ValueError(f"There is no op of the class {kind!r:.80} in {home!r:.80}.")
    return type(kind, (Operation,), {"function": staticmethod(_functions()[kind]), "__module__": __name__})


def _make(kind: str, config: Config) -> Operation:
    return op_class(kind)(**config)


def _call_op(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Infer the result of an op on symbolic tensors, and record the call in the graph."""
    signature, name = parameters(function), function.__name__
    options = signature.defaults | signature.bind(args, kwargs)
    options.pop("out", None)
    if "data_format" in options:
        options["data_format"] = standardize_data_format(options["data_format"])
    if name in CALLED_WITH:
        called_with = CALLED_WITH[name].split()
    else:
        op = vars(function).get("op")
        first = signature.positional[: op.count if op is not None else 1]
        called_with = [n for n in signature.positional if n in first or n in ("x2", "segment_ids")]
    inputs = [options.pop(n) for n in called_with if n in options]
    named = [n for n, x in options.items() if any_symbolic([x]) or isinstance(x, TensorOps | np.ndarray)]
    tensors = {n: options.pop(n) for n in named}
    return op_class(class_name(function))(**options)(*inputs, *args[len(signature.positional) :], **tensors)


op.symbolic_call = _call_op
