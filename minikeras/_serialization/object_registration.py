"""Custom objects: the caller's classes and functions that configurations may name."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._base.context import context
from .._base.signature import F
from .._base.typing import CustomObjects

_custom: dict[str, Any] = {}
"""Name -> registered class or function, for all threads."""
registered_names: dict[Any, str] = {}
"""Registered class or function -> name."""


def all_of(custom_objects: CustomObjects | None) -> dict[str, Any]:
    """Return the custom objects of a call, then of the scopes around it, then the registered; the first one counts."""
    return {**_custom, **context.custom, **(custom_objects or {})}


def with_short_names(name: str, custom_objects: CustomObjects | None) -> CustomObjects:
    """Return all custom objects, with "package>name" also under its name alone, which is all that Keras 3.6 wrote."""
    table = all_of(custom_objects)
    if ">" in name or name in table:
        return table
    return {**table, **{key.partition(">")[2]: value for key, value in table.items() if ">" in key}}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[F], F]:
    """Register a class or function, so that configurations may name it as "package>name"; `name` is its own by default.

    Example:
        >>> @register_keras_serializable("my_package")
        ... def my_loss(y_true, y_pred): ...
        >>> get_registered_name(my_loss)
        'my_package>my_loss'
    """

    def decorate(obj: F) -> F:
        if isinstance(obj, type) and not hasattr(obj, "get_config"):
            raise ValueError("Cannot register a class that does not have a get_config() method.")
        full = f"{package}>{name or obj.__name__}"
        _custom[full] = obj
        registered_names[obj] = full
        return obj

    return decorate


def get_registered_name(obj: Any) -> str:
    """Return the name an object was registered under, its own name if it was not.

    Example:
        >>> get_registered_name(int)
        'int'
    """
    return registered_names.get(obj, getattr(obj, "__name__", str(obj)))


def get_registered_object(name: str, custom_objects: CustomObjects | None = None,
                          module_objects: Mapping[str, Any] | None = None) -> Any:  # fmt: skip
    """Return the object registered under a name, None if there is none.

    A name in `custom_objects` takes precedence over the registered ones, and these over `module_objects`.

    Example:
        >>> get_registered_object("nobody>knows")
    """
    return {**(module_objects or {}), **all_of(custom_objects)}.get(name)


def get_custom_objects() -> dict[str, Any]:
    """Return the table of custom objects; names added to it are found by all configurations.

    Example:
        >>> isinstance(get_custom_objects(), dict)
        True
    """
    return _custom


@contextmanager
def custom_object_scope(custom_objects: CustomObjects | None) -> Iterator[None]:
    """Within this context configurations may name these classes and functions, given by name; None for none.

    Example:
        >>> with custom_object_scope({"twice": lambda x: 2 * x}):
        ...     get_registered_object("twice")(2)
        4
    """
    with context.having(custom={**context.custom, **(custom_objects or {})}):
        yield
