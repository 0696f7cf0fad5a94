"""`tf.summary`: values for TensorBoard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from threading import local
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..._base.context import having_attributes
from ..._core.tensor import Tensor, TensorOps, as_array
from ..._display.event_files import EventWriter
from .missing import missing, named, nothing
from .tensors import array_of, constant, escape

__getattr__: Callable[[str], Any] = missing(__name__)
_open: Any = type("Open", (local,), {"writer": None, "step": None, "condition": True})()
"""Each thread's default writer and step, and whether it records."""


class SummaryWriter(EventWriter):
    """Writes values to an event file."""

    def __init__(self, logdir: Any, filename_suffix: str = ".v2") -> None:
        folder = logdir.numpy_view().item().decode() if isinstance(logdir, TensorOps) else str(logdir)
        super().__init__(folder, filename_suffix)

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator["SummaryWriter"]:
        """Make this the default writer within a context."""
        with having_attributes(_open, writer=self, step=_open.step if step is None else step):
            yield self
        self.flush()

    def set_as_default(self, step: Any = None) -> None:
        """Make this the default writer from now on."""
        _open.writer = self
        _open.step = _open.step if step is None else step


def should_record_summaries() -> bool:
    """Return whether values are recorded, as `record_if` says."""
    return bool(_open.condition() if callable(_open.condition) else _open.condition)


def _put(write: Callable[[EventWriter, int], None], step: Any) -> Tensor:
    at = _open.step if step is None else step
    writer = _open.writer
    if writer is None or not should_record_summaries():
        return Tensor(np.asarray(False))
    escape()
    if at is None:
        raise ValueError("No step set. Please specify one either through the `step` argument or through "
                         "tf.summary.experimental.set_step()")  # fmt: skip
    write(writer, int(at))
    return Tensor(np.asarray(True))


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Write out what is buffered."""
    if writer := writer or _open.writer:
        writer.flush()


globals().update(dict.fromkeys(("trace_on", "trace_off", "trace_export", "graph"), nothing))
experimental: SimpleNamespace = SimpleNamespace(
    set_step=lambda step: setattr(_open, "step", step), get_step=lambda: _open.step,
    write_raw_pb=lambda tensor, step=None, name=None: _put(lambda w, at: w.message(array_of(tensor).item(), at), step),
    summary_scope=lambda name, default_name="summary", values=None: nullcontext((name, f"{name}/")))  # fmt: skip
globals().update(named({
    "create_file_writer": ("A writer of an event file in a folder.",
        lambda logdir, max_queue=None, flush_millis=None, filename_suffix=None, name=None, **_:
            SummaryWriter(logdir, filename_suffix or ".v2")),
    "record_if": ("A context in which values are recorded only if a condition, or a function, is true.",
        lambda condition: having_attributes(_open, condition=condition)),
    "scalar": ("Write a number, and return whether it was recorded.",
        lambda name, data, step=None, description=None:
            _put(lambda w, at: w.scalar(name, as_array(data), at, description or ""), step)),
    "histogram": ("Write a histogram of values, in buckets of equal width.",
        lambda name, data, step=None, buckets=None, description=None:
            _put(lambda w, at: w.histogram(name, as_array(data), at, buckets or 30, description or ""), step)),
    "text": ("Write texts.",
        lambda name, data, step=None, description=None:
            _put(lambda w, at: w.write(name, np.asarray(data, "object"), at, "text", b"", description or ""), step)),
    "image": ("Write images (batch, height, width, channels).",
        lambda name, data, step=None, max_outputs=3, description=None:
            _put(lambda w, at: w.image(name, as_array(data), at, int(max_outputs), description or ""), step)),
    "make_tensor_proto": ("Values as a TensorProto message (needs the `tensorboard` package).",
        lambda values, dtype=None, shape=None, verify_shape=False:
            import_module("tensorboard.util.tensor_util").make_tensor_proto(as_array(constant(values, dtype, shape)))),
    "make_ndarray": ("The array in a TensorProto message.",
        lambda tensor: import_module("tensorboard.util.tensor_util").make_ndarray(tensor))}))  # fmt: skip
