"""Gradients of embeddings, which TensorFlow keeps row by row.

The gradient of a variable of which only rows are taken, as `Embedding` and `tf.gather` do, is a `tf.IndexedSlices`
there. Optimizers square each row by itself, and add repeated rows after that. Here the gradient is the sum of the rows,
and has them as an attribute.
"""

from collections.abc import Callable, Container, Sequence
from itertools import chain
from typing import Any, cast

import numpy as np

from ... import ops
from ..._base.typing import Array
from ..._core import tape
from ..._core.op import Entry, primitive
from ..._core.tensor import Tensor, as_array
from ..._core.variable import Variable
from ..._jit.taped_function import TapedProgram
from ...ops.arrays import bare
from ...ops.shapes import add_along
from ...optimizers import Adagrad, Adamax, Optimizer, RMSprop
from ...optimizers.adam import _Moments
from ..past.patches import Patches

_TAKE = vars(ops.take)["op"]


def patch(patches: Patches) -> None:
    """Let gradients keep their rows, and optimizers take them."""
    patches.around(tape, "backward", _backward)
    patches.around(TapedProgram, "__init__", _make_program)
    patches.around(Optimizer, "apply", _apply)


def _backward(backward: Any, entries: list[Entry], seeds: Any, as_tensors: bool, watched: Container[int],
              targets: Container[int] = ()) -> dict[int, Any]:  # fmt: skip
    totals: dict[int, Any] = backward(entries, seeds, as_tensors, watched, targets)
    taken = {id(entry.inputs[0]) for entry in entries if entry.op is _TAKE} - {id(target) for target, _ in seeds}
    for key in (key for key in taken if key in totals and key in targets):
        readers = [entry for entry in entries if id(entry.output) in totals and key in map(id, entry.inputs)]
        if all(entry.op is _TAKE and entry.arguments()["axis"] == 0 for entry in readers):
            totals[key] = total = _tensor(totals[key])
            total.rows = [(_tensor(totals[id(entry.output)]), _tensor(entry.inputs[1])) for entry in readers]
    return totals


def _tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(as_array(x))


def _make_program(init: Callable[..., None], taped: TapedProgram, *args: Any) -> None:
    init(taped, *args)  # a program does not give the rows
    taped.usable &= not any(op is _TAKE for op, *_ in vars(taped).get("_calls", ()))


def _apply(apply: Callable[..., None], optimizer: Any, grads: Sequence[Any],
           trainable_variables: Sequence[Variable] | None = None) -> None:  # fmt: skip
    squares = isinstance(optimizer, _Moments | RMSprop | Adagrad) and not getattr(optimizer, "centered", False)
    options = ("clipvalue", "clipnorm", "global_clipnorm", "gradient_accumulation_steps", "loss_scale_factor")
    others = optimizer._has_own_step() or any(getattr(optimizer, name) for name in options)
    rows: list[tuple[Any, Variable]] = []
    if squares and not others and trainable_variables is not None:
        trainable_variables = list(trainable_variables)
        optimizer._updater.build(trainable_variables)
        rows = [(g, v) for g, v in zip(grads, trainable_variables, strict=False) if hasattr(g, "rows")]
    with optimizer._updater.lock:  # all threads share the slots
        for g, variable in rows:
            _raise_slot(g, *chain(*g.rows), optimizer=optimizer, variable=variable)
        apply(optimizer, grads, trainable_variables)


@primitive(None, variadic=True, effect=True)
def _raise_slot(g: Array, *rows: Array, optimizer: Any, variable: Variable) -> Array:
    """Change a slot so that the rule, which squares the sum of the rows, makes of it what their own squares give."""
    optimizer._updater.make_exclusive(optimizer._trainable_variables)
    i, of_moments = optimizer._get_variable_index(variable), isinstance(optimizer, _Moments)
    slot = cast(Variable, optimizer._slots[of_moments][i]).array
    keep = getattr(optimizer, "beta_2", getattr(optimizer, "rho", 1))
    power = np.abs if isinstance(optimizer, Adamax) else np.square
    total = sum(bare(add_along)(power(x), at, g.shape, 0) for x, at in zip(rows[::2], rows[1::2], strict=True))
    if power is np.abs:  # slot = max(keep * slot, |g|)
        np.maximum(slot, total / keep, slot)
    elif keep:  # slot = keep * slot + (1 - keep) * g * g, or slot + g * g
        slot += (total - g * g) * ((1 - keep or 1) / keep)
    return np.empty(0)
