"""Addresses inside of TensorFlow that scripts import from: `tensorflow.python.framework.ops` and some more."""

from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType
from typing import Any

from ..._core.tensor import Tensor
from . import config, dtypes, errors
from .missing import missing
from .tensors import Variable, convert_to_tensor

_TREE: dict[str, Any] = {
    "framework": {
        "ops": {"EagerTensor": Tensor, "Tensor": Tensor, "convert_to_tensor": convert_to_tensor},
        "tensor": {"Tensor": Tensor}, "constant_op": {}, "dtypes": dtypes, "errors": errors},
    "ops": {"resource_variable_ops": {"ResourceVariable": Variable}, "variables": {"Variable": Variable}},
    "client": {"device_lib": {"list_local_devices": config.list_logical_devices}},
    "util": {"deprecation": {"silence": nullcontext}},
    "eager": {"context": {"executing_eagerly": lambda: True}}}  # fmt: skip


def _modules(tree: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the names of a module, with modules in place of the dicts below it."""
    names = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            module = ModuleType(f"{path}.{name}")
            vars(module).update(_modules(value, f"{path}.{name}"), __getattr__=missing(f"{path}.{name}"))
            value = module
        names[name] = value
    return names


globals().update(_modules(_TREE, __name__))
__getattr__: Callable[[str], Any] = missing(__name__)
