"""Helpers for sequences under their older address: `keras.preprocessing.sequence`."""

from ..utils.numerical_utils import pad_sequences

__all__ = ["pad_sequences"]
