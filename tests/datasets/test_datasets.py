"""Files from the web and data sets: checked before they are used, kept whole, and nothing in them runs."""

import gzip
import hashlib
import http.server
import io
import json
import os
import pickle
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest

import minikeras as keras
from minikeras import datasets
from minikeras._base.typing import Array
from minikeras.datasets import base
from minikeras.datasets.unpickle import read_lists, unpickle
from minikeras.utils import file_utils, get_file

TEXT = b"some text"
MD5, SHA256 = hashlib.md5(TEXT).hexdigest(), hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the cache be an empty folder."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "there.txt"
    path.write_bytes(TEXT)
    return path


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "ftp://127.0.0.1/there.txt")
            self.end_headers()
        elif self.path == "/broken.txt":
            self.send_response(200)
            self.send_header("Content-Length", "999")
            self.end_headers()
            self.wfile.write(TEXT)
        elif self.path == "/there.txt":
            self.send_response(200)
            self.end_headers()  # of a length not told
            self.wfile.write(TEXT)
        else:
            self.send_error(404)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


# --- get_file


@pytest.mark.parametrize("arguments", [{}, {"file_hash": SHA256}, {"file_hash": MD5.upper()}, {"md5_hash": MD5}])
def test_a_file_is_downloaded_once(
    source: Path, cache: Path, capsys: pytest.CaptureFixture[str], arguments: dict[str, Any]
) -> None:
    path = assert_type(get_file("here.txt", source.as_uri(), **arguments), str)
    assert Path(path) == cache / "datasets" / "here.txt"
    assert Path(path).read_bytes() == TEXT
    out = capsys.readouterr().out
    assert out.startswith(f"Downloading data from {source.as_uri()}\n9/9 ━━")
    source.unlink()
    assert get_file("here.txt", source.as_uri(), **arguments) == path
    assert capsys.readouterr().out == ""


def test_where_a_file_is_kept(source: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = source.as_uri()
    assert get_file(origin=uri) == str(cache / "datasets" / "there.txt")
    assert get_file(origin=uri, cache_subdir="sub/folder") == str(cache / "sub/folder" / "there.txt")
    assert get_file(origin=uri, cache_dir=tmp_path / "other") == str(tmp_path / "other/datasets/there.txt")
    assert get_file(origin=uri, cache_subdir=tmp_path / "abs") == str(tmp_path / "abs/there.txt")
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert get_file(Path("x"), uri) == str(tmp_path / "me/.keras/datasets/x")
    monkeypatch.setenv("KERAS_HOME", str(source / "no folder"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert get_file(origin=uri) == str(tmp_path / "temporary/.keras/datasets/there.txt")
    monkeypatch.setattr("tempfile.tempdir", str(source / "neither"))
    with pytest.raises((NotADirectoryError, FileNotFoundError), match="neither"):  # before anything is downloaded
        get_file(origin=uri)


def test_force_download_and_a_wrong_hash_download_again(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(get_file("x", source.as_uri()))
    path.write_bytes(b"old")
    assert Path(get_file("x", source.as_uri())).read_bytes() == b"old"
    assert Path(get_file("x", source.as_uri(), force_download=True)).read_bytes() == TEXT
    path.write_bytes(b"old")
    capsys.readouterr()
    assert Path(get_file("x", source.as_uri(), file_hash=SHA256)).read_bytes() == TEXT
    assert "incomplete or outdated" in capsys.readouterr().out


def test_the_newer_of_two_hashes_counts(source: Path) -> None:
    path = get_file("here.txt", source.as_uri(), md5_hash="0" * 32, file_hash=SHA256)
    assert Path(path).read_bytes() == TEXT
    with pytest.raises(ValueError, match="md5"):
        get_file("other.txt", source.as_uri(), md5_hash="0" * 32)


def test_what_does_not_have_the_hash_is_not_kept(source: Path, cache: Path) -> None:
    with pytest.raises(ValueError, match=r"sha256 is not 0{64}"):
        get_file("x", source.as_uri(), file_hash="0" * 64)
    with pytest.raises(ValueError, match="md5 is not"):
        get_file("x", source.as_uri(), file_hash=SHA256, hash_algorithm="md5")
    assert list((cache / "datasets").iterdir()) == []
    (cache / "datasets" / "x").write_bytes(b"old")
    with pytest.raises(ValueError, match="md5 is not"):
        get_file("x", source.as_uri(), md5_hash="0" * 32)
    assert [path.read_bytes() for path in (cache / "datasets").iterdir()] == [b"old"]


def test_over_http(server: str, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Path(get_file(origin=f"{server}/there.txt", file_hash=SHA256)).read_bytes() == TEXT
    assert "9/Unknown" in capsys.readouterr().out
    for name, reason in (("missing.txt", "404"), ("broken.txt", "9 of 999 bytes")):
        with pytest.raises(OSError, match=reason) as caught:
            get_file(origin=f"{server}/{name}", file_hash=SHA256)
        assert f"save it as {cache / 'datasets' / name} (its sha256 must be {SHA256})" in str(caught.value)
    with pytest.raises((OSError, ValueError)):
        get_file("moved", f"{server}/moved")
    assert [path.name for path in (cache / "datasets").iterdir()] == ["there.txt"]


def test_without_a_connection(cache: Path) -> None:
    with pytest.raises(OSError, match=f"save it as {cache / 'datasets' / 'x.txt'}"):
        get_file("x.txt", "http://127.0.0.1:1/x.txt")


def test_an_interruption_leaves_nothing(source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(file_utils, "_has_hash", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get_file("x", source.as_uri(), file_hash=SHA256)
    assert list((cache / "datasets").iterdir()) == []


def test_logging_can_be_turned_off(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras.utils.disable_interactive_logging()
    try:
        get_file("x", source.as_uri())
    finally:
        keras.utils.enable_interactive_logging()
    assert "Downloading" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"origin": None}, "origin"),
        ({"fname": "../x"}, "fname"),
        ({"fname": ".."}, "fname"),
        ({"fname": "/etc/x"}, "fname"),
        ({"fname": "a\\b"}, "fname"),
        ({"origin": "file:///tmp/.."}, "fname"),
        ({"origin": "https://example.org/"}, "fname"),
        ({"cache_subdir": "../up"}, "cache_subdir"),
        ({"cache_subdir": "a/../../up"}, "cache_subdir"),
        ({"origin": "ftp://example.org/x"}, "https, http or file"),
        ({"origin": "data://text/plain,x"}, "https, http or file"),
        ({"origin": "/etc/passwd"}, "https, http or file"),
        ({"hash_algorithm": "sha1"}, "hash_algorithm"),
    ],
)
def test_wrong_files(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_file(**{"origin": "https://example.org/x", **arguments})


# --- archives


def tar(path: Path, members: dict[str, bytes], link: tuple[str, str] | None = None, mode: str = "w:gz") -> str:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo(link[0])
            info.type, info.linkname = tarfile.SYMTYPE, link[1]
            archive.addfile(info)
    return path.as_uri()


def zipped(path: Path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.as_uri()


@pytest.mark.parametrize("make", [tar, zipped])
def test_archives(make: Callable[[Path, dict[str, bytes]], str], tmp_path: Path, cache: Path) -> None:
    uri = make(tmp_path / "data.tar.gz", {"a/b.txt": TEXT, "c.txt": b""})
    expected = {None: "data.tar.gz", "folder": "folder", "data.tgz": "data_extracted"}
    for name, folder in expected.items():
        path = Path(get_file(name, uri, extract=True))
        assert path == cache / "datasets" / folder
        assert (path / "a/b.txt").read_bytes() == TEXT
    kept = sorted(path.name for path in (cache / "datasets").iterdir() if path.is_file())
    assert kept == ["data.tar.gz_archive", "data.tgz", "folder_archive"]
    (cache / "datasets/folder/c.txt").write_bytes(b"changed")
    get_file("folder", uri, extract=True)
    assert (cache / "datasets/folder/c.txt").read_bytes() == b""


def test_formats_of_archives(tmp_path: Path) -> None:
    uri = zipped(tmp_path / "data.zip", {"a": TEXT})
    for arguments in ({"untar": True}, {"extract": True, "archive_format": None}):
        with pytest.warns(UserWarning, match="Could not extract"):
            assert not os.path.exists(get_file("x", uri, **arguments))
    assert os.path.exists(get_file("x", uri, extract=True, archive_format=["zip"]))
    text = tmp_path / "text.txt"
    text.write_bytes(TEXT)
    for form in ("auto", "zip", "tar", ["tar", "zip"]):
        with pytest.warns(UserWarning, match="Could not extract"):
            assert not os.path.exists(get_file("y", text.as_uri(), extract=True, archive_format=form))
    with pytest.raises(NotImplementedError, match="rar"):
        get_file("x", uri, extract=True, archive_format=["rar"])


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "..\\evil"])
@pytest.mark.parametrize("make", [tar, zipped])
def test_an_archive_that_leads_out_of_its_folder(
    make: Callable[[Path, dict[str, bytes]], str], name: str, tmp_path: Path, cache: Path
) -> None:
    uri = make(tmp_path / "evil.bin", {"good": TEXT, name: TEXT})
    with pytest.raises(ValueError, match="not unpacked"):
        get_file("x", uri, extract=True)
    assert [path.name for path in (cache / "datasets").iterdir()] == ["x_archive"]
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside"])
def test_links_that_lead_out(target: str, tmp_path: Path) -> None:
    uri = tar(tmp_path / "evil.tar", {}, ("link", target), "w")
    with pytest.raises(ValueError, match="not unpacked"):
        get_file("x", uri, extract=True)


def test_an_archive_is_not_opened_before_its_hash_is_checked(tmp_path: Path, cache: Path) -> None:
    uri = tar(tmp_path / "data.tgz", {"a": TEXT})
    with pytest.raises(ValueError, match="sha256"):
        get_file("x", uri, extract=True, file_hash="0" * 64)
    assert list((cache / "datasets").iterdir()) == []


# --- pickles


class Evil:
    def __init__(self, call: Callable[..., Any], *args: Any) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> Any:
        return self.call, self.args


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize(
    "value",
    [
        Evil(os.system, "touch evil"),
        {"data": Evil(eval, "1 + 1")},
        [Evil(getattr, [], "append")],
        np.float64(1.0),  # names numpy's scalar
        Evil(np.load, "x"),
    ],
)
def test_pickles_that_call_something_are_refused(value: object, protocol: int, tmp_path: Path) -> None:
    content = pickle.dumps(value, protocol)
    with pytest.raises(pickle.UnpicklingError, match="Expected arrays"):
        unpickle(io.BytesIO(content))
    array = np.empty(1, object)
    array[0] = value
    np.savez(tmp_path / "x.npz", x=array)
    with pytest.raises(pickle.UnpicklingError, match="Expected arrays"):
        read_lists(str(tmp_path / "x.npz"))
    assert not Path("evil").exists()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="uint8").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.array([True, False]),
    ],
)
def test_pickled_arrays(array: Array) -> None:
    for protocol in (3, 4):
        for found in (
            unpickle(io.BytesIO(pickle.dumps(array, protocol))),
            unpickle(io.BytesIO(pickle.dumps({b"x": array}, protocol)))["x"],
        ):
            assert found.dtype == array.dtype.newbyteorder("=")  # as in Keras, the order of the machine
            assert np.array_equal(found, array)


def test_arrays_that_python_2_pickled() -> None:
    """The pictures of CIFAR are such files, with the numbers 0 and 1 where today False and True are."""
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(K\x02K\x03tcnumpy\ndtype\n"
    array += b"(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    array += b"U\x06\x00\x01\x02\x03\x04\x05tb"
    found = unpickle(io.BytesIO(b"\x80\x02}U\x04data" + array + b"s."))["data"]
    assert found.dtype == "uint8"
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]


def objects(*items: Any) -> Array:
    array = np.empty(len(items), object)
    array[:] = items
    return array


def test_arrays_of_lists(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=objects([1, 2], [3]), same=objects([1, 2], [3, 4]), y=np.array([0, 1]))
    found = read_lists(str(tmp_path / "x.npz"))
    assert {name: array.tolist() for name, array in found.items()} == {
        "x": [[1, 2], [3]],
        "same": [[1, 2], [3, 4]],
        "y": [0, 1],
    }
    assert found["same"].shape == (2,)


# --- data sets


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the data sets come from a folder, under the names they have where Keras keeps them, with any hash."""
    folder = tmp_path / "shelf"
    folder.mkdir()

    def fetch(fname: str, origin: str, file_hash: str | None = None, **arguments: Any) -> str:
        path = folder / origin.rpartition("/")[2]
        known = hashlib.sha256(path.read_bytes()).hexdigest()
        assert file_hash
        assert len(file_hash) in (32, 64)
        return get_file(fname, path.as_uri(), file_hash=known, **arguments)

    monkeypatch.setattr(base, "get_file", fetch)
    return folder


def test_digits(shelf: Path) -> None:
    x, y = np.arange(2 * 784, dtype="uint8").reshape(2, 28, 28), np.array([5, 0], "uint8")
    np.savez(shelf / "mnist.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
    assert np.array_equal(x_train, x)
    assert np.array_equal(y_test, [5])
    assert (x_test.shape, y_train.dtype) == ((1, 28, 28), np.dtype("uint8"))


def test_clothes(shelf: Path, cache: Path) -> None:
    for part, n in (("train", 3), ("t10k", 2)):
        images = bytes([0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(range(n)) + bytes(n * 784 - n)
        labels = bytes([0, 0, 8, 1, 0, 0, 0, n]) + bytes(range(n))
        (shelf / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (shelf / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    (x_train, y_train), (x_test, y_test) = datasets.fashion_mnist.load_data()
    assert (x_train.shape, x_test.shape, x_train.dtype) == ((3, 28, 28), (2, 28, 28), np.dtype("uint8"))
    assert x_train[0, 0, :4].tolist() == [0, 1, 2, 0]
    assert (y_train.tolist(), y_test.tolist()) == ([0, 1, 2], [0, 1])
    assert len(list((cache / "datasets" / "fashion-mnist").iterdir())) == 4


def test_houses(shelf: Path) -> None:
    for name, n in (("boston_housing.npz", 10), ("california_housing.npz", 700)):
        np.savez(shelf / name, x=np.arange(float(2 * n)).reshape(n, 2), y=np.arange(float(n)))
    (x_train, y_train), (x_test, y_test) = datasets.boston_housing.load_data(test_split=0.3, seed=1)
    assert (len(x_train), len(x_test)) == (7, 3)
    assert np.array_equal(x_train[:, 0], y_train * 2)
    assert sorted([*y_train, *y_test]) == list(range(10))
    (x_train, _), (x_test, y_test) = datasets.california_housing.load_data("small")
    assert (len(x_train), len(x_test)) == (480, 120)
    assert y_test.max() < 600
    assert len(datasets.california_housing.load_data()[0][0]) == 560


def test_texts(shelf: Path) -> None:
    x = objects([1, 2], [3], [1, 4, 5])
    np.savez(shelf / "imdb.npz", x_train=x, y_train=np.arange(3), x_test=x[:2], y_test=np.arange(2))
    np.savez(shelf / "reuters.npz", x=x, y=np.arange(3))
    (shelf / "imdb_word_index.json").write_text(json.dumps({"the": 1, "é": 2}))
    (shelf / "reuters_word_index.json").write_text(json.dumps({"the": 1}))
    (x_train, y_train), (x_test, _) = datasets.imdb.load_data(num_words=7)
    for text, label in zip(x_train, y_train, strict=True):
        assert text == {0: [1, 4, 5], 1: [1, 6], 2: [1, 4, 2, 2]}[int(label)]
    assert len(x_test) == 2
    (x_train, y_train), (x_test, y_test) = datasets.reuters.load_data(
        start_char=None, index_from=0, oov_char=None, num_words=5, skip_top=2, test_split=0.5
    )
    for text, label in zip([*x_train, *x_test], [*y_train, *y_test], strict=True):
        assert text == {0: [2], 1: [3], 2: [4]}[int(label)]
    assert datasets.imdb.get_word_index() == {"the": 1, "é": 2}
    assert datasets.reuters.get_word_index() == {"the": 1}
    names = datasets.reuters.get_label_names()
    assert (len(names), len(set(names))) == (46, 46)
    (x_train, y_train), _ = datasets.imdb.load_data(index_from=None, start_char=None)  # the largest word is left out
    for text, label in zip(x_train, y_train, strict=True):
        assert text == {0: [1, 2], 1: [3], 2: [1, 4, 2]}[int(label)]
    with pytest.raises(ValueError, match="maxlen=1"):
        datasets.imdb.load_data(maxlen=1)


def test_pictures(shelf: Path) -> None:
    def batch(n: int, **labels: list[int]) -> bytes:
        data = np.arange(n * 3072, dtype="uint8").reshape(n, 3072)
        return pickle.dumps({b"data": data, **{k.encode(): v for k, v in labels.items()}}, 3)

    ten = {f"cifar-10-batches-py/data_batch_{i}": batch(2, labels=[i, 0]) for i in range(1, 6)}
    tar(shelf / "cifar-10-python.tar.gz", {**ten, "cifar-10-batches-py/test_batch": batch(1, labels=[9])})
    hundred = {name: batch(n, fine_labels=[99] * n, coarse_labels=[19] * n) for name, n in (("train", 2), ("test", 1))}
    tar(shelf / "cifar-100-python.tar.gz", {f"cifar-100-python/{name}": b for name, b in hundred.items()})
    (x_train, y_train), (x_test, y_test) = datasets.cifar10.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape) == ((10, 32, 32, 3), (10, 1), (1, 32, 32, 3))
    assert y_train.ravel().tolist() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]
    assert (x_train.dtype, y_train.dtype, y_test.tolist()) == (np.dtype("uint8"), np.dtype("uint8"), [[9]])
    assert x_train[0, 1, 2].tolist() == [(32 + 2 + c * 1024) % 256 for c in range(3)]
    assert datasets.cifar100.load_data()[0][1].tolist() == [[99], [99]]
    assert datasets.cifar100.load_data("coarse")[1][1].tolist() == [[19]]
    keras.config.set_image_data_format("channels_first")
    try:
        assert datasets.cifar10.load_data()[0][0].shape == (10, 3, 32, 32)
    finally:
        keras.config.set_image_data_format("channels_last")


@pytest.mark.parametrize(
    "call",
    [
        lambda: datasets.boston_housing.load_data(test_split=1.0),
        lambda: datasets.california_housing.load_data(test_split=-0.1),
        lambda: datasets.california_housing.load_data("medium"),  # type: ignore[arg-type]
        lambda: datasets.cifar100.load_data("middle"),  # type: ignore[arg-type]
        lambda: datasets.mnist.load_data("../mnist.npz"),
    ],
)
def test_wrong_uses(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        call()


def test_a_data_set_with_another_hash_is_not_read(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cache / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, x_train=np.zeros(1))
    monkeypatch.setattr(base, "_ORIGIN", "http://127.0.0.1:1/")
    with pytest.raises(OSError, match=r"mnist.npz \(its sha256 must be 731c5ac6"):
        datasets.mnist.load_data()
