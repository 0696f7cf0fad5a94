"""Write the metrics of each epoch to a table."""

import os
from collections.abc import Iterable
from typing import Any

from .callback import Callback, Logs


class CSVLogger(Callback):
    """Writes the metrics of each epoch to a CSV file, a row an epoch.

    The columns are those of the first epoch, by name; a value missing later is "NA", as are the validation metrics of
    epochs without validation.

    Args:
        filename: Path of the file.
        separator: What stands between two values.
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
        """Make the file, or see whether it can be appended to."""
        self.keys = None
        with open(self.filename, "a" if self.append else "w", encoding="utf8"):
            self.append_header: bool = os.path.getsize(self.filename) == 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a row."""
        logs = logs or {}
        with open(self.filename, "a", encoding="utf8", newline="") as file:
            if self.keys is None:
                self.keys = sorted(logs)
                if not any(key.startswith("val_") for key in self.keys):
                    self.keys += [f"val_{key}" for key in self.keys]
                if self.append_header:
                    file.write(self._row(["epoch", *self.keys]))
            file.write(self._row([epoch, *(logs.get(key, "NA") for key in self.keys)]))

    def _row(self, values: list[Any]) -> str:
        return self.sep.join(map(self._cell, values)) + "\r\n"

    def _cell(self, value: Any) -> str:
        """Return a value as the csv module writes it: quoted if it holds what stands between values."""
        if isinstance(value, Iterable) and not isinstance(value, str) and getattr(value, "ndim", 1) > 0:
            value = f'"[{", ".join(map(str, value))}]"'
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in (self.sep, '"', "\r", "\n")) else text
