"""Rows of facts about layers -> the table that `model.summary()` prints.

Keras draws it with `rich`. The few rules by which rich breaks, cuts and pads text are written out here, so
that the table is Keras's to the byte, and has its colours in a terminal.
"""

import math
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from .._base.nested import leaves, map_shapes
from .._base.settings import standardize_dtype
from .._base.typing import DTypeLike
from .progbar import redraws, write

Justify = Literal["left", "center", "right"]
Connections = Mapping[int, Sequence[tuple[str, int, int]]]
"""`id` of a layer -> its inputs, each as (name of the layer that it comes from, index of the call, of the output)."""

_BOX = ("┏━┳┓", "┃ ┃┃", "┡━╇┩", "│ ││", "├─┼┤", "└─┴┘")
_ASCII_BOX = ("+--+", "| ||", "|-+|", "| ||", "|-+|", "+--+")
_JUSTIFY: dict[str, Justify] = {"Param #": "right", "Trainable": "center"}
_STYLED = {
    "Layer (type)": r"(?<=\()(?P<kind>[^()\s]+)",
    "Output Shape": r"(?P<open>None)|(?<!\w)(?P<number>\d+)(?!\w)",
    "Param #": r"(?P<number>[\d,]+)",
    "Connected to": r"(?<=\[)(?P<number>\d+)",
    "Trainable": r"(?P<yes>Y)|(?P<no>N)|(?P<bold>-)"}  # fmt: skip
"""Column -> pattern of what has a style in it."""
_STYLES = {"kind": "38;5;33", "open": "38;5;45", "number": "38;5;34", "yes": "1;38;5;34", "no": "1;91", "bold": "1"}
"""Style -> its code for a terminal."""
_OF_16 = {"38;5;33": "94", "38;5;45": "96", "38;5;34": "32"}
"""Colour code for terminals of 256 colours -> the nearest for those of 16."""
_DROPPED = dict.fromkeys(map(ord, "\a\b\v\f\r"))


class Row(NamedTuple):
    """The cells of a layer in the table; `level` counts the models it is nested in."""

    name: str
    class_name: str
    output_shape: str
    params: str
    connected: str | None = None
    trainable: Literal["Y", "N", "-"] | None = None
    level: int = 0


def summarize(model: Any, line_length: int | None = None, positions: Sequence[float] | None = None,
              print_fn: Callable[[str], object] | None = None, expand_nested: bool = False,
              show_trainable: bool = False, layer_range: Sequence[str] | None = None) -> None:  # fmt: skip
    """Print (by `print_fn`) a table of a model's layers; a ValueError for narrow columns or an empty `layer_range`."""
    connections: Connections | None = getattr(model, "_shown_links", lambda: None)()
    layers = getattr(model, "_operations", model.layers)
    first, end = layer_bounds([layer.name for layer in layers], layer_range)
    rows = [row for layer in layers[first:end] for row in layer_rows(layer, connections, expand_nested)]
    weights = {"Trainable": model.trainable_weights, "Non-trainable": model.non_trainable_weights}
    optimizer = getattr(model, "optimizer", None) if getattr(model, "compiled", True) else None
    if optimizer and optimizer.built:
        weights["Optimizer"] = optimizer.variables
    weights = {"Total": [w for group in weights.values() for w in group], **weights}
    totals = {label: count_weights((w.shape, w.dtype) for w in group) for label, group in weights.items()}
    connected = connections is not None
    coloured = print_fn is None and redraws() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    (print_fn or write)(render(model.name, rows, totals, line_length, positions, show_trainable, connected, coloured))


def layer_rows(layer: Any, connections: Connections | None, expand_nested: bool, level: int = 0) -> Iterator[Row]:
    """Yield the row of a layer, then those of the layers in it if asked."""
    params = "0"
    if hasattr(layer, "built"):  # an op lacks it, and has no parameters
        params = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    inputs = connections.get(id(layer), ()) if connections and not level else ()
    yield Row(
        name=layer.name, class_name=type(layer).__name__,
        output_shape=format_shapes(layer._out_shapes() if hasattr(layer, "_out_shapes") else None), params=params,
        connected=", ".join(f"{name}[{call}][{index}]" for name, call, index in inputs) or "-",
        trainable=("Y" if layer.trainable else "N") if getattr(layer, "weights", ()) else "-", level=level)  # fmt: skip
    for inner in (getattr(layer, "layers", None) or ()) if expand_nested else ():
        yield from layer_rows(inner, connections, expand_nested, level + 1)


def format_shapes(shapes: Any) -> str:
    """Return the text of one shape or of a structure of shapes, "?" for None."""
    if shapes is None:
        return "?"
    texts = map_shapes(lambda shape: f"({', '.join(map(str, shape))})", shapes)
    found = leaves(texts)
    return str(found[0] if len(found) == 1 else texts).replace("'", "")


def layer_bounds(names: Sequence[str], layer_range: Sequence[str] | None = None) -> tuple[int, int]:
    """Return the index of the first layer in a range and the index after its last, all layers for None.

    A ValueError if the range is not two regular expressions that each match the start of a name.
    """
    if layer_range is None:
        return 0, len(names)
    if len(layer_range) != 2 or not all(isinstance(pattern, str) for pattern in layer_range):
        raise ValueError(f"layer_range must be two strings in a list or tuple. Received: {layer_range!r}.")
    first, last = ([i for i, name in enumerate(names) if re.match(pattern, name)] for pattern in layer_range)
    if not first or not last:
        raise ValueError(f"layer_range matches none of the layers {list(names)}. Received: {layer_range!r}.")
    return (last[0], first[-1] + 1) if first[0] > last[-1] else (first[0], last[-1] + 1)


def readable_memory_size(size: float) -> str:
    """Return a number of bytes as a person would say it."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def count_weights(weights: Iterable[tuple[Sequence[int], DTypeLike]]) -> tuple[int, float]:
    """Return how many values weights of these shapes and dtypes hold, and how many bytes. A bool counts as a bit."""
    sizes = [(math.prod(shape), re.sub(r"\D", "", standardize_dtype(dtype))) for shape, dtype in weights]
    return sum(size for size, _ in sizes), sum(size * int(bits or 1) for size, bits in sizes) / 8


def render(title: str, rows: Iterable[Row], totals: Mapping[str, tuple[int, float]], line_length: int | None = None,
           positions: Sequence[float] | None = None, show_trainable: bool = False, connected: bool = False,
           coloured: bool = False) -> str:  # fmt: skip
    """Return the whole text: title, table and totals. `totals` maps a label to numbers of values and bytes.

    `line_length` is the width of the table, by default the terminal's up to a limit. `positions` are the ends of the
    columns, as fractions of it. A ValueError if a column has no position, or less than 4 characters.
    """
    header = ["Layer (type)", "Output Shape", "Param #"]
    header += ["Connected to"] * connected + ["Trainable"] * show_trainable
    ends = list(positions or ([0.3, 0.56, 0.74, 1.0] if connected else [0.45, 0.80, 1.0]))
    if show_trainable:
        ends = [end * 0.90 for end in ends] + [1.0]
    length = line_length or min((108 if connected else 88) + 12 * show_trainable, _terminal_width(1) - 4)
    widths = [stop - start for start, stop in pairwise([0, *(int(end * length) for end in ends)])]
    if min(widths) < 4 or len(widths) < len(header):
        raise ValueError(f"Insufficient console width to print summary: each of {len(header)} columns needs a "
                         f"position, 4 after the last. Received: {line_length=}, {positions=}.")  # fmt: skip
    widths = _spread(widths[: len(header)], length - len(header) - 1)
    table = [header]
    for row in rows:
        indent = "   " * row.level + "└ " if row.level else ""
        cells = [f"{indent}{row.name} ({row.class_name})", row.output_shape, row.params]
        table.append(cells + [row.connected or "-"] * connected + [row.trainable or "-"] * show_trainable)

    console = int(os.environ.get("JUPYTER_COLUMNS", 115)) if "ipykernel" in sys.modules else _terminal_width(0, 1, 2)
    titles = _break(f'Model: "{title}"', console, fold=True)
    lines = [*titles, *_draw(table, widths)]
    for label, (count, size) in totals.items():
        lines += _break(f" {label} params: {count:,} ({readable_memory_size(size)})", console, fold=True)
    lines = [_crop(line, console) for line in lines]
    if coloured:
        lines = [_paint(line, header if i >= len(titles) else ()) for i, line in enumerate(lines)]
    return "".join(f"{line}\n" for line in lines)


def _paint(line: str, header: Sequence[str]) -> str:
    """Return a line in colours. Without `header` it is a line of the title, else one of the table or below it."""
    patterns = [r"(?P<bold>^ [\w-]+ params: )|(?<=params: )(?P<number>[\d,]+)" if header else ".+"]
    if header and line[:1] in ("│", "┃"):
        patterns = ["", *(_STYLED[name] if line[0] == "│" else ".+" for name in header), ""]

    def style(match: re.Match[str]) -> str:
        return f"\x1b[{_STYLES[match.lastgroup or 'bold']}m{match[0]}\x1b[0m"

    parts = re.split("[│┃]", line)
    if len(parts) == len(patterns):
        line = line[:1].join(re.sub(p, style, part) if p else part for p, part in zip(patterns, parts, strict=True))
    if "256color" not in os.environ.get("TERM", "") and "COLORTERM" not in os.environ:
        line = reduce(lambda text, code: text.replace(code, _OF_16[code]), _OF_16, line)
    return line


def _terminal_width(*descriptors: int) -> int:
    """Return COLUMNS of the environment if set, else the width of the first of these files that is a terminal."""
    if (columns := os.environ.get("COLUMNS", "")).isdigit() and int(columns):
        return int(columns)
    for descriptor in descriptors:
        with suppress(OSError, ValueError, AttributeError):  # some systems lack the function
            return os.get_terminal_size(descriptor).columns or 80
    return 80


def _spread(columns: Sequence[int], room: int) -> list[int]:
    """Return widths with a space at each side that fill the room: columns lose alike, or gain in proportion."""
    widths = [min(column + 2, room) for column in columns]
    change = room - sum(widths)
    for i, width in enumerate(widths):
        rest = widths[i:]
        part = math.ceil(width * change / sum(rest)) if change > 0 else round(change / len(rest))
        widths[i] += max(part, -width)
        change -= max(part, -width)
    return widths


def _draw(table: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of a table whose first row is its header."""
    utf = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    top, head, head_rule, body, rule, bottom = _BOX if utf else _ASCII_BOX
    justify = [_JUSTIFY.get(name, "left") for name in table[0]]

    def join(edges: str, cells: Iterable[str]) -> str:
        return edges[0] + edges[2].join(cells) + edges[3]

    def ruled(edges: str) -> str:
        return join(edges, (edges[1] * width for width in widths))

    yield ruled(top)
    for i, row in enumerate(table):
        if i > 1:
            yield ruled(rule)
        cells = [_fill(*cell) for cell in zip(row, widths, justify, strict=True)]
        height = max(1, *map(len, cells))
        for cell, width in zip(cells, widths, strict=True):  # a header stands on its rule
            missing = [" " * width] * (height - len(cell))
            cell[:] = cell + missing if i else missing + cell
        for line in zip(*cells, strict=True):
            yield join(body if i else head, line)
        if not i:
            yield ruled(head_rule)
    yield ruled(bottom)


def _fill(text: str, width: int, justify: Justify) -> list[str]:
    """Return the lines of a cell, with a space at each side; a word too long for a line is cut, with an ellipsis."""
    width -= 2
    filled = []
    for line in _break(text, width, fold=False) if width > 0 else ():
        if justify != "left":
            line = line.rstrip()
        if _cells(line) > width:
            line = _crop(line, width - 1) + "…"
        space = width - _cells(line)
        left = {"left": 0, "center": space // 2, "right": space}[justify]
        filled.append(" " * (left + 1) + line + " " * (space - left + 1))
    return filled


def _break(text: str, width: int, fold: bool) -> list[str]:
    """Break text at spaces into lines that fit a width; a longer word is cut (`fold`) or gets a line of its own."""
    lines = []
    for paragraph in text.translate(_DROPPED).expandtabs(8).split("\n"):
        breaks, used = [0], 0
        for match in re.finditer(r"\s*\S+\s*", paragraph):
            start, word = match.start(), match.group()
            length = _cells(word.rstrip())
            if length <= width - used:
                used += _cells(word)
                continue
            for piece in _fold(word, width) if fold and length > width else [word]:
                breaks += [start] if start else []
                start += len(piece)
                used = _cells(piece)
        for start, end in zip(breaks, [*breaks[1:], len(paragraph)], strict=True):
            line = paragraph[start:end]
            lines.append(line[: max(width, len(line.rstrip()))])
    return lines


def _fold(word: str, width: int) -> Iterator[str]:
    """Cut a word into pieces that fit a width."""
    start, used = 0, 0
    for i, character in enumerate(word):
        size = _cells(character)
        if used + size > width:
            yield word[start:i]
            start, used = i, 0
        used += size
    yield word[start:]


def _crop(text: str, width: int) -> str:
    """Cut text to a width; half of a wide character becomes a space."""
    piece = next(_fold(text, width))
    return piece if piece == text else piece + " " * (width - _cells(piece))


def _cells(text: str) -> int:
    """Return how many columns of a terminal text takes: wide characters two, combining marks none."""
    if text.isascii() and text.isprintable():
        return len(text)
    width = 0
    for character in text:
        kind = unicodedata.category(character)
        if kind[0] != "M" and kind not in ("Cc", "Cf", "Zl", "Zp"):
            width += 2 if kind != "Cn" and unicodedata.east_asian_width(character) in "WF" else 1
    return width
