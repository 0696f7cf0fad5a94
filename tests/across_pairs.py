"""Seeded numbers, and saved models, that must be the same on every pair of Python and NumPy.

    python tests/across_pairs.py save DIR           # write models, pickles and what they give
    python tests/across_pairs.py check DIR ...      # read them, also where another pair wrote them

The files in tests/data/pairs were written on Python 3.11 with NumPy 2.0.2, and without the pickles: those name the
classes they are made of, so that they are for programs of one release.
"""

import pickle
import random as python_random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import minikeras as keras
from minikeras import Tensor, initializers, layers, ops, optimizers, random
from minikeras._base.typing import Array

SERIES = (np.arange(40).reshape(8, 5) * 7 % 11).astype("int32")
ROWS = np.sin(np.arange(32.0)).reshape(8, 4).astype("float32")
TARGETS = ROWS[:, :1] - ROWS[:, 1:2]
WORDS = np.array([["one two"], ["two three"], ["three one four"]], object)


def two_inputs(rate: float = 0.0) -> keras.Model:
    """Return a model of two inputs with weights of many kinds; files do not tell how far its dropout has drawn."""
    rows, series = keras.Input((4,), name="rows"), keras.Input((5,), dtype="int32", name="series")
    left = layers.Dropout(rate)(layers.BatchNormalization()(layers.Dense(6, activation="relu")(rows)))
    right = layers.LSTM(4)(layers.Embedding(11, 3)(series))
    model = keras.Model([rows, series], layers.Dense(1)(layers.Concatenate()([left, right])))
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def of_words() -> keras.Model:
    """Return a model that begins with a vocabulary."""
    words = layers.TextVectorization(output_sequence_length=3)
    words.adapt(WORDS)
    model = keras.Sequential([words, layers.Embedding(8, 3), layers.GlobalAveragePooling1D(), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1, momentum=0.9), "mse")
    return model


CASES: dict[str, tuple[Callable[[], keras.Model], Any, Array]] = {
    "two_inputs": (two_inputs, [ROWS, SERIES], TARGETS),
    "of_words": (of_words, WORDS, TARGETS[:3]),
}


def numbers() -> dict[str, Array]:
    """Return numbers of each kind that a seed decides: draws, weights, masks, orders, and a whole `fit`."""
    keras.utils.set_random_seed(7)
    found: dict[str, Any] = {
        "Python's stream": [python_random.random() for _ in range(3)],
        "NumPy's stream": np.random.rand(3),  # noqa: NPY002 - the stream that shuffles the rows of `fit`
        "order of rows": random.source.order(8),
        "unseeded": random.uniform((3,)),
        "normal": random.normal((3,), seed=1),
        "uniform": random.uniform((3,), seed=random.SeedGenerator(2)),
        "truncated_normal": random.truncated_normal((3,), seed=1),
        "randint": random.randint((6,), 0, 1000, seed=1),
        "gamma": random.gamma((3,), 0.5, seed=1),
        "beta": random.beta((3,), 0.5, 2.0, seed=1),
        "binomial": random.binomial((6,), 50, 0.3, seed=1),
        "categorical": random.categorical([[0.1, 0.2, 0.9]], 6, seed=1),
        "shuffle": random.shuffle(np.arange(8), seed=1),
        "dropout": random.dropout(np.ones(8), 0.5, seed=1),
    }
    for name in ("glorot_uniform", "he_normal", "orthogonal"):
        found[name] = ops.ravel(initializers.get({"class_name": name, "config": {"seed": 5}})((2, 3)))[:3]
    picture = np.arange(48.0).reshape(1, 4, 4, 3)
    found["augmentation"] = layers.RandomRotation(0.3, seed=1)(picture, training=True)[0, 1, :3, 0]
    model = two_inputs(0.2)
    found["first weights"] = model.get_weights()[0][0, :3]
    found["losses of fit"] = model.fit([ROWS, SERIES], TARGETS, batch_size=2, epochs=3, verbose=0).history["loss"]
    found["predictions"] = model.predict([ROWS, SERIES], verbose=0)[:3, 0]
    return {name: np.asarray(ops.convert_to_numpy(value)) for name, value in found.items()}


def trained_on(model: keras.Model, inputs: Any, targets: Array) -> Array:
    """Return the loss of one more step, which takes the optimizer's state as well, and what is predicted after it."""
    loss = model.test_on_batch(inputs, targets)
    model.train_on_batch(inputs, targets)
    return np.append(np.ravel(loss), model.predict(inputs, verbose=0))


def save(folder: Path, pickles: bool = True) -> None:
    """Write trained models in every format, and what they give."""
    folder.mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = {**numbers()}
    for name, (make, inputs, targets) in CASES.items():
        keras.utils.set_random_seed(1)
        model = make()
        model.fit(inputs, targets, epochs=2, batch_size=2, verbose=0)
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        model.save_weights(folder / f"{name}.weights.h5")
        model.save_weights(folder / f"{name}.npz")
        if pickles:
            kept = [model, model.optimizer, Tensor(ROWS), keras.Variable(ROWS), random.SeedGenerator(3)]
            (folder / f"{name}.pickle").write_bytes(pickle.dumps(kept))
        given[name] = model.predict(inputs, verbose=0)
        given[f"{name} trained on"] = trained_on(model, inputs, targets)
    np.savez_compressed(folder / "given.npz", **given)


def check(folder: Path) -> None:
    """Read what `save` wrote and compare what it gives."""
    with np.load(folder / "given.npz") as file:
        given = dict(file)

    def same(actual: Any, name: str) -> None:
        np.testing.assert_allclose(actual, given[name], rtol=1e-4, atol=1e-6, err_msg=f"{folder}: {name}")

    for name, value in numbers().items():
        same(value, name)
    for name, (_, inputs, targets) in CASES.items():
        whole = [keras.models.load_model(folder / f"{name}{ending}") for ending in (".keras", ".h5")]
        if (folder / f"{name}.pickle").exists():
            model, optimizer, tensor, variable, generator = pickle.loads((folder / f"{name}.pickle").read_bytes())
            whole.append(model)
            assert int(optimizer.iterations) == int(model.optimizer.iterations) > 0
            assert np.array_equal(tensor, ROWS)
            assert np.array_equal(variable, ROWS)
            assert random.uniform((), seed=generator) == random.uniform((), seed=3)
        for model in whole:
            same(model.predict(inputs, verbose=0), name)
            same(trained_on(model, inputs, targets), f"{name} trained on")
        for ending in (".weights.h5", ".npz"):
            model = keras.models.clone_model(whole[0])
            model.load_weights(folder / f"{name}{ending}")
            same(model.predict(inputs, verbose=0), name)


if __name__ == "__main__":
    command, *folders = sys.argv[1:]
    for folder in folders:
        {"save": save, "check": check}[command](Path(folder))
        print(f"{command} {folder}: NumPy {np.__version__}, Python {sys.version.split()[0]}")
