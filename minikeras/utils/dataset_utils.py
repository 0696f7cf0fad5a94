"""Data sets: from folders of pictures or texts, from windows of a series, and splits of arrays in two."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from copy import copy, deepcopy
from os import PathLike
from typing import Any, Literal, TypeAlias, cast, get_args, overload

import numpy as np

from .. import ops
from .._base.checks import one_of, standardize_sizes, within
from .._base.signature import suggests
from .._base.typing import Array, DataFormat, Interpolation
from .._trainers.batches import PyDataset
from .image_utils import COLOR_MODES, ColorMode, img_to_array, open_image

LabelMode: TypeAlias = Literal["int", "categorical", "binary"]
Subset: TypeAlias = Literal["training", "validation", "both"]
_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")


class FolderDataset(PyDataset):
    """Batches that are made when they are needed; `load` turns an item into a sample.

    Without `batch_size` samples come one by one, without a batch axis. A `seed` changes the order in each pass.
    """

    class_names: list[str] | None = None  # None without classes
    file_paths: list[str] | None = None

    def __init__(self, items: Sequence[Any], load: Callable[[Any], Any], labels: Array | None, batch_size: int | None,
                 seed: int | None) -> None:  # fmt: skip
        super().__init__()
        within("batch_size", 1 if batch_size is None else batch_size, 1)
        self._items, self._load, self._labels, self._batch, self._seed = items, load, labels, batch_size, seed
        self._rng = None if seed is None else np.random.RandomState(seed)
        self._order = np.arange(len(items))
        self._maps: list[Callable[..., Any]] = []
        self._most = len(items)

    def __len__(self) -> int:
        return min(self._most, -(-len(self._items) // (self._batch or 1)))

    def __getitem__(self, index: int) -> Any:
        """Return batch `index`: samples, or samples and targets."""
        size = self._batch or 1
        rows = self._order[index * size : (index + 1) * size]
        samples = [self._load(self._items[i]) for i in rows]
        x: Any = np.stack(samples) if self._batch else samples[0]
        parts = (x,) if self._labels is None else (x, self._labels[rows if self._batch else rows[0]])
        for function in self._maps:
            result = function(*parts)
            parts = tuple(result) if isinstance(result, tuple | list) else (result,)
        return parts if len(parts) > 1 else parts[0]

    def __iter__(self) -> Iterator[Any]:
        self.on_epoch_end()
        return PyDataset.__iter__(self._with())  # which keeps its order if another pass begins

    def on_epoch_end(self) -> None:
        if self._rng is not None:
            self._order = self._rng.permutation(self._order)

    def map(self, function: Callable[..., Any], num_parallel_calls: Any = None) -> "FolderDataset":
        """Return the same batches with a function applied to each."""
        return self._with(_maps=[*self._maps, function])

    def take(self, count: int, name: str | None = None) -> "FolderDataset":
        """Return the first `count` batches; all of them if it is -1."""
        return self._with(_most=self._most if count < 0 else min(count, self._most))

    def _with(self, **changes: Any) -> "FolderDataset":
        twin = copy(self)
        vars(twin).update(changes, _rng=deepcopy(self._rng))
        return twin

    def cache(self, filename: str = "") -> "FolderDataset":
        """Return the same batches: they are made when they are needed."""
        return self

    def prefetch(self, buffer_size: Any = None) -> "FolderDataset":
        """Return the same batches: they are made when they are needed."""
        return self


@suggests
def timeseries_dataset_from_array(data: Any, targets: Any, sequence_length: int, sequence_stride: int = 1,
                                  sampling_rate: int = 1, batch_size: int | None = 128, shuffle: bool = False,
                                  seed: int | None = None, start_index: int | None = None, end_index: int | None = None,
                                  format: str = "tf") -> FolderDataset:  # fmt: skip
    """Return batches of windows of a series, and of the target at each window's start.

    Args:
        data: The series, of shape (steps, ...).
        targets: The target of the window that begins at each step; None for windows alone.
        sequence_length: Steps in a window.
        sequence_stride: Steps from one window to the next.
        sampling_rate: Distance between two steps of a window, in steps of the series.
        batch_size: Windows in a batch; None for one by one.
        shuffle: Whether the windows come in random order.
        seed: Seed of the order.
        start_index, end_index: The part of the series to use.
        format: "tf" or "grain", as in Keras; not used.

    Raises:
        ValueError: if a number is not in its range.

    Example:
        >>> batches = timeseries_dataset_from_array(np.arange(6), np.arange(10, 16), 3)
        >>> x, y = batches[0]
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]], [10, 11, 12, 13])
    """
    one_of("format", format, ("tf", "grain"))
    values = ops.convert_to_numpy(data)
    last = len(values) - 1
    sampling_rate = int(within("sampling_rate", sampling_rate, 1, last))
    sequence_stride = int(within("sequence_stride", sequence_stride, 1, last))
    within("start_index", start_index or 0, 0, last)
    sequence_length = int(within("sequence_length", sequence_length, 1))
    if end_index:
        within("end_index", end_index, (start_index or 0) + 1, last)
    start, end = start_index or 0, len(values) if end_index is None else end_index
    count = end - start - (sequence_length - 1) * sampling_rate
    labels = None if targets is None else ops.convert_to_numpy(targets)[start:end]
    starts = np.arange(0, count if labels is None else min(count, len(labels)), sequence_stride)
    if shuffle:
        seed = np.random.randint(10**6) if seed is None else seed  # noqa: NPY002 - as Keras draws it
        np.random.RandomState(seed).shuffle(starts)
    part, steps = values[start:end], np.arange(sequence_length) * sampling_rate
    targets = None if labels is None else labels[starts]
    return FolderDataset(starts.tolist(), lambda i: part[i + steps], targets, batch_size, seed if shuffle else None)


def _files(root: Any, suffixes: tuple[str, ...], labels: Any, class_names: Sequence[str] | None,
           links: bool) -> tuple[list[str], Array | None, list[str] | None]:  # fmt: skip
    """Return the files below a folder, the class number of each, and the names of the classes."""
    inferred = isinstance(labels, str) and labels == "inferred"
    if class_names is not None and not inferred:
        raise ValueError("`class_names` can only be passed with `labels='inferred'` and a `label_mode`.")
    folders = sorted(f.name for f in os.scandir(root) if f.is_dir() and f.name[0] != ".") if inferred else [""]
    if inferred and class_names is not None:
        if not set(class_names) <= set(folders):
            raise ValueError(f"`class_names` must be folders of {root}: {folders}. Received: {list(class_names)}")
        folders = list(class_names)
    paths, classes = list[str](), list[int]()
    for i, name in enumerate(folders):
        for top, _, files in sorted(os.walk(os.path.join(root, name), followlinks=links)):
            paths += [os.path.join(top, file) for file in sorted(files) if file.lower().endswith(suffixes)]
        classes += [i] * (len(paths) - len(classes))
    if not paths:
        raise ValueError(f"No files found in directory {root}. Allowed formats: {suffixes}")
    if inferred:
        return paths, np.array(classes, "int32"), folders
    if labels is None:
        return paths, None, None
    numbers = np.atleast_1d(labels)
    if len(numbers) != len(paths):
        raise ValueError(f"`labels` must have one label for each of {len(paths)} files in {root}, not {len(numbers)}.")
    targets = numbers.astype("float32" if numbers.dtype.kind == "f" else "int32")  # floats are not cut off
    return paths, targets, [str(n) for n in sorted(set(numbers.tolist()))]


def _from_folder(load: Callable[[str], Any], suffixes: tuple[str, ...], directory: Any, labels: Any,
                 label_mode: str | None, class_names: Sequence[str] | None, batch_size: int | None, shuffle: bool,
                 seed: int | None, validation_split: float | None, subset: str | None, verbose: bool,
                 follow_links: bool, format: str, **_: Any) -> Any:  # fmt: skip
    one_of("format", format, ("tf", "grain"))
    one_of("subset", subset, ("training", "validation", "both", None))
    if (not validation_split) != (not subset) or not 0 <= (validation_split or 0) < 1:
        raise ValueError("Pass both `validation_split`, a number between 0 and 1, and `subset`, or neither. Received: "
                         f"{validation_split=}, {subset=}.")  # fmt: skip
    if validation_split and shuffle and seed is None:
        raise ValueError("Pass the same `seed=` for both subsets: shuffled differently, they would share files.")
    one_of("label_mode", label_mode, ("int", "categorical", "binary", None))
    paths, numbers, names = _files(directory, suffixes, label_mode and labels, class_names, follow_links)
    if verbose:
        print(f"Found {len(paths)} files{'' if names is None else f' belonging to {len(names)} classes'}.")
    if label_mode == "binary" and names is not None and len(names) != 2:
        raise ValueError(f'label_mode="binary" needs exactly 2 classes. Received: class_names={names}')
    seed = np.random.randint(10**6) if seed is None else seed  # noqa: NPY002 - as Keras draws it
    order = np.random.RandomState(seed).permutation(len(paths)) if shuffle else np.arange(len(paths))
    paths = [paths[i] for i in order]
    targets: Any = None if numbers is None else numbers[order]
    if names and label_mode == "categorical":
        targets = np.eye(len(names), dtype="float32")[targets]
    elif names and label_mode == "binary":
        targets = targets.astype("float32")[:, None]
    end = len(paths) - int((validation_split or 0) * len(paths))
    if validation_split and end == len(paths):
        raise ValueError(f"{validation_split=} of {end} files leaves none to validate on.")

    def make(which: str | None, seed: int | None) -> FolderDataset:
        part = {"training": slice(0, end), "validation": slice(end, None), None: slice(None)}[which]
        if verbose and which:
            print(f"Using {len(paths[part])} files for {which}.")
        labels = None if targets is None else targets[part]
        dataset = FolderDataset(paths[part], load, labels, batch_size, seed if shuffle else None)
        dataset.class_names, dataset.file_paths = names, paths[part]
        return dataset

    return [make("training", seed), make("validation", None)] if subset == "both" else make(subset, seed)


@suggests
def image_dataset_from_directory(
    directory: str | PathLike[str], labels: Any = "inferred", label_mode: LabelMode | None = "int",
    class_names: Sequence[str] | None = None, color_mode: ColorMode = "rgb", batch_size: int | None = 32,
    image_size: int | Sequence[int] = (256, 256), shuffle: bool = True, seed: int | None = None,
    validation_split: float | None = None, subset: Subset | None = None, interpolation: Interpolation = "bilinear",
    follow_links: bool = False, crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
    data_format: DataFormat | None = None, format: str = "tf", verbose: bool = True) -> Any:  # fmt: skip
    """Return batches of the pictures in a folder, with a subfolder for each class (needs Pillow).

    Args:
        directory: The folder.
        labels: "inferred" from the subfolders, None for none, or a list for the files in order.
        label_mode: "int", "categorical" (a column for each class), "binary" (0 and 1) or None.
        class_names: The subfolders in order, alphabetic by default.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: Pictures in a batch; None for one by one.
        image_size: Height and width to resize them to, or one number for both.
        shuffle: Whether they come in random order.
        seed: Seed of the order.
        validation_split: The fraction of the files, from the end, for validation.
        subset: "training", "validation" or "both" of these parts.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        follow_links: Whether to go into folders that are symbolic links.
        format: "tf" or "grain", as in Keras; not used.
        crop_to_aspect_ratio, pad_to_aspect_ratio: Whether to crop, or to pad with black, instead of distorting.
        data_format: Where the channels are; the configured format if not given.
        verbose: Whether to print how many files were found.

    Raises:
        ValueError: without files, or for settings that do not go together.
        ImportError: without Pillow.
    """
    arguments = dict(locals())
    one_of("color_mode", color_mode, COLOR_MODES)
    interpolation = one_of("interpolation", cast(Interpolation, interpolation.lower()), get_args(Interpolation))
    height, width = standardize_sizes(image_size, 2, "image_size")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`.")

    def load(path: str) -> Array:
        with open_image(path) as file:
            img = file.convert(COLOR_MODES[color_mode])
        wanted, sizes = np.array([height, width], "float32"), np.array([img.height, img.width], "float32")
        fitting = sizes / (sizes / wanted).max() if pad_to_aspect_ratio else wanted
        x = ops.image.resize(img_to_array(img, data_format), [*map(int, fitting)], interpolation,
                             crop_to_aspect_ratio=crop_to_aspect_ratio, data_format=data_format)  # fmt: skip
        top, left = map(int, (wanted - fitting) / 2)
        return ops.image.pad_images(x, top, left, None, None, height, width, data_format).numpy()

    return _from_folder(load, _PICTURES, **arguments)


@suggests
def text_dataset_from_directory(
    directory: str | PathLike[str], labels: Any = "inferred", label_mode: LabelMode | None = "int",
    class_names: Sequence[str] | None = None, batch_size: int | None = 32, max_length: int | None = None,
    shuffle: bool = True, seed: int | None = None, validation_split: float | None = None, subset: Subset | None = None,
    follow_links: bool = False, format: str = "tf", verbose: bool = True) -> Any:  # fmt: skip
    """Return batches of the texts (.txt) in a folder, with a subfolder for each class.

    Args:
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links,
            format, verbose: As of `image_dataset_from_directory`.
        max_length: How many characters of each text to take.

    Raises:
        ValueError: without files, or for settings that do not go together.
    """
    arguments = dict(locals())

    def load(path: str) -> Any:
        with open(path, encoding="utf8", newline="") as file:
            return np.asarray(file.read(max_length), dtype=object)

    return _from_folder(load, (".txt",), **arguments)


@overload
def split_dataset(dataset: Array, left_size: float | None = None, right_size: float | None = None,
                  shuffle: bool = False, seed: int | None = None,
                  preferred_backend: Literal["numpy"] | None = None) -> tuple[Array, Array]: ...  # fmt: skip
@overload
def split_dataset(
    dataset: list[Any] | tuple[Any, ...], left_size: float | None = None, right_size: float | None = None,
    shuffle: bool = False, seed: int | None = None, preferred_backend: Literal["numpy"] | None = None,
) -> tuple[tuple[Array, ...], tuple[Array, ...]]: ...  # fmt: skip
@suggests
def split_dataset(dataset: Array | list[Any] | tuple[Any, ...], left_size: float | None = None,
                  right_size: float | None = None, shuffle: bool = False, seed: int | None = None,
                  preferred_backend: Literal["numpy"] | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Split the rows of arrays in two, such as those to train on and those to test on.

    The rows are the same as in Keras, which returns them as two `tf.data.Dataset`s; here they are arrays.

    Args:
        dataset: An array, or a list or tuple of arrays with the same number of rows.
        left_size: How many of the first rows go to the left: an integer or a fraction. If not given, the rest.
        right_size: How many of the last rows go to the right.
        shuffle: Whether to put the rows in a random order first.
        seed: The seed of that order; as in Keras, Python's `random` is seeded with it.
        preferred_backend: As in Keras; there is only NumPy.

    Returns:
        Left and right: two arrays, or two tuples of arrays for a list or tuple.

    Raises:
        TypeError: if `dataset` or a size is of another type.
        ValueError: if there are no arrays, they differ in length, or the sizes leave one side empty or are too large.

    Example:
        >>> split_dataset(np.arange(5), left_size=0.6)
        (array([0, 1, 2]), array([3, 4]))
    """
    one_of("preferred_backend", preferred_backend, (None, "numpy"))
    if not isinstance(dataset, np.ndarray | list | tuple):
        raise TypeError(f"`dataset` must be an array, or a list or tuple of arrays. Received: {type(dataset)}.")
    arrays = [dataset] if isinstance(dataset, np.ndarray) else list(dataset)
    if not arrays or not all(isinstance(x, np.ndarray) and x.ndim for x in arrays):
        raise ValueError(f"`dataset` must hold NumPy arrays with rows. Received: {[type(x) for x in arrays]}.")
    if len({len(x) for x in arrays}) > 1:
        raise ValueError(f"All arrays must have the same number of rows. Received: {[len(x) for x in arrays]}.")
    rows = len(arrays[0])
    left, right = _split_sizes(left_size, right_size, rows)
    order = list(range(rows))
    if shuffle:
        random.seed(random.randint(0, 10**6) if seed is None else seed)
        random.shuffle(order)
    parts = [tuple(x[part] for x in arrays) for part in (order[:left], order[rows - right :])]
    return (parts[0][0], parts[1][0]) if isinstance(dataset, np.ndarray) else (parts[0], parts[1])


def _split_sizes(left: float | None, right: float | None, rows: int) -> tuple[int, int]:
    """Return how many of a number of rows go to the left and to the right."""
    received = f"Received: left_size={left!r}, right_size={right!r}, for {rows} rows."
    if any(size is not None and type(size) not in (int, float) for size in (left, right)):
        raise TypeError(f"`left_size` and `right_size` must be integers, fractions or None. {received}")
    if any(size is not None and not 0 < size < (1 if isinstance(size, float) else rows) for size in (left, right)):
        raise ValueError(f"A size must be an integer from 1 to the rows less 1, or a fraction below 1. {received}")
    first, last = (round(size * rows) if isinstance(size, float) else size for size in (left, right))
    first = rows - (last or 0) if first is None else first
    last = rows - first if last is None else last
    too_much = isinstance(left, float) and isinstance(right, float) and left + right > 1
    if too_much or not first or not last or first + last > rows:
        raise ValueError(f"Pass a size that leaves rows for both sides, or two that fit the rows. {received}")
    return first, last
