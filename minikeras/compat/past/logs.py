"""Former names of entries in logs and histories, such as "acc", which callbacks and scripts may still use."""

import os
from collections.abc import Callable
from typing import Any

from ..._base.naming import to_snake_case
from ...callbacks import History, ModelCheckpoint, callback_list
from ...callbacks.monitor import Monitor, _metrics as metrics_of
from . import tables
from .files import checkpoint_path
from .patches import around, outdated


def _others(name: str) -> set[str]:
    """Return the synonyms of an entry in logs; a metric was named as its function, such as "PSNR"."""
    return {other for names in tables.LOGS if name in names for other in names - {name}} | {to_snake_case(name)}


class Logs(dict[str, Any]):
    """Logs whose entries are also found under their former names, unless another entry has that name."""

    def _today(self, name: Any) -> Any:
        if isinstance(name, str) and not dict.__contains__(self, name):
            base = name.removeprefix("val_")
            for other in _others(base):
                today = name.removesuffix(base) + other
                if dict.__contains__(self, today):
                    outdated(f"The entry {name!r}", repr(today))
                    return today
        return name

    def __missing__(self, name: Any) -> Any:
        today = self._today(name)
        if today == name:
            raise KeyError(name)
        return self[today]

    def get(self, name: Any, default: Any = None) -> Any:
        """Return an entry by any of its names, or a default if there is none."""
        return dict.get(self, self._today(name), default)


class Template(str):
    """The path of a checkpoint, in which fields may use the entries' former names."""

    def format_map(self, logs: Any, /) -> str:
        """Return the path, with values of the logs in its fields."""
        return str.format_map(self, Logs(logs))


def _init_history(init: Callable[..., None], history: Any, *args: Any, **kwargs: Any) -> None:
    init(history, *args, **kwargs)
    history.history = Logs(history.history)


def _init_checkpoint(init: Callable[..., None], checkpoint: Any, *args: Any, **kwargs: Any) -> None:
    period = kwargs.pop("period", 1)
    path = os.fspath(args[0] if args else kwargs.pop("filepath"))
    weights = bool(kwargs.get("save_weights_only"))
    ending = ".npz" if weights else ".keras"  # `ModelCheckpoint` checks the ending; the true path is set below
    init(checkpoint, path if path.endswith(ending) else path + ending, *args[1:], **kwargs)
    checkpoint.filepath = Template(checkpoint_path(path, weights))
    if period != 1:
        outdated("ModelCheckpoint(period=...)", "save_freq=, in batches")
        at_end = checkpoint.on_epoch_end
        checkpoint.on_epoch_end = lambda epoch, logs=None: None if (epoch + 1) % period else at_end(epoch, logs)


def _find_monitor(find: Callable[..., None], callback: Any, logs: Any = None) -> None:
    prefix = "val_" if callback.monitor.startswith("val_") else ""
    names = {metric.name for metric in metrics_of(callback.model)}
    base = callback.monitor.removeprefix(prefix)
    for other in _others(base) & names if base not in names else ():
        outdated(f"The entry {callback.monitor!r}", repr(prefix + other))
        callback.monitor = prefix + other
    find(callback, logs)


def install() -> None:
    """Let logs, histories and callbacks find entries under their former names."""
    around(Monitor, "_set_monitor_op", _find_monitor)
    around(callback_list, "as_floats", lambda as_floats, logs: Logs(as_floats(logs)))
    around(History, "__init__", _init_history)
    around(ModelCheckpoint, "__init__", _init_checkpoint)
