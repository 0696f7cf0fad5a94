"""The parts that data sets have in common: where they come from, how they are read, and how they are split."""

import json
import os
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np

from .._base.settings import image_data_format
from .._base.typing import Array
from ..saving.npz import read_arrays
from ..utils.file_utils import get_file
from .unpickle import unpickle

Split: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]
"""(x_train, y_train), (x_test, y_test)."""

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def fetch(path: str, name: str, file_hash: str, cache_subdir: str = "datasets") -> str:
    """Return the path of a file in the cache, with its hash checked; if missing, `name` is downloaded from Keras."""
    return get_file(path, _ORIGIN + name, file_hash=file_hash, cache_subdir=cache_subdir)


def split(x: Any, y: Any, test_split: float) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Split rows: the last ones, a fraction of `test_split`, are to test on, the others to train on."""
    end = int(len(x) * (1 - test_split))
    return (x[:end], y[:end]), (x[end:], y[end:])


def read_table(path: str, name: str, file_hash: str, test_split: float, seed: int, rows: int | None = None) -> Split:
    """Return the first rows of `x` and `y` in a file, shuffled and split."""
    if not 0 <= test_split < 1:
        raise ValueError(f"`test_split` must be at least 0 and below 1. Received: test_split={test_split}.")
    arrays = read_arrays(fetch(path, name, file_hash))
    order = np.random.RandomState(seed).permutation(len(arrays["x"][:rows]))
    return split(arrays["x"][order], arrays["y"][order], test_split)


def prepare_texts(parts: Iterable[tuple[Array, Array]], num_words: int | None, skip_top: int, maxlen: int | None,
                  seed: int, start_char: int | None, oov_char: int | None,
                  index_from: int | None) -> list[tuple[list[list[int]], Array]]:  # fmt: skip
    """Return texts and labels of each part, shuffled and prepared as `imdb.load_data` describes."""
    random, shift = np.random.RandomState(seed), index_from or 0
    start = [] if start_char is None else [start_char]
    prepared = []
    for x, y in parts:
        order = random.permutation(len(x))
        texts = [[*start, *(word + shift for word in text)] for text in x[order]]
        rows = [i for i, text in enumerate(texts) if not maxlen or len(text) < maxlen]
        prepared.append(([texts[i] for i in rows], y[order][rows]))
    end = num_words or max(chain.from_iterable(chain.from_iterable(texts for texts, _ in prepared)), default=0)

    def limited(text: Sequence[int]) -> list[int]:
        if oov_char is None:
            return [word for word in text if skip_top <= word < end]
        return [word if skip_top <= word < end else oov_char for word in text]

    return [([*map(limited, texts)], y) for texts, y in prepared]


def as_lists(texts: list[list[int]], labels: Array) -> tuple[Array, Array]:
    """Return an array of lists, and the labels."""
    return np.array(texts, object), labels


def read_index(path: str, name: str, file_hash: str) -> dict[str, int]:
    """Return words and their numbers, from a file of JSON."""
    with open(fetch(path, name, file_hash), encoding="utf8") as file:
        return dict(json.load(file))


def fetch_folder(name: str, file_hash: str, inner: str) -> str:
    """Return the folder with the batches, which is downloaded and unpacked if need be."""
    origin = f"https://www.cs.toronto.edu/~kriz/{name}.tar.gz"
    return os.path.join(get_file(f"{inner}-target", origin, extract=True, file_hash=file_hash), inner)


def read_batches(folder: str, names: list[str], labels: str) -> tuple[Array, Array]:
    """Return the images of some batches, in the configured data format, and their labels as a column."""
    batches = []
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            batches.append(unpickle(file))
    x = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    y = np.concatenate([batch[labels] for batch in batches]).reshape(-1, 1)
    return x.transpose(0, 2, 3, 1) if image_data_format() == "channels_last" else x, y
