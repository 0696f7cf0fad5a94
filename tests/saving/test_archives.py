"""Whole models and their weights in files: what comes back, and what is refused."""

import io
import itertools
import json
import pathlib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, ops

h5py = pytest.importorskip("h5py")


def net(units: int = 3, compiled: bool = True) -> keras.Sequential:
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(units, "relu"), layers.BatchNormalization(), layers.Dense(1)]
    )
    if compiled:
        model.compile(keras.optimizers.Adam(0.1), "mse", metrics=["mae"])
        model.train_on_batch(np.ones((2, 4)), np.ones((2, 1)))
    return model


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.hdf5"])
def test_training_goes_on_with_the_same_numbers(name: str, tmp_path: pathlib.Path) -> None:
    model = net()
    model.save(tmp_path / name)
    again = keras.saving.load_model(str(tmp_path / name))
    x, y = np.random.default_rng(0).normal(size=(8, 4)), np.ones((8, 1))
    assert same(model, again)
    assert np.array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))
    for _ in range(3):
        assert model.train_on_batch(x, y) == again.train_on_batch(x, y)
    assert same(model, again)
    assert again.optimizer.iterations.numpy() == 4
    assert not keras.models.load_model(tmp_path / name, compile=False).compiled


def test_numbers_that_were_floats_before_keras_3_6_are_read_as_integers(tmp_path: pathlib.Path) -> None:
    x, y = np.ones((8, 2)), np.ones((8, 1))
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile(keras.optimizers.Adafactor(0.1), "mse")
    model.train_on_batch(x, y)
    model.save(tmp_path / "new.keras")
    weights = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "new.keras") as new, zipfile.ZipFile(tmp_path / "old.keras", "w") as old:
        weights.write(new.read("model.weights.h5"))
        with h5py.File(weights, "r+") as file:
            for name in [name for name, array in file["optimizer/vars"].items() if array.dtype == "int32"][1:]:
                del file["optimizer/vars"][name]
                file["optimizer/vars"][name] = np.float32(0)
        for name in new.namelist():
            old.writestr(name, weights.getvalue() if name == "model.weights.h5" else new.read(name))
    again = keras.models.load_model(tmp_path / "old.keras")
    assert again.train_on_batch(x, y) == model.train_on_batch(x, y)
    assert same(again, model)
    assert [v.dtype for v in again.optimizer.variables] == [v.dtype for v in model.optimizer.variables]


def test_file_objects_and_paths(tmp_path: pathlib.Path) -> None:
    model, memory = net(), io.BytesIO()
    model.save(memory)
    with (tmp_path / "any name").open("w+b") as file:
        keras.saving.save_model(model, file)
        assert same(model, keras.models.load_model(file))
    assert same(model, keras.models.load_model(memory))
    assert not memory.closed
    assert same(model, keras.models.load_model(tmp_path / "any name"))  # its bytes tell what it is
    with zipfile.ZipFile(memory) as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
        assert json.loads(archive.read("metadata.json"))["keras_version"] == "3.15.1"


def test_one_layer_in_several_models_is_one_when_it_is_loaded() -> None:
    shared = layers.Dense(3, name="shared")
    a, b, x = keras.Input((3,)), keras.Input((3,)), keras.Input((3,))
    one = keras.Model(a, layers.Dense(3)(shared(a)), name="one")
    two = keras.Model(b, layers.Activation("tanh")(shared(b)), name="two")
    model, file = keras.Model(x, layers.Add()([one(x), two(x), shared(x)])), io.BytesIO()
    model.save(file)
    again: Any = keras.models.load_model(file)
    found = [again.get_layer(name).get_layer("shared") for name in ("one", "two")]
    assert found[0] is found[1] is again.get_layer("shared")
    assert same(model, again)
    rows = np.ones((2, 3))
    assert np.array_equal(model.predict(rows, verbose=0), again.predict(rows, verbose=0))


class Counted(layers.Layer):
    """A layer that says itself what of it is saved, and how it is built."""

    def __init__(self, factor: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor
        self.seen: list[str] = []

    def prepare(self, size: int) -> None:
        self.scale = self.add_weight((size,), "ones", name="scale")
        self.built = True

    def build(self, input_shape: Any) -> None:
        self.prepare(input_shape[-1])

    def call(self, x: Any) -> Any:
        return x * self.scale * self.factor

    def get_build_config(self) -> dict[str, Any]:
        return {"size": self.scale.shape[0]}

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.build((None, config["size"]))

    def save_own_variables(self, store: Any) -> None:
        store["twice"] = 2 * self.scale.numpy()

    def load_own_variables(self, store: Any) -> None:
        self.seen = list(store)
        self.scale.assign(store["twice"] / 2)


def halved(x: Any) -> Any:
    return ops.multiply(x, 0.5)


def test_a_scope_is_its_threads_own_and_what_is_registered_within_stays() -> None:
    def twice(x: Any) -> Any:
        return ops.multiply(x, 2)

    names = ("near", "mine>twice")
    with ThreadPoolExecutor(1) as other, keras.saving.custom_object_scope({"near": twice}):
        keras.saving.register_keras_serializable("mine")(twice)
        assert [keras.saving.get_registered_object(name) for name in names] == [twice, twice]
        assert list(other.map(keras.saving.get_registered_object, names)) == [None, twice]
    assert [keras.saving.get_registered_object(name) for name in names] == [None, twice]
    del keras.saving.get_custom_objects()["mine>twice"]


@pytest.mark.parametrize("how", ["argument", "scope", "registered"])
def test_hooks_and_custom_objects(how: str, tmp_path: pathlib.Path) -> None:
    class Mine(Counted):
        pass

    def mine(x: Any) -> Any:
        return halved(x)

    # A name that was registered stays that of the class, so that the other two need things of their own.
    counted, function = (Mine, mine) if how == "registered" else (Counted, halved)
    own: dict[str, Any] = {"Counted": Counted, "halved": halved}
    before = dict(keras.saving.get_custom_objects())
    try:
        if how == "registered":
            keras.saving.register_keras_serializable("mine")(counted)
            keras.saving.register_keras_serializable("mine")(function)
        model = keras.Sequential([keras.Input((3,)), counted(2.0), layers.Dense(2, activation=function)])
        model.layers[0].set_weights([np.array([1.0, 2.0, 3.0])])
        model.save(tmp_path / "m.keras")
        with keras.saving.custom_object_scope(own if how == "scope" else None):
            again: Any = keras.models.load_model(
                tmp_path / "m.keras", custom_objects=own if how == "argument" else None
            )
    finally:
        keras.saving.get_custom_objects().clear()
        keras.saving.get_custom_objects().update(before)
    assert same(model, again)
    assert again.layers[0].seen == ["twice"]
    assert again.layers[0].factor == 2.0
    assert again.layers[1].activation is function
    if how != "registered":
        with pytest.raises(keras.saving.FileError, match=r"2 thing\(s\).*Counted.*halved.*custom_objects"):
            keras.models.load_model(tmp_path / "m.keras")


def test_folders_and_exports_are_refused_with_the_way_out(tmp_path: pathlib.Path) -> None:
    for path in (tmp_path / "folder", tmp_path / "model.pb"):
        with pytest.raises(ValueError, match=r"name ends in '\.keras'.*export"):
            net().save(path)
    with pytest.raises(ValueError, match="SavedModel"):
        keras.models.load_model(tmp_path)
    for error, name in itertools.product((ValueError, FileNotFoundError), ("nothing.keras", "nothing.h5")):
        with pytest.raises(error, match=rf"{name}' cannot be loaded: there is no such file; pass the path [^()]+$"):
            keras.models.load_model(tmp_path / name)
    with pytest.raises(ValueError, match="zipped=False"):
        net().save(tmp_path / "m.keras", zipped=False)
    with pytest.warns(UserWarning, match="not yet been built"):
        keras.Sequential([layers.Dense(1)]).save(tmp_path / "m.keras")
    assert not keras.models.load_model(tmp_path / "m.keras").built


def test_a_file_that_is_there_is_replaced_after_asking(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, model = tmp_path / "m.keras", net()
    model.save(path)
    before = path.read_bytes()
    questions: list[str] = []
    for answers in (["perhaps", "n"], ["Y"]):
        left = iter(answers)

        def answer(text: str, left: Any = left) -> str:
            questions.append(text)
            return str(next(left))

        monkeypatch.setattr("builtins.input", answer)
        net().save(path, overwrite=False)
        assert (path.read_bytes() == before) == (answers[-1] == "n")
    assert [text.split()[0] for text in questions] == ["[WARNING]", "Enter", "[WARNING]"]
    monkeypatch.undo()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        net().save(path, overwrite=False)


def test_shards(tmp_path: pathlib.Path) -> None:
    model, other = net(40), net(40)
    limit = 700 / 1024**3
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=limit)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names[:2] == ["m.weights.json", "m_00000.weights.h5"]
    assert len(names) > 3
    other.load_weights(tmp_path / "m.weights.json")
    assert same(model, other)
    assert np.array_equal(other.optimizer.variables[2], model.optimizer.variables[2])
    with pytest.raises(ValueError, match="max_shard_size"):
        model.save_weights(tmp_path / "n.weights.json", max_shard_size=1e-8)
    index = json.loads((tmp_path / "m.weights.json").read_text())
    index["weight_map"]["/vars"] = "../../etc/passwd"
    (tmp_path / "m.weights.json").write_text(json.dumps(index))
    with pytest.raises(keras.saving.FileError, match="must be called 'm_00000"):
        other.load_weights(tmp_path / "m.weights.json")


def test_weights_of_some_layers(tmp_path: pathlib.Path) -> None:
    model, other = net(compiled=False), net(compiled=False)
    model.save_weights(tmp_path / "w.weights.h5")
    kept = other.layers[0].get_weights()
    other.load_weights(tmp_path / "w.weights.h5", objects_to_skip=[other.layers[0]])
    assert np.array_equal(other.layers[0].get_weights()[0], kept[0])
    assert np.array_equal(other.layers[2].get_weights()[0], model.layers[2].get_weights()[0])


def test_ways_to_choose_weights_that_a_file_does_not_have(tmp_path: pathlib.Path) -> None:
    model = net(compiled=False)
    model.save(tmp_path / "new" / "m.h5")  # whose folder is made, for this format
    for name, save in (("m.keras", model.save), ("w.weights.h5", model.save_weights)):
        save(tmp_path / name)
        with pytest.raises(ValueError, match=r"`by_name` is for files of Keras 2"):
            model.load_weights(tmp_path / name, by_name=True)
    with pytest.raises(ValueError, match=r"`objects_to_skip` is for files other"):
        model.load_weights(tmp_path / "new" / "m.h5", objects_to_skip=[])


def test_slices_tensors_and_ellipses_in_configurations() -> None:
    values = {"slice": slice(None, np.array([1, 2]), 1), "all": ..., "tensor": keras.ops.ones((2,), dtype="float32")}
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(values)))
    assert config["slice"] == {
        "class_name": "__slice__",
        "config": {
            "start": None,
            "stop": {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "int64"}},
            "step": 1,
        },
    }
    assert config["all"] == {"class_name": "__ellipsis__", "config": {}}
    assert config["tensor"] == {"class_name": "__tensor__", "config": {"value": [1.0, 1.0], "dtype": "float32"}}
    again = keras.saving.deserialize_keras_object(config, safe_mode=False)
    assert again["all"] is ...
    assert (again["slice"].stop.tolist(), again["slice"].step, again["tensor"].tolist()) == ([1, 2], 1, [1.0, 1.0])


def test_a_model_of_json() -> None:
    model = net()
    again = keras.models.model_from_json(model.to_json())
    assert json.loads(again.to_json()) == json.loads(model.to_json())
    assert again.compiled
    assert not same(model, again)


def test_a_directory_in_another_order_than_the_members(tmp_path: pathlib.Path) -> None:
    model = net(compiled=False)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras", "a") as archive:  # which writes the directory anew
        archive.filelist.reverse()
        archive.writestr("assets/", "")
    assert same(model, keras.models.load_model(tmp_path / "model.keras"))


def test_plain_values_are_their_own_configuration() -> None:
    values: Any = [5, 0.5, "relu", None, True, ["Zeros", [1]], {"a": {"b": 2}}]
    for value in (*values, values):
        assert keras.saving.deserialize_keras_object(value) == value


@pytest.mark.parametrize("key", ["build_config", "compile_config"])
def test_what_an_object_was_built_with_is_a_dict(key: str) -> None:
    config = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}, key: [3]}
    with pytest.raises(ValueError, match=f"'{key}' must be a dict"):
        keras.saving.deserialize_keras_object(config)


def test_archives_of_64_bits(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, (path, long) = net(), (tmp_path / "model.keras", tmp_path / "long.keras")
    model.save(path)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)  # so that small numbers are written as large ones are
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(long, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    data = long.read_bytes()
    end = data.index(b"PK\6\6")
    assert same(keras.models.load_model(long), model)
    for place in (end, end + 60 + 10):  # the first byte of the end; its place
        long.write_bytes(data[:place] + b"\0\1" + data[place + 2 :])
        with pytest.raises(ValueError, match=r"archive's end is damaged|56 bytes were expected"):
            keras.models.load_model(long)
