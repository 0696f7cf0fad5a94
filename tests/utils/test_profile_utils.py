"""A profile has the lines of a compiled step, and leaves the model as training does."""

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers
from minikeras._jit import blocks
from minikeras.utils import profile_step

X = np.random.default_rng(0).standard_normal((8, 4), "float32")
Y = X[:, :1]


def compiled(**options: bool) -> keras.Sequential:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "relu", name="first"), layers.Dense(1, name="last")])
    model.compile("adam", "mse", **options)  # type: ignore[arg-type]  # options of `compile` alone
    return model


def test_a_training_step_is_told_line_by_line() -> None:
    profile = profile_step(compiled(), X, Y, steps=5)
    text = [line for line, _ in profile]
    assert any("/first/kernel, float32[8, 3])" in line for line in text)
    assert any("last/kernel" in line for line in text)
    assert all(microseconds > 0 for _, microseconds in profile)
    table = str(profile).splitlines()
    assert len(table) == len(profile) + 2
    assert table[0].split() == ["share", "us", "line"]
    assert sum(float(row.split("%")[0]) for row in table[1:-1]) == pytest.approx(100, abs=0.1 * len(profile))


def test_the_model_trains_meanwhile_and_goes_on_as_before() -> None:
    profiled, other = compiled(), compiled()
    profile_step(profiled, X, Y, steps=5)
    for _ in range(8):
        other.train_on_batch(X, Y)
    assert profiled.train_on_batch(X, Y) == other.train_on_batch(X, Y)
    np.testing.assert_array_equal(profiled.predict(X), other.predict(X))


def test_a_prediction_changes_nothing() -> None:
    model = compiled()
    before = model.get_weights()
    lines = profile_step(model, X, steps=2)
    assert len(lines) == 5
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_step_in_blocks_of_rows_is_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_COST", 1)
    monkeypatch.setattr(blocks, "CALL_COST", 10)
    model = compiled()
    text = [line for line, _ in profile_step(model, X, Y, steps=3)]
    assert isinstance(next(iter(model._jits["train"]._programs.values())), blocks.BlockProgram)
    assert sum("/first/kernel, float32[4, 3])" in line for line in text) == 1
    assert any("run()" in line for line in text)
    assert len(text) == len({*text})


def test_an_eager_step_has_no_lines() -> None:
    with pytest.raises(ValueError, match="not compiled"):
        profile_step(compiled(run_eagerly=True), X, Y)
