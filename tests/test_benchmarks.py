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


SPEED = json.loads((ROOT / "benchmarks" / "speed.json").read_text("utf8"))
MINE, PEERS = "minikeras", ("minikeras", "keras-jax", "keras-tensorflow", "keras-torch")


def row(label: str, figures: dict[str, float], names: tuple[str, ...] = PEERS) -> str:
    """Return the row of a table that shows these figures; a cell is empty where a contender was not measured."""
    cells = (f"{figures[name]:.0f}" if name in figures else "" for name in names)
    return f"| {label} | {' | '.join(cells)} |".replace("  ", " ")


def rows_of_pages() -> list[tuple[str, str]]:
    """Return the rows that pages must have, by page."""
    step, predict, call = SPEED["fit"]["step"], SPEED["predict"]["predict"], SPEED["predict"]["call"]
    both = (*PEERS, "one row", "one row, JAX")
    beside_torch = (MINE, "torch", *PEERS[1:])
    models = {
        "784-1024-1024-10, batch 256": "wide",
        "autoencoder 784-128-32-128-784": "autoencoder",
        "30-64, BatchNormalization, Dropout, Add": "branches",
        "Conv2D 32 and 64, pooling, 28 x 28": "convolutions",
        "Conv2D, SeparableConv2D, BatchNormalization": "separable",
        "LSTM(64), rows of 40 x 16": "LSTM",
        "Embedding, Bidirectional(LSTM(32)), 60 tokens": "bidirectional",
        "Embedding, MultiHeadAttention, Dense, the same": "attention",
    }
    timed = {f"{net}, batch 32": (step[net], predict[net]) for net in ("2-3-1", "400-25-15-10")}
    timed |= {k: (SPEED["models"]["step, us"][v], SPEED["models"]["one row, us"][v]) for k, v in models.items()}
    found = [
        ("README.md", row(label, a | {"one row": b[MINE], "one row, JAX": b["keras-jax"]}, both))
        for label, (a, b) in timed.items()
    ]
    times = SPEED["import"]["import"]["ms"]
    script = {name: times[f"{name}, first script beyond numpy"] for name in (MINE, "keras-jax")}
    peak = SPEED["memory"]["peak"]
    found += [
        ("docs/index.md", row("a step of `fit`, microseconds", step["2-3-1"])),
        ("docs/index.md", row("`predict` of one row, microseconds", predict["2-3-1"])),
        ("docs/index.md", row("a process that trains, MB", peak["2-3-1"])),
        ("docs/index.md", row("a first script, ms beyond NumPy", script)),
        ("docs/teaching.md", row("a first script of two layers, ms beyond NumPy", script)),
        ("docs/teaching.md", row("memory of a process that trains 2-3-1, MB", peak["2-3-1"])),
        ("docs/teaching.md", row("the same for 784-512-10, MB", peak["784-512-10"])),
    ]
    page = "docs/reinforcement-learning.md"
    found.append((page, row("`model(x)`, one row, 2-3-1", call["2-3-1"], beside_torch)))
    for net in ("2-3-1", "400-25-15-10"):
        alone = {name: x for name, x in predict[net].items() if name != "torch"}
        found.append((page, row(f"`model.predict(x)`, one row, {net}", alone, beside_torch)))
        found.append((page, row(f"a step of `fit`, {net}, batch 32", step[net], beside_torch)))
    for part in ("two first steps, ms", "256 rows, us"):
        found += [
            ("benchmarks/README.md", row(model, figures))
            for model, figures in SPEED["models"][part].items()
            if "words" not in model
        ]
    parts = ("step, us", "one row, us", "256 rows, us", "two first steps, ms")
    for model in SPEED["others"]["step, us"]:
        pairs = (", ".join(f"{SPEED['others'][part][model][name]:.0f}" for name in PEERS[:2]) for part in parts)
        found.append(("benchmarks/README.md", f"| {model} | " + " | ".join(pairs) + " |"))
    return found


def test_pages_show_the_figures_of_the_run() -> None:
    pages = {page: (ROOT / page).read_text("utf8").replace("**", "") for page, _ in rows_of_pages()}
    assert [f"{page}: {line}" for page, line in rows_of_pages() if line not in pages[page]] == []


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
