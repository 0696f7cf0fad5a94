"""MobileNetV2 (Sandler and others, arXiv 1801.04381)."""

from .. import layers
from .._base.settings import image_data_format
from .._base.typing import DataFormat, PartialShape
from .._base.user_warning import warn_user
from .._core.keras_tensor import KerasTensor
from ..activations import ActivationLike
from ..models import Model
from . import imagenet_utils
from .imagenet_utils import Images, decode_predictions
from .network import ADDRESS, Network, Pooling, Weights

BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
"""For each stage: expansion within a block, filters, number of blocks, and stride of the first block."""
NAMES = {"expand": "expand expand_BN expand_relu", "depthwise": "depthwise depthwise_BN depthwise_relu", "pad": "pad",
         "project": "project project_BN", "add": "add"}  # fmt: skip
_PLAIN = {"use_bias": False}
SIZES = (96, 128, 160, 192, 224)
"""Heights (and widths) of images that Keras has weights for."""


def MobileNetV2(input_shape: PartialShape | None = None, alpha: float = 1.0, include_top: bool = True,
                weights: Weights = "imagenet", input_tensor: KerasTensor | None = None, pooling: Pooling = None,
                classes: int = 1000, classifier_activation: ActivationLike | None = "softmax",
                name: str | None = None) -> Model:  # fmt: skip
    """Return MobileNetV2, see `Network` for the arguments.

    Args:
        alpha: A factor for the number of filters. Keras has weights for 0.35, 0.5, 0.75, 1.0, 1.3 and 1.4.

    Example:
        >>> MobileNetV2((32, 32, 3), include_top=False, weights=None, pooling="avg").output_shape
        (None, 1280)
    """
    if weights == "imagenet" and alpha not in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4):
        raise ValueError(f"Weights exist only for alpha 0.35, 0.5, 0.75, 1.0, 1.3 and 1.4. Received: alpha={alpha}.")
    channels_first = image_data_format() == "channels_first"
    image = input_tensor.shape[1:] if input_shape is None and input_tensor is not None else input_shape or ()
    size = next((n for n in SIZES if {*(image[1:] if channels_first else image[:-1])} == {n}), 224)
    normalization = {"axis": 1 if channels_first else -1, "epsilon": 1e-3, "momentum": 0.999}
    net = Network(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name, size=size,
        common={layers.BatchNormalization: normalization, layers.Conv2D: _PLAIN, layers.DepthwiseConv2D: _PLAIN},
        activation=(layers.ReLU, 6.0), pools=(None, None))  # fmt: skip
    side = net.shape[1 - net.channels // 3]
    if weights == "imagenet" and side != size:
        warn_user(f"Weights exist only for square images of {SIZES}. Those of 224 x 224 are loaded for {net.shape}.")
        side = 224
    net.name = name or f"mobilenetv2_{alpha:0.2f}_{side}"
    net.unit("Conv1 bn_Conv1 Conv1_relu", layers.Conv2D, _width(32 * alpha), 3, 2, padding="same")
    blocks = [(row, i) for row in BLOCKS for i in range(row[2])]
    for number, ((expansion, filters, _, stride), i) in enumerate(blocks):
        prefix = f"block_{number}_" if number else "expanded_conv_"
        net.inverted(prefix, NAMES, expansion, _width(int(filters * alpha)), 3, 1 if i else stride)
    net.unit("Conv_1 Conv_1_bn out_relu", layers.Conv2D, _width(1280 * alpha) if alpha > 1 else 1280, 1)
    file = f"mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{side}"
    return net.model(ADDRESS + file, suffix="_no_top")


def _width(filters: float) -> int:
    """Return the nearest multiple of 8, or the next one if that is less than 0.9 * filters."""
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * filters else nearest + 8


def preprocess_input(x: Images, data_format: DataFormat | None = None) -> Images:
    """Return images scaled for MobileNetV2: `imagenet_utils.preprocess_input` in the mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")


__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]
