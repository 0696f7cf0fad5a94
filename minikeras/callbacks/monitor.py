"""Which of two values of a metric is the better one."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias
from warnings import warn

import numpy as np

from .. import _state
from .callback import Callback, Logs

Mode: TypeAlias = Literal["auto", "min", "max"]


class Monitor(Callback):
    """Base of the callbacks that watch a metric.

    Args:
        monitor: Name of the metric in the logs.
        mode: "min" if small values are good, "max" if large ones are, "auto" to let the model's metric tell.
        baseline: The value to beat at first.
        min_delta: By how much a value must be better to count.

    Attributes:
        best: The best value so far.
        monitor_op: Tells whether its first argument is better than its second; None until the model's metrics
            are known.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: Mode = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        if mode not in ("auto", "min", "max"):
            warn(f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3)
            mode = "auto"
        self.monitor = monitor
        self.mode: Mode = mode
        self.best: float | None = baseline
        self.min_delta: float = abs(min_delta)
        self.monitor_op: Callable[[float, float], bool] | None = None

    def _set_monitor_op(self) -> None:
        """Find out which values are good, once the model's metrics are there.

        Raises:
            ValueError: if the metric does not tell.
        """
        if self.monitor_op is not None:
            return
        name = self.monitor.removeprefix("val_")
        mode = "min" if self.mode == "auto" and name == "loss" else self.mode
        if self.mode == "auto":
            for metric in _metrics(self.model):
                if metric.name == name and hasattr(metric, "_direction"):
                    mode = "max" if metric._direction == "up" else "min"
        if mode == "auto":
            raise ValueError(
                f"{type(self).__name__} cannot tell whether monitor={self.monitor!r} should be large or small: "
                "the model has no metric of that name that says so. Pass mode='max' or mode='min'."
            )
        self.monitor_op = _less if mode == "min" else _greater
        if mode == "min":
            self.min_delta = -self.min_delta

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        self._set_monitor_op()
        assert self.monitor_op is not None
        return reference is None or self.monitor_op(value - self.min_delta, reference)

    def _value(self, logs: Logs | None, purpose: str) -> Any:
        """Return the metric's value, None with a warning where the logs lack it."""
        logs = logs or {}
        if logs.get(self.monitor) is None:
            warn(
                f"{purpose} metric `{self.monitor}` which is not available. Available metrics are: {','.join(logs)}",
                stacklevel=4,
            )
        return logs.get(self.monitor)


def _metrics(model: Any) -> list[Any]:
    """Return a model's metrics, and in place of a container of metrics those that it holds."""
    return [inner for metric in getattr(model, "metrics", ()) for inner in getattr(metric, "metrics", [metric])]


def _less(a: float, b: float) -> bool:
    return bool(_rounded(a) < _rounded(b))


def _greater(a: float, b: float) -> bool:
    return _less(b, a)


def _rounded(value: float) -> Any:
    """Return a number as tensors hold it, so that digits which a metric does not have decide nothing."""
    return np.asarray(value, _state.settings.floatx)
