"""Control flow, gradients and `tf.Module`. There are no graphs: everything runs when Python calls it."""

import inspect
import itertools
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from types import SimpleNamespace
from typing import Any, TypeVar, cast, overload

import numpy as np

from ... import ops
from ..._base.context import having_attributes
from ..._base.nested import each_once, leaves
from ..._core.tape import GradientTape as KerasTape, custom_gradient as custom_gradient, remat
from ..._core.tensor import Tensor, TensorOps, as_array, recorders, stop_recording
from ..._core.trials import HeldPrints
from ..._core.variable import Variable as KerasVariable
from ...layers import Layer
from ...tree import pack_sequence_as
from .dtypes import DType, TensorShape, accessor, as_dtype
from .errors import InvalidArgumentError, OutOfRangeError
from .missing import named
from .ragged import RaggedTensor, RaggedTensorSpec, stack as ragged_stack
from .tensors import Composite, convert_to_tensor, escape

F = TypeVar("F", bound=Callable[..., Any])


class Muted(HeldPrints):
    """Within it, this thread's prints are dropped, while a function that was traced before has to run once more."""

    def flush(self) -> None:
        """Show what other threads have printed."""
        self._out.flush()


def unmuted(stream: Any) -> Any:
    """Return the stream behind muted ones."""
    while isinstance(stream, Muted):
        stream = stream._out
    return stream


def py_function(func: Callable[..., Any] | None = None, inp: Sequence[Any] = (), Tout: Any = None,
                name: Any = None) -> Any:  # fmt: skip
    """Call a Python function with tensors; without a function, return a decorator."""
    if func is None:
        return lambda f: lambda *args: py_function(f, args, Tout)
    escape()
    with redirect_stdout(unmuted(sys.stdout)):
        result = func(*map(convert_to_tensor, inp))
    if Tout is None or (isinstance(Tout, list | tuple) and not Tout):
        return result
    if not isinstance(Tout, list | tuple):
        return convert_to_tensor(result, None if isinstance(result, TensorOps) else Tout)
    return [ops.cast(convert_to_tensor(x), t) if as_dtype(t) != "string" else convert_to_tensor(x)
            for x, t in zip(result if isinstance(result, list | tuple) else [result], Tout, strict=True)]  # fmt: skip


def numpy_function(func: Callable[..., Any] | None = None, inp: Sequence[Any] = (), Tout: Any = None, *_: Any,
                   **__: Any) -> Any:  # fmt: skip
    """Call a Python function with arrays; without a function, return a decorator."""
    if func is None:
        return lambda f: lambda *args: numpy_function(f, args, Tout)
    return py_function(lambda *args: func(*(as_array(a)[()] for a in args)), inp, Tout)


def cond(pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
         name: Any = None) -> Any:  # fmt: skip
    """Call `true_fn` if `pred` is true, else `false_fn`."""
    branch = true_fn if pred else false_fn
    return branch() if branch else None


def while_loop(cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
               parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
               maximum_iterations: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """Apply `body` to loop variables as long as `cond` holds for them."""
    variable = lambda x: x if isinstance(x, TensorArray | Composite) else convert_to_tensor(x)  # noqa: E731
    values, steps = map_structure(variable, loop_vars), itertools.count()
    while (maximum_iterations is None or next(steps) < int(maximum_iterations)) and cond(*values):
        results = body(*values)
        values = map_structure(variable, results if isinstance(results, list | tuple) else [results])
    return values


def _rows(elems: Any) -> Iterable[Any]:
    if isinstance(elems, RaggedTensor):
        return elems
    several = isinstance(elems, tuple | dict) or (isinstance(elems, list) and isinstance(elems[0], TensorOps))
    tensors = map_structure(convert_to_tensor, elems) if several else convert_to_tensor(elems)
    return (map_structure(lambda x, i=i: x[i], tensors) for i in range(len(flatten(tensors)[0])))


def map_fn(fn: Callable[[Any], Any], elems: Any, dtype: Any = None, *_: Any, fn_output_signature: Any = None,
           **__: Any) -> Any:  # fmt: skip
    """Apply a function to each row and stack the results."""
    results = [fn(row) for row in _rows(elems)]
    is_ragged = isinstance(fn_output_signature or dtype or elems, RaggedTensor | RaggedTensorSpec)
    return (ragged_stack if is_ragged else _stacked)(results)


def _stacked(results: list[Any]) -> Any:
    return map_structure(lambda *leaves: ops.stack([convert_to_tensor(x) for x in leaves]), *results)


def _results(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, reverse: bool = False) -> list[Any]:
    """Return the results of `fn(result before, row)`, row by row; without an initializer the first row is the first."""
    initial = None if initializer is None else map_structure(convert_to_tensor, initializer)
    return [*itertools.accumulate(list(_rows(elems))[:: -1 if reverse else 1], fn, initial=initial)]


class TensorArray:
    """A list of tensors that is written and read by index."""

    def __init__(self, dtype: Any, size: Any = 0, dynamic_size: bool = False, clear_after_read: bool | None = None,
                 *_: Any, element_shape: Any = None, **__: Any) -> None:  # fmt: skip
        self.dtype: DType = as_dtype(dtype)
        self._dynamic, self._clears = dynamic_size, clear_after_read is not False
        self._items: list[Any] = [None] * int(size)
        self._read: set[int] = set()
        self._blank: Any = None if element_shape is None else ops.zeros(element_shape, self.dtype.name)

    def _filled(self, i: int) -> Tensor:
        """Return the tensor at an index, zeros if nothing was written there."""
        if self._items[i] is None and self._blank is None:
            raise ValueError(f"Element {i} of this TensorArray has no shape. Write to it or give `element_shape`.")
        return cast(Tensor, self._blank if self._items[i] is None else self._items[i])

    def write(self, index: Any, value: Any, name: str | None = None) -> "TensorArray":
        """Store a tensor, and return the TensorArray."""
        i, n = int(index), len(self._items)
        if i >= n and not self._dynamic:
            raise OutOfRangeError(f"Tried to write to index {i} but array is not resizeable and size is: {n}")
        self._items += [None] * (i + 1 - n)
        self._items[i] = convert_to_tensor(value, None if isinstance(value, TensorOps) else self.dtype)
        self._blank = ops.zeros_like(self._items[i])
        return self

    def read(self, index: Any, name: str | None = None) -> Any:
        """Return a tensor, and forget it unless `clear_after_read` is False."""
        i = int(index)
        if i >= len(self._items):
            raise OutOfRangeError(f"Tried to read from index {i} but array size is: {len(self._items)}")
        if self._items[i] is None and i in self._read:
            raise InvalidArgumentError(None, None, f"Could not read index {i} twice because it was cleared after a "
                                       "previous read (perhaps try setting clear_after_read = false?)")  # fmt: skip
        item = self._filled(i)
        if self._clears:
            self._items[i] = None
            self._read.add(i)
        return item

    def size(self, name: str | None = None) -> Tensor:
        """Return the number of elements."""
        return convert_to_tensor(len(self._items))

    def stack(self, name: str | None = None) -> Tensor:
        """Return all elements as one tensor, with zeros where nothing was written."""
        return self.gather(range(len(self._items)))

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Return the elements at indices as one tensor."""
        items = [self._filled(int(i)) for i in indices]
        return ops.stack(items) if items else ops.zeros((0,), self.dtype.name)

    def concat(self, name: str | None = None) -> Tensor:
        """Return all elements joined along their first axis."""
        return ops.concatenate([self._filled(i) for i in range(len(self._items))])

    def unstack(self, value: Any, name: str | None = None) -> "TensorArray":
        """Store the rows of a tensor as elements."""
        self._items = list(convert_to_tensor(value))
        self._blank = ops.zeros_like(self._items[0]) if self._items else None
        return self


def print_(*inputs: Any, output_stream: Any = sys.stderr, summarize: int = 3, sep: str = " ", end: str = "\n",
           name: Any = None) -> None:  # fmt: skip
    """`tf.print`: print values to standard error, or another stream; long tensors are abbreviated."""
    escape()
    alone = len(inputs) == 1 and isinstance(inputs[0], TensorOps) and not inputs[0].ndim
    line = sep.join(x if type(x) is str else printed(x, summarize) for x in inputs)
    line = (line.strip('"') if alone else line) + end
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        with open(output_stream.removeprefix("file://"), "a", encoding="utf8") as file:
            file.write(line)
        return
    if output_stream is not sys.stderr and not hasattr(output_stream, "write"):  # both are None without a console
        raise ValueError(f"`output_stream` must be sys.stdout, sys.stderr or 'file://...'. Received: {output_stream!r}")
    print(line, end="", file=unmuted(output_stream))


def printed(x: Any, most: int) -> str:
    """Return a value as `tf.print` prints it, with at most `most` items at each end of an axis."""
    if isinstance(x, dict):
        return "{" + ", ".join(f"{key!r}: {printed(x[key], most)}" for key in sorted(x)) + "}"
    if isinstance(x, list | tuple) and not isinstance(x, TensorShape):
        inner = ", ".join(printed(item, most) for item in x)
        return f"[{inner}]" if isinstance(x, list) else f"({inner}{',' * (len(x) == 1)})"
    if isinstance(x, RaggedTensor):
        return _rows_printed(x.to_list(), most, 1, in_line=True)
    return _rows_printed(as_array(x), most, 1) if isinstance(x, TensorOps) else repr(x)


def _rows_printed(rows: Any, most: int, depth: int, in_line: bool = False) -> str:
    """Return an array as `tf.print` prints it, or nested lists, those of a ragged tensor, if `in_line`."""
    if isinstance(rows, list) or np.ndim(rows):
        shown = [*rows[:most], None, *rows[-most:]] if 0 <= 2 * most < len(rows) else list(rows)
        parts = ["..." if row is None else _rows_printed(row, most, depth + 1, in_line) for row in shown]
        between = ", " if in_line else " " if rows.ndim == 1 else "\n" * (rows.ndim - 1) + " " * depth
        return "[" + between.join(parts) + "]"
    value = np.asarray(rows).item()
    if isinstance(value, bytes):
        return ("'{}'" if in_line else '"{}"').format(value.decode("utf8", "replace"))
    if isinstance(value, float):
        return f"{value:f}" if in_line else _number(np.asarray(rows))
    return str(int(value) if isinstance(value, bool) else value)


def _number(x: Any) -> str:
    """Return a float with as few digits as give it back: 6 or 9 digits for float32, 15 or 17 for float64."""
    few, many = (15, 17) if x.dtype == np.float64 else (6, 9)
    short = f"{float(x):.{few}g}"
    return short if x.dtype.type(short) == x or x != x else f"{float(x):.{many}g}"


UnconnectedGradients: SimpleNamespace = SimpleNamespace(NONE="none", ZERO="zero")
"""What a gradient is if the target does not depend on the source."""


class GradientTape(KerasTape):
    """Records operations and differentiates them, with TensorFlow's arguments and `jacobian`.

    Example:
        >>> x = convert_to_tensor([1.0, 2.0])
        >>> with GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> print(tape.jacobian(y, x))
        tf.Tensor( [[2. 0.] [0. 4.]], shape=(2, 2), dtype=float32)
    """

    persistent: bool
    _met: tuple[Any, ...] = ()

    @overload
    def gradient(self, target: Any, sources: TensorOps, output_gradients: Any = None,
                 unconnected_gradients: Any = "none") -> Tensor | None: ...  # fmt: skip
    @overload
    def gradient(self, target: Any, sources: list[Any] | tuple[Any, ...], output_gradients: Any = None,
                 unconnected_gradients: Any = "none") -> list[Tensor | None]: ...  # fmt: skip
    @overload
    def gradient(self, target: Any, sources: dict[str, Any], output_gradients: Any = None,
                 unconnected_gradients: Any = "none") -> Any: ...  # fmt: skip
    def gradient(self, target: Any, sources: Any, output_gradients: Any = None,
                 unconnected_gradients: Any = "none") -> Any:  # fmt: skip
        """Return d target / d source for each source, in the structure of `sources`.

        None for a source that the target does not depend on, zeros where `unconnected_gradients` says so.
        """
        for name, structure in (("target", target), ("sources", sources)):
            for leaf in leaves(structure):
                if not isinstance(leaf, TensorOps):
                    raise TypeError(f"Argument `{name}` must hold tensors. Received: {leaf!r:.80}.")
        self._met = self.watched_variables()
        results = super().gradient(target, sources, output_gradients)
        if getattr(unconnected_gradients, "value", unconnected_gradients) == "zero":
            results = map_structure(lambda s, g: ops.zeros_like(s) if g is None else g, sources, results)
        return results

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: Any = "none", *_: Any, **__: Any) -> Any:
        """Return the derivative of each element of the target, of shape (*target.shape, *source.shape)."""
        with having_attributes(self, persistent=True):
            size, shape = int(np.prod(target.shape, dtype=int)), tuple(target.shape)
            seeds = np.eye(size, dtype=as_dtype(target.dtype).name).reshape(size, *shape)
            rows = [self.gradient(target, sources, Tensor(seed), unconnected_gradients) for seed in seeds]
        self._has_recorded = self.persistent

        def join(source: Any, *gradients: Any) -> Any:
            is_connected = all(g is not None for g in gradients)
            return ops.reshape(ops.stack(gradients), (*shape, *source.shape)) if is_connected else None

        return map_structure(join, sources, *rows)

    def batch_jacobian(self, target: Any, source: Any, unconnected_gradients: Any = "none", *_: Any, **__: Any) -> Any:
        """Return the derivative of each row of the target in the same row of the source."""
        whole, inner = self.jacobian(target, source, unconnected_gradients), [slice(None)] * (len(target.shape) - 1)
        return None if whole is None else ops.stack([whole[(i, *inner, i)] for i in range(target.shape[0])])

    def stop_recording(self) -> Any:
        """Stop recording within this context."""
        return stop_recording(*(r for r in recorders.open if r is not self))

    def watched_variables(self) -> tuple[Any, ...]:
        """Return the variables that the tape has recorded."""
        return tuple(x for x in self._watched.values() if isinstance(x, KerasVariable)) or self._met


def map_structure(function: Callable[..., Any], first: Any, *others: Any, lists: bool = True) -> Any:
    """Apply a function to the leaves of nested dicts, tuples and, unless `lists` is False, lists."""
    if isinstance(first, dict):
        columns = {key: (first[key], *(x[key] for x in others)) for key in sorted(first)}
        values = {key: map_structure(function, *column, lists=lists) for key, column in columns.items()}
        return {key: values[key] for key in first}
    if isinstance(first, (tuple, list) if lists else tuple) and not isinstance(first, TensorShape):
        parts = [map_structure(function, *column, lists=lists) for column in zip(first, *others, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return function(first, *others)


def flatten(structure: Any, lists: bool = True) -> list[Any]:
    """Return the leaves of nested dicts, tuples and, unless `lists` is False, lists."""
    leaves: list[Any] = []
    map_structure(leaves.append, structure, lists=lists)
    return leaves


class Module:
    """An object that collects the variables among its attributes, and of the modules and layers among these."""

    def __init__(self, name: str | None = None) -> None:
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(self).__name__).lower()
        self.name: str = name or snake

    name_scope: Any = accessor(lambda self: nullcontext(self.name), "A context without effect: names have no paths.")

    def _walk(self, value: Any, seen: set[int]) -> Iterable[Any]:
        if id(value) in seen:
            return
        if isinstance(value, Layer | KerasVariable | Module):
            seen.add(id(value))
            yield value
        inner = vars(value) if isinstance(value, Module) else value
        if isinstance(inner, dict):
            inner = [inner[key] for key in sorted(inner, key=str)]
        for item in inner if isinstance(inner, list | tuple) else ():
            yield from self._walk(item, seen)

    def _variables(self) -> tuple[Any, ...]:
        found = [(held, x) for _, held in sorted(vars(self).items()) for x in self._walk(held, set())]
        own = [x for held, x in found if isinstance(x, KerasVariable) and not isinstance(held, Module | Layer)]
        parts = [[x] if isinstance(x, KerasVariable) else x.variables for _, x in found if not isinstance(x, Module)]
        return tuple(each_once([*own, *itertools.chain(*parts)]))

    variables: tuple[Any, ...] = accessor(_variables, "All variables, its own first.")
    trainable_variables: tuple[Any, ...] = accessor(
        lambda self: tuple(v for v in self.variables if v.trainable), "Those that training changes.")  # fmt: skip
    non_trainable_variables: tuple[Any, ...] = accessor(
        lambda self: tuple(v for v in self.variables if not v.trainable), "Those it leaves alone.")  # fmt: skip
    submodules: tuple[Any, ...] = accessor(
        lambda self: tuple(x for x in [*self._walk(self, set())][1:] if isinstance(x, Module | Layer)),
        "The inner modules and layers.")  # fmt: skip

    @classmethod
    def with_name_scope(cls, method: F) -> F:
        """Return the method unchanged: names have no paths here."""
        return method


@contextmanager
def name_scope(name: str, *_: Any) -> Any:
    """A context without effect: there is no graph whose operations it could name."""
    yield name


device: Callable[..., Any] = name_scope
control_dependencies: Callable[..., Any] = name_scope
vectorized_map: Callable[..., Any] = map_fn
recompute_grad: Callable[..., Any] = remat
executing_eagerly: Callable[[], bool] = lambda: True  # noqa: E731
nest: SimpleNamespace = SimpleNamespace(
    map_structure=map_structure, flatten=flatten, is_nested=lambda x: isinstance(x, list | tuple | dict),
    assert_same_structure=lambda a, b, *_: map_structure(lambda *_: None, a, b), pack_sequence_as=pack_sequence_as,
)  # fmt: skip
autograph: SimpleNamespace = SimpleNamespace(
    set_verbosity=lambda level, alsologtostdout=False: None, to_graph=lambda entity, *_, **__: entity,
    to_code=lambda entity, *_, **__: textwrap.dedent(inspect.getsource(entity)),
    trace=lambda *args: None, experimental=SimpleNamespace(
        do_not_convert=lambda func=None, **_: func or (lambda f: f), set_loop_options=lambda *_, **__: None),
)  # fmt: skip
globals().update(named({
    "timestamp": ("Seconds since 1970, in float64.", lambda name=None: numpy_function(time.time, (), "float64")),
    "case": ("Call the function beside the first true condition, or else `default`.",
        lambda pred_fn_pairs, default=None, *_, **__:
            next(f for holds, f in (*pred_fn_pairs, (True, default)) if holds)()),
    "switch_case": ("Call the function with an index (of a list, pairs or a dict), or else `default` or the last one.",
        lambda branch_index, branch_fns, default=None, name=None:
            ((branches := dict(enumerate(branch_fns) if callable(next(iter(branch_fns))) else branch_fns)).get(
                int(branch_index)) or default or branches[max(branches)])()),
    "scan": ("The results of `fn(result before, row)`, called for the rows in turn, or from the last one on; stacked.",
        lambda fn, elems, initializer=None, *_, reverse=False, **__: _stacked(
            _results(fn, elems, initializer, reverse)[initializer is not None :][:: -1 if reverse else 1])),
    "foldl": ("The last result of `scan`.",
        lambda fn, elems, initializer=None, *_, **__: _results(fn, elems, initializer)[-1]),
    "foldr": ("The last result of `scan`, from the last row to the first.",
        lambda fn, elems, initializer=None, *_, **__: _results(fn, elems, initializer, True)[-1])}))  # fmt: skip
