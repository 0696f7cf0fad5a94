"""Write pickles of what users pickle, with the minikeras at hand, each with what it computed then.

    python tests/data/pickles/make_pickles.py

`tests/test_pickles.py` loads them. They were written before the modules of the package were moved into folders, and
are to be loaded ever after: do not write them anew, write others beside them.
"""

import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

import minikeras as keras
from minikeras import layers

X = np.linspace(-1, 1, 16, dtype="float32").reshape(4, 4)
Y = np.array([0, 1, 2, 1])


def copy(thing: Any) -> Any:
    """Return a thing as it is now."""
    return pickle.loads(pickle.dumps(thing))


def made_layers() -> dict[str, tuple[Any, Any, Any]]:
    """Return layers by name, each with an input and what it gives for it."""
    image, steps, integers = X.reshape(1, 4, 4, 1), X.reshape(1, 4, 4), np.array([[0, 2, 1]])
    texts = np.array(["a b", "b c"])
    lookup = layers.StringLookup(vocabulary=["a", "b"])
    vectorize = layers.TextVectorization(output_sequence_length=3, vocabulary=["a", "b"])
    normalization = layers.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 4, 9, 16])
    rows: Iterable[tuple[keras.Layer, Any]] = [
        (layers.Dense(2, activation="relu", kernel_regularizer="l2", bias_constraint="max_norm"), X),
        (layers.Activation("gelu"), X),
        (layers.PReLU(), X),
        (layers.Dropout(0.5, seed=1), X),
        (layers.Embedding(3, 2), integers),
        (layers.Conv2D(2, 3), image),
        (layers.SeparableConv2D(2, 3), image),
        (layers.MaxPooling2D(), image),
        (layers.BatchNormalization(), X),
        (layers.LayerNormalization(), X),
        (layers.LSTM(2), steps),
        (layers.Bidirectional(layers.GRU(2, return_sequences=True)), steps),
        (layers.ConvLSTM1D(1, 2), X.reshape(1, 2, 8, 1)),
        (layers.TimeDistributed(layers.Dense(1)), steps),
        (layers.Flatten(), image),
        (layers.Rescaling(2.0), X),
        (layers.RandomFlip(seed=1), image),
        (layers.Hashing(3), integers),
        (lookup, np.array(["b", "a", "z"])),
        (vectorize, texts),
        (normalization, X),
    ]
    found = {}
    for layer, x in rows:
        layer(x)
        found[type(layer).__name__] = (copy(layer), x, np.asarray(layer(x)))
    attention = layers.MultiHeadAttention(1, 2)
    return {**found, "MultiHeadAttention": (attention, (steps, steps), np.asarray(attention(steps, steps)))}


def made_models() -> dict[str, tuple[Any, ...]]:
    """Return trained models by name, each with an input, its predictions, targets, and predictions one epoch later."""
    sequential = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    sequential.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    sequential.fit(X, Y, epochs=2, verbose=0)
    inputs = keras.Input((4,), name="x")
    left = layers.Dense(2, activation="tanh")(inputs)
    outputs = layers.Concatenate()([left, inputs * 2.0 + keras.ops.sin(inputs)])
    functional = keras.Model(inputs, layers.Dense(1)(outputs))
    functional.compile(keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.Huber(), metrics=[keras.metrics.AUC()])
    functional.fit(X, Y > 1, epochs=2, verbose=0)
    found = {}
    for name, model, targets in (("Sequential", sequential, Y), ("Functional", functional, Y > 1)):
        before, kept = model.predict(X, verbose=0), copy(model)
        model.fit(X, targets, shuffle=False, verbose=0)
        found[name] = (kept, X, np.asarray(before), targets, np.asarray(model.predict(X, verbose=0)))
    return found


def made_optimizers() -> dict[str, tuple[Any, Any, Any]]:
    """Return optimizers by name, each with a variable it has updated once, and the value after a second time."""
    found = {}
    names = "SGD RMSprop Adam AdamW Adadelta Adagrad Adamax Adafactor Nadam Ftrl Lion Lamb LossScaleOptimizer".split()  # noqa: SIM905
    for name in names:
        cls = getattr(keras.optimizers, name)
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
        optimizer = cls(keras.optimizers.SGD(rate)) if name == "LossScaleOptimizer" else cls(rate)
        variable = keras.Variable(np.array([1.0, 2.0], "float32"), name="v")
        optimizer.apply([np.array([0.5, -0.5], "float32")], [variable])
        pair = copy((optimizer, variable))
        optimizer.apply([np.array([0.5, -0.5], "float32")])
        found[name] = (*pair, np.asarray(variable.value))
    return found


def made_others() -> dict[str, Any]:
    """Return other objects by their classes' names, and what a test can tell them by."""
    history = keras.Sequential([layers.Dense(1)])
    history.compile("sgd", "mse")
    metric = keras.metrics.Mean()
    metric.update_state([1.0, 3.0])
    things = [
        *(keras.losses.MeanSquaredError(), keras.losses.CTC(), keras.losses.Dice(), keras.losses.CosineSimilarity()),
        *(keras.losses.Hinge(), keras.losses.KLDivergence(), metric, keras.metrics.SparseCategoricalAccuracy()),
        *(keras.metrics.AUC(num_thresholds=5), keras.metrics.F1Score(), keras.metrics.MeanIoU(2)),
        *(keras.metrics.Precision(), keras.metrics.R2Score(), keras.metrics.MeanMetricWrapper(keras.losses.mse)),
        *(keras.initializers.GlorotUniform(1), keras.regularizers.L1L2(0.1, 0.2), keras.constraints.MaxNorm(3)),
        *(keras.DTypePolicy("mixed_float16"), keras.InputSpec(ndim=2), keras.random.SeedGenerator(1)),
        *(
            keras.callbacks.EarlyStopping(patience=2),
            keras.callbacks.CSVLogger("log"),
            keras.callbacks.ModelCheckpoint("x.keras"),
        ),
        *(
            keras.callbacks.LearningRateScheduler(float),
            keras.callbacks.LambdaCallback(),
            keras.callbacks.TensorBoard("logs"),
        ),
        history.fit(X, Y, epochs=1, verbose=0),
        *(keras.Variable([1.0, 2.0], name="v"), keras.ops.convert_to_tensor([1.0, 2.0])),
        keras.KerasTensor((None, 2), "int32", name="x"),
        keras.layers.LSTMCell(2),
    ]
    return {type(thing).__name__: thing for thing in things}


def named() -> dict[str, Any]:
    """Return public classes and functions by address, one of each file that has some."""
    found: dict[str, tuple[str, Any]] = {}
    for part in ["", *keras.__all__]:
        home: Any = getattr(keras, part) if part else keras
        for name in getattr(home, "__all__", ()) if isinstance(home, ModuleType) else ():
            thing = getattr(home, name)
            if isinstance(thing, type | FunctionType) and thing.__module__.startswith("minikeras"):
                found.setdefault(thing.__module__, (f"{part}.{name}".lstrip("."), thing))
    return {address: thing for address, thing in found.values() if thing.__qualname__ == thing.__name__}


MAKERS: dict[str, Callable[[], dict[str, Any]]] = {
    "layers": made_layers,
    "models": made_models,
    "optimizers": made_optimizers,
    "others": made_others,
    "names": named,
}

if __name__ == "__main__":
    for name, make in MAKERS.items():
        keras.utils.set_random_seed(1)
        path = Path(__file__).parent / f"{name}.pickle"
        path.write_bytes(pickle.dumps(make(), protocol=4))
        print(path.name, path.stat().st_size)
