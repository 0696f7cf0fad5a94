"""Models of a graph: making, running, training, sharing, nesting, copying, describing, and what they refuse."""

import copy
import cProfile
import json
import pickle
import pstats
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, assert_type, cast

import numpy as np
import pytest

import minikeras as keras
from minikeras import Input, KerasTensor, Model, Sequential, Tensor, layers, ops
from minikeras.layers import Add, Concatenate, Dense, Dropout, Layer

X = np.array([[1.0, 2.0], [3.0, -4.0]], "float32")


def ones(units: int, **options: Any) -> Dense:
    """Return a layer that adds up its inputs."""
    return Dense(units, kernel_initializer="ones", **options)


def two_heads() -> Model:
    """Return a model whose values are known: "total" is a1 + a2 + b, "twice" is 2 b."""
    a, b = Input((2,), name="a"), Input((1,), name="b")
    total = ones(1, name="total")(ops.concatenate([a, b], axis=-1))
    return Model([a, b], [total, Dense(1, kernel_initializer=lambda *_, **__: np.array([[2.0]]), name="twice")(b)])


def test_a_chain_and_its_numbers() -> None:
    x = Input((2,))
    model = Model(x, ones(1)(ops.relu(x) * 2 + 1))
    assert model(X).numpy().tolist() == [[8.0], [8.0]]
    for _ in range(3):
        assert model.predict(X, verbose=0).tolist() == [[8.0], [8.0]]
    assert (model.name, model.input_shape, model.output_shape) == ("functional", (None, 2), (None, 1))
    assert [layer.name for layer in model.layers] == ["input_layer", "dense"]
    assert [operation.name for operation in model.operations] == ["input_layer", "relu", "multiply", "add", "dense"]
    assert model.input is x
    assert model.inputs[0] is x
    assert model.outputs[0] is model.output
    assert model.count_params() == 3


def test_operators_slices_and_numpy_functions_are_noted() -> None:
    x = Input((3,))
    y = np.exp(-x[:, :2]) @ np.array([[1.0], [2.0]], "float32")
    z = np.concatenate([y, abs(x[:, 2:]) ** 2 / 4], axis=-1)
    model = Model(x, [z, 1 - x[..., 0], x[:, None, -1]])
    data = np.array([[0.0, 1.0, -4.0]], "float32")
    first, second, third = model(data)
    np.testing.assert_allclose(first.numpy(), [[1 + 2 * np.exp(-1), 4.0]], rtol=1e-6)
    assert second.numpy().tolist() == [1.0]
    assert third.numpy().tolist() == [[-4.0]]
    assert [y.shape for y in model.outputs] == [(None, 2), (None,), (None, 1)]


def test_inputs_by_place_and_by_name() -> None:
    model = two_heads()
    b = np.array([[10.0], [20.0]])
    wanted = [[13.0], [19.0]], [[20.0], [40.0]]
    extra = {"a": X, "b": b, "c": b}
    for data in ([X, b], (X, b), {"b": b, "a": X}, extra, [X, b[:, 0]], [X.astype("float64"), b.astype("int64")]):
        for _ in range(2):
            assert [y.tolist() for y in model.predict(data, verbose=0)] == [*wanted]
        total, twice = model([Tensor(np.asarray(x)) for x in data] if isinstance(data, list) else data)
        assert (total.numpy().tolist(), twice.numpy().tolist()) == wanted
    assert model.output_names == ["total", "twice"]


def test_an_input_may_have_a_last_axis_of_one_more_than_declared() -> None:
    model = Model(x := Input((2,)), ones(1)(x))
    assert model(X[..., None]).numpy().tolist() == model(X).numpy().tolist() == [[3], [-1]]


def test_a_function_of_symbolic_tensors_knows_its_ends() -> None:
    x = Input((2,), name="x")
    function = keras.Function([x], [y := x + 1])
    assert (function.inputs, function.outputs) == ([x], [y])


def test_a_clone_of_a_model_without_a_graph_is_made_from_its_configuration() -> None:
    class Net(Model):
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = units

        def get_config(self) -> dict[str, Any]:
            return {"units": self.units}

    model = Net(3)
    clone = cast(Net, keras.models.clone_model(model))
    assert (type(clone), clone.units, clone is model) == (Net, 3, False)


def test_dicts_go_by_their_keys() -> None:
    inputs = {"right": Input((1,), name="right"), "left": Input((1,), name="left")}
    model = Model(inputs, {"difference": inputs["left"] - inputs["right"], "sum": inputs["left"] + inputs["right"]})
    found: Any = model.predict({"left": np.array([[5.0]]), "right": np.array([[3.0]])}, verbose=0)
    assert {name: y.tolist() for name, y in found.items()} == {"difference": [[2.0]], "sum": [[8.0]]}
    assert model.input_shape == [(None, 1), (None, 1)]
    assert [x.name for x in model.inputs] == ["left", "right"]  # sorted, as in Keras


def test_inputs_within_dicts_and_lists() -> None:
    a, b, c = (Input((n,)) for n in (1, 2, 3))
    x, y, z = (np.ones((2, n)) for n in (1, 2, 3))
    cases: list[Any] = [
        ({"one": a, "others": [b, {"c": c}]}, {"one": x, "others": [y, {"c": z}]}),
        ([a, (b, c)], [x, [y, z]]),
    ]
    for structure, given in cases:
        model = Model(structure, {"sums": {"ab": ops.concatenate([a, b], -1), "bc": ops.concatenate([b, c], -1)}})
        for found in (model(given), model(structure), model.predict(given, verbose=0)):
            assert {name: found["sums"][name].shape[1] for name in ("ab", "bc")} == {"ab": 3, "bc": 5}
        restored = keras.models.model_from_json(model.to_json())
        assert restored(given)["sums"]["bc"].shape == (2, 5)
        model.compile(loss={"sums": {"ab": "mse", "bc": "mse"}})
        losses = model.evaluate(given, {"sums": {"ab": np.zeros((2, 3)), "bc": np.ones((2, 5))}}, verbose=0)
        assert losses == [1.0, 1.0, 0.0]
        with pytest.warns(UserWarning, match="structure of `inputs` doesn't match") as caught:
            assert model([x, y, z])["sums"]["ab"].shape == (2, 3)
        assert caught[0].filename == __file__
        with pytest.raises(ValueError, match=r"structure|3 inputs"):
            model({"a": x, "b": y, "c": z, "d": z})


def test_an_ordered_dict_keeps_its_order() -> None:
    b, a = Input((2,), name="b"), Input((3,), name="a")
    model = Model(OrderedDict(b=b, a=a), ops.concatenate([b, a], axis=-1))
    assert [x.name for x in model.inputs] == ["b", "a"]


def test_a_list_of_one_is_a_tensor_again() -> None:
    x = Input((2,))
    model = Model([x], [ones(1)(x)])
    assert model.predict([X], verbose=0).tolist() == model.predict(X, verbose=0).tolist() == [[3.0], [-1.0]]
    assert isinstance(model(X), Tensor)


def test_the_work_to_make_a_model_does_not_grow_with_the_earlier_calls_of_its_layers() -> None:
    def calls_of_one_more() -> int:
        profile = cProfile.Profile()
        profile.runcall(lambda: Model(x := Input((2,)), shared(x)).predict(X, verbose=0))
        return cast(int, vars(pstats.Stats(profile))["total_calls"])

    shared = ones(1)
    calls_of_one_more()
    before = calls_of_one_more()
    for _ in range(500):
        shared(Input((2,)))
    assert calls_of_one_more() < 1.5 * before


def test_a_shared_layer_has_one_set_of_weights() -> None:
    a, b = Input((2,)), Input((2,))
    dense = ones(1)
    model = Model([a, b], Add()([dense(a), dense(b)]))
    assert len(model.weights) == 2
    assert model.predict([X, X], verbose=0).tolist() == [[6.0], [-2.0]]
    other = Model(c := Input((2,)), dense(c))
    dense.set_weights([[[0.0], [1.0]], [5.0]])
    assert model.predict([X, X], verbose=0).tolist() == [[14.0], [2.0]]
    assert other.predict(X, verbose=0).tolist() == [[7.0], [1.0]]
    assert dense.input is a


def test_parts_of_a_model_share_its_weights() -> None:
    x = Input((2,))
    model = Model(x, Dense(1, name="out")(ones(3, activation="relu", name="hidden")(x)))
    hidden = model.get_layer("hidden")
    features = Model(model.input, hidden.output)
    upper = Model(hidden.output, model.output)
    assert features.predict(X, verbose=0).tolist() == [[3.0] * 3, [0.0] * 3]
    np.testing.assert_array_equal(upper.predict(features.predict(X, verbose=0), verbose=0), model.predict(X, verbose=0))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(X, np.ones((2, 1)), verbose=0)
    np.testing.assert_array_equal(upper.predict(features.predict(X, verbose=0), verbose=0), model.predict(X, verbose=0))
    assert [w.path for w in upper.weights] == ["out/kernel", "out/bias"]


def test_models_within_models() -> None:
    x = Input((2,))
    inner = Model(x, [x * 2, ones(1)(x)], name="inner")
    y = Input((2,))
    first, second = inner(inner(y)[0])
    outer = Model(y, Concatenate()([first, second]))
    assert outer.predict(X, verbose=0).tolist() == [[4.0, 8.0, 6.0], [12.0, -16.0, -2.0]]
    assert [layer.name for layer in outer.layers] == ["input_layer_1", "inner", "concatenate"]
    assert outer.get_layer("inner") is inner
    assert [w.path for w in outer.weights] == [w.path for w in inner.weights]
    inner.trainable = False
    assert outer.trainable_weights == []


def test_sequential_around_and_inside() -> None:
    x = Input((2,))
    inner = Model(x, x + 1)
    model = Sequential([inner, ones(1)])
    assert model.built
    assert model.predict(X, verbose=0).tolist() == [[5.0], [1.0]]
    late = Sequential([ones(1), ones(2)])
    outer = Model(y := Input((2,)), late(y) * 2)
    assert outer.predict(X, verbose=0).tolist() == [[6.0, 6.0], [-2.0, -2.0]]
    assert late.input is y
    part = Model(model.inputs, model.layers[1].input)
    assert part.predict(X, verbose=0).tolist() == (X + 1).tolist()


def test_a_sequential_knows_its_ends() -> None:
    model = Sequential([Input((2,)), ones(3, name="hidden"), ones(1)])
    part = Model(model.input, [model.get_layer("hidden").output, model.output])
    assert [y.tolist() for y in part.predict(X, verbose=0)] == [[[3.0] * 3, [-1.0] * 3], [[9.0], [-3.0]]]
    with pytest.raises(AttributeError, match="no defined input"):
        _ = Sequential([Dense(1)]).input


class Net(Model):
    """A model of a user's, whose layers are built at the first call."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = ones(1)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self.inner(x) if training else -self.inner(x)


def test_a_users_model_called_on_symbolic_tensors() -> None:
    net = Net()
    x = Input((2,))
    model = Model(x, net(x) * 2)
    assert model.predict(X, verbose=0).tolist() == [[-6.0], [2.0]]
    assert model(X, training=True).numpy().tolist() == [[6.0], [-2.0]]
    assert [w.path for w in model.weights] == ["net/dense/kernel", "net/dense/bias"]


class Wide(Model):
    """A model made of a graph in its own `__init__`."""

    def __init__(self, units: int = 2, **options: Any) -> None:
        x = Input((2,))
        super().__init__(x, ones(units)(x), **options)
        self.extra = Dense(3)


def test_a_subclass_made_of_a_graph() -> None:
    model = Wide(name="wide")
    assert model.predict(X, verbose=0).tolist() == [[3.0, 3.0], [-1.0, -1.0]]
    assert model.name == "wide"
    assert model.output_shape == (None, 2)
    assert [layer.name for layer in model.layers] == ["input_layer", "dense"]
    model.extra(X)
    assert len(model.weights) == 4
    model.compile(keras.optimizers.SGD(0.1), "mse")
    with pytest.warns(UserWarning, match="Gradients do not exist"):  # for the layer that the graph leaves out
        assert model.fit(X, X, verbose=0).history["loss"] == [pytest.approx((4 + 1 + 16 + 9) / 4)]
    assert model.get_config()["units"] == 2
    assert Wide.from_config(model.get_config()).output_shape == (None, 2)


def test_a_subclass_without_init_is_written_as_a_graph() -> None:
    class Plain(Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            return super().train_step(data) | {"extra": 1.0}

    x = Input((2,))
    model = Plain(x, ones(1)(x), name="plain")
    model.compile("sgd", "mse")
    assert model.fit(X, np.ones((2, 1)), verbose=0).history["extra"] == [1.0]
    copied = Plain.from_config(model.get_config())
    assert isinstance(copied, Plain)
    assert copied.predict(X, verbose=0).tolist() == [[3.0], [-1.0]]


def test_a_subclass_gets_the_arguments_that_its_configuration_adds() -> None:
    class Scaled(Model):
        def __init__(self, *args: Any, scale: float = 1.0, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.scale = scale

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "scale": self.scale}

    x = Input((2,))
    assert Scaled.from_config(Scaled(x, ones(1)(x), scale=3.0).get_config()).scale == 3.0


def test_a_subclass_takes_the_options_of_layers() -> None:
    class Own(Model):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.dense = ones(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own(activity_regularizer="l2", autocast=False)
    assert not model.autocast
    model(np.ones((2, 3), "float32"))
    assert [float(x) for x in model.losses] == [pytest.approx(0.01 * 9)]
    with pytest.raises(ValueError, match="keyword arguments passed to Own"):
        Own(unit=1)


def test_training_and_masks_of_dropout_reach_the_layers() -> None:
    x = Input((1000,))
    model = Model(x, [Dropout(0.5, seed=1)(x), Dropout(0.5, seed=1)(x, training=True)])
    data = np.ones((1, 1000), "float32")
    found = {key: [int((y.numpy() == 0).sum()) for y in model(data, training=key)] for key in (True, False, None)}
    assert all(400 < n < 600 for n in [*found[True], found[None][1]])
    assert found[False] == [0, 0]
    assert found[None][0] == 0


def test_a_layer_built_within_a_call() -> None:
    class Late(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = ones(2)

        def call(self, x: Tensor) -> Tensor:
            return self.inner(x)

    x = Input((2,))
    model = Model(x, Late()(x))
    assert model.predict(X, verbose=0).tolist() == [[3.0, 3.0], [-1.0, -1.0]]
    assert len(model.weights) == 2


def test_an_optional_input() -> None:
    class Maybe(Layer):
        def call(self, inputs: tuple[Tensor, Tensor | None]) -> Tensor:
            x, y = inputs
            return x if y is None else x + y

    a, b = Input((2,), name="a"), Input((2,), name="b", optional=True)
    model = Model([a, b], Maybe()([a, b]))
    assert model([X, X]).numpy().tolist() == (2 * X).tolist()
    assert model([X, None]).numpy().tolist() == X.tolist()
    with pytest.raises(ValueError, match="should be tensors"):
        model([None, X])
    model.compile("sgd", "mse")
    for given in ([X, None], {"a": X, "b": None}):  # the second time the step is traced, the third it is replayed
        assert model.fit(given, X + 1, epochs=3, verbose=0).history["loss"] == [1.0] * 3
        assert model.evaluate(given, X, verbose=0) == 0.0
        for _ in range(3):
            assert model.predict(given, verbose=0).tolist() == X.tolist()


def test_many_batches_of_which_the_first_input_is_missing() -> None:
    model = Model([Input((2,), optional=True), x := Input((2,))], ones(1)(x))
    model.compile("sgd", "mse")
    rows = np.ones((100, 2), "float32")
    for _ in range(3):
        assert model.evaluate([None, rows], rows[:, :1], verbose=0) == 1.0
        assert model.predict([None, rows], verbose=0).tolist() == [[2.0]] * 100


def test_other_shapes_on_symbolic_tensors() -> None:
    x = Input((None, 2))
    model = Model(x, ones(3)(x) * 2)
    assert model.output_shape == (None, None, 3)
    assert model(Input((5, 2), batch_size=4)).shape == (4, 5, 3)
    assert model.compute_output_shape((7, 5, 2)) == (7, 5, 3)
    assert len(model.layers[1]._inbound_nodes) == 1


# --- training ---------------------------------------------------------------------------------------------------


def test_one_step_by_hand() -> None:
    x = Input((1,))
    dense = ones(1, use_bias=False)
    model = Model(x, dense(dense(x)))  # y = w^2 x
    model.compile(keras.optimizers.SGD(0.1), "mse")
    history = model.fit(np.array([[2.0]]), np.array([[1.0]]), verbose=0)
    assert history.history["loss"] == [1.0]
    # d (2 w^2 - 1)^2 / dw = 2 (2 w^2 - 1) 4 w = 8
    np.testing.assert_allclose(dense.get_weights()[0], [[0.2]], rtol=1e-6)


@pytest.mark.parametrize("by", ["name", "place"])
def test_losses_metrics_and_weights_of_each_output(by: str) -> None:
    model = two_heads()
    b = np.array([[1.0], [2.0]])
    total, twice = np.array([[4.0], [0.0]]), np.array([[4.0], [4.0]])  # off by 0, -1 and by -2, 0
    names = ["total", "twice"]

    def given(first: Any, second: Any) -> Any:
        return dict(zip(names, (first, second), strict=True)) if by == "name" else [first, second]

    model.compile(
        keras.optimizers.SGD(0.0), given("mse", "mae"), loss_weights=given(2.0, 3.0), metrics=given(["mae"], ["mse"])
    )
    x = {"a": X, "b": b} if by == "name" else [X, b]
    found = model.evaluate(x, given(total, twice), verbose=0, return_dict=True)
    assert found == {
        "loss": 2 * 0.5 + 3 * 1.0, "total_loss": 0.5, "twice_loss": 1.0, "total_mae": 0.5, "twice_mse": 2.0,
    }  # fmt: skip
    weights = given(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    history = model.fit(x, given(total, twice), sample_weight=weights, verbose=0).history
    assert history["total_loss"] == [0.0]
    assert history["twice_loss"] == [1.0]
    assert set(history) == set(found)


def test_a_renamed_layer_leaves_the_names_of_the_outputs() -> None:
    model = two_heads()
    model.get_layer("twice").name = "double"
    assert model.output_names == ["total", "twice"]
    model.compile("sgd", {"total": "mse", "twice": "mae"})
    history = model.fit([X, X[:, :1]], {"total": X[:, :1], "twice": X[:, :1]}, verbose=0).history
    assert set(history) == {"loss", "total_loss", "twice_loss"}
    assert Model.from_config(model.get_config()).output_names == ["total", "double"]


@pytest.mark.parametrize("by", [list, tuple, dict])
def test_it_learns_from_several_inputs(by: Callable[[Any], Any]) -> None:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(256, 3)).astype("float32"), rng.normal(size=(256, 2)).astype("float32")
    y = a[:, :1] * 2 - b[:, 1:]
    left, right = Input((3,), name="left"), Input((2,), name="right")
    model = Model([left, right], Dense(1)(Concatenate()([Dense(8)(left), right])))
    model.compile(keras.optimizers.Adam(0.03), "mse")
    x = by({"left": a, "right": b} if by is dict else [a, b])
    losses = model.fit(x, y, epochs=20, verbose=0, validation_split=0.25).history["val_loss"]
    assert losses[-1] < 0.02 < losses[0]
    assert model.evaluate(x, y, verbose=0, return_dict=True)["loss"] < 0.02


def test_outputs_within_a_dict_need_no_loss() -> None:
    x = Input((2,))
    model = Model(x, {"pair": {"a": ops.sum(x, -1, keepdims=True), "b": x[:, :1]}, "one": x[:, 1:]})
    targets = {"pair": {"a": np.zeros((2, 1)), "b": np.zeros((2, 1))}, "one": np.zeros((2, 1))}
    for loss, names in (
        ({"pair": {"a": "mse"}}, ["loss"]),
        ({"pair": {"b": "mse"}, "one": "mae"}, ["loss", "one_loss", "pair/b_loss"]),
    ):
        model.compile(loss=loss)
        assert sorted(model.evaluate(X, targets, verbose=0, return_dict=True)) == names
    model.compile(loss={"pair": {"a": "mse", "c": "mse"}})
    with pytest.raises(KeyError, match=r"\(.pair., .c.\), where the model has no output"):
        model.evaluate(X, targets, verbose=0)


def test_symbolic_tensors_are_found_in_lists() -> None:
    a, b = Input((2,), name="a"), Input((2,), name="b")
    model = Model([a, b], a - b)
    assert b in model.inputs
    assert model.inputs.index(b) == 1
    assert (a == b, a == a, a == None, a == "a") == (False, True, False, False)  # noqa: E711
    assert Input((2,)) not in model.inputs
    assert len({a, b, a}) == 2
    assert Model(a, ops.cast(a == 1.0, "int32"))(np.array([[1.0, 2.0]])).numpy().tolist() == [[1, 0]]


def test_inputs_of_another_structure_warn() -> None:
    a, b = Input((2,), name="a"), Input((2,), name="b")
    model = Model({"a": a, "b": b}, a - b)
    with pytest.warns(UserWarning, match=r"doesn't match .* {'a': 'a', 'b': 'b'}. Received: \['shape"):
        model.predict([X, 2 * X], verbose=0)
    with pytest.warns(UserWarning, match="Received: .*, 'c': 'shape"):
        model({"a": X, "b": X, "c": X})
    with pytest.warns(UserWarning, match="Expected: {'a': 'a'}"):
        Model({"a": a}, 2 * a)({"a": X, "b": X})
    model = Model([a, b], a - b)
    assert [x.name for x in model.inputs] == ["a", "b"]
    for given in (([X], X), [[X, X]], {"a": [X], "b": X}):
        with pytest.warns(UserWarning, match="structure"):
            assert model(given).shape == X.shape
    assert model((X, X)).shape == model({"a": X, "b": X}).shape == X.shape
    with pytest.raises(ValueError, match="expects 2 input"):
        model([[X], [X, X]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model({"b": X, "a": X})
        Model([a, b], a - b)((X, X))


def test_a_model_of_a_class_of_ones_own_is_functional_where_it_has_a_graph() -> None:
    class Net(Model):
        def __init__(self) -> None:
            x = Input((2,))
            super().__init__(x, ones(1)(x))

    functional = type(Model(x := Input((2,)), ones(1)(x)))
    assert functional.__name__ == "Functional"
    assert isinstance(Net(), functional)
    assert not isinstance(Sequential([Input((2,)), ones(1)]), functional)
    assert not isinstance(Model(), functional)


def test_formats_to_export() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        two_heads().export("model", format="zip")
    with pytest.raises(NotImplementedError, match="where Keras is installed"):
        two_heads().export("model", format="openvino")


def test_the_list_of_layers_is_the_callers() -> None:
    model = Model(x := Input((2,)), ones(1)(x))
    model.layers.pop()
    assert len(model.layers) == 2


def test_penalties_of_all_layers_count_once() -> None:
    x = Input((2,))
    dense = ones(1, kernel_regularizer=keras.regularizers.L2(0.5), use_bias=False)
    hidden = Model(x, dense(x))
    model = Model(y := Input((2,)), hidden(y) + dense(y))
    model.compile("sgd", "mse")
    assert [float(loss) for loss in model.losses] == [1.0]
    assert model.evaluate(X, 2 * X.sum(1), verbose=0) == 1.0


def test_plans_and_eager_runs_agree() -> None:
    keras.utils.set_random_seed(1)
    a, b = Input((3,)), Input((3,))
    shared = Dense(4, activation="tanh")
    model = Model([a, b], ops.softmax(Dense(2)(shared(a) * shared(b)) - 1))
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(40, 3)).astype("float32") for _ in range(2)]
    eager = model.call([Tensor(part) for part in x]).numpy()
    for _ in range(3):
        np.testing.assert_array_equal(model.predict(x, batch_size=40, verbose=0), eager)
    y = rng.uniform(size=(40, 2))
    found = []
    for run_eagerly in (True, False):
        copied = keras.models.clone_model(model)
        copied.set_weights(model.get_weights())
        copied.compile("adam", "mse", run_eagerly=run_eagerly)
        copied.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        found.append(copied.get_weights())
    for p, q in zip(*found, strict=True):
        np.testing.assert_array_equal(p, q)


def test_ops_that_mix_rows_see_the_batches_of_their_caller() -> None:
    x = Input((1,))
    models = [Model(x, x - ops.mean(x, axis=0, keepdims=True)), Model(x, x * ops.reshape(ops.max(x, axis=0), (1, 1)))]
    data = np.arange(200.0, dtype="float32")[:, None]
    for model, wanted in zip(models, (np.tile([[-0.5], [0.5]], (100, 1)), data * (data // 2 * 2 + 1)), strict=True):
        for _ in range(3):
            np.testing.assert_array_equal(model.predict(data, batch_size=2, verbose=0), wanted)


@pytest.mark.parametrize("layer", [layers.Softmax(), layers.Activation("sparsemax"), layers.UnitNormalization(),
                                   layers.CategoryEncoding(4), Concatenate()])  # fmt: skip
def test_a_layer_over_the_last_axis_sees_the_batch_of_its_caller_if_that_is_the_only_axis(layer: Any) -> None:
    x = Input(())
    model = Model(x, layer([x, x] if isinstance(layer, Concatenate) else x))
    data = np.arange(200.0, dtype="float32") % 3
    wanted = np.concatenate([model(data[i : i + 32]) for i in range(0, 200, 32)])
    np.testing.assert_array_equal(model.predict(data, batch_size=32, verbose=0), wanted)


@pytest.mark.parametrize("layer", [layers.Attention(), layers.AdditiveAttention(), layers.Resizing(2, 2),
                                   layers.CenterCrop(2, 2)])  # fmt: skip
def test_a_layer_that_needs_more_axes_sees_the_batch_of_its_caller_as_one_of_them(layer: Any) -> None:
    shape = (4, 5) if isinstance(layer, layers.Resizing | layers.CenterCrop) else (4,)
    x = Input(shape)
    model = Model(x, layer(x if len(shape) > 1 else [x, x]))
    data = np.random.default_rng(0).normal(size=(200, *shape)).astype("float32")
    wanted = np.concatenate([model(data[i : i + 32]) for i in range(0, 200, 32)])
    np.testing.assert_allclose(model.predict(data, batch_size=32, verbose=0), wanted, rtol=1e-5, atol=1e-6)


# --- copies and configurations ----------------------------------------------------------------------------------


def rich(deeply_shared: bool = False) -> Model:
    """Return a model with all that a copy can get wrong: sharing, nesting, ops, several ends."""
    a, b = Input((2,), name="a"), Input((2,), name="b")
    shared = Dense(2, name="shared")
    inner = Model(c := Input((2,)), (shared if deeply_shared else Dense(2))(c) + 1, name="inner")
    h = ops.concatenate([shared(a), inner(b)], axis=-1)
    return Model({"a": a, "b": b}, {"x": Dense(1, name="x")(h[:, 1:]), "y": shared(shared(h[:, :2]))}, name="rich")


def same(a: Model, b: Model) -> None:
    data = {"a": X, "b": -X}
    for first, second in ((a, b), (b, a)):
        p, q = first.predict(data, verbose=0), second.predict(data, verbose=0)
        for name in ("x", "y"):
            np.testing.assert_array_equal(p[name], q[name])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_stand_alone(copied: Callable[[Any], Any]) -> None:
    model = rich(deeply_shared=True)
    model.compile("adam", "mse")
    model.fit({"a": X, "b": X}, {"x": X[:, :1], "y": X}, verbose=0)
    other = copied(model)
    same(model, other)
    assert other.get_config() == model.get_config()
    assert [w.path for w in other.weights] == [w.path for w in model.weights]
    assert len(other.weights) == 4
    before = model.get_weights()
    other.fit({"a": X, "b": X}, {"x": X[:, :1], "y": X}, verbose=0)
    assert not np.array_equal(other.get_weights()[0], before[0])
    for p, q in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(p, q)
    again = copied(other)
    same(again, other)
    part = Model(again.input, again.get_layer("x").output)
    np.testing.assert_array_equal(
        part.predict({"a": X, "b": X}, verbose=0), again.predict({"a": X, "b": X}, verbose=0)["x"]
    )


def test_a_copied_layer_has_not_been_called() -> None:
    model = rich()
    layer = copy.deepcopy(model.get_layer("shared"))
    with pytest.raises(AttributeError, match="never been called"):
        _ = layer.output
    assert [w.shape for w in layer.weights] == [(2, 2), (2,)]
    sequential = copy.deepcopy(Sequential([Input((2,)), ones(1)]))
    assert sequential.inputs[0].shape == (None, 2)
    sequential.add(ones(2))
    assert sequential.predict(X, verbose=0).tolist() == [[3.0, 3.0], [-1.0, -1.0]]


def test_configurations_make_equal_models() -> None:
    model = rich()
    for other in (
        Model.from_config(model.get_config()),
        keras.models.model_from_json(model.to_json()),
        keras.models.clone_model(model),
    ):
        assert other.get_config() == model.get_config()
        assert not np.array_equal(other.get_weights()[0], model.get_weights()[0])
        other.set_weights(model.get_weights())
        same(model, other)


def test_a_configuration_keeps_tuples() -> None:
    a, b = Input((2,)), Input((2,))
    model = Model((a, b), (a + b, a - b))
    again = Model.from_config(model.get_config())
    assert isinstance(again.input, tuple)
    assert isinstance(again.predict((X, X), verbose=0), tuple)


def test_clones_take_functions() -> None:
    x = Input((2,))
    model = Model(x, ones(1, name="a")(ops.relu(ones(2, name="b")(x))))

    def wider(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name == "b":
            config["units"] = 5
        return type(layer).from_config(config)

    wide = keras.models.clone_model(model, clone_function=wider)
    assert wide.predict(X, verbose=0).tolist() == [[15.0], [0.0]]
    doubled = keras.models.clone_model(model, call_function=lambda layer, x: layer(x) * 2)
    assert doubled.predict(X, verbose=0).tolist() == [[48.0], [0.0]]
    start = Input((2,), name="start")
    again = keras.models.clone_model(model, start, clone_function=lambda layer: layer)
    assert again.input is start
    assert again.layers[1] is model.layers[1]
    with pytest.raises(ValueError, match="input_tensors"):
        keras.models.clone_model(Model({"a": x}, x + 1), [start])

    def marked(layer: Any) -> Any:
        return type(layer).from_config({**layer.get_config(), "trainable": False})

    nested = keras.models.clone_model(Sequential([Sequential([ones(1)])]), clone_function=marked, recursive=True)
    inner: Any = nested.layers[0]
    assert not inner.layers[0].trainable
    chain = keras.models.clone_model(Sequential([Input((2,)), ones(1)], name="chain"))
    assert (chain.name, chain.predict(X, verbose=0).tolist()) == ("chain", [[3.0], [-1.0]])


def test_a_clone_is_compiled_as_its_model() -> None:
    model = two_heads()
    model.compile(keras.optimizers.SGD(0.5), ["mse", "mae"])
    other = keras.models.clone_model(model, clone_function=lambda layer: layer)
    assert float(other.optimizer.learning_rate) == 0.5
    other.fit([X, X[:, :1]], [X[:, :1], X[:, 1:]], verbose=0)


def test_a_long_graph() -> None:
    x = Input((1,))
    y: Tensor = x
    for _ in range(1500):
        y = y + 1
    model = Model(x, y)
    for other in (
        model,
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        Model.from_config(model.get_config()),
    ):
        assert other.predict(np.zeros((1, 1)), verbose=0).tolist() == [[1500.0]]


def test_the_summary_says_what_is_connected_to_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines: list[str] = []
    two_heads().summary(print_fn=lines.append)
    assert (
        "│ concatenate (Concatenate)     │ (None, 3)                 │               0 │ a[0][0], b[0][0] " in lines[0]
    )
    assert "│ twice (Dense)                 │ (None, 1)                 │               2 │ b[0][0] " in lines[0]
    lines.clear()
    Model(x := Input((1,)), ones(1)(x)).summary(print_fn=lines.append)
    assert "Connected to" not in lines[0]


# --- what is refused --------------------------------------------------------------------------------------------


def no_path() -> Any:
    a, b = Input((1,), name="a"), Input((1,), name="b")
    return Model(a, Add(name="plus")([a, b]))


def looped() -> Any:
    x = Input((1,))
    config = Model(x, ones(1, name="second")(ones(1, name="first")(x))).get_config()
    config["layers"][1]["inbound_nodes"] = [
        {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["second", 0, 0]}}], "kwargs": {}}
    ]
    return Model.from_config(config)


WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no path": (no_path, ValueError, "disconnected: 'plus' needs the tensor .*name=b.* of 'b', not connected"),
    "other input": (lambda: Model(Input((1,)), ones(1)(Input((1,)))), ValueError, "disconnected: 'dense' needs"),
    "an array": (lambda: Model([X], Input((1,))), ValueError, "All `inputs` must be symbolic tensors"),
    "a long array": (lambda: Model([np.zeros(99)], Input((1,))), ValueError, "(?s)Received: .{,80} .of type ndarray"),
    "a layer": (lambda: Model(Input((1,)), Dense(1)), ValueError, "All `outputs` must be symbolic tensors"),  # type: ignore[call-overload]
    "by hand": (lambda: Model(KerasTensor((None, 1), name="k"), Input((1,))), ValueError, "comes from no `Input`"),
    "nothing": (lambda: Model([], Input((1,))), ValueError, "`inputs` cannot be empty"),
    "half": (lambda: Model(Input((1,))), TypeError, "needs `inputs` and `outputs`"),  # type: ignore[call-overload]
    "loop": (looped, ValueError, "has a loop of calls at the layers \\['first', 'second'\\]"),
    "one name": (
        lambda: Model(x := Input((1,)), ones(1, name="s")(ones(1, name="s")(x))),
        ValueError,
        "The name 's' is used more than once",
    ),
    "too few": (lambda: two_heads()(X), ValueError, "expects 2 input"),
    "too many": (lambda: two_heads().predict([X, X, X], verbose=0), ValueError, "expects 2 input.*received 3"),
    "missing": (lambda: two_heads()({"a": X}), ValueError, "Missing data for input 'b'"),
    "unknown": (lambda: two_heads().predict({"a": X, "c": X}, verbose=0), ValueError, "Missing data for input 'b'"),
    "swapped": (lambda: two_heads()([X[:, :1], X]), ValueError, "'twice'.*value 1, found 2"),
    "a bool": (lambda: bool(Input((1,)) > 0), TypeError, "cannot be used as a bool"),
    "a float": (lambda: float(Input((1,))), ValueError, "has no value"),
    "a loop over it": (lambda: list(Input((1,))), NotImplementedError, "cannot be iterated over"),
    "a range": (lambda: range(Input((1,))), TypeError, "cannot be used as an index"),
    "its length": (lambda: len(Input((1,))), TypeError, "len\\(\\)"),
    "text of a number": (lambda: f"{Input((1,)):.2f}", TypeError, "formatted"),
    "two for one": (lambda: Dense(1)([Input((1,)), Input((1,))]), ValueError, "expects 1 input\\(s\\)"),
    "none for one": (lambda: Dense(1)(), TypeError, "without its input"),
    "a number by place": (lambda: Dense(1)(Input((1,)), 3), ValueError, "Only tensors may be passed by position"),
    "never called": (lambda: Dense(1).output, AttributeError, "never been called"),
    "no graph": (lambda: Net().outputs, AttributeError, "has no defined outputs"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses_say_why(name: str) -> None:
    run, error, text = WRONG[name]
    with pytest.raises(error, match=text):
        run()


def test_a_failed_fit_leaves_the_model_alone() -> None:
    model = two_heads()
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="3 targets for 2 outputs"):
        model.fit([X, X[:, :1]], [X, X, X], verbose=0)
    for p, q in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(p, q)


def test_types() -> None:
    x = assert_type(Input((2,)), KerasTensor)
    y = assert_type(Dense(1)(x), KerasTensor)
    z = assert_type(Add()([y, y]), KerasTensor)
    model = assert_type(Model(x, z), Model)
    assert_type(Model(inputs={"x": x}, outputs=[y * 2, z], name="named"), Model)
    assert_type(model(x), KerasTensor)
    assert_type(model(np.ones((2, 2))), Tensor)
    assert json.loads(model.to_json())["class_name"] == "Functional"
    assert layers.Dense is Dense


if TYPE_CHECKING:
    Model(Input((2,)), name="half")  # type: ignore[call-overload]


@pytest.mark.filterwarnings("ignore:.*does not support masking")
def test_a_mask_given_to_a_model_is_that_of_its_input() -> None:
    x = np.array([[[1.0], [3.0], [9.0]]], "float32")
    mask = np.array([[True, True, False]])
    start = keras.Input((3, 1))
    pool = keras.layers.GlobalAveragePooling1D
    for model in (
        keras.Model(start, pool()(start)),
        keras.Sequential([keras.Input((3, 1)), pool()]),
        keras.Sequential([pool()]),
    ):
        assert model(x, mask=mask).numpy().tolist() == [[2.0]]
        assert model(keras.layers.Masking(9.0)(x)).numpy().tolist() == [[2.0]]
        assert round(float(model(x)[0, 0]), 5) == 4.33333


def test_a_lambda_of_several_inputs_may_declare_its_shape() -> None:
    a, b = keras.Input((3,)), keras.Input((3,))

    def difference(tensors: list[Any]) -> Any:
        return keras.ops.sum(tensors[0] - tensors[1], axis=1, keepdims=True)

    shapes: list[Any] = [(1,), lambda shapes: (shapes[0][0], 1)]
    for declared in shapes:
        y = keras.layers.Lambda(difference, output_shape=declared)([a, b])
        assert y.shape == (None, 1)
        model = keras.Model([a, b], y)
        assert model.predict([np.ones((2, 3)), np.zeros((2, 3))], verbose=0).tolist() == [[3], [3]]


def test_an_operator_makes_one_tensor_with_one_name() -> None:
    keras.backend.clear_session()
    x = keras.Input((3,))
    assert [y.name for y in (x, x + 1, x * x)] == ["keras_tensor", "keras_tensor_1", "keras_tensor_2"]


def test_a_function_that_an_op_calls_is_part_of_a_configuration() -> None:
    with keras.saving.custom_object_scope({"doubled": doubled}):
        model = Model(x := Input((3,)), ops.vectorized_map(doubled, x))
        again = Model.from_config(model.get_config())
    assert again(np.ones((1, 3))).numpy().tolist() == [[2, 2, 2]]


def doubled(x: Any) -> Any:
    return 2 * x


def test_inputs_of_other_sizes_are_refused_before_they_are_taken_for_one_another() -> None:
    u, v = keras.Input((4,), name="u"), keras.Input((3,), name="v")
    joined = layers.Concatenate()([u, v])
    model, function = keras.Model({"u": u, "v": v}, joined), keras.Function({"u": u, "v": v}, joined)
    swapped: Any = {"u": np.ones((2, 3)), "v": np.ones((2, 4))}
    sequential = keras.Sequential([keras.Input((4,)), layers.ReLU()])
    wrong: list[Callable[[], Any]] = [
        lambda: function(swapped),
        lambda: function.compute_output_shape({"u": (2, 3), "v": (2, 4)}),
        lambda: model.compute_output_shape({"u": (2, 3), "v": (2, 4)}),
        lambda: sequential.compute_output_shape((None, 5)),
        lambda: sequential(keras.Input((5,))),
    ]
    for call in wrong:
        with pytest.raises(ValueError, match=r"must have shape \(None, 4\). Received a tensor of shape \(.*, [35]\)\."):
            call()
    assert function({"u": np.ones((2, 4)), "v": np.ones((2, 3))}).shape == (2, 7)
    assert function.compute_output_shape({"u": (2, 4), "v": (2, 3)}) == (2, 7)


def test_a_function_takes_inputs_that_may_be_missing_and_refuses_other_ranks() -> None:
    x, y = keras.Input((2,)), keras.Input((3,), optional=True)
    assert keras.Function([x, y], x * 2)([np.ones((1, 2)), None]).shape == (1, 2)
    with pytest.raises(ValueError, match=r"Received a tensor of shape \(\)"):
        keras.Function(x, x * 2)(5.0)
    with pytest.raises(ValueError, match=r"shape \(1, 2, 3, 4\). A Flatten layer [^.]+ or x.reshape, [^.]+\.$"):
        keras.Function(x, x * 2)(np.ones((1, 2, 3, 4)))


@pytest.mark.parametrize("outputs", [
    lambda x: x * 2, lambda x: [x * 2], lambda x: (x * 2, x[:, :1]),
    lambda x: {"a": x * 2, "b": [x[:, :1], x + 1]}])  # fmt: skip
def test_the_shapes_of_a_function_have_the_structure_of_its_outputs(outputs: Any) -> None:
    x = keras.KerasTensor((None, 3))
    shapes = keras.Function(x, outputs(x)).compute_output_shape((5, 3))
    assert shapes == keras.tree.map_structure(lambda y: (5, *y.shape[1:]), outputs(x))


def test_what_is_no_symbolic_tensor_is_its_own_source() -> None:
    x = keras.Input((2,))
    array = np.ones(2)
    assert keras.utils.get_source_inputs(array) is array
    assert keras.utils.get_source_inputs(x * 2 + 1) == [x]


def test_calls_of_one_layer_are_repeated_in_their_order() -> None:
    x = keras.Input((2,))
    shared = Dense(1, kernel_initializer="ones", name="shared")
    model = Model(x, [shared(ops.relu(x)), shared(x), shared(x * 10)])  # the first one waits for another layer
    data = np.array([[-1.0, 3.0]])
    for again in (model, Model.from_config(model.get_config())):
        assert [y.tolist() for y in again.predict(data, verbose=0)] == [[[3]], [[2]], [[20]]]


@pytest.mark.parametrize("wrong", [{"args": 3}, {"kwargs": []}, {"kwargs": None}])
def test_a_call_in_a_configuration_has_arguments_by_place_and_by_name(wrong: dict[str, Any]) -> None:
    x = keras.Input((2,))
    config = Model(x, Dense(1)(x)).get_config()
    config["layers"][1]["inbound_nodes"][0] |= wrong
    with pytest.raises(ValueError, match="must have 'args' and 'kwargs'"):
        Model.from_config(config)


def test_the_operations_of_a_joined_mask_have_keras_names() -> None:
    x = keras.Input((3,))
    words = layers.Embedding(7, 2, mask_zero=True)(x)
    model = Model(x, layers.BatchNormalization()(Concatenate()([words, words])))
    names = [layer["name"] for layer in model.get_config()["layers"]]
    assert names[2:5] == ["not_equal", "expand_dims", "zeros_like"]  # those of Keras 3.15.1
