"""What the annotations promise, checked by mypy; the same lines run, so that they are true."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, assert_type

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import minikeras as keras
from minikeras import (
    DTypePolicy,
    GradientTape,
    Initializer,
    InputSpec,
    KerasTensor,
    Layer,
    Model,
    Sequential,
    Tensor,
    Variable,
    activations,
    callbacks,
    config,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    plots,
    random,
    regularizers,
    utils,
)
from minikeras._base.typing import Array, DataFormat, DTypeName, FloatArray, PartialShape


class Own(Layer):
    """A layer whose `call` has a signature of its own."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.w = self.add_weight((1,), "ones", name="w")

    def call(self, x: Tensor, scale: float = 1.0, training: bool | None = None) -> Tensor:
        return x * self.w * scale

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape


class Same(Layer):
    """A layer that says what it does to symbolic tensors."""

    def call(self, x: Tensor) -> Tensor:
        return x

    def compute_output_spec(self, x: KerasTensor) -> KerasTensor:
        return KerasTensor(x.shape, x.dtype)


class Ones(utils.PyDataset):
    """Batches, with the index under the name of Keras's example."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, idx: int) -> tuple[Array, Array]:
        return np.ones((2, 2)), np.ones((2, 1))


class Above(metrics.Metric):
    """A metric whose `update_state` says what it takes."""

    def __init__(self) -> None:
        super().__init__(name="above")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        self.count.assign_add(ops.sum(ops.cast(y_pred > y_true, "float32")))

    def result(self) -> Tensor:
        return self.count.value


class Penalty(keras.Regularizer):
    """A regularizer that says what it takes, as the initializer and the constraint below do."""

    def __call__(self, x: Tensor) -> Tensor:
        return ops.sum(x * x)


class Half(Initializer):
    """An initializer with arguments of its own."""

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None, **options: Any) -> Tensor:
        return ops.full(shape, 0.5, dtype)


class Positive(constraints.Constraint):
    """A constraint."""

    def __call__(self, w: Tensor) -> Tensor:
        return ops.where(w > 0, w, 0.0)


class Net(Model):
    """A model whose `call` has a signature of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)

    def call(self, x: Tensor, flag: bool = False) -> Tensor:
        return self.dense(x)


class Documented(Net):
    """A model with overrides as Keras's documentation spells them."""

    def compute_loss(self, x: Any, y: Tensor, y_pred: Tensor, sample_weight: Any, training: bool = True) -> Tensor:
        return ops.mean(ops.square(y - y_pred))

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def train_step(self, real_images: Any) -> dict[str, Any]:
        return super().train_step(real_images)

    def predict_step(self, images: Tensor) -> Tensor:
        return self(images)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask


class Momentum(optimizers.Optimizer):
    """An optimizer that says of which type its variables are."""

    def build(self, variables: list[Variable]) -> None:
        super().build(variables)


class Watch(callbacks.Callback):
    """A callback that looks at the model and the settings of the run."""

    def __init__(self) -> None:
        super().__init__()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.stop_training = epoch > 0.5 * self.params["epochs"]


def test_files(tmp_path: Path) -> None:
    model = Sequential([keras.Input((2,)), layers.Dense(1)])
    assert_type(model.save_weights(tmp_path / "w.npz"), None)
    assert_type(model.load_weights(tmp_path / "w.npz"), None)
    file = io.BytesIO()
    assert_type(model.save(file), None)
    loaded = assert_type(models.load_model(file), Model)
    assert_type(keras.saving.save_model(loaded, tmp_path / "m.keras"), None)
    assert_type(models.clone_model(loaded), Model)
    assert issubclass(assert_type(keras.saving.FileError, type[keras.saving.FileError]), ValueError)


def test_pictures() -> None:
    ax, x = Figure().add_subplot(), np.ones((3, 2))
    model = Sequential([keras.Input((2,)), layers.Dense(1, name="d")])
    assert_type(plots.plot_history({"loss": [1.0]}, "loss", mode="min", axes=ax), list[Axes])
    assert_type(plots.plot_weights(model, axes=[ax, ax]), list[Axes])
    assert_type(plots.plot_decision_surface(model, x, [0, 1, 0], names="ab", ax=ax), Axes)
    assert_type(plots.plot_decision_surface(lambda rows: rows[:, 0], x, ax=ax), Axes)
    assert_type(plots.plot_confusion_matrix([0, 1], np.eye(2), ax=ax), Axes)
    assert_type(plots.plot_activations(model, x[:1], "d", ax=ax), Axes)
    assert_type(plots.plot_filters(model, shape=(1, 2), ax=ax), Axes)
    history: callbacks.History = assert_type(plots.LiveCurves("loss", interval=1), plots.LiveCurves)
    assert history.epoch == []


def test_layers() -> None:
    x = np.ones((2, 3))
    dense = layers.Dense(3, activation="relu", name="d", trainable=True, dtype="float32")
    assert assert_type(dense.get_weights(), list[FloatArray]) == []
    assert_type(dense(x), Tensor)
    assert_type(dense([[1.0, 2.0, 3.0]]), Tensor)
    assert_type(dense(Tensor(x)), Tensor)
    assert_type(dense(keras.Input((3,))), KerasTensor)
    assert_type(dense.kernel, Variable)
    assert_type(dense.bias, Variable | None)
    assert_type(dense.units, int)
    assert_type(dense.weights, list[Variable])
    assert_type(dense.trainable_weights, list[Variable])
    assert_type(dense.non_trainable_variables, list[Variable])
    assert_type(dense.losses, list[Tensor])
    assert_type(dense.built, bool)
    assert_type(dense.trainable, bool)
    assert_type(dense.name, str)
    assert_type(dense.path, str | None)
    assert_type(dense.dtype, DTypeName)
    assert_type(dense.count_params(), int)
    assert_type(dense.compute_output_shape((None, 3)), PartialShape)
    assert_type(dense.get_config(), dict[str, Any])
    assert_type(layers.Dense.from_config(dense.get_config()), layers.Dense)
    assert_type(layers.deserialize(layers.serialize(dense)), Layer)
    assert_type(dense.dtype_policy, DTypePolicy)
    assert_type(keras.Input((3,)), KerasTensor)
    own = layers.Dense(1, kernel_initializer=Half(), kernel_regularizer=Penalty(), kernel_constraint=Positive())
    assert own(x).numpy().tolist() == [[1.5], [1.5]]
    assert float(own.losses[0]) == 0.75
    assert_type(layers.Dropout(0.5)(x, training=True), Tensor)
    assert_type(layers.Flatten()(x), Tensor)
    assert_type(layers.MaxPooling2D((2, 1), strides=[2, 2], dtype="mixed_float16").pool_size, tuple[int, ...])
    assert_type(layers.Conv3DTranspose(1, (2, 2, 2), use_bias=False).use_bias, bool)
    assert_type(layers.Concatenate()([keras.Input((3,)), keras.Input((2,))]), KerasTensor)
    assert_type(layers.Add()([x, x]), Tensor)
    assert_type(Own()(x, scale=2.0), Tensor)
    assert_type(Own()(keras.Input((3,))), KerasTensor)
    assert assert_type(Same()(keras.Input((3,))), KerasTensor).shape == (None, 3)
    assert_type(layers.Lambda(lambda pair: pair[1])([None, x]), Tensor)
    assert_type(layers.Lambda(lambda pair: pair[0])([keras.Input((3,)), None]), KerasTensor)
    assert_type(InputSpec(ndim=2).ndim, int | None)
    a, b = keras.Input((3,)), keras.Input((3,))
    assert_type(layers.add([a, b]), KerasTensor)
    assert_type(layers.concatenate([a, b], axis=-1), KerasTensor)
    assert_type(layers.add([x, x]), Tensor)
    assert_type(layers.concatenate([x, x]), Tensor)
    assert_type(layers.dot([x, x], axes=1), Tensor)
    assert_type(2 * a + b / 2 - a[:, :1] ** 2, KerasTensor)
    assert_type(-a @ np.ones((3, 2)), KerasTensor)
    assert_type(abs(a) // 2 % 3, KerasTensor)
    layers.Dense(1, activation=lambda x, by=2.0: x * by, kernel_initializer=lambda shape, dtype: ops.ones(shape, dtype))


def test_recurrent_layers() -> None:
    x, i = np.ones((2, 3, 4)), keras.Input((3, 4))
    assert_type(layers.LSTM(2)(x), Tensor)
    assert_type(layers.GRU(2, return_sequences=True)(i), KerasTensor)
    y, h, c = assert_type(layers.LSTM(2, return_state=True)(x), tuple[Tensor, Tensor, Tensor])
    assert y.shape == h.shape == c.shape
    assert len(assert_type(layers.LSTM(2, return_state=True)(i), tuple[KerasTensor, KerasTensor, KerasTensor])) == 3
    assert len(assert_type(layers.GRU(2, return_state=True)(x), tuple[Tensor, Tensor])) == 2
    assert len(assert_type(layers.SimpleRNN(2, return_state=True)(i), tuple[KerasTensor, KerasTensor])) == 2
    images = np.ones((1, 2, 3, 3, 1))
    assert len(assert_type(layers.ConvLSTM2D(2, 2, return_state=True)(images), tuple[Tensor, Tensor, Tensor])) == 3
    cell: layers.RNN = layers.RNN(layers.GRUCell(2), return_state=True)
    assert isinstance(cell, layers.RNN)
    assert len(assert_type(layers.RNN(layers.GRUCell(2), return_state=True)(x), tuple[Tensor, ...])) == 2
    output, states = layers.LSTMCell(2)(x[:, 0], [np.ones((2, 2)), np.ones((2, 2))])
    assert (output.shape, len(states)) == ((2, 2), 2)
    kept: layers.LSTM = layers.LSTM(2, return_state=True)
    assert_type(kept.units, int)


def test_models() -> None:
    x = np.ones((2, 3))
    model = Sequential([keras.Input((3,)), layers.Dense(2)])
    assert_type(model(x), Tensor)
    assert_type(model(keras.Input((3,))), KerasTensor)
    assert_type(model.layers, list[Layer])
    assert_type(model.get_layer(index=0), Layer)
    assert_type(model.pop(), Layer)
    a = keras.Input((3,))
    named = Model({"a": a}, a * 2)
    assert_type(named({"a": keras.Input((3,))}), KerasTensor)
    assert_type(named({"a": x}), Tensor)
    model.add(layers.Dense(1))
    assert_type(model.input_shape, PartialShape)
    assert_type(model.output_shape, PartialShape)
    assert_type(model.inputs, list[KerasTensor])
    assert_type(model.input, KerasTensor | Any)
    assert_type(model.layers[0].output, KerasTensor | Any)
    assert_type(model.outputs, list[KerasTensor])
    assert_type(model.to_json(), str)
    assert_type(models.model_from_json(model.to_json()), Model)
    assert_type(Sequential.from_config(model.get_config()), Sequential)
    assert_type(Net()(x), Tensor)
    assert_type(Net.from_config({}), Net)


def test_tensors_and_variables() -> None:
    t = Tensor(np.ones((2, 2)))
    assert_type(t + 1, Tensor)
    assert_type(1 - t, Tensor)
    assert_type(t @ t, Tensor)
    assert_type(t == t, Tensor)
    assert_type(t > 0, Tensor)
    assert_type(-t, Tensor)
    assert_type(t[0], Tensor)
    assert_type(t[0, 0] ** 2, Tensor)
    assert_type(t.numpy(), Array)
    assert_type(t.dtype, str)
    assert_type(t.shape, tuple[int, ...])
    assert_type(t.ndim, int)
    assert_type(float(t[0, 0]), float)
    assert_type(len(t), int)
    assert_type(t.T, Tensor)
    assert_type(t + np.ones(2), Tensor)
    both: list[object] = [np.ones(2) + t, np.exp(t)]  # arrays for checkers, as NumPy's stubs decide: see below
    assert all(isinstance(x, Tensor) for x in both)
    v = Variable([1.0, 2.0])
    assert_type(v.value, Tensor)
    assert_type(v * 2, Tensor)
    assert_type(v.path, str)
    assert_type(v.numpy(), Array)
    with GradientTape() as tape:
        y = ops.sum(v * v)
    assert_type(tape, GradientTape)
    assert_type(tape.gradient(y, v), Tensor | None)
    with GradientTape() as tape:
        y = ops.sum(v * v)
    assert_type(tape.gradient(y, [v]), list[Tensor | None])


def test_symbolic_tensors() -> None:
    i = keras.Input((3,))
    flags = [assert_type(f, KerasTensor) for f in (~(i > 0), (i > 0) & (i < 1), (i > 0) | (i < 1), (i > 0) ^ (i < 1))]
    assert {f.dtype for f in flags} == {"bool"}
    assert [assert_type(y, KerasTensor).shape for y in (2 // i, 2 % i)] == 2 * [(None, 3)]
    for function in (
        activations.relu,
        activations.gelu,
        activations.softmax,
        activations.mish,
        activations.exponential,
    ):
        assert isinstance(assert_type(function(i), KerasTensor), KerasTensor)
        assert isinstance(assert_type(function([1.0, 2.0]), Tensor), Tensor)
    assert isinstance(assert_type(random.dropout(i, 0.5), KerasTensor), KerasTensor)


def test_gradients_of_one_s_own() -> None:
    @ops.custom_gradient
    def doubled(x: Tensor, times: int = 2) -> tuple[Tensor, Callable[..., Any]]:
        return x * times, lambda *args, upstream: upstream

    assert assert_type(doubled(ops.ones((2,))), Tensor).numpy().tolist() == [2, 2]
    assert assert_type(doubled(ops.ones((2,)), times=3) * 2, Tensor).numpy().tolist() == [6, 6]


def test_functions() -> None:
    assert_type(ops.relu([1.0]), Tensor)
    assert_type(ops.matmul(np.ones((1, 2)), np.ones((2, 1))), Tensor)
    assert_type(ops.convert_to_tensor([1.0]), Tensor)
    assert_type(ops.where([True], [1.0], [2.0]), Tensor)
    assert_type(ops.where([True]), tuple[Tensor, ...])
    assert_type(ops.cond(True, lambda: 1.0, lambda: 2.0), float)
    assert_type(ops.linspace(0, 1, 3), Tensor)
    assert_type(ops.linspace(0, 1, 3, retstep=True), tuple[Tensor, Tensor])
    assert_type(ops.convert_to_numpy([1.0]), Array)
    assert_type(activations.relu([1.0]), Tensor)
    assert_type(activations.get("relu"), Callable[..., Tensor])
    assert_type(initializers.Zeros()((2,)), Tensor)
    assert_type(regularizers.L2()([1.0]), Tensor)
    assert_type(constraints.NonNeg()([1.0]), Tensor)
    assert_type(random.normal((2,)), Tensor)
    i = keras.Input((4, 4))
    assert_type(ops.relu(i), KerasTensor)
    assert_type(ops.mean(i, axis=-1, keepdims=True), KerasTensor)
    assert_type(ops.add(np.ones(4), i), KerasTensor)
    assert_type(ops.reshape(i, (-1, 16)), KerasTensor)
    assert_type(ops.concatenate([i, i], axis=1), KerasTensor)
    assert_type(ops.softmax(ops.matmul(i, i)), KerasTensor)
    assert_type(ops.zeros_like(i), KerasTensor)
    assert_type(ops.where(i > 0, i, 0.0), KerasTensor)
    assert_type(ops.argmax(i, axis=-1), KerasTensor)
    assert_type(i.shape, PartialShape)
    assert_type(np.float32(2.0) * Tensor(np.ones(2)), Tensor)
    assert_type(config.epsilon(), float)
    assert_type(config.image_data_format(), DataFormat)
    assert_type(utils.Progbar(3, verbose=0).target, int | None)


def test_training() -> None:
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model = Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae", metrics.MeanSquaredError(), losses.mean_absolute_error])
    history = assert_type(model.fit(x, y, epochs=2, verbose=0), callbacks.History)
    assert_type(history.history["loss"], list[float])
    assert_type(history.history["mae"], list[Any])
    assert_type(history.epoch, list[int])
    assert_type(model.optimizer, optimizers.Optimizer)
    assert_type(model.optimizer.variables, list[Variable])
    assert_type(model.compiled, bool)
    assert_type(model.stop_training, bool)
    assert_type(model.history, callbacks.History)
    assert_type(model.metrics, list[metrics.Metric])
    assert_type(model.metrics_names, list[str])
    assert_type(model.get_metrics_result(), dict[str, Any])
    assert_type(model.evaluate(x, y, verbose=0, return_dict=True), dict[str, Any])
    assert_type(model.train_on_batch(x, y, return_dict=True), dict[str, Any])
    assert_type(model.test_on_batch(x, y, return_dict=True), dict[str, Any])
    loss, *_ = assert_type(model.evaluate(x, y, verbose=0), Any)  # a number or a list, as `compile` has decided
    assert isinstance(loss, float)
    assert isinstance(assert_type(model.train_on_batch(x, y), Any), list)
    assert isinstance(assert_type(model.test_on_batch(x, y), Any), list)
    assert_type(model.evaluate(x, y, verbose=0, return_dict=loss > 0), Any)
    assert assert_type(model.predict(x, verbose=int(False)), Array | Any).shape == (4, 1)
    assert assert_type(model.predict_on_batch(x), Array | Any).shape == (4, 1)
    for found in (
        assert_type(model.evaluate(x, y, 32, 0, None, None, None, True), Any),
        assert_type(model.train_on_batch(x, y, None, None, True), Any),
        assert_type(model.test_on_batch(x, y, None, True), Any),
    ):
        assert isinstance(found, dict)
    assert set(model.fit(Ones(), verbose=0).history) == {"loss", "mae", "mean_squared_error", "mean_absolute_error"}
    documented = Documented()
    documented.compile("sgd", metrics=["mae"])
    assert set(documented.fit(x, y, verbose=0).history) == {"loss", "mae"}
    assert assert_type(documented.compute_metrics(x, y, y, None), dict[str, Any])
    model.compile(optimizers.SGD(0.1, momentum=0.9), losses.MeanSquaredError(), run_eagerly=True)
    model.fit([[1.0, 2.0]], [3.0], batch_size=1, verbose=0, callbacks=[callbacks.EarlyStopping("loss", patience=2)])
    model.compile(optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)), loss=ops.subtract)


def test_losses_metrics_optimizers_callbacks() -> None:
    assert_type(losses.mean_squared_error([1.0], [2.0]), Tensor)
    assert_type(losses.BinaryCrossentropy(from_logits=True)([1.0], [2.0]), Tensor)
    assert_type(losses.Huber(delta=2.0).delta, float)
    assert_type(losses.CategoricalFocalCrossentropy(alpha=[0.25, 0.75]).from_logits, bool)
    assert_type(metrics.Mean().result(), Tensor)
    assert_type(metrics.Mean().variables, list[Variable])
    assert float(assert_type(Above()([1.0, 2.0], [2.0, 1.0]), Any)) == 1
    assert_type(metrics.AUC(num_thresholds=10).name, str)
    assert_type(optimizers.get("adam"), optimizers.Optimizer)
    assert_type(optimizers.SGD(0.1).nesterov, bool)
    assert_type(optimizers.Adam().get_config(), dict[str, Any])
    assert_type(optimizers.schedules.CosineDecay(0.1, 10)(3), Tensor)
    assert_type(callbacks.EarlyStopping().patience, int)
    assert_type(callbacks.History().epoch, list[int])
    assert_type(Watch().model, Model)
    assert_type(Watch().params, dict[str, Any])
    assert_type(utils.to_categorical([0, 1]), FloatArray)
    assert_type(utils.to_categorical(Tensor(np.array([0, 1]))), Tensor)
    rate = assert_type(optimizers.SGD(0.1).learning_rate, Variable | Any)
    rate.assign(0.2)
    assert_type(optimizers.SGD(0.1).iterations, Variable | Any)


if TYPE_CHECKING:  # what must be refused: mypy reports any of these ignores that is not needed
    layers.Dense("3")  # type: ignore[arg-type]
    layers.Dense(2.5)  # type: ignore[arg-type]
    layers.Dense()  # type: ignore[call-arg]
    layers.Dense(3, activation="rellu")  # type: ignore[arg-type]
    layers.Dense(3, unit=3)  # type: ignore[call-arg]
    layers.Dense(3, use_bias=3)  # type: ignore[arg-type]
    layers.Dense(3, trainable="yes")  # type: ignore[arg-type]
    layers.Dense(3, name=3)  # type: ignore[arg-type]
    layers.Dense(3).nonsense()  # type: ignore[attr-defined]
    layers.Dense(3).trainabel = False  # type: ignore[attr-defined]
    losses.Huber().redction = "sum"  # type: ignore[attr-defined]
    optimizers.SGD().learningrate = 0.1  # type: ignore[attr-defined]
    layers.Dense(3, kernel_initializer="glorot")  # type: ignore[arg-type]
    layers.Dense(3, kernel_regularizer="l3")  # type: ignore[arg-type]
    layers.Dense(3, kernel_constraint="max_nrom")  # type: ignore[arg-type]
    layers.Dense(3, dtype="flot32")  # type: ignore[arg-type]
    losses.Huber(dtype="flot32")  # type: ignore[arg-type]
    layers.MaxPooling2D(pool_size=(2, 2, 2))  # type: ignore[arg-type]
    layers.AveragePooling1D(2, strides=(2, 2))  # type: ignore[arg-type]
    layers.Conv2D(3, (2, 2, 2))  # type: ignore[arg-type]
    layers.Conv3DTranspose(3, 2, activation="rellu")  # type: ignore[arg-type]
    layers.UpSampling2D((2, 2, 2))  # type: ignore[arg-type]
    layers.Concatenate()(keras.Input((3,)), keras.Input((3,)))  # type: ignore[call-overload]
    layers.Add()(keras.Input((3,)))  # type: ignore[call-overload]
    Sequential().input.shap()  # type: ignore[union-attr]
    callbacks.History().history["loss"][-1].shap()  # type: ignore[attr-defined]
    layers.LSTM(2, return_state="yes")  # type: ignore[type-var]
    layers.LSTM(2, return_state=True)(keras.Input((3, 4))).shape  # type: ignore[attr-defined]  # noqa: B018
    layers.GRU(2, return_state=True)(keras.Input((3, 4)))[2]  # type: ignore[misc]
    (np.ones(2) + Tensor(np.ones(2))).numpy()  # type: ignore[attr-defined]
    np.exp(Tensor(np.ones(2))).numpy()  # type: ignore[attr-defined]
    layers.Activation("rellu")  # type: ignore[arg-type]
    layers.Activation()  # type: ignore[call-arg]
    layers.Dropout("0.5")  # type: ignore[arg-type]
    layers.Dropout()  # type: ignore[call-arg]
    layers.Flatten(data_format="first")  # type: ignore[arg-type]
    layers.Reshape(3)  # type: ignore[arg-type]
    layers.RepeatVector(1.5)  # type: ignore[arg-type]
    layers.Lambda(3)  # type: ignore[arg-type]
    layers.Lambda(lambda: 3)  # type: ignore[arg-type]
    layers.Dense(3, activation=lambda: 3)  # type: ignore[arg-type]
    layers.Dense(3, kernel_regularizer=lambda: 3)  # type: ignore[arg-type]
    layers.add([keras.Input((2,))]).shap()  # type: ignore[attr-defined]
    layers.LSTM(3, kernel_constraint="max_nrom")  # type: ignore[arg-type]
    layers.MultiHeadAttention(1, 2, bias_constraint="max_nrom")  # type: ignore[arg-type]
    layers.Attention(score_mode="dots")  # type: ignore[arg-type]
    layers.RandomFlip("horizontally")  # type: ignore[arg-type]
    layers.RandomRotation(0.1, fill_mode="reflectt")  # type: ignore[arg-type]
    layers.RandomZoom(0.1, interpolation="bicubic")  # type: ignore[arg-type]
    layers.Resizing(2, 2, interpolation="bilinaer")  # type: ignore[arg-type]
    layers.CenterCrop(2, 2, data_format="channel_last")  # type: ignore[arg-type]
    layers.TextVectorization(standardize="lowre")  # type: ignore[arg-type]
    layers.TextVectorization(split="white_space")  # type: ignore[arg-type]
    layers.StringLookup(output_mode="onehot")  # type: ignore[arg-type]
    layers.CategoryEncoding(3, output_mode="int")  # type: ignore[arg-type]
    layers.Hashing(3, output_mode="tf_idf")  # type: ignore[arg-type]
    layers.Dense(3).add_weight((3,), "zeross")  # type: ignore[arg-type]
    layers.Dense(3).add_weight((3,), constraint="non_negative")  # type: ignore[arg-type]
    metrics.Mean().add_weight(initializer="zeross")  # type: ignore[arg-type]
    optimizers.SGD().add_variable((), "zeross")  # type: ignore[arg-type]
    ops.pad([1.0], 1, mode="constnat")  # type: ignore[call-overload]
    ops.image.resize(np.ones((2, 2, 1)), (1, 1), "linear")  # type: ignore[call-overload]
    ops.searchsorted([1.0], [1.0], side="middle")  # type: ignore[call-overload]
    ops.qr([[1.0]], mode="full")  # type: ignore[arg-type]
    ops.svd([[1.0]], full=True)  # type: ignore[call-arg]
    ops.unique([1.0], counts=True)  # type: ignore[call-arg]
    ops.cond(True, 1.0, 2.0)  # type: ignore[arg-type]
    ops.map(3, [1.0])  # type: ignore[arg-type]
    ops.while_loop(lambda i: i < 3)  # type: ignore[call-arg]
    utils.load_img("a.png", color_mode="gray")  # type: ignore[arg-type]
    utils.image_dataset_from_directory("a", label_mode="ints")  # type: ignore[arg-type]
    utils.text_dataset_from_directory("a", subset="test")  # type: ignore[arg-type]
    keras.Input(3)  # type: ignore[arg-type]
    keras.Input(shape=(2,), dtype="flaot32")  # type: ignore[arg-type]
    Sequential([1])  # type: ignore[list-item]
    Sequential(layers.Dense(3))  # type: ignore[arg-type]
    Sequential().add(3)  # type: ignore[arg-type]
    Sequential().predict()  # type: ignore[call-arg]
    Sequential().predict([[1.0]], batch_size="32")  # type: ignore[arg-type]
    Sequential().fit([[1.0]], [1.0], validation_data=0.2)  # type: ignore[arg-type]
    Sequential().get_layer(3)  # type: ignore[arg-type]
    Sequential().summary(line_length="wide")  # type: ignore[arg-type]
    Sequential().build(3)  # type: ignore[arg-type]
    layers.Dense(3).set_weights(3)  # type: ignore[arg-type]
    Variable([1.0]).assign()  # type: ignore[call-arg]
    config.set_image_data_format("last")  # type: ignore[arg-type]
    ops.relu()  # type: ignore[call-overload]
    ops.matmul([[1.0]])  # type: ignore[call-overload]
    Tensor([1.0])  # type: ignore[arg-type]
    InputSpec(ndim="2")  # type: ignore[arg-type]
    keras.GradientTape(persistent="yes")  # type: ignore[arg-type]
    initializers.Constant(minval=1)  # type: ignore[call-arg]
    regularizers.L2(l1=1.0)  # type: ignore[call-arg]
    models.model_from_json(3)  # type: ignore[arg-type]
    models.load_model(3)  # type: ignore[arg-type]
    models.load_model("model.keras", compile="no")  # type: ignore[arg-type]
    models.load_model("model.keras").predcit()  # type: ignore[attr-defined]
    models.clone_model(Net()).predcit()  # type: ignore[attr-defined]
    Sequential().predict([[1.0]]).numpy()  # type: ignore[union-attr]
    Watch().model.stop_trainning = True  # type: ignore[attr-defined]
    optimizers.SGD(0.1).learning_rate.asign(0.1)  # type: ignore[union-attr]
    Sequential().save(3)  # type: ignore[arg-type]
    Sequential().save("model.keras", overwrite="yes")  # type: ignore[arg-type]
    Sequential().save_weights("w.weights.h5", max_shard_size="1")  # type: ignore[arg-type]
    net = Sequential()
    net.nonsense()  # type: ignore[attr-defined]
    net.compile("adm")  # type: ignore[arg-type]
    net.compile("adam", "mze")  # type: ignore[arg-type]
    net.compile("adam", "mse", metrics="mae")  # type: ignore[arg-type]
    net.compile("adam", "mse", metrics=["accuracies"])  # type: ignore[list-item]
    net.compile("adam", "mse", metrics=[3])  # type: ignore[list-item]
    net.compile("adam", ["mze"])  # type: ignore[list-item]
    net.compile("adam", "mse", {"a": "one"})  # type: ignore[dict-item]
    net.compile("adam", run_eagerly="yes")  # type: ignore[arg-type]
    net.fit(object())  # type: ignore[arg-type]
    net.fit([[1.0]], [1.0], verbose="loud")  # type: ignore[arg-type]
    net.evaluate([[1.0]], [1.0], batchsize=3)  # type: ignore[call-overload]
    net.fit([[1.0]], [1.0], epochs="3")  # type: ignore[arg-type]
    net.fit([[1.0]], [1.0], batch_size=1.5)  # type: ignore[arg-type]
    net.fit([[1.0]], [1.0], shuffle="rows")  # type: ignore[arg-type]
    net.fit([[1.0]], [1.0], callbacks=[3])  # type: ignore[list-item]
    net.fit([[1.0]], [1.0], epoch=3)  # type: ignore[call-arg]
    net.fit([[1.0]], [1.0], class_weight=[1.0, 2.0])  # type: ignore[arg-type]
    losses.MeanSquaredError(reduction="average")  # type: ignore[arg-type]
    losses.BinaryCrossentropy(from_logit=True)  # type: ignore[call-arg]
    losses.mean_squared_error([1.0])  # type: ignore[call-arg]
    optimizers.Adam(lr=0.1)  # type: ignore[call-arg]
    optimizers.Adam("0.1")  # type: ignore[arg-type]
    optimizers.SGD(0.1, momentum="high")  # type: ignore[arg-type]
    metrics.AUC(curve="ROK")  # type: ignore[arg-type]
    metrics.TopKCategoricalAccuracy(k="3")  # type: ignore[arg-type]
    callbacks.EarlyStopping(patience="2")  # type: ignore[arg-type]
    callbacks.EarlyStopping(mode="least")  # type: ignore[arg-type]
    callbacks.ModelCheckpoint()  # type: ignore[call-arg]
    plots.plot_history(3)  # type: ignore[arg-type]
    plots.plot_history({}, mode="least")  # type: ignore[arg-type]
    plots.plot_weights([layers.Dense(1)])  # type: ignore[arg-type]
    plots.plot_decision_surface("model", np.ones((2, 2)))  # type: ignore[arg-type]
    plots.plot_confusion_matrix([0])  # type: ignore[call-arg]
    plots.plot_activations(layers.Dense(1), np.ones((1, 2)), 0)  # type: ignore[arg-type]
    plots.plot_filters(layers.Dense(1), shape=5)  # type: ignore[arg-type]
    plots.LiveCurves(interval="1")  # type: ignore[arg-type]
