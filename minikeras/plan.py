"""A model traced once into a flat list of bound calls, and replayed.

A trace is the record of one eager run on real arrays. The plan keeps the steps that the outputs depend on, gives
each a buffer to write to, and replays them with a new input: no Python of any layer runs, and nothing but the
outputs is allocated. The numbers are those of the eager run to the last bit, because the same forward functions run.
"""

from _thread import LockType
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any, cast

import numpy as np

from . import _state
from ._typing import Array
from .tensor import Entry, Tensor, coerce, recorders
from .variable import Variable


class Trace:
    """Records a run, and whether Python looked at a value on the way, so that a replay would not do the same."""

    def __init__(self, inputs: Tensor) -> None:
        self.entries: list[Entry] = []
        self.escaped: bool = False
        self.produced: set[int] = {id(inputs)}

    def record(self, entry: Entry) -> None:
        """Append one operation that depends on the input or on a variable."""
        self.escaped |= _state.context.autocast is not None  # weights are cast on the way, which is not recorded
        depends = any(id(x) in self.produced or isinstance(x, Variable) for x in entry.inputs)
        if depends:
            self.produced.add(id(entry.output))
            self.entries.append(entry)

    def read(self, tensor: Tensor) -> None:
        """Note that a value which the input decides was looked at."""
        if id(tensor) in self.produced:
            self.escaped = True


class Plan:
    """The steps of a trace, with their buffers.

    Args:
        trace: The record of a run.
        inputs: What went in.
        output: What came out.

    Attributes:
        structure: State of all layers when it was made; in another state the plan may be wrong.
        lock: Held while it runs, since the buffers serve one run at a time.
        size: Bytes of all buffers.
    """

    def __init__(self, trace: Trace, inputs: Tensor, output: Tensor) -> None:
        self.structure: int = _state.Structure.version
        self.values: int = _state.Structure.values
        self.lock: LockType = Lock()
        self.size: int = 0
        self.steps: list[tuple[Callable[..., Any], list[Any], list[tuple[list[Any], int]]]] = []
        self._bindings: list[tuple[Variable, list[Any], int, tuple[int, ...]]] = []
        self._overflows = False
        self._build(_needed(trace.entries, output), inputs, output)

    def _build(self, entries: list[Entry], inputs: Tensor, output: Tensor) -> None:
        self._input_targets: list[tuple[list[Any], int]] = []
        last_use = {id(x): i for i, entry in enumerate(entries) for x in entry.inputs}
        static: dict[int, Array] = {}  # buffers that stay where they are
        moving: dict[int, list[tuple[list[Any], int]]] = {id(inputs): self._input_targets}
        viewed: set[int] = set()  # what a step without a buffer has seen: its result may be a view
        for i, entry in enumerate(entries):
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
            if entry.op.writes:
                first = id(entry.inputs[0])
                free = first not in viewed and last_use[first] == i
                args[-1] = self._buffer(entry, produced, static.get(first) if free else None)
                static[id(entry.output)] = args[-1]
            else:
                moving[id(entry.output)] = targets
            self.steps.append((function, args, targets))
            self._overflows |= entry.op.replay is not entry.op.forward
        self._result = static.get(id(output))
        self._last: list[Any] = [None]
        if self._result is None:
            moving[id(output)].append((self._last, 0))
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

    def _bind(self) -> None:
        for variable, args, k, shape in self._bindings:
            args[k] = variable.array.reshape(shape)
        self.values = _state.Structure.values

    def run(self, x: Array) -> Array:
        """Replay the steps on an input of the traced shape and dtype; the result is the caller's to keep."""
        if self.values != _state.Structure.values:
            self._bind()
        for args, k in self._input_targets:
            args[k] = x
        if self._overflows:
            with np.errstate(over="ignore"):
                self._replay()
        else:
            self._replay()
        y = cast(Array, self._last[0])
        for args, k in self._moving:
            args[k] = None  # or the input would be kept alive
        if self._result is not None:
            return self._result.copy()
        return y if y.base is None and y is not x else y.copy()

    def _replay(self) -> None:
        for function, args, targets in self.steps:
            y = function(*args)
            for target, k in targets:
                target[k] = y


def _needed(entries: list[Entry], output: Tensor) -> list[Entry]:
    """Return the entries that the output depends on, in order."""
    wanted = {id(output)}
    kept = []
    for entry in reversed(entries):
        if id(entry.output) in wanted:
            kept.append(entry)
            wanted.update(id(x) for x in entry.inputs)
    return kept[::-1]


def _bound(entry: Entry) -> tuple[Callable[..., Any], list[Any]]:
    """Return a step's function, and all its arguments by position, with a place for `out` at the end."""
    op = entry.op
    args = [*(coerce(x) for x in entry.inputs), *entry.rest]
    if op.count is None:
        return (partial(op.replay, **entry.kwargs) if entry.kwargs else op.replay), args
    for name in op.parameters[len(args) :]:
        args.append(entry.kwargs.get(name, op.defaults[name]))
    return op.replay, args


def trace(function: Callable[[Tensor], Any], inputs: Tensor) -> tuple[Any, Trace]:
    """Run a function on an input while recording it."""
    recorder = Trace(inputs)
    recorders.open = [*recorders.open, recorder]
    try:
        output = function(inputs)
    finally:
        recorders.open = [r for r in recorders.open if r is not recorder]
    return output, recorder
