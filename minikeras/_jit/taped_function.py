"""Functions under a tape: the third call of a kind makes a program of two halves, forward pass and gradients."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from threading import get_ident
from typing import Any, cast

import numpy as np

from .._base.blas_threads import one_thread
from .._base.nested import make_room
from .._base.settings import settings
from .._base.typing import Array
from .._core.op import Entry, Op
from .._core.ownership import Changes
from .._core.tape import PASSED, GradientTape, backward
from .._core.tensor import Tensor, TensorOps, recorders, stop_recording
from .._core.variable import Variable
from .program import Program
from .trace import trace

COMPILE_AT = (3, 6, 12, 24, 48)
"""The calls of a kind at which a program is made; later ones are made where layers have changed meanwhile."""
KINDS_KEPT = 16
"""The number of kinds of inputs whose calls are counted and whose programs are kept."""


class TapedFunction:
    """The calls of a function under tapes, each of which becomes one entry of the tape once a program can run it.

    The function is one of tensors, and does the same each time that its options are the same. `may_replay` returns
    whether a replay does what the function does.
    """

    def __init__(self, function: Callable[..., Any], may_replay: Callable[[], bool]) -> None:
        self._function, self._may_replay = function, may_replay
        self._kinds: dict[Any, tuple[int, TapedProgram | None]] = {}
        """How often inputs of each kind have come in a thread, and the program that replays the function for them."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Return what the function gives, by a program where all that records is a tape which watches any variable."""
        tapes, output = recorders.open, None
        if len(tapes) == 1 and isinstance(tape := tapes[0], GradientTape) and tape.watch_accessed_variables:
            output = self._run(tape, inputs, options)
        return self._function(*inputs, **options) if output is None else output

    def _run(self, tape: GradientTape, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Run the function by the program for such inputs, which are arrays or tensors; None where there is none."""
        watched: list[int] = []
        kind: list[Any] = [*options.items(), settings.epsilon, get_ident()]
        for place, x in enumerate(inputs):
            array: Any = x
            if type(x) is Tensor:
                if getattr(x, "keras_mask", None) is not None:
                    return None
                array = x.array
                if tape.watches(x):
                    watched.append(place)
            if type(array) is not np.ndarray or (dtype := array.dtype).kind not in "fiub":
                return None
            kind += (array.shape, array.strides, dtype)
        if len(watched) > 1 and len({id(inputs[place]) for place in watched}) < len(watched):
            return None  # an input that comes twice has one gradient, and the program two
        maker = tape.maker(inputs[watched[0]]) if len(watched) == 1 else None
        passed = maker if maker is not None and maker.op.name in PASSED else None
        if passed is not None:
            kind += (passed.op, repr((passed.rest, passed.kwargs)) if passed.rest or passed.kwargs else None)
        key = (*kind, *watched)
        calls, taped = self._kinds.get(key, (0, None))
        if taped is not None and taped.structure == Changes.layers:
            return taped.run(tape, inputs, passed) if taped.usable else None
        if key not in self._kinds:
            make_room(self._kinds, KINDS_KEPT)
        self._kinds[key] = calls + 1, None
        if calls + 1 not in COMPILE_AT or not self._may_replay():
            return None
        taped = TapedProgram(partial(self._function, **options), inputs, watched, passed)
        self._kinds[key] = calls + 1, taped
        return vars(taped).pop("output")


class TapedProgram:
    """A function of which a tape keeps one entry, run by the first half of a program and differentiated by the second.

    A sigmoid or softmax at its end stays an entry by itself, and one that made its input is known, since the rules of
    cross-entropies go through them (see `Op.fused_vjp`). What is used several times starts from the gradient that later
    operations have given it, so that all are added up one by one, and gradients are the eager run's, bit by bit.

    The function, of tensors, is run as if there were no program: it has its effects, and the open tape records it.
    `watched` are the places of the inputs that the tape watches; `passed` made the only one of these, if one did.

    `output` is the result of that run, which the caller takes away. It is `usable` if the function only computes: draws
    no numbers, changes nothing and reads no values.
    """

    def __init__(self, function: Callable[..., Any], inputs: Sequence[Any], watched: Sequence[int],
                 passed: Entry | None) -> None:  # fmt: skip
        self.structure: int = Changes.layers
        self._thread: int = get_ident()
        """The only one that runs its halves."""
        self._function, self._watched = function, watched
        tensors = [x if type(x) is Tensor else Tensor(x.copy()) for x in inputs]
        y, record = trace(lambda tensors: function(*tensors), tensors)
        self.output: Any = y
        entries = record.entries
        made = bool(entries) and isinstance(y, Tensor) and entries[-1].output is y
        impure = record.escaped or any(entry.op.effect or entry.op.draws for entry in entries)
        changed = self.structure != Changes.layers
        self.usable: bool = made and getattr(y, "keras_mask", None) is None and not impure and not changed
        if not self.usable:
            return
        held = {id(v): v for entry in entries for v in entry.inputs if isinstance(v, Variable)}
        self._variables: list[Variable] = list(held.values())
        self._trainable: dict[int, Variable] = {key: v for key, v in held.items() if v.trainable}
        self._frozen: list[Variable] = [v for v in self._variables if not v.trainable]
        last = entries[-1]
        is_last = last.op.name in PASSED and bool(watched or self._trainable)
        self._last: Callable[[Tensor, Tensor], Entry] | None = _applied(last) if is_last else None
        self._passed: Callable[[Tensor, Tensor], Entry] | None = None
        if passed is not None and not held:  # without its rule: its own entry is there for that
            self._passed = _applied(passed, Op(passed.op.forward, (None,), 1))
        self._op = Op(_unknown, (), None)
        self._op.vjp_all = self._vjp_all
        self._runs: int = 0
        """Counts the runs of either half: the second goes with the first only directly after it."""
        uses = Counter(id(x) for entry in entries for x in entry.inputs)
        sources: dict[int, Any] = dict(enumerate([*tensors, *self._variables]))
        if self._passed is not None:
            sources[-1] = tensors[watched[0]]
        self._starts: dict[int, Array] = {k: np.zeros(x.shape, x.dtype) for k, x in sources.items() if uses[id(x)] > 1}
        """Where the second half finds what the gradients of these are added to; see `_gradients` for the places."""
        self._make_program([x.array for x in tensors], last.inputs[0] if self._last else y)

    def _make_program(self, arrays: Sequence[Any], target: Any) -> None:
        self._g: Array = np.ones_like(target.array)
        """Where the second half finds the gradient of what the entry gives."""
        inputs = [*map(Tensor, [*arrays, self._g, *self._starts.values()])]
        end = len(arrays) + 1
        starts = dict(zip(self._starts, inputs[end:], strict=True))
        with stop_recording():
            (gradients, ends, fixed), record = trace(lambda tensors: self._gradients(tensors[:end], starts), inputs)
        entries = record.entries
        self.usable = not record.escaped and all(x is not fixed for entry in entries for x in entry.inputs)
        self._program = Program(entries, inputs, gradients, early=ends)

    def _gradients(self, tensors: Sequence[Any], starts: Mapping[int, Any], through: bool = True,
                   made: Tensor | None = None) -> tuple[list[Any], list[Any], Any]:  # fmt: skip
        """Run the function on `tensors`, the last of which is the gradient of what the entry gives, and differentiate.

        Gradients are added to `starts`, by their places. `through` passes over the activation that made the input;
        `made` is what the entry gave, if tapes have recorded it: the forward pass is theirs alone. Returned are the
        gradients of the inputs, of the variables and, at last, of what the activation before got, None where nothing is
        added; what the entries give; and a tensor that stands for what that got, whose values are not known.
        """
        *inputs, g = tensors
        fixed = None
        tapes = [r for r in recorders.open if made is None or (isinstance(r, GradientTape) and r.maker(made))]
        with stop_recording(*tapes), GradientTape() as tape:
            tape.watch([inputs[place] for place in self._watched])
            if self._passed is not None and through:
                p = inputs[self._watched[0]]
                fixed = Tensor(np.zeros_like(p.array))
                tape.append(self._passed(fixed, p), {id(fixed): fixed})
            y = self._function(*inputs)
            ends = [y] if self._last is None else [tape.maker(y).inputs[0], y]  # type: ignore[union-attr]  # it was made
        sources = [*(x if k in self._watched else None for k, x in enumerate(inputs)), *self._variables, fixed]
        seeds = [(ends[0], g), *((sources[place], start) for place, start in starts.items())]
        totals = backward(tape._entries, seeds, bool(recorders.open), tape._watched)
        gradients = [totals.get(id(x)) for x in sources]
        for place, start in starts.items():
            gradients[place] = None if gradients[place] is start else gradients[place]
        return gradients, ends, fixed

    def run(self, tape: GradientTape, inputs: Sequence[Any], passed: Entry | None) -> Tensor | None:
        """Return the output, recorded by the open tape; None, and nothing is run, where the program cannot serve.

        It does not differentiate with respect to weights that are not trained.
        """
        variables = self._variables
        if self._frozen and any(map(tape.watches, self._frozen)):  # as somebody asked of this tape
            return None
        # The owner of an array that is in no tensor may change it before the gradient is taken.
        arrays: list[Any] = [x.array if type(x) is Tensor else x.copy() for x in inputs]
        tape.hold(variables)
        if self._program.large:
            tape.threads = one_thread
        ends = [*map(Tensor, self._first(arrays))]
        if self._watched or self._trainable:
            values = [*arrays, *[v.array for v in variables]]
            passed = None if self._passed is None else passed
            rest = self._runs, passed
            tape.append(Entry(self._op, [*inputs, *variables], values, rest, {}, ends[0]), self._trainable)
            if self._last is not None:
                tape.append(self._last(*ends))
        return ends[-1]

    def _first(self, arrays: Sequence[Array]) -> Sequence[Array]:
        """Run the first half, and return what the entries give."""
        self._runs += 1
        return self._program.begin([*arrays, self._g, *self._starts.values()])

    def _vjp_all(self, g: Any, entry: Entry, values: Sequence[Any], kept: Container[int],
                 totals: dict[int, Any]) -> Iterable[tuple[Any, Any]]:  # fmt: skip
        """Return pairs of what went in and its gradient; that of the activation before where it may be passed over."""
        sources, passed = [*entry.inputs, None], entry.rest[1]
        through = passed is None or id(sources[self._watched[0]]) not in kept
        if passed is not None and through:
            sources[-1] = passed.inputs[0]
        starts = {place: totals.pop(id(sources[place]), None) for place in self._starts} if self._starts else {}
        gradients = self._second(g, entry, values, through, starts)
        for place, start in starts.items():
            gradients[place] = start if gradients[place] is None else gradients[place]
        return zip(sources, gradients, strict=True)

    def _second(self, g: Any, entry: Entry, values: Sequence[Any], through: bool, starts: dict[int, Any]) -> list[Any]:
        """Return the gradients, see `_gradients`, for the run of an entry, whose inputs and variables were `values`.

        `g` is the gradient of what the entry gives; what `starts` adds to is None where there is nothing yet.
        """
        runs, count = entry.rest[0], len(values) - len(self._variables)
        # Sums and products of the gradient must be those of its copy, which may differ in the order of axes. NumPy adds
        # up what is repeated along one of a few axes as it does what is not.
        alike = type(g) is np.ndarray and (g.strides == self._g.strides or (g.ndim < 4 and not all(g.strides)))
        if through and alike and self._thread == get_ident():
            later = runs != self._runs and self.structure == Changes.layers
            if later and all(v.array is weight for v, weight in zip(self._variables, values[count:], strict=True)):
                self._first(values[:count])
                runs = self._runs
            if runs == self._runs:
                self._g[...] = g
                for place, start in starts.items():
                    self._starts[place][...] = -0.0 if start is None else start  # to which adding changes nothing
                self._runs += 1
                return cast("list[Any]", self._program.finish())
        return self._again(g, entry.output, values, through, {place: x for place, x in starts.items() if x is not None})

    def _again(self, g: Any, made: Tensor, values: Sequence[Any], through: bool, starts: dict[int, Any]) -> list[Any]:
        """Return the gradients by running the function without a program, with the variables of then."""
        count = len(values) - len(self._variables)
        inputs = [x if isinstance(x, TensorOps) else Tensor(x) for x in (*values[:count], g)]
        arrays = [getattr(weight, "array", weight) for weight in values[count:]]
        changed = [(v, v.array, old) for v, old in zip(self._variables, arrays, strict=True) if v.array is not old]
        try:
            for v, _, old in changed:
                v.array = old
            gradients, _, _ = self._gradients(inputs, starts, through, made)
        finally:
            for v, now, old in changed:
                v.array = now if v.array is old else v.array  # which another thread has assigned meanwhile
        return gradients if isinstance(g, TensorOps) else [getattr(d, "array", d) for d in gradients]


def _applied(like: Entry, op: Op | None = None) -> Callable[[Tensor, Tensor], Entry]:
    """Return what makes the record of an op that made y of x, with the other arguments that it has in an entry."""
    op, rest, kwargs = op or like.op, like.rest, like.kwargs
    return lambda x, y: Entry(op, [x], [x.array], rest, kwargs, y)


def _unknown(*arrays: Array) -> Array:
    """Stand for a function that a program runs."""
    raise NotImplementedError
