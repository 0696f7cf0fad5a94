"""The examples in `docs/by-example`, by the names that they show."""

import re
from collections.abc import Iterator
from doctest import DocTestParser, Example
from pathlib import Path

PAGES = sorted((Path(__file__).parents[1] / "by-example").glob("*.md"))
_BLOCK = re.compile(r"^```pycon\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\bkeras\.([a-z_]+(?:\.[a-z_]+)*\.\w+)\b(?!\.)")


def paragraphs(page: str) -> Iterator[tuple[int, list[Example]]]:
    """Yield the examples that belong together, those of a block up to an empty line, and the line before them."""
    for block in _BLOCK.finditer(page):
        line = page.count("\n", 0, block.start(1))
        for text in re.split(r"(?<=\n)\n", block[1]):
            yield line, DocTestParser().get_examples(text)
            line += text.count("\n") + 1


def examples() -> dict[str, str]:
    """Return the lines that show each name, such as `ops.abs`: its own, and those that print nothing around them."""
    lines = [(e, group) for page in PAGES for _, group in paragraphs(page.read_text("utf8")) for e in group]
    found: dict[str, str] = {}
    for count in (1, None):  # what a line begins with is what it is for, rather than what it uses too
        for line, group in lines:
            for name in _NAME.findall(line.source)[:count]:
                own = [e for e in group if not (line.want and e.want) or name in _NAME.findall(e.source)]
                found.setdefault(name, "".join(map(_as_typed, own)))
    return found


def _as_typed(example: Example) -> str:
    return f">>> {example.source[:-1]}".replace("\n", "\n... ") + f"\n{example.want}"
