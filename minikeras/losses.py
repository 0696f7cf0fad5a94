"""Losses: how far predictions are from the truth, as a number to make small.

Each loss is a function, which gives one number a sample, and a class, which gives their mean.

Example:
    >>> from minikeras import losses
    >>> print(losses.get("mse")([[0.0, 2.0]], [[0.0, 4.0]]))
    Tensor([2.], shape=(1,), dtype=float32)
"""

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias, cast, get_args, overload

import numpy as np

from . import _state, dtype_policies, ops
from . import registry as _registry
from ._signature import with_defaults
from ._structure import map_structure
from ._typing import Array, Axis, Config, DTypeLike, LossName, Shape, TensorLike
from .configurable import Configurable, is_built_in
from .dtype_policies import DTypePolicy
from .ops.classes import class_numbers
from .ops.creation import convert_to_tensor
from .serialization import serialize as serialize
from .taped import TapedCalls, open_tape
from .tensor import Tensor, primitive

Reduction: TypeAlias = Literal["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"] | None
"""How the losses of all samples become one number."""

Name: TypeAlias = str | None
DType: TypeAlias = DTypeLike | DTypePolicy | None

LossFunction: TypeAlias = Callable[..., Any]
"""A function of the caller's from (y_true, y_pred) to one loss a sample."""

MEAN: Final = "sum_over_batch_size"
_MEANS = (MEAN, "mean")
_REDUCTIONS = (*_MEANS, "sum", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """Base class of losses. A subclass overrides `call(y_true, y_pred)`, which gives one loss a sample.

    Args:
        name: The loss's name, made up from its class if not given.
        reduction: "sum_over_batch_size" or "mean" (the mean over all losses), "sum", "mean_with_sample_weight" (the sum
            over that of the weights), "none" or None (no reduction).
        dtype: Dtype of the computation, `floatx` if not given.

    Raises:
        ValueError: for an unknown reduction.

    Example:
        >>> from minikeras import ops
        >>> class Largest(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.max(ops.abs(y_true - y_pred), axis=-1)
        >>> float(Largest()([[1.0, 2.0]], [[1.0, 4.0]]))
        2.0
    """

    _takes_classes: ClassVar[bool] = False
    """Whether targets are class numbers, which stay what they are."""

    def __init__(self, name: Name = None, reduction: Reduction = MEAN, dtype: DType = None) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(f"A loss's `reduction` must be one of {_REDUCTIONS}. Received: reduction={reduction!r}.")
        self.name: str = name or _state.auto_name(type(self).__name__)
        self.reduction: Reduction = reduction
        self._dtype_policy = dtype_policies.get(dtype or _state.floatx())

    def __setattr__(self, name: str, value: Any) -> None:
        vars(self).pop("_taped", None)  # what it computes may be another from now on
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_taped"}

    @cached_property
    def _taped(self) -> TapedCalls:
        """What computes the loss under a tape."""
        return TapedCalls(lambda: is_built_in(type(self)) and is_built_in(getattr(self, "fn", Loss)))

    @property
    def dtype(self) -> str:
        """Dtype of the computation."""
        return self._dtype_policy.compute_dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss a sample; the arguments are tensors of the loss's dtype, or lists or dicts of them."""
        raise NotImplementedError(f"Loss {type(self).__name__} does not have a `call()` method implemented.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: TensorLike | None = None) -> Tensor:
        """Return the reduced loss.

        Args:
            y_true: What should have been predicted: an array, or a list or dict of arrays.
            y_pred: What was, in the same structure. What its mask (`keras_mask`) leaves out does not count.
            sample_weight: Weight of each loss, of the shape of `call`'s result but for a last axis of size 1, or of
                one that broadcasts to it.

        Raises:
            ValueError: for values that are no numbers, and shapes that do not fit.
        """
        tape = open_tape()
        if tape is not None:
            inputs = (y_true, y_pred) if sample_weight is None else (y_true, y_pred, sample_weight)
            loss = self._taped.run(self._reduced, tape, inputs)
            if loss is not None:
                return cast(Tensor, loss)
        return self._reduced(y_true, y_pred, sample_weight)

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: TensorLike | None = None) -> Tensor:
        dtype = self.dtype
        losses = self.call(_tensors(y_true, None if self._takes_classes else dtype), _tensors(y_pred, dtype))
        masks = [m for m in (_mask(y_pred), _mask(losses)) if m is not None]
        losses = convert_to_tensor(losses, dtype)
        weights = None if sample_weight is None else convert_to_tensor(sample_weight, dtype)
        if masks:
            kept = ops.cast(ops.logical_and(*masks) if len(masks) > 1 else masks[0], dtype)
            if self.reduction in _MEANS:  # of what is kept
                kept = kept * ops.divide_no_nan(ops.sum(ops.ones_like(kept)), ops.sum(kept))
            weights = kept if weights is None else _product(kept, weights, "mask", "sample_weight")[0]
        if weights is not None:
            losses, weights = _product(losses, weights, "loss", "sample_weight")
        if self.reduction in ("none", None) or losses.shape in ((), (0,)):
            return losses
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            return ops.divide_no_nan(ops.sum(losses), ops.sum(weights))
        return ops.sum(losses) if self.reduction == "sum" or 0 in losses.shape else ops.mean(losses)

    def get_config(self) -> Config:
        return {"name": self.name, "reduction": self.reduction}


def _mask(value: Any) -> Any:
    return getattr(value, "keras_mask", None)


def _is_structure(value: Any) -> bool:
    """Tell whether a value is a dict or a list of arrays; a list of numbers is one array."""
    if isinstance(value, list | tuple):
        return any(_is_structure(x) or (hasattr(x, "shape") and not isinstance(x, np.generic)) for x in value)
    return isinstance(value, dict)


def _tensors(value: Any, dtype: str | None) -> Any:
    """Return a tensor for each array in a structure."""
    if not _is_structure(value):
        return convert_to_tensor(value, dtype)
    if isinstance(value, dict):
        return {key: _tensors(item, dtype) for key, item in value.items()}
    return [_tensors(item, dtype) for item in value]


def _fit(a: Shape, b: Shape) -> bool:
    """Tell whether two shapes broadcast, as far as they are known."""
    return all(m == n or m == 1 or n == 1 or None in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False))


def same_rank(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors with a last axis of 1 added to, or dropped from, the one whose rank differs by one."""
    if x1.ndim == x2.ndim:
        return x1, x2
    for a, b, swapped in ((x1, x2, False), (x2, x1, True)):
        if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
            a, b = (a, ops.expand_dims(b, -1)) if b.ndim == 1 else (ops.squeeze(a, -1), b)
            return (b, a) if swapped else (a, b)
    return x1, x2


def _product(x1: Tensor, x2: Tensor, name1: str, name2: str) -> tuple[Tensor, Tensor]:
    """Return x1 * x2 and x2 in equal ranks."""
    a, b = same_rank(x1, x2)
    if not _fit(a.shape, b.shape):
        raise ValueError(
            f"{name2} must have the shape of the {name1}, or one that broadcasts to it. "
            f"Received: {name1} shape {x1.shape}, {name2} shape {x2.shape}."
        )
    return a * b, b


def _same_ranks(true: Any, predicted: Any) -> Any:
    """Return two equal structures with each pair of tensors in equal ranks."""
    if isinstance(true, Tensor) and isinstance(predicted, Tensor):
        return same_rank(true, predicted)
    if isinstance(true, dict) and isinstance(predicted, dict) and true.keys() == predicted.keys():
        pairs = {key: _same_ranks(true[key], predicted[key]) for key in true}
        return tuple({key: pair[i] for key, pair in pairs.items()} for i in (0, 1))
    if isinstance(true, list) and isinstance(predicted, list) and len(true) == len(predicted):
        found = [_same_ranks(*pair) for pair in zip(true, predicted, strict=True)]
        return tuple([pair[i] for pair in found] for i in (0, 1))
    shapes = [map_structure(ops.shape, y) for y in (true, predicted)]
    raise ValueError(f"y_true and y_pred must have the same structure. Received shapes: {shapes[0]} and {shapes[1]}.")


class LossFunctionWrapper(Loss):
    """A function of (y_true, y_pred) as a loss; the classes at the end of this module are such wrappers.

    Args:
        fn: The function. It gives one loss a sample.
        reduction, name, dtype: See `Loss`.
        **kwargs: Further arguments of the function.

    Example:
        >>> float(LossFunctionWrapper(huber, delta=2.0)([[0.0]], [[3.0]]))
        4.0
    """

    def __init__(
        self, fn: LossFunction, reduction: Reduction = MEAN, name: Name = None, dtype: DType = None, **kwargs: Any
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.fn: LossFunction = fn
        self._options: dict[str, Any] = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(*_same_ranks(y_true, y_pred), **self._options)

    def get_config(self) -> Config:
        return {**super().get_config(), "fn": serialize(self.fn), **self._options}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(**{key: deserialize(value) if key == "fn" else value for key, value in config.items()})


class Named:
    """Mixin of the losses and metrics whose class says which function they are, as `class Hinge(..., fn=hinge)` does.

    Where such a class has no `__init__`, it gets that of its base, with the function's name for the default of `name`.
    """

    _function: ClassVar[LossFunction]
    _unwritten: ClassVar[tuple[tuple[str, Any], ...]] = ()
    """Options and values which configurations leave out, as Keras's do."""

    def __init_subclass__(cls, fn: LossFunction | None = None, name: Name = None) -> None:
        super().__init_subclass__()
        if fn is not None:
            cls._function = staticmethod(fn)
            if "__init__" not in vars(cls):
                setattr(cls, "__init__", with_defaults(cls.__init__, name=name or fn.__name__))  # noqa: B010 - mypy

    def _written(self, options: Config) -> Config:
        """Return the options that configurations name."""
        return {key: value for key, value in options.items() if (key, value) not in self._unwritten}


class _NamedLoss(Named, LossFunctionWrapper):
    def __init__(self, reduction: Reduction = MEAN, name: Name = None, dtype: DType = None) -> None:
        self._set(locals())

    def _set(self, given: dict[str, Any]) -> None:
        """Take over the arguments of `__init__`: those of `Loss`, and the function's, each an attribute."""
        how = [given.pop(argument) for argument in ("reduction", "name", "dtype")]
        del given["self"]
        LossFunctionWrapper.__init__(self, self._function, *how, **given)
        vars(self).update(given)

    def get_config(self) -> Config:
        return {**Loss.get_config(self), **self._written(self._options)}


def _floats(y_true: TensorLike, y_pred: TensorLike, squeeze: bool = True) -> tuple[Tensor, Tensor]:
    """Return both as tensors of the predictions' dtype, a floating one, and of equal ranks if they are to be squeezed.

    Raises:
        ValueError: for shapes that do not broadcast.
    """
    predicted = _predictions(y_pred)
    true = convert_to_tensor(y_true, predicted.dtype)
    if true.shape != predicted.shape:
        if squeeze:
            true, predicted = same_rank(true, predicted)
        if not _fit(true.shape, predicted.shape):
            raise ValueError(
                "y_true and y_pred must have the same shape, or shapes that broadcast. "
                f"Received: y_true.shape={true.shape}, y_pred.shape={predicted.shape}."
            )
    return true, predicted


def _predictions(y_pred: TensorLike) -> Tensor:
    predicted = convert_to_tensor(y_pred)
    return predicted if predicted.dtype.startswith("float") else ops.cast(predicted, _state.floatx())


def _limit(x: Tensor, low: float, high: float) -> Tensor:
    """Return x between bounds; at a bound half of the gradient passes, as in JAX's clip."""
    return ops.minimum(ops.maximum(x, low), high)


# Regression


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean((y_true - y_pred) ** 2) over the last axis.

    Args:
        y_true: Targets, (..., n).
        y_pred: Predictions, (..., n).

    Example:
        >>> float(mean_squared_error([0.0, 2.0], [0.0, 4.0]))
        2.0
    """
    true, predicted = _floats(y_true, y_pred)
    return ops.mean(ops.square(predicted - true), axis=-1)


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(|y_true - y_pred|) over the last axis; shapes as in `mean_squared_error`.

    Example:
        >>> float(mean_absolute_error([0.0, 2.0], [0.0, 4.0]))
        1.0
    """
    true, predicted = _floats(y_true, y_pred)
    return ops.mean(ops.absolute(true - predicted), axis=-1)


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 100 * mean(|y_true - y_pred| / max(|y_true|, epsilon)), a percentage, over the last axis.

    Example:
        >>> float(mean_absolute_percentage_error([1.0, 2.0], [1.0, 3.0]))
        25.0
    """
    true, predicted = _floats(y_true, y_pred)
    share = (true - predicted) / ops.maximum(ops.absolute(true), _state.epsilon())
    return 100.0 * ops.mean(ops.absolute(share), axis=-1)


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean((log(1 + y_true) - log(1 + y_pred)) ** 2) over the last axis; what is below 0 counts as 0.

    Example:
        >>> round(float(mean_squared_logarithmic_error([0.0], [1.0])), 4)  # log(2) ** 2
        0.4805
    """
    true, predicted = (ops.log(ops.maximum(y, _state.epsilon()) + 1.0) for y in _floats(y_true, y_pred))
    return ops.mean(ops.square(predicted - true), axis=-1)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """Return minus the cosine of the angle between vectors along an axis: -1 where they point the same way.

    A vector of zeros has the cosine 0.

    Example:
        >>> float(cosine_similarity([0.0, 2.0], [0.0, 3.0]))
        -1.0
    """
    true, predicted = (ops.normalize(y, axis=axis) for y in _floats(y_true, y_pred))
    return -ops.sum(true * predicted, axis=axis)


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """Return the mean over the last axis of e ** 2 / 2 where |e| <= delta, delta * (|e| - delta / 2) elsewhere.

    Here e = y_true - y_pred; large errors count linearly. Huber 1964.

    Example:
        >>> float(huber([0.0, 0.0], [1.0, 3.0]))  # (0.5 + 2.5) / 2
        1.5
    """
    true, predicted = _floats(y_true, y_pred)
    error = predicted - true
    size = ops.absolute(error)
    pieces = ops.where(size <= delta, 0.5 * ops.square(error), delta * size - 0.5 * delta * delta)
    return ops.mean(pieces, axis=-1)


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(log(cosh(y_pred - y_true))) over the last axis: e ** 2 / 2 for small errors, |e| - log(2) for large.

    Example:
        >>> round(float(log_cosh([0.0], [1.0])), 4)
        0.4338
    """
    true, predicted = _floats(y_true, y_pred)
    error = predicted - true  # cosh(e) = exp(e) * (1 + exp(-2 e)) / 2, whose logarithm cannot overflow
    return ops.mean(error + ops.softplus(-2.0 * error) - float(np.log(2.0)), axis=-1)


# Margins


@primitive(lambda g, y, x: g * np.where(_is_binary(x), 2, 1))
def _signs(y_true: TensorLike) -> Array:
    """Return labels of 0 and 1 as -1 and 1, others as they are."""
    array = np.asarray(y_true)
    return 2 * array - 1 if _is_binary(array) else array


def _is_binary(x: Any) -> bool:
    return bool(np.all(np.equal(x, 0) | np.equal(x, 1)))


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(max(1 - y_true * y_pred, 0)) over the last axis.

    Args:
        y_true: -1 or 1; 0 and 1 are taken for these.
        y_pred: Predictions of the same shape.

    Example:
        >>> float(hinge([1.0, -1.0], [0.5, 0.5]))
        1.0
    """
    return ops.mean(_shortfall(y_true, y_pred), axis=-1)


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(max(1 - y_true * y_pred, 0) ** 2) over the last axis; arguments as in `hinge`.

    Example:
        >>> float(squared_hinge([1.0, -1.0], [0.5, 0.5]))
        1.25
    """
    return ops.mean(ops.square(_shortfall(y_true, y_pred)), axis=-1)


def _shortfall(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    return ops.maximum(1.0 - _signs(true) * predicted, 0.0)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return max(neg - pos + 1, 0): pos is the score of the right class, neg the largest of the others.

    Args:
        y_true: One-hot rows, (..., classes).
        y_pred: Scores of the same shape.

    Example:
        >>> float(categorical_hinge([0.0, 1.0], [0.75, 0.5]))
        1.25
    """
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    right = ops.sum(true * predicted, axis=-1)
    other = ops.max((1.0 - true) * predicted, axis=-1)
    return ops.maximum(other - right + 1.0, 0.0)


# Probabilities


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return sum(y_true * log(y_true / y_pred)) over the last axis. Kullback and Leibler 1951.

    Args:
        y_true: Probabilities, (..., classes), kept between epsilon and 1.
        y_pred: Probabilities of the same shape, kept likewise.

    Example:
        >>> round(float(kl_divergence([1.0, 0.0], [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = (_limit(y, _state.epsilon(), 1.0) for y in _floats(y_true, y_pred, squeeze=False))
    return ops.sum(true * ops.log(true / predicted), axis=-1)


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return mean(y_pred - y_true * log(y_pred + epsilon)) over the last axis, for counts and positive predictions.

    Example:
        >>> round(float(poisson([1.0, 3.0], [1.0, 1.0])), 4)
        1.0
    """
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    return ops.mean(predicted - true * ops.log(predicted + _state.epsilon()), axis=-1)


def _smoothed(y_true: Tensor, label_smoothing: float, classes: Any) -> Tensor:
    """Return labels drawn towards 1 / classes."""
    return y_true * (1.0 - label_smoothing) + label_smoothing / classes if label_smoothing else y_true


def binary_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: Axis = -1
) -> Tensor:
    """Return the mean over an axis of -y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred).

    Args:
        y_true: 0 or 1.
        y_pred: Probabilities, or any numbers with `from_logits`, of the same shape.
        from_logits: Whether to take the sigmoid of y_pred first.
        label_smoothing: Share by which y_true is drawn towards 0.5, from 0 to 1.
        axis: The axis.

    Example:
        >>> round(float(binary_crossentropy([1.0, 0.0], [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    losses = ops.binary_crossentropy(_smoothed(true, label_smoothing, 2), predicted, from_logits)
    return ops.mean(losses, axis=axis)


def binary_focal_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, apply_class_balancing: bool = False, alpha: float = 0.25,
    gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: Axis = -1,
) -> Tensor:  # fmt: skip
    """Return the mean of `binary_crossentropy` times (1 - p) ** gamma, p being the probability of the right answer.

    Easy samples count less. Lin et al. 2017.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: See `binary_crossentropy`.
        apply_class_balancing: Whether to weigh ones by alpha, zeros by 1 - alpha.
        alpha: The weight of ones.
        gamma: How much less easy samples count; not at all less for 0.

    Example:
        >>> round(float(binary_focal_crossentropy([1.0], [0.5])), 4)  # log(2) / 4
        0.1733
    """
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    true = _smoothed(true, label_smoothing, 2)
    predicted = ops.sigmoid(predicted) if from_logits else predicted
    right = true * predicted + (1 - true) * (1 - predicted)
    losses = ops.power(1.0 - right, gamma) * ops.binary_crossentropy(true, predicted)
    if apply_class_balancing:
        losses = (true * alpha + (1 - true) * (1 - alpha)) * losses
    return ops.mean(losses, axis=axis)


def _rows(y_true: TensorLike, y_pred: TensorLike, label_smoothing: float, axis: Any) -> tuple[Tensor, Tensor]:
    """Return smoothed one-hot rows and predictions, after a look at both.

    Raises:
        ValueError: for rows of another rank than the predictions', and for a bool as axis.
    """
    if isinstance(axis, bool):
        raise ValueError(f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}.")
    if ops.ndim(y_true) != ops.ndim(y_pred):
        received = f"y_true.shape={ops.shape(y_true)}, y_pred.shape={ops.shape(y_pred)}"
        raise ValueError(
            "y_true must hold one-hot rows (or probabilities) of y_pred's shape. For class numbers use "
            f"sparse_categorical_crossentropy. Received: {received}."
        )
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    if predicted.ndim and predicted.shape[-1] == 1:
        warnings.warn(
            "A categorical cross-entropy needs more than one class, or it is always 0. Received: "
            f"y_pred.shape={predicted.shape}. For two classes in one column use binary_crossentropy.",
            SyntaxWarning,
            stacklevel=3,
        )
    return (_smoothed(true, label_smoothing, true.shape[-1]) if label_smoothing else true), predicted


def categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Return -sum(y_true * log(y_pred)) over the classes.

    Args:
        y_true: One-hot rows or probabilities, (..., classes).
        y_pred: Scores of the same shape, divided by their sum; any numbers with `from_logits`.
        from_logits: Whether to take the softmax of y_pred first.
        label_smoothing: Share by which y_true is drawn towards 1 / classes, from 0 to 1.
        axis: Axis of the classes.

    Example:
        >>> round(float(categorical_crossentropy([0.0, 1.0], [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = _rows(y_true, y_pred, label_smoothing, axis)
    return ops.categorical_crossentropy(true, predicted, from_logits, axis)


def categorical_focal_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:  # fmt: skip
    """Return -sum(alpha * (1 - p) ** gamma * y_true * log(p)) over the classes. Lin et al. 2017.

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: See `categorical_crossentropy`.
        alpha: Weight of all classes.
        gamma: How much less easy samples count; not at all less for 0.

    Example:
        >>> round(float(categorical_focal_crossentropy([0.0, 1.0], [0.5, 0.5])), 4)  # log(2) / 16
        0.0433
    """
    true, predicted = _rows(y_true, y_pred, label_smoothing, axis)
    scores = ops.softmax(predicted, axis) if from_logits else predicted
    p = _limit(scores / ops.sum(scores, axis=axis, keepdims=True), _state.epsilon(), 1 - _state.epsilon())
    return ops.sum(alpha * ops.power(1.0 - p, gamma) * -true * ops.log(p), axis=axis)


def sparse_categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """Return -log(y_pred[y_true]), `categorical_crossentropy` for class numbers.

    Args:
        y_true: Class numbers from 0, as integers or whole floats, (...) or (..., 1).
        y_pred: Scores (..., classes), divided by their sum; any numbers with `from_logits`.
        from_logits: Whether to take the softmax of y_pred first.
        ignore_class: A class whose samples have the loss 0 and are masked; it need not be in range.
        axis: Axis of the classes.

    Raises:
        ValueError: for labels that are no whole numbers or out of range.

    Example:
        >>> round(float(sparse_categorical_crossentropy(1, [0.5, 0.5])), 4)
        0.6931
    """
    true, predicted = convert_to_tensor(y_true), _predictions(y_pred)
    if true.ndim == predicted.ndim and true.shape[axis] == 1:
        true = ops.squeeze(true, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(true, predicted, from_logits, axis)
    kept = ops.not_equal(true, ignore_class)
    rows = ops.where(ops.expand_dims(kept, axis), predicted, 1.0)
    losses = ops.sparse_categorical_crossentropy(ops.where(kept, true, 0), rows, from_logits, axis)
    result: Any = ops.where(kept, losses, 0.0)
    result.keras_mask = kept
    return cast(Tensor, result)


@primitive(None, None)
def _class_numbers(y_true: TensorLike, y_pred: TensorLike) -> Array:
    return np.expand_dims(class_numbers(y_true, np.asarray(y_pred), -1), -1)


def categorical_generalized_cross_entropy(y_true: TensorLike, y_pred: TensorLike, q: float) -> Tensor:
    """Return (1 - y_pred[y_true] ** q) / q, which wrong labels disturb less. Zhang and Sabuncu 2018.

    Args:
        y_true: Class numbers from 0, as integers or whole floats, (...) or (..., 1).
        y_pred: Probabilities, (..., classes).
        q: From 0, near which this is the cross-entropy, to 1, which is the absolute error.

    Raises:
        ValueError: for labels that are no whole numbers or out of range.

    Example:
        >>> float(categorical_generalized_cross_entropy(1, [0.75, 0.25], q=0.5))
        1.0
    """
    predicted = _predictions(y_pred)
    chosen = ops.take_along_axis(predicted, _class_numbers(convert_to_tensor(y_true), predicted), axis=-1)
    return (1.0 - ops.power(ops.squeeze(chosen, -1), q)) / q


# Overlap of regions


def dice(y_true: TensorLike, y_pred: TensorLike, axis: Axis = None) -> Tensor:
    """Return 1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)) over axes, all by default. Dice 1945.

    Args:
        y_true: 1 within a region, 0 outside.
        y_pred: Probabilities of the same shape.
        axis: Axes to sum over.

    Example:
        >>> round(float(dice([1.0, 0.0], [1.0, 1.0])), 4)
        0.3333
    """
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    shared = ops.sum(true * predicted, axis=axis)
    total = ops.sum(true, axis=axis) + ops.sum(predicted, axis=axis)
    return 1.0 - 2.0 * shared / (total + _state.epsilon())


def tversky(y_true: TensorLike, y_pred: TensorLike, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Tensor:
    """Return 1 - s / (s + alpha * missed + beta * wrong) over axes, all by default. Salehi et al. 2017.

    Here s = sum(y_true * y_pred), missed = sum(y_true * (1 - y_pred)), wrong = sum((1 - y_true) * y_pred).

    Args:
        y_true, y_pred, axis: See `dice`, which this is for alpha = beta = 0.5.
        alpha: Weight of what was missed.
        beta: Weight of what was found wrongly.

    Example:
        >>> round(float(tversky([1.0, 0.0], [1.0, 1.0], beta=1.0)), 4)
        0.5
    """
    true, predicted = _floats(y_true, y_pred, squeeze=False)
    shared = ops.sum(true * predicted, axis=axis)
    missed = ops.sum((1.0 - predicted) * true, axis=axis)
    wrong = ops.sum(predicted * (1.0 - true), axis=axis)
    return 1.0 - shared / (shared + missed * alpha + wrong * beta + _state.epsilon())


# Distances of vectors


@primitive(None, None)
def _alike(labels: TensorLike, others: TensorLike, remove_diagonal: bool) -> Array:
    """Tell which labels are the same as which others, all or all but those at the same place."""
    alike: Array = np.equal(np.ravel(labels)[:, None], np.ravel(others))
    if remove_diagonal:
        np.fill_diagonal(alike, False)
    return alike


def circle(
    y_true: TensorLike, y_pred: TensorLike, ref_labels: TensorLike | None = None,
    ref_embeddings: TensorLike | None = None, remove_diagonal: bool = True, gamma: float = 80, margin: float = 0.4,
) -> Tensor:  # fmt: skip
    """Return softplus(logsumexp of pairs of a class + logsumexp of pairs of two classes). Sun et al. 2020.

    With d = max(1 - cosine, 0), the distance of a pair, the terms are gamma * (d ** 2 - margin ** 2) for a pair of one
    class, and gamma * max(1 + margin - d, 0) * (1 - margin - d) for one of two classes. A sample whose loss is 0, as
    where no other is of its class, is masked.

    Args:
        y_true: Class numbers, (batch,) or (batch, 1).
        y_pred: Vectors of length 1, (batch, n).
        ref_labels: Class numbers of the vectors to compare with, `y_true` if not given.
        ref_embeddings: These vectors, `y_pred` if not given.
        remove_diagonal: Whether a vector is not compared with the one at its own place.
        gamma: Scale of the terms.
        margin: How far apart pairs of one class may be, and from 1 those of two classes.

    Example:
        >>> print(circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], gamma=1).numpy().round(4))
        [0.5459 0.5459 0.    ]
    """
    predicted = _predictions(y_pred)
    others = predicted if ref_embeddings is None else convert_to_tensor(ref_embeddings, predicted.dtype)
    labels = y_true if ref_labels is None else ref_labels
    distances = ops.maximum(1.0 - ops.matmul(predicted, ops.transpose(others)), 0.0)
    within = (distances + margin) * (distances - margin)
    between = ops.maximum(1.0 + margin - distances, 0.0) * (1.0 - margin - distances)
    same, different = _alike(y_true, labels, remove_diagonal), ops.logical_not(_alike(y_true, labels, False))
    terms = ((same, within), (different, between))  # -1e9 is as good as nothing, and has a slope
    total = sum(ops.logsumexp(ops.where(pairs, gamma * values, -1e9), axis=1) for pairs, values in terms)
    losses: Any = ops.softplus(total)
    losses.keras_mask = losses > 0
    return cast(Tensor, losses)


# Sequences


def ctc(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return -log(p): p is how likely a sequence spells its labels, repeats and blanks left out. Graves et al. 2006.

    Args:
        y_true: Class numbers from 1, with zeros behind the last, (batch, labels).
        y_pred: Scores of the classes, before a softmax, (batch, steps, classes); class 0 is the blank.

    Raises:
        ValueError: for other numbers of axes.

    Example:
        >>> print(ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]]).numpy().round(4))  # 3 of 4 ways spell a 1: log(4 / 3)
        [0.2877]
    """
    labels, scores = convert_to_tensor(y_true, "int32"), _predictions(y_pred)
    if labels.ndim != 2 or scores.ndim != 3:
        raise ValueError(
            "ctc needs y_true of shape (batch, labels) and y_pred of shape (batch, steps, classes). "
            f"Received: y_true.shape={labels.shape}, y_pred.shape={scores.shape}."
        )
    lengths = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=-1)
    return ops.ctc_loss(labels, scores, lengths, ops.full_like(lengths, scores.shape[1]))


# The same as classes, whose arguments are the options of the function and those of `Loss`


class MeanSquaredError(_NamedLoss, fn=mean_squared_error):
    """Mean of squared differences: `mean_squared_error`."""


class MeanAbsoluteError(_NamedLoss, fn=mean_absolute_error):
    """Mean of absolute differences: `mean_absolute_error`."""


class MeanAbsolutePercentageError(_NamedLoss, fn=mean_absolute_percentage_error):
    """Mean of differences in percent of the truth: `mean_absolute_percentage_error`."""


class MeanSquaredLogarithmicError(_NamedLoss, fn=mean_squared_logarithmic_error):
    """Mean of squared differences of logarithms: `mean_squared_logarithmic_error`."""


class LogCosh(_NamedLoss, fn=log_cosh):
    """Logarithm of the hyperbolic cosine of the error: `log_cosh`."""


class Hinge(_NamedLoss, fn=hinge):
    """How much predictions miss the margin of 1: `hinge`."""


class SquaredHinge(_NamedLoss, fn=squared_hinge):
    """Square of how much predictions miss the margin of 1: `squared_hinge`."""


class CategoricalHinge(_NamedLoss, fn=categorical_hinge):
    """How much the right class misses its margin over the others: `categorical_hinge`."""


class KLDivergence(_NamedLoss, fn=kl_divergence):
    """Divergence of two distributions: `kl_divergence`."""


class Poisson(_NamedLoss, fn=poisson):
    """Minus the log-likelihood of counts, but for a constant: `poisson`."""


class CosineSimilarity(_NamedLoss, fn=cosine_similarity):
    """Minus the cosine between vectors: `cosine_similarity`."""

    _unwritten = (("axis", -1),)
    axis: Axis

    def __init__(
        self, axis: Axis = -1, reduction: Reduction = MEAN, name: Name = "cosine_similarity", dtype: DType = None
    ) -> None:
        self._set(locals())


class Huber(_NamedLoss, fn=huber):
    """Squares of small errors, sizes of large ones: `huber`."""

    _unwritten = (("delta", 1.0),)
    delta: float

    def __init__(
        self, delta: float = 1.0, reduction: Reduction = MEAN, name: Name = "huber_loss", dtype: DType = None
    ) -> None:
        self._set(locals())


class _Crossentropy(_NamedLoss):
    """Base of the cross-entropies of labels that can be smoothed."""

    from_logits: bool
    label_smoothing: float
    axis: Any  # an int where the axis is that of the classes

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: Any = -1, reduction: Reduction = MEAN,
        name: Name = None, dtype: DType = None,
    ) -> None:  # fmt: skip
        self._set(locals())


class BinaryCrossentropy(_Crossentropy, fn=binary_crossentropy):
    """Cross-entropy of yes-or-no labels and predicted probabilities: `binary_crossentropy`."""


class CategoricalCrossentropy(_Crossentropy, fn=categorical_crossentropy):
    """Cross-entropy of one-hot rows and predicted probabilities: `categorical_crossentropy`."""


class BinaryFocalCrossentropy(_Crossentropy, fn=binary_focal_crossentropy):
    """Cross-entropy in which easy samples count less: `binary_focal_crossentropy`."""

    apply_class_balancing: bool
    alpha: float
    gamma: float

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: Axis = -1, reduction: Reduction = MEAN,
        name: Name = "binary_focal_crossentropy", dtype: DType = None,
    ) -> None:  # fmt: skip
        self._set(locals())


class CategoricalFocalCrossentropy(_Crossentropy, fn=categorical_focal_crossentropy):
    """Cross-entropy in which easy samples count less: `categorical_focal_crossentropy`."""

    alpha: float
    gamma: float

    def __init__(
        self, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
        axis: int = -1, reduction: Reduction = MEAN, name: Name = "categorical_focal_crossentropy", dtype: DType = None,
    ) -> None:  # fmt: skip
        self._set(locals())


class SparseCategoricalCrossentropy(_NamedLoss, fn=sparse_categorical_crossentropy):
    """Cross-entropy of class numbers and predicted probabilities: `sparse_categorical_crossentropy`."""

    _takes_classes = True
    _unwritten = (("axis", -1),)
    from_logits: bool
    ignore_class: int | None
    axis: int

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, reduction: Reduction = MEAN, axis: int = -1,
        name: Name = "sparse_categorical_crossentropy", dtype: DType = None,
    ) -> None:  # fmt: skip
        self._set(locals())


class CategoricalGeneralizedCrossEntropy(_NamedLoss, fn=categorical_generalized_cross_entropy):
    """Cross-entropy that wrong labels disturb less: `categorical_generalized_cross_entropy`.

    Raises:
        ValueError: for a q outside of (0, 1).
    """

    q: float

    def __init__(
        self, q: float = 0.5, reduction: Reduction = MEAN, name: Name = "categorical_generalized_cross_entropy",
        dtype: DType = None,
    ) -> None:  # fmt: skip
        if not 0 < q < 1:
            raise ValueError(f"q must be in the interval (0, 1). Received: q={q}.")
        self._set(locals())


class Dice(_NamedLoss, fn=dice):
    """One minus the overlap of regions: `dice`."""

    axis: Axis

    def __init__(
        self, reduction: Reduction = MEAN, name: Name = "dice", axis: Axis = None, dtype: DType = None
    ) -> None:
        self._set(locals())


class Tversky(_NamedLoss, fn=tversky):
    """One minus the overlap of regions, with a weight for either error: `tversky`."""

    alpha: float
    beta: float
    axis: Axis

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: Reduction = MEAN, name: Name = "tversky",
        axis: Axis = None, dtype: DType = None,
    ) -> None:  # fmt: skip
        self._set(locals())


class CTC(_NamedLoss, fn=ctc):
    """How improbable it is that sequences spell their labels: `ctc`."""

    _takes_classes = True


class Circle(_NamedLoss, fn=circle):
    """Distances within a class against those between classes: `circle`, of the batch with itself.

    Predictions must be vectors of length 1, such as `UnitNormalization` gives.
    """

    _takes_classes = True
    gamma: float
    margin: float
    remove_diagonal: bool

    def __init__(
        self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, reduction: Reduction = MEAN,
        name: Name = "circle", dtype: DType = None,
    ) -> None:  # fmt: skip
        self._set(locals())


# Shorter names
bce = BCE = binary_crossentropy
kld = KLD = kl_divergence
kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
mse = MSE = mean_squared_error
msle = MSLE = mean_squared_logarithmic_error

LossLike: TypeAlias = LossName | Loss | type[Loss] | LossFunction | Config
"""What `get` takes."""

registry: _registry.Registry[Loss] = _registry.Registry("keras.losses", "loss")
registry.collect(Loss, globals())
registry.names.update({name: globals()[name] for name in get_args(LossName)})
deserialize: Final = registry.deserialize


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: Loss | type[Loss]) -> Loss: ...
@overload
def get(identifier: LossLike | str) -> LossFunction: ...
def get(identifier: Any) -> Any:
    """Return the loss that a name, a configuration, a class or a function stands for; None for None.

    Raises:
        ValueError: if it stands for none, with the nearest known name.

    Example:
        >>> get("mse") is mean_squared_error, get("MeanSquaredError").name
        (True, 'mean_squared_error')
    """
    return registry.get(identifier)
