"""Masks: False where an element of a tensor, such as the padding of a sentence, does not count."""

from collections.abc import Callable, Container
from typing import Any, TypeVar

from .. import ops
from .._base.nested import leaves, map_structure
from .._base.signature import parameters
from .._core.tensor import Tensor, TensorOps

T = TypeVar("T", bound=Tensor)


def mask_of(x: Any) -> Any:
    """Return the mask of a tensor, None without one; for a list or dict of tensors, the structure of their masks."""
    return map_structure(mask_of, x) if isinstance(x, list | tuple | dict) else getattr(x, "keras_mask", None)


def masked(x: T, mask: Any) -> T:
    """Put a mask on a tensor, if there is one, and return the tensor."""
    if mask is not None:
        x.keras_mask = mask
    return x


def masked_copy(x: Any, mask: Any) -> Any:
    """Return a copy of a tensor with a mask; the tensor itself if the mask is None or its own."""
    return x if mask is None or mask_of(x) is mask else masked(ops.copy(x), mask)


def masks_for(call: Callable[..., Any], takes: Container[str], args: tuple[Any, ...],
              kwargs: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
    """Return the masks of the inputs, by the names of the arguments of `call` that take them and were not passed.

    A single input's mask is called `mask`; with several inputs, the mask of `query` is called `query_mask`.
    """
    inputs = parameters(call).bind(args, kwargs)
    tensors = {k: x for k, x in inputs.items() if any(isinstance(item, TensorOps) for item in leaves(x))}
    masks = {"mask" if len(tensors) == 1 else f"{name}_mask": mask_of(x) for name, x in tensors.items()}
    return {k: mask for k, mask in masks.items() if mask is not None and k in takes and inputs.get(k) is None}
