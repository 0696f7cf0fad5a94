"""The former `keras.preprocessing.image`: batches of images with random augmentation."""

import os
from collections.abc import Iterator as Iterates
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._base.checks import one_of
from ..._base.settings import floatx, image_data_format, standardize_data_format
from ..._base.typing import Array
from ..._base.user_warning import warn_user
from ..._trainers.batches import PyDataset
from ...utils.image_utils import array_to_img, img_to_array, load_img
from . import transforms

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}
_NAMED = ("binary", "categorical", "sparse")
"""Class modes whose targets are names of classes."""


class Iterator(PyDataset):
    """Batches of n samples, by index, or without end as an iterator; with `shuffle` each pass has another order.

    Before each batch NumPy's global stream is seeded with `seed` plus the number of batches so far, unless it is None.
    """

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n: int = n
        self.batch_size: int = batch_size
        self.shuffle: bool = shuffle
        self.seed: int | None = seed
        self.batch_index: int = 0
        self.total_batches_seen: int = 0
        self.index_array: Array | None = None

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def _batch(self, index: int) -> Any:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)  # noqa: NPY002 - augmentation draws from this stream
        self.total_batches_seen += 1
        if self.index_array is None:
            self.on_epoch_end()
        rows = np.asarray(self.index_array)[self.batch_size * index : self.batch_size * (index + 1)]
        return self._get_batches_of_transformed_samples(rows)

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise ValueError(f"Asked to retrieve element {index}, but the Sequence has length {len(self)}")
        return self._batch(index)

    def __iter__(self) -> Iterates[Any]:
        return self

    def __next__(self) -> Any:
        index = self.batch_index
        if index == 0:
            self.index_array = None  # a new order
        self.batch_index = (index + 1) % max(len(self), 1)
        return self._batch(index)

    next = __next__

    def on_epoch_end(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)  # noqa: NPY002

    def reset(self) -> None:
        """Begin with the first batch again."""
        self.batch_index = 0

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        raise NotImplementedError


class _Pictures(Iterator):
    """Base of the iterators over arrays and over files."""

    _settings: tuple[str, ...] = ("image_data_generator", "save_to_dir", "save_prefix", "save_format", "subset")
    """Names of the arguments that are stored unchanged."""
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def _set(self, arguments: dict[str, Any]) -> None:
        """Store the settings that the subclasses share, out of the arguments of their `__init__`."""
        one_of("subset", arguments["subset"], (None, "training", "validation"))
        vars(self).update((name, arguments[name]) for name in self._settings)
        self.data_format: Any = arguments["data_format"] or image_data_format()
        self.dtype: Any = arguments["dtype"] or floatx()

    def _part(self, n: int) -> slice:
        """Return the slice of n images that belongs to the subset: the first ones are for validation."""
        validation = 0 if self.subset is None else int(self.image_data_generator._validation_split * n)
        return slice(0, validation) if self.subset == "validation" else slice(validation, n)

    def _augmented(self, images: list[Array], index_array: Array) -> Array:
        """Return images as one batch, augmented by the generator; save them if `save_to_dir` is given."""
        generator = self.image_data_generator
        if generator is not None:
            images = [generator.standardize(generator.random_transform(x)) for x in images]
        batch = np.array(images, self.dtype).reshape(len(images), *self.image_shape)
        for j, x in zip(index_array, batch, strict=True) if self.save_to_dir else ():
            name = f"{self.save_prefix}_{j}_{np.random.randint(10**4)}.{self.save_format}"  # noqa: NPY002
            array_to_img(x, self.data_format, scale=True).save(os.path.join(self.save_to_dir, name))
        return batch


class NumpyArrayIterator(_Pictures):
    """Batches of an array of images; see `ImageDataGenerator.flow`."""

    def __init__(self, x: Any, y: Any, image_data_generator: Any, batch_size: int = 32, shuffle: bool = False,
                 sample_weight: Any = None, seed: int | None = None, data_format: str | None = None,
                 save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,
                 ignore_class_split: bool = False, dtype: Any = None) -> None:  # fmt: skip
        x, misc = (x[0], x[1]) if isinstance(x, list | tuple) else (x, [])
        others = [np.asarray(a) for a in (misc if isinstance(misc, list) else [misc])]
        lengths = [len(a) for a in (y, sample_weight, *others) if a is not None]
        if any(length != len(x) for length in lengths):
            raise ValueError(f"All arrays need one row an image. Received: {len(x)} images, others of {lengths} rows.")
        self._set(locals())
        if subset is not None:
            part, split = self._part(len(x)), int(len(x) * image_data_generator._validation_split)
            if y is not None and not ignore_class_split and {*np.unique(y[:split])} != {*np.unique(y[split:])}:
                problem = "Training and validation subsets have different number of classes after the split"
                raise ValueError(f"{problem}. Shuffle arrays that are sorted by label.")
            x, y, others = x[part], None if y is None else y[part], [a[part] for a in others]
        self.x: Array = np.asarray(x, self.dtype)
        if self.x.ndim != 4:
            raise ValueError(f"Images should have four axes. You passed an array with shape {self.x.shape}")
        self.image_shape: tuple[int, ...] = self.x.shape[1:]
        self.x_misc: list[Array] = others
        self.y: Array | None = None if y is None else np.asarray(y)
        self.sample_weight: Array | None = None if sample_weight is None else np.asarray(sample_weight)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        batch = self._augmented([self.x[j].copy() for j in index_array], index_array)
        inputs = [batch, *(a[index_array] for a in self.x_misc)] if self.x_misc else batch
        if self.y is None:
            return inputs
        return inputs, self.y[index_array], *(() if self.sample_weight is None else (self.sample_weight[index_array],))


class _Files(_Pictures):
    """Batches of image files; `class_mode` says what the targets are."""

    _settings = (*_Pictures._settings, "color_mode", "class_mode", "interpolation", "keep_aspect_ratio")
    _modes: tuple[str | None, ...]
    classes: Any = None
    labels: Any = None
    sample_weight: Any = None

    def _set(self, arguments: dict[str, Any]) -> None:
        color_mode = one_of("color_mode", arguments["color_mode"], _CHANNELS)
        one_of("class_mode", arguments["class_mode"], self._modes)
        super()._set(arguments)
        self.target_size: tuple[int, ...] = tuple(arguments["target_size"])
        channels = (_CHANNELS[color_mode],)
        last = self.data_format == "channels_last"
        self.image_shape: tuple[int, ...] = self.target_size + channels if last else channels + self.target_size

    def _found(self, folder: str, filenames: list[str], what: str, batch_size: int, shuffle: bool, seed: Any) -> None:
        self.filenames: list[str] = filenames
        self.filepaths: list[str] = [os.path.join(folder, name) for name in filenames]
        self.samples: int = len(filenames)
        print(f"Found {self.samples} {what}.")
        Iterator.__init__(self, self.samples, batch_size, shuffle, seed)

    def _load(self, path: str) -> Array:
        image = load_img(path, self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio)
        return np.array(img_to_array(image, self.data_format))

    def _targets(self, batch: Array, index_array: Array) -> Any:
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[i] for i in index_array], self.dtype)
        if self.class_mode == "categorical":
            targets = np.zeros((len(batch), len(self.class_indices)), self.dtype)
            for row, i in zip(targets, index_array, strict=True):
                row[self.classes[i]] = 1
            return targets
        if self.class_mode == "multi_output":
            return [output[index_array] for output in self.labels]
        return self.labels[index_array]

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        batch = self._augmented([self._load(self.filepaths[j]) for j in index_array], index_array)
        if self.class_mode is None:
            return batch
        weights = () if self.sample_weight is None else (self.sample_weight[index_array],)
        return batch, self._targets(batch, index_array), *weights


class DirectoryIterator(_Files):
    """Batches of the images in a folder; see `ImageDataGenerator.flow_from_directory`."""

    _modes: tuple[str | None, ...] = ("categorical", "binary", "sparse", "input", None)

    def __init__(self, directory: Any, image_data_generator: Any, target_size: Any = (256, 256),
                 color_mode: str = "rgb", classes: Any = None, class_mode: str | None = "categorical",
                 batch_size: int = 32, shuffle: bool = True, seed: int | None = None, data_format: str | None = None,
                 save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", follow_links: bool = False,
                 subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False,
                 dtype: Any = None) -> None:  # fmt: skip
        self._set(locals())
        self.directory: str = os.fspath(directory)
        names = list(classes or sorted(e.name for e in os.scandir(self.directory) if e.is_dir()))
        self.class_indices: dict[Any, int] = {name: i for i, name in enumerate(names)}
        self.num_classes: int = len(names)
        filenames, numbers = [], []
        for name, number in self.class_indices.items():
            walked = sorted(os.walk(os.path.join(self.directory, name), followlinks=follow_links))
            paths = [os.path.join(root, file) for root, _, files in walked for file in sorted(files)]
            paths = [os.path.relpath(path, self.directory) for path in paths if path.lower().endswith(_SUFFIXES)]
            paths = paths[self._part(len(paths))]
            filenames += paths
            numbers += [number] * len(paths)
        self.classes: Any = np.array(numbers, "int32")
        self.labels: Any = self.classes
        self._found(self.directory, filenames, f"images belonging to {len(names)} classes", batch_size, shuffle, seed)


class DataFrameIterator(_Files):
    """Batches of the images that a data frame lists; see `ImageDataGenerator.flow_from_dataframe`."""

    _modes: tuple[str | None, ...] = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)

    def __init__(
        self, dataframe: Any, directory: Any = None, image_data_generator: Any = None, x_col: str = "filename",
        y_col: Any = "class", weight_col: str | None = None, target_size: Any = (256, 256), color_mode: str = "rgb",
        classes: Any = None, class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True,
        seed: int | None = None, data_format: str | None = "channels_last", save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", subset: str | None = None, interpolation: str = "nearest",
        keep_aspect_ratio: bool = False, dtype: Any = "float32", validate_filenames: bool = True) -> None:  # fmt: skip
        self._set(locals())
        self.directory: str = os.fspath(directory or "")
        df = dataframe.copy()
        _check_columns(df, class_mode, x_col, y_col, weight_col, classes)
        if validate_filenames:
            df = df[self._valid(df[x_col], x_col)]
        what = f"{'validated' if validate_filenames else 'non-validated'} image filenames"
        if class_mode in _NAMED:
            rows = [(label,) if isinstance(label, str) else label for label in df[y_col]]
            names = list(dict.fromkeys(classes)) if classes else sorted({name for row in rows for name in row})
            self.class_indices: dict[Any, int] = {name: i for i, name in enumerate(names)}
            numbers = [[self.class_indices[name] for name in row if name in self.class_indices] for row in rows]
            pairs = zip(numbers, df[y_col], strict=True)
            targets = [row if isinstance(label, list | tuple) else row[0] for row, label in pairs if row]
            df = df[np.array([bool(row) for row in numbers], bool)]  # without rows of unknown classes
            self.classes: Any = targets[self._part(len(df))]
            self.labels: Any = self.classes
            what += f" belonging to {len(names)} classes"
        df = df.iloc[self._part(len(df))]
        if class_mode == "multi_output":
            self.labels = [np.array(df[column].tolist()) for column in y_col]
        elif class_mode == "raw":
            self.labels = df[y_col].to_numpy()
        self.sample_weight: Any = None if weight_col is None else df[weight_col].to_numpy()
        self._found(self.directory, df[x_col].tolist(), what, batch_size, shuffle, seed)

    def _valid(self, names: Any, x_col: str) -> Array:
        """Return a mask of the names that are image files, and warn of the number of others."""
        paths = [os.path.join(self.directory, name) for name in names]
        valid = np.array([path.lower().endswith(_SUFFIXES) and os.path.isfile(path) for path in paths], bool)
        if not valid.all():
            warn_user(f'Found {(~valid).sum()} invalid image filename(s) in x_col="{x_col}". '
                      "These filename(s) will be ignored.")  # fmt: skip
        return valid


def _check_columns(df: Any, class_mode: Any, x_col: str, y_col: Any, weight_col: str | None, classes: Any) -> None:
    """Raise an error if a column of the data frame does not hold what `class_mode` needs."""
    kinds: Any = (str, list, tuple) if class_mode == "categorical" else str
    if class_mode == "multi_output" and not isinstance(y_col, list):
        raise TypeError(f'If class_mode="multi_output", y_col must be a list. Received {type(y_col).__name__}.')
    if not all(isinstance(name, str) for name in df[x_col]):
        raise TypeError(f"All values in column x_col={x_col} must be strings.")
    if class_mode in _NAMED and not all(isinstance(label, kinds) for label in df[y_col].to_numpy()):
        what = "strings, lists or tuples" if class_mode == "categorical" else "strings"
        raise TypeError(f'Column y_col="{y_col}" must hold {what} in class_mode="{class_mode}"; "raw" takes numbers.')
    if weight_col is not None and not issubclass(df[weight_col].dtype.type, np.number):
        raise TypeError(f"Column weight_col={weight_col} must be numeric.")
    if class_mode == "binary" and (n := len(set(classes or df[y_col]))) != 2:
        raise ValueError(f'If class_mode="binary" there must be 2 classes. Found {n} classes.')


class ImageDataGenerator:
    """Makes batches of images, each augmented at random.

    Args:
        featurewise_center, featurewise_std_normalization: Whether to give the data set (see `fit`) mean 0, deviation 1.
        samplewise_center, samplewise_std_normalization: The same for each image.
        zca_whitening: Whether to apply the whitening matrix of `fit`.
        zca_epsilon: Added to the singular values, so that whitening does not divide by zero.
        rotation_range: The largest angle, in degrees.
        width_shift_range, height_shift_range: The largest shift, a fraction or in pixels; or a list to choose from.
        brightness_range: The smallest and largest brightness factor.
        shear_range: The largest shear angle, in degrees.
        zoom_range: The smallest and largest zoom factor; one number r stands for (1 - r, 1 + r).
        channel_shift_range: The largest number to add or subtract.
        fill_mode: What fills the area outside of an image: "nearest", "constant", "reflect" or "wrap".
        cval: The value for "constant".
        horizontal_flip, vertical_flip: Whether to mirror half of the images.
        rescale: Factor of all values.
        preprocessing_function: Image -> array of the same shape; `standardize` calls it first.
        data_format: Where the channels are; None is the configured format.
        validation_split: Fraction of the samples for `subset="validation"`: the first ones.
        interpolation_order: 1 for linear interpolation, 0 for the nearest pixel.
        dtype: Dtype of the batches.

    Raises:
        ValueError: for a range that is no pair of numbers, or a `validation_split` not between 0 and 1.

    Example:
        >>> generator = ImageDataGenerator(rescale=0.5)
        >>> x, y = next(generator.flow(np.ones((3, 2, 2, 1)), [0, 1, 2], batch_size=2, shuffle=False))
        >>> x.shape, x.max(), y
        ((2, 2, 2, 1), np.float32(0.5), array([0, 1]))
    """

    def __init__(self, featurewise_center: bool = False, samplewise_center: bool = False,
                 featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
                 zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
                 width_shift_range: Any = 0.0, height_shift_range: Any = 0.0, brightness_range: Any = None,
                 shear_range: float = 0.0, zoom_range: Any = 0.0, channel_shift_range: float = 0.0,
                 fill_mode: str = "nearest", cval: float = 0.0, horizontal_flip: bool = False,
                 vertical_flip: bool = False, rescale: float | None = None, preprocessing_function: Any = None,
                 data_format: str | None = None, validation_split: float = 0.0, interpolation_order: int = 1,
                 dtype: Any = None) -> None:  # fmt: skip
        settings = {name: value for name, value in locals().items() if name not in ("self", "validation_split")}
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"`validation_split` must be strictly between 0 and 1. Received: {validation_split}")
        if isinstance(zoom_range, int | float):
            zoom_range = (1 - zoom_range, 1 + zoom_range)
        for name, value in (("zoom_range", zoom_range), ("brightness_range", brightness_range)):
            if value is not None and (not isinstance(value, list | tuple) or len(value) != 2):
                raise ValueError(f"`{name}` should be a tuple or list of two floats. Received: {value}")
        layout = standardize_data_format(data_format)
        axes = ("row", "col", "channel") if layout == "channels_last" else ("channel", "row", "col")
        vars(self).update(
            settings, **{f"{name}_axis": i for i, name in enumerate(axes, 1)}, data_format=layout,
            featurewise_center=featurewise_center or featurewise_std_normalization or zca_whitening,
            featurewise_std_normalization=featurewise_std_normalization and not zca_whitening,
            samplewise_center=samplewise_center or samplewise_std_normalization, zoom_range=list(zoom_range),
            dtype=dtype or floatx(), _validation_split=validation_split, mean=None, std=None, zca_whitening_matrix=None,
        )  # fmt: skip

    if TYPE_CHECKING:  # its settings are its attributes

        def __getattr__(self, name: str) -> Any: ...

    def flow(self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None,
             seed: int | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
             ignore_class_split: bool = False, subset: str | None = None) -> NumpyArrayIterator:  # fmt: skip
        """Return batches of an array of images, with labels and weights if given."""
        return NumpyArrayIterator(**self._flow(locals()))

    def flow_from_directory(
        self, directory: Any, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", follow_links: bool = False,
        subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:  # fmt: skip
        """Return batches of the images in a folder with one subfolder a class (needs Pillow)."""
        return DirectoryIterator(**self._flow(locals()))

    def flow_from_dataframe(
        self, dataframe: Any, directory: Any = None, x_col: str = "filename", y_col: Any = "class",
        weight_col: str | None = None, target_size: Any = (256, 256), color_mode: str = "rgb", classes: Any = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,
        interpolation: str = "nearest", validate_filenames: bool = True, **kwargs: Any,
    ) -> DataFrameIterator:  # fmt: skip
        """Return batches of the image files that column `x_col` of a data frame lists; `y_col` has the targets."""
        class_mode = "raw" if class_mode == "other" else class_mode
        del kwargs
        return DataFrameIterator(**self._flow(locals()))

    def _flow(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of an iterator, given the arguments of a `flow` method."""
        del arguments["self"]
        return {**arguments, "image_data_generator": self, "data_format": self.data_format, "dtype": self.dtype}

    def standardize(self, x: Array) -> Array:
        """Return an image rescaled and normalized as the settings say; the array may be changed in place."""
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        fitted = ((self.featurewise_center, self.mean), (self.featurewise_std_normalization, self.std),
                  (self.zca_whitening, self.zca_whitening_matrix))  # fmt: skip
        for is_wanted, value in fitted:
            if is_wanted and value is None:
                warn_user(
                    "This ImageDataGenerator specifies settings that depend on the data, but it hasn't been fit on any "
                    "training data. Fit it first by calling `.fit(numpy_data)`.")  # fmt: skip
        if self.featurewise_center and self.mean is not None:
            x -= self.mean
        if self.featurewise_std_normalization and self.std is not None:
            x /= self.std + 1e-6
        if self.zca_whitening and self.zca_whitening_matrix is not None:
            x = (x.reshape(-1, int(np.prod(x.shape[-3:]))) @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """Return random parameters for `apply_transform`, drawn from NumPy's global stream."""
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002
        draw = transforms.draw

        def within(limit: float) -> float:
            return float(draw(-limit, limit)) if limit else 0

        def shift(limit: Any, size: int) -> Any:
            if not limit:
                return 0
            if isinstance(limit, float):
                distance: Any = draw(-limit, limit)
            else:
                distance = np.random.choice(limit) * np.random.choice([-1, 1])  # noqa: NPY002
            return distance * size if np.max(limit) < 1 else distance

        theta = within(self.rotation_range)
        tx = shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = within(self.shear_range)
        zx, zy = (1, 1) if self.zoom_range == [1, 1] else draw(*self.zoom_range, 2)
        flips = [(np.random.random() < 0.5) * flip for flip in (self.horizontal_flip, self.vertical_flip)]  # noqa: NPY002
        return {
            "theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy,
            "flip_horizontal": flips[0], "flip_vertical": flips[1],
            "channel_shift_intensity": within(self.channel_shift_range) if self.channel_shift_range else None,
            "brightness": None if self.brightness_range is None else draw(*self.brightness_range)}  # fmt: skip

    def apply_transform(self, x: Array, transform_parameters: dict[str, Any]) -> Array:
        """Return an image transformed by parameters such as `get_random_transform` returns."""
        changes = transform_parameters
        geometry: Any = {key: changes[key] for key in ("theta", "tx", "ty", "shear", "zx", "zy") if key in changes}
        axes: Any = {name: getattr(self, name) - 1 for name in ("row_axis", "col_axis", "channel_axis")}
        options: Any = {"fill_mode": self.fill_mode, "cval": self.cval, "order": self.interpolation_order}
        x = transforms.apply_affine_transform(x, **geometry, **axes, **options)
        if changes.get("channel_shift_intensity") is not None:
            x = transforms.apply_channel_shift(x, changes["channel_shift_intensity"])
        for name, axis in (("flip_horizontal", self.col_axis), ("flip_vertical", self.row_axis)):
            if changes.get(name):
                x = np.flip(x, axis - 1)
        if changes.get("brightness") is not None:
            x = transforms.apply_brightness_shift(x, changes["brightness"], False)
        return x

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """Return an image transformed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Compute mean, deviation and whitening matrix of images (rank 4, or a ValueError), augmented if asked for."""
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(f"Input to `.fit()` should have rank 4. Got array with shape: {x.shape}")
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.array([self.random_transform(image) for _ in range(rounds) for image in x], self.dtype)
        axes = (0, self.row_axis, self.col_axis)  # all but the channels
        if self.featurewise_center:
            self.mean: Array | None = np.mean(x, axis=axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std: Array | None = np.std(x, axis=axes, keepdims=True)[0]
        if self.zca_whitening:
            u, s, _ = np.linalg.svd(x.reshape(len(x), -1).T, full_matrices=False)
            self.zca_whitening_matrix: Array | None = (u * (np.sqrt(len(x)) / (s + self.zca_epsilon))) @ u.T


__all__ = ["DataFrameIterator", "DirectoryIterator", "ImageDataGenerator", "Iterator", "NumpyArrayIterator"]
