"""How many threads NumPy's matrix products run on, where its BLAS can be told.

NumPy's own packages bring OpenBLAS. Its threads wait in a busy loop for each other, so that a small product takes many
times longer when another process holds a core.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

_NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads64_",
          "openblas_{}_num_threads")  # fmt: skip
SMALL = 2**21
"""Multiplications in a product below which a second thread gains nothing worth its risk."""


@cache
def _functions() -> tuple[Callable[[], int], Callable[[int], object]] | None:
    """Return OpenBLAS's functions that tell and set the number of threads, None where there are none."""
    root = os.path.dirname(np.__file__)
    folders = [os.path.join(root, "..", "numpy.libs"), os.path.join(root, ".dylibs")]
    files = [os.path.join(folder, name) for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)]
    for path in sorted(path for path in files if "openblas" in path):
        try:
            import ctypes  # which some builds of Python lack

            library = ctypes.CDLL(path)
        except (ImportError, OSError):
            continue
        for name in _NAMES:
            if hasattr(library, name.format("set")):
                return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


@contextmanager
def one_thread(work: int = 0) -> Iterator[None]:
    """Within this context products run on one thread, unless the largest has too many multiplications for that."""
    functions = _functions() if work < SMALL else None
    if functions is None:
        yield
        return
    get, set_ = functions
    before = get()
    set_(1)
    try:
        yield
    finally:
        set_(before)
