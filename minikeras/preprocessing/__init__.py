"""Helpers under their older address: `keras.preprocessing`."""

from .._base.lazy import lazily

with lazily(globals()):
    from ..utils import image_dataset_from_directory, text_dataset_from_directory, timeseries_dataset_from_array
    from . import image, sequence

__all__ = ["image", "image_dataset_from_directory", "sequence", "text_dataset_from_directory",
           "timeseries_dataset_from_array"]  # fmt: skip
