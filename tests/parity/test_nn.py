"""Losses on tensors, class vectors, normalization and attention beside Keras's on the NumPy backend."""

import warnings
from typing import Any

import keras
import numpy as np
import pytest

from minikeras import ops
from minikeras._base.typing import Array

pytestmark = pytest.mark.parity

rng = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    return rng.normal(size=shape).astype("float32")


P, Q, LOGITS = rng.uniform(size=(3, 5, 4)).astype("float32")
SURE = np.array([[0, 1], [1, 0], [1, 1]], "float32")
SCORES = np.random.default_rng(4).normal(size=(2, 7, 5)).astype("float32")
LABELS = np.array([0, 3, 1, 1, 2], "int32")
T3 = normal(2, 3, 4)
X4 = normal(2, 3, 2, 4)
VECTOR = rng.uniform(0.5, 2, size=4).astype("float32")
MASK = np.array([[True, False, True], [True, True, False], [False, True, True]])[None, None]

Call = tuple[tuple[Any, ...], dict[str, Any]]
CASES: dict[str, list[Call]] = {
    "binary_crossentropy": [
        ((P, Q), {}), ((P, LOGITS), {"from_logits": True}), ((SURE, SURE), {}), ((SURE, 1 - SURE), {}),
    ],
    "categorical_crossentropy": [
        ((P, Q), {}), ((P, Q), {"axis": 0}), ((P, LOGITS), {"from_logits": True}), ((SURE, SURE), {}),
        ((P, LOGITS), {"from_logits": True, "axis": 0}), ((SURE, 30 * SURE), {"from_logits": True}),
    ],
    "ctc_loss": [
        ((np.array([[1, 1, 2], [3, 2, 0]]), SCORES, np.array([3, 2]), np.array([7, 6])), {}),
        ((np.array([[1, 1, 2], [3, 2, 0]]), SCORES, np.array([3, 2]), np.array([7, 6])), {"mask_index": 4}),
    ],
    "ctc_decode": [
        ((SCORES, np.array([7, 5])), options)
        for options in (
            {},
            {"merge_repeated": False, "mask_index": 4},
            {"strategy": "beam_search", "beam_width": 50, "top_paths": 3},
        )
    ],
    "sparse_categorical_crossentropy": [
        ((LABELS, Q), {}), ((LABELS[:, None], Q), {}), ((LABELS, LOGITS), {"from_logits": True}),
        ((LABELS.astype("float32"), Q), {}), ((LABELS[:3].reshape(3, 1), LOGITS[:3]), {"from_logits": True}),
        ((np.array([[0, 1, 2], [3, 0, 1]]), T3), {"from_logits": True}),
    ],
    "one_hot": [
        ((LABELS, 4), {}), ((LABELS, 4), {"axis": 0}), ((np.array([[0, 2], [1, -1]]), 3), {"axis": 1}),
        ((LABELS, 6), {"dtype": "int32"}), ((2, 4), {}),
    ],
    "multi_hot": [
        ((LABELS, 5), {}), ((np.array([[0, 2], [1, 1]]), 3), {}), ((LABELS, 5), {"dtype": "bool"}),
        ((np.array([[0, 2], [1, 1]]), 3), {"axis": 1}),
    ],
    "moments": [
        ((T3, [0]), {}), ((T3, (0, 1)), {"keepdims": True}), ((T3, -1), {}),
        ((T3.astype("float16"), [0]), {}),
    ],
    "batch_normalization": [
        ((T3, VECTOR - 1, VECTOR, -1), {}),
        ((T3, VECTOR - 1, VECTOR, -1, VECTOR, VECTOR + 1), {"epsilon": 0.1}),
        ((T3, VECTOR[:3], VECTOR[:3], 1), {"scale": VECTOR[:3]}),
    ],
    "layer_normalization": [
        ((T3,), {}), ((T3, VECTOR, VECTOR), {}), ((T3, T3[0], T3[1]), {"axis": [1, 2]}),
        ((T3, VECTOR[:3]), {"axis": 1, "epsilon": 0.1}), ((T3.astype("float16"), VECTOR), {}),
    ],
    "rms_normalization": [((T3,), {}), ((T3, VECTOR), {"epsilon": 0.1}), ((T3,), {"axis": (1, 2)})],
    "normalize": [
        ((T3,), {}), ((T3, 0), {}), ((T3,), {"order": 1}), ((T3,), {"order": 3, "axis": 1}), ((0 * T3,), {}),
        ((T3, (0, 1)), {}), ((T3,), {"epsilon": 10.0}),
    ],
    "dot_product_attention": [
        ((X4, X4 + 1, X4 * 2), {}), ((X4, X4, X4), {"is_causal": True}), ((X4, X4, X4), {"scale": 0.1}),
        ((X4, X4, X4), {"mask": MASK}), ((X4, X4, X4), {"mask": MASK, "is_causal": True}),
        ((X4, X4, X4), {"bias": normal(1, 1, 3, 3)}), ((X4[:, :2], X4, X4), {}),
    ],
}  # fmt: skip


def leaves(value: Any) -> list[Array]:
    return [np.asarray(x) for x in value] if isinstance(value, tuple) else [np.asarray(value)]


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    for arguments, options in CASES[name]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = leaves(getattr(keras.ops, name)(*arguments, **options))
        found = leaves(getattr(ops, name)(*arguments, **options))
        for a, b in zip(found, expected, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            rtol = 2e-3 if a.dtype == "float16" else 2e-6
            np.testing.assert_allclose(a, b, rtol, rtol)


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("binary_crossentropy", (P, Q[:2]), {}),
        ("categorical_crossentropy", (P, Q[:2]), {}),
        ("categorical_crossentropy", (1.0, 1.0), {}),
        ("sparse_categorical_crossentropy", (LABELS[:2], Q), {}),
        ("one_hot", (LABELS, 4), {"sparse": True}),
        ("multi_hot", (LABELS,), {}),
        ("normalize", (T3,), {"order": 0}),
        ("dot_product_attention", (T3, T3, T3), {}),
        ("moments", (T3, [0]), {"synchronized": True}),
    ],
)
def test_error_classes(name: str, arguments: Any, options: Any) -> None:
    with pytest.raises((ValueError, NotImplementedError)) as theirs:
        getattr(keras.ops, name)(*arguments, **options)
    with pytest.raises(theirs.type):
        getattr(ops, name)(*arguments, **options)
