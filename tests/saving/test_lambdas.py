"""Lambdas in models: saved as Keras writes them, never made of the code in a file."""

import copy
import json
import math
import pathlib
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers
from minikeras.saving import FileError

pytest.importorskip("h5py")
X = np.arange(6, dtype="float32").reshape(2, 3)


def net(factor: float = 3.0, more: float = 2.0) -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Lambda(lambda x, k=more: x * factor * k, output_shape=lambda shape: shape, name="scale"),
            layers.Dense(1, activation=lambda x: x * 2, name="dense"),
        ]
    )


def same(model: Any, other: Any) -> bool:
    other.set_weights(model.get_weights())
    return bool(np.array_equal(model.predict(X, verbose=0), other.predict(X, verbose=0)))


OWN: dict[str, Any] = {
    "scale": lambda x: x * 6.0, "scale.output_shape": lambda shape: shape, "dense": lambda x: x * 2,
}  # fmt: skip


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_file_with_lambdas_asks_for_the_functions(name: str, tmp_path: pathlib.Path) -> None:
    model = net()
    model.save(tmp_path / name)
    for left, argument in (("scale", "function"), ("scale.output_shape", "output_shape"), ("dense", "activation")):
        some = {key: value for key, value in OWN.items() if key != left}
        for safe_mode in (True, False):
            with pytest.raises(FileError, match=rf"`{argument}` .*custom_objects={{'{left}': function}}"):
                keras.models.load_model(tmp_path / name, custom_objects=some, safe_mode=safe_mode)
    assert same(model, keras.models.load_model(tmp_path / name, custom_objects=OWN))
    with keras.saving.custom_object_scope(OWN):
        assert same(model, keras.models.load_model(tmp_path / name))


def test_the_code_in_a_file_is_not_looked_at(tmp_path: pathlib.Path) -> None:
    model = net()
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members: dict[str, Any] = {key: archive.read(key) for key in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"]["function"]["config"]["code"] = "no code at all"
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        for key, content in {**members, "config.json": json.dumps(config)}.items():
            archive.writestr(key, content)
    assert same(model, keras.models.load_model(tmp_path / "m.keras", custom_objects=OWN))


@pytest.mark.parametrize(
    "copied",
    [
        keras.models.clone_model,
        lambda model: type(model).from_config(model.get_config()),
        lambda model: keras.layers.deserialize(keras.layers.serialize(model)),
        lambda model: keras.models.model_from_json(model.to_json(), OWN),
    ],
)
def test_copies_in_one_process_keep_the_functions(copied: Callable[[Any], Any]) -> None:
    model = net()
    assert same(model, copied(model))


def test_copies_have_the_functions_and_pickles_refuse_them_as_python_does() -> None:
    model = net()
    model.compile("sgd", loss=lambda y, p: (y - p) ** 2)
    copied = copy.deepcopy(model)
    assert np.array_equal(copied.predict(X, verbose=0), model.predict(X, verbose=0))
    assert copied.evaluate(X, X[:, :1], verbose=0) == model.evaluate(X, X[:, :1], verbose=0)
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        pickle.dumps(model)


def test_functions_that_differ_in_what_they_close_over_stay_apart() -> None:
    models = [net(float(factor)) for factor in range(1, 4)]
    assert all(same(model, keras.models.clone_model(model)) for model in models)


def test_a_checkpoint_of_any_lambda_does_not_end_a_training(tmp_path: pathlib.Path) -> None:
    held: Any = {"array": np.ones(3), "object": object(), "far": math.inf}
    inner = layers.Dense(3)
    for function in (lambda x: x * held["array"], lambda x, far=math.inf: x, lambda x, o=held: x, lambda x: inner(x)):
        model = keras.Sequential([keras.Input((3,)), layers.Lambda(function), layers.Dense(1)])
        model.compile("sgd", loss=lambda y, p: (y - p) ** 2, metrics=[lambda y, p: p])
        path = tmp_path / "best.keras"
        best = keras.callbacks.ModelCheckpoint(str(path), monitor="loss", save_best_only=True)
        model.fit(X, X[:, :1], epochs=1, verbose=0, callbacks=[best])
        assert path.exists()
        model.load_weights(path)


def test_a_loss_that_is_a_lambda_is_left_out(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", loss=lambda y, p: (y - p) ** 2)
    assert keras.models.clone_model(model).evaluate(X, X[:, :1], verbose=0, return_dict=True)["loss"] > 0
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileError, match="compile=False"):
        keras.models.load_model(tmp_path / "m.keras")
    assert same(model, keras.models.load_model(tmp_path / "m.keras", compile=False))


def test_the_form_of_keras_2(tmp_path: pathlib.Path) -> None:
    h5py = pytest.importorskip("h5py")
    old: dict[str, Any] = {
        "name": "scale", "function": ["4wEAAAA=\n", None, None], "function_type": "lambda", "module": "__main__",
        "output_shape": None, "output_shape_type": "raw", "output_shape_module": None, "arguments": {},
    }  # fmt: skip
    entry = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "x"}}
    for function, own in ((old["function"], {"scale": lambda x: x * 6}), ("twice", {"twice": lambda x: x * 6})):
        layer = {"class_name": "Lambda", "config": {**old, "function": function}}
        config = {"class_name": "Sequential", "config": {"name": "net", "layers": [entry, layer]}}
        with h5py.File(tmp_path / "old.h5", "w") as file:
            file.attrs.update({"keras_version": "2.15.0", "model_config": json.dumps(config)})
            file.create_group("model_weights").attrs["layer_names"] = np.array([b"scale"])
            file["model_weights"].create_group("scale").attrs["weight_names"] = np.array([], "S1")
        with pytest.raises(FileError):
            keras.models.load_model(tmp_path / "old.h5")
        loaded = keras.models.load_model(tmp_path / "old.h5", custom_objects=own)
        assert np.array_equal(loaded.predict(X, verbose=0), X * 6)
