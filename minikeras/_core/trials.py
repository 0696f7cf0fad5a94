"""Shape inference by trial runs of a function on zeros: what sizes to try, how large a run may be, and hiding it."""

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dis import get_instructions
from io import StringIO
from itertools import chain, combinations, product, repeat, zip_longest
from threading import local
from typing import Any, Self, TextIO, cast

import numpy as np

from .._base.context import context, undone
from .._base.nested import leaves, map_structure
from .._base.typing import PartialShape
from .tensor import Tensor, TensorOps, any_symbolic, stop_recording


class Trials:
    """Runs of a function on zeros in place of symbolic tensors. For `sizes` see `_zeros`."""

    def __init__(self, function: Callable[..., Any], arguments: list[Any]) -> None:
        self._function, self._arguments = function, arguments
        self._printed: list[str] = []
        """What each run printed."""
        self._unbuilt_calls: dict[Any, list[tuple[list[tuple[str, object]], Any]]] = {}
        """Models that are not built yet -> their calls in the runs that worked: the name scopes and the input shape."""

    def two_results(self) -> list[Any]:
        """Return the results of two runs with other sizes, and build models as these call them; or raise an error."""
        shapes = [x.shape for x in leaves(self._arguments) if any_symbolic([x])]
        tries = trial_sizes(shapes)
        results: list[Any] = []
        errors: list[Exception] = []
        batches: list[int] = []
        for batch, others in tries:
            try:
                results.append(self._run(batch, others))
                batches.append(batch)
            except Exception as error:
                errors.append(error)
            if len(results) == 2:
                break
        if len(results) < 2 and (paired := paired_sizes(shapes, self._works)):
            results = self._run_both(*paired)
        if len(results) < 2:
            # Some functions take multiples of one batch size, others only that size.
            for size, times in product((*batches, *sizes_in_sight(errors[0], shapes)), (2, 1)):
                with suppress(Exception):
                    results = self._run_both((size, tries[0][1]), (size * times, tries[1][1]))
                    break
            else:
                print_once(self._printed[:2])
                raise without_sizes(errors[0], errors[-1])
        print_once(self._printed[-2:])
        for model, calls in self._unbuilt_calls.items():
            (scopes, first), (_, other) = calls[0], calls[len(calls) // 2]  # the first one in each run
            with context.having(scopes=scopes):
                model.build(common_shape(first, other))
        return results

    def _run(self, *sizes: int) -> Any:
        """Return the result for zeros of these sizes."""
        args, kwargs = _zeros(self._arguments, sizes)
        with HeldPrints() as held, context.having(unbuilt_calls={}):
            try:
                result = run_dry(self._function, args, kwargs, len(self._printed) + 1)
            finally:
                self._printed.append(held.text.getvalue())
            for model, calls in (context.unbuilt_calls or {}).items():
                self._unbuilt_calls.setdefault(model, []).extend(calls)
            return result

    def _works(self, *sizes: int) -> bool:
        with suppress(Exception):
            self._run(*sizes)
            return True
        return False

    def _run_both(self, one: Sequence[int], other: Sequence[int]) -> list[Any]:
        """Return the results of two runs, and let only their calls build models."""
        self._unbuilt_calls.clear()
        return [self._run(*one), self._run(*other)]


def run_dry(function: Callable[..., Any], args: Any, kwargs: Any, dry: int = 1) -> Any:
    """Run a function without lasting effects."""
    with undone(dry), stop_recording(), np.errstate(all="ignore"):
        return function(*args, **kwargs)


def _zeros(arguments: Any, sizes: tuple[int, ...]) -> Any:
    """Return arguments with zeros in place of symbolic tensors.

    `sizes` are the size for unknown first axes, then sizes for other unknown axes, the last one for all further ones.
    """
    others = chain(sizes[1:], repeat(sizes[-1]))

    def zeros(x: Any) -> Any:
        if not any_symbolic([x]):
            return x
        shape = filled(x.shape, sizes[0], others)
        if context.loading is not None:
            context.loading.spend(math.prod(shape))
        return zero(shape, x.dtype, sizes[0])

    return map_structure(zeros, arguments)


def zero(shape: Sequence[int], dtype: str, words: int = 1) -> Tensor:
    """Return zeros, or texts of a number of words, so that results which depend on their length differ between runs."""
    return Tensor(np.full(shape, "a " * words) if dtype == "string" else np.zeros(shape, dtype))


def common_shape(a: PartialShape, b: PartialShape) -> PartialShape:
    """Return the sizes that two shapes share, None where they differ."""
    return tuple(m if m == n else None for m, n in zip(a, b, strict=True))


def trial_sizes(shapes: Sequence[PartialShape]) -> list[tuple[int, int]]:
    """Return sizes to try for unknown axes, as pairs: the size of a first axis, and the size of other axes.

    The first two pairs that work show which sizes of the result are fixed. Sizes are even, because a batch may be split
    in halves. Some are large, for windows and indices, and some small, for tables of few positions.
    """
    unknown = max((sum(n is None for n in shape[1:]) for shape in shapes), default=0)
    if not unknown:
        return [(2, 2), (4, 4)]
    large = 60 if unknown < 3 else 12  # a volume then has as many numbers as an image
    return [(2, 2), (4, large), (6, 2 * large), (4, 4)]


def filled(shape: PartialShape, first: int, others: Iterator[int]) -> list[int]:
    """Return a shape with sizes in place of None: `first` for the first axis, the next of `others` for another."""
    return [n if n is not None else next(others) if axis else first for axis, n in enumerate(shape)]


def paired_sizes(shapes: Sequence[PartialShape], works: Callable[..., bool]) -> list[tuple[int, ...]]:
    """Return the sizes of two trials in which unknown sizes equal a known size that they must fit; [] if none works.

    Each has the size of the first axis, then one for each other unknown axis. In the second trial, axes that need not
    equal the known size differ from it. `works` returns whether a trial with given sizes works.
    """
    count = sum(n is None for shape in shapes for n in shape[1:])
    known = sorted({n for shape in shapes for n in shape[1:] if n}) if count else []
    for n in known:
        if all(math.prod(filled(shape, 4, repeat(n + 2))) <= MOST_NUMBERS for shape in shapes):
            sizes = [n] * count
            if works(2, *sizes):
                for group in chain(*(combinations(range(count), k) for k in range(1, 5))):  # some may have to be equal
                    raised = [n + 2 if i in group else size for i, size in enumerate(sizes)]
                    sizes = raised if all(sizes[i] == n for i in group) and works(4, *raised) else sizes
                return [(2, *[n] * count), (4, *sizes)]
    return []


MOST_NUMBERS = 1 << 24
"""The most numbers in a batch of a trial."""


def sizes_in_sight(error: Exception, shapes: Sequence[PartialShape]) -> list[int]:
    """Return batch sizes that a function may insist on, innermost first; none if the batch size is known.

    They are sizes of arrays, numbers, and how many rows fill a shape, in the functions that an error came through.
    """
    if not any(shape[:1] == (None,) for shape in shapes):
        return []
    sizes: list[Any] = []
    row = max(1, *(math.prod(filled(shape, 1, repeat(2))) for shape in shapes))
    trace = error.__traceback__
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        constants = (i.argval for i in get_instructions(frame.f_code) if i.opname in ("LOAD_CONST", "LOAD_SMALL_INT"))
        for x in (*constants, *frame.f_locals.values()):
            for part in leaves(x) if isinstance(x, tuple | list) and len(x) < 8 else [x]:
                sizes += part.shape if isinstance(part, TensorOps | np.ndarray) else [part]
            if isinstance(x, tuple | list) and 1 < len(x) < 8 and all(type(n) is int for n in x):
                sizes.append(math.lcm(math.prod(x), row) // row)
    return [*dict.fromkeys(n for n in reversed(sizes) if type(n) is int and 0 < n <= MOST_NUMBERS // row)][:16]


class HeldPrints:
    """Within it, what this thread prints is held back, until it flushes it, as a debugger does; all else goes on."""

    _latest = local()  # of each thread, the stream that it wrote to
    _out: Any = None

    def __enter__(self) -> Self:
        self.text: StringIO = StringIO()
        self._own: Any = local()
        self._own.holds = True  # in this thread, and in none that a forked process starts
        self._out = sys.stdout
        if self._out is not None:  # it is None without a console
            sys.stdout = cast(TextIO, self)
        return self

    def __exit__(self, *_: object) -> None:
        self._own = None
        while isinstance(out := cast(Any, sys.stdout), HeldPrints) and out._own is None:  # threads may end in any order
            sys.stdout = out._out

    def write(self, text: str) -> int:
        """Hold back a text, or show it if another thread prints it."""
        length = (self.text if hasattr(self._own, "holds") else self._out).write(text)
        self._latest.stream = self  # which `print` goes on to use, but does not hold (CPython issue 130163)
        return cast(int, length)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.text if name == "writelines" and hasattr(self._own, "holds") else self._out, name)

    def flush(self) -> None:
        """Show what was held back."""
        if hasattr(self._own, "holds"):
            self._out.write(self.text.getvalue())
            self.text = StringIO()
        self._out.flush()


def print_once(texts: list[str]) -> None:
    """Print what two runs printed, only once if they differ only in numbers."""
    if any(texts):
        sys.stdout.write(_agreed(*texts) or "".join(texts))


def _agreed(text: str, other: str) -> str | None:
    """Return a text with None in place of numbers that differ from another text; None if more differs."""
    one, two = re.split(r"(\d+)", text), re.split(r"(\d+)", other)
    if one[::2] != two[::2]:
        return None
    return "".join(x if x == y else "None" for x, y in zip(one, two, strict=True))


def without_sizes(error: Exception, other: Exception) -> Exception:
    """Return an error without the numbers that differ from the error of another run."""
    texts = [arg for e in (error, other) for arg in e.args[:1] if isinstance(arg, str)]
    if type(error) is type(other) and len(texts) == 2:
        error.args = (_agreed(*texts) or texts[0], *error.args[1:])
    notes, others = (getattr(e, "__notes__", []) for e in (error, other))
    if len(notes) == len(others):
        notes[:] = [_agreed(note, of_other) or note for note, of_other in zip(notes, others, strict=True)]
    return error


_SIZES = ["shape", "pad_width", "repeats", "num_classes", "num_tokens", "num_samples", "minlength", "bins", "size", "n",
          "num"]  # fmt: skip
"""Settings of ops that determine the size of the result."""
_PRODUCTS = ["dot", "einsum", "tensordot", "inner", "outer", "kron", "vdot", "meshgrid"]
"""Ops whose results may have one number for each pair of input numbers."""
_COSTLY = ["fft", "fft2", "ifft2", "rfft", "irfft", "stft", "istft"]
"""Ops that are computed in complex128, at some 32 times the cost."""


def most_numbers(name: str, settings: Mapping[str, Any], shapes: Sequence[PartialShape]) -> int:
    """Return how many numbers an op works on at most in a trial run for tensors of these shapes."""
    first, others = trial_sizes(shapes)[1]
    tried = [filled(shape, first, repeat(others)) for shape in shapes]
    sizes = [math.prod(shape) for shape in tried]
    given = (x for key in _SIZES for x in leaves(settings.get(key)))
    named = [n for n in leaves([x.tolist() if isinstance(x, np.ndarray) else x for x in given]) if type(n) is int and n]
    spread: int = math.prod(map(max, zip_longest(*(shape[::-1] for shape in tried), fillvalue=1)))
    if name == "matmul":
        return spread // max(1, *tried[0][-1:]) * max(1, *tried[-1][-1:])
    if name == "einsum" and "." not in settings["subscripts"]:
        *inputs, output = settings["subscripts"].replace("->", ",").replace(" ", "").split(",")
        letters = dict(zip("".join(inputs), (n for shape in tried for n in shape), strict=False))
        return math.prod(letters.get(letter, 1) for letter in output)
    if name == "pad":
        return math.prod(n + sum(named) for n in tried[0])
    most = math.prod(sizes) if name in _PRODUCTS else max(sum(sizes) * abs(math.prod(named)), spread)
    return most * 32 if name in _COSTLY else most


def broadcast(shapes: Sequence[PartialShape]) -> PartialShape:
    """Return the broadcast shape; an axis is None if a size is unknown and no other is larger than 1."""
    common: list[int | None] = []
    for sizes in zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1):
        larger = {n for n in sizes if n not in (1, None)}
        if len(larger) > 1:
            raise ValueError(f"tensors of the shapes {shapes} cannot be broadcast together")
        common.append(larger.pop() if larger else None if None in sizes else 1)
    return tuple(common[::-1])
