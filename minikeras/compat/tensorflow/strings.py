"""`tf.strings`: text, as arrays of bytes."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._typing import DTypeLike
from ...tensor import Tensor, TensorOps, as_array
from .dtypes import as_dtype
from .missing import missing
from .tensors import constant, convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)


def _each(function: Callable[..., Any], *inputs: Any, dtype: str = "object") -> Tensor:
    arrays = np.broadcast_arrays(*(as_array(convert_to_tensor(x)) for x in inputs))
    flat = [function(*items) for items in zip(*(a.ravel() for a in arrays), strict=True)]
    found = np.empty(arrays[0].shape, dtype)
    found.ravel()[:] = flat
    return Tensor(found)


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:
    """How many bytes, or characters (unit "UTF8_CHAR"), each text has."""
    return _each(lambda s: len(s.decode() if unit == "UTF8_CHAR" else s), input, dtype="int32")


def lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Texts in small letters."""
    return _each(lambda s: s.decode().lower().encode() if encoding else s.lower(), input)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Texts in capitals."""
    return _each(lambda s: s.decode().upper().encode() if encoding else s.upper(), input)


def strip(input: Any, name: str | None = None) -> Tensor:
    """Texts without space at their ends."""
    return _each(lambda s: s.strip(), input)


def _parts(found: Any, cut: Callable[[Any], list[Any]], name: str) -> Tensor:
    if found.ndim:
        raise ValueError(f"minikeras has no ragged tensors, which tf.strings.{name} of several texts would give. "
                         f"Received: shape={found.shape}. Split one text at a time.")  # fmt: skip
    return constant(cut(found.item()))


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Tensor:
    """The parts of a text between separators, or between spaces."""
    by = sep.encode() if sep else None
    return _parts(as_array(convert_to_tensor(input)), lambda s: s.split(by, maxsplit), "split")


def bytes_split(input: Any, name: str | None = None) -> Tensor:
    """The bytes of a text."""
    return _parts(as_array(convert_to_tensor(input)), lambda s: [bytes([b]) for b in s], "bytes_split")


def join(inputs: Any, separator: str = "", name: str | None = None) -> Tensor:
    """Texts put together, element by element."""
    return _each(lambda *parts: separator.encode().join(parts), *inputs)


def reduce_join(inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "", name: Any = None) -> Tensor:
    """Texts put together along an axis, all by default."""
    found = as_array(convert_to_tensor(inputs))
    if axis is None:
        return constant(separator.encode().join(found.ravel()))
    moved = np.moveaxis(found, axis, -1)
    rows = np.empty(moved.shape[:-1], "object")
    rows.ravel()[:] = [separator.encode().join(row) for row in moved.reshape(-1, moved.shape[-1])]
    return Tensor(np.expand_dims(rows, axis) if keepdims else rows)


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:
    """Parts of texts."""
    return _each(lambda s, i, n: s[i : i + n], input, pos, len)


def regex_replace(input: Any, pattern: str, rewrite: str, replace_global: bool = True, name: Any = None) -> Tensor:
    r"""Texts with what matches replaced; \1 stands for the first group."""
    return _each(lambda s: re.sub(pattern.encode(), rewrite.encode(), s, count=0 if replace_global else 1), input)


def regex_full_match(input: Any, pattern: str, name: str | None = None) -> Tensor:
    """Whether a whole text matches."""
    return _each(lambda s: re.fullmatch(pattern.encode(), s) is not None, input, dtype="bool")


def to_number(input: Any, out_type: DTypeLike = "float32", name: str | None = None) -> Tensor:
    """Texts as numbers."""
    return _each(lambda s: float(s) if as_dtype(out_type).is_floating else int(s), input, dtype=as_dtype(out_type).name)


def as_string(input: Any, precision: int = -1, scientific: bool = False, **_: Any) -> Tensor:
    """Numbers as texts."""

    def write(x: Any) -> bytes:
        if isinstance(x, bool | np.bool_):
            return b"true" if x else b"false"
        if isinstance(x, float | np.floating):
            return f"{float(x):.{6 if precision < 0 else precision}{'e' if scientific else 'f'}}".encode()
        return str(x).encode()

    return _each(write, input)


def format(template: str, inputs: Any = (), placeholder: str = "{}", summarize: int = 3, name: Any = None) -> Tensor:
    """A text with values in it."""
    values = inputs if isinstance(inputs, list | tuple) else [inputs]
    parts = template.split(placeholder)
    texts = [str(as_array(v)) if isinstance(v, TensorOps) else str(v) for v in values]
    return constant("".join(a + b for a, b in zip(parts, [*texts, ""], strict=True)))


def unicode_decode(input: Any, input_encoding: str = "UTF-8", *_: Any, **__: Any) -> Tensor:
    """The numbers of a text's characters."""
    return Tensor(np.array([ord(c) for c in as_array(convert_to_tensor(input)).item().decode(input_encoding)], "int32"))


def unicode_encode(input: Any, output_encoding: str = "UTF-8", *_: Any, **__: Any) -> Tensor:
    """The text of the numbers of its characters."""
    return constant("".join(map(chr, as_array(input).tolist())).encode(output_encoding))
