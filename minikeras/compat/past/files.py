"""Files of models and weights under any name, as earlier versions of Keras wrote them.

`save("folder")` writes "folder/model.keras", `save_weights("any name")` writes "any name.npz", and loading finds both.
"name.h5" stays "name.h5".
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from ... import models, saving
from ...saving.weights import may_write
from .patches import around, outdated

_IN_FOLDER = "model.keras"
_ENDING = ".npz"
LIST = "checkpoint"
"""The file in which TensorFlow keeps the name of a folder's newest checkpoint."""
Function: TypeAlias = Callable[..., Any]


class Status:
    """The result of `load_weights` in TensorFlow. Its checks always pass, since all weights are loaded by then."""

    def expect_partial(self) -> "Status":
        """Return this."""
        return self

    assert_consumed = expect_partial
    assert_existing_objects_matched = expect_partial
    assert_nontrivial_match = expect_partial
    initialize_or_restore = expect_partial


def note_newest(path: str) -> None:
    """Record a file as the newest checkpoint of its folder, for `tf.train.latest_checkpoint`."""
    Path(path).with_name(LIST).write_text(f'model_checkpoint_path: "{Path(path).name}"\n', "utf8")


def _path(filepath: Any) -> str | None:
    return os.fspath(filepath) if isinstance(filepath, str | os.PathLike) else None


def _save_h5(save: Function, model: Any, path: str, name: str, overwrite: bool, **kwargs: Any) -> None:
    """Write an HDF5 file whose name does not say that it is one, by way of a folder where it may have such a name."""
    if may_write(path, overwrite):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=Path(path).parent) as folder:
            save(model, os.path.join(folder, name), **kwargs)
            os.replace(os.path.join(folder, name), path)


def save_anywhere(save: Function, model: Any, filepath: Any, overwrite: bool = True, *args: Any, **kwargs: Any) -> Any:
    """Save a model to a file or, if the path has no known ending, to a folder."""
    path = _path(filepath)
    as_h5 = kwargs.pop("save_format", None) in ("h5", "hdf5")
    if path is None or path.endswith((".keras", ".h5", ".hdf5")):
        return save(model, filepath, overwrite, *args, **kwargs)
    if as_h5:
        outdated(f"save({path!r}, save_format='h5')", f"save({path + '.h5'!r})")
        _save_h5(save, model, path, "model.h5", overwrite, **kwargs)
        return None
    outdated(f"save({path!r})", f"save({path.rstrip('/') + '.keras'!r})")
    os.makedirs(path, exist_ok=True)
    return save(model, os.path.join(path, _IN_FOLDER), overwrite)


def load_from_folder(load: Function, filepath: Any, *args: Any, **kwargs: Any) -> Any:
    """Load a model from a file, or from a folder that `save_anywhere` made."""
    path = _path(filepath)
    if path is not None and os.path.isfile(os.path.join(path, _IN_FOLDER)):
        outdated(f"load_model({path!r})", "load_model of a '.keras' file")
        filepath = os.path.join(path, _IN_FOLDER)
    return load(filepath, *args, **kwargs)


def load_from_json(load: Function, json_string: str, custom_objects: Any = None) -> Any:
    """Return the model of a JSON text, uncompiled if its compile configuration names something unknown."""
    try:
        return load(json_string, custom_objects)
    except ValueError:
        config = json.loads(json_string)
        if not config.pop("compile_config", None):
            raise
        return load(json.dumps(config), custom_objects)


def save_weights_anywhere(save: Function, model: Any, filepath: Any, overwrite: bool = True,
                          save_format: str | None = None, **kwargs: Any) -> None:  # fmt: skip
    """Save weights under any name."""
    path = os.fspath(filepath)
    if path.endswith((".weights.h5", _ENDING)) or kwargs:
        save(model, path, overwrite, **kwargs)
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    outdated(f"save_weights({path!r})", "save_weights('name.weights.h5')")
    if path.endswith((".h5", ".hdf5", ".keras")) or save_format in ("h5", "hdf5"):
        _save_h5(save, model, path, "model.weights.h5", overwrite)
    else:
        save(model, path + _ENDING, overwrite)
        note_newest(path)


def load_weights_from_anywhere(load: Function, model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Status:
    """Load weights that `save_weights_anywhere` wrote."""
    path = os.fspath(filepath)
    if not os.path.isfile(path) and os.path.isfile(path + _ENDING):
        outdated(f"load_weights({path!r})", "load_weights('name.weights.h5')")
        path += _ENDING
    load(model, path, *args, **kwargs)
    return Status()


def checkpoint_path(path: str, weights: bool) -> str:
    """Return the path for a checkpoint to write to, where `load_model` and `load_weights` will look for `path`."""
    return path if weights or path.endswith((".keras", ".h5", ".hdf5")) else os.path.join(path, _IN_FOLDER)


def install() -> None:
    """Let models and weights be saved and loaded under any name."""
    for module in (models, saving):
        around(module, "save_model", save_anywhere)
        around(module, "load_model", load_from_folder)
    around(models, "model_from_json", load_from_json)
    around(models.Model, "save", save_anywhere)
    around(models.Model, "save_weights", save_weights_anywhere)
    around(models.Model, "load_weights", load_weights_from_anywhere)
