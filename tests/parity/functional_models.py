"""Models of a graph, written once for Keras and minikeras; as a program, Keras's training step of each on JAX."""

import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, cast

import numpy as np

Make = Callable[[Any], Any]
MODELS: dict[str, Make] = {}


def model(function: Make) -> Make:
    """Add a model under its name."""
    MODELS[function.__name__] = function
    return function


@model
def chain(k: Any) -> Any:
    x = k.Input((4,))
    return k.Model(x, k.layers.Dense(2)(k.layers.Dense(3, activation="relu")(x)))


@model
def two_inputs(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((3,), name="b")
    return k.Model([a, b], k.layers.Dense(2, name="out")(k.ops.concatenate([a, k.layers.Dense(3)(b)], axis=-1)))


@model
def residual(k: Any) -> Any:
    x = k.Input((4,), name="inputs")
    shared = k.layers.Dense(4, name="shared")
    start = k.Input((4,))
    tower = k.Model(start, k.layers.Dense(4)(k.layers.Dense(4)(start)), name="tower")
    total = k.layers.add([shared(x), shared(tower(x)), x * 2.0])
    merged = k.layers.Concatenate(name="a_rather_long_name_for_a_concatenation")([total, x, k.ops.relu(total)])
    return k.Model(x, [merged, total], name="residual")


@model
def outputs_in_a_list(k: Any) -> Any:
    x = k.Input((4,))
    h = k.layers.Dense(5, activation="tanh", name="hidden")(x)
    return k.Model(x, [k.layers.Dense(1, name="first")(h), k.layers.Dense(3, activation="softmax", name="second")(h)])


@model
def dicts(k: Any) -> Any:
    inputs = {"left": k.Input((4,), name="left"), "a": k.Input((2,), name="a")}
    h = k.layers.Concatenate()([k.layers.Dense(3)(inputs["left"]), inputs["a"]])
    return k.Model(inputs, {"z": k.layers.Dense(1, name="z")(h), "b": k.layers.Dense(2, name="b")(h)}, name="dicts")


@model
def tuples(k: Any) -> Any:
    a, b = k.Input((4,)), k.Input((4,))
    return k.Model((a, b), (k.layers.Add()([a, b]), k.layers.Dense(2)(a)))


@model
def shared_chain(k: Any) -> Any:
    x, dense = k.Input((4,)), k.layers.Dense(4)
    return k.Model(x, dense(dense(x)))


@model
def siamese(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    encoder = k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="relu"), k.layers.Dense(2)], name="encoder")
    distance = k.layers.Subtract()([encoder(a), encoder(b)])
    return k.Model([a, b], k.layers.Dense(1)(k.ops.square(distance)))


@model
def nested(k: Any) -> Any:
    x, y = k.Input((4,), name="x"), k.Input((2,), name="y")
    inner = k.Model([x, y], [k.layers.Dense(3)(x), k.layers.Concatenate()([x, y])], name="inner")
    a, b = k.Input((4,), name="a"), k.Input((2,), name="b")
    first, second = inner([a, b])
    third, _ = inner([second[:, :4], first[:, 1:]])
    return k.Model([a, b], [third, second], name="outer")


@model
def ends_in_a_model(k: Any) -> Any:
    x = k.Input((4,))
    inner = k.Model(x, k.layers.Dense(2)(x), name="inner")
    y = k.Input((4,))
    return k.Model(y, inner(k.layers.Dense(4)(y)))


@model
def features(k: Any) -> Any:
    base = chain(k)
    dense = base.get_layer("dense")
    return k.Model(base.input, [dense.output, base.output, base.layers[-1].input])


@model
def from_the_middle(k: Any) -> Any:
    x = k.Input((4,))
    h = k.layers.Dense(3, activation="relu")(x)
    y = k.layers.Dense(2)(k.layers.Dense(3)(h) + h)
    k.Model(x, y)
    return k.Model(h, y, name="upper")


@model
def new_input(k: Any) -> Any:
    first = chain(k)
    x = k.Input((4,))
    return k.Model(x, first.layers[2](first.layers[1](x)))


@model
def fixed_batch(k: Any) -> Any:
    x = k.Input((4,), batch_size=8)
    return k.Model(x, k.layers.Dense(2)(x) * 2)


@model
def operators(k: Any) -> Any:
    x = k.Input((4,), name="a")
    y = k.Input((3,), name="b")
    dense = k.layers.Dense(5)
    h = k.ops.relu(dense(x)) + dense(dense(x)[:, :4]) * 2.0 - 1
    z = k.ops.concatenate([h, y], axis=-1)[:, 1:3]
    total = 3.0 - k.ops.sum(z, axis=-1, keepdims=True) / 2
    cube = k.ops.transpose(k.ops.reshape(total**2, (-1, 1, 1)), (0, 2, 1))
    return k.Model({"a": x, "b": y}, [z, cube, abs(-total), k.ops.softmax(h, axis=-1), k.ops.clip(h, -1, 1)])


@model
def several_from_one_call(k: Any) -> Any:
    x = k.Input((6,))
    parts = k.ops.split(x, 3, axis=-1)
    return k.Model(x, k.layers.Add()([parts[2], k.layers.Dense(2)(parts[0])]))


@model
def numbers_in_the_graph(k: Any) -> Any:
    x = k.Input((3,))
    h = k.ops.multiply(x, np.array([1.0, 2.0, 3.0], "float32"))
    return k.Model(x, k.layers.Dense(1)(k.ops.where(h > 0.5, h, 0.0)))


@model
def unused_input(k: Any) -> Any:
    a, b, c = k.Input((4,), name="a"), k.Input((2,), name="b"), k.Input((1,), name="c")
    return k.Model([a, b, c], k.layers.Dense(1)(k.layers.Dense(2)(b)))


@model
def an_input_is_an_output(k: Any) -> Any:
    x = k.Input((4,))
    return k.Model(x, [x, k.layers.Dense(1)(x)])


@model
def integers(k: Any) -> Any:
    x, y = k.Input((), dtype="int32", name="label"), k.Input((3,), name="row")
    return k.Model([x, y], k.layers.Dense(2)(k.ops.one_hot(x, 3, dtype="float32") + y))


@model
def layers_of_many_kinds(k: Any) -> Any:
    x = k.Input((2, 3))
    flat = k.layers.Flatten()(x)
    a = k.layers.Dropout(0.5)(k.layers.Activation("relu")(flat))
    b = k.layers.Softmax()(k.layers.Reshape((3, 2))(flat))
    return k.Model(x, k.layers.Dense(1)(k.layers.Concatenate()([a, k.layers.Flatten()(b)])))


@model
def fixed_training(k: Any) -> Any:
    x = k.Input((4,))
    return k.Model(x, k.layers.Dropout(0.5, seed=1)(k.layers.Dense(3)(x), training=False))


@model
def a_model_first(k: Any) -> Any:
    return k.Sequential([chain(k), k.layers.Dense(1)], name="outer")


@model
def deep(k: Any) -> Any:
    x = y = k.Input((2,))
    for _ in range(12):
        y = k.layers.Dense(2)(y) + y
    return k.Model(x, y)


@model
def two_towers(k: Any) -> Any:
    user, item = k.Input((), dtype="int32", name="user"), k.Input((5,), name="item")
    left = k.layers.Dense(4, activation="relu")(k.layers.Embedding(3, 6, name="users")(user))
    right = k.layers.Dense(4)(k.layers.Dense(8, activation="relu")(item))
    likeness = k.layers.Dot(1, normalize=True, name="likeness")([left, right])
    return k.Model([user, item], k.layers.Dense(1, activation="sigmoid")(likeness), name="towers")


@model
def residual_block(k: Any) -> Any:
    x = k.Input((8, 8, 3))
    h = short = k.layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    for strides in (1, 2):
        h = k.layers.Activation("relu")(k.layers.BatchNormalization()(h))
        h = k.layers.Conv2D(6, 3, strides=strides, padding="same", kernel_initializer="he_normal")(h)
    h = k.layers.Add()([h, k.layers.Conv2D(6, 1, strides=2, name="shortcut")(short)])
    return k.Model(x, k.layers.Dense(3)(k.layers.GlobalAveragePooling2D()(k.layers.ReLU()(h))))


@model
def small_network_for_images(k: Any) -> Any:
    x = k.Input((28, 28, 1), name="image")
    h = k.layers.Rescaling(0.5)(x)
    for filters in (8, 16):
        h = k.layers.MaxPooling2D()(k.layers.Conv2D(filters, 3, activation="relu")(h))
    h = k.layers.Dropout(0.0)(k.layers.Flatten()(h))
    return k.Model(x, k.layers.Dense(10, activation="softmax")(h))


@model
def features_of_images(k: Any) -> Any:
    base = small_network_for_images(k)
    base.trainable = False
    inner = k.Model(base.inputs, [base.get_layer("conv2d").output, base.layers[-3].output], name="extractor")
    x = k.Input((28, 28, 1))
    maps, flat = inner(x)
    return k.Model(x, k.layers.Dense(2)(k.layers.Concatenate()([k.layers.GlobalMaxPooling2D()(maps), flat])))


@model
def autoencoder(k: Any) -> Any:
    image, code = k.Input((8, 8, 1), name="image"), k.Input((4,), name="code")
    h = k.layers.Conv2D(3, 3, strides=2, padding="same", activation="relu")(image)
    encoder = k.Model(image, k.layers.Dense(4, name="latent")(k.layers.Flatten()(h)), name="encoder")
    h = k.layers.Reshape((4, 4, 2))(k.layers.Dense(32, activation="relu")(code))
    h = k.layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu")(h)
    decoder = k.Model(code, k.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(h), name="decoder")
    x = k.Input((8, 8, 1))
    return k.Model(x, k.layers.Flatten()(decoder(encoder(x))), name="autoencoder")


@model
def text(k: Any) -> Any:
    words = k.Input((7,), dtype="int32", name="words")
    h = k.layers.Embedding(3, 5, mask_zero=True)(words)
    h = k.layers.GlobalAveragePooling1D()(k.layers.Dropout(0.0)(h))
    return k.Model(words, k.layers.Dense(1, activation="sigmoid")(k.layers.Dense(4, activation="relu")(h)))


@model
def text_by_windows(k: Any) -> Any:
    words = k.Input((9,), dtype="int32")
    h = k.layers.Embedding(3, 4)(words)
    parts = [k.layers.GlobalMaxPooling1D()(k.layers.Conv1D(3, n, activation="tanh")(h)) for n in (2, 3, 4)]
    return k.Model(words, k.layers.Dense(2, activation="softmax")(k.layers.concatenate(parts)))


@model
def image_and_numbers(k: Any) -> Any:
    image, numbers = k.Input((6, 6, 2), name="image"), k.Input((3,), name="numbers")
    h = k.layers.AveragePooling2D(2)(k.layers.SeparableConv2D(4, 3, padding="same", activation="relu")(image))
    flat = k.layers.Flatten()(h)
    h = k.layers.Concatenate()([flat, k.layers.LayerNormalization()(k.layers.Dense(5, activation="gelu")(numbers))])
    return k.Model([image, numbers], [k.layers.Dense(3, name="kind")(h), k.layers.Dense(1, name="price")(h)])


@model
def down_and_up(k: Any) -> Any:
    x = k.Input((8, 8, 2))
    first = k.layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    h = k.layers.Conv2D(4, 3, padding="same", activation="relu")(k.layers.MaxPooling2D()(first))
    h = k.layers.Concatenate()([k.layers.UpSampling2D(interpolation="bilinear")(h), first])
    h = k.layers.Cropping2D(1)(k.layers.ZeroPadding2D(1)(h))
    return k.Model(x, k.layers.Flatten()(k.layers.Conv2D(1, 1)(h)))


@model
def mobile(k: Any) -> Any:
    x = k.Input((8, 8, 3))
    h = k.layers.ReLU(6.0)(k.layers.GroupNormalization(2)(k.layers.Conv2D(6, 1)(x)))
    h = k.layers.DepthwiseConv2D(3, padding="same", dilation_rate=2)(h)
    weights = k.layers.GlobalAveragePooling2D(keepdims=True)(h)
    h = k.layers.Multiply()([h, k.layers.Conv2D(6, 1, activation="sigmoid")(weights)])
    return k.Model(x, k.layers.GlobalMaxPooling2D()(k.layers.Add()([k.layers.Conv2D(3, 1)(h), x])))


@model
def attention(k: Any) -> Any:
    x = k.Input((5, 4))
    q, v = (k.layers.EinsumDense("btd,de->bte", (5, 3), bias_axes="e")(x) for _ in range(2))
    scores = k.layers.Softmax()(k.layers.Dot((2, 2))([q, v]) / 3**0.5)
    h = k.layers.Dot((2, 1))([scores, v])
    h = k.layers.TimeDistributed(k.layers.Dense(4, activation="relu"))(h)
    return k.Model(x, k.layers.GlobalAveragePooling1D()(k.layers.RMSNormalization()(k.layers.Average()([h, x]))))


@model
def gates(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    experts = [k.layers.Dense(3, activation="tanh")(x) for x in (a, b)]
    gate = k.layers.Dense(2, activation="softmax")(k.layers.Maximum()([a, b]))
    mixed = k.layers.Add()([gate[:, i : i + 1] * expert for i, expert in enumerate(experts)])
    return k.Model([a, b], k.layers.Minimum()([mixed, k.layers.UnitNormalization()(k.layers.Subtract()(experts))]))


def own_layers(k: Any) -> Any:
    """Return a model with layers of a user's, which are built lazily within `call`."""

    class Gate(k.layers.Layer):  # type: ignore[misc]  # of either package, so Any
        def __init__(self) -> None:
            super().__init__()
            self.dense = k.layers.Dense(3, activation="sigmoid")

        def call(self, x: Any, by: Any, training: bool = False) -> Any:
            return k.layers.Dense.__call__(self.dense, by) * x

    class Net(k.Model):  # type: ignore[misc]  # of either package, so Any
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = k.layers.Dense(3), k.Sequential([k.layers.Dense(2)])

        def call(self, x: Any) -> Any:
            return self.b(self.a(x))

    x = k.Input((3,))
    with np.errstate(all="ignore"):  # Keras infers shapes on memory that it has not initialized
        gated = Gate()(x, by=x)
        return k.Model(x, [Net()(gated), gated])


def data(m: Any, rows: int = 8) -> Any:
    """Return inputs in the structure that a model was made of."""
    rng = np.random.default_rng(0)

    def array(x: Any) -> Any:
        shape = [rows if n is None else n for n in x.shape]
        return rng.integers(0, 3, shape).astype(x.dtype) if "int" in x.dtype else rng.normal(size=shape).astype(x.dtype)

    found = {x.name: array(x) for x in m.inputs}
    if isinstance(getattr(m, "input", None), dict):
        return found
    return list(found.values()) if len(found) > 1 else next(iter(found.values()))


def fill(m: Any) -> Any:
    """Give a model the same weights in both libraries."""
    rng = np.random.default_rng(1)
    least = [0.1 if "variance" in w.path else -0.6 for w in m.weights]
    m.set_weights([rng.uniform(a, 0.6, w.shape).astype("float32") for a, w in zip(least, m.weights, strict=True)])
    return m


TRAINED = ["chain", "two_inputs", "residual", "outputs_in_a_list", "dicts", "tuples", "siamese", "nested", "features",
           "from_the_middle", "operators", "an_input_is_an_output", "a_model_first", "two_towers", "residual_block",
           "small_network_for_images", "features_of_images", "autoencoder", "text", "text_by_windows",
           "image_and_numbers", "down_and_up", "mobile", "attention", "gates"]  # fmt: skip
"""Models of which Keras's steps are affordable: it compiles each anew."""


def trained(k: Any, name: str) -> dict[str, Any]:
    """Return the losses and metrics of two steps of gradient descent, what `evaluate` says then, and the weights."""
    m = fill(MODELS[name](k))
    x, weights = data(m), cast(Any, np.linspace(0, 1, 8))
    y: Any = [np.full((8, *y.shape[1:]), 0.5, "float32") for y in m.outputs]
    options: dict[str, Any] = {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse"]}
    if isinstance(getattr(m, "output", None), dict):
        names = m.output_names
        y = dict(zip(names, y, strict=True))
        weights = dict.fromkeys(names, weights)
        options = {
            "loss": dict(zip(names, ["mse", "mae"], strict=True)),
            "loss_weights": dict(zip(names, [0.5, 2.0], strict=True)),
            "metrics": {names[0]: ["mae"]},
        }
    elif len(y) > 1:
        places = range(len(y))
        options = {"loss": ["mse"] * len(y), "loss_weights": [1.0 + i for i in places], "metrics": [["mae"]] * len(y)}
        weights = [weights for _ in places]
    else:
        y = y[0]
    m.compile(k.optimizers.SGD(0.001), **options)
    history = m.fit(x, y, sample_weight=weights, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    return {
        "history": history,
        "evaluate": m.evaluate(x, y, batch_size=3, verbose=0, return_dict=True),
        "weights": [np.array(w).tolist() for w in m.get_weights()],
    }


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "jax"
    warnings.simplefilter("ignore")
    import keras

    for name in sys.argv[1:]:
        keras.utils.clear_session(free_memory=False)
        print(json.dumps(trained(keras, name)), flush=True)
