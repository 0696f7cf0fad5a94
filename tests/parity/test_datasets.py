"""Data sets, files and helpers for data beside Keras's: the same small files read by both."""

import gzip
import importlib
import inspect
import io
import json
import pickle
import random
import tarfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from minikeras.datasets import base

NAMES = ["mnist", "fashion_mnist", "boston_housing", "california_housing", "imdb", "reuters", "cifar10", "cifar100"]


def texts(n: int) -> Any:
    rng = np.random.default_rng(n)
    array = np.empty(n, object)
    array[:] = [rng.integers(1, 60, size).tolist() for size in rng.integers(1, 30, n)]
    return array


def batch(rng: Any, rows: int, **labels: int) -> bytes:
    """Return what a batch of pictures looks like: written by Python 2, with bytes for keys."""
    found: dict[bytes, Any] = {key.encode(): rng.integers(0, most, rows).tolist() for key, most in labels.items()}
    found[b"data"] = np.tile(rng.integers(0, 256, (1, 3072), dtype="uint8"), (rows, 1))
    return pickle.dumps(found, 3)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small file for each that the data sets load."""
    folder, rng = tmp_path_factory.mktemp("shelf"), np.random.default_rng(0)
    x, y = rng.integers(0, 256, (5, 28, 28), dtype="uint8"), rng.integers(0, 10, 5, dtype="uint8")
    np.savez(folder / "mnist.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    for part, n in (("train", 5), ("t10k", 2)):
        sizes = [bytes([0, 0, 0, size]) for size in (n, 28, 28)]
        images = bytes([0, 0, 8, 3]) + b"".join(sizes) + x[:n].tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        classes = bytes([0, 0, 8, 1]) + sizes[0] + y[:n].tobytes()
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(classes))
    for name, columns in (("boston_housing", 13), ("california_housing", 8)):
        np.savez(folder / f"{name}.npz", x=rng.random((701, columns)), y=rng.random(701))
    labels = rng.integers(0, 2, 40)
    np.savez(folder / "imdb.npz", x_train=texts(40), y_train=labels, x_test=texts(30), y_test=labels[:30])
    np.savez(folder / "reuters.npz", x=texts(41), y=rng.integers(0, 46, 41))
    for name in ("imdb", "reuters"):
        (folder / f"{name}_word_index.json").write_text(json.dumps({"the": 1, name: 2, "é": 3}))
    ten = {f"cifar-10-batches-py/data_batch_{i}": batch(rng, 10000, labels=10) for i in range(1, 6)}
    ten["cifar-10-batches-py/test_batch"] = batch(rng, 7, labels=10)
    modes = {"fine_labels": 100, "coarse_labels": 20}
    hundred = {f"cifar-100-python/{name}": batch(rng, n, **modes) for name, n in (("train", 9), ("test", 4))}
    for name, batches in (("cifar-10-python.tar.gz", ten), ("cifar-100-python.tar.gz", hundred)):
        with tarfile.open(folder / name, "w:gz", compresslevel=1) as archive:
            for inner, content in batches.items():
                info = tarfile.TarInfo(inner)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return folder


@pytest.fixture
def requests(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Any, list[Any]]:
    """Let both load from the shelf, and note what they ask for."""
    asked: dict[Any, list[Any]] = {minikeras: [], keras: []}

    def replacement(k: Any) -> Any:
        def get_file(fname: str, origin: str, **arguments: Any) -> str:
            asked[k].append((fname, origin, arguments.get("cache_subdir", "datasets"), arguments.get("extract", False)))
            if not origin.endswith("ubyte.gz"):  # for which Keras knows no hash
                asked[k].append(arguments["file_hash"])
            arguments |= {"file_hash": None, "cache_dir": tmp_path / k.__name__}
            path: str = k.utils.get_file(fname, (shelf / origin.rpartition("/")[2]).as_uri(), **arguments)
            return path

        return get_file

    (tmp_path / "keras").mkdir()  # else Keras takes the system's temporary folder
    for name in NAMES:
        monkeypatch.setattr(importlib.import_module(f"keras.src.datasets.{name}"), "get_file", replacement(keras))
    monkeypatch.setattr(base, "get_file", replacement(minikeras))
    return asked


def same(ours: Any, theirs: Any) -> None:
    for a, b in zip((x for pair in ours for x in pair), (x for pair in theirs for x in pair), strict=True):
        assert (a.dtype, a.shape, type(a)) == (b.dtype, b.shape, type(b))
        assert np.array_equal(a, b)


TEXT_ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"num_words": 30},
    {"num_words": 30, "oov_char": None},
    {"skip_top": 10, "maxlen": 15},
    {"start_char": None},
    {"start_char": None, "index_from": 0, "num_words": 20, "skip_top": 3},
    {"start_char": 7, "index_from": 9, "oov_char": 8, "seed": 5, "maxlen": 20},
]
CASES: list[tuple[str, dict[str, Any]]] = [
    ("mnist", {}),
    ("mnist", {"path": "other.npz"}),
    ("fashion_mnist", {}),
    *[(name, {**a}) for name in ("boston_housing", "california_housing")
      for a in ({}, {"test_split": 0.33, "seed": 4}, {"test_split": 0})],
    ("california_housing", {"version": "small"}),
    *[(name, a) for name in ("imdb", "reuters") for a in TEXT_ARGUMENTS],
    ("reuters", {"test_split": 0.5}),
    ("cifar10", {}),
    ("cifar100", {}),
    ("cifar100", {"label_mode": "coarse"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[f"{name}-{a}" for name, a in CASES])
def test_load_data(name: str, arguments: dict[str, Any], requests: dict[Any, list[Any]]) -> None:
    found = [getattr(k.datasets, name).load_data(**arguments) for k in (minikeras, keras)]
    same(*found)
    assert sorted(map(str, requests[minikeras])) == sorted(map(str, requests[keras]))


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_channels_first(name: str, requests: dict[Any, list[Any]]) -> None:
    found = []
    for k in (minikeras, keras):
        k.config.set_image_data_format("channels_first")
        try:
            found.append(getattr(k.datasets, name).load_data())
        finally:
            k.config.set_image_data_format("channels_last")
    same(*found)


def test_words_and_topics(requests: dict[Any, list[Any]]) -> None:
    found = [
        (k.datasets.imdb.get_word_index(), k.datasets.reuters.get_word_index(), k.datasets.reuters.get_label_names())
        for k in (minikeras, keras)
    ]
    assert found[0] == found[1]
    assert requests[minikeras] == requests[keras]


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name: str) -> None:
    ours, theirs = (getattr(k.datasets, name) for k in (minikeras, keras))
    for function in [f for f in dir(theirs) if f.startswith(("load", "get"))]:
        found = [
            [(p.name, p.default) for p in inspect.signature(getattr(module, function)).parameters.values()]
            for module in (ours, theirs)
        ]
        assert found[0] == [p for p in found[1] if p[0] != "kwargs"], function  # which Keras ignores


# --- where files are kept


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"fname": "x"},
        {"fname": "x.y.gz", "extract": True},
        {"fname": "x", "extract": True},
        {"extract": True},
        {"untar": True},
        {"fname": "x", "extract": True, "archive_format": "tar", "cache_subdir": "sub/folder"},
        {"fname": "x", "extract": True, "archive_format": "zip"},
        {"fname": "x", "md5_hash": "0" * 32},
        {"fname": "x", "file_hash": "0" * 64},
        {"fname": "a/b"},
        {"origin": None},
    ],
)
@pytest.mark.filterwarnings("ignore:Could not extract")
def test_get_file(arguments: dict[str, Any], shelf: Path, tmp_path: Path) -> None:
    found = []
    for k in (minikeras, keras):
        folder = tmp_path / k.__name__
        folder.mkdir()
        result: Any
        try:
            asked = {"origin": (shelf / "cifar-100-python.tar.gz").as_uri(), "cache_dir": folder, **arguments}
            result = Path(k.utils.get_file(**asked)).relative_to(folder)
        except ValueError as error:
            result = type(error)
            (folder / "datasets/x").unlink(missing_ok=True)  # Keras keeps a file whose hash is wrong
        found.append((result, sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())))
    assert found[0] == found[1]


# --- helpers for data


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"padding": "post", "value": 3},
        {"maxlen": 2, "dtype": "float64"},
        {"maxlen": 2, "truncating": "post", "padding": "post"},
        {"maxlen": 7, "value": -1.5, "dtype": np.float32},
        {"padding": "left"},
        {"truncating": "left"},
        {"value": "a"},
    ],
)
@pytest.mark.parametrize(
    "sequences",
    [[[1], [2, 3], [], [4, 5, 6]], [[]], np.arange(6).reshape(2, 3), [[[1, 2]], [[3, 4], [5, 6]]], 5, [1, 2], [[1], 2]],
)
def test_pad_sequences(sequences: Any, arguments: dict[str, Any]) -> None:
    found: list[Any] = []
    for k in (minikeras, keras):
        try:
            padded = k.utils.pad_sequences(sequences, **arguments)
            found.append((padded.dtype, padded.shape, padded.tolist()))
        except ValueError:
            found.append(ValueError)
    if str(sequences) == "[[]]" and {"left"} & set(map(str, arguments.values())):
        assert found[0] is ValueError  # Keras sees a wrong name only where it has something to pad
    else:
        assert found[0] == found[1]


SIZES: list[Any] = [None, 0, 1, 3, 6, 7, 12, -1, 0.0, 0.3, 0.5, 0.75, 0.05, 1.0, True, "half"]


def test_the_sizes_of_a_split() -> None:
    split_sizes = importlib.import_module("keras.src.utils.dataset_utils")._rescale_dataset_split_sizes
    data = np.arange(7)
    for left in SIZES:
        for right in SIZES:
            expected: Any
            try:
                if left is None and right is None:
                    raise ValueError  # as Keras does before it looks at the sizes
                expected = split_sizes(left, right, 7)
            except (TypeError, ValueError) as error:
                expected = type(error)
            found: Any
            try:
                a, b = minikeras.utils.split_dataset(data, left, right)
                found = (len(a), len(b))
                assert a.tolist() == list(range(len(a)))
                assert b.tolist() == list(range(7 - len(b), 7))
            except (TypeError, ValueError) as error:
                found = type(error)
            assert found == expected, (left, right)


def test_the_order_of_a_shuffled_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras returns data sets of TensorFlow: take the arrays that it makes them of."""
    utils = importlib.import_module("keras.src.utils.dataset_utils")

    class Kept(Exception):
        pass

    made: list[Any] = []
    restore = utils._restore_dataset_from_list

    def keep(*args: Any) -> Any:
        made.append(restore(*args))
        if len(made) == 2:
            raise Kept
        return made[-1]

    monkeypatch.setattr(utils, "_restore_dataset_from_list", keep)
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10)
    for seed in (None, 3):
        made.clear()
        random.seed(1)
        with pytest.raises(Kept):
            keras.utils.split_dataset((x, y), left_size=0.7, shuffle=True, seed=seed)
        theirs, state = made[:], random.getstate()
        random.seed(1)
        ours = minikeras.utils.split_dataset((x, y), left_size=0.7, shuffle=True, seed=seed)
        for mine, other in zip(ours, theirs, strict=True):
            assert isinstance(mine, tuple)
            assert isinstance(other, tuple)
            same([mine], [other])
        assert random.getstate() == state
