"""Parts of a large piece of work run on several threads; nothing but time depends on how many."""

import queue
import threading
import time
import warnings

import numpy as np
import pytest

from minikeras._base import blas_threads, pool

from .test_blas_threads import limit


@pytest.fixture(autouse=True, params=[1, 2, 4])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(pool, "max_threads", lambda: request.param)
    return int(request.param)


def test_every_part_runs_once_and_others_help(threads: int) -> None:
    ran: list[tuple[int, int]] = []
    together = threading.Barrier(threads)

    def part(k: int) -> None:
        if k < threads:
            together.wait(10)  # which takes as many threads
        ran.append((k, threading.get_ident()))

    pool.run_all([lambda k=k: part(k) for k in range(20)])  # type: ignore[misc]
    assert sorted(k for k, _ in ran) == [*range(20)]
    assert len({thread for _, thread in ran}) == threads
    pool.run_all([])


def test_the_first_error_is_raised_after_all_have_ended() -> None:
    ended: list[int] = []

    def part(k: int) -> None:
        if k == 1:
            raise KeyError("one")
        ended.append(k)

    with pytest.raises(KeyError, match="one"):
        pool.run_all([lambda k=k: part(k) for k in range(8)])  # type: ignore[misc]
    assert sorted(ended) == [0, *range(2, 8)]


def test_work_within_work_and_of_several_threads_is_done() -> None:
    done: list[int] = []

    def part() -> None:
        pool.run_all([lambda: done.append(1)] * 5)

    callers = [threading.Thread(target=pool.run_all, args=([part] * 5,)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert len(done) == 100


def test_overflows_are_the_callers_affair() -> None:
    def overflow() -> None:
        np.exp(np.full(4, 1e4))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(all="ignore"):
            pool.run_all([overflow] * 8)
        with np.errstate(over="raise"), pytest.raises(FloatingPointError):
            pool.run_all([overflow] * 8)


def test_an_interrupt_comes_after_the_parts_have_ended() -> None:
    ended: list[int] = []

    def part(k: int) -> None:
        if k == 3:
            raise KeyboardInterrupt
        ended.append(k)

    with pytest.raises(KeyboardInterrupt):
        pool.run_all([lambda k=k: part(k) for k in range(8)])  # type: ignore[misc]
    assert len(ended) == 7


def test_where_no_thread_can_start_the_caller_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(pool, "_pool", pool._Pool())
    done: list[int] = []
    pool.run_all([lambda k=k: done.append(k) for k in range(8)])  # type: ignore[misc]
    assert done == [*range(8)]


def test_a_forked_process_has_threads_of_its_own() -> None:
    code = """
from minikeras._base import pool
pool.max_threads = lambda: 2
parts = [lambda: None] * 8
pool.run_all(parts)
child = os.fork() if hasattr(os, "fork") else 0
pool.run_all(parts)
print("done", flush=True) if not child else os.waitpid(child, 0)
"""
    assert limit(code) == ["done"]


@pytest.mark.parametrize("shapes", [((300, 500), (500, 400)), ((257, 1000), (1000, 70)), ((40, 900), (900, 900))])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("each", [1, 8])
def test_large_products_have_the_same_bits_on_any_number_of_threads(
    shapes: tuple[tuple[int, int], tuple[int, int]], dtype: str, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "EACH", each * pool.PART_WORK)  # of machines with more cores, and with fewer
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    y = pool.product(a, b)
    monkeypatch.setattr(pool, "max_threads", lambda: 1)
    assert np.array_equal(pool.product(a, b), y)
    with blas_threads.one_thread:
        np.testing.assert_allclose(y, a @ b, rtol=1e-4 if dtype == "float32" else 1e-12, atol=1e-4)
    out = np.empty_like(y)
    assert pool.product(np.ascontiguousarray(a.T).T, b, out) is out
    np.testing.assert_allclose(out, y, rtol=1e-4, atol=1e-4)


def test_who_was_woken_is_waited_for_after_an_interrupt(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(queue.SimpleQueue[None]):
        def put(self, item: None, block: bool = True, timeout: float | None = None) -> None:
            super().put(item)
            raise KeyboardInterrupt  # as a Ctrl-C just then would

    fresh = pool._Pool()
    fresh._calls = Interrupted()
    monkeypatch.setattr(pool, "_pool", fresh)
    ended: list[int] = []

    def part() -> None:
        time.sleep(0.02)
        ended.append(1)

    if threads == 1:
        pool.run_all([part] * 3)
    else:
        with pytest.raises(KeyboardInterrupt):
            pool.run_all([part] * 3)
    assert len(ended) == 3


def test_small_work_is_done_where_it_is_asked_for() -> None:
    callers: set[int] = set()
    pool.run_all([lambda: callers.add(threading.get_ident())] * 8, 100)
    assert callers == {threading.get_ident()}
