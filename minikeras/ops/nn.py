"""All ops, under the address of those that Keras keeps in `keras.ops.nn`."""

from .. import _absent
from . import *  # noqa: F403  # an alias of the package

_absent.complete(globals())
