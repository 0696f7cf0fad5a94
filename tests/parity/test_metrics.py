"""Every metric beside Keras's: results and variables batch by batch, configurations, names, signatures, errors."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from minikeras import metrics

pytestmark = pytest.mark.parity

NAMES = sorted({n for n in dir(keras.metrics) if n[0] != "_"})
CLASSES = [n for n in NAMES if isinstance(getattr(keras.metrics, n), type)]
FUNCTIONS = [n for n in NAMES if n not in CLASSES and n not in ("get", "serialize", "deserialize")]
RNG = np.random.default_rng

Data = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def real(rng: np.random.Generator, *shape: int) -> Data:
    return rng.normal(size=shape).astype("float32"), rng.normal(size=shape).astype("float32")


def binary(rng: np.random.Generator, *shape: int) -> Data:
    """Labels, and probabilities among which are 0, 1 and many thresholds."""
    scores = rng.uniform(size=shape)
    scores = np.where(rng.uniform(size=shape) < 0.5, np.round(scores * 4) / 4, scores)
    return rng.integers(0, 2, size=shape).astype("float32"), scores.astype("float32")


def flat(rng: np.random.Generator, n: int) -> Data:
    true, scores = binary(rng, n, 1)
    return true[:, 0], scores


def hot(rng: np.random.Generator, n: int) -> Data:
    scores = rng.uniform(0.01, 1, size=(n, 4)).astype("float32")
    return np.eye(4, dtype="float32")[rng.integers(0, 4, size=n)], scores / scores.sum(-1, keepdims=True)


def sparse(rng: np.random.Generator, n: int) -> Data:
    true, scores = hot(rng, n)
    return true.argmax(-1).astype("int32"), scores


def column(rng: np.random.Generator, n: int) -> Data:
    true, scores = sparse(rng, n)
    return true[:, None], scores


def sequences(rng: np.random.Generator, n: int) -> Data:
    true, scores = zip(*[sparse(rng, 3) for _ in range(n)], strict=True)
    return np.array(true), np.array(scores)


def saturated(rng: np.random.Generator, n: int) -> Data:
    true, scores = hot(rng, n)
    return true, np.eye(4, dtype="float32")[scores.argmax(-1)]


def ranked(rng: np.random.Generator, n: int) -> Data:
    return rng.integers(0, 9, size=n).astype("int32"), np.array([rng.permutation(9) for _ in range(n)], "int32")


def regions(rng: np.random.Generator, n: int) -> Data:
    """Class numbers up to 3, and two that are none."""
    return rng.choice([0, 1, 2, 3, -1, 255], size=n).astype("int32"), rng.integers(0, 4, size=n).astype("int32")


def one_sided(rng: np.random.Generator, n: int) -> Data:
    return np.zeros((n, 3), "float32"), binary(rng, n, 3)[1]


def constant(rng: np.random.Generator, n: int) -> Data:
    return np.ones((n, 3), "float32"), real(rng, n, 3)[1]


def of(maker: Callable[..., Data], *shape: int) -> Callable[..., Data]:
    def make(rng: np.random.Generator, n: int) -> Data:
        return maker(rng, n, *shape)

    make.__name__ = f"{maker.__name__}{shape}"
    return make


REAL = [of(real, 3), of(real, 1), of(real), of(real, 2, 3)]
BINARY = [of(binary, 3), of(binary, 1), of(binary), flat, one_sided]
THRESHOLDS: list[dict[str, Any]] = [{}, {"thresholds": 0.25}, {"thresholds": [0.0, 0.25, 0.7]},
                                    {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}]  # fmt: skip
AT: list[dict[str, Any]] = [{}, {"num_thresholds": 5}, {"num_thresholds": 2}, {"num_thresholds": 1}, {"class_id": 0}]
CURVES: list[dict[str, Any]] = [
    {"curve": curve, "summation_method": method, **more}
    for curve in ("ROC", "PR", "PRGAIN")
    for method in ("interpolation", "minoring", "majoring")
    for more in ({}, {"num_thresholds": 5})
]
LABELS: list[dict[str, Any]] = [
    {"multi_label": True}, {"multi_label": True, "num_labels": 3, "curve": "PR"},
    {"multi_label": True, "label_weights": [1.0, 2.0, 0.5]}, {"label_weights": [1.0, 2.0, 0.5]},
    {"multi_label": True, "thresholds": [0.3, 0.6], "curve": "PR", "summation_method": "majoring"},
]  # fmt: skip
COUNTED: list[dict[str, Any]] = [{}, {"dtype": "float32"}, {"ignore_class": 1}]
AVERAGES: list[dict[str, Any]] = [{"average": a} for a in (None, "micro", "macro", "weighted")]

# Class: what makes its data, and its arguments.
TABLE: dict[str, list[tuple[list[Callable[..., Data]], list[dict[str, Any]]]]] = {
    "Accuracy": [([of(binary, 2), of(binary), flat], [{}])],
    "BinaryAccuracy": [(BINARY, [{}, {"threshold": 0.25}, {"threshold": 0.7}])],
    "CategoricalAccuracy": [([hot, saturated, of(binary, 2, 3)], [{}])],
    "SparseCategoricalAccuracy": [([sparse, column, sequences], [{}])],
    "TopKCategoricalAccuracy": [([hot, saturated], [{"k": 1}, {"k": 2}, {}])],
    "SparseTopKCategoricalAccuracy": [([sparse, column, sequences], [{"k": 1}, {"k": 2}, {}]),
                                      ([ranked], [{"k": 3, "from_sorted_ids": True}])],
    "MeanSquaredError": [(REAL, [{}])],
    "RootMeanSquaredError": [(REAL, [{}])],
    "MeanAbsoluteError": [(REAL, [{}])],
    "MeanAbsolutePercentageError": [(REAL, [{}])],
    "MeanSquaredLogarithmicError": [(REAL, [{}])],
    "LogCoshError": [(REAL, [{}])],
    "CosineSimilarity": [([of(real, 3), of(real, 2, 3)], [{}, {"axis": 1}])],
    "PearsonCorrelation": [([of(real, 5), of(real, 2, 5)], [{}])],
    "ConcordanceCorrelation": [([of(real, 5), of(real, 2, 5), constant], [{}])],
    "R2Score": [([of(real, 3), of(real, 1), constant],
                 [{}, {"class_aggregation": None}, {"class_aggregation": "variance_weighted_average"},
                  {"num_regressors": 2}])],
    "BinaryCrossentropy": [(BINARY[:3], [{}, {"label_smoothing": 0.2}]), ([of(real, 3)], [{"from_logits": True}])],
    "CategoricalCrossentropy": [([hot, saturated], [{}, {"label_smoothing": 0.2}, {"from_logits": True}])],
    "SparseCategoricalCrossentropy": [([sparse, column, sequences], [{}, {"from_logits": True}, {"ignore_class": 1}])],
    "KLDivergence": [([hot, saturated, of(binary, 3)], [{}])],
    "Poisson": [([hot, of(binary, 3)], [{}])],
    "Hinge": [([of(binary, 3), of(real, 3)], [{}])],
    "SquaredHinge": [([of(binary, 3), of(real, 3)], [{}])],
    "CategoricalHinge": [([hot, saturated], [{}])],
    **{name: [(BINARY, THRESHOLDS)] for name in ("FalsePositives", "FalseNegatives", "TruePositives", "TrueNegatives")},
    **{name: [(BINARY, THRESHOLDS), ([of(binary, 3)], [{"class_id": 1}]),
              ([of(real, 3)], [{"thresholds": [0.0, 0.5, 1.0]}, {"thresholds": [0.0, 1.0]}]),
              ([hot], [{"top_k": 2}, {"top_k": 2, "class_id": 1}, {"top_k": 3, "thresholds": 0.2}])]
       for name in ("Precision", "Recall")},
    "SensitivityAtSpecificity": [([of(binary, 3), one_sided], [{"specificity": 0.6, **a} for a in AT])],
    "SpecificityAtSensitivity": [([of(binary, 3), one_sided], [{"sensitivity": 0.6, **a} for a in AT])],
    "PrecisionAtRecall": [([of(binary, 3), one_sided], [{"recall": 0.6, **a} for a in AT])],
    "RecallAtPrecision": [([of(binary, 3), one_sided], [{"precision": 0.6, **a} for a in AT])],
    "AUC": [([of(binary, 3), one_sided], CURVES), (BINARY, [{}, {"thresholds": [0.3, 0.6]}, {"num_thresholds": 2}]),
            ([of(binary, 3)], LABELS),
            ([of(real, 3)], [{"from_logits": True}, *CURVES, *LABELS, {"num_thresholds": 2},
                             {"thresholds": [0.25, 0.5, 0.75]}, {"thresholds": [0.3, 0.6]}])],
    "IoU": [([regions], [{"num_classes": 3, "target_class_ids": [0, 2], **a} for a in COUNTED]),
            ([hot], [{"num_classes": 4, "target_class_ids": (1,), "sparse_y_true": False, "sparse_y_pred": False}])],
    "MeanIoU": [([regions], [{"num_classes": 4, **a} for a in COUNTED])],
    "OneHotIoU": [([hot], [{"num_classes": 4, "target_class_ids": [1, 3], **a} for a in COUNTED])],
    "OneHotMeanIoU": [([hot], [{"num_classes": 4, **a} for a in COUNTED])],
    "BinaryIoU": [(BINARY[:4], [{}, {"target_class_ids": [1], "threshold": 0.25, "dtype": "float32"}])],
    "F1Score": [([of(binary, 3), hot, one_sided], [*AVERAGES, {"threshold": 0.25}])],
    "FBetaScore": [([of(binary, 3), hot],
                    [{"beta": 2.0, **a, **t} for a in AVERAGES for t in ({}, {"threshold": 0.5})])],
}  # fmt: skip
REQUIRED = {"SensitivityAtSpecificity": {"specificity": 0.5}, "SpecificityAtSensitivity": {"sensitivity": 0.5},
            "PrecisionAtRecall": {"recall": 0.5}, "RecallAtPrecision": {"precision": 0.5},
            **{name: TABLE[name][0][1][0] for name in ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")}}  # fmt: skip


def pair(metric: str, /, **arguments: Any) -> tuple[Any, Any]:
    return getattr(metrics, metric)(**arguments), getattr(keras.metrics, metric)(**arguments)


def close(ours: Any, theirs: Any, label: object = "", scale: float = 1.0) -> None:
    assert np.shape(ours) == np.shape(theirs), label
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * scale, err_msg=str(label))


def compare(ours: Any, theirs: Any, label: object = "") -> None:
    with quiet():
        wanted = theirs.result()
    close(ours.result(), wanted, label)
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    for a, b in zip(ours.variables, theirs.variables, strict=True):
        assert (a.name, a.dtype, a.trainable, a.aggregation) == (b.name, b.dtype, b.trainable, b.aggregation)
        close(a, b.numpy(), (label, a.name), max(1.0, float(np.abs(b.numpy()).max(initial=0))))


@contextmanager
def quiet() -> Iterator[None]:
    """Let Keras divide by zero on NumPy, and warn."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def weights_of(rng: np.random.Generator, kind: str, true: Any) -> Any:
    if kind == "none":
        return None
    shape = {"sample": true.shape[:1], "column": (len(true), 1), "value": true.shape, "zero": true.shape[:1]}[kind]
    return np.zeros(shape, "float32") if kind == "zero" else rng.integers(0, 8, size=shape).astype("float32") / 4


@pytest.mark.parametrize("name", sorted(TABLE))
def test_results(name: str) -> None:
    kinds = ["none", "sample", "zero", "column", "value"]
    if name in ("F1Score", "FBetaScore"):
        kinds = kinds[:3]  # Keras takes others by accident
    for makers, variants in TABLE[name]:
        for make, arguments, kind in product(makers, variants, kinds):
            stream(name, make, arguments, kind)


def stream(name: str, make: Callable[..., Data], arguments: dict[str, Any], kind: str) -> None:
    """Compare after each of several batches, and after a reset."""
    rng, label = RNG(1), (name, make.__name__, arguments, kind)
    ours, theirs = pair(name, **arguments)
    for n in (6, 1, 8):
        true, predicted = make(rng, n)
        weights = weights_of(rng, kind, true)
        try:
            with quiet():
                theirs.update_state(true, predicted, sample_weight=weights)
        except ValueError:
            assert kind != "none", label
            if "ignore_class" not in arguments:  # whose mask Keras cannot widen
                with pytest.raises(ValueError, match=r"."), quiet():
                    ours.update_state(true, predicted, sample_weight=weights)
            return
        with quiet() if "IoU" in name else nullcontext():  # which warn of weights that are cut to integers
            ours.update_state(true, predicted, sample_weight=weights)
        compare(ours, theirs, (*label, n))
    for metric in (ours, theirs):
        metric.reset_state()
    compare(ours, theirs, label)


VALUES: list[Any] = [
    [1.0, 2.0], 5.0, [[1.0, 2.0], [3.0, 4.0]], [], [[[1.0, 2.0], [3.0, 4.0]]], np.ones((3, 1)), np.ones((0, 2)),
    [1, 2, 4],
]  # fmt: skip
WEIGHTS: list[Any] = [None, 0.5, [1.0, 0.0], [[1.0], [3.0]], [[1.0, 0.0], [1.0, 1.0]], [[1.0, 2.0]], [2.0, 3.0, 4.0]]


@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_sums_and_means(name: str) -> None:
    tried = 0
    for dtype in (None, "float64", "float16", "mixed_float16"):
        for values in VALUES:
            for weights in WEIGHTS:
                ours, theirs = pair(name, dtype=dtype)
                assert ours.dtype == theirs.dtype
                try:
                    with quiet():
                        theirs.update_state(values, sample_weight=weights)
                except ValueError:
                    with pytest.raises(ValueError, match=r"."):
                        ours.update_state(values, sample_weight=weights)
                    continue
                with quiet():  # the mean of nothing
                    ours.update_state(values, sample_weight=weights)
                compare(ours, theirs)
                tried += 1
    assert tried > 100


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_dtypes(dtype: str) -> None:
    for name, rows in TABLE.items():
        make, arguments = rows[0][0][0], rows[0][1][0]
        ours, theirs = pair(name, dtype=dtype, **arguments)
        for metric in (ours, theirs):
            metric.update_state(*make(RNG(0), 7))
        assert [v.dtype for v in ours.variables] == [v.dtype for v in theirs.variables], name
        with quiet():
            wanted = theirs.result()
        np.testing.assert_allclose(ours.result(), wanted, 2e-3 if dtype == "float16" else 1e-6, 1e-6, err_msg=name)


@pytest.mark.parametrize("name", ["MeanSquaredError", "BinaryAccuracy"])
def test_masks(name: str) -> None:
    for shape in ((4, 3), (4, 3, 2)):
        true, predicted = binary(RNG(0), *shape)
        mask = RNG(1).uniform(size=(4, 3)) < 0.5 if len(shape) == 3 else np.array([True, False, True, True])
        for weights in (None, np.arange(4, dtype="float32")):
            if weights is not None and len(shape) == 3:
                continue
            ours, theirs = pair(name)
            y: Any = minikeras.Tensor(predicted)
            y.keras_mask = minikeras.Tensor(mask)
            ours.update_state(true, y, weights)

            class Masked(np.ndarray[Any, Any]):
                _keras_mask = mask

            theirs.update_state(true, predicted.view(Masked), weights)
            compare(ours, theirs)


def test_functions() -> None:
    for name in FUNCTIONS:
        ours, theirs = getattr(metrics, name), getattr(keras.metrics, name)
        assert shown(ours) == shown(theirs)
        for make in [sparse, column, sequences] if name.startswith("sparse") else [hot, of(binary, 3)]:
            true, predicted = make(RNG(3), 6)
            with quiet():
                wanted = theirs(true, predicted)
            close(ours(true, predicted), wanted, name)


def test_names_that_a_model_takes_are_counted_once() -> None:
    for lib in (keras, minikeras):
        model = lib.Sequential([lib.Input((3,)), lib.layers.Dense(1, "sigmoid")])
        names = []
        for _ in range(2):
            model.compile("sgd", "mse", metrics=["precision", lib.metrics.AUC()])
            with quiet():
                model.evaluate(np.ones((4, 3)), np.ones(4), verbose=0)
            names.append((lib.metrics.Precision().name, lib.metrics.AUC().name))
        if lib is keras:
            wanted = names
    assert names == wanted


def shown(function: Any) -> list[tuple[str, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found]


METHODS = ("update_state", "reset_state", "result", "add_variable", "add_weight", "__call__", "get_config",
                   "from_config", "stateless_update_state", "stateless_result", "stateless_reset_state")  # fmt: skip


def test_signatures() -> None:
    for name in CLASSES:
        ours, theirs = getattr(metrics, name), getattr(keras.metrics, name)
        assert shown(ours) == shown(theirs)
        for method in METHODS:
            assert shown(getattr(ours, method)) == shown(getattr(theirs, method)), (name, method)


@pytest.mark.parametrize("name", sorted({*CLASSES} - {"Metric", "MeanMetricWrapper"}))
def test_configurations(name: str) -> None:
    for arguments in [{}, {"name": "other", "dtype": "float64"}, *(a for _, rows in TABLE.get(name, []) for a in rows)]:
        if "label_weights" in arguments:
            continue
        ours, theirs = pair(name, **{**REQUIRED.get(name, {}), **arguments})
        axis = {"axis": 1} if name == "CosineSimilarity" and "axis" in arguments else {}  # Keras forgets it
        config = theirs.get_config() | axis
        assert ours.get_config() == config
        assert getattr(ours, "_direction", None) == getattr(theirs, "_direction", None)
        assert repr(ours) == repr(theirs)
        written = keras.metrics.serialize(theirs)
        assert metrics.serialize(ours) == written | {"config": config}
        assert metrics.deserialize(written).get_config() == theirs.get_config()
        assert metrics.get(metrics.serialize(ours)).get_config() == config
        assert keras.metrics.deserialize(metrics.serialize(ours)).get_config() == theirs.get_config()


def test_configurations_of_wrappers() -> None:
    for fn, loss in (("binary_accuracy", None), ("mean_squared_error", None), (None, "MeanSquaredError")):
        ours, theirs = (
            k.metrics.MeanMetricWrapper(getattr(k.metrics, fn) if fn else getattr(k.losses, str(loss))(), "w")
            for k in (minikeras, keras)
        )
        assert metrics.serialize(ours) == keras.metrics.serialize(theirs)
        assert getattr(ours, "_direction", None) == getattr(theirs, "_direction", None)
        loaded = metrics.deserialize(keras.metrics.serialize(theirs))
        assert loaded.get_config() == ours.get_config()
        data = hot(RNG(0), 5)
        np.testing.assert_allclose(float(loaded(*data)), float(theirs(*data)), rtol=1e-6)
    weighted = metrics.serialize(metrics.AUC(label_weights=[1.0, 2.0]))
    assert keras.metrics.deserialize(weighted).label_weights.tolist() == [1.0, 2.0]
    theirs = keras.metrics.serialize(keras.metrics.AUC(label_weights=[1.0, 2.0]))
    assert metrics.deserialize(theirs).get_config() == weighted["config"]


def test_identifiers() -> None:
    from keras.src.metrics import ALL_OBJECTS_DICT  # Keras does not publish the names it accepts

    assert {name: cls.__name__ for name, cls in metrics.registry.names.items()} == {
        name: cls.__name__ for name, cls in ALL_OBJECTS_DICT.items()
    }
    for name, cls in ALL_OBJECTS_DICT.items():
        if cls.__name__ not in (*REQUIRED, "MeanMetricWrapper"):
            assert repr(metrics.get(name)) == repr(keras.metrics.get(name))
    for wrong in ("acc", "ce", "nothing", 5):
        for get in (metrics.get, keras.metrics.get):
            with pytest.raises(ValueError, match=r"nterpret|Unknown"):
                get(wrong)  # type: ignore[arg-type]


def test_none_is_missing() -> None:
    assert set(NAMES) == set(metrics.__all__)


X = np.array([[1.0, 0.0]], "float32")
WRONG: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ("Precision", {"thresholds": 1.5}, ()),
    ("Recall", {"thresholds": [0.5, None]}, ()),
    ("FalsePositives", {"thresholds": -0.1}, ()),
    ("Precision", {"class_id": 0}, (X[0], X[0])),
    ("Precision", {}, (X, np.ones((1, 3), "float32"))),
    ("AUC", {"curve": "x"}, ()),
    ("AUC", {"summation_method": "x"}, ()),
    ("AUC", {"num_thresholds": 1}, ()),
    ("AUC", {"num_labels": 2}, ()),
    ("AUC", {"multi_label": True}, (X[0], X[0])),
    ("SensitivityAtSpecificity", {"specificity": 2}, ()),
    ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 0}, ()),
    ("R2Score", {"class_aggregation": "x"}, ()),
    ("R2Score", {"num_regressors": -1}, ()),
    ("R2Score", {}, (X[0], X[0])),
    ("FBetaScore", {"beta": 1}, ()),
    ("FBetaScore", {"beta": -1.0}, ()),
    ("FBetaScore", {"threshold": 1}, ()),
    ("FBetaScore", {"threshold": 2.0}, ()),
    ("FBetaScore", {"average": "x"}, ()),
    ("F1Score", {}, (X[0], X[0])),
    ("IoU", {"num_classes": 2, "target_class_ids": [2]}, ()),
]


def test_error_classes() -> None:
    for (name, arguments, data), module in product(WRONG, (metrics, keras.metrics)):
        with pytest.raises(ValueError, match=r"."):
            getattr(module, name)(**arguments).update_state(*data)


def test_custom_metrics() -> None:
    for k in (minikeras, keras):

        class Forgetful(k.Metric):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                pass

        class Module(k.Metric):  # type: ignore[misc, name-defined]
            def __init__(self, keras: Any) -> None:
                super().__init__(name="a/b")
                self.inner = [keras.metrics.Mean(), keras.metrics.Sum()]
                self.own = keras.Variable([1.0], name="own")
                self.made = self.add_variable((2,), "ones", name="made")
                self.named = {"x": keras.metrics.Mean(name="third")}

        with pytest.raises(RuntimeError, match="super"):
            Forgetful()()
        with pytest.raises(RuntimeError, match="super"):
            Forgetful().add_variable((), "zeros")
        for method in ("update_state", "result"):
            with pytest.raises(NotImplementedError):
                getattr(k.Metric(), method)()
        assert [v.path for v in Module(k).variables] == [
            "own", "a>b/made", "mean/total", "mean/count", "sum/total", "third/total", "third/count",
        ]  # fmt: skip
        with pytest.raises(ValueError, match="metric_variables"):
            k.metrics.Mean().stateless_result([1.0])
        mean = k.metrics.Mean()
        new = mean.stateless_update_state([np.float32(1), np.float32(2)], [3.0])
        assert [float(np.asarray(v)) for v in new] == [4.0, 3.0]
        assert float(mean.stateless_result([np.float32(3), np.float32(4)])) == 0.75
        assert [float(np.asarray(v)) for v in mean.stateless_reset_state()] == [0.0, 0.0]
        with quiet():
            assert float(mean.result()) == 0
