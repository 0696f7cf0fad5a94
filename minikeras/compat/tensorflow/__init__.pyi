"""What type checkers see of `tf`: the names that have types of their own. Any other is Any."""

# fmt: off
from collections.abc import Callable
from typing import Any, TypeAlias

from minikeras import Tensor as Tensor

from . import (
    compat as compat, config as config, data as data, debugging as debugging, dtypes as dtypes,
    errors as errors, image as image, io as io, keras as keras, linalg as linalg, lookup as lookup, math as math,
    nn as nn, python as python, ragged as ragged, random as random, saved_model as saved_model, signal as signal,
    sparse as sparse, strings as strings, summary as summary, train as train,
)
from .arrays import *
from .config import distribute as distribute, test as test
from .debugging import (
    Assert as Assert, assert_rank as assert_rank,
)
from .dtypes import DType as DType, TensorShape as TensorShape, TensorSpec as TensorSpec, as_dtype as as_dtype
from .functions import (
    GradientTape as GradientTape, Module as Module, TensorArray as TensorArray,
    UnconnectedGradients as UnconnectedGradients, autograph as autograph, cond as cond,
    control_dependencies as control_dependencies, custom_gradient as custom_gradient, device as device,
    executing_eagerly as executing_eagerly, map_fn as map_fn,
    name_scope as name_scope, nest as nest, numpy_function as numpy_function, py_function as py_function,
    recompute_grad as recompute_grad, vectorized_map as vectorized_map, while_loop as while_loop,
)
from .linalg import (
    eigvals as eigvals, eye as eye, matmul as matmul, norm as norm,
)
from .math import (
    add_n as add_n, argmax as argmax, argmin as argmin, cumsum as cumsum,
    reduce_max as reduce_max, reduce_sum as reduce_sum,
)
from .ragged import RaggedTensor as RaggedTensor, RaggedTensorSpec as RaggedTensorSpec
from .sparse import SparseTensor as SparseTensor, SparseTensorSpec as SparseTensorSpec
from .strings import as_string as as_string
from .tensors import Variable as Variable, constant as constant, convert_to_tensor as convert_to_tensor
from .traced import function as function
from .keras import initializers as initializers, losses as losses, metrics as metrics, optimizers as optimizers

_Op: TypeAlias = Callable[..., Tensor]

__version__: str
newaxis: None
float16: DType; float32: DType; float64: DType; half: DType; double: DType; bfloat16: DType; int8: DType
int16: DType; int32: DType; int64: DType; uint8: DType; uint16: DType; uint32: DType; uint64: DType; bool: DType
complex64: DType; complex128: DType; string: DType; resource: DType; variant: DType
assert_equal: Callable[..., None]; assert_greater: Callable[..., None]; assert_less: Callable[..., None]
eig: Callable[..., Any]; group: Callable[..., None]; is_tensor: Callable[[object], Any]
abs: _Op; acos: _Op; acosh: _Op; add: _Op; asin: _Op; asinh: _Op; atan: _Op; atan2: _Op; atanh: _Op
cos: _Op; cosh: _Op; divide: _Op; equal: _Op; exp: _Op; floor: _Op; greater: _Op; greater_equal: _Op; less: _Op
less_equal: _Op; logical_and: _Op; logical_not: _Op; logical_or: _Op; maximum: _Op; minimum: _Op; multiply: _Op
negative: _Op; not_equal: _Op; pow: _Op; reduce_all: _Op; reduce_any: _Op; reduce_logsumexp: _Op; reduce_mean: _Op
reduce_min: _Op; reduce_prod: _Op; round: _Op; sigmoid: _Op; sign: _Op; sin: _Op; sinh: _Op; sqrt: _Op; square: _Op
subtract: _Op; tan: _Op; tanh: _Op; truediv: _Op
broadcast_to: _Op; einsum: _Op; matvec: _Op; ones: _Op; reverse: _Op; roll: _Op; scatter_nd: _Op
squared_difference: _Op; squeeze: _Op; ones_like: _Op; zeros_like: _Op
clip_by_norm: _Op; sequence_mask: _Op; size: _Op
timestamp: _Op; case: Callable[..., Any]; switch_case: Callable[..., Any]
foldl: Callable[..., Any]; foldr: Callable[..., Any]; scan: Callable[..., Any]
tensordot: _Op; zeros: _Op; dynamic_partition: Callable[..., list[Tensor]]
meshgrid: Callable[..., list[Tensor]]

def __getattr__(name: str) -> Any: ...
