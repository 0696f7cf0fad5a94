"""Preprocessing of images for networks, and decoding of their predictions."""

import json
from functools import lru_cache
from typing import Any, Literal, TypeAlias, TypeVar, cast

import numpy as np

from .. import ops
from .._base.checks import one_of
from .._base.settings import floatx, standardize_data_format
from .._base.typing import DataFormat, TensorLike
from .._core.tensor import TensorOps, as_array
from ..utils import get_file

Images = TypeVar("Images")
Prediction: TypeAlias = tuple[str, str, float]
_MEAN = {"caffe": (103.939, 116.779, 123.68), "torch": (0.485, 0.456, 0.406)}
DEVIATION = (0.229, 0.224, 0.225)  # of red, green and blue, for pixels from 0 to 1


def preprocess_input(x: Images, data_format: DataFormat | None = None,
                     mode: Literal["caffe", "tf", "torch"] = "caffe") -> Images:  # fmt: skip
    """Return images scaled as a network expects them.

    Args:
        x: Images (height, width, 3) with values from 0 to 255, or a batch of them. An array of floats is overwritten.
        data_format: Where the colours are, the `image_data_format` by default.
        mode: "caffe" (blue, green, red, each minus its mean on ImageNet), "tf" (from -1 to 1) or "torch" (from 0 to 1,
            then each colour minus its mean, divided by its standard deviation).

    Example:
        >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]]), mode="tf")
        array([[[-1.,  0.,  1.]]])
    """
    images: Any = x
    one_of("mode", mode, ("caffe", "tf", "torch"))
    axis = -3 if standardize_data_format(data_format) == "channels_first" else -1
    if np.dtype(images.dtype).kind != "f":
        images = ops.cast(images, floatx()) if isinstance(images, TensorOps) else images.astype(floatx())
    if mode == "caffe" and isinstance(images, np.ndarray):
        images = np.flip(images, axis)
    elif mode == "caffe":
        places = [(..., i, *[slice(None)] * (-axis - 1)) for i in (2, 1, 0)]
        images = ops.stack([images[place] for place in places], axis)
    else:
        images /= 127.5 if mode == "tf" else 255.0
    if mode == "tf":
        images -= 1.0
        return cast(Images, images)
    shape = (3, *[1] * (-axis - 1))
    images += np.array([-mean for mean in _MEAN[mode]], images.dtype).reshape(shape)
    if mode == "torch":
        images /= np.array(DEVIATION, images.dtype).reshape(shape)
    return cast(Images, images)


def decode_predictions(preds: TensorLike, top: int = 5) -> list[list[Prediction]]:
    """Return the likeliest classes of ImageNet for each image: (number in WordNet, name, score), the best first.

    Args:
        preds: Scores (images, 1000), the output of a network with its top.
        top: How many classes to return.

    Raises:
        ValueError: for scores of another shape.
        OSError: if the names are not in the cache and cannot be downloaded.

    Example:
        >>> decode_predictions(np.eye(1000)[:1], top=1)  # doctest: +SKIP
        [[('n01440764', 'tench', 1.0)]]
    """
    scores = as_array(preds)
    if scores.ndim != 2 or scores.shape[1] != 1000:
        raise ValueError(f"`decode_predictions` expects scores of shape (images, 1000). Received: {scores.shape}.")
    best = np.argsort(scores)[:, : -top - 1 : -1]
    return [[(*_names()[str(i)], row[i]) for i in places] for row, places in zip(scores, best, strict=True)]


@lru_cache(1)
def _names() -> dict[str, tuple[str, str]]:
    """Return the number in WordNet and the name of each class."""
    address = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
    digest = "c2c37ea517e94d9795004a39431a14cb"
    with open(get_file("imagenet_class_index.json", address, cache_subdir="models", file_hash=digest), "rb") as file:
        return dict(json.load(file))


__all__ = ["decode_predictions", "preprocess_input"]
