"""Hashes of texts: TensorFlow's, so that numbers of values are those of Keras."""

from functools import partial
from typing import Any

ALL = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotated(x: int, by: int) -> int:
    """Return the bits of a number, those that fall out to the right put back left."""
    x &= ALL
    return (x >> by | x << (64 - by)) & ALL


def _mixed(x: int) -> int:
    x &= ALL
    return x ^ (x >> 47)


def _pair(u: int, v: int, mul: int) -> int:
    a = _mixed((u ^ v) * mul)
    return _mixed((v ^ a) * mul) * mul & ALL


def _word(text: bytes, i: int, size: int = 8) -> int:
    return int.from_bytes(text[i : i + size], "little")


def fingerprint(text: bytes) -> int:
    """Return FarmHash's 64 bits of a text (Google's `farmhash.cc`, `farmhashna::Hash64`).

    Example:
        >>> fingerprint(b"hello")
        13009744463427800296
    """
    n, word = len(text), partial(_word, text)
    mul = _K2 + 2 * n
    if n < 4:
        if not n:
            return _K2
        y, z = text[0] + (text[n >> 1] << 8), n + (text[-1] << 2)
        return _mixed(y * _K2 ^ z * _K0) * _K2 & ALL
    if n < 8:
        return _pair(n + (word(0, 4) << 3), word(n - 4, 4), mul)
    if n <= 16:
        a, b = word(0) + _K2, word(n - 8)
        return _pair(_rotated(b, 37) * mul + a & ALL, (_rotated(a, 25) + b) * mul & ALL, mul)
    if n <= 64:
        a, b, c, d = word(0) * (_K1 if n <= 32 else _K2), word(8), word(n - 8) * mul, word(n - 16) * _K2
        y = _rotated(a + b, 43) + _rotated(c, 30) + d & ALL
        z = _pair(y, a + _rotated(b + _K2, 18) + c & ALL, mul)
        if n <= 32:
            return z
        e, f, g, h = word(16) * mul, word(24), (y + word(n - 32)) * mul, (z + word(n - 24)) * mul
        return _pair(_rotated(e + f, 43) + _rotated(g, 30) + h & ALL, e + _rotated(f + a, 18) + g & ALL, mul)
    return _of_long(text)


def _of_long(text: bytes) -> int:
    """Return the fingerprint of a text of more than 64 bytes."""
    n, word = len(text), partial(_word, text)

    def weak(i: int, a: int, b: int) -> tuple[int, int]:
        first, last = word(i), word(i + 24)
        a += first
        b, c = _rotated(b + a + last, 21), a
        a += word(i + 8) + word(i + 16)
        return a + last & ALL, b + _rotated(a, 44) + c & ALL

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
        z, x = x & ALL, z & ALL
    return _pair(_pair(v[0], w[0], mul) + _mixed(y) * _K0 + z & ALL, _pair(v[1], w[1], mul) + x & ALL, mul)


def keyed(text: bytes, key: "list[int]") -> int:
    """Return SipHash-2-4's 64 bits of a text, by a key of two numbers (Aumasson and Bernstein 2012).

    Example:
        >>> keyed(b"a", [1, 2])
        5158252350249958646
    """
    a, b = (k & ALL for k in key)
    v = [a ^ 0x736F6D6570736575, b ^ 0x646F72616E646F6D, a ^ 0x6C7967656E657261, b ^ 0x7465646279746573]

    def rounds(times: int) -> None:
        for _ in range(times):
            v[0] = v[0] + v[1] & ALL
            v[2] = v[2] + v[3] & ALL
            v[1], v[3] = _rotated(v[1], 51) ^ v[0], _rotated(v[3], 48) ^ v[2]
            v[0] = _rotated(v[0], 32)
            v[2] = v[2] + v[1] & ALL
            v[0] = v[0] + v[3] & ALL
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
    both = ((first ^ mul) ^ _mixed(second * mul) * mul) * mul
    return _mixed(_mixed(both) * mul)


def as_key(salt: Any) -> "list[int] | None":
    """Return the two numbers of a key, None of None; anything but one integer or two raises a ValueError."""
    key = [salt, salt] if isinstance(salt, int) else None if salt is None else list(salt)
    if key is not None and not (len(key) == 2 and all(isinstance(part, int) for part in key)):
        raise ValueError(f"`salt` can only be an integer or two of them. Received: salt={salt}.")
    return key


def bin_of(value: object, bins: int, key: "list[int] | None" = None) -> int:
    """Return the number of a value's bin, 0 or more and below `bins`.

    Example:
        >>> bin_of("A", 3), bin_of(7, 5), bin_of("A", 5, [1, 2])
        (1, 3, 0)
    """
    text = str(value).encode()
    return (fingerprint(text) if key is None else keyed(text, key)) % bins
