"""The HDF5 reader: what h5py writes comes back as h5py reads it."""

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minikeras._base.typing import Array
from minikeras.saving.archive import Archive
from minikeras.saving.hdf5 import Dataset, Group, open_hdf5
from minikeras.saving.source import FileError, open_source

FILES = Path(__file__).parents[1] / "data" / "files"
h5py = pytest.importorskip("h5py")

OPTIONS: list[dict[str, Any]] = [
    {},
    {"libver": "latest"},
    {"libver": "v108"},
    {"libver": "v110", "track_order": True},
    {"track_order": True},
]
DTYPES = ["f2", "f4", "f8", ">f4", "i1", "i4", ">i8", "u8", "?", "c8", "c16", ">c8"]
ATTRIBUTES = [
    "text", b"bytes" * 20, "é", ["x", "yé"], np.array([b"a", b"bcd"]), 3, 2.5, np.arange(4.0), np.ones((2, 3), "i2"),
]  # fmt: skip


def written(fill: Any, **options: Any) -> bytes:
    """Return the bytes of a file that a function fills."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def grow(group: Any, chance: random.Random, depth: int = 0) -> None:
    """Fill a group with arrays, attributes and groups."""
    rng = np.random.default_rng(chance.randrange(1 << 30))
    for place in range(chance.choice([0, 1, 3, 9, 12, 40])):
        shape = tuple(chance.choice([0, 1, 30, 1, 7, 12, 20]) for _ in range(chance.choice([0, 1, 1, 2, 2, 3])))
        dtype = chance.choice(DTYPES)
        value: Array = rng.random(shape) * 9
        value = value > 4 if dtype == "?" else value.astype(dtype)
        how: dict[str, Any] = {}
        if value.ndim and value.size and chance.random() < 0.5:
            how["chunks"] = tuple(chance.randint(1, n) for n in shape)
            how["compression"] = chance.choice([None, "gzip"])
            how["shuffle"] = chance.random() < 0.5
        group.create_dataset(f"v{place}", data=value, **how)
    for place in range(chance.choice([0, 1, 3, 12])):
        group.attrs[f"a{place}"] = chance.choice(ATTRIBUTES)
    for place in range(chance.choice([0, 1, 2]) if depth < 3 else 0):
        grow(group.create_group(f"g{place}"), chance, depth + 1)


def plain(value: Any) -> Any:
    """Return an attribute as lists, texts and numbers."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return [plain(each) for each in value] if isinstance(value, list) else value


def compare(theirs: Any, ours: Group) -> int:
    """Assert that two groups hold the same, and return how many arrays."""
    assert sorted(theirs) == list(ours)
    assert {key: plain(value) for key, value in theirs.attrs.items()} == {k: plain(v) for k, v in ours.attrs.items()}
    count = 0
    for key in theirs:
        found = ours[key]
        if isinstance(found, Group):
            count += compare(theirs[key], found)
        else:
            equal(found, theirs[key][()])
            count += 1
    return count


def equal(found: Group | Dataset, value: Any) -> None:
    """Assert that an array in a file is equal to another."""
    assert isinstance(found, Dataset)
    assert found.shape == value.shape
    array = found.read()
    assert array.dtype == found.dtype == value.dtype.newbyteorder("=")
    np.testing.assert_array_equal(array, value)
    assert array.flags.writeable


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_whatever_h5py_writes(options: dict[str, Any]) -> None:
    count = 0
    for seed in range(8):
        data = written(lambda file, seed=seed: grow(file, random.Random(seed)), **options)
        with h5py.File(io.BytesIO(data)) as file:
            count += compare(file, open_hdf5(data))
    assert count > 100


@pytest.mark.parametrize("options", OPTIONS[:2], ids=str)
@pytest.mark.parametrize("count", [600, 3000])
def test_many_names(options: dict[str, Any], count: int) -> None:
    def fill(file: Any) -> None:
        for i in range(count):
            file[f"name_of_{i}"] = np.float32(i)
        for i in range(100):
            file.attrs[f"attribute_{i}"] = i

    root = open_hdf5(written(fill, **options))
    assert list(root) == sorted(f"name_of_{i}" for i in range(count))
    equal(root[f"name_of_{count - 1}"], np.float32(count - 1))
    assert root.attrs == {f"attribute_{i}": i for i in range(100)}


@pytest.mark.parametrize("options", OPTIONS[:2], ids=str)
@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize(("shape", "chunks"), [((5000,), (2,)), ((100, 100), (3, 7)), ((64, 64), (64, 64))])
def test_many_chunks(
    shape: tuple[int, ...], chunks: tuple[int, ...], compression: str | None, options: dict[str, Any]
) -> None:
    value: Array = np.random.default_rng(0).random(
        shape
    )  # of which deflate makes more: some chunks are left as they are
    data = written(lambda f: f.create_dataset("a", data=value, chunks=chunks, compression=compression), **options)
    equal(open_hdf5(data)["a"], value)


@pytest.mark.parametrize("options", OPTIONS[:2], ids=str)
def test_pairs_that_are_no_complex_numbers_are_refused(options: dict[str, Any]) -> None:
    integers = ["r<f4 i<i4", "r<i4 i<i4", "r|S4 i|S4"]
    for pair in (*integers, "r<f4 i>f4", "r<f2 i<f2", "i<f4 r<f4", "r<f4 j<f4", "r<f8 i<f8 j<f8"):
        value = np.zeros(2, [(part[0], part[1:]) for part in pair.split()])
        with pytest.raises(FileError, match=r"'compound', of \d+ bytes each, are not supported|beyond its block"):
            open_hdf5(written(lambda file, value=value: file.create_dataset("a", data=value), **options))["a"]


def test_bfloat16_as_keras_writes_it() -> None:
    def fill(file: Any) -> None:
        file["plain"] = np.array([16320, 49152], "u2").view("V2")
        file["marked"] = np.array([16320, 49152], "u2").view("V2")
        file["marked"].attrs["dtype"] = "bfloat16"

    root = open_hdf5(written(fill))
    equal(root["marked"], np.array([1.5, -2], "f4"))
    with pytest.raises(FileError, match="opaque"):
        root["plain"]


@pytest.mark.parametrize("path", sorted([*FILES.glob("*.h5"), *FILES.glob("*.keras")]), ids=lambda path: path.name)
def test_files_of_keras(path: Path) -> None:
    with open_source(path) as source:
        if path.suffix == ".keras":
            source = Archive(source, r".*").open("model.weights.h5")
        with h5py.File(io.BytesIO(source.read(0, source.size))) as file:
            assert compare(file, open_hdf5(source)) > 5


@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
def test_small_arrays_may_stand_in_their_headers(shape: tuple[int, ...]) -> None:
    value: Array = np.random.default_rng(0).random(shape)
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)

    def fill(file: Any) -> None:
        space = h5py.h5s.create_simple(shape) if shape else h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.Dataset(h5py.h5d.create(file.id, b"a", h5py.h5t.IEEE_F64LE, space, plan))[()] = value

    for options in OPTIONS[:2]:
        equal(open_hdf5(written(fill, **options))["a"], value)


def test_chunks_that_are_allocated_at_once_need_no_index() -> None:
    value = np.arange(35.0).reshape(5, 7)
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((2, 3))
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)

    def fill(file: Any) -> None:
        space = h5py.h5s.create_simple(value.shape)
        h5py.Dataset(h5py.h5d.create(file.id, b"a", h5py.h5t.IEEE_F64LE, space, plan))[()] = value

    for options in OPTIONS[:2]:
        equal(open_hdf5(written(fill, **options))["a"], value)
