"""Variables of one dtype in one piece, so that an update is a few vector calls, whatever the number of layers.

A `Pack` keeps variables as views into one array. A `Group` is a pack of parameters with the packs of all that an
optimizer keeps for them, in the same layout. A `Part` is the share of a group that one update changes, cut into pieces
small enough that a rule, which makes some ten passes over a piece, finds it in the cache.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from .._state import Structure
from .._typing import Array
from ..variable import Variable

Kept = Sequence[Variable | None]
"""What is kept for each trainable variable; None for those that are overwritten by their gradients."""

PIECE_BYTES = 2**17
"""Adam over 1.9 million weights: 2.8 ms in pieces of 128 kB to 512 kB, 3.6 of 32 kB, 5.6 in one (2 MB of L2 cache)."""
NOTHING = 1e-30
"""Averages of gradients that have become zero fade to numbers so small that processors take many times longer with
them; they are set to zero in time, as XLA does at once."""


class Pack:
    """Variables whose arrays are views into one contiguous array, in order and without gaps.

    Args:
        variables: Variables of one dtype; their values stay what they are.

    Attributes:
        flat: The array of all values.
        extents: Start and stop of each variable in it.
        views: The part of it that each variable should have as its `array`.
    """

    __slots__ = ("extents", "flat", "variables", "views")

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
                variable.array, variable.lent = view, False
                Structure.values += 1


class Group:
    """The trainable variables of one dtype, and all that is kept for each.

    Args:
        members: Their places among all trainable variables.
        variables: All trainable variables.
        slots: What the rule keeps for all variables, list by list.
        average: Moving averages of all variables, [] if there are none.
        sums: Sums of gradients of all variables, [] if there are none.

    Attributes:
        gradients: The gradients, in the layout of `parameters`; also room for a rule to compute in.
        views: The view of each variable's shape into them.
        moves: Counts how often something got another array.
    """

    def __init__(
        self, members: list[int], variables: Sequence[Variable], slots: Sequence[Kept], average: Kept, sums: Kept
    ) -> None:
        kept = [Pack(v for i in members if (v := x[i]) is not None) for x in (variables, *slots, average, sums) if x]
        self.members: list[int] = members
        self.parameters: Pack = kept[0]
        self.slots: list[Pack] = kept[1 : 1 + len(slots)]
        self.average: Pack | None = kept[1 + len(slots)] if average else None
        self.sums: Pack | None = kept[-1] if sums else None
        self.moves: int = 0
        self._kept = kept
        self._seen = -1
        self.gradients: Array = np.zeros_like(self.parameters.flat)
        self.views: list[Array] = self.parameters.cut(self.gradients)
        self.cell: Array = np.zeros((), self.gradients.dtype)
        self._numbers = np.zeros(0, self.gradients.dtype)
        self._cells: list[Array] = []

    def settle(self) -> None:
        """Move what somebody may hold to arrays which nobody else holds.

        A variable that has another array now may have left one here that a tape or a tensor still holds.
        """
        for pack in self._kept:
            for v, view in zip(pack.variables, pack.views, strict=True):
                if v.lent or v.array is not view:
                    pack.move()
                    self.moves += 1
                    break

    def sync(self) -> None:
        """Take back what was assigned since the last time."""
        if self._seen != Structure.values:
            for pack in self._kept:
                pack.sync()
            self._seen = Structure.values

    def round(self, value: float) -> float:
        """Return a number as the group's dtype holds it."""
        self.cell[()] = value
        found: float = self.cell.item()
        return found

    def constants(self, values: Sequence[float]) -> list[Array]:
        """Return numbers as arrays without axes, which NumPy takes in half the time it needs for floats."""
        if len(self._cells) != len(values):
            self._numbers = np.zeros(len(values), self.cell.dtype)
            self._cells = [self._numbers[i, ...] for i in range(len(values))]
        self._numbers[:] = values
        return self._cells


class Piece(NamedTuple):
    """A stretch of a group.

    Attributes:
        arrays: Flat views that a rule works on: parameters, gradients, room for two results, and slots.
        span: Where it is in the group.
        decay: Weight decay of its parameters.
    """

    arrays: tuple[Array, ...]
    span: slice
    decay: float | None


class Part:
    """The variables of a group that one update changes.

    Args:
        group: The group.
        chosen: Their places in the group, in ascending order.
        decays: Weight decay of each.
        whole: Whether a piece is one variable, as rules with norms want it; else pieces are of one size.
    """

    def __init__(self, group: Group, chosen: Sequence[int], decays: Sequence[float | None], whole: bool) -> None:
        self.group: Group = group
        extents = [group.parameters.extents[i] for i in chosen]
        self.gradients: list[Array] = [group.gradients[a:b] for a, b in extents]
        runs: list[tuple[int, int, float | None]] = []
        for (start, stop), decay in zip(extents, decays, strict=True):
            if runs and not whole and runs[-1][1:] == (start, decay):
                start = runs.pop()[0]
            runs.append((start, stop, decay))
        size = max((1, *(b - a for a, b in extents))) if whole else PIECE_BYTES // group.gradients.itemsize
        self._spans = [(a, min(a + size, stop), decay) for start, stop, decay in runs for a in range(start, stop, size)]
        self._room = np.empty((2, max((b - a for a, b, _ in self._spans), default=0)), group.gradients.dtype)
        self._moves: int = -1
        self._pieces: list[Piece] = []

    def pieces(self) -> list[Piece]:
        """Return the pieces, cut anew if what they are views of has moved."""
        group = self.group
        if self._moves != group.moves:
            self._moves, flat, (room, more) = group.moves, group.parameters.flat, self._room
            self._pieces = [
                Piece((flat[a:b], group.gradients[a:b], room[: b - a], more[: b - a],
                       *(slot.flat[a:b] for slot in group.slots)), slice(a, b), decay)
                for a, b, decay in self._spans
            ]  # fmt: skip
        return self._pieces

    def flush(self) -> None:
        """Set to zero what is kept and has faded to almost nothing."""
        for (_, _, _, room, *slots), _, _ in self.pieces():
            for slot in slots:
                slot[np.abs(slot, room) < NOTHING] = 0


class Choice(NamedTuple):
    """What one list of variables means for an update.

    Attributes:
        variables: The variables.
        views: Where the gradient of each belongs.
        parts: What the rule changes.
        overwritten: Variables that are replaced by their gradients, with the places of these.
        update: What updates them by the gradients in the views, None where more is to be done than the rule says.
    """

    variables: list[Variable]
    views: list[Array]
    parts: list[Part]
    overwritten: list[tuple[Variable, Array]]
    update: Callable[[], None] | None
