"""The losses beside Keras's own: values, weights, reductions, configurations, signatures."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import minikeras

NAMES = ["MeanSquaredError", "BinaryCrossentropy"]
SHAPES = [((6, 3), (6, 3)), ((6, 1), (6, 1)), ((6,), (6, 1)), ((6, 1), (6,)), ((4, 2, 3), (4, 2, 3))]
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_values(name: str, shapes: tuple[Any, Any], reduction: Any) -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, size=shapes[0]).astype("float32")
    predicted = rng.uniform(0.01, 0.99, size=shapes[1]).astype("float32")
    for weights in (
        (None,)
        if true.ndim == 3
        else (None, rng.uniform(size=len(true)).astype("float32"), np.zeros(len(true), "float32"))
    ):
        ours = getattr(minikeras.losses, name)(reduction=reduction)(true, predicted, weights)
        with np.errstate(all="ignore"):  # Keras divides by the zero weights before it drops the result
            theirs = getattr(keras.losses, name)(reduction=reduction)(true, predicted, weights)
        assert ours.shape == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_options_and_edges() -> None:
    true, logits = np.array([[0.0, 1.0, 1.0]], "float32"), np.array([[-3.0, 0.0, 5.0]], "float32")
    for options in ({"from_logits": True}, {"from_logits": True, "label_smoothing": 0.2}, {"axis": 0}):
        y = logits if "from_logits" in options else np.array([[0.0, 1.0, 0.5]], "float32")
        ours = minikeras.losses.BinaryCrossentropy(**options)(true, y)
        theirs = keras.losses.BinaryCrossentropy(**options)(true, y)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [*NAMES, "Loss", "mean_squared_error", "binary_crossentropy"])
def test_signatures_and_configurations(name: str) -> None:
    ours, theirs = getattr(minikeras.losses, name), getattr(keras.losses, name)
    shown = [
        [
            (p.name, p.default)
            for p in inspect.signature(
                next(vars(c)["__init__"] for c in f.__mro__ if "__init__" in vars(c)) if isinstance(f, type) else f
            ).parameters.values()
        ]
        for f in (ours, theirs)
    ]
    assert shown[0] == shown[1]
    if name in NAMES:
        assert ours().get_config() == theirs().get_config()
        assert (
            ours.from_config(theirs(reduction="sum").get_config()).get_config() == theirs(reduction="sum").get_config()
        )
    with pytest.raises(ValueError, match="reduction"):
        minikeras.losses.MeanSquaredError(reduction="average")  # type: ignore[arg-type]
