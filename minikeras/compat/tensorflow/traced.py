"""`tf.function`: a Python function of tensors, traced at its first call with arguments of a kind, and then replayed."""

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext, redirect_stdout
from types import SimpleNamespace
from typing import Any, TypeVar, overload

import numpy as np

from ..._base.nested import make_room
from ..._core.keras_tensor import KerasTensor, infer
from ..._core.ownership import Changes
from ..._core.tensor import Tensor, TensorOps, recorders
from ..._core.variable import Variable as KerasVariable
from ..._jit.jit import Jit
from ..._jit.trace import trace
from .config import functions_run_eagerly
from .draws import graph, kernels_of
from .dtypes import TensorSpec, as_dtype
from .functions import Muted, flatten, map_structure
from .tensors import Composite, Variable, convert_to_tensor, escape

F = TypeVar("F", bound=Callable[..., Any])
KINDS_KEPT = 16
"""The number of kinds of calls for which a function keeps a program."""


def _as_argument(value: Any) -> Any:
    return Tensor(value) if isinstance(value, np.ndarray) else value


def _as_result(value: Any) -> Any:
    plain = isinstance(value, bool | int | float | str | np.ndarray | np.generic | KerasVariable)
    return convert_to_tensor(value) if plain else value


def _kind(value: Any, tensors: list[Tensor]) -> Any:
    """Return a key that two calls share if they differ in the values of tensors alone; collect these in `tensors`."""
    if type(value) in (Tensor, KerasTensor):
        tensors.append(value)
        return Tensor
    if isinstance(value, list | tuple):
        return type(value), *(_kind(item, tensors) for item in value)
    if isinstance(value, dict):
        return dict, *((key, _kind(value[key], tensors)) for key in sorted(value))
    return (type(value), value) if isinstance(value, str | int | float | None) else id(value)


def symbol(value: Any) -> Any:
    """Return a symbolic tensor for a tensor or a specification."""
    if isinstance(value, TensorSpec) or type(value) is Tensor:
        return KerasTensor(tuple(value.shape), as_dtype(value.dtype).name)
    return _as_argument(value)


def _is_plain(tensor: Tensor) -> bool:
    array = tensor.array
    return array is not None and array.dtype.kind in "fiub" and getattr(tensor, "keras_mask", None) is None


class Graph:
    """The operations that a trace recorded."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def get_operations(self) -> list[Any]:
        """Return the operations, each with a unique `name` and its `type`."""
        return [SimpleNamespace(name=f"{name}_{i}", type=name) for i, name in enumerate(self._names)]

    def as_graph_def(self) -> str:
        """Return the operations as the text of a GraphDef."""
        return "".join(f'node {{\n  name: "{op.name}"\n  op: "{op.type}"\n}}\n' for op in self.get_operations())


def _calls(function: Callable[[Any], Any], args: Any) -> Jit:
    """Return the `Jit` for calls of one kind: it takes tensors, and puts them into the structure of `args`."""

    def run(tensors: Any) -> Any:
        rest = iter(tensors)
        y = map_structure(_as_result, function(map_structure(lambda x: next(rest) if type(x) is Tensor else x, args)))
        if not all(x is None or type(x) is Tensor for x in flatten(y)):
            escape()  # a replay can return tensors and None only
        return y

    return Jit(run, lambda: True, waits=False)


class Function:
    """The result of `tf.function` for a Python function.

    As in TensorFlow, side effects in Python (prints, counts, appends) happen when the function is traced: at the first
    call with arguments of a kind. Python numbers are constants of the trace. A function that looks at the values of
    tensors cannot be replayed: it runs at each call, and its prints are muted after the first.
    """

    def __init__(self, python_function: Callable[..., Any], input_signature: Sequence[Any] | None = None,
                 owner: Any = None) -> None:  # fmt: skip
        self.python_function: Callable[..., Any] = python_function
        self.input_signature: Any = None if input_signature is None else tuple(input_signature)
        self._owner = owner
        self._traced: set[Any] = set()
        self.graph: Graph | None = None
        self._calls: dict[Any, Jit] = {}
        self._kernels: dict[Any, dict[Any, Any]] = {}
        functools.update_wrapper(self, python_function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function, or its program."""
        if self.input_signature is not None:
            args = self._checked(args)
        arguments = map_structure(_as_argument, args), map_structure(_as_argument, kwargs)
        tensors: list[Tensor] = []
        kind = id(self._owner), _kind(arguments, tensors)
        plain = not (recorders.open or functions_run_eagerly()) and all(map(_is_plain, tensors))
        return map_structure(_as_result, self._replayed(kind, arguments, tensors) if plain else self._run(arguments))

    def _run(self, arguments: Any) -> Any:
        """Run the function; its prints are muted if it was traced before."""
        key, before = self._key(arguments), (Changes.layers, Variable._made)
        eager = functions_run_eagerly()
        drawing = nullcontext() if eager else graph(kernels_of(self._kernels, key))
        with Muted() if key in self._traced and not eager else nullcontext(), drawing:
            result = self._python(arguments)
        if before == (Changes.layers, Variable._made):  # a run that makes variables differs from the next: no trace
            self._traced.add(key)
        return result

    def _python(self, arguments: Any) -> Any:
        args, kwargs = arguments
        return self.python_function(*(() if self._owner is None else (self._owner,)), *args, **kwargs)

    def _key(self, arguments: Any) -> Any:
        """Return the key of the calls that share a trace: their kind and, without a signature, shapes and dtypes."""
        tensors: list[Tensor] = []
        kind = id(self._owner), _kind(arguments, tensors)
        return kind if self.input_signature else (kind, *((tuple(x.shape), as_dtype(x.dtype)) for x in tensors))

    def _replayed(self, kind: Any, arguments: Any, tensors: list[Tensor]) -> Any:
        if (calls := self._calls.get(kind)) is None:
            make_room(self._calls, KINDS_KEPT)
            calls = self._calls.setdefault(kind, _calls(self._run, arguments))  # unless another thread has set one
        with np.errstate(all="ignore"), calls.lock:  # one thread at a time assigns to variables, or prints in a trace
            return calls.run(tuple(x.array for x in tensors))

    def _checked(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        arguments = []
        for value, spec in zip(args, self.input_signature, strict=False):
            if isinstance(spec, TensorSpec) and not isinstance(value, KerasTensor):
                value = value if isinstance(value, TensorOps | Composite) else convert_to_tensor(value, spec.dtype)
                if not spec.is_compatible_with(value):
                    raise TypeError("Binding inputs to tf.function failed due to `Can not cast "
                                    f"{TensorSpec.from_tensor(value)!r} to {spec!r}`. Received args: {args} and "
                                    f"kwargs: {{}} for signature: {self.input_signature}.")  # fmt: skip
            arguments.append(value)
        return (*arguments, *args[len(arguments) :])

    def __get__(self, instance: Any, owner: Any = None) -> "Function":
        return self if instance is None else self._bound(instance)

    def _bound(self, owner: Any) -> "Function":
        bound = Function(self.python_function, self.input_signature, owner)
        bound._traced, bound._calls, bound._kernels = self._traced, self._calls, self._kernels
        return bound

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle or a copy has: all but the traces, whose keys hold here only."""
        return {**vars(self), "_traced": set(), "graph": None, "_calls": {}, "_kernels": {}}

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> "Function":
        """Return a copy with the graph for arguments (tensors or specifications), traced by a run on zeros."""
        specs = map_structure(symbol, (args or self.input_signature or (), kwargs))
        key = self._key(specs)
        shown = iter(() if key in self._traced else (redirect_stdout(sys.stdout),))
        concrete = self._bound(self._owner)

        def run(args: Any, kwargs: Any) -> Any:
            with next(shown, Muted()):  # `infer` calls it more than once
                result, record = trace(self._python, (args, kwargs))
            concrete.graph = Graph(entry.op.name.removeprefix("tf.") for entry in record.entries)
            return [x for x in flatten(map_structure(_as_result, result)) if type(x) is Tensor]

        infer(run, *specs)
        self._traced.add(key)
        return concrete

    def experimental_get_tracing_count(self) -> int:
        """Return the number of traces."""
        return len(self._traced)

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """Return the name and the parameters."""
        return f"{self.python_function.__name__}({', '.join(map(repr, self.input_signature or ()))})"

    pretty_printed_concrete_signatures = pretty_printed_signature


@overload
def function(func: F, input_signature: Sequence[Any] | None = None, **_: Any) -> F: ...
@overload
def function(func: None = None, input_signature: Sequence[Any] | None = None, **_: Any) -> Callable[[F], F]: ...
def function(func: Any = None, input_signature: Sequence[Any] | None = None, **_: Any) -> Any:
    """Return a `Function` that traces and replays `func`; arrays among its arguments become tensors.

    Example:
        >>> @function(input_signature=[TensorSpec([None], "float32")])
        ... def double(x):
        ...     return x * 2
        >>> print(double([1.0, 2.0]))
        tf.Tensor([2. 4.], shape=(2,), dtype=float32)
    """
    if func is None:
        return lambda f: Function(f, input_signature)
    return func if isinstance(func, Function) else Function(func, input_signature)
