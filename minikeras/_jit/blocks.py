"""A traced step, replayed in blocks of rows, on several threads.

Where the operations of a step treat rows alike, a block of rows goes through all of them while its numbers are in the
cache, and threads take blocks in turn, each with products on one thread. What needs all rows, such as the mean over a
batch and the gradient of a large matrix, is computed between, sums over rows as sums over blocks. The blocks depend on
shapes alone, and sums are added in their order: so the numbers do not depend on the threads. They are those of the
eager run but for the rounding of sums and products.
"""

from _thread import LockType
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise, product
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np

from .._base.blas_threads import max_threads, one_thread
from .._base.nested import leaves
from .._base.pool import PART_WORK, run_all
from .._base.typing import Array
from .._core.op import Entry
from .._core.ownership import Changes
from .._core.tensor import NUMPY_OPS, Tensor
from .._core.variable import ASSIGN, Variable
from .codegen import multiplications
from .program import Program
from .trace import KEEP, simplified

BLOCKS = 4
"""The number of blocks that a step has at most."""
BLOCK_COST = 1 << 20
"""What a block should cost at least, see `cost_of`: some milliseconds."""
CALL_COST = 20_000
"""What an entry should cost in a block: twenty times as much as it takes to call NumPy."""
STEP_BY_STEP = {"_records", "_passed_on"}
"""Operations that call NumPy for each step of a sequence: in blocks they would do so for each block."""
PRODUCT_ROWS, LEAST_ROWS = 128, 32
"""Rows of a large product's first matrix that a block should have, and those it has at least."""


def cost_of(entries: Iterable[Entry]) -> int:
    """Return about how long entries take, in numbers added; a multiplication in a product takes a 32nd of that."""
    return sum(cast(Array, entry.output.array).size + multiplications(entry) // 32 for entry in entries)


class _Row(NamedTuple):
    """How an entry is run on a block of rows.

    Attributes:
        axes: For each input the axis along which a block has a part of it, None for all of it.
        axis: The same of the result; None for a sum over rows.
        scaled: Whether a shape among its arguments begins with the number of rows.
    """

    axes: tuple[int | None, ...]
    axis: int | None
    scaled: bool

    def run(self, entry: Entry, values: Sequence[Any], ratio: tuple[int, int]) -> Any:
        """Return the result for parts of the inputs that have so many of so many rows."""
        rest, kwargs = entry.rest, entry.kwargs
        if self.scaled:
            rest, kwargs = _scaled((rest, kwargs), ratio)
        return entry.op.replay(*values, *rest, **kwargs)


def _scaled(arguments: Any, ratio: tuple[int, int]) -> Any:
    """Return arguments with the first number of each shape among them multiplied by a ratio."""
    if isinstance(arguments, dict):
        return {name: _scaled(value, ratio) for name, value in arguments.items()}
    if not isinstance(arguments, list | tuple):
        return arguments
    part, rows = ratio
    if arguments and all(type(n) is int for n in arguments) and len(arguments) > 1 and not arguments[0] % rows:
        return (arguments[0] // rows * part, *arguments[1:])
    return type(arguments)(_scaled(x, ratio) for x in arguments)


def _part(value: Any, axis: int | None, rows: int, start: int, stop: int) -> Any:
    """Return the part of an array that belongs to a range of rows, a view; all of it where there is no axis."""
    if axis is None:
        return value
    each = value.shape[axis] // rows
    return value[(*[slice(None)] * axis, slice(start * each, stop * each))]


_NOISE = np.random.default_rng(0).random(997, np.float32)


def _others(rows: Any, axis: int | None, noise: float) -> Any:
    """Return other rows, no two of which are alike: an operation that mixes rows gives something else for them."""
    others = rows if axis is None else np.flip(rows, axis)
    if axis is None or rows.dtype.kind != "f" or not noise:
        return others
    added = np.resize(_NOISE, rows.size).reshape(rows.shape) * noise
    return (others * (1 - 2 * noise) + added).astype(rows.dtype)  # numbers from 0 to 1 are so again


def _is_close(a: Array, b: Array) -> bool:
    """Return whether arrays are the same but for the rounding of sums and products."""
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind != "f" or np.array_equal(a, b):
        return np.array_equal(a, b)
    tolerance = 1e3 * np.finfo(a.dtype).eps if a.dtype.itemsize > 2 else 1e-2
    scale = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    others = ~(np.abs(a - b) <= tolerance * scale)  # infinities and NaN, that is, or differences
    return np.array_equal(a[others], b[others], equal_nan=True)


def _by_row(entry: Entry, known: Sequence[int | None], rows: int) -> _Row | None:
    """Try out on a few rows how an entry can be run in blocks of them; None if it cannot.

    `known` has the axes of inputs that are computed by row. Of other arrays parts may be wanted too, as of a mask.
    """
    options: list[list[int | None]] = []
    for x, v, axis in zip(entry.inputs, entry.values, known, strict=True):
        may = axis is None and isinstance(v, np.ndarray) and not isinstance(x, Variable)
        options.append([axis, *(k for k, n in enumerate(v.shape) if n and not n % rows)] if may else [axis])
    for noise in (0.25, 0.0):  # where others were all refused, as no class numbers, rows change places
        refused = True
        for axes, scaled in product(product(*options), (False, True)):
            row, few = _Row(axes, None, scaled), min(rows, 4)
            values = [_part(v, axis, rows, 0, few) for v, axis in zip(entry.values, axes, strict=True)]
            values = [_others(v, axis, noise) for v, axis in zip(values, known, strict=True)]
            try:
                whole, *parts = [
                    np.asarray(row.run(entry, [_part(v, axis, few, *cut) for v, axis in zip(values, axes, strict=True)],
                                       (cut[1] - cut[0], rows)))
                    for cut in ((0, few), (0, few // 2), (few // 2, few))
                ]  # fmt: skip
            except (ValueError, TypeError, IndexError):  # as where it was asked for a shape
                continue
            refused = False
            found = _axis(whole, parts, few, rows, entry.output.shape)
            if found is not None:
                return row._replace(axis=None if found < 0 else found)
        if not refused:
            break
    return None


def _axis(whole: Array, parts: Sequence[Array], few: int, rows: int, shape: Sequence[int]) -> int | None:
    """Return along which axis results of parts are put together, -1 where they are added, None for neither.

    `whole` is the result for a few rows, `shape` that for all.
    """
    if any(part.ndim != whole.ndim or part.dtype != whole.dtype for part in parts):
        return None
    if all(part.shape == whole.shape for part in parts) and whole.shape == tuple(shape):
        return -1 if whole.dtype in ("float32", "float64") and _is_close(parts[0] + parts[1], whole) else None
    for axis, size in enumerate(whole.shape):
        sizes = (*whole.shape[:axis], size // few * rows, *whole.shape[axis + 1 :])
        cuts = [_part(whole, axis, few, 0, few // 2), _part(whole, axis, few, few // 2, few)]
        if not size % few and sizes == tuple(shape) and all(map(_is_close, parts, cuts)):
            return axis
    return None


class _Plan:
    """Which entries are run by row, and when: in stages, of which those of odd numbers are run in blocks.

    Attributes:
        row: How each entry that is run by row is, by the id of what it gives.
        axis: The axis of the rows in what is computed by row, by id.
        stage: The stage after which each tensor is there, by id.
        own: The entries of each stage.
    """

    def __init__(self, entries: Sequence[Entry], inputs: Sequence[Tensor], rows: int) -> None:
        self.rows = rows
        self.axis: dict[int, int] = {id(x): 0 for x in inputs if x.ndim and len(cast(Array, x.array)) == rows}
        self.row: dict[int, _Row] = {}
        self.stage: dict[int, int] = {id(x): 1 if id(x) in self.axis else 0 for x in inputs}
        self.own: dict[int, list[Entry]] = {}
        self.makers: dict[int, Entry] = {id(entry.output): entry for entry in entries}
        self._seen: dict[int, int] = {}
        """The latest stage that reads each variable."""
        self._written: dict[int, int] = {}
        """The stage that has written each variable last."""
        self._effects: int = 0
        with np.errstate(all="ignore"):
            for entry in entries:
                self._add(entry)

    def is_view(self, x: Any) -> bool:
        """Return whether a tensor is but a view, which each stage takes by itself."""
        maker = self.makers.get(id(x))
        if maker is None or not maker.op.view:
            return False
        return id(x) in self.row or id(maker.inputs[0]) not in self.axis

    def variables(self, entry: Entry) -> list[Variable]:
        """Return the variables that an entry reads, itself or through views."""
        found = []
        for x in entry.inputs:
            while self.is_view(x):
                x = self.makers[id(x)].inputs[0]
            if isinstance(x, Variable):
                found.append(x)
        return found

    def _add(self, entry: Entry) -> None:
        """Find out how and when an entry is run."""
        y, op = id(entry.output), entry.op
        known = [self.axis.get(id(x)) for x in entry.inputs]
        row = None
        # A large product that adds up rows is worth all threads by itself.
        alone = multiplications(entry) >= 2 * PART_WORK and known[0] == entry.values[0].ndim - 1
        alone |= op.effect or op.draws or op.name in STEP_BY_STEP
        if any(axis is not None for axis in known) and not alone:
            row = _by_row(entry, known, self.rows)
            row = None if row is not None and row.axis is None and op.view else row
        if row is not None:
            self.row[y] = row
            if row.axis is not None:
                self.axis[y] = row.axis
        if self.is_view(entry.output):
            self.stage[y] = self.stage.get(id(entry.inputs[0]), 0)
            return
        blocks = row is not None
        variables = self.variables(entry)
        before = [self.stage.get(id(x), 0) for x in entry.inputs]
        before += [max(self._written.get(id(v), 0), self._written.get(0, 0)) for v in variables]
        if op.effect or op.draws:
            target = id(entry.rest[0]) if op is ASSIGN else 0  # which stands for any variable
            before += [self._effects, *(n for key, n in self._seen.items() if op.effect and target in (0, key))]
        stage = max((n + (n % 2 != blocks) for n in before), default=int(blocks))
        if op.effect or op.draws:
            self._effects = stage
        if op.effect:
            self._written[target] = stage
        self._seen.update((id(v), max(stage, self._seen.get(id(v), 0))) for v in variables)
        self.stage[y] = stage + (row is not None and row.axis is None)
        self.own.setdefault(stage, []).append(entry)


class BlockProgram:
    """A recorded step, on inputs that have as many rows, replayed in blocks of rows; see `Program`.

    Attributes:
        usable: Whether anything is gained.
    """

    def __init__(self, recorded: list[Entry], inputs: Sequence[Tensor], outputs: Any) -> None:
        self.structure: int = Changes.layers
        self.lock: LockType = Lock()
        self.steps_left: int = 0
        self.masked: bool = any(getattr(y, "keras_mask", None) is not None for y in leaves(outputs))
        entries, outputs = simplified(recorded, outputs)
        rows = self._rows = len(cast(Array, inputs[0].array))
        count = _count(entries, rows)
        with one_thread:
            self._plan = plan = _Plan(entries, inputs, rows)
        by_row = cost_of(entry for entry in entries if id(entry.output) in plan.row)
        stages = sum(n % 2 for n in plan.own)
        self.usable: bool = stages > 0 and by_row >= max(stages * BLOCK_COST, cost_of(entries) // 2)
        if not self.usable:
            return
        self._cuts = [*pairwise(rows * k // count for k in range(count + 1))]
        self._order = {id(entry.output): i for i, entry in enumerate(entries)}
        self._inputs = {id(x): i for i, x in enumerate(inputs)}
        self._arrays: dict[int, Array] = {}
        """What goes from one stage to another, by id."""
        self._sums: dict[int, Array] = {}
        """What sums over rows are in each block, by id."""
        self._wanted: dict[int, dict[int, Tensor]] = {}
        """What others want of each stage."""
        self._programs: list[Program] = []
        last = max(plan.own) + max(plan.own) % 2
        self._stages: list[Callable[[Sequence[Array]], object]] = [self._whole(last, outputs)]
        self._last = self._programs[0]
        for n in range(last - 1, -1, -1):
            if n in plan.own or n in self._wanted:
                self._stages.insert(0, self._in_blocks(n) if n % 2 else self._whole(n, ()))
        arrays = (*self._arrays.values(), *self._sums.values())
        self.size: int = sum(program.size for program in self._programs) + sum(array.nbytes for array in arrays)
        del self._plan, self._order, self._wanted

    def _collect(self, n: int, outputs: Any) -> tuple[list[Entry], dict[tuple[int, int | None], Any]]:
        """Return what a stage does, in order, and what it takes from others, by id and the axis of parts."""
        plan, needs = self._plan, dict[tuple[int, int | None], Any]()
        found: dict[int, Entry] = {id(entry.output): entry for entry in plan.own.get(n, ())}
        rest = [*found.values()]

        def need(x: Any, value: Any, axis: int | None) -> None:
            key, maker = id(x), plan.makers.get(id(x))
            if key in found or (key in self._sums and plan.stage[key] == n):
                return
            if maker is not None and plan.is_view(x) and (n % 2 == 0 or key in plan.row or axis is None):
                found[key] = maker
                rest.append(maker)
            elif maker is not None or key in self._inputs:
                needs[key, axis] = x
                if maker is not None:
                    self._wanted.setdefault(plan.stage[key], {})[key] = x
                    self._arrays.setdefault(key, np.empty_like(x.array))
            elif axis is not None:  # of a constant
                needs[key, axis], self._arrays[key] = x, value

        for x in (*self._wanted.get(n, {}).values(), *leaves(outputs)):
            if isinstance(x, Tensor):
                need(x, None, None)
        while rest:
            entry = rest.pop()
            row = plan.row.get(id(entry.output)) if n % 2 else None
            axes = row.axes if row is not None else (None,) * len(entry.inputs)
            for x, value, axis in zip(entry.inputs, entry.values, axes, strict=True):
                if not isinstance(x, Variable):
                    need(x, value, axis)
        return sorted(found.values(), key=lambda entry: self._order[id(entry.output)]), needs

    def _sources(self, needs: Iterable[tuple[int, int | None]], cut: tuple[int, int]) -> list[tuple[Any, int | None]]:
        """Return where a stage finds what it takes: an array, or the place of an input and the axis of parts."""
        places, arrays, rows = self._inputs, self._arrays, self._rows
        return [
            (places[key], axis) if key in places else (_part(arrays[key], axis, rows, *cut), None)
            for key, axis in needs
        ]

    def _whole(self, n: int, outputs: Any) -> Callable[[Sequence[Array]], object]:
        """Return the function that runs a stage on all rows at once."""
        plan = self._plan
        for entry in plan.own.get(n - 1, ()):
            row = plan.row[id(entry.output)]
            if row.axis is None:
                y = cast(Array, entry.output.array)
                self._sums[id(entry.output)] = np.empty((len(self._cuts), *y.shape), y.dtype)
        entries, needs = self._collect(n, outputs)
        sums = [
            Entry(vars(NUMPY_OPS["sum"])["op"], [Tensor(parts)], [parts], (0,), {}, entry.output)
            for entry in plan.own.get(n - 1, ())
            if (parts := self._sums.get(id(entry.output))) is not None
        ]
        kept = [(x, self._arrays[key]) for key, x in self._wanted.get(n, {}).items()]
        rooms = [Tensor(room) for _, room in kept]
        tensors = [*needs.values(), *(entry.inputs[0] for entry in sums), *rooms]
        program = Program([*sums, *entries, *_keeps([x for x, _ in kept], rooms)], tensors, outputs)
        self._programs.append(program)
        sources = self._sources(needs, (0, self._rows)) + [(x.array, None) for x in tensors[len(needs) :]]

        def run(inputs: Sequence[Array]) -> None:
            program.run([inputs[at] if isinstance(at, int) else at for at, _ in sources])

        return run

    def _in_blocks(self, n: int) -> Callable[[Sequence[Array]], object]:
        """Return the function that runs a stage in blocks of rows."""
        plan = self._plan
        entries, needs = self._collect(n, ())
        kept = [*self._wanted.get(n, {}).values()]
        sums = [entry.output for entry in plan.own.get(n, ()) if id(entry.output) in self._sums]
        free: dict[int, SimpleQueue[Program]] = {}
        blocks = []
        for k, cut in enumerate(self._cuts):
            rooms = [_part(self._arrays[id(x)], plan.axis[id(x)], self._rows, *cut) for x in kept]
            rooms += [self._sums[id(x)][k, ...] for x in sums]
            size = cut[1] - cut[0]
            if size not in free:
                free[size] = SimpleQueue()
                made = self._block(entries, needs, cut, [*kept, *sums], rooms)
                for program in made:
                    free[size].put(program)
                self._programs += made
            blocks.append((cut, [*self._sources(needs, cut), *((room, None) for room in rooms)], free[size]))

        def run_block(inputs: Sequence[Array], block: Any) -> None:
            cut, sources, programs = block
            arrays = [_part(inputs[at], axis, self._rows, *cut) if isinstance(at, int) else at for at, axis in sources]
            program = programs.get()
            try:
                program.run(arrays)
            finally:
                programs.put(program)

        return lambda inputs: run_all([partial(run_block, inputs, block) for block in blocks])

    def _block(self, entries: Sequence[Entry], needs: dict[tuple[int, int | None], Any], cut: tuple[int, int],
               kept: Sequence[Tensor], rooms: Sequence[Array]) -> list[Program]:  # fmt: skip
        """Return programs for blocks of some size, as many as may run at a time."""
        taken = {}
        for (key, axis), x in needs.items():
            taken[key, axis] = Tensor(_part(getattr(x, "array", x), axis, self._rows, *cut))
        made: dict[int, Tensor] = {}
        ratio = cut[1] - cut[0], self._rows
        parts = []
        for entry in entries:
            row = self._plan.row.get(id(entry.output)) or _Row((None,) * len(entry.inputs), None, False)
            pairs = [made.get(id(x), taken.get((id(x), axis))) for x, axis in zip(entry.inputs, row.axes, strict=True)]
            values = [v if t is None else t.array for t, v in zip(pairs, entry.values, strict=True)]
            xs = [x if t is None else t for t, x in zip(pairs, entry.inputs, strict=True)]
            y = made[id(entry.output)] = Tensor(np.asarray(row.run(entry, values, ratio)))
            rest, kwargs = _scaled((entry.rest, entry.kwargs), ratio) if row.scaled else (entry.rest, entry.kwargs)
            parts.append(Entry(entry.op, xs, values, rest, kwargs, y))
            if row.axis is not None:
                want = _part(entry.output.array, row.axis, self._rows, *cut)
                self.usable &= _is_close(cast(Array, y.array), want)
        tensors = [Tensor(room) for room in rooms]
        parts += _keeps([made[id(x)] for x in kept], tensors)
        copies = min(max_threads(), len(self._cuts))
        return [Program(parts, [*taken.values(), *tensors], ()) for _ in range(copies)]

    def run(self, inputs: Iterable[Array]) -> None:
        """Replay what has effects, on inputs of the traced shapes and dtypes; the caller keeps NumPy from warning."""
        arrays = [*inputs]
        for stage in self._stages:
            stage(arrays)

    def outputs(self) -> Any:
        """Return the outputs of the last run, in their structure, as arrays that are the caller's to keep."""
        return self._last.outputs()

    def call(self, inputs: Iterable[Array]) -> Any:
        """Run and return the outputs, where NumPy may warn."""
        with one_thread, np.errstate(over="ignore"):
            self.run(inputs)
            return self._last.finish()


AnyProgram: TypeAlias = Program | BlockProgram


def _keeps(tensors: Sequence[Tensor], rooms: Sequence[Tensor]) -> list[Entry]:
    """Return entries that write tensors to other places."""
    return [
        Entry(KEEP, [x, room], [x.array, room.array], (), {}, Tensor(np.empty(0)))
        for x, room in zip(tensors, rooms, strict=True)
    ]


def may_run_in_blocks(entries: Sequence[Entry], inputs: Sequence[Tensor]) -> bool:
    """Return whether blocks of rows are worth being looked for."""
    return bool(inputs and inputs[0].ndim) and _count(entries, len(cast(Array, inputs[0].array))) > 1


def _count(entries: Sequence[Entry], rows: int) -> int:
    """Return the number of blocks for a step: so many that threads can share them, so few that products stay large."""
    products = [entry for entry in entries if multiplications(entry) >= PART_WORK]
    heights = [x.size // x.shape[-1] for entry in products if (x := cast(Array, entry.output.array)).size]
    height = min((n for n in heights if not n % max(rows, 1)), default=rows * BLOCKS * PRODUCT_ROWS)
    cost = cost_of(entries)
    most = min(BLOCKS, cost // BLOCK_COST, rows // 2)
    if most < 2 or height < 2 * LEAST_ROWS:
        return 0
    most = min(most, height // PRODUCT_ROWS, cost // (CALL_COST * len(entries)))
    return 4 if most == 4 else 2  # so that two threads have the same to do
