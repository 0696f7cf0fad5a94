"""A traced step, replayed in blocks of rows, on several threads.

Where the operations of a step treat rows alike, each block of rows goes through all of them while its numbers are in
the cache. Threads take blocks in turn, and BLAS has one thread for each. What needs all rows, such as the mean over a
batch or the gradient of a large matrix, is computed between: a sum over rows is the sum of the blocks' sums. Blocks
depend on shapes alone, and sums are added in their order, so the numbers do not depend on the number of threads. They
equal those of the eager run up to the rounding of sums and products.
"""

from collections.abc import Iterable, Sequence
from functools import cache, partial
from itertools import chain, pairwise, product, starmap
from math import prod
from typing import Any, NamedTuple, cast

import numpy as np

from .._base.blas_threads import one_thread
from .._base.nested import leaves
from .._base.pool import PART_WORK, run_all
from .._base.typing import Array
from .._core.op import Entry
from .._core.tensor import NUMPY_OPS, Tensor
from .._core.variable import ASSIGN, Variable
from .codegen import multiplications
from .memory import array_for, settle
from .program import Program
from .trace import keep, simplified

BLOCKS = 2
"""More blocks need more calls, and threads wait for each other at each call: some 10 us on a virtual machine."""
BLOCK_BYTES = 1 << 22
"""The most bytes of an array of a block, about, in a step that trains nothing: large images fill the memory."""
ALIVE = 16
"""More arrays of this size than a program for a block needs at a time."""
BLOCK_COST = 1 << 20
"""The least `cost_of` a block that pays: some milliseconds."""
CALL_COST = 10_000
"""The least mean `cost_of` an entry that pays: ten times the time of a NumPy call."""
LEAST_ROWS = 32
"""The least rows of a block in the first matrix of a large product."""
OTHERS = 0.4
"""The least cost of other operations, as a share of that of large products, in a step with effects. Below it, these are
better cut one by one: BLAS rearranges a whole matrix for each block of rows, but not for each part of its columns."""
SUMMED = 1 << 17
"""A product that sums over rows is cut if its result has at most so many numbers: the blocks' results are added."""
STEP_SIZE = 24_000
"""The least numbers of a block in one step of a sequence, some 20 us: threads wait for each other at each call."""
SUM = -1  # in place of an axis: the results of blocks are added up
WHOLE, IN_BLOCKS = 0, 1  # the remainder of a stage's number by 2: how the stage is run


def cost_of(entries: Iterable[Entry]) -> int:
    """Return about how long entries take, in units of one addition; a product does 32 multiplications in that time."""
    return sum(cast(Array, entry.output.array).size + multiplications(entry, True) // 32 for entry in entries)


class _Row(NamedTuple):
    """How an entry is run on a block of rows.

    Attributes:
        axes: For each input the axis of the rows, along which a block takes its part; None to take the whole input.
        axis: The axis of the rows in the result; SUM if the results of blocks are added up.
        scaled: Whether a shape among the arguments begins with a multiple of the number of rows.
    """

    axes: tuple[int | None, ...]
    axis: int
    scaled: bool

    def run(self, entry: Entry, inputs: Sequence[Any], values: Sequence[Any], ratio: tuple[int, int]) -> Entry:
        """Run the entry on parts of its inputs, with these values; `ratio` is (rows of a part, all rows)."""
        rest, kwargs = _scaled((entry.rest, entry.kwargs), ratio) if self.scaled else (entry.rest, entry.kwargs)
        y = Tensor(np.asarray(entry.op.replay(*values, *rest, **kwargs)))
        return Entry(entry.op, inputs, values, rest, kwargs, y)


def _scaled(arguments: Any, ratio: tuple[int, int]) -> Any:
    """Return arguments in which shapes that begin with a multiple of all rows begin with that of a part's rows."""
    if isinstance(arguments, dict):
        return {name: _scaled(value, ratio) for name, value in arguments.items()}
    if not isinstance(arguments, list | tuple):
        return arguments
    part, rows = ratio
    if len(arguments) > 1 and all(type(n) is int for n in arguments) and not arguments[0] % rows:
        return (arguments[0] // rows * part, *arguments[1:])
    return type(arguments)(_scaled(x, ratio) for x in arguments)


def _part(value: Any, axis: int | None, rows: int, start: int, stop: int) -> Any:
    """Return a view of the part of an array for a range of rows; the whole array if it has no axis of rows."""
    if axis is None:
        return value
    each = value.shape[axis] // rows
    return value[(*[slice(None)] * axis, slice(start * each, stop * each))]


_noise = cache(lambda: np.random.default_rng(0).random(997, np.float32))


def other_rows(rows: Array, axis: int, noise: float) -> Array:
    """Return other rows, to try an operation with: one that mixes rows gives another result for them."""
    if rows.dtype.kind in "biu" and rows.size:
        count = rows.shape[axis]
        first = np.take(rows, [0] * count, axis)
        late = np.arange(count).reshape(-1, *[1] * (rows.ndim - 1 - axis)) >= count // 2
        return np.where(late, first, first ^ first.dtype.type(1) if noise else np.zeros_like(first))
    others = np.flip(rows, axis)
    if rows.dtype.kind != "f" or not noise:
        return others
    added = np.resize(_noise(), rows.size).reshape(rows.shape) * noise
    return (others * (1 - 2 * noise) + added).astype(rows.dtype)  # numbers from 0 to 1 stay there


def _is_close(a: Array, b: Array) -> bool:
    """Return whether arrays are equal up to the rounding of sums and products."""
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind != "f" or np.array_equal(a, b):
        return np.array_equal(a, b)
    tolerance = 1e3 * np.finfo(a.dtype).eps if a.dtype.itemsize > 2 else 1e-2
    scale = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    others = ~(np.abs(a - b) <= tolerance * scale)  # infinities, NaN or real differences
    return np.array_equal(a[others], b[others], equal_nan=True)


def _by_row(entry: Entry, known: Sequence[int | None], rows: int) -> _Row | None:
    """Return how an entry can be run in blocks of rows, found by trial on a few rows; None if it cannot.

    `known` has the axes of the inputs that are computed by row. Other arrays, such as a mask, may need to be cut too.
    """
    options: list[list[int | None]] = []
    for x, v, axis in zip(entry.inputs, entry.values, known, strict=True):
        may = axis is None and isinstance(v, np.ndarray) and not isinstance(x, Variable)
        options.append([axis, *(k for k, n in enumerate(v.shape) if n and not n % rows)] if may else [axis])
    for noise in (0.25, 0.0):  # a trial may refuse noise, in class numbers say; then rows only change places
        refused = True
        for axes, scaled in product(product(*options), (False, True)):
            row, few = _Row(axes, SUM, scaled), min(rows, 4)
            values = [_part(v, axis, rows, 0, few) for v, axis in zip(entry.values, axes, strict=True)]
            values = [v if axis is None else other_rows(v, axis, noise) for v, axis in zip(values, known, strict=True)]
            try:
                joined_along = _tried_axis(row, entry, values, few, rows)
            except (ValueError, TypeError, IndexError):  # as when an argument names a shape
                continue
            refused = False
            if joined_along is not None:
                return row._replace(axis=joined_along)
        if not refused:
            break
    return None


def _tried_axis(row: _Row, entry: Entry, values: Sequence[Any], few: int, rows: int) -> int | None:
    """Run an entry on `values`, of a few rows, and on their halves.

    Return the axis along which the results of the halves make up the whole, SUM if they add up to it, else None.
    """
    cuts = (0, few), (0, few // 2), (few // 2, few)
    results: list[Array] = []
    for start, stop in cuts:
        inputs = [_part(v, axis, few, start, stop) for v, axis in zip(values, row.axes, strict=True)]
        results.append(cast(Array, row.run(entry, (), inputs, (stop - start, rows)).output.array))
    whole, *parts = results
    if all(part.shape == whole.shape for part in parts) and whole.shape == entry.output.shape:
        return SUM if whole.dtype in ("float32", "float64") and _is_close(parts[0] + parts[1], whole) else None
    for axis, size in enumerate(whole.shape):
        sizes = (*whole.shape[:axis], size // few * rows, *whole.shape[axis + 1 :])
        halves = [_part(whole, axis, few, *cut) for cut in cuts[1:]]
        if not size % few and sizes == entry.output.shape and all(map(_is_close, parts, halves)):
            return axis
    return None


class _Plan:
    """The stages of a step, in turn on all rows and in blocks of rows: each entry is in the first one that it can be.

    Attributes:
        row: How each entry of a stage in blocks is run, by the id of its output.
        axis: The axis of the rows in each tensor that is computed by row, by id.
        stage: The stage that computes each tensor, by id. `stage % 2` is IN_BLOCKS, or WHOLE for one run on all rows.
        own: The entries of each stage.
        count: How many blocks there are.
        low: Large products of fewer rows are run whole, as is what is small behind them.
    """

    def __init__(self, entries: Sequence[Entry], inputs: Sequence[Tensor], rows: int) -> None:
        self.rows = rows
        two = any(e.op.stepwise or e.op.out_arrays or (e.op is ASSIGN and e.rest[0].trainable) for e in entries)
        sizes = [] if two else [cast(Array, entry.output.array).nbytes for entry in entries]
        most = max([0, *sizes, sum(sizes) // ALIVE])
        least = BLOCKS * max(1, min(most // BLOCK_BYTES, rows // 2) // BLOCKS)
        counts = range(least, 2 * least, BLOCKS)  # blocks of one size need half the memory
        self.count: int = next((count for count in counts if rows % count == 0), least)
        self.low: int = self.count * LEAST_ROWS
        self.axis: dict[int, int] = {id(x): 0 for x in inputs if x.ndim and len(cast(Array, x.array)) == rows}
        self.row: dict[int, _Row] = {}
        self.stage: dict[int, int] = {id(x): int(id(x) in self.axis) for x in inputs}
        self.own: dict[int, list[Entry]] = {}
        self.makers: dict[int, Entry] = {id(entry.output): entry for entry in entries}
        self._viewed: dict[int, Any] = {}  # what each view is a view of, by id
        self._written: dict[int, int] = {}
        """The last stage that wrote each variable, by id; at key 0 the last one that wrote unknown variables."""
        self._effects: int = 0
        self._latest: int = 0
        with np.errstate(all="ignore"):
            for entry in entries:
                self._add(entry)

    def is_view(self, x: Any) -> bool:
        """Return whether a tensor is a mere view, which each stage takes anew."""
        maker = self.makers.get(id(x))
        return maker is not None and maker.op.view and (id(x) in self.row or id(maker.inputs[0]) not in self.axis)

    def _add(self, entry: Entry) -> None:
        """Decide how an entry is run, and in which stage."""
        key, op, acts = id(entry.output), entry.op, entry.op.effect or entry.op.draws
        known = [self.axis.get(id(x)) for x in entry.inputs]
        # A product that sums over rows to many numbers is not cut, see SUMMED, nor are short steps of a sequence.
        alone = multiplications(entry) > 0 and entry.output.size > SUMMED and known[0] == entry.values[0].ndim - 1
        alone |= acts or (op.stepwise and prod(entry.output.shape[1:]) < BLOCKS * STEP_SIZE)
        before = [self.stage.get(id(x), 0) for x in entry.inputs]
        whole = max(before, default=0) % 2 == WHOLE and cost_of([entry]) < BLOCKS * STEP_SIZE
        row = None if alone or all(axis is None for axis in known) else _by_row(entry, known, self.rows)
        if multiplications(entry) >= PART_WORK and row is not None and row.axis != SUM:
            whole |= entry.output.size < self.low * prod(entry.output.shape[1:][-1:])
        last_wins = op.view or op.name == "scatter_update"  # where the last value written counts, not a sum
        vast = not multiplications(entry) and entry.output.size > sum(map(np.size, entry.values))  # and so is each part
        if row is not None and not (row.axis == SUM and (last_wins or vast or self.count > BLOCKS)):
            if not whole:
                self.row[key] = row
            if row.axis != SUM:
                self.axis[key] = row.axis
        if self.is_view(entry.output):
            self.stage[key] = self.stage.get(id(entry.inputs[0]), 0)
            self._viewed[key] = self._viewed.get(id(entry.inputs[0]), entry.inputs[0])
            return
        variables = [v for x in entry.inputs if isinstance(v := self._viewed.get(id(x), x), Variable)]
        before += [self._written.get(place, 0) for v in variables for place in (id(v), 0)]
        if acts:  # an effect comes after everything that may read what it changes
            before.append(self._latest if op.effect else self._effects)
        kind = IN_BLOCKS if key in self.row else WHOLE
        stage = max((n if n % 2 == kind else n + 1 for n in before), default=kind)
        self._latest = max(self._latest, stage)
        if acts:
            self._effects = stage
        if op.effect:
            self._written[id(entry.rest[0]) if op is ASSIGN else 0] = stage
        self.stage[key] = stage + (kind == IN_BLOCKS and self.row[key].axis == SUM)
        self.own.setdefault(stage, []).append(entry)


class _Block(NamedTuple):
    """A block of a stage: its rows, its inputs (arrays, or places and axes of the step's inputs) and its program."""

    cut: tuple[int, int]
    sources: list[tuple[Any, int | None]]
    program: Program


class BlockProgram(Program):
    """A `Program` that runs in blocks of rows, of inputs with as many as the first; `usable` if that is quicker."""

    @one_thread
    def __init__(self, recorded: list[Entry], inputs: Sequence[Tensor], outputs: Any, reuse: bool = False) -> None:
        self._start(outputs, True, True)
        self._settled = settle(recorded, outputs) if reuse else {}
        """Arrays of effects, by the id of what an earlier stage may write there."""
        entries, outputs = simplified(recorded, outputs)
        self._reuse = reuse
        rows = self._rows = len(cast(Array, inputs[0].array))
        self._plan = plan = _Plan(entries, inputs, rows)
        by_row = cost_of(entry for entry in entries if id(entry.output) in plan.row)
        stages = sum(n % 2 == IN_BLOCKS for n in plan.own)
        self.usable: bool = stages > 0 and by_row >= stages * BLOCK_COST
        if not self.usable:
            return
        self._cuts = [*pairwise(rows * k // plan.count for k in range(plan.count + 1))]
        self._inputs = {id(x): i for i, x in enumerate(inputs)}
        self._arrays: dict[int, Array] = {}
        """Arrays that go from one stage to another, by id."""
        self._sums: dict[int, list[Array]] = {}
        """The sum over rows of each block, by id of the whole sum."""
        self._wanted: dict[int, dict[int, Tensor]] = {}
        """The tensors of each stage that other stages need."""
        self._stages: list[list[_Block]] = []
        last = max(plan.own) + (max(plan.own) % 2 == IN_BLOCKS)  # all rows, as that stage gives the outputs
        for n in range(last, -1, -1):
            if n in (*plan.own, *self._wanted, last):
                stage = self._blocks(n) if n % 2 == IN_BLOCKS else self._whole(n, outputs if n == last else ())
                self._stages.insert(0, stage)
        self._last: Program = self._stages[-1][0].program
        arrays = chain(self._arrays.values(), *self._sums.values())
        self.size = sum(part.size for part in chain(*self.parts())) + sum(array.nbytes for array in arrays)
        del self._plan, self._wanted, self._settled

    def _collect(self, number: int, outputs: Any) -> tuple[list[Entry], dict[tuple[int, int | None], Any]]:
        """Return the entries of a stage, in order, and what it takes from others, by id and axis of the rows."""
        plan, needs = self._plan, dict[tuple[int, int | None], Any]()
        rest = [*plan.own.get(number, ())]
        found = {id(entry.output) for entry in rest}

        def need(x: Any, value: Any, axis: int | None) -> None:
            key, maker = id(x), plan.makers.get(id(x))
            whole = axis is None or key in plan.row  # a view that is found may be of all rows
            if (key in found and whole) or (key in self._sums and plan.stage[key] == number):
                return
            if maker is not None and plan.is_view(x) and whole:
                found.add(key)
                rest.append(maker)
            elif maker is not None or key in self._inputs:
                if value is None or value is not self._settled.get(key):  # which the effect itself has
                    needs[key, axis] = x
                if maker is not None:
                    self._wanted.setdefault(plan.stage[key], {})[key] = x
                    self._arrays.setdefault(key, self._settled.get(key, array_for(maker, self._reuse)))
            elif axis is not None and value.size and (value != value.flat[0]).any():  # a constant of different numbers
                needs[key, axis], self._arrays[key] = x, value

        for x in (*self._wanted.get(number, {}).values(), *leaves(outputs)):
            if isinstance(x, Tensor):
                need(x, None, None)
        while rest:
            entry = rest.pop()
            row = plan.row.get(id(entry.output)) if number % 2 == IN_BLOCKS else None
            axes = row.axes if row is not None else (None,) * len(entry.inputs)
            for x, value, axis in zip(entry.inputs, entry.values, axes, strict=True):
                if not isinstance(x, Variable):
                    need(x, value, axis)
        return [entry for key, entry in plan.makers.items() if key in found], needs

    def _whole(self, number: int, outputs: Any) -> list[_Block]:
        """Return a stage that is run on all rows at once, as a single block."""
        sums = []
        for entry in self._plan.own.get(number - 1, ()):
            if self._plan.row[id(entry.output)].axis == SUM:
                y = cast(Array, entry.output.array)
                both = self._sums[id(entry.output)] = [np.empty_like(y) for _ in range(BLOCKS)]
                sums.append(Entry(vars(NUMPY_OPS["add"])["op"], [*map(Tensor, both)], both, (), {}, entry.output))
        entries, needs = self._collect(number, outputs)
        stores = [(x, Tensor(self._arrays[key])) for key, x in self._wanted.get(number, {}).items()]
        own = [*chain.from_iterable(entry.inputs for entry in sums), *(store for _, store in stores)]
        program = Program([*sums, *entries, *starmap(keep, stores)], [*needs.values(), *own], outputs)
        return [self._placed(needs, (0, self._rows), own, program)]

    def _blocks(self, number: int) -> list[_Block]:
        """Return the blocks of a stage. Those of one size that a thread runs in turn share a program."""
        plan, rows, programs = self._plan, self._rows, dict[tuple[int, int], Program]()
        entries, needs = self._collect(number, ())
        sums = [entry.output for entry in plan.own.get(number, ()) if id(entry.output) in self._sums]
        kept = self._wanted.get(number, {}).values()
        blocks = []
        for k, cut in enumerate(self._cuts):
            stores = [(x, Tensor(_part(self._arrays[id(x)], plan.axis[id(x)], rows, *cut))) for x in kept]
            stores += [(x, Tensor(self._sums[id(x)][k])) for x in sums]
            key = k % BLOCKS, cut[1] - cut[0]
            program = programs[key] = programs.get(key) or self._for_block(entries, needs, cut, stores)
            blocks.append(self._placed(needs, cut, [store for _, store in stores], program))
        return blocks

    def _placed(self, needs: Iterable[tuple[int, int | None]], cut: tuple[int, int], own: Iterable[Tensor],
                program: Program) -> _Block:  # fmt: skip
        """Return a block, with its parts of the step's inputs and of other stages' results, and arrays of its own."""
        places, arrays, rows = self._inputs, self._arrays, self._rows
        sources = [(places[key], axis) if key in places else (_part(arrays[key], axis, rows, *cut), None)
                   for key, axis in needs]  # fmt: skip
        return _Block(cut, [*sources, *((x.array, None) for x in own)], program)

    def _for_block(self, entries: Sequence[Entry], needs: dict[tuple[int, int | None], Any], cut: tuple[int, int],
                   stores: Sequence[tuple[Tensor, Tensor]]) -> Program:  # fmt: skip
        """Return a program for a block, tried at once: where it differs from the record, nothing is `usable`."""
        taken = {key: Tensor(_part(getattr(x, "array", x), key[1], self._rows, *cut)) for key, x in needs.items()}
        made: dict[int, Tensor] = {}
        parts = []
        for entry in entries:
            row = self._plan.row.get(id(entry.output)) or _Row((None,) * len(entry.inputs), SUM, False)
            inputs, values = list[Any](), list[Any]()
            for x, value, axis in zip(entry.inputs, entry.values, row.axes, strict=True):
                part = taken.get((id(x), axis), made.get(id(x)))
                inputs.append(x if part is None else part)
                values.append(_part(value, axis, self._rows, *cut) if part is None else part.array)
            parts.append(row.run(entry, inputs, values, (cut[1] - cut[0], self._rows)))
            y = made[id(entry.output)] = parts[-1].output
            if row.axis != SUM:
                want = _part(entry.output.array, row.axis, self._rows, *cut)
                self.usable &= _is_close(cast(Array, y.array), want)
        parts += [keep(made[id(x)], store) for x, store in stores]
        return Program(parts, [*taken.values(), *(store for _, store in stores)], (), reuse=True)

    def parts(self) -> list[list[Program]]:
        return [[*dict.fromkeys(block.program for block in stage)] for stage in self._stages]

    def run(self, inputs: Iterable[Array]) -> None:
        arrays = [*inputs]
        for stage in self._stages:
            run_all([partial(self._run_blocks, arrays, stage[k::BLOCKS]) for k in range(min(BLOCKS, len(stage)))])

    def _run_blocks(self, inputs: Sequence[Array], blocks: Sequence[_Block]) -> None:
        for cut, sources, program in blocks:
            program.run(_part(inputs[at], axis, self._rows, *cut) if type(at) is int else at for at, axis in sources)

    def outputs(self) -> Any:
        return self._last.outputs()

    def finish(self) -> Any:
        return self._last.finish()


def may_gain(entries: Sequence[Entry], inputs: Sequence[Tensor]) -> bool:
    """Return whether blocks of rows may be quicker: with enough work for each call, and not in products alone."""
    rows = len(cast(Array, inputs[0].array)) if inputs and inputs[0].ndim else 1
    products = sum(n for n in map(multiplications, entries) if n >= PART_WORK) * any(e.op.effect for e in entries)
    least = max(BLOCKS * BLOCK_COST, CALL_COST * len(entries), (1 + OTHERS) * products // 32)
    return rows >= 2 * BLOCKS and cost_of(entries) >= least
