"""Files that appear only when they are complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Within this context, write to a temporary file. It replaces the one at `path` in the end, but not after errors.

    The folder must exist; a link is followed. An OSError if the file cannot be written, or is a device.
    """
    final = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(final), f"{os.urandom(8).hex()}.tmp")  # others may write the same file
    try:
        with suppress(FileNotFoundError), open(final, "r+b", 0):  # an error if write-protected, or a loop of links
            if not os.path.isfile(final):
                raise OSError(f"A device cannot be replaced by a file. Received: {os.fspath(path)!r}.")
        with open(temporary, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(final) and (mode := os.stat(final).st_mode) != os.stat(temporary).st_mode:
            os.chmod(temporary, mode & 0o777)  # only if need be: some file systems cannot change it
        os.replace(temporary, final)
    except OSError as error:
        if error.filename in (temporary, final):
            error.filename = os.fspath(path)
        raise
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
