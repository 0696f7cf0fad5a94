"""EfficientNetB0 (Tan and Le, arXiv 1905.11946)."""

from .. import layers
from .._base.absent import complete
from .._base.typing import Config, DataFormat, PartialShape
from .._core.keras_tensor import KerasTensor
from ..activations import ActivationLike
from ..models import Model
from .imagenet_utils import DEVIATION, Images, decode_predictions
from .network import Network, Pooling, Weights

BLOCKS = [(3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2), (5, 3, 112, 6, 1), (5, 4, 192, 6, 2),
          (3, 1, 320, 6, 1)]  # fmt: skip
"""For each stage: kernel size, number of blocks, filters, expansion within a block, and stride of the first block."""
NAMES = {
    "expand": "expand_conv expand_bn expand_activation", "pad": "dwconv_pad", "depthwise": "dwconv bn activation",
    "squeeze": "se_squeeze se_reshape se_reduce se_expand se_excite", "project": "project_conv project_bn",
    "drop": "drop", "add": "add"}  # fmt: skip
_HASHES = "902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"


def _spread(scale: float, distribution: str) -> Config:
    config = {"scale": scale, "mode": "fan_out", "distribution": distribution}
    return {"class_name": "VarianceScaling", "config": config}


_KERNEL = _spread(2.0, "truncated_normal")
_COMMON = {layers.Conv2D: {"use_bias": False, "kernel_initializer": _KERNEL},
           layers.DepthwiseConv2D: {"use_bias": False, "depthwise_initializer": _KERNEL}}  # fmt: skip


def EfficientNetB0(include_top: bool = True, weights: Weights = "imagenet", input_tensor: KerasTensor | None = None,
                   input_shape: PartialShape | None = None, pooling: Pooling = None, classes: int = 1000,
                   classifier_activation: ActivationLike | None = "softmax",
                   name: str = "efficientnetb0") -> Model:  # fmt: skip
    """Return EfficientNetB0, see `Network` for the arguments.

    Example:
        >>> EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 1280)
    """
    net = Network(**locals(), common=_COMMON, activation=(layers.Activation, "swish"))
    net.add(layers.Rescaling, None, 1 / 255)
    net.add(layers.Normalization, None, net.channels)
    if weights == "imagenet":  # trained on colours divided by their variance; Normalization divides by its root
        net.add(layers.Rescaling, None, [deviation**-0.5 for deviation in DEVIATION])
    net.pad("stem_conv_pad", 3)
    net.unit("stem_conv stem_bn stem_activation", layers.Conv2D, 32, 3, 2)
    total, number = sum(block[1] for block in BLOCKS), 0
    for stage, (kernel_size, count, filters, expansion, stride) in enumerate(BLOCKS, 1):
        for letter in "abcdefg"[:count]:
            prefix, strides, drop = f"block{stage}{letter}_", stride if letter == "a" else 1, 0.2 * number / total
            net.inverted(prefix, NAMES, expansion, filters, kernel_size, strides, 0.25, drop)
            number += 1
    net.unit("top_conv top_bn top_activation", layers.Conv2D, 1280, 1, padding="same")
    if include_top:
        net.add(layers.GlobalAveragePooling2D, "avg_pool")
        net.add(layers.Dropout, "top_dropout", 0.2)
    address = "https://storage.googleapis.com/keras-applications/efficientnetb0"
    return net.model(address, _HASHES, kernel_initializer=_spread(1 / 3, "uniform"))


def preprocess_input(x: Images, data_format: DataFormat | None = None) -> Images:
    """Return images as they are, from 0 to 255: EfficientNet scales them itself."""
    return x


complete(globals())
__all__ = ["EfficientNetB0", "decode_predictions", "preprocess_input"]
