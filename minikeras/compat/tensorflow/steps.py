"""The steps of `fit` and `evaluate` as TensorFlow runs them."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from ..._base.nested import leaves
from ..._trainers.trainer import Trainer
from ...callbacks.callback import as_floats
from ..past.patches import Patches
from .draws import graph


def patch(patches: Patches) -> None:
    """Let each step of `fit` and `evaluate` be a graph, and one more begin where a pass has an unknown end."""
    patches.around(Trainer, "_Trainer__step", _step)
    patches.around(Trainer, "_Trainer__epoch_logs", _epoch_logs)


def _step(step: Callable[[Any, str, Any], Any], model: Any, phase: str, data: Any) -> Any:
    with nullcontext() if model.run_eagerly else graph(vars(model._jits[phase]).setdefault("kernels", {})):
        return step(model, phase, data)


def _epoch_logs(run: Callable[..., dict[str, Any]], model: Any, phase: str, source: Any, *rest: Any) -> dict[str, Any]:
    """Run an epoch. The step that finds no batch moves what does not depend on one: seeds, and counts of updates."""
    updates = [x.variables[0] for x in (model.optimizer, *vars(model).values()) if hasattr(x, "apply_gradients")]
    counters = {*model.variables, *updates} - {*model.weights}
    before = [v.numpy() for v in counters]
    logs, open_end = run(model, phase, source, *rest), source._available is source._steps is None
    if not (open_end and (steps := source._seen)) or model.run_eagerly or model.steps_per_execution > 1:
        return logs
    for v, old in zip(counters, before, strict=True):
        v.assign(v.numpy() + (v.numpy() - old) // steps)
    for v in model.metrics_variables:  # the counts in means: of rows in batches of a known size, and of scalars
        if v.name == "count" and (not source.uneven or (v.numpy() == steps and len(leaves(source._last)[0]) > 1)):
            v.assign(v * (1 + 1 / steps))
    results = model.get_metrics_result()
    return as_floats(results) if results.keys() == logs.keys() else logs
