"""`python -m minikeras`: scripts as `python` runs them, and notebooks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def python(*arguments: object, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "KERAS_BACKEND": "jax"}
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def minikeras(*arguments: object, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return python("-m", "minikeras", *arguments, stdin=stdin, cwd=cwd)


SCRIPT = """
import os, sys
import helper  # beside the script
print(__name__, __file__, sys.argv, sys.path[0], os.getcwd(), helper.A, __spec__)
print(vars(sys.modules["__main__"]) is globals())
print("to stderr", file=sys.stderr)
def fail():
    raise KeyError("reason")
try:
    fail()
except KeyError as error:
    raise ValueError("it failed") from error
"""


def test_a_script_runs_as_python_runs_it(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "helper.py").write_text("A = 3\n")
    script = folder / "script.py"
    script.write_text(SCRIPT)
    for path in ("scripts/script.py", script):
        expected, found = (run(path, "a", "--b", cwd=tmp_path) for run in (python, minikeras))
        assert found.returncode == expected.returncode == 1
        assert found.stdout == expected.stdout
        assert found.stderr == expected.stderr


@pytest.mark.parametrize(
    "text",
    [
        "import sys; sys.exit(7)",
        "raise SystemExit('a message')",
        "x = (",
        "raise KeyboardInterrupt",
        "import sys; sys.excepthook = lambda *error: print('mine', error[0]); 1 / 0",
        "import atexit; atexit.register(print, 'bye'); print(input())",
        "# -*- coding: latin-1 -*-\nprint(len('\xe9'))",
    ],
)
def test_it_ends_as_python_ends(tmp_path: Path, text: str) -> None:
    script = tmp_path / "script.py"
    script.write_bytes(text.encode("latin-1"))
    expected, found = (run(script, stdin="typed\n") for run in (python, minikeras))
    assert (found.returncode, found.stdout, found.stderr) == (expected.returncode, expected.stdout, expected.stderr)


def test_child_processes_import_the_script_with_the_same_modules(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CHILDREN)
    for command in ([script], [script.name]):
        done = minikeras(*command, cwd=tmp_path)
        assert (done.stdout, done.returncode) == ("[1.0, 4.0]\n", 0), done.stderr


CHILDREN = """
import multiprocessing
from tensorflow import keras

class Double(keras.layers.Layer):
    def call(self, x):
        return 2 * x

def total(layer, size):
    return float(keras.ops.sum(layer(keras.ops.ones((size,)))))

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.starmap(total, [(keras.layers.Identity(), 1), (Double(), 2)]))
"""


def test_a_script_may_come_from_standard_input() -> None:
    text = "import sys; print(sys.argv, __name__, __file__, repr(sys.path[0])); 1 / 0"
    expected, found = (run("-", "a", stdin=text) for run in (python, minikeras))
    assert (found.returncode, found.stdout, found.stderr) == (1, expected.stdout, expected.stderr)


def test_a_missing_script_is_python_s_error(tmp_path: Path) -> None:
    expected, found = (run("absent.py", cwd=tmp_path) for run in (python, minikeras))
    words = expected.stderr.replace(sys.executable, os.path.normpath(sys.executable))  # run as ../venv/bin/python
    assert (found.returncode, found.stderr) == (2, words)


def test_keras_is_minikeras_whatever_the_backend_is_set_to(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os; os.environ['KERAS_BACKEND'] = 'tensorflow'\n"
        "import keras, tf_keras\nfrom keras.layers import LSTM, Dense\nprint(Dense.__module__)\n"
    )
    assert minikeras(script).stdout == "minikeras.layers.core\n"


def notebook(path: Path, *cells: str) -> Path:
    written = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    path.write_text(json.dumps({"nbformat": 4, "cells": [{"cell_type": "markdown", "source": ["# !"]}, *written]}))
    return path


def test_a_notebook_s_cells_run_in_order(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "course.ipynb",
        "%matplotlib inline\n%load_ext autoreload\n!touch made \\\nby-shell\nimport keras\nfiles = !ls\nfiles",
        "%%capture times\n%%time\nfor i in range(2):\n    %time x = i\n",
        "x, times.stdout.count('Wall time')",
        "print('''\n%d\n!no''' % 1)\nx;",
        "keras.layers.Dense?\n?keras\ndisplay('shown')",
        "%%bash\ntouch by-bash",
        "%%cython --annotate\ncdef int a",
        "%%writefile mine.py\nA = 4\n",
        "%env MINE=5\nimport os, mine\nmine.A, os.environ['MINE'], os.getcwd() == os.path.dirname(mine.__file__)",
        "%%capture\nprint('hidden')",
        "import sys; print(sys.argv[1:], __name__)",
        "import asyncio\nawait asyncio.sleep(0, 'slept')",
        "[[1] * 12] * 3",
        "class A: ...\nimport pickle\ntype(pickle.loads(pickle.dumps(A()))) is A",
    )
    found = minikeras(path, "a", cwd=tmp_path.parent)
    assert found.returncode == 0, found.stderr
    rows = f"[{[1] * 12},\n {[1] * 12},\n {[1] * 12}]"
    assert found.stdout == (
        "[]\n(1, 3)\n\n1\n!no\n'shown'\nWriting mine.py\nenv: MINE=5\n(4, '5', True)\n['a'] __main__\n'slept'\n"
        f"{rows}\nTrue\n"
    )
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "__pycache__") == ["course.ipynb", "mine.py"]
    assert found.stderr.splitlines() == [
        f"{path}, cell {place}"
        for place in ("1: not run: %load_ext autoreload", "1: not run: touch made  by-shell", "1: not run: ls",
                      "6: not run: %%bash", "7: not run: %%cython --annotate")
    ]  # fmt: skip


PROGRAMS = ["!touch made", "x = !touch made", "!!touch made", "%sx touch made", "x = %system touch made",
            "%%bash\ntouch made", "%%script sh\ntouch made", "%%sx\ntouch made", "%%python\nopen('made', 'w')",
            "%pip install made", "pip install made", "%conda install made", "%uv pip install made", "mkdir made",
            "%make", "%edit made", "%debug"]  # fmt: skip


def test_no_program_is_started(tmp_path: Path) -> None:
    found = minikeras(notebook(tmp_path / "n.ipynb", "%alias make touch made", *PROGRAMS, "1 / 0"), cwd=tmp_path)
    assert found.returncode == 1
    told = [line for line in found.stderr.splitlines() if "not run" in line]
    assert [int(line.split("cell ")[1].partition(":")[0]) for line in told] == [*range(2, len(PROGRAMS) + 2)]
    assert [path.name for path in tmp_path.iterdir()] == ["n.ipynb"]


def test_a_notebook_leaves_no_trace_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    for name, folder in (("HOME", home), ("TMPDIR", temporary), ("VIRTUAL_ENV", tmp_path / "other")):
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    found = minikeras(
        notebook(tmp_path / "n.ipynb", "import sys\n[p for p in sys.path if 'other' in p]", "exit()", "1 / 0")
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "[]\n", "")
    assert not [*home.iterdir(), *temporary.iterdir()]


CELLS = ["x = 1", "def f():\n    return x / 0\n\nf()", "print('third')", "oh no"]


def test_a_notebook_stops_at_the_first_error(tmp_path: Path) -> None:
    found = minikeras(notebook(tmp_path / "n.ipynb", *CELLS), cwd=tmp_path)
    assert (found.returncode, found.stdout) == (1, "")
    assert "n.ipynb, cell 2" in found.stderr
    assert "return x / 0" in found.stderr
    assert found.stderr.splitlines()[-1].endswith("n.ipynb, cell 2: ZeroDivisionError")
    assert 'n.ipynb, cell 2", line 2, in f' in found.stderr
    assert "minikeras/compat" not in found.stderr
    assert "IPython" not in found.stderr


def test_a_notebook_may_go_on_behind_errors(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", *CELLS)
    found = minikeras("--keep-going", path)
    assert (found.returncode, found.stdout) == (1, "third\n")
    assert found.stderr.splitlines()[-1] == f"{path}: 2 of 4 code cells failed: 2, 4"


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text('{"cells": 3}')
    found = minikeras(path)
    assert found.returncode == 2
    assert "is no notebook" in found.stderr


def test_workers_of_a_search_understand_what_the_script_does(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    script = tmp_path / "script.py"
    script.write_text(SEARCH)
    done = minikeras(script, cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("{'rate': 0.1}\n", 0), done.stderr


SEARCH = """
import numpy as np
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import SGD
from keras.wrappers.scikit_learn import KerasClassifier
from sklearn.model_selection import GridSearchCV

def make(rate):
    from keras.layers.core import Dropout
    model = Sequential([Dense(2, init="uniform", input_dim=3), Dropout(0.1), Dense(1, activation="sigmoid")])
    model.compile(SGD(lr=rate), "binary_crossentropy", metrics=["accuracy"])
    return model

if __name__ == "__main__":
    search = GridSearchCV(KerasClassifier(make, nb_epoch=1, verbose=0), {"rate": [0.1]}, cv=2, n_jobs=2)
    print(search.fit(np.ones((8, 3)), np.arange(8) % 2).best_params_)
"""
