"""Run the Python code of a page, in order, compare what it prints with the page, and draw its pictures.

    python docs/site/run.py docs/tutorial.md
    python docs/site/run.py docs/tutorial.md --pictures docs/pictures [--style dark_background]

A block of `python` is run; one of `text` right behind it is what it prints; one of `py` is only shown. A picture behind
a block is the figure that the block drew last. The code runs in an empty folder, and knows `np` and `keras`.
"""

import argparse
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

CODE = r"^```python\n(?P<code>.*?)^```\n"
BLOCK = re.compile(
    CODE + r"\s*(?:^```text\n(?P<text>.*?)^```\n|!\[[^]]*\]\(pictures/(?P<picture>[\w-]+\.png)\))?", re.M | re.S
)
PREPARE = "import numpy as np\nimport minikeras as keras\n"


def run(page: str, name: str) -> Iterator[str]:
    """Run the code of a page in the current folder, and yield the name of each picture when its figure is drawn.

    Raises:
        AssertionError: if it prints something else than the page says.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(PREPARE, names)
    for found in BLOCK.finditer(page):
        line = page.count("\n", 0, found.start()) + 1
        with redirect_stdout(StringIO()) as printed:
            exec(compile("\n" * line + found["code"], name, "exec"), names)
        if found["text"] is not None:
            assert printed.getvalue() == found["text"], f"{name}, line {line}, prints:\n{printed.getvalue()}"
        if found["picture"]:
            yield found["picture"]


def main() -> None:
    """Run a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("--pictures", type=Path, help="the folder to which its pictures are written")
    parser.add_argument("--style", default="default", help="a style of matplotlib's")
    options = parser.parse_args()
    page, pictures = options.page.read_text("utf8"), options.pictures and options.pictures.resolve()
    if "](pictures/" in page:
        import matplotlib as mpl
        from matplotlib import pyplot as plt

        mpl.use("agg")
        plt.style.use(options.style)
    with tempfile.TemporaryDirectory() as folder:
        home = Path.cwd()
        os.chdir(folder)
        for picture in run(page, options.page.name):
            if pictures:
                plt.gcf().savefig(pictures / picture, dpi=80)
            plt.close("all")
        os.chdir(home)


if __name__ == "__main__":
    main()
