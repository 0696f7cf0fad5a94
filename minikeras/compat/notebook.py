"""Run the code cells of a notebook in order, with IPython but without Jupyter.

IPython's magics work, except those that start a program or wait for input. These and shell lines are skipped, and named
on standard error. Figures are drawn but not shown.
"""

import json
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from .._base.tracebacks import shortened
from .script import end, failure, new_main, read

_SKIPPED = {"bash", "cmd", "conda", "config", "debug", "edit", "load_ext", "mamba", "micromamba", "pastebin", "perl",
            "pip", "pypy", "python", "python2", "python3", "reload_ext", "ruby", "script", "sh", "uv"}  # fmt: skip


def _nothing(*args: Any, **kwargs: Any) -> Any: ...


class _Shell(InteractiveShell):
    """IPython without a user: it starts no program, and its caller shows the errors."""

    cell: str = ""
    """What messages call the running cell."""
    init_virtualenv = showtraceback = showsyntaxerror = _nothing
    ask_exit = staticmethod(sys.exit)  # for `exit()`

    def __init__(self, main: ModuleType, folder: str) -> None:
        super().__init__(user_module=main, ipython_dir=folder, config=Config(HistoryManager={"enabled": False}))
        shell: Any = self
        shell.compile.get_code_name = lambda *_: self.cell
        shell.display_formatter.active_types = ["text/plain"]
        shell.displayhook.write_output_prompt = shell.display_pub.clear_output = _nothing
        shell.displayhook.prompt_end_newline = True
        shell.set_hook("show_in_pager", _nothing)

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        if magic_name in _SKIPPED or not self.find_line_magic(magic_name):
            return self.system(f"%{magic_name} {line}")
        return super().run_line_magic(magic_name, line, _stack_depth + 1)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        if magic_name in _SKIPPED or not self.find_cell_magic(magic_name):
            return self.system(f"%%{magic_name} {line}")
        return super().run_cell_magic(magic_name, line, cell)

    def system(self, cmd: str) -> None:
        print(f"{self.cell}: not run: {cmd.rstrip()}", file=sys.stderr)

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> list[str]:
        self.system(cmd)
        return []

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str, str]:
        return "", "agg"


def run_notebook(path: str, keep_going: bool = False) -> None:
    """Run a notebook's code cells as `__main__` in its folder, and exit with status 1 if one fails."""
    cells = list(code_cells(path, read(path)))
    main = new_main(os.path.abspath(path), os.path.dirname(os.path.realpath(path)))
    del main.__file__  # as in Jupyter
    os.chdir(os.path.dirname(os.path.abspath(path)))
    os.environ.setdefault("MPLBACKEND", "agg")
    warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive|To exit: use 'exit'")
    failed = []
    with TemporaryDirectory() as folder:
        shell = _Shell.instance(main, folder)
        for number, source in enumerate(cells, 1):
            shell.cell = f"{path}, cell {number}"
            error = failure(shell.run_cell(source, store_history=True).raise_error, vars(main))
            if error is not None:
                sys.stdout.flush()
                with shortened(error):
                    traceback.print_exception(error)
                print(f"{shell.cell}: {type(error).__name__}", file=sys.stderr)
                failed.append(str(number))
                if not keep_going or isinstance(error, KeyboardInterrupt):
                    end(error)
    if failed:
        print(f"{path}: {len(failed)} of {len(cells)} code cells failed: {', '.join(failed)}", file=sys.stderr)
        sys.exit(1)


def code_cells(path: str, text: bytes) -> Iterator[str]:
    """Yield the text of each code cell, or exit if the file is no notebook."""
    try:
        notebook = json.loads(text)
        for sheet in notebook.get("worksheets") or [notebook]:  # formats before version 4 have worksheets
            for cell in sheet["cells"]:
                if cell["cell_type"] == "code":
                    yield "".join(cell["source"] if "source" in cell else cell["input"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{path} is no notebook: expected JSON with a list of cells. {error!r}", file=sys.stderr)
        sys.exit(2)
