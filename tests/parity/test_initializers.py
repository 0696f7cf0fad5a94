"""Every initializer beside Keras's: values bit for bit, configurations, identifiers, signatures."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from minikeras import initializers

pytestmark = pytest.mark.parity

CLASSES = sorted({c.__name__ for c in initializers.registry.names.values()} - {"Initializer"})
RANDOM = [n for n in CLASSES if "seed" in inspect.signature(getattr(initializers, n)).parameters]
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "Constant": [{"value": 3}, {"value": [1.0, 2.5]}, {"value": np.array([[0.1, 0.2]])}],
    "Identity": [{"gain": 2.0}],
    "Orthogonal": [{"gain": 0.5}],
    "RandomNormal": [{"mean": 1.0, "stddev": 3.0}],
    "RandomUniform": [{"minval": 2.0, "maxval": 5.0}],
    "TruncatedNormal": [{"mean": 1.0, "stddev": 3.0}],
    "VarianceScaling": [
        {"scale": s, "mode": m, "distribution": d}
        for s in (0.3, 2.0)
        for m in ("fan_in", "fan_out", "fan_avg")
        for d in ("uniform", "normal", "truncated_normal", "untruncated_normal")
    ]
    + [{"input_axes": [0], "output_axes": [1]}],
    "HeNormal": [{"input_axes": [1], "output_axes": [0]}],
}
SHAPES = [(), (7,), (5, 2), (2, 2), (3, 3, 4, 2)]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in CLASSES:
        for arguments in [{}, *VARIANTS.get(name, [])]:
            for seed in (1, 12345) if name in RANDOM else (None,):
                yield name, arguments if seed is None else {**arguments, "seed": seed}


CASES = list(cases())


def outcome(make: Callable[[], Any]) -> Any:
    """Return an array, or the class of the error where there is none."""
    try:
        return np.asarray(make())
    except (ValueError, IndexError) as error:
        return type(error)


def same(ours: Callable[[], Any], theirs: Callable[[], Any], exactly: bool = True) -> None:
    found, expected = outcome(ours), outcome(theirs)
    if isinstance(expected, type):
        assert found is expected
    elif not exactly:
        np.testing.assert_allclose(found, expected, 1e-5, 1e-6)
    else:
        np.testing.assert_array_equal(found, expected, strict=True)


def fits(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> bool:
    """Keras multiplies a constant array to a larger shape than asked for; here that is an error."""
    return name != "Constant" or np.ndim(arguments.get("value", 0)) == 0 or shape in ((5, 2), (2, 2), (3, 3, 4, 2))


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", None])
def test_seeded_values(name: str, arguments: dict[str, Any], dtype: str | None) -> None:
    for shape in SHAPES:
        if fits(name, arguments, shape):
            ours = getattr(initializers, name)(**arguments)
            theirs = getattr(keras.initializers, name)(**arguments)
            exactly = (name, dtype) != ("Orthogonal", "float64")  # Keras makes it in float32
            for _ in range(2):
                same(lambda: ours(shape, dtype), lambda: theirs(shape, dtype), exactly)  # noqa: B023 - at once


@pytest.mark.parametrize("name", CLASSES)
def test_unseeded_values(name: str) -> None:
    for seed in (0, 42):
        minikeras.utils.set_random_seed(seed)
        ours = [getattr(initializers, name)() for _ in range(2)]
        found = [np.asarray(i((4, 3), "float32")) for i in ours]
        keras.utils.set_random_seed(seed)
        theirs = [getattr(keras.initializers, name)() for _ in range(2)]
        for a, b in zip(found, theirs, strict=True):
            np.testing.assert_array_equal(a, np.asarray(b((4, 3), "float32")), strict=True)


@pytest.mark.parametrize("name", RANDOM)
def test_seed_generators(name: str) -> None:
    ours = getattr(initializers, name)(seed=minikeras.random.SeedGenerator(3, name="s"))
    theirs = getattr(keras.initializers, name)(seed=keras.random.SeedGenerator(3, name="s"))
    for _ in range(2):
        same(lambda: ours((4, 3)), lambda: theirs((4, 3)))
    assert initializers.serialize(ours) == keras.initializers.serialize(theirs)
    loaded = initializers.deserialize(keras.initializers.serialize(theirs))
    assert isinstance(loaded.seed, minikeras.random.SeedGenerator)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configurations(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = getattr(initializers, name)(**arguments), getattr(keras.initializers, name)(**arguments)
    if name == "Identity" and arguments:  # Keras forgets the gain
        assert ours.get_config() == arguments
        return
    if isinstance(arguments.get("value"), np.ndarray):  # "__tensor__" on NumPy, where an array is one
        assert ours.get_config()["value"]["class_name"] == "__numpy__"
        assert initializers.Constant.from_config(theirs.get_config()).get_config() == ours.get_config()
        return
    assert ours.get_config() == theirs.get_config()
    assert list(ours.get_config()) == list(theirs.get_config())
    assert initializers.serialize(ours) == keras.initializers.serialize(theirs)
    loaded = initializers.deserialize(keras.initializers.serialize(theirs))
    assert type(loaded) is type(ours)
    assert loaded.get_config() == ours.get_config()
    assert type(ours).from_config(theirs.get_config()).get_config() == ours.get_config()


def identifiers() -> list[str]:
    from keras.src.initializers import ALL_OBJECTS_DICT  # Keras does not publish the names it accepts

    return sorted(name for name in ALL_OBJECTS_DICT if "stft" not in name.lower())


@pytest.mark.parametrize("name", identifiers())
def test_identifiers(name: Any) -> None:
    if name.lower() == "constant":  # KeyError in Keras
        assert isinstance(initializers.get(name), initializers.Constant)
    else:
        assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__


@pytest.mark.parametrize("name", CLASSES)
def test_signatures(name: str) -> None:
    for method in ("__init__", "__call__"):
        pair = [getattr(getattr(m, name), method) for m in (initializers, keras.initializers)]
        ours, theirs = ([(p.name, p.default) for p in inspect.signature(f).parameters.values()] for f in pair)
        assert ours == theirs


def test_none_is_missing() -> None:
    public = {name for name in vars(keras.initializers) if not name.startswith("_") and "stft" not in name.lower()}
    assert public <= set(vars(initializers))


def test_arrays_as_initializers() -> None:
    values = np.arange(4.0).reshape(2, 2)
    same(lambda: initializers.get(values)((2, 2)), lambda: keras.initializers.get(values)((2, 2)))
    same(lambda: initializers.get(values)((2, 3)), lambda: keras.initializers.get(values)((2, 3)))
