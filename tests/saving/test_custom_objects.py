"""Objects of the caller's in files: what is written of them, what is refused, and where their state lies."""

import functools
import gc
import pathlib
import sys
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers

if TYPE_CHECKING:
    from decimal import Decimal

pytest.importorskip("h5py")


class Chosen(layers.Layer):
    """Has a table by numbers."""

    def __init__(self, table: dict[Any, float], **options: Any) -> None:
        super().__init__(**options)
        self.table = dict(table)

    def call(self, x: Any) -> Any:
        return x * next(iter(self.table.values()))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "table": dict(self.table)}


class Passing:
    """A callable without a configuration."""

    def __call__(self, x: Any) -> Any:
        return x


def net(*more: Any) -> Any:
    return keras.Sequential(
        [keras.Input((3,)), *more, layers.Dense(5, name="a"), layers.Dense(5, name="b")], name="net"
    )


def test_keys_stay_what_they_are_until_a_file_is_written(tmp_path: pathlib.Path) -> None:
    model = net(Chosen({1: 2.0}, name="chosen"))
    with keras.saving.custom_object_scope({"Chosen": Chosen}):
        assert keras.Sequential.from_config(model.get_config()).get_layer("chosen").table == {1: 2.0}  # type: ignore[attr-defined]
        model.save(tmp_path / "m.keras")
        assert keras.models.load_model(tmp_path / "m.keras").get_layer("chosen").table == {"1": 2.0}  # type: ignore[attr-defined]
    assert keras.saving.serialize_keras_object({(1, 2): 3, None: 4}) == {(1, 2): 3, None: 4}
    with pytest.raises(TypeError, match="keys must be str"):
        net(Chosen({(1, 2): 2.0})).save(tmp_path / "other.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Dense(1, activation=Passing()),
        lambda: layers.Dense(1, kernel_regularizer=Passing()),
        lambda: layers.Dense(1, activation=functools.partial(keras.activations.relu, max_value=1.0)),
    ],
)
def test_what_has_no_configuration_is_refused_before_a_file_is_written(layer: Any, tmp_path: pathlib.Path) -> None:
    with pytest.raises(TypeError, match=r"Cannot serialize .* has no get_config"):
        net(layer()).save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


def test_a_class_must_have_a_configuration_to_be_registered() -> None:
    with pytest.raises(ValueError, match="does not have a get_config"):
        keras.saving.register_keras_serializable("tests")(Passing)


def test_a_class_registered_twice_is_found_by_both_names(tmp_path: pathlib.Path) -> None:
    @keras.saving.register_keras_serializable("tests_first")
    class Twice(layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    net(Twice()).save(tmp_path / "first.keras")
    keras.saving.register_keras_serializable("tests_second")(Twice)
    net(Twice()).save(tmp_path / "second.keras")
    assert keras.saving.get_registered_name(Twice) == "tests_second>Twice"
    for name in ("first", "second"):
        loaded: Any = keras.models.load_model(tmp_path / f"{name}.keras")
        assert type(loaded.layers[0]) is Twice


def test_bytes_in_configurations() -> None:
    config = keras.saving.serialize_keras_object({"key": [b"value"]})
    assert config == {"key": [{"class_name": "__bytes__", "config": {"value": "value"}}]}
    assert keras.saving.deserialize_keras_object(config) == {"key": [b"value"]}


def test_an_empty_registered_name_is_none() -> None:
    config = {**keras.saving.serialize_keras_object(layers.Dense(3)), "registered_name": ""}
    assert keras.saving.deserialize_keras_object(config).units == 3


@pytest.mark.parametrize("options", [{}, {"max_shard_size": 1e-7}])
def test_objects_to_skip_are_not_written(options: Any, tmp_path: pathlib.Path) -> None:
    model, other = net(), net()
    path = tmp_path / f"m.weights.{'json' if options else 'h5'}"
    keras.saving.save_weights(model, path, objects_to_skip=[model.layers[0]], **options)
    with pytest.raises(ValueError, match="Dense 'a' has 2 variables, 0 are stored"):
        other.load_weights(path)
    before = other.layers[0].get_weights()
    other.load_weights(path, objects_to_skip=[other.layers[0]])
    assert np.array_equal(before[0], other.layers[0].get_weights()[0])
    assert np.array_equal(model.layers[1].get_weights()[0], other.layers[1].get_weights()[0])
    (tmp_path / "m.npz").touch()
    with pytest.raises(ValueError, match="objects_to_skip"):  # whatever the answer to "overwrite?" would be
        keras.saving.save_weights(model, tmp_path / "m.npz", False, objects_to_skip=[model.layers[0]])


def test_hdf5_is_said_to_be_old(tmp_path: pathlib.Path) -> None:
    with pytest.warns(UserWarning, match="HDF5 file. This file format is considered legacy") as caught:
        net().save(tmp_path / "m.h5")
    assert caught[0].filename == __file__


def test_old_names_of_shapes() -> None:
    with pytest.warns(UserWarning, match="`input_shape` is deprecated"):
        assert layers.InputLayer(input_shape=(3,)).batch_shape == (None, 3)
    assert layers.InputLayer(batch_input_shape=(2, 3)).batch_shape == (2, 3)
    entry = {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
             "config": {"batch_input_shape": [None, 10], "dtype": "float32", "name": "x"}}  # fmt: skip
    dense = {
        "class_name": "Dense",
        "name": "d",
        "config": {"units": 2, "name": "d"},
        "inbound_nodes": [[["x", 0, 0, {}]]],
    }
    config = {"name": "net", "layers": [entry, dense], "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}
    model = keras.Model.from_config(config)
    assert model.output_shape == (None, 2)
    for wire, words in (("d", "loop"), ("nobody", "no tensor")):
        wrong = {**dense, "inbound_nodes": [[[wire, 0, 0, {}]]]}
        with pytest.raises(ValueError, match=words):
            keras.Model.from_config({**config, "layers": [entry, wrong]})


class Cyclic(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.blocks: list[Any] = [layers.Dense(3)]
        self.blocks.append({"again": self.blocks})
        self.out = layers.Dense(2)

    def call(self, x: Any) -> Any:
        return self.out(self.blocks[0](x))


def test_containers_that_hold_themselves(tmp_path: pathlib.Path) -> None:
    model, x = Cyclic(name="m"), np.ones((2, 4), "float32")
    model.compile("sgd", "mse")
    model.fit(x, x[:, :2], verbose=0)
    assert len(model.weights) == 4
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras", custom_objects={"Cyclic": Cyclic})
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


class Plain(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x: Any) -> Any:
        return self.dense(x)


class Renamed(keras.Model):
    """A model whose layer comes first under a name that no file has, and then under the one it has."""

    def __init__(self) -> None:
        super().__init__()
        self.a_dense = layers.Dense(3)

    @property
    def dense(self) -> layers.Dense:
        return self.a_dense

    def call(self, x: Any) -> Any:
        return self.a_dense(x)


def test_a_layer_is_found_by_any_of_its_names(tmp_path: pathlib.Path) -> None:
    old, new, x = Plain(), Renamed(), np.ones((1, 2), "float32")
    old(x)
    new(x)
    old.save_weights(tmp_path / "w.weights.h5")
    new.load_weights(tmp_path / "w.weights.h5")
    assert np.array_equal(new.a_dense.get_weights()[0], old.dense.get_weights()[0])


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated with their class")
def test_annotations_that_only_type_checkers_can_evaluate(tmp_path: pathlib.Path) -> None:
    class Typed(Plain):
        price: Decimal

        def call(self, x: Any) -> Decimal | Any:
            return super().call(x)

    model, x = Typed(), np.ones((1, 2), "float32")
    y = model(x)
    model.save(tmp_path / "m.keras")
    assert np.array_equal(keras.models.load_model(tmp_path / "m.keras", custom_objects={"Typed": Typed})(x), y)


def test_a_class_made_for_one_model_is_freed_with_it(tmp_path: pathlib.Path) -> None:
    def saved(path: pathlib.Path) -> weakref.ref[Any]:
        class Local(Plain):
            data = np.zeros(10)

        model = Local()
        model(np.ones((1, 2)))
        model.save_weights(path)
        return weakref.ref(Local.data)

    data = saved(tmp_path / "w.weights.h5")
    gc.collect()
    assert data() is None


def test_functions_with_custom_gradients_are_registered_under_their_own_names(tmp_path: pathlib.Path) -> None:
    def triple_(x: Any) -> Any:
        return x * 3, lambda upstream: upstream * 3

    def twice_(x: Any) -> Any:
        return x * 2, lambda upstream: upstream * 2

    register = keras.saving.register_keras_serializable("gradients")
    triple, _ = register(keras.ops.custom_gradient(triple_)), register(keras.ops.custom_gradient(twice_))
    model, x = keras.Sequential([keras.Input((1,)), layers.Dense(1, triple)]), np.ones((1, 1), "float32")
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("shared", [False, True])
def test_nested_and_shared_models_of_graphs(shared: bool, tmp_path: pathlib.Path) -> None:
    def part(size: int, name: str) -> Any:
        inputs = keras.Input((4,))
        return keras.Model(inputs, layers.Dense(size)(inputs), name=name)

    a, b, first = keras.Input((4,)), keras.Input((4,)), part(2, "first")
    model = keras.Model([a, b], [first(a), (first if shared else part(3, "second"))(b)])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    x = [np.random.default_rng(0).random((2, 4)), np.random.default_rng(1).random((2, 4))]  # of float64
    for one, other in zip(model(x), loaded(x), strict=True):
        assert np.array_equal(one, other)
    assert len(loaded.weights) == (2 if shared else 4)


def test_arrays_in_configurations() -> None:
    written = keras.saving.serialize_keras_object(np.array(3.0))
    assert (written, type(written)) == (3.0, float)  # as Keras writes what has no axes
    with pytest.raises(ValueError, match="str"):
        keras.saving.serialize_keras_object(np.array(["a", "b"]))


class LayerNormalization(layers.Layer):
    """Has the name and the weights of a layer of Keras."""

    def build(self, shape: Any) -> None:
        self.gamma, self.beta = (self.add_weight((shape[-1],), "ones", name=name) for name in ("gamma", "beta"))

    def call(self, x: Any) -> Any:
        return x * self.gamma + self.beta


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_custom_object_comes_before_one_of_keras_of_its_name(name: str, tmp_path: pathlib.Path) -> None:
    own = {"LayerNormalization": LayerNormalization, "Zeros": LayerNormalization}
    model = keras.Sequential([keras.Input((3,)), LayerNormalization(), layers.Dense(2)])
    model.save(tmp_path / name)
    loaded: Any = keras.models.load_model(tmp_path / name, custom_objects=own)
    assert isinstance(loaded.layers[0], LayerNormalization)
    assert type(loaded.layers[1].bias_initializer).__name__ == "Zeros"  # a layer is no initializer
    np.testing.assert_array_equal(loaded(np.eye(3)), model(np.eye(3)))


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_custom_function_comes_before_one_of_keras_of_its_name(name: str, tmp_path: pathlib.Path) -> None:
    def dice(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(y_true * y_pred)

    def huber(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(y_pred)

    def mish(x: Any) -> Any:
        return 100 * x

    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, mish)])
    model.compile("sgd", huber, metrics=[dice, huber])
    model.save(tmp_path / name)
    own = {"dice": dice, "huber": huber, "mish": mish}
    loaded: Any = keras.models.load_model(tmp_path / name, custom_objects=own)
    assert loaded.evaluate(np.eye(3), np.ones(3), verbose=0) == model.evaluate(np.eye(3), np.ones(3), verbose=0)


class Adam(keras.optimizers.SGD):
    """Has the name of an optimizer of Keras."""


def test_an_optimizer_of_keras_comes_before_a_custom_one_of_its_name() -> None:
    found = keras.optimizers.deserialize({"class_name": "Adam", "config": {}}, custom_objects={"Adam": Adam})
    assert type(found) is keras.optimizers.Adam
