"""Sequences of labels from the scores of each step, where nobody says which step spells what (Graves et al. 2006)."""

from collections.abc import Sequence

import numpy as np

from .._typing import Array, TensorLike
from ..tensor import Tensor, as_array, composite
from .activation import log_softmax
from .creation import cast, convert_to_tensor
from .elementwise import equal, logaddexp, maximum
from .shapes import pad, repeat, squeeze, take_along_axis, where

_NEVER = -1e5
"""The logarithm of a probability of 0."""


@composite
def ctc_loss(
    target: TensorLike, output: TensorLike, target_length: TensorLike, output_length: TensorLike, mask_index: int = 0
) -> Tensor:
    """-log(p) of each sequence: p is how likely it spells its labels, repeats and blanks left out.

    Args:
        target: Class numbers, (batch, labels).
        output: Scores of the classes, before a softmax, (batch, steps, classes).
        target_length: How many labels each sequence has, (batch,).
        output_length: How many steps.
        mask_index: The class that is the blank.

    Example:
        >>> print(ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2]).numpy().round(4))  # 3 of 4 ways: log(4 / 3)
        [0.2877]
    """
    labels, lengths = convert_to_tensor(target, "int32"), convert_to_tensor(target_length, "int32")
    steps = convert_to_tensor(output_length, "int32")[:, None]
    spelled = log_softmax(_scores(output), axis=-1)
    odd = np.arange(2 * labels.shape[1] + 1) % 2 == 1  # a blank, and then a label and a blank for each label
    states = where(odd, pad(repeat(labels, 2, axis=1), ((0, 0), (1, 0))), mask_index)
    jump = pad(states[:, 2:] != states[:, :-2], ((0, 0), (2, 0))) & odd  # there is no blank between two labels
    ways = where(equal(np.arange(states.shape[1]), 0), 0.0 * spelled[:, 0, :1], _NEVER)
    for step in range(spelled.shape[1]):
        shifted = [pad(ways, ((0, 0), (n, 0)), constant_values=_NEVER)[:, : states.shape[1]] for n in (1, 2)]
        into = logaddexp(logaddexp(ways, shifted[0]), where(jump, shifted[1], _NEVER))
        ways = where(steps > step, into + take_along_axis(spelled[:, step], states, axis=-1), ways)
    last = 2 * lengths[:, None]
    in_blank = take_along_axis(ways, last, axis=-1)
    in_label = where(last > 0, take_along_axis(ways, maximum(last - 1, 0), axis=-1), _NEVER)
    return -squeeze(logaddexp(in_blank, in_label), -1)


@composite
def ctc_decode(
    inputs: TensorLike, sequence_lengths: TensorLike, strategy: str = "greedy", beam_width: int = 100,
    top_paths: int = 1, merge_repeated: bool = True, mask_index: int = 0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The labels that scores spell, filled up with -1: (paths, batch, steps), and how good each path is.

    Args:
        inputs: Scores of the classes, before a softmax, (batch, steps, classes).
        sequence_lengths: How many steps each sequence has, (batch,).
        strategy: "greedy", the best class of each step, whose scores' negative sum is (batch, 1); or "beam_search",
            the likeliest sequences found, with the logarithms of their probabilities, (batch, paths).
        beam_width: How many beginnings to go on with at each step.
        top_paths: How many sequences to return.
        merge_repeated: Whether a class counts once where it is the best of several steps in a row.
        mask_index: The class that is the blank.

    Raises:
        ValueError: for another strategy.

    Example:
        >>> labels, scores = ctc_decode([[[0.0, 3.0], [0.0, 3.0], [3.0, 0.0]]], [3])
        >>> labels.numpy().tolist(), scores.numpy().tolist()
        ([[[1, -1, -1]]], [[-9.0]])
    """
    if strategy not in ("greedy", "beam_search"):
        raise ValueError(f"Invalid strategy {strategy}. Supported values are 'greedy' and 'beam_search'.")
    scores = as_array(_scores(inputs))
    lengths = as_array(convert_to_tensor(sequence_lengths, "int32")).ravel()
    rows = [row[:n] for row, n in zip(scores, lengths, strict=True)]
    if strategy == "greedy":
        found = [[_best(row, merge_repeated, mask_index)] for row in rows]
        quality = np.array([[-row.max(axis=-1).sum()] for row in rows], scores.dtype)
    else:
        spelled = as_array(log_softmax(scores, axis=-1))
        beams = [_beam(row[:n], beam_width, mask_index) for row, n in zip(spelled, lengths, strict=True)]
        found = [[path for path, _ in (beam + [((), -np.inf)] * top_paths)[:top_paths]] for beam in beams]
        quality = np.array([[p for _, p in (beam + [((), -np.inf)] * top_paths)[:top_paths]] for beam in beams],
                           scores.dtype)  # fmt: skip
    paths = np.full((len(found[0]), *scores.shape[:2]), -1, "int32")
    for i, row in enumerate(found):
        for j, path in enumerate(row):
            paths[j, i, : len(path)] = path
    return Tensor(paths), Tensor(quality)


def _scores(x: TensorLike) -> Tensor:
    """Return scores as floats with room for the sums of many."""
    scores = convert_to_tensor(x)
    return scores if scores.dtype in ("float32", "float64") else cast(scores, "float32")


def _best(scores: Array, merge: bool, blank: int) -> tuple[int, ...]:
    best = scores.argmax(axis=-1).tolist()
    return tuple(c for i, c in enumerate(best) if c != blank and not (merge and i and c == best[i - 1]))


def _beam(spelled: Array, width: int, blank: int) -> list[tuple[tuple[int, ...], float]]:
    """Return the likeliest labels of a sequence, with the logarithms of their probabilities, the best ones first."""
    beam: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}  # ends in a blank, ends in a label
    for step in spelled.astype("float64").tolist():
        grown: dict[tuple[int, ...], list[float]] = {}
        for path, (in_blank, in_label) in beam.items():
            total = _total((in_blank, in_label))
            for label, p in enumerate(step):
                repeats = bool(path) and path[-1] == label
                if label == blank:
                    gains = [(path, 0, total + p)]
                elif repeats:
                    gains = [(path, 1, in_label + p), ((*path, label), 1, in_blank + p)]
                else:
                    gains = [((*path, label), 1, total + p)]
                for key, end, gain in gains:
                    ends = grown.setdefault(key, [-np.inf, -np.inf])
                    ends[end] = _total((ends[end], gain))
        ends_of = sorted(grown.items(), key=lambda item: -_total(item[1]))[:width]
        beam = {path: (ends[0], ends[1]) for path, ends in ends_of}
    return sorted(((path, _total(ends)) for path, ends in beam.items()), key=lambda item: -item[1])


def _total(ends: Sequence[float]) -> float:
    return float(np.logaddexp(ends[0], ends[1]))
