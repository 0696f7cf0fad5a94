"""What real TensorFlow gives for expressions of teaching code.

    python tests/compat/tensorflow/values.py

writes values.json, and the output of the scripts beside it, anew. Needs TensorFlow, which the tests do not.
"""

import contextlib
import io
import json
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*.py"))
EXPRESSIONS = (HERE / "expressions.txt").read_text("utf8").splitlines()


def evaluate(tf: Any, expression: str) -> list[str]:
    """Return representation and text of the value, or the class of the error and its text."""

    def seeded(draw: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        tf.random.set_seed(42)
        return draw(*args, **kwargs)

    def twice(draw: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        tf.random.set_seed(42)
        return draw(*args, **kwargs), draw(*args, **kwargs)

    def slope(function: Callable[[Any], Any], x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tf.convert_to_tensor(tape.gradient(y, x))

    f, t = tf.constant([1.0, 2.0]), tf.constant([1, 2])
    names = {"tf": tf, "np": np, "f": f, "t": t, "seeded": seeded, "twice": twice, "slope": slope}
    try:
        value = eval(expression, names)
        return [repr(value), str(value)]
    except Exception as error:
        return [type(error).__name__, str(error)]


def output(path: Path) -> str:
    """Run a script and return what it prints."""
    written = io.StringIO()
    with contextlib.redirect_stdout(written), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runpy.run_path(str(path), run_name="__main__")
    return written.getvalue()


def main() -> None:
    """Write the files."""
    tf = import_module("tensorflow")

    values = {expression: evaluate(tf, expression) for expression in EXPRESSIONS}
    text = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in values.items())
    (HERE / "values.json").write_text(f"{{\n{text}\n}}\n", "utf8")
    for path in SCRIPTS:
        run = subprocess.run([sys.executable, path], capture_output=True, check=True)  # each its own TensorFlow
        path.with_suffix(".txt").write_bytes(run.stdout)


if __name__ == "__main__":
    main()
