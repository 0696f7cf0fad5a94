"""Tables as vectors: the numbers are those of Keras 3.15.1 on TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
import minikeras.compat.tensorflow as tf
from minikeras import layers
from minikeras.utils import FeatureSpace

TABLE: dict[str, list[Any]] = {
    **{f"float_{i}": [n / 10 for n in range(10)] for i in (1, 2, 3)},
    **{f"int_{i}": list(range(10)) for i in (1, 2, 3)},
    "string_1": [str(n) for n in range(10)],
    "string_2": [str(n % 3) for n in range(10)],
}


def space_of(output_mode: Any) -> FeatureSpace:
    space = FeatureSpace(
        features={
            "float_1": "float", "float_2": "float_normalized", "float_3": "float_discretized",
            "string_1": "string_categorical", "string_2": "string_hashed",
            "int_1": "integer_categorical", "int_2": "integer_hashed",
            "int_3": FeatureSpace.integer_categorical(max_tokens=5, num_oov_indices=2),
        },
        crosses=[("float_3", "string_1"), FeatureSpace.cross(("string_2", "int_2"), 16)],
        output_mode=output_mode,
    )  # fmt: skip
    space.adapt(TABLE)
    return space


ONES = {
    "float_3": (32, [1, 2, 3, 4, 5, 6, 7, 8, 9, 9]),
    "int_1": (11, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    "int_2": (32, [31, 1, 7, 9, 31, 11, 15, 24, 19, 13]),
    "int_3": (5, [0, 1, 0, 1, 0, 1, 0, 4, 3, 2]),
    "string_1": (11, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    "string_2": (32, [31, 1, 7, 31, 1, 7, 31, 1, 7, 31]),
    "float_3_X_string_1": (32, [30, 22, 12, 3, 25, 0, 16, 20, 21, 6]),
    "string_2_X_int_2": (16, [14, 9, 10, 9, 9, 11, 12, 4, 0, 4]),
}
"""For each column and cross how wide it is, and where each row has its 1."""


def test_columns_become_vectors() -> None:
    parts = space_of("dict")(TABLE)
    x = np.arange(10)[:, None]
    np.testing.assert_allclose(parts.pop("float_1"), x / 10, 1e-6)
    np.testing.assert_allclose(parts.pop("float_2"), (x - 4.5) / np.sqrt(8.25), 1e-6, 1e-6)
    assert {name: part.dtype for name, part in parts.items()} == dict.fromkeys(ONES, "float32")
    for name, (width, places) in ONES.items():
        np.testing.assert_array_equal(parts[name], np.eye(width)[places], name)


def test_rows_are_joined_in_order_of_names() -> None:
    parts, space = space_of("dict")(TABLE), space_of("concat")
    rows = space(TABLE)
    np.testing.assert_array_equal(rows, np.concatenate([*parts.values()], axis=1))
    assert [*parts] == ["float_1", "float_2", *ONES]
    one = space({name: column[3] for name, column in TABLE.items()})
    np.testing.assert_array_equal(one, rows[3])


def test_it_is_learned_from_a_data_set_and_maps_one() -> None:
    data = tf.data.Dataset.from_tensor_slices(({"a": ["x", "y", "x"], "b": [1.0, 2.0, 3.0]}, [0, 1, 0]))
    for batched in (data, data.batch(2)):
        space = FeatureSpace({"a": "string_categorical", "b": "float"})
        space.adapt(batched.map(lambda x, y: x))
        rows = [np.asarray(x).tolist() for x, _ in data.map(lambda x, y: (space(x), y))]  # noqa: B023 - used at once
        assert rows == [[0, 1, 0, 1], [0, 0, 1, 2], [0, 1, 0, 3]]


def test_it_begins_a_model() -> None:
    space = space_of("concat")
    inputs, encoded = space.get_inputs(), space.get_encoded_features()
    assert (encoded.shape, inputs["string_1"].dtype) == ((None, 173), "string")
    model = keras.Model(inputs, layers.Dense(1, use_bias=False)(encoded))
    model.compile("sgd", "mse")
    data = {name: np.array(column) for name, column in TABLE.items()}
    model.fit(data, np.arange(10.0), verbose=0)
    expected = np.asarray(space(TABLE)) @ model.get_weights()[-1]
    np.testing.assert_allclose(model.predict(data, verbose=0), expected, 1e-5, 1e-6)


def test_it_is_saved_with_what_it_learned(tmp_path: Path) -> None:
    space = space_of("concat")
    space.save(tmp_path / "space.keras")
    again: Any = keras.models.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(again(TABLE), space(TABLE))
    assert again.get_config() == space.get_config()


def test_a_layer_of_ones_own() -> None:
    text = FeatureSpace.feature("string", layers.TextVectorization(output_mode="tf_idf"), "float")
    space = FeatureSpace({"text": text})
    space.adapt({"text": ["1st string", "2nd string", "3rd string"]})
    assert space({"text": ["1st string", "2nd string", "3rd string"]}).shape == (3, 5)


def test_words_are_learned_anew_unless_they_were_given() -> None:
    kinds = {name: layers.TextVectorization(vocabulary=words) for name, words in (("a", None), ("b", ["given"]))}
    space = FeatureSpace({name: FeatureSpace.feature("string", kind, "int") for name, kind in kinds.items()}, "dict")
    for words in (["first"], ["second"]):
        space.adapt({"a": words, "b": words})
    assert [kind.get_vocabulary()[2:] for kind in kinds.values()] == [["second"], ["given"]]


def test_what_is_learned_anew_may_be_wider() -> None:
    space = FeatureSpace({"f": "string_categorical"})
    for words in (["a"], ["a", "b", "c"]):
        space.adapt({"f": words})
        assert space({"f": words}).shape == (len(words), len(words) + 1)


def test_inputs_of_a_model_are_encoded_with_what_was_learned_last() -> None:
    space = FeatureSpace({"f": "string_categorical"})
    for words in (["a"], ["a", "b", "c"]):
        space.adapt({"f": words})
        assert space.get_encoded_features().shape == (None, len(words) + 1)


def test_what_needs_no_data_needs_no_adapt() -> None:
    kinds: dict[str, Any] = {
        "a": FeatureSpace.float_rescaled(2.0, 1.0),
        "b": FeatureSpace.float_discretized(None, [0.0, 1.0]),
        "c": FeatureSpace.feature("string", layers.StringLookup(vocabulary=["x"]), "one_hot"),
        "d": FeatureSpace.integer_hashed(4, "int"),
    }
    space = FeatureSpace(kinds, output_mode="dict")
    row = {name: np.asarray(x).tolist() for name, x in space({"a": 3, "b": 0.5, "c": "x", "d": 7}).items()}
    assert row == {"a": [7], "b": [0, 1, 0], "c": [0, 1], "d": [layers.Hashing(4)([7]).numpy()[0]]}


def test_a_vocabulary_that_was_given_stays_while_other_columns_learn() -> None:
    given = FeatureSpace.feature("string", layers.StringLookup(vocabulary=["x"]), "one_hot")
    space = FeatureSpace({"a": given, "b": "float_normalized"})
    table = {"a": ["x", "y"], "b": [1.0, 3.0]}
    space.adapt(table)
    assert space(table).tolist() == [[0.0, 1.0, -1.0], [1.0, 0.0, 1.0]]


def test_preprocessors_are_named_after_their_features() -> None:
    space = FeatureSpace({
        "a": FeatureSpace.float_normalized(name="n"), "b": FeatureSpace.float_discretized(3),
        "c": FeatureSpace.float_rescaled(0.5, name="r"), "d": "float_normalized",
        "e": FeatureSpace.string_hashed(4, name="h")})  # fmt: skip
    names = {name: layer.name.removesuffix("_preprocessor") for name, layer in space.preprocessors.items()}
    assert names == {"a": "n", "b": "float_discretized", "c": "r", "d": "d", "e": "h"}


TWO: dict[str, Any] = {"f": "integer_categorical", "g": "integer_categorical"}
WRONG: dict[str, Callable[[], Any]] = {
    "none": lambda: FeatureSpace({}),
    "kind": lambda: FeatureSpace({"f": "number"}),  # type: ignore[dict-item]
    "mode": lambda: FeatureSpace(TWO, output_mode="other"),  # type: ignore[arg-type]
    "encoding": lambda: FeatureSpace.integer_categorical(output_mode="other"),  # type: ignore[arg-type]
    "crossing_dim": lambda: FeatureSpace(TWO, crosses=[("f", "g")], crossing_dim=0),
    "cross": lambda: FeatureSpace(TWO, crosses=[("f", "h")]),
    "early": lambda: FeatureSpace(TWO)({"f": 1, "g": 2}),
    "no_data_set": lambda: FeatureSpace(TWO).adapt(5),  # type: ignore[arg-type]
    "once": lambda: FeatureSpace(TWO).adapt(iter([{"f": 1, "g": 2}])),
    "array": lambda: FeatureSpace({"f": "float_normalized"}).adapt(np.ones(3)),
    "no_dict": lambda: FeatureSpace({"f": "float"})([1.0]),
    "other_columns": lambda: FeatureSpace({"f": "float"})({"f": [1.0], "g": [1.0]}),
    "not_encoded": lambda: FeatureSpace({"f": FeatureSpace.integer_hashed(3, "int")})({"f": 1}),
    "no_numbers": lambda: FeatureSpace({"f": FeatureSpace.feature("float32", layers.Rescaling(1.0), "one_hot")})(
        {"f": 1.0}
    ),
}


@pytest.mark.parametrize("kind", ["float_normalized", "float_discretized", "integer_categorical", "string_categorical"])
def test_the_columns_that_must_learn_are_named(kind: Any) -> None:
    space = FeatureSpace({"first": kind, "second": "float"})
    for use in (space.get_inputs, space.get_encoded_features, lambda: space({"first": [1], "second": [1]})):
        with pytest.raises(ValueError, match=r"adapt\(dataset\).*\['first'\]"):
            use()


@pytest.mark.parametrize("name", WRONG)
def test_wrong_uses_are_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says its own
        WRONG[name]()
