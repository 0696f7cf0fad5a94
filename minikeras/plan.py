"""A function of tensors traced once into a flat list of bound calls, and replayed.

A trace is the record of one eager run on real arrays. The plan keeps the steps that the outputs or an effect (an
assignment, an optimizer's update) depend on, gives each a buffer to write to, and replays them with new inputs: no
Python of any layer runs, and nothing but the outputs is allocated. The numbers are those of the eager run to the last
bit, because the same forward functions run.
"""

from _thread import LockType
from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from threading import Lock
from typing import Any, TypeAlias, cast

import numpy as np

from . import _state
from ._structure import leaves, map_structure
from ._typing import Array
from .tensor import Entry, Tensor, TensorOps, recorders
from .variable import ASSIGN, Variable


class Trace:
    """Records a run, and whether Python looked at a value on the way, so that a replay would not do the same."""

    def __init__(self, inputs: Iterable[Tensor]) -> None:
        self.entries: list[Entry] = []
        self.escaped: bool = False
        self.produced: set[int] = {id(x) for x in inputs}
        self._read: dict[int, tuple[Variable, Array]] = {}  # what variables held when they were read
        self._stale: list[Array] = []  # what they do not hold any more, where a replay finds their new values
        self._owners: dict[int, Any] = {}

    def record(self, entry: Entry) -> None:
        """Append one operation that depends on the input or on a variable, draws numbers, or has an effect."""
        self.escaped |= _state.context.autocast is not None  # weights are cast on the way, which is not recorded
        op = entry.op
        depends = op.effect or op.count == 0
        for x, value in zip(entry.inputs, entry.values, strict=True):
            depends |= id(x) in self.produced or isinstance(x, Variable)
            if isinstance(x, Variable):
                self._read[id(value)] = x, value
            elif isinstance(x, Tensor):
                self.check(x)
        if depends:
            self.produced.add(id(entry.output))
            self.entries.append(entry)
        if op.effect:
            assigned = [entry.rest[1]] if op is ASSIGN else []
            self._stale = self._stale + assigned + [old for v, old in self._read.values() if v.array is not old]
        for v in entry.kwargs["variables"] if op.homes else ():  # which two optimizers would take from each other
            optimizer = entry.kwargs["optimizer"]
            self.escaped |= self._owners.setdefault(id(v), optimizer) is not optimizer

    def outline(self) -> list[Any]:
        """Return what was done, such that two runs that a plan would replay alike have equal outlines."""
        places: dict[int, int] = {}
        found = []
        for i, entry in enumerate(self.entries):
            links = [
                places.get(id(x), 0) if id(x) in self.produced else id(x) if isinstance(x, Variable) else _sketch(value)
                for x, value in zip(entry.inputs, entry.values, strict=True)
            ]
            places[id(entry.output)] = i + 1
            rest = id(entry.rest[0]) if entry.op is ASSIGN else _sketch((entry.rest, entry.kwargs))
            found.append((entry.op.forward, links, rest))
        return found

    def check(self, tensor: Tensor) -> None:
        """Note a tensor that shares its memory with the old value of a variable."""
        array = cast(Array, tensor.array)
        self.escaped |= any(np.may_share_memory(array, old) for old in self._stale)

    def read(self, tensor: TensorOps) -> None:
        """Note that a value which the input or a variable decides was looked at."""
        if id(tensor) in self.produced or isinstance(tensor, Variable):
            self.escaped = True


_PRODUCTS = frozenset({"affine", "project", "matmul"})


def _sketch(value: Any) -> Any:
    """Return something by which to compare a constant with that of another run."""
    if isinstance(value, np.ndarray | np.generic):
        return value.shape, value.dtype.str, hash(value.tobytes())
    if isinstance(value, list | tuple):
        return [_sketch(item) for item in value]
    if isinstance(value, dict):
        return {key: _sketch(item) for key, item in value.items()}
    if isinstance(value, Variable):
        return id(value)
    return _sketch(value.array) if isinstance(value, Tensor) else value


Target: TypeAlias = tuple[list[Any], int]
"""A place among the arguments of a step, or among the outputs."""


class _Moving:
    """An array that is another in each run: where it is an argument, and views of it that are."""

    __slots__ = ("targets", "views")

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.views: list[tuple[Callable[[Array], Array], _Moving]] = []

    def set(self, array: Any) -> None:
        """Pass an array on."""
        for args, k in self.targets:
            args[k] = array
        for view, moving in self.views:
            moving.set(view(array))

    def is_awaited(self) -> bool:
        """Tell whether the array is passed on at all."""
        return bool(self.targets) or any(moving.is_awaited() for _, moving in self.views)

    def clear(self) -> None:
        """Hold on to nothing."""
        for args, k in self.targets:
            args[k] = None
        for _, moving in self.views:
            moving.clear()


class _Steps:
    """Calls in order: a function, its arguments, and what its result is passed on to."""

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[..., Any], Sequence[Any], _Moving | None]] = []
        self.overflows = False

    def run(self, guarded: bool = False) -> None:
        """Run them all; an exponential may overflow to infinity on purpose."""
        if self.overflows and not guarded:
            with np.errstate(over="ignore"):
                self._run()
        else:
            self._run()

    def _run(self) -> None:
        for function, args, moving in self.calls:
            y = function(*args)
            if moving is not None:
                moving.set(y)

    def fix(self, changing: Container[int]) -> None:
        """Make what stays as it is quicker to run: the arguments that no one changes, and results no one waits for."""
        self.calls = [
            (
                function,
                args if id(args) in changing else tuple(args),
                moving if moving and moving.is_awaited() else None,
            )
            for function, args, moving in self.calls
        ]


class Plan:
    """The steps of a trace, with their buffers.

    Args:
        trace: The record of a run.
        inputs: What went in.
        outputs: What came out: a tensor, or a structure of tensors and other things.

    Attributes:
        structure: State of all layers when it was made; in another state the plan may be wrong.
        lock: Held while it runs, since the buffers serve one run at a time.
        size: Bytes of all buffers.
        work: Multiplications in the largest product of matrices.
        masked: Whether an output has a mask, which a replay does not give.
    """

    def __init__(self, trace: Trace, inputs: Sequence[Tensor], outputs: Any) -> None:
        self.structure: int = _state.Structure.version
        self.values: int = _state.Structure.values
        self.lock: LockType = Lock()
        self.size: int = 0
        self.work: int = max((_multiplications(entry) for entry in trace.entries), default=0)
        self.masked: bool = any(getattr(y, "keras_mask", None) is not None for y in leaves(outputs))
        self._main = _Steps()
        """What goes up to the last effect."""
        self._tail = _Steps()
        """What comes after, for the outputs alone."""
        self._static: dict[int, Array] = {}
        """Arrays that stay where they are, by the id of the tensor."""
        self._views: dict[int, tuple[Variable, Callable[[Array], Array]]] = {}
        """Views of variables, which are looked up again when a variable is assigned."""
        self._bindings: list[tuple[Variable, list[Any], int, Callable[[Array], Array]]] = []
        self._assigned: list[Variable] = []
        self._settling: list[Callable[[], Any]] = []
        self._inputs: list[_Moving] = [_Moving() for _ in inputs]
        self._moving: dict[int, _Moving] = {id(x): moving for x, moving in zip(inputs, self._inputs, strict=True)}
        """Where else an array that is another in each run is an argument."""
        entries = _needed(trace.entries, leaves(outputs))
        split = max((i + 1 for i, entry in enumerate(entries) if entry.op.effect), default=0)
        self._last_use = _last_uses(entries, outputs)
        self._elementwise: dict[int, list[Any]] = {}
        """Arguments of the steps that a bare NumPy function does, the last of which it writes to."""
        self._exposed: set[int] = set()
        """What a step has seen that may return its argument, or a view of it."""
        homes = _homes(entries, self._last_use)
        for i, entry in enumerate(entries):
            if entry.op.homes is not None:
                self._settling.append(partial(entry.op.homes, **entry.kwargs))
            if entry.op is ASSIGN:
                self._assigned.append(entry.rest[0])
                if self._assign_directly(entry, i):
                    continue
            if not (entry.op.view and self._fold(entry)):
                self._add(self._main if i < split else self._tail, entry, i, homes.get(id(entry.output)))
        self._last: list[Any] = []
        self._outputs = map_structure(self._place, outputs)
        changing = {id(args) for _, args, _, _ in self._bindings}
        changing |= {id(args) for moving in self._moving.values() for args, _ in moving.targets}
        self._main.fix(changing)
        self._tail.fix(changing)
        self._bind()

    def _fold(self, entry: Entry) -> bool:
        """Take a view of an array that stays where it is once and for all, and tell whether it is one."""
        function, args = _bound(entry)
        x, rest = entry.inputs[0], args[1:]
        if id(x) in self._static:
            array = self._static[id(x)]
            view = function(array, *rest)
            if not np.shares_memory(view, array):
                return False
            self._static[id(entry.output)] = view
            return True
        if isinstance(x, Variable) or id(x) in self._views:
            variable, before = self._views.get(id(x), (x, _same))
            self._views[id(entry.output)] = variable, lambda array: function(before(array), *rest)
            return True
        if id(x) in self._moving:
            moving = _Moving()
            self._moving[id(x)].views.append((_quick_view(entry) or (lambda array: function(array, *rest)), moving))
            self._moving[id(entry.output)] = moving
            return True
        return False

    def _assign_directly(self, entry: Entry, i: int) -> bool:
        """Let the step before an assignment write to the variable, and tell whether it can."""
        value, variable = entry.inputs[0], entry.rest[0]
        args = self._elementwise.get(id(value))
        buffer = self._static.get(id(value))
        if args is None or args is not self._main.calls[-1][1] or self._last_use[id(value)] != i or buffer is None:
            return False
        if buffer.dtype != variable.array.dtype:
            return False
        self._bindings.append((variable, args, len(args) - 1, _same))
        self._views[id(entry.output)] = variable, _same
        return True

    def _add(self, steps: _Steps, entry: Entry, i: int, home: Array | None) -> None:
        """Append a step, with a buffer to write to where it can."""
        op = entry.op
        produced = cast(Array, entry.output.array)
        function, args, writes = _settled(entry, produced) or (*_bound(entry), op.writes)
        for k, x in enumerate(entry.inputs):
            if id(x) in self._moving:
                self._moving[id(x)].targets.append((args, k))
            elif id(x) in self._static:
                args[k] = self._static[id(x)]
                if not writes:
                    self._exposed.add(id(x))
            elif isinstance(x, Variable) or id(x) in self._views:
                variable, view = self._views.get(id(x), (x, _same))
                if k == op.repeats and produced.shape[:-1] == (1,):
                    view = partial(np.reshape, shape=produced.shape)
                self._bindings.append((variable, args, k, view))
        moving = _Moving()
        if writes:
            args[-1] = self._buffer(entry, i, produced) if home is None else home
            self._static[id(entry.output)] = args[-1]
            if function is op.bare and home is None:
                self._elementwise[id(entry.output)] = args
        else:
            self._moving[id(entry.output)] = moving
        steps.calls.append((function, args, moving))
        steps.overflows |= op.replay is not op.forward

    def _buffer(self, entry: Entry, i: int, produced: Array) -> Array:
        """Return what a step writes to: the array of its first input, if the op allows it and nobody else needs it."""
        first = entry.inputs[0] if entry.inputs else None
        old = self._static.get(id(first))
        if old is not None and not old.flags.writeable:  # a view that repeats its elements
            old = None
        free = self._last_use.get(id(first)) == i and id(first) not in self._exposed
        again = any(x is first for x in entry.inputs[1:])
        fits = old is not None and (old.shape, old.strides, old.dtype) == (
            produced.shape,
            produced.strides,
            produced.dtype,
        )
        if old is not None and free and fits and entry.op.inplace and not again:
            return old
        self.size += produced.nbytes
        return np.empty_like(produced)  # in the same order in memory, for products round differently in another

    def _place(self, output: Any) -> Callable[[], Any]:
        """Return a function that gives an output after a run, as an array that is the caller's to keep."""
        if id(output) in self._static:
            return self._static[id(output)].copy
        if id(output) in self._views:
            variable, view = self._views[id(output)]
            return lambda: view(variable.array).copy()
        if id(output) not in self._moving:
            return lambda: output
        last, k = self._last, len(self._last)
        last.append(None)
        self._moving[id(output)].targets.append((last, k))
        return lambda: np.array(last[k])

    def _bind(self) -> None:
        """Look up the arrays of variables; those that the plan writes to get one that nobody else holds."""
        for settle in self._settling:
            settle()
        for variable in self._assigned:
            variable.own()
        for variable, args, k, view in self._bindings:
            args[k] = view(variable.array)
        self.values = _state.Structure.values

    def run(self, inputs: Iterable[Array], guarded: bool = False) -> None:
        """Replay what has effects, on inputs of the traced shapes and dtypes.

        Args:
            inputs: The inputs.
            guarded: Whether the caller sees to it that NumPy does not warn.
        """
        if self.values != _state.Structure.values:
            self._bind()
        for x, moving in zip(inputs, self._inputs, strict=True):
            moving.set(x)
        self._main.run(guarded)

    def outputs(self) -> Any:
        """Return the outputs of the last run, in their structure, as arrays that are the caller's to keep."""
        self._tail.run()
        return map_structure(lambda get: get(), self._outputs)

    def call(self, inputs: Iterable[Array]) -> Any:
        """Run, return the outputs, and hold on to nothing."""
        self.run(inputs)
        outputs = self.outputs()
        for moving in self._inputs:
            moving.clear()
        return outputs


def _needed(entries: list[Entry], outputs: list[Any]) -> list[Entry]:
    """Return the entries that have effects, or that outputs or effects depend on, in order."""
    wanted = {id(y) for y in outputs}
    kept = []
    for entry in reversed(entries):
        if entry.op.effect or id(entry.output) in wanted:
            kept.append(entry)
            wanted.update(id(x) for x in entry.inputs)
    return kept[::-1]


def _last_uses(entries: list[Entry], outputs: Any) -> dict[int, int]:
    """Return after which entry each tensor, or any that shares its memory, is not needed any more."""
    last = {id(x): i for i, entry in enumerate(entries) for x in entry.inputs}
    last |= {id(y): len(entries) for y in leaves(outputs)}
    whole: dict[int, int] = {}  # of a view, by id, what it looks at in the end
    for entry in entries:
        if entry.op.view:
            x, y = id(entry.inputs[0]), id(entry.output)
            whole[y] = whole.get(x, x)
            last[whole[y]] = max(last[whole[y]], last.get(y, 0))
    return last | {y: last[x] for y, x in whole.items()}


def _homes(entries: list[Entry], last_use: dict[int, int]) -> dict[int, Array]:
    """Return where an effect wants its inputs computed, by the id of the tensor, if nobody needs them later."""
    found: dict[int, Array] = {}
    for i, entry in enumerate(entries):
        if entry.op.homes is not None:
            for x, home in zip(entry.inputs, entry.op.homes(**entry.kwargs), strict=True):
                fits = isinstance(x, Tensor) and x.shape == home.shape and x.dtype == home.dtype.name
                if fits and last_use[id(x)] == i:
                    found.setdefault(id(x), home)
    return found


def _bound(entry: Entry) -> tuple[Callable[..., Any], list[Any]]:
    """Return a step's function, and all its arguments by position, with a place for `out` at the end."""
    op = entry.op
    args = [*entry.values, *entry.rest]
    if op.count is None or op is ASSIGN:
        return (partial(op.replay, **entry.kwargs) if entry.kwargs else op.replay), args
    for name in op.parameters[len(args) :]:
        args.append(entry.kwargs[name] if name in entry.kwargs else op.defaults[name])
    return op.replay, args


def _multiplications(entry: Entry) -> int:
    """Return how many multiplications a product of matrices takes, 0 for another operation."""
    return cast(Array, entry.output.array).size * entry.values[0].shape[-1] if entry.op.name in _PRODUCTS else 0


def _settled(entry: Entry, produced: Array) -> tuple[Callable[..., Any], list[Any], bool] | None:
    """Return the bare NumPy function where the op would call it with these very arguments, None elsewhere."""
    op = entry.op
    arrays = [x for x in entry.values if isinstance(x, np.ndarray)]
    numbers = [x for x in entry.values if not isinstance(x, np.ndarray)]
    dtype = next((a.dtype for a in arrays if a.dtype.kind == "f"), None)
    if op.bare is None or dtype is None or any(a.dtype not in (dtype, np.bool_) for a in arrays):
        return None
    if produced.dtype not in (dtype, np.bool_) or not all(type(x) in (int, float) for x in numbers):
        return None
    args = [x if isinstance(x, np.ndarray) else np.asarray(x, dtype) for x in entry.values]  # half the time of a number
    return op.bare, [*args, None], True


def _quick_view(entry: Entry) -> Callable[[Array], Array] | None:
    """Return a quick way to take the view of an array that an entry takes, None if there is none."""
    x, y = entry.inputs[0].array, cast(Array, entry.output.array)
    if not np.shares_memory(x, y):
        return None
    if x.flags.c_contiguous and y.flags.c_contiguous and x.size == y.size:
        shape = y.shape  # the array itself must not be kept
        return lambda array: array.reshape(shape)
    return np.ndarray.transpose if y.ndim > 1 and y.strides == x.strides[::-1] and y.shape == x.shape[::-1] else None


def _same(array: Array) -> Array:
    return array[...]


def trace(function: Callable[[Any], Any], inputs: Any) -> tuple[Any, Trace]:
    """Run a function on a structure of tensors while recording it."""
    recorder = Trace(leaves(inputs))
    recorders.open = [*recorders.open, recorder]
    try:
        outputs = function(inputs)
    finally:
        recorders.open = [r for r in recorders.open if r is not recorder]
    for y in leaves(outputs):
        if isinstance(y, Tensor):
            recorder.check(y)
    return outputs, recorder
