"""Configurations of objects, and custom classes in them: `keras.saving`."""

from .._lazy import lazily
from ..registry import custom_object_scope as CustomObjectScope
from ..registry import custom_object_scope as custom_object_scope
from ..registry import deserialize as deserialize_keras_object
from ..registry import get_custom_objects as get_custom_objects
from ..registry import get_registered_name as get_registered_name
from ..registry import get_registered_object as get_registered_object
from ..registry import register_keras_serializable as register_keras_serializable
from ..registry import serialize as serialize_keras_object

with lazily(globals()):
    from .models import load_model as load_model
    from .models import save_model as save_model
    from .source import FileError as FileError
    from .weights import load_weights as load_weights
    from .weights import save_weights as save_weights

__all__ = [
    "CustomObjectScope",
    "FileError",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
