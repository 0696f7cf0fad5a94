"""The summary table, drawn from hand-written facts."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

import minikeras as keras
from minikeras._display.summary import (
    Row,
    count_weights,
    format_shapes,
    layer_bounds,
    readable_memory_size,
    render,
    summarize,
)


class Weight(NamedTuple):
    shape: tuple[int, ...]
    dtype: str = "float32"


class Dense:
    def __init__(self, name: str, *weights: Weight, built: bool = True, trainable: bool = True) -> None:
        self.name, self.weights, self.built, self.trainable = name, weights, built, trainable

    def count_params(self) -> int:
        return count_weights(self.weights)[0]

    def _out_shapes(self) -> Any:
        return (None, 3) if self.built else None


class Add:
    name = "add"


class Optimizer:
    built = True
    variables = (Weight((), "int64"), Weight((12,)))


class Net(Dense):
    def __init__(self, name: str, layers: Sequence[Any], **options: Any) -> None:
        super().__init__(name, **options)
        self.layers = layers
        self.trainable_weights = [w for layer in layers for w in getattr(layer, "weights", ())]
        self.non_trainable_weights = [Weight((8,), "bool")]
        self.weights = (*self.trainable_weights, *self.non_trainable_weights)
        self.optimizer: Optimizer | None = None


def text(model: Net, **options: Any) -> str:
    printed: list[str] = []
    summarize(model, print_fn=printed.append, **options)
    (whole,) = printed
    return whole


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_whole_table() -> None:
    net = Net("net", [Dense("hidden", Weight((3, 3)), Weight((3,))), Dense("late", built=False), Add()])
    net.optimizer = Optimizer()
    assert (
        text(net, line_length=60, show_trainable=True)
        == """\
Model: "net"
┏━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━┓
┃ Layer (type)          ┃ Output Shape     ┃ Param # ┃ Tr… ┃
┡━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━┩
│ hidden (Dense)        │ (None, 3)        │      12 │  Y  │
├───────────────────────┼──────────────────┼─────────┼─────┤
│ late (Dense)          │ ?                │       0 │  -  │
│                       │                  │ (unbui… │     │
├───────────────────────┼──────────────────┼─────────┼─────┤
│ add (Add)             │ ?                │       0 │  -  │
└───────────────────────┴──────────────────┴─────────┴─────┘
 Total params: 33 (105.00 B)
 Trainable params: 12 (48.00 B)
 Non-trainable params: 8 (1.00 B)
 Optimizer params: 13 (56.00 B)
"""
    )


def test_nested_models_are_listed_if_asked() -> None:
    outer = Net("outer", [Net("inner", [Dense("a", Weight((2,)), trainable=False)])])
    shown = text(outer, line_length=50, expand_nested=True).splitlines()
    assert "│ inner (Net)         │ (None, 3)      │      10 │" in shown
    assert "│    └ a (Dense)      │ (None, 3)      │       2 │" in shown
    assert not any("└ a" in line for line in text(outer, line_length=50).splitlines())


def test_connections_are_those_of_the_outer_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    inner = Net("inner", [Dense("a")])

    class Graph(Net):
        def _shown_links(self) -> dict[int, list[tuple[str, int, int]]]:
            return {id(inner): [("x", 0, 0), ("y", 2, 1)]}

    shown = text(Graph("graph", [Dense("x"), inner]), line_length=100, expand_nested=True)
    inputs = [line.split("│")[4].strip() for line in shown.splitlines() if line.startswith("│")]
    assert inputs == ["-", "x[0][0], y[2][1]", "-"]


def test_operations_come_before_layers() -> None:
    class Graph(Net):
        _operations = (Add(),)

    assert "add (Add)" in text(Graph("graph", [Dense("x")]))


def test_long_and_wide_text() -> None:
    rows = [Row("名前が長い層", "Dense", "?", "0"), Row("a_word_longer_than_that and", "A", "?", "1,000,000")]
    assert (
        render("net", rows, {"Total": (3, 4)}, line_length=40)
        == """\
Model: "net"
┏━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━┓
┃                 ┃ Output     ┃ Param ┃
┃ Layer (type)    ┃ Shape      ┃     # ┃
┡━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━┩
│ 名前が長い層    │ ?          │     0 │
│ (Dense)         │            │       │
├─────────────────┼────────────┼───────┤
│ a_word_longer_… │ ?          │ 1,00… │
│ and (A)         │            │       │
└─────────────────┴────────────┴───────┘
 Total params: 3 (4.00 B)
"""
    )


def test_a_system_without_terminals_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delattr(os, "get_terminal_size")
    assert len(render("a model", [], {}).splitlines()[1]) == 76


def test_lines_end_at_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    shown = render("a model with a long name", [], {"Total": (3, 4)}, line_length=40)
    assert shown.splitlines() == [
        'Model: "a model with',
        'a long name"',
        "┏━━━━━━━━━━━━━━━━━┳━",
        "┃                 ┃ ",
        "┃ Layer (type)    ┃ ",
        "┡━━━━━━━━━━━━━━━━━╇━",
        "└─────────────────┴─",
        " Total params: 3 ",
        "(4.00 B)",
    ]


@pytest.mark.parametrize(
    ("columns", "connected", "trainable", "length"),
    [(200, False, False, 88), (200, False, True, 100), (200, True, False, 108), (200, True, True, 120),
     (60, False, False, 56), (80, True, True, 76)],
)  # fmt: skip
def test_default_length(
    monkeypatch: pytest.MonkeyPatch, columns: int, connected: bool, trainable: bool, length: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = render("net", [], {}, None, None, trainable, connected).splitlines()
    assert {len(line) for line in lines[1:]} == {length}


def test_a_notebook_has_115_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert max(map(len, render("net", [], {}, line_length=140).splitlines())) == 115
    monkeypatch.setenv("JUPYTER_COLUMNS", "130")
    assert max(map(len, render("net", [], {}, line_length=140).splitlines())) == 130


def test_output_that_knows_only_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    summarize(Net("net", [Dense("café")]), line_length=50)
    stdout.seek(0)
    assert stdout.read().splitlines()[:5] == [
        'Model: "net"',
        "+------------------------------------------------+",
        "| Layer (type)        | Output Shape   | Param # |",
        "|---------------------+----------------+---------|",
        "| caf? (Dense)        | (None, 3)      |       0 |",
    ]


@pytest.mark.parametrize(
    ("variables", "in_terminal", "coloured"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    variables: dict[str, str], in_terminal: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: in_terminal)
    monkeypatch.setattr(sys, "stdout", out)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.summary()
    assert ("\x1b[1m" in out.getvalue()) == coloured
    assert "dense" in out.getvalue()
    model.summary(print_fn=lambda text: None if "\x1b" not in text else pytest.fail(text))


def test_prints_without_a_print_fn(capsys: pytest.CaptureFixture[str]) -> None:
    net = Net("net", [Dense("a")])
    summarize(net)
    assert capsys.readouterr().out == text(net)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"line_length": 10}, "Insufficient console width"),
        ({"positions": [0.5, 0.51, 1.0]}, "Insufficient console width"),
        ({"positions": [0.5, 1.0]}, "each of 3 columns needs a position"),
        ({"layer_range": ["a"]}, "two strings"),
        ({"layer_range": ["a", 3]}, "two strings"),
        ({"layer_range": ["a", "nowhere"]}, "matches none"),
    ],
)
def test_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        text(Net("net", [Dense("a")]), **options)


def test_layer_range() -> None:
    names = ["input", "dense", "dense_1", "dense_2", "output"]
    assert layer_bounds(names) == (0, 5)
    assert layer_bounds(names, ("dense", "dense")) == (1, 4)
    assert layer_bounds(names, ("dense_1$", "output")) == (2, 5)
    assert layer_bounds(names, ("output", "dense_1")) == (2, 5)
    net = Net("net", [Dense(name) for name in names])
    assert text(net, layer_range=["dense_1", "dense_2"]).count("(Dense)") == 2


def test_shapes() -> None:
    assert format_shapes(()) == "()"
    assert format_shapes(((None, 2, 3),)) == "(None, 2, 3)"
    assert format_shapes(((None, 2), (3, None))) == "((None, 2), (3, None))"
    assert format_shapes([(None, 2), [(1,), (2,)]]) == "[(None, 2), [(1), (2)]]"


def test_counts() -> None:
    assert count_weights([]) == (0, 0)
    weights: list[tuple[tuple[int, ...], str]] = [((), "int64"), ((2, 5), "float16"), ((4,), "uint8")]
    assert count_weights(weights) == (15, 8 + 20 + 4)
    assert readable_memory_size(1023) == "1023.00 B"
    assert readable_memory_size(1024) == "1.00 KB"
    assert readable_memory_size(5 * 1024**5) == "5.00 PB"
    assert readable_memory_size(5 * 1024**6) == "5120.00 PB"


def test_outputs_of_a_model_in_a_subclass() -> None:
    class Outer(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            x = keras.Input((4,))
            self.inner = keras.Model(x, {"a": x, "b": [x + 1]}, name="inner")

        def call(self, x: Any) -> Any:
            return self.inner(x)["a"]

    model, lines = Outer(), list[str]()
    model([[1.0, 2.0, 3.0, 4.0]])
    model.summary(print_fn=lines.append)
    assert "│ ((None, 4), (None, 4)) │" in "\n".join(lines)
