"""Replays what a model or a loss computes under a GradientTape, forward pass and gradients, by one program."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from threading import get_ident
from typing import Any, cast

import numpy as np

from .._base.blas_threads import one_thread
from .._base.context import context, undone
from .._base.nested import make_room
from .._base.settings import settings
from .._base.typing import Array
from .._core.op import Entry, Op
from .._core.ownership import Changes
from .._core.tape import SKIPPABLE, GradientTape, backward
from .._core.tensor import Recorder, Tensor, TensorOps, recorders, stop_recording
from .._core.variable import ASSIGN, Variable
from .jit import PROGRAM_BYTES, SMALL_KEPT
from .program import Program
from .trace import trace

COMPILE_AT = frozenset(3 << k for k in range(60))  # the calls of a kind at which a program is made if none serves
KINDS_KEPT = 16  # programs that are kept in any case
PAID = 128  # the runs of halves that make up for the time to make a program


class TapedFunction:
    """A function that is called under tapes. Once it has a program, each call is a single entry of the tape.

    The function takes and gives tensors. Calls with equal options must do the same. `may_replay` returns whether a
    replay has all the effects of a call.
    """

    def __init__(self, function: Callable[..., Any], may_replay: Callable[[], bool]) -> None:
        self._function, self._may_replay = function, may_replay
        self._kinds: dict[Any, tuple[int, TapedProgram | None]] = {}
        """For each kind of inputs and each thread: the number of calls, and the program if there is one."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Call the function, by its program if the only recorder is a tape that watches variables by itself."""
        tapes, output = [] if context.once else recorders.open, None
        if len(tapes) == 1 and isinstance(tape := tapes[0], GradientTape) and tape.watch_accessed_variables:
            output = self._run(tape, inputs, options)
        return self._function(*inputs, **options) if output is None else output

    def _run(self, tape: GradientTape, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Call the function by the program for such inputs, arrays or tensors. Return None if there is no program."""
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
            if type(array) is not np.ndarray or (dtype := array.dtype).kind not in "fiub" or not dtype.isnative:
                return None
            kind += (array.shape, array.strides, dtype)
        if len(watched) > 1 and len({id(inputs[place]) for place in watched}) < len(watched):
            return None  # the program would give one tensor two gradients
        maker = tape.maker(inputs[watched[0]]) if len(watched) == 1 else None
        skipped = maker if maker is not None and maker.op.name in SKIPPABLE else None
        if skipped is not None:
            kind += (skipped.op, repr((skipped.rest, skipped.kwargs)) if skipped.rest or skipped.kwargs else None)
        key = (*kind, *watched)
        calls, taped = self._kinds.get(key, (0, None))
        if taped is not None and taped.made_at == Changes.layers:
            return taped.run(tape, inputs, skipped) if taped.usable else None
        if key not in self._kinds:
            make_room(self._kinds, SMALL_KEPT)
        calls = 1 if taped is not None and taped.runs >= PAID else calls + 1
        self._kinds[key] = calls, None
        if calls not in COMPILE_AT or not self._may_replay():
            return None
        taped = TapedProgram(partial(self._function, **options), inputs, watched, skipped)
        self._kinds.pop(key, None)  # which becomes the last one
        made = [(other, (n, None), old.size) for other, (n, old) in [*self._kinds.items()] if old is not None]
        if sum(size for _, _, size in made) + taped.size > PROGRAM_BYTES:
            self._kinds |= {other: count for other, count, _ in made[: 1 - KINDS_KEPT]}
        self._kinds[key] = calls, taped
        return vars(taped).pop("output")


class TapedProgram:
    """A program for a function: its first half computes the output, its second half the gradients.

    Gradients equal those of an eager run to the last bit. Therefore two rules of the eager run hold here too. The rule
    of a cross-entropy skips the sigmoid or softmax before it (see `Op.fused_vjp`): one at the end of the function is an
    entry of its own, and `skipped` is the entry of one that made the input. And the gradients of a tensor used several
    times are added one after another: the second half starts from the sum that later operations have left.

    Making a program calls the function once, eagerly, under the open tape. `output` is the result, which the caller
    takes away. `watched` are the places of the inputs that the tape watches. The program is `usable` if the function
    looks at no values, and changes no variables but those that are not trained, such as moving means. `runs` counts
    runs of both halves: the second half belongs to a call only directly after its first half. `size` is the bytes of
    all buffers.
    """

    def __init__(self, function: Callable[..., Any], inputs: Sequence[Any], watched: Sequence[int],
                 skipped: Entry | None) -> None:  # fmt: skip
        self.made_at: int = Changes.layers
        self._thread: int = get_ident()  # which it serves
        self._watched = watched
        tensors = [x if k in watched else Tensor(getattr(x, "array", x).copy("K")) for k, x in enumerate(inputs)]
        y, record = trace(lambda tensors: function(*tensors), tensors)
        self.output: Any = y
        entries = record.entries
        last = next((entry for entry in entries if entry.output is y), None)
        moving = {id(entry.rest[0]): entry.rest[0] for entry in entries if entry.op is ASSIGN}
        pure = not record.escaped and self.made_at == Changes.layers and getattr(y, "keras_mask", None) is None
        pure &= not any(entry.rest[0].trainable if entry.op is ASSIGN else entry.op.effect for entry in entries)
        self.runs, self.size, self.usable = 0, 0, pure and last is not None
        if last is None or not pure:
            return
        self._moving: list[Variable] = list(moving.values())
        held = {id(v): v for entry in entries for v in entry.inputs if isinstance(v, Variable) and id(v) not in moving}
        self._variables: list[Variable] = list(held.values())
        self._trainable: dict[int, Variable] = {key: v for key, v in held.items() if v.trainable}
        self._frozen: list[Variable] = [v for v in (*self._variables, *self._moving) if not v.trainable]
        self._last = _applied(last) if last.op.name in SKIPPABLE and (watched or self._trainable) else None
        self._skipped = _applied(skipped, Op(skipped.op.forward, (None,), 1)) if skipped and not held else None
        """The activation that made the input, without a rule: its own entry has that."""
        self._before = Tensor(np.zeros_like(tensors[watched[0]].array)) if self._skipped else None
        """Stands for what that activation got, since its value is not used."""
        self._op = Op(cast(Any, TapedProgram._first), (), None)
        self._op.vjp_all = self._vjp_all
        uses = Counter(id(x) for entry in entries for x in entry.inputs)
        self._places: list[int] = [*map(id, tensors)]
        self._end: int = id(y)
        known = {*self._places, *(id(entry.output) for entry in entries)}
        self._calls: list[tuple[Any, ...]] = [
            (e.op.call, [(id(x), None if id(x) in known else x) for x in e.inputs], e.rest, e.kwargs, id(e.output))
            for e in entries]  # fmt: skip
        """What the function did, without its arrays: values have places, the constants stay."""
        sources: dict[int, Any] = dict(enumerate([*tensors, *self._variables]))
        sources |= {} if self._before is None else {-1: tensors[watched[0]]}
        self._starts: dict[int, Array] = {k: np.zeros(x.shape, x.dtype) for k, x in sources.items() if uses[id(x)] > 1}
        """For what is used several times, by place: the gradient so far. Places are those of `_backward`."""
        self._make_program(tensors, last.inputs[0] if self._last else y)

    def _make_program(self, inputs: Sequence[Tensor], end: Any) -> None:
        self._g: Array = np.ones_like(end.array)  # where the second half finds the gradient of the output
        g = Tensor(self._g)
        starts = {place: Tensor(start) for place, start in self._starts.items()}

        def both_halves(_: Any) -> Any:
            tape, ends = self._forward(inputs, True, recorders.open)
            return self._backward(tape, ends[0], g, inputs, starts), ends

        everything = [*inputs, g, *starts.values()]
        with stop_recording(), undone():
            (gradients, ends), record = trace(both_halves, everything)
        drawn = [entry.output for entry in record.entries if entry.op.draws]
        self._acts: bool = bool(drawn or self._moving)
        """Whether each run draws other numbers or changes variables, so that none can be repeated."""
        reads = (x for entry in record.entries for x in entry.inputs if x is not None)
        self.usable = not record.escaped and all(x is not self._before for x in reads)
        self._program = Program(record.entries, everything, gradients, early=[*drawn, *ends])
        self._draws: int = len(drawn)
        self.size = self._program.size

    def _forward(self, inputs: Sequence[Any], skips: bool, by: Sequence[Recorder]) -> tuple[GradientTape, list[Any]]:
        """Run the function, without a program or to trace one; return its tape, and the outputs of the entries.

        `skips` lets its rules skip the activation that made the input. The run is recorded `by` these recorders.
        """
        with stop_recording(*by), GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*(inputs[place] for place in self._watched), *self._trainable.values()])
            if skips and self._skipped and self._before is not None:
                tape.append(self._skipped(self._before, inputs[self._watched[0]]), {id(self._before): self._before})
            made = dict(zip(self._places, inputs, strict=True))
            for call, links, rest, kwargs, place in self._calls:
                made[place] = call(*(made.get(key, x) for key, x in links), *rest, **kwargs)
            y = made[self._end]
            return tape, [y] if self._last is None else [tape.maker(y).inputs[0], y]  # type: ignore[union-attr]

    def _backward(self, tape: GradientTape, end: Any, g: Any, inputs: Sequence[Any],
                  starts: Mapping[int, Any]) -> list[Any]:  # fmt: skip
        """Return the gradients of the inputs, of the variables and, at place -1, of what the skipped activation got.

        Each is None where nothing was added. `g` is the gradient of `end`. `starts` has what to add to, by place.
        """
        sources = [*(x if k in self._watched else None for k, x in enumerate(inputs)), *self._variables, self._before]
        seeds = [(end, g), *((sources[place], start) for place, start in starts.items())]
        totals = backward(tape._entries, seeds, bool(recorders.open), tape._watched)
        gradients = (totals.get(id(x)) for x in sources)
        return [None if any(d is start for start in starts.values()) else d for d in gradients]

    def run(self, tape: GradientTape, inputs: Sequence[Any], skipped: Entry | None) -> Tensor | None:
        """Run the first half under the tape, and return the output; return None where the program does not serve.

        It has no gradients of weights that are not trained, which `tape.watch` asks for, and takes back no changes.
        """
        if (self._acts and context.undo is not None) or (self._frozen and any(map(tape.watches, self._frozen))):
            return None
        # A caller may change an array before the gradient is taken, but no tensor.
        arrays: list[Any] = [x.array if type(x) is Tensor else x.copy("K") for x in inputs]
        tape.hold(self._variables)
        if self._program.large:
            tape.threads = one_thread
        before = [v.array.copy() for v in self._moving]
        early = self._first(arrays)
        drawn, ends = early[: self._draws], [*map(Tensor, early[self._draws :])]
        if self._watched or self._trainable:
            values = [*arrays, *[v.array for v in self._variables]]
            rest = self.runs, None if self._skipped is None else skipped, before, drawn
            tape.append(Entry(self._op, [*inputs, *self._variables], values, rest, {}, ends[0]), self._trainable)
            if self._last is not None:
                tape.append(self._last(*ends))
        return ends[-1]

    def _first(self, arrays: Sequence[Array]) -> Sequence[Array]:
        """Run the first half, and return the outputs of the entries."""
        self.runs += 1
        return self._program.begin([*arrays, self._g, *self._starts.values()])

    def _vjp_all(self, g: Any, entry: Entry, values: Sequence[Any], targets: Container[int],
                 totals: dict[int, Any]) -> Iterable[tuple[Any, Any]]:  # fmt: skip
        """Return pairs of an input or variable and its gradient, past an activation whose own is not wanted."""
        sources, skipped = [*entry.inputs, None], entry.rest[1]
        skips = skipped is None or id(sources[self._watched[0]]) not in targets
        if skipped is not None and skips:
            sources[-1] = skipped.inputs[0]
        starts = {place: totals.pop(id(sources[place]), None) for place in self._starts} if self._starts else {}
        gradients = self._second(g, entry, values, skips, starts)
        for place, start in starts.items():
            gradients[place] = start if gradients[place] is None else gradients[place]
        return zip(sources, gradients, strict=True)

    def _second(self, g: Any, entry: Entry, values: Sequence[Any], skips: bool, starts: dict[int, Any]) -> list[Any]:
        """Return the gradients, as `_backward` does, of the call that an entry is from.

        `g` is the gradient of its output, `values` were its inputs and variables. `starts` may have None for nothing.
        """
        runs, count = entry.rest[0], len(values) - len(self._variables)
        # The second half works on a copy of the gradient. Where the copy has another order in memory, sums may round
        # otherwise. A broadcast gradient of a few axes, with a stride of 0, is summed as its copy is.
        alike = type(g) is np.ndarray and (g.strides == self._g.strides or (g.ndim < 4 and not all(g.strides)))
        if skips and alike and self._thread == get_ident():
            later = runs != self.runs and not self._acts
            if later and all(v.array is weight for v, weight in zip(self._variables, values[count:], strict=True)):
                self._first(values[:count])
                runs = self.runs
            if runs == self.runs:
                self._g[...] = g
                for place, start in starts.items():
                    self._starts[place][...] = -0.0 if start is None else start  # to which adding changes nothing
                self.runs += 1
                return cast("list[Any]", self._program.finish())
        return self._again(g, entry, values, skips, {place: x for place, x in starts.items() if x is not None})

    def _again(self, g: Any, entry: Entry, values: Sequence[Any], skips: bool, starts: dict[int, Any]) -> list[Any]:
        """Return the gradients without the program, from what variables held, and what was drawn, in the call."""
        count, (_, _, before, drawn) = len(values) - len(self._variables), entry.rest
        *inputs, seed = (x if isinstance(x, TensorOps) else Tensor(x) for x in (*values[:count], g))
        tapes = [r for r in recorders.open if isinstance(r, GradientTape) and r.maker(entry.output)]  # of the call
        earlier = _Earlier([*self._variables, *self._moving], [*values[count:], *before], drawn)
        tape, ends = self._forward(inputs, skips, [earlier, *tapes])
        gradients = self._backward(tape, ends[0], seed, inputs, starts)
        return gradients if isinstance(g, TensorOps) else [getattr(d, "array", d) for d in gradients]


class _Earlier(Recorder):
    """Runs operations as they ran earlier: on what variables held, with what was drawn. No variable changes."""

    def __init__(self, variables: Sequence[Variable], values: Sequence[Any], drawn: Sequence[Array]) -> None:
        self._arrays = {id(v): getattr(value, "array", value) for v, value in zip(variables, values, strict=True)}
        self._drawn = iter(drawn)

    def run(self, op: Op, inputs: Sequence[Any], values: Sequence[Any], rest: tuple[Any, ...],
            kwargs: dict[str, Any]) -> Entry:  # fmt: skip
        """Run an operation on the earlier values; keep what is assigned."""
        values = [self._arrays.get(id(x), getattr(x, "array", v)) for x, v in zip(inputs, values, strict=True)]
        if op is ASSIGN:
            y = self._arrays[id(rest[0])] = values[0].astype(rest[0].array.dtype)
        else:
            y = next(self._drawn) if op.draws else one_thread(op.forward)(*values, *rest, **kwargs)
        return Entry(op, inputs, values, rest, kwargs, Tensor(y))


def _applied(like: Entry, op: Op | None = None) -> Callable[[Tensor, Tensor], Entry]:
    """Return a function that makes an entry for y = op(x), with the other arguments of a given entry."""
    return lambda x, y: Entry(op or like.op, [x], [x.array], like.rest, like.kwargs, y)
