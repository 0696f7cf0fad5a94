"""One script for both: trained here on Dask's chunks, it goes on in real Keras, on JAX and over several devices.

    python tests/parity/dask_road.py model.keras data.npz goes_on.keras

Run as a program, it loads the file in real Keras on JAX, trains over two devices, and saves model and predictions.
"""

import os
import sys
from typing import Any

import numpy as np


def build(keras: Any) -> Any:
    """Return the compiled model of the script, with either library."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


def train(model: Any, x: Any, y: Any, epochs: int = 2) -> Any:
    """Train on rows in their order."""
    return model.fit(x, y, batch_size=50, epochs=epochs, shuffle=False, verbose=0).history


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    import keras

    come, data, go = sys.argv[1:]
    x, y = (np.load(data)[name] for name in "xy")
    devices = keras.distribution.list_devices("cpu")
    assert len(devices) == 2, devices
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    model = keras.models.load_model(come)
    before = model.predict(x, verbose=0)
    history = train(model, x, y)
    model.save(go)
    np.savez(go + ".npz", before=before, loss=history["loss"], after=model.predict(x, verbose=0))
