"""Event files for TensorBoard, written by the `tensorboard` package if it is installed."""

import os
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any, ClassVar

import numpy as np

from .._base.typing import Array
from .._base.user_warning import warn_user


class EventWriter:
    """Writes values to a new event file in a folder, which is made if need be.

    Without the `tensorboard` package nothing is written, and one warning says so.
    """

    _warned: ClassVar[bool] = False

    def __init__(self, log_dir: str | os.PathLike[str], suffix: str = ".v2") -> None:
        self._file: Any = None
        if find_spec("tensorboard") is None:
            if not EventWriter._warned:
                EventWriter._warned = True
                warn_user("Nothing is written for TensorBoard: its package is not installed. In a clone of minikeras, "
                          'run: python -m pip install ".[tensorboard]"')  # fmt: skip
            return
        writer = import_module("tensorboard.summary.writer.event_file_writer").EventFileWriter
        self._file = writer(os.fspath(log_dir), filename_suffix=suffix)
        self._event: Callable[..., Any] = import_module("tensorboard.compat.proto.event_pb2").Event
        self._summary: Any = import_module("tensorboard.compat.proto.summary_pb2")
        self._tensor: Callable[..., Any] = import_module("tensorboard.util.tensor_util").make_tensor_proto
        self.flush()

    def write(self, tag: str, values: Any, step: int, plugin: str, content: bytes = b"", description: str = "") -> None:
        """Write an array, or bytes, for a plugin of TensorBoard. `content` is that plugin's own metadata.

        The plugin is one of "scalars", "histograms", "images", "text" and "graph_keras_model".
        """
        if self._file is None:
            return
        data = self._summary.SummaryMetadata.PluginData(plugin_name=plugin, content=content)
        metadata = self._summary.SummaryMetadata(plugin_data=data, summary_description=description)
        summary = self._summary.Summary()
        summary.value.add(tag=tag, metadata=metadata, tensor=self._tensor(values))
        self.message(summary.SerializeToString(), step)

    def message(self, summary: bytes, step: int) -> None:
        """Write a serialized `Summary` message."""
        if self._file is not None:
            parsed = self._summary.Summary.FromString(summary)
            self._file.add_event(self._event(wall_time=time.time(), step=int(step), summary=parsed))

    def scalar(self, tag: str, value: Any, step: int, description: str = "") -> None:
        """Write a number."""
        self.write(tag, np.asarray(value, "float32"), step, "scalars", description=description)

    def histogram(self, tag: str, values: Array, step: int, buckets: int = 30, description: str = "") -> None:
        """Write how many finite values lie in each of `buckets` equal intervals."""
        if self._file is not None:
            summary = import_module("tensorboard.plugins.histogram.summary_v2").histogram_pb(
                tag, values[np.isfinite(values)], buckets, description)  # fmt: skip
            self.message(summary.SerializeToString(), step)

    def image(self, tag: str, images: Array, step: int, most: int = 3, description: str = "") -> None:
        """Write images (batch, height, width, channels) of one, three or four channels: integers, or floats up to 1."""
        _, height, width, _ = images.shape
        pictures = [png(image) for image in images[:most]]
        values = np.array([str(width).encode(), str(height).encode(), *pictures], "object")
        self.write(tag, values, step, "images", description=description)

    def flush(self) -> None:
        """Let readers see what was written."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def png(image: Array) -> bytes:
    """Return an image (height, width, channels) as a PNG file, gray or in colours, with or without opacity."""
    pixels = image if image.dtype == np.uint8 else (np.clip(np.nan_to_num(image), 0, 1) * 255 + 0.5).astype("uint8")
    file = BytesIO()
    import_module("PIL.Image").fromarray(pixels[:, :, 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()
