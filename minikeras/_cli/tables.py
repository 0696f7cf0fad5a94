"""Tables that are read and written some rows at a time: NumPy's .npy, and CSV."""

import codecs
import csv
import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, islice
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from .._base.typing import Array

Table: TypeAlias = tuple[Callable[[int], Iterator[Array]], int, int | None, bool]
"""A function that yields n rows at a time; the width of a row; the number of rows, if known; if columns have names."""


@contextmanager
def arrays(path: str) -> Iterator[Table]:
    """Open an .npy file, and read only the rows that are asked for."""
    opened = partial(np.lib.format.open_memmap, path, mode="r")
    try:
        array: Any = opened()
        starts = range(len(array))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} has no rows in NumPy's format: {error}") from error
    # Each piece gets a new memory map, so that the memory of the last one is freed.
    yield lambda n: (opened()[i : i + n] for i in starts[::n]), math.prod(array.shape[1:]), len(starts), False


@contextmanager
def texts(path: str, header: bool | None = None) -> Iterator[Table]:
    """Open a CSV file, or standard input for "-". Without `header`, the first row is one if it has no number."""
    length = None
    if os.path.isfile(path):
        with open(path, "rb") as raw:
            length = sum(part.count(b"\n") for part in iter(partial(raw.read, 2**20), b""))
    try:
        with open(0 if path == "-" else path, encoding="utf-8-sig", newline="", closefd=path != "-") as file:
            first = file.readline()
            reader = csv.reader(chain([first], file), delimiter=max(",;\t", key=first.count), strict=True)
            top = next(filter(None, reader), [])
            header = not any(map(_is_number, top)) if header is None else header
            rows = _numbers(chain([] if header else [top], reader), lambda: f"{path}, line {reader.line_num}", len(top))
            yield lambda n: map(np.array, iter(lambda: [*islice(rows, n)], [])), len(top), length, header
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no CSV in UTF-8: {error}") from error


def _numbers(rows: Iterable[list[str]], place: Callable[[], str], width: int) -> Iterator[list[float]]:
    """Yield rows of texts as numbers, and skip empty rows; an error says at which `place` the reader is."""
    for row in filter(None, rows):
        if len(row) != width:
            raise ValueError(f"{place()}: {len(row)} columns, where the first line has {width}")
        try:
            yield [float(text) for text in row]
        except ValueError as error:
            raise ValueError(f"{place()}: {error}") from None


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        return isinstance(float(text), float)
    return False


def write_npy(file: BinaryIO, results: Iterable[Array]) -> None:
    """Write arrays one below the other."""
    rows, kinds = 0, set()
    for y in results:
        rows += len(y)
        kinds.add((y.dtype, y.shape[1:]))
        if y.dtype.hasobject or len(kinds) > 1:
            raise ValueError("texts, and rows of different shapes, can be written to .csv alone")
        layout = {"descr": np.lib.format.dtype_to_descr(y.dtype), "fortran_order": False, "shape": (rows, *y.shape[1:])}
        file.seek(0)
        np.lib.format.write_array_header_1_0(file, layout)  # over the last one: its length does not depend on `rows`
        file.seek(0, os.SEEK_END)
        file.write(y.tobytes())


def write_csv(file: BinaryIO, results: Iterable[Array]) -> None:
    """Write arrays one below the other, each number as the shortest text that gives it back."""
    writer = csv.writer(codecs.getwriter("utf8")(file), lineterminator="\n")
    for y in results:
        writer.writerows(y.reshape(len(y), -1).astype(str).tolist())
