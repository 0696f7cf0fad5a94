"""Patches of classes and modules of the core, which can be undone."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from operator import attrgetter
from typing import Any

from ..._base.user_warning import warn_user

_ABSENT = object()


def outdated(old: str, today: str) -> None:
    """Warn, at the user's line, that a spelling is old, and name today's."""
    warn_user(f"{old} is from an earlier version of Keras; today: {today}.", DeprecationWarning)


def resolve(address: str) -> Any:
    """Return the object at an address below minikeras, such as "layers.Dense"; "" is the package.

    Example:
        >>> resolve("layers.Dense").__name__
        'Dense'
    """
    package = import_module(__name__.partition(".")[0])
    return attrgetter(address)(package) if address else package


class Patches(list[tuple[Any, str, Any]]):
    """The original attributes of patched objects, as (owner, name, value)."""

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Replace an attribute of a class or module until `undo`."""
        self.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, value)

    def around(self, owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
        """Replace a function by a wrapper, which gets the original as its first argument, until `undo`."""
        original = getattr(owner, name)

        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            return wrapper(original, *args, **kwargs)

        self.put(owner, name, call)

    def undo(self) -> None:
        """Restore all attributes to their originals."""
        while self:
            owner, name, value = self.pop()
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


_past = Patches()
put: Callable[[Any, str, Any], None] = _past.put
around: Callable[[Any, str, Callable[..., Any]], None] = _past.around
undo: Callable[[], None] = _past.undo
