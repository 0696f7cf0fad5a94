"""Limits on the memory and time that loading a model may take, since its file may be hostile."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np


class Loading:
    """What a model may cost while it is made from a configuration, before the file has shown that it holds the weights.

    Meanwhile a variable gets a placeholder, an array that takes no memory, in place of its initializer's numbers.
    `room` is how many numbers all variables may hold, `work` how many may be computed to infer shapes, and `objects`
    how many names may be looked up: about ten for each layer.
    """

    def __init__(self, room: int, work: int = 2**28, objects: int = 2**15) -> None:
        self.room = room
        self.work = work
        self.objects = objects
        self.unfilled: list[tuple[Any, Callable[..., Any], Any]] = []

    def reserve(self, variable: Any, initializer: Callable[..., Any], shape: tuple[int, ...], dtype: str) -> Any:
        """Return a variable's placeholder, which the file or `fill` replaces; a ValueError if no `room` is left."""
        self.room -= math.prod(shape)
        if self.room < 0:
            raise ValueError(f"a weight of shape {shape} would have more numbers than the file holds")
        array = np.broadcast_to(np.zeros((), dtype), shape)
        self.unfilled.append((variable, initializer, array))
        return array

    def fill(self, room: int) -> None:
        """Run the initializers of variables that still have a placeholder; a ValueError if they exceed `room`."""
        left = [(variable, make, array) for variable, make, array in self.unfilled if variable.array is array]
        if sum(array.size for _, _, array in left) > room:
            raise ValueError("the state of optimizer and metrics would be out of proportion to the size of the file")
        for variable, initializer, array in left:
            variable.assign(initializer(array.shape, dtype=array.dtype.name))

    def count(self) -> None:
        """Count a name that is looked up, and raise a ValueError if there are too many."""
        self.objects -= 1
        if self.objects < 0:
            raise ValueError("it describes more objects than a model has")

    def check(self, shape: tuple[int | None, ...]) -> None:
        """Refuse a symbolic tensor of impossible size, and a graph of more than 8192 tensors."""
        self.spend(2**15)  # numbers that could be computed in the time that a symbolic tensor takes
        if any(n is not None and not 0 <= n < 2**53 for n in shape):
            raise ValueError(f"a tensor of shape {shape!s:.200} has a size that no array can have")

    def spend(self, numbers: int) -> None:
        """Count numbers that are computed, and raise a ValueError if there are too many."""
        self.work -= numbers
        if self.work < 0:
            raise ValueError("inferring the shapes in its graph would take too much time or memory")
