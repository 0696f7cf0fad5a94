"""Dtype policies, and the optimizer that goes with them, under their older address: `keras.mixed_precision`."""

from ._base.lazy import lazily

with lazily(globals()):
    from .dtype_policies import (  # noqa: I001  # many names a line
        DTypePolicy, DTypePolicy as Policy, dtype_policy, dtype_policy as global_policy, set_dtype_policy,
        set_dtype_policy as set_global_policy)  # fmt: skip
    from .optimizers import LossScaleOptimizer

__all__ = ["DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy",
           "set_global_policy"]  # fmt: skip
