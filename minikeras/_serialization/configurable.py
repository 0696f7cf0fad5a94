"""Objects that have a configuration: the arguments of `__init__`, each kept in an attribute of its name."""

import re
from collections.abc import Container
from itertools import dropwhile
from sys import modules
from typing import Any, ClassVar, Self

from .._base.checks import Check, check_of
from .._base.signature import Suggesting, parameters
from .._base.typing import Config

_PACKAGE = f"{__name__.partition('.')[0]}."
_LOCALS = frozenset({"self", "__class__", "options"})
"""Locals of an `__init__` that are no arguments."""
_ENTRY = r"(?m)^    ([*\w, ]+): (.*(?:\n     .*)*)"
_HEADING = r"\n\n(?=[A-Z]\w+(?: \w+){0,4}:\s)"


def is_built_in(thing: Any) -> bool:
    """Return whether a class, a function or an object is this package's own, with none of its methods replaced."""
    module = str(getattr(thing, "__module__", None))  # of a function, that of what it wraps
    own_module = getattr(thing, "__globals__", globals()).get("__name__", "")
    if not (module.startswith(_PACKAGE) and own_module.startswith(_PACKAGE)):
        return False
    attributes = [] if isinstance(thing, type) else [*getattr(thing, "__dict__", ())]  # others may add to it
    return not any(callable(getattr(type(thing), name, None)) for name in attributes)


class HelpText:
    """A class's `__doc__`, assembled when it is read, with "Args" for all that `__init__` takes, in that order.

    Arguments that the class's own docstring lacks are explained by those of its bases, its cell and its function.
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
        entries = [entry for text in texts for entry in re.findall(_ENTRY, _parts(text)[1])]
        by_name = {name: entry for entry in reversed(entries) for name in entry[0].split(", ")}  # the first one counts
        explained: dict[tuple[str, str], list[str]] = {}
        for name in filter(by_name.__contains__, names):
            explained.setdefault(by_name[name], []).append(name)
        lines = [f"    {', '.join(together)}: {text}" for (_, text), together in explained.items()]
        before, own, behind = _parts(self.own)
        lines += [f"    {name}: {text}" for name, text in re.findall(_ENTRY, own) if (name, text) not in explained]
        return "\n\n".join(filter(None, (before, "\n".join(["Args:", *lines]) if lines else "", behind)))


def _parts(text: Any) -> tuple[str, str, str]:
    """Split a docstring into what comes before "Args", that section, and what comes after it."""
    from inspect import cleandoc  # here, since it takes long to import

    before, *sections = re.split(_HEADING, cleandoc(getattr(text, "own", text) or ""))
    own = next((section for section in sections if section.startswith("Args:")), "")
    return before, own, "\n\n".join(section for section in sections if section != own)


def name_arguments(cls: Any, but: Container[str] = (), more: tuple[str, ...] = ()) -> None:
    """Set the help text of a class of this package, and `_arguments` unless it has some, from its `__init__`."""
    own = vars(cls)
    if "__init__" in own and "_arguments" not in own and is_built_in(cls):
        cls._arguments = tuple(name for name in parameters(own["__init__"]).names[1:] if name not in but) + more
    if own["__doc__"] and is_built_in(cls):
        cls.__doc__ = HelpText(own["__doc__"])


def _base_and_checks(cls: Any) -> tuple[Any, dict[str, Check | None]]:
    """Return the base whose `__init__` takes the common arguments (`Layer`, or a user's class), and all checks."""
    behind = dropwhile(lambda base: not is_built_in(base), cls.__mro__)
    base = next(b for b in behind if "__init__" in vars(b) and ("_common" in vars(b) or not is_built_in(b)))
    checks: dict[str, Check | None] = {}
    for ancestor in filter(is_built_in, reversed(cls.__mro__)):
        scope = vars(modules[ancestor.__module__])
        checks |= {name: check_of(kind, scope) for name, kind in ancestor.__annotations__.items()}
    return base, checks


class Configurable(Suggesting):
    """An object that has a configuration, and is made from one."""

    _arguments: ClassVar[tuple[str, ...]] = ()
    """Names of `__init__` arguments, each kept in an attribute of that name: all, unless a class names some."""
    _transient: ClassVar[tuple[str, ...]] = ()
    """Names of `__init__` arguments that are kept in no attribute and no configuration."""
    _further: ClassVar[tuple[str, ...]] = ()
    """Names of further attributes that belong to a configuration."""
    _common: ClassVar[tuple[str, ...]] = ()
    """Names of the arguments that all classes of a kind share; the `__init__` of their base takes them."""
    _base_and_checks: ClassVar[tuple[Any, dict[str, Check | None]]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name_arguments(cls, cls._common + cls._transient, cls._further)

    def _configure(self, arguments: dict[str, Any]) -> None:
        """Take over the arguments of an `__init__`, given as its `locals()`.

        Arguments that all classes of the kind share go to the `__init__` of their base. Each of the others becomes an
        attribute of its name, which must pass the check of the type that the class declares, as in `units: Positive`.
        """
        cls = type(self)
        if "_base_and_checks" not in vars(cls):
            cls._base_and_checks = _base_and_checks(cls)
        base, checks = cls._base_and_checks
        options, own = dict(arguments.get("options", ())), {}
        for name, value in arguments.items():
            if name in cls._common and name not in cls._transient:
                options[name] = value
            elif name not in _LOCALS:
                check = checks.get(name)
                own[name] = self._as_attribute(name, value) if check is None else check(cls, name, value)
        base.__init__(self, **options)
        for name, value in own.items():
            if name not in cls._transient:
                setattr(self, name, value)

    def _as_attribute(self, name: str, value: Any) -> Any:
        """Return the attribute that is made of an argument without a check; a subclass may convert the value."""
        return value

    def __getstate__(self) -> dict[str, Any]:
        return vars(self).copy()  # to which another thread may add

    def get_config(self) -> Config:
        """Return the arguments that make an object like this one."""
        return {name: getattr(self, name) for name in self._arguments}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the object of a configuration."""
        return cls(**config)
