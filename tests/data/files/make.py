"""Make the files beside this script: models saved by the Keras release that runs it, and what they predict.

    KERAS_BACKEND=jax python tests/data/files/make.py           # with Keras 3.0.5, 3.4.1, 3.8.0, 3.12.0 and 3.15.1
    python tests/data/files/make.py                             # with Keras 2.15.0, which comes with TensorFlow 2.15
    python tests/data/files/make.py old                         # with tf.keras of TensorFlow 1.15.5, Python 3.7

Of each release: a functional model with a shared layer, and a convolutional Sequential, both compiled with Adam (of
Keras 2 once the older kind) and trained for a step; whole as `.keras` and `.h5`, the weights of the first as
`.weights.h5`. `.npz`: inputs, targets and predictions, and of the functional model the loss of one more step and the
predictions after it.

`old` writes `tf-1.15.5-words.h5` and its `.npz`: a recurrent model with a model in it, which is called twice.
"""

import sys
from importlib import import_module
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


def old() -> None:
    """Write the file of TensorFlow 1.15."""
    keras = import_module("tensorflow").keras
    layers = keras.layers
    rng = np.random.RandomState(0)
    start = layers.Input((3,), name="start")
    inner = keras.Model(start, layers.Dense(3, activation="relu", name="hidden/dense")(start), name="inner")
    steps, other = layers.Input((5, 3), name="steps"), layers.Input((5, 3), name="other")
    _, h, c = layers.LSTM(4, return_state=True, name="read")(steps)  # the gates were hard sigmoids
    written = layers.LSTM(4, return_sequences=True, name="write")(other, initial_state=[h, c])
    kept = layers.SpatialDropout1D(0.5, name="drop")(layers.ThresholdedReLU(0.1, name="above")(written))
    both = layers.Bidirectional(layers.GRU(3, reset_after=True), name="both")(kept)
    joined = layers.Concatenate(name="joined")([inner(inner(layers.Dense(3, name="first")(both))), both])
    model = keras.Model([steps, other], layers.Dense(2, name="last")(joined), name="words")
    model.compile("adam", "huber_loss", metrics=["mae"])
    model.set_weights([rng.uniform(-0.6, 0.6, w.shape) for w in model.get_weights()])
    x = [rng.rand(4, 5, 3).astype("float32") for _ in range(2)]
    model.save(f"{HERE / 'tf-1.15.5-words.h5'}")
    np.savez_compressed(HERE / "tf-1.15.5-words.npz", steps=x[0], other=x[1], y=model.predict(x))


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
    old() if "old" in sys.argv else main()
