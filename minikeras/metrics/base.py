"""The base class of all metrics, and averages over samples."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Self, TypeAlias, cast

from .. import dtype_policies, losses, ops
from .._base.context import path_scope
from .._base.naming import auto_name
from .._base.nested import each_once, leaves
from .._base.settings import floatx, standardize_dtype
from .._base.signature import overridable
from .._base.typing import AnyCallable, Config, DTypeLike, Function2, InitializerName, ShapeLike, TensorLike
from .._core.tensor import Tensor
from .._core.variable import Variable, holding
from .._serialization.configurable import Configurable
from .._serialization.registry import Registry
from .._serialization.serialization import array_of, serialize
from ..losses.base import DType as DType, Name as Name, Named, same_rank

InitializerLike: TypeAlias = InitializerName | Function2 | Config | None


class Metric(Configurable):
    """Base class of metrics: numbers accumulated batch by batch.

    A subclass makes its state in `__init__` with `add_variable` (or holds other metrics), changes it in
    `update_state` with `assign` and `assign_add`, and computes `result` from it.

    Args:
        dtype: Dtype of the computation, `floatx` if not given.
        name: The metric's name, made up from its class if not given.

    Example:
        >>> from minikeras import ops
        >>> class Largest(Metric):
        ...     def __init__(self, name="largest", dtype=None):
        ...         super().__init__(dtype, name)
        ...         self.largest = self.add_variable((), "zeros", name="largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.largest.assign(ops.maximum(self.largest, ops.max(y_true - y_pred)))
        ...     def result(self):
        ...         return self.largest.value
        >>> metric = Largest()
        >>> for error in (2.0, 3.0, 1.0):
        ...     metric.update_state(ops.array([error]), ops.array([0.0]))
        >>> float(metric.result())
        3.0
    """

    _common = ("name", "dtype")
    _direction: Literal["up", "down"]  # of better values; absent if it is not known

    def __init__(self, dtype: DType = None, name: Name = None) -> None:
        self.name: str = name or auto_name(type(self).__name__)
        self._dtype: str = dtype_policies.get(dtype or floatx()).compute_dtype
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """Dtype of the computation."""
        return self._dtype

    def add_variable(self, shape: ShapeLike, initializer: InitializerLike, dtype: DTypeLike | None = None,
                     aggregation: str | None = "sum", name: Name = None) -> Variable:  # fmt: skip
        """Make a variable of the metric's state, which training does not change.

        The initializer (a name, an object or a function; zeros for None) gives its first value. Its dtype is `floatx`
        by default, `name` is the last part of its path, and `aggregation` is kept as in Keras.
        """
        self._check_super_called()
        start: Any = "zeros" if initializer is None else initializer
        with path_scope(self.name.replace("/", ">"), self):
            variable = Variable(start, shape, standardize_dtype(dtype), False, True, aggregation, "on_read", name)
        self._variables.append(variable)
        return variable

    def add_weight(self, shape: ShapeLike = (), initializer: InitializerLike = None, dtype: DTypeLike | None = None,
                   name: Name = None) -> Variable:  # fmt: skip
        """Make a variable of the metric's state; see `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def _check_super_called(self) -> None:
        if "_variables" not in vars(self):
            raise RuntimeError(f"In metric '{type(self).__name__}', you forgot to call `super().__init__()` as the "
                               "first statement in the `__init__()` method.")  # fmt: skip

    @property
    def variables(self) -> list[Variable]:
        """The metric's variables in order of creation, then those of the metrics it holds."""
        state = leaves([value for key, value in vars(self).copy().items() if key != "_variables"]) + self._variables
        inner = [v for value in state if isinstance(value, Metric) for v in value.variables]
        return each_once([x for x in state if isinstance(x, Variable)] + inner)

    def reset_state(self) -> None:
        """Set all variables to zero, as before the first batch."""
        for v in self.variables:
            v.clear()

    @overridable
    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch to the state; a subclass chooses the arguments, usually (y_true, y_pred, sample_weight=None)."""
        raise NotImplementedError(f"Metric {type(self).__name__} does not have an `update_state()` method implemented.")

    def result(self) -> Any:
        """Return the metric's current value: a tensor, or a dict of tensors."""
        raise NotImplementedError(f"Metric {type(self).__name__} does not have a `result()` method implemented.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update the state, and return the result."""
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.result()

    def _stateless(self, values: Sequence[TensorLike], run: Callable[[], Any]) -> tuple[Any, list[Tensor]]:
        """Run a function with other values of the variables; return its result and the values after it."""
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(f"{self.name} takes {len(variables)} values as metric_variables. Received: {len(values)}.")
        with holding(variables, values):
            return run(), [v.value for v in self.variables]

    def stateless_update_state(self, metric_variables: Sequence[TensorLike], *args: Any, **kwargs: Any) -> list[Tensor]:
        """Return what `update_state` makes of these values of the variables; the metric keeps its own."""
        return self._stateless(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables: Sequence[TensorLike]) -> Any:
        """Return the result for these values of the variables; the metric keeps its own."""
        return self._stateless(metric_variables, self.result)[0]

    def stateless_reset_state(self) -> list[Tensor]:
        """Return the values that `reset_state` sets; the metric keeps its own."""
        return self._stateless(self.variables, self.reset_state)[1]

    def get_config(self) -> Config:
        """Return the arguments that make a metric like this one."""
        return {"name": self.name, "dtype": self.dtype} | super().get_config()

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the metric of a configuration."""
        return cls(**{key: functions.deserialize(x) if key == "fn" else array_of(x) for key, x in config.items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


_SHORT = {"bce": "BinaryCrossentropy", "mae": "MeanAbsoluteError", "mape": "MeanAbsolutePercentageError",
          "mse": "MeanSquaredError", "msle": "MeanSquaredLogarithmicError"}  # fmt: skip
registry: Registry[Metric] = Registry("keras.metrics", "metric", Metric, snake_case=True,
                                      aliases=_SHORT | {k.upper(): v for k, v in _SHORT.items()})  # fmt: skip
functions: Registry[AnyCallable] = Registry("builtins", "function", functions=True,
                                            guests=dict.fromkeys(losses.registry.keys, "keras.losses"))  # fmt: skip
"""The functions that the configuration of a `MeanMetricWrapper` may name."""


def pair(y_true: TensorLike, y_pred: TensorLike, dtype: DTypeLike | None = None) -> tuple[Tensor, Tensor]:
    """Return both as tensors of the same dtype, by default that of y_pred, and of the same rank."""
    predicted = ops.convert_to_tensor(y_pred, dtype)
    return same_rank(ops.convert_to_tensor(y_true, dtype or predicted.dtype), predicted)


def _masked(sample_weight: TensorLike | None, values: object, dtype: str) -> Tensor | None:
    weights = None if sample_weight is None else ops.convert_to_tensor(sample_weight, dtype)
    mask = getattr(values, "keras_mask", None)
    if mask is None:
        return weights
    mask = ops.cast(mask, dtype)
    return mask if weights is None else ops.multiply(*same_rank(mask, weights))


def _by_sample(values: TensorLike, sample_weight: TensorLike | None, reduce: AnyCallable,
               dtype: str) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Return values times weights, and the weights. Both have one number for each sample, or several to be summed."""
    x = ops.convert_to_tensor(values, dtype)
    weights = None if sample_weight is None else _masked(sample_weight, values, dtype)  # a mask alone does not count
    if weights is not None:
        x, weights = same_rank(x, weights)
        if x.ndim > weights.ndim:
            x = reduce(x, axis=tuple(range(weights.ndim, x.ndim)))
        if weights.shape != x.shape:
            try:
                weights = ops.broadcast_to(weights, x.shape)
            except ValueError:
                raise ValueError(f"The weights or mask of a metric, of shape {weights.shape}, do not fit its values of "
                                 f"shape {x.shape}. Return a value for each sample, not a mean.") from None  # fmt: skip
        x, weights = x * weights, _rows(weights, reduce)
    return _rows(x, reduce), weights


def _rows(x: Tensor, reduce: AnyCallable) -> Tensor:
    return x if x.ndim < 2 or x.size == x.shape[0] else cast(Tensor, reduce(x, axis=tuple(range(1, x.ndim))))


class Sum(Metric):
    """Weighted sum of all values.

    Example:
        >>> metric = Sum()
        >>> metric.update_state([1.0, 3.0])
        >>> metric.update_state([5.0, 7.0], sample_weight=[1.0, 0.0])
        >>> float(metric.result())
        9.0
    """

    def __init__(self, name: Name = "sum", dtype: DType = None) -> None:
        super().__init__(dtype, name)
        self.total: Variable = self.add_variable((), "zeros", self.dtype, name="total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values, times weights that broadcast over them; the first axis is that of samples."""
        self.total.assign_add(ops.sum(_by_sample(values, sample_weight, ops.sum, self.dtype)[0]))

    def result(self) -> Tensor:
        return self.total.value


class Mean(Metric):
    """Weighted mean over samples of the mean of each sample's values: total / count, 0 while count is 0.

    Example:
        >>> metric = Mean()
        >>> metric.update_state([1.0, 3.0])
        >>> metric.update_state([5.0, 7.0], sample_weight=[1.0, 0.0])
        >>> float(metric.result())
        3.0
    """

    def __init__(self, name: Name = "mean", dtype: DType = None) -> None:
        super().__init__(dtype, name)
        self.total: Variable = self.add_variable((), "zeros", self.dtype, name="total")
        self.count: Variable = self.add_variable((), "zeros", self.dtype, name="count")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values, with weights that broadcast over them; the first axis is that of samples."""
        x, weights = _by_sample(values, sample_weight, ops.mean, self.dtype)
        samples = x.shape[0] if x.ndim else 1
        self.total.assign_add(ops.sum(x) if x.ndim else x)
        self.count.assign_add(samples if weights is None else ops.sum(weights))

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """Weighted mean of a function of (y_true, y_pred).

    Args:
        fn: The function. It returns one value for each sample, or several.
        **kwargs: Further arguments of the function.

    Example:
        >>> from minikeras import ops
        >>> metric = MeanMetricWrapper(lambda y_true, y_pred: ops.abs(y_true - y_pred), name="distance")
        >>> float(metric(ops.array([1.0, 2.0]), ops.array([1.0, 4.0])))
        1.0
    """

    _common = ("name", "dtype")
    _transient = ("fn",)

    def __init__(self, fn: Function2, name: Name = None, dtype: DType = None, **kwargs: Any) -> None:
        super().__init__(name, dtype)
        self._fn = fn
        self._fn_kwargs: Config = kwargs
        if losses.registry.own(getattr(fn, "__name__", type(fn).__name__)) in (fn, type(fn)):
            self._direction = "down"

    def update_state(self, y_true: TensorLike, y_pred: TensorLike,  # type: ignore[override]  # values are made of them
                     sample_weight: TensorLike | None = None) -> None:  # fmt: skip
        """Add a batch, with weights that broadcast over the function's values; the mask of y_pred counts as well."""
        super().update_state(self._fn(y_true, y_pred, **self._fn_kwargs), _masked(sample_weight, y_pred, self.dtype))

    def get_config(self) -> Config:
        return super().get_config() | {k: serialize(v) for k, v in {"fn": self._fn, **self._fn_kwargs}.items()}


class NamedMean(Named, MeanMetricWrapper):
    """Base of the wrappers whose function belongs to the class. Each option of the function is an attribute."""

    _direction = "up"  # unless the function is a loss

    def __init__(self, name: Name = None, dtype: DType = None) -> None:
        self._configure(locals())

    def get_config(self) -> Config:
        return {"name": self.name, "dtype": self.dtype} | self._written(self._fn_kwargs)
