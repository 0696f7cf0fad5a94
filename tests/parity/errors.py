"""A wrong use run on both libraries."""

from collections.abc import Callable
from typing import Any

import keras
import pytest

import minikeras


def assert_same_error(use: Callable[[Any], Any]) -> None:
    """Check that a wrong use, a function of the library, raises the class of error that Keras raises."""
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - its class is what is asked
        use(keras)
    with pytest.raises(type(theirs.value)) as ours:
        use(minikeras)
    assert type(ours.value) is type(theirs.value)
