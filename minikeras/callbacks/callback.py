"""The base class of callbacks, the logs that they get, and a counter of batches."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast

from .._base.signature import Suggesting
from .._base.typing import AnyCallable, Function1, Function2
from .._core.tensor import TensorOps

if TYPE_CHECKING:
    from ..models import Model

Logs: TypeAlias = dict[str, Any]
"""Name of a loss or metric -> its value, a float; in `predict`, "outputs" -> arrays."""
Frequency: TypeAlias = Literal["epoch"] | int


class Callback(Suggesting):
    """Base class of callbacks: override the hooks you need.

    In `fit` the hooks run in this order: `on_train_begin`, then for each epoch `on_epoch_begin`, a pair of
    `on_train_batch_begin` and `on_train_batch_end` for each batch, the test hooks if there is validation data, and
    `on_epoch_end`; finally `on_train_end`. `evaluate` runs the test hooks and `predict` the predict hooks. Epochs and
    batches count from 0. All callbacks of a list get the same dict of logs.

    Attributes:
        params: Settings of the run, such as {"verbose": 1, "epochs": 3, "steps": 10}.

    Example:
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

    params: dict[str, Any] = None  # type: ignore[assignment]  # set before any hook runs
    _model: Any = None
    _looks_seldom: ClassVar[bool] = False
    """True if its batch hooks need not run for each batch, but only every 50 ms."""
    _reads_lazily: ClassVar[bool] = False
    """True if its batch hooks take logs that are computed only when they are read."""

    @property
    def model(self) -> "Model":
        """The model that runs."""
        return cast("Model", self._model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the settings of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model."""
        self._model = model

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each batch of training: the older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each batch of training: the older name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run before each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Run after each epoch; logs hold its metrics, those of the validation data under "val_..."."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each batch of training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each batch of training; logs hold the metrics over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each batch of evaluation or validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each batch of evaluation or validation; logs hold the metrics so far."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each batch of prediction; logs["outputs"] holds its predictions."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run after the last epoch, with its logs."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Run before evaluation or validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Run after evaluation or validation; logs hold the metrics."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run before prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run after prediction."""


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end: Called with (epoch, logs) before and after each epoch.
        on_train_begin, on_train_end: Called with (logs) before the first epoch and after the last.
        on_train_batch_begin, on_train_batch_end: Called with (batch, logs=logs) before and after each batch.
        kwargs: Functions for the other hooks of `Callback`, by name; other names become attributes.

    Raises:
        TypeError: for a name that begins with "on_" but is no hook, or that `Callback` uses otherwise.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> callback.on_epoch_end(3, {"loss": 0.5})
        3 0.5
    """

    def __init__(self, on_epoch_begin: Function2 | None = None, on_epoch_end: Function2 | None = None,
                 on_train_begin: Function1 | None = None, on_train_end: Function1 | None = None,
                 on_train_batch_begin: Function2 | None = None, on_train_batch_end: Function2 | None = None,
                 **kwargs: AnyCallable) -> None:  # fmt: skip
        hooks = {**locals(), **kwargs}
        del hooks["self"], hooks["kwargs"]
        names = [name for name in vars(Callback) if name.startswith("on_")]
        for name, function in hooks.items():
            if name not in names and (name.startswith("on_") or hasattr(Callback, name)):
                raise TypeError(f"LambdaCallback got {name!r}, which is no hook. Expected one of: {', '.join(names)}.")
            if function is not None:
                setattr(self, name, function)


def as_floats(logs: Mapping[str, Any] | None) -> Logs:
    """Return logs sorted by name, with scalars as floats; a dict among the values is replaced by its entries."""
    floats: Logs = {}
    items = (logs or {}).items()
    for name, value in sorted(items) if isinstance(logs, dict) else items:  # the `Logs` of a step are sorted
        value = value.numpy() if isinstance(value, TensorOps) else value
        if isinstance(value, dict):
            floats.update(as_floats(value))
        else:
            scalar = isinstance(value, int) or (hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0)
            floats[name] = float(value) if scalar else value
    return floats


class BatchCounter:
    """Counts batches up to a number ("epoch": without end), even if hooks run only after several batches."""

    def __init__(self, frequency: Frequency, least: int = 1) -> None:
        if frequency != "epoch" and not (isinstance(frequency, int) and frequency >= least):
            raise ValueError(f"`save_freq` must be 'epoch' or at least {least}. Received: save_freq={frequency!r}.")
        self.target: int = 0 if frequency == "epoch" else int(frequency)
        self.count: int = 0
        self.last: int = -1

    def is_full(self, batch: int) -> bool:
        """Count up to this batch of the epoch; return whether the number is reached, and if so start again from 0."""
        self.count += batch + 1 if batch <= self.last else batch - self.last
        self.last = batch
        full = 0 < self.target <= self.count
        self.count *= not full
        return full
