"""`tf.nest`: lists, tuples and dicts in one another."""

from collections.abc import Callable
from typing import Any

from .dtypes import TensorShape


def map_structure(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """Return nested lists, tuples and dicts with a function of their leaves."""
    if isinstance(first, dict):
        return {key: map_structure(function, first[key], *(x[key] for x in others)) for key in sorted(first)}
    if isinstance(first, list | tuple) and not isinstance(first, TensorShape):
        parts = [map_structure(function, *column) for column in zip(first, *others, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return function(first, *others)


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of nested lists, tuples and dicts."""
    found: list[Any] = []
    map_structure(found.append, structure)
    return found


def pack_sequence_as(structure: Any, flat: Any) -> Any:
    """Return a structure with leaves of a flat sequence in the place of its own."""
    items = iter(flat)
    return map_structure(lambda _: next(items), structure)
