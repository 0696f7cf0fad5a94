"""The former `keras.preprocessing.sequence`: windows of a time series, and skip-grams of words."""

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._base.typing import Array, Config
from ..._trainers.batches import PyDataset


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a time series, each with the target of the step after it.

    Args:
        data: The series, an array or a list.
        targets: A target for each step.
        length: Steps in a window.
        sampling_rate: Steps from one step of a window to the next.
        stride: Steps from one window to the next.
        start_index, end_index: The first and the last step to use.
        shuffle: Whether windows are drawn at random.
        reverse: Whether the steps of a window come in reverse order.
        batch_size: Windows a batch.
        kwargs: Arguments of `PyDataset`.

    Raises:
        ValueError: if data and targets differ in length, or no window fits between the indices.

    Example:
        >>> x, y = TimeseriesGenerator(np.arange(5), np.arange(5), length=3)[0]
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [1, 2, 3]], [3, 4])
    """

    def __init__(self, data: Any, targets: Any, length: int, sampling_rate: int = 1, stride: int = 1,
                 start_index: int = 0, end_index: int | None = None, shuffle: bool = False, reverse: bool = False,
                 batch_size: int = 128, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(f"Data and targets must have the same length. Received: {len(data)}, {len(targets)}.")
        self.data: Any = data
        self.targets: Any = targets
        self.length: int = length
        self.sampling_rate: int = sampling_rate
        self.stride: int = stride
        self.start_index: int = start_index + length
        self.end_index: int = len(data) - 1 if end_index is None else end_index
        self.shuffle: bool = shuffle
        self.reverse: bool = reverse
        self.batch_size: int = batch_size
        if self.start_index > self.end_index:
            raise ValueError(f"`start_index+length={self.start_index} > end_index={self.end_index}` is disallowed.")

    def __len__(self) -> int:
        return -(-(self.end_index - self.start_index + 1) // (self.batch_size * self.stride))

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        steps = self.batch_size * self.stride
        first = self.start_index + steps * index
        ends = np.arange(first, min(first + steps, self.end_index + 1), self.stride)
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, self.batch_size)  # noqa: NPY002
        windows = np.array([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        return windows[:, ::-1] if self.reverse else windows, np.array([self.targets[end] for end in ends])

    def get_config(self) -> Config:
        """Return the settings, with data and targets as JSON text."""
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        texts = {name: json.dumps(np.asarray(getattr(self, name)).tolist()) for name in ("data", "targets")}
        return {**texts, **{name: getattr(self, name) for name in names}}


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Array:
    """Return the probability of keeping a word, by its rank of frequency: word2vec's subsampling of frequent words.

    Frequencies are estimated from ranks by Zipf's law.
    """
    rank = np.maximum(np.arange(size), 1)
    rarity = sampling_factor * (rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank))
    return np.minimum(1.0, np.sqrt(rarity))


def skipgrams(sequence: Sequence[int], vocabulary_size: int, window_size: int = 4, negative_samples: float = 1.0,
              shuffle: bool = True, categorical: bool = False, sampling_table: Any = None,
              seed: int | None = None) -> tuple[list[list[int]], list[Any]]:  # fmt: skip
    """Return pairs of words and their labels: 1 for neighbors in the sequence, 0 for random pairs.

    Args:
        sequence: Word numbers; 0 stands for no word.
        vocabulary_size: Upper bound of the word numbers, excluded.
        window_size: The largest distance between neighbors, in words.
        negative_samples: Random pairs for each pair of neighbors.
        shuffle: Whether to shuffle the pairs.
        categorical: Whether labels are [0, 1] and [1, 0] rather than 1 and 0.
        sampling_table: The probability of keeping each word; see `make_sampling_table`.
        seed: Seed of the shuffle.

    Example:
        >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
        ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    couples: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        near = [j for j in range(max(0, i - window_size), min(len(sequence), i + window_size + 1)) if j != i]
        couples += [[word, sequence[j]] for j in near if sequence[j]]
    labels: list[Any] = [[0, 1] if categorical else 1] * len(couples)
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [first for first, _ in couples]
        random.shuffle(words)
        couples += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [[1, 0] if categorical else 0] * count
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        for items in (couples, labels):  # one seed, so that both get the same order
            random.seed(seed)
            random.shuffle(items)
    return couples, labels


__all__ = ["TimeseriesGenerator", "make_sampling_table", "skipgrams"]
