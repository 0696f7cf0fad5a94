"""What configurations can name: closed tables, one of each kind, which load no more than is asked for."""

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

import minikeras as keras
from minikeras._base import typing
from minikeras._serialization import registry

KINDS = registry.kinds()
TEXT = (Path(__file__).parent / "data" / "configurable_names.txt").read_text(encoding="utf8")


def accepted() -> dict[str, dict[str, str]]:
    """Return the names that each kind accepts, to the names of the objects, as the file lists them."""
    tables: dict[str, dict[str, str]] = {}
    for line in TEXT.splitlines():
        if line.endswith(":"):
            module = line[:-1]
            tables[module] = {}
        else:
            pairs = [word.partition("=") for word in line.split()]
            tables[module] |= {name: target or name for name, _, target in pairs}
    return tables


ACCEPTED = accepted()


def every_name() -> set[str]:
    """Return all names in all modules of the package, theirs included, in three cases, and their addresses."""
    names = {"", "eval", "os.system", "Dense.call", "layers.Dense", "keras.layers.Dense", "__builtins__", "__class__"}
    for info in pkgutil.walk_packages(keras.__path__, "minikeras."):
        if "compat" not in info.name and "__main__" not in info.name:
            module = importlib.import_module(info.name)
            names |= {*dir(module), info.name, info.name.rpartition(".")[2]}
    classes = [item for kind in KINDS.values() for item in kind.names.values() if isinstance(item, type)]
    names |= {*vars(keras.Layer), *vars(keras.Model), *(f"{cls.__module__}.{cls.__name__}" for cls in classes)}
    return names | {name.lower() for name in names} | {name.upper() for name in names}


NAMES = every_name()


def test_there_is_a_list_for_each_kind() -> None:
    assert list(ACCEPTED) == list(KINDS)


@pytest.mark.parametrize("door", [
    keras.layers.deserialize, keras.optimizers.deserialize, keras.losses.deserialize, keras.Sequential.from_config,
    keras.saving.deserialize_keras_object, lambda config: keras.models.model_from_json(json.dumps(config)),
])  # fmt: skip
def test_an_unknown_class_is_the_error_of_keras_and_a_value_error(door: Callable[[Any], object]) -> None:
    unknown = {"module": "mine", "class_name": "Foo", "config": {}, "registered_name": "Foo"}
    with pytest.raises(TypeError, match="Foo") as caught:
        door({"name": "a", "layers": [unknown]} if door == keras.Sequential.from_config else unknown)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(TypeError, match="Foo"):
        keras.layers.deserialize({"class_name": "Foo", "config": {}})


@pytest.mark.parametrize("module", ACCEPTED)
def test_of_all_names_there_are_each_kind_accepts_those_listed_and_no_others(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "hint", lambda name, known: "")  # which takes its time
    found: dict[str, str] = {}
    for name in NAMES | {name for table in ACCEPTED.values() for name in table}:
        try:
            found[name] = KINDS[module].find(name).__qualname__
        except ValueError:
            continue
    assert found == ACCEPTED[module]


REFUSED = {
    "a base class": ("keras.layers", "Layer"),
    "a private base class": ("keras.layers", "Ranked"),
    "a private initializer": ("keras.initializers", "_BuiltIn"),
    "a class of another use": ("keras.layers", "InputSpec"),
    "a function": ("keras.layers", "Input"),
    "another function": ("keras.layers", "concatenate"),
    "a second name of a layer": ("keras.layers", "MaxPool2D"),
    "a module": ("keras.optimizers", "schedules"),
    "a module that makes something": ("keras.losses", "deserialize"),
    "what finds others": ("builtins", "get"),
    "a method": ("keras.losses", "Loss.from_config"),
    "an attribute of a module": ("keras.activations", "__builtins__"),
    "an attribute of a class": ("keras.layers", "__class__"),
    "what a module imports": ("keras.activations", "warnings"),
    "a function that a module imports": ("keras.activations", "convert_to_tensor"),
    "a class that a module imports": ("keras.initializers", "SeedGenerator"),
    "a function among classes": ("keras.metrics", "huber"),
    "a class among functions": ("builtins", "AUC"),
    "snake case of a layer": ("keras.layers", "dense"),
    "another case": ("keras.initializers", "ZEROS"),
    "an underscore too many": ("keras.metrics", "mean__squared_error"),
    "an underscore too few": ("keras.constraints", "maxnorm"),
    "underscores in a class": ("keras.constraints", "Max_Norm"),
    "nothing": ("keras.layers", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_stands_beside_the_members_is_unknown(case: str) -> None:
    module, name = REFUSED[case]
    with pytest.raises(ValueError, match=f"Unknown {KINDS[module].kind}: '{re.escape(name)}'"):
        KINDS[module].find(name)
    with pytest.raises(ValueError, match="Unknown"):
        KINDS[module].deserialize({"module": module, "class_name": name, "config": {}, "registered_name": None})


def test_all_functions_that_losses_and_metrics_name_are_losses_and_metrics() -> None:
    for name, found in KINDS["builtins"].names.items():
        assert found is getattr(keras.metrics, name)
    for name in KINDS["builtins"].guests:
        assert KINDS["builtins"].find(name) is getattr(keras.losses, name)
    for kind, base in (("keras.metrics", keras.Metric), ("keras.layers", keras.Layer), ("keras", keras.Model)):
        assert all(issubclass(found, base) for found in KINDS[kind].names.values())


def test_a_class_that_its_package_lists_is_found_and_one_that_it_does_not_list_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class HalfError(keras.metrics.Mean):
        """Half of what `Mean` gives."""

    monkeypatch.setattr(keras.metrics, "HalfError", HalfError, raising=False)
    with pytest.raises(ValueError, match="Unknown metric: 'HalfError'"):
        keras.metrics.get("HalfError")
    for listed in ("keys", "names"):  # by the first question
        monkeypatch.delitem(vars(KINDS["keras.metrics"]), listed)
    monkeypatch.setattr(keras.metrics, "__all__", [*keras.metrics.__all__, "HalfError"])
    assert type(keras.metrics.get("HalfError")) is type(keras.metrics.get("half_error")) is HalfError
    assert KINDS["keras.metrics"].names["half_error"] is HalfError


@pytest.mark.parametrize(
    ("code", "package", "loaded"),
    [
        ("m.compile(metrics=['accuracy'], loss='mse'); m.fit(x, x, verbose=0)", "metrics", {"base", "accuracy"}),
        ("keras.metrics.get('mse')", "metrics", {"base", "losses"}),
        ("keras.losses.get('MAE'); keras.layers.Dense(1, activation='relu')", "metrics", {"base"}),
        ("keras.layers.deserialize(keras.layers.serialize(keras.layers.Flatten()))", "layers", {"reshaping"}),
    ],
)
def test_one_name_loads_one_file(code: str, package: str, loaded: set[str]) -> None:
    script = (
        "import sys, numpy as np, minikeras as keras\n"
        "x = np.zeros((4, 1)); m = keras.Sequential([keras.layers.Dense(1)])\n"
        f"before = set() if {package!r} == 'metrics' else {{*sys.modules}}\n"
        f"{code}\n"
        f"new = {{*sys.modules}} - before; start = 'minikeras.{package}.'\n"
        "print(*(name.removeprefix(start) for name in new if name.startswith(start)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(keras.__file__).parents[1])}
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert set(out.stdout.split()) == loaded


SPELLED = {
    "optimizers": "OptimizerName", "losses": "LossName", "metrics": "MetricName", "activations": "ActivationName",
    "initializers": "InitializerName", "regularizers": "RegularizerName", "constraints": "ConstraintName",
}  # fmt: skip
"""Kind -> the alias of its names for checkers."""
OF_COMPILE = {"acc", "ce", "crossentropy"}
"""Names that stand for one of several, as the outputs are."""
UNSPELLED = """
    Optimizer LossScaleOptimizer Loss LossFunctionWrapper Metric MeanMetricWrapper IoU MeanIoU OneHotIoU OneHotMeanIoU
    PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity SpecificityAtSensitivity metric mean_metric_wrapper
    io_u mean_io_u one_hot_io_u one_hot_mean_io_u precision_at_recall recall_at_precision sensitivity_at_specificity
    specificity_at_sensitivity Activation ELU LeakyReLU PReLU ReLU Softmax Initializer IdentityInitializer initializer
    OrthogonalInitializer Regularizer OrthogonalRegularizer regularizer Constraint constraint l1l2
"""
"""Names in configurations that cannot be used alone, or that are another spelling."""


@pytest.mark.parametrize("module", SPELLED)
def test_checkers_know_the_names_that_can_be_used_alone(module: str) -> None:
    spelled = {*get_args(getattr(typing, SPELLED[module]))} - OF_COMPILE
    listed = {*ACCEPTED[f"keras.{module}"]} - {*UNSPELLED.split()}
    if module == "optimizers":  # whose names may be in lower case
        listed |= {name.lower() for name in listed}
    assert spelled == listed


def test_an_unknown_name_in_a_configuration_is_a_type_error_too(tmp_path: Path) -> None:
    class Own(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    def own(x: Any) -> Any:
        return x

    model = keras.Sequential([keras.Input((3,)), Own()])
    model.save(tmp_path / "model.keras")
    dense, layer = keras.layers.Dense(2, own), keras.Sequential([keras.Input((3,)), keras.layers.Lambda(own)])
    wrong: list[Callable[[], Any]] = [
        lambda: keras.models.model_from_json(model.to_json()), lambda: keras.Sequential.from_config(model.get_config()),
        lambda: keras.saving.deserialize_keras_object(keras.layers.serialize(Own())),
        lambda: keras.models.load_model(tmp_path / "model.keras"), lambda: keras.models.clone_model(layer),
        lambda: keras.layers.Dense.from_config(dense.get_config())]  # fmt: skip
    for make in wrong:
        with pytest.raises(ValueError, match=r"Own|own") as caught:
            make()
        assert isinstance(caught.value, TypeError)
    with pytest.raises(ValueError, match="Unknown activation") as caught:
        keras.activations.get("own")
    assert type(caught.value) is ValueError
