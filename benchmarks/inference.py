"""Measure what prediction costs, as ratios within one run.

    python benchmarks/inference.py            everything
    python benchmarks/inference.py --quick    fewer rounds

One row through the three small networks: `model(x)` and `model.predict(x, verbose=0)` against a hand-tuned NumPy
forward pass (preallocated buffers, in-place arithmetic, results copied out), and against Keras's `predict` on each
backend that is installed. Bulk prediction against the bare matrix products. Peak memory beyond input and output.
Import time beyond NumPy's, in fresh processes.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

import minikeras as keras
from minikeras.layers import Dense

Float = NDArray[np.float32]
Network = tuple[int, list[tuple[int, str]]]

NETWORKS: dict[str, Network] = {
    "2-3-1": (2, [(3, "sigmoid"), (1, "sigmoid")]),
    "400-25-15-10": (400, [(25, "relu"), (15, "relu"), (10, "linear")]),
    "784-512-10": (784, [(512, "relu"), (10, "softmax")]),
}


def build(network: Network) -> keras.Sequential:
    """Return the network as a model."""
    features, layers = network
    model = keras.Sequential([keras.Input((features,))])
    for units, name in layers:
        model.add(Dense(units, activation=keras.activations.get(name)))
    return model


def hand_tuned(model: keras.Sequential, network: Network) -> Callable[[Float], Float]:
    """Return a forward pass for one row as one would write it by hand for speed."""
    weights = model.get_weights()
    steps = []
    for i, (units, name) in enumerate(network[1]):
        w, b = (np.ascontiguousarray(a, "float32") for a in weights[2 * i : 2 * i + 2])
        steps.append((w, b, np.empty((1, units), "float32"), name))
    one, zero = np.array(1, "float32"), np.array(0, "float32")

    def forward(x: Float) -> Float:
        with np.errstate(over="ignore"):
            for w, b, out, name in steps:
                np.dot(x, w, out)
                np.add(out, b, out)
                if name == "relu":
                    np.maximum(out, zero, out=out)
                elif name == "sigmoid":
                    np.negative(out, out)
                    np.exp(out, out)
                    np.add(out, one, out)
                    np.reciprocal(out, out)
                elif name == "softmax":
                    np.subtract(out, out.max(axis=-1, keepdims=True), out)
                    np.exp(out, out)
                    np.divide(out, out.sum(axis=-1, keepdims=True), out)
                x = out
        return x.copy()

    return forward


def microseconds(runs: dict[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, float]:
    """Return the median time of each run over interleaved rounds, in microseconds."""
    repeats = {}
    for name, run in runs.items():
        run()
        start, count = perf_counter(), 0
        while perf_counter() - start < seconds / 4:
            run()
            count += 1
        repeats[name] = max(1, count * 4)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = perf_counter()
            for _ in range(repeats[name]):
                run()
            times[name].append((perf_counter() - start) / repeats[name] * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


KERAS_PREDICT = """
import json, sys, time, statistics
import numpy as np, keras
features, layers = json.loads(sys.argv[1])
model = keras.Sequential([keras.Input((features,))] + [keras.layers.Dense(u, activation=a) for u, a in layers])
x = np.ones((1, features), "float32")
for _ in range(20): model.predict(x, verbose=0)
times = []
for _ in range(9):
    start = time.perf_counter()
    for _ in range(20): model.predict(x, verbose=0)
    times.append((time.perf_counter() - start) / 20 * 1e6)
print(statistics.median(times))
"""
BACKENDS = {"numpy": "jax", "jax": "jax", "torch": "torch", "tensorflow": "tensorflow"}


def keras_predict(network: Network) -> dict[str, float]:
    """Return the microseconds of real Keras's `predict` on one row, for each backend that is installed."""
    found = {}
    if importlib.util.find_spec("keras"):
        for backend, package in BACKENDS.items():
            if importlib.util.find_spec(package):
                environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
                command = [sys.executable, "-W", "ignore", "-c", KERAS_PREDICT, json.dumps(network)]
                out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                found[backend] = float(out.stdout.split()[-1])
    return found


def one_row(rounds: int, seconds: float) -> None:
    """Print what one row costs."""
    print("one row                 hand    model(x)         predict          Keras's predict")
    for name, network in NETWORKS.items():
        model = build(network)
        forward = hand_tuned(model, network)
        x = np.random.default_rng(0).normal(size=(1, network[0])).astype("float32")
        np.testing.assert_allclose(forward(x), model(x), rtol=1e-5, atol=1e-6)
        runs: dict[str, Callable[[], object]] = {
            "hand": lambda f=forward, x=x: f(x),  # type: ignore[misc]
            "call": lambda m=model, x=x: m(x),  # type: ignore[misc]
            "predict": lambda m=model, x=x: m.predict(x, verbose=0),  # type: ignore[misc]
        }
        us = microseconds(runs, rounds, seconds)
        text = f"{name:18} {us['hand']:6.1f} us"
        for key in ("call", "predict"):
            text += f"  {us[key]:6.1f} us {us[key] / us['hand']:4.2f}x"
        peers = keras_predict(network)
        if peers:
            best = min(peers, key=lambda k: peers[k])
            text += f"  {peers[best]:7.0f} us ({best}) {peers[best] / us['predict']:.0f}x"
        print(text, flush=True)


def bulk(rounds: int) -> None:
    """Print the rate of bulk prediction against the bare matrix products, and its peak memory."""
    rows, batch = 100_000, 1024
    model = build((784, [(512, "relu"), (512, "relu"), (10, "softmax")]))
    kernels = [w for w in model.get_weights() if w.ndim == 2]
    x = np.random.default_rng(0).random((rows, 784), dtype="float32")
    buffers = [np.empty((batch, k.shape[1]), "float32") for k in kernels]

    def products() -> None:
        for start in range(0, rows, batch):
            y = x[start : start + batch]
            for kernel, out in zip(kernels, buffers, strict=True):
                y = np.dot(y, kernel, out[: len(y)])

    times: dict[str, list[float]] = {"products": [], "predict": []}
    model.predict(x[: 2 * batch], batch_size=batch, verbose=0)
    for _ in range(rounds):
        start = perf_counter()
        products()
        times["products"].append(perf_counter() - start)
        start = perf_counter()
        model.predict(x, batch_size=batch, verbose=0)
        times["predict"].append(perf_counter() - start)
    bare, full = (statistics.median(times[key]) for key in ("products", "predict"))
    print(
        f"bulk predict, 784-512-512-10, {rows} rows: {rows / full:,.0f} rows/s, {bare / full:.3f} of the products' rate"
    )
    code = (
        "import resource, sys; sys.path[:0] = sys.argv[1:]\n"
        "import numpy as np, inference\n"
        "model = inference.build((784, [(512, 'relu'), (512, 'relu'), (10, 'softmax')]))\n"
        "x = np.ones((100_000, 784), 'float32'); out = np.ones((100_000, 10), 'float32')\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); model.predict(x, batch_size=1024, verbose=0); print((peak() - before) / 1024)\n"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-c", code, str(here), str(here.parent)]
    grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print(f"peak memory beyond input and output: {max(0.0, float(grown) - 100_000 * 10 * 4 / 2**20):.0f} MB")


def imports(rounds: int) -> None:
    """Print what importing minikeras costs beyond importing NumPy."""
    root = str(Path(__file__).parent.parent)
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import numpy; start = time.perf_counter()\n"
        "import minikeras; print((time.perf_counter() - start) * 1e3)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(rounds + 1):  # the first run compiles
        command = [sys.executable, "-c", code, root]
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        times.append(float(out.stdout))
    print(f"import minikeras, beyond numpy: {statistics.median(times[1:]):.1f} ms")


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    print(f"NumPy {np.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    one_row(rounds=5 if quick else 15, seconds=0.05 if quick else 0.2)
    bulk(rounds=3 if quick else 7)
    imports(rounds=5 if quick else 15)


if __name__ == "__main__":
    main()
