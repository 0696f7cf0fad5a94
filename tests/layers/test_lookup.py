"""Layers that number categories and words: the numbers are those of Keras 3.15 on TensorFlow."""

import copy
import string
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers, ops
from minikeras._base.typing import Array

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
    assert rows(layers.StringLookup(vocabulary=["x", "y"], invert=True)(np.array([[0, 1, 2]]))) == [
        [b"[UNK]", b"x", b"y"]
    ]
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


def test_unknown_values_share_several_numbers_by_their_hashes() -> None:
    words = np.array(["a", "x", "y", "zzz", "q", ""])
    assert rows(layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=3)(words[:5])) == [3, 2, 2, 0, 2]
    masked = layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=3, mask_token="", salt=5)
    assert rows(masked(words)) == [4, 3, 3, 1, 2, 0]
    numbers = np.array([10, 7, 8, 9, -3])
    settings: dict[str, Any] = {"num_oov_indices": 3, "oov_method": "farmhash"}
    assert rows(layers.IntegerLookup(vocabulary=[10, 20], **settings)(numbers)) == [3, 1, 1, 2, 0]
    salted = layers.IntegerLookup(vocabulary=[10, 20], salt=[1, 2], **settings)
    assert rows(salted(numbers)) == [3, 1, 0, 1, 2]
    again = layers.IntegerLookup.from_config(salted.get_config())
    assert rows(again(numbers)) == [3, 1, 0, 1, 2]


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_a_vocabulary_without_a_number_for_unknown_values_refuses_them(mode: Any) -> None:
    options: dict[str, Any] = {"num_oov_indices": 0, "output_mode": mode}
    for mask in (None, ""):
        lookup = layers.StringLookup(vocabulary=["a", "b"], mask_token=mask, **options)
        with pytest.raises(ValueError, match=r"num_oov_indices=0 takes only .* Received: 'c'"):
            lookup(["a", "c"])
    with pytest.raises(ValueError, match=r"num_oov_indices=0 takes only .* Received: 7"):
        layers.IntegerLookup(vocabulary=[1, 2], **options)([1, 7])
    assert keras.Sequential(
        [keras.Input((1,), dtype="int64"), layers.IntegerLookup(vocabulary=[1, 2], **options)]
    ).built


def test_known_values_need_no_number_for_unknown_ones() -> None:
    assert rows(layers.StringLookup(vocabulary=["a", "b"], mask_token="", num_oov_indices=0)(["b", "", "a"])) == [
        2,
        0,
        1,
    ]
    inverse = layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0, invert=True)
    assert inverse([1, 5, -1]).numpy().tolist() == [b"b", b"[UNK]", b"[UNK]"]
    assert rows(layers.IntegerLookup(vocabulary=[3, 4], num_oov_indices=0, invert=True)([1, 5])) == [4, -1]


def test_weights_may_count_what_is_unknown() -> None:
    vocabulary, weights = ["[UNK]", "a", "b"], [0.5, 1.0, 2.0]
    layer = layers.StringLookup(vocabulary=vocabulary, idf_weights=weights, output_mode="tf_idf")
    assert rows(layer(np.array([["a", "z", "b", "z"]]))) == [[1, 1, 2]]
    assert rows(layers.StringLookup.from_config(layer.get_config())(np.array([["z"]]))) == [[0.5, 0, 0]]


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


def test_counts_are_exact_in_mixed_float16() -> None:
    numbers = np.ones((1, 2049), "int32")
    keras.config.set_dtype_policy("mixed_float16")
    for layer in (layers.CategoryEncoding(2, "count"), layers.Hashing(1, output_mode="count")):
        assert layer(numbers).dtype == layer(keras.Input((2049,), dtype="int32")).dtype == "float32"
        assert np.max(layer(numbers)) == 2049


def test_category_encoding() -> None:
    numbers = np.array([[1, 3], [2, 2]])
    assert rows(layers.CategoryEncoding(4)(numbers)) == [[0, 1, 0, 1], [0, 0, 1, 0]]
    assert rows(layers.CategoryEncoding(4, "count")(numbers)) == [[0, 1, 0, 1], [0, 0, 2, 0]]
    assert rows(layers.CategoryEncoding(4, "one_hot")(np.array([[1], [3]]))) == [[0, 1, 0, 0], [0, 0, 0, 1]]
    weights = np.array([[0.5, 0.25], [1.0, 2.0]])
    counts = layers.CategoryEncoding(4, "count")(np.array([[1, 1], [2, 3]]), count_weights=weights)
    assert rows(counts) == [[0, 0.75, 0, 0], [0, 0, 1, 2]]
    symbolic = keras.KerasTensor((None, 2), "int32"), keras.KerasTensor((None, 2))
    assert layers.CategoryEncoding(4, "count")(*symbolic).shape == (None, 4)  # weights by their position
    model = keras.Sequential([keras.Input((2,), dtype="int32"), layers.CategoryEncoding(4), layers.Dense(1)])
    assert model.predict(numbers, verbose=0).shape == (2, 1)


def test_a_batch_of_one_number_is_a_batch() -> None:
    made = [
        layers.CategoryEncoding(3, output_mode="one_hot"),
        layers.Discretization([1.0, 2.0], output_mode="one_hot"),
        layers.IntegerLookup(vocabulary=[7, 1], output_mode="one_hot"),
    ]
    for layer in made:
        assert rows(layer(np.array([1]))) == [[0, 1, 0]] if layer is not made[2] else [[0, 0, 1]]
        assert layer.compute_output_shape((1,)) == layer(keras.KerasTensor((1,), "int32")).shape == (1, 3)
        assert layer.compute_output_shape((None, 1)) == (None, 3)
        assert layer(1).shape == layer.compute_output_shape(()) == (1, 3)


def test_shapes_of_ranges() -> None:
    shapes: dict[Any, Any] = {"int": (None, 4), "one_hot": (None, 4, 3), "multi_hot": (None, 3), "count": (None, 3)}
    for mode, shape in shapes.items():
        for layer in (layers.Discretization([0.0, 1.0], output_mode=mode), layers.Discretization(None, 3, 0.01, mode)):
            assert layer.compute_output_shape((None, 4)) == shape
            assert layer(keras.Input((4,))).shape == shape
            assert layer(keras.Input((4,))).dtype == ("int32" if mode == "int" else "float32")


def test_modes_have_earlier_names() -> None:
    earlier: Any = ("binary", "tf-idf")  # which the types do not advertise
    assert layers.CategoryEncoding(3, output_mode=earlier[0]).get_config()["output_mode"] == "multi_hot"
    assert layers.TextVectorization(output_mode=earlier[1]).get_config()["output_mode"] == "tf_idf"


def test_crossing_is_made_of_its_configuration() -> None:
    layer = layers.HashedCrossing(3, name="x")
    assert layers.HashedCrossing.from_config(layer.get_config()).get_config() == layer.get_config()


def test_discretization() -> None:
    layer = adapted(layers.Discretization(num_bins=4), np.arange(20.0) ** 2)
    assert layer.bin_boundaries == [16.0, 81.0, 196.0]
    assert rows(layer(np.array([[1.0, 50.0], [400.0, -1.0]]))) == [[0, 1], [3, 0]]
    assert layer(np.array([1.0])).dtype == "int32"
    one_hot = layers.Discretization([0.0, 1.0], output_mode="one_hot")
    assert rows(one_hot(np.array([[0.5], [2.0]]))) == [[0, 1, 0], [0, 0, 1]]
    batches = adapted(layers.Discretization(num_bins=2), iter([np.arange(10.0), np.arange(10.0, 20.0)]))
    assert 8 <= batches.bin_boundaries[0] <= 11


def test_hashes_have_the_dtype_of_the_layer() -> None:
    words = np.array([["a"], ["b"]])
    for layer, kind in ((layers.Hashing(3), "int64"), (layers.Hashing(3, dtype="int32"), "int32")):
        assert layer.dtype == layer(words).dtype == layer(keras.Input((1,), dtype="string")).dtype == kind
    assert layers.Hashing(3, output_mode="one_hot")(words).dtype == "float32"
    assert layers.HashedCrossing(3).dtype == layers.HashedCrossing(3)((words, words)).dtype == "int64"


def test_hashing() -> None:
    texts = np.array([("xyz" * 200)[:n] for n in (0, 1, 3, 4, 7, 8, 16, 17, 32, 33, 64, 65, 128, 129, 192, 299)])
    fast = [
        397263,
        539970,
        781420,
        305094,
        470382,
        605273,
        526107,
        667812,
        556412,
        251350,
        889259,
        793388,
        18241,
        302322,
        405308,
        339470,
    ]
    strong = [
        470932,
        377343,
        722975,
        28421,
        204503,
        781922,
        591204,
        935276,
        624999,
        537596,
        770300,
        768381,
        494014,
        614938,
        781654,
        214347,
    ]
    assert rows(layers.Hashing(10**6)(texts)) == fast
    assert rows(layers.Hashing(10**6, salt=[3, -4])(texts)) == strong
    assert rows(layers.Hashing(50)(np.array([[1, -22], [333, 4]]))) == [[49, 35], [7, 43]]
    assert rows(layers.Hashing(50)(np.array([1.5, -22.9]))) == [49, 35]
    assert rows(layers.Hashing(7)(np.array([True, False]))) == [3, 0]  # of "true" and "false"
    assert rows(layers.Hashing(4, mask_value="a")(["a", "b"])) == [0, 2]
    assert rows(layers.Hashing(4, mask_value="c", output_mode="count")([["a", "b", "c"]])) == [[1, 1, 1, 0]]
    crossing = layers.HashedCrossing(1000)
    assert rows(crossing((np.array(["A", "B", "A", "Zoo"]), np.array([101, 102, -5, 0])))) == [891, 576, 404, 350]
    one_hot = layers.HashedCrossing(5, output_mode="one_hot")
    assert rows(one_hot((np.array(["A"]), np.array([101])))) == [[0, 1, 0, 0, 0]]
    assert layers.Hashing(4, output_mode="one_hot")(keras.Input((1,), dtype="string")).shape == (None, 4)
    assert crossing([keras.Input((1,), dtype="string"), keras.Input((1,), dtype="int64")]).shape == (None, 1)


def test_strings_in_a_model() -> None:
    texts, sizes = keras.Input((1,), dtype="string", name="text"), keras.Input((1,), dtype="string", name="size")
    words = layers.Embedding(8, 2, mask_zero=True)(adapted(layers.TextVectorization(max_tokens=8), TEXTS)(texts))
    kinds = layers.StringLookup(vocabulary=["small", "big"], output_mode="one_hot")(sizes)
    joined = layers.Concatenate()([layers.GlobalAveragePooling1D()(words), kinds])
    model = keras.Model({"text": texts, "size": sizes}, layers.Dense(1)(joined))
    model.compile("sgd", "mse")
    data = {"text": np.array(TEXTS), "size": np.array(["big", "none"])}
    before = model.predict(data, verbose=0)
    model.fit(data, np.ones(2), epochs=2, verbose=0)
    assert before.shape == (2, 1)
    assert (model.predict(data, verbose=0) != before).all()
    whole = keras.Sequential([adapted(layers.TextVectorization(output_mode="multi_hot"), TEXTS), layers.Dense(1)])
    assert whole.predict(np.array([["the cat"], ["a dog"], ["dog"]]), verbose=0).shape == (3, 1)
    assert whole.predict(TEXTS, verbose=0).shape == (2, 1)
    with pytest.raises(ValueError, match="dtype='string'"):
        keras.Sequential([keras.Input((1,)), layers.Dense(1)]).predict(np.array([["a"]]), verbose=0)
    with pytest.raises(ValueError, match="expects numbers"):
        layers.Dense(1)(np.array([["a"]]))


class Kinds(layers.Layer):
    """Strings of any shape as vectors, by a lookup and a table."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lookup = layers.StringLookup(vocabulary=["a", "b"])
        self.table = layers.Embedding(3, 2)

    def call(self, x: Any) -> Any:
        return self.table(self.lookup(ops.expand_dims(x, -1)))


def test_strings_in_layers_and_ops_of_a_graph() -> None:
    names = keras.Input((), dtype="string")
    column = ops.expand_dims(names, -1)
    assert (column.shape, column.dtype) == ((None, 1), "string")
    assert ops.equal(names, "a").dtype == "bool"
    assert (ops.cast(names, "float32").dtype, ops.cast(keras.Input((2,)), "string").dtype) == ("float32", "string")
    model = keras.Sequential([keras.Input((), dtype="string"), Kinds(), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.predict(np.array(["a", "z", "b"]), verbose=0)
    model.fit(np.array(["a", "z", "b"]), np.ones(3), epochs=2, verbose=0)
    assert before.shape == (3, 1)
    assert (model.predict(np.array(["a", "z", "b"]), verbose=0) != before).all()
    words = layers.TextVectorization(vocabulary=["a"])(column)
    assert layers.Embedding(3, 2)(words).shape == (None, None, 2)
    texts = layers.Lambda(lambda t: layers.TextVectorization(vocabulary=["a"])(t))(names)
    assert texts.shape == (None, None)


MOVES: list[Callable[[Any], Any]] = [
    layers.Identity(), layers.Flatten(), layers.Reshape((2, 1)), layers.Permute((1,)), layers.RepeatVector(2),
    layers.Lambda(lambda x: x[:, :1]), lambda x: layers.Concatenate()([x, x]),
]  # fmt: skip


@pytest.mark.parametrize("move", MOVES)
def test_layers_that_move_values_move_text(move: Callable[[Any], Any]) -> None:
    text = np.array([["a", "b"], ["c", "d"], ["e", "f"]])
    spec, y = move(keras.Input((2,), dtype="string")), move(text)
    assert spec.shape == (None, *y.shape[1:])
    assert (spec.dtype, y.dtype) == ("string", "string")
    places = move(np.arange(6.0).reshape(3, 2)).numpy().astype(int)
    assert rows(y) == text.reshape(-1)[places].tolist()


def test_numbers_as_text() -> None:
    assert rows(ops.cast(np.array([1, 2]), "string")) == ["1", "2"]
    assert rows(ops.cast(np.array(["a"]), "string")) == ["a"]
    assert rows(ops.convert_to_tensor([1.5], "string")) == ["1.5"]


LEARNED: dict[str, Callable[[], Any]] = {
    "string": lambda: adapted(layers.StringLookup(output_mode="tf_idf"), [["a", "b"], ["b", "c"]]),
    "integer": lambda: adapted(layers.IntegerLookup(), [1, 2, 2]),
    "text": lambda: adapted(layers.TextVectorization(), TEXTS),
    "ranges": lambda: adapted(layers.Discretization(num_bins=3), np.arange(9.0)),
    "category": lambda: layers.CategoryEncoding(4, "count"),
    "hashes": lambda: layers.Hashing(4, mask_value=2, salt=7, output_mode="count"),
}


@pytest.mark.parametrize("name", LEARNED)
def test_what_was_learned_is_in_the_configuration(name: str) -> None:
    layer = LEARNED[name]()
    values: Array = np.array([["b"], ["q"]]) if name in ("string", "text") else np.array([[2, 3]])
    again = layers.deserialize(layers.serialize(layer))
    assert rows(again(values)) == rows(layer(values))
    assert again.get_config() == layer.get_config()


WORDS = [f"w{i}" for i in range(5000)]
ROWS = np.random.default_rng(1).integers(0, 5000, (16, 300))
FEW: dict[str, Callable[[str], Any]] = {
    "text": lambda mode: layers.TextVectorization(vocabulary=WORDS, output_mode=mode, **weights(mode)),  # type: ignore[arg-type]
    "string": lambda mode: layers.StringLookup(vocabulary=WORDS, output_mode=mode, **weights(mode)),  # type: ignore[arg-type]
    "integer": lambda mode: layers.IntegerLookup(vocabulary=np.arange(5000), output_mode=mode, **weights(mode)),  # type: ignore[arg-type]
    "category": lambda mode: layers.CategoryEncoding(5001, mode),  # type: ignore[arg-type]
    "hashes": lambda mode: layers.Hashing(5001, output_mode=mode),  # type: ignore[arg-type]
    "ranges": lambda mode: layers.Discretization(np.arange(0.5, 5000).tolist(), output_mode=mode),  # type: ignore[arg-type]
}


def weights(mode: str) -> dict[str, Any]:
    return {"idf_weights": np.linspace(1, 2, 5000)} if mode == "tf_idf" else {}


@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("kind", FEW)
def test_bags_of_words_take_little_memory(kind: str, mode: str) -> None:
    if mode == "tf_idf" and kind not in ("text", "string", "integer"):
        return
    layer = FEW[kind](mode)
    words = np.array(WORDS)[ROWS]
    x = [" ".join(row) for row in words] if kind == "text" else words if kind == "string" else ROWS
    layer(x[:1])
    tracemalloc.start()
    y = layer(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    y = np.asarray(y)
    assert peak < 2 * y.nbytes + 2**21  # the words and their numbers come to that; the product of all would be 24 MB
    first = 0 if kind in ("category", "ranges") else 1
    if kind == "hashes":
        assert y.sum() == (ROWS.size if mode == "count" else (y > 0).sum())
        return
    for row, numbers in zip(y, ROWS + first, strict=True):
        expected = np.bincount(numbers, minlength=y.shape[1])
        expected = np.minimum(expected, 1) if mode == "multi_hot" else expected
        scale = np.r_[1.5, np.linspace(1, 2, 5000)] if mode == "tf_idf" else 1
        np.testing.assert_allclose(row, expected * scale, rtol=1e-6)


def test_a_vocabulary_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("x\ny\n")
    assert rows(layers.StringLookup(vocabulary=str(file))(["y"])) == [2]


WRONG: dict[str, Callable[[], Any]] = {
    "mode": lambda: layers.StringLookup(output_mode="other"),  # type: ignore[arg-type]
    "repeated": lambda: layers.StringLookup(vocabulary=["a", "a"]),
    "oov_method": lambda: layers.IntegerLookup(oov_method="modulo"),
    "salt_of_remainders": lambda: layers.IntegerLookup(vocabulary=[1], salt=3),
    "salt_of_three": lambda: layers.StringLookup(salt=[1, 2, 3]),
    "invert": lambda: layers.StringLookup(vocabulary=["a"], invert=True, output_mode="count"),
    "no_weights": lambda: layers.TextVectorization(vocabulary=["a"], output_mode="tf_idf"),
    "no_weights_set": lambda: layers.StringLookup(output_mode="tf_idf").set_vocabulary(["a"]),
    "unknown_in_words": lambda: layers.StringLookup(vocabulary=["a", "[UNK]"], invert=True),
    "unknown_in_numbers": lambda: layers.IntegerLookup(vocabulary=[1, -1], invert=True),
    "split": lambda: layers.TextVectorization(split="words"),  # type: ignore[arg-type]
    "ngrams": lambda: layers.TextVectorization(ngrams=1.5),  # type: ignore[arg-type]
    "several_ngrams": lambda: layers.TextVectorization(ngrams=(1, "a")),  # type: ignore[arg-type]
    "length": lambda: layers.TextVectorization(output_sequence_length="a"),  # type: ignore[arg-type]
    "length_of_counts": lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
    "rows_of_texts": lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]),
    "rows_of_texts_learned": lambda: layers.TextVectorization().adapt([["a", "b"]]),
    "rows_of_texts_in_batches": lambda: layers.TextVectorization().adapt(iter([np.array([["a", "b"]])])),
    "padded_to_nothing": lambda: layers.StringLookup(output_mode="count", pad_to_max_tokens=True),
    "weights_of_numbers": lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0]),
    "weights_before_words": lambda: layers.TextVectorization(output_mode="count", idf_weights=[1.0]),
    "empty_vocabulary": lambda: layers.IntegerLookup(vocabulary=[]),
    "sparse_words": lambda: layers.StringLookup(output_mode="count", sparse=True),
    "sparse_numbers": lambda: layers.IntegerLookup(output_mode="count", sparse=True),
    "sparse_texts": lambda: layers.TextVectorization(output_mode="count", sparse=True),
    "max_tokens": lambda: layers.StringLookup(max_tokens=1),
    "num_oov_indices": lambda: layers.IntegerLookup(num_oov_indices=-1),
    "vocabulary_dtype": lambda: layers.IntegerLookup(vocabulary_dtype="float32"),
    "weights_of_no_counts": lambda: layers.CategoryEncoding(3)([1], count_weights=[2.0]),
    "one_crossed": lambda: layers.HashedCrossing(3)([np.array([1])]),
    "no_list_crossed": lambda: layers.HashedCrossing(3)(np.array([1, 2])),
    "floats_crossed": lambda: layers.HashedCrossing(3)([np.array(["a"]), np.array([1.5])]),
    "bools_crossed": lambda: layers.HashedCrossing(3)([np.array(["a"]), np.array([True])]),
    "columns_crossed": lambda: layers.HashedCrossing(3)([np.ones((2, 2), int)] * 2),
    "bins": lambda: layers.Hashing(0),
    "salt": lambda: layers.Hashing(2, salt="a"),
    "float_numbers": lambda: layers.Hashing(2, dtype="float32"),
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


@pytest.mark.parametrize("mode", ["int", "multi_hot", "count", "tf_idf"])
def test_a_layer_without_a_vocabulary_is_not_ready(mode: Any) -> None:
    for kind in (layers.StringLookup, layers.TextVectorization):
        with pytest.raises(RuntimeError, match=r"no vocabulary: pass one, or call adapt\(\)"):
            kind(output_mode=mode)(["a"])


def test_the_unknown_token_may_be_a_word_if_nothing_becomes_it() -> None:
    assert layers.StringLookup(vocabulary=["a", "[UNK]"]).get_vocabulary() == ["[UNK]", "a", "[UNK]"]
    assert layers.StringLookup(vocabulary=["[UNK]", "a"], invert=True).get_vocabulary() == ["[UNK]", "a"]


def test_numbers_are_those_of_the_present_vocabulary() -> None:
    layer = layers.StringLookup(vocabulary=["a", "b"])
    assert layer(np.array(["a", "b", "c"])).numpy().tolist() == [1, 2, 0]
    layer.set_vocabulary(["c", "a"])
    assert layer(np.array(["a", "b", "c"])).numpy().tolist() == [2, 0, 1]
    copied = copy.deepcopy(layer)
    layer.set_vocabulary(["b"])
    assert [x(np.array(["b"])).numpy().tolist() for x in (layer, copied)] == [[1], [0]]


CALLS: list[int] = []


class Noted(layers.Layer):
    """Notes each call that is Python's own, and not a replay."""

    def call(self, x: Any) -> Any:
        CALLS.append(1)
        return x


TRIPLES = np.array(["a", "bb", "zz", "a longer one"])[np.random.default_rng(3).integers(0, 4, (64, 3))]
PAIRS = np.arange(128).reshape(64, 2) % 7
INSIDE: dict[str, tuple[Callable[[], Any], Any]] = {
    "lookup": (lambda: layers.StringLookup(vocabulary=["a", "bb"], output_mode="multi_hot"), TRIPLES),
    "unknown": (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=3, output_mode="count"), TRIPLES),
    "texts": (
        lambda: layers.TextVectorization(vocabulary=["a", "longer"], output_sequence_length=2),
        np.array([" ".join(row) for row in TRIPLES]),
    ),
    "texts of any length": (
        lambda: layers.TextVectorization(vocabulary=["a", "longer"]),
        np.array([" ".join(row) for row in TRIPLES]),
    ),
    "hashes": (lambda: layers.Hashing(4, output_mode="count"), TRIPLES),
    "integers": (lambda: layers.IntegerLookup(vocabulary=[1, 5], output_mode="multi_hot"), PAIRS),
    "categories": (lambda: layers.CategoryEncoding(7), PAIRS),
    "ranges": (lambda: layers.Discretization([1.0, 3.0], output_mode="one_hot"), np.arange(64.0) % 5),
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_layer_of_words_is_a_step_of_a_program(name: str) -> None:
    make, x = INSIDE[name]
    y = np.arange(64) % 3.0
    weights, outputs = [], []
    for eager in (False, True):
        keras.utils.set_random_seed(2)
        kind: Any = "string" if x.dtype.kind == "U" else x.dtype.name
        inputs = keras.Input(x.shape[1:], dtype=kind)
        h = ops.cast(make()(inputs), "float32")
        h = ops.mean(h, axis=-1, keepdims=True) if h.shape[-1] is None else h
        model = keras.Model(inputs, layers.Dense(1)(Noted()(h)))
        model.compile("adam", "mse", run_eagerly=eager)
        CALLS.clear()
        model.fit(x, y, batch_size=4, epochs=3, verbose=0)
        assert (len(CALLS) < 6) == (not eager and name != "texts of any length")
        weights.append(model.get_weights())
        outputs.append([model.predict(x[:n], verbose=0) for n in (1, 1, 8, 8)])
    for a, b in zip(*weights, strict=True):
        assert a.tobytes() == b.tobytes()
    for a, b in zip(*outputs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_program_takes_words_of_any_length_and_refuses_unknown_ones() -> None:
    words = keras.Input((2,), dtype="string")
    lookup = layers.StringLookup(vocabulary=["a", "a longer one"], num_oov_indices=0)
    model = keras.Model(words, layers.Rescaling(1.0)(lookup(layers.Reshape((2,))(words))))
    for row in (["a", "a"], ["a", "a"], ["a longer one", "a"], ["a", "a longer one"]):
        assert model.predict(np.array([row]), verbose=0).tolist() == [[len(word) > 1 for word in row]]
    with pytest.raises(ValueError, match=r"num_oov_indices=0 takes only .* Received: 'a longer'"):
        model.predict(np.array([["a", "a longer"]]), verbose=0)
    lookup.set_vocabulary(["a longer one", "a"])
    assert model.predict(np.array([["a", "a longer one"]]), verbose=0).tolist() == [[1, 0]]


def test_texts_are_hashed_alike_alone_and_together() -> None:
    bytes_of_all_lengths = [("aé" * n)[:n] + str(n) for n in range(200)]  # 0 to 300 bytes and more
    for layer in (layers.Hashing(10**9), layers.Hashing(10**9, salt=[5, 6])):
        together = layer(np.array(bytes_of_all_lengths)).numpy().tolist()
        assert together == [int(layer(np.array([text])).numpy()[0]) for text in bytes_of_all_lengths]
        assert len({*together}) == len(together)
    assert layers.Hashing(3)(np.zeros((0, 2), "U3")).shape == (0, 2)


def test_hashing_many_texts_takes_little_memory() -> None:
    layer, texts = layers.Hashing(1000), np.array([f"word{n}" for n in range(40_000)])
    layer(texts)
    tracemalloc.start()
    layer(texts)
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20  # those of all at once are 20 MB
    tracemalloc.stop()


def test_letters_and_spaces_beyond_ascii_are_those_of_words() -> None:
    layer = adapted(layers.TextVectorization(), ["a\u00a0b C", "x\u3000y", "ÀÉ É"])
    assert layer.get_vocabulary() == ["", "[UNK]", "É", "ÀÉ", "x\u3000y", "c", "a\u00a0b"]


def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than max_tokens=3"):
        layers.StringLookup(vocabulary=["a", "b", "c"], max_tokens=3)
    for tokens in (["", "a"], ["a", ""]):
        with pytest.raises(ValueError, match="repeated or reserved terms"):
            layers.StringLookup(vocabulary=tokens, mask_token="")
    assert layers.StringLookup(vocabulary=["a", "b"], max_tokens=3)(["b"]).tolist() == [2]
    path = tmp_path / "words.txt"
    path.write_text("a\nb\x85c\nd\n", "utf8")  # what str.splitlines() would cut
    assert layers.StringLookup(vocabulary=str(path))(["d"]).tolist() == [3]


def test_a_function_may_leave_texts_whole() -> None:
    layer = adapted(layers.TextVectorization(split=lambda text: text), ["a b", "c", "a b"])
    assert layer.get_vocabulary() == ["", "[UNK]", "a b", "c"]


def test_whole_texts_keep_their_shape() -> None:
    layer = layers.TextVectorization(split=None, vocabulary=["a b", "c"])
    assert layer(["C!", "a b"]).tolist() == [3, 2]
    assert layer([["c", "d"], ["a b", "c"]]).tolist() == [[3, 1], [2, 3]]
    for shape in [(2,), (1,)]:
        assert layer(keras.Input(shape, dtype="string")).shape == (None, *shape)
    counts = layers.TextVectorization(split=None, vocabulary=["a b", "c"], output_mode="count")
    assert counts([["c"], ["d"]]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert layers.TextVectorization(split=None, vocabulary=["c"], output_sequence_length=2)(["c"]).tolist() == [[2, 0]]


def test_texts_of_more_axes_keep_all_but_the_last() -> None:
    texts = np.array([[["b"], ["a b"]], [["z a"], [""]]])
    layer = layers.TextVectorization(vocabulary=["a", "b"])
    assert layer(texts).tolist() == [[[3, 0], [2, 3]], [[1, 2], [0, 0]]]
    assert layer(keras.Input((2, 1), dtype="string")).shape == (None, 2, None)


def test_texts_of_unknown_number_are_one_text_a_row() -> None:
    layer = layers.TextVectorization(vocabulary=["a"])
    texts = keras.Input((None,), dtype="string")
    assert layer(texts).shape == (None, None)
    model = keras.Model(texts, layers.GlobalAveragePooling1D()(layers.Embedding(5, 2)(layer(texts))))
    assert model(np.array([["a b"]])).shape == (1, 2)


def test_weights_of_words_go_with_their_vocabulary() -> None:
    layer = adapted(layers.StringLookup(output_mode="tf_idf"), [["a", "b"], ["b", "c"]])
    before = layer([["a", "z"]]).numpy()
    with pytest.raises(ValueError, match="0 weights for 2 tokens"):
        layer.set_vocabulary(["x", "y"])
    assert np.array_equal(layer([["a", "z"]]), before)
    layer.set_vocabulary(["x", "y"], [1.0, 3.0])
    assert layer([["x", "y"]]).tolist() == [[0.0, 1.0, 3.0]]
    with pytest.raises(ValueError, match=r"one weight for each token.*2 weights for 3 tokens"):
        layers.StringLookup(vocabulary=["[UNK]", "cat", "dog"], idf_weights=[1.0, 2.0], output_mode="tf_idf")


class _NA:
    """pandas' own missing value, which has no truth."""

    def __str__(self) -> str:
        return "<NA>"

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = object.__hash__


@pytest.mark.parametrize("missing", [None, float("nan"), _NA()])
def test_missing_words_are_refused(missing: Any) -> None:
    column = np.array(["a", missing, "b"], object)
    for layer in (layers.StringLookup(vocabulary=["a"]), layers.TextVectorization(vocabulary=["a"]), layers.Hashing(3)):
        with pytest.raises(ValueError, match="Values are missing"):
            layer(column)
    with pytest.raises(ValueError, match="Values are missing"):
        layers.StringLookup().adapt(column)
    for numbers in (np.array([1.0, float("nan")]), [2.0, float("nan")]):
        for kind in (layers.StringLookup, layers.IntegerLookup):
            with pytest.raises(ValueError, match="Values are missing"):
                kind().adapt(numbers)
            with pytest.raises(ValueError, match="Values are missing"):
                kind(vocabulary=[1, 2])(numbers)
    with pytest.raises(TypeError, match=r"takes texts\. Received: 1"):
        layers.TextVectorization().adapt([1, 2])


@pytest.mark.parametrize("kind", [layers.StringLookup, layers.IntegerLookup, layers.TextVectorization])
def test_a_given_vocabulary_is_not_learned_anew(kind: Any) -> None:
    old, new = ([1, 2], [3, 4]) if kind is layers.IntegerLookup else (["a", "b"], ["c", "d"])
    given, adapted, told = kind(vocabulary=old), kind(), kind()
    adapted.adapt(old)
    told.set_vocabulary(old)
    copies = [kind.from_config(layer.get_config()) for layer in (given, adapted)]
    for layer in (given, copies[0]):
        with pytest.raises(ValueError, match="was given its vocabulary"):
            layer.adapt(new)
        assert layer.get_vocabulary(include_special_tokens=False) == old
    for layer in (adapted, copies[1], told):
        layer.adapt(new)
        assert sorted(layer.get_vocabulary(include_special_tokens=False)) == new


def test_a_given_mean_is_not_learned_again() -> None:
    with pytest.raises(ValueError, match="was given its mean and variance"):
        layers.Normalization(mean=0.0, variance=1.0).adapt(np.ones((2, 3)))


@pytest.mark.parametrize("words", [[b"a", b"\xc3\xa9"], np.array([b"a", b"\xc3\xa9"]), ("a", "\xe9")])
def test_a_vocabulary_of_bytes_is_one_of_words(words: Any) -> None:
    for kind in (layers.StringLookup, layers.TextVectorization):
        layer: Any = kind(vocabulary=words)
        assert layer.get_vocabulary()[-2:] == ["a", "\xe9"]
        assert rows(layer(["\xe9"]))[0] in (2, [3])
    with pytest.raises(ValueError, match="missing"):
        layers.StringLookup(vocabulary=["a", None])


def test_words_keep_their_last_nul() -> None:
    layer = layers.StringLookup(vocabulary=["a", "a\0"])
    assert rows(layer(["a\0", "a"])) == [2, 1]
    assert rows(layers.StringLookup(vocabulary=["a", "a\0"], invert=True)([2, 1])) == [b"a\0", b"a"]
    letters = adapted(layers.TextVectorization(split="character"), ["a\0a"])
    assert letters.get_vocabulary() == ["", "[UNK]", "a", "\0"]
    assert rows(layer(np.array([b"a\0", b"a"], object))) == [2, 1]


def test_one_long_text_does_not_widen_all() -> None:
    texts = np.array([b"x" * 100_000, *[b"y"] * 2000], object)
    layer = layers.StringLookup(vocabulary=["y", "z" * 100_000, *map(str, range(500))])
    tracemalloc.start()
    assert rows(layer(texts))[:2] == [0, 1]
    back = layers.StringLookup(vocabulary=layer.get_vocabulary(), invert=True)
    assert rows(back([1, 3])) == [b"y", b"0"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24  # texts as wide as the longest would be 200 MB


def test_numbers_of_words_may_be_floats() -> None:
    assert rows(layers.StringLookup(vocabulary=["x", "y"], invert=True)(np.array([2.0, 1.0, -1.0]))) == [
        b"y",
        b"x",
        b"[UNK]",
    ]


def test_values_at_the_edge_of_a_range_are_in_it() -> None:
    edges = [0.1, 0.7]
    for kind in ("float32", "float64"):
        assert rows(layers.Discretization(edges)(np.array(edges, kind))) == [1, 2]
    assert rows(layers.Discretization([2, 5])(np.array([1, 2, 5]))) == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_ranges_of_an_integer_dtype_take_floats_as_they_are(dtype: str) -> None:
    assert rows(layers.Discretization([0.25, 0.75], dtype=dtype)(np.array([0.0, 0.5, 1.0]))) == [0, 1, 2]
    encoded = layers.Discretization([0.25, 0.75], output_mode="one_hot", dtype=dtype)(np.array([0.5]))
    assert rows(encoded) == [[0, 1, 0]]
    assert encoded.dtype == dtype


def test_single_values_are_learned_from() -> None:
    assert adapted(layers.StringLookup(), iter(["a", "b b", "a"])).get_vocabulary() == ["[UNK]", "a", "b b"]
    assert adapted(layers.IntegerLookup(), map(np.int64, [7, 7, 5])).get_vocabulary() == [-1, 7, 5]
    assert adapted(layers.StringLookup(), iter([["a"], [], ["a", "b"]])).get_vocabulary() == ["[UNK]", "a", "b"]
    assert adapted(layers.StringLookup(), np.array([], object)).get_vocabulary() == ["[UNK]"]


def test_a_batch_of_single_words_is_one_document() -> None:
    batches = [np.array(["a", "b"]), np.array(["b"])]
    layer = adapted(layers.StringLookup(output_mode="tf_idf"), iter(batches))
    np.testing.assert_allclose(layer(["a", "b"]), [0, np.log(1 + 2 / 3), np.log(1 + 2 / 2)], rtol=1e-6)
    layer = adapted(layers.StringLookup(output_mode="tf_idf"), np.concatenate(batches))
    np.testing.assert_allclose(layer(["a", "b"]), [0, np.log(1 + 3 / 3), np.log(1 + 3 / 2)], rtol=1e-6)


@pytest.mark.parametrize("mode", ["multi_hot", "one_hot", "count", "tf_idf"])
def test_without_a_vocabulary_the_number_of_columns_is_unknown(mode: Any) -> None:
    words = keras.Input((1,), dtype="string")
    columns = keras.layers.StringLookup(output_mode=mode)(words)
    assert columns.shape == (None, None)
    with pytest.raises(ValueError, match="must be known"):
        keras.layers.Dense(2)(columns)
    assert keras.layers.StringLookup(max_tokens=5, pad_to_max_tokens=True, output_mode=mode)(words).shape == (None, 5)
    if mode != "one_hot":
        assert keras.layers.TextVectorization(output_mode=mode)(words).shape == (None, None)


def test_a_file_string_py_of_the_user_s_is_in_nobody_s_way(tmp_path: Path) -> None:
    (tmp_path / "string.py").touch()
    script = tmp_path / "script.py"
    script.write_text(
        "import minikeras as keras\n"
        "from minikeras.layers import TextVectorization\n"
        "keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights('w.npz')\n"
        "print(TextVectorization(vocabulary=['a']).get_vocabulary())\n"
    )
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['', '[UNK]', 'a']\n", "")


def test_marks_are_those_of_ascii() -> None:
    layer = layers.TextVectorization(vocabulary=["ab"], output_sequence_length=1)
    assert [mark for mark in map(chr, range(1, 256)) if layer([f"A{mark}B"]).numpy()[0, 0] == 2] == [
        *string.punctuation
    ]


def test_a_vocabulary_may_be_any_kind_of_path(tmp_path: Path) -> None:
    path = tmp_path / "ab.c"  # no letter occurs twice, as in a vocabulary
    path.write_text("2\n3\n", "utf8")
    for name in (path, str(path), bytes(path)):
        assert layers.StringLookup(vocabulary=name).get_vocabulary() == ["[UNK]", "2", "3"]
        assert layers.IntegerLookup(vocabulary=name).get_vocabulary() == [-1, 2, 3]
        assert layers.TextVectorization(vocabulary=name).get_config()["vocabulary"] == ["2", "3"]
