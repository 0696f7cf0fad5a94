"""Training beside Keras's on JAX: the cases of `fit_cases` run in both, and all that can be seen is compared."""

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
from tests.parity.fit_cases import CASES, FILE, STORED, WRONG

pytestmark = pytest.mark.parity
NUMPY = tuple(map(int, np.__version__.split(".")[:2]))
MADE_AGAIN = STORED[::8]
"""Cases that keep the file honest."""


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
    names = [name for name in dict.fromkeys(names) if name in MADE_AGAIN or name not in STORED]
    running = Live(names, tmp_path_factory.mktemp("keras"))
    yield running
    running.close()


def compare(ours: Any, theirs: Any, path: str = "") -> None:
    """Compare results: numbers to 1e-5 after an epoch and 1e-4 later, weights to 1e-4, everything else exactly."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), path
        outputs = path == "/predict"  # which JAX sorts
        assert sorted(ours) == sorted(theirs) if outputs else list(ours) == list(theirs), path
        for key, value in theirs.items():
            compare(ours[key], value, path if outputs else f"{path}/{key}")
    elif path.split("/")[-1] in ("weights", "first", "predict"):
        assert isinstance(ours, list), path
        assert len(ours) == len(theirs), path
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=path)
    elif isinstance(theirs, list):
        assert isinstance(ours, list), path
        assert len(ours) == len(theirs), path
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            compare(a, b, f"{path}/{i}")
    elif isinstance(theirs, float):
        if isinstance(ours, list) and NUMPY < (2, 4):  # where `float` takes [x], and Keras its word
            (ours,) = ours
        assert isinstance(ours, float), path
        first = path.startswith("/history") and path.endswith("/0")
        np.testing.assert_allclose(ours, theirs, rtol=1e-5 if first else 1e-4, atol=1e-7, err_msg=path)
    else:
        assert ours == theirs, path


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


@pytest.mark.parametrize("name", CASES)
def test_runs(name: str, live: Live, stored: dict[str, Any]) -> None:
    ours = fit_cases.outcome(minikeras, CASES[name])
    theirs = stored[name] if name in STORED else live[name]
    assert "error" not in theirs, f"in Keras: {theirs}"
    assert "error" not in ours, ours
    compare(ours, theirs)


@pytest.mark.parametrize("name", MADE_AGAIN)
def test_what_is_stored_is_what_keras_gives(name: str, live: Live, stored: dict[str, Any]) -> None:
    compare(live[name], stored[name])


def test_nothing_else_is_stored(stored: dict[str, Any]) -> None:
    assert list(stored) == STORED


OTHER: dict[str, str | None] = {
    # Keras trips over what it was given, with whatever error Python has at that place; ours names the mistake
    **dict.fromkeys(
        [
            "fit without x", "fit a scalar", "fit nothing", "fit an empty list",
            "fit class weight as a list", "fit y too wide", "split 2", "batch size -1", "batch size 2.5",
            "batch size in a string", "steps -1", "evaluate nothing", "evaluate y too wide", "train_on_batch fewer y",
            "test_on_batch y too wide", "several, losses by name for a list", "several, too few targets",
            "several, one target", "several, targets by name for a list",
        ],
        "ValueError",
    ),
    "fit a function as callback": "TypeError",
    "fit losses by unknown name": "ValueError",  # as for models of the Functional API
    "fit a model without call": "NotImplementedError",  # a kind of RuntimeError, which Keras raises
    # Keras goes on, with numbers that mean nothing: targets that broadcast, classes that are not there, settings
    # that are silently left out or replaced
    **dict.fromkeys(
        [
            "fit y too narrow", "fit labels too large", "fit labels below 0", "fit fractions as labels", "split -1",
            "batch size 0", "verbose x", "verbose 5", "test_on_batch of nothing", "several, too few losses",
            "several, targets in a list for a dict", "several, loss weights in a wrong list",
            "several, loss weights by unknown name",
        ],
        "ValueError",
    ),
    # on its other backends Keras raises it as well
    "fit without loss": "ValueError",
    "several, no loss at all": "ValueError",
    # what has a plain meaning is done
    "predict nothing": None,
    "fit nested lists": None,
    "fit a list for y": None,
    "fit a loss's configuration": None,
    "fit a loss that is not reduced": None,  # the mean is
}  # fmt: skip
"""Wrong uses where minikeras raises another class than Keras on purpose; None where it accepts them."""


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses(name: str, live: Live) -> None:
    ours = fit_cases.outcome(minikeras, WRONG[name]).get("error")
    theirs = live[name].get("error")
    if name in OTHER:
        assert ours == OTHER[name] != theirs, (ours, theirs)
    else:
        assert ours == theirs, (ours, live[name].get("text"))


def test_masks_are_those_of_keras() -> None:
    layer = keras.layers.Dropout(fit_cases.RATE, seed=fit_cases.SEED)
    for mask in fit_cases.masks(3, (8, 6)):
        np.testing.assert_array_equal(np.array(layer(np.ones((8, 6)), training=True)) != 0, mask)


def test_initial_weights_of_a_model_that_fit_builds() -> None:
    """Keras cannot train on the backend whose numbers these are: there the model is built by a call."""
    found = []
    for k in (minikeras, keras):
        k.utils.set_random_seed(11)
        layers = [k.layers.Dense(3), k.layers.Dropout(0.5), k.layers.Dense(2, kernel_initializer="he_normal")]
        model = k.Sequential(layers)
        if k is minikeras:
            model.compile(k.optimizers.SGD(0.0), "mse")
            model.fit(fit_cases.X, fit_cases.REAL, epochs=2, verbose=0)
        else:
            model(fit_cases.X)
        found.append([np.array(w) for w in model.get_weights()])
    assert len(found[0]) == 4
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_all_other_uses_are_in_the_table() -> None:
    assert OTHER.keys() <= WRONG.keys()
