"""Decides when a function is run, and when the program that replays it: once inputs of the same shapes come again."""

import random
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from .._base.context import context
from .._base.nested import leaves, make_room, map_present, map_structure, present
from .._base.pool import Turns
from .._base.typing import Array
from .._base.user_warning import warn_user
from .._core.op import Entry
from .._core.ownership import Changes
from .._core.tensor import Tensor, TensorOps, recorders
from .blocks import BlockProgram, may_gain
from .codegen import multiplications
from .multi_step import MultiStep, Stretch
from .program import Program
from .trace import Trace, sketch, trace

PROGRAMS_KEPT, SMALL_KEPT = 8, 128  # for how many input shapes programs are kept: in any case, and if all are small
PROGRAM_BYTES = 1 << 25  # most bytes of buffers: of all small programs together, of one for predictions of joined rows
MULTI_STEP_BYTES, SMALL = 1 << 20, 1 << 21  # bytes of buffers, multiplications in a product: longer steps gain nothing
ROWS = 4096  # more rows than these make a matrix product no faster
MIN_STEPS = 4  # the least number of batches that a multi-step replays
WHOLE_STEPS = 16  # how many large steps run before blocks of rows are looked for, which takes as long as some ten
MOST_ESCAPES = 64  # how many runs that cannot be replayed are recorded in a row, which takes some five times as long
WAIT = 32.0  # how many runs of a kind are eager after its program gave way to others: making one takes some ten
EAGER = float("inf")  # the same if its program was too large, or it is one more that cannot be replayed
WARMUP_STEPS = 1024  # how many are run before a multi-step is made, which costs what it saves in some thousand


class Jit(Turns):
    """Runs a function of tensors, or structures of them: eagerly the first time, by a program from then on.

    Inputs are of one kind if they have one structure and the same shapes and dtypes. A kind begins in `_fingerprints`,
    by an eager run, and goes on to `_programs` by a recorded one. From there a small step goes on to `_multi_steps`. A
    large one is run whole for a while; then it is `_ripe`, and is made anew in blocks of rows if these pay.

    A function that looks at values in Python, or draws from the random streams of Python or NumPy, gets no program.

    Args:
        may_replay: Returns whether a replay has all the effects of a run.
        limit: A program with more bytes of buffers is not kept; None for no limit.
        must_agree: Only for a function with effects. Returns whether two runs must do the same before a program is
            made, as with a user's code: it may count in a list, or draw from a generator of its own.
        waits: Whether inputs of a new kind run eagerly once more, because they may never come again.
    """

    def __init__(self, function: Callable[[Any], Any], may_replay: Callable[[], bool], limit: int | None = None,
                 must_agree: Callable[[], bool] | None = None, waits: bool = True) -> None:  # fmt: skip
        super().__init__()
        self._function, self._may_replay = function, may_replay
        self._limit, self._has_effects, self._waits = limit, must_agree is not None, waits
        self._must_agree: Callable[[], bool] = must_agree or (lambda: False)
        self._fingerprints: dict[Any, Any] = {}
        """For each kind of inputs the first run's fingerprint, None if not recorded; or how many more are eager."""
        self._largest: list[tuple[int, ...]] = []
        """Shapes with a program (without effects: one without blocks of rows). No larger ones may come but once."""
        self._programs: dict[Any, Program] = {}
        self._multi_steps: dict[Any, MultiStep | tuple[list[Entry], list[Tensor], Any] | None] = {}
        """What replays many batches; before there is one, the record that it is made from."""
        self._warmup: int = WARMUP_STEPS
        self._escapes: int = 0
        self._ripe: set[Any] = set()

    def find(self, kind: Any) -> Program | None:
        """Return the program for inputs of a kind, see `key_of`; None if there is none, or a layer has changed."""
        program = self._programs.get(kind)
        return program if program is not None and program.made_at == Changes.layers else None

    def run(self, inputs: Any) -> Any:
        """Return the outputs for an array, or a structure of arrays, as arrays that the caller may keep."""
        program = self.find(key := key_of(inputs))
        return _as_arrays(self.first_run(inputs, key)) if program is None else self.replay(program, inputs)

    def replay(self, program: Program, inputs: Any) -> Any:
        """Run a program, or the function itself if another thread is running the program."""
        if not (lock := program.lock).acquire(blocking=False):  # in a forked process `program` gets another one
            return _as_arrays(self._function(map_present(Tensor, inputs)))
        try:
            return program.call([inputs] if isinstance(inputs, np.ndarray) else present(inputs))
        finally:
            lock.release()

    def step(self, inputs: Any) -> Callable[[], Any]:
        """Run for the effects. Return a function that gives the outputs, which may be called until the next run.

        NumPy's warnings must be off. The inputs may stay alive until the next run. Threads take turns: one that wants
        the outputs of its own run holds the lock until it has them.
        """
        with self.lock:
            program = self.find(key := key_of(inputs))
            if program is not None and program.steps_left == 1:
                self._ripe.add(key)
                vars(self._programs.pop(key)).clear()  # free its buffers now, even if somebody holds its `outputs`
                program = None
            if program is None:
                outputs = self.first_run(inputs, key)
                return lambda: _as_arrays(outputs)
            program.steps_left -= 1
            program.run(present(inputs))
            return program.outputs

    def run_all(self, stretch: Stretch) -> Callable[[], Any] | None:
        """Do as many `step`s as there are batches. Where that is not quicker at once, run nothing and return None."""
        if not hasattr(stretch[0], "shape") or stretch[0].shape[0] < MIN_STEPS:
            return None
        key = (tuple, *((rows.shape[1:], rows.dtype) for rows in stretch))
        with self.lock:
            multi_step = None if self.find(key) is None else self._multi_steps.get(key)
            if isinstance(multi_step, tuple):
                if self._warmup > 0:
                    self._warmup -= len(stretch[0])
                    return None
                multi_step = MultiStep(*multi_step, [isinstance(rows, np.ndarray) for rows in stretch])
                self._multi_steps[key] = multi_step = multi_step if multi_step.usable else None
            return None if multi_step is None else multi_step.run(stretch)

    def note_kind(self, inputs: Any) -> bool:
        """Note the kind; return whether to run it eagerly: new and small or one of many, or no program is to be had."""
        version, known = self._fingerprints.get(key := key_of(inputs), (None, None))
        if version != Changes.layers:  # it may come but once
            known = float(_within(inputs, self._largest) or len(self._fingerprints) >= SMALL_KEPT)
        if waits := isinstance(known, float) and known > 0:
            self._remember(key, known - 1 or None)
        return waits

    def first_run(self, inputs: Any, key: Any) -> Any:
        """Run the function and return the outputs. Keep a program of what it did if that can be replayed."""
        tensors = map_present(Tensor, inputs)
        if recorders.open or not self._may_replay() or (key not in self._ripe and self.note_kind(inputs)):
            known = self._fingerprints.get(key, (None, False))[1]
            with context.having(once=known is None):
                outputs = self._function(tensors)
            if isinstance(known, float):  # also if each run changes a layer
                self._remember(key, known)
            return outputs
        before = Changes.layers, _random_streams()
        outputs, record = trace(self._function, tensors)
        self._escapes += (escaped := record.escaped or before != (Changes.layers, _random_streams()))
        if escaped or not self._agrees(record, key):
            if self._escapes > MOST_ESCAPES:
                self._remember(key, EAGER)
            return outputs
        self._escapes = 0
        record.entries.sort(key=lambda entry: id(entry.output) in record.stateful)  # a bad label fails before effects
        made = sum(cast(Array, entry.output.array).nbytes for entry in record.entries)
        small = made <= 4 * MULTI_STEP_BYTES and max(map(multiplications, record.entries), default=0) < SMALL
        program = self._compiled(record.entries, present(tensors), outputs, key, small)
        if self._limit is not None and program.size > self._limit:
            self._remember(key, EAGER)
            return outputs
        program.size = max(program.size, made // (1 if isinstance(program, BlockProgram) else 4))  # see rows_at_once
        for old in (key, *self._to_drop(program.size)):  # other threads may do the same
            if (dropped := self._programs.pop(old, None)) is not None:
                self._fingerprints[old] = dropped.made_at, WAIT  # which counts unless a layer has changed
            self._multi_steps.pop(old, None)
        if isinstance(program, BlockProgram) and not any(e.op.effect or e.op.draws for e in record.entries):
            outputs = program.call(present(inputs))  # with the numbers of later runs
        program.made_at = before[0]  # a layer may have changed meanwhile
        self._programs[key] = program  # from now on other threads may run it
        whole = not isinstance(program, BlockProgram) and program.steps_left <= 0
        if (whole or self._has_effects) and self._waits and not _within(inputs, self._largest):
            self._largest = [x.shape for x in present(inputs)]
        flat = type(inputs) is tuple and all(type(x) is np.ndarray for x in inputs)
        if self._has_effects and small and whole and program.size <= MULTI_STEP_BYTES and flat:
            make_room(self._multi_steps, PROGRAMS_KEPT)
            self._multi_steps[key] = record.entries, leaves(tensors), outputs
        return outputs

    def _to_drop(self, needed: int) -> list[Any]:
        """Return the kinds of inputs whose programs are out of date, or must give way to one of `needed` bytes."""
        programs = self._programs.copy()
        sizes = {key: program.size for key, program in programs.items() if program.made_at == Changes.layers}
        most = SMALL_KEPT if needed + sum(sizes.values()) <= PROGRAM_BYTES else PROGRAMS_KEPT
        return [*programs.keys() - [*sizes][1 - most :]]

    def _compiled(self, entries: list[Entry], inputs: list[Tensor], outputs: Any, key: Any, small: bool) -> Program:
        """Return a program: in blocks of rows where they are quicker and worth looking for, or for all rows at once."""
        large, reuse = may_gain(entries, inputs), not small and self._has_effects and not self._must_agree()
        if large and (key in self._ripe or self._limit is not None or not self._has_effects):
            self._ripe.discard(key)
            if (blocks := BlockProgram(entries, inputs, outputs, reuse)).usable:
                return blocks
            large = False
        program = Program(entries, inputs, outputs, reuse)
        program.steps_left = WHOLE_STEPS * large
        return program

    def _agrees(self, record: Trace, key: Any) -> bool:
        """Return whether a run did the same as the last one, where it must; remember it for the next run if not."""
        if not self._has_effects or not (self._programs or self._must_agree()):  # other inputs may come only once
            return True
        fingerprint, (version, before) = record.fingerprint(), self._fingerprints.pop(key, (None, None))
        is_current = version == Changes.layers
        if is_current and (before == fingerprint or (before is None and not self._must_agree())):
            return True
        self._escapes += (differs := is_current and before is not None)
        if differs and self._programs:
            warn_user("A step computes otherwise than before, from values that have changed, while steps on inputs of "
                      "other sizes are replayed as they were. Hold such values in a Variable, or use "
                      "`run_eagerly=True`.")  # fmt: skip
        self._remember(key, fingerprint)
        return False

    def _remember(self, key: Any, fingerprint: Any) -> None:
        make_room(self._fingerprints, SMALL_KEPT)
        self._fingerprints[key] = Changes.layers, fingerprint

    def rows_at_once(self, inputs: Any) -> int:
        """Return how many rows to run at once where such batches may be joined: as many as a record has room for."""
        program = self.find(key_of(inputs))
        return 0 if program is None else min(ROWS, PROGRAM_BYTES * len(present(inputs)[0]) // max(1, program.size))


def _within(inputs: Any, most: list[tuple[int, ...]]) -> bool:
    """Return whether inputs have the ranks of given shapes and no longer axes; False if there are no shapes."""
    shapes = [x.shape for x in present(inputs)]
    alike = bool(most) and [*map(len, shapes)] == [*map(len, most)]
    return alike and all(n <= top for a, b in zip(shapes, most, strict=True) for n, top in zip(a, b, strict=True))


def _as_arrays(outputs: Any) -> Any:
    return map_structure(lambda y: y.numpy_view().copy("K") if isinstance(y, TensorOps) else y, outputs)


def key_of(inputs: Any) -> Any:
    """Return the kind of inputs, by which programs are found: structure, shapes and dtypes."""
    if isinstance(inputs, np.ndarray):
        return inputs.shape, inputs.dtype
    if isinstance(inputs, dict):
        return tuple((name, key_of(value)) for name, value in inputs.items())
    return (type(inputs), *map(key_of, inputs)) if isinstance(inputs, list | tuple) else inputs


def _random_streams() -> tuple[Any, ...]:
    """Return the state of the random streams that no program replays."""
    return random.getstate(), sketch(np.random.get_state(legacy=False))  # noqa: NPY002 - user code may draw from it
