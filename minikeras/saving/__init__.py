"""Configurations of objects, and custom classes in them: `keras.saving`."""

# ruff: noqa: I001  # many names a line
# fmt: off

from .._base.lazy import lazily
from .._serialization.object_registration import (
    custom_object_scope as CustomObjectScope, custom_object_scope, get_custom_objects, get_registered_name,
    get_registered_object, register_keras_serializable)
from .._serialization.serialization import deserialize as deserialize_keras_object, serialize as serialize_keras_object
# fmt: on

with lazily(globals()):
    from .models import load_model, save_model
    from .onnx_export import export_onnx as export_onnx
    from .source import FileError
    from .weights import load_weights, save_weights

__all__ = [
    "CustomObjectScope", "FileError", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
    "get_registered_name", "get_registered_object", "load_model", "load_weights", "register_keras_serializable",
    "save_model", "save_weights", "serialize_keras_object"]  # fmt: skip
