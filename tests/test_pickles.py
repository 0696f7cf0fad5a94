"""Pickles of earlier versions load, and what they hold computes what it did. What threads use may be copied."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras

FOLDER = Path(__file__).parent / "data" / "pickles"
NAMES = ["layers", "models", "optimizers", "others"]


def load(name: str) -> dict[str, Any]:
    return pickle.loads((FOLDER / f"{name}.pickle").read_bytes())  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", NAMES)
def test_objects_are_of_their_classes(name: str) -> None:
    for cls, entry in load(name).items():
        thing = entry[0] if isinstance(entry, tuple) else entry
        assert type(thing).__name__ == cls
        assert pickle.loads(pickle.dumps(thing)) is not thing
        if hasattr(thing, "get_config"):
            assert thing.get_config() is not None


def test_classes_and_functions_are_where_they_were() -> None:
    for address, thing in load("names").items():
        assert thing is attrgetter(address)(keras)


def test_layers_compute_what_they_did() -> None:
    for name, (layer, x, outputs) in load("layers").items():
        found = layer(*x) if isinstance(x, tuple) else layer(x)
        np.testing.assert_allclose(np.asarray(found), outputs, rtol=1e-5, atol=1e-6, err_msg=name)


def test_models_predict_and_train_on_as_they_did() -> None:
    for name, (model, x, before, targets, after) in load("models").items():
        np.testing.assert_allclose(model.predict(x, verbose=0), before, rtol=1e-5, atol=1e-6, err_msg=name)
        model.fit(x, targets, shuffle=False, verbose=0)
        np.testing.assert_allclose(model.predict(x, verbose=0), after, rtol=1e-5, atol=1e-6, err_msg=name)


def test_optimizers_go_on_from_where_they_were() -> None:
    for name, (optimizer, variable, after) in load("optimizers").items():
        optimizer.apply([np.array([0.5, -0.5], "float32")], [variable])
        np.testing.assert_allclose(variable.numpy(), after, rtol=1e-5, err_msg=name)


def test_others_are_what_they_were() -> None:
    others = load("others")
    assert others["Mean"].result().numpy() == 2
    assert others["Variable"].numpy().tolist() == [1, 2]
    assert others["Tensor"].numpy().tolist() == [1, 2]
    assert others["KerasTensor"].shape == (None, 2)
    assert (others["MaxNorm"].max_value, others["L1L2"].l2) == (3, 0.2)
    assert others["DTypePolicy"].compute_dtype == "float16"
    assert others["SeedGenerator"].next() is not None
    assert others["EarlyStopping"].patience == 2
    assert list(others["History"].history) == ["loss"]
    assert others["MeanSquaredError"](keras.ops.ones(2), keras.ops.zeros(2)).numpy() == 1


@pytest.mark.parametrize("make", [keras.losses.MeanSquaredError, keras.optimizers.Adam, keras.metrics.MeanSquaredError])
def test_what_another_thread_adds_to_may_be_copied(make: Any, four_threads: ThreadPoolExecutor) -> None:
    thing = make()

    def add() -> None:
        for i in range(1000):
            setattr(thing, f"note_{i}", i)

    added = four_threads.submit(add)
    while not added.done():
        copy.deepcopy(thing)
        getattr(thing, "variables", None)  # which are looked for among the attributes
    added.result()
