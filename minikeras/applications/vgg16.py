"""VGG16 (Simonyan and Zisserman, arXiv 1409.1556)."""

from .. import layers
from .._base.typing import DataFormat, PartialShape
from .._core.keras_tensor import KerasTensor
from ..activations import ActivationLike
from ..models import Model
from . import imagenet_utils
from .imagenet_utils import Images, decode_predictions
from .network import ADDRESS, Network, Pooling, Weights

BLOCKS = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
"""For each block: filters, and number of convolutions."""
_HASHES = "64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"


def VGG16(include_top: bool = True, weights: Weights = "imagenet", input_tensor: KerasTensor | None = None,
          input_shape: PartialShape | None = None, pooling: Pooling = None, classes: int = 1000,
          classifier_activation: ActivationLike | None = "softmax", name: str = "vgg16") -> Model:  # fmt: skip
    """Return VGG16, see `Network` for the arguments.

    Example:
        >>> VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 512)
    """
    net = Network(**locals(), common={layers.Conv2D: {"padding": "same", "activation": "relu"}}, pools=(None, None))
    for block, (filters, count) in enumerate(BLOCKS, 1):
        for i in range(count):
            net.add(layers.Conv2D, f"block{block}_conv{i + 1}", filters, (3, 3))
        net.add(layers.MaxPooling2D, f"block{block}_pool", (2, 2), (2, 2))
    if include_top:
        net.add(layers.Flatten, "flatten")
        for layer in ("fc1", "fc2"):
            net.add(layers.Dense, layer, 4096, activation="relu")
    return net.model(f"{ADDRESS}vgg16/vgg16_weights_tf_dim_ordering_tf_kernels", _HASHES)


def preprocess_input(x: Images, data_format: DataFormat | None = None) -> Images:
    """Return images scaled for VGG16 and ResNet50: `imagenet_utils.preprocess_input` in the mode "caffe"."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")


__all__ = ["VGG16", "decode_predictions", "preprocess_input"]
