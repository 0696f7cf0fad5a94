"""The Philox generator as TensorFlow uses it, so that seeded numbers are TensorFlow's.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": ten rounds over a counter of four 32-bit
words with a key of two. Each counter value gives four words.
"""

import numpy as np

from ..._base.typing import Array

_M = (0xD2511F53, 0xCD9E8D57)
_W = (0x9E3779B9, 0xBB67AE85)
_LOW, _32, _64 = 0xFFFFFFFF, 32, 2**64 - 1
_BLOCK = 32_768  # counter values at a time, so that the words of all rounds stay in the cache
RESERVED = 256
"""The number of 32-bit words that TensorFlow reserves for each number of a draw, which it may have to draw again."""


def words(key: int, low: int, high: int, count: int, step: int = 1) -> Array:
    """Return `count` groups of four 32-bit words: those of the counters (low, high) + i * step."""
    groups = np.empty((count, 4), "uint32")
    for start in range(0, count, _BLOCK):
        first = (high << 64) + (low & _64) + start * step
        least = first & _64  # a single counter stays a number of Python: that takes a sixth of the time
        counters = least if count == 1 else np.arange(min(_BLOCK, count - start), dtype="uint64") * step + least
        upper = counters * 0 + (first >> 64 & _64) + (counters < least)
        c = [counters & _LOW, counters >> _32, upper & _LOW, upper >> _32]
        k = [key & _LOW, key >> _32 & _LOW]
        for _ in range(10):
            a, b = c[0] * _M[0], c[2] * _M[1]
            c = [(b >> _32) ^ c[1] ^ k[0], b & _LOW, (a >> _32) ^ c[3] ^ k[1], a & _LOW]
            k = [(n + w) & _LOW for n, w in zip(k, _W, strict=True)]
        for i, word in enumerate(c):
            groups[start : start + _BLOCK, i] = word
    return groups


def scrambled(seed: Array) -> tuple[int, int, int]:
    """Return key and counter (low, high) for the two numbers that seed a stateless draw."""
    first, second = (int(n) & _64 for n in seed)
    mixed = words(0x02461E293EC8F720, first, second, 1)[0].astype(object)
    return int(mixed[0] | mixed[1] << 32), 0, int(mixed[2] | mixed[3] << 32)


def _unit(bits: Array, dtype: str) -> Array:
    """Return words as floats in [0, 1): the bits become the mantissa of a number in [1, 2), minus 1."""
    if dtype == "float64":
        pairs = bits.reshape(-1, 2).astype("uint64")
        mantissa = (pairs[:, 0] & np.uint64(0xFFFFF)) << _32 | pairs[:, 1]
        return (mantissa | np.uint64(1023 << 52)).view("float64") - 1.0
    if dtype == "float16":
        return ((bits.astype("uint16") & np.uint16(0x3FF)) | np.uint16(15 << 10)).view("float16") - np.float16(1)
    return ((bits & np.uint32(0x7FFFFF)) | np.uint32(127 << 23)).view("float32") - np.float32(1)


def uniform(state: tuple[int, int, int], size: int, dtype: str) -> Array:
    """Draw numbers in [0, 1); `state` is key and counter (low, high)."""
    return _unit(words(*state, -(-size // (2 if dtype == "float64" else 4))).ravel(), dtype).ravel()[:size]


def integers(state: tuple[int, int, int], size: int, low: int, high: int, dtype: str) -> Array:
    """Draw integers in [low, high), or in the full range of the dtype if both are 0."""
    per_group = 2 if dtype.endswith("64") else 4
    numbers = words(*state, -(-size // per_group)).ravel()
    if per_group == 2:
        pairs = numbers.reshape(-1, 2).astype("uint64")
        numbers = pairs[:, 0] | pairs[:, 1] << _32
    numbers = numbers[:size]
    if low == high == 0:
        return numbers.astype(dtype)
    return (low + (numbers % numbers.dtype.type(high - low)).astype("int64")).astype(dtype)


def _box_muller(u: Array) -> Array:
    """Return pairs of normal numbers for pairs of uniform ones; each step is rounded to their dtype, as in C."""
    exact = u.astype("float64")
    angle = (2 * np.pi * exact[:, 1]).astype(u.dtype).astype("float64")
    length = np.sqrt(u.dtype.type(-2) * np.log(np.maximum(exact[:, 0], 1e-7)).astype(u.dtype))
    return np.stack([np.sin(angle).astype(u.dtype) * length, np.cos(angle).astype(u.dtype) * length], axis=1)


def normal(state: tuple[int, int, int], size: int, dtype: str) -> Array:
    """Draw from the standard normal distribution."""
    kind = "float64" if dtype == "float64" else "float32"
    return _box_muller(uniform(state, size + size % 2, kind).reshape(-1, 2)).ravel()[:size].astype(dtype)


def truncated_normal(state: tuple[int, int, int], size: int, dtype: str) -> Array:
    """Draw from the standard normal distribution; numbers outside of (-2, 2) are drawn again."""
    kind, key, low, high = "float64" if dtype == "float64" else "float32", *state
    per_group = 2 if kind == "float64" else 4
    groups, apart = -(-size // per_group), RESERVED * per_group // 4
    rows, count, start = np.empty((groups, per_group + 8), kind), np.zeros(groups, int), 0  # with room for a surplus
    while (todo := np.flatnonzero(count < per_group)).size:  # groups that still lack numbers
        bits = np.concatenate([words(key, low + start + i, high, groups, apart)[todo] for i in range(2)], axis=1)
        pairs = _box_muller(_unit(bits.ravel(), kind).reshape(-1, 2)).reshape(len(todo), -1)
        kept = np.abs(pairs) < 2
        places = count[todo, None] + np.cumsum(kept, axis=1) - 1
        rows[todo[np.nonzero(kept)[0]], places[kept]] = pairs[kept]
        count[todo] += np.count_nonzero(kept, axis=1)
        start += 2
    return rows[:, :per_group].ravel()[:size].astype(dtype)


def permutation(state: tuple[int, int, int], size: int) -> list[int]:
    """Draw a permutation of `size` numbers."""
    order, numbers = list(range(size)), words(*state, -(-max(size, 1) // 4)).ravel().tolist()
    for i in range(size - 1):
        other = i + numbers[i] % (size - i)
        order[i], order[other] = order[other], order[i]
    return order
