"""A pool of threads, which share the parts of a large piece of work."""

import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, RLock, Thread
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from .blas_threads import max_threads, one_thread
from .context import context
from .typing import Array

PART_WORK: Final = 1 << 22
"""The multiplications of a part that is worth a thread of its own: 50 to 100 us, where waking one takes 10 to 30."""
PART_SIZE: Final = 64
"""The least rows of a part (or columns, if there are more), since BLAS rearranges the other matrix for each part."""
EACH: Final = PART_WORK if (os.cpu_count() or 1) > 3 else 8 * PART_WORK  # the least of each part if over two


class _Work:
    """Functions to be called once each, by any thread that is free."""

    def __init__(self, parts: Sequence[Callable[[], object]]) -> None:
        self._parts = deque(parts)
        self._count: int = len(parts)
        self._ends: list[BaseException | None] = []
        self._done: SimpleQueue[None] = SimpleQueue()
        self.context = copy_context()  # which holds `np.errstate`

    def help(self) -> None:
        """Run parts until there are none left."""
        with context.having(in_part=True), suppress(IndexError):  # another thread was quicker
            while self._parts:
                part, end = self._parts.popleft(), None
                try:
                    part()
                except BaseException as error:  # `join` raises it, in the caller's thread
                    end = error
                self._ends.append(end)
                if len(self._ends) == self._count:
                    self._done.put(None)

    def join(self) -> None:
        """Run parts, wait until other threads have finished theirs, and raise the first error."""
        interrupt: BaseException | None = None
        while len(self._ends) < self._count:
            try:
                self.help()
                self._done.get(timeout=1)
            except Empty:
                continue
            except KeyboardInterrupt as error:  # raised later: other threads still write to the caller's arrays
                if interrupt is not None:
                    raise
                interrupt = error
        for end in (*self._ends, interrupt):
            if end is not None:
                raise end


class _Pool:
    """Threads that sleep until there is work; they serve one caller at a time."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._threads: int = 0
        self._most: int = 0 if sys.platform in ("emscripten", "wasi") else 1 << 10
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._work: _Work = _Work(())

    def run(self, parts: Sequence[Callable[[], object]], helpers: int) -> None:
        """Call all functions, with the help of a number of threads."""
        helpers = min(helpers, self._most)
        while self._threads < helpers:
            try:
                Thread(target=self._serve, name="minikeras", daemon=True).start()
            except RuntimeError:  # Python cannot start a thread, or not another one
                helpers = self._most = self._threads
            else:
                self._threads += 1
        work = self._work = _Work(parts)
        try:
            for _ in range(helpers - self._calls.qsize()):
                self._calls.put(None)
        finally:  # after a Ctrl-C too: a helper may already be writing to the caller's arrays
            try:
                work.join()
            finally:
                self._work = _Work(())

    def _serve(self) -> None:
        while True:
            self._calls.get()
            work = self._work
            work.context.copy().run(work.help)


def _renew() -> None:
    """Make a new pool and new locks: a forked process has only the caller's thread, and no other to release a lock."""
    global _pool
    _pool = _Pool()
    for owner, new_lock in [*lock_owners.items()]:
        owner.lock = new_lock()


_pool = _Pool()
lock_owners: WeakKeyDictionary[Any, Callable[[], Any]] = WeakKeyDictionary()
"""The objects with a `lock` that a forked process must renew, and what makes it."""


class Turns:
    """Has a `lock`, with which threads take turns; what one does under an RLock may take it again."""

    def __init__(self, new_lock: Callable[[], Any] = RLock) -> None:
        self.lock: Any = new_lock()
        lock_owners[self] = new_lock

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()  # a copy has a lock of its own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def run_all(parts: Sequence[Callable[[], object]], work: int = 2 * PART_WORK) -> None:
    """Call functions that do not depend on each other, on several threads unless the pool is busy.

    Meanwhile products run on one thread. The first error is raised when all have ended. `work` is how many
    multiplications they do together: if it is small, they run one after another in this thread.
    """
    if len(parts) < 2 or work < 2 * PART_WORK:
        for part in parts:
            part()
        return
    helpers, pool = min(max_threads(), len(parts)) - 1, _pool
    with one_thread:
        if helpers < 1 or not pool.lock.acquire(blocking=False):
            _Work(parts).join()
            return
        try:
            pool.run(parts, helpers)
        finally:
            pool.lock.release()


def product(a: Any, b: Any, out: Array | None = None) -> Any:
    """Return np.matmul(a, b, out), where a large product of matrices is computed in up to four parts.

    The parts do not depend on the number of threads, and so neither do the numbers. Within a part of other work
    nothing is split. float16 is multiplied in float32, as NumPy does, but by BLAS; int8 in int32, which is the result.
    """
    arrays = type(a) is np.ndarray and type(b) is np.ndarray
    if arrays and a.dtype.char == b.dtype.char == "b":
        return product(a.astype("int32"), b.astype("int32"), out)
    if arrays and a.dtype.char == b.dtype.char == "e":
        with np.errstate(over="ignore"):
            return np.positive(product(a.astype("float32"), b.astype("float32")).astype("float16"), out)
    whole = not arrays or not a.ndim == b.ndim == 2 or a.size * b.shape[1] < 2 * PART_WORK or a.shape[1] != len(b)
    if whole or context.in_part:
        multiply = np.dot if np.ndim(a) <= 2 >= np.ndim(b) else np.matmul  # half the time for small matrices
        return multiply(a, b, out) if out is not None else multiply(a, b)
    y: Array = np.empty((len(a), b.shape[1]), np.result_type(a, b)) if out is None else out
    size, work = max(y.shape), a.size * b.shape[1]
    count = max(1, min(max(2, work // EACH), size // PART_SIZE, 4))
    rest = size - size * PART_WORK // work  # shared evenly: the caller, who begins first, has more
    ends = [size - rest * k // count // 16 * 16 for k in reversed(range(count))]
    cuts = map(slice, [0, *ends], ends)
    parts = [(a[cut], b, y[cut]) if size > b.shape[1] else (a, b[:, cut], y[:, cut]) for cut in cuts]
    run_all([partial(np.matmul, *part) for part in parts])  # np.dot would copy parts of a transposed matrix
    return y
