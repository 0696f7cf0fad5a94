"""Evaluate with the averages of the weights."""

from typing import Any

from .callback import Callback, Logs
from .learning_rate import optimizers


class SwapEMAWeights(Callback):
    """Puts the moving averages of the weights in their place while the model is evaluated, or predicts.

    The optimizer must keep averages (`use_ema=True`).

    Args:
        swap_on_epoch: Whether the averages are in place from the end of an epoch to the begin of the next one as well,
            so that a `ModelCheckpoint` further down the list saves them.

    Raises:
        ValueError: at the first swap, if the optimizer keeps no averages.

    Example:
        >>> import numpy as np
        >>> import minikeras as keras
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
        >>> swap.on_test_end()
        >>> float(Model.optimizer._trainable_variables[0])
        1.0
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Put the weights back."""
        if self.swap_on_epoch:
            self._put(averages=False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Put the averages in place; after the last epoch they are all that stays."""
        if self.swap_on_epoch and not self._swapped:
            self._put(averages=True)
            if epoch == (self.params or {})["epochs"] - 1:  # the optimizer will then set the weights to its averages
                for weight, average in self._pairs():
                    average.assign(weight)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Put the averages in place."""
        self._put(averages=True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Put the weights back."""
        self._put(averages=False)

    on_predict_begin = on_test_begin
    on_predict_end = on_test_end

    def _put(self, averages: bool) -> None:
        if averages != self._swapped:
            for weight, average in self._pairs():
                value = weight.numpy()
                weight.assign(average)
                average.assign(value)
            self._swapped = averages

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Return all trained weights with their averages."""
        found = [x for _, x in optimizers(self.model) if getattr(x, "_model_variables_moving_average", None)]
        if not found:
            raise ValueError(
                "SwapEMAWeights needs an optimizer with `use_ema=True` that has seen the model's weights. "
                f"Received: {self.model.optimizer!r}."
            )
        return [
            pair
            for optimizer in found
            for pair in zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)
        ]
