"""What the annotations promise holds in a user's file, whichever releases of mypy and of NumPy's stubs are there."""

import re
import subprocess
import sys
from pathlib import Path

TEXT = (Path(__file__).parent / "test_typing.py").read_text(encoding="utf8")
REFUSED = re.compile(r"  # type: ignore\[[\w, -]+\]$", re.MULTILINE)


def lines_with_errors(text: str, folder: Path) -> set[int]:
    """Return which lines of a file outside of this project mypy reports; the installed package is what it imports."""
    (folder / "user.py").write_text(text, encoding="utf8")
    command = [sys.executable, "-m", "mypy", "--config-file=", "--no-incremental", "--no-implicit-reexport", "user.py"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 1), result.stderr
    return {int(line) for line in re.findall(r"^user\.py:(\d+): error", result.stdout, re.MULTILINE)}


def test_promises_hold_and_wrong_uses_are_refused(tmp_path: Path) -> None:
    refused = {number for number, line in enumerate(TEXT.splitlines(), 1) if REFUSED.search(line)}
    assert lines_with_errors(REFUSED.sub("", TEXT), tmp_path) == refused


def test_enough_promises_and_refusals_are_checked() -> None:
    promises, _, refusals = TEXT.partition("if TYPE_CHECKING:")
    assert promises.count("assert_type(") >= 60
    assert len(REFUSED.findall(refusals)) >= 25
