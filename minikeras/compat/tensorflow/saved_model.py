"""`tf.saved_model`: a folder with a Keras model as a .keras file, or with the variables of a `tf.Module`."""

import copy
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ... import models
from .functions import Module
from .missing import missing
from .train import Checkpoint

__getattr__: Callable[[str], Any] = missing(__name__)
_modules: dict[str, Module] = {}
"""Folder -> copy of the module that this process saved there: the folder has no code, only variables."""


def save(obj: Any, export_dir: Any, signatures: Any = None, options: Any = None) -> None:
    """Write a model, or the variables of a module, to a folder; a ValueError for any other object."""
    folder = Path(os.fspath(export_dir))
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(obj, models.Model):
        obj.save(str(folder / "model.keras"))
    elif isinstance(obj, Module):
        Checkpoint(root=obj).write(folder / "variables")
        _modules[str(folder.resolve())] = copy.deepcopy(obj)
    else:
        raise ValueError(f"tf.saved_model.save needs a Keras model or a tf.Module. Received: {obj!r}.")


def load(export_dir: Any, tags: Any = None, options: Any = None) -> Any:
    """Return the model in a folder, or the module that this process saved there.

    Raises:
        OSError, RuntimeError: if there is no such folder, or if it has neither; minikeras reads no graphs.
    """
    folder = Path(os.fspath(export_dir))
    if (folder / "model.keras").exists():
        return models.load_model(str(folder / "model.keras"))
    if not folder.is_dir():
        raise OSError(f"SavedModel file does not exist at: {export_dir}.")
    original = _modules.get(str(folder.resolve()))
    if original is None:
        raise RuntimeError(f"minikeras cannot load {export_dir}: the code of a SavedModel is a TensorFlow graph, which "
                           "minikeras does not run. Make the object by its class and restore its variables with "
                           "tf.train.Checkpoint; save Keras models as .keras files.")  # fmt: skip
    return copy.deepcopy(original)


LoadOptions = SaveOptions = SimpleNamespace
