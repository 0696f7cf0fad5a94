"""Layers that number values by their hashes, with TensorFlow's functions, so that the numbers are Keras's."""

from functools import reduce
from typing import Any, Literal, Unpack

import numpy as np

from .._base.checks import Positive, one_of
from .._base.typing import Array, OutputMode, PartialShape
from .._core.tensor import Tensor
from .fingerprints import bins_of, crossed, fingerprints
from .layer import LayerOptions
from .lookup import OfValues, encode, encoded, raw


class _Hashed(OfValues):
    """The base of the layers here, which encode the numbers of bins."""

    num_bins: Positive

    def _encoded(self, numbers: Array) -> Array:
        return encoded(numbers, self.output_mode, self.num_bins, self.variable_dtype)

    def _depth(self) -> int:
        return self.num_bins


class Hashing(_Hashed):
    """Numbers values, strings or integers, by their hashes; a ValueError without bins, or for an unknown mode or salt.

    Args:
        mask_value: A value that gets the number 0 for itself alone.

    Example:
        >>> Hashing(3)([["A"], ["B"], ["C"]]).numpy().tolist()
        [[1], [0], [1]]
    """

    output_mode: OutputMode
    mask_value: Any

    def __init__(self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: OutputMode = "int",
                 sparse: bool = False, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        options["dtype"] = options.get("dtype") or ("int64" if output_mode == "int" else None)
        self._configure(locals())
        if output_mode == "int":
            one_of("dtype", self.dtype_policy.name, ("int32", "int64"))

    def _encode(self, inputs: Array) -> Array:
        values = raw(inputs)
        hashable = values.astype("int64") if values.dtype.kind == "f" else values
        hashable = np.where(values, "true", "false") if values.dtype.kind == "b" else hashable  # as TensorFlow does
        masks = self.mask_value is not None and self.num_bins > 1  # then the bins begin at 1
        bins = bins_of(hashable.reshape(-1).tolist(), self.num_bins - masks, self.salt).reshape(values.shape)
        return self._encoded(np.where(values == self.mask_value, 0, bins + 1) if masks else bins)


class HashedCrossing(_Hashed):
    """Numbers the combinations of the values of two inputs by their hashes; a ValueError for an unknown mode.

    Args:
        output_mode: "int" or "one_hot".

    Example:
        >>> HashedCrossing(5)((np.array(["A", "B"]), np.array([101, 102]))).numpy().tolist()
        [1, 1]
    """

    output_mode: Literal["int", "one_hot"]

    def __init__(self, num_bins: int, output_mode: Literal["int", "one_hot"] = "int", sparse: bool = False,
                 name: str | None = None, dtype: Any = None, **options: Any) -> None:  # fmt: skip
        dtype = dtype or ("int64" if output_mode == "int" else None)
        self._configure(locals())

    def _as_input(self, x: Any) -> Any:
        if not isinstance(x, list | tuple):
            raise ValueError(f"HashedCrossing takes a list of inputs. Received: {x!r:.200}")
        return [super(HashedCrossing, self)._as_input(item) for item in x]

    def call(self, inputs: Any) -> Tensor:
        return encode(*list[Tensor](inputs), layer=self)

    def _encode(self, *inputs: Array) -> Array:
        columns = [raw(x) for x in inputs]
        shape, *others = {column.shape for column in columns}
        if len(columns) < 2 or others or shape[1:] not in ((), (1,)) or any(c.dtype.kind in "bf" for c in columns):
            raise ValueError("HashedCrossing takes 2 or more inputs of strings or integers of one shape: (), (batch,) "
                             f"or (batch, 1). Received: {[(c.shape, c.dtype.name) for c in columns]}.")  # fmt: skip
        prints = [fingerprints([v.encode() for v in c.tolist()]) if c.dtype.kind in "OUST" else c.astype("uint64")
                  for c in map(np.ravel, columns)]  # fmt: skip
        hashes = reduce(crossed, prints, np.array([0xDECAFCAFFE], "uint64"))
        return self._encoded((hashes % self.num_bins).astype("int64").reshape(shape))

    def compute_output_shape(self, input_shape: Any) -> PartialShape:
        return super().compute_output_shape(input_shape[0])
