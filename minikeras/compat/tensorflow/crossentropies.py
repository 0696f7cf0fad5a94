"""Cross-entropies of a sigmoid or softmax from its logits, as Keras on TensorFlow computes them.

Where the activation saturates its result is cut off. The logits still tell how wrong it is, and which way to go.
"""

from collections.abc import Callable
from typing import Any

from ... import ops
from ..._base.nested import leaves
from ..._core.tape import GradientTape
from ..._core.tensor import Tensor
from ..._jit.taped_function import TapedFunction, TapedProgram
from ..._trainers.data_adapters import plain_arrays
from ..._trainers.trainer import Trainer
from ...losses.base import Loss
from ..past.patches import Patches
from .missing import nothing


def patch(patches: Patches) -> None:
    """Let sigmoid and softmax keep their logits, and cross-entropies take them."""
    for op in (ops.sigmoid, ops.softmax):
        patches.put(vars(op)["op"], "after", lambda y, x: (vars(Tensor)["logits"].__set__(y, x), y)[1])
    nn = ops.nn  # which takes the names of `ops` as they are when it is loaded
    for name in ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"):
        patches.around(ops, name, _crossentropy)
        patches.put(nn, name, vars(ops)[name])
    patches.put(TapedProgram, "keeps_logits", True)
    patches.around(Loss, "__call__", _call_loss)
    patches.around(Trainer, "_replayed", _call_model)


def _crossentropy(op: Any, target: Any, output: Any, from_logits: Any = False, *axis: Any, **named: Any) -> Tensor:
    logits = getattr(output, "logits", None)
    return op(target, *((output, from_logits) if logits is None else (logits, True)), *axis, **named)


def _call_loss(call: Callable[..., Tensor], loss: Any, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
    """Compute a loss; its program takes the logits as well, which would be constants of it."""
    logits, weights = getattr(y_pred, "logits", None), () if sample_weight is None else (sample_weight,)
    if logits is None:
        return call(loss, y_true, y_pred, *weights)

    def with_logits(y_true: Any, y_pred: Any, logits: Any, *weights: Any) -> Tensor:
        y_pred.logits = logits
        return loss._reduced(y_true, y_pred, *weights)

    kept = vars(loss._taped)
    taped = kept.get("with_logits") or kept.setdefault("with_logits", TapedFunction(with_logits, kept["_may_replay"]))
    return taped(y_true, y_pred, logits, *weights)


MANY = 1 << 16  # numbers, for which the outputs of all layers take much memory
_BLANK = GradientTape()
"""Records nothing. Under it a model is replayed together with its logits."""
vars(_BLANK).update(dict.fromkeys(("record", "append", "hold", "convert"), nothing))


def _call_model(replayed: Callable[..., Any], model: Any, x: Any) -> Any:
    """Call a model by a program, by one that gives logits too if the first has marked outputs; many numbers without."""
    arrays, program = plain_arrays(x), next(iter(model._forward_jit._programs.values()), None)
    marked = arrays is not None and program is not None and program.marked
    if marked and sum(array.size for array in leaves(arrays)) <= MANY:
        with _BLANK:
            return model(x, training=False)
    return None if marked else replayed(model, x)
