"""Training beside Keras's on JAX: the cases of `fit_cases` run in both, and all that can be seen of them is compared."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from tests.parity import fit_cases
from tests.parity.fit_cases import CASES, WRONG

pytestmark = pytest.mark.parity


class Live:
    """What Keras gives for cases, in their order, as one process finds it."""

    def __init__(self, names: list[str], folder: Path) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "XLA_FLAGS": "--xla_backend_optimization_level=0",  # compiling is most of the work
            "JAX_COMPILATION_CACHE_DIR": str(folder),  # many cases evaluate in the same way
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        command = [sys.executable, fit_cases.__file__, *names]
        self.errors = (folder / "errors").open("w+")
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.names = iter(names)
        self.found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> dict[str, Any]:
        while name not in self.found:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            if not line:
                self.errors.seek(0)
                raise RuntimeError(f"Keras ended before {name!r}: {self.errors.read()[-2000:]}")
            self.found[next(self.names)] = json.loads(line)
        result: dict[str, Any] = self.found[name]
        return result

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Run Keras on the cases that were selected."""
    chosen = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    names = [spec.params["name"] for spec in chosen if spec is not None and "name" in spec.params]
    running = Live(names, tmp_path_factory.mktemp("keras"))
    yield running
    running.close()


def compare(ours: Any, theirs: Any, path: str = "") -> None:
    """Compare results: numbers to 1e-5 after an epoch and 1e-4 later, weights to 1e-4, everything else exactly."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), path
        for key, value in theirs.items():
            compare(ours[key], value, f"{path}/{key}")
    elif path.split("/")[-1] in ("weights", "first", "predict"):
        assert len(ours) == len(theirs), path
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=path)
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), path
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            compare(a, b, f"{path}/{i}")
    elif isinstance(theirs, float):
        assert isinstance(ours, float), path
        first = path.startswith("/history") and path.endswith("/0")
        np.testing.assert_allclose(ours, theirs, rtol=1e-5 if first else 1e-4, atol=1e-7, err_msg=path)
    else:
        assert ours == theirs, path


@pytest.mark.parametrize("name", CASES)
def test_runs(name: str, live: Live) -> None:
    ours = fit_cases.outcome(minikeras, CASES[name])
    assert "error" not in live[name], f"in Keras: {live[name]}"
    assert "error" not in ours, ours
    compare(ours, live[name])


OTHER: dict[str, tuple[str | None, str]] = {}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses(name: str, live: Live) -> None:
    ours = fit_cases.outcome(minikeras, WRONG[name]).get("error")
    theirs = live[name].get("error")
    if name in OTHER:
        assert ours == OTHER[name][0] != theirs, (ours, theirs)
    else:
        assert ours == theirs, (ours, live[name].get("text"))


def test_masks_are_those_of_keras() -> None:
    layer = keras.layers.Dropout(fit_cases.RATE, seed=fit_cases.SEED)
    for mask in fit_cases.masks(3, (8, 6)):
        np.testing.assert_array_equal(np.array(layer(np.ones((8, 6)), training=True)) != 0, mask)
