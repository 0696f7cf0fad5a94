"""Helpers: `keras.utils`."""

from ._lazy import lazily

with lazily(globals()):
    from ._state import clear_session as clear_session
    from ._state import disable_interactive_logging as disable_interactive_logging
    from ._state import enable_interactive_logging as enable_interactive_logging
    from ._state import is_interactive_logging_enabled as is_interactive_logging_enabled
    from ._state import standardize_dtype as standardize_dtype
    from .data import PyDataset as PyDataset
    from .data import PyDataset as Sequence
    from .data import pack_x_y_sample_weight as pack_x_y_sample_weight
    from .data import unpack_x_y_sample_weight as unpack_x_y_sample_weight
    from .files import get_file as get_file
    from .folders import image_dataset_from_directory as image_dataset_from_directory
    from .folders import text_dataset_from_directory as text_dataset_from_directory
    from .folders import timeseries_dataset_from_array as timeseries_dataset_from_array
    from .images import array_to_img as array_to_img
    from .images import img_to_array as img_to_array
    from .images import load_img as load_img
    from .images import save_img as save_img
    from .numerical import normalize as normalize
    from .numerical import pad_sequences as pad_sequences
    from .numerical import split_dataset as split_dataset
    from .numerical import to_categorical as to_categorical
    from .plotting import model_to_dot as model_to_dot
    from .plotting import plot_model as plot_model
    from .progress import Progbar as Progbar
    from .random import set_random_seed as set_random_seed
    from .saving import CustomObjectScope as CustomObjectScope
    from .saving import custom_object_scope as custom_object_scope
    from .saving import deserialize_keras_object as deserialize_keras_object
    from .saving import get_custom_objects as get_custom_objects
    from .saving import get_registered_name as get_registered_name
    from .saving import get_registered_object as get_registered_object
    from .saving import register_keras_serializable as register_keras_serializable
    from .saving import serialize_keras_object as serialize_keras_object
    from .symbolic import is_keras_tensor as is_keras_tensor

__path__: list[str] = []  # Keras's is a package
__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
