"""Models of a graph beside Keras's: values, order, names, configurations, summaries to the byte, training, errors."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from tests.parity import functional_models
from tests.parity.errors import assert_same_error
from tests.parity.functional_models import MODELS, TRAINED, data, fill, own_layers, trained


def text(model: Any, **options: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lambda line, *_, **__: lines.append(line), **options)
    return "\n".join(lines)


def plain(config: Any) -> Any:
    """Return a configuration as JSON has it; Keras's NumPy backend cannot tell its own tensors from arrays."""
    return json.loads(json.dumps(config).replace("__tensor__", "__numpy__"))


def arrays(outputs: Any) -> list[Any]:
    """Return outputs as a list of arrays."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    if isinstance(outputs, list | tuple):
        return [array for item in outputs for array in arrays(item)]
    return [np.asarray(outputs)]


def same_values(ours: Any, theirs: Any) -> None:
    for a, b in zip(arrays(ours), arrays(theirs), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        scale = np.abs(b).max(initial=1)  # a sum is rounded in proportion to its terms, otherwise on each processor
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * scale)


@pytest.mark.parametrize("name", [*MODELS, "own_layers"])
def test_values_order_and_names(name: str) -> None:
    make = MODELS.get(name, own_layers)
    ours, theirs = make(minikeras), make(keras)
    for get in (
        lambda m: (m.name, [layer.name for layer in m.layers], m.input_shape, m.output_shape),
        lambda m: [(w.path, tuple(w.shape), w.trainable) for w in m.weights],
        lambda m: [x.shape for x in [*m.inputs, *m.outputs]],
        lambda m: [operation.name for operation in getattr(m, "operations", [])],
        lambda m: name == "own_layers" or [x.name for x in [*m.inputs, *m.outputs]],
        lambda m: [] if isinstance(m, minikeras.Sequential | keras.Sequential) else list(m.output_names),
    ):
        assert get(ours) == get(theirs)
    x = data(ours)
    fill(ours)
    fill(theirs)
    wanted = theirs.predict(x, verbose=0)
    for _ in range(3):  # eagerly, then by plan
        same_values(ours.predict(x, verbose=0), wanted)
        same_values(ours(x), wanted)
    same_values(ours.predict(x, batch_size=3, verbose=0), wanted) if name != "fixed_batch" else None
    assert type(ours.predict(x, verbose=0)) is type(wanted)


@pytest.mark.parametrize("name", [*MODELS, "own_layers"])
def test_summaries_are_the_same_to_the_byte(name: str) -> None:
    make = MODELS.get(name, own_layers)
    ours, theirs = make(minikeras), make(keras)
    for expand_nested in (False, True) if name != "own_layers" else (False,):
        for show_trainable in (False, True):
            for line_length in (None, 60, 79, 98, 120, 140):
                options = {"line_length": line_length, "show_trainable": show_trainable, "expand_nested": expand_nested}
                assert text(ours, **options) == text(theirs, **options)


@pytest.mark.parametrize("name", MODELS)
def test_configurations_travel_both_ways(name: str) -> None:
    ours, theirs = MODELS[name](minikeras), MODELS[name](keras)
    config = plain(theirs.get_config())
    assert plain(ours.get_config()) == config
    assert plain(json.loads(ours.to_json())) == plain(json.loads(theirs.to_json()))
    here = minikeras.models.model_from_json(theirs.to_json())
    there = keras.models.model_from_json(ours.to_json())
    assert plain(here.get_config()) == config
    assert plain(type(ours).from_config(ours.get_config()).get_config()) == config
    assert [w.shape for w in here.weights] == [tuple(w.shape) for w in there.weights]
    fill(here)
    fill(theirs)
    same_values(here.predict(data(here), verbose=0), theirs.predict(data(here), verbose=0))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("recursive", [False, True])
def test_clones(name: str, recursive: bool) -> None:
    ours, theirs = (k.models.clone_model(MODELS[name](k), recursive=recursive) for k in (minikeras, keras))
    assert plain(ours.get_config()) == plain(theirs.get_config())
    assert text(ours) == text(theirs)
    fill(ours)
    fill(theirs)
    same_values(ours.predict(data(ours), verbose=0), theirs.predict(data(ours), verbose=0))


def test_clones_with_functions_and_inputs() -> None:
    def clone(k: Any) -> Any:
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            y = layer(*args, **kwargs)
            return k.layers.Dropout(0.5)(y) if isinstance(layer, k.layers.Dense) else y

        base = MODELS["operators"](k)
        start = {"a": k.Input((4,), name="a"), "b": k.Input((3,), name="b")}
        return k.models.clone_model(base, start, clone_function=lambda layer: layer, call_function=call)

    ours, theirs = clone(minikeras), clone(keras)
    assert plain(ours.get_config()) == plain(theirs.get_config())
    assert text(ours) == text(theirs)


OPS: dict[str, Callable[[Any, Any], Any]] = {
    "reductions": lambda o, x: [
        o.sum(x), o.mean(x, axis=1), o.max(x, axis=-1, keepdims=True), o.min(x, 1), o.prod(x, 1), o.std(x, axis=1),
        o.var(x, 1), o.argmax(x, axis=-1), o.any(x > 0, 1), o.all(x > 0, axis=1), o.logsumexp(x, axis=1),
        o.cumsum(x, axis=1), o.norm(x, axis=1), o.count_nonzero(x, 1), o.median(x, 1), o.median(x, axis=1),
    ],
    "elementwise": lambda o, x: [
        o.exp(x), o.log1p(x), o.sqrt(x), o.square(x), o.abs(x), o.sign(x), o.round(x, 2), o.maximum(x, 0.5), o.tanh(x),
        o.logical_not(x > 0), o.power(x, 2), o.minimum(x, o.negative(x)), o.floor_divide(x, 2), o.mod(x, 2),
        o.where(x > 0, x, 0.0), o.clip(x, 0, 1), o.isnan(x), o.erf(x), o.rsqrt(x), o.reciprocal(x), o.expm1(x),
        o.greater_equal(x, 1), o.logaddexp(x, 0.0), o.arctan2(x, 1.0), o.nan_to_num(x), o.cast(x, "float16"),
    ],
    "activations": lambda o, x: [
        o.relu(x), o.relu6(x), o.elu(x, 0.5), o.gelu(x, approximate=False), o.leaky_relu(x), o.softmax(x), o.selu(x),
        o.log_softmax(x, axis=-1), o.sigmoid(x), o.softplus(x), o.silu(x), o.hard_sigmoid(x), o.swish(x), o.celu(x),
        o.log_sigmoid(x), o.softsign(x), o.hard_silu(x), o.hard_tanh(x), o.squareplus(x), o.glu(x), o.threshold(x, 1, 0)
    ],
    "shapes": lambda o, x: [
        o.reshape(x, (-1, 2, 2)), o.transpose(x), o.transpose(x, (1, 0)), o.expand_dims(x, 1), o.concatenate([x, x], 1),
        o.stack([x, x], axis=1), o.tile(x, (1, 2)), o.repeat(x, 2, axis=1), o.flip(x, axis=1), o.roll(x, 1, axis=1),
        o.squeeze(x[:, :1], axis=1), o.swapaxes(x, 0, 1), o.moveaxis(x, 0, 1), o.sort(x), o.argsort(x, axis=1),
        o.take(x, np.array([0, 2]), axis=1), o.ravel(x), o.tril(x), x[:, 1], x[..., None], x[:, ::-1], o.ones_like(x),
        o.hstack([x, x]), o.vstack([x, x]), o.split(x, 2, axis=1)[1], o.unstack(x, axis=1)[2], o.full_like(x, 2.0),
        o.take_along_axis(x, o.argsort(x, axis=1), axis=1), o.diff(x),
    ],
    "products": lambda o, x: [
        o.matmul(x, o.transpose(x)), o.dot(x, np.ones((4, 2), "float32")), o.einsum("bi,bj->bij", x, x),
        o.outer(x, x), o.inner(x, x), x @ o.transpose(x),
    ],
    "networks": lambda o, x: [
        o.one_hot(o.argmax(x, axis=1), 4, dtype="float32"), *o.moments(x, axes=[1]), *o.top_k(x, 2), o.normalize(x),
        o.binary_crossentropy(o.sigmoid(x), o.sigmoid(x)), o.categorical_crossentropy(o.softmax(x), o.softmax(x)),
        o.sparse_categorical_crossentropy(o.argmax(x, axis=1), o.softmax(x)), o.stop_gradient(x),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", OPS)
def test_ops_are_written_as_in_keras_and_read_back(name: str) -> None:
    def make(k: Any) -> Any:
        x = k.Input((4,), name="x")
        with np.errstate(all="ignore"):  # Keras infers shapes on memory that it has not initialized
            return k.Model(x, OPS[name](k.ops, x))

    ours, theirs = make(minikeras), make(keras)
    for a, b in zip(plain(ours.get_config())["layers"], plain(theirs.get_config())["layers"], strict=True):
        assert a == b
    assert [x.dtype for x in ours.outputs] == [x.dtype for x in theirs.outputs]
    x = np.random.default_rng(0).uniform(0.1, 1, (3, 4)).astype("float32")
    read = minikeras.models.model_from_json(theirs.to_json())
    same_values(read.predict(x, verbose=0), ours.predict(x, verbose=0))
    with np.errstate(all="ignore"):
        back = keras.models.model_from_json(ours.to_json())
    assert plain(back.get_config()) == plain(theirs.get_config())


BESIDE_ARRAYS: dict[str, Callable[[Any, Any], Any]] = {
    "conv": lambda o, x: o.conv(x, np.ones((2, 2, 3), "float32")),
    "depthwise_conv": lambda o, x: o.depthwise_conv(x, np.ones((2, 2, 1), "float32")),
    "separable_conv": lambda o, x: o.separable_conv(x, np.ones((2, 2, 1), "float32"), np.ones((1, 2, 3), "float32")),
    "max_pool": lambda o, x: o.max_pool(x, 2, strides=1),
    "average_pool": lambda o, x: o.average_pool(x, 2, strides=1),
    "layer_normalization": lambda o, x: o.layer_normalization(x, x[0, 0] * 0 + 2, np.ones(2, "float32"), epsilon=0.1),
    "linspace": lambda o, x: o.linspace(x, x + 1.0, 3, axis=1),
    "quantile": lambda o, x: o.quantile(x, np.array([0.3, 0.5], "float32"), axis=1),
    "select": lambda o, x: o.select([x > 0.7, x < 0.3], [x, -x], 3.0),
    "cdist": lambda o, x: o.cdist(x[:, 0], np.ones((3, 2), "float32")),
    "segment_sum": lambda o, x: o.segment_sum(x, np.array([0, 0, 1]), num_segments=2),
    "left_shift": lambda o, x: o.left_shift(o.argmax(x, axis=1), 2),
    "right_shift": lambda o, x: o.right_shift(o.argmax(x, axis=1), 1),
    "multi_hot": lambda o, x: o.multi_hot(o.cast(x * 2, "int32"), 3),
    "rearrange": lambda o, x: o.rearrange(x, "a b c -> a c b"),
    "correlate": lambda o, x: o.correlate(x[0, :, 0], np.ones(2, "float32"), mode="full"),
}
"""Ops that take more than their tensor, and those whose names differ within."""


@pytest.mark.parametrize("name", BESIDE_ARRAYS)
def test_ops_on_arrays_travel_both_ways(name: str, tmp_path: Path) -> None:
    def make(k: Any) -> Any:
        x = k.Input(batch_shape=(3, 4, 2))
        return k.Model(x, BESIDE_ARRAYS[name](k.ops, x))

    x = np.random.default_rng(0).uniform(0.1, 1, (3, 4, 2)).astype("float32")
    expected = np.asarray(make(minikeras)(x))
    np.testing.assert_allclose(np.asarray(make(keras)(x)), expected, rtol=1e-5, atol=1e-6)
    for k, other in ((minikeras, keras), (keras, minikeras)):
        make(k).save(tmp_path / "m.keras")
        for reader in (k, other):
            read: Any = reader.models.load_model(tmp_path / "m.keras")
            np.testing.assert_allclose(np.asarray(read(x)), expected, rtol=1e-5, atol=1e-6)


def test_the_rectifier_with_a_slope_is_read(tmp_path: Path) -> None:
    inputs = keras.Input((4,))
    theirs = keras.Model(inputs, keras.activations.relu(inputs, negative_slope=0.1, max_value=2.0, threshold=0.3))
    theirs.save(tmp_path / "m.keras")
    ours: Any = minikeras.models.load_model(tmp_path / "m.keras")
    x = np.array([[-1.0, 0.2, 1.0, 5.0]], "float32")
    np.testing.assert_allclose(np.asarray(ours(x)), np.asarray(theirs(x)), rtol=1e-6)


def test_infinities_in_configurations_travel_both_ways(tmp_path: Path) -> None:
    x = np.array([[-1.0, 0.2, 1.0, 5.0]], "float32")
    for k, other in ((minikeras, keras), (keras, minikeras)):
        inputs = k.Input((4,))
        model = k.Model(inputs, k.ops.softmax(k.ops.where(inputs > 0, inputs, -np.inf)))
        model.save(tmp_path / "m.keras")
        read: Any = other.models.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(np.asarray(read(x)), np.asarray(model(x)), rtol=1e-6)


@pytest.fixture(scope="module")
def live() -> dict[str, Any]:
    """What one process with Keras on JAX finds for all trainings."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "XLA_FLAGS": "--xla_backend_optimization_level=0",  # compiling is most of the work
    }
    command = [sys.executable, functional_models.__file__, *TRAINED]
    out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return dict(zip(TRAINED, map(json.loads, out.splitlines()), strict=True))


@pytest.mark.parametrize("name", TRAINED)
def test_training(name: str, live: dict[str, Any]) -> None:
    ours, theirs = trained(minikeras, name), live[name]
    for part in ("history", "evaluate"):
        assert list(ours[part]) == list(theirs[part])
        for key, value in theirs[part].items():
            np.testing.assert_allclose(ours[part][key], value, rtol=1e-4, atol=1e-6, err_msg=key)
    for a, b in zip(ours["weights"], theirs["weights"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


X, B = np.ones((2, 4), "float32"), np.ones((2, 3), "float32")
REPEATED: Callable[[Any], Any] = lambda k: [k.Input((4,), name="x"), k.layers.Dense(4, name="s")]  # noqa: E731


def sub(k: Any) -> Any:
    class Net(k.Model):  # type: ignore[misc]  # of either package, so Any
        def call(self, x: Any) -> Any:
            return x

    return Net()


def disconnected(k: Any) -> Any:
    a, b = k.Input((4,)), k.Input((4,))
    return k.Model(a, k.layers.Add()([a, b]))


def looped(k: Any) -> Any:
    config = MODELS["chain"](k).get_config()
    config["layers"][1]["inbound_nodes"] = config["layers"][2]["inbound_nodes"]
    return type(MODELS["chain"](k)).from_config(config)


WRONG: dict[str, Callable[[Any], Any]] = {
    "disconnected": disconnected,
    "other input": lambda k: k.Model(k.Input((4,)), k.layers.Dense(1)(k.Input((4,)))),
    "array as input": lambda k: k.Model(X, k.Input((4,))),
    "array as output": lambda k: k.Model(k.Input((4,)), X),
    "other input as output": lambda k: k.Model(x := k.Input((4,)), [k.layers.Dense(1)(x), k.Input((4,))]),
    "an input lacks in a dict": lambda k: k.Model(
        {"a": (a := k.Input((4,), name="a")), "b": (b := k.Input((4,), name="b"))}, k.layers.Add()([a, b])
    )({"a": X}),
    "no inputs": lambda k: k.Model([], k.Input((4,))),
    "no outputs": lambda k: k.Model(k.Input((4,)), []),
    "self as inputs": lambda k: type("Own", (k.Model,), {"__init__": lambda self: k.Model.__init__(self, self)})(),
    "inputs alone": lambda k: k.Model(k.Input((4,))),
    "a name twice": lambda k: k.Model(x := k.Input((4,)), k.layers.Dense(1, name="s")(k.layers.Dense(1, name="s")(x))),
    "loop": looped,
    "unknown op": lambda k: k.Model.from_config(
        json.loads(json.dumps(MODELS["operators"](k).get_config()).replace("Softmax", "Nosuchop"))
    ),
    "one of two": lambda k: MODELS["two_inputs"](k)(X),
    "three of two": lambda k: MODELS["two_inputs"](k)([X, B, B]),
    "two of one": lambda k: MODELS["chain"](k)([X, X]),
    "swapped": lambda k: MODELS["two_inputs"](k)([B, X]),
    "missing name": lambda k: MODELS["two_inputs"](k)({"a": X}),
    "wrong name": lambda k: MODELS["two_inputs"](k)({"a": X, "c": B}),
    "missing key": lambda k: MODELS["dicts"](k)({"a": B}),
    "list for a dict": lambda k: MODELS["dicts"](k)([X, X[:, :2]]),
    "wrong width": lambda k: MODELS["chain"](k)(B),
    "wrong rank": lambda k: MODELS["chain"](k)(np.ones((2, 4, 4), "float32")),
    "predict one of two": lambda k: MODELS["two_inputs"](k).predict(X, verbose=0),
    "predict wrong name": lambda k: MODELS["two_inputs"](k).predict({"a": X, "c": B}, verbose=0),
    "symbolic one of two": lambda k: MODELS["two_inputs"](k)(k.Input((4,))),
    "symbolic width": lambda k: MODELS["chain"](k)(k.Input((3,))),
    "layer of two": lambda k: k.layers.Dense(1)([k.Input((4,)), k.Input((4,))]),
    "layer of none": lambda k: k.layers.Dense(1)(),
    "number by position": lambda k: k.layers.Dense(1)(k.Input((4,)), 5),
    "float": lambda k: float(k.Input((4,))),
    "int": lambda k: int(k.Input((4,))),
    "bool": lambda k: bool(k.Input((4,))),
    "if": lambda k: 1 if k.Input((4,)) > 0 else 0,
    "range": lambda k: range(k.Input((4,))),
    "iteration": lambda k: list(k.Input((4,))),
    "len": lambda k: len(k.Input((4,))),
    "array of": lambda k: np.asarray(k.Input((4,))),
    "NumPy": lambda k: np.unique(k.Input((4,))),
    "format": lambda k: f"{k.Input((4,)):.2f}",
    "no input yet": lambda k: k.layers.Dense(1).input,
    "no output yet": lambda k: k.layers.Dense(1).output,
    "no layer": lambda k: MODELS["operators"](k).get_layer("relu"),
    "inputs of a subclass": lambda k: sub(k).inputs,
    "output of a subclass": lambda k: sub(k).output,
    "shape of a subclass": lambda k: sub(k).output_shape,
    "clone with a function": lambda k: k.models.clone_model(sub(k), clone_function=lambda x: x),
    "clone a chain with a call": lambda k: k.models.clone_model(
        k.Sequential([k.layers.Dense(1)]), call_function=lambda layer, x: x
    ),
    "clone with an array": lambda k: k.models.clone_model(MODELS["chain"](k), X),
    "clone with two": lambda k: k.models.clone_model(MODELS["chain"](k), [k.Input((4,)), k.Input((4,))]),
    "clone with more": lambda k: k.models.clone_model(MODELS["chain"](k), nothing=1),
    "two shapes": lambda k: k.Input((4,), batch_shape=(None, 4)),
    "no shape": lambda k: k.Input(),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.filterwarnings("ignore:The structure of")
def test_errors_have_the_class_of_keras(name: str) -> None:
    assert_same_error(WRONG[name])


def test_signatures() -> None:
    def shown(function: Any) -> list[tuple[str, Any]]:
        return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]

    assert shown(minikeras.Input) == shown(keras.Input)
    assert shown(minikeras.models.clone_model) == shown(keras.models.clone_model)
    for name in ("get_layer", "summary", "from_config", "get_config", "compute_output_shape"):
        ours, theirs = getattr(MODELS["chain"](minikeras), name), getattr(MODELS["chain"](keras), name)
        assert shown(ours) == shown(theirs), name
    assert set(dir(MODELS["chain"](minikeras))) >= {
        "input", "output", "inputs", "outputs", "input_shape", "output_shape", "operations", "output_names", "layers",
    }  # fmt: skip


@pytest.mark.parametrize("k", [keras, minikeras])
def test_the_inputs_that_a_tensor_depends_on(k: Any) -> None:
    a, b, c = (k.Input((2,), name=name) for name in "abc")
    inner = k.Model([a, b], a * b)
    outputs = {"input": a, "one": k.layers.Dense(2)(a), "shared": (b + a) * b, "model": inner([c, b + c])}
    found = {name: [x.name for x in k.utils.get_source_inputs(y)] for name, y in outputs.items()}
    assert found == {"input": ["a"], "one": ["a"], "shared": ["b", "a"], "model": ["c", "b"]}
    alone = k.KerasTensor((2, 3))
    assert k.utils.get_source_inputs(alone) is alone
    assert k.utils.get_source_inputs(5) == 5


def by_name(k: Any) -> Any:
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    inner = k.Model([a, b], k.layers.Dense(2)(inputs=k.layers.Add()(inputs=[a, b])), name="inner")
    middle = k.Sequential([k.Input((2,)), k.layers.Dense(2, name="own")], name="middle")
    c, d = k.Input((3,), name="c"), k.Input((3,), name="d")
    y = k.layers.Lambda(lambda x: 2 * x, (2,))(inputs=middle(inputs=inner(inputs=[c, d])))
    return k.Model([c, d], k.layers.Dense(4)(inputs=y), name="outer")


def test_the_input_may_be_passed_by_name() -> None:
    ours, theirs = by_name(minikeras), by_name(keras)
    assert text(ours) == text(theirs)
    assert ours.output_shape == theirs.output_shape == (None, 4)
    ours.set_weights(theirs.get_weights())
    x = [np.ones((5, 3), "float32"), np.full((5, 3), 2, "float32")]
    same_values(ours.predict(x, verbose=0), theirs.predict(x, verbose=0))
    calls = [[layer["inbound_nodes"] for layer in plain(m.get_config())["layers"]] for m in (ours, theirs)]
    assert calls[0] == calls[1]


@pytest.mark.parametrize("wrong", [{}, {"input": 1}, {"inputs": 1, "other": 1}])
@pytest.mark.parametrize("symbolic", [True, False])
def test_a_call_without_its_input_has_the_error_of_keras(wrong: dict[str, int], symbolic: bool) -> None:
    def call(k: Any) -> None:
        x = k.Input((3,)) if symbolic else np.ones((2, 3), "float32")
        k.layers.Dense(2)(**dict.fromkeys(wrong, x))

    assert_same_error(call)


@pytest.mark.parametrize("symbolic", [True, False])
def test_a_wrong_name_beside_a_right_one_has_the_error_of_keras(symbolic: bool) -> None:
    """The input is missing, and the state that is there must not be taken for it."""

    def call(k: Any) -> None:
        x, state = (k.Input((4, 3)), k.Input((2,))) if symbolic else (np.ones((1, 4, 3)), np.ones((1, 2)))
        k.layers.GRU(2)(sequence=x, initial_state=state)

    assert_same_error(call)
