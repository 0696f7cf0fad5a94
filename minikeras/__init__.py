"""Keras's layer API on nothing but NumPy: layers, models, summary and predict, with every public name typed.

Example:
    >>> import numpy as np
    >>> import minikeras as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    >>> model.set_weights([[[2.0], [0.0]], [-4.5]])
    >>> model.predict(np.array([[2.25, 1.0]]), verbose=0)
    array([[0.5]], dtype=float32)
"""

from ._lazy import lazily

with lazily(globals()):
    from . import activations as activations
    from . import backend as backend
    from . import callbacks as callbacks
    from . import compat as compat
    from . import config as config
    from . import constraints as constraints
    from . import datasets as datasets
    from . import dtype_policies as dtype_policies
    from . import initializers as initializers
    from . import layers as layers
    from . import losses as losses
    from . import metrics as metrics
    from . import mixed_precision as mixed_precision
    from . import models as models
    from . import ops as ops
    from . import optimizers as optimizers
    from . import preprocessing as preprocessing
    from . import random as random
    from . import regularizers as regularizers
    from . import saving as saving
    from . import tree as tree
    from . import utils as utils
    from . import wrappers as wrappers
    from .dtype_policies import DTypePolicy as DTypePolicy
    from .dtype_policies import DTypePolicy as FloatDTypePolicy
    from .gradients import GradientTape as GradientTape
    from .initializers import Initializer as Initializer
    from .input_spec import InputSpec as InputSpec
    from .layers import Input as Input
    from .layers import Layer as Layer
    from .losses import Loss as Loss
    from .metrics import Metric as Metric
    from .models import Model as Model
    from .models import Sequential as Sequential
    from .optimizers import Optimizer as Optimizer
    from .regularizers import Regularizer as Regularizer
    from .scopes import Function as Function
    from .scopes import device as device
    from .scopes import name_scope as name_scope
    from .scopes import remat as remat
    from .symbolic import KerasTensor as KerasTensor
    from .tensor import Tensor as Tensor
    from .variable import Variable as Variable

__version__ = "0.1.0"


def version() -> str:
    """Return the version of minikeras."""
    return __version__


__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "GradientTape",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "device",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "remat",
    "saving",
    "tree",
    "utils",
    "version",
    "wrappers",
]
