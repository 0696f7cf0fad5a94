"""`mypy --strict` passes on package, tests, examples and benchmarks, and the public interface is typed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_mypy_strict() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_enough_promises_and_refusals_are_checked() -> None:
    text = (ROOT / "tests" / "test_typing.py").read_text(encoding="utf8")
    promises, _, refusals = text.partition("if TYPE_CHECKING:")
    assert promises.count("assert_type(") >= 60
    assert refusals.count("# type: ignore[") >= 25
