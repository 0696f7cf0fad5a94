"""Small products keep to one thread, and the setting comes back."""

import numpy as np
import pytest

from minikeras._jit import blas_threads


def test_one_thread_while_it_lasts() -> None:
    functions = blas_threads._functions()
    told = functions[0] if functions is not None else lambda: 1
    before = told()
    with blas_threads.one_thread():
        assert told() == 1
        assert (np.ones((3, 4)) @ np.ones((4, 2)) == 4).all()
    assert told() == before
    with pytest.raises(RuntimeError), blas_threads.one_thread():
        raise RuntimeError
    assert told() == before


def test_large_products_use_all() -> None:
    functions = blas_threads._functions()
    told = functions[0] if functions is not None else lambda: 1
    before = told()
    with blas_threads.one_thread(work=2**30):
        assert told() == before
