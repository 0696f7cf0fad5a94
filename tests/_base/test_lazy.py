"""Names that are imported at their first use."""

import subprocess
import sys

import pytest

FIRST_USES = """
import threading
import minikeras as keras

uses = [
    lambda: keras.layers.Dense(1), lambda: keras.losses.get("mse"), lambda: keras.metrics.get("mae"),
    lambda: keras.optimizers.get("adam"), lambda: keras.ops.matmul, lambda: keras.regularizers.get("l2"),
    lambda: keras.saving.load_model, lambda: keras.Variable(1.0), lambda: keras.random.normal((2,))]
uses = uses[{start}:] + uses[:{start}]
together, done = threading.Barrier(len(uses)), []

def use(name):
    together.wait()
    done.append(name())

threads = [threading.Thread(target=use, args=(name,), daemon=True) for name in uses]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(60)
assert len(done) == len(uses)
"""


@pytest.mark.parametrize("start", [0, 3, 6])
def test_threads_may_be_the_first_to_use_a_part_each(start: int) -> None:
    subprocess.run([sys.executable, "-c", FIRST_USES.format(start=start)], check=True, timeout=300)
