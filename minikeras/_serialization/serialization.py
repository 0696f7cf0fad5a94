"""Objects of every kind <-> configurations in Keras's layout."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._base.context import context
from .._base.settings import standardize_dtype
from .._base.typing import Config, CustomObjects
from .configurable import is_built_in
from .lambdas import LambdaConfig
from .object_registration import registered_names
from .registry import Registry, kinds


def serialize(obj: Any) -> Any:
    """Return the JSON-like form of an object: plain values as they are, others as a dict in Keras's layout.

    A TypeError for an object without `get_config`, or one whose `get_config` returns no dict.

    Example:
        >>> serialize(keras.initializers.Zeros())["class_name"]
        'Zeros'
    """
    if obj is None or isinstance(obj, str | bool | int | float | LambdaConfig):
        return obj
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and not obj.ndim):
        return obj.item()
    if isinstance(obj, slice):
        parts = {name: serialize(getattr(obj, name)) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if obj is ...:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if hasattr(obj, "__array__") and not hasattr(obj, "get_config"):
        kind, array = "__numpy__" if isinstance(obj, np.ndarray) else "__tensor__", np.asarray(obj)
        return {"class_name": kind, "config": {"value": array.tolist(), "dtype": standardize_dtype(array.dtype.name)}}
    if isinstance(obj, list | tuple):
        return type(obj)(map(serialize, obj)) if type(obj) in (list, tuple) else [serialize(item) for item in obj]
    if isinstance(obj, Mapping):
        return {key: serialize(value) for key, value in obj.items()}
    if hasattr(obj, "get_config"):
        return _described(obj)
    if hasattr(obj, "__name__"):
        name = registered_names.get(obj, obj.__name__)
        if name == "<lambda>":
            return LambdaConfig(obj, serialize)
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    raise TypeError(f"Cannot serialize {obj!r} (of type {type(obj).__name__}): it has no get_config().")


def _described(obj: Any) -> Config:
    """Return the configuration of an object: its class, its arguments, and what it was built and compiled with."""
    cls, arguments = type(obj), obj.get_config()
    homes = (name for name, kind in kinds().items() if kind.own(cls.__name__) is cls)
    module = next(homes, "keras") if is_built_in(cls) else None
    public = module is not None and not module.startswith("keras.src.")
    if not isinstance(arguments, dict):
        raise TypeError(f"`get_config` of {obj!r:.200} must return a dict. It returned: {arguments!r:.200}.")
    config: Config = {"module": module, "class_name": cls.__name__, "config": serialize(arguments)}
    config["registered_name"] = registered_names.get(cls) or (None if public else cls.__name__)
    for key in ("build_config", "compile_config"):
        state = getattr(obj, f"get_{key}", lambda: None)()
        if state is not None:
            config[key] = serialize(state)
    if context.shared_ids is not None:
        config["shared_object_id"] = context.shared_ids.setdefault(id(obj), (obj, len(context.shared_ids)))[1]
    return config


def serialize_shared(obj: Any) -> Config:
    """Serialize an object, with a `shared_object_id` for each object in it that occurs more than once."""
    with context.having(shared_ids={}):
        config: Config = serialize(obj)
    places: dict[int, list[Config]] = {}
    stack: list[Any] = [config]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "shared_object_id" in node and "class_name" in node:
                places.setdefault(node["shared_object_id"], []).append(node)
            stack += node.values()
        elif isinstance(node, list | tuple):
            stack += node
    for nodes in places.values():
        if len(nodes) == 1:
            del nodes[0]["shared_object_id"]
    return config


def deserialize(config: Any, custom_objects: CustomObjects | None = None, safe_mode: bool = True) -> Any:
    """Return the object that `serialize` described, of any kind.

    Args:
        config: The configuration.
        custom_objects: The caller's classes and functions by name.
        safe_mode: Accepted for Keras's sake. False changes nothing: Python code in a configuration is never run.

    Raises:
        ValueError: if the configuration names something unknown.

    Example:
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
    if name == "__slice__":
        return slice(*(array_of(config["config"][part]) for part in ("start", "stop", "step")))
    if name == "__ellipsis__":
        return ...
    if name == "__bytes__":
        return str(config["config"]["value"]).encode()
    if name is None or "config" not in config:
        return {key: deserialize(value, custom_objects) for key, value in config.items()}
    key = config["config"] if name == "function" else name
    tables = [table for table in kinds().values() if isinstance(key, str) and key in table]
    table = next((table for table in tables if table.module == config.get("module")), tables[0] if tables else _any)
    return table.deserialize(config, custom_objects)


_any: Registry[Any] = Registry("", "object", names=())
"""The table for custom classes, whose kind is not known."""


def array_of(config: Any) -> Any:
    """Return the array that a configuration describes (a ValueError if it is malformed); other values as they are."""
    if not isinstance(config, Mapping) or config.get("class_name") not in ("__numpy__", "__tensor__"):
        return config
    inner = config.get("config")
    try:
        return np.array(inner["value"], dtype=standardize_dtype(str(inner["dtype"])))  # type: ignore[index]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"An array's configuration must hold value and dtype. Received: {inner!r:.200}.") from error
