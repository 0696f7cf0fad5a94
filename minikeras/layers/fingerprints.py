"""Hashes of texts, with TensorFlow's functions, so that numbers of values are those of Keras.

Texts of about the same length are hashed at once: each number of the original code is an array of 64-bit numbers here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._base.typing import Array

ALL = 2**64 - 1  # the bits of a word
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
Words = Callable[[Any], Array]
"""A function from a position in the texts, the same or one for each, to the eight bytes there as one number each."""


def _rotated(x: Array, by: int) -> Array:
    return x >> by | x << (64 - by)


def _mixed(x: Any) -> Any:
    return x ^ (x >> 47)


def _pair(u: Array, v: Array, mul: Any) -> Array:
    return cast(Array, _mixed((v ^ _mixed((u ^ v) * mul)) * mul) * mul)


def _grouped(texts: Sequence[bytes], kinds: Callable[[Array], Array]) -> Iterator[tuple[Array, Words, Array, int]]:
    """Yield groups of texts whose lengths are of one kind: their indices, words, lengths and kind."""
    sizes = np.array([*map(len, texts)], "int64")
    starts, kind_of = np.cumsum(sizes) - sizes, kinds(sizes)
    windows = sliding_window_view(np.frombuffer(b"".join([*texts, bytes(8)]), "uint8"), 8)

    def words(start: Array, i: Any) -> Array:
        eight: Array = windows[start + i]
        return eight.view("<u8")[:, 0]

    for kind in np.unique(kind_of).tolist():
        rows = np.flatnonzero(kind_of == kind)
        yield rows, partial(words, starts[rows]), sizes[rows], kind


def fingerprints(texts: Sequence[bytes]) -> Array:
    """Return FarmHash's 64 bits of each text (Google's `farmhash.cc`, `farmhashna::Hash64`)."""
    hashes = np.empty(len(texts), "uint64")
    for rows, word, n, kind in _grouped(texts, lambda n: np.searchsorted([3, 7, 16, 32], n) + (n - 1 >> 6).clip(0)):
        hashes[rows] = _of_long(word, n, kind - 4) if kind > 4 else _of_short(word, n, kind)
    return hashes


def _of_short(word: Words, n: Array, kind: int) -> Array:
    """Return the hashes of texts of up to 64 bytes; kinds 0 to 4 are for at most 3, 7, 16, 32 and 64 bytes."""
    size = n.astype("uint64")
    mul = _K2 + 2 * size
    if kind == 0:
        y = (word(0) & 255) + ((word(n >> 1) & 255) << 8)
        z = size + ((word(n - 1) & 255) << 2)
        return np.where(n > 0, _mixed(y * _K2 ^ z * _K0) * _K2, np.uint64(_K2))
    if kind == 1:
        low = 2**32 - 1
        return _pair(size + ((word(0) & low) << 3), word(n - 4) & low, mul)
    if kind == 2:
        a, b = word(0) + _K2, word(n - 8)
        return _pair(_rotated(b, 37) * mul + a, (_rotated(a, 25) + b) * mul, mul)
    a, b, c, d = word(0) * (_K1 if kind == 3 else _K2), word(8), word(n - 8) * mul, word(n - 16) * _K2
    y = _rotated(a + b, 43) + _rotated(c, 30) + d
    z = _pair(y, a + _rotated(b + _K2, 18) + c, mul)
    if kind == 3:
        return z
    e, f, g, h = word(16) * mul, word(24), (y + word(n - 32)) * mul, (z + word(n - 24)) * mul
    return _pair(_rotated(e + f, 43) + _rotated(g, 30) + h, e + _rotated(f + a, 18) + g, mul)


def _of_long(word: Words, n: Array, blocks: int) -> Array:
    """Return the hashes of texts of more than 64 bytes: `blocks` whole blocks of 64, and then 1 to 64 bytes."""

    def weak(i: Any, a: Array, b: Array) -> tuple[Array, Array]:
        first, last = word(i), word(i + 24)
        a = a + first
        b, c = _rotated(b + a + last, 21), a
        a = a + word(i + 8) + word(i + 16)
        return a + last, b + _rotated(a, 44) + c

    x, y = (81 * _K2 & ALL) + word(0), np.full(len(n), 81 * _K1 + 113 & ALL, "uint64")
    z = _mixed(y * _K2 + 113) * _K2
    v = w = (z * 0, z * 0)
    mul: Any = _K1
    for block in range(blocks + 1):
        i: Any = 64 * block
        nine = 1
        if block == blocks:
            i, mul, nine = n - 64, _K1 + ((z & 255) << 1), 9
            w = w[0] + (n - 1 & 63).astype("uint64"), w[1]
            v = v[0] + w[0], v[1]
            w = w[0] + v[0], w[1]
        x = _rotated(x + y + v[0] + word(i + 8), 37) * mul
        y = _rotated(y + v[1] + word(i + 48), 42) * mul
        x = x ^ w[1] * nine
        y = y + v[0] * nine + word(i + 40)
        z = _rotated(z + w[0], 33) * mul
        v = weak(i, v[1] * mul, x + w[0])
        w = weak(i + 32, z + w[1], y + word(i + 16))
        z, x = x, z
    return _pair(_pair(v[0], w[0], mul) + _mixed(y) * _K0 + z, _pair(v[1], w[1], mul) + x, mul)


def keyed(texts: Sequence[bytes], key: "list[int]") -> Array:
    """Return SipHash-2-4's 64 bits of each text, for a key of two numbers (Aumasson and Bernstein 2012)."""
    hashes = np.empty(len(texts), "uint64")
    padded = [text + bytes(7 - len(text) % 8) + bytes([len(text) & 255]) for text in texts]
    a, b = (k & ALL for k in key)
    start = [a ^ 0x736F6D6570736575, b ^ 0x646F72616E646F6D, a ^ 0x6C7967656E657261, b ^ 0x7465646279746573]
    for rows, word, _, size in _grouped(padded, lambda n: n):
        v = [np.full(len(rows), number, "uint64") for number in start]
        for i in range(0, size, 8):
            v[3] = v[3] ^ word(i)
            _stir(v, 2)
            v[0] = v[0] ^ word(i)
        v[2] = v[2] ^ 255
        _stir(v, 4)
        hashes[rows] = v[0] ^ v[1] ^ v[2] ^ v[3]
    return hashes


def _stir(v: "list[Array]", times: int) -> None:
    """Run rounds of SipHash on its state of four numbers, in place."""
    for _ in range(times):
        v[0] = v[0] + v[1]
        v[2] = v[2] + v[3]
        v[1], v[3] = _rotated(v[1], 51) ^ v[0], _rotated(v[3], 48) ^ v[2]
        v[0] = _rotated(v[0], 32)
        v[2] = v[2] + v[1]
        v[0] = v[0] + v[3]
        v[1], v[3] = _rotated(v[1], 47) ^ v[2], _rotated(v[3], 43) ^ v[0]
        v[2] = _rotated(v[2], 32)


def crossed(first: Array, second: Array) -> Array:
    """Return 64 bits of each pair of hashes, as TensorFlow's `FingerprintCat64`."""
    mul = 0xC6A4A7935BD1E995
    return cast(Array, _mixed(_mixed(((first ^ mul) ^ _mixed(second * mul) * mul) * mul) * mul))


def as_key(salt: Any) -> "list[int] | None":
    """Return a salt as a key of two numbers, None for None; a ValueError unless it is one integer or two."""
    key = [salt, salt] if isinstance(salt, int) else None if salt is None else list(salt)
    if key is not None and not (len(key) == 2 and all(isinstance(part, int) for part in key)):
        raise ValueError(f"`salt` can only be an integer or two of them. Received: salt={salt}.")
    return key


def bins_of(values: Iterable[Any], bins: int, key: "list[int] | None" = None) -> Array:
    """Return the bin of each value, from 0 to bins - 1, by its hash.

    Example:
        >>> bins_of(["A", 7], 5), bins_of(["A"], 5, [1, 2])
        (array([4, 3]), array([0]))
    """
    texts = [value if type(value) is bytes else str(value).encode() for value in values]
    return ((fingerprints(texts) if key is None else keyed(texts, key)) % bins).astype("int64")
