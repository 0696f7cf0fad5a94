"""The loss of sequences of labels, where nobody says which step spells what."""

from .. import ops
from .._base.typing import TensorLike
from .._core.tensor import Tensor
from ..ops.creation import convert_to_tensor
from .base import NamedLoss, predictions


def ctc(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return -log(p): p is how likely a sequence spells its labels, repeats and blanks left out. Graves et al. 2006.

    Args:
        y_true: Class numbers from 1, with zeros behind the last, (batch, labels).
        y_pred: Scores of the classes, before a softmax, (batch, steps, classes); class 0 is the blank.

    Raises:
        ValueError: for other numbers of axes.

    Example:
        >>> print(ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]]).numpy().round(4))  # 3 of 4 ways spell a 1: log(4 / 3)
        [0.2877]
    """
    labels, scores = convert_to_tensor(y_true, "int32"), predictions(y_pred)
    if labels.ndim != 2 or scores.ndim != 3:
        raise ValueError(
            "ctc needs y_true of shape (batch, labels) and y_pred of shape (batch, steps, classes). "
            f"Received: y_true.shape={labels.shape}, y_pred.shape={scores.shape}."
        )
    lengths = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=-1)
    return ops.ctc_loss(labels, scores, lengths, ops.full_like(lengths, scores.shape[1]))


class CTC(NamedLoss, fn=ctc):
    """How improbable it is that sequences spell their labels; see the function `ctc`."""

    _takes_classes = True
