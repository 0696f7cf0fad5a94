"""Translates the configurations that Keras 2 wrote to those of Keras 3, by tables, without making any object."""

from collections.abc import Mapping
from typing import Any

from .._base.nested import map_configs
from .._base.typing import Config
from .._core.op_names import module
from .._serialization.argument_types import accepted
from .._serialization.object_registration import register_keras_serializable
from .._serialization.registry import kinds
from .._serialization.serialization import serialize
from ..metrics.base import registry as metric_registry
from ..ops import clip

RENAMED = {"InputLayer": {"batch_input_shape": "batch_shape"}, "LeakyReLU": {"alpha": "negative_slope"},
           "ReLU": {"theta": "threshold"}}  # fmt: skip
"""Class -> old name of an argument -> its name."""
_RECURRENT = ("RNN", "SimpleRNN", "GRU", "LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional")
NEUTRAL: dict[str, Any] = {
    "time_major": False, "causal": False, "noise_shape": None, "virtual_batch_size": None, "adjustment": None,
    "groups": 1, "kernel_regularizer": None, "kernel_constraint": None,
    **dict.fromkeys(("decay", "dtype", "fused", "function_type", "implementation", "input_length", "jit_compile", "lr",
                     "is_legacy_optimizer", "kernel_initializer", "module", "output_shape_module", "output_shape_type",
                     "query_shape", "key_shape", "value_shape", "schedule_decay", "trainable", "fn"), ...)}  # fmt: skip
"""Argument -> the value of it that can be dropped if a class does not take the argument; ... for any value."""
NAMES = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization",
         "SyncBatchNormalization": "BatchNormalization", "ThresholdedReLU": "ReLU", "Policy": "DTypePolicy",
         "LossScaleOptimizerV3": "LossScaleOptimizer", "huber_loss": "huber",
         "cosine_proximity": "cosine_similarity"}  # fmt: skip
"""Old name of a class, a loss or a metric -> its name."""
_ALIKE = """add subtract multiply divide matmul maximum minimum negative exp log sqrt rsqrt square sin cos sign floor
ceil relu relu6 elu selu sigmoid tanh softmax softplus softsign reshape squeeze transpose cast greater less stack"""
_OPS = {"abs": "Absolute", "bias_add": "Add", "clip_by_value": "Clip", "concat": "Concatenate", "getitem": "GetItem",
        "expand_dims": "ExpandDims", "l2_normalize": "Normalize", "pow": "Power", "stop_gradient": "StopGradient",
        "truediv": "TrueDivide", "where": "Where", **{name: name.capitalize() for name in _ALIKE.split()},
        **{f"reduce_{name}": name.capitalize() for name in ("max", "mean", "min", "prod", "sum")}}  # fmt: skip
"""Function of TensorFlow -> Keras's class of the op."""
_OP_ARGUMENTS = {"perm": "axes", "shape": "newshape", "clip_value_min": "x_min", "clip_value_max": "x_max"}


@register_keras_serializable("keras2")
def hard_sigmoid_of_keras_2(x: Any) -> Any:
    """Piecewise linear sigmoid of Keras 2: x / 5 + 0.5, clipped to [0, 1]. That of Keras 3 has x / 6."""
    return clip(x / 5 + 0.5, 0.0, 1.0)


def modernize(value: Any) -> Any:
    """Return a configuration, or a structure of them, in Keras 3's form. One of Keras 3 stays as it is."""
    if _is_tensor(value):
        value = [value[0].replace("/", "_"), *value[1:]]
    if isinstance(value, list):
        return [modernize(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("name"), str):
        value = {**value, "name": value["name"].replace("/", "_")}  # Keras 3 takes no slash
    name, config = value.get("class_name"), value.get("config")
    if isinstance(name, str) and isinstance(config, list):  # a Sequential of the first releases
        value, config = {**value, "config": {"name": "sequential", "layers": config}}, {}
    # TensorFlow's initializers, whose module is left out here, are called as Keras's
    value = {key: modernize(item) for key, item in value.items() if item != "tensorflow.python.ops.init_ops_v2"}
    if isinstance(name, str) and isinstance(value.get("config"), dict):
        if name in NAMES:
            name = NAMES[name]
            value |= {"class_name": name, "registered_name": None}
        value["config"] = _arguments(name, value["config"])
    return value


def _arguments(name: str, config: Config) -> Config:
    """Return the arguments of a class under their present names, without those that no longer exist."""
    renamed = RENAMED.get(name, {})
    cls = next((kind.own(name) for kind in kinds().values() if name in kind), None)
    needed = config if cls is None else accepted(cls)
    config = {renamed.get(key, key): value for key, value in config.items()
              if key in needed or key not in NEUTRAL or NEUTRAL[key] not in (..., value)}  # fmt: skip
    if name == "Hashing" and config.get("dtype") == "float32":
        del config["dtype"]  # the results are whole numbers
    for key in ("activation", "recurrent_activation"):
        if config.get(key) == "hard_sigmoid":
            config[key] = serialize(hard_sigmoid_of_keras_2)
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    if name == "VarianceScaling" and config.get("distribution") == "normal":
        config["distribution"] = "truncated_normal"
    if name == "Lambda":
        config |= {key: _function(config[key]) for key in ("function", "output_shape") if key in config}
    if isinstance(config.get("layers"), list):
        config["layers"] = _layers(name, config["layers"])
        _modernize_calls(config["layers"], config.get("output_layers"))
    for key in ("axis", "input_layers", "output_layers"):
        several = config.get(key)
        if isinstance(several, list) and len(several) == 1:
            config[key] = several[0]
    return config


def _function(value: Any) -> Any:
    """Return the name, or the code, of a function in Keras 3's form; other values as they are."""
    if isinstance(value, str):
        return {"class_name": "function", "config": value}
    code = isinstance(value, list) and value[:1] != [] and isinstance(value[0], str)
    return {"class_name": "__lambda__", "config": {"value": value}} if code else value


def _layers(name: str, layers: list[Any]) -> list[Any]:
    """Return a model's layers; in a Sequential, an `InputLayer` replaces the input shape of the first one."""
    configs = [layer.get("config") for layer in layers if isinstance(layer, dict)]
    shapes = [config.pop("batch_input_shape", None) for config in configs if isinstance(config, dict)]
    if name == "Sequential" and shapes and shapes[0] is not None:
        return [{"class_name": "InputLayer", "config": {"batch_shape": shapes[0]}}, *layers]
    return layers


def arguments_of_model(name: str, arguments: Config) -> Config:
    """Return a model's arguments in Keras 3's form; in Keras 2's, the shape of inputs has another name."""
    configs = [layer.get("config") for layer in arguments["layers"] if isinstance(layer, dict)]
    old = any("batch_input_shape" in config for config in configs if isinstance(config, dict))
    return dict(modernize({"class_name": name, "config": arguments})["config"]) if old else arguments


def _modernize_calls(layers: list[Any], outputs: Any) -> None:
    """Write the calls of layers in Keras 3's form, and count those of each layer from 0, also of a nested model."""
    histories = [[*end] for end in outputs or () if _is_tensor(end)]
    for layer in layers:
        calls = layer.get("inbound_nodes") if isinstance(layer, dict) else None
        if isinstance(calls, list):
            layer.pop("build_config", None)  # the calls build it
            if layer.get("class_name") in ("TFOpLambda", "SlicingOpLambda"):
                layer |= _op(layer, calls, histories)
                continue
            recurrent = layer.get("class_name") in _RECURRENT
            layer["inbound_nodes"] = [_call(call, histories, recurrent) for call in calls]
    first: dict[str, int] = {}
    for name, call, _ in histories:
        first[name] = min(call, first.get(name, call))
    for history in histories:
        history[1] -= first[history[0]]


def _call(call: Any, histories: list[Any], recurrent: bool) -> Any:
    """Return a call in Keras 3's form; a recurrent layer's tensors after the first are its states."""
    if not isinstance(call, list) or not call or not all(_is_tensor(each) and len(each) < 5 for each in call):
        return call
    more = call[-1][3] if len(call[-1]) == 4 else {}
    if not isinstance(more, dict):
        return call
    tensors = [_tensor(each[:3], histories) for each in call]
    kwargs = {key: _tensor(value, histories) for key, value in more.items() if key != "constants" or value is not None}
    if recurrent and len(tensors) > 1:
        return {"args": tensors[:1], "kwargs": {**kwargs, "initial_state": tensors[1:]}}
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": kwargs}


def _op(layer: Config, calls: list[Any], histories: list[Any]) -> Config:
    """Return a function of TensorFlow, called once, as Keras's op; {} for one that has no such op."""
    config = layer.get("config")
    kind = _OPS.get(str(config.get("function")).rpartition(".")[2]) if isinstance(config, dict) else None
    several = len(calls) == 1 and isinstance(calls[0], list) and isinstance((calls[0] or [""])[0], list)
    given = calls[0] if several else calls
    if not kind or not given or not all(isinstance(x, list) and len(x) == 4 and isinstance(x[3], dict) for x in given):
        return {}
    xs = [x[2] if x[0] == "_CONSTANT_VALUE" else _tensor(x[:3], histories) for x in given]
    more = {_OP_ARGUMENTS.get(key, key): _tensor(value, histories) for key, value in given[-1][3].items()}
    further = [more.pop(key) for key in ("x", "y", "b", "bias", "slice_spec") if key in more]
    if kind == "GetItem" and further and isinstance(further[0], list):
        further = [[{"class_name": x.get("class_name", "__slice__"), "config": x} if isinstance(x, dict) else x
                    for x in further[0]]]  # fmt: skip
    elif further and isinstance(further[0], list):
        further = [{"class_name": "__tensor__", "config": {"value": further[0], "dtype": "float32"}}]
    settings = {key: value for key, value in more.items() if key != "name" and value not in (None, "NHWC")}
    if kind == "Normalize":  # TensorFlow's epsilon is that of the square
        settings = {"axis": settings.get("axis"), "epsilon": settings.get("epsilon", 1e-12) ** 0.5}
    return {"module": module(kind), "class_name": kind, "registered_name": kind,
            "config": {"name": layer.get("name"), **settings},
            "inbound_nodes": [{"args": [xs if several else xs[0], *further], "kwargs": {}}]}  # fmt: skip


def _is_tensor(value: Any) -> bool:
    return isinstance(value, list) and [type(part) for part in value[:3]] == [str, int, int]


def _tensor(value: Any, histories: list[Any]) -> Any:
    """Return a tensor, [layer, call, index], in Keras 3's form, and note it; other values are returned as they are."""
    if not _is_tensor(value) or len(value) > 3:
        return value
    histories.append(value)
    return {"class_name": "__keras_tensor__", "config": {"keras_history": value}}


def modernize_model(config: Config) -> Config:
    """Return the configuration of a .keras archive in Keras 3's form."""
    compiled, model = config.get("compile_config"), dict(modernize({**config, "compile_config": None}))
    if isinstance(compiled, dict):
        model["compile_config"] = modernize_training({**compiled, "optimizer_config": compiled.get("optimizer")})
    return model


def modernize_training(training: Mapping[str, Any]) -> Config:
    """Return the arguments of `compile` from the training configuration of an .h5 file."""
    keys = [k for k in ("loss", "loss_weights", "metrics", "weighted_metrics") if training.get(k) is not None]
    arguments = {key: map_configs(_compiled, modernize(training[key])) for key in keys}
    if isinstance(given := arguments.get("metrics"), list):
        arguments["metrics"] = [[m for m in x if m is not None] if isinstance(x, list) else x for x in given]
    if (optimizer := training.get("optimizer_config")) is not None:
        arguments["optimizer"] = modernize_optimizer(optimizer) if isinstance(optimizer, Mapping) else optimizer
    return arguments


def modernize_optimizer(config: Mapping[str, Any]) -> Config:
    """Return the configuration of an optimizer in Keras 3's form."""
    name, arguments = config.get("class_name"), config.get("config")
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return dict(config)
    if "lr" in arguments:
        arguments = {**arguments, "learning_rate": arguments["lr"]}
    decay = 0.0 if name == "Nadam" else arguments.get("decay")  # Nadam's is that of the momentum
    if decay and not isinstance(arguments.get("learning_rate"), dict):
        rate = {"initial_learning_rate": arguments.get("learning_rate"), "decay_steps": 1, "decay_rate": decay}
        arguments = {**arguments, "learning_rate": {"class_name": "InverseTimeDecay", "config": rate}}
    return dict(modernize({**config, "class_name": name.removeprefix("Custom>"), "config": arguments}))


def _compiled(value: Any) -> Any:
    """Return a loss or metric under its present name; in place of a wrapped function, the name of a metric."""
    wrapped = isinstance(value, dict) and value.get("class_name") == "MeanMetricWrapper"
    config = value.get("config") if wrapped else None
    function = config.get("fn") if isinstance(config, dict) else value
    if not isinstance(function, str):
        return value
    function = NAMES.get(function, function)
    return _metric(str(config.get("name")), function) if config and function in metric_registry else function


def _metric(name: str, function: str) -> str:
    """Return the metric that `compile` was given, from its name in the file, such as "left_mae" for output "left"."""
    words = name.split("_")
    ends = ("_".join(words[start:]) for start in range(len(words)))
    short = ("accuracy", "acc", "crossentropy", "ce")
    return next((end for end in ends if end in short or end in metric_registry), function)
