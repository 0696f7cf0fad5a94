"""Compiles the formula of an optimizer, a plain function of arrays, to NumPy calls that work in place.

The formula is called once with `Traced`s, which record its operations. Each operation becomes one NumPy call, in the
order written, and its result overwrites a value that is no longer needed: the old value of the same name, else an
operand, else a scratch array. This does not change the numbers.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .._base.signature import parameters

UpdateRule: TypeAlias = Callable[..., None]
"""Takes constants, then flat arrays: parameters, gradients, two scratch arrays, and slots. Changes them in place."""
SCRATCH = ("scratch_1", "scratch_2")


class Traced(NDArrayOperatorsMixin):
    """An argument of a formula, or the result of an operation, which is appended to the trace."""

    def __init__(self, trace: list["Traced"], place: str = "", ufunc: Any = None, operands: Any = ()) -> None:
        self.trace: list[Traced] = trace
        self.ufunc: Any = ufunc
        self.operands: Any = operands
        self.place: str = place  # name of the array that holds the value
        self.uses: int = 0  # how many operations, and results of the formula, still read it

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        for operand in operands:
            operand.uses += 1
        self.trace.append(Traced(self.trace, "", ufunc, operands))
        return self.trace[-1]


@cache
def _define(source: str, functions: tuple[Any, ...]) -> UpdateRule:
    namespace = {function.__name__: function for function in functions}
    exec(source, namespace)  # made of argument names and NumPy functions alone
    return namespace["rule"]  # type: ignore[no-any-return]


def compile_formula(formula: Callable[..., Any], slots: int) -> UpdateRule:
    """Return a function that computes a formula in place. Raises a ValueError if two scratch arrays are too few.

    Args:
        formula: Takes parameters p, gradients g and slots by position, constants by name. Returns the new values of p
            and of the slots, in order.
        slots: Number of slots. What the formula returns for further slots is dropped.
    """
    return _define(*write_source(formula, slots))


def write_source(formula: Callable[..., Any], slots: int) -> tuple[str, tuple[Any, ...]]:
    """Return the source of the function of `compile_formula`, and the NumPy functions that it calls."""
    signature = parameters(formula)
    p, g, *names = (*signature.positional, *(f"slot_{i}" for i in range(slots)))[: 2 + slots]
    trace: list[Traced] = []
    constants = {name: Traced(trace, name) for name in signature.keyword_only}
    values = formula(*(Traced(trace, name) for name in (p, g, *names)), **constants)
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
        over = [] if home else reads  # a result must not overwrite another one
        places = [place for place in (home, *reads, *free) if place in free and place in (home, *over, g, *SCRATCH)]
        if not places:
            raise ValueError(f"{formula.__qualname__} needs more than {len(SCRATCH)} scratch arrays.")
        step.place = places[0]
        free.remove(step.place)
        keyword = "out=" if step.ufunc in (np.maximum, np.minimum) else ""  # where NumPy 2.4 warns of a positional one
        lines.append(f"{step.ufunc.__name__}({', '.join(reads)}, {keyword}{step.place})")
    lines += [f"copyto({name}, {x.place})" for name, x in results.items() if x.place != name]
    return "\n    ".join(lines), (np.copyto, *(step.ufunc for step in trace))
