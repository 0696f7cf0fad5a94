"""Whole models in files: Keras's .keras archives with configuration, weights and the state of training; and .h5."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import cache, partial
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from .._base.context import context
from .._base.load_budget import Loading
from .._base.nested import map_configs
from .._base.signature import suggests
from .._base.typing import Config, CustomObjects
from .._base.user_warning import warn_user
from .._core.keras_tensor import op_class
from .._core.op_names import OPS
from .._serialization.object_registration import custom_object_scope, with_short_names
from .._serialization.registry import is_of_keras, kinds
from .._serialization.serialization import serialize_shared
from ..layers import Layer, deserialize
from .archive import MEMBERS, WEIGHTS, Archive
from .assets import asset_loaders
from .atomic import replacing
from .h5_writing import import_h5py, write_archive, write_legacy
from .hdf5 import open_hdf5
from .keras2_configs import modernize_model
from .legacy_h5 import match_layers, match_slots, read_legacy
from .source import MAX_INFLATION, FileError, MissingFileError, Source, open_source
from .state import Tree, restore, take_all, walk
from .strict_json import MAX_SIZE, read_json
from .weights import HDF5, ZIP, may_write, one_error

if TYPE_CHECKING:
    from ..models import Model

UNSTORED = 2**22
"""How many numbers a model may have that are not in its file, such as the state of metrics."""


def save_model(model: Layer, filepath: str | os.PathLike[str] | BinaryIO, overwrite: bool = True,
               zipped: bool | None = None, **kwargs: Any) -> None:  # fmt: skip
    """Write a model to a file that Keras reads as well: layers, weights, and the state of training.

    The file appears only when it is complete. After an error, an older file of that name is still there.

    Args:
        model: The model.
        filepath: A path that ends in ".keras", or a file opened for writing bytes. (".h5" writes Keras 2's format.)
        overwrite: Whether to replace an existing file without asking.
        zipped: Accepted for Keras's sake, if true.
        kwargs: `include_optimizer` for ".h5"; `save_format` is accepted.

    Raises:
        ValueError: if the path has another ending, or a part of the model has no configuration.
        ImportError: if h5py is not installed (the extra `h5`).
        FileExistsError: if the file exists, must not be replaced, and nobody can be asked.

    Example:
        >>> import os, tempfile
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> path = os.path.join(tempfile.mkdtemp(), "model.keras")
        >>> save_model(model, path)
        >>> bool((load_model(path).get_weights()[0] == model.get_weights()[0]).all())
        True
    """
    include_optimizer = bool(kwargs.pop("include_optimizer", True))
    kwargs.pop("save_format", None)
    if kwargs:
        raise ValueError(f"The following argument(s) are not supported: {list(kwargs)}.")
    path = None if hasattr(filepath, "write") else os.fsdecode(filepath)
    if path is not None and (zipped is False or not path.endswith((".keras", ".h5", ".hdf5"))):
        raise ValueError("Invalid filepath extension for saving: a model is written to a file whose name ends in "
                         "'.keras'. Folders (TensorFlow's SavedModel, unzipped archives) are not written: load the "
                         f"file in Keras, and `export` it. Received: filepath={path!r}, zipped={zipped}.")  # fmt: skip
    h5py = import_h5py()
    if path is not None and not may_write(path, overwrite):
        return
    if not model.built:
        warn_user("You are saving a model that has not yet been built. It might not contain any weights yet. Consider "
                  "building the model first by calling it on some data.")  # fmt: skip
    if path is not None and not path.endswith(".keras"):
        warn_user("You are saving your model as an HDF5 file. This file format is considered legacy. We recommend "
                  "using instead the native Keras format, e.g. `model.save('my_model.keras')`.")  # fmt: skip
        os.makedirs(os.path.dirname(os.path.realpath(path)), exist_ok=True)  # as Keras does for this format alone
        with replacing(path) as file, h5py.File(file, "w") as root:
            write_legacy(model, root, include_optimizer)
        return
    config = json.dumps(serialize_shared(model))
    with nullcontext(cast(BinaryIO, filepath)) if path is None else replacing(path) as file:
        write_archive(model, config, file)


@suggests
def load_model(filepath: str | os.PathLike[str] | BinaryIO, custom_objects: CustomObjects | None = None,
               compile: bool = True, safe_mode: bool = True) -> "Model":  # fmt: skip
    """Return the model of a file that `save_model` wrote, here or in Keras.

    No code in the file is run, no name in it imported, no other file opened, and no more memory taken than it holds.

    Args:
        filepath: The path of a .keras file or of one in Keras 2's format, or such a file opened for reading bytes.
        custom_objects: The caller's classes and functions by name, which the file may name.
        compile: Whether to compile the model as it was, with the state of its optimizer.
        safe_mode: Accepted for Keras's sake. False changes nothing: Python code in a file is never run.

    Raises:
        ValueError: a `FileError`, which says what is wrong, and where in the file.
        FileNotFoundError: the same, if there is no such file.
    """
    if not isinstance(custom_objects, Mapping | None):
        raise TypeError(f"`custom_objects` must be a dict of names to classes. Received: {custom_objects!r:.80}.")
    if hasattr(filepath, "read"):
        file = cast(Any, filepath)
        name = str(getattr(file, "name", "a file object"))
        with one_error(name):
            return _load(Source(file, name), custom_objects, compile)
    path = os.fsdecode(filepath)
    if not os.path.exists(path):
        raise MissingFileError(path, "", "there is no such file; pass the path of a '.keras' or '.h5' file")
    if os.path.isdir(path):
        raise FileError(path, "the path", "folders, such as TensorFlow's SavedModel, are not read: in the program that "
                        "wrote it, load the model and `save` it to a file whose name ends in '.keras'")  # fmt: skip
    with one_error(path), open_source(path) as source:
        return _load(source, custom_objects, compile)


def _load(source: Source, custom_objects: CustomObjects | None, compile: bool) -> "Model":
    start = source.read(0, min(8, source.size))
    if start == HDF5:
        return _load_legacy(source, custom_objects, compile)
    if start[:2] != ZIP:
        raise source.error("its first bytes", "this is no model: neither a .keras archive nor HDF5")
    archive = Archive(source, MEMBERS)
    names = [name for name in ("metadata.json", "config.json") if name in archive.members or name == "config.json"]
    *metadata, config = (read_json(archive.read(name, MAX_SIZE), source.name, name) for name in names)
    if metadata and str(metadata[0].get("keras_version", "3")) < "3":
        config = modernize_model(config)
    tree = Tree(open_hdf5(archive.open(WEIGHTS)))
    if not compile:
        config["compile_config"] = None
    more = partial(asset_loaders, archive=archive)
    return _make_model(config, tree, lambda model: restore(model, tree, more=more), custom_objects, source)


def _load_legacy(source: Source, custom_objects: CustomObjects | None, compile: bool) -> "Model":
    root = open_hdf5(source)
    legacy = read_legacy(root, source.name, custom_objects)

    def fill(model: Any) -> int:
        pairs = match_layers(model, legacy.weights, source.name)
        if compile and legacy.training:
            own, training = custom_objects or {}, legacy.training
            with custom_object_scope(own):  # a custom loss or metric may be there as its name alone
                model.compile_from_config(map_configs(lambda x: own.get(x, x) if isinstance(x, str) else x, training))
            if model.compiled and model.optimizer is not None and legacy.optimizer:
                pairs += match_slots(model.optimizer, legacy.optimizer, source.name)
        return take_all(pairs, [saved for _, saved in walk(model)])

    return _make_model(legacy.model, Tree(root), fill, custom_objects, source)


def _make_model(config: Config, tree: Tree, fill: Callable[[Any], int], custom_objects: CustomObjects | None,
                source: Source) -> "Model":  # fmt: skip
    """Return the model of a configuration; `fill` sets its variables, and returns how many numbers the file has."""
    stored = min(tree.count(), MAX_INFLATION * source.size)
    unknown = unknown_names(config, custom_objects)
    if unknown:
        raise source.error("its configuration", f"it names {len(unknown)} thing(s) that minikeras does not know: "
                           f"{', '.join(unknown)}. Pass your own classes and functions in `custom_objects=`, or use "
                           "`register_keras_serializable`; other layers of Keras's need Keras itself")  # fmt: skip
    loading = Loading(4 * stored + UNSTORED)
    with context.having(loading=loading):
        with context.having(shared_objects={}):
            model = cast("Model", deserialize(config, custom_objects))
        read = fill(model)
    loading.fill(4 * read + UNSTORED)
    return model


def unknown_names(config: Any, custom_objects: CustomObjects | None) -> list[str]:
    """Return all unknown classes and functions that a configuration names, with the layers that they belong to."""
    names: dict[str, list[str]] = {}
    is_known = cache(_is_known)
    stack: list[Any] = [[config]]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            name, inner, module = node.get("class_name"), node.get("config"), str(node.get("module") or "")
            name = inner if name == "function" else name
            if isinstance(name, str) and "config" in node and name[:2] != "__":
                of_keras = module.partition(".")[0] in ("keras", "tf_keras")
                called = [n for n in (node.get("registered_name"), name) if isinstance(n, str)]
                if not of_keras and any(n in with_short_names(n, custom_objects) for n in called):
                    continue  # the user's class reads its own configuration
                if not is_known(name, module):
                    layer = inner.get("name") if isinstance(inner, dict) else None
                    layers = names.setdefault(f"{module}.{name}" if of_keras else name, [])
                    layers += [f"{layer!r}"] if isinstance(layer, str) else []
            node = node.values()
        stack += [x for x in node if isinstance(x, dict | list | tuple)]
    return [f"{label} ({', '.join(sorted({*layers}))})" if layers else label for label, layers in sorted(names.items())]


def _is_known(name: str, module: str) -> bool:
    try:
        if module.startswith(OPS):
            return bool(op_class(name, module))
        own = module in ("", "builtins") or is_of_keras(module, name)
    except ValueError:
        return False
    return own and any(name in kind for kind in kinds().values())
