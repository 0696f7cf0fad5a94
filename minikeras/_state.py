"""Global settings and counters: float type, automatic names, seeds, and the stack of open name scopes."""

import os
import random
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args
from warnings import warn

import numpy as np

from ._checks import one_of
from ._loading import Loading
from ._typing import DataFormat, DTypeLike, DTypeName

_DTYPES = frozenset(get_args(DTypeName))
FloatName = Literal["float16", "float32", "float64"]


class _Settings:
    """Values that `minikeras.config` reads and writes."""

    floatx: FloatName = "float32"
    epsilon: float = 1e-7
    image_data_format: DataFormat = "channels_last"
    interactive_logging: bool = True
    traceback_filtering: bool = True
    flash_attention: bool | None = None
    max_epochs: int | None = int(os.environ.get("KERAS_MAX_EPOCHS", 0)) or None
    max_steps_per_epoch: int | None = int(os.environ.get("KERAS_MAX_STEPS_PER_EPOCH", 0)) or None
    open_batches: bool = False
    """Whether a model that is built from batches of different sizes leaves their size open, as Keras on TensorFlow."""
    seeds: Any = random
    """Where `make_default_seed` draws: Python's global random state, as in Keras, or a stream like it."""


class _Context(threading.local):
    """What is open in this thread: name scopes (with the object that opened each), layer calls, dry runs, autocasts,
    the loading of a file, batches that differ in size; and models that wait, with the scopes and shapes they met, to be
    built after a dry run."""

    def __init__(self) -> None:
        self.scopes: list[tuple[str, object]] = []
        self.training: list[bool | None] = []
        self.dry: bool = False
        self.undo: list[tuple[Any, Any]] | None = None
        self.waiting: dict[Any, list[tuple[list[tuple[str, object]], Any]]] | None = None
        self.autocast: str | None = None
        self.loading: Loading | None = None
        self.uneven: bool = False


settings = _Settings()
context = _Context()
_name_counts: defaultdict[str, int] = defaultdict(int)
_resets: list[Callable[[], object]] = []


class Structure:
    """Counts what plans must notice: changes to layers (`version`), other arrays of variables (`values`), and arrays of
    variables that somebody may hold from now on (`loans`)."""

    version: int = 0
    values: int = 0
    loans: int = 0


def floatx() -> FloatName:
    """Return the default float type, "float32" unless changed."""
    return settings.floatx


def set_floatx(value: FloatName | str) -> None:
    """Set the default float type of layers and ops made from now on: "float16", "float32" or "float64"."""
    if value not in ("float16", "float32", "float64"):
        raise ValueError(
            f"floatx must be 'float16', 'float32' or 'float64' (NumPy has no bfloat16). Received: {value!r}."
        )
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
    settings.image_data_format = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> DataFormat:
    """Return a checked data format, the configured one for None."""
    if data_format is None:
        return settings.image_data_format
    return cast(DataFormat, one_of("data_format", str(data_format).lower(), ("channels_first", "channels_last")))


Channels: TypeAlias = Annotated[DataFormat, lambda cls, name, value: standardize_data_format(value)]
"""A data format, where a class takes None for the configured one."""


def standardize_dtype(dtype: DTypeLike | None) -> DTypeName:
    """Return the name of a dtype, the default float type for None.

    Raises:
        ValueError: if NumPy has no such dtype.

    Example:
        >>> standardize_dtype(float), standardize_dtype(None)
        ('float32', 'float32')
    """
    if type(dtype) is str and dtype in _DTYPES:  # the common case, quickly
        return cast(DTypeName, dtype)
    if dtype is None or dtype is float:
        return settings.floatx
    if dtype is int:
        return "int32"
    name: Any = getattr(dtype, "name", dtype)
    try:
        name = name if name == "string" else str(np.dtype(name).name)  # NumPy does not know strings by this name
    except TypeError:
        name = ""
    if name not in _DTYPES:
        raise ValueError(f"Invalid dtype: {dtype!r:.80}. Expected one of numbers, or its name: {sorted(_DTYPES)}.")
    return cast(DTypeName, name)


def is_dtype(name: str) -> bool:
    """Tell whether NumPy has a dtype of this name."""
    try:
        return bool(standardize_dtype(name))
    except ValueError:
        return False


def to_snake_case(name: str) -> str:
    """Return "GaussianNoise" as "gaussian_noise", in Keras's way.

    Example:
        >>> to_snake_case("GaussianNoise"), to_snake_case("ReLU"), to_snake_case("PReLU")
        ('gaussian_noise', 're_lu', 'p_re_lu')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """Return a name not given yet: dense, dense_1, dense_2, ..."""
    name = to_snake_case(prefix)
    count = get_uid(name) - 1
    return f"{name}_{count}" if count else name


def get_uid(prefix: str = "") -> int:
    """Return the next number for a prefix, starting at 1."""
    _name_counts[prefix] += 1
    return _name_counts[prefix]


def on_clear_session(reset: Callable[[], object]) -> None:
    """Have `clear_session` call a function."""
    _resets.append(reset)


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names anew and forget the global random state; memory is freed by Python in any case."""
    _name_counts.clear()
    for reset in _resets:
        reset()


def make_default_seed() -> int:
    """Draw a seed for whatever is unseeded, as Keras does: from Python's global random state."""
    seed: int = settings.seeds.randint(1, 10**9)
    return seed


class name_scope:
    """Within this context paths of variables begin with a name; the owner's own scope is not opened twice."""

    __slots__ = ("_opens", "_scope")

    def __init__(self, name: str, owner: object) -> None:
        self._scope = name, owner

    def __enter__(self) -> None:
        scopes = context.scopes
        self._opens = not scopes or scopes[-1][1] is not self._scope[1]
        if self._opens:
            scopes.append(self._scope)

    def __exit__(self, *error: object) -> None:
        if self._opens:
            context.scopes.pop()


class calling:
    """Within this context a layer is called.

    Args:
        training: Whether the call is for training; None if nobody says.
        autocast: The dtype that weights are read in, None for their own.
    """

    __slots__ = ("autocast", "outer", "training")

    def __init__(self, training: bool | None, autocast: str | None) -> None:
        self.training = training
        self.autocast = autocast

    def __enter__(self) -> None:
        context.training.append(self.training)
        self.outer, context.autocast = context.autocast, self.autocast

    def __exit__(self, *error: object) -> None:
        context.training.pop()
        context.autocast = self.outer


def current_path() -> str:
    """Return the open scopes as "sequential/dense", or ""."""
    return "/".join(name for name, _ in context.scopes)


def limited(count: int | None, what: Literal["epochs", "steps_per_epoch"]) -> int | None:
    """Return how many epochs or steps to run: as many as wanted (None for all), or what `config` limits them to."""
    limit = settings.max_epochs if what == "epochs" else settings.max_steps_per_epoch
    if not limit or (count is not None and count <= limit):
        return count
    warn(f"Limiting {what} to {limit}", stacklevel=3)
    return limit


def enable_interactive_logging() -> None:
    """Let progress be drawn as in a terminal (the default)."""
    settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Let `verbose="auto"` print one line a pass instead of a bar that moves."""
    settings.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Tell whether progress is drawn as in a terminal."""
    return settings.interactive_logging


@contextmanager
def undone() -> Iterator[None]:
    """Run something after which variables get their values back, but for what a `build` sets."""
    changed: list[tuple[Any, Any]] = []
    before, context.undo = context.undo, changed
    try:
        yield
    finally:
        context.undo = before
        for variable, array in reversed(changed):
            variable.array = array


@contextmanager
def dry_run() -> Iterator[None]:
    """Run something for its shapes alone: seed generators do not advance, and variables get their values back."""
    before, context.dry = context.dry, True
    try:
        with undone():
            yield
    finally:
        context.dry = before
