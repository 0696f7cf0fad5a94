"""Pictures, folders of them, and windows of series."""

import builtins
import gc
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
import minikeras.compat.tensorflow as tf
from minikeras import utils
from minikeras.preprocessing.image import smart_resize

pytest.importorskip("PIL")

X = np.arange(24.0).reshape(4, 2, 3)


def pictures(root: Path, count: int = 5) -> Path:
    for name, value in (("cats", 10), ("dogs", 200)):
        (root / name).mkdir()
        for i in range(count):
            utils.save_img(root / name / f"{i}.png", np.full((4, 6, 3), value + i), scale=False)
    return root


def test_pictures_and_arrays(tmp_path: Path) -> None:
    img = utils.array_to_img(X)
    assert (img.size, img.mode) == ((2, 4), "RGB")
    np.testing.assert_array_equal(utils.img_to_array(img), np.floor(X / 23 * 255).astype("float32"))
    assert utils.img_to_array(img, "channels_first").shape == (3, 4, 2)
    utils.save_img(tmp_path / "x.png", X, scale=False)
    again = utils.load_img(tmp_path / "x.png")
    np.testing.assert_array_equal(utils.img_to_array(again), X)
    assert utils.load_img(str(tmp_path / "x.png"), "grayscale", (8, 8), "bilinear", True).size == (8, 8)
    assert utils.array_to_img(X[:, :, :1], scale=False).mode == "L"
    assert smart_resize(X, (2, 2)).shape == (2, 2, 3)
    utils.save_img(tmp_path / "y.jpg", X, file_format="png", scale=False)  # what is said counts, not the name
    np.testing.assert_array_equal(utils.img_to_array(utils.load_img(tmp_path / "y.jpg")), X)
    with pytest.warns(UserWarning, match="JPEG format does not support RGBA"):
        utils.save_img(tmp_path / "x.jpg", np.zeros((2, 3, 4)))
    assert utils.load_img(tmp_path / "x.jpg").size == (3, 2)
    row = np.broadcast_to(np.arange(6.0)[:, None], (2, 6, 3))
    utils.save_img(tmp_path / "x.png", row, scale=False)
    middle = utils.load_img(tmp_path / "x.png", target_size=(2, 2), keep_aspect_ratio=True)
    np.testing.assert_array_equal(utils.img_to_array(middle), row[:, 2:4])


def test_what_was_loaded_is_kept_and_the_file_closed(tmp_path: Path) -> None:
    from PIL import Image

    path, pixels = tmp_path / "deep.png", np.random.default_rng(0).integers(0, 2**16, (99, 99), "uint16")
    Image.fromarray(pixels).save(path)
    deep = utils.load_img(path, "grayscale")
    Image.fromarray(pixels[::-1].copy()).save(path)
    np.testing.assert_array_equal(np.asarray(deep), pixels)
    utils.save_img(tmp_path / "x.gif", X, scale=False)
    assert utils.load_img(tmp_path / "x.gif").size == (2, 4)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf8")
    (batch,) = tf.data.experimental.make_csv_dataset(str(tmp_path / "x.csv"), 1, num_epochs=1)
    assert batch["b"].numpy().tolist() == [2]
    gc.collect()  # an open file is an error then


def test_pictures_in_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pictures(tmp_path)
    settings: dict[str, Any] = {"image_size": (3, 2), "batch_size": 4, "seed": 1, "validation_split": 0.2}
    train = utils.image_dataset_from_directory(root, subset="training", **settings)
    assert capsys.readouterr().out == "Found 10 files belonging to 2 classes.\nUsing 8 files for training.\n"
    held = utils.image_dataset_from_directory(root, subset="validation", **settings)
    assert (train.class_names, len(train), len(held)) == (["cats", "dogs"], 2, 1)
    assert not set(train.file_paths) & set(held.file_paths)
    seen = 0
    for x, y in train:
        assert (x.shape, x.dtype, y.dtype) == ((4, 3, 2, 3), "float32", "int32")
        np.testing.assert_array_equal(x[:, 0, 0, 0] > 100, y == 1)
        seen += len(x)
    assert seen == 8
    model = keras.Sequential(
        [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    scaled = train.map(lambda x, y: (x / 2, y)).cache().prefetch(1)
    history = model.fit(scaled, validation_data=held, epochs=10, verbose=0)
    assert history.history["accuracy"][-1] == 1
    held = utils.image_dataset_from_directory(root, subset="validation", **(settings | {"validation_split": 0.8}))
    assert len({str([y.tolist() for _, y in held]) for _ in range(9)}) > 1  # a part that is asked for alone is shuffled
    both = utils.image_dataset_from_directory(root, label_mode="categorical", subset="both", verbose=False, **settings)
    assert both[0][0][1].shape == (4, 2)
    with pytest.raises(ValueError, match="seed="):
        utils.image_dataset_from_directory(root, subset="training", **(settings | {"seed": None}))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_pictures_are_resized_and_then_padded(tmp_path: Path, data_format: Any) -> None:
    picture = np.random.default_rng(0).integers(1, 256, (12, 8, 3)).astype("uint8")
    utils.save_img(tmp_path / "x.png", picture, scale=False)
    settings: dict[str, Any] = {"labels": None, "image_size": (8, 9), "verbose": False, "pad_to_aspect_ratio": True}
    (x,) = utils.image_dataset_from_directory(tmp_path, data_format=data_format, **settings)[0]
    x = x if data_format == "channels_last" else np.moveaxis(x, 0, -1)
    np.testing.assert_array_equal(x[:, 1:6], keras.ops.image.resize(picture.astype("float32"), (8, 5)))
    assert x.shape == (8, 9, 3)
    assert not x[:, [0, 6, 7, 8]].any()
    with pytest.raises(ValueError, match="Only one of"):
        utils.image_dataset_from_directory(tmp_path, crop_to_aspect_ratio=True, **settings)


def test_texts_in_folders(tmp_path: Path) -> None:
    for name in ("neg", "pos"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"so {name}")
    batches = utils.text_dataset_from_directory(
        tmp_path, label_mode="binary", shuffle=False, max_length=5, verbose=False
    )
    texts, labels = batches[0]
    assert (texts.tolist(), labels.tolist()) == (["so ne", "so po"], [[0], [1]])


def test_windows_are_of_the_series_as_it_was() -> None:
    series = np.arange(4.0)
    windows = keras.utils.timeseries_dataset_from_array(series, None, 2.0, 1.0, 1.0)  # type: ignore[arg-type]
    series[:] = 0
    assert np.asarray(next(iter(windows))).tolist() == [[0, 1], [1, 2], [2, 3]]
    x, y = next(iter(keras.utils.timeseries_dataset_from_array([1.5, 2.5, 3.5], [1, 2, 3], 2)))
    assert (x.dtype, y.dtype) == ("float32", "int32")
    with pytest.raises(ValueError, match="masked"):
        keras.utils.timeseries_dataset_from_array(np.ma.masked_less(series, 1), None, 2)


def test_windows_of_a_series() -> None:
    data = np.arange(20)
    batches = utils.timeseries_dataset_from_array(data, data * 10, 3, 2, 2, 4, start_index=1, end_index=15)
    x, y = batches[0]
    assert x.tolist() == [[1, 3, 5], [3, 5, 7], [5, 7, 9], [7, 9, 11]]
    assert y.tolist() == [10, 30, 50, 70]
    assert [b.tolist() for b in utils.timeseries_dataset_from_array(data[:4], None, 3, batch_size=None)] == [
        [0, 1, 2], [1, 2, 3]
    ]  # fmt: skip
    shuffled = utils.timeseries_dataset_from_array(data, None, 3, shuffle=True, seed=1, batch_size=100)
    first = shuffled[0][:, 0].tolist()
    shuffled.on_epoch_end()
    second = shuffled[0][:, 0].tolist()
    assert sorted(first) == sorted(second) == list(range(18))
    assert first != sorted(first) != second != first


def test_a_seed_decides_which_files_validate(tmp_path: Path) -> None:
    names = sorted(str(i) for i in range(10))
    for name in names:
        (tmp_path / f"{name}.txt").write_text(name)
    options: Any = {"label_mode": None, "validation_split": 0.3, "seed": 4, "verbose": False}
    np.random.RandomState(4).shuffle(names)  # as Keras does
    both = utils.text_dataset_from_directory(tmp_path, None, subset="both", **options)
    for part, expected in zip(both, (names[:7], names[7:]), strict=True):
        assert sorted(part[0]) == sorted(expected)
    subsets: Any = ("training", "validation")
    for subset, part in zip(subsets, both, strict=True):
        alone = utils.text_dataset_from_directory(tmp_path, None, subset=subset, **options)
        assert sorted(alone[0]) == sorted(part[0])


def test_an_unseeded_order_follows_numpy_s_global_stream(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / f"{i}.txt").write_text(str(i))
    orders = []
    for _ in range(2):
        np.random.seed(3)  # noqa: NPY002 - the global stream
        windows = utils.timeseries_dataset_from_array(np.arange(20), None, 1, shuffle=True)
        texts = utils.text_dataset_from_directory(tmp_path, None, label_mode=None, verbose=False)
        passes = [[batch.ravel().tolist() for batch in windows] for _ in range(2)]
        assert passes[0] != passes[1]
        orders.append([windows[0].ravel().tolist(), texts[0].tolist(), passes])
    assert orders[0] == orders[1]
    assert orders[0][0] != list(range(20))


def test_pictures_are_written_to_open_files_in_a_given_format() -> None:
    pytest.importorskip("PIL")
    for name, start in (("JPG", b"\xff\xd8"), ("png", b"\x89PNG")):
        file = io.BytesIO()
        utils.save_img(file, np.ones((2, 2, 3)), file_format=name)
        assert file.getvalue().startswith(start)
    with pytest.raises(ValueError, match="extension"):
        utils.save_img(io.BytesIO(), np.ones((2, 2, 3)))


def test_pictures_of_large_numbers_are_of_32_bits() -> None:
    pytest.importorskip("PIL")
    image = utils.array_to_img(np.array([[[300], [5]]]), scale=False)
    assert (image.mode, np.asarray(image).tolist()) == ("I", [[300, 5]])


def test_the_first_batches() -> None:
    windows = utils.timeseries_dataset_from_array(np.arange(7), None, 2, batch_size=2)
    assert [x.tolist() for x in windows.take(1).map(lambda x: -x)] == [[[0, -1], [-1, -2]]]
    assert [len(windows.take(n)) for n in (0, 2, 9, -1)] == [0, 2, 3, 3]
    assert [len(windows.take(2).take(n)) for n in (3, -1)] == [2, 2]


def test_wrong_uses_are_refused(tmp_path: Path) -> None:
    root = pictures(tmp_path, 1)
    with pytest.raises(ValueError, match="rank 3"):
        utils.array_to_img(np.ones((2, 2)))
    with pytest.raises(ValueError, match="channel number"):
        utils.array_to_img(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="Unsupported image shape"):
        utils.img_to_array(np.ones(2))
    with pytest.raises(ValueError, match="color_mode"):
        utils.load_img(root / "cats" / "0.png", "cmyk")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="interpolation"):
        utils.load_img(root / "cats" / "0.png", interpolation="cubic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Pass both"):
        utils.image_dataset_from_directory(root, subset="training")
    with pytest.raises(ValueError, match="label_mode"):
        utils.image_dataset_from_directory(root, label_mode="text")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="No files"):
        utils.text_dataset_from_directory(root)
    with pytest.raises(ValueError, match="format"):
        utils.image_dataset_from_directory(root, format="torch")
    with pytest.raises(ValueError, match="format"):
        utils.timeseries_dataset_from_array(np.arange(9), None, 1, format="torch")
    with pytest.raises(ValueError, match="class_names"):
        utils.image_dataset_from_directory(root, class_names=["birds"])
    with pytest.raises(ValueError, match="class_names"):
        utils.image_dataset_from_directory(root, labels=[0, 1], class_names=["a", "b"])
    for length, batch_size in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="of at least 1"):
            utils.timeseries_dataset_from_array(np.arange(3), None, length, batch_size=batch_size)
    (tmp_path / "a.txt").write_text("text")
    for batch_size in (0, -1):
        with pytest.raises(ValueError, match="batch_size"):
            utils.text_dataset_from_directory(tmp_path, None, batch_size=batch_size)
    with pytest.raises(ValueError, match="sampling_rate"):
        utils.timeseries_dataset_from_array(np.arange(3), None, 1, sampling_rate=0)
    with pytest.raises(ValueError, match="end_index"):
        utils.timeseries_dataset_from_array(np.arange(9), None, 1, start_index=5, end_index=3)


def test_without_pillow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    with monkeypatch.context() as m:
        m.setattr(builtins, "__import__", absent)
        m.setitem(sys.modules, "PIL.Image", None)
        with pytest.raises(ImportError, match=r'needs PIL .*"\.\[image\]"'):
            utils.array_to_img(X)


def test_files_of_a_folder_come_before_those_of_its_folders(tmp_path: Path) -> None:
    for name in ("a/z.txt", "a/sub/5.txt", "a/1.txt", "b/1.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x\r\ny")
    options: Any = {"shuffle": False, "batch_size": None, "verbose": False}
    found = utils.text_dataset_from_directory(tmp_path, labels=[0, 1, 2, 3], **options)
    assert [os.path.relpath(path, tmp_path).replace(os.sep, "/") for path in found.file_paths] == [
        "a/1.txt", "a/z.txt", "a/sub/5.txt", "b/1.txt",
    ]  # fmt: skip
    assert str(next(iter(found))[0]) == "x\r\ny"  # as it is
    (tmp_path / "b" / "more").symlink_to(tmp_path / "a", target_is_directory=True)
    for follow, count in ((False, 4), (True, 7)):
        assert len(utils.text_dataset_from_directory(tmp_path, follow_links=follow, **options).file_paths) == count
    for split in (-0.5, 0.0, 1.0, 2.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            utils.text_dataset_from_directory(tmp_path, validation_split=split, subset="training", **options)


def test_smart_resize_of_whole_numbers_does_not_round() -> None:
    x = np.array([0, 1, 2, 3], "uint8").reshape(2, 2, 1)
    assert smart_resize(x, (1, 1)).ravel().tolist() == [1.5]
    assert smart_resize(x, (1, 1), "nearest").dtype == "uint8"


def test_files_without_labels_may_be_anywhere(tmp_path: Path) -> None:
    (tmp_path / "pos").mkdir()
    for name in ("pos/a.txt", "top.txt"):
        (tmp_path / name).write_text(name)
    none: Any
    for none in ({"label_mode": None}, {"labels": None}, {"labels": None, "label_mode": "binary"}):
        texts = utils.text_dataset_from_directory(tmp_path, shuffle=False, verbose=False, **none)
        assert texts.class_names is None
        assert [text for batch in texts for text in batch.tolist()] == ["top.txt", "pos/a.txt"]


def test_labels_that_are_floats_stay_floats(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    options: Any = {"labels": [0.5, 1.75], "shuffle": False, "verbose": False}
    _, labels = utils.text_dataset_from_directory(tmp_path, **options)[0]
    assert (labels.dtype, labels.tolist()) == ("float32", [0.5, 1.75])


@pytest.mark.parametrize("subset", ["training", "validation", "both"])
def test_a_split_that_leaves_no_file_to_validate_on_is_refused(tmp_path: Path, subset: Any) -> None:
    root = pictures(tmp_path, 1)
    with pytest.raises(ValueError, match=r"validation_split=0.4 of 2 files leaves none"):
        utils.image_dataset_from_directory(root, seed=1, validation_split=0.4, subset=subset, verbose=False)


def test_settings_of_pictures_are_checked_before_a_picture_is_read(tmp_path: Path) -> None:
    root = pictures(tmp_path, 1)
    wrong: Any
    for wrong in ({"color_mode": "cmyk"}, {"interpolation": "area"}, {"image_size": (4, 4, 3)}, {"image_size": "ab"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            utils.image_dataset_from_directory(root, verbose=False, **wrong)
    capitals: Any = "Nearest"  # as in Keras
    x, _ = utils.image_dataset_from_directory(root, image_size=5, interpolation=capitals, verbose=False)[0]
    assert x.shape == (2, 5, 5, 3)


@pytest.mark.parametrize(("color_mode", "channels"), [("grayscale", 1), ("rgb", 3)])
def test_pictures_of_16_bits_are_read_as_tensorflow_reads_them(tmp_path: Path, color_mode: Any, channels: int) -> None:
    levels = np.array([[0, 300, 4096], [25700, 40000, 65535]], "uint16")
    importlib.import_module("PIL.Image").fromarray(levels).save(tmp_path / "x.png")
    options: Any = {"labels": None, "image_size": (2, 3), "color_mode": color_mode, "verbose": False}
    (x,) = utils.image_dataset_from_directory(tmp_path, **options)[0]
    np.testing.assert_array_equal(x, np.repeat([[[0], [1], [16]], [[100], [156], [255]]], channels, axis=-1))
    contents = (tmp_path / "x.png").read_bytes()
    np.testing.assert_array_equal(tf.io.decode_png(contents, channels), x)
    wide = tf.io.decode_png(contents, channels, "uint16")
    np.testing.assert_array_equal(wide, np.repeat(levels[:, :, None], channels, axis=-1))
    np.testing.assert_array_equal(tf.io.decode_image(contents, channels, "uint16"), wide)
    shares = tf.io.decode_image(contents, channels, "float32")
    np.testing.assert_allclose(shares, np.asarray(wide) / 65535, rtol=1e-6)
    importlib.import_module("PIL.Image").new("RGB", (3, 2), (100, 100, 100)).save(tmp_path / "y.bmp")
    bitmap = tf.io.decode_image((tmp_path / "y.bmp").read_bytes(), channels, "uint16")
    np.testing.assert_array_equal(bitmap, np.full((2, 3, channels), 100 * 256))  # as in TensorFlow


def test_each_pass_over_a_shuffled_folder_has_an_order_of_its_own(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / f"{i}.txt").write_text(str(i))
    texts = utils.text_dataset_from_directory(tmp_path, None, label_mode=None, batch_size=4, seed=1, verbose=False)
    orders = [[text for batch in texts for text in batch.tolist()] for _ in range(2)]
    assert orders[0] != orders[1]
    both = [*zip(texts, texts, strict=True)]  # two passes at once
    for pass_ in zip(*both, strict=True):
        assert sorted(map(int, np.concatenate(pass_))) == list(range(20))


def test_a_dataset_keeps_its_order_while_one_made_from_it_is_used(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / f"{i}.txt").write_text(str(i))
    first = utils.text_dataset_from_directory(tmp_path, None, label_mode=None, seed=1, verbose=False)
    made = first.map(lambda x: x).take(1)
    before = first[0].tolist()
    made.on_epoch_end()
    assert made[0].tolist() != before == first[0].tolist()
    first.on_epoch_end()
    assert first[0].tolist() == made[0].tolist()


def test_pictures_are_cropped_before_they_are_resized(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(1, 256, (12, 8, 3)).astype("uint8")
    utils.save_img(tmp_path / "x.png", picture, scale=False)
    (x,) = utils.image_dataset_from_directory(
        tmp_path, None, image_size=(4, 4), verbose=False, crop_to_aspect_ratio=True
    )[0]
    np.testing.assert_array_equal(x, keras.ops.image.resize(picture[2:10].astype("float32"), (4, 4)))


def test_given_names_of_classes_are_numbered_in_their_order(tmp_path: Path) -> None:
    root = pictures(tmp_path)
    data = utils.image_dataset_from_directory(root, class_names=["dogs", "cats"], shuffle=False, verbose=False)
    assert data.class_names == ["dogs", "cats"]
    assert all((label == 0) == ("dogs" in path) for label, path in zip(
        np.concatenate([y for _, y in data]), data.file_paths, strict=True))  # fmt: skip
    with pytest.raises(ValueError, match=r"must be folders.*\['cats', 'dogs'\]"):
        utils.image_dataset_from_directory(root, class_names=["dogs", "cows"])
    with pytest.raises(ValueError, match="one label for each of"):
        utils.image_dataset_from_directory(root, [0, 1])
    with pytest.raises(ValueError, match="exactly 2 classes"):
        utils.image_dataset_from_directory(root, label_mode="binary", class_names=["dogs"])


def test_a_picture_may_have_its_channels_first() -> None:
    first = utils.array_to_img(np.moveaxis(X, -1, 0), "channels_first")
    np.testing.assert_array_equal(np.asarray(first), np.asarray(utils.array_to_img(X)))
