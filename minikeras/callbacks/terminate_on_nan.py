"""Stop training when the loss is no finite number."""

import math

from ..progress import write
from .callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Stops training after a batch whose loss is NaN or infinite.

    Args:
        raise_error: Whether to raise an error, so that no `on_train_end` runs, instead of ending the training.

    Raises:
        RuntimeError: after such a batch, with `raise_error`.

    Example:
        >>> class Model:
        ...     stop_training = False
        >>> guard = TerminateOnNaN()
        >>> guard.set_model(Model())
        >>> guard.on_train_batch_end(7, {"loss": float("nan")})
        Batch 7: Invalid loss, terminating training
        >>> guard.model.stop_training
        True
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"NaN or Inf loss after batch {batch}. Received: loss={loss}. Training is terminated.")
        write(f"Batch {batch}: Invalid loss, terminating training\n")
        self.model.stop_training = True
