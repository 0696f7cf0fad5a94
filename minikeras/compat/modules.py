"""The modules that stand in for Keras's: each name is looked up in minikeras, when somebody asks for it.

Keras's namespaces, and those of earlier versions, are tables. A module is one object, whatever the addresses it is
imported from (`keras.layers`, `tensorflow.keras.layers`, `tf_keras.layers`).
"""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from .past.names import name_in
from .past.tables import MODULES

TENSORFLOW = f"{__package__}.tensorflow"

MORE = {
    "keras.backend": f"{__package__}.past.backend", "keras.preprocessing.image": f"{__package__}.past.images",
    "keras.preprocessing.sequence": f"{__package__}.past.sequence",
    "keras.preprocessing.text": f"{__package__}.past.text",
    "keras.wrappers.scikit_learn": f"{__package__}.past.scikit_learn", "scikeras.wrappers": f"{__package__}.sklearn",
}  # fmt: skip
"""Modules with names that are not in the core, and where these are."""

_NAMES = """
    activations applications backend callbacks config constraints datasets datasets.boston_housing
    datasets.california_housing datasets.cifar10 datasets.cifar100 datasets.fashion_mnist datasets.imdb
    datasets.mnist datasets.reuters distribution dtype_policies export initializers layers legacy legacy.saving
    losses metrics distillation mixed_precision models ops ops.image ops.linalg ops.nn ops.numpy optimizers
    optimizers.legacy optimizers.schedules preprocessing preprocessing.image preprocessing.sequence
    preprocessing.text quantizers random regularizers saving tree utils utils.bounding_boxes utils.legacy
    visualization wrappers"""
NAMESPACES = frozenset({"keras", *MORE, *(f"keras.{name}" for name in _NAMES.split())})
"""Keras's public modules."""

VERSION = "3.15.1"
"""The version of Keras that minikeras follows."""

ALIASES = {
    "tensorflow.python.keras.api": "keras", "tensorflow.python.keras": "keras", "tensorflow.compat.v1.keras": "keras",
    "tensorflow.compat.v2.keras": "keras", "tensorflow.contrib.keras": "keras", "tensorflow.keras": "keras",
    "tf_keras": "keras", "keras._tf_keras.keras": "keras", "keras.api": "keras", "keras.src": "keras",
    "tensorflow": TENSORFLOW,
}  # fmt: skip
"""Other addresses of whole trees of modules, the longer ones first."""


class StandIn(ModuleType):
    """A module of Keras's, which looks its names up in minikeras.

    Args:
        name: Keras's name of it, such as "keras.layers".
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, f"Keras's `{name}`, as minikeras has it.")
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return dir(self)
        if name in ("__version__", "version") and self.__name__ == "keras":
            return VERSION if name == "__version__" else lambda: VERSION
        if name.startswith("__"):
            raise AttributeError(name)
        home = today(self.__name__)
        found = name_in(home, name) or find_module(f"{self.__name__}.{name}")
        if found is not None:
            return found
        found = getattr(source(home), name, None)
        if not is_ours(found):
            found = more(home).get(name)
        if found is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} in minikeras, which stands in "
                                 "for it. docs/coverage.md lists what there is.")  # fmt: skip
        return found

    def __dir__(self) -> list[str]:
        own, home = source(self.__name__), today(self.__name__)
        names = {*vars(self), *more(home)}
        if own is not None:
            names.update(getattr(own, "__all__", None) or [name for name, value in vars(own).items() if is_ours(value)])
        return sorted(name for name in names if name[0] != "_")


def is_ours(value: object) -> bool:
    """Return whether something is minikeras's own, and not what a file of it has imported.

    Example:
        >>> import minikeras
        >>> is_ours(minikeras.Model), is_ours(sorted)
        (True, False)
    """
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return str(home).partition(".")[0] == __name__.partition(".")[0]


def today(name: str) -> str:
    """Return where the names of a module are today."""
    return MODULES.get(name, name)


def more(name: str) -> dict[str, Any]:
    """Return the names that a module has besides those of the core."""
    if name not in MORE:
        return {}
    found = import_module(MORE[name])
    return getattr(found, "NAMES", None) or {name: getattr(found, name) for name in found.__all__}


def source(name: str) -> ModuleType | None:
    """Return the module of minikeras that has the names of one of Keras's, None if there is none."""
    return _imported("minikeras" + today(name).removeprefix("keras"))


def canonical(name: str) -> str:
    """Return the name that a module is kept under, whatever the address it is asked for.

    Example:
        >>> canonical("tensorflow.keras.layers")
        'keras.layers'
    """
    for prefix, tree in ALIASES.items():
        if f"{name}.".startswith(f"{prefix}."):
            return tree + name[len(prefix) :]
    return name


def find_module(name: str) -> ModuleType | None:
    """Return the module that stands in for one of keras or tensorflow, None if there is none.

    Example:
        >>> find_module("tf_keras.layers") is find_module("keras.layers")
        True
    """
    kept = canonical(name)
    if kept in NAMESPACES or kept in MODULES or (kept.startswith("keras.applications.") and source(kept)):
        return stand_in(kept)
    found = _imported(kept) if f"{kept}.".startswith(f"{TENSORFLOW}.") else None
    if found is None and any(known.startswith(f"{name}.") for known in (*ALIASES, *MORE)):
        return stand_in(name)  # an empty module on the way to one
    return found


@cache
def stand_in(name: str) -> StandIn:
    """Return the module that stands in for one of Keras's, such as "keras.layers"; the same one each time."""
    return StandIn(name)


def _imported(name: str) -> ModuleType | None:
    """Return a module of minikeras's, which may be an attribute of the one above it; None if there is none."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
    above, _, last = name.rpartition(".")
    found = vars(_imported(above) or object).get(last) if above else None
    return found if isinstance(found, ModuleType) else None
