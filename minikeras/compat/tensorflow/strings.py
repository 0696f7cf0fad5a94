"""`tf.strings`: text, in arrays of bytes objects."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ... import ops
from ..._core.tensor import Tensor, TensorOps, as_array
from ...layers.fingerprints import bins_of
from . import ragged
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError
from .functions import printed
from .missing import missing, named
from .tensors import Rows, array_of, constant, convert_to_tensor, elementwise, on_elements

__getattr__: Callable[[str], Any] = missing(__name__)


def _each(function: Callable[..., Any], *inputs: Any, dtype: str = "object") -> Any:
    if any(isinstance(x, Rows) for x in inputs):
        return on_elements(partial(_each, function, dtype=dtype), *inputs)
    arrays = np.broadcast_arrays(*(array_of(x) for x in inputs))
    results = np.empty(arrays[0].shape, dtype)
    results.ravel()[:] = [function(*items) for items in zip(*(a.ravel() for a in arrays), strict=True)]
    return Tensor(results)


def _parts(input: Any, cut: Callable[[Any], list[Any]], dtype: str = "string") -> Any:
    """Return the parts of one text as a tensor, or of several texts as a ragged tensor."""
    if isinstance(input, Rows):
        return on_elements(partial(_parts, cut=cut, dtype=dtype), input)

    def nested(item: Any) -> Any:
        return [nested(row) for row in item] if isinstance(item, np.ndarray) else cut(item)

    return ragged.constant(nested(array_of(input)[()]), dtype)


@elementwise
def to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """The hash of each text, a number below `num_buckets`."""
    texts = array_of(input)
    return Tensor(bins_of(texts.ravel().tolist(), num_buckets).reshape(texts.shape))


def reduce_join(inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "", name: Any = None) -> Tensor:
    """Texts joined along an axis, by default all of them."""
    if isinstance(inputs, ragged.RaggedTensor) and axis is not None:
        joined_rows: Tensor = inputs.reduced(partial(reduce_join, separator=separator), {axis % len(inputs.shape)})
        return ops.expand_dims(joined_rows, axis) if keepdims else joined_rows
    texts = as_array(inputs.flat_values if isinstance(inputs, ragged.RaggedTensor) else convert_to_tensor(inputs))
    axes = range(texts.ndim) if axis is None else np.atleast_1d(axis).tolist()[::-1]
    moved = np.moveaxis(texts, axes, range(-len(axes), 0))  # the first of `axis` comes last: its texts are neighbors
    kept = moved.shape[: texts.ndim - len(axes)]
    joined = [separator.encode().join(moved[place].ravel()) for place in np.ndindex(kept)]
    rows = np.array(joined, "object").reshape(kept)
    return Tensor(np.expand_dims(rows, tuple(axes)) if keepdims else rows)


def _text(pattern: Any) -> str:
    """Return a text as str, for patterns; bytes that are no UTF-8 are kept as surrogates."""
    text: Any = pattern if isinstance(pattern, str | bytes) else as_array(pattern).item()
    return text.decode("utf8", "surrogateescape") if isinstance(text, bytes) else str(text)


_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "digit": r"\d", "lower": "a-z", "upper": "A-Z",
    "punct": r"!-/:-@\[-`{-~", "space": r"\s", "word": r"\w", "xdigit": "0-9a-fA-F",
    "ascii": r"\x00-\x7f", "cntrl": r"\x00-\x1f\x7f", "graph": "!-~", "print": " -~"}  # fmt: skip
"""POSIX character class -> the same within the brackets of a Python pattern."""


def _regex(pattern: Any) -> re.Pattern[str]:
    return re.compile(re.sub(r"\[:(\w+):\]", lambda m: _CLASSES[m[1]], _text(pattern)), re.ASCII)


def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: Any = None) -> Tensor:
    r"""Texts with each match replaced; in `rewrite`, \1 is the first group and \0 the whole match."""
    by = re.sub(r"\\(\d)", r"\\g<\1>", _text(rewrite))
    regex, most = _regex(pattern), 0 if replace_global else 1
    return _each(lambda s: regex.sub(by, _text(s), most).encode("utf8", "surrogateescape"), input)


def as_string(input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1,
              fill: str = "", name: str | None = None) -> Tensor:  # fmt: skip
    """Numbers as texts, in the format of C's `printf`."""
    if fill not in ("", " ", "+", "-", "0") or (shortest and scientific):
        raise InvalidArgumentError(f"Fill must be one of ' +-0', and scientific excludes shortest. Received: {fill=}")
    size = f"%{fill}{'' if width < 0 else width}"
    real = f"{size}{'' if precision < 0 else f'.{precision}'}{'g' if shortest else 'e' if scientific else 'f'}"

    def write(x: Any) -> bytes:
        if isinstance(x, bool | np.bool_):
            return b"true" if x else b"false"
        if isinstance(x, complex | np.complexfloating):
            return f"({real % x.real},{real % x.imag})".encode()
        if isinstance(x, float | np.floating):
            return (real % float(x)).encode()
        return x if isinstance(x, bytes) else (f"{size}d" % int(x)).encode()

    return _each(write, input)


def format(template: str, inputs: Any = (), placeholder: str = "{}", summarize: int = 3, name: Any = None) -> Tensor:
    """A template with its placeholders replaced by values."""
    values = inputs if isinstance(inputs, list | tuple) else [inputs]
    texts = [printed(v, summarize) if isinstance(v, TensorOps) else str(v) for v in values]
    return constant("".join(a + b for a, b in zip(template.split(placeholder), [*texts, ""], strict=True)))


def unicode_encode(input: Any, output_encoding: str = "UTF-8", *_: Any, **__: Any) -> Tensor:
    """Texts, given the code points of their characters."""

    def encoded(item: Any) -> Any:
        nested = item and isinstance(item[0], list)
        return [encoded(row) for row in item] if nested else "".join(map(chr, item)).encode(output_encoding)

    return constant(encoded(input.to_list() if isinstance(input, ragged.RaggedTensor) else as_array(input).tolist()))


def _number(text: bytes, kind: DType) -> float:
    """Read a number; Python alone takes a "_" among the digits."""
    try:
        return (float if kind.is_floating else int)(text.replace(b"_", b"no digit"))
    except ValueError:
        raise InvalidArgumentError(f"Expected the text of a number of {kind.name}. Received: {text!r}") from None


globals().update(named({
    "length": ('The length of each text in bytes, or in characters with unit "UTF8_CHAR".',
        lambda input, unit="BYTE", name=None:
            _each(lambda s: len(s.decode() if unit == "UTF8_CHAR" else s), input, dtype="int32")),
    "substr": ('Substrings by position and length in bytes, or characters ("UTF8_CHAR"); from the end if negative.',
        lambda input, pos, len, unit="BYTE", name=None: _each(
            lambda s, i, n: s.decode()[i:][: None if n < 0 else n].encode() if unit == "UTF8_CHAR"
            else s[i:][: None if n < 0 else n], input, pos, len)),
    **{case: (f"Texts in {case} case.", lambda input, encoding="", name=None, case=case:
            _each(lambda s: getattr(s.decode(), case)().encode() if encoding else getattr(s, case)(), input))
       for case in ("lower", "upper")},
    "split": ("The parts of texts between separators, by default white space.",
        lambda input, sep=None, maxsplit=-1, name=None:
            _parts(input, lambda s: s.split(None if sep is None else array_of(sep).item() or None, maxsplit))),
    "regex_full_match": ("Whether a pattern matches texts as a whole.", lambda input, pattern, name=None:
        _each(lambda s: _regex(pattern).fullmatch(_text(s)) is not None, input, dtype="bool")),
    "to_number": ("Texts as numbers.",
        lambda input, out_type="float32", name=None:
            _each(partial(_number, kind=as_dtype(out_type)), input, dtype=as_dtype(out_type).name)),
    "strip": ("Texts without white space at their ends.", lambda input, name=None: _each(lambda s: s.strip(), input)),
    "bytes_split": ("The bytes of texts.", lambda input, name=None: _parts(input, lambda s: [bytes([b]) for b in s])),
    "unicode_split": ("The characters of texts.",
        lambda input, input_encoding="UTF-8", *_, **__:
            _parts(input, lambda s: [c.encode() for c in s.decode(input_encoding)])),
    "join": ("Texts joined, element by element.",
        lambda inputs, separator="", name=None: _each(lambda *parts: separator.encode().join(parts), *inputs)),
    "unicode_decode": ("The code points of the characters of texts.",
        lambda input, input_encoding="UTF-8", *_, **__:
            _parts(input, lambda s: [ord(c) for c in s.decode(input_encoding)], "int32"))}))  # fmt: skip
