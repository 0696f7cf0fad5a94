"""Running a model over data, batch by batch."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from . import _state
from ._typing import Array
from .callbacks import Callback, CallbackList
from .data import batches, is_batches, map_structure
from .plan import Plan, trace
from .progress import Progbar
from .tensor import Tensor, recorders

PLANS_KEPT = 8
"""How many input shapes a model keeps plans for."""
PLAN_BYTES = 1 << 24
"""A plan with larger buffers is not kept."""
TRIES = 3
"""How often a model may change while it is traced before it runs eagerly for good."""


class Runner:
    """Runs a model's forward pass: by plan from the second time an input shape comes, eagerly before.

    Args:
        forward: The eager forward pass of a built model.
    """

    def __init__(self, forward: Callable[[Tensor], Any]) -> None:
        self._forward = forward
        self._plans: dict[tuple[Any, ...], Plan] = {}
        self._failures = 0

    def run(self, x: Array) -> Any:
        """Return the model's outputs as an array, or as the structure of arrays that its `call` returns."""
        plan = self._plans.get((x.shape, x.dtype))
        if plan is not None and plan.structure == _state.Structure.version and plan.lock.acquire(blocking=False):
            try:
                return plan.run(x)
            finally:
                plan.lock.release()
        return self._first_run(x)

    def _first_run(self, x: Array) -> Any:
        if self._failures >= TRIES or recorders.open:
            return map_structure(Tensor.numpy, self._forward(Tensor(x)))
        version, tensor = _state.Structure.version, Tensor(x)
        output, record = trace(self._forward, tensor)
        if version != _state.Structure.version:
            self._failures += 1
        elif isinstance(output, Tensor) and not record.escaped and id(output) in record.produced:
            plan = Plan(record, tensor, output)
            if plan.size <= PLAN_BYTES:
                while len(self._plans) >= PLANS_KEPT:
                    self._plans.pop(next(iter(self._plans)))
                self._plans[x.shape, x.dtype] = plan
        else:
            self._failures += record.escaped
        return map_structure(Tensor.numpy, output)


class Predictor(Protocol):
    """What `predict` needs of a model."""

    @property
    def runner(self) -> Runner:
        """What runs its forward pass."""

    def _prepare(self, x: Array) -> Array:
        """Return a batch in the dtype and rank that the built model takes, building it if need be."""


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
    if type(x) is np.ndarray and not (verbose or callbacks or steps) and x.dtype.kind == "f" and x.ndim:
        if 0 < len(x) <= (32 if batch_size is None else batch_size):
            return model.runner.run(model._prepare(x))  # one batch, and nothing to report
    parts, count = batches(x, batch_size, steps)
    if count == 0:
        return _of_no_rows(model, x)
    rows = None if steps is not None or is_batches(x) else len(x)
    hooks = CallbackList(callbacks, model, {"steps": count, "verbose": verbose, "epochs": 1})
    bar = Progbar(count, verbose=int(verbose)) if verbose else None
    collected = _Collected(rows)
    hooks.on_predict_begin()
    step = 0
    for step, part in enumerate(parts, 1):
        hooks.on_predict_batch_begin(step - 1)
        outputs = model.runner.run(model._prepare(part))
        hooks.on_predict_batch_end(step - 1, {"outputs": outputs})
        collected.add(outputs)
        if bar is not None:
            bar.update(step, finalize=False)
    hooks.on_predict_end()
    if bar is not None:
        bar.target = step
        bar.update(step, finalize=True)
    if not step:
        raise ValueError("predict() received no batch: the iterable given as `x` is empty.")
    return collected.result()


def _of_no_rows(model: Predictor, x: Any) -> Any:
    """Return empty outputs of the right shape: those of one row of zeros, without the row."""
    array = np.asarray(x)
    one = model.runner.run(model._prepare(np.zeros((1, *array.shape[1:]), "float32")))
    return map_structure(lambda y: y[:0], one)


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
