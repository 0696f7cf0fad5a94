"""The layout of a drawn graph: parts are placed in ranks, and links past other parts lead along their right side.

The rank of a part is the longest way to it from a start. Coordinates, in points, are "across" within a rank and "along"
from rank to rank.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

Point = tuple[float, float]
Link = tuple[int, int]

BETWEEN_RANKS, BETWEEN_PARTS = 36.0, 24.0


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
    rows = [[part for part, at in enumerate(ranks) if at == rank] for rank in range(max(ranks, default=0) + 1)]
    at: dict[int, float] = {}  # the middle of each part
    for row in rows:  # each part as near as may be to those that lead to it
        before = {part: [at[start] for start, end in forward if end == part] for part in row}
        row.sort(key={part: sum(places) / max(len(places), 1) for part, places in before.items()}.__getitem__)
        ends = list(accumulate(sizes[part][0] + BETWEEN_PARTS for part in row))
        at |= {part: end - (ends[-1] + sizes[part][0] + BETWEEN_PARTS) / 2 for part, end in zip(row, ends, strict=True)}
    sides = [max((at[part] + sizes[part][0] / 2 for part in row), default=0.0) for row in rows]
    left, lanes = -max(sides), dict[Link, list[float]]()
    for start, end in sorted(forward, key=lambda link: ranks[link[1]] - ranks[link[0]]):  # long ones around short ones
        passed = range(ranks[start] + 1, ranks[end])
        side = max((sides[rank] for rank in passed), default=0.0) + BETWEEN_PARTS
        lanes[start, end] = [side - left for _ in passed]
        for rank in passed:
            sides[rank] = side
    depths = [max((sizes[part][1] for part in row), default=0.0) for row in rows]
    ends = list(accumulate(depths, lambda end, depth: end + BETWEEN_RANKS + depth))
    places = [(at[part] - size[0] / 2 - left, ends[rank] - (depths[rank] + size[1]) / 2)
              for part, (size, rank) in enumerate(zip(sizes, ranks, strict=True))]  # fmt: skip
    gaps = [(end, end + BETWEEN_RANKS) for end in ends[:-1]]
    return Layout(places, (max(sides) - left, ends[-1]), gaps, ranks, lanes)


def _ranks(count: int, forward: Sequence[Link]) -> list[int]:
    """Return the rank of each part: after all parts that lead to it; for a start, right before the next part."""
    ranks = [0] * count
    for start, end in forward:
        ranks[end] = max(ranks[end], ranks[start] + 1)
    for part in set(range(count)) - {end for _, end in forward}:
        ranks[part] = min((ranks[end] for start, end in forward if start == part), default=1) - 1
    return ranks
