"""Layers of several inputs, and masks, beside Keras's own."""

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import minikeras

Make = Callable[[Any], Any]
LIBRARIES = (minikeras, keras)
FUNCTIONS = ("add", "subtract", "multiply", "average", "maximum", "minimum")
Shapes = list[tuple[int, ...]]


def layer(name: str) -> Make:
    return lambda k: getattr(k.layers, name.capitalize())()


def function(name: str, prepare: Make) -> Make:
    return lambda k: getattr(k.layers, name)(prepare(k))


ELEMENTWISE: dict[str, Make] = {name: layer(name) for name in FUNCTIONS}
SAME: Shapes = [(2, 3, 4), (2, 3, 4)]
RANKS: Shapes = [(2, 4), (2, 3, 4)]
BROADCAST: Shapes = [(2, 3, 1), (2, 1, 4), (2, 3, 4)]
CASES: dict[str, tuple[Make, Shapes]] = {
    **{name: (make, SAME) for name, make in ELEMENTWISE.items()},
    **{f"{name}_ranks": (make, RANKS) for name, make in ELEMENTWISE.items()},
    **{f"{n}_broadcast": (m, BROADCAST[: 2 if n == "subtract" else 3]) for n, m in ELEMENTWISE.items()},
    "add_one": (ELEMENTWISE["add"], [(2, 3)]),
    "add_vectors": (ELEMENTWISE["add"], [(3,), (3,)]),
    "concatenate": (lambda k: k.layers.Concatenate(), [(2, 3, 4), (2, 3, 1), (2, 3, 2)]),
    "concatenate_middle": (lambda k: k.layers.Concatenate(axis=1, name="mine"), [(2, 3, 4), (2, 1, 4)]),
    "concatenate_one": (lambda k: k.layers.Concatenate(), [(2, 3)]),
    "dot": (lambda k: k.layers.Dot(axes=1), [(2, 3), (2, 3)]),
    "dot_last": (lambda k: k.layers.Dot(axes=-1), [(2, 3, 4), (2, 5, 4)]),
    "dot_pair": (lambda k: k.layers.Dot(axes=(1, 2)), [(2, 3, 5), (2, 6, 3)]),
    "dot_list": (lambda k: k.layers.Dot(axes=[2, 1]), [(2, 3, 5), (2, 5)]),
    "dot_vector": (lambda k: k.layers.Dot(axes=(1, 3)), [(2, 5), (2, 3, 4, 5)]),
    "dot_many": (lambda k: k.layers.Dot(axes=(2, 1), normalize=True), [(2, 3, 4, 2), (2, 4, 5, 3)]),
    "dot_cosine": (lambda k: k.layers.Dot(axes=1, normalize=True), [(2, 3), (2, 3)]),
}


def sample(shapes: list[tuple[int, ...]]) -> list[Any]:
    """Return arrays of these shapes."""
    rng = np.random.default_rng(1)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize("name", CASES)
def test_values_shapes_and_configurations(name: str) -> None:
    make, shapes = CASES[name]
    ours, theirs = (make(k) for k in LIBRARIES)
    config = theirs.get_config()
    assert ours.get_config() == config
    assert type(ours).from_config(config).get_config() == config
    assert minikeras.layers.deserialize(keras.layers.serialize(theirs)).get_config() == config
    x = sample(shapes)
    got, wanted = ours(x), np.asarray(theirs(x))
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)
    assert ours.compute_output_shape(shapes) == tuple(theirs.compute_output_shape(shapes)) == wanted.shape
    symbolic = [make(k)([k.Input(shape[1:]) for shape in shapes]) for k in LIBRARIES]
    assert symbolic[0].shape == symbolic[1].shape == (None, *wanted.shape[1:])


@pytest.mark.parametrize("name", [*FUNCTIONS, "concatenate", "dot"])
def test_functions(name: str) -> None:
    x = sample([(2, 3), (2, 3)])
    options: dict[str, Any] = {"axis": 1} if name == "concatenate" else {"axes": 1} if name == "dot" else {}
    ours, theirs = (getattr(k.layers, name)(inputs=x, name="mine", **options) for k in LIBRARIES)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-6)
    np.testing.assert_allclose(getattr(minikeras.layers, name)(x, **options), ours)


def mask_of(k: Any, x: Any) -> Any:
    """Return a tensor's mask as an array, None without one."""
    mask = getattr(x, "keras_mask", None) if k is minikeras else keras.src.backend.get_keras_mask(x)
    return None if mask is None else np.asarray(mask)


NUMBERS = np.array([[1, 2, 0], [0, 3, 0]])
OTHERS = np.array([[0, 1, 0], [2, 0, 0]])
FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
FEATURES[0, 1] = FEATURES[1] = 0.0


def embedded(k: Any, numbers: Any = NUMBERS, name: str = "e", mask_zero: bool = True) -> Any:
    """Return vectors, with a mask."""
    fill = k.initializers.RandomNormal(seed=len(name))
    return k.layers.Embedding(5, 4, fill, mask_zero=mask_zero)(numbers)


def both(k: Any) -> list[Any]:
    """Return two tensors that have masks."""
    return [embedded(k), embedded(k, OTHERS, "other")]


def one(k: Any) -> list[Any]:
    """Return two tensors, the first of which has a mask."""
    return [embedded(k), embedded(k, OTHERS, "other", mask_zero=False)]


def middle(k: Any) -> Any:
    """Return a layer whose function asks for the mask."""

    def counted(x: Any, mask: Any) -> Any:
        return x * k.ops.cast(k.ops.expand_dims(mask, -1), "float32")

    return k.layers.Lambda(counted, mask=lambda x, mask: k.ops.logical_not(mask))


MASKED: dict[str, Callable[[Any], Any]] = {
    "embedding": embedded,
    "embedding_without": lambda k: embedded(k, mask_zero=False),
    "masking": lambda k: k.layers.Masking()(FEATURES),
    "masking_again": lambda k: k.layers.Masking(0.5)(embedded(k)),
    "dense": lambda k: k.layers.Dense(2, kernel_initializer="ones")(embedded(k)),
    "activation": lambda k: k.layers.Activation("relu")(embedded(k)),
    "dropout": lambda k: k.layers.Dropout(0.5)(embedded(k)),
    "cast": lambda k: k.layers.Activation("relu", dtype="float16")(embedded(k)),
    "flatten": lambda k: k.layers.Flatten()(embedded(k)),
    "rms": lambda k: k.layers.RMSNormalization()(embedded(k)),
    "layer_normalization": lambda k: k.layers.LayerNormalization()(embedded(k)),
    "batch_normalization": lambda k: k.layers.BatchNormalization()(embedded(k), training=True),
    "time_distributed": lambda k: k.layers.TimeDistributed(k.layers.Dense(2, kernel_initializer="ones"))(embedded(k)),
    "time_distributed_masked": lambda k: k.layers.TimeDistributed(k.layers.BatchNormalization())(
        embedded(k), training=True
    ),
    "lambda": lambda k: middle(k)(embedded(k)),
    **{f"{name}_both": function(name, both) for name in FUNCTIONS},
    **{f"{name}_one": function(name, one) for name in FUNCTIONS},
    **{f"{name}_other": function(name, lambda k: one(k)[::-1]) for name in FUNCTIONS},
    "maximum_three": lambda k: k.layers.maximum([*both(k), embedded(k, OTHERS[::-1].copy(), "third")]),
    "concatenate_both": lambda k: k.layers.concatenate(both(k)),
    "concatenate_one": lambda k: k.layers.concatenate(one(k)),
    "concatenate_steps": lambda k: k.layers.concatenate(one(k)[::-1], axis=1),
    "dot": lambda k: k.layers.dot(both(k), axes=-1),
    "explicit": lambda k: k.layers.BatchNormalization()(FEATURES, training=True, mask=NUMBERS > 0),
    "model": lambda k: k.Sequential([k.layers.Embedding(5, 4, "ones", mask_zero=True), k.layers.Dense(1)])(NUMBERS,
                                                                                                  training=True),
}  # fmt: skip


@pytest.mark.parametrize("name", MASKED)
def test_masks(name: str) -> None:
    found = []
    for k in LIBRARIES:
        k.utils.set_random_seed(1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            y = MASKED[name](k)
        told = [str(w.message) for w in caught if w.category is UserWarning]
        found.append((np.asarray(y), mask_of(k, y), told))
    (ours, mask, told), (theirs, other, theirs_told) = found
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert told == theirs_told
    assert (mask is None) == (other is None)
    if mask is not None:
        np.testing.assert_array_equal(mask, other)
        assert mask.dtype == bool


def test_symbolic_masks_warn_as_keras_does() -> None:
    for k in LIBRARIES:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            k.Sequential([k.Input((3,)), k.layers.Embedding(5, 4, mask_zero=True), k.layers.Flatten(name="flat")])
        assert sum("'flat'" in str(w.message) and "mask" in str(w.message) for w in caught) == 1
