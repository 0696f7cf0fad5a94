"""What was trained here on Dask's chunks goes on in Keras's own distribution on JAX, and comes back."""

import os
import subprocess
import sys
from pathlib import Path

import dask.array as da
import numpy as np

import minikeras
from tests.parity import dask_road


def test_two_epochs_here_two_in_keras_on_jax_and_back(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((400, 4), "float32")
    y = np.asarray(x.sum(axis=1, keepdims=True) > 2, "float32")
    lazy_x, lazy_y = da.from_array(x, chunks=(90, 2)), da.from_array(y, chunks=(90, 1))
    model = dask_road.build(minikeras)
    dask_road.train(model, lazy_x, lazy_y)
    come, data, go = (tmp_path / name for name in ("here.keras", "data.npz", "there.keras"))
    model.save(come)
    np.savez(data, x=x, y=y)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, dask_road.__file__, come, data, go], env=environment, check=True)
    there = np.load(f"{go}.npz")
    np.testing.assert_allclose(np.asarray(model.predict(lazy_x)), there["before"], rtol=1e-5)
    back = minikeras.models.load_model(go)
    np.testing.assert_allclose(np.asarray(back.predict(lazy_x)), there["after"], rtol=1e-5)
    losses = dask_road.train(model, lazy_x, lazy_y)["loss"]  # as if it had gone on here
    np.testing.assert_allclose(losses, there["loss"], rtol=1e-4)
    for mine, theirs in zip(model.get_weights(), back.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)
