"""The layout of a drawn graph: parts are placed in ranks, and in each rank in an order with few crossings.

After Sugiyama, Tagawa and Toda 1981, Gansner et al. 1993. The rank of a part is the longest way to it from a start.
Coordinates, in points, are "across" within a rank and "along" from rank to rank.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

Point = tuple[float, float]
Link = tuple[int, int]

BETWEEN_RANKS, BETWEEN_PARTS = 36.0, 24.0
_SWEEPS = 12, 13  # passes for the order, and for the places; they go down and up in turn, the last one down


class Layout(NamedTuple):
    """Where everything is, as (across, along)."""

    places: list[Point]  # of the corner of each part that has the smallest coordinates
    size: Point  # of the whole drawing
    gaps: list[Point]  # start and end, along, of each gap between two ranks
    ranks: list[int]  # the rank of each part
    lanes: dict[Link, list[float]]  # where, across, a link passes each rank between its ends


def arrange(sizes: Sequence[Point], links: Iterable[Link]) -> Layout:
    """Return the layout of parts with these sizes (across, along).

    A link that leads back to an earlier part is laid out as if it led forward.
    """
    forward = sorted({(min(link), max(link)) for link in links if link[0] != link[1]}, key=lambda link: link[::-1])
    ranks = _ranks(len(sizes), forward)
    widths = [size[0] + BETWEEN_PARTS for size in sizes]
    rows = [[part for part, at in enumerate(ranks) if at == rank] for rank in range(max(ranks, default=0) + 1)]
    lanes: dict[Link, list[int]] = {}
    for start, end in forward:  # lanes are laid out as parts, whose numbers follow those of the others
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
    """Return the rank of each part: after all parts that lead to it; for a start, right before the next part."""
    ranks = [0] * count
    for start, end in forward:
        ranks[end] = max(ranks[end], ranks[start] + 1)
    for part in set(range(count)) - {end for _, end in forward}:
        ranks[part] = min((ranks[end] for start, end in forward if start == part), default=1) - 1
    return ranks


def _across(rows: list[list[int]], widths: Sequence[float], lanes: dict[Link, list[int]]) -> dict[int, float]:
    """Sort each row so that few links cross, and return the middle, across, of each part and lane."""
    before, after = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)  # linked neighbours
    for (start, end), passed in lanes.items():
        for a, b in pairwise((start, *passed, end)):
            after[a].append(b)
            before[b].append(a)
    at = {part: float(i) for row in rows for i, part in enumerate(row)}
    for sweep in range(sum(_SWEEPS)):  # first an order, by the mean place of the neighbours, then the places
        if sweep == _SWEEPS[0]:
            for passed in lanes.values():  # the lanes of a link attract each other, so that they form a line
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
    """Return middles, as near to the goals as possible, for things of these widths that must not overlap.

    The sum of squared distances to the goals is minimal (isotonic regression: Barlow et al. 1972).
    """
    offsets = list(accumulate(((a + b) / 2 for a, b in pairwise(widths)), initial=0.0))
    blocks: list[tuple[float, int]] = []  # for things that touch: their mean place, and their number
    for place, offset in zip(goals, offsets, strict=False):
        blocks.append((place - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n)]
    moved = [place for place, count in blocks for _ in range(count)]
    return [place + offset for place, offset in zip(moved, offsets, strict=False)]
