"""The limits of what a model may cost that is made of a file."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np


class Loading:
    """The limits for a model that is made of a file, before the file is seen to hold its weights.

    Meanwhile a variable that an initializer would fill gets an array of its shape that takes no memory. All variables
    together may have `room` numbers, `work` may be computed to find out shapes, and so many names of `objects` may be
    looked up: a layer takes about ten.
    """

    def __init__(self, room: int, work: int = 2**28, objects: int = 2**15) -> None:
        self.room = room
        self.work = work
        self.objects = objects
        self.unfilled: list[tuple[Any, Callable[..., Any], Any]] = []

    def reserve(self, variable: Any, initializer: Callable[..., Any], shape: tuple[int, ...], dtype: str) -> Any:
        """Return an array for a variable until the file or `fill` has another; a ValueError if there are too many."""
        self.room -= math.prod(shape)
        if self.room < 0:
            raise ValueError(f"a weight of shape {shape} would be more than all that the file holds")
        array = np.broadcast_to(np.zeros((), dtype), shape)
        self.unfilled.append((variable, initializer, array))
        return array

    def fill(self, room: int) -> None:
        """Run the initializers of the variables that have not been set since, of so many numbers together."""
        left = [entry for entry in self.unfilled if entry[0].array is entry[2]]
        if sum(array.size for _, _, array in left) > room:
            raise ValueError("the state of optimizer and metrics would be out of proportion to what the file holds")
        for variable, initializer, array in left:
            variable.assign(initializer(array.shape, dtype=array.dtype.name))

    def count(self) -> None:
        """Count an object that is named, and raise a ValueError if there are too many."""
        self.objects -= 1
        if self.objects < 0:
            raise ValueError("it describes more objects than a model has")

    def check(self, shape: tuple[int | None, ...]) -> None:
        """Refuse a tensor with sizes out of all proportion, and a graph of too many tensors."""
        self.spend(2**15)  # about as many numbers as the time would do that a tensor of a graph takes: 8192 of them
        if any(n is not None and not 0 <= n < 2**53 for n in shape):
            raise ValueError(f"a tensor of shape {shape!s:.200} has a size that no array can have")

    def spend(self, numbers: int) -> None:
        """Count what is computed, and raise a ValueError if it is too much."""
        self.work -= numbers
        if self.work < 0:
            raise ValueError("to find out the shapes in its graph would take too much time or memory")
