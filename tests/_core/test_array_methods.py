"""Methods that tensors have because arrays have them."""

from typing import Any, assert_type

import numpy as np
import pytest

from minikeras import GradientTape, Tensor, Variable, ops

X = np.array([[3.0, -1.0, 2.5], [0.5, 4.0, -2.0], [1.5, 2.0, 0.25]])
REDUCTIONS = ("all", "any", "max", "mean", "min", "prod", "std", "sum", "var")
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *((name, (), {}) for name in (*REDUCTIONS, "argmax", "argmin", "ravel", "flatten", "copy", "conj")),
    *((name, (1,), {"keepdims": True}) for name in REDUCTIONS),
    ("argmax", (0,), {}), ("argmin", (), {"axis": 1}), ("argsort", (0,), {}), ("clip", (0.0, 2.0), {}),
    ("cumprod", (1,), {}), ("cumsum", (), {}), ("diagonal", (1,), {}), ("dot", (X,), {}), ("repeat", (2,), {"axis": 0}),
    ("round", (1,), {}), ("squeeze", (), {}), ("swapaxes", (0, 1), {}), ("take", ([0, 2],), {"axis": 1}),
    ("trace", (), {"offset": 1}), ("transpose", (), {}), ("transpose", (1, 0), {}), ("transpose", ((0, 1),), {}),
    ("reshape", (-1,), {}), ("sum", ((0, 1),), {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS, ids=str)
def test_methods_do_what_those_of_arrays_do(name: str, args: Any, kwargs: Any) -> None:
    found = getattr(ops.convert_to_tensor(X, "float64"), name)(*args, **kwargs)
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found.numpy(), getattr(X, name)(*args, **kwargs), rtol=1e-12)


def test_sorting_returns_a_sorted_tensor() -> None:
    x = ops.convert_to_tensor(X)
    np.testing.assert_array_equal(x.sort(), np.sort(X))
    np.testing.assert_array_equal(x, X)


def test_variables_have_none_of_these_methods() -> None:
    v = Variable(X[0])
    for name in {name for name, _, _ in CALLS}:
        with pytest.raises(AttributeError, match=name):
            getattr(v, name)([0, 2])
    np.testing.assert_array_equal(v, X[0].astype("float32"))


def test_methods_are_differentiated_and_typed() -> None:
    x = ops.convert_to_tensor(X)
    with GradientTape() as tape:
        tape.watch(x)
        y = assert_type(x.max(axis=1), Tensor).sum() + x.T.dot(x).trace()
    gradient = tape.gradient(y, x)
    assert gradient is not None
    np.testing.assert_allclose(gradient, (X.max(1, keepdims=True) == X) + 2 * X, rtol=1e-6)
    with pytest.raises(TypeError, match="keepdim"):
        x.max(1, keepdim=True)  # type: ignore[call-arg]


def test_arrays_made_of_a_tensor_are_the_caller_s() -> None:
    for dtype in (None, "float32", "int32"):
        x = ops.ones((3,))
        array = np.asarray(x, dtype)
        array += 1
        assert x.tolist() == [1.0, 1.0, 1.0]


def test_single_numbers_are_numbers_of_python() -> None:
    assert [10, 20, 30][ops.convert_to_tensor(1)] == 20
    assert complex(ops.convert_to_tensor(1.5)) == 1.5
    v = Variable(1.5, name="v")
    assert f"{v:.2f}" == "1.50"
    assert f"{v}" == str(v)
    with pytest.raises(TypeError, match="without axes"):
        len(ops.convert_to_tensor(1.5))
