"""The base layer: lazy weights, names, get and set, errors that change nothing."""

import copy
import cProfile
import inspect
import pickle
import pstats
import sys
import time
import tracemalloc
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, NamedTuple, cast

import numpy as np
import pytest

import minikeras as keras
from minikeras import Tensor, ops
from minikeras.layers import BatchNormalization, Dense, Dropout, Layer, module


class Scale(Layer):
    """Multiplies by a weight; its arguments are plain, so its configuration is automatic."""

    def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.builds = 0

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.builds += 1
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x: Tensor) -> Tensor:
        return x * self.scale * self.factor


class Block(Layer):
    """Holds layers in attributes, a list and a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Dense(2)
        self.more = [Dense(3), Dense(4)]
        self.named = {"last": Dense(5)}

    def call(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for layer in self.more:
            x = layer(x)
        return self.named["last"](x)


def test_weights_appear_at_the_first_call() -> None:
    layer = Scale()
    assert layer.get_weights() == []
    assert (layer.built, layer.path) == (False, None)
    layer(np.ones((2, 3)))
    assert layer.built
    assert [w.shape for w in layer.get_weights()] == [(3,)]
    layer(np.ones((5, 3)))
    assert layer.builds == 1
    assert layer.path == "scale"
    assert layer.weights[0].path == "scale/scale"


def test_build_makes_weights_without_a_call() -> None:
    layer = Dense(3)
    layer.build((None, 4))
    assert [w.shape for w in layer.weights] == [(4, 3), (3,)]
    assert layer.count_params() == 15


def test_a_build_that_builds_nothing_warns() -> None:
    class Block(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(3)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    with pytest.warns(UserWarning, match=r"`build\(\)` of 'block' leaves"):
        Block().build((None, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outer, inner = Block(), Dense(3)
        inner.unused = Dense(1)  # type: ignore[attr-defined]
        inner.build((None, 4))
        outer.dense = inner
        outer.build((None, 4))
        assert len(keras.Sequential([keras.Input((4,)), Block()]).weights) == 2


def test_names_count_up_and_start_anew() -> None:
    assert [Dense(1).name, Dense(1).name, Dropout(0.1).name, Dense(1, name="mine").name] == [
        "dense",
        "dense_1",
        "dropout",
        "mine",
    ]
    keras.utils.clear_session()
    assert Dense(1).name == "dense"


def test_weights_of_nested_layers_come_in_order_of_creation() -> None:
    block = Block()
    block(np.ones((1, 1)))
    assert [w.shape for w in block.get_weights()] == [(1, 2), (2,), (2, 3), (3,), (3, 4), (4,), (4, 5), (5,)]
    assert block.weights[0].path == "block/dense/kernel"
    assert block.count_params() == 4 + 9 + 16 + 25


class Shelf(Layer):
    """Holds layers in containers of all kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.ordered = OrderedDict(a=Dense(2))
        self.pair = Pair(Dense(2), "a word")
        self.one = {Dense(2)}
        self.nested = {"k": [(Dense(2),)]}

    def call(self, x: Tensor) -> Tensor:
        for layer in (self.ordered["a"], self.pair.layer, *self.one, self.nested["k"][0][0]):
            x = layer(x)
        return x


class Pair(NamedTuple):
    """A layer and a word."""

    layer: Dense
    word: str


def test_layers_are_found_in_containers_of_all_kinds() -> None:
    shelf = Shelf()
    shelf(np.ones((1, 2)))
    assert [w.path.split("/")[1] for w in shelf.weights[::2]] == ["dense", "dense_1", "dense_2", "dense_3"]
    shelf.trainable = False
    assert not any(w.trainable for w in shelf.weights)


def test_a_built_layer_put_in_the_place_of_another_is_found() -> None:
    block, new, newer = Block(), Dense(4), Dense(5)
    block(np.ones((1, 2)))
    new.build((None, 3))
    newer.build((None, 4))
    assert block.weights[4] is block.more[1].kernel
    block.more[1] = new
    assert block.weights[6] is new.kernel  # as one that was appended
    block.named["last"] = newer
    assert block.weights[6] is newer.kernel
    assert block.weights[4] is new.kernel
    assert len(block.weights) == 8


def test_layers_are_in_the_order_in_which_they_were_set_or_appended() -> None:
    class Blocks(keras.Model):
        def __init__(self, first: Dense, last: Dense) -> None:
            super().__init__()
            self.head: Dense | None = None
            self.outer = first
            self.dense: list[Dense] = []
            self.norms: list[BatchNormalization] = []
            for i in range(2):
                self.dense.append(Dense(2, name=f"d{i}"))
                self.norms.append(BatchNormalization(name=f"n{i}"))
            self.last = last
            self.head = Dense(1, name="head")

        def call(self, x: Any) -> Any:
            return x

    last, first = Dense(3, name="last"), Dense(3, name="first")
    assert [layer.name for layer in Blocks(first, last).layers] == ["first", "d0", "n0", "d1", "n1", "last", "head"]


def test_own_trainable_weights_come_before_own_frozen_ones() -> None:
    class Mixed(Layer):
        def build(self, input_shape: tuple[int, ...]) -> None:
            self.frozen = self.add_weight((1,), "zeros", trainable=False, name="frozen")
            self.free = self.add_weight((2,), "zeros", name="free")

        def call(self, x: Tensor) -> Tensor:
            return x

    layer = Mixed()
    layer.build((1, 1))
    assert [v.name for v in layer.weights] == ["free", "frozen"]
    assert [v.name for v in layer.trainable_weights] == ["free"]
    assert [v.name for v in layer.non_trainable_weights] == ["frozen"]
    layer.trainable = False
    assert layer.trainable_weights == []
    layer.trainable = True
    assert [v.name for v in layer.trainable_weights] == ["free"]


def test_trainable_reaches_nested_layers() -> None:
    block = Block()
    block(np.ones((1, 1)))
    block.trainable = False
    assert block.trainable_variables == []
    assert len(block.non_trainable_variables) == 8
    assert not block.more[0].trainable
    block.more[0].trainable = True
    block.trainable = True
    block.first.trainable = False
    assert len(block.trainable_variables) == 6


def test_layers_that_are_frozen_and_freed_in_turn_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input((2,)), Dense(3), Dense(1)])
    walks: list[object] = []
    seen: list[int] = []

    class Counted(module.Contents):
        def __init__(self, of: module.Module) -> None:
            walks.append(of)
            super().__init__(of)

    monkeypatch.setattr(module, "Contents", Counted)
    for _ in range(4):
        for trainable in (False, True):
            model.trainable = trainable
            seen.append(len(model.trainable_variables))
            assert len(model.non_trainable_variables) == 4 - seen[-1]
    assert seen == [0, 4] * 4
    assert walks == [model] * 2


def test_set_weights_takes_lists_and_numbers() -> None:
    layer = Dense(1)
    layer.build((None, 2))
    layer.set_weights([[[1], [2]], [3.0]])
    kernel, bias = layer.get_weights()
    assert kernel.tolist() == [[1.0], [2.0]]
    assert kernel.dtype == np.float32
    assert bias.tolist() == [3.0]


def test_get_weights_gives_copies() -> None:
    layer = Dense(1)
    layer.build((None, 1))
    layer.get_weights()[1][:] = 7
    assert layer.get_weights()[1].tolist() == [0.0]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([np.ones((2, 1))], "length 1, but the layer was expecting 2"),
        ([np.ones((2, 1)), np.ones(2)], r"dense/bias.*\(1,\).*\(2,\)"),
        ([np.ones((3, 1)), np.ones(1)], r"dense/kernel.*\(2, 1\).*\(3, 1\)"),
        ([np.ones((2, 1)), ["a"]], "numbers"),
        ([], "length 0"),
    ],
)
def test_set_weights_sets_all_or_none(weights: list[Any], words: str) -> None:
    layer = Dense(1)
    layer.build((None, 2))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=words):
        layer.set_weights(weights)
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_a_failed_build_leaves_the_layer_unbuilt_and_can_be_tried_again() -> None:
    class Fragile(Layer):
        broken = True

        def build(self, input_shape: tuple[int, ...]) -> None:
            self.w = self.add_weight((1,), "ones", name="w")
            if Fragile.broken:
                raise OSError("disk")
            self.b = self.add_weight((1,), "zeros", name="b")

        def call(self, x: Tensor) -> Tensor:
            return x * self.w + self.b

    layer = Fragile()
    with pytest.raises(OSError, match="disk"):
        layer(np.ones((1, 1)))
    assert not layer.built
    assert layer.weights == []
    Fragile.broken = False
    assert layer(np.ones((1, 1))).numpy().tolist() == [[1.0]]
    assert len(layer.weights) == 2


def test_a_build_that_is_interrupted_at_its_very_end_can_be_tried_again() -> None:
    class Struck(Dense):
        struck = False

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "built" and value and not Struck.struck:
                Struck.struck = True
                raise KeyboardInterrupt  # as a Ctrl-C just then would
            super().__setattr__(name, value)

    layer = Struck(2)
    with pytest.raises(KeyboardInterrupt):
        layer(np.ones((1, 3)))
    assert (layer.built, layer.weights) == (False, [])
    assert layer(np.ones((1, 3))).shape == (1, 2)
    assert len(layer.weights) == 2


def test_a_failed_build_leaves_lists_of_weights_as_they_were() -> None:
    class Listed(Layer):
        broken = True

        def __init__(self) -> None:
            super().__init__()
            self.parts: list[Any] = []

        def build(self, input_shape: tuple[int, ...]) -> None:
            for _ in range(2):
                self.parts.append(self.add_weight((1,), "ones"))
                if Listed.broken:
                    raise OSError("disk")

        def call(self, x: Tensor) -> Any:
            return x * sum(self.parts)

    layer = Listed()
    held = layer.parts
    with pytest.raises(OSError, match="disk"):
        layer(np.ones((1, 1)))
    assert layer.weights == held == []
    Listed.broken = False
    assert layer(np.ones((1, 1))).numpy().tolist() == [[2.0]]
    assert layer.weights == held == layer.parts


def test_a_call_that_returns_nothing_is_named() -> None:
    class Silent(Layer):
        def call(self, x: Tensor) -> None:
            x + 1

    with pytest.raises(ValueError, match=r"'silent'.*returned None"):
        Silent()(np.ones((1, 1)))


def test_a_missing_super_call_is_named() -> None:
    class Orphan(Layer):
        def __init__(self) -> None:
            self.units = 3

        def call(self, x: Tensor) -> Tensor:
            return x

    class OrphanModel(keras.Model):
        def __init__(self) -> None:
            assert not hasattr(self, "units")
            self.units = 3

    for kind in (Orphan, OrphanModel):
        with pytest.raises(RuntimeError, match="forgot to call"):
            kind()(np.ones((1, 1)))
    with pytest.raises(AttributeError, match="forgot to call"):
        OrphanModel().compile(loss="mse")


class _MakesAnew(Layer):
    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.layers.Dense(2)

    def call(self, inputs: Tensor) -> Tensor:
        return keras.layers.Dense(1)(keras.layers.Reshape((2,))(self.inner(inputs)))


def test_a_layer_made_in_a_call_is_warned_of() -> None:
    layer = _MakesAnew()
    words = f"Dense is built in the call of '{layer.name}', which does not hold it"
    with pytest.warns(UserWarning, match=words) as caught:
        layer(np.ones((1, 3)))
    assert len(caught) == 1  # the layer that it holds and the one without weights are in order


class _Passes(Layer):
    """Lets one layer that it holds call another."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.block = Dense(1), _Calls()

    def call(self, inputs: Tensor) -> Tensor:
        return self.block(inputs, self.head)


class _Calls(Layer):
    def build(self, *shapes: Any) -> None:
        dense = Dense(3)
        dense(np.ones((1, 3)))
        self.inner = dense

    def call(self, inputs: Tensor, layer: Any) -> Tensor:
        return cast(Tensor, layer(self.inner(inputs)))


def test_layers_that_some_layer_holds_are_not_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(_Passes()(np.ones((1, 3))).shape) == 2


def test_state_cannot_grow_after_the_build() -> None:
    layer = Dense(1)
    layer.build((None, 1))
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight((1,), "zeros")
    with pytest.raises(ValueError, match="already built"):
        layer.extra = Dense(2)  # type: ignore[attr-defined]
    assert len(layer.weights) == 2
    layer.built = False
    with pytest.raises(ValueError, match="already built"):
        layer.build((None, 3))
    assert [w.shape for w in layer.weights] == [(1, 1), (1,)]


def test_a_built_layer_takes_another_name_for_what_it_holds() -> None:
    block = Block()
    block(np.ones((1, 2)))
    block.last = block.more[1]  # type: ignore[attr-defined]
    block.more[1].matrix = block.more[1].kernel  # type: ignore[attr-defined]
    assert len(block.weights) == 8
    with pytest.raises(ValueError, match="already built"):
        block.matrix = block.more[1].kernel  # type: ignore[attr-defined]


def test_a_deleted_weight_is_gone() -> None:
    layer = Dense(1)
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 2)), np.ones(2), verbose=0)
    del layer.bias
    assert [w.name for w in model.weights] == ["kernel"]
    layer.use_bias, layer.bias = False, None
    assert model.predict(np.zeros((1, 2)), verbose=0) == 0


@pytest.mark.parametrize("name", ["a/b", 3])
def test_bad_names_are_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="`name` must be a string"):
        Dense(1, name=name)


def test_unknown_keywords_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Unrecognized keyword.*Dense.*unit_count"):
        Dense(1, unit_count=3)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="Did you mean 'activation'"):
        Dense(1, activaton="relu")  # type: ignore[call-arg]


def test_missing_arguments_are_named_with_the_class_that_was_called() -> None:
    for name in ("Conv2D", "Conv1DTranspose", "SeparableConv1D", "AveragePooling3D", "Dropout", "ConvLSTM2D", "Dense"):
        with pytest.raises(TypeError, match=rf"^{name}\.__init__\(\) missing"):
            getattr(keras.layers, name)()
    assert [*inspect.signature(keras.layers.Conv2D).parameters][:2] == ["filters", "kernel_size"]


def test_count_params_needs_a_built_layer() -> None:
    with pytest.raises(ValueError, match=r"'dense'.*isn't built"):
        Dense(1).count_params()


def test_training_is_passed_down_and_defaults_to_inference() -> None:
    seen: list[Any] = []

    class Spy(Layer):
        def call(self, x: Tensor, training: bool | None = None) -> Tensor:
            seen.append(training)
            return x

    class Outer(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Spy()

        def call(self, x: Tensor) -> Tensor:
            return self.inner(x)

    x = np.ones((1, 1))
    Spy()(x)
    Spy()(x, training=True)
    outer = Outer()
    outer(x, training=True)
    outer.inner(x, training=False)
    assert seen == [None, True, True, False]


def test_maths_may_be_operators_numpy_or_ops() -> None:
    class Three(Layer):
        def __init__(self, way: int) -> None:
            super().__init__()
            self.way = way

        def build(self, input_shape: tuple[int, ...]) -> None:
            self.kernel = self.add_weight((input_shape[-1], 2), "ones", name="kernel")

        def call(self, x: Tensor) -> Any:
            if self.way == 0:
                return abs(x @ self.kernel) ** 2
            if self.way == 1:
                return np.square(np.absolute(np.dot(x, self.kernel)))
            return ops.square(ops.abs(ops.matmul(x, self.kernel)))

    x = np.array([[1.0, -3.0]])
    for way in range(3):
        y = Three(way)(x)
        assert isinstance(y, Tensor)
        assert y.numpy().tolist() == [[4.0, 4.0]]


def test_config_of_a_plain_subclass_is_automatic() -> None:
    layer = Scale(2.5, name="s")
    config = layer.get_config()
    assert config["factor"] == 2.5
    assert config["name"] == "s"
    again = Scale.from_config(config)
    assert again.factor == 2.5
    assert again.name == "s"


def test_config_of_a_subclass_that_hands_its_arguments_on_is_automatic() -> None:
    class Block(Layer):
        def __init__(self, *args: Any, units: int = 3, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.units = units

    config = Block(units=4, name="b", dtype="float64").get_config()
    again = Block.from_config(config)
    assert (again.units, again.name, again.compute_dtype) == (4, "b", "float64")
    assert again.get_config() == config  # though its dtype came as an object
    with pytest.raises(NotImplementedError, match=r"Block.*get_config"):
        type("Block", (Block,), {"__init__": lambda self, *sizes: Block.__init__(self)})(1).get_config()


def test_an_automatic_config_tells_how_the_layer_is_now() -> None:
    layer = Scale(2.5, trainable=False)
    layer.trainable = True
    again = Scale.from_config(Scale.from_config(layer.get_config()).get_config())
    assert (again.trainable, again.factor) == (True, 2.5)


def test_a_subclass_hands_its_arguments_to_the_layer_it_extends() -> None:
    class Counted(Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.calls = 0

    class Ones(Dense, Counted):
        units: int  # without a rule, and that of Dense holds

        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(units, kernel_initializer="ones", **options)

    layer = Ones(2, name="mine")
    assert (layer.units, layer.name, layer.calls) == (2, "mine", 0)
    assert isinstance(layer.kernel_initializer, keras.initializers.Ones)
    with pytest.raises(ValueError, match=r"Ones needs a positive integer for `units`\. Received: units=0"):
        Ones(0)


def test_a_refused_layer_takes_no_name() -> None:
    keras.backend.clear_session()
    with pytest.raises(ValueError, match="`units`"):
        Dense(0)
    assert Dense(1).name == "dense"


def test_config_of_other_subclasses_must_be_written() -> None:
    class Module(Layer):
        def __init__(self, inner: Layer) -> None:
            super().__init__()
            self.inner = inner

    with pytest.raises(NotImplementedError, match=r"Module.*get_config"):
        Module(Dense(1)).get_config()


def test_copies_and_pickles_are_independent() -> None:
    layer = Dense(2)
    layer(np.ones((1, 3)))
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert np.array_equal(twin.get_weights()[0], layer.get_weights()[0])
        twin.set_weights([np.zeros((3, 2)), np.ones(2)])
        assert twin(np.ones((1, 3))).numpy().tolist() == [[1.0, 1.0]]
    assert layer.get_weights()[0].any()


def test_activity_regularizer_adds_the_mean_over_the_batch() -> None:
    layer = Dense(1, kernel_initializer="ones", activity_regularizer="l2", use_bias=False)
    layer(np.array([[1.0], [3.0]]))
    assert float(layer.losses[0]) == pytest.approx(0.01 * (1 + 9) / 2)
    layer(np.array([[2.0]]))
    assert [float(loss) for loss in layer.losses] == [pytest.approx(0.04)]


def test_regularizers_of_weights_are_losses() -> None:
    layer = Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L1(0.5))
    layer.build((None, 4))
    assert [float(loss) for loss in layer.losses] == [2.0]
    layer.trainable = False
    assert layer.losses == []


def test_float64_layers_compute_in_float64() -> None:
    layer = Dense(1, dtype="float64")
    y = layer(np.ones((1, 2), "float32"))
    assert y.dtype == "float64"
    keras.config.set_floatx("float64")
    assert Dense(1)(np.ones((1, 1))).dtype == "float64"


def test_mixed_policy_computes_in_float16_with_float32_weights() -> None:
    layer = Dense(1, dtype="mixed_float16")
    y = layer(np.ones((1, 2), "float32"))
    assert y.dtype == "float16"
    assert layer.kernel.dtype == "float32"


def test_tensors_by_keyword_and_within_lists_are_cast_as_those_by_place_are() -> None:
    class Reader(Layer):
        def call(self, x: Any, other: Any = None, several: Any = None) -> Any:
            assert [y.dtype for y in (x, other, *several)] == ["float16", "float16", "float16", "int32"]
            return x

    x = np.ones((2, 3))
    for other in (keras.ops.convert_to_tensor(x), keras.Variable(x), x):
        Reader(dtype="mixed_float16")(x, other=other, several=[x, np.ones(2, "int32")])
    attention = keras.layers.MultiHeadAttention(1, 2, dtype="mixed_float16")
    rows = keras.ops.ones((1, 2, 3))
    assert attention(rows, value=rows).dtype == attention(rows, rows).dtype == "float16"


@pytest.mark.parametrize("layer", [Dense(2), keras.layers.GRU(2)])
def test_training_is_no_input(layer: Layer) -> None:
    with pytest.raises(TypeError, match="without its input"):
        layer(training=True)


def test_lists_without_tensors_come_by_keyword_as_they_are() -> None:
    class Named(list[str]):
        def __init__(self, items: Any, name: str) -> None:
            super().__init__(items)
            self.name = name

    class Noting(Layer):
        def call(self, x: Any, notes: Any = None) -> Any:
            notes.append("called")
            return x

    notes = Named(["made"], name="notes")
    Noting()(np.ones((2, 3)), notes=notes)
    assert notes == ["made", "called"]


def test_a_bias_in_mixed_float16_gets_the_gradients_of_all_rows() -> None:
    for units in (1, 2):
        layer = Dense(units, kernel_initializer="zeros", dtype="mixed_float16")
        with keras.GradientTape() as tape:
            loss = keras.ops.sum(layer(np.ones((100, 50, 3))))
        kernel, bias = map(np.asarray, tape.gradient(loss, layer.trainable_variables))
        assert (kernel.ravel().tolist(), bias.tolist()) == ([5000.0] * 3 * units, [5000.0] * units)


def test_weights_are_read_in_the_dtype_of_the_computation() -> None:
    seen: dict[str, str] = {}

    class Reader(Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight((), "ones", name="scale")
            self.count = self.add_weight((), "ones", autocast=False, name="count")

        def call(self, x: Any) -> Any:
            for v in (self.scale, self.count):
                seen[v.name] = v.dtype
                for read in (v * 1, v.value, keras.ops.convert_to_tensor(v), keras.ops.einsum("->", v)):
                    assert read.dtype == v.dtype
            return x * self.scale

    layer = Reader(dtype="mixed_float16")
    assert layer(np.ones((1, 2))).dtype == "float16"
    assert seen == {"scale": "float16", "count": "float32"}
    assert layer.scale.dtype == "float32"


def test_clear_session_forgets_the_policy() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    keras.utils.clear_session()
    assert keras.config.dtype_policy().name == "float32"


def test_a_mode_of_quantization_is_no_policy() -> None:
    for wrong in (lambda: keras.config.set_dtype_policy("int8"), lambda: Dense(1, dtype="int8")):
        with pytest.raises(ValueError, match="quantization"):
            wrong()
    assert keras.config.dtype_policy().name == "float32"


def test_add_loss_outside_of_build_and_call_is_refused() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, Dense(2)(x))
    for layer, loss in ((model, keras.ops.sum(model.outputs[0])), (Dense(1), "x"), (keras.Sequential([Dense(1)]), 3.0)):
        with pytest.raises(ValueError, match="inside `build\\(\\)` or `call\\(\\)`"):
            layer.add_loss(loss)
        assert layer.losses == []


def test_a_copy_has_weights_of_its_own() -> None:
    layer = Dense(1, kernel_initializer="ones")
    layer.build((None, 2))
    other = copy.copy(layer)
    layer.kernel.assign([[2.0], [3.0]])
    assert other.kernel.numpy().tolist() == [[1.0], [1.0]]
    assert other.name == layer.name


def test_build_may_take_no_shape() -> None:
    class Bias(Layer):
        def build(self) -> None:
            self.bias = self.add_weight((3,), "ones")

        def call(self, x: Any) -> Any:
            return x + self.bias

    assert Bias()(np.ones((2, 3))).numpy().tolist() == [[2.0] * 3] * 2
    assert keras.Sequential([keras.Input((3,)), Bias()]).count_params() == 3


def test_one_of_several_outputs_may_be_none() -> None:
    class Scores(Layer):
        def call(self, x: Any) -> Any:
            return x, None

    assert Scores()(np.ones((1, 2)))[1] is None
    with pytest.raises(ValueError, match="returned None"):
        Scores()(keras.Input((2,)))


def test_a_stateless_call_leaves_what_it_does_not_get_values_for() -> None:
    shared = keras.Variable(1.0)

    class Noisy(Layer):
        def call(self, x: Tensor) -> Tensor:
            shared.assign_add(1.0)
            return x + keras.random.normal((1,))

    layer = Noisy()
    layer.build((1, 1))
    keras.utils.set_random_seed(1)
    noise, again = (layer.stateless_call([], [], np.zeros((1, 1)))[0].numpy() for _ in range(2))
    assert np.array_equal(noise, again)
    assert np.array_equal(noise[0], keras.random.normal((1,)).numpy())  # as in Keras
    assert float(shared) == 1.0


def test_a_stateless_call_leaves_no_penalty() -> None:
    layer = Dense(2, activity_regularizer="l1", kernel_initializer="ones")
    layer.build((None, 3))
    values = [v.value for v in layer.trainable_variables]
    _, _, losses = layer.stateless_call(values, [], np.ones((4, 3)), return_losses=True)
    assert [float(loss) for loss in losses] == [pytest.approx(0.06)]
    assert layer.losses == []


def test_symbolic_call_builds_and_infers() -> None:
    x = keras.Input((3,))
    layer = Scale()
    y = layer(x)
    assert isinstance(y, keras.KerasTensor)
    assert y.shape == (None, 3)
    assert layer.built
    assert Block()(x).shape == (None, 5)


def test_several_outputs_and_arguments() -> None:
    class Split(Layer):
        def call(self, x: Tensor, y: Tensor, swap: bool = False) -> tuple[Tensor, Tensor]:
            return (y, x) if swap else (x, y)

    a, b = Split()(np.zeros((1, 1)), np.ones((1, 1)), swap=True)
    assert (float(a), float(b)) == (1.0, 0.0)


def test_build_may_take_a_shape_for_each_argument() -> None:
    class Pair(Layer):
        def build(self, x_shape: tuple[int, ...], y_shape: tuple[int, ...]) -> None:
            self.shapes = (x_shape, y_shape)

        def call(self, x: Tensor, y: Tensor) -> Tensor:
            return x + y

    layer = Pair()
    layer(np.ones((1, 2)), np.ones((1, 1)))
    assert layer.shapes == ((1, 2), (1, 1))


def test_a_shape_that_belongs_to_no_argument_is_named() -> None:
    class Two(Layer):
        def build(self, a_shape: Any, size: Any) -> None: ...

        def call(self, a: Any, b: Any) -> Any:
            return a + b

    with pytest.raises(ValueError, match=r"Two.build\(\) takes 'size'"):
        Two()(np.ones((1, 2)), np.ones((1, 2)))


def test_the_first_argument_is_the_first_of_the_call() -> None:
    class Two(Layer):
        def build(self, shape: Any) -> None:
            self.seen = shape

        def call(self, a: Any, b: Any) -> Any:
            return a

    layer = Two()
    layer(b=np.ones((1, 2)), a=np.ones((1, 3)))
    assert layer.seen == (1, 3)


def test_several_shapes_stay_a_tuple_or_a_list() -> None:
    class Twice(Layer):
        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape, [input_shape])

    first, second = cast(Any, Twice()(keras.Input((2,))))
    assert isinstance(Twice().compute_output_spec(keras.Input((2,))), tuple)
    assert isinstance(second, list)
    assert first.shape == (None, 2)


def test_building_twice_does_not_add_weights() -> None:
    layer = Dense(3)
    layer.build((None, 2))
    with pytest.raises(ValueError, match="already built"):
        layer.build((None, 2))
    assert len(layer.weights) == 2


def test_threads_that_meet_an_unbuilt_layer_build_it_once() -> None:
    class Slow(Scale):
        def build(self, input_shape: tuple[int, ...]) -> None:
            time.sleep(0.01)
            super().build(input_shape)

    model = keras.Sequential([Slow(), Dense(2)])
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: model.predict(np.ones((1, 3)), verbose=0), range(4)))
    assert len(model.weights) == 3
    assert all((result == results[0]).all() for result in results)


def test_a_call_while_another_thread_builds_the_layers(four_threads: ThreadPoolExecutor) -> None:
    for _ in range(60):
        model = keras.Sequential([keras.layers.LSTM(2, return_sequences=True), keras.layers.GRU(2), Dense(2)])
        results = list(four_threads.map(lambda _, now=model: now.predict(np.ones((1, 3, 2)), verbose=0), range(4)))
        assert all(np.allclose(result, results[0]) for result in results)


def test_a_build_that_calls_the_one_it_replaces_first_ends_before_another_thread_goes_on(
    four_threads: ThreadPoolExecutor,
) -> None:
    class Twice(Layer):
        def build(self, input_shape: tuple[int, ...]) -> None:
            super().build(input_shape)
            self.w = self.add_weight((3, 2), "ones")

        def call(self, x: Any) -> Any:
            return ops.matmul(x, self.w)

    for _ in range(100):
        layer = Twice()
        results = list(four_threads.map(lambda _, now=layer: now(np.ones((1, 3))).numpy().tolist(), range(4)))
        assert results == [[[3.0, 3.0]]] * 4


def test_stateless_calls_of_threads_compute_with_their_own_values(four_threads: ThreadPoolExecutor) -> None:
    model = keras.Sequential([keras.Input((3,)), Dense(2, use_bias=False)])

    def call(k: int) -> Any:
        return model.stateless_call([np.full((3, 2), float(k))], [], np.ones((1, 3)))[0].numpy().tolist()

    assert list(four_threads.map(call, range(1000))) == [[[3.0 * k] * 2] for k in range(1000)]


def test_set_weights_does_not_hold_the_old_weights_until_its_end() -> None:
    tracemalloc.start()
    try:
        model = keras.Sequential([keras.Input((256,)), *(Dense(256) for _ in range(16))])
        weights = model.get_weights()
        model.set_weights(weights)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        model.set_weights(weights)
        assert tracemalloc.get_traced_memory()[1] - held < sum(w.nbytes for w in weights) / 4
    finally:
        tracemalloc.stop()


def test_threads_may_build_models_of_a_users_layers(
    four_threads: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    class Doubled(Layer):
        def call(self, x: Any) -> Any:
            print(f"doubles {x.shape}")
            return ops.concatenate([x, x], axis=-1)

    before = sys.stdout
    shapes = four_threads.map(lambda _: keras.Sequential([keras.Input((3,)), Doubled()]).output_shape, range(400))
    assert set(shapes) == {(None, 6)}
    assert sys.stdout is before
    assert capsys.readouterr().out.count("doubles (None, 3)") > 350  # all, but for those that begin in one instant


def test_a_call_or_a_build_may_wait_for_threads_that_build_layers(four_threads: ThreadPoolExecutor) -> None:
    class Parts(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.parts = [Dense(2), Dense(2)]

        def call(self, x: Any) -> Any:
            first, second = (four_threads.submit(part, x) for part in self.parts)
            return first.result(timeout=300) + second.result(timeout=300)

    class BuildsParts(Parts):
        def build(self, input_shape: tuple[int, ...]) -> None:
            self.call(np.ones((1, *input_shape[1:])))

    for layer in (Parts(), BuildsParts()):
        assert layer(keras.Input((3,))).shape == (None, 2)
        assert len(layer.weights) == 4
    for model in (keras.Sequential([Parts()]), keras.Sequential([BuildsParts()])):
        assert model(np.ones((5, 3))).shape == (5, 2)


def test_a_stateless_call_may_wait_for_a_thread_that_builds_a_layer(four_threads: ThreadPoolExecutor) -> None:
    class Guarded(Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight((), "ones")

        def call(self, x: Any) -> Any:
            four_threads.submit(Dense(2), np.ones((1, 3))).result(timeout=300)
            return x * self.w

    layer = Guarded()
    layer.build((None, 3))
    assert layer.stateless_call([4.0], [], np.ones(3))[0].numpy().tolist() == [4.0] * 3


def test_a_call_waits_for_another_thread_that_calls_build(four_threads: ThreadPoolExecutor) -> None:
    begun = Event()

    class Slow(Layer):
        def build(self, input_shape: Any) -> None:
            begun.set()
            time.sleep(0.05)
            self.w = self.add_weight((), "ones")

        def call(self, x: Any) -> Any:
            return x * self.w

    layer = Slow()
    building = four_threads.submit(layer.build, (None, 3))
    begun.wait()
    assert layer(np.ones(3)).numpy().tolist() == [1.0] * 3
    building.result()
    assert len(layer.weights) == 1


def test_a_layer_with_losses_and_a_getstate_of_its_own_can_be_copied() -> None:
    class Guarded(Dense):
        def __getstate__(self) -> dict[str, Any]:
            return self.__dict__.copy()

    layer = Guarded(2, activity_regularizer="l2")
    layer(np.ones((1, 3)))
    assert len(layer.losses) == 1
    copied = copy.deepcopy(layer)
    np.testing.assert_array_equal(copied(np.ones((1, 3))), layer(np.ones((1, 3))))


@pytest.mark.parametrize("base", [Layer, keras.Model])
def test_a_layer_that_tells_its_shape_builds_the_layers_inside_at_a_symbolic_call(base: type[Layer]) -> None:
    class Halved(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(4)

        def call(self, x: Any) -> Any:
            return self.dense(x)[:, :2]

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape[0], 2)

    model = keras.Sequential([keras.Input((3,)), Halved()])
    assert model.output_shape == (None, 2)
    assert model.count_params() == 16


def test_a_layer_that_tells_its_shape_may_need_values() -> None:
    class Counted(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(4)

        def call(self, x: Any) -> Any:
            return self.dense(x) * float(ops.sum(x).item())

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape[0], 4)

    layer = Counted()
    assert layer(keras.Input((3,))).shape == (None, 4)
    assert layer(np.ones((1, 3))).shape == (1, 4)
    assert len(layer.weights) == 2


def test_a_layer_that_tells_its_shape_warns_where_its_call_cannot_build_the_layers_inside() -> None:
    class Scaled(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(4)

        def call(self, x: Any) -> Any:
            if not np.any(ops.convert_to_numpy(x)):
                raise ValueError("only zeros")
            return self.dense(x / ops.max(x))

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape[0], 4)

    layer = Scaled()
    with pytest.warns(UserWarning, match=r"layers in 'scaled' are not built: .* raised ValueError\('only zeros'\)"):
        assert layer(keras.Input((3,))).shape == (None, 4)
    assert layer(np.ones((2, 3))).shape == (2, 4)
    assert len(layer.weights) == 2


def test_added_losses_can_be_set_as_the_attribute_that_keras_has() -> None:
    layer = Dense(2, activity_regularizer="l2")
    layer(np.ones((1, 3)))
    layer._losses += [ops.ones(())]
    assert len(layer.losses) == 2
    layer._losses = []
    assert layer.losses == []


def test_a_changed_attribute_counts_though_other_threads_predict(four_threads: ThreadPoolExecutor) -> None:
    dense, x = Dense(2, kernel_initializer="ones"), -np.ones((2, 3))
    model = keras.Sequential([keras.Input((3,)), dense])
    ends: list[bool] = []

    def predict() -> None:
        while not ends:
            model.predict(x, verbose=0)

    others = [four_threads.submit(predict) for _ in range(2)]
    try:
        for k in range(700):
            dense.activation = (keras.activations.relu, keras.activations.linear)[k % 2]
            for _ in range(3):
                assert model.predict(x, verbose=0)[0, 0] == (0, -3)[k % 2]
    finally:
        ends.append(True)
    for other in others:
        other.result()


def test_add_weight_names_the_forgotten_keyword() -> None:
    with pytest.raises(ValueError, match=r"`name` must be passed as a keyword.*'kernel'"):
        Layer().add_weight("kernel")  # type: ignore[arg-type]


def test_errors_in_call_say_where() -> None:
    class Broken(Layer):
        def call(self, x: Tensor) -> Tensor:
            raise KeyError("inner")

    with pytest.raises(KeyError) as caught:
        Broken(name="mine")(np.ones((2, 3)))
    assert caught.value.__notes__ == ["in layer 'mine' (Broken), called with shapes [(2, 3)]"]


def test_training_given_as_none_reaches_a_call_that_needs_it() -> None:
    class Told(Layer):
        def call(self, x: Any, training: Any) -> Any:
            return x * (2.0 if training is None else 3.0)

    assert float(Told()(np.ones(1), training=None)[0]) == 2
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'training'"):
        Told()(np.ones(1))


def test_training_may_be_given_by_place() -> None:
    class Inner(keras.layers.Layer):
        def call(self, x: Any, training: Any, shift: Any) -> Any:
            return (x + 1 if training else x) + shift

    class Outer(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def call(self, x: Any, training: bool = False) -> Any:
            return self.inner(x, training, x)

    x = np.ones((1, 1), "float32")
    assert [float(Outer()(x, training=t)[0, 0]) for t in (True, False)] == [3, 2]
    assert float(Inner()(x, True, x)[0, 0]) == 3
    symbol = keras.Input((1,))
    assert float(keras.Model(symbol, Inner()(symbol, True, symbol))(x)[0, 0]) == 3


def test_the_shape_of_each_output_follows_from_the_shape_of_each_input() -> None:
    class Swapped(Layer):
        def call(self, first: Any, second: Any, scale: float = 1.0) -> Any:
            return second * scale, first * scale

        def compute_output_shape(self, first_shape: Any, second_shape: Any) -> Any:
            return second_shape, first_shape

    a, b = Swapped()(keras.Input((2,)), second=keras.Input((3,)), scale=2.0)
    assert (ops.shape(a), ops.shape(b)) == ((None, 3), (None, 2))


def test_the_name_of_a_policy_is_one_that_keras_knows() -> None:
    for name in ("double", "f8", np.str_("float64")):
        written = keras.DTypePolicy(name).get_config()["name"]
        assert (written, type(written)) == ("float64", str)


def test_a_policy_may_be_set_by_its_name() -> None:
    layer = Dense(2)
    layer.dtype_policy = "mixed_float16"  # type: ignore[assignment]
    assert layer.dtype_policy == keras.DTypePolicy("mixed_float16")
    assert (layer.compute_dtype, layer.variable_dtype) == ("float16", "float32")
    assert layer(np.ones((1, 2))).dtype == "float16"
    with pytest.raises(ValueError, match="'flot16'"):
        layer.dtype_policy = "flot16"  # type: ignore[assignment]


def test_what_an_agent_remembers_makes_no_step_slower() -> None:
    class Agent(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)
            self.memory: list[Any] = []
            self.rewards: dict[int, float] = {}

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def remember(self, count: int) -> None:
            for _ in range(count):
                self.memory.append((x, len(self.memory), 1.0, None))
                self.rewards[len(self.memory)] = 1.0

    def calls_of_a_step() -> int:
        profile = cProfile.Profile()
        agent.remember(1)
        profile.runcall(agent.predict, x, verbose=0)
        profile.runcall(agent.train_on_batch, x, x[:, :1])
        return cast(int, vars(pstats.Stats(profile))["total_calls"])

    agent, x = Agent(), np.ones((1, 2), "float32")
    agent.compile("sgd", "mse")
    agent.remember(200)
    for _ in range(5):
        before = calls_of_a_step()
    agent.remember(2000)
    assert calls_of_a_step() < 2 * before


def test_layers_are_found_in_a_long_list_with_places_for_more() -> None:
    class Grid(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.cells: list[Any] = [None] * 1000

    grid = Grid()
    assert grid.weights == []
    grid.cells[500] = Dense(2)
    grid.cells[500].build((None, 3))
    assert [v.shape for v in grid.weights] == [(3, 2), (2,)]
    grid.cells = [*range(500), grid.cells[500]]
    assert [v.shape for v in grid.weights] == [(3, 2), (2,)]
    grid.cells = [("empty", None)] * 500 + [("dense", grid.cells[500])]
    assert [v.shape for v in grid.weights] == [(3, 2), (2,)]


def test_containers_that_hold_themselves() -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks: list[Any] = [Dense(2)]
            self.blocks.append(self.blocks)
            self.by_name: dict[str, Any] = {"blocks": self.blocks}
            self.by_name["all"] = self.by_name

        def call(self, x: Any) -> Any:
            return self.blocks[0](x)

    net = Net()
    net.compile("sgd", "mse")
    net.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    assert [v.shape for v in net.weights] == [(3, 2), (2,)]


def test_activity_regularizer_counts_each_output_of_a_structure() -> None:
    class Both(Layer):
        def call(self, x: Any) -> Any:
            return {"a": x, "b": [x * 2]}

    layer = Both(activity_regularizer="l2")
    layer(np.ones((2, 3)))
    assert [round(float(loss), 4) for loss in layer.losses] == [0.03, 0.12]  # 0.01 * 6 / 2 and 0.01 * 24 / 2
    cell = keras.layers.GRUCell(4, activity_regularizer="l2")
    cell(np.ones((2, 3)), [np.zeros((2, 4))])
    assert len(cell.losses) == 2


def test_dense_of_complex_numbers() -> None:
    y = Dense(1, kernel_initializer="ones")(np.array([[1 + 2j, 3 - 1j]], "complex64"))
    assert (y.dtype, y.tolist()) == ("complex64", [[4 + 1j]])


def test_dense_of_no_rows() -> None:
    layer = Dense(2)
    layer(np.ones((2, 3, 4)))
    x = keras.ops.zeros((0, 3, 4))
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    of_x, of_kernel = tape.gradient(y, [x, layer.kernel])
    assert of_x is not None
    assert of_kernel is not None
    assert (y.shape, of_x.shape, of_kernel.tolist()) == ((0, 3, 2), (0, 3, 4), np.zeros((4, 2)).tolist())


def test_an_empty_text_is_no_dtype() -> None:
    for make in (lambda: Dense(2, dtype=cast("Any", "")), lambda: keras.dtype_policies.get("")):
        with pytest.raises(ValueError, match="dtype policy"):
            make()


def test_the_dtype_of_a_layer_is_that_of_its_variables_where_a_subclass_says_it() -> None:
    class Short(Layer):
        @property
        def variable_dtype(self) -> Any:
            return "float16"

    assert Short().dtype == "float16"
