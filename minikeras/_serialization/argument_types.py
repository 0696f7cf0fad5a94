"""Checks that values from a file have the types of the arguments they are for, by the annotations."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from .._base.signature import parameters

_INTEGERS = 2**63  # from here on they fit no integer of NumPy
MAX_NAME = 1000  # characters
_ITEMS = 2**14
"""The most items in a list whose annotation names their type. Vocabularies have no such annotation, and no limit."""
_text = cache(repr)

RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("ema_momentum", "beta_1", "beta_2", "rho"), (0, 1)),
    **dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "epsilon"), (0, math.inf)),
    "ema_overwrite_frequency": (1, math.inf), "loss_scale_factor": (1e-30, math.inf)}  # fmt: skip
"""Name of an argument of any class -> its range; for optimizers, which declare no checks (`_base/checks.py`)."""


def check_arguments(cls: Any, config: Mapping[str, Any], method: str = "__init__") -> None:
    """Raise a ValueError if an argument does not have the type that a class of this package declares, or its range."""
    annotations = accepted(cls, method)
    for name, value in config.items():
        kind = annotations.get(name)
        if name in annotations and not fits(value, kind):
            expected = kind.__name__ if isinstance(kind, type) else repr(kind).replace("typing.", "")[:120]
            raise ValueError(f"{cls.__name__} takes no {name}={value!r:.80} of type {type(value).__name__}. "
                             f"Expected: {expected}.")  # fmt: skip
        if name == "name" and isinstance(value, str) and len(value) > MAX_NAME:  # each weight has it in its path
            raise ValueError(f"The name of a {cls.__name__} has {len(value)} characters, {MAX_NAME} at most are read.")
        low, high = RANGES.get(name, (-math.inf, math.inf))
        if name in RANGES and isinstance(value, int | float) and not low <= value <= high:
            raise ValueError(f"{cls.__name__} needs {low} <= {name} <= {high}. Received: {name}={value!r:.40}.")


@cache
def accepted(cls: Any, method: str = "__init__") -> dict[str, Any]:
    """Return the annotations of a class's arguments by name, including those in a typed **options."""
    annotations: dict[str, Any] = {}
    for function in [vars(base)[method] for base in reversed(cls.__mro__) if method in vars(base)]:
        if parameters(function).varkw is None:
            annotations = {}  # nothing goes on to the bases
        for name, annotation in get_type_hints(function).items():
            annotation, options = getattr(annotation, "__bound__", annotation), get_args(annotation)[:1]
            annotations |= get_type_hints(options[0]) if options and is_typeddict(options[0]) else {name: annotation}
    return annotations


def is_shape(value: object) -> bool:
    """Return whether a value is a shape, or a structure of shapes."""
    if isinstance(value, Mapping):
        return all(map(is_shape, value.values()))
    if not isinstance(value, list | tuple):
        return value is None
    return all(n is None or (type(n) is int and 0 <= n < _INTEGERS) for n in value) or all(map(is_shape, value))


def _is_array(value: object) -> bool:
    return all(map(_is_array, value)) if isinstance(value, list | tuple) else isinstance(value, int | float)


def fits(value: Any, annotation: Any) -> bool:
    """Return whether a value has the type that an annotation names; True if the annotation cannot be checked."""
    annotation = getattr(annotation, "__value__", annotation)  # of a `type` statement, as NumPy's ArrayLike may be
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        if "_SupportsArray" in _text(annotation):  # an ArrayLike
            return _is_array(value) or hasattr(value, "__array__") or fits(value, dict | None)
        return any(fits(value, arg) for arg in args)
    if origin is Literal:  # the class itself checks the value
        return type(value) in map(type, args)
    if annotation is float:  # infinities and NaN included, as Keras writes them
        return isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is bool:
        return isinstance(value, int) and value in (0, 1)
    if annotation is int:
        return type(value) is int and abs(value) < _INTEGERS
    if origin in (list, tuple, Sequence):
        if not isinstance(value, list | tuple) or len(value) > _ITEMS:
            return False
        items = [arg for arg in args if arg is not ...]
        return all(fits(x, items[0]) for x in value) if len(items) == 1 else not items or len(items) == len(value)
    kind = {dict: Mapping, None: annotation}.get(origin, origin)
    if not isinstance(kind, type) or kind is Any or getattr(kind, "_is_protocol", False):
        return True
    is_config = isinstance(value, Mapping) and "class_name" in value  # of an object that its registry checks
    return isinstance(value, kind) or (is_config and kind.__module__ != "builtins")
