"""Names <-> classes, objects <-> configurations, for every kind of object that a model is made of.

Each kind (`initializers`, `regularizers`, ...) has one closed table. A configuration names a class within the
table of the slot it stands in; custom classes come from the caller alone, through `custom_objects`,
`custom_object_scope` or `register_keras_serializable`. No name is ever imported or evaluated.
"""

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np

from ._annotation import check_arguments, is_shape
from ._signature import parameters
from ._state import standardize_dtype
from ._typing import AnyCallable, Config, CustomObjects

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., Any])

_custom: dict[str, Any] = {}
"""The classes and functions that are registered, for all threads."""


class _Scope(threading.local):
    """Those that a thread has in the scopes it is in."""

    objects: Mapping[str, Any] = {}


_scope = _Scope()
_registered_names: dict[Any, str] = {}
_kinds: dict[str, "Registry[Any]"] = {}
_HOMES = {
    "keras.activations": "activations",
    "keras.dtype_policies": "dtype_policies",
    "keras.random": "random",
    "keras.constraints": "constraints",
    "keras.initializers": "initializers",
    "keras.regularizers": "regularizers",
    "keras.layers": "layers",
    "keras.losses": "losses",
    "keras.metrics": "metrics",
    "builtins": "metrics",
    "keras.optimizers.schedules": "optimizers",
    "keras.optimizers": "optimizers",
    "keras": "models",
    "keras.src.models.functional": "models",
}
"""Keras's module of each kind -> the module that makes the table. Where two tables have a name, the first counts."""


def kinds() -> dict[str, "Registry[Any]"]:
    """Return the tables of all kinds by Keras's modules; modules that were not imported yet are."""
    for home in _HOMES.values():
        import_module(f"{__package__}.{home}")
    return {module: _kinds[module] for module in _HOMES}


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


class Registry(Generic[T]):
    """The named objects of one kind, which are all that a configuration in its slot can name.

    Args:
        module: The Keras module that configurations name, such as "keras.initializers".
        kind: What a message calls one, such as "initializer".

    Attributes:
        guests: Objects of other kinds that may stand in the slot too.
        base: The class of what configurations describe, object if any.
    """

    def __init__(self, module: str, kind: str) -> None:
        self.module = module
        self.kind = kind
        self._names: dict[str, Any] = {}
        self._rest: Callable[[], None] | None = None
        self.guests: dict[str, Any] = {}
        self.base: type[Any] = object
        _kinds[module] = self

    @property
    def names(self) -> dict[str, Any]:
        """The objects by name, all of them: modules that were not imported yet are."""
        if self._rest is not None:
            self._rest()
            self._rest = None
        return self._names

    def await_rest(self, rest: Callable[[], None]) -> None:
        """Have a function enter more objects, as soon as somebody asks for names."""
        self._rest = rest

    def register(self, cls: C, *aliases: str) -> C:
        """Enter a class or function under its own name and others."""
        self._names.update(dict.fromkeys((cls.__name__, *aliases), cls))
        return cls

    def collect(self, base: type[T], namespace: Mapping[str, Any], **aliases: type[T]) -> None:
        """Enter a class and its subclasses under their public names in a module, and under others."""
        self.base = base
        found = {name: x for name, x in namespace.items() if isinstance(x, type) and issubclass(x, base)}
        self._names.update({name: x for name, x in found.items() if name[0] != "_"}, **aliases)

    def find(self, name: str, custom_objects: CustomObjects | None = None) -> Any:
        """Return the class or function of a name; built-in names win over custom ones of the same name.

        Raises:
            ValueError: for an unknown name, with the nearest known one.
        """
        if name in self.names:
            return self.names[name]
        kinds()  # which have guests elsewhere
        for table in (self.guests, custom_objects or {}, _scope.objects, _custom):
            if name in table:
                return table[name]
        from difflib import get_close_matches  # wanted when something is wrong

        known = self.names | self.guests
        lowered = {key.lower(): key for key in reversed(known)}
        name = f"{name:.80}"
        close = get_close_matches(name, known, n=1, cutoff=0.5) or [
            lowered[key] for key in get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
        ]
        hint = f" Did you mean {close[0]!r}?" if close else f" Known names: {', '.join(sorted(known))}."
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
            ValueError: if the name is unknown in this slot, or the configuration is of another kind of object.
        """
        if isinstance(config, str):
            return self.get(self.find(config, custom_objects))
        name = config.get("class_name") if isinstance(config, Mapping) else None
        if not isinstance(name, str):
            raise ValueError(
                f"A {self.kind} configuration must be a dict with 'class_name' and 'config'. Received: {config!r:.200}."
            )
        shared = (_shared.made or {}).get(str(config.get("shared_object_id")))
        if shared is not None and type(shared).__name__ == name and self._takes(shared):
            return shared
        found = self._resolve(config, custom_objects)
        if name == "function" or not isinstance(found, type):
            return found
        made = construct(found, config, custom_objects)
        if not self._takes(made):
            raise ValueError(f"Expected a {self.kind} here. Received the configuration of {made!r:.200}.")
        return made

    def _takes(self, made: Any) -> bool:
        """Tell whether an object may stand in this slot: it is of this kind, or at least of no other."""
        others = tuple(kind.base for kind in kinds().values() if kind.base is not object)
        return isinstance(made, self.base) or not isinstance(made, others)

    def _resolve(self, config: Mapping[str, Any], custom_objects: CustomObjects | None) -> Any:
        """Return what a configuration names: a built-in one if its module is Keras's, else one of the caller's.

        Without a module, as Keras 2 writes, both are looked up.
        """
        name, registered, module = config["class_name"], config.get("registered_name"), config.get("module")
        if not isinstance(module, str | None) or not isinstance(registered, str | None):
            raise ValueError(f"The module and registered name of {name!r:.80} must be texts, or null.")
        if name == "function":
            name = config.get("config")
            if not isinstance(name, str):
                raise ValueError(f"The configuration of a function must hold its name. Received: {name!r:.200}.")
            found = self.find(name, _with_short_names(name, custom_objects))
            if isinstance(found, type):
                raise ValueError(f"Expected the configuration of a function. Received that of a class: {name!r:.80}.")
            return found
        if isinstance(module, str) and module.partition(".")[0] in ("keras", "tf_keras"):
            if registered not in (None, name):
                raise ValueError(
                    f"{name!r:.80} is Keras's own, and no registered name replaces it. Received: "
                    f"registered_name={registered!r:.80}."
                )
            return self.find(name)
        for key in (registered, name):
            custom = get_registered_object(key, custom_objects) if isinstance(key, str) else None
            if custom is not None and (module is not None or registered is not None or key not in self.names):
                return custom
        if module is not None:
            raise ValueError(
                f"Unknown {self.kind}: {name!r:.80} of the module {module!r:.80}. Pass the class in custom_objects, or "
                "register it with register_keras_serializable."
            )
        return self.find(name, custom_objects)


def _with_short_names(name: str, custom_objects: CustomObjects | None) -> CustomObjects:
    """Let a function registered as "package>name" be found by its name alone, which is all that Keras 3.6 wrote."""
    table = {**_custom, **_scope.objects, **(custom_objects or {})}
    if ">" in name or name in table:
        return table
    return {**table, **{key.partition(">")[2]: value for key, value in table.items() if ">" in key}}


def is_custom(names: Iterable[Any], custom_objects: CustomObjects | None) -> bool:
    """Tell whether one of some names is that of a class or function of the caller's."""
    return any(isinstance(name, str) and name in _with_short_names(name, custom_objects) for name in names)


def construct(cls: type[Any], config: Mapping[str, Any], custom_objects: CustomObjects | None = None) -> Any:
    """Make an object of a class from what `serialize` wrote: its arguments, what it was built and compiled with.

    Raises:
        ValueError: if a built-in class is given an argument of another type than it takes.
    """
    inner = config.get("config")
    inner = {} if inner is None else inner
    if not isinstance(inner, Mapping) or not all(isinstance(key, str) for key in inner):
        raise ValueError(f"The arguments of {cls.__name__} must be a dict. Received: config={inner!r:.200}.")
    try:
        with custom_object_scope(custom_objects or {}):
            if is_built_in(cls):
                check_arguments(cls, inner)
            made = cls.from_config(dict(inner)) if hasattr(cls, "from_config") else cls(**inner)
            for key in ("build_config", "compile_config"):
                if not isinstance(config.get(key), Mapping | None):
                    raise ValueError(f"{key!r} must be a dict. Received: {config[key]!r:.80}.")
            build = config.get("build_config")
            if build and is_built_in(cls) and not all(map(is_shape, build.values())):
                raise ValueError(f"'build_config' must hold shapes. Received: {build!r:.80}.")
            if build and not getattr(made, "built", True):
                made.build_from_config(build)
            if config.get("compile_config"):
                made.compile_from_config(config["compile_config"])
    except Exception as error:
        error.add_note(f"in the configuration of {cls.__name__} {inner.get('name', '')!r:.80}")
        raise
    if _shared.made is not None and "shared_object_id" in config:
        _shared.made[str(config["shared_object_id"])] = made
    return made


class _Shared(threading.local):
    """The objects written or read so far, where one that occurs more than once is to be made once."""

    written: dict[int, tuple[Any, int]] | None = None
    made: dict[str, Any] | None = None


_shared = _Shared()


@contextmanager
def sharing() -> Iterator[None]:
    """Within this context `deserialize` makes one object of configurations with the same `shared_object_id`."""
    before, _shared.made = _shared.made, {}
    try:
        yield
    finally:
        _shared.made = before


def serialize_shared(obj: Any) -> Config:
    """Return what `serialize` does, with a `shared_object_id` where an object occurs more than once."""
    before, _shared.written = _shared.written, {}
    try:
        config: Config = serialize(obj)
    finally:
        _shared.written = before
    found: dict[int, list[Config]] = {}
    stack: list[Any] = [config]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "shared_object_id" in node and "class_name" in node:
                found.setdefault(node["shared_object_id"], []).append(node)
            stack += node.values()
        elif isinstance(node, list | tuple):
            stack += node
    for nodes in found.values():
        if len(nodes) == 1:
            del nodes[0]["shared_object_id"]
    return config


def serialize(obj: Any) -> Any:
    """Return the JSON-like form of an object: plain values as they are, others as a dict in Keras's layout.

    Raises:
        ValueError: for a lambda, whose code is never written.
        TypeError: for an object without `get_config`, or one whose `get_config` returns no dict.

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
    if isinstance(obj, list | tuple):
        return type(obj)(map(serialize, obj)) if type(obj) in (list, tuple) else [serialize(item) for item in obj]
    if isinstance(obj, Mapping):
        return {str(key): serialize(value) for key, value in obj.items()}
    if hasattr(obj, "get_config"):
        cls = type(obj)
        module = module_of(cls)
        public = module is not None and not module.startswith("keras.src.")
        arguments = obj.get_config()
        if not isinstance(arguments, dict):
            raise TypeError(f"`get_config` of {obj!r:.200} must return a dict. It returned: {arguments!r:.200}.")
        config = {
            "module": module,
            "class_name": cls.__name__,
            "config": serialize(arguments),
            "registered_name": _registered_names.get(cls) or (None if public else cls.__name__),
            **_state_of(obj),
        }
        if _shared.written is not None:
            config["shared_object_id"] = _shared.written.setdefault(id(obj), (obj, len(_shared.written)))[1]
        return config
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
            "config": _registered_names.get(obj, name),
            "registered_name": "function",
        }
    raise TypeError(f"Cannot serialize {obj!r} (of type {type(obj).__name__}): it has no get_config().")


def _state_of(obj: Any) -> Config:
    """Return what a layer was built with and a model compiled with, where there is something to tell."""
    found: Config = {}
    for key in ("build_config", "compile_config"):
        state = getattr(obj, f"get_{key}", lambda: None)()
        if state is not None:
            found[key] = serialize(state)
    return found


def is_built_in(thing: Any) -> bool:
    """Tell whether a class, a function or an object is this package's own."""
    return str(getattr(thing, "__module__", None)).partition(".")[0] == __name__.partition(".")[0]


def module_of(cls: Any) -> str | None:
    """Return the Keras module that a class's configuration names, None for a custom class."""
    if not is_built_in(cls):
        return None
    for module, kind in kinds().items():
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
    if isinstance(config, list | tuple):
        return [deserialize(item, custom_objects) for item in config]
    if not isinstance(config, Mapping):
        return config
    name = config.get("class_name")
    if name in ("__numpy__", "__tensor__"):  # the second is what Keras makes of its own tensors
        return array_of(config)
    if name is None or "config" not in config:
        return {key: deserialize(value, custom_objects) for key, value in config.items()}
    key = config["config"] if name == "function" else name
    module = config.get("module")
    known = [kind for kind in kinds().values() if isinstance(key, str) and key in kind.names]
    named = next((kind for kind in known if kind.module == module), known[0] if known else _any)
    return named.deserialize(config, custom_objects)


_any: Registry[Any] = Registry("", "object")
"""What a custom class may stand for where the slot does not tell."""


def array_of(config: Any) -> Any:
    """Return the array of a configuration that `serialize` made of one; other values as they are.

    Raises:
        ValueError: for other than nested lists of numbers, or another dtype than numbers have.
    """
    if not isinstance(config, Mapping) or config.get("class_name") not in ("__numpy__", "__tensor__"):
        return config
    inner = config.get("config")
    try:
        array = np.array(inner["value"], dtype=standardize_dtype(str(inner["dtype"])))  # type: ignore[index]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"An array's configuration must hold its value and dtype. Received: {inner!r:.200}."
        ) from error
    return array


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
    return {**_custom, **_scope.objects, **(custom_objects or {})}.get(name)


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
    before = _scope.objects
    _scope.objects = {**before, **custom_objects}
    try:
        yield
    finally:
        _scope.objects = before
