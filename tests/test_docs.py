"""The code on the pages in `docs` runs, prints what they say, and draws the pictures that they show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

DOCS = Path(__file__).parent.parent / "docs"
ELSEWHERE = {"command-line", "dask", "onnx"}
"""Pages that other tests run, as processes or with an extra: test_command_line.py, test_on_dask.py, test_onnx.py."""
PAGES = [p for p in sorted(DOCS.glob("*.md")) if "```python\n" in p.read_text("utf8") and p.stem not in ELSEWHERE]


def run(page: Path, pictures: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(DOCS / "site" / "run.py"), str(page), "--pictures", str(pictures)]
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent), "PYTHONIOENCODING": "utf8", "MPLBACKEND": "agg"}
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf8", env=environment)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_runs_and_draws_its_pictures(page: Path, tmp_path: Path) -> None:
    result = run(page, tmp_path)
    assert result.returncode == 0, result.stderr
    shown = re.findall(r"\]\(pictures/([\w-]+\.png)\)", page.read_text("utf8"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(shown)
    for name in shown:
        ours, committed = plt.imread(tmp_path / name), plt.imread(DOCS / "pictures" / name)
        assert ours.shape == pytest.approx(committed.shape, abs=20)
        assert [ours.mean(), ours.std()] == pytest.approx([committed.mean(), committed.std()], abs=0.03)


def test_pictures_are_shown_somewhere() -> None:
    texts = "".join(path.read_text("utf8") for path in DOCS.glob("*.md"))
    assert [path.name for path in (DOCS / "pictures").glob("*.png") if f"(pictures/{path.name})" not in texts] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n", "page.md, line 1, prints:\n2"),
        ("```python\nx = 1\n\nx.nonsense\n```\n", 'page.md", line 4'),
    ],
    ids=["prints something else", "fails"],
)
def test_page_that_is_wrong_is_found(text: str, message: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf8")
    result = run(page, tmp_path)
    assert result.returncode == 1
    assert message in result.stderr
