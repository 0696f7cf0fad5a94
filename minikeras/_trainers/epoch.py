"""An epoch: one pass over all batches, with the hooks of callbacks; and the logs and outputs of its steps."""

from collections import UserDict
from collections.abc import Callable, Generator
from contextlib import closing
from copy import deepcopy
from functools import cached_property
from itertools import chain, count, islice, starmap
from time import perf_counter
from typing import Any, Literal, TypeAlias

import numpy as np

from .._base.blas_threads import in_steps
from .._base.interrupt import Interrupt
from .._base.typing import Array
from .._jit.jit import Jit
from ..callbacks import CallbackList
from ..callbacks.callback import as_floats
from ..tree import map_structure
from .batches import Batches, warn_of_the_end
from .data_adapters import pack_x_y_sample_weight

Verbose: TypeAlias = int | Literal["auto"]
"""What a run prints: nothing (0), a progress bar (1), a line an epoch (2), only its number (3); "auto" is 1 or 2."""
VERBOSE = (0, 1, 2, 3, "auto")
Phase: TypeAlias = Literal["train", "test", "predict"]
"""The first part of the names of a run's step and hooks."""
LOOK = 0.05
"""Seconds between two updates of the progress bar."""


def run_epoch(phase: Phase, jit: Jit, source: Batches, hooks: CallbackList, every: int, joined: bool,
              interrupt: Interrupt, stopped: Callable[[], bool]) -> dict[str, Any]:  # fmt: skip
    """Run a step for each batch, with hooks around each `every` steps; return the last logs, {} if there was no step.

    If `joined`, a step takes a list of `every` batches. Ctrl-C waits for its end. `stopped` returns whether to stop.
    """
    begin = getattr(hooks, f"on_{phase}_batch_begin") if hooks.listens(f"on_{phase}_batch_begin") else None
    end = getattr(hooks, f"on_{phase}_batch_end") if hooks.listens(f"on_{phase}_batch_end") else None
    in_memory = source.arrays is not None
    each_batch = begin is not None or hooks.listens(f"on_{phase}_batch_end", seldom=False)  # as a user's callbacks
    if in_memory and not each_batch and not joined and not stopped():
        return interrupt.run(_run_unwatched, jit, source, end, lambda: stopped() or interrupt.pending)
    logs: Logs | None = None
    batches = starmap(pack_x_y_sample_weight, source.epoch())
    try:
        for i, batch in zip(count(0, every), batches, strict=False):
            if begin is not None:
                begin(i)
            group = chain([batch], islice(batches, every - 1))
            for data in [[*map(deepcopy, group)]] if joined else group:  # the source may overwrite its arrays
                with in_steps():
                    logs = Logs(interrupt.run(jit.step, data))
                    if not in_memory:
                        len(logs)  # computes the logs, before the source overwrites its arrays
            if end is not None:
                end(i + every - 1, logs)  # the last group may be smaller, but gets the number of a full one
            if stopped():
                break
    except StopIteration:  # of a function that wants more batches than are left, or of a user's step or callback
        warn_of_the_end()
    return logs.given if logs is not None else {}


def _run_unwatched(jit: Jit, source: Batches, look: Callable[..., None] | None, stopped: Callable[[], bool]) -> Any:
    """Run the steps of data in memory, many at once; `look`, the hook of the progress bar, runs only now and then."""
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
    """Run the steps; after each, or after several in a row, yield how many are done and the outputs of the last."""
    count = 0
    for stretch in source.stretches():
        if (outputs := jit.run_all(stretch)) is not None:
            count += len(stretch[0])
            yield count, outputs
            continue
        try:
            for data in starmap(pack_x_y_sample_weight, zip(*stretch, strict=True)):
                yield (count := count + 1), jit.step(data)
        except StopIteration:  # of a user's step
            return warn_of_the_end()


class Logs(UserDict[str, Any]):
    """The logs of a step as numbers, sorted by name, computed when they are first read."""

    def __init__(self, outputs: Callable[[], Any]) -> None:
        self._outputs = outputs

    @cached_property
    def given(self) -> dict[str, Any]:
        """The dict that the step returned, whose values may be dicts too; a TypeError if it returned something else."""
        logs = self._outputs()
        if not isinstance(logs, dict):
            raise TypeError(f"`train_step` and `test_step` must return a dict. Received: {type(logs).__name__}.")
        return logs

    @cached_property
    def data(self) -> dict[str, Any]:  # type: ignore[override]
        """The numbers; the methods of a `UserDict` look here."""
        return as_floats(self.given)


class Predictions:
    """The outputs of all batches: written into one array if the number of `rows` is known, else joined at the end."""

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
            self._rows = None  # the model returns more rows than it gets
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
    """Concatenate arrays, or structures of arrays, along the rows."""
    return parts[0] if len(parts) == 1 else map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def schedule(validation_freq: Any) -> Callable[[int], bool]:
    """Return whether to evaluate after an epoch, counted from 1; a ValueError for no integer, or list of epochs."""
    if isinstance(validation_freq, bool) or not isinstance(validation_freq, int | list | tuple):
        raise ValueError("Expected `validation_freq` to be a list or int. Received: "
                         f"validation_freq={validation_freq!r} of the type {type(validation_freq)}.")  # fmt: skip
    return lambda epoch: epoch % validation_freq == 0 if isinstance(validation_freq, int) else epoch in validation_freq
