"""Every op beside Keras's of the same name on the NumPy backend: values, shapes, dtypes, signatures."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest

from minikeras import ops
from minikeras._base.typing import Array
from minikeras._core.tape import GradientTape
from minikeras._core.tensor import Tensor
from minikeras.ops import activation, classes, normalization

pytestmark = pytest.mark.parity

rng = np.random.default_rng(1)
V = rng.normal(size=4) * 2
M = rng.normal(size=(2, 3)) * 2
N = rng.normal(size=(2, 3)) * 2
T3 = rng.normal(size=(2, 3, 4)) * 2
SCALAR = np.array(1.5)
POSITIVE = np.abs(M) + 1.25
UNIT = np.tanh(M) * 0.9
SQUARE = rng.normal(size=(3, 3)) + 4 * np.eye(3)
BATCH = rng.normal(size=(2, 3, 3)) + 4 * np.eye(3)
SPD = SQUARE @ SQUARE.T
INDEX = np.array([2, 0, 1, 1], "int32")
BITS = np.array([1, 6, 12], "int32")
FLAGS = np.array([[True, False, True], [False, False, True]])
HOLES = np.where(FLAGS, np.nan, M)
SIGNAL = rng.normal(size=(2, 20))
SPECTRUM = rng.normal(size=(2, 4, 5))
IMAGES = rng.normal(size=(2, 3, 4, 5))
SPACE = rng.normal(size=(2, 4, 6, 8))
COLUMNS = rng.normal(size=(2, 8, 12))

Case = tuple[Any, ...]
ANY: list[Case] = [(SCALAR,), (V,), (M,), (T3,)]
PAIRS: list[Case] = [(M, N), (M, N[0]), (M, 2), (2.5, M), (V, SCALAR), (M, BITS)]
REDUCED: list[Case] = [
    (SCALAR,), (V,), (M,), (M, 0), (M, -1, True), (T3, (0, 2)), (T3, [1, 2]), (T3, (0, -1), True),
    (M, None, True), (FLAGS,), (FLAGS, 0),
]  # fmt: skip
POSITIONS: list[Case] = [(V,), (M,), (M, 0), (M, -1), (T3, 1, True), (FLAGS, 1)]
STACKED: list[Case] = [([M, N],), ([V, V],), ([T3, T3, T3],), ([M, BITS[None].repeat(2, 0)],)]


def only_float(cases: list[Case]) -> list[Case]:
    """Mark cases whose random floats an integer dtype would turn into what the op does not take."""
    return [("float only", *case) for case in cases]


def both(x: Any) -> Any:
    """Count up in either library."""
    return x + 1


def each(names: str, cases: list[Case]) -> dict[str, list[Case]]:
    """Give several ops the same cases."""
    return dict.fromkeys(names.split(), cases)


CASES: dict[str, list[Case]] = {
    **each(
        "abs absolute conj conjugate copy cos cosh sin sinh tanh tan arctan arcsinh ceil deg2rad "
        "rad2deg exp exp2 expm1 cbrt fabs flip isfinite isinf isnan isneginf isposinf isreal "
        "logical_not ndim negative ones_like zeros_like ravel real imag sign signbit size square "
        "trunc nan_to_num floor shape stop_gradient convert_to_numpy convert_to_tensor array angle "
        "erfc",
        ANY,
    ),
    **each(
        "add subtract multiply maximum minimum fmax fmin equal not_equal less less_equal greater "
        "greater_equal logical_and logical_or logical_xor isclose allclose arctan2 hypot logaddexp",
        PAIRS,
    ),
    **each(
        "divide true_divide divide_no_nan mod floor_divide",
        [(M, POSITIVE), (M, 2), (2.5, POSITIVE), (V, SCALAR), (POSITIVE, BITS)],
    ),
    **each("log log2 log10 log1p sqrt arccosh", [(POSITIVE,), (SCALAR,)]),
    "nonzero": ANY[1:],
    "erf": only_float(ANY),
    **each("reciprocal rsqrt", only_float([(POSITIVE,), (SCALAR,)])),
    **each("arcsin arccos arctanh erfinv", [(UNIT,), (SCALAR / 2,)]),
    "power": [("float only", POSITIVE, M), (POSITIVE, 2), (2, POSITIVE), (POSITIVE, 0.5), (POSITIVE, BITS)],
    **each(
        "bitwise_and bitwise_or bitwise_xor left_shift right_shift bitwise_left_shift bitwise_right_shift",
        [(BITS, BITS[::-1].copy()), (BITS, BITS[0])],
    ),
    **each("bitwise_not bitwise_invert", [(BITS,), (FLAGS,)]),
    "clip": [(M, -1, 1), (M, -0.5, 0.5), (FLAGS, 0, 1)],
    "round": [(M,), (M, 2), (SCALAR,)],
    "isin": [(BITS, BITS[:1]), (M, M[0]), (M, M[0], False, True)],
    "cast": [(M, "int32"), (M, "float16"), (M, "bool")],
    "is_tensor": [(M,), (1.5,)],
    "dtype": [(M,)],
    **each("fmod", [(M, POSITIVE), (M, 2), (V, SCALAR)]),
    "ldexp": only_float([(M, BITS)]),
    **each("gcd lcm", [(BITS, BITS[::-1].copy()), (BITS, 4)]),
    "heaviside": only_float([(M, SCALAR)]),
    "nextafter": only_float([(M, N)]),
    "logaddexp2": only_float(PAIRS[:5]),
    "sinc": only_float(ANY),
    "i0": only_float(ANY[1:]),
    "saturate_cast": [(300 * M, "uint8"), (300 * M, "int16"), (M, "float16"), (BITS, "bool"), (300 * M, "int8")],
    "view": only_float([(M, "int16")]),
    # Reductions.
    **each("nanprod nanmedian", only_float([(HOLES,), (HOLES, 0), (HOLES, 1, True), (M,)])),
    **each("nancumsum nancumprod", only_float([(HOLES,), (HOLES, 0), (M, 1)])),
    **each("nanargmax nanargmin", only_float([(HOLES, 0), (HOLES, 1), (M,), (M, 1, True)])),
    "nanquantile": only_float([(HOLES, 0.3), (HOLES, 0.5, 0)]),
    "nanpercentile": only_float([(HOLES, 30), (HOLES, np.array([20.0, 70.0]), 1)]),
    "trapezoid": only_float([(M,), (M, None, 2.0, 0), (M, V[:3]), (M, N)]),
    "corrcoef": only_float([(M,), (V,), (M[:1],)]),
    "correlate": only_float(
        [(V, V[:2], mode) for mode in ("valid", "same", "full")]
        + [(V[:2], V, "full"), (V, V[:3], "same"), (V[:3], V, "same")]
    ),
    **each(
        "segment_sum segment_max segment_min segment_prod",
        only_float([(V, INDEX), (T3, INDEX[:2], 4), (V, np.array([0, -1, 1, 1], "int32"), 2)]),
    ),
    "argpartition": [(V, 1), (M, 0, 0)],
    **each("sum mean max min prod var std all any amax amin", REDUCED),
    **each("logsumexp ptp median", [c for c in REDUCED if c[0] is not FLAGS and not isinstance(c[-1], list)]),
    **each("argmax argmin", POSITIONS),
    "argsort": [(V,), (M,), (M, 0), (M, -1)],
    "sort": [(V,), (M,), (M, 0), (T3, 1)],
    "count_nonzero": [(FLAGS,), (FLAGS, 1), (M, (0, 1))],
    **each("cumsum cumprod", [(V,), (M,), (M, 0), (T3, -1), (M, 1, "float32")]),
    "average": [(M,), (M, 0), (M, 1, np.array([1.0, 2.0, 3.0])), (M, None, POSITIVE), (M, 1, POSITIVE)],
    **each("quantile", [(M, 0.3), (M, 0.5, 0), (M, np.array([0.1, 0.9]), 1, "nearest", True)]),
    "percentile": [(M, 30), (M, 50, 0)],
    **each(
        "nansum nanmean nanvar nanstd nanmax nanmin",
        only_float([(HOLES,), (HOLES, 0), (HOLES, 1, True), (M,)]),
    ),
    "bincount": [(INDEX,), (INDEX, V), (INDEX, None, 6), (np.stack([INDEX, INDEX[::-1]]), None, 3)],
    "digitize": [(M, np.array([-1.0, 0.0, 1.0]))],
    "searchsorted": [(np.sort(V), M), (np.sort(V), M, "right")],
    "histogram": only_float([(V,), (V, 4, (-1.0, 1.0))]),
    "unique": [
        (BITS,),
        (INDEX, True, True, True, True),
        (INDEX, True, False, False, True, None, 5, 9),
        (INDEX, True, True, False, True, None, 2),
    ],
    # Shapes.
    "reshape": [(M, (3, 2)), (M, (-1,)), (M, -1), (T3, (2, -1))],
    "expand_dims": [(M, 0), (M, -1), (M, (0, 2)), (SCALAR, 0)],
    "squeeze": [(M[:1],), (M[:1], 0), (M[:1, :1],)],
    "broadcast_to": [(V, (3, 4)), (SCALAR, (2,))],
    "transpose": [(M,), (T3,), (T3, (2, 0, 1)), (T3, (0, -1, 1)), (V,)],
    "swapaxes": [(T3, 0, 2), (M, -1, 0)],
    "moveaxis": [(T3, 0, -1), (T3, (0, 1), (1, 2))],
    "fliplr": [(M,)],
    "flipud": [(M,)],
    "roll": [(V, 1), (M, 1), (M, -1, 1), (M, (1, 2), (0, 1))],
    "rot90": [(M,), (M, 2), (T3, 1, (1, 2)), (M, -1)],
    "get_item": [(M, 0), (M, (slice(None), slice(0, 2))), (M, (..., None)), (M, INDEX[1:2]), (M, M > 0)],
    "take": [(V, INDEX), (M, np.array([1, 0]), 0), (M, INDEX, 1), (M, INDEX), (M, 1, -1)],
    "take_along_axis": [
        (M, np.array([[2], [0]]), 1),
        (V, INDEX),
        (M, np.array([[1, 0, 1]]), 0),
        (V, INDEX, 0),
    ],
    "slice": [(T3, (0, 1, 2), (2, 1, 2)), (V, [1], [2])],
    "slice_update": [(M, (0, 1), N[:, 1:]), (V, [1], V[:2])],
    "scatter": [
        (INDEX[:, None], V, (5,)),
        (np.array([[1], [0]]), M, (3, 3)),
        (np.array([[1, 1], [0, 2]]), V[:2], (2, 3)),
    ],
    "scatter_update": [
        (V, INDEX[:3, None], V[1:]),
        (M, np.array([[1, 1], [0, 2]]), V[:2]),
        *((V, INDEX[:, None], V[::-1].copy(), how) for how in ("add", "max", "min", "mul")),
    ],
    **each("concatenate stack vstack hstack", STACKED),
    "append": [(M, N), (M, N, 0), (V, BITS)],
    "split": [(V, 2), (M, 3, 1), (V, [1, 3]), (M, [1], -1)],
    "array_split": [(V, 3), (M, 2, 1), (M, 2, -1)],
    "unstack": [(M,), (T3, None, 1), (T3, None, -1)],
    "pad": [
        (M, 1),
        (M, ((1, 0), (0, 2))),
        (M, ((1, 1), (1, 1)), "constant", 9),
        (M, (1, 1), "reflect"),
        (M, 1, "symmetric"),
        (M, ((0, 1), (2, 2)), "edge"),
        (V, 2, "wrap"),
    ],
    "repeat": [(V, 2), (M, 2), (M, 3, 1), (M, np.array([1, 2]), 0)],
    "tile": [(V, 2), (M, (2, 1)), (M, (2, 1, 2)), (T3, 2)],
    "meshgrid": [(V, V[:2]), (V, V[:2], V[:3]), (V, V[:2], {"indexing": "ij"}), (V,)],
    "where": [(FLAGS, M, N), (FLAGS, M, 0), (FLAGS, 1.5, M), (FLAGS,), (FLAGS, M, BITS), (FLAGS, 1, 0)],
    "tril": [(M,), (T3, 1)],
    "triu": [(M,), (T3, -1)],
    "diag": [(V,), (M,), (V, 1), (V, -1), (M, 1), (M, -1)],
    "diagonal": [(M,), (M, 1), (M, -1), (T3, 0, 1, 2), (T3, 1, 0, 2)],
    "diagflat": [(V,), (M, 1)],
    "dstack": STACKED,
    "kron": [(M, N), (V, M), (SQUARE, V[:2])],
    "vander": [(V,), (V, 3), (V, 2, True)],
    "hsplit": [(V, 2), (M, [1]), (T3, 3)],
    "vsplit": [(M, 2), (T3, [1])],
    "dsplit": [(T3, 2)],
    "select": [([FLAGS, ~FLAGS], [M, N]), ([FLAGS, FLAGS], [M, N], 2.0)],
    "unravel_index": [(BITS, (4, 5)), (np.array(7), (3, 3))],
    "diff": [(V,), (M, 1, 0), (M, 2)],
    "top_k": [(np.array([1.0, 5.0, 3.0, -2.0]), 2), (np.array([[1.0, 5.0], [7.0, 3.0]]), 1)],
    "in_top_k": [(np.array([0, 2]), M, 2)],
    # Linear algebra.
    "matmul": [
        (M, N.T),
        (V, V),
        (T3, V),
        (T3, V[:, None]),
        (V[:3], N.T),
        (T3, T3[0].T),
        (M, np.ones((3, 2), "int32")),
    ],
    "dot": [
        (M, N.T),
        (V, V),
        (M, 2),
        (SCALAR, M),
        (T3, V),
        (T3, T3.transpose(0, 2, 1)),
        (V, T3.transpose(0, 2, 1)),
    ],
    "inner": [(V, V), (M, N), (T3, V), (SCALAR, M)],
    "outer": [(V, V), (M, V)],
    "vdot": [(V, V), (M, N)],
    "tensordot": [
        (M, N),
        (M, N.T, 1),
        (T3, T3, ([1, 2], [1, 2])),
        (T3, V, 1),
        (T3, T3[0], [[1], [0]]),
        (M, N, 0),
    ],
    "cross": [(M, N), (M, N[0]), (M.T, N.T, 0, 0, 0), (M.T, N.T, -1, -1, -1, 0)],
    "einsum": [
        ("ij,kj->ik", M, N),
        ("ij->ji", M),
        ("ii", SQUARE),
        ("ii->i", SQUARE),
        ("...ij,...j", T3, V),
        ("ij,ij", M, N),
        ("bij,bjk->bik", T3, T3.transpose(0, 2, 1)),
        ("i,j,k->kji", V, V, V),
        ("ij->", M),
        ("ij->j", M),
    ],
    "norm": [
        (V,),
        (M,),
        (M, None, 0),
        (M, 1, 1),
        (M, np.inf, 1, True),
        (M, 3, 0),
        (V, 0),
        (T3, None, (1, 2)),
        (M, "fro"),
        (M, "nuc"),
        (M, 2),
        (M, -2),
        (M, 1),
        (M, -1),
        (M, np.inf),
        (M, -np.inf),
        (V, 1),
        (V, -np.inf),
        (T3, "fro", (0, 2)),
        (T3, 1, (1, 2), True),
        (T3, np.inf, (2, 0)),
        (T3, "nuc", (0, 2), True),
        (M, 2, 1),
    ],
    **each("inv det slogdet logdet", only_float([(SQUARE,), (BATCH,)])),
    "solve": only_float([(SQUARE, V[:3]), (SQUARE, M.T), (BATCH, BATCH), (BATCH, V[:3])]),
    "cholesky": only_float([(SPD,), (SPD, True)]),
    "trace": [(SQUARE,), (M, 1), (T3, 0, 1, 2), (FLAGS,)],
    "svd": only_float([(M,), (M, False), (M, True, False)]),
    "qr": only_float([(M.T,), (M.T, "complete"), (M,)]),
    "eigh": only_float([(SPD,)]),
    "eig": only_float([(SPD,)]),
    "matrix_rank": only_float([(SQUARE,), (BATCH,), (M, 1.0)]),
    "lu_factor": only_float([(SQUARE,), (BATCH,), (M.T,), (np.ones((3, 3)),), (np.diag([0.0, 1.0]),)]),
    "pinv": only_float([(M,), (BATCH,)]),
    "lstsq": only_float([(M.T, V[:3]), (M, N)]),
    "solve_triangular": only_float([(SQUARE, V[:3]), (SQUARE, M.T, True), (BATCH, BATCH)]),
    "cholesky_inverse": only_float([(np.tril(SQUARE),), (np.triu(SQUARE), True)]),
    "cdist": only_float([(M, N[:1]), (T3, T3 + 1)]),
    # Fourier transforms and complex numbers.
    **each("fft2 ifft2 fft", only_float([((M, N),), ((T3, T3 + 1),)])),
    "rfft": only_float([(V,), (T3,), (M, 5), (T3, 2)]),
    "irfft": only_float([((M, N),), ((M, N), 3), ((T3, T3 + 1), 9)]),
    "stft": only_float(
        [
            (SIGNAL, 8, 4, 8),
            (SIGNAL, 6, 3, 8, "hamming"),
            (SIGNAL, 8, 4, 8, None, False),
            (SIGNAL[0], 4, 2, 4),
            (SIGNAL, 1, 1, 1),
            (SIGNAL, 1, 1, 2, "hamming"),
        ]
    ),
    "istft": only_float([((SPECTRUM, SPECTRUM + 1), 8, 4, 8), ((SPECTRUM, SPECTRUM), 6, 2, 8, 14, "hamming", False)]),
    "polar": only_float([(POSITIVE, N)]),
    "view_as_complex": only_float([(T3[..., :2],)]),
    "view_as_real": only_float([((M + 1j * N).astype("complex64"),)]),
    # Parts.
    "unfold": [(IMAGES, 2), (IMAGES, (2, 3), 1, (1, 0), (2, 1)), (IMAGES, 2, 2)],
    "fold": [
        (COLUMNS, (4, 5), 2),
        (COLUMNS[:, :, :6], (3, 6), (2, 2), 1, 0, (1, 2)),
        (COLUMNS[..., :4], 2, 2, 1, 1, 2),
    ],
    **each(
        "adaptive_average_pool adaptive_max_pool",
        only_float([(T3, 2), (IMAGES, (3, 2)), (IMAGES, 4, "channels_first")]),
    ),
    **each("space_to_depth", [(np.ones((1, 4, 6, 2)), 2), (SPACE, 2), (SPACE, 2, "channels_first")]),
    "depth_to_space": [(SPACE, 2), (SPACE, 2, "channels_first")],
    "psnr": only_float([(M, N, 2.0)]),
    "extract_sequences": [(SIGNAL, 4, 2), (V, 2, 1)],
    "rearrange": [(T3, "a b c -> c (a b)"), (T3, "a b (c d) -> (a c) d b", {"c": 2})],
    "associative_scan": only_float([(lambda a, b: a + b, M), (lambda a, b: a * b, M, True, 1)]),
    # Creation; these take no tensor.
    **each("bartlett blackman hamming hanning", [(7,), (np.array(4, "int32"),)]),
    "kaiser": [(7, 2.0)],
    "geomspace": [(1.0, 100.0, 3), (2, 8, 4, False)],
    "zeros": [((2, 3),), ((2,), "int32"), (3,)],
    "ones": [((2, 3),), ((2,), "bool")],
    "full": [((2, 3), 1.5), ((2,), 3, "int32"), ((2, 3), V[:3])],
    "full_like": [(M, 2), (M, 1.5, "float32")],
    "arange": [(3,), (1, 4), (0, 1, 0.25), (1, 2.5), (5, 0, -2), (3, None, None, "float64")],
    "linspace": [
        (0, 1, 5),
        (0.0, 1.0, 4, False),
        (0, 1, 3, True, True),
        (V[:2], V[2:], 3),
        (V[:2], V[2:], 3, True, False, None, 1),
    ],
    "logspace": [(0, 2, 3), (0.0, 1.0, 4, False, 2)],
    "eye": [(3,), (2, 3), (3, None, 1), (2, 2, 0, "int32")],
    "identity": [(3,), (2, "int32")],
    "tri": [(3,), (2, 3), (3, None, 1, "int32")],
    # Control flow.
    "cond": [(True, lambda: 1.0, lambda: 2.0), (False, lambda: 1.0, lambda: 2.0)],
    "switch": [(1, [both, lambda x: x * 2], M), (7, [both, lambda x: x * 2], M)],
    "while_loop": [
        (lambda i: i < 5, both, np.array(0, "int32")),
        (lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (np.array(0, "int32"), M)),
        (lambda i: i < 5, both, np.array(0, "int32"), 2),
    ],
    "fori_loop": [(0, 3, lambda i, x: x * 2 + i, M)],
    "scan": [
        (lambda c, x: (c + x, c * x), M[0], M),
        (lambda c, x: (c + x, c), M[0], M, 1),
        (lambda c, x: (c * 2, None), M[0], None, 3),
        (lambda c, x: (c + x, c * x), M[0], M, None, True),
    ],
    "map": [(both, M), (lambda x: x[0] * x[1], (M, N))],
    "vectorized_map": [(both, M), (lambda x: x[0] * x[1], [M, N])],
}

UNCOMPARED = {
    "empty": "its values are arbitrary",
    "empty_like": "its values are arbitrary",
    "jvp": "Keras on NumPy does not have it; tests/_core/test_tape.py holds it",
    "vectorize": "it gives a function; tests/ops/test_ops.py holds it",
    "custom_gradient": "Keras on NumPy only warns; tests/_core/test_tape.py holds it",
}
"""Ops without a value to compare, and why."""

NARROW = {"float64": "float32", "int64": "int32"}
"""Keras on JAX has no 64-bit types; on NumPy it removes them in most ops and forgets it in some."""

NN = {
    name for file in (activation, classes, normalization) for name in dir(file)
    if name in ops.__all__ and getattr(ops, name).__module__ == file.__name__
}  # fmt: skip
"""What tests/parity/test_activations.py and test_nn.py compare."""


def converted(value: Any, dtype: str) -> Any:
    """Return a case's argument with its floats in another dtype."""
    if isinstance(value, np.ndarray):
        return value.astype(dtype) if value.dtype == "float64" else value.copy()
    if isinstance(value, list | tuple):
        return type(value)(converted(item, dtype) for item in value)
    return value


def flat(value: Any) -> Iterator[Any]:
    """Go through a structure's leaves."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    else:
        yield value


def run(function: Callable[..., Any], case: Case, dtype: str) -> list[Any]:
    args = [converted(value, dtype) for value in case]
    kwargs = args.pop() if isinstance(args[-1], dict) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # int casts of random numbers may divide by zero or overflow
        return list(flat(function(*args, **kwargs)))


def compare(name: str, case: Case, dtype: str) -> None:
    ours, theirs = (run(getattr(module, name), case, dtype) for module in (ops, keras.ops))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, np.ndarray | np.generic) and not isinstance(a, int):
            x: Array = np.asarray(a)
            if name == "eig":  # complex where Keras computes on others than NumPy before 2.5
                b = b.astype(np.result_type(b, "complex64"))
            kept = not isinstance(a, Tensor) or "float64" in [value for value in case if isinstance(value, str)]
            assert isinstance(a, Tensor | np.ndarray)
            assert x.shape == b.shape
            assert x.dtype == (b.dtype if kept else NARROW.get(b.dtype.name, b.dtype))
            np.testing.assert_allclose(x, np.asarray(b), rtol=1e-5, atol=1e-5)
        else:
            assert a == b


@pytest.mark.parametrize("name", CASES)
def test_values_and_dtypes(name: str) -> None:
    for i, case in enumerate(CASES[name]):
        marked = isinstance(case[0], str) and case[0] == "float only"
        for dtype in ("float32", "float64") if marked else ("float32", "float64", "int32"):
            try:
                compare(name, case[1:] if marked else case, dtype)
            except Exception as error:
                error.add_note(f"case {i} of {name} in {dtype}")
                raise


IN_LAYERS = {"average_pool", "conv", "conv_transpose", "depthwise_conv", "max_pool", "separable_conv"}
"""Ops that test_layers.py compares through their layers."""


def test_every_exported_op_is_compared() -> None:
    assert set(CASES) | set(UNCOMPARED) | NN | IN_LAYERS == set(ops.__all__)


EXCEPTIONS = {
    "layer_normalization": "Keras takes a deprecated `rms_scaling` through **kwargs",
    "multi_hot": "Keras takes a deprecated `num_tokens` through **kwargs",
    "custom_gradient": "the function is called `function`, as everywhere in minikeras",
}
"""Ops whose arguments are not called as in Keras, and why."""


@pytest.mark.parametrize("name", [n for n in ops.__all__ if n not in EXCEPTIONS])
def test_signature_is_that_of_keras(name: str) -> None:
    def described(function: Any) -> list[tuple[str, Any, Any]]:
        return [
            (p.name, p.default, p.kind) for p in inspect.signature(function).parameters.values() if p.name != "out"
        ]  # NumPy's own argument, where a primitive can write to an array given to it

    assert described(getattr(ops, name)) == described(getattr(keras.ops, name))


# Gradients, beside those of Keras's functions on JAX: between equals, beside NaN, for repeated singular values.

TIES = np.array([2.0, 1.0, 2.0, 3.0, 2.0, 2.0])
ROWS = np.array([[2.0, 2.0, 1.0, 2.0], [1.0, 3.0, 3.0, 3.0]])
ONE = np.eye(3)
LEVELS = np.array([0.13, 0.7])
TWICE = np.array([[1], [1], [2]], "int32")
STEPS = np.array([4, 2], "int32")

DIFFERENTIATED: dict[str, list[Case]] = {
    "median": [(TIES,), (ROWS, 1), (T3, (0, 2), True), (HOLES, 0)],
    "nanmedian": [(TIES,), (HOLES, 1), (HOLES, 0), (np.full(2, np.nan),)],
    "quantile": [(TIES, LEVELS), *((ROWS, 0.4, 1, k) for k in ("linear", "lower", "higher", "nearest", "midpoint"))],
    "nanquantile": [(HOLES, LEVELS, 1), (ROWS, 0.4, 0, "nearest")],
    "percentile": [(TIES, 100 * LEVELS), (M, 30.0, 0)],
    "nanpercentile": [(HOLES, 100 * LEVELS, 0)],
    "sort": [(ROWS,), (np.tile(ROWS, 9), 0)],
    "bincount": [(INDEX, V), (INDEX, V, 6)],
    "segment_max": [(TIES, np.array([0, 0, 0, 1, 1, 1], "int32"), 2)],
    "segment_min": [(ROWS, np.array([0, 0], "int32"), 1)],
    "scatter_update": [(V, TWICE, V[:3]), (np.ones(3), TWICE, np.array([1.0, 1.0, 2.0]), "max")],
    "clip": [(M, -POSITIVE, POSITIVE / 4)],
    "heaviside": [(np.array([0.0, 1.0, -1.0]), V[:3])],
    "unique": [(TIES, True, False, False, False, None, 4, 9)],
    "histogram": [(V,), (np.ones(3), 4)],
    "linspace": [(V[:2], V[2:], 4, False, True), (1.0, V, 3, True, True, None, 1)],
    "logspace": [(V[:2], V[2:], 3)],
    "geomspace": [(POSITIVE[0], POSITIVE[1], 3)],
    "full_like": [(M, V[:3])],
    "i0": [(T3,)],
    "svd": [
        *((x, False) for x in (M, M.T, BATCH, ONE)), *((x, True, False) for x in (M, ONE, np.zeros((3, 2)))), (M,),
    ],
    "qr": [(M,), (M.T,), (BATCH,), (M.T, "complete"), (T3.transpose(0, 2, 1), "complete")],
    "eigh": [(SPD,), (SQUARE,), (BATCH,), (ONE,)],
    "eig": [(SPD,)],
    "lu_factor": [(SQUARE,), (M,), (M.T,), (BATCH,)],
    "norm": [(M, 2), (M, -2), (M, "nuc"), (ONE, 2), (ONE, "nuc"), (np.zeros((2, 2)), "nuc")],
    "ctc_decode": [(rng.normal(size=(2, 4, 3)), STEPS)],
}  # fmt: skip


def weighed(module: Any, outputs: Any) -> Any:
    """Weigh all elements of all floating outputs, and real parts of complex ones, with other numbers; add them up."""
    kinds = {"float": lambda y: y, "complex": module.real}
    terms: list[Any] = [f(y) for y in flat(outputs) for k, f in kinds.items() if k in str(getattr(y, "dtype", ""))]
    return sum(module.sum(y * np.linspace(0.5, 2.0, int(np.prod(y.shape))).reshape(y.shape)) for y in terms)


def placed(value: Any, points: Iterator[Any]) -> Any:
    """Put tensors in place of the arrays that are differentiated."""
    return next(points) if isinstance(value, np.ndarray) and value.dtype == "float64" else value


def _as_it_is(function: Any) -> Any:
    return function


def slopes(
    gradient: Callable[..., Any], function: Callable[..., Any], module: Any, case: Case, twice: bool, points: Any
) -> Any:
    """Return the gradients for the arrays of floats of a case, and perhaps those of a weighted sum of these."""

    def loss(tensors: list[Any]) -> Any:
        values = iter(tensors)
        return weighed(module, function(*(placed(value, values) for value in case)))

    first = gradient(loss, points)
    return first, gradient(lambda tensors: weighed(module, gradient(loss, tensors)), points) if twice else []


def our_gradient(loss: Callable[[list[Any]], Any], points: list[Any]) -> list[Any]:
    tensors = [ops.convert_to_tensor(x, "float64") for x in points]
    with GradientTape() as tape:
        tape.watch(tensors)
        y = loss(tensors)
    found = tape.gradient(y, tensors) if isinstance(y, Tensor) else [None] * len(tensors)
    return [ops.zeros_like(x) if g is None else g for g, x in zip(found, tensors, strict=True)]


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_gradients_are_those_of_jax(name: str) -> None:
    import jax
    from keras.src.backend.jax import core, linalg, math, nn, numpy

    theirs = next(f for m in (core, linalg, math, nn, numpy) if (f := getattr(m, name, None)) is not None)
    quick = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    compiled: Any = partial(jax.jit, compiler_options=quick)
    if name == "bincount":  # whose size depends on values
        compiled = _as_it_is
    with jax.enable_x64(True):
        for i, case in enumerate(DIFFERENTIATED[name]):
            points = [value for value in case if isinstance(value, np.ndarray) and value.dtype == "float64"]
            ours = partial(slopes, our_gradient, getattr(ops, name), ops, case, i == 0)
            expected = compiled(partial(slopes, lambda f, x: jax.grad(f)(x), theirs, jax.numpy, case, i == 0))
            try:
                found = expected([*map(jax.numpy.asarray, points)])
            except NotImplementedError:
                with pytest.raises(NotImplementedError, match=f"{name}.* has no gradient"):
                    ours(points)
                continue
            for a, b in zip(flat(ours(points)), flat(found), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7, err_msg=f"{name}{case}")
