"""When a program is run: once inputs of the same shapes come again; the function itself before."""

import random
from collections.abc import Callable
from itertools import chain
from operator import le
from threading import RLock
from typing import Any, cast

import numpy as np

from .._base.nested import leaves, make_room, map_structure
from .._base.pool import lock_owners
from .._base.typing import Array
from .._base.user_warning import warn_user
from .._core.op import Entry
from .._core.ownership import Changes
from .._core.tensor import Tensor, TensorOps, recorders
from .blocks import BlockProgram, may_gain
from .codegen import multiplications
from .multi_step import MultiStep, Run
from .program import Program
from .trace import Trace, sketch, trace

PROGRAMS_KEPT, SMALL_KEPT = 8, 128
"""How many input shapes a function keeps programs for: in any case, and if all programs are small."""
PROGRAM_BYTES = 1 << 25
"""The buffers of all small programs together, and those of a program for predictions, take no more bytes."""
MULTI_STEP_BYTES, SMALL = 1 << 20, 1 << 21
"""Steps with larger buffers, or more multiplications in a product, take so long that a run of them gains nothing."""
ROWS = 4096
"""The number of rows beyond which a matrix product gains nothing."""
MIN_STEPS = 4
"""The number of batches from which on a run is replayed as one."""
WHOLE_STEPS = 16
"""Steps before those on many numbers are run in blocks of rows, which take as long to find as some ten steps."""
WARMUP_STEPS = 1024
"""Steps in runs before a multi-step is made, which takes as long as some thousand steps save."""


class Jit:
    """Runs a function from tensors to tensors, or structures of them: eagerly the first time, then by program.

    A function that looks at values in Python, or draws from the random streams of Python or NumPy, has no program.

    Args:
        may_replay: Returns whether a replay has the effects that a run has.
        limit: Bytes of buffers beyond which a program is not kept, None for no limit.
        twice: Given for a function that has effects. Returns whether two runs must have done the same before there is
            a program: code of the user's may not do so, if it counts in a list or draws from its own generator.
        waits: Whether a further kind of inputs runs plainly at first, for it may come but once.
    """

    def __init__(self, function: Callable[[Any], Any], may_replay: Callable[[], bool], limit: int | None = None,
                 twice: Callable[[], bool] | None = None, waits: bool = True) -> None:  # fmt: skip
        self._function, self._may_replay = function, may_replay
        self._limit, self._has_effects, self._waits = limit, twice is not None, waits
        self._must_agree_twice: Callable[[], bool] = twice or (lambda: False)
        self._fingerprints: dict[Any, Any] = {}
        """The fingerprint of the first run of each kind, None of one that was not recorded."""
        self._whole: list[tuple[int, ...]] = []
        """The shapes of inputs whose program is one whole: others with no axis longer have no blocks of rows either."""
        self._programs: dict[Any, Program] = {}
        self._multi_steps: dict[Any, MultiStep | tuple[list[Entry], list[Tensor], Any] | None] = {}
        """What replays runs of batches; the record that a small program was made of until one comes."""
        self._warmup: int = WARMUP_STEPS
        self._ripe: set[Any] = set()
        """Kinds of inputs that have come so often that finding blocks of rows pays."""
        self.lock = RLock()  # a step may run another one
        lock_owners.add(self)
        self._last: tuple[Any, Program] | None = None
        """The last run of `step`: shapes and dtypes of a flat tuple of arrays, and the program."""

    def find(self, x: Array) -> Program | None:
        """Return the program for an input of this shape and dtype, None if there is none or a layer has changed."""
        return self._current((x.shape, x.dtype))

    def _current(self, key: Any) -> Program | None:
        program = self._programs.get(key)
        return program if program is not None and program.structure == Changes.layers else None

    def run(self, inputs: Any) -> Any:
        """Return the outputs for an array, or a structure of arrays, as arrays that are the caller's to keep."""
        key = _key(inputs)
        program = self._current(key)
        return _as_arrays(self._first_run(inputs, key)) if program is None else self.replay(program, inputs)

    def replay(self, program: Program, inputs: Any) -> Any:
        """Run a program, or the function itself while another thread runs the program."""
        if not program.lock.acquire(blocking=False):
            return _as_arrays(self._function(to_tensors(inputs)))
        try:
            return program.call([inputs] if isinstance(inputs, np.ndarray) else _present(inputs))
        finally:
            program.lock.release()

    def step(self, inputs: Any) -> Callable[[], Any]:
        """Run for the effects, and return a function that gives the outputs until the next run.

        It may leave the last inputs alive, and expects that NumPy's warnings are off. Threads take turns; one that
        wants the outputs of its own run holds the lock until it has them.
        """
        with self.lock:
            program = self._latest(inputs)
            if program is None:
                key = _key(inputs)
                program = self._current(key)
                if program is not None and program.steps_left == 1:
                    self._ripe.add(key)
                    vars(self._programs.pop(key)).clear()  # its buffers go now, though somebody may hold its `outputs`
                    self._last = program = None
                if program is None:
                    outputs, self._last = self._first_run(inputs, key), None
                    return lambda: _as_arrays(outputs)
                self._last = ([(x.shape, x.dtype) for x in inputs], program) if _is_flat(inputs) else None
            program.steps_left -= 1
            program.run(_present(inputs) if self._last is None else inputs)
            return program.outputs

    def run_all(self, run: Run) -> Callable[[], Any] | None:
        """Run as `step` does for each batch of a run; None, and nothing is run, where that is not quicker."""
        if not hasattr(run[0], "shape") or run[0].shape[0] < MIN_STEPS:
            return None
        key = (tuple, *((rows.shape[1:], rows.dtype) for rows in run))
        with self.lock:
            multi_step = None if self._current(key) is None else self._multi_steps.get(key)
            if isinstance(multi_step, tuple):
                if self._warmup > 0:
                    self._warmup -= len(run[0])
                    return None
                multi_step = MultiStep(*multi_step, [isinstance(rows, np.ndarray) for rows in run])
                self._multi_steps[key] = multi_step = multi_step if multi_step.usable else None
            if multi_step is None:
                return None
            multi_step.run(run)
            return multi_step.outputs

    def _latest(self, inputs: Any) -> Program | None:
        """Return the program of the last step, if it serves these inputs: quicker than to look it up."""
        if self._last is None or type(inputs) is not tuple:
            return None
        shapes, program = self._last
        if len(shapes) != len(inputs) or program.structure != Changes.layers or program.steps_left == 1:
            return None
        for x, (shape, dtype) in zip(inputs, shapes, strict=True):
            if type(x) is not np.ndarray or x.shape != shape or x.dtype is not dtype:
                return None
        return program

    def note_kind(self, inputs: Any) -> bool:
        """Note a further kind of inputs; return whether it waits: new since a layer changed, and without blocks."""
        key = _key(inputs)
        if self._fingerprints.get(key, (None,))[0] == Changes.layers or not _within(inputs, self._whole):
            return False
        self._remember(key, None)  # it may come but once
        return True

    def _first_run(self, inputs: Any, key: Any) -> Any:
        """Run the function, keep a program of what it did if that can be replayed, and return the outputs."""
        tensors = to_tensors(inputs)
        if recorders.open or not self._may_replay() or self.note_kind(inputs):
            return self._function(tensors)
        version, streams = Changes.layers, _random_streams()
        outputs, record = trace(self._function, tensors)
        fixed = not record.escaped and streams == _random_streams() and version == Changes.layers
        if not fixed or not self._is_settled(record, key):
            return outputs
        made = sum(cast(Array, entry.output.array).nbytes for entry in record.entries)
        small = made <= 4 * MULTI_STEP_BYTES and max(map(multiplications, record.entries), default=0) < SMALL
        program = self._compiled(record.entries, _present(tensors), outputs, key, small)
        if self._limit is not None and program.size > self._limit:
            return outputs
        for old in (key, *self._to_drop(program.size)):  # other threads may drop some as well
            self._programs.pop(old, None)
            self._multi_steps.pop(old, None)
        if isinstance(program, BlockProgram) and not self._has_effects:  # the same numbers as from the next run on
            outputs = program.call(_present(inputs))
        self._programs[key] = program  # from here on other threads run it
        whole = not isinstance(program, BlockProgram) and program.steps_left <= 0
        if whole and self._waits and not _within(inputs, self._whole):
            self._whole = [x.shape for x in _present(inputs)]
        if self._has_effects and small and whole and program.size <= MULTI_STEP_BYTES and _is_flat(inputs):
            make_room(self._multi_steps, PROGRAMS_KEPT)
            self._multi_steps[key] = record.entries, leaves(tensors), outputs
        return outputs

    def _to_drop(self, room: int) -> list[Any]:
        """Return the kinds of inputs whose programs are out of date, or must make room for another of `room` bytes."""
        programs = [*self._programs.items()]
        sizes = {key: program.size for key, program in programs if program.structure == Changes.layers}
        most = SMALL_KEPT if room + sum(sizes.values()) <= PROGRAM_BYTES else PROGRAMS_KEPT
        newest = {*[*sizes][1 - most :]}
        return [key for key, _ in programs if key not in newest]

    def _compiled(self, entries: list[Entry], inputs: list[Tensor], outputs: Any, key: Any, small: bool) -> Program:
        """Return a program: in blocks of rows where that is quicker and worth finding out, or for all rows at once."""
        large, reuse = may_gain(entries, inputs), not small and self._has_effects and not self._must_agree_twice()
        if large and (key in self._ripe or not self._has_effects):
            self._ripe.discard(key)
            if (blocks := BlockProgram(entries, inputs, outputs, reuse)).usable:
                return blocks
            large = False
        program = Program(entries, inputs, outputs, reuse)
        program.steps_left = WHOLE_STEPS * large
        return program

    def _is_settled(self, record: Trace, key: Any) -> bool:
        """Return whether a run did what the one before did; where that matters, what it did is kept for the next."""
        if not self._has_effects or not (self._programs or self._must_agree_twice()):  # a second kind may come but once
            return True
        fingerprint, (version, before) = record.fingerprint(), self._fingerprints.pop(key, (None, None))
        is_current = version == Changes.layers
        if is_current and (before == fingerprint or (before is None and not self._must_agree_twice())):
            return True
        if is_current and self._programs and before is not None:
            warn_user("A step computes otherwise than before, from values that have changed, while steps on inputs of "
                      "other sizes are replayed as they were. Hold such values in a Variable, or use "
                      "`run_eagerly=True`.")  # fmt: skip
        self._remember(key, fingerprint)
        return False

    def _remember(self, key: Any, fingerprint: Any) -> None:
        make_room(self._fingerprints, SMALL_KEPT)
        self._fingerprints[key] = Changes.layers, fingerprint

    def rows_at_once(self, x: Any) -> int:
        """Return how many rows to run together where batches like x may be joined: larger products are faster."""
        program = self.find(x) if isinstance(x, np.ndarray) else None
        most = PROGRAM_BYTES // (2 if isinstance(program, BlockProgram) else 1)  # other rows make other blocks
        return 0 if program is None else min(ROWS, most * len(x) // max(1, program.size))


def to_tensors(inputs: Any) -> Any:
    """Return inputs as tensors, None where one that is optional is absent."""
    return map_structure(lambda x: None if x is None else Tensor(x), inputs)


def _present(inputs: Any) -> list[Any]:
    return [x for x in leaves(inputs) if x is not None]


def _within(inputs: Any, most: list[tuple[int, ...]]) -> bool:
    """Return whether there are shapes, and inputs have their ranks and no longer axis."""
    shapes = [x.shape for x in _present(inputs)]
    same_ranks = [*map(len, shapes)] == [*map(len, most)]
    return bool(most) and same_ranks and all(map(le, chain(*shapes), chain(*most)))


def _as_arrays(outputs: Any) -> Any:
    return map_structure(lambda y: y.numpy_view().copy("K") if isinstance(y, TensorOps) else y, outputs)


def _is_flat(inputs: Any) -> bool:
    return type(inputs) is tuple and all(type(x) is np.ndarray for x in inputs)


def _key(inputs: Any) -> Any:
    """Return what inputs must share to be run by one program: structure, shapes and dtypes."""
    if isinstance(inputs, np.ndarray):
        return inputs.shape, inputs.dtype
    if isinstance(inputs, dict):
        return tuple((name, _key(value)) for name, value in inputs.items())
    return (type(inputs), *map(_key, inputs)) if isinstance(inputs, list | tuple) else inputs


def _random_streams() -> tuple[Any, ...]:
    """Return the state of the random streams that a program knows nothing of."""
    return random.getstate(), sketch(np.random.get_state(legacy=False))  # noqa: NPY002 - which user code may draw from
