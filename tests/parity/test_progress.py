"""The bytes that the progress bar draws in a terminal, beside those of Keras."""

import io
import sys
import time
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from minikeras._display.progbar import Progbar

Update = tuple[float, int, list[tuple[str, Any]], bool | None]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def draw(bar_class: Any, options: dict[str, Any], updates: list[Update]) -> str:
    """Return what a bar writes for a list of (seconds passed, step, metrics, whether it is the last)."""
    now, terminal = 1.7e9, Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        patch.setattr(time, "time", lambda: now)
        bar = bar_class(**options)
        for seconds, current, values, finalize in updates:
            now += seconds
            if finalize is None and current % 3 == 0:
                bar.add(2, values)
            else:
                bar.update(current, values, finalize)
    return terminal.getvalue()


def same(options: dict[str, Any], updates: list[Update]) -> None:
    assert draw(Progbar, options, updates) == draw(keras.utils.Progbar, options, updates)


numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1e-3, 1e-4, -1e-5, float("nan"), float("inf"), 3])
arrays = st.lists(st.floats(-10, 10, width=32), min_size=2, max_size=2).map(lambda x: np.array(x, "float32"))
values = st.dictionaries(st.sampled_from(["loss", "a", "val_loss"]), numbers | arrays | numbers.map(np.float32))
seconds = st.sampled_from([0.0, 1e-6, 2e-4, 0.003, 0.04, 0.06, 0.7, 1.0, 30.0, 61.5, 4000.0])
updates = st.lists(
    st.tuples(
        seconds,
        st.integers(0, 130),
        values.map(lambda x: list(x.items())),
        st.sampled_from([None, False, True]),
    ),
    max_size=8,
)
options = st.fixed_dictionaries(
    {
        "target": st.sampled_from([None, 0, 1, 3, 9, 10, 99, 100, 128, 1000]),
        "width": st.integers(0, 30),
        "verbose": st.sampled_from([0, 1, 1, 1, 2]),
        "interval": st.sampled_from([0.0, 0.05, 1.0]),
        "unit_name": st.sampled_from(["step", "sample"]),
    },
    optional={"stateful_metrics": st.just(["a"])},
) | st.fixed_dictionaries({"target": st.just(10), "stateless_metrics": st.just(["loss"])})


@settings(max_examples=300)
@given(options, updates)
@example({"target": None}, [(0.0, 0, [("loss", -0.0)], None)])
def test_any_calls(options: dict[str, Any], updates: list[Update]) -> None:
    same(options, updates)


@pytest.mark.parametrize("target", [1, 7, 10, 100, 1000, 12345])
@pytest.mark.parametrize("pace", [1e-5, 0.004, 0.3, 2.0, 75.0])
def test_an_epoch(target: int, pace: float) -> None:
    steps = sorted({*range(1, min(target, 30)), *range(1, target, max(1, target // 40))})
    updates: list[Update] = [(pace, step, [("loss", 1 / step), ("accuracy", 0.5)], False) for step in steps]
    updates.append((pace, target, [("loss", 0.1), ("accuracy", 0.5), ("val_loss", 0.2)], True))
    same({"target": target}, updates)
    same({"target": None}, updates)
    same({"target": target, "verbose": 2}, updates)


def test_errors() -> None:
    for bar_class in (Progbar, keras.utils.Progbar):
        with pytest.raises(ValueError, match="stateless_metrics"):
            bar_class(target=1, stateful_metrics=["a"], stateless_metrics=["b"])
