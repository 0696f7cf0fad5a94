"""The record of a run, and the part of it that a replay must repeat."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, cast

import numpy as np

from .._base.nested import leaves, map_structure, present
from .._base.typing import Array
from .._core.op import Entry, Op
from .._core.tensor import Recorder, Tensor, TensorOps, stop_recording
from .._core.variable import ASSIGN, Variable


class Trace(Recorder):
    """Records a run. It has `escaped` if Python looked at a value, so that a replay might not do the same."""

    def __init__(self, inputs: Iterable[Tensor]) -> None:
        self.entries: list[Entry] = []
        self.escaped: bool = False
        self.produced: set[int] = {id(x) for x in inputs}
        self.stateful: set[int] = set()  # of these, what does not depend on the inputs alone
        self.constants: list[Any] = []  # sketches of outputs that do not depend on the inputs
        self._read: dict[int, tuple[Variable, Array]] = {}  # what variables held when they were read or set
        self._stale: dict[int, Array] = {}  # of these, what they hold no more
        self._owners: dict[int, Any] = {}  # the optimizer that updates a variable

    def run(self, op: Op, inputs: Sequence[Any], values: Sequence[Any], rest: tuple[Any, ...],
            kwargs: dict[str, Any]) -> Entry | None:  # fmt: skip
        """Run an op as its decomposition, which gives the same to the last bit in float32 and float64."""
        if (decomposition := op.decomposition) is None:
            return None
        dtypes = {v.dtype.name for v in values if isinstance(v, np.ndarray) and v.dtype.kind not in "biu"}
        if dtypes not in ({"float32"}, {"float64"}) or (op.inplace and not values[0].flags.c_contiguous):
            return None
        stand_ins = [Tensor(v) if isinstance(v, np.ndarray) else v for v in values]
        try:
            with stop_recording(), np.errstate(over="ignore" if op.replay is not op.forward else None, under="ignore"):
                y, record = trace(lambda xs: decomposition(*xs, *rest, **kwargs), stand_ins)
        except (TypeError, ValueError, ZeroDivisionError):  # the op itself says what is wrong
            return None
        if record.escaped or not record.entries or record.entries[-1].output is not y or y.dtype not in dtypes:
            return None
        originals = {id(s): x for s, x in zip(stand_ins, inputs, strict=True)}
        parts = [*chain.from_iterable(entry.parts or [entry] for entry in record.entries)]
        for part in parts:
            part.inputs = [originals.get(id(x), x) for x in part.inputs]
        return Entry(op, inputs, values, rest, kwargs, y, parts)

    def record(self, entry: Entry) -> None:
        """Append an operation that depends on an input or a variable, draws random numbers, or has an effect."""
        op, depends = entry.op, entry.op.effect or entry.op.draws
        for x, value in zip(entry.inputs, entry.values, strict=True):
            if isinstance(x, Variable):
                depends = True
                self._read[id(value)] = x, value
            elif isinstance(x, Tensor):
                depends = depends or id(x) in self.produced
                self.check(x)
        for x in () if op.effect or not (entry.rest or entry.kwargs) else leaves((entry.rest, entry.kwargs)):
            if isinstance(x, TensorOps):  # a replay would not put a new value there
                self.read(x)
        if depends:
            self.produced.add(id(entry.output))
            self.entries.append(entry)
        if op.effect or op.draws or any(isinstance(x, Variable) or id(x) in self.stateful for x in entry.inputs):
            self.stateful.add(id(entry.output))
        if op is ASSIGN:
            self._read[id(entry.output.array)] = entry.rest[0], cast(Array, entry.output.array)
        if op.effect or op.draws:  # which changes the state of a generator
            self._stale |= {id(old): old for v, old in self._read.values() if v.array is not old}
        if op.out_arrays is not None:
            optimizer = entry.kwargs["optimizer"]
            for v in optimizer._trainable_variables:  # two optimizers would take it from each other
                self.escaped |= self._owners.setdefault(id(v), optimizer) is not optimizer

    def fingerprint(self) -> list[Any]:
        """Return what was done: equal for two runs if the program of one replays the other."""
        places: dict[int, int] = {}
        steps: list[Any] = [self.constants]
        for i, entry in enumerate(self.entries):
            links = [places.get(id(x), 0) if id(x) in self.produced else id(x) if isinstance(x, Variable) else sketch(v)
                     for x, v in zip(entry.inputs, entry.values, strict=True)]  # fmt: skip
            places[id(entry.output)] = i + 1
            rest = id(entry.rest[0]) if entry.op is ASSIGN else sketch((entry.rest, entry.kwargs))
            steps.append((entry.op.forward, links, rest))
        return steps

    def check(self, tensor: Tensor) -> None:
        """Note whether a tensor shares its memory with an old value of a variable."""
        array = cast(Array, tensor.array)
        moved = id(array) in self._read and id(tensor) not in self.produced  # another thread has moved the variable
        self.escaped |= moved or any(np.may_share_memory(array, old) for old in self._stale.values())

    def read(self, tensor: TensorOps) -> None:
        """Note that Python looked at a value, if that depends on an input or a variable."""
        self.escaped |= self.follows(tensor)

    def follows(self, tensor: TensorOps) -> bool:
        """Return whether the value depends on an input or a variable."""
        return id(tensor) in self.produced or isinstance(tensor, Variable)


def trace(function: Callable[[Any], Any], inputs: Any) -> tuple[Any, Trace]:
    """Run a function on a structure of tensors while recording it."""
    with Trace(present(inputs)) as recorder:
        outputs = function(inputs)
    for y in leaves(outputs):
        if isinstance(y, Tensor):
            recorder.check(y)
    recorder.constants = [sketch(y) for y in leaves(outputs) if id(y) not in recorder.produced]
    return outputs, recorder


def sketch(value: Any) -> Any:
    """Return a stand-in for a constant, to compare it with that of another run."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, _LISTS):
        return type(value), *[x if type(x) in _PLAIN else sketch(x) for x in value]  # an index may be either
    if isinstance(value, _ARRAYS):
        return value.shape, value.dtype.str, hash(value.tobytes())
    if isinstance(value, dict):
        return tuple([(key, sketch(item)) for key, item in value.items()])
    if isinstance(value, Variable):
        return id(value)
    return repr(value) if type(value) in (float, bool) else sketch(value.array) if isinstance(value, Tensor) else value


_PLAIN = frozenset({int, str, type(None)})  # no floats and bools, because NaN is not equal to itself, and True is to 1
_LISTS, _ARRAYS = (list, tuple), (np.ndarray, np.generic)
"""Made once: isinstance with a union of types makes the union each time."""
KEEP = Op(cast(Any, np.copyto), (None, None), 2, effect=True)
"""Keeps a value until after the run, in an array that the program got as an input."""


def keep(x: Tensor, store: Tensor) -> Entry:
    """Return an entry that copies the value of a tensor into the array `store`."""
    return Entry(KEEP, [store, x], [store.array, x.array], (), {}, Tensor(np.empty(0)))


def simplified(recorded: list[Entry], outputs: Any) -> tuple[list[Entry], Any]:
    """Return the entries that outputs and effects need, with ops taken apart and equal computations done once."""
    same: dict[int, Any] = {}
    entries: list[Entry] = []
    seen: dict[Any, Any] = {}
    effects = 0
    for entry in chain.from_iterable(entry.parts or [entry] for entry in recorded):
        inputs = [same.get(id(x), x) for x in entry.inputs]
        entries.append(Entry(entry.op, inputs, entry.values, entry.rest, entry.kwargs, entry.output))
        if entry.op.effect or entry.op.draws:
            effects += 1
            continue
        links = tuple(
            (id(x), effects) if isinstance(x, Variable) else id(x) if isinstance(x, Tensor) else (type(v), sketch(v))
            for x, v in zip(inputs, entry.values, strict=True))  # fmt: skip
        with suppress(TypeError):  # an argument has no hash
            first = seen.setdefault((entry.op, links, sketch((entry.rest, entry.kwargs))), entry.output)
            if first is not entry.output:
                same[id(entry.output)] = first
                entries.pop()
    outputs = map_structure(lambda y: same.get(id(y), y), outputs)
    needs, steps = {id(y) for y in leaves(outputs)}, list[Entry]()
    for entry in reversed(entries):
        if entry.op.effect or entry.op.draws or id(entry.output) in needs:
            steps.append(entry)
            needs.update(id(x) for x in entry.inputs)
    return steps[::-1], outputs
