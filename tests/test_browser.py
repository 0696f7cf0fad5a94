"""What works where Python starts no thread and no process, and has no `ctypes` and no sockets, as in a browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Pyodide has those of the first line, and most can do nothing there; of the second it has `mmap`.
WITHOUT = """
import sys, threading, _thread
absent = "_ctypes ctypes _posixsubprocess subprocess _socket socket select selectors multiprocessing asyncio".split()
absent += "_hashlib _lzma _multiprocessing _posixshmem _ssl ssl fcntl grp mmap pwd readline resource termios".split()
sys.modules |= dict.fromkeys(absent)
def refuse(*args, **kwargs):
    raise RuntimeError("can't start new thread")
threading.Thread.start = _thread.start_new_thread = refuse
"""

EVERYTHING = """
import importlib, pkgutil, minikeras
for module in pkgutil.walk_packages(minikeras.__path__, "minikeras."):
    if not module.name.endswith(("__main__", "compat.notebook")):  # IPython, which runs notebooks, needs sockets
        importlib.import_module(module.name)
"""

PROGRAM = """
import pickle
import numpy as np
import minikeras as keras

class Rows(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return x[8 * index : 8 * index + 8], y[8 * index : 8 * index + 8]

def trained(*data, **settings):
    keras.utils.set_random_seed(3)
    parts = [keras.layers.Dense(4, "relu"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((3,)), *parts, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"])
    history = model.fit(*data, epochs=3, shuffle=False, verbose=2, **settings).history
    return model, history["loss"]

folder, files = sys.argv[1:]
x = np.random.default_rng(0).normal(size=(32, 3))
y = x @ [[1.0], [2.0], [-1.0]]
known = keras.callbacks
callbacks = [known.EarlyStopping(patience=5), known.CSVLogger(f"{folder}/log.csv"), known.ReduceLROnPlateau()]
callbacks += [known.ModelCheckpoint(f"{folder}/last.keras"), known.BackupAndRestore(f"{folder}/backup")]
model, losses = trained(x, y, batch_size=8, validation_data=(x, y), callbacks=callbacks)
assert losses[-1] < losses[0]
assert trained(Rows())[1] == losses
assert trained(Rows(workers=4, use_multiprocessing=True), validation_data=Rows(workers=2))[1] == losses
assert trained((batch for _ in range(3) for batch in Rows()), steps_per_epoch=4)[1] == losses
assert np.allclose(model.evaluate(Rows(workers=2), verbose=0), model.evaluate(x, y, verbose=0))

expected = model.predict(x, verbose=0)
model.summary()
model.save_weights(f"{folder}/model.npz")
other = keras.models.clone_model(model)
other.load_weights(f"{folder}/model.npz")
copies = [other, pickle.loads(pickle.dumps(model)), keras.saving.load_model(f"{folder}/last.keras")]
assert all(np.array_equal(copy.predict(x, verbose=0), expected) for copy in copies)

stored = np.load(f"{files}/keras-3.15.1.npz")
for ending in ("keras", "h5"):
    loaded = keras.saving.load_model(f"{files}/keras-3.15.1-functional.{ending}")
    for place, output in enumerate(loaded.predict([stored["a"], stored["b"]], verbose=0)):
        assert np.allclose(output, stored[f"functional_{place}"], rtol=1e-6, atol=1e-6)
"""

# matplotlib imports `subprocess` and `socket`, pydot `subprocess`. Pyodide has both, where they refuse to do a thing.
POWERLESS = """
for name in ("_posixsubprocess", "subprocess", "_socket", "socket", "select", "selectors"):
    del sys.modules[name]
import socket, subprocess
def refuse_too(*args, **kwargs):
    raise OSError(138, "emscripten does not support processes.")
subprocess.Popen.__init__ = refuse_too
"""

PLOTS = """
import shutil
from pathlib import Path
import minikeras as keras

folder = Path(sys.argv[1])
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="first"), keras.layers.Dense(1)])
assert shutil.which("dot") == str(folder / "dot")
keras.utils.plot_model(model, folder / "model.png", show_shapes=True)
assert (folder / "model.png").read_bytes()[:4] == b"\\x89PNG"
keras.utils.plot_model(model, folder / "model.svg")
assert "<svg" in (folder / "model.svg").read_text("utf8")
assert "first" in keras.utils.model_to_dot(model).to_string()
"""

REFUSALS = """
import warnings
import numpy as np
import minikeras as keras

def said(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        print(type(error).__name__, error)

said(keras.utils.get_file, "x.gz", "https://example.org/x.gz", cache_dir=sys.argv[1])
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
said(keras.utils.plot_model, model)
model.compile("sgd", "mse")
with warnings.catch_warnings(record=True) as warned:
    model.fit(np.ones((2, 3)), np.ones(2), verbose=0, callbacks=[keras.callbacks.RemoteMonitor()])
print(*[warning.message for warning in warned])
"""


def run(code: str, folder: Path) -> str:
    """Return what a program prints, given a folder to write to and that of stored models."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(folder), "MPLBACKEND": "agg"}
    environment["PATH"] = os.pathsep.join([str(folder), os.environ["PATH"]])
    command = [sys.executable, "-c", code, str(folder), str(ROOT / "tests/data/files")]
    done = subprocess.run(command, capture_output=True, encoding="utf8", check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_modules_are_imported_models_train_and_files_are_read(tmp_path: Path) -> None:
    printed = run(WITHOUT + EVERYTHING + PROGRAM + "assert not any(map(sys.modules.get, absent))", tmp_path)
    assert printed.count("Epoch 3/3") == 4
    assert "Total params" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="programs have an ending there")
def test_plots(tmp_path: Path) -> None:
    (tmp_path / "dot").write_text("#!/bin/sh\n")  # Graphviz, which cannot be started
    (tmp_path / "dot").chmod(0o755)
    run(WITHOUT + POWERLESS + PLOTS, tmp_path)


def test_what_needs_sockets_or_processes_says_so(tmp_path: Path) -> None:
    download, plot, monitor = run(WITHOUT + REFUSALS, tmp_path).splitlines()[-3:]
    why, advice = "import of socket halted; None in sys.modules", f"save it as {tmp_path / 'datasets' / 'x.gz'}."
    assert download.startswith(f"OSError Could not download https://example.org/x.gz: {why}. Without a connection")
    assert download.endswith(advice)
    assert plot.startswith("ImportError This picture needs matplotlib (import of subprocess halted")
    assert monitor == f"RemoteMonitor could not reach http://localhost:9000/publish/epoch/end/: {why}"
