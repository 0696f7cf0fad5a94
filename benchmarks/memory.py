"""Memory that `fit` takes over a data set larger than memory: a 4 GB file, read through `np.memmap`.

    python benchmarks/memory.py

Prints, for each of two epochs, the largest resident memory that is not file cache, beyond what the process had before,
and the ratio of the two epochs. Needs Linux, whose /proc tells anonymous memory from the pages of files. The file is
sparse, so it takes no room on the disk; reading it costs what reading zeros costs.
"""

import tempfile
from pathlib import Path

import numpy as np

import minikeras as keras

ROWS, COLUMNS, BATCH = 1_000_000, 1024, 256
LIMIT = 400
"""Megabytes."""


def anonymous() -> float:
    """Return the process's resident memory without the pages of files, in MB."""
    for line in Path("/proc/self/status").read_text(encoding="utf8").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise SystemExit("This benchmark needs /proc/self/status with RssAnon, which Linux has.")


class Watch(keras.callbacks.Callback):
    """Keeps the largest memory of each epoch, looked at every 50 batches."""

    def __init__(self) -> None:
        super().__init__()
        self.peaks: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start anew."""
        self.peaks.append(anonymous())

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look."""
        if batch % 50 == 0:
            self.peaks[-1] = max(self.peaks[-1], anonymous())


def measure(shuffle: bool) -> None:
    """Train for two epochs and print what they took."""
    with tempfile.TemporaryDirectory() as folder:
        x = np.memmap(Path(folder) / "x.bin", "float32", "w+", shape=(ROWS, COLUMNS))
        y = np.memmap(Path(folder) / "y.bin", "float32", "w+", shape=(ROWS, 1))
        model = keras.Sequential([keras.Input((COLUMNS,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        watch, before = Watch(), anonymous()
        model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=shuffle, verbose=0, callbacks=[watch])
        first, second = (peak - before for peak in watch.peaks)
        print(
            f"{x.nbytes / 2**30:.1f} GB, shuffle={shuffle}: first epoch {first:.0f} MB, second {second:.0f} MB "
            f"(ratio of the peaks {watch.peaks[1] / watch.peaks[0]:.2f}), limit {LIMIT} MB"
        )
        assert max(first, second) < LIMIT


if __name__ == "__main__":
    for shuffle in (False, True):
        measure(shuffle)
