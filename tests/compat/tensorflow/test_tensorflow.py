"""The stand-in for TensorFlow gives what TensorFlow gave when `tests/compat/tensorflow/values.py` was run with it."""

import contextlib
import gc
import gzip
import importlib
import json
import pickle
import re
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras.compat.tensorflow as tf
from minikeras import ops
from minikeras.compat.tensorflow import draws, philox, records
from minikeras.compat.tensorflow.tensors import Promotion, flavour
from tests.compat.tensorflow import flavoured
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
    try:
        written = output(path)
    finally:
        tf.config.run_functions_eagerly(False)  # which a script may have set for all that follow
    assert_same_text(written, path.with_suffix(".txt").read_text("utf8"), 2e-3)


@pytest.mark.parametrize("use", [lambda x: x * None, lambda x: None - x, lambda x: tf.reduce_mean(None)])
def test_none_is_no_tensor(use: Any) -> None:
    with pytest.raises(ValueError, match=r"value \(None\) with an unsupported type"):
        use(tf.constant([1.0, 2.0]))


def test_gradients_go_through_constant_and_py_function() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        copied, squared = tf.constant(x * 3), tf.py_function(lambda x: x * x, [x], tf.float32)
    gradients: Any = [tape.gradient(y, x) for y in (copied, squared)]
    assert [g.numpy().tolist() for g in gradients] == [[3, 3], [2, 4]]


def test_check_numerics_names_infinities_and_nan() -> None:
    for values, kinds in (([0, np.nan], "NaN"), ([-np.inf, 0], "Inf"), ([np.inf, np.nan], "Inf and NaN")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"here : Tensor had {kinds} values"):
            tf.debugging.check_numerics(tf.constant(values), "here")


@pytest.mark.parametrize("module", ["config.experimental", "data.experimental", "distribute.experimental", "test"])
def test_a_name_that_a_module_without_a_file_lacks_is_refused_in_the_same_words(module: str) -> None:
    with pytest.raises(AttributeError, match=f"'tensorflow.{module}' has no attribute 'x' in minikeras"):
        attrgetter(f"{module}.x")(tf)


def test_a_method_that_a_dataset_lacks_is_refused_in_the_same_words() -> None:
    with pytest.raises(AttributeError, match=r"'x' in minikeras, .*: apply, .*batch, .*coverage\.md"):
        attrgetter("x")(tf.data.Dataset.range(3))


def test_numpy_s_functions_make_python_floats_float32_if_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    tnp = tf.experimental.numpy
    for preferred, kind in ((True, "float32"), (False, "float64")):
        monkeypatch.setattr(Promotion, "float32", preferred)
        results = [tnp.add(1.0, 2.0), tnp.sum([1.0, 2.0]), tnp.full((2,), 1.0), tnp.sqrt(2.0)]
        assert [y.dtype for y in results] == [kind] * 4
        assert tnp.add(np.ones(2), 1.0).dtype == "float64"


def test_a_transposed_convolution_of_another_shape_than_asked_for_is_refused() -> None:
    x, kernel = tf.ones((1, 1, 1, 1)), tf.ones((2, 2, 1, 1))
    tf.nn.conv2d_transpose(x, kernel, [1, 2, 2, 1], 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="do not fit"):
        tf.nn.conv2d_transpose(x, kernel, [1, 6, 6, 1], 2)


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


def test_what_depends_on_values_is_open_in_a_graph() -> None:
    functions: list[tuple[Callable[[Any], Any], Any]] = [
        (lambda x: tf.where(x > 0), (None, 2)),
        (lambda x: tf.boolean_mask(x, x[:, 0] > 0), (None, 3)),
        (lambda x: tf.boolean_mask(x, x > 0), (None,)),
        (lambda x: x[x[:, 0] > 0], (None, 3)),
        (lambda x: tf.unique(tf.reshape(x, [-1]))[0], (None,)),
        (lambda x: tf.repeat(x, tf.cast(x[0], "int32"), 1), (None, None)),
    ]
    for function, shape in functions:
        assert tf.keras.layers.Lambda(function)(tf.keras.Input((3,))).shape == shape


def test_an_open_axis_may_be_unstacked_into_num_parts() -> None:
    rows = tf.keras.layers.Lambda(lambda x: tf.stack(tf.unstack(x, num=5, axis=1), 1))(tf.keras.Input((None, 4)))
    assert rows.shape == (None, 5, 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must equal 5"):
        tf.unstack(tf.keras.Input((4, 3)), 5, 1)


def test_a_list_of_tensors_gives_several() -> None:
    found = tf.TensorArray(tf.float32, size=3).unstack(tf.constant([1.0, 2.0, 3.0])).gather(tf.constant([2, 0]))
    assert found.numpy().tolist() == [3, 1]


X, DATA = tf.ones((2, 3)), tf.data.Dataset
INVALID, OUTSIDE = tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError


def test_a_dataset_of_one_element_keeps_its_numbers() -> None:
    x = np.ones(2)
    dataset = tf.data.Dataset.from_tensors((x, {"y": x}))
    x[:] = 0
    assert [(a.numpy().tolist(), b["y"].numpy().tolist()) for a, b in dataset] == [([1, 1], [1, 1])]


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (ValueError, lambda: tf.image.crop_to_bounding_box(X[None], 0, 0, 2, 3)),
        (ValueError, lambda: tf.image.crop_to_bounding_box(X[..., None], 1, 0, 2, 3)),
        (ValueError, lambda: tf.image.crop_to_bounding_box(X[..., None], 0, -1, 2, 3)),
        (ValueError, lambda: tf.image.central_crop(X[..., None], 0.0)),
        (ValueError, lambda: tf.image.central_crop(X[..., None], 1.1)),
        (ValueError, lambda: tf.image.random_brightness(X[..., None], -0.3)),
        (ValueError, lambda: tf.image.stateless_random_contrast(X[..., None], 1.2, 0.3, (1, 2))),
        (ValueError, lambda: tf.image.random_contrast(X[..., None], 0.5, 0.5)),
        (ValueError, lambda: tf.image.random_saturation(X[..., None], -0.5, 0.5)),
        (ValueError, lambda: tf.image.random_hue(X[..., None], 0.6)),
        (INVALID, lambda: DATA.range(5).shard(3, 3)),
        (INVALID, lambda: DATA.range(5).shard(3, -1)),
        (INVALID, lambda: DATA.range(5).shard(0, 0)),
        (INVALID, lambda: DATA.range(5).window(0)),
        (INVALID, lambda: DATA.range(5).window(2, 0)),
        (INVALID, lambda: DATA.range(5).window(2, 1, 0)),
        (INVALID, lambda: DATA.range(5).batch(0)),
        (INVALID, lambda: DATA.list_files("/nowhere/*")),
        (ValueError, lambda: DATA.from_tensor_slices(1)),
        (ValueError, lambda: DATA.from_tensor_slices(([1], [1, 2]))),
        (ValueError, lambda: tf.train.CheckpointManager(tf.train.Checkpoint(), "nowhere", 0)),
        (ValueError, lambda: tf.train.CheckpointManager(tf.train.Checkpoint(), "nowhere", -1)),
        (INVALID, lambda: X[5]),
        (INVALID, lambda: tf.gather_nd(X, [[5, 0]])),
        (INVALID, lambda: tf.gather_nd(X, [[-1, 0]])),
        (INVALID, lambda: tf.scatter_nd([[-1]], [1], [3])),
        (INVALID, lambda: tf.scatter_nd([[3]], [1], [3])),
        (INVALID, lambda: tf.tensor_scatter_nd_add([1, 2, 3], [[-1]], [9])),
        (INVALID, lambda: tf.gather_nd([1, 2], [[0.0]])),
        (INVALID, lambda: tf.gather_nd([1, 2], [[True]])),
        (INVALID, lambda: tf.scatter_nd([[0.0]], [1], [3])),
        (INVALID, lambda: tf.tensor_scatter_nd_update([1, 2, 3], [[1.5]], [9])),
        (INVALID, lambda: tf.Variable([1, 2, 3]).scatter_nd_update([[1.5]], [9])),
        (INVALID, lambda: tf.random.uniform((2,), 0, maxval=0, dtype=tf.int32)),
        (INVALID, lambda: tf.random.uniform((2,), 7, maxval=5, dtype=tf.int64)),
        (TypeError, lambda: tf.random.normal((2,), dtype=tf.int32)),
        (TypeError, lambda: tf.random.truncated_normal((2,), dtype=tf.int64)),
        (INVALID, lambda: tf.debugging.assert_near(np.float64(1), 1.0 + 1e-10)),
        (INVALID, lambda: tf.debugging.assert_near(1.0, 1.0 + 1e-5)),
        (INVALID, lambda: tf.debugging.Assert(False, [1])),
        (ValueError, lambda: tf.RaggedTensor.from_tensor([[1, 2]], lengths=[1], padding=0)),
        (ValueError, lambda: tf.RaggedTensor.from_tensor([[1, 2]], ragged_rank=0)),
        (ValueError, lambda: tf.RaggedTensor.from_tensor([[1, 2]], ragged_rank=2)),
        (INVALID, lambda: tf.image.random_crop(X, (3, 3))),
        (INVALID, lambda: tf.image.random_crop(X, (2,))),
        (INVALID, lambda: tf.image.stateless_random_crop(X, (2, 4), seed=(1, 2))),
        (ValueError, lambda: tf.image.flip_left_right(X)),
        (ValueError, lambda: tf.image.random_flip_up_down(X)),
        (ValueError, lambda: tf.nn.sigmoid_cross_entropy_with_logits(X[:, 0], X[:, :1])),
        (INVALID, lambda: tf.slice(X, [0, 2], [2, 3])),
        (INVALID, lambda: tf.slice(X, [0, 4], [1, -1])),
        (INVALID, lambda: tf.unstack(X, num=3)),
        (INVALID, lambda: tf.math.segment_sum(X, [1, 0])),
        (INVALID, lambda: tf.math.unsorted_segment_sum(X, [0, 5], 2)),
        (OUTSIDE, lambda: tf.TensorArray(tf.float32, size=2).read(5)),
        (OUTSIDE, lambda: tf.TensorArray(tf.float32, size=2).write(5, 1.0)),
        (tf.errors.UnimplementedError, lambda: tf.cast("1", tf.int32)),
        (tf.errors.UnimplementedError, lambda: tf.cast(1, tf.string)),
    ],
)
def test_indices_out_of_bounds_are_refused_as_in_tensorflow(error: Any, call: Callable[[], Any]) -> None:
    with flavoured(), pytest.raises(error):
        call()


def test_a_slice_may_end_at_the_end_of_its_tensor() -> None:
    assert tf.slice(X, [1, 1], [1, 2]).numpy().tolist() == tf.slice(X, [1, 1], [-1, -1]).numpy().tolist() == [[1, 1]]
    assert tf.slice(X, [2, 0], [0, 3]).shape == (0, 3)
    assert tf.keras.layers.Lambda(lambda x: tf.slice(x, [0, 0], [-1, 2]))(tf.keras.Input((3,))).shape == (None, 2)


def test_a_dtype_may_come_by_its_number() -> None:
    number: Any = 1
    assert str(tf.zeros(1, number)) == "tf.Tensor([0.], shape=(1,), dtype=float32)"


def test_what_normalization_saw_is_counted_in_64_bits(installed: None, capsys: pytest.CaptureFixture[str]) -> None:
    with flavoured():
        layer = tf.keras.layers.Normalization()
        layer.adapt(np.ones((4, 2), "float32"))
        tf.keras.Sequential([tf.keras.Input((2,)), layer]).summary()
    assert "Non-trainable params: 5 (24.00 B)" in capsys.readouterr().out


def test_parts_of_texts() -> None:
    assert tf.strings.substr("häuser", 1, 2, "UTF8_CHAR").numpy() == "äu".encode()
    assert tf.strings.substr(["house", "home"], -2, 2).numpy().tolist() == [b"se", b"me"]


def test_a_data_frame_gives_rows() -> None:
    frame = pytest.importorskip("pandas").DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    rows, labels = zip(*tf.data.Dataset.from_tensor_slices((frame, frame["b"])), strict=True)
    assert [row.numpy().tolist() for row in rows] == [[1, 3], [2, 4]]
    assert [int(label) for label in labels] == [3, 4]
    assert next(iter(tf.data.Dataset.from_tensor_slices(frame))).dtype == tf.float64
    assert sorted(next(iter(tf.data.Dataset.from_tensor_slices(dict(frame))))) == ["a", "b"]


def test_text_vectorization_gives_ragged_rows_in_mode_int_only() -> None:
    with pytest.raises(ValueError, match="needs output_mode='int'"):
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


def test_a_checkpoint_has_the_state_of_a_generator(tmp_path: Path) -> None:
    generator = tf.random.Generator.from_seed(1)
    checkpoint = tf.train.Checkpoint(parts=[generator])
    path = checkpoint.save(tmp_path / "g")
    drawn = float(generator.normal([]))
    assert float(generator.normal([])) != drawn
    checkpoint.restore(path).assert_consumed()
    assert float(generator.normal([])) == drawn


def test_a_checkpoint_has_attributes_that_were_set_later(tmp_path: Path) -> None:
    first, second = tf.train.Checkpoint(), tf.train.Checkpoint(kept={"two": tf.Variable(0.0)})
    first.kept = {"one": tf.Variable(1.0)}
    first.kept["two"] = tf.Variable(2.0)
    second.restore(first.save(tmp_path / "ckpt"))
    assert float(second.kept["two"]) == 2
    second.kept = {"one": tf.Variable(0.0), **second.kept}
    assert float(second.kept["one"]) == 1


def test_threads_draw_from_one_generator() -> None:
    generator, drawn = tf.random.Generator.from_seed(1), list[float]()
    draw = lambda: drawn.extend(float(generator.normal([])) for _ in range(200))  # noqa: E731
    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*drawn}) == 800


@pytest.mark.parametrize("shuffles", [False, True])
def test_a_checkpoint_holds_the_place_of_an_iterator(shuffles: bool, tmp_path: Path) -> None:
    def make() -> Any:
        dataset = tf.data.Dataset.range(40)
        return iter((dataset.shuffle(20, 1, False) if shuffles else dataset).batch(3))

    iterator, fresh = make(), make()
    checkpoint = tf.train.Checkpoint(iterator=iterator)
    for _ in range(4):
        next(iterator)
    path = checkpoint.save(tmp_path / "ckpt")
    expected = [batch.numpy().tolist() for batch in iterator]
    checkpoint.restore(path).assert_consumed()
    assert [batch.numpy().tolist() for batch in iterator] == expected
    tf.train.Checkpoint(iterator=fresh).restore(path)
    assert [batch.numpy().tolist() for batch in fresh] == expected


def test_a_checkpoint_restores_an_iterator_once(tmp_path: Path) -> None:
    first: Any = tf.Module()
    late: Any = tf.Module()
    first.iterator, first.generator, first.v = (
        iter(tf.data.Dataset.range(9)),
        tf.random.Generator.from_seed(1),
        tf.Variable(1.0),
    )
    next(first.iterator)
    tf.train.Checkpoint(m=late).restore(tf.train.Checkpoint(m=first).save(tmp_path / "ckpt"))
    late.iterator, late.generator = iter(tf.data.Dataset.range(9)), tf.random.Generator.from_seed(2)
    assert [int(next(late.iterator)) for _ in range(3)] == [1, 2, 3]
    drawn = float(late.generator.normal([]))
    late.v = tf.Variable(0.0)  # the last value that waits
    assert (int(next(late.iterator)), float(late.v)) == (4, 1)
    assert drawn == float(first.generator.normal([])) != float(late.generator.normal([]))


def test_numpy_s_functions_are_differentiated() -> None:
    tnp = tf.experimental.numpy
    x, v = tnp.array([1.0, 2.0]), tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tnp.sum(tnp.exp(x) * tnp.sin(x) + tnp.mean(x) * x)
        z = tnp.sum(tnp.square(v))
    np.testing.assert_allclose(tape.gradient(y, x), [6.75604923, 6.64391738])  # as TensorFlow 2.21 gives them
    np.testing.assert_array_equal(tape.gradient(z, v), [2, 4])
    tnp.random.seed(1)
    drawn = tnp.random.rand(100), tnp.random.randn(100), tnp.random.randint(3, size=(100,))
    assert [draw.dtype for draw in drawn] == [tf.float64, tf.float64, tf.int64]
    assert {*drawn[2].numpy().tolist()} == {0, 1, 2}
    with pytest.raises(AttributeError, match="bogus"):
        tnp.bogus  # noqa: B018 - reading it is the test


def test_shapes_that_were_asked_for_are_forgotten() -> None:
    tracemalloc.start()
    for rows in range(20000):
        assert len(tf.constant(np.empty((rows, 0))).shape) == 2
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert left < 1 << 20


def test_a_seed_of_an_op_counts_where_no_other_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws.Seeds, "seed", None)
    monkeypatch.setattr(draws.Seeds, "kernels", {})
    alone = tf.random.uniform([3], seed=1)
    free = [tf.random.uniform([9]).numpy().tolist() for _ in range(2)]
    assert free[0] != free[1]
    tf.random.set_seed(87654321)  # what stands for it in TensorFlow
    np.testing.assert_array_equal(tf.random.uniform([3], seed=1), alone)


@pytest.mark.parametrize(
    "op",
    [
        tf.matmul,
        lambda w, x: tf.matmul(x, w),
        tf.multiply,
        lambda w, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=w),
        lambda w, x: x * w,
    ],
)
def test_a_gradient_uses_the_values_an_array_had_in_the_forward_pass(op: Callable[[Any, Any], Any]) -> None:
    w = tf.Variable(np.ones((2, 2), "float32"))

    def gradient(later: float) -> Any:
        x = np.full((2, 2), 3.0, "float32")
        with flavoured(), tf.GradientTape() as tape:
            y = op(w, x)
        x[:] = later  # an agent's buffer
        found: Any = tape.gradient(y, w)
        return found.numpy()

    np.testing.assert_array_equal(gradient(7.0), gradient(3.0))


def test_operators_convert_dtypes_as_numpy_s_where_that_is_asked_for() -> None:
    f, t = tf.constant([1.0, 2.0]), tf.constant([1, 2])
    with pytest.raises(tf.errors.InvalidArgumentError):
        t + f
    flavour(False)
    with flavoured():
        tf.experimental.numpy.experimental_enable_numpy_behavior(prefer_float32=True)
        for result in (t + f, t * 2.5, 2.5 * t, tf.constant(1, tf.int64) + f, t / 2):
            assert result.dtype == tf.float64
        assert (f * 2.5).dtype == (f + tf.constant([1], tf.int8)).dtype == tf.float32
        assert (t // 2).dtype == tf.int32
        assert (f == t).numpy().tolist() == [True, True]
        assert tf.experimental.numpy.array([1.0]).dtype == tf.float32
    flavour(True)
    with pytest.raises(tf.errors.InvalidArgumentError):
        t + f


class Stack(tf.keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.last, self.first = tf.keras.layers.Dense(3), tf.keras.layers.Dense(3)
        self.norms = [tf.keras.layers.BatchNormalization()]

    def call(self, x: Any) -> Any:
        return self.last(self.norms[0](self.first(x)))


class Late(tf.Module):
    w: Any = None

    def __call__(self, x: Any) -> Any:
        self.w = tf.Variable([0.0, 0.0]) if self.w is None else self.w
        return self.w * x


def test_variables_created_after_restore_are_restored_then(tmp_path: Path) -> None:
    def new() -> Any:
        return tf.train.Checkpoint(
            net=Stack(), optimizer=tf.keras.optimizers.Adam(0.1), late=Late(), steps=[tf.Variable(0)]
        )

    x, saved, found = tf.ones((4, 3)), new(), new()
    saved.late(1.0)
    saved.late.w.assign([4.0, 5.0])
    saved.net.compile(saved.optimizer, "mse")
    saved.net.fit(x, 2 * x, epochs=3, verbose=0)
    status = found.restore(saved.save(tmp_path / "ckpt"))
    with pytest.raises(AssertionError, match="net/first/kernel"):
        status.assert_consumed()
    status.assert_existing_objects_matched()
    np.testing.assert_array_equal(found.net(x), saved.net(x))
    assert found.late(1.0).numpy().tolist() == [4.0, 5.0]
    found.optimizer.build(found.net.trainable_variables)
    for ours, theirs in zip(found.optimizer.variables, saved.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    status.assert_consumed()
    found.more = tf.Variable(1.0)
    with pytest.raises(AssertionError, match="more"):
        status.assert_existing_objects_matched()


def test_a_checkpoint_waits_for_variables_as_long_as_what_it_restores_lives(tmp_path: Path) -> None:
    saved, net, x = Stack(), Stack(), tf.ones((4, 3))
    y = saved(x)
    path = tf.train.Checkpoint(parts=[saved], more=tf.Variable(1.0)).save(tmp_path / "ckpt")
    tf.train.Checkpoint(parts=[net]).restore(path).expect_partial()
    gc.collect()
    np.testing.assert_array_equal(net(x), y)
    left = weakref.ref(net)
    del net
    gc.collect()
    assert left() is None


def test_pickles_of_what_was_restored_are_without_values_that_wait(tmp_path: Path) -> None:
    keras = tf.keras
    net, optimizer = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), keras.optimizers.SGD()
    path = tf.train.Checkpoint(net=net, more=tf.Variable(tf.zeros(10000))).save(tmp_path / "ckpt")
    sizes = [len(pickle.dumps(thing)) for thing in (net, optimizer)]
    tf.train.Checkpoint(net=net, optimizer=optimizer).restore(path).expect_partial()
    assert [len(pickle.dumps(thing)) for thing in (net, optimizer)] == sizes


def test_two_checkpoints_wait_for_the_variables_of_one_model(tmp_path: Path) -> None:
    saved, net, x = Stack(), Stack(), tf.ones((4, 3))
    y = saved(x)
    for name, checkpoint in (("a", tf.train.Checkpoint(net=saved)), ("b", tf.train.Checkpoint(v=tf.Variable(1.0)))):
        path = checkpoint.save(tmp_path / name)
        tf.train.Checkpoint(net=net).restore(path)
    gc.collect()
    np.testing.assert_array_equal(net(x), y)


def test_threads_make_layers_while_values_of_checkpoints_wait(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(a=tf.Variable(1.0), b=tf.Variable(2.0)).save(tmp_path / "ckpt")
    checkpoints = [tf.train.Checkpoint(a=tf.Variable(0.0)) for _ in range(30)]
    for checkpoint in checkpoints:
        checkpoint.restore(path)

    def make(i: int) -> Any:
        if i < len(checkpoints):
            checkpoints[i].b = tf.Variable(0.0)
        return tf.keras.layers.Dense(1)(np.ones((2, 3))).shape

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert {*pool.map(make, range(300))} == {(2, 1)}
    finally:
        sys.setswitchinterval(before)
    assert {float(checkpoint.b) for checkpoint in checkpoints} == {2.0}


def test_a_stored_value_of_another_shape_is_refused_when_its_variable_is_created(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(a=tf.Variable([1.0, 2.0]), b=tf.Variable(3.0)).save(tmp_path / "ckpt")
    later, now = tf.train.Checkpoint(), tf.train.Checkpoint(a=tf.Variable([0.0, 0.0]), b=tf.Variable([0.0]))
    with pytest.raises(ValueError, match=r"shape \(\) .* shape \(1,\) and name b"):
        now.restore(path)
    assert now.a.numpy().tolist() == [0.0, 0.0]
    later.restore(path)
    with pytest.raises(ValueError, match="incompatible"):
        later.b = tf.Variable([1.0])
    later.a = tf.Variable([0.0, 0.0])
    assert later.a.numpy().tolist() == [1.0, 2.0]


def test_the_values_of_a_checkpoint_are_listed(tmp_path: Path) -> None:
    layer = tf.keras.layers.Dense(2)
    layer.build((None, 3))
    tf.train.Checkpoint(net=layer, steps=[tf.Variable(7)]).save(tmp_path / "ckpt")
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    shapes = {"net/bias": [2], "net/kernel": [3, 2], "save_counter": [], "steps/0": []}
    assert tf.train.list_variables(tmp_path) == [(name + end, shape) for name, shape in shapes.items()]
    path = tf.train.latest_checkpoint(tmp_path)
    reader = tf.train.load_checkpoint(path)
    assert reader.get_tensor(f"steps/0{end}") == 7
    np.testing.assert_array_equal(reader.get_tensor(f"net/kernel{end}"), layer.kernel)
    assert reader.get_variable_to_dtype_map()[f"steps/0{end}"] == tf.int32
    with pytest.raises(tf.errors.NotFoundError):
        reader.get_tensor("x")
    with pytest.raises(tf.errors.NotFoundError):
        tf.train.list_variables(tmp_path / "none")


def test_a_saved_model_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="does not exist"):
        tf.saved_model.load(str(tmp_path / "none"))


def test_a_saved_module_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    class Scale(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = tf.Variable(2.0)

        def __call__(self, x: Any) -> Any:
            return self.factor * x

    module, folder = Scale(), str(tmp_path / "new" / "folder")
    tf.saved_model.save(module, folder)
    module.factor.assign(5.0)
    first, second = tf.saved_model.load(folder), tf.saved_model.load(folder)
    first.factor.assign(7.0)
    assert (float(first(1.0)), float(second(1.0))) == (7.0, 2.0)
    tf.saved_model.save(module, folder)
    assert float(tf.saved_model.load(folder)(1.0)) == 5.0
    with pytest.raises(ValueError, match="needs a Keras model"):
        tf.saved_model.save({"factor": 1}, folder)


def test_a_saved_model_is_a_model_again(tmp_path: Path) -> None:
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    tf.saved_model.save(model, str(tmp_path))
    np.testing.assert_array_equal(tf.saved_model.load(str(tmp_path))(X[:, :2]), model(X[:, :2]))


@pytest.mark.parametrize("name", ["elu", "relu", "relu6", "selu", "sigmoid", "softplus", "softsign", "tanh"])
def test_functions_of_tensorflow_are_activations_in_files(name: str, tmp_path: Path) -> None:
    function = getattr(tf.nn, name)
    assert function.__name__ == name
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(3, activation=function)])
    assert model.layers[0].get_config()["activation"] == name
    model.save(tmp_path / "model.keras")
    again = tf.keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(X[:, :2]), model(X[:, :2]), rtol=1e-6)


def test_internal_addresses_of_tensorflow(installed: None) -> None:
    names = "client.device_lib eager.context framework.dtypes framework.errors framework.ops ops.resource_variable_ops"
    python = [importlib.import_module(f"tensorflow.python.{name}") for name in names.split()]
    device_lib, context, dtypes, errors, ops, variables = python
    assert isinstance(tf.Variable(1.0), variables.ResourceVariable)
    assert isinstance(tf.constant(1.0), ops.EagerTensor)
    assert context.executing_eagerly()
    assert device_lib.list_local_devices()[0].device_type == "CPU"
    assert (dtypes.float32, errors.NotFoundError) == (tf.float32, tf.errors.NotFoundError)
    with pytest.raises(AttributeError, match=r"tensorflow\.python\.framework\.ops"):
        getattr(ops, "no_such_name")  # noqa: B009 - the access is the test


@pytest.mark.parametrize("name", ["Session", "placeholder", "train.AdamOptimizer", "nn.rnn_cell"])
def test_names_of_tensorflow_1_say_so(name: str) -> None:
    with pytest.raises(AttributeError, match=f"'{name.rpartition('.')[2]}', which is TensorFlow 1"):
        attrgetter(name)(tf)


def test_operands_must_fit_the_rows_of_a_ragged_tensor() -> None:
    rows = tf.ragged.constant([[1.0, 2.0], [], [3.0]])
    for other in ([1.0, 2.0], [[1.0, 2.0]], [[1.0], [2.0]]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="row lengths"):
            rows + tf.constant(other)
    with pytest.raises(tf.errors.InvalidArgumentError, match="different lengths"):
        rows * tf.ragged.constant([[1.0], [2.0], [3.0]])
    weights = tf.Variable([[10.0], [20.0], [30.0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum((rows * weights).flat_values)
    np.testing.assert_array_equal(tape.gradient(total, weights), [[3.0], [0.0], [3.0]])
    slices = tf.data.Dataset.from_tensor_slices(tf.ragged.constant([[1, 2], [3, 4]]))  # even where they happen to fit
    assert [type(batch) for batch in slices.batch(2)] == [tf.RaggedTensor]


def test_nested_rows_are_cut_and_joined_where_some_are_empty() -> None:
    rows = tf.ragged.constant([[[1, 2], [3]], [], [[4]]])
    assert rows[:, :, :1].to_list() == [[[1], [3]], [], [[4]]]
    assert rows[:, 1:, ::-1].to_list() == [[[3]], [], []]
    assert rows[:0, :, :1].to_list() == []
    joined: Any = tf.concat([rows, rows], 2)
    assert joined.to_list() == [[[1, 2, 1, 2], [3, 3]], [], [[4, 4]]]
    pairs = tf.RaggedTensor.from_row_lengths([[1, 2], [3, 4]], [2, 0])
    assert pairs[:, 1:, 0].to_list() == [[3], []]
    joined = tf.concat([pairs, pairs], -1)
    assert joined.flat_values.numpy().tolist() == [[1, 2, 1, 2], [3, 4, 3, 4]]


def test_where_gives_the_positions_in_rows() -> None:
    rows = tf.ragged.constant([[1, 5], [], [7]])
    assert tf.where(rows > 4).numpy().tolist() == [[0, 1], [2, 0]]
    chosen: Any = tf.where(rows > 4, rows, -rows)
    assert chosen.to_list() == [[-1, 5], [], [7]]


def test_texts_are_joined_along_several_axes() -> None:
    texts = [["a", "b"], ["c", "d"]]
    assert tf.strings.reduce_join(texts, axis=[0, 1]).numpy() == b"acbd"
    assert tf.strings.reduce_join(texts, axis=[1, 0], separator=",").numpy() == b"a,b,c,d"
    assert tf.strings.reduce_join(texts, keepdims=True).numpy().tolist() == [[b"abcd"]]


def test_a_function_takes_rows_of_its_signature() -> None:
    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def sums(rows: Any) -> Any:
        return tf.reduce_sum(rows, axis=1)

    assert sums(tf.ragged.constant([[1, 2], [], [3]])).numpy().tolist() == [3, 0, 3]
    with pytest.raises(TypeError, match="Can not cast"):
        sums(tf.ragged.constant([[1.0]]))


def example(**lists: Any) -> bytes:
    kinds = {bytes: ("bytes_list", tf.train.BytesList), float: ("float_list", tf.train.FloatList)}
    kinds[int] = "int64_list", tf.train.Int64List
    chosen = {name: (*kinds[type(values[0])], values) for name, values in lists.items()}
    feature = {name: tf.train.Feature(**{field: make(value=values)}) for name, (field, make, values) in chosen.items()}
    text: bytes = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
    return text


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_records_are_written_and_read(compression: Any, tmp_path: Path) -> None:
    path, image = str(tmp_path / "a.tfrecord"), np.arange(3000, dtype="uint8").reshape(50, 20, 3)
    with tf.io.TFRecordWriter(path, compression) as file:
        for i in range(3):
            file.write(
                example(image=[(image + i).tobytes()], label=[i], scores=[0.5, i / 4], words=[b"a"] * i or [b""])
            )
    kinds = {
        "image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64),
        "scores": tf.io.FixedLenFeature([2], tf.float32), "words": tf.io.VarLenFeature(tf.string),
    }  # fmt: skip

    def parse(text: Any) -> Any:
        parts = tf.io.parse_single_example(text, kinds)
        return tf.reshape(tf.io.decode_raw(parts["image"], tf.uint8), (50, 20, 3)), parts["label"], parts["words"]

    ds = tf.data.TFRecordDataset([path], compression).map(parse).batch(2)
    (images, labels, words), (last, *_) = ds
    np.testing.assert_array_equal(images[1], image + 1)
    np.testing.assert_array_equal(last[0], image + 2)
    assert labels.numpy().tolist() == [0, 1]
    assert tf.sparse.to_dense(words).numpy().tolist() == [[b""], [b"a"]]
    assert len(list(tf.compat.v1.io.tf_record_iterator(path, compression))) == 3
    tf.data.experimental.TFRecordWriter(path).write(tf.data.Dataset.from_tensor_slices(["x", "y"]))
    assert list(tf.data.TFRecordDataset(path).as_numpy_iterator()) == [b"x", b"y"]


def test_the_bytes_of_records_are_tensorflow_s(tmp_path: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "a")) as file:
        for text in (b"", b"hello", bytes(range(256)) * 5):
            file.write(text)
    written = (tmp_path / "a").read_bytes()
    assert written[:16] == bytes(8) + b"\x29\x03\x98\x07" + b"\xd8\xea\x82\xa2"
    assert written[16:37] == b"\x05" + bytes(7) + b"\xea\xb2\x04>hello\xbb\x1f\x1c\x19"
    assert written[-4:].hex() == "4432b3fb"
    for at in (1, 9, 20, 60, len(written) - 1):
        damaged = bytearray(written)
        damaged[at] ^= 1
        (tmp_path / "b").write_bytes(damaged)
        with pytest.raises(tf.errors.DataLossError, match="corrupted record"):
            list(tf.data.TFRecordDataset(tmp_path / "b"))
    for text in (written[:-1], written[:5]):
        (tmp_path / "b").write_bytes(text)
        with pytest.raises(tf.errors.DataLossError, match="truncated record"):
            list(tf.data.TFRecordDataset(tmp_path / "b"))
    with pytest.raises(tf.errors.NotFoundError):
        list(tf.data.TFRecordDataset(tmp_path / "none"))
    with pytest.raises(ValueError, match="GZIP"):
        list(tf.data.TFRecordDataset(tmp_path / "a", "LZ4"))
    with pytest.raises(TypeError, match="bytes"), tf.io.TFRecordWriter(tmp_path / "c") as file:
        file.write("text")  # type: ignore[arg-type]


def test_examples_that_do_not_fit() -> None:
    text = example(a=[1, 2])
    for kinds, match in (
        ({"b": tf.io.FixedLenFeature([], tf.int64)}, "required"),
        ({"a": tf.io.FixedLenFeature([], tf.int64)}, "does not fit shape"),
        ({"a": tf.io.VarLenFeature(tf.float32)}, "Data types don't match"),
    ):
        for parse, given in ((tf.io.parse_single_example, text), (tf.io.parse_example, [text])):
            with pytest.raises(tf.errors.InvalidArgumentError, match=match):
                parse(given, kinds)
    rng = np.random.default_rng(0)
    for _ in range(200):  # damaged bytes are refused, or are an example
        damaged = bytearray(text)
        damaged[rng.integers(len(text))] ^= int(rng.integers(1, 256))
        with contextlib.suppress(tf.errors.InvalidArgumentError):
            tf.io.parse_example([bytes(damaged)], {"a": tf.io.VarLenFeature(tf.int64)})


def test_records_without_their_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(records, "_messages", records._messages.__wrapped__)  # which forgets
    monkeypatch.setitem(sys.modules, "google.protobuf.message_factory", None)
    with pytest.raises(ImportError, match=r"`tf.train.Example` needs google .*\[records\]"):
        tf.io.parse_single_example(b"", {})
    monkeypatch.setitem(sys.modules, "google_crc32c", None)
    with tf.io.TFRecordWriter(tmp_path / "a") as file, pytest.raises(ImportError, match=r"TFRecord file .*\[records\]"):
        file.write(b"x")


def test_compressed_tables(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(gzip.compress(b"a,b,c\n1,x,0\n2,y,1\n3,z,0\n"))
    ds = tf.data.experimental.make_csv_dataset(
        str(tmp_path / "t.csv"), 2, label_name="c", num_epochs=1, shuffle=False, compression_type="GZIP"
    )
    (first, label), _ = ds
    assert {key: value.numpy().tolist() for key, value in first.items()} == {"a": [1, 2], "b": [b"x", b"y"]}
    assert label.numpy().tolist() == [0, 1]
    rows = tf.data.experimental.CsvDataset(str(tmp_path / "t.csv"), [0, "", 0], "GZIP", header=True)
    assert [int(row[0]) for row in rows] == [1, 2, 3]
    assert len(list(tf.data.TextLineDataset(str(tmp_path / "t.csv"), "GZIP"))) == 4


def test_each_table_has_a_header_and_rows_come_before_a_malformed_one(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "ab"]
    for path in paths:
        Path(path).write_text("n,text\n" + "".join(f"{i},{path[-1]}\n" for i in range(300)))
    ds = tf.data.experimental.CsvDataset(paths, [tf.int32, ""], header=True)
    assert repr(ds.element_spec) == repr((tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.string)))
    rows = [(int(n), text.numpy()) for n, text in ds]
    assert rows == [(i, text) for text in (b"a", b"b") for i in range(300)]
    Path(paths[0]).write_text("1,x\nbad,y\n3,z\n")
    passes = iter(tf.data.experimental.CsvDataset(paths[:1], [0, ""]))
    assert int(next(passes)[0]) == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="not a valid int32: bad"):
        next(passes)
    assert int(next(passes)[0]) == 3
    passes = iter(tf.data.experimental.CsvDataset([paths[1], str(tmp_path / "absent")], [0, ""], header=True))
    assert [int(next(passes)[0]) for _ in range(300)] == list(range(300))
    with pytest.raises(tf.errors.NotFoundError):
        next(passes)


def test_python_that_runs_for_each_element_sees_what_names_mean_then() -> None:
    factor, seen = 1, 0

    def note(x: Any) -> Any:
        nonlocal seen
        seen += 1
        return x.numpy() * factor

    ds = tf.data.Dataset.range(3).map(lambda x: tf.py_function(lambda x: note(x), [x], tf.int64))
    traced = tf.data.Dataset.range(3).map(lambda x: x * factor)
    inside = tf.data.Dataset.range(3).map(lambda x: tf.numpy_function(lambda x: x * factor, [x], tf.int64))
    assert [int(x) for x in ds] == [0, 1, 2]
    factor = 10
    assert [int(x) for x in ds] == [int(x) for x in inside] == [0, 10, 20]
    assert [int(x) for x in traced] == [0, 1, 2]
    assert seen == 6


def test_tables_are_shuffled_as_in_tensorflow(tmp_path: Path) -> None:
    def passes(files: Any, count: int, **options: Any) -> list[list[int]]:
        ds = tf.data.experimental.make_csv_dataset(files, 9, num_epochs=1, **options)
        return [[int(n) for row in ds for n in row["a"]] for _ in range(count)]

    for k in range(3):
        (tmp_path / f"{k}.csv").write_text("a\n" + "\n".join(str(10 * k + i) for i in range(3)))
    tf.keras.utils.set_random_seed(1)
    assert passes(tmp_path / "1.csv", 2) == [[10, 11, 12], [12, 10, 11]]
    several = [[0, 1, 20, 21, 22, 2, 10, 12, 11], [1, 2, 0, 20, 21, 22, 11, 12, 10]]
    assert passes(str(tmp_path / "*.csv"), 2, shuffle_buffer_size=2) == several
    assert passes([str(tmp_path / f"{k}.csv") for k in range(2)], 1, shuffle_seed=5) == [[0, 11, 10, 2, 12, 1]]


@pytest.mark.parametrize(
    ("reads", "order"),
    [
        (None, "00 01 02 10 20 21 22 23 40 41"),
        (1, "00 01 02 10 20 21 22 23 40 41"),
        (2, "00 10 01 02 20 21 22 40 23 41"),
        (3, "00 10 20 01 21 02 22 40 23 41"),
        (8, "00 10 20 40 01 21 41 02 22 23"),
        (tf.data.AUTOTUNE, "00 01 02 10 20 21 22 23 40 41"),
    ],
)
def test_files_that_are_read_in_parallel_take_turns(reads: int | None, order: str, tmp_path: Path) -> None:
    records, texts = ([str(tmp_path / f"{i}.{end}") for i in range(5)] for end in ("tfrecord", "txt"))
    for i, n in enumerate((3, 1, 4, 0, 2)):
        lines = [f"{i}{j}" for j in range(n)]
        with tf.io.TFRecordWriter(records[i]) as file:
            for line in lines:
                file.write(line.encode())
        Path(texts[i]).write_text("".join(f"{line}\n" for line in lines))
    for dataset in (
        tf.data.TFRecordDataset(records, num_parallel_reads=reads),
        tf.data.TextLineDataset(texts, None, None, reads),
    ):
        assert [text.decode() for text in dataset.as_numpy_iterator()] == order.split()


def test_maxima_are_taken_of_neighbouring_channels() -> None:
    x = np.random.default_rng(0).random((2, 4, 5, 6), "float32")
    window = (1, 1, 1, 3)
    found = tf.nn.max_pool(x, ksize=window, strides=window, padding="VALID")
    np.testing.assert_array_equal(found, x.reshape(2, 4, 5, 2, 3).max(-1))
    assert tf.nn.max_pool(x, (1, 1, 1, 3), (1, 1, 1, 3), "VALID", "NCHW").shape == (2, 4, 5, 2)
    for size, step in (((1, 1, 1, 2), (1, 1, 1, 1)), ((2, 1, 1, 1), (2, 1, 1, 1)), ((1, 2, 2, 1), (1, 1, 1, 2))):
        with pytest.raises(NotImplementedError, match="must be 1"):
            tf.nn.max_pool2d(x, size, step, "VALID")
    with pytest.raises(NotImplementedError, match="must be 1"):
        tf.nn.avg_pool(x, window, window, "VALID")
    with pytest.raises(NotImplementedError, match="must be 1"):
        tf.nn.conv2d(x, np.ones((2, 2, 6, 1), "float32"), [1, 1, 1, 2], "VALID")


def test_filters_of_numpy_take_the_dtype_of_the_images() -> None:
    images, filters = tf.ones((1, 4, 4, 3)), np.ones((2, 2, 3, 2))
    found = tf.nn.conv2d(images, filters, strides=1, padding="VALID")
    assert found.dtype == tf.float32
    np.testing.assert_array_equal(found, np.full((1, 3, 3, 2), 12))
    assert tf.nn.conv2d(np.ones((1, 4, 4, 3)), filters, 1, "VALID").dtype == tf.float64
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected to be a float tensor but is a double tensor"):
        tf.nn.conv2d(images, tf.constant(filters), 1, "VALID")


def test_a_list_of_images_is_a_batch() -> None:
    images = [*np.random.default_rng(0).random((2, 8, 6, 3), "float32")]
    for layer in (tf.keras.layers.CenterCrop(4, 4), tf.keras.layers.Resizing(5, 3)):
        np.testing.assert_array_equal(layer(images), layer(np.stack(images)))
        np.testing.assert_array_equal(layer([tf.constant(image) for image in images]), layer(np.stack(images)))


def test_lines_of_texts_end_as_in_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes(b"a\r\nb\rc\n\n\r\nlast")
    lines = [*tf.data.TextLineDataset(tmp_path / "t.txt").as_numpy_iterator()]
    assert lines == [b"a", b"bc", b"", b"", b"last"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("4.5,2", "Field 0 in record 0 is not a valid int32: 4.5"),
        ("x,2", "Field 0 in record 0 is not a valid int32: x"),
        ("1", "Expect 2 fields but have 1 in record 0"),
        ("1,2,3", "Expect 2 fields but have 3 in record 0"),
    ],
)
def test_malformed_csv_lines_are_refused(line: str, message: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        tf.io.decode_csv([line], [0, 0])


@pytest.mark.parametrize("name", ["decode_png", "decode_jpeg", "decode_image"])
@pytest.mark.parametrize("contents", [b"", b"no image"])
def test_bytes_that_are_no_image_are_refused(name: str, contents: bytes) -> None:
    pytest.importorskip("PIL")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        getattr(tf.io, name)(contents)


def test_unsupported_arguments_are_refused() -> None:
    with pytest.raises(NotImplementedError, match=r"tf\.ragged\.constant takes no `inner_shape`"):
        tf.ragged.constant([[[1, 2]], [[3, 4], [5, 6]]], inner_shape=(2,))
    with pytest.raises(NotImplementedError, match=r"tf\.image\.resize\. Received: ratio=2"):
        tf.io.decode_jpeg(b"", ratio=2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Fill must be one of"):
        tf.strings.as_string([3], width=5, fill="x")
    with pytest.raises(tf.errors.InvalidArgumentError, match="no valid int32"):
        tf.io.decode_csv(["9007199254740993"], [0])


def test_texts_that_end_with_zeros_and_nested_elements_go_through_batches() -> None:
    texts = tf.data.Dataset.from_tensor_slices([[b"a\0", b"b"]]).unbatch()
    assert list(texts.as_numpy_iterator()) == [b"a\0", b"b"]
    rows = tf.data.Dataset.range(1, 3).map(lambda n: {"x": (tf.fill([n], n), n)})
    (batch,) = rows.padded_batch(2).as_numpy_iterator()
    assert batch["x"][0].tolist() == [[1, 0], [2, 2]]
    assert batch["x"][1].tolist() == [1, 2]


def test_single_texts_in_padded_batches_are_texts() -> None:
    texts = tf.data.Dataset.from_tensor_slices(([b"a", b"b"], [1, 2]))
    ((batch, _),) = texts.padded_batch(2).as_numpy_iterator()
    assert batch.tolist() == [b"a", b"b"]
    assert tf.strings.length(batch).numpy().tolist() == [1, 1]
    assert tf.data.Dataset.range(3).filter(lambda n: n < 2).repeat(0).cardinality() == 0


def test_fit_takes_repeated_shuffles_in_the_order_of_tensorflow() -> None:
    x = np.arange(1, 8, dtype="float32")[:, None] / 4
    tf.random.set_seed(7)
    rows = tf.data.Dataset.from_tensor_slices((x, np.sin(x * 3))).shuffle(7, seed=1).repeat(2).batch(2)
    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    model.set_weights([np.array([[0.5]]), np.array([0.0])])
    model.compile(tf.keras.optimizers.SGD(0.3), "mse")
    losses = model.fit(rows, epochs=3, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, [1.249, 0.261, 0.336], atol=6e-4)  # of TensorFlow 2.21


def test_scalars_cannot_be_rebatched() -> None:
    with pytest.raises(ValueError, match="same number of rows"):
        list(tf.data.Dataset.range(7).rebatch(2))


def test_batches_are_not_split(installed: None) -> None:
    utils = importlib.import_module("tensorflow.keras.utils")
    for batches in (tf.data.Dataset.range(6).batch(2), tf.data.Dataset.range(6).batch(2).prefetch(1)):
        with pytest.raises(ValueError, match="call it before `batch`"):
            utils.split_dataset(batches, left_size=2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: tf.split(tf.ones((2, 3)), [1, 1], 1),
        lambda: tf.tile(tf.ones((2, 2)), [2]),
        lambda: tf.pad(tf.ones((2, 2)), [[1, 1]]),
        lambda: tf.math.bincount([-1, 1]),
        lambda: tf.math.confusion_matrix([0, -1], [0, 1]),
    ],
)
def test_arguments_that_do_not_fit_are_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Received|add up"):
        wrong()


def test_keywords_of_unary_functions() -> None:
    assert float(tf.sqrt(x=4.0)) == 2.0
    with pytest.raises(TypeError, match="unexpected keyword argument: foo"):
        tf.sqrt(tf.constant(4.0), foo=2.0)
    with pytest.raises(ValueError, match="float32"):
        tf.Variable([1.0, 2.0]).assign(tf.constant([1, 2]))


def test_elements_of_a_generator_are_checked_against_the_given_shape() -> None:
    told = tf.TensorSpec((2,), tf.int32)
    ds = tf.data.Dataset.from_generator(lambda: iter([[1, 2], [1, 2, 3]]), output_signature=told)
    assert [x.numpy().tolist() for x in ds.take(1)] == [[1, 2]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with expected shape"):
        list(ds)


@pytest.mark.parametrize(
    ("element", "dtype", "told"),
    [(1.9, "int32", 1), (tf.constant(1.9), "int64", 1), (tf.constant(3), "float32", 3.0), (0.1, "float64", 0.1)],
)
def test_numbers_of_a_generator_become_the_given_dtype(element: Any, dtype: str, told: float) -> None:
    ds = tf.data.Dataset.from_generator(lambda: iter([element]), output_signature=tf.TensorSpec((), dtype))
    (value,) = ds.as_numpy_iterator()
    assert (value, value.dtype) == (told, dtype)


@pytest.mark.parametrize(("cached", "passes"), [(False, 6), (True, 1)])  # as many as in TensorFlow
def test_fit_draws_one_order_for_a_cached_shuffle(cached: bool, passes: int) -> None:
    def heads(ds: Any) -> list[int]:
        return [int(batch[0]) for batch in ds]

    def make() -> Any:
        tf.keras.utils.set_random_seed(7)
        return tf.data.Dataset.range(64).shuffle(64).batch(8)

    ds = make()
    orders = [heads(ds) for _ in range(8)]
    assert orders[0][:2] == [44, 55]
    ds = make()
    pairs = ds.map(lambda x: (tf.cast(x[:, None], "float32") / 64, x))
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(pairs.cache() if cached else pairs, epochs=3, verbose=0)
    assert heads(ds) == orders[passes]


OFFSET = 1


def test_the_functions_of_a_pipeline_keep_what_their_names_mean() -> None:
    global OFFSET
    numbers, sets = tf.data.Dataset.range(4), []
    OFFSET, variable = 1, tf.Variable(0, dtype=tf.int64)
    for i in (1, 2):
        shifted = numbers.map(lambda x, k=i, *, up=10: x + k + i + up + OFFSET)  # noqa: B023
        sets.append(shifted.filter(lambda x: x != 12 + 2 * i).flat_map(lambda x: numbers.take(i).map(lambda y: x + y)))  # noqa: B023
    OFFSET = 100
    assert [[int(x) for x in ds] for ds in sets] == [[13, 15, 16], [15, 16, 17, 18, 18, 19]]
    moved = numbers.map(lambda x: x + variable)
    variable.assign(5)
    assert [int(x) for x in moved] == [5, 6, 7, 8]

    def later(x: Any) -> Any:
        return helper(x)

    early = numbers.map(later)
    helper: Callable[[Any], Any] = lambda x: x * 2  # noqa: E731 - later than TensorFlow would need it
    assert [int(x) for x in early] == [0, 2, 4, 6]


def test_folders_and_series_draw_one_seed_for_both_orders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(20):
            (tmp_path / name / f"{i}.txt").write_text(f"{name}{i}")

    def texts(seed: int | None) -> Any:
        return tf.keras.utils.text_dataset_from_directory(tmp_path, batch_size=4, seed=seed, verbose=False)

    def windows(seed: int | None) -> Any:
        return tf.keras.utils.timeseries_dataset_from_array(
            np.arange(40), np.arange(40), 2, batch_size=4, shuffle=True, seed=seed
        )

    for make in (texts, windows):
        tf.keras.utils.set_random_seed(7)
        without = [x.numpy().tolist() for x, _ in make(None)]
        tf.keras.utils.set_random_seed(7)
        assert without == [x.numpy().tolist() for x, _ in make(585903)]  # what NumPy's stream draws then


def test_one_group_of_random_words_is_the_first_of_several() -> None:
    for low, high in ((0, 0), (2**64 - 1, 5), (2**63, 2**64 - 1)):
        for step in (1, 256):
            assert philox.words(2**64 - 3, low, high, 1, step)[0].tolist() == [
                *philox.words(2**64 - 3, low, high, 2, step)[0].tolist()
            ]


def test_parsed_features_come_in_the_order_of_their_names() -> None:
    kinds = {name: tf.io.FixedLenFeature([], tf.int64, 0) for name in "cab"}
    assert [*tf.io.parse_single_example(b"", kinds)] == [*tf.io.parse_example([b""], kinds)] == ["a", "b", "c"]


def test_the_specification_uses_up_no_seed_of_a_shuffle(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("1\n2\n3\n4\n", "utf8")
    lines = tf.data.TextLineDataset(str(file)).shuffle(3, seed=4)
    datasets: dict[str, Callable[[], Any]] = {
        "windows": lambda: tf.data.Dataset.range(6).shuffle(6, seed=2).window(2).flat_map(lambda w: w.batch(2)),
        "lines": lambda: lines.map(lambda line: tf.io.decode_csv(line, [0.0])).batch(2),
        "groups": lambda: lines.map(tf.strings.to_number).group_by_window(lambda x: 0, lambda k, ds: ds.batch(2), 2),
    }
    for name, make in datasets.items():
        orders = []
        for is_asked in (False, True):
            tf.random.set_seed(1)
            lines = tf.data.TextLineDataset(str(file)).shuffle(3, seed=4)
            ds = make()
            if is_asked:
                repr(ds)
            orders.append([[np.ravel(x).tolist() for x in ds.as_numpy_iterator()] for _ in range(3)])
        assert orders[0] == orders[1], name


def test_the_specification_of_a_dataset_without_elements() -> None:
    none, texts = tf.data.Dataset.range(0), tf.data.Dataset.from_tensor_slices(["a"]).take(0)
    specs = {
        "map": texts.map(lambda x: x + "!").element_spec,
        "flat_map": none.batch(2).flat_map(lambda x: tf.data.Dataset.from_tensors(x)).element_spec,
        "interleave": none.interleave(lambda x: tf.data.Dataset.from_tensors(x)).element_spec,
        "window": none.window(3).flat_map(lambda w: w.batch(3, drop_remainder=True)).element_spec,
        "group": none.group_by_window(lambda x: x % 2, lambda key, ds: ds.batch(2), 2).element_spec,
    }
    open_size, scalar = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.int64)
    assert specs == {
        "map": tf.TensorSpec((), tf.string), "flat_map": open_size, "interleave": scalar,
        "window": tf.TensorSpec((3,), tf.int64), "group": open_size}  # fmt: skip


def test_joined_datasets_have_the_specification_that_all_share() -> None:
    two, three = (tf.data.Dataset.range(6).batch(n, drop_remainder=True) for n in (2, 3))
    for both in (two.concatenate(three), tf.data.Dataset.sample_from_datasets([two, three])):
        assert both.element_spec == tf.TensorSpec((None,), tf.int64)
    assert two.concatenate(tf.data.Dataset.range(2)).element_spec.shape.rank is None
    numbers = tf.data.Dataset.range(2)
    for other in (numbers.map(lambda x: tf.cast(x, tf.int32)), numbers.map(lambda x: {"a": x}), numbers.enumerate()):
        with pytest.raises(TypeError, match="Incompatible dataset elements"):
            numbers.concatenate(other)
        with pytest.raises(TypeError, match="Incompatible dataset elements"):
            tf.data.Dataset.choose_from_datasets([numbers, other], numbers)


def test_rows_of_elements_need_one_number_of_rows() -> None:
    numbers = tf.data.Dataset.range(6)
    for other in (numbers, numbers.batch(3)):
        with pytest.raises(ValueError, match="same number of rows"):
            list(tf.data.Dataset.zip(other, numbers.batch(2)).unbatch())
    for other in (numbers.map(lambda x: x / 2), numbers.enumerate()):
        with pytest.raises(TypeError, match="int32, int64 or string"):
            other.unique()


def test_a_dataset_may_be_made_before_a_function_can_tell_what_it_gives(tmp_path: Path) -> None:
    path, table = tmp_path / "x.txt", tf.data.Dataset.from_tensor_slices(np.zeros((1, 2), "float32"))

    def read(name: Any) -> Any:
        return tf.py_function(lambda name: np.loadtxt(name.numpy().decode(), ndmin=1), [name], tf.float32)

    files = tf.data.Dataset.from_tensors(str(path)).map(read)
    none = tf.data.Dataset.from_tensors(str(path)).filter(lambda name: False).map(read)
    joined, rows, batches = files.concatenate(table), files.unbatch(), files.ragged_batch(2)
    path.write_text("1 2", "utf8")
    assert [x.numpy().tolist() for x in joined] == [[1, 2], [0, 0]]
    assert [float(x) for x in rows] == [1, 2]
    assert len(list(batches)) == 1
    assert len(list(none.concatenate(table))) == len(list(tf.data.Dataset.sample_from_datasets([none, table]))) == 1
    assert not list(none.unbatch())


def test_ragged_batches_of_several_open_axes() -> None:
    told = tf.TensorSpec((None, None), tf.float32)
    sizes = [(1, 1), (2, 3), (0, 2)]
    ds = tf.data.Dataset.from_generator(lambda: map(np.ones, sizes), output_signature=told).ragged_batch(2)
    assert repr(ds.element_spec) == "RaggedTensorSpec(TensorShape([None, None, None]), tf.float32, 2, tf.int64)"
    assert [x.to_list() for x in ds] == [[[[1.0]], [[1.0] * 3] * 2], [[]]]
    rows = tf.data.Dataset.from_tensors(tf.ragged.constant([[1], [2, 3]]))
    assert [[row.tolist() for row in x] for x in rows.as_numpy_iterator()] == [[[1], [2, 3]]]


def test_groups_of_endless_elements_are_endless() -> None:
    groups = tf.data.Dataset.range(3).repeat().group_by_window(lambda x: x % 2, lambda key, ds: ds.batch(2), 2)
    assert int(groups.cardinality()) == tf.data.INFINITE_CARDINALITY
    assert [x.tolist() for x in groups.take(2).as_numpy_iterator()] == [[0, 2], [1, 1]]


@pytest.mark.parametrize(
    ("function", "x", "gradient"),
    [
        (lambda x: tf.maximum(x, 0.0), [0.0, 1.0, -1.0], [1, 1, 0]),
        (lambda x: tf.maximum(0.0, x), [0.0, 1.0, -1.0], [0, 1, 0]),
        (lambda x: tf.minimum(x, 2.0), [2.0, 3.0], [1, 0]),
        (lambda x: tf.clip_by_value(x, 0.0, 1.0), [0.0, 1.0, 2.0], [1, 1, 0]),
        (tf.abs, [0.0, -2.0], [0, -1]),
        (abs, [0.0, -2.0], [0, -1]),
        (tf.sign, [0.0, -2.0], [0, 0]),
        (lambda x: tf.nn.leaky_relu(x, 0.25), [0.0, -2.0, 1.0], [0.25, 0.25, 1]),
        (tf.keras.ops.abs, [0.0, -2.0], [0, -1]),
        (lambda x: tf.keras.ops.maximum(0.0, x), [0.0, 1.0, -1.0], [0, 1, 0]),
        (lambda x: tf.keras.ops.minimum(x, 2.0), [2.0, 3.0], [1, 0]),
        (lambda x: tf.keras.ops.clip(x, 0.0, 1.0), [0.0, 1.0, 2.0, -1.0], [1, 1, 0, 0]),
        (lambda x: tf.keras.activations.leaky_relu(x, 0.5), [0.0, 1.0], [0.5, 1]),
        (lambda x: tf.keras.activations.selu(x) / 1.0507009873554805, [0.0, 1.0], [1, 1]),
        (lambda x: tf.keras.losses.MeanAbsoluteError()([[0.0], [1.0]], x), [[0.0], [0.0]], [[0], [-0.5]]),
        (lambda x: tf.keras.losses.Hinge()([[1.0], [1.0]], x), [[1.0], [0.0]], [[-0.5], [-0.5]]),
        (tf.keras.regularizers.L1(0.5), [0.0, 1.0, -1.0], [0, 0.5, -0.5]),
        (lambda x: tf.nn.sigmoid_cross_entropy_with_logits([1.0, 0.0], x), [0.0, 0.0], [-0.5, 0.5]),
    ],
)
def test_gradients_at_ties_and_at_0_are_tensorflow_s(function: Any, x: Any, gradient: Any) -> None:
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert tape.gradient(y, x).numpy().tolist() == gradient


def test_the_small_cross_entropy_of_a_sure_and_right_logit_is_precise() -> None:
    found = tf.nn.sigmoid_cross_entropy_with_logits([1.0, 0.0], [15.0, -15.0])
    np.testing.assert_allclose(found, [3.059022e-07] * 2, rtol=1e-6)


def test_paths_that_a_leading_wildcard_finds_begin_with_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a/u.csv", "t.csv"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("1")
    for pattern, expected in (
        ("*.csv", ["./t.csv"]),
        ("a/*", ["a/u.csv"]),
        ("[a-c]/u.csv", ["./a/u.csv"]),
        (["*.csv", "a/*"], ["./t.csv", "a/u.csv"]),
        ("t.csv", ["t.csv"]),
    ):
        assert tf.io.gfile.glob(pattern) == expected
        names = tf.data.Dataset.list_files(pattern, shuffle=False).as_numpy_iterator()
        assert [name.decode() for name in names] == expected
    assert tf.io.gfile.glob(tmp_path / "*.csv") == [str(tmp_path / "t.csv")]


@pytest.mark.parametrize(("text", "dtype"), [("x", "float32"), ("2.5", "int32"), ("1_0", "float32"), ("", "int64")])
def test_what_is_no_number_of_a_dtype_is_refused(text: str, dtype: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"number of {dtype}. Received: b'{text}'"):
        tf.strings.to_number(["1", text], dtype)


def test_cross_entropies_take_the_logits_of_a_sigmoid_at_both_addresses() -> None:
    flavour(False)
    nn = ops.nn  # as whoever used it before TensorFlow's stand-in was installed
    for on, expected in ((True, 200.0), (False, 16.1)):
        flavour(on)
        p = ops.sigmoid(ops.convert_to_tensor([200.0]))
        for module in (ops, nn):
            assert float(module.binary_crossentropy([0.0], p)[0]) == pytest.approx(expected, rel=0.02)


def test_a_tensor_in_place_of_a_list_to_concatenate_is_one_tensor() -> None:
    assert tf.concat(tf.constant([[1, 2], [3, 4]]), 0).numpy().tolist() == [[1, 2], [3, 4]]


def test_a_list_as_an_index_has_a_place_for_each_axis() -> None:
    for x in (tf.constant([[1, 2], [3, 4]]), tf.Variable([[1, 2], [3, 4]])):
        assert int(x[[0, 1]]) == 2


def test_splits_must_rise_to_the_number_of_values() -> None:
    for splits in ([0, 2], [1, 3], [0, 2, 1, 3]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="must rise from 0 to 3"):
            tf.RaggedTensor.from_row_splits([1, 2, 3], splits)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must rise from 0 to 3"):
        tf.RaggedTensor.from_row_lengths([1, 2, 3], [2, 2])


def test_texts_in_rows_are_joined_and_split() -> None:
    rows = tf.ragged.constant([["a", "b"], ["c d"]])
    assert tf.strings.reduce_join(rows, axis=0, separator="+").numpy().tolist() == [b"a+c d", b"b"]
    assert tf.strings.split(rows).to_list() == [[[b"a"], [b"b"]], [[b"c", b"d"]]]


def test_a_colored_png_is_gray_as_libpng_makes_it() -> None:
    image = np.array([[[200, 30, 77], [3, 250, 9]]], "uint8")
    assert tf.io.decode_png(tf.io.encode_png(image), channels=1).numpy().ravel().tolist() == [86, 148]


def test_sampled_datasets_are_tensorflow_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws.Seeds, "seed", 1)
    parts = [tf.data.Dataset.range(100).repeat(), tf.data.Dataset.range(1000, 1003).repeat()]
    sampled = tf.data.Dataset.sample_from_datasets(parts, weights=[0.3, 0.7], seed=1)
    assert int(sampled.cardinality()) == tf.data.INFINITE_CARDINALITY
    assert [int(x) for x in sampled.take(8)] == [0, 1000, 1001, 1002, 1000, 1, 2, 1001]


def test_a_checkpoint_manager_saves_at_intervals_and_under_given_numbers(tmp_path: Path) -> None:
    step = tf.Variable(0)
    checkpoint = tf.train.Checkpoint(step=step)
    manager = tf.train.CheckpointManager(
        checkpoint, tmp_path, 2, None, "model", step_counter=step, checkpoint_interval=2
    )
    paths = []
    for _ in range(3):
        step.assign_add(1)
        paths.append(manager.save())
    assert [path and Path(path).name for path in paths] == ["model-1", None, "model-2"]
    with pytest.raises(ValueError, match="step_counter"):
        tf.train.CheckpointManager(checkpoint, tmp_path, 2, checkpoint_interval=2)
    numbered = tf.train.CheckpointManager(checkpoint, tmp_path, None)
    assert str(numbered.save(checkpoint_number=7)).endswith("ckpt-7")
    assert int(checkpoint.save_counter) == 3


def test_a_stored_value_of_another_dtype_is_refused(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(v=tf.Variable(1.5)).save(tmp_path / "c")
    with pytest.raises(tf.errors.InvalidArgumentError, match="incompatible"):
        tf.train.Checkpoint(v=tf.Variable(0)).restore(path)


def test_a_ragged_tensor_is_a_tensor_and_takes_arrays_of_whole_numbers_as_int32() -> None:
    rows = tf.ragged.constant([np.array([1, 2]), np.array([3])])
    assert tf.is_tensor(rows)
    assert rows.dtype == tf.int32


def test_a_dataset_goes_on_after_a_batch_with_an_error() -> None:
    dataset = DATA.from_tensor_slices([1.0, np.nan, 2.0, 4.0, 5.0])
    batches = iter(dataset.map(lambda x: tf.debugging.check_numerics(x, "here")).batch(2).map(lambda x: x * 2))
    with pytest.raises(INVALID):
        next(batches)
    assert [batch.numpy().tolist() for batch in batches] == [[4, 8], [10]]


def test_threads_may_pass_over_one_shuffled_dataset(four_threads: ThreadPoolExecutor) -> None:
    rows = tf.data.Dataset.range(2).shuffle(2, seed=1)
    assert all(sorted(row) == [0, 1] for row in four_threads.map(lambda _: [int(x) for x in rows], range(1500)))


def test_a_seeded_shuffle_draws_its_own_orders_though_another_thread_predicts(four_threads: ThreadPoolExecutor) -> None:
    inside, begun, read = threading.Event(), threading.Event(), threading.Event()

    def passes(first: Any) -> list[Any]:
        rows = tf.data.Dataset.range(1).map(first).concatenate(tf.data.Dataset.range(20).shuffle(20, seed=1)).batch(21)
        return [x.numpy().tolist() for _ in range(3) for x in rows]

    def meet(x: Any) -> Any:
        begun.set()  # the pass of this thread: now that of the other one goes on to its element, and stays there
        inside.wait(20)
        return x

    def stay(x: Any) -> Any:
        begun.wait(20)
        inside.set()
        read.wait(20)
        return x

    alone = passes(lambda x: x)
    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    batches = tf.data.Dataset.from_tensors(np.ones((1, 1), "float32"))
    predicting = four_threads.submit(
        model.predict, batches.map(lambda x: tf.py_function(stay, [x], tf.float32)), verbose=0
    )
    try:
        assert passes(lambda x: tf.py_function(meet, [x], tf.int64)) == alone
    finally:
        read.set()
    predicting.result()


def test_each_thread_has_its_own_default_summary_writer(tmp_path: Path, four_threads: ThreadPoolExecutor) -> None:
    pytest.importorskip("tensorboard")
    together = threading.Barrier(2, timeout=300)

    def write(name: str) -> None:
        writer = tf.summary.create_file_writer(str(tmp_path / name))
        with contextlib.closing(writer), writer.as_default(step=1):
            together.wait()
            tf.summary.scalar(name, 1.0)
            together.wait()

    assert list(four_threads.map(write, ["loss", "rate"])) == [None, None]
    for name, other in (("loss", "rate"), ("rate", "loss")):
        (path,) = (tmp_path / name).iterdir()
        assert name.encode() in path.read_bytes()
        assert other.encode() not in path.read_bytes()
    assert not tf.summary.scalar("later", 1.0, step=1)


@pytest.mark.parametrize("source", [np.ones(2), "v", [1.0], None])
def test_a_tape_has_gradients_for_tensors_alone(source: Any) -> None:
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v * v)
    with pytest.raises(TypeError, match="`sources` must hold tensors"):
        tape.gradient(y, [v, source])
    np.testing.assert_array_equal(tape.gradient(y, v), [2, 4])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_truncated_normal_numbers_take_the_places_of_those_dropped(dtype: str) -> None:
    key, low, high, size = 7, 3, 9, 4003
    kind, per_group = ("float64", 2) if dtype == "float64" else ("float32", 4)
    expected: list[float] = []
    for group in range(-(-size // per_group)):
        kept: list[float] = []
        for step in range(0, 40, 2):
            bits = [philox.words(key, low + step + i + 64 * per_group * group, high, 1)[0] for i in range(2)]
            drawn = philox._box_muller(philox._unit(np.concatenate(bits), kind).reshape(-1, 2)).ravel()
            kept += [x for x in drawn if abs(x) < 2]
            if len(kept) >= per_group:
                break
        expected += kept[:per_group]
    drawn = philox.truncated_normal((key, low, high), size, dtype)
    np.testing.assert_array_equal(drawn, np.array(expected[:size]).astype(kind).astype(dtype))
    assert philox.truncated_normal((key, low, high), 0, dtype).shape == (0,)


def test_counts_of_integers_are_weighted_and_cut() -> None:
    assert tf.math.bincount([1, 1, 4], weights=[0.5, 1.0, 2.0], minlength=8, maxlength=6).numpy().tolist() == [
        0, 1.5, 0, 0, 2, 0]  # fmt: skip
    assert tf.math.bincount([], dtype=tf.int64).numpy().tolist() == []
    large = tf.math.bincount([0, 0, 1], weights=tf.constant([2**53, 1, 5], tf.int64))  # beyond the integers of a double
    assert (large.dtype, large.numpy().tolist()) == (tf.int64, [2**53 + 1, 5])
    assert tf.math.bincount([0, 0], weights=np.array([1 / 3, 1 / 3])).numpy().tolist() == [2 / 3]
    for dtype in (tf.float64, tf.int64, tf.float16):
        counts = tf.math.confusion_matrix([0, 1, 1], [1, 1, 1], weights=[0.5, 1.0, 2.0], dtype=dtype)
        assert (counts.dtype, counts.numpy().tolist()) == (dtype, [[0, 0 if dtype == tf.int64 else 0.5], [0, 3]])
    assert tf.argsort([[3, 1, 3]], direction="DESCENDING").numpy().tolist() == [[0, 2, 1]]
    assert tf.argsort([[1], [2]], axis=0, direction="DESCENDING").numpy().tolist() == [[1], [0]]
