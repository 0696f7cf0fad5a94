"""Assigns targets, weights, losses and metrics to the outputs of a model."""

from collections.abc import Iterable, Iterator, Sequence
from operator import eq
from typing import Any, NamedTuple

from .._base.nested import leaves, map_structure
from ..tree import flatten_with_path, is_nested, pack_sequence_as

Names = list[str] | None


class Output(NamedTuple):
    """One tensor among the outputs, or a structure of them."""

    path: tuple[Any, ...]  # the keys and indices that lead to it
    name: str | None  # given by the model or by a dict of outputs; None if neither does

    def __str__(self) -> str:
        if self.name:
            return f"output {self.name!r}"
        return f"the output at {list(self.path)}" if self.path else "the output"


class Outputs:
    """The outputs of a model, in Keras's order: a dict in the order of the model's names, if it has some, else sorted.

    Attributes:
        all: The path and name of each output.
        wanted: Whether each output has a loss.
    """

    def __init__(self, y_pred: Any, names: Names) -> None:
        paths = paths_in(y_pred)
        self.nested: bool = isinstance(y_pred, dict | list | tuple)
        if isinstance(y_pred, dict) and all(len(path) == 1 for path in paths):
            names = names if names and set(names) == set(y_pred) else sorted(y_pred)
            self.all: list[Output] = [Output((name,), name) for name in names]
        else:
            labels: Iterable[str | None] = names if names and len(names) == len(paths) else [None] * len(paths)
            self.all = [Output(path, name) for path, name in zip(paths, labels, strict=True)]
        self.wanted: Sequence[bool] = [False] * len(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def aligned(self, y: Any, y_pred: Any) -> list[Any]:
        """Return the target (or weight) of each output; a ValueError if `y` does not fit the outputs.

        `y` may have the structure of the outputs, or be a flat list or dict, also for the `wanted` outputs alone.
        """
        if not self.nested:
            name = self.all[0].name
            if len(leaves(y)) != 1 or (isinstance(y, dict) and name is not None and name not in y):
                called = "" if name is None else f", {name!r}"
                raise ValueError(f"The model has one output{called}. Received {len(leaves(y))} targets: {_sketch(y)}.")
            return leaves(y)
        if _same(y, y_pred):
            return [follow(y, o.path) for o in self.all]
        flat = [] if isinstance(y, dict) else leaves(y)
        if isinstance(y, dict) and set(y) <= {o.name for o in self.all}:
            flat = [y.get(o.name) for o in self.all]
        if len(flat) == sum(self.wanted) < len(self):
            values = iter(flat)
            flat = [next(values) if use else None for use in self.wanted]
        if len(flat) != len(self):
            raise ValueError(f"y_true and y_pred have different structures: {len(leaves(y))} targets for {len(self)} "
                             f"outputs. y_true: {_sketch(y)}, y_pred: {', '.join(map(str, self.all))}.")  # fmt: skip
        return flat

    def below(self, path: tuple[Any, ...], values: list[Any], y_pred: Any) -> Any:
        """Return the one of `values`, one for each output, that is at a path; for several outputs, a structure."""
        at = {o.path: value for o, value in zip(self.all, values, strict=True)}
        part = follow(y_pred, path)
        return pack_sequence_as(part, [at[(*path, *inner)] for inner in paths_in(part)])

    def pair(self, losses: Any, weights: Any, y_pred: Any) -> list[tuple[Output, Any, Any]]:
        """Return (output, loss, weight) for each loss of `compile`; the output may be a structure of outputs.

        Raises:
            KeyError: if the losses have a key or an index that the outputs lack.
            ValueError: if losses or weights name an unknown output, or a list is of another length.
        """
        same_structure = is_nested(losses) and is_nested(weights) and paths_in(losses) == paths_in(weights)
        if isinstance(losses, dict) and not isinstance(y_pred, dict):
            losses = self.spread(losses, "loss", whole=True)
            weights, same_structure = self.spread(weights, "loss_weights", whole=True), True
        if not is_nested(losses):
            losses = [losses] * len(self)
        if isinstance(losses, list | tuple) and not any(map(is_nested, losses)) and len(losses) == len(self):
            weights = leaves(weights) if isinstance(weights, list | tuple) else weights  # one loss for each output
            return [*zip(self.all, losses, self.spread(weights, "loss_weights"), strict=True)]
        by_output: dict[Any, Any] | None = None  # path of an output -> weight, if weights have the outputs' structure
        if is_nested(weights) and not same_structure:
            by_output = dict(zip((o.path for o in self.all), self.spread(weights, "loss_weights"), strict=True))
        names = [o.name for o in self.all if o.name]
        output_at = {o.path: o for o in self.all}
        pairs = []
        for path, loss, weight in _walk(losses, weights if by_output is None else None, y_pred, ()):
            output = output_at.get(path) or Output(path, str(path[-1]) if path else "_".join(names) or None)
            if by_output is not None and path not in by_output:
                raise ValueError("`loss_weights` must have the structure of `loss` where a loss takes several outputs. "
                                 f"Received: loss={losses!r}, loss_weights={weights!r}.")  # fmt: skip
            pairs.append((output, loss, weight if by_output is None else by_output[path]))
        return pairs

    def weights(self, sample_weight: Any, y_pred: Any) -> list[Any]:
        """Return the sample weights of each output; a single array is for all."""
        return self.aligned(sample_weight, y_pred) if is_nested(sample_weight) else [sample_weight] * len(self)

    def spread(self, value: Any, argument: str, whole: bool = False) -> list[Any]:
        """Return the part of an argument of `compile` for each output, None for an output without one.

        A ValueError if a list has another length, a dict names an unknown output, or a `whole` dict lacks an output.
        """
        flat = len(self) == 1 or all(len(o.path) == 1 for o in self.all)
        if isinstance(value, list | tuple) and flat:
            if len(value) != len(self):
                raise ValueError(f"`{argument}` must have one item for each of the {len(self)} outputs. "
                                 f"Received {len(value)}: {argument}={value!r}.")  # fmt: skip
            return list(value)
        names = [o.name for o in self.all]
        if isinstance(value, dict) and flat and None not in names:
            missing = [name for name in names if whole and name not in value]
            unknown = [name for name in value if name not in names]
            if missing or unknown:
                raise ValueError(f"`{argument}` must name the model's outputs, {names}; missing: {missing}, unknown: "
                                 f"{unknown}. Received: {argument}={value!r}.")  # fmt: skip
            return [value.get(name) for name in names]
        if isinstance(value, list | tuple | dict):
            paths = [o.path for o in self.all]
            unknown = [path for path in paths_in(value) if not any(all(map(eq, path, p)) for p in paths)]
            if unknown:
                raise ValueError(f"`{argument}` must have the structure of the model's outputs, {paths}, which have "
                                 f"nothing at {unknown}. Received: {argument}={value!r}.")  # fmt: skip
            return [follow(value, path) for path in paths]
        return [value] * len(self)


def follow(structure: Any, path: tuple[Any, ...]) -> Any:
    """Return the part of a structure at a path, None if there is none; a leaf on the way is the part for all below."""
    for key in path:
        if not isinstance(structure, dict | list | tuple):
            break
        structure = (structure if isinstance(structure, dict) else dict(enumerate(structure))).get(key)
    return structure


def paths_in(structure: Any) -> list[tuple[Any, ...]]:
    """Return the path of each leaf in a structure: the keys and indices that lead to it."""
    return [path for path, _ in flatten_with_path(structure)]


def _walk(losses: Any, weights: Any, y: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """Yield (path, loss, weight) for each output; a loss in place of a structure takes all outputs in it."""
    if isinstance(losses, list | tuple) and not any(map(is_nested, losses)) and len(losses) == len(leaves(y)):
        losses = pack_sequence_as(y, losses)
        weights = pack_sequence_as(y, weights) if is_nested(weights) else weights
    if not is_nested(losses):
        yield path, losses, weights
        return
    several = isinstance(losses, list | tuple) and not isinstance(y, type(losses))  # losses of the same outputs
    in_order = isinstance(losses, list | tuple) and isinstance(y, list | tuple)
    if in_order and (not any(map(is_nested, losses)) if several else len(losses) < len(y)):
        raise ValueError(f"`loss` must have one item for each of the {len(y)} outputs. Received: loss={losses!r}.")
    for key, loss in losses.items() if isinstance(losses, dict) else enumerate(losses):
        weight = weights[key] if is_nested(weights) else weights
        if several:
            yield from _walk(loss, weight, y, path)
            continue
        keys = y if isinstance(y, dict) else range(len(y)) if isinstance(y, list | tuple) else ()
        if isinstance(losses, dict) != isinstance(y, dict) or key not in keys:
            raise KeyError(f"`loss` has {(*path, key)}, where the model has no output; it has {[*keys]}.")
        yield from _walk(loss, weight, y[key], (*path, key))


def _same(a: Any, b: Any) -> bool:
    if isinstance(b, dict):
        return isinstance(a, dict) and set(b) <= set(a) and all(_same(a[key], b[key]) for key in b)
    if isinstance(b, list | tuple):
        return isinstance(a, list | tuple) and len(a) == len(b) and all(map(_same, a, b))
    return not isinstance(a, dict | list | tuple)


def _sketch(structure: Any) -> Any:
    return map_structure(lambda x: getattr(x, "shape", x), structure)
