"""Running a model over data, batch by batch."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from . import _state
from ._typing import Array
from .callbacks import Callback, CallbackList
from .data import Batches, map_structure
from .plan import Plan, trace
from .progress import Progbar
from .tensor import Tensor, recorders

PLANS_KEPT = 8
"""How many input shapes a model keeps plans for."""
PLAN_BYTES = 1 << 25
"""A plan with larger buffers is not kept, and batches are not joined beyond them."""
ROWS = 4096
"""Beyond so many rows a matrix product gains nothing."""
TRIES = 3
"""How often a model may change while it is traced before it runs eagerly for good."""


class Runner:
    """Runs a model's forward pass: by plan from the second time an input shape comes, eagerly before.

    Args:
        forward: The eager forward pass.
        is_pure: Tells whether only this package's code runs in it.
    """

    def __init__(self, forward: Callable[[Tensor], Any], is_pure: Callable[[], bool]) -> None:
        self._forward = forward
        self._is_pure = is_pure
        self._plans: dict[tuple[Any, ...], Plan] = {}
        self._failures = 0

    def find(self, x: Array) -> Plan | None:
        """Return the plan for inputs of this shape and dtype, None if there is none or the model has changed."""
        plan = self._plans.get((x.shape, x.dtype))
        return plan if plan is not None and plan.structure == _state.Structure.version else None

    def run(self, x: Array) -> Any:
        """Return the model's outputs as an array, or as the structure of arrays that its `call` returns."""
        plan = self.find(x)
        return self._first_run(x) if plan is None else self.replay(plan, x)

    def replay(self, plan: Plan, x: Array) -> Any:
        """Run a plan, or the model itself while another thread runs the plan."""
        if not plan.lock.acquire(blocking=False):
            return self._eager(x)
        try:
            return plan.run(x)
        finally:
            plan.lock.release()

    def _eager(self, x: Array) -> Any:
        return map_structure(Tensor.numpy, self._forward(Tensor(x)))

    def _first_run(self, x: Array) -> Any:
        if self._failures >= TRIES or recorders.open:
            return self._eager(x)
        version, tensor = _state.Structure.version, Tensor(x)
        output, record = trace(self._forward, tensor)
        if version != _state.Structure.version:
            self._failures += 1
        elif isinstance(output, Tensor) and not record.escaped and id(output) in record.produced:
            plan = Plan(record, tensor, output, self._is_pure())
            if plan.size <= PLAN_BYTES:
                while len(self._plans) >= PLANS_KEPT:
                    self._plans.pop(next(iter(self._plans)))
                self._plans[x.shape, x.dtype] = plan
        else:
            self._failures += record.escaped
        return map_structure(Tensor.numpy, output)

    def rows_at_once(self, x: Array) -> int:
        """Return how many rows to run together where batches like x may be joined: larger products are faster."""
        plan = self.find(x)
        return (
            len(x)
            if plan is None or not plan.pure
            else max(len(x), min(ROWS, PLAN_BYTES * len(x) // max(1, plan.size)))
        )


class Predictor(Protocol):
    """What `predict` needs of a model."""

    @property
    def runner(self) -> Runner:
        """What runs its forward pass."""

    def _prepare(self, x: Array) -> None:
        """Build the model for a batch, if need be."""


def predict(
    model: Predictor,
    x: Any,
    batch_size: int | None,
    verbose: int | str,
    steps: int | None,
    callbacks: Callback | Iterable[Callback] | None,
) -> Any:
    """Return a model's outputs for all rows of x; see `Model.predict`."""
    if verbose == "auto":
        verbose = 1 if _state.is_interactive_logging_enabled() else 2
    source = Batches(x, batch_size, steps)
    hooks = CallbackList(callbacks, model, {"steps": source.count, "verbose": verbose, "epochs": 1})
    bar = Progbar(source.count, verbose=int(verbose)) if verbose else None
    collected = _Collected(source.rows)
    hooks.on_predict_begin()
    done, at_once = 0, 1
    while True:
        if done == 1 and not hooks.callbacks and source.array is not None:
            at_once = max(1, model.runner.rows_at_once(source.array[: source.size]) // source.size)
        batch, taken = source.take(at_once)
        if batch is None:
            break
        model._prepare(batch)
        hooks.on_predict_batch_begin(done)
        outputs = model.runner.run(batch)
        hooks.on_predict_batch_end(done, {"outputs": outputs})
        collected.add(outputs)
        done += taken
        if bar is not None:
            bar.update(done, finalize=False)
    hooks.on_predict_end()
    if bar is not None and done:
        bar.target = done
        bar.update(done, finalize=True)
    if not done and source.array is not None:
        return _of_no_rows(model, source.array)
    if not done:
        raise ValueError("predict() received no batch: the iterable given as `x` is empty.")
    return collected.result()


def _of_no_rows(model: Predictor, x: Array) -> Any:
    """Return empty outputs of the right shape: those of one row of zeros, without the row."""
    one = np.zeros((1, *x.shape[1:]), x.dtype)
    model._prepare(one)
    return map_structure(lambda y: y[:0], model.runner.run(one))


class _Collected:
    """The outputs of all batches, joined along the batch axis.

    Args:
        rows: How many rows are expected, None if unknown; the arrays are then joined at the end.
    """

    def __init__(self, rows: int | None) -> None:
        self.rows = rows
        self.filled = 0
        self.whole: Array | None = None
        self.parts: list[Any] = []

    def add(self, outputs: Any) -> None:
        """Append the outputs of a batch."""
        if self.rows is None or not isinstance(outputs, np.ndarray):
            self.parts.append(outputs)
            return
        if self.whole is None:
            self.whole = np.empty((self.rows, *outputs.shape[1:]), outputs.dtype)
        self.whole[self.filled : self.filled + len(outputs)] = outputs
        self.filled += len(outputs)

    def result(self) -> Any:
        """Return all outputs."""
        return _join(self.parts) if self.whole is None else self.whole[: self.filled]


def _join(parts: list[Any]) -> Any:
    first = parts[0]
    if isinstance(first, dict):
        return {key: _join([part[key] for part in parts]) for key in first}
    if isinstance(first, list | tuple):
        return type(first)(_join([part[i] for part in parts]) for i in range(len(first)))
    return first if len(parts) == 1 else np.concatenate(parts)
