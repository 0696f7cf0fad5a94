"""What `load_model` takes: time beside h5py's, which reads the same arrays out of the same file, and memory.

    python benchmarks/loading.py [MEGABYTES]

Prints the best of several times, their ratio, and the largest resident memory beyond that of the process before, as a
multiple of the model's size. Needs the extra `h5`, and Linux, whose /proc tells memory without the pages of files.
"""

import io
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import minikeras as keras

ROUNDS = 7
PEAK = """
import re, sys
import minikeras as keras
def now():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).predict([[1.0, 2.0]], verbose=0)
before = now()
model = keras.models.load_model(sys.argv[1])
print(now() - before)
"""


def make(megabytes: int, path: Path) -> float:
    """Save a dense network of about so many megabytes, and return its size in MB."""
    width = round((megabytes * 1e6 / 4 / 4) ** 0.5)
    layers = [keras.layers.Dense(width, "relu", kernel_initializer="ones") for _ in range(4)]
    model = keras.Sequential([keras.Input((width,)), *layers])
    model.save(path)
    return sum(w.nbytes for w in model.get_weights()) / 1e6


def read_by_h5py(path: Path) -> list[Any]:
    """Return all arrays of an archive, as h5py reads them: the member is read and checked by `zipfile`."""
    found: list[Any] = []
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as root:
        root.visititems(lambda _, item: found.append(np.array(item)) if isinstance(item, h5py.Dataset) else None)
    return found


def best(function: Any, path: Path) -> float:
    """Return the shortest of several times, in seconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function(path)
        times.append(time.perf_counter() - started)
    return min(times)


def main(megabytes: int = 100) -> None:
    """Print times, sizes and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        size = make(megabytes, path)
        ours, theirs = best(keras.models.load_model, path), best(read_by_h5py, path)
        out = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True).stdout
        print(f"{size:.0f} MB: load_model {ours * 1000:.0f} ms, h5py reads the arrays in {theirs * 1000:.0f} ms")
        print(f"time ratio {ours / theirs:.2f}, peak memory {float(out) * 1.048576 / size:.2f} x size")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
