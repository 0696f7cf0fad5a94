"""`tf.signal`: Fourier transforms, whose results are complex numbers, and windows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ..._base.typing import DTypeLike
from ..._core.tensor import Tensor, as_array
from .dtypes import as_dtype
from .missing import missing
from .tensors import array_of, convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)


def _transform(function: Callable[..., Any], axes: int = 1) -> Callable[..., Tensor]:
    """Return a transform of the last axes, with numbers of the precision that its input has."""

    def call(input: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        array = array_of(input)
        sizes = None if fft_length is None else as_array(fft_length).ravel().tolist()
        return Tensor(function(array, sizes, range(-axes, 0)))

    return call


fft: Callable[..., Tensor] = _transform(np.fft.fftn)
ifft: Callable[..., Tensor] = _transform(np.fft.ifftn)
fft2d: Callable[..., Tensor] = _transform(np.fft.fftn, 2)
rfft: Callable[..., Tensor] = _transform(np.fft.rfftn)
irfft: Callable[..., Tensor] = _transform(np.fft.irfftn)


def hann_window(window_length: Any, periodic: bool = True, dtype: DTypeLike = "float32", name: Any = None) -> Tensor:
    """Hann's window; a periodic one is one point longer, and that point left out."""
    length = int(window_length)
    values = np.hanning(length + 1)[:-1] if periodic and length > 1 else np.hanning(length)
    return Tensor(values.astype(as_dtype(dtype).name))


def frame(signal: Any, frame_length: int, frame_step: int, pad_end: bool = False, pad_value: Any = 0, *_: Any) -> Any:
    """Windows of the last axis, `frame_step` apart."""
    values = convert_to_tensor(signal)
    if pad_end:
        size = values.shape[-1]
        behind = max(0, frame_length + frame_step * (-(-size // frame_step) - 1) - size)
        values = ops.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, behind)], constant_values=pad_value)
    return ops.extract_sequences(values, frame_length, frame_step)


def stft(signals: Any, frame_length: int, frame_step: int, fft_length: int | None = None,
         window_fn: Callable[..., Any] | None = hann_window, pad_end: bool = False,
         name: str | None = None) -> Tensor:  # fmt: skip
    """Transforms of windows of the last axis, `frame_step` apart: (..., windows, frequencies)."""
    frames = frame(signals, frame_length, frame_step, pad_end)
    if window_fn is not None:
        frames = frames * window_fn(frame_length, dtype=frames.dtype)
    return rfft(frames, [fft_length or 1 << (frame_length - 1).bit_length()])
