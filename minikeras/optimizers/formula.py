"""An optimizer's rule is a formula, a plain function of arrays, compiled once to NumPy calls that work in place.

The compiler calls the formula with `Symbol`s, which note the operations. Each operation becomes one call, in the order
written. Its result goes over values that are no longer needed: the old ones of the parameters or the slot that it is the
new value of, else those of an operand, else a scratch array. Where a result goes does not change its bits.

Example:
    >>> def momentum(p, g, v, *, rate, beta):
    ...     step = g * rate
    ...     v = v * beta - step
    ...     return p + v, v
    >>> print(write_source(momentum, slots=1)[0])
    def rule(k, p, g, scratch_1, scratch_2, v):
        rate, beta, = k
        multiply(g, rate, g)
        multiply(v, beta, v)
        subtract(v, g, v)
        add(p, v, p)
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .._signature import parameters

Rule: TypeAlias = Callable[..., None]
"""Change flat arrays of one size in place, given (constants, parameters, gradients, scratch, scratch, *slots)."""

SCRATCH = ("scratch_1", "scratch_2")
"""Arrays for results; a third one has not been needed."""


class Symbol(NDArrayOperatorsMixin):
    """A value in a formula: an argument, or the result of an operation, which becomes the last one of `trace`.

    Attributes:
        place: Name of the array that holds the value.
        uses: How many operations, and results of the formula, have yet to read it.
    """

    def __init__(self, trace: list["Symbol"], place: str = "", ufunc: Any = None, operands: Any = ()) -> None:
        self.trace, self.place, self.ufunc, self.operands = trace, place, ufunc, operands
        self.uses: int = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        for operand in operands:
            operand.uses += 1
        self.trace.append(Symbol(self.trace, "", ufunc, operands))
        return self.trace[-1]


def compile_formula(formula: Callable[..., Any], slots: int) -> Rule:
    """Return the function that does in place what a formula says, to the bit.

    Args:
        formula: Takes parameters p, gradients g and slots by position, constants by keyword. Returns the new values of
            p and of the slots, in this order; those of slots beyond the number of `slots` are left out.
        slots: Number of slots that there are.

    Raises:
        ValueError: if more than two scratch arrays are needed.

    Example:
        >>> p, g, scratch = np.array([1.0, 2.0]), np.array([4.0, 4.0]), np.empty(2)
        >>> compile_formula(lambda p, g, *, rate: (p - g * rate,), slots=0)([np.array(0.5)], p, g, scratch, scratch)
        >>> p
        array([-1.,  0.])
    """
    return _function(*write_source(formula, slots))


def write_source(formula: Callable[..., Any], slots: int) -> tuple[str, tuple[Any, ...]]:
    """Return the source of `compile_formula`'s function, and the ufuncs that it calls."""
    known = parameters(formula)
    p, g, *names = (*known.positional, *(f"slot_{i}" for i in range(slots)))[: 2 + slots]
    trace: list[Symbol] = []
    constants = {name: Symbol(trace, name) for name in known.keyword_only}
    values = formula(*(Symbol(trace, name) for name in (p, g, *names)), **constants)
    results = {name: +x if x.place else x for name, x in zip((p, *names), values, strict=False)}
    homes = {id(x): name for name, x in results.items()}
    for x in results.values():
        x.uses += 1
    lines = [f"def rule(k, {', '.join((p, g, *SCRATCH, *names))}):", f"{', '.join(constants)}, = k"]
    free = [*SCRATCH]
    for step in trace:
        home, reads = homes.get(id(step)), [operand.place for operand in step.operands]
        for operand in step.operands:
            operand.uses -= 1
            if not operand.uses and operand.place not in constants:
                free.insert(0, operand.place)
        over = reads if home is None else []  # a result must not take the place of another
        places = [place for place in (home, *reads, *free) if place in free and place in (home, *over, g, *SCRATCH)]
        if not places:
            raise ValueError(f"A formula may need {len(SCRATCH)} scratch arrays. {formula.__qualname__} needs more.")
        step.place = places[0]
        free.remove(step.place)
        keyword = "out=" * (step.ufunc in (np.maximum, np.minimum))  # NumPy 2.4 warns of a positional `out` there
        lines.append(f"{step.ufunc.__name__}({', '.join(reads)}, {keyword}{step.place})")
    lines += [f"copyto({name}, {x.place})" for name, x in results.items() if x.place != name]
    return "\n    ".join(lines), (np.copyto, *(step.ufunc for step in trace))


@cache
def _function(source: str, functions: tuple[Any, ...]) -> Rule:
    namespace = {function.__name__: function for function in functions}
    exec(source, namespace)  # of ufuncs and the names of arguments alone
    rule: Rule = namespace["rule"]
    return rule
