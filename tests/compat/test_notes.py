"""The code blocks of the course notes, with `tensorflow` answered by minikeras, show what the course shows."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minikeras

tf: Any = SimpleNamespace(keras=minikeras)


def test_linear_neuron(capsys: pytest.CaptureFixture[str]) -> None:
    X_train = np.array([[1.0], [2.0]], dtype=np.float32)

    linear_layer = tf.keras.layers.Dense(units=1, activation="linear")
    assert linear_layer.get_weights() == []

    a1 = linear_layer(X_train[0].reshape(1, 1))
    print(a1)
    shown = capsys.readouterr().out
    assert shown.startswith(f"Tensor({linear_layer.get_weights()[0]}")
    assert shown.endswith("shape=(1, 1), dtype=float32)\n")

    w, b = linear_layer.get_weights()
    assert f"b={b}" == "b=[0.]"
    assert w.shape == (1, 1)

    set_w = np.array([[200]])
    set_b = np.array([100])
    linear_layer.set_weights([set_w, set_b])
    print(linear_layer.get_weights())
    assert capsys.readouterr().out == "[array([[200.]], dtype=float32), array([100.], dtype=float32)]\n"

    a1 = linear_layer(X_train[0].reshape(1, 1))
    alin = np.dot(set_w, X_train[0].reshape(1, 1)) + set_b
    assert a1.numpy() == alin == 300.0

    prediction_tf = linear_layer(X_train)
    prediction_np = np.dot(X_train, set_w) + set_b
    assert np.array_equal(prediction_tf, prediction_np)


def test_logistic_neuron(capsys: pytest.CaptureFixture[str]) -> None:
    X_train = np.array([0.0, 1, 2, 3, 4, 5], dtype=np.float32).reshape(-1, 1)

    with pytest.warns(UserWarning, match="input_dim"):  # Keras 3 warns here as well
        model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_dim=1, activation="sigmoid", name="L1")])
    model.summary()
    shown = capsys.readouterr().out
    assert 'Model: "sequential"' in shown
    assert "L1 (Dense)" in shown
    assert " Total params: 2 (8.00 B)\n" in shown

    logistic_layer = model.get_layer("L1")
    w, b = logistic_layer.get_weights()
    assert (w.shape, b.shape) == ((1, 1), (1,))

    set_w = np.array([[2]])
    set_b = np.array([-4.5])
    logistic_layer.set_weights([set_w, set_b])
    print(logistic_layer.get_weights())
    assert capsys.readouterr().out == "[array([[2.]], dtype=float32), array([-4.5], dtype=float32)]\n"
    a1 = model.predict(X_train[0].reshape(1, 1))
    assert capsys.readouterr().out.startswith("1/1 ")
    print(a1)
    assert capsys.readouterr().out == "[[0.01098694]]\n"  # the course prints [[0.01]]: it sets a precision of 2
