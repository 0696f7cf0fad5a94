"""An epoch: one pass over all batches, with the hooks of callbacks, and what becomes of the outputs."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from itertools import starmap
from time import perf_counter
from typing import Any, Literal, TypeAlias

import numpy as np

from .._base.blas_threads import in_steps
from .._base.interrupt import Interrupt
from .._base.settings import is_interactive_logging_enabled
from .._base.typing import Array
from .._jit.jit import Jit
from ..callbacks import CallbackList
from ..callbacks.callback import as_floats
from ..tree import map_structure
from .batches import Batches
from .data_adapters import pack_x_y_sample_weight

Verbose: TypeAlias = int | Literal["auto"]
"""Printed by a run: nothing (0), a progress bar (1), one line an epoch (2), its number (3); "auto" is 1."""
Phase: TypeAlias = Literal["train", "test", "predict"]
"""Begins the names of a run's step and hooks."""
LOOK = 0.05
"""Seconds from one look of the progress bar to the next."""


def run_epoch(phase: Phase, jit: Jit, source: Batches, hooks: CallbackList, every: int, interrupt: Interrupt,
              stopped: Callable[[], bool]) -> dict[str, Any]:  # fmt: skip
    """Run the steps of all batches, and the hooks around `every` steps; return the last logs, {} without any step.

    A Ctrl-C waits until a step is done; `stopped` tells if a callback wants to stop.
    """
    begin = getattr(hooks, f"on_{phase}_batch_begin") if hooks.listens(f"on_{phase}_batch_begin") else None
    end = getattr(hooks, f"on_{phase}_batch_end") if hooks.listens(f"on_{phase}_batch_end") else None
    in_memory = source.array is not None
    looks = begin is not None or hooks.listens(f"on_{phase}_batch_end", seldom=False)  # a user's code does
    if in_memory and not looks and not stopped():
        return interrupt.run(_run_fast, jit, source, end, lambda: stopped() or interrupt.pending)
    logs: Logs | None = None
    i = -1
    for i, batch in enumerate(source.epoch()):
        if begin is not None and i % every == 0:
            begin(i)
        data = pack_x_y_sample_weight(*batch)
        with in_steps():
            logs = Logs(interrupt.run(jit.step, data))
            if not in_memory:
                len(logs)  # before the source writes to these arrays anew
        if (i + 1) % every:
            continue
        if end is not None:
            end(i, logs)
        if stopped():
            break
    if end is not None and (i + 1) % every:  # the last steps are fewer, but count as many
        end(i - i % every + every - 1, logs)
    return logs.given if logs is not None else {}


def _run_fast(jit: Jit, source: Batches, look: Callable[..., None] | None, stopped: Callable[[], bool]) -> Any:
    """Run the steps, and show the progress bar their outputs now and then."""
    due = 0.0
    outputs: Callable[[], Any] | None = None
    with in_steps(), closing(_iterate(jit, source)) as steps:
        for count, outputs in steps:
            if look is not None and (count < 3 or perf_counter() >= due):
                look(count - 1, Logs(outputs))
                due = perf_counter() + LOOK
            if stopped():
                break
        return Logs(outputs).given if outputs is not None else {}


def _iterate(jit: Jit, source: Batches) -> Generator[tuple[int, Callable[[], Any]], None, None]:
    """Run the steps; yield how many are done, and the outputs of the last, after each or several."""
    count = 0
    for run in source.runs():
        outputs = jit.run_all(run)
        if outputs is not None:
            count += len(run[0])
            yield count, outputs
            continue
        for data in starmap(pack_x_y_sample_weight, zip(*run, strict=True)):
            outputs = jit.step(data)
            count += 1
            yield count, outputs


class Logs(Mapping[str, Any]):
    """The logs of a step as numbers, in the order of their names, computed when they are first read."""

    def __init__(self, outputs: Callable[[], Any]) -> None:
        self._outputs = outputs

    @cached_property
    def given(self) -> dict[str, Any]:
        """The dict that the step returned, in which values may be dicts; a TypeError if it returned something else."""
        logs = self._outputs()
        if not isinstance(logs, dict):
            raise TypeError(f"`train_step` and `test_step` must return a dict. Received: {type(logs).__name__}.")
        return logs

    @cached_property
    def _values(self) -> dict[str, Any]:
        return as_floats(self.given)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Outputs:
    """The outputs of the `batches` so far, written in place if the number of `rows` is known, or joined at the end."""

    def __init__(self, rows: int | None) -> None:
        self.batches = 0
        self._rows = rows
        self._end = 0
        self._whole: Array | None = None
        self._parts: list[Any] = []

    def add(self, outputs: Any, batches: int) -> None:
        """Append the outputs of some batches."""
        self.batches += batches
        if self._rows is not None and isinstance(outputs, np.ndarray) and self._end + len(outputs) > self._rows:
            self._rows = None  # the model gives more rows than it gets
            self._parts = [self._whole[: self._end]] if self._whole is not None else []
            self._whole = None
        if self._rows is None or not isinstance(outputs, np.ndarray):
            self._parts.append(outputs)
            return
        if self._whole is None:
            self._whole = np.empty((self._rows, *outputs.shape[1:]), outputs.dtype)
        self._whole[self._end : self._end + len(outputs)] = outputs
        self._end += len(outputs)

    def result(self) -> Any:
        """Return all outputs."""
        return join(self._parts) if self._whole is None else self._whole[: self._end]


def join(parts: list[Any]) -> Any:
    """Return arrays, or structures of them, put one behind the other."""
    return parts[0] if len(parts) == 1 else map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def verbosity_of(verbose: Any) -> int:
    """Return what a run prints as a number."""
    if verbose == "auto":
        return 1 if is_interactive_logging_enabled() else 2
    if verbose not in (0, 1, 2, 3):
        raise ValueError(f"`verbose` must be 0, 1, 2, 3 or 'auto'. Received: verbose={verbose!r}.")
    return int(verbose)


def check_frequency(validation_freq: Any) -> None:
    """Refuse what does not say after which epochs to evaluate."""
    if isinstance(validation_freq, bool) or not isinstance(validation_freq, int | list | tuple):
        raise ValueError("Expected `validation_freq` to be a list or int. Received: "
                         f"validation_freq={validation_freq!r} of the type {type(validation_freq)}.")  # fmt: skip


def is_due(epoch: int, validation_freq: Any) -> bool:
    """Return whether to evaluate after an epoch, counted from 1."""
    return epoch % validation_freq == 0 if isinstance(validation_freq, int) else epoch in validation_freq
