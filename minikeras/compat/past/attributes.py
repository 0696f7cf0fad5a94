"""Attributes and methods that models, layers and optimizers had earlier, or by which packages draw graphs."""

from collections import namedtuple
from collections.abc import Callable
from itertools import chain
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary, ref

from ..._base.nested import map_shapes, map_structure, only
from ..._core.keras_tensor import KerasTensor, Node
from ..._core.tape import GradientTape
from ..._core.variable import Variable
from ..._trainers.output_matching import Outputs
from ..._trainers.trainer import Trainer
from ...layers import RNN, Bidirectional, InputLayer, Layer, layer as base
from ...metrics import Mean, Metric
from ...models import Model, Sequential
from ...optimizers import Optimizer
from ...optimizers.schedules import InverseTimeDecay
from .backend import get_updates
from .patches import around, outdated, put


class Past:
    """Descriptor of a former attribute: `read` computes it from the object, and a warning names today's spelling."""

    def __init__(self, name: str, today: str, read: Callable[[Any], Any]) -> None:
        self._name, self._today, self._read = name, today, read

    def __get__(self, owner: Any, cls: type[Any] | None = None) -> Any:
        if owner is None:
            return self
        outdated(f".{self._name}", self._today)
        return self._read(owner)


def _set_lr(optimizer: Any, value: Any) -> None:
    outdated(".lr = ...", ".learning_rate = ...")
    optimizer.learning_rate = value


def _predict_classes(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    outdated("model.predict_classes(x)", "(model.predict(x) > 0.5).astype(int), or model.predict(x).argmax(axis=-1)")
    y = model.predict(x, batch_size=batch_size, verbose=verbose)
    return y.argmax(axis=-1) if y.shape[-1] > 1 else (y > 0.5).astype("int32")


def _predict_proba(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    outdated("model.predict_proba(x)", "model.predict(x)")
    return model.predict(x, batch_size=batch_size, verbose=verbose)


def _renamed(old: str, today: str) -> Callable[..., Any]:
    """Return a method that warns and calls today's one, written as in "layer.add_weight(...)"."""

    def call(owner: Any, *args: Any, **kwargs: Any) -> Any:
        outdated(old, today)
        return getattr(owner, today.partition(".")[2].partition("(")[0])(*args, **kwargs)

    return call


def _steps(data: Any, samples: int | None) -> tuple[Any, int | None]:
    """Return the batches, and how many of them make up `samples` rows."""
    if samples is None:
        return data, None
    data = iter(data)
    first = next(data)
    rows = len(first[0][0] if isinstance(first[0], list | tuple) else first[0])
    return chain([first], data), max(1, samples // rows)


def _fit_generator(model: Any, generator: Any, *args: Any, **options: Any) -> Any:
    outdated("model.fit_generator(generator, ...)", "model.fit(generator, ...)")
    by_place = ("steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data", "validation_steps")
    options |= dict(zip(by_place, args, strict=False))
    generator, steps = _steps(generator, options.pop("samples_per_epoch", None))
    options["steps_per_epoch"] = options.get("steps_per_epoch") or steps
    if "nb_val_samples" in options:
        batches, steps = _steps(options["validation_data"], options.pop("nb_val_samples"))
        options |= {"validation_data": batches, "validation_steps": steps}
    return model.fit(generator, **options)


def _over_generator(name: str) -> Callable[..., Any]:
    def run(model: Any, generator: Any, steps: int | None = None, val_samples: int | None = None,
            **options: Any) -> Any:  # fmt: skip
        outdated(f"model.{name}_generator(generator, ...)", f"model.{name}(generator, ...)")
        generator, count = _steps(generator, val_samples)
        return getattr(model, name)(generator, steps=steps or count, **{"verbose": 0, **options})

    return run


def _minimize(optimizer: Any, loss: Any, var_list: Any, tape: Any = None, **options: Any) -> Any:
    outdated("optimizer.minimize(loss, variables)", "optimizer.apply(tape.gradient(loss, variables), variables)")
    if callable(loss):
        with GradientTape() as tape:
            loss = loss()
    variables = list(var_list() if callable(var_list) else var_list)
    optimizer.apply(tape.gradient(loss, variables), variables)
    return optimizer.iterations


def _set_rate(optimizer: Any, value: Any) -> None:
    """Set the learning rate; an optimizer that was made with `decay=` goes on decaying from there."""
    now = optimizer._learning_rate
    if isinstance(now, InverseTimeDecay) and not callable(value):
        decayed_by = float(now.initial_learning_rate) / float(now(optimizer.iterations))
        value = InverseTimeDecay(float(value) * decayed_by, now.decay_steps, now.decay_rate)
    _rate.__set__(optimizer, value)


_rate: Any = vars(Optimizer)["learning_rate"]


class Shape(tuple[Any, ...]):
    """A shape with the method `as_list`, as TensorFlow's have it."""

    def as_list(self) -> list[Any]:
        """Return the sizes as a list."""
        outdated("shape.as_list()", "list(shape)")
        return list(self)


def _add_update(layer: Any, updates: Any, inputs: Any = None) -> None:
    """Assign the values of pairs (variable, value). What `K.update` was given is assigned already."""
    for update in updates if isinstance(updates, list) else [updates]:
        update = update() if callable(update) else update
        if isinstance(update, KerasTensor):
            raise TypeError("A symbolic tensor is no update. Pass pairs (variable, value), within the layer's `call`.")
        if isinstance(update, tuple) and not isinstance(update[1], Variable):
            update[0].assign(update[1])


def _add_metric(layer: Any, value: Any, name: str | None = None, **options: Any) -> None:
    outdated("layer.add_metric(value, name)", "a keras.metrics.Mean in the layer, and its update_state(value)")
    if name is not None:  # without a name, the value is the result of a metric that the layer has already
        vars(layer).setdefault("_past_metrics", {}).setdefault(name, Mean(name=name)).update_state(value)


def _compiled_loss(model: Any) -> Callable[..., Any]:
    def loss(y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        start = model._compiled_loss(y, y_pred, sample_weight, model._names_of_outputs)
        total = sum(regularization_losses or (), start)
        model._loss_tracker.update_state(total)
        return total

    return loss


def _compiled_metrics(model: Any) -> SimpleNamespace:
    """Return the metrics that a model was compiled with, as a `train_step` of Keras 2 updates them."""

    def update_state(y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if model._compiled_metrics is not None:
            model._compiled_metrics.update_state(y, y_pred, sample_weight, model._names_of_outputs)

    return SimpleNamespace(update_state=update_state)


def _of_call(what: str) -> Callable[[Any, int], Any]:
    """Return the former method `get_input_at` or `get_output_at`, which takes the number of a call."""

    def read(layer: Any, node_index: int) -> Any:
        outdated(f"layer.get_{what}_at({node_index})", f"layer.{what}")
        return only(getattr(layer._inbound_nodes[node_index], f"{what}s"))

    return read


def _shape_of(what: str) -> Past:
    return Past(f"{what}_shape", f"layer.{what}.shape", lambda x: map_structure(lambda t: t._shape, getattr(x, what)))


def _metrics_names(model: Any) -> list[str]:
    """Return the names of the values of `evaluate`, in its order."""
    names = model.get_metrics_result() if model.compiled else {}
    ordered = model._in_order({name: name for name in names}) if names else []
    return ordered if isinstance(ordered, list) else [ordered]


def _by_inputs(call: Callable[..., Any], layer: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a recurrent layer, whose sequences may be given as `inputs=`."""
    if "inputs" in kwargs and not args:
        outdated("layer(inputs=x)", "layer(x)")
        args = (kwargs.pop("inputs"),)
    return call(layer, *args, **kwargs)


def _reset_model(model: Any) -> None:
    outdated("model.reset_states()", "layer.reset_state() of each stateful layer")
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            layer.reset_state()


def _append(append: Callable[..., None], model: Any, layer: Any, named: Any) -> None:
    """Add a layer; if the first one was given a `batch_input_shape`, add an `InputLayer` of that shape before it."""
    shape = vars(layer).pop("_batch_input_shape", None) if isinstance(layer, Layer) else None
    if shape and not model._layers:
        model._layers.append(InputLayer(batch_shape=shape))
    append(model, layer, named)


KerasHistory: type[Any] = namedtuple("KerasHistory", "operation node_index tensor_index")
_owners: WeakKeyDictionary[Optimizer, Any] = WeakKeyDictionary()


def _compile(compile: Callable[..., None], model: Any, optimizer: Any = "rmsprop", *args: Any, **options: Any) -> None:
    """Compile, with a copy of the optimizer if another model uses it already."""
    if isinstance(optimizer, Optimizer) and _owners.setdefault(optimizer, ref(model))() is not model:
        outdated("One optimizer for several models", "one for each; this model gets a copy")
        optimizer = type(optimizer).from_config(optimizer.get_config())
    if isinstance(metrics := options.get("metrics"), str):
        outdated(f"compile(metrics={metrics!r})", f"metrics=[{metrics!r}]")
        options["metrics"] = [metrics]
    compile(model, optimizer, *args, **options)


def _spread(spread: Callable[..., list[Any]], outputs: Any, value: Any, argument: str, **options: Any) -> list[Any]:
    """Return the metrics of each output; as in Keras 2, a list of another length counts for every output."""
    flat = isinstance(value, list | tuple) and not any(isinstance(item, list | tuple | dict) for item in value)
    if flat and argument.endswith("metrics") and len(value) != len(outputs):
        outdated(f"{argument}={value} for each output", f"{argument}={[list(value)] * len(outputs)}")
        return [[m.from_config(m.get_config()) if isinstance(m, Metric) else m for m in value] for _ in outputs.all]
    return spread(outputs, value, argument, **options)


def install() -> None:
    """Give the classes of the core the attributes that they had."""
    table: dict[type[Any], dict[str, Any]] = {
        Model: {
            "predict_classes": _predict_classes, "predict_proba": _predict_proba, "fit_generator": _fit_generator,
            "evaluate_generator": _over_generator("evaluate"), "predict_generator": _over_generator("predict"),
            "reset_states": _reset_model, "metrics_names": property(_metrics_names),
            "_make_predict_function": _renamed("model._make_predict_function()", "model.make_predict_function()"),
            "compiled_loss": Past("compiled_loss", "compute_loss(x, y, y_pred, sample_weight)", _compiled_loss),
            "compiled_metrics": Past("compiled_metrics", "compute_metrics(x, y, y_pred, sample_weight)",
                                     _compiled_metrics)},
        Layer: {
            "input_shape": _shape_of("input"), "output_shape": _shape_of("output"), "add_metric": _add_metric,
            "get_input_at": _of_call("input"), "get_output_at": _of_call("output"),
            "_name": property(lambda layer: layer.name, lambda layer, name: setattr(layer, "name", name)),
            "add_variable": _renamed("layer.add_variable(...)", "layer.add_weight(...)"),
            "add_update": _add_update},
        Optimizer: {
            "learning_rate": property(_rate.fget, _set_rate, doc=_rate.__doc__), "minimize": _minimize,
            "get_updates": get_updates,
            "lr": property(Past("lr", ".learning_rate", lambda optimizer: optimizer.learning_rate).__get__, _set_lr)},
        InputLayer: {"input": Past("input", "layer.output", lambda layer: layer.output)},
        Metric: {"reset_states": _renamed("metric.reset_states()", "metric.reset_state()")},
        Node: {"parent_nodes": property(lambda node: [x.node for x in node.inputs if x.node is not None])},
        KerasTensor: {
            "_keras_history": property(lambda x: KerasHistory(x.node.operation, x.node.index, x.index)),
            "shape": property(lambda tensor: Shape(tensor._shape))}}  # fmt: skip
    around(base, "_shapes", lambda shapes, x: shapes(x) if isinstance(x, list) else map_shapes(Shape, shapes(x)))
    around(Sequential, "_append", _append)
    around(Trainer, "compile", _compile)
    around(Outputs, "spread", _spread)
    for kind in (RNN, Bidirectional):
        around(kind, "__call__", _by_inputs)
    for cls, attributes in table.items():
        for name, value in attributes.items():
            put(cls, name, value)
