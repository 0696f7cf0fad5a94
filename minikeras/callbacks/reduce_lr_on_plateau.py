"""Lower the learning rate when a metric has stopped improving."""

import numpy as np

from ..progress import write
from .callback import Logs
from .learning_rate import log_rates, optimizers
from .monitor import Mode, Monitor


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by a factor when a metric has stopped improving.

    Args:
        monitor: Name of the metric in the logs.
        factor: What the learning rate is multiplied by, less than 1.
        patience: After how many epochs without improvement.
        verbose: 1 to say so.
        mode: "min" if small values are good, "max" if large ones are, "auto" to let the model's metric tell.
        min_delta: By how much the metric must improve to count.
        cooldown: How many epochs after a reduction are not counted.
        min_lr: The learning rate goes no lower.

    Raises:
        ValueError: if the factor is 1 or more; after the first epoch, if mode "auto" finds nothing.

    Example:
        >>> class Model:
        ...     class optimizer:
        ...         learning_rate = 0.5
        >>> reduce = ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, verbose=1)
        >>> reduce.set_model(Model())
        >>> reduce.on_train_begin()
        >>> reduce.on_epoch_end(0, {"loss": 1.0})
        >>> reduce.on_epoch_end(1, {"loss": 1.0})
        <BLANKLINE>
        Epoch 2: ReduceLROnPlateau reducing learning rate to 0.25.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau does not support a factor >= 1.0. Received factor={factor}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait: int = 0
        self.cooldown_counter: int = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget what an earlier run left."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look whether the metric has improved, and lower the learning rate if it has not for too long."""
        self._set_monitor_op()
        logs = {} if logs is None else logs
        log_rates(self.model, logs)
        current = self._value(logs, "Learning rate reduction is conditioned on")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def in_cooldown(self) -> bool:
        """Tell whether too few epochs have passed since the last reduction."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> bool:
        """Lower the rates that are above the minimum, and tell whether there was one."""
        found = False
        for name, optimizer in optimizers(self.model):
            old = float(optimizer.learning_rate)
            if old > np.float32(self.min_lr):  # a rate set to the minimum comes back rounded
                found = True
                optimizer.learning_rate = new = max(old * self.factor, self.min_lr)
                if self.verbose > 0:
                    which = f" {name}" if name else ""
                    write(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing{which} learning rate to {new}.\n")
        return found
