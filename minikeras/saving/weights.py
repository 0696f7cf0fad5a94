"""Weights in files: HDF5 as Keras writes it, in one file or in shards, and NumPy's .npz."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from .._base.nested import leaves
from ..layers import Layer
from . import npz
from .archive import MEMBERS, WEIGHTS, Archive
from .atomic import replacing
from .h5_writing import shard_name, write_hdf5, write_shards
from .hdf5 import open_hdf5
from .legacy_h5 import find_layers, match_layers
from .source import FileError, Source, open_source
from .state import Tree, restore, take_all, walk
from .strict_json import read_json

HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK"
"""The first bytes of a file in either format."""


def save_weights(model: Layer, filepath: str | os.PathLike[str], overwrite: bool = True,
                 max_shard_size: float | None = None,
                 objects_to_skip: Iterable[Any] | None = None) -> None:  # fmt: skip
    """Write all weights of a model (and of its optimizer, if it is compiled) to a file.

    The file appears only when it is complete. After an error, an older file of that name is still there.

    Args:
        model: A model that is built.
        filepath: A path that ends in ".weights.h5" (Keras reads it; needs the extra `h5`) or ".npz" (needs NumPy alone;
            without the optimizer), or for several files in ".weights.json".
        overwrite: Whether to replace an existing file without asking.
        max_shard_size: Write several files of at most this number of gigabytes; interrupted, they may lack an index.
        objects_to_skip: Layers whose weights are left out, for HDF5.

    Raises:
        ValueError: if the model is not built, the name has another ending, or a weight is larger than a shard.
        ImportError: if HDF5 is to be written and h5py is not installed.
        FileExistsError: if the file exists, must not be replaced, and nobody can be asked.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "net.npz")
        >>> save_weights(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="dense")], name="net"), path)
        >>> np.load(path).files
        ['000/net/dense/kernel', '001/net/dense/bias']
    """
    path = os.fsdecode(filepath)
    endings = (".weights.h5", ".npz") if max_shard_size is None else (".weights.json", ".weights.h5")
    if not path.endswith(endings):
        where = "" if max_shard_size is None else " where max_shard_size is given"
        raise ValueError(f"Files of weights must end in one of {endings}{where}. Received: filepath={path!r}.")
    _check_built(model)
    skipped: dict[int, list[str]] = {id(each): [] for each in objects_to_skip or ()}
    if path.endswith(".npz") and skipped:
        raise ValueError("`objects_to_skip` is for HDF5 files: in .npz, weights are known by their order alone.")
    if not may_write(path, overwrite):
        return
    if path.endswith(".npz"):
        npz.write_arrays(path, npz.pack(model.weights))
    elif max_shard_size is None:
        with replacing(path) as file:
            write_hdf5(model, file, skipped)
    else:
        write_shards(model, path, max_shard_size * 1024**3, skipped)


def load_weights(model: Layer, filepath: str | os.PathLike[str], skip_mismatch: bool = False,
                 objects_to_skip: Iterable[Any] | None = None, by_name: bool = False) -> None:  # fmt: skip
    """Set all weights of a model from a file, or none if one does not fit.

    The file may be one of weights (.weights.h5, .weights.json with its shards, .npz, Keras 2's .h5) or of a model
    (.keras, .h5), written here or by Keras. .npz and .weights.json are known by the name, the others by their bytes.

    Args:
        model: A model that is built, with the same layers.
        filepath: The path of the file.
        skip_mismatch: Whether to leave layers that do not fit as they are, with a warning.
        objects_to_skip: Layers that are left as they are.
        by_name: Whether to assign weights by the names of layers, for files of Keras 2's layout.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the model is not built, or the file is damaged or holds other weights.
    """
    _check_built(model)
    path = os.fsdecode(filepath)
    with one_error(path), open_source(path) as source:
        start = source.read(0, min(8, source.size))
        root = open_hdf5(source) if start == HDF5 else None
        layers = None if root is None else find_layers(root)
        if by_name and layers is None:
            raise ValueError("`by_name` is for files of Keras 2's layout (.h5).")
        if objects_to_skip is not None and (layers is not None or path.endswith(".npz")):
            raise ValueError("`objects_to_skip` is for files other than .npz and those of Keras 2's layout (.h5).")
        if layers is not None:
            take_all(match_layers(model, layers, path, skip_mismatch, by_name), [saved for _, saved in walk(model)])
        elif path.endswith(".npz"):
            arrays = npz.match(model.weights, npz.read_arrays(path), path, skip_mismatch=skip_mismatch)
            take_all([], [saved for _, saved in walk(model)], [partial(v.assign, array) for v, array in arrays])
        elif start[:2] == ZIP:
            restore(model, Tree(open_hdf5(Archive(source, MEMBERS).open(WEIGHTS))), skip_mismatch, objects_to_skip)
        elif root is not None:
            restore(model, Tree(root), skip_mismatch, objects_to_skip)
        elif path.endswith(".json"):
            _read_shards(model, source, path, skip_mismatch, objects_to_skip)
        else:
            raise source.error("its first bytes", "this is no file of weights: neither HDF5 nor .npz nor .keras")


def _check_built(model: Layer) -> None:
    if not model.built:
        raise ValueError(f"Layer '{model.name}' has no weights yet: call it on an input, or build() it, first.")


def may_write(path: str, overwrite: bool) -> bool:
    """Return whether a file may be written. For an existing one ask the user, or raise a FileExistsError."""
    if overwrite or not os.path.exists(path):
        return True
    question = f"[WARNING] {path} already exists - overwrite? [y/n]"
    try:
        while (answer := input(question).strip().lower()) not in ("y", "n"):
            question = 'Enter "y" (overwrite) or "n" (cancel).'
    except (EOFError, OSError, RuntimeError):  # a RuntimeError if there is no standard input
        raise FileExistsError(f"The file {path!r} exists. Pass overwrite=True to replace it.") from None
    return answer == "y"


@contextmanager
def one_error(name: str) -> Iterator[None]:
    """Within this context all errors that a file causes become a FileError, except for an OSError."""
    try:
        yield
    except (FileError, OSError):
        raise
    except Exception as error:
        notes = [note.removeprefix("in the configuration of ") for note in getattr(error, "__notes__", ())]
        place = " > ".join(reversed(notes)) or "its contents"
        unclear = isinstance(error, AttributeError | LookupError)  # its message may be a name alone
        reason = f"what it describes cannot be made, {type(error).__name__}: {error}" if unclear else f"{error}"
        raise FileError(name, place, reason or type(error).__name__) from error


def _read_shards(model: Layer, source: Source, path: str, skip_mismatch: bool, skipped: Iterable[Any] | None) -> None:
    index = read_json(source.read(0, source.size), path, "the index").get("weight_map")
    names = {name for name in leaves(index) if isinstance(name, str)} if isinstance(index, dict) else set()
    if names != {shard_name(path, i) for i in range(len(names))} or not names:
        raise FileError(path, "weight_map", f"the shards must be called {shard_name(path, 0)!r} and so on")
    with ExitStack() as opened:
        files = [opened.enter_context(open_source(os.path.join(os.path.dirname(path), name))) for name in sorted(names)]
        restore(model, Tree(*map(open_hdf5, files)), skip_mismatch, skipped)
