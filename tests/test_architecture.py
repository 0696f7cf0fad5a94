"""Imports point down, exports are what they say, and importing costs little."""

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

import minikeras

ROOT = Path(minikeras.__file__).parent
LEVELS = [
    ["_base", "tree"],
    ["_display", "_serialization"],
    ["_core", "dtype_policies"],
    ["_jit", "config", "ops"],
    ["activations", "backend", "constraints", "losses", "random", "regularizers"],
    ["initializers", "metrics"],
    ["layers", "optimizers"],
    ["mixed_precision", "saving"],
    ["callbacks"],
    ["_trainers"],
    ["models"],
    ["utils", "wrappers"],
    ["_cli", "applications", "compat", "datasets", "plots", "preprocessing"],
    ["__init__", "__main__"],
]
LEVEL = {name: depth for depth, names in enumerate(LEVELS) for name in names}


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def unit(path: Path) -> str:
    """Return the file, or the folder below the package, that a path belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_point_down(path: Path) -> None:
    own = unit(path)
    assert own in LEVEL, f"{own} has no level yet"
    tree = ast.parse(path.read_text(encoding="utf8"))
    depth = len(path.relative_to(ROOT).parts)
    for_types = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    lazily = [n for n in tree.body if isinstance(n, ast.With) and ast.unparse(n.items[0]).startswith("lazily(")]
    up = [*chain(*(block.body for block in for_types))]  # only type checkers read these, which may point up
    visible = [*tree.body, *up, *chain(*(block.body for block in lazily))]
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        assert node in visible, f"{path.name}:{node.lineno} hides an import"
        if node.level < depth or node in up:
            continue  # within the same folder
        targets = [node.module.partition(".")[0]] if node.module else [alias.name for alias in node.names]
        for target in targets:
            assert LEVEL[target] < LEVEL[own], f"{own} must not import {target}"


def test_few_units_stand_on_few_levels() -> None:
    assert len(LEVEL) <= 34
    assert len(LEVELS) <= 14


SPINE = """_core/op _core/tensor _core/variable _core/tape _core/keras_tensor layers/layer layers/module layers/core
    models/model models/graph models/sequential _trainers/trainer
    optimizers/optimizer optimizers/update optimizers/adam"""
"""The files that a call of a model and a step of its training run through."""
WITH_EXTRAS = ("wrappers/", "utils/model_visualization.py", "utils/graph_layout.py", "utils/image_utils.py",
               "callbacks/tensorboard.py", "_display/event_files.py", "_trainers/on_dask.py", "saving/onnx_export.py",
               "saving/h5_writing.py", "plots.py", "_display/notebook.py")  # fmt: skip
"""Files that an extra brings to life: scikit-learn, matplotlib, Pillow, TensorBoard, Dask, ONNX, IPython, h5py."""
LIMITS = {"package": 47_000, "core": 34_800, "spine": 5_750, "_jit": 1_950, "longest file": 800, "longest body": 40}
"""So many lines at most: of all files, of those without compat, command line and extras, of the spine, of replays."""


def test_the_package_stays_small() -> None:
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf8").splitlines()) for path in files()}
    bodies = [
        (node.body[-1].end_lineno or 0) - node.body[ast.get_docstring(node) is not None].lineno + 1
        for path in files()
        for node in ast.walk(ast.parse(path.read_text("utf8")))
        if isinstance(node, ast.FunctionDef) and len(node.body) > (ast.get_docstring(node) is not None)
    ]
    figures = {
        "package": sum(lines.values()),
        "core": sum(
            n for name, n in lines.items() if not name.startswith(("compat/", "_cli/", "__main__", *WITH_EXTRAS))
        ),
        "spine": sum(lines[f"{name}.py"] for name in SPINE.split()),
        "_jit": sum(n for name, n in lines.items() if name.startswith("_jit/")),
        "longest file": max(lines.values()),
        "longest body": max(bodies),
    }
    print(figures)
    assert {name: figure for name, figure in figures.items() if figure > LIMITS[name]} == {}


def test_benchmarks_import_in_no_circle() -> None:
    texts = {path.stem: path.read_text("utf8") for path in (ROOT.parent / "benchmarks").glob("*.py")}
    named = {name: {*re.findall(r"benchmarks\.(\w+)", text)} - {name} for name, text in texts.items()}
    TopologicalSorter(named).prepare()  # which finds circles


@pytest.mark.parametrize(
    "name",
    [
        "minikeras",
        *(f"minikeras.{m.name}" for m in pkgutil.iter_modules(minikeras.__path__) if m.name[0] != "_"),
    ],
)
def test_exports_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None)
    if names is None:
        return
    assert sorted(set(names)) == sorted(names)
    for exported in names:
        assert hasattr(module, exported), exported


def test_only_numpy_and_the_standard_library_are_imported() -> None:
    code = (
        "import sys, numpy, numpy.random; before = set(sys.modules); import minikeras; from minikeras import *\n"
        "from minikeras import layers, models, utils, saving\n"
        "for module in (layers, models, utils, saving): [getattr(module, name) for name in dir(module)]\n"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before}\n"
        "known = {*sys.stdlib_module_names, 'minikeras', 'numpy', 'cython_runtime'}\n"  # numpy.random brings Cython's
        "print(*sorted(m for m in new - known if not m.startswith('_cython')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert out.stdout.strip() == ""


def test_import_statements_name_all_modules() -> None:  # by them PyInstaller and cx_Freeze find what a script needs
    named: set[str] = set()
    modules = {m.name for m in pkgutil.walk_packages([str(ROOT)], "minikeras.") if not m.ispkg}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).parts
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.ImportFrom) and "compat" not in parts:  # which scripts need not import
                package = ".".join([*parts[: -node.level or None], *filter(None, [node.module])])
                named |= {package, *(f"{package}.{alias.name}" for alias in node.names)}
    started_or_old = re.compile(r"minikeras\.(_cli|compat|_serialization\.legacy|__main__)")
    assert [m for m in sorted(modules - named) if not started_or_old.match(m)] == []


@pytest.mark.parametrize(
    "code", ["keras.Variable(1.0) + 1.0", "np.negative(keras.Variable(-2.0))", "keras.Variable([2.0])[0]"]
)
def test_a_variable_may_be_the_first_thing_that_a_script_uses(code: str) -> None:
    command = [sys.executable, "-c", f"import numpy as np, minikeras as keras; print(float({code}))"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout == "2.0\n"


@pytest.mark.parametrize("mode", ["all", "normal"])
def test_imports_may_wait(mode: str) -> None:  # from Python 3.15 on, which alone knows the option
    code = "import numpy, minikeras as k; print(k.layers.Dense(1, use_bias=False)(numpy.zeros((1, 2), int)).numpy())"
    command = [sys.executable, "-X", f"lazy_imports={mode}", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout == "[[0.]]\n"


def test_public_methods_say_what_they_do_themselves_or_in_a_base_class() -> None:
    nodes = [node for path in ROOT.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf8")))]
    classes: dict[str, list[ast.ClassDef]] = {}
    for cls in (node for node in nodes if isinstance(node, ast.ClassDef)):
        classes.setdefault(cls.name, []).append(cls)

    def is_said(cls: ast.ClassDef, name: str) -> bool:
        methods = [f for f in cls.body if isinstance(f, ast.FunctionDef) and f.name == name]
        names = [ast.unparse(b).partition("[")[0].rpartition(".")[2] for b in cls.bases]
        bases = [base for base_name in names for base in classes.get(base_name, ()) if base is not cls]
        return any(map(ast.get_docstring, methods)) or any(is_said(base, name) for base in bases)

    missing = [
        f"{cls.name}.{f.name}"
        for named in classes.values()
        for cls in named
        if cls.name[0] != "_" and "Protocol" not in map(ast.unparse, cls.bases)
        for f in cls.body
        if isinstance(f, ast.FunctionDef) and f.name[0] != "_" and not is_said(cls, f.name)
        if not any("overload" in ast.unparse(d) or ".setter" in ast.unparse(d) for d in f.decorator_list)
    ]
    assert missing == []
