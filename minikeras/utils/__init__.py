"""Helpers: `keras.utils`."""

# ruff: noqa: I001  # many names a line
# fmt: off

from .._base.lazy import lazily
from .._serialization.configurable import Configurable
from .._serialization.registry import Registry

with lazily(globals()):
    from .._base.naming import clear_session
    from .._base.settings import (
        disable_interactive_logging, enable_interactive_logging, is_interactive_logging_enabled, standardize_dtype)
    from .._trainers.batches import PyDataset, PyDataset as Sequence
    from .._trainers.data_adapters import pack_x_y_sample_weight, unpack_x_y_sample_weight
    from .feature_space import Cross as Cross, Feature as Feature, FeatureSpace
    from .file_utils import get_file
    from .dataset_utils import (
        image_dataset_from_directory, split_dataset, text_dataset_from_directory, timeseries_dataset_from_array)
    from .image_utils import array_to_img, img_to_array, load_img, save_img
    from .numerical_utils import normalize, pad_sequences, to_categorical
    from .model_visualization import model_to_dot, plot_model
    from .profile_utils import StepProfile, profile_step
    from .._display.progbar import Progbar
    from ..random import set_random_seed
    from ..saving import (
        CustomObjectScope, custom_object_scope, deserialize_keras_object, get_custom_objects, get_registered_name,
        get_registered_object, register_keras_serializable, serialize_keras_object)
    from .._core.keras_tensor import is_keras_tensor
    from ..models.order import get_source_inputs
# fmt: on

Registry("keras.utils", "layer", Configurable, names=["FeatureSpace"])
Registry("keras.src.layers.preprocessing.feature_space", "layer", Configurable, names=["Cross", "Feature"])

__all__ = [
    "CustomObjectScope", "FeatureSpace", "Progbar", "PyDataset", "Sequence", "StepProfile", "array_to_img",
    "clear_session", "custom_object_scope", "deserialize_keras_object", "disable_interactive_logging",
    "enable_interactive_logging", "get_custom_objects", "get_file", "get_registered_name", "get_registered_object",
    "get_source_inputs", "image_dataset_from_directory", "img_to_array", "is_interactive_logging_enabled",
    "is_keras_tensor", "load_img", "model_to_dot", "normalize", "pack_x_y_sample_weight", "pad_sequences", "plot_model",
    "profile_step", "register_keras_serializable", "save_img", "serialize_keras_object", "set_random_seed",
    "split_dataset", "standardize_dtype", "text_dataset_from_directory", "timeseries_dataset_from_array",
    "to_categorical", "unpack_x_y_sample_weight"]  # fmt: skip
