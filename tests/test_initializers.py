"""Initializers: hand numbers, seeds, names, errors."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import minikeras
from minikeras import initializers
from minikeras._base.typing import DTypeLike

CLASSES: list[Any] = sorted(
    {*initializers.registry.names.values()} - {initializers.Initializer}, key=lambda c: str(c.__name__)
)


def test_constants() -> None:
    assert initializers.Zeros()((2, 1)).tolist() == [[0], [0]]
    assert initializers.Ones()((2,), "int32").dtype == "int32"
    assert initializers.Constant(2)((2,)).tolist() == [2, 2]
    assert initializers.Constant([1.0, 2.0])((2, 2)).tolist() == [[1, 2], [1, 2]]
    assert initializers.Identity(3.0)((2, 3)).tolist() == [[3, 0, 0], [0, 3, 0]]
    with pytest.raises(ValueError, match="broadcast"):
        initializers.Constant([1.0, 2.0])((3,))


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("GlorotNormal", 2 / 500), ("GlorotUniform", 2 / 500), ("HeNormal", 2 / 300), ("HeUniform", 2 / 300),
        ("LecunNormal", 1 / 300), ("LecunUniform", 1 / 300), ("RandomNormal", 0.05**2),
        ("RandomUniform", 0.1**2 / 12), ("VarianceScaling", 1 / 300),
    ],
)  # fmt: skip
def test_variances(name: str, variance: float) -> None:
    values = getattr(initializers, name)(seed=1)((300, 200)).numpy()
    assert values.var() == pytest.approx(variance, rel=0.02)
    assert abs(values.mean()) < 4 * math.sqrt(variance / values.size)


def test_limits() -> None:
    assert abs(initializers.GlorotUniform(seed=1)((300, 200)).numpy()).max() <= math.sqrt(6 / 500)
    assert abs(initializers.TruncatedNormal(stddev=1.0, seed=1)((3000,)).numpy()).max() <= 2
    q = initializers.Orthogonal(2.0, seed=1)((2, 3, 4), "float64").numpy().reshape(6, 4)
    np.testing.assert_allclose(q.T @ q, 4 * np.eye(4), atol=1e-12)


def test_fans() -> None:
    assert initializers.compute_fans(()) == (1, 1)
    assert initializers.compute_fans((5,)) == (5, 5)
    assert initializers.compute_fans((5, 7)) == (5, 7)
    assert initializers.compute_fans((3, 2, 5, 7)) == (30, 42)
    assert initializers.compute_fans((3, 4, 5), input_axes=(0,), output_axes=(1, 2)) == (3, 20)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: str(c.__name__))
def test_every_class(cls: Any) -> None:
    initializer = cls()
    for dtype in ("float16", "float32", "float64"):
        values = initializer((3, 2), dtype)
        assert (values.shape, values.dtype) == ((3, 2), dtype)
    assert initializer((3, 2)).dtype == "float32"
    assert initializer([3, 2]).shape == (3, 2)
    np.testing.assert_array_equal(initializer((3, 2)).numpy(), initializer((3, 2)).numpy())  # the same at every call
    copy = initializers.deserialize(initializers.serialize(initializer))
    assert type(copy) is type(initializer.clone()) is cls
    assert copy.get_config() == initializer.get_config()
    assert type(initializers.get(cls)) is cls
    assert initializers.get(initializer) is initializer


def test_seeds() -> None:
    shape = (4,)
    minikeras.utils.set_random_seed(5)
    first = initializers.GlorotUniform()(shape).numpy()
    second = initializers.GlorotUniform()(shape).numpy()
    assert (first != second).all()
    minikeras.utils.set_random_seed(5)
    np.testing.assert_array_equal(initializers.GlorotUniform()(shape).numpy(), first)
    moving = initializers.RandomNormal(seed=minikeras.random.SeedGenerator(1))
    assert (moving(shape).numpy() != moving(shape).numpy()).all()


class Sevens(initializers.Initializer):
    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Any:
        return np.full(shape, 7.0, "float32")


def test_custom_initializers() -> None:
    layer = minikeras.layers.Dense(2, kernel_initializer=Sevens())
    layer.build((None, 1))
    assert layer.get_weights()[0].tolist() == [[7, 7]]
    config = initializers.serialize(Sevens())
    assert isinstance(initializers.deserialize(config, {"Sevens": Sevens}), Sevens)
    given = initializers.get(np.array([1.0, 2.0]))
    assert np.asarray(given((2,))).tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"\(2,\)"):
        given((3,))


def test_errors_help() -> None:
    assert initializers.get(None) is None
    assert isinstance(initializers.get(np.str_("ones")), initializers.Ones)
    with pytest.raises(ValueError, match="'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    with pytest.raises(ValueError, match="initializer"):
        initializers.get(3.5)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="matrices"):
        initializers.Identity()((3,))
    with pytest.raises(ValueError, match="two axes"):
        initializers.Orthogonal()((3,))
    with pytest.raises(ValueError, match="scale"):
        initializers.VarianceScaling(scale=0)
    with pytest.raises(ValueError, match="fan_in"):
        initializers.VarianceScaling(mode="fan")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="uniform"):
        initializers.VarianceScaling(distribution="even")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seed"):
        initializers.HeNormal(seed="1")  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        initializers.Initializer()((2,))
