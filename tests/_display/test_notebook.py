"""What a notebook shows of models, layers, histories and tensors, and what a terminal does not."""

import sys
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras.layers import Add, Dense, Dropout


class Page(HTMLParser):
    """Reads HTML into the text of its cells by row, its titles, and how deep each of them lies."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.titles: list[tuple[int, str]] = []
        self.tags: set[str] = set()
        self.unfolded = 0
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.unfolded += ("open", None) in attrs
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] == "summary":
            self.titles.append((self.open.count("details"), data))
        else:
            self.rows[-1][-1] += data


def read(thing: Any) -> Page:
    return Page(thing._repr_html_())


def in_ipython(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    shell = SimpleNamespace(display_formatter=SimpleNamespace(active_types=[*kinds]))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def twins() -> keras.Model:
    inner = keras.Sequential([keras.Input((3,)), Dense(4, name="d"), Dropout(0.5, name="drop")], name="inner")
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    model = keras.Model([a, b], Dense(1, name="head")(Add(name="sum")([inner(a), inner(b)])), name="twins")
    model.layers[-1].trainable = False
    return model


def fitted() -> keras.callbacks.History:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    return model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=30, verbose=0)


def things() -> list[Any]:
    return [twins(), fitted(), Dense(2), keras.Tensor(np.ones(1)), keras.Input((2,))]


def test_a_model_is_a_table_in_which_models_fold() -> None:
    page = read(twins())
    assert page.titles == [(1, "Functional 'twins', 21 params, 16 trainable"),
                           (2, "Sequential 'inner', 16 params, 16 trainable")]  # fmt: skip
    assert page.unfolded == 1  # the outer one
    head, *rows = page.rows
    assert head == ["layer", "type", "output shape", "params", "connected to"]
    assert rows[0] == ["a", "InputLayer", "(None, 3)", "0", "-"]
    assert ["d", "Dense", "(None, 4)", "16"] in rows
    assert rows[-1] == ["head", "Dense", "(None, 1)", "5", "sum[0][0]"]


def test_models_without_layers_shapes_or_a_graph_are_shown_too() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.d = Dense(2)

    assert read(keras.Sequential(name="none")).titles == [(1, "Sequential 'none', 0 params, 0 trainable")]
    assert read(keras.Sequential([Dense(2, name="d")])).rows[1] == ["d", "Dense", "?", "0 (unbuilt)"]
    assert read(Own()).rows[1][1:] == ["Dense", "?", "0 (unbuilt)"]


def test_a_history_is_its_numbers_and_blocks_as_high(monkeypatch: pytest.MonkeyPatch) -> None:
    history = keras.callbacks.History()
    for epoch, loss in enumerate([4.0, 3.0, float("nan"), 2.0, 0.5]):
        history.on_epoch_end(epoch, {"loss": loss, "each": np.array([loss, loss + 2])} | {"late": 1.0} if epoch else {})
    page = read(history)
    assert page.titles == [(1, "History of 5 epochs")]
    assert page.rows[0] == ["metric", "last", "min", "max", "by epoch"]
    assert page.rows[1] == ["loss", "0.5", "nan", "nan", "█·▅▁"]
    assert page.rows[2] == ["each", "1.5", "nan", "nan", "█·▅▁"]
    assert page.rows[3] == ["late", "1", "1", "1", "▁▁▁▁"]
    history.history["words"], history.history["none"] = ["a", "b"], []
    assert read(history).rows[4:] == [["words", "nan", "nan", "nan", "·"], ["none", "nan", "nan", "nan", "·"]]
    in_ipython(monkeypatch, "text/plain", "text/html")
    history = fitted()
    lines = history._repr_mimebundle_()["text/plain"].splitlines()
    assert lines[0] == "History of 30 epochs"
    last = f"{history.history['loss'][-1]:.4g}"
    assert lines[2].split()[:2] == ["loss", last]
    blocks = lines[2].split()[-1]
    assert (len(blocks), blocks[0], blocks[-1]) == (24, "█", "▁")
    assert lines[1].index("by epoch") == lines[2].index(blocks)  # columns are columns


def test_a_layer_is_its_weights_and_a_tensor_its_values() -> None:
    layer = twins().layers[-1]
    page = read(layer)
    assert page.titles == [(1, "Dense 'head', built")]
    assert page.rows[1:] == [["head/kernel", "(4, 1)", "float32", "no"], ["head/bias", "(1,)", "float32", "no"]]
    assert read(Dense(2, name="d")).titles == [(1, "Dense 'd', not built")]
    page = read(keras.Tensor(np.array([[1, 2], [3, 4]])))
    assert (page.titles, page.rows) == ([(1, "Tensor of shape (2, 2), int64")], [["[[1, 2],\n [3, 4]]"]])
    assert len(keras.Tensor(np.zeros((100, 100, 100)))._repr_html_()) < 1000
    page = read(keras.Input((2,)))
    assert (page.titles, page.rows) == ([(1, "KerasTensor of shape (None, 2), float32")], [])


def test_names_are_text() -> None:
    name = "<details><script>alert(1)<script>"
    page = read(keras.Sequential([keras.Input((1,)), Dense(1, name=name.replace("/", ""))], name=name))
    assert page.tags == {"details", "summary", "table", "tr", "td"}
    assert page.rows[1][0] == name
    assert read(keras.ops.convert_to_tensor(["<b>"])).rows == [["['<b>']"]]


def test_the_text_goes_along_in_a_notebook_and_a_terminal_keeps_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    for thing in things():
        assert thing._repr_mimebundle_() == {}  # plain Python
    in_ipython(monkeypatch, "text/plain")
    for thing in things():
        assert thing._repr_mimebundle_(include=None, exclude=None) == {}
    in_ipython(monkeypatch, "text/plain", "text/html", "image/png")
    for thing in things():
        bundle = thing._repr_mimebundle_(include=None, exclude=None)
        assert bundle["text/html"] == thing._repr_html_()
        assert "<" not in bundle["text/plain"].replace(repr(thing), "")
    model, lines = twins(), list[str]()
    model.summary(print_fn=lines.append)
    assert model._repr_mimebundle_()["text/plain"] == "".join(lines)
    assert repr(model) == "<Functional name=twins, built=True>"


def test_showing_neither_prints_nor_changes_anything(capsys: pytest.CaptureFixture[str]) -> None:
    x = keras.Tensor(np.ones(1))
    with keras.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        y._repr_html_()
    assert np.asarray(tape.gradient(y, x)).tolist() == [2]
    read(keras.Sequential([Dense(2)]))
    assert capsys.readouterr().out == ""
