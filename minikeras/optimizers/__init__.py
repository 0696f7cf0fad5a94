"""Optimizers: how training changes weights."""

from collections.abc import Mapping
from typing import Any, TypeAlias, overload

from .._base.lazy import lazily
from .._base.typing import Config, CustomObjects, OptimizerName
from .._serialization.registry import Registry
from .._serialization.serialization import serialize as serialize
from . import schedules as schedules
from .optimizer import Optimizer

with lazily(globals()):
    from .adam import Adam, Adamax, AdamW, Lamb, Nadam, ScheduleFreeAdamW
    from .adaptive import Adadelta, Adafactor, Adagrad, RMSprop
    from .gradient import SGD, Ftrl, Lion
    from .loss_scale_optimizer import LossScaleOptimizer

__all__ = [
    "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "LossScaleOptimizer",
    "Nadam", "Optimizer", "RMSprop", "ScheduleFreeAdamW", "deserialize", "get", "schedules", "serialize"]  # fmt: skip

OptimizerLike: TypeAlias = OptimizerName | Optimizer | Config
"""The argument of `get`."""

registry: Registry[Optimizer] = Registry("keras.optimizers", "optimizer", Optimizer)


def deserialize(config: str | Mapping[str, Any], custom_objects: CustomObjects | None = None) -> Optimizer:
    """Return the optimizer of a configuration, or of the name of one with default arguments, in any case.

    `custom_objects` maps names to classes of the caller's. A name that is none raises a ValueError with the nearest.

    Example:
        >>> deserialize({"class_name": "ADAM", "config": {"learning_rate": 0.5}}).learning_rate.numpy()
        array(0.5, dtype=float32)
    """
    if isinstance(config, str):
        config = {"class_name": config, "config": {}}
    name = config.get("class_name") if isinstance(config, Mapping) else None
    if isinstance(name, str):
        own = (n for n in __all__ if n.lower() == name.lower() and n in registry)
        config = {**config, "class_name": next(own, name)}
    optimizer = registry.deserialize(config, custom_objects)
    if isinstance(optimizer, Optimizer):
        return optimizer
    raise ValueError(f"Expected the configuration of an optimizer. Received: {config!r}.")


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: OptimizerLike | str) -> Optimizer: ...
def get(identifier: OptimizerLike | str | None) -> Optimizer | None:
    """Return the optimizer that a name, in any case, or a configuration stands for; an optimizer, and None, as it is.

    Example:
        >>> type(get("adamw")).__name__
        'AdamW'
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str | Mapping):
        return deserialize(identifier)
    raise ValueError(f"Could not interpret optimizer identifier: {identifier!r}. Expected a name such as 'adam', a "
                     "configuration, or an optimizer, such as Adam() with its parentheses.")  # fmt: skip
