"""A model as a picture: `keras.utils.plot_model` and `model_to_dot`.

A layer is drawn as a box, a nested model as a frame around the boxes of its layers, and tensors as arrows. Graphviz
draws the picture if it is installed, else matplotlib.
"""

import os
from collections.abc import Sequence, Set
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from .._base.lazy import optional
from .._base.nested import map_structure, only
from .._base.typing import AnyCallable
from .._core.keras_tensor import Operation
from ..layers import InputLayer
from ..models import Model, Sequential
from .graph_layout import Layout, Point, arrange

RankDirection = Literal["TB", "LR", "BT", "RL"]
"""Which way the arrows go: down, to the right, up, or to the left."""

_PAD, _TITLE = 12.0, 22.0  # within a frame, in points


class _Cell(NamedTuple):
    """A cell of a box: a text in three parts, of which the second is bold; `fill` is the colour behind it."""

    before: str
    bold: str
    after: str = ""
    fill: str = "white"
    size: int = 14

    @property
    def ink(self) -> str:
        return "black" if self.fill == "white" else "white"


class _Part:
    """A box for a layer, or a frame around the parts of a model."""

    def __init__(self, layer: Any, rows: Sequence[list[_Cell]] = ()) -> None:
        self.layer, self.rows = layer, rows  # the cells of a box
        self.parts: list[_Part] = []  # the contents of a frame
        self.arrows: list[tuple[int, int, _Part, _Part]] = []  # (start, end) as indices of parts, then as boxes
        self.layout: Layout = arrange([], [])  # of the parts in the frame
        self.inset: Point = (_PAD, _PAD)  # of the contents, from the corner
        self.at: Point = (0.0, 0.0)  # (x, y) from the upper left, in points
        self.size: Point = (0.0, 0.0)


def _frame(model: Any, show: Set[str], expand: bool) -> _Part:
    """Return the frame of a model. If the model is neither a chain nor a graph of layers, it holds a single box."""
    frame = _Part(model)
    wiring = _wiring(model) or [(model, [])]
    numbers = {id(layer): i for i, (layer, _) in enumerate(wiring)}
    for layer, _ in wiring:
        inside = expand and layer is not model and _wiring(layer)
        frame.parts.append(_frame(layer, show, expand) if inside else _Part(layer, _rows(layer, show)))
    for layer, inputs in wiring:
        for source, output, place in inputs:
            start, end = numbers[id(source)], numbers[id(layer)]
            arrow = (start, end, _box(frame.parts[start], "outputs", output), _box(frame.parts[end], "inputs", place))
            if arrow not in frame.arrows:
                frame.arrows.append(arrow)
    return frame


def _wiring(model: Any) -> list[tuple[Any, list[tuple[Any, int, int]]]]:
    """Return the layers of a model, each with its inputs as (source layer, index of its output, index of the input)."""
    if isinstance(model, Sequential):
        layers = model.layers
        return [(layer, [(layers[i - 1], 0, 0)] if i else []) for i, layer in enumerate(layers)]
    graph = model._functional_graph if isinstance(model, Model) else None
    feeds: dict[Any, list[tuple[Any, int, int]]] = {operation: [] for operation in graph.operations} if graph else {}
    for node in graph.nodes if graph else ():
        feeds[node.operation] += [(x.node.operation, x.index, i) for i, x in enumerate(node.inputs) if x.node]
    return list(feeds.items())


def _box(part: _Part, end: Literal["inputs", "outputs"], place: int) -> _Part:
    """Return the box within a part that takes one of its inputs, or returns one of its outputs."""
    if not part.parts:
        return part
    if isinstance(part.layer, Sequential):
        return _box(part.parts[0 if end == "inputs" else -1], end, place)
    tensor = getattr(part.layer, end)[place]
    return _box(next(inner for inner in part.parts if inner.layer is tensor.node.operation), end, tensor.index)


def _rows(layer: Any, show: Set[str]) -> list[list[_Cell]]:
    """Return the cells that describe a layer or an op."""
    kind, named = type(layer).__name__, "show_layer_names" in show
    rows = [[_Cell("", layer.name if named else kind, f" ({kind})" if named else "", "black", 16)]]
    activation = getattr(layer, "activation", None)
    if "show_layer_activations" in show and activation is not None:
        rows.append([_Cell("Activation: ", getattr(activation, "__name__", type(activation).__name__))])
    ends = ["output"] if isinstance(layer, InputLayer) else ["input", "output"]
    facts = [(end, "shape") for end in ends if "show_shapes" in show] + [("output", "dtype")] * ("show_dtype" in show)
    cells = [_Cell(f"{end.capitalize()} {what}: ", _text(layer, end, what)) for end, what in facts]
    if "show_trainable" in show and getattr(layer, "weights", None):
        fill, text = ("forestgreen", "Trainable") if layer.trainable else ("firebrick", "Non-trainable")
        cells.append(_Cell("", text, fill=fill))
    return [*rows, cells] if cells else rows


def _text(layer: Any, end: str, what: str) -> str:
    """Return the shapes or dtypes of a layer's inputs or outputs, "?" if it was never called symbolically."""
    op = isinstance(layer, Operation)
    tensors: Any = only(getattr(layer._inbound_nodes[0], f"{end}s")) if op else getattr(layer, end, None)
    facts = map_structure(lambda x: getattr(x, what, "?"), tensors)
    return ", ".join(f"{key}: {value}" for key, value in facts.items()) if isinstance(facts, dict) else str(facts)


extra: AnyCallable = partial(optional, purpose="This picture", extra="plot")


def _to_dot(frame: _Part, graph: Any) -> Any:
    """Add the parts and arrows of a frame to a graph of pydot."""
    pydot = extra("pydot")
    for part in frame.parts:
        if part.parts:
            graph.add_subgraph(_to_dot(part, _cluster(part.layer)))
        else:
            style = {"label": _label(part.rows), "fontname": "Helvetica", "border": "0", "margin": "0"}
            graph.add_node(pydot.Node(str(id(part.layer)), **style))
    for _, _, start, end in frame.arrows:
        graph.add_edge(pydot.Edge(str(id(start.layer)), str(id(end.layer)), penwidth="2"))
    return graph


def _dot(**settings: Any) -> Any:
    graph = extra("pydot").Dot(concentrate=True, **settings)
    graph.set_node_defaults(shape="record")
    return graph


def _cluster(model: Any) -> Any:
    return extra("pydot").Cluster(model.name, style="dashed", label=model.name, labeljust="l")


def _label(rows: Sequence[Sequence[_Cell]]) -> str:
    """Return the cells of a box as a table in Graphviz's HTML."""
    from html import escape

    columns = max(map(len, rows))
    text = ""
    for row in rows:
        cells = ""
        for cell in row:
            before, bold, after = (escape(text, quote=False) for text in cell[:3])
            span = f' colspan="{columns}"' if len(row) == 1 else ""
            font = f'<font point-size="{cell.size}" color="{cell.ink}">{before}<b>{bold}</b>{after}</font>'
            cells += f'<td{span} bgcolor="{cell.fill}">{font}</td>'
        text += f"<tr>{cells}</tr>"
    return f'<<table border="0" cellborder="1" bgcolor="black" cellpadding="10">{text}</table>>'


def _drawn_by_graphviz(frame: _Part, path: str, kind: str, **settings: Any) -> bool:
    """Draw a frame to a file with Graphviz; return whether that was possible."""
    from shutil import which  # here, since it takes time to import, and few need it

    if not which("dot") or find_spec("pydot") is None:
        return False
    try:
        _to_dot(frame, _dot(**settings)).write(path, format=kind)
    except (AssertionError, OSError):  # pydot's errors if Graphviz fails, as it does for some graphs
        return False
    return True


class _Drawing:
    """A picture made by matplotlib: all parts are measured, then placed from the outside in, then drawn."""

    def __init__(self, frame: _Part, rankdir: RankDirection) -> None:
        self.sideways, self.backwards = rankdir in ("LR", "RL"), rankdir in ("BT", "RL")
        self.font: Any = extra("matplotlib.font_manager").FontProperties
        self.measure: Any = extra("matplotlib.textpath").text_to_path.get_text_width_height_descent
        self.patches: Any = extra("matplotlib.patches")
        self._measure(frame, 0.0)
        self._place(frame, (0.0, 0.0))
        self.figure: Any = extra("matplotlib.figure").Figure(figsize=[length / 72 for length in frame.size])
        self.axes: Any = self.figure.add_axes((0, 0, 1, 1), xlim=(0, frame.size[0]), ylim=(frame.size[1], 0))
        self.axes.axis("off")
        self._draw_contents(frame)

    def _turn(self, point: Point) -> Point:
        """Convert (x, y) to (across, along), or back."""
        return point[::-1] if self.sideways else point

    def _text_width(self, text: str, size: float, bold: bool = False) -> float:
        return float(self.measure(text, self.font(size=size, weight="bold" if bold else "normal"), False)[0])

    def _cell_width(self, cell: _Cell) -> float:
        return 20 + sum(self._text_width(text, cell.size, i == 1) for i, text in enumerate(cell[:3]))

    def _measure(self, part: _Part, title: float = _TITLE) -> None:
        if not part.parts:
            part.size = (max(sum(map(self._cell_width, row)) for row in part.rows), sum(map(_height, part.rows)))
            return
        for inner in part.parts:
            self._measure(inner)
        part.layout = arrange([self._turn(inner.size) for inner in part.parts], [arrow[:2] for arrow in part.arrows])
        width, height = self._turn(part.layout.size)
        missing = max(self._text_width(part.layer.name, 14) - width, 0) if title else 0
        part.inset = (_PAD + missing / 2, _PAD + title)
        part.size = (width + 2 * part.inset[0], height + part.inset[1] + _PAD)

    def _place(self, part: _Part, at: Point) -> None:
        part.at = at
        for inner, (across, along) in zip(part.parts, part.layout.places, strict=True):
            if self.backwards:
                along = part.layout.size[1] - along - self._turn(inner.size)[1]
            x, y = self._turn((across, along))
            self._place(inner, (at[0] + part.inset[0] + x, at[1] + part.inset[1] + y))

    def _draw(self, part: _Part) -> None:
        (x, y), width = part.at, part.size[0]
        if part.parts:
            self._rectangle(part.at, part.size, fill=False, linestyle="--", linewidth=1)
            self._write(x + 8, y + 18, part.layer.name, 14).set_bbox({"facecolor": "white", "linewidth": 0, "pad": 1})
            self._draw_contents(part)
        for row in part.rows:
            widths = [self._cell_width(cell) for cell in row]
            extra, left = (width - sum(widths)) / len(row), x
            for cell, needed in zip(row, widths, strict=True):
                self._rectangle((left, y), (needed + extra, _height(row)), facecolor=cell.fill, linewidth=1.5)
                start = left + 10 + extra / 2
                for i, text in enumerate(cell[:3]):
                    self._write(start, y + _height(row) / 2 + cell.size * 0.36, text, cell.size, i == 1, cell.ink)
                    start += self._text_width(text, cell.size, i == 1)
                left += needed + extra
            y += _height(row)

    def _rectangle(self, at: Point, size: Point, **style: Any) -> None:
        self.axes.add_patch(self.patches.Rectangle(at, *size, edgecolor="black", **style))

    def _write(self, x: float, y: float, text: str, size: float, bold: bool = False, ink: str = "black") -> Any:
        return self.axes.text(x, y, text, size=size, weight="bold" if bold else "normal", color=ink, parse_math=False)

    def _draw_contents(self, frame: _Part) -> None:
        """Draw the parts and arrows of a frame. An arrow bends only between ranks; lanes lead it past other parts."""
        for part in frame.parts:
            self._draw(part)
        left, top = self._turn((frame.at[0] + frame.inset[0], frame.at[1] + frame.inset[1]))
        gaps = [[top + (frame.layout.size[1] - y if self.backwards else y) for y in gap] for gap in frame.layout.gaps]
        for a, b, start, end in frame.arrows:
            if start is end:  # a layer that takes its own output
                x, y = start.at[0] + start.size[0], start.at[1] + start.size[1] / 2
                self._draw_arrow([(x, y - 8), (x + _PAD, y - 8), (x + _PAD, y + 8), (x, y + 8)])
                continue
            first, last = (start, end) if a <= b else (end, start)  # one that leads back is laid out forward
            line, to = [self._port(first, self.backwards)], self._port(last, not self.backwards)
            ways = [line[0][0], *(left + x for x in frame.layout.lanes.get((min(a, b), max(a, b)), ())), to[0]]
            for ends, gap in zip(pairwise(ways), gaps[frame.layout.ranks[min(a, b)] :], strict=False):
                line += zip(ends, gap, strict=True)
            line = [*line, to] if a <= b else [to, *line[::-1]]
            points = [line[0]]
            for (x, y), (to_x, to_y) in pairwise(line):  # a curve that starts and ends in the direction "along"
                if abs(to_y - y) > 1:
                    points += [(x, (y + to_y) / 2), (to_x, (y + to_y) / 2), (to_x, to_y)]
            self._draw_arrow(list(map(self._turn, points)))

    def _port(self, box: _Part, low: bool) -> Point:
        """Return the middle of the side of a box that faces the rank before it (`low`) or after it."""
        at, size = self._turn(box.at), self._turn(box.size)
        return at[0] + size[0] / 2, at[1] if low else at[1] + size[1]

    def _draw_arrow(self, points: Sequence[Point]) -> None:
        codes = [1] + [4] * (len(points) - 1)  # matplotlib's codes: move to the first point, then Bezier curves
        path, style = extra("matplotlib.path").Path(points, codes), "-|>, head_length=8, head_width=4"
        self.axes.add_patch(self.patches.FancyArrowPatch(path=path, arrowstyle=style, color="black", linewidth=2))


def _height(row: Sequence[_Cell]) -> float:
    return row[0].size + 17


def _drawn(model: Model, rankdir: str, expand_nested: bool, kwargs: dict[str, Any], **options: Any) -> _Part:
    """Check the arguments and return the frame of a model."""
    if not model.built:
        raise ValueError("This model has not been built yet: call it on a batch of data, or `build()` it, first.")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}.")
    if rankdir not in ("TB", "LR", "BT", "RL"):
        raise ValueError(f"`rankdir` must be 'TB', 'LR', 'BT' or 'RL'. Received: rankdir={rankdir!r}.")
    return _frame(model, {name for name, value in options.items() if value}, expand_nested)


def model_to_dot(model: Model, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = True,
                 rankdir: RankDirection = "TB", expand_nested: bool = False, dpi: int = 200, subgraph: bool = False,
                 show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho",
                 **kwargs: Any) -> Any:  # fmt: skip
    """Return a model as a pydot graph, which Graphviz can draw.

    Args:
        model: A model that is built.
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable: Whether boxes show shapes,
            the dtype of the output, names, activation functions, and whether the weights are trainable.
        rankdir: The direction of the arrows.
        expand_nested: Whether to draw a nested model as a frame around its layers.
        dpi: Dots per inch of the picture.
        subgraph: Whether to return a frame to put in another graph.
        splines: How Graphviz draws arrows: "ortho", "curved", "polyline", "spline" or "line".
        kwargs: No others are accepted.

    Returns:
        A `pydot.Dot`, or a `pydot.Cluster` for `subgraph`. A node is named after the `id` of its layer.

    Raises:
        ImportError: if pydot is not installed.
        ValueError: if the model is not built, or an argument is unknown.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
        >>> len(model_to_dot(model).get_nodes())
        3
    """
    return _to_dot(_drawn(**locals()), _cluster(model) if subgraph else _dot(rankdir=rankdir, dpi=dpi, splines=splines))


def plot_model(model: Model, to_file: str | os.PathLike[str] = "model.png", show_shapes: bool = False,
               show_dtype: bool = False, show_layer_names: bool = False, rankdir: RankDirection = "TB",
               expand_nested: bool = False, dpi: int = 200, show_layer_activations: bool = False,
               show_trainable: bool = False, splines: str = "ortho", **kwargs: Any) -> Any:  # fmt: skip
    """Draw a model to a file, with Graphviz if it and pydot are installed, else with matplotlib.

    Args:
        model: A model that is built.
        to_file: Name of the file; its ending is the format, PNG without one.
        show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi, show_layer_activations, show_trainable:
            See `model_to_dot`.
        splines: How Graphviz draws arrows; matplotlib has its own way.
        kwargs: No others are accepted.

    Returns:
        The picture for a notebook, None if IPython is not installed or does not show such files.

    Raises:
        ImportError: if there is nothing to draw with; the message says how to install it.
        ValueError: if the model is not built, or an argument is unknown.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
        >>> plot_model(model, "model.png", show_shapes=True)  # doctest: +SKIP
    """
    frame = _drawn(**locals())
    to_file = os.fspath(to_file)
    kind = os.path.splitext(to_file)[1][1:] or "png"
    if not _drawn_by_graphviz(frame, to_file, kind, rankdir=rankdir, dpi=dpi, splines=splines):
        drawing = _Drawing(frame, rankdir)
        largest = 65_000 / max(drawing.figure.get_size_inches())  # matplotlib draws less than 65,536 dots a side
        with extra("matplotlib").rc_context({"text.hinting": "none"}):  # else text is wider than it was measured
            drawing.figure.savefig(to_file, dpi=min(dpi, largest), format=kind, facecolor="white")
    if kind not in ("svg", "png", "jpg", "jpeg", "gif", "webp") or find_spec("IPython") is None:
        return None
    display = import_module("IPython.display")
    return display.SVG(filename=to_file) if kind == "svg" else display.Image(filename=to_file, format=kind)
