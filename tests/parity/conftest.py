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
    keras.utils.clear_session(free_memory=False)  # which takes a quarter of a second with Keras and JAX in memory
    keras.config.set_floatx("float32")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Keras's own outdated NumPy protocol pass: warnings are errors otherwise."""
    for item in items:
        if "/parity/" in item.path.as_posix():
            item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"))
