"""Configurations as Keras 2 wrote them: they have a class's name alone, which is looked up in the caller's table."""

from collections.abc import Mapping
from inspect import isfunction, unwrap
from typing import Any

from .._base.typing import CustomObjects
from .object_registration import custom_object_scope, get_registered_name, get_registered_object

_PASSIVE = "__passive_serialization__"
"""Marks a configuration within another one, which was an object among the arguments."""


def serialize_keras_object(instance: Any) -> Any:
    """Return the class and the arguments of an object, or the name of a class or function.

    A ValueError for an object without `get_config`.

    Example:
        >>> serialize_keras_object(keras.regularizers.L2(0.5))
        {'class_name': 'L2', 'config': {'l2': 0.5}}
    """
    instance = unwrap(instance)
    if hasattr(instance, "get_config"):
        config = {key: _written(value) for key, value in instance.get_config().items()}
        return {"class_name": get_registered_name(type(instance)), "config": config}
    if instance is None or hasattr(instance, "__name__"):
        return instance and get_registered_name(instance)
    raise ValueError(f"Cannot serialize {instance!r:.200}: it has no get_config().")


def _written(value: Any) -> Any:
    try:
        config = value if isinstance(value, str) else serialize_keras_object(value)
    except ValueError:
        return value
    return {**config, _PASSIVE: True} if isinstance(config, dict) else config


def deserialize_keras_object(identifier: Any, module_objects: Mapping[str, Any] | None = None,
                             custom_objects: CustomObjects | None = None,
                             printable_module_name: str = "object") -> Any:  # fmt: skip
    """Return the object of a name or a configuration.

    Args:
        identifier: The name or configuration; None and functions are returned.
        module_objects: Known classes and functions by name, besides the registered and the custom ones.
        custom_objects: Classes and functions by name, which take precedence.
        printable_module_name: The kind of object, for error messages.

    Raises:
        ValueError: for an unknown name, or what is no configuration.

    Example:
        >>> config = {"class_name": "L2", "config": {"l2": 0.5}}
        >>> deserialize_keras_object(config, {"L2": keras.regularizers.L2}).l2
        0.5
    """

    def read(key: str, value: Any) -> Any:
        if isinstance(value, Mapping) and _PASSIVE in value:
            return deserialize_keras_object(value, module_objects, custom_objects, "config_item")
        named = get_registered_object(value, custom_objects, module_objects) if isinstance(value, str) else None
        return named if isfunction(named) and key != "name" else value

    if identifier is None or isfunction(identifier):
        return identifier
    name, config = identifier, None
    if isinstance(identifier, Mapping) and {"class_name", "config"} <= {*identifier}:
        name, config = identifier["class_name"], identifier["config"]
    item: Any = get_registered_object(name, custom_objects, module_objects) if isinstance(name, str) else None
    if item is None:
        raise ValueError(f"Unknown {printable_module_name}: {name!r:.80}. Pass it in custom_objects, or register it "
                         "with register_keras_serializable.")  # fmt: skip
    with custom_object_scope({**(module_objects or {}), **(custom_objects or {})}):
        if config is None or isfunction(item):
            return item() if isinstance(item, type) else item
        config = {key: read(key, value) for key, value in config.items()} if isinstance(config, Mapping) else config
        return getattr(item, "from_config", lambda config: item(**config))(config)
