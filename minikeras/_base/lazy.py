"""Lazy imports: a module is loaded when one of its names is used for the first time."""

import builtins
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import RLock
from typing import Any

from . import absent

_lock = RLock()


def optional(module: str, purpose: str, extra: str, more: str = "") -> Any:
    """Return a module that an extra installs; if it is missing, an ImportError with the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"{purpose} needs {module.partition('.')[0]} ({error}). In a clone of minikeras, run: "
                          f'python -m pip install ".[{extra}]"{more}') from error  # fmt: skip


class _Later:
    """What an import statement gets in place of a module, or of a name in it, that is not imported yet."""

    def __init__(self, module: str, name: str = "") -> None:
        self.module, self.name = module, name

    def __getattr__(self, name: str) -> "_Later":
        return _Later(self.module, name)

    def resolve(self) -> Any:
        collects, is_submodule = gc.isenabled(), self.module.endswith(".")
        gc.disable()  # an import makes many objects, and none of them is garbage
        try:
            import_module(self.module.rpartition(".")[0])  # first: other threads may be importing this package
            module = import_module(self.module + self.name if is_submodule else self.module)
            return module if is_submodule else getattr(module, self.name)
        finally:
            if collects:
                gc.enable()
                if not gc.get_freeze_count():  # these two calls move all objects to the oldest generation
                    gc.freeze()
                    gc.unfreeze()


@contextmanager
def lazily(namespace: dict[str, Any]) -> Iterator[Callable[[], None]]:
    """Within this context, the relative imports of a module (its `globals()`) wait for the first use of their names.

    They are ordinary import statements, so type checkers understand them. Yields a function that runs all of them.
    """
    pending: dict[str, _Later] = {}

    def load() -> None:
        for name in pending:
            if name not in namespace:
                find(name)

    def find(name: str) -> Any:
        if name not in pending:
            return absent.find(namespace["__name__"], name)
        namespace[name] = pending[name].resolve()
        return namespace[name]

    with _lock:
        import_now = builtins.__import__

        def import_later(name: str, scope: Any = None, names: Any = None, fromlist: Any = (),
                         level: int = 0) -> Any:  # fmt: skip  # what `__import__` takes
            if scope is not namespace or not level:
                return import_now(name, scope, names, fromlist, level)
            return _Later(f"{namespace['__package__'].rsplit('.', level - 1)[0]}.{name}")

        setattr(builtins, "__import__", import_later)  # noqa: B010 - its declared type names no proxy
        try:
            yield load
        finally:
            builtins.__import__ = import_now
    pending.update({name: value for name, value in namespace.items() if isinstance(value, _Later)})
    for name in pending:
        del namespace[name]
    namespace["__getattr__"] = find
    namespace["__dir__"] = lambda: namespace.get("__all__") or sorted({*namespace, *pending})
