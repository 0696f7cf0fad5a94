"""Callbacks that run one after the other."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from .callback import Callback, Logs, as_floats
from .progbar_logger import ProgbarLogger
from .records import History

Callbacks: TypeAlias = Callback | Iterable[Any] | None
"""A callback, or a list of callbacks, which may be nested."""

C = TypeVar("C", bound=Callback)


class CallbackList(Callback):
    """Callbacks that run one after the other. A hook that none of them overrides costs next to nothing.

    All get the same dict of logs, floats sorted by name; a callback sees what those before it have added.

    Args:
        callbacks: The callbacks.
        add_history: Whether to add a `History` if there is none.
        add_progbar: Whether to add a `ProgbarLogger` if there is none.
        model: The model that runs.
        params: Settings of the run.

    Raises:
        TypeError: if one is no Callback.
        ValueError: for an `on_..._end` of a run without its `on_..._begin`.

    Example:
        >>> from minikeras.callbacks import LambdaCallback
        >>> hooks = CallbackList(LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs)), epochs=1)
        >>> hooks.listens("on_epoch_end"), hooks.listens("on_train_batch_end")
        (True, False)
        >>> hooks.on_epoch_end(0, {"loss": 2})
        0 {'loss': 2.0}
    """

    def __init__(self, callbacks: Callbacks = None, add_history: bool = False, add_progbar: bool = False,
                 model: Any = None, **params: Any) -> None:  # fmt: skip
        self.callbacks: list[Callback] = _flat(callbacks)
        self._listeners: dict[str, list[tuple[Callable[..., None], bool, bool]]] = {}
        self._runs = 0
        self.history: History | None = self._one(History, add_history)
        self._progbar = self._one(ProgbarLogger, add_progbar)
        self.set_model(model)
        self.set_params(params)

    def _one(self, kind: type[C], add: bool) -> C | None:
        if add and not any(isinstance(c, kind) for c in self.callbacks):
            self.callbacks.append(kind())
        return next((c for c in self.callbacks if isinstance(c, kind)), None)

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Set the model of all callbacks, and `history` of the model."""
        if model is None:
            return
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def listens(self, hook: str, seldom: bool = True) -> bool:
        """Return whether a callback overrides a hook; if none does, its logs need not be computed.

        Without `seldom`, callbacks that need not run for each batch do not count. Each run and epoch looks anew.
        """
        return any(seldom or not rarely for _, _, rarely in self._listening(hook))

    def close(self) -> None:
        """End the line of a progress bar that was interrupted."""
        if self._progbar is not None:
            self._progbar.close()

    def _listening(self, hook: str) -> list[tuple[Callable[..., None], bool, bool]]:
        """Return (method, `_reads_lazily`, `_looks_seldom`) for each callback that overrides a hook."""
        if hook not in self._listeners:
            names = [(callback, _own_hook(callback, hook)) for callback in self.callbacks]
            self._listeners[hook] = [(getattr(c, name), c._reads_lazily, c._looks_seldom) for c, name in names if name]
        return self._listeners[hook]


def _forwarded(hook: str) -> Callable[..., None]:
    """Return the method of `CallbackList` that runs a hook of all its callbacks."""
    place = int("epoch" in hook)  # the position of `logs` among the arguments

    def on_batch(self: CallbackList, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        plain = False
        for run, lazy, _ in self._listening(hook):
            if not (lazy or plain):
                logs, plain = as_floats(logs), True
            run(batch, logs=logs)

    def on_epoch_or_run(self: CallbackList, *args: Any, logs: Logs | None = None) -> None:
        if hook.endswith("begin"):
            self._listeners.clear()
        if listening := self._listening(hook):
            logs = as_floats(args[place] if len(args) > place else logs)
            for run, *_ in listening:
                run(*args[:place], logs)
        if not place:
            self._runs += 1 if hook.endswith("begin") else -1
            if self._runs < 0:
                raise ValueError(f"`{hook}` was called without the `{hook.replace('end', 'begin')}` before it.")

    return wraps(vars(Callback)[hook])(on_batch if "batch" in hook else on_epoch_or_run)


for _hook in [name for name in vars(Callback) if name.startswith("on_")]:
    setattr(CallbackList, _hook, _forwarded(_hook))


def _flat(callbacks: Callbacks) -> list[Callback]:
    if callbacks is None or isinstance(callbacks, Callback):
        return [] if callbacks is None else [callbacks]
    if isinstance(callbacks, Iterable) and not isinstance(callbacks, str):
        return [callback for item in callbacks for callback in _flat(item)]
    raise TypeError("`callbacks` must hold callbacks, such as EarlyStopping() with its parentheses. "
                    f"Received: {callbacks!r} (of type {type(callbacks).__name__}).")  # fmt: skip


def _own_hook(callback: Callback, hook: str) -> str | None:
    """Return the name under which a callback overrides a hook, None if it does not."""
    names = (hook, hook.replace("on_train_batch", "on_batch"))  # the second is the older name
    return next((n for n in names if n in vars(callback) or getattr(type(callback), n) is not vars(Callback)[n]), None)
