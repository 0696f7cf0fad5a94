"""Losses: hand numbers, reductions, weights, masks, gradients, names, configurations, errors."""

import warnings
from typing import TYPE_CHECKING, Any, assert_type, get_args

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minikeras
from minikeras import Loss, Tensor, losses, ops
from minikeras._base.typing import LossName
from minikeras._jit.trace import trace
from minikeras.losses.base import Reduction

LOG2, LOG3 = float(np.log(2)), float(np.log(3))
MISS, HIT = 2 * LOG2, 2 * LOG2 - LOG3  # the cross-entropies of a quarter and of three quarters
TWO = [[0.0, 2.0], [1.0, 1.0]]
HOT = [[1.0, 0.0], [0.0, 1.0]]
HALF = [[0.5, 0.5], [0.5, 0.5]]
QUARTER = [[0.25, 0.75], [0.75, 0.25]]
COLUMNS = np.array([[0.5, 0.125], [0.25, 0.125], [0.25, 0.75]], "float32")  # two columns of three probabilities
SMOOTH = 0.75 * MISS + 0.25 * HIT  # what a quarter costs if half of a one is smoothed away: it is three quarters then

# name, options, y_true, y_pred, one loss a sample
HAND: list[tuple[str, dict[str, Any], Any, Any, Any]] = [
    ("MeanSquaredError", {}, TWO, [[0.0, 4.0], [2.0, 4.0]], [2.0, 5.0]),
    ("MeanAbsoluteError", {}, TWO, [[0.0, 4.0], [2.0, 4.0]], [1.0, 2.0]),
    ("MeanAbsolutePercentageError", {}, [[1.0, 2.0]], [[1.0, 3.0]], [25.0]),
    ("MeanSquaredLogarithmicError", {}, [[0.0, 1.0]], [[1.0, 3.0]], [LOG2**2]),  # log(1/2) and log(2/4)
    ("CosineSimilarity", {}, [[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [0.0, 2.0]], [-0.96, 0.0]),
    ("CosineSimilarity", {"axis": 0}, [[3.0], [4.0]], [[4.0], [3.0]], [-0.96]),
    ("Huber", {}, [[0.0, 0.0]], [[1.0, 3.0]], [1.5]),
    ("Huber", {"delta": 2.0}, [[0.0, 0.0]], [[1.0, 3.0]], [2.25]),  # (1/2 + 2 * 3 - 2) / 2
    ("LogCosh", {}, [[0.0, 0.0]], [[1.0, -1.0]], [np.log(np.cosh(1.0))]),
    ("Hinge", {}, [[1.0, -1.0], [1.0, 1.0]], [[0.5, 0.5], [2.0, 1.0]], [1.0, 0.0]),
    ("Hinge", {}, [[1.0, 0.0]], [[0.5, 0.5]], [1.0]),  # 0 and 1 mean -1 and 1
    ("Hinge", {}, [[1.0, 0.0], [1.0, -1.0]], [[0.5, 0.5], [0.5, 0.5]], [0.75, 1.0]),  # unless there are others
    ("SquaredHinge", {}, [[1.0, -1.0]], [[0.5, 0.5]], [1.25]),
    ("CategoricalHinge", {}, HOT, [[0.75, 0.5], [0.75, 0.5]], [0.75, 1.25]),
    ("KLDivergence", {}, HOT, HALF, [LOG2, LOG2]),
    ("Poisson", {}, [[1.0, 3.0]], [[1.0, np.e]], [(1 + np.e - 3) / 2]),
    ("BinaryCrossentropy", {}, HOT, QUARTER, [2 * LOG2, 2 * LOG2]),
    ("BinaryCrossentropy", {"from_logits": True}, HOT, [[0.0, 0.0], [0.0, 0.0]], [LOG2, LOG2]),
    ("BinaryCrossentropy", {"axis": 0}, [[1.0], [0.0]], [[0.25], [0.5]], [1.5 * LOG2]),
    ("BinaryCrossentropy", {"label_smoothing": 0.5}, [[1.0]], [[0.25]], [-0.75 * np.log(0.25) - 0.25 * np.log(0.75)]),
    ("BinaryFocalCrossentropy", {}, [[1.0, 0.0]], [[0.5, 0.5]], [LOG2 / 4]),
    ("BinaryFocalCrossentropy", {"gamma": 0.0}, [[1.0, 0.0]], [[0.5, 0.5]], [LOG2]),
    (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True},
        [[1.0], [0.0]],
        [[0.5]] * 2,
        [LOG2 / 16, LOG2 * 3 / 16],
    ),
    ("CategoricalCrossentropy", {}, HOT, QUARTER, [2 * LOG2, 2 * LOG2]),
    ("CategoricalCrossentropy", {}, HOT, [[1.0, 3.0], [6.0, 2.0]], [2 * LOG2, 2 * LOG2]),  # divided by their sum
    ("CategoricalCrossentropy", {"from_logits": True}, HOT, [[7.0, 7.0], [0.0, 0.0]], [LOG2, LOG2]),
    ("CategoricalCrossentropy", {"axis": 0}, HOT, HALF, [LOG2, LOG2]),
    (
        "CategoricalCrossentropy",
        {"label_smoothing": 0.5},
        [[1.0, 0.0]],
        [[0.25, 0.75]],
        [1.5 * LOG2 - 0.25 * np.log(0.75)],
    ),
    ("CategoricalFocalCrossentropy", {}, HOT, HALF, [LOG2 / 16, LOG2 / 16]),
    ("CategoricalFocalCrossentropy", {"alpha": [0.25, 0.75]}, HOT, HALF, [LOG2 / 16, LOG2 * 3 / 16]),
    ("CategoricalFocalCrossentropy", {"alpha": 1.0, "gamma": 1.0}, HOT, HALF, [LOG2 / 2, LOG2 / 2]),
    ("SparseCategoricalCrossentropy", {}, [0, 1], QUARTER, [2 * LOG2, 2 * LOG2]),
    ("SparseCategoricalCrossentropy", {}, [[0.0], [1.0]], QUARTER, [2 * LOG2, 2 * LOG2]),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, [0, 1], [[3.0, 3.0], [0.0, 0.0]], [LOG2, LOG2]),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, [0, -1], QUARTER, [2 * LOG2, 0.0]),
    ("SparseCategoricalCrossentropy", {"axis": 0}, [0, 1], QUARTER, [2 * LOG2, 2 * LOG2]),
    ("CategoricalGeneralizedCrossEntropy", {}, [0, 1], QUARTER, [1.0, 1.0]),  # (1 - 1/2) / (1/2)
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.25}, [0], [[1 / 16, 15 / 16]], [2.0]),
    ("Dice", {}, [[1.0, 0.0]], [[1.0, 1.0]], 1 / 3),
    ("Dice", {"axis": -1}, [[1.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]], [1 / 3, 1.0]),
    ("Tversky", {}, [[1.0, 0.0]], [[1.0, 1.0]], 1 / 3),
    ("Tversky", {"beta": 1.0}, [[1.0, 0.0]], [[1.0, 1.0]], 1 / 2),
    ("Tversky", {}, [[0.0, 0.0]], [[0.0, 0.0]], 1.0),  # nothing to find, nothing found
    ("Circle", {"gamma": 1.0}, [0, 0, 1, 1], [[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 2, [np.log(1 + 2 * np.exp(-0.32))] * 4),
    ("CTC", {}, [[1], [0]], np.zeros((2, 2, 2)), [np.log(4 / 3), np.log(4)]),  # three of four ways; one
    ("CTC", {}, [[1, 1]], np.zeros((1, 3, 2)), [np.log(8)]),  # a blank must part them
    ("Tversky", {"alpha": 0.0, "axis": (1,)}, [[1.0, 1.0]], [[0.5, 0.5]], [0.0]),
]
# Options, alone and together. Logits of log 3 and -log 3 are probabilities of three quarters and a quarter, if 0 is the
# other one of two classes.
HAND += [
    ("KLDivergence", {}, [[1.0, 0.0]] * 2, [[0.5, 0.5], [0.25, 0.75]], [LOG2, MISS]),
    ("CosineSimilarity", {"axis": 0}, [[3.0, 1.0], [4.0, 0.0]], [[4.0, 0.0], [3.0, 2.0]], [-0.96, 0.0]),
    ("CosineSimilarity", {"axis": 1}, [[[3.0, 1.0], [4.0, 0.0]]], [[[4.0, 0.0], [3.0, 2.0]]], [[-0.96, 0.0]]),
    ("BinaryCrossentropy", {"from_logits": True}, [[1.0, 1.0, 0.0]], [[LOG3, -LOG3, -LOG3]], [(2 * HIT + MISS) / 3]),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.5}, [[1.0]], [[-LOG3]], [SMOOTH]),
    (
        "BinaryCrossentropy",
        {"from_logits": True, "axis": 0},
        HOT,
        [[-LOG3, LOG3]] * 2,
        [MISS / 2 + HIT / 2, (MISS + HIT) / 2],
    ),
    ("BinaryCrossentropy", {"axis": 0}, HOT, [[0.25, 0.5], [0.5, 0.75]], [(MISS + LOG2) / 2, (HIT + LOG2) / 2]),
    ("BinaryFocalCrossentropy", {}, [[1.0, 0.0]], [[0.25, 0.25]], [(9 * MISS + HIT) / 32]),
    ("BinaryFocalCrossentropy", {"from_logits": True}, [[1.0, 0.0]], [[-LOG3, -LOG3]], [(9 * MISS + HIT) / 32]),
    ("BinaryFocalCrossentropy", {"axis": 0}, HOT, [[0.25, 0.5], [0.25, 0.5]], [(9 * MISS + HIT) / 32, LOG2 / 4]),
    ("BinaryFocalCrossentropy", {"label_smoothing": 0.5}, [[1.0]], [[0.25]], [25 / 64 * SMOOTH]),  # 1 - 3/8, squared
    (
        "BinaryFocalCrossentropy",
        {"label_smoothing": 0.5, "from_logits": True, "gamma": 1.0, "apply_class_balancing": True, "alpha": 0.5},
        [[1.0]],
        [[-LOG3]],
        [5 / 16 * SMOOTH],
    ),
    (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.75, "gamma": 1.0},
        [[1.0], [0.0]],
        [[0.25], [0.25]],
        [9 / 16 * MISS, HIT / 16],
    ),
    ("CategoricalCrossentropy", {"from_logits": True}, HOT, [[LOG3, 0.0], [LOG3, 0.0]], [HIT, MISS]),
    ("CategoricalCrossentropy", {"axis": 0}, [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], COLUMNS, [MISS, HIT]),
    ("CategoricalCrossentropy", {"axis": 1}, [[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]], COLUMNS[None], [[MISS, HIT]]),
    (
        "CategoricalCrossentropy",
        {"axis": 0, "from_logits": True},
        [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
        np.log(COLUMNS),
        [MISS, HIT],
    ),
    # Of three classes, three quarters smoothed away: a half, a quarter and a quarter.
    ("CategoricalCrossentropy", {"label_smoothing": 0.75}, [[1.0, 0.0, 0.0]], [[0.5, 0.25, 0.25]], [1.5 * LOG2]),
    (
        "CategoricalCrossentropy",
        {"label_smoothing": 0.5, "axis": 0},  # the last axis counts the classes here, as in Keras: two
        [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]],
        COLUMNS,
        [1.75 * LOG2, 1.5 * LOG2 + 0.75 * HIT],
    ),
    (
        "CategoricalCrossentropy",
        {"label_smoothing": 0.75, "from_logits": True},
        [[1.0, 0.0, 0.0]],
        [[LOG2, 0.0, 0.0]],
        [1.5 * LOG2],
    ),
    ("CategoricalFocalCrossentropy", {}, HOT, [[0.25, 0.75]] * 2, [9 / 64 * MISS, HIT / 64]),
    ("CategoricalFocalCrossentropy", {"from_logits": True}, HOT, [[0.0, LOG3]] * 2, [9 / 64 * MISS, HIT / 64]),
    (
        "CategoricalFocalCrossentropy",
        {"axis": 0},
        [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
        COLUMNS,
        [9 / 64 * MISS, HIT / 64],
    ),
    (
        "CategoricalFocalCrossentropy",
        {"axis": 1, "from_logits": True, "alpha": 0.5, "gamma": 1.0},
        [[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]],
        np.log(COLUMNS[None]),
        [[3 / 8 * MISS, HIT / 8]],
    ),
    (
        "CategoricalFocalCrossentropy",
        {"label_smoothing": 0.75, "alpha": 1.0, "gamma": 1.0},
        [[1.0, 0.0, 0.0]],
        [[0.5, 0.25, 0.25]],
        [LOG2],  # 1/2 * 1/2 * log 2 and twice 1/4 * 3/4 * log 4
    ),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, [0, 1], [[LOG3, 0.0], [LOG3, 0.0]], [HIT, MISS]),
    ("SparseCategoricalCrossentropy", {"axis": 0}, [1, 2], COLUMNS, [MISS, HIT]),
    ("SparseCategoricalCrossentropy", {"axis": 1}, [[1, 2]], COLUMNS[None], [[MISS, HIT]]),
    ("SparseCategoricalCrossentropy", {"axis": 0, "from_logits": True}, [1, 2], np.log(COLUMNS), [MISS, HIT]),
    (
        "SparseCategoricalCrossentropy",
        {"ignore_class": 1, "from_logits": True},
        [0, 1],
        [[-LOG3, 0.0], [LOG3, 0.0]],
        [MISS, 0.0],
    ),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, [[0], [-1]], QUARTER, [MISS, 0.0]),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, [-1, 2], COLUMNS.T, [0.0, HIT]),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.5}, [0, 1], [[0.25, 0.75], [7 / 16, 9 / 16]], [1.0, 0.5]),
    ("Dice", {"axis": 1}, [[[1.0, 0.0], [1.0, 1.0]]], [[[1.0, 0.5], [0.0, 0.5]]], [[1 / 3, 1 / 2]]),
    ("Dice", {"axis": (1, 2)}, [[[1.0], [0.0]], [[1.0], [1.0]]], [[[1.0], [1.0]], [[1.0], [0.0]]], [1 / 3, 1 / 3]),
    ("Tversky", {"alpha": 1.0, "beta": 0.0}, [[1.0, 1.0]], [[1.0, 0.0]], 0.5),
    (
        "Tversky",
        {"alpha": 0.25, "beta": 0.75, "axis": -1},
        [[1.0, 0.0], [1.0, 1.0]],
        [[1.0, 1.0], [1.0, 0.0]],
        [3 / 7, 0.2],
    ),
]
CLASSES = sorted({type(losses.get(name)).__name__ for name in get_args(LossName)} - {"function"})


def test_circle_compares_with_other_vectors() -> None:
    others: dict[str, Any] = {"ref_labels": [0, 1, 1], "ref_embeddings": [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]}
    found = losses.circle([0], [[1.0, 0.0]], **others, remove_diagonal=False, gamma=1.0)
    np.testing.assert_allclose(found, [np.log(1 + 2 * np.exp(-0.32))], rtol=1e-6)  # each of three pairs has -0.16


@pytest.mark.parametrize(("name", "options", "true", "predicted", "expected"), HAND)
def test_hand_numbers(name: str, options: dict[str, Any], true: Any, predicted: Any, expected: Any) -> None:
    loss = getattr(losses, name)(**options)
    single = getattr(losses, name)(**options, reduction="none")(true, predicted)
    assert isinstance(single, Tensor)
    assert single.dtype == "float32"
    np.testing.assert_allclose(single.numpy(), expected, rtol=1e-6, atol=1e-6)
    counted = np.count_nonzero(expected) if "ignore_class" in options else np.size(expected)  # not what is ignored
    mean = np.sum(expected) / counted
    np.testing.assert_allclose(float(loss(true, predicted)), mean, rtol=1e-6, atol=1e-6)
    direct = loss.fn(np.asarray(true), np.asarray(predicted), **{"q": 0.5, **options} if "General" in name else options)
    np.testing.assert_array_equal(direct, single)


ALONG_ONE_AXIS = [row for row in HAND if row[0] not in ("Dice", "Tversky", "Circle", "CTC") and "axis" not in row[1]]


@pytest.mark.parametrize(("name", "options", "true", "predicted", "expected"), ALONG_ONE_AXIS)
def test_further_axes_are_further_samples(
    name: str, options: dict[str, Any], true: Any, predicted: Any, expected: Any
) -> None:
    loss = getattr(losses, name)(**options, reduction="none")
    several = loss(np.array([true, true]), np.array([predicted, predicted]))
    np.testing.assert_allclose(several, [expected, expected], rtol=1e-6, atol=1e-6)


def test_the_last_axis_is_in_no_configuration() -> None:
    for loss in (losses.CosineSimilarity, losses.SparseCategoricalCrossentropy):
        assert "axis" not in loss().get_config()
        assert loss(axis=1).get_config()["axis"] == 1


def test_every_class_is_worked_by_hand() -> None:
    assert {name for name, *_ in HAND} == set(CLASSES)


# The base class


class Signed(Loss):
    """y_pred - y_true, one a sample."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_pred - y_true


def test_reductions_and_weights() -> None:
    true, predicted, weights = [0.0, 0.0, 0.0], [1.0, 2.0, 6.0], [1.0, 0.0, 0.5]
    expected: dict[Any, tuple[float, float]] = {
        "sum_over_batch_size": (3.0, 4 / 3),
        "mean": (3.0, 4 / 3),
        "sum": (9.0, 4.0),
        "mean_with_sample_weight": (3.0, 4 / 1.5),
    }
    for reduction, (plain, weighted) in expected.items():
        loss = Signed(reduction=reduction)
        assert float(loss(true, predicted)) == pytest.approx(plain)
        assert float(loss(true, predicted, weights)) == pytest.approx(weighted)
        assert float(loss(true, predicted, [0.0, 0.0, 0.0])) == 0
    for none in ("none", None):
        np.testing.assert_array_equal(Signed(reduction=none)(true, predicted, weights), [1.0, 0.0, 3.0])


def test_weights_of_other_ranks() -> None:
    loss = Signed(reduction="none")
    column = np.array([[1.0], [2.0]])
    np.testing.assert_array_equal(loss(0 * column, column, [3.0, 4.0]), [[3.0], [8.0]])
    np.testing.assert_array_equal(loss([0.0, 0.0], [1.0, 2.0], [[3.0], [4.0]]), [[3.0], [8.0]])
    np.testing.assert_array_equal(loss(np.zeros((2, 2)), np.ones((2, 2)), [[3.0], [4.0]]), [[3.0, 3.0], [4.0, 4.0]])
    with pytest.raises(ValueError, match=r"loss shape \(2,\), sample_weight shape \(3,\)"):
        loss([0.0, 0.0], [1.0, 2.0], [1.0, 1.0, 1.0])


def test_ranks_of_targets() -> None:
    """A vector of targets for a column of predictions must not broadcast to a matrix."""
    for true in ([1.0, 2.0], [[1.0], [2.0]]):
        for predicted in ([1.0, 4.0], [[1.0], [4.0]]):
            assert float(losses.MeanSquaredError()(true, predicted)) == 2.0
            assert float(ops.mean(losses.mean_squared_error(true, predicted))) == 2.0
            assert float(losses.Hinge()(true, predicted)) == 0.0


def test_dtypes() -> None:
    assert losses.MeanSquaredError(dtype="float64")([[1]], [[3]]).dtype == "float64"
    assert losses.MeanSquaredError(dtype=minikeras.DTypePolicy("mixed_float16")).dtype == "float16"
    assert losses.MeanSquaredError()(np.ones((1, 1), "float64"), np.ones((1, 1), "float64")).dtype == "float32"
    assert losses.mean_squared_error([1], [3]).dtype == "float32"
    assert float(losses.mean_squared_error([0.5], [1])) == 0.25  # integer predictions do not round the targets
    minikeras.config.set_floatx("float64")
    assert losses.MeanSquaredError()([[1.0]], [[3.0]]).dtype == "float64"


def test_structures() -> None:
    class Both(Loss):
        def call(self, y_true: dict[str, Any], y_pred: dict[str, Any]) -> Any:
            return ops.abs(y_true["a"] - y_pred["a"]) + ops.abs(y_true["b"][0] - y_pred["b"][0])

    ones = np.ones(2)
    assert float(Both()({"a": ones, "b": [3 * ones]}, {"a": 2 * ones, "b": [ones]})) == 3.0
    assert float(losses.MeanSquaredError()([ones, ones], [2 * ones, ones])) == 0.5
    first = losses.LossFunctionWrapper(lambda true, predicted: predicted["x"] - true["x"])
    assert float(first({"x": np.zeros((2, 1))}, {"x": ones})) == 1.0
    for wrong in ([ones], {"x": ones}, [ones, {"x": ones}]):
        with pytest.raises(ValueError, match="same structure"):
            losses.MeanSquaredError()(wrong, [ones, ones])


def test_masks() -> None:
    true, predicted = np.zeros((1, 4)), Tensor(np.array([[1.0, 2.0, 3.0, 4.0]], "float32"))
    predicted_any: Any = predicted
    predicted_any.keras_mask = Tensor(np.array([[True, False, True, False]]))
    weights = [[1.0, 1.0, 0.5, 1.0]]
    assert float(Signed()(true, predicted)) == 2.0  # (1 + 3) / 2
    assert float(Signed(reduction="sum")(true, predicted)) == 4.0
    assert float(Signed()(true, predicted, weights)) == 1.25
    assert float(Signed(reduction="mean_with_sample_weight")(true, predicted, weights)) == pytest.approx(2.5 / 1.5)
    np.testing.assert_array_equal(Signed(reduction=None)(true, predicted), [[1.0, 0.0, 3.0, 0.0]])
    predicted_any.keras_mask = np.zeros((1, 4), bool)
    assert float(Signed()(true, predicted)) == 0.0


def test_ignored_classes_count_in_no_mean() -> None:
    scores = np.array([[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]], "float32")
    loss = losses.SparseCategoricalCrossentropy(ignore_class=7)
    assert float(loss([7, 0, 7], scores)) == pytest.approx(2 * LOG2)
    assert float(loss([7, 7, 7], scores)) == 0.0
    assert float(loss([7, 0, 7], scores, [1.0, 0.5, 1.0])) == pytest.approx(LOG2)
    x = Tensor(scores)
    with minikeras.GradientTape() as tape:
        tape.watch(x)
        value = loss([7, 0, 7], x)
    gradient = tape.gradient(value, x)
    assert gradient is not None
    np.testing.assert_allclose(gradient.numpy(), [[0, 0], [-3, 1], [0, 0]], atol=1e-6)


def test_what_is_predicted_for_ignored_samples_does_no_harm() -> None:
    scores = [[0.0, 0.0], [0.25, 0.75], [np.nan, np.inf]]
    for from_logits in (False, True):
        loss = losses.SparseCategoricalCrossentropy(from_logits, ignore_class=-1)
        alone = gradient_of(loss, [0], scores[1:2])
        np.testing.assert_array_equal(gradient_of(loss, [-1, 0, -1], scores), [[0, 0], *alone, [0, 0]])


# Gradients and stability


def gradient_of(loss: Any, true: Any, predicted: Any) -> Any:
    x = Tensor(np.asarray(predicted, "float32"))
    with minikeras.GradientTape() as tape:
        tape.watch(x)
        value = loss(true, x)
    gradient = tape.gradient(value, x)
    assert gradient is not None
    return gradient.numpy()


def test_gradients_by_hand() -> None:
    np.testing.assert_allclose(gradient_of(losses.mean_squared_error, [0.0, 1.0], [1.0, 4.0]), [1.0, 3.0])
    np.testing.assert_allclose(gradient_of(losses.mean_absolute_error, [0.0, 1.0], [1.0, -4.0]), [0.5, -0.5])
    np.testing.assert_allclose(gradient_of(losses.mean_absolute_error, [1.0], [1.0]), [-1.0])  # at the kink, as in JAX
    np.testing.assert_allclose(gradient_of(losses.huber, [0.0, 0.0], [0.5, 3.0]), [0.25, 0.5])
    np.testing.assert_allclose(gradient_of(losses.huber, [0.0, 0.0], [1.0, -1e30]), [0.5, -0.5])
    with np.errstate(all="raise"):  # as a square of large errors would
        assert float(losses.huber([0.0], [1e30], 2.0)) == np.float32(2e30)
    np.testing.assert_allclose(gradient_of(losses.hinge, [1.0, -1.0], [0.5, -2.0]), [-0.5, 0.0])
    np.testing.assert_allclose(gradient_of(losses.binary_crossentropy, [1.0], [0.25]), [-4.0], rtol=1e-6)
    np.testing.assert_allclose(gradient_of(losses.poisson, [2.0], [0.5]), [-3.0], rtol=1e-6)
    logits = losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(gradient_of(logits, [1], [[0.0, 0.0]]), [[0.5, -0.5]])


PROBABILITY_LOSSES = [
    losses.BinaryCrossentropy(),
    losses.BinaryFocalCrossentropy(),
    losses.KLDivergence(),
    losses.Poisson(),
    losses.CategoricalCrossentropy(),
    losses.CategoricalFocalCrossentropy(),
    losses.Dice(),
    losses.Tversky(),
    losses.MeanSquaredLogarithmicError(),
]
LOGIT_LOSSES = [
    losses.BinaryCrossentropy(from_logits=True),
    losses.BinaryFocalCrossentropy(from_logits=True),
    losses.CategoricalCrossentropy(from_logits=True),
    losses.CategoricalFocalCrossentropy(from_logits=True),
    losses.LogCosh(),
    losses.Hinge(),
    losses.CosineSimilarity(),
]


@pytest.mark.parametrize("loss", PROBABILITY_LOSSES, ids=lambda loss: loss.name)
def test_saturated_probabilities_give_finite_numbers(loss: Loss) -> None:
    for true in (HOT, [[0.0, 0.0], [1.0, 1.0]], HALF):
        for predicted in ([[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]], [[1e-8, 1.0], [1.0, 1e-8]]):
            with np.errstate(all="raise"):
                assert np.isfinite(float(loss(true, predicted)))
            assert np.isfinite(gradient_of(loss, true, predicted)).all()


@pytest.mark.parametrize("loss", LOGIT_LOSSES, ids=lambda loss: loss.name)
def test_large_logits_give_finite_numbers(loss: Loss) -> None:
    for predicted in ([[1e4, -1e4], [-1e4, 1e4]], [[0.0, 0.0], [0.0, 0.0]], [[90.0, 89.0], [-90.0, 1e-9]]):
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            assert np.isfinite(float(loss(HOT, predicted)))
        assert np.isfinite(gradient_of(loss, HOT, predicted)).all()


def test_an_infinite_score_of_another_class_gives_nan() -> None:
    scores = np.array([[1.0, np.inf, 2.0], [1.0, 1.0, 2.0]])
    with np.errstate(invalid="ignore"):
        found = losses.sparse_categorical_crossentropy([2, 2], scores)
        expected = losses.categorical_crossentropy(np.eye(3)[[2, 2]], scores)
    np.testing.assert_allclose(found, [np.nan, np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(expected, found, rtol=1e-6)


def test_empty_batches_and_zero_weights() -> None:
    nothing, scores = np.zeros((0, 3)), np.full((2, 3), 0.3)
    assert losses.MeanSquaredError()(nothing, nothing).shape == (0,)  # as Keras has it
    assert float(losses.MeanSquaredError()(np.zeros((0, 2, 3)), np.zeros((0, 2, 3)))) == 0.0
    for reduction in get_args(get_args(Reduction)[0]):
        loss = losses.SparseCategoricalCrossentropy(reduction=reduction)
        assert not np.any(loss([0, 1], scores, [0.0, 0.0]))


numbers = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=6)


@given(numbers, st.floats(0.125, 10, width=32))
def test_properties(values: list[float], delta: float) -> None:
    x = np.array([values], "float32")
    for loss in (losses.mse, losses.mae, losses.mape, losses.huber, losses.log_cosh):
        assert abs(float(loss(x, x)[0])) <= 1e-6
        assert float(loss(x, 0 * x)[0]) >= -1e-6  # but for rounding
    half_squares, sizes = float(losses.mse(x, 0 * x)[0]) / 2, float(losses.mae(x, 0 * x)[0])
    assert float(losses.huber(x, 0 * x, delta)[0]) <= min(half_squares, delta * sizes) * (1 + 1e-5) + 1e-6
    p = ops.softmax(x)
    assert float(losses.kl_divergence(p, p)[0]) == 0
    sparse = losses.sparse_categorical_crossentropy([len(values) - 1], x, from_logits=True)
    hot = np.eye(len(values))[-1:]
    if len(values) > 1:
        np.testing.assert_allclose(sparse, losses.categorical_crossentropy(hot, x, from_logits=True), 1e-5, 1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_losses_can_be_traced(name: str) -> None:
    """No value is read in Python, so that training may replay what was recorded."""
    _, _, true, predicted, _ = next(row for row in HAND if row[0] == name)
    loss = getattr(losses, name)()
    output, record = trace(lambda x: loss(true, x), Tensor(np.asarray(predicted, "float32")))
    assert not record.escaped
    assert id(output) in record.produced
    shape = np.shape(true)[1:]
    labels, scores = minikeras.Input(shape), minikeras.Input(np.shape(predicted)[1:])
    assert loss(labels, scores).shape == ()


def test_hinge_labels_are_judged_at_each_replay() -> None:
    labels = Tensor(np.array([0.0, 1.0], "float32"))
    _, record = trace(lambda y: losses.hinge(y, [0.5, 0.5]), labels)
    signs = record.entries[0].op.forward
    np.testing.assert_array_equal(signs(np.array([0.0, 1.0])), [-1.0, 1.0])
    np.testing.assert_array_equal(signs(np.array([0.0, 2.0])), [0.0, 2.0])


# Names and configurations


@pytest.mark.parametrize("name", get_args(LossName))
def test_names(name: Any) -> None:
    loss = losses.get(name)
    if isinstance(loss, Loss):
        assert type(loss).__name__ == name
        assert losses.serialize(loss)["module"] == "keras.losses"
        again = losses.get(type(loss))
        assert type(again) is type(loss)
        assert losses.deserialize(losses.serialize(loss)).get_config() == loss.get_config()
    else:
        assert loss is getattr(losses, name)
        assert losses.deserialize(losses.serialize(loss)) is loss
        assert losses.get(losses.serialize(loss)) is loss
    assert losses.get(loss) is loss
    assert type(losses.deserialize(name)) is type(loss)


def test_none_is_no_loss() -> None:
    assert losses.get(None) is None


@pytest.mark.parametrize(("name", "options"), [(row[0], row[1]) for row in HAND])
def test_configurations(name: str, options: dict[str, Any]) -> None:
    loss = getattr(losses, name)(**options, reduction="sum", name="mine")
    config = loss.get_config()
    assert config["reduction"] == "sum"
    assert config["name"] == "mine"
    assert all(getattr(loss, key) == config[key] == value for key, value in options.items())
    assert type(loss).from_config(config).get_config() == config
    assert losses.get(losses.serialize(loss)).get_config() == config


def test_default_names() -> None:
    assert losses.MeanSquaredError().name == "mean_squared_error"
    assert losses.Huber().name == "huber_loss"
    assert [Signed().name for _ in range(2)] == ["signed", "signed_1"]


def twice(y_true: Any, y_pred: Any, factor: float = 2.0) -> Any:
    return factor * (y_pred - y_true)


def test_custom_losses() -> None:
    assert float(Signed()([1.0], [3.0])) == 2.0
    config = losses.serialize(Signed(name="mine"))
    assert losses.deserialize(config, {"Signed": Signed}).name == "mine"
    assert losses.get(twice) is twice
    wrapper = losses.LossFunctionWrapper(twice, name="twice", factor=3.0)
    assert float(wrapper([1.0], [3.0])) == 6.0
    config = losses.serialize(wrapper)
    assert config["config"]["factor"] == 3.0
    again = losses.deserialize(config, {"twice": twice})
    assert float(again([1.0], [3.0])) == 6.0
    with pytest.raises(NotImplementedError, match="call"):
        Loss()([1.0], [1.0])


# Errors


def test_errors_help() -> None:
    three, labels = np.full((2, 3), 1 / 3), losses.SparseCategoricalCrossentropy()
    with pytest.raises(ValueError, match="'average'"):
        Loss(reduction="average")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Did you mean 'mse'"):
        losses.get("mze")
    with pytest.raises(ValueError, match="Could not interpret loss"):
        losses.get(3)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="MeanSquaredError"):
        losses.deserialize({"class_name": "MeanSquareError", "config": {}})
    with pytest.raises(ValueError, match=r"\(2, 3\), y_pred.shape=\(2, 4\)"):
        losses.MeanSquaredError()(three, np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"\(3, 3\), y_pred.shape=\(2, 3\)"):
        losses.hinge(np.ones((3, 3)), three)
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
        losses.CategoricalCrossentropy()([0, 1], three)
    with pytest.raises(ValueError, match="bool"):
        losses.categorical_crossentropy(three, three, axis=True)
    with pytest.raises(ValueError, match="one-hot"):
        labels(three, three)
    with pytest.raises(ValueError, match=r"from 0 to 2\. Received: targets from 0 to 3"):
        labels([0, 3], three)
    with pytest.raises(ValueError, match=r"from 0 to 2\. Received: targets from -1 to 1"):
        losses.sparse_categorical_crossentropy([1, -1], three)
    for wrong in (0.5, np.nan, np.inf, 1e30):
        with pytest.raises(ValueError, match="whole class numbers from 0 to 2"):
            labels([0.0, wrong], three)
        with pytest.raises(ValueError, match="whole class numbers from 0 to 2"):
            losses.CategoricalGeneralizedCrossEntropy()([0.0, wrong], three)
    with pytest.raises(ValueError, match="'cat'"):
        labels(["cat", "dog"], three)
    for text in (["0", "1"], np.array(["0", "1"])):
        with pytest.raises(ValueError, match="class numbers"):
            losses.sparse_categorical_crossentropy(text, three)
    with pytest.raises(ValueError, match=r"\(2, 3\) and|y_pred.shape=\(2, 3\)"):
        losses.ctc([[1], [1]], three)
    with pytest.raises(ValueError, match="interval"):
        losses.CategoricalGeneralizedCrossEntropy(q=1.0)
    with pytest.raises(ValueError, match="object"):
        losses.MeanSquaredError()(None, three)


def test_label_sequences_are_learned_by_replayed_steps_as_eagerly() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 40, 6)).astype("float32"), rng.integers(1, 5, (8, 9))
    losses_of = []
    for run_eagerly in (False, True):
        minikeras.utils.set_random_seed(1)
        model = minikeras.Sequential([minikeras.layers.Input((40, 6)), minikeras.layers.Dense(5)])
        model.compile("adam", losses.CTC(), run_eagerly=run_eagerly)
        losses_of.append(model.fit(x, y, batch_size=4, epochs=6, verbose=0).history["loss"])
    assert losses_of[0] == pytest.approx(losses_of[1], 1e-5)
    assert losses_of[0][-1] < losses_of[0][0]


def test_one_column_of_classes_is_warned_of() -> None:
    column = np.ones((2, 1))
    for loss in (losses.categorical_crossentropy, losses.categorical_focal_crossentropy):
        with pytest.warns(SyntaxWarning, match="binary_crossentropy") as caught:
            loss(column, column)
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses.categorical_crossentropy(np.ones((1, 2)), np.ones((1, 2)))


# What the annotations promise


def test_types() -> None:
    assert_type(losses.MeanSquaredError(reduction=None)([1.0], [1.0]), Tensor)
    assert_type(losses.Huber(delta=2.0, reduction="sum", name="h", dtype="float64").delta, float)
    assert_type(losses.BinaryCrossentropy(from_logits=True).from_logits, bool)
    assert_type(losses.Huber.from_config({"delta": 2.0}), losses.Huber)
    assert_type(losses.mse([1.0], [1.0]), Tensor)
    assert_type(losses.get(losses.Huber), Loss)
    assert_type(losses.get(None), None)
    name: LossName = "mse"
    assert callable(losses.get(name))


if TYPE_CHECKING:
    losses.MeanSquaredError("average")  # type: ignore[arg-type]
    losses.Huber(delta="1")  # type: ignore[arg-type]
    losses.Huber(deltas=1.0)  # type: ignore[call-arg]
    losses.SparseCategoricalCrossentropy(ignore_class="a")  # type: ignore[arg-type]
    losses.huber([1.0])  # type: ignore[call-arg]
    wrong: losses.LossLike = "mze"  # type: ignore[assignment]
