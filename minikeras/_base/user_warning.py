"""Warnings that point at the user's line, however many of this package's frames lie between."""

import sys
import warnings
from types import FrameType

PACKAGE = __name__.partition(".")[0]
_LIBRARY = warnings.__file__.rpartition("warnings")[0]
MACHINERY = sys.stdlib_module_names | {PACKAGE, "numpy"}
"""This package, and the packages whose frames are not the user's if this package calls them."""


def package_of(frame: FrameType) -> str:
    """Return the package whose code a frame runs, "" for a user's file that is named like one of Python's modules."""
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    file = str(frame.f_globals.get("__file__", _LIBRARY))
    return "" if package in sys.stdlib_module_names and not file.startswith(_LIBRARY) else package


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line outside of this package, of NumPy and of the standard library."""
    frame = sys._getframe(1)
    while package_of(frame) in MACHINERY and frame.f_back is not None:
        frame = frame.f_back
    module = frame.f_globals.get("__name__") or "<unknown>"
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, module, registry)
