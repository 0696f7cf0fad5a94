"""Run scripts of `tests/scripts`, each as `__main__`, one after the other in this process, and tell what they printed.

    python tests/script_runs.py minikeras folder script.py ...    with minikeras in place of keras and tensorflow
    python tests/script_runs.py keras folder script.py ...        with Keras itself, on JAX

Scripts run in the folder, where small made-up tables and data sets are. Keras's initial weights are made those of its
NumPy backend, which are minikeras's.
"""

import contextlib
import gzip
import importlib
import io
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "agg")
os.environ["KERAS_BACKEND"] = "jax"
sys.path[0] = str(Path(__file__).parent.parent)

import numpy as np  # noqa: E402 - the path above is first for `minikeras` itself


def digits(rng: np.random.RandomState, n: int) -> tuple[Any, Any]:
    """Return images of ten kinds, each bright in another band of rows."""
    kinds = rng.randint(10, size=n)
    images = rng.randint(60, size=(n, 28, 28))
    for image, kind in zip(images, kinds, strict=True):
        image[2 * kind + 2 : 2 * kind + 8] += 150
    return images.astype("uint8"), kinds.astype("uint8")


def texts(rng: np.random.RandomState, n: int, kinds: int) -> tuple[Any, Any]:
    """Return lists of word numbers, and kinds that some words give away."""
    labels = rng.randint(kinds, size=n)
    found = np.empty(n, object)
    found[:] = [[*rng.randint(30, 150, 15 + rng.randint(9)).tolist(), *[5 + int(k)] * 4] for k in labels]
    return found, labels


def write_data(folder: Path) -> None:
    """Write the tables and data sets that the scripts read."""
    rng = np.random.RandomState(0)
    table = rng.rand(150, 8) * [10, 200, 100, 60, 300, 40, 2, 60]
    yes = table[:, 1] + 20 * rng.randn(150) > 90
    np.savetxt(folder / "diabetes.csv", np.column_stack([table, yes]), "%.3f", ",")
    sonar, rocks = rng.rand(90, 60), rng.rand(90) > 0.5
    sonar[rocks, :20] += 0.3
    rows = [
        ",".join([*(f"{v:.4f}" for v in row), "R" if rock else "M"]) for row, rock in zip(sonar, rocks, strict=True)
    ]
    (folder / "sonar.csv").write_text("\n".join(rows))
    houses = rng.rand(90, 13)
    np.savetxt(folder / "housing.csv", np.column_stack([houses, 10 + 20 * houses[:, 5]]), "%.3f", ",")
    lines = ["Survived,Pclass,Name,Sex,Age,Fare"]
    for i in range(120):
        woman, age = rng.rand() < 0.5, "" if rng.rand() < 0.1 else f"{rng.randint(1, 80)}"
        lines.append(
            f"{int(woman != (rng.rand() < 0.2))},{rng.randint(1, 4)},N {i},{['male', 'female'][woman]},{age},{i}.5"
        )
    (folder / "titanic.csv").write_text("\n".join(lines))
    lines = ["MPG,Cylinders,Horsepower,Weight,Origin"]
    for _ in range(100):
        power = rng.randint(50, 200)
        mpg, shown = 45 - power / 6 + rng.randn(), "?" if rng.rand() < 0.05 else power
        lines.append(f"{mpg:.1f},{rng.randint(3, 9)},{shown},{2000 + 10 * power},{rng.randint(1, 4)}")
    (folder / "fuel.csv").write_text("\n".join(lines))

    shelf = folder / "shelf"
    shelf.mkdir()
    (x, y), (x_test, y_test) = digits(rng, 300), digits(rng, 100)
    np.savez(shelf / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    for part, images, labels in (("train", x, y), ("t10k", x_test, y_test)):
        header = bytes([0, 0, 8, 3]) + len(images).to_bytes(4, "big") + bytes([0, 0, 0, 28, 0, 0, 0, 28])
        (shelf / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes(), 1))
        header = bytes([0, 0, 8, 1]) + len(labels).to_bytes(4, "big")
        (shelf / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(header + labels.tobytes(), 1))
    (x, y), (x_test, y_test) = texts(rng, 200, 2), texts(rng, 60, 2)
    np.savez(shelf / "imdb.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    x, y = texts(rng, 200, 6)
    np.savez(shelf / "reuters.npz", x=x, y=y)
    words = json.dumps({f"word{i}": i for i in range(1, 160)})
    (shelf / "imdb_word_index.json").write_text(words)
    (shelf / "reuters_word_index.json").write_text(words)
    np.savez(shelf / "boston_housing.npz", x=houses, y=10 + 20 * houses[:, 5])


def take_from(shelf: Path, *modules: Any) -> None:
    """Let modules find their data sets in a folder."""
    for module in modules:
        module.get_file = lambda fname=None, origin="", **options: str(shelf / origin.rpartition("/")[2])


def stand_in(shelf: Path) -> None:
    """Let minikeras stand in, with the data sets of a folder."""
    import minikeras.compat
    from minikeras.datasets import base

    take_from(shelf, base)
    minikeras.compat.install()


def real_keras(shelf: Path) -> None:
    """Import Keras, and give it the initial weights of its NumPy backend, and the data sets of a folder."""
    import jax
    from keras.src import backend
    from keras.src.random.seed_generator import draw_seed

    jax_numpy = backend.numpy
    drawn: Any = importlib.import_module("keras.src.backend.numpy.random")
    backend.numpy = jax_numpy  # the import has put NumPy's there
    drawn.draw_seed = lambda seed: np.asarray(draw_seed(seed)).tolist()

    def drawing(own: Any) -> Any:
        def draw(*args: Any, **kwargs: Any) -> Any:
            try:
                return backend.convert_to_tensor(getattr(drawn, own.__name__)(*args, **kwargs))
            except jax.errors.TracerArrayConversionError:  # only a shape is wanted
                return own(*args, **kwargs)

        return draw

    sets = ("boston_housing", "fashion_mnist", "imdb", "mnist", "reuters")
    take_from(shelf, *(importlib.import_module(f"keras.src.datasets.{name}") for name in sets))
    for name in ("uniform", "normal", "truncated_normal"):
        setattr(backend.random, name, drawing(getattr(backend.random, name)))


def run(path: Path, folder: Path) -> dict[str, Any]:
    """Run a script and return what it printed, and the traceback if it failed."""
    from minikeras.compat.script import failure, new_main

    os.chdir(folder)
    importlib.import_module("keras").utils.set_random_seed(7)
    if draws := sys.modules.get("minikeras.compat.tensorflow.draws"):
        draws.Seeds.given, draws.Seeds.of_weights = None, False  # what the script before has set
    out, error_text = io.StringIO(), None
    main = new_main(str(path), str(path.parent))
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        error = failure(
            lambda: exec(compile(path.read_bytes(), path, "exec", dont_inherit=True), vars(main)), vars(main)
        )
    if error is not None:
        error_text = "".join(traceback.format_exception(error))
    told = [str(w.message) for w in caught if w.category is DeprecationWarning and w.filename == str(path)]
    return {"out": out.getvalue(), "error": error_text, "told": told}


def main() -> None:
    """Run the scripts that the command line names, and print what came of them as JSON."""
    side, folder, *scripts = sys.argv[1:]
    scripts = [os.path.abspath(script) for script in scripts]
    write_data(Path(folder))
    (stand_in if side == "minikeras" else real_keras)(Path(folder) / "shelf")
    found = {}
    for script in scripts:
        found[Path(script).stem] = run(Path(script), Path(folder))
        sys.modules["keras"].utils.clear_session() if "keras" in sys.modules else None
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    print(json.dumps(found), file=sys.__stdout__)


if __name__ == "__main__":
    main()
