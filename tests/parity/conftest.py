"""Real Keras on its NumPy backend, imported before any parity test."""

import os
import warnings
from collections.abc import Iterator

import pytest

os.environ["KERAS_BACKEND"] = "numpy"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras


@pytest.fixture(autouse=True)
def fresh_keras_session() -> Iterator[None]:
    """Give every test new automatic names in Keras as well."""
    keras.utils.clear_session()
    keras.config.set_floatx("float32")
    yield
    keras.config.set_floatx("float32")
