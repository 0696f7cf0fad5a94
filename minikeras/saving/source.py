"""A file that is to be loaded, read by position and never beyond its end, and the one error that ends a bad one."""

import io
import os
import stat
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from .._typing import Array

LIMIT = 1900
"""The longest message, in characters: a file does not decide how much of it a log has to hold."""


class FileError(ValueError):
    """A file that cannot be loaded.

    Args:
        name: The file.
        place: Where in it.
        reason: What is wrong there.

    Example:
        >>> str(FileError("model.keras", "config.json", "this is no JSON"))
        "The file 'model.keras' cannot be loaded: this is no JSON (at config.json)."
    """

    def __init__(self, name: str, place: str, reason: str) -> None:
        name, place, reason = (_short(text, length) for text, length in ((name, 300), (place, 500), (reason, 1000)))
        self.name, self.place, self.reason = name, place, reason
        super().__init__(f"The file {name!r} cannot be loaded: {reason} (at {place}).")


def _short(text: str, length: int) -> str:
    """Return a text without control characters, and its middle left out if it is long."""
    text = "".join(c if c.isprintable() else "?" for c in text[: 4 * length])
    return text if len(text) <= length else f"{text[: length // 2]} ... {text[-length // 2 :]}"


class Seekable(Protocol):
    """What bytes are read from: a file opened for reading bytes, or one like it."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position and return it."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Return bytes from there on."""
        ...

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer with the bytes from there on, and return how many there were."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


class Source:
    """A file, or a piece of one, of known size.

    Positions are read rather than mapped: a mapped file that somebody cuts short ends the process.

    Args:
        file: A file opened for reading bytes, or bytes.
        name: What messages call it.
        start: Where the piece starts in it, in bytes.
        size: How long it is, all of the rest if None.
    """

    def __init__(self, file: Seekable | bytes, name: str, start: int = 0, size: int | None = None) -> None:
        self._file: Seekable = io.BytesIO(file) if isinstance(file, bytes) else file
        self._start = start
        self.name = name
        self.size: int = self._file.seek(0, os.SEEK_END) - start if size is None else size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def part(self, start: int, size: int) -> "Source":
        """Return a piece of this."""
        return Source(self._file, self.name, self._start + start, size)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes, checked to be there before anything is allocated."""
        self.check(offset, size)
        self._file.seek(self._start + offset)
        data = self._file.read(size)
        if len(data) != size:
            raise self.error(f"byte {offset}", "the file became shorter while it was read")
        return data

    def fill(self, offset: int, out: Array) -> None:
        """Read the bytes of a contiguous array."""
        self.check(offset, out.nbytes)
        self._file.seek(self._start + offset)
        if self._file.readinto(out.reshape(-1).view(np.uint8).data) != out.nbytes:
            raise self.error(f"byte {offset}", "the file became shorter while it was read")

    def check(self, offset: int, size: int) -> None:
        """Raise a FileError unless there are so many bytes at a position."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise self.error(f"byte {offset}", f"{size} bytes were expected, but it ends at byte {self.size}")

    def error(self, place: str, reason: str) -> FileError:
        """Return the error that says what is wrong with this file."""
        return FileError(self.name, place, reason)


def open_source(path: str | os.PathLike[str]) -> Source:
    """Open a regular file for reading.

    Raises:
        OSError: if there is none, or it may not be read.
        FileError: if the path leads to a folder, a pipe or a device.
    """
    name = os.fspath(path)
    if not stat.S_ISREG(os.stat(name).st_mode):  # before it is opened, which would wait for a pipe's other end
        raise FileError(name, "the path", "only regular files are read")
    return Source(open(name, "rb"), name)
