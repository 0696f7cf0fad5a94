"""Variables of one dtype in one piece, so that an update is a few vector calls, whatever the number of layers.

A `Pack` keeps variables as views into one array. A `Group` is a pack of parameters with the packs of all that an
optimizer keeps for them, in the same layout. A `Part` is the share of a group that one update changes, cut into pieces
small enough that a rule, which makes some ten passes over a piece, finds it in the cache.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from .._state import Structure
from .._typing import Array
from ..variable import Variable

PIECE_BYTES = 2**17
"""Adam over 1.9 million weights: 2.8 ms in pieces of 128 kB to 512 kB, 3.6 of 32 kB, 5.6 in one (2 MB of L2 cache)."""


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
        flat = np.empty(self.extents[-1][1], self.variables[0].dtype)
        views = self.cut(flat)
        for variable, view in zip(self.variables, views, strict=True):
            view[...] = variable.array
            variable.array = view
        self.flat: Array = flat
        self.views: list[Array] = views
        Structure.values += 1

    def sync(self) -> None:
        """Take back the values of variables that were assigned, which gave them arrays of their own."""
        for variable, view in zip(self.variables, self.views, strict=True):
            if variable.array is not view:
                view[...] = variable.array
                variable.array = view
                Structure.values += 1


class Group:
    """The trainable variables of one dtype, and all that is kept for each.

    Args:
        members: Their places among all trainable variables.
        variables: All trainable variables.
        slots: Lists of what the rule keeps for each of all variables.
        average: Moving averages of all variables, [] if there are none.
        accumulator: Sums of gradients of all variables, [] if there are none.

    Attributes:
        gradients: The gradients, in the layout of `parameters`; also room for a rule to compute in.
        cells: Arrays without axes, which hold the numbers that a rule is given: NumPy takes them faster than floats.
    """

    def __init__(
        self,
        members: list[int],
        variables: Sequence[Variable],
        slots: Sequence[Sequence[Variable | None]],
        average: Sequence[Variable | None],
        accumulator: Sequence[Variable | None],
    ) -> None:
        def pack(kept: Sequence[Variable | None]) -> Pack:
            return Pack(v for v in (kept[i] for i in members) if v is not None)

        self.members: list[int] = members
        self.parameters: Pack = pack(variables)
        self.slots: list[Pack] = [pack(slot) for slot in slots]
        self.average: Pack | None = pack(average) if average else None
        self.accumulator: Pack | None = pack(accumulator) if accumulator else None
        optional = [p for p in (self.average, self.accumulator) if p is not None]
        self._packs: list[Pack] = [self.parameters, *self.slots, *optional]
        self._seen = -1
        self.gradients: Array = np.zeros_like(self.parameters.flat)
        self.views: list[Array] = self.parameters.cut(self.gradients)
        self.cells: list[Array] = []
        self.decay: Array = np.zeros((), self.gradients.dtype)

    def sync(self) -> None:
        """Take back what was assigned since the last time."""
        if self._seen != Structure.values:
            for pack in self._packs:
                pack.sync()
            self._seen = Structure.values

    def round(self, value: float) -> float:
        """Return a number as the group's dtype holds it."""
        self.decay[()] = value
        return float(self.decay.item())

    def constants(self, values: Sequence[float]) -> list[Array]:
        """Return numbers in the group's dtype."""
        while len(self.cells) < len(values):
            self.cells.append(np.zeros_like(self.decay))
        for cell, value in zip(self.cells, values, strict=False):
            cell[()] = value
        return self.cells


class Piece(NamedTuple):
    """Flat views that a rule works on: parameters, gradients, room for two results, slots; and the weight decay."""

    parameters: Array
    gradients: Array
    room: Array
    more_room: Array
    slots: tuple[Array, ...]
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
        self.extents: list[tuple[int, int]] = [group.parameters.extents[i] for i in chosen]
        self.variables: list[Variable] = [group.parameters.variables[i] for i in chosen]
        self.views: list[Array] = [group.views[i] for i in chosen]
        runs: list[tuple[int, int, float | None]] = []
        for (start, stop), decay in zip(self.extents, decays, strict=True):
            if runs and not whole and runs[-1][1:] == (start, decay):
                start = runs.pop()[0]
            runs.append((start, stop, decay))
        size = max(b - a for a, b, _ in runs) if whole else PIECE_BYTES // group.gradients.itemsize
        self._spans = [
            (a, min(a + size, stop), decay) for start, stop, decay in runs for a in range(start, stop, max(size, 1))
        ]
        self._room = np.empty((2, max((b - a for a, b, _ in self._spans), default=0)), group.gradients.dtype)
        self._cut_from: Array | None = None
        self._pieces: list[Piece] = []

    def pieces(self) -> list[Piece]:
        """Return the pieces, cut anew if the parameters have moved."""
        group, flat = self.group, self.group.parameters.flat
        if self._cut_from is not flat:
            (room, more), self._cut_from = self._room, flat
            self._pieces = [
                Piece(flat[a:b], group.gradients[a:b], room[: b - a], more[: b - a],
                      tuple(slot.flat[a:b] for slot in group.slots), slice(a, b), decay)
                for a, b, decay in self._spans
            ]  # fmt: skip
        return self._pieces


class Choice(NamedTuple):
    """What one list of variables means for an update.

    Attributes:
        variables: The variables.
        views: Where the gradient of each belongs.
        parts: What the rule changes.
        overwritten: Variables that are replaced by their gradients, with the places of these.
    """

    variables: list[Variable]
    views: list[Array]
    parts: list[Part]
    overwritten: list[tuple[Variable, Array]]


def group_by_dtype(variables: Sequence[Variable], **kept: Any) -> list[Group]:
    """Return the groups of variables; those that are overwritten by their gradients belong to none."""
    members: dict[str, list[int]] = {}
    for i, variable in enumerate(variables):
        if not variable.overwrite_with_gradient:
            members.setdefault(variable.dtype, []).append(i)
    return [Group(found, variables, **kept) for found in members.values()]
