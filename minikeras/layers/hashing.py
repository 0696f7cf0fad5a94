"""Layers that number values by their hashes: TensorFlow's, so that numbers are those of Keras."""

from typing import Any, Unpack

import numpy as np

from .._state import one_of
from .._typing import Array, PartialShape
from ..tensor import Tensor
from .base import LayerOptions, register
from .lookup import MODES, OfValues, encoded, raw

_ALL = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotated(x: int, by: int) -> int:
    """Return the bits of a number, those that fall out to the right put back left."""
    x &= _ALL
    return (x >> by | x << (64 - by)) & _ALL


def _mixed(x: int) -> int:
    x &= _ALL
    return x ^ (x >> 47)


def _pair(u: int, v: int, mul: int) -> int:
    a = _mixed((u ^ v) * mul)
    return _mixed((v ^ a) * mul) * mul & _ALL


def fingerprint(text: bytes) -> int:
    """Return FarmHash's 64 bits of a text (Google's `farmhash.cc`, `farmhashna::Hash64`).

    Example:
        >>> fingerprint(b"hello")
        13009744463427800296
    """
    n = len(text)

    def word(i: int, size: int = 8) -> int:
        return int.from_bytes(text[i : i + size], "little")

    mul = _K2 + 2 * n
    if n < 4:
        if not n:
            return _K2
        y, z = text[0] + (text[n >> 1] << 8), n + (text[-1] << 2)
        return _mixed(y * _K2 ^ z * _K0) * _K2 & _ALL
    if n < 8:
        return _pair(n + (word(0, 4) << 3), word(n - 4, 4), mul)
    if n <= 16:
        a, b = word(0) + _K2, word(n - 8)
        return _pair(_rotated(b, 37) * mul + a & _ALL, (_rotated(a, 25) + b) * mul & _ALL, mul)
    if n <= 64:
        a, b, c, d = word(0) * (_K1 if n <= 32 else _K2), word(8), word(n - 8) * mul, word(n - 16) * _K2
        y = _rotated(a + b, 43) + _rotated(c, 30) + d & _ALL
        z = _pair(y, a + _rotated(b + _K2, 18) + c & _ALL, mul)
        if n <= 32:
            return z
        e, f, g, h = word(16) * mul, word(24), (y + word(n - 32)) * mul, (z + word(n - 24)) * mul
        return _pair(_rotated(e + f, 43) + _rotated(g, 30) + h & _ALL, e + _rotated(f + a, 18) + g & _ALL, mul)

    def weak(i: int, a: int, b: int) -> tuple[int, int]:
        first, last = word(i), word(i + 24)
        a += first
        b, c = _rotated(b + a + last, 21), a
        a += word(i + 8) + word(i + 16)
        return a + last & _ALL, b + _rotated(a, 44) + c & _ALL

    x, y = 81 * _K2 + word(0), 81 * _K1 + 113
    z = _mixed(y * _K2 + 113) * _K2
    v = w = (0, 0)
    rest = n - 1 & 63
    for i in (*range(0, n - 1 - rest, 64), n - 64):
        mul, nine = _K1, 1
        if i == n - 64:
            mul, nine = _K1 + ((z & 255) << 1), 9
            w = w[0] + rest, w[1]
            v = v[0] + w[0], v[1]
            w = w[0] + v[0], w[1]
        x = _rotated(x + y + v[0] + word(i + 8), 37) * mul
        y = _rotated(y + v[1] + word(i + 48), 42) * mul
        x ^= w[1] * nine
        y += v[0] * nine + word(i + 40)
        z = _rotated(z + w[0], 33) * mul
        v = weak(i, v[1] * mul, x + w[0])
        w = weak(i + 32, z + w[1], y + word(i + 16))
        z, x = x & _ALL, z & _ALL
    return _pair(_pair(v[0], w[0], mul) + _mixed(y) * _K0 + z & _ALL, _pair(v[1], w[1], mul) + x & _ALL, mul)


def keyed(text: bytes, key: "list[int]") -> int:
    """Return SipHash-2-4's 64 bits of a text, by a key of two numbers (Aumasson and Bernstein 2012).

    Example:
        >>> keyed(b"a", [1, 2])
        5158252350249958646
    """
    a, b = (k & _ALL for k in key)
    v = [a ^ 0x736F6D6570736575, b ^ 0x646F72616E646F6D, a ^ 0x6C7967656E657261, b ^ 0x7465646279746573]

    def rounds(times: int) -> None:
        for _ in range(times):
            v[0] = v[0] + v[1] & _ALL
            v[2] = v[2] + v[3] & _ALL
            v[1], v[3] = _rotated(v[1], 51) ^ v[0], _rotated(v[3], 48) ^ v[2]
            v[0] = _rotated(v[0], 32)
            v[2] = v[2] + v[1] & _ALL
            v[0] = v[0] + v[3] & _ALL
            v[1], v[3] = _rotated(v[1], 47) ^ v[2], _rotated(v[3], 43) ^ v[0]
            v[2] = _rotated(v[2], 32)

    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 255])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i : i + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def crossed(first: int, second: int) -> int:
    """Return 64 bits of two fingerprints, as TensorFlow's `FingerprintCat64`.

    Example:
        >>> crossed(1, 2)
        14454907135238785252
    """
    mul = 0xC6A4A7935BD1E995
    found = ((first ^ mul) ^ _mixed(second * mul) * mul) * mul
    return _mixed(_mixed(found) * mul)


def _bins(values: Array, bins: int, salt: "list[int] | None") -> Array:
    """Return the number of each value's bin."""
    if values.dtype.kind == "f":
        values = values.astype("int64")
    texts = [str(value).encode() for value in values.reshape(-1).tolist()]
    hashes = [fingerprint(text) if salt is None else keyed(text, salt) for text in texts]
    return np.array([h % bins for h in hashes], "int64").reshape(values.shape)


class _Hashed(OfValues):
    """What the layers here have in common: bins, and what their numbers become."""

    num_bins: int
    sparse: bool

    def _keep_bins(self, num_bins: int | None, output_mode: str, sparse: bool, modes: tuple[str, ...]) -> None:
        if num_bins is None or num_bins <= 0 or sparse:
            raise ValueError(f"{type(self).__name__} needs `num_bins` from 1, and no `sparse`. Received: {num_bins}.")
        self.num_bins, self.sparse = num_bins, sparse
        self.output_mode: str = one_of("output_mode", output_mode, modes)

    def _encode(self, numbers: Array) -> Tensor:
        return encoded(numbers, self.output_mode, self.num_bins, str(self._kind()))

    def _depth(self) -> int:
        return self.num_bins


@register
class Hashing(_Hashed):
    """Numbers values, strings or integers, by their hashes.

    Args:
        num_bins: How many numbers there are.
        mask_value: A value that gets the number 0, which no other then has.
        salt: One or two integers that make other numbers of the same values.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        sparse: Must be False.

    Raises:
        ValueError: without bins, or for an unknown mode or salt.

    Example:
        >>> Hashing(3)([["A"], ["B"], ["C"]]).numpy().tolist()
        [[1], [0], [1]]
    """

    _arguments = ("num_bins", "salt", "mask_value", "output_mode", "sparse")

    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int", sparse: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self._keep_bins(num_bins, output_mode, sparse, MODES)
        if not (salt is None or isinstance(salt, int) or (isinstance(salt, list | tuple) and len(salt) == 2)):
            raise ValueError(f"`salt` can only be an integer or two of them. Received: salt={salt}.")
        self.mask_value: Any = mask_value
        self.salt: list[int] | None = [salt, salt] if isinstance(salt, int) else None if salt is None else list(salt)

    def call(self, inputs: Tensor) -> Tensor:
        values = raw(inputs)
        if self.mask_value is None or self.num_bins == 1:
            return self._encode(_bins(values, self.num_bins, self.salt))
        numbers = _bins(values, self.num_bins - 1, self.salt) + 1
        return self._encode(np.where(values == self.mask_value, 0, numbers))


@register
class HashedCrossing(_Hashed):
    """Numbers the combinations of the values of two inputs by their hashes.

    Args:
        num_bins: How many numbers there are.
        output_mode: "int" or "one_hot".
        sparse: Must be False.
        name, dtype: As of every layer.

    Raises:
        ValueError: without bins, or for an unknown mode.

    Example:
        >>> HashedCrossing(5)((np.array(["A", "B"]), np.array([101, 102]))).numpy().tolist()
        [1, 1]
    """

    _arguments = ("num_bins", "output_mode", "sparse")

    def __init__(
        self, num_bins: int, output_mode: str = "int", sparse: bool = False, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._keep_bins(num_bins, output_mode, sparse, ("int", "one_hot"))

    def _convert(self, x: Any) -> Any:
        return [super(HashedCrossing, self)._convert(item) for item in x]

    def call(self, inputs: Any) -> Tensor:
        columns = [raw(x) for x in inputs]
        hashes = []
        for row in zip(*(column.reshape(-1).tolist() for column in columns), strict=True):
            found = 0xDECAFCAFFE
            for value in row:
                found = crossed(found, value & _ALL if isinstance(value, int) else fingerprint(value.encode()))
            hashes.append(found % self.num_bins)
        return self._encode(np.array(hashes, "int64").reshape(columns[0].shape))

    def compute_output_shape(self, input_shape: Any) -> PartialShape:
        return super().compute_output_shape(input_shape[0])
