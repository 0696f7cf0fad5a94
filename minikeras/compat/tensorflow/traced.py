"""`tf.function`: a Python function of tensors, run as it is the first times and then replayed."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

import numpy as np

from ..._base.nested import make_room
from ..._core.keras_tensor import KerasTensor
from ..._core.tensor import Tensor, TensorOps, recorders
from ..._jit.jit import Jit
from .config import functions_run_eagerly
from .dtypes import TensorSpec
from .structures import map_structure
from .tensors import Composite, Variable, convert_to_tensor

F = TypeVar("F", bound=Callable[..., Any])
WARM = 3
"""So many calls of a kind run as they are: a function that is called no more often is not worth a program."""
KINDS = 16
"""Of so many kinds of calls programs are kept."""


def _as_argument(value: Any) -> Any:
    return Tensor(value) if isinstance(value, np.ndarray) else value


def _as_result(value: Any) -> Any:
    plain = isinstance(value, bool | int | float | np.ndarray | np.generic | Variable)
    return convert_to_tensor(value) if plain else value


def _kind(value: Any, tensors: list[Tensor]) -> Any:
    """Return what two calls have in common that differ in the values of tensors alone, which are added to a list."""
    if type(value) is Tensor:
        tensors.append(value)
        return Tensor
    if isinstance(value, list | tuple):
        return type(value), *(_kind(item, tensors) for item in value)
    if isinstance(value, dict):
        return dict, *((key, _kind(value[key], tensors)) for key in sorted(value))
    return (type(value), value) if isinstance(value, str | int | float | None) else id(value)


def _is_plain(tensor: Tensor) -> bool:
    array = tensor.array
    return array is not None and array.dtype.kind in "fiub" and getattr(tensor, "keras_mask", None) is None


class _Calls:
    """The calls of one kind, in the structure of the first one's `args`, which is kept with all that it holds."""

    def __init__(self, function: Callable[[Any], Any], args: Any) -> None:
        self.count: int = 0

        def run(tensors: Any) -> Any:
            rest = iter(tensors)
            return function(map_structure(lambda x: next(rest) if type(x) is Tensor else x, args))

        self.jit: Jit = Jit(run, lambda: True, twice=True)


class Function:
    """The result of `tf.function` for a Python function.

    As in TensorFlow, what the function does in Python besides its maths (prints, counts, appends) it does at the first
    calls only. It runs each time where it looks at values, where it draws numbers of its own, or where two calls have
    not done the same.
    """

    def __init__(self, python_function: Callable[..., Any], input_signature: Sequence[Any] | None = None,
                 owner: Any = None) -> None:  # fmt: skip
        self.python_function: Callable[..., Any] = python_function
        self.input_signature: Any = None if input_signature is None else tuple(input_signature)
        self._owner = owner
        self._traced: list[bool] = [False]
        self._calls: dict[Any, _Calls] = {}
        functools.update_wrapper(self, python_function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function."""
        self._traced[0] = True
        if self.input_signature is not None:
            args = self._checked(args)
        arguments = map_structure(_as_argument, args), map_structure(_as_argument, kwargs)
        result = (
            self._replayed(arguments) if not recorders.open and not functions_run_eagerly() else self._run(arguments)
        )
        return map_structure(_as_result, result) if isinstance(result, tuple | list | dict) else _as_result(result)

    def _run(self, arguments: Any) -> Any:
        args, kwargs = arguments
        return self.python_function(*(() if self._owner is None else (self._owner,)), *args, **kwargs)

    def _replayed(self, arguments: Any) -> Any:
        tensors: list[Tensor] = []
        kind = id(self._owner), _kind(arguments, tensors)
        calls = self._calls.get(kind)
        if calls is None:
            make_room(self._calls, KINDS)
            calls = self._calls[kind] = _Calls(self._run, arguments)
        calls.count += 1
        if calls.count <= WARM or not all(map(_is_plain, tensors)):
            return self._run(arguments)
        with np.errstate(all="ignore"):
            return calls.jit.run(tuple(x.array for x in tensors))

    def _checked(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        arguments = []
        for value, spec in zip(args, self.input_signature, strict=False):
            if isinstance(spec, TensorSpec) and not isinstance(value, KerasTensor):
                value = value if isinstance(value, TensorOps | Composite) else convert_to_tensor(value, spec.dtype)
                if not spec.is_compatible_with(value):
                    raise TypeError(
                        f"Binding inputs to tf.function failed due to `Can not cast {TensorSpec.from_tensor(value)!r} "
                        f"to {spec!r}`. Received args: {args} and kwargs: {{}} for signature: {self.input_signature}."
                    )
            arguments.append(value)
        return (*arguments, *args[len(arguments) :])

    def __get__(self, instance: Any, owner: Any = None) -> "Function":
        if instance is None:
            return self
        bound = Function(self.python_function, self.input_signature, instance)
        bound._traced, bound._calls = self._traced, self._calls
        return bound

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> "Function":
        """Return the function itself: there are no graphs for one signature each."""
        return self

    def experimental_get_tracing_count(self) -> int:
        """Return 1 once it has run: a function is never traced a second time."""
        return int(self._traced[0])

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """Return the name and the parameters."""
        return f"{self.python_function.__name__}({', '.join(map(repr, self.input_signature or ()))})"

    pretty_printed_concrete_signatures = pretty_printed_signature


@overload
def function(func: F, input_signature: Sequence[Any] | None = None, **_: Any) -> F: ...


@overload
def function(func: None = None, input_signature: Sequence[Any] | None = None, **_: Any) -> Callable[[F], F]: ...


def function(func: Any = None, input_signature: Sequence[Any] | None = None, **_: Any) -> Any:
    """Return a function that does what another does, with arrays among its arguments made tensors; see `Function`.

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
