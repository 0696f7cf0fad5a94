"""Replays what a model or a loss computes under a GradientTape, forward pass and gradients, by one program."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from threading import get_ident
from typing import Any, cast

import numpy as np

from .._base.blas_threads import one_thread
from .._base.context import context, undone
from .._base.nested import leaves, make_room, map_structure
from .._base.settings import settings
from .._base.typing import Array
from .._core.op import Entry, Op, note
from .._core.ownership import Changes
from .._core.tape import SKIPPABLE, GradientTape, backward, open_tapes
from .._core.tensor import Tensor, TensorOps, recorders, stop_recording
from .._core.variable import ASSIGN, Variable
from .jit import PROGRAM_BYTES, SMALL_KEPT
from .program import Program
from .trace import trace

COMPILE_AT = frozenset(3 << k for k in range(60))  # the calls of a kind at which a program is made if none serves
KINDS_KEPT = 16  # programs that are kept in any case
PAID = 128  # the runs of halves that make up for the time to make a program


class TapedFunction:
    """A function that is called under tapes. Once it has a program, each call is a single entry of the tape.

    The function takes tensors, and gives one or a structure of them. Calls with equal options must do the same.
    `may_replay` returns whether a replay has all the effects of a call.
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
    times are added one after another: the second half starts from the sum that later operations have left. Only an
    output that was a view comes in an array of its own, over which later sums may round otherwise.

    Making a program calls the function once, eagerly, under the open tape. `output` is the result, which the caller
    takes away. `watched` are the places of the inputs that the tape watches. The program is `usable` if the function
    looks at no values, and changes no variables but those that are not trained, such as moving means. `runs` counts
    runs of both halves: the second half belongs to a call only directly after its first half. `size` is the bytes of
    all buffers.
    """

    keeps_logits: bool = False  # as ops do with `Op.after`

    def __init__(self, function: Callable[..., Any], inputs: Sequence[Any], watched: Sequence[int],
                 skipped: Entry | None) -> None:  # fmt: skip
        self.made_at: int = Changes.layers
        self._thread: int = get_ident()  # which it serves
        self._watched = watched
        tensors = [x if k in watched else Tensor(getattr(x, "array", x).copy("K")) for k, x in enumerate(inputs)]
        self.output, record = trace(lambda tensors: function(*tensors), tensors)
        entries, ys = record.entries, leaves(self.output)
        makers = {id(entry.output): entry for entry in entries}
        moving = {id(entry.rest[0]): entry.rest[0] for entry in entries if entry.op is ASSIGN}
        pure = not record.escaped and self.made_at == Changes.layers
        pure &= not any(entry.rest[0].trainable if entry.op is ASSIGN else entry.op.effect for entry in entries)
        pure &= all(id(y) in makers and getattr(y, "keras_mask", None) is None for y in ys)
        self.runs, self.size, self.usable = 0, 0, pure
        if not pure:
            return
        self._moving: list[Variable] = list(moving.values())
        held = {id(v): v for entry in entries for v in entry.inputs if isinstance(v, Variable) and id(v) not in moving}
        self._variables: list[Variable] = list(held.values())
        self._trainable: dict[int, Variable] = {key: v for key, v in held.items() if v.trainable}
        self._frozen: list[Variable] = [v for v in (*self._variables, *self._moving) if not v.trainable]
        lasts = [maker for y in ys if (maker := makers[id(y)]).op.name in SKIPPABLE]
        before = {id(last.output): id(last.inputs[0]) for last in lasts}
        self._ends: list[int] = [before.get(id(y), id(y)) for y in ys]
        self._results: list[int] = [*self._ends, *before]
        """The places of what the first half gives: the ends of the entry, and outputs that are made of them."""
        numbers = {place: k for k, place in enumerate(self._results)}
        self._lasts = [(numbers[id(last.inputs[0])], numbers[id(last.output)], _applied(last)) for last in lasts]
        self._form = map_structure(lambda y: numbers[id(y)], self.output)
        uses = Counter(id(x) for entry in entries for x in entry.inputs)
        self._places: list[int] = [*map(id, tensors)]
        known = {id(x): x for x in [*tensors, *(entry.output for entry in entries)]}
        self._calls: list[tuple[Any, ...]] = [
            (e.op, [(id(x), None if id(x) in known else x if isinstance(x, TensorOps) else v)
                    for x, v in zip(e.inputs, e.values, strict=True)], e.rest, e.kwargs, id(e.output))
            for e in entries]  # fmt: skip
        """What the function did, without its arrays: values have places, the constants stay."""
        # The gradient of an output that another one is made of would have a part from inside, which no entry gives.
        apart = sum(uses[key] for key in self._results) == len(lasts) and len({*self._ends}) == len(ys)
        self.usable = known.keys() >= {*self._ends} and (len(ys) == 1 or apart)
        if self.usable:
            self._make_program(tensors, None if held else skipped, uses, [known[end] for end in self._ends])

    def _make_program(self, inputs: Sequence[Tensor], skipped: Entry | None, uses: Mapping[int, int],
                      ends: Sequence[Any]) -> None:  # fmt: skip
        self._op = Op(cast(Any, TapedProgram._first), (), None)
        self._op.vjp_all = self._vjp_all
        self._skipped = _applied(skipped, Op(skipped.op.forward, (None,), 1)) if skipped else None
        """The activation that made the input, without a rule: its own entry has that."""
        before = [inputs[self._watched[0]]] if self._skipped else []
        self._before = Tensor(np.zeros_like(before[0].array)) if before else None
        """Stands for what that activation got, since its value is not used."""
        shared = {k: x for k, x in enumerate([*inputs, *self._variables, *before]) if uses[id(x)] > 1}
        self._starts: dict[int, Array] = {k: np.zeros(x.shape, x.dtype) for k, x in shared.items()}
        """For what is used several times, by place: the gradient so far. Places are those of `_backward`."""
        self._gs: list[Array] = [np.ones_like(end.array) for end in ends]
        """Where the second half finds the gradients of the ends."""
        gs = [*map(Tensor, self._gs)]
        starts = {place: Tensor(start) for place, start in self._starts.items()}

        def both_halves(_: Any) -> Any:
            made = dict(zip(self._places, inputs, strict=True))
            with self._watching(inputs, True) as tape:
                for op, links, rest, kwargs, place in self._calls:
                    made[place] = op.call(*(made.get(key, x) for key, x in links), *rest, **kwargs)
            self.usable = not (self._watched or self._trainable) or all(tape.watches(made[end]) for end in self._ends)
            return self._backward(tape, made, gs, inputs, starts), [made[place] for place in self._results]

        everything = [*inputs, *gs, *starts.values()]
        with stop_recording(), undone():
            (gradients, results), record = trace(both_halves, everything)
        drawn = [entry.output for entry in record.entries if entry.op.draws]
        self._acts: bool = bool(drawn or self._moving)
        """Whether each run draws other numbers or changes variables, so that none can be repeated."""
        reads = (x for entry in record.entries for x in entry.inputs if x is not None)
        self.usable &= not record.escaped and all(x is not self._before for x in reads)
        self._program = Program(record.entries, everything, gradients, early=[*results, *drawn])
        self.size = self._program.size

    def _watching(self, inputs: Sequence[Any], skips: bool) -> GradientTape:
        """Return a tape for a run, whose rules may skip the activation that made the input if `skips`."""
        tape = GradientTape(watch_accessed_variables=False)
        tape.watch([*(inputs[place] for place in self._watched), *self._trainable.values()])
        if skips and self._skipped and self._before is not None:
            tape.append(self._skipped(self._before, inputs[self._watched[0]]), {id(self._before): self._before})
        return tape

    def _backward(self, tape: GradientTape, made: Mapping[int, Any], gs: Sequence[Any], inputs: Sequence[Any],
                  starts: Mapping[int, Any]) -> list[Any]:  # fmt: skip
        """Return the gradients of the inputs, of the variables and, last, of what the skipped activation got.

        Each is None where nothing was added. `made` has what the run made, by place. `gs` are the gradients of the
        ends, None for nothing. `starts` has what to add to, by place.
        """
        sources = [*(x if k in self._watched else None for k, x in enumerate(inputs)), *self._variables, self._before]
        seeds = [(made[end], g) for end, g in zip(self._ends, gs, strict=True) if g is not None]
        seeds += [(sources[place], start) for place, start in starts.items()]
        totals = backward(tape._entries, seeds, bool(recorders.open), tape._watched)
        gradients = (totals.get(id(x)) for x in sources)
        return [None if any(d is start for start in starts.values()) else d for d in gradients]

    def run(self, tape: GradientTape, inputs: Sequence[Any], skipped: Entry | None) -> Any:
        """Run the first half under the tape, and return the outputs; return None where the program does not serve.

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
        results = [*map(Tensor, early[: len(self._results)])]
        if self._watched or self._trainable:
            ends = results[: len(self._gs)]
            whole = ends[0] if len(ends) == 1 else Tensor(np.empty(0))
            values = [*arrays, *[v.array for v in self._variables]]
            rest = self.runs, None if self._skipped is None else skipped, before, early[len(results) :], ends
            tape.append(Entry(self._op, [*inputs, *self._variables], values, rest, {}, whole), self._trainable)
            if whole is not ends[0]:
                for end in ends:
                    tape.append(Entry(_PART, [whole], [whole.array], (), {}, end))
            for x, y, last in self._lasts:
                tape.append(last(results[x], results[y]))
        for x, y, _ in self._lasts if self.keeps_logits else ():
            results[y].logits = results[x]
        return results[self._form] if type(self._form) is int else map_structure(results.__getitem__, self._form)

    def _first(self, arrays: Sequence[Array]) -> Sequence[Array]:
        """Run the first half, and return the results and what was drawn."""
        self.runs += 1
        return self._program.begin([*arrays, *self._gs, *self._starts.values()])

    def _vjp_all(self, g: Any, entry: Entry, values: list[Any], targets: Container[int],
                 totals: dict[int, Any]) -> Iterable[tuple[Any, Any]]:  # fmt: skip
        """Return pairs of an input or variable and its gradient, past an activation whose own is not wanted."""
        sources, skipped = [*entry.inputs, None], entry.rest[1]
        skips = skipped is None or id(sources[self._watched[0]]) not in targets
        if skipped is not None and skips:
            sources[-1] = skipped.inputs[0]
        starts = {place: totals.pop(id(sources[place]), None) for place in self._starts} if self._starts else {}
        gs = [totals.get(id(end)) for end in entry.rest[-1]]
        gradients = self._second(gs, entry, values, skips, starts)
        for place, start in starts.items():
            gradients[place] = start if gradients[place] is None else gradients[place]
        return zip(sources, gradients, strict=True)

    def _second(self, gs: list[Any], entry: Entry, values: list[Any], skips: bool, starts: dict[int, Any]) -> list[Any]:
        """Return the gradients, as `_backward` does, of the call that an entry is from.

        `values` were its inputs and variables. `gs` and `starts` may have None for nothing.
        """
        runs, count = entry.rest[0], len(values) - len(self._variables)
        # The second half works on a copy of the gradient. Where the copy has another order in memory, sums may round
        # otherwise. A broadcast gradient of a few axes, with a stride of 0, is summed as its copy is.
        alike = skips and self._thread == get_ident()
        for k, g in enumerate(gs):
            alike = alike and type(g) is np.ndarray
            if alike := alike and (g.strides == self._gs[k].strides or (g.ndim < 4 and not all(g.strides))):
                self._gs[k][...] = g
        if alike:
            later = runs != self.runs and not self._acts
            if later and all(v.array is weight for v, weight in zip(self._variables, values[count:], strict=True)):
                self._first(values[:count])
                runs = self.runs
            if runs == self.runs:
                for place, start in starts.items():
                    self._starts[place][...] = -0.0 if start is None else start  # to which adding changes nothing
                self.runs += 1
                return cast("list[Any]", self._program.finish())
        self.usable &= all(g is not None for g in gs)  # an eager run takes less time
        return self._again(gs, entry, values, skips, {place: x for place, x in starts.items() if x is not None})

    def _again(self, gs: list[Any], entry: Entry, values: list[Any], skips: bool, starts: dict[int, Any]) -> list[Any]:
        """Return the gradients without the program, from what variables held, and what was drawn, in the call."""
        count, (_, _, before, drawn, _) = len(values) - len(self._variables), entry.rest
        inputs = [x if isinstance(x, TensorOps) else Tensor(x) for x in values[:count]]
        tapes = [tape for tape in open_tapes() if tape.maker(entry.output)]  # of the call
        variables, numbers = [*self._variables, *self._moving], iter(drawn)
        held = {id(v): getattr(x, "array", x) for v, x in zip(variables, [*values[count:], *before], strict=True)}
        made: dict[int, Any] = dict(zip(self._places, inputs, strict=True))
        with stop_recording(*tapes), self._watching(inputs, skips) as tape:
            for op, links, rest, kwargs, place in self._calls:
                xs = [made.get(key, x) for key, x in links]
                arrays = [held.get(id(x), getattr(x, "array", x)) for x in xs]
                if op is ASSIGN:  # which changes no variable here
                    y = held[id(rest[0])] = arrays[0].astype(rest[0].array.dtype)
                else:
                    y = next(numbers) if op.draws else one_thread(op.forward)(*arrays, *rest, **kwargs)
                made[place] = Tensor(y)
                note(Entry(op, xs, arrays, rest, kwargs, made[place]))
        return self._backward(tape, made, gs, inputs, starts)


_PART = Op(cast(Any, np.copyto), (None,), 1)
"""Gives one output of an entry that has several, which finds the gradients of all of them by itself."""
_PART.vjp_all = lambda g, entry, *_: [(entry.inputs[0], 0)]  # the entry has a gradient


def _applied(like: Entry, op: Op | None = None) -> Callable[[Tensor, Tensor], Entry]:
    """Return a function that makes an entry for y = op(x), with the other arguments of a given entry."""
    return lambda x, y: Entry(op or like.op, [x], [x.array], like.rest, like.kwargs, y)
