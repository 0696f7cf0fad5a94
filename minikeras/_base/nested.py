"""Helpers for nested lists, tuples and dicts, for dicts of limited size, and for sequences without repetitions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

_LISTS = (list, tuple)
_NESTED = (list, tuple, dict)
"""`isinstance` is quicker with these than with unions, which are made anew at each call."""


def make_room(table: dict[Any, Any], most: int) -> None:
    """Drop the oldest entries of a table, so that it has at most `most` entries after one more is added."""
    for key in [*table][: max(0, len(table) + 1 - most)]:  # other threads may drop some as well
        table.pop(key, None)


def each_once(things: Iterable[Any]) -> list[Any]:
    """Return things in order, without repetitions of the same object; equal objects all stay."""
    return list({id(thing): thing for thing in things}.values())


def leaves(structure: Any) -> list[Any]:
    """Return the leaves of nested lists, tuples and dicts, whose keys stay in order; `tree.flatten` sorts them."""
    if not isinstance(structure, _NESTED):
        return [structure]
    flat = []
    for item in structure.values() if isinstance(structure, dict) else structure:
        if isinstance(item, _NESTED):
            flat += leaves(item)
        else:
            flat.append(item)
    return flat


def present(structure: Any) -> list[Any]:
    """Return the leaves of a structure that are not None."""
    return [leaf for leaf in leaves(structure) if leaf is not None]


def take_apart(x: Any) -> tuple[Any, Any]:
    """Return the items of a list, tuple or dict and its form, its type or its keys; of anything else (x,) and None."""
    if type(x) is dict:
        return x.values(), (*x,)
    return (x, type(x)) if type(x) in _LISTS else ((x,), None)


def call_on_parts(function: Callable[..., Any], *parts: Any, form: Any, **options: Any) -> Any:
    """Call a function on what `take_apart` took apart."""
    several = dict(zip(form, parts, strict=True)) if type(form) is tuple else form and form(parts)
    return function(parts[0] if form is None else several, **options)


def first_leaf(structure: Any) -> Any:
    """Return the first leaf of nested lists and tuples, or the empty list or tuple in its place."""
    while isinstance(structure, _LISTS) and structure:
        structure = structure[0]
    return structure


def inputs_of(batch: Any) -> Any:
    """Return x of a batch, which is the first item of a tuple, or of a list of arrays."""
    several = isinstance(batch, tuple) or (isinstance(batch, list) and any(getattr(x, "ndim", 0) for x in batch))
    return batch[0] if several else batch


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each leaf of nested lists, tuples and dicts."""
    if isinstance(structure, dict):
        return {key: map_structure(function, value) for key, value in structure.items()}
    if isinstance(structure, _LISTS):
        items = [map_structure(function, x) if isinstance(x, _NESTED) else function(x) for x in structure]
        return items if type(structure) is list else like(structure, items)
    return function(structure)


def map_present(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each leaf of a structure that is not None."""
    return map_structure(lambda x: None if x is None else function(x), structure)


def like(sequence: Any, items: list[Any]) -> Any:
    """Return items as a list, tuple or named tuple of the same type as `sequence`."""
    return type(sequence)(*items) if hasattr(sequence, "_fields") else type(sequence)(items)


def map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    """Apply a function to each shape (a list or tuple of integers and None) in a structure; None for a shape stays."""
    if isinstance(shapes, dict):
        return {key: map_shapes(function, shape) for key, shape in shapes.items()}
    if isinstance(shapes, list | tuple) and not all(n is None or isinstance(n, int | np.integer) for n in shapes):
        return like(shapes, [map_shapes(function, shape) for shape in shapes])
    return None if shapes is None else function(shapes)


def map_configs(function: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to each leaf of a structure; a configuration, a mapping with a "class_name", is a leaf."""
    if isinstance(structure, list | tuple):
        return like(structure, [map_configs(function, item) for item in structure])
    if isinstance(structure, Mapping) and "class_name" not in structure:
        return {key: map_configs(function, value) for key, value in structure.items()}
    return function(structure)


def only(things: Sequence[Any]) -> Any:
    """Return the only thing in a sequence, or the sequence if it has several."""
    return things[0] if len(things) == 1 else things
