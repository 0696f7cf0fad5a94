"""Spellings of earlier Keras versions: understood while minikeras stands in, each with a word on today's.

The tables say what was called what; here they are put to work, by changing classes of the core, and put back.
"""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from itertools import chain
from typing import Any

from .. import callbacks, layers, models, optimizers
from .._caller import warn_user
from .._signature import parameters
from ..callbacks import callback_list
from ..callbacks.callback import as_floats
from ..callbacks.monitor import Monitor
from ..callbacks.monitor import _metrics as metrics_of
from ..gradients import GradientTape
from ..registry import Registry
from ..symbolic import KerasTensor
from . import tables

_ABSENT = object()
_undo: list[tuple[Any, str, Any]] = []


def outdated(old: str, today: str) -> None:
    """Tell the user's line what its spelling is today."""
    warn_user(f"{old} is from an earlier version of Keras; today it is {today}.", DeprecationWarning)


def _put(owner: Any, name: str, value: Any) -> None:
    """Set an attribute of a class or module until `uninstall`."""
    _undo.append((owner, name, vars(owner).get(name, _ABSENT)))
    setattr(owner, name, value)


def resolve(address: str) -> Any:
    """Return what an address below minikeras, such as "layers.Dense", stands for."""
    found: Any = import_module(__package__.partition(".")[0])
    for name in address.split("."):
        found = getattr(found, name)
    return found


# --- arguments --------------------------------------------------------------------------------------------------


def translated(label: str, arguments: dict[str, Any], changes: tables.Changes) -> dict[str, Any]:
    """Return the arguments of a call with today's names, after a warning for each old one."""
    arguments = dict(arguments)
    if label == "Layer":
        label = type(arguments["self"]).__name__
    for old in [name for name in changes if name in arguments]:
        if old not in arguments:
            continue  # went with another one
        change = changes[old]
        if callable(change):
            today = change(arguments)
            if today is None:
                continue
        else:
            arguments[change] = arguments.pop(old)
            today = f"{change}="
        outdated(f"{label}({old}=...)", today)
    return arguments


def _understanding(function: Callable[..., Any], label: str, changes: tables.Changes) -> Callable[..., Any]:
    """Return a function that takes the old names of its arguments as well."""
    accepted = parameters(function)
    by_place = bool(changes.keys() & set(accepted.names))  # a present name whose old values are understood

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if by_place or not changes.keys().isdisjoint(kwargs):
            known = accepted.bind(args, kwargs)
            return function(*args[len(accepted.positional) :], **translated(label, known, changes))
        return function(*args, **kwargs)

    return call


def _take_old_arguments() -> None:
    for address, changes in tables.ARGUMENTS.items():
        above, _, name = address.rpartition(".")
        owner = resolve(above) if above else import_module(__package__.partition(".")[0])
        found = getattr(owner, name, None)
        if isinstance(found, type):
            _put(found, "__init__", _understanding(getattr(found, "__init__"), name, changes))  # noqa: B009 - for mypy
        elif found is not None:
            _put(owner, name, _understanding(found, name, changes))


def _add_weight(add_weight: Callable[..., Any]) -> Callable[..., Any]:
    """Return `add_weight` as it was when its first argument was the name."""

    @wraps(add_weight)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], str):
            outdated(f"add_weight({args[0]!r}, ...)", f"add_weight(name={args[0]!r}, ...)")
            kwargs = dict(zip(tables.ADD_WEIGHT, args, strict=False)) | kwargs
            args = ()
        return add_weight(self, *args, **kwargs)

    return call


# --- attributes and methods ---------------------------------------------------------------------------------------


class Past:
    """An attribute that is worked out when read, unless the object has one of its own of that name.

    Args:
        name: Its name.
        today: How it is read today.
        read: Object -> value.
    """

    def __init__(self, name: str, today: str, read: Callable[[Any], Any]) -> None:
        self.name, self.today, self.read = name, today, read

    def __get__(self, owner: Any, cls: type[Any] | None = None) -> Any:
        if owner is None:
            return self
        outdated(f".{self.name}", self.today)
        return self.read(owner)


class Settable(Past):
    """An attribute that has another name today, which is read and set instead."""

    def __init__(self, name: str, today: str) -> None:
        super().__init__(name, f".{today}", lambda owner: getattr(owner, today))

    def __set__(self, owner: Any, value: Any) -> None:
        outdated(f".{self.name} = ...", f"{self.today} = ...")
        setattr(owner, self.today[1:], value)


def _predict_classes(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    outdated("model.predict_classes(x)", "(model.predict(x) > 0.5).astype(int), or model.predict(x).argmax(axis=-1)")
    found = model.predict(x, batch_size=batch_size, verbose=verbose)
    return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")


def _predict_proba(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    outdated("model.predict_proba(x)", "model.predict(x)")
    return model.predict(x, batch_size=batch_size, verbose=verbose)


def _steps(data: Any, samples: int | None) -> tuple[Any, int | None]:
    """Return batches as they came, and how many of them hold a number of rows."""
    if samples is None:
        return data, None
    data = iter(data)
    first = next(data)
    rows = len(first[0][0] if isinstance(first[0], list | tuple) else first[0])
    return chain([first], data), max(1, samples // rows)


def _fit_generator(
    model: Any,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: Any = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    samples_per_epoch: int | None = None,
    nb_val_samples: int | None = None,
    **options: Any,
) -> Any:
    outdated("model.fit_generator(generator, ...)", "model.fit(generator, ...)")
    generator, steps = _steps(generator, samples_per_epoch)
    if nb_val_samples is not None:
        validation_data, validation_steps = _steps(validation_data, nb_val_samples)
    if "nb_epoch" in options:
        epochs = options.pop("nb_epoch")
    return model.fit(
        generator,
        epochs=epochs,
        verbose=verbose,
        callbacks=callbacks,
        steps_per_epoch=steps_per_epoch or steps,
        validation_data=validation_data,
        validation_steps=validation_steps,
        **options,
    )


def _evaluate_generator(
    model: Any, generator: Any, steps: int | None = None, val_samples: int | None = None, **options: Any
) -> Any:
    outdated("model.evaluate_generator(generator, ...)", "model.evaluate(generator, ...)")
    generator, found = _steps(generator, val_samples)
    return model.evaluate(generator, steps=steps or found, **{"verbose": 0, **options})


def _predict_generator(
    model: Any, generator: Any, steps: int | None = None, val_samples: int | None = None, **options: Any
) -> Any:
    outdated("model.predict_generator(generator, ...)", "model.predict(generator, ...)")
    generator, found = _steps(generator, val_samples)
    return model.predict(generator, steps=steps or found, **{"verbose": 0, **options})


def _minimize(optimizer: Any, loss: Any, var_list: Any, tape: Any = None, **options: Any) -> Any:
    outdated("optimizer.minimize(loss, variables)", "optimizer.apply(tape.gradient(loss, variables), variables)")
    if callable(loss):
        with GradientTape() as tape:
            loss = loss()
    variables = list(var_list() if callable(var_list) else var_list)
    optimizer.apply(tape.gradient(loss, variables), variables)
    return optimizer.iterations


def _of_call(what: str) -> Callable[[Any, int], Any]:
    """Return what read a layer's symbolic input or output at a call, by the call's number."""

    def read(layer: Any, node_index: int) -> Any:
        outdated(f"layer.get_{what}_at({node_index})", f"layer.{what}")
        tensors = getattr(layer._inbound_nodes[node_index], f"{what}s")
        return tensors[0] if len(tensors) == 1 else tensors

    return read


def _shape_of(what: str) -> Past:
    def read(layer: Any) -> Any:
        tensors = getattr(layer, what)
        return [t.shape for t in tensors] if isinstance(tensors, list) else tensors.shape

    return Past(f"{what}_shape", f"layer.{what}.shape", read)


def _metrics_names(model: Any) -> list[str]:
    """Return the names of all that `evaluate` returns, in its order."""
    return list(model.get_metrics_result()) if model.compiled else []


def _add_attributes() -> None:
    found: dict[type[Any], dict[str, Any]] = {
        models.Model: {
            "predict_classes": _predict_classes,
            "predict_proba": _predict_proba,
            "fit_generator": _fit_generator,
            "evaluate_generator": _evaluate_generator,
            "predict_generator": _predict_generator,
            "metrics_names": property(_metrics_names),
        },
        layers.Layer: {
            "input_shape": _shape_of("input"),
            "output_shape": _shape_of("output"),
            "get_input_at": _of_call("input"),
            "get_output_at": _of_call("output"),
            "add_weight": _add_weight(layers.Layer.add_weight),
            "add_variable": _add_weight(layers.Layer.add_weight),
        },
        optimizers.Optimizer: {
            "lr": Settable("lr", "learning_rate"),
            "minimize": _minimize,
        },
    }
    for cls, attributes in found.items():
        for name, value in attributes.items():
            _put(cls, name, value)


class Shape(tuple[Any, ...]):
    """A shape that is also asked as TensorFlow's were."""

    def as_list(self) -> list[Any]:
        """Return the sizes as a list."""
        outdated("shape.as_list()", "list(shape)")
        return list(self)


# --- logs ---------------------------------------------------------------------------------------------------------


def _others(name: str) -> set[str]:
    """Return the other names of an entry in logs."""
    return {other for names in tables.LOGS if name in names for other in names - {name}}


class Logs(dict[str, Any]):
    """Entries that are found under their earlier names too, where these are not those of other entries."""

    def _today(self, name: Any) -> Any:
        if isinstance(name, str) and not dict.__contains__(self, name):
            base = name.removeprefix("val_")
            for other in _others(base):
                today = name.removesuffix(base) + other
                if dict.__contains__(self, today):
                    outdated(f"The entry {name!r}", repr(today))
                    return today
        return name

    def __missing__(self, name: Any) -> Any:
        today = self._today(name)
        if today == name:
            raise KeyError(name)
        return self[today]

    def get(self, name: Any, default: Any = None) -> Any:
        """Return an entry, or a default if there is none under this name nor another of its names."""
        return dict.get(self, self._today(name), default)


class Template(str):
    """The path of a checkpoint, whose fields may have earlier names of the logs' entries."""

    def format_map(self, logs: Any, /) -> str:
        """Return the path with the fields filled in."""
        return str.format_map(self, Logs(logs))


def _alias_logs() -> None:
    history = callbacks.History.__init__
    checkpoint = callbacks.ModelCheckpoint.__init__

    @wraps(history)
    def init_history(self: Any, *args: Any, **kwargs: Any) -> None:
        history(self, *args, **kwargs)
        self.history = Logs(self.history)

    @wraps(checkpoint)
    def init_checkpoint(self: Any, *args: Any, **kwargs: Any) -> None:
        period = kwargs.pop("period", 1)
        checkpoint(self, *args, **kwargs)
        self.filepath = Template(self.filepath)
        if period != 1:
            outdated("ModelCheckpoint(period=...)", "save_freq=, in batches")
            self.on_epoch_end = lambda epoch, logs=None: (
                type(self).on_epoch_end(self, epoch, logs) if (epoch + 1) % period == 0 else None
            )

    set_monitor = Monitor._set_monitor_op

    @wraps(set_monitor)
    def find_monitor(self: Any) -> None:
        prefix = "val_" if self.monitor.startswith("val_") else ""
        names = {metric.name for metric in metrics_of(self.model)}
        base = self.monitor.removeprefix(prefix)
        for other in _others(base) & names if base not in names else ():
            outdated(f"The entry {self.monitor!r}", repr(prefix + other))
            self.monitor = prefix + other
        set_monitor(self)

    _put(Monitor, "_set_monitor_op", find_monitor)
    _put(callback_list, "as_floats", lambda logs: Logs(as_floats(logs)))
    _put(callbacks.History, "__init__", init_history)
    _put(callbacks.ModelCheckpoint, "__init__", init_checkpoint)


# --- names --------------------------------------------------------------------------------------------------------


def _find_identifiers() -> None:
    find = Registry.find

    @wraps(find)
    def find_today(self: Registry[Any], name: str, custom_objects: Any = None) -> Any:
        today = tables.IDENTIFIERS.get(self.kind, {}).get(name)
        if today is None or name in (custom_objects or {}):
            return find(self, name, custom_objects)
        outdated(f"The {self.kind} {name!r}", repr(today))
        return find(self, today, custom_objects)

    _put(Registry, "find", find_today)


def name_in(module: str, name: str) -> Any:
    """Return what an old name in one of Keras's modules stands for; None if it is none, or nothing is installed."""
    if not _undo:
        return None
    address = tables.NAMES.get(module, {}).get(name)
    if address is not None:
        outdated(f"{module}.{name}", f"keras.{address}")
        return resolve(address)
    return CALLS.get(f"{module}.{name}")


def _convolution2d(filters: int, *size: Any, **kwargs: Any) -> Any:
    """Return the layer of Keras 1's `Convolution2D(filters, rows, columns)`."""
    if len(size) >= 2 and all(isinstance(n, int) for n in size[:2]):
        outdated(f"Convolution2D({filters}, {size[0]}, {size[1]})", f"Conv2D({filters}, {size[:2]})")
        size = (size[:2], *size[2:])
    return layers.Conv2D(filters, *size, **kwargs)


def _merge(inputs: Any, mode: str = "sum", concat_axis: int = -1, dot_axes: Any = -1, name: str | None = None) -> Any:
    """Return what Keras 1's `merge(inputs, mode=)` gave."""
    names = {"sum": "add", "mul": "multiply", "concat": "concatenate", "ave": "average", "max": "maximum"}
    function = names.get(mode, mode)
    outdated(f"merge(inputs, mode={mode!r})", f"keras.layers.{function}(inputs)")
    options = {"concatenate": {"axis": concat_axis}, "dot": {"axes": dot_axes}}.get(function, {})
    return getattr(layers, function)(inputs, name=name, **options)


CALLS: dict[str, Any] = {"keras.layers.Convolution2D": _convolution2d, "keras.layers.merge": _merge}
"""Old names that need more than another one."""


# --- all of it ----------------------------------------------------------------------------------------------------


def install() -> None:
    """Understand the past."""
    _take_old_arguments()
    _add_attributes()
    _alias_logs()
    _find_identifiers()
    _put(KerasTensor, "shape", property(lambda self: Shape(self._shape)))


def uninstall() -> None:
    """Undo `install`."""
    while _undo:
        owner, name, value = _undo.pop()
        if value is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, value)
