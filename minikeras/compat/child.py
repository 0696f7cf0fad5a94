"""A script in a child process of `multiprocessing`: imported again, after the stand-in modules are installed."""

import os

from minikeras.compat.finder import install
from minikeras.compat.script import SCRIPT, read

if __name__ == "__mp_main__":
    install()
    __file__ = os.environ[SCRIPT]
    exec(compile(read(__file__), __file__, "exec", dont_inherit=True), globals())
