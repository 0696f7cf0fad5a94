"""The answer to a name that the stand-in does not have."""

from collections.abc import Callable
from typing import Any


def missing(module: str, other: Callable[[str], Any] | None = None) -> Callable[[str], Any]:
    """Return a module's `__getattr__`: it asks `other`, and says of what is not there what minikeras covers."""
    public = module.replace("minikeras.compat.tensorflow", "tensorflow")

    def find(name: str) -> Any:
        if other is not None and not name.startswith("__"):
            try:
                return other(name)
            except (KeyError, ModuleNotFoundError):
                pass
        raise AttributeError(
            f"module '{public}' has no attribute '{name}' in minikeras, which covers the part of TensorFlow that "
            f"teaching scripts use: tf.keras, tensors and variables, maths, GradientTape, tf.function, tf.data, "
            f"tf.Module, tf.summary. If your script needs {public}.{name}, please open an issue in minikeras's tracker."
        )

    return find
