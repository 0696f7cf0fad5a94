"""The two neurons of `neurons.py`, trained until their decisions are the same."""

import numpy as np

import minikeras as keras


def linear_neuron() -> None:
    """Learn house prices: 1000 square feet cost 300 thousand dollars, 2000 cost 500."""
    x_train = np.array([[1.0], [2.0]])
    y_train = np.array([[300.0], [500.0]])

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="linear")])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1, momentum=0.9), loss="mse")
    history = model.fit(x_train, y_train, epochs=300, verbose=0)

    w, b = (float(value.item()) for value in model.get_weights())
    print(f"linear neuron: w = {w:0.2f}, b = {b:0.2f}, loss from {history.history['loss'][0]:0.0f} to "
          f"{history.history['loss'][-1]:0.6f}")  # fmt: skip
    assert abs(w - 200) < 0.01
    assert abs(b - 100) < 0.01


def logistic_neuron() -> None:
    """Learn to separate 0, 1, 2 from 3, 4, 5."""
    x_train = np.array([0.0, 1, 2, 3, 4, 5]).reshape(-1, 1)
    y_train = np.array([0, 0, 0, 1, 1, 1])

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid", name="L1")])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.1), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=400, verbose=0)

    w, b = (float(value.item()) for value in model.get_layer("L1").get_weights())
    results = model.evaluate(x_train, y_train, verbose=0, return_dict=True)
    print("logistic neuron: boundary at {:0.2f}, loss {loss:0.3f}, accuracy {accuracy:0.2f}".format(-b / w, **results))
    assert abs(-b / w - 2.5) < 0.1
    assert results["accuracy"] == 1.0


if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    linear_neuron()
    logistic_neuron()
