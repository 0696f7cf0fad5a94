"""The arguments that layers take, and how these become configurations."""

from typing import Any, TypedDict

from .. import activations, constraints, initializers, regularizers
from .._base.nested import leaves
from .._base.signature import parameters
from .._base.typing import Config, ShapeLike
from .._core.tensor import any_symbolic
from .._serialization.configurable import is_built_in
from .._serialization.serialization import serialize
from ..dtype_policies import PolicyLike
from ..regularizers import RegularizerLike


class CommonOptions(TypedDict, total=False):
    """Keyword arguments that every layer takes, by name only; see `Layer`.

    `input_shape` is the shape of one sample: a Sequential that begins with the layer is then built at once.
    """

    trainable: bool
    dtype: PolicyLike | Config | None
    autocast: bool
    input_shape: ShapeLike


class BaseOptions(CommonOptions, total=False):
    """Keyword arguments that nearly every layer takes; `input_dim` is short for `input_shape=(input_dim,)`."""

    name: str | None
    input_dim: int


class LayerOptions(BaseOptions, total=False):
    """Keyword arguments of the layers that do not name `activity_regularizer` themselves."""

    activity_regularizer: RegularizerLike


GETTERS: dict[str, Any] = {"activation": activations, "constraint": constraints, "initializer": initializers,
                           "regularizer": regularizers}  # fmt: skip
"""Last word of an argument's name -> the module whose `get` makes a function or object of its value."""


def to_config(value: Any) -> Any:
    """Return an argument as configurations hold it: functions by name, objects as dicts, the rest unchanged."""
    if hasattr(value, "get_config"):
        return serialize(value)
    return activations.serialize(value) if callable(value) else value


def plain_arguments(cls: type[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Config | None:
    """Return the arguments of `__init__` for an object of a user's class; None if they are not all plain values."""
    if is_built_in(cls):
        if ".layers." in cls.__module__ and any_symbolic(args[:1]):
            raise ValueError(f"{cls.__name__}() makes a layer, which is called on a tensor: {cls.__name__}(...)(x).")
        return None
    accepted = parameters(cls.__init__)
    if accepted.positional_only or len(args) >= len(accepted.positional):  # some went into *args
        return None
    arguments = {**accepted.defaults, **accepted.bind((None, *args), kwargs)}
    for name in (accepted.positional[0], "name", "trainable", "dtype"):  # self, and what configurations have anyway
        arguments.pop(name, None)
    return arguments if all(x is None or isinstance(x, str | int | float | bool) for x in leaves(arguments)) else None
