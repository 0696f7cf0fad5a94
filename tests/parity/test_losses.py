"""Every loss beside Keras's: values and gradients (its JAX backend), weights, masks, configurations, signatures, names.

Run as a program, with KERAS_BACKEND=jax, this file writes Keras's values and gradients for all cases to a file.
"""

import inspect
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest

import minikeras
from minikeras import losses
from minikeras._base.typing import Array, LossName

pytestmark = pytest.mark.parity

REDUCTIONS: list[Any] = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]
MEMBERS = {name: getattr(losses, name) for name in losses.__all__ if name in get_args(LossName)}
CLASSES = sorted(name for name, x in MEMBERS.items() if isinstance(x, type))
FUNCTIONS = sorted(name for name, x in MEMBERS.items() if inspect.isfunction(x))
CANONICAL = sorted({getattr(losses, name).__name__ for name in FUNCTIONS})

rng = np.random.default_rng(0)
ONE = np.float32(1 - 1e-7)  # where probabilities are cut off, as is 1e-7
HOT = np.eye(4)[[0, 3, 1, 1, 2]]
P = rng.uniform(0.01, 0.99, size=(5, 4))
ROWS = P / P.sum(axis=-1, keepdims=True)
STEPS = np.random.default_rng(1).normal(size=(5, 8, 4))
UNIT = (P - 0.5) / np.linalg.norm(P - 0.5, axis=-1, keepdims=True)
X, Y = 3 * rng.normal(size=(2, 5, 4))
LABELS = np.array([0.0, 3.0, 1.0, 1.0, 2.0])
BITS = rng.integers(0, 2, size=(5, 4)).astype("float64")
SURE = np.array([[0, 1, 1e-7, ONE], [1, 0, 0.5, 1e-8], [1, 1, 1, 1], [0, 0, 0, 0], [1, 0, ONE, 1e-7]])
SURE_BITS = np.array([[0, 1, 0, 1], [0, 1, 1, 1], [0, 1, 0.5, 1], [0, 1, 0.5, 0], [1, 0, 0, 1]])
SURE_ROWS = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [1e-8, 1, 0, 0], [0.25, 0.25, 0.25, 0.25], [0, 0, 0, 30]])
HUGE = np.array([[-1e4, -90, 0, 1], [1e4, 90, -1e-3, 0], [0, 0, 0, 0], [50, -50, 1e-4, 2], [88, 89, -88, -89]])
TARGETS = np.array([[0, 1, 2, -3], [0, 90, 1e-3, 1], [0, 0, 0, 0], [-50, 50, 1, 2], [1, 0, -1, 0]])
TIES = np.array([[1, 0, -1, 2]] * 5)  # where a hinge turns, and Huber's loss
CUBE = rng.uniform(0.1, 0.9, size=(2, 4, 3))
CUBE_LABELS = np.array([[0.0, 1, 2, 0], [2, 1, 1, 1]])

Case = tuple[str, dict[str, Any], Array, Array]
PLAIN = ["MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "Huber", "LogCosh"]
CASES: list[Case] = [
    *((name, {}, *pair) for name in PLAIN for pair in ((X, Y), (TARGETS, HUGE))),
    *(("MeanSquaredError", {}, *pair) for pair in ((X[:, :1], Y[:, 0]), (CUBE, CUBE / 3))),
    ("Huber", {"delta": 2.5}, X, Y),
    ("Huber", {"delta": 1}, 0 * X, TIES),
    ("MeanSquaredLogarithmicError", {}, P, ROWS),
    ("MeanSquaredLogarithmicError", {}, np.abs(TARGETS), HUGE),
    ("CosineSimilarity", {}, X, Y),
    ("CosineSimilarity", {"axis": 0}, X, Y),
    ("CosineSimilarity", {"axis": [0, 1]}, X, Y),
    *((name, {}, *pair) for name in ("Hinge", "SquaredHinge") for pair in ((BITS, X), (2 * BITS - 1, X), (X, Y))),
    *((name, {}, HOT, TIES) for name in ("Hinge", "SquaredHinge")),
    ("CategoricalHinge", {}, HOT, X),
    ("CategoricalHinge", {}, HOT, np.ones((5, 4))),
    ("CategoricalHinge", {}, HOT, HUGE),
    ("KLDivergence", {}, ROWS, P),
    ("KLDivergence", {}, SURE_BITS, SURE),
    ("Poisson", {}, np.floor(4 * P), 3 * P),
    ("Poisson", {}, SURE_BITS, SURE),
    *(
        ("BinaryCrossentropy", options, *pair)
        for options in ({}, {"label_smoothing": 0.2}, {"axis": 0}, {"axis": [0, 1]})
        for pair in ((BITS, P), (SURE_BITS, SURE))
    ),
    *(
        ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": smoothing}, *pair)
        for smoothing in (0, 0.1)
        for pair in ((BITS, X), (HOT, HUGE))
    ),
    *(
        ("BinaryFocalCrossentropy", options, *pair)
        for options in ({}, {"apply_class_balancing": True, "alpha": 0.4, "label_smoothing": 0.1}, {"gamma": 3.5})
        for pair in ((BITS, P), (SURE_BITS, SURE))
    ),
    ("BinaryFocalCrossentropy", {"gamma": 0}, BITS, P),
    ("BinaryFocalCrossentropy", {"gamma": 1, "axis": 0}, BITS, P),
    ("BinaryFocalCrossentropy", {"from_logits": True}, BITS, X),
    ("BinaryFocalCrossentropy", {"from_logits": True}, HOT, HUGE),
    *(
        (name, options, *pair)
        for name in ("CategoricalCrossentropy", "CategoricalFocalCrossentropy")
        for options in ({}, {"label_smoothing": 0.2}, {"axis": 0})
        for pair in ((HOT, P), (ROWS[::-1], P), (HOT, SURE_ROWS + 1e-9 * (options.get("axis") == 0)))
    ),
    *(
        (name, {"from_logits": True, **options}, *pair)
        for name in ("CategoricalCrossentropy", "CategoricalFocalCrossentropy")
        for options in ({}, {"label_smoothing": 0.2}, {"axis": 0})
        for pair in ((HOT, X), (HOT, HUGE))
    ),
    ("CategoricalCrossentropy", {"axis": 1}, CUBE, CUBE[::-1]),
    ("CategoricalFocalCrossentropy", {"gamma": 0.5, "alpha": 0.7}, HOT, P),
    ("CategoricalFocalCrossentropy", {"gamma": 0}, HOT, P),
    *(
        ("SparseCategoricalCrossentropy", {**options, "ignore_class": ignored}, labels, scores)
        for labels in (LABELS, LABELS[:, None])
        for ignored in (None, 1, 3)
        for options, scores in (({}, P), ({}, SURE_ROWS), ({"from_logits": True}, X), ({"from_logits": True}, HUGE))
    ),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, np.array([-1.0, 0, 3, -1, 2]), P),
    ("SparseCategoricalCrossentropy", {"ignore_class": 255}, np.full(5, 255.0), X),
    ("SparseCategoricalCrossentropy", {}, CUBE_LABELS, CUBE),
    ("SparseCategoricalCrossentropy", {}, CUBE_LABELS[..., None], CUBE),
    ("CategoricalGeneralizedCrossEntropy", {}, LABELS, P),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.9}, LABELS, P),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.1}, LABELS, np.ones((5, 4))),
    *(
        (name, options, *pair)
        for name in ("Dice", "Tversky")
        for options in ({}, {"axis": -1}, {"axis": [1]}, {"axis": (0, 1)})
        for pair in ((BITS, P), (SURE_BITS, SURE), (0 * P, 0 * P))
    ),
    ("Tversky", {"alpha": 0.2, "beta": 0.9}, BITS, P),
    ("CTC", {}, np.array([[1, 2, 0, 0], [3, 3, 1, 0], [1, 2, 3, 3], [0, 0, 0, 0], [2, 2, 2, 2]]), STEPS),
    ("Circle", {}, np.array([0.0, 1, 1, 0, 1]), UNIT),
    ("Circle", {"gamma": 2.0, "margin": 0.1, "remove_diagonal": False}, LABELS, UNIT),
]


def weights_of(values: Any) -> Array:
    """Return weights that tell the elements of a result apart."""
    return np.linspace(0.5, 2.0, int(np.prod(np.shape(values)))).reshape(np.shape(values))


def write_expected(path: str) -> None:
    """Write the values of Keras's losses and their gradients for all cases, as JAX computes them."""
    import jax

    found: dict[str, Any] = {}
    for i, (name, options, true, predicted) in enumerate(CASES):
        loss = getattr(keras.losses, name)(**options, reduction=None)
        value, back = jax.vjp(lambda p, t=true, f=loss: f(t, p), jax.numpy.asarray(predicted, "float32"))
        found[f"value {i}"] = np.asarray(value)
        found[f"gradient {i}"] = np.asarray(back(jax.numpy.asarray(weights_of(value), "float32"))[0])
    np.savez(path, **found)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("losses") / "expected.npz"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    environment["XLA_FLAGS"] = "--xla_backend_optimization_level=0"  # compiling is most of the work
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.parity.test_losses", str(path)],
        cwd=root, check=True, env=environment,
    )  # fmt: skip
    with np.load(path) as file:
        yield dict(file)


@pytest.mark.parametrize("name", CLASSES)
def test_values_and_gradients(expected: Any, name: str) -> None:
    for i, (case, options, true, predicted) in enumerate(CASES):
        if case != name:
            continue
        loss = getattr(losses, name)(**options, reduction=None)
        x = minikeras.Tensor(predicted.astype("float32"))
        with minikeras.GradientTape() as tape:
            tape.watch(x)
            value = loss(true, x)
        gradient = tape.gradient(value, x, weights_of(value))
        assert gradient is not None
        for ours, kind in ((value, "value"), (gradient, "gradient")):
            theirs = expected[f"{kind} {i}"]
            assert (ours.shape, ours.dtype) == (theirs.shape, "float32")
            assert np.isfinite(theirs).all()
            # what is left of a difference has the digits of its terms, hence 3e-7
            np.testing.assert_allclose(ours.numpy(), theirs, 1e-6, 3e-7, err_msg=f"{kind} {i} {options}")


def test_every_class_has_cases() -> None:
    assert {name for name, *_ in CASES} == set(CLASSES)


def keras_value(function: Any, *arguments: Any, **options: Any) -> Array:
    with warnings.catch_warnings(), np.errstate(all="ignore"):  # it divides by zero before it drops the result
        warnings.simplefilter("ignore")
        return np.asarray(function(*arguments, **options))


def sample(name: str) -> tuple[Array, Array]:
    """Return targets and predictions of a loss, for the first of its cases."""
    true, predicted = next(case[2:] for case in CASES if case[0] == name)
    return true.astype("float32"), predicted.astype("float32")


@pytest.mark.parametrize("name", CLASSES)
def test_reductions_weights_and_dtypes(name: str) -> None:
    true, predicted = sample(name)
    rng = np.random.default_rng(1)
    plain = getattr(losses, name)(reduction=None)(true, predicted)
    choices: list[Any] = [
        None,
        *([] if name == "Circle" else [0.5, [2.0]]),  # which Keras cannot multiply by a mask
        *([rng.uniform(size=5), [0, 2, 0, 1, 3], np.zeros(5)] if plain.shape else []),
    ]
    for reduction in REDUCTIONS:
        for dtype in (None, "float64"):
            ours = getattr(losses, name)(reduction=reduction, dtype=dtype)
            theirs = getattr(keras.losses, name)(reduction=reduction, dtype=dtype)
            for weights in choices:
                found = ours(true, predicted, weights)
                expected = keras_value(theirs, true, predicted, weights)
                assert (found.shape, found.dtype) == (expected.shape, dtype or "float32")
                np.testing.assert_allclose(found.numpy(), expected, 2e-6, 1e-6)


RANKS = [(), (1,), (4,), (4, 1), (1, 3), (4, 3), (4, 3, 1), (4, 3, 2), (2,)]


@pytest.mark.parametrize("name", ["MeanSquaredError", "Hinge", "Poisson"])
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3), (4, 3, 1), (4, 3, 2)], ids=str)
def test_ranks(name: str, shape: tuple[int, ...]) -> None:
    """Targets and weights of all ranks give Keras's numbers, or an error where Keras gives one."""
    rng = np.random.default_rng(2)
    predicted = rng.uniform(0.1, 2, size=shape).astype("float32")
    for reduction in ("none", "sum_over_batch_size", "mean_with_sample_weight"):
        ours, theirs = getattr(losses, name)(reduction=reduction), getattr(keras.losses, name)(reduction=reduction)
        for true_shape in RANKS[2:-1]:
            for weight_shape in (None, *RANKS):
                true = rng.uniform(-1, 1, size=true_shape).astype("float32")
                weights = None if weight_shape is None else rng.uniform(size=weight_shape).astype("float32")
                try:
                    expected = keras_value(theirs, true, predicted, weights)
                except ValueError:
                    with pytest.raises(ValueError, match="shape"):
                        ours(true, predicted, weights)
                    continue
                found = ours(true, predicted, weights)
                assert found.shape == expected.shape
                np.testing.assert_allclose(found.numpy(), expected, 2e-6, 1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_masks(reduction: Any, weighted: bool) -> None:
    from keras.src import backend  # Keras does not publish how masks are attached

    labels = np.array([[0, 2, 1], [1, 0, 2]], "float32")
    scores = np.random.default_rng(3).uniform(0.1, 1, size=(2, 3, 4)).astype("float32")
    weights = np.array([[1, 2, 3], [4, 5, 6]], "float32") if weighted else None
    for bits in ([[1, 1, 0], [0, 1, 0]], [[0, 0, 0], [0, 0, 0]], [[1, 1, 1], [1, 1, 1]]):
        for ignored in (None, 2):
            mask = np.array(bits, bool)
            theirs, ours = scores.copy(), minikeras.Tensor(scores)
            backend.set_keras_mask(theirs, mask)
            ours.keras_mask = minikeras.Tensor(mask)
            options = {"reduction": reduction, "ignore_class": ignored}
            expected = keras_value(keras.losses.SparseCategoricalCrossentropy(**options), labels, theirs, weights)
            found = losses.SparseCategoricalCrossentropy(**options)(labels, ours, weights)
            assert found.shape == expected.shape
            np.testing.assert_allclose(found.numpy(), expected, 2e-6, 1e-6)


def test_empty_batches() -> None:
    for name in CLASSES:
        true, predicted = sample(name)
        for reduction in REDUCTIONS:
            ours = getattr(losses, name)(reduction=reduction)(true[:0], predicted[:0])
            theirs = keras_value(getattr(keras.losses, name)(reduction=reduction), true[:0], predicted[:0])
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(ours.numpy(), theirs)
    nothing = np.zeros((2, 0, 3), "float32")
    for reduction in REDUCTIONS[:4]:
        assert float(losses.MeanSquaredError(reduction=reduction)(nothing, nothing)) == 0
        assert keras_value(keras.losses.MeanSquaredError(reduction=reduction), nothing, nothing) == 0


@pytest.mark.parametrize("name", CANONICAL)
def test_functions(name: str) -> None:
    cls = next(c for c in CLASSES if getattr(losses, c)().fn.__name__ == name)
    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    compared = 0
    for case, options, true, predicted in CASES:
        if case != cls or ("from_logits" in options and predicted is HUGE):  # Keras cuts these off on NumPy
            continue
        options = {"q": 0.5, **options} if "q" in inspect.signature(ours).parameters else options
        try:
            expected = keras_value(theirs, true.astype("float32"), predicted.astype("float32"), **options)
        except (TypeError, ValueError):
            continue  # a loss evens out ranks, and takes axes, which its function does not in Keras
        found = ours(true.astype("float32"), predicted.astype("float32"), **options)
        assert (found.shape, found.dtype) == (expected.shape, "float32")
        np.testing.assert_allclose(found.numpy(), expected, 2e-6, 2e-6)
        compared += 1
    assert compared


def signature(f: Any) -> list[tuple[str, Any]]:
    f = next(vars(c)["__init__"] for c in f.__mro__ if "__init__" in vars(c)) if isinstance(f, type) else f
    return [(p.name, p.default) for p in inspect.signature(f).parameters.values()]


def test_signatures() -> None:
    for name in (*CLASSES, *CANONICAL, "Loss"):
        assert signature(getattr(losses, name)) == signature(getattr(keras.losses, name)), name


VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in CLASSES),
    *((name, {"reduction": "sum", "name": "mine"}) for name in CLASSES),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1, "axis": 0}),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.1, "gamma": 3.0, "from_logits": True}),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1, "axis": 0}),
    ("CategoricalFocalCrossentropy", {"alpha": 0.1, "gamma": 3.0, "from_logits": True, "label_smoothing": 0.1}),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 3}),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}),
    ("Dice", {"axis": [1, 2]}),
    ("Tversky", {"alpha": 0.1, "beta": 0.2, "axis": -1}),
]


def test_configurations() -> None:
    for name, options in VARIANTS:
        ours, theirs = getattr(losses, name)(**options), getattr(keras.losses, name)(**options)
        assert ours.get_config() == theirs.get_config()
        assert losses.serialize(ours) == keras.losses.serialize(theirs)
        loaded = losses.deserialize(keras.losses.serialize(theirs))
        assert type(loaded) is type(ours)
        assert loaded.get_config() == ours.get_config()
        back = keras.losses.deserialize(losses.serialize(ours))
        if name != "CategoricalGeneralizedCrossEntropy":  # of which Keras returns the mere name
            assert type(back) is type(theirs)
            assert back.get_config() == theirs.get_config()


def test_keras_reads_what_it_does_not_write() -> None:
    for name, options in (
        ("Huber", {"delta": 2.0}),
        ("CosineSimilarity", {"axis": 0}),
        ("SparseCategoricalCrossentropy", {"axis": 0}),
    ):
        ours, theirs = getattr(losses, name)(**options), getattr(keras.losses, name)(**options)
        assert ours.get_config() == {**theirs.get_config(), **options}
        assert keras.losses.deserialize(losses.serialize(ours))._fn_kwargs == theirs._fn_kwargs


def test_wrapper() -> None:
    from keras.src.losses import LossFunctionWrapper  # which Keras does not publish, but names

    config = losses.LossFunctionWrapper(losses.huber, name="mine", delta=2.0).get_config()
    assert config == LossFunctionWrapper(keras.losses.huber, name="mine", delta=2.0).get_config()
    assert signature(losses.LossFunctionWrapper) == signature(LossFunctionWrapper)
    assert losses.LossFunctionWrapper.from_config(config).get_config() == config


def test_names() -> None:
    from keras.src.losses import ALL_OBJECTS_DICT  # Keras does not publish the names it accepts

    old = {"logcosh", "kullback_leibler_divergence"}  # Keras 2's, which Keras exports for tf.keras alone
    unnamed = {"CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"}  # public, but get() fails
    assert set(losses.registry.names) == ALL_OBJECTS_DICT.keys() | old | unnamed
    assert {*get_args(LossName), "Loss", "LossFunctionWrapper"} == set(losses.registry.names)
    for name in ALL_OBJECTS_DICT.keys() - {"Loss", "LossFunctionWrapper"}:
        ours, theirs = losses.get(name), keras.losses.get(name)
        if inspect.isfunction(theirs):
            assert ours.__name__ == theirs.__name__
            assert losses.serialize(ours) == keras.losses.serialize(theirs)
            assert losses.deserialize(keras.losses.serialize(theirs)) is ours
        else:
            assert type(ours).__name__ == type(theirs).__name__


def test_none_is_missing() -> None:
    public = {name for name in vars(keras.losses) if not name.startswith("_")}
    assert public <= set(dir(losses))


ONES = np.ones((2, 3), "float32")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda module: module.Loss(reduction="average"),
        lambda module: module.CategoricalGeneralizedCrossEntropy(q=1.0),
        lambda module: module.MeanSquaredError(dtype="nope"),
        lambda module: module.MeanSquaredError()(ONES, np.ones((2, 4), "float32")),
        lambda module: module.MeanSquaredError()(ONES, ONES, np.ones(3, "float32")),
        lambda module: module.MeanSquaredError()([ONES, ONES], ONES),
        lambda module: module.BinaryCrossentropy()(ONES, ONES[:, :1]),
        lambda module: module.CategoricalCrossentropy()(ONES[:, 0], ONES),
        lambda module: module.CategoricalCrossentropy(axis=True)(ONES, ONES),
        lambda module: module.SparseCategoricalCrossentropy()(np.array(["a", "b"]), ONES),
        lambda module: module.SparseCategoricalCrossentropy()(ONES, ONES),
        lambda module: module.get("nope"),
        lambda module: module.get(3),
        lambda module: module.Loss()(ONES, ONES),
    ],
)
def test_error_classes(wrong: Any) -> None:
    with pytest.raises((ValueError, NotImplementedError)) as theirs:
        wrong(keras.losses)
    with pytest.raises(theirs.type):
        wrong(losses)


if __name__ == "__main__":
    write_expected(sys.argv[1])
