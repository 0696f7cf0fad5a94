"""Tensors without values: what their shapes are found out by stays out of sight."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import minikeras as keras
from minikeras import ops
from minikeras._core import trials


class Shown(keras.Layer):
    """A layer that prints, and refuses, the shape it is called with."""

    def __init__(self, refuses: bool = False) -> None:
        super().__init__()
        self.refuses = refuses

    def call(self, x: Any) -> Any:
        print("called with", x.shape, f"{x.shape[0]} rows of {x.shape[-1]}")
        if self.refuses:
            raise ValueError(f"no {x.shape}, please")
        return x + 1.0


@pytest.mark.parametrize(("shape", "shown"), [((3,), "(None, 3)"), ((None, 3), "(None, None, 3)")])
def test_the_sizes_of_a_trial_are_never_shown(shape: Any, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert Shown()(keras.Input(shape)).shape == (None, *shape)
    assert capsys.readouterr().out == f"called with {shown} None rows of 3\n"
    with pytest.raises(ValueError, match=re.escape(f"no {shown}, please")) as caught:
        Shown(refuses=True)(keras.Input(shape))
    assert capsys.readouterr().out == f"called with {shown} None rows of 3\n"
    assert f"called with shapes [{shown}]" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match=re.escape(f"shapes {shown} and (7, 2)")):
        ops.matmul(keras.Input(shape), np.ones((7, 2)))


def test_what_is_flushed_is_seen_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    class Flushing(keras.Layer):
        def call(self, x: Any) -> Any:
            print("one", flush=True)
            seen.append(capsys.readouterr().out)
            return x

    seen: list[str] = []
    Flushing()(keras.Input((3,)))
    assert seen == ["one\n", "one\n"]


FIXED: dict[str, Any] = {
    "reshape": lambda x: ops.reshape(x, (32, 3)),
    "noise of that size": lambda x: x + keras.random.normal((32, 3)),
    "an array": lambda x: ops.concatenate([x, np.ones((32, 2), "float32")], axis=1)[:, :3],
    "an assertion": lambda x: x if x.shape[0] == 32 else 1 / 0,
}


@pytest.mark.parametrize("name", FIXED)
def test_a_call_may_insist_on_the_size_of_its_batches(name: str) -> None:
    class Fixed(keras.Layer):
        def call(self, x: Any) -> Any:
            return FIXED[name](x)

    model = keras.Sequential([keras.Input((3,)), Fixed(), keras.layers.Dense(1)])
    assert model.output_shape == (32, 1)
    model.compile("sgd", "mse")
    assert len(model.fit(np.ones((64, 3)), np.ones((64, 1)), verbose=0).history["loss"]) == 1
    assert model.predict(np.ones((64, 3)), verbose=0).shape == (64, 1)


def test_rows_of_all_images_together_become_images_again() -> None:
    x = keras.Input((4, 5, 3))
    rows = keras.layers.Dense(2)(ops.reshape(x, (-1, 3)))
    y = ops.reshape(rows, (-1, 4, 5, 2))
    assert y.shape == (None, 4, 5, 2)
    windows = ops.reshape(keras.Input((2, 2, 3)), (-1, 3, 5, 2, 2, 3))
    assert windows.shape == (None, 3, 5, 2, 2, 3)
    assert keras.Model(x, y).predict(np.ones((7, 4, 5, 3)), verbose=0).shape == (7, 4, 5, 2)


def test_other_axes_stay_open_beside_a_batch_of_one_size() -> None:
    class Fixed(keras.Layer):
        def call(self, x: Any) -> Any:
            return x + keras.random.normal((16, 1, 3))

    assert Fixed()(keras.Input((None, 3))).shape == (16, None, 3)


PAIRED: dict[str, tuple[Any, list[Any], Any]] = {
    "product": (ops.matmul, [(8, None), (10, 8)], (None, 8, 8)),
    "choice": (lambda a, b: ops.where(a > 0, b, 0.0), [(None,), (10,)], (None, 10)),
    "joined": (lambda *x: ops.concatenate(x, -1), [(None, 8), (10, 8)], (None, 10, 16)),
    "outer product": (lambda a, b: ops.tensordot(a, b, [[2], [1]]), [(4, None), (3, 5)], (None, 4, None, 5)),
    "remainder": (lambda a, b: a % b, [(None, 8), (10, 8)], (None, 10, 8)),
    "power": (lambda a, b: a**b, [(None, 3), (2, None)], (None, 2, 3)),
    "attention": (lambda *x: keras.layers.Attention()([*x]), [(None, 3), (5, 3), (None, 3)], (None, None, 3)),
}


@pytest.mark.parametrize("name", PAIRED)
def test_an_open_axis_may_meet_a_known_one(name: str) -> None:
    function, shapes, expected = PAIRED[name]
    assert function(*map(keras.Input, shapes)).shape == expected


def test_open_axes_that_need_only_agree_stay_open() -> None:
    class Both(keras.Layer):
        def call(self, a: Any, b: Any, c: Any, d: Any) -> Any:
            return ops.sum(ops.where(c > 0, d, 0.0), -1, keepdims=True)[..., None] * (a + b)

    shapes: list[Any] = [(None, 3), (None, 3), (None,), (10,)]
    assert Both()(*map(keras.Input, shapes)).shape == (None, None, 3)
    three: list[Any] = [keras.KerasTensor((7, None, size)) for size in (None, 2, 3)]
    tied: Any = ops.einsum("xab,xac,xad,xb->xa", *three, keras.KerasTensor((7, 6)))
    assert tied.shape == (7, None)


def test_sizes_that_depend_on_values_are_open() -> None:
    x, ids = keras.KerasTensor((6, 3)), keras.KerasTensor((6,), "int32")
    found: list[Any] = [ops.unique(ids), ops.nonzero(x)[0], ops.where(x > 0)[1], *ops.unique(ids, return_counts=True)]
    assert [i.shape for i in found] == 5 * [(None,)]
    found = [ops.segment_sum(x, ids), ops.segment_max(x, ids, 4), ops.bincount(ids)]
    assert [i.shape for i in found] == [(None, 3), (4, 3), (None,)]
    found = [x[x > 0], x[x[:, 0] > 0], x[:, x[0] > 0], ops.repeat(x, ids, 0), ops.repeat(x, 2, 0)]
    assert [i.shape for i in found] == [(None,), (None, 3), (6, None), (None, 3), (12, 3)]
    with pytest.raises(ValueError, match="None"):
        ops.sum(x) / ops.unique(ids).shape[0]
    model = keras.Model(i := keras.Input(batch_shape=(6,)), ops.sum(ops.unique(i)))
    assert float(model(np.array([1.0, 2, 3, 3, 2, 1]))) == 6

    class Chosen(keras.Layer):
        def call(self, x: Any) -> Any:
            return ops.take(x, ops.nonzero(np.array([1, 0, 1]))[0], axis=1)  # of values that are known

    assert Chosen()(keras.Input((3,))).shape == (None, 2)


def test_both_branches_of_a_symbolic_choice_have_one_shape() -> None:
    choice = keras.Input(batch_shape=(), dtype="bool")
    assert ops.cond(choice, lambda: ops.ones((2, 3)), lambda: ops.zeros((2, 3))).shape == (2, 3)
    for other in (lambda: ops.zeros((2, 4)), lambda: ops.zeros((2, 3), "int32")):
        with pytest.raises(ValueError, match="one shape and dtype"):
            ops.cond(choice, lambda: ops.ones((2, 3)), other)
    assert ops.cond(True, lambda: ops.ones((2, 3)), lambda: ops.zeros((2, 4))).shape == (2, 3)


@pytest.mark.parametrize("other", [0.0, np.float32(1), keras.Variable(2.0)], ids=["number", "NumPy", "variable"])
def test_a_branch_may_give_what_is_no_tensor(other: Any) -> None:
    class Mean(keras.Layer):
        def call(self, x: Any) -> Any:
            return ops.cond(ops.sum(x) > 0, lambda: ops.mean(x), lambda: other)

    i = keras.Input((4,))
    assert float(keras.Model(i, Mean()(i))(-np.ones((1, 4)))) == float(other)


def test_what_no_size_makes_fit_is_refused_without_sizes() -> None:
    with pytest.raises(ValueError, match=r"\(None, 8, None\)"):
        ops.matmul(keras.Input((8, None)), keras.Input((10, 8, 2)))


def test_it_has_no_methods_that_give_values() -> None:
    x = keras.Input((3,))
    assert not any(hasattr(x, name) for name in ("numpy", "item", "tolist"))
    with pytest.raises(AttributeError, match="no value"):
        x.numpy()


@pytest.mark.parametrize(("cuts", "sizes"), [([2, 4], [2, 2, None]), ([0, 3], [0, 3, None]), ([2, 2], [2, 0, None])])
def test_parts_of_an_open_axis_are_as_long_as_the_cuts_say(cuts: list[int], sizes: list[Any]) -> None:
    assert [part.shape for part in ops.split(keras.KerasTensor((None, 3)), cuts)] == [(n, 3) for n in sizes]
    assert [part.shape[1] for part in ops.split(keras.Input((None, 3)), cuts, axis=1)] == sizes
    for wrong in (keras.KerasTensor((None,)), keras.KerasTensor((6,)), np.ones(6)):
        with pytest.raises(ValueError, match="ascend"):
            ops.split(wrong, [4, 2])


def test_a_thread_may_end_while_another_gives_back_the_output() -> None:
    class Ended(trials.HeldPrints):
        """Its thread ends while another one asks whether it has."""

        @property
        def _own(self) -> Any:
            if sys.stdout is not cast(Any, self):
                return SimpleNamespace()
            sys.stdout = before
            return None

        @_own.setter
        def _own(self, value: object) -> None: ...

    before = sys.stdout
    with trials.HeldPrints():
        Ended().__enter__()
    assert sys.stdout is before


PRINTED_MEANWHILE = """
import os, sys, threading
import minikeras as keras

class Shifted(keras.Layer):
    def call(self, x):
        return x + len(str(x))

def report():
    while not done.is_set():
        print("at", "work")

sys.stdout = open(os.devnull, "w")
sys.setswitchinterval(1e-5)
done = threading.Event()
thread = threading.Thread(target=report)
thread.start()
for _ in range(50):
    keras.Sequential([keras.Input((3,)), Shifted()])
done.set()
thread.join()
"""


def test_another_thread_may_print_while_layers_are_built() -> None:
    environment = {**os.environ, "PYTHONMALLOC": "debug"}  # what is used after it was freed ends the process
    subprocess.run([sys.executable, "-c", PRINTED_MEANWHILE], check=True, env=environment, timeout=300)


def test_while_a_layer_is_built_standard_output_is_what_it_was_but_for_prints(
    four_threads: ThreadPoolExecutor, capfd: pytest.CaptureFixture[str]
) -> None:
    inside, asked = Event(), Event()

    def about_output() -> list[Any]:
        sys.stdout.buffer.write(b"")
        return [sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.fileno(), sys.stdout.errors]

    class Reported(keras.Layer):
        def call(self, x: Any) -> Any:
            assert about_output() == before
            sys.stdout.writelines(["called ", "once"])
            inside.set()
            asked.wait(20)
            return x + 1.0

    before = about_output()
    building = four_threads.submit(lambda: keras.Sequential([keras.Input((3,)), Reported()]))
    inside.wait(20)
    try:
        assert about_output() == before
    finally:
        asked.set()
    building.result()
    assert capfd.readouterr().out == "called once"


def test_a_layer_that_prints_is_built_where_there_is_no_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as in a Windows program without a console
    assert Shown()(keras.Input((3,))).shape == (None, 3)
    assert sys.stdout is None
