"""Keras's layer API on nothing but NumPy."""
