"""Stop training when a metric has stopped improving."""

from typing import cast

from .._typing import FloatArray
from ..progress import write
from .callback import Logs
from .monitor import Mode, Monitor


class EarlyStopping(Monitor):
    """Stops training when a metric has stopped improving.

    Args:
        monitor: Name of the metric in the logs.
        min_delta: By how much it must improve to count.
        patience: After how many epochs without improvement to stop.
        verbose: 1 to say so.
        mode: "min" if small values are good, "max" if large ones are, "auto" to let the model's metric tell.
        baseline: A value to reach: only improvements that beat it start the patience anew.
        restore_best_weights: Whether to give the model the weights of its best epoch at the end.
        start_from_epoch: Before this epoch the metric is not watched.

    Raises:
        ValueError: after the first epoch, if mode "auto" finds nothing.

    Example:
        >>> class Model:
        ...     stop_training = False
        >>> stop = EarlyStopping(monitor="loss", patience=2, verbose=1)
        >>> stop.set_model(Model())
        >>> stop.on_train_begin()
        >>> for epoch, loss in enumerate([3.0, 1.0, 2.0, 2.0]):
        ...     stop.on_epoch_end(epoch, {"loss": loss})
        >>> stop.model.stop_training
        True
        >>> stop.on_train_end()
        Epoch 4: early stopping
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait: int = 0
        self.stopped_epoch: int = 0
        self.best_epoch: int = 0
        self.best = None
        self.best_weights: list[FloatArray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget what an earlier run left."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look whether the metric has improved, and stop if it has not for too long."""
        self._set_monitor_op()
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)  # also of an epoch without a finite value, which improves on nothing
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self._keep(epoch)
            if self._is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say what happened, and restore the best weights."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            write(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.best_weights is not None:
            if self.verbose > 0:
                write(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.\n")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Logs | None) -> float | None:
        """Return the value of the metric, None with a warning where the logs lack it."""
        return cast("float | None", self._value(logs, "Early stopping conditioned on"))

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()
