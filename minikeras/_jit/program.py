"""A function of tensors, traced once, written out as straight-line Python over NumPy, and replayed.

A trace is the record of one eager run on real arrays. A program takes its ops apart into bare NumPy calls. It computes
equal things once, and drops what neither an output nor an effect (an assignment, an optimizer's update) depends on.
Each call gets a buffer to write to. The calls are compiled into a function without loops, look-ups or branches. A
replay runs no code of any layer, and allocates only the outputs and the results of ops without `out`. Its numbers are
those of the eager run to the last bit, because it makes the same calls on the same numbers.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import call, is_
from threading import Lock
from typing import Any

import numpy as np

from .._base.blas_threads import one_thread
from .._base.nested import leaves, map_structure
from .._base.pool import Turns
from .._base.typing import Array
from .._core.op import Entry
from .._core.ownership import Changes
from .._core.tensor import Tensor
from .codegen import Codegen, takes_threads
from .trace import simplified


class Program(Turns):
    """The compiled calls of a recorded run, with their buffers. With `reuse` these are arrays of the record.

    Attributes:
        made_at: `Changes.layers` when it was made; after a change of layers the program may be wrong.
        large: Whether a product is so large that BLAS would use a second thread.
        lock: Held during a run, because the buffers serve one run at a time.
        size: Bytes of all buffers; more where a `Jit` counts the record as well.
        steps_left: Counts down to 1, when a better program is made; 0 or less if none will be.
        masked: Whether an output has a mask, which a replay does not give.
        source: The text of two functions: `main` has all effects and gives the `early` outputs, `tail` the others.
    """

    def __init__(self, recorded: list[Entry], inputs: Sequence[Tensor], outputs: Any, reuse: bool = False,
                 early: Sequence[Tensor] = ()) -> None:  # fmt: skip
        overflows = any(entry.op.replay is not entry.op.forward for entry in recorded)
        self._start(outputs, any(map(takes_threads, recorded)), overflows)
        entries, (outputs, early) = simplified(recorded, (outputs, early))
        results = leaves(outputs)
        order = iter(range(len(results)))
        self._order = map_structure(lambda _: next(order), outputs)
        """The structure of the outputs, with a number in place of each."""
        self._is_flat_list: bool = self._order == list(range(len(results)))
        self._codegen = Codegen(entries, inputs, [*early, *results], len(early), reuse)
        self.size: int = self._codegen.size
        self.source: str = self._codegen.source
        functions = self._codegen.namespace
        exec(compile(self.source, "<program>", "exec"), functions)  # made here, of our own names and numbers alone
        self._main: Callable[..., Any] = functions["main"]
        self._tail: Callable[..., Any] = functions["tail"]
        self._early: int = len(early)
        self._carried: tuple[Any, ...] = ()
        """What the last run of `main` left for `tail`."""
        self._bound: list[Array] = []
        """The arrays of the variables, as last looked up."""
        self._writes: bool = bool(self._codegen.assigned or self._codegen.rebinding)
        """Whether it changes variables in place."""
        self._bind()

    def _start(self, outputs: Any, large: bool, overflows: bool) -> None:
        self.made_at: int = Changes.layers
        super().__init__(Lock)
        self.steps_left: int = 0
        self.marked: bool = any(hasattr(y, "logits") or hasattr(y, "keras_mask") for y in leaves(outputs))
        self.large: bool = large
        guard = _overflowing if overflows else call
        self._guard: Callable[..., Any] = one_thread(guard) if large else guard
        """Calls a function with an argument, while NumPy's warnings are on."""

    def _bind(self) -> None:
        """Look up the arrays of variables. Those that the program writes to get arrays that nobody else holds."""
        codegen = self._codegen
        self._exposures_seen: int = Changes.exposures  # before they are looked up, as other threads may change more
        for rebind in codegen.rebinding:
            rebind()
        for variable in codegen.assigned:
            variable.make_exclusive()
        self._arrays_seen: int = Changes.arrays
        arrays = [variable.array for _, (variable, _) in codegen.references]
        if len(self._bound) != len(arrays) or not all(map(is_, arrays, self._bound)):
            for name, (variable, view) in codegen.references:
                codegen.namespace[str(name)] = view(variable.array)
            self._bound = arrays

    def parts(self) -> "list[list[Program]]":
        """Return the programs of each stage; there are several in one that is run in blocks of rows."""
        return [[self]]

    def run(self, inputs: Iterable[Array]) -> None:
        """Run `main` on inputs of the traced shapes and dtypes. NumPy's warnings must be off."""
        if self._arrays_seen != Changes.arrays or (self._writes and self._exposures_seen != Changes.exposures):
            self._bind()
        self._carried = self._main(*inputs)

    def outputs(self) -> Any:
        """Return the outputs of the last run, in their structure, as arrays that the caller may keep."""
        values = self._tail(*self._carried)
        if self._is_flat_list:
            return list(values)
        return values[0] if self._order == 0 else map_structure(values.__getitem__, self._order)

    def finish(self) -> Any:
        """Return the outputs of the last run, and let go of what it left."""
        outputs = self.outputs()
        self._carried = ()
        return outputs

    def begin(self, inputs: Iterable[Array]) -> Sequence[Array]:
        """Run `main` with NumPy's warnings on, and return the `early` outputs, as arrays that the caller may keep."""
        self._guard(self.run, inputs)
        outputs, self._carried = self._carried[: self._early], self._carried[self._early :]
        return outputs

    def call(self, inputs: Iterable[Array]) -> Any:
        """Run with NumPy's warnings on, and return the outputs."""
        return self._guard(lambda: (self.run(inputs), self.finish())[1])  # type: ignore[func-returns-value]


_overflowing = np.errstate(over="ignore", under="ignore")(call)
"""Calls a function with an argument, for a program whose exponential may overflow to infinity on purpose."""
