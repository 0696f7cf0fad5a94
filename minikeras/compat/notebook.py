"""Run the code cells of a notebook, in order, without Jupyter.

Magics that make no sense outside of a notebook are skipped, and shell lines are never run. A last expression is shown
as at the prompt, unless a semicolon ends it. Figures are drawn but not shown.
"""

import ast
import json
import linecache
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout
from functools import partial
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from io import StringIO
from types import ModuleType
from typing import Any

from .._base.tracebacks import shortened
from .script import end, failure, new_main, read

_MAGIC = re.compile(
    r"""^(?P<indent>\s*)
    (?:(?P<target>[^=!%'"#]+?)=\s*(?=[!%]))?    # the names in: files = !ls
    (?P<sign>%|!|\?)(?P<text>.*)$""",
    re.VERBOSE,
)
_HELP = re.compile(r"^(?P<indent>\s*)(?P<text>[\w.%]+)\?\??\s*$")
_INSTALL = re.compile(r"^(?P<indent>\s*)(?P<text>(?:pip3?|conda)\s+\w+.*)$")
_TIMERS = ("time", "timeit", "prun", "memit")
"""Magics of lines and cells whose text is code."""
_IPYTHON = ("IPython", "IPython.display", "IPython.core", "IPython.core.display", "IPython.core.interactiveshell")


def run_notebook(path: str, keep_going: bool = False) -> None:
    """Run a notebook's code cells as `__main__`, in the notebook's folder as Jupyter does.

    Raises:
        SystemExit: with status 1 if a cell fails, after its traceback and number were written to standard error; with
            `keep_going`, after the other cells.
    """
    cells = list(code_cells(path, read(path)))
    main = new_main(os.path.abspath(path), os.path.dirname(os.path.realpath(path)))
    del main.__file__  # as in Jupyter
    os.chdir(os.path.dirname(os.path.abspath(path)))
    os.environ.setdefault("MPLBACKEND", "agg")
    warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
    if find_spec("IPython") is None:
        _stand_in_for_ipython()
    vars(main).update(get_ipython=_Shown, display=display)
    failed = []
    for number, source in enumerate(cells, 1):
        name = f"{path}, cell {number}"
        error = failure(partial(run_cell, source, name, vars(main)), vars(main))
        if error is not None:
            sys.stdout.flush()
            with shortened(error):
                traceback.print_exception(error)
            print(f"{name}, line {_line(error, name)}: {type(error).__name__}", file=sys.stderr)
            failed.append(number)
            if not keep_going or isinstance(error, KeyboardInterrupt):
                end(error)
    if failed:
        numbers = ", ".join(map(str, failed))
        print(f"{path}: {len(failed)} of {len(cells)} code cells failed: {numbers}", file=sys.stderr)
        sys.exit(1)


def code_cells(path: str, text: bytes) -> Iterator[str]:
    """Yield the text of each code cell; exits where the file is no notebook."""
    try:
        notebook = json.loads(text)
        for sheet in notebook.get("worksheets") or [notebook]:  # the format before version 4 has sheets
            for cell in sheet["cells"]:
                if cell["cell_type"] == "code":
                    source = cell["source"] if "source" in cell else cell["input"]
                    yield source if isinstance(source, str) else "".join(source)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{path} is no notebook, which is JSON with a list of cells: {error!r}", file=sys.stderr)
        sys.exit(2)


def run_cell(source: str, name: str, namespace: dict[str, Any]) -> None:
    """Run one cell, which tracebacks call by a name, in the notebook's namespace; show its last expression's value."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    tree = parsed(source, name)
    shows = bool(tree.body) and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";")
    last = ast.Interactive([tree.body.pop()]) if shows else None
    with redirect_stdout(StringIO()) if source.lstrip().startswith("%%capture") else nullcontext():
        exec(compile(tree, name, "exec", dont_inherit=True), namespace)
        if last is not None:
            exec(compile(last, name, "single", dont_inherit=True), namespace)


def parsed(source: str, name: str) -> ast.Module:
    r"""Return a cell's code, with magics and shell lines taken out; lines keep their numbers.

    A line is taken for a magic where Python finds a syntax error in it, so that one within a string is left alone.

    Raises:
        SyntaxError: if what remains is no Python.

    Example:
        >>> ast.unparse(parsed("%matplotlib inline\nx = '''\n%d''' % 1", "cell"))
        "pass\nx = '\\n%d' % 1"
    """
    lines = source.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[first].startswith("%%"):
        lines = _under_magic(lines, first, name)
    while True:
        try:
            return ast.parse("\n".join(lines), name)
        except SyntaxError as error:
            if not _replace(lines, (error.lineno or 1) - 1, name):
                raise


def _under_magic(lines: list[str], first: int, name: str) -> list[str]:
    """Return the lines of a cell under a magic, with Python in its place; none where they are no Python."""
    magic, _, rest = lines[first][2:].strip().partition(" ")
    body = lines[first + 1 :]
    if magic in (*_TIMERS, "capture", "python", "python3"):
        return [*[""] * (first + 1), *body]
    if magic in ("writefile", "file") and rest.split():
        mode = "a" if {"-a", "--append"} & set(rest.split()) else "w"
        text = "".join(f"{line}\n" for line in body)
        return [f"with open({rest.split()[-1]!r}, {mode!r}) as _: _.write({text!r})\npass"]
    print(f"{name}: not run: %%{magic} {rest}".rstrip(), file=sys.stderr)
    return []


def _replace(lines: list[str], number: int, name: str) -> bool:
    """Put Python in place of a magic or shell line and those that continue it; return whether there was one."""
    line = lines[number] if number < len(lines) else ""
    match = _MAGIC.match(line) or _HELP.match(line) or _INSTALL.match(line)
    if match is None:
        return False
    parts = match.groupdict("")
    sign, target = parts.get("sign", ""), parts.get("target", "").strip()
    magic, _, rest = parts["text"].strip().partition(" ")
    code = f"{target} = []" if target else "pass"
    if sign == "%" and magic in _TIMERS and rest:
        rest = re.sub(r"^(-\w+\s*\d*\s+)*", "", rest.strip())  # without options, such as -n 10
        code = f"{target} = {rest}" if target else rest
    elif sign == "%" and magic == "run" and rest:
        code = f"globals().update(__import__('runpy').run_path({rest.split()[0]!r}, run_name='__main__'))"
    elif sign == "%" and magic == "env" and "=" in rest:
        key, _, value = rest.partition("=")
        code = f"__import__('os').environ[{key.strip()!r}] = {value.strip()!r}"
    elif sign == "!" or _INSTALL.match(line):
        print(f"{name}: not run: {line.strip()}", file=sys.stderr)
    lines[number] = parts["indent"] + code
    while line.endswith("\\") and number + 1 < len(lines):
        number += 1
        line, lines[number] = lines[number], ""
    return True


def _line(error: BaseException, name: str) -> int | None:
    """Return the line of a cell that failed, the innermost one that ran."""
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno
    frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return frames[-1] if frames else None


def display(*values: Any, **options: Any) -> None:
    """Print values, where a notebook would show them.

    Example:
        >>> display([1, 2])
        [1, 2]
    """
    for value in values:
        print(value if isinstance(value, str) else repr(value))


class _Shown:
    """A stand-in for the objects of IPython: it takes any arguments, and everything asked of it does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None

    def __repr__(self) -> str:
        return "<shown in a notebook>"


def _stand_in_for_ipython() -> None:
    """Let notebooks import what they show things with, where IPython is not there."""

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return display if name == "display" else _Shown if name[0].isupper() else lambda *args, **kwargs: None

    for name in _IPYTHON:
        module = sys.modules[name] = ModuleType(name)
        module.__path__ = []
        module.__spec__ = ModuleSpec(name, None)
        vars(module)["__getattr__"] = find
        above, _, last = name.rpartition(".")
        if above:
            setattr(sys.modules[above], last, module)
    vars(sys.modules["IPython"]).update(version_info=(9, 0), get_ipython=lambda: None)  # Matplotlib asks for these
