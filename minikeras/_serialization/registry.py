"""Names <-> classes, for every kind of object that a model is made of.

Each kind (`initializers`, `regularizers`, ...) has one closed table. A configuration names a class within the
table of the slot it stands in; custom classes come from the caller alone, through `custom_objects`,
`custom_object_scope` or `register_keras_serializable`. No name is ever imported or evaluated.
"""

from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any, Generic, overload

from .._base.context import context
from .._base.naming import hint, to_snake_case
from .._base.typing import AnyCallable, Config, CustomObjects, T
from .argument_types import check_arguments, is_shape
from .configurable import is_built_in
from .lambdas import function_of, with_lambdas
from .object_registration import all_of, custom_object_scope, with_short_names

_HOMES = {
    "keras.activations": "activations", "keras.dtype_policies": "dtype_policies", "keras.random": "random",
    "keras.constraints": "constraints", "keras.initializers": "initializers", "keras.regularizers": "regularizers",
    "keras.layers": "layers", "keras.losses": "losses", "keras.metrics": "metrics", "builtins": "metrics",
    "keras.optimizers.schedules": "optimizers.schedules", "keras.optimizers": "optimizers", "keras": "models",
    "keras.src.models.functional": "models.model", "keras.utils": "utils",
    "keras.src.layers.preprocessing.feature_space": "utils"}  # fmt: skip
"""Keras's module of a kind -> the module here that has its objects. If two kinds share a name, the first counts."""
_EARLIER = frozenset({
    "keras.models", "keras.mixed_precision", "keras.optimizers.legacy", "keras.optimizers.experimental",
    "keras.engine.functional", "keras.engine.sequential", "keras.engine.training", "keras.src.engine.functional",
    "keras.src.engine.sequential", "keras.src.engine.training", "keras.src.activations.activations.ReLU",
    "keras.src.mixed_precision.loss_scale_optimizer", "keras._legacy.layers.AlphaDropout"})  # fmt: skip
"""Other modules that files of Keras name, and a class that does what the layer of its name does."""
_tables: dict[str, "Registry[Any]"] = {}


class UnknownName(ValueError, TypeError):
    """A configuration names something unknown. Keras raises a TypeError, but a ValueError if given the name alone."""


def is_of_keras(module: str, name: str) -> bool:
    """Return whether a module is Keras's, and not one of the caller's; a ValueError if Keras has no such module."""
    package, _, rest = module.partition(".")
    if package not in ("keras", "tf_keras"):
        return False
    module = f"keras.{rest}".removesuffix(".")
    if module not in _HOMES and _EARLIER.isdisjoint((module, f"{module}.{name}")):
        raise UnknownName(f"Keras has no module {module!r:.80} with {name!r:.80}.")
    return True


def _home(module: str) -> ModuleType:
    return import_module(f"..{_HOMES[module]}", __package__)


def table(module: str) -> "Registry[Any]":
    """Return the table of a kind, by Keras's module."""
    _home(module)  # importing it makes the table
    return _tables[module]


def kinds() -> dict[str, "Registry[Any]"]:
    """Return the tables of all kinds by Keras's modules."""
    return {module: table(module) for module in _HOMES}


class Registry(Generic[T]):
    """The named objects of one kind. A configuration in a slot of this kind can name no others of this package.

    The names are those in `__all__` of the kind's home, a module of this package, or all its public names. The objects
    are classes of this kind, and functions if the kind has any. Asking for one name loads only the file of that name.

    Args:
        module, kind: Keras's module in configurations, "keras.initializers", and the word in messages, "initializer".
        base, functions: The base class of the kind, () for none; whether functions belong to the kind.
        names, but: The names, if not those of the home; names to leave out.
        snake_case, aliases: Whether "max_norm" stands for "MaxNorm"; other names for some of the objects.
        guests: Names of another kind that may stand in the slot as well -> Keras's module of that kind.
    """

    def __init__(self, module: str, kind: str, base: type[T] | tuple[()] = (), *, functions: bool = False,
                 names: Sequence[str] | None = None, but: Container[str] = ("deserialize", "get", "serialize"),
                 snake_case: bool = False, aliases: Mapping[str, str] = {},
                 guests: Mapping[str, str] = {}) -> None:  # fmt: skip
        self.module: str = module
        self.kind: str = kind
        self.base: type[T] | tuple[()] = base
        self.guests: Mapping[str, str] = guests
        self._functions, self._listed, self._but = functions, names, but
        self._snake_case, self._aliases = snake_case, aliases
        self._loaded: dict[str, Any] = {}
        _tables[module] = self

    @cached_property
    def keys(self) -> dict[str, str]:
        """Key -> name in the home. A key is the name, or with `snake_case` the name of a class in lower case."""
        names = self._listed
        if names is None:
            home = _home(self.module)
            names = getattr(home, "__all__", None) or [name for name in vars(home) if name[0] != "_"]
        lower = {name.lower(): name for name in names if self._snake_case and name[0].isupper()}
        return {**{name: name for name in names if name not in self._but}, **lower}

    @cached_property
    def names(self) -> dict[str, Any]:
        """All objects by name; this loads their files."""
        keys = [*self.keys.values()]
        names = [*keys, *map(to_snake_case, keys if self._snake_case else ()), *self._aliases]
        return {name: self.own(name) for name in names if name in self}

    def __contains__(self, name: str) -> bool:
        return self.own(name) is not None

    def own(self, name: str) -> Any:
        """Return the class or function of this kind that a name stands for, None if there is none."""
        if name not in self._loaded:
            key = self._aliases.get(name) or self.keys.get(name.replace("_", "") if self._snake_case else name)
            if key is None or not (name in self._aliases or name == key or name == to_snake_case(key)):
                return None
            item = getattr(_home(self.module), key)
            if isinstance(item, type):
                member = issubclass(item, self.base) and item.__name__ == key
            else:
                member = self._functions and callable(item)
            self._loaded[name] = item if member else None
        return self._loaded[name]

    def find(self, name: str, custom_objects: CustomObjects | None = None, error: type[ValueError] = ValueError) -> Any:
        """Return the object of a name, this package's before the caller's; an error that suggests the nearest name."""
        if context.loading is not None:
            context.loading.count()
        item = self.own(name)
        if item is None and name in self.guests:
            item = table(self.guests[name]).own(name)
        if item is not None:
            return item
        custom = all_of(custom_objects)
        if name in custom:
            return custom[name]
        name = f"{name:.80}"
        raise error(f"Unknown {self.kind}: {name!r}.{hint(name, [*self.names, *self.guests])} "
                    f"A custom {self.kind} must be passed itself, or named in custom_objects.")  # fmt: skip

    @overload
    def get(self, identifier: None) -> None: ...
    @overload
    def get(self, identifier: str | T | type[T] | Config) -> T: ...
    @overload
    def get(self, identifier: AnyCallable) -> AnyCallable: ...
    def get(self, identifier: Any) -> Any:
        """Return the object of a name, configuration, class or function; None for None. A ValueError has a hint."""
        if isinstance(identifier, str):
            identifier = self.find(identifier)
        if isinstance(identifier, type):
            return identifier()
        if identifier is None or callable(identifier):
            return identifier
        if isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        raise ValueError(f"Could not interpret {self.kind} identifier: {identifier!r} (of type "
                         f"{type(identifier).__name__}). Expected its name, its configuration, or itself.")  # fmt: skip

    def deserialize(self, config: str | Mapping[str, Any], custom_objects: CustomObjects | None = None) -> Any:
        """Return the object of a name, or of a configuration made by `serialize`.

        `custom_objects` has names of functions or classes of the caller's. A ValueError if the name is unknown in
        this slot, or the configuration is of another kind of object.
        """
        if isinstance(config, str):
            return self.get(self.find(config, custom_objects))
        name = config.get("class_name") if isinstance(config, Mapping) else None
        if not isinstance(name, str):
            raise ValueError(f"The {self.kind} configuration lacks 'class_name'. Received: {config!r:.200}.")
        if name == "__lambda__":
            return function_of(config)
        shared = (context.shared_objects or {}).get(str(config.get("shared_object_id")))
        if shared is not None and type(shared).__name__ == name and self._takes(shared):
            return shared
        cls = self._resolve(config, custom_objects)
        if name == "function" or not isinstance(cls, type):
            return cls
        obj = construct(cls, config, custom_objects)
        if not self._takes(obj):
            raise ValueError(f"Expected a {self.kind} here. Received the configuration of {obj!r:.200}.")
        return obj

    def _takes(self, obj: Any) -> bool:
        """Return whether an object may stand in this slot. One of another kind may not, except layers and models."""
        bases = tuple(kind.base for kind in _tables.values() if kind.base and kind.kind not in ("layer", "model"))
        return self.base not in bases or isinstance(obj, self.base) or not isinstance(obj, bases)

    def _resolve(self, config: Mapping[str, Any], custom_objects: CustomObjects | None) -> Any:
        """Return what a configuration names: Keras's own if `module` is Keras's, else the caller's first."""
        name, registered, module = config["class_name"], config.get("registered_name"), config.get("module")
        if not isinstance(module, str | None) or not isinstance(registered, str | None):
            raise ValueError(f"The module and registered name of {name!r:.80} must be texts, or null.")
        if name == "function":
            return self._function(config.get("config"), module, custom_objects)
        if module is not None and is_of_keras(module, name):
            if registered not in (None, "", name):
                raise ValueError(f"{name!r:.80} is Keras's own, and no registered name replaces it. Received: "
                                 f"registered_name={registered!r:.80}.")  # fmt: skip
            return self.find(name, None, UnknownName)
        custom = all_of(custom_objects)
        for key in filter(None, (registered, name)):
            item = custom.get(key)
            stands_in = isinstance(item, type) and issubclass(item, self.base) and self.kind != "optimizer"
            own = key in self and not stands_in
            if item is not None and (module is not None or registered is not None or not own):
                if context.loading is not None:
                    context.loading.count()
                return item
        if module is not None:
            raise self._unknown(name, module)
        return self.find(name, custom, UnknownName if "module" in config or self.kind == "layer" else ValueError)

    def _unknown(self, name: str, module: str | None) -> UnknownName:
        return UnknownName(f"Unknown {self.kind}: {name!r:.80} of the module {module!r:.80}. Pass it in "
                           "custom_objects, or register it with register_keras_serializable.")  # fmt: skip

    def _function(self, name: Any, module: str | None, custom_objects: CustomObjects | None) -> Any:
        if not isinstance(name, str):
            raise ValueError(f"The configuration of a function must hold its name. Received: {name!r:.200}.")
        custom = with_short_names(name, custom_objects)
        if name in custom:  # before this package's: a file names both alike
            function = custom[name]
        elif module in (None, "builtins") or is_of_keras(str(module), name):
            function = self.find(name, custom, UnknownName)
        else:
            raise self._unknown(name, module)
        if isinstance(function, type):
            raise ValueError(f"Expected the configuration of a function. Received that of a class: {name!r:.80}.")
        return function


def construct(cls: type[Any], config: Mapping[str, Any], custom_objects: CustomObjects | None = None) -> Any:
    """Make an object from a configuration, then build and compile it as that says; a note of errors names the class."""
    inner = {} if config.get("config") is None else config["config"]
    if not isinstance(inner, Mapping) or not all(isinstance(key, str) for key in inner):
        raise ValueError(f"The arguments of {cls.__name__} must be a dict. Received: config={inner!r:.200}.")
    try:
        with custom_object_scope(custom_objects or {}):
            inner = with_lambdas(dict(inner))
            if is_built_in(cls):
                check_arguments(cls, inner)
            obj = cls.from_config(inner) if hasattr(cls, "from_config") else cls(**inner)
            for key in ("build_config", "compile_config"):
                if not isinstance(config.get(key), Mapping | None):
                    raise ValueError(f"{key!r} must be a dict. Received: {config[key]!r:.80}.")
            build = config.get("build_config")
            if build and is_built_in(cls) and not all(map(is_shape, build.values())):
                raise ValueError(f"'build_config' must hold shapes. Received: {build!r:.80}.")
            if build and not getattr(obj, "built", True):
                obj.build_from_config(build)
            if config.get("compile_config"):
                obj.compile_from_config(config["compile_config"])
    except Exception as error:
        error.add_note(f"in the configuration of {cls.__name__} {inner.get('name', '')!r:.80}")
        raise
    if context.shared_objects is not None and "shared_object_id" in config:
        context.shared_objects[str(config["shared_object_id"])] = obj
    return obj
