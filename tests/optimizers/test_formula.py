"""The rules of optimizers, compiled to work in place, compute what their formulas say, to the last bit."""

from typing import Any

import numpy as np
import pytest

from minikeras import Variable, optimizers
from minikeras._base.signature import parameters
from minikeras._base.typing import Array
from minikeras.optimizers.flat_buffers import make_rounding
from minikeras.optimizers.formula import compile_formula

RULES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Lion", {}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.1, "l2_shrinkage_regularization_strength": 0.2, "beta": 0.3}),
    ("Ftrl", {"learning_rate_power": -0.3}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 3}),
]
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-320, -1e-45, 1e-30, 1e38, -1e308, 1.0, -1.0]
SIZES = [1, 2, 13, 257, 100_000]


def draw(rng: np.random.Generator, size: int, dtype: str, special: bool) -> Array:
    """Return numbers of all magnitudes, and if asked for among them zeros, infinities, NaN, the tiny and the huge."""
    values = rng.normal(size=size) * 10.0 ** rng.integers(-6, 3, size)
    if special:
        values = np.where(rng.random(size) < 0.5, rng.choice(SPECIAL, size), values)
    return values.astype(dtype)


def bits(arrays: list[Array]) -> list[bytes]:
    """Return arrays as bytes; NaN is NaN, whatever its sign, which NumPy lets depend on the size of an array."""
    return [np.where(np.isnan(x), np.nan, x).astype(x.dtype).tobytes() for x in arrays]


def run_in_place(formula: Any, k: list[Array], arrays: list[Array], g: Array) -> list[Array]:
    p, *slots = (x.copy() for x in arrays)
    scratch = np.full((2, *p.shape), 7, p.dtype)
    compile_formula(formula, len(slots))(k, p, g.copy(), *scratch, *slots)
    return [p, *slots]


def run_plainly(formula: Any, k: list[Array], arrays: list[Array], g: Array) -> list[Array]:
    p, *slots = arrays
    constants = dict(zip(parameters(formula).keyword_only, k, strict=True))
    return list(formula(p, g, *slots, **constants))[: len(arrays)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("name", "options"), RULES, ids=str)
def test_compiled_rules_equal_their_formulas(name: str, options: dict[str, Any], dtype: str) -> None:
    rng = np.random.default_rng(0)
    for size in SIZES if dtype != "float16" else SIZES[:4]:
        for special in (False, True):
            optimizer: Any = getattr(optimizers, name)(0.01, **options)
            optimizer.build([Variable(np.zeros(size, dtype), dtype=dtype)])
            plain = [draw(rng, size, dtype, special) for _ in range(1 + len(optimizer._slots))]
            compiled = plain = plain if special else [np.abs(x) for x in plain]
            for step in (1, 5):
                optimizer._before_update(step)
                k = optimizer._constants(0.01, step, make_rounding(dtype))
                k = [np.asarray(value, dtype) for value in k]
                g = draw(rng, size, dtype, special)
                compiled = run_in_place(optimizer._formula, k, compiled, g)
                plain = run_plainly(optimizer._formula, k, plain, g)
                assert bits(compiled) == bits(plain), (size, special, step)


def rotate(p: Array, g: Array, a: Array, b: Array, *, rate: Array) -> tuple[Array, ...]:
    return p - g * rate, b, a


def shift(p: Array, g: Array, a: Array, b: Array, *, rate: Array) -> tuple[Array, ...]:
    return p + (a - b) * rate, g, a


def read_old_values_late(p: Array, g: Array, a: Array, b: Array, *, rate: Array) -> tuple[Array, ...]:
    step, new = g * rate, a * b
    return p - step, new, new - a + b + p


@pytest.mark.parametrize("formula", [rotate, shift, read_old_values_late])
def test_old_values_last_as_long_as_they_are_read(formula: Any) -> None:
    arrays = [np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0])]
    k, g = [np.array(0.5)], np.array([7.0, 8.0])
    for compiled, plain in zip(run_in_place(formula, k, arrays, g), run_plainly(formula, k, arrays, g), strict=True):
        np.testing.assert_array_equal(compiled, plain)


def test_what_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(TypeError, match="reduce"):
        compile_formula(lambda p, g: (p - np.add.reduce(g),), 0)
    with pytest.raises(TypeError, match="power"):
        compile_formula(lambda p, g: (np.power(p, g, dtype="float64"),), 0)

    def greedy(p: Array, g: Array) -> tuple[Array, ...]:
        terms = [np.sqrt(p), np.exp(p), np.log(p), np.sin(g + p)]
        return (terms[0] * terms[1] + terms[2] * terms[3] - p * g,)

    with pytest.raises(ValueError, match="scratch arrays"):
        compile_formula(greedy, 0)
