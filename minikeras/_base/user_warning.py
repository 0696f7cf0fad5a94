"""Warnings that point at the user's line, however many of this package's frames lie between."""

import sys
import warnings

_BETWEEN = (__name__.partition(".")[0], "importlib", "numpy")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line outside of this package, of NumPy and of the import machinery.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     warn_user("Mind the step.")
        >>> str(caught[0].message), caught[0].category.__name__
        ('Mind the step.', 'UserWarning')
    """
    frame = sys._getframe(1)
    while str(frame.f_globals.get("__name__")).partition(".")[0] in _BETWEEN and frame.f_back is not None:
        frame = frame.f_back
    module = frame.f_globals.get("__name__") or "<unknown>"
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, module, registry)
