"""All ops, under the address of those that Keras keeps in `keras.ops.nn`."""

from .._base import absent
from . import *  # noqa: F403  # an alias of the package

absent.complete(globals())
