"""Running a model over data, batch by batch."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from . import _state
from ._structure import map_structure
from ._typing import Array
from .callbacks import Callback, CallbackList
from .data import Batches
from .plan import Plan, trace
from .progress import Progbar
from .tensor import Tensor, recorders

PLANS_KEPT = 8
"""How many input shapes a model keeps plans for."""
PLAN_BYTES = 1 << 25
"""A plan with larger buffers is not kept, and batches are not joined beyond them."""
ROWS = 4096
"""Beyond so many rows a matrix product gains nothing."""


class Runner:
    """Runs a model's forward pass: by plan from the second time an input shape comes, eagerly before.

    A model that runs code of its user's has no plans: that code may print, draw numbers or count its calls.

    Args:
        forward: The eager forward pass.
        is_pure: Tells whether only this package's code runs in it.
    """

    def __init__(self, forward: Callable[[Tensor], Any], is_pure: Callable[[], bool]) -> None:
        self._forward = forward
        self._is_pure = is_pure
        self._plans: dict[tuple[Any, ...], Plan] = {}

    def find(self, x: Array) -> Plan | None:
        """Return the plan for inputs of this shape and dtype, None if there is none or the model has changed."""
        plan = self._plans.get((x.shape, x.dtype))
        return plan if plan is not None and plan.structure == _state.Structure.version else None

    def run(self, x: Any) -> Any:
        """Return the model's outputs as an array, or as the structure of arrays that its `call` returns.

        Args:
            x: The inputs: an array, or a list or dict of arrays.
        """
        if not isinstance(x, np.ndarray):
            return self._eager(x)
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

    def _eager(self, x: Any) -> Any:
        return map_structure(Tensor.numpy, self._forward(map_structure(Tensor, x)))

    def _first_run(self, x: Array) -> Any:
        if recorders.open or not self._is_pure():
            return self._eager(x)
        version, tensor = _state.Structure.version, Tensor(x)
        output, record = trace(self._forward, tensor)
        replayable = isinstance(output, Tensor) and id(output) in record.produced and not record.escaped
        if replayable and version == _state.Structure.version:
            plan = Plan(record, tensor, output)
            if plan.size <= PLAN_BYTES:
                while len(self._plans) >= PLANS_KEPT:
                    self._plans.pop(next(iter(self._plans)))
                self._plans[x.shape, x.dtype] = plan
        return map_structure(Tensor.numpy, output)

    def rows_at_once(self, x: Any) -> int:
        """Return how many rows to run together where batches like x may be joined: larger products are faster."""
        plan = self.find(x) if isinstance(x, np.ndarray) else None
        return 0 if plan is None else min(ROWS, PLAN_BYTES * len(x) // max(1, plan.size))


class Predictor(Protocol):
    """What `predict` needs of a model."""

    @property
    def runner(self) -> Runner:
        """What runs its forward pass."""

    def _prepare(self, x: Any) -> None:
        """Build the model for a batch, if need be."""

    def _is_rowwise(self) -> bool:
        """Tell whether each row of the output depends on its row of the input alone."""


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
    if verbose not in (0, 1, 2):
        raise ValueError(f"`verbose` must be 0, 1, 2 or 'auto'. Received: verbose={verbose!r}.")
    source = Batches(x, batch_size, steps)
    hooks = CallbackList(callbacks, model, {"steps": source.count, "verbose": verbose, "epochs": 1})
    bar = Progbar(source.count, verbose=int(verbose)) if verbose else None
    collected = _Collected(source.rows)
    vars(model).pop("stop_predicting", None)
    hooks.on_predict_begin({})
    done, at_once = 0, 1
    while True:
        if done == 1 and not hooks.callbacks and source.array is not None and model._is_rowwise():
            first = map_structure(lambda array: array[: source.size], source.array)
            at_once = max(1, model.runner.rows_at_once(first) // source.size)
        batch, taken = source.take(at_once)
        if batch is None:
            break
        model._prepare(batch)
        hooks.on_predict_batch_begin(done, {})
        outputs = model.runner.run(batch)
        hooks.on_predict_batch_end(done, {"outputs": outputs})
        collected.add(outputs)
        done += taken
        if bar is not None:
            bar.update(done, finalize=False)
        if getattr(model, "stop_predicting", False):
            break
    hooks.on_predict_end({})
    if bar is not None and done:
        bar.target = done
        bar.update(done, finalize=True)
    if not done and source.array is not None:
        return _of_no_rows(model, source.array)
    if not done:
        raise ValueError("predict() received no batch: the iterable given as `x` is empty.")
    return collected.result()


def _of_no_rows(model: Predictor, x: Any) -> Any:
    """Return empty outputs of the right shape: those of one row of zeros, without the row."""
    one = map_structure(lambda array: np.zeros((1, *array.shape[1:]), array.dtype), x)
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
