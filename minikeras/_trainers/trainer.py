"""Training, evaluation and prediction, batch by batch: `compile`, `fit`, `evaluate`, `predict`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, overload

import numpy as np

from .. import losses, metrics, ops, optimizers
from .._base.blas_threads import in_steps
from .._base.checks import one_of
from .._base.context import context, undone
from .._base.interrupt import Interrupt
from .._base.naming import hint
from .._base.nested import call_on_parts, each_once, map_present, map_structure, only, present, take_apart
from .._base.settings import floatx, limited
from .._base.signature import overridable, parameters, suggests
from .._base.typing import Array, Config, OptimizerName
from .._base.user_warning import warn_user
from .._core.ownership import Changes
from .._core.tape import GradientTape
from .._core.tensor import Tensor, recorders
from .._jit.jit import PROGRAM_BYTES, SMALL, Jit, key_of
from .._jit.taped_function import TapedFunction
from .._serialization.argument_types import check_arguments
from .._serialization.configurable import is_built_in
from .._serialization.serialization import serialize
from ..callbacks import Callback, CallbackList, History
from ..callbacks.callback import as_floats
from ..layers import Lambda, Layer, Masking
from ..losses import LossLike
from ..metrics import Mean, Metric
from ..optimizers import Optimizer
from . import data_adapters, on_dask
from .batches import Batches, warn_of_the_end
from .compile_utils import CompiledLoss, CompiledMetrics, MetricsLike, Nested, objects_of
from .data_adapters import ClassWeights, Inputs, train_validation_split, unpack_x_y_sample_weight
from .epoch import VERBOSE, Logs, Phase, Predictions, Verbose, join, run_epoch, schedule

CallbacksLike: TypeAlias = Callback | Iterable[Callback] | None
"""Callbacks of a run."""
_STEPS = {x: (f"{x}_step", f"{x}_function", f"make_{x}_function") for x in ("train", "test", "predict")}
"""Phase -> the names of its step, of the function that runs in its place if it is set, and of what may set that."""


def _function_maker(phase: Phase) -> Callable[..., Any]:
    """Return the method that makes the function of a phase, such as `make_train_function`."""
    step, name = f"{phase}_step", f"{phase}_function"

    def make(self: Any, force: bool = False) -> None:
        """Set the function to the usual one, for an override that calls this one; else do nothing: none is needed."""
        if self._replaces(make.__name__) and (force or getattr(self, name) is None):
            setattr(self, name, lambda it: [getattr(self, step)(x) for x in islice(it, self.steps_per_execution)][-1])

    make.__name__ = f"make_{name}"
    return make


class Trainer(Layer):
    """The base of `Model`: a layer with `compile`, `fit`, `evaluate` and `predict`."""

    optimizer: Optimizer
    """The optimizer given to `compile`."""
    history: History
    """Losses and metrics of the last `fit`."""
    train_function: Any = None
    """If set, it runs in the place of `train_step`, on an iterator of `steps_per_execution` batches."""
    test_function: Any = None
    predict_function: Any = None  # gets a list of one batch
    make_train_function: Callable[..., Any] = _function_maker("train")
    make_test_function: Callable[..., Any] = _function_maker("test")
    make_predict_function: Callable[..., Any] = _function_maker("predict")
    _chosen_jit: tuple[int, Jit | None] = -1, None
    """`Changes.layers` when it was chosen, and what runs the forward pass for `predict`; None with its own step."""
    _trains: bool = False  # whether a call without `training` trains a layer, see `Graph`

    def __init__(self, **options: Any) -> None:  # a model's overloads tell their types
        super().__init__(**options)
        self.loss: Any = None
        self.compiled: bool = False
        self.run_eagerly: bool = False
        self.jit_compile: bool = False
        self.steps_per_execution: int = 1
        self.stop_training: bool = False
        self.stop_evaluating: bool = False
        self.stop_predicting: bool = False
        self._initial_epoch: int | None = None
        self._compiled_loss: CompiledLoss | None = None
        self._compiled_metrics: CompiledMetrics | None = None
        self._loss_tracker: Mean | None = None
        self._compile_config: Config = {}
        self._found_metrics: tuple[int, list[Metric]] = -1, []
        """The metrics of the layers, with `Changes.layers` when they were collected."""

    @cached_property
    def _forward_jit(self) -> Jit:
        """Runs the forward pass for `predict`, and keeps programs for the input shapes it has met."""
        return Jit(partial(super().__call__, training=False), self._is_pure, 2 * PROGRAM_BYTES)

    @cached_property
    def _jits(self) -> dict[str, Jit]:
        """Run steps of training, evaluation and overridden prediction, and users' forward passes: for all threads."""
        whole, lazy = undone(always=False), lambda: not self.run_eagerly
        jits = {x: Jit(whole(partial(self.__step, x)), lazy, must_agree=self.__must_agree) for x in ("train", "test")}
        jits["predict"] = Jit(partial(self.__step, "predict"), lambda: False)
        jits["call"] = Jit(partial(super().__call__, training=False), lazy, 2 * PROGRAM_BYTES, self.__must_agree)
        return cast("dict[str, Jit]", vars(self).setdefault("_jits", jits))

    def __step(self, phase: str, data: Any) -> Any:
        """Run the step of a phase on a batch, or the function that was set in its place, on one or a list of them."""
        if (function := getattr(self, f"{phase}_function") or self.__make_function(phase)) is None:
            return getattr(self, f"{phase}_step")(data)
        return function([data] if phase == "predict" else iter(data if isinstance(data, list) else [data]))

    def __make_function(self, phase: str) -> Any:
        """Let a subclass set or return the function that runs in the place of a step, and return it, None without."""
        name, make = f"{phase}_function", f"make_{phase}_function"
        if self._replaces(make) and (made := getattr(self, make)()) not in (None, getattr(self, name)):
            setattr(self, name, made)
        return getattr(self, name)

    def _predict_jit(self) -> Jit:
        """Return what runs `predict_step`, the forward pass unless it is replaced; make a function that replaces it."""
        if self._chosen_jit[0] != (now := Changes.layers):
            forward = self._forward_jit if self._is_pure() else self._jits["call"]  # replayed if two runs do the same
            vars(self)["_chosen_jit"] = now, None if self._replaces(*_STEPS["predict"]) else forward
        if (chosen := self._chosen_jit[1]) is None:
            self.__make_function("predict")
            return self._jits["predict"]
        return chosen

    @cached_property
    def _taped(self) -> TapedFunction:
        """Runs the forward pass under a tape."""
        return TapedFunction(partial(call_on_parts, super().__call__), self._is_pure)

    def __getstate__(self) -> dict[str, Any]:
        left_out = ("_forward_jit", "_taped", "_chosen_jit", "history", *_RESET_BY_COMPILE)
        return {k: x for k, x in super().__getstate__().items() if k not in left_out} | {"_found_metrics": (-1, [])}

    def _quick_call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model as `Layer.__call__` does, by a program if there is one."""
        if len(args) == 1 and (not kwargs or [*kwargs] == ["training"]) and not context.training:
            if recorders.open and self.built:
                parts, form = take_apart(args[0])
                return self._taped(*parts, form=form, **kwargs)
            quick = not recorders.open and kwargs.get("training", self._trains) is False
            if quick and (outputs := self._replayed(args[0])) is not None:
                return outputs
        return super().__call__(*args, **kwargs)

    if not TYPE_CHECKING:  # its types are those of `Layer.__call__`
        __call__ = _quick_call

    def _replayed(self, x: Any) -> Any:
        """Return the outputs for arrays by a program. Return None if there is none and none can be made."""
        if (x := x if type(x) is np.ndarray else data_adapters.plain_arrays(x)) is None:
            return None
        jit, kind = self._forward_jit, key_of(x)
        if (program := jit.find(kind)) is None:
            if not (self.built and self._is_pure() and data_adapters.is_numeric(x)) or jit.note_kind(x):
                return None
            ys = jit.first_run(map_structure(np.copy, x), kind)  # outputs may share the caller's memory
            if all(isinstance(y, Tensor) for y in present(ys)):
                return ys
            program = jit.find(kind)  # in blocks of rows, with other numbers, and without effects
        return None if program is None or program.marked else map_structure(Tensor, jit.replay(program, x))

    def _is_pure(self) -> bool:
        """Return whether the forward pass runs only this package's code, so that a replay has the same effects."""
        return all(map(_pure, self._flatten_layers()))

    def __must_agree(self) -> bool:
        """Return whether two runs must do the same before a step is replayed: with user code, or metrics of batches."""
        parts = [self.__compiled_optimizer, *self.metrics, *(v.regularizer for v in self.trainable_weights)]
        built_in = self._is_pure() and all(part is None or is_built_in(part) for part in parts)
        own = not built_in or self._replaces(*_STEPS["train"], *_REPORTING)
        return own or not all(part.is_additive() for part in self.__compiled_parts)

    def _is_rowwise(self) -> bool:
        """Return whether each row of the output depends on its row of the input alone."""
        return all(_pure(layer) and layer._rowwise() for layer in self._flatten_layers())

    def __is_additive(self) -> bool:
        """Return whether loss and metrics are means over all rows, which do not depend on the batches."""
        masks = any(isinstance(x, Masking) or vars(x).get("mask_zero") for x in self._flatten_layers())
        by_row = not self._replaces() and not masks and self._is_rowwise()
        return by_row and all(part.is_additive() for part in self.__compiled_parts)

    def _replaces(self, *names: str) -> bool:
        """Return whether a subclass or an attribute of this model replaces one of some methods, by default reports."""
        return any(vars(self).get(x) or getattr(type(self), x) is not getattr(Trainer, x) for x in names or _REPORTING)

    def __build_on(self, x: Any, phase: Phase) -> None:
        """Build the model by a call on a batch, unless it is built. What the call assigns to variables is undone."""
        if not self._is_runnable() and not self._replaces(*_STEPS[phase]):
            with undone():
                super().__call__(map_present(Tensor, x), training=False)

    def _is_runnable(self) -> bool:
        return all(layer.built for layer in self._flatten_layers())

    @suggests
    def compile(
        self, optimizer: OptimizerName | Optimizer | Config | None = "rmsprop",
        loss: LossLike | Sequence[LossLike | Nested | None] | Mapping[str, LossLike | Nested | None] | None = None,
        loss_weights: float | Sequence[float | Nested | None] | Mapping[str, float | Nested | None] | None = None,
        metrics: MetricsLike | None = None, weighted_metrics: MetricsLike | None = None, run_eagerly: bool = False,
        steps_per_execution: int = 1, jit_compile: bool | Literal["auto"] = "auto", auto_scale_loss: bool = True,
    ) -> None:  # fmt: skip
        """Set the optimizer, the loss and the metrics.

        Args:
            optimizer: A name, an `Optimizer` or a configuration.
            loss: What to minimize: a name, a `Loss` or a function (y_true, y_pred) -> losses. For a model with several
                outputs also a list or dict with a loss, or None, for each output. A single loss in the place of a list
                or dict of outputs gets all of them.
            loss_weights: The factor of each output's loss.
            metrics: What to report besides the loss. "accuracy" is the one that fits the outputs and targets.
            weighted_metrics: The same, for metrics that use the sample weights.
            run_eagerly: Whether each step runs the Python code of all layers, instead of replaying a recorded step.
            steps_per_execution: The hooks of callbacks run once in so many steps.
            jit_compile: Kept, but without effect.
            auto_scale_loss: Whether to wrap the optimizer in a `LossScaleOptimizer` under the policy "mixed_float16".

        Raises:
            ValueError: for an unknown optimizer, loss or metric.

        Example:
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
            >>> model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
            >>> model.compiled
            True
        """
        every = 1 if steps_per_execution is None else steps_per_execution  # Keras 2 wrote null
        if not isinstance(every, int | np.integer) or every < 1:
            raise ValueError(f"`steps_per_execution` must be an integer from 1 on. Received: {every!r}.")
        plain = chosen = optimizers.get(optimizer)
        compiled_loss = CompiledLoss(loss, loss_weights) if loss is not None else self._compiled_loss
        has_metrics = metrics is not None or weighted_metrics is not None
        compiled_metrics = CompiledMetrics(metrics, weighted_metrics) if has_metrics else self._compiled_metrics
        scales = auto_scale_loss and self.dtype_policy.name == "mixed_float16"
        if scales and plain is not None and not isinstance(plain, optimizers.LossScaleOptimizer):
            chosen = optimizers.LossScaleOptimizer(plain, name="loss_scale_optimizer")
        vars(self)["optimizer"] = chosen  # nothing fails from here on: a wrong argument has changed nothing
        self.loss = loss if loss is not None else self.loss
        self._compiled_loss = compiled_loss
        self._compiled_metrics = compiled_metrics
        self._loss_tracker = Mean("loss")
        self.run_eagerly = run_eagerly
        self.jit_compile = jit_compile is True
        self.steps_per_execution = int(every)
        self.stop_training = False
        self.compiled = True
        for name in _RESET_BY_COMPILE:
            vars(self).pop(name, None)
        self._compile_config = {
            "optimizer": plain, "loss": loss, "loss_weights": loss_weights, "metrics": metrics,
            "weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution, "jit_compile": jit_compile}  # fmt: skip

    def get_compile_config(self) -> Config:
        """Return the arguments of `compile` as a configuration, {} before it was called."""
        return cast(Config, serialize(self._compile_config)) if self.compiled else {}

    def compile_from_config(self, config: Config) -> None:
        """Compile with a configuration from `get_compile_config`. Does not call a `compile` that a subclass overrides.

        Raises a ValueError if the configuration is wrong, such as another object in the place of an optimizer.
        """
        if type(self).compile is not Trainer.compile:
            warn_user(f"`compile()` was not called as part of model loading because {type(self).__name__} has one of "
                      "its own. Override `get_compile_config()` and `compile_from_config(config)` as well, or compile "
                      "the model after loading.")  # fmt: skip
            return
        slots = {"optimizer": optimizers, "loss": losses, "metrics": metrics, "weighted_metrics": metrics}
        check_arguments(type(self), config, "compile")
        self.compile(**{key: objects_of(x, slots[key].deserialize) if key in slots else x for key, x in config.items()})
        if self.__compiled_optimizer is not None and self.built:
            self.__compiled_optimizer.build(self.trainable_variables)

    @property
    def __compiled_optimizer(self) -> Optimizer | None:
        return cast("Optimizer | None", vars(self).get("optimizer"))

    @property
    def __compiled_parts(self) -> list[CompiledLoss | CompiledMetrics]:
        return [part for part in (self._compiled_loss, self._compiled_metrics) if part is not None]

    def __needs_compile(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"You must call `compile()` before using the model. `{method}()` needs it.")

    @property
    def metrics(self) -> list[Metric]:
        """The mean loss, the metrics given to `compile`, and those in attributes of the model and its layers."""
        version, inner = self._found_metrics
        if version != (now := Changes.layers):
            layers = [layer for layer in self._flatten_layers() if layer is self or not isinstance(layer, Trainer)]
            inner = [metric for layer in layers for metric in layer._held_metrics()]
            vars(self)["_found_metrics"] = now, inner
        per_output = None if self._compiled_loss is None else self._compiled_loss.metrics
        return each_once(present([self._loss_tracker, self._compiled_metrics, per_output, inner]))

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Reset the state of all metrics."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of all metrics by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            results |= result if isinstance(result, dict) else {metric.name: result}
        return results

    @property
    def _names_of_outputs(self) -> list[str] | None:
        """The names of the outputs, None if the model does not know them."""
        return None

    @overridable
    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None,
                     training: bool = True) -> Any:  # fmt: skip
        """Return the loss of a batch, a scalar: the compiled loss plus all penalties of the layers.

        A subclass may override it.

        Args:
            x, y, y_pred, sample_weight: The inputs, the targets, the outputs, and weights of the rows.
            training: Whether this is a step of training, not of evaluation.

        Raises:
            ValueError: if there is no loss to train with.
        """
        loss = self._compiled_loss
        parts: list[Any] = [] if loss is None else [loss(y, y_pred, sample_weight, self._names_of_outputs)]
        parts += [ops.sum(x if "float" in x.dtype else ops.cast(x, floatx())) for x in self.losses]
        if not parts and training:
            raise ValueError("No loss to compute. Provide a `loss` argument in `compile()`.")
        return sum(parts[1:], parts[0]) if parts else ops.zeros(())

    def _loss_of(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        options = {"training": training} if "training" in parameters(self.compute_loss).names else {}
        return self.compute_loss(x, y, y_pred, sample_weight, **options)

    def stateless_compute_loss(self, trainable_variables: Sequence[Any], non_trainable_variables: Sequence[Any],
                               metrics_variables: Sequence[Any], x: Any = None, y: Any = None, y_pred: Any = None,
                               sample_weight: Any = None, training: bool = True) -> Any:  # fmt: skip
        """Return `compute_loss` for other values of the variables, and the new values; the trainable ones as given."""
        values = trainable_variables, non_trainable_variables, metrics_variables
        loss, after = self._stateless(values, lambda: self._loss_of(x, y, y_pred, sample_weight, training))
        return loss, (trainable_variables, *after[1:])

    @overridable
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the compiled metrics with a batch, and return the results of all metrics by name.

        A subclass may override it.
        """
        if self._compiled_metrics is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight, self._names_of_outputs)
        return self.get_metrics_result()

    @overridable
    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on one batch, and return loss and metrics by name. A subclass may override it.

        Args:
            data: (x, y) or (x, y, sample_weight) as tensors, or x alone.
        """
        if (optimizer := self.__compiled_optimizer) is None:
            raise AttributeError("The model was compiled without an optimizer to train it. Pass one to `compile`.")
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self.__outputs(x, training=True)
            loss = self._loss_of(x, y, y_pred, sample_weight, training=True)
            scaled = optimizer.scale_loss(loss)
        report = partial(self.__step_logs, x, y, y_pred, sample_weight, loss)
        late = self._replaces("compute_metrics")  # which may look at the update
        logs = {} if late else report()  # before the update, because metrics may fail
        if weights := self.trainable_weights:
            optimizer.apply(tape.gradient(scaled, weights), weights)
        return report() if late else logs

    @overridable
    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate one batch, and return loss and metrics by name. A subclass may override it."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self.__outputs(x, training=False)
        return self.__step_logs(x, y, y_pred, sample_weight, self._loss_of(x, y, y_pred, sample_weight, training=False))

    def __step_logs(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> dict[str, Any]:
        if self._loss_tracker is not None:
            self._loss_tracker.update_state(loss, sample_weight=present(x)[0].shape[0])
        return self.compute_metrics(x, y, y_pred, sample_weight)

    @overridable
    def predict_step(self, data: Any) -> Any:
        """Return the outputs for one batch. A subclass may override it."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self.__outputs(x, training=False)

    def __outputs(self, x: Any, training: bool) -> Any:
        return self(x, training=training) if "training" in self._takes else self(x)

    @suggests
    def fit(self, x: Inputs | None = None, y: Any = None, batch_size: int | None = None, epochs: int = 1,
            verbose: Verbose = "auto", callbacks: CallbacksLike = None, validation_split: float = 0.0,
            validation_data: Iterable[Any] | None = None, shuffle: bool | Literal["batch"] = True,
            class_weight: ClassWeights = None, sample_weight: Any = None, initial_epoch: int = 0,
            steps_per_epoch: int | None = None, validation_steps: int | None = None,
            validation_batch_size: int | None = None, validation_freq: int | Sequence[int] = 1) -> History:  # fmt: skip
        """Train for a number of epochs.

        Args:
            x: Inputs: an array or what NumPy makes one of, a list or dict of them, or an iterable of batches (x, y) or
                (x, y, sample_weight).
            y: Targets, one for each row of x. None if x is an iterable of batches.
            batch_size: Rows of a batch, 32 if not given.
            epochs: The epoch to end with; those before `initial_epoch` count.
            verbose: What to print: nothing (0), a bar (1), a line an epoch (2), its number (3); "auto" is 1 or 2.
            callbacks: Callbacks whose hooks run.
            validation_split: The share of the rows, the last ones, that is held out and evaluated after each epoch.
            validation_data: (x, y) or (x, y, sample_weight) to evaluate after each epoch.
            shuffle: Whether each epoch takes the rows in a new order; "batch" shuffles within each batch only.
            class_weight: Class number -> weight of its rows.
            sample_weight: Weight of each row.
            initial_epoch: The epoch to start at, counted from 0.
            steps_per_epoch: Batches an epoch, by default all there are.
            validation_steps: Batches to evaluate, by default all there are.
            validation_batch_size: Rows of a batch to evaluate, by default `batch_size`.
            validation_freq: Evaluate after every so many epochs, or after the epochs in a list, counted from 1.

        Returns:
            A `History`, which has the losses and metrics of all epochs in `history`.

        Raises:
            ValueError: before `compile`, or if the data does not fit the model.
            TypeError: if `epochs` is no integer.

        Example:
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
            >>> model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
            >>> x = np.array([[1.0], [2.0]])
            >>> history = model.fit(x, 3 * x, epochs=500, verbose=0)
            >>> model.predict(np.array([[10.0]]), verbose=0).round(1)
            array([[30.]], dtype=float32)
        """
        self.__needs_compile("fit")
        if not isinstance(epochs, int | np.integer):
            raise TypeError(f"`epochs` must be an integer. Received: epochs={epochs!r}.")
        epochs = limited(epochs, "epochs") or epochs
        one_of("verbose", verbose, VERBOSE)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = train_validation_split((x, y, sample_weight), validation_split)
        is_due = schedule(validation_freq)
        batches = partial(Batches, together=self.steps_per_execution)
        source = batches(x, y, sample_weight, batch_size, steps_per_epoch, shuffle=shuffle, class_weight=class_weight)
        validation = None
        if validation_data is not None:
            size = validation_batch_size or batch_size
            validation = batches(*unpack_x_y_sample_weight(validation_data), size, validation_steps)
        self.__build_for(source, "train")
        hooks = self.__callback_list(callbacks, verbose, epochs, source.count, add_history=True)
        vars(self).update(stop_training=False, _initial_epoch=None)
        logs: dict[str, Any] = {}
        hooks.on_train_begin()
        try:
            with Interrupt() as interrupt:
                for epoch in range(self._initial_epoch or initial_epoch, epochs):
                    with self._jits["train"].lock:
                        self.reset_metrics()  # once more below, after what other threads have added
                    hooks.on_epoch_begin(epoch)
                    if not (results := self.__epoch_logs("train", source, hooks, interrupt)):  # the data has ended
                        break
                    logs = results
                    if validation is not None and is_due(epoch + 1):
                        logs = {**logs, **self.__validation_logs(validation, hooks, interrupt)}
                    hooks.on_epoch_end(epoch, logs)
                    if self.stop_training:
                        break
        finally:
            hooks.close()
            if self.__compiled_optimizer is not None and self.__compiled_optimizer.built and epochs > 0:
                self.__compiled_optimizer.finalize_variable_values(self.trainable_weights)
        hooks.on_train_end(logs)
        return hooks.history or self.history  # another thread's `fit` may have set `self.history`

    def __callback_list(self, callbacks: Any, verbose: Verbose, epochs: int, steps: int | None,
                       add_history: bool = False) -> CallbackList:  # fmt: skip
        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(callbacks, add_history, verbose != 0, self, verbose=verbose, epochs=epochs, steps=steps)

    def __build_for(self, source: Batches, phase: Phase) -> None:
        """Build the model on the first batch, if it, its loss or its metrics have seen none; start the source anew.

        The new start draws another order of the rows, as in Keras.
        """
        with context.having(uneven=source.uneven):
            self.__make_ready(source.peek, phase)
        source.reset()

    def __make_ready(self, first: Callable[[], data_adapters.Data], phase: Phase) -> None:
        """Build the model on the first batch, unless a subclass's step does that, and the optimizer; make functions."""
        if not self._is_runnable() or not all(part.built for part in self.__compiled_parts):
            self.__build_on(first()[0], phase)
        optimizer = self.__compiled_optimizer
        if optimizer is not None and not optimizer.built and all(x.built for x in self._flatten_layers()):
            with optimizer._updater.lock:  # threads share the slots
                build = optimizer._updater.find_groups if phase == "train" else optimizer._updater.build
                build(self.trainable_variables)
        self.__make_function(phase)

    def __epoch_logs(self, phase: Phase, source: Batches, hooks: CallbackList, interrupt: Interrupt) -> dict[str, Any]:
        stopped = partial(getattr, self, {"train": "stop_training", "test": "stop_evaluating"}[phase])
        with self._jits["train"].lock, context.having(uneven=source.uneven):  # threads share the metrics
            self.reset_metrics()
            every = self.steps_per_execution
            joined = every > 1 and getattr(self, f"{phase}_function") is not None
            logs = run_epoch(phase, self._jits[phase], source, hooks, every, joined, interrupt, stopped)
        source.warn_of_nonsense(logs.get("loss"), is_loss=True)
        return logs

    @overload
    def evaluate(self, x: Inputs | None = None, y: Any = None, batch_size: int | None = None, verbose: Verbose = "auto",
                 sample_weight: Any = None, steps: int | None = None, callbacks: CallbacksLike = None, *,
                 return_dict: Literal[True]) -> dict[str, Any]: ...  # fmt: skip
    @overload
    def evaluate(self, x: Inputs | None = None, y: Any = None, batch_size: int | None = None, verbose: Verbose = "auto",
                 sample_weight: Any = None, steps: int | None = None, callbacks: CallbacksLike = None,
                 return_dict: bool = False) -> Any: ...  # fmt: skip
    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Verbose = "auto",
                 sample_weight: Any = None, steps: int | None = None, callbacks: CallbacksLike = None,
                 return_dict: bool = False, **kwargs: Any) -> Any:  # fmt: skip
        """Return the loss and the metrics over all rows. Layers run in inference mode.

        Args:
            x, y, batch_size, verbose, sample_weight: As for `fit`.
            steps: How many batches to take, by default all there are.
            callbacks: Callbacks whose `on_test_...` hooks run.
            return_dict: Whether to return a dict.

        Returns:
            The loss if there are no metrics, else a list of the loss and the metrics, or a dict by name.

        Raises:
            ValueError: before `compile`, or if the data does not fit the model.

        Example:
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
            >>> model.compile(loss="mse", metrics=["mae"])
            >>> model.evaluate(np.array([[1.0], [2.0]]), np.array([3.0, 4.0]), verbose=0)
            [4.0, 2.0]
        """
        self.__needs_compile("evaluate")
        if kwargs:
            known = parameters(self.evaluate).names
            raise ValueError(f"Arguments not recognized: {kwargs}.{hint(next(iter(kwargs)), known)}")
        one_of("verbose", verbose, VERBOSE)
        with self._jits["train"].lock:
            if steps is None is callbacks and on_dask.evaluate(self, (x, y, sample_weight), batch_size):
                logs = dict(Logs(self.get_metrics_result))
                return logs if return_dict else self._in_order(logs)
        source = Batches(x, y, sample_weight, batch_size, steps, together=self.steps_per_execution)
        self.__build_for(source, "test")
        hooks = self.__callback_list(callbacks, verbose, 1, source.count)
        with closing(hooks), Interrupt() as interrupt:
            logs = self.__test_logs(source, hooks, interrupt)
        return logs if return_dict else self._in_order(logs)

    def __validation_logs(self, source: Batches, hooks: CallbackList, interrupt: Interrupt) -> dict[str, Any]:
        """Return the logs of an evaluation after an epoch, as "val_...". {} if there are no rows."""
        if source.rows == 0:
            warn_of_the_end()
            return {}
        source.reset()
        self.__make_function("test")
        return {f"val_{name}": value for name, value in self.__test_logs(source, hooks, interrupt, in_fit=True).items()}

    def __test_logs(self, source: Batches, hooks: CallbackList, interrupt: Interrupt,
                  in_fit: bool = False) -> dict[str, Any]:  # fmt: skip
        vars(self)["stop_evaluating"] = False
        watched = any(hooks.listens(f"on_test_{at}", seldom=not in_fit) for at in ("batch_begin", "batch_end"))
        hooks.on_test_begin()
        if not watched and not self.stop_evaluating and source.arrays and self.__is_additive():
            nodes = [node for layer in self._flatten_layers() for node in layer._inbound_nodes[-1:]]
            longest = max(n for x in present(source.arrays) for n in (1, *x.shape[1:]))  # stands for unknown sizes
            per_row = sum(int(np.prod([n or longest for n in y.shape[1:]])) for node in nodes for y in node.outputs)
            source.enlarge(min(JOINED, SMALL // (1 + per_row)))
        logs = as_floats(self.__epoch_logs("test", source, hooks, interrupt))
        hooks.on_test_end(logs)
        return logs

    def _in_order(self, logs: dict[str, Any]) -> Any:
        """Return logs as a list in the order of `metrics`; if there is one value, return that."""
        groups = (metric.metrics if isinstance(metric, CompiledMetrics) else [metric] for metric in self.metrics)
        first = [metric.name for group in groups for metric in group if metric.name in logs]
        return only([logs[name] for name in [*first, *(name for name in sorted(logs) if name not in first)]])

    @overload
    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: ClassWeights = None, *,
                       return_dict: Literal[True]) -> dict[str, Any]: ...  # fmt: skip
    @overload
    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: ClassWeights = None,
                       return_dict: bool = False) -> Any: ...  # fmt: skip
    @suggests
    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None,
                       return_dict: bool = False) -> Any:  # fmt: skip
        """Train on one batch, and return the loss and the metrics as `evaluate` does.

        Raises a ValueError before `compile`, or if both kinds of weights are given.
        """
        return self.__on_batch("train", x, y, sample_weight, class_weight, return_dict)

    @overload
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, *,
                      return_dict: Literal[True]) -> dict[str, Any]: ...  # fmt: skip
    @overload
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any: ...
    @suggests
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and the metrics of one batch as `evaluate` does. Raises a ValueError before `compile`."""
        return self.__on_batch("test", x, y, sample_weight, None, return_dict)

    def __on_batch(self, phase: Phase, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool) -> Any:
        self.__needs_compile(f"{phase}_on_batch")
        if data_adapters.is_batches(x):
            raise TypeError(f"`{phase}_on_batch()` takes the arrays of one batch. Received: x={x!r}.")
        batch = data_adapters.as_batch(x, y, sample_weight, class_weight, has_loss=True)
        self.__make_ready(lambda: batch, phase)
        jit, data = self._jits[phase], data_adapters.pack_x_y_sample_weight(*batch)
        with Interrupt() as interrupt, in_steps(), self._jits["train"].lock:
            self.reset_metrics()
            logs = Logs(interrupt.run(jit.step, data)).data
        return logs if return_dict else self._in_order(logs)

    @suggests
    def predict(self, x: Inputs, batch_size: int | None = None, verbose: Verbose = "auto",
                steps: int | None = None, callbacks: CallbacksLike = None) -> Array | Any:  # fmt: skip
        """Return the outputs for all rows of x, computed in batches. Layers run in inference mode.

        Args:
            x: An array, or what NumPy makes one of, whose first axis is the rows, or an iterable of batches.
            batch_size: Rows of a batch, 32 if not given.
            verbose: What to print: nothing (0), a progress bar (1), one line (2).
            steps: How many batches to take, by default all there are.
            callbacks: Callbacks whose `on_predict_...` hooks run.

        Returns:
            An array with a row for each row of x, or several in the structure that `call` returns, hence `| Any`. For
            arrays and frames of Dask, without `steps` and `callbacks`, lazy Dask arrays.

        Raises:
            ValueError: if x is not numeric or does not fit the model.

        Example:
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
            >>> model.predict(np.array([[1.0, 2.0]]), verbose=0)
            array([[3.]], dtype=float32)
        """
        jit, plain = self._predict_jit(), steps is None is callbacks
        quick = plain and verbose == 0 and self.built and jit is self._forward_jit
        if quick and type(x) is np.ndarray:
            program = jit.find((x.shape, x.dtype))  # such input has come before, so nothing is left to check
            if program is not None and len(x) <= (32 if batch_size is None else batch_size):
                return jit.replay(program, x)
        if plain and on_dask.is_dask(x):
            return on_dask.predict(self, x, batch_size)
        source = Batches(x, batch_size=batch_size, steps=steps, together=self.steps_per_execution)
        if quick and source.arrays and source.count == 1 and (program := jit.find(key_of(source.arrays[0]))):
            return jit.replay(program, source.arrays[0])
        hooks = self.__callback_list(callbacks, one_of("verbose", verbose, VERBOSE), 1, source.count)
        outputs = Predictions(source.rows)
        vars(self)["stop_predicting"] = False
        hooks.on_predict_begin()
        with closing(hooks):
            self.__predict_all(source, hooks, outputs, callbacks is None, jit)
            hooks.on_predict_end()
        if not outputs.batches and source.arrays is not None:
            one = map_structure(lambda array: np.zeros((1, *array.shape[1:]), array.dtype), source.arrays[0])
            return map_structure(lambda y: y[:0], self.predict_on_batch(one))  # of the right shape
        result = outputs.result()
        source.warn_of_nonsense(result)
        return result

    def __predict_all(self, source: Batches, hooks: CallbackList, outputs: Predictions, alone: bool, jit: Jit) -> None:
        """Run all batches: after the first several at once, if there are no callbacks and rows do not mix."""
        recent, every = list[Any](), 1 if alone else self.steps_per_execution
        arrays = source.arrays if alone and jit is self._forward_jit else None
        own = jit is self._jits["predict"]
        for batch, count in source.inputs():
            if not outputs.batches:
                self.__build_on(batch[0], "predict")
                if source.count != 1:
                    jit.note_kind(batch[0])  # so that a program is made at once: more of this kind will come
            if outputs.batches % every == 0:
                hooks.on_predict_batch_begin(outputs.batches)
            recent.append(jit.run(data_adapters.pack_x_y_sample_weight(*batch) if own else batch[0]))
            outputs.add(recent[-1], count)
            if outputs.batches == 1 and arrays and self._is_rowwise():
                source.at_once = max(1, jit.rows_at_once(batch[0]) // source.size)
            if outputs.batches % every == 0:
                hooks.on_predict_batch_end(outputs.batches - 1, {"outputs": join(recent)})
                recent.clear()
                if self.stop_predicting:
                    break
        if recent:
            last = outputs.batches - outputs.batches % every + every - 1
            hooks.on_predict_batch_end(last, {"outputs": join(recent)})

    def predict_on_batch(self, x: Inputs) -> Array | Any:
        """Return the outputs for one batch."""
        batch, jit = data_adapters.as_data(x), self._predict_jit()
        self.__build_on(batch[0], "predict")
        return jit.run(batch if jit is self._jits["predict"] else batch[0])


JOINED = 1024  # how many rows are evaluated at once if the results do not depend on the batches
_REPORTING = (*_STEPS["test"], "compute_loss", "compute_metrics", "metrics", "get_metrics_result")
_RESET_BY_COMPILE = ("_jits", "train_function", "test_function", "predict_function")


def _pure(layer: Layer) -> bool:
    if isinstance(layer, Lambda) or layer.activity_regularizer is not None:  # each call leaves a penalty in `losses`
        return False
    own = [vars(layer).get(name) for name in ("activation", "recurrent_activation", "cell")]
    return all(part is None or is_built_in(part) for part in (layer, layer.call, *own, *vars(layer).get("cells", ())))
