"""Ops: numbers worked by hand, dtypes, errors, NumPy functions on tensors, symbolic tensors."""

import inspect
import operator
import pickle
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type, cast

import numpy as np
import pytest

import minikeras
import minikeras as keras
from minikeras import ops
from minikeras._base.settings import set_floatx
from minikeras._core.keras_tensor import KerasTensor
from minikeras._core.tensor import Tensor
from minikeras.ops import reduction

X = ops.convert_to_tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


def same(actual: Any, expected: Any, dtype: str | None = None) -> None:
    """Check values, shape and, if given, dtype."""
    assert isinstance(actual, Tensor)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
    assert actual.shape == np.shape(expected)
    assert dtype is None or actual.dtype == dtype


def test_all_is_sorted_documented_and_callable() -> None:
    assert len(ops.__all__) == len(set(ops.__all__)) >= 220
    for name in ops.__all__:
        assert getattr(ops, name).__doc__, f"{name} has no docstring"


def test_ops_that_a_factory_made_are_like_written_ones() -> None:
    assert [p.name for p in inspect.signature(ops.sin).parameters.values()] == ["x"]
    same(ops.subtract(x2=1.0, x1=X), X.numpy() - 1)
    same(ops.any(x=X > 4, axis=1, keepdims=True), [[False], [True]], "bool")
    for name in ops.__all__:
        op = getattr(ops, name)
        assert pickle.loads(pickle.dumps(op)) is op
        assert getattr(ops, op.__name__, op) is op


# Numbers.


@pytest.mark.parametrize("name", ["mod", "fmod", "floor_divide", "power"])
def test_bools_are_divided_as_integers(name: str) -> None:
    function, bools = getattr(ops, name), ops.convert_to_tensor([True, False])
    same(function(bools, True), [1, 0] if name in ("floor_divide", "power") else [0, 0], "int32")
    assert function(keras.Input((3,), dtype="bool"), True).dtype == "int32"
    assert function(bools, ops.ones(2, "int8")).dtype == "int8"


def test_elementwise_by_hand() -> None:
    same(ops.add([1, 2], [[10], [20]]), [[11, 12], [21, 22]], "int32")
    same(ops.clip(X, -1, 4), [[1, -1, 3], [4, 4, -1]])
    same(ops.mod([5, -5], 3), [2, 1], "int32")
    same(ops.floor_divide([7, -7], 2), [3, -4], "int32")
    same(ops.divide_no_nan([1.0, 2.0], [0.0, 4.0]), [0.0, 0.5])
    same(ops.logaddexp(1000.0, 1000.0), 1000 + np.log(2))
    same(ops.round([0.5, 1.5, 2.567], 1), [0.5, 1.5, 2.6])
    same(ops.nan_to_num([np.nan, np.inf], posinf=1.0), [0, 1])
    same(ops.maximum([1.0, np.nan], 2.0), [2.0, np.nan])
    same(ops.fmax([1.0, np.nan], 2.0), [2.0, 2.0])
    same(ops.erfinv(ops.erf([-2.0, 0.0, 0.3])), [-2.0, 0.0, 0.3])
    same(ops.bitwise_xor([6, 5], 3), [5, 6], "int32")


def test_reductions_by_hand() -> None:
    same(ops.sum(X), 5.0)
    same(ops.sum(X, axis=0), [5, 3, -3])
    same(ops.mean(X, axis=(0, 1), keepdims=True), [[5 / 6]])
    tensor, array = cast(list[int], ops.arange(2)), cast(list[int], np.array([1]))
    same(ops.sum(X, axis=tensor), 5)  # as in Keras on JAX and TensorFlow
    same(ops.max(X, axis=array), [3, 5])
    same(ops.var([1.0, 3.0]), 1.0)
    same(ops.std([[1.0, 3.0], [2.0, 2.0]], axis=1), [1, 0])
    same(ops.max(X, initial=10.0), 10.0)
    same(ops.argmax(X, axis=1), [2, 1], "int32")
    same(ops.logsumexp([1000.0, 1000.0]), 1000 + np.log(2))
    same(ops.logsumexp([-np.inf, -np.inf]), -np.inf)
    rows = [[-np.inf, -np.inf], [np.inf, 1.0], [3e38, -3e38], [-np.inf, 2.0], [np.nan, 1.0], [1000.0, 1000.0]]
    same(ops.logsumexp(rows, axis=1), [-np.inf, np.inf, 3e38, 2.0, np.nan, 1000 + np.log(2)])
    same(ops.max(rows, axis=-1), [-np.inf, np.inf, 3e38, 2.0, np.nan, 1000.0])
    same(ops.logsumexp(np.zeros((2, 0), "float32"), axis=1), [-np.inf, -np.inf])
    same(ops.cumsum([1, 2, 3]), [1, 3, 6], "int32")
    same(ops.average([1.0, 3.0], weights=[3.0, 1.0]), 1.5)
    same(ops.average([[np.inf, 1.0], [1.0, 2.0]], 1, [1.0, 1.0]), [np.inf, 1.5])
    same(ops.median([3.0, 1.0, 2.0]), 2.0)
    same(ops.quantile([0.0, 10.0], 0.25), 2.5)
    same(ops.quantile([[0.0, 10.0]], [[0.25], [0.5]], 1, keepdims=True), [[[[2.5]]], [[[5.0]]]])
    for method, expected in {"lower": 2.0, "higher": 3.0, "nearest": 2.0, "midpoint": 2.5, "linear": 2.5}.items():
        same(ops.quantile([4, 3, 2, 1], 0.5, method=method), expected)
    same(ops.quantile([1.0, 2.0, np.inf], 1.0), np.inf)
    same(ops.median([[1.0, np.nan], [3.0, 4.0]], 1), [np.nan, 3.5])
    same(ops.nanmedian([[1.0, np.nan], [3.0, 4.0]], 0), [2.0, 4.0])
    same(ops.argsort([1.0, 0.0] * 20), [*range(1, 40, 2), *range(0, 40, 2)], "int32")
    same(ops.nanmean([1.0, np.nan, 3.0]), 2.0)
    with np.errstate(invalid="ignore"):
        same(ops.nanvar([[1.0, np.inf, np.nan], [1.0, np.nan, 3.0]], 1), [np.nan, 1.0])  # infinity is no gap
    same(ops.nanmax([[np.nan, np.nan], [1.0, np.nan]], axis=1), [np.nan, 1.0])
    same(ops.bincount([1, 2, 2], minlength=5), [0, 1, 2, 0, 0], "int32")


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "complex64"])
@pytest.mark.parametrize("columns", [(), (3,), (8, 5)], ids=str)
def test_many_rows_are_combined_by_number(columns: tuple[int, ...], dtype: str) -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(-50, 50, (3000, *columns)).astype(dtype)
    places = rng.integers(-40, 40, 3000)
    sums = np.zeros((40, *columns), "complex128")
    np.add.at(sums, places, rows)
    np.testing.assert_array_equal(ops.scatter(places[:, None], rows, sums.shape), sums)
    picked = ops.convert_to_tensor(np.zeros(sums.shape, "float32"))
    with keras.GradientTape() as tape:
        tape.watch(picked)
        total = ops.sum(picked[places] * rows.real.astype("float32"))
    np.testing.assert_array_equal(tape.gradient(total, picked), sums.real)
    for place in (40, -41):
        with pytest.raises(IndexError, match=f"index {place} is out of bounds for axis 0 with size 40"):
            ops.scatter(np.full((3000, 1), place), rows, sums.shape)
    if dtype != "complex64":
        ids = np.abs(places).astype("uint8")
        for op, combine in ((ops.segment_max, np.max), (ops.segment_min, np.min)):
            wanted = [combine(rows[ids == i], 0) for i in range(40)]
            np.testing.assert_array_equal(op(rows, ids, 40), wanted)


@pytest.mark.parametrize("side", ["left", "right"])
def test_many_values_are_searched_as_one_is(side: Any) -> None:
    rng = np.random.default_rng(0)
    edges, values = np.sort(rng.integers(0, 1000, 300)), rng.integers(-10, 1010, (70, 100))
    found = ops.searchsorted(edges, values, side=side)
    assert (found.shape, found.dtype) == ((70, 100), "int32")
    np.testing.assert_array_equal(found, np.searchsorted(edges, values, side))
    assert ops.searchsorted(edges, 5).shape == ()
    gaps = np.where(values % 7 == 0, np.nan, values)
    np.testing.assert_array_equal(ops.searchsorted(edges / 1.0, gaps), np.searchsorted(edges, gaps))


def test_segments_of_integers_stay_integers() -> None:
    data, ids = np.array([5, 1, 10], "int32"), np.array([0, 0, 2])
    assert ops.segment_max(data, ids).tolist() == [5, -(2**31), 10]
    assert ops.segment_min(data.astype("uint8"), ids).tolist() == [1, 255, 10]
    assert ops.segment_max(data, ids).dtype == "int32"


def test_shapes_by_hand() -> None:
    same(ops.reshape(range(6), (2, -1)), [[0, 1, 2], [3, 4, 5]])
    same(ops.transpose([[1, 2, 3]]), [[1], [2], [3]])
    same(ops.concatenate([[1, 2], [3.5]]), [1, 2, 3.5], "float32")
    same(ops.stack([[1, 2], [3, 4]], axis=1), [[1, 3], [2, 4]])
    parts = ops.split([1, 2, 3, 4, 5], [1, 3])
    assert [p.tolist() for p in parts] == [[1], [2, 3], [4, 5]]
    same(ops.pad([1, 2], 1, constant_values=9), [9, 1, 2, 9])
    same(ops.pad([1, 2, 3], (2, 0), mode="symmetric"), [2, 1, 1, 2, 3])
    same(ops.take(X, [1, 0], axis=1), [[-2, 1], [5, 4]])
    assert ops.diff([True, True, False]).numpy().tolist() == [False, True]  # whether neighbours differ
    same(ops.take_along_axis(X, [[0], [2]], axis=1), [[1], [-6]])
    same(ops.scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)), [1, 0, 5, 0])
    same(ops.scatter_update([1.0, 2.0, 3.0], [[0], [2]], [9.0, 8.0]), [9, 2, 8])
    same(ops.slice_update(X, (0, 1), [[0.0, 0.0]]), [[1, 0, 0], [4, 5, -6]])
    same(ops.slice(X, (1, 0), (1, 2)), [[4, 5]])
    same(ops.slice(X, (0, 1), (-1, 2)), [[-2, 3], [5, -6]])
    same(ops.slice(X, (-1, -2), (1, 2)), [[5, -6]])  # from the end
    same(ops.slice_update(X, (-2, -1), [[0.0], [0.0]]), [[1, -2, 0], [4, 5, 0]])
    same(ops.diag([1, 2], k=1), [[0, 1, 0], [0, 0, 2], [0, 0, 0]])
    same(ops.diagonal(X, 1), [-2, -6])
    same(ops.sort(X, axis=1), [[-2, 1, 3], [-6, 4, 5]])
    same(ops.where([True, False], 1, [5.5, 6.5]), [1, 6.5], "float32")
    assert [i.tolist() for i in ops.where([[False, True], [True, False]])] == [[0, 1], [1, 0]]
    same(ops.repeat([1, 2], [2, 1]), [1, 1, 2])
    for dtype in ("int64", "uint64"):  # NumPy casts neither to its own integer, where that is of 32 bits or has a sign
        same(ops.repeat([1, 2], np.array([2, 1], dtype)), [1, 1, 2])
    with pytest.raises(TypeError, match="Cannot cast"):
        ops.repeat([1, 2], [1.5, 1.0])
    same(ops.tile([[1, 2]], (2, 2)), [[1, 2, 1, 2]] * 2)
    values, indices = ops.top_k([1.0, 5.0, 3.0], 2)
    same(values, [5, 3])
    same(indices, [1, 2], "int32")
    grid_x, grid_y = ops.meshgrid([1, 2, 3], [4, 5])
    same(grid_x, [[1, 2, 3], [1, 2, 3]])
    same(grid_y, [[4, 4, 4], [5, 5, 5]])


def test_what_rounding_makes_of_singular_values_that_are_0_counts_as_0() -> None:
    a, b = np.array([0.1, 0.2, 0.3], "float32"), np.array([0.7, 0.1, 0.4, 0.3], "float32")
    expected = np.outer(b, a) / ((a @ a) * (b @ b))  # the pseudo-inverse of a matrix of rank 1
    np.testing.assert_allclose(ops.pinv(np.outer(a, b)), expected, rtol=1e-5)
    np.testing.assert_allclose(ops.lstsq(np.outer(a, b), [1.0, 2.0, 3.0]), expected @ [1, 2, 3], rtol=1e-5)


@pytest.mark.parametrize(
    ("source", "dtype", "low", "high"),
    [
        ("float32", "int32", -(2**31), 2**31 - 1),
        ("float32", "uint32", 0, 2**32 - 1),
        ("float32", "int64", -(2**63), 2**63 - 1),
        ("float16", "int16", -(2**15), 2**15 - 1),
        ("float16", "int32", -65504, 65504),  # the limits of float16 itself, as in Keras
        ("float64", "float16", -65504, 65504),
        ("int32", "uint8", 0, 255),
    ],
)
def test_a_saturated_cast_reaches_the_limits(source: str, dtype: str, low: int, high: int) -> None:
    far = [-(2**31), 2**31 - 1] if source == "int32" else [-np.inf, np.inf]
    found = ops.saturate_cast(np.array([*far, 1], source), dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.array([low, high, 1], dtype))


def test_a_saturated_cast_of_bools() -> None:
    same(ops.saturate_cast([True, False], "int8"), [1, 0], "int8")


def test_truncation_keeps_the_dtype() -> None:
    for x in ([1.7, -1.7], [2, -3], [True, False], np.array([2**62 + 1])):
        found = ops.trunc(x)
        assert found.dtype == ops.convert_to_tensor(x).dtype
        assert found.tolist() == np.asarray(x).astype("int64").tolist()


def test_linear_algebra_by_hand() -> None:
    a = [[2.0, 1.0], [1.0, 3.0]]
    same(ops.matmul(a, [1.0, 2.0]), [4, 7])
    same(ops.det(a), 5.0)
    same(ops.inv(a), [[0.6, -0.2], [-0.2, 0.4]])
    same(ops.solve(a, [3.0, 4.0]), [1, 1])
    same(ops.solve_triangular([a, a], [[3.0, 3.0], [4.0, 6.0]]), [[1, 1], [1, 2]])  # a vector for each matrix
    same(ops.cholesky([[4.0, 2.0], [2.0, 5.0]]), [[2, 0], [1, 2]])
    same(ops.norm([[3.0, 4.0], [6.0, 8.0]], axis=1), [5, 10])
    same(ops.einsum("ij,j->i", a, [1.0, 1.0]), [3, 4])
    same(ops.einsum("i,j", [1, 2], [3, 4]), [[3, 4], [6, 8]])
    same(ops.tensordot(a, a), 15.0)
    x, y = np.arange(24.0).reshape(2, 3, 4), np.arange(30.0).reshape(2, 3, 5)
    same(ops.einsum("abc,abd->cd", x, y), np.einsum("abc,abd->cd", x, y))  # columns of a matrix before its rows
    same(ops.einsum("abc,abd->acd", x, y), np.einsum("abc,abd->acd", x, y))
    same(ops.tensordot(x, y, ([0, 1], [0, 1])), np.tensordot(x, y, ([0, 1], [0, 1])))
    same(ops.cross([1, 0, 0], [0, 1, 0]), [0, 0, 1])
    same(ops.cross([[1, 2], [3, 4]], [[3, 5], [1, 1]]), [-1, -1])  # the third components of vectors in a plane
    same(ops.trace(a), 5.0)
    q, r = ops.qr(a)
    np.testing.assert_allclose(q @ r, a, rtol=1e-6)
    u, s, vh = ops.svd(a)
    np.testing.assert_allclose((u * s) @ vh, a, rtol=1e-5)
    values, vectors = ops.eigh(a)
    np.testing.assert_allclose(a @ vectors, vectors * values, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.parametrize("op", [ops.svd, ops.pinv, lambda x: ops.lstsq(x, x)])
def test_matrices_that_are_not_finite_have_no_decomposition(op: Callable[[Any], Any], bad: float) -> None:
    x = np.eye(4, 6) + 1
    x[1] = bad
    with np.errstate(invalid="ignore"), pytest.raises(np.linalg.LinAlgError, match="converge"):
        op(x)


def test_integers_correlate_to_floats() -> None:
    same(ops.correlate([1, 2, 3], [0, 1]), [2, 3], "float32")


def test_loops_over_nothing_give_empty_tensors() -> None:
    rows = ops.zeros((0, 3), "int32")
    carry, ys = ops.scan(lambda c, x: (c * ops.sum(x), {"a": c, "b": x, "c": 1.0}), 2.0, rows)
    assert float(carry) == 2.0
    assert {name: (y.shape, y.dtype) for name, y in ys.items()} == {
        "a": ((0,), "float32"),
        "b": ((0, 3), "int32"),
        "c": ((0,), "float32"),
    }
    assert ops.scan(lambda c, _: (c + 1, None), ops.ones(2), None, length=0)[1].shape == (0, 2)
    assert ops.map(ops.sum, rows).shape == (0,)
    assert ops.vectorized_map(lambda x: x[0] + x[1], [rows, rows]).shape == (0, 3)
    assert ops.associative_scan(ops.add, rows).shape == (0, 3)


def test_control_flow_by_hand() -> None:
    assert ops.cond(ops.sum(X) > 0, lambda: "yes", lambda: "no") == "yes"
    assert ops.switch(1, [lambda x: x, lambda x: -x], 5) == -5
    i, total = ops.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, t + i), (0, 0))
    assert (int(i), int(total)) == (4, 6)
    value, count = ops.fori_loop(0, 3, lambda i, pair: (pair[0] * 2, pair[1] + 1), (0.5, 0))  # tensors, as in Keras
    assert (float(value), value.dtype, int(count), count.dtype) == (4, "float32", 3, "int32")
    carry, ys = ops.scan(lambda c, x: (c + x, c), 0, [1, 2, 3], reverse=True)
    same(carry, 6)
    same(ys, [5, 3, 0])
    carry, ys = ops.scan(lambda c, x: (c + x["a"], None), ops.zeros(()), {"a": ops.ones(2)})
    same(ys, [0, 0])
    same(ops.vectorized_map(lambda ab: ab[0] + ab[1], [[1, 2], [10, 20]]), [11, 22])
    same(ops.map(ops.sum, X), [2, 3])


def test_loop_variables_may_be_structures() -> None:
    state = ops.while_loop(lambda s: s["n"] < 3, lambda s: {"n": s["n"] + 1, "sums": (s["sums"][0] + s["n"],)},
                           {"n": 0, "sums": (10,)})  # fmt: skip
    assert (int(state["n"]), int(state["sums"][0])) == (3, 13)
    one, other = ops.while_loop(lambda x, s: x < 2, lambda x, s: (x + 1, [s[0] * 2]), (0, [5]), maximum_iterations=1)
    assert (int(one), int(other[0])) == (1, 10)


def test_loops_return_tensors() -> None:
    same(ops.while_loop(lambda i: i < 5, lambda i: 7, 0), 7, "int32")
    count, done = ops.while_loop(lambda i, done: not done, lambda i, done: (i + 1, True), (0, False))
    assert (count.dtype, done.dtype) == ("int32", "bool")
    same(ops.fori_loop(0, 3, lambda i, x: 2.0, 0.0), 2.0)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: ops.cond(ops.sum(x) > 0, lambda: ops.ones(3), lambda: ops.zeros(3)), (3,)),
        (lambda x: ops.switch(ops.cast(ops.sum(x), "int32"), [ops.exp, ops.negative], x), (None, 4)),
        (lambda x: ops.while_loop(lambda a: ops.max(a) < 9, lambda a: a * 2, x), (None, 4)),
        (lambda x: ops.map(ops.sum, x), (None,)),
        (lambda x: ops.vectorized_map(lambda row: row[:2], x), (None, 2)),
        (lambda x: ops.scan(lambda c, row: (c + row, c), ops.zeros(4), x)[1], (None, 4)),
        (lambda x: ops.associative_scan(ops.add, x), (None, 4)),
    ],
)
def test_control_flow_in_a_graph(call: Any, shape: tuple[int | None, ...]) -> None:
    x = minikeras.Input((4,))
    y = call(x)
    assert y.shape == shape
    data = np.arange(1, 13, dtype="float32").reshape(3, 4)
    np.testing.assert_array_equal(minikeras.Model(x, y)(data), call(ops.array(data)))


def test_creation_by_hand() -> None:
    same(ops.zeros((2, 1)), [[0], [0]], "float32")
    same(ops.full((2,), 7, "int32"), [7, 7], "int32")
    same(ops.arange(1, 2, 0.5), [1, 1.5], "float32")
    same(ops.arange(ops.shape(X)[1]), [0, 1, 2], "int32")
    same(ops.linspace(0, 1, 3), [0, 0.5, 1], "float32")
    same(ops.linspace(np.float16(-60000), np.float16(60000), 3), [-60000, 0, 60000], "float16")
    double = Tensor(np.array([1.0]))
    same(ops.geomspace(double, 4.0 * double, 3), [[1], [2], [4]], "float64")
    same(ops.geomspace(1, 4, 3), [1, 2, 4], "float32")
    same(ops.eye(2, 3, k=1), [[0, 1, 0], [0, 0, 1]])
    same(ops.ones_like([1, 2]), [1, 1], "int32")
    same(ops.full_like(X, 2)[0], [2, 2, 2], "float32")
    assert ops.empty((2, 3), "int32").shape == (2, 3)
    assert ops.empty_like(X).shape == (2, 3)


# Dtypes.


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("int32", "float32", "float32"),
        ("bool", "float16", "float16"),
        ("float16", "float32", "float32"),
        ("bool", "int32", "int32"),
        ("uint8", "int8", "int16"),
        ("bool", "bool", "bool"),
        ("float32", 2, "float32"),
        ("float16", 1.5, "float16"),
        ("int32", 1.5, "float32"),
        ("bool", 1, "int32"),
        ("uint8", 1, "uint8"),
        ("int32", True, "int32"),
        ("bool", 1.5, "float32"),
        ("float64", "float32", "float64"),
        ("int64", "float32", "float32"),
    ],
)
def test_types_meet_as_in_keras(left: str, right: Any, expected: str) -> None:
    a = ops.ones((2,), left)
    b = ops.ones((2,), right) if isinstance(right, str) else right
    assert ops.add(a, b).dtype == ops.multiply(b, a).dtype == ops.maximum(a, b).dtype == expected
    assert ops.where([True, False], a, b).dtype == expected
    if isinstance(right, str):
        assert ops.concatenate([a, b]).dtype == ops.matmul(a, b).dtype == expected


def test_python_values_have_default_types() -> None:
    assert ops.convert_to_tensor(1).dtype == ops.convert_to_tensor([1, 2]).dtype == "int32"
    assert ops.convert_to_tensor(1.0).dtype == ops.convert_to_tensor([[1, 2.5]]).dtype == "float32"
    assert ops.convert_to_tensor([True]).dtype == "bool"
    assert ops.convert_to_tensor(2**40).dtype == "int64"
    assert ops.add(1, 2).dtype == "int32"
    assert ops.add(1, 2.0).dtype == ops.divide(1, 2).dtype == ops.sin(1).dtype == "float32"
    assert ops.sum([True, True]).dtype == "int32"
    assert ops.mean([1, 2]).dtype == ops.exp([1]).dtype == ops.var([1, 2]).dtype == "float32"
    assert ops.square([True]).dtype == "int32"
    assert ops.dtype([1.5]) == "float32"


def test_float64_is_used_only_on_purpose() -> None:
    wide = np.array([0.1, 0.2])
    assert ops.sin(wide).dtype == ops.convert_to_tensor(wide).dtype == "float32"
    assert (X[0, :2] + wide).dtype == (wide * X[0, :2]).dtype == (X * np.sqrt(2.0)).dtype == "float32"
    kept = ops.convert_to_tensor(wide, "float64")
    assert (kept * wide).dtype == "float64"
    same(kept * wide, wide * wide)
    np.testing.assert_array_equal(kept * wide, wide * wide)
    set_floatx("float64")
    assert ops.sin(wide).dtype == ops.add([1.0], 2).dtype == ops.mean([1, 2]).dtype == "float64"


def test_arrays_count_alike_wherever_they_come_from(tmp_path: Path) -> None:
    wide = np.array([[0.1, 0.2]])
    file = np.memmap(tmp_path / "x", "float64", "w+", shape=wide.shape)
    file[:] = wide
    for x in (pickle.loads(pickle.dumps(wide)), file, wide.astype(">f8"), wide.view(np.recarray)):
        same(ops.square(x), wide**2, "float32")
        same(ops.convert_to_tensor(x), wide, "float32")
    assert ops.square(wide.astype(">f4")).numpy().dtype.isnative


def test_values_that_a_masked_array_hides_are_not_computed_with() -> None:
    hidden, whole = (np.ma.MaskedArray([[1.0, 1e20]], [[False, mask]]) for mask in (True, False))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for use in (ops.sum, keras.Variable, model, model.predict, lambda x: model.fit(x, np.ones(1))):
        with pytest.raises(ValueError, match=r"pass its filled\(\)"):
            use(hidden)
    with pytest.raises(ValueError, match=r"pass its filled\(\)"):
        ops.sum([hidden])
    with pytest.raises(ValueError, match=r"pass its filled\(\)"):
        ops.sum([np.ones(2), hidden[0]])
    with pytest.raises(ValueError, match=r"pass its filled\(\)"):
        keras.layers.IntegerLookup(vocabulary=[1, 2])([hidden[0]])
    with pytest.raises(ValueError, match=r"pass its filled\(\)"):
        keras.layers.Discretization(num_bins=2).adapt(hidden)
    same(ops.sum(whole[:, :1]), 1.0)


def test_results_do_not_follow_later_changes_of_the_data() -> None:
    data = np.ones(2, "float32")
    tensor = ops.convert_to_tensor(data)
    ops.convert_to_numpy(tensor)[0] = 5
    data[0] = 7
    same(tensor, [1, 1])
    updated = ops.scatter_update(data, [[0]], [0.0])
    assert data[0] == 7
    same(updated, [0, 1])


class Holder:
    """Gives NumPy the array that it holds, as tensors of other libraries and data frames do."""

    def __init__(self, data: np.ndarray[Any, Any]) -> None:
        self.data = data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.data


@pytest.mark.parametrize("wrap", [Holder, memoryview, np.ma.asarray, lambda x: x.view(type("Own", (np.ndarray,), {}))])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_results_do_not_follow_later_changes_of_what_is_no_plain_array(wrap: Any, dtype: Any) -> None:
    data = np.ones((2, 4), dtype)
    x = wrap(data)
    results = [ops.convert_to_tensor(x), ops.convert_to_tensor(x, dtype), ops.array(x)]
    results += [layer(x) for layer in (keras.layers.Identity(), keras.layers.Dropout(0.5), keras.layers.Reshape((4,)))]
    data[:] = 7
    for result in results:
        assert result.dtype == dtype
        same(result, np.ones((2, 4)))


VIEWS: dict[str, Any] = {
    "flip": ops.flip, "rot90": ops.rot90, "real": ops.real, "stop_gradient": ops.stop_gradient, "squeeze": ops.squeeze,
    "transpose": ops.transpose, "ravel": ops.ravel, "reshape": lambda x: ops.reshape(x, (4, 2)),
    "slice": lambda x: ops.slice(x, (0, 0), (1, 2)), "get_item": lambda x: ops.get_item(x, 0),
    "split": lambda x: ops.split(x, 2)[1], "array_split": lambda x: ops.array_split(x, 2)[0],
    "hsplit": lambda x: ops.hsplit(x, 1)[0], "unstack": lambda x: ops.unstack(x)[0],
    "meshgrid": lambda x: ops.meshgrid(x)[0], "broadcast_to": lambda x: ops.broadcast_to(x, (3, 2, 4)),
}  # fmt: skip


@pytest.mark.parametrize("wrap", [np.asarray, Holder], ids=["array", "holder"])
@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", VIEWS)
def test_parts_of_an_array_do_not_follow_its_later_changes(name: str, recorded: bool, wrap: Any) -> None:
    data = np.ones((2, 4), "float32")
    with keras.GradientTape() if recorded else nullcontext():
        part = VIEWS[name](wrap(data))
    data[:] = 7
    assert np.all(part.numpy() == 1)


@pytest.mark.parametrize("name", VIEWS)
def test_parts_of_a_tensor_are_not_copied(name: str) -> None:
    x = ops.ones((2, 4))
    assert np.shares_memory(VIEWS[name](x).array, x.array)


def test_results_do_not_follow_later_changes_of_a_file(tmp_path: Path) -> None:
    np.ones(4, "float32").tofile(tmp_path / "data")
    mapped = np.memmap(tmp_path / "data", "float32", "r+")
    results = [ops.convert_to_tensor(mapped), keras.layers.Identity()(mapped)]
    mapped[:] = 7
    for result in results:
        same(result, np.ones(4))


def test_zero_dimensional_results_are_tensors() -> None:
    for y in (
        ops.sum(X),
        X[0, 0],
        ops.sin(1.0),
        ops.matmul([1.0], [2.0]),
        ops.max(X),
        ops.norm(X),
        ops.det(np.eye(2)),
    ):
        assert isinstance(y, Tensor)
        assert y.shape == ()
        assert type(y.array) is np.ndarray
        assert isinstance(float(y), float)


# Tensors in NumPy functions and operators.


def test_tensors_are_formatted_as_their_numbers() -> None:
    loss, row = ops.convert_to_tensor(0.5), ops.convert_to_tensor([1.0, 2.0])
    assert f"{loss} {loss:.2f} {row} {row[:1]:.1f}" == "0.5 0.50 [1. 2.] 1.0"
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{row:.2f}"


def test_numpy_functions_run_the_op_of_their_name() -> None:
    same(np.sin(X), np.sin(X.numpy()))
    same(np.sum(X, axis=0), [5, 3, -3])
    same(np.sum(X, 0), [5, 3, -3])
    same(np.mean(X, axis=1, keepdims=True), [[2 / 3], [1]])
    same(np.max(X), 5)
    same(np.amax(X, 0), [4, 5, 3])
    same(np.clip(X, 0, 1), [[1, 0, 1], [1, 1, 0]])
    same(np.clip(X, a_min=0, a_max=None), [[1, 0, 3], [4, 5, 0]])
    same(np.reshape(X, (3, 2)), X.numpy().reshape(3, 2))
    same(np.concatenate([X, X], axis=1), np.hstack([X.numpy()] * 2))
    same(np.stack([X, X]), [X.numpy()] * 2)
    same(np.where(X > 0, X, 0), np.maximum(X.numpy(), 0))
    same(np.linalg.norm(X, axis=1), np.linalg.norm(X.numpy(), axis=1))
    same(np.linalg.inv(X[:, :2]), np.linalg.inv(X.numpy()[:, :2]))
    same(np.einsum("ij->j", X), [5, 3, -3])
    same(np.expand_dims(X, 0), X.numpy()[None])
    same(np.dot(X, X.T), X.numpy() @ X.numpy().T)
    same(np.abs(X), np.abs(X.numpy()))
    same(np.mod(X, 2), X.numpy() % 2)
    same(np.pad(X, 1, mode="constant", constant_values=2)[0], [2] * 5)
    same(np.invert(X > 0), X.numpy() <= 0)
    same(np.argmax(X, 1), [2, 1])
    assert np.shape(X) == (2, 3)
    assert (np.ndim(X), np.size(X)) == (2, 6)


def test_the_size_of_a_batch_of_any_size_is_symbolic() -> None:
    x = keras.Input((3,))
    assert ops.size(keras.KerasTensor((2, 3))) == 6
    size: Any = ops.size(x)
    assert (size.shape, size.dtype) == ((), "int32")
    model = keras.Model(x, [x / ops.cast(size, "float32"), np.size(x)])
    for each in (model, keras.Model.from_config(model.get_config())):
        shares, found = each(np.ones((4, 3)))
        same(found, 12, "int32")
        same(shares, np.full((4, 3), 1 / 12))
    batches = keras.Model(x, x / ops.cast(size, "float32")).predict(np.ones((4, 3)), batch_size=2, verbose=0)
    np.testing.assert_allclose(batches, np.full((4, 3), 1 / 6), rtol=1e-6)


def test_numpy_makes_arrays_of_tensors() -> None:
    for found in (np.array(X), np.asarray(X)):
        assert isinstance(found, np.ndarray)
    assert np.array_equal(X, X.numpy())
    assert np.linalg.trace(X[None, :, :2]).shape == (1,)  # over the last axes, unlike np.trace
    target = np.zeros((2, 3), "float32")
    target += X
    np.testing.assert_array_equal(target, X.numpy())


def test_operators() -> None:
    a, b = X.numpy(), np.array([1.0, 2.0, 4.0], "float32")
    pairs = [
        (X + b, a + b),
        (1 - X, 1 - a),
        (b * X, b * a),
        (X / b, a / b),
        (2 / X, 2 / a),
        (X // b, a // b),
        (7 // X, 7 // a),
        (X % b, a % b),
        (X**2, a**2),
        (2**X, 2**a),
        (X @ b, a @ b),
        (a.T @ X, a.T @ a),
        (-X, -a),
        (+X, a),
        (abs(X), np.abs(a)),
        (b == X, a == b),
        (b != X, a != b),
        (b > X, a < b),
        (b >= X, a <= b),
        (b < X, a > b),
        (b <= X, a >= b),
        (round(X / 3, 1), np.round(a / 3, 1)),
    ]
    for ours, theirs in pairs:
        same(ours, theirs)
    i, j = ops.convert_to_tensor([6, 1]), np.array([3, 1], "int32")
    for ours, theirs in [
        (i & j, [2, 1]),
        (i | j, [7, 1]),
        (i ^ j, [5, 0]),
        (i << j, [48, 2]),
        (i >> j, [0, 0]),
        (~i, [-7, -2]),
    ]:
        same(ours, theirs, "int32")
    p = ops.convert_to_tensor([True, False])
    for ours, theirs in [
        (p & True, [True, False]),
        (p | True, [True, True]),
        (p ^ True, [False, True]),
        (~p, [False, True]),
    ]:
        same(ours, theirs, "bool")


def test_indexing() -> None:
    a = X.numpy()
    rows = ops.convert_to_tensor([1, 0])
    for key in (
        0,
        -1,
        (0, 1),
        slice(None, None, -1),
        (..., 0),
        (None, 0),
        [1, 1],
        a > 0,
        (slice(None), [0, 2]),
    ):
        same(X[key], a[key])
    same(X[rows], a[[1, 0]])
    same(X[X > 0], a[a > 0])
    same(X[rows, rows], a[[1, 0], [1, 0]])
    assert [row.tolist() for row in X] == a.tolist()
    with pytest.raises(IndexError):
        X[5]


# Errors.


def test_errors_name_what_was_received() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 3\)"):
        ops.matmul(X, X)
    with pytest.raises(ValueError, match=r"\(\).*\(2, 3\)"):
        ops.matmul(1.0, X)
    with pytest.raises(ValueError, match=r"axis=0.*\(2, 3\), \(1, 2\)"):
        ops.concatenate([X, [[1.0, 2.0]]])
    with pytest.raises(ValueError, match=r"one shape.*\(2, 3\), \(2,\)"):
        ops.stack([X, [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(4, 2\)"):
        ops.reshape(X, (4, 2))
    with pytest.raises(ValueError, match=r"\(2,3\) \(2,\)"):
        ops.add(X, [1.0, 2.0])
    with pytest.raises(IndexError, match="from 0 to 5 are out of bounds for size 2"):
        ops.take(X, [0, 5], axis=0)
    with pytest.raises(ValueError, match="size 3 into 2 equal parts"):
        ops.split(X, 2, axis=1)
    with pytest.raises(ValueError, match="different lengths"):
        ops.convert_to_tensor([[1, 2], [3]])
    with pytest.raises(ValueError, match="tensor of None"):
        ops.convert_to_tensor(None)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"tensor of \[None, 1\] \(of type list\)"):
        ops.relu([None, 1])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="'pear'"):
        ops.convert_to_tensor(["pear"], "float32")
    with pytest.raises(ValueError, match="sparse=True"):
        ops.convert_to_tensor(X, sparse=True)
    with pytest.raises(ValueError, match="constant_values"):
        ops.pad(X, 1, mode="reflect", constant_values=1.0)
    with pytest.raises(ValueError, match="mode='mirror'"):
        ops.pad(X, 1, mode="mirror")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"square.*\(2, 3\)"):
        ops.inv(X)
    with pytest.raises(TypeError, match="as an integer"):
        ops.eye(2.0)  # type: ignore[arg-type]  # to see the error
    with pytest.raises(ValueError, match="axis 1 is out of bounds"):
        ops.norm(X[0], ord=1, axis=1)
    with pytest.raises(ValueError, match="'ij'"):
        ops.einsum("ij->i", X[0])
    with pytest.raises(ValueError, match="Received: 1"):
        ops.einsum("i,i", X[0])
    with pytest.raises(TypeError, match="'ij,jk->ik'"):
        ops.einsum(X, [0, 1], [0])  # type: ignore[call-overload]  # NumPy's form
    with pytest.raises(ValueError, match="'median'"):
        ops.scatter_update(X, [[0, 0]], [1.0], reduction="median")
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x2'"):
        ops.add(X)  # type: ignore[call-overload]  # to see the error
    with pytest.raises(ValueError, match="scan needs `xs` or `length`"):
        ops.scan(lambda c, x: (c, x), 0.0)
    with pytest.raises(ValueError, match="same size along axis"):
        ops.scan(lambda c, x: (c, x[0]), 0.0, (X, X[0]))
    with pytest.raises(ValueError, match="same size along axis"):
        ops.associative_scan(lambda a, b: b, [X, X[0]])


@pytest.mark.parametrize("cut", [lambda x: ops.split(x, 2, 2), lambda x: ops.array_split(x, 2, -3),
                                 lambda x: ops.unstack(x, axis=2)])  # fmt: skip
def test_an_axis_that_is_not_there_is_named(cut: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=r"axis -?\d is out of bounds for array of dimension 2"):
        cut(np.ones((2, 4)))


# Symbolic tensors.


@pytest.mark.parametrize(
    ("call", "shape", "dtype"),
    [
        (lambda x: x + 1, (None, 4), "float32"),
        (lambda x: ops.sin(x) * x, (None, 4), "float32"),
        (lambda x: x[:, 0], (None,), "float32"),
        (lambda x: x[0], (4,), "float32"),
        (lambda x: x @ np.ones((4, 2), "float32"), (None, 2), "float32"),
        (lambda x: ops.reshape(x, (-1, 2, 2)), (None, 2, 2), "float32"),
        (lambda x: ops.reshape(x, (-1, 2)), (None, 2), "float32"),
        (lambda x: ops.concatenate([x, x]), (None, 4), "float32"),
        (lambda x: ops.concatenate([x, x], axis=-1), (None, 8), "float32"),
        (lambda x: ops.stack([x, x], axis=1), (None, 2, 4), "float32"),
        (lambda x: ops.sum(x, axis=1), (None,), "float32"),
        (lambda x: ops.sum(x, axis=0), (4,), "float32"),
        (lambda x: ops.mean(x), (), "float32"),
        (lambda x: ops.argmax(x, axis=-1), (None,), "int32"),
        (lambda x: ops.cast(x > 0, "int32"), (None, 4), "int32"),
        (lambda x: ops.expand_dims(x, 1), (None, 1, 4), "float32"),
        (lambda x: ops.transpose(x), (4, None), "float32"),
        (lambda x: ops.where(x > 0, x, 0.0), (None, 4), "float32"),
        (lambda x: ops.zeros_like(x), (None, 4), "float32"),
        (lambda x: ops.convert_to_tensor(x), (None, 4), "float32"),
        (lambda x: ops.einsum("bi,bj->bij", x, x), (None, 4, 4), "float32"),
        (lambda x: ops.inv(ops.einsum("bi,bj->bij", x, x)), (None, 4, 4), "float32"),
        (lambda x: ops.norm(x, axis=1, keepdims=True), (None, 1), "float32"),
        (lambda x: ops.log(x), (None, 4), "float32"),
        (lambda x: ops.divide(1.0, x), (None, 4), "float32"),
        (lambda x: ops.geomspace(x, 8 * x, 5, axis=1), (None, 5, 4), "float32"),
        (lambda x: ops.pad(x, ((0, 0), (1, 1))), (None, 6), "float32"),
        (lambda x: ops.repeat(x, 2, axis=1), (None, 8), "float32"),
        (lambda x: np.maximum(x, 0), (None, 4), "float32"),
        (lambda x: np.concatenate([x, x], axis=1), (None, 8), "float32"),
    ],
)
def test_shapes_are_inferred(call: Any, shape: tuple[int | None, ...], dtype: str) -> None:
    y = call(KerasTensor((None, 4), "float32"))
    assert isinstance(y, KerasTensor)
    assert (y.shape, y.dtype) == (shape, dtype)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: ops.conv(x, np.ones((7, 7, 3, 4), "float32")), (None, None, None, 4)),
        (lambda x: ops.max_pool(x, 3, 3, "same"), (None, None, None, 3)),
        (lambda x: ops.average_pool(x, 5, 1, "valid"), (None, None, None, 3)),
        (lambda x: ops.space_to_depth(x, 2), (None, None, None, 12)),
        (lambda x: x[:, 5], (None, None, 3)),
        (lambda x: x[:, :10, ::7], (None, None, None, 3)),
        (lambda x: ops.take(ops.arange(9), ops.arange(ops.shape(ops.sum(x, (2, 3)))[1])), (None,)),  # only 9 places
    ],
)
def test_shapes_of_unknown_sizes_are_inferred(call: Any, shape: tuple[int | None, ...]) -> None:
    assert minikeras.layers.Lambda(call)(KerasTensor((None, None, None, 3))).shape == shape


def test_an_unknown_size_takes_that_of_the_other_operand() -> None:
    x, y = KerasTensor((2, None)), KerasTensor((None, 3))
    assert [(x + y).shape, (x > y).shape, ops.arctan2(x, y).shape] == [(2, 3)] * 3
    assert (KerasTensor((None, None, 8)) * KerasTensor((None, 5, 8))).shape == (None, 5, 8)
    scaled = x * np.ones((4, 1, 3))
    assert (scaled.shape, scaled.dtype) == ((4, 2, 3), "float32")
    assert ops.add(y, [1, 2, 3]).shape == (None, 3)


def test_logic_of_variables_and_symbolic_tensors_is_logic() -> None:
    a, b = minikeras.Variable([1, 2, 0]), minikeras.Variable([4.0, 0.0, 0.0])
    same(a & b, [True, False, False], "bool")
    same(a | b, [True, True, False], "bool")
    same(3 ^ a, [False, False, True], "bool")
    x = minikeras.Input((2,))
    model = minikeras.Model(x, (x & (x > 1)) | (x < 0))
    same(model([[1.0, 2.0], [-1.0, 0.0]]), [[False, True], [True, False]], "bool")
    same(ops.array([6, 5]) & ops.array([3, 4]), [2, 4], "int32")  # but of tensors the bits


def test_structures_are_inferred() -> None:
    x = KerasTensor((None, 4), "float32")
    assert ops.shape(x) == (None, 4)
    assert ops.ndim(x) == 2
    assert ops.dtype(x) == "float32"
    assert ops.is_tensor(x)
    assert [ops.shape(p) for p in ops.split(x, 2, axis=1)] == [(None, 2), (None, 2)]
    assert [ops.shape(p) for p in ops.split(x, 2)] == [(None, 4), (None, 4)]
    assert [ops.shape(p) for p in ops.unstack(x, axis=1)] == [(None,)] * 4
    assert [ops.shape(p) for p in ops.unstack(x, num=3)] == [(4,)] * 3
    values, indices = ops.top_k(x, 2)
    assert (ops.shape(values), indices.dtype) == ((None, 2), "int32")


# Buffers, for programs: an op with `out` writes there what it would return, even over its first input.

WRITING = [n for n in ops.__all__ if getattr(getattr(getattr(ops, n), "op", None), "writes", False)]
ARGUMENTS = {"matmul": ([[1.0, 2.0], [3.0, 4.0]], [[0.5, 1.0], [2.0, 0.1]])}


@pytest.mark.parametrize("name", WRITING)
def test_out_is_written_to(name: str) -> None:
    op = getattr(ops, name).op
    values = ARGUMENTS.get(name, ([[0.3, 0.9], [0.6, 0.2]], [[0.7, 0.1], [0.5, 0.4]]))
    arrays = [np.array(v, "float32") for v in values][: op.count]
    expected = getattr(ops, name)(*arrays).numpy()
    result = np.empty_like(expected)
    assert op.forward(*arrays, out=result) is result
    np.testing.assert_array_equal(result, expected)
    if op.inplace:
        op.forward(*arrays, out=arrays[0])
        np.testing.assert_array_equal(arrays[0], expected)


def test_types() -> None:
    assert_type(ops.sin(1.0), Tensor)
    assert_type(ops.add(1.0, [2.0]), Tensor)
    assert_type(ops.sum(X, axis=0), Tensor)
    assert_type(ops.split(X, 2), list[Tensor])
    assert_type(X + 1, Tensor)


if TYPE_CHECKING:
    ops.sin("a", "b")  # type: ignore[call-overload]
    ops.sum(X, axis="first")  # type: ignore[arg-type]


def test_a_vectorized_function_runs_on_single_elements() -> None:
    larger = ops.vectorize(lambda a, b: a if a > b else b)
    assert larger([[1], [5]], [3, 4]).numpy().tolist() == [[3, 4], [5, 5]]
    rows = ops.vectorize(lambda r: r.sum(), signature="(n)->()")
    assert rows(np.ones((2, 3))).numpy().tolist() == [3, 3]


def test_jvp_returns_auxiliary_values_and_zeros() -> None:
    value, change, aux = ops.jvp(lambda x: (x * x, "aux"), (3.0,), (2.0,), has_aux=True)
    assert (float(value), float(change), aux) == (9, 12, "aux")
    value, change = ops.jvp(lambda x: ops.ones((2,)), (3.0,), (2.0,))
    assert change.numpy().tolist() == [0, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.rearrange(np.ones((2, 3)), "a b c -> c b a"),
        lambda: ops.rearrange(np.ones((2, 6)), "a (b c) -> a b c"),
        lambda: ops.correlate([1.0], [1.0], "other"),  # type: ignore[call-overload]
        lambda: ops.fft((np.ones(2, "float32"), np.ones(3, "float32"))),
        lambda: ops.fft((np.ones(2, "int32"), np.ones(2, "int32"))),
        lambda: ops.stft(np.ones(9, "float32"), 4, 2, 3),
        lambda: ops.stft(np.ones(9, "float32"), 4, 2, 4, "square"),
        lambda: ops.stft(np.ones(9, "float32"), 4, 2, 4, np.ones(3)),
        lambda: ops.stft(np.ones(9, "float32"), 4, 0, 4),
        lambda: ops.where([True], 1.0, None),  # type: ignore[call-overload]  # to see the error
        lambda: ops.reshape(X, (-2, 3)),
        lambda: ops.istft((np.ones((2, 3), "float32"), np.ones((2, 3), "float32")), 4, 0, 4),
        lambda: ops.segment_sum(X, [0]),
        lambda: ops.meshgrid([1], [2], indexing="yx"),
        lambda: ops.depth_to_space(np.ones((1, 1, 1, 4)), 0),
        lambda: ops.cdist([1.0], [2.0]),
        lambda: ops.psnr([1.0], [1.0, 2.0], 1.0),
        lambda: ops.view_as_complex(np.ones(3)),
        lambda: ops.matrix_rank([1.0]),
        lambda: ops.quantile([1.0], 1.5),
        lambda: ops.median([1j, 2.0]),
        lambda: ops.percentile([1.0], [50.0, np.nan]),
        lambda: ops.quantile([1.0], 0.5, method="hazen"),
        lambda: ops.split(np.arange(6), [3, 1]),
        lambda: ops.split(np.arange(6), [2, 9]),
        lambda: ops.split(np.arange(6), [-1]),
        lambda: ops.conv(X, X),
        lambda: ops.conv(np.ones((1, 4, 4, 4)), np.ones((2, 2, 3, 4))),
        lambda: ops.conv(np.ones((1, 4, 4, 4)), np.ones((2, 2, 2, 3))),
        lambda: ops.depthwise_conv(np.ones((1, 4, 4, 4)), np.ones((2, 2, 3, 1))),
        lambda: ops.max_pool(X, 2),
        lambda: ops.cross(np.ones(4), np.ones(4)),
        lambda: ops.norm(X, ord="fro", axis=0),
        lambda: ops.average(X, axis=0, weights=np.ones(5)),
        lambda: ops.bincount([1], sparse=True),
        lambda: ops.searchsorted(X, X),
        lambda: ops.rot90(np.ones(3)),
        lambda: ops.slice(X, [0], [1, 1]),
        lambda: ops.diag(np.ones((2, 2, 2))),
        lambda: ops.ctc_decode(np.ones((1, 2, 3)), [2], strategy="other"),
        lambda: ops.dot_product_attention(*[np.ones((1, 2, 1, 3))] * 3, attn_logits_soft_cap=1.0),  # type: ignore[call-overload]
        lambda: ops.diff(X, n=-1),
        lambda: ops.diff(X, axis=2),
        lambda: ops.scan(lambda c, x: (c, x), 0.0, X, unroll=-1),
        lambda: ops.scan(lambda c, x: (c, x), 0.0, X, unroll=1.5),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"Received|needs|must match|cannot apply|Cannot reshape|Supported|supported"):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.ldexp(X, X),
        lambda: ops.stft(np.ones(16, "int32"), 4, 2, 4),
        lambda: ops.scan(3, 0.0, X),  # type: ignore[arg-type]
    ],
)
def test_arguments_of_a_wrong_type_are_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"Received"):
        call()


@pytest.mark.parametrize("call", [lambda: ops.take(X, 0, axis=5), lambda: ops.concatenate([X, X], axis=5)])
def test_an_axis_out_of_range_is_named(call: Callable[[], Any]) -> None:
    with pytest.raises(np.exceptions.AxisError, match="axis 5 is out of bounds"):
        call()


def test_a_transform_without_a_window_comes_back_scaled() -> None:
    signal = np.arange(16, dtype="float32")
    found = ops.istft(ops.stft(signal, 4, 2, 4, window=None), 4, 2, 4, window=None)
    same(found, 2 * signal)  # as in Keras, which does not divide the sum of the frames by how many there are


WINDOW = np.array([2, 0, 1, 1])
TRAINED: dict[str, Callable[[Tensor], Tensor]] = {
    "median": lambda d: ops.median(ops.square(d), 0),
    "quantiles": lambda d: ops.quantile(ops.abs(d), [0.2, 0.7], 1) + ops.percentile(d, 30, method="nearest"),
    "without NaN": lambda d: ops.nanmedian(ops.where(d > 1, np.nan, d * d)),
    "sort": lambda d: ops.sort(d * d) * np.arange(4),
    "svd": lambda d: ops.square(ops.svd(d, full_matrices=False)[0]) * d,
    "singular values": lambda d: ops.svd(d, compute_uv=False) + ops.norm(d, 2) + ops.norm(d, "nuc"),
    "qr": lambda d: ops.norm(ops.qr(d)[1], axis=0),
    "eigh": lambda d: ops.eigh(ops.transpose(d) @ d)[0],
    "lu": lambda d: ops.square(ops.lu_factor(d[:4])[0]) / 9,
    "bincount": lambda d: ops.square(ops.bincount(WINDOW, ops.mean(d, 0))),
    "extremes": lambda d: ops.square(ops.scatter_update(d, [[0], [0], [1]], d[2:5], "max")),
    "limits": lambda d: ops.square(ops.clip(d, -ops.std(d), ops.std(d)) - d),
    "lines": lambda d: ops.square(ops.linspace(ops.min(d, 1), ops.max(d, 1), 4) + ops.full((4, 1), ops.mean(d))),
    "labels": lambda d: -ops.ctc_decode(d[None], [8], "beam_search", 5)[1],
}


@pytest.mark.parametrize("name", TRAINED)
def test_losses_of_such_ops_train_by_plan_as_eagerly(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 6)), rng.normal(size=(24, 4))
    runs = []
    for eagerly in (False, True):
        calls: list[int] = []

        def loss(true: Tensor, predicted: Tensor, calls: list[int] = calls) -> Tensor:
            calls.append(1)
            return ops.mean(TRAINED[name](true - predicted)) * ops.ones(8)

        minikeras.utils.set_random_seed(1)
        model = minikeras.Sequential([minikeras.layers.Dense(5, activation="tanh"), minikeras.layers.Dense(4)])
        model.compile(minikeras.optimizers.SGD(0.02), loss, run_eagerly=eagerly)
        history = model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"]
        runs.append((history, [w.numpy().tolist() for w in model.weights], len(calls)))
    (history, weights, calls_by_plan), (eager_history, eager_weights, eager_calls) = runs
    assert history == eager_history
    assert weights == eager_weights
    assert history[-1] < history[0]
    assert calls_by_plan == 2 or name == "labels"  # which are looked at
    assert eager_calls == 12


NOTHING: Any = None


@pytest.mark.parametrize("call", [
    lambda: X + NOTHING, lambda: ops.exp(NOTHING), lambda: ops.maximum(X, NOTHING), lambda: ops.matmul(NOTHING, X),
    lambda: ops.logical_and(X, NOTHING), lambda: KerasTensor((2,)) + NOTHING,
    lambda: minikeras.Variable([1.0]) * NOTHING, lambda: ops.full((2,), NOTHING), lambda: ops.norm(NOTHING),
    lambda: ops.where(NOTHING, X, X), lambda: ops.concatenate([X, NOTHING]),
])  # fmt: skip
def test_none_is_no_number(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"takes tensors or numbers\. Received: None"):
        call()


def gradient(function: Callable[..., Any], *arrays: Any) -> list[Any]:
    """Return the gradients of the sum of a function's result."""
    tensors = [ops.convert_to_tensor(x) for x in arrays]
    with minikeras.GradientTape() as tape:
        tape.watch(tensors)
        y = function(*tensors)
    return [g.numpy().tolist() for g in tape.gradient(y, tensors) if g is not None]


@pytest.mark.parametrize(
    ("values", "slopes"),
    [([2.0, 0.0, 3.0], [0, 6, 0]), ([2.0, 0.0, 0.0], [0, 0, 0]), ([1.0, 2.0, 3.0], [6, 3, 2])],
)
def test_products_of_segments_have_slopes_at_zero(values: list[float], slopes: list[float]) -> None:
    assert gradient(lambda x: ops.segment_prod(x, np.zeros(3, int), num_segments=1), values) == [slopes]
    start, places = np.full(1, 2.0, "float32"), np.zeros((3, 1), int)
    before, found = gradient(lambda y, x: ops.scatter_update(y, places, x, reduction="mul"), start, values)
    assert found == [2 * slope for slope in slopes]
    assert before == [np.prod(values)]


@pytest.mark.parametrize(
    "shape", [(1, 1), (5, 1), (3, 7), (4, 24), (4, 25), (2, 3, 60), (2, 1, 3, 100), (0, 40), (3, 0, 5)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_the_largest_of_each_row_is_that_of_numpy(shape: tuple[int, ...], dtype: str) -> None:
    a = (np.random.default_rng(0).standard_normal(shape) * 100).astype(dtype)
    if dtype != "int32":
        a.flat[::9] = np.nan
        a.flat[4::11] = np.inf
    for array in (a, np.asfortranarray(a), a[::-1], a[..., ::-1]):
        x = ops.convert_to_tensor(array, dtype)
        for keepdims in (False, True):
            for axis in (-1, a.ndim - 1):
                largest = ops.max(x, axis, keepdims=keepdims)
                np.testing.assert_array_equal(largest, np.max(array, axis, keepdims=keepdims))
                assert largest.dtype == dtype


def test_the_gradient_of_fmax_goes_to_the_operand_that_is_not_nan() -> None:
    a, b = [1.0, np.nan, 2.0, 3.0], [np.nan, 2.0, 2.0, 5.0]
    assert gradient(ops.fmax, a, b) == [[1, 0, 0, 0], [0, 1, 1, 1]]  # of equal ones the second has it
    assert gradient(ops.fmin, a, b) == [[1, 0, 0, 1], [0, 1, 1, 0]]
    assert gradient(ops.hypot, [0.0, 3.0], [0.0, 4.0])[0] == pytest.approx([0.5, 0.6])


def test_a_vectorized_function_loses_no_gradient_in_silence() -> None:
    double = ops.vectorize(lambda x: 2 * x)
    assert double([1, 2]).numpy().tolist() == [2, 4]
    with pytest.raises(TypeError, match="vectorize has no gradient"):
        gradient(double, [1.0, 2.0])


def test_integers_have_reciprocals() -> None:
    same(ops.reciprocal([2, 4]), [0.5, 0.25], "float32")


def test_a_matrix_of_ones_has_the_dtype_that_is_asked_for() -> None:
    assert minikeras.initializers.Identity(2.0)((2, 2), dtype="int32").dtype == "int32"


def test_sizes_that_depend_on_the_batch_stay_open() -> None:
    x = KerasTensor((None, 4))
    assert ops.scatter_update(x, np.array([[0, 1], [3, 3]]), np.ones(2, "float32")).shape == (None, 4)
    assert ops.argpartition(KerasTensor((None,)), 2).shape == (None,)
    assert ops.image.extract_patches(KerasTensor((None, 6, 3)), 3).shape == (None, 2, 27)
    assert ops.reshape(x, (8, 2, 2)).shape == (8, 2, 2)
    assert len(ops.unstack(KerasTensor((5, 3)))) == 5
    with pytest.raises(ValueError, match="How many tensors this gives depends on a size"):
        ops.unstack(x)


def test_symbolic_calls_of_ops_made_of_private_ones() -> None:
    assert ops.multi_hot(KerasTensor((None, 3), "int32"), 5).shape == (None, 5)
    assert ops.correlate(KerasTensor((5,)), np.ones(3, "float32")).shape == (3,)


def test_a_comparison_with_none_has_an_answer() -> None:
    nothing: Any = None
    same(ops.any(operator.eq(X, nothing)), False)
    same(ops.all(operator.ne(X, nothing)), True)
    assert (KerasTensor((2,)) != nothing).shape == (2,)


def test_a_vectorized_metric_is_computed_in_a_step() -> None:
    model = minikeras.Sequential([minikeras.Input((3,)), minikeras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[ops.vectorize(lambda a, b: a - b)])
    assert len(model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0).history) == 2


def test_pictures_of_common_sizes_pass() -> None:
    x = minikeras.Input((224, 224, 3))
    model = minikeras.Model(x, ops.image.extract_patches(x, 16))
    assert minikeras.models.model_from_json(model.to_json()).output_shape == (None, 14, 14, 768)


def test_the_edges_of_histograms_are_floats() -> None:
    for x, limits in (([0, 1, 4], (0, 4)), ([0.0, 1.0], (0.0, 1.0)), ([0, 4], None)):
        assert ops.histogram(x, 2, limits)[1].dtype == "float32"


@pytest.mark.parametrize(
    ("dtype", "found"), [("uint8", "uint8"), ("int16", "int16"), ("bool", "bool"), ("int8", "int32")]
)
def test_an_einsum_has_the_dtype_of_its_operands(dtype: str, found: str) -> None:
    x = np.ones((2, 3), dtype)
    for y in (ops.einsum("ij->j", x), ops.einsum("ij,j->j", x, x[0])):
        same(y, [dtype == "bool" or 2] * 3, found)


def test_products_of_int8_are_int32() -> None:
    a = np.full((3, 3), 100, "int8")
    symbol = minikeras.KerasTensor((3, 3), "int8")
    for product in (ops.matmul, lambda x, y: x @ ops.convert_to_tensor(y), lambda x, y: ops.einsum("ij,jk->ik", x, y)):
        y = product(ops.convert_to_tensor(a), a)
        assert y.dtype == product(symbol, symbol).dtype == "int32"
        assert y.numpy().max() == 30_000
    assert ops.einsum("ij,ij->i", a, a).tolist() == [30_000] * 3
    assert ops.matmul(a, a.astype("uint8")).dtype == "int16"


def test_small_integers_do_not_wrap_within_floating_results() -> None:
    x, weights = np.array([[200, 3, 250]], "uint8"), np.array([5, 200, 3], "uint8")
    assert ops.average(x, 1, weights).numpy() == pytest.approx([(1000 + 600 + 750) / 208])
    assert ops.average(np.array([1, 3], "int32"), weights=np.array([1, 1], "float16")).dtype == "float16"
    assert ops.trapezoid(x).tolist() == [228.0]  # 203 / 2 + 253 / 2
    assert ops.trapezoid(np.array([200.0, 3.0]), np.array([5, 2], "uint8")).item() == -3 * 203 / 2
    assert ops.cdist(np.array([[2, 5]], "uint8"), np.array([[5, 1]], "uint8")).tolist() == [[5.0]]
    assert ops.threshold(np.array([1, 4], "int32"), 2.5, 1.5).tolist() == [1.5, 4.0]
    p = ops.convert_to_tensor([[0.2, 0.3, 0.5]])
    with keras.GradientTape() as tape:
        tape.watch(p)
        y = ops.categorical_crossentropy(np.array([[1, 0, 0]], "uint8"), p)  # log of the sum of p, less that of p_0
    g = tape.gradient(y, p)
    assert g is not None
    np.testing.assert_allclose(g, [[-4.0, 1.0, 1.0]], rtol=1e-5)


def test_vdot_of_booleans_is_one() -> None:
    flags = np.array([[True, True], [False, True]])
    y = ops.vdot(flags, flags)
    assert (y.dtype, y.item()) == ("bool", True)


def test_view_of_what_is_not_contiguous() -> None:
    x = ops.transpose(ops.ones((2, 3)))
    assert ops.view(x, "int16").shape == (3, 4)
    assert ops.view(x, "int32").numpy().view("float32").tolist() == [[1.0] * 2] * 3
    assert ops.view(np.array([1, 2], "int32")).dtype == "int32"


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32"])
def test_where_chooses_among_many_numbers_to_the_last_bit(dtype: str) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(70, 80)).astype(dtype) for _ in range(2))
    if dtype != "int32":
        a.ravel()[:5] = b.ravel()[2:7] = np.nan, np.inf, -0.0, 0, -np.inf
    c = rng.random((70, 80)) < 0.5
    cases: list[tuple[Any, Any, Any]] = [(c, a, b), (c, a, 0.0), (c, -0.0, b), (c, 1.5, 0.25), (c[:1], a, b)]
    cases += [
        (c, a[:, :1], b),
        (c, a[::-1], np.asfortranarray(b)),
        (c.astype("int32"), a, b),
        (c[..., None], a[0], b[0]),
    ]
    for condition, x1, x2 in cases:
        found = ops.where(condition, *(ops.convert_to_tensor(x, dtype) if np.ndim(x) else x for x in (x1, x2))).numpy()
        want = np.where(condition, x1, x2).astype(found.dtype)
        assert found.shape == want.shape
        assert found.tobytes() == want.tobytes()


def test_logaddexp_keeps_infinities_and_digits_without_a_warning() -> None:
    inf, nan = np.inf, np.nan
    a, b = (
        np.array([inf, -inf, inf, -inf, nan, 1, 1000, -1000, 1e-9]),
        np.array([inf, -inf, -inf, 3, 1, nan, 1000, 1, 0]),
    )
    with warnings.catch_warnings(action="error"):
        for dtype in ("float64", "float32"):
            found = ops.logaddexp(ops.convert_to_tensor(a, dtype), ops.convert_to_tensor(b, dtype))
            np.testing.assert_allclose(found, [inf, -inf, inf, 3, nan, nan, 1000 + np.log(2), 1, np.log(2)], rtol=1e-6)
        small = ops.softplus(np.array([-inf, -80, 0, 80, inf], "float32")).numpy()
    np.testing.assert_allclose(small, [0, np.exp(-80), np.log(2), 80, inf], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_whole_powers_of_negative_numbers(dtype: str) -> None:
    x, least = np.linspace(-1.5, 1.5, 7001).astype(dtype), np.finfo(np.dtype(dtype))
    for exponent in (*range(17), 5.0, 16.0):
        y = ops.power(Tensor(x), exponent)
        assert y.dtype == dtype
        expected = x.astype("float64") ** exponent
        np.testing.assert_allclose(np.asarray(y), expected, 20 * float(least.eps), float(least.tiny))
    with keras.GradientTape() as tape:
        t = Tensor(x[:9])
        tape.watch(t)
        y = t**7
    np.testing.assert_allclose(np.asarray(tape.gradient(y, t)), 7 * x[:9].astype("float64") ** 6, rtol=0.02)


def test_choices_among_thousands_of_numbers() -> None:
    x = np.random.default_rng(1).normal(size=5000).astype("float32")
    x[0] = np.nan
    same(ops.hard_shrink(x), np.where(np.abs(x) > 0.5, x, 0), "float32")
    same(ops.threshold(x, 0.1, 3), np.where(x > 0.1, x, 3), "float32")
    same(ops.threshold(np.arange(5000), 2, 7), np.where(np.arange(5000) > 2, np.arange(5000), 7), "int64")
    same(ops.sparse_plus(x), np.where(x < 1, np.square(np.clip(x, -1, 1) + 1) / 4, x), "float32")
    same(ops.fabs(x), np.abs(x), "float32")
    same(ops.fabs([-1, 2]), [1, 2], "float32")
    with pytest.raises(TypeError, match="not supported for the input types"):
        ops.fabs([1j])


@pytest.mark.parametrize("repeats", [2, (3,), (2, 1), (1, 2), (2, 1, 3), (0, 2)])
def test_tile_is_that_of_numpy(repeats: Any) -> None:
    x = np.arange(6.0, dtype="float32").reshape(2, 3)
    with keras.GradientTape() as tape:
        t = keras.Variable(x)
        y = ops.tile(t, repeats)
    same(y, np.tile(x, repeats), "float32")
    np.testing.assert_array_equal(np.asarray(tape.gradient(y, t)), np.full_like(x, np.prod(repeats)))


@pytest.mark.parametrize("exponent", [3, 4, 3.0, 4.0])
def test_small_powers_of_negative_numbers_have_gradients(exponent: float) -> None:
    x = keras.Variable([-2.0, 0.5])
    with keras.GradientTape() as tape:
        y = x**exponent
    same(y, [(-2.0) ** exponent, 0.5**exponent])
    same(tape.gradient(y, x), [exponent * (-2.0) ** (exponent - 1), exponent * 0.5 ** (exponent - 1)])


def test_sums_along_short_axes_among_long_ones() -> None:
    x = np.random.default_rng(0).integers(-9, 9, (5, 30, 2, 31, 3, 4)).astype("float32")
    for axis in [(2, 4), (2,), (4,), (0, 2, 4), (2, 5), (4, 5), (2, 4, 5), (1, 2), (0, 1, 2, 3, 4)]:
        for keepdims in (False, True):
            same(ops.sum(x, axis, keepdims), np.sum(x, axis, keepdims=keepdims))


def test_select_takes_the_dtype_of_its_choices() -> None:
    c, x = np.array([True, False]), np.array([1, 2], "int8")
    assert (ops.select([c], [x]).dtype, ops.select([c], [x.astype("float16")], 2.5).tolist()) == ("int8", [1.0, 2.5])
    with pytest.raises(ValueError, match="at least one condition"):
        ops.select([], [])


def test_numbers_in_an_array_of_objects_are_numbers() -> None:
    rewards = np.array([("left", 1, 2.0), ("right", 0, 0.5)], object)[:, 1:]  # a replay buffer's columns
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    assert model(rewards).numpy().tolist() == [[3.0], [0.5]]
    assert ops.convert_to_tensor(rewards, "int32").numpy().tolist() == [[1, 2], [0, 0]]
    assert float(keras.losses.MeanSquaredError()(rewards[:, 1], [1.0, 0.5])) == 0.5
    same(ops.ones(2) + rewards[:, 1], [3.0, 1.5])
    with pytest.raises(ValueError, match="Expected numbers or booleans"):
        ops.convert_to_tensor(np.array([1.0, "2.0"], object), "float32")


@pytest.mark.parametrize("strange", [np.array([None, 2.0]), np.array(["a", "b"]), np.zeros(2, "datetime64[s]")])
def test_arrays_without_numbers_are_refused_as_operands(strange: Any) -> None:
    calls: list[Callable[[], Any]] = [lambda: ops.ones(2) + strange, lambda: ops.concatenate([strange, ops.ones(2)])]
    for call in calls:
        with pytest.raises(TypeError, match="is no array of numbers"):
            call()


@pytest.mark.parametrize("strange", [np.array([1, 2], "m8[s]"), np.zeros(2, "M8[D]"), np.zeros(2, [("a", "f4")])])
def test_times_and_records_make_no_tensor(strange: Any) -> None:
    for use in (ops.convert_to_tensor, ops.mean, ops.sort, ops.argmax, keras.Variable, lambda x: ops.matmul(x, x)):
        with pytest.raises(TypeError, match="is no array of numbers"):
            use(strange)


def arrays_of(*items: Any) -> np.ndarray[Any, Any]:
    """Return an array of objects, each an item."""
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    return array


OBJECTS = {
    "rows": arrays_of(np.ones(2), np.ones(2)), "ragged rows": arrays_of(np.ones(2), np.ones(1)),
    "lists": arrays_of([1, 2], [3]), "a missing number": arrays_of(1.0, None), "decimals": arrays_of(Decimal("0.5")),
    "raw bytes": np.zeros(2, "V4"),
}  # fmt: skip


@pytest.mark.parametrize("strange", OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("wrap", [np.asarray, Holder])
def test_arrays_of_other_objects_make_no_tensor(strange: Any, wrap: Any) -> None:
    for use in (ops.convert_to_tensor, ops.mean, keras.Variable, keras.layers.Flatten(), keras.layers.Identity()):
        with pytest.raises(TypeError, match=r"is no array of numbers.*np\.stack"):
            use(wrap(strange))


def test_arrays_of_text_with_gaps_still_make_tensors() -> None:
    for words in (arrays_of("a", None), arrays_of(None, b"a"), np.array([], object)):
        assert ops.convert_to_tensor(words).dtype == "string"
    assert ops.convert_to_numpy(arrays_of(1, [2])).tolist() == [1, [2]]


@pytest.mark.parametrize("op", [ops.sigmoid, ops.softplus, ops.log_sigmoid], ids=lambda op: op.__name__)
def test_small_exponentials_underflow_on_purpose(op: Callable[[Any], Tensor]) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Activation(op)])
    x = np.array([[100.0, 0.0, -200.0, 3.0]], "float32")
    wanted = model(x).numpy()
    with np.errstate(all="raise"):
        for _ in range(3):
            assert np.array_equal(model.predict(x, verbose=0), wanted)
            assert np.array_equal(model(x), wanted)
            assert np.array_equal(op(x), wanted)


def test_so_do_sums_of_exponentials() -> None:
    x = np.array([[100.0, 0.0, -200.0, 3.0]], "float32")
    with np.errstate(all="raise"):
        assert ops.logsumexp(x).item() == 100
        assert ops.logaddexp(x, x[:, ::-1]).numpy().max() == 100


@pytest.mark.parametrize("dtype", ["uint8", "uint32", "uint64", "int8"])
def test_numbers_of_segments_may_be_unsigned(dtype: str) -> None:
    ids = np.array([0, 2, 2], dtype)
    np.testing.assert_array_equal(ops.segment_sum(np.ones(3), ids), [1, 0, 2])
    np.testing.assert_array_equal(ops.segment_max(np.array([1, 2, 3]), ids)[::2], [1, 3])


def test_dtypes_of_integers_and_booleans_are_those_of_keras() -> None:
    for dtype in ("int8", "uint8", "int16", "int32"):
        assert ops.vander(np.array([1, 2, 3], dtype)).dtype == dtype
    np.testing.assert_array_equal(ops.vander(np.array([2, 3], "int8"), 3, increasing=True), [[1, 2, 4], [1, 3, 9]])
    assert ops.vander(np.array([1.5, 2.0], "float32")).dtype == "float32"
    for given in ("bool", "int8", "int32"):
        assert ops.relu6(np.array([0, 1]).astype(given)).dtype == "float32"


def test_types_of_python_name_the_dtypes_that_they_name_in_keras() -> None:
    assert keras.Input((1,), dtype=str).dtype == "string"
    assert ops.cast([1.0], complex).dtype == "complex64"
    assert [keras.backend.standardize_dtype(kind) for kind in (bool, int, float)] == ["bool", "int32", "float32"]
    assert keras.ops.zeros(2, "int").dtype == "int32"


def test_floatx_is_a_name() -> None:
    with pytest.raises(ValueError, match="floatx must be"):
        keras.config.set_floatx(np.dtype("float16"))  # type: ignore[arg-type]
    assert keras.config.floatx() == "float32"


def test_linspace_is_computed_in_the_dtype_that_is_asked_for() -> None:
    assert ops.linspace(0, np.int16(1), 7, dtype="float64").tolist() == np.linspace(0, 1, 7).tolist()
    low, high = np.float16(-60000), np.float16(60000)
    wanted = np.linspace(float(low), float(high), 5).astype("float16")
    assert ops.linspace(low, high, 5).tolist() == wanted.tolist()


READ_OFTEN: dict[str, Callable[[Any], Any]] = {
    "take": lambda x: ops.take(x, np.zeros(5000, int), 0),
    "index": lambda x: x[np.zeros(5000, int)],
    "take_along_axis": lambda x: ops.take_along_axis(x, np.zeros((5000, 2), int), 0),
    "repeat": lambda x: ops.repeat(x, 5000, 0),
    "tile": lambda x: ops.tile(x, (5000, 1)),
}


@pytest.mark.parametrize("name", READ_OFTEN)
def test_float16_that_is_read_often_gets_all_its_gradients(name: str) -> None:
    x = ops.ones((1, 2), "float16")
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(READ_OFTEN[name](x))
    assert np.asarray(tape.gradient(y, x)).tolist() == [[5000.0, 5000.0]]


def test_sums_by_place_of_many_float16_numbers_go_on_beyond_2048() -> None:
    x, places = np.ones((5000, 2), "float16"), np.zeros((5000, 1), int)
    assert ops.segment_sum(x, places[:, 0], 1).tolist() == [[5000.0, 5000.0]]
    assert ops.scatter(places, x, (1, 2)).tolist() == [[5000.0, 5000.0]]
    assert ops.scatter_update(0 * x[:1], places, x, "add").tolist() == [[5000.0, 5000.0]]


@pytest.mark.parametrize("places", [2, 3, 60])
@pytest.mark.parametrize("rest", [(), (3,), (2, 8)])
def test_the_gradient_of_a_mean_of_rows_is_shared_by_all_their_places(places: int, rest: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    table, tokens = Tensor(rng.standard_normal((9, *rest))), rng.integers(-9, 9, (4, places))
    with keras.GradientTape() as tape:
        tape.watch(table)
        mean = ops.mean(ops.take(table, tokens, 0), 1)
    weights = rng.standard_normal(mean.shape)
    want = np.zeros(table.shape)
    np.add.at(want, tokens, np.repeat(weights[:, None], places, 1) / places)
    np.testing.assert_allclose(np.asarray(tape.gradient(mean, table, weights)), want, 1e-12)


def test_the_equal_largest_of_many_float16_numbers_share_their_gradient() -> None:
    x = ops.ones((5000, 2), "float16")
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(ops.max(x, 0))
    np.testing.assert_allclose(np.asarray(tape.gradient(y, x)), np.full((5000, 2), 1 / 5000), rtol=1e-3)


def test_sums_along_separate_axes_are_made_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.arange(2 * 32 * 8 * 3 * 4, dtype="float32").reshape(2, 32, 8, 3, 4)
    products: list[tuple[int, ...]] = []
    by_product = reduction._sum_by_product

    def noted(x: Any, rows: tuple[int, int, int]) -> Any:
        products.append(rows)
        return by_product(x, rows)

    monkeypatch.setattr(reduction, "_sum_by_product", noted)
    np.testing.assert_allclose(ops.sum(x, (1, 2, 4)), x.sum((1, 2, 4)), rtol=1e-6)  # as in GroupNormalization
    assert products == [(2, 256, 12)]


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("arcsin", 0.9999, 70.70657),
        ("arccos", 0.9999, -70.70657),
        ("arccosh", 1.0001, 70.70303),
        ("arctanh", 0.9999, 4999.4204),
        ("arccosh", -2.0, np.nan),
        ("expm1", -20.0, 2.0611536e-9),
        ("elu", -20.0, 2.0611536e-9),
        ("selu", -20.0, 3.6237129e-9),
        ("i0", 1e-6, 5e-7),
        ("hard_silu", np.inf, 1.0),
    ],
)
def test_slopes_keep_their_digits_at_the_ends(name: str, x: float, slope: float) -> None:
    at = ops.convert_to_tensor(x)
    with keras.GradientTape() as tape, np.errstate(invalid="ignore"):
        tape.watch(at)
        y = getattr(ops, name)(at)
    np.testing.assert_allclose(float(tape.gradient(y, at) or 0), slope, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "x", "slopes"),
    [
        (lambda x: ops.ldexp(x, np.array([20], "int8")), ops.ones(1), [2.0**20]),
        (ops.i0, ops.full(1, 10.0, "float16"), [2670.9883]),
        (ops.arcsinh, ops.full(1, -1e3, "float16"), [1e-3]),
        (lambda x: 1e3 * ops.log10(x), ops.full(1, 3e4, "float16"), [0.0144765]),
    ],
)
def test_slopes_do_not_overflow_in_small_dtypes(function: Any, x: Tensor, slopes: list[float]) -> None:
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    np.testing.assert_allclose(np.asarray(tape.gradient(y, x)), slopes, rtol=1e-3)


def test_irfft_of_one_number_needs_a_length() -> None:
    with pytest.raises(ValueError, match=r"Invalid number of FFT data points \(0\)"):
        ops.irfft(([1.0], [0.0]))
    same(ops.irfft(([1.0], [0.0]), 2), [0.5, 0.5], "float32")


ABC = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: ops.cross([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], np.eye(3)[:, 1:], axis=0), [[0, 1], [0, 0], [1, 0]]),
        (lambda: ops.cross([ABC], [[0.0], [1.0], [0.0]], axisb=0), [[-3, 0, 1]]),
        (lambda: ops.cross([1.0, 2.0], [3.0, 4.0]), -2),
        (lambda: ops.bincount([[0, 1], [1, 1]], minlength=4), [[1, 1, 0, 0], [0, 2, 0, 0]]),
        (lambda: ops.bincount([[0, 1], [1, 1]]), [[1, 1], [0, 2]]),
        (lambda: ops.bincount([[0, 2]], [[0.5, 2.0]], minlength=2), [[0.5, 0, 2]]),
        (lambda: ops.histogram([0.0, 1.0, 1.5, 9.0], 2, (0.0, 2.0))[0], [1, 2]),
        (lambda: ops.histogram([0.0, 1.0, 1.5, 9.0], 2, (0.0, 2.0))[1], [0, 1, 2]),
        (lambda: ops.histogram([0.0, 1.0, 4.0], 2)[1], [0, 2, 4]),
        (lambda: ops.correlate(ABC, [1.0, 10.0], "same"), [10, 21, 32]),
        (lambda: ops.correlate([1.0, 10.0], ABC, "same"), [32, 21, 10]),
        (lambda: ops.correlate(ABC, [1.0, 10.0, 100.0], "same"), [210, 321, 32]),
        (lambda: ops.associative_scan(lambda a, b: 10 * a + b, ABC), [1, 12, 123]),
        (lambda: ops.associative_scan(ops.add, ABC, reverse=True), [6, 5, 3]),
        (lambda: ops.associative_scan(ops.add, ABC[None], reverse=True, axis=1), [[6, 5, 3]]),
        (lambda: ops.multi_hot([[0, 2], [1, 1]], 3, axis=0), [[1, 0], [1, 1], [0, 1]]),
        (lambda: ops.fold(ops.unfold(np.eye(4)[None, None, :2], 2, 1, (1, 0), 2), (2, 4), 2, 1, (1, 0), 2)[0, 0],
         [[1, 0, 0, 0], [0, 1, 0, 0]]),
        (lambda: ops.fold(ops.unfold(np.eye(4)[None, None, :, :2], 2, 1, (0, 1), 2), (4, 2), 2, 1, (0, 1), 2)[0, 0],
         [[1, 0], [0, 1], [0, 0], [0, 0]]),
    ],
)  # fmt: skip
def test_modes_and_axes_by_hand(call: Callable[[], Any], expected: Any) -> None:
    np.testing.assert_allclose(call(), expected)


def test_factors_of_a_batch_are_those_of_each_matrix() -> None:
    x = np.array([[[0.0, 2.0, 1.0], [4.0, 1.0, 3.0], [2.0, 5.0, 7.0]]])
    both = ops.lu_factor(np.concatenate([x, x[:, ::-1] + 1]))
    for one, together in zip(ops.lu_factor(x), both, strict=True):
        np.testing.assert_array_equal(one[0], together[0])
        np.testing.assert_array_equal(ops.lu_factor(x[0])[0 if one.ndim == 3 else 1], one[0])


KINDS = ("bool", "uint8", "int32", "int64")
FLOATS, SAME, WIDE = ["float32"] * 4, [*KINDS], ["int32", "uint8", "int32", "int64"]
OF_TWO: dict[str, list[str]] = {
    "divide true_divide hypot arctan2 logaddexp logaddexp2 heaviside nextafter": FLOATS,
    "add multiply bitwise_and bitwise_or bitwise_xor maximum minimum fmax fmin dot inner outer kron vdot": SAME,
    "floor_divide mod fmod power": WIDE,
    "equal less logical_and logical_or": ["bool"] * 4,
}
OF_ONE: dict[str, list[str]] = {
    "sqrt exp log log1p sin cos tanh arctan reciprocal cbrt floor ceil deg2rad": FLOATS,
    "sigmoid softplus gelu elu selu silu softmax log_softmax erf": FLOATS,
    "mean var std median average logsumexp norm": FLOATS,
    "absolute trunc max diff sort": SAME,
    "square cumsum cumprod": WIDE,
    "sum prod": ["int32", "uint32", "int32", "int64"],
    "argmax count_nonzero": ["int32"] * 4,
    "isnan isfinite logical_not any": ["bool"] * 4,
}


def test_dtypes_of_results_of_integers_and_bools() -> None:
    for count, table in ((1, OF_ONE), (2, OF_TWO)):
        found = {name: [str(getattr(ops, name)(*[ops.ones((2,), kind)] * count).dtype) for kind in KINDS]
                 for names in table for name in names.split()}  # fmt: skip
        assert found == {name: dtypes for names, dtypes in table.items() for name in names.split()}


# Large arrays, which take other paths.


def _added_up(shape: tuple[int, ...], key: Any, x: Any, ufunc: np.ufunc = np.add, start: float = 0.0) -> Any:
    total = np.full(shape, start, "float64")
    ufunc.at(total, key, x)
    return total


@pytest.mark.parametrize("shape", [(40, 30, 20), (40, 30, 3), (40, 30, 2), (40, 31)])
@pytest.mark.parametrize("key", [
    lambda a, b: (a,), lambda a, b: (a[:, None],), lambda a, b: (a, b), lambda a, b: (slice(None), b),
    lambda a, b: (slice(3, None), b[:, None] % 7), lambda a, b: (a[:, None], b[:30]), lambda a, b: (..., a % 2),
    lambda a, b: (a, None), lambda a, b: (a, slice(1, -1)), lambda a, b: (a.astype("uint8") % 30, 3),
    lambda a, b: (np.resize(a > 0, 40), slice(None))])  # fmt: skip
def test_gradients_of_large_indices_add_up(shape: tuple[int, ...], key: Any) -> None:
    rng = np.random.default_rng(0)
    index = key(rng.integers(-40, 40, 900), rng.integers(-30, 30, 900))
    x = ops.array(rng.normal(size=shape), "float64")
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = x[index]
    weights = rng.normal(size=y.shape)
    expected = _added_up(shape, index, weights)
    gradient: Any = tape.gradient(y, x, ops.array(weights, "float64"))
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "edge", "wrap"])
def test_gradients_of_large_paddings_add_up(mode: Any) -> None:
    x = ops.array(np.random.default_rng(0).normal(size=(6, 20, 20, 3)), "float64")
    widths = ((0, 0), (3, 4), (5, 2), (0, 1))
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = ops.pad(x, widths, mode)
    weights = np.random.default_rng(1).normal(size=y.shape)
    places = np.pad(np.arange(x.size).reshape(x.shape), widths, mode)
    expected = np.bincount(places.ravel(), weights.ravel()).reshape(x.shape)
    gradient: Any = tape.gradient(y, x, ops.array(weights, "float64"))
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
@pytest.mark.parametrize(("reduction", "ufunc"), [
    ("add", np.add), ("max", np.maximum), ("min", np.minimum), ("mul", np.multiply)])  # fmt: skip
@pytest.mark.parametrize(("sizes", "columns"), [((50, 40), 1), ((50, 7), 1), ((50, 40), 2), ((20, 10, 6), 2)])
def test_large_updates_are_scattered(sizes: Any, columns: int, reduction: Any, ufunc: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    places = np.stack([rng.integers(-n, n, 2000) for n in sizes[:columns]], -1)
    updates = rng.integers(1, 3, (2000, *sizes[columns:])).astype(dtype)
    if reduction == "mul":
        updates = np.where(rng.random(updates.shape) < 0.97, 1, updates).astype(dtype)
    expected = _added_up(sizes, tuple(places.T), updates, ufunc, 1.0)
    actual = ops.scatter_update(np.ones(sizes[::-1], dtype).T, places, updates, reduction)
    np.testing.assert_allclose(actual, expected, rtol=1e-3 if dtype == "float16" else 1e-6)
    with pytest.raises(IndexError):
        ops.scatter_update(np.ones(sizes, dtype), places + max(sizes), updates, reduction)


def test_an_infinite_row_that_is_added_at_many_places_stays_there() -> None:
    places = np.random.default_rng(0).integers(1, 5, (64, 30, 1))
    places[0] = 0
    rows = np.ones((64, 1, 8), "float32")
    rows[0, 0, 0] = np.inf
    expected = _added_up((5, 8), (places[..., 0],), np.broadcast_to(rows, (64, 30, 8)), np.add, 0.0)
    updates = ops.broadcast_to(rows, (64, 30, 8))
    np.testing.assert_array_equal(ops.scatter(places, updates, (5, 8)), expected)
    np.testing.assert_array_equal(ops.scatter_update(np.zeros((5, 8), "float32"), places, updates, "add"), expected)
    table = ops.zeros((5, 8))
    with keras.GradientTape() as tape:
        tape.watch(table)
        y = ops.mean(ops.take(table, places[..., 0], 0), 1)
    gradient: Any = tape.gradient(y, table, ops.array(30 * rows[:, 0]))
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32"])
@pytest.mark.parametrize(("shape", "axis"), [
    ((5, 30, 31, 3), (1, 2)), ((4099, 2), 0), ((700, 7), 0), ((4, 17, 64), 1), ((4, 300, 5), (0, 1)),
    ((9, 9, 9, 9), (1, 3)), ((70, 70), None)])  # fmt: skip
def test_extremes_of_large_arrays(shape: Any, axis: Any, dtype: str) -> None:
    x: Any = (100 * np.random.default_rng(0).normal(size=shape)).astype(dtype)
    for keepdims in (False, True):
        for ours, theirs in ((ops.max, np.max), (ops.amax, np.max), (ops.min, np.min), (ops.amin, np.min)):
            y = ours(ops.array(x, dtype), axis, keepdims)
            np.testing.assert_array_equal(y, theirs(x, axis=axis, keepdims=keepdims), strict=True)
        y = ops.max(ops.array(x, dtype), axis, keepdims, initial=50)
        np.testing.assert_array_equal(y, x.max(axis, None, keepdims, 50))
    if dtype.startswith("float"):
        x[tuple(n // 2 for n in shape)] = np.nan
        np.testing.assert_array_equal(ops.max(ops.array(x, dtype), axis), np.max(x, axis))
