"""Files from the web, kept in Keras's cache folder: `keras.utils.get_file`.

Downloads are checked before they are used. A file gets its name only when it is complete and its hash is right. An
archive is unpacked only if no name in it leads out of its folder.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Literal

from .._base.checks import one_of
from .._base.settings import settings
from .._base.signature import suggests
from .._base.user_warning import warn_user
from .._display.progbar import Progbar, write
from ..saving.atomic import replacing

Hash = Literal["auto", "md5", "sha256"]
ArchiveFormat = Literal["auto", "tar", "zip"]

_TIMEOUT = 30.0  # seconds without an answer of the server
_CHUNK = 1 << 16  # bytes


@suggests
def get_file(fname: str | os.PathLike[str] | None = None, origin: str | None = None, untar: bool = False,
             md5_hash: str | None = None, file_hash: str | None = None,
             cache_subdir: str | os.PathLike[str] = "datasets", hash_algorithm: Hash = "auto", extract: bool = False,
             archive_format: ArchiveFormat | Iterable[str] | None = "auto",
             cache_dir: str | os.PathLike[str] | None = None, force_download: bool = False) -> str:  # fmt: skip
    """Return the path of a file in the cache. It is downloaded first if it is missing or its hash is wrong.

    Args:
        fname: Its name in the cache, by default the last part of the address. For an archive to unpack, the name of
            the folder or, if it has a dot, of the archive.
        origin: The address to download from, one of https, http or file.
        untar: The older form of `extract=True, archive_format="tar"`.
        md5_hash: The older form of `file_hash`, for an MD5.
        file_hash: The SHA-256 or MD5 that the file must have, as hexadecimal digits. Pass it whenever it is known.
        cache_subdir: Folder within the cache, or the path of another folder.
        hash_algorithm: The kind of `file_hash`; "auto" tells it by the length.
        extract: Whether it is an archive, which is unpacked at each call.
        archive_format: The format of the archive, or several to try; "auto" for both, "tar" for compressed ones too.
        cache_dir: The cache, by default KERAS_HOME of the environment, or else ~/.keras.
        force_download: Whether to download the file even if it is in the cache.

    Returns:
        The path of the file, or of the folder that an archive was unpacked to.

    Raises:
        ValueError: if a name leads out of the cache, or one in the archive out of its folder; if the address is of
            another kind; or if the hash is wrong. Nothing is kept then.
        OSError: if the file cannot be downloaded; the message says where to put it by hand.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "source.txt").write_text("hello")
        >>> path = get_file("copy.txt", (folder / "source.txt").as_uri(), cache_dir=folder)  # doctest: +ELLIPSIS
        Downloading data from file://...
        5/5 ━━━━━━━━━━━━━━━━━━━━ 0s ...
        >>> pathlib.Path(path).read_text()
        'hello'
    """
    if origin is None:
        raise ValueError("`get_file` needs `origin`, the address to download the file from.")
    one_of("hash_algorithm", hash_algorithm, ("auto", "md5", "sha256"))
    if file_hash is None and md5_hash is not None:
        file_hash, hash_algorithm = md5_hash, "md5"
    if hash_algorithm == "auto":
        hash_algorithm = "sha256" if file_hash and len(file_hash) == 64 else "md5"
    name = _checked_name(os.fspath(fname) if fname else "", origin)
    extract = extract or untar
    dotted = bool(fname) and "." in name
    path = _place(cache_dir, os.fspath(cache_subdir), f"{name}_archive" if extract and not dotted else name)
    unpacked = os.path.join(os.path.dirname(path), f"{name.partition('.')[0]}_extracted" if dotted else name)
    if force_download or not os.path.exists(path):
        _download(origin, path, file_hash, hash_algorithm)
    elif file_hash and not _has_hash(path, file_hash, hash_algorithm):
        _say(f"{path} is incomplete or outdated: its {hash_algorithm} is not {file_hash}. It is downloaded again.")
        _download(origin, path, file_hash, hash_algorithm)
    if extract and not _unpack(path, unpacked, "tar" if untar else archive_format):
        warn_user(f"Could not extract {path}: it is no archive of the format {archive_format!r}.")
    return unpacked if extract else path


def _say(text: str) -> None:
    if settings.interactive_logging:
        write(f"{text}\n")


def _checked_name(name: str, origin: str) -> str:
    """Return a file's name, by default the last part of its address, after checks of both."""
    from urllib.parse import urlsplit

    _check_scheme(origin)
    name = name or urlsplit(origin).path.rpartition("/")[2]
    if not name:
        raise ValueError(f"Can't tell the file's name from the address {origin!r}. Pass `fname`.")
    if name in (".", "..") or any(c in name for c in "/\\\0") or os.path.splitdrive(name)[0]:
        raise ValueError(f"`fname` must be a name, not a path: choose the folder with `cache_dir`. Received: {name!r}.")
    return name


def _check_scheme(url: str) -> None:
    if url.partition("://")[0].lower() not in ("https", "http", "file"):
        raise ValueError(f"A file is downloaded from an https, http or file address. Received: {url!r}.")


def _place(cache_dir: str | os.PathLike[str] | None, subdir: str, name: str) -> str:
    """Return the path of a file in the cache, or in the system's temporary folder if the cache is not writable."""
    import tempfile

    if ".." in subdir.replace("\\", "/").split("/"):
        raise ValueError(f"`cache_subdir` must not lead out of the cache. Received: {subdir!r}.")
    path = os.path.join(os.path.expanduser(cache_dir or os.environ.get("KERAS_HOME") or "~/.keras"), subdir, name)
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path) or os.access(os.path.dirname(path), os.W_OK):
            return path
    path = os.path.join(tempfile.gettempdir(), ".keras", subdir, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def _has_hash(path: str, expected: str, algorithm: str) -> bool:
    from hashlib import file_digest, new

    with open(path, "rb") as file:
        return file_digest(file, partial(new, algorithm, usedforsecurity=False)).hexdigest() == expected.lower()


def _download(origin: str, path: str, file_hash: str | None, algorithm: str) -> None:
    """Download a file, which gets its name only when it is complete and its hash is right."""
    _say(f"Downloading data from {origin}")
    failures: tuple[type[Exception], ...] = (ImportError, OSError)
    try:
        from http.client import HTTPException  # here, since some builds of Python have no sockets
        from urllib.request import urlopen

        failures += (HTTPException,)
        with urlopen(origin, timeout=_TIMEOUT) as response, replacing(path) as file:
            _check_scheme(response.url)  # a redirection may have led elsewhere
            size = int(response.headers.get("Content-Length") or 0)
            bar, done = Progbar(size or None), 0
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if done < size or not size:
                    bar.update(done)
            bar.update(done, finalize=True)
            if size and done != size:
                raise ConnectionError(f"only {done} of {size} bytes were received")
            file.flush()
            if file_hash and not _has_hash(file.name, file_hash, algorithm):
                raise ValueError(f"The file at {origin} is damaged and not kept: its {algorithm} is not {file_hash}.")
    except failures as error:
        getattr(error, "close", str)()  # an HTTPError holds the connection
        expected = f" (its {algorithm} must be {file_hash})" if file_hash else ""
        raise OSError(f"Could not download {origin}: {error}. Without a connection, get the file elsewhere and save it "
                      f"as {path}{expected}.") from error  # fmt: skip


def _unpack(path: str, folder: str, formats: str | Iterable[str] | None) -> bool:
    """Unpack an archive and return whether it was one of these formats."""
    import tarfile
    import zipfile

    for kind in ("tar", "zip") if formats == "auto" else [formats] if isinstance(formats, str) else formats or ():
        if kind == "tar" and tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                _check_members(tar.getnames(), path)
                try:
                    tar.extractall(folder, filter="data")  # this filter also checks where links lead
                except tarfile.FilterError as error:
                    raise ValueError(f"The archive {path} was not unpacked: {error}.") from error
            return True
        if kind == "zip" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _check_members(archive.namelist(), path)
                archive.extractall(folder)
            return True
        if kind not in ("tar", "zip"):
            raise NotImplementedError(f"`archive_format` must be 'auto', 'tar', 'zip' or None. Received: {kind!r}.")
    return False


def _check_members(names: Iterable[str], path: str) -> None:
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or os.path.splitdrive(name)[0]:
            raise ValueError(f"The archive {path} was not unpacked: {name!r} leads out of its folder.")
