"""The code on the pages in `docs` runs, prints what they say, and draws the pictures that they show."""

import doctest
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt

import minikeras
from minikeras._base.settings import settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ELSEWHERE = {"command-line", "dask", "onnx"}
"""Pages that other tests run, as processes or with an extra: test_command_line.py, test_on_dask.py, test_onnx.py."""
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
    if "```python\n" in page.read_text("utf8") and page.stem not in ELSEWHERE
]


BY_EXAMPLE = runpy.run_path(str(DOCS / "site" / "by_example.py"))
WITH_EXAMPLES = [
    "ops", "ops.image", "activations", "losses", "metrics", "initializers", "regularizers", "constraints", "optimizers",
    "optimizers.schedules", "random", "layers", "callbacks", "models", "saving", "utils", "config", "backend", "tree",
    "dtype_policies", "datasets",
]  # fmt: skip
WITHOUT = {
    "callbacks.RemoteMonitor": "posts to a server",
    "callbacks.TensorBoard": "needs the extra `tensorboard`",
}


def run(page: Path, pictures: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(DOCS / "site" / "run.py"), str(page), "--pictures", str(pictures)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf8", "MPLBACKEND": "agg"}
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


def test_the_examples_for_contributors_work() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf8"), re.DOTALL)
    files = ["layers.activation", "optimizers.adam", "losses.regression", "ops.elementwise"]  # where each belongs
    made: list[dict[str, Any]] = [dict(vars(import_module(f"minikeras.{file}"))) for file in files]
    for block, names in zip(blocks, made, strict=True):
        exec(block, names)
    layer = made[0]["SoftLimit"](2.0)
    assert layer(np.array([0.0, 100.0])).numpy().tolist() == [0, 2]
    assert layer.get_config()["limit"] == 2
    with pytest.raises(ValueError, match="`limit` argument must be a number of at least 0"):
        made[0]["SoftLimit"](-1.0)
    model = minikeras.Sequential([minikeras.Input((2,)), minikeras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(made[1]["SignMomentum"](0.25), "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    assert model.get_weights()[0].tolist() == [[0.5], [0.5]]
    assert float(made[2]["pinball"]([2.0], [0.0])) == 1
    assert made[2]["Pinball"](0.25)([2.0], [0.0]).numpy() == 0.5
    x = minikeras.Variable(0.5)
    with minikeras.GradientTape() as tape:
        y = made[3]["tanh"](x)
    gradient = tape.gradient(y, x)
    assert gradient is not None
    assert float(gradient) == pytest.approx(1 - np.tanh(0.5) ** 2)


def test_links_between_files_lead_somewhere() -> None:
    dead = [
        f"{page.name}: {link}"
        for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("*/README.md")]
        for link in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", page.read_text("utf8"))
        if not (page.parent / link).exists() and not link.startswith("reference/")  # which the site makes
    ]
    assert dead == []


def test_a_kind_of_change_is_told_once_in_each_version() -> None:
    for version in (ROOT / "CHANGELOG.md").read_text("utf8").split("\n## ")[1:]:
        kinds = re.findall(r"^(?:### (.+)|- \*\*(.+?)\*\*)", version, re.MULTILINE)
        assert len(kinds) == len(set(kinds)), sorted(kinds)


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


@pytest.fixture
def settings_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what a page sets and cannot unset in Keras's words."""
    monkeypatch.setattr(settings, "flash_attention", None)
    yield
    minikeras.config.set_dtype_policy(None)


def lines_that_fail(page: str, name: str, flags: int) -> str:
    """Return what `doctest` says of a page, each paragraph of which knows `np` and `keras` alone."""
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=flags)
    for line, examples in BY_EXAMPLE["paragraphs"](page):
        minikeras.utils.clear_session()
        known = {"np": np, "keras": minikeras}
        runner.run(doctest.DocTest(examples, known, name, name, line, None), out=said.append)
    return "".join(said)


@pytest.mark.usefixtures("settings_as_before")
@pytest.mark.parametrize("page", BY_EXAMPLE["PAGES"], ids=lambda page: page.stem)
def test_examples_print_what_the_page_says(page: Path, pytestconfig: pytest.Config) -> None:
    flags = sum(doctest.OPTIONFLAGS_BY_NAME[flag] for flag in pytestconfig.getini("doctest_optionflags"))
    assert lines_that_fail(page.read_text("utf8"), page.name, flags) == ""


def test_example_that_prints_something_else_is_found() -> None:
    page = "# Page\n\n```pycon\n>>> x = 1\n\n>>> x\n1\n>>> 1 + 1\n3\n```\n"
    said = lines_that_fail(page, "page.md", 0)
    assert "NameError: name 'x' is not defined" in said  # paragraphs share no names
    assert 'File "page.md", line 8' in said
    assert "Expected:\n    3\nGot:\n    2\n" in said


def names_without_example(shown: set[str]) -> list[str]:
    """Return the public names without an example, in a docstring or on a page that shows these."""
    there = {id(reduce(getattr, name.split("."), minikeras)) for name in shown}
    things = {
        f"{module}.{name}": getattr(import_module(f"minikeras.{module}"), name)
        for module in WITH_EXAMPLES
        for name in import_module(f"minikeras.{module}").__all__
    }
    return [
        name
        for name, thing in things.items()
        if not isinstance(thing, ModuleType) and id(thing) not in there and ">>>" not in (thing.__doc__ or "")
    ]


def test_every_public_name_has_an_example() -> None:
    shown = {*BY_EXAMPLE["examples"]()}
    assert names_without_example(shown) == [*WITHOUT]
    assert names_without_example(shown - {"ops.roll"}) == ["ops.roll", *WITHOUT]
    assert {module for name in shown if (module := name.rpartition(".")[0]) not in WITH_EXAMPLES} == set()
