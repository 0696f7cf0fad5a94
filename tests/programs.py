"""Random programs of operators, NumPy functions and ops, as people write them in layers of their own.

`UNARY`, `BINARY` and `TERNARY` are all that they are made of: to add a function is to add a line.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minikeras import ops

Step = tuple[Callable[..., Any], tuple[int, ...]]
"""A function, and the places of its arguments among all values so far."""

ROWS = 11
"""Rows in the run that finds out what fits; no other axis has as many elements, so that no axis is taken for it."""

# Each function treats the rows of its arguments, which have at least one more axis, each by itself.
UNARY: list[Callable[[Any], Any]] = [
    lambda x: -x,
    lambda x: +x,
    lambda x: abs(x),
    lambda x: 1 - x,
    lambda x: x + 0.5,
    lambda x: 3 * x,
    lambda x: x / 3,
    lambda x: 2 / (1 + x * x),
    lambda x: x**2,
    lambda x: x**3,
    lambda x: (1 + x * x) ** 0.5,
    lambda x: (1 + x * x) ** -1.5,
    lambda x: 2**x,
    lambda x: 2.0**x,
    lambda x: 0.3**x,
    lambda x: np.float32(1.7) ** x,
    lambda x: np.float64(1.3) * x,
    lambda x: x * np.pi,
    lambda x: x * np.linspace(0.5, 1.5, np.shape(x)[-1]),
    lambda x: x + np.arange(np.shape(x)[-1]),
    lambda x: x % 3.7,
    lambda x: 3.7 % (1 + abs(x)),
    lambda x: x * (x > 0.1),
    lambda x: x * (0 < x),  # noqa: SIM300 - the number is the first operand
    lambda x: x // 1.3 + x,
    lambda x: np.tanh(x),
    lambda x: np.exp(np.minimum(x, 3)),
    lambda x: np.exp(-x * x),
    lambda x: np.exp2(np.tanh(x)),
    lambda x: np.expm1(np.sin(x)),
    lambda x: np.log(1 + x * x),
    lambda x: np.log1p(abs(x)),
    lambda x: np.log2(1.5 + np.cos(x)),
    lambda x: np.log10(1.5 + np.cos(x)),
    lambda x: np.sqrt(1 + x * x),
    lambda x: np.cbrt(1 + x * x),
    lambda x: np.square(x),
    lambda x: np.reciprocal(2 + np.sin(x)),
    lambda x: np.absolute(x),
    lambda x: np.fabs(x),
    lambda x: np.negative(x),
    lambda x: np.positive(x),
    lambda x: np.sin(x),
    lambda x: np.cos(x),
    lambda x: np.tan(np.tanh(x)),
    lambda x: np.arcsin(np.tanh(x) * 0.9),
    lambda x: np.arccos(np.tanh(x) * 0.9),
    lambda x: np.arctan(x),
    lambda x: np.sinh(np.tanh(x)),
    lambda x: np.cosh(np.tanh(x)),
    lambda x: np.arcsinh(x),
    lambda x: np.arccosh(2 + x * x),
    lambda x: np.arctanh(np.tanh(x) * 0.9),
    lambda x: np.sinc(x),
    lambda x: np.deg2rad(x),
    lambda x: np.rad2deg(x) / 50,
    lambda x: np.maximum(x, 0),
    lambda x: np.minimum(0.5, x),
    lambda x: np.fmax(x, -0.25),
    lambda x: np.fmin(x, 0.25),
    lambda x: np.clip(x, -1, 1),
    lambda x: np.clip(x, a_min=-0.5, a_max=0.7),
    lambda x: np.nan_to_num(x),
    lambda x: np.floor(x) + x,
    lambda x: np.sign(x) * x * x,
    lambda x: np.round(x, 1) + x,
    lambda x: np.logaddexp(x, 0.5),
    lambda x: np.arctan2(x, 2.0),
    lambda x: np.hypot(x, 1.5),
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda x: np.where(x > 0, 1.0, x),
    lambda x: np.where(np.isfinite(x), x, 0),
    lambda x: np.where(np.logical_and(x > -1, x < 1), x, x * x),
    lambda x: np.select([x < 0, x < 1], [x, 2 * x], 3.0),
    lambda x: x - np.sum(x, axis=-1, keepdims=True),
    lambda x: np.sum(x, -1, keepdims=True) * x,
    lambda x: np.sum(x, axis=1),
    lambda x: np.mean(x, axis=-1, keepdims=True) + x,
    lambda x: np.mean(x, 1),
    lambda x: np.max(x, axis=-1, keepdims=True) - x,
    lambda x: np.min(x, axis=1, keepdims=True) * x,
    lambda x: np.amax(x, axis=-1, keepdims=True),
    lambda x: np.prod(np.tanh(x), axis=-1, keepdims=True) + x,
    lambda x: np.var(x, axis=-1, keepdims=True) + x,
    lambda x: np.std(x, axis=-1, keepdims=True) + x,
    lambda x: np.ptp(x, axis=-1, keepdims=True),
    lambda x: np.average(x, axis=-1),
    lambda x: np.average(x, axis=-1, weights=np.arange(1.0, np.shape(x)[-1] + 1)),
    lambda x: np.nansum(x, axis=-1, keepdims=True),
    lambda x: np.nanmean(x, axis=-1, keepdims=True) - x,
    lambda x: np.cumsum(x, axis=-1),
    lambda x: np.cumsum(x, 1),
    lambda x: np.cumprod(1 + np.tanh(x) / 2, axis=-1),
    lambda x: np.diff(x, axis=-1),
    lambda x: np.diff(x, n=1, axis=1),
    lambda x: np.sort(x, axis=-1),
    lambda x: np.sort(x),
    lambda x: np.take_along_axis(x, np.argsort(x, axis=-1), axis=-1),
    lambda x: np.reshape(x, (len(x), -1)),
    lambda x: np.reshape(x, (-1, 2, np.shape(x)[-1] // 2 * x.size // (len(x) * np.shape(x)[-1]))),
    lambda x: x.reshape(len(x), -1, 2),
    lambda x: x.reshape((len(x), 2, -1)),
    lambda x: x.squeeze(1),
    lambda x: x.sum(axis=-1, keepdims=True),
    lambda x: x.mean(axis=1),
    lambda x: np.transpose(x, (0, 2, 1)),
    lambda x: np.transpose(x, axes=[0, 2, 1]),
    lambda x: np.swapaxes(x, 1, 2),
    lambda x: np.swapaxes(x, axis1=-1, axis2=1),
    lambda x: np.moveaxis(x, -1, 1),
    lambda x: np.moveaxis(x, source=1, destination=2),
    lambda x: np.expand_dims(x, 1),
    lambda x: np.expand_dims(x, axis=-1),
    lambda x: np.squeeze(x, axis=1),
    lambda x: np.squeeze(x, -1),
    lambda x: np.flip(x, -1),
    lambda x: np.flip(x, axis=1),
    lambda x: np.fliplr(x),
    lambda x: np.roll(x, 1, axis=1),
    lambda x: np.roll(x, shift=-1, axis=-1),
    lambda x: np.repeat(x, 2, axis=1),
    lambda x: np.repeat(x, repeats=2, axis=-1),
    lambda x: np.tile(x, (1, 2)) if np.ndim(x) == 2 else np.tile(x, (1, 1, 2)),
    lambda x: np.pad(x, [(0, 0)] * (np.ndim(x) - 1) + [(1, 1)]),
    lambda x: np.pad(x, [(0, 0)] * (np.ndim(x) - 1) + [(0, 1)], mode="constant", constant_values=0.5),
    lambda x: np.take(x, [0, 0, 1], axis=1),
    lambda x: np.take(x, indices=np.array([1, 0]), axis=-1),
    lambda x: np.split(x, 2, axis=-1)[1],
    lambda x: np.split(x, [1], axis=1)[0],
    lambda x: np.array_split(x, 2, axis=-1)[0],
    lambda x: np.hsplit(x, 2)[0],
    lambda x: np.concatenate([x, x * x], axis=-1),
    lambda x: np.concatenate((x, np.ones_like(x)), 1),
    lambda x: np.stack([x, 2 * x], axis=1),
    lambda x: np.stack((x, -x), -1),
    lambda x: np.hstack([x, x + 1]),
    lambda x: np.append(x, x, axis=-1),
    lambda x: np.tril(x) + x if np.ndim(x) > 2 else x,
    lambda x: np.triu(x, k=1) + x if np.ndim(x) > 2 else x,
    lambda x: np.diagonal(x, axis1=1, axis2=2),
    lambda x: np.trace(x, axis1=-2, axis2=-1)[:, None],
    lambda x: np.einsum("bi,bj->bij", x, x),
    lambda x: np.einsum("bij->bji", x),
    lambda x: np.einsum("...i->...", x)[:, None],
    lambda x: np.matmul(x, np.swapaxes(x, -1, -2)) / 4 if np.ndim(x) > 2 else x,
    lambda x: np.tensordot(x, np.ones((np.shape(x)[-1], 2)), axes=1),
    lambda x: np.dot(x, np.eye(np.shape(x)[-1])[:, ::-1]),
    lambda x: np.inner(x, np.ones((2, np.shape(x)[-1]))),
    lambda x: np.broadcast_to(x[:, None], (len(x), 2, *np.shape(x)[1:])),
    lambda x: np.zeros_like(x) + x,
    lambda x: np.full_like(x, 0.5) * x,
    lambda x: np.copy(x),
    lambda x: np.trapezoid(x, axis=-1)[:, None],
    lambda x: np.linalg.norm(x, axis=-1, keepdims=True) * x,
    lambda x: x[:, 1:],
    lambda x: x[..., ::-1],
    lambda x: x[:, [0, 1, 1]],
    lambda x: x[:, 0],
    lambda x: x[:, None],
    lambda x: x[..., -1:],
    lambda x: x[..., np.array([True] + [False] * (np.shape(x)[-1] - 1))],
    lambda x: ops.sigmoid(x),
    lambda x: ops.relu(x),
    lambda x: ops.gelu(x),
    lambda x: ops.silu(x),
    lambda x: ops.softplus(x),
    lambda x: ops.elu(x, alpha=0.5),
    lambda x: ops.leaky_relu(x),
    lambda x: ops.softmax(x),
    lambda x: ops.softmax(x, axis=1),
    lambda x: ops.log_softmax(x, axis=-1),
    lambda x: ops.logsumexp(x, axis=-1, keepdims=True) + x,
    lambda x: ops.erf(x),
    lambda x: ops.rsqrt(1 + x * x),
    lambda x: ops.normalize(x, axis=-1) + x,
    lambda x: ops.reshape(x, newshape=(-1, np.size(x[0]))),
    lambda x: ops.cast(x, x.dtype),
    lambda x: ops.one_hot(ops.argmax(x, axis=-1), np.shape(x)[-1]) * x,
    lambda x: ops.top_k(x, 2)[0],
    lambda x: ops.unstack(x, axis=1)[0],
    lambda x: ops.where(x > 0, x, ops.sin(x)),
    lambda x: ops.cond(True, lambda: x * 2, lambda: x),
    lambda x: ops.add([1.0] * np.shape(x)[-1], x),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / (1 + y * y),
    lambda x, y: (1 + x * x) ** y,
    lambda x, y: (1.5 + np.tanh(x)) ** (2 * y),
    lambda x, y: x % (1 + abs(y)),
    lambda x, y: x * (x < y),
    lambda x, y: np.add(x, y),
    lambda x, y: np.subtract(x, y),
    lambda x, y: np.multiply(x, y),
    lambda x, y: np.divide(x, 2 + np.sin(y)),
    lambda x, y: np.true_divide(x, np.exp(np.tanh(y))),
    lambda x, y: np.power(2 + np.sin(x), np.tanh(y)),
    lambda x, y: np.maximum(x, y),
    lambda x, y: np.minimum(x, y),
    lambda x, y: np.fmax(x, y),
    lambda x, y: np.fmin(x, y),
    lambda x, y: np.arctan2(x, 2 + np.cos(y)),
    lambda x, y: np.hypot(x, 1 + abs(y)),
    lambda x, y: np.logaddexp(x, y),
    lambda x, y: np.logaddexp2(np.tanh(x), y),
    lambda x, y: np.fmod(x, 2 + abs(y)),
    lambda x, y: np.where(x > y, x, y * y),
    lambda x, y: np.where(x > 0, x, y),
    lambda x, y: np.concatenate([x, y], axis=-1),
    lambda x, y: np.concatenate((x, y), axis=1),
    lambda x, y: np.stack([x, y], axis=1),
    lambda x, y: np.hstack((x, y)),
    lambda x, y: np.append(x, values=y, axis=1),
    lambda x, y: x @ y,
    lambda x, y: np.matmul(x, y),
    lambda x, y: np.dot(x, y) if np.ndim(y) < 3 else x * y,
    lambda x, y: np.tensordot(x, y, axes=((np.ndim(x) - 1,), (0,))) if np.ndim(y) < 3 else x + y,
    lambda x, y: np.tensordot(x, y, 1) if np.ndim(y) < 3 else x - y,
    lambda x, y: np.einsum("bi,ij->bj", x, y),
    lambda x, y: np.einsum("bi,bi->b", x, y)[:, None],
    lambda x, y: np.einsum("bij,bij->bi", x, y),
    lambda x, y: np.einsum("...i,i->...", x, y)[:, None],
    lambda x, y: np.inner(x, y) if np.ndim(y) < 2 else x * y,
    lambda x, y: np.sum(x * y, axis=-1, keepdims=True),
    lambda x, y: x - np.mean(y, axis=-1, keepdims=True),
    lambda x, y: ops.matmul(x, y),
    lambda x, y: ops.dot(x, y) if np.ndim(y) < 3 else x * y,
    lambda x, y: ops.add(x, y),
    lambda x, y: ops.multiply(x1=x, x2=y),
    lambda x, y: ops.sigmoid(x) * y,
    lambda x, y: ops.softmax(x * y, axis=-1),
    lambda x, y: ops.divide_no_nan(x, 1 + y * y),
    lambda x, y: ops.square(x - y),
]
TERNARY: list[Callable[[Any, Any, Any], Any]] = [
    lambda x, y, z: np.where(x > 0, y, z) + x,
    lambda x, y, z: x * y + z,
    lambda x, y, z: np.clip(x, -abs(y) - 0.5, abs(z) + 0.5),
    lambda x, y, z: np.concatenate([x, y, z], axis=-1),
    lambda x, y, z: np.einsum("bi,ij,bj->b", x, y, z)[:, None],
    lambda x, y, z: np.select([x < y, x > z], [y, z], x),
    lambda x, y, z: ops.select([x < y, x > z], [y, z], x),
]
# These do not.
MIXING: list[Callable[[Any], Any]] = [
    lambda x: x - np.mean(x, axis=0),
    lambda x: x / (1 + np.sum(x * x)),
    lambda x: x - x.mean(),
    lambda x: np.sum(x, axis=0, keepdims=True) - x,
    lambda x: x * np.max(x),
    lambda x: x - np.min(x, axis=0),
    lambda x: np.std(x, axis=0) + x,
    lambda x: np.var(x) * x,
    lambda x: np.mean(x, axis=(0, 1)) * x,
    lambda x: np.cumsum(x, axis=0) / len(x),
    lambda x: np.flip(x, 0),
    lambda x: np.flip(x),
    lambda x: np.flipud(x),
    lambda x: np.roll(x, 1),
    lambda x: np.sort(x, axis=0),
    lambda x: x[::-1],
    lambda x: x - x[:1],
    lambda x: np.linalg.norm(x) + x,
    lambda x: x @ np.tanh(np.matmul(np.transpose(x), x)) if np.ndim(x) == 2 else x,
    lambda x: np.dot(x, np.tanh(np.dot(x.T, x))) if np.ndim(x) == 2 else x,
    lambda x: np.tensordot(np.tanh(x), np.ones_like(x), axes=((1,), (1,))) @ x / len(x) if np.ndim(x) == 2 else x,
    lambda x: np.einsum("ij,kj->k", x, np.tanh(x))[:, None] / len(x),
    lambda x: np.concatenate([x[1:], x[:1]]),
    lambda x: np.vstack([x[:1], x[1:]]),
    lambda x: np.reshape(np.ravel(x), np.shape(x)),
    lambda x: np.stack([row * (1 + i) for i, row in enumerate(x[:2])])[:1] + x,
    lambda x: ops.softmax(x, axis=0),
    lambda x: ops.logsumexp(x) + x,
    lambda x: ops.mean(x, axis=0, keepdims=True) * x,
]


def shapes(width: int) -> list[tuple[int, ...]]:
    """Return the shapes of the weights of a program, for rows of so many numbers."""
    return [(width, width), (width,), ()]


def program(seed: int, width: int = 4, length: int = 8, mixing: bool = False) -> list[Step]:
    """Return the steps of a program, which take rows (n, width) and three weights to rows of some shape.

    `mixing` says whether there may be steps that do not treat each row by itself.
    """
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=(ROWS, width)), *(rng.normal(size=shape) for shape in shapes(width))]
    steps: list[Step] = []
    while len(steps) < length:
        count = int(rng.choice([1, 1, 2, 2, 2, 3]))
        table: Sequence[Callable[..., Any]] = (UNARY, BINARY, TERNARY)[count - 1]
        table = MIXING if mixing and count == 1 and rng.random() < 0.4 else table
        function = table[int(rng.integers(len(table)))]
        last = len(values) - 1
        first = last if last > len(shapes(width)) and rng.random() < 0.7 else int(rng.integers(0, len(values)))
        places = (first, *(int(k) for k in rng.integers(0, len(values), count - 1)))
        arguments = [values[place] for place in places]
        if not _is_rows(arguments[0]) or not all(_fits(x, arguments[0]) for x in arguments):
            continue
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(function(*arguments), "float64")
        except (ValueError, IndexError, TypeError):  # of these shapes
            continue
        if not _is_rows(found) or found.size > 5000 or found.ndim > 4:
            continue
        if not np.isfinite(found).all() or np.abs(found).max() > 50 or not found.any():
            continue
        values.append(found)
        steps.append((function, places))
    return steps


def _is_rows(x: Any) -> bool:
    return x.ndim > 1 and len(x) == ROWS and ROWS not in x.shape[1:] and x.size > 0


def _fits(x: Any, first: Any) -> bool:
    """Return whether x has rows in the same place as the first argument, or none."""
    return bool(x.ndim == first.ndim if len(np.shape(x)) and len(x) == ROWS else x.ndim < first.ndim)


def run(steps: Sequence[Step], rows: Any, weights: Sequence[Any]) -> Any:
    """Return what a program makes of rows and weights."""
    values = [rows, *weights]
    for function, places in steps:
        values.append(function(*(values[place] for place in places)))
    return values[-1]
