"""Objects that have a configuration: the arguments of `__init__`, each kept in an attribute of its name."""

import re
from collections.abc import Container
from itertools import dropwhile
from sys import modules
from typing import Any, ClassVar, Self

from .._base.checks import Rule, rule_of
from .._base.signature import Suggesting, parameters
from .._base.typing import Config

_LOCALS = frozenset({"self", "__class__", "options"})
"""Locals of an `__init__` that are no arguments."""
_ENTRY = re.compile(r"^    ([*\w, ]+): (.*(?:\n     .*)*)", re.MULTILINE)
_HEADING = re.compile(r"\n\n(?=[A-Z]\w+(?: \w+){0,4}:\s)")


def is_built_in(thing: Any) -> bool:
    """Return whether a class, a function or an object is this package's own, and none of its methods was replaced."""
    home = getattr(thing, "__globals__", {}).get("__name__")  # of a function itself, whatever it wraps
    if str(home or getattr(thing, "__module__", None)).partition(".")[0] != __name__.partition(".")[0]:
        return False
    attributes = [] if isinstance(thing, type) else [*getattr(thing, "__dict__", ())]  # others may add to it
    return not any(callable(getattr(type(thing), name, None)) for name in attributes)


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


def name_arguments(cls: Any, but: Container[str] = (), more: tuple[str, ...] = ()) -> None:
    """Have help, and configurations, of a class of this package name the arguments of its `__init__`.

    A class may say itself which are configured. One that hands *args on says nothing.
    """
    own = vars(cls)
    if "__init__" in own and "_arguments" not in own and is_built_in(cls):
        accepted = parameters(own["__init__"])
        if not accepted.varargs:
            cls._arguments = tuple(name for name in accepted.names[1:] if name not in but) + more
    if own["__doc__"] and is_built_in(cls):
        cls.__doc__ = HelpText(own["__doc__"])


def _plan(cls: Any) -> tuple[Any, dict[str, Rule | None]]:
    """Return the class whose `__init__` comes next, that of the kind or a user's, and the rules of all attributes."""
    behind = dropwhile(lambda base: not is_built_in(base), cls.__mro__)
    base = next(b for b in behind if "__init__" in vars(b) and ("_common" in vars(b) or not is_built_in(b)))
    rules: dict[str, Rule | None] = {}
    for ancestor in filter(is_built_in, reversed(cls.__mro__)):
        scope = vars(modules[ancestor.__module__])
        rules |= {name: rule_of(kind, scope) for name, kind in ancestor.__annotations__.items()}
    return base, rules


class Configurable(Suggesting):
    """An object that has a configuration, and is made from one."""

    _arguments: ClassVar[tuple[str, ...]] = ()
    """Names of `__init__` arguments, each kept in an attribute of that name: all of them, if a class says nothing."""
    _transient: ClassVar[tuple[str, ...]] = ()
    """Names of `__init__` arguments that no attribute and no configuration keeps."""
    _further: ClassVar[tuple[str, ...]] = ()
    """Names of attributes that configurations name too."""
    _common: ClassVar[tuple[str, ...]] = ()
    """Names of the arguments that all classes of a kind have, which the `__init__` of their base takes."""
    _plan: ClassVar[tuple[Any, dict[str, Rule | None]]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_arguments(cls, cls._common + cls._transient, cls._further)

    def _configure(self, arguments: dict[str, Any]) -> None:
        """Take over the arguments of an `__init__`, its `locals()`.

        Those that all classes of the kind have go to the `__init__` of their base. Each of the others becomes an
        attribute, as the rule has it that the class declares for an attribute of that name: `units: Positive`.
        """
        cls = type(self)
        if "_plan" not in vars(cls):
            cls._plan = _plan(cls)
        base, rules = cls._plan
        options, own = dict(arguments.get("options", ())), {}
        for name, value in arguments.items():
            if name in cls._common and name not in cls._transient:
                options[name] = value
            elif name not in _LOCALS:
                rule = rules.get(name)
                own[name] = self._kept(name, value) if rule is None else rule(cls, name, value)
        base.__init__(self, **options)
        for name, value in own.items():
            if name not in cls._transient:
                setattr(self, name, value)

    def _kept(self, name: str, value: Any) -> Any:
        """Return what is kept of an argument that no rule is declared for."""
        return value

    def get_config(self) -> Config:
        """Return the arguments that make an object like this one."""
        return {name: getattr(self, name) for name in self._arguments}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the object of a configuration."""
        return cls(**config)
