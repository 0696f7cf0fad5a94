"""Where the values of a program are, and the buffers that its steps write to: as few as possible."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np

from .._base.nested import leaves
from .._base.typing import Array
from .._core.op import Entry
from .._core.variable import Variable
from .trace import KEEP


class Symbol(str):
    """An argument that is a name in the source. All others are constants."""


class Number(Symbol):
    """The name of a variable that holds one float."""


class VariableRef(NamedTuple):
    """The array that a variable holds when the program runs, or a view of it."""

    variable: Variable
    view: Callable[[Array], Array]


Location: TypeAlias = Array | Symbol | VariableRef
"""Where a value is: in a buffer, in a new array of each run (under a name), or in a variable."""


class Memory:
    """The buffers that steps write to: as few as possible, without writing over what a later step needs.

    `locations` says where values are, by the id of the tensor. `owned` has the ids of tensors whose buffers later steps
    may take, `size` is the bytes of all buffers. With `reuse` these are arrays of the record, in memory already.
    """

    def __init__(self, entries: list[Entry], outputs: Any, locations: dict[int, Location], reuse: bool) -> None:
        self.size: int = 0
        self._reuse = reuse
        self._locations = locations
        self._whole: dict[int, int] = {}
        """For the id of each view: the id of what it is a view of."""
        self._last_use = _last_uses(entries, outputs, self._whole)
        self._targets = _targets(entries, self._last_use, locations)
        self._exposed: set[int] = set()
        """Tensors whose memory may be shared: a step that took them may have returned one, or a view of it."""
        self.owned: set[int] = set()
        self._free: dict[Any, list[Array]] = {}
        """Buffers that no step needs any more."""

    def is_done(self, x: Any, i: int) -> bool:
        """Return whether nothing after step i needs a tensor."""
        return self._last_use[id(x)] == i

    def expose(self, tensors: Iterable[Any]) -> None:
        """Note that a result may share memory with these tensors."""
        self._exposed.update(self._whole.get(id(x), id(x)) for x in tensors)

    def buffer(self, entry: Entry, i: int, anywhere: bool) -> Array | Symbol:
        """Return what step i writes to.

        That is the array in which an effect wants it, or else a buffer that is free after this step: that of any input
        (`anywhere`) or of the first one, where the op allows it, then any other, then a new one.
        """
        if (target := self._targets.get(id(entry.output))) is not None:
            return target
        self.owned.add(id(entry.output))
        produced = cast(Array, entry.output.array)
        kind = kind_of(produced)
        candidates = entry.inputs if anywhere else entry.inputs[:1] if entry.op.inplace else ()
        if produced.size == 1:  # NumPy takes longer to write over a number than elsewhere
            candidates = ()
        for x in candidates:
            if self._may_take(id(x), i) and (anywhere or not any(y is x for y in entry.inputs[1:])):
                old = cast(Array, self._locations[id(x)])
                if kind_of(old) == kind:
                    self.owned.discard(id(x))
                    return old
        if self._free.get(kind):
            return self._free[kind].pop()
        self.size += produced.nbytes
        return array_for(entry, self._reuse)

    def release(self, entry: Entry, i: int) -> None:
        """Free the buffers that no step after step i needs, by themselves or in views of them."""
        for key in {key for x in entry.inputs for key in (id(x), self._whole.get(id(x), id(x)))}:
            if self._may_take(key, i):
                old = cast(Array, self._locations[key])
                self._free.setdefault(kind_of(old), []).append(old)

    def _may_take(self, key: int, i: int) -> bool:
        return key in self.owned and key not in self._exposed and self._last_use[key] == i


def _last_uses(entries: list[Entry], outputs: Any, whole: dict[int, int]) -> dict[int, int]:
    """Return, by id, the last entry that needs a tensor or one that shares its memory.

    `whole` is filled: for the id of each view, the id of what it is a view of.
    """
    last = {id(x): i for i, entry in enumerate(entries) for x in entry.inputs}
    last |= {id(y): len(entries) for y in leaves(outputs)}
    for entry in entries:
        if entry.op.view:
            x, y = id(entry.inputs[0]), id(entry.output)
            whole[y] = whole.get(x, x)
            last[whole[y]] = max(last[whole[y]], last.get(y, 0))
    return last | {y: last[x] for y, x in whole.items()}


def _targets(entries: list[Entry], last_use: dict[int, int],
           locations: dict[int, Location]) -> dict[int, Array | Symbol | None]:  # fmt: skip
    """Return, by id, the array in which an effect wants a tensor; None if a later step needs the tensor too."""
    targets: dict[int, Array | Symbol | None] = {}
    made = {id(entry.output): i for i, entry in enumerate(entries)}
    updates: dict[int, int] = {}  # the last update by each optimizer, which writes to the arrays of all its gradients
    for i, entry in enumerate(entries):
        if entry.op.out_arrays is not None:
            before = updates.get(id(entry.kwargs["optimizer"]), -1)
            for x, target in zip(entry.inputs, entry.op.out_arrays(**entry.kwargs), strict=True):
                fits = made.get(id(x), -1) > before and x.shape == target.shape and x.dtype == target.dtype.name
                targets.setdefault(id(x), target if fits and last_use[id(x)] == i else None)
            updates[id(entry.kwargs["optimizer"])] = i
        elif entry.op is KEEP and kind_of(entry.values[0]) == kind_of(entry.values[1]) and entry.inputs[1].ndim:
            targets.setdefault(id(entry.inputs[1]), cast(Symbol, locations[id(entry.inputs[0])]))
    return targets


def settle(entries: list[Entry], outputs: Any) -> dict[int, Array]:
    """Put what only an effect uses into the effect's own array, so that the array of the record can be freed.

    Return these arrays, by the id of the tensor.
    """
    settled: dict[int, Array] = {}
    targets = _targets(entries, _last_uses(entries, outputs, {}), {})
    for entry in (entry for entry in entries if entry.op.out_arrays is not None):
        for i, x in enumerate(entry.inputs):
            if isinstance(target := targets.get(id(x)), np.ndarray):
                x.array = settled[id(x)] = target
                cast("list[Array]", entry.values)[i] = target
    return settled


def array_for(entry: Entry, reuse: bool) -> Array:
    """Return an array for the result of an entry: the recorded one if nobody else holds it, or a new one."""
    y = cast(Array, entry.output.array)
    own = reuse and y.base is None and y.flags.writeable and all(value is not y for value in entry.values)
    return y if own else np.empty_like(y)  # in the same order in memory: in another, products round otherwise


def kind_of(array: Array) -> Any:
    return array.shape, array.strides, array.dtype
