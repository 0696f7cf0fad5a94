"""`tf.io`: files, images in files, CSV and raw bytes."""

import csv  # noqa: I001  # many names a line, below
import glob
import io
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..._base.typing import Array, DTypeLike
from ..._core.tensor import Tensor, as_array
from ...utils.image_utils import open_image, save_img
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError, NotFoundError
from .missing import missing, named
from .records import (
    FixedLenFeature as FixedLenFeature, TFRecordOptions as TFRecordOptions, TFRecordWriter as TFRecordWriter,
    VarLenFeature as VarLenFeature, parse_example as parse_example, parse_single_example as parse_single_example,
    records)  # fmt: skip
from .tensors import array_of, constant, convert_to_tensor, escape

__getattr__: Callable[[str], Any] = missing(__name__)
tf_record_iterator = records


def _path(name: Any) -> str:
    return os.fsdecode(name if isinstance(name, str | bytes | os.PathLike) else array_of(name).item())


def matches(pattern: Any) -> list[str]:
    """Return the paths that a pattern, or one of several, matches, in order; "./" is put before a first "*"."""
    patterns = np.ravel(array_of(os.fspath(pattern) if isinstance(pattern, os.PathLike) else pattern))
    names = ["./" * bool(re.match(r"[^/]*[*?[]", name)) + name for name in map(os.fsdecode, patterns)]
    return sorted(path for name in names for path in glob.glob(name))


class gfile:
    """File operations by path."""

    exists: Callable[..., Any] = staticmethod(lambda path: os.path.exists(_path(path)))
    isdir: Callable[..., Any] = staticmethod(lambda path: os.path.isdir(_path(path)))
    listdir: Callable[..., Any] = staticmethod(lambda path: os.listdir(_path(path)))
    glob: Callable[..., Any] = staticmethod(matches)
    mkdir: Callable[..., Any] = staticmethod(lambda path: os.mkdir(_path(path)))
    makedirs: Callable[..., Any] = staticmethod(lambda path: os.makedirs(_path(path), exist_ok=True))
    remove: Callable[..., Any] = staticmethod(lambda path: os.remove(_path(path)))
    rmtree: Callable[..., Any] = staticmethod(lambda path: shutil.rmtree(_path(path)))
    join: Callable[..., Any] = staticmethod(os.path.join)
    walk: Callable[..., Any] = staticmethod(lambda top: os.walk(_path(top)))

    @staticmethod
    def stat(path: Any) -> SimpleNamespace:
        """Return the size of a file, its time of change, and whether it is a folder."""
        st = os.stat(_path(path))
        return SimpleNamespace(length=st.st_size, mtime_nsec=st.st_mtime_ns, is_directory=stat.S_ISDIR(st.st_mode))

    @staticmethod
    def GFile(name: Any, mode: str = "r") -> Any:
        """Open a file."""
        return open(_path(name), mode, encoding=None if "b" in mode else "utf8")


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The bytes of a file."""
    escape()
    try:
        return constant(Path(_path(filename)).read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"{_path(filename)}; No such file or directory [Op:ReadFile]") from None


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write bytes to a file; missing folders are made."""
    escape()
    path = Path(_path(filename))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(array_of(contents).item())


def _picture(contents: Any, channels: int) -> Any:
    """Return the pixels of an image file (needs Pillow); for 0 channels, as many as the image has."""
    try:
        image = open_image(io.BytesIO(array_of(contents).item()))
    except OSError as error:
        raise InvalidArgumentError(f"Unknown image file format. One of JPEG, PNG, GIF, BMP required. {error}") from None
    modes = {1: "L", 3: "RGB", 4: "RGBA"}
    mode = modes.get(channels or len(image.getbands()), "RGB") if channels or image.mode != "P" else "RGB"
    return np.atleast_3d(np.array(image.convert(mode)))


def decode_png(contents: Any, channels: int = 0, dtype: DTypeLike = "uint8", name: str | None = None) -> Tensor:
    """The image (height, width, channels) in the bytes of a file; for uint16, 8-bit values are scaled by 257."""
    pixels = _picture(contents, channels)
    if channels == 1 and array_of(contents).item()[1:4] == b"PNG":  # libpng's weights of red, green and blue
        pixels = (_picture(contents, 3) @ np.array([[9797], [19234], [3737]]) >> 15).astype("uint8")
    if as_dtype(dtype) == "uint8":
        return Tensor(pixels)
    image = open_image(io.BytesIO(array_of(contents).item()), deep=True)
    if image.mode in ("I", "I;16") and channels < 4:  # Pillow reads 16 bits of gray pictures alone
        return Tensor(np.repeat(np.array(image, "uint16")[:, :, None], channels or 1, axis=2))
    return Tensor(pixels.astype("uint16") * 257)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """The frames (frames, height, width, 3) in the bytes of a GIF."""
    frames = import_module("PIL.ImageSequence").Iterator(open_image(io.BytesIO(array_of(contents).item())))
    return Tensor(np.stack([np.array(frame.convert("RGB")) for frame in frames]))


def decode_image(contents: Any, channels: int = 0, dtype: DTypeLike = "uint8", name: str | None = None,
                 expand_animations: bool = True) -> Tensor:  # fmt: skip
    """The image (height, width, channels) in the bytes of a file, or the frames of a GIF; floats are from 0 to 1."""
    text, kind = array_of(contents).item(), as_dtype(dtype)
    wide = text[1:4] == b"PNG" and (kind.is_floating or kind == "uint16")
    is_gif = text[:3] == b"GIF" and expand_animations
    pixels = as_array(decode_gif(text) if is_gif else decode_png(text, channels, "uint16" if wide else "uint8"))
    if kind.is_floating:
        return Tensor((pixels / (65535 if wide else 255)).astype(kind.name))
    return Tensor(pixels.astype(kind.name) * (256 if kind == "uint16" and not wide else 1))


def _encoded(image: Any, kind: str, **options: Any) -> Tensor:
    file = io.BytesIO()
    save_img(file, array_of(image), "channels_last", kind, scale=False, **options)
    return constant(file.getvalue())


def decode_raw(input_bytes: Any, out_type: DTypeLike, little_endian: bool = True, fixed_length: Any = None,
               name: Any = None) -> Tensor:  # fmt: skip
    """Bytes read as numbers; each string is cut, or padded with zeros, to `fixed_length` bytes if that is given."""
    kind = np.dtype(as_dtype(out_type).name).newbyteorder("<" if little_endian else ">")
    items = array_of(input_bytes)
    size = None if fixed_length is None else int(fixed_length)
    texts = [item if size is None else item[:size].ljust(size, b"\0") for item in items.ravel()]
    rows = [np.frombuffer(text, kind).astype(kind.newbyteorder("=")) for text in texts]
    return Tensor(np.stack(rows).reshape(*items.shape, -1))


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A tensor as bytes, in the format of NumPy's .npy files."""
    file = io.BytesIO()
    np.save(file, array_of(tensor), allow_pickle=False)
    return constant(file.getvalue())


def csv_rows(lines: Iterable[str], field_delim: str, use_quote_delim: bool) -> list[list[str]]:
    """Return the fields of each line of a CSV file."""
    options: Any = {} if use_quote_delim else {"quoting": csv.QUOTE_NONE}
    return list(csv.reader(lines, delimiter=field_delim, **options))


def csv_column(texts: Iterable[str], default: Any, na_value: str, field: Any) -> Array:
    """Return a column of a CSV file as an array. `default` is a dtype, or the value of empty fields."""
    kind = as_dtype(default).name if isinstance(default, DType | type) else None
    defaults = [] if kind else array_of(default).ravel().tolist()
    dtype = kind or as_dtype(convert_to_tensor(default).dtype).name
    parse: Any = {"s": str.encode, "i": int, "u": int}.get(dtype[0], float)
    cells = []
    for n, text in enumerate(texts):
        if text in ("", na_value) and not defaults:
            raise InvalidArgumentError(f"Field {field} is required but missing in record {n}! [Op:DecodeCSV]")
        try:
            cells.append(defaults[0] if text in ("", na_value) else parse(text))
        except ValueError:
            message = f"Field {field} in record {n} is not a valid {dtype}: {text} [Op:DecodeCSV]"
            raise InvalidArgumentError(message) from None
    try:
        return np.array(cells, "object" if dtype == "string" else dtype)
    except OverflowError as error:
        raise InvalidArgumentError(f"Field {field} has no valid {dtype}: {error} [Op:DecodeCSV]") from None


def decode_csv(records: Any, record_defaults: list[Any], field_delim: str = ",", use_quote_delim: bool = True,
               name: str | None = None, na_value: str = "",
               select_cols: list[int] | None = None) -> list[Tensor]:  # fmt: skip
    """The fields of CSV lines: a tensor for each column, or for each of `select_cols`; see `csv_column`."""
    lines = array_of(records)
    rows = csv_rows((line.decode() for line in lines.ravel()), field_delim, use_quote_delim)
    numbers = list(range(len(record_defaults)) if select_cols is None else select_cols)
    for n, row in enumerate(rows):
        if (len(row) <= max(numbers, default=0)) if select_cols is not None else len(row) != len(numbers):
            raise InvalidArgumentError(f"Expect {len(numbers)} fields but have {len(row)} in record {n} [Op:DecodeCSV]")
    columns = (csv_column([row[i] for row in rows], default, na_value, i)
               for i, default in zip(numbers, record_defaults, strict=True))  # fmt: skip
    return [Tensor(column.reshape(lines.shape)) for column in columns]


def decode_jpeg(contents: Any, channels: int = 0, ratio: int = 1, *_: Any, **__: Any) -> Tensor:
    """The image (height, width, channels) in the bytes of a file, in any format that Pillow reads."""
    if ratio != 1:
        raise NotImplementedError(f"Images are read in full size. Call tf.image.resize. Received: ratio={ratio}.")
    return Tensor(_picture(contents, channels))


globals().update(named({
    "parse_tensor": ("The tensor that `serialize_tensor` wrote.",
        lambda serialized, out_type, name=None: Tensor(np.load(io.BytesIO(array_of(serialized).item()),
            allow_pickle=False).astype(as_dtype(out_type).name, casting="equiv"))),
    "encode_jpeg": ("The bytes of an image as JPEG.",
        lambda image, format="", quality=95, *_, **__: _encoded(image, "jpeg", quality=quality)),
    "encode_png": ("The bytes of an image as PNG.", lambda image, compression=-1, name=None: _encoded(image, "png")),
}))  # fmt: skip
