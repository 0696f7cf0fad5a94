"""Keras layer API on nothing but NumPy."""
