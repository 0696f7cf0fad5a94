"""A function of tensors traced once into a flat list of bound calls, and replayed.

A trace is the record of one eager run on real arrays. The plan keeps the steps that the outputs or an effect (an
assignment, an optimizer's update) depend on, gives each a buffer to write to, and replays them with new inputs: no
Python of any layer runs, and nothing but the outputs is allocated. The numbers are those of the eager run to the last
bit, because the same forward functions run.
"""

from _thread import LockType
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Lock
from typing import Any, cast

import numpy as np

from . import _state
from ._structure import leaves, map_structure
from ._typing import Array
from .tensor import Entry, Tensor, TensorOps, coerce, recorders
from .variable import ASSIGN, Variable


class Trace:
    """Records a run, and whether Python looked at a value on the way, so that a replay would not do the same."""

    def __init__(self, inputs: Iterable[Tensor]) -> None:
        self.entries: list[Entry] = []
        self.escaped: bool = False
        self.produced: set[int] = {id(x) for x in inputs}
        self._replaced: dict[int, Array] = {}  # what variables held before they were assigned

    def record(self, entry: Entry) -> None:
        """Append one operation that depends on the input or on a variable, draws numbers, or has an effect."""
        self.escaped |= _state.context.autocast is not None  # weights are cast on the way, which is not recorded
        op = entry.op
        depends = op.effect or op.count == 0
        for x in entry.inputs:
            depends |= id(x) in self.produced or isinstance(x, Variable)
            self.escaped |= bool(self._replaced) and isinstance(x, Tensor) and id(x.array) in self._replaced
        if depends:
            self.produced.add(id(entry.output))
            self.entries.append(entry)
        if op is ASSIGN:
            old = entry.rest[1]
            self._replaced[id(old)] = old

    def read(self, tensor: TensorOps) -> None:
        """Note that a value which the input or a variable decides was looked at."""
        if id(tensor) in self.produced or isinstance(tensor, Variable):
            self.escaped = True


class _Steps:
    """Calls in order: a function, its arguments, and where else its result is an argument."""

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[..., Any], list[Any], list[tuple[list[Any], int]]]] = []
        self.overflows = False

    def run(self) -> None:
        if self.overflows:
            with np.errstate(over="ignore"):
                self._run()
        else:
            self._run()

    def _run(self) -> None:
        for function, args, targets in self.calls:
            y = function(*args)
            for target, k in targets:
                target[k] = y


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
    """

    def __init__(self, trace: Trace, inputs: Sequence[Tensor], outputs: Any) -> None:
        self.structure: int = _state.Structure.version
        self.values: int = _state.Structure.values
        self.lock: LockType = Lock()
        self.size: int = 0
        self._main = _Steps()
        """What has effects."""
        self._tail = _Steps()
        """What only the outputs need."""
        self._bindings: list[tuple[Variable, list[Any], int, tuple[int, ...]]] = []
        self._assigned: list[Variable] = []
        self._build(trace.entries, inputs, outputs)

    def _build(self, entries: list[Entry], inputs: Sequence[Tensor], outputs: Any) -> None:
        main = _needed(entries, [])
        chosen = {id(entry) for entry in main}
        tail = [entry for entry in _needed(entries, leaves(outputs)) if id(entry) not in chosen]
        entries = [*main, *tail]
        last_use = {id(x): i for i, entry in enumerate(entries) for x in entry.inputs}
        last_use |= {id(y): len(entries) for y in leaves(outputs)}
        homes = _homes(entries)
        static: dict[int, Array] = {}  # buffers that stay where they are
        self._input_targets: list[list[tuple[list[Any], int]]] = [[] for _ in inputs]
        moving = {id(x): targets for x, targets in zip(inputs, self._input_targets, strict=True)}
        viewed: set[int] = set()  # what a step without a buffer has seen: its result may be a view
        for i, entry in enumerate(entries):
            steps = self._main if i < len(main) else self._tail
            function, args = _bound(entry)
            produced = cast(Array, entry.output.array)
            targets: list[tuple[list[Any], int]] = []
            for k, x in enumerate(entry.inputs):
                if id(x) in moving:
                    moving[id(x)].append((args, k))
                elif id(x) in static:
                    args[k] = static[id(x)]
                    if not entry.op.writes:
                        viewed.add(id(x))
                elif isinstance(x, Variable):
                    one_row = k == entry.op.repeats and produced.shape[:-1] == (1,)
                    self._bindings.append((x, args, k, produced.shape if one_row else x.shape))
            if entry.op is ASSIGN:
                self._assigned.append(entry.rest[0])
            if entry.op.writes:
                first = id(entry.inputs[0])
                free = first not in viewed and last_use[first] == i
                home = homes.get(id(entry.output))
                args[-1] = self._buffer(entry, produced, static.get(first) if free else None) if home is None else home
                static[id(entry.output)] = args[-1]
            else:
                moving[id(entry.output)] = targets
            steps.calls.append((function, args, targets))
            steps.overflows |= entry.op.replay is not entry.op.forward
        self._last: list[Any] = []
        self._outputs = map_structure(lambda y: self._place(y, static, moving), outputs)
        self._moving = [target for targets in moving.values() for target in targets]
        self._bind()

    def _buffer(self, entry: Entry, produced: Array, old: Array | None) -> Array:
        """Return the buffer a step writes to: `old`, that of its first input, where the op allows it."""
        again = any(x is entry.inputs[0] for x in entry.inputs[1:])
        fits = old is not None and old.shape == produced.shape and old.dtype == produced.dtype
        if old is not None and fits and entry.op.inplace and not again:
            return old
        self.size += produced.nbytes
        return np.empty(produced.shape, produced.dtype)

    def _place(
        self, output: Any, static: dict[int, Array], moving: dict[int, list[tuple[list[Any], int]]]
    ) -> Callable[[], Any]:
        """Return a function that gives an output after a run, as an array that is the caller's to keep."""
        if id(output) in static:
            return static[id(output)].copy
        if id(output) not in moving:
            return lambda: output
        last, k = self._last, len(self._last)
        last.append(None)
        moving[id(output)].append((last, k))
        return lambda: np.array(last[k])

    def _bind(self) -> None:
        """Look up the arrays of variables; those that the plan writes to get one that nobody else holds.

        An array that is a view is the optimizer's, which has seen to that.
        """
        for variable in self._assigned:
            if variable.array.base is None:
                variable.array = variable.array.copy()
        for variable, args, k, shape in self._bindings:
            args[k] = variable.array.reshape(shape)
        self.values = _state.Structure.values

    def run(self, inputs: Iterable[Array]) -> None:
        """Replay what has effects, on inputs of the traced shapes and dtypes."""
        if self.values != _state.Structure.values:
            self._bind()
        for x, targets in zip(inputs, self._input_targets, strict=True):
            for args, k in targets:
                args[k] = x
        self._main.run()

    def outputs(self) -> Any:
        """Return the outputs of the last run, in their structure, as arrays that are the caller's to keep."""
        self._tail.run()
        return map_structure(lambda get: get(), self._outputs)

    def call(self, inputs: Iterable[Array]) -> Any:
        """Run, return the outputs, and hold on to nothing."""
        self.run(inputs)
        outputs = self.outputs()
        for args, k in self._moving:
            args[k] = None
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


def _homes(entries: list[Entry]) -> dict[int, Array]:
    """Return where an effect wants its inputs computed, by the id of the tensor."""
    found: dict[int, Array] = {}
    for entry in entries:
        if entry.op.homes is not None:
            for x, home in zip(entry.inputs, entry.op.homes(**entry.kwargs), strict=True):
                if isinstance(x, Tensor) and x.shape == home.shape and x.dtype == home.dtype.name:
                    found.setdefault(id(x), home)
    return found


def _bound(entry: Entry) -> tuple[Callable[..., Any], list[Any]]:
    """Return a step's function, and all its arguments by position, with a place for `out` at the end."""
    op = entry.op
    args = [*(coerce(x) for x in entry.inputs), *entry.rest]
    if op.count is None or op is ASSIGN:
        return (partial(op.replay, **entry.kwargs) if entry.kwargs else op.replay), args
    for name in op.parameters[len(args) :]:
        args.append(entry.kwargs[name] if name in entry.kwargs else op.defaults[name])
    return op.replay, args


def trace(function: Callable[[Any], Any], inputs: Any) -> tuple[Any, Trace]:
    """Run a function on a structure of tensors while recording it."""
    recorder = Trace(leaves(inputs))
    recorders.open = [*recorders.open, recorder]
    try:
        outputs = function(inputs)
    finally:
        recorders.open = [r for r in recorders.open if r is not recorder]
    return outputs, recorder
