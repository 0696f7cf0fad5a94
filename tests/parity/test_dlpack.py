"""JAX takes tensors and variables by DLPack, and shares their memory where it begins as JAX wants it."""

from typing import Any

import numpy as np
import pytest

import minikeras as mini

pytestmark = pytest.mark.parity


def test_jax_takes_values() -> None:
    jax: Any = pytest.importorskip("jax")
    memory = np.zeros(64 + 64, "uint8")
    start = -memory.ctypes.data % 64
    values = memory[start : start + 64].view("float32").reshape(2, 8)
    taken = jax.dlpack.from_dlpack(mini.Tensor(values))
    assert taken.unsafe_buffer_pointer() == values.ctypes.data
    assert jax.numpy.from_dlpack(mini.Variable([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert jax.numpy.from_dlpack(mini.ops.transpose(mini.ops.ones((2, 3)))).shape == (3, 2)
