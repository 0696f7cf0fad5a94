"""Configurations of objects, and custom classes in them: `keras.saving`."""

from ..registry import custom_object_scope as custom_object_scope
from ..registry import deserialize as deserialize_keras_object
from ..registry import get_custom_objects as get_custom_objects
from ..registry import get_registered_name as get_registered_name
from ..registry import get_registered_object as get_registered_object
from ..registry import register_keras_serializable as register_keras_serializable
from ..registry import serialize as serialize_keras_object

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize_keras_object",
]
