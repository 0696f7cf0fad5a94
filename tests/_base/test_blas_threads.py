"""Products keep to one thread while this package runs them; it takes no more threads than a process is given."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras._base import blas_threads
from minikeras._base.blas_threads import one_thread
from minikeras._core.op import primitive
from minikeras._jit.jit import key_of


def threads() -> int:
    return blas_threads._functions()[0]()


def test_one_thread_while_it_lasts() -> None:
    before = threads()
    with one_thread:
        assert threads() == 1
        with one_thread:
            assert (np.ones((3, 4)) @ np.ones((4, 2)) == 4).all()
        assert threads() == 1
    assert threads() == before
    with pytest.raises(RuntimeError), one_thread:
        raise RuntimeError
    assert threads() == before


def test_who_is_interrupted_on_the_way_in_is_not_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(blas_threads, "_functions", interrupted)
        with pytest.raises(KeyboardInterrupt), one_thread:
            pass
    before = threads()
    with one_thread:
        assert threads() == 1
    assert threads() == before


def test_the_last_to_leave_sets_the_number_back() -> None:
    before, inside, leave = threads(), threading.Event(), threading.Event()

    def stay() -> None:
        with one_thread:
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=stay)
    with one_thread:
        other.start()
        inside.wait(10)
    assert threads() == 1
    leave.set()
    other.join()
    assert threads() == before


seen: list[int] = []


def note(x: Any) -> Any:
    seen.append(threads())
    return x


@primitive(lambda g, y, x: note(g))
def spied(x: keras.Tensor) -> Any:
    """Return x, and note how many threads a product would run on, then and in the gradient."""
    return note(x) + 0


class Spy(keras.layers.Layer):
    def call(self, inputs: keras.Tensor) -> keras.Tensor:
        return spied(inputs)


def test_ops_tapes_and_steps_run_products_on_one_thread() -> None:
    x = np.ones((64, 2100), "float32")
    with keras.GradientTape() as tape:
        tensor = keras.ops.convert_to_tensor(x)
        tape.watch(tensor)
        y = spied(tensor)
    tape.gradient(y, tensor)
    model = keras.Sequential([keras.Input((2100,)), Spy(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], epochs=4, verbose=0)
    model.evaluate(x, x[:, :1], verbose=0)
    model.predict(x, verbose=0)
    assert len(seen) > 8
    assert set(seen) == {1}


@pytest.fixture
def spied_softplus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let softplus note in programs too how many threads a product would run on."""
    op = vars(keras.ops.softplus)["op"]
    monkeypatch.setattr(op, "decomposition", None)
    monkeypatch.setattr(op, "replay", lambda x, out=None: note(op.forward(x)))
    seen.clear()


def test_replayed_predictions_and_tapes_do(spied_softplus: None) -> None:
    x = np.ones((64, 128), "float32")
    model = keras.Sequential([keras.Input((128,)), keras.layers.Dense(128, activation="softplus")])
    for _ in range(4):
        model.predict(x, verbose=0)
        model(x)
    once = len(seen)
    for _ in range(4):
        with keras.GradientTape() as tape:
            y = model(x)
        tape.gradient(y, model.trainable_weights)
    assert len(seen) > once > 0
    assert set(seen) == {1}


def test_the_making_of_a_program_in_blocks_of_rows_does(spied_softplus: None) -> None:
    x = np.ones((4096, 1024), "float32")
    model = keras.Sequential([keras.Input((1024,)), keras.layers.Activation("softplus")])
    for _ in range(3):
        model.predict(x, batch_size=4096, verbose=0)
    program = model._forward_jit.find(key_of(x))
    assert program is not None
    assert len(program.parts()[0]) == 2  # one for each block
    assert set(seen) == {1}


def test_updates_with_a_step_of_ones_own_do() -> None:
    class Own(keras.optimizers.Optimizer):
        def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
            note(gradient.numpy())

    seen.clear()
    weight = keras.Variable(np.ones((64, 64)))
    Own(0.1).apply_gradients([(np.ones((64, 64), "float32"), weight)])
    assert seen == [1]


def test_orthogonal_weights_do(monkeypatch: pytest.MonkeyPatch) -> None:
    factors = np.linalg.qr
    seen.clear()
    monkeypatch.setattr(np.linalg, "qr", lambda a: factors(note(a)))
    keras.initializers.Orthogonal()((64, 256))
    assert seen == [1]


def limit(code: str, **environment: str) -> list[str]:
    """Return what a fresh process prints."""
    start = "import os, minikeras as keras; from minikeras._base import blas_threads\n"
    place = {**os.environ, "PYTHONPATH": str(Path(keras.__file__).parent.parent), **environment}
    run = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=True, env=place)
    return run.stdout.split()


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"])
def test_the_environment_limits_the_threads(name: str) -> None:
    assert limit("print(keras.config.max_threads())", **{name: "1"}) == ["1"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind processes to cores")
def test_the_cores_that_a_process_may_use_limit_the_threads() -> None:
    code = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(keras.config.max_threads())"
    assert limit(code) == ["1"]


@pytest.mark.parametrize(
    ("files", "quotas"),
    [
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "150000 100000"}, [1.5]),
        ({"proc/self/cgroup": "0::/a/b", "sys/fs/cgroup/a/cpu.max": "50000 100000",
          "sys/fs/cgroup/a/b/cpu.max": "max 100000"}, [0.5]),
        ({"proc/self/cgroup": "3:cpu,cpuacct:/\n2:memory:/x\n",
          "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
          "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, [2.0]),
        ({"proc/self/cgroup": "3:cpu:/gone", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
          "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_the_quota_of_a_container_is_read(files: dict[str, str], quotas: list[float], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [*blas_threads._quotas(str(tmp_path))] == quotas


def test_a_child_process_may_compute_while_its_parent_does() -> None:
    code = "p = os.fork() if hasattr(os, 'fork') else 0\nwith blas_threads.one_thread: pass\n"
    code += "if p: os.wait()\nelse: print('done')"
    assert limit(code) == ["done"]


def test_config_limits_the_threads() -> None:
    before = keras.config.max_threads()
    assert before >= 1
    keras.config.set_max_threads(1)
    try:
        assert keras.config.max_threads() == 1
        keras.config.set_max_threads(10**6)  # which is more than any process is given
        assert keras.config.max_threads() == before
    finally:
        keras.config.set_max_threads(None)
    for wrong in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match="max_threads"):
            keras.config.set_max_threads(wrong)  # type: ignore[arg-type]


LEFT_INSIDE = """
import threading, warnings
warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
get, inside, leave = blas_threads._functions()[0], threading.Event(), threading.Event()

@blas_threads.one_thread
def stay():
    inside.set()
    leave.wait(20)

before, other = get(), threading.Thread(target=stay)
other.start()
inside.wait(20)
if not hasattr(os, "fork"):
    print(True, True)
elif not os.fork():
    os.write(1, f"{get() == before} {blas_threads.one_thread.before() == before}".encode())
    os._exit(0)
else:
    os.wait()
leave.set()
"""


def test_a_forked_process_leaves_for_the_threads_that_it_does_not_have() -> None:
    assert limit(LEFT_INSIDE) == ["True", "True"]
