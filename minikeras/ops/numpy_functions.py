"""NumPy's functions on tensors, from a closed table of their counterparts.

Most counterparts are ops of the same name; the others are composed of NumPy functions. A function without one runs on
the values of its tensors. It raises a TypeError if one of them is being recorded, as the gradient would be lost, unless
it returns what has no gradient: counts, indices, truth, types or text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np

from .._base.nested import leaves, map_structure
from .._base.signature import parameters
from .._core.tensor import NUMPY_OPS, TensorOps, as_array, is_followed
from .creation import cast, shape, size

_ANSWERS = """
allclose argwhere array2string array_equal array_equiv array_repr array_str bitwise_count busday_count busday_offset
can_cast common_type datetime_as_string diag_indices_from einsum_path flatnonzero frexp histogram_bin_edges in1d
is_busday isnat iscomplex iscomplexobj isrealobj lexsort linalg.matrix_rank may_share_memory min_scalar_type packbits
ravel_multi_index result_type save savetxt savez savez_compressed shares_memory signbit tril_indices_from
triu_indices_from unpackbits
"""
_WITHOUT_GRADIENT = frozenset(_ANSWERS.split())
"""Functions whose result has no gradient: counts, indices, truth, types and text, or a file."""

_IN_PLACE = frozenset({"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"})
_SILENT: dict[str, tuple[Any, ...]] = {
    "casting": ("same_kind", "unsafe", "safe"), "copy": (True, False, None), "device": (None, "cpu"),
    "kind": (None, "quicksort", "stable", "mergesort", "heapsort", "introselect", "sort"), "like": (None,),
    "optimize": (True, False, "greedy", "optimal"), "order": ("C", "K", "A", None), "overwrite_input": (True, False),
    "stable": (True, False, None), "sparse": (False,), "subok": (True, False),
    "where": (True,)}  # fmt: skip
"""Argument -> the values that do not change the numbers of a tensor, and are ignored."""

COUNTERPARTS: dict[str, Callable[..., Any]] = {}
"""Name of a NumPy function, without `numpy.` -> the function that replaces it on tensors."""


class NoCounterpart(Exception):
    """Raised by a counterpart for arguments that it does not cover; the text completes the error "np.<name> ..."."""


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a NumPy function on arguments among which are tensors.

    Raises:
        TypeError: if a tensor is being recorded, and the function or one of its arguments has no counterpart.
    """
    name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    return _run(name, COUNTERPARTS.get(name), function, args, kwargs)


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a ufunc, or a method such as `reduce`, with arguments that its op does not take; see `call_function`."""
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    body = COUNTERPARTS.get(name)
    if body is None and name in NUMPY_OPS:
        body = _elementwise(name)
    return _run(name, body, getattr(ufunc, method), inputs, kwargs)


def _run(name: str, body: Callable[..., Any] | None, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run a function's counterpart; without one, the function itself on values, unless a gradient would be lost."""
    if name in _IN_PLACE or name.endswith(".at"):
        _refuse_target(next(iter((*args, *kwargs.values())), None))
    reason = ""
    if body is not None:
        try:
            return body(*args, **kwargs)
        except NoCounterpart as missing:
            reason = str(missing)
    if (body is not None or name not in _WITHOUT_GRADIENT) and any(map(is_followed, leaves([args, kwargs]))):
        raise TypeError(f"np.{name}{reason} has no gradient here, and was called on a tensor that is being recorded. "
                        "Use minikeras.ops or another NumPy function, or `x.numpy()` for no gradient.")  # fmt: skip
    args, kwargs = map_structure(value_of, (args, kwargs))
    return function(*args, **kwargs)


def value_of(x: Any) -> Any:
    """Return the values of a tensor; anything else as it is."""
    return as_array(x) if isinstance(x, TensorOps) else x


def _refuse_target(target: Any) -> None:
    if isinstance(target, TensorOps):
        raise TypeError("A tensor cannot be changed in place. Use a Variable and its assign(), or NumPy arrays.")


def written(result: Any, out: Any) -> Any:
    """Write a result to the caller's `out`, if there is one, and return that; else return the result."""
    (target,) = out if isinstance(out, tuple) else (out,)
    if target is None:
        return result
    _refuse_target(target)
    if is_followed(result):
        raise NoCounterpart(" into an array (out=, or an operator such as += on an array)")
    np.copyto(target, value_of(result), casting="same_kind")
    return target


def check_silent(arguments: dict[str, Any]) -> None:
    """Raise NoCounterpart unless all arguments have values that change nothing."""
    for key, value in arguments.items():
        if value is not None and not any(type(value) is type(v) and value == v for v in _SILENT.get(key, ())):
            raise NoCounterpart(f" with {key}={value!r:.40}")


def _elementwise(name: str) -> Callable[..., Any]:
    """Return the counterpart of a ufunc that has an op."""

    def call(*inputs: Any, out: Any = None, dtype: Any = None, **rest: Any) -> Any:
        check_silent(rest)
        return written(NUMPY_OPS[name](*(inputs if dtype is None else [cast(x, dtype) for x in inputs])), out)

    return call


def register(name: str, body: Callable[..., Any]) -> None:
    """Add the counterpart of a NumPy function to the table; `out` and `dtype` are handled here."""

    def call(*args: Any, **kwargs: Any) -> Any:
        names, own = _arguments(name, body)
        if len(args) > len(names):
            raise NoCounterpart(f" with {len(args)} arguments by place")
        values = dict(zip(names, args, strict=False)) | kwargs
        out, dtype = values.pop("out", None), values.pop("dtype", None)
        if not own.keys() >= values.keys():
            check_silent({key: values.pop(key) for key in [*values] if key not in own})
        first = values.get(names[0])
        if dtype is not None and np.dtype(dtype).kind in "fc" and not isinstance(first, list | tuple | None):
            values[names[0]] = cast(first, dtype)
        result = body(**{own[key]: value for key, value in values.items()})
        return written(result if dtype is None else cast(result, dtype), out)

    COUNTERPARTS[name] = call


_IN_C = {
    "concatenate": "arrays axis out dtype", "dot": "a b out", "empty_like": "a dtype order subok shape device",
    "inner": "a b", "vdot": "a b", "where": "condition x y"}  # fmt: skip
"""The arguments of functions written in C without a signature, if their counterparts have other names for them."""


@cache
def _arguments(name: str, body: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return NumPy's argument names, and the counterpart's for each it takes: the same, or the next unpaired one."""
    takes = parameters(getattr(body, "func", body))
    in_c = _IN_C.get(name.rpartition(".")[2], "")
    names = tuple(in_c.split()) or parameters(attrgetter(name)(np)).names or takes.names
    only_numpy = [key for key in names if key not in {"out", "dtype", *takes.names, *_SILENT}]
    only_own = [key for key in takes.names if key not in names]
    return names, {key: key for key in takes.names} | dict(zip(only_numpy, only_own, strict=False))


# The table. First functions that are ops: of the same name, or `around=round`, which the op `round` runs.

_SAME = """
all amax amin angle any append argmax argmin argpartition argsort around=round array_split average bincount broadcast_to
concatenate copy corrcoef correlate count_nonzero cross cumprod cumsum degrees=rad2deg diag diagflat diagonal diff
digitize dot dsplit dstack empty_like expand_dims fix=trunc flip fliplr flipud full_like hsplit hstack i0 imag inner
isclose isin isneginf isposinf isreal kron max mean median min moveaxis nan_to_num nanargmax nanargmin nancumprod
nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndim nonzero ones_like
outer pad percentile prod ptp quantile radians=deg2rad ravel real repeat rint=round roll rot90 round searchsorted select
shape sinc sort split squeeze stack sum swapaxes take tensordot tile trace transpose trapezoid tril triu unravel_index
vander vdot vsplit vstack where zeros_like linalg.cholesky linalg.cross linalg.det linalg.inv linalg.matmul linalg.norm
linalg.outer linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.svd linalg.tensordot
"""

for _same in _SAME.split():
    _name, _, _op = _same.partition("=")
    register(_name, NUMPY_OPS[_op or _name.rpartition(".")[2]])


# Functions composed of others.


def _spread(name: str, power: float) -> Callable[..., Any]:
    """Return `var` or `std`, with NumPy's argument `ddof`."""

    def call(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
        y = NUMPY_OPS[name](a, axis, keepdims)
        n = size(a) / (size(y) or 1)  # numbers behind each result
        return y * np.divide(n, max(n - ddof, 0)) ** power if ddof else y

    return call


def _meshgrid(*xi: Any, indexing: Any = "xy", **options: Any) -> Any:
    check_silent(options)
    return NUMPY_OPS["meshgrid"](*xi, indexing=indexing)


def _einsum(*operands: Any, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    check_silent(options)
    if not isinstance(operands[0], str):
        raise NoCounterpart(" with lists of axes")
    result = NUMPY_OPS["einsum"](*operands)
    return written(result if dtype is None else cast(result, dtype), out)


_COMPOSED: dict[str, Callable[..., Any]] = {
    "clip": lambda a, a_min=None, a_max=None, min=None, max=None: NUMPY_OPS["clip"](
        a, min if a_min is None else a_min, max if a_max is None else a_max),
    "histogram": lambda a, bins=10, range=None: np.histogram(value_of(a), value_of(bins), range),
    "reshape": lambda a, shape=None, newshape=None: NUMPY_OPS["reshape"](a, newshape if shape is None else shape),
    "matrix_transpose linalg.matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "std": _spread("std", 0.5), "var": _spread("var", 1),
    "take_along_axis": lambda arr, indices, axis=-1: NUMPY_OPS["take_along_axis"](arr, indices, axis),
    "size": lambda a, axis=None: size(a) if axis is None else int(np.prod(np.array(shape(a))[np.array(axis)])),
}  # fmt: skip
for _names, _body in _COMPOSED.items():
    for _name in _names.split():
        register(_name, _body)
COUNTERPARTS |= {"einsum": _einsum, "meshgrid": _meshgrid}
