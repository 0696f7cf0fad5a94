"""The callback that writes files for TensorBoard."""

import os
from time import perf_counter
from typing import Any, ClassVar, Literal

import numpy as np

from .._base.checks import one_of
from .._base.user_warning import warn_user
from .._core.tensor import as_array
from .._display.event_files import EventWriter
from .callback import Callback, Logs, as_floats
from .learning_rate import log_rates


class TensorBoard(Callback):
    """Writes metrics, weights and the model's layers for TensorBoard, if the `tensorboard` package is installed.

    Files are in the folders "train" and "validation" of `log_dir`. Each epoch writes `epoch_loss`, the other metrics
    and `epoch_learning_rate`; each evaluation its metrics over the steps so far, as `evaluation_loss_vs_iterations`.

    Args:
        log_dir: The folder.
        histogram_freq: Epochs from one histogram of the weights to the next; 0 for never.
        write_graph: Whether to write the layers of a Functional or Sequential model.
        write_images: Whether to write the weights as images, too.
        write_steps_per_second: Whether to write the steps per second, of batches and of epochs.
        update_freq: Batches from one `batch_loss` (and other metrics) to the next; "batch" for 1, "epoch" for never.
        profile_batch, embeddings_metadata: Accepted for Keras's sake: nothing is written, and a warning says so.
        embeddings_freq: Epochs from one save of the weights, for the view of embeddings, to the next; 0 for never.

    Raises:
        ValueError: for another word as `update_freq`.
    """

    _reads_lazily: ClassVar[bool] = True

    def __init__(self, log_dir: str | os.PathLike[str] = "logs", histogram_freq: int = 0, write_graph: bool = True,
                 write_images: bool = False, write_steps_per_second: bool = False,
                 update_freq: Literal["epoch", "batch"] | int = "epoch", profile_batch: int | tuple[int, int] = 0,
                 embeddings_freq: int = 0,
                 embeddings_metadata: str | dict[str, str] | None = None) -> None:  # fmt: skip
        for name, value in (("profile_batch", profile_batch), ("embeddings_metadata", embeddings_metadata)):
            if value:
                warn_user(f"minikeras writes no profiles, and no names of embeddings: {name}={value} is ignored.")
        self.log_dir: str = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        if isinstance(update_freq, str):
            one_of("update_freq", update_freq, ("epoch", "batch"))
        self.update_freq: str | int = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._writers: dict[str, EventWriter] = {}
        self._steps = self._epoch_step = 0
        self._started = self._epoch_started = 0.0

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self._writers = {}
        if self.write_graph:
            writer = self._writer("train")
            if type(model).__name__ in ("Functional", "Sequential"):
                try:
                    text = model.to_json()
                except (TypeError, ValueError, NotImplementedError):
                    return  # a layer without a configuration: the rest is written all the same
                writer.write("keras", np.asarray(text.encode(), "object"), 0, "graph_keras_model", b"1")

    def _writer(self, name: str) -> EventWriter:
        if name not in self._writers:
            self._writers[name] = EventWriter(os.path.join(self.log_dir, name))
        return self._writers[name]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._steps = self._epoch_step = 0

    def on_train_end(self, logs: Logs | None = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch_started, self._epoch_step = perf_counter() - 1e-7, self._steps

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._steps += 1
        self._started = perf_counter() - 1e-7  # for clocks that stand still meanwhile, as in a browser

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.update_freq, str) or self._steps % self.update_freq:
            return
        writer = self._writer("train")
        if self.write_steps_per_second:
            writer.scalar("batch_steps_per_second", 1 / (perf_counter() - self._started), self._steps)
        for name, value in as_floats(logs).items():
            writer.scalar(f"batch_{name}", value, self._steps)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if (optimizer := getattr(self.model, "optimizer", None)) is not None:
            writer = self._writer("validation")
            for name, value in (logs or {}).items():
                writer.scalar(f"evaluation_{name}_vs_iterations", value, int(optimizer.iterations))
            writer.flush()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        values = dict(logs or {})
        if logs:
            if self.model.optimizer is not None:
                log_rates(self.model, values)
            if self.write_steps_per_second:
                values["steps_per_second"] = (self._steps - self._epoch_step) / (perf_counter() - self._epoch_started)
        for name, value in values.items():
            writer = self._writer("validation" if name.startswith("val_") else "train")
            writer.scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            os.makedirs(folder := os.path.join(self.log_dir, "train"), exist_ok=True)  # which a writer may not do
            self.model.save_weights(os.path.join(folder, f"keras_embedding.ckpt-{epoch}.weights.h5"))
        for writer in self._writers.values():
            writer.flush()

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for weight in [weight for layer in self.model.layers for weight in layer.weights]:
            name, values = weight.path.replace(":", "_"), as_array(weight)
            writer.histogram(f"{name}/histogram", values, epoch)
            image = _as_image(values)
            if self.write_images and image.ndim == 4 and image.shape[-1] in (1, 3, 4):
                writer.image(f"{name}/image", image, epoch)


def _as_image(values: Any) -> Any:
    """Return weights as images (batch, height, width, channels), a matrix with its longer side across."""
    values = np.squeeze(values)
    if values.ndim == 1:
        return values.reshape(1, -1, 1, 1)
    if values.ndim == 2:
        return (values.T if values.shape[0] > values.shape[1] else values)[None, :, :, None]
    return values.transpose(2, 0, 1)[..., None] if values.ndim == 3 else values
