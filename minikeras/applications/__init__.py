"""Networks for images, with the weights that Keras's authors trained on ImageNet: `keras.applications`.

Weights are read from Keras's cache folder, ~/.keras/models; missing ones are first downloaded from Keras's addresses.
A network is a table of blocks, from which `network.py` makes the layers.
"""

from .._base.lazy import lazily

with lazily(globals()):
    from . import efficientnet, imagenet_utils, mobilenet_v2, resnet, vgg16
    from .efficientnet import EfficientNetB0
    from .mobilenet_v2 import MobileNetV2
    from .resnet import ResNet50
    from .vgg16 import VGG16

__all__ = ["VGG16", "EfficientNetB0", "MobileNetV2", "ResNet50", "efficientnet", "imagenet_utils", "mobilenet_v2",
           "resnet", "vgg16"]  # fmt: skip
