"""The base class of all losses, and the one that makes a loss from a function."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self, TypeAlias, cast

import numpy as np

from .. import dtype_policies, ops, tree
from .._base.checks import one_of
from .._base.naming import auto_name
from .._base.nested import like, map_structure, present
from .._base.settings import floatx
from .._base.signature import copied
from .._base.typing import AnyCallable, Config, Shape, TensorLike
from .._core.ownership import Changes
from .._core.tensor import Tensor
from .._jit.taped_function import TapedFunction
from .._serialization.configurable import Configurable, is_built_in
from .._serialization.registry import Registry
from .._serialization.serialization import serialize
from ..dtype_policies import PolicyLike
from ..ops.creation import convert_to_tensor, floating

Reduction: TypeAlias = Literal["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"] | None
"""How the losses of all samples are combined."""

Name: TypeAlias = str | None
DType: TypeAlias = PolicyLike | None
"""The dtype of a loss or a metric, or a policy whose compute dtype it is."""

MEAN: Final = "sum_over_batch_size"
_MEANS = (MEAN, "mean")
_REDUCTIONS = (*_MEANS, "sum", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """Base class of losses. A subclass overrides `call(y_true, y_pred)`, which returns a loss for each sample.

    Args:
        name: The loss's name, made up from its class if not given.
        reduction: "sum_over_batch_size" or "mean" (the mean of all losses), "sum", "mean_with_sample_weight" (the sum
            divided by the sum of the weights), "none" or None (no reduction).
        dtype: Dtype of the computation, `floatx` if not given.

    Example:
        >>> from minikeras import ops
        >>> class Largest(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.max(ops.abs(y_true - y_pred), axis=-1)
        >>> float(Largest()([[1.0, 2.0]], [[1.0, 4.0]]))
        2.0
    """

    _takes_classes: ClassVar[bool] = False  # whether targets are class numbers, which stay what they are

    def __init__(self, name: Name = None, reduction: Reduction = MEAN, dtype: DType = None) -> None:
        one_of("reduction", reduction, _REDUCTIONS)
        self.name: str = name or auto_name(type(self).__name__)
        self.reduction: Reduction = reduction
        self._dtype_policy = dtype_policies.get(dtype or floatx())

    if not TYPE_CHECKING:  # type checkers must report undeclared attributes

        def __setattr__(self, name: str, value: Any) -> None:
            changes = name in vars(self) or "_taped" in vars(self)
            super().__setattr__(name, value)
            vars(self).pop("_taped", None)  # it may now compute something else,
            Changes.layers += changes  # in recorded steps too

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).copy().items() if key != "_taped"}

    @cached_property
    def _taped(self) -> TapedFunction:
        return TapedFunction(self._reduced, lambda: is_built_in(self) and is_built_in(getattr(self, "fn", Loss)))

    @property
    def dtype(self) -> str:
        """Dtype of the computation."""
        return self._dtype_policy.compute_dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return a loss for each sample. The arguments are tensors of the loss's dtype, or lists or dicts of them."""
        raise NotImplementedError(f"Loss {type(self).__name__} does not have a `call()` method implemented.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: TensorLike | None = None) -> Tensor:
        """Return the reduced loss.

        Args:
            y_true: The targets: an array, or a list or dict of arrays.
            y_pred: The predictions, in the same structure. Elements that their mask (`keras_mask`) excludes do not
                count.
            sample_weight: The weight of each loss, in a shape that broadcasts to that of the losses. A last axis of
                size 1 may be missing or surplus.
        """
        return cast(Tensor, self._taped(y_true, y_pred, *(() if sample_weight is None else (sample_weight,))))

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: TensorLike | None = None) -> Tensor:
        dtype = self.dtype
        values = self.call(_tensors(y_true, None if self._takes_classes else dtype), _tensors(y_pred, dtype))
        masks = present([getattr(y, "keras_mask", None) for y in (y_pred, values)])
        losses: Tensor = convert_to_tensor(values, dtype)
        weights = None if sample_weight is None else convert_to_tensor(sample_weight, dtype)
        if masks:
            mask = ops.cast(ops.logical_and(*masks) if len(masks) > 1 else masks[0], dtype)
            if self.reduction in _MEANS:  # over what counts
                mask = mask * ops.divide_no_nan(ops.sum(ops.ones_like(mask)), ops.sum(mask))
            weights = mask if weights is None else _product(mask, weights, "mask", "sample_weight")[0]
        if weights is not None:
            losses, weights = _product(losses, weights, "loss", "sample_weight")
        if self.reduction in ("none", None) or losses.shape in ((), (0,)):
            return losses
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return ops.divide_no_nan(ops.sum(losses), ops.sum(weights))
        return ops.sum(losses) if self.reduction == "sum" or 0 in losses.shape else ops.mean(losses)

    def get_config(self) -> Config:
        return {"name": self.name, "reduction": self.reduction}


registry: Registry[Loss] = Registry("keras.losses", "loss", Loss, functions=True)


def _is_structure(value: Any) -> bool:
    """Return whether a value is a dict or list of arrays. A list of numbers counts as one array."""
    if isinstance(value, list | tuple):
        return any(_is_structure(x) or (hasattr(x, "shape") and not isinstance(x, np.generic)) for x in value)
    return isinstance(value, dict)


def _tensors(value: Any, dtype: str | None) -> Any:
    if not _is_structure(value):
        return convert_to_tensor(value, dtype)
    if isinstance(value, dict):
        return {key: _tensors(item, dtype) for key, item in value.items()}
    return like(value, [_tensors(item, dtype) for item in value])


def _may_broadcast(a: Shape, b: Shape) -> bool:
    return all(m == n or m == 1 or n == 1 or None in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False))


def same_rank(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors in equal ranks, by adding or dropping a last axis of size 1 if they differ by one."""
    if x2.ndim == x1.ndim + 1:
        return same_rank(x2, x1)[::-1]
    if x1.ndim != x2.ndim + 1 or x1.shape[-1] != 1:
        return x1, x2
    return (x1, ops.expand_dims(x2, -1)) if x2.ndim == 1 else (ops.squeeze(x1, -1), x2)


def _product(x1: Tensor, x2: Tensor, name1: str, name2: str) -> tuple[Tensor, Tensor]:
    """Return x1 * x2 and x2, brought to equal ranks."""
    a, b = same_rank(x1, x2)
    if not _may_broadcast(a.shape, b.shape):
        raise ValueError(f"{name2} must have the shape of the {name1}, or one that broadcasts to it. Received: {name1} "
                         f"shape {x1.shape}, {name2} shape {x2.shape}.")  # fmt: skip
    return a * b, b


def _same_ranks(true: Any, predicted: Any) -> Any:
    """Return two structures, which must be equal, with each pair of tensors brought to equal ranks."""
    if isinstance(true, Tensor) and isinstance(predicted, Tensor):
        return same_rank(true, predicted)
    first, second = (dict(tree.flatten_with_path(y)) for y in (true, predicted))
    if first.keys() == second.keys():
        pairs = [same_rank(x, second[path]) for path, x in first.items()]
        return tuple(tree.pack_sequence_as(predicted, [pair[i] for pair in pairs]) for i in (0, 1))
    shapes = [map_structure(ops.shape, y) for y in (true, predicted)]
    raise ValueError(f"y_true and y_pred must have the same structure. Received shapes: {shapes[0]} and {shapes[1]}.")


class LossFunctionWrapper(Loss):
    """A loss made from a function of (y_true, y_pred), as `MeanSquaredError` and most others are.

    Args:
        fn: The function. It returns a loss for each sample.
        **kwargs: Further arguments of the function.

    Example:
        >>> from minikeras import losses
        >>> float(LossFunctionWrapper(losses.huber, delta=2.0)([[0.0]], [[3.0]]))
        4.0
    """

    _common = ("reduction", "name", "dtype")
    _transient = ("fn",)

    def __init__(self, fn: AnyCallable, reduction: Reduction = MEAN, name: Name = None, dtype: DType = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(name, reduction, dtype)
        self.fn: AnyCallable = fn
        self._options: dict[str, Any] = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(*_same_ranks(y_true, y_pred), **self._options)

    def get_config(self) -> Config:
        return {**super().get_config(), "fn": serialize(self.fn), **self._options}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(**{key: registry.deserialize(value) if key == "fn" else value for key, value in config.items()})


class Named(Configurable):
    """Base of losses and metrics that are one function, which their class names: `class Hinge(..., fn=hinge)`.

    A class without an `__init__` gets that of its base, with the function's name as the default of `name`.
    """

    _function: ClassVar[AnyCallable]
    _unwritten: ClassVar[tuple[tuple[str, Any], ...]] = ()  # options that configurations omit at these values

    def __init_subclass__(cls, fn: AnyCallable | None = None, name: Name = None) -> None:
        if fn is not None:
            cls._function = staticmethod(fn)
            if "__init__" not in vars(cls):
                setattr(cls, "__init__", copied(cls.__init__, cls, name=name or fn.__name__))  # noqa: B010 - mypy
        super().__init_subclass__()

    def _configure(self, arguments: dict[str, Any]) -> None:
        options = {"fn": self._function, **{name: arguments[name] for name in self._arguments}}
        super()._configure({**arguments, "options": options})

    def _written(self, options: Config) -> Config:
        return {key: value for key, value in options.items() if (key, value) not in self._unwritten}


class NamedLoss(Named, LossFunctionWrapper):
    """A loss that is one function, which its class names."""

    def __init__(self, reduction: Reduction = MEAN, name: Name = None, dtype: DType = None) -> None:
        self._configure(locals())

    def get_config(self) -> Config:
        return {**Loss.get_config(self), **self._written(self._options)}


def floats(y_true: TensorLike, y_pred: TensorLike, squeeze: bool = True) -> tuple[Tensor, Tensor]:
    """Return both as float tensors of the predictions' dtype, in shapes that broadcast."""
    predicted = floating(y_pred)
    true = convert_to_tensor(y_true, predicted.dtype)
    if true.shape != predicted.shape:
        if squeeze:
            true, predicted = same_rank(true, predicted)
        if not _may_broadcast(true.shape, predicted.shape):
            raise ValueError("y_true and y_pred must have the same shape, or shapes that broadcast. Received: "
                             f"y_true.shape={true.shape}, y_pred.shape={predicted.shape}.")  # fmt: skip
    return true, predicted


def limit(x: Tensor, low: float, high: float) -> Tensor:
    """Return x limited to bounds. At a bound half of the gradient passes, as in JAX's clip."""
    return ops.minimum(ops.maximum(x, low), high)
