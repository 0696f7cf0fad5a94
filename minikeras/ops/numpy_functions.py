"""NumPy's functions on tensors: a rule of a closed table runs, or the function on values, or a TypeError is raised.

A function that has no rule works on the values where it gives counts, places, truth, types or text; and it refuses a
float that is being recorded, for its gradient would be lost.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._base.nested import leaves, map_structure
from .._core.tensor import NUMPY_OPS, TensorOps, as_array, is_followed
from .creation import cast, ndim, shape

_ANSWERS = """
argwhere array2string array_equal array_equiv array_repr array_str bitwise_count busday_count busday_offset can_cast
common_type datetime_as_string diag_indices_from einsum_path flatnonzero frexp histogram_bin_edges in1d is_busday isnat
iscomplex iscomplexobj isrealobj lexsort linalg.matrix_rank may_share_memory min_scalar_type packbits ravel_multi_index
result_type save savetxt savez savez_compressed shares_memory signbit tril_indices_from triu_indices_from unpackbits
"""
_WITHOUT_GRADIENT = frozenset(_ANSWERS.split())
"""Functions whose answer has no gradient: counts, places, truth, types and text, or a file."""

_IN_PLACE = frozenset({"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"})
_SILENT: dict[str, tuple[Any, ...]] = {
    "casting": ("same_kind", "unsafe", "safe"), "copy": (True, False, None), "device": (None, "cpu"),
    "kind": (None, "quicksort", "stable", "mergesort", "heapsort", "introselect", "sort"), "like": (None,),
    "optimize": (True, False, "greedy", "optimal"), "order": ("C", "K", "A", None), "overwrite_input": (True, False),
    "stable": (True, False, None), "subok": (True, False),
}  # fmt: skip
"""Arguments, and those values of them, that make no difference to the numbers a tensor holds."""

RULES: dict[str, Callable[..., Any]] = {}
"""The function that computes each of NumPy's on tensors, by the name after `numpy.`; `numpy_rules` fills it."""


class NoRule(Exception):
    """A function, or an argument that it got, has no rule for tensors."""


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a NumPy function on arguments among which are tensors.

    Raises:
        TypeError: if a float tensor that is being recorded goes into a function, or with an argument, that has no rule.
    """
    name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    return _run(name, RULES.get(name), function, args, kwargs)


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a ufunc, or a method of it, with arguments that its op does not take; see `call_function`."""
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    body = RULES.get(name)
    if body is None and name in NUMPY_OPS:
        body = _elementwise(name)
    elif method == "outer":
        body = _outer(ufunc)
    return _run(name, body, getattr(ufunc, method), inputs, kwargs)


def _run(name: str, body: Callable[..., Any] | None, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run the rule of a function; without one the function itself, on values, unless a gradient would be lost."""
    target = next(iter((*args, *kwargs.values())), None)
    if name in _IN_PLACE or name.endswith(".at"):
        _refuse_target(target)
    reason = ""
    if body is not None:
        try:
            return body(*args, **kwargs)
        except NoRule as no_rule:
            reason = str(no_rule)
    tensors = [x for x in leaves([args, kwargs]) if isinstance(x, TensorOps)]
    if (body is not None or name not in _WITHOUT_GRADIENT) and any(map(is_followed, tensors)):
        raise TypeError(
            f"np.{name}{reason} has no gradient here, and was called on a tensor that is being recorded. Write it with "
            "minikeras.ops or other NumPy functions; where no gradient is wanted, call it on `x.numpy()`."
        )
    args, kwargs = map_structure(value_of, (args, kwargs))
    return function(*args, **kwargs)


def value_of(x: Any) -> Any:
    """Return the values of a tensor; anything else as it is."""
    return as_array(x) if isinstance(x, TensorOps) else x


def _refuse_target(target: Any) -> None:
    if isinstance(target, TensorOps):
        raise TypeError("A tensor cannot be changed in place. Use a Variable and its assign(), or NumPy arrays.")


def written(result: Any, out: Any) -> Any:
    """Write a result to the array that the caller gave for it, if any, and return what has it."""
    (target,) = out if isinstance(out, tuple) else (out,)
    if target is None:
        return result
    _refuse_target(target)
    if is_followed(result):
        raise NoRule(" into an array (out=, or an operator such as += on an array)")
    np.copyto(target, value_of(result), casting="same_kind")
    return target


def check_silent(arguments: dict[str, Any]) -> None:
    """Accept arguments that make no difference."""
    for key, value in arguments.items():
        if value is not None and not any(value is v or value == v for v in _SILENT.get(key, ())):
            raise NoRule(f" with {key}={value!r:.40}")


def _elementwise(name: str) -> Callable[..., Any]:
    """Return the rule of a ufunc that has an op; where its `where` is false, the result is that of `out`, or 0."""

    def call(*inputs: Any, out: Any = None, where: Any = True, dtype: Any = None, **rest: Any) -> Any:
        check_silent(rest)
        result = NUMPY_OPS[name](*(inputs if dtype is None else [cast(x, dtype) for x in inputs]))
        if where is not True:
            result = np.where(where, result, 0 if out is None or out[0] is None else out[0])
        return written(result, out)

    return call


def _outer(ufunc: np.ufunc) -> Callable[..., Any]:
    def call(a: Any, b: Any, **rest: Any) -> Any:
        return ufunc(np.reshape(a, (*shape(a), *[1] * ndim(b))), b, **rest)

    return call


def rule(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter the function that computes one of NumPy's, under its name and those of its arguments in NumPy's order.

    `out` and `dtype` are seen to here. `~kind` is an argument that makes no difference, `a>x` is called x in the rule.
    """
    name, *places = signature.split()
    names = [place.strip("~").partition(">")[0] for place in places]
    own = {place.partition(">")[0]: place.partition(">")[2] or place for place in places if place[0] != "~"}

    def declare(body: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if len(args) > len(names):
                raise NoRule(f" with {len(args)} arguments by place")
            values = dict(zip(names, args, strict=False)) | kwargs
            out, dtype = values.pop("out", None), values.pop("dtype", None)
            check_silent({key: values.pop(key) for key in [*values] if key not in own})
            first = values.get(names[0])
            if dtype is not None and np.dtype(dtype).kind in "fc" and not isinstance(first, list | tuple | None):
                values[names[0]] = cast(first, dtype)
            result = body(**{own[key]: value for key, value in values.items()})
            return written(result if dtype is None else cast(result, dtype), out)

        RULES[name] = call
        return body

    return declare
