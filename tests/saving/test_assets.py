"""Files that layers of one's own keep in a model's file."""

import io
import json
import os
import pathlib
import tempfile
import time
import zipfile
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers
from minikeras.saving import FileError

h5py = pytest.importorskip("h5py")


class Noted(layers.Layer):
    """A layer with a text and an array beside its weights."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.text, self.array = "", np.zeros(0)

    def call(self, x: Any) -> Any:
        return x

    def save_assets(self, inner_path: str) -> None:
        pathlib.Path(inner_path, "notes.txt").write_text(self.text)
        os.makedirs(os.path.join(inner_path, "deeper"))
        pathlib.Path(inner_path, "deeper", "bytes").write_bytes(b"\0\1")

    def load_assets(self, inner_path: str) -> None:
        self.text = pathlib.Path(inner_path, "notes.txt").read_text()
        assert pathlib.Path(inner_path, "deeper", "bytes").read_bytes() == b"\0\1"
        self.seen = inner_path

    def save_own_variables(self, store: Any) -> None:
        store["array"] = self.array

    def load_own_variables(self, store: Any) -> None:
        self.array = np.array(store["array"])


def net() -> keras.Sequential:
    return keras.Sequential([keras.Input((2,)), Noted(name="noted"), layers.Dense(1)], name="net")


def test_assets_and_arrays_of_ones_own_come_back(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    model: Any = net()
    model.layers[0].text, model.layers[0].array = "mine", np.arange(3.0)
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.read("assets/layers/noted/notes.txt") == b"mine"
        assert "assets/layers/noted/deeper/bytes" in archive.namelist()
    loaded: Any = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Noted": Noted})
    assert loaded.layers[0].text == "mine"
    assert loaded.layers[0].array.tolist() == [0, 1, 2]
    assert not os.path.exists(loaded.layers[0].seen)
    assert os.listdir(temporary) == []
    assert sorted(os.listdir(tmp_path)) == ["m.keras", "temporary"]
    again = io.BytesIO()
    loaded.save(again)
    model.load_weights(tmp_path / "m.keras")


def test_times_before_1980_do_not_prevent_saving(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Old(Noted):
        def save_assets(self, inner_path: str) -> None:
            super().save_assets(inner_path)
            os.utime(pathlib.Path(inner_path, "notes.txt"), (1, 1))  # as of a copy from a read-only store

    monkeypatch.setattr(time, "time", lambda: 1000.0)  # as on a small board until it has asked for the time
    model = keras.Sequential([keras.Input((2,)), Old(name="old"), layers.Dense(1)])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Old": Old})
    np.testing.assert_array_equal(loaded.predict(np.ones((1, 2)), verbose=0), model.predict(np.ones((1, 2)), verbose=0))


def test_a_model_itself_may_have_assets(tmp_path: pathlib.Path) -> None:
    class Whole(Noted, keras.Model):
        pass

    model: Any = Whole(name="whole")
    model(np.ones((1, 2)))
    model.text = "of the model"
    model.save(tmp_path / "m.keras")
    loaded: Any = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Whole": Whole})
    assert loaded.text == "of the model"


def test_a_save_or_load_that_fails_leaves_nothing(tmp_path: pathlib.Path) -> None:
    class Failing(Noted):
        def save_assets(self, inner_path: str) -> None:
            super().save_assets(inner_path)
            raise ZeroDivisionError

    model = keras.Sequential([keras.Input((2,)), Failing()])
    with pytest.raises(ZeroDivisionError):
        model.save(tmp_path / "m.keras")
    assert os.listdir(tmp_path) == []


def rewritten(file: io.BytesIO, members: dict[str, Any], change: Any = None) -> io.BytesIO:
    """Return an archive with further members, and the configuration of its first layer changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        config = json.loads(old.read("config.json"))
        config["config"]["layers"][1]["config"].update(change or {})
        for name, content in {**{n: old.read(n) for n in old.namelist()}, **members}.items():
            new.writestr(name, json.dumps(config) if name == "config.json" else content)
    out.seek(0)
    return out


def test_files_that_nobody_takes_are_refused() -> None:
    file = io.BytesIO()
    net().save(file)
    for name in ("assets/x", "assets/layers/dense/x", "assets/layers/noted_1/x"):
        with pytest.raises(FileError, match="no object of the model has `load_assets`"):
            keras.models.load_model(rewritten(file, {name: b"x"}), custom_objects={"Noted": Noted})
    for name in ("assets/layers/noted/../../../x", "/assets/layers/noted/x", "assets/layers/noted/a\\x"):
        with pytest.raises(FileError, match=r"not allowed|none of such"):
            keras.models.load_model(rewritten(file, {name: b"x"}), custom_objects={"Noted": Noted})
    assert file.getvalue()


@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_what_keras_has_learned_is_read_without_a_file_on_disk(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = getattr(layers, kind)()
    layer.adapt(np.array([[3], [3], [5]]) if kind == "IntegerLookup" else np.array([["b"], ["b"], ["ä c"]]))
    file = io.BytesIO()
    keras.Sequential([keras.Input((1,), dtype="int64" if kind == "IntegerLookup" else "string"), layer]).save(file)
    lines = "\n".join(map(str, layer.get_vocabulary())).encode()
    place = f"assets/layers/{layer.name}"
    inner = {f"{place}/_lookup_layer/vocabulary.txt": lines} if kind == "TextVectorization" else {}
    changed = rewritten(file, {f"{place}/vocabulary.txt": lines, **inner}, {"vocabulary": None})
    monkeypatch.setattr("minikeras.saving.assets.TemporaryDirectory", None)
    loaded: Any = keras.models.load_model(changed)
    assert loaded.layers[0].get_vocabulary() == layer.get_vocabulary()
    assert loaded.layers[0].vocabulary_size() == layer.vocabulary_size()


def adapted(kind: str, mode: Any) -> tuple[Any, Any]:
    """Return a layer that has learned four values, and a batch for it."""
    layer = getattr(layers, kind)(output_mode=mode)
    values = np.array([[3], [3], [5], [7]]) if kind == "IntegerLookup" else np.array([["b"], ["b"], ["c"], ["d"]])
    layer.adapt(values)
    return layer, values


@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
def test_layers_after_a_lookup_of_keras_know_its_vocabulary_size(kind: str, mode: str) -> None:
    layer, values = adapted(kind, mode)
    model = keras.Sequential([keras.Input((1,), dtype="int64" if kind == "IntegerLookup" else "string"), layer])
    model.add(layers.Dense(2))
    file = io.BytesIO()
    model.save(file)
    lines = "\n".join(map(str, layer.get_vocabulary())).encode()
    place = f"assets/layers/{layer.name}/vocabulary.txt"
    as_keras_does = {"vocabulary": None, "idf_weights": None, "vocabulary_size": layer.vocabulary_size()}
    loaded: Any = keras.models.load_model(rewritten(file, {place: lines}, as_keras_does))
    np.testing.assert_allclose(np.asarray(loaded(values)), np.asarray(model(values)), rtol=1e-6)


def test_weights_of_values_are_where_keras_has_them(tmp_path: pathlib.Path) -> None:
    for kind, places in (("StringLookup", [""]), ("TextVectorization", ["", "_lookup_layer/"])):
        layer, values = adapted(kind, "tf_idf")
        model = keras.Sequential([keras.Input((1,), dtype="string"), layer], name="net")
        model.save_weights(tmp_path / "w.weights.h5")
        with h5py.File(tmp_path / "w.weights.h5") as file:
            found = [file[f"layers/{layer.name}/{place}vars/idf_weights"][:] for place in places]
        assert all(weights.dtype == "float32" and weights.shape == (4,) for weights in found)
        words = layer.get_vocabulary()[1:]
        other: Any = getattr(layers, kind)(output_mode="tf_idf", vocabulary=words, idf_weights=[1.0, 1.0, 1.0])
        twin = keras.Sequential([keras.Input((1,), dtype="string"), other], name="net")
        twin.load_weights(tmp_path / "w.weights.h5")
        np.testing.assert_allclose(np.asarray(twin(values)), np.asarray(model(values)), rtol=1e-6)
        short: Any = getattr(layers, kind)(output_mode="tf_idf", vocabulary=["b"], idf_weights=[1.0])
        smaller = keras.Sequential([keras.Input((1,), dtype="string"), short], name="net")
        with pytest.raises(FileError, match=r"Expected 2 `idf_weights` in mode 'tf_idf'.*\(4,\)"):
            smaller.load_weights(tmp_path / "w.weights.h5")


def test_a_layer_that_fails_to_load_its_weights_is_named_or_skipped(tmp_path: pathlib.Path) -> None:
    class Losing(Noted):
        def load_own_variables(self, store: Any) -> None:
            raise KeyError("nope")

    dense = layers.Dense(1)
    model = keras.Sequential([keras.Input((2,)), Losing(name="losing"), dense])
    model.save_weights(tmp_path / "w.weights.h5")
    kernel = model.get_weights()[0]
    dense.kernel.assign(kernel + 1)
    with pytest.raises(FileError, match=r"'nope' \(at Losing 'losing'\)"):
        model.load_weights(tmp_path / "w.weights.h5")
    assert np.array_equal(model.get_weights()[0], kernel + 1)
    with pytest.warns(UserWarning, match=r"Losing 'losing' could not be loaded, or only in part: KeyError"):
        model.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    assert np.array_equal(model.get_weights()[0], kernel)


def test_padded_weights_of_values_come_back() -> None:
    layer: Any = layers.StringLookup(output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True)
    layer.adapt(np.array(["a", "b", "b"]))
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    values = np.array([["a"], ["z"]])
    loaded: Any = keras.models.load_model(file)
    np.testing.assert_allclose(np.asarray(loaded(values)), np.asarray(model(values)), rtol=1e-6)


@pytest.mark.parametrize("layer", [
    layers.ReLU(max_value=float("inf")), layers.Masking(float("nan")), layers.Rescaling(float("inf")),
    layers.Dense(1, kernel_constraint=keras.constraints.MaxNorm(float("inf"))),
])  # fmt: skip
def test_infinities_and_nan_come_back(layer: Any) -> None:
    file = io.BytesIO()
    keras.Sequential([keras.Input((2, 3)), layer]).save(file)
    file.seek(0)
    loaded: Any = keras.models.load_model(file)
    assert repr(loaded.layers[0].get_config()) == repr(layer.get_config())
