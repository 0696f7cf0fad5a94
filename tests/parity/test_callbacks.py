"""Callbacks beside Keras's own: the same hooks and logs go to both; state, output, files and errors are compared."""

import inspect
import io
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minikeras
from minikeras import callbacks as ours

theirs: Any = keras.callbacks
BOTH: tuple[Any, Any] = (ours, theirs)
Logs = dict[str, Any]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Optimizer:
    """Keeps a learning rate as Keras does, rounded to float32."""

    name = "sgd"

    def __init__(self, rate: float = 0.1) -> None:
        self.learning_rate = rate

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, float(np.float32(value)))


class Model:
    """What callbacks need of a model that trains."""

    def __init__(self, optimizer: Any = None) -> None:
        self.stop_training = False
        self.optimizer = optimizer or Optimizer()
        self.history: Any = None
        self.state = 0
        self.saved: list[tuple[str, str]] = []

    def get_weights(self) -> int:
        return self.state

    def set_weights(self, weights: int) -> None:
        self.state = weights

    def save(self, path: str, overwrite: bool) -> None:
        self.saved.append(("model", path))

    def save_weights(self, path: str, overwrite: bool) -> None:
        self.saved.append(("weights", path))


def run(module: Any, make: Callable[[Any], Any], epochs: list[Logs], batches: int = 2, **params: Any) -> Any:
    """Drive callbacks through what `fit` does, and return the model, what was printed, and what was warned of."""
    model, terminal = params.pop("model", None) or Model(), Terminal()
    settings = {"verbose": 1, "epochs": len(epochs), "steps": batches, **params}
    now = 1.7e9
    with (
        warnings.catch_warnings(record=True) as warned,
        pytest.MonkeyPatch.context() as patch,
    ):
        warnings.simplefilter("always")
        patch.setattr(sys, "stdout", terminal)
        patch.setattr(time, "time", lambda: now)
        made = make(module)
        hooks = module.CallbackList(made, add_history=True, add_progbar=True, model=model, **settings)
        hooks.on_train_begin()
        for epoch, logs in enumerate(epochs):
            hooks.on_epoch_begin(epoch)
            for batch in range(batches):
                model.state += 1
                now += 0.03
                hooks.on_train_batch_begin(batch)
                shown = {name: np.float32(value) for name, value in logs.items() if not name.startswith("val_")}
                hooks.on_train_batch_end(batch, shown)
                if model.stop_training:
                    break
            hooks.on_test_begin()
            hooks.on_test_batch_begin(0)
            hooks.on_test_batch_end(0, logs)
            hooks.on_test_end(logs)
            hooks.on_epoch_end(epoch, dict(logs))
            if model.stop_training:
                break
        hooks.on_train_end({})
    text = {(str(w.message).split(".")[0].rstrip(), w.category) for w in warned if w.category is UserWarning}
    return model, made, terminal.getvalue(), text


def state(callback: Any) -> dict[str, Any]:
    names = ("best", "wait", "stopped_epoch", "best_epoch", "best_weights", "min_delta", "mode", "cooldown_counter",
             "keys", "append_header", "baseline", "patience", "monitor", "filepath")  # fmt: skip
    return {name: getattr(callback, name) for name in names if hasattr(callback, name)}


def same(make: Callable[[Any], Any], epochs: list[Logs], **params: Any) -> Model:
    """Compare a callback's run with that of Keras's; return our model."""
    (a, mine, printed, warned), (b, other, expected, expected_warned) = (run(k, make, epochs, **params) for k in BOTH)
    assert printed == expected
    assert warned == expected_warned
    assert a.history.history == b.history.history
    assert list(a.history.history) == list(b.history.history)
    assert a.history.epoch == b.history.epoch
    assert (a.stop_training, a.state, a.saved) == (b.stop_training, b.state, b.saved)
    assert a.optimizer.learning_rate == b.optimizer.learning_rate
    assert state(mine) == state(other)
    assert isinstance(a, Model)
    return a


def series(*values: float | None, name: str = "val_loss") -> list[Logs]:
    return [{"loss": 1.0, "accuracy": 0.5, **({} if v is None else {name: v})} for v in values]


# --- names and arguments --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ours.__all__)
def test_signatures_and_hooks(name: str) -> None:
    def shown(function: Any) -> list[tuple[str, Any]]:
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.default) for p in found if p.kind is not p.VAR_KEYWORD]

    mine, other = getattr(ours, name), getattr(theirs, name)
    assert shown(mine) == shown(other)
    public = [n for n in dir(theirs.Callback) if n[0] != "_" and n not in ("model", "params")]
    for hook in public:
        assert shown(getattr(mine, hook)) == shown(getattr(other, hook)), hook
    assert isinstance(vars(ours.Callback)["model"], property)


def test_what_is_not_there() -> None:
    names = {name for name in dir(theirs) if isinstance(getattr(theirs, name), type)}
    assert names - set(ours.__all__) <= {"OrbaxCheckpoint"}


# --- the list -------------------------------------------------------------------------------------------------


def test_the_list_passes_sorted_floats_and_shares_them() -> None:
    seen: dict[Any, list[Any]] = {}
    for k in BOTH:
        calls = seen[k] = []

        def note(name: str, calls: list[Any] = calls) -> Callable[..., None]:
            def hook(*args: Any, **kwargs: Any) -> None:
                logs = kwargs.get("logs", args[-1])
                calls.append((name, args[:-1] if "logs" not in kwargs else args, dict(logs), list(logs)))
                logs["seen"] = name

            return hook

        names = [n for n in dir(theirs.Callback) if n.startswith("on_")]
        first = k.LambdaCallback(**{name: note(name) for name in names})
        second = k.LambdaCallback(**{name: note(f"second {name}") for name in names})
        hooks = k.CallbackList([first, [second]], model=Model(), epochs=2)
        logs = {"loss": np.float32(0.1), "b": 1, "a": np.array(2.0), "c": "text", "d": {"x": True, "inner": 1.5}}
        for name in sorted(names, key=lambda n: "end" in n):
            index = [3] if "batch" in name or "epoch" in name else []
            getattr(hooks, name)(*index, logs)
            getattr(hooks, name)(*index, logs=None)
        assert "seen" not in logs
        assert hooks.callbacks == [first, second]
        assert first.params == {"epochs": 2}
    assert seen[ours] == seen[theirs]


def test_old_hooks_run_with_new_ones() -> None:
    for k in BOTH:
        calls: list[Any] = []

        class Old(k.Callback):  # type: ignore[misc, name-defined]  # of either package, so Any
            def on_batch_begin(self, batch: int, logs: Any = None, calls: list[Any] = calls) -> None:
                calls.append(("begin", batch, logs))

            def on_batch_end(self, batch: int, logs: Any = None, calls: list[Any] = calls) -> None:
                calls.append(("end", batch, logs))

        class Both(Old):
            def on_train_batch_end(self, batch: int, logs: Any = None, calls: list[Any] = calls) -> None:
                calls.append(("new end", batch, logs))

        hooks = k.CallbackList([Old(), Both()])
        hooks.on_train_batch_begin(1)
        hooks.on_train_batch_end(1, {"loss": 2})
        assert calls == [("begin", 1, {})] * 2 + [("end", 1, {"loss": 2.0}), ("new end", 1, {"loss": 2.0})]
        with pytest.raises(ValueError, match="without"):
            hooks.on_train_end()


def test_defaults_are_added_once() -> None:
    for k in BOTH:
        history, logger, model = k.History(), k.ProgbarLogger(), Model()
        hooks = k.CallbackList([logger, history], add_history=True, add_progbar=True, model=model)
        assert hooks.callbacks == [logger, history]
        assert model.history is history
        assert history.model is model
        added = k.CallbackList(add_history=True, add_progbar=True).callbacks
        assert [type(c).__name__ for c in added] == ["History", "ProgbarLogger"]
        assert k.CallbackList(history).callbacks == [history]


# --- the progress bar of fit, evaluate and predict ------------------------------------------------------------


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("steps", [2, None])
def test_fit_prints_the_same(verbose: Any, epochs: int, steps: int | None) -> None:
    logs = [{"loss": 1 / (i + 1), "accuracy": 1e-5, "val_loss": float("nan")} for i in range(epochs)]
    for batches in (1, 7):
        same(lambda k: [], logs, batches=batches, verbose=verbose, steps=steps and batches)


@pytest.mark.parametrize("kind", ["test", "predict"])
@pytest.mark.parametrize("verbose", [1, 2])
@pytest.mark.parametrize("steps", [5, None])
def test_evaluate_and_predict_print_the_same(kind: str, verbose: int, steps: int | None) -> None:
    printed = []
    for k in BOTH:
        terminal, now = Terminal(), 1.7e9
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            patch.setattr(time, "time", lambda: now)  # noqa: B023
            hooks = k.CallbackList(add_progbar=True, model=Model(), verbose=verbose, epochs=1, steps=steps)
            for _ in range(2):
                getattr(hooks, f"on_{kind}_begin")()
                for batch in range(5):
                    now += 0.04
                    logs = {"loss": 1 / (batch + 1)} if kind == "test" else {"outputs": np.zeros((2, 2))}
                    getattr(hooks, f"on_{kind}_batch_end")(batch, logs)
                getattr(hooks, f"on_{kind}_end")({"loss": 0.25} if kind == "test" else None)
        printed.append(terminal.getvalue())
    assert printed[0] == printed[1]


# --- callbacks that watch a metric ----------------------------------------------------------------------------

values = st.lists(
    st.sampled_from([0.5, 0.4, 0.3, 0.7, 0.8, 0.7 + 0.1, 0.3000001, 1.0, float("nan"), float("inf")]),
    min_size=1,
    max_size=8,
)
monitored = st.fixed_dictionaries(
    {
        "monitor": st.just("val_loss"),
        "min_delta": st.sampled_from([0, 0.1, -0.2, 1e-4]),
        "patience": st.integers(0, 3),
        "verbose": st.sampled_from([0, 1]),
        "mode": st.sampled_from(["auto", "min", "max"]),
    }
)


@pytest.fixture(scope="module", autouse=True)
def as_where_keras_trains() -> Iterator[None]:
    """Let Keras compare in float32, as on JAX, and run all hooks in this thread, so that the clock is ours.

    Its NumPy backend, which cannot train, compares Python's floats, and leaves the progress bar to a thread.
    """

    def rounded(name: str) -> Callable[[Any, Any], Any]:
        return lambda a, b: getattr(np, name)(np.float32(a), np.float32(b))

    with pytest.MonkeyPatch.context() as patch:
        module = sys.modules[theirs.EarlyStopping.__mro__[1].__module__]
        operations = type("ops", (), {n: staticmethod(rounded(n)) for n in ("less", "greater")})
        patch.setattr(module, "ops", operations)
        patch.setattr(sys.modules[theirs.CallbackList.__module__].backend, "IS_THREAD_SAFE", False)
        yield


@settings(max_examples=150)
@given(values, monitored, st.sampled_from([None, 0.45]), st.booleans(), st.integers(0, 2))
def test_early_stopping(
    losses: list[float], options: Any, baseline: float | None, restore: bool, start_from_epoch: int
) -> None:
    same(
        lambda k: k.EarlyStopping(
            **options, baseline=baseline, restore_best_weights=restore, start_from_epoch=start_from_epoch
        ),
        series(*losses),
    )


def test_missing_metrics_warn() -> None:
    same(lambda k: k.EarlyStopping(patience=2), series(None, 1.0, None, 2.0, 3.0))
    same(lambda k: k.ReduceLROnPlateau(patience=2), series(None, 1.0, None, 2.0, 3.0))
    same(lambda k: k.ModelCheckpoint("x.keras", save_best_only=True, verbose=1), series(None, 1.0, None, 2.0))
    same(lambda k: k.EarlyStopping(mode="up", patience=1), series(1.0, 2.0))


@settings(max_examples=150)
@given(values, monitored, st.sampled_from([0.5, 0.1]), st.integers(0, 2), st.sampled_from([0.0, 0.05]))
def test_reduce_lr_on_plateau(losses: list[float], options: Any, factor: float, cooldown: int, min_lr: float) -> None:
    same(lambda k: k.ReduceLROnPlateau(**options, factor=factor, cooldown=cooldown, min_lr=min_lr), series(*losses))


def test_reuse() -> None:
    for k in BOTH:
        made = [stop, reduce] = [k.EarlyStopping(patience=1), k.ReduceLROnPlateau(patience=1)]
        for _ in range(2):
            model, _, _, _ = run(k, lambda k: made, series(0.5, 0.6, 0.7))  # noqa: B023 - called at once
            assert (stop.stopped_epoch, stop.wait, stop.best, reduce.best) == (1, 1, 0.5, 0.5)
            assert model.optimizer.learning_rate == float(np.float32(float(np.float32(0.1)) * 0.1))
        assert not reduce.in_cooldown()


def spread(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.max(y_pred - y_true, axis=-1)


METRICS: list[Any] = [
    "accuracy",
    "mae",
    keras.metrics.AUC(name="auc"),
    keras.metrics.Precision(name="precision"),
    keras.metrics.F1Score(name="f1", average="micro"),
    keras.metrics.KLDivergence(name="kl"),
    keras.metrics.R2Score(name="r2"),
    spread,
    keras.metrics.FalsePositives(name="false_positives"),
]


def test_mode_auto_asks_the_metrics_of_the_model() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=METRICS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.evaluate(np.zeros((2, 2)), np.zeros((2, 1)), verbose=0)
    found: dict[str, list[Any]] = {}
    names = [m if isinstance(m, str) else getattr(m, "name", "spread") for m in METRICS]
    for k in BOTH:
        for name in [*names, "loss", "nothing", "compile_metrics"]:
            for monitor in (name, f"val_{name}"):
                stop = k.EarlyStopping(monitor)
                stop.set_model(model)
                try:
                    stop.on_epoch_end(0, {monitor: 1.0})
                    op: Any = stop.monitor_op
                    answer: Any = [bool(op(a, b)) for a, b in ((1.0, 2.0), (2.0, 1.0), (1.0, 1.0))]
                except ValueError:
                    answer = ValueError
                found.setdefault(monitor, []).append(answer)
    assert all(a == b for a, b in found.values()), found
    assert found["val_accuracy"][0] == [False, True, False]
    assert found["val_mae"][0] == [True, False, False]
    assert found["spread"][0] is ValueError


# --- checkpoints ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("threshold", [None, 0.45])
@pytest.mark.parametrize("mode", ["auto", "max"])
def test_model_checkpoint(
    tmp_path: Path, verbose: int, weights: bool, best: bool, threshold: float | None, mode: str
) -> None:
    ending = "weights.h5" if weights else "keras"
    for path in (f"last.{ending}", f"{{epoch:02d}}-{{val_loss:.2f}}.{ending}", f"{{loss}}/{{epoch}}.{ending}"):

        def make(k: Any, path: str = path) -> Any:
            return k.ModelCheckpoint(tmp_path / path, "val_loss", verbose, best, weights, mode, "epoch", threshold)

        assert same(make, series(0.5, 0.6, 0.3, 0.3, 0.4, 0.2)).saved


@pytest.mark.parametrize("frequency", [1, 3, 4, 7, 100])
@pytest.mark.parametrize("batches", [1, 3, 4])
def test_model_checkpoint_by_batch(frequency: int, batches: int) -> None:
    path = "e{epoch}-b{batch:02d}.keras"
    same(lambda k: k.ModelCheckpoint(path, save_freq=frequency, verbose=1), series(1, 2, 3, 4), batches=batches)
    for every in (2, 3):  # as with several steps an execution
        counts = []
        for k in BOTH:
            checkpoint = k.ModelCheckpoint(path, save_freq=frequency)
            checkpoint.set_model(model := Model())
            for epoch in range(4):
                checkpoint.on_epoch_begin(epoch)
                for batch in range(every - 1, 12, every):
                    checkpoint.on_train_batch_end(batch, {})
            counts.append(model.saved)
        assert counts[0] == counts[1]


def test_wrong_checkpoints(tmp_path: Path) -> None:
    (tmp_path / "folder.keras").mkdir()
    for k in BOTH:
        wrongs: tuple[Callable[[Any], Any], ...] = (
            lambda k: k.ModelCheckpoint("x.txt"),
            lambda k: k.ModelCheckpoint("x.keras", save_weights_only=True),
            lambda k: k.ModelCheckpoint("x.keras", save_freq="batch"),
            lambda k: k.ModelCheckpoint("x.keras", save_freq=1.5),
            lambda k: k.ReduceLROnPlateau(factor=1.0),
            lambda k: k.BackupAndRestore(""),
            lambda k: k.BackupAndRestore("x", save_freq="batch"),
        )
        for wrong in wrongs:
            with pytest.raises(ValueError):  # noqa: PT011 - both refuse, in their own words
                wrong(k)
        for path, error in (("{nothing}.keras", KeyError), (str(tmp_path / "folder.keras"), OSError)):
            checkpoint = k.ModelCheckpoint(path)
            model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            checkpoint.set_model(model)
            with pytest.raises(error):
                checkpoint.on_epoch_end(0, {"loss": 1.0})
        stop = k.EarlyStopping("nothing")
        stop.set_model(Model())
        with pytest.raises(ValueError, match="mode='max'"):
            stop.on_epoch_end(0, {"nothing": 1.0})


# --- learning rates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize(
    "schedule",
    [
        lambda epoch, rate: rate if epoch < 1 else rate * 0.5,
        lambda epoch: 0.1 / (epoch + 1),
        lambda epoch, rate: np.float32(0.3),
        lambda epoch, rate: np.float64(0.3),
        lambda *args: 0.25,
    ],
)
def test_learning_rate_scheduler(schedule: Callable[..., Any], verbose: int) -> None:
    same(lambda k: k.LearningRateScheduler(schedule, verbose=verbose), series(1.0, 2.0, 3.0))


def test_wrong_schedules() -> None:
    for k in BOTH:
        for wrong in (lambda epoch: 1, lambda epoch: None, lambda epoch: "0.1"):
            scheduler = k.LearningRateScheduler(wrong)
            scheduler.set_model(Model())
            with pytest.raises(ValueError, match="should be a float"):
                scheduler.on_epoch_begin(0)
        scheduler = k.LearningRateScheduler(lambda epoch: 0.1)
        scheduler.set_model(type("Model", (), {"optimizer": object()})())
        with pytest.raises(ValueError, match="learning_rate"):
            scheduler.on_epoch_begin(0)


@pytest.mark.parametrize("verbose", [0, 1])
def test_several_optimizers(verbose: int) -> None:
    logs: list[Any] = []
    for k in BOTH:
        for make in (
            lambda k: k.LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=verbose),
            lambda k: k.ReduceLROnPlateau(patience=1, verbose=verbose),
        ):
            several = [Optimizer(0.5), Optimizer(0.25)]
            for name, optimizer in zip("ab", several, strict=True):
                vars(optimizer)["name"] = name
            holder = type("Module", (), {"optimizers": several, "learning_rate": 7.0})()
            model, _, printed, _ = run(k, make, series(1.0, 2.0, 3.0), model=Model(holder))
            logs.append((printed, model.history.history, [x.learning_rate for x in several]))
    assert logs[:2] == logs[2:]


# --- files, and the rest --------------------------------------------------------------------------------------

nasty: list[Logs] = [
    {"loss": 0.1, "b,c": 1e-7, 'q"': float("nan"), "list": [1, 2.5], "text": "a;b", "none": None, "big": 1e22},
    {"loss": 1 / 3, "array": np.arange(3), "text": "two\nlines", "list": np.array([0.5, 1.5])},
]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("epochs", [nasty, series(1.0, None, 0.5), [{"loss": 1.0, "accuracy": 0.0}], [{}]])
def test_csv_logger(tmp_path: Path, separator: str, append: bool, epochs: list[Logs]) -> None:
    paths = [tmp_path / "ours.csv", tmp_path / "theirs.csv"]
    for k, path in zip(BOTH, paths, strict=True):
        for _ in range(2):  # the second run appends, or starts anew
            logger = k.CSVLogger(path, separator=separator, append=append)
            logger.set_model(Model())
            logger.on_train_begin()
            for epoch, logs in enumerate(epochs):
                logger.on_epoch_end(epoch, logs)
            logger.on_train_end()
            assert not isinstance(logger.filename, Path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 1.0, None])
def test_terminate_on_nan(loss: float | None) -> None:
    logs = [{"accuracy": 1.0, **({} if loss is None else {"loss": loss})}] * 2
    for k in BOTH:
        guard = k.TerminateOnNaN(raise_error=True)
        guard.set_model(Model())
        if loss in (1.0, None):
            guard.on_train_batch_end(3, logs[0])
        else:
            with pytest.raises(RuntimeError, match="3"):
                guard.on_train_batch_end(3, logs[0])
    runs = [run(k, lambda k: k.TerminateOnNaN(), logs) for k in BOTH]
    assert runs[0][2] == runs[1][2]
    assert runs[0][0].stop_training is runs[1][0].stop_training is (loss not in (1.0, None))


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_swap_ema_weights(swap_on_epoch: bool) -> None:
    traces = []
    for k, package in zip(BOTH, (minikeras, keras), strict=True):
        optimizer: Any = type("Ema", (), {"use_ema": True, "learning_rate": 0.1})()
        optimizer._trainable_variables = [package.Variable([1.0, 2.0]), package.Variable(3.0)]
        optimizer._model_variables_moving_average = [package.Variable([10.0, 20.0]), package.Variable(30.0)]
        swap = k.SwapEMAWeights(swap_on_epoch)
        swap.set_model(Model(optimizer))
        swap.set_params({"epochs": 2})
        trace: list[Any] = []

        def note(trace: list[Any] = trace, optimizer: Any = optimizer) -> None:
            for group in (optimizer._trainable_variables, optimizer._model_variables_moving_average):
                trace.extend(np.asarray(v).tolist() for v in group)

        swap.on_predict_begin()
        note()
        for epoch in range(2):
            swap.on_epoch_begin(epoch)
            note()
            swap.on_test_begin()
            note()
            swap.on_test_end()
            note()
            swap.on_epoch_end(epoch)
            note()
        traces.append(trace)
        wrong = k.SwapEMAWeights()
        wrong.set_model(Model(type("Plain", (), {"use_ema": False, "learning_rate": 0.1})()))
        with pytest.raises(ValueError, match="use_ema=True"):
            wrong.on_test_begin()
    assert traces[0] == traces[1]


def test_backup_and_restore(tmp_path: Path) -> None:
    """The same interruptions lead to the same epochs and weights; only the files differ."""
    found = []
    for k, package in zip(BOTH, (minikeras, keras), strict=True):
        results: list[Any] = []
        for frequency, double in (("epoch", False), ("epoch", True), (3, False), (1, True)):
            folder = tmp_path / package.__name__ / f"{frequency}-{double}"
            model = package.Sequential([package.Input((1,)), package.layers.Dense(1, kernel_initializer="zeros")])
            vars(model).setdefault("optimizer", None)
            vars(model).setdefault("_initial_epoch", None)
            for interrupted_at in (2, 4, None):
                backup = k.BackupAndRestore(str(folder), save_freq=frequency, double_checkpoint=double)
                backup.set_model(model)
                model._initial_epoch = None
                model.set_weights([np.zeros((1, 1)), np.zeros(1)])
                backup.on_train_begin()
                results.append((model._initial_epoch, [w.tolist() for w in model.get_weights()]))
                for epoch in range(model._initial_epoch or 0, 6):
                    backup.on_epoch_begin(epoch)
                    for batch in range(4):
                        model.set_weights([w + 1 for w in model.get_weights()])
                        backup.on_train_batch_end(batch)
                    if epoch == interrupted_at:
                        break
                    backup.on_epoch_end(epoch)
                else:
                    backup.on_train_end()
                results.append(folder.exists())
        found.append(results)
        unbuilt = k.BackupAndRestore(str(tmp_path))
        unbuilt.set_model(package.Sequential([package.layers.Dense(1)]))
        with pytest.raises(ValueError, match="built"):
            unbuilt.on_train_begin()
    assert found[0] == found[1]


def test_our_words_for_what_both_refuse_name_the_value() -> None:
    with pytest.raises(ValueError, match=re.escape("save_freq='batch'")):
        ours.BackupAndRestore("x", save_freq="batch")  # type: ignore[arg-type]
