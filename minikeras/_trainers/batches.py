"""Arrays, generators and data sets as a stream of batches."""

import random
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain, count, islice
from operator import itemgetter, length_hint
from typing import Any, Literal

import numpy as np

from .._base.nested import leaves, map_present
from .._base.settings import limited, settings
from .._base.user_warning import warn_user
from .._jit.multi_step import Stretch
from .data_adapters import Data, as_batch, as_data, is_batches, unpack_x_y_sample_weight
from .minibatch import count_rows, stretches_of
from .on_dask import Chunks, is_dask


class PyDataset:
    """Base class of data made batch by batch; `keras.utils.Sequence` is its other name.

    A subclass has `__len__`, the number of batches (or a property `num_batches`, None if there is no end), and
    `__getitem__`, which returns batch `index` as (x,), (x, y) or (x, y, sample_weight). With `shuffle=True` the
    batches of an epoch come in the order of `random.shuffle`.

    Args:
        workers, use_multiprocessing, max_queue_size: Not used; batches are made one by one when they are needed.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         x = np.arange(2.0) + 2 * index
        ...         return x, x**2
        >>> [y.tolist() for _, y in Squares()]
        [[0.0, 1.0], [4.0, 9.0]]
    """

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int, /) -> Any:
        """Return one batch."""
        raise NotImplementedError(f"{type(self).__name__} must implement __getitem__(index), which returns a batch.")

    def __iter__(self) -> Iterator[Any]:
        total = self.num_batches
        return (self[index] for index in (count() if total is None else range(total)))

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has, None if there is no end."""
        if hasattr(self, "__len__"):
            if isinstance(length := self.__len__(), float):
                raise TypeError(f"`__len__` must return an integer: use // or math.ceil. Received: {length!r}.")
            return len(self)
        raise NotImplementedError(f"{type(self).__name__} must implement __len__, or the property num_batches.")

    def on_epoch_begin(self) -> None:
        """Run before each epoch."""

    def on_epoch_end(self) -> None:
        """Run after each epoch, and as in Keras once before the first."""


class Batches:
    """A stream of batches, epoch after epoch; a ValueError for arguments that do not go together.

    Floats are cast to floatx, integers stay.

    Args:
        x: Arrays as in `as_data`; or batches: a generator, another iterable, or a PyDataset, whose items are each
            (x,), (x, y) or (x, y, sample_weight), or x alone.
        y, sample_weight: Targets, and weights of the rows, for arrays.
        batch_size: Rows in a batch of arrays: 32 if not given, or so many that an epoch has `steps` batches.
        steps: Batches in an epoch; the next epoch goes on where it ended. If not given, an epoch is one pass.
        shuffle: True for a new order in each pass: of rows by NumPy's global `np.random.permutation`, of a
            PyDataset's batches by `random.shuffle`. "batch" mixes the rows within each batch.
        class_weight: Class -> weight, for arrays, PyDatasets and Datasets.
        together: How many batches are taken at a time (`steps_per_execution`): `steps` is rounded up to a multiple.

    Attributes:
        arrays: The arrays as (x,), (x, y) or (x, y, sample_weight), not copied; None for an iterable.
        size: Rows in a batch of arrays.
        count, rows: Batches and rows in an epoch, None if unknown.
        at_once: Batches that `inputs` joins; it may be set meanwhile.
    """

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int | None = None,
                 steps: int | None = None, *, shuffle: bool | Literal["batch"] = False,
                 class_weight: Mapping[int, float] | None = None, together: int = 1) -> None:  # fmt: skip
        for name, value, least in (("batch_size", batch_size, 1), ("steps", steps, 0)):
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if value is not None and not (whole and value >= least):
                raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}.")
        self.arrays: Data | None = None
        self.size: int = 32 if batch_size is None else int(batch_size)
        self.rows: int | None = None
        self.at_once: int = 1
        self.count: int | None = limited(None if not steps else int(steps), "steps_per_epoch")
        self._steps = None if self.count is None else self.count + -self.count % together
        self._shuffle = shuffle
        self._class_weight = class_weight
        self._available: int | None  # batches in a pass, None if unknown
        self._dataset = x if isinstance(x, PyDataset) else None
        self._stream: Iterator[Data] | None = None  # the present pass, which the next epoch may continue
        self._seen = 0  # batches of that pass so far
        self._has_loss = True  # whether losses are computed for the batches, not predictions alone
        self._last: Data = ()
        self._warned = False
        self._had_batch = False  # in any pass
        self._source: Any = x
        self.uneven: bool = settings.tensorflow_batches and getattr(x, "even_batches", None) is not True  # open axes
        self._begun: Iterator[Data] | None = None  # the pass that `peek` began, which the first epoch continues
        if is_dask(x):
            self._source = Chunks((x, y, sample_weight), self.size, shuffle)
            self._available = _length(self._source)
        elif is_batches(x):
            _refuse_beside_batches(x, y, sample_weight, class_weight)
            self._available = _length(x)
            if self._dataset is not None and self._available is None and self._steps is None:
                raise ValueError("A PyDataset without end needs a number of steps. Pass steps_per_epoch.")
        else:
            self.arrays = as_data(x, y, sample_weight, class_weight)
            self._total = count_rows(self.arrays)
            if batch_size is None and self.count is not None:
                self.size = max(1, -(-self._total // self.count))
            self.uneven &= self._total % self.size != 0
            self._available = -(-self._total // self.size)
            self.rows = self._total if self._steps is None else min(self._total, self._steps * self.size)
        self.count = self._available if self._steps is None else self.count

    def enlarge(self, rows: int) -> None:
        """Enlarge batches of arrays to a multiple of their size, up to `rows` rows, unless `steps` was given."""
        if self.arrays is not None and self._steps is None:
            self.size *= max(1, rows // self.size)
            self.count = self._available = -(-self._total // self.size)

    def epoch(self) -> Iterator[Data]:
        """Yield the batches of one epoch, as tuples of arrays or of structures of arrays.

        Without shuffling, a batch of arrays is a view of them. An epoch with fewer batches than `steps`, or than the
        first epoch had, gives a warning. A ValueError if there never is a batch, or one has the wrong form.
        """
        for stretch in self.stretches():
            yield from zip(*stretch, strict=True)

    def stretches(self) -> Iterator[Stretch]:
        """Yield the batches of one epoch as `epoch` does, in stretches of batches of one shape."""
        if self.arrays is not None and self._steps is None and self._total:
            yield from stretches_of(self.arrays, self._total, self.size, self._shuffle)
            return
        if self._dataset is not None:
            self._dataset.on_epoch_begin()
        number = 0
        for anew in (self._stream is None or self._steps is None, True):  # an epoch may have ended the pass exactly
            if anew:
                self._stream, self._seen = self._start(), 0
            for batch in islice(self._stream or (), self._steps):
                number += 1
                yield [[part] for part in batch]
            if number or anew:
                break
        self._seen += number
        self._had_batch |= number > 0
        if not self._had_batch:
            raise ValueError(_NO_BATCH)
        self.count = number if self.count is None else self.count
        if number < self.count:
            warn_of_the_end()
        if number < self.count or self._seen == self._available:
            self._stream = None
        if self._dataset is not None:
            self._dataset.on_epoch_end()

    def peek(self) -> Data:
        """Return the first batch, to build a model with; a ValueError if there is none. Call `reset` next.

        As in Keras this starts an epoch: rows are shuffled, and again for the real first epoch. For an iterator, and
        for TensorFlow's Dataset, the batch is used again in the first epoch.
        """
        if self._firsts:
            return self._as_batch(self._firsts[0])
        if self._dataset is not None:
            self._dataset.on_epoch_begin()
        stream = self._start()
        batch = next(stream, None)
        if batch is None:
            raise ValueError(_NO_BATCH)
        if self._dataset is None and isinstance(self._source, Iterator):
            self._source = chain([batch], self._source)
        elif hasattr(self._source, "keras_pass"):
            self._begun = chain([batch], stream)
        return batch

    def reset(self) -> None:
        """Let the next epoch begin a new pass (an iterator goes on), as Keras does before it trains or evaluates."""
        self._stream, _ = None, self._firsts
        if self._dataset is not None:
            self._dataset.on_epoch_end()

    @cached_property
    def _firsts(self) -> list[Any]:
        """Batches of a PyDataset that are read before all epochs: Keras on TensorFlow learns the shapes from two."""
        most = 2 if self._dataset is not None and settings.tensorflow_batches else 0
        return [self._source[index] for index in range(most if self._available is None else min(most, self._available))]

    def inputs(self) -> Iterator[tuple[Data, int]]:
        """Yield the next batches, to predict from, and their number, until one epoch is through.

        Arrays give up to `at_once` batches, joined and in their own dtype; other data gives one at a time.
        """
        if self.arrays is None:
            self._has_loss, _ = False, self._firsts
            yield from ((batch, 1) for batch in self.epoch())
            return
        start, end = 0, self.rows or 0
        while start < end:
            stop = min(start + self.at_once * self.size, end)
            yield map_present(itemgetter(slice(start, stop)), self.arrays), -(-(stop - start) // self.size)
            start = stop
        if (self._available or 0) < (self.count or 0):
            warn_of_the_end()

    def warn_of_nonsense(self, results: Any, is_loss: bool = False) -> None:
        """If results have NaN or infinities, warn once: of the first such value in the data, or else of the loss."""
        if self._warned or all(map(_is_finite, leaves(results))):
            return
        for name, part in zip(("x", "y", "sample_weight"), self.arrays or self._last, strict=False):
            for array in leaves(part):
                if self._warned or _is_finite(array):
                    continue
                self._warned, first = True, tuple(np.argwhere(~np.isfinite(array))[0])
                warn_user(f"`{name}[{', '.join(map(str, first))}]` is {array[first]}, which spreads to the results, "
                          "and to trained weights too. Remove such rows, or replace their values.")  # fmt: skip
        if is_loss and not self._warned:
            self._warned = True
            warn_user("The loss is NaN or infinite, though the data are not. Try a smaller learning rate, clipnorm=1 "
                      "or, if it needs them, outputs that are probabilities.")  # fmt: skip

    def _start(self) -> Iterator[Data]:
        """Begin a pass over the data, or go on with the one that `peek` began."""
        if self.arrays is not None:
            stretches = stretches_of(self.arrays, self._total, self.size, self._shuffle)
            return chain.from_iterable(zip(*stretch, strict=True) for stretch in stretches)
        x = self._source
        if self._begun is not None:
            begun, self._begun = self._begun, None
            return begun
        if self._dataset is None and isinstance(x, Iterable):
            return map(self._as_batch, x.keras_pass(self._steps is None) if hasattr(x, "keras_pass") else x)
        total = _length(x)
        order: Iterable[int] = count()
        if total is not None:
            order = list(range(total))
            if self._shuffle:
                random.shuffle(order)
        return (self._as_batch(x[index]) for index in order)

    def _as_batch(self, item: Any) -> Data:
        self._last = as_batch(*unpack_x_y_sample_weight(item), self._class_weight, has_loss=self._has_loss)
        return self._last


_NO_BATCH = "There is no batch: the data has no rows, or the iterable is empty."


def _length(x: Any) -> int | None:
    """Return how many batches an iterable has, None if it does not say; an iterator is not asked."""
    if isinstance(x, PyDataset):
        return x.num_batches
    length = -1 if isinstance(x, Iterator) else length_hint(x, -1)
    return None if length < 0 else length


def _refuse_beside_batches(x: Any, y: Any, sample_weight: Any, class_weight: Any) -> None:
    kind = "PyDataset" if isinstance(x, PyDataset) else type(x).__name__
    takes_class_weight = kind == "PyDataset" or hasattr(x, "keras_pass")
    others = {"y": y, "sample_weight": sample_weight, "class_weight": None if takes_class_weight else class_weight}
    for name, value in others.items():
        if value is not None:
            raise ValueError(f"`{name}` cannot be passed where `x` is a {kind}: its batches are (x, y, sample_weight).")


def warn_of_the_end() -> None:
    """Warn that there are fewer batches than were asked for."""
    warn_user("Your input ran out of data; interrupting training. There must be at least `steps_per_epoch * epochs` "
              "batches: ask for fewer, or have the generator go on for ever.")  # fmt: skip


def _is_finite(x: Any) -> bool:
    array = np.asarray(x)
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())
