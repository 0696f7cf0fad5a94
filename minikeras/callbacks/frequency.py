"""Every how many batches something is done."""

from typing import Literal, TypeAlias

Frequency: TypeAlias = Literal["epoch"] | int


class BatchCounter:
    """Counts batches, also where hooks run only after several of them.

    Args:
        frequency: "epoch", or a number of batches.

    Raises:
        ValueError: if it is neither.

    Example:
        >>> counter = BatchCounter(2)
        >>> [counter.is_full(batch) for batch in (0, 1, 2, 0, 1)]
        [False, True, False, True, False]
    """

    def __init__(self, frequency: Frequency) -> None:
        if frequency != "epoch" and not isinstance(frequency, int):
            raise ValueError(f"`save_freq` must be 'epoch' or a number of batches. Received: save_freq={frequency!r}.")
        self.target: int = 0 if frequency == "epoch" else int(frequency)
        self.count: int = 0
        self.last: int = -1

    def is_full(self, batch: int) -> bool:
        """Count the batches up to this one of the epoch, and tell whether the number is reached; then start anew."""
        self.count += batch + 1 if batch <= self.last else batch - self.last
        self.last = batch
        full = 0 < self.target <= self.count
        if full:
            self.count = 0
        return full
