"""Fourier transforms, and complex numbers as pairs of real ones.

All of them use one primitive, the complex transform of a pair, whose gradient is the transform of the opposite sign.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._base.checks import standardize_sizes, within
from .._base.typing import Array, TensorLike
from .._core.op import composite, primitive, structured
from .._core.tensor import Tensor
from .arrays import as_float, bare
from .creation import convert_to_tensor, ndim, ones, shape
from .elementwise import cos, imag, multiply, real, sin
from .shapes import add_along, concatenate, extract_sequences, pad, stack, where

Pair = tuple[Tensor, Tensor]
"""Real and imaginary parts."""


@primitive(lambda g, *_, **__: g[0], lambda g, *_, **__: g[1],
           common=lambda g, y, real, imag, axes, sign: transform_of(*g, axes, -sign))  # fmt: skip
def transform(real: TensorLike, imag: TensorLike, axes: Sequence[int], sign: int) -> Array:
    """Sum of x[n] exp(sign * 2 pi i k n / N) along axes; real and imaginary parts are stacked."""
    a = as_float(real)
    z = a + 1j * as_float(imag)
    z = np.fft.fftn(z, axes=axes) if sign < 0 else np.fft.ifftn(z, axes=axes, norm="forward")
    return np.stack([z.real, z.imag]).astype(a.dtype)


transform_of: Any = bare(transform)


def _parts(x: Any, name: str) -> Pair:
    if not isinstance(x, tuple | list) or len(x) != 2 or shape(x[0]) != shape(x[1]):
        raise ValueError(f"`{name}` needs a pair of tensors of one shape, real and imaginary part. Received: x={x}")
    first, second = convert_to_tensor(x[0]), convert_to_tensor(x[1])
    if not (first.dtype.startswith("float") and second.dtype.startswith("float")):
        raise ValueError(f"`{name}` needs floats. Received dtypes: {first.dtype}, {second.dtype}")
    return first, second


@structured
def fft(x: tuple[TensorLike, TensorLike]) -> Pair:
    """Discrete Fourier transform along the last axis of complex numbers, passed and returned as (real, imaginary)."""
    y = transform(*_parts(x, "fft"), (-1,), -1)
    return y[0], y[1]


@structured
def fft2(x: tuple[TensorLike, TensorLike]) -> Pair:
    """Discrete Fourier transform along the last two axes, see `fft`."""
    y = transform(*_parts(x, "fft2"), (-2, -1), -1)
    return y[0], y[1]


@structured
def ifft2(x: tuple[TensorLike, TensorLike]) -> Pair:
    """Inverse of `fft2`."""
    first, second = _parts(x, "ifft2")
    y = transform(first, second, (-2, -1), 1) / float(first.shape[-1] * first.shape[-2])
    return y[0], y[1]


def cut(x: Tensor, length: int) -> Tensor:
    """Return x with its last axis cut or zero-padded to a length."""
    missing = length - x.shape[-1]
    return pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)]) if missing > 0 else x[..., :length]


@structured
def rfft(x: TensorLike, fft_length: int | None = None) -> Pair:
    """Discrete Fourier transform of real numbers along the last axis: the first half, which determines the other.

    The axis is cut or zero-padded to `fft_length`.

    Example:
        >>> print(rfft([1.0, 0.0, -1.0, 0.0])[0])
        Tensor([0. 2. 0.], shape=(3,), dtype=float32)
    """
    values = convert_to_tensor(x)
    values = cut(values, fft_length or values.shape[-1])
    y = transform(values, values * 0.0, (-1,), -1)[..., : values.shape[-1] // 2 + 1]
    return y[0], y[1]


@composite
def irfft(x: tuple[TensorLike, TensorLike], fft_length: int | None = None) -> Tensor:
    """Inverse of `rfft`: `fft_length` real numbers, by default 2 * (n - 1) for n complex ones."""
    parts = _parts(x, "irfft")
    n = fft_length or 2 * (parts[0].shape[-1] - 1)
    halves, mirrored = [cut(part, n // 2 + (n > 0)) for part in parts], slice((n + 1) // 2 - 1, 0, -1)
    full = [concatenate([half, s * half[..., mirrored]], -1) for half, s in zip(halves, (1.0, -1.0), strict=True)]
    return transform(full[0], full[1], (-1,), 1)[0] / float(n)


def _window(window: Any, sequence_length: int, fft_length: int) -> Tensor:
    """Return a window, by name or values, zero-padded on both sides to `fft_length`."""
    if isinstance(window, str) and window not in ("hann", "hamming"):
        raise ValueError(f"`window` must be 'hann', 'hamming', values or None. Received: window={window!r}")
    within("fft_length", fft_length, sequence_length)
    if window is None:
        return ones(fft_length)
    if isinstance(window, str):  # a periodic window is a symmetric one without its last point
        points = (np.hanning if window == "hann" else np.hamming)(sequence_length + 1)
        window = points[:-1] if sequence_length > 1 else [1.0]
    if shape(window) != (sequence_length,):
        raise ValueError(f"`window` must have {sequence_length} values. Received: shape={shape(window)}")
    left = (fft_length - sequence_length) // 2
    return pad(convert_to_tensor(window), (left, fft_length - sequence_length - left))


@structured
def stft(x: TensorLike, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann",
         center: bool = True) -> Pair:  # fmt: skip
    """Fourier transforms of windows of the last axis, `sequence_stride` apart: (..., windows, frequencies).

    `window` is "hann", "hamming", `sequence_length` factors, or None. `center` pads both ends by reflection, so that
    windows are centred on samples.
    """
    values, factors = convert_to_tensor(x), _window(window, sequence_length, fft_length)
    if values.dtype not in ("float32", "float64"):
        raise TypeError(f"Expected `float32` or `float64`. Received: dtype={values.dtype}")
    if center:
        values = pad(values, [(0, 0)] * (values.ndim - 1) + [(fft_length // 2, fft_length // 2)], "reflect")
    return rfft(extract_sequences(values, fft_length, sequence_stride) * factors.astype(values.dtype))


@composite
def istft(x: tuple[TensorLike, TensorLike], sequence_length: int, sequence_stride: int, fft_length: int,
          length: int | None = None, window: Any = "hann", center: bool = True) -> Tensor:  # fmt: skip
    """Inverse of `stft`: windows times their factors are added up, and divided by the sum of the squared factors.

    `length` is the number of samples to return.
    """
    (sequence_stride,) = standardize_sizes(sequence_stride, 1, "sequence_stride")
    frames = irfft(x, fft_length)
    factors = _window(window, sequence_length, fft_length).astype(frames.dtype)
    count = frames.shape[-2]
    total = fft_length + sequence_stride * (count - 1)
    places = np.arange(count)[:, None] * sequence_stride + np.arange(fft_length)
    summed = add_along(frames * factors, places, (*frames.shape[:-2], total), -1)
    weights = add_along(np.tile((factors * factors).numpy(), (count, 1)), places, (total,), 0)
    ratio = summed / where(weights > 1e-10, weights, 1.0)
    if window is None:  # Keras leaves out the division in this case
        ratio = ratio * (fft_length / sequence_stride)
    start = fft_length // 2 if center else 0
    return ratio[..., start : total - start if length is None else start + length]


@composite
def polar(abs_: TensorLike, angle: TensorLike) -> Tensor:
    """Complex numbers from absolute values and angles in radians."""
    return multiply(abs_, cos(angle)) + multiply(multiply(abs_, sin(angle)), 1j)


@composite
def view_as_complex(x: TensorLike) -> Tensor:
    """Complex numbers whose real and imaginary parts are in a last axis of size 2."""
    pairs = convert_to_tensor(x)
    if not ndim(x) or pairs.shape[-1] != 2:
        raise ValueError(f"`view_as_complex` needs a last axis of size 2. Received: shape={shape(x)}")
    return pairs[..., 0] + pairs[..., 1] * 1j


@composite
def view_as_real(x: TensorLike) -> Tensor:
    """Real and imaginary parts of complex numbers, in a new last axis."""
    return stack([real(x), imag(x)], -1)
