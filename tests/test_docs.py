"""The code on the pages in `docs` runs, prints what they say, and makes the pictures that they show."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
WITH_AN_EXTRA = {
    "dask",
    "onnx",
}  # which tests of their own run: tests/_trainers/test_on_dask.py, tests/saving/test_onnx.py
PAGES = [p for p in sorted(DOCS.glob("*.md")) if "```python\n" in p.read_text("utf8") and p.stem not in WITH_AN_EXTRA]


def run(page: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent), "PYTHONIOENCODING": "utf8", "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "error", str(DOCS / "site" / "run.py"), str(page)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf8", check=False, env=environment, timeout=120
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_runs(page: Path) -> None:
    result = run(page)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n", "page.md, line 1, prints:\n2"),
        ("```python\nx = 1\n\nx.nonsense\n```\n", 'page.md", line 4'),
        ("![A picture](pictures/none.png)\n", "{'none.png'}"),
    ],
    ids=["prints something else", "fails", "makes no picture"],
)
def test_page_that_is_wrong_is_found(text: str, message: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf8")
    result = run(page)
    assert result.returncode == 1
    assert message in result.stderr
