"""Texts as lists of word numbers, marked and limited: what `imdb` and `reuters` do alike."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from .._base.typing import Array
from .base import fetch


def number(xs: Iterable[Sequence[int]], start_char: int | None, index_from: int | None) -> list[list[int]]:
    """Return texts whose word numbers begin above `index_from`, with `start_char` before each unless it is None."""
    start, shift = [] if start_char is None else [start_char], index_from or 0
    return [[*start, *(word + shift for word in x)] for x in xs]


def shorter(maxlen: int | None, xs: list[list[int]], labels: Array) -> tuple[list[list[int]], Array]:
    """Return the texts that have fewer words than `maxlen`, and their labels; all of them for None."""
    if not maxlen:
        return xs, labels
    rows = [i for i, x in enumerate(xs) if len(x) < maxlen]
    return [xs[i] for i in rows], labels[rows]


def limit(xs: list[list[int]], num_words: int | None, skip_top: int, oov_char: int | None) -> list[list[int]]:
    """Return texts with `oov_char` for the words not from `skip_top` to below `num_words`; without them for None.

    Where `num_words` is None, it is the largest number there is.
    """
    num_words = num_words or max(max(x) for x in xs)
    if oov_char is None:
        return [[word for word in x if skip_top <= word < num_words] for x in xs]
    return [[word if skip_top <= word < num_words else oov_char for word in x] for x in xs]


def read_index(path: str, name: str, file_hash: str) -> dict[str, int]:
    """Return words and their numbers, from a file of JSON."""
    with open(fetch(path, name, file_hash), encoding="utf8") as file:
        index: dict[str, Any] = json.load(file)
    return index
