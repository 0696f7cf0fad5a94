"""Files that appear when they are whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Within this context write the contents of a file, which replaces another only if nothing was raised.

    Its folder exists, a link is followed. An OSError if it cannot be written; the file that was there is as it was.
    """
    final = os.path.realpath(path)
    temporary = f"{final}.{os.urandom(4).hex()}.tmp"  # others may write the same file
    if os.path.exists(final):
        open(final, "r+b").close()  # refused where it is write-protected
    try:
        with open(temporary, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(final) and (mode := os.stat(final).st_mode) != os.stat(temporary).st_mode:
            os.chmod(temporary, mode & 0o777)  # which some mounts cannot, where all files have one mode
        os.replace(temporary, final)
    except OSError as error:
        if error.filename == temporary:
            error.filename = os.fspath(path)
        raise
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
