"""`tf.linalg`: matrices, in the last two axes."""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from ... import ops
from ..._base.typing import DTypeLike
from ..._core.tensor import Tensor, as_array
from .arrays import global_norm as global_norm
from .dtypes import as_dtype
from .math import axes_of, l2_normalize as l2_normalize, unary
from .missing import missing, named
from .tensors import BINARY, alike, convert_to_tensor

__getattr__: Callable[[str], Any] = missing(__name__)
_UNARY = "cholesky det logdet eig"
globals().update({name: unary(getattr(ops, name)) for name in _UNARY.split()})


def matrix_transpose(a: Any, name: str | None = None, conjugate: bool = False) -> Tensor:
    """Transposed matrices."""
    x = convert_to_tensor(a)
    return ops.swapaxes(ops.conj(x) if conjugate else x, -1, -2)


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
           adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False,
           output_type: DTypeLike | None = None, grad_a: bool = False, grad_b: bool = False,
           name: str | None = None) -> Tensor:  # fmt: skip
    """Product of matrices, either of which may be transposed first.

    Example:
        >>> print(matmul([[1, 2]], [[3, 4]], transpose_b=True))
        tf.Tensor([[11]], shape=(1, 1), dtype=int32)
    """
    a = matrix_transpose(a, conjugate=adjoint_a) if transpose_a or adjoint_a else a
    b = matrix_transpose(alike("MatMul", a, b)[1], conjugate=adjoint_b) if transpose_b or adjoint_b else b
    if output_type is not None:
        a, b = (ops.cast(convert_to_tensor(x), as_dtype(output_type).name) for x in (a, b))
    return BINARY["matmul"](a, b)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None,
         name: Any = None) -> Tensor:  # fmt: skip
    """Norm of vectors or matrices along axes, or of all elements as one vector."""
    x, axis = convert_to_tensor(tensor), axes_of(axis)
    if ord in ("euclidean", "fro") or (axis is None and ord == 2):
        return ops.sqrt(ops.sum(ops.real(x * ops.conj(x)), axis, bool(keepdims)))
    if axis is None:
        x, axis = ops.reshape(x, (-1,)), 0
    return ops.norm(x if isinstance(axis, tuple) else ops.absolute(x), ord, axis, bool(keepdims))


Qr: Any = namedtuple("Qr", "q r")
LogMatrixDeterminant: Any = namedtuple("LogMatrixDeterminant", "sign log_abs_determinant")
qr: Callable[..., Any] = unary(lambda x: Qr(*ops.qr(x)), "QR decompositions.")
slogdet: Callable[..., Any] = unary(lambda x: LogMatrixDeterminant(*ops.slogdet(x)), "Signs and log |det|.")
eigh: Callable[..., Any] = unary(
    lambda x: ops.eigh(ops.tril(x) + matrix_transpose(ops.tril(x, -1), conjugate=True)),
    "Eigenvalues and eigenvectors of symmetric matrices, of which the lower triangles count.")  # fmt: skip
eigvalsh: Callable[..., Tensor] = unary(lambda x: eigh(x)[0], "Eigenvalues of symmetric matrices, ascending.")
eigvals: Callable[..., Tensor] = unary(lambda x: ops.eig(x)[0], "Eigenvalues of matrices.")
adjoint: Callable[..., Tensor] = unary(lambda x: matrix_transpose(x, conjugate=True), "Transposed conjugate matrices.")
trace: Callable[..., Tensor] = unary(lambda x: ops.trace(x, axis1=-2, axis2=-1), "Sum of the diagonal.")


def set_diag(input: Any, diagonal: Any, name: str | None = None, k: int = 0, **_: Any) -> Tensor:
    """Matrices with other k-th diagonals."""
    x, d = convert_to_tensor(input), convert_to_tensor(diagonal)
    rows, columns = x.shape[-2:]
    d = ops.pad(d, [(0, 0)] * (d.ndim - 1) + [(max(-k, 0), rows - max(-k, 0) - d.shape[-1])])
    return ops.where(ops.eye(rows, columns, k, dtype="bool"), ops.expand_dims(d, -1), x)


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices with zeros outside of a band around the diagonal; -1 keeps the whole triangle."""
    x = convert_to_tensor(input)
    x = x if int(num_lower) < 0 else ops.triu(x, -int(num_lower))
    return x if int(num_upper) < 0 else ops.tril(x, int(num_upper))


globals().update(named({
    "eye": ("Identity matrices.",
        lambda num_rows, num_columns=None, batch_shape=None, dtype="float32", name=None: ops.broadcast_to(
            one := ops.eye(int(num_rows), num_columns and int(num_columns), dtype=as_dtype(dtype).name),
            (*map(int, () if batch_shape is None else batch_shape), *one.shape))),
    "matvec": ("Product of a matrix and a vector.",
        lambda a, b, transpose_a=False, adjoint_a=False, a_is_sparse=False, b_is_sparse=False, name=None:
            ops.squeeze(matmul(a, ops.expand_dims(convert_to_tensor(b), -1), transpose_a, adjoint_a=adjoint_a), -1)),
    "tensordot": ("Sum of products over axes of both tensors.",
        lambda a, b, axes, name=None:
            ops.tensordot(convert_to_tensor(a), convert_to_tensor(b), as_array(axes).tolist())),
    "einsum": ("Sum of products in Einstein's notation.",
        lambda equation, *inputs, **_: ops.einsum(equation, *map(convert_to_tensor, inputs))),
    "svd": ("Singular values s, and matrices u and v with u @ diag(s) @ v^T = tensor, in this order.",
        lambda tensor, full_matrices=False, compute_uv=True, name=None:
            (parts[1], parts[0], matrix_transpose(parts[2])) if isinstance(
                parts := ops.svd(convert_to_tensor(tensor), full_matrices, compute_uv), tuple) else parts),
    "diag": ("Matrices with the given k-th diagonals, and `padding_value` elsewhere.",
        lambda diagonal, name=None, k=0, padding_value=0: unary(lambda d: set_diag(
            ops.full((*d.shape[:-1], *[d.shape[-1] + abs(k)] * 2), padding_value, d.dtype), d, k=k))(diagonal)),
    "inv": ("Inverse matrices.",
        lambda input, adjoint=False, name=None:
            ops.inv(matrix_transpose(input, conjugate=True) if adjoint else convert_to_tensor(input))),
    "solve": ("The x with matrix @ x = rhs.",
        lambda matrix, rhs, adjoint=False, name=None: ops.solve(
            matrix_transpose(matrix, conjugate=True) if adjoint else convert_to_tensor(matrix),
            convert_to_tensor(rhs))),
    "lstsq": ("The x that minimizes |matrix @ x - rhs|.",
        lambda matrix, rhs, *, fast=True, name=None: ops.lstsq(convert_to_tensor(matrix), convert_to_tensor(rhs))),
    "pinv": ("Pseudoinverse matrices.", lambda a, rcond=None, **_: ops.pinv(convert_to_tensor(a), rcond)),
    "diag_part": ("Diagonals of matrices.",
        lambda input, name=None, k=0, **_: ops.diagonal(convert_to_tensor(input), k, -2, -1))}))  # fmt: skip
