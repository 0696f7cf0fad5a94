"""Hooks that run while a model predicts."""

from collections.abc import Iterable
from typing import Any

Logs = dict[str, Any]


class Callback:
    """Base class of callbacks: override the hooks you need.

    Attributes:
        model: The model that runs.
        params: Settings of the run, such as {"steps": 10, "verbose": 1}.

    Example:
        >>> import numpy as np
        >>> import minikeras as keras
        >>> class Count(keras.callbacks.Callback):
        ...     batches = 0
        ...     def on_predict_batch_end(self, batch, logs=None):
        ...         self.batches += 1
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> count = Count()
        >>> _ = model.predict(np.ones((5, 1)), batch_size=2, verbose=0, callbacks=[count])
        >>> count.batches
        3
    """

    model: Any = None
    params: dict[str, Any] | None = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the settings of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model; models sit above this file, hence Any."""
        self.model = model

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run before the first batch."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run after the last batch."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each batch."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each batch; logs["outputs"] holds its predictions."""


class CallbackList(Callback):
    """Callbacks that run one after the other.

    Args:
        callbacks: The callbacks.
        model: The model that runs.
        params: Settings of the run.

    Raises:
        TypeError: if one is no Callback.
    """

    def __init__(self, callbacks: Callback | Iterable[Callback] | None, model: Any, params: dict[str, Any]) -> None:
        found = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        for callback in found:
            if not isinstance(callback, Callback):
                raise TypeError(
                    "All items of `callbacks` must be instances of Callback. "
                    f"Received: {callback!r} (of type {type(callback).__name__})."
                )
        self.callbacks = found
        for callback in found:
            callback.set_model(model)
            callback.set_params(params)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run all callbacks' hook."""
        for callback in self.callbacks:
            callback.on_predict_begin(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run all callbacks' hook."""
        for callback in self.callbacks:
            callback.on_predict_end(logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run all callbacks' hook."""
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run all callbacks' hook."""
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs)
