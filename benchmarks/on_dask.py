"""Predictions and evaluations of a data set larger than memory, on a cluster of processes (extra `dask`).

    python benchmarks/on_dask.py                      20 GB on 1, 2 and 4 workers
    python benchmarks/on_dask.py --gigabytes 4 0.5    4 GB, then 0.5 GB

The chunks, of 16 MB, are drawn when a worker needs them, so the data set exists on paper only. Prints, for each number
of workers and size: seconds of `predict` (whose mean is taken) and of `evaluate`, seconds of processors, rows a second,
and the largest resident memory of a worker, which should not grow. Needs Linux, for /proc.
"""

import argparse
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import minikeras as keras

COLUMNS, ROWS = 128, 1 << 15
"""Of a chunk, float32: 16 MB."""


def draw(block_info: Any = None) -> Any:
    """Return the rows of one chunk."""
    place = block_info[None]["chunk-location"][0]
    return np.random.default_rng(place).random((ROWS, COLUMNS), "float32")


def peak() -> float:
    """Return the largest resident memory of a process so far, in MB."""
    line = next(s for s in Path("/proc/self/status").read_text("utf8").splitlines() if s.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(client: Client, gigabytes: float) -> str:
    """Run over so much data, and return a line of figures."""
    count = max(1, round(gigabytes * 2**30 / (4 * ROWS * COLUMNS)))
    chunks = (count * (ROWS,), (COLUMNS,))
    x = da.map_blocks(draw, chunks=chunks, dtype="float32", meta=np.empty((0, 0), "float32"))
    y = x[:, :1]
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((COLUMNS,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(1)])
    model.compile(loss="mse")
    figures = []
    for run in (lambda: np.asarray(model.predict(x, batch_size=1024).mean()), lambda: model.evaluate(x, y, 1024)):
        start, before = perf_counter(), sum(client.run(process_time).values())
        assert np.isfinite(run())
        seconds, busy = perf_counter() - start, sum(client.run(process_time).values()) - before
        figures.append(f"{seconds:6.1f} s ({busy:5.1f} s of processors), {count * ROWS / seconds / 1e3:5.0f} k rows/s")
    memory = max(client.run(peak).values())
    return f"{x.nbytes / 2**30:6.2f} GB   predict {figures[0]}   evaluate {figures[1]}   {memory:5.0f} MB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[20.0], help="sizes to run over")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="numbers of processes")
    arguments = parser.parse_args()
    for workers in arguments.workers:
        for size in arguments.gigabytes:
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")
            with cluster, Client(cluster) as c:
                measure(c, 0.1)  # everything is imported and traced
                print(f"{workers} workers {measure(c, size)}", flush=True)
