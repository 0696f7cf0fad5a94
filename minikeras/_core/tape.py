"""Reverse-mode differentiation: a tape records operations, and runs them backwards."""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, wraps
from itertools import accumulate
from typing import Any, TypeAlias, cast, overload

import numpy as np

from .._base.blas_threads import one_thread
from .._base.nested import leaves, map_structure
from .._base.signature import F, R, parameters
from .._base.typing import Array, TensorLike
from .._base.user_warning import warn_user
from .op import VJP, Entry, Op, P
from .ownership import EXCLUSIVE, EXPOSED, Changes
from .tensor import NUMPY_OPS, Recorder, Tensor, TensorOps, as_values, coerce, recorders, stop_recording

_Weights: TypeAlias = TensorLike | None
_Several: TypeAlias = list[Any] | tuple[Any, ...]
_Named: TypeAlias = dict[str, Tensor | None]
SKIPPABLE = frozenset({"sigmoid", "softmax"})
"""Ops that the rule of a loss may skip, see `Op.fused_vjp`."""
_FUSED = SKIPPABLE | {"relu"}


class GradientTape(Recorder):
    """Records operations and differentiates a result with respect to what went into it.

    Variables are watched automatically, tensors with `watch`. Tapes nest: a gradient taken inside an outer tape is
    recorded there, which gives second derivatives.

    Args:
        persistent: Whether `gradient` may be called more than once. If not, the second call is a RuntimeError.
        watch_accessed_variables: Whether trainable variables are watched as soon as they are used.

    Example:
        >>> x = keras.ops.convert_to_tensor(3.0)
        >>> with keras.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> print(tape.gradient(y, x))
        Tensor(6.0, shape=(), dtype=float32)
    """

    threads: AbstractContextManager[None] = nullcontext()
    """The context in which gradients are computed: `one_thread`, unless all operations are known to be small."""

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self._entries: list[Entry] = []
        self._watched: dict[int, Any] = {}
        self._holds: list[Any] = []
        self._has_recorded = False  # whether it was opened, and can tell gradients

    def record(self, entry: Entry) -> None:
        """Append an operation, if an input of it is differentiated."""
        watched, differentiated, self.threads = self._watched, False, one_thread
        for i, x in enumerate(entry.inputs):
            if id(x) not in watched and type(x) is not Tensor and self.watch_accessed_variables and _is_trainable(x):
                watched[id(x)] = x
            differentiated = differentiated or (id(x) in watched and entry.op.vjp(i) is not None)
        for x in (*entry.rest, *entry.kwargs.values()):
            if isinstance(x, TensorOps) and not entry.op.effect and self.follows(x) and _differentiable(x):
                name = next(name for name, value in entry.arguments().items() if value is x)
                raise TypeError(f"{entry.op.name} is not differentiated with respect to `{name}`, a tensor that a "
                                "GradientTape watches. Use its stop_gradient, a number or other ops.")  # fmt: skip
        if differentiated:
            self.append(entry)

    def append(self, entry: Entry, watched: Mapping[int, Any] | None = None) -> None:
        """Append an operation that is differentiated, and watch the given variables, which are by id."""
        self._entries.append(entry)
        self._watched[id(entry.output)] = entry
        self._watched.update(watched or {})

    def maker(self, tensor: Any) -> Entry | None:
        """Return the operation that made a tensor, None if none did."""
        maker = self._watched.get(id(tensor))
        return maker if type(maker) is Entry else None

    def watch(self, tensor: Any) -> None:
        """Differentiate with respect to a tensor, or those in a list or dict, as well."""
        for x in leaves(tensor):
            if not isinstance(x, TensorOps):
                raise ValueError(f"GradientTape.watch needs a Tensor or a Variable. Received: {x!r}.")
            self._watched.setdefault(id(x), x)

    def watches(self, tensor: TensorOps) -> bool:
        """Return whether a tensor is watched, or depends on something that is."""
        return id(tensor) in self._watched

    def convert(self, tensor: TensorOps) -> None:
        """Warn that what is computed from the array is not recorded."""
        if self.follows(tensor) and _differentiable(tensor):
            warn_user("Under a GradientTape a tensor was made an array, as np.asarray does, or np.array of a list of "
                      "them: what is computed from the array has no gradient. Use minikeras.ops, such as ops.stack for "
                      "a list, or x.numpy() where no gradient is wanted.")  # fmt: skip

    def follows(self, tensor: TensorOps) -> bool:
        """Return whether a tensor is watched, or is a variable that would be as soon as it is used."""
        return id(tensor) in self._watched or (self.watch_accessed_variables and _is_trainable(tensor))

    def hold(self, variables: Iterable[Any]) -> None:
        """Hold the arrays of variables: for good if the tape is persistent, else until the gradient is taken."""
        holder = True if self.persistent else id(self)
        for v in variables:
            if v.exposed is EXCLUSIVE:
                v.exposed = holder
                self._holds.append(v)
            elif v.exposed != holder:
                v.exposed = EXPOSED  # several hold the array
        Changes.exposures += 1

    def reset(self) -> None:
        """Forget all operations recorded so far."""
        self._entries.clear()
        self._watched.clear()

    @overload
    def gradient(self, target: Any, sources: TensorOps, output_gradients: _Weights = None) -> Tensor | None: ...
    @overload
    def gradient(self, target: Any, sources: _Several, output_gradients: _Weights = None) -> list[Tensor | None]: ...
    @overload
    def gradient(self, target: Any, sources: dict[str, Any], output_gradients: _Weights = None) -> _Named: ...
    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """Return d target / d source for each source, in the structure of `sources`.

        Args:
            target: A tensor, or a list or dict of tensors. Their elements are summed.
            sources: A tensor, a variable, or a list or dict of them.
            output_gradients: Weights of the target's elements in that sum, ones by default.

        Returns:
            Tensors of the sources' shapes; None for a source that the target does not depend on.
        """
        if not self._has_recorded:
            raise RuntimeError("A non-persistent GradientTape can only be used to compute one set of gradients, "
                               "of what ran in its `with` block. Pass persistent=True to ask again.")  # fmt: skip
        self._has_recorded = self.persistent
        # A persistent tape records its own gradients, as in TensorFlow.
        others = [r for r in recorders.open if self.persistent or r is not self]
        with stop_recording(*others) if recorders.open else nullcontext():
            if isinstance(target, TensorOps):
                pairs = [(target, output_gradients)]
            else:
                targets = leaves(target)
                seeds = [None] * len(targets) if output_gradients is None else leaves(output_gradients)
                pairs = list(zip(targets, seeds, strict=True))
            ends = set(map(id, leaves(sources)))
            with self.threads:
                totals = backward([*self._entries], pairs, bool(recorders.open), self._watched, ends)
            tensors = {end: g if isinstance(g, Tensor) else Tensor(g) for end, g in totals.items() if end in ends}
            result = map_structure(lambda x: tensors.get(id(x)), sources)
        if not self.persistent:
            for v in self._holds:
                v.exposed = EXCLUSIVE if id(self) == v.exposed else v.exposed  # looked at last: a thread may expose it
            self._entries, self._watched, self._holds = [], {}, []
        return result


@np.errstate(all="ignore")  # a gradient may be infinite, such as that of sqrt at 0
def backward(entries: list[Entry], seeds: list[tuple[Any, Any]], as_tensors: bool,
             watched: Container[int], targets: Container[int] = ()) -> dict[int, Any]:  # fmt: skip
    """Run entries backwards, and return the gradients of all tensors and variables on the way, by id.

    `seeds` are pairs of a target and its gradient, None for ones. With `as_tensors` the gradients can be differentiated
    again. `watched` has the ids of what is differentiated. `targets` has the ids of tensors whose own gradient is
    wanted, so that no rule may skip them. Callers do not write to the gradients.
    """
    totals: dict[int, Any] = {}
    for target, seed in seeds:
        if isinstance(target, TensorOps) and cast(Array, target.array).dtype.kind in "fc":  # integers have no gradient
            g = np.empty_like(target.array) if seed is None else coerce(seed)
            if seed is None:
                g.fill(1)  # np.ones_like takes three times as long
            if as_tensors:
                g = seed if isinstance(seed, Tensor) else Tensor(g)
            before = totals.get(id(target))
            totals[id(target)] = g if before is None else before + g
    makers: dict[int, Entry] | None = None
    for entry in reversed(entries):
        g, op = totals.get(id(entry.output)), entry.op
        if g is None:
            continue
        values = [*map(_as_it_was, entry.inputs, entry.values)] if as_tensors else entry.values
        if op.vjp_all is not None:
            pairs = op.vjp_all(g, entry, values, targets, totals)
        else:
            if op.fused_vjp and makers is None:
                makers = {id(maker.output): maker for maker in entries if maker.op.name in _FUSED}
            fused = _skipped(entry, makers, targets) if makers else None
            pairs = _pairs(g, entry, values, fused, as_tensors, watched)
        for x, d in pairs:
            if d is not None:
                before = totals.get(id(x))
                totals[id(x)] = d if before is None else before + d
    return totals


def open_tapes() -> list[GradientTape]:
    """Return the tapes that record, the outermost first."""
    return [recorder for recorder in recorders.open if isinstance(recorder, GradientTape)]


def _as_it_was(x: Any, value: Any) -> Any:
    """Return an input; for a variable that was assigned since, a tensor of its value at the time."""
    if isinstance(x, Tensor) or getattr(x, "array", None) is value or np.isscalar(value):
        return x if isinstance(x, TensorOps) else value
    tensor = Tensor(value)
    for tape in open_tapes():
        tape.record(Entry(vars(NUMPY_OPS["positive"])["op"], [x], [value], (), {}, tensor))
    return tensor


def _pairs(g: Any, entry: Entry, values: Sequence[Any], fused: tuple[int, TensorOps, VJP] | None, as_tensors: bool,
           watched: Container[int]) -> Iterator[tuple[Any, Any]]:  # fmt: skip
    """Yield each input that is differentiated, or what it was made from if the rule is `fused`, and its gradient.

    `g` is the gradient of the entry's output, `values` are the values of its inputs. For the rest see `backward`.
    """
    y = entry.output if as_tensors else entry.output.array
    if entry.op.common is not None:
        g = entry.op.common(g, y, *values, *entry.rest, **entry.kwargs)
    for i, x in enumerate(entry.inputs):
        rule = None
        if fused is not None and fused[0] == i:
            _, x, rule = fused
        if id(x) in watched and _differentiable(x):
            rule = rule or entry.op.vjp(i)
            if rule is not None:
                yield x, _conform(rule(g, y, *values, *entry.rest, **entry.kwargs), x)


def _skipped(entry: Entry, makers: Mapping[int, Entry], targets: Container[int]) -> tuple[int, TensorOps, VJP] | None:
    """Return the place of an input that a fused rule may skip, what that was made from, and the rule."""
    for name, (place, rule) in entry.op.fused_vjp.items():
        y = entry.inputs[place]
        maker = makers.get(id(y))
        if maker is not None and maker.op.name == name and id(y) not in targets:
            a, b = maker.arguments(), entry.arguments()  # they must agree in those that both have, such as the axis
            if all(a[key] == b[key] for key in _shared(maker.op, entry.op)):
                return (place, maker.inputs[0], rule) if isinstance(maker.inputs[0], TensorOps) else None
    return None


@cache
def _shared(a: Op, b: Op) -> frozenset[str]:
    """Return the names of the arguments that both have, without tensors."""
    ours, theirs = (op.parameters[op.count :] for op in (a, b))
    return frozenset(ours) & frozenset(theirs) - {"out"}


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient over the axes along which its input was broadcast, and return it in the input's shape."""
    given: tuple[int, ...] = getattr(g, "shape", ())
    if given == shape:
        return g
    extra = len(given) - len(shape)
    if extra < 0:
        return np.broadcast_to(g, shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and given[i + extra] != 1)
    if not axes:
        return np.broadcast_to(g, shape)
    # Arrays are summed by the op too, because NumPy's own sum may round otherwise.
    total = np.sum(g, axis=axes) if isinstance(g, TensorOps) else vars(NUMPY_OPS["sum"])["op"].forward(g, axes)
    sizes = tuple(1 if i in axes else n for i, n in enumerate(given))[extra:]
    total = total if total.shape == sizes else np.reshape(total, sizes)
    return total if sizes == shape else np.broadcast_to(total, shape)  # where einsum repeats an axis of size 1


def _conform(g: Any, x: TensorOps) -> Any:
    """Return the gradient from a rule in the shape and dtype of its input."""
    array = cast(Array, x.array)
    if type(g) is np.ndarray and g.shape == array.shape and g.dtype is array.dtype:
        return g
    g = unbroadcast(g, array.shape)
    have, want = getattr(g, "array", g).dtype, array.dtype
    if have.kind == "c" and want.kind != "c":
        g = np.real(g)
    return g if have == want else g.astype(want)


def custom_gradient(f: Callable[P, tuple[R, Any]]) -> Callable[P, R]:
    """Give a function a gradient of its own. The function returns (result, gradient function).

    Args:
        f: Takes tensors. Returns the result, or several, and a function that takes their gradients and returns that of
            the argument, or a tuple with one for each. If f reads variables, the gradient function takes them as
            `variables`, and returns a pair: the gradients of the arguments, and a list of those of the variables.

    Example:
        >>> @keras.ops.custom_gradient
        ... def log1pexp(x):
        ...     e = keras.ops.exp(x)
        ...     def grad(*args, upstream=None):
        ...         (upstream,) = args if upstream is None else (upstream,)
        ...         return upstream * (1 - 1 / (1 + e))
        ...     return keras.ops.log(1 + e), grad
        >>> print(round(float(log1pexp(keras.ops.convert_to_tensor(0.0))), 4))
        0.6931
    """

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        tensors = [x if x is None or isinstance(x, TensorOps) else Tensor(as_values(x)) for x in args]
        with _Reads() as reads:
            results, gradient = cast(Any, f)(*tensors, **kwargs)
        several = isinstance(results, list | tuple)
        tapes = open_tapes()
        with stop_recording(*(r for r in recorders.open if r not in tapes)):  # in f tapes record for second gradients
            parts = [NUMPY_OPS["copy"](y) for y in (results if several else [results])]  # they may be arguments of f
            joint: Any = np.concatenate([np.reshape(y, -1) for y in parts]) if several else parts[0]
        shapes = [y.shape for y in parts]
        if tapes:
            variables = [v for v in reads.variables.values() if all(v is not x for x in args)]
            op, inputs = _custom_op(gradient, shapes if several else None, variables), [*args, *variables]
            entry = Entry(op, inputs, [coerce(x) for x in inputs], (), {}, joint)
            for tape in tapes:
                tape.record(entry)
        return [y.astype(p.dtype) for y, p in zip(_cut(joint, shapes), parts, strict=True)] if several else joint

    return call


def remat(f: F) -> F:
    """Return a function unchanged: on NumPy, to recompute it for the gradient would save no memory."""
    return f


def _cut(joint: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Cut a long tensor into tensors of the given shapes."""
    ends = accumulate(map(math.prod, shapes))
    return [np.reshape(joint[end - math.prod(shape) : end], shape) for end, shape in zip(ends, shapes, strict=True)]


def _custom_op(gradient: Callable[..., Any], shapes: Sequence[tuple[int, ...]] | None, variables: list[Any]) -> Op:
    """Return an op whose rule is a user's function. With `shapes`, its output holds several results end to end."""
    takes = parameters(gradient)
    if variables and "variables" not in takes.names and takes.varkw is None:
        raise TypeError("The gradient function of a custom_gradient needs an argument `variables`, whose gradients it "
                        f"returns after the others. The function uses {[v.path for v in variables]}.")  # fmt: skip
    named = {"variables": variables} if variables else {}

    def all_gradients(g: Any, y: Any, *inputs: Any) -> list[Any]:
        whole = g if isinstance(g, TensorOps) else Tensor(g)
        gradients = gradient(*(_cut(whole, shapes) if shapes else [whole]), **named)
        of_inputs, of_variables = gradients if variables else (gradients, [])
        each = (*(of_inputs if isinstance(of_inputs, list | tuple) else [of_inputs]), *of_variables)
        return [x if x is None or isinstance(g, TensorOps) else coerce(x) for x in each]

    def rule(index: int, gradients: Any, y: Any, *inputs: Any) -> Any:
        return np.zeros_like(inputs[index]) if gradients[index] is None else gradients[index]

    return Op(rule, (rule,), None, common=all_gradients)


class _Reads(Recorder):
    """Collects the trainable variables that operations read."""

    def __init__(self) -> None:
        self.variables: dict[int, Any] = {}

    def record(self, entry: Entry) -> None:
        self.variables |= {id(x): x for x in entry.inputs if type(x) is not Tensor and _is_trainable(x)}


def _is_trainable(x: Any) -> bool:
    return isinstance(x, TensorOps) and getattr(x, "trainable", False)


def _differentiable(x: TensorOps) -> bool:
    return cast(Array, x.array).dtype.kind in "fc"
