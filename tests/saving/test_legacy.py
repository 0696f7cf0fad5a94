"""Whole models in HDF5: those of Keras 2 and 3 predict here as they did there, and ours have Keras's layout."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras.saving.h5_writing import write_legacy
from minikeras.saving.hdf5 import Group, open_hdf5
from minikeras.saving.keras2_configs import modernize, modernize_optimizer, modernize_training
from minikeras.saving.legacy_h5 import match_layers, match_slots, read_legacy
from minikeras.saving.npz import read_arrays
from minikeras.saving.source import FileError

FILES = Path(__file__).parents[1] / "data" / "files"
VERSIONS = sorted(path.stem for path in FILES.glob("keras-*.npz"))


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_model_of_keras_goes_on_here(version: str, ending: str) -> None:
    known = read_arrays(FILES / f"{version}.npz")
    model = keras.models.load_model(FILES / f"{version}-functional.{ending}")
    x, y = [known["a"], known["b"]], [known["left"], known["right"]]
    for place, output in enumerate(model.predict(x, verbose=0)):
        np.testing.assert_allclose(output, known[f"functional_{place}"], rtol=1e-6, atol=1e-6)
    if version == "keras-3.0.5":
        return  # it counted the loss of a regularizer twice, in JAX
    loss = model.train_on_batch(x, y, return_dict=True)["loss"]
    np.testing.assert_allclose(loss, known["next_loss"], rtol=1e-6)
    for place, output in enumerate(model.predict(x, verbose=0)):
        np.testing.assert_allclose(output, known[f"next_{place}"], rtol=1e-5, atol=1e-5)
    assert [name for name in model.get_metrics_result() if "m" in name or "a" in name]


@pytest.mark.parametrize("ending", ["h5", "keras"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_sequential_of_keras_predicts_here(version: str, ending: str) -> None:
    known = read_arrays(FILES / f"{version}.npz")
    model = keras.models.load_model(FILES / f"{version}-sequential.{ending}")
    np.testing.assert_allclose(model.predict(known["pictures"], verbose=0), known["sequential_0"], rtol=1e-6, atol=1e-6)
    if (version, ending) == ("keras-2.15.0", "keras"):
        return  # it did not save the state of its older optimizers there
    assert model.optimizer.iterations.numpy() == 1
    path = FILES / f"{version}-sequential.h5"
    legacy = read_legacy(open_hdf5(path.read_bytes()), path.name)
    for v, variables in zip(model.trainable_variables, pairs(model.optimizer), strict=True):
        name = "/".join(v.path.split("/")[-2:])
        stored = [array for array in legacy.optimizer if name in array.path or name.replace("/", "_") in array.path]
        assert len(stored) == 2
        assert all(np.array_equal(a.numpy(), b.read()) for a, b in zip(variables, stored, strict=True))


def pairs(adam: Any) -> list[list[keras.Variable]]:
    """Return the two variables that Adam keeps for each weight."""
    slots = adam.variables[2:]
    return [slots[at : at + 2] for at in range(0, len(slots), 2)]


@pytest.mark.parametrize("kind", ["functional", "sequential"])
def test_what_is_written_is_what_keras_writes(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    path = FILES / f"keras-3.15.1-{kind}.h5"
    model = keras.models.load_model(path)
    model.save(tmp_path / "model.h5")
    ours, theirs = contents(open_hdf5((tmp_path / "model.h5").read_bytes())), contents(open_hdf5(path.read_bytes()))
    assert ours.pop("model_weights backend") == ours.pop(" backend") == "numpy"
    assert theirs.pop("model_weights backend") == theirs.pop(" backend") == "jax"
    assert ours == theirs


def contents(group: Group) -> dict[str, Any]:
    """Return all attributes and arrays below a group by their places."""
    found = {f"{group.path[1:]} {key}": value for key, value in group.attrs.items()}
    found = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in found.items()}
    found = {key: json.loads(value) if key.endswith("_config") else value for key, value in found.items()}
    for name in group:
        child = group[name]
        found |= contents(child) if isinstance(child, Group) else {child.path[1:]: child.read().tolist()}
    return found


def test_names_in_several_attributes() -> None:
    h5py = pytest.importorskip("h5py")
    layers = [keras.layers.Dense(1, name=f"{'long' * 200}_{i}") for i in range(90)]
    model = keras.Sequential([keras.Input((1,)), *layers])
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write_legacy(model, file)
    weights = read_legacy(open_hdf5(buffer.getvalue()), "file").weights
    assert "layer_names" not in weights.attrs
    assert "layer_names1" in weights.attrs
    copy = keras.models.clone_model(model)
    pairs = match_layers(copy, weights, "file")
    assert [v.shape for v, _ in pairs] == [v.shape for v in model.weights]
    assert all(np.array_equal(d.read(), v.numpy()) for (_, d), v in zip(pairs, model.weights, strict=True))


def test_weights_by_layer() -> None:
    path = FILES / "keras-2.15.0-functional.layers.h5"
    root = open_hdf5(path.read_bytes())
    model = keras.models.load_model(FILES / "keras-2.15.0-functional.h5")
    copy = keras.models.clone_model(model)
    copy.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(copy.get_weights(), model.get_weights(), strict=True))
    whole = match_layers(model, root, path.name)
    assert all(np.array_equal(v.numpy(), array.read()) for v, array in whole)
    named = match_layers(model, root, path.name, by_name=True)
    assert [(v.path, array.path) for v, array in named] == [(v.path, array.path) for v, array in whole]
    other = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="shared"), keras.layers.Dense(2, name="left")]
    )
    with pytest.raises(ValueError, match=r"The model has 2 layers with weights, the file .* 4"):
        match_layers(other, root, path.name)
    with pytest.raises(
        ValueError, match=r"'left' .* do not fit: 'sequential.*/left/kernel' has shape \(3, 2\), the stored .* \(6, 1\)"
    ):
        match_layers(other, root, path.name, by_name=True)
    with pytest.warns(UserWarning, match="'left' .* are left out"):
        pairs = match_layers(other, root, path.name, by_name=True, skip_mismatch=True)
    assert [v.path for v, _ in pairs] == [v.path for v in other.layers[0].weights]


def test_another_optimizer_starts_anew() -> None:
    path = FILES / "keras-3.15.1-functional.h5"
    model = keras.models.load_model(path)
    legacy = read_legacy(open_hdf5(path.read_bytes()), path.name)
    sgd = keras.optimizers.SGD()
    sgd.build(model.trainable_variables)
    with pytest.warns(UserWarning, match="starts anew"):
        assert match_slots(sgd, legacy.optimizer, path.name) == []


def test_the_optimizer_may_be_left_out(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.save(tmp_path / "model.h5", include_optimizer=False)
    loaded = keras.models.load_model(tmp_path / "model.h5")
    assert not loaded.compiled
    assert [w.tolist() for w in loaded.get_weights()] == [w.tolist() for w in model.get_weights()]


@pytest.mark.parametrize("rate", [0.1, keras.optimizers.schedules.CosineDecay(0.1, 10)], ids=["number", "schedule"])
def test_a_model_that_has_not_been_trained_has_no_state_to_miss(rate: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), "mse")
    model.save(tmp_path / "model.h5")
    loaded = keras.models.load_model(tmp_path / "model.h5")  # without a warning
    x = np.ones((4, 2), "float32")
    losses = [m.fit(x, x[:, :1], epochs=3, verbose=0).history["loss"] for m in (model, loaded)]
    assert losses[0] == losses[1]


def test_weights_of_one_name_are_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adafactor(), "mean_squared_error")
    model.save(tmp_path / "model.h5")
    before = (tmp_path / "model.h5").read_bytes()
    model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
    with pytest.raises(ValueError, match=r"weights must have different names: save as '\.keras'.*adafactor"):
        model.save(tmp_path / "model.h5")
    assert (tmp_path / "model.h5").read_bytes() == before


def test_no_whole_model() -> None:
    path = FILES / "keras-2.15.0-functional.layers.h5"
    with pytest.raises(FileError, match="no whole model"):
        read_legacy(open_hdf5(path.read_bytes()), path.name)


def test_spellings_of_keras_2() -> None:
    dense = {"class_name": "Dense", "config": {"units": 2, "batch_input_shape": [None, 3]}}
    assert modernize({"class_name": "Sequential", "config": [dense]})["config"]["layers"] == [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 3]}},
        {"class_name": "Dense", "config": {"units": 2}},
    ]
    old = {"class_name": "DepthwiseConv2D", "config": {"groups": 1, "axis": [3]}}
    assert modernize(old)["config"] == {"axis": 3}
    assert modernize({"class_name": "DepthwiseConv2D", "config": {"groups": 2}})["config"] == {"groups": 2}
    policy = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    assert (
        modernize({"class_name": "Dense", "config": {"dtype": policy}})["config"]["dtype"]["class_name"]
        == "DTypePolicy"
    )
    scaling = {"class_name": "VarianceScaling", "config": {"distribution": "normal"}}
    assert modernize(scaling)["config"] == {"distribution": "truncated_normal"}
    calls = [[["a", 0, 0, {"mask": ["b", 0, 0]}]]]
    config = {"layers": [{"class_name": "Dense", "config": {}, "inbound_nodes": calls}]}
    (call,) = modernize({"class_name": "Functional", "config": config})["config"]["layers"][0]["inbound_nodes"]
    assert call["args"][0]["config"] == {"keras_history": ["a", 0, 0]}
    assert call["kwargs"]["mask"]["config"] == {"keras_history": ["b", 0, 0]}
    accuracy = {"class_name": "MeanMetricWrapper", "config": {"name": "left_acc", "fn": "sparse_categorical_accuracy"}}
    assert modernize_training({"metrics": [[accuracy]]})["metrics"] == [["acc"]]
    sgd = {"class_name": "SGD", "config": {"lr": 0.5, "decay": 0.1, "momentum": 0.0, "nesterov": False}}
    made: Any = keras.optimizers.deserialize(modernize_optimizer(sgd))
    w = keras.Variable([1.0])
    made.build([w])
    for step in range(3):
        before = w.numpy()
        made.apply([np.array([1.0], "float32")])
        np.testing.assert_allclose(before - w.numpy(), 0.5 / (1 + 0.1 * step), rtol=1e-5)
    loss = {"class_name": "Huber", "config": {"reduction": "auto", "name": "huber", "fn": "huber", "delta": 2.0}}
    assert modernize_training({"loss": loss, "sample_weight_mode": None})["loss"]["config"] == {
        "reduction": "sum_over_batch_size", "name": "huber", "delta": 2.0,
    }  # fmt: skip


class Far(keras.losses.Loss):
    def __init__(self, factor: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.factor * keras.ops.abs(y_true - y_pred)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def off(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), -1)


@pytest.mark.parametrize(("loss", "own"), [(Far(2.0), {"Far": Far}), (off, {"off": off})])
def test_losses_and_metrics_of_the_caller(loss: Any, own: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss, metrics=[off])
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5", custom_objects={"off": off, **own})
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


class Momentum(keras.optimizers.Optimizer):
    def build(self, variables: Any) -> None:
        super().build(variables)
        self.sums = [self.add_variable_from_reference(v, "sum") for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        total = self.sums[self._get_variable_index(variable)]
        total.assign_add(gradient)
        variable.assign_sub(learning_rate * total)


def test_an_optimizer_of_the_caller_is_built_once(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(Momentum(0.1), "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5", custom_objects={"Momentum": Momentum})
    for ours, theirs in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_layers_beside_the_graph_are_said_to_be_lost(tmp_path: Path) -> None:
    class Longer(keras.Model):
        def __init__(self) -> None:
            inputs = keras.Input((2,))
            super().__init__(inputs=inputs, outputs=keras.layers.Dense(3)(inputs))
            self.further = keras.layers.Dense(2, name="further")
            self.further.build((None, 3))

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            return self.further(super().call(inputs))

    with pytest.warns(UserWarning, match="not saved: .*further/kernel"):
        Longer().save(tmp_path / "model.h5")


@keras.saving.register_keras_serializable("pkg")
def squared(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


@keras.saving.register_keras_serializable("pkg")
class Descent(keras.optimizers.SGD):
    pass


@keras.saving.register_keras_serializable("pkg")
class Error(keras.metrics.MeanAbsoluteError):
    pass


def compiled(**options: Any) -> keras.Sequential:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(**options)
    return model


def test_functions_and_classes_of_the_caller_are_written_as_keras_writes_them(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    path = tmp_path / "model.h5"
    error = {"class_name": "pkg>Error", "config": {"name": "q", "dtype": "float32"}}
    for loss, written in ((squared, "pkg>squared"), (keras.losses.mean_squared_error, "mean_squared_error")):
        compiled(loss=loss, metrics=[Error(name="q"), loss], optimizer=Descent(0.5)).save(path)
        training = json.loads(open_hdf5(path.read_bytes()).attrs["training_config"])
        assert (training["loss"], training["metrics"]) == (written, [error, written])
        assert training["optimizer_config"]["class_name"] == "pkg>Descent"
        again = keras.models.load_model(path)
        assert type(again.optimizer) is Descent
        assert float(again.optimizer.learning_rate) == 0.5
        x, y = np.ones((2, 2)), np.full((2, 1), 5.0)
        expected = (5 - again.predict(x, verbose=0)[0, 0]) ** 2
        found = again.evaluate(x, y, verbose=0, return_dict=True)
        np.testing.assert_allclose([found["loss"], found["q"] ** 2], [expected] * 2, rtol=1e-5)


def test_hashing_of_keras_2_gives_whole_numbers_though_its_dtype_was_that_of_floats(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input((1,), dtype="string"), keras.layers.Hashing(3)])
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["config"]["dtype"] = "float32"
        file.attrs.update({"keras_version": "2.6.0", "model_config": json.dumps(config)})
    numbers = keras.models.load_model(tmp_path / "model.h5")(np.array([["A"], ["B"], ["C"]]))
    assert (numbers.dtype, numbers.tolist()) == ("int64", [[1], [0], [1]])


def test_an_archive_of_keras_2_with_the_callers_optimizer(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    compiled(loss=squared, optimizer=Descent(0.5)).save(tmp_path / "new.keras")
    with zipfile.ZipFile(tmp_path / "new.keras") as new, zipfile.ZipFile(tmp_path / "old.keras", "w") as old:
        for name in new.namelist():
            old.writestr(name, b'{"keras_version": "2.15.0"}' if name == "metadata.json" else new.read(name))
    again = keras.models.load_model(tmp_path / "old.keras")
    assert type(again.optimizer) is Descent
    assert float(again.optimizer.learning_rate) == 0.5


class Relu(keras.layers.Layer):
    """A layer with the name of an op."""

    def call(self, x: Any) -> Any:
        return x - 100.0


class Square(Relu):
    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


@pytest.mark.parametrize("layer", [Relu, Square])
def test_a_layer_of_the_caller_with_the_name_of_an_op(layer: Any, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    entry = keras.Input((3,))
    model = keras.Model(entry, layer()(keras.layers.Dense(2)(entry)))
    model.save(tmp_path / "model.h5")
    again = keras.models.load_model(tmp_path / "model.h5", custom_objects={layer.__name__: layer})
    x = np.ones((1, 3))
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("config", [None, 3, "trainable"])
def test_an_op_whose_configuration_is_damaged(config: Any, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        model = json.loads(file.attrs["model_config"])
        model["config"]["layers"].append({"class_name": "Relu", "config": config})
        file.attrs["model_config"] = json.dumps(model)
    with pytest.raises(FileError, match="does not know: Relu"):
        keras.models.load_model(tmp_path / "model.h5")


def test_ops_whose_module_keras_leaves_out(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    entry = keras.Input((3,))
    hidden = keras.layers.Dense(3)(entry)
    inner = keras.Model(entry, keras.ops.concatenate([keras.ops.relu(hidden) + 2 * hidden, hidden], axis=-1))
    start = keras.Input((3,))
    both = [inner(start), keras.layers.Multiply()([start, start])]
    model = keras.Model(start, keras.layers.Concatenate()(both))
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        text = file.attrs["model_config"]
        assert '"class_name": "Multiply"' in text
        file.attrs["model_config"] = re.sub(r'"module": "keras\.src\.ops\.\w+", ', "", text)
    again = keras.models.load_model(tmp_path / "model.h5")
    x = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


OLD = FILES / "tf-1.15.5-words.h5"


def predicted(model: Any) -> Any:
    known = read_arrays(FILES / "tf-1.15.5-words.npz")
    return model.predict([known["steps"], known["other"]], verbose=0) - known["y"]


def test_a_recurrent_model_of_tensorflow_1_predicts_here() -> None:
    model = keras.models.load_model(OLD)
    assert abs(predicted(model)).max() < 1e-6
    assert (model.loss, model.optimizer.name) == ("huber", "Adam")
    inner: Any = model.get_layer("inner")
    assert inner.layers[-1].name == "hidden_dense"


@pytest.mark.parametrize("by_name", [False, True])
def test_its_configuration_and_its_weights_apart(by_name: bool) -> None:
    text = open_hdf5(OLD.read_bytes()).attrs["model_config"]
    model = keras.models.model_from_json(json.dumps({**json.loads(text), "keras_version": "2.2.4-tf"}))
    assert abs(predicted(model)).max() > 1e-3
    model.load_weights(OLD, by_name=by_name)
    assert abs(predicted(model)).max() < 1e-6


def test_it_is_saved_as_a_new_one(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    keras.models.load_model(OLD).save(tmp_path / "model.keras")
    assert abs(predicted(keras.models.load_model(tmp_path / "model.keras"))).max() < 1e-6


def old_layer(class_name: str, **config: Any) -> Any:
    return keras.layers.deserialize(modernize({"class_name": class_name, "config": config}))


def test_the_hard_sigmoid_of_keras_2_was_steeper() -> None:
    for layer in (old_layer("Activation", activation="hard_sigmoid"), keras.layers.Activation("hard_sigmoid")):
        expected = [0.3, 1.0] if layer.activation.__name__ == "hard_sigmoid_of_keras_2" else [1 / 3, 11 / 12]
        np.testing.assert_allclose(layer(np.array([-1.0, 2.5], "float32")), expected, rtol=1e-6)


def test_arguments_that_did_nothing_are_dropped_and_others_are_refused() -> None:
    zeros = {"class_name": "Zeros", "config": {"dtype": "float32"}}
    assert old_layer("LSTM", units=2, time_major=False, implementation=1, bias_initializer=zeros).units == 2
    assert old_layer("RNN", cell={"class_name": "GRUCell", "config": {"units": 3, "implementation": 2}}).cell.units == 3
    assert old_layer("SpatialDropout2D", rate=0.5, trainable=True, noise_shape=None).rate == 0.5
    assert old_layer("MultiHeadAttention", num_heads=1, key_dim=2, query_shape=[None, 3, 2]).num_heads == 1
    assert old_layer("ThresholdedReLU", theta=0.5)(np.array([0.4, 0.6], "float32")).tolist()[0] == 0
    assert old_layer("Dense", units=1, trainable=False).trainable is False
    with pytest.raises(ValueError, match="time_major"):
        old_layer("LSTM", units=2, time_major=True)
    with pytest.raises(ValueError, match="causal"):
        old_layer("Attention", causal=True)


@pytest.mark.parametrize("first", [0, 1])  # TensorFlow 1 counted from 0 if the nested model had no input shape
def test_calls_of_a_nested_model_are_counted_from_0(first: int) -> None:
    calls = [[["a", 0, 0, {}]], [["s", first, 0, {}]]]
    nested = {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "units": 1}}]}
    layers = [
        {"name": "a", "class_name": "InputLayer", "config": {"batch_input_shape": [None, 1], "name": "a"},
         "inbound_nodes": []},
        {"name": "s", "class_name": "Sequential", "config": nested, "inbound_nodes": calls},
        {"name": "n", "class_name": "Add", "config": {"name": "n"},
         "inbound_nodes": [[["s", first, 0, {}], ["s", first + 1, 0, {}]]]},
    ]  # fmt: skip
    config = {"name": "m", "layers": layers, "input_layers": [["a", 0, 0]], "output_layers": [["n", 0, 0]]}
    model = keras.Model.from_config(config)
    model.set_weights([np.array([[3.0]]), np.array([0.0])])
    assert model.predict(np.array([[1.0]]), verbose=0).tolist() == [[12.0]]  # 3 x + 9 x


def function_of_tensorflow(function: str, calls: Any) -> Any:
    kind = "SlicingOpLambda" if function.endswith("getitem") else "TFOpLambda"
    name = f"tf.{function}"
    config = {"name": name, "trainable": True, "dtype": "float32", "function": function}
    return {"class_name": kind, "config": config, "name": name, "inbound_nodes": calls}


def graph_of_tensorflow(*functions: Any) -> Any:
    """Return the text of a model that calls functions of TensorFlow on (4, 3), as TensorFlow 2.10 writes it."""
    config = {"batch_input_shape": [None, 4, 3], "dtype": "float32", "sparse": False, "ragged": False, "name": "x"}
    first = {"class_name": "InputLayer", "config": config, "name": "x", "inbound_nodes": []}
    layers = [first, *(function_of_tensorflow(*each) for each in functions)]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    model = {"class_name": "Functional", "config": {"name": "model", "layers": layers, **ends}}
    return json.dumps({**model, "keras_version": "2.10.0", "backend": "tensorflow"})


X = np.arange(-12.0, 12.0, dtype="float32").reshape(2, 4, 3)
PART = [{"start": None, "stop": None, "step": None}, {"start": 1, "stop": 3, "step": None}]
BACKWARDS = {"start": None, "stop": None, "step": -1}
GRAPHS: dict[str, Any] = {
    "operators": (
        [
            ("math.multiply", [["x", 0, 0, {"y": 2.0, "name": None}]]),
            ("__operators__.add", [["tf.math.multiply", 0, 0, {"y": ["x", 0, 0], "name": None}]]),
            ("math.truediv", [["_CONSTANT_VALUE", -1, 1.0, {"y": ["tf.__operators__.add", 0, 0], "name": None}]]),
        ],
        lambda x: 1 / (2 * x + x),
    ),
    "a list": (
        [
            ("nn.relu", [["x", 0, 0, {"name": None}]]),
            ("concat", [[["x", 0, 0, {"axis": -1}], ["tf.nn.relu", 0, 0, {"axis": -1}]]]),
        ],
        lambda x: np.concatenate([x, np.maximum(x, 0)], -1),
    ),
    "a part": (
        [("__operators__.getitem", [["x", 0, 0, {"slice_spec": PART}]])],
        lambda x: x[:, 1:3],
    ),
    "an index": (
        [("__operators__.getitem", [["x", 0, 0, {"slice_spec": [PART[0], -1]}]])],
        lambda x: x[:, -1],
    ),
    "arguments": (
        [
            ("math.reduce_mean", [["x", 0, 0, {"axis": 1, "keepdims": True}]]),
            ("linalg.matmul", [["tf.math.reduce_mean", 0, 0, {"b": [[1.0], [2.0], [3.0]]}]]),
            ("clip_by_value", [["tf.linalg.matmul", 0, 0, {"clip_value_min": -9, "clip_value_max": 9}]]),
            ("reshape", [["tf.clip_by_value", 0, 0, {"shape": [-1, 1]}]]),
        ],
        lambda x: np.clip(x.mean(1) @ np.array([[1], [2], [3]]), -9, 9),
    ),
    "axes": (
        [
            ("transpose", [["x", 0, 0, {"perm": [0, 2, 1]}]]),
            ("expand_dims", [["tf.transpose", 0, 0, {"axis": 1}]]),
            ("math.abs", [["tf.expand_dims", 0, 0, {}]]),
            ("math.pow", [["tf.math.abs", 0, 0, {"y": 2, "name": None}]]),
        ],
        lambda x: (x.transpose(0, 2, 1) ** 2)[:, None],
    ),
    "preprocess_input": (
        [
            ("__operators__.getitem", [["x", 0, 0, {"slice_spec": [{"class_name": "__ellipsis__"}, BACKWARDS]}]]),
            ("nn.bias_add", [["tf.__operators__.getitem", 0, 0, {"bias": [-3.0, 2.0, 1.0], "data_format": "NHWC"}]]),
        ],
        lambda x: x[..., ::-1] + np.array([-3.0, 2.0, 1.0]),
    ),
    "choices": (
        [
            ("math.greater", [["x", 0, 0, {"y": 2, "name": None}]]),
            ("cast", [["tf.math.greater", 0, 0, {"dtype": "float32"}]]),
            ("where", [["tf.math.greater", 0, 0, {"x": ["x", 0, 0], "y": ["tf.cast", 0, 0]}]]),
            ("stop_gradient", [["tf.where", 0, 0, {}]]),
            ("stack", [[["tf.stop_gradient", 0, 0, {"axis": 1}], ["x", 0, 0, {"axis": 1}]]]),
        ],
        lambda x: np.stack([np.where(x > 2, x, 0), x], 1),
    ),
    "a norm": (
        [("math.l2_normalize", [["x", 0, 0, {"axis": -1}]])],
        lambda x: x / np.sqrt((x**2).sum(-1, keepdims=True)),
    ),
    "a norm of all": (
        [("math.l2_normalize", [["x", 0, 0, {"epsilon": 1e6}]])],
        lambda x: x / 1e3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_functions_of_tensorflow_in_a_graph_become_ops(name: str, tmp_path: Path) -> None:
    functions, expected = GRAPHS[name]
    model = keras.models.model_from_json(graph_of_tensorflow(*functions))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(model.predict(X, verbose=0), expected(X), 1e-6)
        model.save(tmp_path / "new.keras")
        again = keras.models.load_model(tmp_path / "new.keras")
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_function_of_tensorflow_without_an_op_is_refused() -> None:
    with pytest.raises(ValueError, match="TFOpLambda"):
        keras.models.model_from_json(graph_of_tensorflow(("image.resize", [["x", 0, 0, {"size": [2, 2]}]])))


def test_a_sequential_from_the_configuration_of_keras_2() -> None:
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [None, 3]}}
    model = keras.Sequential.from_config({"name": "s", "layers": [dense]})
    assert model.input_shape == (None, 3)


def test_compile_arguments_of_keras_2() -> None:
    wrapper = {"class_name": "MeanMetricWrapper", "config": {"name": "my_metric", "fn": "my_metric"}}
    training = {"loss": {"a": "huber_loss", "b": "mse"}, "metrics": [[None], [wrapper]], "optimizer_config": "adam"}
    expected = {"loss": {"a": "huber", "b": "mse"}, "metrics": [[], ["my_metric"]], "optimizer": "adam"}
    assert modernize_training(training) == expected
    inner = {"class_name": "Adam", "config": {"learning_rate": 0.5, "jit_compile": False, "is_legacy_optimizer": False}}
    scaled = {"class_name": "LossScaleOptimizerV3", "config": {"inner_optimizer": inner, "dynamic": True}}
    scaled |= {"module": "keras.src.mixed_precision.loss_scale_optimizer", "registered_name": "LossScaleOptimizerV3"}
    made: Any = keras.optimizers.deserialize(modernize_optimizer(scaled))
    assert (type(made).__name__, float(made.learning_rate)) == ("LossScaleOptimizer", 0.5)
    nadam: Any = keras.optimizers.deserialize(
        modernize_optimizer({"class_name": "Nadam", "config": {"learning_rate": 0.5, "decay": 0.004}})
    )
    assert float(nadam.learning_rate) == 0.5  # `decay` was that of the momentum


def test_an_archive_of_keras_2_that_names_its_optimizer(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    compiled(loss="mse", optimizer="adam").save(tmp_path / "new.keras")
    with zipfile.ZipFile(tmp_path / "new.keras") as new, zipfile.ZipFile(tmp_path / "old.keras", "w") as old:
        for name in new.namelist():
            data = b'{"keras_version": "2.15.0"}' if name == "metadata.json" else new.read(name)
            if name == "config.json":
                config = json.loads(data)
                config["compile_config"]["optimizer"] = "adam"
                data = json.dumps(config).encode()
            old.writestr(name, data)
    assert type(keras.models.load_model(tmp_path / "old.keras").optimizer) is keras.optimizers.Adam


def test_a_metric_of_the_caller_whose_name_ends_in_a_name_of_keras() -> None:
    wrapper = {"class_name": "MeanMetricWrapper", "config": {"name": "my_metric", "fn": "my_metric"}}
    assert modernize_training({"metrics": [[wrapper]]})["metrics"] == [["my_metric"]]


def trained(optimizer: Any, bias: bool = True) -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=bias, name="d")], name="net")
    model.compile(optimizer, "mse")
    model.fit(X[0], X[0, :, :2], epochs=3, shuffle=False, verbose=0)
    return model


def goes_on_equally(model: Any, again: Any) -> None:
    assert int(again.optimizer.iterations) == int(model.optimizer.iterations) == 3
    losses = [
        each.fit(X[0], X[0, :, :2], epochs=3, shuffle=False, verbose=0).history["loss"] for each in (model, again)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def keep_slots(path: Path, arrays: dict[str, Any]) -> None:
    """Store other arrays for the optimizer in a file: in an .h5 file by these names, in others by their numbers."""
    with pytest.importorskip("h5py").File(path, "r+") as file:
        whole = "optimizer_weights" in file
        place = "optimizer_weights" if whole else "optimizer/vars"
        del file[place]
        group = file.create_group(place)
        for i, (name, array) in enumerate(arrays.items()):
            group[name if whole else str(i)] = array
        group.attrs["weight_names"] = [name.encode() for name in arrays]


@pytest.mark.filterwarnings("error:.*optimizer")
@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
@pytest.mark.parametrize("bias", [True, False])
def test_sgd_of_keras_2_had_momenta_that_did_nothing(bias: bool, ending: str, tmp_path: Path) -> None:
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)
    for given in (0.01, rate):
        model, path = trained(keras.optimizers.SGD(given), bias), tmp_path / f"model{ending}"
        (model.save if ending == ".h5" else model.save_weights)(path)
        keep_slots(path, {"iteration:0": 3, **{f"SGD/m/{v.path}:0": np.zeros(v.shape) for v in model.weights}})
        again = keras.models.load_model(path) if ending == ".h5" else trained(keras.optimizers.SGD(given), bias)
        again.load_weights(path)
        goes_on_equally(model, again)


@pytest.mark.filterwarnings("error:.*optimizer")
@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
def test_nadam_of_keras_2_left_out_the_product_of_its_momenta(ending: str, tmp_path: Path) -> None:
    model, path = trained("nadam"), tmp_path / f"model{ending}"
    (model.save if ending == ".h5" else model.save_weights)(path)
    _, _, *slots, _ = model.optimizer.variables
    keep_slots(path, {"iteration:0": 3, **{f"Nadam/{v.path}:0": v.numpy() for v in slots}})
    again = keras.models.load_model(path) if ending == ".h5" else trained("nadam")
    again.load_weights(path)
    goes_on_equally(model, again)


@pytest.mark.filterwarnings("error:.*optimizer")
@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (keras.optimizers.Adam(0.01, amsgrad=True), {"momentum": "m", "velocity": "v", "velocity_hat": "vhat"}),
        (
            keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
            {"velocity": "rms", "momentum": "momentum", "average_gradient": "mg"},
        ),
    ],
)
def test_slots_were_in_another_order_before_keras_2_11(optimizer: Any, slots: dict[str, str], tmp_path: Path) -> None:
    model, path = trained(optimizer), tmp_path / "model.h5"
    model.save(path)
    by_name = {v.name: v.numpy() for v in model.optimizer.variables}
    weights = {"kernel": "net_d_kernel", "bias": "net_d_bias"}
    stored = {f"O/d/{w}/{old}:0": by_name[f"{path}_{new}"] for new, old in slots.items() for w, path in weights.items()}
    keep_slots(path, {"O/iter:0": 3, **stored})
    goes_on_equally(model, keras.models.load_model(path))


def test_the_count_of_another_optimizer_is_not_taken_alone(tmp_path: Path) -> None:
    trained("sgd").save_weights(tmp_path / "sgd.weights.h5")
    other = keras.models.clone_model(trained("sgd"))
    other.compile("adam", "mse")
    other.optimizer.build(other.trainable_variables)
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer 'adam'"):
        other.load_weights(tmp_path / "sgd.weights.h5")
    assert int(other.optimizer.iterations) == 0


def test_initializers_of_tensorflow_in_files_of_keras_2() -> None:
    normal = {"module": "tensorflow.python.ops.init_ops_v2", "class_name": "RandomNormal",
              "config": {"mean": 0.0, "stddev": 0.02, "seed": None}, "registered_name": "RandomNormal"}  # fmt: skip
    assert old_layer("Dense", units=1, kernel_initializer=normal).kernel_initializer.stddev == 0.02


def test_the_alpha_dropout_of_tensorflows_keras() -> None:
    config = {**keras.saving.serialize_keras_object(keras.layers.AlphaDropout(0.5)), "module": "keras._legacy.layers"}
    assert keras.saving.deserialize_keras_object(config).rate == 0.5


def test_names_of_private_attributes_in_files_of_keras_2(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    x = np.ones((1, 2, 3), "float32")
    entry = keras.Input((2, 3))
    model = keras.Model(entry, keras.layers.MultiHeadAttention(1, 2, name="attention")(entry, entry))
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "r+") as file:
        group = file["layers/multi_head_attention"]
        for name in [*group]:
            if name.endswith("_dense"):
                group.move(name, f"_{name}")
    copy = keras.models.clone_model(model)
    copy.load_weights(tmp_path / "a.weights.h5")
    assert np.array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lost", "no dataset 'lost'"),
        ("kernel/more", "no dataset 'kernel/more'"),
        (".", "no dataset"),
        ("group", "is expected there"),
    ],
)
def test_a_file_that_names_arrays_which_it_does_not_have(name: str, words: str, tmp_path: Path) -> None:
    model, path = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")]), tmp_path / "model.h5"
    model.save(path)
    with pytest.importorskip("h5py").File(path, "r+") as file:
        group = file["model_weights"]["d"]
        group.create_group("group")
        group["kernel"] = np.ones((2, 1))
        group.attrs["weight_names"] = [name.encode(), b"kernel"]
    with pytest.raises(FileError, match=words):
        keras.models.load_model(path)
