"""The text of `summary`, beside what Keras prints with rich: same facts, same bytes."""

import io
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import pytest
import rich.console
import rich.markup
import rich.table
from hypothesis import given, settings, strategies as st
from keras.src.utils.summary_utils import print_summary

from minikeras._display.summary import Row, readable_memory_size, render, summarize

# Keras on NumPy infers shapes by running layers on memory that nobody has set.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

POSITIONS = [None, [0.33, 0.55, 0.67, 1.0], [0.3, 0.5, 0.8, 0.9]]


@pytest.fixture(autouse=True)
def facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Keras's own layers and models the methods that our summary asks for."""
    monkeypatch.setattr(keras.Operation, "_out_shapes", output_shapes, raising=False)
    monkeypatch.setattr(keras.Model, "_shown_links", connections, raising=False)


def output_shapes(layer: Any) -> Any:
    if layer._inbound_nodes:
        return keras.tree.map_structure(lambda x: x.shape, layer._inbound_nodes[-1].output_tensors)
    if not getattr(layer, "_build_shapes_dict", None):
        return None
    try:
        return layer.compute_output_shape(**layer._build_shapes_dict)
    except NotImplementedError:
        return None


def connections(model: Any) -> dict[int, list[tuple[str, int, int]]] | None:
    if not isinstance(model, keras.models.Model) or not hasattr(model, "_nodes_by_depth"):
        return None
    depths = model._nodes_by_depth.values()
    nodes = [node for depth in depths for node in depth]
    single = all(len(depth) == 1 and len(keras.tree.flatten(depth[0].input_tensors)) <= 1 for depth in depths)
    if single and len({id(node.operation) for node in nodes}) == len(nodes):
        return None
    inputs: dict[int, list[tuple[str, int, int]]] = {}
    for node in sorted(nodes, key=lambda node: node.operation._inbound_nodes.index(node)):
        for history in (x._keras_history for x in node.input_tensors):
            source = (history.operation.name, history.node_index, history.tensor_index)
            inputs.setdefault(id(node.operation), []).append(source)
    return inputs


def printed(summary: Callable[..., None], model: Any, **options: Any) -> str | type[Exception]:
    lines: list[str] = []
    try:
        summary(model, print_fn=lines.append, **options)
    except ValueError:
        return ValueError
    return "".join(lines)


def same(model: Any, **options: Any) -> None:
    assert printed(summarize, model, **options) == printed(print_summary, model, **options)


def mlp() -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((20,)), layers.Dense(64, activation="relu"), layers.Dropout(0.5), layers.Dense(10)]
    )
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def unbuilt() -> Any:
    return keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(4, name="x" * 50)], name="n " * 60)


def convolutions() -> Any:
    layers = keras.layers
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()], name="in")
    return keras.Sequential([keras.Input((8, 8, 3)), inner, layers.Flatten(), layers.Dense(1000)], name="outer")


def residual() -> Any:
    inputs = keras.Input((4,), name="inputs")
    shared = keras.layers.Dense(4, name="shared")
    tower_input = keras.Input((4,))
    tower = keras.Model(tower_input, keras.layers.Dense(4)(keras.layers.Dense(4)(tower_input)), name="tower")
    x = keras.layers.add([shared(inputs), shared(tower(inputs)), inputs * 2.0])
    merged = keras.layers.Concatenate(name="a_rather_long_name_for_a_concatenation")([x, inputs, keras.ops.relu(x)])
    return keras.Model(inputs, [merged, x], name="residual")


def chain() -> Any:
    inputs = keras.Input((None, 4))
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.LSTM(3, return_sequences=True)(inputs)))


def shared_chain() -> Any:
    inputs, dense = keras.Input((4,)), keras.layers.Dense(4)
    return keras.Model(inputs, dense(dense(inputs)))


def many_outputs() -> Any:
    class Split(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
        def call(self, x: Any) -> Any:
            return {"b": x, "a": [x * 2, (x, x + 1)]}

    inputs = keras.Input((4,))
    sequence, state_h, state_c = keras.layers.LSTM(3, return_state=True)(keras.ops.expand_dims(inputs, 1))
    return keras.Model(inputs, [Split()(inputs), sequence, state_h, state_c])


def subclassed() -> Any:
    class Net(keras.Model):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__(name="net")
            self.hidden, self.out = keras.layers.Dense(3), keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.out(self.hidden(x))

    model = Net()
    model(keras.ops.ones((1, 2)))
    return model


MODELS = [mlp, unbuilt, convolutions, residual, chain, shared_chain, many_outputs, subclassed]


class Terminal(io.StringIO):
    """A terminal that keeps what is printed."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def styled(summary: Callable[..., None], model: Any, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[Any]:
    """Return each character of a summary in a terminal with its style, spaces without."""
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", terminal)
        summary(model, **options)
    style, characters = "", []
    for part in re.split("(\x1b\\[[\\d;]*m)", terminal.getvalue()):
        if part.startswith("\x1b"):
            style = part[2:-1].removeprefix("0")
        else:
            characters += [(character, style if character != " " else "") for character in part]
    return characters


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_colours_in_a_terminal(make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLORTERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "110")
    model = make()
    for options in ({}, {"show_trainable": True, "expand_nested": True}):
        ours, theirs = (styled(summary, model, monkeypatch, **options) for summary in (summarize, print_summary))
        assert ours == theirs
        assert {"38;5;34", "1"} <= {style for _, style in ours}


@pytest.mark.parametrize("columns", [30, 80, 120, 200])
@pytest.mark.parametrize("make", MODELS)
def test_real_models(make: Callable[[], Any], columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    model = make()
    for expand_nested in (False, True):
        for show_trainable in (False, True):
            for line_length in (None, 40, 66, 90, 130):
                same(model, line_length=line_length, expand_nested=expand_nested, show_trainable=show_trainable)


@pytest.mark.parametrize("columns", [50, 80, 150])
@pytest.mark.parametrize("make", [mlp, residual])
def test_every_line_length(make: Callable[[], Any], columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    model = make()
    for line_length in range(60, 141):
        for positions in POSITIONS:
            same(model, line_length=line_length, positions=positions, show_trainable=line_length % 2 == 0)


@pytest.mark.parametrize("layer_range", [["dense", "dense"], ["dropout", "dense_1"], ["dense_1", "dense$"],
                                         ["x", "dense"], ["dense"], [1, 2], (".*", "drop")])  # fmt: skip
def test_layer_range(layer_range: Any) -> None:
    same(mlp(), layer_range=layer_range)


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025.5, 1024**2 - 1, 1024**2, 12345678.9, 1024**5])
def test_memory_size(size: float) -> None:
    assert readable_memory_size(size) == keras.src.utils.summary_utils.readable_memory_size(size)


# Letters, breaks, brackets like markup, wide and combining characters; no emoji names such as :smile:,
# which rich would replace, and no backslash, which it may double.
pieces = st.sampled_from([*"ab1_-  .[](){}/=#日本語가", "e\u0301", "[bold]", "[/]", "dense", "long_" * 5, "\n", "é"])
texts = st.lists(pieces, max_size=25).map("".join)
rows = st.builds(
    Row,
    name=texts,
    class_name=st.sampled_from(["Dense", "MultiHeadAttention", "Ünïcödé"]),
    output_shape=st.sampled_from(["?", "(None, 3)", "[(None, 128), (None, 128)]", "{a: (None, None, 12)}"]),
    params=st.sampled_from(["0", "0 (unbuilt)", "12", "1,234,567,890"]),
    connected=texts.filter(lambda text: text != ""),
    trainable=st.sampled_from(["Y", "N", "-"]),
    level=st.integers(0, 3),
)


@settings(max_examples=500)
@given(
    title=texts, rows=st.lists(rows, max_size=4), length=st.integers(40, 140),
    columns=st.sampled_from([20, 60, 80, 100, 160]), positions=st.sampled_from(POSITIONS),
    show_trainable=st.booleans(), connected=st.booleans(),
)  # fmt: skip
def test_any_text(
    title: str, rows: list[Row], length: int, columns: int, positions: list[float] | None,
    show_trainable: bool, connected: bool,
) -> None:  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        try:
            shown = render(title, rows, {"Total": (3, 4.0)}, length, positions, show_trainable, connected)
        except ValueError:
            return
        assert shown == drawn_by_rich(title, rows, length, positions, show_trainable, connected)


def drawn_by_rich(
    title: str,
    rows: list[Row],
    length: int,
    positions: list[float] | None,
    show_trainable: bool,
    connected: bool,
) -> str:
    header: list[tuple[str, Any]] = [("Layer (type)", "left"), ("Output Shape", "left"), ("Param #", "right")]
    ends = positions or ([0.3, 0.56, 0.74, 1.0] if connected else [0.45, 0.8, 1.0])
    if connected:
        header.append(("Connected to", "left"))
    if show_trainable:
        header.append(("Trainable", "center"))
        ends = [0.9 * end for end in ends] + [1.0]
    stops = [0, *(int(end * length) for end in ends)]
    table = rich.table.Table(
        *(
            rich.table.Column(name, justify=justify, width=stops[i + 1] - stops[i])
            for i, (name, justify) in enumerate(header)
        ),
        width=length,
        show_lines=True,
    )
    for row in rows:
        indent = "   " * row.level + "└ " if row.level else ""
        name = rich.markup.escape(indent + row.name) + f" ([color(33)]{row.class_name}[/])"
        cells = [name, rich.markup.escape(row.output_shape), row.params]
        cells += [rich.markup.escape(row.connected or "-")] * connected + [row.trainable or "-"] * show_trainable
        table.add_row(*cells)
    console = rich.console.Console(highlight=False, force_terminal=False, color_system=None)
    console.begin_capture()
    console.print(f'[bold]Model: "{rich.markup.escape(title)}"[/]')
    console.print(table)
    console.print("[bold] Total params: [/][color(34)]3[/] (4.00 B)")
    return str(console.end_capture())


class FakeLayer:
    """What both summaries read of a layer."""

    _inbound_nodes = ()

    def __init__(self, name: str, shapes: Any, count: int, built: bool, trainable: bool) -> None:
        self.name, self.built, self.trainable = name, built, trainable
        self.weights = [SimpleNamespace(shape=(count,), dtype="float32")] if count else []
        self._build_shapes_dict = {"input_shape": shapes} if built else {}

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def count_params(self) -> int:
        return sum(w.shape[0] for w in self.weights)

    _out_shapes = output_shapes


sizes = st.none() | st.integers(1, 10**6)
shapes = st.lists(sizes, max_size=5).map(tuple)
layers = st.builds(
    FakeLayer, texts, shapes | st.lists(shapes, min_size=2, max_size=3), st.integers(0, 10**7), st.booleans(),
    st.booleans(),
)  # fmt: skip


@settings(max_examples=300)
@given(name=texts, layers=st.lists(layers, max_size=4), line_length=st.integers(1, 140), trainable=st.booleans())
def test_any_model(name: str, layers: list[FakeLayer], line_length: int, trainable: bool) -> None:
    model = SimpleNamespace(name=name, layers=layers, compiled=False)
    model.trainable_weights = [w for layer in layers for w in layer.weights if layer.trainable]
    model.non_trainable_weights = [w for layer in layers for w in layer.weights if not layer.trainable]
    same(model, line_length=line_length, show_trainable=trainable)


def test_output_that_knows_only_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    model = mlp()
    shown = printed(summarize, model, line_length=60)
    assert shown == printed(print_summary, model, line_length=60)
    assert isinstance(shown, str)
    assert re.search(r"^\+-+\+$", shown, re.MULTILINE)
