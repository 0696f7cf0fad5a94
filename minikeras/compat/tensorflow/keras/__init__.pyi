# fmt: off
from minikeras import (
    DTypePolicy as DTypePolicy, FloatDTypePolicy as FloatDTypePolicy, Function as Function,
    GradientTape as GradientTape, Initializer as Initializer, Input as Input, InputSpec as InputSpec,
    KerasTensor as KerasTensor, Layer as Layer, Loss as Loss, Metric as Metric, Model as Model,
    Optimizer as Optimizer, Regularizer as Regularizer, Sequential as Sequential, Tensor as Tensor,
    Variable as Variable, __version__ as __version__, device as device, name_scope as name_scope, remat as remat,
    version as version,
)

from . import (
    activations as activations, applications as applications, backend as backend, callbacks as callbacks,
    config as config, constraints as constraints, datasets as datasets, dtype_policies as dtype_policies,
    initializers as initializers,
    layers as layers, losses as losses, metrics as metrics, mixed_precision as mixed_precision, models as models,
    ops as ops, optimizers as optimizers, preprocessing as preprocessing, random as random,
    regularizers as regularizers, saving as saving, tree as tree, utils as utils, wrappers as wrappers,
)
