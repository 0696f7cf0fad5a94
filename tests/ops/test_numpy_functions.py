"""Every function of NumPy that takes an array, on tensors: a gradient, an answer without one, or a TypeError."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import ops

DIFFERENTIATED = """
np.abs(x - 2) | np.absolute(x) | np.acos(x / 9) | np.acosh(x + 1) | np.add(x, y)
np.amax(x, 1) | np.amin(x) | np.append(x, y)
np.append(x, y, 1) | np.arccos(x / 9) | np.arccosh(x + 1) | np.arcsin(x / 9) | np.arcsinh(x) | np.arctan(x)
np.arctan2(x, y) | np.arctanh(x / 9) | np.array_split(v, 3) | np.asin(x / 9) | np.asinh(x)
np.atan(x) | np.atan2(x, y) | np.atanh(x / 9)
np.average(x, 1, w) | np.average(x) | np.bincount(i, v) | np.broadcast_to(x, (2, 2, 3)) | np.cbrt(x)
np.clip(x, 2, 4) | np.clip(x, None, 3.5) | np.concat([x, y])
np.concatenate([x, y], 1) | np.concatenate([x, y], None) | np.conj(x) | np.conjugate(x) | np.copy(x)
np.corrcoef(x) | np.correlate(v, w)
np.correlate(v, w, "full") | np.cos(x) | np.cosh(x) | np.cross(x, y) | np.cumprod(x, 1) | np.cumsum(x)
np.cumsum(x, 1) | np.deg2rad(x) | np.degrees(x) | np.diag(v) | np.diag(s, 1) | np.diagflat(x) | np.diagonal(s)
np.diagonal(s, 1, 1, 0) | np.diff(x) | np.diff(x, 1, 0) | np.diff(v, 2) | np.divide(x, y) | np.dot(x, s)
np.dot(v, v) | np.dsplit(x[None], 3) | np.dstack([x, y]) | np.einsum("ij,kj->ik", x, y)
np.einsum("ij,kj->ik", x, y, optimize=True) | np.exp(x) | np.exp2(x) | np.expand_dims(x, 1) | np.expm1(x)
np.fabs(x - 3) | np.flip(x) | np.flip(x, 1) | np.fliplr(x) | np.flipud(x) | np.fmax(x, y) | np.fmin(x, y)
np.fmod(x, 2.0) | np.hsplit(x, 3) | np.hstack([x, y]) | np.hypot(x, y) | np.i0(x) | np.inner(x, y) | np.kron(x, w)
np.ldexp(x, 2) | np.log(x) | np.log10(x) | np.log1p(x) | np.log2(x) | np.logaddexp(x, y)
np.logaddexp2(x, y) | np.matmul(x, s)
np.matrix_transpose(x) | np.max(x) | np.max(x, 1, keepdims=True) | np.maximum(x, y) | np.maximum(x, 3.5)
np.mean(x) | np.mean(x, (0, 1)) | np.mean(x, 1, keepdims=True) | np.mean(x, 1, "float64")
np.median(x, 1) | np.median(v) | np.meshgrid(v, w) | np.meshgrid(v, w, indexing="ij") | np.min(x) | np.minimum(x, y)
np.mod(x, 2.0) | np.moveaxis(x[None], 0, 2) | np.multiply(x, y)
np.nan_to_num(x) | np.nancumprod(x, 1) | np.nancumsum(x, 0) | np.nanmax(x, 1)
np.nanmean(x, 1) | np.nanmean(n, 1) | np.nanmedian(x, 1) | np.nanmin(x, 1) | np.nanpercentile(x, 30, 1)
np.nanprod(x, 1) | np.nanquantile(x, 0.3, 1) | np.nanstd(x, 1) | np.nansum(x, 1) | np.nansum(n, 1) | np.nanvar(n, 1)
np.negative(x) | np.outer(v, w) | np.pad(x, 1) | np.pad(x, ((1, 0), (0, 2)), "edge")
np.pad(x, 1, constant_values=7.0) | np.percentile(x, 30, 1) | np.percentile(x, [20, 70]) | np.permute_dims(x)
np.positive(x) | np.pow(x, 3) | np.power(x, y) | np.prod(x) | np.prod(x, 1) | np.ptp(x) | np.ptp(x, 1)
np.quantile(x, 0.3, 1) | np.rad2deg(x) | np.radians(x) | np.ravel(x) | np.real(x) | np.reciprocal(x)
np.remainder(x, 2.0) | np.repeat(x, 2) | np.repeat(x, [1, 2], 0) | np.reshape(x, (3, 2)) | np.reshape(x, -1)
np.roll(x, 1) | np.roll(x, 1, 1) | np.rot90(x) | np.select([b, x > 3], [x, y], 0.5) | np.sin(x) | np.sinc(x)
np.sinh(x) | np.sort(x) | np.sort(x, 0) | np.sort(x, None) | np.split(x, 3, 1) | np.sqrt(x) | np.square(x)
np.squeeze(x[None]) | np.stack([x, y], 1) | np.std(x) | np.std(x, 1, ddof=1) | np.subtract(x, y) | np.sum(x)
np.sum(x, 1, keepdims=True) | np.sum(x, 0, "float64") | np.swapaxes(x, 0, 1) | np.take(x, [0, 2], 1)
np.take_along_axis(x, i[:, None] % 2, 0) | np.take_along_axis(x, i[:2, None] % 2, 1) | np.tan(x) | np.tanh(x)
np.tensordot(x, y, 2) | np.tensordot(x, s, ([1], [0])) | np.tile(x, 2) | np.tile(x, (2, 1)) | np.trace(s)
np.trace(s, 1) | np.transpose(x) | np.transpose(x[None], (2, 0, 1)) | np.trapezoid(v)
np.trapezoid(x, dx=0.5, axis=0) | np.trapezoid(v, v ** 2) | np.tril(s) | np.triu(s, 1) | np.true_divide(x, y)
np.vander(v, 3) | np.var(x) | np.var(x, 1, ddof=1) | np.var(x, 1, keepdims=True) | np.vdot(v, v) | np.vsplit(x, 2)
np.vstack([x, y]) | np.where(b, x, y) | np.where(b, x, 0.0) | np.linalg.cholesky(s) | np.linalg.cross(x, y)
np.linalg.det(s) | np.linalg.inv(s) | np.linalg.matmul(x, s) | np.linalg.matrix_transpose(x) | np.linalg.norm(x)
np.linalg.norm(x, axis=1) | np.linalg.norm(x, 1, 0, True) | np.linalg.norm(v, 3) | np.linalg.norm(s, 2)
np.linalg.norm(s, "nuc") | np.linalg.outer(v, w) | np.linalg.pinv(x) | np.linalg.qr(s) | np.linalg.slogdet(s)
np.linalg.solve(s, x.T) | np.linalg.svd(x, False) | np.linalg.svd(x, compute_uv=False)
np.linalg.tensordot(x, y, axes=2)
"""
ANSWERS = """
np.angle(x) | np.all(x) | np.all(x > 3, 1) | np.all(x > 3, where=b) | np.allclose(x, y) | np.any(x > 3)
np.any(x > 3, 0, keepdims=True) | np.argmax(x) | np.argmax(x, 1) | np.argmin(x, 1, keepdims=True)
np.argpartition(x, 1) | np.argsort(x) | np.argsort(x, 0) | np.argwhere(x) | np.array2string(x) | np.array_equal(x, x)
np.array_equiv(x, y) | np.array_repr(x) | np.array_str(x) | np.bincount(i) | np.bitwise_and(i, 1) | np.bitwise_count(i)
np.bitwise_invert(i) | np.bitwise_left_shift(i, 1) | np.bitwise_not(i) | np.bitwise_or(i, 1)
np.bitwise_right_shift(i, 1) | np.bitwise_xor(i, 1) | np.can_cast(i, "int64") | np.ceil(x) | np.common_type(x)
np.count_nonzero(x) | np.diag_indices_from(s) | np.digitize(x, [2.0, 4.0])
np.einsum_path("ij,kj->ik", x, y) | np.empty_like(x).shape | np.equal(x, y)
np.fix(x) | np.flatnonzero(x) | np.floor(x) | np.floor_divide(x, y) | np.frexp(x) | np.full_like(x, 3) | np.gcd(i, 2)
np.greater(x, y) | np.greater_equal(x, y) | np.heaviside(x, 0.5) | np.histogram(x, 3) | np.histogram_bin_edges(x, 3)
np.imag(x) | np.in1d(v, w) | np.invert(i) | np.isclose(x, y) | np.iscomplex(x) | np.iscomplexobj(x) | np.isfinite(x)
np.isin(x, [2.0, 3.0]) | np.isinf(x) | np.isnan(x) | np.isneginf(x) | np.isposinf(x) | np.isreal(x) | np.isrealobj(x)
np.lcm(i, 2) | np.left_shift(i, 1) | np.less(x, y) | np.less_equal(x, y) | np.lexsort((x[0], y[0]))
np.logical_and(b, x > 3) | np.logical_and.reduce(b) | np.logical_not(b) | np.logical_or(b, x > 3)
np.logical_or.reduce(b) | np.logical_xor(b, x > 3) | np.may_share_memory(x, y) | np.min_scalar_type(i[0])
np.nanargmax(x, 1) | np.nanargmin(x, 0) | np.ndim(x) | np.nextafter(x, y) | np.nonzero(x) | np.not_equal(x, y)
np.ones_like(x) | np.packbits(b) | np.ravel_multi_index((i % 2, i % 3), (2, 3)) | np.result_type(x, y)
np.right_shift(i, 1) | np.rint(x) | np.round(x) | np.around(x) | np.searchsorted(v, x) | np.searchsorted(v, w, "right")
np.shape(x) | np.shares_memory(x, y) | np.sign(x) | np.signbit(x)
np.size(x) | np.size(x, 1) | np.tril_indices_from(s) | np.triu_indices_from(s) | np.trunc(x)
np.unpackbits(np.packbits(b)) | np.unravel_index(i, (2, 3)) | np.zeros_like(x) | np.zeros_like(x, dtype="int32")
np.linalg.matrix_rank(s)
"""
REFUSED = """
np.atleast_1d(x, x[0, 0]) | np.atleast_2d(v) | np.atleast_3d(x) | np.linspace(x, 9.0, 4) | np.logspace(v, 1.0, 4)
np.add(x, y, np.zeros((2, 3)), where=b) | np.add.outer(v, v) | np.add.reduce(x)
np.add.reduce(x, 1, keepdims=True) | np.maximum.reduce(x) | np.minimum.reduce(x, 1)
np.multiply.outer(x, w) | np.multiply.reduce(x)
np.astype(x, "float64") | np.column_stack([x, x[:, 0]])
np.convolve(v, w) | np.convolve(w, v, "same") | np.convolve(v, w, "valid")
np.mean(x, where=b) | np.meshgrid(v, w, sparse=True) | np.prod(x, 0, keepdims=True, initial=2.0, where=b)
np.std(x, where=b) | np.sum(x, where=b) | np.sum(x, initial=2.0) | np.var(x, where=b)
np.apply_along_axis(np.sum, 0, x) | np.apply_over_axes(np.sum, x, 0) | np.histogram2d(v, v) | np.histogramdd(x)
np.intersect1d(v, w) | np.ix_(v) | np.piecewise(x, [b], [np.sqrt, 3.0]) | np.unwrap(3 * v) | np.compress(b[0], x, 1)
np.copysign(x, -y) | np.extract(b, x) | np.insert(x, 1, y[:, 0], 1) | np.choose(i[:3], [v[:3], v[1:], v[:3], v[1:]])
np.rollaxis(x[None], 2) | np.interp(w, v, v ** 2) | np.cumulative_sum(x, axis=0, include_initial=True) | np.poly(v)
np.polyadd(v, w) | np.polyder(v) | np.polydiv(v, w) | np.polyint(v) | np.polymul(v, w) | np.polysub(v, w)
np.polyfit(v, v, 1) | np.real_if_close(x) | np.roots(v) | np.setdiff1d(v, w) | np.setxor1d(v, w) | np.sort_complex(v)
np.spacing(x) | np.trim_zeros(v) | np.union1d(v, w) | np.unique(v) | np.unique_all(v) | np.unique_counts(v)
np.unique_inverse(v) | np.unique_values(v) | np.linalg.cond(s) | np.linalg.eig(s) | np.linalg.eigvals(s)
np.linalg.lstsq(s, v[:3]) | np.linalg.tensorinv(s, ind=1) | np.linalg.tensorsolve(s, v[:3]) | np.linalg.vector_norm(x)
np.gradient(x) | np.fft.fft(x) | np.fft.ifft(x) | np.fft.rfft(x) | np.fft.irfft(v) | np.fft.fft2(x) | np.fft.fftn(x)
np.fft.ifft2(x) | np.fft.ifftn(x) | np.fft.irfft2(x) | np.fft.irfftn(x) | np.fft.rfft2(x) | np.fft.rfftn(x)
np.fft.hfft(v) | np.fft.ihfft(v) | np.add.reduceat(v, [0, 2]) | np.subtract.reduce(v) | np.maximum.accumulate(v)
np.average(x, 0, keepdims=True) | np.average(x, 1, w, True) | np.diff(x, prepend=0.0)
np.einsum(x, [0, 1], y, [2, 1]) | np.cov(x) | np.linalg.matrix_power(s, 3) | np.histogram(v, 3, weights=v)
np.add(x, y, np.empty((2, 3))) | np.add(x, y, out=np.empty((2, 3))) | np.sum(x, out=np.empty(()))
np.sum(x, 0, None, np.empty(3)) | np.nanmax(x, initial=9.0) | np.add.at(np.empty(3), [0], w[0])
np.matmul(x, s, axes=[(0, 1), (0, 1), (0, 1)]) | np.copyto(np.empty((2, 3)), x) | np.place(np.empty((2, 3)), b, v)
np.put(np.empty(3), [0], w[0]) | np.put_along_axis(np.empty((2, 3)), i[:2, None] % 2, w[0], 1)
np.putmask(np.empty((2, 3)), b, x) | np.add.accumulate(x) | np.add.accumulate(x, 1) | np.block([[x, y], [y, x]])
np.cumulative_prod(x, axis=1) | np.cumulative_sum(v) | np.cumulative_sum(x, axis=0) | np.delete(x, 1, 1)
np.delete(v, [0, 2]) | np.divmod(x, y) | np.ediff1d(x) | np.ediff1d(v, w, [1.0]) | np.float_power(x, y)
np.geomspace(v, w[0]) | np.geomspace(1.0, v, 3, axis=1) | np.matvec(s, x) | np.max(x, initial=2.0, where=b)
np.min(x, 0, initial=3.0, where=b) | np.modf(x) | np.multiply.accumulate(x) | np.nanstd(x, 1, ddof=1)
np.nansum(x, where=b) | np.nanvar(x, 0, ddof=1) | np.partition(x, 1) | np.partition(x, 1, 0) | np.polyval(v, x)
np.resize(x, (2, 4)) | np.take(x, [5, 7], mode="wrap") | np.take(v, i, mode="clip") | np.unstack(x)
np.unstack(x, axis=1) | np.vecdot(x, y) | np.vecdot(x, y, axis=0) | np.vecmat(x, s) | np.linalg.diagonal(s, offset=1)
np.linalg.eigh(s) | np.linalg.eigvalsh(s) | np.linalg.eigvalsh(s, "U") | np.linalg.matrix_norm(x)
np.linalg.matrix_norm(x, ord=1, keepdims=True) | np.linalg.multi_dot([v[:2], x, s]) | np.linalg.svdvals(x)
np.linalg.trace(s, offset=1) | np.linalg.vecdot(x, y) | np.fft.fftshift(x) | np.fft.fftshift(v, 0)
np.fft.ifftshift(x, 1) | np.broadcast_arrays(x, w) | np.ravel(x, "F") | np.reshape(x, (3, 2), "F")
np.reshape(x, (3, 2), order="F")
np.count_nonzero(x, 1, keepdims=True) | np.digitize(x, [2.0, 4.0], True)
np.searchsorted(v[::-1], w, sorter=[3, 2, 1, 0])
"""
IN_PLACE = """
np.copyto(x, y) | np.fill_diagonal(s, 1.0) | np.place(x, b, v) | np.put(v, [0], w[0])
np.put_along_axis(x, i[:2, None] % 2, 1.0, 1) | np.putmask(x, b, y) | np.add(x, y, out=x) | np.add.at(v, [0], 1.0)
np.sum(x, out=v)
"""
NO_NUMBERS = {
    "busday_count", "busday_offset", "datetime_as_string", "is_busday", "isnat", "save", "savetxt", "savez",
    "savez_compressed",
}  # fmt: skip
"""Functions of dates, and those that write files."""


MODULES = {"": np, "linalg.": np.linalg, "fft.": np.fft}


def called(expression: str) -> list[str]:
    return re.findall(r"np\.((?:linalg\.|fft\.)?\w+)", expression)


def find(name: str) -> Any:
    prefix, _, last = name.rpartition(".")
    return getattr(MODULES[prefix and prefix + "."], last, None)


def expressions(text: str) -> list[str]:
    """Return the expressions whose functions this NumPy has."""
    found = [e.strip() for e in text.replace("\n", "|").split("|") if e.strip()]
    return [e for e in found if all(find(name) is not None for name in called(e))]


X = np.array([[1.3, 2.6, 5.2], [4.1, 3.2, 0.7]])
FLOATS: dict[str, Any] = {
    "x": X, "y": np.array([[2.2, 1.7, 0.9], [1.1, 2.9, 3.7]]), "v": np.array([0.6, 1.4, 2.3, 3.8]),
    "w": np.array([1.5, 0.4, 2.1]), "s": X.T @ X + np.diag([3.0, 5.0, 8.0]),
    "n": np.array([[1.3, np.nan, 5.2], [np.nan, 3.2, 0.7]]),
}  # fmt: skip
CONSTANTS: dict[str, Any] = {"i": np.array([0, 2, 1, 3]), "b": np.array([[True, False, True], [True, True, False]])}


class ByKeyword:
    """NumPy, or a module of it, whose functions get by keyword all arguments that can be given so."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.module, name)
        if self.module is np and name in ("linalg", "fft"):
            return ByKeyword(function)
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # a ufunc of an early NumPy, or a type
            return function
        kinds = {p.kind for p in signature.parameters.values()}
        if inspect.Parameter.VAR_POSITIONAL in kinds or isinstance(function, np.ufunc):
            return function

        def call(*args: Any, **kwargs: Any) -> Any:
            by_place: list[Any] = []
            by_keyword: dict[str, Any] = {}
            for key, value in signature.bind(*args, **kwargs).arguments.items():
                parameter = signature.parameters[key]
                if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                    by_keyword |= value
                elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                    by_place.append(value)
                else:
                    by_keyword[key] = value
            return function(*by_place, **by_keyword)

        return call


def evaluate(expression: str, floats: dict[str, Any], numpy: Any = np) -> Any:
    return eval(expression, {"np": numpy, **CONSTANTS, **floats})


def parts(value: Any) -> list[Any]:
    """Return the leaves of nested tuples and lists, those of named tuples among them."""
    return [leaf for item in value for leaf in parts(item)] if isinstance(value, list | tuple) else [value]


def weighted(leaves: list[Any], as_tensors: bool) -> Any:
    """Return a sum of all elements that are floats, each with a weight of its own."""
    total: Any = 0.0
    for leaf in leaves:
        if np.asarray(getattr(leaf, "array", leaf)).dtype.kind not in "fc":
            continue
        weights = np.random.default_rng(3).uniform(0.5, 2, np.shape(leaf))
        pair = (ops.real(leaf), ops.imag(leaf)) if as_tensors else (np.real(leaf), np.imag(leaf))
        for k, part in enumerate(pair):
            total = total + (ops.sum if as_tensors else np.sum)(part * (weights + k))
    return total


def recorded(expression: str, numpy: Any = np) -> tuple[Any, Any]:
    """Evaluate an expression on watched tensors: the result, and its gradients."""
    tensors = {name: ops.convert_to_tensor(value, "float64") for name, value in FLOATS.items()}
    with keras.GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        result = evaluate(expression, tensors, numpy)
        total = weighted(parts(result), True)
    return result, tape.gradient(total, tensors) if isinstance(total, ops.Tensor) else None


def same(result: Any, expected: Any) -> None:
    mine, theirs = parts(result), parts(expected)
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        if isinstance(b, np.ndarray | np.generic | int | float) and not isinstance(b, bool):
            np.testing.assert_allclose(np.asarray(getattr(a, "array", a)), np.asarray(b), rtol=1e-9, atol=1e-12)
            assert np.shape(a) == np.shape(b)
        else:
            assert (a.array if isinstance(a, ops.Tensor) else a) == b


@pytest.mark.parametrize("numpy", [np, ByKeyword(np)], ids=["place", "keyword"])
@pytest.mark.parametrize("expression", expressions(DIFFERENTIATED))
def test_a_gradient(expression: str, numpy: Any) -> None:
    result, gradients = recorded(expression, numpy)
    same(result, evaluate(expression, FLOATS))
    assert all(isinstance(leaf, ops.Tensor) for leaf in parts(result))
    rng, slope, ways = np.random.default_rng(5), 0.0, {}
    for name, value in FLOATS.items():
        ways[name] = np.where(np.isnan(value), 0, rng.normal(size=value.shape))
        if name == "s":
            ways[name] = ways[name] + ways[name].T
        if gradients[name] is not None:
            slope += float(np.nansum(np.asarray(gradients[name]) * ways[name]))
    ends = [
        weighted(parts(evaluate(expression, {n: v + h * ways[n] for n, v in FLOATS.items()})), False)
        for h in (1e-6, -1e-6)
    ]
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=2e-6, abs=1e-6)
    assert slope


@pytest.mark.parametrize("numpy", [np, ByKeyword(np)], ids=["place", "keyword"])
@pytest.mark.parametrize("expression", expressions(ANSWERS))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of names that a NumPy is about to drop
def test_an_answer(expression: str, numpy: Any) -> None:
    same(recorded(expression, numpy)[0], evaluate(expression, FLOATS))


@pytest.mark.parametrize("expression", expressions(REFUSED))
def test_a_refusal(expression: str) -> None:
    name = called(expression)[0].rpartition(".")[2]
    with pytest.raises(TypeError, match=name):
        recorded(expression)
    same(
        evaluate(expression, {n: ops.convert_to_tensor(v, "float64") for n, v in FLOATS.items()}),
        evaluate(expression, FLOATS),
    )


@pytest.mark.parametrize("expression", expressions(IN_PLACE))
def test_a_tensor_stays_as_it_is(expression: str) -> None:
    tensors = {name: ops.convert_to_tensor(value, "float64") for name, value in FLOATS.items()}
    with pytest.raises(TypeError, match="in place"):
        evaluate(expression, tensors)
    same([*tensors.values()], [*FLOATS.values()])


def test_no_function_is_left_out() -> None:
    names = {
        prefix + name
        for prefix, module in MODULES.items()
        for name, function in vars(module).items()
        if name[0] != "_" and (isinstance(function, np.ufunc) or hasattr(function, "_implementation"))
    }
    tried = {n for e in expressions(DIFFERENTIATED + ANSWERS + REFUSED + IN_PLACE) for n in called(e)}
    assert len(names) > 300
    assert names - tried == NO_NUMBERS & names


@pytest.mark.skipif(inspect.signature(np.take_along_axis).parameters["axis"].default != -1, reason="NumPy asks for it")
def test_elements_are_taken_along_the_last_axis_by_default() -> None:
    x: Any = ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]])
    assert np.take_along_axis(x, np.array([[1], [0]])).tolist() == [[2.0], [3.0]]


def test_integers_have_fractional_slopes() -> None:
    assert np.gradient(ops.convert_to_tensor([1, 2, 4])).tolist() == [1.0, 1.5, 2.0]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (np.modf, [[np.inf, -np.inf, -2.5, 2.0]]),
        (np.isclose, [[1.0, 2.0, 4.0], [1.0, 2.1, 5.0], 0.1]),
        (np.linalg.eigvalsh, [[[4.0, 1.0], [9.0, 5.0]]]),
        (np.linalg.eigvalsh, [[[4.0, 1.0], [9.0, 5.0]], "U"]),
        (np.correlate, [[1.0, 2.0j, 3.0], [1.0j, 1.0], "full"]),
        (np.convolve, [[1.0j, 1.0], [1.0, 2.0j, 3.0], "same"]),
        (np.corrcoef, [[[1.0, 2.0j, 3.0], [1.0j, 1.0, 2.0]]]),
    ],
)
def test_numbers_are_those_on_arrays(function: Any, arguments: list[Any]) -> None:
    tensors = [x if isinstance(x, str) else ops.convert_to_tensor(x) for x in arguments]
    np.testing.assert_allclose(function(*tensors), function(*arguments), rtol=1e-5, atol=1e-6)


def test_allclose_is_a_bool_as_on_arrays() -> None:
    x = ops.convert_to_tensor([1.0, 2.0])
    assert (np.allclose(x, [1.0, 2.0]), np.allclose([1.0, 3.0], x)) == (True, False)
    assert isinstance(np.allclose(x, x), bool)


def test_a_usual_training_loads_no_rules() -> None:
    code = (
        "import sys, numpy as np, minikeras as keras\n"
        "model = keras.Sequential([keras.layers.Dense(3, activation='relu'), keras.layers.Dense(1)])\n"
        "model.compile('adam', 'mse')\n"
        "model.fit(np.ones((64, 2)), np.ones((64, 1)), verbose=0)\n"
        "print('minikeras.ops.numpy_functions' in sys.modules)\n"
        "print(np.sum(keras.ops.ones((2, 3)), axis=0, initial=1.0).tolist())"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(keras.__file__).parents[1])}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert out.split("\n")[:2] == ["False", "[3.0, 3.0, 3.0]"]
