"""`keras.preprocessing.image` and `sequence` as they were, beside what Keras 3 keeps of them for `tf.keras`."""

import importlib
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minikeras import utils
from minikeras.compat.past import images, sequence, text, transforms

pytest.importorskip("scipy")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # what Keras calls
theirs: Any = importlib.import_module("keras.src.legacy.preprocessing.image")
their_sequence: Any = importlib.import_module("keras.src.legacy.preprocessing.sequence")
their_text: Any = importlib.import_module("keras.src.legacy.preprocessing.text")
X = np.random.default_rng(0).random((9, 8, 6, 3)).astype("float32")
Y = np.array([0, 1, 2] * 3)

GENERATORS: list[dict[str, Any]] = [
    {"rotation_range": 90, "fill_mode": "nearest"},
    {"width_shift_range": 0.4, "height_shift_range": 3, "fill_mode": "constant", "cval": 2.0},
    {"width_shift_range": 4.0, "height_shift_range": [1, 5], "fill_mode": "reflect"},
    {"shear_range": 40, "zoom_range": 0.9, "fill_mode": "wrap"},
    {"width_shift_range": [2, 3], "height_shift_range": [1, 4], "fill_mode": "wrap"},
    {"zoom_range": (1.5, 4.0), "rotation_range": 30, "fill_mode": "reflect"},
    {"rotation_range": 30, "interpolation_order": 0, "fill_mode": "wrap", "zoom_range": (2, 3)},
    {"rotation_range": 60, "interpolation_order": 0, "fill_mode": "constant"},
    {"horizontal_flip": True, "vertical_flip": True, "channel_shift_range": 0.5, "rescale": 3},
    {"brightness_range": (0.5, 1.5), "preprocessing_function": lambda x: x + 1},
    {"samplewise_std_normalization": True, "zoom_range": [0.5, 1]},
    {"featurewise_std_normalization": True, "rotation_range": 10},
    {"zca_whitening": True},
]


@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies")
@pytest.mark.parametrize("settings", GENERATORS, ids=lambda settings: " ".join(settings))
def test_pictures_change_as_in_keras(settings: dict[str, Any]) -> None:
    found = []
    for module in (images, theirs):
        generator = module.ImageDataGenerator(**settings)
        generator.fit(X, augment=True, rounds=2, seed=1)
        np.random.seed(3)  # noqa: NPY002 - the stream of both
        batches = generator.flow(X, Y, batch_size=4, seed=2, sample_weight=np.arange(9.0))
        found.append([part for _ in range(4) for part in next(batches)] + list(batches[2]))
    for ours, their in zip(*found, strict=True):
        np.testing.assert_allclose(ours, their, atol=2e-4 if "zca_whitening" in settings else 2e-6)


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_parts_of_arrays_are_keras_ones(subset: str) -> None:
    found = []
    for module in (images, theirs):
        generator = module.ImageDataGenerator(validation_split=0.4)  # 3.6 of 9 pictures
        batches = generator.flow((X, np.arange(9)), Y, subset=subset, shuffle=False)
        with pytest.raises(ValueError, match="different number of classes"):
            generator.flow(X, np.sort(Y), subset=subset)
        found.append([len(batches), *batches[0][0], batches[0][1]])
    for ours, their in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, their)


def test_functions_are_keras_ones() -> None:
    calls: dict[str, Any] = {
        "random_rotation": (40,), "random_shift": (0.3, 0.2), "random_shear": (30,), "random_zoom": ((0.5, 2),),
        "random_channel_shift": (0.4,), "random_brightness": ((0.5, 2),),
    }  # fmt: skip
    for name, args in calls.items():
        axes = {} if name in ("random_channel_shift", "random_brightness") else {"row_axis": 0, "col_axis": 1}
        options = {"channel_axis": 2} if name != "random_brightness" else {}
        found = []
        for module in (transforms, theirs):
            np.random.seed(5)  # noqa: NPY002
            found.append(getattr(module, name)(X[0].copy(), *args, **axes, **options))
        np.testing.assert_allclose(found[0], found[1], atol=1e-6, err_msg=name)


@pytest.mark.parametrize("shape", [(8, 6, 3), (8, 1, 3)])
@pytest.mark.parametrize("options", [{}, {"order": 3}, {"fill_mode": "wrap"}, {"fill_mode": "mirror", "order": 0}])
def test_pictures_of_whole_numbers_are_rounded_as_there(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    x = np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
    found = [module.apply_affine_transform(x, theta=30, row_axis=0, col_axis=1, channel_axis=2, **options)
             for module in (transforms, theirs)]  # fmt: skip
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_files_are_found_and_labelled_as_in_keras(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str
) -> None:
    pytest.importorskip("PIL")
    pandas = pytest.importorskip("pandas")
    for i, name in enumerate(["b/1.png", "a/2.png", "a/10.png", "c/d/x.jpg", "b/y.png", "a/note.txt", "c/z.png"]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("") if path.suffix == ".txt" else utils.save_img(str(path), X[i])
    frame = pandas.DataFrame({
        "file": ["b/1.png", "a/2.png", "a/10.png", "a/none.png", "b/y.png", "c/z.png"],
        "kind": ["b", ["a", "b"], "a", "a", "b", "c"], "n": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "whole": pandas.array([1, 2, 3, 4, 5, 6], "Int64"),
    })  # fmt: skip
    calls: list[tuple[str, dict[str, Any]]] = [
        ("flow_from_directory", {"class_mode": mode, "subset": subset, "target_size": (5, 4), "batch_size": 3})
        for mode in ("categorical", "sparse", "input", None) for subset in (None, "training", "validation")
    ]  # fmt: skip
    calls += [
        ("flow_from_directory", {"class_mode": "binary", "classes": ["c", "a"], "color_mode": "grayscale"}),
        ("flow_from_dataframe", {"class_mode": "categorical", "subset": "training"}),
        ("flow_from_dataframe", {"class_mode": "categorical", "classes": ["b", "c"], "weight_col": "n"}),
        ("flow_from_dataframe", {"class_mode": "categorical", "weight_col": "whole"}),
        ("flow_from_dataframe", {"class_mode": "raw", "y_col": "n", "subset": "validation"}),
        ("flow_from_dataframe", {"class_mode": "multi_output", "y_col": ["n", "n"]}),
        ("flow_from_dataframe", {"class_mode": None}),
    ]
    for method, options in calls:
        found = []
        for module in (images, theirs):
            generator = module.ImageDataGenerator(
                validation_split=0.4, rescale=1 / 255, horizontal_flip=True, data_format=layout
            )
            given: dict[str, Any] = {"directory": str(tmp_path), "seed": 4, **options}
            if method == "flow_from_dataframe":
                given = {"dataframe": frame, "x_col": "file", "y_col": "kind", **given}
            with pytest.warns(UserWarning, match="invalid") if "dataframe" in given else np.errstate():
                batches = getattr(generator, method)(**given)
            attributes = [batches.filenames, batches.samples, len(batches), batches.image_shape]
            labels = [] if options["class_mode"] in ("raw", "multi_output", None) else [list(batches.labels)]
            found.append([capsys.readouterr().out, attributes, labels, next(batches)])
        (*ours, batch), (*their, their_batch) = found
        assert ours == their, (method, options)
        for one, other in zip(leaves(batch), leaves(their_batch), strict=True):
            np.testing.assert_allclose(one, np.asarray(other, one.dtype), atol=1e-6)
    with pytest.raises(TypeError, match="weight_col=file must be numeric"):
        images.ImageDataGenerator().flow_from_dataframe(frame, str(tmp_path), "file", "kind", "file")
    with pytest.raises(TypeError, match="must hold strings"):
        images.ImageDataGenerator().flow_from_dataframe(frame, str(tmp_path), "file", ["kind", "file"])


def leaves(batch: Any) -> list[Any]:
    return [leaf for part in batch for leaf in leaves(part)] if isinstance(batch, list | tuple) else [batch]


@pytest.mark.parametrize(
    "settings",
    [{"length": 3}, {"length": 6, "sampling_rate": 2, "stride": 3, "start_index": 2, "end_index": 20, "batch_size": 2},
     {"length": 4, "reverse": True, "batch_size": 5}, {"length": 2, "shuffle": True, "batch_size": 4}],
)  # fmt: skip
def test_windows_are_keras_ones(settings: dict[str, Any]) -> None:
    found = []
    for module in (sequence, their_sequence):
        np.random.seed(1)  # noqa: NPY002
        windows = module.TimeseriesGenerator(np.arange(50).reshape(25, 2), list(range(25)), **settings)
        found.append([[part.tolist() for part in windows[i]] for i in range(len(windows))])
    assert found[0] == found[1]


def test_pairs_of_words_are_keras_ones() -> None:
    table = sequence.make_sampling_table(20, 0.01)
    np.testing.assert_allclose(table, their_sequence.make_sampling_table(20, 0.01))
    for options in (
        {"seed": 9},
        {"categorical": True, "seed": 3},
        {"sampling_table": table, "negative_samples": 2.5, "seed": 4},
    ):
        found = []
        for module in (sequence, their_sequence):
            random.seed(6)
            found.append(module.skipgrams([1, 5, 0, 9, 13, 2], 20, **options))
        assert found[0] == found[1]


@pytest.mark.parametrize(
    "settings",
    [{}, {"num_words": 3, "oov_token": "?"}, {"lower": False, "filters": "aT"}, {"split": ", "}, {"char_level": True},
     {"oov_token": "dog"}, {"analyzer": str.split, "num_words": 6}],
)  # fmt: skip
def test_numbers_of_words_are_keras_ones(settings: dict[str, Any]) -> None:
    texts = ["The cat sat.", "THE dog, the dog! A cat's\tday", "", "a-b a_b  ab", ["of", "Words"], "\u0130 x"]
    found = []
    for module in (text, their_text):
        first = module.Tokenizer(**settings)
        first.fit_on_texts(texts)
        first.fit_on_sequences([[1, 2, 2], [3]])
        for tokenizer in (first, module.tokenizer_from_json(first.to_json())):
            numbers = tokenizer.texts_to_sequences([*texts, "cat unknown"])
            found.append([numbers, tokenizer.sequences_to_texts([*numbers, [99]]), dict(tokenizer.index_docs)])
            found[-1].append(dict(tokenizer.index_word))
            found[-1] += [tokenizer.texts_to_matrix(texts, m).tolist() for m in ("binary", "count", "tfidf", "freq")]
    assert found[:2] == found[2:]
