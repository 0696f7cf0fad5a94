"""TFRecord files, and the protocol buffers of `tf.train.Example`: how they lie in a file, and how they become tensors.

The formats: https://www.tensorflow.org/tutorials/load_data/tfrecord, https://protobuf.dev/programming-guides/encoding.
"""

import gzip
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import index
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, NamedTuple, Self

import numpy as np

from ..._base.typing import Array
from ..._core.tensor import Tensor
from ..._jit.trace import escape
from . import errors
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError, NotFoundError
from .ragged import RaggedTensor
from .sparse import SparseTensor
from .tensors import array_of, empty_of

# Protocol buffers.


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    places = range(0, max(number.bit_length(), 1), 7)
    return bytes(number >> at & 127 | (128 if at != places[-1] else 0) for at in places)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 70:
        byte = data[at]
        number, at, shift = number | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return number, at
    raise IndexError


def _parts(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the fields of a message: the number of each, and its bytes or (of a bare varint) its value."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, end = _read_varint(data, at) if tag & 7 in (0, 2) else (0, at + {1: 8, 5: 4}[tag & 7])
        if tag & 7 == 2:
            at, end = end, end + value
        if end > len(data):
            raise IndexError
        yield tag >> 3, value if tag & 7 == 0 else data[at:end]
        at = end


class _Numbers(list[Any]):
    """The repeated values of a field, in which each is checked."""

    check: Callable[..., Any]

    def append(self, value: Any) -> None:
        super().append(type(self).check(value))

    def extend(self, values: Iterable[Any]) -> None:
        for value in values:
            self.append(value)

    def write(self) -> list[bytes]:
        """Return what stands in a message."""
        return [b"".join(map(_varint, self))] if self else []

    def read(self, part: Any) -> None:
        """Add what stands in one."""
        at = 0
        while not isinstance(part, int) and at < len(part):
            number, at = _read_varint(part, at)
            list.append(self, number - (number >> 63 << 64))
        if isinstance(part, int):
            list.append(self, part - (part >> 63 << 64))

    def text(self, name: str) -> list[str]:
        """Return the lines that show it."""
        return [f"{name}: {self.shown(value)}" for value in self]

    shown: Callable[..., str] = staticmethod(str)


class _Integers(_Numbers):
    @staticmethod
    def check(value: Any) -> int:
        if isinstance(value, bool | np.bool_):
            raise TypeError("Field tensorflow.Int64List.value: Expected an int, got a boolean.")
        number = index(value)
        if not -(1 << 63) <= number < 1 << 63:
            raise ValueError(f"Value out of range: {number}")
        return number


class _Floats(_Numbers):
    check = staticmethod(lambda value: float(np.float32(_number(value))))
    shown = staticmethod(lambda value: f"{np.float32(value):.6g}" if float(np.float32(f"{value:.6g}")) == value
                         else f"{value:.9g}")  # fmt: skip

    def write(self) -> list[bytes]:
        return [np.asarray(self, "<f4").tobytes()] if self else []

    def read(self, part: bytes) -> None:
        list.extend(self, np.frombuffer(part, "<f4").tolist())


def _number(value: Any) -> Any:
    if isinstance(value, str | bytes):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    return value


class _Texts(_Numbers):
    @staticmethod
    def check(value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise TypeError(f"expected bytes, {type(value).__name__} found")
        return value

    @staticmethod
    def shown(value: bytes) -> str:
        marks = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}
        return '"' + "".join(marks.get(b) or (chr(b) if 31 < b < 127 else f"\\{b:03o}") for b in value) + '"'

    def write(self) -> list[bytes]:
        return list(self)

    def read(self, part: bytes) -> None:
        list.append(self, part)


class _Map(dict[str, Any]):
    """Messages by their names; one is made where it is asked for first."""

    kind: "type[Message]"

    def __missing__(self, name: str) -> Any:
        return self.setdefault(name, self.kind())

    def extend(self, values: dict[str, Any]) -> None:
        self.update(values)

    def write(self) -> list[bytes]:
        return [_field(1, name.encode()) + _field(2, value.SerializeToString()) for name, value in self.items()]

    def read(self, part: bytes) -> None:
        entry = dict(_parts(part))
        self[entry.get(1, b"").decode()] = self.kind.FromString(entry.get(2, b""))

    def text(self, name: str) -> list[str]:
        entries = ([f"key: {_Texts.shown(key.encode())}", *_block("value", value)] for key, value in self.items())
        return [line for entry in entries for line in (f"{name} {{", *("  " + part for part in entry), "}")]


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _block(name: str, message: "Message") -> list[str]:
    return [f"{name} {{", *("  " + line for line in str(message).splitlines()), "}"]


class Message:
    """A protocol buffer: its fields are attributes, and none is assigned to."""

    FIELDS: ClassVar[dict[str, tuple[int, Any]]]
    """The number of each field, and what it holds: a list, a map, or another message."""

    def __init_subclass__(cls, **fields: tuple[int, Any]) -> None:
        cls.FIELDS = fields

    def __init__(self, **values: Any) -> None:
        self._present: set[str] = {name for name, value in values.items() if isinstance(value, Message)}
        for name, (_, kind) in self.FIELDS.items():
            vars(self)[name] = value = values.pop(name, None) if issubclass(kind, Message) else kind()
            if value is None:
                vars(self)[name] = kind()
            elif name in values:
                value.extend(values.pop(name))
        if values:
            raise ValueError(f'Protocol message {type(self).__name__} has no "{next(iter(values))}" field.')

    def _held(self) -> list[tuple[int, str, Any]]:
        """Return the fields that hold something or were given: number, name and content."""
        fields = [(number, name, vars(self)[name]) for name, (number, _) in self.FIELDS.items()]
        return [f for f in fields if f[1] in self._present or (f[2]._held() if isinstance(f[2], Message) else f[2])]

    def WhichOneof(self, oneof_group: str) -> str | None:
        """Return the name of the field that is there, None if there is none."""
        return next((name for _, name, _ in self._held()), None)

    def SerializeToString(self) -> bytes:
        """Return the message as bytes."""
        held = ((n, [v.SerializeToString()] if isinstance(v, Message) else v.write()) for n, _, v in self._held())
        return b"".join(_field(number, part) for number, parts in held for part in parts)

    def ParseFromString(self, serialized: bytes) -> int:
        """Take the values that bytes hold, and return how many bytes these are.

        Raises:
            InvalidArgumentError: if they are no message of this kind.
        """
        self.__init__()  # type: ignore[misc]
        numbers = {number: name for name, (number, _) in self.FIELDS.items()}
        try:
            for number, part in _parts(serialized):
                if (name := numbers.get(number)) is not None:
                    field = vars(self)[name]
                    (field.ParseFromString if isinstance(field, Message) else field.read)(part)
                    self._present |= {name} if isinstance(field, Message) else set()
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise InvalidArgumentError(
                f"Error parsing message with type 'tensorflow.{type(self).__name__}': the bytes are no such message."
            ) from error
        return len(serialized)

    @classmethod
    def FromString(cls, serialized: bytes) -> Self:
        """Return the message that bytes hold."""
        message = cls()
        message.ParseFromString(serialized)
        return message

    def ByteSize(self) -> int:
        """Return how many bytes it takes."""
        return len(self.SerializeToString())

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and [f[1:] for f in self._held()] == [f[1:] for f in other._held()]

    def __str__(self) -> str:
        held = (_block(name, v) if isinstance(v, Message) else v.text(name) for _, name, v in self._held())
        return "".join(f"{line}\n" for lines in held for line in lines)

    __repr__ = __str__


class BytesList(Message, value=(1, _Texts)):
    """Texts."""


class FloatList(Message, value=(1, _Floats)):
    """Numbers, float32."""


class Int64List(Message, value=(1, _Integers)):
    """Whole numbers."""


class Feature(Message, bytes_list=(1, BytesList), float_list=(2, FloatList), int64_list=(3, Int64List)):
    """A list of one of three kinds."""


class _FeatureMap(_Map):
    kind = Feature


class Features(Message, feature=(1, _FeatureMap)):
    """Features by their names."""


class Example(Message, features=(1, Features)):
    """One example: its features.

    Example:
        >>> Example(features=Features(feature={"x": Feature(int64_list=Int64List(value=[3]))})).SerializeToString()
        b'\\n\\x0c\\n\\n\\n\\x01x\\x12\\x05\\x1a\\x03\\n\\x01\\x03'
    """

    features: Features


# From examples to tensors.


class FixedLenFeature(NamedTuple):
    """A feature of one shape."""

    shape: Any
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature of any length, which becomes a sparse tensor."""

    dtype: Any


class FixedLenSequenceFeature(NamedTuple):
    """A feature of any number of rows of one shape; shorter ones of a batch are filled up."""

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class RaggedFeature(NamedTuple):
    """A feature of any length, which becomes rows of a ragged tensor."""

    dtype: Any
    value_key: str | None = None


_KINDS = {"bytes_list": "string", "float_list": "float32", "int64_list": "int64"}


def _values(example: Example, name: str, dtype: DType) -> Array | None:
    """Return the values of a feature, None where an example has none."""
    feature = example.features.feature.get(name)  # type: ignore[attr-defined]
    field = None if feature is None else feature.WhichOneof("kind")
    if feature is None or field is None:
        return None
    if _KINDS[field] != dtype:
        raise InvalidArgumentError(
            f"Key: {name}.  Data types don't match. Data type: {_KINDS[field]} but expected type: {dtype.name}"
        )
    return np.array(getattr(feature, field).value, dtype.as_numpy_dtype)


def _column(examples: list[Example], name: str, kind: Any, batched: bool) -> Any:
    """Return a feature of all examples."""
    dtype = as_dtype(kind.dtype)
    rows = [_values(example, getattr(kind, "value_key", None) or name, dtype) for example in examples]
    if isinstance(kind, FixedLenFeature):
        default = None if kind.default_value is None else array_of(kind.default_value).astype(dtype.as_numpy_dtype)
        rows = [default if row is None else row for row in rows]
        if any(row is None for row in rows):
            raise InvalidArgumentError(f"Feature: {name} (data type: {dtype.name}) is required but could not be found.")
        try:
            arrays = [np.reshape(row, kind.shape) for row in rows if row is not None]
        except ValueError:
            raise InvalidArgumentError(
                f"Key: {name}.  Can't parse serialized Example: its number of values does not fit shape {kind.shape}."
            ) from None
        return Tensor(np.stack(arrays) if batched else arrays[0])
    full = [np.zeros(0, dtype.as_numpy_dtype) if row is None else row for row in rows]
    lengths = [len(row) for row in full]
    if isinstance(kind, RaggedFeature):
        return RaggedTensor.from_row_lengths(np.concatenate(full), lengths) if batched else Tensor(full[0])
    if isinstance(kind, VarLenFeature):
        places = [(i, j) if batched else (j,) for i, n in enumerate(lengths) for j in range(n)]
        shape = [len(full), max(lengths, default=0)] if batched else lengths
        return SparseTensor(np.reshape(places, (-1, len(shape))), np.concatenate(full), shape)
    fill = empty_of(full[0].dtype) if kind.default_value is None else kind.default_value
    table = np.full((len(full), max(lengths, default=0)), fill, full[0].dtype)
    for place, row in zip(table, full, strict=True):
        place[: len(row)] = row
    return Tensor((table if batched else table[0]).reshape(*[len(full)][:batched], -1, *kind.shape))


def parse_example(serialized: Any, features: dict[str, Any], example_names: Any = None, name: Any = None) -> Any:
    """The features of serialized examples, each of all of them.

    Raises:
        InvalidArgumentError: for bytes that hold no example, and for a feature that lacks or does not fit.
    """
    escape()
    examples = [Example.FromString(text) for text in array_of(serialized).ravel()]
    return {key: _column(examples, key, kind, True) for key, kind in features.items()}


def parse_single_example(serialized: Any, features: dict[str, Any], example_names: Any = None, name: Any = None) -> Any:
    """The features of one serialized example."""
    escape()
    example = Example.FromString(array_of(serialized).item())
    return {key: _column([example], key, kind, False) for key, kind in features.items()}


# Files.

_STRIDE, _LONG = 64, 1024


@cache
def _tables() -> tuple[Array, list[int], list[list[int]]]:
    """Return what a byte makes of a CRC32C, as a list too, and what `_STRIDE` zeros make of each byte of one."""
    table = np.arange(256, dtype="uint32")
    for _ in range(8):
        table = (table >> 1) ^ np.where(table & 1, np.uint32(0x82F63B78), np.uint32(0))
    shifted = np.arange(256, dtype="uint32") << np.array([[0], [8], [16], [24]], "uint32")
    for _ in range(_STRIDE):
        shifted = table[shifted & 255] ^ (shifted >> 8)
    return table, table.tolist(), shifted.tolist()


def _checksum(data: bytes) -> int:
    """Return the masked CRC32C of bytes; of many, all stretches of `_STRIDE` bytes are worked on at once."""
    table, steps, (a, b, c, d) = _tables()
    crc, head = 0xFFFFFFFF, len(data) % _STRIDE if len(data) >= _LONG else len(data)
    for byte in data[:head]:
        crc = steps[(crc ^ byte) & 255] ^ crc >> 8
    rows = np.frombuffer(data[head:], "uint8").reshape(-1, _STRIDE)
    states = np.zeros(len(rows), "uint32")
    for column in rows.T if len(rows) else ():
        states = table[(states ^ column) & 255] ^ (states >> 8)
    for state in states.tolist():
        crc = a[crc & 255] ^ b[crc >> 8 & 255] ^ c[crc >> 16 & 255] ^ d[crc >> 24] ^ state
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def opened(path: Any, compression: Any = None) -> BinaryIO:
    """Return a file to read, which was written with a compression: None, "", "GZIP" or "ZLIB".

    Raises:
        NotFoundError: if there is none.
        ValueError: for another compression.
    """
    kind = array_of(compression or "").item().decode()
    if not os.path.exists(path):
        raise NotFoundError(f"{path}; No such file or directory")
    if kind == "ZLIB":
        return io.BytesIO(zlib.decompress(Path(path).read_bytes()))
    if kind not in ("", "GZIP"):
        raise ValueError(f"A compression is '', 'GZIP' or 'ZLIB'. Received: {kind!r}.")
    return gzip.open(path) if kind else open(path, "rb")  # type: ignore[return-value]


def records(path: Any, compression: Any = None) -> Iterator[bytes]:
    """Yield the records of a file.

    Raises:
        DataLossError: where the file is damaged.
    """
    at = 0
    try:
        with opened(path, compression) as file:
            while header := file.read(12):
                size, check = struct.unpack("<QI", header)
                if check != _checksum(header[:8]):
                    raise errors.DataLossError(f"corrupted record at {at} (Is this even a TFRecord file?)")
                data, check = file.read(size), file.read(4)
                if len(check) < 4:
                    raise EOFError
                if check != struct.pack("<I", _checksum(data)):
                    raise errors.DataLossError(f"corrupted record at {at}")
                yield data
                at += size + 16
    except (EOFError, MemoryError, OverflowError, struct.error, zlib.error, gzip.BadGzipFile) as error:
        raise errors.DataLossError(f"truncated record at {at}' failed with Read less bytes than requested") from error


class TFRecordOptions:
    """How a file of records is written."""

    def __init__(self, compression_type: str | None = None, **_: Any) -> None:
        self.compression_type: str | None = compression_type


class TFRecordWriter:
    """Writes records to a file."""

    def __init__(self, path: Any, options: Any = None) -> None:
        kind = getattr(options, "compression_type", options) or ""
        self._path, self._kind, self._buffer = os.fspath(path), kind, io.BytesIO()
        self._file: Any = gzip.open(path, "wb") if kind == "GZIP" else open(path, "wb")  # noqa: SIM115
        self._packer: Any = zlib.compressobj() if kind == "ZLIB" else None

    def write(self, record: bytes) -> None:
        """Write one record."""
        if not isinstance(record, bytes):
            raise TypeError(f"A record is bytes. Received: {record!r:.80} (of type {type(record).__name__}).")
        header = struct.pack("<Q", len(record))
        data = header + struct.pack("<I", _checksum(header)) + record + struct.pack("<I", _checksum(record))
        self._file.write(self._packer.compress(data) if self._packer else data)

    def flush(self) -> None:
        """Let readers see what was written."""
        self._file.flush()

    def close(self) -> None:
        """End the file."""
        if self._packer and not self._file.closed:
            self._file.write(self._packer.flush())
        self._file.close()

    def __enter__(self) -> "TFRecordWriter":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
