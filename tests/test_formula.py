"""The rules of optimizers, compiled to work in place, compute what their formulas say, to the last bit."""

from typing import Any

import numpy as np
import pytest

from minikeras import Variable, optimizers
from minikeras._typing import Array
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
SIZES = [1, 2, 3, 13, 64, 257, 1000, 32_768, 100_000]


def draw(rng: np.random.Generator, size: int, dtype: str, special: bool) -> Array:
    """Return numbers of all magnitudes, and if asked for among them zeros, infinities, NaN, the tiny and the huge."""
    values = rng.normal(size=size) * 10.0 ** rng.integers(-6, 3, size)
    if special:
        values = np.where(rng.random(size) < 0.5, rng.choice(SPECIAL, size), values)
    return values.astype(dtype)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), RULES, ids=str)
def test_compiled_rules_equal_those_written_by_hand(name: str, options: dict[str, Any], dtype: str) -> None:
    rng = np.random.default_rng(0)
    for size in SIZES:
        for special in (False, True):
            optimizer: Any = getattr(optimizers, name)(0.01, **options)
            optimizer.build([Variable(np.zeros(size, dtype), dtype=dtype)])
            start = [draw(rng, size, dtype, special) for _ in range(1 + len(optimizer._slots))]
            if not special:
                start = [np.abs(x) for x in start]
            by_hand, compiled = [x.copy() for x in start], [x.copy() for x in start]
            rule = compile_formula(optimizer._formula, len(optimizer._slots))
            for step in (1, 2, 5):
                optimizer._before_update(step)
                k = optimizer._constants(0.01, step, lambda value: float(np.asarray(value, dtype)))
                k = [np.asarray(value, dtype) for value in k]
                g = draw(rng, size, dtype, special)
                room = np.empty((4, size), dtype)
                optimizer._rule(k, by_hand[0], g.copy(), *room[:2], *by_hand[1:])
                rule(k, compiled[0], g.copy(), *room[2:], *compiled[1:])
                for a, b in zip(by_hand, compiled, strict=True):
                    assert a.tobytes() == b.tobytes(), (size, special, step)
