"""`tf.nest`: lists, tuples and dicts in one another."""

from collections.abc import Callable
from typing import Any

from .dtypes import TensorShape


def map_structure(function: Callable[..., Any], first: Any, *others: Any, lists: bool = True) -> Any:
    """Return nested dicts, tuples and (unless these are leaves) lists with a function of their leaves."""
    if isinstance(first, dict):
        columns = {key: (first[key], *(x[key] for x in others)) for key in sorted(first)}
        values = {key: map_structure(function, *column, lists=lists) for key, column in columns.items()}
        return {key: values[key] for key in first}
    if isinstance(first, (tuple, list) if lists else tuple) and not isinstance(first, TensorShape):
        parts = [map_structure(function, *column, lists=lists) for column in zip(first, *others, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return function(first, *others)


def flatten(structure: Any, lists: bool = True) -> list[Any]:
    """Return the leaves of nested dicts, tuples and lists."""
    leaves: list[Any] = []
    map_structure(leaves.append, structure, lists=lists)
    return leaves
