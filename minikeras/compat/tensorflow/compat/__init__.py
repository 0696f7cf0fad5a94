"""`tf.compat`: names of TensorFlow 1, and conversions of text."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..missing import missing
from . import v1 as v1


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Return text as bytes."""
    return bytes_or_text.encode(encoding) if isinstance(bytes_or_text, str) else bytes(bytes_or_text)


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Return bytes as text, and anything else as `str` does."""
    return bytes_or_text.decode(encoding) if isinstance(bytes_or_text, bytes) else str(bytes_or_text)


as_str = as_text
as_str_any = as_text
__getattr__: Callable[[str], Any] = missing(__name__, lambda name: {"v2": import_module("..", __package__)}[name])
