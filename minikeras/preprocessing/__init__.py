"""Helpers under their older address: `keras.preprocessing`."""

from .._lazy import lazily

with lazily(globals()):
    from ..folders import image_dataset_from_directory as image_dataset_from_directory
    from ..folders import text_dataset_from_directory as text_dataset_from_directory
    from ..folders import timeseries_dataset_from_array as timeseries_dataset_from_array
    from . import image as image
    from . import sequence as sequence

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
