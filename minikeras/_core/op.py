"""The declaration of primitives, and the record from which they are differentiated and replayed.

Inside a primitive every value is an ndarray; outside it is a `Tensor`. `primitive` makes the passage: it takes the
arrays out of its arguments, runs the forward function, wraps the result and tells the open recorders.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Never, ParamSpec, TypeAlias, TypedDict, TypeVar, Unpack, overload

import numpy as np

from .._base.blas_threads import FEW, one_thread
from .._base.context import context
from .._base.signature import check_keywords, parameters
from .._base.typing import Array
from .tensor import FLOAT64, NUMPY_OPS, HasTensor, NoValue, Tensor, any_symbolic, coerce, has_tensor, narrow, recorders

if TYPE_CHECKING:
    from .op_call import OpCall

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

VJP: TypeAlias = Callable[..., Any]
"""(gradient of the output, output, *inputs, *other arguments) -> gradient of one input.

A rule is written with operators and NumPy functions alone, so that it runs on arrays and, where its own
gradient is wanted, on tensors."""


class Traits(TypedDict, total=False):
    """The properties of a primitive operation that programs and gradients use.

    Attributes:
        inplace: Whether `out`, the last argument, may be the array of the first input.
        effect: Whether it is run for what it changes, so that a replay must not leave it out.
        out_arrays: Given the keyword arguments, the arrays in which the inputs should be computed, or None for any. A
            program asks again when variables may have other arrays.
        bind: Given the keyword arguments, returns the function that a program calls in place of the op once the inputs
            are computed there. A program asks again when variables may have other arrays.
        decomposition: The op as a function of tensors, in terms of other ops, which does the same to the last bit, and
            refuses the same. Traces run it, and programs. None if there is none.
        ufunc: The NumPy function, with `out` as its last argument, that a program calls once no dtype is to be settled.
        view: Whether the result may share the memory of the first input, and nothing is computed then.
        stepwise: Whether it calls NumPy for each step of a sequence, as it would for each block of rows.
        fused_vjp: Name of an op -> place of an input that this op may have made, and the rule for the gradient of that
            op's first input: two rules in one, where that takes less.
        common: What the rules share: it gets what they get, and they get its result in place of the gradient.
    """

    inplace: bool
    effect: bool
    out_arrays: Callable[..., Sequence[Array]] | None
    bind: Callable[..., Callable[[], object]] | None
    decomposition: Callable[..., Any] | None
    ufunc: Callable[..., Any] | None
    view: bool
    stepwise: bool
    fused_vjp: dict[str, tuple[int, VJP]]
    common: VJP


class Op:
    """A primitive operation: its forward function on arrays and a gradient rule for each tensor argument.

    Attributes:
        vjps: One rule a tensor argument, None where the result does not depend smoothly on it.
        count: How many leading arguments are tensors; None where all positional ones are.
        inplace, effect, out_arrays, bind, decomposition, ufunc, view, stepwise, fused_vjp, common: See `Traits`.
        writes: Whether the last argument of `forward` is an `out` array to write to.
        draws: Whether it gives other numbers each time, and has an effect on what is drawn later.
        needs_all: Whether none of its tensors may be None.
        vjp_all: Used in place of rules: given the gradient of the output, the entry, its values, the ids of tensors
            whose own gradient is wanted, and the gradients that there are by id, from which it takes those that it adds
            to, returns pairs (tensor, its gradient or None).
        replay: The function that a program runs in place of `forward`, without a guard that the program holds itself.
    """

    def __init__(self, forward: Callable[..., Array], vjps: tuple[VJP | None, ...], count: int | None,
                 **traits: Unpack[Traits]) -> None:  # fmt: skip
        self.name: str = forward.__name__
        self.forward: Callable[..., Array] = forward
        self.vjps: tuple[VJP | None, ...] = vjps
        self.count: int | None = count
        self.inplace: bool = traits.get("inplace", False)
        self.effect: bool = traits.get("effect", False)
        self.out_arrays: Callable[..., Sequence[Array]] | None = traits.get("out_arrays")
        self.bind: Callable[..., Callable[[], object]] | None = traits.get("bind")
        self.decomposition: Callable[..., Any] | None = traits.get("decomposition")
        self.view: bool = traits.get("view", False)
        self.stepwise: bool = traits.get("stepwise", False)
        self.fused_vjp: dict[str, tuple[int, VJP]] = traits.get("fused_vjp", {})
        self.common: VJP | None = traits.get("common")
        self.ufunc: Callable[..., Any] | None = traits.get("ufunc")
        self.vjp_all: Callable[..., Iterable[tuple[Any, Any]]] | None = None
        self.replay: Callable[..., Any] = getattr(forward, "__wrapped__", forward)
        signature = parameters(forward)
        self.parameters: tuple[str, ...] = signature.names
        self.defaults: dict[str, Any] = signature.defaults
        self.writes: bool = "out" in signature.names
        self.draws: bool = count == 0 or "seed" in signature.names
        may_lack = [name for name in self.parameters[:count] if self.defaults.get(name, 0) is None]
        free = self.name in ("clip", "equal", "not_equal") or self.name[0] == "_"  # a bound; `x == None`; own checks
        self.needs_all: bool = not (count is None or may_lack or free)

    def vjp(self, index: int) -> VJP | None:
        """Return the rule for one input, if it has one; that of an op with any number of inputs serves all."""
        if self.count is None:
            rule = self.vjps[0]
            return rule and (lambda g, y, *args, **kwargs: rule(index, g, y, *args, **kwargs))
        return self.vjps[index]


class Entry:
    """One recorded step: which op, on what, with which values then, with which result, run as which `parts`, if any."""

    __slots__ = ("inputs", "kwargs", "op", "output", "parts", "rest", "values")

    def __init__(self, op: Op, inputs: Sequence[Any], values: Sequence[Any], rest: tuple[Any, ...],
                 kwargs: dict[str, Any], output: "Tensor", parts: "Sequence[Entry]" = ()) -> None:  # fmt: skip
        self.op: Op = op
        self.inputs: Sequence[Any] = inputs
        self.values: Sequence[Any] = values
        self.rest: tuple[Any, ...] = rest
        self.kwargs: dict[str, Any] = kwargs
        self.output: Tensor = output
        self.parts: Sequence[Entry] = parts

    def arguments(self) -> dict[str, Any]:
        """Return what the arguments that are no tensors were, by name."""
        names = self.op.parameters[len(self.inputs) :]
        rest = dict(zip(names, self.rest, strict=False))
        return {name: self.op.defaults.get(name) for name in names} | rest | self.kwargs


def note(entry: Entry) -> None:
    """Record an operation with all open recorders."""
    for recorder in recorders.open:
        recorder.record(entry)


late_ops: list[Callable[[], None]] = []
"""Functions that import the ops which no NumPy function stands for, and which load when somebody asks for them."""


@overload
def primitive(**traits: Unpack[Traits]) -> Callable[[Callable[P, Any]], Callable[P, Tensor]]: ...
@overload
def primitive(*vjps: VJP | None, variadic: bool = False, name: str | None = None,
              **traits: Unpack[Traits]) -> "Callable[[Callable[P, Any]], OpCall[P]]": ...  # fmt: skip
def primitive(*vjps: VJP | None, variadic: bool = False, name: str | None = None, **traits: Unpack[Traits]) -> Any:
    """Declare a primitive: the decorated function is its forward pass, `vjps` are its gradient rules.

    The forward function gets arrays (or Python numbers) for its tensor arguments, which come first, one a rule.

    Args:
        vjps: The rules, in the order of the tensor arguments.
        variadic: Whether all positional arguments are tensors, served by one rule that gets the index first.
        name: Name of the NumPy function that the op answers for, if it is not the function's own.
    """

    def declare(forward: Callable[..., Any]) -> Any:
        op = Op(forward, vjps, None if variadic else len(vjps), **traits)
        count, alone = op.count, one_thread(forward)

        @wraps(forward)
        def call(*args: Any, **kwargs: Any) -> "Tensor":
            if count is not None and len(args) < count:
                args = _by_position(op, args, kwargs)
            inputs, rest = (args, ()) if count is None else (args[:count], args[count:])
            try:
                arrays = [x if type(x) is np.ndarray and x.dtype.isnative else coerce(x) for x in inputs]
            except NoValue:
                return symbolic_call(call, args, kwargs)
            except HasTensor:
                return call(*map(_joined, inputs), *rest, **kwargs)
            large = wide = False
            for a in arrays:
                if type(a) is np.ndarray:
                    large, wide = large or a.size > FEW, wide or a.dtype == FLOAT64
                elif a is None and op.needs_all:
                    raise ValueError(f"{op.name} takes tensors or numbers. Received: None.")
            inputs, arrays = narrow(inputs, arrays) if wide else (inputs, arrays)
            if recorders.open or op.view:  # what a tape keeps, or a view, is not what the caller may change later
                arrays = [x.copy() if type(x) is np.ndarray else a for x, a in zip(inputs, arrays, strict=True)]
                inputs, rest = _as_read(inputs, arrays), _own(rest)
            entry = recorders.open[0].run(op, inputs, arrays, rest, kwargs) if recorders.open else None
            try:
                output = entry.output if entry else Tensor((alone if large else forward)(*arrays, *rest, **kwargs))
            except TypeError:
                check_keywords(forward, kwargs)
                raise
            if recorders.open:
                note(entry or Entry(op, inputs, arrays, rest, kwargs, output))
            return output

        vars(call)["op"] = op
        NUMPY_OPS.update({} if op.effect else {name or op.name: call})
        return call

    return declare


def _joined(x: Any) -> Any:
    return NUMPY_OPS["convert_to_tensor"](x) if has_tensor(x) else x


def _as_read(inputs: tuple[Any, ...], arrays: Sequence[Any]) -> tuple[Any, ...]:
    """Return inputs, and casts of those that are weights which a layer of mixed precision reads in another dtype."""
    return inputs if context.autocast is None else tuple(map(_recorded_cast, inputs, arrays))


def _recorded_cast(x: Any, value: Any) -> Any:
    if not getattr(x, "autocast", False) or x.array.dtype == value.dtype:
        return x
    y = Tensor(value)
    note(Entry(vars(NUMPY_OPS["cast"])["op"], [x], [x.array], (y.dtype,), {}, y))
    return y


def _own(x: Any) -> Any:
    """Return an index, or other arguments, with copies of the arrays among them, which the caller may change."""
    return x.copy() if type(x) is np.ndarray else tuple(map(_own, x)) if type(x) is tuple else x


def _by_position(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Return the positional arguments, with those tensors that `kwargs` had by name; a TypeError if one is missing."""
    for name in op.parameters[len(args) : op.count]:
        if name not in kwargs and name not in op.defaults:
            op.forward(*args, **kwargs)  # raises Python's own error
        args = (*args, kwargs.pop(name) if name in kwargs else op.defaults[name])
    return args


@overload
def composite(function: Callable[P, Never]) -> Callable[P, Any]: ...
@overload
def composite(function: Callable[P, Tensor]) -> "OpCall[P]": ...
@overload
def composite(function: F) -> F: ...
def composite(function: Any) -> Any:
    """Declare an op made of other ops: NumPy's function of its name runs it, on symbolic tensors it is inferred."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args) or (kwargs and any_symbolic(kwargs.values())):
            return symbolic_call(call, args, kwargs)
        try:
            return function(*args, **kwargs)
        except TypeError:
            check_keywords(function, kwargs)
            raise

    NUMPY_OPS[function.__name__] = call
    return call


def as_op(function: Callable[P, Tensor]) -> "OpCall[P]":
    """Let checkers take a function made of ops for one, which gives symbolic tensors for such."""
    return function  # type: ignore[return-value]


def symbolic_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Tensor":
    """Infer what a call on symbolic tensors gives; `keras_tensor` puts the real function here."""
    raise NotImplementedError
