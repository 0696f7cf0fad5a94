"""The import finder that answers `keras`, `tensorflow`, `tf_keras` and their submodules."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from . import past
from .modules import TENSORFLOW, canonical, find_module, stand_in
from .past.patches import outdated
from .past.tables import MODULES

PAST_TREES = ("tensorflow.python.keras", "tensorflow.contrib.keras")
ROOTS = ("keras", "tensorflow", "tf_keras", "scikeras")


class StandInFinder:
    """Import finder that answers some packages and their submodules with stand-ins.

    Args:
        roots: The packages' names, such as "keras".
    """

    def __init__(self, *roots: str) -> None:
        self.roots: tuple[str, ...] = tuple(f"{root}." for root in roots)

    def find_spec(self, fullname: str, path: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> ModuleSpec | None:  # fmt: skip
        """Return the spec of a stand-in, None for a name outside the roots; a ModuleNotFoundError if there is none."""
        if not f"{fullname}.".startswith(self.roots):
            return None
        module = find_module(fullname)
        if module is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}. minikeras stands in for keras and tensorflow here, and has no module "
                "of that name; docs/coverage.md lists what it has.", name=fullname)  # fmt: skip
        if fullname == "tensorflow":
            module.tensors.flavour(True)
        name = canonical(fullname)
        if name in MODULES:
            outdated(f"The module {fullname}", MODULES[name])
        elif fullname in PAST_TREES:
            outdated(f"The module {fullname}", "tensorflow.keras")
        spec = getattr(module, "__spec__", None)  # the import system overwrites it: the loader puts it back
        restore = lambda module: setattr(module, "__spec__", spec)  # noqa: E731
        loader = SimpleNamespace(create_module=lambda _: module, exec_module=restore)
        return ModuleSpec(fullname, cast(Any, loader), is_package=True)


_finder = StandInFinder(*ROOTS)


def is_installed() -> bool:
    """Return whether imports of `keras` and `tensorflow` give minikeras.

    Example:
        >>> is_installed()
        False
    """
    return _finder in sys.meta_path


def install() -> None:
    """Let imports of `keras`, `tensorflow` and `tf_keras` give minikeras, and let it understand old spellings.

    Raises:
        RuntimeError: if the real package is already imported.

    Example:
        >>> import subprocess, sys
        >>> code = "import minikeras.compat; minikeras.compat.install(); from keras.layers import Dense; print(Dense)"
        >>> print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
        <class 'minikeras.layers.core.Dense'>
    """
    if is_installed():
        return
    for root in ROOTS:
        if root in sys.modules:
            raise RuntimeError(f"The real package {root!r} is already imported, from "
                               f"{getattr(sys.modules[root], '__file__', None)}, so minikeras cannot stand in for it. "
                               "Start Python anew (in a notebook, restart the kernel) and call "
                               f"minikeras.compat.install() before the first import of {root!r}.")  # fmt: skip
    sys.meta_path.insert(0, _finder)
    past.install()


def uninstall() -> None:
    """Undo `install()`: the next import of `keras` or `tensorflow` gives the real package, if there is one."""
    if is_installed():
        past.uninstall()
        sys.meta_path.remove(_finder)
        if TENSORFLOW in sys.modules:
            sys.modules[TENSORFLOW].tensors.flavour(False)
        for name in [name for name in sys.modules if name.partition(".")[0] in ROOTS]:
            del sys.modules[name]
        stand_in.cache_clear()
