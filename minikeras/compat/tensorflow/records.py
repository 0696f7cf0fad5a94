"""TFRecord files and the protocol buffers of `tf.train.Example`: reading, writing, and parsing into tensors.

The formats: https://www.tensorflow.org/tutorials/load_data/tfrecord, https://protobuf.dev/programming-guides/encoding.
"""

import gzip
import os
import struct
import zlib
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, BinaryIO

import numpy as np

from ..._base.checks import one_of
from ..._base.lazy import optional
from ..._base.typing import Array
from ..._core.tensor import Tensor
from . import errors
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError, NotFoundError
from .missing import missing
from .sparse import SparseTensor
from .tensors import array_of, escape

_SCHEMA = """
name: "example.proto" package: "tensorflow" syntax: "proto3"
message_type { name: "BytesList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_BYTES } }
message_type { name: "FloatList" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT } }
message_type { name: "Int64List" field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT64 } }
message_type { name: "Feature" oneof_decl { name: "kind" }
  field { name: "bytes_list" number: 1 oneof_index: 0 type_name: "BytesList" }
  field { name: "float_list" number: 2 oneof_index: 0 type_name: "FloatList" }
  field { name: "int64_list" number: 3 oneof_index: 0 type_name: "Int64List" } }
message_type { name: "Features" field { name: "feature" number: 1 label: LABEL_REPEATED type_name: "FeatureEntry" }
  nested_type { name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING } field { name: "value" number: 2 type_name: "Feature" } } }
message_type { name: "Example" field { name: "features" number: 1 type_name: "Features" } }
"""


def _protobuf(module: str) -> Any:
    return optional(f"google.protobuf.{module}", "`tf.train.Example`", "records")


def message(name: str) -> Any:
    """Return the protobuf class of a message of `tf.train`, or raise a KeyError for another name.

    Example:
        >>> Example, Int64List = message("Example"), message("Int64List")
        >>> Example(features={"feature": {"x": {"int64_list": Int64List(value=[3])}}}).SerializeToString()
        b'\\n\\x0c\\n\\n\\n\\x01x\\x12\\x05\\x1a\\x03\\n\\x01\\x03'
    """
    return _messages()[f"tensorflow.{name}"]


@cache
def _messages() -> dict[str, Any]:
    """Return the classes, from a pool of our own, since TensorFlow, if it is installed, registers the same names."""
    file = _protobuf("text_format").Parse(_SCHEMA, _protobuf("descriptor_pb2").FileDescriptorProto())
    classes: dict[str, Any] = _protobuf("message_factory").GetMessages([file])
    for cls in classes.values():
        cls.__module__ = __name__  # where pickles look for it
    return classes


def _example(text: bytes) -> Any:
    """Return the `Example` that bytes hold, or raise an InvalidArgumentError."""
    try:
        return message("Example").FromString(text)
    except _protobuf("message").DecodeError as error:
        raise InvalidArgumentError(f"Could not parse example input, value: {text!r:.80}") from error


__getattr__: Callable[[str], Any] = missing(__name__, message)
FixedLenFeature: Any = namedtuple("FixedLenFeature", "shape dtype default_value", defaults=[None])
VarLenFeature: Any = namedtuple("VarLenFeature", "dtype")
"""Features of a fixed shape, and of any length, which become sparse tensors."""
_KINDS = {"bytes_list": "string", "float_list": "float32", "int64_list": "int64"}


def _values(example: Any, name: str, dtype: DType) -> Array | None:
    """Return the values of a feature, None if the example does not have it."""
    feature = example.features.feature.get(name)
    field = None if feature is None else feature.WhichOneof("kind")
    if field is None:
        return None
    if _KINDS[field] != dtype:
        raise InvalidArgumentError(f"Key: {name}.  Data types don't match. Data type: {_KINDS[field]} but expected "
                                   f"type: {dtype.name}")  # fmt: skip
    return np.array(list(getattr(feature, field).value), dtype.as_numpy_dtype)


def _column(examples: list[Any], name: str, kind: Any, batched: bool) -> Any:
    """Return one feature of all examples: a tensor, or a sparse one for a `VarLenFeature`."""
    dtype = as_dtype(kind.dtype)
    rows = [_values(example, name, dtype) for example in examples]
    if isinstance(kind, FixedLenFeature):
        default = None if kind.default_value is None else array_of(kind.default_value).astype(dtype.as_numpy_dtype)
        rows = [default if row is None else row for row in rows]
        if any(row is None for row in rows):
            raise InvalidArgumentError(f"Feature: {name} (data type: {dtype.name}) is required but could not be found.")
        try:
            arrays = [np.reshape(row, kind.shape) for row in rows if row is not None]
        except ValueError:
            message = f"Key: {name}.  Can't parse serialized Example: it does not fit shape {kind.shape}."
            raise InvalidArgumentError(message) from None
        return Tensor(np.stack(arrays) if batched else arrays[0])
    filled = [np.zeros(0, dtype.as_numpy_dtype) if row is None else row for row in rows]
    lengths = [len(row) for row in filled]
    indices = [(i, j) if batched else (j,) for i, n in enumerate(lengths) for j in range(n)]
    shape = [len(filled), max(lengths, default=0)] if batched else lengths
    return SparseTensor(np.reshape(indices, (-1, len(shape))), np.concatenate(filled), shape)


def parse_example(serialized: Any, features: dict[str, Any], example_names: Any = None, name: Any = None) -> Any:
    """The features of a batch of serialized examples: name -> tensor.

    Raises:
        InvalidArgumentError: for bytes that hold no example, and for a feature that is missing or does not fit.
    """
    escape()
    examples = [_example(text) for text in array_of(serialized).ravel()]
    return {key: _column(examples, key, kind, True) for key, kind in sorted(features.items())}


def parse_single_example(serialized: Any, features: dict[str, Any], example_names: Any = None, name: Any = None) -> Any:
    """The features of one serialized example: name -> tensor."""
    escape()
    example = _example(array_of(serialized).item())
    return {key: _column([example], key, kind, False) for key, kind in sorted(features.items())}


def _checksum(data: bytes) -> int:
    """Return the masked CRC32C of bytes."""
    crc = optional("google_crc32c", "A TFRecord file", "records").value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def opened(path: Any, compression: Any = None, mode: str = "rb") -> BinaryIO:
    """Open a file to read or write bytes, with the compression None, "" or "GZIP".

    Raises:
        NotFoundError: if a file to read does not exist.
        ValueError: for another compression.
    """
    kind = one_of("compression", array_of(compression or "").item().decode(), ("", "GZIP"))
    if mode == "rb" and not os.path.exists(path):
        raise NotFoundError(f"{path}; No such file or directory")
    return gzip.open(path, mode) if kind else open(path, mode)  # type: ignore[return-value]


def records(path: Any, compression: Any = None) -> Iterator[bytes]:
    """Yield the records of a file.

    Raises:
        DataLossError: if the file is damaged.
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
    """Options of a `TFRecordWriter`: the compression."""

    def __init__(self, compression_type: str | None = None, **_: Any) -> None:
        self.compression_type: str | None = compression_type


class TFRecordWriter(AbstractContextManager["TFRecordWriter"]):
    """Writes records to a TFRecord file."""

    def __init__(self, path: Any, options: Any = None) -> None:
        self._file: Any = opened(path, getattr(options, "compression_type", options), "wb")

    def write(self, record: bytes) -> None:
        """Write one record."""
        if not isinstance(record, bytes):
            raise TypeError(f"Expected a record of bytes. Received: {record!r:.80} (of type {type(record).__name__}).")
        header = struct.pack("<Q", len(record))
        self._file.write(header + struct.pack("<I", _checksum(header)) + record + struct.pack("<I", _checksum(record)))

    def flush(self) -> None:
        """Write out what is buffered."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    __exit__: Callable[..., None] = lambda self, *exc: self.close()
