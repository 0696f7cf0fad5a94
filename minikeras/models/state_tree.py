"""The values of a model's variables in nested dicts: a level for each part of their paths."""

from collections.abc import Iterator, Mapping
from typing import Any

from .._base.typing import Array
from .._core.tensor import as_array
from .._core.variable import Variable, assign_all

KINDS = ("trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables")


def values_of(model: Any, as_arrays: bool) -> dict[str, Any]:
    """Return the values of all kinds of variables; a ValueError if two have one path."""
    tree: dict[str, Any] = {kind: {} for kind in KINDS}
    for kind in KINDS:
        for variable in _variables(model, kind):
            place = tree[kind]
            *parts, name = variable.path.split("/")
            for part in parts:
                place = place.setdefault(part, {})
            if name in place:
                raise ValueError(f"Two variables of the model have the path {variable.path!r}: name their layers.")
            place[name] = variable.numpy() if as_arrays else variable.value
    return tree


def assign(model: Any, tree: Mapping[str, Any]) -> None:
    """Set the variables whose paths are in a tree; for another kind or shape a ValueError, and nothing is set."""
    pairs: list[tuple[Variable, Array]] = []
    for kind, values in tree.items():
        if kind not in KINDS:
            raise ValueError(f"The keys of a state tree must be among {KINDS}. Received: {kind!r}.")
        variables = {variable.path: variable for variable in _variables(model, kind)}
        pairs += [(variables[path], as_array(value)) for path, value in _paths(values) if path in variables]
    for v, array in pairs:
        if array.shape != v.shape:
            raise ValueError(f"Variable {v.path!r} has shape {v.shape}. Received: {array.shape}. Nothing was set.")
    assign_all([v for v, _ in pairs], [array for _, array in pairs])


def _variables(model: Any, kind: str) -> list[Variable]:
    if kind == "optimizer_variables":
        return list(getattr(getattr(model, "optimizer", None), "variables", ()))
    return list(getattr(model, kind))


def _paths(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _paths(value, f"{before}{name}/")
        else:
            yield f"{before}{name}", value
