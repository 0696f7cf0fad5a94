"""`minikeras` and `python -m minikeras`: what files hold, predictions of tables, other formats."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import layers
from minikeras.__main__ import main
from minikeras._cli import commands

ROOT = Path(keras.__file__).parents[1]
FILES = ROOT / "tests/data/files"
X = np.random.default_rng(0).random((100, 4)).astype("float32")


def net(*, inputs: int = 4) -> keras.Sequential:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((inputs,), name="x"), layers.Dense(8, "relu"), layers.Dense(3, "softmax")])
    model.compile("adam", "mse")
    assert model.optimizer
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a model and its data, as CSV and .npy."""
    monkeypatch.chdir(tmp_path)
    net().save("net.keras")
    np.savetxt("x.csv", X, "%.9g", ",")
    np.save("x.npy", X)
    return tmp_path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process; the status, and what was printed to standard output and error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status: Any = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as error:
            status = error.code or 0
        return (status, *capsys.readouterr())

    return call


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}


def process(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "minikeras", *map(str, arguments)]
    options = {"capture_output": True, "text": True, "check": False, "env": ENVIRONMENT, **options}
    return subprocess.run(command, **options)


# --- which is what


def test_both_spellings_do_the_same(folder: Path) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]["scripts"]
    module, _, function = scripts["minikeras"].partition(":")
    wrapper = folder / "bin" / "minikeras"  # as pip writes it
    wrapper.parent.mkdir()
    wrapper.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    Path("script.py").write_text("import sys, keras\nprint(sys.argv, sys.path[0], keras.Model.__module__)\nsys.exit(7)")
    for status, *arguments in ((7, "script.py", "-h", "--version", "info"), (1, "predict", "net.keras", "nix.csv")):
        found = process(*arguments)
        again = subprocess.run([sys.executable, wrapper, *arguments], capture_output=True, text=True, env=ENVIRONMENT)
        assert found.returncode == again.returncode == status
        assert (found.stdout, found.stderr) == (again.stdout, again.stderr)
        if status == 7:
            assert found.stdout == f"{arguments} {folder} minikeras.models.model\n"


def test_a_command_s_word_is_no_script(run: Run, folder: Path) -> None:
    for name in ("info", "predict.py"):
        Path(name).write_text("print('a script')")
    assert "takes x" in run("info", "net.keras")[1]
    assert process("./info", "net.keras").stdout == "a script\n"
    assert process("predict.py").stdout == "a script\n"


def test_help_fits_a_terminal_and_names_every_option(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    texts = [run(*word, "--help")[1] for word in ([], ["info"], ["predict"], ["convert"])]
    for text in texts:
        assert text.startswith("usage: minikeras")
        assert max(map(len, text.splitlines())) <= 80
    assert all(word in texts[0] for word in ("info", "predict", "convert", "--keep-going", "--version", "Status"))
    assert all(option in texts[2] for option in ("--output", "--force", "--batch-size", "--header", "--quiet"))


def test_the_version_names_what_it_stands_on(run: Run) -> None:
    status, out, _ = run("--version")
    assert (status, out.split()[:2]) == (0, ["minikeras", keras.__version__])
    assert f"NumPy {np.__version__}" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: script"),
        (["inof", "net.keras"], "'inof' is neither a command nor a script"),
        (["net.keras"], "'net.keras' is neither a command nor a script"),
        (["--nix"], "required: script"),
        (["info"], "required: FILE"),
        (["info", "a", "b"], "unrecognized arguments: b"),
        (["predict", "net.keras", "x.csv", "-b", "many"], "invalid int value"),
        (["predict", "net.keras", "x.csv", "--out", "y.csv"], "unrecognized arguments: --out"),
    ],
)
def test_a_wrong_call_has_status_2_and_one_line(run: Run, arguments: list[str], words: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("minikeras")
    assert words in err
    assert "--help)" in err


def test_a_notebook_without_ipython_has_the_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minikeras.__main__.find_spec", lambda name: None)
    status, _, err = run("lesson.ipynb")
    assert (status, err.count("\n")) == (1, 1)
    assert 'pip install ".[notebook]"' in err


# --- info


@pytest.mark.parametrize("path", sorted(FILES.glob("*.*5")) + sorted(FILES.glob("*.keras")), ids=lambda path: path.name)
def test_info_of_files_of_every_keras(run: Run, path: Path) -> None:
    status, out, err = run("info", path)
    version = "2.2.4-tf" if path.name.startswith("tf-1.15") else path.name.split("-")[1]
    assert (status, err) == (0, "")
    assert f"{path.stat().st_size:,} bytes" in out.splitlines()[0]
    assert out.endswith("It loads.\n")
    if ".weights." in path.name:
        assert re.search(r"/vars/0  \(4, 3\)  float32", out)
    else:
        assert f"in the format of Keras {version}" in out.splitlines()[0]
        assert "layers." in path.name or "Total params" in out


def test_info_tells_what_a_model_takes(run: Run, folder: Path) -> None:
    _, out, _ = run("info", "net.keras")
    assert "a model" in out
    assert "takes x  (None, 4)  float32" in out
    assert "Optimizer params" in out


def test_info_of_weights_lists_them(run: Run, folder: Path) -> None:
    net().save_weights("net.npz")
    status, out, _ = run("info", "net.npz")
    assert status == 0
    assert re.search(r"kernel.npy  \(4, 8\)  float32\n", out)
    status, out, err = run("info", "net.npz", "--config")
    assert (status, out) == (1, "")
    assert "weights alone" in err


def test_info_goes_on_where_an_encoding_lacks_a_name_s_letters(folder: Path) -> None:
    model = keras.Sequential([keras.Input((2,), name="größe"), layers.Dense(1, name="层")], name="net")
    model.save("net.keras")
    model.save_weights("net.npz")
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "cp1252"}
    for file, *texts in (("net.keras", "? (Dense)", "takes größe"), ("net.npz", "000/net/?/kernel.npy  (2, 1)")):
        found = process("info", file, encoding="cp1252", env=environment)
        assert (found.returncode, found.stderr) == (0, "")
        assert all(text in found.stdout for text in texts)


def test_the_configuration_of_info_is_a_model_s(run: Run, folder: Path) -> None:
    status, out, _ = run("info", "net.keras", "--config")
    assert status == 0
    assert json.loads(out)["class_name"] == "Sequential"
    keras.models.model_from_json(out).summary(print_fn=lambda line: None)


def test_info_of_what_does_not_load_says_why(run: Run, folder: Path) -> None:
    data = Path("net.keras").read_bytes()
    Path("short.keras").write_bytes(data[:-40])
    Path("flipped.keras").write_bytes(data.replace(b'"units": 8', b'"units": 9'))
    Path("text.keras").write_text("no model")
    Path("empty.keras").write_bytes(b"")
    layer = type("Mine", (layers.Layer,), {"call": lambda self, x: x})
    keras.Sequential([keras.Input((2,)), layer(name="own")]).save("own.keras")
    for name, reason in [("short", "zip"), ("flipped", "checksum"), ("text", "neither HDF5"), ("empty", "neither HDF5"),
                         ("own", "does not know"), ("absent", "No such file")]:  # fmt: skip
        status, out, err = run("info", f"{name}.keras")
        assert (status, err.count("\n")) == (1, 1), name
        assert reason in err
        assert "It loads" not in out
    assert "a model" in run("info", "own.keras")[1]


def test_names_in_a_file_do_not_command_the_terminal(run: Run, folder: Path) -> None:
    keras.Sequential([keras.Input((2,)), layers.Dense(1, name="a\x1b[31mred")]).save("red.keras")
    _, out, _ = run("info", "red.keras")
    assert "\x1b" not in out
    assert "a?[31mred" in out
    _, _, err = run("info", "\x1b[31m")
    assert "\x1b" not in err


# --- predict


def expected(x: Any = X) -> Any:
    return net().predict(x, verbose=0)


@pytest.mark.parametrize("source", ["x.csv", "x.npy"])
@pytest.mark.parametrize("rows", [100, 32, 1])
def test_predictions_are_those_of_predict(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, source: str,
                                          rows: int) -> None:  # fmt: skip
    monkeypatch.setattr(commands, "NUMBERS", rows * 4)
    batch = min(rows, 32)
    status, out, err = run("predict", "net.keras", source, "-o", "y.npy", "-b", batch)
    assert (status, out) == (0, "")
    assert err.count("\n") == 1
    y = np.load("y.npy")
    assert (y.dtype, y.shape) == (np.float32, (100, 3))
    assert np.allclose(y, net().predict(X, batch_size=batch, verbose=0), rtol=0, atol=1e-6)
    assert batch == 1 or np.array_equal(y, expected())
    assert run("predict", "net.keras", source, "-o", "y.csv", "-b", batch, "-q") == (0, "", "")
    assert np.array_equal(np.loadtxt("y.csv", "float32", delimiter=","), y)
    status, out, _ = run("predict", "net.keras", source, "-b", batch)
    assert out == Path("y.csv").read_text("utf8")


def test_predictions_have_nowhere_to_go(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as in a service
    status, _, err = run("predict", "net.keras", "x.npy")
    assert (status, err.count("\n")) == (1, 1)
    assert "output is closed" in err


def test_results_hold_no_warnings(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as after 2>&-
    assert run("info", "none.keras") == (1, "", "")


def test_no_more_than_a_piece_is_in_memory(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    predict = keras.Sequential.predict

    def spy(self: keras.Sequential, x: Any, *args: Any, **kwargs: Any) -> Any:
        sizes.append(len(x))
        return predict(self, x, *args, **kwargs)

    monkeypatch.setattr(commands, "NUMBERS", 4 * 20)
    monkeypatch.setattr(keras.Sequential, "predict", spy)
    for source in ("x.csv", "x.npy"):
        sizes.clear()
        assert run("predict", "net.keras", source, "-o", "y.csv", "-b", 8, "--force")[0] == 0
        assert sizes == [16] * 6 + [4]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_header_comes_with_a_header(run: Run, folder: Path, delimiter: str) -> None:
    np.savetxt("h.csv", X, "%.9g", delimiter, header=delimiter.join(["length", '"a, b"', "c", ""]), comments="\ufeff",
               encoding="utf8")  # fmt: skip
    _, out, _ = run("predict", "net.keras", "h.csv", "-q")
    top, _, rest = out.partition("\n")
    assert top == "output_0,output_1,output_2"
    assert np.array_equal(np.loadtxt(io.StringIO(rest), "float32", delimiter=","), expected())
    status, out, err = run("predict", "net.keras", "h.csv", "-q", "--no-header")
    assert (status, out) == (1, "")
    assert "line 1: could not convert string to float: 'length'" in err
    assert run("predict", "net.keras", "x.csv", "-q", "--header")[1].count("\n") == 100  # a line less, and the names


@pytest.mark.parametrize("rows", ["", "1,2,3,x\n"])
def test_no_header_comes_before_an_error(rows: str, run: Run, folder: Path) -> None:
    Path("h.csv").write_text("p,q,r,s\n" + rows)
    assert run("predict", "net.keras", "h.csv", "-q")[:2] == (1, "")


def test_several_inputs_and_outputs_stand_side_by_side(run: Run, folder: Path) -> None:
    b, a = keras.Input((1,), name="b"), keras.Input((3,), name="a")
    model = keras.Model({"b": b, "a": a}, {"z": layers.Dense(1, name="z")(a), "y": layers.Dense(2, name="y")(b)})
    model.save("two.keras")
    Path("h.csv").write_text("p,q,r,s\n" + Path("x.csv").read_text("utf8"))
    y = model.predict({"a": X[:, :3], "b": X[:, 3:]}, verbose=0)
    _, out, _ = run("predict", "two.keras", "h.csv", "-q")
    assert out.startswith("y_0,y_1,z\n")
    assert np.allclose(np.loadtxt(io.StringIO(out), delimiter=",", skiprows=1), np.hstack([y["y"], y["z"]]), atol=1e-6)
    run("predict", "two.keras", "x.npy", "-q", "-o", "y.npy")
    assert np.array_equal(np.load("y.npy"), np.hstack([y["y"], y["z"]]))


def test_rows_get_the_shape_that_the_model_takes(run: Run, folder: Path) -> None:
    model = keras.Sequential([keras.Input((2, 3, 1)), layers.Conv2D(2, 2)])
    model.save("conv.keras")
    x = np.random.default_rng(1).random((10, 6)).astype("float32")
    y = model.predict(x.reshape(10, 2, 3, 1), verbose=0)
    np.savetxt("flat.csv", x, "%.9g", ",")
    for name, array in (("flat", x), ("plane", x.reshape(10, 2, 3)), ("whole", x.reshape(10, 2, 3, 1))):
        np.save(f"{name}.npy", array)
        assert run("predict", "conv.keras", f"{name}.npy", "-q", "-o", f"{name}-y.npy")[0] == 0
        assert np.array_equal(np.load(f"{name}-y.npy"), y)
    assert run("predict", "conv.keras", "flat.csv", "-q")[1].count(",") == 10 * 3
    np.save("turned.npy", x.reshape(10, 3, 2))
    status, _, err = run("predict", "conv.keras", "turned.npy")
    assert status == 1
    assert "rows of shape (3, 2)" in err


def test_arrays_may_be_of_any_order_and_dtype(run: Run, folder: Path) -> None:
    x = np.round(9 * X)
    for array in (np.asfortranarray(x), x.astype(">f8"), x.astype("int8"), x[:, ::-1][:, ::-1]):
        np.save("other.npy", array)
        assert run("predict", "net.keras", "other.npy", "-q", "-f", "-o", "y.npy")[0] == 0
        assert np.array_equal(np.load("y.npy"), expected(x))


@pytest.mark.parametrize("size", [0, -3])
def test_a_batch_has_a_row_at_least(run: Run, folder: Path, size: int) -> None:
    status, out, err = run("predict", "net.keras", "x.csv", "-b", size)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert f"Received: {size}" in err


def test_rows_of_any_length_are_left_as_they_are(run: Run, folder: Path) -> None:
    model = keras.Sequential([keras.Input((None, 2)), layers.LSTM(3)])
    model.save("lstm.keras")
    x = np.random.default_rng(1).random((6, 5, 2))
    np.save("steps.npy", x)
    assert run("predict", "lstm.keras", "steps.npy", "-q", "-o", "y.npy")[0] == 0
    assert np.array_equal(np.load("y.npy"), model.predict(x, verbose=0))


def test_texts_come_in_npy(run: Run, folder: Path) -> None:
    x = keras.Input((1,), dtype="string")
    keras.Model(x, layers.StringLookup(vocabulary=["a", "b"])(x)).save("words.keras")
    np.save("words.npy", np.array(["b", "a", "?"]))
    assert run("predict", "words.keras", "words.npy", "-q") == (0, "2\n1\n0\n", "")
    Path("words.csv").write_text("1\n2\n")
    assert "texts (string) alone" in run("predict", "words.keras", "words.csv", "-q")[2]


def test_an_output_of_any_length_has_no_header(run: Run, folder: Path) -> None:
    x = keras.Input((None,), dtype="int32")
    keras.Model(x, layers.Embedding(5, 3)(x)).save("e.keras")
    Path("e.csv").write_text("w,x\n0,1\n")
    status, out, _ = run("predict", "e.keras", "e.csv", "-q")
    assert (status, len(out.splitlines()), out.count(",")) == (0, 1, 5)


LINE = "1,2,3,4\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no rows"),
        ("a,b,c,d\n", "no rows"),
        ("\n\n", "no rows"),
        (f"{LINE}1,2,3\n", "line 2: 3 columns, where the first line has 4"),
        (f"{LINE}\n\n1,2,3,4,5\n", "line 4: 5 columns"),
        ("1,2,3\n1,2,3\n", "rows of shape (3,), the model takes x (4,)"),
        (f"{LINE}1,2,,4\n", "line 2: could not convert string to float: ''"),
        (f"{LINE}1,2,3,NA\n", "line 2: could not convert string to float: 'NA'"),
        ("a,b,c,d\n1,2,x,4\n", "line 2: could not convert string to float: 'x'"),
        ("a,2,3,4\n", "line 1: could not convert string to float: 'a'"),
        ("1;2,5;3;4\n", "line 1: could not convert string to float: '2,5'"),
        (f"{LINE}1,2,3,\x1b[2J\n", "could not convert"),
        (f'{LINE}1,2,3,"4\n', "no CSV in UTF-8: unexpected end of data"),
        (f"{LINE}1,2,3,\0\n", "could not convert"),
        (f"{LINE}1,2,3,{'4' * 200_000}\n", "no CSV"),
        ("1,2,3,4\udcff\n", "no CSV in UTF-8"),
    ],
)
def test_data_that_does_not_fit_is_named(run: Run, folder: Path, text: str, reason: str) -> None:
    Path("bad.csv").write_bytes(text.encode("utf8", "surrogateescape"))
    before = sorted(os.listdir())
    status, out, err = run("predict", "net.keras", "bad.csv", "-o", "y.csv")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("minikeras predict: error: ")
    assert reason in err
    assert "\x1b" not in err
    assert sorted(os.listdir()) == before


def test_numbers_that_are_none_stay_visible_and_are_warned_of(folder: Path) -> None:
    Path("nan.csv").write_text(f"{LINE}1,nan,3,inf\n")
    found = process("predict", "net.keras", "nan.csv", "-q")
    assert found.stdout.splitlines()[1] == "nan,nan,nan"
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith("minikeras predict: warning: `x[1, 1]` is nan")


def test_whole_numbers_are_whole(run: Run, folder: Path) -> None:
    keras.Sequential([keras.Input((2,), dtype="int32"), layers.Embedding(5, 1), layers.Flatten()]).save("i.keras")
    Path("i.csv").write_text("1,2\n3,4\n")
    assert run("predict", "i.keras", "i.csv")[0] == 0
    for text in ("1,2.5\n", "1,nan\n"):
        Path("i.csv").write_text(text)
        status, _, err = run("predict", "i.keras", "i.csv")
        assert status == 1
        assert "whole numbers" in err
    bytes_in = keras.Input((2,), dtype="uint8")
    keras.Model(bytes_in, keras.ops.cast(bytes_in, "int32") * 2).save("u.keras")
    Path("u.csv").write_text("-1,300\n")
    assert "whole numbers (uint8)" in run("predict", "u.keras", "u.csv")[2]


def broken(name: str, data: bytes) -> str:
    Path(name).write_bytes(data)
    return name


def test_damaged_arrays_are_refused(run: Run, folder: Path) -> None:
    data = Path("x.npy").read_bytes()
    np.save("objects.npy", np.array([{}, []], object))
    np.save("number.npy", np.float32(3))
    np.save("complex.npy", X.astype("complex64"))
    names = ["objects.npy", "number.npy", "complex.npy", "absent.npy", broken("short.npy", data[:-4]), "net.keras.npy",
             broken("empty.npy", b""), broken("text.npy", b"1,2,3,4\n"), broken("none.npy", data[:128]),
             broken("huge.npy", data.replace(b"(100, 4), }     ", b"(10000000000, 4)")),
             broken("minus.npy", data.replace(b"(100, 4)", b"(-10, 4)"))]  # fmt: skip
    shutil.copy("net.keras", "net.keras.npy")
    for name in names:
        status, out, err = run("predict", "net.keras", name, "-o", "y.npy")
        assert (status, out, err.count("\n")) == (1, "", 1), name
        assert not os.path.exists("y.npy")


def test_an_output_that_is_there_is_kept(run: Run, folder: Path) -> None:
    Path("y.csv").write_text("mine")
    status, _, err = run("predict", "net.keras", "x.csv", "-o", "y.csv")
    assert status == 1
    assert "--force" in err
    assert Path("y.csv").read_text("utf8") == "mine"
    os.mkdir("folder.csv")
    for name in ("folder.csv", "y.txt", "absent/y.csv"):
        status, _, err = run("predict", "net.keras", "x.csv", "--force", "-o", name)
        assert (status, err.count("\n")) == (1, 1)
    assert run("predict", "net.keras", "x.csv", "-q", "-o", "y.csv", "--force") == (0, "", "")
    assert Path("y.csv").read_text("utf8").count("\n") == 100


# --- convert


def same(path: str) -> bool:
    return np.array_equal(keras.models.load_model(path).predict(X, verbose=0), expected())


@pytest.mark.parametrize("last", [".keras", ".h5", ".weights.h5", ".npz"])
@pytest.mark.parametrize("first", [".keras", ".h5", ".weights.h5", ".npz"])
def test_conversions_keep_the_weights(run: Run, folder: Path, first: str, last: str) -> None:
    model = net()
    (model.save_weights if first in (".weights.h5", ".npz") else model.save)(f"a{first}")
    needs = ["--model", "other.json"] if first in (".weights.h5", ".npz") else []
    Path("other.json").write_text(net().to_json())
    assert run("convert", f"a{first}", f"b{last}", *needs) == (0, "", "")
    if last in (".weights.h5", ".npz"):
        other = net()
        other.set_weights([0 * w for w in other.get_weights()])
        other.load_weights(f"b{last}")
        other.save(f"b{last}.keras")
        last += ".keras"
    assert same(f"b{last}")


def test_old_files_become_new_ones(run: Run, folder: Path) -> None:
    old = FILES / "keras-2.15.0-functional.h5"
    assert run("convert", old, "new.keras")[0] == 0
    assert "in the format of Keras 3" in run("info", "new.keras")[1]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["net.keras", "b.txt"], "the ending must be"),
        (["net.keras", "x.npz"], "--force"),
        (["absent.keras", "b.keras"], "no such file"),
        (["x.npz", "b.keras"], "--model"),
        (["a.onnx", "b.keras"], "can be written, but not read"),
        (["x.npz", "b.keras", "--model", "net.keras"], "do not fit"),
        (["x.csv", "b.keras"], "no model"),
        (["x.csv", "b.keras", "--model", "x.csv.json"], "No such file"),
        (["net.keras", "absent/b.keras"], "No such file"),
    ],
)
def test_what_cannot_be_converted_is_named(run: Run, folder: Path, arguments: list[str], reason: str) -> None:
    np.savez("x.npz", X)
    before = sorted(os.listdir())
    status, out, err = run("convert", *arguments)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert reason in err
    assert sorted(os.listdir()) == before


# --- processes


def test_progress_is_drawn_in_a_terminal_alone(folder: Path) -> None:
    pty = pytest.importorskip("pty")
    command = [sys.executable, "-m", "minikeras", "predict", "net.keras", "x.csv"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env={**ENVIRONMENT, "TERM": "xterm"}
    ) as terminal:
        os.close(theirs)
        drawn = b""
        try:
            while part := os.read(ours, 1000):
                drawn += part
        except OSError:  # Linux's way to say that it is closed
            pass
        os.close(ours)
        assert terminal.stdout
        out = terminal.stdout.read()
    assert terminal.returncode == 0
    assert b"\x1b[32m" in drawn
    assert b"\r" in drawn
    assert "4/4" in re.sub(r"\x1b\[\d*m", "", drawn.decode())
    log = process("predict", "net.keras", "x.csv")
    assert log.stdout == out.decode()
    assert re.fullmatch(r"4/4 ━{20} \d+s \d+.?s/step\n", log.stderr)
    assert process("predict", "net.keras", "x.csv", "-q").stderr == ""


def test_standard_input_is_a_table(folder: Path) -> None:
    text = Path("x.csv").read_text("utf8")
    found = process("predict", "net.keras", "-", input=text)
    assert np.array_equal(np.loadtxt(io.StringIO(found.stdout), "float32", delimiter=","), expected())
    assert found.stderr.startswith("4/4 ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux's full device")
def test_a_full_disk_and_a_closed_pipe_are_one_line(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        found = process(
            "predict", "net.keras", "x.csv", "-q", capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert "No space left" in found.stderr
    read, write = os.pipe()
    os.close(read)
    found = process("predict", "net.keras", "x.csv", "-q", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert "Broken pipe" in found.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
def test_what_ends_early_leaves_no_file(folder: Path) -> None:
    resource = pytest.importorskip("resource")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # noqa: E731
    found = process("predict", "net.keras", "x.npy", "-q", "-o", "y.npy", preexec_fn=limit)
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    command = [sys.executable, "-m", "minikeras", "predict", "net.keras", "-", "-q", "-o", "y.csv"]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, env=ENVIRONMENT, **pipes) as waiting:
        assert waiting.stdin
        waiting.stdin.write(LINE)
        waiting.stdin.flush()
        while not list(folder.glob("*.tmp")):
            assert waiting.poll() is None
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate()
    assert (waiting.returncode, out, err) == (-signal.SIGINT, "", "minikeras predict: interrupted\n")
    assert sorted(os.listdir()) == ["net.keras", "x.csv", "x.npy"]


def test_a_failure_of_ours_has_its_traceback_in_developer_mode(folder: Path) -> None:
    command = [sys.executable, "-X", "dev", "-m", "minikeras", "info", "absent.keras"]
    found = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert found.returncode == 1
    assert "Traceback" in found.stderr


# --- the page

VARIES = re.compile(r"[\d,]+(?= bytes)|\d+s \d+.?s(?=/step)|(?<=0\.\d)\d+")
"""Sizes of files, times, and the last digits of what is computed."""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash")
def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    page = (ROOT / "docs/command-line.md").read_text("utf8")
    ((script,), sessions) = (re.findall(f"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("python", "console"))
    (tmp_path / "train.py").write_text(script)
    steps = [step.partition("\n") for step in re.split(r"^\$ ", "".join(sessions), flags=re.MULTILINE)[1:]]
    lines = [f'minikeras() {{ "{sys.executable}" -m minikeras "$@"; }}']
    for command, _, _ in steps:
        lines += [f"{command} 2>&1", "echo --"]
    found = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )
    results = found.stdout.split("--\n")
    assert (len(results), found.stderr) == (len(steps) + 1, "")
    for (command, _, expected), result in zip(steps, results, strict=False):
        assert VARIES.sub("#", result) == VARIES.sub("#", expected), command
