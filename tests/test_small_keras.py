"""The two hundred lines of `examples/small_keras.py` compute what minikeras computes."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import minikeras as keras

SOURCE = Path(__file__).parent.parent / "examples" / "small_keras.py"
spec = importlib.util.spec_from_file_location("small_keras", SOURCE)
assert spec is not None
assert spec.loader is not None
small = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small)

rng = np.random.default_rng(3)
X = rng.normal(size=(70, 3)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("float32")


def test_two_hundred_lines() -> None:
    lines = SOURCE.read_text("utf8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 200


def test_nothing_is_built_before_the_first_call() -> None:
    model = small.Sequential([small.Dense(4, "relu"), small.Dense(1)])
    assert model.get_weights() == []
    model.predict(X)
    assert [w.shape for w in model.get_weights()] == [(3, 4), (4,), (4, 1), (1,)]


def test_training_is_that_of_the_package() -> None:
    ours = keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(1), keras.layers.Activation("sigmoid")])
    theirs = small.Sequential([small.Dense(4, "relu"), small.Dense(1), small.Activation("sigmoid")])
    ours.build((None, 3))
    theirs.predict(X)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(theirs.predict(X), ours.predict(X, verbose=0), rtol=1e-6)
    ours.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    theirs.compile(small.Adam(0.01), "binary_crossentropy")
    history = ours.fit(X, Y, epochs=5, batch_size=32, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(theirs.fit(X, Y, epochs=5, shuffle=False), history, rtol=1e-5)
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_weights_that_do_not_fit_are_refused_whole() -> None:
    layer = small.Dense(2)
    layer(small.Tensor(X))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"Expected arrays of shapes \[\(3, 2\), \(2,\)\]"):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_gradients_are_those_of_central_differences() -> None:
    x = small.Tensor(X.astype("float64"))
    kernel = small.Tensor(rng.normal(size=(3, 1)))
    with small.GradientTape() as tape:
        loss = small.binary_crossentropy(Y[:, None], small.sigmoid(x @ kernel + small.Tensor(np.zeros(1))))
    (gradient,) = tape.gradient(loss, [kernel])
    for i in range(3):
        values = []
        for step in (1e-6, -1e-6):
            moved = kernel.array.copy()
            moved[i] += step
            p = small.sigmoid(x @ small.Tensor(moved) + small.Tensor(np.zeros(1)))
            values.append(float(small.binary_crossentropy(Y[:, None], p).array))
        assert gradient[i, 0] == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-5)
