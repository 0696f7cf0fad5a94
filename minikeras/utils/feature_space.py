"""`FeatureSpace`: encodes tables of numbers and names as vectors, by a specification of each column."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np

from .. import layers
from .._base.checks import one_of
from .._base.naming import auto_name
from .._base.nested import map_structure
from .._base.typing import Array, Config, DTypeName
from .._core.keras_tensor import KerasTensor
from .._serialization.configurable import Configurable
from .._serialization.serialization import deserialize, serialize
from ..layers.lookup import Numbering, raw
from ..saving import save_model

Encoding: TypeAlias = Literal["int", "one_hot"]
Number: TypeAlias = float
Kind: TypeAlias = Literal[
    "float", "float_discretized", "float_normalized", "float_rescaled", "integer_categorical", "integer_hashed",
    "string_categorical", "string_hashed"]  # fmt: skip
KINDS = Kind.__args__  # type: ignore[attr-defined]


class Cross(Configurable):
    """A cross of features; `FeatureSpace.cross` is another name of this class."""

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: Encoding = "one_hot") -> None:
        self.feature_names: tuple[str, ...] = tuple(feature_names)
        self.crossing_dim: int = crossing_dim
        self.output_mode: str = one_of("output_mode", output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        """The names of the features, joined."""
        return "_X_".join(self.feature_names)


class Feature(Configurable):
    """A column that is encoded by a given layer; `FeatureSpace.feature` is another name of this class."""

    def __init__(self, dtype: DTypeName, preprocessor: Any, output_mode: Literal["int", "one_hot", "float"]) -> None:
        self.dtype: DTypeName = dtype
        self.preprocessor: Any = deserialize(preprocessor) if isinstance(preprocessor, Mapping) else preprocessor
        self.output_mode: str = one_of("output_mode", output_mode, ("int", "one_hot", "float"))


class FeatureSpace(layers.Layer):
    """Encodes the columns of a table, and crosses of them, as a vector for each row.

    Args:
        features: Name of each column -> a `Feature`, or the name of a method that returns one ("float_normalized").
        output_mode: "concat" (a vector for each row: the columns, then the crosses, each sorted by name) or "dict" (an
            array for each).
        crosses: Results of `cross`, or lists of feature names. The values of these features together are hashed.
        crossing_dim: The number of hashes of a cross.
        hashing_dim: The number of hashes of "integer_hashed" and "string_hashed".
        num_discretization_bins: The number of ranges of "float_discretized".

    Call arguments: a dict of columns, or of the values of one row.

    Attributes:
        preprocessors, crossers: The layers of the features and of the crosses, by name.

    Raises:
        ValueError: for an unknown kind, mode or feature; for other columns; before `adapt`, if a column needs it.

    Example:
        >>> table = {"colour": ["red", "blue", "red"], "height": [1.0, 3.0, 2.0]}
        >>> space = FeatureSpace({"colour": "string_categorical", "height": "float"})
        >>> space.adapt(table)
        >>> print(space(table))
        Tensor(
        [[0. 1. 0. 1.]
         [0. 0. 1. 3.]
         [0. 1. 0. 2.]], shape=(3, 4), dtype=float32)
    """

    def __init__(
        self, features: Mapping[str, Kind | Feature | Config], output_mode: Literal["concat", "dict"] = "concat",
        crosses: Iterable[Sequence[str] | Cross | Config] | None = None, crossing_dim: int = 32,
        hashing_dim: int = 32, num_discretization_bins: int = 32, name: str | None = None) -> None:  # fmt: skip
        super().__init__(name=name)
        if not features:
            raise ValueError("The `features` argument cannot be None or empty.")
        self.output_mode: str = one_of("output_mode", output_mode, ("concat", "dict"))
        self.crossing_dim: int = crossing_dim
        self.hashing_dim: int = hashing_dim
        self.num_discretization_bins: int = num_discretization_bins
        self.features: dict[str, Feature] = {name: self._feature(name, kind) for name, kind in features.items()}
        self.crosses: list[Cross] = [self._cross(cross) for cross in crosses or ()]
        self.preprocessors: dict[str, Any] = {name: feature.preprocessor for name, feature in self.features.items()}
        self.crossers: dict[str, layers.Layer] = {c.name: layers.HashedCrossing(c.crossing_dim, name=c.name)
                                           for c in self.crosses}  # fmt: skip
        self.inputs: dict[str, Any] = {name: layers.Input((1,), dtype=feature.dtype, name=name)
                                       for name, feature in self.features.items()}  # fmt: skip
        self.one_hot_encoders: dict[str, layers.Layer] = {}
        self.encoded_features: Any = None
        self._join: layers.Layer = layers.Concatenate(name="tfd_concat")

    def _feature(self, name: str, kind: Any) -> Feature:
        feature = deserialize(kind) if isinstance(kind, Mapping) else kind
        if isinstance(kind, str):
            sizes = {"float_discretized": self.num_discretization_bins}
            sizes |= dict.fromkeys(("integer_hashed", "string_hashed"), self.hashing_dim)
            size = {"num_bins": sizes[kind]} if kind in sizes else {}
            feature = getattr(self, one_of("features", kind, KINDS))(name=name, **size)
        if not isinstance(feature, Feature):
            raise ValueError(f"Feature {name!r} must be one of {KINDS} or a Feature. Received: {kind!r:.200}.")
        return feature

    def _cross(self, names: Any) -> Cross:
        cross = deserialize(names) if isinstance(names, Mapping) else names
        if not isinstance(cross, Cross):
            if not self.crossing_dim:
                raise ValueError(f"`crosses` need a `crossing_dim`. Received: crossing_dim={self.crossing_dim}.")
            cross = Cross(cross, self.crossing_dim)
        if not set(cross.feature_names) <= set(self.features):
            raise ValueError(f"`crosses` must name features of {[*self.features]}. Received: {cross.feature_names}.")
        return cross

    def adapt(self, dataset: "Mapping[str, Any] | Iterable[Mapping[str, Any]]") -> None:
        """Learn what the columns need: means, ranges and vocabularies.

        `dataset` is a dict of columns, or an iterable of dicts of values or batches, such as a data set. Each column
        that learns looks at its first item, and then iterates over it.
        """
        if not isinstance(dataset, Iterable) or isinstance(dataset, Iterator | str | np.ndarray):
            raise ValueError("`adapt()` takes a dict of columns or a data set of dicts, which can be iterated over "
                             f"several times. Received: {dataset!r:.200} (a {type(dataset).__name__}).")  # fmt: skip
        for name, layer in self.preprocessors.items():
            if _is_adaptable(layer):
                next(_batches(dataset, name), None)  # as Keras looks at an element first, which moves a shuffle on
                layer.adapt(_batches(dataset, name))
        self.one_hot_encoders = {}
        self.encoded_features = None
        self.get_encoded_features()

    def get_inputs(self) -> dict[str, Any]:
        """Return the symbolic inputs for a model, one for each column."""
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """Return the encoding of `get_inputs()`, for the next layers of a model."""
        if self.encoded_features is None:
            waiting = [name for name, layer in self.preprocessors.items() if _is_adaptable(layer) and _is_empty(layer)]
            if waiting:
                raise ValueError(f"Call `adapt(dataset)` before the FeatureSpace is used. It must learn: {waiting}.")
            self.encoded_features = self._encode(self.inputs)
            self.built = True
        return self.encoded_features

    def __call__(self, data: Any) -> Any:
        """Return the vectors of rows, or the vector of one row."""
        self.get_encoded_features()
        if not isinstance(data, Mapping) or {*data} != {*self.features}:
            raise ValueError(f"FeatureSpace takes a dict with the keys {[*self.features]}. Received: {data!r:.200}.")
        columns = {name: x if isinstance(x, KerasTensor) else self._column(name, x) for name, x in data.items()}
        encoded = self._encode({name: x[..., None] if len(x.shape) == 1 else x for name, x in columns.items()})
        one = any(np.ndim(x) == 0 for x in data.values() if not isinstance(x, KerasTensor))
        return map_structure(lambda x: x[0], encoded) if one else encoded

    def _column(self, name: str, values: Any) -> Array:
        array = np.atleast_1d(raw(values))
        dtype = self.features[name].dtype
        return array.astype(dtype) if array.dtype.kind in "biuf" and "float" in dtype else array

    def _encode(self, columns: Mapping[str, Any]) -> Any:
        """Return the features and crosses of columns (batch, 1)."""
        features = {name: self.preprocessors[name](columns[name]) for name in self.features}
        crosses = {c.name: self.crossers[c.name]([features[name] for name in c.feature_names]) for c in self.crosses}
        modes = {name: feature.output_mode for name, feature in self.features.items()}
        modes |= {cross.name: cross.output_mode for cross in self.crosses}
        parts = {name: part for group in (features, crosses) for name, part in sorted(group.items())}
        parts = {name: self._one_hot(name, x) if modes[name] == "one_hot" else x for name, x in parts.items()}
        if self.output_mode == "dict":
            return parts
        for name, part in parts.items():
            if part.dtype == "string" or part.dtype.startswith("int"):
                raise ValueError(f"Feature {name!r} of dtype {part.dtype} has not been encoded, so it cannot be joined "
                                 "to others. Use `output_mode='dict'`.")  # fmt: skip
        return self._join([*parts.values()])

    def _one_hot(self, name: str, numbers: Any) -> Any:
        layer = self.preprocessors.get(name) or self.crossers[name]
        if not isinstance(layer, Numbering) or not numbers.dtype.startswith("int"):
            raise ValueError(f"Feature {name!r} has output_mode='one_hot', for which its layer must return integers "
                             f"with a known upper bound. It returns {numbers.dtype}, in a layer of type "
                             f"{type(layer).__name__}. Use output_mode='int'.")  # fmt: skip
        if name not in self.one_hot_encoders:
            self.one_hot_encoders[name] = layers.CategoryEncoding(getattr(layer, "num_bins", None) or layer._depth())
        return self.one_hot_encoders[name](numbers)

    def save(self, filepath: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the FeatureSpace to a .keras file, which `load_model` reads."""
        save_model(self, filepath)

    def get_config(self) -> Config:
        sizes = {name: getattr(self, name) for name in ("crossing_dim", "hashing_dim", "num_discretization_bins")}
        parts = {"output_mode": self.output_mode, "crosses": serialize(self.crosses)}
        return {"features": serialize(self.features), **parts, **sizes}

    def get_build_config(self) -> Config:
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: Config) -> None:
        """Do nothing: the layers of the features have their own configurations."""

    cross: type[Cross] = Cross
    feature: type[Feature] = Feature

    @classmethod
    def float_rescaled(cls, scale: Number = 1.0, offset: Number = 0.0, name: str | None = None) -> Feature:
        """Return a feature x that is encoded as x * scale + offset."""
        return Feature("float32", layers.Rescaling(scale, offset, name=_named(name, "float_rescaled")), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Return a feature that is shifted and scaled to mean 0 and standard deviation 1."""
        return Feature("float32", layers.Normalization(name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(cls, num_bins: int | None, bin_boundaries: Sequence[Number] | None = None,
                          output_mode: Encoding = "one_hot", name: str | None = None) -> Feature:  # fmt: skip
        """Return a feature that is replaced by the number of its range; `adapt` finds `num_bins` ranges."""
        layer = layers.Discretization(bin_boundaries, num_bins, name=_named(name, "float_discretized"))
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(cls, max_tokens: int | None = None, num_oov_indices: int = 1,
                            output_mode: Encoding = "one_hot", name: str | None = None) -> Feature:  # fmt: skip
        """Return a feature of integers that are numbered by a vocabulary."""
        layer = layers.IntegerLookup(max_tokens, num_oov_indices, name=_named(name, "integer_categorical"))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(cls, max_tokens: int | None = None, num_oov_indices: int = 1,
                           output_mode: Encoding = "one_hot", name: str | None = None) -> Feature:  # fmt: skip
        """Return a feature of strings that are numbered by a vocabulary."""
        layer = layers.StringLookup(max_tokens, num_oov_indices, name=_named(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: Encoding = "one_hot", name: str | None = None) -> Feature:
        """Return a feature of strings that are numbered by their hashes."""
        return Feature("string", layers.Hashing(num_bins, name=_named(name, "string_hashed")), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: Encoding = "one_hot", name: str | None = None) -> Feature:
        """Return a feature of integers that are numbered by their hashes."""
        return Feature("int32", layers.Hashing(num_bins, name=_named(name, "integer_hashed")), output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Return a feature that is left as it is."""
        return Feature("float32", layers.Identity(dtype="float32", name=_named(name, "float")), "float")


def _named(name: str | None, kind: str) -> str:
    return f"{name or auto_name(kind)}_preprocessor"


def _is_adaptable(layer: Any) -> bool:
    """Return whether a layer learns from data, and was not given the result as an argument."""
    has_statistics = getattr(layer, "input_mean", None) is not None or getattr(layer, "num_bins", 1) is None
    return hasattr(layer, "adapt") and not (has_statistics or getattr(layer, "_is_static", False))


def _is_empty(layer: Any) -> bool:
    known = next((getattr(layer, name) for name in ("_tokens", "bin_boundaries") if hasattr(layer, name)), None)
    return known is None and not (isinstance(layer, layers.Normalization) and layer.built)


def _batches(dataset: Any, name: str) -> Iterator[Array]:
    """Yield a column of a data set as batches (n, 1); single values are grouped by 32, as in Keras."""
    column = raw(dataset[name]) if isinstance(dataset, Mapping) else (raw(row[name]) for row in dataset)
    values = map(np.asarray, column)
    for value in values:
        batch = value if value.ndim else np.array([value, *islice(values, 31)])
        yield batch[:, None] if batch.ndim == 1 else batch
