"""How a notebook shows models, layers, histories and tensors: as HTML that folds, and as text."""

import math
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from .summary import layer_rows, summarize


def shown_by_ipython() -> Collection[str]:
    """Return the MIME types that IPython shows: text alone in a terminal, HTML and pictures too in a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(getattr(shell, "display_formatter", None), "active_types", ())


def displays(describe: Callable[[Any], tuple[str, str]]) -> tuple[Callable[..., str], Callable[..., dict[str, str]]]:
    """Return the methods `_repr_html_` and `_repr_mimebundle_`, given a function from an object to (HTML, text)."""

    def bundle(self: Any, include: object = None, exclude: object = None) -> dict[str, str]:
        if "text/html" not in shown_by_ipython():
            return {}  # a terminal shows the `repr`
        return dict(zip(("text/html", "text/plain"), describe(self), strict=True))

    return lambda self: describe(self)[0], bundle


def of_layer(layer: Any) -> tuple[str, str]:
    """Describe a layer by its weights, a model by its layers. A model among them gets a fold of its own."""
    title = f"{type(layer).__name__} {layer.name!r}, "
    if not hasattr(layer, "_shown_links"):
        rows = [[w.path, str(w.shape), w.dtype, "yes" if w.trainable else "no"] for w in layer.weights]
        table: list[list[Any]] = [["weight", "shape", "dtype", "trainable"], *rows] if rows else []
        return _described(title + ("built" if layer.built else "not built"), table)
    connections, lines = layer._shown_links(), list[str]()
    table = [["layer", "type", "output shape", "params", "connected to"][: 4 + (connections is not None)]]
    for inner in layer._operations:
        row = next(layer_rows(inner, connections, False))
        name = (of_layer(inner)[0].replace(" open", "", 1),) if hasattr(inner, "_shown_links") else row.name
        table.append([name, row.class_name, row.output_shape, row.params, str(row.connected)][: len(table[0])])
    summarize(layer, print_fn=lines.append)
    count, trained = (sum(math.prod(w.shape) for w in group) for group in (layer.weights, layer.trainable_weights))
    return _described(f"{title}{count:,} params, {trained:,} trainable", table, "".join(lines))


def of_history(history: Any) -> tuple[str, str]:
    """Describe a History by values of each metric, and blocks that show its course; arrays count as their means."""
    table = [["metric", "last", "min", "max", "by epoch"]]
    for name, values in history.history.items():
        means = np.array([np.mean(v) for v in map(np.asarray, values) if v.dtype.kind in "biuf"] or [np.nan], float)
        table.append([name, *(f"{mean:.4g}" for mean in (means[-1], means.min(), means.max())), _blocks(means)])
    return _described(f"History of {len(history.epoch)} epochs", table)


def of_tensor(tensor: Any) -> tuple[str, str]:
    """Describe a tensor by its values, a symbolic one by its shape."""
    values = np.array([]) if hasattr(tensor, "node") else tensor.numpy()
    text = np.array2string(values, threshold=100, edgeitems=3 if values.ndim < 3 else 1, separator=", ")
    title, table = f"{type(tensor).__name__} of shape {tensor.shape}, {tensor.dtype}", [[text]] if values.size else []
    return _described(title, table, repr(tensor))


def _blocks(values: Sequence[float] | np.ndarray[Any, Any]) -> str:
    """Return at most 24 blocks as high as the values, or as means of neighbouring ones; "·" for NaN and infinities."""
    means = [float(np.mean(part)) for part in np.array_split(values, min(len(values), 24))]
    finite = [mean for mean in means if np.isfinite(mean)] or [0.0]
    low, reach = min(finite), max(finite) - min(finite) or 1.0
    return "".join("▁▂▃▄▅▆▇█"[round(7 * (mean - low) / reach)] if np.isfinite(mean) else "·" for mean in means)


def _described(title: str, table: Sequence[Sequence[Any]], text: str | None = None) -> tuple[str, str]:
    """Return a table as HTML that folds under its title, and as text; a cell that is a tuple holds HTML already."""
    from html import escape  # here, since it takes long to import, and few need it

    rows, start = "", '<td style="text-align: left; vertical-align: top; white-space: pre; font-family: monospace">'
    for row in table:
        cells = (escape(cell) if isinstance(cell, str) else cell[0] for cell in row)
        rows += f"<tr>{''.join(f'{start}{cell}</td>' for cell in cells)}</tr>"
    if text is None:
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        text = "\n".join([title, *("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)])
    return f"<details open><summary>{escape(title)}</summary><table>{rows}</table></details>", text
