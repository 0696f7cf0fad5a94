"""Where the time of a model's step goes."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from .._base.context import having_attributes
from .._base.typing import TensorLike
from .._jit.jit import WHOLE_STEPS
from .._jit.program import Program


class StepProfile(list[tuple[str, float]]):
    """The lines of a compiled step with their microseconds, in the order they run; `str` makes a table of it."""

    def __str__(self) -> str:
        total = sum(time for _, time in self)
        rows = [f"{time / total:7.1%} {time:9.1f}  {line:.101}" for line, time in self]
        return "\n".join([f"{'share':>7} {'us':>9}  line", *rows, f"{'':7} {total:9.1f}  in all"])


def profile_step(model: Any, x: TensorLike, y: TensorLike | None = None, steps: int = 20) -> StepProfile:
    """Return the lines of the program that a step on one batch is compiled to, with their median times.

    A line is a call of NumPy. It shows weights by their paths, and other arrays by dtype and shape. If the step runs in
    blocks of rows, a line has the time of all blocks, which several threads may share. The model is trained meanwhile,
    by `steps` calls of `train_on_batch` and a few more, after which the step is compiled. Keras has no such function.

    Args:
        model: A compiled model; for a prediction, any.
        x: Inputs of a batch.
        y: Its targets. If not given, a prediction is profiled.
        steps: Number of steps that are timed.

    Raises:
        ValueError: if the step is not compiled, as with `run_eagerly=True`, or if its Python code reads values.

    Example:
        >>> from minikeras import Input, Sequential, layers
        >>> model = Sequential([Input((2,)), layers.Dense(3, name="first")], name="net")
        >>> for line, microseconds in profile_step(model, np.ones((4, 2), "float32")):
        ...     print(line)
          4 dot(x0, net/first/kernel, float32[4, 3])
          5 t0 = add(float32[4, 3], net/first/bias)
    """

    def step() -> object:
        return model.predict_on_batch(x) if y is None else model.train_on_batch(x, y)

    for _ in range(3):  # the third step, at the latest, compiles the program
        step()
    jit = model._predict_jit() if y is None else model._jits["train"]
    if any(program.steps_left > 0 for program in jit._programs.values()):  # a program in blocks will replace it
        for _ in range(WHOLE_STEPS + 2):
            step()
    stages = [stage for program in jit._programs.values() for stage in program.parts()]
    timings: list[dict[str, list[float]]] = [{} for _ in stages]  # line of code -> seconds of each run
    with ExitStack() as stack:
        for of_stage, stage in zip(timings, stages, strict=True):
            for program in stage:
                stack.enter_context(_timed(program, of_stage, like=stage[0]))
        for _ in range(steps):
            step()
    lines = [(line, median(times) * 1e6 * len(times) / steps) for stage in timings for line, times in stage.items()]
    if not lines:
        raise ValueError("A step that is not compiled has no lines. Expected a model without run_eagerly=True, and a "
                         f"step that does not look at values. Received: model={model!r}.")  # fmt: skip
    return StepProfile(lines)


@contextmanager
def _timed(program: Program, timings: dict[str, list[float]], like: Program) -> Iterator[None]:
    """Within this context a program appends the seconds of each line to `timings`, by the readable text of the line.

    The text has the names of `like`, so that the programs of all blocks have the same texts.
    """
    start = 0.0

    def clock(number: int) -> None:
        nonlocal start
        seconds = perf_counter() - start
        if texts[number]:
            timings.setdefault(texts[number], []).append(seconds)
        start = perf_counter()

    source, texts = [], []
    for number, line in enumerate(program.source.splitlines()):
        text = line.lstrip()
        is_timed = line.startswith(" ") and not text.startswith(("return ", "del ")) and not line.endswith(":")
        texts.append(f"{number:3d} {_readable(text, like)}" if is_timed else "")
        call = [f"{line[: -len(text)] or '    '}clock({number})"] if is_timed or line.startswith("def ") else []
        source += [line, *call]
    names = program._codegen.namespace
    names["clock"] = clock
    exec(compile("\n".join(source), "<profile>", "exec"), names)  # safe: all names in it are made by codegen
    with having_attributes(program, _main=names["main"], _tail=names["tail"]):
        yield


def _readable(line: str, program: Program) -> str:
    """Return a line of code with functions, paths of weights and shapes in place of the program's names."""
    weights = {str(name): variable.path for name, (variable, _) in program._codegen.references}

    def meaning(match: re.Match[str]) -> str:
        value = program._codegen.namespace.get(match[0], match[0])
        if isinstance(value, np.ndarray) and match[0] not in weights:
            return f"{value.dtype}{[*value.shape]}" if value.ndim else f"{value:.6g}"
        return weights.get(match[0]) or str(getattr(getattr(value, "func", value), "__name__", value))

    return re.sub(r"\b[a-z]+\d+\b", meaning, line)
