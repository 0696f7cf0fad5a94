"""Earlier names of classes and functions: attributes of modules, and identifiers in strings."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import layers, models
from ..._base.absent import placeholder
from ..._serialization.registry import Registry
from ...tree import flatten, map_structure
from . import tables
from .patches import around, outdated, resolve


def _find(find: Callable[..., Any], registry: Registry[Any], name: str, custom_objects: Any = None, *error: Any) -> Any:
    today = tables.IDENTIFIERS.get(registry.kind, {}).get(name)
    if today is not None and name not in (custom_objects or {}):
        outdated(f"The {registry.kind} {name!r}", repr(today))
        name = today
    return find(registry, name, custom_objects, *error)


def install() -> None:
    """Let strings name losses, metrics and constraints by their former names."""
    around(Registry, "find", _find)


def name_in(module: str, name: str) -> Any:
    """Return the value of a former name in one of Keras's modules, None if the name is not a former one."""
    address = tables.NAMES.get(module, {}).get(name)
    if address is not None:
        outdated(f"{module}.{name}", f"keras.{address}")
        return resolve(address)
    if name in tables.ABSENT.get(module, "").split():
        return placeholder(module.removeprefix("keras."), name)
    wrapper = _halves if name == "split_dataset" else _pipeline if name in _PIPELINES else None
    return wrapper(resolve(f"utils.{name}")) if wrapper else CALLS.get(f"{module}.{name}")


def _convolution2d(filters: int, *size: Any, **kwargs: Any) -> Any:
    if len(size) >= 2 and all(isinstance(n, int) for n in size[:2]):
        outdated(f"Convolution2D({filters}, {size[0]}, {size[1]})", f"Conv2D({filters}, {size[:2]})")
        size = (size[:2], *size[2:])
    return layers.Conv2D(filters, *size, **kwargs)


def _merge(inputs: Any, mode: str = "sum", concat_axis: int = -1, dot_axes: Any = -1, name: str | None = None) -> Any:
    names = {"sum": "add", "mul": "multiply", "concat": "concatenate", "ave": "average", "max": "maximum", "cos": "dot"}
    function = names.get(mode, mode)
    outdated(f"merge(inputs, mode={mode!r})", f"keras.layers.{function}(inputs)")
    options = {"concatenate": {"axis": concat_axis}, "dot": {"axes": dot_axes, "normalize": mode == "cos"}}
    return getattr(layers, function)(inputs, name=name, **options.get(function, {}))


def _merge_models(branches: Any, mode: Any = "sum", *args: Any, **options: Any) -> Any:
    """Return a model in place of Keras 1's `Merge([model, model], mode=)`, the first layer of a Sequential."""
    inputs = [tensor for branch in branches for tensor in flatten(branch.input)]
    outputs = [branch.output for branch in branches]
    if callable(mode):
        outdated("Merge(models, mode=function)", "keras.layers.Lambda(function)(outputs)")
        return models.Model(inputs, layers.Lambda(mode)(outputs))
    return models.Model(inputs, _merge(outputs, mode, *args, **options))


def _time_distributed_dense(*args: Any, **options: Any) -> Any:
    outdated("TimeDistributedDense(units)", "TimeDistributed(Dense(units))")
    return layers.TimeDistributed(layers.Dense(*args, **options))


class _Thresholded:
    """The class of `ThresholdedReLU`, which makes a `ReLU`, and which packages ask `isinstance` for."""

    def __call__(self, theta: float = 1.0, **options: Any) -> Any:
        outdated(f"ThresholdedReLU({theta})", f"ReLU(threshold={theta})")
        return layers.ReLU(threshold=theta, **options)

    def __instancecheck__(self, layer: object) -> bool:
        return isinstance(layer, layers.ReLU) and layer.threshold != 0


def _pipeline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function such as `image_dataset_from_directory` that returns a `tf.data.Dataset`, as Keras's does."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        folder = function(*args, **kwargs)
        of_folder = import_module("..tensorflow.data", __package__).of_folder
        return list(map(of_folder, folder)) if isinstance(folder, list) else of_folder(folder)

    return call


def _halves(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `split_dataset` as tf.keras has it: it takes a Dataset or arrays and returns two Datasets."""

    @wraps(function)
    def call(dataset: Any, *args: Any, **kwargs: Any) -> Any:
        Dataset = import_module("..tensorflow.data", __package__).Dataset
        if not isinstance(dataset, Dataset):
            return tuple(map(Dataset.from_tensor_slices, function(dataset, *args, **kwargs)))
        if any(word in repr(dataset) for word in ("Batch", "=(None")):  # a batched kind, or elements of open size
            raise ValueError("`split_dataset` counts rows: call it before `batch`.")
        elements = list(dataset.as_numpy_iterator())
        halves = ([elements[i] for i in part] for part in function(np.arange(len(elements)), *args, **kwargs))
        return tuple(Dataset.from_tensor_slices(map_structure(lambda *x: np.array(x), *half)) for half in halves)

    return call


_PIPELINES = ("image_dataset_from_directory", "text_dataset_from_directory", "timeseries_dataset_from_array")
CALLS: dict[str, Any] = {
    "keras.losses.Reduction": SimpleNamespace(
        AUTO="sum_over_batch_size", NONE="none", SUM="sum", SUM_OVER_BATCH_SIZE="sum_over_batch_size"),
    "keras.backend.backend": lambda: "tensorflow", "keras.layers.Convolution2D": _convolution2d,
    "keras.layers.ThresholdedReLU": _Thresholded(), "keras.layers.merge": _merge,
    "keras.layers.Merge": _merge_models, "keras.layers.TimeDistributedDense": _time_distributed_dense}  # fmt: skip
"""Address of a former name -> what stands for it; and `K.backend`, whose answer decides which branch a script takes."""
