"""The threads of NumPy's matrix products, where its BLAS can be told how many, and the most that may run in all.

NumPy's own packages bring OpenBLAS, whose threads wait for each other in a busy loop. If another process holds a core,
a product takes many times longer on two threads than on one. So this package runs products on one thread, and then
restores the setting.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager, suppress
from functools import cache
from math import ceil
from threading import RLock, get_ident
from typing import Final

import numpy as np

from .settings import settings

_NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads64_",
          "openblas_{}_num_threads")  # fmt: skip


@cache
def _functions() -> tuple[Callable[[], int], Callable[[int], object]]:
    """Return OpenBLAS's functions that get and set the number of threads; without OpenBLAS it is 1."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    folder = f"{os.path.dirname(np.__file__)}.libs"  # for systems where `core` does not show OpenBLAS's functions
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for path in (getattr(core, "__file__", ""), *(os.path.join(folder, name) for name in names if "openblas" in name)):
        try:
            import ctypes  # which some builds of Python lack

            library = ctypes.CDLL(path)
        except (ImportError, OSError):
            continue
        for name in _NAMES:
            if hasattr(library, name.format("set")):
                return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return lambda: 1, lambda count: None


class _OneThread(ContextDecorator):
    """Within this context, or a function decorated with it, the products of all threads run on one thread each.

    Several threads may be inside. The last one to leave restores the number that the first one found.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._inside: list[int] = []  # the threads inside, each as often as it has entered
        self._before: int = 1
        if hasattr(os, "register_at_fork"):
            lock = self._lock
            os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=self._leave_others)

    def __enter__(self) -> None:
        get, set_ = _functions()
        with self._lock:
            if not self._inside:
                self._before = get()
                if self._before > 1:
                    set_(1)
            self._inside.append(get_ident())  # the last line, so that an interrupt before it does not count as inside

    def _leave_others(self) -> None:
        """Leave for the threads that a forked process does not have."""
        if self._inside:
            self._inside = [get_ident(), *(thread for thread in self._inside if thread == get_ident())]
            self.__exit__()
        self._lock.release()

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._inside.remove(get_ident())
            if not self._inside and self._before > 1:
                _functions()[1](self._before)

    def before(self) -> int:
        """Return how many threads products run on outside of this context; 1 if the BLAS cannot be asked."""
        return self._before if self._inside else _functions()[0]()


one_thread: Final = _OneThread()
ROW: Final = 1024
"""The size of NumPy's buffer within steps, in numbers. NumPy copies shorter rows to it, and longer ones not."""


@contextmanager
def in_steps() -> Iterator[None]:
    """Within this context products run on one thread, NumPy's buffer is small, and infinities and NaN are silent."""
    with np.errstate(all="ignore"), one_thread:
        np.setbufsize(ROW)
        yield


FEW: Final = 2048
"""OpenBLAS takes no second thread for a product with an array of at most so many numbers."""
ALONE, ROW_ALONE = 1 << 18, 460_800
"""Nor for so many multiplications at most, in a product of matrices and in one with a single row: its own constants."""


def max_threads() -> int:
    """Return how many threads may work at a time: what `config` says, but no more than the process has.

    The process is limited by the cores it may run on, by its container's quota, and by the environment variables of
    NumPy's BLAS. A BLAS that cannot be held to one thread leaves this package one.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(settings.max_threads or cores, cores, _most_threads(), one_thread.before()))


@cache
def _most_threads() -> int:
    """Return the threads that the environment, or else the quota of the container, allows."""
    for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        with suppress(ValueError):
            limit = int(os.environ.get(name, "").partition(",")[0])
            if limit > 0:
                return limit
    return min(map(ceil, _quotas("/")), default=1 << 10)


def _quotas(root: str) -> Iterator[float]:
    """Yield the limits, in cores, of the control groups that the process is in."""
    try:
        groups = _read(root, "proc/self/cgroup").splitlines()
    except OSError:  # another system than Linux
        return
    for _, controllers, path in (line.split(":", 2) for line in groups):
        if controllers and "cpu" not in controllers.split(","):
            continue
        names = [*filter(None, path.split("/"))]
        for depth in range(len(names), -1, -1):
            folder = os.path.join(root, "sys/fs/cgroup", controllers, *names[:depth])
            files = ("cpu.cfs_quota_us", "cpu.cfs_period_us") if controllers else ("cpu.max",)
            with suppress(OSError, ValueError):
                quota, period = " ".join(_read(folder, name) for name in files).split()
                if float(quota) > 0:
                    yield float(quota) / float(period)


def _read(folder: str, name: str) -> str:
    with open(os.path.join(folder, name), encoding="utf8") as file:
        return file.read()
