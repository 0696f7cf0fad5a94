"""Nested structures of lists, tuples and dicts: `keras.tree`.

A dict's items are visited in the order of its sorted keys, an OrderedDict's in its own. All else is a leaf, None too.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, TypeAlias

__all__ = ["MAP_TO_NONE", "assert_same_paths", "assert_same_structure", "flatten", "flatten_with_path", "is_nested",
           "lists_to_tuples", "map_shape_structure", "map_structure", "map_structure_up_to", "pack_sequence_as",
           "traverse"]  # fmt: skip
__dir__: Callable[[], list[str]] = __all__.copy

Path: TypeAlias = tuple[Any, ...]
"""Indices and keys that lead to a leaf."""
_NESTED = (list, tuple, dict, deque)
"""`isinstance` is quicker with this than with a union, which is made anew at each call."""


class MAP_TO_NONE:
    """The result of a function for `traverse` that replaces a part by None."""


def is_nested(structure: object) -> bool:
    """Return whether a structure is a list, a tuple, a deque or a dict.

    Example:
        >>> is_nested([1]), is_nested("ab")
        (True, False)
    """
    return isinstance(structure, _NESTED)


def _items(structure: Any) -> list[tuple[Any, Any]]:
    """Return the keys (or indices) and children of a nested structure."""
    if isinstance(structure, OrderedDict):
        return list(structure.items())
    if isinstance(structure, dict):
        try:
            keys = sorted(structure)
        except TypeError:  # keys of several types are sorted by the names of the types first
            keys = sorted(structure, key=lambda key: (f"{type(key).__module__}.{type(key).__qualname__}", key))
        return [(key, structure[key]) for key in keys]
    return list(enumerate(structure))


def _like(structure: Any, children: Iterable[Any]) -> Any:
    """Return a structure of the same type with other children."""
    values = list(children)
    if isinstance(structure, dict):
        items = dict(zip([key for key, _ in _items(structure)], values, strict=True))
        ordered = [(key, items[key]) for key in structure]
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, ordered)
        return type(structure)(ordered)
    if hasattr(structure, "_fields"):
        return type(structure)(*values)
    return deque(values, structure.maxlen) if isinstance(structure, deque) else type(structure)(values)


def flatten_with_path(structure: Any) -> list[tuple[Path, Any]]:
    """Return the leaves with their paths.

    Example:
        >>> flatten_with_path([{"foo": 42}])
        [((0, 'foo'), 42)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, child in _items(structure) for path, leaf in flatten_with_path(child)]


def flatten(structure: Any) -> list[Any]:
    """Return the leaves.

    Example:
        >>> flatten({"b": 3, "a": [1, (2,)]})
        [1, 2, 3]
    """
    if not is_nested(structure):
        return [structure]
    return [leaf for _, child in _items(structure) for leaf in flatten(child)]


def _outline(structure: Any) -> Any:
    kind = dict if isinstance(structure, dict) else type(structure)
    return (kind, {key for key, _ in _items(structure)}) if is_nested(structure) else None


def _check_same(a: Any, b: Any, shallow: bool = False) -> None:
    """Raise a ValueError if two structures differ; with `shallow` the second one may be deeper."""
    if shallow and not is_nested(a):
        return
    if _outline(a) != _outline(b):
        raise ValueError(f"The two structures don't have the same nested structure. Received: {a} and {b}.")
    if is_nested(a):
        others = dict(_items(b))
        for key, child in _items(a):
            _check_same(child, others[key], shallow)


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raise a ValueError unless two structures have the same types, lengths and keys; `check_types` is not used."""
    _check_same(a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise a ValueError unless the leaves of two structures have the same paths; lists may differ from tuples."""
    first, second = ({path for path, _ in flatten_with_path(s)} for s in (a, b))
    if first != second:
        raise ValueError(f"The two structures don't have the same paths. Only in the first: {first - second}; "
                         f"only in the second: {second - first}.")  # fmt: skip


def map_structure(func: Callable[[Any], Any] | Callable[Concatenate[Any, ...], Any], *structures: Any,
                  none_is_leaf: bool = True) -> Any:  # fmt: skip
    """Apply a function to the leaves of structures of the same layout; `none_is_leaf=False` leaves None alone.

    A ValueError if the structures differ, or without one.

    Example:
        >>> map_structure(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
        {'x': 11, 'y': [22]}
    """
    first = structures[0] if structures else None
    for other in structures[1:]:
        _check_same(first, other)
    return _map(func if none_is_leaf else lambda *x: None if x[0] is None else func(*x), first, structures)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Apply a function to the parts of structures at the places where a shallow structure has its leaves.

    A ValueError if the upper part of a structure differs from the shallow one, or without a structure.

    Example:
        >>> map_structure_up_to([0, 0], len, [[1, 2], (3,)])
        [2, 1]
    """
    for other in structures:
        _check_same(shallow_structure, other, shallow=True)
    return _map(func, shallow_structure, structures)


def _map(func: Callable[..., Any], layout: Any, structures: tuple[Any, ...]) -> Any:
    if not structures:
        raise ValueError("Must provide at least one structure.")
    if not is_nested(layout):
        return func(*structures)
    children = [dict(_items(s)) for s in structures]
    return _like(layout, (_map(func, child, tuple(c[key] for c in children)) for key, child in _items(layout)))


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Apply a function to a structure and all its parts, and replace each by the result, unless that is None.

    Args:
        func: A function of a part. With `top_down`, parts within a part that it replaced are not visited.
        structure: The structure.
        top_down: Whether a part is visited before its children.

    Example:
        >>> traverse(lambda x: tuple(x) if isinstance(x, list) else None, [[1], 2], top_down=False)
        ((1,), 2)
    """
    other = func(structure) if top_down else None
    if other is None:
        if is_nested(structure):
            structure = _like(structure, (traverse(func, child, top_down) for _, child in _items(structure)))
        other = structure if top_down else func(structure)
    return None if other is MAP_TO_NONE else structure if other is None else other


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """Return a structure of the same layout with the leaves of a list.

    Raises:
        TypeError: if `flat_sequence` cannot be iterated over.
        ValueError: if it has too few or too many elements.

    Example:
        >>> pack_sequence_as({"a": [0, 0], "b": 0}, [1, 2, 3])
        {'a': [1, 2], 'b': 3}
    """
    values = list(flat_sequence)
    count = len(flatten(structure))
    if len(values) != count:
        raise ValueError(f"The structure has {count} leaves. Received: {len(values)} values: {values}.")
    rest = iter(values)
    return _map(lambda _: next(rest), structure, (structure,))


def lists_to_tuples(structure: Any) -> Any:
    """Return a structure with tuples in place of its lists.

    Example:
        >>> lists_to_tuples([1, {"a": [2]}])
        (1, {'a': (2,)})
    """
    return traverse(lambda x: tuple(x) if isinstance(x, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to the shapes of a structure: to tuples and lists of integers and None.

    Example:
        >>> map_shape_structure(len, {"a": (None, 3), "b": [(1,), (2, 3)]})
        {'a': 2, 'b': [1, 2]}
    """
    is_shape = isinstance(structure, list | tuple) and all(n is None or isinstance(n, int) for n in structure)
    if is_shape or not is_nested(structure):
        return func(structure)
    return _like(structure, (map_shape_structure(func, child) for _, child in _items(structure)))
