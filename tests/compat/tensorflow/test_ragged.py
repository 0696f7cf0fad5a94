"""What ops of `tf` make of ragged tensors: numbers as TensorFlow 2.21 gives them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minikeras.compat.tensorflow as tf

ROWS: Any = [[1, 2], [], [3]]
DEEP: Any = [[[1], [2, 3]], [], [[4, 5, 6]]]
LEAST, MOST = -(2**31), 2**31 - 1


def rows(values: Any = ROWS, dtype: str = "int32") -> Any:
    return tf.ragged.constant(values, dtype)


def pairs() -> Any:
    return tf.RaggedTensor.from_row_splits([[1, 2], [3, 4], [5, 6]], [0, 2, 2, 3])


def listed(x: Any) -> Any:
    return x.to_list() if isinstance(x, tf.RaggedTensor) else x.numpy().tolist()


REDUCED: list[tuple[Callable[[], Any], Any, str]] = [
    (lambda: tf.reduce_sum(rows(), 0), [4, 2], "int32"),
    (lambda: tf.reduce_sum(rows(), -1), [3, 0, 3], "int32"),
    (lambda: tf.reduce_sum(rows(DEEP), 0), [[5, 5, 6], [2, 3]], "int32"),
    (lambda: tf.reduce_sum(rows(DEEP), 1), [[3, 3], [], [4, 5, 6]], "int32"),
    (lambda: tf.reduce_sum(rows(DEEP), 2), [[1, 5], [], [15]], "int32"),
    (lambda: tf.reduce_sum(rows(DEEP), [0, 1]), [7, 8, 6], "int32"),
    (lambda: tf.reduce_sum(rows(DEEP)), 21, "int32"),
    (lambda: tf.reduce_sum(pairs(), 1), [[4, 6], [0, 0], [5, 6]], "int32"),
    (lambda: tf.reduce_sum(pairs(), 0), [[6, 8], [3, 4]], "int32"),
    (lambda: tf.reduce_sum(rows(), 1, keepdims=True), [[3], [0], [3]], "int32"),
    (lambda: tf.reduce_sum(rows(), 0, keepdims=True), [[4, 2]], "int32"),
    (lambda: tf.reduce_max(rows(), 1), [2, LEAST, 3], "int32"),
    (lambda: tf.reduce_min(rows(), 1), [1, MOST, 3], "int32"),
    (lambda: tf.reduce_max(rows(DEEP), 0), [[4, 5, 6], [2, 3]], "int32"),
    (lambda: tf.reduce_prod(rows(), 1), [2, 1, 3], "int32"),
    (lambda: tf.reduce_mean(rows(dtype="float32"), 0), [2.0, 2.0], "float32"),
    (lambda: tf.reduce_mean(rows(), 0), [2.0, 2.0], "float64"),
    (lambda: tf.reduce_mean(rows(dtype="float32"), [0, 1]), 2.0, "float32"),
    (lambda: tf.reduce_any(rows() > 1, 0), [True, True], "bool"),
    (lambda: tf.reduce_all(rows(DEEP) > 1, 2), [[False, True], [], [True]], "bool"),
]


@pytest.mark.parametrize("case", range(len(REDUCED)))
def test_reductions(case: int) -> None:
    run, expected, dtype = REDUCED[case]
    result = run()
    assert listed(result) == expected
    assert result.dtype == dtype


def test_means_of_no_values_are_no_numbers() -> None:
    np.testing.assert_array_equal(tf.reduce_mean(rows(dtype="float32"), 1), [1.5, np.nan, 3.0])


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (0, [DEEP]), (1, [[row] for row in DEEP]), (2, [[[x] for x in row] for row in DEEP]),
        (-1, [[[[v] for v in x] for x in row] for row in DEEP]), (-4, [DEEP]),
    ],
)  # fmt: skip
def test_a_new_axis(axis: int, expected: Any) -> None:
    assert listed(tf.expand_dims(rows(DEEP), axis)) == expected


def test_a_new_axis_of_pairs() -> None:
    assert listed(tf.expand_dims(pairs(), 3)) == [[[[1], [2]], [[3], [4]]], [], [[[5], [6]]]]
    assert int(tf.rank(tf.expand_dims(pairs(), 3))) == 4
    assert int(tf.size(pairs())) == 6


@pytest.mark.parametrize(
    ("params", "indices", "options", "expected"),
    [
        (rows, [2, 0], {}, [[3], [1, 2]]),
        (rows, 0, {}, [1, 2]),
        (rows, [[0, 1], [2, 2]], {}, [[[1, 2], []], [[3], [3]]]),
        (rows, lambda: rows([[0], [2, 1]]), {}, [[[1, 2]], [[3], []]]),
        (lambda: rows(DEEP), [2, 0], {}, [DEEP[2], DEEP[0]]),
        ([10, 20, 30, 40], rows, {}, [[20, 30], [], [40]]),
        ([[1, 2], [3, 4], [5, 6], [7, 8]], rows, {}, [[[3, 4], [5, 6]], [], [[7, 8]]]),
        (rows, lambda: rows([[1], [], [0]]), {"batch_dims": 1}, [[2], [], [3]]),
        ([[1, 2], [3, 4], [5, 6]], lambda: rows() * 0, {"batch_dims": 1}, [[1, 1], [], [5]]),
        (lambda: rows([[1, 2], [3, 4, 5]]), [1], {"axis": 1}, [[2], [4]]),
    ],
)
def test_elements_at_indices(params: Any, indices: Any, options: Any, expected: Any) -> None:
    made = [x() if callable(x) else x for x in (params, indices)]
    assert listed(tf.gather(*made, **options)) == expected


def test_an_index_that_is_not_there() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = 5 is not in \[0, 3\)"):
        tf.gather(rows(), [5])


@pytest.mark.parametrize(
    ("make", "times", "expected"),
    [
        (rows, [2, 1], ROWS * 2),
        (rows, [1, 2], [[1, 2, 1, 2], [], [3, 3]]),
        (rows, [2, 2], [[1, 2, 1, 2], [], [3, 3]] * 2),
        (lambda: rows(DEEP), [1, 2, 2], [[[1, 1], [2, 3, 2, 3]] * 2, [], [[4, 5, 6, 4, 5, 6]] * 2]),
        (pairs, [1, 1, 2], [[[1, 2, 1, 2], [3, 4, 3, 4]], [], [[5, 6, 5, 6]]]),
    ],
)
def test_repeated(make: Callable[[], Any], times: list[int], expected: Any) -> None:
    assert listed(tf.tile(make(), times)) == expected


def cubes() -> Any:
    return tf.RaggedTensor.from_row_lengths(tf.reshape(tf.range(12), (3, 2, 2)), [1, 0, 2])


@pytest.mark.parametrize(
    ("make", "axes", "expected"),
    [
        (lambda: rows(DEEP), (1, 1), DEEP),
        (lambda: rows(DEEP), (0, 1), [[1], [2, 3], [4, 5, 6]]),
        (lambda: rows(DEEP), (0, -1), [1, 2, 3, 4, 5, 6]),
        (lambda: rows(DEEP), (-2, 2), [[1, 2, 3], [], [4, 5, 6]]),
        (cubes, (0, 2), [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]),
        (cubes, (1, 2), [[[0, 1], [2, 3]], [], [[4, 5], [6, 7], [8, 9], [10, 11]]]),
        (cubes, (1, 3), [[0, 1, 2, 3], [], [4, 5, 6, 7, 8, 9, 10, 11]]),
        (cubes, (2, 3), [[[0, 1, 2, 3]], [], [[4, 5, 6, 7], [8, 9, 10, 11]]]),
    ],
)
def test_merged_axes(make: Callable[[], Any], axes: tuple[int, int], expected: Any) -> None:
    assert listed(make().merge_dims(*axes)) == expected


@pytest.mark.parametrize("axes", [(1, 0), (0, 2), (-3, 1)])
def test_axes_that_cannot_be_merged(axes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"outer_axis|out of bounds"):
        rows().merge_dims(*axes)


def test_element_by_element() -> None:
    assert listed(tf.one_hot(rows(), 4)) == [[[0, 1, 0, 0], [0, 0, 1, 0]], [], [[0, 0, 0, 1]]]
    assert listed(tf.one_hot(indices=rows([[1]]), depth=2, on_value=5, off_value=1)) == [[[1, 5]]]
    assert listed(tf.zeros_like(rows())) == [[0, 0], [], [0]]
    assert listed(tf.ones_like(rows(), "float32")) == [[1.0, 1.0], [], [1.0]]
    assert listed(tf.clip_by_value(rows(), 1, 2)) == [[1, 2], [], [2]]


def test_gradients_pass() -> None:
    values = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        t = tf.RaggedTensor.from_row_lengths(values * 1.0, [2, 0, 1])
        y = tf.reduce_sum(tf.square(tf.reduce_mean(tf.tile(t, [1, 2]), 0)))
    gradient = tape.gradient(y, values)
    # Columns (1, 3), (2, 3), (1), (2): the squares of 2, 2.5, 1 and 2.
    assert gradient is not None
    assert gradient.numpy().tolist() == [4.0, 6.5, 4.5]


def test_layers_of_words_take_rows_of_any_length() -> None:
    layers = tf.keras.layers
    words = rows([["a", "b", "b"], ["c"], []], "string")
    assert listed(layers.Hashing(5)(words)) == [[4, 2, 2], [2], []]
    assert listed(layers.StringLookup(vocabulary=["a", "b"])(words)) == [[1, 2, 2], [0], []]
    assert listed(layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot")(words)) == [
        [0, 1, 1],
        [1, 0, 0],
        [0, 0, 0],
    ]
    weighed = layers.StringLookup(vocabulary=["a", "b"], output_mode="tf_idf", idf_weights=[0.5, 2.0])
    assert listed(weighed(words)) == [[0, 0.5, 4], [1.25, 0, 0], [0, 0, 0]]
    for data in (words, tf.data.Dataset.from_tensor_slices(words).batch(2)):
        learned = layers.StringLookup(output_mode="tf_idf")
        learned.adapt(data)
        assert learned.get_vocabulary() == ["[UNK]", "b", "c", "a"]
        np.testing.assert_allclose(learned.get_config()["idf_weights"][1:], np.log(1 + 3 / 2), rtol=1e-6)
