"""Spellings of earlier Keras versions, understood with a warning while minikeras stands in for Keras.

The tables map old names to today's. The other files apply them: they patch classes of the core, and undo it.
"""

from . import arguments, attributes, files, logs, names
from .patches import undo as uninstall


def install() -> None:
    """Patch the core, so that it understands the old spellings."""
    for part in (arguments, attributes, files, logs, names):
        part.install()


__all__ = ["install", "uninstall"]
