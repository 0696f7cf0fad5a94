"""Every gradient rule beside central differences, and the tape itself."""

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, assert_type

import numpy as np
import pytest

from minikeras import layers, ops, random
from minikeras._base.typing import FloatArray
from minikeras._core.op import primitive
from minikeras._core.tape import GradientTape
from minikeras._core.tensor import Tensor
from minikeras._core.variable import Variable
from minikeras._jit.program import Program
from minikeras._jit.trace import trace

Case = tuple[Any, ...]
"""Arguments of a call: float64 arrays are differentiated, all else is constant. A last dict is keywords."""


def constant(x: Any) -> Tensor:
    """Return a float64 tensor that is not differentiated."""
    tensor: Tensor = ops.convert_to_tensor(x, "float64")
    return tensor


def sample(low: float, high: float, *shape: int, seed: int = 0) -> FloatArray:
    """Return distinct numbers between two limits, evenly spread and shuffled, so that no two are close."""
    size = int(np.prod(shape))
    values = low + (high - low) * (np.arange(size) + 0.37) / size
    return np.random.default_rng(seed).permutation(values).reshape(shape)


def unary(low: float = -2.0, high: float = 2.0, *rest: Any) -> list[Case]:
    """Return a scalar, a vector and a matrix."""
    return [(sample(low, high, *shape), *rest) for shape in ((), (5,), (2, 3))]


def binary(low: float = -2.0, high: float = 2.0) -> list[Case]:
    """Return pairs of shapes, equal and broadcast, and pairs with a constant number."""
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]]
    shapes = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 4)), ((), (2, 2)), ((4, 2, 3), (2, 1))]
    pairs: list[Case] = [(sample(low, high, *a, seed=1), sample(low, high, *b, seed=2) + 0.013) for a, b in shapes]
    number = 0.7 * high + 0.3 * low
    return [*pairs, (sample(low, high, 3), number), (number, sample(low, high, 3))]


V = sample(-2, 2, 4)
M = sample(-2, 2, 2, 3)
N = sample(-2, 2, 2, 3, seed=5)
T3 = sample(-2, 2, 2, 3, 4)
UP = sample(0.5, 2, 2, 3)
SQUARE = sample(-1, 1, 3, 3) + 2 * np.eye(3)
BATCH = sample(-1, 1, 2, 3, 3) + 2 * np.eye(3)
HOLES = np.where(np.array([[True, False, False], [False, True, False]]), np.nan, M)
FLAGS = np.array([[True, False, True], [False, False, True]])
INDEX = np.array([2, 0, 1, 1])
PROBABILITIES = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
IMAGE = sample(-2, 2, 2, 5, 4, 2)
SERIES = sample(-2, 2, 2, 6, 4)
KERNEL = sample(-1, 1, 2, 3, 2, 2, seed=3)
COMPLEX = sample(-2, 2, 2, 3, 2, seed=4)
"""Complex numbers as pairs."""
UNEVEN = np.array([[0.3, -1.2, 2.1, 0.8], [1.4, 0.2, -0.7, -0.3]])
WEIGHTS = [
    (UNEVEN,),
    (UNEVEN, 0),
    (UNEVEN, 1, True),
    (T3, (0, 2)),
    (T3, [1, 2], True),
    (sample(-2, 2),),
    (V, -1),
]
LOGITS = [(PROBABILITIES, UNEVEN[:, :3], True), (constant(PROBABILITIES), PROBABILITIES[::-1].copy())]


def spd(x: Tensor) -> Tensor:
    """Return a symmetric positive definite matrix."""
    return x @ ops.transpose(x) + constant(np.eye(3))


def paired(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of pairs that computes with complex numbers."""

    def call(x: Tensor, *rest: Any) -> Tensor:
        y: Tensor = function(ops.view_as_complex(x), *rest)
        return ops.view_as_real(y) if "complex" in y.dtype else y

    return call


def each(names: str, cases: list[Case]) -> dict[str, list[Case]]:
    """Give several ops the same cases."""
    return dict.fromkeys(names.split(), cases)


CASES: dict[str, list[Case]] = {
    **each(
        "abs absolute fabs sin cos tanh sinh cosh arctan arcsinh exp exp2 expm1 square negative copy "
        "real imag angle conj conjugate deg2rad rad2deg nan_to_num erf erfc",
        unary(),
    ),
    "tan": unary(-1.2, 1.2),
    **each("sqrt rsqrt reciprocal log log2 log10 log1p cbrt", unary(0.4, 3)),
    **each("arcsin arccos arctanh erfinv", unary(-0.8, 0.8)),
    "arccosh": unary(1.5, 3),
    **each("add subtract multiply maximum minimum fmax fmin logaddexp", binary()),
    **each("divide true_divide divide_no_nan power arctan2 hypot", [*binary(0.4, 2), (UP, np.array([1, 2, 3]))]),
    **each("mod", [(sample(2.1, 2.9, 2, 3), sample(0.8, 0.99, 3)), (V[:1], 0.7)]),
    "logaddexp2": binary(),
    "fmod": [(sample(2.1, 2.9, 2, 3), sample(0.8, 0.99, 3)), (V[:1], 0.7)],
    "ldexp": [(M, np.array([1, 2, 3]))],
    "sinc": unary(),
    "saturate_cast": [(M, "float64")],
    "i0": [*unary(), (50 * V,)],
    "heaviside": [(constant([0.0, 1.0, 0.0]), M)],
    **each("imag angle real", [(COMPLEX,)]),
    "polar": [(UP, M)],
    **each("view_as_complex view_as_real", [(COMPLEX,)]),
    "full": [((2, 3), V[:3], "float64"), ((4,), sample(1, 2), "float64")],
    "full_like": [(constant(M), V[:3])],
    "linspace": [
        (V[:2], V[2:], 3),
        (V[:2], M[:, :2], 4, False, True, "float64", -1),
        (sample(1, 2), V, 5, True, True, "float64", 1),
    ],
    "logspace": [(V[:2], V[2:], 3, True, 3, "float64"), (sample(1, 2), V, 2, False, 2, "float64", 1)],
    "geomspace": [(UP[0], UP[1] + 2, 3, True, "float64"), (sample(1, 2), UP, 4, False, "float64", -1)],
    **each("nanprod", [(HOLES,), (HOLES, 0), (HOLES, 1, True)]),
    **each("nancumsum nancumprod", [(HOLES,), (HOLES, 0)]),
    **each("median nanmedian", WEIGHTS),
    **each(
        "quantile nanquantile",
        [
            *((M, 0.3, 1, method) for method in ("linear", "lower", "higher", "nearest", "midpoint")),
            (T3, np.array([0.13, 0.71]), (0, 2), "linear", True),
            (T3, np.array([0.1, 0.4]), [1], "midpoint"),
            (V, 0.5),
        ],
    ),
    **each("percentile nanpercentile", [(M, 30.0), (T3, np.array([13.0, 71.0]), (0, 2))]),
    "bincount": [(INDEX, V), (INDEX, V, 6), (np.array([[0, 1, 1], [2, 0, 3]]), M)],
    "histogram": [(V,), (M, 3)],
    "unique": [(V,), (M, True, True, False, True, 0), (V, True, False, False, False, None, 6, 2.0)],
    "trapezoid": [(M,), (M, V[:3]), (M, N, 1.0, 0)],
    "corrcoef": [(M,), (sample(-2, 2, 3, 4),)],
    "correlate": [(V, V[:2] + 0.1), (V, V[:2], "full"), (V[:2], V, "same")],
    **each("segment_sum segment_max segment_min segment_prod", [(V, INDEX), (T3, np.array([1, 0])), (V, INDEX - 1, 2)]),
    "diagflat": [(M,), (V, 1)],
    "dstack": [([M, N],), ([V, V + 1],)],
    "kron": [(M, N), (V, M)],
    "vander": [(V,), (V, 2, True)],
    **each("hsplit vsplit", [(M, [1]), (T3, [1, 2])]),
    "dsplit": [(T3, 2)],
    "select": [([FLAGS, ~FLAGS], [M, N]), ([FLAGS, FLAGS], [M, N], 2.0)],
    "extract_sequences": [(T3, 2, 1), (V, 2, 2)],
    "rearrange": [(T3, "a b (c d) -> (a c) d b", {"c": 2})],
    "depth_to_space": [(sample(-2, 2, 1, 2, 1, 8), 2)],
    "space_to_depth": [(sample(-2, 2, 1, 2, 4, 1), 2)],
    "associative_scan": [(lambda a, b: a * b, M), (lambda a, b: a + b, M, True, 1)],
    "pinv": [(M,), (SQUARE,), (M.T,)],
    "lstsq": [(M.T, V[:3]), (M, N)],
    "solve_triangular": [(SQUARE, V[:3]), (BATCH, M), (SQUARE, M.T, True)],
    "cholesky_inverse": [(SQUARE,), (SQUARE, True)],
    "cdist": [(M, N), (T3, T3[:, :2] + 1)],
    "jvp": [(lambda x: ops.sin(x) * x, [M], [N]), (lambda x, y: x * y, (V, V + 1), (V - 1, V * 2))],
    **each("fft fft2 ifft2", [((M, N),), ((T3, T3 + 1),)]),
    "rfft": [(V,), (M, 5), (T3, 2)],
    "irfft": [((M, N),), ((M, N), 3)],
    "stft": [(sample(-2, 2, 2, 12), 4, 2, 4), (sample(-2, 2, 12), 4, 2, 6, None, False)],
    "istft": [((sample(-2, 2, 3, 3), sample(-2, 2, 3, 3, seed=2)), 4, 2, 4)],
    "unfold": [(sample(-2, 2, 1, 2, 3, 4), 2, 1, 1, 2)],
    "fold": [(sample(-2, 2, 1, 8, 6), (3, 4), 2)],
    **each("adaptive_average_pool adaptive_max_pool", [(T3, 2), (IMAGE, (2, 3))]),
    "psnr": [(M, N, 2.0)],
    "clip": [(M, -1.0, 1.0), (V, None, 0.5), (M, N - 0.7, V[:3] + 0.8), (V[:1], V[1:], None), (V[:1], -3.0, V[1:])],
    "cast": [(M, "float64")],
    "cond": [(True, lambda: constant(1.0), lambda: constant(2.0))],
    **each("sum mean var max min amax amin prod ptp logsumexp", WEIGHTS),
    **each("cumsum cumprod", [(V,), (M,), (M, 0), (T3, -1), (T3, 1)]),
    "average": [(M,), (M, 0), (M, 1, constant([1.0, 2.0, 3.0])), (M, None, UP), (M, 1, UP)],
    **each("nansum nanmean nanvar nanmax nanmin", [(HOLES,), (HOLES, 0), (HOLES, 1, True)]),
    "std": WEIGHTS[:5],  # not of a single number, where its slope is infinite
    "nanstd": [(HOLES,), (HOLES, 1)],
    "reshape": [(M, (3, 2)), (M, -1), (sample(1, 2), (1, 1))],
    "ravel": [(M,), (T3,), (sample(1, 2),)],
    "expand_dims": [(M, 0), (M, (0, 2))],
    "squeeze": [(M[:1],), (M[:1], 0)],
    "broadcast_to": [(V, (3, 4)), (sample(1, 2), (2,)), (M[:1], (2, 3))],
    "transpose": [(M,), (T3,), (T3, (2, 0, 1)), (T3, (1, -1, 0)), (V,)],
    "swapaxes": [(T3, 0, 2)],
    "moveaxis": [(T3, 0, -1), (T3, (0, 1), (1, 2))],
    "flip": [(M,), (T3, 1), (T3, (0, 2))],
    "fliplr": [(M,)],
    "flipud": [(M,)],
    "roll": [(V, 1), (M, 2), (M, -1, 1), (M, (1, 2), (0, 1))],
    "rot90": [(M,), (T3, 3, (1, 2))],
    "get_item": [
        (M, 0),
        (M, (slice(None), slice(0, 2))),
        (M, (..., None)),
        (V, INDEX),
        (M, FLAGS),
        (T3, (INDEX % 2, 1)),
        (T3, (slice(None), INDEX, -1)),
        (V, slice(None, None, -2)),
    ],
    "take": [
        (V, INDEX),
        (M, np.array([1, 0, 0]), 0),
        (M, INDEX, 1),
        (M, INDEX),
        (M, 1, -1),
        (T3, INDEX[:, None], -2),
    ],
    "take_along_axis": [
        (M, np.array([[2], [0]]), 1),
        (V, INDEX),
        (M, np.array([[1, 0, 1]]), 0),
        (M, np.array([[1, 1, 1], [2, 0, 2]]), -1),
    ],
    "slice": [(T3, (0, 1, 2), (2, 1, 2))],
    "slice_update": [(M, (0, 1), N[:, 1:]), (V, [1], V[:2])],
    "scatter": [
        (INDEX[:, None], V, (5,)),
        (np.array([[1], [0]]), M, (3, 3)),
        (np.array([[1, 1], [1, 1]]), V[:2], (2, 3)),
    ],
    "scatter_update": [
        (V, INDEX[:3, None], V[1:] + 0.1),
        (M, np.array([[1, 1], [0, 2]]), V[:2]),
        (V, np.array([[3], [1], [3]]), V[1:] + 0.1),
        (M, np.array([[1], [1]]), N),
        *((V, np.array([[3], [1]]), V[:2] + 0.11, how) for how in ("add", "max", "min", "mul")),
    ],
    **each("concatenate stack vstack hstack", [([M, N],), ([V, V + 1],), ([T3, T3, constant(T3)],)]),
    "append": [(M, N), (M, N, 0)],
    **each("split array_split", [(V, 2), (M, 3, 1), (V, [1, 3])]),
    "unstack": [(M,), (T3, None, 1), (T3, None, -1)],
    "pad": [
        (M, 1),
        (M, ((1, 0), (0, 2))),
        (M, 1, "constant", 9.0),
        (M, 1, "reflect"),
        (M, 1, "symmetric"),
        (V, 2, "edge"),
        (V, 2, "wrap"),
    ],
    "repeat": [(V, 2), (M, 2), (M, 3, 1), (M, np.array([1, 2]), 0)],
    "tile": [(V, 2), (M, (2, 1, 2)), (T3, 2)],
    "meshgrid": [(V, V[:2]), (V, V[:2], V[:3], {"indexing": "ij"})],
    "where": [(FLAGS, M, N), (FLAGS, M, 0.0), (FLAGS, 1.5, N[0])],
    "tril": [(M,), (T3, 1)],
    "triu": [(M,), (T3, -1)],
    "diag": [(V,), (M,), (V, 1), (M, -1)],
    "diagonal": [(M,), (M, 1), (T3, -1, 1, 2)],
    "trace": [(SQUARE,), (T3, 1, 0, 2)],
    "diff": [(V,), (M, 1, 0), (M, 2)],
    "sort": [(V,), (M,), (M, 0)],
    "top_k": [(V, 2), (M, 1)],
    "matmul": [
        (M, N.T),
        (V, V + 1),
        (T3, V),
        (T3, T3[0, :2].T),
        (V[:3], T3),
        (T3, T3.transpose(0, 2, 1)),
        (T3[:1], T3[0].T),
        (M, V[:3]),
    ],
    "dot": [(M, N.T), (V, V + 1), (M, 2.0), (sample(1, 2), M), (T3, V), (T3, T3.transpose(0, 2, 1))],
    "inner": [(V, V + 1), (M, N), (T3, V)],
    "outer": [(V, V + 1), (M, V)],
    "vdot": [(M, N)],
    "tensordot": [(M, N), (M, N.T, 1), (T3, T3 + 1, ([1, 2], [1, 2])), (M, N, 0)],
    "cross": [(M, N), (M, N[0]), (M[:, :2], N), (M[:, :2], N[:, :2])],
    "einsum": [
        ("ij,kj->ik", M, N),
        ("ij->ji", M),
        ("ii", SQUARE),
        ("ii->i", SQUARE),
        ("...ij,...j", T3, V),
        ("ij,ij", M, N),
        ("bij,bjk->bik", T3, T3.transpose(0, 2, 1)),
        ("i,j,k->kji", V, V[:2], V[:3]),
        ("ij->", M),
        ("ij,j->", M, V[:3]),
        ("iij,j->i", BATCH[:, :2], V[:3]),
    ],
    "norm": [
        (V,),
        (M,),
        (M, None, 0),
        (M, 1, 1),
        (M, np.inf, 1, True),
        (M, 3, 0),
        (T3, None, (1, 2)),
        (M, "fro"),
        (M, 1),
        (M, np.inf),
        (M, 2, 1),
        *((x, order) for x in (M, SQUARE) for order in (2, -2, "nuc")),
        (T3, "nuc", (0, 2), True),
        (T3, 2, (2, 1)),
    ],
    "svd": [
        *((x, False) for x in (M, M.T, BATCH, T3, T3.transpose(1, 0, 2))),
        (SQUARE,),
        *((x, True, False) for x in (M, M.T, BATCH)),
    ],
    "qr": [(M,), (M.T,), (SQUARE,), (T3,), *((x, "complete") for x in (M, M.T, V[:, None], T3.transpose(0, 2, 1)))],
    "eigh": [(SQUARE,), (BATCH,)],
    "lu_factor": [(M,), (M.T,), (SQUARE,), (T3,), (T3.transpose(1, 2, 0),)],
    "inv": [(SQUARE,), (BATCH,)],
    "det": [(SQUARE,), (BATCH,)],
    "logdet": [(SQUARE,), (BATCH,)],
    "slogdet": [(SQUARE,)],
    "solve": [(SQUARE, V[:3]), (SQUARE, M.T), (BATCH, BATCH), (BATCH, V[:3])],
    "cholesky": [(SQUARE,), (SQUARE, True)],
    "array": [(M, "float64")],
    "convert_to_tensor": [(M, "float64")],
    "switch": [(1, [ops.sin, ops.cos], M)],
    "while_loop": [(lambda x: ops.sum(x) < 100, lambda x: x * x + 1, M)],
    "fori_loop": [(0, 3, lambda i, x: x * x + i, M)],
    "scan": [(lambda c, x: (c * x, c + x), M[0], N), (lambda c, x: (c * x, None), M[0], N, None, True)],
    "map": [(ops.square, M)],
    "vectorized_map": [(ops.square, M), (lambda x: x[0] * x[1], [M, N])],
    # Neural networks.
    **each(
        "relu celu selu gelu sigmoid silu swish log_sigmoid softplus softsign "
        "squareplus sparse_plus sparse_sigmoid hard_sigmoid hard_silu hard_swish hard_tanh "
        "hard_shrink soft_shrink tanh_shrink",
        unary(-1.9, 1.7),
    ),
    "relu6": unary(-4, 9),
    **each("elu leaky_relu", [*unary(-1.9, 1.7), (M, 0.3), (M, UP), (M, np.array([0.5, 1.5, 0.9]))]),
    "threshold": unary(-2, 2, 0.3, 0.1),
    **each("softmax log_softmax sparsemax", [(UNEVEN[0],), (UNEVEN,), (UNEVEN, 0)]),
    "glu": [(V,), (T3, 0)],
    "binary_crossentropy": [(constant(FLAGS), PROBABILITIES), (constant(FLAGS), M, True)],
    "categorical_crossentropy": [
        (constant([[0, 1, 0], [1, 0, 0]]), PROBABILITIES * 2),
        (constant(PROBABILITIES), M, True),
    ],
    "ctc_loss": [
        (np.array([[1, 1], [2, 0]]), sample(-2, 2, 2, 5, 3), np.array([2, 1]), np.array([5, 4])),
        (np.array([[0, 1]]), sample(-2, 2, 1, 4, 3), np.array([2]), np.array([4]), 2),
        (np.array([[1, 2, 2], [2, 0, 0]]), sample(-2, 2, 2, 70, 3), np.array([3, 1]), np.array([70, 33])),
        (np.array([[1]]), sample(-2, 2, 1, 1, 3), np.array([1]), np.array([1])),
    ],
    "ctc_decode": [
        (sample(-2, 2, 2, 5, 3), np.array([5, 3])),
        (sample(-2, 2, 2, 5, 3), np.array([5, 3]), "beam_search", 100, 3),
        (sample(-2, 2, 2, 6, 3, seed=2), np.array([4, 6]), "beam_search", 2, 2),
        (sample(-2, 2, 1, 6, 3, seed=3), np.array([6]), "beam_search", 3, 2, True, 2),
    ],
    "sparse_categorical_crossentropy": [(np.array([2, 0]), PROBABILITIES * 2), (np.array([2, 0]), M, True)],
    "moments": [(T3, (0, 1)), (M, (0,), True)],
    "batch_normalization": [(M, V[:3], UP[0], 1, N[0], UP[1])],
    "layer_normalization": [(M,), (M, UP[0], N[0])],
    "rms_normalization": [(M,), (M, UP[0])],
    "normalize": [(M,), (M, 0, 3), (M, 1, 1)],
    "dot_product_attention": [
        (T3[:, :, None], T3[:, :2, None] + 0.1, T3[:, :2, None] - 0.1),
        (T3[:, :, None], T3[:, :, None] + 0.1, T3[:, :, None] - 0.1, {"is_causal": True}),
    ],
    "conv": [
        (IMAGE, KERNEL),
        (IMAGE, KERNEL, (2, 1), "same"),
        (IMAGE, KERNEL, 3),
        (IMAGE, KERNEL, 1, "same", "channels_last", (2, 1)),
        (np.moveaxis(IMAGE, -1, 1).copy(), KERNEL, 1, "valid", "channels_first"),
        (SERIES, sample(-1, 1, 3, 2, 4, seed=3), 1, "causal"),
        (SERIES, sample(-1, 1, 2, 1, 8, seed=3), 2, "same"),
        (SERIES, sample(-1, 1, 1, 4, 3, seed=3)),
        (constant(SERIES), sample(-1, 1, 2, 4, 1, seed=3)),
    ],
    "depthwise_conv": [(IMAGE, KERNEL), (SERIES, sample(-1, 1, 2, 4, 1), 2)],
    "separable_conv": [(IMAGE, KERNEL, sample(-1, 1, 1, 1, 4, 3))],
    "conv_transpose": [
        (SERIES, sample(-1, 1, 2, 3, 4)),
        (SERIES, sample(-1, 1, 3, 2, 4), 2),
        (SERIES, sample(-1, 1, 3, 2, 4), 2, "same", 0),
        (IMAGE, KERNEL, (1, 3), "same"),
    ],
    "max_pool": [(IMAGE, 2), (IMAGE, (3, 2), 1, "same"), (SERIES, 3, 2), (SERIES, 2, 3), (IMAGE, (1, 4))],
    "average_pool": [(IMAGE, 2), (IMAGE, (3, 2), 1, "same"), (SERIES, 3, 2), (SERIES, 2, 3)],
}

PREPARED: dict[str, Callable[..., Any]] = {
    "cholesky": lambda x, *rest: ops.cholesky(spd(x), *rest),
    "polar": lambda *x: ops.view_as_real(ops.polar(*x)),
    **{name: paired(getattr(ops, name)) for name in ("imag", "angle", "real")},
    **{name: paired(ops.square) for name in ("view_as_complex", "view_as_real")},
}
"""What is differentiated in place of an op that wants a special argument."""

NOT_DIFFERENTIATED = {
    "arange",
    "unravel_index",
    "vectorize",
    "convert_to_numpy",
    "dtype",
    "empty",
    "eye",
    "identity",
    "is_tensor",
    "multi_hot",
    "ndim",
    "nonzero",
    "ones",
    "shape",
    "size",
    "tri",
    "zeros",
    "custom_gradient",
    "eig",
}
"""Functions without a gradient that are no primitives; a primitive says itself that it has no rule."""


def floats(value: Any) -> Iterator[FloatArray]:
    """Go through the arrays that are differentiated."""
    if isinstance(value, np.ndarray) and value.dtype == "float64":
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from floats(item)


def replaced(value: Any, tensors: Iterator[Any]) -> Any:
    """Put tensors in place of the arrays that are differentiated."""
    if isinstance(value, np.ndarray) and value.dtype == "float64":
        return next(tensors)
    if isinstance(value, list | tuple):
        return type(value)([replaced(item, tensors) for item in value])
    return value


def total(outputs: Any) -> Any:
    """Weigh all elements of all floating outputs with other numbers and add them up."""
    if isinstance(outputs, list | tuple):
        return sum(total(item) for item in outputs)
    if not isinstance(outputs, Tensor) or not outputs.dtype.startswith("float"):
        return 0.0
    return ops.sum(outputs * constant(sample(0.5, 1.5, *outputs.shape, seed=7)))


def gradients(function: Callable[..., Any], args: Case) -> tuple[Any, list[Any]]:
    kwargs = args[-1] if isinstance(args[-1], dict) else {}
    given = [a for a in args if not isinstance(a, dict)]
    tensors = [constant(a) if isinstance(a, np.ndarray) else a for a in floats(given)]
    with GradientTape() as tape:
        tape.watch(tensors)
        loss = total(function(*replaced(given, iter(tensors)), **kwargs))
    found = tape.gradient(loss, tensors) if isinstance(loss, Tensor) else [None] * len(tensors)
    return loss, found


def check_gradient(function: Callable[..., Any], args: Case) -> None:
    """Compare a gradient along a random direction with a central difference."""
    points = list(floats(args))
    rng = np.random.default_rng(3)
    directions = [np.asarray(rng.normal(size=p.shape)) for p in points]
    _, found = gradients(function, args)
    slopes = []
    for g, p, d in zip(found, points, directions, strict=True):
        slope = np.zeros(p.shape) if g is None else g.numpy()
        assert slope.shape == p.shape
        assert slope.dtype == p.dtype
        slopes.append(np.where(np.isnan(p), 0, slope * d).sum())
    h = 1e-6
    ends = []
    for step in (h, -h):
        moved = [np.asarray(p + step * d) for p, d in zip(points, directions, strict=True)]
        ends.append(float(gradients(function, replaced(args, iter(moved)))[0]))
    np.testing.assert_allclose(sum(slopes), (ends[0] - ends[1]) / (2 * h), rtol=2e-6, atol=1e-7)


def check_second(function: Callable[..., Any], args: Case) -> None:
    """Compare the gradient of a gradient with a central difference of the gradient."""
    kwargs = args[-1] if isinstance(args[-1], dict) else {}
    given = tuple(a for a in args if not isinstance(a, dict))

    def gradient(*values: Any) -> list[Any]:
        tensors = list(_tensors(values, given))
        with GradientTape() as tape:
            tape.watch(tensors)
            loss = total(function(*values, **kwargs))
        return [g for g in tape.gradient(loss, tensors) if g is not None] if isinstance(loss, Tensor) else []

    check_gradient(gradient, given)


def _tensors(values: Any, given: Any) -> Iterator[Any]:
    """Find the tensors that stand for the differentiated arrays of the arguments given."""
    if isinstance(given, np.ndarray) and given.dtype == "float64":
        yield values
    elif isinstance(given, list | tuple):
        for v, g in zip(values, given, strict=True):
            yield from _tensors(v, g)


@pytest.mark.parametrize("name", CASES)
def test_gradient(name: str) -> None:
    function = PREPARED.get(name, getattr(ops, name))
    for i, case in enumerate(CASES[name]):
        try:
            check_gradient(function, case)
        except Exception as error:
            error.add_note(f"case {i} of {name}")
            raise


@pytest.mark.parametrize("name", CASES)
def test_second_derivative(name: str) -> None:
    function = PREPARED.get(name, getattr(ops, name))
    for i, case in enumerate(CASES[name]):
        try:
            check_second(function, case)
        except Exception as error:
            error.add_note(f"case {i} of {name}")
            raise


@pytest.mark.parametrize("name", CASES)
def test_a_rule_rounds_alike_on_arrays_on_tensors_and_in_a_plan(name: str) -> None:
    function = PREPARED.get(name, getattr(ops, name))
    for case in CASES[name]:
        kwargs = case[-1] if isinstance(case[-1], dict) else {}
        given = [a for a in case if not isinstance(a, dict)]

        def run(tensors: list[Tensor], given: Any = given, kwargs: Any = kwargs) -> list[Any]:
            with GradientTape() as tape:
                tape.watch(tensors)
                loss = total(function(*replaced(given, iter(tensors)), **kwargs))
            return [loss, *(g for g in tape.gradient(loss, tensors) if g is not None)]

        def singles(factor: float, given: Any = given) -> list[Tensor]:
            # Batches come in C order.
            return [ops.convert_to_tensor(np.array(p * factor, order="C"), "float32") for p in floats(given)]

        if not any(True for _ in floats(given)):
            continue
        with np.errstate(all="ignore"):
            found = arrays(run(singles(1)))
            with GradientTape():
                assert arrays(run(singles(1))) == found
            inputs = singles(1)
            outputs, record = trace(run, inputs)
            if not record.escaped:
                plan = Program(record.entries, inputs, outputs)
                assert arrays(plan.call([x.numpy() for x in singles(0.99)])) == arrays(run(singles(0.99)))


def arrays(values: list[Any]) -> list[Any]:
    return [(x.dtype.name, x.tobytes()) for x in map(ops.convert_to_numpy, values)]


def test_every_op_is_checked() -> None:
    without = {n for n in ops.__all__ if (op := getattr(getattr(ops, n), "op", None)) and not any(op.vjps)}
    assert set(CASES) | NOT_DIFFERENTIATED | without == set(ops.__all__)
    assert not set(CASES) & (NOT_DIFFERENTIATED | without)


@primitive(lambda g, y, x: g * 3 * x)
def wrong(x: Any) -> Any:
    """A square with a wrong rule."""
    return x * x


@primitive(lambda g, y, x: np.array(2.0) * g * np.asarray(ops.convert_to_numpy(x)))
def wrong_twice(x: Any) -> Any:
    """A square whose rule is right but cannot be differentiated."""
    return x * x


def test_the_check_finds_a_wrong_rule() -> None:
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_gradient(wrong, (V,))
    check_gradient(wrong_twice, (V,))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_second(wrong_twice, (V,))


def known(gradient: Tensor | None) -> Tensor:
    """Return a gradient that must be there."""
    assert gradient is not None
    return gradient


# Values worked by hand.


def test_gradient_by_hand() -> None:
    x = ops.convert_to_tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(x * x) + 3 * x[0]
    gradient = tape.gradient(y, x)
    assert gradient is not None
    np.testing.assert_array_equal(gradient.numpy(), [5.0, 4.0])
    assert gradient.dtype == "float32"


def test_gradients_keep_the_dtype_and_shape_of_their_source() -> None:
    half, whole = ops.cast([[1.0, 2.0]], "float16"), ops.convert_to_tensor([1, 2], "int32")
    with GradientTape() as tape:
        tape.watch([half, whole])
        y = half * ops.ones((3, 1)) * whole
    found = tape.gradient(y, [half, whole])
    assert found[1] is None
    assert found[0] is not None
    assert (found[0].dtype, found[0].shape) == ("float16", (1, 2))
    np.testing.assert_array_equal(found[0], [[3.0, 6.0]])


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (ops.relu, [0.0], [0.0]),
        (lambda x: ops.maximum(x, 0.0), [0.0], [0.5]),  # Keras on JAX halves it between equals
        (lambda x: ops.clip(x, 1.0, 2.0), [1.0, 1.5, 2.0], [0.5, 1.0, 0.5]),  # likewise
        (ops.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
        (lambda x: ops.max(x, 1), [[1.0, np.nan], [np.inf, 2.0]], [[np.nan, np.nan], [1.0, 0.0]]),
        (ops.min, [1.0, np.nan], [np.nan, np.nan]),
        (lambda x: ops.max(x, initial=5.0), [1.0, 3.0], [0.0, 0.0]),
        (ops.sqrt, [0.0], [np.inf]),
        (ops.norm, [0.0, 0.0], [0.0, 0.0]),
        (lambda x: ops.power(x, 0), [0.0], [0.0]),
        (ops.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        (ops.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
        (ops.cumprod, [2.0, 0.0, 3.0, 0.0, 5.0], [1.0, 8.0, 0.0, 0.0, 0.0]),  # 1 + 0; 2 (1 + 3)
        (ops.abs, [0.0], [1.0]),  # likewise
        (lambda x: ops.divide_no_nan(x, 0.0), [2.0], [0.0]),
        (lambda x: ops.where([True, False], ops.log(ops.maximum(x, 1.0)), 0.0), [2.0, 0.0], [0.5, 0.0]),
        (lambda x: ops.stop_gradient(x) * x, [3.0], [3.0]),
        (lambda x: np.sum(np.exp(x) * 2), [0.0, 0.0], [2.0, 2.0]),
        (lambda x: np.array([1.0, 2.0]) @ x, [5.0, 6.0], [1.0, 2.0]),
        # Of equal elements JAX reads those that come first in a stable order.
        (ops.median, [1.0, 2.0, 2.0, 2.0, 3.0], [0.0, 0.0, 1.0, 0.0, 0.0]),
        (ops.median, [2.0, 2.0, 2.0, 2.0], [0.0, 0.5, 0.5, 0.0]),
        (ops.median, [1.0, np.nan, 3.0], [0.0, 0.0, 0.0]),
        (ops.nanmedian, [1.0, np.nan, 3.0, 3.0], [0.0, 0.0, 1.0, 0.0]),
        (ops.nanmedian, [np.nan, np.nan], [0.0, 0.0]),
        (lambda x: ops.quantile(x, 0.25), [2.0, 2.0, 2.0, 2.0], [0.25, 0.75, 0.0, 0.0]),
        (lambda x: ops.quantile(x, 1.0), [1.0, 2.0, np.inf], [0.0, 0.0, 1.0]),
        (lambda x: ops.sort(x)[9], [1.0] * 20, [0.0] * 9 + [1.0] + [0.0] * 10),
        # Elements of one segment share the gradient of its extreme; of several updates of a place the last one stays.
        (lambda x: ops.segment_max(x, [0, 0, 1]), [1.0, 1.0, 2.0], [0.5, 0.5, 1.0]),
        (lambda x: ops.scatter_update(x, [[1]], [3.0], "max"), [1.0, 3.0], [1.0, 0.5]),
        (lambda x: ops.scatter_update([0.0, 0.0], [[1], [1]], x), [1.0, 2.0], [0.0, 1.0]),
        (lambda x: ops.clip([-3.0, 0.0, 3.0], -x, x), [1.0], [0.0]),  # -1 below, 1 above
        (lambda x: ops.clip([2.0, 0.0, 3.0], 0.0, x), [1.0], [2.0]),
        (lambda x: ops.heaviside([-1.0, 0.0, 1.0], x), [0.3], [1.0]),
        (lambda x: ops.abs(ops.view_as_complex(x)), [[0.0, -2.0], [0.0, 0.0]], [[0.0, -1.0], [0.0, 0.0]]),
        # Of equal singular values or eigenvalues the sum has a slope, and their vectors have none.
        (lambda x: ops.svd(x, compute_uv=False), np.eye(3), np.eye(3)),
        (lambda x: ops.svd(x)[1], np.eye(3), np.eye(3)),
        (lambda x: ops.eigh(x)[0], np.eye(3), np.eye(3)),
        (lambda x: ops.eigh(x)[1] * np.arange(9.0).reshape(3, 3), np.eye(3), np.full((3, 3), np.nan)),
        (lambda x: ops.svd(x)[0] * np.arange(9.0).reshape(3, 3), np.eye(3), np.full((3, 3), np.nan)),
        (lambda x: ops.norm(x, 2), np.diag([3.0, -3.0]), np.diag([0.5, -0.5])),
        (lambda x: ops.norm(x, "nuc"), np.diag([3.0, -2.0]), np.diag([1.0, -1.0])),
    ],
)
def test_slopes_at_special_points(function: Callable[[Tensor], Tensor], at: Any, expected: Any) -> None:
    x = ops.convert_to_tensor(at)
    with GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    np.testing.assert_array_equal(known(tape.gradient(y, x)), expected)


@pytest.mark.parametrize(
    ("function", "expected"), [(ops.sinc, [-(np.pi**2) / 3] * 2), (lambda x: ops.norm(x[:, None], axis=-1), [0.0, 0.0])]
)
def test_second_slopes_at_and_near_zero(function: Callable[[Tensor], Tensor], expected: list[float]) -> None:
    x = constant([0.0, 1e-9])
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        slope = inner.gradient(y, x)
    np.testing.assert_allclose(np.asarray(outer.gradient(slope, x)), expected, rtol=1e-7)


@pytest.mark.parametrize("product", [ops.prod, lambda x: ops.cumprod(x)[-1], lambda x: ops.prod(x[None], [-1, 0])])
def test_second_slopes_of_products_with_zeros(product: Callable[[Tensor], Tensor]) -> None:
    x = ops.convert_to_tensor([0.0, 2.0, 3.0])
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = product(x)
        slopes = known(inner.gradient(y, x))
        first = slopes[0]
    np.testing.assert_array_equal(slopes, [6.0, 0.0, 0.0])
    np.testing.assert_array_equal(known(outer.gradient(first, x)), [0.0, 3.0, 2.0])  # of x1 x2


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (ops.svd, "Received: 2 by 3. Use full_matrices=False"),
        (lambda x: ops.eig(x[:, :2]), "eig has no gradient"),
    ],
)
def test_what_jax_does_not_differentiate_says_so(function: Callable[[Tensor], Any], message: str) -> None:
    x = ops.convert_to_tensor(M)
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(function(x)[0])
    with pytest.raises(NotImplementedError, match=message):
        tape.gradient(y, x)


def test_complex_matrices_have_gradients() -> None:
    def parts(x: Tensor) -> Tensor:
        z = ops.view_as_complex(x)
        u, s, vh = ops.svd(z, full_matrices=False)
        q, r = ops.qr(z)
        w, v = ops.eigh(z @ ops.conj(ops.transpose(z)))
        whole = [(u * (s * s)) @ vh, q @ ops.conj(ops.transpose(q)) @ r, (v * ops.sqrt(w)) @ ops.conj(ops.transpose(v))]
        parts: list[Tensor] = [ops.view_as_real(ops.ravel(y)) for y in whole]
        return ops.concatenate(parts)

    check_gradient(parts, (COMPLEX,))
    check_second(parts, (COMPLEX,))


# The tape.


def test_a_tape_refuses_a_tensor_where_no_rule_is() -> None:
    spread = Variable(0.3)
    with GradientTape(), pytest.raises(TypeError, match="normal is not differentiated with respect to `stddev`"):
        random.normal((2,), 0.0, spread)  # type: ignore[arg-type]  # to see the error
    with GradientTape() as tape:
        y = random.normal((2,), seed=1) * spread
        random.normal((2,), 0.0, ops.stop_gradient(spread))  # type: ignore[arg-type]  # which works as well
    np.testing.assert_allclose(known(tape.gradient(y, spread)), ops.sum(random.normal((2,), seed=1)), rtol=1e-6)


@pytest.mark.parametrize("persistent", [False, True])
def test_a_tape_that_was_not_opened_has_no_gradients(persistent: bool) -> None:
    x = Variable(2.0)
    tape = GradientTape(persistent)
    y = x * x
    with pytest.raises(RuntimeError, match="`with` block"):
        tape.gradient(y, x)


def test_a_tape_can_be_opened_again() -> None:
    x = Variable(2.0)
    tape = GradientTape()
    for power in (2, 3):
        with tape:
            y = x**power
        assert float(known(tape.gradient(y, x))) == power * 2.0 ** (power - 1)


def test_a_tape_is_used_once_unless_persistent() -> None:
    x = ops.convert_to_tensor(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(known(tape.gradient(y, x))) == 4.0
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(y, x)
    with GradientTape(persistent=True) as kept:
        kept.watch(x)
        y, z = x * x, x * x * x
    assert [float(kept.gradient(t, x) or 0) for t in (y, z, y)] == [4.0, 12.0, 4.0]


def test_structures_go_in_and_come_out() -> None:
    a, b = ops.convert_to_tensor(2.0), ops.convert_to_tensor(3.0)
    with GradientTape(persistent=True) as tape:
        tape.watch({"a": a, "more": [b]})
        y = a * b
    assert_type(tape.gradient(y, a), Tensor | None)
    assert_type(tape.gradient(y, [a, b]), list[Tensor | None])
    assert_type(tape.gradient(y, {"a": a}), dict[str, Tensor | None])
    nested = tape.gradient(y, {"a": a, "both": [a, (b,)]})
    assert float(known(nested["a"])) == 3.0
    both: Any = nested["both"]  # a list, as it was given
    assert (float(both[0]), float(both[1][0])) == (3.0, 2.0)
    assert float(known(tape.gradient([y, y], a))) == 6.0
    assert float(known(tape.gradient({"u": y, "v": a}, a))) == 4.0


def test_what_is_not_connected_has_no_gradient() -> None:
    a, b = ops.convert_to_tensor(2.0), ops.convert_to_tensor(3.0)
    with GradientTape(persistent=True) as tape:
        tape.watch([a, b])
        y, k = a * 2, ops.argmax(ops.stack([a, b]))
    outside = a * b
    assert tape.gradient(y, b) is None
    assert tape.gradient(k, a) is None
    assert tape.gradient(outside, a) is None
    assert float(known(tape.gradient(y, y))) == 1.0


def test_output_gradients_weigh_the_target() -> None:
    x = ops.convert_to_tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
    np.testing.assert_array_equal(known(tape.gradient(y, x, output_gradients=[1.0, 10.0])), [2.0, 40.0])


def test_variables_are_watched_by_themselves() -> None:
    v, frozen = Variable([1.0, 2.0]), Variable([3.0, 4.0], trainable=False)
    with GradientTape(persistent=True) as tape:
        y = v * frozen
    np.testing.assert_array_equal(known(tape.gradient(y, v)), [3.0, 4.0])
    assert tape.gradient(y, frozen) is None
    with GradientTape(watch_accessed_variables=False) as blind:
        y = v * frozen
    assert blind.gradient(y, v) is None
    with GradientTape(watch_accessed_variables=False) as chosen:
        chosen.watch(frozen)
        y = v * frozen
    found = chosen.gradient(y, [v, frozen])
    assert found[1] is not None


def test_watch_wants_tensors() -> None:
    with pytest.raises(ValueError, match=r"watch.*Received: 3\.0"):
        GradientTape().watch(3.0)


def test_reset_forgets() -> None:
    x = ops.convert_to_tensor(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        x * x
        tape.reset()
        tape.watch(x)
        y = x * 3
    assert float(known(tape.gradient(y, x))) == 3.0


def test_tapes_nest() -> None:
    x = ops.convert_to_tensor(2.0)
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        slope = inner.gradient(y, x)
    assert slope is not None
    assert (float(slope), float(known(outer.gradient(slope, x)))) == (12.0, 12.0)


def test_a_gradient_may_be_asked_inside_its_own_tape() -> None:
    x = ops.convert_to_tensor(3.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        slope = tape.gradient(y, x)
        z = y * 2
    assert slope is not None
    assert float(slope) == 6.0
    assert float(known(tape.gradient(z, x))) == 12.0


def test_a_deep_graph_does_not_overflow() -> None:
    x = ops.convert_to_tensor(1.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(5000):
            y = y + x
    assert float(known(tape.gradient(y, x))) == 5001.0


def test_custom_gradient_replaces_the_rule() -> None:
    @ops.custom_gradient
    def doubled(x: Tensor) -> Any:
        def gradient(upstream: Tensor) -> Tensor:
            return upstream * 100

        return x * 2, gradient

    x = ops.convert_to_tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = doubled(x) * 3
    np.testing.assert_array_equal(y, [6.0, 12.0])
    np.testing.assert_array_equal(known(tape.gradient(y, x)), [300.0, 300.0])


def test_a_custom_gradient_gets_numbers_as_float32_and_none_as_it_is() -> None:
    got: list[Any] = []

    @ops.custom_gradient
    def function(x: Any, y: Any) -> Any:
        got.append(y)
        return ops.exp(x), lambda upstream: (upstream, None)

    assert (function(2.0, None).dtype, function(np.ones(2), None).dtype) == ("float32", "float32")
    assert got == [None, None]


def test_custom_gradient_of_several_arguments() -> None:
    @ops.custom_gradient
    def product(a: Tensor, b: Tensor) -> Any:
        return a * b, lambda upstream: (upstream * b, upstream * 7)

    a, b = ops.convert_to_tensor(2.0), ops.convert_to_tensor(3.0)
    with GradientTape() as tape:
        tape.watch([a, b])
        y = product(a, b)
    assert [float(g or 0) for g in tape.gradient(y, [a, b])] == [3.0, 7.0]


def test_what_a_custom_gradient_reads_has_second_derivatives() -> None:
    @ops.custom_gradient
    def log1pexp(x: Any) -> Any:
        e = ops.exp(x)
        return ops.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))

    x = Variable(0.5)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = log1pexp(x) * x
        slope = known(inner.gradient(y, x))
    p = 1 / (1 + math.exp(-0.5))
    assert float(slope) == pytest.approx(0.5 * p + math.log(1 + math.exp(0.5)))
    assert float(known(outer.gradient(slope, x))) == pytest.approx(2 * p + 0.5 * p * (1 - p))


def test_a_custom_gradient_of_several_results_and_of_variables() -> None:
    weight = Variable([2.0, 3.0])

    @ops.custom_gradient
    def both(x: Any, y: Any) -> Any:
        def gradient(up: Tensor, down: Tensor, variables: Any) -> Any:
            assert variables == [weight]
            return (up * y * weight + ops.sum(down), None), [up * x * y]

        return (x * y * weight, ops.stop_gradient(x)[:, None] - 1), gradient

    x, y = Variable([1.0, 2.0]), Variable([5.0, 7.0])
    with GradientTape() as tape:
        product, column = both(x, y)
        loss = ops.sum(product) + ops.sum(column * [[3.0], [4.0]])
    assert (product.tolist(), column.tolist()) == ([10.0, 42.0], [[0.0], [1.0]])
    found = tape.gradient(loss, [x, y, weight])
    assert [known(g).tolist() for g in found] == [[17.0, 28.0], [0.0, 0.0], [5.0, 14.0]]

    @ops.custom_gradient
    def forgets(x: Any) -> Any:
        return x * weight, lambda up: up

    with GradientTape(), pytest.raises(TypeError, match="an argument `variables`"):
        forgets(x)


def test_a_persistent_tape_records_its_own_gradients() -> None:
    x = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = x**3
        slope = tape.gradient(y, x)
        product = known(slope) * x
    assert float(known(slope)) == 27.0
    assert float(known(tape.gradient(slope, x))) == 18.0
    assert float(known(tape.gradient(product, x))) == 81.0


def test_a_variable_assigned_or_read_as_float16_has_second_derivatives() -> None:
    w = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = w * w * w
        w.assign(5.0)
        slope = tape.gradient(y, w)
    assert float(tape.gradient(slope, w)) == 12.0  # type: ignore[arg-type]  # of the value that it had
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones", dtype="mixed_float16")
    x = constant([[1.0, 2.0]])
    layer.build((1, 2))
    with GradientTape() as outer:
        with GradientTape() as inner:
            inner.watch(x)
            y = layer(x)
        slope = inner.gradient(y, x)
        assert slope is not None
        penalty = ops.sum(slope * slope)
    assert np.asarray(outer.gradient(penalty, layer.kernel)).tolist() == [[2.0], [2.0]]


def test_a_tape_keeps_the_values_it_read() -> None:
    a, b = Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        product = a * b
        square = ops.square(a)
        a.assign(10.0)
    assert float(tape.gradient(product, b)) == 2.0  # type: ignore[arg-type]
    assert float(tape.gradient(square, a)) == 4.0  # type: ignore[arg-type]


def test_a_list_may_change_after_the_call() -> None:
    x, places, axes = ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]]), [0, 0], [1]
    with GradientTape() as tape:
        tape.watch(x)
        y = x[places] + ops.sum(x, axis=axes) + ops.flip(x, axes)
        places[:], axes[:] = [1, 1], [0]
        z = ops.sum(y * np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(known(tape.gradient(z, x)), [[10.0, 11.0], [10.0, 9.0]])


def test_shares_of_large_numbers_are_a_whole() -> None:
    for dtype, values, tolerance in (("float32", [1e8, 1e8], 1e-6), ("float16", [3000, 3000], 1e-3)):
        x = ops.convert_to_tensor(values, dtype)
        with GradientTape(persistent=True) as tape:
            tape.watch(x)
            both = ops.logsumexp(x)
            pairs = ops.logaddexp(x, 1 * x), ops.logaddexp2(x, 1 * x)
        np.testing.assert_allclose(np.asarray(tape.gradient(both, x)), np.array([0.5, 0.5]), rtol=tolerance)
        for pair in pairs:
            np.testing.assert_allclose(np.asarray(tape.gradient(pair, x)), 1, rtol=tolerance)  # of both arguments


def test_what_is_empty_has_an_empty_gradient() -> None:
    x, none = ops.convert_to_tensor([1.0, 2.0]), ops.ones((0, 3))
    with GradientTape(persistent=True) as tape:
        tape.watch([x, none])
        with np.errstate(invalid="ignore"), warnings.catch_warnings(action="ignore"):
            picked = ops.mean(x[np.array([False, False])])  # NaN
            spread = ops.var(none, axis=1)
        product = ops.matmul(ops.transpose(none), ops.ones((0, 2)))
    np.testing.assert_array_equal(np.asarray(tape.gradient(picked, x)), 0)
    for y in (spread, product):
        assert np.asarray(tape.gradient(y, none)).shape == (0, 3)


def test_a_tape_copies_index_arrays() -> None:
    x, index = ops.convert_to_tensor([1.0, 2.0, 3.0]), np.array([0, 1])
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(x[index]) + ops.sum(x[index, ...] * 2)
    index[:] = 2
    np.testing.assert_array_equal(known(tape.gradient(y, x)), [3.0, 3.0, 0.0])


def test_gradients_of_many_rows_are_added_where_they_come_from() -> None:
    rng = np.random.default_rng(0)
    places, weights = rng.integers(-7, 7, (30, 6)), rng.integers(-3, 4, (30, 6, 5, 2)).astype("float32")
    table = ops.zeros((7, 5, 2))
    with GradientTape() as tape:
        tape.watch(table)
        total = ops.sum(ops.take(table, places, axis=0) * weights)
    expected = np.zeros((7, 5, 2))
    for place, weight in zip(places.ravel(), weights.reshape(-1, 5, 2), strict=True):
        expected[place] += weight
    gradient: Any = tape.gradient(total, table)
    assert gradient.tolist() == expected.tolist()


def test_whole_numbers_have_no_gradient() -> None:
    v = Variable(2.7)
    with GradientTape(persistent=True) as tape:
        whole = ops.cast(v, "int32")
        product = ops.cast(whole, "float32") * v
    assert tape.gradient(whole, v) is None
    assert tape.gradient(product, v) == 2.0
    assert tape.gradient([whole, product], v) == 2.0


def test_an_array_made_of_a_watched_tensor_is_warned_of() -> None:
    weight, constant_ = Variable([1.0, 2.0]), ops.convert_to_tensor([1.0])
    with GradientTape():
        np.asarray(constant_)
        y = weight * 2
        with pytest.warns(UserWarning, match="what is computed from the array has no gradient"):
            np.asarray(y)
