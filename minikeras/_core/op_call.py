"""The type of an op."""

from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, overload

from .keras_tensor import KerasTensor
from .tensor import Tensor

P = ParamSpec("P")
Rest = ParamSpec("Rest")
Symbolic: TypeAlias = KerasTensor | list[KerasTensor] | tuple[KerasTensor, ...]


class OpCall(Protocol[P]):
    """An op: it returns a KerasTensor for KerasTensors, and a Tensor for anything else."""

    __name__: str

    def __hash__(self) -> int: ...
    @overload
    def __call__(self: "OpCall[Concatenate[Any, Rest]]", x: Symbolic, /, *args: Rest.args,
                 **kwargs: Rest.kwargs) -> KerasTensor: ...  # fmt: skip
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
