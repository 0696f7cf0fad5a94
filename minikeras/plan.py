"""A function of tensors traced once, written out as straight-line Python over NumPy, and replayed.

A trace is the record of one eager run on real arrays. The plan takes ops apart into bare NumPy calls, computes what
occurs twice once, keeps the steps that the outputs or an effect (an assignment, an optimizer's update) depend on, gives
each a buffer to write to, and compiles them into a function without loops, look-ups or branches. A replay runs no
Python of any layer, and allocates nothing but the outputs. The numbers are those of the eager run to the last bit,
because the same calls are made on the same numbers.
"""

import math
from _thread import LockType
from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from itertools import starmap
from operator import is_
from threading import Lock
from typing import Any, TypeAlias, cast

import numpy as np

from . import _state
from ._structure import leaves, map_structure
from ._typing import Array
from .tensor import Entry, Op, Tensor, TensorOps, recorders, row_of
from .variable import ASSIGN, Variable


class Trace:
    """Records a run, and whether Python looked at a value on the way, so that a replay would not do the same."""

    def __init__(self, inputs: Iterable[Tensor]) -> None:
        self.entries: list[Entry] = []
        self.escaped: bool = False
        self.produced: set[int] = {id(x) for x in inputs}
        self._read: dict[int, tuple[Variable, Array]] = {}  # what variables held when they were read
        self._stale: list[Array] = []  # what they do not hold any more, where a replay finds their new values
        self._owners: dict[int, Any] = {}

    def record(self, entry: Entry) -> None:
        """Append one operation that depends on the input or on a variable, draws numbers, or has an effect."""
        self.escaped |= _state.context.autocast is not None  # weights are cast on the way, which is not recorded
        op = entry.op
        depends = op.effect or op.count == 0
        for x, value in zip(entry.inputs, entry.values, strict=True):
            depends |= id(x) in self.produced or isinstance(x, Variable)
            if isinstance(x, Variable):
                self._read[id(value)] = x, value
            elif isinstance(x, Tensor):
                self.check(x)
        if depends:
            self.produced.add(id(entry.output))
            self.entries.append(entry)
        if op.effect:
            assigned = [entry.rest[1]] if op is ASSIGN else []
            self._stale = self._stale + assigned + [old for v, old in self._read.values() if v.array is not old]
        for v in entry.kwargs["variables"] if op.homes else ():  # which two optimizers would take from each other
            optimizer = entry.kwargs["optimizer"]
            self.escaped |= self._owners.setdefault(id(v), optimizer) is not optimizer

    def outline(self) -> list[Any]:
        """Return what was done, such that two runs that a plan would replay alike have equal outlines."""
        places: dict[int, int] = {}
        found = []
        for i, entry in enumerate(self.entries):
            links = [
                places.get(id(x), 0) if id(x) in self.produced else id(x) if isinstance(x, Variable) else _sketch(value)
                for x, value in zip(entry.inputs, entry.values, strict=True)
            ]
            places[id(entry.output)] = i + 1
            rest = id(entry.rest[0]) if entry.op is ASSIGN else _sketch((entry.rest, entry.kwargs))
            found.append((entry.op.forward, links, rest))
        return found

    def check(self, tensor: Tensor) -> None:
        """Note a tensor that shares its memory with the old value of a variable."""
        array = cast(Array, tensor.array)
        self.escaped |= any(np.may_share_memory(array, old) for old in self._stale)

    def read(self, tensor: TensorOps) -> None:
        """Note that a value which the input or a variable decides was looked at."""
        if id(tensor) in self.produced or isinstance(tensor, Variable):
            self.escaped = True


_PRODUCTS = frozenset({"affine", "project", "matmul"})
_SIGNS: dict[Any, str] = {np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/"}
_OUT_BY_NAME = frozenset({np.maximum, np.minimum})  # the other functions take `out` by position, which is quicker


def _sketch(value: Any) -> Any:
    """Return something by which to compare a constant with that of another run."""
    if isinstance(value, np.ndarray | np.generic):
        return value.shape, value.dtype.str, hash(value.tobytes())
    if isinstance(value, list | tuple):
        return tuple(_sketch(item) for item in value)
    if isinstance(value, dict):
        return tuple((key, _sketch(item)) for key, item in value.items())
    if isinstance(value, Variable):
        return id(value)
    return _sketch(value.array) if isinstance(value, Tensor) else value


def _keep(value: Array, room: Array) -> Array:
    """Write a value to an array that is an input of the plan."""
    room[...] = value
    return room


KEEP = Op(_keep, (None, None), 2, effect=True)

View: TypeAlias = Callable[[Array], Array]


class _Name(str):
    """An argument that is a name in the source of a plan; all others are constants."""

    __slots__ = ()


class _Number(_Name):
    """The name of a variable that holds one float."""

    __slots__ = ()


class _Call:
    """A line of the source: a function, its arguments, and the name of its result if that is no buffer."""

    __slots__ = ("args", "function", "result")

    def __init__(self, function: Any, args: list[Any], result: _Name | None = None) -> None:
        self.function = function
        self.args = args
        self.result = result


class Plan:
    """The steps of a trace, with their buffers.

    Args:
        recorded: What a run did.
        inputs: What went in.
        outputs: What came out: a tensor, or a structure of tensors and other things.

    Attributes:
        structure: State of all layers when it was made; in another state the plan may be wrong.
        lock: Held while it runs, since the buffers serve one run at a time.
        size: Bytes of all buffers.
        work: Multiplications in the largest product of matrices.
        masked: Whether an output has a mask, which a replay does not give.
        source: The two functions as text.
    """

    def __init__(self, recorded: list[Entry], inputs: Sequence[Tensor], outputs: Any) -> None:
        self.structure: int = _state.Structure.version
        self.values: int = _state.Structure.values
        self.lock: LockType = Lock()
        self.size: int = 0
        self.work: int = max((_multiplications(entry) for entry in recorded), default=0)
        self.masked: bool = any(getattr(y, "keras_mask", None) is not None for y in leaves(outputs))
        self._namespace: dict[str, Any] = {"__builtins__": {}}
        """What the source names: functions, buffers, constants, and the arrays that variables have at present."""
        self._names: dict[Any, _Name] = {}
        self._static: dict[int, Array] = {}
        """Arrays that stay where they are, by the id of the tensor."""
        self._views: dict[int, tuple[Variable, View]] = {}
        """Views of variables, which are looked up again when a variable is assigned."""
        self._bindings: list[tuple[_Name, Variable, View]] = []
        self._bound: list[Array] = []
        """The arrays that they had when they were looked up last."""
        self._assigned: list[Variable] = []
        self._settling: list[Callable[[], Any]] = []
        self._moving: dict[int, _Name] = {id(x): _Name(f"x{k}") for k, x in enumerate(inputs)}
        """Arrays that are others in each run, by the id of the tensor."""
        self._constants: dict[int, Array] = {}
        """Arrays that no step writes to, by their own id."""
        self._exposed: set[int] = set()
        """What a step has seen that may return its argument, or a view of it."""
        self._owned: set[int] = set()
        """Tensors that have a buffer of the plan's own."""
        self._free: dict[Any, list[Array]] = {}
        """Buffers that nobody needs any more."""
        entries, outputs = simplified(recorded, outputs)
        split = max((i + 1 for i, entry in enumerate(entries) if entry.op.effect), default=0)
        self._last_use = _last_uses(entries, outputs)
        self._homes = _homes(entries, self._last_use)
        self._overflows = any(entry.op.replay is not entry.op.forward for entry in recorded)
        calls: list[_Call] = []
        for i, entry in enumerate(entries):
            if i == split:
                main, calls = calls, []
            self._add(calls, entry, i)
        if split == len(entries):
            main, calls = calls, []
        found = leaves(outputs)
        order = iter(range(len(found)))
        self._places = map_structure(lambda _: next(order), outputs)
        self._is_flat_list: bool = self._places == list(range(len(found)))
        self._finish(main, calls, [_Name(f"x{k}") for k in range(len(inputs))], found)
        self._bind()

    # --- building -------------------------------------------------------------------------------------------------

    def _name(self, kind: str, key: Any, value: Any) -> _Name:
        """Return the name of something, in the namespace from then on."""
        if key not in self._names:
            self._names[key] = _Name(f"{kind}{len(self._names)}")
            self._namespace[self._names[key]] = value
        return self._names[key]

    def _variable(self, variable: Variable, view: View) -> _Name:
        """Return a new name for what a variable, or a view of it, holds at present."""
        name = self._name("v", object(), None)
        name = _Number(name) if _is_number(view(variable.array)) else name
        self._bindings.append((name, variable, view))
        return name

    def _text(self, value: Any) -> str:
        """Return an argument as source."""
        if isinstance(value, _Name):
            return value
        return repr(value) if value is None or type(value) in (bool, int) else self._name("c", id(value), value)

    def _add(self, calls: list[_Call], entry: Entry, i: int) -> None:
        """Append what an entry does."""
        op = entry.op
        if op.homes is not None:
            self._settling.append(partial(op.homes, **entry.kwargs))
        if op is KEEP:
            value, room = map(self._argument, entry.inputs, entry.values)
            calls.append(_Call(np.ndarray.__setitem__, [room, value]))
            return
        if op is ASSIGN:
            self._assigned.append(entry.rest[0])
            if self._assign_directly(calls, entry, i):
                return
        if op.bind is not None and self._update(calls, entry):
            return
        if not (op.view and self._fold(calls, entry)):
            self._step(calls, entry, i)
        for x in {id(x): x for x in entry.inputs}.values():  # what is not needed any more serves another step
            buffer = self._static.get(id(x))
            if self._last_use[id(x)] == i and id(x) not in self._exposed and id(x) in self._owned:
                self._free.setdefault(_kind(cast(Array, buffer)), []).append(cast(Array, buffer))

    def _fold(self, calls: list[_Call], entry: Entry) -> bool:
        """Take a view of an array that stays where it is once and for all, and tell whether it is one."""
        function, args = _bound(entry)
        x, rest = entry.inputs[0], args[1:]
        if id(x) in self._static:
            array = self._static[id(x)]
            view = function(array, *rest)
            if not np.shares_memory(view, array):
                return False
            self._static[id(entry.output)] = view
            return True
        if isinstance(x, Variable) or id(x) in self._views:
            variable, before = self._views.get(id(x), (x, _same))
            self._views[id(entry.output)] = variable, lambda array: function(before(array), *rest)
            return True
        if id(x) in self._moving:
            name = _Name(f"t{len(self._moving)}")
            moved = self._moving[id(x)]
            if _is_same_view(entry):
                self._moving[id(entry.output)] = moved
                return True
            view, inputs = _quick_view(entry, moved) or (function, [moved, *rest])
            calls.append(_Call(view, inputs, name))
            self._moving[id(entry.output)] = name
            return True
        return False

    def _update(self, calls: list[_Call], entry: Entry) -> bool:
        """Let an optimizer work where it wants the gradients, and tell whether it can."""
        homes = cast(Any, entry.op.homes)(**entry.kwargs)
        if any(not isinstance(x, Tensor) for x in entry.inputs) or len(homes) != len(entry.inputs):
            return False
        for x, value, home in zip(entry.inputs, entry.values, homes, strict=True):
            if self._static.get(id(x)) is not home:
                if value.shape != home.shape:
                    return False
                calls.append(_Call(np.copyto, [home, self._argument(x, value)]))
        name = self._name("u", object(), None)
        calls.append(_Call(name, []))
        bind = partial(cast(Any, entry.op.bind), **entry.kwargs)
        self._settling.append(lambda: self._namespace.update({name: bind()}))
        return True

    def _assign_directly(self, calls: list[_Call], entry: Entry, i: int) -> bool:
        """Let the step before an assignment write to the variable, and tell whether it can."""
        value, variable = entry.inputs[0], entry.rest[0]
        buffer, last = self._static.get(id(value)), calls[-1] if calls else None
        if last is None or not _elementwise(last.function) or last.args[-1] is not buffer or buffer is None:
            return False
        at_once = self._last_use[id(value)] == i and buffer.dtype == variable.array.dtype
        if buffer.size == 1 and not (at_once and self._are_numbers(last)):
            calls.append(_Call(np.ndarray.__setitem__, [self._variable(variable, _same), buffer]))
            self._views[id(entry.output)] = variable, _same
            return True
        if not at_once:
            return False
        last.args[-1] = self._variable(variable, _same)
        self._views[id(entry.output)] = variable, _same
        return True

    def _argument(self, x: Any, value: Any) -> Any:
        """Return an input of a step: a name, an array or a constant."""
        if id(x) in self._moving:
            return self._moving[id(x)]
        if id(x) in self._static:
            return self._static[id(x)]
        if isinstance(x, Variable) or id(x) in self._views:
            return self._variable(*self._views.get(id(x), (x, _same)))
        return value

    def _step(self, calls: list[_Call], entry: Entry, i: int) -> None:
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
            writes, anywhere = op.writes, False
        if writes:
            args[-1] = self._static[id(entry.output)] = self._buffer(entry, i, produced, anywhere)
            calls.append(_Call(function, args))
        else:
            self._exposed.update(id(x) for x in entry.inputs)
            self._moving[id(entry.output)] = name = _Name(f"t{len(self._moving)}")
            calls.append(_Call(function, args, name))

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
        if shape is None or id(x) in self._moving:
            return found
        if isinstance(found, _Name):
            _, variable, view = self._bindings[-1]
            self._bindings[-1] = found, variable, lambda array: view(array).reshape(shape)
            return found
        return found.reshape(shape)

    def _buffer(self, entry: Entry, i: int, produced: Array, anywhere: bool) -> Array:
        """Return what a step writes to.

        That is where an effect wants it; or the array of an input, if the op allows it and nobody else needs it; or
        one that nobody needs any more.
        """
        home = self._homes.get(id(entry.output))
        if home is not None:
            return home
        kind = _kind(produced)
        candidates = entry.inputs if anywhere else entry.inputs[:1] if entry.op.inplace else ()
        if produced.size == 1:  # which NumPy takes longer to write over than to write elsewhere
            candidates = ()
        for x in candidates:
            old = self._static.get(id(x))
            if old is None or id(x) not in self._owned or id(x) in self._exposed or self._last_use[id(x)] != i:
                continue
            if _kind(old) == kind and (anywhere or not any(y is x for y in entry.inputs[1:])):
                self._owned.add(id(entry.output))
                self._owned.discard(id(x))
                return old
        self._owned.add(id(entry.output))
        if self._free.get(kind):
            return self._free[kind].pop()
        self.size += produced.nbytes
        return np.empty_like(produced)  # in the same order in memory, for products round differently in another

    def _finish(self, main: list[_Call], tail: list[_Call], inputs: list[_Name], outputs: list[Any]) -> None:
        """Write the source: what goes up to the last effect, and what comes after, for the outputs alone."""
        results = [self._result(y) for y in outputs]
        defined = {call.result for call in tail}
        wanted = [arg for call in tail for arg in call.args] + [arg for _, arg in results]
        local = ({*inputs} | {call.result for call in main}) - defined
        carried = [*dict.fromkeys(arg for arg in wanted if isinstance(arg, _Name) and arg in local)]
        texts = [form.format(self._text(arg)) for form, arg in results]
        sources = [
            self._function("main", main, inputs, carried, carried),
            self._function("tail", tail, carried, texts, {arg for _, arg in results if isinstance(arg, _Name)}),
        ]
        self.source: str = "\n".join(sources)
        exec(compile(self.source, "<plan>", "exec"), self._namespace)  # of names and numbers made here alone
        self._main: Callable[..., Any] = self._namespace["main"]
        self._tail: Callable[..., Any] = self._namespace["tail"]
        self._carried: Any = ()

    def _function(
        self, name: str, calls: list[_Call], parameters: Sequence[str], results: Sequence[str], kept: Container[Any]
    ) -> str:
        """Return the source of a function; a large result lives no longer than it is needed."""
        lines = [f"def {name}({', '.join(parameters)}):"]
        last = {arg: k for k, call in enumerate(calls) for arg in (call.result, *call.args) if isinstance(arg, _Name)}
        for k, call in enumerate(calls):
            function = self._text(call.function)
            args = [self._text(arg) for arg in call.args]
            if call.function in _OUT_BY_NAME:
                args[-1] = f"out={args[-1]}"
            start = "" if call.result is None else f"{call.result} = "
            text = f"{start}{function}({', '.join(args)})"
            if call.function in _SIGNS and self._are_numbers(call):  # Python does it in a third of the time
                left, right = (self._number(arg, text) for arg, text in zip(call.args[:2], args, strict=False))
                text = f"{args[2]}[()] = {left} {_SIGNS[call.function]} {right}"
            elif call.function is np.ndarray.transpose and len(args) == 1:
                text = f"{start}{args[0]}.T"
            elif call.function is np.ndarray.__setitem__:
                text = f"{args[0]}[()] = {args[1]}"
            lines.append(f"    {text}")
            names = dict.fromkeys(a for a in (call.result, *call.args) if isinstance(a, _Name) and a.startswith("t"))
            done = [a for a in names if last[a] == k and a not in kept]
            lines += [f"    del {', '.join(done)}"] * bool(done)
        return "\n".join([*lines, f"    return ({''.join(f'{result}, ' for result in results)})", ""])

    def _are_numbers(self, call: _Call) -> bool:
        """Tell whether all arguments are one float each; what is divided by must be known not to be 0."""
        numbers = all(isinstance(a, _Number) or (isinstance(a, np.ndarray) and _is_number(a)) for a in call.args)
        if not numbers or call.function is not np.divide:
            return numbers
        return id(call.args[1]) in self._constants and bool(call.args[1])

    def _number(self, value: Any, text: str) -> str:
        """Return how the source gives a number that stands in an array."""
        fixed = id(value) in self._constants and math.isfinite(value)
        return repr(value.item()) if fixed else f"{text}.item()"

    def _result(self, output: Any) -> tuple[str, Any]:
        """Return how the source gives an output, as an array that is the caller's to keep, and of what."""
        known = id(output) in self._static or id(output) in self._moving or id(output) in self._views
        return ("{}.copy()", self._argument(output, None)) if known else ("{}", self._name("c", id(output), output))

    # --- running --------------------------------------------------------------------------------------------------

    def _bind(self) -> None:
        """Look up the arrays of variables; those that the plan writes to get one that nobody else holds."""
        for settle in self._settling:
            settle()
        for variable in self._assigned:
            variable.own()
        arrays = [variable.array for _, variable, _ in self._bindings]
        if len(self._bound) != len(arrays) or not all(map(is_, arrays, self._bound)):
            for name, variable, view in self._bindings:
                self._namespace[name] = view(variable.array)
            self._bound = arrays
        self.values = _state.Structure.values

    def run(self, inputs: Iterable[Array]) -> None:
        """Replay what has effects, on inputs of the traced shapes and dtypes; the caller keeps NumPy from warning."""
        if self.values != _state.Structure.values:
            self._bind()
        self._carried = self._main(*inputs)

    def run_all(self, batches: Iterable[tuple[Array, ...]]) -> None:
        """Replay for many inputs, one after another."""
        if self.values != _state.Structure.values:
            self._bind()
        for carried in starmap(self._main, batches):
            self._carried = carried

    def outputs(self) -> Any:
        """Return the outputs of the last run, in their structure, as arrays that are the caller's to keep."""
        values = self._tail(*self._carried)
        if self._is_flat_list:
            return list(values)
        return values[0] if self._places == 0 else map_structure(values.__getitem__, self._places)

    def finish(self) -> Any:
        """Return the outputs of the last run, and hold on to nothing."""
        outputs = self.outputs()
        self._carried = ()
        return outputs

    def begin(self, inputs: Iterable[Array]) -> None:
        """Run as `run` does, where NumPy may warn."""
        if self._overflows:  # an exponential may overflow to infinity on purpose
            with np.errstate(over="ignore"):
                self.run(inputs)
        else:
            self.run(inputs)

    def call(self, inputs: Iterable[Array]) -> Any:
        """Run and return the outputs, where NumPy may warn."""
        if self._overflows:
            with np.errstate(over="ignore"):
                self.run(inputs)
                return self.finish()
        self.run(inputs)
        return self.finish()


def _expanded(entries: list[Entry]) -> list[Entry]:
    """Take ops apart that say of which others they are made."""
    found: list[Entry] = []
    for entry in entries:
        found += _parts(entry)
    return found


def _parts(entry: Entry) -> list[Entry]:
    """Return an entry, or others that do the same to the last bit."""
    if entry.op.parts is None:
        return [entry]
    stand_ins = [Tensor(v) if isinstance(v, np.ndarray) else v for v in entry.values]
    originals = {id(s): x for s, x in zip(stand_ins, entry.inputs, strict=True)}
    with np.errstate(all="ignore"):
        made, record = trace(lambda xs: cast(Any, entry.op.parts)(*xs, *entry.rest, **entry.kwargs), stand_ins)
    output, want = getattr(made, "array", None), cast(Array, entry.output.array)
    if not record.entries or record.entries[-1].output is not made or output is None or output.dtype != want.dtype:
        return [entry]
    if output.strides != want.strides or output.tobytes() != want.tobytes():
        return [entry]
    for part in record.entries:
        part.inputs = [originals.get(id(x), x) for x in part.inputs]
    record.entries[-1].output = entry.output
    return _expanded(record.entries)


def simplified(recorded: list[Entry], outputs: Any) -> tuple[list[Entry], Any]:
    """Return what is to be done for the outputs and the effects, with ops taken apart, and the same done once."""
    same: dict[int, Any] = {}
    entries: list[Entry] = []
    seen: dict[Any, Any] = {}
    effects = 0
    for entry in _expanded(recorded):
        inputs = [same.get(id(x), x) for x in entry.inputs]
        entries.append(Entry(entry.op, inputs, entry.values, entry.rest, entry.kwargs, entry.output))
        effects += entry.op.effect
        if entry.op.effect or entry.op.count == 0:
            continue
        links = tuple(
            (id(x), effects) if isinstance(x, Variable) else id(x) if isinstance(x, Tensor) else (type(v), _sketch(v))
            for x, v in zip(inputs, entry.values, strict=True)
        )
        try:
            first = seen.setdefault((entry.op, links, _sketch((entry.rest, entry.kwargs))), entry.output)
        except TypeError:  # an argument that cannot be compared
            continue
        if first is not entry.output:
            same[id(entry.output)] = first
    outputs = map_structure(lambda y: same.get(id(y), y), outputs)
    return _needed([entry for entry in entries if id(entry.output) not in same], leaves(outputs)), outputs


def _needed(entries: list[Entry], outputs: list[Any]) -> list[Entry]:
    """Return the entries that have effects, or that outputs or effects depend on, in order."""
    wanted = {id(y) for y in outputs}
    kept = []
    for entry in reversed(entries):
        if entry.op.effect or id(entry.output) in wanted:
            kept.append(entry)
            wanted.update(id(x) for x in entry.inputs)
    return kept[::-1]


def _last_uses(entries: list[Entry], outputs: Any) -> dict[int, int]:
    """Return after which entry each tensor, or any that shares its memory, is not needed any more."""
    last = {id(x): i for i, entry in enumerate(entries) for x in entry.inputs}
    last |= {id(y): len(entries) for y in leaves(outputs)}
    whole: dict[int, int] = {}  # of a view, by id, what it looks at in the end
    for entry in entries:
        if entry.op.view:
            x, y = id(entry.inputs[0]), id(entry.output)
            whole[y] = whole.get(x, x)
            last[whole[y]] = max(last[whole[y]], last.get(y, 0))
    return last | {y: last[x] for y, x in whole.items()}


def _homes(entries: list[Entry], last_use: dict[int, int]) -> dict[int, Array]:
    """Return where an effect wants its inputs computed, by the id of the tensor, if nobody needs them later."""
    found: dict[int, Array] = {}
    for i, entry in enumerate(entries):
        if entry.op.homes is not None:
            for x, home in zip(entry.inputs, entry.op.homes(**entry.kwargs), strict=True):
                fits = isinstance(x, Tensor) and x.shape == home.shape and x.dtype == home.dtype.name
                if fits and last_use[id(x)] == i:
                    found.setdefault(id(x), home)
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


def _multiplications(entry: Entry) -> int:
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


def _quick_view(entry: Entry, name: _Name) -> tuple[Any, list[Any]] | None:
    """Return a quick way to take the view of an array that an entry takes, None if there is none."""
    x, y = entry.values[0], cast(Array, entry.output.array)
    if not np.shares_memory(x, y):
        return None
    if x.flags.c_contiguous and y.flags.c_contiguous and x.size == y.size:
        return np.ndarray.reshape, [name, y.shape]
    if y.ndim > 1 and y.strides == x.strides[::-1] and y.shape == x.shape[::-1]:
        return np.ndarray.transpose, [name]
    return None


def _same(array: Array) -> Array:
    return array[...]


def trace(function: Callable[[Any], Any], inputs: Any) -> tuple[Any, Trace]:
    """Run a function on a structure of tensors while recording it."""
    recorder = Trace(leaves(inputs))
    recorders.open = [*recorders.open, recorder]
    try:
        outputs = function(inputs)
    finally:
        recorders.open = [r for r in recorders.open if r is not recorder]
    for y in leaves(outputs):
        if isinstance(y, Tensor):
            recorder.check(y)
    return outputs, recorder
