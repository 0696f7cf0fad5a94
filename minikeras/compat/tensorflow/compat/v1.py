"""`tf.compat.v1`: the names of TensorFlow 1 that make sense in eager execution. Graphs and sessions are refused."""

import logging as _logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NoReturn

from ...._base.user_warning import warn_user
from ..data import Options
from ..missing import VERSION_1, missing, nothing
from ..random import set_seed


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(f"tf.compat.v1.{name} needs a graph or a session, which minikeras does not have. Use "
                           "tensors and functions directly, or a Keras model.")  # fmt: skip

    return refuse


_REFUSED = ("Graph placeholder disable_v2_behavior get_variable variable_scope global_variables get_default_graph "
            "get_default_session global_variables_initializer initialize_all_variables gradients trainable_variables "
            "placeholder_with_default get_collection")  # fmt: skip
globals().update({name: _refusal(name) for name in _REFUSED.split()})
globals().update(dict.fromkeys(("enable_eager_execution", "enable_v2_behavior", "enable_v2_tensorshape"), nothing))


class Session(AbstractContextManager["Session"]):
    """A session that scripts can open with settings, but not run."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        self.config: Any = config

    __exit__: Callable[..., None] = nothing
    close: Callable[..., None] = nothing
    run: Callable[..., NoReturn] = _refusal("Session.run")


InteractiveSession = Session
ConfigProto = GPUOptions = Options
set_random_seed = set_seed


def disable_eager_execution() -> None:
    """Warn that everything still runs eagerly."""
    warn_user("minikeras runs everything eagerly: tf.compat.v1.disable_eager_execution() has no effect.")


def get_logger() -> _logging.Logger:
    """Return TensorFlow's logger."""
    return _logging.getLogger("tensorflow")


_logger = get_logger()
logging: SimpleNamespace = SimpleNamespace(
    DEBUG=10, INFO=20, WARN=30, ERROR=40, FATAL=50,
    set_verbosity=_logger.setLevel, get_verbosity=_logger.getEffectiveLevel,
    debug=_logger.debug, info=_logger.info, warn=_logger.warning, warning=_logger.warning, error=_logger.error,
    fatal=_logger.critical)  # fmt: skip
train: SimpleNamespace = SimpleNamespace(**{x: _refusal(f"train.{x}") for x in VERSION_1["tensorflow.train"].split()})


def _find(name: str) -> Any:
    if name in ("Event", "Summary", "SummaryMetadata"):
        return getattr(import_module(f"tensorboard.compat.proto.{'event' if name == 'Event' else 'summary'}_pb2"), name)
    return getattr(import_module(__package__.removesuffix(".compat")), name)


__getattr__: Callable[[str], Any] = missing(__name__, _find)
