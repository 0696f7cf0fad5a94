"""The first models of the course Advanced Learning Algorithms: a neuron without an activation, one with a sigmoid."""

import numpy as np

import minikeras as keras


def linear_neuron() -> None:
    """Compare a Dense layer of one unit with w * x + b."""
    x_train = np.array([[1.0], [2.0]], dtype=np.float32)  # size in 1000 square feet

    layer = keras.layers.Dense(units=1, activation="linear")
    print(f"weights before the first call: {layer.get_weights()}")

    a1 = layer(x_train[0].reshape(1, 1))
    print(f"first call: {a1}")
    w, b = layer.get_weights()
    print(f"w.shape = {w.shape}, b = {b}")

    set_w = np.array([[200]])
    set_b = np.array([100])
    layer.set_weights([set_w, set_b])
    print(layer.get_weights())

    a1 = layer(x_train[0].reshape(1, 1))
    alin = np.dot(set_w, x_train[0].reshape(1, 1)) + set_b
    print(a1)
    print(alin)
    assert a1.numpy().tolist() == alin.tolist() == [[300.0]]
    assert np.array_equal(layer(x_train), np.dot(x_train, set_w) + set_b)


def logistic_neuron() -> None:
    """Set the weights of a model of one sigmoid unit, and predict."""
    x_train = np.array([0.0, 1, 2, 3, 4, 5], dtype=np.float32).reshape(-1, 1)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid", name="L1")])
    model.summary(line_length=72)
    logistic_layer = model.get_layer("L1")
    w, b = logistic_layer.get_weights()
    print(w.shape, b.shape)

    logistic_layer.set_weights([np.array([[2]]), np.array([-4.5])])
    a1 = model.predict(x_train[0].reshape(1, 1), verbose=0)
    alog = 1 / (1 + np.exp(-(2 * x_train[0] - 4.5)))
    print(a1, alog)
    assert np.allclose(a1, alog, rtol=1e-6)
    decisions = (model.predict(x_train, verbose=0) >= 0.5).astype(int).ravel().tolist()
    print(f"decisions for 0 to 5: {decisions}")
    assert decisions == [0, 0, 0, 1, 1, 1]


if __name__ == "__main__":
    linear_neuron()
    logistic_neuron()
