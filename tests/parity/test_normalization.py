"""Training with normalization, masks and merged branches beside Keras on JAX."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras
from tests.parity import layer_runs
from tests.parity.layer_runs import CASES, run

UNMASKED = {"words": ["history accuracy"], "series": ["history mse"]}
"""Metrics that lose their mask while Keras trains on JAX, but not while it evaluates."""


@pytest.fixture(scope="module")
def on_jax(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all cases with Keras on JAX: another process, since Keras has one backend a process."""
    path = tmp_path_factory.mktemp("jax") / "runs.npz"
    environment = {**os.environ, "XLA_FLAGS": "--xla_backend_optimization_level=0"}  # compiling is most of the work
    command = [sys.executable, layer_runs.__file__, str(path)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], env=environment)
    with np.load(path) as runs:
        return dict(runs)


@pytest.mark.parametrize("name", CASES)
def test_training(name: str, on_jax: dict[str, Any]) -> None:
    ours = run(minikeras, name)
    theirs = {key.partition("|")[2]: on_jax[key] for key in on_jax if key.partition("|")[0] == name}
    assert list(ours) == list(theirs)
    for key in UNMASKED.get(name, ()):
        ours.pop(key)
    for key, value in ours.items():
        assert value.shape == theirs[key].shape, key
        np.testing.assert_allclose(value, theirs[key], rtol=1e-5, atol=5e-6, err_msg=key)
