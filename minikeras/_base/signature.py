"""The parameters of a function, read off its code object, since `inspect` takes long to import."""

from collections.abc import Callable, Iterable
from functools import wraps
from types import FunctionType, MethodType
from typing import Any, Concatenate, NamedTuple, TypeVar, cast

from .naming import hint

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")
S = TypeVar("S")

_VARARGS, _VARKW = 0x04, 0x08  # bits of a code object's co_flags, see the `inspect` documentation


class Parameters(NamedTuple):
    """The parameters of a function, without `self` where it is bound."""

    positional: tuple[str, ...]  # names that may be passed by position
    positional_only: int  # how many of these cannot be passed by name
    keyword_only: tuple[str, ...]  # names that must be passed by name
    defaults: dict[str, Any]  # name to default value
    varargs: bool  # whether there is an *args
    varkw: str | None  # name of the **kwargs, None without one

    @property
    def names(self) -> tuple[str, ...]:
        """All names but those of *args and **kwargs."""
        return self.positional + self.keyword_only

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the value of each parameter by name; keywords that match no parameter are included."""
        return {**dict(zip(self.positional, args, strict=False)), **kwargs}


def parameters(function: Callable[..., Any]) -> Parameters:
    """Return the parameters of a Python function or method; those of any other callable are *args."""
    bound = isinstance(function, MethodType)
    if isinstance(function, MethodType):
        function = function.__func__
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if not isinstance(function, FunctionType):
        return Parameters((), 0, (), {}, True, None)
    code, defaults = function.__code__, function.__defaults__ or ()
    count, keywords, names = code.co_argcount, code.co_kwonlyargcount, code.co_varnames
    positional, keyword_only = names[:count], names[count : count + keywords]
    values = dict(zip(positional[count - len(defaults) :], defaults, strict=True)) | (function.__kwdefaults__ or {})
    varargs = bool(code.co_flags & _VARARGS)
    varkw = names[count + keywords + varargs] if code.co_flags & _VARKW else None
    return Parameters(positional[bound:], max(0, code.co_posonlyargcount - bound), keyword_only, values, varargs, varkw)


def copied(method: Callable[..., Any], cls: type[Any], **defaults: Any) -> Callable[..., Any]:
    """Return a copy of a Python method for a class, which errors name; positional parameters may get other defaults."""
    method = getattr(method, "__wrapped__", method)
    assert isinstance(method, FunctionType)
    takes, code = parameters(method), method.__code__.replace(co_qualname=f"{cls.__name__}.{method.__name__}")
    values = {name: takes.defaults[name] for name in takes.positional if name in takes.defaults} | defaults
    copy = FunctionType(code, method.__globals__, method.__name__, (*values.values(),), method.__closure__)
    copy.__kwdefaults__, copy.__annotations__ = method.__kwdefaults__, method.__annotations__
    return copy


def check_keywords(function: Callable[..., Any], keywords: Iterable[str], name: str = "") -> None:
    """Raise a TypeError that names the nearest argument, if a keyword is no argument of a function."""
    takes = parameters(function)
    unknown = [key for key in keywords if key not in takes.names]
    if unknown and takes.varkw is None:
        wrong = f"{name or function.__name__}() got an unexpected keyword argument {unknown[0]!r}."
        raise TypeError(wrong + hint(unknown[0], takes.names)) from None


def overridable(method: Callable[Concatenate[S, ...], R]) -> Callable[Concatenate[S, ...], R]:
    """Tell type checkers that this method may be overridden by one of any signature."""
    return method


def suggests(function: F) -> F:
    """Make a function suggest the nearest argument if it is called with an unknown keyword."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError:
            check_keywords(function, kwargs, type(args[0]).__name__ if function.__name__ == "__init__" else "")
            for name, value in zip(parameters(function).positional, args, strict=False):
                if name in kwargs:
                    raise TypeError(f"{function.__name__}() got `{name}` twice: {value!r:.40}, by place, and "
                                    f"{kwargs[name]!r:.40}. Pass the first one by its own name.") from None  # fmt: skip
            raise

    return cast(F, call)


class Suggesting:
    """Base class that applies `suggests` to the `__init__` of each subclass in this package.

    An `__init__` that comes from a private class is copied, so that errors name the public one.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls).get(name := "__init__")
        ours = cls.__module__.partition(".")[0] == __name__.partition(".")[0]
        if own is None and ours and cls.__name__[0] != "_" == (inherited := getattr(cls, name)).__qualname__[0]:
            own = copied(inherited, cls)
        if own is not None and ours:  # a literal name is all subclasses' `__init__` to Pyrefly
            setattr(cls, name, suggests(own) if parameters(own).varkw is None else own)
