"""`tf.train`: checkpoints of variables, as NumPy's files."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._core.variable import Variable as KerasVariable
from ...layers import Layer
from ...optimizers import Optimizer
from ...saving.npz import read_arrays, write_arrays
from ..past.files import LIST, Status, note_newest
from .errors import NotFoundError
from .functions import Module
from .missing import missing
from .records import BytesList as BytesList
from .records import Example as Example
from .records import Feature as Feature
from .records import Features as Features
from .records import FloatList as FloatList
from .records import Int64List as Int64List
from .tensors import Variable

__getattr__: Callable[[str], Any] = missing(__name__)


def _variables(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the variables of an object with names of their own."""
    if isinstance(value, KerasVariable):
        yield path, value
    elif isinstance(value, Layer | Optimizer | Module):
        for i, variable in enumerate(value.weights if isinstance(value, Layer) else value.variables):
            yield f"{path}/{i}", variable
    elif isinstance(value, Checkpoint | dict | list | tuple):
        items: Any = value.items if isinstance(value, Checkpoint) else value
        for name, item in items.items() if isinstance(items, dict) else enumerate(items):
            yield from _variables(item, f"{path}/{name}")


class _Restored(Status):
    """The result of `restore`: all variables have their values by then."""

    def __init__(self, left: list[str]) -> None:
        self._left = left

    def assert_consumed(self) -> "_Restored":
        """Raise an AssertionError if the file has values that nothing took."""
        if self._left:
            raise AssertionError(f"Some values of the checkpoint were not used: {', '.join(self._left)}.")
        return self


class Checkpoint:
    """Variables, models, optimizers and modules that are saved together.

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
        vars(self).update({} if root is None else {"root": root}, **kwargs)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    @property
    def items(self) -> dict[str, Any]:
        """The objects that are saved: those it was made of, and those set since."""
        return {name: value for name, value in vars(self).items() if name != "save_counter"}

    def _named(self) -> dict[str, Any]:
        return {name: v for key, value in self.items.items() for name, v in _variables(value, key)}

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Write all values to a file of this name, and return it."""
        path: str = os.fspath(file_prefix)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        values = {name: v.numpy_view() for name, v in self._named().items()}
        write_arrays(f"{path}.npz", {**values, "save_counter": self.save_counter.numpy_view()})
        return path

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """Write all values to a numbered file, and return its name without the ending."""
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        note_newest(path)
        return path

    def restore(self, save_path: Any, options: Any = None) -> _Restored:
        """Set all variables to the values of a file; of None, nothing.

        A NotFoundError without such a file; a ValueError, and nothing changed, if a variable or shape is another.
        """
        if save_path is None:
            return _Restored([])
        path = Path(f"{os.fspath(save_path)}.npz")
        if not path.exists():
            raise NotFoundError("Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
                                f"{save_path}")  # fmt: skip
        values = read_arrays(path)
        named = self._named()
        for name, variable in named.items():
            if name not in values or values[name].shape != tuple(variable.shape):
                state = f"of shape {values[name].shape}" if name in values else "absent"
                raise ValueError(f"The checkpoint {save_path} does not fit: {name}, of shape {tuple(variable.shape)}, "
                                 f"is {state}. Build the model and the optimizer before you restore them.")  # fmt: skip
        self.save_counter.assign(values["save_counter"])
        for name, variable in named.items():
            variable.assign(values[name])
        return _Restored(sorted(values.keys() - named.keys() - {"save_counter"}))

    def read(self, save_path: Any, options: Any = None) -> _Restored:
        """Do the same."""
        return self.restore(save_path)


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """Return the name of the newest checkpoint in a folder, None if there is none."""
    file = Path(checkpoint_dir) / (latest_filename or LIST)
    match = re.search(r'model_checkpoint_path: "(.*)"', file.read_text("utf8")) if file.exists() else None
    return os.path.join(os.fspath(checkpoint_dir), match[1]) if match else None


class CheckpointManager:
    """Saves checkpoints into a folder, and deletes old ones."""

    def __init__(self, checkpoint: Checkpoint, directory: Any, max_to_keep: int | None, *_: Any,
                 checkpoint_name: str = "ckpt", step_counter: Any = None, checkpoint_interval: int | None = None,
                 init_fn: Any = None, **__: Any) -> None:  # fmt: skip
        self.checkpoint: Checkpoint = checkpoint
        self.directory: str = os.fspath(directory)
        self.checkpoint_interval: int | None = checkpoint_interval
        self._most, self._name, self._init = max_to_keep, checkpoint_name, init_fn
        paths = Path(self.directory).glob(f"{checkpoint_name}-*.npz")
        numbers = sorted(int(m[1]) for path in paths if (m := re.fullmatch(r".*-(\d+)\.npz", path.name)))
        self.checkpoints: list[str] = [os.path.join(self.directory, f"{checkpoint_name}-{n}") for n in numbers]

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest checkpoint, None if there is none."""
        return self.checkpoints[-1] if self.checkpoints else None

    def save(self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None) -> str:
        """Write a checkpoint, and return its name."""
        if checkpoint_number is not None:
            self.checkpoint.save_counter.assign(int(checkpoint_number) - 1)
        path = self.checkpoint.save(os.path.join(self.directory, self._name))
        self.checkpoints.append(path)
        if self._most is not None:
            for old in self.checkpoints[: -self._most]:
                Path(f"{old}.npz").unlink(missing_ok=True)
            self.checkpoints = self.checkpoints[-self._most :]
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the newest checkpoint, or call the function that initializes; return the checkpoint."""
        if self.latest_checkpoint is not None:
            self.checkpoint.restore(self.latest_checkpoint)
        elif self._init is not None:
            self._init()
        return self.latest_checkpoint
