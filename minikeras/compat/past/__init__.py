"""Spellings of earlier Keras versions: understood while minikeras stands in, each with a word on today's.

The tables say what was called what; the other files put them to use by changing classes of the core, and put them back.
"""

from . import arguments, attributes, files, logs, names
from .patches import undo as uninstall


def install() -> None:
    """Understand the past."""
    for part in (arguments, attributes, files, logs, names):
        part.install()


__all__ = ["install", "uninstall"]
