"""Datasets of files: lines of text, records and tables."""

import glob
import io
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from operator import methodcaller
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from .data import AUTOTUNE, INFINITE, UNKNOWN, Dataset, in_turn, tree_map
from .dtypes import TensorSpec
from .io import csv_column, csv_rows, decode_csv
from .missing import namespace
from .records import TFRecordWriter, opened, records
from .tensors import array_of, convert_to_tensor


def _paths(filenames: Any) -> list[str]:
    """Return the names of files, given as text, a tensor, a list or a dataset of these."""
    parts = filenames if isinstance(filenames, Dataset | list | tuple) else [filenames]
    names = [np.ravel(array_of(os.fspath(part) if isinstance(part, os.PathLike) else part)) for part in parts]
    return [name.decode() for name in itertools.chain(*names)]


class _OfFiles(Dataset):
    _parts: Callable[..., Iterator[bytes]]
    """Yields the elements of a file, given its name and its compression."""

    def __init__(self, filenames: Any, compression_type: Any = None, buffer_size: Any = None,
                 num_parallel_reads: Any = None, name: str | None = None) -> None:  # fmt: skip
        def items() -> Iterator[Any]:
            files = (self._parts(path, compression_type) for path in _paths(filenames))
            return (np.array(part, object) for part in in_turn(files, max(num_parallel_reads or 1, 1)))

        super().__init__(type(self).__name__.removesuffix("Dataset"), items, lambda: TensorSpec([], "string"), UNKNOWN)


class TextLineDataset(_OfFiles):
    """The lines of text files, plain or compressed with GZIP."""

    @staticmethod
    def _parts(*file: Any) -> Iterator[bytes]:
        with opened(*file) as lines:
            for line in lines:
                yield line.rstrip(b"\n").replace(b"\r", b"")  # TensorFlow drops \r anywhere in a line


class TFRecordDataset(_OfFiles):
    """The records of TFRecord files, plain or compressed with GZIP."""

    _parts = staticmethod(records)


def _write_records(filename: Any, compression_type: str | None = None) -> Any:
    """`tf.data.experimental.TFRecordWriter`: its `write` writes all elements of a dataset, which are bytes."""

    def write(dataset: Dataset) -> None:
        with TFRecordWriter(filename, compression_type) as file:
            for record in dataset.as_numpy_iterator():
                file.write(record)

    return SimpleNamespace(write=write)


def _table(filenames: Any, record_defaults: list[Any], compression_type: Any = None, *_: Any, header: bool = False,
           **options: Any) -> Dataset:  # fmt: skip
    """`CsvDataset`: a tuple of fields for each line of CSV files; see `tf.io.decode_csv`."""

    def rows(lines: Any) -> Dataset:
        try:
            return Dataset.from_tensor_slices(tuple(decode_csv(lines, record_defaults, **options)))
        except ValueError:  # raise it at its line
            return Dataset.from_tensor_slices(lines).map(lambda x: tuple(decode_csv(x, record_defaults, **options)))

    files = Dataset.from_tensor_slices(_paths(filenames))
    lines = partial(TextLineDataset, compression_type=compression_type)
    return files.flat_map(lambda path: lines(path).skip(int(header)).batch(256).flat_map(rows))  # a fifth of the time


def _numbers(texts: list[str]) -> Any:
    """Return a column as int32, else as float32, else as text: the first that takes all of its cells."""
    for kind in ("int32", "float32"):
        with suppress(ValueError, OverflowError):
            return np.array([text or "0" for text in texts], kind)
    return convert_to_tensor(texts).numpy_view()


def _csv_batches(file_pattern: Any, batch_size: int, column_names: Any = None, column_defaults: Any = None,
                 label_name: Any = None, select_columns: Any = None, field_delim: str = ",",
                 use_quote_delim: bool = True, na_value: str = "", header: bool = True, num_epochs: int | None = None,
                 shuffle: bool = True, shuffle_buffer_size: int = 10000, shuffle_seed: int | None = None,
                 compression_type: str | None = None, **_: Any) -> Dataset:  # fmt: skip
    """`make_csv_dataset`: batches of rows of CSV files, a dict of columns each, or (dict, labels) with `label_name`."""
    paths = sorted(path for pattern in _paths(file_pattern) for path in glob.glob(pattern) or [pattern])
    rows, ends = [], [0]
    for path in paths:
        with io.TextIOWrapper(opened(path, compression_type), "utf8", newline="") as file:
            lines = csv_rows(file, field_delim, use_quote_delim)
        column_names = column_names or lines[0]
        rows += lines[int(header) :]
        ends.append(len(rows))
    texts = dict(zip(column_names, zip(*rows, strict=True), strict=True))
    names = [name for i, name in enumerate(texts) if select_columns is None or {name, i} & {*select_columns}]
    if column_defaults is None:
        columns = {name: _numbers(["" if x == na_value else x for x in texts[name]]) for name in names}
    else:
        columns = {name: csv_column(texts[name], default, na_value, name)
                   for name, default in zip(names, column_defaults, strict=True)}  # fmt: skip
    table = columns if label_name is None else (columns, columns.pop(label_name))
    dataset = Dataset.from_tensor_slices(table)
    if shuffle:  # the files, and then their rows
        files = Dataset.from_tensor_slices((ends[:-1], ends[1:])).shuffle(len(paths), shuffle_seed)
        if len(paths) > 1:
            dataset = files.flat_map(lambda i, j: Dataset.from_tensor_slices(tree_map(lambda x: x[i:j], table)))
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    return dataset.repeat(num_epochs).batch(batch_size, drop_remainder=num_epochs is None).prefetch(1)


_APPLIED = ("bucket_by_sequence_length", "group_by_window", "take_while", "unbatch", "unique")
"""Transformations for `Dataset.apply`, which have become methods of the same names."""
experimental: ModuleType = namespace(
    "data.experimental", **{name: partial(methodcaller, name) for name in _APPLIED},
    AUTOTUNE=AUTOTUNE, INFINITE_CARDINALITY=INFINITE, UNKNOWN_CARDINALITY=UNKNOWN, cardinality=Dataset.cardinality,
    sample_from_datasets=Dataset.sample_from_datasets, get_single_element=Dataset.get_single_element,
    Counter=Dataset.counter, make_csv_dataset=_csv_batches, CsvDataset=_table, TFRecordWriter=_write_records,
    AutoShardPolicy=SimpleNamespace(OFF=-1, AUTO=0, FILE=1, DATA=2, HINT=3),
    assert_cardinality=lambda size: lambda dataset: dataset._derive("AssertCardinality", dataset._items, int(size)),
)  # fmt: skip
