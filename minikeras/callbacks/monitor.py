"""Callbacks that watch whether a metric gets better."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np

from .._base.settings import settings
from .._base.typing import FloatArray
from .._base.user_warning import warn_user
from .._display.progbar import write
from .callback import Callback, Logs
from .learning_rate import log_rates, optimizers

Mode: TypeAlias = Literal["auto", "min", "max"]


class Monitor(Callback):
    """Base of the callbacks that watch a metric; `baseline` is the value to beat at first.

    Attributes:
        best: The best value so far.
        monitor_op: (a, b) -> whether a is better than b; None until the metrics are known.
    """

    def __init__(self, monitor: str = "val_loss", mode: Mode = "auto", baseline: float | None = None,
                 min_delta: float = 0) -> None:  # fmt: skip
        if mode not in ("auto", "min", "max"):
            warn_user(f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.")
            mode = "auto"
        self.monitor = monitor
        self.mode: Mode = mode
        self.best: float | None = baseline
        self.min_delta: float = abs(min_delta)
        self.monitor_op: Callable[[float, float], bool] | None = None

    def _set_monitor_op(self, logs: Logs | None = None) -> None:
        """Set `monitor_op` if that is yet to be done; a ValueError if the metric does not say which values are good."""
        if self.monitor_op is not None:
            return
        name = self.monitor.removeprefix("val_")
        mode = "min" if self.mode == "auto" and name == "loss" else self.mode
        if self.mode == "auto":
            for metric in _metrics(self.model):
                if metric.name == name and hasattr(metric, "_direction"):
                    mode = "max" if metric._direction == "up" else "min"
        if mode == "auto":
            raise ValueError(f"{type(self).__name__} cannot tell whether monitor={self.monitor!r} should be large or "
                             "small: the model has no metric of that name that says so. Pass mode='max' or mode='min'. "
                             f"{available(logs)}")  # fmt: skip
        self.monitor_op = partial(_compare, np.less if mode == "min" else np.greater)
        self.min_delta *= -1 if mode == "min" else 1

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        self._set_monitor_op()
        assert self.monitor_op is not None
        return reference is None or self.monitor_op(value - self.min_delta, reference)

    def _value(self, logs: Logs | None, purpose: str) -> float | None:
        """Return the metric's value; if the logs lack it, warn and return None."""
        value: float | None = (logs or {}).get(self.monitor)
        if value is None:
            warn_user(f"{purpose} metric `{self.monitor}` which is not available. {available(logs)}")
        return value


def available(logs: Logs | None) -> str:
    """Return a sentence that lists the metrics in the logs."""
    return f"Available metrics are: {','.join(logs or ())}"


def _metrics(model: Any) -> list[Any]:
    """Return a model's metrics; a container of metrics is replaced by its contents."""
    return [inner for metric in getattr(model, "metrics", ()) for inner in getattr(metric, "metrics", [metric])]


def _compare(compare: Callable[..., Any], a: float, b: float) -> bool:
    """Compare in floatx, the precision of metrics: digits beyond it decide nothing."""
    return bool(compare(np.asarray(a, settings.floatx), np.asarray(b, settings.floatx)))


class EarlyStopping(Monitor):
    """Stops training when a metric has stopped improving.

    Args:
        monitor: Name of the metric in the logs.
        min_delta: By how much a value must be better to count.
        patience: After how many epochs without improvement to stop.
        verbose: 1 to print when training stops.
        mode: "min" if small values are good, "max" if large ones are, "auto" to let the model's metric tell.
        baseline: A value to reach: only improvements that beat it start the patience anew.
        restore_best_weights: Whether to give the model the weights of its best epoch at the end.
        start_from_epoch: Before this epoch the metric is not watched.

    Raises:
        ValueError: after the first epoch, if mode "auto" cannot tell.

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

    def __init__(self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0,
                 mode: Mode = "auto", baseline: float | None = None, restore_best_weights: bool = False,
                 start_from_epoch: int = 0) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait: int = 0
        self.stopped_epoch: int = 0
        self.best_epoch: int = 0
        self.best = None
        self.best_weights: list[FloatArray] | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._set_monitor_op(logs)
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)  # the first epoch, even if its value is NaN
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
        if self.stopped_epoch > 0 and self.verbose > 0:
            write(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.best_weights is not None:
            if self.verbose > 0:
                write(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.\n")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Logs | None) -> float | None:
        """Return the value of the metric; if the logs lack it, warn and return None."""
        return self._value(logs, "Early stopping conditioned on")

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by a factor when a metric has stopped improving.

    Args:
        monitor, mode, min_delta: See `EarlyStopping`.
        factor: What the learning rate is multiplied by, less than 1.
        patience: After how many epochs without improvement to reduce it.
        verbose: 1 to print the new rate.
        cooldown: How many epochs after a reduction are not counted.
        min_lr: The least learning rate.

    Raises:
        ValueError: if the factor is 1 or more; after the first epoch, if mode "auto" cannot tell.

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

    def __init__(self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0,
                 mode: Mode = "auto", min_delta: float = 1e-4, cooldown: int = 0,
                 min_lr: float = 0.0) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau does not support a factor >= 1.0. Received factor={factor}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = None
        self.wait: int = 0
        self.cooldown_counter: int = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._set_monitor_op(logs)
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
        """Return whether too few epochs have passed since the last reduction."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> bool:
        """Lower the rates that are above the minimum, and return whether there was one."""
        least = np.float32(self.min_lr)  # rounded as the optimizer rounds its rate
        above = [(name, x) for name, x in optimizers(self.model) if float(x.learning_rate) > least]
        for name, optimizer in above:
            optimizer.learning_rate = new = max(float(optimizer.learning_rate) * self.factor, self.min_lr)
            if self.verbose > 0:
                which = f" {name}" if name else ""
                write(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing{which} learning rate to {new}.\n")
        return bool(above)


class TerminateOnNaN(Callback):
    """Stops training after a batch whose loss is NaN or infinite.

    Args:
        raise_error: Whether to raise an error instead, in which case no `on_train_end` runs.

    Raises:
        RuntimeError: after such a batch, with `raise_error`.

    Example:
        >>> class Model:
        ...     stop_training = False
        >>> guard = TerminateOnNaN()
        >>> guard.set_model(Model())
        >>> guard.on_train_batch_end(7, {"loss": float("nan")})
        Batch 7: Invalid loss, terminating training
        >>> guard.model.stop_training
        True
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"NaN or Inf loss after batch {batch}. Received: loss={loss}. Training is terminated.")
        write(f"Batch {batch}: Invalid loss, terminating training\n")
        self.model.stop_training = True
