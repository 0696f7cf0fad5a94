"""Keras 3's API on nothing but NumPy: layers, models, training and files, with every public name typed.

Example:
    >>> import numpy as np
    >>> import minikeras as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    >>> model.set_weights([[[2.0], [0.0]], [-4.5]])
    >>> model.predict(np.array([[2.25, 1.0]]), verbose=0)
    array([[0.5]], dtype=float32)
"""

# ruff: noqa: I001, UP036  # many names a line; a clear error on Pythons that are too old
# fmt: off

import sys

if sys.version_info < (3, 11):
    raise ImportError(f"minikeras needs Python 3.11 or later; this is Python {sys.version.split()[0]}.")

import numpy

if int(numpy.__version__.split(".")[0]) < 2:
    raise ImportError(f"minikeras needs NumPy 2.0 or later; this is NumPy {numpy.__version__}.")

from ._base import tracebacks
from ._base.lazy import lazily

tracebacks.install()

with lazily(globals()):
    from . import (
        activations, applications, backend, callbacks, compat as compat, config, constraints, datasets, dtype_policies,
        initializers, layers, losses, metrics, mixed_precision, models, ops, optimizers, plots as plots,
        preprocessing, random, regularizers, saving, tree, utils, wrappers)
    from .dtype_policies import DTypePolicy, DTypePolicy as FloatDTypePolicy
    from ._base.context import device, name_scope
    from ._core.tape import GradientTape, remat
    from .initializers import Initializer
    from ._core.input_spec import InputSpec
    from .layers import Input, Layer
    from .losses import Loss
    from .metrics import Metric
    from .models import Model, Sequential
    from .ops import KerasTensor, Tensor, Variable  # with the ops that their operators run
    from .optimizers import Optimizer
    from .regularizers import Regularizer
    from .models.function import Function
# fmt: on

__version__ = "0.2.0"


def version() -> str:
    """Return the version of minikeras."""
    return __version__


__all__ = [
    "DTypePolicy", "FloatDTypePolicy", "Function", "GradientTape", "Initializer", "Input", "InputSpec", "KerasTensor",
    "Layer", "Loss", "Metric", "Model", "Optimizer", "Regularizer", "Sequential", "Tensor", "Variable", "__version__",
    "activations", "applications", "backend", "callbacks", "config", "constraints", "datasets", "device",
    "dtype_policies", "initializers", "layers", "losses", "metrics", "mixed_precision", "models", "name_scope", "ops",
    "optimizers", "preprocessing", "random", "regularizers", "remat", "saving", "tree", "utils", "version", "wrappers",
]  # fmt: skip
