"""A callback made of functions."""

from collections.abc import Callable
from typing import Any, TypeAlias

from .callback import Callback

Hook: TypeAlias = Callable[..., Any]


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin: Called with (epoch, logs) before each epoch.
        on_epoch_end: Called with (epoch, logs) after each epoch.
        on_train_begin: Called with (logs) before the first epoch.
        on_train_end: Called with (logs) after the last epoch.
        on_train_batch_begin: Called with (batch, logs=logs) before each batch.
        on_train_batch_end: Called with (batch, logs=logs) after each batch.
        kwargs: Functions for the other hooks of `Callback`, by name.

    Raises:
        TypeError: for a name that is no hook.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> callback.on_epoch_end(3, {"loss": 0.5})
        3 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        **kwargs: Hook,
    ) -> None:
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        known = [name for name in vars(Callback) if name.startswith("on_")]
        for name, function in hooks.items():
            if name not in known:
                raise TypeError(f"LambdaCallback got {name!r}, which is no hook. Expected one of: {', '.join(known)}.")
            if function is not None:
                setattr(self, name, function)
