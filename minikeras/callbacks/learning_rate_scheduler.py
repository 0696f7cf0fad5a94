"""Set the learning rate of each epoch."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..progress import write
from ..tensor import TensorOps
from .callback import Callback, Logs
from .learning_rate import log_rates, optimizers


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to what a function says.

    Args:
        schedule: A function (epoch, learning rate) -> learning rate, or (epoch) -> learning rate.
        verbose: 1 to say so.

    Raises:
        ValueError: when an epoch begins, if the function gives no float, or the optimizer has no learning rate.

    Example:
        >>> class Model:
        ...     class optimizer:
        ...         learning_rate = 0.5
        >>> scheduler = LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)
        >>> scheduler.set_model(Model())
        >>> scheduler.on_epoch_begin(0)
        <BLANKLINE>
        Epoch 1: LearningRateScheduler setting learning rate to 0.25.
        >>> Model.optimizer.learning_rate
        0.25
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the learning rate."""
        for name, optimizer in optimizers(self.model):
            if not hasattr(optimizer, "learning_rate"):
                raise ValueError(f'Optimizer must have a "learning_rate" attribute. Received: {optimizer!r}.')
            rate = self._scheduled(epoch, float(optimizer.learning_rate))
            optimizer.learning_rate = rate
            if self.verbose > 0:
                which = f"{name} " if name else ""
                write(f"\nEpoch {epoch + 1}: LearningRateScheduler setting {which}learning rate to {rate}.\n")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Enter the learning rate in the logs."""
        log_rates(self.model, logs)

    def _scheduled(self, epoch: int, rate: float) -> Any:
        try:
            new = self.schedule(epoch, rate)
        except TypeError:  # a function of the epoch alone
            new = self.schedule(epoch)
        if isinstance(new, TensorOps):
            new = new.numpy()[()]
        if not isinstance(new, float | np.float32):
            raise ValueError(f"The output of the `schedule` function should be a float. Got: {new!r}")
        return new
