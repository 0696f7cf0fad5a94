"""A small convolutional network beside PyTorch's, and models of a graph beside the equal Sequential.

    python benchmarks/images.py [--rounds 15] [--quick]

The network: images 28 x 28 x 1, 8 and 16 filters of 3 x 3 with relu, each followed by max pooling, Dense of 10, batch
64, Adam. Every contender trains in a process of its own that asks for all cores; rounds are interleaved, and a time
is the least over them, since other work on the machine only adds to it. Printed are ratios: PyTorch's time of a step
by ours (asked: at least 0.5), our peak memory by PyTorch's (asked: below 1.5), and the step of a graph by that of the
equal Sequential (asked: at most 1.1), for this network and for one of 2-3-1 units, where a step is little but
overhead. Before that, both train an epoch from the same weights on the same batches, and must come to the same loss.
Without PyTorch, the graphs alone are measured. Peak memory needs Linux.
"""

import argparse
import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import minikeras as keras
from benchmarks.server import peak_memory

BATCH, CLASSES, RATE = 64, 10, 0.001
SHAPES = [(3, 3, 1, 8), (8,), (3, 3, 8, 16), (16,), (400, CLASSES), (CLASSES,)]
"""Those of the network's weights."""


def data(steps: int) -> tuple[Any, Any]:
    """Return images and their classes, which depend on them."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((steps * BATCH, 28, 28, 1), "float32")
    x[:, 4:16, 4:16] += (y := rng.integers(0, CLASSES, len(x)))[:, None, None, None] / CLASSES
    return x, y.astype("int64")


def weights() -> list[Any]:
    """Return the weights that the network starts from."""
    rng = np.random.default_rng(1)
    return [(rng.uniform(-1, 1, s) / np.prod(s[:-1]) ** 0.5).astype("float32") for s in SHAPES]


def chain(shape: tuple[int, ...], layers: list[Any], as_graph: bool) -> Any:
    """Return a model of these layers, as a Sequential or as a graph."""
    start = keras.Input(shape)
    if not as_graph:
        return keras.Sequential([start, *layers])
    end: Any = start
    for layer in layers:
        end = layer(end)
    return keras.Model(start, end)


def network(as_graph: bool = False) -> Any:
    """Return the convolutional network, compiled."""
    layers = keras.layers
    parts = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(16, 3, activation="relu"),
             layers.MaxPooling2D(), layers.Flatten(), layers.Dense(CLASSES)]  # fmt: skip
    model = chain((28, 28, 1), parts, as_graph)
    model.set_weights(weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss)
    return model


def tiny(as_graph: bool = False) -> Any:
    """Return a network of 2-3-1 units, compiled."""
    model = chain((2,), [keras.layers.Dense(3, "sigmoid"), keras.layers.Dense(1, "sigmoid")], as_graph)
    model.compile("adam", "binary_crossentropy")
    return model


class Ours:
    """The network as a Sequential, fitted."""

    def __init__(self, steps: int) -> None:
        self.x, self.y = data(steps)
        self.model = network()

    def fit(self, shuffle: bool) -> float:
        """Train for an epoch, and return its mean loss."""
        history = self.model.fit(self.x, self.y, batch_size=BATCH, shuffle=shuffle, verbose=0).history
        return float(history["loss"][0])


class Torch:
    """The network in PyTorch alone, with its fused optimizer."""

    def __init__(self, steps: int) -> None:
        torch: Any = importlib.import_module("torch")
        nn, (x, y) = torch.nn, data(steps)
        self.torch, self.steps = torch, steps
        self.x, self.y = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))), torch.from_numpy(y)
        self.model = nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, CLASSES),
        )  # fmt: skip
        for p, w in zip(self.model.parameters(), weights(), strict=True):
            if w.shape == (400, CLASSES):  # channels come first there
                w = w.reshape(25, 16, CLASSES).swapaxes(0, 1).reshape(400, CLASSES)
            p.data = torch.from_numpy(np.ascontiguousarray(w.transpose(3, 2, 0, 1) if w.ndim == 4 else w.T))
        self.optimizer = torch.optim.Adam(self.model.parameters(), RATE, eps=1e-7, fused=True)
        self.loss = nn.CrossEntropyLoss()

    def fit(self, shuffle: bool) -> float:
        """Train for an epoch, and return its mean loss."""
        torch, n = self.torch, len(self.x)
        total = torch.zeros(())
        for rows in (torch.randperm(n) if shuffle else torch.arange(n)).split(BATCH):
            self.optimizer.zero_grad()
            loss = self.loss(self.model(self.x[rows]), self.y[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return float(total) / self.steps


CONTENDERS: dict[str, Callable[[int], Any]] = {"minikeras": Ours, "torch": Torch}


def serve(name: str, steps: int) -> None:
    """Answer each line of standard input with the loss and the seconds of an epoch, and the peak memory so far in MB.

    The first epoch is not shuffled.
    """
    contender = CONTENDERS[name](steps)
    for i, _ in enumerate(sys.stdin):
        start = perf_counter()
        loss = contender.fit(shuffle=i > 0)
        print(json.dumps([loss, perf_counter() - start, peak_memory()]), flush=True)


def least(runs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the least of each over interleaved rounds."""
    found = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            found[name] = min(found[name], run())
            sleep(0.02)  # in which the threads of the last one stop spinning
    return found


def beside_torch(steps: int, rounds: int) -> dict[str, float]:
    """Return the ratios of time and memory, and by how much the losses of the first epoch differ.

    Raises:
        SystemExit: if that is not just rounding.
    """
    memory, losses, runs, workers = dict[str, float](), dict[str, float](), {}, []
    for name in CONTENDERS:
        command = [sys.executable, "-W", "ignore", __file__, "--serve", name, "--steps", str(steps)]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf8")
        workers.append(worker)

        def run(name: str = name, worker: "subprocess.Popen[str]" = worker) -> float:
            assert worker.stdin is not None
            assert worker.stdout is not None
            print(file=worker.stdin, flush=True)
            losses[name], seconds, memory[name] = json.loads(worker.stdout.readline())
            return float(seconds)

        runs[name] = run
    least(runs, 1)
    apart = abs(losses["minikeras"] - losses["torch"])
    seconds = least(runs, rounds + 1)  # one to warm up
    for worker in workers:
        worker.communicate()
    if apart > 1e-3:
        raise SystemExit(f"The two networks train differently: losses {losses}.")
    return {
        "losses differ by": apart,
        "milliseconds a step": seconds["minikeras"] / steps * 1e3,
        "PyTorch's": seconds["torch"] / steps * 1e3,
        "rate of PyTorch's": seconds["torch"] / seconds["minikeras"],
        "peak memory, MB": memory["minikeras"],
        "PyTorch's peak": memory["torch"],
        "memory of PyTorch's": memory["minikeras"] / memory["torch"],
    }


def graph_by_sequential(make: Callable[[bool], Any], x: Any, y: Any, rounds: int) -> float:
    """Return the time of a graph's step by that of the equal Sequential."""

    def timed(as_graph: bool) -> Callable[[], float]:
        model = make(as_graph)
        model.fit(x, y, batch_size=BATCH, verbose=0)

        def run() -> float:
            start = perf_counter()
            model.fit(x, y, batch_size=BATCH, verbose=0)
            return perf_counter() - start

        return run

    seconds = least({"graph": timed(True), "sequential": timed(False)}, rounds)
    return seconds["graph"] / seconds["sequential"]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="A small convolutional network beside PyTorch's.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=60, help="batches in an epoch")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.steps)
        return
    steps, rounds = (2, 1) if given.quick else (given.steps, given.rounds)
    if importlib.util.find_spec("torch") is not None:
        for name, figure in beside_torch(steps, rounds).items():
            print(f"{name:24s} {figure:10.3g}")
    x = np.random.default_rng(0).standard_normal((BATCH * steps * 10, 2), "float32")
    graphs = {"2-3-1": graph_by_sequential(tiny, x, (x > 0)[:, :1], rounds)}
    graphs["convolutions"] = graph_by_sequential(network, *data(steps), rounds)
    for name, figure in graphs.items():
        print(f"graph / Sequential, {name:12s} {figure:5.2f}")


if __name__ == "__main__":
    main()
