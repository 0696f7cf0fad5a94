"""Variables of one dtype in one array, so that an update is a few vector calls, whatever the number of layers.

A `FlatBuffer` has variables as views into one array. A `ParameterGroup` has the buffer of some parameters, and those
of all slots that an optimizer has for them, in the same layout. A `Segment` is what one update changes of a group. It
is cut into `Chunk`s: a rule makes some ten passes over a chunk, and should find it in the cache.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate, chain, pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from .._base.blas_threads import max_threads
from .._base.pool import run_all
from .._base.typing import Array, DTypeLike
from .._core.ownership import EXCLUSIVE, Changes
from .._core.variable import Variable

Slot: TypeAlias = Sequence[Variable | None]
"""A variable for each trainable one; None for those that are overwritten by their gradients."""
CHUNK_BYTES = 2**18
"""Adam over 1.9 million weights, in ms: 2.8 in chunks of 128 kB to 512 kB, 3.6 of 32 kB, 5.6 in one (2 MB of L2 cache).
On two threads 2.8 of 256 kB, 3.6 of 128 kB: they wait for each other at each call."""
PART_CHUNKS = 2
"""Chunks that are worth another thread: Adam takes some 100 us for each."""
FLUSH_BELOW = 1e-30
"""Slots are set to zero where they are smaller. Means of gradients that have become zero fade, and processors take many
times longer with numbers below 1e-38. XLA sets these to zero at once."""


def make_rounding(dtype: DTypeLike) -> Callable[[float], float]:
    """Return a function that rounds a number as a dtype does."""
    cell = np.zeros((), dtype)

    def rounded(value: float) -> float:
        cell[()] = value
        return cell.item()  # type: ignore[no-any-return]

    return rounded


class FlatBuffer:
    """Variables of one dtype whose arrays are views into one contiguous array, in order and without gaps.

    `flat` is this array, `extents` has start and stop of each variable in it, and `views` what its `array` should be.
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.variables: list[Variable] = list(variables)
        self.extents: list[tuple[int, int]] = list(pairwise(accumulate((v.size for v in self.variables), initial=0)))
        self.move()

    def cut(self, flat: Array) -> list[Array]:
        """Return the views of each variable's shape into an array of this layout."""
        return [flat[a:b].reshape(v.shape) for v, (a, b) in zip(self.variables, self.extents, strict=True)]

    def move(self) -> None:
        """Move the values to a new array, which nobody else holds; the old one is left as it is."""
        self.flat: Array = np.empty(self.extents[-1][1], self.variables[0].dtype)
        self.views: list[Array] = self.cut(self.flat)
        self.sync()

    def sync(self) -> None:
        """Copy the values of variables that have another array, as `assign` gives them, and make them views again."""
        for variable, view in zip(self.variables, self.views, strict=True):
            if variable.array is not view:
                view[...] = variable.array
                variable.array, variable.exposed = view, EXCLUSIVE
                Changes.arrays += 1


class ParameterGroup:
    """The trainable variables of one dtype, and their slots.

    Args:
        members: Their indices among all trainable variables.
        variables, slots, average, sums: Of all, or []: variables, lists of slots, moving averages, sums of gradients.

    `gradients` are in the layout of `parameters`, and rules compute in them, too; `views` are those of each variable's
    shape into them; `moves` counts how often a buffer moved.
    """

    def __init__(self, members: list[int], variables: Sequence[Variable], slots: Sequence[Slot], average: Slot,
                 sums: Slot) -> None:  # fmt: skip
        lists = [x for x in (variables, *slots, average, sums) if x]
        buffers = [FlatBuffer(v for i in members if (v := x[i]) is not None) for x in lists]
        self.members: list[int] = members
        self.parameters: FlatBuffer = buffers[0]
        self.slots: list[FlatBuffer] = buffers[1 : 1 + len(slots)]
        self.average: FlatBuffer | None = buffers[1 + len(slots)] if average else None
        self.sums: FlatBuffer | None = buffers[-1] if sums else None
        self.moves: int = 0
        self._buffers = buffers
        self._synced_values = -1
        self.gradients: Array = np.zeros_like(self.parameters.flat)
        self.views: list[Array] = self.parameters.cut(self.gradients)
        self.rounded: Callable[[float], float] = make_rounding(self.gradients.dtype)
        self._constants = np.zeros(0, self.gradients.dtype)
        self._cells: list[Array] = []

    def make_exclusive(self) -> None:
        """Move each buffer that somebody may hold to an array which nobody else holds.

        A variable that has another array than its view may have left the view to a tape or a tensor.
        """
        exposed = [v for buffer in self._buffers for v in buffer.variables if v.exposed]
        if not exposed and self._synced_values == Changes.arrays:
            return
        for buffer in self._buffers:
            if any(v.exposed or v.array is not view for v, view in zip(buffer.variables, buffer.views, strict=True)):
                buffer.move()
                self.moves += 1

    def sync(self) -> None:
        """Copy what was assigned to variables since the last time into the buffers."""
        if self._synced_values != Changes.arrays:
            for buffer in self._buffers:
                buffer.sync()
            self._synced_values = Changes.arrays

    def constants(self, values: Sequence[float]) -> list[Array]:
        """Return numbers as arrays without axes, which NumPy takes in half the time it needs for floats."""
        if len(self._cells) != len(values):
            self._constants = np.zeros(len(values), self.gradients.dtype)
            self._cells = [self._constants[i, ...] for i in range(len(values))]
        self._constants[:] = values
        return self._cells


class Chunk(NamedTuple):
    """A stretch of a group: the flat views that a rule works on, which are parameters, gradients, two scratch arrays
    (those of all chunks of a part) and slots; where it is in the group; and the weight decay of its parameters.
    """

    arrays: tuple[Array, ...]
    span: slice
    decay: float | None


class Segment:
    """The variables of a group that one update changes.

    Args:
        group: The group.
        places: Indices of the variables in the group, in ascending order.
        decays: Weight decay of each.
        by_variable: Whether a chunk is one variable, as rules with norms want it; else chunks are of one size.
    """

    def __init__(self, group: ParameterGroup, places: Sequence[int], decays: Sequence[float | None],
                 by_variable: bool) -> None:  # fmt: skip
        self.group: ParameterGroup = group
        extents = [group.parameters.extents[i] for i in places]
        self.gradients: list[Array] = [group.gradients[a:b] for a, b in extents]
        runs: list[tuple[int, int, float | None]] = []
        for (start, stop), decay in zip(extents, decays, strict=True):
            if runs and not by_variable and runs[-1][1:] == (start, decay):
                start = runs.pop()[0]
            runs.append((start, stop, decay))
        longest = max((1, *(b - a for a, b in extents)))
        size = longest if by_variable else CHUNK_BYTES // group.gradients.itemsize
        self._spans = [(a, min(a + size, stop), decay) for start, stop, decay in runs for a in range(start, stop, size)]
        longest = max((b - a for a, b, _ in self._spans), default=0)
        count = max(1, min(max_threads(), len(self._spans) // PART_CHUNKS))
        self._scratch = np.empty((count, 2, longest), group.gradients.dtype)
        self._moves: int = -1
        self._parts: list[list[Chunk]] = []

    def parts(self) -> list[list[Chunk]]:
        """Return the chunks, cut anew if a buffer has moved, in parts that threads may change at the same time."""
        group = self.group
        if self._moves != group.moves:
            self._moves, flat, count = group.moves, group.parameters.flat, len(self._scratch)
            edges = [len(self._spans) * k // count for k in range(count + 1)]
            self._parts = [
                [Chunk((flat[a:b], group.gradients[a:b], s[: b - a], t[: b - a],
                        *(slot.flat[a:b] for slot in group.slots)), slice(a, b), decay)
                 for a, b, decay in self._spans[start:stop]]
                for (s, t), (start, stop) in zip(self._scratch, pairwise(edges), strict=True)]  # fmt: skip
        return self._parts

    def chunks(self) -> Iterable[Chunk]:
        """Return all chunks."""
        return chain.from_iterable(self.parts())

    def change(self, function: Callable[[Chunk], object]) -> None:
        """Call a function for each chunk, on several threads where there are many."""

        def change(part: list[Chunk]) -> None:
            for chunk in part:
                function(chunk)

        run_all([partial(change, part) for part in self.parts()])

    def flush(self) -> None:
        """Set slots to zero where they have faded to almost nothing."""
        for (_, _, scratch, _, *slots), _, _ in self.chunks():
            for slot in slots:
                slot[np.abs(slot, scratch) < FLUSH_BELOW] = 0


def change_chunk(rule: Callable[..., None] | None, k: Sequence[Array], rate: float, chunk: Chunk) -> None:
    """Decay the weights of a chunk, and change them by the rule with constants k."""
    if chunk.decay is not None:
        p, _, scratch, *_ = chunk.arrays
        np.multiply(p, np.asarray(chunk.decay * rate, p.dtype), scratch)
        np.subtract(p, scratch, p)
    if rule:
        rule(k, *chunk.arrays)
