"""Operations of networks: hand numbers, large inputs, errors; tests/_core/test_tape.py checks their gradients."""

import itertools
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import GradientTape, ops
from minikeras._base.typing import Array
from minikeras._core.tensor import Tensor, TensorOps
from minikeras.ops.activation import dense


def double(*values: Any) -> Tensor:
    """Return a tensor of float64, which an array of it would not stay."""
    return Tensor(np.array(values, "float64"))


def close(found: TensorOps, expected: Any, digits: float = 1e-6) -> None:
    np.testing.assert_allclose(found.numpy(), expected, digits, 1e-12)


def test_dense() -> None:
    x, kernel, bias = [[1.0, 2.0], [0.0, 1.0]], [[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]], [0.5, 0.0, -1.0]
    close(dense(x, kernel, bias), [[7.5, 2, 1], [3.5, 1, -1]])
    close(dense(x, kernel), [[7, 2, 2], [3, 1, 0]])
    deep = np.arange(24.0).reshape(2, 3, 2, 2)
    close(dense(deep, kernel, bias), deep @ kernel + bias)


def test_softmax_of_nothing_is_empty_and_of_a_number_is_one() -> None:
    assert ops.softmax(np.zeros((2, 0))).shape == (2, 0)
    assert ops.softmax(5.0, axis=None) == 1


def test_the_gradient_of_an_adaptive_maximum_goes_to_the_first_of_equal_numbers() -> None:
    x = keras.Variable([[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    with keras.GradientTape() as tape:
        total = ops.sum(ops.adaptive_max_pool(ops.reshape(x, (1, 2, 4, 1)), (1, 2)))
    assert np.asarray(tape.gradient(total, x)).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("name", ["relu", "sigmoid", "softmax", "elu", "leaky_relu", "silu", "softplus"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_in_place_gives_the_same_numbers(name: str, dtype: str) -> None:
    op: Any = vars(getattr(ops, name))["op"]
    x: Array = np.random.default_rng(0).normal(size=(5, 4)).astype(dtype)
    expected = op.forward(x.copy())
    for function in (op.forward, op.replay):
        buffer = x.copy()
        assert function(buffer, out=buffer) is buffer
        np.testing.assert_array_equal(buffer, expected)


@pytest.mark.parametrize("text", ["a", np.array(["a", "b"]), np.array(["a"] * 3000)])
def test_text_has_no_maximum(text: Any) -> None:
    with pytest.raises(TypeError):
        ops.relu(text)


def test_a_softmax_of_far_scores_underflows_in_silence() -> None:
    scores = np.array([0.0, -90.0, -1e4], "float32")
    with np.errstate(all="raise"):
        assert ops.softmax(scores).tolist() == [1.0, ops.softmax(scores)[1], 0.0]
        close(ops.log_softmax(scores), scores)


def test_binary_crossentropy() -> None:
    close(
        ops.binary_crossentropy([1.0, 0.0, 0.5], [0.25, 0.25, 0.5]),
        [math.log(4), math.log(4 / 3), math.log(2)],
    )
    close(ops.binary_crossentropy([1.0, 0.0], [0.0, 1.0]), [-math.log(1e-7), -math.log(2.0**-23)], 1e-5)
    with np.errstate(all="raise", under="ignore"):
        for dtype in ("float32", "float64"):
            logits = Tensor(np.array([-1e4, 1e4, 0.0, 1e4], dtype))
            close(
                ops.binary_crossentropy([1.0, 0.0, 1.0, 1.0], logits, from_logits=True),
                [1e4, 1e4, math.log(2), 0],
            )


def test_categorical_crossentropies() -> None:
    scores = [[1.0, 3.0], [2.0, 2.0]]
    close(ops.categorical_crossentropy([[0.0, 1.0], [0.5, 0.5]], scores), [math.log(4 / 3), math.log(2)])
    close(ops.sparse_categorical_crossentropy([1, 0], scores), [math.log(4 / 3), math.log(2)])
    close(ops.sparse_categorical_crossentropy([[1], [0]], scores), [math.log(4 / 3), math.log(2)])
    close(ops.sparse_categorical_crossentropy([1, 0], scores, axis=0), [math.log(1.5), math.log(5 / 3)])
    with np.errstate(all="raise", under="ignore"):
        logits = [[1e4, -1e4], [0.0, 0.0]]
        close(ops.categorical_crossentropy([[0.0, 1.0], [1.0, 0.0]], logits, True), [2e4, math.log(2)])
        close(ops.sparse_categorical_crossentropy([1, 0], logits, True), [2e4, math.log(2)])


@pytest.mark.parametrize("labels", [[0, 2], [-1, 0]])
def test_labels_must_be_classes(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        ops.sparse_categorical_crossentropy(labels, [[0.5, 0.5], [0.5, 0.5]])


def test_class_vectors() -> None:
    assert ops.one_hot([0, 2, -1, 3], 3).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    with pytest.raises(TypeError, match="class numbers"):
        ops.one_hot(["a", "b"], 3)
    assert ops.one_hot([0, 1], 0).shape == (2, 0)
    assert ops.one_hot([0, 1], 2, axis=0, dtype="bool").tolist() == [[True, False], [False, True]]
    assert ops.multi_hot([[0, 2], [1, 1]], 3).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert ops.multi_hot([0, 2], num_tokens=3).tolist() == [1, 0, 1]


def test_many_classes_take_no_more_memory_than_the_result() -> None:
    numbers = np.random.default_rng(0).integers(0, 3000, (16, 300))
    logits = np.zeros((300, 3000), "float32")
    ops.sparse_categorical_crossentropy(numbers[0, :1], logits[:1], from_logits=True)
    with keras.GradientTape() as tape:
        scores = keras.Variable(logits)
        tracemalloc.start()
        loss = ops.sum(ops.sparse_categorical_crossentropy(numbers[0], scores, from_logits=True))
        gradient = tape.gradient(loss, scores)
    rows = ops.multi_hot(numbers, 3000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * logits.nbytes  # a row for each of 3000 classes would be 10
    assert [sorted(set(row)) for row in numbers.tolist()] == [np.flatnonzero(row).tolist() for row in rows.numpy()]
    hot = np.eye(3000, dtype="float32")[numbers[0]]
    assert gradient is not None
    np.testing.assert_allclose(gradient.numpy(), 1 / 3000 - hot, rtol=1e-5)


def test_large_inputs_of_ever_new_sizes_leave_little_behind() -> None:
    def score(rows: int) -> None:
        x = np.ones((rows, 2), "float32")
        ops.sum(x, axis=0)
        ops.sparse_categorical_crossentropy(np.zeros(rows, "int32"), x, from_logits=True)

    score(1 << 17)
    tracemalloc.start()
    for more in range(30):
        score((1 << 17) + more)
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert left < 12 << 20  # those of 30 sizes would be 45 MB


def test_label_sequences_are_scored_with_room_for_sums() -> None:
    scores = np.zeros((1, 2, 2), "float16")
    assert ops.ctc_loss([[1]], scores, [1], [2]).dtype == "float32"
    assert ops.ctc_decode(scores, [2])[1].dtype == "float32"


def test_labels_that_do_not_fit_their_steps_leave_out_a_blank_but_no_label() -> None:
    scores = ops.convert_to_tensor([[[0.0, 0.0, 50.0], [0.0, 0.0, 50.0]]])
    with keras.GradientTape() as tape:
        tape.watch(scores)
        loss = ops.ctc_loss([[1, 1]], scores, [2], [2])  # equal labels need a blank between them, a third step
    # 1e5 for what is left out and 50 for each step, less log(9), as nine paths cost that; none leaves out a label
    np.testing.assert_allclose(float(loss[0]), 1e5 + 100 - np.log(9), atol=0.01)  # Keras gives 100097.805
    slopes = np.asarray(tape.gradient(loss, scores))[0]
    np.testing.assert_allclose(slopes[:, 2], [1, 1], rtol=0.01)  # to the digits of 1e5
    np.testing.assert_allclose(slopes.sum(-1), [0, 0], atol=1e-6)


@pytest.mark.parametrize("blank", [0, 2])
def test_a_wide_beam_finds_the_likeliest_of_all_sequences(blank: int) -> None:
    logits = np.random.default_rng(4).normal(size=(2, 5, 3)).astype("float32")
    labels, scores = ops.ctc_decode(logits, [5, 4], "beam_search", beam_width=300, top_paths=6, mask_index=blank)
    for row, length in enumerate((5, 4)):
        p = np.exp(logits[row, :length]) / np.exp(logits[row, :length]).sum(-1, keepdims=True)
        chances: dict[tuple[int, ...], float] = {}
        for way in itertools.product(range(3), repeat=length):
            merged = tuple(label for label, _ in itertools.groupby(way) if label != blank)
            chances[merged] = chances.get(merged, 0.0) + float(np.prod(p[range(length), way]))
        best = sorted(chances, key=lambda path: -chances[path])[:6]
        assert [tuple(x for x in path if x >= 0) for path in labels[:, row].tolist()] == best
        np.testing.assert_allclose(scores[row].numpy(), np.log([chances[path] for path in best]), 1e-5)


def test_largest() -> None:
    values, indices = ops.top_k([[1.0, 5.0, 3.0, 5.0]], 3)
    assert values.tolist() == [[5, 5, 3]]
    assert indices.tolist() == [[1, 3, 2]]  # of equals the first
    assert indices.dtype == "int32"
    assert ops.in_top_k([1, 0], [[0.1, 0.8, 0.8], [0.1, 0.8, 0.8]], 1).tolist() == [True, False]
    assert ops.in_top_k([1, 0], [[0.1, np.nan, 0.5], [0.3, np.nan, 0.5]], 2).tolist() == [False, True]
    assert ops.in_top_k([3, -1], [[0.1, 0.8, 0.8], [0.1, 0.8, 0.8]], 3).tolist() == [False, False]
    with pytest.raises(ValueError, match=r"\(3,\) and \(2, 3\)"):
        ops.in_top_k([1, 0, 0], [[0.1, 0.8, 0.8], [0.1, 0.8, 0.8]], 3)
    with pytest.raises(ValueError, match="4"):
        ops.top_k([[1.0, 5.0, 3.0, 5.0]], 5)


@pytest.mark.parametrize("shape", [(5, 300), (4000,), (2, 3, 500), (2, 9), (0, 4)])
@pytest.mark.parametrize("k", [0, 1, 4])
def test_of_many_elements_the_largest_lead_and_of_equals_the_first(shape: tuple[int, ...], k: int) -> None:
    rng = np.random.default_rng(1)
    apart, few = rng.normal(size=shape).astype("float32"), rng.integers(0, 5, shape)
    both = np.where(few == 1, np.nan, few == 2)  # ties behind NaN
    first = np.where(np.arange(shape[-1]) == 0, np.nan, np.arange(shape[-1]) < 5) * np.ones(shape)  # k of them
    nans = (np.where(few == 1, np.nan, apart), both, first)
    for x in (apart, apart.astype("float16"), few, apart > 0, *nans, 0 * few - np.inf):
        order = np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1][..., :k]
        values, indices = ops.top_k(x, k)
        np.testing.assert_array_equal(indices, shape[-1] - 1 - order)
        np.testing.assert_array_equal(values, np.take_along_axis(x, np.asarray(indices), -1))


@pytest.mark.parametrize(("axis", "sizes"), [(-1, (4,)), ([1, 2], (2, 4)), (0, (3,))])
def test_gradients_of_layer_normalization_are_central_differences(axis: Any, sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x, scale = (keras.Variable(rng.standard_normal(shape), dtype="float64") for shape in ((3, 2, 4), sizes))
    weights, others = (ops.convert_to_tensor(rng.standard_normal((3, 2, 4)), "float64") for _ in range(2))

    def loss() -> TensorOps:
        return ops.sum(ops.layer_normalization(x, scale, None, axis) * weights)

    def gradients(function: Callable[[], TensorOps]) -> Any:
        with keras.GradientTape() as tape:
            y = function()
        return tape.gradient(y, [x, scale])

    def slope() -> TensorOps:
        total: TensorOps = ops.sum(gradients(loss)[0] * others)
        return total

    for function in (loss, slope):
        for variable, gradient in zip((x, scale), gradients(function), strict=True):
            start, along = variable.numpy(), 1e-6 * rng.standard_normal(variable.shape)
            ends = []
            for sign in (1, -1):
                variable.assign(start + sign * along)
                ends.append(float(function()))
            variable.assign(start)
            assert float(np.sum(gradient.numpy() * along)) == pytest.approx((ends[0] - ends[1]) / 2, rel=1e-6)


def test_normalization() -> None:
    x = [[1.0, 2.0], [3.0, 6.0]]
    mean, variance = ops.moments(x, [0])
    close(mean, [2, 4])
    close(variance, [1, 4])
    close(
        ops.batch_normalization(x, mean, variance, -1, [1.0, 0.0], [2.0, 1.0], epsilon=0.0),
        [[-1, -1], [3, 1]],
    )
    close(ops.batch_normalization(x, [1.0], [4.0], -1, [1.0], [2.0], epsilon=0.0), [[1, 2], [3, 6]])  # one for all
    with pytest.raises(IndexError):
        ops.batch_normalization(x, mean, variance, 2)
    close(ops.layer_normalization(x, [2.0, 1.0], [0.0, 5.0], epsilon=0.0), [[-2, 6], [-2, 6]])
    close(ops.rms_normalization([[3.0, 4.0]], epsilon=0.0), [[3 / math.sqrt(12.5), 4 / math.sqrt(12.5)]])
    close(ops.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    close(ops.normalize([1.0, 3.0], order=1), [0.25, 0.75])
    close(ops.normalize([1.0, 3.0], axis=None, order=1), [0.25, 0.75])
    close(ops.normalize([2.0, 0.0], order=3), [1, 0])
    # Over two axes it is the norm of matrices, as in Keras.
    matrix = np.array([[-3.0, -2.0, -1.0], [0.0, 1.0, 2.0]])
    close(ops.normalize(matrix, axis=None, order=1), matrix / 3)
    close(ops.normalize(matrix, axis=(1, 0), order=1), matrix / 6)
    close(ops.normalize(matrix, axis=None), matrix / math.sqrt(19))
    for axis, order in ((None, 3), ((0, 1), 3), ((), 1)):
        with pytest.raises(ValueError, match=r"norm|ord"):
            ops.normalize(matrix, axis=axis, order=order)
    with pytest.raises(ValueError, match="norm"):
        ops.normalize(np.ones((2, 2, 2)), axis=None, order=1)
    # The mean of float16 numbers may be found although their sum is too large for it.
    large, _ = ops.moments(np.full(100, 6e4, "float16"), [0])
    assert large.dtype == "float16"
    assert float(large) == 6e4


def test_attention_looks_where_it_may() -> None:
    query = np.zeros((1, 2, 1, 1), "float32")
    value = np.array([1.0, 3.0], "float32").reshape(1, 2, 1, 1)
    close(ops.dot_product_attention(query, query, value)[0, :, 0, 0], [2, 2])
    close(ops.dot_product_attention(query, query, value, is_causal=True)[0, :, 0, 0], [1, 2])
    mask = np.array([[False, True], [True, True]])[None, None]
    close(ops.dot_product_attention(query, query, value, mask=mask)[0, :, 0, 0], [3, 2])
    heads = ops.concatenate([value, 10 * value], 2)  # two, each for two of the queries
    close(ops.dot_product_attention(np.zeros((1, 1, 4, 1)), heads, heads)[0, 0, :, 0], [2, 2, 20, 20])
    with pytest.raises(ValueError, match="must divide"):
        ops.dot_product_attention(query, heads, heads)


def test_error_functions() -> None:
    grid = np.concatenate([np.linspace(-6, 6, 2001), [1e-300, 26.0, -40.0, np.inf, -np.inf, np.nan]])
    with np.errstate(all="raise", under="ignore"):
        close(ops.erf(Tensor(grid)), [math.erf(t) for t in grid], 2e-15)
        close(ops.erfc(Tensor(grid)), [math.erfc(t) for t in grid], 2e-14)
        ratio = ops.erfc(double(26.0, 10.0)).numpy() / [math.erfc(26.0), math.erfc(10.0)]
        np.testing.assert_allclose(ratio, 1, 2e-14)
        short = np.array([*np.linspace(-9, 9, 2001), 1e-30, 1e30, -1e30, 0, -0.0, np.inf, np.nan], "float32")
        np.testing.assert_allclose(ops.erf(short), [math.erf(t) for t in short], 3e-7)
        np.testing.assert_allclose(ops.erfc(short), [math.erfc(t) for t in short], 6e-7)
        wide = np.array([*np.linspace(-40, 40, 4001), 0, 1e30, np.inf, np.nan], "float32")
        exact = [t * math.erfc(-t / math.sqrt(2)) / 2 for t in wide.tolist()]
        np.testing.assert_allclose(ops.gelu(wide, approximate=False), exact, 1e-6, 1e-8)
        near = (wide >= -5) & (wide < 0)
        np.testing.assert_allclose(ops.gelu(wide[near], approximate=False), np.array(exact)[near], 1e-5)
        close(
            ops.gelu(Tensor(grid[:-2]), approximate=False),
            [t * math.erfc(-t / math.sqrt(2)) / 2 for t in grid[:-2]],
            2e-14,
        )
    assert math.copysign(1, ops.erf(-0.0)) == -1
    assert float(ops.erfc(0.0)) == 1  # in float32 as well
    assert float(ops.erf(np.array(0.5, "longdouble"))) == pytest.approx(math.erf(0.5), 1e-15)
    inside = Tensor(np.linspace(-0.9999, 0.9999, 1001))
    close(ops.erf(ops.erfinv(inside)), inside.numpy(), 1e-15)
    close(ops.erfc(ops.erfinv(double(1 - 2.0**-40))), [2.0**-40], 1e-12)
    assert np.isnan(ops.erfinv(1.5).numpy())
    assert ops.erfinv([-1.0, 0.0, 1.0]).tolist() == [-math.inf, 0, math.inf]
    assert ops.erfinv(double(-1.0, 0.0, 1.0)).tolist() == [-math.inf, 0, math.inf]
    many = np.linspace(-0.99999, 0.99999, 200_001).astype("float32")
    np.testing.assert_allclose(ops.erfinv(many), ops.erfinv(Tensor(many.astype("float64"))), 4e-7)
    tail = np.float64(2.0) ** -np.arange(2, 53)
    close(ops.erfc(ops.erfinv(Tensor(1 - tail))), tail.tolist(), 1e-11)


def test_sums_of_many_float16_numbers_go_on_beyond_2048() -> None:
    x = np.ones((5000, 2), "float16")
    for add in (ops.sum, ops.nansum, ops.trapezoid, lambda t, axis: ops.norm(t, 1, axis=axis)):
        assert add(x, axis=0)[0] in (5000.0, 4998.0), add
    assert ops.einsum("ij->j", x).tolist() == [5000.0, 5000.0]
    assert ops.cumsum(x, 0)[-1].tolist() == [5000.0, 5000.0]
    assert ops.norm(x, axis=0).tolist() == [70.6875, 70.6875]
    np.testing.assert_allclose(ops.logsumexp(x * 0, axis=0), np.log([5000.0, 5000.0]), rtol=1e-3)
    np.testing.assert_allclose(ops.softmax(x, axis=0) * 5000, 1.0, rtol=1e-3)
    spread = x * np.array([3, 7, 3, 7, 5] * 1000, "float16")[:, None]
    for op, value in ((ops.var, 3.2), (ops.std, 3.2**0.5)):
        assert op(spread, axis=0).dtype == op(spread).dtype == "float16"
        np.testing.assert_allclose(op(spread, axis=0), [value, value], rtol=1e-3)
        np.testing.assert_allclose(op(spread), value, rtol=1e-3)


@pytest.mark.parametrize("from_logits", [False, True])
def test_targets_of_a_binary_crossentropy_have_a_gradient(from_logits: bool) -> None:
    target, output = np.array([0.0, 0.25, 1.0], "float32"), np.array([0.2, 0.5, 0.9], "float32")
    with keras.GradientTape() as tape:
        t = ops.convert_to_tensor(target)
        tape.watch(t)
        loss = ops.sum(ops.binary_crossentropy(t, output, from_logits=from_logits))
    wanted = -output if from_logits else np.log(1 - output) - np.log(output)  # the loss is linear in the targets
    gradient = tape.gradient(loss, t)
    assert gradient is not None
    np.testing.assert_allclose(gradient, wanted, rtol=1e-5)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("from_logits", [False, True])
def test_a_loss_behind_a_softmax_has_the_slope_of_both(sparse: bool, from_logits: bool) -> None:
    """Logits that came from a softmax, a common mistake, are taken as they are."""
    function = ops.sparse_categorical_crossentropy if sparse else ops.categorical_crossentropy
    target: Any = [2, 0] if sparse else [[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]]

    def slope(at: Any, activation: Callable[[Any], Any]) -> Any:
        x = Tensor(at)
        with GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(function(target, activation(x), from_logits))
        return np.asarray(tape.gradient(y, x))

    scores = np.array([[0.5, -1.0, 2.0], [0.0, 1.0, 0.25]])
    p = ops.softmax(scores).numpy()
    g = slope(p, ops.copy)
    np.testing.assert_allclose(slope(scores, ops.softmax), p * (g - (g * p).sum(-1, keepdims=True)), 1e-5, 1e-6)


def test_a_bias_is_added_to_the_logits_of_attention() -> None:
    values = np.array([1.0, 5.0]).reshape(1, 2, 1, 1)
    y = ops.dot_product_attention(np.zeros((1, 1, 1, 1)), 0 * values, values, bias=np.log([[[[3.0, 1.0]]]]))
    close(ops.ravel(y), [2.0], 1e-6)
