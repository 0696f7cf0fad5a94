"""Files made to do harm: each ends in one FileError, and costs next to nothing."""

import io
import json
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras.saving import hdf5
from minikeras.saving.archive import Archive
from minikeras.saving.hdf5 import Group, open_hdf5
from minikeras.saving.npz import read_arrays
from minikeras.saving.source import FileError, Source, open_source
from minikeras.saving.strict_json import read_json

FILES = Path(__file__).parents[1] / "data" / "files"
ARCHIVE = (FILES / "keras-3.15.1-sequential.keras").read_bytes()
WEIGHTS = (FILES / "keras-3.15.1-functional.weights.h5").read_bytes()


def cheap(load: Callable[[], object], match: str, megabytes: float = 60) -> None:
    """Assert that loading ends in a FileError of few words, and takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=match) as caught:
            load()
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 2000
    assert isinstance(caught.value, ValueError)


def walk(group: Group) -> int:
    """Read everything below a group, as a loader does that trusts nothing."""
    count = len(group.attrs)
    for name in group:
        child = group[name]
        count += walk(child) if isinstance(child, Group) else child.read().size
    return count


# --- the outer file -------------------------------------------------------------------------------------------------


def members(data: bytes = ARCHIVE) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content: dict[str, bytes], method: int = 0, more: Callable[[zipfile.ZipFile], None] | None = None) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        warnings.simplefilter("ignore")
        for name, data in content.items():
            archive.writestr(name, data)
        if more:
            more(archive)
    return buffer.getvalue()


def patched(data: bytes, magic: bytes, offset: int, new: bytes, last: bool = False) -> bytes:
    at = (data.rfind(magic) if last else data.find(magic)) + offset
    return data[:at] + new + data[at + len(new) :]


def linked(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("assets/link")
    entry.external_attr = 0o120777 << 16
    archive.writestr(entry, "/etc/passwd")


CONFIG = members()["config.json"]
OUTER = {
    "nothing": (b"", "neither a .keras archive nor HDF5"),
    "a letter": (b"P", "neither"),
    "not a zip": (b"PK\3\4" + b"x" * 100, "no zip archive"),
    "cut short": (ARCHIVE[:-30], "no zip archive"),
    "followed by something": (ARCHIVE + b"x", "no zip archive"),
    "preceded by something": (b"PK" + ARCHIVE, "does not fit"),
    "no configuration": (packed({"metadata.json": b"{}"}), "no such member"),
    "an unknown member": (packed(members() | {"run.py": b""}), "does not belong in such a file"),
    "an absolute name": (packed(members() | {"/assets/x": b""}), "none of such|not allowed"),
    "a way out": (packed(members() | {"assets/../../x": b""}), "not allowed"),
    "a way out, on Windows": (packed(members() | {"assets/..\\x": b""}), "not allowed|none of such"),
    "twice": (packed(members(), more=lambda a: a.writestr("config.json", CONFIG)), "occurs twice"),
    "a link": (packed(members(), more=linked), "no regular file"),
    "encrypted": (patched(ARCHIVE, b"PK\1\2", 8, b"\1\0"), "encrypted"),
    "another method": (packed(members(), zipfile.ZIP_BZIP2), "not supported"),
    "a wrong checksum": (patched(ARCHIVE, b"PK\1\2", 16, b"0000", last=True), "checksum is wrong"),
    "a member of another name": (patched(ARCHIVE, b"PK\3\4", 30, b"M"), "contradicts the directory"),
    "members in one place": (patched(ARCHIVE, b"PK\1\2", 42, b"\0\0\0\0", last=True), "overlap|contradicts"),
    "a size that is none": (patched(ARCHIVE, b"PK\1\2", 24, b"\xff\xff\xff\x7f", last=True), "contradict"),
    "a million members": (patched(ARCHIVE, b"PK\5\6", 8, b"\xff\xff\xff\xff"), "goes beyond"),
}


@pytest.mark.parametrize("name", OUTER)
def test_outer_file(name: str, tmp_path: Path) -> None:
    data, match = OUTER[name]
    cheap(lambda: keras.models.load_model(io.BytesIO(data)), match)
    path = tmp_path / "model.keras"
    path.write_bytes(data)
    cheap(lambda: keras.models.load_model(path), match)


def test_a_bomb_is_not_inflated() -> None:
    bomb = packed(members() | {"config.json": b" " * 220_000_000}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2_000_000
    cheap(lambda: keras.models.load_model(io.BytesIO(bomb)), "more than|out of proportion")
    whole = Archive(Source(packed({"a": b"\0" * 220_000_000}, 8), "bomb"), "a")
    cheap(lambda: whole.open("a"), "out of proportion")
    lying = patched(packed({"a": b"\0" * 10_000_000}, 8), b"PK\1\2", 24, struct.pack("<I", 1000))
    cheap(lambda: Archive(Source(lying, "bomb"), "a").open("a"), "does not inflate to 1000 bytes", 1)
    cheap(lambda: open_hdf5(b"\x89HDF\r\n\x1a\n"), "beyond its block")


def test_only_regular_files(tmp_path: Path) -> None:
    cheap(lambda: open_source(tmp_path).__enter__(), "only regular files")
    cheap(lambda: open_source("/dev/zero").__enter__(), "only regular files")


# --- JSON -----------------------------------------------------------------------------------------------------------

TEXTS = {
    "no JSON": (b"{", "no JSON"),
    "no object": (b"[1]", "not an object"),
    "not UTF-8": (b'{"a": "\xff"}', "UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "UTF-8"),
    "half a character": (rb'{"a": "\ud800"}', "UTF-8"),
    "a name twice": (b'{"a": 1, "a": 2}', "twice"),
    "too large a number": (b'{"a": 1e999}', "too large"),
    "too long a number": (b'{"a": ' + b"9" * 10_000 + b"}", "no JSON|digits"),
    "deep": (b'{"a":' * 100_000, "levels deep"),
    "deep in lists": (b"[" * 250_000, "levels deep"),
    "deep after a text with brackets": (b'{"]]]\\"]]]":' + b"[" * 300 + b"]" * 300 + b"}", "levels deep"),
    "many values": (b'{"a": [' + b"1," * 1_000_001 + b"1]}", "more than 1000000 values"),
    "many empty lists": (b'{"a": [' + b"[]," * 1_000_001 + b"1]}", "more than 1000000 values"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_json(name: str) -> None:
    text, match = TEXTS[name]
    cheap(lambda: read_json(text, "model.keras"), match)
    cheap(lambda: keras.models.load_model(io.BytesIO(packed(members() | {"config.json": text}))), match)


def test_json_that_is_sound() -> None:
    deep: Any = 1
    for _ in range(199):
        deep = [deep]
    text = {"a": deep, "b": [1.5, -2, None, True, 'é😀"[{'], "c": {}}
    assert read_json(json.dumps(text).encode(), "x") == text
    assert read_json(json.dumps(text, ensure_ascii=False).encode(), "x") == text


# --- configurations -------------------------------------------------------------------------------------------------


def configured(change: Callable[[Any], None]) -> io.BytesIO:
    """Return the archive with its configuration changed."""
    config = json.loads(CONFIG)
    change(config)
    return io.BytesIO(packed(members() | {"config.json": json.dumps(config).encode()}))


def dense(**arguments: Any) -> io.BytesIO:
    """Return the archive with other arguments of its dense layer."""
    return configured(lambda config: config["config"]["layers"][-1]["config"].update(arguments))


MARSHAL = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}


def described(module: str, name: str, config: Any = None, registered: str | None = None) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config or {}, "registered_name": registered}


FORBIDDEN: dict[str, tuple[str, Any, str]] = {
    "text": ("units", "3", "takes no units='3'"),
    "below zero": ("units", -1, "units"),
    "a fraction": ("units", 1e99, "takes no units"),
    "a truth value": ("units", True, "takes no units=True"),
    "nothing": ("units", None, "takes no units=None"),
    "very much": ("units", 10**12, "more numbers than the file holds"),
    "a layer": ("activation", described("keras.layers", "Dense", {"units": 1}), "Dense"),
    "a loss": ("kernel_initializer", described("keras.losses", "MeanSquaredError"), "MeanSquaredError"),
    "a function of a module": ("activation", described("os", "function", "system", "system"), "system"),
    "a function's address": ("activation", "os.system", "os.system"),
    "code": ("activation", MARSHAL, "cannot be loaded"),
    "a class of a module": ("kernel_regularizer", described("subprocess", "Popen", {"args": "true"}), "Popen"),
    "a name for a built-in": ("bias_initializer", described("keras.initializers", "Zeros", {}, "My>Zeros"), "Zeros"),
    "a module for a built-in": ("bias_initializer", described("evil", "Zeros"), "Zeros"),
    "no array": ("kernel_initializer", described("keras.initializers", "Constant", {"value": "x"}), "takes no value"),
    "quantization": ("quantization_config", described("keras.quantizers", "Int8"), "quantiz|Int8"),
    "a policy of much": (
        "dtype",
        described("keras", "DTypePolicy", {"name": "float32", "bits": 3}),
        "no other settings",
    ),
    "a policy that is a layer": ("dtype", described("keras", "Dense", {"name": "float32"}), "Dense"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_arguments(name: str) -> None:
    key, value, match = FORBIDDEN[name]
    for safe in (True, False):
        cheap(partial(keras.models.load_model, dense(**{key: value}), safe_mode=safe), match)


def test_lambda_layers() -> None:
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l", "function": MARSHAL}}
    for safe in (True, False):
        file = configured(lambda config: config["config"]["layers"].append(layer))
        cheap(partial(keras.models.load_model, file, safe_mode=safe), "Lambda|lambda")


@pytest.mark.parametrize(("count", "match"), [(4 * 10**5, "more than"), (10**4, "loop of calls|too much time")])
def test_very_many_connections(count: int, match: str) -> None:
    data = (FILES / "keras-3.15.1-functional.keras").read_bytes()
    config = json.loads(members(data)["config.json"])
    layer = next(layer for layer in config["config"]["layers"] if layer["name"] == "normal")
    layer["inbound_nodes"] = ["..."]
    call = (
        b'{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["normal", 9, 0]}}], "kwargs": {}}'
    )
    text = json.dumps(config).encode().replace(b'"..."', b",".join([call] * count))
    file = packed(members(data) | {"config.json": text}, 8)
    with pytest.raises(FileError, match=match):
        keras.models.load_model(io.BytesIO(file))


def test_very_many_layers() -> None:
    def change(config: Any) -> None:
        layers = config["config"]["layers"]
        layers[1:] = [described("keras.layers", "Flatten", {"name": f"f{i}"}) for i in range(9000)]

    with pytest.raises(FileError, match="too much time or memory"):
        keras.models.load_model(configured(change))


@pytest.mark.parametrize("training", [-1, "", [True], 10**12])
def test_a_call_in_training_that_is_neither_true_nor_false(training: Any) -> None:
    data = (FILES / "keras-3.15.1-functional.keras").read_bytes()
    config = json.loads(members(data)["config.json"])
    layer = next(layer for layer in config["config"]["layers"] if layer["name"] == "normal")
    layer["inbound_nodes"][0]["kwargs"]["training"] = training
    file = io.BytesIO(packed(members(data) | {"config.json": json.dumps(config).encode()}))
    cheap(lambda: keras.models.load_model(file), "must be true, false or null")


@pytest.mark.parametrize("history", [["x", 0, 0], ["out", 0, 0], ["merge", 7, 0], ["merge", 0, -1], [[], {}, None]])
def test_connections_that_lead_nowhere(history: Any) -> None:
    data = (FILES / "keras-3.15.1-functional.keras").read_bytes()
    config = json.loads(members(data)["config.json"])
    layer = next(layer for layer in config["config"]["layers"] if layer["name"] == "normal")
    layer["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = history
    file = io.BytesIO(packed(members(data) | {"config.json": json.dumps(config).encode()}))
    cheap(lambda: keras.models.load_model(file), "cannot be loaded")


def test_a_call_without_its_connection() -> None:
    data = (FILES / "keras-3.15.1-functional.keras").read_bytes()
    config = json.loads(members(data)["config.json"])
    layer = next(layer for layer in config["config"]["layers"] if layer["name"] == "normal")
    layer["inbound_nodes"][0]["args"][0]["config"] = {}
    file = io.BytesIO(packed(members(data) | {"config.json": json.dumps(config).encode()}))
    cheap(lambda: keras.models.load_model(file), "what it describes cannot be made, KeyError: 'keras_history' .at Func")


# --- HDF5 -----------------------------------------------------------------------------------------------------------

h5py = pytest.importorskip("h5py")


def written(fill: Callable[[Any], object], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def circle() -> bytes:
    """Return a file with a B-tree whose node is its own child; libhdf5 overflows its stack on it."""
    at = WEIGHTS.find(b"TREE")
    own = struct.pack("<Q", at)
    return WEIGHTS[: at + 5] + b"\1" + WEIGHTS[at + 6 : at + 32] + own + WEIGHTS[at + 40 :]


def chunk(content: bytes, size: int = 100) -> bytes:
    """Return a file with an array in one compressed piece of such a content."""

    def fill(file: Any) -> None:
        data = file.create_dataset("a", shape=(size,), dtype="u1", chunks=(size,), compression="gzip")
        data.id.write_direct_chunk((0,), content)

    return written(fill)


def huge(file: Any) -> None:
    file.create_dataset("a", shape=(10**9,), dtype="f4", chunks=(100,), compression="gzip")


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "a", shape=(4,))
    file.create_virtual_dataset("a", layout)


def deep(file: Any) -> None:
    for _ in range(200):
        file = file.create_group("g")


def knot(file: Any) -> None:
    file.create_group("a")["back"] = file["/"]


def repeated(file: Any) -> None:
    file["a"] = np.zeros(10_000, "u1")
    for i in range(1000):
        file[f"b{i}"] = file["a"]


def many_messages() -> bytes:
    """Return a file whose root has a header of nothing but ten thousand empty messages."""
    prefix = b"\x89HDF\r\n\x1a\n\2\x08\x08\0" + struct.pack("<QQQQ", 0, 2**64 - 1, 40_100, 48) + bytes(4)
    return prefix + b"OHDR\2\2" + struct.pack("<I", 40_000) + bytes(40_042)


HDF5: dict[str, tuple[Callable[[], bytes], str]] = {
    "a circle": (circle, "circle|wrong level"),
    "a short piece": (lambda: chunk(zlib.compress(b"\1" * 99)), "does not inflate to 100"),
    "a long piece": (lambda: chunk(zlib.compress(b"\1" * 101)), "does not inflate to 100"),
    "a bomb": (lambda: chunk(zlib.compress(b"\1" * 100_000_000, 1)), "does not inflate to 100"),
    "two streams": (lambda: chunk(zlib.compress(b"\1" * 100) + b"more"), "does not inflate to 100"),
    "no stream": (lambda: chunk(b"\1" * 100), "cannot be inflated"),
    "few bytes for many": (lambda: chunk(zlib.compress(b"\1"), 10**7), "cannot be stored"),
    "a huge shape": (lambda: written(huge), "there cannot be 10000000 chunks"),
    "a huge shape, latest": (lambda: written(huge, libver="latest"), "there cannot be|not stored"),
    "nothing stored": (lambda: written(lambda f: f.create_dataset("a", shape=(10**9,), dtype="f4")), "0 are stored"),
    "deep groups": (lambda: written(deep), "nested more than 100 deep"),
    "deep groups, latest": (lambda: written(deep, libver="latest"), "nested more than 100 deep"),
    "a group in itself": (lambda: written(knot), "nested more than 100 deep|circle"),
    "one array in many places": (lambda: written(repeated), "overlap"),
    "a soft link": (lambda: written(lambda f: f.update({"a": h5py.SoftLink("/b")})), "only hard links"),
    "an external link": (lambda: written(lambda f: f.update({"a": h5py.ExternalLink("x.h5", "/")})), "only hard links"),
    "external storage": (
        lambda: written(lambda f: f.create_dataset("a", (4,), "f4", external=[("/etc/passwd", 0, 16)])),
        "data in other files",
    ),
    "a virtual array": (lambda: written(virtual, libver="latest"), "layout class 3"),
    "texts": (lambda: written(lambda f: f.update({"a": ["x", "y"]})), "strings are not supported"),
    "compounds": (lambda: written(lambda f: f.update({"a": np.zeros(3, "f4,i4")})), "'compound'"),
    "references": (lambda: written(lambda f: f.create_dataset("a", (2,), h5py.ref_dtype)), "'reference'"),
    "opaque bytes": (lambda: written(lambda f: f.update({"a": np.zeros(3, "V2")})), "opaque"),
    "another filter": (
        lambda: written(lambda f: f.create_dataset("a", data=np.arange(100), chunks=(50,), compression="lzf")),
        "filters .* are not supported",
    ),
    "an unknown filter": (
        lambda: written(lambda f: f.create_dataset("a", data=np.arange(9.0), chunks=(9,), fletcher32=True)),
        r"filters \[3\] are not supported",
    ),
    "no truth": (
        lambda: patched(written(lambda f: f.update({"a": np.array([True, False] * 8)})), b"\1\0" * 8, 3, b"\2"),
        "neither 0 nor 1",
    ),
    "many messages": (many_messages, "more than 2000 messages"),
    "cut short": (lambda: WEIGHTS[:-1], "should have"),
    "no HDF5": (lambda: b"\x89HDF" + bytes(200), "no HDF5 file"),
}  # fmt: skip


@pytest.mark.parametrize("name", HDF5)
def test_hdf5(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "MAX_MESSAGES", 2000)  # of 100,000, which take seconds to read
    make, match = HDF5[name]
    data = make()
    cheap(lambda: walk(open_hdf5(data)), match)
    path = tmp_path / "model.weights.h5"
    path.write_bytes(data)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    before = model.get_weights()
    cheap(lambda: model.load_weights(path), "cannot be loaded")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


# --- npz ------------------------------------------------------------------------------------------------------------


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data


def head(descr: str = "'<f4'", order: str = "False", shape: str = "(3,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


NPZ = {
    "objects": npy(head("'|O'"), bytes(24)),
    "code": npy(head("__import__('os').system('true')"), bytes(12)),
    "more numbers than bytes": npy(head(shape="(1000000000, 1000000000)")),
    "fewer numbers than bytes": npy(head(), bytes(13)),
    "below zero": npy(head(shape="(-3,)"), bytes(12)),
    "nothing of much": npy(head(shape="(0, 999999999999999999)")),
    "texts": npy(head("'<U3'"), bytes(36)),
    "fields": npy(head("[('a', '<f4')]"), bytes(12)),
    "brackets": npy("(" * 60_000),
    "no truth": npy(head("'|b1'"), b"\1\0\2"),
    "no header": b"\x93NUMPY",
    "another magic": b"pickle",
}


@pytest.mark.parametrize("name", NPZ)
def test_npz(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(packed({"a.npy": NPZ[name]}))
    cheap(lambda: read_arrays(path), "array|truth|expected|fit")
    path.write_bytes(packed({"a.npy": npy(head(), np.arange(3, dtype="f4").tobytes())}))
    assert read_arrays(path)["a"].tolist() == [0, 1, 2]


def test_messages_are_short_and_printable() -> None:
    error = FileError("a" * 5000, "\n\0\x1b[31m" * 1000, "é" * 5000)
    assert len(str(error)) < 2000
    assert str(error).isprintable()
