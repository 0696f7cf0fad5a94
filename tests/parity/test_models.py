"""Sequential beside Keras's own: summaries to the byte, configurations, predictions, the order of weights."""

import inspect
import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from tests.parity.errors import assert_same_error

Make = Callable[[Any], Any]


def mlp(k: Any, *units: int, features: int | None = 4, **options: Any) -> Any:
    entry = [] if features is None else [k.Input((features,))]
    return k.Sequential(entry + [k.layers.Dense(n, activation="relu") for n in units], **options)


def frozen(k: Any) -> Any:
    model = mlp(k, 8, 4, 2)
    model.layers[0].trainable = False
    return model


def all_frozen(k: Any) -> Any:
    model = mlp(k, 8, 4)
    model.trainable = False
    return model


def nested(k: Any) -> Any:
    inner = mlp(k, 8, 4, name="inner")
    return k.Sequential([k.Input((4,)), inner, k.layers.Dense(1)], name="outer")


def twice_nested(k: Any) -> Any:
    core = k.Sequential([k.Input((4,)), k.layers.Dense(3, name="deep")], name="core")
    middle = k.Sequential([k.Input((4,)), core, k.layers.Dropout(0.1)], name="middle")
    return k.Sequential([k.Input((4,)), middle, k.layers.Dense(1)], name="outer")


def called(k: Any) -> Any:
    model = mlp(k, 3, 2, features=None)
    model(np.ones((5, 4), "float32"))
    return model


def predicted(k: Any) -> Any:
    model = mlp(k, 3, 2, features=None)
    model.predict(np.ones((70, 4), "float32"), verbose=0)
    return model


def built(k: Any) -> Any:
    model = mlp(k, 3, 2, features=None)
    model.build((None, 7))
    return model


def popped(k: Any) -> Any:
    model = mlp(k, 3, 2, 1)
    model.pop()
    return model


def added(k: Any) -> Any:
    model = k.Sequential()
    model.add(k.Input((4,)))
    model.add(k.layers.Dense(2))
    model.add(k.layers.Activation("softmax"))
    return model


def custom(k: Any) -> Any:
    class Custom(k.layers.Layer):  # type: ignore[misc]  # of either package, so Any
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], 2), name="w")
            self.frozen = self.add_weight(shape=(3,), trainable=False, name="frozen")

        def call(self, x: Any) -> Any:
            return k.ops.matmul(x, self.w)

    with np.errstate(all="ignore"):  # Keras infers shapes on memory that it has not initialized
        return k.Sequential([k.Input((4,)), Custom(), k.layers.Dense(1)])


MODELS: dict[str, Make] = {
    "empty": lambda k: k.Sequential(),
    "empty_named": lambda k: k.Sequential(name="nothing"),
    "input_only": lambda k: k.Sequential([k.Input((3,))]),
    "unbuilt": lambda k: mlp(k, 3, 2, features=None),
    "unbuilt_mixed": lambda k: k.Sequential([k.layers.Dense(2), k.layers.Dropout(0.5), k.layers.Flatten()]),
    "built": built,
    "called": called,
    "predicted": predicted,
    "one": lambda k: mlp(k, 1, features=1),
    "three": lambda k: mlp(k, 25, 15, 1, features=400),
    "large": lambda k: mlp(k, 1024, 1024, 10, features=784),
    "larger": lambda k: mlp(k, 4096, 4096, features=3000),
    "long_names": lambda k: k.Sequential(
        [k.Input((2,)), k.layers.Dense(3, name="a_very_long_name_that_will_not_fit_into_its_column_at_all")],
        name="a model with a very long name " * 4,
    ),
    "brackets": lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(3, name="[bold]x")], name="[red]m"),
    "wide": lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(3, name="層の名前" * 6)]),
    "nested": nested,
    "twice_nested": twice_nested,
    "frozen": frozen,
    "all_frozen": all_frozen,
    "popped": popped,
    "added": added,
    "custom": custom,
    "rank4": lambda k: k.Sequential(
        [k.Input((28, 28, 1)), k.layers.Rescaling(1 / 255), k.layers.Flatten(), k.layers.Dense(10)]
    ),
    "open": lambda k: k.Sequential([k.Input((None, 3)), k.layers.Dense(2), k.layers.Activation("relu")]),
    "batch": lambda k: k.Sequential([k.Input(batch_shape=(16, 3)), k.layers.Dense(2)]),
    "noise": lambda k: k.Sequential(
        [
            k.Input((3,)),
            k.layers.GaussianNoise(0.1),
            k.layers.GaussianDropout(0.1),
            k.layers.AlphaDropout(0.1),
        ]
    ),
    "reshaping": lambda k: k.Sequential(
        [
            k.Input((6,)),
            k.layers.Reshape((2, 3)),
            k.layers.Permute((2, 1)),
            k.layers.Flatten(),
            k.layers.RepeatVector(2),
        ]
    ),
    "activations": lambda k: k.Sequential(
        [
            k.Input((3,)),
            k.layers.ReLU(),
            k.layers.LeakyReLU(),
            k.layers.PReLU(),
            k.layers.ELU(),
            k.layers.Softmax(),
        ]
    ),
    "normalization": lambda k: k.Sequential([k.Input((3,)), k.layers.Normalization(), k.layers.Dense(1)]),
    "regularized": lambda k: k.Sequential(
        [k.Input((3,)), k.layers.Dense(2, kernel_regularizer="l2", kernel_constraint="unit_norm")]
    ),
    "float64": lambda k: k.Sequential([k.Input((3,), dtype="float64"), k.layers.Dense(2, dtype="float64")]),
    "ten_layers": lambda k: mlp(k, *range(20, 10, -1)),
}


def text(model: Any, **options: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lambda line, *_, **__: lines.append(line), **options)
    return "\n".join(lines)


@pytest.mark.parametrize("name", MODELS)
def test_summaries_are_the_same_to_the_byte(name: str) -> None:
    ours, theirs = MODELS[name](minikeras), MODELS[name](keras)
    for options in (
        {},
        {"expand_nested": True},
        {"show_trainable": True},
        {"expand_nested": True, "show_trainable": True},
    ):
        for line_length in (None, *range(60, 141, 4)):
            arguments = {**options, "line_length": line_length}
            assert text(ours, **arguments) == text(theirs, **arguments)


def test_positions_and_layer_range() -> None:
    ours, theirs = (mlp(k, 5, 4, 3, 2) for k in (minikeras, keras))
    for options in (
        {"positions": [0.3, 0.6, 1.0]},
        {"layer_range": ("dense_1", "dense_2")},
        {"layer_range": ["dense_2", "dense_1"]},
        {"layer_range": ("dense_[12]", "dense_3")},
    ):
        assert text(ours, **options) == text(theirs, **options)
    for wrong in (
        {"layer_range": ("a", "b")},
        {"layer_range": ("dense",)},
        {"layer_range": (1, 2)},
        {"line_length": 5},
    ):
        for model in (ours, theirs):
            with pytest.raises(ValueError):  # noqa: PT011 - both refuse, in their own words
                text(model, **wrong)


@pytest.mark.parametrize("name", [n for n in MODELS if n != "custom"])
def test_configurations_travel_both_ways(name: str) -> None:
    ours, theirs = MODELS[name](minikeras), MODELS[name](keras)
    config = theirs.get_config()
    assert json.loads(json.dumps(ours.get_config())) == json.loads(json.dumps(config))
    assert json.loads(ours.to_json()) == json.loads(theirs.to_json())
    here = minikeras.models.model_from_json(theirs.to_json())
    there = keras.models.model_from_json(ours.to_json())
    assert json.loads(json.dumps(here.get_config())) == json.loads(json.dumps(there.get_config()))
    assert [w.shape for w in here.weights] == [w.shape for w in there.weights]


@pytest.mark.parametrize("name", [n for n in MODELS if n not in ("empty", "empty_named", "input_only", "larger")])
def test_weights_and_predictions(name: str) -> None:
    minikeras.utils.set_random_seed(5)
    ours = MODELS[name](minikeras)
    keras.utils.set_random_seed(5)
    theirs = MODELS[name](keras)
    shape = ours.layers[0]._build_shapes.get("input_shape") or (None, 4)
    if ours._own_graph is not None:
        shape = ours.input_shape
    x = np.random.default_rng(0).normal(size=[16 if n is None else n for n in shape]).astype("float32")
    wanted = theirs.predict(x, verbose=0)
    for _ in range(2):
        np.testing.assert_allclose(ours.predict(x, verbose=0), wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours(x).numpy(), wanted, rtol=1e-5, atol=1e-6)
    for v, w in zip(ours.weights, theirs.weights, strict=True):
        assert (v.path, v.shape, v.trainable) == (w.path, tuple(w.shape), w.trainable)
        assert np.array_equal(v.numpy().astype("float32"), w.numpy().astype("float32"))
    assert [v.path for v in ours.trainable_weights] == [w.path for w in theirs.trainable_weights]
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]


WRONG: dict[str, Callable[[Any], Any]] = {
    "not_a_layer": lambda k: k.Sequential([1]),
    "repeated_name": lambda k: k.Sequential([k.layers.Dense(1, name="a"), k.layers.Dense(1, name="a")]),
    "second_input": lambda k: k.Sequential([k.Input((1,)), k.Input((1,))]),
    "no_arguments": lambda k: mlp(k, 1).get_layer(),
    "both_arguments": lambda k: mlp(k, 1).get_layer("dense", 0),
    "unknown_name": lambda k: mlp(k, 1).get_layer("zzz"),
    "unknown_index": lambda k: mlp(k, 1).get_layer(index=7),
    "no_layers": lambda k: k.Sequential().build((None, 1)),
    "wrong_width": lambda k: mlp(k, 1).predict(np.ones((2, 3), "float32"), verbose=0),
    "wrong_width_call": lambda k: mlp(k, 1)(np.ones((2, 3), "float32")),
    "other_shape": lambda k: mlp(k, 1).build((None, 9)),
    "few_weights": lambda k: mlp(k, 1).set_weights([]),
    "wrong_weight": lambda k: mlp(k, 1).set_weights([np.ones((4, 1)), np.ones(2)]),
    "unbuilt_shape": lambda k: k.Sequential([k.layers.Dense(1)]).output_shape,
    "unbuilt_inputs": lambda k: k.Sequential([k.layers.Dense(1)]).inputs,
    "unbuilt_params": lambda k: k.Sequential([k.layers.Dense(1)]).count_params(),
    "pop_nothing": lambda k: k.Sequential().pop(),
    "bad_config": lambda k: k.Sequential.from_config({"layers": []}),
    "unknown_option": lambda k: k.Model(units=1),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_have_the_class_of_keras(name: str) -> None:
    assert_same_error(WRONG[name])


def test_signatures() -> None:
    def shown(function: Any) -> list[tuple[str, Any]]:
        return [
            (p.name, p.default) for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD
        ]

    for name in ("add", "pop", "build", "predict", "predict_on_batch", "summary", "to_json", "get_layer",
                 "get_config", "from_config", "get_weights", "set_weights", "count_params",
                 "compute_output_shape"):  # fmt: skip
        ours, theirs = getattr(minikeras.Sequential, name), getattr(keras.Sequential, name)
        assert shown(ours) == shown(theirs), name
    assert shown(minikeras.Sequential.__init__) == shown(keras.Sequential.__init__)
    for name in ("add_weight", "add_loss", "build_from_config", "get_build_config", "compute_output_spec"):
        ours = [p for p in shown(getattr(minikeras.Layer, name)) if p[0] != "args"]
        theirs = [p for p in shown(getattr(keras.Layer, name)) if p[0] not in ("args", "kwargs")]
        assert ours == theirs, name
