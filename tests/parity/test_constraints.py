"""Every constraint beside Keras's: values, configurations, identifiers, signatures."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from minikeras import constraints

pytestmark = pytest.mark.parity


CLASSES = sorted({c.__name__ for c in constraints.registry.names.values()})
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "MaxNorm": [{"max_value": 0.5}, {"max_value": 3, "axis": 1}, {"axis": [0, 1]}],
    "MinMaxNorm": [{"min_value": 2.0, "max_value": 3.0}, {"max_value": 0.5, "rate": 0.3}, {"axis": 1}],
    "UnitNorm": [{"axis": 1}, {"axis": [0, 1]}],
}
CASES = [(name, arguments) for name in CLASSES for arguments in [{}, *VARIANTS.get(name, [])]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_values(name: str, arguments: dict[str, Any], dtype: str) -> None:
    w = np.random.default_rng(0).normal(size=(5, 4)).astype(dtype)
    w[:, 1] = 0
    ours = getattr(constraints, name)(**arguments)(minikeras.Tensor(w))
    theirs = getattr(keras.constraints, name)(**arguments)(keras.ops.convert_to_tensor(w))
    assert ours.dtype == dtype  # Keras computes in float32 on NumPy, whatever it is given
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), 1e-6)
    if dtype == "float32":
        np.testing.assert_array_equal(ours.numpy(), np.asarray(theirs), strict=True)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configurations(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = getattr(constraints, name)(**arguments), getattr(keras.constraints, name)(**arguments)
    assert ours.get_config() == theirs.get_config()
    assert constraints.serialize(ours) == keras.constraints.serialize(theirs)
    loaded = constraints.deserialize(keras.constraints.serialize(theirs))
    assert type(loaded) is type(ours)
    assert loaded.get_config() == ours.get_config()


def test_identifiers() -> None:
    from keras.src.constraints import ALL_OBJECTS_DICT  # Keras does not publish the names it accepts

    assert set(constraints.registry.names) == set(ALL_OBJECTS_DICT)
    for name in ALL_OBJECTS_DICT:
        assert type(constraints.get(name)).__name__ == type(keras.constraints.get(name)).__name__


@pytest.mark.parametrize("name", CLASSES)
def test_signatures(name: str) -> None:
    for method in ("__init__", "__call__"):
        pair = [getattr(getattr(m, name), method) for m in (constraints, keras.constraints)]
        ours, theirs = ([(p.name, p.default) for p in inspect.signature(f).parameters.values()] for f in pair)
        assert ours == theirs


def test_none_is_missing() -> None:
    assert {name for name in vars(keras.constraints) if not name.startswith("_")} <= set(vars(constraints))
