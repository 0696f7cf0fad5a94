from collections.abc import Iterator
from contextlib import contextmanager

from minikeras.compat.tensorflow import tensors


@contextmanager
def flavoured(on: bool = True) -> Iterator[None]:
    """Have tensors be TensorFlow's (or not) within a context."""
    before = bool(tensors._adapted)
    tensors.flavour(on)
    try:
        yield
    finally:
        tensors.flavour(before)
