"""The coffee-roasting network of the course Advanced Learning Algorithms, by hand and as a Sequential model.

A roast has a temperature and a duration; the network says how probable it is that the roast is good. The weights are
those that the course trained.
"""

import numpy as np
from numpy.typing import NDArray

import minikeras as keras
from minikeras.layers import Dense, Normalization

W1 = np.array([[-8.93, 0.29, 12.9], [-0.1, -7.32, 10.81]])
b1 = np.array([-9.82, -9.28, 0.96])
W2 = np.array([[-31.18], [-27.59], [-32.56]])
b2 = np.array([15.41])

Values = NDArray[np.float64]


def roasts(seed: int = 2, count: int = 200) -> Values:
    """Return roasts as (temperature in Celsius, duration in minutes), drawn as in the course."""
    rng = np.random.default_rng(seed)
    x = rng.random((count, 2))
    x[:, 0] = x[:, 0] * (285 - 150) + 150
    x[:, 1] = x[:, 1] * 4 + 11.5
    return x


def sigmoid(z: Values) -> Values:
    """Return 1 / (1 + exp(-z))."""
    g: Values = 1 / (1 + np.exp(-z))
    return g


def my_dense(a_in: Values, w: Values, b: Values) -> Values:
    """Return a dense layer's output for one example, unit by unit."""
    units = w.shape[1]
    a_out = np.zeros(units)
    for j in range(units):
        z = np.dot(w[:, j], a_in) + b[j]
        a_out[j] = sigmoid(z)
    return a_out


def my_sequential(x: Values) -> Values:
    """Return the two layers' output for one example."""
    return my_dense(my_dense(x, W1, b1), W2, b2)


def my_predict(x: Values) -> Values:
    """Return the output for all examples, shape (m, 1)."""
    p = np.zeros((len(x), 1))
    for i in range(len(x)):
        p[i, 0] = my_sequential(x[i])[0]
    return p


def main() -> None:
    """Run both networks on two roasts, and compare them on 200."""
    norm_l = Normalization(axis=-1)
    norm_l.adapt(roasts())

    model = keras.Sequential(
        [Dense(3, activation="sigmoid", name="layer1"), Dense(1, activation="sigmoid", name="layer2")],
        name="coffee_roasting",
    )
    print(f"Weights before the first call: {model.get_weights()}")
    model.build((None, 2))
    model.summary(line_length=72)
    model.get_layer("layer1").set_weights([W1, b1])
    model.get_layer("layer2").set_weights([W2, b2])

    x_test = np.array([[200, 13.9], [200, 17]])  # a good roast, a bad one
    by_hand = my_predict(norm_l(x_test).numpy().astype("float64"))
    predictions = model.predict(norm_l(x_test), verbose=0)
    print(f"predictions by hand = \n{by_hand}")
    print(f"predictions = \n{predictions}")

    yhat = (predictions >= 0.5).astype(int)
    print(f"decisions = \n{yhat}")

    x = norm_l(roasts()).numpy()
    difference = np.abs(model.predict(x, verbose=0) - my_predict(x.astype("float64"))).max()
    print(f"largest difference over 200 roasts: {difference:.0e}")
    assert yhat.tolist() == [[1], [0]]
    assert difference < 1e-5


if __name__ == "__main__":
    main()
