"""A model in a file (needs the extra `h5`): saved in the middle of its training, loaded, and trained on.

It trains on as if nothing had happened. Reading a file needs NumPy alone. Keras 3 reads it too.
"""

import tempfile
from pathlib import Path

import numpy as np

import minikeras as keras
from minikeras.layers import Dense


@keras.saving.register_keras_serializable("example")
def swish_twice(x: keras.Tensor) -> keras.Tensor:
    """Compute a custom activation. A file has only its name, under which it must be registered before loading."""
    return keras.ops.silu(keras.ops.silu(x))


def main() -> None:
    """Train, save, load, train both, and compare."""
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
    y = (x[:, :1] * x[:, 1:] > 0).astype("float32")

    model = keras.Sequential([keras.Input((2,)), Dense(8, activation=swish_twice), Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=20, verbose=0)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.models.load_model(path)  # runs no code from the file, so a stranger's file is safe to load

    print(f"after 20 epochs: accuracy {loaded.evaluate(x, y, verbose=0, return_dict=True)['accuracy']:.2f}")
    for one in (model, loaded):
        one.fit(x, y, epochs=20, shuffle=False, verbose=0)
    print(f"after 20 more:   accuracy {loaded.evaluate(x, y, verbose=0, return_dict=True)['accuracy']:.2f}")

    same = all(np.array_equal(a, b) for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True))
    print(f"the same weights as without the file: {same}")
    assert same
    assert loaded.evaluate(x, y, verbose=0, return_dict=True)["accuracy"] > 0.9


if __name__ == "__main__":
    main()
