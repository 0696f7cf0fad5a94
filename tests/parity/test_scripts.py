"""Teaching scripts print with minikeras what they print with Keras: the same words, and nearly the same numbers."""

import re
from pathlib import Path

import pytest

from tests.test_scripts import NUMBER, SCRIPTS, missing, runs

pytestmark = pytest.mark.parity
SAME = [path for path in SCRIPTS if "\n# parity" in path.read_text() and not missing(path)]


@pytest.mark.parametrize("path", SAME, ids=lambda p: p.stem)
def test_a_script_prints_what_it_prints_with_keras(path: Path) -> None:
    ours, theirs = (runs(side, *SAME)[path.stem] for side in ("minikeras", "keras"))
    assert theirs["error"] is None, theirs["error"]
    assert re.sub(NUMBER, "#", ours["out"]) == re.sub(NUMBER, "#", theirs["out"])
    numbers = [[float(n) for n in re.findall(NUMBER, side["out"])] for side in (ours, theirs)]
    assert numbers[0] == pytest.approx(numbers[1], rel=2e-3, abs=2e-3)
    assert len(numbers[0]) > 2
