"""`tf.data`: pipelines of elements, each a tensor or a tuple or dict of them.

A dataset is a recipe: calling `items` starts a pass over it. The items of `from_tensor_slices` are row numbers of its
table of arrays, so that shuffle, repeat, take and the like only move numbers, and `batch` indexes all its rows at once.
"""

import builtins
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache, cached_property, partial, reduce
from importlib import import_module
from types import CellType, CodeType, FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._base.context import context, undone
from ..._base.typing import Array, DTypeLike
from ..._core.keras_tensor import infer
from ..._core.tensor import Tensor, as_array
from ...tree import pack_sequence_as
from ...utils.dataset_utils import FolderDataset
from . import philox
from .arrays import ensure_shape
from .draws import as_graph, kernel_for
from .dtypes import TensorShape, TensorSpec, accessor, as_dtype
from .errors import InvalidArgumentError, OutOfRangeError
from .functions import flatten, map_structure
from .io import matches
from .missing import lacks, missing
from .ragged import RaggedTensor, RaggedTensorSpec
from .tensors import NODE, Composite, array_of, convert_to_tensor, empty_of, escape
from .traced import symbol

_HOMES = dict.fromkeys(("TFRecordDataset", "TextLineDataset", "experimental"), f"{__package__}.data_files")
__getattr__: Callable[[str], Any] = missing(__name__, lambda name: getattr(import_module(_HOMES[name]), name))
AUTOTUNE = INFINITE_CARDINALITY = INFINITE = -1
UNKNOWN_CARDINALITY = UNKNOWN = -2
tree_map: Callable[..., Any] = partial(map_structure, lists=False)
_leaves: Callable[[Any], list[Any]] = partial(flatten, lists=False)


def _tensor(leaf: Any) -> Any:
    if isinstance(leaf, Tensor | Dataset | Composite):
        return leaf
    return Tensor(leaf) if type(leaf) is np.ndarray else convert_to_tensor(leaf)


def _names_in(code: CodeType) -> set[str]:
    return {*code.co_names}.union(*(_names_in(x) for x in code.co_consts if isinstance(x, CodeType)))


def _as_now(function: FunctionType) -> FunctionType:
    """Return a function whose names keep what they mean now, as if traced; one that runs Python as it is."""
    names = _names_in(function.__code__)
    if names & {"py_function", "numpy_function"}:
        return function
    kept = {name: x for name, x in function.__globals__.items() if name in names or name.startswith("__")}
    cells = tuple(cell if cell == CellType() else CellType(cell.cell_contents) for cell in function.__closure__ or ())
    same = FunctionType(function.__code__, kept, closure=cells)
    same.__defaults__, same.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return same


def _on_elements(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Return a user's function of tensors as a function of an element; a tuple is unpacked into its arguments."""
    function = _as_now(function) if isinstance(function, FunctionType) else function

    def call(element: Any) -> Any:
        tensors = tree_map(_tensor, element)
        result = function(*tensors) if type(tensors) is tuple else function(tensors)
        return tree_map(_tensor, tuple(result) if isinstance(result, list) else result)

    return call


def _values(leaf: Any) -> Any:
    return leaf if isinstance(leaf, Composite) else as_array(leaf)


def _above_zero(name: str, number: Any) -> int:
    if number < 1:
        raise InvalidArgumentError(f"{name} must be greater than zero. Received: {number}")
    return int(number)


def _frame(leaf: Any) -> Any:
    """Return the array of a leaf, which may be a data frame, a series or a list."""
    return convert_to_tensor(leaf.to_numpy() if hasattr(leaf, "to_numpy") else leaf).numpy_view()


def _spec(leaf: Any) -> Any:
    if isinstance(leaf, Dataset):
        return DatasetSpec(leaf.element_spec, TensorShape([]))
    return leaf.spec if isinstance(leaf, Composite) else TensorSpec(leaf.shape, leaf.dtype)


class DatasetSpec:
    """The specification of a dataset that is an element of another dataset."""

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec: Any = element_spec
        self.shape: TensorShape = TensorShape(dataset_shape)

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self.shape!r})"


def _in_common(one: Any, two: Any) -> Any:
    """Return what two specifications share: a size or a rank in which they differ becomes unknown."""
    if isinstance(one, DatasetSpec):
        return DatasetSpec(tree_map(_in_common, one.element_spec, two.element_spec))
    shape = [m if m == n else None for m, n in zip(one.shape, two.shape, strict=False)]
    return one.like(shape if one.shape.rank == two.shape.rank is not None else None)


def _common_spec(datasets: Sequence["Dataset"]) -> Callable[[], Any]:
    """Return a function that returns the specification of datasets; a TypeError if they have not the same dtypes."""
    specs = list[Any]()
    for ds in datasets:
        with suppress(Exception):  # if that takes an element, and there is none, or a file that is not there yet
            specs.append(ds._spec())
    kinds = [tree_map(lambda s: s.dtype.name if hasattr(s, "dtype") else type(s), spec) for spec in specs]
    if any(kind != kinds[0] for kind in kinds):
        raise TypeError("Incompatible dataset elements: " + " vs. ".join(map(repr, specs)))
    return partial(reduce, partial(tree_map, _in_common), specs) if specs else datasets[0]._spec


def _stacked(specs: Any, elements: list[Any]) -> Any:
    def stack(spec: Any, *leaves: Any) -> Any:
        if isinstance(leaves[0], Composite) or hasattr(spec, "stack"):
            return (spec if hasattr(spec, "stack") else leaves[0].spec).stack(leaves)
        arrays = [_values(leaf) for leaf in leaves]
        for i, array in builtins.enumerate(arrays):
            if array.shape != arrays[0].shape:
                first, other = (str(list(a.shape)).replace(" ", "") for a in (arrays[0], array))
                raise InvalidArgumentError(f"{NODE.format('IteratorGetNext_output_types_1')}Cannot batch tensors with "
                                           f"different shapes in component 0. First element had shape {first} and "
                                           f"element {i} had shape {other}. [Op:IteratorGetNext] name: ")  # fmt: skip
        return np.stack(arrays)

    return tree_map(stack, elements[0] if specs is None else specs, *elements)


def _stream(key: int, low: int, high: int) -> Iterator[int]:
    """Return the words of the Philox generator one by one, in an iterator that threads may share."""

    def block(at: int) -> Any:
        return philox.words(key, at, high, 256).ravel().tolist()

    return itertools.chain.from_iterable(builtins.map(block, itertools.count(low, 256)))


def in_turn(passes: Iterator[Iterator[Any]], width: int, block: int = 1) -> Iterator[Any]:
    """Yield `block` elements of each of `width` iterators in turn; the next one takes the place of one at its end."""
    slots = list(itertools.islice(passes, width))
    while slots:
        open_slots: list[Iterator[Any]] = []
        for slot in slots:
            part = list(itertools.islice(slot, block))
            yield from part
            open_slots += [slot] if len(part) == block else itertools.islice(passes, 1)
        slots = open_slots


class DatasetIterator(Iterator[Any]):
    """One pass over a dataset, by a user's loop, or by `fit` and the like (`of_keras`)."""

    def __init__(self, dataset: "Dataset", of_keras: bool = False, leaf: Callable[[Any], Any] = _tensor) -> None:
        self._dataset, self._of_keras, self._leaf = dataset, of_keras, leaf
        self.assign(np.zeros((), "int64"))

    numpy_view: Callable[..., Array] = lambda self: np.asarray(self._read)  # the state for a checkpoint: elements read

    def assign(self, state: Array) -> None:
        """Begin a pass, and read as many elements; a shuffle may have another order in it."""
        self._read, self._elements = 0, self._dataset._elements()
        next(itertools.islice(self, int(state), int(state)), None)

    element_spec: Any = accessor(lambda self: self._dataset.element_spec, "The specification of the elements.")

    def __next__(self) -> Any:
        escape()
        with context.having(keras_pass=self if self._of_keras else None):
            element = tree_map(self._leaf, next(self._elements))
        self._read += 1
        return element

    next = __next__

    def get_next(self) -> Any:
        """Return the next element, or raise an OutOfRangeError at the end."""
        for element in self:
            return element
        raise OutOfRangeError("End of sequence [Op:IteratorGetNext]")


class Dataset:
    """A sequence of elements, computed as they are needed.

    Example:
        >>> ds = Dataset.from_tensor_slices([1, 2, 3]).map(lambda x: x * 2).batch(2)
        >>> [batch.tolist() for batch in ds], len(ds), ds.element_spec
        ([[2, 4], [6]], 2, TensorSpec(shape=(None,), dtype=tf.int32, name=None))
    """

    def __init__(self, kind: str, items: Callable[[], Iterator[Any]], spec: Callable[[], Any], size: int,
                 table: Any = None) -> None:  # fmt: skip
        self._kind, self._items, self._spec, self._size = kind, items, spec, size
        self._table = table  # arrays whose rows the items number; None if items are the elements themselves

    if not TYPE_CHECKING:  # for type checkers a missing method is an error

        def __getattr__(self, name: str) -> Any:
            raise lacks("'tf.data.Dataset'", name, Dataset, __name__)

    def _derive(self, kind: str, items: Callable[[], Iterator[Any]], size: int) -> "Dataset":
        """Return a dataset that has some or all of these items, in any order."""
        return Dataset(kind, items, self._spec, size, self._table)

    def _elements(self) -> Iterator[Any]:
        if self._table is None:
            return self._items()
        return (tree_map(lambda a, i=i: a[i : i + 1].reshape(a.shape[1:]), self._table) for i in self._items())

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> "Dataset":
        """Return the rows of arrays."""
        if any(isinstance(leaf, Composite) for leaf in _leaves(tensors)):
            parts = tree_map(_tensor, tensors)
            rows = [tree_map(lambda x, i=i: x[i], parts) for i in builtins.range(len(_leaves(parts)[0]))]
            specs = partial(tree_map, lambda x: _spec(x).like(x.shape[1:]), parts)  # `batch` looks for a partial
            return Dataset("TensorSlice", lambda: iter(rows), specs, len(rows))
        whole = hasattr(tensors, "columns") or isinstance(tensors, list)
        table = _frame(tensors) if whole else tree_map(_frame, dict(tensors) if hasattr(tensors, "keys") else tensors)
        sizes = {array.shape[:1] for array in _leaves(table)}
        if len(sizes) != 1 or () in sizes:
            raise ValueError(f"Dimensions {sorted(sizes)} are not compatible: all arrays need the same number of rows.")
        ((size,),) = sizes
        spec = tree_map(lambda array: TensorSpec(array.shape[1:], array.dtype), table)
        return Dataset("TensorSlice", lambda: iter(builtins.range(size)), lambda: spec, size, table)

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> "Dataset":
        """Return a dataset of one element."""
        element = tree_map(lambda x: x if isinstance(x, Dataset | Composite) else convert_to_tensor(x), tensors)
        return Dataset("Tensor", lambda: iter([element]), lambda: tree_map(_spec, element), 1)

    @staticmethod
    def from_generator(generator: Callable[..., Iterable[Any]], output_types: Any = None, output_shapes: Any = None,
                       args: tuple[Any, ...] = (), output_signature: Any = None, **_: Any) -> "Dataset":  # fmt: skip
        """Return the elements that a generator function yields; each pass calls it anew."""
        shapes = tree_map(lambda _: None, output_types) if output_shapes is None else output_shapes
        spec = output_signature or tree_map(lambda kind, shape: TensorSpec(shape, kind), output_types, shapes)

        def checked(spec: Any, x: Any) -> Any:
            if not isinstance(x, Composite | str | bytes) and spec.dtype != "string":
                x = as_array(x, spec.dtype.name)  # which cuts off fractions
            return x if isinstance(x, Composite) else ensure_shape(convert_to_tensor(x, spec.dtype), spec.shape)

        element = lambda x: tree_map(checked, spec, tuple(x) if isinstance(spec, tuple) else x)  # noqa: E731
        items = lambda: builtins.map(element, generator(*(array_of(a)[()] for a in args)))  # noqa: E731
        return Dataset("FlatMap", items, lambda: spec, UNKNOWN)

    @staticmethod
    def range(*args: Any, output_type: DTypeLike = "int64", name: str | None = None) -> "Dataset":
        """Return the numbers of Python's `range`."""
        ds = Dataset.from_tensor_slices(np.arange(*(int(a) for a in args), dtype=as_dtype(output_type).name))
        return ds._derive("Range", ds._items, ds._size)

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> "Dataset":
        """Return tuples (or dicts) of the elements of several datasets."""
        structure = datasets if datasets is not None else args[0] if len(args) == 1 else args
        members = _leaves(structure)
        element = lambda *parts: pack_sequence_as(structure, parts)  # noqa: E731
        items = lambda: builtins.map(element, *(ds._elements() for ds in members))  # noqa: E731
        sizes = [ds._size for ds in members]
        size = UNKNOWN if UNKNOWN in sizes else min((n for n in sizes if n >= 0), default=INFINITE)
        return Dataset("Zip", items, lambda: tree_map(lambda ds: ds.element_spec, structure), size)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: Any = None, name: Any = None) -> "Dataset":
        """Return the names of the files that match patterns."""
        paths = matches(file_pattern)
        if not paths:
            raise InvalidArgumentError(f"No files matched pattern: {file_pattern}")
        ds = Dataset.from_tensor_slices(paths)
        return ds if shuffle is False else ds.shuffle(len(paths), seed)

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: DTypeLike = "int64", name: str | None = None) -> "Dataset":
        """Return the numbers start, start + step and so on, without end."""
        kind = as_dtype(dtype)
        return Dataset("Counter", lambda: (np.asarray(n, kind.name) for n in itertools.count(start, step)),
                       lambda: TensorSpec([], kind), INFINITE)  # fmt: skip

    @staticmethod
    def random(seed: Any = None, rerandomize_each_iteration: bool = False, name: str | None = None) -> "Dataset":
        """Return random 32-bit numbers without end; with a seed they are TensorFlow's."""
        key, low, high = kernel_for("data.shuffle", "", seed).state(0)
        seeds = _stream(key, low, high)

        def items() -> Iterator[Any]:
            first, second = (next(seeds), next(seeds)) if rerandomize_each_iteration else (key, high)
            return builtins.map(np.int64, _stream(first, 0, second))

        return Dataset("Random", items, lambda: TensorSpec([], "int64"), INFINITE)

    @staticmethod
    def sample_from_datasets(datasets: list["Dataset"], weights: Any = None, seed: Any = None,
                             stop_on_empty_dataset: bool = False, **_: Any) -> "Dataset":  # fmt: skip
        """Return elements of datasets chosen at random, until all (or, if `stop_on_empty_dataset`, one) are empty."""
        shares = [1.0] * len(datasets) if weights is None else as_array(weights).tolist()
        datasets = [dataset for dataset, share in zip(datasets, shares, strict=True) if share]
        edges = np.cumsum([share for share in shares if share])

        def choose(pair: Tensor) -> Any:
            number = philox.uniform(philox.scrambled(as_array(pair)), 1, "float64")
            return np.searchsorted(edges, number[0] * edges[-1], "right")

        return Dataset.choose_from_datasets(datasets, Dataset.random(seed).batch(2).map(choose), stop_on_empty_dataset)

    @staticmethod
    def choose_from_datasets(datasets: list["Dataset"], choice_dataset: "Dataset",
                             stop_on_empty_dataset: bool = True) -> "Dataset":  # fmt: skip
        """Return elements of several datasets; the numbers in `choice_dataset` say from which one each comes."""

        def items() -> Iterator[Any]:
            passes = dict(builtins.enumerate(ds._elements() for ds in datasets))
            for choice in choice_dataset._elements():
                i = int(_values(choice))
                found = list(itertools.islice(passes.get(i, ()), 1))
                yield from found
                if not found:
                    passes.pop(i, None)
                    if stop_on_empty_dataset or not passes:
                        return

        size = INFINITE if any(ds._size == INFINITE for ds in datasets) else UNKNOWN
        return Dataset("DirectedInterleave", items, _common_spec(datasets), size)

    def shuffle(self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool = True,
                name: str | None = None) -> "Dataset":  # fmt: skip
        """Return the elements in random order, drawn from a buffer of the next ones; with a seed in TensorFlow's."""
        key, low, high = kernel_for("data.shuffle", "", seed).state(0)
        n = UNKNOWN if buffer_size == UNKNOWN else _above_zero("buffer_size", buffer_size)
        seeds = _stream(key, low, high)
        fixed = (key, high) if reshuffle_each_iteration is False else None
        last: list[Any] = [None]  # pass of Keras, which starts another one after it, and drops that with its seeds

        def items() -> Iterator[Any]:
            if last[0] not in (None, context.keras_pass):
                next(seeds), next(seeds)
            last[0] = context.keras_pass
            first, second = fixed or (next(seeds), next(seeds))
            draws = _stream(first, 0, second)
            source = self._items()
            with context.having(keras_pass=None):  # the pass that Keras drops asks its source for nothing
                buffer = list(itertools.islice(source, None if n < 0 else n))
            full = len(buffer)
            rest = ((left, None) for left in builtins.range(full, 0, -1))
            filled = itertools.chain(((full, new) for new in source), rest)
            for start, (left, new) in builtins.enumerate(filled):  # a ring buffer, whose oldest element is at `start`
                drawn, oldest = (start + next(draws) % left) % full, start % full
                item, buffer[drawn], buffer[oldest] = buffer[drawn], buffer[oldest], new
                yield item

        return self._derive("Shuffle", lambda: self._items() if context.dry else items(), self._size)

    def repeat(self, count: Any = None, name: str | None = None) -> "Dataset":
        """Return the elements `count` times in a row, or without end."""
        times = -1 if count is None else int(count)

        def items() -> Iterator[Any]:
            for _ in itertools.count() if times < 0 else builtins.range(times):
                items = self._items()
                first = list(itertools.islice(items, 1))
                if not first:
                    return
                yield from itertools.chain(first, items)

        endless = times < 0 and self._size != 0
        size = INFINITE if endless else self._size * times if self._size >= 0 or not times else self._size
        return self._derive("Repeat", items, size)

    def take(self, count: Any, name: str | None = None) -> "Dataset":
        """Return the first `count` elements."""
        n = int(count)
        if n < 0:
            return self
        size = n if self._size == INFINITE else min(n, self._size) if self._size >= 0 else UNKNOWN
        return self._derive("Take", lambda: itertools.islice(self._items(), n), size)

    def skip(self, count: Any, name: str | None = None) -> "Dataset":
        """Return all but the first `count` elements."""
        n = int(count)
        if n < 0:
            return self.take(0)
        size = max(self._size - n, 0) if self._size >= 0 else self._size
        return self._derive("Skip", lambda: itertools.islice(self._items(), n, None), size)

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> "Dataset":
        """Return every `num_shards`-th element, from number `index` on."""
        n, i = _above_zero("num_shards", num_shards), int(index)
        if not 0 <= i < n:
            raise InvalidArgumentError(f"index must be between 0 and {n - 1} (currently index = {i})")
        size = len(builtins.range(i, self._size, n)) if self._size >= 0 else self._size
        return self._derive("Shard", lambda: itertools.islice(self._items(), i, None, n), size)

    def prefetch(self, buffer_size: Any = None, name: str | None = None) -> "Dataset":
        """Return the same elements: nothing is computed ahead here."""
        return self._derive("Prefetch", self._items, self._size)

    def cache(self, filename: str = "", name: str | None = None) -> "Dataset":
        """Return the same elements in each pass, kept in memory from the first complete one."""
        memory: list[list[Any]] = []
        source = Dataset(self._kind, self._items, self._spec, self._size)

        def items() -> Iterator[Any]:
            seen = []  # the pass that fills it uses up one seed of a shuffle, in `fit` too: no pass comes after it
            for item in memory[0] if memory else DatasetIterator(source, leaf=lambda item: item):
                seen.append(item)
                yield item
            memory[:] = [seen]

        return self._derive("Cache", items, self._size)

    def concatenate(self, dataset: "Dataset", name: str | None = None) -> "Dataset":
        """Return the elements followed by those of another dataset."""
        sizes = (self._size, dataset._size)
        size = INFINITE if INFINITE in sizes else UNKNOWN if UNKNOWN in sizes else sum(sizes)
        items = lambda: itertools.chain(self._elements(), dataset._elements())  # noqa: E731
        return Dataset("Concatenate", items, _common_spec([self, dataset]), size)

    def with_options(self, options: Any, name: str | None = None) -> "Dataset":
        """Return the same dataset: the options are about how TensorFlow runs it."""
        return self

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: Any = None,
            **_: Any) -> "Dataset":  # fmt: skip
        """Return the results of a function of each element; a tuple is unpacked into its arguments."""
        result = _on_elements(map_func)
        kind = "ParallelMap" if num_parallel_calls is not None else "Map"
        items = lambda: builtins.map(as_graph(result), self._elements())  # noqa: E731
        return Dataset(kind, items, lambda: self._inferred(as_graph(result)), self._size)

    def _inferred(self, result: Callable[[Any], Any]) -> Any:
        """Return the specification of a function's results, inferred from zeros or else from the first element."""
        spec, found = self._spec(), list[Any]()

        def run(element: Any) -> None:  # on other integers in each run, so that sizes that depend on them come out open
            element = tree_map(lambda x: convert_to_tensor(as_array(x)) if isinstance(x, Tensor) else x, element)
            element = tree_map(lambda x: x + (context.dry - 1) if "int" in getattr(x, "dtype", "") else x, element)
            found.append(tree_map(_spec, result(element)))

        if all(s.shape.rank is not None and not getattr(s, "ragged_rank", hasattr(s, "stack")) for s in _leaves(spec)):
            with suppress(Exception):
                given = tree_map(lambda s: _variant(s.element_spec, []) if type(s) is DatasetSpec else symbol(s), spec)
                infer(run, given)
                return tree_map(_in_common, *found[-2:])
        with undone(1):  # in which shuffles use up no seeds
            return tree_map(_spec, result(next(self._elements())))

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> "Dataset":
        """Return the elements for which a function is true."""
        keeps = _on_elements(predicate)
        return Dataset("Filter", lambda: builtins.filter(keeps, self._elements()), self._spec, UNKNOWN)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> "Dataset":
        """Return the elements before the first for which a function is false."""
        holds = _on_elements(predicate)
        return Dataset("TakeWhile", lambda: itertools.takewhile(holds, self._elements()), self._spec, UNKNOWN)

    def flat_map(self, map_func: Callable[..., "Dataset"], name: str | None = None) -> "Dataset":
        """Return the elements of the datasets that a function makes of the elements, one dataset after the other."""
        parts = self.map(map_func)
        items = lambda: itertools.chain.from_iterable(builtins.map(Dataset._elements, parts._items()))  # noqa: E731
        return Dataset("FlatMap", items, lambda: parts._spec().element_spec, UNKNOWN)

    def interleave(self, map_func: Callable[..., "Dataset"], cycle_length: Any = None, block_length: Any = None,
                   *_: Any, **__: Any) -> "Dataset":  # fmt: skip
        """Return the elements of `flat_map`, but `block_length` of each of `cycle_length` datasets in turn."""
        width = 4 if cycle_length is None or int(cycle_length) < 1 else int(cycle_length)
        parts, block = self.map(map_func), int(block_length or 1)
        items = lambda: in_turn((ds._elements() for ds in parts._items()), width, block)  # noqa: E731
        return Dataset("Interleave", items, lambda: parts._spec().element_spec, UNKNOWN)

    def group_by_window(self, key_func: Callable[..., Any], reduce_func: Callable[[Any, "Dataset"], "Dataset"],
                        window_size: Any = None, window_size_func: Callable[[Any], Any] | None = None,
                        name: str | None = None) -> "Dataset":  # fmt: skip
        """Apply `reduce_func(key, group)` to each `window_size` elements of one key; incomplete groups come last."""
        if (window_size is None) == (window_size_func is None):
            raise ValueError("Either the `window_size` argument or the `window_size_func` argument must be specified.")
        key_of = _on_elements(key_func)

        def items() -> Iterator[Any]:
            spec, groups = self._spec(), dict[int, list[Any]]()
            for element in self._elements():
                key = int(_values(key_of(element)))
                group = groups.setdefault(key, [])
                group.append(element)
                size = window_size if window_size_func is None else window_size_func(convert_to_tensor(key, "int64"))
                if len(group) >= int(_values(size)):
                    yield np.int64(key), _variant(spec, groups.pop(key))
            for key in sorted(groups):
                yield np.int64(key), _variant(spec, groups[key])

        spec = lambda: (TensorSpec([], "int64"), DatasetSpec(self._spec()))  # noqa: E731
        parts = Dataset("Group", items, spec, UNKNOWN).flat_map(reduce_func)
        return Dataset("GroupByWindow", parts._items, parts._spec, INFINITE if self._size == INFINITE else UNKNOWN)

    def bucket_by_sequence_length(self, element_length_func: Callable[..., Any], bucket_boundaries: Sequence[int],
                                  bucket_batch_sizes: Sequence[int], padded_shapes: Any = None,
                                  padding_values: Any = None, pad_to_bucket_boundary: bool = False,
                                  no_padding: bool = False, drop_remainder: bool = False,
                                  name: str | None = None) -> "Dataset":  # fmt: skip
        """Return padded batches of elements of similar lengths.

        Bucket i has the elements shorter than boundary i, and not in an earlier bucket; the last one has the rest.
        """
        if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
            raise ValueError("`len(bucket_batch_sizes)` must equal `len(bucket_boundaries) + 1` but "
                             f"`len(bucket_batch_sizes)={len(bucket_batch_sizes)}` and "
                             f"`len(bucket_boundaries)={len(bucket_boundaries)}`.")  # fmt: skip

        def bucket_of(*element: Any) -> Any:
            return np.searchsorted(bucket_boundaries, _values(element_length_func(*element)), "right")

        def batch(key: Any, group: Dataset) -> Dataset:
            bucket = int(_values(key))
            n, shapes = bucket_batch_sizes[bucket], padded_shapes
            if no_padding:
                return group.batch(n, drop_remainder)
            if pad_to_bucket_boundary:
                if bucket == len(bucket_boundaries):
                    raise InvalidArgumentError("To pad to the boundary, lengths must be < max(bucket_boundaries).")
                shapes = tree_map(lambda s: list(s.shape), group._spec()) if shapes is None else shapes
                full = bucket_boundaries[bucket] - 1
                shapes = tree_map(lambda shape: np.array([full if k in (None, -1) else k for k in shape]), shapes)
            return group.padded_batch(n, shapes, padding_values, drop_remainder)

        return self.group_by_window(bucket_of, batch, window_size_func=lambda key: bucket_batch_sizes[int(key)])

    def unique(self, name: str | None = None) -> "Dataset":
        """Return the distinct elements, each at its first place; a TypeError unless they are int32, int64 or text."""
        if getattr(self._spec(), "dtype", None) not in ("int32", "int64", "string"):
            raise TypeError(f"`unique` takes elements of dtype int32, int64 or string. Received: {self._spec()}")

        def items() -> Iterator[Any]:
            seen: set[Any] = set()
            for element in self._elements():
                key = repr(_values(element).tolist())  # hashable for vectors too
                if key not in seen:
                    seen.add(key)
                    yield element

        return Dataset("Unique", items, self._spec, UNKNOWN)

    def apply(self, transformation_func: Callable[["Dataset"], "Dataset"]) -> "Dataset":
        """Return `transformation_func(dataset)`."""
        return transformation_func(self)

    def enumerate(self, start: Any = 0, name: str | None = None) -> "Dataset":
        """Return pairs (number, element)."""
        return Dataset.zip(Dataset.counter(int(start)), self)

    def batch(self, batch_size: Any, drop_remainder: bool = False, *_: Any, **__: Any) -> "Dataset":
        """Return stacks of `batch_size` elements; the last may be smaller, or is left out with `drop_remainder`."""
        join: Callable[[list[Any]], Any] = partial(_stacked, self._spec() if isinstance(self._spec, partial) else None)
        if self._table is not None:
            join = lambda rows: tree_map(lambda array: array[np.array(rows)], self._table)  # noqa: E731
        return self._grouped("Batch", batch_size, drop_remainder, join)

    def padded_batch(self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None,
                     drop_remainder: bool = False, name: Any = None) -> "Dataset":  # fmt: skip
        """Return stacks of `batch_size` elements, padded to one shape."""

        def join(elements: list[Any]) -> Any:
            def stack(first: Any, fill: Any, sizes: Any, *others: Any) -> Any:
                arrays = [_values(leaf) for leaf in (first, *others)]
                largest = np.max([a.shape for a in arrays], axis=0)
                asked = [None] * len(largest) if sizes is None else np.atleast_1d(sizes)
                shape = [int(m if n in (None, -1) else n) for m, n in builtins.zip(largest, asked, strict=True)]
                fill = empty_of(arrays[0].dtype) if fill is None else array_of(fill)
                padded = np.full((len(arrays), *shape), fill, arrays[0].dtype)
                for i, array in builtins.enumerate(arrays):
                    place: tuple[Any, ...] = (i, *(builtins.slice(k) for k in array.shape))
                    padded[place] = array[()]  # of a single text the text itself
                return padded

            first, *others = elements
            alike = isinstance(padding_values, type(first))
            fills = padding_values if alike else tree_map(lambda _: padding_values, first)
            sizes = tree_map(lambda _: None, first) if padded_shapes is None else padded_shapes
            return tree_map(stack, first, fills, sizes, *others)

        padded = lambda: tree_map(lambda spec, sizes: spec.like(sizes), self._spec(), padded_shapes)  # noqa: E731
        plain = Dataset("", self._elements, self._spec if padded_shapes is None else padded, self._size)
        return plain._grouped("PaddedBatch", batch_size, drop_remainder, join)

    def ragged_batch(self, batch_size: Any, drop_remainder: bool = False, *_: Any, **__: Any) -> "Dataset":
        """Return stacks of `batch_size` elements; if their shapes are open, as ragged tensors."""

        def batched(spec: Any) -> Any:
            last = max((axis for axis, n in builtins.enumerate(spec.shape) if n is None), default=0)
            return spec if spec.shape.is_fully_defined() else RaggedTensorSpec(spec.shape, spec.dtype, last)

        specs = cache(lambda: tree_map(batched, self._spec()))
        plain = Dataset("", self._elements, specs, self._size)
        return plain._grouped("RaggedBatch", batch_size, drop_remainder, lambda rows: _stacked(specs(), rows))

    def _grouped(self, kind: str, batch_size: Any, drop: bool, join: Callable[[list[Any]], Any]) -> "Dataset":
        n = _above_zero("batch_size", batch_size)

        def items() -> Iterator[Any]:  # no generator, which an error would end
            source = self._items()
            groups = iter(lambda: list(itertools.islice(source, n)), [])
            return builtins.map(join, builtins.filter(lambda group: len(group) == n, groups) if drop else groups)

        size = self._size if self._size < 0 else self._size // n if drop else -(-self._size // n)
        batch = lambda s: s.like([n if drop else None, *s.shape]) if s.shape.rank is not None else s  # noqa: E731
        return Dataset(kind, items, lambda: tree_map(batch, self._spec()), size)

    def unbatch(self, name: str | None = None) -> "Dataset":
        """Return the rows of the elements; for an element with a single number or text, a pass is a ValueError."""
        items = lambda: (row for x in self._elements() for row in Dataset.from_tensor_slices(x)._elements())  # noqa: E731
        rows, size = [n for n in self._row_counts() if n is not None], self._size
        if len(rows) > 1:
            raise ValueError(f"`unbatch` needs elements whose parts have as many rows each. Received: {self._spec()}")
        size = size if size < 0 else size * rows.pop() if rows else UNKNOWN
        return Dataset("Unbatch", items, lambda: tree_map(lambda spec: spec.like(spec.shape[1:]), self._spec()), size)

    def _row_counts(self) -> set[int | None]:
        """Return how many rows the parts of each element have, None for any number."""
        with suppress(Exception):  # a function that `map` was given may not be able to run yet
            return {spec.shape[0] if spec.shape else None for spec in _leaves(self._spec())}
        return {None}

    @cached_property
    def even_batches(self) -> bool:
        """Whether all batches have one size, which is known."""
        return None not in self._row_counts()

    def rebatch(self, batch_size: Any, drop_remainder: bool = False, name: str | None = None) -> "Dataset":
        """Return the rows of batches in batches of another size."""
        rows = self.unbatch()
        return Dataset("Rebatch", rows._elements, rows._spec, UNKNOWN).batch(batch_size, drop_remainder)

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False,
               name: Any = None) -> "Dataset":  # fmt: skip
        """Return datasets of `size` elements, `stride` apart; each starts `shift` elements after the one before."""
        n, step = _above_zero("size", size), _above_zero("stride", stride)
        move = n if shift is None else _above_zero("shift", shift)
        span = (n - 1) * step + 1  # elements from the first to the last of a window

        def items() -> Iterator[Any]:
            source, specs = self._elements(), self._spec()
            buffer: list[Any] = []
            while True:
                buffer += itertools.islice(source, span - len(buffer))
                if not buffer or (drop_remainder and len(buffer) < span):
                    return
                yield tree_map(lambda spec, *x: _variant(spec, x), specs, *buffer[:span:step])
                buffer = [*buffer, *itertools.islice(source, max(move - len(buffer), 0))][move:]

        count = self._size if self._size < 0 else max(-(-(self._size - (span - 1) * drop_remainder) // move), 0)
        return Dataset("Window", items, lambda: tree_map(lambda s: DatasetSpec(s), self._spec()), count)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any], name: str | None = None) -> Any:
        """Return the last state of a function (state, element) -> next state, called in order."""
        step = lambda state, element: tree_map(_tensor, reduce_func(state, element))  # noqa: E731
        return reduce(step, self, tree_map(_tensor, initial_state))

    def get_single_element(self, name: str | None = None) -> Any:
        """Return the only element."""
        elements = list(itertools.islice(self, 2))
        if len(elements) != 1:
            raise InvalidArgumentError("Dataset had " + ("more than one element." if elements else "no elements."))
        return elements[0]

    def as_numpy_iterator(self) -> DatasetIterator:
        """Return an iterator over the elements as arrays."""
        array = lambda x: x.numpy() if isinstance(x, RaggedTensor) else as_array(x)[()]  # noqa: E731
        return DatasetIterator(self, leaf=array)

    element_spec: Any = accessor(lambda self: self._spec(), "The specification of the elements.")

    def cardinality(self, name: str | None = None) -> Tensor:
        """Return the number of elements: -1 is infinite, -2 unknown."""
        return Tensor(np.asarray(self._size, "int64"))

    def __len__(self) -> int:
        if self._size < 0:
            raise TypeError("The dataset is infinite." if self._size == INFINITE else "The dataset length is unknown.")
        return self._size

    __bool__: Callable[..., bool] = lambda self: True  # though it may be empty

    def __iter__(self) -> DatasetIterator:
        return DatasetIterator(self)

    def keras_pass(self, whole: bool = True) -> DatasetIterator:
        """Return a pass for `fit` and the like, in which shuffles use up seeds as they do in Keras.

        Keras starts a further pass after each epoch of all elements (`whole`) if their number is known.
        """
        return DatasetIterator(self, of_keras=whole and self._size >= 0)

    def __repr__(self) -> str:
        return f"<_{self._kind}Dataset element_spec={self.element_spec!r}>"


def _variant(spec: Any, elements: Sequence[Any]) -> Dataset:
    return Dataset("Variant", lambda: iter(elements), lambda: spec, len(elements))


def of_folder(folder: FolderDataset) -> Dataset:
    """Return the samples of a folder, or windows of a series, in the batches and order of TensorFlow's dataset."""
    items, load, labels, size = folder._items, folder._load, folder._labels, folder._batch

    def make(i: int) -> Any:
        x = convert_to_tensor(load(items[i])).numpy_view()
        return x if labels is None else (x, np.asarray(labels[i]))

    rows = Dataset.range(len(items))
    if folder._seed is not None:
        rows = rows.shuffle(1024 if size is None else 8 * size, folder._seed)
    ds = Dataset("Map", lambda: builtins.map(make, rows._items()), lambda: tree_map(_spec, make(0)), rows._size)
    ds = (ds if size is None else ds.batch(size)).prefetch(AUTOTUNE)
    vars(ds).update(class_names=folder.class_names, file_paths=folder.file_paths)
    return ds


class Options(SimpleNamespace):
    """Settings of how TensorFlow runs a pipeline. Any attribute may be set, and has no effect."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return vars(self).setdefault(name, SimpleNamespace())
