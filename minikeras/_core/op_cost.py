"""Shapes and sizes of what ops give, told without running them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .._base.nested import leaves
from .._base.typing import PartialShape

_SIZES = ["shape", "pad_width", "repeats", "num_classes", "num_tokens", "num_samples", "minlength", "bins", "size", "n",
          "num"]  # fmt: skip
"""Settings of ops that say how large the result is."""
_PRODUCTS = ["dot", "einsum", "tensordot", "inner", "outer", "kron", "vdot", "meshgrid"]
"""Ops whose results may have a number for each pair of what they are given."""


def trial_sizes(shapes: Sequence[PartialShape]) -> list[tuple[int, int]]:
    """Return what unknown sizes may be while a shape is found out: that of a first axis, and that of the others.

    The first two that work tell what is the same for all. They are even, for a batch may be split in halves. A window,
    or an index, asks for more than two places; a table of positions may have few.
    """
    unknown = max((sum(n is None for n in shape[1:]) for shape in shapes), default=0)
    if not unknown:
        return [(2, 2), (4, 4)]
    large = 60 if unknown < 3 else 12  # as many numbers in a volume as in an image
    return [(2, 2), (4, large), (6, 2 * large), (4, 4)]


def filled(shape: PartialShape, sizes: tuple[int, int]) -> list[int]:
    """Return a shape with sizes in place of unknown ones: one for the first axis, one for the others."""
    return [sizes[axis > 0] if n is None else n for axis, n in enumerate(shape)]


def most_numbers(name: str, settings: Mapping[str, Any], shapes: Sequence[PartialShape]) -> int:
    """Return how many numbers the result of an op may have at most, for the sizes that inference tries.

    Args:
        name: The op's name.
        settings: Its arguments that are no tensors.
        shapes: Those of its tensors.
    """
    tried = [filled(shape, trial_sizes(shapes)[1]) for shape in shapes]
    sizes = [math.prod(shape) for shape in tried]
    named = [n for key in _SIZES for n in leaves(settings.get(key)) if type(n) is int and n]
    rank = max(map(len, tried), default=0)
    spread: int = math.prod(map(max, zip(*([1] * (rank - len(shape)) + shape for shape in tried), strict=True)))
    if name == "matmul":
        return spread // max(1, *tried[0][-1:]) * max(1, *tried[-1][-1:])
    if name == "einsum" and "." not in settings["subscripts"]:
        *inputs, output = settings["subscripts"].replace("->", ",").replace(" ", "").split(",")
        letters = dict(zip("".join(inputs), (n for shape in tried for n in shape), strict=False))
        return math.prod(letters.get(letter, 1) for letter in output)
    if name == "pad":
        return math.prod(n + sum(named) for n in tried[0])
    return math.prod(sizes) if name in _PRODUCTS else max(sum(sizes) * abs(math.prod(named)), spread)


def broadcast(shapes: Sequence[PartialShape]) -> PartialShape:
    """Return the shape that NumPy gives arrays of these; None where one is unknown and no other is larger than 1."""
    rank = max(map(len, shapes))
    common: list[int | None] = []
    for sizes in zip(*((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes), strict=True):
        larger = {n for n in sizes if n not in (1, None)}
        if len(larger) > 1:
            raise ValueError(f"tensors of the shapes {shapes} cannot be broadcast together")
        common.append(larger.pop() if larger else None if None in sizes else 1)
    return tuple(common)
