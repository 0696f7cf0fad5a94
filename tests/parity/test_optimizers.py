"""Optimizers beside Keras's own: steps on JAX, variables, schedules, configurations, signatures, errors."""

import inspect
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from tests.parity import optimizer_runs
from tests.parity.optimizer_runs import CASES, OWN, label, run

S = minikeras.optimizers.schedules
LIBRARIES = (minikeras, keras)


@pytest.fixture(scope="module")
def on_jax(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all cases with Keras on JAX: another process, since Keras has one backend a process."""
    path = tmp_path_factory.mktemp("jax") / "runs.npz"
    environment = {**os.environ, "XLA_FLAGS": "--xla_backend_optimization_level=0"}  # compiling is most of the work
    command = [sys.executable, optimizer_runs.__file__, str(path)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], env=environment)
    with np.load(path) as runs:
        return dict(runs)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_steps(case: tuple[str, dict[str, Any]], on_jax: dict[str, Any]) -> None:
    for kind, arrays in zip("ov", run(minikeras, *case), strict=True):
        names = [name for name in on_jax if name.startswith(f"{label(case)}|{kind}")]
        assert len(names) == len(arrays)
        for i, ours in enumerate(arrays):
            theirs = on_jax[f"{label(case)}|{kind}{i}"]
            assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
            tolerance = 2e-3 if ours.dtype == "float16" else 1e-6
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, several in OWN.items() for o in several])
def test_variables(name: str, options: dict[str, Any]) -> None:
    shown = []
    for k in LIBRARIES:
        model = k.Sequential([k.Input((2,)), k.layers.Dense(3), k.layers.Dense(1)], name="m")
        common = {"use_ema": True, "gradient_accumulation_steps": 2} if options else {}
        optimizer = getattr(k.optimizers, name)(**options, **common)
        optimizer.build(model.trainable_variables)
        shown.append([(v.name, v.path, tuple(v.shape), v.dtype, v.trainable) for v in optimizer.variables])
        shown[-1].append((optimizer.name, type(optimizer).__name__, (), "", optimizer.built))
    assert shown[0] == shown[1]


def test_all_names_exist() -> None:
    rest = {"legacy", "MultiOptimizer", "Muon", "OptimizerMap"}  # not in this library
    public = {name for name in dir(keras.optimizers) if name[0] != "_"}
    assert public - rest <= set(dir(minikeras.optimizers))
    assert {n for n in dir(keras.optimizers.schedules) if n[0] != "_"} <= set(dir(S))


def test_a_scaled_loss() -> None:
    shown = []
    for k in LIBRARIES:
        optimizer = k.optimizers.LossScaleOptimizer(k.optimizers.SGD(0.5), initial_scale=8.0, dynamic_growth_steps=2)
        w = k.Variable([1.0], name="w")
        optimizer.build([w])
        steps: list[Any] = []
        for gradient in (np.inf, 4.0, 4.0, np.nan, 4.0, 4.0, 4.0):
            steps.append(float(optimizer.scale_loss(1.0)))
            optimizer.apply([k.ops.convert_to_tensor([gradient])], [w])
            state = [w, optimizer.dynamic_scale, optimizer.step_counter, optimizer.iterations, optimizer.learning_rate]
            steps.append([float(np.squeeze(x)) for x in state])
        optimizer.learning_rate = 0.25
        config = optimizer.get_config()
        assert type(optimizer).from_config(dict(config)).get_config() == config
        shown.append((steps, [(v.path, v.dtype) for v in optimizer.variables], config))
    assert shown[0] == shown[1]


def test_files_of_a_model_of_mixed_precision(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    for k in LIBRARIES:
        k.config.set_dtype_policy("mixed_float16")
    try:
        for writer, reader in (LIBRARIES, reversed(LIBRARIES)):
            model = writer.Sequential([writer.Input((2,)), writer.layers.Dense(1)])
            model.compile("adam", "mse")
            assert type(model.optimizer).__name__ == "LossScaleOptimizer"
            model.optimizer.build(model.trainable_variables)
            for i, v in enumerate(model.optimizer.variables):
                v.assign(np.full(v.shape, i, v.dtype))
            model.save(path)
            again = reader.models.load_model(path)
            assert again.optimizer.get_config() == model.optimizer.get_config()
            for a, b in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
                np.testing.assert_array_equal(a, b)
    finally:
        for k in LIBRARIES:
            k.config.set_dtype_policy("float32")


@pytest.mark.parametrize("name", ["Nadam", "Adafactor"])
def test_a_saved_loss_scale_optimizer_loads_without_warnings(name: str, tmp_path: Path) -> None:
    paths = []
    for writer, reader in (LIBRARIES, reversed(LIBRARIES)):
        optimizer = writer.optimizers.LossScaleOptimizer(getattr(writer.optimizers, name)())
        model = writer.Sequential([writer.Input((2,)), writer.layers.Dense(2)])
        model.compile(optimizer, "mse")
        optimizer.build(model.trainable_variables)
        model.save(tmp_path / "model.keras")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            again = reader.models.load_model(tmp_path / "model.keras").optimizer
        paths.append([v.path for v in optimizer.variables])
        assert len(again.variables) == len(optimizer.variables)
    assert [len(p) for p in paths] == [10, 10]


@pytest.mark.parametrize("name", [*OWN, "Optimizer"])
def test_signatures(name: str) -> None:
    ours, theirs = (
        {p.name: p.default for p in inspect.signature(getattr(k.optimizers, name)).parameters.values()}
        for k in LIBRARIES
    )
    options = set(minikeras.optimizers.optimizer.OptimizerOptions.__annotations__)
    named = [key for key in ours if key not in ("options", "kwargs")]
    assert named == list(theirs)[: len(named)]
    assert {key: ours[key] for key in named} == {key: theirs[key] for key in named}
    assert set(theirs) - set(named) <= options | {"kwargs"}
    for method in ("apply", "apply_gradients", "build", "add_variable", "add_variable_from_reference",
                   "add_optimizer_variables", "update_step", "exclude_from_weight_decay", "set_weights", "scale_loss",
                   "finalize_variable_values", "save_own_variables", "load_own_variables", "from_config"):  # fmt: skip
        shown = [
            [(p.name, p.default) for p in inspect.signature(getattr(k.Optimizer, method)).parameters.values()]
            for k in LIBRARIES
        ]
        assert shown[0] == shown[1], method


@pytest.mark.parametrize("name", OWN)
def test_configurations(name: str) -> None:
    for options in (*OWN[name], {"clipnorm": 1.0, "use_ema": True, "name": "mine"}, {"global_clipnorm": 2.0}):
        both = [getattr(k.optimizers, name)(**options) for k in LIBRARIES]
        configs = [k.optimizers.serialize(o) for k, o in zip(LIBRARIES, both, strict=True)]
        assert configs[0] == configs[1]
        assert list(configs[0]["config"]) == list(configs[1]["config"])
        for k, config in zip(LIBRARIES, reversed(configs), strict=True):  # each reads the other's
            if k is keras and name == "Lamb":
                continue  # it does not find its own Lamb
            made = k.optimizers.deserialize(dict(config))
            assert (type(made).__name__, made.get_config()) == (name, config["config"])


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [5, 9], "values": [1.0, 0.5, 0.1]}),
    ("PiecewiseConstantDecay", {"boundaries": [5.5], "values": [1.0, 0.5]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "power": 0.5, "cycle": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.2}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "warmup_target": 0.3, "warmup_steps": 5}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "warmup_target": 0.3}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 4, "t_mul": 3.0, "m_mul": 0.9}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 6, "t_mul": 1.0, "alpha": 0.1}),
]


@pytest.mark.parametrize(("name", "arguments"), SCHEDULES, ids=str)
def test_schedules(name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = (getattr(k.optimizers.schedules, name)(**arguments) for k in LIBRARIES)
    for step in range(60):
        got, expected = ours(step), theirs(np.int32(step))
        assert got.shape == ()
        assert got.dtype == "float32"
        np.testing.assert_allclose(got, np.asarray(expected), rtol=1e-6, atol=1e-7, err_msg=str(step))
    np.testing.assert_array_equal(ours(np.arange(60)), [ours(step) for step in range(60)])
    config = S.serialize(ours)
    assert config == keras.optimizers.schedules.serialize(theirs)
    assert S.deserialize(config).get_config() == theirs.get_config()
    assert inspect.signature(type(ours)).parameters.keys() == inspect.signature(type(theirs)).parameters.keys()
    optimizers = [k.optimizers.SGD(s) for k, s in zip(LIBRARIES, (ours, theirs), strict=True)]
    assert optimizers[0].get_config() == optimizers[1].get_config()


def build(k: Any, **options: Any) -> tuple[Any, Any]:
    v = k.Variable(np.ones(2, "float32"), name="v")
    optimizer = k.optimizers.SGD(**options)
    optimizer.build([v])
    return optimizer, v


def forgotten(k: Any) -> Any:
    class Bad(k.Optimizer):  # type: ignore[misc]
        def __init__(self) -> None:
            self.x = 1

    return Bad()


ERRORS: list[Callable[[Any], Any]] = [
    *(lambda k, x=x: k.optimizers.get(x) for x in ("foo", 3, "adm", {"class_name": "foo", "config": {}})),
    lambda k: k.optimizers.get(k.optimizers.Adam),
    *(lambda k, x=x: k.optimizers.SGD(x) for x in (1, "x", None, np.float32(0.1))),
    *(lambda k, o=o: k.optimizers.SGD(**o) for o in (
        {"lr": 0.1}, {"momentum": 1}, {"momentum": 1.5}, {"clipnorm": 1.0, "clipvalue": 1.0},
        {"use_ema": True, "ema_momentum": 2.0}, {"use_ema": True, "ema_overwrite_frequency": -1},
        {"name": 3}, {"name": "a/b"},
        {"gradient_accumulation_steps": 1},
    )),
    lambda k: k.optimizers.AdamW(weight_decay=None),
    lambda k: k.optimizers.Lion(beta_1=0.0),
    *(lambda k, o=o: k.optimizers.Ftrl(**o) for o in (
        {"learning_rate_power": 1.0}, {"initial_accumulator_value": -1.0}, {"l1_regularization_strength": -1.0},
        {"l2_regularization_strength": -1.0}, {"l2_shrinkage_regularization_strength": -1.0},
    )),
    lambda k: k.optimizers.SGD().apply([np.ones(3)]),
    lambda k: k.optimizers.SGD().apply_gradients([]),
    lambda k: k.optimizers.SGD().apply([None], [k.Variable([1.0])]),
    lambda k: k.optimizers.SGD().set_weights([1.0]),
    lambda k: k.Optimizer(0.1).update_step(1.0, k.Variable([1.0]), 0.1),
    lambda k: build(k)[0].apply([np.ones(1, "float32")], [k.Variable([1.0])]),
    lambda k: build(k)[0].apply([np.ones(2, "float32")] * 2),
    lambda k: build(k)[0].apply([np.ones(3, "float32")]),
    lambda k: setattr(build(k, learning_rate=k.optimizers.schedules.CosineDecay(0.1, 5))[0], "learning_rate", 0.1),
    lambda k: build(k, use_ema=True)[0].finalize_variable_values([]),
    lambda k: build(k)[0].add_optimizer_variables([], ["a", "b"], ["zeros"]),
    forgotten,
    lambda k: k.optimizers.schedules.LearningRateSchedule()(1),
    lambda k: k.optimizers.schedules.LearningRateSchedule().get_config(),
    *(lambda k, n=n: getattr(k.optimizers.schedules, n)(0.1, 0, 0.5) for n in (
        "ExponentialDecay", "InverseTimeDecay", "PolynomialDecay", "CosineDecay", "CosineDecayRestarts",
    )),
    lambda k: k.optimizers.schedules.PiecewiseConstantDecay([1], [1.0]),
]  # fmt: skip


@pytest.mark.parametrize("wrong", ERRORS)
def test_errors(wrong: Callable[[Any], Any]) -> None:
    for k in LIBRARIES:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the classes are compared below
            wrong(k)
        if k is minikeras:
            ours = caught.type
    assert ours is caught.type
    assert ours in (ValueError, TypeError, RuntimeError, NotImplementedError)


def test_what_is_accepted() -> None:
    for k in LIBRARIES:
        assert k.optimizers.get(None) is None
        assert type(k.optimizers.get("ADAMW")).__name__ == "AdamW"
        assert type(k.optimizers.get({"class_name": "rmsprop", "config": {}})).__name__ == "RMSprop"
        optimizer, v = build(k)
        assert k.optimizers.get(optimizer) is optimizer
        assert optimizer.apply([], []) is None
        assert optimizer.iterations is optimizer.apply_gradients([(np.ones(2, "float32"), v)])
        optimizer.learning_rate = k.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
        assert [x.name for x in optimizer.variables] == ["iteration"]
        assert float(optimizer.learning_rate) == 0.25
        assert float(k.optimizers.SGD(lambda: 0.5).learning_rate) == 0.5
        optimizer.exclude_from_weight_decay(var_names=["^v$"])
        assert not optimizer._use_weight_decay(v)
        with pytest.warns(UserWarning, match="decay"):
            k.optimizers.SGD(decay=0.1)
        with pytest.warns(UserWarning, match="Skipping variable loading"):
            optimizer.load_own_variables({})
        with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['w'\]"):
            k.optimizers.SGD().apply([[1.0], None], [k.Variable([1.0]), k.Variable([1.0], name="w")])


def test_state_is_exchanged() -> None:
    pairs = []
    for k in LIBRARIES:
        variables = [k.Variable(np.arange(6, dtype="float32").reshape(2, 3)), k.Variable(np.ones(3, "float32"))]
        pairs.append((k.optimizers.Nadam(0.1), variables))
        pairs[-1][0].build(variables)
    (ours, own), (theirs, other) = pairs
    gradients = [np.full((2, 3), 0.3, "float32"), np.ones(3, "float32")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.apply(gradients, other)
        store: dict[str, Any] = {}
        theirs.save_own_variables(store)
        ours.load_own_variables(store)
        for a, b in zip(own, other, strict=True):
            a.assign(np.asarray(b))
        for _ in range(3):
            ours.apply(gradients, own)
            theirs.apply(gradients, other)
    for a, b in zip(own, other, strict=True):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: o.Adam(0.1, amsgrad=True, clipnorm=1.0, weight_decay=0.01),
        lambda o: o.SGD(o.schedules.ExponentialDecay(0.1, 1, 0.5), momentum=0.9, use_ema=True),
        lambda o: o.LossScaleOptimizer(o.RMSprop(0.1), initial_scale=4.0),
    ],
)
def test_an_update_of_values_that_are_passed(make: Callable[[Any], Any]) -> None:
    shown = []
    for k in LIBRARIES:
        optimizer, v = make(k.optimizers), k.Variable(np.arange(3, dtype="float32"), name="v")
        with pytest.raises(ValueError, match=r"[Bb]uil[dt]"):
            optimizer.stateless_apply([], [], [])
        optimizer.build([v])
        values, own = [np.ones(3, "float32")], [np.asarray(x.value) for x in optimizer.variables]
        for i in range(3):
            values, own = optimizer.stateless_apply(own, [np.array([0.1, -0.2 * i, 0.3], "float32")], values)
        with pytest.raises(ValueError, match=r"variables|values"):
            optimizer.stateless_apply(own, [np.ones(3, "float32")], [*values, *values])
        assert v.numpy().tolist() == [0, 1, 2]
        assert int(optimizer.iterations) == 0
        shown.append([np.asarray(x) for x in (*values, *own)])
    for ours, theirs in zip(*shown, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
