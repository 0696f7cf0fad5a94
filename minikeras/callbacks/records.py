"""Callbacks that record the metrics of each epoch, in memory, in a file or on a server."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from .._base.user_warning import warn_user
from .._display.notebook import displays, of_history
from .callback import Callback, Logs

if TYPE_CHECKING:

    class Values(dict[str, list[Any]]):
        """Name of a metric -> its values; those of a loss are numbers."""

        @overload
        def __getitem__(self, name: Literal["loss", "val_loss"], /) -> list[float]: ...
        @overload
        def __getitem__(self, name: str, /) -> list[Any]: ...
        def __getitem__(self, name: str, /) -> Any: ...


class History(Callback):
    """Keeps the metrics of each epoch; `fit` adds one and returns it.

    Attributes:
        history: Name of a metric -> its values, one for each epoch.
        epoch: The epochs of the last run, counted from 0.

    Example:
        >>> history = History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.on_epoch_end(1, {"loss": 0.25})
        >>> history.history, history.epoch
        ({'loss': [0.5, 0.25]}, [0, 1])
    """

    def __init__(self) -> None:
        self.history: Values = cast("Values", {})
        self.epoch: list[int] = []
        self._epochs: dict[str, list[int]] = {}  # the epochs of each metric, which some epochs may lack

    _repr_html_, _repr_mimebundle_ = displays(of_history)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self._epochs.setdefault(name, []).append(epoch)
        if self.model is not None and getattr(self.model, "history", None) is not self:
            self.model.history = self


class CSVLogger(Callback):
    """Writes the metrics to a CSV file, with a row for each epoch.

    The columns are the metrics of the first epoch, sorted by name; a value that is missing later is "NA".

    Args:
        filename: Path of the file.
        separator: The character between two values.
        append: Whether to append to the file if it exists.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "log.csv"
        >>> logger = CSVLogger(path)
        >>> logger.on_train_begin()
        >>> logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
        >>> logger.on_epoch_end(1, {"loss": 0.25})
        >>> print(path.read_text())
        epoch,loss,val_loss
        0,0.5,0.75
        1,0.25,NA
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename: str = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.keys = None
        with open(self.filename, "a" if self.append else "w", encoding="utf8"):
            self.append_header: bool = os.path.getsize(self.filename) == 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        import csv  # here, since it takes time to import, and few need it

        with open(self.filename, "a", encoding="utf8", newline="") as file:
            writer = csv.writer(file, delimiter=self.sep)
            if self.keys is None:
                self.keys = sorted(logs)
                if not any(key.startswith("val_") for key in self.keys):
                    self.keys += [f"val_{key}" for key in self.keys]
                if self.append_header:
                    writer.writerow(["epoch", *self.keys])
            writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])


def _cell(value: Any) -> Any:
    several = isinstance(value, Iterable) and not isinstance(value, str) and getattr(value, "ndim", 1) > 0
    return f'"[{", ".join(map(str, value))}]"' if several else value


class RemoteMonitor(Callback):
    """Posts the metrics of each epoch, and "epoch", to a server; a warning if it cannot be reached.

    Args:
        root: Address of the server.
        path: Path on the server.
        field: Name of the form's field that holds the metrics as JSON.
        headers: Headers of the request.
        send_as_json: Whether to send the JSON as the whole request, without a form.
    """

    def __init__(self, root: str = "http://localhost:9000", path: str = "/publish/epoch/end/", field: str = "data",
                 headers: Mapping[str, str] | None = None, send_as_json: bool = False) -> None:  # fmt: skip
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import json  # here, since these take time to import, and few need them
        from urllib.parse import urlencode

        text = json.dumps({"epoch": epoch, **(logs or {})}, default=lambda value: value.item())
        kind = "json" if self.send_as_json else "x-www-form-urlencoded"
        body = text if self.send_as_json else urlencode({self.field: text})
        headers = {"Content-Type": f"application/{kind}", **(self.headers or {})}
        try:
            from urllib.request import Request, urlopen  # an ImportError where Python has no sockets

            urlopen(Request(self.root + self.path, body.encode(), headers)).close()
        except (ImportError, OSError) as error:
            getattr(error, "close", str)()  # an HTTPError holds the connection
            warn_user(f"RemoteMonitor could not reach {self.root + self.path}: {error}")
