"""Translates the configurations that Keras 2 wrote to those of Keras 3, by tables, without making any object."""

from collections.abc import Mapping
from typing import Any

from .._base.nested import map_configs
from .._base.typing import Config
from ..metrics.base import registry as metric_registry

RENAMED = {"InputLayer": {"batch_input_shape": "batch_shape"}, "LeakyReLU": {"alpha": "negative_slope"}}
"""Class -> old name of an argument -> its name."""
_UNGROUPED = {"groups": 1}
_BY_PARTS = _UNGROUPED | {"kernel_initializer": ..., "kernel_regularizer": None, "kernel_constraint": None}
NEUTRAL: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"fused": ..., "virtual_batch_size": None, "adjustment": None},
    **{f"Conv{n}DTranspose": _UNGROUPED for n in (1, 2, 3)}, **{f"DepthwiseConv{n}D": _UNGROUPED for n in (1, 2)},
    **{f"SeparableConv{n}D": _BY_PARTS for n in (1, 2)}, "Embedding": {"input_length": ...},
    **{f"SpatialDropout{n}D": {"noise_shape": None} for n in (1, 2, 3)}, "Hashing": {"dtype": "float32"},
    "Lambda": dict.fromkeys(("function_type", "module", "output_shape_type", "output_shape_module"), ...)}  # fmt: skip
"""Class -> argument -> the value of it that Keras 3 does not take, and that can be dropped; ... for any value."""
CLASSES = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}


def modernize(value: Any) -> Any:
    """Return a configuration, or a structure of them, in Keras 3's form. One of Keras 3 stays as it is."""
    if isinstance(value, list):
        return [modernize(item) for item in value]
    if not isinstance(value, dict):
        return value
    name, config = value.get("class_name"), value.get("config")
    if isinstance(name, str) and isinstance(config, list):  # a Sequential of the first releases
        value, config = {**value, "config": {"name": "sequential", "layers": config}}, {}
    value = {key: modernize(item) for key, item in value.items()}
    if isinstance(name, str) and isinstance(value.get("config"), dict):
        value["class_name"] = name = CLASSES.get(name, name)
        value["config"] = _arguments(name, value["config"])
        if name == "Policy":
            value |= {"module": "keras", "class_name": "DTypePolicy", "registered_name": None}
    return value


def _arguments(name: str, config: Config) -> Config:
    """Return the arguments of a class under their present names, without those that no longer exist."""
    neutral, renamed = NEUTRAL.get(name, {}), RENAMED.get(name, {})
    kept = [(key, value) for key, value in config.items() if key not in neutral or neutral[key] not in (..., value)]
    config = {renamed.get(key, key): value for key, value in kept}
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    if name == "VarianceScaling" and config.get("distribution") == "normal":
        config["distribution"] = "truncated_normal"
    if name == "Lambda":
        config |= {key: _function(config[key]) for key in ("function", "output_shape") if key in config}
    if isinstance(config.get("layers"), list):
        config["layers"] = _layers(name, config["layers"])
        for key in ("input_layers", "output_layers"):
            ends = config.get(key)
            if is_old(config["layers"]) and isinstance(ends, list) and len(ends) == 1:
                config[key] = ends[0]
        for layer in config["layers"]:
            calls = layer.get("inbound_nodes") if isinstance(layer, dict) else None
            if isinstance(calls, list):
                layer["inbound_nodes"] = [_call(call) if isinstance(call, list) else call for call in calls]
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


def is_old(layers: list[Any]) -> bool:
    """Return whether calls are written in Keras 2's form: lists of layer, call, index and further arguments."""
    calls = [layer.get("inbound_nodes") for layer in layers if isinstance(layer, dict)]
    return any(isinstance(call, list) for each in calls if isinstance(each, list) for call in each)


def _call(call: list[Any]) -> Any:
    """Return a call in Keras 3's form."""
    if not all(isinstance(each, list) and len(each) in (3, 4) for each in call) or not call:
        return call
    tensors = [_tensor(each[:3]) for each in call]
    more = call[-1][3] if len(call[-1]) == 4 else {}
    if not isinstance(more, dict):
        return call
    kwargs = {key: _tensor(value) for key, value in more.items()}
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": kwargs}


def _tensor(value: Any) -> Any:
    """Return a tensor, given as [layer, call, index], in Keras 3's form; other values as they are."""
    if not isinstance(value, list) or [type(part) for part in value] != [str, int, int]:
        return value
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
    if (optimizer := training.get("optimizer_config")) is not None:
        arguments["optimizer"] = modernize_optimizer(optimizer) if isinstance(optimizer, Mapping) else optimizer
    return arguments


def modernize_optimizer(config: Mapping[str, Any]) -> Config:
    """Return the configuration of an optimizer in Keras 3's form."""
    config = dict(modernize(dict(config)))
    name, arguments = config.get("class_name"), config.get("config")
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return config
    arguments = {key: value for key, value in arguments.items() if key not in ("is_legacy_optimizer", "jit_compile")}
    if "lr" in arguments:
        arguments["learning_rate"] = arguments.pop("lr")
    decay = arguments.pop("decay", 0.0)
    if decay and not isinstance(arguments.get("learning_rate"), dict):
        rate = {"initial_learning_rate": arguments.get("learning_rate"), "decay_steps": 1, "decay_rate": decay}
        arguments["learning_rate"] = {"class_name": "InverseTimeDecay", "config": rate}
    return {**config, "class_name": name.removeprefix("Custom>"), "config": arguments}


def _compiled(value: Any) -> Any:
    """Return a loss or metric without what Keras 2 added to its configuration."""
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
        return value
    config = dict(value["config"])
    function = config.pop("fn", None)
    if value["class_name"] == "MeanMetricWrapper" and isinstance(function, str):
        return _metric(str(config.get("name")), function) if function in metric_registry else function
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    return {**value, "config": config}


def _metric(name: str, function: str) -> str:
    """Return the metric that `compile` was given, from its name in the file, such as "left_mae" for output "left"."""
    words = name.split("_")
    for short in ("_".join(words[start:]) for start in range(len(words))):
        if short in ("accuracy", "acc", "crossentropy", "ce") or short in metric_registry:
            return short
    return function
