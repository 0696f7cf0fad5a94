"""Metrics: hand-worked numbers, batches, weights, names, subclasses, replay, errors."""

import copy
import pickle
from typing import TYPE_CHECKING, Any, assert_type

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import minikeras
from minikeras import Tensor, Variable, metrics, ops
from minikeras._jit.program import Program
from minikeras._jit.trace import trace

REQUIRED: dict[str, dict[str, Any]] = {
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    **{name: {"num_classes": 3, "target_class_ids": [0, 2]} for name in ("IoU", "OneHotIoU")},
    **{name: {"num_classes": 3} for name in ("MeanIoU", "OneHotMeanIoU")},
}
CLASSES = sorted(
    name
    for name in metrics.__all__
    if isinstance(getattr(metrics, name), type) and name not in ("Metric", "MeanMetricWrapper", "Mean", "Sum")
)


def make(name: str, **arguments: Any) -> Any:
    return getattr(metrics, name)(**REQUIRED.get(name, {}), **arguments)


def batch(name: str, n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return labels and predictions that a metric takes."""
    scores = rng.uniform(0.05, 1, size=(n, 3)).astype("float32")
    labels = rng.integers(0, 3, size=n).astype("int32")
    if name in ("IoU", "MeanIoU"):
        return labels, scores.argmax(axis=-1)
    if name == "BinaryIoU":
        return labels == 1, scores[:, 1]
    return labels if name.startswith("Sparse") else np.eye(3, dtype="float32")[labels], scores


@pytest.mark.parametrize("name", CLASSES)
def test_a_subclass_computes_what_its_base_does(name: str) -> None:
    data = batch(name, 20, np.random.default_rng(0))
    derived = type("Derived", (getattr(metrics, name),), {})(**REQUIRED.get(name, {}))
    np.testing.assert_array_equal(derived(*data), make(name)(*data))


# --- numbers worked by hand ---------------------------------------------------------------------------------------

TRUE = np.array([0, 0, 1, 1], "float32")
SCORES = np.array([0.1, 0.6, 0.4, 0.9], "float32")
ONE_HOT = np.array([[1, 0], [0, 1], [0, 1], [1, 0]], "float32")
ROWS = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]], "float32")
Y = np.array([[1.0], [2.0], [3.0], [6.0]], "float32")
P = np.array([[1.0], [3.0], [3.0], [4.0]], "float32")


@pytest.mark.parametrize(
    ("metric", "true", "predicted", "expected"),
    [
        (metrics.Accuracy(), [1, 2, 3], [1, 0, 3], 2 / 3),
        (metrics.BinaryAccuracy(), TRUE, SCORES, 0.5),
        (metrics.BinaryAccuracy(threshold=0.6), TRUE, SCORES, 0.75),  # equal to the threshold is a no
        (metrics.BinaryAccuracy(), TRUE[:, None], SCORES, 0.5),
        (metrics.BinaryAccuracy(), TRUE, SCORES[:, None], 0.5),
        (metrics.CategoricalAccuracy(), ONE_HOT, ROWS, 0.75),
        (metrics.SparseCategoricalAccuracy(), [0, 1, 1, 0], ROWS, 0.75),
        (metrics.SparseCategoricalAccuracy(), [[0], [1], [1], [0]], ROWS, 0.75),
        (metrics.TopKCategoricalAccuracy(k=1), ONE_HOT, ROWS, 0.75),
        (metrics.TopKCategoricalAccuracy(k=2), ONE_HOT, ROWS, 1),
        (metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True), [3, 3], [[1, 3, 0], [1, 0, 3]], 0.5),
        (metrics.MeanSquaredError(), Y, P, 5 / 4),
        (metrics.RootMeanSquaredError(), Y, P, (5 / 4) ** 0.5),
        (metrics.MeanAbsoluteError(), Y, P, 3 / 4),
        (metrics.MeanAbsolutePercentageError(), Y, P, 100 * (1 / 2 + 1 / 3) / 4),
        (metrics.R2Score(), Y, P, 1 - 5 / 14),  # mean 3, squares 4 + 1 + 0 + 9
        (metrics.R2Score(num_regressors=1), Y, P, 1 - (5 / 14) * 3 / 2),
        (metrics.R2Score(num_regressors=3), Y, P, 1 - 5 / 14),  # too few samples to adjust
        (metrics.R2Score(), [[1.0], [1.0]], [[1.0], [2.0]], 0),
        (metrics.R2Score(), [[0.0], [0.0], [1.0], [1.0]], [[0.0], [0.0], [1.0], [0.5]], 3 / 4),  # squares of 1 in all
        (metrics.CosineSimilarity(), [[3.0, 4.0]], [[4.0, 3.0]], 24 / 25),
        (metrics.CosineSimilarity(axis=0), [[3.0], [4.0]], [[4.0], [3.0]], 24 / 25),
        (metrics.PearsonCorrelation(), [[1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]], -1),
        (metrics.Hinge(), [[1.0, -1.0]], [[0.5, 0.5]], 1),
        (metrics.BinaryCrossentropy(from_logits=True), [[1.0]], [[0.0]], np.log(2)),
        (metrics.TruePositives(), TRUE, SCORES, 1),
        (metrics.FalsePositives(), TRUE, SCORES, 1),
        (metrics.TrueNegatives(), TRUE, SCORES, 1),
        (metrics.FalseNegatives(), TRUE, SCORES, 1),
        (metrics.TruePositives(thresholds=[0.0, 0.4, 0.5, 0.95]), TRUE, SCORES, [2, 1, 1, 0]),
        (metrics.TruePositives(thresholds=(0.0, 0.5, 1.0)), TRUE, SCORES, [2, 1, 0]),  # evenly spread
        (metrics.Precision(), TRUE, SCORES, 0.5),
        (metrics.Precision(thresholds=0.3), TRUE, SCORES, 2 / 3),
        (metrics.Recall(thresholds=0.3), TRUE, SCORES, 1),
        (metrics.Recall(class_id=1), ONE_HOT, ROWS, 0.5),
        (metrics.Precision(top_k=1), ONE_HOT, ROWS, 0.75),
        (metrics.Precision(), [0, 0], [0.0, 0.0], 0),  # nothing predicted
        (metrics.Recall(), [0, 0], [1.0, 1.0], 0),  # nothing to find
        (metrics.AUC(), TRUE, SCORES, 0.75),  # 3 of the 4 pairs are in order
        (metrics.AUC(), [0, 1], [0.0, 1.0], 1),
        (metrics.AUC(), [0, 0], [0.5, 1.0], 0),  # no positives
        (metrics.AUC(curve="PR", summation_method="minoring"), [1, 1], [0.2, 1.0], 0.5),  # it ends at (0, 0)
        (metrics.AUC(curve="PR", summation_method="majoring"), [1, 1], [0.2, 1.0], 1),
        (metrics.AUC(num_thresholds=None, thresholds=[0.3, 0.5]), [0, 1, 1], [0.2, 0.4, 0.9], 1),
        (metrics.AUC(from_logits=True), [0, 1], [-50.0, 50.0], 1),
        (metrics.TruePositives(thresholds=[0, 0.5, 1]), [1, 1, 1, 1], [0.2, np.nan, 1, 3], [4, 2, 0]),  # as Keras
        (metrics.AUC(), [0, 1, 1], [-3.0, 0.2, 5.0], 1),  # below 0 as 0, above 1 as 1
        (metrics.AUC(multi_label=True), [[0, 1], [1, 0]], [[0.1, 0.1], [0.9, 0.9]], 0.5),
        (metrics.AUC(multi_label=True, label_weights=[3, 1]), [[0, 1], [1, 0]], [[0.1, 0.1], [0.9, 0.9]], 0.75),
        (metrics.SensitivityAtSpecificity(1.0), TRUE, SCORES, 0.5),
        (metrics.SpecificityAtSensitivity(1.0), TRUE, SCORES, 0.5),
        (metrics.PrecisionAtRecall(1.0), TRUE, SCORES, 2 / 3),
        (metrics.RecallAtPrecision(1.0), TRUE, SCORES, 0.5),
        (metrics.RecallAtPrecision(1.0), [0, 0], [0.1, 0.2], 0),  # no threshold will do
        (metrics.F1Score(), ONE_HOT, ROWS, [0.8, 2 / 3]),
        (metrics.F1Score("macro"), ONE_HOT, ROWS, (0.8 + 2 / 3) / 2),
        (metrics.F1Score("micro"), ONE_HOT, ROWS, 0.75),
        (metrics.IoU(3, [0, 2]), [0, 0, 1, 2], [0, 1, 1, 2], (1 / 2 + 1) / 2),
        (metrics.MeanIoU(3), [0, 0, 1, 1], [0, 1, 1, 1], (1 / 2 + 2 / 3) / 2),  # the third class is nowhere
        (metrics.MeanIoU(3, ignore_class=1), [0, 0, 1, 2], [0, 2, 0, 2], (1 / 2 + 1 / 2) / 2),
        (metrics.MeanIoU(2), [0, 1, 255, -1], [0, 1, 1, 0], 1),  # what is labelled otherwise does not count
        (metrics.MeanIoU(2), [[0, 1]], [[0, 0]], 1 / 4),
        (metrics.MeanIoU(2, dtype="float32"), [0.0, 1.0, 1.0], [0.4, 0.6, 1.2], 1 / 2),  # fractions are cut off
        (metrics.BinaryIoU([1], threshold=0.6), TRUE, SCORES, 1 / 3),
        (metrics.OneHotIoU(2, [0]), ONE_HOT, ROWS, 2 / 3),
        (metrics.OneHotMeanIoU(2, sparse_y_pred=True), ONE_HOT, [0, 1, 0, 0], (2 / 3 + 1 / 2) / 2),
        (metrics.FBetaScore("micro", beta=2.0, threshold=0.65), ONE_HOT, ROWS, 5 * 2 / 3 / 2 / (4 * 2 / 3 + 1 / 2)),
    ],
)
def test_hand_numbers(metric: Any, true: Any, predicted: Any, expected: Any) -> None:
    np.testing.assert_allclose(metric(true, predicted), expected, rtol=1e-6, atol=2e-7)


@pytest.mark.parametrize(
    ("values", "weights", "total", "count", "summed"),
    [
        ([1.0, 2.0], None, 3, 2, 3),
        (5.0, None, 5, 1, 5),
        ([[1.0, 3.0], [5.0, 7.0]], None, 8, 2, 16),  # the means of two samples
        ([[1.0, 3.0], [5.0, 7.0]], [1.0, 0.5], 5, 1.5, 10),
        ([[1.0, 3.0], [5.0, 7.0]], [[1.0, 0.0], [1.0, 1.0]], 6.5, 1.5, 13),
        ([[1.0], [2.0]], [1.0, 3.0], 7, 4, 7),
        ([1.0, 2.0], [[1.0], [3.0]], 7, 4, 7),
        ([1.0, 2.0], [0.0, 0.0], 0, 0, 0),
        ([], None, 0, 0, 0),
        (np.ones((0, 1)), None, 0, 0, 0),
    ],
)
def test_means_and_sums(values: Any, weights: Any, total: float, count: float, summed: float) -> None:
    mean, sums = metrics.Mean(), metrics.Sum()
    for metric in (mean, sums):
        metric.update_state(values, weights)
    assert (float(mean.total), float(mean.count)) == (total, count)
    assert float(mean.result()) == pytest.approx(total / count if count else 0)
    assert float(sums.result()) == summed


def test_masks_multiply_weights() -> None:
    predicted: Any = Tensor(np.array([[1.0], [2.0], [4.0]], "float32"))
    predicted.keras_mask = Tensor(np.array([True, False, True]))
    metric = metrics.MeanAbsoluteError()
    metric.update_state(np.zeros((3, 1)), predicted)
    assert float(metric.result()) == 2.5
    metric.reset_state()
    metric.update_state(np.zeros((3, 1)), predicted, [3.0, 1.0, 1.0])
    assert float(metric.result()) == 7 / 4
    mean = metrics.Mean()
    mean.update_state(predicted)  # the mask changes weights alone, and there are none
    assert float(mean.result()) == pytest.approx(7 / 3)


def test_class_numbers_in_columns_give_one_result_a_sample() -> None:
    scores = [[[0.1, 0.9]], [[0.3, 0.7]]]
    assert metrics.sparse_categorical_accuracy([[1], [0]], scores).tolist() == [1, 0]


# --- batch by batch -----------------------------------------------------------------------------------------------

sizes = st.integers(2, 12)


@settings(max_examples=25)
@given(scores=arrays("float32", st.tuples(sizes, st.just(1)), elements=st.floats(0, 1, width=32)), data=st.data())
def test_batches_are_one_batch(scores: Any, data: Any) -> None:
    n = len(scores)
    cut = data.draw(st.integers(1, n - 1))
    true = data.draw(arrays("float32", (n, 1), elements=st.sampled_from([0.0, 1.0])))
    weights = data.draw(st.none() | arrays("float32", n, elements=st.sampled_from([0.0, 0.5, 1.0, 2.0])))
    for name in ("BinaryAccuracy", "MeanSquaredError", "Precision", "AUC", "FalseNegatives", "RootMeanSquaredError"):
        whole, parts = make(name), make(name)
        whole.update_state(true, scores, weights)
        for part in (slice(cut), slice(cut, n)):
            parts.update_state(true[part], scores[part], None if weights is None else weights[part])
        np.testing.assert_allclose(parts.result(), whole.result(), rtol=1e-5, atol=1e-6)
        assert 0 <= float(whole.result()) <= n * 2


@settings(max_examples=40)
@given(
    scores=arrays("float32", 12, elements=st.floats(0, 1, width=32)),
    true=arrays("float32", 12, elements=st.sampled_from([0.0, 1.0])),
    count=st.integers(2, 20),
)
def test_counts_are_those_of_a_loop(scores: Any, true: Any, count: int) -> None:
    thresholds = np.sort(np.random.default_rng(count).uniform(size=count)).tolist()
    for name, label, above in (
        ("TruePositives", 1, True), ("FalsePositives", 0, True), ("FalseNegatives", 1, False),
        ("TrueNegatives", 0, False),
    ):  # fmt: skip
        expected = [np.sum((true == label) & ((scores > np.float32(t)) == above)) for t in thresholds]
        np.testing.assert_array_equal(make(name, thresholds=thresholds)(true, scores), expected)


@pytest.mark.parametrize("name", CLASSES)
def test_reset_copies_and_stateless_calls(name: str) -> None:
    rng = np.random.default_rng(0)
    metric = make(name)
    first = np.asarray(metric(*batch(name, 5, rng)))
    twin = copy.deepcopy(metric)
    values = [v.numpy() for v in metric.variables]
    metric.update_state(*batch(name, 5, rng))
    np.testing.assert_array_equal(twin.result(), first)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(twin)).result(), first)
    np.testing.assert_array_equal(metric.stateless_result(values), first)
    new = metric.stateless_update_state(values, *batch(name, 5, np.random.default_rng(1)))
    twin.update_state(*batch(name, 5, np.random.default_rng(1)))
    for a, b in zip(new, twin.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any(np.any(v) for v in metric.stateless_reset_state())
    assert any(np.any(v.numpy()) for v in metric.variables)
    metric.reset_state()
    assert not any(np.any(v.numpy()) for v in metric.variables)
    metric.update_state(*batch(name, 5, np.random.default_rng(0)))
    np.testing.assert_array_equal(metric.result(), first)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CLASSES)
def test_a_replay_is_the_eager_run(name: str, weighted: bool) -> None:
    """Updating and computing the result can be traced: no value is looked at on the way."""
    rng = np.random.default_rng(0)
    arguments: dict[str, Any] = {"num_regressors": 1} if name == "R2Score" else {}
    if weighted and "IoU" in name:
        arguments = {"dtype": "float32"}
    batches = [(*batch(name, 6, rng), rng.uniform(size=6).astype("float32")) for _ in range(3)]
    eager, replayed = make(name, **arguments), make(name, **arguments)
    for metric in (eager, replayed):
        metric.update_state(*batches[0][:2])  # makes the variables

    def step(inputs: list[Tensor]) -> Any:
        replayed.update_state(*inputs)
        return replayed.result()

    inputs = [Tensor(x) for x in batches[1][: 3 if weighted else 2]]
    output, record = trace(step, inputs)
    assert not record.escaped
    program = Program(record.entries, inputs, output)
    wanted = eager(*batches[1][: len(inputs)])
    np.testing.assert_array_equal(output, wanted)
    wanted = eager(*batches[2][: len(inputs)])
    program.run(batches[2][: len(inputs)])
    np.testing.assert_array_equal(program.outputs(), wanted)
    for a, b in zip(replayed.variables, eager.variables, strict=True):
        np.testing.assert_array_equal(a, b)


# --- names, configurations, subclasses ----------------------------------------------------------------------------


def test_names() -> None:
    assert [metrics.AUC().name for _ in range(2)] == ["auc", "auc_1"]
    assert metrics.Mean().name == "mean"
    assert repr(metrics.get("mse")) == "<MeanSquaredError name=mean_squared_error>"
    assert metrics.get(None) is None
    assert metrics.get(metrics.binary_accuracy) is metrics.binary_accuracy
    assert [v.path for v in metrics.Mean(name="a/b").variables] == ["a>b/total", "a>b/count"]
    with pytest.raises(ValueError, match="Did you mean 'BinaryAccuracy'"):
        metrics.get("BinaryAcuracy")


@pytest.mark.parametrize("name", [*CLASSES, "Mean", "Sum"])
def test_configurations(name: str) -> None:
    metric = make(name, dtype="float64")
    for loaded in (metrics.deserialize(metrics.serialize(metric)), type(metric).from_config(metric.get_config())):
        assert type(loaded) is type(metric)
        assert loaded.dtype == "float64"
        assert loaded.get_config() == metric.get_config()


def distance(y_true: Any, y_pred: Any, power: float = 1.0) -> Any:
    return ops.abs(ops.convert_to_tensor(y_true) - y_pred) ** power


def test_wrapped_functions() -> None:
    for fn, custom in ((distance, {"distance": distance}), (metrics.huber, {}), (minikeras.losses.Huber(), {})):
        metric = metrics.MeanMetricWrapper(fn, name="w")
        loaded = metrics.deserialize(metrics.serialize(metric), custom)
        data = (np.zeros((2, 1), "float32"), np.array([[0.5], [1.0]], "float32"))
        assert float(loaded(*data)) == float(metric(*data))
    squared = metrics.MeanMetricWrapper(distance, power=2.0)
    assert float(squared([1.0, 2.0], [1.0, 4.0])) == 2
    assert squared.get_config()["power"] == 2.0
    assert metrics.deserialize(metrics.serialize(metrics.huber)) is metrics.huber
    with pytest.raises(ValueError, match="Unknown function: 'distance'"):
        metrics.deserialize(metrics.serialize(squared))


class Span(metrics.Metric):
    """The smallest and the largest value, and how many there were."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.low = self.add_weight(name="low")
        self.high = Variable([0.0], name="high")
        self.inner = {"count": [metrics.Sum(name="count")]}

    def update_state(self, values: Any) -> None:
        self.low.assign(ops.minimum(self.low, ops.min(values)))
        self.high.assign(ops.maximum(self.high, ops.max(values)))
        self.inner["count"][0].update_state(ops.ones(len(values)))

    def result(self) -> dict[str, Tensor]:
        return {"low": self.low.value, "high": self.high[0], "count": self.inner["count"][0].result()}


def test_custom_metrics() -> None:
    metric = Span()
    assert metric.name == "span"
    assert [v.path for v in metric.variables] == ["span/low", "high", "count/total"]
    result = metric(np.array([-2.0, 5.0], "float32"))
    assert {key: float(value) for key, value in result.items()} == {"low": -2, "high": 5, "count": 2}
    metric.reset_state()
    assert [float(np.sum(v.numpy())) for v in metric.variables] == [0, 0, 0]
    assert minikeras.Metric is metrics.Metric


def test_dtypes() -> None:
    assert metrics.Mean(dtype="mixed_float16").get_config() == {"name": "mean", "dtype": "float16"}
    minikeras.config.set_floatx("float64")
    precise = metrics.MeanSquaredError()
    assert precise(np.zeros((1, 1)), np.full((1, 1), 1e-9)).dtype == "float64"
    assert float(precise.result()) == pytest.approx(1e-18)


# --- errors, types ------------------------------------------------------------------------------------------------


def test_errors_help() -> None:
    with pytest.raises(ValueError, match=r"\[1.5\]"):
        metrics.Precision(thresholds=[0.5, 1.5])
    with pytest.raises(ValueError, match=r"y_true.shape=\(2, 1\), y_pred.shape=\(3, 1\)"):
        metrics.Recall()([[1], [0]], [[0.5], [0.5], [0.5]])
    with pytest.raises(ValueError, match="class_id"):
        metrics.Recall(class_id=1)([1], [0.5])
    with pytest.raises(ValueError, match="multi_label"):
        metrics.AUC(multi_label=True)([1], [0.5])
    with pytest.raises(ValueError, match="F1Score needs tensors of shape"):
        metrics.F1Score()([1], [0.5])
    with pytest.raises(NotImplementedError, match=r"Metric.*update_state"):
        metrics.Metric().update_state()
    with pytest.raises(ValueError, match="takes 2 values"):
        metrics.Mean().stateless_result([1.0])


def test_types() -> None:
    metric = metrics.AUC(curve="PR")
    assert_type(metric.result(), Tensor)
    assert_type(metric.variables, list[Variable])
    assert_type(metric.thresholds, list[float])
    assert_type(metrics.Mean.from_config({}), metrics.Mean)
    assert_type(metrics.get("mse"), metrics.Metric)
    assert_type(metrics.binary_accuracy([1.0], [0.5]), Tensor)
    if TYPE_CHECKING:
        metrics.AUC(curve="ROK")  # type: ignore[arg-type]
        metrics.F1Score(average="all")  # type: ignore[arg-type]
        metrics.BinaryAccuracy(thresold=0.5)  # type: ignore[call-arg]


@pytest.mark.parametrize("start", [ops.convert_to_tensor([1, 1]), [1, 1], "ones", {"class_name": "Ones", "config": {}},
                                   minikeras.initializers.Ones, lambda shape, dtype: np.ones(shape)])  # fmt: skip
def test_the_state_may_start_from_values_or_any_form_of_an_initializer(start: Any) -> None:
    class Started(metrics.Metric):
        pass

    variable = Started().add_variable((2,), start)
    assert variable.numpy().tolist() == [1.0, 1.0]
    assert variable.dtype == "float32"
    assert Started().add_variable((2,), start, "int32").dtype == "int32"


def test_a_mean_that_cannot_be_weighted_is_named() -> None:
    metric = metrics.MeanMetricWrapper(lambda y_true, y_pred: ops.mean(ops.abs(y_true - y_pred)))
    with pytest.raises(ValueError, match=r"of shape \(2,\), do not fit its values of shape \(\)\. Return a value"):
        metric.update_state(ops.array([1.0, 2.0]), ops.array([1.0, 4.0]), [1.0, 0.0])


def test_an_infinite_score_counts_as_none() -> None:
    metric = metrics.R2Score()
    with np.errstate(over="ignore"):  # the square of 1e30
        metric.update_state([[1.0], [2.0]], [[1e30], [1.0]])
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize(("name", "shape"), [("F1Score", (4, 3)), ("R2Score", (4, 1))])
def test_a_stateless_update_that_makes_the_variables_leaves_them_zero(name: str, shape: tuple[int, ...]) -> None:
    metric = getattr(metrics, name)()
    x = np.random.default_rng(0).uniform(size=shape).astype("float32")
    after = metric.stateless_update_state(metric.stateless_reset_state(), np.round(x), x)
    assert any(np.any(value) for value in after)
    assert not any(np.any(v) for v in metric.variables)
