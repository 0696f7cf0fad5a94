"""Earlier names of arguments: classes and functions are patched to take them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..._base.signature import parameters
from ...layers import Layer
from ...metrics import Metric
from . import tables
from .patches import around, outdated, put, resolve


def translated(label: str, arguments: dict[str, Any], changes: tables.Changes) -> dict[str, Any]:
    """Return the arguments of a call with today's names, after a warning for each old one."""
    arguments = dict(arguments)
    if label == "Layer":
        label = type(arguments["self"]).__name__
    for old, change in changes.items():
        if old not in arguments:
            continue  # not given, or consumed by another change
        if callable(change):
            today = change(arguments)
        else:
            arguments[change] = arguments.pop(old)
            today = f"{change}="
        if today is not None:
            outdated(f"{label}({old}=...)", today)
    return arguments


def _understanding(function: Callable[..., Any], label: str, changes: tables.Changes) -> Callable[..., Any]:
    """Return a function that takes the old names of its arguments as well."""
    accepted = parameters(function)
    by_place = bool(changes.keys() & set(accepted.names))  # such a name is today's too, with old values

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if by_place or not changes.keys().isdisjoint(kwargs):
            bound = accepted.bind(args, kwargs)
            return function(*args[len(accepted.positional) :], **translated(label, bound, changes))
        return function(*args, **kwargs)

    return call


def install() -> None:
    """Let classes and functions take old names of arguments."""
    for cls in (Layer, Metric):
        around(cls, "add_weight", _add_weight)
    for address, changes in tables.ARGUMENTS.items():
        above, _, name = address.rpartition(".")
        owner = resolve(above)
        thing = getattr(owner, name, None)
        if isinstance(thing, type):
            put(thing, "__init__", _understanding(getattr(thing, "__init__"), name, changes))  # noqa: B009 - for mypy
        elif thing is not None:
            if isinstance(owner, type):  # patch the defining class, which checks whether subclasses override it
                owner = next(cls for cls in owner.__mro__ if name in vars(cls))
            put(owner, name, _understanding(thing, name, changes))


def _add_weight(add_weight: Callable[..., Any], owner: Any, *args: Any, **kwargs: Any) -> Any:
    """Add a weight; as in Keras 2, the first positional argument may be its name."""
    if args and isinstance(args[0], str):
        outdated(f"add_weight({args[0]!r}, ...)", f"add_weight(name={args[0]!r}, ...)")
        return add_weight(owner, **dict(zip(tables.ADD_WEIGHT, args, strict=False)), **kwargs)
    return add_weight(owner, *args, **kwargs)
