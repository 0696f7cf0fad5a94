"""Where a file has the variables of each object of a model, and how they are restored.

The paths are Keras's: "layers/dense/vars/0" is the first variable of the first dense layer of a model. An object is
named by the attribute that holds it or, in a list, by its class and number.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, cast

from .._base.context import undone
from .._base.naming import own_name, to_snake_case
from .._base.user_warning import warn_user
from .._core.variable import Variable
from .._serialization.configurable import is_built_in
from ..layers import Layer
from ..layers.module import CONTAINERS, Module, items_of
from ..losses import Loss
from ..metrics import Metric
from ..optimizers import Optimizer
from .hdf5 import Dataset, Group
from .npz import fits

OWNERS = (Layer, Optimizer, Metric, Loss)
"""The classes of objects with variables."""
BY_NUMBER = (Module.load_own_variables, Optimizer.load_own_variables)
"""The methods that set variables by number. If a class has another `load_own_variables`, that is called instead."""


def walk(saved: Any, path: str = "", seen: dict[int, list[str]] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield (path in a file, object) for all objects with variables, each once, in Keras's order.

    `seen` maps the ids of objects to their further paths. Objects that are in it before the call are left out.
    """
    seen = {} if seen is None else seen
    if id(saved) in seen:
        seen[id(saved)].append(path)
    else:
        seen[id(saved)] = []
        yield path, saved
        for name, child in _children(saved):
            yield from _walk_child(child, f"{path}/{name}" if path else name, seen, [])


def _walk_child(child: Any, path: str, seen: dict[int, list[str]], outer: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the same for a child or, if it is a container, for its items; `outer` are the containers that hold it."""
    if isinstance(child, OWNERS):
        yield from walk(child, path, seen)
    elif isinstance(child, CONTAINERS) and not any(child is container for container in outer):
        counts: dict[str, int] = {}
        for item in items_of(child):
            if isinstance(item, (*OWNERS, *CONTAINERS)):
                kind = "container" if isinstance(item, CONTAINERS) else to_snake_case(own_name(type(item)))
                number = counts[kind] = counts.get(kind, -1) + 1
                name = f"{kind}_{number}" if number else kind
                yield from _walk_child(item, f"{path}/{name}", seen, [*outer, child])


def _children(saved: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and attributes of an object: first `layers`, if the model has a graph, and private ones last."""
    layers_first = getattr(saved, "_layers_first", None)  # None if it is no model
    if layers_first:
        yield "layers", saved.layers
    names = {*vars(saved), *_properties(type(saved)), *(() if layers_first is None else ("layers",))}
    base = next(_attributes(kind) for kind in OWNERS if isinstance(saved, kind))
    for name in sorted(names - base, key=lambda name: f"~{name}" if name[0] == "_" else name):
        try:
            child = getattr(saved, name)
        except Exception:  # a user's property that has no value now; Keras skips it as well
            continue
        yield name, child


def _properties(cls: Any) -> set[str]:
    """Return the names of properties of a user's class, whose bases may define some."""
    names = () if is_built_in(cls) else dir(cls)
    return {name for name in names if name[0] != "_" and isinstance(getattr(cls, name, None), property)}


@cache
def _attributes(kind: Any) -> frozenset[str]:
    """Return the names of attributes that every object of a kind has; they are not searched."""
    example: Any = Optimizer(0.0, name="none") if kind is Optimizer else kind(name="none")
    return frozenset((*dir(example), "_layers", "_compiled_loss", "_compiled_metrics", "_loss_tracker"))


def own_variables(saved: Any) -> list[Variable]:
    """Return an object's own variables in the order of their numbers, without those of objects in it."""
    return cast("list[Variable]", saved._own_weights() if isinstance(saved, Layer) else getattr(saved, "variables", []))


class Tree:
    """The groups of one file or several, by path below their root groups."""

    def __init__(self, *roots: Group) -> None:
        self.roots = roots

    def store(self, path: str) -> dict[str, Dataset]:
        """Return the variables of the object at a path by name, none if the path is not there."""
        store: dict[str, Dataset] = {}
        for root in self.roots:
            place: Any = root
            for name in f"{path}/vars".lstrip("/").split("/"):
                name = name if name in place else f"_{name}"  # Keras 2 wrote the names of private attributes
                place = place[name] if isinstance(place, Group) and name in place else {}
            store |= {key: place[key] for key in place if isinstance(place[key], Dataset)}
        return store

    def count(self) -> int:
        """Return how many numbers are stored."""
        return sum(math.prod(array.shape) for root in self.roots for array in root.arrays())


Pairs = list[tuple[Variable, Dataset]]
Places = list[tuple[str, Any]]


def match(saved: Any, store: Mapping[str, Dataset]) -> tuple[Pairs, str]:
    """Return pairs of an object's variables and stored arrays, and a text about what does not fit ("" if all does)."""
    variables = list(own_variables(saved))
    if isinstance(saved, Optimizer):
        variables, arrays = held(saved, [store[key] for key in map(str, range(len(store))) if key in store])
        if len(arrays) != len(variables):
            if store or int(saved.iterations):
                saved.load_own_variables(store)  # warns that the numbers differ, and keeps the state
            return [], ""
        store = {str(i): array for i, array in enumerate(arrays)}
    label = f"{type(saved).__name__} '{saved.name}'"
    if set(store) != {str(i) for i in range(len(variables))}:
        hint = "" if getattr(saved, "built", True) else " It is not built: call it on an input, or build() it, first."
        return [], f"{label} has {len(variables)} variables, {len(store)} are stored.{hint}"
    pairs = [(v, store[str(i)]) for i, v in enumerate(variables)]
    wrong = [f"'{v.path}' of {label} has shape {v.shape} and dtype {v.dtype}, stored is {d.shape} of {d.dtype.name}"
             for v, d in pairs if not fits(v, d)]  # fmt: skip
    return ([], "; ".join(wrong)) if wrong else (pairs, "")


def held(optimizer: Any, arrays: Sequence[Dataset]) -> tuple[list[Variable], Sequence[Dataset]]:
    """Return the variables of an optimizer that a file has, and their arrays; all, if none of these fit.

    Keras 2 wrote no learning rate, no product of Nadam's momenta, and momenta for an SGD that has none.
    """
    variables, shapes = list(optimizer.variables), [array.shape for array in arrays]
    unwritten = {id(optimizer._learning_rate), id(getattr(optimizer, "_u_product", None))}
    old = [v for v in variables if id(v) not in unwritten]
    of_sgd = [(), *(v.shape for v in optimizer._trainable_variables)]
    if shapes == [v.shape for v in old] or (len(old) == 1 and shapes == of_sgd):
        return old, arrays[: len(old)]
    untrained = shapes in ([()], [(), ()]) and not (int(optimizer.iterations) or arrays[0].read().any())
    return variables[: len(arrays) if untrained else None], arrays


def restore(model: Any, tree: Tree, skip_mismatch: bool = False, skipped: Iterable[Any] | None = None,
            more: Callable[[Places], Iterable[Callable[[], Any]]] = lambda places: ()) -> int:  # fmt: skip
    """Set the variables of a model, and of all objects in it, to the stored ones; return how many numbers were read.

    If something does not fit, a ValueError is raised and nothing is set; `skip_mismatch` makes that a warning. Objects
    in `skipped` stay as they are. `more` returns functions that load further state, given (path, object) of all.
    """
    seen: dict[int, list[str]] = {id(each): [] for each in skipped or ()}
    places = list(walk(model, seen=seen))
    pairs: Pairs = []
    problems: list[str] = []
    by_hand = [*more(places)]
    for path, saved in places:
        if hasattr(saved, "load_own_variables"):
            store = tree.store(path)
            if getattr(saved.load_own_variables, "__func__", None) in BY_NUMBER:
                fitting, problem = match(saved, store)
                for other_path in seen[id(saved)] if problem else ():  # the file may have another of its paths
                    other = tree.store(other_path)
                    if other and (others_fit := match(saved, other)[0]):
                        fitting, problem = others_fit, ""
                pairs += fitting
                problems += [problem] if problem else []
            else:
                by_hand.append(partial(_load, saved, store, skip_mismatch))
    if problems and not skip_mismatch:
        others = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise ValueError(f"The weights do not fit: {'; '.join(problems[:5]).rstrip('.')}{others}. Nothing was set.")
    if problems:
        warn_user(f"Not all weights fit: {'; '.join(problems).rstrip('.')}. These are left as they were.")
    return take_all(pairs, [saved for _, saved in places], by_hand)


def _load(saved: Any, store: Mapping[str, Dataset], skip_mismatch: bool) -> None:
    """Call an object's own `load_own_variables`; `skip_mismatch` turns an error of it into a warning."""
    arrays = {key: stored.read() for key, stored in store.items()}
    try:
        saved.load_own_variables(arrays)
    except Exception as error:
        error.add_note(f"{type(saved).__name__} '{saved.name}'")
        if not skip_mismatch:
            raise
        warn_user(f"{type(saved).__name__} '{saved.name}' could not be loaded, or only in part: {error!r}.")


def take_all(pairs: Pairs, objects: Iterable[Any], by_hand: Iterable[Callable[[], Any]] = ()) -> int:
    """Set variables to arrays that fit: all, or none if one cannot be read. Return how many numbers these have.

    `by_hand` has functions that set further variables of the objects.
    """
    arrays = [stored.read().astype(v.array.dtype, copy=False) for v, stored in pairs]
    try:
        with undone(always=False) as before:
            before |= {id(v): (v, v.array) for v, _ in pairs}
            for (v, _), array in zip(pairs, arrays, strict=True):
                v.adopt(array)
            for load in by_hand:
                load()
    finally:
        for saved in objects:
            if hasattr(saved, "finalize_state") and saved.built:
                saved.finalize_state()
    return sum(array.size for array in arrays)
