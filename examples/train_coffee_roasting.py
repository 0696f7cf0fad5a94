"""The coffee-roasting network of `coffee_roasting.py`, trained until its decisions are those of the course."""

import numpy as np
from numpy.typing import NDArray

import minikeras as keras
from minikeras.layers import Dense, Normalization

Values = NDArray[np.float64]


def load_coffee_data(count: int = 200) -> tuple[Values, Values]:
    """Return roasts as (temperature in Celsius, duration in minutes), and whether each is good, shape (count, 1)."""
    rng = np.random.default_rng(2)
    x = rng.random((count, 2))
    x[:, 0] = x[:, 0] * (285 - 150) + 150
    x[:, 1] = x[:, 1] * 4 + 11.5
    temperature, duration = x[:, 0], x[:, 1]
    inside = (temperature > 175) & (temperature < 260) & (duration > 12) & (duration < 15)
    good = inside & (duration <= -3 / (260 - 175) * temperature + 21)
    return x, good.reshape(-1, 1).astype("float64")


def main() -> None:
    """Train, and predict two roasts."""
    keras.utils.set_random_seed(1234)
    x, y = load_coffee_data()
    norm_l = Normalization(axis=-1)
    norm_l.adapt(x)  # learns mean and variance
    xn = norm_l(x)
    print(f"Temperature min, max after normalization: {np.min(xn[:, 0]):0.2f}, {np.max(xn[:, 0]):0.2f}")
    xt = np.tile(xn, (1000, 1))  # more rows an epoch, for fewer epochs
    yt = np.tile(y, (1000, 1))

    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            Dense(3, activation="sigmoid", name="layer1"),
            Dense(1, activation="sigmoid", name="layer2"),
        ]
    )
    model.compile(
        loss=keras.losses.BinaryCrossentropy(),
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        metrics=["accuracy"],
    )
    model.fit(xt, yt, epochs=10, batch_size=128, verbose=2)
    W1, b1 = model.get_layer("layer1").get_weights()
    print(f"W1:\n{W1}\nb1: {b1}")

    x_test = np.array([[200, 13.9], [200, 17]])  # a good roast, a bad one
    predictions = model.predict(norm_l(x_test), verbose=0)
    yhat = (predictions >= 0.5).astype(int)
    print(f"predictions = \n{predictions}")
    print(f"decisions = \n{yhat}")
    assert yhat.tolist() == [[1], [0]]
    assert model.evaluate(xn, y, verbose=0, return_dict=True)["accuracy"] > 0.97


if __name__ == "__main__":
    main()
