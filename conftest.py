"""Settings for all tests, those in docstrings among them."""

from collections.abc import Iterator

import numpy as np
import pytest

from minikeras.compat.tensorflow import tensors

tensors.flavour(False)


@pytest.fixture(autouse=True)
def names(doctest_namespace: dict[str, object]) -> None:
    """Have examples in docstrings know NumPy."""
    doctest_namespace["np"] = np


@pytest.fixture(autouse=True)
def flavour(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have tensors be TensorFlow's where its stand-in is tested, and Keras's elsewhere."""
    before = bool(tensors._adapted)
    tensors.flavour("tensorflow" in request.node.path.as_posix().removeprefix(str(request.config.rootpath)))
    yield
    tensors.flavour(before)
