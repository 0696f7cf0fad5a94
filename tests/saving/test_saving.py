"""Weights in .npz files: written whole, read back checked."""

import errno
import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minikeras as keras
from minikeras.layers import Dense
from minikeras.saving import load_weights, save_weights


def net(units: int = 3, inputs: int = 2) -> keras.Sequential:
    return keras.Sequential([keras.Input((inputs,)), Dense(units, bias_initializer="random_normal"), Dense(1)])


def same(a: keras.Layer, b: keras.Layer) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def test_weights_come_back_whatever_the_layers_are_called(tmp_path: Path) -> None:
    first, second = net(), net()
    assert [v.path for v in first.weights] != [v.path for v in second.weights]
    save_weights(first, tmp_path / "w.npz")
    load_weights(second, tmp_path / "w.npz")
    assert same(first, second)
    with np.load(tmp_path / "w.npz", allow_pickle=False) as file:
        assert file.files == [
            "000/sequential/dense/kernel",
            "001/sequential/dense/bias",
            "002/sequential/dense_1/kernel",
            "003/sequential/dense_1/bias",
        ]
        assert np.array_equal(file[file.files[0]], first.get_weights()[0])


def test_equal_names_stay_apart(tmp_path: Path) -> None:
    class Twins(keras.Layer):
        def build(self, input_shape: tuple[int, ...]) -> None:
            self.a = self.add_weight((), "ones", name="w")
            self.b = self.add_weight((), "zeros", name="w", dtype="int32", trainable=False)

    first, second = Twins(), Twins()
    first.build((1,))
    second.build((1,))
    second.set_weights([5.0, 6])
    save_weights(first, tmp_path / "w.npz")
    load_weights(second, tmp_path / "w.npz")
    assert [w.tolist() for w in second.get_weights()] == [1.0, 0]
    assert [w.dtype.name for w in second.get_weights()] == ["float32", "int32"]


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=12), st.sampled_from(["float32", "float64", "int32"]))
def test_any_shapes(tmp_path_factory: pytest.TempPathFactory, shapes: list[list[int]], dtype: str) -> None:
    class Many(keras.Layer):
        def build(self, input_shape: tuple[int, ...]) -> None:
            for shape in shapes:
                self.add_weight(tuple(shape), "random_uniform" if "float" in dtype else "ones", dtype=dtype)

    first, second = Many(), Many()
    first.build((1,))
    second.build((1,))
    path = tmp_path_factory.mktemp("many") / "w.npz"
    save_weights(first, path)
    load_weights(second, path)
    assert same(first, second)


def test_arrays_that_someone_else_saved(tmp_path: Path) -> None:
    first, second = net(), net()
    np.savez(tmp_path / "w.npz", *first.get_weights())
    load_weights(second, tmp_path / "w.npz")
    assert same(first, second)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: net(4),
            r"dense_2/kernel' has shape \(2, 4\) and dtype float32, the array '000/.*/dense/kernel' \(2, 3\)",
        ),
        (lambda: net(inputs=3), r"w.npz' cannot be loaded: The weights do not fit.*\(3, 3\).*No weight was set \(at"),
        (lambda: keras.Sequential([keras.Input((2,)), Dense(3)]), r"2 weights and 4 arrays.*dense_1/bias"),
        (
            lambda: keras.Sequential([keras.Input((2,)), Dense(3), Dense(1), Dense(1, name="more")]),
            r"6 weights and 4 arrays \(unmatched: sequential_1/more/kernel, sequential_1/more/bias\)",
        ),
        (lambda: keras.Sequential([Dense(3)]), "no weights yet"),
    ],
)
def test_what_does_not_fit_changes_nothing(tmp_path: Path, wrong: "type[keras.Sequential]", message: str) -> None:
    save_weights(net(), tmp_path / "w.npz")
    model = wrong()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        load_weights(model, tmp_path / "w.npz")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def optimized(trained: int) -> keras.Sequential:
    """Return a model of which one of two layers is trained, with the state of an optimizer."""
    model = keras.Sequential([keras.Input((4,)), Dense(3, use_bias=False), Dense(2, use_bias=False)])
    model.layers[1 - trained].trainable = False
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    return model


def test_the_state_of_an_optimizer_for_other_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    optimized(1).save_weights(path)
    other = optimized(0)
    before = [v.numpy() for v in (*other.weights, *other.optimizer.variables)]
    with pytest.raises(ValueError, match=r"of Adam 'adam_1' has shape \(4, 3\).*stored is \(3, 2\).*Nothing was set"):
        other.load_weights(path)
    after = [v.numpy() for v in (*other.weights, *other.optimizer.variables)]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    with pytest.warns(UserWarning, match="of Adam 'adam_1' has shape"):
        other.load_weights(path, skip_mismatch=True)


def test_weights_without_the_state_of_an_optimizer_leave_it_with_a_warning(tmp_path: Path) -> None:
    path, model = tmp_path / "model.weights.h5", optimized(0)
    plain = keras.Sequential([keras.Input((4,)), Dense(3, use_bias=False), Dense(2, use_bias=False)])
    plain.save_weights(path)
    with pytest.warns(UserWarning, match="'adam', because it has 4 variables whereas the saved optimizer has 0"):
        model.load_weights(path)
    assert int(model.optimizer.iterations) == 1
    assert np.array_equal(model.get_weights()[0], plain.get_weights()[0])


def test_the_state_of_another_optimizer_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    path, model = tmp_path / "model.weights.h5", optimized(0)
    other = keras.models.clone_model(model)
    other.compile(keras.optimizers.SGD(0.5), "mse")
    other.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    other.save_weights(path)
    with pytest.warns(UserWarning, match="because it has 4 variables whereas the saved optimizer has 2"):
        model.load_weights(path)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)


def test_skip_mismatch(tmp_path: Path) -> None:
    first = net()
    save_weights(first, tmp_path / "w.npz")
    other = keras.Sequential([keras.Input((2,)), Dense(3), Dense(5)])
    with pytest.warns(UserWarning, match=r"dense_3/kernel' has shape \(3, 5\)"):
        load_weights(other, tmp_path / "w.npz", skip_mismatch=True)
    assert np.array_equal(other.get_weights()[0], first.get_weights()[0])
    assert other.get_weights()[3].tolist() == [0.0] * 5


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 torn", b"\x93NUMPY"])
def test_files_of_another_kind(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"w\.npz' cannot be loaded"):
        load_weights(net(), path)


def test_a_torn_file(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    save_weights(net(), path)
    whole = path.read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 3):
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="cannot be loaded"):
            load_weights(net(), path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_weights(net(), path)


def test_no_code_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    np.savez(tmp_path / "w.npz", np.array([Evil()], dtype=object))
    with pytest.raises(ValueError, match="arrays of objects are not read"):
        load_weights(net(), tmp_path / "w.npz")
    assert not (tmp_path / "ran").exists()


def test_missing_and_existing_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz"):
        load_weights(net(), tmp_path / "nothing.npz")
    with pytest.raises(FileNotFoundError, match=r"no/such[^.]*\.\w+'"):
        save_weights(net(), tmp_path / "no" / "such" / "w.npz")
    path = tmp_path / "w.npz"
    first = net()
    save_weights(first, path)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save_weights(net(), path, overwrite=False)
    monkeypatch.setattr("sys.stdin", None)  # as in a service, or under pythonw
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save_weights(net(), path, overwrite=False)
    load_weights(second := net(), path)
    assert same(first, second)
    save_weights(net(), path)
    with pytest.raises(ValueError, match=r"must end in one of .*'\.npz'"):
        save_weights(first, tmp_path / "w.pickle")
    with pytest.raises(ValueError, match="no weights yet"):
        save_weights(keras.Sequential([Dense(1)]), path)


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, first = tmp_path / "w.npz", net()
    save_weights(first, path)

    def interrupted(file: object, **arrays: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_weights(net(), path)
    load_weights(second := net(), path)
    assert same(first, second)
    assert os.listdir(tmp_path) == ["w.npz"]


def test_the_state_as_a_tree() -> None:
    model = keras.Sequential([keras.Input((2,)), Dense(1, name="out")], name="net")
    model.compile(keras.optimizers.SGD(0.5, name="sgd"), "mse")
    tree = model.get_state_tree("numpy_array")
    assert sorted(tree) == [
        "metrics_variables",
        "non_trainable_variables",
        "optimizer_variables",
        "trainable_variables",
    ]
    assert tree["optimizer_variables"]["sgd"]["learning_rate"] == 0.5
    assert tree["metrics_variables"]["loss"].keys() == {"total", "count"}
    assert isinstance(model.get_state_tree()["trainable_variables"]["net"]["out"]["kernel"], keras.Tensor)
    model.set_state_tree({"trainable_variables": {"net": {"out": {"kernel": [[3], [4]]}}, "unknown": 1}})
    assert model.get_weights()[0].tolist() == [[3.0], [4.0]]
    model.set_state_tree(tree)
    wrong = {"trainable_variables": {"net": {"out": {"kernel": [[7], [8]], "bias": [1, 2, 3]}}}}
    with pytest.raises(ValueError, match=r"net/out/bias.*\(3,\). Nothing was set"):
        model.set_state_tree(wrong)
    assert np.array_equal(model.get_weights()[0], tree["trainable_variables"]["net"]["out"]["kernel"])
    wrong = {"trainable_variables": {"net": {"out": {"kernel": [[7], [8]], "bias": ["text"]}}}}
    with pytest.raises(ValueError, match="float32"):
        model.set_state_tree(wrong)
    assert np.array_equal(model.get_weights()[0], tree["trainable_variables"]["net"]["out"]["kernel"])
    with pytest.raises(ValueError, match="keys of a state tree"):
        model.set_state_tree({"weights": {}})
    with pytest.raises(ValueError, match="value_format"):
        model.get_state_tree("list")  # type: ignore[arg-type]
    twins = keras.Sequential([keras.Input((2,)), Dense(1)])
    twins.add_weight((), name="own")
    twins.add_weight((), name="own")
    with pytest.raises(ValueError, match="path"):
        twins.get_state_tree()


@keras.saving.register_keras_serializable("tests")
class Particular(keras.Sequential):
    """A model with a `compile` of its own."""

    def compile(self, rate: float, **options: Any) -> None:  # type: ignore[override]
        super().compile(keras.optimizers.SGD(rate), **options)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_compile_of_ones_own_is_not_run_on_loading(name: str, tmp_path: Path) -> None:
    x = np.ones((2, 3))
    model = Particular([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(0.5, loss="mse")
    model.fit(x, x[:, :1], verbose=0)
    model.save(tmp_path / name)
    with pytest.warns(UserWarning, match="because Particular has one of its own") as caught:
        loaded = keras.models.load_model(tmp_path / name)
    assert [w.filename for w in caught] == [__file__]
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_state_that_follows_from_weights_follows(tmp_path: Path) -> None:
    def scaled(adapt: bool) -> keras.Sequential:
        layer = keras.layers.Normalization()
        if adapt:
            layer.adapt(np.arange(12.0).reshape(4, 3))
        return keras.Sequential([keras.Input((3,)), layer])

    first, second, x = scaled(True), scaled(False), np.ones((1, 3), "float32")
    first.save_weights(tmp_path / "w.npz")
    second.load_weights(tmp_path / "w.npz")
    assert np.array_equal(second.predict(x, verbose=0), first.predict(x, verbose=0))


def test_arrays_of_other_kinds_are_refused(tmp_path: Path) -> None:
    model = net()
    for kind in ("complex64", "bool"):
        np.savez(tmp_path / "w.npz", *(w.astype(kind) for w in model.get_weights()))
        with pytest.raises(ValueError, match=f"and dtype float32, the array .* and {kind}"):
            model.load_weights(tmp_path / "w.npz")


def test_layers_are_not_skipped_by_order(tmp_path: Path) -> None:
    model = net()
    model.save_weights(tmp_path / "w.npz")
    with pytest.raises(ValueError, match=r"`objects_to_skip` is for files other than \.npz"):
        model.load_weights(tmp_path / "w.npz", objects_to_skip=model.layers)


@pytest.mark.parametrize("name", ["w.npz", "w.weights.h5", "w.keras", "w.h5"])
def test_complex_weights_come_back(name: str, tmp_path: Path) -> None:
    class Turning(keras.Layer):
        def build(self, input_shape: Any) -> None:
            self.add_weight(shape=(2,), dtype="complex64", initializer="zeros")

        def call(self, x: Any) -> Any:
            return x

    model = keras.Sequential([keras.Input((2,)), Turning()])
    model.set_weights([np.array([1 + 2j, 3j], "complex64")])
    getattr(model, "save" if name in ("w.keras", "w.h5") else "save_weights")(tmp_path / name)
    model.set_weights([np.zeros(2, "complex64")])
    model.load_weights(tmp_path / name)
    assert model.get_weights()[0].tolist() == [1 + 2j, 3j]


def test_paths_may_be_bytes(tmp_path: Path) -> None:
    model, folder = net(), os.fsencode(tmp_path)
    path: Any = folder + b"/model.keras"
    model.save(path)
    assert same(keras.models.load_model(path), model)
    weights: Any = folder + b"/model.weights.h5"
    model.save_weights(weights)
    model.load_weights(weights)
    (tmp_path / "text.keras").write_text("no model")
    for missing in ("none.keras", "text.keras"):
        with pytest.raises(ValueError, match=missing):
            keras.models.load_model(folder + b"/" + missing.encode())  # type: ignore[arg-type]


def test_threads_may_write_one_file(tmp_path: Path) -> None:
    path, models = tmp_path / "model.keras", [net() for _ in range(4)]

    def save_often(model: keras.Model) -> None:
        for _ in range(10):
            model.save(path)
            keras.models.load_model(path)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(save_often, models))
    assert os.listdir(tmp_path) == ["model.keras"]


def test_shards_that_cannot_all_be_written_leave_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, size = net(), 48 / 1024**3  # three files and their index
    path = tmp_path / "model.weights.json"
    model.save_weights(path, max_shard_size=size)
    old, files = model.get_weights(), sorted(os.listdir(tmp_path))
    assert len(files) > 2
    model.set_weights([w + 1 for w in old])
    numbers = iter(range(len(files)))  # of temporary files: that of the index is the first
    monkeypatch.setattr(os, "urandom", lambda size: bytes([next(numbers)] * size))
    (tmp_path / f"{bytes([len(files) - 1] * 8).hex()}.tmp").mkdir()  # in the way of the last
    with pytest.raises(OSError, match="tmp"):
        model.save_weights(path, max_shard_size=size)
    model.load_weights(path)
    assert all(map(np.array_equal, model.get_weights(), old))


def test_shards_of_two_savings_are_not_loaded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, size = net(), 48 / 1024**3
    path = tmp_path / "model.weights.json"
    model.save_weights(path, max_shard_size=size)
    model.set_weights([w + 1 for w in model.get_weights()])
    replace, calls = os.replace, iter([False, True])  # whether to stop at the first file, or at the second

    def interrupted(source: str, target: str) -> None:
        if next(calls):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.save_weights(path, max_shard_size=size)
    monkeypatch.undo()
    assert not [name for name in os.listdir(tmp_path) if name.endswith("tmp")]
    with pytest.raises(FileNotFoundError):
        model.load_weights(path)
    model.save_weights(path, max_shard_size=size)
    model.load_weights(path)


@pytest.mark.parametrize("blocked", ["file/model.keras", f"{'long' * 75}.keras", "folder.keras/../folder.keras"])
def test_what_cannot_be_written_is_told_by_the_name_that_was_given(blocked: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(OSError, match=rf": '{re.escape(str(tmp_path / blocked))}'$"):
        net().save(tmp_path / blocked)


@pytest.mark.skipif(not hasattr(os, "pathconf"), reason="Windows limits whole paths")
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")  # 255 nearly everywhere
    for ending, write in ((".keras", net().save), (".weights.h5", net().save_weights), (".npz", net().save_weights)):
        path = tmp_path / ("x" * (longest - len(ending)) + ending)
        write(path)
        net().load_weights(path)


def test_who_may_read_a_file_stays_also_on_a_mount_where_that_cannot_be_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    path = tmp_path / "model.npz"
    net().save_weights(path)
    path.chmod(0o600)
    net().save_weights(path)
    assert sys.platform == "win32" or path.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(os, "chmod", refuse)  # as of shared folders, whose files have one mode
    (tmp_path / "new.npz").touch()
    net().save_weights(tmp_path / "new.npz")
    load_weights(net(), tmp_path / "new.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is protected from root")
def test_a_protected_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    net().save(path)
    path.chmod(0o444)
    before = path.read_bytes()
    with pytest.raises(PermissionError):
        net().save(path)
    assert path.read_bytes() == before


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    device, link, loop = tmp_path / "null", tmp_path / "model.keras", tmp_path / "loop.keras"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except (AttributeError, PermissionError):
        pytest.skip("devices are made by root, on Unix")
    link.symlink_to(device)
    loop.symlink_to(loop)
    for path in (link, loop):
        with pytest.raises(OSError, match=path.name):
            net().save(path)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert loop.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["loop.keras", "model.keras", "null"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    os.mkfifo(path)
    with pytest.raises(OSError, match=rf"cannot be replaced by a file. Received: '{re.escape(str(path))}'"):
        net().save(path)
    assert path.is_fifo()
    assert os.listdir(tmp_path) == [path.name]


def test_a_full_disk_is_the_only_error(tmp_path: Path) -> None:
    code = """\
import resource, sys
import minikeras as keras
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(300)])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    model.save(sys.argv[1])
except OSError as error:
    print("too large")
"""
    pytest.importorskip("resource")
    command = [sys.executable, "-c", code, str(tmp_path / "model.keras")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("too large\n", "")
    assert os.listdir(tmp_path) == []


def test_an_error_while_a_file_is_written_keeps_its_words(tmp_path: Path) -> None:
    class Full(Dense):
        def save_own_variables(self, store: Any) -> None:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match=r"^the disk is full$"):
        keras.Sequential([keras.Input((2,)), Full(1)]).save(tmp_path / "model.keras")
