"""Keeps all variables of one dtype in one array, so that an update is a few calls, however many layers there are.

In a `FlatBuffer`, the arrays of variables are views into one array. A `ParameterGroup` has the buffer of the parameters
and, in the same layout, those of the optimizer's slots. A `Segment` is the part of a group that one update changes. It
is cut into `Chunk`s that fit the cache, because a rule passes over each some ten times.
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
"""Adam over 1.9 million weights takes 2.8 ms in chunks of 128 kB to 512 kB, 3.6 in chunks of 32 kB, 5.6 in one (2 MB of
L2 cache). On two threads it takes 2.8 ms with 256 kB and 3.6 with 128 kB: they wait for each other at each call."""
PART_CHUNKS = 3
"""The least chunks for each thread: Adam takes some 60 us for one, and waking a thread may take 100."""
FLUSH_BELOW = 1e-30
"""Smaller numbers in slots are set to zero. The moving average of gradients that have become zero keeps shrinking, and
processors are many times slower with numbers below 1e-38. XLA sets these to zero at once."""


def make_rounding(dtype: DTypeLike) -> Callable[[float], float]:
    """Return a function that rounds a number to a dtype."""
    cell = np.zeros((), dtype)

    def rounded(value: float) -> float:
        cell[()] = value
        return cell.item()  # type: ignore[no-any-return]

    return rounded


class FlatBuffer:
    """Variables of one dtype whose arrays are views into one contiguous array, in order and without gaps.

    `flat` is this array. `extents` has the start and stop of each variable in it, and `views` its part.
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.variables: list[Variable] = list(variables)
        self.extents: list[tuple[int, int]] = list(pairwise(accumulate((v.size for v in self.variables), initial=0)))
        self.move()

    def cut(self, flat: Array) -> list[Array]:
        """Return views into an array of this layout, one in the shape of each variable."""
        return [flat[a:b].reshape(v.shape) for v, (a, b) in zip(self.variables, self.extents, strict=True)]

    def move(self) -> None:
        """Move the values to a new array, which nobody else holds. The old array does not change."""
        self.flat: Array = np.empty(self.extents[-1][1], self.variables[0].dtype)
        self.views: list[Array] = self.cut(self.flat)
        self.sync()

    def sync(self) -> None:
        """Copy the values of variables that have got another array, as from `assign`, and make them views again."""
        for variable, view in zip(self.variables, self.views, strict=True):
            while (held := variable.array) is not view:
                view[...] = held
                if variable.array is held:  # else another thread has assigned meanwhile
                    variable.array, variable.exposed = view, EXCLUSIVE
                    Changes.arrays += 1


class ParameterGroup:
    """The trainable variables of one dtype, and their slots.

    Args:
        members: The indices of the group's variables among all trainable ones.
        variables, slots, average, sums: The variables, slots, moving averages and accumulated gradients of all, or [].

    `gradients` has the layout of `parameters`, and rules write to it. `gradient_views` are its parts in the variables'
    shapes. `moves` counts how often a buffer got a new array.
    """

    def __init__(self, members: list[int], variables: Sequence[Variable], slots: Sequence[Slot], average: Slot,
                 sums: Slot) -> None:  # fmt: skip
        lists = [x for x in (variables, *slots, average, sums) if x]
        self._buffers = buffers = [FlatBuffer(v for i in members if (v := x[i]) is not None) for x in lists]
        self.members: list[int] = members
        self.parameters: FlatBuffer = buffers[0]
        self.slots: list[FlatBuffer] = buffers[1 : 1 + len(slots)]
        self.average: FlatBuffer | None = buffers[1 + len(slots)] if average else None
        self.sums: FlatBuffer | None = buffers[-1] if sums else None
        self.moves: int = 0
        self._synced_values = -1
        self.gradients: Array = np.zeros(self.parameters.flat.shape, self.parameters.flat.dtype)  # zeros_like writes
        self.gradient_views: list[Array] = self.parameters.cut(self.gradients)
        self.rounded: Callable[[float], float] = make_rounding(self.gradients.dtype)
        self._constants = np.zeros(0, self.gradients.dtype)
        self._cells: list[Array] = []

    def make_exclusive(self) -> None:
        """Move each buffer that somebody else may hold to a new array.

        If a variable has an array that is not its view, a tape or a tensor may still hold the view.
        """
        exposed = [v for buffer in self._buffers for v in buffer.variables if v.exposed]
        if not exposed and self._synced_values == Changes.arrays:
            return
        for buffer in self._buffers:
            if any(v.exposed or v.array is not view for v, view in zip(buffer.variables, buffer.views, strict=True)):
                buffer.move()
                self.moves += 1

    def sync(self) -> None:
        """Copy values that were assigned to variables since the last time into the buffers."""
        if self._synced_values != Changes.arrays:
            for buffer in self._buffers:
                buffer.sync()
            self._synced_values = Changes.arrays

    def constants(self, values: Sequence[float]) -> list[Array]:
        """Return numbers as arrays without axes, which take NumPy half the time of Python floats."""
        if len(self._cells) != len(values):
            self._constants = np.zeros(len(values), self.gradients.dtype)
            self._cells = [self._constants[i, ...] for i in range(len(values))]
        self._constants[:] = values
        return self._cells


class Chunk(NamedTuple):
    """A stretch of a group that is updated at once.

    `arrays` are what a rule takes: the parameters, gradients, two scratch arrays and slots. `span` is the place in the
    group, `decay` the weight decay of the parameters.
    """

    arrays: tuple[Array, ...]
    span: slice
    decay: float | None


class Segment:
    """The variables of a group that one update changes.

    Args:
        group: The group.
        places: Indices of the variables in the group, in ascending order.
        decays: The weight decay of each.
        by_variable: Whether each chunk is one variable, for rules with norms. Otherwise chunks have one size.
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
        total = max(1, sum(stop - start for start, stop, _ in runs))
        most = CHUNK_BYTES // group.gradients.itemsize
        count = max(1, min(max_threads(), -(-total // most) // PART_CHUNKS))
        pieces = -(-total // (most * count)) * count  # as many for each thread, in whole pages of memory
        size = max((1, *(b - a for a, b in extents))) if by_variable else -(-total // (1024 * pieces)) * 1024
        self._spans = [(a, min(a + size, stop), decay) for start, stop, decay in runs for a in range(start, stop, size)]
        longest = max((b - a for a, b, _ in self._spans), default=0)
        self._scratch = np.empty((count, 2, longest), group.gradients.dtype)
        self._moves: int = -1
        self._parts: list[list[Chunk]] = []

    def parts(self) -> list[list[Chunk]]:
        """Return the chunks in parts, one for each thread. They are cut anew if a buffer has moved."""
        group = self.group
        if self._moves != group.moves:
            self._moves = group.moves
            flats = [group.parameters.flat, group.gradients, *(slot.flat for slot in group.slots)]
            edges = [len(self._spans) * k // len(self._scratch) for k in range(len(self._scratch) + 1)]
            self._parts = [[] for _ in self._scratch]
            for part, scratch, (first, last) in zip(self._parts, self._scratch, pairwise(edges), strict=True):
                for start, stop, decay in self._spans[first:last]:
                    p, g, *slots = (flat[start:stop] for flat in flats)
                    part.append(Chunk((p, g, *scratch[:, : stop - start], *slots), slice(start, stop), decay))
        return self._parts

    def chunks(self) -> Iterable[Chunk]:
        """Return all chunks."""
        return chain.from_iterable(self.parts())

    def change(self, function: Callable[[Chunk], object]) -> None:
        """Call a function for each chunk, on several threads if there are many."""

        def change(part: list[Chunk]) -> None:
            for chunk in part:
                function(chunk)

        run_all([partial(change, part) for part in self.parts()])

    def flush(self) -> None:
        """Set very small numbers in slots to zero, see `FLUSH_BELOW`."""
        for chunk in self.chunks():
            _, _, scratch, _, *slots = chunk.arrays
            for slot in slots:
                slot[np.abs(slot, scratch) < FLUSH_BELOW] = 0


def change_chunk(rule: Callable[..., None] | None, k: Sequence[Array], rate: float, chunk: Chunk) -> None:
    """Apply weight decay to a chunk, then the rule with constants k."""
    if chunk.decay is not None:
        p, _, scratch, *_ = chunk.arrays
        np.multiply(p, np.asarray(chunk.decay * rate, p.dtype), scratch)
        np.subtract(p, scratch, p)
    if rule:
        rule(k, *chunk.arrays)
