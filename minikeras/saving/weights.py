"""Weights in files: HDF5 as Keras writes it, in one file or in shards, and NumPy's .npz."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

from .._base.typing import Array
from .._base.user_warning import warn_user
from .._core.tensor import as_array
from ..layers.layer import Layer
from . import npz
from .archive import Archive
from .hdf5 import open_hdf5
from .legacy import find_layers, match_layers
from .source import FileError, Source, open_source
from .state import Tree, restore, take_all, walk
from .strict_json import read_json
from .writing import import_h5py, replacing

HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK"
"""The first bytes of such files."""
MEMBERS = r"(config|metadata)\.json|model\.weights\.(h5|npz)|assets/.*"
"""The members that a .keras archive may have."""
WEIGHTS = "model.weights.h5"


def save_weights(model: Layer, filepath: str | os.PathLike[str], overwrite: bool = True,
                 max_shard_size: float | None = None,
                 objects_to_skip: Iterable[Any] | None = None) -> None:  # fmt: skip
    """Write all weights of a model (and of its optimizer, if it is compiled) to a file.

    The file appears when it is whole: an interruption leaves the one that was there before.

    Args:
        model: A model that is built.
        filepath: Its path, which ends in ".weights.h5" (as Keras reads it; needs the extra `h5`) or ".npz" (needs NumPy
            alone; without the optimizer). In ".weights.json" for several files.
        overwrite: Whether to replace a file that is there without asking.
        max_shard_size: Write several files of at most so many gigabytes.
        objects_to_skip: Layers whose weights are left out, for HDF5.

    Raises:
        ValueError: if the model is not built, the name has another ending, or a weight is larger than a shard.
        ImportError: if HDF5 is to be written and h5py is not installed.
        FileExistsError: if the file is there, is to be kept, and nobody can be asked.

    Example:
        >>> import os, tempfile
        >>> import minikeras as keras
        >>> path = os.path.join(tempfile.mkdtemp(), "net.npz")
        >>> save_weights(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="dense")], name="net"), path)
        >>> np.load(path).files
        ['000/net/dense/kernel', '001/net/dense/bias']
    """
    path = os.fspath(filepath)
    endings = (".weights.h5", ".npz") if max_shard_size is None else (".weights.json", ".weights.h5")
    if not path.endswith(endings):
        raise ValueError("The name of a file of weights must end in one of "
                         f"{endings}{'' if max_shard_size is None else ' where max_shard_size is given'}. Received: "
                         f"filepath={path!r}.")  # fmt: skip
    _check_built(model)
    if not may_write(path, overwrite):
        return
    skipped: dict[int, list[str]] = {id(each): [] for each in objects_to_skip or ()}
    if path.endswith(".npz") and skipped:
        raise ValueError("`objects_to_skip` is for files of HDF5: in .npz, weights have their places by order.")
    if path.endswith(".npz"):
        npz.write_arrays(path, npz.pack(model.weights))
    elif max_shard_size is None:
        import_h5py()
        with replacing(path) as file:
            write_hdf5(model, file, skipped)
    else:
        _write_shards(model, path, max_shard_size * 1024**3, skipped)


def load_weights(model: Layer, filepath: str | os.PathLike[str], skip_mismatch: bool = False,
                 objects_to_skip: Iterable[Any] | None = None, by_name: bool = False) -> None:  # fmt: skip
    """Set all weights of a model from a file, or none if one does not fit.

    The file may be one of weights (.weights.h5, .weights.json with its shards, .npz, Keras 2's .h5) or of a model
    (.keras, .h5), as written here or by Keras; its bytes tell which.

    Args:
        model: A model that is built, with the same layers.
        filepath: The path of the file.
        skip_mismatch: Whether to leave layers that do not fit as they are, with a warning.
        objects_to_skip: Layers that are left as they are.
        by_name: Whether a layer gets the weights of the layer of its name, others none; for files of Keras 2's layout.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the model is not built, or the file is damaged or holds other weights.
    """
    _check_built(model)
    path = os.fspath(filepath)
    with one_error(path), open_source(path) as source:
        start = source.read(0, min(8, source.size))
        root = open_hdf5(source) if start == HDF5 else None
        layers = None if root is None else find_layers(root)
        if (by_name and layers is None) or (objects_to_skip is not None and layers is not None):
            only = "by_name" if layers is None else "objects_to_skip"
            raise ValueError(f"`{only}` is for files {'of' if by_name else 'other than'} Keras 2's layout (.h5)")
        if layers is not None:
            pairs = match_layers(model, layers, path, skip_mismatch, by_name)
            take_all(pairs, [saved for _, saved in walk(model)])
        elif path.endswith(".npz"):
            for v, array in npz.match(model.weights, npz.read_arrays(path), path, skip_mismatch=skip_mismatch):
                v.assign(array)
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
    """Return whether a file may be written; about one that is there somebody is asked, or a FileExistsError raised."""
    if overwrite or not os.path.exists(path):
        return True
    question = f"[WARNING] {path} already exists - overwrite? [y/n]"
    try:
        while (answer := input(question).strip().lower()) not in ("y", "n"):
            question = 'Enter "y" (overwrite) or "n" (cancel).'
    except (EOFError, OSError):
        raise FileExistsError(f"The file {path!r} exists. Pass overwrite=True to replace it.") from None
    return answer == "y"


@contextmanager
def one_error(name: str) -> Iterator[None]:
    """Within this context whatever a file leads to ends in a FileError; that it is not there, in an OSError."""
    try:
        yield
    except (FileError, OSError):
        raise
    except Exception as error:
        notes = [note.removeprefix("in the configuration of ") for note in getattr(error, "__notes__", ())]
        place = " > ".join(reversed(notes)) or "its contents"
        raise FileError(name, place, f"{error}" or type(error).__name__) from error


def _stored(model: Layer, skipped: dict[int, list[str]]) -> Iterator[tuple[str, str, dict[str, Array]]]:
    """Yield the group of each object that is saved, its name, and its arrays."""
    for path, saved in walk(model, seen=skipped):
        if hasattr(saved, "save_own_variables"):
            store: dict[str, Any] = {}
            saved.save_own_variables(store)
            if any(not isinstance(key, str) or not key or "/" in key for key in store):
                raise ValueError(f"`save_own_variables` of {saved.name!r} must use names without '/'. Got: {[*store]}.")
            yield f"{path}/vars" if path else "vars", saved.name, {k: as_array(v) for k, v in store.items()}


def write_hdf5(model: Layer, file: BinaryIO, skipped: dict[int, list[str]] | None = None) -> None:
    """Write all variables of a model to an open file, in Keras's layout, without those of objects of some ids."""
    with import_h5py().File(file, "w") as root:
        for path, name, arrays in _stored(model, skipped or {}):
            group = root.create_group(path)
            group.attrs["name"] = name
            for key, array in arrays.items():
                group[key] = array


def _write_shards(model: Layer, path: str, limit: float, skipped: dict[int, list[str]]) -> None:
    """Write HDF5 files of at most `limit` bytes of arrays, and then the index that says which groups are in which."""
    h5py, index_path = import_h5py(), f"{os.path.splitext(path)[0]}.json"
    if not path.endswith(".json"):
        warn_user(f"Sharded weights have an index, whose name ends in '.json': {path!r} becomes {index_path!r}.")
    shards: list[dict[str, dict[str, Array]]] = [{}]
    size = total = 0
    for group, _, arrays in _stored(model, skipped):
        for key, array in arrays.items():
            if array.nbytes > limit:
                raise ValueError(f"{group}/{key} takes {array.nbytes} bytes of {limit:.0f}. Increase max_shard_size.")
            size, total = size + array.nbytes, total + array.nbytes
            if size > limit:
                shards.append({})
                size = array.nbytes
            shards[-1].setdefault(group, {})[key] = array
    index: dict[str, Any] = {}
    for i, shard in enumerate(shards):
        name = _shard(path, i)
        with replacing(os.path.join(os.path.dirname(path), name)) as file, h5py.File(file, "w") as root:
            for group, arrays in shard.items():
                index.setdefault(f"/{group}", []).append(name)
                for key, array in arrays.items():
                    root[f"{group}/{key}"] = array
    places = {group: names[0] if len(names) == 1 else names for group, names in index.items()}
    with replacing(index_path) as file:
        file.write(json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=4).encode())


def _shard(path: str, number: int) -> str:
    """Return the name of a shard: it follows from that of the index, whatever the index says."""
    stem = os.path.splitext(os.path.basename(path))[0].replace(".weights", "")
    return f"{stem}_{number:05}.weights.h5"


def _read_shards(model: Layer, source: Source, path: str, skip_mismatch: bool, skipped: Iterable[Any] | None) -> None:
    index = read_json(source.read(0, source.size), path, "the index").get("weight_map")
    names = {name for value in index.values() for name in _names(value)} if isinstance(index, dict) else set()
    if names != {_shard(path, i) for i in range(len(names))} or not names:
        raise FileError(path, "weight_map", f"the shards must be called {_shard(path, 0)!r} and so on")
    with ExitStack() as opened:
        files = [opened.enter_context(open_source(os.path.join(os.path.dirname(path), name))) for name in sorted(names)]
        restore(model, Tree(*map(open_hdf5, files)), skip_mismatch, skipped)


def _names(value: Any) -> list[str]:
    return [name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]
