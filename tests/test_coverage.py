"""The table of covered names is what minikeras has, and nothing of Keras is missing that is not named there."""

import re
import runpy
from pathlib import Path

from minikeras._base.absent import ABSENT

ROOT = Path(__file__).parent.parent


def test_the_table_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "coverage.py"))["table"]()
    assert (ROOT / "docs" / "coverage.md").read_text("utf8") == made, "run `python docs/coverage.py`"


def test_a_missing_name_would_show() -> None:
    status = runpy.run_path(str(ROOT / "docs" / "coverage.py"))["status"]
    assert [status("keras.layers", name) for name in ("Dense", "Nothing")] == ["has", "missing"]
    assert status("tf.data.Dataset", "batch") == "has"
    assert [status("keras", name) for name in ("layers", "quantizers")] == ["has", "imports"]
    assert [status("keras.applications", name) for name in ("vgg16", "vgg19")] == ["has", "imports"]
    assert status("tf", "nothing") == "missing"


def test_the_page_for_users_of_keras_names_all_that_is_missing() -> None:
    page = set(re.findall(r"\w+", (ROOT / "docs" / "keras.md").read_text("utf8")))
    whole = {"applications", "distillation", "distribution", "quantizers", "utils.bounding_boxes", "visualization"}
    assert {name.rpartition(".")[2] for name in whole} <= page
    missing = {
        name
        for module, names in ABSENT.items()
        if module not in whole and not module.startswith("applications.")
        for name in names.split()
    }
    assert missing - page == {"STFTInitializer", "stft"}  # other spellings of STFT
