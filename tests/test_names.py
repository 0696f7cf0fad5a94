"""Keras's addresses: those with a second name, and those that minikeras does not have."""

import copy
import importlib
import inspect
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import config, ops
from minikeras._base import absent
from minikeras.models.function import Function

ABSENT = [(module, name) for module, names in absent.ABSENT.items() for name in names.split()]


@pytest.mark.parametrize(("module", "name"), ABSENT)
def test_what_is_absent_can_be_imported_and_says_so_when_it_is_used(module: str, name: str) -> None:
    home = importlib.import_module(f"minikeras.{module}".rstrip("."))
    found = getattr(home, name)
    with pytest.raises(NotImplementedError, match=rf"minikeras does not have keras\..*{name}.* use Keras itself"):
        found()
    if isinstance(found, type):
        own = type("Own", (found,), {})
        with pytest.raises(NotImplementedError, match=name):
            own(1, a=2)
        with pytest.raises(NotImplementedError, match=name):
            getattr(found, "from_config")  # noqa: B009 - type checkers know nothing of it


@pytest.mark.parametrize("module", absent.ABSENT)
def test_nothing_in_the_table_is_there_after_all(module: str) -> None:
    for name in getattr(importlib.import_module(f"minikeras.{module}".rstrip(".")), "__all__", []):
        assert name not in absent.ABSENT[module].split(), f"take {module}.{name} out of minikeras/_base/absent.py"


def test_other_names_are_unknown() -> None:
    with pytest.raises(AttributeError, match=r"module 'minikeras\.layers' has no attribute 'Dens'"):
        getattr(keras.layers, "Dens")  # noqa: B009 - type checkers know that it is not there


@pytest.mark.parametrize(
    ("other", "name"), [("optimizers.legacy", "Adam"), ("legacy.saving", "serialize_keras_object")]
)
def test_modules_have_second_addresses(other: str, name: str) -> None:
    module = importlib.import_module(f"minikeras.{other}")
    assert getattr(module, name) is getattr(importlib.import_module(f"minikeras.{absent.ALIASES[other]}"), name)


def test_version() -> None:
    assert keras.version() == keras.__version__


@pytest.mark.parametrize(
    ("older", "message"),
    [
        (
            "import sys; sys.version_info, sys.version = (3, 10, 13), '3.10.13 (main)'",
            r"Python 3\.11 .* Python 3\.10\.13",
        ),
        ("import numpy; numpy.__version__ = '1.26.4'", r"NumPy 2\.0 .* NumPy 1\.26\.4"),
    ],
)
def test_what_is_too_old_is_named_in_one_line(older: str, message: str) -> None:
    code = f"{older}\nimport minikeras"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert re.fullmatch(rf"ImportError: minikeras needs {message}\.", run.stderr.splitlines()[-1])


def test_help_names_long_types_and_does_not_spell_them_out() -> None:
    shown = [getattr(keras.layers, name) for name in keras.layers.__all__]
    for thing in (*shown, keras.Model.compile, keras.Layer.add_weight, keras.Variable):
        assert len(str(inspect.signature(thing))) < 1200, thing


def _modules() -> list[Any]:
    return [getattr(keras, name) for name in keras.__all__ if inspect.ismodule(getattr(keras, name))]


def _unexplained(cls: Any) -> list[str]:
    """Return the arguments of a class that its help does not explain."""
    accepted = [*inspect.signature(cls.__init__).parameters.values()][1:]
    names = [p.name for p in accepted if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if issubclass(cls, keras.Layer) and any(p.name == "options" for p in accepted):
        names += ["name", "dtype", "trainable"]
    text = inspect.getdoc(cls) or ""
    explained = ", ".join(re.findall(r"^ +([*\w, ]+): \S", text, re.MULTILINE)).replace("*", "").split(", ")
    return [name for name in names if name not in explained]


def test_help_explains_every_argument_of_every_class() -> None:
    homes = (keras, keras.optimizers.schedules, *_modules())
    things = (getattr(home, name) for home in homes for name in home.__all__)
    classes = {thing for thing in things if isinstance(thing, type) and inspect.isfunction(thing.__init__)}  # type: ignore[misc]
    assert len(classes) > 240
    assert {cls: names for cls in classes if (names := _unexplained(cls))} == {}


def test_help_of_a_class_says_what_its_bases_explain_and_no_more() -> None:
    (line,) = re.findall(r"pool_size: .*", keras.layers.AveragePooling3D.__doc__ or "")
    assert line == "pool_size: Size of the window along each axis, or one number for all."
    text = inspect.getdoc(keras.losses.Huber) or ""
    assert re.findall(r"^    (\w+): ", text, re.MULTILINE) == ["delta", "reduction", "name", "dtype"]
    depthwise = inspect.getdoc(keras.layers.DepthwiseConv2D) or ""
    assert "    bias_regularizer: " in depthwise
    assert "kernel_regularizer" not in depthwise

    class Mine(keras.layers.Dense): ...

    assert Mine.__doc__ is None
    assert inspect.getdoc(Mine) == keras.layers.Dense.__doc__


def test_dir_lists_what_is_public() -> None:
    for module in _modules():
        assert sorted(dir(module)) == sorted(module.__all__), module


def test_ops_are_found_by_family() -> None:
    assert ops.numpy.sin is ops.sin
    assert ops.nn.relu is ops.relu
    assert ops.linalg.det is ops.det


def test_limits_of_epochs_and_steps() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 1))
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(2)
    try:
        assert (config.max_epochs(), config.max_steps_per_epoch()) == (2, 2)
        with pytest.warns(UserWarning, match="Limiting (epochs to 2|steps_per_epoch to 2)"):
            history = model.fit(x, x, epochs=5, batch_size=2, verbose=0)
        assert history.epoch == [0, 1]
        assert history.params is not None
        assert history.params["steps"] == 2
    finally:
        config.set_max_epochs(None)
        config.set_max_steps_per_epoch(None)
    assert model.fit(x, x, epochs=3, verbose=0).epoch == [0, 1, 2]


def test_other_backends_are_refused() -> None:
    config.set_backend("numpy")
    with pytest.raises(ValueError, match="NumPy alone"):
        config.set_backend("jax")


def test_switches_remember() -> None:
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()
    config.enable_traceback_filtering()
    assert config.is_traceback_filtering_enabled()
    assert config.is_flash_attention_enabled() is None
    config.disable_flash_attention()
    assert config.is_flash_attention_enabled() is False
    config.enable_flash_attention()
    assert config.is_flash_attention_enabled() is None
    assert not config.is_nnx_enabled()


def test_scopes() -> None:
    with keras.device("gpu:0"), keras.name_scope("a"), keras.name_scope("b"):
        assert keras.Variable(1.0, name="v").path == "a/b/v"
    with pytest.raises(ValueError, match="slash"):
        keras.name_scope("a/b")
    with pytest.raises(ValueError, match="device_name"), keras.device(0):  # type: ignore[arg-type]
        pass
    assert keras.remat(len) is len


def test_a_function_computes_what_its_graph_does() -> None:
    a, b = keras.KerasTensor((None, 2)), keras.KerasTensor((None, 2))
    both = Function({"a": a, "b": b}, [a + b, a * b])
    x = np.array([[1.0, 2.0]])
    total, product = both({"a": x, "b": 3 * x})
    assert total.numpy().tolist() == [[4, 8]]
    assert product.numpy().tolist() == [[3, 12]]
    assert both.compute_output_shape({"a": (5, 2), "b": (5, 2)}) == [(5, 2), (5, 2)]
    (alone,) = Function([a], [ops.sum(a, axis=1)])([x])
    assert alone.numpy().tolist() == [3]


@pytest.mark.parametrize("made", ["KerasTensor((2, 1))", "Tensor(np.ones((2, 1)))"])
def test_a_tensor_may_be_the_first_thing_in_a_program(made: str) -> None:
    code = f"import numpy as np, minikeras as keras; print((np.abs(keras.{made}) + 1).squeeze(-1).shape)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "(2,)\n"


def test_a_symbolic_tensor_takes_what_keras_takes() -> None:
    like = keras.KerasTensor((None, 2), "int32", sparse=False, ragged=False, record_history=True, name="x")
    assert (like.shape, like.dtype, like.sparse, copy.deepcopy(like).name) == ((None, 2), "int32", False, "x")
    with pytest.raises(ValueError, match="dense tensors only"):
        keras.KerasTensor((None, 2), sparse=True)
