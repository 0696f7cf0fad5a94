"""Automatic names, how they are reset, and suggestions for misspelt names."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

_name_counts: defaultdict[str, int] = defaultdict(int)
_resets: list[Callable[[], object]] = []
LISTED = 40  # names that an error lists at most


def to_snake_case(name: str) -> str:
    """Return "GaussianNoise" as "gaussian_noise", in Keras's way."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def own_name(cls: type) -> str:
    """Return a class's name in Keras, which exports a few of them under another."""
    return str(vars(cls).get("_own_name", cls.__name__))


def auto_name(prefix: str) -> str:
    """Return the next automatic name: dense, dense_1, dense_2, ..."""
    name = to_snake_case(prefix)
    count = get_uid(name) - 1
    return f"{name}_{count}" if count else name


def checked_name(name: object, prefix: str) -> str:
    """Return a name, the next automatic one for None; a ValueError if it is no string, or has a slash."""
    name = auto_name(prefix) if name is None else name
    if not isinstance(name, str) or "/" in name:
        raise ValueError(f"Argument `name` must be a string and cannot contain character `/`. Received: {name!r}.")
    return name


def get_uid(prefix: str = "") -> int:
    """Return the next number for a prefix, starting at 1."""
    _name_counts[prefix] += 1
    return _name_counts[prefix]


def on_clear_session(reset: Callable[[], object]) -> None:
    """Register a function that `clear_session` calls."""
    _resets.append(reset)


def clear_session(free_memory: bool = True) -> None:
    """Restart automatic names and forget the global random state; Python frees memory whatever `free_memory` says."""
    _name_counts.clear()
    for reset in _resets:
        reset()


def hint(name: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests a near name, or lists all known names (of many the nearest three)."""
    from difflib import get_close_matches  # here, since only errors need it

    lowered = {key.lower(): key for key in sorted({*known} - {"self"})}
    name = name.lower()
    initials = {key: "".join(word[:1] for word in key.split("_")) for key in lowered}
    near = [key for key in lowered if sorted(key) == sorted(name) or key.startswith(name) or initials[key] == name]
    close = get_close_matches(name, near or lowered, n=1, cutoff=0.0 if near else 0.6)
    if close:
        return f" Did you mean {lowered[close[0]]!r}?"
    many = len(lowered) > LISTED
    keys = get_close_matches(name, lowered, n=3, cutoff=0.0) if many else lowered
    return f" {'Nearest' if many else 'Known'} names: {', '.join(sorted(lowered[k] for k in keys))}." if lowered else ""
