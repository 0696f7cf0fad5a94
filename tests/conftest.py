"""Settings for all tests: a fresh session for each, and the parity tests where real Keras is installed."""

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import hypothesis
import pytest

import minikeras
from minikeras import compat
from minikeras._base.naming import clear_session
from minikeras._base.settings import set_floatx
from minikeras._jit import jit
from minikeras.compat.finder import ROOTS

collect_ignore_glob = ["scripts/*", "script_runs.py", "compat/tensorflow/scripts/*"]  # scripts, not modules
# Continuous integration sets MINIKERAS_PARITY, so that an absent Keras fails there and is never skipped.
collect_ignore = [] if find_spec("keras") or os.environ.get("MINIKERAS_PARITY") else ["parity"]


if not os.environ.get("MINIKERAS_AS_USERS"):  # continuous integration runs the suite once with it
    jit.WARMUP_STEPS = 0  # so that short runs use multi-steps too, which users see after a thousand steps


signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell takes from what it runs in the background
# No test may fail by chance: examples are the same in each run, and what takes long on a busy machine is no failure.
slow = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=slow)
hypothesis.settings.load_profile("tests")


@pytest.fixture(autouse=True)
def fresh_session() -> Iterator[None]:
    """Give every test new automatic names, float32, and the environment as it was before the others."""
    clear_session()
    environment = os.environ.copy()
    yield
    set_floatx("float32")
    os.environ.clear()
    os.environ.update(environment)
    assert minikeras


@pytest.fixture
def installed() -> Iterator[None]:
    """Stand in for keras, even where other tests have imported the real one."""
    real = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in ROOTS}
    compat.install()
    yield
    compat.uninstall()
    sys.modules.update(real)


@pytest.fixture
def four_threads() -> Iterator[ThreadPoolExecutor]:
    """Four threads that take turns as often as they can, so that what they may not do at once shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            yield threads
    finally:
        sys.setswitchinterval(usual)
