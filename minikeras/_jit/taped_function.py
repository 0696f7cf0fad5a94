"""Replays what a model or a loss computes under a GradientTape, forward pass and gradients, by one program."""

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
"""The calls with inputs of one kind at which a program is made, if there is none or layers have changed since."""
KINDS_KEPT = 16
"""For how many kinds of inputs calls are counted and programs kept."""


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
        tapes, output = recorders.open, None
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
            if type(array) is not np.ndarray or (dtype := array.dtype).kind not in "fiub":
                return None
            kind += (array.shape, array.strides, dtype)
        if len(watched) > 1 and len({id(inputs[place]) for place in watched}) < len(watched):
            return None  # the program would give an input that is passed twice two gradients
        maker = tape.maker(inputs[watched[0]]) if len(watched) == 1 else None
        passed = maker if maker is not None and maker.op.name in PASSED else None
        if passed is not None:
            kind += (passed.op, repr((passed.rest, passed.kwargs)) if passed.rest or passed.kwargs else None)
        key = (*kind, *watched)
        calls, taped = self._kinds.get(key, (0, None))
        if taped is not None and taped.made_at == Changes.layers:
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
    """A program for a function: its first half computes the output, its second half the gradients.

    Gradients equal those of an eager run to the last bit. Therefore two rules of the eager run hold here too. The rule
    of a cross-entropy skips the sigmoid or softmax before it (see `Op.fused_vjp`): one at the end of the function is an
    entry of its own, and `passed` is the entry of one that made the input. And the gradients of a tensor used several
    times are added one after another: the second half starts from the sum that later operations have left.

    Making a program calls the function once, eagerly, under the open tape. `output` is the result, which the caller
    takes away. `watched` are the places of the inputs that the tape watches. The program is `usable` if the function
    only computes: it draws no random numbers, changes no variables and looks at no values.
    """

    def __init__(self, function: Callable[..., Any], inputs: Sequence[Any], watched: Sequence[int],
                 passed: Entry | None) -> None:  # fmt: skip
        self.made_at: int = Changes.layers
        self._thread: int = get_ident()
        """The thread that it serves."""
        self._function, self._watched = function, watched
        tensors = [x if type(x) is Tensor else Tensor(x.copy()) for x in inputs]
        y, record = trace(lambda tensors: function(*tensors), tensors)
        self.output: Any = y
        entries = record.entries
        made = bool(entries) and isinstance(y, Tensor) and entries[-1].output is y
        pure = not record.escaped and not any(entry.op.effect or entry.op.draws for entry in entries)
        self.usable = made and pure and self.made_at == Changes.layers and getattr(y, "keras_mask", None) is None
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
        if passed is not None and not held:  # its own entry has the rule
            self._passed = _applied(passed, Op(passed.op.forward, (None,), 1))
        self._op = Op(_unknown, (), None)
        self._op.vjp_all = self._vjp_all
        self._runs: int = 0
        """Counts runs of both halves: the second half belongs to a call only directly after its first half."""
        uses = Counter(id(x) for entry in entries for x in entry.inputs)
        sources: dict[int, Any] = dict(enumerate([*tensors, *self._variables]))
        if self._passed is not None:
            sources[-1] = tensors[watched[0]]
        self._starts: dict[int, Array] = {k: np.zeros(x.shape, x.dtype) for k, x in sources.items() if uses[id(x)] > 1}
        """For what is used several times, by place: the gradient so far. Places are those of `_gradients`."""
        self._make_program([x.array for x in tensors], last.inputs[0] if self._last else y)

    def _make_program(self, arrays: Sequence[Any], target: Any) -> None:
        self._g: Array = np.ones_like(target.array)
        """Where the second half finds the gradient of the output."""
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
        """Run the function and differentiate it: without a program, or to trace one.

        `tensors` are the inputs and, last, the gradient of the output. `starts` has gradients to add to, by place.
        `through` skips the activation that made the input, and `made` is the output that open tapes have recorded, if
        any. Returned are the gradients of the inputs, of the variables and, at place -1, of what that activation got,
        each None where there is none; the outputs of the entries; and a stand-in, without values, for what it got.
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
        """Run the first half under the tape, and return the output; return None where the program does not serve.

        It has no gradients of weights that are not trained.
        """
        variables = self._variables
        if self._frozen and any(map(tape.watches, self._frozen)):  # by `tape.watch`
            return None
        # A caller may change an array before the gradient is taken, but no tensor.
        arrays: list[Any] = [x.array if type(x) is Tensor else x.copy() for x in inputs]
        tape.hold(variables)
        if self._program.large:
            tape.threads = one_thread
        ends = [*map(Tensor, self._first(arrays))]
        if self._watched or self._trainable:
            values = [*arrays, *[v.array for v in variables]]
            rest = self._runs, None if self._passed is None else passed
            tape.append(Entry(self._op, [*inputs, *variables], values, rest, {}, ends[0]), self._trainable)
            if self._last is not None:
                tape.append(self._last(*ends))
        return ends[-1]

    def _first(self, arrays: Sequence[Array]) -> Sequence[Array]:
        """Run the first half, and return the outputs of the entries."""
        self._runs += 1
        return self._program.begin([*arrays, self._g, *self._starts.values()])

    def _vjp_all(self, g: Any, entry: Entry, values: Sequence[Any], kept: Container[int],
                 totals: dict[int, Any]) -> Iterable[tuple[Any, Any]]:  # fmt: skip
        """Return pairs of an input or variable and its gradient, past an activation whose own is not wanted."""
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
        """Return the gradients, as `_gradients` does, of the call that an entry is from.

        `g` is the gradient of its output, `values` were its inputs and variables. `starts` may have None for nothing.
        """
        runs, count = entry.rest[0], len(values) - len(self._variables)
        # The second half works on a copy of the gradient. Where the copy has another order in memory, sums may round
        # otherwise. A broadcast gradient of a few axes, with a stride of 0, is summed as its copy is.
        alike = type(g) is np.ndarray and (g.strides == self._g.strides or (g.ndim < 4 and not all(g.strides)))
        if through and alike and self._thread == get_ident():
            later = runs != self._runs and self.made_at == Changes.layers
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
        """Return the gradients without the program, from the values that variables had in the call."""
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
    """Return a function that makes an entry for y = op(x), with the other arguments of a given entry."""
    op, rest, kwargs = op or like.op, like.rest, like.kwargs
    return lambda x, y: Entry(op, [x], [x.array], rest, kwargs, y)


def _unknown(*arrays: Array) -> Array:
    """Stand for the forward pass, which a program runs."""
    raise NotImplementedError
