"""Every example runs, prints something and asserts its own result."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SHOWN_ON = {"coffee_roasting": "README.md", "three_classes": "docs/training.md"}
"""Examples whose output a page shows, in its first block of text; `...` stands for lines left out."""


def read(text: str) -> tuple[list[str], list[float]]:
    """Return the words of a text without the times in it, and the numbers."""
    text = re.sub(r"\d+s - \d+[mu]?s/step", "", text)
    number = r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?"
    return re.sub(number, "", text).split(), [float(x) for x in re.findall(number, text)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example_runs(path: Path) -> None:
    assert "assert " in path.read_text(encoding="utf8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf8"}
    result = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        capture_output=True,
        text=True,
        encoding="utf8",
        check=False,
        env=environment,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout
    if path.stem in SHOWN_ON:
        page = (ROOT / SHOWN_ON[path.stem]).read_text("utf8")
        (block,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
        rest = result.stdout
        for part in block.split("...\n"):
            at = rest.index(part.splitlines()[0])
            words, numbers = read(part)
            shown = "\n".join(rest[at:].splitlines()[: len(part.splitlines())])
            assert read(shown)[0] == words
            assert read(shown)[1] == pytest.approx(numbers, rel=1e-3, abs=1e-5)
            rest = rest[at + len(shown) :]
