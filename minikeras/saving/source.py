"""Files that are loaded: reads by position that never go beyond the end, and the error for all that is wrong."""

import io
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import numpy as np

from .._base.typing import Array

MAX_INFLATION = 1032
"""The most bytes that one byte can inflate to, by the format of deflate."""
FREE, RATIO = 200 << 20, 100
"""A file may inflate to FREE bytes or to RATIO times its size, whichever is more. No real model needs more."""
PIECE = 1 << 20  # bytes that are read at a time


class FileError(ValueError, TypeError):
    """A file that cannot be loaded. Keras raises a TypeError for an unknown class, else mostly a ValueError.

    Args:
        name: The file.
        place: Where in it, "" for nowhere.
        reason: What is wrong there.

    Example:
        >>> str(FileError("model.keras", "config.json", "this is no JSON"))
        "The file 'model.keras' cannot be loaded: this is no JSON (at config.json)."
    """

    def __init__(self, name: str, place: str, reason: str) -> None:
        name, place, reason = (_short(text, length) for text, length in ((name, 300), (place, 500), (reason, 1000)))
        self.name: str = name
        self.place: str = place
        self.reason: str = reason
        super().__init__(f"The file {name!r} cannot be loaded: {reason.rstrip('.')}{place and f' (at {place})'}.")


class MissingFileError(FileError, FileNotFoundError):
    """A path that leads to no file: Keras raises ValueError for ".keras", FileNotFoundError for ".h5"."""


def _short(text: str, length: int) -> str:
    """Return a text without control characters, and without its middle if it is long."""
    text = "".join(c if c.isprintable() else "?" for c in text[: 4 * length])
    return text if len(text) <= length else f"{text[: length // 2]} ... {text[-length // 2 :]}"


class Source:
    """A file opened for reading bytes, or bytes, with a name for messages; or a part of another source (`whole`).

    The file is read, not mapped into memory: if a mapped file is truncated meanwhile, the process dies.
    """

    def __init__(self, file: io.BufferedIOBase | bytes, name: str, whole: "Source | None" = None, start: int = 0,
                 size: int = 0) -> None:  # fmt: skip
        self._file: io.BufferedIOBase = io.BytesIO(file) if isinstance(file, bytes) else file
        self._start = start
        self.name: str = name
        self.size: int = size if whole else self._file.seek(0, os.SEEK_END)
        self._room: list[int] = whole._room if whole else [max(FREE, RATIO * self.size)]

    def part(self, start: int, size: int) -> "Source":
        """Return a part of this source."""
        return Source(self._file, self.name, self, self._start + start, size)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes; before memory is allocated, a check that the source has so many."""
        self.check(offset, size)
        self._file.seek(self._start + offset)
        data = self._file.read(size)
        if len(data) != size:
            raise self.error(f"byte {offset}", "the file became shorter while it was read")
        return data

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes, some at a time."""
        for offset in range(0, self.size, PIECE):
            yield self.read(offset, min(PIECE, self.size - offset))

    def fill(self, offset: int, out: Array) -> None:
        """Read the bytes of a contiguous array."""
        self.check(offset, out.nbytes)
        self._file.seek(self._start + offset)
        if self._file.readinto(out.reshape(-1).view(np.uint8).data) != out.nbytes:
            raise self.error(f"byte {offset}", "the file became shorter while it was read")

    def allow(self, size: int, stored: int, place: str) -> None:
        """Count bytes that are about to be inflated; a FileError if `stored` bytes may not grow to `size`."""
        if size > MAX_INFLATION * stored:
            raise self.error(place, f"{size} bytes cannot be stored in {stored}")
        self._room[0] -= size
        if self._room[0] < 0:
            raise self.error(place, "the file asks for memory out of proportion to its size")

    def inflate(self, pieces: Iterable[bytes], size: int, place: str, bits: int = zlib.MAX_WBITS) -> bytes:
        """Inflate data to exactly `size` bytes, which `allow` has allowed before; `bits` is zlib's `wbits`."""
        inflater = zlib.decompressobj(bits)
        parts: list[bytes] = []
        room = size
        try:
            for piece in pieces:
                parts.append(inflater.decompress(piece, room + 1))  # one byte more shows that there is too much
                room -= len(parts[-1])
                if room < 0 or inflater.unconsumed_tail or inflater.unused_data:
                    break
        except zlib.error as error:
            raise self.error(place, f"the data cannot be inflated: {error}") from None
        if room or not inflater.eof or inflater.unused_data:
            raise self.error(place, f"the data does not inflate to {size} bytes")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def check(self, offset: int, size: int) -> None:
        """Raise a FileError unless there is this number of bytes at a position."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise self.error(f"byte {offset}", f"{size} bytes were expected, but it ends at byte {self.size}")

    def error(self, place: str, reason: str) -> FileError:
        """Return the error that says what is wrong with this file."""
        return FileError(self.name, place, reason)


class Fields:
    """The fields of a block, read one after another; `refuse` raises the error for a reason."""

    __slots__ = ("at", "data", "refuse")

    def __init__(self, data: bytes, refuse: Callable[[str], NoReturn]) -> None:
        self.data: bytes = data
        self.at: int = 0
        self.refuse: Callable[[str], NoReturn] = refuse

    def __len__(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if not 0 <= size <= len(self):
            self.refuse("a field goes beyond its block")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int = 8) -> int:
        """Return the next unsigned integer."""
        return int.from_bytes(self.take(size), "little")

    def numbers(self, *sizes: int) -> tuple[int, ...]:
        """Return the next unsigned integers, which have these numbers of bytes."""
        return tuple(self.number(size) for size in sizes)

    def text(self, size: int) -> str:
        """Return the next bytes as a text, which ends at the first zero."""
        data = self.take(size).partition(b"\0")[0]
        try:
            return data.decode()
        except UnicodeDecodeError:
            self.refuse(f"{data[:40]!r} is no text in UTF-8")

    def part(self, size: int) -> "Fields":
        """Return the fields of the next bytes."""
        return Fields(self.take(size), self.refuse)

    def expect(self, *values: int, what: str) -> int:
        """Return the next byte, which must be one of these."""
        value = self.number(1)
        if value not in values:
            self.refuse(f"{what} {value} is not supported")
        return value


@contextmanager
def open_source(path: str | os.PathLike[str]) -> Iterator[Source]:
    """Open a regular file for reading; an OSError if that fails, a FileError for a folder, a pipe or a device."""
    name = os.fspath(path)
    if not stat.S_ISREG(os.stat(name).st_mode):  # before `open`, which would wait for the other end of a pipe
        raise FileError(name, "the path", "only regular files are read")
    with open(name, "rb") as file:
        yield Source(file, name)
