"""A classifier of three classes, with softmax probabilities, and with logits, which are more accurate."""

import numpy as np

import minikeras as keras
from minikeras.layers import Dense

CENTERS = np.array([[-3.0, 0.0], [3.0, 0.0], [0.0, 4.0]])


def main() -> None:
    """Train both on the same points, and compare their predictions."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 600)
    x = CENTERS[y] + rng.normal(size=(600, 2))

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), Dense(16, activation="relu"), Dense(3, activation="softmax")])
    preferred_model = keras.Sequential([keras.Input((2,)), Dense(16, activation="relu"), Dense(3)])
    preferred_model.set_weights(model.get_weights())

    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    preferred_model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    for each in (model, preferred_model):
        np.random.seed(0)  # noqa: NPY002 - `fit` shuffles with this stream
        each.fit(x, y, epochs=10, validation_split=0.2, verbose=2)

    p_nonpreferred = model.predict(x, verbose=0)
    p_preferred = preferred_model.predict(x, verbose=0)
    print(f"softmax: largest {p_nonpreferred.max():0.4f}, smallest {p_nonpreferred.min():0.2e}")
    print(f"logits:  largest {p_preferred.max():0.2f}, smallest {p_preferred.min():0.2f}")
    sm_preferred = keras.ops.softmax(p_preferred).numpy()
    for i in range(3):
        print(f"{p_preferred[i]}, category: {np.argmax(p_preferred[i])}, truth: {y[i]}")
    assert np.abs(sm_preferred - p_nonpreferred).max() < 1e-3
    assert (p_preferred.argmax(axis=1) == y).mean() > 0.95


if __name__ == "__main__":
    main()
