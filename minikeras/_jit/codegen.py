"""Writes the source of a program: lines that call NumPy, and the arrays that they work on."""

import math
from collections.abc import Callable, Container, Sequence
from functools import partial
from itertools import count
from operator import itemgetter
from typing import Any, NamedTuple, cast

import numpy as np

from .._base.blas_threads import ALONE, FEW, ROW_ALONE
from .._base.pool import PART_WORK, product
from .._base.typing import Array
from .._core.op import Entry
from .._core.tensor import Tensor, TensorOps, row_of
from .._core.variable import ASSIGN, Variable
from .memory import Location, Memory, Number, Symbol, VariableRef
from .trace import KEEP

_PRODUCTS = frozenset({"affine", "project", "matmul"})
_SIGNS: dict[Any, str] = {np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/"}
_same: Callable[[Array], Array] = itemgetter(...)
LONG, SHORT, MANY = 2048, 256, 1 << 14
"""Numbers, as measured: for a result of LONG ones `maximum` takes a row quicker than a number; in one of MANY, what is
broadcast is repeated along the last axes until NumPy's loops are as long as SHORT."""
_OUT_BY_NAME = frozenset({np.maximum, np.minimum})  # others take `out` by position, which is quicker


class Instruction(NamedTuple):
    """A line of the source: a function, its arguments, and the name of its result unless it writes to a buffer."""

    function: Any
    args: list[Any]
    result: Symbol | None = None


class Codegen:
    """The source of a program that runs the given entries, and what its names stand for.

    Attributes:
        source: Two functions: `main` goes as far as the last effect and gives the `early` outputs, `tail` the others.
        namespace: What the names stand for: functions, buffers, constants and the present arrays of variables.
        references: The names of arrays of variables, which are looked up again when a variable gets another array.
        assigned: Variables that the program writes to.
        rebinding: Functions to call before the arrays are looked up again.
        size: Bytes of all buffers.
    """

    def __init__(self, entries: list[Entry], inputs: Sequence[Tensor], outputs: Sequence[Any], early: int,
                 reuse: bool) -> None:  # fmt: skip
        self.namespace: dict[str, Any] = {"__name__": __name__}  # so that warnings are not its own
        self.references: list[tuple[Symbol, VariableRef]] = []
        self.assigned: list[Variable] = []
        self.rebinding: list[Callable[[], Any]] = []
        parameters = [Symbol(f"x{k}") for k in range(len(inputs))]
        self._locations: dict[int, Location] = {id(x): name for x, name in zip(inputs, parameters, strict=True)}
        self._memory = Memory(entries, outputs, self._locations, reuse)
        self._outputs: list[int] = [*map(id, outputs)]
        self._new: set[int] = set()
        """Ids of outputs that have a new array in each run, which need no copy."""
        self._names: dict[Any, Symbol] = {}
        self._temporaries = map("t{}".format, count())
        self._constants: dict[int, Array] = {}
        """Arrays that no step writes to, by id."""
        self._lines: list[Instruction] = []
        first = self._outputs[:early]
        split = max([0, *(i + 1 for i, e in enumerate(entries) if e.op.effect or e.op.draws or id(e.output) in first)])
        for i, entry in enumerate(entries[:split]):
            self._add(entry, i)
        main, self._lines = self._lines, []
        if not early:  # `tail` may be called again: it must not write over what `main` has left
            self._memory.owned.clear()
            self._new.clear()
        for i, entry in enumerate(entries[split:], split):
            self._add(entry, i)
        self.size: int = self._memory.size
        self.source: str = self._written(main, self._lines, parameters, outputs, early)

    def _name(self, kind: str, key: Any, value: Any) -> Symbol:
        """Return a name for a value, and put it into the namespace."""
        if key not in self._names:
            self._names[key] = Symbol(f"{kind}{len(self._names)}")
            self.namespace[str(self._names[key])] = value  # a plain str, which Python looks up much faster
        return self._names[key]

    def _referenced(self, reference: VariableRef) -> Symbol:
        """Return a new name for the present array of a variable, or for a view of it."""
        name = self._name("v", object(), None)
        name = Number(name) if _is_number(reference.view(reference.variable.array)) else name
        self.references.append((name, reference))
        return name

    def _text(self, value: Any) -> str:
        if isinstance(value, Symbol):
            return value
        return repr(value) if value is None or type(value) in (bool, int) else self._name("c", id(value), value)

    def _location(self, x: Any) -> Location | None:
        """Return where a value is, None for a constant."""
        return VariableRef(x, _same) if isinstance(x, Variable) else self._locations.get(id(x))

    def _argument(self, x: Any, value: Any) -> Any:
        """Return an input of a step: a name, an array or a constant."""
        at = self._location(x)
        return value if at is None else self._referenced(at) if isinstance(at, VariableRef) else at

    def _add(self, entry: Entry, i: int) -> None:
        """Append the lines for an entry."""
        op = entry.op
        if op.out_arrays is not None:
            self.rebinding.append(partial(op.out_arrays, **entry.kwargs))
        if op is KEEP:
            store, value = map(self._argument, entry.inputs, entry.values)
            if value is not store:
                self._lines.append(Instruction(np.ndarray.__setitem__, [store, value]))
            return
        if op is ASSIGN:
            self.assigned.append(entry.rest[0])
            if self._assign_directly(entry, i):
                return
        if op.bind is not None and self._update(entry):
            return
        if not (op.view and self._fold(entry)):
            self._step(entry, i)
        self._memory.release(entry, i)

    def _fold(self, entry: Entry) -> bool:
        """Take a view now if its array stays the same in all runs, or in each run. Return whether it is a view."""
        function, args = _bound(entry)
        location, rest = self._location(entry.inputs[0]), args[1:]
        result: Location
        if location is None:
            return False
        if isinstance(location, Symbol):
            result, x, y = location, entry.values[0], cast(Array, entry.output.array)
            if not x.flags.forc or x.shape != y.shape or x.strides != y.strides or not np.shares_memory(x, y):
                result = Symbol(next(self._temporaries))
                view, inputs = _quick_view(entry, location) or (function, [location, *rest])
                self._lines.append(Instruction(view, inputs, result))
        else:
            array = location.view(location.variable.array) if isinstance(location, VariableRef) else location
            result = function(array, *rest)
            if not np.shares_memory(result, array):
                return False
            if isinstance(location, VariableRef):
                variable, before = location
                result = VariableRef(variable, lambda array: function(before(array), *rest))
        self._locations[id(entry.output)] = result
        return True

    def _update(self, entry: Entry) -> bool:
        """Call an optimizer's update on gradients in its own arrays. Return whether that is possible."""
        targets = cast(Any, entry.op.out_arrays)(**entry.kwargs)
        if any(not isinstance(x, Tensor) for x in entry.inputs):
            return False
        for x, value, target in zip(entry.inputs, entry.values, targets, strict=True):
            if self._locations.get(id(x), value) is not target:
                self._lines.append(Instruction(np.copyto, [target, self._argument(x, value)]))
        name = self._name("u", object(), None)
        self._lines.append(Instruction(name, []))
        bind = partial(cast(Any, entry.op.bind), **entry.kwargs)
        self.rebinding.append(lambda: self.namespace.update({str(name): bind()}))
        return True

    def _assign_directly(self, entry: Entry, i: int) -> bool:
        """Have the step before an assignment write to the variable. Return whether it can."""
        value, variable = entry.inputs[0], entry.rest[0]
        buffer, last = self._locations.get(id(value)), self._lines[-1] if self._lines else None
        if last is None or last.result is not None or not isinstance(buffer, np.ndarray):
            return False
        if not _elementwise(last.function) or last.args[-1] is not buffer:
            return False
        at_once = self._memory.is_done(value, i) and buffer.dtype == variable.array.dtype
        reference = VariableRef(variable, _same)
        if buffer.size == 1 and not (at_once and self._are_numbers(last)):
            self._lines.append(Instruction(np.ndarray.__setitem__, [self._referenced(reference), buffer]))
        elif at_once:
            last.args[-1] = self._referenced(reference)
        else:
            return False
        self._locations[id(entry.output)] = reference
        return True

    def _step(self, entry: Entry, i: int) -> None:
        """Append a call, with a buffer to write to if it takes one."""
        produced = cast(Array, entry.output.array)
        if (direct := _direct_call(entry, produced)) is not None:
            function, values = direct
            fulls = [k for k, v in enumerate(values) if v.shape == produced.shape]
            args = [self._operand(x, v, produced, function, any(j != k for j in fulls))
                    for k, (x, v) in enumerate(zip(entry.inputs, values, strict=True))]  # fmt: skip
            writes = not produced.ndim or self._outputs.count(id(entry.output)) != 1
            args += [None] * writes  # for `out`
            anywhere = _elementwise(function)
        else:
            function, args = _bound(entry)
            args[: len(entry.inputs)] = [self._argument(x, v) for x, v in zip(entry.inputs, entry.values, strict=True)]
            # NumPy 2.0 and 2.1 reduce an array that is read backwards to an `out` wrongly.
            backwards = any(isinstance(v, np.ndarray) and min(v.strides, default=0) < 0 for v in entry.values)
            writes, anywhere = entry.op.writes and not backwards, False
        if writes:
            args[-1] = self._locations[id(entry.output)] = self._memory.buffer(entry, i, anywhere)
            self._lines.append(Instruction(function, args))
        else:
            if direct is not None:
                self._new.add(id(entry.output))
            else:
                self._memory.expose(entry.inputs)
            self._locations[id(entry.output)] = name = Symbol(next(self._temporaries))
            self._lines.append(Instruction(function, args, name))

    def _operand(self, x: Any, value: Array, produced: Array, function: Any, full: bool) -> Any:
        """Return an input of an elementwise step, if possible in a shape that NumPy need not broadcast.

        `full` says whether another input has the shape of the result.
        """
        operand, fixed = self._argument(x, value), self._location(x) is None
        if fixed:
            self._constants[id(value)] = value
        if not _elementwise(function):
            return operand
        if fixed and value.size > 1 and full and (value == value.flat[0]).all():  # equal numbers
            operand = value = value.reshape(-1)[:1].reshape(()).copy()
        if fixed and not value.ndim and function in _OUT_BY_NAME and produced.size >= LONG:
            return row_of(value, produced.shape)
        if value.shape == produced.shape:
            return operand
        if value.size > 1 and produced.size >= MANY:  # repeated along the last axes, so that NumPy's loops are long
            first = max(k for k in range(produced.ndim) if math.prod(produced.shape[k:]) >= SHORT)
            wide = (*((1,) * (produced.ndim - value.ndim) + value.shape)[:first], *produced.shape[first:])
            if value.size < math.prod(wide) <= produced.size // 8:
                repeated = np.empty(wide, value.dtype)
                self._memory.size += repeated.nbytes
                self._lines.append(Instruction(np.copyto, [repeated, operand]))
                return repeated
        shape = () if value.size == 1 else produced.shape if value.size == produced.size else None
        if shape is None or isinstance(self._locations.get(id(x)), Symbol):
            return operand
        if isinstance(operand, Symbol):
            _, (variable, view) = self.references[-1]
            self.references[-1] = operand, VariableRef(variable, lambda array: view(array).reshape(shape))
            return operand
        return operand.reshape(shape)

    def _written(self, main: list[Instruction], tail: list[Instruction], parameters: list[Symbol],
                 outputs: Sequence[Any], early: int) -> str:  # fmt: skip
        results = [self._result(y) for y in outputs]
        needs = [arg for line in tail for arg in line.args] + [arg for _, arg in results[early:]]
        local = {*parameters, *(line.result for line in main)}
        carried = [*dict.fromkeys(arg for arg in needs if isinstance(arg, Symbol) and arg in local)]
        texts = [form.format(self._text(arg)) for form, arg in results]
        ends = {arg for _, arg in results if isinstance(arg, Symbol)}
        first = self._function("main", main, parameters, [*texts[:early], *carried], ends.union(carried))
        return f"{first}\n{self._function('tail', tail, carried, texts[early:], ends)}"

    def _function(self, name: str, body: list[Instruction], parameters: Sequence[str], results: Sequence[str],
                  ends: Container[Any]) -> str:  # fmt: skip
        """Return the source of a function, which deletes results as soon as they are not needed."""
        lines = [f"def {name}({', '.join(parameters)}):"]
        last = {arg: k for k, line in enumerate(body) for arg in (line.result, *line.args) if isinstance(arg, Symbol)}
        for k, line in enumerate(body):
            lines.append(f"    {self._statement(line)}")
            names = dict.fromkeys(a for a in (line.result, *line.args) if isinstance(a, Symbol) and a.startswith("t"))
            done = [a for a in names if last[a] == k and a not in ends]
            if done:
                lines.append(f"    del {', '.join(done)}")
        return "\n".join([*lines, f"    return ({''.join(f'{result}, ' for result in results)})", ""])

    def _statement(self, line: Instruction) -> str:
        function, args = line.function, [self._text(arg) for arg in line.args]
        start = "" if line.result is None else f"{line.result} = "
        if function in _SIGNS and self._are_numbers(line):  # Python takes a third of NumPy's time
            left, right = (self._number(arg, text) for arg, text in zip(line.args[:2], args, strict=False))
            return f"{args[2]}[()] = {left} {_SIGNS[function]} {right}"
        if function is np.ndarray.transpose and len(args) == 1:
            return f"{start}{args[0]}.T"
        if function is np.ndarray.__setitem__:
            return f"{args[0]}[()] = {args[1]}"
        if function in _OUT_BY_NAME and line.result is None:
            args[-1] = f"out={args[-1]}"
        return f"{start}{self._text(function)}({', '.join(args)})"

    def _are_numbers(self, line: Instruction) -> bool:
        """Return whether all arguments are single floats. A divisor must be a constant other than 0."""
        numbers = all(isinstance(a, Number) or (isinstance(a, np.ndarray) and _is_number(a)) for a in line.args)
        if not numbers or line.function is not np.divide:
            return numbers
        return id(line.args[1]) in self._constants and bool(line.args[1])

    def _number(self, value: Any, text: str) -> str:
        """Return the source text of a number that stands in an array."""
        return repr(value.item()) if id(value) in self._constants and math.isfinite(value) else f"{text}.item()"

    def _result(self, output: Any) -> tuple[str, Any]:
        """Return a format and its argument, which give an output as an array that the caller may keep."""
        if id(output) in self._new:
            return "{}", self._locations[id(output)]
        if not isinstance(output, TensorOps):
            return "{}", self._name("c", id(output), output)
        form = "{}.copy()" if cast(Array, output.array).flags.c_contiguous else "{}.copy('K')"
        return form, self._argument(output, output.array)


def _bound(entry: Entry) -> tuple[Callable[..., Any], list[Any]]:
    """Return the function of a step and all its arguments by position, `out` last."""
    op = entry.op
    args = [*entry.values, *entry.rest]
    if op.count is None or op is ASSIGN:
        return (partial(op.replay, **entry.kwargs) if entry.kwargs else op.replay), args
    settings = op.defaults | entry.kwargs
    return op.replay, args + [settings[name] for name in op.parameters[len(args) :]]


def multiplications(entry: Entry, slides: bool = False) -> int:
    """Return the multiplications of a matrix product, with `slides` a quarter of a convolution's, as measured, or 0."""
    if slides and entry.op.name in ("_slide", "_kernel_gradient", "_input_gradient"):
        x, kernel = entry.values[0] if entry.op.name == "_input_gradient" else entry.output, entry.values[1]
        return cast(int, x.size * kernel.size // kernel.shape[-1] // 4)  # the same if the kernel's gradient is x
    return cast(Array, entry.output.array).size * entry.values[0].shape[-1] if entry.op.name in _PRODUCTS else 0


def takes_threads(entry: Entry) -> bool:
    """Return whether BLAS may use a second thread for a product in an entry."""
    if entry.op.name in _PRODUCTS:
        alone = ROW_ALONE if cast(Array, entry.output.array).size == math.prod(entry.output.shape[-1:]) else ALONE
        return multiplications(entry) > alone
    return any(value.size > FEW for value in entry.values if isinstance(value, np.ndarray))


def _direct_call(entry: Entry, produced: Array) -> tuple[Any, list[Any]] | None:
    """Return a NumPy function and its inputs, if the op would call it on them as they are; else None.

    Numbers become arrays without axes, which NumPy takes in half the time.
    """
    function = entry.op.ufunc
    arrays = [x for x in entry.values if isinstance(x, np.ndarray)]
    dtype = next((a.dtype for a in arrays if a.dtype.kind == "f"), None)
    if function is None or dtype is None or any(a.dtype not in (dtype, np.bool_) for a in (*arrays, produced)):
        return None
    if entry.rest or entry.kwargs or any(type(x) not in (np.ndarray, int, float) for x in entry.values):
        return None
    if function is np.dot:  # the method skips the dispatch to other array types
        large = dtype == np.float16 or (produced.ndim == 2 and multiplications(entry) >= 2 * PART_WORK)
        function = product if large else np.ndarray.dot if all(a.ndim <= 2 for a in arrays) else np.matmul
    return function, [x if isinstance(x, np.ndarray) else np.asarray(x, dtype) for x in entry.values]


def _elementwise(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.signature is None


def _is_number(array: Array) -> bool:
    return not array.ndim and array.dtype.char in "fd"


def _quick_view(entry: Entry, name: Symbol) -> tuple[Any, list[Any]] | None:
    """Return a quick way to take the view that an entry takes, None if there is none."""
    x, y = entry.values[0], cast(Array, entry.output.array)
    if not x.ndim or not np.shares_memory(x, y):  # without axes it may be a NumPy number, not an array
        return None
    if x.flags.c_contiguous and y.flags.c_contiguous and x.size == y.size:
        return np.ndarray.reshape, [name, y.shape]
    if x.flags.forc and y.ndim > 1 and y.strides == x.strides[::-1] and y.shape == x.shape[::-1]:
        return np.ndarray.transpose, [name]
    return None
