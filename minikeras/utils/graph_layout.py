"""Where the parts of a drawing stand: ranks by the longest way from a start, in each an order with few crossings.

After Sugiyama, Tagawa and Toda 1981, Gansner et al. 1993. In points, "across" is in a rank, "along" from rank to rank.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

Point = tuple[float, float]
Link = tuple[int, int]

BETWEEN_RANKS, BETWEEN_PARTS = 36.0, 24.0
_SWEEPS = 12, 13  # down and up by turns, for the order and for the places; the last one is down


class Layout(NamedTuple):
    """Where everything is, as (across, along)."""

    places: list[Point]  # the corner of each part, the least of both
    size: Point  # the whole
    gaps: list[Point]  # where each space between two ranks begins and ends, along
    ranks: list[int]  # in which rank each part stands
    lanes: dict[Link, list[float]]  # where a link crosses the ranks between its ends, across


def arrange(sizes: Sequence[Point], links: Iterable[Link]) -> Layout:
    """Return where parts of these sizes (across, along) stand.

    A link from part to part that leads back to an earlier one is laid out as if it led forward.
    """
    forward = sorted({(min(link), max(link)) for link in links if link[0] != link[1]}, key=lambda link: link[::-1])
    ranks = _ranks(len(sizes), forward)
    widths = [size[0] + BETWEEN_PARTS for size in sizes]
    rows = [[part for part, at in enumerate(ranks) if at == rank] for rank in range(max(ranks, default=0) + 1)]
    lanes: dict[Link, list[int]] = {}
    for start, end in forward:  # a lane is a part of its own, numbered after the others
        lanes[start, end] = [*range(len(widths), len(widths) + ranks[end] - ranks[start] - 1)]
        widths += [BETWEEN_PARTS] * len(lanes[start, end])
        for rank, lane in enumerate(lanes[start, end], ranks[start] + 1):
            rows[rank].append(lane)
    at = _across(rows, widths, lanes)
    left = min((x - (widths[part] - BETWEEN_PARTS) / 2 for part, x in at.items()), default=0.0)
    right = max((x + (widths[part] - BETWEEN_PARTS) / 2 for part, x in at.items()), default=0.0)
    depths = [max((sizes[part][1] for part in row if part < len(sizes)), default=0.0) for row in rows]
    ends = list(accumulate(depths, lambda end, depth: end + BETWEEN_RANKS + depth))
    places = [(at[part] - size[0] / 2 - left, ends[rank] - (depths[rank] + size[1]) / 2)
              for part, (size, rank) in enumerate(zip(sizes, ranks, strict=True))]  # fmt: skip
    return Layout(
        places, (right - left, ends[-1]), [(end, end + BETWEEN_RANKS) for end in ends[:-1]], ranks,
        {link: [at[lane] - left for lane in passed] for link, passed in lanes.items()})  # fmt: skip


def _ranks(count: int, forward: Sequence[Link]) -> list[int]:
    """Return the rank of each part: behind all that lead to it, and of a start right before what it leads to."""
    ranks = [0] * count
    for start, end in forward:
        ranks[end] = max(ranks[end], ranks[start] + 1)
    for part in set(range(count)) - {end for _, end in forward}:
        ranks[part] = min((ranks[end] for start, end in forward if start == part), default=1) - 1
    return ranks


def _across(rows: list[list[int]], widths: Sequence[float], lanes: dict[Link, list[int]]) -> dict[int, float]:
    """Order each row, so that few links cross, and return where the middle of each part and lane is."""
    before, after = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)  # what is next to it, linked
    for (start, end), passed in lanes.items():
        for a, b in pairwise((start, *passed, end)):
            after[a].append(b)
            before[b].append(a)
    at = {part: float(i) for row in rows for i, part in enumerate(row)}
    for sweep in range(sum(_SWEEPS)):  # first an order, by the mean place of the neighbours, then the places
        if sweep == _SWEEPS[0]:
            for passed in lanes.values():  # which for the lanes of a link shall be one line
                for lane in passed:
                    before[lane] += passed * 4
                    after[lane] += passed * 4
        behind, ahead = (after, before) if sweep % 2 else (before, after)
        for row in rows[:: -1 if sweep % 2 else 1]:
            linked = {part: behind[part] or ahead[part] or [part] for part in row}
            goals = {part: sum(at[other] for other in linked[part]) / len(linked[part]) for part in row}
            if sweep < _SWEEPS[0]:
                row.sort(key=lambda part: goals[part])
                at.update((part, float(i)) for i, part in enumerate(row))
            else:
                at.update(zip(row, spread([goals[p] for p in row], [widths[p] for p in row]), strict=True))
    return at


def spread(goals: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Return the middles, nearest to the goals, of things of these widths that do not overlap.

    The sum of the squared distances is least (isotonic regression: Barlow et al. 1972).
    """
    offsets = list(accumulate(((a + b) / 2 for a, b in pairwise(widths)), initial=0.0))
    blocks: list[tuple[float, int]] = []  # the mean place of things that touch, and their number
    for place, offset in zip(goals, offsets, strict=False):
        blocks.append((place - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n)]
    moved = [place for place, count in blocks for _ in range(count)]
    return [place + offset for place, offset in zip(moved, offsets, strict=False)]
