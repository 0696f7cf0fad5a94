"""Arguments of `compile` -> the losses and metrics of each output of a model.

The first batch shows the structure of the outputs. Then losses and metrics are assigned to them: a single one is for
all, a list follows their order, a dict has their names (the keys of a dict of outputs, or names of layers).
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .. import losses, metrics, ops
from .._base.naming import to_snake_case
from .._base.nested import leaves, map_configs
from .._base.signature import parameters
from .._base.typing import Config, Function2, MetricName
from .._base.user_warning import warn_user
from .._core.tape import SKIPPABLE, open_tapes
from .._core.tensor import Tensor, stop_recording
from .._serialization.configurable import is_built_in
from ..losses import Loss, LossFunctionWrapper
from ..metrics import Mean, MeanMetricWrapper, Metric, registry as known_metrics
from ..ops.classes import SURPLUS_AXES
from ..tree import is_nested
from .output_matching import Names, Output, Outputs, follow

MetricLike: TypeAlias = MetricName | Metric | type[Metric] | Function2 | Config
"""A metric, or a name, a class, a function or a configuration of one."""
_OfOutput: TypeAlias = MetricLike | Sequence[MetricLike] | None
MetricsLike: TypeAlias = Sequence[_OfOutput] | Mapping[str, _OfOutput]
"""The metrics of a model, or of each of its outputs."""
Nested: TypeAlias = list[Any] | tuple[Any, ...] | dict[str, Any]
"""Losses, or their weights, of a structure among the outputs."""
_CROSSENTROPY = {"crossentropy": "crossentropy", "ce": "crossentropy"}
_BY_KIND = {"accuracy": "accuracy", "acc": "accuracy", **_CROSSENTROPY}
"""Name that stands for several losses or metrics -> how their names end. The shapes of the outputs decide which."""
_BY_ROW = frozenset({
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "huber", "log_cosh", "poisson", "kl_divergence", "hinge", "squared_hinge", "binary_crossentropy",
    "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_accuracy", "categorical_accuracy",
    "sparse_categorical_accuracy"})  # fmt: skip
"""Losses and metrics that are functions of one row: their mean does not depend on how rows are batched."""


def _is_by_row(function: Any) -> bool:
    return is_built_in(function) and getattr(function, "__name__", None) in _BY_ROW


class _Term(NamedTuple):
    """One loss of one output, or of a structure of outputs."""

    output: Output
    loss: Loss
    weight: Any
    tracker: Mean | None


class CompiledLoss:
    """The weighted sum of the losses that `compile` got for the outputs; a ValueError for something that is no loss."""

    def __init__(self, loss: Any, loss_weights: Any = None) -> None:
        are_metrics = any(isinstance(weight, str) or callable(weight) for weight in leaves(loss_weights))
        if are_metrics or not isinstance(loss_weights, list | tuple | dict | float | int | None):
            raise ValueError("Expected `loss_weights` argument to be a float (single output case) or a list, tuple, or "
                             "dict (multiple output case). Received instead: "
                             f"loss_weights={loss_weights!r}. Name the metrics: compile(metrics=[...]).")  # fmt: skip
        self._given = objects_of(loss, losses.deserialize, losses.registry.find, _CROSSENTROPY)
        self._weights = loss_weights
        self._terms: list[_Term] | None = None

    @property
    def built(self) -> bool:
        """Whether the outputs are known."""
        return self._terms is not None

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._terms is not None:  # in pickles of earlier versions an output is an index
            at = self._outputs.all
            self._terms = [t._replace(output=at[t.output]) if isinstance(t.output, int) else t for t in self._terms]

    def is_additive(self) -> bool:
        """Return whether the loss of all rows is the mean over batches, weighted by their rows."""
        return self._terms is not None and all(
            term.loss.reduction in ("sum_over_batch_size", "mean")
            and is_built_in(term.loss)
            and _is_by_row(getattr(term.loss, "fn", None))
            and getattr(term.loss, "ignore_class", None) is None  # the mean is not over all rows
            for term in self._terms
        )

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that track the mean of each loss, if there are several losses."""
        return [term.tracker for term in self._terms or () if term.tracker is not None]

    def _build(self, y_true: Any, y_pred: Any, names: Names) -> list[_Term]:
        self._outputs = outputs = Outputs(y_pred, names)
        pairs = [pair for pair in outputs.pair(self._given, self._weights, y_pred) if pair[1] is not None]
        paths = [part.path for part, _, _ in pairs]  # of outputs with a loss, or of structures that have one together
        outputs.wanted = [any(output.path[: len(path)] == path for path in paths) for output in outputs.all]
        targets = outputs.aligned(y_true, y_pred)
        terms = []
        for output, identifier, weight in pairs:
            target, predicted = outputs.below(output.path, targets, y_pred), follow(y_pred, output.path)
            loss = _loss(identifier, target, predicted)
            _warn_of_misfits(loss, target, predicted)
            terms.append(_Term(output, loss, weight, None))
        if len(terms) < 2:
            return terms
        keys = [_name_in_logs(term.output, term.loss, len(outputs)) for term in terms]
        return [term._replace(tracker=Mean(name=f"{key}_loss")) for term, key in zip(terms, keys, strict=True)]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, names: Names = None) -> Tensor | None:
        """Return the total, None if no output has a loss; a ValueError if the targets do not fit the outputs.

        `sample_weight` is one array for all outputs, or a structure like theirs; `names` are the outputs', if known.
        """
        if self._terms is None:
            self._terms = self._build(y_true, y_pred, names)
        targets = self._outputs.aligned(y_true, y_pred)
        weights = self._outputs.weights(sample_weight, y_pred)
        total: Tensor | None = None
        for output, loss, weight, tracker in self._terms:
            predicted = follow(y_pred, output.path)
            target = self._outputs.below(output.path, targets, y_pred)
            rows = self._outputs.below(output.path, weights, y_pred) if is_nested(sample_weight) else sample_weight
            if target is None:
                raise ValueError(f"A loss needs targets, and there is no `y` for {output}. Pass `y` as well.")
            _check_widths(loss, target, predicted, output)
            value = loss(target, predicted, rows)
            if value.ndim:
                value = ops.mean(value)
            if tracker is not None:
                tracker.update_state(value, sample_weight=leaves(predicted)[0].shape[0])
            if weight is not None:
                value = value * weight
            total = value if total is None else total + value
        return total


def _name_in_logs(output: Output, loss: Loss, outputs: int) -> str:
    """Return the path of an output as text. An index at its end is replaced by the output's name, or the loss's."""
    *front, last = output.path or (0,)
    name = (outputs > 1 and output.name) or loss.name
    return "/".join(map(str, [*front, name if isinstance(last, int) else last]))


def _resolved(identifier: Any, get: Callable[[Any], Any], y_true: Any, y_pred: Any) -> Any:
    """Return the loss, metric or function of an identifier; shapes tell what "accuracy" and its like stand for."""
    suffix = _BY_KIND.get(identifier.lower()) if isinstance(identifier, str) else None
    if suffix is None:
        return get(identifier)
    kind = "sparse_categorical" if y_true.ndim < y_pred.ndim or y_true.shape[-1:] == (1,) else "categorical"
    return get(f"{'binary' if y_pred.shape[-1:] == (1,) else kind}_{suffix}")


def _loss(identifier: Any, y_true: Any, y_pred: Any) -> Loss:
    loss = _resolved(identifier, losses.get, y_true, y_pred)
    if isinstance(loss, Loss):
        return loss
    return LossFunctionWrapper(loss, name=identifier if isinstance(identifier, str) else _name_of(loss))


def _name_of(function: Any) -> str:
    return str(getattr(function, "name", None) or to_snake_case(getattr(function, "__name__", type(function).__name__)))


def _warn_of_misfits(loss: Loss, y_true: Any, y_pred: Any) -> None:
    """Warn if a cross-entropy makes no sense for the first batch, although it can be computed."""
    labels, name = getattr(y_true, "array", None), getattr(getattr(loss, "fn", None), "__name__", "")
    if name.startswith("binary_") and isinstance(labels, np.ndarray):
        wrong = labels[((labels < 0) | (labels > 1)) & np.isfinite(labels)]
        if wrong.size:
            warn_user(f"{loss.name} compares probabilities with targets from 0 to 1. Received: {wrong[0]} among the "
                      "targets. Change them, or use a categorical cross-entropy for several classes.")  # fmt: skip
    if getattr(loss, "from_logits", False):
        makers = [tape.maker(y_pred) for tape in open_tapes()]
        for op in (entry.op.name for entry in makers if entry is not None and entry.op.name in SKIPPABLE):
            warn_user(f"{loss.name} with from_logits=True takes the {op} of its inputs, but the model ends with a {op} "
                      "already. Leave one of them out.")  # fmt: skip


_BY_LABEL = frozenset({"sparse_categorical_crossentropy", "categorical_generalized_cross_entropy", "circle", "ctc"})


def _check_widths(loss: Loss, y_true: Any, y_pred: Any, output: Output) -> None:
    """Refuse targets whose shape differs from the output's: NumPy would broadcast them, or fail with a poor message.

    A single number may be compared with each unit. A user's own loss may take any shapes.
    """
    function = loss.fn if isinstance(loss, LossFunctionWrapper) else loss
    built_in = is_built_in(loss) and is_built_in(function)
    if not built_in or not hasattr(y_true, "shape") or getattr(function, "__name__", None) in _BY_LABEL:
        return
    have, want = tuple(y_true.shape), tuple(y_pred.shape)
    if have == want or (*have, 1) == want or have == (*want, 1) or have == (1,):
        return
    advice = "Change the units of the last layer, reshape `y`, or use a sparse loss for class numbers."
    if len(want) > max(2, len(have)):
        advice = SURPLUS_AXES
    raise ValueError(f"Targets must have the shape of their output. Received `y` of shape {have} (batch first) where "
                     f"{output} has shape {want}, with loss {loss.name!r}. {advice}")  # fmt: skip


class CompiledMetrics(Metric):
    """The metrics of all outputs, as `compile` got them; a ValueError for an unknown name, or one outside of a list."""

    def __init__(self, metrics: Any, weighted_metrics: Any) -> None:
        super().__init__(name="compile_metrics")
        self._given = {"metrics": metrics, "weighted_metrics": weighted_metrics}
        for argument, value in self._given.items():
            if value and not isinstance(value, list | tuple | dict):
                raise ValueError(f"Expected `{argument}` argument to be a list, tuple, or dict. "
                                 f"Received instead: {argument}={value!r} of type {type(value)}.")  # fmt: skip
            self._given[argument] = objects_of(value or [], known_metrics.deserialize, known_metrics.find, _BY_KIND)
        self._found: list[tuple[bool, int, list[Metric]]] | None = None
        """Whether the metrics get weights, the place of their output, and the metrics; None until the first batch."""

    @property
    def built(self) -> bool:
        """Whether the outputs are known."""
        return self._found is not None

    def is_additive(self) -> bool:
        """Return whether all metrics are means over rows of functions of this package."""
        means = all(isinstance(m, MeanMetricWrapper) and is_built_in(m) and _is_by_row(m._fn) for m in self.metrics)
        return self.built and means

    @property
    def metrics(self) -> list[Metric]:
        """All metrics, the unweighted ones first."""
        return [metric for _, _, group in self._found or () for metric in group]

    @property
    def variables(self) -> list[Any]:
        return [v for metric in self.metrics for v in metric.variables]

    def _build(self, y_true: Any, y_pred: Any, names: Names) -> list[tuple[bool, int, list[Metric]]]:
        self._outputs = outputs = Outputs(y_pred, names)
        targets = outputs.aligned(y_true, y_pred)
        groups = []
        for argument, value in self._given.items():
            if not value:
                continue
            per_output = [leaves(value)] if len(outputs) == 1 else outputs.spread(value, argument)
            for place, items in enumerate(per_output):
                predicted = follow(y_pred, outputs.all[place].path)
                group = [_metric(x, targets[place], predicted) for x in ([] if items is None else leaves(items))]
                groups.append((argument == "weighted_metrics", place, group))
        return groups

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None, names: Names = None) -> None:
        if self._found is None:
            self._found = self._build(y_true, y_pred, names)
            with stop_recording():
                self.reset_state()  # a metric may have been used by another model
        targets = self._outputs.aligned(y_true, y_pred)
        weights = self._outputs.weights(sample_weight, y_pred)
        for weighted, place, group in self._found:
            weight = weights[place] if weighted else None
            options = {} if weight is None else {"sample_weight": weight}
            for metric in group:
                metric.update_state(targets[place], follow(y_pred, self._outputs.all[place].path), **options)

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """Return all results by name; a repeated name gets a number, or "weighted_" before it."""
        results: dict[str, Any] = {}
        counts: Counter[str] = Counter()
        for weighted, place, group in self._found or ():
            output = self._outputs.all[place]
            prefix = f"{output.name}_" if output.name and len(self._outputs) > 1 else ""
            for metric in group:
                name = prefix + metric.name
                if weighted and name in counts:
                    name = f"{prefix}weighted_{metric.name}"
                counts[name] += 1
                results[name if counts[name] == 1 else f"{name}_{counts[name] - 1}"] = metric.result()
        return results


def _metric(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    if identifier is None:
        raise ValueError("Expected a metric, received None.")
    metric = _resolved(identifier, metrics.get, y_true, y_pred)
    name = identifier.rpartition(">")[2] if isinstance(identifier, str) else None  # without the package
    if not isinstance(metric, Metric):
        return MeanMetricWrapper(metric, name=name or _name_of(metric))
    if "sample_weight" in parameters(metric.update_state).positional[:2]:
        raise TypeError(f"{type(metric).__name__} takes no targets: use MeanMetricWrapper, or write a `train_step`.")
    metric.name = name or metric.name
    return metric


def objects_of(structure: Any, make: Callable[[Any], Any], find: Callable[[str], Any] | None = None,
               later: Container[str] = ()) -> Any:  # fmt: skip
    """Replace each configuration in a structure by the object that `make` returns, and keep names and objects.

    `find` raises an error for an unknown name; it is not asked for names in `later`.
    """

    def made(item: Any) -> Any:
        if isinstance(item, Mapping):
            return make(item)
        if not isinstance(item, str | None) and not callable(item):
            raise ValueError(f"Expected a loss, a metric or an optimizer, or the name of one. Received: {item!r:.80}.")
        if isinstance(item, str) and find is not None and item.lower() not in later:
            find(item)
        return item

    return map_configs(made, structure)
