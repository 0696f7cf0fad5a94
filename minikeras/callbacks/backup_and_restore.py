"""The callback that resumes a training which was interrupted."""

import os
import random
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from .._base.nested import each_once
from .._base.typing import Array
from .._base.user_warning import warn_user
from .._core.variable import Variable
from ..layers import Layer
from ..optimizers import Optimizer
from ..random import SeedGenerator
from ..saving.npz import match, pack, read_arrays, write_arrays
from ..saving.state import walk
from .callback import BatchCounter, Callback, Frequency, Logs


class BackupAndRestore(Callback):
    """Saves weights, optimizers and epoch while a model trains, so that the same `fit`, run again, goes on from there.

    An interrupted epoch is run again from its first batch. With `save_freq="epoch"` the final weights are those of a
    training without interruption: the states of Python's, NumPy's and the layers' random numbers are saved as well, so
    that the order of rows and the masks of dropout are the same. (Other callbacks, such as EarlyStopping, start anew.)

    Args:
        backup_dir: A folder for the backup alone.
        save_freq: "epoch", a number of batches, or False for never.
        double_checkpoint: Whether to keep the previous backup too, which is read if the last one is damaged.
        delete_checkpoint: Whether to remove the backup when the training is complete.

    Raises:
        ValueError: for an empty folder name or another frequency; when training begins, if the model is not built or
            the backup is of another model.

    Example:
        >>> import tempfile
        >>> class Net(keras.Sequential):
        ...     optimizer = None
        >>> model = Net([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> backup = BackupAndRestore(tempfile.mkdtemp())
        >>> backup.set_model(model)
        >>> backup.on_epoch_end(4)  # five epochs are done, then the power fails
        >>> model.set_weights([[[0.0], [0.0]], [0.0]])
        >>> backup.on_train_begin()
        >>> model._initial_epoch, model.get_weights()[0].tolist()
        (5, [[1.0], [1.0]])
    """

    def __init__(self, backup_dir: str | os.PathLike[str], save_freq: Frequency = "epoch",
                 double_checkpoint: bool = False, delete_checkpoint: bool = True) -> None:  # fmt: skip
        if not backup_dir:
            raise ValueError(f"`backup_dir` must name a folder. Received: backup_dir={backup_dir!r}.")
        self.backup_dir: str = os.fspath(backup_dir)
        self.save_freq: Frequency = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._counter = BatchCounter(save_freq, least=0)
        self._epoch = 0
        self._path = os.path.join(self.backup_dir, "latest.npz")
        self._previous = os.path.join(self.backup_dir, "previous.npz")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self.model.built:
            raise ValueError("BackupAndRestore needs a model that is built, or called on a batch, before `fit`. "
                             f"Received: {self.model!r}.")  # fmt: skip
        paths = [*filter(os.path.exists, (self._path, self._previous))]
        for path in paths:
            try:
                self._restore(path)
                break
            except (OSError, ValueError):
                if path == paths[-1]:
                    raise

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._counter.is_full(batch):
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint and os.path.isdir(self.backup_dir):
            for path in filter(os.path.exists, (self._path, self._previous)):
                os.remove(path)
            if not os.listdir(self.backup_dir):
                os.rmdir(self.backup_dir)

    def _variables(self) -> dict[str, list[Variable]]:
        """Return the variables to save in groups: the weights, and the state of each optimizer in the model."""
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        held = {path.replace("/", "."): part for path, part in walk(self.model) if isinstance(part, Optimizer)}
        states = {f"{'optimizer' if o is optimizer else name}/": o.variables for name, o in held.items()}
        states.pop("optimizer.inner_optimizer/", None)  # which is part of "optimizer/"
        return {"model/": self.model.weights, **states}

    def _layers(self) -> list[tuple[str, Layer]]:
        """Return (place in the backup, layer) for each layer that overrides `save_own_variables`."""
        layers = [(f"own/{path}", part) for path, part in walk(self.model) if isinstance(part, Layer)]
        return [(path, x) for path, x in layers if type(x).save_own_variables is not Layer.save_own_variables]

    def _save(self) -> None:
        arrays = {"epoch": np.array(self._epoch), **random_states(self.model)}
        for group, variables in self._variables().items():
            arrays |= pack(variables, group)
        for path, layer in self._layers():
            store: dict[str, Any] = {}
            layer.save_own_variables(store)
            arrays |= {f"{path}/{name}": np.asarray(value) for name, value in store.items()}
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and os.path.exists(self._path):
            os.replace(self._path, self._previous)
        write_arrays(self._path, arrays)

    def _restore(self, path: str) -> None:
        arrays = read_arrays(path)
        groups = []
        for group, variables in self._variables().items():
            saved = sum(name.startswith(group) for name in arrays)
            if group == "model/" or saved == len(variables):
                groups.append(match(variables, arrays, path, group))
            else:  # `load_weights` too warns, and goes on
                counts = f"it has {len(variables)} variables, the backup {saved}. Build own optimizers before `fit`"
                warn_user(f"`model.{group[:-1]}` begins anew: {counts}.")
        set_random_states(self.model, arrays)
        for variable, array in chain(*groups):
            variable.assign(array)
        for path, layer in self._layers():
            if store := {key.rpartition("/")[2]: x for key, x in arrays.items() if key.rpartition("/")[0] == path}:
                layer.load_own_variables(store)
        self.model._initial_epoch = int(arrays["epoch"])


def _generators(model: Any) -> list[SeedGenerator]:
    return each_once(x for layer in model._flatten_layers() for x in layer._values_of(SeedGenerator))


def random_states(model: Any) -> dict[str, Array]:
    """Return the states of all random numbers that a training may draw, as arrays."""
    _, keys, place, has_normal, normal = np.random.get_state()  # noqa: NPY002 - the stream that shuffles rows, as in Keras
    _, words, spare = random.getstate()
    return {
        "random/numpy": np.asarray(keys), "random/numpy_rest": np.array([place, has_normal, normal]),
        "random/python": np.array(words), "random/python_rest": np.array([] if spare is None else [spare]),
        "random/layers": np.array([x.state for x in _generators(model)], "uint32").reshape(-1, 2)}  # fmt: skip


def set_random_states(model: Any, arrays: Mapping[str, Array]) -> None:
    """Set the states that `random_states` returned; a ValueError if there are none, or they are of another model."""
    generators = _generators(model)
    states = {key.partition("/")[2]: array for key, array in arrays.items() if key.startswith("random/")}
    if len(states) != 5 or states["layers"].shape != (len(generators), 2):
        raise ValueError("The backup has no random states of this model.")
    place, has_normal, normal = states["numpy_rest"].tolist()
    spare = states["python_rest"].tolist()
    random.setstate((3, tuple(states["python"].tolist()), spare[0] if spare else None))
    np.random.set_state(("MT19937", states["numpy"], int(place), int(has_normal), normal))  # noqa: NPY002 - as above
    for generator, state in zip(generators, states["layers"], strict=True):
        generator.set_state(state)
