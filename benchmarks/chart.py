"""Draw what `compare.py` measured: one training step and one prediction, minikeras beside the others.

python benchmarks/chart.py speed.json speed.png
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

TITLES = {"fit": "training step (fit), µs", "predict": "predict(x, verbose=0) of one row, µs"}
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
    columns = max(map(len, sections.values()))
    size = (3.4 * columns, 2.6 * len(sections))
    figure, axes = plt.subplots(len(sections), columns, figsize=size, squeeze=False, layout="constrained")
    for row, (section, workloads) in zip(axes, sections.items(), strict=True):
        for axis, (workload, times) in zip(row, workloads.items(), strict=False):
            names = list(times)[::-1]
            colors = [OWN if n == "minikeras" else LIMIT if n in ("hand-tuned", "products") else PEER for n in names]
            bars = axis.barh(names, [times[n] for n in names], color=colors)
            axis.bar_label(bars, labels=[f"{times[n]:,.3g}" if times[n] < 1000 else f"{times[n]:,.0f}" for n in names],
                           padding=2, fontsize=7)  # fmt: skip
            axis.set_xscale("log")
            axis.set_xlim(0.5, 5e5)  # one scale for all panels
            axis.tick_params(labelsize=7)
            axis.set_title(workload, fontsize=9)
            axis.spines[["top", "right"]].set_visible(False)
            if axis is not row[0]:
                axis.set_yticklabels([])
        row[0].set_ylabel(TITLES[section], fontsize=8)
    about = results["machine"]
    figure.suptitle(f"{about['processor']}, {about['cores']} cores, NumPy {about['numpy']}", fontsize=8)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf8")), Path(sys.argv[2]))
