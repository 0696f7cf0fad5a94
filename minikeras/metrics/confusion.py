"""Counts of right and wrong yes-or-no decisions at thresholds, and metrics computed from them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, cast

import numpy as np

from .. import ops
from .._base.checks import Share, any_case, between, within
from .._base.settings import epsilon
from .._base.typing import Config, TensorLike
from .._core.tensor import Tensor
from .._core.variable import Variable
from .base import DType, Metric, Name, pair

Average: TypeAlias = Literal["micro", "macro", "weighted"] | None
Thresholds: TypeAlias = float | Sequence[float] | None
Curve: TypeAlias = Literal["ROC", "PR", "PRGAIN", "roc", "pr", "prgain"]
Summation: TypeAlias = Literal["interpolation", "majoring", "minoring", "Interpolation", "Majoring", "Minoring"]

_MOST = 10**6  # thresholds at most, since each is a Python number
_LOW = -1e10  # the score of predictions that are not among the top k, and a threshold that all others exceed
_RECALL = ("true_positives", "false_negatives")
_PRECISION = ("true_positives", "false_positives")
_SPECIFICITY = ("true_negatives", "false_positives")
_FALL_OUT = ("false_positives", "true_negatives")
_OF_F_SCORE = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
_ALL = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class _Confusion(Metric):
    """Counts at thresholds. A prediction is positive if it exceeds the threshold, a label if it is not 0."""

    _counts: ClassVar[Mapping[str, str]] = {name: name for name in _ALL}  # kind of count -> variable that holds it
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable
    thresholds: list[float]
    top_k: int | None = None
    class_id: int | None = None
    multi_label: bool = False
    label_weights: Tensor | None = None

    def __init_subclass__(cls, counts: tuple[str, ...] = (), variable: str | None = None) -> None:
        super().__init_subclass__()
        if counts:
            cls._counts = {name: variable or name for name in counts}

    def _build(self, *labels: int) -> None:
        for variable in self._counts.values():
            setattr(self, variable, self.add_variable((len(self.thresholds), *labels), "zeros", name=variable))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Count a batch.

        Args:
            y_true: Labels; any number but 0 is positive.
            y_pred: Predictions of the same shape.
            sample_weight: Weights, of the rank of the labels or one lower, that broadcast over them.
        """
        dtype = getattr(self, next(iter(self._counts.values()))).dtype
        true, scores = pair(y_true, y_pred, dtype)
        if sample_weight is not None:
            sample_weight = ops.convert_to_tensor(sample_weight, dtype)
            sample_weight = sample_weight if sample_weight.ndim == true.ndim else ops.expand_dims(sample_weight, -1)
        true, scores = self._selected(true, scores)
        positive = ops.cast(true != 0, dtype)
        negative = 1 - positive
        for weights in (sample_weight, None if self.multi_label else self.label_weights):
            if weights is not None:
                positive, negative = (x * ops.broadcast_to(weights, x.shape) for x in (positive, negative))
        if not self.multi_label:  # all labels of all samples count together
            positive, negative, scores = (ops.reshape(x, (-1,)) for x in (positive, negative, scores))
        right, wrong = self._above(scores, positive, negative)
        counts = (right, wrong, ops.sum(negative, axis=0) - wrong, ops.sum(positive, axis=0) - right)
        for name, count in zip(_ALL, counts, strict=True):
            if name in self._counts:
                getattr(self, self._counts[name]).assign_add(count)

    def _selected(self, true: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Return the labels and scores that count, by `class_id`; scores that are not among the top k become low."""
        if self.top_k is not None:
            chosen = ops.one_hot(ops.top_k(scores, self.top_k)[1], scores.shape[-1])
            scores = ops.where(ops.sum(chosen, axis=-2) > 0, scores, _LOW)
        if true.shape != scores.shape or (self.class_id is not None and scores.ndim == 1):
            expected = "shape (samples, classes) for `class_id`" if true.shape == scores.shape else "the same shape"
            received = f"y_true.shape={true.shape}, y_pred.shape={scores.shape}"
            raise ValueError(f"{type(self).__name__} needs y_true and y_pred of {expected}. Received: {received}.")
        if self.class_id is None:
            return true, scores
        return true[..., self.class_id, None], scores[..., self.class_id, None]

    def _above(self, scores: Tensor, *values: Tensor) -> list[Tensor]:
        """Return for each threshold the sums of values whose score exceeds it, with one search for each score."""
        ordered = np.sort(np.asarray(self.thresholds, scores.dtype))
        may_be_even = len(ordered) > 2 or ordered[0] < 0  # two thresholds in AUC alone, where they begin below 0
        if may_be_even and np.allclose(ordered, np.linspace(0, 1, len(ordered)), atol=2 * epsilon()):
            scores = ops.clip(ops.nan_to_num(scores, 1e-7), 0, 1)  # as Keras does for evenly spread thresholds
        exceeded = ops.searchsorted(ordered, ops.fmax(scores, ordered[0]))  # `fmax` makes NaN exceed no threshold
        places = ops.stack([exceeded, *np.indices(scores.shape, "int32")[1:]], axis=-1)
        sums = [ops.scatter(places, x, (len(ordered) + 1, *scores.shape[1:])) for x in values]
        rank_from_top = len(ordered) - 1 - np.argsort(np.argsort(self.thresholds))
        return [ops.take(ops.cumsum(ops.flip(x, axis=0), axis=0), rank_from_top, axis=0) for x in sums]

    def _share(self, names: Iterable[str]) -> Tensor:
        first, second = (cast(Tensor, getattr(self, name)) for name in names)
        return ops.divide_no_nan(first, first + second)


class _AtThresholds(_Confusion):
    """Counts at one threshold or several.

    Args:
        thresholds: One threshold in [0, 1], or several; None stands for 0.5, or with `top_k` for no threshold.
        top_k: Only the k largest predictions of a sample can be positive.
        class_id: Only this class counts, an index of the last axis.
    """

    _transient = ("thresholds",)

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        self.init_thresholds: Thresholds = arguments["thresholds"]
        thresholds, default = self.init_thresholds, 0.5 if self.top_k is None else _LOW
        self.thresholds: list[float] = np.ravel(np.asarray(default if thresholds is None else thresholds)).tolist()
        wrong = [t for t in self.thresholds if t is None or not 0 <= t <= 1]
        if wrong and thresholds is not None:
            raise ValueError(f"Threshold values must be in [0, 1]. Received: {wrong}.")
        self._build()

    def get_config(self) -> Config:
        return super().get_config() | {"thresholds": self.init_thresholds}


class _Count(_AtThresholds):
    accumulator: Variable

    def __init__(self, thresholds: Thresholds = None, name: Name = None, dtype: DType = None) -> None:
        self._configure(locals())

    def result(self) -> Tensor:
        """Return the count so far, one for each threshold if there are several."""
        return ops.squeeze(self.accumulator.value)


class FalsePositives(_Count, counts=("false_positives",), variable="accumulator"):
    """Weighted number of predictions above a threshold (0.5), or each of several, whose label is negative."""


class FalseNegatives(_Count, counts=("false_negatives",), variable="accumulator"):
    """Weighted number of predictions up to a threshold (0.5), or each of several, whose label is positive."""


class TrueNegatives(_Count, counts=("true_negatives",), variable="accumulator"):
    """Weighted number of predictions up to a threshold (0.5), or each of several, whose label is negative."""


class TruePositives(_Count, counts=("true_positives",), variable="accumulator"):
    """Weighted number of predictions above a threshold (0.5), or each of several, whose label is positive."""


class _ShareAtThresholds(_AtThresholds):
    _direction = "up"

    def __init__(self, thresholds: Thresholds = None, top_k: int | None = None, class_id: int | None = None,
                 name: Name = None, dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())

    def result(self) -> Tensor:
        """Return the share so far, one for each threshold if there are several; 0 if nothing was counted."""
        return ops.squeeze(self._share(self._counts))


class Precision(_ShareAtThresholds, counts=_PRECISION):
    """Share of the positive predictions that are right: true positives / (true positives + false positives).

    Example:
        >>> round(float(Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """


class Recall(_ShareAtThresholds, counts=_RECALL):
    """Share of the positive labels that are found: true positives / (true positives + false negatives).

    Example:
        >>> round(float(Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """


class _Best(_Confusion):
    """The best value of one share (the goal), over the thresholds where another share (the limit) is high enough.

    Args:
        specificity, sensitivity, recall, precision: The least value of the limit, in [0, 1].
        num_thresholds: How many thresholds to try, evenly spread from 0 to 1.
        class_id: Only this class counts, an index of the last axis.
    """

    _direction = "up"
    _limit: ClassVar[tuple[str, str]]
    _goal: ClassVar[tuple[str, str]]
    num_thresholds: Annotated[int, between(1, _MOST)]

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        self.value: float = getattr(self, self._arguments[0])
        last = self.num_thresholds - 1
        self.thresholds: list[float] = [i / last for i in range(last + 1)] if last else [0.5]
        self._build()

    def result(self) -> Tensor:
        """Return the best value so far, 0 if no threshold will do."""
        return ops.max(ops.where(self._share(self._limit) >= self.value, self._share(self._goal), 0.0), initial=0)


class SensitivityAtSpecificity(_Best):
    """Best sensitivity (recall) at thresholds where specificity is at least a given value.

    Specificity is the share of the negative labels that are found: true negatives / (true negatives + false positives).

    Example:
        >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    _goal, _limit = _RECALL, _SPECIFICITY
    specificity: Share

    def __init__(self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: Name = None,
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


class SpecificityAtSensitivity(_Best):
    """Best specificity at thresholds where sensitivity (recall) is at least a given value."""

    _goal, _limit = _SPECIFICITY, _RECALL
    sensitivity: Share

    def __init__(self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: Name = None,
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


class PrecisionAtRecall(_Best):
    """Best precision at thresholds where recall is at least a given value."""

    _goal, _limit = _PRECISION, _RECALL
    recall: Share

    def __init__(self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: Name = None,
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


class RecallAtPrecision(_Best):
    """Best recall at thresholds where precision is at least a given value."""

    _goal, _limit = _RECALL, _PRECISION
    precision: Share

    def __init__(self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: Name = None,
                 dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())


class AUC(_Confusion):
    """Area under a curve that the thresholds trace, approximated piece by piece.

    Args:
        num_thresholds: How many thresholds, evenly spread from 0 to 1; at least 2.
        curve: "ROC" (recall over false positives / negatives), "PR" (precision over recall) or "PRGAIN" (the gains of
            both, Flach and Kull 2015).
        summation_method: "interpolation" (the middle height of each piece; for "PR" the interpolation of Davis and
            Goadrich 2006), "minoring" (the lower one) or "majoring" (the higher one).
        thresholds: The thresholds themselves; one below 0 and one above 1 are added.
        multi_label: Whether each label (an index of the last axis) has an area of its own; the result is their mean.
        num_labels: The number of labels, by default that of the first batch.
        label_weights: A weight for each label.
        from_logits: Whether to take the sigmoid of the predictions first.

    Example:
        >>> round(float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])), 4)
        0.75
    """

    _direction = "up"
    _transient = ("thresholds", "label_weights")
    curve: Annotated[str, any_case("ROC", "PR", "PRGAIN")]
    summation_method: Annotated[str, any_case("interpolation", "majoring", "minoring")]
    num_labels: int | None
    from_logits: bool

    def __init__(self, num_thresholds: int | None = 200, curve: Curve = "ROC",
                 summation_method: Summation = "interpolation", name: Name = None, dtype: DType = None,
                 thresholds: Sequence[float] | None = None, multi_label: bool = False, num_labels: int | None = None,
                 label_weights: TensorLike | None = None, from_logits: bool = False) -> None:  # fmt: skip
        self._configure(locals())
        if thresholds is None:
            last = within("num_thresholds", cast(int, num_thresholds), 2, _MOST) - 1
            inner = [i / last for i in range(1, last)]
        else:
            inner = sorted(map(float, thresholds))
        if num_labels and not multi_label:
            raise ValueError(f"`num_labels` is needed only with `multi_label`. Received: num_labels={num_labels}.")
        self.thresholds: list[float] = [-epsilon(), *inner, 1 + epsilon()]
        self.num_thresholds: int = len(self.thresholds)
        weights = None if label_weights is None else ops.convert_to_tensor(label_weights, self.dtype)
        self.label_weights: Tensor | None = weights
        self._written = {} if thresholds is None else {"thresholds": inner}
        if num_labels or not multi_label:
            self._build(*[num_labels] if num_labels else [])

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Count a batch; arguments as for `Precision`, with `multi_label` (samples, labels)."""
        scores = ops.convert_to_tensor(y_pred)
        if self.multi_label and scores.ndim != 2:
            raise ValueError(f"`multi_label` needs y_pred of shape (samples, labels). Received: {scores.shape}.")
        if not hasattr(self, "true_positives"):
            self._build(scores.shape[1])
        super().update_state(y_true, ops.sigmoid(scores) if self.from_logits else scores, sample_weight)

    def interpolate_pr_auc(self) -> Tensor:
        """Return the area under the precision-recall curve, interpolated as in Davis and Goadrich 2006.

        Between two thresholds, true positives grow linearly with all positives. So the precision there is
        slope + intercept / positives, whose integral has a logarithm.
        """
        tp, positives = self.true_positives, self.true_positives + self.false_positives
        gained, width = tp[:-1] - tp[1:], positives[:-1] - positives[1:]
        slope = ops.divide_no_nan(gained, ops.maximum(width, 0.0))
        intercept = tp[1:] - slope * positives[1:]
        both = (positives[:-1] > 0) & (positives[1:] > 0)
        ratio = ops.where(both, ops.divide_no_nan(positives[:-1], positives[1:]), 1.0)
        labels = ops.maximum(tp[1:] + self.false_negatives[1:], 0.0)
        return self._over_labels(ops.divide_no_nan(slope * (gained + intercept * ops.log(ratio)), labels))

    def _over_labels(self, pieces: Tensor) -> Tensor:
        areas = ops.sum(pieces, axis=0)
        if not self.multi_label or self.label_weights is None:
            return ops.mean(areas)
        return ops.divide_no_nan(ops.sum(areas * self.label_weights), ops.sum(self.label_weights))

    def _curve(self) -> tuple[Tensor, Tensor]:
        """Return the x and y coordinates of each threshold on the curve."""
        if self.curve == "ROC":
            return self._share(_FALL_OUT), self._share(_RECALL)
        if self.curve == "PR":
            return self._share(_RECALL), self._share(_PRECISION)
        tp, fp, tn, fn = (getattr(self, name) for name in _ALL)
        odds = ops.divide_no_nan(tp + fn, tn + fp)
        recall_gain = ops.where(tp == 0, 0.0, 1 - odds * ops.divide_no_nan(fn, tp))
        return ops.maximum(recall_gain, 0.0), ops.where(tp == 0, 1.0, 1 - odds * ops.divide_no_nan(fp, tp))

    def result(self) -> Tensor:
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.interpolate_pr_auc()
        x, y = self._curve()
        joins: Any = {"interpolation": lambda a, b: (a + b) / 2.0, "minoring": ops.minimum, "majoring": ops.maximum}
        return self._over_labels((x[:-1] - x[1:]) * joins[self.summation_method](y[:-1], y[1:]))

    def get_config(self) -> Config:
        weights = None if self.label_weights is None else self.label_weights.tolist()
        return super().get_config() | {"label_weights": weights} | self._written


class FBetaScore(Metric):
    """(1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall), class by class.

    Args:
        average: None (the score of each class), "micro" (one score from the counts of all classes), "macro" (the mean
            over classes) or "weighted" (the mean weighted by how often each class occurs).
        beta: How much more recall counts than precision, a positive float.
        threshold: A class is predicted if its score exceeds this float in (0, 1]; for None, if its score is largest.

    Example:
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 1, 1], [1, 0, 0], [1, 1, 0]], y_pred).numpy().round(4)
        array([0.3846, 0.9091, 0.8333], dtype=float32)
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable
    average: Average
    beta: float
    threshold: float | None

    def __init__(self, average: Average = None, beta: float = 1.0, threshold: float | None = None,
                 name: Name = "fbeta_score", dtype: DType = None) -> None:  # fmt: skip
        self._configure(locals())
        if not isinstance(beta, float) or not beta > 0:
            raise ValueError(f"`beta` must be a positive Python float. Received: beta={beta!r}.")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(f"`threshold` must be None, or a Python float in (0, 1]. Received: {threshold!r}.")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add labels of 0 and 1 and scores, (samples, classes), with one weight for each sample."""
        true, scores = ops.convert_to_tensor(y_true, self.dtype), ops.convert_to_tensor(y_pred, self.dtype)
        if true.ndim != 2 or scores.ndim != 2:
            received = f"y_true.shape={true.shape}, y_pred.shape={scores.shape}"
            raise ValueError(f"{type(self).__name__} needs tensors of shape (samples, classes). Received: {received}.")
        if not hasattr(self, "true_positives"):
            shape = () if self.average == "micro" else (scores.shape[1],)
            for count in _OF_F_SCORE:
                setattr(self, count, self.add_variable(shape, "zeros", self.dtype, name=count))
        if self.threshold is None:  # the largest score counts, unless it is 0
            chosen = (scores >= ops.max(scores, axis=-1, keepdims=True)) & (ops.absolute(scores) > 1e-9)
        else:
            chosen = scores > self.threshold
        predicted = ops.cast(chosen, self.dtype)
        hits: tuple[Tensor, ...] = (predicted * true, predicted * (1 - true), (1 - predicted) * true, true)
        if sample_weight is not None:
            weights = ops.convert_to_tensor(sample_weight, self.dtype)
            hits = tuple(x * (ops.expand_dims(weights, 1) if weights.ndim == 1 else weights) for x in hits)
        for count, values in zip(_OF_F_SCORE, hits, strict=True):
            getattr(self, count).assign_add(ops.sum(values, axis=None if self.average == "micro" else 0))

    def result(self) -> Tensor:
        """Return the score so far: a scalar, or one for each class if `average` is None."""
        eps, square = epsilon(), self.beta**2
        precision = self.true_positives / (self.true_positives + self.false_positives + eps)
        recall = self.true_positives / (self.true_positives + self.false_negatives + eps)
        score = precision * recall / (square * precision + recall + eps) * (1 + square)
        if self.average == "weighted":
            return ops.sum(score * (self.intermediate_weights / (ops.sum(self.intermediate_weights) + eps)))
        return score if self.average is None else ops.mean(score)


class F1Score(FBetaScore):
    """2 * precision * recall / (precision + recall), class by class: an `FBetaScore` whose beta is 1."""

    def __init__(self, average: Average = None, threshold: float | None = None, name: Name = "f1_score",
                 dtype: DType = None) -> None:  # fmt: skip
        super().__init__(average, 1.0, threshold, name, dtype)
