"""Models as pictures: where things stand, what is drawn without Graphviz and with it, and what is missing."""

import importlib
import re
import sys
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

import minikeras as keras
from minikeras._base import lazy
from minikeras.layers import Add, Dense, Dropout
from minikeras.utils import model_to_dot, model_visualization, plot_model
from minikeras.utils.graph_layout import BETWEEN_PARTS, BETWEEN_RANKS, arrange

SIZES = st.tuples(st.floats(1, 200), st.floats(1, 200))


def chain() -> keras.Sequential:
    inner = keras.Sequential([Dense(4, activation="relu", name="d1"), Dropout(0.5, name="drop")], name="inner")
    return keras.Sequential([keras.Input((2,)), inner, Dense(1, activation="sigmoid", name="d2")], name="outer")


def branches() -> keras.Model:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    x = Dense(4, name="x")(a)
    y = Dense(4, name="y")(x)
    return keras.Model([a, b], Add(name="sum")([x, y, Dense(4, name="z")(b)]), name="net")


def without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)


def svg(model: keras.Model, folder: Path, **arguments: Any) -> str:
    """Return the picture matplotlib draws, in a format whose text can be read."""
    matplotlib = importlib.import_module("matplotlib")
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        plot_model(model, folder / "model.svg", **arguments)
    return (folder / "model.svg").read_text(encoding="utf8")


def texts(picture: str) -> list[str]:
    return re.findall(r"<text .*?>(.*?)</text>", picture)


# --- where things stand


def test_a_chain_of_nodes_is_drawn_in_one_line() -> None:
    found = arrange([(10.0, 10.0), (30.0, 20.0), (10.0, 10.0)], [(0, 1), (1, 2)])
    assert found.places == [(10.0, 0.0), (0.0, 10 + BETWEEN_RANKS), (10.0, 30 + 2 * BETWEEN_RANKS)]
    assert found.size == (30.0, 40 + 2 * BETWEEN_RANKS)
    assert found.gaps == [(10.0, 10 + BETWEEN_RANKS), (30 + BETWEEN_RANKS, 30 + 2 * BETWEEN_RANKS)]


def test_a_skipping_link_passes_beside_what_it_skips() -> None:
    found = arrange([(10.0, 10.0)] * 3, [(0, 1), (1, 2), (0, 2)])
    assert found.ranks == [0, 1, 2]
    (lane,) = found.lanes[0, 2]
    middle = found.places[1][0] + 5
    assert abs(lane - middle) >= 5 + BETWEEN_PARTS / 2


def test_an_input_stands_right_before_what_takes_it() -> None:
    assert arrange([(1.0, 1.0)] * 4, [(0, 1), (1, 3), (2, 3)]).ranks == [0, 1, 1, 2]


def test_graphs_with_loops_and_empty_graphs_can_be_arranged() -> None:
    assert arrange([(1.0, 1.0)] * 2, [(0, 1), (1, 0), (0, 0)]).ranks == [0, 1]
    assert arrange([], []).size == (0.0, 0.0)


@given(st.lists(SIZES, min_size=1, max_size=9), st.data())
def test_nothing_overlaps(sizes: list[tuple[float, float]], data: st.DataObject) -> None:
    pairs = list(combinations(range(len(sizes)), 2))
    links = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    found = arrange(sizes, links)
    for (a, p), (b, q) in combinations(zip(sizes, found.places, strict=True), 2):
        apart = [min(abs(p[i] + a[i] - q[i]), abs(q[i] + b[i] - p[i])) for i in (0, 1)]
        over = [p[i] < q[i] + b[i] - 1e-6 and q[i] < p[i] + a[i] - 1e-6 for i in (0, 1)]
        assert not all(over), (p, a, q, b, apart)
    for start, end in links:
        assert found.places[start][1] + sizes[start][1] < found.places[end][1]
        passed = range(found.ranks[start] + 1, found.ranks[end])
        for rank, lane in zip(passed, found.lanes[start, end], strict=True):  # beside all boxes, and within the picture
            boxes = (p[0] + a[0] for a, p, r in zip(sizes, found.places, found.ranks, strict=True) if r == rank)
            assert max(boxes, default=0) < lane - 1e-6 <= found.size[0]
    for size, place in zip(sizes, found.places, strict=True):
        assert all(place[i] >= -1e-6 and place[i] + size[i] <= found.size[i] + 1e-6 for i in (0, 1))


# --- drawn by matplotlib


def test_what_the_boxes_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_graphviz(monkeypatch)
    assert texts(svg(chain(), tmp_path)) == ["Sequential", "Dense"]
    assert texts(svg(chain(), tmp_path, show_layer_names=True)) == ["inner", " (Sequential)", "d2", " (Dense)"]
    everything = ("show_shapes", "show_dtype", "show_layer_activations", "show_trainable", "expand_nested")
    found = texts(svg(chain(), tmp_path, **dict.fromkeys(everything, True)))
    first = ["inner", "Dense", "Activation: ", "relu", "Input shape: ", "(None, 2)", "Output shape: ", "(None, 4)",
             "Output dtype: ", "float32", "Trainable"]  # fmt: skip
    assert found[: len(first)] == first
    assert found[len(first) :][:3] == ["Dropout", "Input shape: ", "(None, 4)"]
    model = chain()
    model.trainable = False
    assert "Non-trainable" in texts(svg(model, tmp_path, show_trainable=True))


def test_arrows_and_directions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_graphviz(monkeypatch)
    sizes = {}
    for rankdir in ("TB", "LR", "BT", "RL"):
        picture = svg(branches(), tmp_path, rankdir=rankdir, show_layer_names=True)
        assert sorted(t for t in texts(picture) if "(" not in t) == ["a", "b", "sum", "x", "y", "z"]
        box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)
        assert box
        sizes[rankdir] = [float(box[1]), float(box[2])]
        places = {  # where the names stand
            name: (float(x), float(y))
            for x, y, name in re.findall(r'<text [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*>(\w+)</text>', picture)
        }
        axis, sign = {"TB": (1, 1), "LR": (0, 1), "BT": (1, -1), "RL": (0, -1)}[rankdir]
        order = [sign * places[name][axis] for name in ("a", "x", "y", "sum")]
        assert order == sorted(order)
    assert sizes["TB"] == sizes["BT"]
    assert sizes["LR"] == sizes["RL"]
    assert sizes["LR"][0] > sizes["TB"][0]


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
def test_frames_are_passed_and_their_titles_can_be_read(
    rankdir: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_graphviz(monkeypatch)
    figures: list[Any] = []
    figure = importlib.import_module("matplotlib.figure").Figure
    monkeypatch.setattr(figure, "savefig", lambda self, *_, **__: figures.append(self))
    x = keras.Input((4,))
    inner = keras.Sequential([Dense(2), Dense(3)], name="a_name_that_is_wider_than_what_is_in_it")
    plot_model(keras.Model(x, Add()([inner(x), Dense(3)(x)])), tmp_path / "m.pdf", rankdir=rankdir, expand_nested=True)
    patches, labels = figures[0].axes[0].patches, figures[0].axes[0].texts
    (frame,) = [p for p in patches if p.get_linestyle() == "--"]
    (title,) = [text for text in labels if text.get_text() == inner.name]
    assert title.get_bbox_patch().get_facecolor() == (1, 1, 1, 1)  # hides an arrow behind it
    assert title.zorder > max(p.zorder for p in patches)
    edges = frame.get_bbox().padded(-1)
    boxes = [p.get_bbox() for p in patches if hasattr(p, "get_width") and p is not frame]
    inside = [box for box in boxes if edges.contains(*box.min)]
    assert len(inside) == 2
    if rankdir in ("TB", "BT"):
        assert all(sum(box.intervalx) == pytest.approx(sum(edges.intervalx)) for box in inside)  # in the middle
    arrows = [p._path_original.interpolated(1) for p in patches if hasattr(p, "_path_original")]
    beside = [a for a in arrows if not any(edges.contains(*end) for end in (a.vertices[0], a.vertices[-1]))]
    assert (len(arrows), len(beside)) == (5, 2)
    for arrow in beside:
        points = arrow.to_polygons(closed_only=False)[0]
        assert not any(edges.contains(*point) for point in points)


def test_arrows_are_seen_in_a_dark_style(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_graphviz(monkeypatch)
    with importlib.import_module("matplotlib.style").context("dark_background"):
        plot_model(branches(), tmp_path / "m.png", dpi=50)
    picture = importlib.import_module("matplotlib.image").imread(tmp_path / "m.png")
    assert picture[0, 0, :3].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("name", "start"), [("m.png", b"\x89PNG"), ("m", b"\x89PNG"), ("m.pdf", b"%PDF")])
def test_formats(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, start: bytes) -> None:
    without_graphviz(monkeypatch)
    plot_model(branches(), str(tmp_path / name), dpi=50)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_dots_per_inch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_graphviz(monkeypatch)
    widths = []
    for dpi in (50, 100):
        plot_model(chain(), tmp_path / "m.png", dpi=dpi)
        widths.append(int.from_bytes((tmp_path / "m.png").read_bytes()[16:20], "big"))
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


@pytest.mark.parametrize("letter", "aon")
def test_text_of_few_dots_is_as_wide_as_its_place(letter: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_graphviz(monkeypatch)
    x = keras.Input((4,), name=letter * 60)
    plot_model(keras.Model(x, x), tmp_path / "m.png", show_layer_names=True, dpi=50)
    picture = importlib.import_module("matplotlib.image").imread(tmp_path / "m.png")[:, :, 0]
    (height, width), frame = picture.shape, 50 * 20 // 72
    letters = picture[height // 3 : height * 2 // 3, frame : width - frame].max(axis=0) > 0.4
    gaps = "".join("x" if column else " " for column in letters).strip().split("x")
    assert 3 < max(map(len, gaps)) < 9  # between the name and the class


def test_a_layer_that_takes_its_own_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_graphviz(monkeypatch)
    x, again, other = keras.Input((4,), name="x"), Dense(4, name="again"), Dense(4, name="other")
    model = keras.Model(x, again(other(again(again(x)))))
    assert texts(svg(model, tmp_path, show_layer_names=True))[::2] == ["x", "again", "other"]
    graph = model_to_dot(model)
    ids = {str(id(layer)): layer.name for layer in model.layers}
    found = {(ids[edge.get_source()], ids[edge.get_destination()]) for edge in graph.get_edges()}
    assert found == {("x", "again"), ("again", "again"), ("again", "other"), ("other", "again")}


def test_names_are_not_read_as_formulas_or_tags(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_graphviz(monkeypatch)
    model = keras.Sequential([keras.Input((1,)), Dense(1, name="$a_1$ & <b>")])
    assert texts(svg(model, tmp_path, show_layer_names=True))[0] == "$a_1$ &amp; &lt;b&gt;"
    assert "<b>$a_1$ &amp; &lt;b&gt;</b>" in model_to_dot(model).to_string()


# --- drawn by Graphviz, and what is missing


def test_graphviz_draws_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pydot: Any = importlib.import_module("pydot")
    written: list[Any] = []
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(pydot.Dot, "write", lambda graph, path, format: written.append((graph, path, format)))
    plot_model(branches(), tmp_path / "m.pdf", rankdir="LR", dpi=70, splines="curved", show_layer_names=True)
    ((graph, path, kind),) = written
    assert (path, kind) == (str(tmp_path / "m.pdf"), "pdf")
    assert (graph.get_rankdir(), graph.get_dpi(), graph.get_splines()) == ("LR", 70, "curved")
    assert "<b>sum</b> (Add)" in graph.to_string()


def test_matplotlib_draws_where_graphviz_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError("dot returned code: -6")

    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(importlib.import_module("pydot").Dot, "write", fail)
    assert texts(svg(branches(), tmp_path)).count("Dense") == 3


def test_missing_packages_name_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = importlib.import_module

    def missing(name: str) -> Any:
        if name.split(".")[0] in ("matplotlib", "pydot"):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name)

    without_graphviz(monkeypatch)
    monkeypatch.setattr(lazy, "import_module", missing)
    for draw, name in ((model_to_dot, "pydot"), (plot_model, "matplotlib")):
        with pytest.raises(ImportError, match=rf'needs {name}.*pip install "\.\[plot\]"'):
            draw(chain())


def test_wrong_uses(tmp_path: Path) -> None:
    for draw in (model_to_dot, plot_model):
        with pytest.raises(ValueError, match="built"):
            draw(keras.Sequential([Dense(1)]))
        with pytest.raises(ValueError, match="layer_range"):
            draw(chain(), layer_range=["a", "b"])
        with pytest.raises(ValueError, match="rankdir"):
            draw(chain(), rankdir="down")  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "shown"), [("svg", "SVG"), ("png", "Image"), ("pdf", None)])
def test_notebooks_show_what_they_can(
    kind: str, shown: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = SimpleNamespace(
        SVG=lambda filename: ("SVG", filename), Image=lambda filename, format: ("Image", filename)
    )
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(model_visualization, "find_spec", lambda name: name == "IPython" or None)
    path = str(tmp_path / f"model.{kind}")
    assert plot_model(chain(), path) == (shown and (shown, path))


def test_models_in_models_are_clusters() -> None:
    pytest.importorskip("pydot")
    x, y = keras.Input((2,)), keras.Input((2,))
    inner = keras.Model([x, y], keras.layers.Add(name="sum")([x, keras.layers.ReLU(name="positive")(y)]), name="inner")
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    outer = keras.Model([a, b], keras.layers.ELU(name="elu")(inner([a, b])))
    (cluster,) = model_to_dot(outer, expand_nested=True).get_subgraphs()
    assert cluster.get_label().strip('"') == "inner"
    assert len(cluster.get_nodes()) == 4
    assert len(model_to_dot(outer).get_nodes()) == 4 + 1  # one of them for the defaults
