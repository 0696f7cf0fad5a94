"""The learning rates of a model's optimizer, or of the optimizers that it holds."""

from typing import Any

from .callback import Logs


def optimizers(model: Any) -> list[tuple[str, Any]]:
    """Return a model's optimizer with the name "", or the optimizers inside it with theirs."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # of a scaled loss
    inside = getattr(optimizer, "optimizers", None)
    return [("", optimizer)] if inside is None else [(x.name, x) for x in inside]


def log_rates(model: Any, logs: Logs | None) -> None:
    """Enter the learning rates in the logs, where callbacks further down the list find them."""
    if logs is None:
        return
    for name, optimizer in optimizers(model):
        logs["learning_rate" + f"_{name}" * bool(name)] = float(optimizer.learning_rate)
