"""`tf.lookup`: tables that map keys to values."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from ..._core.tensor import Tensor
from ...layers.fingerprints import bins_of
from .dtypes import DType, as_dtype
from .missing import missing
from .tensors import Rows, array_of, convert_to_tensor, on_elements

__getattr__: Callable[[str], Any] = missing(__name__)


class KeyValueTensorInitializer:
    """Keys and their values, for a table."""

    def __init__(self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None,
                 name: Any = None) -> None:  # fmt: skip
        pairs = ((array_of(keys), key_dtype), (array_of(values), value_dtype))
        self._keys, self._values = (x if kind is None else x.astype(as_dtype(kind).as_numpy_dtype) for x, kind in pairs)


class StaticHashTable:
    """An immutable table, with a default value for unknown keys.

    Example:
        >>> table = StaticHashTable(KeyValueTensorInitializer(["a", "b"], [1, 2]), default_value=-1)
        >>> table.lookup(["b", "z"]).numpy().tolist()
        [2, -1]
    """

    _oov: int = 0

    def __init__(self, initializer: KeyValueTensorInitializer, default_value: Any, name: Any = None, **_: Any) -> None:
        self._table = dict(zip(initializer._keys.tolist(), initializer._values.tolist(), strict=True))
        self._values = initializer._values
        self._default: Any = array_of(default_value).item()
        self.key_dtype: DType = as_dtype(initializer._keys.dtype)
        self.value_dtype: DType = as_dtype(initializer._values.dtype)

    def lookup(self, keys: Any, name: Any = None) -> Tensor:
        """The values of keys."""
        if isinstance(keys, Rows):
            return cast(Tensor, on_elements(self.lookup, keys))
        array = array_of(keys if hasattr(keys, "dtype") else convert_to_tensor(keys, self.key_dtype))
        if as_dtype(array.dtype) != self.key_dtype:
            raise TypeError(f"Dtype of argument `keys` must be {self.key_dtype}, received: {as_dtype(array.dtype)}")
        values = np.array([self._of(key) for key in array.ravel().tolist()], self._values.dtype)
        return Tensor(values.reshape(array.shape))

    def _of(self, key: Any) -> Any:
        return self._table.get(key, self._default)

    __getitem__ = lookup

    def size(self, name: Any = None) -> Tensor:
        """The number of keys, plus the number of buckets for unknown keys."""
        return Tensor(np.asarray(len(self._table) + self._oov, "int64"))


class StaticVocabularyTable(StaticHashTable):
    """A table of numbers; unknown keys are hashed to one of `num_oov_buckets` further numbers."""

    def __init__(self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None, **_: Any) -> None:
        super().__init__(initializer, 0)
        self._oov = num_oov_buckets

    def _of(self, key: Any) -> Any:
        return self._table[key] if key in self._table else len(self._table) + bins_of([key], self._oov).item()
