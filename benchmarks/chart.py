"""Draw what `compare.py` measured: one training step and one prediction, minikeras beside the others.

python benchmarks/chart.py speed.json speed.png
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

TITLES = {"fit": "training step (fit), µs", "predict": "predict of one row, µs"}
OWN, LIMIT, PEER = "#c2410c", "#9ca3af", "#1f4e79"


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw the sections `fit` and `predict` as bars on one logarithmic scale, one panel a workload.

    Raises:
        SystemExit: if matplotlib is not installed, or neither section was measured.
    """
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
    except ImportError:
        raise SystemExit('A chart needs matplotlib: python -m pip install ".[plot]"') from None
    matplotlib.use("Agg")
    plt: Any = importlib.import_module("matplotlib.pyplot")
    found = {"fit": results.get("fit", {}).get("step"), "predict": results.get("predict", {}).get("predict")}
    sections = {name: figures for name, figures in found.items() if figures}
    if not sections:
        raise SystemExit("A chart shows the sections fit and predict; neither was measured.")
    rows = max(map(len, sections.values()))
    size = (4.2 * len(sections), 1.7 * rows + 0.4)  # letters are large enough where a page is 800 pixels wide
    figure, axes = plt.subplots(
        rows, len(sections), figsize=size, sharex=True, sharey="row", squeeze=False, layout="constrained"
    )
    for column, (section, workloads) in zip(axes.T, sections.items(), strict=True):
        for axis, (workload, times) in zip(column, workloads.items(), strict=False):
            names = list(times)[::-1]
            colors = [OWN if n == "minikeras" else LIMIT if n in ("hand-tuned", "products") else PEER for n in names]
            bars = axis.barh(names, [times[n] for n in names], color=colors)
            figures = [f"{times[n]:,.3g}" if times[n] < 1000 else f"{times[n]:,.0f}" for n in names]
            axis.bar_label(bars, labels=figures, padding=2, fontsize=8)
            axis.set_xscale("log")
            axis.set_xlim(0.5, 5e5)  # one scale for all panels
            axis.minorticks_off()
            axis.tick_params(labelsize=8)
            axis.set_title(f"{workload}: {TITLES[section]}", fontsize=9)
            axis.spines[["top", "right"]].set_visible(False)
    about = results["machine"]
    title = f"{about['processor']}, {about['cores']} cores, NumPy {about['numpy']}; a logarithmic scale"
    figure.suptitle(title, fontsize=8)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf8")), Path(sys.argv[2]))
