"""What `fit` returns: the metrics of each epoch."""

from typing import Any

from .callback import Callback, Logs


class History(Callback):
    """Keeps the metrics of each epoch; `fit` adds one and returns it.

    Attributes:
        history: Name of a metric to its values, one an epoch.
        epoch: The epochs of the last run, counted from 0.

    Example:
        >>> history = History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.on_epoch_end(1, {"loss": 0.25})
        >>> history.history, history.epoch
        ({'loss': [0.5, 0.25]}, [0, 1])
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start a new list of epochs."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the metrics of an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None and getattr(self.model, "history", None) is not self:
            self.model.history = self
