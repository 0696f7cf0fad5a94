"""Names <-> classes, objects <-> configurations, for every kind of object that a model is made of.

Each kind (`initializers`, `regularizers`, ...) has one closed table. A configuration names a class within the
table of the slot it stands in; custom classes come from the caller alone, through `custom_objects`,
`custom_object_scope` or `register_keras_serializable`. No name is ever imported or evaluated.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np

from ._typing import AnyCallable, Config, CustomObjects

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., Any])

_custom: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}
KINDS: dict[str, "Registry[Any]"] = {}


class Configurable:
    """What a configuration can be made of, and made from."""

    _arguments: ClassVar[tuple[str, ...]] = ()
    """Names of `__init__` arguments, each kept in an attribute of that name."""

    def get_config(self) -> Config:
        """Return the arguments that make an object like this one."""
        return {name: getattr(self, name) for name in self._arguments}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the object of a configuration."""
        return cls(**config)


class Registry(Generic[T]):
    """The named objects of one kind.

    Args:
        module: The Keras module that configurations name, such as "keras.initializers".
        kind: What a message calls one, such as "initializer".
    """

    def __init__(self, module: str, kind: str) -> None:
        self.module = module
        self.kind = kind
        self.names: dict[str, Any] = {}
        KINDS[module] = self

    def register(self, cls: C, *aliases: str) -> C:
        """Enter a class or function under its own name and others."""
        self.names.update(dict.fromkeys((cls.__name__, *aliases), cls))
        return cls

    def collect(self, base: type[T], namespace: Mapping[str, Any], **aliases: type[T]) -> None:
        """Enter a class and its subclasses under their public names in a module, and under others."""
        found = {name: x for name, x in namespace.items() if isinstance(x, type) and issubclass(x, base)}
        self.names.update({name: x for name, x in found.items() if name[0] != "_"}, **aliases)

    def find(self, name: str, custom_objects: CustomObjects | None = None) -> Any:
        """Return the class or function of a name; built-in names win over custom ones of the same name.

        Raises:
            ValueError: for an unknown name, with the nearest known one.
        """
        for table in (self.names, custom_objects or {}, _custom):
            if name in table:
                return table[name]
        lowered = {key.lower(): key for key in reversed(self.names)}
        close = difflib.get_close_matches(name, self.names, n=1, cutoff=0.5) or [
            lowered[key] for key in difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
        ]
        hint = f" Did you mean {close[0]!r}?" if close else f" Known names: {', '.join(sorted(self.names))}."
        raise ValueError(
            f"Unknown {self.kind}: {name!r}.{hint} "
            f"A custom {self.kind} must be passed itself, or named in custom_objects."
        )

    @overload
    def get(self, identifier: None) -> None: ...

    @overload
    def get(self, identifier: str | T | type[T] | Config) -> T: ...

    @overload
    def get(self, identifier: AnyCallable) -> AnyCallable: ...

    def get(self, identifier: Any) -> Any:
        """Return the object that a name, a configuration, a class or a function stands for; None for None.

        Raises:
            ValueError: if it stands for none, with the nearest known name.
        """
        if isinstance(identifier, str):
            identifier = self.find(identifier)
        if isinstance(identifier, type):
            return identifier()
        if identifier is None or callable(identifier):
            return identifier
        if isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        raise ValueError(
            f"Could not interpret {self.kind} identifier: {identifier!r} (of type {type(identifier).__name__}). "
            f"Expected a name, a configuration, or the {self.kind} itself."
        )

    def deserialize(self, config: str | Mapping[str, Any], custom_objects: CustomObjects | None = None) -> Any:
        """Return the object of a name, or of a configuration made by `serialize`.

        Args:
            config: A name or a configuration.
            custom_objects: Names to functions or classes of the caller's.

        Raises:
            ValueError: if the name is unknown.
        """
        if isinstance(config, str):
            return self.get(self.find(config, custom_objects))
        name = config.get("class_name") if isinstance(config, Mapping) else None
        if not isinstance(name, str):
            raise ValueError(
                f"A {self.kind} configuration must be a dict with 'class_name' and 'config'. Received: {config!r}."
            )
        inner = config.get("config")
        key = str(inner) if name == "function" else name
        registered = get_registered_object(str(config.get("registered_name")), custom_objects)
        found = registered if registered and key not in self.names else self.find(key, custom_objects)
        if name == "function":
            return found
        return construct(found, inner or {}, custom_objects) if isinstance(found, type) else found


def construct(cls: type[Any], config: Mapping[str, Any], custom_objects: CustomObjects | None) -> Any:
    """Make an object of a class from its configuration."""
    from_config = getattr(cls, "from_config", None)
    if from_config is None:
        return cls(**config)
    with custom_object_scope(custom_objects or {}):
        return from_config(dict(config))


def serialize(obj: Any) -> Any:
    """Return the JSON-like form of an object: plain values as they are, others as a dict in Keras's layout.

    Example:
        >>> import minikeras as keras
        >>> serialize(keras.initializers.Zeros())["class_name"]
        'Zeros'
    """
    if obj is None or isinstance(obj, str | bool | int | float):
        return obj
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, tuple):
        return {"class_name": "__tuple__", "items": [serialize(item) for item in obj]}
    if isinstance(obj, list):
        return [serialize(item) for item in obj]
    if isinstance(obj, Mapping):
        return {str(key): serialize(value) for key, value in obj.items()}
    if hasattr(obj, "get_config"):
        cls = type(obj)
        module = module_of(cls)
        public = module is not None and not module.startswith("keras.src.")
        return {
            "module": module,
            "class_name": cls.__name__,
            "config": obj.get_config(),
            "registered_name": _registered_names.get(cls) or (None if public else cls.__name__),
            **_state_of(obj),
        }
    if callable(obj):
        name = obj.__name__
        if name == "<lambda>":
            raise ValueError(
                "A lambda cannot be written to a configuration. Define a function with a name and pass it in "
                "custom_objects when loading."
            )
        return {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": _registered_names.get(obj, "function"),
        }
    raise TypeError(f"Cannot serialize {obj!r} (of type {type(obj).__name__}): it has no get_config().")


def _state_of(obj: Any) -> Config:
    """Return what a layer was built with and a model compiled with, where there is something to tell."""
    found: Config = {}
    if hasattr(obj, "get_build_config") and obj.get_build_config():
        found["build_config"] = obj.get_build_config()
    if hasattr(obj, "get_compile_config"):
        found["compile_config"] = obj.get_compile_config()
    return found


def is_built_in(thing: Any) -> bool:
    """Tell whether a class, a function or an object is this package's own."""
    return str(getattr(thing, "__module__", None)).partition(".")[0] == __name__.partition(".")[0]


def module_of(cls: Any) -> str | None:
    """Return the Keras module that a class's configuration names, None for a custom class."""
    if not is_built_in(cls):
        return None
    for module, kind in KINDS.items():
        if kind.names.get(cls.__name__) is cls:
            return module
    return "keras"


def deserialize(config: Any, custom_objects: CustomObjects | None = None) -> Any:
    """Return what `serialize` was given, for every kind of object.

    Raises:
        ValueError: if the configuration names something unknown.

    Example:
        >>> import minikeras as keras
        >>> type(deserialize(serialize(keras.initializers.Zeros()))).__name__
        'Zeros'
    """
    if isinstance(config, list):
        return [deserialize(item, custom_objects) for item in config]
    if not isinstance(config, Mapping):
        return config
    name = config.get("class_name")
    if name == "__tuple__":
        return tuple(deserialize(item, custom_objects) for item in config["items"])
    if name in ("__numpy__", "__tensor__"):  # the second is what Keras makes of its own tensors
        return np.array(config["config"]["value"], dtype=config["config"]["dtype"])
    if name is None or "config" not in config:
        return {key: deserialize(value, custom_objects) for key, value in config.items()}
    module = config.get("module")
    if isinstance(module, str) and module in KINDS:
        return KINDS[module].deserialize(config, custom_objects)
    for kind in KINDS.values():
        if name in kind.names:
            return kind.deserialize(config, custom_objects)
    return KINDS["keras.layers"].deserialize(config, custom_objects)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[C], C]:
    """Let configurations name a class or function of the caller's, as "package>name".

    Args:
        package: The first part of the name.
        name: The second part, the object's own name if not given.

    Example:
        >>> @register_keras_serializable("my_package")
        ... class MyLayer: ...
        >>> get_registered_name(MyLayer)
        'my_package>MyLayer'
    """

    def decorate(obj: C) -> C:
        if isinstance(obj, type) and not hasattr(obj, "get_config") and hasattr(obj, "call"):
            raise ValueError("Cannot register a class that does not have a get_config() method.")
        full = f"{package}>{name or obj.__name__}"
        _custom[full] = obj
        _registered_names[obj] = full
        return obj

    return decorate


def get_registered_name(obj: Any) -> str:
    """Return the name an object was registered under, its own name if it was not.

    Example:
        >>> get_registered_name(int)
        'int'
    """
    return _registered_names.get(obj, getattr(obj, "__name__", str(obj)))


def get_registered_object(name: str, custom_objects: CustomObjects | None = None) -> Any:
    """Return the object registered under a name, None if there is none.

    Example:
        >>> get_registered_object("nobody>knows")
    """
    return {**_custom, **(custom_objects or {})}.get(name)


def get_custom_objects() -> dict[str, Any]:
    """Return the table of custom objects; names added to it are found by all configurations.

    Example:
        >>> isinstance(get_custom_objects(), dict)
        True
    """
    return _custom


@contextmanager
def custom_object_scope(custom_objects: CustomObjects) -> Iterator[None]:
    """Within this context configurations may name these objects.

    Args:
        custom_objects: Names to classes or functions.

    Example:
        >>> with custom_object_scope({"twice": lambda x: 2 * x}):
        ...     get_registered_object("twice")(2)
        4
    """
    before = dict(_custom)
    _custom.update(custom_objects)
    try:
        yield
    finally:
        _custom.clear()
        _custom.update(before)
