"""Control flow in Keras's form, run by Python: choices, loops, mapping a function over elements."""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np

from .._base.context import context
from .._base.nested import leaves, map_structure
from .._base.typing import Function1, Function2
from .._core.keras_tensor import KerasTensor, infer
from .._core.op import composite
from .._core.tape import GradientTape
from .._core.tensor import Tensor, TensorOps, as_array, recorders
from .creation import convert_to_tensor, shape, zeros, zeros_like
from .shapes import concatenate, stack, take

T = TypeVar("T")


@composite
def cond(pred: Any, true_fn: Callable[[], T], false_fn: Callable[[], T]) -> T:
    """Call one of two functions without arguments, as a scalar says."""
    if context.dry and isinstance(pred, Tensor):  # both tell the shape, and must agree
        results = [true_fn(), false_fn()]
        tensors = ([convert_to_tensor(x) for x in leaves(result) if x is not None] for result in results)
        kinds = [[(x.shape, x.dtype) for x in branch] for branch in tensors]
        if kinds[0] != kinds[1]:
            raise ValueError(f"`true_fn` and `false_fn` must return tensors of one shape and dtype. Received: {kinds}.")
        return results[0 if pred else 1]
    return true_fn() if pred else false_fn()


@composite
def switch(index: Any, branches: Sequence[Function1 | Function2], *operands: Any) -> Any:
    """Call the function at an index, limited to those there are, on the operands."""
    return branches[int(np.clip(as_array(index), 0, len(branches) - 1))](*operands)


@composite
def while_loop(cond: Function1 | Function2, body: Function1 | Function2, loop_vars: Any,
               maximum_iterations: int | None = None) -> Any:  # fmt: skip
    """Apply `body` to loop variables, a tensor or a tuple of them, as long as `cond` holds for them.

    Each may be a structure of tensors; their shapes stay the same.

    Example:
        >>> int(while_loop(lambda i: i < 5, lambda i: i + 2, 0))
        6
    """
    several = isinstance(loop_vars, list | tuple)
    values = tuple(_tensors(v) for v in (loop_vars if several else (loop_vars,)))
    count = 0
    if context.dry:  # zeros may never reach the end, and one round tells the shapes
        maximum_iterations = 1
    while (maximum_iterations is None or count < maximum_iterations) and cond(*values):
        result = body(*values)
        values = tuple(result) if isinstance(result, list | tuple) else (result,)
        count += 1
    return values if several else values[0]


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Apply `body_fun(i, value)` for each i from `lower` up to but without `upper`."""
    return reduce(lambda value, i: body_fun(i, value), range(int(lower), int(upper)), _tensors(init_val))


@composite
def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False,
         unroll: int | bool = 1) -> tuple[Any, Any]:  # fmt: skip
    """Apply `f(carry, x) -> (carry, y)` to elements of xs in turn; return the last carry and all y stacked.

    The first carry is `init`; it and xs may be tensors or structures of them. A y of None counts as zeros like the
    carry. `length` is needed where xs is None; `reverse` starts at the last element.

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
        raise ValueError("scan needs xs to walk along, or length. Received neither.")
    numbers = isinstance(xs, list) and not any(hasattr(x, "shape") for x in xs)  # one tensor, no structure of them
    tensors = convert_to_tensor(xs) if numbers else _tensors(xs)
    steps = range(_steps(tensors, 0, length))
    carry, ys = _tensors(init), []
    if not steps:  # what f would give tells the shapes
        elements = map_structure(lambda x: None if x is None else KerasTensor(x.shape[1:], x.dtype), tensors)
        y = infer(lambda c, x: _tensors(f(c, x)[1]), carry, elements)
        return carry, map_structure(lambda a: zeros((0, *a.shape), a.dtype), carry if y is None else y)
    for i in reversed(steps) if reverse else steps:
        carry, y = f(carry, map_structure(partial(lambda k, x: None if x is None else x[k], i), tensors))
        ys.append(map_structure(zeros_like, carry) if y is None else y)
    return carry, _joined(ys[::-1] if reverse else ys)


@composite
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Apply a function to each element along the first axis and stack the results."""
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


@composite
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Apply a function to each element of a tensor, or to lists of those of several; stack the results."""
    several = isinstance(elements, list | tuple)
    return map(function, [convert_to_tensor(x) for x in elements] if several else convert_to_tensor(elements))


def _steps(tensors: Any, axis: int, length: int | None = None) -> int:
    """Return how long all tensors are along an axis, or a length that is no longer."""
    lengths = {shape(x)[axis] for x in leaves(tensors) if x is not None}
    if length is not None:
        lengths = {int(length)} if all(length <= n for n in lengths) else {*lengths, int(length)}
    if len(lengths) != 1:
        raise ValueError(f"The tensors to walk along must have one length, that of axis {axis}. Received: {lengths}.")
    return lengths.pop()


def _tensors(structure: Any) -> Any:
    return map_structure(lambda x: None if x is None else convert_to_tensor(x), structure)


def _joined(values: Sequence[Any], join: Callable[[list[Tensor]], Tensor] = stack) -> Any:
    """Return a structure of what the leaves of several, joined, make."""
    columns = zip(*[leaves(value) for value in values], strict=True)
    return map_structure(lambda _: join([convert_to_tensor(x) for x in next(columns)]), values[0])


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """Return a function that applies one of single elements to whole tensors, as `numpy.vectorize`.

    Example:
        >>> print(vectorize(lambda a, b: a if a > b else b)([1, 5], [3, 4]))
        Tensor([3 5], shape=(2,), dtype=int32)
    """
    run = np.vectorize(pyfunc, excluded=excluded, signature=signature)

    def call(*args: Any, **kwargs: Any) -> Any:
        tapes = [r for r in recorders.open if isinstance(r, GradientTape)]
        if any(tape.follows(x) for tape in tapes for x in args if isinstance(x, TensorOps)):
            raise TypeError("vectorize runs on numbers, without gradients. Use `vectorized_map`, or `stop_gradient`.")
        results = run(*[as_array(x) for x in args], **kwargs)
        return tuple(Tensor(x) for x in results) if isinstance(results, tuple) else Tensor(results)

    return call


@composite
def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Running results of a function of two along an axis: a, f(a, b), f(f(a, b), c) and so on.

    `f` takes two slices of `elems`, a tensor or a structure of them, and gives a third; (a, (b, c)) as ((a, b), c).
    `reverse` starts at the end.

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
