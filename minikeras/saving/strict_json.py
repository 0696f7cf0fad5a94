"""A reader of JSON from files that may be hostile."""

import json
import math
import re
from typing import Any, NoReturn

import numpy as np

from .._base.typing import Config
from .source import FileError

MAX_SIZE = 16 << 20
"""The most bytes of a text. Such long ones have a vocabulary in them."""
MAX_DEPTH = 200  # of nested objects and lists
MAX_VALUES = 1_000_000  # in one text
MAX_PARTS = 300_000
"""The most objects and lists in a text: in memory an empty one takes 64 bytes, one with a single name 232."""
_STEPS = np.zeros(256, np.int8)
_STEPS[[*b"[{"]], _STEPS[[*b"]}"]] = 1, -1
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_OTHERS = bytes({*range(256)} - {*b"[]{}"})
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""An escape that may be half a character (a surrogate)."""


def read_json(data: bytes, name: str, place: str = "the JSON text") -> Config:
    """Return the object that a JSON text describes.

    Size, depth and number of values are limited before anything is parsed. A FileError, with file and place, for other
    encodings than UTF-8, for names that occur twice, for numbers that are too large, and for texts that are no Unicode.
    """

    def refuse(reason: str) -> NoReturn:
        raise FileError(name, place, reason)

    def unique(pairs: list[tuple[str, Any]]) -> Config:
        table = dict(pairs)
        if len(table) != len(pairs):
            refuse("a name occurs twice in one object")
        return table

    def finite(text: str) -> float:
        number = float(text)
        return number if math.isfinite(number) else refuse(f"the number {text} is too large")

    if len(data) > MAX_SIZE:
        refuse(f"it has {len(data)} bytes, more than the {MAX_SIZE} that are read")
    counts = [data.count(mark) for mark in (b"[", b"{", b"]", b"}", b",", b'"')]
    marks = b"" if sum(counts) > 6 * MAX_VALUES else _STRING.sub(b"", data)
    parts = marks.count(b"[") + marks.count(b"{")
    if not marks or parts > MAX_PARTS or parts + marks.count(b",") > MAX_VALUES:
        refuse(f"it has more than {MAX_VALUES} values, or more than {MAX_PARTS} objects and lists")
    brackets = np.frombuffer(marks.translate(None, _OTHERS), np.uint8)
    if np.cumsum(_STEPS[brackets], dtype=np.int32).max(initial=0) > MAX_DEPTH:
        refuse(f"it is more than {MAX_DEPTH} levels deep")
    try:
        config = json.loads(data.decode(), object_pairs_hook=unique, parse_float=finite)
        if _HALF.search(data):
            json.dumps(config, ensure_ascii=False).encode()
    except FileError:
        raise
    except ValueError as error:  # no JSON, no UTF-8, half a character, or an integer of very many digits
        refuse(f"it is no JSON in UTF-8: {error}")
    return config if isinstance(config, dict) else refuse("it is not an object")
