"""Make the files beside this script: models saved by the Keras release that runs it, and what they predict.

    KERAS_BACKEND=jax python tests/data/files/make.py           # with Keras 3.0.5, 3.4.1, 3.8.0, 3.12.0 and 3.15.1
    python tests/data/files/make.py                             # with Keras 2.15.0, which comes with TensorFlow 2.15

Of each release: a functional model with a shared layer, and a convolutional Sequential, both compiled with Adam (of
Keras 2 once the older kind) and trained for a step; whole as `.keras` and `.h5`, the weights of the first as
`.weights.h5`. `.npz`: inputs, targets and predictions, and of the functional model the loss of one more step and the
predictions after it.
"""

from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent


def functional(keras: Any) -> Any:
    """Return a model of every kind of connection: shared, merged, two inputs and two outputs."""
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(3, activation="relu", name="shared")
    merged = layers.Concatenate(name="merge")([shared(a), shared(b)])
    normal = layers.BatchNormalization(name="normal")(merged)
    left = layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.01), name="left")
    outputs = [left(normal), layers.Dense(2, activation="softmax", name="right")(normal)]
    model = keras.Model([a, b], outputs, name="two_headed")
    model.compile(
        keras.optimizers.Adam(0.01),
        ["mse", "sparse_categorical_crossentropy"],
        loss_weights=[1.0, 0.5],
        metrics=[["mae"], ["accuracy"]],
    )
    return model


def sequential(keras: Any) -> Any:
    """Return a small convolutional classifier."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3, activation="relu", kernel_initializer="he_normal", name="convolution"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.25, name="drop"),
            layers.Dense(1, activation="sigmoid", name="out"),
        ],
        name="pictures",
    )
    adam = keras.optimizers.legacy.Adam() if keras.__version__ < "3" else "adam"
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    """Write the files."""
    import keras

    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(1)
    x = [rng.random((8, 4), "float32") for _ in range(2)]
    y = [rng.random((8, 1), "float32"), rng.integers(0, 2, (8, 1)).astype("int32")]
    pictures = rng.random((8, 6, 6, 1), "float32")
    kinds = rng.integers(0, 2, (8, 1)).astype("float32")
    two_headed, classifier = functional(keras), sequential(keras)
    two_headed.train_on_batch(x, y)
    classifier.train_on_batch(pictures, kinds)
    arrays: dict[str, Any] = {"a": x[0], "b": x[1], "left": y[0], "right": y[1], "pictures": pictures}
    for name, model, inputs in (("functional", two_headed, x), ("sequential", classifier, pictures)):
        stem = HERE / f"keras-{keras.__version__}-{name}"
        model.save(f"{stem}.keras")
        model.save(f"{stem}.h5")
        if name == "functional":
            model.save_weights(f"{stem}.weights.h5")
            if keras.__version__ < "3":
                model.save_weights(f"{stem}.layers.h5")  # older releases name weights after layers
        outputs = model.predict(inputs, verbose=0)
        for place, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
            arrays[f"{name}_{place}"] = output
    two_headed.reset_metrics()
    arrays["next_loss"] = np.array(two_headed.train_on_batch(x, y)[0])
    for place, output in enumerate(two_headed.predict(x, verbose=0)):
        arrays[f"next_{place}"] = output
    np.savez_compressed(HERE / f"keras-{keras.__version__}.npz", **arrays)


if __name__ == "__main__":
    main()
