"""The pictures of docs/plots.md, made by its own code.

    python docs/pictures.py [STYLE]     write them to docs/pictures/, in a style of matplotlib's

The picture after a block of code is the figure which that block drew last.
"""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl

HERE = Path(__file__).parent


def draw(folder: Path, style: str = "default", page: Path = HERE / "plots.md") -> list[Path]:
    """Run a page's code and write the pictures that it shows to a folder; return their paths."""
    mpl.use("agg")
    from matplotlib import pyplot as plt

    names: dict[str, Any] = {"__name__": "__main__"}
    written = []
    with plt.style.context(style):
        for code, picture in re.findall(
            r"```python\n(.*?)```(?:\s*!\[.*?\]\(pictures/(.*?)\))?", page.read_text("utf8"), re.DOTALL
        ):
            exec(compile(code, page, "exec"), names)
            if picture:
                written.append(folder / picture)
                plt.gcf().savefig(written[-1], dpi=80)
            plt.close("all")
    return written


if __name__ == "__main__":
    target = HERE / "pictures"
    target.mkdir(exist_ok=True)
    os.chdir(tempfile.mkdtemp())  # where the page's code leaves a log
    print(*draw(target.resolve(), sys.argv[1] if len(sys.argv) > 1 else "default"), sep="\n")
