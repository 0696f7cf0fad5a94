"""Global settings: float type, epsilon, image format, logging, limits, and checked dtypes."""

import os
import random
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args

import numpy as np

from .checks import one_of
from .typing import DataFormat, DTypeLike, DTypeName
from .user_warning import warn_user

_DTYPES: dict[Any, DTypeName] = {name: name for name in get_args(DTypeName)}
_DTYPES |= {np.dtype(name): name for name in _DTYPES if name != "string"}
_OF_PYTHON: dict[Any, DTypeName] = {int: "int32", "int": "int32", complex: "complex64", str: "string"}
FloatName = Literal["float16", "float32", "float64"]


class _Settings:
    """Values that `minikeras.config` reads and writes."""

    floatx: FloatName = "float32"
    epsilon: float = 1e-7
    image_data_format: DataFormat = "channels_last"
    interactive_logging: bool = True
    flash_attention: bool | None = None
    max_epochs: int | None = int(os.environ.get("KERAS_MAX_EPOCHS", 0)) or None
    max_steps_per_epoch: int | None = int(os.environ.get("KERAS_MAX_STEPS_PER_EPOCH", 0)) or None
    max_threads: int | None = None
    counts: str = "int32"
    """The dtype of counters, such as an optimizer's steps and `Normalization`'s values; int64 on TensorFlow."""
    tensorflow_batches: bool = False
    """Whether models get batches as on TensorFlow: uneven ones leave an axis open, lists of arrays become tuples."""
    seeds: Any = random
    """What `make_default_seed` draws from: Python's global random state, as in Keras, or a generator like it."""


settings = _Settings()


def floatx() -> FloatName:
    """Return the default float type, "float32" unless changed."""
    return settings.floatx


def set_floatx(value: FloatName | str) -> None:
    """Set the default float type of layers and ops made from now on: "float16", "float32" or "float64"."""
    if value not in {"float16", "float32", "float64"}:  # a set, since np.dtype("float16") equals the name too
        raise ValueError(f"floatx must be 'float16', 'float32' or 'float64', not bfloat16. Received: {value!r}.")
    settings.floatx = value


def epsilon() -> float:
    """Return the small number (1e-7 unless changed) that keeps divisions and logarithms finite."""
    return settings.epsilon


def set_epsilon(value: float) -> None:
    """Set the number returned by `epsilon`."""
    settings.epsilon = value


def image_data_format() -> DataFormat:
    """Return where images keep their channels: "channels_last" unless changed."""
    return settings.image_data_format


def set_image_data_format(data_format: DataFormat) -> None:
    """Set where images keep their channels: "channels_last" or "channels_first"."""
    settings.image_data_format = standardize_data_format(str(data_format))


def standardize_data_format(data_format: str | None) -> DataFormat:
    """Return a checked data format, the configured one for None."""
    if data_format is None:
        return settings.image_data_format
    return cast(DataFormat, one_of("data_format", str(data_format).lower(), ("channels_first", "channels_last")))


Channels: TypeAlias = Annotated[DataFormat, lambda cls, name, value: standardize_data_format(value)]
"""A data format, where a class takes None for the configured one."""


def standardize_dtype(dtype: DTypeLike | None) -> DTypeName:
    """Return the name of a dtype, the default float type for None; a ValueError if NumPy has no such dtype.

    Example:
        >>> standardize_dtype(float), standardize_dtype(None)
        ('float32', 'float32')
    """
    if isinstance(dtype, str | np.dtype) and dtype in _DTYPES:  # the common cases, quickly
        return _DTYPES[dtype]
    if dtype is None or dtype is float:
        return settings.floatx
    if isinstance(dtype, type | str) and dtype in _OF_PYTHON:
        return _OF_PYTHON[dtype]
    name: Any = getattr(dtype, "name", dtype)
    try:
        name = name if name == "string" else str(np.dtype(name).name)  # "string" is no name of NumPy's
    except TypeError:
        name = ""
    if name not in _DTYPES:
        raise ValueError(f"Invalid dtype: {dtype!r:.80}. Expected a dtype of numbers, or one of {get_args(DTypeName)}.")
    return _DTYPES[name]


def wide(dtype: Any) -> Any:  # as NumPy's functions declare it
    """Return the dtype to sum float16 in, whose own sums of ones stop at 2048; None for other dtypes."""
    return "float32" if dtype == "float16" else None


def make_default_seed() -> int:
    """Draw a seed for whatever is unseeded, as Keras does: from Python's global random state."""
    return int(settings.seeds.randint(1, 10**9))


def limited(count: int | None, what: Literal["epochs", "steps_per_epoch"]) -> int | None:
    """Return how many epochs or steps to run: as many as wanted (None for all), or what `config` limits them to."""
    limit = settings.max_epochs if what == "epochs" else settings.max_steps_per_epoch
    if not limit or (count is not None and count <= limit):
        return count
    warn_user(f"Limiting {what} to {limit}")
    return limit


def enable_interactive_logging() -> None:
    """Let progress be drawn as in a terminal (the default)."""
    settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Let `verbose="auto"` print one line a pass instead of a bar that moves."""
    settings.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Return whether progress is drawn as in a terminal."""
    return settings.interactive_logging
