"""The progress bar of `fit`, `evaluate` and `predict`."""

from collections.abc import Mapping
from typing import Any, ClassVar

from .._base.settings import is_interactive_logging_enabled
from .._display.progbar import Progbar, write
from .callback import Callback, Logs, as_floats


class ProgbarLogger(Callback):
    """Shows the progress of a run with its metrics: a bar (verbose 1) or a line (verbose 2) for each epoch.

    `fit`, `evaluate` and `predict` add one unless their `verbose` is 0.

    Example:
        >>> logger = ProgbarLogger()
        >>> logger.set_params({"verbose": 2, "epochs": 3, "steps": 1})
        >>> logger.on_epoch_begin(0)
        Epoch 1/3
        >>> logger.on_train_batch_end(0, {"loss": 0.5})
        >>> logger.on_epoch_end(0, {"loss": 0.5})  # doctest: +ELLIPSIS
        1/1 - 0s - .../step - loss: 0.5000
    """

    _looks_seldom: ClassVar[bool] = True
    _reads_lazily: ClassVar[bool] = True

    def __init__(self) -> None:
        self.seen: int = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose: int = 1
        self.epochs: int = 1
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        auto = 1 if is_interactive_logging_enabled() else 2
        self.verbose = auto if params["verbose"] == "auto" else params["verbose"]
        self.epochs = params["epochs"]
        self.target = params["steps"]

    def close(self) -> None:
        """End the line of an interrupted bar, so that later output stands below it."""
        if self.progbar is not None:
            self.progbar.close()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Show nothing for validation from now on."""
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._start()
        if self.verbose and self.epochs > 1:
            write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._start()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._start()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._update(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._update(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._update(batch, None)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._finish(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish(logs)

    def _start(self) -> Progbar:
        self.seen = 0
        self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())
        return self.progbar

    def _update(self, batch: int, logs: Mapping[str, Any] | None) -> None:
        bar = self.progbar or self._start()
        self.seen = batch + 1
        if self.verbose == 1 and bar.is_due(self.seen):
            bar.update(self.seen, as_floats(logs).items(), finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        bar = self.progbar or self._start()
        if self.target is None:
            self.target = bar.target = self.seen
        bar.update(self.target, (logs or {}).items(), finalize=True)
