"""Automatic names, and their start anew."""

import re
from collections import defaultdict
from collections.abc import Callable

_name_counts: defaultdict[str, int] = defaultdict(int)
_resets: list[Callable[[], object]] = []


def to_snake_case(name: str) -> str:
    """Return "GaussianNoise" as "gaussian_noise", in Keras's way.

    Example:
        >>> to_snake_case("GaussianNoise"), to_snake_case("ReLU"), to_snake_case("PReLU")
        ('gaussian_noise', 're_lu', 'p_re_lu')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """Return a name not given yet: dense, dense_1, dense_2, ..."""
    name = to_snake_case(prefix)
    count = get_uid(name) - 1
    return f"{name}_{count}" if count else name


def get_uid(prefix: str = "") -> int:
    """Return the next number for a prefix, starting at 1."""
    _name_counts[prefix] += 1
    return _name_counts[prefix]


def on_clear_session(reset: Callable[[], object]) -> None:
    """Have `clear_session` call a function."""
    _resets.append(reset)


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names anew and forget the global random state; memory is freed by Python in any case."""
    _name_counts.clear()
    for reset in _resets:
        reset()
