"""Models and weights under names of the caller's choice, as earlier versions of Keras wrote them.

`save("folder")` puts `model.keras` into a folder, `save_weights("any name")` writes "any name.npz", and what reads them
knows. "name.h5" is a file of that name.
"""

import json
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from ... import models, saving
from .patches import outdated, put

_IN_FOLDER = "model.keras"
_ENDING = ".npz"


class Status:
    """What `load_weights` gave in TensorFlow: everything is loaded, so that there is nothing to complain of."""

    def expect_partial(self) -> "Status":
        """Return this."""
        return self

    assert_consumed = expect_partial
    assert_existing_objects_matched = expect_partial
    assert_nontrivial_match = expect_partial


def _path(filepath: Any) -> str | None:
    """Return a path as text, None for an open file."""
    return os.fspath(filepath) if isinstance(filepath, str | os.PathLike) else None


def any_save(save: Callable[..., Any]) -> Callable[..., Any]:
    """Return `save` or `save_model`, which takes the path of a folder as well."""

    @wraps(save)
    def call(model: Any, filepath: Any, overwrite: bool = True, *args: Any, **kwargs: Any) -> Any:
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

    return call


def any_load(load: Callable[..., Any]) -> Callable[..., Any]:
    """Return `load_model`, which takes a folder as well."""

    @wraps(load)
    def call(filepath: Any, *args: Any, **kwargs: Any) -> Any:
        path = _path(filepath)
        if path is not None and os.path.isfile(os.path.join(path, _IN_FOLDER)):
            outdated(f"load_model({path!r})", "load_model of a '.keras' file")
            filepath = os.path.join(path, _IN_FOLDER)
        return load(filepath, *args, **kwargs)

    return call


def any_from_json(load: Callable[..., Any]) -> Callable[..., Any]:
    """Return `model_from_json`, which leaves out how the model was compiled where that names what it does not know."""

    @wraps(load)
    def call(json_string: str, custom_objects: Any = None) -> Any:
        try:
            return load(json_string, custom_objects)
        except ValueError:
            config = json.loads(json_string)
            if not config.pop("compile_config", None):
                raise
            return load(json.dumps(config), custom_objects)

    return call


def any_save_weights(save: Callable[..., None]) -> Callable[..., None]:
    """Return `save_weights`, which takes any name."""

    @wraps(save)
    def call(model: Any, filepath: Any, overwrite: bool = True, save_format: str | None = None, **kwargs: Any) -> None:
        path = os.fspath(filepath)
        if path.endswith((".weights.h5", _ENDING)) or kwargs:
            save(model, path, overwrite, **kwargs)
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith((".h5", ".hdf5", ".keras")) or save_format in ("h5", "hdf5"):
            outdated(f"save_weights({path!r})", "save_weights('name.weights.h5')")
            save(model, f"{path}.weights.h5", overwrite)
            os.replace(f"{path}.weights.h5", path)
            return
        outdated(f"save_weights({path!r})", "save_weights('name.weights.h5')")
        save(model, path + _ENDING, overwrite)
        newest = f'model_checkpoint_path: "{Path(path).name}"\n'  # where `tf.train.latest_checkpoint` looks
        Path(path).with_name("checkpoint").write_text(newest, "utf8")

    return call


def any_load_weights(load: Callable[..., None]) -> Callable[..., Status]:
    """Return `load_weights`, which finds what `any_save_weights` wrote."""

    @wraps(load)
    def call(model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Status:
        path = os.fspath(filepath)
        if not os.path.isfile(path) and os.path.isfile(path + _ENDING):
            outdated(f"load_weights({path!r})", "load_weights('name.weights.h5')")
            path += _ENDING
        load(model, path, *args, **kwargs)
        return Status()

    return call


def checkpoint_path(path: str, weights: bool) -> str:
    """Return the path that a checkpoint writes to, so that `load_model` and `load_weights` find it under `path`."""
    folder = not weights and not path.endswith((".keras", ".h5", ".hdf5"))
    return os.path.join(path, _IN_FOLDER) if folder else path


def install() -> None:
    """Let models and weights be written and read under any name."""
    save, load = any_save(saving.save_model), any_load(saving.load_model)
    for module in (models, saving):
        put(module, "save_model", save)
        put(module, "load_model", load)
    put(models, "model_from_json", any_from_json(models.model_from_json))
    put(models.Model, "save", any_save(models.Model.save))
    put(models.Model, "save_weights", any_save_weights(models.Model.save_weights))
    put(models.Model, "load_weights", any_load_weights(models.Model.load_weights))
