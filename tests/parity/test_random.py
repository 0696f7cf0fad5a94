"""Random functions beside Keras's: bit for bit, seeded and not."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from minikeras import random
from minikeras._base.typing import Array

pytestmark = pytest.mark.parity

LOGITS = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
CALLS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "normal": [(((2, 3),), {}), (((),), {}), (((4,), 1.0, 2.0), {"dtype": "float64"})],
    "uniform": [(((2, 3),), {}), (((4,), -1.0, 2.0), {"dtype": "float16"})],
    "truncated_normal": [(((20, 3),), {}), (((4,), 1.0, 2.0), {"dtype": "float64"}), (((0, 2),), {})],
    "randint": [
        (((5, 3), 0, 10), {}),
        (((4,), -5, 5), {"dtype": "int64"}),
        (((4,), 0, 9), {"dtype": "uint8"}),
    ],
    "categorical": [((LOGITS, 5), {}), ((LOGITS, 1), {"dtype": "int64"})],
    "dropout": [
        ((LOGITS, 0.3), {}),
        ((LOGITS, 0.0), {}),
        ((LOGITS, 1.0), {}),
        ((LOGITS, 0.5, (3, 1)), {}),
        ((LOGITS.astype("float16"), 0.5, (None, 1)), {}),
    ],
    "shuffle": [((LOGITS,), {}), ((LOGITS, 1), {})],
    "gamma": [(((3,), 2.0), {}), (((2, 3), [1.0, 2.0, 3.0]), {"dtype": "float64"})],
    "binomial": [(((3,), 10, 0.3), {}), (((2, 3), [5, 6, 7], 0.5), {"dtype": "int32"})],
    "beta": [(((3,), 2.0, 3.0), {}), (((2, 3), [1.0, 2.0, 3.0], 1.5), {"dtype": "float64"})],
}


def call(module: Any, name: str, arguments: tuple[Any, ...], options: dict[str, Any], **seed: Any) -> Array:
    return np.asarray(getattr(module, name)(*arguments, **options, **seed))


@pytest.mark.parametrize("name", CALLS)
def test_integer_seeds(name: str) -> None:
    for arguments, options in CALLS[name]:
        for seed in (0, 1, 2**32 - 1):
            found = call(random, name, arguments, options, seed=seed)
            np.testing.assert_array_equal(found, call(keras.random, name, arguments, options, seed=seed), strict=True)


@pytest.mark.parametrize("name", CALLS)
def test_generators(name: str) -> None:
    ours, theirs = random.SeedGenerator(7), keras.random.SeedGenerator(7)
    for arguments, options in CALLS[name] * 2:
        found = call(random, name, arguments, options, seed=ours)
        np.testing.assert_array_equal(found, call(keras.random, name, arguments, options, seed=theirs), strict=True)
    np.testing.assert_array_equal(ours.state.numpy(), np.asarray(theirs.state.value))


def test_global_generator() -> None:
    for seed in (0, 1, 999):
        minikeras.utils.set_random_seed(seed)
        ours = [call(random, name, a, o) for name in CALLS for a, o in CALLS[name] * 2]
        shuffled = np.random.permutation(9)  # noqa: NPY002 - the global stream is what is tested
        keras.utils.set_random_seed(seed)
        theirs = [call(keras.random, name, a, o) for name in CALLS for a, o in CALLS[name] * 2]
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b, strict=True)
        np.testing.assert_array_equal(shuffled, np.random.permutation(9))  # noqa: NPY002 - the same


@pytest.mark.parametrize("ordered", [True, False])
def test_sequence_of_seeds(ordered: bool) -> None:
    for seed in (0, 3, 10**9, 2**32 - 1):
        ours, theirs = random.SeedGenerator(seed), keras.random.SeedGenerator(seed)
        for _ in range(5):
            found, expected = ours.next(ordered).numpy(), np.asarray(theirs.next(ordered))
            np.testing.assert_array_equal(found, expected, strict=True)


def test_generator_configurations() -> None:
    assert random.SeedGenerator(3).get_config() == keras.random.SeedGenerator(3).get_config()
    assert random.SeedGenerator().get_config() == keras.random.SeedGenerator().get_config()
    again = random.SeedGenerator.from_config(keras.random.SeedGenerator(3).get_config())
    assert again.state.numpy().tolist() == [3, 0]


def test_seeds_are_variables_and_no_weights() -> None:
    def described(k: Any) -> list[Any]:
        k.utils.clear_session(free_memory=False)
        layers, x = k.layers, np.ones((2, 4, 4, 3), "float32")
        model = k.Sequential([k.Input((3,)), layers.Dropout(0.5), layers.Dense(1), layers.GaussianNoise(0.1)])
        steps = layers.LSTM(2, dropout=0.3)
        steps(x[0])
        flip = layers.RandomFlip()
        flip(x)
        kinds = ("variables", "weights", "trainable_variables", "non_trainable_variables", "non_trainable_weights")
        values = [k.ops.convert_to_numpy(v).tolist() for v in layers.Dropout(0.5, seed=3).variables]
        return [[[v.path for v in getattr(layer, kind)] for kind in kinds] for layer in (model, steps, flip)] + values

    assert described(minikeras) == described(keras)


def test_none_is_missing() -> None:
    assert {name for name in vars(keras.random) if not name.startswith("_")} <= set(vars(random))


@pytest.mark.parametrize("name", sorted(CALLS))
def test_signatures(name: str) -> None:
    pair = getattr(random, name), getattr(keras.random, name)
    ours, theirs = ([(p.name, p.default) for p in inspect.signature(f).parameters.values()] for f in pair)
    assert ours == theirs


def test_error_classes() -> None:
    for module in (random, keras.random):
        with pytest.raises(ValueError, match="floating"):
            module.uniform((2,), dtype="int32")
        with pytest.raises(ValueError, match="integer"):
            module.randint((2,), 0, 3, dtype="float32")
        with pytest.raises(ValueError, match="seed"):
            module.normal((2,), seed="1")
        with pytest.raises(ValueError, match="seed"):
            module.SeedGenerator(1.5)
        with pytest.raises(ValueError, match="logits"):
            module.categorical(np.ones(3, "float32"), 2)
    for utils in (minikeras.utils, keras.utils):
        with pytest.raises(ValueError, match="seed"):
            utils.set_random_seed("1")
