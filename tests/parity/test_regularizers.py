"""Every regularizer beside Keras's: values, configurations, identifiers, signatures."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from minikeras import regularizers

pytestmark = pytest.mark.parity


CLASSES = sorted({c.__name__ for c in regularizers.registry.names.values()} - {"Regularizer"})
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "L1": [{"l1": 0.3}, {"l1": None}, {"l1": 1}],
    "L2": [{"l2": 0.3}, {"l2": None}],
    "L1L2": [{"l1": 0.3}, {"l2": 0.3}, {"l1": 0.1, "l2": 0.7}, {"l1": None}],
    "OrthogonalRegularizer": [{"factor": 0.3}, {"mode": "columns"}],
}
CASES = [(name, arguments) for name in CLASSES for arguments in [{}, *VARIANTS.get(name, [])]]
REASONS = {"l1_l2": "Keras exports the class as l1_l2 but does not know the name; old scripts use it"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_values(name: str, arguments: dict[str, Any], dtype: str) -> None:
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(dtype)
    ours = getattr(regularizers, name)(**arguments)(minikeras.Tensor(x))
    if arguments == {"mode": "columns"}:  # Keras divides by the wrong norms on NumPy
        x, arguments = x.T.copy(), {}
    theirs = getattr(keras.regularizers, name)(**arguments)(keras.ops.convert_to_tensor(x))
    assert ours.shape == ()
    assert ours.dtype == dtype
    np.testing.assert_allclose(float(ours), float(theirs), 1e-6)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configurations(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = getattr(regularizers, name)(**arguments), getattr(keras.regularizers, name)(**arguments)
    assert ours.get_config() == theirs.get_config()
    assert regularizers.serialize(ours) == keras.regularizers.serialize(theirs)
    loaded = regularizers.deserialize(keras.regularizers.serialize(theirs))
    assert type(loaded) is type(ours)
    assert loaded.get_config() == ours.get_config()


def test_identifiers() -> None:
    from keras.src.regularizers import ALL_OBJECTS_DICT  # Keras does not publish the names it accepts

    assert set(regularizers.registry.names) == {*ALL_OBJECTS_DICT, *REASONS}
    for name in ALL_OBJECTS_DICT:
        assert type(regularizers.get(name)).__name__ == type(keras.regularizers.get(name)).__name__


@pytest.mark.parametrize("name", CLASSES)
def test_signatures(name: str) -> None:
    for method in ("__init__", "__call__"):
        pair = [getattr(getattr(m, name), method) for m in (regularizers, keras.regularizers)]
        ours, theirs = ([(p.name, p.default) for p in inspect.signature(f).parameters.values()] for f in pair)
        assert ours == theirs


def test_none_is_missing() -> None:
    assert {name for name in vars(keras.regularizers) if not name.startswith("_")} <= set(vars(regularizers))


@pytest.mark.parametrize("value", [-1.0, float("inf"), float("nan"), "1"])
def test_error_classes(value: Any) -> None:
    for module in (regularizers, keras.regularizers):
        for make in (module.L1, module.L2, module.L1L2, module.OrthogonalRegularizer):
            with pytest.raises(ValueError, match="non-negative"):
                make(value)
        with pytest.raises(ValueError, match="mode"):
            module.OrthogonalRegularizer(mode="diagonal")
        with pytest.raises(ValueError, match="rank 2"):
            module.OrthogonalRegularizer()(np.ones(3, "float32"))
