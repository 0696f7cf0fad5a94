"""Tensors without values: shapes and dtypes, how they are inferred, and the calls that gave them."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, ClassVar, NoReturn

import numpy as np

from . import _state, tensor
from ._signature import parameters
from ._structure import leaves, map_structure
from ._typing import Config, DTypeLike, DTypeName, PartialShape, ShapeLike, TensorLike
from .tensor import NUMPY_OPS, Tensor, TensorOps, any_symbolic, late_ops, stop_recording


class KerasTensor(Tensor):
    """A tensor known by shape and dtype alone, as `Input` gives it.

    Layers, operators, ops and NumPy functions take it and give others; `Model(inputs, outputs)` makes a model of what
    was done.

    Args:
        shape: Sizes of all axes, None where unknown.
        dtype: Name of the dtype.
        name: Its name, made up if not given.

    Example:
        >>> KerasTensor((None, 3), "float32", name="x")
        <KerasTensor shape=(None, 3), dtype=float32, sparse=False, ragged=False, name=x>
    """

    __slots__ = ("_dtype", "_shape", "index", "name", "node")

    sparse: bool = False
    ragged: bool = False
    node: "Node | None"
    """The call that gave it, None if it was made by hand."""
    index: int
    """Its place among the outputs of that call."""

    def __init__(self, shape: ShapeLike, dtype: DTypeLike | None = None, name: str | None = None) -> None:
        self.array: None = None
        self._shape = tuple(shape)
        self._dtype: DTypeName = _state.standardize_dtype(dtype)
        if _state.context.loading is not None:
            _state.context.loading.check(self._shape)
        self.name: str = name or _state.auto_name("keras_tensor")
        self.node = None
        self.index = 0

    @property
    def shape(self) -> PartialShape:
        """Sizes of the axes, None where unknown."""
        return self._shape

    @property
    def dtype(self) -> DTypeName:
        """Name of the dtype."""
        return self._dtype

    def _refuse(self, error: type[Exception], what: str) -> NoReturn:
        raise error(
            f"A symbolic tensor has no value: it cannot be {what}. Received: {self!r}. Write the computation with "
            "minikeras.ops, or in the `call` of a layer."
        )

    def __bool__(self) -> bool:
        self._refuse(TypeError, "used as a bool")

    def __index__(self) -> int:
        self._refuse(TypeError, "used as an index")

    def __len__(self) -> int:
        self._refuse(TypeError, "measured with len()")

    def __iter__(self) -> Iterator[Tensor]:
        self._refuse(NotImplementedError, "iterated over")

    def __format__(self, spec: str) -> str:
        return self._refuse(TypeError, f"formatted as a number ({spec!r})") if spec else repr(self)

    def __invert__(self) -> Tensor:
        result: Tensor = NUMPY_OPS["logical_not"](self)
        return result

    def __truediv__(self, other: TensorLike) -> Tensor:
        result: Tensor = op_class("TrueDivide")()(self, other)
        return result

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        result: Tensor = op_class("TrueDivide")()(other, self)
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        return (KerasTensor, (self._shape, self._dtype, self.name))

    def __deepcopy__(self, memo: dict[int, Any]) -> "KerasTensor":
        return KerasTensor(self._shape, self._dtype, self.name)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, name={self.name}>"

    __str__ = __repr__


def is_keras_tensor(x: object) -> bool:
    """Tell whether x is a tensor without a value.

    Example:
        >>> is_keras_tensor(KerasTensor((None, 3)))
        True
    """
    return isinstance(x, KerasTensor)


def infer(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what a function gives for symbolic arguments, by running it on zeros of two batch sizes.

    An axis of the result that differs between the two runs depends on an unknown size and is None. Nothing
    random is drawn, no loss is kept and nothing is recorded.

    Args:
        function: What to run; it returns a tensor, an array, or a list or dict of them.
        args, kwargs: Its arguments, with a KerasTensor in place of each tensor.

    Returns:
        The structure the function returned, with a KerasTensor in place of each tensor.
    """
    context, results = _state.context, []
    outer, context.waiting = context.waiting, {}
    try:
        with _state.dry_run(), stop_recording(), np.errstate(all="ignore"):
            for size in (2, 3):

                def zeros(x: Any, size: int = size) -> Any:
                    if not isinstance(x, KerasTensor):
                        return x
                    shape = [size if n is None else n for n in x.shape]
                    if context.loading is not None:
                        context.loading.spend(math.prod(shape))
                    return Tensor(np.zeros(shape, x.dtype))

                results.append(function(*map_structure(zeros, args), **map_structure(zeros, kwargs)))
        waiting = context.waiting
    finally:
        context.waiting = outer
    for model, met in waiting.items():
        (scopes, first), (_, other) = met[0], met[len(met) // 2]  # the first call of each run
        before, context.scopes = context.scopes, scopes
        try:
            model.build(tuple(m if m == n else None for m, n in zip(first, other, strict=True)))
        finally:
            context.scopes = before
    others = iter(leaves(results[1]))

    def merged(a: Any) -> Any:
        b = next(others)
        if not isinstance(a, TensorOps | np.ndarray | np.generic):
            return a
        shape = [m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)]
        return KerasTensor(shape, _state.standardize_dtype(a.dtype))

    return map_structure(merged, results[0])


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of nested lists, tuples and dicts, a dict's by sorted keys, as Keras numbers them.

    Example:
        >>> flatten({"b": 1, "a": [2, (3,)]})
        [2, 3, 1]
    """
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, list | tuple):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


class Node:
    """One call of a layer or an op on symbolic tensors; each keeps its own in `_inbound_nodes`.

    Args:
        operation: What was called.
        args: The arguments.
        kwargs: The arguments by name.
        outputs: The tensors it gave, in their structure.

    Attributes:
        inputs: The symbolic tensors among the arguments.
        index: How many calls of the operation came before.

    Raises:
        ValueError: if an output is no tensor.
    """

    __slots__ = ("args", "index", "inputs", "kwargs", "operation", "outputs")

    def __init__(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.operation: Any = operation
        self.args: tuple[Any, ...] = args
        self.kwargs: dict[str, Any] = kwargs
        self.inputs: list[KerasTensor] = [x for x in flatten([args, kwargs]) if isinstance(x, KerasTensor)]
        self.outputs: list[KerasTensor] = flatten(outputs)
        self.index: int = len(operation._inbound_nodes)
        for y in self.outputs:
            if not isinstance(y, KerasTensor):
                raise ValueError(f"All outputs of '{operation.name}' must be tensors. Received: {y!r}.")
        for i, y in enumerate(self.outputs):
            y.node, y.index = self, i
        operation._inbound_nodes.append(self)

    def fill(self, value: Callable[[Any], Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments, with what a function gives for each leaf among them."""
        return map_structure(value, self.args), map_structure(value, self.kwargs)


_KINDS = {"batch_normalization": "BatchNorm", "layer_normalization": "LayerNorm", "rms_normalization": "RMSNorm",
          "isin": "IsIn", "allclose": "AllClose", "searchsorted": "SearchSorted", "svd": "SVD",
          "cdist": "CDist", "psnr": "PSNR",
          **{name: name.upper() for name in ["fft", "fft2", "ifft2", "rfft", "irfft", "stft", "istft", "ssim"]},
          "rgb_to_grayscale": "RGBToGrayscale", "rgb_to_hsv": "RGBToHSV", "hsv_to_rgb": "HSVToRGB"}  # fmt: skip
"""The class that stands for an op in Keras's configurations, where it is not the op's name in capitals."""
_MODULES = {
    "core": "Cast ConvertToTensor SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack",
    "einops": "Rearrange",
    "image": "RGBToGrayscale RGBToHSV HSVToRGB Resize AffineTransform ExtractPatches ExtractPatches3d MapCoordinates "
    "PadImages CropImages PerspectiveTransform GaussianBlur ElasticTransform ScaleAndTranslate SobelEdges SSIM",
    "linalg": "Cholesky CholeskyInverse Det Eig Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve "
    "SolveTriangular",
    "math": "CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt STFT "
    "SegmentMax SegmentMin SegmentProd SegmentSum TopK ViewAsComplex ViewAsReal",
    "nn": "AdaptiveAveragePool AdaptiveMaxPool BatchNorm BinaryCrossentropy CategoricalCrossentropy Celu DepthToSpace "
    "DotProductAttention Elu Fold Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid "
    "LogSoftmax Moments MultiHot Normalize OneHot PSNR Polar RMSNorm Relu Relu6 Selu Sigmoid Silu SoftShrink Softmax "
    "Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Squareplus "
    "TanhShrink Threshold Unfold",
}
"""Where Keras has the classes that are not in keras.src.ops.numpy."""
_CALLED_WITH = {
    "average": "x weights", "batch_normalization": "x mean variance offset scale", "clip": "x",
    "dot_product_attention": "query key value bias mask scale", "einsum": "", "get_item": "x key",
    "isclose": "x1 x2 rtol atol", "layer_normalization": "x gamma beta", "meshgrid": "", "pad": "x constant_values",
    "rms_normalization": "x scale", "slice": "inputs start_indices", "where": "condition x1 x2",
}  # fmt: skip
"""What such a class takes when it is called, where that is not the op's tensors; the rest it takes when it is made."""


def _kind(function: Callable[..., Any]) -> str:
    name = function.__name__
    return _KINDS.get(name) or "".join(part.capitalize() for part in name.split("_"))


_SIZES = (
    "shape",
    "pad_width",
    "repeats",
    "num_classes",
    "num_tokens",
    "num_samples",
    "minlength",
    "bins",
    "size",
    "n",
    "num",
)
"""Settings of ops that say how large the result is."""
_PRODUCTS = ("dot", "einsum", "tensordot", "inner", "outer", "kron", "vdot", "meshgrid")
"""Ops whose results may have a number for each pair of what they are given."""


def _broadcast(shapes: list[PartialShape]) -> PartialShape:
    """Return the shape that NumPy gives arrays of these; None where one is unknown and no other is larger than 1."""
    rank = max(map(len, shapes))
    found: list[int | None] = []
    for sizes in zip(*((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes), strict=True):
        known = {n for n in sizes if n not in (1, None)}
        if len(known) > 1:
            raise ValueError(f"tensors of the shapes {shapes} cannot be broadcast together")
        found.append(known.pop() if known else None if None in sizes else 1)
    return tuple(found)


class Operation:
    """An op in a graph. Each op has a subclass, named as in Keras.

    Args:
        name: Its name in the graph, made up if not given.
        settings: Those arguments of the op that Keras's class takes when it is made.
    """

    function: ClassVar[Callable[..., Any]]

    def __init__(self, name: str | None = None, **settings: Any) -> None:
        self.name: str = name or _state.auto_name(type(self).__name__)
        self.settings = settings
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the op on the rest of its arguments."""
        if any_symbolic(args) or any_symbolic(kwargs.values()):
            outputs = self.compute_output_spec(*args, **kwargs)
            Node(self, args, kwargs, outputs)
            return outputs
        found = parameters(self.function)
        values, rest = self.settings | kwargs, list(args)
        positional = []
        for name in found.positional:
            if name in values:
                positional.append(values[name])
            elif rest:
                positional.append(rest.pop(0))
            else:
                break
        return self.function(*positional, *rest, **{k: v for k, v in values.items() if k not in found.positional})

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs for symbolic inputs."""
        if _state.context.loading is not None:
            known = self._elementwise_spec(args, kwargs)
            if known is not None:
                return known
            _state.context.loading.spend(self._cost([args, kwargs]))
        return infer(self, *args, **kwargs)

    def _elementwise_spec(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> KerasTensor | None:
        """Return the output of an op that NumPy does element by element, without doing it; None for others."""
        op = vars(self.function).get("op")
        if op is None or op.bare is None or not op.inplace or any(map(any_symbolic, (kwargs.values(),))):
            return None
        shapes = [x.shape if isinstance(x, KerasTensor) else np.shape(x) for x in args]
        single = [np.zeros([1] * len(x.shape), x.dtype) if isinstance(x, KerasTensor) else x for x in args]
        first: KerasTensor = infer(self, *(Tensor(x) if isinstance(x, np.ndarray) else x for x in single), **kwargs)
        return KerasTensor(_broadcast(shapes), first.dtype)

    def _cost(self, arguments: Any) -> int:
        """Return how many numbers the result may have at most, for the batch sizes of inference."""
        name = self.function.__name__
        tensors = [x for x in leaves(arguments) if isinstance(x, TensorOps)]
        shapes: list[list[int]] = [[3 if n is None else n for n in x.shape] for x in tensors]
        sizes = [math.prod(shape) for shape in shapes]
        named = [n for key in _SIZES for n in leaves(self.settings.get(key)) if type(n) is int and n]
        rank = max(map(len, shapes), default=0)
        spread: int = math.prod(map(max, zip(*([1] * (rank - len(shape)) + shape for shape in shapes), strict=True)))
        if name == "matmul":
            return spread // max(1, *shapes[0][-1:]) * max(1, *shapes[-1][-1:])
        if name == "einsum" and "." not in self.settings["subscripts"]:
            *inputs, output = self.settings["subscripts"].replace("->", ",").replace(" ", "").split(",")
            letters = dict(zip("".join(inputs), (n for shape in shapes for n in shape), strict=False))
            return math.prod(letters.get(letter, 1) for letter in output)
        if name == "pad":
            return math.prod(n + sum(named) for n in shapes[0])
        return math.prod(sizes) if name in _PRODUCTS else max(sum(sizes) * abs(math.prod(named)), spread)

    def get_config(self) -> Config:
        """Return name and settings."""
        return {"name": self.name, **self.settings}

    @classmethod
    def from_config(cls, config: Config) -> "Operation":
        """Return the op of a configuration."""
        return cls(**config)

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (type(self).__name__, self.get_config())

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"

    def _output_shapes(self) -> list[PartialShape]:
        return [y.shape for y in self._inbound_nodes[-1].outputs]

    def rowwise(self) -> bool:
        """Tell whether each row of the result surely depends on the same row of the inputs alone."""
        arguments = [x for node in self._inbound_nodes for x in leaves([node.args, node.kwargs])]
        ranks = {len(x.shape) for x in arguments if isinstance(x, KerasTensor)}
        simple = all(isinstance(x, KerasTensor | int | float) for x in arguments)
        if self.function is NUMPY_OPS["concatenate"]:
            return self.settings["axis"] not in (0, None, *(-rank for rank in ranks))
        op = vars(self.function).get("op")
        return op is not None and isinstance(op.bare, np.ufunc) and simple and len(ranks) == 1 and min(ranks) > 1

    def serialized(self) -> Config:
        """Return the configuration, as Keras writes it."""
        kind = type(self).__name__
        home = next((module for module, kinds in _MODULES.items() if kind in kinds.split()), "numpy")
        return {
            "module": f"keras.src.ops.{home}",
            "class_name": kind,
            "config": self.get_config(),
            "registered_name": kind,
        }


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """Return the op of each class name."""
    for load in late_ops:
        load()
    return {_kind(function): function for function in NUMPY_OPS.values()} | {"TrueDivide": NUMPY_OPS["divide"]}


@cache
def op_class(kind: str) -> type[Operation]:
    """Return the class of an op.

    Raises:
        ValueError: if there is no such op.
    """
    if kind not in _functions():
        raise ValueError(f"There is no op of the class {kind!r}.")
    return type(kind, (Operation,), {"function": staticmethod(_functions()[kind]), "__module__": __name__})


def _make(kind: str, config: Config) -> Operation:
    return op_class(kind)(**config)


def _call_op(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Infer what an op gives for symbolic tensors, and note the call for the graph."""
    found, name = parameters(function), function.__name__
    settings = found.defaults | found.bind(args, kwargs)
    settings.pop("out", None)
    if name in _CALLED_WITH:
        called_with = _CALLED_WITH[name].split()
    else:
        op = vars(function).get("op")
        first = found.positional[: op.count if op is not None else 1]
        called_with = [n for n in found.positional if n in first or n == "x2"]
    inputs = [settings.pop(n) for n in called_with if n in settings]
    given = {n: settings.pop(n) for n, value in [*settings.items()] if any_symbolic([value])}
    return op_class(_kind(function))(**settings)(*inputs, *args[len(found.positional) :], **given)


tensor.symbolic_call = _call_op
