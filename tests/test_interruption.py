"""What is left when a process dies: files are whole or as they were, and training goes on where it was."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

import minikeras as keras

if sys.platform == "win32":
    pytest.skip("signals of POSIX", allow_module_level=True)

TRAINING = """
import os, signal, sys
import numpy as np
import minikeras as keras

class Kill(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (3, 2):
            os.kill(os.getpid(), signal.SIGKILL)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        print(epoch, flush=True)

keras.utils.set_random_seed(5)
x = np.random.default_rng(0).normal(size=(40, 3))
layers = [keras.layers.Dense(6, "relu"), keras.layers.Dropout(0.4), keras.layers.Dense(1)]
model = keras.Sequential([keras.Input((3,)), *layers])
model.compile(keras.optimizers.Adam(0.05), "mse")
callbacks = [keras.callbacks.BackupAndRestore(sys.argv[1], double_checkpoint=True)]
callbacks += [Kill()] if sys.argv[3] == "killed" else []
model.fit(x, x[:, :1] * x[:, 1:2], batch_size=8, epochs=6, verbose=0, callbacks=callbacks)
model.save_weights(sys.argv[2])
"""


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(keras.__file__).parents[1])}


def run(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    whole, parts, backup = str(tmp_path / "whole.npz"), str(tmp_path / "parts.npz"), str(tmp_path / "backup")
    assert run(TRAINING, str(tmp_path / "other"), whole, "whole").returncode == 0
    killed = run(TRAINING, backup, parts, "killed")
    assert (killed.returncode, killed.stdout.split()) == (-9, ["0", "1", "2", "3"])
    assert os.listdir(backup)
    resumed = run(TRAINING, backup, parts, "resumed")
    assert resumed.returncode == 0, resumed.stderr
    assert not os.path.exists(backup)
    with np.load(whole) as a, np.load(parts) as b:
        assert a.files == b.files
        for name in a.files:
            assert np.array_equal(a[name], b[name])


SAVING = """
import os, resource, signal, sys
import minikeras as keras

class Dying(keras.layers.Dense):
    def save_own_variables(self, store):
        super().save_own_variables(store)
        if sys.argv[2] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[2] == "interrupted":
            raise KeyboardInterrupt

    def get_config(self):
        if sys.argv[2] == "no config":
            raise ZeroDivisionError
        return super().get_config()

if sys.argv[2] == "disk full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(200), Dying(3)])
path = sys.argv[1]
(model.save if path.endswith((".keras", "l.h5")) else model.save_weights)(path)
"""


WAYS = {
    "model.keras": ["killed", "interrupted", "no config", "disk full"],
    "model.h5": ["no config", "disk full"],
    "model.weights.h5": ["killed", "disk full"],
}


@pytest.mark.parametrize(("name", "how"), [(name, how) for name, ways in WAYS.items() for how in ways])
def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path, name: str, how: str) -> None:
    path = tmp_path / name
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save_weights(path) if "weights" in name else model.save(path)
    before = path.read_bytes()
    died = run(SAVING, str(path), how)
    assert died.returncode == (-9 if how == "killed" else died.returncode or -1), died.stderr
    assert path.read_bytes() == before
    if how != "killed":
        assert os.listdir(tmp_path) == [name]


FORKED = """
import os, threading, warnings
import numpy as np
import minikeras as keras

warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
x = np.ones((64, 3))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
inside, over = threading.Event(), threading.Event()

class Slow(keras.losses.MeanSquaredError):
    def call(self, y, p):
        inside.set()
        over.wait()  # within a step
        return super().call(y, p)

model.compile("sgd", Slow())
trains = threading.Thread(target=model.fit, args=(x, x[:, :1]), kwargs={"verbose": 0})
trains.start()
inside.wait()
child = os.fork()
over.set()
if child == 0:
    model.fit(x, x[:, :1], verbose=0)
    os._exit(0)
trains.join()
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_trains_though_a_thread_of_its_parent_was_within_a_step() -> None:
    # Its output is not captured: a child that hangs would keep the pipe open beyond the timeout.
    subprocess.run([sys.executable, "-c", FORKED], env=ENVIRONMENT, check=True, timeout=300)


FORKED_WHILE_BUILT = """
import os, signal, threading, time, warnings
import numpy as np
import minikeras as keras

warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
x, inside = np.ones((4, 3)), threading.Event()

class Slow(keras.layers.Dense):
    def build(self, input_shape):
        inside.set()
        time.sleep(0.2)
        super().build(input_shape)

layer = Slow(2)
builds = threading.Thread(target=layer, args=(x,))
builds.start()
inside.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)  # it may hang
    keras.layers.Dense(1)(x), layer(x)
    os._exit(len(layer.weights) != 2)
builds.join()
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_builds_layers_though_a_thread_of_its_parent_built_one() -> None:
    subprocess.run([sys.executable, "-c", FORKED_WHILE_BUILT], env=ENVIRONMENT, check=True, timeout=300)


FORKED_WHILE_LOGGED = """
import os, signal, threading, time, warnings
import numpy as np
import minikeras as keras
import logging  # after minikeras, so that a fork takes its lock first

warnings.simplefilter("ignore")
signal.alarm(20)  # it may hang
x, inside, forks = np.ones((4, 3)), threading.Event(), threading.Event()
os.register_at_fork(before=forks.set)

class Logged(keras.layers.Dense):
    def build(self, input_shape):
        inside.set()
        forks.wait()
        time.sleep(0.1)
        logging.getLogger("of a layer")
        super().build(input_shape)

builds = threading.Thread(target=Logged(2), args=(x,))
builds.start()
inside.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)
    keras.layers.Dense(1)(x)
    os._exit(0)
builds.join()
assert os.waitpid(child, 0)[1] == 0
keras.layers.Dense(1)(x)
"""


def test_a_fork_does_not_wait_for_ever_for_a_thread_that_waits_for_it() -> None:
    subprocess.run([sys.executable, "-c", FORKED_WHILE_LOGGED], env=ENVIRONMENT, check=True, timeout=300)


def test_a_ctrl_c_at_any_moment_of_a_call_leaves_the_next_one_as_it_would_be() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    x = np.ones((2, 4))
    expected, left, place = model(x).numpy(), 0, os.path.dirname(keras.__file__)

    def strike(frame: FrameType, event: str, arg: object) -> None:
        nonlocal left
        code = frame.f_code  # an error at the end of a generator would only be reported
        if event == "call" and code.co_filename.startswith(place) and not code.co_flags & inspect.CO_GENERATOR:
            left -= 1
            if not left:
                raise KeyboardInterrupt

    for moment in range(1, 1000):
        left = moment
        sys.setprofile(strike)
        try:
            model(x, training=True)
        except KeyboardInterrupt:
            sys.setprofile(None)
            np.testing.assert_array_equal(model(x).numpy(), expected)
        else:
            break
        finally:
            sys.setprofile(None)
    assert 50 < moment < 999


def test_the_end_of_a_scope_ends_those_within_that_a_ctrl_c_left_open() -> None:
    with keras.name_scope("outer"):
        keras.name_scope("inner").__enter__()
    assert keras.Variable(1.0, name="v").path == "v"


FORKED_WHILE_REPLAYED = """
import os, threading, time, warnings
import numpy as np
import minikeras as keras

warnings.simplefilter("ignore")
x, calls, inside, over = np.ones((64, 500), "float32"), [], threading.Event(), threading.Event()

class Counted(keras.layers.Dense):
    def call(self, x):
        calls.append(x)
        return super().call(x)

class Slow(keras.Layer):
    def call(self, x):
        inside.set()
        over.wait()
        return x + 1.0

def predict():
    while not over.is_set():
        model.predict(x, verbose=0)

model = keras.Sequential([keras.Input((500,)), *(Counted(500, activation="tanh") for _ in range(8))])
threads = [threading.Thread(target=lambda: Slow()(keras.Input((3,)))), threading.Thread(target=predict)]
threads[0].start()
inside.wait()
for _ in range(3):
    model.predict(x, verbose=0)
threads[1].start()
for _ in range(6):  # most of the time a thread is within the program
    time.sleep(0.01)
    if not (child := os.fork()):
        calls.clear()
        model.predict(x, verbose=0)
        thread = threading.Thread(target=print, args=("child",))
        thread.start()
        thread.join()
        print(end="", flush=True)
        os._exit(len(calls) > 0)
    if os.waitpid(child, 0)[1]:
        print("runs layers again")
over.set()
for thread in threads:
    thread.join()
"""


def test_a_forked_process_replays_and_prints_though_threads_of_its_parent_did() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORKED_WHILE_REPLAYED], env=ENVIRONMENT, check=True, timeout=300, stdout=subprocess.PIPE
    )
    assert run.stdout.decode().split() == ["child"] * 6
