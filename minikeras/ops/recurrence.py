"""Recurrences: all steps of a cell as one primitive, with its backward pass through time.

Each step has a record: its inputs and the values of its gates, one below the other. A record has a column for each
sample, and its parts are contiguous: products write into them, and activations run on them in place. A record begins
with [h; 1; x]: the state, a row of ones and the input. One product with weights and biases gives the sums of all gates.
Several layers of one kind stand side by side, each with its own columns: one call then does all but the products.

The backward pass first computes the slopes of all gates for all steps at once. Then it goes back step by step for the
gradient of the state alone. The gradients of the weights and of the input are products over all steps.

With a mask, the unmasked inputs of each sample are moved to the front: a step need not look at the mask, and the run
ends with the longest sample. A sample that has no more goes on with zeros: inputs, the row of ones, and the state. Each
output is read from the record that the sample had reached by then.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, pairwise, repeat
from typing import Any, NamedTuple

import numpy as np

from .._base.pool import run_all
from .._base.typing import Array
from .._core.op import primitive
from .._core.tape import open_tapes
from .._core.tensor import Tensor
from .activation import SELU_ALPHA, SELU_SCALE, elu, leaky_relu, selu, softplus, softsign
from .arrays import ONE, ZERO, bare
from .creation import cast, ones_like, zeros
from .reduction import cumsum
from .shapes import concatenate, flip, reshape

SMALL_STATE = 2048
"""For states of up to so many numbers, most time goes into calling NumPy: two layers are faster when run as one."""
VANISHED = {"e": 0.0, "f": 1e-30, "d": 1e-300}
"""By dtype: gradients below this become 0 on their way back in time. With subnormal numbers arithmetic is slow."""
_HALF = {letter: np.full((), 0.5, letter) for letter in "fd"}


class Curve(NamedTuple):
    """An activation, `run(scale * x, out)`, and `slope(y, out)`, its derivative, computed from the result y."""

    scale: float
    run: Callable[[Array, Array], Any]
    slope: Callable[[Array, Array], Any]

    def __call__(self, x: Array, out: Array) -> None:
        """Write the activation of x, which may be `out`, there."""
        self.run(x if self.scale == 1 else np.multiply(x, self.scale, out), out)


def _sigmoid_of_twice(x: Array, out: Array) -> None:
    half = _HALF[x.dtype.char]
    np.add(np.multiply(np.tanh(x, out), half, out), half, out)


_STEEP = SELU_SCALE * SELU_ALPHA  # the slope of selu below 0


def _of(op: Callable[..., Any], slope: Callable[[Array], Array]) -> Curve:
    return Curve(1, lambda x, out: np.copyto(out, bare(op)(x)), lambda y, out: np.copyto(out, slope(y)))


CURVES = {
    "tanh": Curve(1, np.tanh, lambda y, out: np.subtract(ONE[y.dtype.char], np.multiply(y, y, out), out)),
    "sigmoid": Curve(0.5, _sigmoid_of_twice, lambda y, out: np.subtract(y, np.multiply(y, y, out), out)),
    "relu": Curve(1, lambda x, out: np.maximum(x, ZERO[x.dtype.char], out=out), np.sign),
    "linear": Curve(1, np.positive, lambda y, out: out.fill(1)),
    "hard_sigmoid": Curve(1 / 6, lambda x, out: np.clip(np.add(x, _HALF[x.dtype.char], out), 0, 1, out=out),
                          lambda y, out: np.divide((y > 0) & (y < 1), 6, out, casting="same_kind")),
    "elu": _of(elu, lambda y: np.minimum(y, 0) + 1),
    "selu": _of(selu, lambda y: np.minimum(y, 0) + _STEEP + np.multiply(y > 0, SELU_SCALE - _STEEP, dtype=y.dtype)),
    "leaky_relu": _of(leaky_relu, lambda y: np.multiply(y >= 0, 0.8, dtype=y.dtype) + 0.2),
    "softplus": _of(softplus, lambda y: -np.expm1(-y)),
    "softsign": _of(softsign, lambda y: np.square(1 - np.abs(y)))}  # fmt: skip


class Recurrence(NamedTuple):
    """The settings of a recurrence; `layers/recurrent_cells.py` has the formulas."""

    units: int  # size of the state
    kind: str  # "simple", "lstm", "gru" with the reset after the product, or "reset_first", a GRU without
    activation: str  # name in CURVES
    gate: str  # name of the gates' activation
    layers: int  # how many stand side by side
    whole: bool  # whether to return the states h of all steps, rather than the last
    cells: bool  # whether to return the last c of an LSTM as well

    @property
    def curves(self) -> tuple[Curve, Curve]:
        """The activation, and that of the gates."""
        return CURVES[self.activation], CURVES[self.gate]


def _parts(block: Array, n: int, *bounds: tuple[int, int]) -> Iterator[Any]:
    """Yield for each (start, stop), in multiples of n, these rows of every record; a shared one repeats one view."""
    parts = (block[..., start * n : stop * n, :] for start, stop in bounds)
    return parts if block.strides[0] or not block.size else (repeat(part[0]) for part in parts)


def _by_layer(block: Array, how: Recurrence) -> Array:
    """View (..., rows, columns of all layers) as (..., layers, rows, batch); with one layer, leave it as it is."""
    return block if how.layers == 1 else block.reshape(*block.shape[:-1], how.layers, -1).swapaxes(-2, -3)


def _multiplier(matrices: Array, drops: Any, back: bool = False) -> Callable[[Array, Array], object]:
    """Return a function (x, out) that writes the product of each layer's matrix and its columns of x to `out`.

    With dropout, each gate multiplies x by its own part of `drops`, (gates, rows, batch). `back` is for gradients.
    """
    matrices = np.ascontiguousarray(matrices)
    if drops is None:
        return partial(np.matmul, matrices) if len(matrices) > 1 else matrices[0].dot
    gates, dropped = len(drops), np.empty_like(drops)
    parts = np.stack(np.split(matrices[0], gates, 1 if back else 0))

    def forward(x: Array, out: Array) -> None:
        np.matmul(parts, np.multiply(x, drops, dropped), out.reshape(gates, len(out) // gates, -1))

    def backward(d: Array, out: Array) -> None:
        np.matmul(parts, d.reshape(gates, len(d) // gates, -1), dropped)
        np.add.reduce(np.multiply(dropped, drops, dropped), 0, out=out)

    return backward if back else forward


def _simple(h: list[Array], front: Array, rest: Array, weights: Array, drops: Any, how: Recurrence) -> Iterator[None]:
    curve, dot = CURVES[how.activation], _multiplier(weights.swapaxes(1, 2), drops)
    for x, h1, sums in zip(_by_layer(front, how), h[1:], _by_layer(front[1:, : how.units], how), strict=False):
        dot(x, sums)
        curve(h1, h1)
        yield


def _simple_back(state: Array, front: Array, rest: Array, d: Array, weights: Array, drops: Any,
                 how: Recurrence) -> Iterator[None]:  # fmt: skip
    n = how.units
    CURVES[how.activation].slope(front[1:, :n], d)
    dot, through = _multiplier(weights[:, :n], drops, True), _by_layer(state, how)
    for d_t, d_sums in zip(d[::-1], _by_layer(d, how)[::-1], strict=True):
        yield
        np.multiply(d_t, state, d_t)
        dot(d_sums, through)


def _lstm(h: list[Array], front: Array, rest: Array, weights: Array, drops: Any, how: Recurrence) -> Iterator[None]:
    """The rest of a record is o, i, f, g, c, and the activation of the next c."""
    (curve, gate), n = how.curves, how.units
    a = np.roll(weights.swapaxes(1, 2), n, 1)  # rows for o, i, f, g
    a[:, : 3 * n] *= gate.scale
    terms = np.empty((2 * n, front.shape[-1]), front.dtype)
    new, kept = terms[:n], terms[n:]
    usual = how.activation == "tanh" and how.gate == "sigmoid"
    parts = _parts(rest, n, (0, 4), (0, 3), (3, 4), (0, 1), (1, 3), (3, 5), (5, 6))
    dot, multiply, add, tanh, half = _multiplier(a, drops), np.multiply, np.add, np.tanh, _HALF[a.dtype.char]
    (c,), (into,), xs = _parts(rest[1:], n, (4, 5)), _parts(_by_layer(rest, how), n, (0, 4)), _by_layer(front, how)
    for x, to, h1, c1, sums, gates, g, o, i_f, g_c, curve_c in zip(xs, into, h[1:], c, *parts, strict=False):
        dot(x, to)
        if usual:  # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, so that one tanh is enough for all four
            tanh(sums, sums)
            multiply(gates, half, gates)
            add(gates, half, gates)
        else:
            gate.run(gates, gates)
            curve(g, g)
        multiply(i_f, g_c, terms)
        add(new, kept, c1)
        tanh(c1, curve_c) if usual else curve(c1, curve_c)
        multiply(o, curve_c, h1)
        yield


def _lstm_back(state: Array, front: Array, rest: Array, d: Array, weights: Array, drops: Any,
               how: Recurrence) -> Iterator[None]:  # fmt: skip
    """Go back through `_lstm`; the parts of d are for the sums of i, f, g, o, and for the path from h to c."""
    (curve, gate), n = how.curves, how.units
    o, i_f, i, f, g, g_c, curve_c = _parts(rest[:-1], n, (0, 1), (1, 3), (1, 2), (2, 3), (3, 4), (3, 5), (5, 6))
    d_if, d_ifg, d_g, d_o, d_all, d_c, d_h = _parts(d, n, (0, 2), (0, 3), (2, 3), (3, 4), (0, 4), (4, 5), (3, 5))
    passed = (gate, i_f, g_c, d_if), (curve, g, i, d_g), (gate, o, curve_c, d_o), (curve, curve_c, o, d_c)
    for act, y, factor, slope in passed:
        act.slope(y, slope)
        np.multiply(slope, factor, slope)
    dot, dh, dc = _multiplier(weights[:, :n], drops, True), state[:n], state[n:]
    through, d_all = _by_layer(dh, how), _by_layer(d_all, how)
    d_ifg, d_h = (x.reshape(len(d), count, *dh.shape) for x, count in ((d_ifg, 3), (d_h, 2)))
    for of_h, of_c, from_h, f_t, d_t in zip(*(x[::-1] for x in (d_h, d_ifg, d_c, f, d_all)), strict=True):
        yield
        np.multiply(of_h, dh, of_h)
        np.add(dc, from_h, dc)
        np.multiply(of_c, dc, of_c)
        np.multiply(dc, f_t, dc)
        dot(d_t, through)


def _gru(h: list[Array], front: Array, rest: Array, weights: Array, drops: Any, how: Recurrence) -> Iterator[None]:
    """The rest of a record is p, z, r, q: q is the new state, p the product of h for it, which r multiplies.

    With the reset first, p is the new state, and q is r * h, which is multiplied for it.
    """
    (curve, gate), n, xs, first = how.curves, how.units, _by_layer(front, how), how.kind == "reset_first"
    a, spare = (weights if first else np.delete(weights, n, 1)).swapaxes(1, 2).copy(), np.empty_like(h[0])
    (p, q), (to_sums, of_q) = _parts(rest, n, (0, 1), (3, 4)), _parts(_by_layer(rest, how), n, (0, 3), (3, 4))
    if first:
        product = _multiplier(a[:, 2 * n :, :n].copy(), drops if drops is None else drops[:1, :n])
        a[:, 2 * n :, :n] = 0
        parts: Any = h, q, of_q, repeat(_by_layer(spare, how)), p
    else:
        dropped = drops if drops is None else drops[:1, n:]
        product = _multiplier(np.delete(weights[:, n:, 2 * n :], 1, 1).swapaxes(1, 2), dropped)  # bias of two, kernel
        a[:, 2 * n :, n + 1 :] = 0
        a[:, : 2 * n, n] += weights[:, n, : 2 * n]
        parts = p, repeat(spare), xs[..., n:, :], of_q, q
    a[:, : 2 * n] *= gate.scale
    dot, gates = _multiplier(np.roll(a, n, 1), drops), _parts(rest, n, (1, 3), (1, 2), (2, 3))
    for x, sums, z_r, z, r, h0, h1, *step in zip(xs, to_sums, *gates, h, h[1:], *parts, strict=False):
        factor, reset, into, out, new = step
        dot(x, sums)
        gate.run(z_r, z_r)
        np.multiply(r, factor, reset)
        product(into, out)
        np.add(new, spare, new)
        curve(new, new)
        np.subtract(h0, new, h1)
        np.multiply(h1, z, h1)
        np.add(h1, new, h1)
        yield


def _gru_back(state: Array, front: Array, rest: Array, d: Array, weights: Array, drops: Any,
              how: Recurrence) -> Iterator[None]:  # fmt: skip
    """Go back through `_gru`; the parts of d are for p, z, r, and the new state."""
    (curve, gate), n = how.curves, how.units
    inner, z, r, new = _parts(rest[:-1], n, (0, 1), (1, 2), (2, 3), (3, 4))
    d_inner, d_gates, d_z, d_r, d_new = _parts(d, n, (0, 1), (1, 3), (1, 2), (2, 3), (3, 4))
    gate.slope(rest[:-1, n : 3 * n], d_gates)
    np.multiply(d_z, np.subtract(front[:-1, :n], new, d_inner), d_z)
    curve.slope(new, d_new)
    np.multiply(d_new, np.subtract(ONE[z.dtype.char], z, d_inner), d_new)
    np.multiply(d_r, np.multiply(inner, d_new, d_inner), d_r)
    np.multiply(r, d_new, d_inner)
    dot, through = _multiplier(np.roll(weights[:, :n], n, 2), drops, True), np.empty_like(state)
    to, sums = _by_layer(through, how), _by_layer(d, how)[::-1, ..., : 3 * n, :]
    for d_t, d_sums, z_t in zip(d.reshape(len(d), 4, *state.shape)[::-1], sums, z[::-1], strict=True):
        yield
        np.multiply(d_t, state, d_t)
        dot(d_sums, to)
        np.multiply(state, z_t, state)
        np.add(state, through, state)


def _reset_first_back(state: Array, front: Array, rest: Array, d: Array, weights: Array, drops: Any,
                      how: Recurrence) -> Iterator[None]:  # fmt: skip
    """Go back through `_gru` with the reset first; the parts of d are for z, r, and the new state."""
    (curve, gate), n, h = how.curves, how.units, front[:-1, : how.units]
    new, z, r = _parts(rest[:-1], n, (0, 1), (1, 2), (2, 3))
    (d_z, d_r, d_new), each = _parts(d, n, (0, 1), (1, 2), (2, 3)), d.reshape(len(d), 3, *state.shape)
    gate.slope(rest[:-1, n : 3 * n], d[:, : 2 * n])
    np.multiply(d_z, h - new, d_z)
    np.multiply(d_r, h, d_r)
    curve.slope(new, d_new)
    np.multiply(d_new, ONE[z.dtype.char] - z, d_new)
    of_gates, of_new = (drops, drops) if drops is None else (drops[:2], drops[2:])
    dot, of_reset = (_multiplier(weights[:, :n, cut], of, True)
                     for cut, of in ((slice(2 * n), of_gates), (slice(2 * n, None), of_new)))  # fmt: skip
    through, inner = np.empty_like(state), np.empty_like(state)
    to, to_inner, sums = (_by_layer(block, how) for block in (through, inner, d))
    steps = (x[::-1] for x in (each[:, ::2], d_r, r, z, *_parts(sums, n, (0, 2), (2, 3))))
    for d_z_new, d_r_t, r_t, z_t, of_z_r, of_h in zip(*steps, strict=True):
        yield
        np.multiply(d_z_new, state, d_z_new)
        of_reset(of_h, to_inner)
        np.multiply(d_r_t, inner, d_r_t)
        dot(of_z_r, to)
        np.multiply(state, z_t, state)
        np.add(state, through, state)
        np.multiply(inner, r_t, inner)
        np.add(state, inner, state)


class Kind(NamedTuple):
    """How a recurrence is run: two generators, and the layout of their arrays in multiples of the units.

    `forward` runs the next step each time it is resumed. `backward` first writes the slopes of all gates to d. Each
    time it is resumed, it goes one step back: it multiplies d by the state's gradient, and updates that in place.
    """

    forward: Callable[..., Iterator[None]]
    backward: Callable[..., Iterator[None]]
    rest: int  # rows of a record below [h; 1; x]
    slopes: int  # rows of d
    first: int  # the first row of d that belongs to a column of the kernel
    states: int  # parts of the state: 2 for h and c


KINDS = {"simple": Kind(_simple, _simple_back, 0, 1, 0, 1), "lstm": Kind(_lstm, _lstm_back, 6, 5, 0, 2),
         "gru": Kind(_gru, _gru_back, 4, 4, 1, 1),
         "reset_first": Kind(_gru, _reset_first_back, 4, 3, 0, 1)}  # fmt: skip


def _columns(drops: Any, rows: slice, last_first: bool = False) -> Any:
    """Return dropout's factors for some rows of [h; 1; x], (gates, rows, batch), the last gate first if asked."""
    return drops if drops is None else np.roll(drops, last_first, 1)[..., rows].transpose(1, 2, 0).copy()


@primitive(lambda g, y, x, places, others: bare(_moved)(g, others, places), None, None)  # type: ignore[has-type]
def _moved(x: Array, places: Any, others: Any) -> Array:
    """Move the inputs at some places of x, (columns, steps, features), to others of each column, among zeros."""
    y = np.zeros_like(x)
    y[others] = x[places]
    return y


@primitive(None, None, None, None, None, optional=True, stepwise=True)
def _records(x: Array, reached: Any, state: Array, weights: Array, drops: Any, how: Recurrence, kept: bool,
             out: Array | None = None) -> Array:  # fmt: skip
    """Run all steps and return their records, (steps + 1, rows, batch): [h; 1; x] alone unless `kept`. See `recur`."""
    (_, steps, features), n, kind, batch = x.shape, how.units, KINDS[how.kind], len(state)
    rows, further = n + 1 + features, kind.rest * n
    out = np.empty((steps + 1, rows + further * kept, batch), x.dtype) if out is None else out
    front, rest = out[:, :rows], out[:, rows:]
    if not kept:
        one = np.empty((1, further, batch), x.dtype)
        rest = np.lib.stride_tricks.as_strided(one, (steps + 1, further, batch), (0, *one.strides[1:]))
    out[-1] = 0
    lengths = np.full(1, steps) if reached is None else reached[:, -1]
    front[:-1, n] = lengths > np.arange(steps)[:, None]
    np.multiply(x.transpose(1, 2, 0), front[:-1, n : n + 1], front[:-1, n + 1 :])
    parts = [*front[:, :n]], *([[*rest[:, 4 * n : 5 * n]]] if kind.states > 1 else [])
    for part, start in zip(parts, np.split(state, kind.states, 1), strict=True):
        part[0][...] = start.T
    run = kind.forward(parts[0], front, rest, weights, _columns(drops, slice(None), last_first=True), how)
    shortest, stop = lengths.min(initial=steps), min(lengths.max(initial=0) + 2, steps)
    for t in range(stop):
        next(run)
        if t >= shortest:
            for part in parts:
                np.multiply(part[t + 1], front[t, n], part[t + 1])
    out[stop:-1] = out[stop - 1]  # two steps after the last input all records are alike
    return out


def _not_twice(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("The gradient of a recurrent layer can be differentiated only if two GradientTapes were "
                              "open when it was called. Open two, even if one is persistent.")  # fmt: skip


def _outer(g: Array, reached: Any, how: Recurrence, count: int) -> dict[int, Array]:
    """Return the gradient of what `recur` returns by the number of the record it is read from, (rows, batch)."""
    n, of_h, of_c = how.units, g[:, : -1 if how.cells else None], g[:, -1]
    if reached is None or np.all(reached[:, -1] == count - 1):
        outer = dict(enumerate(np.ascontiguousarray(of_h.transpose(1, 2, 0)), count - of_h.shape[1]))
        return outer | {count - 1: np.concatenate([outer[count - 1], of_c.T])} if how.cells else outer
    read = reached[:, -of_h.shape[1] :]
    firsts = np.diff(read, prepend=-1) != 0  # of the outputs that are read from one record
    block = np.zeros((count, (1 + how.cells) * n, len(g)), g.dtype)
    block[read[firsts], :n, firsts.nonzero()[0]] = np.add.reduceat(of_h.reshape(-1, n), np.flatnonzero(firsts), 0)
    if how.cells:
        block[read[:, -1], n:, np.arange(len(g))] = of_c
    return {record: block[record] for record in np.unique(read).tolist()}


@primitive(_not_twice, _not_twice, _not_twice, None, None, optional=True, stepwise=True)
def _passed_on(g: Array, records: Array, weights: Array, reached: Any, drops: Any, how: Recurrence,
               out: Array | None = None) -> Array:  # fmt: skip
    """Go back through all steps; return the gradients of the gates' sums, (steps + 1, rows, batch).

    `g` is the gradient of what `recur` returns. The last entry begins with the gradient of the initial state.
    """
    n, kind, (count, _, batch) = how.units, KINDS[how.kind], records.shape
    out = np.empty((count, kind.slopes * n, batch), records.dtype) if out is None else out
    outer, state = _outer(g, reached, how, count), np.zeros((kind.states * n, batch), records.dtype)
    rows, last = records.shape[1] - kind.rest * n, max(1, *outer)
    of_h, of_rest = records[: last + 1, :rows], records[: last + 1, rows:]
    drops = _columns(drops, slice(n), last_first=how.kind == "gru")
    run = kind.backward(state, of_h, of_rest, out[:last], weights, drops, how)
    next(run, None)
    for t in range(last, -1, -1):
        if t % 16 == 1:  # now and then is enough to keep vanishing gradients from becoming subnormal
            state[np.abs(state) < VANISHED[state.dtype.char]] = 0
        if t in outer:
            part = state[: len(outer[t])]
            np.add(part, outer[t], part)
        next(run, None)
    out[last:] = 0
    out[-1, : len(state)] = state
    return out


@primitive(_not_twice, _not_twice, None, None, optional=True)
def _weight_gradient(d: Array, records: Array, weights: Array, drops: Any, how: Recurrence,
                     out: Array | None = None) -> Array:  # fmt: skip
    """The gradient of the weights, from that of the gates' sums: a product summed over steps and batch."""
    n, (count, k, columns), by_gate = how.units, weights.shape, _columns(drops, slice(None))
    out = np.empty_like(weights) if out is None else out
    halves = [columns // 2] if count == 1 < columns else []  # one for each of two threads
    middle = [2 * n] if how.kind in ("gru", "reset_first") else halves
    ends = [0, *middle, columns] if by_gate is None else range(0, columns + 1, n)

    def multiply(total: Array, rows: Any, record: Array, of: slice, d_sums: Array, drop: Any) -> None:
        inputs = record[:, of] if drop is None else record[:, of] * drop[of]
        inputs, d_sums = (block.transpose(1, 0, 2).reshape(block.shape[1], -1) for block in (inputs, d_sums))
        total[rows] = np.dot(d_sums, inputs.T).T  # BLAS is faster with many rows first

    tasks: list[Any] = []  # arguments of `multiply`
    of_h, of_x = [*range(n), n + 1], [n, *range(n + 2, k)]  # rows of the two kernels of a GRU, each with its bias
    for total, record, d_sums in zip(out, *(np.split(block[:-1], count, -1) for block in (records, d)), strict=True):
        for (start, stop), drop in zip(pairwise(ends), repeat(None) if by_gate is None else by_gate, strict=False):
            part = total[:, start:stop]
            if how.kind == "reset_first" and start == 2 * n:
                tasks.append((part, slice(n), record[:, k + 3 * n :], slice(n), d_sums[:, start:], drop))
                tasks.append((part, slice(n, None), record, slice(n, k), d_sums[:, start:], drop))
            elif how.kind != "gru":
                tasks.append((part, slice(None), record, slice(k), d_sums[:, start:stop], drop))
            elif start < 2 * n:  # z and r: both biases have the same gradient, copied below
                tasks.append((part, of_h + of_x[1:], record, slice(k - 1), d_sums[:, n + start : n + stop], drop))
            else:  # the new state has two sums, one for each kernel
                tasks.append((part, of_h, record, slice(n + 1), d_sums[:, :n], drop))
                tasks.append((part, of_x, record, slice(n, k - 1), d_sums[:, 3 * n :], drop))
    run_all([partial(multiply, *task) for task in tasks], weights[0].size * d[:, 0].size)
    if how.kind == "gru":
        out[:, n, : 2 * n] = out[:, n + 1, : 2 * n]
    return out


@primitive(_not_twice, _not_twice, None, optional=True)
def _input_gradient(d: Array, weights: Array, drops: Any, features: int, how: Recurrence) -> Array:
    """The gradient of the input, (columns, steps, features), from that of the gates' sums."""
    first, half = KINDS[how.kind].first * how.units, len(d) // 2
    d_sums, kernels = d[:-1, first : first + weights.shape[2]], weights[:, -features:]
    out = np.empty((len(d_sums), d_sums.shape[-1], features), d.dtype)
    parts = zip(kernels, np.split(d_sums, how.layers, -1), np.split(out, how.layers, 1), strict=True)
    if drops is None:
        tasks = [partial(np.matmul, part[cut].swapaxes(1, 2), kernel.T, y[cut])
                 for kernel, part, y in parts for cut in (slice(half), slice(half, None))]  # fmt: skip
        run_all(tasks, out.size * weights.shape[2])
    else:
        multiply = _multiplier(kernels, _columns(drops, slice(-features, None)), back=True)
        for part, y in zip(d_sums, out, strict=True):
            multiply(part, y.T)
    return out.swapaxes(0, 1)


@primitive(
    None, lambda d, y, records, x, state, weights, reached, drops, how:
        bare(_input_gradient)(d, weights, drops, np.shape(x)[-1], how),
    lambda d, y, records, x, state, *_: np.transpose(d[-1, : np.shape(state)[1]]),
    lambda d, y, records, x, state, weights, reached, drops, how:
        bare(_weight_gradient)(d, records, weights, drops, how), None, None,
    common=lambda g, y, records, x, state, weights, reached, drops, how:
        bare(_passed_on)(g, records, weights, reached, drops, how), optional=True)  # fmt: skip
def _outputs(records: Array, x: Array, state: Any, weights: Array, reached: Any, drops: Any, how: Recurrence,
             out: Array | None = None) -> Array:  # fmt: skip
    """What `recur` returns, read from the records."""
    steps, n = len(records) - 1 if how.whole else 1, how.units
    out = np.empty((records.shape[-1], steps + how.cells, n), records.dtype) if out is None else out
    columns = np.arange(len(out))
    if reached is None or np.all(reached[:, -1] == len(records) - 1):
        out[:, :steps] = records[-steps:, :n].transpose(2, 0, 1)
    else:
        out[:, :steps] = records[reached[:, -steps:], :n, columns[:, None]]
    if how.cells:
        out[:, -1] = records[-1 if reached is None else reached[:, -1], -2 * n : -n, columns]
    return out


def recur(x: Any, mask: Any, state: Any, cells: Sequence[Any], backwards: Sequence[bool], how: Recurrence,
          drops: Any = None) -> Tensor:  # fmt: skip
    """Return the states h of all steps, or of the last, followed by the last c if asked: (batch, steps, units).

    Args:
        x: Input, (batch, steps, features), floats of one dtype with the weights.
        mask: Bools, (batch, steps): where False the state stays; None for no mask.
        state: h, or h and c side by side, (batch, units or 2 units); the batches of several layers follow each other.
        cells: A cell for each layer, with a `kernel`, a `recurrent_kernel`, and a `bias` or None.
        backwards: For each layer, whether it starts with the last step. Its results are in this order.
        how: See `Recurrence`.
        drops: Dropout's factors for [h; 1; x] in each gate, (batch, gates, rows); None without. For one layer only.
    """
    columns = np.shape(cells[0].recurrent_kernel)[1]
    none = zeros((1 + (how.kind == "gru"), columns), cells[0].kernel.dtype)
    biases = [none if cell.bias is None else reshape(cell.bias, (-1, columns)) for cell in cells]
    parts = [(cell.recurrent_kernel, bias, cell.kernel) for cell, bias in zip(cells, biases, strict=True)]
    weights = reshape(concatenate([*chain(*parts)], 0), (len(cells), -1, columns))
    narrow = x.dtype == "float16"  # NumPy computes these number by number
    if narrow:
        x, state, weights, drops = (v if v is None else cast(v, "float32") for v in (x, state, weights, drops))
    x, reached = _each_way(x, backwards), None
    if mask is not None:
        unmasked = _each_way(mask, backwards)
        reached = cumsum(cast(unmasked, "int32"), 1)
        x = _moved(x, unmasked, cumsum(ones_like(reached), 1) <= reached[:, -1:])
    kept = how.cells or bool(open_tapes())
    y = _outputs(_records(x, reached, state, weights, drops, how, kept), x, state, weights, reached, drops, how)
    return cast(y, "float16") if narrow else y


def _each_way(x: Tensor, backwards: Sequence[bool]) -> Tensor:
    """Return x as each layer runs over it, (columns, steps, ...)."""
    ways = [flip(x, 1) if back else x for back in backwards]
    return concatenate(ways, 0) if len(ways) > 1 else ways[0]
