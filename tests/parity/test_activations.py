"""Every activation beside Keras's: values, names, configurations, signatures."""

import inspect
import warnings
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from minikeras import activations
from minikeras._base.typing import Array

pytestmark = pytest.mark.parity


NAMES = sorted(activations.registry.names)
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "threshold": [{"threshold": 0.5, "default_value": 7.0}],
    "relu": [
        {},
        {"negative_slope": 0.1},
        {"max_value": 6},
        {"max_value": 2.5},
        {"threshold": 0.5},
        {"threshold": -0.5},
        {"negative_slope": 0.2, "max_value": 1.5, "threshold": 0.5},
        {"negative_slope": 0.2, "max_value": 1.5, "threshold": -0.5},
    ],
    "gelu": [{}, {"approximate": True}],
    "elu": [{}, {"alpha": 0.3}, {"alpha": np.array([1.5], "float32")}],
    "celu": [{}, {"alpha": 2.0}],
    "leaky_relu": [{}, {"negative_slope": 0.5}, {"negative_slope": np.array([0.3], "float32")}],
    "squareplus": [{}, {"b": 1.0}],
    "hard_shrink": [{}, {"threshold": 1.0}],
    "soft_shrink": [{}, {"threshold": 1.0}],
    **{name: [{}, {"axis": 0}] for name in ("softmax", "log_softmax", "sparsemax", "glu")},
}
MATRIX = np.random.default_rng(0).normal(size=(6, 8)) * 3
LARGE = np.array([[-1e4, -90.0, -1.0, 0.0], [0.0, 1.0, 90.0, 1e4]])
INPUTS = {
    "exponential": [MATRIX],  # exp(1e4) is infinite, here and there
    "sparsemax": [LARGE],  # Keras 3.15.1 is wrong where two results are positive (its issue 23425, mended since)
}


def theirs(name: str, x: Array, **arguments: Any) -> Array:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.asarray(getattr(keras.activations, name)(keras.ops.convert_to_tensor(x), **arguments))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_values(name: str, dtype: str) -> None:
    for arguments in ARGUMENTS.get(name, [{}]):
        for values in INPUTS.get(name, [MATRIX, LARGE]):
            x = values.astype(dtype)
            expected = theirs(name, x, **arguments)
            found = getattr(activations, name)(minikeras.Tensor(x), **arguments).numpy()
            assert found.dtype == dtype  # Keras computes in float32 on NumPy, whatever it is given
            rtol, atol = 2e-6, 2e-7
            # log(exp(x)) of a large x has the digits of x, in either library
            np.testing.assert_allclose(found, expected, rtol, max(atol, rtol * np.abs(x).max() * (values is LARGE)))


@pytest.mark.parametrize("name", NAMES)
def test_names_and_signatures(name: str) -> None:
    ours, original = activations.get(name), keras.activations.get(name)
    assert ours is getattr(activations, name)
    assert activations.serialize(ours) == keras.activations.serialize(original)
    assert activations.deserialize(activations.serialize(ours)) is ours
    assert [(p.name, p.default) for p in inspect.signature(ours).parameters.values() if p.name != "out"] == [
        (p.name, p.default) for p in inspect.signature(original).parameters.values()
    ]


def test_none_is_missing() -> None:
    public = {name for name in vars(keras.activations) if not name.startswith("_")}
    assert public <= set(vars(activations))
    assert set(activations.registry.names) == public - {"get", "serialize", "deserialize"}


def double(x: Any) -> Any:
    return 2 * x


def test_custom_functions_and_layers_serialize_alike() -> None:
    assert activations.serialize(double) == keras.activations.serialize(double)
    layer = keras.layers.LeakyReLU(0.3, name="leaky")
    config = activations.serialize(minikeras.layers.LeakyReLU(0.3, name="leaky"))
    assert {**config, "build_config": None} == {**keras.activations.serialize(layer), "build_config": None}
    loaded = activations.deserialize(keras.activations.serialize(layer))
    assert isinstance(loaded, minikeras.layers.LeakyReLU)
    assert loaded.negative_slope == 0.3
