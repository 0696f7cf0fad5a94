"""Models and weights under names of the caller's choice, as earlier versions of Keras wrote them.

`save("folder")` puts `model.keras` into a folder, `save_weights("any name")` writes "any name.npz", and what reads them
knows. "name.h5" is a file of that name.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from ... import models, saving
from .patches import around, outdated

_IN_FOLDER = "model.keras"
_ENDING = ".npz"
LIST = "checkpoint"
"""The file that names the newest checkpoint of a folder, as TensorFlow writes it."""
Function: TypeAlias = Callable[..., Any]


class Status:
    """The result of `load_weights` in TensorFlow: everything is loaded, so that there is nothing to complain of."""

    def expect_partial(self) -> "Status":
        """Return this."""
        return self

    assert_consumed = expect_partial
    assert_existing_objects_matched = expect_partial
    assert_nontrivial_match = expect_partial
    initialize_or_restore = expect_partial


def note_newest(path: str) -> None:
    """Write where `tf.train.latest_checkpoint` looks that a file is the newest of its folder."""
    Path(path).with_name(LIST).write_text(f'model_checkpoint_path: "{Path(path).name}"\n', "utf8")


def _path(filepath: Any) -> str | None:
    """Return a path as text, None for an open file."""
    return os.fspath(filepath) if isinstance(filepath, str | os.PathLike) else None


def save_anywhere(save: Function, model: Any, filepath: Any, overwrite: bool = True, *args: Any, **kwargs: Any) -> Any:
    """Write a model, to the path of a folder as well."""
    path = _path(filepath)
    as_h5 = kwargs.pop("save_format", None) in ("h5", "hdf5")
    if path is None or path.endswith((".keras", ".h5", ".hdf5")):
        return save(model, filepath, overwrite, *args, **kwargs)
    if as_h5:
        outdated(f"save({path!r}, save_format='h5')", f"save({path + '.h5'!r})")
        save(model, f"{path}.h5", **kwargs)
        os.replace(f"{path}.h5", path)
        return None
    outdated(f"save({path!r})", f"save({path.rstrip('/') + '.keras'!r})")
    os.makedirs(path, exist_ok=True)
    return save(model, os.path.join(path, _IN_FOLDER), overwrite)


def load_from_folder(load: Function, filepath: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the model of a file, or of a folder that `save_anywhere` made."""
    path = _path(filepath)
    if path is not None and os.path.isfile(os.path.join(path, _IN_FOLDER)):
        outdated(f"load_model({path!r})", "load_model of a '.keras' file")
        filepath = os.path.join(path, _IN_FOLDER)
    return load(filepath, *args, **kwargs)


def load_from_json(load: Function, json_string: str, custom_objects: Any = None) -> Any:
    """Return a model; it leaves out how it was compiled where that names what is not known."""
    try:
        return load(json_string, custom_objects)
    except ValueError:
        config = json.loads(json_string)
        if not config.pop("compile_config", None):
            raise
        return load(json.dumps(config), custom_objects)


def save_weights_anywhere(save: Function, model: Any, filepath: Any, overwrite: bool = True,
                          save_format: str | None = None, **kwargs: Any) -> None:  # fmt: skip
    """Write weights under any name."""
    path = os.fspath(filepath)
    if path.endswith((".weights.h5", _ENDING)) or kwargs:
        save(model, path, overwrite, **kwargs)
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    outdated(f"save_weights({path!r})", "save_weights('name.weights.h5')")
    if path.endswith((".h5", ".hdf5", ".keras")) or save_format in ("h5", "hdf5"):
        save(model, f"{path}.weights.h5", overwrite)
        os.replace(f"{path}.weights.h5", path)
        return
    save(model, path + _ENDING, overwrite)
    note_newest(path)


def load_weights_from_anywhere(load: Function, model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Status:
    """Set weights that `save_weights_anywhere` wrote."""
    path = os.fspath(filepath)
    if not os.path.isfile(path) and os.path.isfile(path + _ENDING):
        outdated(f"load_weights({path!r})", "load_weights('name.weights.h5')")
        path += _ENDING
    load(model, path, *args, **kwargs)
    return Status()


def checkpoint_path(path: str, weights: bool) -> str:
    """Return the path that a checkpoint writes to, so that `load_model` and `load_weights` find it under `path`."""
    folder = not weights and not path.endswith((".keras", ".h5", ".hdf5"))
    return os.path.join(path, _IN_FOLDER) if folder else path


def install() -> None:
    """Let models and weights be written and read under any name."""
    for module in (models, saving):
        around(module, "save_model", save_anywhere)
        around(module, "load_model", load_from_folder)
    around(models, "model_from_json", load_from_json)
    around(models.Model, "save", save_anywhere)
    around(models.Model, "save_weights", save_weights_anywhere)
    around(models.Model, "load_weights", load_weights_from_anywhere)
