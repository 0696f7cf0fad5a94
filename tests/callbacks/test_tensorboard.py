"""The TensorBoard callback and `tf.summary` write files that TensorBoard reads."""

import io
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
import minikeras.compat.tensorflow as tf
from minikeras._display import event_files


def read(folder: Path) -> Any:
    """Return what TensorBoard finds in a folder."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(folder))
    found.Reload()
    return found


def values(found: Any, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.tensor_proto.float_val[0]) for event in found.Tensors(tag)]


def fitted(folder: Path, **settings: Any) -> keras.callbacks.History:
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).random((64, 3)).astype("float32")
    dense = [keras.layers.Dense(2, name="a"), keras.layers.Dense(1, name="b")]
    model = keras.Sequential([keras.Input((3,)), *dense])
    model.compile("sgd", "mse", metrics=["mae"])
    board = keras.callbacks.TensorBoard(folder, **settings)
    return model.fit(x, x.sum(1), epochs=2, verbose=0, validation_split=0.25, callbacks=[board])


def test_tags_and_steps_are_those_of_keras(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    history = fitted(tmp_path, histogram_freq=1, write_images=True).history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train", "validation"]
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    weights = [f"sequential/{name}" for name in ("a/kernel", "a/bias", "b/kernel", "b/bias")]
    # What Keras 3.15.1 with TensorFlow 2.21.0 writes; a bias of one element has no image there either.
    assert set(train.Tags()["tensors"]) == {
        "keras", "epoch_loss", "epoch_mae", "epoch_learning_rate", *(f"{name}/histogram" for name in weights),
        *(f"{name}/image" for name in weights[:-1]),
    }  # fmt: skip
    assert set(validation.Tags()["tensors"]) == {
        "epoch_loss", "epoch_mae", "evaluation_loss_vs_iterations", "evaluation_mae_vs_iterations",
    }  # fmt: skip
    assert values(train, "epoch_loss") == [*enumerate(np.array(history["loss"], "float32").tolist())]
    assert values(validation, "epoch_mae") == [*enumerate(np.array(history["val_mae"], "float32").tolist())]
    assert [step for step, _ in values(validation, "evaluation_loss_vs_iterations")] == [2, 4]
    assert values(train, "epoch_learning_rate")[0][1] == pytest.approx(0.01)
    kinds = {tag: train.SummaryMetadata(tag).plugin_data.plugin_name for tag in train.Tags()["tensors"]}
    assert kinds["keras"] == "graph_keras_model"
    assert kinds["sequential/a/kernel/histogram"] == "histograms"
    assert kinds["sequential/a/kernel/image"] == "images"


def test_batches_are_written_as_often_as_asked(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    fitted(tmp_path, update_freq=2, write_graph=False, write_steps_per_second=True)
    train = read(tmp_path / "train")
    assert [step for step, _ in values(train, "batch_loss")] == [2, 4]
    assert [step for step, _ in values(train, "batch_steps_per_second")] == [2, 4]
    assert len(values(train, "epoch_steps_per_second")) == 2


def test_a_clock_that_stands_still_gives_a_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    monkeypatch.setattr("minikeras.callbacks.tensorboard.perf_counter", lambda: 5.0)
    monkeypatch.setattr(time, "time", lambda: 5.0)
    fitted(tmp_path, update_freq=1, write_graph=False, write_steps_per_second=True)
    train = read(tmp_path / "train")
    speeds = values(train, "batch_steps_per_second") + values(train, "epoch_steps_per_second")
    assert len(speeds) == 6
    assert all(0 < speed < np.inf for _, speed in speeds)


def test_a_model_without_an_optimizer_has_no_rate_to_write(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")

    class Own(keras.Model):
        def train_step(self, *data: Any) -> Any:
            return {"loss": 1.5}

    model = Own()
    model.compile(optimizer=None)
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path)])
    train = read(tmp_path / "train")
    assert train.Tags()["tensors"] == ["epoch_loss"]
    assert values(train, "epoch_loss") == [(0, 1.5)]


def test_what_is_not_written_warns() -> None:
    with pytest.warns(UserWarning, match="profile_batch=2 is ignored"):
        keras.callbacks.TensorBoard(profile_batch=2)
    with pytest.warns(UserWarning, match=r"embeddings_metadata=names.tsv is ignored"):
        keras.callbacks.TensorBoard(embeddings_freq=1, embeddings_metadata="names.tsv")


def test_another_word_for_how_often_is_refused() -> None:
    wrong: Any = "batches"
    with pytest.raises(ValueError, match=r"update_freq.*'epoch', 'batch'"):
        keras.callbacks.TensorBoard(update_freq=wrong)


def test_summaries(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        for step in range(3):
            assert tf.summary.scalar("loss", tf.constant(0.5) * step, step=step)
        tf.summary.histogram("weights", tf.constant([0.0, 1.0, 1.0]), step=1, buckets=2)
        tf.summary.image("image", np.linspace(0, 1, 12).reshape(1, 2, 2, 3), step=1)
        tf.summary.text("note", "first", step=1)
        with tf.summary.record_if(False):
            assert not tf.summary.scalar("loss", 9.0, step=9)
        tf.summary.experimental.set_step(5)
        tf.summary.scalar("later", 1.0)
        tf.summary.experimental.set_step(None)
        with pytest.raises(ValueError, match="No step"):
            tf.summary.scalar("loss", 1.0)
    assert not tf.summary.scalar("loss", 1.0, step=1)
    writer.close()
    found = read(tmp_path)
    assert values(found, "loss") == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert values(found, "later") == [(5, 1.0)]
    assert found.Tensors("note")[0].tensor_proto.string_val == [b"first"]
    width, height, png = found.Tensors("image")[0].tensor_proto.string_val
    assert (width, height, png[:8]) == (b"2", b"2", b"\x89PNG\r\n\x1a\n")
    bars = np.frombuffer(found.Tensors("weights")[0].tensor_proto.tensor_content).reshape(2, 3)
    np.testing.assert_array_equal(bars, [[0, 0.5, 1], [0.5, 1, 2]])


def test_histograms_of_equal_values_and_of_none(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    writer = event_files.EventWriter(tmp_path)
    writer.histogram("equal", np.full(3, 7.0), 0, 2)
    writer.histogram("none", np.empty(0), 0, 2)
    writer.close()
    equal, none = (read(tmp_path).Tensors(tag)[0].tensor_proto for tag in ("equal", "none"))
    np.testing.assert_array_equal(np.frombuffer(equal.tensor_content), [7, 7, 0, 7, 7, 3])
    assert not np.any(np.frombuffer(none.tensor_content))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_are_gray_or_in_colours(channels: int) -> None:
    pillow = pytest.importorskip("PIL.Image")
    image = np.arange(6 * channels, dtype="uint8").reshape(2, 3, channels)
    read = np.asarray(pillow.open(io.BytesIO(event_files.png(image))))
    np.testing.assert_array_equal(read.reshape(image.shape), image)


def test_weights_that_are_no_number_do_not_end_the_training(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="a", trainable=False)])
    model.set_weights([np.array([[np.nan], [np.inf], [1.0], [3e38]]), np.zeros(1)])
    model.compile("sgd", "mse")
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1, write_images=True)
    with pytest.warns(UserWarning, match="The loss is NaN"):
        model.fit(np.zeros((2, 4)), np.zeros(2), verbose=0, callbacks=[board])
    (event,) = read(tmp_path / "train").Tensors("sequential/a/kernel/histogram")
    counts = np.frombuffer(event.tensor_proto.tensor_content).reshape(-1, 3)[:, 2]
    assert counts.tolist() == [1, *[0] * 28, 1]


def test_without_tensorboard_one_warning_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_files, "find_spec", lambda name: None)
    monkeypatch.setattr(event_files.EventWriter, "_warned", False)
    with pytest.warns(UserWarning, match=r"In a clone of minikeras.*\.\[tensorboard\]"):
        event_files.EventWriter(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(tmp_path, histogram_freq=1, write_images=True)
    assert not list(tmp_path.iterdir())


def test_weights_are_saved_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("h5py")
    monkeypatch.setattr(event_files, "find_spec", lambda name: None)
    monkeypatch.setattr(event_files.EventWriter, "_warned", True)
    fitted(tmp_path, embeddings_freq=1)
    names = sorted(path.name for path in (tmp_path / "train").iterdir())
    assert names == [f"keras_embedding.ckpt-{epoch}.weights.h5" for epoch in range(2)]
