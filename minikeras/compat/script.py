"""Run a script as `python script.py` would, with minikeras in place of keras and tensorflow."""

import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .finder import install as install

SCRIPT = "MINIKERAS_SCRIPT"
"""The environment variable with the path of the script that runs, for child processes."""


class _Script(ModuleType):
    """The module `__main__` of a script. To `multiprocessing` its spec names the module that child processes import."""

    __spec__ = property(lambda self: ModuleSpec(f"{__package__}.child", None))


def run(path: str, arguments: Iterable[str] = (), keep_going: bool = False) -> None:
    """Run a script ("-" is standard input) or a notebook; with `keep_going` a notebook runs on after a failed cell."""
    sys.argv = [path, *arguments]
    install()
    if path.endswith(".ipynb"):
        import_module(f"{__package__}.notebook").run_notebook(path, keep_going)
    else:
        run_script(path)


def run_script(path: str) -> None:
    """Run a script as `__main__`, and exit as Python does if it fails."""
    source = read(path)
    stdin = path == "-"
    file = "<stdin>" if stdin else os.path.abspath(path)
    main = new_main(file, "" if stdin else os.path.dirname(os.path.realpath(path)))
    if not stdin:
        os.environ[SCRIPT] = file
        main.__class__ = _Script
    error = failure(lambda: exec(compile(source, file, "exec", dont_inherit=True), vars(main)), vars(main))
    if error is not None:
        sys.excepthook(type(error), error, error.__traceback__)
        end(error)


def read(path: str) -> bytes:
    """Return the text of a script or notebook, or exit as Python does if it cannot be read."""
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        print(f"{sys.executable}: can't open file {os.path.abspath(path)!r}: {reason}", file=sys.stderr)
        sys.exit(2)


def new_main(file: str, folder: str) -> ModuleType:
    """Make a new module `__main__`, and a folder the first entry of the import path."""
    main = ModuleType("__main__")
    main.__file__ = file
    sys.modules["__main__"] = main
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = folder
    return main


def failure(run: Callable[[], object], namespace: dict[str, Any]) -> BaseException | None:
    """Call `run` and return the exception that it raised, or None; the traceback starts at the user's code."""
    try:
        run()
    except SystemExit:
        raise
    except BaseException as error:
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_frame.f_globals is not namespace:
            traceback = traceback.tb_next
        return error.with_traceback(traceback)
    return None


def end(error: BaseException) -> None:
    """Exit as Python does after it has printed an exception."""
    if isinstance(error, KeyboardInterrupt):
        sys.excepthook = lambda *_: None
        raise error  # Python then exits as killed by the signal
    sys.exit(1)
