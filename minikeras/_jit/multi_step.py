"""A traced step, replayed for many batches in a row.

What depends on the data alone is computed for all batches beforehand, and what only the reported numbers need is
computed for all of them afterwards. Between, each step does what training needs and nothing else. The numbers are those
of single steps to the last bit: an operation is done for many batches at once only if a trial shows that it treats each
row by itself.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, TypeAlias, cast

import numpy as np

from .._base.nested import leaves
from .._base.typing import Array
from .._core.op import Entry
from .._core.tensor import Tensor
from .._core.variable import ASSIGN, Variable
from .._serialization.configurable import is_built_in
from .blocks import other_rows
from .program import Program
from .trace import keep, simplified

Stretch: TypeAlias = list[Any]
"""Many batches of one shape: for each array of a batch, the sequence of these arrays."""

LONGEST = 64
"""The largest number of batches in a stretch."""
MAX_STACKED_BYTES = 1 << 13
"""The most bytes a batch of what is computed for many batches at once, or kept for that."""


class MultiStep:
    """Replays a recorded step for many batches; `usable` if that gains anything.

    All inputs have the same number of rows. `stacked` says for each whether all batches of it come as one array.
    """

    def __init__(self, recorded: list[Entry], inputs: Sequence[Tensor], outputs: Any, stacked: Sequence[bool]) -> None:
        entries, outputs = simplified(recorded, outputs)
        self._rows: int = len(cast(Array, inputs[0].array))
        self._made = {id(x) for x in inputs} | {id(entry.output) for entry in entries}
        self._stacked: list[tuple[int, int]] = [(i, id(x)) for i, x in enumerate(inputs) if stacked[i]]
        joined = {key for _, key in self._stacked}
        self._before: list[Entry] = self._by_row(entries, joined)
        rest = [entry for entry in entries if id(entry.output) not in joined]
        late = _late(rest, lambda x: id(x) in joined or id(x) not in self._made or self._is_few(x))
        steps = [entry for entry in rest if id(entry.output) not in late]
        afterwards = [entry for entry in rest if id(entry.output) in late]
        needs = {id(x): x for x in [*_inputs(afterwards), *leaves(outputs)] if id(x) in self._made}
        results = [x for key, x in needs.items() if key not in joined and key not in late]
        self.usable: bool = bool(late or joined) and all(map(self._is_few, results))
        if not self.usable:
            return
        early = {id(x): x for x in _inputs(steps) if id(x) in joined and all(x is not y for y in inputs)}
        self._early = list(early)
        """Ids of tensors that are computed beforehand and used in the steps."""
        self._kept: list[tuple[int, Array, list[Array]]] = []
        """Tensors that the steps keep for afterwards: id, an array for all batches, and its part for each."""
        stores = []
        for x in results:
            store = np.empty((LONGEST, *x.shape), x.dtype)
            self._kept.append((id(x), store, [store[i, ...] for i in range(LONGEST)]))
            stores.append(Tensor(store[0, ...]))
            place = next((i + 1 for i, entry in enumerate(steps) if entry.output is x), 0)
            steps.insert(place, keep(x, stores[-1]))
        self._steps = Program(steps, [*inputs, *early.values(), *stores], ())
        joined |= {id(x) for x in results if x.ndim}
        self._after: list[Entry] = self._by_row(afterwards, joined)
        report = [entry for entry in afterwards if id(entry.output) not in joined]
        known = joined | {id(x) for x in results}
        reads = {id(x): x for x in [*_inputs(report), *leaves(outputs)] if id(x) in known}
        self._reads = list(reads)
        """Ids of tensors that the report of each step needs."""
        self._report = Program(report, [*reads.values()], outputs)

    def _is_few(self, x: Tensor) -> bool:
        """Return whether a tensor is one number, or has a few numbers a row, in C order."""
        a = cast(Array, x.array)
        return not a.ndim or (len(a) == self._rows and a.nbytes <= MAX_STACKED_BYTES and a.flags.c_contiguous)

    def _by_row(self, entries: Iterable[Entry], joined: set[int]) -> list[Entry]:
        """Return the entries that can be run for many batches at once. Their results are added to `joined`."""
        by_row = []
        for entry in entries:
            rows = [id(x) in joined for x in entry.inputs]
            ready = all(a or id(x) not in self._made for a, x in zip(rows, entry.inputs, strict=True))
            if any(rows) and ready and self._is_few(entry.output) and _treats_rows_alike(entry, rows):
                by_row.append(entry)
                joined.add(id(entry.output))
        return by_row

    def run(self, stretch: Stretch) -> Callable[[], Any]:
        """Do the step for each batch. Return a function that gives the outputs of the last one, as `Jit.step` does.

        NumPy's warnings must be off.
        """
        count, rows = stretch[0].shape[0], self._rows
        joined = {key: stretch[i].reshape(-1, *stretch[i].shape[2:]) for i, key in self._stacked}
        _compute(self._before, joined)
        early = [joined[key].reshape(count, rows, *joined[key].shape[1:]) for key in self._early]
        for step in zip(*stretch, *early, *(stores for _, _, stores in self._kept), strict=False):
            self._steps.run(step)
        joined |= {key: store[:count].reshape(-1, *store.shape[2:]) for key, store, _ in self._kept}
        _compute(self._after, joined)
        numbers = {key: stores[:count] for key, store, stores in self._kept if store.ndim == 1}
        reads = [numbers[key] if key in numbers else joined[key].reshape(count, rows, *joined[key].shape[1:])
                 for key in self._reads]  # fmt: skip
        for step in zip(*reads, strict=True) if reads else repeat((), count):
            self._report.run(step)
        return self._report.outputs


def _inputs(entries: Iterable[Entry]) -> list[Any]:
    return [x for entry in entries for x in entry.inputs]


def _compute(entries: Iterable[Entry], arrays: dict[int, Array]) -> None:
    """Run entries on `arrays`, which are by id, and add the results."""
    for entry in entries:
        values = [arrays.get(id(x), value) for x, value in zip(entry.inputs, entry.values, strict=True)]
        arrays[id(entry.output)] = entry.op.replay(*values, *entry.rest, **entry.kwargs)


def _late(entries: Sequence[Entry], fits: Callable[[Any], bool]) -> set[int]:
    """Return the ids of results that can wait until all steps are done. `fits` tells which tensors can be kept.

    Only a metric's variables can be assigned later: an update reads others, and a user's code in it may read any.
    """
    used = [entry.kwargs["optimizer"] for entry in entries if entry.op.out_arrays]
    used += [optimizer.inner_optimizer for optimizer in used if hasattr(optimizer, "inner_optimizer")]
    ours = all(map(is_built_in, [*used, *(optimizer._learning_rate for optimizer in used)]))
    kept = {id(e.rest[0]) for e in entries if e.op is ASSIGN and ours and e.rest[0].synchronization == "on_read"}
    needs: set[int] = set()
    while True:  # until the steps need nothing more
        count, late = len(needs), set[int]()
        for entry in reversed(entries):
            variables = {id(x) for x in (*entry.inputs, *entry.rest) if isinstance(x, Variable)}
            acts = entry.op.draws or (entry.op.effect and entry.op is not ASSIGN)
            if acts or id(entry.output) in needs or not variables <= kept - needs:
                needs.update(variables, map(id, entry.inputs))
            else:
                late.add(id(entry.output))
        needs |= {id(e.output) for e in entries if not all(id(x) in late or fits(x) for x in e.inputs)}
        if len(needs) == count:
            return late


def _treats_rows_alike(entry: Entry, by_row: Sequence[bool]) -> bool:
    """Return whether an operation on several batches at once gives what it gives for each, to the last bit."""
    if entry.op.effect or entry.op.draws or any(isinstance(x, Variable) for x in entry.inputs):
        return False
    one = entry.values
    two = [other_rows(v, 0, 0.25) if rows else v for v, rows in zip(one, by_row, strict=True)]
    all_four = [np.concatenate([a, b, a, a]) if rows else a for a, b, rows in zip(one, two, by_row, strict=True)]
    try:
        with np.errstate(all="ignore"):
            runs = (one, two, all_four)
            first, second, joined = (np.asarray(entry.op.replay(*x, *entry.rest, **entry.kwargs)) for x in runs)
        each = np.concatenate([first, second, first, first])
    except (ValueError, TypeError, IndexError):  # an argument names a shape, or a result has no axes
        return False
    return each.shape == joined.shape and each.tobytes() == joined.tobytes()
