"""Tables of the arguments, names and modules of earlier Keras versions, and of what they are today.

A table of arguments maps an old name to today's. Where a new name is not enough, it maps to a function: this changes
the arguments of a call in place and returns today's spelling, or None if nothing in the call is old.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from types import MethodType
from typing import Any, TypeAlias

from ..._base.nested import leaves
from ...optimizers.schedules import InverseTimeDecay

Arguments: TypeAlias = dict[str, Any]
Change: TypeAlias = str | Callable[[Arguments], str | None]
Changes: TypeAlias = Mapping[str, Change]


def _gone(*names: str) -> Changes:
    """Return the changes that drop arguments which have no effect any more."""

    def change(name: str) -> Change:
        return lambda arguments: "leave it out, it has no effect" if arguments.pop(name) is not None else None

    return {name: change(name) for name in names}


def _data_format(arguments: Arguments) -> str:
    arguments["data_format"] = {"th": "channels_first", "tf": "channels_last"}.get(arguments.pop("dim_ordering"))
    return f"data_format={arguments['data_format']!r}"


def _kernel_size(arguments: Arguments) -> str:
    arguments["kernel_size"] = arguments.pop("nb_row"), arguments.pop("nb_col")
    return f"kernel_size={arguments['kernel_size']}"


def _decay(arguments: Arguments) -> str | None:
    rate = arguments.pop("decay")
    if not rate:
        return None
    start = float(arguments.pop("lr", arguments.get("learning_rate", 0.001)))
    arguments["learning_rate"] = InverseTimeDecay(start, 1, float(rate))
    return f"learning_rate=keras.optimizers.schedules.InverseTimeDecay({start}, 1, {rate})"


def _epsilon(arguments: Arguments) -> None:
    if arguments["epsilon"] is None:
        del arguments["epsilon"]


def _input_length(arguments: Arguments) -> str | None:
    length = arguments.pop("input_length")
    if length is None:
        return None
    arguments.setdefault("input_shape", (length,))
    return f"keras.Input(({length},)) before the layer"


def _input_dim(arguments: Arguments) -> str:
    shape = arguments.setdefault("input_shape", (arguments.pop("input_length", None), arguments.pop("input_dim")))
    return f"keras.Input({shape}) before the layer"


def _batch_input_shape(arguments: Arguments) -> str:
    shape = tuple(arguments.pop("batch_input_shape"))
    arguments["input_shape"] = shape[1:]
    arguments["self"].__dict__["_batch_input_shape"] = shape
    return f"keras.Input(batch_shape={shape}) before the layer"


def _batch_size(arguments: Arguments) -> str | None:
    size = arguments.pop("batch_size")
    if "input_shape" not in arguments:
        return None
    arguments["batch_input_shape"] = (size, *arguments["input_shape"])
    return _batch_input_shape(arguments)


def _weights(arguments: Arguments) -> str:
    layer: Any = arguments["self"]
    weights = arguments.pop("weights")

    def build(self: Any, *args: Any, **kwargs: Any) -> None:
        del vars(self)["build"]
        self.build(*args, **kwargs)
        self.set_weights(weights)

    vars(layer)["build"] = MethodType(wraps(type(layer).build)(build), layer)
    return "layer.set_weights([...]) once the layer is built"


def _int_shape(arguments: Arguments) -> str | None:
    name = "input_shape" if "input_shape" in arguments else "shape"
    if not isinstance(arguments[name], int):
        return None
    arguments["shape"] = (arguments.pop(name),)
    return f"shape={arguments['shape']}"


def _third_argument(arguments: Arguments) -> str | None:
    values = arguments["loss_weights"]
    if not isinstance(values, list) or all(isinstance(value, int | float) for value in leaves(values)):
        return None
    arguments["metrics"] = arguments.pop("loss_weights")
    return "metrics=[...] by name, since the third argument is loss_weights"


_WEIGHTS: Changes = {
    "init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint", "bias": "use_bias"}  # fmt: skip
_SERIES: Changes = {**_WEIGHTS, "input_dim": _input_dim}
_ORDER: Changes = {"dim_ordering": _data_format}
_IMAGES: Changes = {"border_mode": "padding", **_ORDER}
_CONVOLUTION: Changes = {
    **_SERIES, **_IMAGES, "nb_filter": "filters", "nb_row": _kernel_size, "subsample": "strides",
    "filter_length": "kernel_size", "subsample_length": "strides", "atrous_rate": "dilation_rate"}  # fmt: skip
_RECURRENT: Changes = {
    **_SERIES, "output_dim": "units", "inner_init": "recurrent_initializer", "U_regularizer": "recurrent_regularizer",
    "dropout_W": "dropout", "dropout_U": "recurrent_dropout", **_gone("consume_less")}  # fmt: skip
_POOLING: Changes = {**_IMAGES, "pool_length": "pool_size", "stride": "strides"}
_RUN: Changes = _gone("workers", "max_queue_size", "max_q_size", "use_multiprocessing", "show_accuracy")
_OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Ftrl")
ARGUMENTS: dict[str, Changes] = {
    "layers.Layer.add_loss": _gone("inputs"),
    "layers.Layer": {"batch_input_shape": _batch_input_shape, "batch_size": _batch_size, "weights": _weights},
    "layers.Dense": {**_WEIGHTS, "output_dim": "units"},
    "layers.Embedding": {
        "init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint", "input_length": _input_length, **_gone("dropout")},
    "layers.BatchNormalization": {
        "beta_init": "beta_initializer", "gamma_init": "gamma_initializer",
        **_gone("mode", "fused", "virtual_batch_size")},
    "layers.PReLU": {"init": "alpha_initializer"}, "layers.GaussianNoise": {"sigma": "stddev"},
    "layers.UpSampling1D": {"length": "size"},
    **{name: {"shape": _int_shape} for name in ("Input", "layers.Input")},
    "layers.InputLayer": {"shape": _int_shape, "input_shape": _int_shape},
    **{f"layers.{name}": _CONVOLUTION for name in ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")},
    "layers.SimpleRNN": _RECURRENT,
    **{f"layers.{name}": {**_RECURRENT, "inner_activation": "recurrent_activation"} for name in ("LSTM", "GRU")},
    **{f"layers.{kind}Pooling{n}D": _POOLING for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"layers.{kind}2D": _ORDER for kind in ("ZeroPadding", "Cropping", "UpSampling", "GlobalMaxPooling",
                                               "GlobalAveragePooling")},
    **{f"layers.{name}": {"p": "rate"} for name in ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout",
                                                    "GaussianDropout")},
    **{f"optimizers.{name}": {"decay": _decay, "lr": "learning_rate", "epsilon": _epsilon, **_gone("schedule_decay")}
       for name in _OPTIMIZERS},
    "regularizers.L1": {"l": "l1"}, "regularizers.L2": {"l": "l2"}, "constraints.MaxNorm": {"m": "max_value"},
    "callbacks.ReduceLROnPlateau": {"epsilon": "min_delta"},
    "callbacks.ModelCheckpoint": _gone("options", "load_weights_on_restart"),
    "callbacks.TensorBoard": _gone("write_grads", "batch_size", "embeddings_layer_names", "embeddings_data"),
    "Model": {"input": "inputs", "output": "outputs"},
    "Model.compile": {
        "loss_weights": _third_argument,
        **_gone("sample_weight_mode", "target_tensors", "class_mode", "experimental_run_tf_function")},
    "Model.fit": {"nb_epoch": "epochs", **_RUN}, "Model.evaluate": _RUN, "Model.predict": _RUN,
    "preprocessing.image.img_to_array": _ORDER, "utils.to_categorical": {"nb_classes": "num_classes"}}  # fmt: skip
"""Address of a class, method or function below minikeras -> the changes of its arguments."""
ADD_WEIGHT = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
"""The positional arguments of `Layer.add_weight` in Keras 2, which began with the name."""
IDENTIFIERS: dict[str, dict[str, str]] = {
    **dict.fromkeys(("loss", "metric"), dict.fromkeys(("cosine", "cosine_proximity"), "cosine_similarity")),
    "constraint": {"maxnorm": "max_norm", "nonneg": "non_neg", "unitnorm": "unit_norm"}}  # fmt: skip
"""Kind of object -> old identifier -> today's."""
LOGS = (
    {"acc", "accuracy"}, {"mse", "mean_squared_error"}, {"mae", "mean_absolute_error"},
    {"mape", "mean_absolute_percentage_error"}, {"msle", "mean_squared_logarithmic_error"}, {"lr", "learning_rate"},
)  # fmt: skip
"""Each set has the names of one entry in logs and histories."""
NAMES: dict[str, dict[str, str]] = {
    "keras.layers": {
        "AtrousConvolution2D": "layers.Conv2D", "CuDNNGRU": "layers.GRU", "CuDNNLSTM": "layers.LSTM",
        "Deconvolution2D": "layers.Conv2DTranspose"},
    "keras.initializers": {
        "uniform": "initializers.RandomUniform", "normal": "initializers.RandomNormal", "zero": "initializers.Zeros",
        "one": "initializers.Ones"},
    "keras.regularizers": {
        "l1l2": "regularizers.L1L2", "activity_l1": "regularizers.L1", "activity_l2": "regularizers.L2",
        "WeightRegularizer": "regularizers.L1L2", "ActivityRegularizer": "regularizers.L1L2"},
    "keras.constraints": {
        "maxnorm": "constraints.MaxNorm", "nonneg": "constraints.NonNeg", "unitnorm": "constraints.UnitNorm"},
    "keras.losses": {"cosine_proximity": "losses.cosine_similarity", "cosine": "losses.cosine_similarity",
                     "huber_loss": "losses.huber"},
    "keras.metrics": {name: f"losses.{name}" for name in ("KLD", "MAE", "MAPE", "MSE", "MSLE", "kld", "logcosh", "mae",
                                                          "mape", "mse", "msle", "kullback_leibler_divergence")},
    "keras.models": {"model_from_config": "layers.deserialize"}, "keras.utils": {"plot": "utils.plot_model"},
    "keras.optimizers": {name.lower(): f"optimizers.{name}" for name in _OPTIMIZERS}}  # fmt: skip
"""Module -> old name -> today's address below minikeras."""
ABSENT: dict[str, str] = {
    "keras.backend": "binary_focal_crossentropy categorical_focal_crossentropy conv2d_transpose "
    "ctc_label_dense_to_sparse depthwise_conv2d foldl foldr is_sparse local_conv1d local_conv2d "
    "manual_variable_initialization pool2d pool3d random_binomial random_normal_variable random_uniform_variable "
    "resize_volumes separable_conv2d spatial_3d_padding", "keras.utils": "HDF5Matrix multi_gpu_model",
    "keras.callbacks": "BaseLogger", "keras.metrics": "MeanTensor", "keras.models": "Graph model_from_yaml",
    "keras.layers": "Highway LocallyConnected1D LocallyConnected2D MaxoutDense RandomHeight RandomWidth"}  # fmt: skip
"""Module -> old names that can be imported but not called: a call says that they are not here."""


def _modules(today: str, above: str, names: str) -> dict[str, str]:
    """Return a table of the modules below `above` that have become the one module `today`."""
    return {f"{above}.{name}": today for name in names.split()}


MODULES: dict[str, str] = {
    **_modules("keras.layers", "keras.layers", """
        core convolutional pooling recurrent local embeddings merge merging noise normalization advanced_activations
        wrappers experimental experimental.preprocessing preprocessing reshaping regularization activation attention
        activations dense_attention convolutional_recurrent normalization.batch_normalization"""),
    **_modules("keras.utils", "keras.utils", """
        np_utils vis_utils visualize_util generic_utils data_utils layer_utils io_utils training_utils test_utils
        all_utils conv_utils tf_utils"""),
    **_modules("keras.optimizers", "keras.optimizers", """
        legacy experimental adam adamax adagrad adadelta ftrl nadam rmsprop sgd adam_v2 adamax_v2 adagrad_v2
        adadelta_v2 ftrl_v2 nadam_v2 rmsprop_v2 gradient_descent_v2"""),
    **_modules("keras.optimizers", "keras", """
        optimizer_v2 optimizer_v2.adam optimizer_v2.adamax optimizer_v2.adagrad optimizer_v2.adadelta optimizer_v2.ftrl
        optimizer_v2.nadam optimizer_v2.rmsprop optimizer_v2.gradient_descent"""),
    **_modules("keras", "keras", """
        engine engine.topology engine.training engine.base_layer engine.input_layer engine.sequential
        engine.functional engine.network engine.input_spec engine.keras_tensor"""),
    **dict.fromkeys(("keras.experimental", "keras.optimizer_v2.learning_rate_schedule",
                     "keras.optimizers.learning_rate_schedule"), "keras.optimizers.schedules"),
    "keras.objectives": "keras.losses", "keras.initializations": "keras.initializers",
    "keras.callbacks.callbacks": "keras.callbacks", "keras.models.sequential": "keras.models",
    "keras.backend.tensorflow_backend": "keras.backend", "keras.utils.losses_utils": "keras.losses",
    "keras.mixed_precision.experimental": "keras.mixed_precision"}  # fmt: skip
"""Module of earlier versions -> the module that has its names today."""
