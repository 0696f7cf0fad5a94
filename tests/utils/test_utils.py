"""Helpers that prepare data: padding and splitting."""

import random
from collections.abc import Callable
from typing import Any, assert_type

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minikeras import Tensor
from minikeras._base.typing import Array
from minikeras.preprocessing import sequence
from minikeras.utils import pad_sequences, split_dataset, to_categorical

RAGGED = [[1], [2, 3], [], [4, 5, 6]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [0, 0, 0], [4, 5, 6]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [0, 0, 0], [4, 5, 6]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [0, 0], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [0, 0], [4, 5]]),
        ({"maxlen": 4, "value": -1}, [[-1, -1, -1, 1], [-1, -1, 2, 3], [-1, -1, -1, -1], [-1, 4, 5, 6]]),
        ({"maxlen": 0}, [[], [], [], []]),
        ({"dtype": "float32", "value": 0.5, "maxlen": 1}, [[1.0], [3.0], [0.5], [6.0]]),
    ],
)
def test_padding(arguments: dict[str, Any], expected: list[Any]) -> None:
    padded = pad_sequences(RAGGED, **arguments)
    assert padded.tolist() == expected
    assert padded.dtype == arguments.get("dtype", "int32")


def test_padding_of_text_and_of_vectors() -> None:
    assert sequence.pad_sequences is pad_sequences
    assert pad_sequences([["a"], ["b", "c"]], dtype=object, value="-").tolist() == [["-", "a"], ["b", "c"]]
    assert pad_sequences(np.array([[[1, 2]], [[3, 4]]]), maxlen=2).tolist() == [[[0, 0], [1, 2]], [[0, 0], [3, 4]]]
    assert pad_sequences([[], [[1, 2]]], padding="post").tolist() == [[[0, 0]], [[1, 2]]]
    assert pad_sequences([], maxlen=3).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pad_sequences([1, 2]), "list of lists"),
        (lambda: pad_sequences(5), "list of lists"),  # type: ignore[arg-type]
        (lambda: pad_sequences([]), "maxlen"),
        (lambda: pad_sequences([[1]], padding="left"), "padding"),  # type: ignore[arg-type]
        (lambda: pad_sequences([[1]], truncating="left"), "truncating"),  # type: ignore[arg-type]
        (lambda: pad_sequences([[1]], value="x"), "dtype=object"),
        (lambda: pad_sequences([[[1, 2]], [[3]]]), "one shape"),
    ],
)
def test_wrong_padding(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@given(st.lists(st.lists(st.integers(1, 99), max_size=6), min_size=1), st.integers(1, 7))
def test_padding_keeps_the_end_of_each(lists: list[list[int]], maxlen: int) -> None:
    for row, x in zip(pad_sequences(lists, maxlen).tolist(), lists, strict=True):
        assert [n for n in row if n] == x[-maxlen:]
        assert row == sorted(row, key=bool)  # what fills comes first


X, Y = np.arange(10.0).reshape(5, 2), np.arange(5)


def test_splits() -> None:
    left, right = assert_type(split_dataset(Y, left_size=0.6), tuple[Array, Array])
    assert (left.tolist(), right.tolist()) == ([0, 1, 2], [3, 4])
    assert [part.tolist() for part in split_dataset(Y, right_size=1, preferred_backend="numpy")] == [[0, 1, 2, 3], [4]]
    assert [part.tolist() for part in split_dataset(Y, left_size=1, right_size=2)] == [[0], [3, 4]]
    assert [part.tolist() for part in split_dataset(Y, left_size=0.4, right_size=0.4)] == [[0, 1], [3, 4]]
    for data in ((X, Y), [X, Y]):
        (x_left, y_left), (x_right, y_right) = split_dataset(data, left_size=2)
        assert x_left.tolist() == [[0, 1], [2, 3]]
        assert y_left.tolist() == [0, 1]
        assert x_right.tolist() == [[4, 5], [6, 7], [8, 9]]
        assert y_right.tolist() == [2, 3, 4]


@given(st.integers(2, 20), st.integers(0, 1000), st.data())
def test_a_shuffled_split_keeps_rows_together(rows: int, seed: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, rows - 1))
    y = np.arange(rows)
    (a, b), (c, d) = split_dataset((y, y * 2), left_size=size, shuffle=True, seed=seed)
    assert len(a) == size
    assert sorted([*a, *c]) == y.tolist()
    assert np.array_equal(a * 2, b)
    assert np.array_equal(c * 2, d)
    order = list(range(rows))
    random.seed(seed)
    random.shuffle(order)
    assert [*a, *c] == order


def test_an_unseeded_shuffle_follows_the_global_stream() -> None:
    parts = []
    for _ in range(2):
        random.seed(3)
        parts.append(split_dataset(np.arange(50), left_size=25, shuffle=True)[0].tolist())
    assert parts[0] == parts[1] != list(range(25))


@pytest.mark.parametrize(
    ("data", "arguments", "error"),
    [
        (Y, {}, ValueError),
        (Y, {"left_size": 5}, ValueError),
        (Y, {"left_size": 0}, ValueError),
        (Y, {"left_size": -1}, ValueError),
        (Y, {"left_size": 1.0}, ValueError),
        (Y, {"left_size": 0.01}, ValueError),
        (Y, {"left_size": 3, "right_size": 3}, ValueError),
        (Y, {"left_size": 0.51, "right_size": 0.5}, ValueError),
        (Y, {"left_size": "half"}, TypeError),
        (Y, {"left_size": True}, TypeError),
        (Y, {"left_size": 2, "preferred_backend": "torch"}, ValueError),
        (Y, {"preferred_backend": "numpy"}, ValueError),
        (Y, {"right_size": 5}, ValueError),
        (Y, {"left_size": 1, "right_size": 5}, ValueError),
        ([], {"left_size": 1}, ValueError),
        ([X, Y[:3]], {"left_size": 1}, ValueError),
        ([X, [0, 1, 2, 3, 4]], {"left_size": 1}, ValueError),
        (Tensor(Y), {"left_size": 1}, TypeError),
    ],
)
def test_wrong_splits(data: Any, arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        split_dataset(data, **arguments)


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        ([[0], [2]], 4, [[1, 0, 0, 0], [0, 0, 1, 0]]),
        ([0, 3], 2, [[1, 0], [0, 0]]),  # a tensor's labels that are no class are zeros, as in Keras
        ([[0, 1]], 2, [[[1, 0], [0, 1]]]),
        ([[1]], None, [[0, 1]]),
        (1, None, [0, 1]),
    ],
)
def test_labels_in_tensors_are_one_hot_tensors(labels: Any, classes: int | None, expected: Any) -> None:
    found = to_categorical(Tensor(np.array(labels)), classes)
    assert isinstance(found, Tensor)
    assert (found.numpy().tolist(), found.dtype) == (expected, "float32")


@pytest.mark.parametrize(
    ("labels", "classes", "error", "message"),
    [
        ([0, None], None, TypeError, "integers.*None"),
        (None, 3, TypeError, "integers.*None"),
        (np.array([0, None], object), None, TypeError, "integers"),
        ({0: 1}, None, TypeError, "integers"),
        ([1j], None, TypeError, "integers"),
        ([0.0, float("nan")], None, ValueError, "integers"),
        ([[0], [1, 2]], None, ValueError, "integers"),
    ],
)
def test_wrong_labels(labels: Any, classes: int | None, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        to_categorical(labels, classes)
