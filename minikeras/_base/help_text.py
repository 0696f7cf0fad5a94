"""What `help` says of a class: its docstring, with the arguments that docstrings of others explain."""

import re
from typing import Any

from .signature import parameters

_ENTRY = re.compile(r"^    ([*\w, ]+): (.*(?:\n     .*)*)", re.MULTILINE)
_HEADING = re.compile(r"\n\n(?=[A-Z]\w+(?: \w+){0,4}:\s)")


class HelpText:
    """A class's `__doc__`, put together when it is read: its "Args" are all that `__init__` takes, in that order.

    What its own docstring does not explain is taken from those of its bases, of its cell and of its function.
    """

    __slots__ = ("own",)

    def __init__(self, own: str) -> None:
        self.own = own

    def __get__(self, instance: object, cls: Any) -> str:
        accepted = parameters(cls.__init__)
        names = dict.fromkeys((*accepted.names[1:], *(cls._common if accepted.varkw else ())))
        cell, function = (getattr(cls, part, None) for part in ("_cell", "_function"))
        classes = (*cls.__mro__, *getattr(cell, "__mro__", ()))
        texts = [*(vars(base).get("__doc__") for base in classes), getattr(function, "__doc__", None)]
        entries = [entry for text in texts for entry in _ENTRY.findall(_parts(text)[1])]
        by_name = {name: entry for entry in reversed(entries) for name in entry[0].split(", ")}
        chosen = dict.fromkeys(by_name[name] for name in names if name in by_name)
        lines = [f"    {', '.join(n for n in names if by_name.get(n) is e)}: {e[1]}" for e in chosen]
        before, own, behind = _parts(self.own)
        lines += [f"    {name}: {text}" for name, text in _ENTRY.findall(own) if (name, text) not in chosen]
        return "\n\n".join(filter(None, (before, "\n".join(["Args:", *lines]) if lines else "", behind)))


def _parts(text: Any) -> tuple[str, str, str]:
    """Return what stands before the arguments in a docstring, their section, and what stands behind."""
    from inspect import cleandoc  # which takes long to import

    before, *sections = _HEADING.split(cleandoc(getattr(text, "own", text) or ""))
    own = next((section for section in sections if section.startswith("Args:")), "")
    return before, own, "\n\n".join(section for section in sections if section != own)
