"""Ctrl-C that waits until a step is done."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupt:
    """Within this context, an interrupt that comes during `run` is raised right after it.

    A second one is raised at once. Nothing changes outside of the main thread, or if the program has its own handler.
    """

    def __init__(self) -> None:
        self._busy = False
        self.pending: bool = False
        self._before: Any = None

    def __enter__(self) -> "Interrupt":
        handler = signal.getsignal(signal.SIGINT)
        known = handler is signal.default_int_handler or getattr(handler, "__func__", None) is Interrupt._handle
        if known and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._busy or self.pending:
            raise KeyboardInterrupt
        self.pending = True

    def run(self, function: Callable[..., T], *args: Any) -> T:
        """Return function(*args). Meanwhile an interrupt only sets `pending`, which the function may look at."""
        self._busy = True
        try:
            result = function(*args)
        finally:
            self._busy = False
        if self.pending:
            raise KeyboardInterrupt
        return result
