"""Tracebacks and warnings as their readers meet them."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import minikeras as keras

SCRIPT = """\
import numpy as np
import minikeras as keras


class Wide(keras.layers.Layer):
    def call(self, x):
        return keras.ops.matmul(x, np.ones((WIDTH, 2)))


def train():
    model = keras.Sequential([Wide()])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(np.ones((4, 3)), np.full(4, 5), verbose=0)


train()
"""


def frames(stderr: str) -> list[str]:
    return [line.strip() for line in stderr.splitlines() if line.startswith('  File "')]


def run(path: Path, code: str, *options: str) -> str:
    path.write_text(code)
    done = subprocess.run([sys.executable, *options, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("options", [(), ("-m", "minikeras")], ids=["python", "python -m minikeras"])
def test_a_script_shows_its_own_frames_and_the_message(tmp_path: Path, options: tuple[str, ...]) -> None:
    script = tmp_path / "script.py"
    shown = run(script, SCRIPT.replace("WIDTH", "3"), *options)
    assert frames(shown) == [f'File "{script}", line 16, in <module>', f'File "{script}", line 13, in train']
    assert shown.splitlines()[-1].startswith("ValueError: Integer targets must be class numbers from 0 to 1.")
    inner = run(script, SCRIPT.replace("WIDTH", "7"), *options)  # an error within the user's layer
    assert frames(inner)[2:] == [f'File "{script}", line 7, in call']
    assert "in layer 'wide' (Wide)" in inner.splitlines()[-1]


def test_all_frames_are_shown_where_that_is_asked_for(tmp_path: Path) -> None:
    code = SCRIPT.replace("WIDTH", "3").replace(
        "\n\n\nclass", "\nkeras.config.disable_traceback_filtering()\n\n\nclass"
    )
    shown = frames(run(tmp_path / "script.py", code))
    assert len(shown) > 8
    assert any("trainer.py" in frame for frame in shown)


def test_causes_are_shown_where_they_lie_in_the_users_code(tmp_path: Path) -> None:
    code = """\
import minikeras as keras

class Odd(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        try:
            {}["x"]
        except KeyError as error:
            raise ValueError("no x") from error

model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit([[1.0]], [[1.0]], verbose=0, callbacks=[Odd()])
"""
    shown = run(tmp_path / "script.py", code)
    assert "KeyError: 'x'" in shown
    assert [frame.rpartition(", ")[2] for frame in frames(shown)] == [
        "in on_train_begin",
        "in <module>",
        "in on_train_begin",
    ]
    inner = run(tmp_path / "script.py", "import minikeras as keras\nkeras.optimizers.get('adma')")
    assert len(frames(inner)) == 1
    assert "During handling" not in inner


def test_exceptions_keep_all_frames_for_handlers_and_debuggers() -> None:
    with pytest.raises(ValueError, match="positive integer") as caught:
        keras.layers.Dense(-1)
    before = caught.value.__traceback__
    sys.excepthook(ValueError, caught.value, before)
    assert caught.value.__traceback__ is before
    assert len(caught.traceback) > 2


def test_a_notebook_shows_its_own_frames(tmp_path: Path) -> None:
    code = """\
import sys
import types

class Shell:
    def showtraceback(self, exc_tuple=None, tb_offset=None):
        error = (exc_tuple or sys.exc_info())[1]
        trace, count = error.__traceback__, 0
        while trace is not None:
            trace, count = trace.tb_next, count + 1
        print(tb_offset, count, error)

shell = Shell()
sys.modules["IPython"] = types.ModuleType("IPython")
sys.modules["IPython"].get_ipython = lambda: shell
import minikeras as keras
for filtered in (keras.config.enable_traceback_filtering, keras.config.disable_traceback_filtering):
    filtered()
    try:
        keras.layers.Dense(-1)
    except ValueError as error:
        shell.showtraceback(tb_offset=1)
"""
    path = tmp_path / "notebook.py"
    path.write_text(code)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("1 1 Dense needs a positive integer")
    assert int(second.split()[1]) > 2


@pytest.mark.parametrize("name", ["code", "statistics"])
def test_a_module_may_have_a_name_of_the_standard_library_s(tmp_path: Path, name: str) -> None:
    layers, script = tmp_path / f"{name}.py", tmp_path / "script.py"
    layers.write_text(
        "import minikeras as keras\nclass Wrong(keras.layers.Layer):\n    def call(self, x):\n        return y\n"
    )
    shown = run(script, f"import {name}\n{name}.Wrong()([[1.0]])\n")
    assert frames(shown) == [f'File "{script}", line 2, in <module>', f'File "{layers}", line 4, in call']
    layers.write_text("import minikeras as keras\nkeras.layers.Embedding(3, 2, input_length=3)\n")
    assert f"{layers}:2: UserWarning" in run(script, f"import {name}\n1 / 0\n")


@pytest.mark.parametrize("module", ["None", "sys"], ids=["kept out", "half imported"])
def test_an_ipython_that_is_not_there_is_not_asked(module: str) -> None:
    code = f"import sys; sys.modules['IPython'] = {module}; import minikeras; print(minikeras.ops.ones(1).item())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1.0\n", "")


def test_warnings_point_at_the_users_line_and_come_once() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    stop = keras.callbacks.EarlyStopping("val_loss")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        model.fit(np.ones((4, 2)), np.ones(4), epochs=3, verbose=0, callbacks=[stop])
        keras.layers.Embedding(3, 2, input_length=3)
        keras.optimizers.SGD(decay=0.1)  # type: ignore[call-arg]
        keras.activations.softmax(np.ones((2, 1)))
        keras.losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 1)))
    assert [warning.filename for warning in caught] == [__file__] * 5
