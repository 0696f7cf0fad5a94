"""JSON out of a file that may be hostile."""

import json
import math
import re
from typing import Any, NoReturn

import numpy as np

from .._base.typing import Config
from .source import FileError

MAX_SIZE = 16 << 20
"""In bytes. What is in a configuration is counted below; long are the texts of a vocabulary."""
MAX_DEPTH = 200  # of objects and lists in each other
MAX_VALUES = 1_000_000  # in one text
MAX_PARTS = 300_000
"""How many objects and lists there may be: an empty one takes 64 bytes, one with a name in it 232."""
_STEPS = np.zeros(256, np.int8)
_STEPS[[*b"[{"]], _STEPS[[*b"]}"]] = 1, -1
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_OTHERS = bytes({*range(256)} - {*b"[]{}"})
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""What may be half a character."""


def read_json(data: bytes, name: str, place: str = "the JSON text") -> Config:
    """Return the object that a JSON text describes.

    Size, depth and number of values are limited before anything is parsed. Encodings other than UTF-8, names that are
    there twice, numbers too large and texts that are no Unicode are refused: a FileError with file and place.
    """

    def refuse(reason: str) -> NoReturn:
        raise FileError(name, place, reason)

    def unique(pairs: list[tuple[str, Any]]) -> Config:
        table = dict(pairs)
        if len(table) != len(pairs):
            refuse("a name is there twice in one object")
        return table

    def finite(text: str) -> float:
        number = float(text)
        return number if math.isfinite(number) else refuse(f"the number {text} is too large")

    if len(data) > MAX_SIZE:
        refuse(f"it has {len(data)} bytes, {MAX_SIZE} at most are read")
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
