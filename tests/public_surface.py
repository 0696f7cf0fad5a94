"""The public surface: every public name, its kind, its signature and a digest of its help.

    python tests/public_surface.py     write tests/data/public_surface.txt anew

`tests/test_public_surface.py` compares. What a line tells names no module of the package, so files may move.
"""

import ast
import inspect
import linecache
import re
import runpy
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from enum import EnumType
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, MethodType, ModuleType
from typing import Any

from minikeras.compat.tensorflow import tensors

ROOT = Path(__file__).parent.parent
FILE = ROOT / "tests" / "data" / "public_surface.txt"
OURS = ("minikeras", "minikeras.compat", "minikeras.compat.sklearn", "minikeras.plots")
_PATH = re.compile(r"(?<![\w'.])(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])")
_INNER = re.compile(r"\bminikeras(?:\.\w+)+\.(?=\w)")


def lines() -> dict[str, str]:
    """Return what there is to say of each public name, by its address below minikeras or tensorflow."""
    public = runpy.run_path(str(ROOT / "docs" / "coverage.py"))
    modules, _ = public["read_names"]()
    with ExitStack() as stack, warnings.catch_warnings():
        stack.callback(tensors.flavour, bool(tensors._adapted))
        tensors.flavour(False)
        warnings.simplefilter("ignore", DeprecationWarning)
        pairs = [(module, name) for module in _own_modules(modules) for name in import_module(module).__all__]
        found: dict[str, Any] = {f"{module}.{name}": getattr(import_module(module), name) for module, name in pairs}
        for module, names in modules.items():
            home = public["find_module"](re.sub(r"^tf\b", "tensorflow", module))
            for name in names if home is not None else ():
                if public["status"](module, name) == "has":
                    found.setdefault(re.sub(r"^keras\b", "minikeras", f"{module}.{name}"), getattr(home, name))
        return _described({address.removeprefix("minikeras."): thing for address, thing in found.items()})


def _own_modules(modules: dict[str, list[str]]) -> Iterator[str]:
    for name in sorted({*OURS, *(f"minikeras{m.removeprefix('keras')}" for m in modules if m.startswith("keras"))}):
        try:
            module = import_module(name)
        except ModuleNotFoundError:  # an address of the stand-in alone
            continue
        if isinstance(getattr(module, "__all__", None), list):
            yield name


def _described(found: dict[str, Any]) -> dict[str, str]:
    first: dict[int, str] = {}
    for address in sorted(found, key=lambda a: (a.startswith("tf."), a)):
        if isinstance(found[address], type | ModuleType) or callable(found[address]):
            first.setdefault(id(found[address]), address)
    listed = {found[address]: address for address in first.values() if isinstance(found[address], type)}
    said = {}
    for address, thing in found.items():
        other = first.get(id(thing), address)
        said[address] = f"= {other}" if other != address else describe(thing)
        if isinstance(thing, type) and other == address:
            said.update({f"{address}.{name}": line for name, line in _members(thing, listed).items()})
    return said


def _members(cls: type[Any], listed: dict[type[Any], str]) -> dict[str, str]:
    """Return what there is to say of a class's members, but for those that are as in a base which is listed."""
    base = next((b for b in cls.__mro__[1:] if b in listed), object)
    members = {name: _member(cls, name) for name in dir(cls)}
    return {name: line for name, line in members.items() if line and line != _member(base, name)}


def _member(cls: type[Any], name: str) -> str | None:
    home = next((c for c in cls.__mro__ if name in vars(c)), None)
    if home is None or not home.__module__.startswith("minikeras"):
        return None
    value = inspect.getattr_static(cls, name)
    if type(value).__module__.startswith("sklearn."):  # added where scikit-learn is installed
        return None
    if name.startswith("__") and name.endswith("__"):  # operators; what the language calls has no help of its own
        return "operator" if inspect.isfunction(value) and name not in _LANGUAGE else None
    if name[0] == "_":
        return None
    if isinstance(value, staticmethod | classmethod):
        return f"{type(value).__name__} {describe(getattr(cls, name))}"
    return describe(value)


_LANGUAGE = ["__init__", "__init_subclass__", "__new__", "__getattr__", "__getattribute__", "__setattr__",
             "__delattr__", "__del__", "__replace__", "__annotate_func__"]  # fmt: skip


def describe(thing: Any) -> str:
    """Return a thing's kind, its signature and a digest of its help, or what a constant is.

    Example:
        >>> describe(3.5)
        'float 3.5'
    """
    if isinstance(thing, ModuleType):
        return "module"
    if isinstance(thing, property) or (hasattr(type(thing), "__get__") and not callable(thing)):
        getter = getattr(thing, "fget", None) or getattr(thing, "func", None)
        writable, code = " writable" * (getattr(thing, "fset", None) is not None), _code(getter)
        returned = _annotations(code).get("return", "-") if code else "-"
        return f"property{writable} {_PATH.sub('', returned)} {_digest(thing)}"
    if not callable(thing):
        return f"{type(thing).__name__} {thing!r}" if isinstance(thing, int | float | str) else type(thing).__name__
    kind = "class" if isinstance(thing, type) else "method" if isinstance(thing, MethodType) else "function"
    if isinstance(thing, type) and not thing.__module__.startswith("minikeras"):
        return f"class {thing.__name__} of {thing.__module__}"
    return f"{kind} {_signature(thing)} {_digest(thing)}"


def _signature(thing: Any) -> str:
    code = _code(thing)
    if code is None or code.co_filename.startswith("<frozen"):  # Python's own
        return "(...)"
    signature, written = inspect.signature(thing), _annotations(code)
    shown = [
        p.replace(annotation=_Text.of(written.get(p.name, p.annotation)), default=_default(p.default))
        for p in signature.parameters.values()
    ]
    returned = _Text.of(written.get("return", signature.return_annotation))
    return _PATH.sub("", str(signature.replace(parameters=shown, return_annotation=returned)))


def _default(value: Any) -> Any:
    if value is inspect.Signature.empty or not repr(value).startswith("<"):
        return value
    return _Text(f"<{getattr(value, '__name__', '...')}>")  # without the address that the object has in this run


class _Text(str):
    """An annotation's text, which a signature shows without quotes."""

    __slots__ = ()
    __repr__ = str.__str__

    @classmethod
    def of(cls, annotation: Any) -> Any:
        if annotation is inspect.Signature.empty:
            return annotation
        return cls(annotation if isinstance(annotation, str) else inspect.formatannotation(annotation))


def _code(thing: Any) -> CodeType | None:
    """Return the code of a function, method or partial, or of a class's constructor; None if it is not ours."""
    if isinstance(thing, type):
        home = next(c for c in thing.__mro__ if {"__init__", "__new__"} & {*vars(c)})
        if isinstance(thing, EnumType) or not home.__module__.startswith("minikeras"):
            return None
        thing = vars(home).get("__init__") or vars(home)["__new__"]
    thing = inspect.unwrap(getattr(thing, "__func__", thing))
    return getattr(getattr(thing, "func", thing), "__code__", None)


@cache
def _annotations(code: CodeType) -> dict[str, str]:
    """Return a function's annotations as its source has them, which no version of Python or NumPy spells anew."""
    rest = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    start = next((i for i, text in enumerate(rest) if text.lstrip().startswith(("def ", "async def "))), None)
    if start is None or code.co_name == "<lambda>":
        return {}
    header = ""
    for text in rest[start:]:
        header += text
        try:
            (function,) = ast.parse(f"{header.strip()} ..." if header.rstrip()[-1] == ":" else header.strip()).body
        except SyntaxError:
            continue
        break
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    arguments = [a for a in ast.walk(function.args) if isinstance(a, ast.arg)]
    nodes = {a.arg: a.annotation for a in arguments} | {"return": function.returns}
    return {name: ast.unparse(node).strip("'") for name, node in nodes.items() if node is not None}


def _digest(thing: Any) -> str:
    text = _INNER.sub("", inspect.cleandoc(thing.__doc__ or ""))
    made = text.startswith(f"{getattr(thing, '__name__', None)}(")  # by `dataclass`, of the signature
    return f"{zlib.crc32(text.encode()):08x}" if text and not made else "-"


def write() -> None:
    """Write the file of the surface."""
    FILE.write_text("".join(f"{address} {line}\n" for address, line in sorted(lines().items())), "utf8")


def read() -> dict[str, str]:
    """Return the lines of the file by address."""
    return dict(line.split(" ", 1) for line in FILE.read_text("utf8").splitlines())


if __name__ == "__main__":
    write()
