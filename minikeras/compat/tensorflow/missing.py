"""Helpers for the modules of the stand-in: functions from tables, and the error for a name that is missing."""

import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any


def missing(module: str, other: Callable[[str], Any] | None = None) -> Callable[[str], Any]:
    """Return a module's `__getattr__`: it asks `other` first, and its error says what minikeras covers."""
    public = module.replace("minikeras.compat.tensorflow", "tensorflow")

    def find(name: str) -> Any:
        if other is not None and (name == "__all__" or not name.startswith("__")):
            with suppress(KeyError, ModuleNotFoundError):
                return other(name)
        if name in VERSION_1.get(public, "").split():
            raise AttributeError(f"module '{public}' has no attribute '{name}', which is TensorFlow 1: graphs that "
                                 "sessions run. Use tensors and functions directly, or a Keras model.")  # fmt: skip
        raise lacks(f"module '{public}'", name, sys.modules.get(module, object), module)

    return find


def lacks(owner: str, name: str, there: Any, module: str) -> AttributeError:
    """Return the error for a name that a module or class, `there`, has not: it lists what those of `module` are."""
    own = sorted(k for k, v in vars(there).items() if k[0] != "_" and getattr(v, "__module__", None) == module)
    return AttributeError(f"{owner} has no attribute '{name}' in minikeras, which covers the part of TensorFlow that "
                          f"teaching scripts use: {', '.join(own) or _PARTS}. docs/coverage.md lists what is missing. "
                          "Write it with `ops` or NumPy, or use TensorFlow.")  # fmt: skip


def namespace(name: str, **contents: Any) -> ModuleType:
    """Return a module such as `tf.data.experimental`, which has no file, with the error for names that are missing."""
    module = ModuleType(f"tensorflow.{name}")
    vars(module).update(contents, __getattr__=missing(module.__name__))
    return module


def named(table: dict[str, tuple[str, Callable[..., Any]]]) -> dict[str, Callable[..., Any]]:
    """Set names and docstrings of functions, given as name -> (docstring, function), and return name -> function."""
    for name, (text, function) in table.items():
        function.__doc__, function.__name__, function.__qualname__ = text, name, name
    return {name: function for name, (_, function) in table.items()}


def nothing(*args: Any, **kwargs: Any) -> None:
    """Do nothing, for settings of devices, graphs and determinism, which make no difference here."""


VERSION_1 = {
    "tensorflow": "ConfigProto GPUOptions InteractiveSession Session app assign contrib flags get_default_graph "
    "get_default_session get_variable gfile global_variables global_variables_initializer gradients "
    "initialize_all_variables layers local_variables_initializer log matrix_inverse placeholder truncated_normal "
    "placeholder_with_default random_normal random_uniform reset_default_graph set_random_seed to_float to_int32 "
    "to_int64 variable_scope", "tensorflow.nn": "dynamic_rnn rnn_cell softmax_cross_entropy_with_logits_v2 static_rnn",
    "tensorflow.train": "AdagradOptimizer AdamOptimizer GradientDescentOptimizer MomentumOptimizer RMSPropOptimizer "
    "Saver"}  # fmt: skip
"""Module -> names that only TensorFlow 1 has there."""
_PARTS = "tf.keras, tensors and variables, maths, GradientTape, tf.function, tf.data, tf.Module, tf.strings, tf.summary"
