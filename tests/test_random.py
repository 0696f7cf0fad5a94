"""Random functions: repeatability, distributions, gradients, errors."""

import random as python_random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import minikeras
from minikeras import random
from minikeras._core.keras_tensor import infer
from minikeras._core.tensor import Tensor


def test_integer_seeds_repeat_and_generators_go_on() -> None:
    assert (random.normal((3,), seed=1).numpy() == random.normal((3,), seed=1).numpy()).all()
    generator = random.SeedGenerator(1)
    first, second = random.normal((3,), seed=generator), random.normal((3,), seed=generator)
    assert (first.numpy() == random.normal((3,), seed=1).numpy()).all()
    assert (first.numpy() != second.numpy()).all()
    assert generator.state.numpy().tolist() == [1, 2]
    state = generator.state.numpy()
    third = random.normal((3,), seed=generator).numpy()
    generator.set_state(state)
    assert (random.normal((3,), seed=generator).numpy() == third).all()


def test_set_random_seed_covers_all() -> None:
    def draw() -> list[float]:
        return [
            python_random.random(),
            np.random.rand(),  # noqa: NPY002 - the global stream is what is tested
            float(random.uniform(())),
            float(random.uniform(())),
        ]

    minikeras.utils.set_random_seed(3)
    first = draw()
    assert draw() != first
    minikeras.utils.set_random_seed(3)
    assert draw() == first
    assert first[2] != first[3]


def test_distributions() -> None:
    n = (20000,)
    assert float(random.normal(n, 2.0, 3.0, seed=1).mean()) == pytest.approx(2, abs=0.1)
    assert np.std(random.normal(n, 2.0, 3.0, seed=1).numpy()) == pytest.approx(3, abs=0.1)
    uniform = random.uniform(n, -1.0, 3.0, seed=1).numpy()
    assert uniform.min() >= -1
    assert uniform.max() < 3
    assert uniform.mean() == pytest.approx(1, abs=0.05)
    assert abs(random.truncated_normal(n, seed=1).numpy()).max() <= 2
    assert float(random.gamma(n, 3.0, seed=1).mean()) == pytest.approx(3, abs=0.1)
    assert float(random.beta(n, 1.0, 3.0, seed=1).mean()) == pytest.approx(0.25, abs=0.01)
    assert float(random.binomial(n, 10, 0.3, seed=1).mean()) == pytest.approx(3, abs=0.1)
    assert random.binomial((2,), [3.0, 4.0], [1.0, 0.0]).tolist() == [3, 0]
    integers = random.randint(n, 2, 5, seed=1)
    assert integers.dtype == "int32"
    assert set(integers.tolist()) == {2, 3, 4}
    drawn = random.categorical(np.log([[0.2, 0.8]]), 20000, seed=1)
    assert drawn.shape == (1, 20000)
    assert drawn.numpy().mean() == pytest.approx(0.8, abs=0.02)
    assert sorted(random.shuffle([3, 1, 2], seed=1).tolist()) == [1, 2, 3]


@pytest.mark.parametrize("shape", [(3, 2), (150, 300), (2, 0, 9)])
@pytest.mark.parametrize(("law", "parameters"), [
    ("normal", (1.0, 2.0)), ("uniform", (-1.0, 3.0)), ("gamma", (2.5,)), ("beta", (2.0, 3.0)), ("binomial", (9, 0.3)),
])  # fmt: skip
def test_draws_of_any_size_are_those_of_numpy_at_once(law: str, parameters: tuple[Any, ...], shape: Any) -> None:
    whole = getattr(np.random.default_rng([5, 0]), law)(*parameters, size=shape).astype("float32")
    drawn = getattr(random, law)(shape, *parameters, dtype="float32", seed=5).numpy()
    assert drawn.shape == shape
    assert drawn.tobytes() == whole.tobytes()


def test_dropout() -> None:
    x = np.arange(1.0, 1001.0).reshape(100, 10)
    y = random.dropout(x, 0.25, seed=1).numpy()
    kept = y != 0
    assert kept.mean() == pytest.approx(0.75, abs=0.05)
    np.testing.assert_allclose(y[kept], x[kept] / 0.75, 1e-6)
    rows = random.dropout(x, 0.5, noise_shape=(None, 1), seed=1).numpy() != 0
    assert (rows == rows[:, :1]).all()
    assert (random.dropout(x, 0.0).numpy() == x).all()
    assert not random.dropout(x, 1.0).numpy().any()
    for dtype in ("float16", "float32", "float64"):  # what is left out is 0, whatever it was, without a sign
        wild = Tensor(np.array([np.nan, np.inf, -np.inf, -1.0] * 50, dtype))
        left = random.dropout(wild, 0.5, seed=1).numpy()[random.dropout(np.ones(200), 0.5, seed=1).numpy() == 0]
        assert left.size > 50
        assert not left.view(f"i{left.itemsize}").any()


def test_dropout_gradient_uses_the_same_mask() -> None:
    x = Tensor(np.zeros((4, 5), "float32"))  # zeros: the output does not tell what was kept
    with minikeras.GradientTape() as tape:
        tape.watch(x)
        y = random.dropout(x, 0.5, seed=random.SeedGenerator(2))
    gradient = tape.gradient(y, x)
    assert gradient is not None
    expected = random.dropout(np.ones((4, 5)), 0.5, seed=random.SeedGenerator(2))
    np.testing.assert_array_equal(gradient.numpy(), expected.numpy())


@pytest.mark.parametrize("draw", [lambda x: random.dropout(x, 0.5), lambda x: x + random.normal((3,))])
def test_shapes_alone_cost_no_randomness(draw: Any) -> None:
    minikeras.utils.set_random_seed(1)
    before = python_random.getstate()
    assert infer(draw, minikeras.KerasTensor((None, 3))).shape == (None, 3)
    assert python_random.getstate() == before
    generator = random.SeedGenerator(1)
    infer(lambda x: random.dropout(x, 0.5, seed=generator), minikeras.KerasTensor((None, 3)))
    assert generator.state.numpy().tolist() == [1, 0]


def test_clear_session_forgets_the_global_generator() -> None:
    minikeras.utils.set_random_seed(1)
    first = float(random.uniform(()))
    minikeras.utils.clear_session()
    python_random.seed(1)
    assert float(random.uniform(())) == first


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", np.float32(1)])
def test_seeds_are_checked(seed: Any) -> None:
    with pytest.raises(ValueError, match="seed"):
        random.normal((2,), seed=seed)
    with pytest.raises(ValueError, match="seed"):
        random.SeedGenerator(seed)


def test_dtypes_are_checked() -> None:
    with pytest.raises(ValueError, match="floating"):
        random.normal((2,), dtype="int32")
    with pytest.raises(ValueError, match="integer"):
        random.randint((2,), 0, 3, dtype="float32")
    with pytest.raises(ValueError, match="classes"):
        random.categorical(np.ones(3), 2)
    for logits in ([[1.0, np.nan]], [[0.0, 1.0], [-np.inf, -np.inf]], [[np.inf, 0.0]]):
        with pytest.raises(ValueError, match="finite"), np.errstate(invalid="ignore"):
            random.categorical(logits, 2)


@pytest.mark.parametrize(("rows", "classes", "count"), [(50, 7, 3), (3, 400, 1000), (0, 4, 2), (4, 3, 0)])
def test_classes_are_those_of_numpys_choice(rows: int, classes: int, count: int) -> None:
    logits = np.random.default_rng(3).normal(size=(rows, classes)).astype("float32")
    logits[:, 1] = -np.inf
    each = np.exp(logits - logits.max(axis=1, keepdims=True))
    rng = np.random.default_rng([5, 0])
    expected = [rng.choice(classes, count, p=p) for p in each / each.sum(axis=1, keepdims=True)]
    drawn = random.categorical(logits, count, seed=5)
    np.testing.assert_array_equal(drawn, np.reshape(expected, (rows, count)))
    assert drawn.shape == (rows, count)


def test_a_number_is_the_shape_of_a_vector() -> None:
    draws: list[Any] = [random.normal, random.uniform, random.truncated_normal]
    for draw in (*draws, lambda shape, seed: random.randint(shape, 0, 9, seed=seed)):
        np.testing.assert_array_equal(draw(3, seed=1), draw((3,), seed=1))
    initializer: Any = minikeras.initializers.RandomNormal()
    assert initializer(3).shape == (3,)


def test_threads_draw_different_numbers_from_one_generator(four_threads: ThreadPoolExecutor) -> None:
    generator = random.SeedGenerator(1)
    seeds = four_threads.map(lambda _: tuple(generator.next().numpy().tolist()), range(4000))
    assert sorted(seeds) == [(1, k) for k in range(4000)]
    assert len(set(four_threads.map(lambda _: float(random.uniform(())), range(2000)))) > 1990  # of 2 ** 24 numbers
