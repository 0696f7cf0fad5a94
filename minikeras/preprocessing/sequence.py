"""Helpers for sequences under their older address: `keras.preprocessing.sequence`."""

from ..numerical import pad_sequences

__all__ = ["pad_sequences"]
