"""What a configuration can be made of: the arguments of `__init__`, each kept in an attribute of its name."""

from collections.abc import Container
from typing import Any, ClassVar, Self

from ._signature import parameters
from ._typing import Config


def is_built_in(thing: Any) -> bool:
    """Tell whether a class, a function or an object is this package's own."""
    return str(getattr(thing, "__module__", None)).partition(".")[0] == __name__.partition(".")[0]


def name_arguments(cls: Any, but: Container[str] = ()) -> None:
    """Have the configurations of a class of this package name the arguments of its `__init__`, unless it says which.

    One that hands *args on says nothing itself.
    """
    own = vars(cls)
    if "__init__" in own and not {"_arguments", "get_config"} & own.keys() and is_built_in(cls):
        found = parameters(own["__init__"])
        if not found.varargs:
            cls._arguments = tuple(name for name in found.names[1:] if name not in but)


class Configurable:
    """What a configuration can be made of, and made from."""

    _arguments: ClassVar[tuple[str, ...]] = ()
    """Names of `__init__` arguments, each kept in an attribute of that name: all of them, if a class says nothing."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_arguments(cls)

    def get_config(self) -> Config:
        """Return the arguments that make an object like this one."""
        return {name: getattr(self, name) for name in self._arguments}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the object of a configuration."""
        return cls(**config)
