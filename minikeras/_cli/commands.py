"""The commands. The docstring of each is its `--help`."""

import json
import math
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, nullcontext, redirect_stdout
from itertools import chain
from typing import Any

import numpy as np

from .. import tree
from .._base.typing import Array
from .._display.progbar import Progbar, write
from ..models import Model, load_model, model_from_json
from ..saving import archive, hdf5, legacy_h5, npz, source, weights
from ..saving.atomic import replacing
from ..saving.strict_json import MAX_SIZE, read_json
from . import tables

NUMBERS = 2**18
"""The most numbers of a table, or of predictions, that are in memory at a time."""


def info(options: Namespace) -> None:
    """Show what a file holds: its size, which Keras wrote it, its layers or arrays.

        minikeras info model.keras
        minikeras info model.keras --config > model.json
        minikeras info weights.npz

    The last line says that it loads; the status is 1 for a file that does not.
    """
    path = options.model
    with weights.one_error(path), source.open_source(path) as file:
        start = file.read(0, min(8, file.size))
        if start == weights.HDF5:
            root = hdf5.open_hdf5(file)
            about, arrays = root.attrs, ((array.path, array.read()) for array in root.arrays())
            config: Any = legacy_h5.read_legacy(root, path).model if "model_config" in about else {}
        elif start[:2] == weights.ZIP:
            zipped = archive.Archive(file, ".+")
            about, config = (read_json(zipped.read(name, MAX_SIZE), path, name) if name in zipped.members else {}
                             for name in ("metadata.json", "config.json"))  # fmt: skip
            arrays = ((name, npz.read_array(zipped.open(name), name)) for name in zipped.members)
        else:
            raise file.error("its first bytes", "this is neither HDF5 nor a .keras or .npz archive")
        if options.config and not config:
            raise file.error("its contents", "it holds weights alone, and no configuration")
        if options.config:
            print(json.dumps(config, indent=2))
            return
        writer = f", in the format of Keras {about['keras_version']}" if "keras_version" in about else ""
        _print(f"{path}: {'a model' if config else 'weights'}, {file.size:,} bytes{writer}")
        for name, array in () if config else arrays:
            _print(f"{name}  {array.shape}  {array.dtype}")
    if config:
        model = load_model(path)
        model.summary(print_fn=_print)
        for x in getattr(model, "inputs", ()):
            _print(f"takes {x.name}  {x.shape}  {x.dtype}")
    print("It loads.")


def _print(text: str) -> None:
    """Print a text with "?" for characters that might command the terminal; `write` sees to those it cannot encode."""
    write("".join(c if c.isprintable() or c == "\n" else "?" for c in text) + "\n")


def convert(options: Namespace) -> None:
    """Write a model, or its weights, in another format, by the ending of the file.

        .keras, .h5         the model, with the state of its training
        .weights.h5, .npz   its weights; the first with the state of the optimizer
        .onnx               what it computes, for onnxruntime and others

        minikeras convert old.h5 new.keras
        minikeras convert weights.npz new.keras --model model.json

    A file of weights alone needs --model FILE, the model that they belong to.
    """
    path, output, whole = options.model, options.output, options.of or options.model
    _check_output(output, options, ".keras", ".h5", ".npz", ".onnx")
    if path.endswith((".weights.h5", ".weights.json", ".npz")) and not options.of:
        raise ValueError(f"{path} has weights alone; name the model with --model FILE")
    if path.endswith(".onnx"):
        raise ValueError(f"{path}: ONNX files can be written, but not read")
    if whole.endswith(".json"):
        with open(whole, encoding="utf8") as file:
            model = model_from_json(file.read())
    else:
        model = load_model(whole)
    if options.of:
        model.load_weights(path)
    if output.endswith(".onnx"):
        model.export(output, format="onnx", verbose=False)
    else:
        (model.save_weights if output.endswith((".npz", ".weights.h5")) else model.save)(output)


def _check_output(path: str, options: Namespace, *endings: str) -> None:
    if not path.endswith(endings):
        raise ValueError(f"{path}: the ending must be {', '.join(endings[:-1])} or {endings[-1]}")
    if os.path.exists(path) and not (options.force and os.path.isfile(path)):
        raise FileExistsError(f"{path} exists; --force replaces a file")


def predict(options: Namespace) -> None:
    """Predict a table some rows at a time, so that it need not fit the memory.

        minikeras predict model.keras data.csv -o result.csv
        minikeras predict model.keras images.npy -o result.npy
        minikeras predict model.keras - < data.csv > result.csv

    CSV has a row a line, with commas, semicolons or tabs. A first line without any
    number is a header; the result has one then too. Rows get the shape that the
    model takes; of several inputs, the first gets the first columns. Several
    outputs stand side by side.
    """
    path, output, batch = options.data, options.output, options.batch_size
    _check_output(output or ".csv", options, ".csv", ".npy")
    if batch < 1:
        raise ValueError(f"--batch-size must be 1 or more. Received: {batch}.")
    if not output and sys.stdout is None:
        raise ValueError("The standard output is closed. Name a file for the results by --output.")
    model = load_model(options.model)
    with (
        tables.arrays(path) if path.endswith(".npy") else tables.texts(path, options.header) as table,
        replacing(output) if output else nullcontext(sys.stdout.buffer) as file,
        redirect_stdout(sys.stderr),
    ):
        pieces, width, length, header = table
        sizes = [math.prod(n or 1 for n in y.shape[1:]) for y in model.outputs]
        rows = max(NUMBERS // max(width, sum(sizes), 1) // batch, 1) * batch
        bar = Progbar(length and -(-length // batch), verbose=not options.quiet)
        results = _results(model, (_fitted(model, piece, path) for piece in pieces(rows)), batch, bar)
        if (output or "").endswith(".npy"):
            tables.write_npy(file, results)
        else:
            names = zip(getattr(model, "output_names", ["output"]), sizes, strict=True)
            columns = [name if n == 1 else f"{name}_{i}" for name, n in names for i in range(n)]
            head = [np.array([columns])] if header and all(None not in y.shape[1:] for y in model.outputs) else []
            tables.write_csv(file, chain([*head, next(results)], results))  # an error in the first rows comes first


@np.errstate(invalid="ignore")
def _fitted(model: Model, piece: Array, path: str) -> Any:
    """Return rows of a table as the model's inputs: the columns of each one, in its shape."""
    shapes: list[Any] = [x.shape[1:] for x in model.inputs]
    if any(None in shape for shape in shapes):
        return piece  # `predict` checks it
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    flat = piece.reshape(len(piece), -1)
    alike = piece.ndim < 3 or [n for n in piece.shape[1:] if n > 1] == [n for n in shapes[0] if n > 1]
    if flat.shape[1] != ends[-1] or not alike:
        takes = ", ".join(f"{x.name} {x.shape[1:]}" for x in model.inputs)
        raise ValueError(f"{path} has rows of shape {piece.shape[1:]}, the model takes {takes}")
    parts = np.split(flat, ends[:-1], axis=1)
    for x, part in zip(model.inputs, parts, strict=True):
        if x.dtype == "string" and part.dtype.kind == "f":
            raise ValueError(f"{path}: {x.name} takes texts ({x.dtype}) alone")
        if x.dtype != "string" and "f" not in x.dtype and (part.astype(x.dtype) != part).any():
            raise ValueError(f"{path}: {x.name} takes whole numbers ({x.dtype}) alone")
    return tree.pack_sequence_as(model.input, [p.reshape(-1, *shape) for p, shape in zip(parts, shapes, strict=True)])


def _results(model: Model, pieces: Iterator[Any], batch: int, bar: Progbar) -> Iterator[Array]:
    """Yield the predictions for each piece of the table, several outputs side by side, and show the progress."""
    done = 0
    with closing(bar):
        for x in pieces:
            parts = tree.flatten(model.predict(x, batch, verbose=0))
            yield parts[0] if len(parts) == 1 else np.hstack([part.reshape(len(part), -1) for part in parts])
            done += len(parts[0])
            bar.update(-(-done // batch), finalize=False)
        if not done:
            raise ValueError("there are no rows to predict")
        bar.target = -(-done // batch)
        bar.update(bar.target)
