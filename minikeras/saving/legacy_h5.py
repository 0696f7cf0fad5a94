"""Whole models in HDF5 (.h5, .hdf5), in the layout of Keras 2, which Keras 3 writes as well.

The attributes `model_config` and `training_config` hold JSON. `model_weights` has a group for each layer, and
`optimizer_weights` the optimizer's variables. Names are in the attributes `layer_names` and `weight_names`, in several
parts if they are long. As in Keras, weights are assigned by the order of layers and weights.
"""

from collections.abc import Iterable, Sequence
from itertools import count, takewhile
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .._base.typing import Config, CustomObjects
from .._base.user_warning import warn_user
from .._core.keras_tensor import has_op
from .._core.op_names import module
from .._core.variable import Variable
from .._serialization.object_registration import all_of
from ..layers import Layer
from .hdf5 import Dataset, Group
from .keras2_configs import modernize, modernize_training
from .source import FileError
from .state import Pairs, held
from .strict_json import read_json

TOP_LEVEL = "top_level_model_weights"
LAST = {"vhat", "mg", "momentum"}
"""Slots before Keras 2.11 that come last, one kind after another; others come weight by weight."""
Kind = TypeVar("Kind", Group, Dataset)


class Legacy(NamedTuple):
    """The parts of a file."""

    model: Config  # in Keras 3's form
    weights: Group  # for `match_layers`
    training: Config  # the arguments of `compile`, {} if the model was not compiled
    optimizer: list[Dataset]  # the optimizer's variables, in their order


def read_legacy(root: Group, name: str, custom_objects: CustomObjects | None = None) -> Legacy:
    """Return the parts of a whole model; a FileError if the file, called `name`, is damaged or holds no model."""
    if "model_config" not in root.attrs:
        raise FileError(name, "/", "it holds no whole model. If it holds weights, model.load_weights() reads them")
    model, training = (_json(root, key, name) for key in ("model_config", "training_config"))
    weights = _child(root, "model_weights", Group, name)
    slots = _weights(_child(root, "optimizer_weights", Group, name), name) if "optimizer_weights" in root else []
    if str(root.attrs.get("keras_version", weights.attrs.get("keras_version", "1"))) < "3":
        model, training = modernize(model), modernize_training(training)
    else:
        _name_modules(model, all_of(custom_objects))
        if "optimizer_config" in training:
            training["optimizer"] = training.pop("optimizer_config")
    return Legacy(model, weights, training, slots)


def _name_modules(model: Any, own: CustomObjects) -> None:
    """Add the module to ops among the layers, which Keras 3 leaves out here. Layers are `own`, or have `trainable`."""
    config = model.get("config") if isinstance(model, dict) else None
    if isinstance(config, dict):
        name, layers = model.get("class_name"), config.get("layers")
        if isinstance(name, str) and has_op(name) and name not in own and "trainable" not in config:
            model.setdefault("module", module(name))
        for layer in layers if isinstance(layers, list) else []:
            _name_modules(layer, own)


def find_layers(root: Group) -> Group | None:
    """Return the group with the weights of each layer, None if the file has another layout."""
    group = root[name] if (name := "model_weights") in root else root
    return group if isinstance(group, Group) and not {"layer_names", "layer_names0"}.isdisjoint(group.attrs) else None


def match_layers(model: Any, group: Group, name: str, skip_mismatch: bool = False, by_name: bool = False) -> Pairs:
    """Return pairs of the variables of a built model and the arrays in a file. Nothing is read yet.

    `group` has a group for each layer: it is "model_weights" of a whole model, or the root of a file of weights. Layers
    get theirs in order, or by name. A FileError if the file is damaged; a ValueError if numbers of layers or weights,
    or shapes, differ. With `skip_mismatch`, layers whose weights do not fit are left out, with a warning.
    """
    keys = _names(group, "layer_names", name)
    stored = {key.replace("/", "_"): _weights(_child(group, key, Group, name), name) for key in keys}
    if by_name:
        pairs = [(layer, layer.name) for layer in model.layers if layer.name in stored]
    else:
        layers = [layer for layer in model.layers if layer.weights]
        filled = [key for key, arrays in stored.items() if arrays]
        if len(filled) != len(layers):
            raise ValueError(f"The model has {len(layers)} layers with weights, the file {name!r} {len(filled)}.")
        pairs = list(zip(layers, filled, strict=True))
    matches = [(layer, in_old_order(layer.weights, layer.trainable), stored[key]) for layer, key in pairs]
    if TOP_LEVEL in group:
        arrays = _weights(_child(group, TOP_LEVEL, Group, name), name)
        matches.append((model, in_old_order(model._own_weights()), arrays))
    return [pair for each in matches for pair in _fitting(*each, name, skip_mismatch)]


def in_old_order(variables: Iterable[Variable], trainable: bool = True) -> list[Variable]:
    """Return a layer's variables in the order of these files: trainable ones first."""
    return sorted(variables, key=lambda v: not (trainable and v.trainable))


def match_slots(optimizer: Any, arrays: Sequence[Dataset], name: str) -> Pairs:
    """Return pairs of an optimizer's variables and stored arrays; if they do not fit, warn and return none."""
    names = [array.path.partition(":")[0].rpartition("/") for array in arrays]  # (of the weight, "/", of the slot)
    if names and names[0][2] == "iter":  # from before Keras 2.11: sort by weight, not slot
        first = {weight: place for place, (weight, _, _) in reversed([*enumerate(names)])}
        places = [len(names) if slot in LAST else first[weight] for weight, _, slot in names]
        arrays = [arrays[i] for i in sorted(range(len(names)), key=places.__getitem__)]
    variables, arrays = held(optimizer, arrays)
    if [v.shape for v in variables] != [array.shape for array in arrays]:
        warn_user(f"The state of the optimizer in {name!r} does not fit {optimizer.name!r}, which starts anew: it has "
                  f"{len(variables)} variables, and {len(arrays)} are stored, or shapes differ.")  # fmt: skip
        return []
    return list(zip(variables, arrays, strict=True))


def _fitting(layer: Layer, variables: Sequence[Variable], arrays: Sequence[Dataset], name: str, skip: bool) -> Pairs:
    """Return pairs of a layer's variables and stored arrays, whose number and shapes must be equal."""
    pairs = list(zip(variables, arrays, strict=False))
    wrong = [f"{v.path!r} has shape {v.shape}, the stored {a.path!r} {a.shape}" for v, a in pairs if v.shape != a.shape]
    if len(variables) != len(arrays):
        pairs, wrong = [], [f"it has {len(variables)} weights, and {len(arrays)} are stored"]
    if wrong and not skip:
        raise ValueError(f"The weights of layer {layer.name!r} in {name!r} do not fit: {wrong[0]}.")
    if wrong:
        warn_user(f"Weights of layer {layer.name!r} in {name!r} are left out: {wrong[0]}.")
    return [(v, a) for v, a in pairs if v.shape == a.shape]


def _json(root: Group, key: str, name: str) -> Config:
    """Return the JSON object in an attribute, {} if there is none."""
    text, place = root.attrs.get(key, "{}"), f"the attribute {key!r}"
    if not isinstance(text, str):
        raise FileError(name, place, "it is no text")
    return read_json(text.encode(), name, place)


def _names(group: Group, key: str, name: str) -> list[str]:
    """Return the names in an attribute, or in its parts."""
    numbered = takewhile(lambda part: part in group.attrs, (f"{key}{place}" for place in count()))
    parts = [key] if key in group.attrs else list(numbered)
    names = [each for part in parts for each in np.atleast_1d(group.attrs[part]).tolist()]
    if not all(isinstance(each, str) for each in names) or len(set(names)) != len(names):
        raise FileError(name, f"{key!r} of {group.path}", "it must have names, each only once")
    return names


def _weights(group: Group, name: str) -> list[Dataset]:
    return [_child(group, each, Dataset, name) for each in _names(group, "weight_names", name)]


def _child(group: Group, path: str, kind: type[Kind], name: str) -> Kind:
    """Return the group or array (`kind`) at a path below a group."""
    node: Group | Dataset = group
    for part in path.split("/"):
        if not isinstance(node, Group) or part not in node:
            raise FileError(name, node.path, f"there is no {kind.__name__.lower()} {path!r} in it")
        node = node[part]
    if not isinstance(node, kind):
        raise FileError(name, node.path, f"a {kind.__name__.lower()} is expected there")
    return node
