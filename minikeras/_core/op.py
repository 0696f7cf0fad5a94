"""Primitive operations, and the entries from which they are differentiated and replayed.

Inside a primitive every value is an ndarray, outside it is a `Tensor`. The decorator `primitive` goes between the two:
it takes the arrays out of the arguments, runs the forward function, wraps the result and tells the open recorders.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypedDict, Unpack, cast, overload

import numpy as np

from .._base.blas_threads import FEW, one_thread
from .._base.context import context
from .._base.signature import F, check_keywords, parameters, suggests
from .._base.typing import Array
from .tensor import NUMPY_OPS, HasTensor, NoValue, Tensor, any_symbolic, apart, coerce, has_tensor, narrow, recorders

if TYPE_CHECKING:
    from .op_call import OpCall

# Freed at once, it makes glibc keep freed blocks of up to its size for new arrays, which else wait for new pages.
np.empty((4 << 20) - 8192, "uint8")
P = ParamSpec("P")
_COPIED = frozenset({np.ndarray, tuple, list})
_NUMERIC = frozenset(map(np.dtype, "?bBhHiIlLqQefdgFDG"))  # in this machine's order of bytes

VJP: TypeAlias = Callable[..., Any]
"""(gradient of the output, output, *inputs, *other arguments) -> gradient of one input.

A rule is written with operators and NumPy functions alone, so that it runs on arrays and, where its own
gradient is wanted, on tensors."""


class Traits(TypedDict, total=False):
    """The properties of a primitive operation that programs and gradients use.

    Attributes:
        optional: Whether tensors may be None.
        inplace: Whether `out`, the last argument, may be the array of the first input.
        effect: Whether the op changes something, so that a replay must not leave it out.
        out_arrays: Takes the keyword arguments, and returns the arrays in which the inputs should be computed, or None
            for any. A program asks again when variables may have other arrays.
        bind: Takes the keyword arguments, and returns the function that a program calls in place of the op once the
            inputs are in those arrays. A program asks again when variables may have other arrays.
        decomposition: The op as a function of tensors, in terms of other ops. It gives the same to the last bit, and
            refuses the same inputs. Traces and programs run it. None if there is none.
        ufunc: The NumPy function, with `out` as its last argument, that a program calls where dtypes need no change.
        view: Whether the result may share the memory of the first input, in which case nothing is computed.
        stepwise: Whether it calls NumPy for each step of a sequence. In blocks of rows it would do so for each block.
        fused_vjp: Name of an op -> the place of an input that this op may have made, and a rule for the gradient of
            that op's first input. It does the work of both rules, in less time.
        common: Computes what the rules share. It takes their arguments, and its result replaces their gradient.
    """

    optional: bool
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
        vjps: One rule a tensor argument, None where the result is not differentiable in it.
        count: How many leading arguments are tensors; None if all positional ones are.
        optional, inplace, effect, out_arrays, bind, decomposition, ufunc, view, stepwise, fused_vjp, common: `Traits`.
        writes: Whether the last argument of `forward` is an `out` array to write to.
        call: The function that users call, which takes tensors and is recorded.
        draws: Whether it draws random numbers, so that each run gives others.
        vjp_all: Used in place of `vjps`. It takes the gradient of the output, the entry, its values, the ids of tensors
            whose own gradient is wanted, and the gradients so far, by id; it removes from these the ones that it adds
            to. It returns pairs (tensor, its gradient or None).
        after: Takes the output and the first input, and returns what users get; None for the output.
        replay: What a program runs: `forward` without a guard against warnings, which the program has itself.
    """

    def __init__(self, forward: Callable[..., Array], vjps: tuple[VJP | None, ...], count: int | None,
                 **traits: Unpack[Traits]) -> None:  # fmt: skip
        self.name: str = forward.__name__
        self.forward: Callable[..., Array] = forward
        self.vjps: tuple[VJP | None, ...] = vjps
        self.count: int | None = count
        self.optional: bool = traits.get("optional", False)
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
        self.call: Callable[..., Any] = forward
        self.after: Callable[[Any, Any], Any] | None = None
        self.vjp_all: Callable[..., Iterable[tuple[Any, Any]]] | None = None
        self.replay: Callable[..., Any] = getattr(forward, "__wrapped__", forward)
        signature = parameters(forward)
        self.parameters: tuple[str, ...] = signature.names
        self.defaults: dict[str, Any] = signature.defaults
        self.writes: bool = "out" in signature.names
        self.draws: bool = count == 0 or "seed" in signature.names

    def vjp(self, index: int) -> VJP | None:
        """Return the rule for one input, if it has one. An op with any number of inputs has one rule for all."""
        if self.count is None:
            rule = self.vjps[0]
            return rule and (lambda g, y, *args, **kwargs: rule(index, g, y, *args, **kwargs))
        return self.vjps[index]


class Entry:
    """A recorded op: inputs, their values at the time, other arguments, output, and the `parts` that it was run as."""

    __slots__ = ("inputs", "kwargs", "op", "output", "parts", "rest", "values")

    def __init__(self, op: Op, inputs: Sequence[Any], values: Sequence[Any], rest: tuple[Any, ...],
                 kwargs: dict[str, Any], output: "Tensor", parts: "Sequence[Entry]" = ()) -> None:  # fmt: skip
        self.op: Op = op
        self.inputs: Sequence[Any] = inputs
        self.values: Sequence[Any] = values
        self.rest: tuple[Any, ...] = rest
        self.kwargs: dict[str, Any] = kwargs and {name: _own(x) for name, x in kwargs.items()}
        self.output: Tensor = output
        self.parts: Sequence[Entry] = parts

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that are no tensors, by name."""
        names = self.op.parameters[len(self.inputs) :]
        rest = dict(zip(names, self.rest, strict=False))
        return {name: self.op.defaults.get(name) for name in names} | rest | self.kwargs


def note(entry: Entry) -> None:
    """Record an operation with all open recorders."""
    for recorder in recorders.open:
        recorder.record(entry)


late_ops: list[Callable[[], None]] = []
"""Functions that import the ops which have no NumPy name. They are called when somebody asks for all ops."""


@overload
def primitive(**traits: Unpack[Traits]) -> Callable[[Callable[P, Any]], Callable[P, Tensor]]: ...
@overload
def primitive(*vjps: VJP | None, variadic: bool = False, name: str | None = None,
              **traits: Unpack[Traits]) -> "Callable[[Callable[P, Any]], OpCall[P]]": ...  # fmt: skip
def primitive(*vjps: VJP | None, variadic: bool = False, name: str | None = None, **traits: Unpack[Traits]) -> Any:
    """Declare a primitive: the decorated function is its forward pass, `vjps` are its gradient rules.

    The forward function gets arrays (or Python numbers) for its tensor arguments, which come first.

    Args:
        vjps: One rule for each tensor argument, in their order.
        variadic: Whether all positional arguments are tensors. A single rule serves them, which gets the index first.
        name: Name of the NumPy function that runs the op on tensors, if it is not the function's own.
    """

    def declare(forward: Callable[..., Any]) -> Any:
        op = Op(forward, vjps, None if variadic else len(vjps), **traits)
        count, alone = op.count, one_thread(forward)

        @wraps(forward)
        def call(*args: Any, **kwargs: Any) -> Any:
            args = args if count is None or len(args) >= count else _by_position(op, args, kwargs)
            inputs, rest = (args, ()) if count is None else (args[:count], args[count:])
            try:
                arrays = [x if type(x) is np.ndarray and x.dtype in _NUMERIC else coerce(x) for x in inputs]
            except NoValue:
                return symbolic_call(call, args, kwargs)
            except HasTensor:
                return call(*map(_joined, inputs), *rest, **kwargs)
            large = wide = False
            for a in arrays:
                if type(a) is np.ndarray:
                    large, wide = large or a.size > FEW, wide or a.dtype.char == "d"
                elif a is None and not op.optional:
                    raise ValueError(f"{op.name.strip('_')} takes tensors or numbers. Received: None.")
            inputs, arrays = narrow(inputs, arrays) if wide else (inputs, arrays)
            if recorders.open:
                inputs, arrays, rest = _as_recorded(inputs, arrays, rest)
            entry = recorders.open[0].run(op, inputs, arrays, rest, kwargs) if recorders.open else None
            try:
                output: Any = entry.output if entry else Tensor((alone if large else forward)(*arrays, *rest, **kwargs))
            except TypeError:
                check_keywords(forward, kwargs)
                raise
            if recorders.open:
                note(entry or Entry(op, inputs, arrays, rest, kwargs, output))
            elif op.view or output.array.base is not None:
                output.array = apart(output.array, inputs, arrays)
            return output if op.after is None else op.after(output, inputs[0])

        vars(call)["op"], op.call = op, call
        NUMPY_OPS.update({} if op.effect else {name or op.name: call})
        return call

    return declare


def _joined(x: Any) -> Any:
    return NUMPY_OPS["convert_to_tensor"](x) if has_tensor(x) else x


def _as_recorded(inputs: tuple[Any, ...], arrays: list[Any], rest: tuple[Any, ...]) -> tuple[Any, list[Any], Any]:
    """Return arguments as an entry keeps them: copies of arrays that the caller may change, and casts of weights."""
    arrays = [a if type(x) is Tensor else apart(a, [x], [a]) for x, a in zip(inputs, arrays, strict=True)]
    return inputs if context.autocast is None else (*map(_recorded_cast, inputs, arrays),), arrays, _own(rest)


def _recorded_cast(x: Any, value: Any) -> Any:
    if not getattr(x, "autocast", False) or x.array.dtype == value.dtype:
        return x
    output = Tensor(value)
    note(Entry(vars(NUMPY_OPS["cast"])["op"], [x], [x.array], (x.dtype,), {}, output))
    return output


def _own(x: Any) -> Any:
    """Return an index, or other arguments, with copies of the arrays and lists in it, which the caller may change."""
    return x if type(x) not in _COPIED else x.copy() if type(x) is np.ndarray else type(x)(map(_own, x))


def _by_position(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Return the positional arguments, tensors given by name included. Raises a TypeError if one is missing."""
    for name in op.parameters[len(args) : op.count]:
        if name not in kwargs and name not in op.defaults:
            op.forward(*args, **kwargs)  # raises Python's own error
        args = (*args, kwargs.pop(name) if name in kwargs else op.defaults[name])
    return args


def composite(function: Callable[P, Tensor]) -> "OpCall[P]":
    """Declare an op made of other ops. NumPy's function of its name runs it, and it takes symbolic tensors."""

    run = suggests(function)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        is_symbolic = any_symbolic(args) or (kwargs and any_symbolic(kwargs.values()))
        return symbolic_call(call, args, kwargs) if is_symbolic else run(*args, **kwargs)

    NUMPY_OPS[function.__name__] = call
    return call


def structured(function: F) -> F:
    """Declare an op as `composite` does, for a function that returns anything but one tensor."""
    return cast(F, composite(function))


def as_op(function: Callable[P, Tensor]) -> "OpCall[P]":
    """Declare to type checkers that a function made of ops takes and gives symbolic tensors as they do."""
    return function  # type: ignore[return-value]


def symbolic_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Tensor":
    """Infer the result of a call on symbolic tensors. `keras_tensor` puts the real function here."""
    raise NotImplementedError
