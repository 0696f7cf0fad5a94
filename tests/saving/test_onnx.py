"""Models as ONNX files: onnxruntime gives what `predict` gives, and what cannot be exported is refused."""

import io
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import Input, Model, Sequential, Tensor, layers, ops
from minikeras.__main__ import main
from tests.layers.test_layers import EXAMPLES

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
REFUSED = {
    "Hashing": "looks each value up",
    "HashedCrossing": "looks each value up",
    "IntegerLookup": "looks each value up",
    "StringLookup": "holds text",
    "TextVectorization": "holds text",
}
"""Layers that a graph of ONNX cannot hold, and what the message says."""
CELLS = {"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}  # which run in an RNN
RNG = np.random.default_rng(0)


def floats(*shape: int) -> Callable[[int], Any]:
    return lambda n: RNG.normal(size=(n, *shape)).astype("float32")


def integers(below: int, *shape: int) -> Callable[[int], Any]:
    return lambda n: RNG.integers(0, below, (n, *shape)).astype("int32")


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def check(model: Model, path: Path, *draws: Callable[[int], Any], within: float = 1e-5, **options: Any) -> Any:
    """Export a model, and compare the file with the model on batches of several sizes."""
    model.export(path, format="onnx", verbose=False, **options)
    graph = onnx.load(path)
    onnx.checker.check_model(graph, full_check=True)
    assert [x.version for x in graph.opset_import] == [options.get("opset_version", 18)]
    run = session(path)
    for n in (1, 2, 5):
        arrays = [draw(n) for draw in draws]
        wanted = keras.tree.flatten(model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0))
        given = run.run(None, {x.name: a for x, a in zip(run.get_inputs(), arrays, strict=True)})
        for want, got in zip(wanted, given, strict=True):
            assert (got.shape, got.dtype) == (want.shape, want.dtype)
            np.testing.assert_allclose(got, want, within, within)
    return graph


def model_of(layer: Callable[[Any], Any], *shapes: Sequence[int | None], dtype: Any = None) -> Model:
    inputs = [Input(shape, dtype=dtype) for shape in shapes]
    return Model(inputs if len(inputs) > 1 else inputs[0], layer(inputs if len(inputs) > 1 else inputs[0]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_layers(name: str, tmp_path: Path) -> None:
    make, given = EXAMPLES[name]
    shapes = [s[1:] for s in (given if isinstance(given, list) else [given])]
    layer: Any = (lambda x: x) if name == "InputLayer" else make()
    words = name.endswith("Embedding")
    model = model_of(layer, *shapes, dtype="int32" if words else None)
    check(model, tmp_path / "model.onnx", *(integers(10, *s) if words else floats(*s) for s in shapes))


PREPROCESSED: dict[str, tuple[layers.Layer, Any, Callable[[int], Any]]] = {
    "CategoryEncoding multi_hot": (layers.CategoryEncoding(5), (3,), integers(5, 3)),
    "CategoryEncoding one_hot": (layers.CategoryEncoding(5, "one_hot"), (1,), integers(5, 1)),
    "CategoryEncoding one_hot of columns": (layers.CategoryEncoding(5, "one_hot"), (3, 1), integers(5, 3, 1)),
    "CategoryEncoding rows": (layers.CategoryEncoding(5, "one_hot"), (3,), integers(5, 3)),
    "CategoryEncoding count": (layers.CategoryEncoding(5, "count"), (3,), integers(5, 3)),
    "Discretization": (layers.Discretization([-1.0, 0.1, 1.0]), (3,), floats(3)),
    "Discretization one_hot": (layers.Discretization([0.0, 1.0], output_mode="one_hot"), (1,), floats(1)),
    "Discretization count": (layers.Discretization([0.0, 1.0], output_mode="count"), (4,), floats(4)),
}


@pytest.mark.parametrize("name", PREPROCESSED)
def test_preprocessing_of_numbers(name: str, tmp_path: Path) -> None:
    layer, shape, draw = PREPROCESSED[name]
    dtype = "int32" if name.startswith("Cat") else None
    check(model_of(layer, shape, dtype=dtype), tmp_path / "model.onnx", draw)


def test_counts_may_have_weights(tmp_path: Path) -> None:
    x, weights = Input((3,), dtype="int32"), Input((3,))
    model = Model([x, weights], layers.CategoryEncoding(5, "count")(x, weights))
    check(model, tmp_path / "model.onnx", integers(5, 3), floats(3))


def test_every_layer_is_exported_or_refused() -> None:
    exported = [getattr(layers, name) for name in layers.__all__]
    classes = {x.__name__ for x in exported if isinstance(x, type) and issubclass(x, layers.Layer)}
    tested = {*EXAMPLES, *(name.split()[0] for name in PREPROCESSED), "MultiHeadAttention", "GroupQueryAttention"}
    assert classes - {"Layer", "Wrapper"} - CELLS == tested | REFUSED.keys()


@pytest.mark.parametrize("name", REFUSED)
def test_layers_that_are_refused(name: str, tmp_path: Path) -> None:
    dtype = "string" if REFUSED[name] == "holds text" else "int64"
    makes: dict[str, Any] = {
        "Hashing": lambda: layers.Hashing(3),
        "HashedCrossing": lambda: layers.HashedCrossing(3),
        "IntegerLookup": lambda: layers.IntegerLookup(vocabulary=[1, 2]),
        "StringLookup": lambda: layers.StringLookup(vocabulary=["a"]),
        "TextVectorization": lambda: layers.TextVectorization(vocabulary=["a"], output_sequence_length=2),
    }
    shapes = [(1,), (1,)] if name == "HashedCrossing" else [(1,)]
    with pytest.raises(NotImplementedError, match=rf"{REFUSED[name]}.*No file was written"):
        model_of(makes[name](), *shapes, dtype=dtype).export(tmp_path / "model.onnx", format="onnx")
    assert not list(tmp_path.iterdir())


RECURRENT: list[Any] = [layers.SimpleRNN, layers.LSTM, layers.GRU]


@pytest.mark.parametrize("cls", RECURRENT)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_recurrent_layers(cls: Any, sequences: bool, backwards: bool, tmp_path: Path) -> None:
    def layer() -> Any:
        return cls(3, return_sequences=sequences, go_backwards=backwards, return_state=True, bias_initializer="normal")

    check(model_of(layer(), (5, 4)), tmp_path / "model.onnx", floats(5, 4))
    words = layers.Embedding(3, 4, "normal", mask_zero=True)
    check(model_of(lambda x: layer()(words(x)), (6,), dtype="int32"), tmp_path / "masked.onnx", integers(3, 6))


@pytest.mark.parametrize("activation", ["relu", "linear", "hard_sigmoid", "elu"])
@pytest.mark.parametrize("cls", RECURRENT)
def test_recurrent_activations(cls: Any, activation: str, tmp_path: Path) -> None:
    gates = {} if cls is layers.SimpleRNN else {"recurrent_activation": "hard_sigmoid"}
    check(model_of(cls(3, activation, **gates), (5, 4)), tmp_path / "model.onnx", floats(5, 4))


@pytest.mark.parametrize("cls", RECURRENT)
def test_recurrent_layers_take_a_state(cls: Any, tmp_path: Path) -> None:
    x, a, b = Input((5, 4)), Input((3,)), Input((3,))
    y = cls(3)(x, initial_state=[a, b] if cls is layers.LSTM else a)
    draws = [floats(5, 4), floats(3), floats(3)] if cls is layers.LSTM else [floats(5, 4), floats(3)]
    check(Model([x, a, b] if cls is layers.LSTM else [x, a], y), tmp_path / "model.onnx", *draws)


def test_attention_with_masks(tmp_path: Path) -> None:
    words = layers.Embedding(3, 4, "normal", mask_zero=True)
    attend, cross = layers.MultiHeadAttention(2, 3), layers.MultiHeadAttention(2, 3, attention_axes=(1, 2))
    check(model_of(lambda x: attend(words(x), words(x), use_causal_mask=True), (6,), dtype="int32"),
          tmp_path / "model.onnx", integers(3, 6))  # fmt: skip
    check(model_of(lambda x: cross(x[0], x[1]), (2, 3, 4), (2, 5, 4)), tmp_path / "cross.onnx",
          floats(2, 3, 4), floats(2, 5, 4))  # fmt: skip


def test_a_language_model_with_shared_heads_and_embeddings(tmp_path: Path) -> None:
    words, attend = layers.ReversibleEmbedding(7, 4), layers.GroupQueryAttention(3, 4, 2)

    def graph(x: Any) -> Any:
        seen = words(x)
        return words(attend(seen, seen, use_causal_mask=True), reverse=True)

    check(model_of(graph, (6,), dtype="int32"), tmp_path / "model.onnx", integers(7, 6))


ACTIVATIONS = ["celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
               "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
               "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh",
               "tanh_shrink"]  # fmt: skip


def test_activations(tmp_path: Path) -> None:
    def several(x: Any) -> list[Any]:
        return [getattr(keras.activations, name)(x * 2) for name in ACTIVATIONS] + [keras.activations.gelu(x, True)]

    check(model_of(several, (6,)), tmp_path / "model.onnx", floats(6))


def unary(x: Any) -> list[Any]:
    small, above = ops.tanh(x) * 0.9, ops.abs(x) + 1
    return [
        *(f(small) for f in (ops.arccos, ops.arcsin, ops.arctanh, ops.erf, ops.expm1, ops.log1p, ops.tan)),
        *(f(above) for f in (ops.reciprocal, ops.arccosh, ops.log, ops.log2, ops.log10, ops.sqrt, ops.rsqrt)),
        *(f(x) for f in (ops.sin, ops.cos, ops.sinh, ops.cosh, ops.arctan, ops.arcsinh, ops.ceil, ops.floor)),
        *(f(x) for f in (ops.sign, ops.negative, ops.square, ops.zeros_like, ops.ones_like, ops.stop_gradient)),
        *(f(x) for f in (ops.isnan, ops.isinf, ops.isfinite, ops.logical_not)), ops.full_like(x, 3.0),
        ops.clip(x, -1, 0.5), ops.copy(x), ops.cast(x, "int32"), ops.cast(x, "bool"),
        ops.cast(ops.cast(x * 3, "int32"), "float32"),
    ]  # fmt: skip


def binary(x: Any) -> list[Any]:
    a, b = x[:, :3], x[:, 3:]
    return [
        *(f(a, b) for f in (ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum, ops.equal)),
        *(f(a, b) for f in (ops.greater, ops.greater_equal, ops.less, ops.less_equal, ops.not_equal)),
        *(f(a > 0, b > 0) for f in (ops.logical_and, ops.logical_or, ops.logical_xor)), (ops.abs(a) + 1) ** b, 2 - a,
        1 / (a * a + 1), ops.mod(a, ops.abs(b) + 1), ops.floor_divide(a, ops.abs(b) + 1), ops.trunc(a), ops.round(a),
        ops.round(a, 1), ops.mod(ops.cast(a * 5, "int32"), 3), ops.floor_divide(ops.cast(a * 5, "int32"), 3),
        ops.where(a > b, a, 0.0), ops.cast(a, "int32") + ops.cast(b, "int32"),
        ops.cast(a, "int32") > 0.5, (a > 0) * b,
    ]  # fmt: skip


def reductions(x: Any) -> list[Any]:
    fs: list[Any] = [
        ops.sum,
        ops.mean,
        ops.max,
        ops.min,
        ops.amax,
        ops.amin,
        ops.prod,
        ops.logsumexp,
        ops.var,
        ops.std,
        ops.norm,
    ]
    return [
        *(f(x, axis=axis, keepdims=k) for f in fs for axis, k in ((1, False), (-1, True), ((1, 2), False))),
        *(f(x > 0, axis=1) for f in (ops.all, ops.any, ops.sum)), ops.max(x, 1, initial=0.5), ops.argmax(x, 1),
        ops.argmin(x, -1), ops.cumsum(x, 1), ops.softmax(x, (1, 2)), ops.log_softmax(x, (1, 2)), ops.sum(x, (1, 2)),
    ]  # fmt: skip


def shapes(x: Any) -> list[Any]:
    return [
        x[:, 1], x[:, :, -1], x[:, 1:3], x[:, ::-1], x[..., None, 1:], x[:, None], x[:, -2:, 0], x[:, 3:0:-2],
        ops.flip(x, 1), ops.reshape(x, (-1, 12)), ops.reshape(x, (-1, 3)), ops.transpose(x, (0, 2, 1)),
        ops.moveaxis(x, 1, -1),
        ops.swapaxes(x, 1, 2), ops.expand_dims(x, 1), ops.squeeze(x[:, :1], 1), ops.concatenate([x, x], 1), ops.tril(x),
        ops.triu(x, 1), ops.stack([x, x], 2), ops.repeat(x, 2, 1), ops.tile(x, (1, 2, 1)),
        ops.pad(x, ((0, 0), (1, 2), (0, 0))), ops.take(x, [2, 0], 1),
        ops.broadcast_to(x[:, None], (x.shape[0], 2, 4, 3)), ops.one_hot(ops.argmax(x, 1), 4),
        ops.one_hot(ops.argmax(x, 1), 4, axis=1), ops.zeros((x.shape[0], 2)) + x[:, 0, :2], *ops.split(x, 2, 1),
        ops.take_along_axis(x, ops.argmax(x, 1, keepdims=True), 1), ops.einsum("bij,bik->bjk", x, x),
        x @ ops.ones((3, 2)),
    ]  # fmt: skip


OPS: list[tuple[Callable[..., Any], tuple[int, ...]]] = [
    (unary, (3,)),
    (binary, (6,)),
    (reductions, (4, 3)),
    (shapes, (4, 3)),
]


@pytest.mark.parametrize(("function", "shape"), OPS)
def test_ops(function: Any, shape: tuple[int, ...], tmp_path: Path) -> None:
    class Net(Model):
        def call(self, x: Tensor) -> Any:
            return function(x)

    model = Net()
    model(np.zeros((2, *shape), "float32"))
    check(model, tmp_path / "model.onnx", floats(*shape))


def test_inputs_and_outputs_have_names(tmp_path: Path) -> None:
    inputs = {"left": Input((3,), name="left"), "right": Input((2,), name="right")}
    both = layers.Concatenate(name="both")(list(inputs.values()))
    model = Model(inputs, [both, layers.Dense(2, name="scores")(both)])
    path = tmp_path / "model.onnx"
    model.export(path, format="onnx", verbose=False)
    run = session(path)
    assert [(x.name, x.shape) for x in run.get_inputs()] == [("left", ["batch", 3]), ("right", ["batch", 2])]
    assert [(y.name, y.shape) for y in run.get_outputs()] == [("both", ["batch", 5]), ("scores", ["batch", 2])]
    data = {"left": floats(3)(4), "right": floats(2)(4)}
    for got, want in zip(run.run(None, data), model.predict(data, verbose=0), strict=True):
        np.testing.assert_allclose(got, want, 1e-5, 1e-5)


def test_models_of_all_kinds(tmp_path: Path) -> None:
    shared = layers.Dense(4, "relu")
    inner = Sequential([Input((4,)), layers.Dense(3), layers.BatchNormalization()])
    check(model_of(lambda x: inner(shared(shared(x[0]) + x[1])), (4,), (4,)), tmp_path / "a.onnx", floats(4), floats(4))
    lazy = Sequential([layers.Dense(3, "gelu"), layers.Dropout(0.5), layers.Dense(2)])
    lazy(np.ones((2, 4)))
    check(lazy, tmp_path / "b.onnx", floats(4))

    class Gate(layers.Layer):
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight((shape[-1], shape[-1]))

        def call(self, x: Any) -> Any:
            return x * (1 / (1 + np.exp(-(x @ self.kernel))))

    check(model_of(Gate(), (4,)), tmp_path / "c.onnx", floats(4))
    check(model_of(lambda x: x, (4,)), tmp_path / "d.onnx", floats(4))
    check(model_of(lambda x: [x, x], (4,)), tmp_path / "e.onnx", floats(4))


def test_other_axes_may_vary(tmp_path: Path) -> None:
    image = Sequential([Input((None, None, 3)), layers.Conv2D(4, 3, padding="same"), layers.MaxPooling2D(),
                        layers.GlobalAveragePooling2D(), layers.Dense(2)])  # fmt: skip
    for size in (8, 13):
        check(image, tmp_path / "model.onnx", floats(size, 9, 3))
    attend = layers.MultiHeadAttention(2, 3)
    check(model_of(lambda x: attend(x[0], x[1]), (None, 4), (None, 4)), tmp_path / "b.onnx", floats(7, 4), floats(3, 4))
    check(model_of(layers.Reshape((-1, 2)), (None, 4)), tmp_path / "c.onnx", floats(7, 4))


@pytest.mark.parametrize("activation", ["elu", "leaky_relu", "softsign", "hard_sigmoid"])
def test_recurrent_layers_with_other_activations(activation: Any, tmp_path: Path) -> None:
    """The node takes the constants of its activations as lists, and some have none."""
    gates: list[Any] = ["hard_sigmoid", activation]
    for kind, gate in ((layers.LSTM, gates[0]), (layers.LSTM, gates[1]), (layers.GRU, gates[0])):
        series = Sequential([Input((None, 3)), kind(4, activation=activation, recurrent_activation=gate)])
        check(series, tmp_path / "model.onnx", floats(6, 3))


@pytest.mark.parametrize("activation", ["selu", "softplus"])
def test_an_activation_that_the_node_lacks_is_translated_step_by_step(activation: Any, tmp_path: Path) -> None:
    check(Sequential([Input((5, 3)), layers.LSTM(4, activation=activation)]), tmp_path / "model.onnx", floats(5, 3))


def test_a_signature_gives_sizes(tmp_path: Path) -> None:
    series = Sequential([Input((None, 3)), layers.GRU(4, activation="swish")])
    with pytest.raises(NotImplementedError, match=r"The layer 'gru.*' \(GRU\).*`input_signature` may give sizes"):
        series.export(tmp_path / "model.onnx", format="onnx")
    spec = keras.InputSpec("float32", (None, 6, 3))
    check(series, tmp_path / "model.onnx", floats(6, 3), input_signature=[spec])
    spec = keras.InputSpec("float32", (2, 6, 3))
    series.export(tmp_path / "fixed.onnx", format="onnx", verbose=False, input_signature=[spec])
    assert session(tmp_path / "fixed.onnx").get_inputs()[0].shape == [2, 6, 3]


def test_versions_of_operators(tmp_path: Path) -> None:
    attend = layers.MultiHeadAttention(2, 3)
    model = model_of(lambda x: layers.LSTM(3)(attend(x, x)), (5, 4))
    for version in (18, 21, 23):
        check(model, tmp_path / "m.onnx", floats(5, 4), opset_version=version)
    with pytest.raises(ValueError, match=r"`opset_version` must be from 18 to .*opset_version=9"):
        model.export(tmp_path / "model.onnx", format="onnx", opset_version=9)


class Peeks(layers.Layer):
    def call(self, x: Any) -> Any:
        return x * 2 if float(ops.max(x)) > 0 else x


class Draws(layers.Layer):
    def call(self, x: Any) -> Any:
        return x + keras.random.normal(ops.shape(x))


class Counts(layers.Layer):
    def build(self, shape: Any) -> None:
        self.total = self.add_weight((3,), "zeros", trainable=False)

    def call(self, x: Any) -> Any:
        self.total.assign_add(ops.sum(x, 0))
        return x


class Numbers(layers.Layer):
    def call(self, x: Any) -> Any:
        return x + ops.reshape(ops.arange(x.shape[0], dtype="float32"), (-1, 1))


class Turns(layers.Layer):
    def call(self, x: Any) -> Any:
        return ops.flip(x)


class Inverts(layers.Layer):
    def call(self, x: Any) -> Any:
        return ops.inv(ops.reshape(x, (-1, 1, 1)) + 1)


@pytest.mark.parametrize(("cls", "reason"), [
    (Peeks, "its Python code looks at the values"), (Draws, "no conversion of the operation 'normal'"),
    (Counts, "it changes a variable"), (Numbers, "numbers that depend on the size of the batch"),
    (Turns, "does not cover this use of the operation 'flip'"), (Inverts, "no conversion of the operation 'inv'"),
])  # fmt: skip
def test_what_cannot_be_exported_is_named(cls: Any, reason: str, tmp_path: Path) -> None:
    model = Sequential([Input((3,)), layers.Dense(3), cls(name="mine")])
    path = tmp_path / "model.onnx"
    path.write_bytes(b"an older file")
    with pytest.raises(NotImplementedError, match=rf"^The layer 'mine' \({cls.__name__}\) cannot.*{reason}") as caught:
        model.export(path, format="onnx")
    assert "No file was written" in str(caught.value)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"an older file"]
    assert model(np.ones((2, 3), "float32")).shape[0] in (2, 6)  # nothing records any more


def test_a_state_from_call_to_call_is_refused(tmp_path: Path) -> None:
    model = Sequential([Input(batch_shape=(2, 5, 3)), layers.LSTM(4, stateful=True, name="memory")])
    with pytest.raises(NotImplementedError, match=r"'memory' \(LSTM\) .* state of the last call"):
        model.export(tmp_path / "model.onnx", format="onnx")


class AlwaysTraining(Model):
    def __init__(self) -> None:
        super().__init__()
        self.both = layers.Bidirectional(layers.LSTM(4), name="both")

    def call(self, x: Any) -> Any:
        return self.both(x, training=True)


def test_a_model_that_always_trains(tmp_path: Path) -> None:
    model = AlwaysTraining()
    model(np.ones((2, 5, 3), "float32"))
    check(model, tmp_path / "model.onnx", floats(5, 3))


@pytest.mark.parametrize("cls", RECURRENT)
def test_both_directions_give_states_after_any_number_of_steps(cls: Any, tmp_path: Path) -> None:
    x = Input((None, 4))
    y = layers.Bidirectional(cls(3, return_sequences=True, return_state=True))(x)
    check(Model(x, y), tmp_path / "model.onnx", floats(5, 4))


def test_models_without_shapes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has not yet been built"):
        Sequential([layers.Dense(1)]).export(tmp_path / "model.onnx", format="onnx")


def test_export_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Input((5, 3)), layers.LSTM(4, dropout=0.5), layers.BatchNormalization(), layers.Dense(1)])
    model.compile("adam", "mse")
    before = [v.numpy() for v in model.variables]
    model.export(tmp_path / "model.onnx", format="onnx")
    assert capsys.readouterr().out == f"Saved artifact at '{tmp_path / 'model.onnx'}'.\n"
    assert all(np.array_equal(a, v.numpy()) for a, v in zip(before, model.variables, strict=True))


def test_onnx_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'python -m pip install "\.\[onnx\]"'):
        model_of(layers.Dense(1), (3,)).export(tmp_path / "model.onnx", format="onnx")


def test_an_export_leaves_variables_as_they_were(tmp_path: Path) -> None:
    class Counting(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x: Any) -> Any:
            self.calls.assign(self.calls + 1)
            return 2 * x

    counting, dropout = Counting(), layers.Dropout(0.5)
    model = Sequential([Input((3,)), counting, dropout])
    seed = dropout.seed_generator.state.numpy()
    check(model, tmp_path / "counting.onnx", floats(3))
    model.export(tmp_path / "again.onnx", format="onnx", verbose=False)
    assert float(counting.calls) == 3  # the calls of `predict`, but none of `export`
    np.testing.assert_array_equal(dropout.seed_generator.state, seed)


def test_the_page_about_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "onnx.md").read_text("utf8")
    exec("\n".join(re.findall(r"```python\n(.*?)```", page, re.S)), {})
    assert [p.name for p in tmp_path.iterdir()] == ["roast.onnx"]


def test_models_of_several_arguments(tmp_path: Path) -> None:
    class Both(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, a: Any, b: Any) -> Any:
            return self.dense(a) - b

    model = Both()
    a, b = floats(3)(4), floats(2)(4)
    want = model(a, b)
    specs = [keras.InputSpec("float32", (None, 3)), keras.InputSpec("float32", (None, 2))]
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False, input_signature=specs)
    (got,) = session(tmp_path / "model.onnx").run(None, {"input_0": a, "input_1": b})
    np.testing.assert_allclose(got, want.numpy(), 1e-5, 1e-5)


def test_a_path_that_the_console_cannot_write_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BytesIO(), "cp1252")
    monkeypatch.setattr("sys.stdout", console)
    keras.Sequential([Input((2,)), layers.Dense(1)]).export(tmp_path / "层.onnx", format="onnx")
    assert console.buffer.getvalue().endswith(b"?.onnx'.\n")


def test_models_of_one_batch_size_need_a_signature(tmp_path: Path) -> None:
    x = Input((4,), batch_size=8)
    model = keras.Model(x, keras.ops.reshape(x, (8, 2, 2)))
    with pytest.raises(NotImplementedError, match=r"batches of 2 and 4 rows .*; `input_signature=.*` fixes sizes"):
        model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    spec = keras.InputSpec("float32", (8, 4))
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False, input_signature=[spec])
    (got,) = session(tmp_path / "model.onnx").run(None, {"input_0": floats(4)(8)})
    assert got.shape == (8, 2, 2)


def test_the_command_line_converts_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Input((4,)), layers.Dense(3, "softmax")])
    model.save(tmp_path / "a.keras")
    main(["convert", str(tmp_path / "a.keras"), str(tmp_path / "a.onnx")])
    x = floats(4)(5)
    run = session(tmp_path / "a.onnx")
    assert np.allclose(run.run(None, {run.get_inputs()[0].name: x})[0], model.predict(x, verbose=0), atol=1e-6)
    Sequential([Input((1,)), layers.Hashing(3)]).save(tmp_path / "b.keras")
    with pytest.raises(SystemExit) as end:
        main(["convert", str(tmp_path / "b.keras"), str(tmp_path / "b.onnx")])
    out, err = capsys.readouterr()
    assert (end.value.code, out, err.count("\n")) == (1, "", 1)
    assert "'hashing' (Hashing) cannot be exported" in err
    assert not (tmp_path / "b.onnx").exists()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_celu_in_every_float(dtype: Any, tmp_path: Path) -> None:
    """ONNX has an operator of that name for float32 alone."""
    model = model_of(lambda x: layers.Activation(keras.activations.celu, dtype=dtype)(x), (6,), dtype=dtype)
    check(
        model,
        tmp_path / "model.onnx",
        lambda n: floats(6)(n).astype(dtype),
        within=1e-2 if dtype == "float16" else 1e-5,
    )
    model = model_of(lambda x: ops.celu(x, alpha=0.5), (6,))
    check(model, tmp_path / "model.onnx", floats(6))


def test_only_whole_numbers_are_classes(tmp_path: Path) -> None:
    model = model_of(lambda x: [ops.one_hot(x, 3), ops.one_hot(x, 3, axis=1)], (4,))
    check(model, tmp_path / "model.onnx", lambda n: np.tile(np.array([0.7, 1.0, 1.9, -1.0], "float32"), (n, 1)))


def test_names_may_be_those_of_constants(tmp_path: Path) -> None:
    inputs = Input((4,), name="constant_0")
    model = Model(inputs, layers.Dense(2, name="constant_2")(layers.Dense(3, name="constant_1")(inputs)))
    check(model, tmp_path / "model.onnx", floats(4))


@pytest.mark.parametrize("function", [ops.absolute, ops.maximum, ops.isnan], ids=lambda f: f.__name__)
def test_dtypes_that_an_operator_does_not_take_are_refused(function: Any, tmp_path: Path) -> None:
    def call(x: Any) -> Any:
        return function(x, ops.logical_not(x)) if function is ops.maximum else function(x)

    model = model_of(layers.Lambda(call, name="mine"), (3,), dtype="bool")
    assert model.predict(np.array([[True, False, True]]), verbose=0).shape == (1, 3)
    with pytest.raises(
        NotImplementedError, match=r"cannot be exported .* mine/.* unsupported type.*No file was written"
    ):
        model.export(tmp_path / "model.onnx", format="onnx")
    assert not list(tmp_path.iterdir())
