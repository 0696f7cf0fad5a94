"""Write `docs/coverage.md`: which names of Keras, and of TensorFlow's that scripts use, minikeras answers.

    python docs/coverage.py            the table, from the names in docs/public_names.txt
    python docs/coverage.py names      the names first, from the Keras (and TensorFlow, if it is there) installed

`tests/test_coverage.py` holds that the table is what minikeras is.
"""

import re
import sys
import warnings
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from minikeras._base.absent import ABSENT
from minikeras.compat.modules import find_module
from minikeras.compat.past.tables import ABSENT as PAST

DOCS = Path(__file__).parent
NAMES = DOCS / "public_names.txt"
TABLE = DOCS / "coverage.md"
TENSORFLOW = (
    "autograph bitwise config data data.Dataset debugging dtypes errors function image initializers io linalg losses "
    "math metrics nn optimizers random saved_model strings summary train version"
)
"""The parts of TensorFlow that teaching scripts use, besides `tf` itself; the other parts are left out."""
HEAD = """\
# What is covered

Written by `python docs/coverage.py`; `tests/test_coverage.py` keeps it true. "Has" counts names that work,
"imports" those that can be imported and raise `NotImplementedError` when they are used; "missing" ones are unknown. The
names are those of Keras {keras}, with what its `tf.keras` adds, and those of TensorFlow {tensorflow} in the parts that
teaching scripts use. What `tf.keras` and TensorFlow add is there under the [stand-in](scripts.md).

| module | names | has | imports | missing |
|---|--:|--:|--:|---|
"""


def keras_names() -> dict[str, list[str]]:
    """Return Keras's public modules and their names, read off the files that declare them."""
    spec = find_spec("keras")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    found: dict[str, set[str]] = {}
    for base in (root, root / "_tf_keras" / "keras"):
        for path in sorted(base.rglob("__init__.py")):
            parts = path.parent.relative_to(base).parts
            if not parts or parts[0] not in ("src", "_tf_keras"):
                names = re.findall(r" as (\w+)", path.read_text("utf8"))
                found.setdefault(".".join(("keras", *parts)), set()).update(names)
    return {module: sorted(names - {"_tf_keras"}) for module, names in found.items()}


def tensorflow_names() -> dict[str, list[str]]:
    """Return the modules of `TENSORFLOW` and their public names."""
    tf: Any = import_module("tensorflow")
    found = {}
    for part in ["", *TENSORFLOW.split()]:
        module: Any = tf
        for name in part.split(".") if part else ():
            module = getattr(module, name)
        names = [name for name in dir(module) if not name.startswith("_")]
        if not part:
            names = [name for name in names if name == "keras" or not hasattr(getattr(tf, name), "__path__")]
        found[f"tf.{part}".rstrip(".")] = names
    return found


def write_names() -> None:
    """Write the names that are public where Keras and TensorFlow are installed; keep those of one that is not."""
    found, versions = read_names()
    for package, read in (("keras", keras_names), ("tensorflow", tensorflow_names)):
        if find_spec(package):
            prefix = "keras" if package == "keras" else "tf"
            found = {module: names for module, names in found.items() if module.split(".")[0] != prefix} | read()
            versions[package] = import_module(package).__version__
    lines = [f"# {package} {version}" for package, version in sorted(versions.items())]
    lines += [f"{module}: {' '.join(names)}" for module, names in sorted(found.items())]
    NAMES.write_text("\n".join(lines) + "\n", "utf8")


@cache
def read_names() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return modules with their names, and packages with the versions these are of."""
    lines = NAMES.read_text("utf8").splitlines() if NAMES.exists() else []
    versions = dict(line[2:].split() for line in lines if line.startswith("# "))
    pairs = [line.partition(":") for line in lines if not line.startswith("# ")]
    return {module: names.split() for module, _, names in pairs}, versions


def status(module: str, name: str) -> str:
    """Tell whether minikeras "has" a name, it "imports" alone, or is "missing"."""
    inside = read_names()[0].get(f"{module}.{name}")
    if inside and all(status(f"{module}.{name}", other) == "imports" for other in inside):
        return "imports"  # a module of which nothing works
    within = module.removeprefix("keras").lstrip(".")
    if module.startswith("keras") and name in f"{ABSENT.get(within)} {PAST.get(module)}".split():
        return "imports"
    home: Any = find_module(module.replace("tf", "tensorflow", 1) if module.startswith("tf") else module)
    if home is None and "." in module:  # a class, such as tf.data.Dataset
        above, _, last = module.rpartition(".")
        home = getattr(find_module(above.replace("tf", "tensorflow", 1)), last, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return "has" if hasattr(home, name) else "missing"


def table() -> str:
    """Return the text of `docs/coverage.md`."""
    found, versions = read_names()
    rows = []
    total = dict.fromkeys(("has", "imports", "missing"), 0)
    for module, names in found.items():
        kinds = {name: status(module, name) for name in names}
        counts = {kind: list(kinds.values()).count(kind) for kind in total}
        total = {kind: total[kind] + counts[kind] for kind in total}
        absent = ", ".join(f"`{name}`" for name in names if kinds[name] == "missing")
        rows.append(f"| `{module}` | {len(names)} | {counts['has']} | {counts['imports'] or ''} | {absent} |")
    rows.append(f"| all | {sum(total.values())} | {total['has']} | {total['imports']} | {total['missing']} |")
    return HEAD.format(**versions) + "\n".join(rows) + "\n"


if __name__ == "__main__":
    if "names" in sys.argv[1:]:
        write_names()
    TABLE.write_text(table(), "utf8")
