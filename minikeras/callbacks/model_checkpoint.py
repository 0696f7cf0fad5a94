"""The callback that saves the model while it trains."""

import os

from .._base.user_warning import warn_user
from .._display.progbar import write
from .._serialization.configurable import is_built_in
from ..saving.h5_writing import import_h5py
from .callback import BatchCounter, Frequency, Logs
from .monitor import Mode, Monitor, available


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, at the end of each epoch or each time after a number of batches.

    Args:
        filepath: Path of the file. Fields such as "{epoch:02d}-{val_loss:.2f}" are filled from the logs and with epoch
            and batch, counted from 1. It must end in ".npz" or ".weights.h5" with `save_weights_only`, else in ".keras"
            or ".h5".
        monitor: Name of the metric in the logs that tells which model is the best.
        mode: Whether small or large values are good, see `EarlyStopping`.
        verbose: 1 to print what is saved.
        save_best_only: Whether to save only models that are better than those before.
        save_weights_only: Whether to save with `model.save_weights` instead of `model.save`.
        save_freq: "epoch", or a number of batches, from 1.
        initial_value_threshold: The value to beat at first.

    Raises:
        ValueError: for another ending or frequency; after the first epoch, if mode "auto" cannot tell.
        KeyError: if the path has a field that the logs lack.
        OSError: if the path is a directory, or the file cannot be written.

    Example:
        >>> class Model:
        ...     def save(self, path, overwrite):
        ...         print("save", path)
        >>> checkpoint = ModelCheckpoint("{epoch:02d}-{loss:.1f}.keras", "loss", save_best_only=True)
        >>> checkpoint.set_model(Model())
        >>> for epoch, loss in enumerate([0.5, 0.7, 0.3]):
        ...     checkpoint.on_epoch_end(epoch, {"loss": loss})
        save 01-0.5.keras
        save 03-0.3.keras
    """

    def __init__(self, filepath: str | os.PathLike[str], monitor: str = "val_loss", verbose: int = 0,
                 save_best_only: bool = False, save_weights_only: bool = False, mode: Mode = "auto",
                 save_freq: Frequency = "epoch", initial_value_threshold: float | None = None) -> None:  # fmt: skip
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath: str = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq: Frequency = save_freq
        self._counter = BatchCounter(save_freq)
        self._current_epoch = 0
        endings = (".npz", ".weights.h5") if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(f"ModelCheckpoint with save_weights_only={save_weights_only} needs a filepath that ends "
                             f"in one of {endings}. Received: filepath={self.filepath!r}.")  # fmt: skip

    def on_train_begin(self, logs: Logs | None = None) -> None:
        save = self.model.save_weights if self.save_weights_only else self.model.save
        if not self.filepath.endswith(".npz") and is_built_in(save):
            import_h5py()  # an ImportError now, and not after the first epoch

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._current_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._should_save_on_batch(batch):
            self._save_model(self._current_epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._set_monitor_op(logs)
        if self.save_freq == "epoch":
            self._save_model(epoch, None, logs)

    def _should_save_on_batch(self, batch: int) -> bool:  # these methods have Keras's names: subclasses override them
        return self._counter.is_full(batch)

    def _get_file_path(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        fields = {**({} if batch is None else {"batch": batch + 1}), **(logs or {})}
        try:
            return self.filepath.format_map({**fields, "epoch": epoch + 1})
        except KeyError as error:
            raise KeyError(f"filepath={self.filepath!r} has a field {error} that the logs lack. They have: "
                           f"{', '.join(fields)}.") from None  # fmt: skip

    def _save_model(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        path = self._get_file_path(epoch, batch, logs)
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
        elif not self._is_best(epoch, logs or {}, path):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(f"ModelCheckpoint needs the path of a file. Received: {path!r}, a directory.")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path, overwrite=True)
        self._say(epoch, f"finished saving model to {path}")

    def _is_best(self, epoch: int, logs: Logs, path: str) -> bool:
        """Return whether the value is the best so far; if it cannot be compared, warn and return True."""
        current = logs.get(self.monitor)
        if current is None:
            warn_user(f"Can save best model only with {self.monitor} available. {available(logs)}")
            return True
        if getattr(current, "ndim", 0):
            warn_user(f"Can save best model only when `monitor` is a scalar value. Received: {current}.")
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return False
        self._say(epoch, f"{self.monitor} improved from {before} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose > 0:
            write(f"\nEpoch {epoch + 1}: {text}\n")
