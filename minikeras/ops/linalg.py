"""Linear algebra: products, norms, decompositions, equations, distances."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, reduce
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy import matrix_transpose
from numpy.lib.array_utils import normalize_axis_tuple

from .._base.checks import one_of
from .._base.context import context
from .._base.pool import product
from .._base.settings import wide
from .._base.typing import Array, Axis, TensorLike
from .._core.op import VJP, P, composite, primitive, structured
from .._core.tape import GradientTape
from .._core.tensor import Tensor, TensorOps, as_values
from .arrays import as_float, axes, bare, conjugated, promote, restore
from .creation import convert_to_tensor, floating, ndim, ones_like, shape
from .elementwise import Unary, absolute, add, log10, multiply, not_equal, power, real, square, subtract, unary
from .reduction import max, mean, min, sum
from .shapes import diagonal, expand_dims, moveaxis, ravel, reshape, squeeze, stack, swapaxes, tril, triu


def _matmul_left(g: Any, y: Any, x1: Any, x2: Any) -> Any:
    if np.ndim(x2) == 1:
        return (g[..., None] if np.ndim(x1) > 1 else g) * x2
    return product(x2, g[..., None])[..., 0] if np.ndim(x1) == 1 else product(g, np.swapaxes(x2, -1, -2))


def _matmul_right(g: Any, y: Any, x1: Any, x2: Any) -> Any:
    if np.ndim(x2) == 1:
        return (g[..., None] if np.ndim(x1) > 1 else g) * x1
    if np.ndim(x1) == 1:
        return x1[:, None] * g[..., None, :]
    if np.ndim(x2) == 2:  # one product instead of one for each matrix of x1, added up
        rows = -1 if np.size(x1) and np.size(g) else math.prod(np.shape(x1)[:-1])
        return product(np.reshape(x1, (rows, x1.shape[-1])).T, np.reshape(g, (rows, g.shape[-1])))
    return product(np.swapaxes(x1, -1, -2), g)


@primitive(_matmul_left, _matmul_right, ufunc=np.dot)
def matmul(x1: TensorLike, x2: TensorLike, out: Array | None = None) -> Array:
    """Matrix product (..., m, k) @ (..., k, n) -> (..., m, n); a vector stands for one row or column."""
    a, b = promote(x1, x2)
    try:
        return product(a, b, out) if np.ndim(a) and np.ndim(b) else np.matmul(a, b)  # refuses scalars
    except ValueError:
        raise ValueError(f"matmul cannot multiply shapes {np.shape(a)} and {np.shape(b)}: the last axis of the first "
                         "must be as long as the last but one (or only) of the second.") from None  # fmt: skip


@composite
def dot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Sum of products over the last axis of x1 and the last but one (or only one) of x2; with a scalar, the product."""
    if not ndim(x1) or not ndim(x2):
        return multiply(x1, x2)
    return matmul(x1, x2) if ndim(x2) <= 2 else tensordot(x1, x2, ([-1], [-2]))


@composite
def inner(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Sum of products over the last axes of both."""
    return tensordot(x1, x2, ([-1], [-1])) if ndim(x1) and ndim(x2) else multiply(x1, x2)


@composite
def outer(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Products of every element of x1 with every one of x2: a matrix of shape (size of x1, size of x2)."""
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


@composite
def vdot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Dot product of both flattened."""
    return matmul(conjugated(ravel(x1)), ravel(x2))


@composite
def tensordot(x1: TensorLike, x2: TensorLike, axes: int | Sequence[Any] = 2) -> Tensor:
    """Sum of products over `axes`: the number of last axes of x1 and first of x2, or a pair of lists of axes."""
    shape1, shape2 = shape(x1), shape(x2)
    pair = (range(-axes, 0), range(axes)) if isinstance(axes, int | np.integer) else axes
    over1, over2 = ([int(i) % len(s) for i in np.atleast_1d(p)] for p, s in zip(pair, (shape1, shape2), strict=True))
    keep1, keep2 = ([i for i in range(len(s)) if i not in over] for s, over in ((shape1, over1), (shape2, over2)))
    if [shape1[i] for i in over1] != [shape2[i] for i in over2]:
        raise ValueError(f"tensordot cannot pair axes {over1} of shape {shape1} with {over2} of {shape2}.")
    left, right = _matrices(x1, keep1 + over1, 0, len(over1)), _matrices(x2, over2 + keep2, 0, len(keep2))
    return reshape(matmul(left, right), [shape1[i] for i in keep1] + [shape2[i] for i in keep2])


@composite
def cross(x1: TensorLike, x2: TensorLike, axisa: int = -1, axisb: int = -1, axisc: int = -1,
          axis: int | None = None) -> Tensor:  # fmt: skip
    """Vector product of vectors with three components (or two, whose third is 0) in one axis."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    sizes = {a.shape[-1], b.shape[-1]}
    if not sizes <= {2, 3}:
        raise ValueError(f"cross needs vectors of 2 or 3 components. Received shapes: {a.shape}, {b.shape}.")
    if sizes == {2}:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = (stack([v[..., 0], v[..., 1], 0 * v[..., 0]], -1) if v.shape[-1] == 2 else v for v in (a, b))
    after, before = [1, 2, 0], [2, 0, 1]
    return moveaxis(a[..., after] * b[..., before] - a[..., before] * b[..., after], -1, axisc)


def _einsum_rule(index: int, g: Any, y: Any, *operands: Any, subscripts: str) -> Any:
    """Swap the operand with the result: its gradient is the sum of products of g and the other operands."""
    *terms, output = subscripts.replace("->", ",").split(",")
    turned = f"{','.join([output, *terms[:index], *terms[index + 1 :]])}->{terms[index]}"
    return bare(_einsum)(g, *operands[:index], *operands[index + 1 :], subscripts=turned)


@cache
def _orders(subscripts: str) -> tuple[bool, list[list[int]], int, int] | None:
    """Return how an einsum is a product (*batch, *rows, *summed) @ (*batch, *summed, *columns), else None: whether to
    swap the operands, the orders of the axes of both and of the result, and the numbers of batch and of summed axes.
    """
    terms, output = subscripts.split("->")
    a, b = terms.split(",") if terms.count(",") == 1 else ("", "")
    batch, summed = ([x for x in a if x in b and (x in output) == kept] for kept in (True, False))
    outer = [[x for x in term if x not in batch and x not in summed] for term in (a, b)]
    repeated = any(len({*term}) < len(term) for term in (a, b))
    if not summed or repeated or sorted([*batch, *outer[0], *outer[1]]) != sorted(output):
        return None
    swap = all(outer) and output.index(outer[0][0]) > output.index(outer[1][0])
    if swap:
        a, b, outer = b, a, outer[::-1]
    rows, columns = outer
    left, right, result = [*batch, *rows, *summed], [*batch, *summed, *columns], [*batch, *rows, *columns]
    return swap, [[*map(a.index, left)], [*map(b.index, right)], [*map(result.index, output)]], len(batch), len(summed)


def _as_product(*operands: Any, subscripts: str) -> Any:
    """Return an einsum of two operands as one (batched) product of matrices; None if it is no such product."""
    orders = _orders(subscripts) if len(operands) == 2 else None
    if orders is None:
        return None
    swap, (first, second, last), batch, summed = orders
    a, b = operands[:: -1 if swap else 1]
    left, right = [a.shape[i] for i in first], [b.shape[i] for i in second]
    edge = len(left) - summed
    if left[:batch] + left[edge:] != right[: batch + summed]:  # an axis of size 1 is broadcast
        return None
    y = product(_matrices(a, first, batch, summed), _matrices(b, second, batch, len(right) - batch - summed))
    return np.transpose(np.reshape(y, (*left[:edge], *right[batch + summed :])), last)


def _matrices(x: Any, order: list[int], batch: int, columns: int) -> Any:
    """Return x, its axes in `order`, as matrices (*batch, rows, columns); if x has its columns first, as a view."""
    edge, sizes = len(order) - columns, [shape(x)[i] for i in order]
    matrix = [*sizes[:batch], math.prod(sizes[batch:edge]), math.prod(sizes[edge:])]
    columns_first = [*order[:batch], *order[edge:], *order[batch:edge]]
    if columns_first != sorted(columns_first) or batch == edge:
        return np.reshape(np.transpose(x, order), matrix)
    return np.swapaxes(np.reshape(x, [*matrix[:batch], *matrix[:-3:-1]]), -1, -2)


@primitive(_einsum_rule, variadic=True, decomposition=_as_product)
def _einsum(*operands: TensorLike, subscripts: str) -> Array:
    arrays = promote(*operands)
    kept = np.dtype("int32") if arrays[0].dtype == "int8" else arrays[0].dtype  # sums of int8 would wrap
    y = _as_product(*arrays, subscripts=subscripts)
    if y is None:
        y = np.einsum(subscripts, *arrays, dtype=wide(kept) or kept, optimize=len(operands) > 1)
    return y.astype(kept, copy=False)


@composite
def einsum(subscripts: str, *operands: TensorLike, **kwargs: Any) -> Tensor:
    """Sum of products, written as "ij,jk->ik": axes whose letters are absent after "->" are summed over.

    Example:
        >>> einsum("ij->i", [[1, 2], [3, 4]]).numpy()
        array([3, 7], dtype=int32)
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"`subscripts` must be a string, such as 'ij,jk->ik'. Received: {subscripts!r}")
    tensors: list[Any] = [x if isinstance(x, TensorOps) else convert_to_tensor(x) for x in operands]
    terms, output = _labels(subscripts.replace(" ", ""), tensors)
    seen = Counter(chain(*map(set, terms)))
    for i, (term, x) in enumerate(zip(terms, tensors, strict=True)):
        while len(set(term)) < len(term):  # "ii" takes the diagonal
            second = next(k for k, label in enumerate(term) if term.index(label) < k)
            first = term.index(term[second])
            x = diagonal(x, 0, first, second)
            term = [label for k, label in enumerate(term) if k not in (first, second)] + [term[first]]
        alone = [k for k, label in enumerate(term) if seen[label] == 1 and label not in output]
        if alone:
            x = sum(x, alone).astype("int32" if x.dtype == "int8" else x.dtype)  # sums of int8 would wrap
        tensors[i] = x
        terms[i] = [label for k, label in enumerate(term) if k not in alone]
    return _einsum(*tensors, subscripts=f"{','.join(map(''.join, terms))}->{''.join(output)}")


def _labels(subscripts: str, tensors: Sequence[TensorOps]) -> tuple[list[list[str]], list[str]]:
    """Return the letters of each operand and of the output, with letters in place of an ellipsis."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(tensors):
        raise ValueError(f"einsum {subscripts!r} needs {len(terms)} tensors. Received: {len(tensors)}.")
    free = [c for c in map(chr, (*range(97, 123), *range(65, 91))) if c not in subscripts]  # a to z, then A to Z
    missing = [x.ndim - len(term.replace("...", "")) for term, x in zip(terms, tensors, strict=True)]
    longest = int(np.max([n for n, term in zip(missing, terms, strict=True) if "..." in term], initial=0))
    for n, term, x in zip(missing, terms, tensors, strict=True):
        if n < 0 or (n and "..." not in term):
            raise ValueError(f"einsum {subscripts!r}: {term!r} does not fit the axes of a tensor of shape {x.shape}.")
    extra = "".join(free[:longest])
    filled = [list(t.replace("...", extra[longest - n :])) for t, n in zip(terms, missing, strict=True)]
    if arrow:
        return filled, list(output.replace("...", extra))
    return filled, [*extra, *sorted(c for c, n in Counter(inputs).items() if c.isalpha() and n == 1)]


@primitive(lambda g, y, x, axis=None, keepdims=False: (
    restore(g / np.where(y == 0, np.inf, y), axis, keepdims) * conjugated(x)))  # fmt: skip
def _length(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Euclidean length along axes; its gradient at 0 is 0."""
    a = as_float(x)
    rows = a.reshape(-1) if axis is None and not keepdims else a
    y = np.linalg.norm(rows.astype(wide(a.dtype) or a.dtype, copy=False), axis=axes(axis), keepdims=keepdims)
    return np.asarray(y, a.real.dtype)


@composite
def norm(x: TensorLike, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Norm of vectors along one axis, or of matrices in two; of all elements by default.

    `ord` is None for the Euclidean (Frobenius) norm; a number, `inf` or `-inf` for vectors; "fro", "nuc", 1, -1, 2,
    -2, `inf` or `-inf` for matrices.

    Example:
        >>> print(norm([3.0, 4.0]))
        Tensor(5.0, shape=(), dtype=float32)
    """
    where = tuple(range(ndim(x))) if axis is None else normalize_axis_tuple(axis, ndim(x))
    if ord is None and (axis is None or len(where) <= 2):
        return _length(x, None if axis is None else where, keepdims)
    if len(where) not in (1, 2):
        raise ValueError(f"norm needs one axis for vectors or two for matrices. Received: axis={axis}, ord={ord}")
    if isinstance(ord, str) and (len(where) == 1 or ord not in ("fro", "nuc")):
        raise ValueError(f'`ord` may be "fro" or "nuc" for matrices, no text for vectors. Received: {ord=}, {axis=}')
    if ord == "fro" or (ord == 2 and len(where) == 1):
        return _length(x, where, keepdims)
    return (_vector_norm if len(where) == 1 else _matrix_norm)(floating(x), ord, where, keepdims)


def _vector_norm(x: Tensor, ord: Any, where: tuple[int, ...], keepdims: bool) -> Tensor:
    size = absolute(x)
    if ord in (np.inf, -np.inf):
        return (max if ord > 0 else min)(size, where, keepdims)
    if ord in (0, 1):
        return sum(size if ord else floating(not_equal(size, 0)), where, keepdims)
    return power(sum(power(size, ord), where, keepdims), 1 / ord)


def _matrix_norm(x: Tensor, ord: Any, where: tuple[int, ...], keepdims: bool) -> Tensor:
    extreme: Any = max if ord != "nuc" and ord > 0 else min
    if ord in (1, -1, np.inf, -np.inf):  # sums down the columns, or along the rows
        along, across = where if ord in (1, -1) else where[::-1]
        result = extreme(sum(absolute(x), along, True), across, True)
    elif ord in (2, -2, "nuc"):
        values = _singular_values(moveaxis(x, where, (-2, -1)))
        result = expand_dims(sum(values, -1) if ord == "nuc" else extreme(values, -1), sorted(where))
    else:
        raise ValueError(f'`ord` of matrices must be "fro", "nuc", 1, -1, 2, -2, inf or -inf. Received: ord={ord!r}')
    return result if keepdims else reshape(result, [n for i, n in enumerate(result.shape) if i not in where])


def _adjoint(x: Any) -> Any:
    return matrix_transpose(conjugated(x))


def _hermitian(vjp: VJP) -> Callable[[Callable[P, Any]], Callable[P, Tensor]]:
    """Declare a primitive whose rule takes and returns conjugate gradients, as textbooks write them."""
    return primitive(lambda g, *args, **kwargs: conjugated(vjp(conjugated(g), *args, **kwargs)))


def _regular(x: TensorLike) -> Array:
    """Return square matrices as floats; in a dry run, whose values are zeros, the identity, which has an inverse."""
    a = as_float(x)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"Expected square matrices, the last two axes of one size. Received shape: {a.shape}.")
    return a + np.eye(a.shape[-1], dtype=a.dtype) if context.dry else a


inv: Unary = unary(  # d(A^-1) = -A^-1 dA A^-1
    np.linalg.inv, lambda g, y, x: -matrix_transpose(y) @ g @ matrix_transpose(y),
    "Inverse of matrices; a singular one raises numpy.linalg.LinAlgError.", _regular)  # fmt: skip
det: Unary = unary(np.linalg.det, lambda g, y, x: (g * y)[..., None, None] * matrix_transpose(np.linalg.inv(x)),
                   "Determinant of matrices.", _regular)  # fmt: skip  # Jacobi: d det = det tr(A^-1 dA)
logdet: Unary = unary(
    lambda x: np.linalg.slogdet(x)[1], lambda g, y, x: g[..., None, None] * matrix_transpose(np.linalg.inv(x)),
    "Logarithm of the absolute value of the determinant of matrices.", _regular, name="logdet")  # fmt: skip


@structured
def slogdet(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Sign of the determinant of matrices, and the logarithm of its absolute value."""
    return Tensor(np.linalg.slogdet(_regular(as_values(x)))[0]), logdet(x)


def _solve_rule(g: Any, y: Any, a: Any, b: Any) -> Any:
    """Return the gradient of b. Vectors get an axis more: a batch of them would be taken for a matrix."""
    at = matrix_transpose(a)
    return np.linalg.solve(at, g[..., None])[..., 0] if np.ndim(b) == 1 else np.linalg.solve(at, g)


@primitive(lambda h, y, a, b: -h[..., None] * y[..., None, :] if np.ndim(b) == 1 else -h @ matrix_transpose(y),
           lambda h, y, a, b: h, common=_solve_rule)  # fmt: skip
def solve(a: TensorLike, b: TensorLike) -> Array:
    """x such that a @ x = b, for matrices a and a vector b or matrices b of columns."""
    matrix, right = promote(a, b, floating=True)
    return np.linalg.solve(_regular(matrix), right)


def _cholesky_rule(g: Any, y: Any, x: Any, upper: bool = False) -> Any:
    """Murray 2016, "Differentiation of the Cholesky decomposition": L^-T phi(L^T G) L^-1, made symmetric."""
    factor, h = (_adjoint(y), _adjoint(g)) if upper else (y, g)
    inner = np.tril(_adjoint(factor) @ h)
    inner = inner - 0.5 * np.tril(np.triu(inner))
    inverse = np.linalg.inv(factor)
    s = _adjoint(inverse) @ inner @ inverse
    return 0.5 * (s + _adjoint(s))


@_hermitian(_cholesky_rule)
def cholesky(x: TensorLike, upper: bool = False) -> Array:
    """Lower triangular L with L @ L^T = x, for symmetric positive definite x; its transpose if `upper`."""
    factor = np.linalg.cholesky(_regular(x))
    return _adjoint(factor) if upper else factor


@composite
def trace(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sum of the diagonal of the matrices in two axes."""
    return sum(diagonal(x, offset, axis1, axis2), -1)


# Decompositions. Each packs its results into one tensor, one below the other, so that one gradient rule covers them.


def _packed(*parts: Array) -> Array:
    """Return matrices, and vectors as rows, one below the other, padded with zeros to the widest."""
    blocks = [p if p.ndim == parts[0].ndim else p[..., None, :] for p in parts]
    heights, widths = zip(*(b.shape[-2:] for b in blocks), strict=True)
    packed = np.zeros((*blocks[0].shape[:-2], int(np.sum(heights)), int(np.max(widths))), parts[0].dtype)
    for block, end in zip(blocks, np.cumsum(heights), strict=True):
        packed[..., end - block.shape[-2] : end, : block.shape[-1]] = block
    return packed


def _ratio(a: Any, b: Any) -> Any:
    """Return a / b, and 0 for 0 / 0: equal values are harmless if their vectors get no gradient."""
    return a / np.where(np.equal(a, 0) & np.equal(b, 0), 1, b)


def _svd_rule(g: Any, y: Any, x: Any, full: bool = False) -> Any:
    """Townsend 2016, "Differentiating the singular value decomposition"."""
    m, n = np.shape(x)[-2:]
    if full and m != n:
        raise NotImplementedError("svd(full_matrices=True) has no gradient for matrices that are not square. Received: "
                                  f"{m} by {n}. Use full_matrices=False, or compute_uv=False for values.")  # fmt: skip
    (u, s, v), (gu, gs, gv) = ((p[..., :m, :], p[..., m : m + 1, :], p[..., m + 1 :, :]) for p in (y, g))
    st, uh, vh, eye = matrix_transpose(s), _adjoint(u), _adjoint(v), np.eye(np.shape(s)[-1], dtype=x.dtype)
    pull, gaps = uh @ gu, np.where(eye, np.inf, (s - st) * (s + st))
    left, right = _ratio(pull, gaps), _ratio(vh @ gv, gaps)
    inner = eye * np.real(gs) + (left + _adjoint(left)) * s + st * (right + _adjoint(right))
    if np.dtype(x.dtype).kind == "c":  # the phases of u relative to those of v
        inner = inner + _ratio(eye * (pull - _adjoint(pull)) / 2, s)
    dx = u @ inner @ vh
    if m > n:
        dx = dx + _ratio(gu - u @ (uh @ gu), s) @ vh
    return dx + u @ _adjoint(_ratio(gv - v @ (vh @ gv), s)) if m < n else dx


@_hermitian(_svd_rule)
def _svd(x: TensorLike, full: bool = False) -> Array:
    a = as_float(x)
    u, s, vh = np.linalg.svd(a + 0 * a, full)  # turns infinities, at which LAPACK may hang, to NaN
    return _packed(u, s, _adjoint(vh))


def _values_rule(g: Any, y: Any, x: Any) -> Any:
    usv, m = bare(_svd)(x), np.shape(x)[-2]
    return usv[..., :m, :] * g[..., None, :] @ _adjoint(usv[..., m + 1 :, :])  # ds = diag(u^H dx v)


@_hermitian(_values_rule)
def _singular_values(x: TensorLike) -> Array:
    return np.linalg.svd(as_float(x), compute_uv=False)


@structured
def svd(x: TensorLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition x = u @ diag(s) @ vh: (u, s, vh), or s alone without `compute_uv`.

    With both `full_matrices` and `compute_uv`, only square matrices have a gradient.
    """
    if not compute_uv:
        return _singular_values(x)
    usv, (m, n) = _svd(x, full_matrices), shape(x)[-2:]
    k = int(np.minimum(m, n))
    rows, columns = (m, n) if full_matrices else (k, k)
    return usv[..., :m, :rows], real(usv[..., m, :k]), _adjoint(usv[..., m + 1 :, :columns])


def _qr_rule(g: Any, y: Any, x: Any, mode: str = "reduced") -> Any:
    """Roberts and Roberts 2020, "QR and LQ decomposition matrix backpropagation algorithms"; arXiv:2409.13374 for mode
    "complete".
    """
    m, n = np.shape(x)[-2:]
    k = int(np.minimum(m, n))
    (q, r), (gq, gr) = ((p[..., :m, :k], _adjoint(p[..., m:, :k])) for p in (y, g))
    if m > n and mode == "complete":
        rest, h = y[..., :m, k:], g[..., :m, k:]
        z = _adjoint(np.linalg.solve(_adjoint(q[..., :k, :]) - np.eye(k, dtype=x.dtype), _adjoint(q[..., k:, :])))
        low = -_adjoint(h) @ (q + rest @ z)
        gq = gq + h @ z + np.concatenate([-_adjoint(z) @ low, low], -2)
    wide = q @ gr[..., k:]
    gq = gq + x[..., k:] @ _adjoint(gr[..., k:])
    r, gr = r[..., :k], gr[..., :k]
    inner = r @ _adjoint(gr) - _adjoint(gq) @ q
    inner = np.tril(inner, -1) + inner * np.eye(k, dtype=x.dtype) / 2
    return np.concatenate([_adjoint(np.linalg.solve(r, _adjoint(gq + q @ (inner + _adjoint(inner))))), wide], -1)


@_hermitian(_qr_rule)
def _qr(x: TensorLike, mode: Literal["reduced", "complete"] = "reduced") -> Array:
    q, r = np.linalg.qr(as_float(x), mode)
    return _packed(q, _adjoint(r))


@structured
def qr(x: TensorLike, mode: Literal["reduced", "complete"] = "reduced") -> tuple[Tensor, Tensor]:
    """Decomposition x = q @ r, q orthogonal and r upper triangular."""
    one_of("mode", mode, ("reduced", "complete"))
    qr, m = _qr(x, mode), shape(x)[-2]
    return qr[..., :m, :], _adjoint(qr[..., m:, :])


def _eigh_rule(g: Any, y: Any, x: Any) -> Any:
    """Giles 2008, "An extended collection of matrix derivative results for forward and reverse mode AD", 3.1."""
    (v, w), (gv, gw) = ((p[..., :-1, :], p[..., -1:, :]) for p in (y, g))
    vh, eye = _adjoint(v), np.eye(np.shape(x)[-1], dtype=x.dtype)
    dx = v @ (eye * np.real(gw) + _ratio(vh @ gv, np.where(eye, np.inf, w - matrix_transpose(w)))) @ vh
    return (dx + _adjoint(dx)) / 2


@_hermitian(_eigh_rule)
def _eigh(x: TensorLike) -> Array:
    a = _regular(x)
    w, v = np.linalg.eigh((a + _adjoint(a)) / 2)
    return _packed(v, w)


@structured
def eigh(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Ascending eigenvalues and eigenvectors (columns) of symmetric matrices."""
    vw = _eigh(x)
    return real(vw[..., -1, :]), vw[..., :-1, :]


def _eig_rule(g: Any, y: Any, x: Any) -> Any:
    raise NotImplementedError("eig has no gradient. Use eigh if the matrices are symmetric: it has one.")


@primitive(_eig_rule)
def _eig(x: TensorLike) -> Array:
    w, v = np.linalg.eig(_regular(x))
    return _packed(v, w).astype(np.result_type(w, "complex64"), copy=False)  # before 2.5, NumPy returns reals if it can


@structured
def eig(x: TensorLike) -> tuple[Tensor, Tensor]:
    """Complex eigenvalues and eigenvectors (columns) of square matrices. Not differentiated, as in JAX."""
    vw = _eig(x)
    return vw[..., -1, :], vw[..., :-1, :]


@primitive(None)
def matrix_rank(x: TensorLike, tol: float | None = None) -> Array:
    """Number of singular values of matrices above `tol`."""
    a = as_float(x)
    if a.ndim < 2:
        raise ValueError(f"Expected matrices, in the last two axes. Received shape: {a.shape}.")
    return np.asarray(np.linalg.matrix_rank(a, tol), "int32")


def _lu_rule(g: Any, y: Any, x: Any) -> Any:
    """De Hoog, Anderssen and Lukas 2011, "Differentiation of matrix functionals using triangular factorization"."""
    (*batch, m, n), dtype = np.shape(x), x.dtype
    k = int(np.minimum(m, n))
    h, lu, none = g[..., :m, :n], y[..., :m, :n], [(0, 0)] * len(batch)
    lower = np.pad(np.tril(lu[..., :k], -1), [*none, (0, 0), (0, m - k)]) + np.eye(m, dtype=dtype)
    upper = np.pad(np.triu(lu[..., :k, :]), [*none, (0, n - k), (0, 0)]) + np.diag(np.arange(n) >= k).astype(dtype)
    inner = np.tril(_adjoint(lower) @ h, -1) + np.triu(h @ _adjoint(upper))
    rows = np.linalg.solve(_adjoint(lower), _adjoint(np.linalg.solve(upper, _adjoint(inner))))
    return np.take_along_axis(rows, np.argsort(y[..., m + 1, :m])[..., None], -2)


@_hermitian(_lu_rule)
def _lu(x: TensorLike) -> Array:
    lu = as_float(x).copy()
    rows = lu.reshape(-1, *lu.shape[-2:])
    count = int(np.min(lu.shape[-2:]))
    pivots, each = np.zeros((len(rows), count), "int32"), np.arange(len(rows))
    order = np.tile(np.arange(lu.shape[-2]), (len(rows), 1))
    for k in range(count):
        best = pivots[:, k] = k + np.argmax(np.abs(rows[:, k:, k]), axis=1)
        for part in (rows, order):
            part[each, best], part[:, k] = part[:, k].copy(), part[each, best]
        rows[:, k + 1 :, k] /= np.where(rows[:, k, k, None] == 0, 1, rows[:, k, k, None])
        rows[:, k + 1 :, k + 1 :] -= rows[:, k + 1 :, k, None] * rows[:, None, k, k + 1 :]
    return _packed(lu, *(part.reshape(*lu.shape[:-2], -1) for part in (pivots, order)))


@structured
def lu_factor(x: TensorLike) -> tuple[Tensor, Tensor]:
    """L and U in one matrix, whose product is x with its rows permuted; and the row that each row was swapped with."""
    lu, (m, n) = _lu(x), shape(x)[-2:]
    return lu[..., :m, :n], real(lu[..., m, : int(np.minimum(m, n))]).astype("int32")


def _pinv_rule(g: Any, y: Any, x: Any, rcond: float | None = None) -> Any:
    """Golub and Pereyra 1973: -P dA P + P P^T dA^T (1 - A P) + (1 - P A) dA^T P^T P, transposed."""
    p, gt, pt = y, matrix_transpose(g), matrix_transpose(y)
    return (gt - x @ (p @ gt)) @ p @ pt + pt @ p @ (gt - (gt @ p) @ x) - pt @ g @ pt


@primitive(_pinv_rule)
def pinv(x: TensorLike, rcond: float | None = None) -> Array:
    """Pseudo-inverse of matrices; singular values up to `rcond` times the largest count as 0, by default rounding."""
    a = as_float(x)
    rcond = 10 * max(a.shape[-2:]) * np.finfo(a.dtype).eps if rcond is None else rcond
    return np.linalg.pinv(a + 0 * a, rcond)  # as in `_svd`


@composite
def lstsq(a: TensorLike, b: TensorLike, rcond: float | None = None) -> Tensor:
    """x that minimizes |a @ x - b|; the shortest one if there are several."""
    return matmul(pinv(a, rcond), floating(b))


@composite
def solve_triangular(a: TensorLike, b: TensorLike, lower: bool = False) -> Tensor:
    """x such that a @ x = b, for triangular matrices a: only their upper half is read, or their lower one."""
    triangle = tril(a) if lower else triu(a)
    if ndim(b) == ndim(a) - 1:  # `solve` would take a batch of vectors for a matrix
        return squeeze(solve(triangle, expand_dims(b, -1)), -1)
    return solve(triangle, b)


@composite
def cholesky_inverse(x: TensorLike, upper: bool = False) -> Tensor:
    """Inverse of the matrices whose Cholesky factor is x."""
    inverse = inv(triu(x) if upper else tril(x))
    other = swapaxes(inverse, -1, -2)
    return inverse @ other if upper else other @ inverse


@composite
def cdist(x: TensorLike, y: TensorLike) -> Tensor:
    """Euclidean distances between the rows of x and of y: (..., m, k), (..., n, k) -> (..., m, n)."""
    if ndim(x) < 2 or ndim(y) < 2 or shape(x)[-1] != shape(y)[-1]:
        raise ValueError(f"`cdist` needs rows of one length. Received shapes: {shape(x)}, {shape(y)}.")
    return _length(subtract(expand_dims(floating(x), -2), expand_dims(floating(y), -3)), -1)


@composite
def psnr(x1: TensorLike, x2: TensorLike, max_val: float) -> Tensor:
    """Peak signal-to-noise ratio of two tensors of one shape, in decibels, for values up to `max_val`."""
    if np.shape(x1) != np.shape(x2):
        raise ValueError(f"Input shapes {np.shape(x1)} and {np.shape(x2)} must match for PSNR calculation.")
    noise = log10(mean(square(subtract(x1, x2))))
    return subtract(20 * log10(convert_to_tensor(max_val, noise.dtype)), 10 * noise)


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """Value of a function, and its derivative in the direction of `tangents`: the Jacobian-vector product.

    The VJP is linear in the gradient it starts from, so that its own derivative, times the tangents, is the JVP.

    Example:
        >>> value, change = jvp(lambda x: x * x, (3.0,), (1.0,))
        >>> float(value), float(change)
        (9.0, 6.0)
    """
    points, directions = [convert_to_tensor(x) for x in primals], [convert_to_tensor(t) for t in tangents]
    with GradientTape() as outer:
        with GradientTape() as inner:
            inner.watch(points)
            value, aux = fun(*points) if has_aux else (fun(*points), None)
            start = ones_like(value)
            outer.watch(start)
            total = sum(value * start)
        gradients = zip(inner.gradient(total, points), directions, strict=True)
        along = reduce(add, (sum(g * t) for g, t in gradients if g is not None), sum(start * 0.0))
    change = outer.gradient(along, start)
    return (value, change, aux) if has_aux else (value, change)
