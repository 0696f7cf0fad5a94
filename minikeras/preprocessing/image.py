"""Pictures under their older address: `keras.preprocessing.image`."""

from ..images import array_to_img as array_to_img
from ..images import img_to_array as img_to_array
from ..images import load_img as load_img
from ..images import save_img as save_img
from ..images import smart_resize as smart_resize

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]
