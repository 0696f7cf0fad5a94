"""`benchmarks/` run, measure all that they promise, and compare runs that train to the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.variants import check
from benchmarks.workloads import WORKLOADS, HandTuned, Workload

ROOT = Path(__file__).parent.parent
SECTIONS = {
    "fit": {"agreement", "step"},
    "predict": {"call", "predict", "bulk"},
    "models": {"step, us", "one row, us", "256 rows, us", "two first steps, ms", "a new size, times"},
    "others": {"step, us", "one row, us", "256 rows, us", "two first steps, ms", "a new size, times"},
    "shared": {"step"},
    "growth": {"width", "depth", "batch", "rows"},
    "overhead": {"epoch", "own", "loop", "eager", "allocated"},
    "texts": {"vectorization"},
    "busy": {"step"},
    "memory": {"peak", "beyond"},
    "import": {"import"},
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read where Linux has it")
def test_every_section_is_printed_and_written(tmp_path: Path) -> None:
    written = tmp_path / "speed.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "compare.py"), "--quick", "--json", str(written)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf8", "OPENBLAS_NUM_THREADS": "1"}  # quicker beside other tests
    result = subprocess.run(command, capture_output=True, encoding="utf8", check=False, env=environment, timeout=300)
    assert result.returncode == 0, result.stderr
    found = json.loads(written.read_text(encoding="utf8"))
    assert found.keys() == {"machine", *SECTIONS}
    for name, parts in SECTIONS.items():
        assert f"\n== {name}: " in result.stdout
        assert found[name].keys() == parts
        figures = [x for part in found[name].values() for row in part.values() for x in row.values()]
        assert figures
        assert all(np.isfinite(x) and x >= 0 for x in figures)


@pytest.mark.parametrize("name", WORKLOADS)
def test_hand_tuned_loop_trains_to_the_same_numbers(name: str) -> None:
    loss, weights = check(WORKLOADS[name]._replace(rows=5 * WORKLOADS[name].batch))
    assert loss < 1e-4
    assert weights < 1e-4


def test_convolutions_and_graphs_are_measured() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "images.py"), "--quick"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(command, capture_output=True, encoding="utf8", check=False, env=environment, timeout=300)
    assert result.returncode == 0, result.stderr
    assert [line[:28] for line in result.stdout.splitlines() if line.startswith("graph")] == [
        "graph / Sequential, 2-3-1   ",
        "graph / Sequential, convolut",
    ]


def test_check_sees_a_loop_that_trains_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HandTuned, "_adam", HandTuned._rmsprop)
    loss, weights = check(Workload(4, (8, 3), ("relu", "softmax"), 8, 80))
    assert loss > 1e-3
    assert weights > 1e-2


def test_unknown_names_are_refused() -> None:
    for arguments in (["fitt"], ["--peer", "torch"], ["--peer", "tortch=python"]):
        command = [sys.executable, str(ROOT / "benchmarks" / "compare.py"), *arguments]
        result = subprocess.run(command, capture_output=True, encoding="utf8", check=False)
        assert result.returncode != 0
        assert "torch" in result.stderr or "fit, predict" in result.stderr
