"""Modules that stand in for Keras's. They look a name up in minikeras when it is used.

Tables list the namespaces of Keras and of its earlier versions. One module object answers for all addresses of a
module (`keras.layers`, `tensorflow.keras.layers`, `tf_keras.layers`).
"""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from .._base.absent import ABSENT, KERAS_VERSION
from .past.names import name_in
from .past.tables import MODULES

TENSORFLOW = f"{__package__}.tensorflow"
MORE = {
    "keras.backend": "past.backend", "keras.preprocessing.image": "past.images past.transforms",
    "keras.preprocessing.sequence": "past.sequence", "keras.preprocessing.text": "past.text",
    "keras.wrappers.scikit_learn": "past.scikit_learn", "scikeras.wrappers": "sklearn"}  # fmt: skip
"""Modules with names that the core lacks, and the files of this folder that define these names."""
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
_TREES = """
    tensorflow.python.keras.api tensorflow.python.keras tensorflow.compat.v1.keras tensorflow.compat.v2.keras
    tensorflow.contrib.keras tensorflow.keras tf_keras keras._tf_keras.keras keras.api keras.src"""
ALIASES = {**dict.fromkeys((f"{TENSORFLOW}.keras", *_TREES.split()), "keras"), "tensorflow": TENSORFLOW}
"""Prefix of an address -> prefix of the module's own name. Longer prefixes come first, so that they match first."""


class StandIn(ModuleType):
    """A module of Keras's, such as "keras.layers", which looks its names up in minikeras."""

    def __init__(self, name: str) -> None:
        super().__init__(name, f"Keras's `{name}`, as minikeras has it.")
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return dir(self)
        if name in ("__version__", "version") and self.__name__ == "keras":
            return KERAS_VERSION if name == "__version__" else lambda: KERAS_VERSION
        if name.startswith("__"):
            raise AttributeError(name)
        module = MODULES.get(self.__name__, self.__name__)
        value = name_in(module, name) or find_module(f"{self.__name__}.{name}")
        if value is None:
            value = getattr(source(module), name, None)
            value = value if is_ours(value) else more(module).get(name)
        if value is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} in minikeras, which stands in "
                                 "for it. docs/coverage.md lists what there is.")  # fmt: skip
        return value

    def __reduce__(self) -> tuple[Any, ...]:  # a function may take it to another process
        return find_module, (self.__name__,)

    def __dir__(self) -> list[str]:
        module, ours = MODULES.get(self.__name__, self.__name__), source(self.__name__)
        submodules = (known.removeprefix(f"{module}.") for known in NAMESPACES if known.startswith(f"{module}."))
        names = {*vars(self), *more(module), *ABSENT.get(module.partition(".")[2], "").split()}
        names.update(name for name in submodules if "." not in name)
        if ours is not None:
            names.update(getattr(ours, "__all__", None) or [name for name, x in vars(ours).items() if is_ours(x)])
        return sorted(name for name in names if name[0] != "_")


@cache
def stand_in(name: str) -> StandIn:
    """Return the module that stands in for one of Keras's, such as "keras.layers"; the same one each time."""
    return StandIn(name)


def is_ours(value: object) -> bool:
    """Return whether minikeras defines a value; a module of ours may also hold values that it imported.

    Example:
        >>> import minikeras
        >>> is_ours(minikeras.Model), is_ours(sorted)
        (True, False)
    """
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return str(home).partition(".")[0] == __name__.partition(".")[0]


def more(name: str) -> dict[str, Any]:
    """Return the names and values that this folder adds to a module of the core."""
    names: dict[str, Any] = {}
    for home in MORE.get(name, "").split():
        module = import_module(f"{__package__}.{home}")
        names |= getattr(module, "NAMES", None) or {name: getattr(module, name) for name in module.__all__}
    return names


def source(name: str) -> ModuleType | None:
    """Return minikeras's module for one of Keras's, None if there is none."""
    return _imported("minikeras" + MODULES.get(name, name).removeprefix("keras"))


def canonical(name: str) -> str:
    """Return the one name that a module has here, given any of its addresses.

    Example:
        >>> canonical("tensorflow.keras.layers")
        'keras.layers'
    """
    names = (tree + name[len(prefix) :] for prefix, tree in ALIASES.items() if f"{name}.".startswith(f"{prefix}."))
    return next(names, name)


def find_module(name: str) -> ModuleType | None:
    """Return the stand-in for a module of keras or tensorflow, None if there is none.

    Example:
        >>> find_module("tf_keras.layers") is find_module("keras.layers")
        True
    """
    address = canonical(name)
    if address in NAMESPACES or address in MODULES or (address.startswith("keras.applications.") and source(address)):
        return stand_in(address)
    module = _imported(address) if f"{address}.".startswith(f"{TENSORFLOW}.") else None
    if module is None and any(below.startswith(f"{name}.") for below in (*ALIASES, *MORE)):
        return stand_in(name)  # an empty parent package, such as `scikeras`
    return module


def _imported(name: str) -> ModuleType | None:
    """Return a module of minikeras, a file or an attribute of its parent; None if there is neither."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module exists, but not one that it imports
    parent, _, last = name.rpartition(".")
    value = vars(_imported(parent) or object).get(last) if parent else None
    return value if isinstance(value, ModuleType) else None
