"""What errors say to somebody who has made a common mistake."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import minikeras as keras
from minikeras import callbacks, layers, ops

X, Y = np.ones((8, 3)), np.ones((8, 1))
IMAGES, DIGITS = np.ones((8, 28, 28)), np.arange(8)


def model(*stack: Any, loss: Any = "mse") -> Any:
    made = keras.Sequential(list(stack or [layers.Dense(1)]))
    made.compile("sgd", loss, metrics=["mae"] if loss == "mse" else None)
    return made


def fit(x: Any, y: Any, *stack: Any, loss: Any = "sparse_categorical_crossentropy") -> None:
    model(*stack, loss=loss).fit(x, y, verbose=0)


MISSPELT: dict[str, tuple[Callable[..., Any], str, str]] = {
    "fit": (lambda **k: model().fit(X, Y, **k), "epoch", "epochs"),
    "compile": (lambda **k: model().compile(**k), "metric", "metrics"),
    "evaluate": (lambda **k: model().evaluate(X, Y, **k), "batchsize", "batch_size"),
    "predict": (lambda **k: model().predict(X, **k), "batchsize", "batch_size"),
    "summary": (lambda **k: model().summary(**k), "line_len", "line_length"),
    "EarlyStopping": (callbacks.EarlyStopping, "patients", "patience"),
    "ModelCheckpoint": (lambda **k: callbacks.ModelCheckpoint("x.keras", **k), "save_best", "save_best_only"),
    "Model": (keras.Model, "input", "inputs"),
    "Sequential": (keras.Sequential, "layer", "layers"),
    "BinaryCrossentropy": (keras.losses.BinaryCrossentropy, "from_logit", "from_logits"),
    "AUC": (keras.metrics.AUC, "num_threshold", "num_thresholds"),
    "RandomNormal": (keras.initializers.RandomNormal, "standarddev", "stddev"),
    "MaxNorm": (keras.constraints.MaxNorm, "max", "max_value"),
    "Adam": (keras.optimizers.Adam, "lr", "learning_rate"),
    "ops.sum": (lambda **k: ops.sum(X, **k), "axes", "axis"),
    "symbolic ops.sum": (lambda **k: ops.sum(keras.Input((3,)), **k), "axes", "axis"),
    "ops.concatenate": (lambda **k: ops.concatenate([X], **k), "axes", "axis"),
    "call": (lambda **k: layers.Dense(1)(X, **k), "trainning", "training"),
    "symbolic call": (lambda **k: layers.LSTM(1)(keras.Input((3, 2)), **k), "initial_sate", "initial_state"),
    "Input": (keras.Input, "shap", "shape"),
    "to_categorical": (lambda **k: keras.utils.to_categorical([0], **k), "num_class", "num_classes"),
    "load_model": (lambda **k: keras.models.load_model("x.keras", **k), "compil", "compile"),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_keyword_is_answered_with_the_nearest(name: str) -> None:
    function, wrong, right = MISSPELT[name]
    with pytest.raises((TypeError, ValueError), match=rf"'{wrong}'.* Did you mean '{right}'\?") as caught:
        function(**{wrong: 1})
    assert "Trainer." not in str(caught.value)


def test_a_keyword_like_none_is_answered_with_all() -> None:
    with pytest.raises(TypeError, match=r"^L2\(\) got an unexpected keyword argument 'zzz'. Known names: l2\.$"):
        keras.regularizers.L2(zzz=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Zeros\(\) takes no arguments$"):
        keras.initializers.Zeros(1)  # type: ignore[call-arg]


def test_errors_within_a_function_are_left_alone() -> None:
    class Odd(callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            int(base=3)  # type: ignore[call-overload]

    with pytest.raises(TypeError, match="string argument") as caught:
        model().fit(X, Y, verbose=0, callbacks=[Odd()])
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(("wrong", "right"), [("adma", "Adam"), ("Adam_w", "AdamW"), ("rmsprob", "RMSprop")])
def test_a_misspelt_optimizer(wrong: Any, right: str) -> None:
    with pytest.raises(ValueError, match=rf"Did you mean '(?i:{right})'\?"):
        keras.Sequential().compile(wrong)


def test_of_many_names_an_error_lists_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"^Unknown layer: 'Foo'\. Nearest names: Dot, Dropout, RandomZoom\."):
        layers.deserialize({"class_name": "Foo", "config": {}})
    with pytest.raises(ValueError, match=r"^Unknown optimizer: 'foo'\. Known names: Adadelta, .*, ScheduleFreeAdamW\."):
        keras.optimizers.get("foo")


def test_what_compile_and_fit_set_is_missing_before_them() -> None:
    net = keras.Sequential([layers.Dense(1)])
    with pytest.raises(AttributeError, match=r"no attribute 'optimizer'\. `compile\(\)` sets it\."):
        _ = net.optimizer
    with pytest.raises(AttributeError, match=r"no attribute 'history'\. `fit\(\)` sets it\."):
        _ = net.history
    with pytest.raises(AttributeError, match=r"no attribute 'optimizer'$"):
        _ = layers.Dense(1).optimizer  # type: ignore[attr-defined]


def test_a_monitor_that_does_not_exist_lists_those_that_do() -> None:
    listed = "Available metrics are: loss,mae,val_loss,val_mae"
    for kind in (callbacks.EarlyStopping, callbacks.ReduceLROnPlateau):
        with pytest.raises(ValueError, match=listed):
            model().fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[kind("val_acc")])
    best = callbacks.ModelCheckpoint("/dev/null/x.keras", "val_acc", save_best_only=True, mode="max")
    with pytest.warns(UserWarning, match=listed), pytest.raises(OSError, match="null"):
        model().fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[best])


def test_the_value_that_is_no_number_is_named_with_its_column() -> None:
    mixed = np.array([[70, 1.5], [3, "abc"]], object)
    with pytest.raises(ValueError, match="with 'abc' in row 1, column 1"):
        model().fit(mixed, np.ones(2), verbose=0)
    with pytest.raises(ValueError, match="with 'a' in row 0"):
        model().fit(np.ones((2, 1)), np.array(["a", "b"]), verbose=0)
    with pytest.raises(ValueError, match="with 'b' in row 1, column 1"):
        model(keras.Input((2,)), layers.Dense(1)).predict(np.array([["1", "2"], ["3", "b"]]), verbose=0)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [70, 30], "city": ["70", "Rome"]})
    with pytest.raises(ValueError, match="with 'Rome' in row 1, column 'city'"):
        model().fit(frame.assign(n=1), np.ones(2), verbose=0)


def nothing(y_true: Any, y_pred: Any) -> None:
    """A loss that lacks its `return`."""


def weight() -> keras.Variable:
    return keras.Variable(np.ones(2))


class Batches(keras.utils.PyDataset):
    """A data set of half a batch too many."""

    def __len__(self) -> int:
        return 3 / 2  # type: ignore[return-value]

    def __getitem__(self, index: int) -> Any:
        return X, Y


def two_outputs() -> Any:
    x = keras.Input((3,))
    made = keras.Model(x, [layers.Dense(1, name=name)(x) for name in "ab"])
    made.compile("sgd", "mse")
    return made


def adapted() -> layers.Normalization:
    layer = layers.Normalization()
    layer.adapt(X)
    return layer


FORGOTTEN: list[tuple[str, Callable[[], object]]] = [
    ("put a Flatten", lambda: fit(IMAGES, DIGITS, layers.Dense(10))),
    ("put a Flatten", lambda: fit(IMAGES, np.eye(10)[DIGITS], layers.Dense(10), loss="categorical_crossentropy")),
    ("put a Flatten", lambda: fit(IMAGES[..., None], Y, layers.Conv2D(1, 3), layers.Dense(1), loss="mse")),
    ("leave out return_sequences", lambda: fit(IMAGES, Y, layers.LSTM(3, return_sequences=True), loss="mse")),
    ("Flatten layer after an Input", lambda: fit(IMAGES, DIGITS, keras.Input((784,)), layers.Dense(10))),
    ("needs return_sequences=True", lambda: model(keras.Input((5, 2)), layers.LSTM(3), layers.LSTM(3))),
    ("needs return_sequences=True", lambda: layers.Bidirectional(layers.GRU(3))(layers.GRU(3)(keras.Input((5, 2))))),
    ("adds an axis of channels", lambda: model(keras.Input((28, 28)), layers.Conv2D(4, 3))),
    ("adds an axis of channels", lambda: fit(IMAGES, DIGITS, layers.MaxPooling2D(), layers.Flatten())),
    (re.escape("x[None] adds a batch axis."), lambda: model(keras.Input((3,)), layers.Dense(1)).predict(X[0])),
    ("begin at 0: use y - 1", lambda: fit(X, np.arange(8) % 4 + 1, layers.Dense(4))),
    ("makes 8 classes", lambda: fit(X, DIGITS, layers.Dense(4))),
    ("makes 4 classes", lambda: fit(X, np.arange(8) % 2 + 2, layers.Dense(3))),
    ("begin at 0: use y - 1", lambda: keras.utils.to_categorical([1, 2, 3], 3)),
    ("needs the shape", lambda: layers.GRU(3)(np.ones((2, 3, 4)), mask=np.ones((3, 2), bool))),
    ("needs the shape", lambda: layers.LSTM(3)(np.ones((2, 3, 4)), mask=np.ones(6, bool))),
    ("needs the shape", lambda: layers.Bidirectional(layers.GRU(3))(
        np.ones((2, 3, 4)), mask=np.ones((3, 2), bool), training=True)),
    (r"`initial_state` needs .*\(2, 3\), \(2, 3\)", lambda: layers.LSTM(3)(np.ones((2, 3, 4)), [np.ones((2, 6))])),
    (r"`initial_state` needs .*\(2, 3\)", lambda: layers.GRU(3)(np.ones((2, 3, 4)), [np.ones((1, 3))])),
    (r"`attention_mask` needs .*\(batch, 3, 2\)\. Received: \(1, 3, 5\)", lambda: layers.MultiHeadAttention(2, 3)(
        np.ones((1, 3, 4)), np.ones((1, 2, 4)), attention_mask=np.ones((1, 3, 5), bool))),
    (r"`attention_mask` needs the shape \(batch, 3, 2\)", lambda: layers.MultiHeadAttention(2, 3)(
        keras.Input((3, 4)), keras.Input((2, 4)), attention_mask=keras.Input((2, 3)))),
    ("needs at least one step", lambda: layers.GRU(3)(np.ones((2, 0, 4)))),
    ("go into a list", lambda: keras.Sequential(keras.Input((2,)), layers.Dense(3))),  # type: ignore[arg-type]
    ("Unrecognized keyword", lambda: layers.Cropping1D(1, data_format="channels_last")),  # type: ignore[call-arg]
    ("Unrecognized keyword", lambda: layers.UpSampling1D(2, data_format="channels_last")),  # type: ignore[call-arg]
    ("to have value 3, found 4", lambda: adapted()(np.ones((2, 4)))),
    (r"np\.array\(list\) joins them", lambda: fit(list(X), DIGITS, layers.Dense(8))),
    ("see keras.utils.pad_sequences", lambda: fit([[1, 2], [3]], [0, 1], layers.Embedding(4, 2), layers.Flatten())),
    ("Received: None. Is a `return` missing", lambda: fit(X, Y, layers.Dense(1), loss=nothing)),
    ("`x` must be an array.*of type function", lambda: fit(nothing, None, layers.Dense(1))),
    ("`x` must be an array.*of type type", lambda: fit(Batches, None, layers.Dense(1))),
    ("Expected a loss, a metric", lambda: model(loss=3)),
    ("Bidirectional needs a recurrent layer", lambda: layers.Bidirectional(layers.Dense(3))),
    ("outputs.*y_pred: output 'a', output 'b'", lambda: two_outputs().fit(X, {"a": Y, "B": Y}, verbose=0)),
    (r"takes pairs \(gradient, variable\)", lambda: keras.optimizers.SGD().apply_gradients([(weight(), np.ones(2))])),  # type: ignore[list-item]
    (r"a new zip.*Received: \[\]", lambda: keras.optimizers.SGD().apply_gradients(zip([], [], strict=True))),
]  # fmt: skip


@pytest.mark.parametrize(("advice", "run"), FORGOTTEN)
def test_what_is_usually_forgotten_is_named(advice: str, run: Callable[[], object]) -> None:
    with pytest.raises((ValueError, IndexError), match=advice):
        run()


MISTAKEN: list[tuple[str, Callable[[], object]]] = [
    ("go into a list", lambda: keras.Sequential(layers.Dense(3))),  # type: ignore[arg-type]
    (r"takes 1 input\(s\). Received 2", lambda: layers.Dense(1)(X, X)),
    (r"takes 1 input\(s\). Received 2", lambda: model(keras.Input((3,)), layers.Dense(1))(X, X)),
    ("missing a required argument: 'value'", lambda: layers.MultiHeadAttention(2, 3)(np.ones((1, 2, 3)))),
    (r"integer: use // or math.ceil. Received: 1.5", lambda: model().fit(Batches(), verbose=0)),
    (r"got `shape` twice: 'w', by place, and \(2,\)\. Pass the first one by its own name",
     lambda: layers.Layer().add_weight("w", shape=(2,))),  # type: ignore[arg-type, misc]
]  # fmt: skip


TENSOR = keras.Input((4, 4, 3))
WITH_TENSOR: list[Callable[[], object]] = [
    lambda: layers.Add([TENSOR, TENSOR]),  # type: ignore[arg-type, call-arg]
    lambda: layers.Concatenate([TENSOR, TENSOR]),  # type: ignore[arg-type]
    *(lambda cls=cls: cls(TENSOR) for cls in (
        layers.Dense, layers.Flatten, layers.Dropout, layers.BatchNormalization, layers.MaxPooling2D, layers.LSTM,
        layers.GlobalAveragePooling2D, layers.ReLU, layers.Activation, layers.Reshape)),
]  # fmt: skip


@pytest.mark.parametrize("make", WITH_TENSOR)
def test_a_layer_is_made_before_it_gets_a_tensor(make: Callable[[], object]) -> None:
    message = r"^(\w+)\(\) makes a layer, which is called on a tensor: \1\(\.\.\.\)\(x\)\.$"
    with pytest.raises(ValueError, match=message):
        make()


def test_a_model_and_a_layer_of_ones_own_may_take_tensors_when_they_are_made() -> None:
    class Own(layers.Layer):
        def __init__(self, tensor: Any) -> None:
            super().__init__()
            self.size = tensor.shape[-1]

    assert Own(TENSOR).size == 3
    assert keras.Model(TENSOR, TENSOR + 1).output_shape == (None, 4, 4, 3)


def test_custom_objects_are_a_dict(tmp_path: Path) -> None:
    model(keras.Input((3,)), layers.Dense(1)).save(tmp_path / "model.keras")
    wrong: Any = [nothing]
    with pytest.raises(TypeError, match="`custom_objects` must be a dict of names"):
        keras.models.load_model(tmp_path / "model.keras", custom_objects=wrong)


def test_long_data_makes_no_long_message() -> None:
    with pytest.raises(ValueError, match="Data cardinality") as caught:
        model().fit([np.ones(3)] * 1000, np.ones(1000), verbose=0)
    assert len(str(caught.value)) < 300
    with pytest.raises(ValueError, match="A batch must be") as caught:
        model().fit(X, Y, validation_data=(X, Y, Y, Y), verbose=0)
    assert len(str(caught.value)) < 200


def test_a_sequential_model_makes_no_weights_for_what_is_no_shape() -> None:
    net, wrong = keras.Sequential([layers.Dense(1)]), cast(Any, 3)
    net.build(wrong)
    assert net.weights == []
    assert net(X).shape == (8, 1)


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")
@pytest.mark.parametrize("shape", [784, 784.0, "784"])
def test_the_shape_of_a_first_layer_is_a_tuple(shape: Any) -> None:
    with pytest.raises(ValueError, match=rf"such as \(2,\)\. Received: shape={shape!r}\."):
        keras.Sequential([layers.Dense(1, input_shape=shape)])


@pytest.mark.parametrize(("advice", "run"), MISTAKEN)
def test_calls_with_too_few_or_too_many_inputs(advice: str, run: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=advice):
        run()


def test_a_weight_is_set_by_assigning_to_it() -> None:
    layer = layers.Dense(1)
    layer.build((None, 3))
    for name in ("kernel", "bias"):
        with pytest.raises(AttributeError, match=rf"`\.{name}\.assign\(\.\.\.\)`"):
            setattr(layer, name, np.ones((3, 1)))
    assert isinstance(layer.kernel, keras.Variable)


ANY: Any = keras  # so that type checkers let wrong arguments pass
COLUMN = keras.Input((3,), name="column")
REFUSED: list[tuple[type[Exception], str, Callable[[], object]]] = [
    (ValueError, r"known size in axis -1.*\(None, 3, None\)", lambda: layers.Conv1D(1, 1)(keras.Input((3, None)))),
    (ValueError, r"input of 4 axes.*\(2, 3\)", lambda: layers.Conv2D(1, 1).compute_output_shape((2, 3))),
    (ValueError, "filters=3, groups=2", lambda: layers.Conv1D(3, 1, groups=2)),
    (ValueError, "Received: 3, groups=2", lambda: layers.Conv1D(4, 1, groups=2)(np.ones((1, 3, 3)))),
    (ValueError, "less than the strides", lambda: layers.Conv2DTranspose(1, 2, strides=2, output_padding=2)),
    (ValueError, "Invalid einsum equation 'abc'", lambda: layers.EinsumDense("abc", 3)(X)),
    (ValueError, "axis 'c' is in only one", lambda: layers.EinsumDense("ab,bc->ad", 3)(X)),
    (ValueError, "each letter names one axis", lambda: layers.EinsumDense("ab,bc->ac", (3, 4))(X)),
    (ValueError, "must be in 'ac'. Received: 'z'", lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="z")(X)),
    (ValueError, "Sparse and ragged", lambda: ANY.layers.InputLayer((2,), sparse=True)),
    (ValueError, "both `shape` and `batch_shape`", lambda: layers.InputLayer((2,), batch_shape=(None, 2))),
    (TypeError, "function=3", lambda: ANY.layers.Lambda(3)),
    (NotImplementedError, "Could not infer", lambda: layers.Lambda(np.linalg.inv).compute_output_shape((2, 3))),
    (ValueError, "Received: 3", lambda: ANY.layers.deserialize(3)),
    (NotImplementedError, "should override", lambda: layers.Layer().compute_output_shape((2, 3))),
    (NotImplementedError, "does not have a `call", lambda: layers.Layer()(X)),
    (ValueError, "of the same length", lambda: layers.Add().compute_mask([X, X], [None])),
    (TypeError, "axes='1'", lambda: ANY.layers.Dot("1")),
    (ValueError, r"axes=\[1, 2, 3\]", lambda: layers.Dot([1, 2, 3])),
    (ValueError, r"axes=\[1, 1.5\]", lambda: ANY.layers.Dot([1, 1.5])),
    (ValueError, "known size in axis -1", lambda: layers.BatchNormalization()(keras.Input((None,)))),
    (ValueError, "groups=0", lambda: layers.GroupNormalization(0)),
    (ValueError, "2 groups must divide 3 channels", lambda: layers.GroupNormalization(2)(X)),
    (ValueError, r"\(2,\), \(1,\)", lambda: layers.Normalization(mean=[1.0, 2.0], variance=[1.0])),
    (ValueError, "more axes than `axis` names", lambda: layers.Normalization(mean=[[1.0]], variance=[[1.0]])),
    (ValueError, r"axis=\(2,\) is out of range", lambda: layers.Normalization(axis=2).build((None, 3))),
    (ValueError, r"axis=\(-3,\) is out of range", lambda: layers.Normalization(axis=-3).build((None, 3))),
    (ValueError, "must have known sizes", lambda: layers.Normalization().build((None, None))),
    (ValueError, r"`noise_shape`.*\(0, 1\)", lambda: layers.Dropout(0.5, noise_shape=(0, 1))),
    (ValueError, r"target_shape=\(-2,\)", lambda: layers.Reshape((-2,))),
    (ValueError, r"target_shape=\(-1, -1\)", lambda: layers.Reshape((-1, -1))),
    (ValueError, r"dims=\(1, 3\)", lambda: layers.Permute((1, 3))),
    (TypeError, "n='2'", lambda: ANY.layers.RepeatVector("2")),
    (ValueError, "leave nothing", lambda: layers.Cropping1D(2)(np.ones((1, 3, 1)))),
    (ValueError, r"padding=\(1, 2, 3\)", lambda: ANY.layers.ZeroPadding2D((1, 2, 3))),
    (TypeError, "size=1.5", lambda: ANY.layers.UpSampling1D(1.5)),
    (ValueError, "layer=3", lambda: ANY.layers.TimeDistributed(3)),
    (
        ValueError,
        r"batch and steps.*\(1, 2\)",
        lambda: layers.TimeDistributed(layers.Dense(1))(np.ones((2, 3, 1)), mask=np.ones((1, 2), bool)),
    ),
    (ValueError, "needs 3 axes or more", lambda: layers.TimeDistributed(layers.Dense(1))(X)),
    (ValueError, "ReLU object has no attribute 'kernel'", lambda: layers.SpectralNormalization(layers.ReLU())(X)),
    (ValueError, r"\(4, 5\), \(8, 3\)", lambda: layers.Softmax()(X, mask=np.ones((4, 5)))),
    (ValueError, "needs JSON", lambda: keras.models.model_from_json("{")),
    (ValueError, "describes no model.*'3'", lambda: keras.models.model_from_json("3")),
    (ValueError, "Did you mean 'input_tensors'", lambda: ANY.models.clone_model(model(), input_tensor=1)),
    (
        ValueError,
        "with a Sequential model",
        lambda: keras.models.clone_model(
            keras.Sequential([keras.Input((3,)), layers.Dense(1)]), call_function=lambda layer, *args: layer(*args)
        ),
    ),
    (
        ValueError,
        "must be symbolic tensors",
        lambda: ANY.models.clone_model(keras.Model(COLUMN, COLUMN * 2), input_tensors=[X]),
    ),
    (ValueError, "graph is disconnected.*'column'", lambda: keras.Model(keras.Input((3,)), COLUMN * 2)),
    (
        ValueError,
        r"Missing data for input 'b'.*Received: \['a'\]",
        lambda: keras.Model({"a": COLUMN, "b": (b := keras.Input((3,)))}, COLUMN + b)({"a": X}),
    ),
    (ValueError, "backup_dir=''", lambda: callbacks.BackupAndRestore("")),
    (ValueError, "sparse=True", lambda: ANY.ops.one_hot([1], 2, sparse=True)),
    (ValueError, "sparse=True", lambda: ANY.ops.multi_hot([1], 2, sparse=True)),
    (ValueError, "num_classes=None", lambda: ops.multi_hot([1])),
    (NotImplementedError, "synchronized=True", lambda: ANY.ops.moments(X, axes=0, synchronized=True)),
    (ValueError, "order=0", lambda: ops.normalize(X, order=0)),
    (ValueError, r"query.shape=\(8, 3\)", lambda: ops.dot_product_attention(X, X, X)),
    (ValueError, "Feature 'a' must be one of.*Received: 3", lambda: ANY.utils.FeatureSpace({"a": 3})),
]


@pytest.mark.parametrize(("error", "words", "run"), REFUSED)
def test_what_is_refused_is_named(error: type[Exception], words: str, run: Callable[[], object]) -> None:
    with pytest.raises(error, match=words):
        run()
