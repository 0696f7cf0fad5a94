"""Serve one contender, in a process of its own.

    python -m benchmarks.server NAME

It reads requests from standard input, one JSON object a line, and answers in the same form. Peers need not be
installed beside minikeras: this file, `contenders.py` and `workloads.py` need NumPy alone.
"""

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import packages_distributions, version
from pathlib import Path
from statistics import median
from time import perf_counter
from timeit import timeit
from typing import Any

import numpy as np

from benchmarks.contenders import CONTENDERS, library
from benchmarks.models import MODELS, OTHERS, STEPS
from benchmarks.workloads import Workload

LONGEST = float(os.environ.get("BENCHMARK_LONGEST", "20"))
"""Seconds that one timed run takes at most, even if its start-up is then more than 2 % of it."""


class Stopwatch:
    """Times runs of a function that takes how often to repeat its work, long enough that its start-up does not count.

    Args:
        run: The function.
        seconds: How long one timed run should take at least.

    Attributes:
        startup: The share of a timed run that is start-up.
    """

    def __init__(self, run: Callable[[int], object], seconds: float) -> None:
        self._run = run
        run(1)
        run(1)
        count = 1
        while (spent := self._time(count)) < seconds / 4:
            count *= 2
        each = spent / count
        extra = max(0.0, min(self._time(1) for _ in range(3)) - each) if count > 1 else 0.0
        self.repeats = max(1, int(min(max(seconds, 49 * extra), LONGEST) / each))
        self.startup = extra / (extra + self.repeats * each)

    def _time(self, count: int) -> float:
        start = perf_counter()
        self._run(count)
        return perf_counter() - start

    def measure(self) -> float:
        """Return the seconds that one repetition takes, from one run."""
        return self._time(self.repeats) / self.repeats


def peak_memory() -> float:
    """Return the largest resident memory of this process so far, in MB."""
    for line in Path("/proc/self/status").read_text(encoding="utf8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("Peak memory needs /proc/self/status with VmHWM, which Linux has.")


class Server:
    """Answers requests about one contender."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.make = CONTENDERS[name][0]
        self.watches: dict[tuple[str, Workload, str | None], tuple[Stopwatch, float]] = {}

    def versions(self) -> dict[str, str]:
        """Return the versions of what the contender uses."""
        distributions = packages_distributions()
        return {name: version(name) for module in CONTENDERS[self.name][1] for name in distributions[module][:1]}

    def time(self, mode: str, workload: Workload, seconds: float, variant: str | None = None) -> tuple[float, float]:
        """Return the microseconds of a step, a call or a row, and the share of start-up in the measurement."""
        key = mode, workload, variant
        if key not in self.watches:
            if variant is None:
                contender = self.make(workload)
            else:
                contender = importlib.import_module("benchmarks.variants").VARIANTS[variant](workload)
            self.watches[key] = self._watch(contender, mode, workload, seconds)
        watch, units = self.watches[key]
        gc.collect()
        return watch.measure() / units * 1e6, watch.startup

    def _watch(self, contender: Any, mode: str, workload: Workload, seconds: float) -> tuple[Stopwatch, float]:
        function = getattr(contender, mode)
        if mode in ("fit", "tape"):
            return Stopwatch(function, seconds), workload.steps
        rows = workload.bulk_rows if mode in ("bulk", "eager") else 1
        x = np.random.default_rng(2).standard_normal((rows, workload.features), "float32")

        def run(count: int) -> None:
            for _ in range(count):
                function(x)

        return Stopwatch(run, seconds), rows

    def model(self, name: str, seconds: float) -> dict[str, float]:
        """Return figures of a model: microseconds of a step and of one row, milliseconds until two steps are done.

        Then those of 256 rows predicted in one batch. The last figures are the time of a batch of a new size and, of
        sequences, of a new length, as multiples of that of the usual shape.
        """
        described = {**MODELS, **OTHERS}[name]
        keras, (x, y), batch = library(self.name), described.data(), described.batch
        other = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])  # what is imported and started once
        other.compile("adam", "mse")
        other.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=0)
        described.compiled(keras)
        start = perf_counter()
        model = described.compiled(keras)
        model.fit(x[: 2 * batch], y[: 2 * batch], batch_size=batch, verbose=0)
        first = perf_counter() - start

        def predict(rows: int, count: int) -> None:
            for _ in range(count):
                model.predict(x[:rows], batch_size=rows, verbose=0)

        self._fit = Stopwatch(lambda epochs: model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0), seconds)
        row, many = (Stopwatch(partial(predict, rows), seconds).measure() * 1e6 for rows in (1, 256))
        step = self.step()

        def times(model: Any, shapes: Sequence[tuple[int, int]]) -> float:
            """Return the time of new shapes (rows, length), each met once, as a multiple of that of the usual one."""
            usual = [(batch, x.shape[1])] * 9
            known, new = (
                [timeit(partial(model.train_on_batch, x[:n, :m], y[:n]), number=1) for n, m in each]
                for each in (usual, shapes)
            )
            return median(new) / median(known)

        figures = {"step, us": step, "one row, us": row, "256 rows, us": many, "two first steps, ms": first * 1e3}
        length = x.shape[1]
        figures["a new size, times"] = times(model, [(n, length) for n in range(batch - 3, batch)])
        if described.is_sequence:
            open_model = described.compiled(keras, any_length=True)
            figures["a new length, times"] = times(open_model, [(batch, n) for n in range(length - 3, length)])
        return figures

    def step(self) -> float:
        """Return the microseconds of a training step of the last model."""
        return self._fit.measure() / STEPS * 1e6

    def texts(self, rows: int) -> dict[str, float]:
        """Return what `TextVectorization` takes: to learn texts, to call them, at once and in batches; MB beyond."""
        keras, rng, known = library(self.name), np.random.default_rng(0), [f"word{i}" for i in range(20_000)]
        texts = [" ".join(known[k % len(known)] for k in rng.zipf(1.3, 200)) for _ in range(rows)]
        other = keras.layers.TextVectorization(10)  # what is imported and started once
        other.adapt(texts[:2])
        other(texts[:2])
        before, times = peak_memory(), [perf_counter()]
        layer = keras.layers.TextVectorization(10_000, output_sequence_length=200)
        layer.adapt(texts)
        times.append(perf_counter())
        layer(texts)
        times.append(perf_counter())
        for start in range(0, rows, 32):
            layer(texts[start : start + 32])
        adapt, call, batches = np.diff([*times, perf_counter()]) * 1e3
        return {"adapt, ms": adapt, "call, ms": call, "batches, ms": batches, "memory, MB": peak_memory() - before}

    def forget(self) -> None:
        """Let go of all models and data."""
        self.watches.clear()
        gc.collect()

    def memory(self, workload: Workload) -> tuple[float, float]:
        """Return the peak memory of training, in MB, and how much of it training took beyond data and imports."""
        contender = self.make(workload)
        before = peak_memory()
        contender.fit(3)
        return peak_memory(), peak_memory() - before

    def ask(self, function: str, workload: Workload) -> Any:
        """Return what a function of `variants.py` says, which only minikeras is asked."""
        return getattr(importlib.import_module("benchmarks.variants"), function)(workload)


def serve(name: str) -> None:
    """Answer requests until standard input ends. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf8")
    os.dup2(2, 1)
    server = Server(name)
    for line in sys.stdin:
        method, arguments = json.loads(line)
        if "workload" in arguments:
            arguments["workload"] = _workload(*arguments["workload"])
        print(json.dumps(getattr(server, method)(**arguments)), file=answers, flush=True)


def _workload(features: int, units: list[int], activations: list[str], *rest: Any) -> Workload:
    return Workload(features, tuple(units), tuple(activations), *rest)


if __name__ == "__main__":
    serve(sys.argv[1])
