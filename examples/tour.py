"""The best of minikeras in five minutes, in a terminal; parts that need h5py, onnx or Keras run if these are installed.

python examples/tour.py       In a terminal each chapter waits for Enter.
"""

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

import minikeras as keras
from minikeras.layers import Dense

Rows = NDArray[np.float32]

IN_KERAS = """
import os, sys
from importlib.util import find_spec
os.environ.setdefault("KERAS_BACKEND", "jax" if find_spec("jax") else "torch" if find_spec("torch") else "tensorflow")
from time import perf_counter
import keras, numpy as np
model, data = keras.models.load_model(sys.argv[1]), np.load(sys.argv[2])
x, y = data["x"], data["y"]
outputs = model.predict(x, verbose=0)
model.fit(x, y, verbose=0)
start = perf_counter()
model.fit(x, y, epochs=20, verbose=0)
fit = perf_counter() - start
model.predict(x[:1], verbose=0)
start = perf_counter()
for _ in range(50):
    model.predict(x[:1], verbose=0)
print(keras.__version__, keras.backend.backend(), abs(outputs - data["outputs"]).max(), fit / 20,
      (perf_counter() - start) / 50)
"""
"""Runs real Keras on our file in its own process: prints version, backend, difference, and two times in seconds."""


def chapter(title: str) -> None:
    """Begin a chapter; in a terminal, wait for the reader to press Enter."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        input("\n[Enter] ")
    print(f"\n--- {title} {'-' * (74 - len(title))}\n")


def two_arms(count: int, seed: int = 0) -> tuple[Rows, Rows]:
    """Return points on the two arms of a spiral, (2 count, 2), and the number of each point's arm, (2 count, 1)."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([0, 1], count)
    turn = rng.uniform(0.3, 2.2, 2 * count)
    angle = np.pi * (turn + arm)
    x = turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) + rng.normal(0, 0.08, (2 * count, 2))
    return x.astype("float32"), arm[:, None].astype("float32")


def draw(model: keras.Model, x: Rows, y: Rows, width: int = 64, height: int = 22) -> str:
    """Return the plane as text: a shade for the predicted arm, o and x for the points."""
    across, down = np.linspace(-2.5, 2.5, width), np.linspace(2.5, -2.5, height)
    grid = np.stack(np.meshgrid(across, down), -1).reshape(-1, 2).astype("float32")
    shades = np.array([" ", ".", ":", "+", "#"])
    pixels = shades[np.minimum((model.predict(grid, verbose=0) * 5).astype(int), 4)].reshape(height, width)
    for (right, up), arm in zip(x[::6], y[::6, 0], strict=True):
        pixels[np.abs(down - up).argmin(), np.abs(across - right).argmin()] = "x" if arm else "o"
    return "\n".join("".join(row) for row in pixels)


def seconds(model: keras.Model, x: Rows, y: Rows) -> tuple[float, float]:
    """Return the seconds of an epoch of `fit`, and of `predict` on one row."""
    model.fit(x, y, verbose=0)
    start = perf_counter()
    model.fit(x, y, epochs=20, verbose=0)
    fit = (perf_counter() - start) / 20
    start = perf_counter()
    for _ in range(500):
        model.predict(x[:1], verbose=0)
    return fit, (perf_counter() - start) / 500


def main() -> None:
    """Run all chapters."""
    print(f"minikeras {keras.__version__} on NumPy {np.__version__} and nothing else.")

    chapter("A model, written as for Keras")
    keras.utils.set_random_seed(3)
    x, y = two_arms(400)
    model = keras.Sequential([keras.Input((2,)), Dense(32, "tanh"), Dense(32, "tanh"), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.summary()

    chapter("Training: two arms of a spiral, 800 points")
    stop = keras.callbacks.EarlyStopping("accuracy", patience=20, restore_best_weights=True)
    start = perf_counter()
    history = model.fit(x, y, epochs=150, verbose=0, callbacks=[stop])
    took = perf_counter() - start
    for epoch in sorted({0, 4, 19, 49, len(history.epoch) - 1}):
        loss, accuracy = history.history["loss"][epoch], history.history["accuracy"][epoch]
        print(f"epoch {epoch + 1:3d}   loss {loss:.4f}   accuracy {accuracy:.3f}   {'#' * int(40 * accuracy)}")
    print(f"\n{len(history.epoch)} epochs of 25 steps in {took:.2f} s. The last, with Keras's bar:")
    model.fit(x, y)
    fresh, arms = two_arms(300, seed=1)
    score = model.evaluate(fresh, arms, verbose=0, return_dict=True)
    print(f"Accuracy on 600 new points: {score['accuracy']:.3f}")
    assert score["accuracy"] > 0.95

    chapter("What it has learned: the plane as the model sees it")
    print(draw(model, x, y))

    with tempfile.TemporaryDirectory() as folder:
        chapter("A file")
        outputs = model.predict(x, verbose=0)
        path = Path(folder) / ("spiral.keras" if find_spec("h5py") else "spiral.npz")
        if path.suffix == ".keras":
            model.save(path)
            twin = keras.models.load_model(path)
        else:
            print('(.keras files are written by h5py: python -m pip install ".[h5]". Here weights alone.)')
            model.save_weights(path)
            twin = keras.models.clone_model(model)
            twin.load_weights(path)
        same = np.array_equal(twin.predict(x, verbose=0), outputs)
        print(f"{path.name}: {path.stat().st_size:,} bytes; loaded with NumPy alone, equal predictions: {same}")
        assert same

        chapter("Beside Keras")
        fit, row = seconds(model, x, y)
        print(f"here          an epoch of fit {fit * 1e3:8.2f} ms    predict of one row {row * 1e6:10.0f} us")
        if find_spec("keras") is None or path.suffix != ".keras":
            print("(Where Keras and h5py are installed, this chapter loads the file there, compares, and times both.)")
        else:
            np.savez(Path(folder) / "data.npz", x=x, y=y, outputs=outputs)
            command = [sys.executable, "-W", "ignore", "-c", IN_KERAS, str(path), str(Path(folder) / "data.npz")]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            version, backend = answer[-5:-3]
            difference, their_fit, their_row = map(float, answer[-3:])
            print(f"Keras {version:8s}an epoch of fit {their_fit * 1e3:8.2f} ms    "
                  f"predict of one row {their_row * 1e6:10.0f} us    (on {backend})")  # fmt: skip
            print(f"The same file there: predictions differ by {difference:.0e} at most.")
            assert difference < 1e-5

        chapter("A file for everywhere")
        if find_spec("onnx") is None:
            print('(ONNX files need onnx: python -m pip install ".[onnx]")')
        else:
            twin.export(Path(folder) / "spiral.onnx", format="onnx", verbose=False)
            print(
                f"spiral.onnx: {(Path(folder) / 'spiral.onnx').stat().st_size:,} bytes, for onnxruntime in any language"
            )
    print("\nWhere to go on: README.md, docs/names.md for what there is, docs/inside.md for how it works.")


if __name__ == "__main__":
    main()
