"""`tf.bitwise`: operations on the bits of integers."""

from collections.abc import Callable
from typing import Any

from ... import ops
from .math import unary
from .missing import missing
from .tensors import binary

__getattr__: Callable[[str], Any] = missing(__name__)
_KERNELS = {"bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor",
            "left_shift": "LeftShift", "right_shift": "RightShift"}  # fmt: skip
globals().update({name: binary(getattr(ops, name), kernel) for name, kernel in _KERNELS.items()})
globals()["invert"] = unary(ops.bitwise_not)
