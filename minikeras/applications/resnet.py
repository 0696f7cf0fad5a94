"""ResNet50 (He and others, arXiv 1512.03385)."""

from .. import layers
from .._base.absent import complete
from .._base.typing import PartialShape
from .._core.keras_tensor import KerasTensor
from ..activations import ActivationLike
from ..models import Model
from .imagenet_utils import decode_predictions
from .network import ADDRESS, Network, Pooling, Weights
from .vgg16 import preprocess_input

BLOCKS = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]
"""For each stage: filters of the narrow convolutions, number of blocks, and stride of the first block."""
_HASHES = "2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"


def ResNet50(include_top: bool = True, weights: Weights = "imagenet", input_tensor: KerasTensor | None = None,
             input_shape: PartialShape | None = None, pooling: Pooling = None, classes: int = 1000,
             classifier_activation: ActivationLike | None = "softmax", name: str = "resnet50") -> Model:  # fmt: skip
    """Return ResNet50, see `Network` for the arguments.

    Example:
        >>> ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 2048)
    """
    net = Network(**locals(), common={layers.BatchNormalization: {"epsilon": 1.001e-5}})
    net.add(layers.ZeroPadding2D, "conv1_pad", ((3, 3), (3, 3)))
    net.unit("conv1_conv conv1_bn conv1_relu", layers.Conv2D, 64, 7, 2)
    net.add(layers.ZeroPadding2D, "pool1_pad", ((1, 1), (1, 1)))
    net.add(layers.MaxPooling2D, "pool1_pool", 3, 2)
    for stage, (filters, count, stride) in enumerate(BLOCKS, 2):
        for block in range(1, count + 1):
            _bottleneck(net, f"conv{stage}_block{block}", filters, stride if block == 1 else 1, block == 1)
    return net.model(f"{ADDRESS}resnet/resnet50_weights_tf_dim_ordering_tf_kernels", _HASHES)


def _bottleneck(net: Network, name: str, filters: int, stride: int, project: bool) -> None:
    """Add a bottleneck block: a residual through fewer channels plus the input, projected (`project`) to its size."""
    start = shortcut = net.x
    if project:
        net.unit(f"{name}_0_conv {name}_0_bn", layers.Conv2D, 4 * filters, 1, stride)
        shortcut, net.x = net.x, start
    net.unit(f"{name}_1_conv {name}_1_bn {name}_1_relu", layers.Conv2D, filters, 1, stride)
    net.unit(f"{name}_2_conv {name}_2_bn {name}_2_relu", layers.Conv2D, filters, 3, padding="same")
    net.unit(f"{name}_3_conv {name}_3_bn", layers.Conv2D, 4 * filters, 1)
    net.x = layers.Add(name=f"{name}_add")([shortcut, net.x])
    net.add(layers.Activation, f"{name}_out", "relu")


complete(globals())
__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
