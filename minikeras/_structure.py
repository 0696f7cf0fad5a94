"""Nested lists, tuples and dicts of things."""

from collections.abc import Callable
from typing import Any


def leaves(structure: Any) -> list[Any]:
    """Return the leaves of nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, list | tuple):
        return [leaf for item in structure for leaf in leaves(item)]
    return [structure]


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each leaf of nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        return {key: map_structure(function, value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return type(structure)(map_structure(function, value) for value in structure)
    return function(structure)
