"""Control flow in Keras's form, run by Python: choices, loops, mapping a function over elements."""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numpy as np

from .._base.context import context
from .._base.nested import leaves, map_present, map_structure, present
from .._base.typing import Function1, Function2, T
from .._core.keras_tensor import KerasTensor, infer
from .._core.op import structured
from .._core.tape import open_tapes
from .._core.tensor import Tensor, TensorOps, as_array
from .creation import convert_to_tensor, shape, zeros, zeros_like
from .shapes import concatenate, stack, take

_tensors: Callable[[Any], Any] = partial(map_present, convert_to_tensor)


@structured
def cond(pred: Any, true_fn: Callable[[], T], false_fn: Callable[[], T]) -> T:
    """Call `true_fn` if the scalar `pred` is true, else `false_fn`; both take no arguments."""
    if context.dry and isinstance(pred, Tensor):  # the value is unknown: run both, whose shapes must agree
        results = [true_fn(), false_fn()]
        kinds = [[(x.shape, x.dtype) for x in present(_tensors(result))] for result in results]
        if kinds[0] != kinds[1]:
            raise ValueError(f"`true_fn` and `false_fn` must return tensors of one shape and dtype. Received: {kinds}.")
        return results[0 if pred else 1]
    return true_fn() if pred else false_fn()


@structured
def switch(index: Any, branches: Sequence[Function1 | Function2], *operands: Any) -> Any:
    """Call the function at an index, which is clipped to the existing ones, on the operands."""
    return branches[int(np.clip(as_array(index), 0, len(branches) - 1))](*operands)


@structured
def while_loop(cond: Function1 | Function2, body: Function1 | Function2, loop_vars: Any,
               maximum_iterations: int | None = None) -> Any:  # fmt: skip
    """Apply `body` to the loop variables, a tensor or a tuple of them, as long as `cond` returns true for them.

    Each may be a structure of tensors. Their shapes must stay the same.

    Example:
        >>> int(while_loop(lambda i: i < 5, lambda i: i + 2, 0))
        6
    """
    several = isinstance(loop_vars, list | tuple)
    values = _tensors(tuple(loop_vars) if several else (loop_vars,))
    left = 1 if context.dry else maximum_iterations  # a round shows the shapes; trial values may never end the loop
    while (left is None or left > 0) and cond(*values):
        result = body(*values)
        values = _tensors(tuple(result) if isinstance(result, list | tuple) else (result,))
        left = left and left - 1
    return values if several else values[0]


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Apply `value = body_fun(i, value)` for each i in range(lower, upper)."""
    return _tensors(reduce(lambda value, i: body_fun(i, value), range(int(lower), int(upper)), _tensors(init_val)))


@structured
def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False,
         unroll: int | bool = 1) -> tuple[Any, Any]:  # fmt: skip
    """Apply `f(carry, x) -> (carry, y)` to the elements of xs in turn; return the last carry and all y stacked.

    The first carry is `init`; it and xs may be tensors or structures of them. If f returns None for y, zeros like the
    carry stand for it. `length` is needed if xs is None; `reverse` starts at the last element.

    Example:
        >>> carry, ys = scan(lambda total, x: (total + x, total), 0.0, [1.0, 2.0, 3.0])
        >>> float(carry), ys.numpy()
        (6.0, array([0., 1., 3.], dtype=float32))
    """
    if not callable(f):
        raise TypeError(f"scan needs a function f(carry, x). Received: f={f!r}")
    if not isinstance(unroll, int) or (unroll < 1 and unroll is not False):
        raise ValueError(f"`unroll` must be a positive integer or boolean. Received: unroll={unroll!r}")
    if xs is None and length is None:
        raise ValueError("scan needs `xs` or `length`. Received neither.")
    is_numbers = isinstance(xs, list) and not any(hasattr(x, "shape") for x in xs)  # one tensor, not a structure
    tensors = convert_to_tensor(xs) if is_numbers else _tensors(xs)
    steps = range(_steps(tensors, 0, length))
    carry, ys = _tensors(init), []
    if not steps:  # infer the shapes of what f would return
        elements = map_present(lambda x: KerasTensor(x.shape[1:], x.dtype), tensors)
        y = infer(lambda c, x: _tensors(f(c, x)[1]), carry, elements)
        return carry, map_structure(lambda a: zeros((0, *a.shape), a.dtype), carry if y is None else y)
    for i in reversed(steps) if reverse else steps:
        carry, y = f(carry, map_present(itemgetter(i), tensors))
        ys.append(map_structure(zeros_like, carry) if y is None else y)
    return carry, _joined(ys[::-1] if reverse else ys)


@structured
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Apply a function to each element along the first axis and stack the results."""
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


@structured
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Apply a function to each element of a tensor, or to lists of elements of several tensors; stack the results."""
    several = isinstance(elements, list | tuple)
    return map(function, [convert_to_tensor(x) for x in elements] if several else convert_to_tensor(elements))


def _steps(tensors: Any, axis: int, length: int | None = None) -> int:
    """Return the common size of all tensors along an axis, or `length` if that is not larger; else a ValueError."""
    lengths = {shape(x)[axis] for x in present(tensors)}
    if length is not None:
        lengths = {int(length)} if all(length <= n for n in lengths) else {*lengths, int(length)}
    if len(lengths) != 1:
        raise ValueError(f"All tensors must have the same size along axis {axis}. Received sizes: {lengths}.")
    return lengths.pop()


def _joined(values: Sequence[Any], join: Callable[[list[Tensor]], Tensor] = stack) -> Any:
    columns = zip(*[leaves(value) for value in values], strict=True)
    return map_structure(lambda _: join([convert_to_tensor(x) for x in next(columns)]), values[0])


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """Return a function of tensors that applies `pyfunc` to each element, as `numpy.vectorize`.

    Example:
        >>> print(vectorize(lambda a, b: a if a > b else b)([1, 5], [3, 4]))
        Tensor([3 5], shape=(2,), dtype=int32)
    """
    run = np.vectorize(pyfunc, excluded=excluded, signature=signature)

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(tape.follows(x) for tape in open_tapes() for x in args if isinstance(x, TensorOps)):
            raise TypeError("vectorize has no gradient. Use `vectorized_map`, or `stop_gradient` on its arguments.")
        results = run(*[as_array(x) for x in args], **kwargs)
        return tuple(Tensor(x) for x in results) if isinstance(results, tuple) else Tensor(results)

    return call


@structured
def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Running results of an associative function along an axis: a, f(a, b), f(f(a, b), c) and so on.

    `f` takes two slices of `elems`, a tensor or a structure of them, and returns a third. `reverse` starts at the end.

    Example:
        >>> print(associative_scan(lambda a, b: a + b, np.array([1, 2, 3])))
        Tensor([1 3 6], shape=(3,), dtype=int64)
    """
    tensors = map_structure(convert_to_tensor, elems)
    parts = [map_structure(partial(take, indices=[i], axis=axis), tensors) for i in range(_steps(tensors, axis))]
    if not parts:
        return tensors
    results = list(accumulate(parts[::-1] if reverse else parts, f))
    return _joined(results[::-1] if reverse else results, partial(concatenate, axis=axis))
