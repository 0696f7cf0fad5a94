"""Settings for all tests, those in docstrings among them."""

from collections.abc import Iterator

import numpy as np
import pytest

import minikeras
from minikeras.compat.tensorflow import tensors

tensors.flavour(False)


@pytest.fixture(autouse=True)
def names(doctest_namespace: dict[str, object]) -> None:
    """Have examples in docstrings know NumPy and this package, as Keras."""
    doctest_namespace.update(np=np, keras=minikeras)


@pytest.fixture(autouse=True)
def flavour(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have tensors be TensorFlow's where its stand-in is tested, and Keras's elsewhere."""
    before = bool(tensors._adapted)
    tensors.flavour("tensorflow" in request.node.path.as_posix().removeprefix(str(request.config.rootpath)))
    yield
    tensors.flavour(before)
