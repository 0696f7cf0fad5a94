"""Writers that need h5py (the extra `h5`): .keras archives, weights in HDF5 files or shards, whole models in .h5."""

import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np

from .._base.absent import KERAS_VERSION
from .._base.lazy import optional
from .._base.nested import map_configs, only
from .._base.typing import Array, Config
from .._base.user_warning import warn_user
from .._core.op_names import OPS
from .._core.tensor import as_array
from .._core.variable import Variable
from .._serialization.object_registration import get_registered_name
from ..layers import Layer, TextVectorization
from .archive import WEIGHTS
from .atomic import replacing
from .legacy_h5 import TOP_LEVEL, in_old_order
from .state import walk

PART = 64512
"""The most bytes of names in one attribute, a limit of HDF5."""


def import_h5py() -> Any:
    """Return h5py, which writes HDF5; an ImportError if it is not installed."""
    more = ". Reading needs NumPy alone, and so does writing .npz weights."
    return optional("h5py", "Writing HDF5 (.keras, .h5)", "h5", more)


def write_archive(model: Layer, config: str, file: BinaryIO) -> None:
    """Write a .keras archive with a configuration, in JSON, to an open file."""
    metadata = {"keras_version": KERAS_VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    weights = io.BytesIO()
    write_hdf5(model, weights)
    with (zipfile := import_module("zipfile")).ZipFile(file, "w", strict_timestamps=False) as archive:  # slow to import
        parts = {"metadata.json": json.dumps(metadata), "config.json": config, WEIGHTS: weights.getvalue()}
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # dated 1980, since zip cannot express what is earlier
        _write_assets(model, archive)


def _write_assets(model: Any, archive: Any) -> None:
    """Call `save_assets` of each object in a model that has it, and add the files to an open zip archive."""
    owners = [(path, saved) for path, saved in walk(model) if hasattr(saved, "save_assets")]
    if not owners:
        return
    with TemporaryDirectory() as top:
        for path, saved in owners:
            folder = os.path.join(top, "assets", *path.split("/"))
            os.makedirs(folder, exist_ok=True)
            saved.save_assets(folder)
        for folder, _, names in os.walk(top):
            for file in sorted(os.path.join(folder, name) for name in names):
                archive.write(file, os.path.relpath(file, top).replace(os.sep, "/"))


def _stored(model: Layer, skipped: dict[int, list[str]]) -> Iterator[tuple[str, str, dict[str, Array]]]:
    """Yield the group, the name and the arrays of each object that is saved."""
    for path, saved in walk(model, seen=skipped):
        if hasattr(saved, "save_own_variables"):
            store: dict[str, Any] = {}
            saved.save_own_variables(store)
            if any(not isinstance(key, str) or not key or "/" in key for key in store):
                raise ValueError(f"`save_own_variables` of {saved.name!r} must use names without '/'. Got: {[*store]}.")
            inner = [f"{path}/_lookup_layer"] * isinstance(saved, TextVectorization)  # Keras reads both places
            for place in (path, *inner):
                yield f"{place}/vars" if place else "vars", saved.name, {k: as_array(v) for k, v in store.items()}


def write_hdf5(model: Layer, file: BinaryIO, skipped: dict[int, list[str]] | None = None) -> None:
    """Write all variables of a model to an open file, in Keras's layout; `skipped` has the ids of objects to omit."""
    with import_h5py().File(file, "w") as root:
        for path, name, arrays in _stored(model, skipped or {}):
            group = root.create_group(path)
            group.attrs["name"] = name
            for key, array in arrays.items():
                group[key] = array


def write_shards(model: Layer, path: str, limit: float, skipped: dict[int, list[str]]) -> None:
    """Write HDF5 files with at most `limit` bytes of arrays each, and an index of the groups in each file."""
    h5py, index_path = import_h5py(), f"{os.path.splitext(path)[0]}.json"
    if not path.endswith(".json"):
        warn_user(f"The index of sharded weights must end in '.json': it is written to {index_path!r}, not {path!r}.")
    shards: list[dict[str, Array]] = [{}]
    index: dict[str, dict[str, None]] = {}  # group -> names of its shards
    size = total = 0
    for group, _, arrays in _stored(model, skipped):
        for key, array in arrays.items():
            if array.nbytes > limit:
                raise ValueError(f"{group}/{key} has {array.nbytes} bytes, a shard {limit:.0f}. Raise max_shard_size.")
            size, total = size + array.nbytes, total + array.nbytes
            if size > limit:
                shards.append({})
                size = array.nbytes
            shards[-1][f"{group}/{key}"] = array
            index.setdefault(f"/{group}", {})[shard_name(path, len(shards) - 1)] = None
    with ExitStack() as written:  # all files appear, the index last, or none
        last = written.enter_context(replacing(index_path))
        for i, shard in enumerate(shards):
            name = shard_name(path, i)
            with h5py.File(written.enter_context(replacing(os.path.join(os.path.dirname(path), name))), "w") as root:
                for place, array in shard.items():
                    root[place] = array
        places = {group: only([*names]) for group, names in index.items()}
        last.write(json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=4).encode())
        with suppress(FileNotFoundError):
            os.remove(os.path.realpath(index_path))  # after an interruption below it would name old and new shards


def shard_name(path: str, number: int) -> str:
    """Return the name of a shard, which follows from the name of the index file."""
    return os.path.splitext(os.path.basename(path))[0].replace(".weights", "") + f"_{number:05}.weights.h5"


def write_legacy(model: Any, file: Any, include_optimizer: bool = True) -> None:
    """Write a whole model to an h5py file as Keras 3.15 does, by default with the arguments of `compile`."""
    optimizer = getattr(model, "optimizer", None) if include_optimizer and model.compiled else None
    config = {"class_name": get_registered_name(type(model)), "config": _plain_layers(model.get_config())}
    attributes = {"keras_version": KERAS_VERSION, "backend": "numpy", "model_config": json.dumps(config).encode()}
    if optimizer is not None:
        training = map_configs(_plain, {k: v for k, v in model.get_compile_config().items() if k != "optimizer"})
        name = get_registered_name(type(optimizer))
        training["optimizer_config"] = {"class_name": name, "config": optimizer.get_config()}
        attributes["training_config"] = json.dumps(training).encode()
    file.attrs.update(attributes)
    write_layers(model, file.create_group("model_weights"))
    if optimizer is not None:
        _write_weights(file.create_group("optimizer_weights"), optimizer.variables)


def write_layers(model: Any, group: Any) -> None:
    """Write the weights of a model, with a group for each layer."""
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    group.attrs.update({"backend": b"numpy", "keras_version": KERAS_VERSION.encode()})
    for layer in sorted(model.layers, key=lambda layer: str(layer.name)):
        _write_weights(group.create_group(layer.name), in_old_order(layer.weights, layer.trainable))
    _write_weights(group.create_group(TOP_LEVEL), in_old_order(model._own_weights()))
    written = {id(v) for each in (*(layer.weights for layer in model.layers), model._own_weights()) for v in each}
    if lost := [v.path for v in model.weights if id(v) not in written]:
        warn_user(f"This format holds the weights of a model's graph alone. These other ones are not saved: {lost}.")


def _write_weights(group: Any, variables: Sequence[Variable]) -> None:
    paths = [v.path for v in variables]
    if len({*paths}) < len(paths):
        raise ValueError(f"In this format weights must have different names: save as '.keras'. Received: {paths}.")
    _write_names(group, "weight_names", paths)
    for v in variables:
        group[v.path] = v.numpy()


def _write_names(group: Any, key: str, names: Sequence[str]) -> None:
    """Write names to an attribute, or to several if they are long."""
    data = [name.encode() for name in names]
    splits = (np.array_split(np.array(data), n) for n in range(1, len(names) + 2))
    parts = next(parts for parts in splits if all(part.nbytes <= PART for part in parts))
    group.attrs.update({key: data} if len(parts) == 1 else {f"{key}{place}": part for place, part in enumerate(parts)})


def _plain_layers(config: Config) -> Config:
    """Return a model's configuration in the layout of these files, where a layer has no module."""
    if not isinstance(config.get("layers"), list):
        return config

    def plain(layer: Config) -> Config:
        if str(layer.get("module")).startswith(OPS):  # Keras finds an op by its module only
            return layer
        name = layer.get("registered_name") or layer["class_name"]
        name = "GroupedQueryAttention" if name == "GroupQueryAttention" else name  # as Keras's class calls itself
        further: Config = {key: layer[key] for key in ("name", "inbound_nodes") if key in layer}
        return {"class_name": name, "config": _plain_layers(layer["config"]), **further}

    return {**config, "layers": [*map(plain, config["layers"])]}


def _plain(value: Any) -> Any:
    """Return the configuration of a loss or metric without its module; for a function its name."""
    if not isinstance(value, Mapping):
        return value
    if value["class_name"] == "function":
        return value["config"]
    return {"class_name": value.get("registered_name") or value["class_name"], "config": value["config"]}
