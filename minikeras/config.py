"""Settings: `keras.config`."""

# ruff: noqa: I001  # many names a line
# fmt: off

from ._base import absent, blas_threads
from ._base.checks import standardize_sizes
from ._base.settings import (
    disable_interactive_logging, enable_interactive_logging, epsilon, floatx, image_data_format,
    is_interactive_logging_enabled, set_epsilon, set_floatx, set_image_data_format, settings)
from ._base.tracebacks import Filtering
from .dtype_policies import dtype_policy, set_dtype_policy
# fmt: on


def backend() -> str:
    """Return the name of the backend.

    Example:
        >>> backend()
        'numpy'
    """
    return "numpy"


def set_backend(backend: str) -> None:
    """Do nothing for "numpy", the only backend; raise a ValueError for another."""
    if backend != "numpy":
        raise ValueError(f"minikeras computes with NumPy alone. Received: backend={backend!r}.")


def max_epochs() -> int | None:
    """Return how many epochs `fit` runs at most: None, KERAS_MAX_EPOCHS of the environment, or what was set."""
    return settings.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every `fit`, to try a script out; None lifts the limit."""
    settings.max_epochs = max_epochs


def max_steps_per_epoch() -> int | None:
    """Return how many steps a pass over data has at most, see `max_epochs` (KERAS_MAX_STEPS_PER_EPOCH)."""
    return settings.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the steps of every pass of `fit`, `evaluate` and `predict`; None lifts the limit."""
    settings.max_steps_per_epoch = max_steps_per_epoch


def max_threads() -> int:
    """Return how many threads large models, and operations on many numbers, run on at a time.

    This is what was set, but at most the cores that the process may use, the quota of its container, and
    OPENBLAS_NUM_THREADS, MKL_NUM_THREADS or OMP_NUM_THREADS. The numbers computed do not depend on it.
    """
    return blas_threads.max_threads()


def set_max_threads(max_threads: int | None) -> None:
    """Limit the threads to a number of at least 1, for a machine that is shared; None lifts the limit.

    Example:
        >>> set_max_threads(1)
        >>> max_threads()
        1
        >>> set_max_threads(None)
    """
    settings.max_threads = None if max_threads is None else standardize_sizes(max_threads, 1, "max_threads")[0]


def is_traceback_filtering_enabled() -> bool:
    """Return whether printed tracebacks show your own frames alone, without those of minikeras."""
    return Filtering.on


def enable_traceback_filtering() -> None:
    """Print tracebacks without the frames of minikeras (the default); debuggers and logs still see them."""
    Filtering.on = True


def disable_traceback_filtering() -> None:
    """Print tracebacks with all frames."""
    Filtering.on = False


def is_flash_attention_enabled() -> bool | None:
    """Return False if it was disabled last, else None; there is one way to compute attention on NumPy."""
    return settings.flash_attention


def enable_flash_attention() -> None:
    """Let `is_flash_attention_enabled` return None; nothing else changes."""
    settings.flash_attention = None


def disable_flash_attention() -> None:
    """Let `is_flash_attention_enabled` return False; nothing else changes."""
    settings.flash_attention = False


def is_nnx_enabled() -> bool:
    """Return False: Flax's NNX belongs to Keras's JAX backend."""
    return False


__all__ = [
    "backend", "disable_flash_attention", "disable_interactive_logging", "disable_traceback_filtering", "dtype_policy",
    "enable_flash_attention", "enable_interactive_logging", "enable_traceback_filtering", "epsilon", "floatx",
    "image_data_format", "is_flash_attention_enabled", "is_interactive_logging_enabled", "is_nnx_enabled",
    "is_traceback_filtering_enabled", "max_epochs", "max_steps_per_epoch", "max_threads", "set_backend",
    "set_dtype_policy", "set_epsilon", "set_floatx", "set_image_data_format", "set_max_epochs",
    "set_max_steps_per_epoch", "set_max_threads"]  # fmt: skip
absent.complete(globals())
