"""Layers that number categories and words: the numbers are those of Keras 3.15 on TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers
from minikeras._typing import Array

TEXTS = ["The cat sat, the dog!", "A dog"]


def adapted(layer: Any, data: Any) -> Any:
    layer.adapt(data)
    return layer


def rows(y: Any) -> Any:
    return np.asarray(y).tolist()


def test_string_lookup() -> None:
    layer = adapted(layers.StringLookup(), ["a", "b", "b", "c", "c", "d"])
    assert layer.get_vocabulary() == ["[UNK]", "c", "b", "d", "a"]
    assert rows(layer(np.array([["a", "c"], ["z", "d"]]))) == [[4, 1], [0, 3]]
    assert layer(["a"]).dtype == "int64"
    assert adapted(layers.StringLookup(max_tokens=3), ["a", "b", "b", "c", "c"]).get_vocabulary() == ["[UNK]", "c", "b"]
    masked = layers.StringLookup(vocabulary=["x", "y"], mask_token="", output_mode="one_hot")
    assert rows(masked(["x", "", "q"])) == [[0, 1, 0], [0, 0, 0], [1, 0, 0]]
    pairs = np.array([["x", "q"], ["y", "y"]])
    assert rows(layers.StringLookup(vocabulary=["x", "y"], output_mode="multi_hot")(pairs)) == [[1, 1, 0], [0, 0, 1]]
    assert rows(layers.StringLookup(vocabulary=["x", "y"], output_mode="count")(pairs)) == [[1, 1, 0], [0, 0, 2]]
    assert rows(layers.StringLookup(vocabulary=["x", "y"], invert=True)(np.array([[0, 1, 2]]))) == [["[UNK]", "x", "y"]]
    weighed = adapted(layers.StringLookup(output_mode="tf_idf"), [["a", "b"], ["b", "c"]])
    wanted = [[0, 1.0216512, 0, 0], [0.6323733, 0, 0, 0.6931472]]
    np.testing.assert_allclose(weighed(np.array([["b", "b"], ["a", "q"]])), wanted, rtol=1e-6)


def test_integer_lookup() -> None:
    layer = adapted(layers.IntegerLookup(), [10, 20, 20, 30])
    assert layer.get_vocabulary() == [-1, 20, 30, 10]
    assert rows(layer(np.array([[10, 99], [30, 20]]))) == [[3, 0], [2, 1]]
    more = layers.IntegerLookup(vocabulary=[10, 20], mask_token=0, num_oov_indices=2)
    assert more.get_vocabulary() == [0, -1, -1, 10, 20]
    assert rows(more(np.array([0, 10, 20, 5, 6]))) == [0, 3, 4, 2, 1]


def test_text_vectorization() -> None:
    layer = adapted(layers.TextVectorization(), TEXTS)
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "dog", "sat", "cat", "a"]
    assert rows(layer(["the big cat", "dog"])) == [[2, 1, 5], [3, 0, 0]]
    assert rows(layer("a cat")) == [6, 5]
    cut = adapted(layers.TextVectorization(max_tokens=5, output_sequence_length=4), TEXTS)
    assert rows(cut(np.array([["the big cat sat on it"], ["dog"]]))) == [[2, 1, 1, 4], [3, 0, 0, 0]]
    pairs = adapted(layers.TextVectorization(ngrams=2, output_mode="multi_hot"), ["a b", "b c"])
    assert pairs.get_vocabulary() == ["[UNK]", "b", "c", "b c", "a b", "a"]
    assert rows(pairs(["a b c"])) == [[0, 1, 1, 1, 1, 1]]
    weighed = adapted(layers.TextVectorization(output_mode="tf_idf"), ["a b", "b c"])
    np.testing.assert_allclose(weighed(["a b b q"]), [[0.6323733, 1.0216512, 0, 0.6931472]], rtol=1e-6)
    letters = adapted(layers.TextVectorization(split="character", standardize="lower"), ["aB!"])
    assert rows(letters(["ab"])) == [[3, 2]]
    assert rows(layers.TextVectorization(output_mode="count", vocabulary=["a", "b"])(["a b b q"])) == [[1, 1, 2]]
    own = layers.TextVectorization(standardize=str.upper, split=lambda text: text.split("-"), vocabulary=["A", "B"])
    assert rows(own(["a-b"])) == [[2, 3]]


def test_category_encoding() -> None:
    numbers = np.array([[1, 3], [2, 2]])
    assert rows(layers.CategoryEncoding(4)(numbers)) == [[0, 1, 0, 1], [0, 0, 1, 0]]
    assert rows(layers.CategoryEncoding(4, "count")(numbers)) == [[0, 1, 0, 1], [0, 0, 2, 0]]
    assert rows(layers.CategoryEncoding(4, "one_hot")(np.array([[1], [3]]))) == [[0, 1, 0, 0], [0, 0, 0, 1]]
    weights = np.array([[0.5, 0.25], [1.0, 2.0]])
    counts = layers.CategoryEncoding(4, "count")(np.array([[1, 1], [2, 3]]), count_weights=weights)
    assert rows(counts) == [[0, 0.75, 0, 0], [0, 0, 1, 2]]
    model = keras.Sequential([keras.Input((2,), dtype="int32"), layers.CategoryEncoding(4), layers.Dense(1)])
    assert model.predict(numbers, verbose=0).shape == (2, 1)


def test_discretization() -> None:
    layer = adapted(layers.Discretization(num_bins=4), np.arange(20.0) ** 2)
    assert layer.bin_boundaries == [16.0, 81.0, 196.0]
    assert rows(layer(np.array([[1.0, 50.0], [400.0, -1.0]]))) == [[0, 1], [3, 0]]
    assert layer(np.array([1.0])).dtype == "int32"
    one_hot = layers.Discretization([0.0, 1.0], output_mode="one_hot")
    assert rows(one_hot(np.array([[0.5], [2.0]]))) == [[0, 1, 0], [0, 0, 1]]
    batches = adapted(layers.Discretization(num_bins=2), iter([np.arange(10.0), np.arange(10.0, 20.0)]))
    assert 8 <= batches.bin_boundaries[0] <= 11


LEARNED: dict[str, Callable[[], Any]] = {
    "string": lambda: adapted(layers.StringLookup(output_mode="tf_idf"), [["a", "b"], ["b", "c"]]),
    "integer": lambda: adapted(layers.IntegerLookup(), [1, 2, 2]),
    "text": lambda: adapted(layers.TextVectorization(), TEXTS),
    "ranges": lambda: adapted(layers.Discretization(num_bins=3), np.arange(9.0)),
    "category": lambda: layers.CategoryEncoding(4, "count"),
}


@pytest.mark.parametrize("name", LEARNED)
def test_what_was_learned_is_in_the_configuration(name: str) -> None:
    layer = LEARNED[name]()
    values: Array = np.array([["b", "q"]]) if name in ("string", "text") else np.array([[2, 3]])
    again = layers.deserialize(layers.serialize(layer))
    assert rows(again(values)) == rows(layer(values))
    assert again.get_config() == layer.get_config()


def test_a_vocabulary_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("x\ny\n")
    assert rows(layers.StringLookup(vocabulary=str(file))(["y"])) == [2]


WRONG: dict[str, Callable[[], Any]] = {
    "mode": lambda: layers.StringLookup(output_mode="other"),
    "repeated": lambda: layers.StringLookup(vocabulary=["a", "a"]),
    "unknown": lambda: layers.StringLookup(num_oov_indices=2),
    "invert": lambda: layers.StringLookup(vocabulary=["a"], invert=True, output_mode="count"),
    "no_vocabulary": lambda: layers.IntegerLookup()([1]),
    "no_weights": lambda: layers.TextVectorization(vocabulary=["a"], output_mode="tf_idf")(["a"]),
    "split": lambda: layers.TextVectorization(split="words"),
    "symbolic": lambda: layers.StringLookup(vocabulary=["a"])(keras.Input((1,))),
    "tokens": lambda: layers.CategoryEncoding(),
    "range": lambda: layers.CategoryEncoding(2)(np.array([2])),
    "both": lambda: layers.Discretization([0.0], 3),
    "neither": lambda: layers.Discretization(),
    "adapt": lambda: layers.Discretization([0.0]).adapt([1.0]),
    "unadapted": lambda: layers.Discretization(num_bins=2)(np.array([1.0])),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses_are_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says its own
        WRONG[name]()
