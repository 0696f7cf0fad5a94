"""Docstrings as the site shows them: an extension of Griffe, from which mkdocstrings takes what there is.

A class has all arguments, as `help` tells them. An op returns a Tensor. Formulas are no Markdown. What has no example
in its docstring has that of a page in `docs/by-example`.
"""

import inspect
import re
import sys
from functools import cache, reduce
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from textwrap import indent
from types import FunctionType, MethodType
from typing import Any

import griffe

import minikeras
from minikeras._base import typing

sys.path.insert(0, str(Path(__file__).parent))

from by_example import examples  # beside this file

FUNCTIONS = (FunctionType, MethodType)
OP = ("primitive", "composite", "rule")
_LABEL = re.compile(
    r"^((?:Input|Output|Input and output) shapes?|Source):[ \t]+(.*(?:\n(?!\n|\w+ ?\w*:).*)*)", re.MULTILINE
)
_ENTRY = re.compile(r"^( +)(\w+(?:, \*{0,2}\w+)+):(.*(?:\n\1 .*)*)", re.MULTILINE)
_MARKS = re.compile(r"(`[^`]*`)|(?!(?<=\w)_\w)([*_<\[\]#])")


def as_markdown(text: str) -> str:
    """Return a docstring in which Markdown sees what its writer meant; examples and code stay as they are.

    Example:
        >>> as_markdown("2 * x, `a * b`")
        '2 \\\\* x, `a * b`'
    """
    blocks = re.split(r"((?:^ *>>>.*\n?(?:^(?! *$).*\n?)*)+)", text, flags=re.MULTILINE)
    blocks[::2] = [
        _MARKS.sub(lambda m: m[1] or ("&lt;" if m[2] == "<" else f"\\{m[2]}"), block) for block in blocks[::2]
    ]
    return "".join(blocks)


def google_style(text: str) -> str:
    """Return a docstring with the sections as Griffe's parser knows them: one argument an entry, "Examples"."""
    text = _ENTRY.sub(lambda m: "\n".join(f"{m[1]}{name}:{m[3]}" for name in m[2].split(", ")), text)
    text = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
    text = re.sub(r"^Call arguments:$", "Other Parameters: Call arguments:", text, flags=re.MULTILINE)
    return _LABEL.sub(r"**\1:** \2  ", as_markdown(text))


@cache
def by_example() -> dict[int, str]:
    """Return what `docs/by-example` shows of each function and class, by its `id`."""
    return {id(reduce(getattr, name.split("."), minikeras)): lines for name, lines in examples().items()}


def _found(obj: griffe.Object) -> Any:
    """Return what an object is when the package runs, or None."""
    found: Any = import_module(obj.module.path)
    for name in obj.path.removeprefix(f"{obj.module.path}.").split("."):
        found = getattr(found, name, None)
    return found


def _as_function(obj: griffe.Attribute, found: Any) -> griffe.Function:
    """Return an op that is made by a call, such as `sin = unary(np.sin, ...)`, as one that is written with `def`."""

    def words(annotation: Any) -> griffe.Expr | None:
        text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        for name in ("TensorLike", "Array", "Axis"):
            text = text.replace(str(vars(typing)[name]), name)
        text = text.replace("typing.", "").replace("collections.abc.", "")
        return None if annotation is inspect.Parameter.empty else griffe.ExprName(text, parent=obj.parent)

    signature = inspect.signature(found)
    parameters = [
        griffe.Parameter(
            p.name,
            annotation=words(p.annotation),
            kind=griffe.ParameterKind(p.kind.description),
            default=None if p.default is p.empty else repr(p.default),
        )
        for p in signature.parameters.values()
    ]
    returns = words(signature.return_annotation)
    function = griffe.Function(obj.name, parameters=griffe.Parameters(*parameters), returns=returns, parent=obj.parent)
    if str(returns) == "Array":
        function.returns = griffe.ExprName("Tensor", parent=obj.parent)
    function.docstring = griffe.Docstring(cleandoc(found.__doc__ or ""), parent=function)
    return function


class Docstrings(griffe.Extension):
    """What `help` says, in the form that the parser reads."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Put a function in the place of a name that has one."""
        if isinstance(attr.parent, griffe.Module) and str(attr.annotation) != "TypeAlias":
            found = _found(attr)
            if isinstance(found, FUNCTIONS) and not attr.name.startswith("_"):
                attr.parent.members[attr.name] = _as_function(attr, found)

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Give a class the docstring of its `help`, an op the type of its call, and all docstrings their form."""
        if isinstance(obj, griffe.Function) and any(str(d.value).startswith(OP) for d in obj.decorators):
            obj.returns = griffe.ExprName("Tensor", parent=obj.parent)
        if obj.docstring:
            text, found = obj.docstring.value, None if obj.is_module else _found(obj)
            if obj.is_class:
                text = cleandoc(getattr(found, "__doc__", None) or text)
            if ">>>" not in text and (lines := by_example().get(id(found))):
                text += f"\n\nExample:\n{indent(lines, '    ')}"
            obj.docstring.value = google_style(text)
