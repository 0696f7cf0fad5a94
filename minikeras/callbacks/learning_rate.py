"""Callbacks that set the learning rate, or swap weights with the optimizer's averages."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._base.typing import AnyCallable
from .._core.tensor import TensorOps
from .._core.variable import assign_all
from .._display.progbar import write
from .callback import Callback, Logs


def optimizers(model: Any) -> list[tuple[str, Any]]:
    """Return [("", optimizer)] for a model, or (name, optimizer) for each one in a MultiOptimizer."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # of a LossScaleOptimizer
    inside = getattr(optimizer, "optimizers", None)
    return [("", optimizer)] if inside is None else [(x.name, x) for x in inside]


def log_rates(model: Any, logs: Logs) -> None:
    """Add the learning rates to the logs, for later callbacks in the list."""
    logs |= {"learning_rate" + (f"_{name}" if name else ""): float(x.learning_rate) for name, x in optimizers(model)}


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to the result of a function.

    Args:
        schedule: A function (epoch, learning rate) -> learning rate, or (epoch) -> learning rate.
        verbose: 1 to print the new rate.

    Raises:
        ValueError: when an epoch begins, if the function returns no float, or the optimizer has no learning rate.

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

    def __init__(self, schedule: Callable[[Any], Any] | Callable[[Any, Any], Any], verbose: int = 0) -> None:
        self.schedule: AnyCallable = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for name, optimizer in optimizers(self.model):
            if not hasattr(optimizer, "learning_rate"):
                raise ValueError(f'Optimizer must have a "learning_rate" attribute. Received: {optimizer!r}.')
            optimizer.learning_rate = rate = self._scheduled(epoch, float(optimizer.learning_rate))
            if self.verbose > 0:
                which = f" {name}" if name else ""
                write(f"\nEpoch {epoch + 1}: LearningRateScheduler setting{which} learning rate to {rate}.\n")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        log_rates(self.model, {} if logs is None else logs)

    def _scheduled(self, epoch: int, rate: float) -> Any:
        try:
            new = self.schedule(epoch, rate)
        except TypeError:  # a function of the epoch alone
            new = self.schedule(epoch)
        new = new.numpy()[()] if isinstance(new, TensorOps) else new
        if not isinstance(new, float | np.float32):
            raise ValueError(f"The output of the `schedule` function should be a float. Got: {new!r}")
        return new


class SwapEMAWeights(Callback):
    """Swaps the weights with their moving averages while the model is evaluated, or predicts.

    The optimizer must keep averages (`use_ema=True`).

    Args:
        swap_on_epoch: Whether to swap from the end of an epoch to the start of the next one as well, so that a
            `ModelCheckpoint` later in the list saves the averages.

    Raises:
        ValueError: at the first swap, if the optimizer keeps no averages.

    Example:
        >>> class Model:
        ...     class optimizer:
        ...         use_ema = True
        ...         _trainable_variables = [keras.Variable(1.0)]
        ...         _model_variables_moving_average = [keras.Variable(2.0)]
        >>> swap = SwapEMAWeights()
        >>> swap.set_model(Model())
        >>> swap.on_test_begin()
        >>> float(Model.optimizer._trainable_variables[0])
        2.0
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put(averages=False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Swap in the averages; after the last epoch they stay."""
        if self.swap_on_epoch and not self._swapped:
            self._put(averages=True)
            if epoch == self.params["epochs"] - 1:  # after this the optimizer sets the weights to its averages
                for weight, average in self._pairs():
                    average.assign(weight)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put(averages=True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put(averages=False)

    on_predict_begin = on_test_begin
    on_predict_end = on_test_end

    def _put(self, averages: bool) -> None:
        if averages != self._swapped:
            for weight, average in self._pairs():
                assign_all((weight, average), (average.value, weight.value))
            self._swapped = averages

    def _pairs(self) -> list[tuple[Any, Any]]:
        averaging = [x for _, x in optimizers(self.model) if getattr(x, "_model_variables_moving_average", None)]
        if not averaging:
            raise ValueError("SwapEMAWeights needs an optimizer with `use_ema=True` that has seen the model's weights. "
                             f"Received: {self.model.optimizer!r}.")  # fmt: skip
        return [p for x in averaging
                for p in zip(x._trainable_variables, x._model_variables_moving_average, strict=True)]  # fmt: skip
