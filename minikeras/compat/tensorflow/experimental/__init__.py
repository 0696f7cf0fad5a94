"""`tf.experimental`: NumPy's functions on tensors."""

from collections.abc import Callable
from typing import Any

from ..missing import missing
from . import numpy as numpy

__getattr__: Callable[[str], Any] = missing(__name__)
