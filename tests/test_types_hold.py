"""What the annotations promise holds in a user's file, whichever releases of mypy and of NumPy's stubs are there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TEXTS = [(HERE / name).read_text("utf8") for name in ("test_typing.py", "compat/tensorflow/test_typing.py")]
REFUSED = re.compile(r"  # type: ignore\[[\w, -]+\]( +# noqa: \w+)?$", re.MULTILINE)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder where a run of mypy finds what the one before it has read of minikeras and NumPy."""
    return tmp_path_factory.mktemp("mypy")


def lines_with_errors(text: str, folder: Path, cache: Path) -> set[int]:
    """Return which lines of a file outside of this project mypy reports; the installed package is what it imports."""
    (folder / "user.py").write_text(text, encoding="utf8")
    options = ["--config-file=", f"--cache-dir={cache}", "--no-implicit-reexport"]
    command = [sys.executable, "-m", "mypy", *options, "user.py"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 1), result.stderr
    return {int(line) for line in re.findall(r"^user\.py:(\d+): error", result.stdout, re.MULTILINE)}


@pytest.mark.parametrize("text", TEXTS, ids=["keras", "tensorflow"])
def test_promises_hold_and_wrong_uses_are_refused(text: str, tmp_path: Path, cache: Path) -> None:
    refused = {number for number, line in enumerate(text.splitlines(), 1) if REFUSED.search(line)}
    assert lines_with_errors(REFUSED.sub("", text), tmp_path, cache) == refused


@pytest.mark.parametrize(
    "command",
    [
        ["pyrefly", "check", "--preset=strict", "--ignore=missing-override-decorator", "--search-path"],
        ["ty", "check", "--python", sys.prefix, "--extra-search-path"],
    ],
    ids=["pyrefly", "ty"],
)
def test_other_checkers_know_classes_of_one_s_own(command: list[str], tmp_path: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip("not installed")
    classes, marker, _ = TEXTS[0].partition("def test_files")
    assert marker
    calls = "assert_type(Own()([1.0]), Tensor)\nassert_type(Net()([Tensor(np.ones(2))]), Tensor)\n"
    calls += "Variable(1.0).constraint = Positive()\n"
    (tmp_path / "user.py").write_text(classes + calls, encoding="utf8")
    result = subprocess.run(
        [*command, HERE.parent, "user.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def test_enough_promises_and_refusals_are_checked() -> None:
    for text, least, refusals in zip(TEXTS, (60, 12), (25, 12), strict=True):
        promises, _, wrong = text.partition("if TYPE_CHECKING:")
        assert promises.count("assert_type(") >= least
        assert len(REFUSED.findall(wrong)) >= refusals


def test_the_page_on_types_is_true(tmp_path: Path, cache: Path) -> None:
    page = (HERE.parent / "docs" / "typed-code.md").read_text("utf8")
    blocks = re.findall(r"```(python|py)\n(.*?)```", page, re.DOTALL)
    right = ["import numpy as np", "import minikeras as keras", "from minikeras import layers"]
    right += "".join(code for kind, code in blocks if kind == "python").splitlines()
    wrong = "".join(code for kind, code in blocks if kind == "py").splitlines()
    expected = set(range(len(right) + 1, len(right) + len(wrong) + 1))
    assert len(expected) > 5
    assert lines_with_errors("\n".join([*right, *wrong]), tmp_path, cache) == expected
