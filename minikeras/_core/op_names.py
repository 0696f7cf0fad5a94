"""How Keras's configurations name ops: each is a class in a module, with arguments of `__init__` and of the call."""

from collections.abc import Callable
from typing import Any

_KINDS = {"batch_normalization": "BatchNorm", "layer_normalization": "LayerNorm", "rms_normalization": "RMSNorm",
          "isin": "IsIn", "allclose": "AllClose", "searchsorted": "SearchSorted", "svd": "SVD", "cdist": "CDist",
          **{name: name.upper() for name in ["fft", "fft2", "ifft2", "rfft", "irfft", "stft", "istft", "ssim", "psnr"]},
          "rgb_to_grayscale": "RGBToGrayscale", "rgb_to_hsv": "RGBToHSV", "hsv_to_rgb": "HSVToRGB"}  # fmt: skip
"""The class names that are not the name of the op in camel case."""
_MODULES = {
    "core": "Cast ConvertToTensor SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack",
    "image": "RGBToGrayscale RGBToHSV HSVToRGB Resize AffineTransform ExtractPatches ExtractPatches3d MapCoordinates "
    "PadImages CropImages PerspectiveTransform GaussianBlur ElasticTransform ScaleAndTranslate SobelEdges SSIM",
    "linalg": "Cholesky CholeskyInverse Det Eig Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve "
    "SolveTriangular", "einops": "Rearrange",
    "math": "CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt STFT "
    "SegmentMax SegmentMin SegmentProd SegmentSum TopK ViewAsComplex ViewAsReal",
    "nn": "AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm BinaryCrossentropy CategoricalCrossentropy Celu "
    "Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold Gelu Glu HardShrink HardSigmoid "
    "HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments MultiHot Normalize OneHot PSNR Polar "
    "RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink Softmax Softplus Softsign SpaceToDepth TanhShrink "
    "SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Squareplus Threshold Unfold"}  # fmt: skip
"""The module in keras.src.ops of each class that is not in `numpy`."""
OPS = "keras.src.ops."
HOMES = frozenset(f"{OPS}{home}" for home in (*_MODULES, "numpy"))
"""The modules of these classes."""
CALLED_WITH = {
    "average": "x weights", "batch_normalization": "x mean variance offset scale", "clip": "x",
    "dot_product_attention": "query key value bias mask scale", "einsum": "", "elu": "x", "get_item": "x key",
    "isclose": "x1 x2 rtol atol", "layer_normalization": "x gamma beta", "leaky_relu": "x", "meshgrid": "",
    "pad": "x constant_values", "percentile": "x q", "quantile": "x q", "rearrange": "tensor pattern",
    "rms_normalization": "x scale", "select": "condlist choicelist default", "slice": "inputs start_indices",
    "where": "condition x1 x2"}  # fmt: skip
"""The arguments of such a class's call, where they are not the op's tensors. Its `__init__` takes the others."""


def class_name(function: Callable[..., Any]) -> str:
    """Return the name of the class that stands for an op."""
    name = function.__name__
    return _KINDS.get(name) or "".join(part.capitalize() for part in name.split("_"))


def module(kind: str) -> str:
    """Return the module that Keras has a class of ops in."""
    return OPS + next((module for module, kinds in _MODULES.items() if kind in kinds.split()), "numpy")
