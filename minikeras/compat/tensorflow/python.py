"""Internal addresses of TensorFlow that scripts import from, such as `tensorflow.python.framework.ops`."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from ..._core.tensor import Tensor
from . import config, dtypes, errors
from .missing import missing, namespace
from .tensors import Variable, convert_to_tensor

_TREE: dict[str, Any] = {
    "framework": {
        "ops": {"EagerTensor": Tensor, "Tensor": Tensor, "convert_to_tensor": convert_to_tensor},
        "tensor": {"Tensor": Tensor}, "constant_op": {}, "dtypes": dtypes, "errors": errors},
    "ops": {"resource_variable_ops": {"ResourceVariable": Variable}, "variables": {"Variable": Variable}},
    "client": {"device_lib": {"list_local_devices": config.list_logical_devices}},
    "util": {"deprecation": {"silence": nullcontext}},
    "eager": {"context": {"executing_eagerly": lambda: True}}}  # fmt: skip


def _module(path: str, tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    return namespace(path, **{name: _module(f"{path}.{name}", below) for name, below in tree.items()})


globals().update({name: _module(f"python.{name}", tree) for name, tree in _TREE.items()})
__getattr__: Callable[[str], Any] = missing(__name__)
