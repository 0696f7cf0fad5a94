"""Files beside Keras: what one saves the other loads, and goes on training with the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

import minikeras
from tests.parity import saved_models
from tests.parity.saved_models import MODELS
from tests.parity.test_layers import CASES
from tests.parity.test_sequences import RECURRENT, flat

pytestmark = pytest.mark.parity
LAYERS = {
    **{name: (make, shape) for name, make, shape in reversed(CASES) if name != "softmax_axes"},  # which Keras loses
    **{name: (make, (2, 5, 3)) for name, make in RECURRENT.items() if name != "stateful"},
    "attention": (lambda k: lambda x: k.layers.Attention(True)([x, x]), (2, 5, 3)),
    "additive": (lambda k: lambda x: k.layers.AdditiveAttention()([x, x]), (2, 5, 3)),
    "heads": (lambda k: lambda x: k.layers.MultiHeadAttention(2, 3, use_gate=True)(x, x), (2, 5, 3)),
    "shared_heads": (lambda k: lambda x: k.layers.GroupQueryAttention(3, 4, 2, use_gate=True)(x, x), (2, 5, 3)),
    "no_initializers": (lambda k: k.layers.Dense(3, kernel_initializer=None, bias_initializer=None), (2, 3)),
    "no_recurrent_initializer": (lambda k: k.layers.GRU(3, recurrent_initializer=None), (2, 5, 3)),
    "flags_of_1_and_0": (lambda k: k.layers.GRU(3, use_bias=0, return_sequences=1), (2, 5, 3)),
}


class Outcomes(NamedTuple):
    """What models do after they were saved, and after they were loaded on the other side."""

    saved_there: dict[str, Any]
    loaded_here: dict[str, Any]
    saved_here: dict[str, Any]
    loaded_there: dict[str, Any]
    there: Path
    here: Path


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Save all models in both libraries, Keras in a process of its own on JAX, and load them in the other."""
    folder = tmp_path_factory.mktemp("files")
    here, there, cache = folder / "here", folder / "there", folder / "cache"
    here.mkdir()
    there.mkdir()
    saved_here = saved_models.save(minikeras, here)
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "XLA_FLAGS": "--xla_backend_optimization_level=0",  # compiling is most of the work
        "JAX_COMPILATION_CACHE_DIR": str(cache),  # each model is run twice
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    command = [sys.executable, saved_models.__file__, str(there), str(here)]
    keras_found = json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    loaded_here = saved_models.load(minikeras, there)
    return Outcomes(keras_found["saved"], loaded_here, saved_here, keras_found["loaded"], there, here)


def compare(loaded: dict[str, Any], saved: dict[str, Any]) -> None:
    """Compare what a model does after it was loaded with what it did when it was saved."""
    assert loaded["config"] == saved["config"]
    assert loaded["optimizer"] == saved["optimizer"]
    for part, tolerance in (("weights", 0), ("state", 0), ("predict", 1e-6), ("loss", 1e-6), ("after", 1e-4)):
        assert len(loaded[part]) == len(saved[part])
        for a, b in zip(loaded[part], saved[part], strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=part)


@pytest.mark.parametrize("name", MODELS)
def test_keras_saves_and_minikeras_loads(name: str, outcomes: Outcomes) -> None:
    compare(outcomes.loaded_here[name], outcomes.saved_there[name])


@pytest.mark.parametrize("name", MODELS)
def test_minikeras_saves_and_keras_loads(name: str, outcomes: Outcomes) -> None:
    compare(outcomes.loaded_there[name], outcomes.saved_here[name])


@pytest.mark.parametrize("name", MODELS)
def test_weights_alone(name: str, outcomes: Outcomes) -> None:
    for k, folder, wanted in (
        (minikeras, outcomes.there, outcomes.saved_there[name]["weights"]),
        (keras, outcomes.here, outcomes.saved_here[name]["weights"]),
    ):
        m = MODELS[name](k)
        if name in saved_models.BY_HAND:
            m(saved_models.batch(name, m)[0])
        m.load_weights(folder / f"{name}.weights.h5")
        for a, b in zip(m.get_weights(), wanted, strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.filterwarnings("ignore:Embedding")  # of numbers that are not whole
def test_every_layer(name: str, tmp_path: Path) -> None:
    make, shape = LAYERS[name]
    x = (3 * np.random.default_rng(1).normal(size=shape)).astype("float32")
    models = []
    for k in (keras, minikeras):
        k.utils.set_random_seed(3)
        entry = k.Input(shape[1:])
        models.append(k.Model(entry, make(k)(entry), name="net"))
    theirs, ours = models
    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    read, back = (
        minikeras.models.load_model(tmp_path / "theirs.keras"),
        keras.models.load_model(tmp_path / "ours.keras"),
    )
    for loaded, saved in ((read, theirs), (back, ours)):
        assert json.loads(json.dumps(loaded.get_config())) == json.loads(json.dumps(saved.get_config()))
        for a, b in zip(loaded.get_weights(), saved.get_weights(), strict=True):
            assert np.array_equal(a, b)
    for here, there in ((read, theirs), (ours, back)):
        for a, b in zip(flat(here.predict(x, verbose=0)), flat(there(x)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", ["shared_heads", "no_initializers", "flags_of_1_and_0"])
def test_layers_in_h5(name: str, tmp_path: Path) -> None:
    make, shape = LAYERS[name]
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    for saves, loads in ((keras, minikeras), (minikeras, keras), (minikeras, minikeras)):
        entry = saves.Input(shape[1:])
        model = saves.Model(entry, make(saves)(entry))
        model.save(tmp_path / "model.h5")
        loaded = loads.models.load_model(tmp_path / "model.h5")
        np.testing.assert_allclose(loaded.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6, atol=1e-6)


def test_lambdas_are_written_as_keras_writes_them(tmp_path: Path) -> None:
    x, held, loaded = np.arange(6.0, dtype="float32").reshape(2, 3), 3.0, []
    for library in (minikeras, keras):
        layer = library.layers.Lambda(lambda t: t * held * 2, output_shape=lambda shape: shape, name="scale")
        model = library.Sequential([library.Input((3,)), layer, library.layers.Dense(2, name="dense")], name="net")
        model.save(tmp_path / f"{library.__name__}.keras")
        (config,) = [x for x in json.loads(model.to_json())["config"]["layers"] if x["class_name"] == "Lambda"]
        loaded.append(config["config"])
        own = {"scale": lambda t: t * 6, "scale.output_shape": lambda shape: shape}
        there = keras.models.load_model(tmp_path / f"{library.__name__}.keras", safe_mode=False)
        here = minikeras.models.load_model(tmp_path / f"{library.__name__}.keras", custom_objects=own)
        for other in (there, here):
            np.testing.assert_allclose(other.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    assert loaded[0] == loaded[1]
    assert [*loaded[0]] == [*loaded[1]]


class Kept:
    def __init__(self, inner: Any = None, function: Any = None, name: str = "twice") -> None:
        self.inner, self.function, self.name = inner, function, name

    def get_config(self) -> dict[str, Any]:
        return {"inner": self.inner, "function": self.function, "name": self.name, "list": [self]}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(*(config[key] for key in ("inner", "function", "name")))


def twice(x: Any) -> Any:
    return 2 * x


@pytest.mark.parametrize("k", [keras, minikeras])
def test_configurations_of_keras_2_are_read_from_the_tables_of_the_caller(k: Any) -> None:
    legacy = k.utils.legacy
    known = {"Kept": Kept, "twice": twice}
    outer = Kept(Kept(), twice)
    config = legacy.serialize_keras_object(outer)
    assert {key: config["config"][key] for key in ("function", "name", "list")} == {
        "function": "twice", "name": "twice", "list": [outer],
    }  # fmt: skip
    assert config["config"]["inner"]["__passive_serialization__"] is True
    found = legacy.deserialize_keras_object(config, module_objects=known)
    assert (type(found.inner), found.function, found.name) == (Kept, twice, "twice")
    if k is minikeras:  # Keras 3.15.1 ends in an AttributeError
        assert legacy.deserialize_keras_object("twice", {}, known) is twice
        assert type(legacy.deserialize_keras_object("Kept", known)) is Kept
        with pytest.raises(ValueError, match="nknown"):
            legacy.deserialize_keras_object("os.system", known)
    assert legacy.deserialize_keras_object(None) is legacy.serialize_keras_object(None) is None
    assert legacy.deserialize_keras_object(twice) is twice
    assert legacy.serialize_keras_object(k.regularizers.L2(0.5)) == {"class_name": "L2", "config": {"l2": 0.5}}
    for wrong in ({"class_name": "system", "config": {}}, {"class_name": "Kept"}, 5):
        with pytest.raises(ValueError, match=r"nknown|onfig|interpret"):
            legacy.deserialize_keras_object(wrong, known)
    with pytest.raises(ValueError, match="get_config"):
        legacy.serialize_keras_object(object())
    assert k.saving.get_registered_object("twice", None, known) is twice
