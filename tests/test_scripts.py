"""Teaching scripts of all ages run unchanged on minikeras, and print what they should.

A script's first lines say what it prints, `# expect: label > number`, what it needs beyond NumPy, `# needs: h5py`, and
whether Keras itself prints the same numbers, `# parity` (`tests/parity/test_scripts.py`).
"""

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "scripts"
SCRIPTS = sorted(FOLDER.glob("*.py"))
NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"


def needs(path: Path) -> set[str]:
    """Return the packages that a script imports or names, without those that are always there."""
    text = path.read_text()
    found = set(re.findall(r"^# needs: (\w+)", text, re.MULTILINE))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found - {"keras", "tensorflow", "tf_keras", "numpy"} - set(sys.stdlib_module_names)


def missing(path: Path) -> list[str]:
    return sorted(name for name in needs(path) if find_spec(name) is None)


@cache
def runs(side: str, *paths: Path) -> dict[str, Any]:
    """Run scripts, all in one process, and return what came of each."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, str(FOLDER.parent / "script_runs.py"), side, folder, *map(str, paths)]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",  # compiling is most of Keras's work
        }
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def printed(text: str, label: str) -> float:
    """Return the last number printed behind a label."""
    found = re.findall(re.escape(label) + r"\s*" + NUMBER, text)
    assert found, f"{label!r} was not printed:\n{text[-1500:]}"
    return float(found[-1])


def test_there_are_enough() -> None:
    assert len(SCRIPTS) >= 40


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_a_script_prints_what_it_should(path: Path) -> None:
    if absent := missing(path):
        pytest.skip(f"needs {', '.join(absent)}")
    found = runs("minikeras", *[script for script in SCRIPTS if not missing(script)])[path.stem]
    assert found["error"] is None, found["error"]
    expected = re.match(r"# expect: (.*) ([<>]) (\S+)", path.read_text())
    assert expected is not None
    label, sign, bound = expected.groups()
    value = printed(found["out"], label)
    assert value > float(bound) if sign == ">" else value < float(bound)


def test_one_of_them_as_users_run_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "minikeras", str(FOLDER / "keras3_xor.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert printed(done.stdout, "right:") == 4
