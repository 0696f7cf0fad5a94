"""Run the Python code of a page, in order, and compare what it prints with the page.

    python docs/site/run.py docs/tutorial.md
    python docs/site/run.py docs/tutorial.md --pictures     keep the pictures it makes, in docs/pictures

A block of `python` is run; one of `text` right behind it is what it prints; one of `py` is only shown. The code runs
in an empty folder, and knows `np` and `keras`.
"""

import os
import re
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

PICTURES = Path(__file__).parents[1] / "pictures"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
IMAGE = re.compile(r"\]\(pictures/([\w-]+\.png)\)")
PREPARE = "import numpy as np\nimport minikeras as keras\n"


def run(page: Path) -> set[str]:
    """Run the code of a page in the current folder, and return the names of the pictures that it made.

    Raises:
        AssertionError: if it prints something else than the page says, or does not make a picture that it shows.
    """
    text = page.read_text("utf8")
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(PREPARE, names)
    for found in BLOCK.finditer(text):
        source, expected = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        with redirect_stdout(StringIO()) as printed:
            exec(compile("\n" * line + source, str(page), "exec"), names)
        if expected is not None or printed.getvalue():
            assert printed.getvalue() == expected, f"{page.name}, line {line}, prints:\n{printed.getvalue()}"
    made = {path.name for path in Path().glob("*.png")}
    missing = {*IMAGE.findall(text)} - made - {"speed.png"}
    assert not missing, f"{page.name} shows pictures that its code does not make: {missing}"
    return made


def main() -> None:
    """Run a page."""
    page = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in run(page):
            if "--pictures" in sys.argv:
                shutil.copy(name, PICTURES)
        os.chdir(PICTURES)


if __name__ == "__main__":
    main()
