"""Steps done -> the line that shows them: a bar redrawn in place in a terminal, one plain line in a log."""

import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from operator import pos
from typing import Any

import numpy as np

from .._base.settings import settings

_BOLD, _GREEN, _WHITE, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class Progbar:
    """A progress bar, redrawn in place in a terminal or a notebook; elsewhere one plain line when it is done.

    Args:
        target: Number of steps expected, None if unknown.
        width: Characters of the bar.
        verbose: 1 for a bar, 2 for one line at the end, 0 for nothing.
        interval: Seconds that pass at least between two drawings.
        stateful_metrics: Names of metrics shown as they come; all others are averaged over the steps.
        stateless_metrics: Names of metrics to average, instead; all others are shown as they come.
        unit_name: The word for a step.

    Example:
        >>> bar = Progbar(target=2, width=10)
        >>> bar.add(1, [("loss", 0.5)])
        >>> bar.add(1, [("loss", 0.25)])  # doctest: +ELLIPSIS
        2/2 ━━━━━━━━━━ 0s .../step - loss: 0.2500
    """

    def __init__(self, target: int | None, width: int = 20, verbose: int = 1, interval: float = 0.05,
                 stateful_metrics: Iterable[str] | None = None, stateless_metrics: Iterable[str] | None = None,
                 unit_name: str = "step") -> None:  # fmt: skip
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar takes stateful_metrics or stateless_metrics, not both: each lists the "
                             f"exceptions. Received: {stateful_metrics} and {stateless_metrics}.")  # fmt: skip
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics: set[str] | None = set(stateful_metrics or ()) if stateless_metrics is None else None
        self.stateless_metrics: set[str] | None = None if stateless_metrics is None else set(stateless_metrics)
        self._values: dict[str, tuple[Any, int]] = {}  # a sum over steps, and their number
        self._seen_so_far = 0
        self._start = time.time()
        self._first_step_end: float | None = None
        self._last_update = 0.0
        self._drawn = 0  # length of the line that stands in the terminal
        self._open = False  # whether that line is yet to be ended

    def update(self, current: int, values: Iterable[tuple[str, Any]] | None = None,
               finalize: bool | None = None) -> None:  # fmt: skip
        """Show how many steps are done, and metrics of the last one: numbers, or arrays to average.

        `finalize` tells whether this is the last update; by default, whether `current` has reached the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        stateful, stateless = self.stateful_metrics, self.stateless_metrics or ()
        for name, value in values or ():
            if finalize or (name not in stateless if stateful is None else name in stateful):
                self._values[name] = (value, 1)
            else:
                steps = max(current - self._seen_so_far, 1)
                total, count = self._values.get(name, (-0.0, 0))  # 0.0 would lose the sign of a value -0.0
                self._values[name] = (total + value * steps, count + steps)
        self._seen_so_far = current
        now = time.time()
        seconds = self._seconds_per_step(current, now)
        if self.verbose == 1:
            if now - self._last_update < self.interval and not finalize:
                return
            live = redraws()
            if live or finalize:
                line = self._line(current, now, seconds, finalize)
                plain = re.sub(r"\x1b\[\d+m", "", line)
                if live:  # go back, and overwrite the rest of a longer line
                    line = "\b" * self._drawn + "\r" + line + " " * (self._drawn - len(plain))
                    self._drawn = len(plain)
                    self._open = not finalize
                write((line if live else plain) + "\n" * finalize)
        elif self.verbose == 2 and finalize and self.target is not None and self.target > 0:
            write(f"{self._count(current)} - {now - self._start:.0f}s - {self._pace(seconds)}{self._metrics(pos)}\n")
        self._last_update = now

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that n more steps are done, as `update` does."""
        self.update(self._seen_so_far + n, values)

    def is_due(self, current: int) -> bool:
        """Return whether `update` has something to do; ask it where the metrics cost something to compute."""
        return current <= 1 or time.time() - self._last_update >= self.interval

    def close(self) -> None:
        """End an unfinished line, so that later output stands below it."""
        if self._open:
            write("\n")
            self._open = False

    def _seconds_per_step(self, current: int, now: float) -> float:
        """Return how long a step takes, without the first, which is rarely like the others."""
        if self._first_step_end is not None and current > 1:
            return (now - self._first_step_end) / (current - 1)
        if current == 1:
            self._first_step_end = now
        return (now - self._start) / current if current else 0.0

    def _line(self, current: int, now: float, seconds: float, finalize: bool) -> str:
        """Return the bar, the time it takes and the metrics, with colours."""
        time_shown = f"{now - self._start:.0f}s"
        if self.target is None or self.target <= 0:
            bar = f"{int(current):7d}/Unknown"
        else:
            done = int(self.width * (current / self.target))
            bar = f"{_BOLD}{self._count(current)}{_PLAIN} "
            bar += f"{_GREEN}{'━' * done}{_PLAIN}" if done > 0 else ""
            bar += f"{_WHITE}{'━' * (self.width - done)}{_PLAIN}"
            if not finalize:
                time_shown = _clock(seconds * (self.target - current))
        return f"{bar} {_BOLD}{time_shown}{_PLAIN} {self._pace(seconds)}{self._metrics(abs)}"

    def _count(self, current: int) -> str:
        """Return "  7/100"."""
        assert self.target is not None
        return f"%{int(math.log10(self.target)) + 1}d/%d" % (current, self.target)

    def _pace(self, seconds: float) -> str:
        """Return "12ms/step"."""
        scale, unit = (1e3, "ms") if seconds >= 1e-3 else (1e6, "us")
        if seconds >= 1 or seconds == 0:
            scale, unit = 1, "s"
        return f"{seconds * scale:.0f}{unit}/{self.unit_name}"

    def _metrics(self, size: Callable[[Any], Any]) -> str:
        """Return " - loss: 0.1234"; a mean whose `size` is small is written with an exponent."""
        text = ""
        for name, (value, count) in self._values.items():
            mean = (value if isinstance(value, float) else np.mean(np.asarray(value))) / count
            text += f" - {name}: {mean:{'.4f' if size(mean) > 1e-3 else '.4e'}}"
        return text


def _clock(seconds: float) -> str:
    """Return a duration as 1:02:03, 2:03 or 3s."""
    minutes, rest = divmod(int(seconds), 60)
    hours = f"{minutes // 60}:{minutes % 60:02d}" if seconds > 3600 else str(minutes)
    return f"{hours}:{rest:02d}" if seconds > 60 else f"{int(seconds)}s"


def redraws() -> bool:
    """Return whether a line of the output can be drawn again, and the settings allow it."""
    elsewhere = "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ
    return settings.interactive_logging and (elsewhere or getattr(sys.stdout, "isatty", bool)())


def write(text: str) -> None:
    """Print text at once, with "=" for the bar's character if the encoding lacks it."""
    try:
        print(text, end="", flush=True)
    except UnicodeEncodeError:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"  # a user's own stream may have none
        print(text.replace("━", "=").encode(encoding, "replace").decode(encoding), end="", flush=True)
