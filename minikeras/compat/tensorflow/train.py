"""`tf.train`: checkpoints of variables, in files of NumPy's format."""

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ..._base.nested import leaves
from ..._base.typing import Array
from ..._core.variable import Variable as KerasVariable
from ...layers import Layer
from ...optimizers import Optimizer
from ...saving import state
from ...saving.npz import read_arrays, write_arrays
from ..past.files import LIST, Status, note_newest
from ..past.patches import Patches
from .data import DatasetIterator
from .dtypes import accessor, as_dtype
from .errors import InvalidArgumentError, NotFoundError
from .functions import Module
from .missing import missing
from .random import Generator
from .records import message
from .tensors import Variable

__getattr__: Callable[[str], Any] = missing(__name__, message)
_END = "/.ATTRIBUTES/VARIABLE_VALUE"  # of the names of values in TensorFlow's checkpoints
_RESTORED = (*state.OWNERS, KerasVariable, DatasetIterator, Generator, Module, dict, list)


def _variables(value: Any, path: str, around: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield the variables of an object with their paths of attributes; `around` has the objects on the way."""
    if isinstance(value, KerasVariable | DatasetIterator):
        yield path, value
    elif isinstance(value, (*_RESTORED, Checkpoint, tuple)):
        for name, item in () if any(value is outer for outer in around) else _items(value):
            yield from _variables(item, f"{path}/{name}" if path else name, (*around, value))


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the variables or attributes of an object with their names in it."""
    if isinstance(value, state.OWNERS):
        for place, holder in state.walk(value):
            counts: dict[str, int] = {}
            for i, variable in enumerate(state.own_variables(holder)):
                name = f"_variables/{i}" if isinstance(holder, Optimizer) else variable.name
                number = counts[name] = counts.get(name, -1) + 1
                inner = f"{name}_{number}" if number else name
                yield f"{place}/{inner}" if place else inner, variable
    elif isinstance(value, list | tuple):
        yield from ((str(i), item) for i, item in enumerate(value))
    else:
        items = value if isinstance(value, dict) else value.items if isinstance(value, Checkpoint) else vars(value)
        yield from sorted(((str(name), item) for name, item in items.items()), key=lambda pair: pair[0])


class _Restored(Status):
    """The result of `restore`. Existing variables are restored; others get their values when they are created."""

    def __init__(self, checkpoint: "Checkpoint") -> None:
        self._checkpoint = checkpoint

    def assert_consumed(self) -> "_Restored":
        """Raise an AssertionError if a value of the file was not used, or a variable got no value."""
        if unused := sorted(name.removesuffix(_END) for name in self._checkpoint._waiting):
            raise AssertionError(f"Some values of the checkpoint were not used: {', '.join(unused)}.")
        return self.assert_existing_objects_matched()

    def assert_existing_objects_matched(self) -> "_Restored":
        """Raise an AssertionError if a variable got no value."""
        if without := self._checkpoint._named().keys() - self._checkpoint._names:
            raise AssertionError(f"The checkpoint has no values for {', '.join(sorted(without))}.")
        return self


_late: "WeakValueDictionary[int, Checkpoint]" = WeakValueDictionary()
"""Restored checkpoints, by id, with values for variables which do not exist yet. What they restore keeps them alive."""
_hooks = Patches()


def _settle(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a patched function that may create variables, and restore these from the checkpoints in `_late`."""
    result = function(*args, **kwargs)
    if len(args) < 3 or args[1] == "built" or isinstance(args[2], _RESTORED):
        for checkpoint in filter(None, [late() for late in _late.valuerefs()]):  # threads may restore others meanwhile
            checkpoint._fill()
    return result


class Checkpoint:
    """Variables, models, optimizers and modules to be saved together.

    Example:
        >>> import tempfile
        >>> v = Variable(1.0)
        >>> path = Checkpoint(v=v).save(tempfile.mkdtemp() + "/ckpt")
        >>> _ = v.assign(5.0)
        >>> _ = Checkpoint(v=v).restore(path).assert_consumed()
        >>> float(v)
        1.0
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self.save_counter: Variable = Variable(0, name="save_counter", dtype="int64")
        self._root, self._waiting, self._names = root, dict[str, Any](), set[str]()
        vars(self).update(kwargs)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    items: dict[str, Any] = accessor(
        lambda self: {name: x for name, x in vars(self).copy().items() if name not in ("_root", "_waiting", "_names")},
        "The objects to save: those given at the start, and attributes set since.")  # fmt: skip

    def _named(self) -> dict[str, Any]:
        """Return all variables by their names in the file: each has the shortest path that leads to it."""
        pairs = sorted([*_variables(self._root, ""), *_variables(self, "")], key=lambda pair: pair[0].count("/"))
        unique = {id(variable): (name, variable) for name, variable in reversed(pairs)}
        return {f"{name}{_END}": variable for name, variable in unique.values()}

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Write all values to "<file_prefix>.npz", and return the prefix."""
        path: str = os.fspath(file_prefix)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_arrays(f"{path}.npz", {name: v.numpy_view() for name, v in self._named().items()})
        return path

    def save(self, file_prefix: Any, options: Any = None, *, number: Any = None) -> str:
        """Write all values to a file numbered by `save_counter` or `number`; return its path without ".npz"."""
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter if number is None else number)}")
        note_newest(path)
        return path

    def restore(self, save_path: Any, options: Any = None) -> _Restored:
        """Restore all variables from a file, those that do not exist yet once they are created; None does nothing.

        Raises:
            NotFoundError: if there is no such file.
            ValueError: if a variable has another shape or dtype in the file; nothing is changed then.
        """
        if save_path is not None:
            self._waiting = _read(save_path)
            self._names = {*self._waiting}
            self._fill()
        return _Restored(self)

    def _fill(self) -> None:
        """Restore existing variables from `_waiting`, and patch classes so that later ones are restored too."""
        waiting = self._waiting.copy()  # for other threads take values away
        found = [(name, variable, waiting[name]) for name, variable in self._named().items() if name in waiting]
        for name, variable, value in found:
            if (value.shape, value.dtype) != ((array := variable.numpy_view()).shape, array.dtype):
                self._waiting.pop(name, None)
                known = f"{array.dtype} variable with shape {array.shape} and name {name.removesuffix(_END)}"
                raise InvalidArgumentError(f"Received incompatible {value.dtype} tensor with shape {value.shape} when "
                                           f"attempting to restore {known}.")  # fmt: skip
        for name, variable, value in found:
            if self._waiting.pop(name, None) is not None:
                variable.assign(value)
        if not self._waiting:
            _late.pop(id(self), None)
        else:
            _late[id(self)] = self
            for thing in leaves([self._root, self.items]):
                held = getattr(thing, "__dict__", {})
                others = (c for c in held.get("_late_restores", ()) if c._waiting.keys() - self._waiting.keys())
                held["_late_restores"] = deque([*others, self])  # in which `_variables` does not look
        if not _late:
            _hooks.undo()
        elif not _hooks:
            for owner in (Layer, Module, Checkpoint):
                _hooks.around(owner, "__setattr__", _settle)
            _hooks.around(Optimizer, "build", _settle)

    read = restore


def _read(path: Any) -> dict[str, Array]:
    """Return the values of a checkpoint, given by its path or its folder."""
    name = latest_checkpoint(path) if Path(path).is_dir() else path
    if name is None or not Path(f"{os.fspath(name)}.npz").exists():
        raise NotFoundError(f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {path}")
    return read_arrays(Path(f"{os.fspath(name)}.npz"))


class load_checkpoint:
    """Reader of the values of a checkpoint, given by its path or its folder."""

    def __init__(self, ckpt_dir_or_file: Any) -> None:
        self._values = _read(ckpt_dir_or_file)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Return name -> shape."""
        return {name: list(value.shape) for name, value in self._values.items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """Return name -> dtype."""
        return {name: as_dtype(value.dtype) for name, value in self._values.items()}

    def get_tensor(self, name: str) -> Array:
        """Return the value of a name."""
        if name not in self._values:
            raise NotFoundError(f"Key {name} not found in checkpoint")
        return self._values[name]


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Return the names and shapes of a checkpoint's values."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """Return the path of the newest checkpoint in a folder, None if there is none."""
    file = Path(checkpoint_dir) / (latest_filename or LIST)
    match = re.search(r'model_checkpoint_path: "(.*)"', file.read_text("utf8")) if file.exists() else None
    return os.path.join(os.fspath(checkpoint_dir), match[1]) if match else None


class CheckpointManager:
    """Saves checkpoints into a folder, and keeps the last `max_to_keep`."""

    def __init__(self, checkpoint: Checkpoint, directory: Any, max_to_keep: int | None,
                 keep_checkpoint_every_n_hours: Any = None, checkpoint_name: str = "ckpt", step_counter: Any = None,
                 checkpoint_interval: int | None = None, init_fn: Any = None, **_: Any) -> None:  # fmt: skip
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(f"Expected a positive integer or `None` for `max_to_keep`, got {max_to_keep}.")
        if checkpoint_interval is not None and step_counter is None:
            raise ValueError("`step_counter` should be passed if `checkpoint_interval` is not None.")
        self.checkpoint: Checkpoint = checkpoint
        self.directory: str = os.fspath(directory)
        self.checkpoint_interval: int | None = checkpoint_interval
        self._most, self._name, self._init = max_to_keep, checkpoint_name, init_fn
        self._counter, self._saved_at = step_counter, float("-inf")
        paths = Path(self.directory).glob(f"{checkpoint_name}-*.npz")
        numbers = sorted(int(m[1]) for path in paths if (m := re.fullmatch(r".*-(\d+)\.npz", path.name)))
        self.checkpoints: list[str] = [os.path.join(self.directory, f"{checkpoint_name}-{n}") for n in numbers]

    latest_checkpoint: str | None = accessor(lambda self: self.checkpoints[-1] if self.checkpoints else None,
                                             "The newest checkpoint, None if there is none.")  # fmt: skip

    def save(self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None) -> str | None:
        """Write a checkpoint, and return its path; before `checkpoint_interval` steps have passed, return None."""
        if self.checkpoint_interval is not None:
            if check_interval and int(self._counter) - self._saved_at < self.checkpoint_interval:
                return None
            self._saved_at = int(self._counter)
        path = self.checkpoint.save(os.path.join(self.directory, self._name), number=checkpoint_number)
        self.checkpoints.append(path)
        while self._most is not None and len(self.checkpoints) > self._most:
            Path(f"{self.checkpoints.pop(0)}.npz").unlink(missing_ok=True)
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the newest checkpoint and return its path; without one, call `init_fn` and return None."""
        if self.latest_checkpoint is not None:
            self.checkpoint.restore(self.latest_checkpoint)
        elif self._init is not None:
            self._init()
        return self.latest_checkpoint
