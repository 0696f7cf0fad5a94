"""The state of each thread: open name scopes, layer calls, dry runs, what is being loaded or saved; and `device`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from .load_budget import Loading


@contextmanager
def having_attributes(state: Any, **values: Any) -> Iterator[None]:
    """Within this context attributes of an object have other values."""
    before = {name: getattr(state, name) for name in values}
    vars(state).update(values)
    try:
        yield
    finally:
        vars(state).update(before)


@contextmanager
def all_or_nothing(*objects: Any) -> Iterator[None]:
    """Within this context an error, a Ctrl-C too, gives objects back the attributes they had, and lists their items."""
    before = [(vars(x), vars(x).copy()) for x in objects]
    lists = [(x, x[:]) for _, values in before for x in values.values() if isinstance(x, list)]
    try:
        yield
    except BaseException:
        for attributes, values in before:
            attributes.update(values)
            for name in attributes.keys() - values.keys():
                del attributes[name]
        for items, copy in lists:
            items[:] = copy
        raise


class _Context(threading.local):
    """The state of this thread; the initial values mean that nothing is going on."""

    def __init__(self) -> None:
        self.scopes: list[tuple[str, object]] = []  # the open name scopes, with the object that opened each
        self.training: list[bool | None] = []  # whether to train the layer that is being called, if one is
        self.dry: int = 0  # the number of the dry run that infers a shape, from 1; 0 for none
        self.undo: dict[int, tuple[Any, Any]] | None = None  # variables that `undone` restores, and their arrays
        # Models that a dry run called before they were built -> the scopes and the shape of each call.
        self.unbuilt_calls: dict[Any, list[tuple[list[tuple[str, object]], Any]]] | None = None
        self.autocast: str | None = None  # the dtype in which weights are read
        self.loading: Loading | None = None  # how much a file may still ask for while it is loaded
        self.uneven: bool = False  # whether batches may differ in size
        self.commits: bool = False  # whether `undo` is for errors alone, and forgotten once weights are updated
        self.in_part: bool = False  # whether a part of some work is being run: a product there is not split again
        self.keras_pass: Any = None  # the pass of `fit` and the like over a tf.data dataset, while it gets an element
        self.once: bool = False  # whether inputs may never come again, so that no part of a run gets a program
        self.cell: tuple[Any, Any] = None, None  # the cell that a layer runs, and the dropout masks of all its steps
        self.curves: Any = None  # in exports: names of the activations that a whole recurrence may have; None for all
        self.custom: dict[str, Any] = {}  # the custom objects of the open scopes
        self.shared_objects: dict[str, Any] | None = None  # in loading: objects that may occur again, by their id
        self.shared_ids: dict[int, tuple[Any, int]] | None = None  # in saving: objects and their numbers, by `id`

    having = having_attributes


context = _Context()


class path_scope:
    """Within this context paths of variables begin with a name; right within a scope of its owner it adds nothing.

    Its end closes inner ones too: a Ctrl-C may have come just before their own `__exit__`.
    """

    __slots__ = ("_depth", "_scope")

    def __init__(self, name: str, owner: object) -> None:
        self._scope = name, owner

    def __enter__(self) -> Self:
        scopes = context.scopes
        self._depth = len(scopes)
        if not scopes or scopes[-1][1] is not self._scope[1]:
            scopes.append(self._scope)
        return self

    def __exit__(self, *error: object) -> None:
        del context.scopes[self._depth :]


class name_scope(path_scope):
    """Put a name before the paths of variables that are made within; a ValueError for no text, or a slash.

    Args:
        name: The name, without a slash.
        caller: The object that opens the scope; right within a scope of the same caller, none is opened.
        deduplicate: Whether to compare the caller.
        override_parent: As in Keras; not used.

    Example:
        >>> with name_scope("outer"):
        ...     print(keras.Variable(1.0, name="v").path)
        outer/v
    """

    def __init__(self, name: str, caller: object = None, deduplicate: bool = True,
                 override_parent: str | None = None) -> None:  # fmt: skip
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"`name` must be a string without a slash. Received: name={name!r}.")
        self.name: str = name
        self.caller: object = caller
        super().__init__(name, caller if caller is not None and deduplicate else object())


def current_path() -> str:
    """Return the open scopes as "sequential/dense", or ""."""
    return "/".join(name for name, _ in context.scopes)


@contextmanager
def undone(dry: int = 0, always: bool = True) -> Iterator[dict[int, tuple[Any, Any]]]:
    """Within this context changes of variables are undone at the end, `always` or only after an error.

    StopIteration is none. What a `build` sets, or an optimizer changes in place, stays; without `always` so does what
    led to an update that was done. A `dry` run advances no seed.
    """
    changed: dict[int, tuple[Any, Any]] = {}
    try:
        with context.having(undo=changed, dry=dry or context.dry, commits=not always and context.undo is None):
            yield changed
    except BaseException as error:
        always |= not isinstance(error, StopIteration)
        raise
    finally:
        if not always:
            if context.undo is not None:
                context.undo.update(changed | context.undo)
            changed.clear()
        for variable, array in changed.values():
            variable.adopt(array)
            variable.exposed = True  # since others may hold the array


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """Open a context for a device such as "gpu:1", to no effect: all runs on the CPU. A ValueError for no string.

    Example:
        >>> with device("gpu:0"):
        ...     print(1 + 1)
        2
    """
    if not isinstance(device_name, str):
        raise ValueError(f"`device_name` must be a string, such as 'cpu:0'. Received: device_name={device_name!r}.")
    yield
