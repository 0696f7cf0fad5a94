"""Files that name what they must not, or ask for what no file of their size may: each ends in one clear error."""

import copy
import io
import json
import pathlib
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, ops
from minikeras.saving import FileError

pytest.importorskip("h5py")


def members(model: Any) -> dict[str, Any]:
    """Return the members of a model's archive, the configuration as a dict."""
    file = io.BytesIO()
    model.save(file)
    with zipfile.ZipFile(file) as archive:
        found: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    return found | {"config.json": json.loads(found["config.json"])}


def archive(parts: dict[str, Any], deflated: bool = False) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED) as written:
        for name, content in parts.items():
            written.writestr(name, content if isinstance(content, bytes | str) else json.dumps(content))
    file.seek(0)
    return file


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    x = keras.Input((4,), name="x")
    h = layers.Dense(3, "relu", kernel_regularizer="l2", kernel_constraint="max_norm", name="a")(x)
    y = layers.Dense(2, name="b")(
        layers.TimeDistributed(layers.Dense(2), name="t")(layers.RepeatVector(2, name="r")(h))
    )
    model = keras.Model(x, y * 2, name="net")
    model.compile("adam", keras.losses.Huber(), metrics=["mae", keras.metrics.AUC(num_thresholds=5)])
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 2, 2)))
    return members(model)


def layer(config: Any, name: str) -> Any:
    return next(entry for entry in config["config"]["layers"] if entry["name"] == name)


def refused(parts: dict[str, Any], place: Any, given: Any = None, **options: Any) -> str:
    """Return the error that a configuration ends in: the one passed, or the parts' own with a place in it changed."""
    config = place if isinstance(place, dict) else copy.deepcopy(parts["config.json"])
    if callable(place):
        found = place(config)
        found.update(given or {})
    with pytest.raises(FileError) as caught:
        keras.models.load_model(archive({**parts, "config.json": config}), **options)
    text = str(caught.value)
    assert len(text) < 2000
    return text


def test_the_file_itself_is_sound(parts: dict[str, Any]) -> None:
    model = keras.models.load_model(archive(parts))
    assert model.optimizer.iterations.numpy() == 1
    assert [name for name, _ in zip("xartb", model.layers, strict=False)] == list("xartb")


DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}, "registered_name": None}
LOSS: dict[str, Any] = {"module": "keras.losses", "class_name": "Huber", "config": {}, "registered_name": None}
INITIALIZER: dict[str, Any] = {
    "module": "keras.initializers",
    "class_name": "Zeros",
    "config": {},
    "registered_name": None,
}
OPTIMIZER: dict[str, Any] = {"module": "keras.optimizers", "class_name": "SGD", "config": {}, "registered_name": None}
SLOTS: dict[str, tuple[Callable[[Any], Any], str, list[Any]]] = {
    "activation": (lambda c: layer(c, "a")["config"], "activation", [DENSE, LOSS, INITIALIZER, OPTIMIZER]),
    "initializer": (lambda c: layer(c, "a")["config"], "kernel_initializer", [DENSE, LOSS, OPTIMIZER, "relu"]),
    "regularizer": (lambda c: layer(c, "a")["config"], "kernel_regularizer", [DENSE, LOSS, INITIALIZER]),
    "constraint": (lambda c: layer(c, "a")["config"], "kernel_constraint", [DENSE, LOSS, INITIALIZER]),
    "dtype": (lambda c: layer(c, "a")["config"], "dtype", [DENSE, LOSS, "S1000000000", "O", "string"]),
    "wrapped layer": (lambda c: layer(c, "t")["config"], "layer", [LOSS, INITIALIZER, OPTIMIZER, "Dense", 3, None]),
    "optimizer": (lambda c: c["compile_config"], "optimizer", [DENSE, LOSS, INITIALIZER, 3]),
    "schedule": (
        lambda c: c["compile_config"]["optimizer"]["config"],
        "learning_rate",
        [DENSE, LOSS, INITIALIZER, "x"],
    ),
    "loss": (lambda c: c["compile_config"], "loss", [DENSE, INITIALIZER, OPTIMIZER, 3, "nonsense"]),
    "metrics": (lambda c: c["compile_config"], "metrics", [[DENSE], [INITIALIZER], [OPTIMIZER], [3], "nonsense"]),
}


@pytest.mark.parametrize("slot", SLOTS)
def test_each_place_in_a_file_takes_values_of_its_kind_only(slot: str, parts: dict[str, Any]) -> None:
    place, key, wrong = SLOTS[slot]
    for value in wrong:
        refused(parts, place, {key: value})


VALUES: dict[str, list[Any]] = {
    "units": ["3", -1, 1e99, True, None, 0, 2.5, 10**40, [3], {}],
    "use_bias": ["yes", 2, None, 0.0],
    "name": [3, "a/b", [], {}],
    "trainable": ["yes", 1, None],
    "activation": [3, True, [], {}, "nonsense", "os.system"],
    "kernel_initializer": [3, True, [], {}, {"class_name": "Zeros", "config": {"seed": 1}}],
    "quantization_config": [{}, "int8"],
    "nobody": [1],
}


@pytest.mark.parametrize("key", VALUES)
def test_values_of_arguments_are_checked(key: str, parts: dict[str, Any]) -> None:
    for value in VALUES[key]:
        assert "Dense" in refused(parts, lambda config: layer(config, "a")["config"], {key: value})


def test_no_module_is_imported_and_no_attribute_walked(parts: dict[str, Any]) -> None:
    for module, name in [
        ("os", "system"), ("builtins", "eval"), ("keras.src.utils", "get_file"), ("subprocess", "Popen"),
        ("keras.models", "load_model"), ("minikeras.saving", "load_model"), ("keras.layers", "Dense.__init__"),
        ("keras", "utils.get_file"), ("pickle", "loads"), ("keras.layers", "TFSMLayer"),
    ]:  # fmt: skip
        before = set(sys.modules)
        for change in (
            {"module": module, "class_name": name, "config": {}},
            {"module": module, "class_name": "function", "config": name, "registered_name": name},
        ):
            refused(parts, lambda config: layer(config, "a"), change)
            refused(parts, lambda config: layer(config, "a")["config"], {"activation": change})
        assert set(sys.modules) == before


@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_a_vocabulary_is_no_file(kind: str, parts: dict[str, Any], tmp_path: pathlib.Path) -> None:
    (tmp_path / "words.txt").write_text("1\n2\n")
    for path in (str(tmp_path / "words.txt"), (tmp_path / "words.txt").as_uri(), "http://127.0.0.1:9/words", "words"):
        change = {"class_name": kind, "module": "keras.layers", "config": {"name": "a", "vocabulary": path}}
        for safe_mode in (True, False):
            text = refused(parts, lambda config, c=change: layer(config, "a"), change, safe_mode=safe_mode)
            assert "Such files are not read" in text
        with pytest.raises(ValueError, match="are not read"):
            getattr(layers, kind).from_config({"vocabulary": path})
    assert getattr(layers, kind)(vocabulary=str(tmp_path / "words.txt")).vocabulary_size() >= 3


def test_a_text_is_prepared_by_functions_alone(parts: dict[str, Any]) -> None:
    for argument in ("standardize", "split"):
        for value in (3, {"a": 1}, {"class_name": "__slice__", "config": {"start": 1, "stop": 2, "step": None}}):
            config = {"name": "a", argument: value}
            change = {"class_name": "TextVectorization", "module": "keras.layers", "config": config}
            assert argument in refused(parts, lambda config, c=change: layer(config, "a"), change)
    text = layers.TextVectorization(standardize=str.upper, split=own_split)
    config = keras.saving.serialize_keras_object(text)
    with pytest.raises(ValueError, match="Unknown object: 'upper'"):
        keras.saving.deserialize_keras_object(config)
    again = keras.saving.deserialize_keras_object(config, {"own_split": own_split, "upper": str.upper})
    assert again.split is own_split


def own_split(text: str) -> list[str]:
    return text.split("-")


def test_modules_must_exist(parts: dict[str, Any]) -> None:
    function = {"class_name": "function", "config": "relu"}
    for module in ("keras.nowhere", "tf_keras.nowhere", "keras.src.nowhere", "keras.layers.core", "os", "nowhere"):
        refused(parts, lambda config: layer(config, "a"), {"module": module})
        refused(parts, lambda config: layer(config, "a")["config"], {"activation": {**function, "module": module}})
        refused(parts, lambda config: layer(config, "a")["config"]["dtype"], {"module": module})
        refused(parts, lambda config: config["compile_config"]["optimizer"], {"module": module})
    op = next(entry["name"] for entry in parts["config.json"]["config"]["layers"] if entry["class_name"] == "Multiply")
    refused(parts, lambda config: layer(config, op), {"module": "keras.src.ops.nowhere"})


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ("a", "name", "x" * 2_000),
        ("a", "name", "x" * 15_000_000 + "\U0001f600"),
        ("a", "units", [{"a": 1}] * 100_000),
        ("net", "layers", [{}] * 1_000_000),
        ("compile", "metrics", ["mae"] * 20_000),
        ("compile", "loss_weights", [1] * 400_000),
    ],
)
def test_memory_stays_in_proportion(place: str, key: str, value: Any, parts: dict[str, Any]) -> None:
    config = copy.deepcopy(parts["config.json"])
    {"net": config["config"], "compile": config["compile_config"]}.get(place, layer(config, "a")["config"])[key] = value
    text = json.dumps(config)
    for deflated in (False, True):
        file = archive({**parts, "config.json": text}, deflated)
        tracemalloc.start()
        try:
            with pytest.raises(FileError) as caught:
                keras.models.load_model(file)
            assert len(str(caught.value)) < 2000
            assert tracemalloc.get_traced_memory()[1] < (50 << 20) + 12 * len(file.getvalue())
        finally:
            tracemalloc.stop()


def test_no_more_objects_than_a_model_has(parts: dict[str, Any]) -> None:
    config = copy.deepcopy(parts["config.json"])
    config["config"]["layers"] = [{"class_name": "Dense", "config": {"units": 1}}] * 16_000
    assert "more objects than a model has" in refused(
        parts, {**config, "module": "keras", "class_name": "Sequential", "registered_name": None}
    )


def test_code_in_a_lambda_is_never_run(parts: dict[str, Any]) -> None:
    code = {"class_name": "__lambda__", "config": {"value": "4wEAAAAAAAAAAAAAAAEAAAADAAAA", "defaults": None}}
    change = {"class_name": "Lambda", "module": "keras.layers", "config": {"name": "a", "function": code}}
    for safe_mode in (True, False):
        assert "never" in refused(parts, lambda config: layer(config, "a"), change, safe_mode=safe_mode)


def test_a_registered_name_replaces_no_built_in(parts: dict[str, Any]) -> None:
    class Fake(layers.Dense):
        pass

    for name in ("Fake", "Custom>Fake"):
        given = {"registered_name": name}
        text = refused(parts, lambda config: layer(config, "a"), given, custom_objects={name: Fake})
        assert "no registered name replaces it" in text
    model: Any = keras.models.load_model(archive(parts), custom_objects={"Dense": Fake, "relu": abs, "Huber": Fake})
    assert not any(isinstance(x, Fake) for x in model._flatten_layers())
    assert model.get_layer("a").activation is keras.activations.relu


def test_all_unknown_layers_are_named_together(parts: dict[str, Any]) -> None:
    def change(config: Any) -> Any:
        layer(config, "a").update(class_name="LSTMish")
        layer(config, "b").update(class_name="Mine", module="somewhere", registered_name="pkg>Mine")
        return layer(config, "t")["config"]["layer"]

    text = refused(parts, change, {"class_name": "Zzz"})
    for known in ("keras.layers.LSTMish ('a')", "Mine ('b')", "keras.layers.Zzz", "custom_objects"):
        assert known in text


def graph(calls: int, wire: Callable[[int], int]) -> Any:
    """Return the configuration of a model whose i-th layer takes the output of layer wire(i)."""

    def tensor(i: int) -> Any:
        history = [f"d{i}" if i >= 0 else "x", 0, 0]
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None, 4], "dtype": "float32", "keras_history": history},
        }

    entry = {"module": "keras.layers", "class_name": "InputLayer", "name": "x", "inbound_nodes": [],
             "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "x"}}  # fmt: skip
    found: list[Any] = [
        {"module": "keras.layers", "class_name": "Identity", "config": {"name": f"d{i}"}, "name": f"d{i}",
         "inbound_nodes": [{"args": [tensor(wire(i))], "kwargs": {}}]}
        for i in reversed(range(calls))
    ]  # fmt: skip
    inner = {"name": "net", "layers": [entry, *found], "input_layers": [["x", 0, 0]],
             "output_layers": [[f"d{calls - 1}", 0, 0]]}  # fmt: skip
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": inner}


def test_graphs_are_read_in_linear_time(parts: dict[str, Any]) -> None:
    model = keras.models.load_model(archive({**parts, "config.json": graph(200, lambda i: i - 1)}))
    assert len(model.layers) == 201  # in the worst order of all
    loops: list[tuple[Callable[[int], int], str]] = [
        (lambda i: (i + 1) % 300, "a loop"),
        (lambda i: i, "a loop"),
        (lambda i: 1000, "no tensor"),
    ]
    for wire, reason in loops:
        assert reason in refused(parts, graph(300, wire))


def test_many_connections_to_one_layer(parts: dict[str, Any]) -> None:
    config = graph(2, lambda i: i - 1)
    config["config"]["layers"][1]["inbound_nodes"][0]["args"] *= 30_000
    assert "Identity" in refused(parts, config)


def test_weights_out_of_proportion_cost_nothing(parts: dict[str, Any]) -> None:
    tracemalloc.start()
    try:
        refused(parts, lambda c: layer(c, "a")["config"], {"units": 10**12})
        refused(parts, lambda c: layer(c, "t")["config"]["layer"]["config"], {"units": 10**12})
        refused(parts, lambda c: layer(c, "x")["config"], {"batch_shape": [None, 10**12]})
        wide = copy.deepcopy(parts["config.json"])
        layer(wide, "r")["config"]["n"] = 10**12
        model = keras.models.load_model(archive({**parts, "config.json": wide}))  # no weight depends on it
        assert model.output_shape == (None, 10**12, 2)
        refused(parts, lambda c: c["compile_config"]["metrics"][1]["config"], {"num_thresholds": 10**9})
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("Repeat", {"repeats": 10**9, "axis": 1}),
        ("Tile", {"repeats": [1, 10**9]}),
        ("Pad", {"pad_width": [[0, 0], [0, 10**9]], "mode": "constant"}),
        ("OneHot", {"num_classes": 10**9}),
        ("BroadcastTo", {"shape": [10**6, 10**6, 4]}),
        ("Zeros", {"shape": [10**12]}),
        ("Outer", {}),
    ],
)
def test_ops_out_of_proportion_cost_nothing(kind: str, settings: dict[str, Any], parts: dict[str, Any]) -> None:
    config = graph(1, lambda i: i - 1)
    entry, node = config["config"]["layers"]
    entry["config"]["batch_shape"] = [None, 20_000 if kind == "Outer" else 4]
    node.update(module="keras.src.ops.numpy", class_name=kind, config={"name": "d0", **settings})
    if kind == "Outer":
        node["inbound_nodes"][0]["args"] *= 2
    tracemalloc.start()
    try:
        refused(parts, config)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


def test_sizes_that_grow_and_grow(parts: dict[str, Any]) -> None:
    config = graph(30, lambda i: i - 1)
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, 4, 4]
    for node in config["config"]["layers"][1:]:
        node.update(class_name="UpSampling1D", config={"name": node["name"], "size": 1000})
    assert "size that no array can have" in refused(parts, config)


def test_a_failed_load_of_weights_changes_nothing(tmp_path: pathlib.Path) -> None:
    def net(last: int) -> keras.Sequential:
        return keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(3), layers.Dense(last)])

    for name in ("w.weights.h5", "w.npz", "w.keras"):
        saved, model = net(2), net(5)
        saved.save(tmp_path / name) if name.endswith(".keras") else saved.save_weights(tmp_path / name)
        before = model.get_weights()
        with pytest.raises(ValueError, match="do not fit"):
            model.load_weights(tmp_path / name)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
        with pytest.warns(UserWarning, match="fit"):
            model.load_weights(tmp_path / name, skip_mismatch=True)
        assert np.array_equal(model.get_weights()[0], saved.get_weights()[0])
        assert np.array_equal(model.get_weights()[5], before[5])


def test_a_layer_of_the_users_that_fails_in_the_end_changes_nothing(tmp_path: pathlib.Path) -> None:
    class Late(layers.Dense):
        def load_own_variables(self, store: Any) -> None:
            super().load_own_variables(store)
            raise ZeroDivisionError

    first, second = (keras.Sequential([keras.Input((2,)), layers.Dense(2), Late(1)]) for _ in range(2))
    first.save_weights(tmp_path / "w.weights.h5")
    before = second.get_weights()
    with pytest.raises(FileError):
        second.load_weights(tmp_path / "w.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, second.get_weights(), strict=True))


def test_reading_needs_numpy_alone(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.save(tmp_path / "m.keras")
    code = (
        "import sys; sys.modules['h5py'] = None\n"
        "import minikeras as keras\n"
        f"path = {str(tmp_path)!r}\n"
        "model = keras.models.load_model(path + '/m.keras')\n"
        "for save, name in ((model.save, '/n.keras'), (model.save, '/n.h5'), (model.save_weights, '/n.weights.h5')):\n"
        "    try: save(path + name)\n"
        "    except ImportError as error: assert '[h5]' in str(error)\n"
        "    else: raise SystemExit('written')\n"
        "model.save_weights(path + '/n.npz')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=pathlib.Path(keras.__file__).parents[1])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.keras", "n.npz"]


SIZES: Any = np.array([1, 77])
PLACES: Any = np.array([[0, 0], [0, 77]])


@pytest.mark.parametrize("function", [
    lambda x: ops.tile(x, SIZES), lambda x: ops.pad(x, PLACES),
    lambda x: ops.repeat(x, SIZES[1], axis=1), lambda x: ops.rfft(x)[0],
])  # fmt: skip
def test_sizes_in_arrays_and_costly_ops_are_counted(function: Callable[[Any], Any]) -> None:
    x, file, changed = keras.Input((77,)), io.BytesIO(), io.BytesIO()
    keras.Model(x, function(x)).save(file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"77", b"9000000"))
    changed.seek(0)
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="too much time or memory"):
            keras.models.load_model(changed)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
