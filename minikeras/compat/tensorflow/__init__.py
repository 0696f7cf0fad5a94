"""Stand in for `tensorflow`: the part of it that teaching scripts use, on minikeras.

    import minikeras.compat.tensorflow as tf

From then on tensors print as TensorFlow's do, `t.shape` is a `tf.TensorShape`, `t.dtype` a `tf.DType`, and operators
follow TensorFlow's dtype rules. Each file loads when one of its names is first used. `tf.keras` is minikeras.
Type checkers read `__init__.pyi` and the stubs in the folder `keras`, which no import at run time reads.

Example:
    >>> import minikeras.compat.tensorflow as tf
    >>> print(tf.reduce_sum(tf.square(tf.constant([1.0, 2.0]))))
    tf.Tensor(5.0, shape=(), dtype=float32)
"""

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from ..finder import StandInFinder
from ..modules import find_module
from . import dtypes, tensors
from .missing import missing

__version__ = "2.21.0"
version: SimpleNamespace = SimpleNamespace(
    VERSION=__version__, GIT_VERSION="minikeras", COMPILER_VERSION="", GRAPH_DEF_VERSION=0)  # fmt: skip
newaxis = None
_NAMES = ("compat config data debugging dtypes errors experimental image io linalg lookup math nn python ragged random "
          "saved_model signal sparse strings summary train")  # fmt: skip
MODULES = _NAMES.split()
"""Namespaces with a file here."""
_MOVED = {
    "arrays": "IndexedSlices argsort boolean_mask broadcast_to cast clip_by_global_norm clip_by_norm clip_by_value "
    "concat dynamic_partition ensure_shape expand_dims fill gather gather_nd global_norm identity linspace meshgrid "
    "one_hot ones ones_like pad range rank repeat reshape reverse roll scatter_nd sequence_mask shape size slice sort "
    "split squeeze stack stop_gradient tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min "
    "tensor_scatter_nd_sub tensor_scatter_nd_update tile transpose unique unstack where zeros zeros_like",
    "config": "distribute test",
    "debugging": "Assert assert_equal assert_greater assert_less assert_rank",
    "dtypes": "DType TensorShape TensorSpec as_dtype",
    "functions": "GradientTape Module TensorArray UnconnectedGradients autograph case cond control_dependencies "
    "custom_gradient device executing_eagerly foldl foldr map_fn name_scope nest numpy_function py_function "
    "recompute_grad scan switch_case timestamp vectorized_map while_loop",
    "initial": "random_normal_initializer random_uniform_initializer",
    "linalg": "eig eigvals einsum eye matmul matvec norm tensordot",
    "math": "abs acos acosh add add_n argmax argmin asin asinh atan atan2 atanh cos cosh cumsum divide equal exp "
    "floor greater greater_equal is_tensor less less_equal logical_and logical_not logical_or maximum minimum "
    "multiply negative not_equal pow reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min "
    "reduce_prod reduce_sum round sigmoid sign sin sinh sqrt square squared_difference subtract tan tanh truediv",
    "ragged": "RaggedTensor RaggedTensorSpec",
    "sparse": "SparseTensor SparseTensorSpec",
    "strings": "as_string",
    "summary": "make_ndarray make_tensor_proto",
    "tensors": "Tensor Variable constant convert_to_tensor",
    "traced": "function"}  # fmt: skip
_HOMES = {name: module for module, names in _MOVED.items() for name in names.split()}
_SPECIAL = {
    "complex": ("math", "complex_"), "get_logger": ("compat.v1", "get_logger"), "logging": ("compat.v1", "logging"),
    "group": ("missing", "nothing"), "no_op": ("missing", "nothing"), "print": ("functions", "print_")}  # fmt: skip
_INITIALIZERS = {f"{name}_initializer": name.title().replace("_", "") for name in ("constant", "ones", "zeros")}
_KERAS = ("losses", "metrics", "optimizers", "initializers")
"""Namespaces of Keras that TensorFlow also has at the top level."""


def _find(name: str) -> Any:
    if name == "__all__":
        return [name for name in __dir__() if name[0] != "_"]
    if name in dtypes.DTYPES or name in ("double", "half"):
        return dtypes.as_dtype(name)
    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    if name == "keras" or name in _KERAS:
        return find_module("keras" if name == "keras" else f"keras.{name}")
    if name in _INITIALIZERS:
        return getattr(find_module("keras.initializers"), _INITIALIZERS[name])
    module, attribute = _SPECIAL.get(name) or (_HOMES[name], name)
    return getattr(import_module(f"{__name__}.{module}"), attribute)


__getattr__: Callable[[str], Any] = cache(missing(__name__, _find))


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES, *_HOMES, *_SPECIAL, *dtypes.DTYPES, *_INITIALIZERS, *_KERAS, "keras"})


tensors.flavour(True)
if tensors.random.Source.seed is not None:  # set before this import
    tensors.random.source.restart(tensors.random.Source.seed)
sys.meta_path.insert(0, StandInFinder(f"{__name__}.keras"))  # it has stubs, but no files to import
