"""Sequences of labels from the scores of each step, where nobody says which step spells what (Graves et al. 2006)."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from .._base.typing import Array, TensorLike
from .._core.op import composite
from .._core.tensor import Tensor, as_array
from .activation import log_softmax
from .creation import cast, convert_to_tensor
from .elementwise import equal, logaddexp, maximum
from .reduction import max, sum
from .shapes import pad, repeat, reshape, squeeze, take_along_axis, where

_NEVER = -1e5
"""The logarithm of a probability of 0."""
Path: TypeAlias = tuple[int, ...]
Beam: TypeAlias = dict[Path, tuple[float, float]]


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
    return -_likelihood(log_softmax(_scores(output), axis=-1), labels, lengths, output_length, mask_index)


def _likelihood(
    spelled: Tensor, labels: TensorLike, lengths: TensorLike, steps: TensorLike, blank: int, kept: Array | None = None
) -> Tensor:
    """Return the logarithm of how likely sequences spell their labels, by all ways or through what is kept alone.

    Args:
        spelled: Logarithms of the probabilities of the classes, (batch, steps, classes).
        labels, lengths, steps, blank: See `ctc_loss`.
        kept: Whether a way may have spelled so many labels after a step, (batch, steps, labels + 1).
    """
    labels, last = convert_to_tensor(labels), 2 * convert_to_tensor(lengths)[:, None]
    steps = convert_to_tensor(steps, "int32")[:, None]
    place = np.arange(2 * labels.shape[1] + 1)
    odd = place % 2 == 1  # a blank, and then a label and a blank for each label
    states = where(odd, pad(repeat(labels, 2, axis=1), ((0, 0), (1, 0))), blank)
    jump = pad(states[:, 2:] != states[:, :-2], ((0, 0), (2, 0))) & odd  # there is no blank between two labels
    gains = take_along_axis(spelled, states[:, None], axis=-1)
    if kept is not None:
        gains = where(kept[..., (place + 1) // 2], gains, _NEVER)
    ways = where(equal(place, 0), 0.0 * spelled[:, 0, :1], _NEVER)
    for step in range(spelled.shape[1]):
        shifted = [pad(ways, ((0, 0), (n, 0)), constant_values=_NEVER)[:, : len(place)] for n in (1, 2)]
        into = logaddexp(logaddexp(ways, shifted[0]), where(jump, shifted[1], _NEVER))
        ways = where(steps > step, into + gains[:, step], ways)
    in_blank = take_along_axis(ways, last, axis=-1)
    in_label = where(last > 0, take_along_axis(ways, maximum(last - 1, 0), axis=-1), _NEVER)
    return squeeze(logaddexp(in_blank, in_label), -1)


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
    scores = _scores(inputs)
    batch, steps = scores.shape[:2]
    lengths = as_array(convert_to_tensor(sequence_lengths, "int32")).ravel()
    spelled = scores if strategy == "greedy" else log_softmax(scores, axis=-1)
    rows = [row[:n] for row, n in zip(as_array(spelled), lengths, strict=True)]
    if strategy == "greedy":
        found = [[_best(row, merge_repeated, mask_index)] for row in rows]
        quality = -sum(where(np.arange(steps) < lengths[:, None], max(scores, -1), 0), 1, keepdims=True)
    else:
        beams = [_beam(row, beam_width, mask_index) for row in rows]
        found = [([*beam[-1]] + [()] * top_paths)[:top_paths] for beam in beams]
        quality = _quality(spelled, lengths, found, beams, mask_index)
    paths = np.full((len(found[0]), batch, steps), -1, "int32")
    for i, row in enumerate(found):
        for j, path in enumerate(row):
            paths[j, i, : len(path)] = path
    return Tensor(paths), quality


def _quality(spelled: Tensor, lengths: Array, found: list[list[Path]], beams: list[list[Beam]], blank: int) -> Tensor:
    """Return the log-probabilities of sequences over the paths that were kept, -inf for those that none reached."""
    shape = len(found), len(found[0]), spelled.shape[1]
    sizes = np.array([[len(path) for path in row] for row in found])
    labels = np.zeros((*shape[:2], int(np.max(sizes, initial=1))), "int32")
    kept = np.ones((*shape, labels.shape[2] + 1), bool)
    for i, j in np.ndindex(shape[:2]):
        path = found[i][j]
        labels[i, j, : len(path)] = path
        for step, beam in enumerate(beams[i][1:]):
            kept[i, j, step, : len(path) + 1] = [path[:n] in beam for n in range(len(path) + 1)]
    flat = [a.reshape(-1, *a.shape[2:]) for a in (labels, sizes, kept)]
    steps = np.repeat(lengths, shape[1])
    logs = _likelihood(repeat(spelled, shape[1], 0), flat[0], flat[1], steps, blank, flat[2])
    present = [[j < len(beam[-1]) for j in range(shape[1])] for beam in beams]
    return where(present, reshape(logs, shape[:2]), -np.inf)


def _scores(x: TensorLike) -> Tensor:
    """Return scores as floats with room for the sums of many."""
    scores = convert_to_tensor(x)
    return scores if scores.dtype in ("float32", "float64") else cast(scores, "float32")


def _best(scores: Array, merge: bool, blank: int) -> Path:
    best = scores.argmax(axis=-1).tolist()
    return tuple(c for i, c in enumerate(best) if c != blank and not (merge and i and c == best[i - 1]))


def _beam(spelled: Array, width: int, blank: int) -> list[Beam]:
    """Return the likeliest labels after 0, 1, 2, ... steps, the best ones first, and the logarithms of how likely they
    end in a blank and in a label.
    """
    beams: list[Beam] = [{(): (0.0, -np.inf)}]
    for step in spelled.astype("float64").tolist():
        grown: dict[Path, list[float]] = {}
        for path, (in_blank, in_label) in beams[-1].items():
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
        beams.append({path: (ends[0], ends[1]) for path, ends in ends_of})
    return beams


def _total(ends: Sequence[float]) -> float:
    return float(np.logaddexp(ends[0], ends[1]))
