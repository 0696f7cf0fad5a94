"""Tensors and variables lend their values by DLPack, which torch, JAX, CuPy and NumPy read."""

from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import Tensor


def test_other_libraries_take_values_without_a_copy() -> None:
    values = np.arange(6, dtype="float32").reshape(2, 3)
    tensor = Tensor(values)
    taken: Any = np.from_dlpack(tensor)
    assert np.shares_memory(taken, values)
    assert not taken.flags.writeable
    assert tensor.__dlpack_device__() == (1, 0)
    assert np.from_dlpack(tensor.T).tolist() == [[0, 3], [1, 4], [2, 5]]
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":  # which can say that an array is read-only
        assert "dltensor_versioned" in repr(tensor.__dlpack__(max_version=(1, 0)))
    variable = keras.Variable([1.0, 2.0])
    taken = np.from_dlpack(variable)
    variable.assign_add([1.0, 1.0])
    assert (taken.tolist(), variable.numpy().tolist()) == ([1.0, 2.0], [2.0, 3.0])
    with pytest.raises(ValueError, match="A symbolic tensor has no value"):
        keras.Input((3,)).__dlpack__()


def test_training_leaves_what_was_lent_alone() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    dense: Any = model.layers[0]
    for _ in range(2):
        taken: Any = np.from_dlpack(dense.kernel)
        before = taken.copy()
        model.fit(np.ones((640, 3)), np.ones((640, 2)), epochs=3, verbose=0)
        assert np.array_equal(taken, before)
        assert not np.array_equal(dense.get_weights()[0], before)
