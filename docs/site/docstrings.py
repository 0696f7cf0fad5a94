"""Docstrings as the site shows them: an extension of Griffe, from which mkdocstrings takes what there is.

A class has the arguments that its bases explain, as `help` tells them, and an op returns a Tensor. Formulas are no Markdown.
"""

import re
from importlib import import_module
from inspect import cleandoc
from typing import Any

import griffe

OP = ("primitive", "composite", "rule")
_LABEL = re.compile(r"^((?:Input|Output|Input and output) shapes?|Source):[ \t]+(.*(?:\n(?!\n|\w+ ?\w*:).*)*)", re.MULTILINE)
_ENTRY = re.compile(r"^( +)(\w+(?:, \*{0,2}\w+)+):(.*(?:\n\1 .*)*)", re.MULTILINE)
_MARKS = re.compile(r"(`[^`]*`)|(?!(?<=\w)_\w)([*_<\[\]#~])")


def as_markdown(text: str) -> str:
    """Return a docstring in which Markdown sees what its writer meant; examples and code stay as they are.

    Example:
        >>> as_markdown("2 * x, `a * b`")
        '2 \\\\* x, `a * b`'
    """
    blocks = re.split(r"((?:^ *>>>.*\n?(?:^(?! *$).*\n?)*)+)", text, flags=re.MULTILINE)
    blocks[::2] = [_MARKS.sub(lambda m: m[1] or ("&lt;" if m[2] == "<" else f"\\{m[2]}"), block) for block in blocks[::2]]
    return "".join(blocks)


def google_style(text: str) -> str:
    """Return a docstring with the sections as Griffe's parser knows them: one argument an entry, "Examples"."""
    text = _ENTRY.sub(lambda m: "\n".join(f"{m[1]}{name}:{m[3]}" for name in m[2].split(", ")), text)
    text = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
    return _LABEL.sub(r"**\1:** \2  ", as_markdown(text))


class Docstrings(griffe.Extension):
    """What `help` says, in the form that the parser reads."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Give a class the docstring that it has when it is asked, an op the type of its call, and all of them their form."""
        if isinstance(obj, griffe.Function) and any(str(d.value).startswith(OP) for d in obj.decorators):
            obj.returns = griffe.ExprName("Tensor", parent=obj.parent)
        if obj.docstring:
            text = obj.docstring.value
            if obj.is_class:
                found: Any = import_module(obj.module.path)
                for name in obj.path.removeprefix(f"{obj.module.path}.").split("."):
                    found = getattr(found, name, None)
                text = cleandoc(getattr(found, "__doc__", None) or text)
            obj.docstring.value = google_style(text)
