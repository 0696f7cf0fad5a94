"""Printed tracebacks with the user's own frames and the message alone, in Python and in IPython.

The exceptions themselves stay whole: a handler, a debugger or a log sees all frames.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from types import TracebackType
from typing import Any

from .user_warning import MACHINERY, PACKAGE, package_of


class Filtering:
    """Whether tracebacks are shortened. This is no part of `settings`, which takes longer to import."""

    on: bool = True


def _users(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without frames of this package, and of the `MACHINERY` that it calls."""
    frames, hidden = [], False
    while trace is not None:
        package = package_of(trace.tb_frame)
        hidden = package == PACKAGE or (hidden and package in MACHINERY)
        if not hidden:
            frames.append(trace)
        trace = trace.tb_next
    result: TracebackType | None = None
    for entry in reversed(frames):
        result = TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


@contextmanager
def shortened(error: BaseException) -> Iterator[None]:
    """Within this context an exception has the user's frames alone, and no causes raised within this package.

    It stays whole if it has no frame of the user's, or if `Filtering.on` is false.
    """
    chain: list[BaseException] = []
    cause: BaseException | None = error if Filtering.on and _users(error.__traceback__) is not None else None
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    before = [(e, e.__traceback__, e.__cause__, e.__suppress_context__) for e in chain]
    for e in chain:
        e.__traceback__ = _users(e.__traceback__)
    for e, inner in pairwise(chain):
        if inner.__traceback__ is None:
            e.__cause__ = None  # and its context is not shown
    try:
        yield
    finally:
        for e, trace, cause, suppressed in before:
            e.__traceback__, e.__cause__, e.__suppress_context__ = trace, cause, suppressed


def _print(show: Callable[..., None], kind: type[BaseException], error: BaseException, trace: Any) -> None:
    with shortened(error):
        show(kind, error, error.__traceback__)


def _print_in_ipython(show: Callable[..., None], exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
    error: Any = (exc_tuple or sys.exc_info())[1]
    with shortened(error):
        show(exc_tuple and (exc_tuple[0], error, error.__traceback__), *args, **kwargs)


def install() -> None:
    """Shorten the tracebacks that Python prints, and IPython where its shell runs."""
    sys.excepthook = partial(_print, sys.excepthook)
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.showtraceback = partial(_print_in_ipython, shell.showtraceback)
