"""`tf.signal`: Fourier transforms, with complex results, and windows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ..._base.typing import DTypeLike
from ..._core.tensor import Tensor, as_array
from .dtypes import as_dtype
from .missing import missing
from .tensors import convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)


def _complex(pair: Any) -> Tensor:
    return ops.view_as_complex(ops.stack(list(pair), -1))


def _transform(function: Callable[..., Any]) -> Callable[..., Tensor]:
    def call(input: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        return function(convert_to_tensor(input), None if fft_length is None else int(as_array(fft_length).ravel()[-1]))

    return call


def _pair(x: Any) -> Any:
    return ops.real(x), ops.imag(x)


fft: Callable[..., Tensor] = _transform(lambda x, _: _complex(ops.fft(_pair(x))))
ifft: Callable[..., Tensor] = _transform(lambda x, _: ops.conj(_complex(ops.fft(_pair(ops.conj(x))))) / x.shape[-1])
fft2d: Callable[..., Tensor] = _transform(lambda x, _: _complex(ops.fft2(_pair(x))))
rfft: Callable[..., Tensor] = _transform(lambda x, n: _complex(ops.rfft(x, n)))
irfft: Callable[..., Tensor] = _transform(lambda x, n: ops.irfft(_pair(x), n))


def hann_window(window_length: Any, periodic: bool = True, dtype: DTypeLike = "float32", name: Any = None) -> Tensor:
    """Hann window. A periodic one is a symmetric window of one more point, without its last point."""
    length = int(window_length)
    values = np.hanning(length + 1)[:-1] if periodic and length % 2 == 0 else np.hanning(length)
    return Tensor(values.astype(as_dtype(dtype).name))


def frame(signal: Any, frame_length: int, frame_step: int, pad_end: bool = False, pad_value: Any = 0) -> Any:
    """Frames of the last axis, which start `frame_step` apart."""
    values = convert_to_tensor(signal)
    if pad_end:
        size = values.shape[-1]
        padding = max(0, frame_length + frame_step * (-(-size // frame_step) - 1) - size)
        values = ops.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, padding)], constant_values=pad_value)
    return ops.extract_sequences(values, frame_length, frame_step)


def stft(signals: Any, frame_length: int, frame_step: int, fft_length: int | None = None,
         window_fn: Callable[..., Any] | None = hann_window, pad_end: bool = False,
         name: str | None = None) -> Tensor:  # fmt: skip
    """Short-time Fourier transform of the last axis: (..., frames, frequencies)."""
    frames = frame(signals, frame_length, frame_step, pad_end)
    if window_fn is not None:
        frames = frames * window_fn(frame_length, dtype=frames.dtype)
    return rfft(frames, [fft_length or 1 << (frame_length - 1).bit_length()])
