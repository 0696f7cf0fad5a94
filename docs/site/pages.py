"""What the site has besides the pages in `docs`: the reference, the examples, and the texts that lie elsewhere.

MkDocs calls `on_config`, `on_files` and `on_page_markdown` (`hooks` in mkdocs.yml).
"""

import json
import re
import runpy
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import minikeras

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from docstrings import as_markdown  # noqa: E402  # beside this file

SMALL = ROOT / "examples" / "small_keras.py"  # which has a page with words of its own
ELSEWHERE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
}
HOMES = [
    "layers", "models", "optimizers", "losses", "metrics", "callbacks", "initializers", "regularizers", "constraints",
    "activations", "ops",
]  # fmt: skip
"""The modules that document what others name too, the first one first."""
NAMES = """\
# Keras's names: here or not

Every public name of Keras, and of TensorFlow in the parts that teaching scripts use, by the module in which a script
finds it. Those of Keras that are not here can be imported all the same, and using one says so; those of TensorFlow
cannot. A linked name is in the reference; the others come with the [stand-ins](compat.md).
[What is covered](coverage.md) has the counts."""
TYPES = """\
# Types in signatures

The names that signatures use for kinds of values. They are for reading, and for an editor to show: code of your own
needs `keras.Tensor`, `keras.Variable`, `keras.KerasTensor` and those of `numpy.typing`. `...Options` are the keyword
arguments that classes of a kind have in common."""
_EXAMPLE = re.compile(r"^Example:\n((?:    .*\n?|\n)+)", re.MULTILINE)
_TYPE = re.compile(r"^(?:(\w+): TypeAlias|class ([A-Z]\w+Options)\()", re.MULTILINE)
_LINE = "\n"


def on_config(config: MkDocsConfig) -> None:
    """Put the reference, the examples, and the pages that mkdocs.yml does not name into the navigation."""
    named = str(config.nav)
    for entry in config.nav or ():
        if "Use it for" in entry:
            pages = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
            entry["Use it for"] += [page for page in pages if f"'{page}'" not in named]
        if "Reference" in entry:
            entry["Reference"] += [{page: f"reference/{page}.md"} for page in modules()]
            entry["Reference"].append("reference/types.md")
        if "Learn" in entry:
            entry["Learn"].append({"Examples": [f"examples/{path.stem}.md" for path in examples()]})


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages that no file in `docs` has."""
    texts = {name: (ROOT / path).read_text("utf8") for path, name in ELSEWHERE.items()}
    texts |= {f"examples/{path.stem}.md": example(path) for path in examples()}
    texts["keras-names.md"] = keras_names()
    texts |= {f"reference/{page}.md": reference(page) for page in modules()} | {"reference/types.md": types()}
    for name, text in texts.items():
        files.append(File.generated(config, name, content=text))
    picture = ROOT / "benchmarks" / "speed.png"
    files.append(File.generated(config, "pictures/speed.png", abs_src_path=str(picture)))


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return a page with what it takes from other files, and its links to them as links of the site.

    A paragraph that is a link to a section of README.md, or to a part of `examples/small_keras.py`, becomes that text.
    """
    markdown = re.sub(r"^\[README: ([\w ]+)\]\(\S+\)$", _section, markdown, flags=re.MULTILINE)
    markdown = re.sub(r"^\[Part (\d) of \S+\]\(\S+\)$", _part, markdown, flags=re.MULTILINE)
    for path, name in ELSEWHERE.items():
        markdown = re.sub(rf"\]\((?:\.\./)?{path}", f"]({name}", markdown)
    markdown = re.sub(r"\]\((?:\.\./)?benchmarks/speed.png\)", "](pictures/speed.png)", markdown)
    markdown = markdown.replace("](docs/", "](")
    return re.sub(r"(?<!\[)`(?:examples/(\w+)\.py|docs/([\w-]+)\.md)`", _link, markdown)


def _section(found: re.Match[str]) -> str:
    text = (ROOT / "README.md").read_text("utf8")
    return text.split(f"\n## {found[1]}\n")[1].split("\n## ")[0].strip()


def _part(found: re.Match[str]) -> str:
    parts = re.split(r"^# --- \(\d\).*\n", SMALL.read_text("utf8"), flags=re.MULTILINE)
    return f"```python\n{parts[int(found[1])].strip()}\n```"


def _link(found: re.Match[str]) -> str:
    page = f"examples/{found[1]}" if found[1] else found[2]
    return f"[{found[0]}]({'small-keras' if found[1] == SMALL.stem else page}.md)"


def examples() -> list[Path]:
    """Return the programs in `examples` that have a page."""
    return sorted({*(ROOT / "examples").glob("*.py")} - {SMALL})


def example(path: Path) -> str:
    """Return the page of an example: what it says of itself, and its code."""
    _, text, code = path.read_text("utf8").split('"""', 2)
    return f"# {path.name}\n\n{text}\n\n```python\n{code.strip()}\n```\n"


# --- The reference: a page for each module of Keras's, a heading for each thing; other names of it point there ------


@cache
def modules() -> dict[str, list[ModuleType]]:
    """Return the pages of the reference, each with the modules on it."""
    pages = {"minikeras": [minikeras]}
    for name in sorted(minikeras.__all__):
        if isinstance(module := getattr(minikeras, name), ModuleType):
            inner = [vars(module).get(other) or getattr(module, other) for other in module.__all__]
            pages[name] = [module, *(other for other in inner if isinstance(other, ModuleType))]
    pages["ops"].append(import_module("minikeras.ops.image"))
    pages["plots"] = [import_module("minikeras.plots")]
    pages["compat"] = [import_module("minikeras.compat"), import_module("minikeras.compat.sklearn")]
    return {"minikeras": pages.pop("minikeras"), **dict(sorted(pages.items()))}


@cache
def homes() -> dict[int, str]:
    """Return the address at which each function and class is documented, by its `id`."""
    found: dict[int, str] = {}
    for page in sorted(modules(), key=lambda page: (HOMES.index(page) if page in HOMES else len(HOMES), page)):
        for module in modules()[page]:
            named = {name: getattr(module, name) for name in module.__all__}
            for name, thing in sorted(named.items(), key=lambda pair: getattr(pair[1], "__name__", "") != pair[0]):
                if getattr(thing, "__module__", "").startswith("minikeras") and callable(thing):
                    found.setdefault(id(thing), f"{module.__name__}.{name}")
    return found


def reference(page: str) -> str:
    """Return the text of a page of the reference."""
    return "\n\n".join(
        part for module in modules()[page] for part in _parts(module, first=module is modules()[page][0])
    )


def _parts(module: ModuleType, first: bool) -> Iterator[str]:
    yield f"{'#' if first else '##'} {module.__name__}"
    yield _EXAMPLE.sub(lambda m: f"```pycon\n{dedent(m[1]).strip()}\n```\n", as_markdown(getdoc(module) or ""))
    rows, others, directives = [], [], []
    for name in sorted(module.__all__, key=str.lower):
        thing = getattr(module, name)
        home = homes().get(id(thing))
        if home == f"{module.__name__}.{name}":
            rows.append(
                f"- [`{name}`][{home}] {as_markdown((getdoc(thing) or '').partition(2 * _LINE)[0].replace(_LINE, ' '))}"
            )
            options = {"heading_level": 2 if first else 3, "inherited_members": sorted(_unseen(thing))}
            directives.append(f"::: {home}\n    options: {json.dumps(options)}\n")
        elif home:
            others.append(f"[`{name}`][{home}]")
    yield _LINE.join(rows)
    if others:
        yield f"{'Other names' if rows else 'Names'} of what is documented elsewhere: {', '.join(others)}."
    yield from directives


def keras_names() -> str:
    """Return the page that says of each name of Keras whether it is here."""
    coverage = runpy.run_path(str(ROOT / "docs" / "coverage.py"))
    parts = [NAMES]
    for module, names in coverage["read_names"]()[0].items():
        home = coverage["find_module"](module.replace("tf", "tensorflow", 1) if module.startswith("tf") else module)
        kinds = {name: coverage["status"](module, name) for name in names}
        here = [_named(home, name) for name, kind in kinds.items() if kind == "has"]
        absent = [f"`{name}`" for name, kind in kinds.items() if kind != "has"]
        parts += [f"## {module}", ", ".join(here), f"**Not here:** {', '.join(absent)}" if absent else ""]
    return "\n\n".join(parts)


def _named(module: object, name: str) -> str:
    if getattr(module, "__name__", "") == "keras" and name in modules():
        return f"[`{name}`](reference/{name}.md)"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        home = homes().get(id(getattr(module, name, None)))
    return f"[`{name}`][{home}]" if home else f"`{name}`"


def types() -> str:
    """Return the page of the types that signatures name."""
    used = set(re.findall(r"\w+", (ROOT / "tests" / "data" / "public_surface.txt").read_text("utf8")))
    found: dict[str, str] = {}
    for path in sorted((ROOT / "minikeras").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for name in _TYPE.findall(path.read_text("utf8")):
            if (used & {*name} or path.name == "typing.py") and "compat" not in path.parts:
                found.setdefault("".join(name), f"{module}.{''.join(name)}")
    options = "    options: {show_if_no_docstring: true, show_labels: false, inherited_members: true}\n"
    return "\n\n".join([TYPES, *(f"::: {address}\n{options}" for _, address in sorted(found.items()))])


def _unseen(thing: Any) -> set[str]:
    """Return the public names that a class has from bases which the reference does not show."""
    bases = [base for base in getattr(thing, "__mro__", (thing,))[1:] if base.__module__.startswith("minikeras")]
    names = {name for base in bases if id(base) not in homes() for name in vars(base) if not name.startswith("_")}
    return names - {name for base in bases if id(base) in homes() for name in dir(base)} - {*vars(thing)}
