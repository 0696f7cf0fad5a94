"""The builder of networks for images: their common arguments, and the groups of layers that they are made of."""

import os
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, TypeAlias

from .. import activations, layers
from .._base.settings import image_data_format
from .._base.typing import PartialShape
from .._base.user_warning import warn_user
from .._core.keras_tensor import KerasTensor
from ..activations import ActivationLike
from ..models import Model
from ..utils import get_file, get_source_inputs

Weights: TypeAlias = Literal["imagenet"] | str | os.PathLike[str] | None
Pooling: TypeAlias = Literal["avg", "max"] | None
ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass
class Network:
    """A network for images, which is built layer by layer.

    Args:
        include_top: Whether the network ends in the layer of class scores, its top.
        weights: "imagenet", the path of a file, or None for random ones.
        input_tensor: The symbolic images, a new `Input` by default.
        input_shape: The shape of an image, by default of the size that the network was designed for.
        pooling: "avg" or "max" pools each image to a vector, without the top.
        classes: How many classes there are.
        classifier_activation: The activation of the class scores, None for logits.
        name: The model's name.
        size: The height and width of images that the network was designed for.

    Raises:
        ValueError: if these do not fit each other, or the file of weights does not exist.
    """

    include_top: bool
    weights: Weights
    input_tensor: KerasTensor | None
    input_shape: PartialShape | None
    pooling: Pooling
    classes: int
    classifier_activation: ActivationLike | None
    name: str | None
    _: KW_ONLY
    size: int = 224
    common: dict[type[layers.Layer], dict[str, Any]]  # class of layers -> arguments that all of them get
    activation: tuple[type[layers.Layer], Any] = (layers.Activation, "relu")  # class and argument of all activations
    pools: tuple[str | None, str | None] = ("avg_pool", "max_pool")  # names of the layers that `pooling` adds

    def __post_init__(self) -> None:
        imagenet = self.weights == "imagenet"
        if not (self.weights is None or imagenet or os.path.exists(self.weights)):
            raise ValueError("`weights` must be None, 'imagenet' or the path of a file that exists. "
                             f"Received: {self.weights!r}.")  # fmt: skip
        if imagenet and self.include_top and self.classes != 1000:
            raise ValueError(f"The weights 'imagenet' with the top are for 1000 classes. Received: {self.classes}.")
        plain = {activations.get(name) for name in (None, "softmax")}
        if self.include_top and self.weights and activations.get(self.classifier_activation) not in plain:
            raise ValueError("With weights, `classifier_activation` must be None or 'softmax'. "
                             f"Received: {self.classifier_activation!r}.")  # fmt: skip
        self.channels: int = 1 if image_data_format() == "channels_first" else 3
        self.shape: PartialShape = self._shape(None if self.input_shape is None else tuple(self.input_shape), imagenet)
        self.x: Any = layers.Input(self.shape) if self.input_tensor is None else self.input_tensor
        self.inputs: Any = self.x if self.input_tensor is None else get_source_inputs(self.x)

    def _shape(self, shape: PartialShape | None, imagenet: bool) -> PartialShape:
        """Return the shape of an image, with default sizes if `shape` is None; a ValueError if it fits no network."""
        if shape is not None and len(shape) != 3:
            raise ValueError(f"`input_shape` must have three sizes. Received: {shape}.")
        sizes = list(shape or [None] * 3)
        colours = sizes.pop(self.channels - 1)
        if shape and not imagenet and colours not in (1, 3):
            warn_user(f"This model expects 1 or 3 channels. Received: input_shape={shape}, of {colours} channels.")
        if shape and imagenet and (colours != 3 or (self.include_top and sizes != [self.size] * 2)):
            size = self.size if self.include_top else "any size"
            raise ValueError(f"The weights 'imagenet' are for images of {size} in 3 channels. Received: {shape}.")
        if any(n is not None and n < 32 for n in sizes):
            raise ValueError(f"Images must have at least 32 x 32 pixels. Received: input_shape={shape}.")
        if shape and self.include_top and None in shape:
            raise ValueError(f"With `include_top=True` all sizes must be known. Received: input_shape={shape}.")
        if not shape and self.include_top:
            sizes = [self.size] * 2
        sizes.insert(self.channels - 1, colours if shape else 3)
        return tuple(sizes)

    def add(self, kind: type[layers.Layer], name: str | None, *args: Any, **options: Any) -> None:
        """Add a layer at the end."""
        self.x = kind(*args, **{**self.common.get(kind, {}), **options, "name": name})(self.x)

    def unit(self, names: str, kind: type[layers.Layer], *args: Any, **options: Any) -> None:
        """Add a convolution, its normalization, and an activation if there is a name for one."""
        convolution, normalization, *activation = names.split()
        self.add(kind, convolution, *args, **options)
        kind = layers.BatchNormalization
        self.add(kind, normalization, **{"axis": self.channels, **self.common.get(kind, {})})
        if activation:
            self.add(self.activation[0], activation[0], self.activation[1])

    def pad(self, name: str, kernel: int) -> None:
        """Pad with zeros for a convolution of stride 2; as in Keras, an even size gets one zero less before it."""
        low, first = kernel // 2, 2 if self.channels == 1 else 1
        even = [1 if n is None else 1 - n % 2 for n in self.x.shape[first : first + 2]]
        self.add(layers.ZeroPadding2D, name, tuple((low - n, low) for n in even))

    def inverted(self, prefix: str, names: dict[str, str], expansion: int, filters: int, kernel: int, stride: int,
                 squeeze: float = 0, drop: float = 0) -> None:  # fmt: skip
        """Add an inverted residual block: expand, depthwise convolution, project, and add the input.

        `names` are the names of the layers in each part, after the `prefix`.

        Source: Sandler and others, arXiv 1801.04381. `squeeze` > 0 adds squeeze-and-excitation with this share of the
        input's channels (arXiv 1709.01507); `drop` is the rate at which the residual is dropped.
        """
        names = {part: " ".join(prefix + name for name in several.split()) for part, several in names.items()}
        start, width = self.x, self.x.shape[self.channels]
        if expansion > 1:
            self.unit(names["expand"], layers.Conv2D, expansion * width, 1, padding="same")
        if stride == 2:
            self.pad(names["pad"], kernel)
        same = "same" if stride == 1 else "valid"
        self.unit(names["depthwise"], layers.DepthwiseConv2D, kernel, stride, padding=same)
        if squeeze:  # each channel is scaled by a number that is computed from the means of all
            wide, parts, options = self.x, names["squeeze"].split(), {"padding": "same", "use_bias": True}
            sizes = (expansion * width, 1, 1) if self.channels == 1 else (1, 1, expansion * width)
            self.add(layers.GlobalAveragePooling2D, parts[0])
            self.add(layers.Reshape, parts[1], sizes)
            self.add(layers.Conv2D, parts[2], max(1, int(width * squeeze)), 1, activation=self.activation[1], **options)
            self.add(layers.Conv2D, parts[3], expansion * width, 1, activation="sigmoid", **options)
            self.x = layers.Multiply(name=parts[4])([wide, self.x])
        self.unit(names["project"], layers.Conv2D, filters, 1, padding="same")
        if stride == 1 and width == filters:
            if drop:
                self.add(layers.Dropout, names["drop"], drop, noise_shape=(None, 1, 1, 1))
            self.x = layers.Add(name=names["add"])([self.x, start] if squeeze else [start, self.x])

    def model(self, address: str, hashes: Iterable[str | None] = (None, None), suffix: str = "_notop",
              **top: Any) -> Model:  # fmt: skip
        """Add the pooling and the top, as far as asked for, and return the model with its weights.

        They are in the file `address` + ".h5", or without the top `address` + `suffix` + ".h5"; `hashes` are of both.
        `top` has further arguments of the layer of class scores.
        """
        pooling = "avg" if self.include_top else self.pooling
        if pooling == "avg" and len(self.x.shape) > 2:  # some networks make vectors in another way, for their top
            self.add(layers.GlobalAveragePooling2D, self.pools[0])
        elif pooling == "max":
            self.add(layers.GlobalMaxPooling2D, self.pools[1])
        if self.include_top:
            self.add(layers.Dense, "predictions", self.classes, activation=self.classifier_activation, **top)
        model = Model(self.inputs, self.x, name=self.name)
        path = self.weights
        if path == "imagenet":
            address += ".h5" if self.include_top else f"{suffix}.h5"
            digest = list(hashes)[not self.include_top]
            path = get_file(address.rpartition("/")[2], address, cache_subdir="models", file_hash=digest)
        if path is not None:
            model.load_weights(path)
        return model
