"""Stand in for `keras` and `tensorflow`, so that scripts written for them run on minikeras unchanged.

`python -m minikeras script.py` does it for one script. In a notebook or at the prompt, call `install()`, or
`%load_ext minikeras.compat`, before the first import of `keras` or `tensorflow`. Nothing is shadowed before that.

While it is installed, spellings of earlier Keras versions are understood, each with a `DeprecationWarning` that
names today's.
"""

from .finder import install as install, is_installed as is_installed, uninstall as uninstall


def load_ipython_extension(ipython: object) -> None:
    """Do `install()`, for `%load_ext minikeras.compat`."""
    install()


def unload_ipython_extension(ipython: object) -> None:
    """Do `uninstall()`, for `%unload_ext minikeras.compat`."""
    uninstall()


__all__ = ["install", "is_installed", "load_ipython_extension", "uninstall", "unload_ipython_extension"]
