"""All ops, under the address of those that Keras keeps in `keras.ops.numpy`."""

from . import *  # noqa: F403  # an alias of the package
