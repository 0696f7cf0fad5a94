"""Helpers under their older address: `keras.preprocessing`."""

from . import sequence as sequence

__all__ = ["sequence"]
