"""What a traced function becomes: lines of source over NumPy calls, and the arrays that they work on."""

import math
from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from itertools import count
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np

from ._structure import leaves
from ._typing import Array
from .tensor import Entry, Tensor, row_of
from .trace import KEEP
from .variable import ASSIGN, Variable

_PRODUCTS = frozenset({"affine", "project", "matmul"})
_SIGNS: dict[Any, str] = {np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/"}
_OUT_BY_NAME = frozenset({np.maximum, np.minimum})  # the other functions take `out` by position, which is quicker


class Name(str):
    """An argument that is a name in the source; all others are constants."""

    __slots__ = ()


class _Number(Name):
    """The name of a variable that holds one float."""

    __slots__ = ()


class Share(NamedTuple):
    """What a variable holds at present, or a view of it."""

    variable: Variable
    view: Callable[[Array], Array]


Place: TypeAlias = Array | Name | Share
"""Where a value is: in an array that stays where it is, under a name in an array that is another in each run, or in
what a variable holds."""


class Line:
    """A line of the source: a function, its arguments, and the name of its result if that is no buffer."""

    __slots__ = ("args", "function", "result")

    def __init__(self, function: Any, args: list[Any], result: Name | None = None) -> None:
        self.function: Any = function
        self.args: list[Any] = args
        self.result: Name | None = result


class Memory:
    """The buffers that steps write to: as few as there can be while nobody writes over what somebody needs.

    Args:
        entries: All steps.
        outputs: What is needed in the end.
        places: Where values are, by the id of the tensor.

    Attributes:
        size: Bytes of all buffers.
    """

    def __init__(self, entries: list[Entry], outputs: Any, places: dict[int, Place]) -> None:
        self.size: int = 0
        self._places = places
        self._whole: dict[int, int] = {}
        """Of a view, by id, what it looks at in the end."""
        self._last_use = _last_uses(entries, outputs, self._whole)
        self._homes = _homes(entries, self._last_use)
        self._exposed: set[int] = set()
        """What a step has seen that may return its argument, or a view of it."""
        self._owned: set[int] = set()
        """Tensors that have a buffer from here."""
        self._free: dict[Any, list[Array]] = {}
        """Buffers that nobody needs any more."""

    def is_done(self, x: Any, i: int) -> bool:
        """Tell whether nothing after step i needs a tensor."""
        return self._last_use[id(x)] == i

    def expose(self, tensors: Iterable[Any]) -> None:
        """Note that a result may share its memory with these."""
        self._exposed.update(self._whole.get(id(x), id(x)) for x in tensors)

    def buffer(self, entry: Entry, i: int, anywhere: bool) -> Array:
        """Return what step i writes to.

        That is where an effect wants it; or the array of an input (`anywhere`) or of the first, if the op allows it
        and nobody else needs it; or one that nobody needs any more.
        """
        home = self._homes.get(id(entry.output))
        if home is not None:
            return home
        produced = cast(Array, entry.output.array)
        kind = _kind(produced)
        candidates = entry.inputs if anywhere else entry.inputs[:1] if entry.op.inplace else ()
        if produced.size == 1:  # which NumPy takes longer to write over than to write elsewhere
            candidates = ()
        for x in candidates:
            if self._may_take(x, i) and (anywhere or not any(y is x for y in entry.inputs[1:])):
                old = cast(Array, self._places[id(x)])
                if _kind(old) == kind:
                    self._owned.add(id(entry.output))
                    self._owned.discard(id(x))
                    return old
        self._owned.add(id(entry.output))
        if self._free.get(kind):
            return self._free[kind].pop()
        self.size += produced.nbytes
        return np.empty_like(produced)  # in the same order in memory, for products round differently in another

    def release(self, entry: Entry, i: int) -> None:
        """Let others write over what step i was the last to need."""
        for x in {id(x): x for x in entry.inputs}.values():
            if self._may_take(x, i):
                old = cast(Array, self._places[id(x)])
                self._free.setdefault(_kind(old), []).append(old)

    def _may_take(self, x: Any, i: int) -> bool:
        return id(x) in self._owned and id(x) not in self._exposed and self.is_done(x, i)


class Draft:
    """The source of a plan, and what it names.

    Args:
        entries: What is to be done.
        inputs: What goes in.
        outputs: What comes out.

    Attributes:
        source: Two functions: `main` does what goes up to the last effect, `tail` what comes after, for the outputs.
        namespace: What the source names: functions, buffers, constants, and the arrays that variables have at present.
        shares: Names of what variables hold, to be looked up again when one is assigned.
        assigned: Variables that are written to.
        settling: What is to be called before these are looked up.
        size: Bytes of all buffers.
    """

    def __init__(self, entries: list[Entry], inputs: Sequence[Tensor], outputs: Sequence[Any]) -> None:
        self.namespace: dict[str, Any] = {"__builtins__": {}}
        self.shares: list[tuple[Name, Share]] = []
        self.assigned: list[Variable] = []
        self.settling: list[Callable[[], Any]] = []
        parameters = [Name(f"x{k}") for k in range(len(inputs))]
        self._places: dict[int, Place] = {id(x): name for x, name in zip(inputs, parameters, strict=True)}
        self._memory = Memory(entries, outputs, self._places)
        self._names: dict[Any, Name] = {}
        self._temporaries = map("t{}".format, count())
        self._constants: dict[int, Array] = {}
        """Arrays that no step writes to, by their own id."""
        self._lines: list[Line] = []
        split = max((i + 1 for i, entry in enumerate(entries) if entry.op.effect or entry.op.draws), default=0)
        for i, entry in enumerate(entries[:split]):
            self._add(entry, i)
        main, self._lines = self._lines, []
        for i, entry in enumerate(entries[split:], split):
            self._add(entry, i)
        self.size: int = self._memory.size
        self.source: str = self._written(main, self._lines, parameters, outputs)

    # --- names ----------------------------------------------------------------------------------------------------

    def _name(self, kind: str, key: Any, value: Any) -> Name:
        """Return the name of something, in the namespace from then on."""
        if key not in self._names:
            self._names[key] = Name(f"{kind}{len(self._names)}")
            self.namespace[self._names[key]] = value
        return self._names[key]

    def _shared(self, share: Share) -> Name:
        """Return a new name for what a variable, or a view of it, holds at present."""
        name = self._name("v", object(), None)
        name = _Number(name) if _is_number(share.view(share.variable.array)) else name
        self.shares.append((name, share))
        return name

    def _text(self, value: Any) -> str:
        """Return an argument as source."""
        if isinstance(value, Name):
            return value
        return repr(value) if value is None or type(value) in (bool, int) else self._name("c", id(value), value)

    def _place(self, x: Any) -> Place | None:
        """Return where a value is, None for a constant."""
        return Share(x, _same) if isinstance(x, Variable) else self._places.get(id(x))

    def _argument(self, x: Any, value: Any) -> Any:
        """Return an input of a step: a name, an array or a constant."""
        place = self._place(x)
        return value if place is None else self._shared(place) if isinstance(place, Share) else place

    # --- steps ----------------------------------------------------------------------------------------------------

    def _add(self, entry: Entry, i: int) -> None:
        """Append what an entry does."""
        op = entry.op
        if op.homes is not None:
            self.settling.append(partial(op.homes, **entry.kwargs))
        if op is KEEP:
            value, room = map(self._argument, entry.inputs, entry.values)
            self._lines.append(Line(np.ndarray.__setitem__, [room, value]))
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
        """Take a view once and for all where the array stays where it is, and tell whether it is one."""
        function, args = _bound(entry)
        place, rest = self._place(entry.inputs[0]), args[1:]
        found: Place
        if place is None:
            return False
        if isinstance(place, Name):
            found = place
            if not _is_same_view(entry):
                found = Name(next(self._temporaries))
                view, inputs = _quick_view(entry, place) or (function, [place, *rest])
                self._lines.append(Line(view, inputs, found))
        else:
            array = place.view(place.variable.array) if isinstance(place, Share) else place
            found = function(array, *rest)
            if not np.shares_memory(found, array):
                return False
            if isinstance(place, Share):
                variable, before = place
                found = Share(variable, lambda array: function(before(array), *rest))
        self._places[id(entry.output)] = found
        return True

    def _update(self, entry: Entry) -> bool:
        """Let an optimizer work where it wants the gradients, and tell whether it can."""
        homes = cast(Any, entry.op.homes)(**entry.kwargs)
        if any(not isinstance(x, Tensor) for x in entry.inputs) or len(homes) != len(entry.inputs):
            return False
        for x, value, home in zip(entry.inputs, entry.values, homes, strict=True):
            if self._places.get(id(x)) is not home:
                if value.shape != home.shape:
                    return False
                self._lines.append(Line(np.copyto, [home, self._argument(x, value)]))
        name = self._name("u", object(), None)
        self._lines.append(Line(name, []))
        bind = partial(cast(Any, entry.op.bind), **entry.kwargs)
        self.settling.append(lambda: self.namespace.update({name: bind()}))
        return True

    def _assign_directly(self, entry: Entry, i: int) -> bool:
        """Let the step before an assignment write to the variable, and tell whether it can."""
        value, variable = entry.inputs[0], entry.rest[0]
        buffer, last = self._places.get(id(value)), self._lines[-1] if self._lines else None
        if last is None or not isinstance(buffer, np.ndarray):
            return False
        if not _elementwise(last.function) or last.args[-1] is not buffer:
            return False
        at_once = self._memory.is_done(value, i) and buffer.dtype == variable.array.dtype
        share = Share(variable, _same)
        if buffer.size == 1 and not (at_once and self._are_numbers(last)):
            self._lines.append(Line(np.ndarray.__setitem__, [self._shared(share), buffer]))
        elif at_once:
            last.args[-1] = self._shared(share)
        else:
            return False
        self._places[id(entry.output)] = share
        return True

    def _step(self, entry: Entry, i: int) -> None:
        """Append a call, with a buffer to write to where it can."""
        op = entry.op
        produced = cast(Array, entry.output.array)
        settled = _settled(entry, produced)
        if settled is not None:
            function, values = settled
            fulls = [k for k, v in enumerate(values) if v.shape == produced.shape]
            args = [
                self._operand(x, v, produced, function, any(j != k for j in fulls))
                for k, (x, v) in enumerate(zip(entry.inputs, values, strict=True))
            ]
            args.append(None)
            writes, anywhere = True, _elementwise(function)
        else:
            function, args = _bound(entry)
            args[: len(entry.inputs)] = [self._argument(x, v) for x, v in zip(entry.inputs, entry.values, strict=True)]
            # NumPy 2.0 and 2.1 reduce an array that is read backwards to an `out` wrongly.
            backwards = any(isinstance(v, np.ndarray) and min(v.strides, default=0) < 0 for v in entry.values)
            writes, anywhere = op.writes and not backwards, False
        if writes:
            args[-1] = self._places[id(entry.output)] = self._memory.buffer(entry, i, anywhere)
            self._lines.append(Line(function, args))
        else:
            self._memory.expose(entry.inputs)
            self._places[id(entry.output)] = name = Name(next(self._temporaries))
            self._lines.append(Line(function, args, name))

    def _operand(self, x: Any, value: Array, produced: Array, function: Any, full: bool) -> Any:
        """Return an input of an elementwise step in a shape that NumPy need not broadcast, where there is one.

        `full` says whether another input has the shape of the result.
        """
        found = self._argument(x, value)
        if found is value:
            self._constants[id(value)] = value
        if not _elementwise(function):
            return found
        if found is value and value.size > 1 and full and (value == value.flat[0]).all():  # a constant of one number
            found = value = value.reshape(-1)[:1].reshape(()).copy()
        if found is value and not value.ndim and function in _OUT_BY_NAME and produced.size >= 2048:
            return row_of(value, produced.shape)
        if value.shape == produced.shape:
            return found
        shape = () if value.size == 1 else produced.shape if value.size == produced.size else None
        if shape is None or isinstance(self._places.get(id(x)), Name):
            return found
        if isinstance(found, Name):
            _, (variable, view) = self.shares[-1]
            self.shares[-1] = found, Share(variable, lambda array: view(array).reshape(shape))
            return found
        return found.reshape(shape)

    # --- source ---------------------------------------------------------------------------------------------------

    def _written(self, main: list[Line], tail: list[Line], parameters: list[Name], outputs: Sequence[Any]) -> str:
        """Return the source."""
        results = [self._result(y) for y in outputs]
        defined = {line.result for line in tail}
        wanted = [arg for line in tail for arg in line.args] + [arg for _, arg in results]
        local = ({*parameters} | {line.result for line in main}) - defined
        carried = [*dict.fromkeys(arg for arg in wanted if isinstance(arg, Name) and arg in local)]
        texts = [form.format(self._text(arg)) for form, arg in results]
        return "\n".join(
            [
                self._function("main", main, parameters, carried, carried),
                self._function("tail", tail, carried, texts, {arg for _, arg in results if isinstance(arg, Name)}),
            ]
        )

    def _function(
        self, name: str, body: list[Line], parameters: Sequence[str], results: Sequence[str], kept: Container[Any]
    ) -> str:
        """Return the source of a function; a large result lives no longer than it is needed."""
        lines = [f"def {name}({', '.join(parameters)}):"]
        last = {arg: k for k, line in enumerate(body) for arg in (line.result, *line.args) if isinstance(arg, Name)}
        for k, line in enumerate(body):
            lines.append(f"    {self._statement(line)}")
            names = dict.fromkeys(a for a in (line.result, *line.args) if isinstance(a, Name) and a.startswith("t"))
            done = [a for a in names if last[a] == k and a not in kept]
            lines += [f"    del {', '.join(done)}"] * bool(done)
        return "\n".join([*lines, f"    return ({''.join(f'{result}, ' for result in results)})", ""])

    def _statement(self, line: Line) -> str:
        function, args = line.function, [self._text(arg) for arg in line.args]
        called = self._text(function)
        start = "" if line.result is None else f"{line.result} = "
        if function in _SIGNS and self._are_numbers(line):  # Python does it in a third of the time
            left, right = (self._number(arg, text) for arg, text in zip(line.args[:2], args, strict=False))
            return f"{args[2]}[()] = {left} {_SIGNS[function]} {right}"
        if function is np.ndarray.transpose and len(args) == 1:
            return f"{start}{args[0]}.T"
        if function is np.ndarray.__setitem__:
            return f"{args[0]}[()] = {args[1]}"
        if function in _OUT_BY_NAME:
            args[-1] = f"out={args[-1]}"
        return f"{start}{called}({', '.join(args)})"

    def _are_numbers(self, line: Line) -> bool:
        """Tell whether all arguments are one float each; what is divided by must be known not to be 0."""
        numbers = all(isinstance(a, _Number) or (isinstance(a, np.ndarray) and _is_number(a)) for a in line.args)
        if not numbers or line.function is not np.divide:
            return numbers
        return id(line.args[1]) in self._constants and bool(line.args[1])

    def _number(self, value: Any, text: str) -> str:
        """Return how the source gives a number that stands in an array."""
        fixed = id(value) in self._constants and math.isfinite(value)
        return repr(value.item()) if fixed else f"{text}.item()"

    def _result(self, output: Any) -> tuple[str, Any]:
        """Return how the source gives an output, as an array that is the caller's to keep, and of what."""
        if id(output) in self._places:
            form = "{}.copy()" if output.array.flags.c_contiguous else "{}.copy('K')"
            return form, self._argument(output, None)
        return "{}", self._name("c", id(output), output)


def _last_uses(entries: list[Entry], outputs: Any, whole: dict[int, int]) -> dict[int, int]:
    """Return after which entry each tensor, or any that shares its memory, is not needed any more.

    `whole` gets, for each view by its id, what it looks at in the end.
    """
    last = {id(x): i for i, entry in enumerate(entries) for x in entry.inputs}
    last |= {id(y): len(entries) for y in leaves(outputs)}
    for entry in entries:
        if entry.op.view:
            x, y = id(entry.inputs[0]), id(entry.output)
            whole[y] = whole.get(x, x)
            last[whole[y]] = max(last[whole[y]], last.get(y, 0))
    return last | {y: last[x] for y, x in whole.items()}


def _homes(entries: list[Entry], last_use: dict[int, int]) -> dict[int, Array | None]:
    """Return where an effect wants its inputs computed, by the id of the tensor; None if somebody needs them later."""
    found: dict[int, Array | None] = {}
    for i, entry in enumerate(entries):
        if entry.op.homes is not None:
            for x, home in zip(entry.inputs, entry.op.homes(**entry.kwargs), strict=True):
                fits = isinstance(x, Tensor) and x.shape == home.shape and x.dtype == home.dtype.name
                found.setdefault(id(x), home if fits and last_use[id(x)] == i else None)
    return found


def _bound(entry: Entry) -> tuple[Callable[..., Any], list[Any]]:
    """Return a step's function, and all its arguments by position, with a place for `out` at the end."""
    op = entry.op
    args = [*entry.values, *entry.rest]
    if op.count is None or op is ASSIGN:
        return (partial(op.replay, **entry.kwargs) if entry.kwargs else op.replay), args
    for name in op.parameters[len(args) :]:
        args.append(entry.kwargs[name] if name in entry.kwargs else op.defaults[name])
    return op.replay, args


def multiplications(entry: Entry) -> int:
    """Return how many multiplications a product of matrices takes, 0 for another operation."""
    return cast(Array, entry.output.array).size * entry.values[0].shape[-1] if entry.op.name in _PRODUCTS else 0


def _settled(entry: Entry, produced: Array) -> tuple[Any, list[Any]] | None:
    """Return the bare NumPy function and its inputs where the op would call it with these very ones, None elsewhere.

    Numbers become arrays without axes, which take NumPy half the time.
    """
    function = entry.op.bare
    arrays = [x for x in entry.values if isinstance(x, np.ndarray)]
    numbers = [x for x in entry.values if not isinstance(x, np.ndarray)]
    dtype = next((a.dtype for a in arrays if a.dtype.kind == "f"), None)
    if function is None or dtype is None or any(a.dtype not in (dtype, np.bool_) for a in arrays):
        return None
    if produced.dtype not in (dtype, np.bool_) or not all(type(x) in (int, float) for x in numbers):
        return None
    if entry.rest or entry.kwargs:
        return None
    if function is np.dot:  # the method goes past the dispatch to other array types
        function = np.ndarray.dot if all(a.ndim <= 2 for a in arrays) else np.matmul
    return function, [x if isinstance(x, np.ndarray) else np.asarray(x, dtype) for x in entry.values]


def _elementwise(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.signature is None


def _is_number(array: Array) -> bool:
    return not array.ndim and array.dtype.char in "fd"


def _kind(array: Array) -> Any:
    return array.shape, array.strides, array.dtype


def _is_same_view(entry: Entry) -> bool:
    """Tell whether the result is the first input as it is."""
    x, y = entry.values[0], cast(Array, entry.output.array)
    return x.shape == y.shape and x.strides == y.strides and np.shares_memory(x, y)


def _quick_view(entry: Entry, name: Name) -> tuple[Any, list[Any]] | None:
    """Return a quick way to take the view of an array that an entry takes, None if there is none."""
    x, y = entry.values[0], cast(Array, entry.output.array)
    if not x.ndim or not np.shares_memory(x, y):  # what has no axes may be a number of NumPy's, and no array
        return None
    if x.flags.c_contiguous and y.flags.c_contiguous and x.size == y.size:
        return np.ndarray.reshape, [name, y.shape]
    if y.ndim > 1 and y.strides == x.strides[::-1] and y.shape == x.shape[::-1]:
        return np.ndarray.transpose, [name]
    return None


def _same(array: Array) -> Array:
    return array[...]
