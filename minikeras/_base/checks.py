"""Checks of arguments, and the types that carry them: a class that declares `units: Positive` takes no other `units`.

A check is a function of a class, the name of one of its arguments, and the value. It returns the value that the object
keeps, or raises an error that says what was expected.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import numpy as np

from .typing import Padding, PartialShape, Shape, ShapeLike, Sizes, T

N = TypeVar("N", bound=float)
Check: TypeAlias = Callable[[Any, str, Any], Any]


def one_of(argument: str, value: T, choices: Iterable[object]) -> T:
    """Return the value of an argument, or raise a ValueError if it is none of these."""
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"The `{argument}` argument must be one of {choices}. Received: {argument}={value!r:.80}.")
    return value


def within(argument: str, value: N, low: float = 0, high: float = math.inf) -> N:
    """Return an argument as a Python number, or raise a ValueError if it is no number from `low` to `high`."""
    given: Any = value  # an array without axes is a number as well
    number: N = given.item() if isinstance(given, np.number | np.ndarray) and not given.ndim else value
    if not isinstance(number, int | float | np.number) or not low <= number <= high:
        bounds = f"of at least {low}" if high == math.inf else f"from {low} to {high}"
        raise ValueError(f"The `{argument}` argument must be a number {bounds}. Received: {argument}={value!r}.")
    return number


def standardize_sizes(value: Sizes, rank: int, name: str, least: int = 1) -> Shape:
    """Return a size for each of `rank` axes; a ValueError unless the value is 1 or `rank` integers, `least` or more."""
    values = (value,) * rank if isinstance(value, int | np.integer) else tuple(value) if np.iterable(value) else ()
    if len(values) != rank or not all(isinstance(n, int | np.integer) and n >= least for n in values):
        raise ValueError(f"`{name}` must be an integer or a tuple of {rank}, >= {least}. Received: {name}={value!r}.")
    return tuple(int(n) for n in values)


def standardize_shape(shape: ShapeLike) -> PartialShape:
    """Return a shape as a tuple of Python's integers and None; a ValueError if it is none."""
    if not np.iterable(shape) or not all(n is None or (isinstance(n, int | np.integer) and n >= 0) for n in shape):
        raise ValueError(f"A shape must be a tuple of integers from 0, or None, such as (2,). Received: {shape=!r}.")
    return tuple(None if n is None else int(n) for n in shape)


def standardize_padding(padding: str, *choices: str) -> str:
    """Return a padding in lower case, or raise a ValueError if it is none of the choices ("valid" and "same")."""
    return one_of("padding", padding.lower() if isinstance(padding, str) else padding, choices or ("valid", "same"))


def between(low: float, high: float = math.inf) -> Check:
    """Return a check that takes numbers from a lowest to a highest one."""
    return lambda cls, name, value: within(name, value, low, high)


def any_case(*words: str) -> Check:
    """Return a check that takes words, in capitals too; an object keeps the form written here."""
    forms = {word.lower(): word for word in words}
    return lambda cls, name, value: one_of(name, forms.get(str(value).lower(), value), words)


def check_of(annotation: Any, scope: Mapping[str, Any]) -> Check | None:
    """Return the check that an annotation carries, or None; a text names a type in this scope, also with `| None`."""
    if isinstance(annotation, str):
        name = annotation.removesuffix(" | None")
        check = check_of(scope[name], scope) if name in scope else None
        return check if name == annotation else _or_none(check)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        others = [part for part in parts if part is not NoneType]
        return _or_none(check_of(others[0], scope)) if len(others) < 2 else None
    if origin is Literal:
        return lambda cls, name, value: one_of(name, value, parts)
    return getattr(annotation, "__metadata__", (None,))[0]


def _or_none(check: Check | None) -> Check | None:
    if check is None:
        return None
    return lambda cls, name, value: None if value is None else check(cls, name, value)


def _positive(cls: Any, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{cls.__name__} needs a positive integer for `{name}`. Received: {name}={value!r:.80}.")
    return int(value)


def _off(cls: Any, name: str, value: Any) -> Any:
    if value:
        raise ValueError(f"{cls.__name__} has no `{name}`, which must be False. Received: {name}={value!r:.80}.")
    return value


Positive: TypeAlias = Annotated[int, _positive]
Share: TypeAlias = Annotated[float, between(0, 1)]
FromZero: TypeAlias = Annotated[float, between(0)]
PerAxis: TypeAlias = Annotated[Shape, lambda cls, name, value: standardize_sizes(value, cls._rank, name)]
Off: TypeAlias = Annotated[bool, _off]
"""An option of Keras that has no counterpart here."""
AnyCasePadding: TypeAlias = Annotated[Padding, any_case("valid", "same")]
