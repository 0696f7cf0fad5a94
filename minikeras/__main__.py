"""Keras's scripts and files, on NumPy alone.

    minikeras train.py ...                 run a script as `python train.py ...`
                                           does; keras is minikeras there
    minikeras lesson.ipynb ...             run a notebook's cells in order
    minikeras info model.keras             show what a file holds, if it loads
    minikeras predict model.keras x.csv -o y.csv
                                           predict tables of any length
    minikeras convert old.h5 new.keras     write another format: .onnx, .npz ...
    minikeras COMMAND --help               explain one of these three

info, predict and convert are commands in every folder; a script of such a name
is run as ./info. `python -m minikeras` does the same as `minikeras`.

Status: 0 done; 1 failed, for the reason in a line on standard error; 2 called
in a wrong way; 130 interrupted. A script has its own.
"""

import argparse
import inspect
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

import numpy as np

import minikeras

from ._base.absent import KERAS_VERSION
from .compat.script import end, run


class _Parser(argparse.ArgumentParser):
    """Reports errors in one line."""

    def __init__(self, prog: str, text: str | None) -> None:
        form = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, description=inspect.cleandoc(text or ""), formatter_class=form, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.fail(f"{message} (see {self.prog} --help)", 2)

    def fail(self, message: str, status: int) -> NoReturn:
        self.tell(f"error: {message}")
        self.exit(status)

    def tell(self, message: str) -> None:
        line = " ".join(f"{self.prog}: {message}".split())
        if sys.stderr is not None:  # else `print` would write to the results
            print("".join(c if c.isprintable() else "?" for c in line), file=sys.stderr)  # no commands to the terminal


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, or these arguments.

    Raises:
        SystemExit: with the status, if that is not 0.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] and arguments[0] in ("info", "predict", "convert"):
        _command(arguments[0], arguments[1:])
        return
    parser = _Parser("minikeras", __doc__)
    versions = f"Keras {KERAS_VERSION}'s names, NumPy {np.__version__}, Python {sys.version.split()[0]}"
    parser.add_argument("--version", action="version", version=f"minikeras {minikeras.__version__} ({versions})")
    parser.add_argument("--keep-going", action="store_true", help="go on after a cell of a notebook that fails")
    parser.add_argument("script", help="a script, a notebook, or - for standard input")
    parser.add_argument("arguments", nargs="...", help="what it finds in sys.argv")
    options = parser.parse_args(arguments)
    path = options.script
    if path.endswith((".keras", ".h5")) or not (path == "-" or os.path.splitext(path)[1] or os.path.exists(path)):
        parser.error(f"{path!r} is neither a command nor a script")
    if path.endswith(".ipynb") and not find_spec("IPython"):
        parser.fail('notebooks need IPython. In a clone of minikeras, run: python -m pip install ".[notebook]"', 1)
    run(path, options.arguments, options.keep_going)


def _command(word: str, arguments: Sequence[str]) -> None:
    """Run a command; report an error in one line, or raise it under `python -X dev`."""
    command = getattr(import_module(f"{__package__}._cli.commands"), word)
    parser = _Parser(f"minikeras {word}", command.__doc__)
    add = parser.add_argument
    add("model", metavar="FILE", help="a file of a model" + " or of weights" * (word != "predict"))
    if word == "info":
        add("--config", action="store_true", help="print the model's configuration alone, as JSON")
    elif word == "predict":
        add("data", metavar="DATA", help="a table: .npy, CSV, or - for CSV from standard input")
        add("-o", "--output", metavar="FILE", help="a .csv or .npy file to write")
        add("-b", "--batch-size", type=int, default=32, metavar="N", help="rows in a step (default: 32)")
        add("--header", action=argparse.BooleanOptionalAction, help="whether the first line has names")
        add("-q", "--quiet", action="store_true", help="show no progress")
    else:
        add("output", metavar="OUTPUT", help="the file to write")
        add("--model", dest="of", metavar="FILE", help="the model that weights are for, or its configuration in .json")
    if word != "info":
        add("-f", "--force", action="store_true", help="replace a file that exists")
    options = parser.parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: parser.tell(f"warning: {message}")
            command(options)
        print(end="", flush=True)  # shows errors of the output now
    except KeyboardInterrupt as error:
        parser.tell("interrupted")
        end(error)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        try:
            print(end="", flush=True)
        except OSError:  # to a closed pipe or a full disk Python would flush once more
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        expected = isinstance(error, ValueError | OSError | ImportError | NotImplementedError)
        parser.fail(str(error) if expected else f"{type(error).__name__}: {error}", 1)


if __name__ == "__main__":
    main()
