"""The stand-in for TensorFlow gives what TensorFlow gave when `tests/compat/tensorflow/values.py` was run with it."""

import json
import re
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras.compat.tensorflow as tf
from tests.compat.tensorflow.values import EXPRESSIONS, HERE, SCRIPTS, evaluate, output

VALUES = json.loads((HERE / "values.json").read_text("utf8"))
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w])")
SHAPE = re.compile(r"(array\([^()]*\.\.\.[^()]*, )shape=\([\d, ]+\), ")  # of an array that NumPy shortens: from 2.2 on


def assert_same_text(ours: str, theirs: str, tolerance: float = 2e-5) -> None:
    """Texts are the same but for the last digits of numbers, and the spaces that those need."""
    if ours == theirs:
        return
    words = [re.sub(r"\s+", "", NUMBER.sub("#", text)) for text in (ours, theirs)]
    assert words[0] == words[1], f"\n{ours}\n{theirs}"
    for a, b in zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True):
        assert float(a) == pytest.approx(float(b), rel=tolerance, abs=tolerance), f"{a} is not {b} in\n{ours}\n{theirs}"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_values(expression: str) -> None:
    for ours, theirs in zip(evaluate(tf, expression), VALUES[expression], strict=True):
        if not SHAPE.search(repr(np.ones((30, 40), "float32"))):
            theirs = SHAPE.sub(r"\1", theirs)
        assert_same_text(ours.replace("minikeras._core.tensor.", ""), theirs)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts(path: Path, installed: None) -> None:
    assert_same_text(output(path), path.with_suffix(".txt").read_text("utf8"), 2e-3)


def test_gradients_pass_what_makes_tensors_of_tensors() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        copied, squared = tf.constant(x * 3), tf.py_function(lambda x: x * x, [x], tf.float32)
    gradients: Any = [tape.gradient(y, x) for y in (copied, squared)]
    assert [g.numpy().tolist() for g in gradients] == [[3, 3], [2, 4]]


def test_a_check_of_numbers_says_what_they_are() -> None:
    for values, kinds in (([0, np.nan], "NaN"), ([-np.inf, 0], "Inf"), ([np.inf, np.nan], "Inf and NaN")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"here : Tensor had {kinds} values"):
            tf.debugging.check_numerics(tf.constant(values), "here")


def test_depth_and_space_of_images_with_their_channels_first() -> None:
    x = tf.reshape(tf.range(16.0), (1, 8, 1, 2))
    spread = tf.nn.depth_to_space(x, 2, "NCHW")
    last = tf.nn.depth_to_space(tf.transpose(x, (0, 2, 3, 1)), 2)
    np.testing.assert_array_equal(tf.transpose(last, (0, 3, 1, 2)), spread)
    np.testing.assert_array_equal(tf.nn.space_to_depth(spread, 2, "NCHW"), x)


def test_images_have_their_channels_last_whatever_keras_is_set_to() -> None:
    x = tf.random.uniform((1, 12, 12, 3))

    def found() -> list[tuple[int, ...]]:
        hsv = tf.image.rgb_to_hsv(x)
        patches = tf.image.extract_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
        results = [hsv, tf.image.hsv_to_rgb(hsv), tf.image.resize(x, (2, 3)), patches, tf.image.ssim(x, x, 1.0)]
        return [tuple(y.shape) for y in results]

    shapes = found()
    tf.keras.config.set_image_data_format("channels_first")
    try:
        assert found() == shapes
    finally:
        tf.keras.config.set_image_data_format("channels_last")


def test_a_list_of_tensors_gives_several() -> None:
    found = tf.TensorArray(tf.float32, size=3).unstack(tf.constant([1.0, 2.0, 3.0])).gather(tf.constant([2, 0]))
    assert found.numpy().tolist() == [3, 1]


def test_parts_of_texts() -> None:
    assert tf.strings.substr("häuser", 1, 2, "UTF8_CHAR").numpy() == "äu".encode()
    assert tf.strings.substr(["house", "home"], -2, 2).numpy().tolist() == [b"se", b"me"]


def test_one_of_several_conditions_holds() -> None:
    yes, no = (tf.constant(True), lambda: 1), (tf.constant(False), lambda: 2)
    assert tf.case([no, yes, yes]) == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="2 of 3 conditions hold"):
        tf.case([no, yes, yes], exclusive=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="0 of 1 conditions hold"):
        tf.case([no])


def test_a_data_frame_gives_rows() -> None:
    frame = pytest.importorskip("pandas").DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    rows, labels = zip(*tf.data.Dataset.from_tensor_slices((frame, frame["b"])), strict=True)
    assert [row.numpy().tolist() for row in rows] == [[1, 3], [2, 4]]
    assert [int(label) for label in labels] == [3, 4]
    assert next(iter(tf.data.Dataset.from_tensor_slices(frame))).dtype == tf.float64
    assert sorted(next(iter(tf.data.Dataset.from_tensor_slices(dict(frame))))) == ["a", "b"]


def test_rows_of_their_own_lengths_are_for_numbers() -> None:
    with pytest.raises(ValueError, match="is for output_mode='int'"):
        tf.keras.layers.TextVectorization(ragged=True, output_mode="count")


@pytest.mark.parametrize(("rows", "first"), [(64, 32), (50, None), (20, None)])
def test_a_model_that_is_built_from_batches_of_different_sizes_leaves_their_size_open(
    rows: int, first: int | None, installed: None
) -> None:
    class Net(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = tf.keras.Sequential([tf.keras.layers.Dense(2)])

        def call(self, x: Any) -> Any:
            return self.inner(x)

    for model in (Net(), tf.keras.Sequential([tf.keras.layers.Dense(2)])):
        model.compile(loss="mse")
        model.fit(np.ones((rows, 3)), np.ones((rows, 2)), verbose=0)
        inner: Any = model.layers[0] if isinstance(model, Net) else model
        assert tuple(inner.output_shape) == (first, 2)


def test_a_checkpoint_has_what_was_set_later(tmp_path: Path) -> None:
    first, second = tf.train.Checkpoint(), tf.train.Checkpoint(kept={"two": tf.Variable(0.0)})
    first.kept = {"one": tf.Variable(1.0)}
    first.kept["two"] = tf.Variable(2.0)
    second.restore(first.save(tmp_path / "ckpt"))
    assert float(second.kept["two"]) == 2


def test_a_saved_model_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="does not exist"):
        tf.saved_model.load(str(tmp_path / "none"))


@pytest.mark.parametrize("name", ["Session", "placeholder", "train.AdamOptimizer", "nn.rnn_cell"])
def test_names_of_tensorflow_1_say_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'{name.rpartition('.')[2]}', which is TensorFlow 1"):
        attrgetter(name)(tf)
