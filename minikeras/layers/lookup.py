"""Layers that number categories, words and ranges, so that a network can take raw columns and texts.

They take arrays or lists of strings and numbers: before the model, in a data pipeline, or as one step of a model. What
`adapt` has learned is part of their configuration, so that it is saved with a model.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from itertools import chain, islice, repeat
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, Unpack, cast
from weakref import WeakKeyDictionary

import numpy as np

from .._base.checks import Check, FromZero, Off, Positive, between, one_of
from .._base.context import context
from .._base.nested import first_leaf, inputs_of, map_structure
from .._base.settings import floatx
from .._base.typing import Array, Config, DTypeName, OutputMode, PartialShape, ShapeLike, TextOutputMode
from .._core.keras_tensor import KerasTensor
from .._core.op import primitive
from .._core.tensor import Tensor, TensorOps, as_array
from .._serialization.serialization import deserialize
from ..ops.classes import tally
from .fingerprints import as_key, bins_of
from .layer import Layer, LayerOptions

_EARLIER = {"binary": "multi_hot", "tf-idf": "tf_idf"}  # older names of modes, which Keras takes as well
Salt: TypeAlias = Annotated[list[int] | None, lambda cls, name, value: as_key(value)]


def _mode(*modes: str) -> Check:
    return lambda cls, name, value: one_of(name, _EARLIER.get(value, value), modes)


def encoded(numbers: Array, mode: str, depth: int, dtype: str, weights: Array | None = None) -> Array:
    """Return category numbers as they are, as rows of 0 and 1, or as counts; negative numbers are ignored in rows."""
    if mode == "int":
        return numbers.astype(dtype, copy=False)
    numbers = np.atleast_1d(numbers)
    if mode == "one_hot" and (numbers.ndim == 1 or numbers.shape[-1] != 1):
        numbers = numbers[..., None]
    return tally(numbers, depth, dtype, weights, once=mode != "count")


def _batches(data: Any, steps: int | None) -> Iterator[Array]:
    """Yield an array as one batch, or the first `steps` batches of an iterable."""
    if isinstance(data, np.ndarray | TensorOps | list | tuple | str) or hasattr(data, "to_numpy"):
        yield np.atleast_2d(raw(data).T).T  # vectors as columns
        return
    for batch in islice(data, steps):
        x = inputs_of(batch)
        yield from map(raw, x if hasattr(x, "flat_values") else [x])


def raw(values: Any) -> Array:
    """Return values as an array of strings or numbers; a ValueError if some are missing."""
    values = getattr(values, "flat_values", values)
    kind = object if isinstance(values, list) and values and type(values[0]) is str else None  # takes less memory
    checked = isinstance(values, TensorOps) or hasattr(first_leaf(values), "filled")
    array = as_array(values) if checked else np.asarray(values, kind)
    if array.dtype.kind == "S" or (array.dtype == object and array.size and isinstance(array.flat[0], bytes)):
        decoded = [x.decode() if isinstance(x, bytes) else x for x in array.reshape(-1).tolist()]
        array = np.array(decoded, object).reshape(array.shape)
    if array.dtype != object or {*map(type, array.flat)} <= {str}:
        return array
    if any(str(x) in ("None", "nan", "NaT", "<NA>") for x in array.flat if not isinstance(x, str)):
        raise ValueError("Values are missing (None or NaN). Fill them first, in a table by `fillna('')`.")
    return array.astype(str)


def _strings(values: Any) -> list[bytes]:
    """Return the result of a user's function, strings or tensors of them, as a list of strings in UTF-8."""
    values = [values] if isinstance(values, str) else [*values]
    if {*map(type, values)} != {str}:
        values = [str(x) for item in values for x in ([item] if type(item) is str else raw(item).reshape(-1).tolist())]
    return [*map(str.encode, values)]


@primitive(None, variadic=True)
def encode(*inputs: Any, layer: "Numbering") -> Array:
    """Run a layer's `_encode` as an op, which a program runs again in each replay."""
    return layer._encode(*inputs)


class Numbering(Layer):
    """A layer that returns category numbers, as they are or encoded.

    Args:
        sparse: Must be False.
        encoding: As in Keras, "utf-8".
        num_bins: The number of bins.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        salt: One or two integers that change the hashes.
    """

    output_mode: str
    sparse: Off
    _depth: Callable[[], int]  # returns the number of categories, 0 before it is known
    _encode: Callable[..., Array]

    def _result_dtype(self) -> str | None:
        """Return the dtype of the result, None for the default float type; float16 cannot count beyond 2048."""
        return self.variable_dtype

    def call(self, inputs: Tensor) -> Tensor:
        return encode(inputs, layer=self)

    def compute_output_spec(self, inputs: Any, *others: Any, **named: Any) -> Any:
        return KerasTensor(self.compute_output_shape(map_structure(lambda x: x.shape, inputs)), self._result_dtype())

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        shape = tuple(input_shape)
        if self.output_mode == "int":
            return shape
        shape = shape or (1,)
        adds_axis = self.output_mode == "one_hot" and (len(shape) == 1 or shape[-1] != 1)
        return (*(shape if adds_axis else shape[:-1]), self._depth() or None)


class OfValues(Numbering):
    """A layer that takes strings or integers of any dtype, without a cast."""

    _converts_inputs = False
    salt: Salt

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        first: Any = args[0] if args else None
        if not hasattr(first, "with_flat_values"):
            return super().__call__(*args, **kwargs)
        if self.output_mode in ("int", "one_hot"):  # ragged in, ragged out
            return first.with_flat_values(self(first.flat_values, *args[1:], **kwargs))
        return Tensor(np.stack([as_array(self(row, *args[1:], **kwargs)) for row in first]))

    def _as_input(self, x: Any) -> Any:
        return x if isinstance(x, Tensor) else Tensor(raw(x))


class CategoryEncoding(Numbering):
    """Encodes category numbers as rows of 0 and 1, or of counts; a ValueError for numbers out of range.

    Args:
        num_tokens: How many categories there are.
        output_mode: "multi_hot" (1 for each category of a sample), "one_hot" (a row for each number) or "count".

    Call arguments: inputs, integers; count_weights, a weight for each, in mode "count".

    Example:
        >>> print(CategoryEncoding(4)(np.array([[0, 1], [3, 3]])))
        Tensor(
        [[1. 1. 0. 0.]
         [0. 0. 0. 1.]], shape=(2, 4), dtype=float32)
    """

    _transient = ("sparse",)
    num_tokens: Positive
    output_mode: Annotated[str, _mode("one_hot", "multi_hot", "count")]

    def __init__(self, num_tokens: int | None = None,
                 output_mode: Literal["one_hot", "multi_hot", "count"] = "multi_hot", sparse: bool = False,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _depth(self) -> int:
        return self.num_tokens

    def call(self, inputs: Tensor, count_weights: Tensor | None = None) -> Tensor:
        return encode(inputs, *(() if count_weights is None else (count_weights,)), layer=self)

    def _encode(self, inputs: Array, weights: Array | None = None) -> Array:
        numbers = inputs.astype("int64")
        if numbers.size and not context.dry and not 0 <= numbers.min() <= numbers.max() < self.num_tokens:
            raise ValueError(f"Input values must be in the range 0 <= values < num_tokens={self.num_tokens}.")
        if weights is not None and self.output_mode != "count":
            raise ValueError(f"`count_weights` need output_mode='count'. Received: {self.output_mode!r}.")
        return encoded(numbers, self.output_mode, self.num_tokens, self.variable_dtype, weights)


def _summary(values: Array, epsilon: float) -> Array:
    """Return about 1 / epsilon of the values, evenly spaced in sorted order, and how many values each stands for."""
    ordered = np.sort(values.reshape(-1))
    step = np.maximum(ordered.size * epsilon, 1)
    sample = ordered[int(step - 1) :: int(step)]
    return np.stack([sample, np.ones_like(sample) * step])


def _compressed(summary: Array, epsilon: float) -> Array:
    """Shorten a summary to about 1 / epsilon values, each of which stands for equally many."""
    if summary.shape[1] * epsilon < 1:
        return summary
    wanted = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = summary[1].cumsum()
    shares = weights / weights[-1]
    sums = np.interp(wanted, shares, weights)
    return np.stack([np.interp(wanted, shares, summary[0]), np.diff(sums, prepend=0)]).astype("float32")


class Discretization(Numbering):
    """Numbers the ranges that values fall into; a ValueError with both or neither of the first two arguments.

    Args:
        bin_boundaries: Where one range ends and the next begins; or
        num_bins: How many ranges `adapt` makes, with about equally many values in each.
        epsilon: By how many values `adapt` may be off, as a fraction of all.

    Example:
        >>> print(Discretization([0.0, 1.0])(np.array([-3.0, 0.5, 1.0])))
        Tensor([0 1 2], shape=(3,), dtype=int32)
    """

    num_bins: int | None
    epsilon: FromZero
    output_mode: OutputMode

    def __init__(self, bin_boundaries: Sequence[float] | None = None, num_bins: int | None = None,
                 epsilon: float = 0.01, output_mode: OutputMode = "int", sparse: bool = False, dtype: Any = None,
                 name: str | None = None) -> None:  # fmt: skip
        self._configure(locals())
        self.autocast = False
        if (bin_boundaries is None) == (num_bins is None) or (num_bins is not None and num_bins < 0):
            raise ValueError(f"You need to set either `num_bins` or `bin_boundaries`. Received: num_bins={num_bins}, "
                             f"bin_boundaries={bin_boundaries}.")  # fmt: skip
        self.bin_boundaries: list[float] | None = None if bin_boundaries is None else list(bin_boundaries)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the ranges from values: an array or an iterable of batches."""
        if self.num_bins is None:
            raise ValueError("Cannot adapt a Discretization layer with `bin_boundaries`, use `num_bins` instead.")
        summary: Array = np.zeros((2, 0), "float32")
        for batch in _batches(data, steps):
            both = np.concatenate([_summary(batch.astype("float32"), self.epsilon), summary], axis=1)
            summary = _compressed(both[:, np.argsort(both[0])], self.epsilon)
        self.bin_boundaries = _compressed(summary, 1.0 / self.num_bins)[0, :-1].tolist()

    def _encode(self, inputs: Array) -> Array:
        if self.bin_boundaries is None:
            raise ValueError("Discretization needs `bin_boundaries`, or a call of adapt() before it is used.")
        bounds = np.asarray(self.bin_boundaries, np.result_type(inputs, "float32"))  # rounded as the inputs are
        return encoded(np.digitize(inputs, bounds), self.output_mode, self._depth(), self._result_dtype())

    def _result_dtype(self) -> str:
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def _depth(self) -> int:
        return int(self.num_bins or 0) if self.bin_boundaries is None else len(self.bin_boundaries) + 1

    def get_config(self) -> Config:
        names = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "name", "dtype")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Config) -> "Discretization":
        """Return the layer of a configuration, which may have both `num_bins` and the boundaries that were learned."""
        layer = cls(**{**config, **({} if config.get("num_bins") is None else {"bin_boundaries": None})})
        layer.bin_boundaries = layer.bin_boundaries or config.get("bin_boundaries")
        return layer


_NUMBERS: WeakKeyDictionary[Any, tuple[tuple[Any, Any], dict[Any, int]]] = WeakKeyDictionary()
"""Layer -> (its vocabulary and its special tokens at the last call), and the number of each token of these."""


class _Lookup(OfValues):
    """Numbers values by a vocabulary: the mask token first, then unknown values, then the vocabulary.

    Args:
        max_tokens: The largest size of the vocabulary, special tokens included.
        num_oov_indices: How many numbers there are for unknown values; a hash of the value chooses one.
        mask_token: A value that gets the number 0 in mode "int", and is left out in other modes.
        oov_token: The value that stands for unknown ones when `invert` turns numbers into values.
        idf_weights: Weights of the values for mode "tf_idf".
        invert: Whether to turn numbers into values instead.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        pad_to_max_tokens: Whether rows always have `max_tokens` columns.
    """

    _transient = ("vocabulary", "idf_weights")
    _value: ClassVar[Any] = str
    max_tokens: Annotated[int, between(2)] | None
    num_oov_indices: Annotated[int, between(0)]
    mask_token: Any
    oov_token: Any
    invert: bool
    output_mode: Annotated[str, _mode("int", "one_hot", "multi_hot", "count", "tf_idf")]
    pad_to_max_tokens: bool
    oov_method: Literal["floormod", "farmhash"]
    _is_static = False  # whether the vocabulary was an argument, and not learned

    def _configure(self, arguments: dict[str, Any]) -> None:
        self._size: int | None = arguments["options"].pop("vocabulary_size", None)  # used until a vocabulary is set
        super()._configure({"oov_method": "floormod", "salt": None, **arguments})
        if self.invert and self.output_mode != "int":
            raise ValueError(f"`output_mode` must be 'int' when `invert` is true. Received: {self.output_mode!r}")
        if self._value is int and self.salt and self.oov_method != "farmhash":
            raise ValueError(f"`salt` needs `oov_method='farmhash'`. Received: salt={self.salt}")
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError("`pad_to_max_tokens=True` needs `max_tokens`, which is the number of columns.")
        if arguments["idf_weights"] is not None and self.output_mode != "tf_idf":
            raise ValueError(f"`idf_weights` need output_mode='tf_idf'. Received: {self.output_mode!r}.")
        self._tokens: list[Any] | None = None
        self._idf: Array | None = None
        self._is_static = arguments["vocabulary"] is not None
        if self._is_static:
            self.set_vocabulary(arguments["vocabulary"], arguments["idf_weights"])

    @property
    def compute_dtype(self) -> DTypeName:
        return "string" if self._value is str and not self.invert else "int64"

    def _result_dtype(self) -> str | None:
        return "string" if self.invert and self._value is str else "int64" if self.output_mode == "int" else None

    def _depth(self) -> int:
        size = self._size if self._tokens is None else self.vocabulary_size()
        return self.max_tokens if self.pad_to_max_tokens and self.max_tokens else size or 0

    def _special(self) -> list[Any]:
        masks = [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []
        return masks + [self.oov_token] * self.num_oov_indices

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the vocabulary: a list, or the path of a text file with one token a line; a ValueError for duplicates."""
        if isinstance(vocabulary, str | bytes) or hasattr(vocabulary, "__fspath__"):
            with open(vocabulary, encoding="utf8") as file:
                vocabulary = [line.rstrip("\n") for line in file]
        special, tokens = self._special(), [*map(self._value, raw(vocabulary).tolist())]
        if not tokens:
            raise ValueError(f"Cannot set an empty vocabulary. Received: vocabulary={vocabulary}")
        weights = np.asarray([] if idf_weights is None else idf_weights, "float64")
        if len(weights) != (len(tokens) if self.output_mode == "tf_idf" else 0):
            raise ValueError("`idf_weights` need output_mode='tf_idf', and one weight for each token. Received: "
                             f"{self.output_mode!r}, {len(weights)} weights for {len(tokens)} tokens.")  # fmt: skip
        if special and tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
        elif weights.size:
            weights = np.concatenate([[weights.mean()] * self.num_oov_indices, weights])
        reserved = {self.mask_token, self.oov_token} if self.invert else {self.mask_token}
        repeated = sorted(token for token, n in Counter([*reserved, *tokens]).items() if n > 1)
        if repeated:
            raise ValueError(f"The vocabulary has repeated or reserved terms: {repeated}")
        if self.max_tokens is not None and len(special) + len(tokens) > self.max_tokens:
            raise ValueError(f"The vocabulary has more than max_tokens={self.max_tokens}. Received: {len(tokens)}.")
        self._tokens, self._idf = tokens, weights if weights.size else None

    def _load_vocabulary(self, text: str) -> None:
        """Set the vocabulary that Keras learned and saved to a file of its own, one token a line; weights follow."""
        if self._tokens is None:
            tokens = text.rstrip("\n").split("\n")
            self.set_vocabulary(tokens, [np.nan] * len(tokens) if self.output_mode == "tf_idf" else None)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the weights of mode "tf_idf" to a store, under Keras's name for them."""
        if self._idf is not None:
            store["idf_weights"] = np.pad(self._idf, (0, self._depth() - len(self._idf))).astype("float32")

    def load_own_variables(self, store: Mapping[str, Array]) -> None:
        """Read the weights of mode "tf_idf"; a ValueError if there is not one for each token."""
        for weights in store.values():
            if [*store] != ["idf_weights"] or self.output_mode != "tf_idf" or weights.shape != (self._depth(),):
                raise ValueError(f"Expected {self._depth()} `idf_weights` in mode 'tf_idf'. Stored: {weights.shape}.")
            self._idf = weights.astype("float64")

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary from an array or an iterable of batches: the most frequent values come first."""
        if self._is_static:
            raise ValueError(f"Cannot adapt layer '{self.name}': it was given its vocabulary. Make one without.")
        counts, rows_with = Counter[Any](), Counter[Any]()
        weighs, row_count = self.output_mode == "tf_idf", 0
        for batch in _batches(data, steps):
            rows: Iterable[list[Any]] = self._rows(batch)
            if weighs:
                rows = list(rows)
                row_count += len(rows)
                rows_with.update(chain.from_iterable(map(set, rows)))
            counts.update(chain.from_iterable(rows))
        for token in {self.mask_token, self.oov_token} - {None}:
            counts.pop(self._key(token), None)
        room = None if self.max_tokens is None else self.max_tokens - len(self._special())
        ordered = sorted(sorted(counts, reverse=True), key=counts.__getitem__, reverse=True)[:room]
        weights = [float(np.log(1 + row_count / (1 + rows_with[token]))) for token in ordered] if weighs else None
        if ordered:
            self.set_vocabulary([x.decode() if isinstance(x, bytes) else x for x in ordered], weights)

    def _rows(self, values: Array) -> Iterator[list[Any]]:
        # A vector is one row, as in Keras, and one long row is quicker than many.
        rows = np.atleast_2d(values if self.output_mode == "tf_idf" else values[None])
        return map(self._plain, rows.reshape(len(rows), rows.size // (len(rows) or 1)).tolist())

    def _key(self, token: Any) -> Any:
        """Return what stands for a token in tables."""
        return token

    def _plain(self, values: list[Any]) -> list[Any]:
        """Return values of one type as strings or integers; a ValueError for NaN."""
        if not values or isinstance(values[0], self._value):
            return values
        raw(np.array([x for x in values if x != x], object))  # raises if one is NaN
        return [*map(self._value, values)]

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the tokens in the order of their numbers, beginning with those for masked and unknown values."""
        return (self._special() if include_special_tokens else []) + (self._tokens or [])

    def vocabulary_size(self) -> int:
        """Return the number of tokens, special ones included."""
        return len(self.get_vocabulary())

    def _numberer(self) -> Callable[[list[Any]], Array]:
        """Return a function from a list of values to their numbers."""
        if self._tokens is None:
            raise RuntimeError(f"{type(self).__name__} has no vocabulary: pass one, or call adapt() before it is used.")
        special = self._special()
        (vocabulary, special_before), known = _NUMBERS.get(self, ((None, None), {}))
        if vocabulary is not self._tokens or special_before != special:
            known = {self._key(token): number for number, token in enumerate(self._tokens, len(special))}
            if self.mask_token is not None:
                known[self._key(self.mask_token)] = 0 if self.output_mode == "int" else -1
            _NUMBERS[self] = (self._tokens, special), known
        first_unknown = len(special) - self.num_oov_indices
        if self.num_oov_indices == 1:
            return lambda values: np.fromiter(map(known.get, values, repeat(first_unknown)), "int64", len(values))

        def numbers(values: list[Any]) -> Array:
            unknown = [*{x: None for x in values if x not in known}]
            bins = dict(zip(unknown, self._unknown(unknown), strict=True))
            return np.array([first_unknown + bins[x] if x in bins else known[x] for x in values], "int64")

        return numbers

    def _unknown(self, values: list[Any]) -> list[int]:
        """Return the bin of each unknown value, from 0 to num_oov_indices - 1."""
        if values and not self.num_oov_indices and not context.dry:
            raise ValueError(f"{type(self).__name__} with num_oov_indices=0 takes only values of its vocabulary. "
                             f"Received: {values[0]!r}. Set num_oov_indices=1 to accept unknown ones.")  # fmt: skip
        count = self.num_oov_indices or 1
        if self._value is int and self.oov_method == "floormod":
            return [int(value) % count for value in values]
        return cast("list[int]", bins_of(values, count, self.salt).tolist())

    def _encode(self, inputs: Array) -> Array:
        values = raw(inputs)
        if self.invert:
            known = [*self.get_vocabulary(), self.oov_token]  # the last stands for numbers out of range
            tokens = np.array([x.encode() for x in known], object) if self._value is str else np.array(known)
            return tokens.take(np.where((values >= 0) & (values < len(tokens)), values, -1).astype("int64", copy=False))
        return self._encode_numbers(self._numberer()(self._plain(values.reshape(-1).tolist())).reshape(values.shape))

    def _encode_numbers(self, numbers: Array) -> Array:
        depth = self._depth()
        if (idf := self._idf) is not None:
            weights: Array = np.pad(idf, (0, depth - len(idf))).astype(floatx())
            return encoded(numbers, "count", depth, floatx()) * weights
        return encoded(numbers, self.output_mode, depth, "int64")

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the layer of a configuration; a ValueError if it names a file in place of the vocabulary."""
        if isinstance(config.get("vocabulary"), str):
            raise ValueError(f"The configuration names a file as vocabulary, {config['vocabulary']!r:.200}. Such files "
                             "are not read: pass it to the layer, or call `set_vocabulary`.")  # fmt: skip
        functions: Config = {key: deserialize(config[key]) for key in ("standardize", "split") if key in config}
        layer = super().from_config({**config, **functions})
        layer._is_static = layer._is_static and config.get("vocabulary_size") is not None
        return layer

    def get_config(self) -> Config:
        size = self.vocabulary_size() if self._is_static else None  # None: the copy may adapt again
        weights = None if self._idf is None else self._idf[: self.vocabulary_size()].tolist()
        vocabulary = self.get_vocabulary() if weights else self._tokens
        return {**super().get_config(), "vocabulary": vocabulary, "idf_weights": weights, "vocabulary_size": size}


class StringLookup(_Lookup):
    """Numbers strings by a vocabulary; a ValueError for repeated strings, an unknown mode or salt.

    Args:
        vocabulary: The strings in order, or the path of a file of them; `adapt` learns them if not given.

    Example:
        >>> layer = StringLookup()
        >>> layer.adapt(["a", "b", "b"])
        >>> layer.get_vocabulary(), layer(["b", "z"]).numpy().tolist()
        (['[UNK]', 'b', 'a'], [1, 0])
    """

    _further = ("oov_method",)

    def __init__(self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: str | None = None,
                 oov_token: str = "[UNK]", vocabulary: Any = None, idf_weights: Any = None, invert: bool = False,
                 output_mode: TextOutputMode = "int", pad_to_max_tokens: bool = False, sparse: bool = False,
                 encoding: str = "utf-8", name: str | None = None, salt: int | Sequence[int] | None = None,
                 **options: Any) -> None:  # fmt: skip
        options = {key: x for key, x in options.items() if key not in ("oov_method", "vocabulary_dtype")}
        self._configure(locals())


class IntegerLookup(_Lookup):
    """Numbers integers by a vocabulary, see `StringLookup`.

    Args:
        vocabulary: The integers in order; `adapt` learns them if not given.
        vocabulary_dtype: Their dtype.
        oov_method: What chooses the number of an unknown integer: "floormod", its remainder, or "farmhash", its hash.

    Example:
        >>> IntegerLookup(vocabulary=[10, 20])(np.array([20, 7])).numpy().tolist()
        [2, 0]
    """

    _value = int
    vocabulary_dtype: Literal["int64"]

    def __init__(self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: int | None = None,
                 oov_token: int = -1, vocabulary: Any = None, vocabulary_dtype: str = "int64", idf_weights: Any = None,
                 invert: bool = False, output_mode: TextOutputMode = "int", sparse: bool = False,
                 pad_to_max_tokens: bool = False, oov_method: str = "floormod", salt: int | Sequence[int] | None = None,
                 name: str | None = None, **options: Any) -> None:  # fmt: skip
        self._configure(locals())


_LOWER = bytes(range(256)).lower()
_MARKS = bytes(c for c in range(33, 127) if not chr(c).isalnum())  # of ASCII alone, as in TensorFlow
Standardize: TypeAlias = Literal["lower", "strip_punctuation", "lower_and_strip_punctuation"]
_STANDARDS: dict[str, Callable[[bytes], bytes]] = {
    "lower": bytes.lower, "strip_punctuation": lambda text: text.translate(None, _MARKS),
    "lower_and_strip_punctuation": lambda text: text.translate(_LOWER, _MARKS)}  # fmt: skip
_SPLITS = ("whitespace", "character")


class TextVectorization(_Lookup):
    """Turns texts into the numbers of their words, or into rows of counts; a ValueError for an unknown setting.

    Args:
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation", None, or a function of a text.
        split: "whitespace", "character", None, or a function of a text that returns words, or the text itself.
        ngrams: The most consecutive words that count as one token; or a tuple of such lengths.
        output_mode: "int" (numbers in order; 0 is padding, 1 is unknown), "multi_hot", "count" or "tf_idf".
        output_sequence_length: The length to which mode "int" cuts or pads; that of the longest text if not given.
        vocabulary: The words in order, or the path of a file of them; `adapt` learns them if not given.
        ragged: Whether mode "int" returns a ragged tensor; under TensorFlow's stand-in only.

    Example:
        >>> layer = TextVectorization()
        >>> layer.adapt(["The cat sat, the dog!", "A dog"])
        >>> layer(["the big cat", "dog"]).numpy().tolist()
        [[2, 1, 5], [3, 0, 0]]
    """

    standardize: Any
    split: Any
    ngrams: int | tuple[int, ...] | None
    output_sequence_length: int | None
    ragged: bool

    def __init__(self, max_tokens: int | None = None,
                 standardize: Standardize | Callable[[str], str] | None = "lower_and_strip_punctuation",
                 split: Literal["whitespace", "character"] | Callable[[str], Sequence[str]] | None = "whitespace",
                 ngrams: int | tuple[int, ...] | None = None, output_mode: TextOutputMode = "int",
                 output_sequence_length: int | None = None, pad_to_max_tokens: bool = False, vocabulary: Any = None,
                 idf_weights: Any = None, sparse: bool = False, ragged: bool = False, encoding: str = "utf-8",
                 name: str | None = None, **options: Any) -> None:  # fmt: skip
        self._configure({**locals(), "num_oov_indices": 1, "mask_token": "", "oov_token": "[UNK]", "invert": False})
        for argument, value, table in (("standardize", standardize, _STANDARDS), ("split", split, _SPLITS)):
            if not callable(value) and value not in (None, *table):
                raise ValueError(f"TextVectorization: {argument} must be one of {list(table)}, None or a function. "
                                 f"Received: {value!r}")  # fmt: skip
        lengths = ngrams if isinstance(ngrams, tuple | list) else [ngrams]
        if not all(n is None or isinstance(n, int) for n in [*lengths, output_sequence_length]):
            raise ValueError("`ngrams` and `output_sequence_length` must be integers (or a tuple of them) or None. "
                             f"Received: {ngrams=}, {output_sequence_length=}.")  # fmt: skip
        if output_mode != "int" and output_sequence_length is not None:
            raise ValueError(f"`output_sequence_length` needs output_mode='int'. Received: {output_mode!r}.")
        if ragged and (output_mode != "int" or not hasattr(Tensor, "rows_of")):
            raise ValueError("`ragged=True` needs output_mode='int' and tf's ragged tensors, which scripts get "
                             f"under `python -m minikeras`. Received: output_mode={output_mode!r}")  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.ragged:
            return super().__call__(*args, **kwargs)
        values = raw(args[0])
        texts = [*map(self._numberer(), self._rows(values, self.output_sequence_length))]
        numbers = Tensor(np.concatenate([np.zeros(0, "int64"), *texts]))
        rows = Tensor.rows_of(numbers, [*map(len, texts)])  # type: ignore[attr-defined]
        return rows if values.ndim else rows[0]

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:  # type: ignore[override]  # as in Keras
        """Learn the vocabulary, the most frequent words first; `batch_size` is Keras's, and changes nothing."""
        super().adapt(data, steps)

    def _key(self, token: str) -> bytes:
        return token.encode()  # so that words need not be decoded

    def _keeps_shape(self) -> bool:
        """Return whether texts are not split, so that each has one number."""
        return self.split is None and self.ngrams is None and self.output_sequence_length is None

    def compute_output_shape(self, input_shape: ShapeLike) -> PartialShape:
        shape = tuple(input_shape)
        if self._keeps_shape():
            return super().compute_output_shape(shape)
        texts = shape[:-1] if shape[1:] and shape[-1] in (1, None) else shape
        return (*texts, self.output_sequence_length if self.output_mode == "int" else self._depth() or None)

    def call(self, inputs: Tensor) -> Tensor:
        as_long_as_texts = self.output_mode == "int" and self.output_sequence_length is None
        return encode(raw(inputs) if as_long_as_texts else inputs, layer=self)  # an array stays out of programs

    def _words(self, text: str, most: int | None) -> list[bytes]:
        """Return the tokens of a text, words and n-grams; only the first `most` words are needed, if not None."""
        if not isinstance(text, str):
            raise TypeError(f"TextVectorization takes texts. Received: {text!r}")
        if callable(self.standardize):
            plain = _strings([self.standardize(text)])[0]
        else:
            plain = _STANDARDS.get(self.standardize, bytes)(text.encode())
        if self.split == "whitespace":  # that of ASCII
            words = plain.split(None, -1 if most is None or self.ngrams else most)
        elif self.split is None:
            words = [plain]
        elif self.split == "character" and plain.isascii():
            words = cast(Any, memoryview(plain)).cast("c").tolist()
        else:
            words = _strings([*plain.decode()] if self.split == "character" else self.split(plain.decode()))
        if self.ngrams is None:
            return words
        lengths = range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams
        return [b" ".join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)]

    def _rows(self, values: Array, most: int | None = None) -> Iterator[list[bytes]]:
        if self.split is not None and values.ndim > 1 and values.shape[-1] != 1:
            raise ValueError(f"Texts to be split need the shape (batch,) or (..., 1). Received: {values.shape}")
        return (self._words(text, most)[:most] for text in values.reshape(-1).tolist())

    def _encode(self, inputs: Array) -> Array:
        values = raw(inputs)
        numberer, rows_of_words = self._numberer(), self._rows(values, self.output_sequence_length)
        if self._keeps_shape():
            return self._encode_numbers(numberer([*chain.from_iterable(rows_of_words)]).reshape(values.shape))
        texts: Iterable[Array] = map(numberer, rows_of_words)
        if (length := self.output_sequence_length) is None:
            length = max(map(len, texts := [*texts]), default=0)
        rows = np.full((values.size, length), 0 if self.output_mode == "int" else -1, "int64")
        for row, numbers in zip(rows, texts, strict=True):
            row[: len(numbers)] = numbers
        shape: Any = self.compute_output_shape(values.shape)
        return self._encode_numbers(rows.reshape(*shape[:-1], length))
