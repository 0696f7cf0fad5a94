"""Callbacks, driven by hand as `fit` drives them."""

import io
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

import minikeras as keras
from minikeras import callbacks
from minikeras.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TerminateOnNaN,
)
from minikeras.saving import load_weights

Logs = dict[str, Any]


class Net(keras.Sequential):
    """A compiled model; each step adds one to all weights."""

    optimizer: Any

    def __init__(self) -> None:
        super().__init__([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        self.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
        self.stop_training = False

    def step(self) -> None:
        self.set_weights([w + 1 for w in self.get_weights()])

    def value(self) -> float:
        return float(self.get_weights()[1][0])


def fit(model: Net, epochs: int, *made: Callback, batches: int = 2, stop_at: int | None = None) -> None:
    """Run epochs, and end as if the power failed after the batches of one of them."""
    hooks = CallbackList(list(made), model=model, epochs=epochs, steps=batches, verbose=0)
    model._initial_epoch = None
    hooks.on_train_begin()
    for epoch in range(model._initial_epoch or 0, epochs):
        hooks.on_epoch_begin(epoch)
        for batch in range(batches):
            hooks.on_train_batch_begin(batch)
            model.step()
            hooks.on_train_batch_end(batch, {"loss": model.value()})
        if epoch == stop_at:
            return
        hooks.on_epoch_end(epoch, {"loss": model.value()})
    hooks.on_train_end()


class Lazy(Mapping[str, Any]):
    """Logs that count how often they are read."""

    def __init__(self, **values: Any) -> None:
        self.values_ = values
        self.reads = 0

    def __getitem__(self, name: str) -> Any:
        self.reads += 1
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


# --- the list -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", callbacks.__all__)
def test_all_are_callbacks(name: str) -> None:
    assert issubclass(getattr(callbacks, name), Callback)


def test_listens_only_where_a_hook_is_overridden() -> None:
    class Nothing(Callback):
        pass

    class Old(Callback):
        def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            pass

    hooks = CallbackList([Nothing(), History()])
    assert not any(hooks.listens(h) for h in dir(Callback) if h.startswith("on_") and "epoch_end" not in h
                   and h != "on_train_begin")  # fmt: skip
    assert hooks.listens("on_epoch_end")
    assert CallbackList(Old()).listens("on_train_batch_end")
    assert not CallbackList(Old()).listens("on_train_batch_begin")
    assert CallbackList(ProgbarLogger()).listens("on_predict_batch_end")
    assert CallbackList(LambdaCallback(on_test_batch_end=print)).listens("on_test_batch_end")
    assert CallbackList([CallbackList(Old())]).listens("on_train_batch_end")


def test_a_hook_set_later_is_seen_from_the_next_epoch() -> None:
    seen: list[int] = []
    callback = Callback()
    hooks = CallbackList(callback)
    hooks.on_epoch_begin(0)
    hooks.on_train_batch_end(0, {})
    setattr(callback, "on_train_batch_end", lambda batch, logs: seen.append(batch))  # noqa: B010 - mypy refuses it
    hooks.on_epoch_begin(1)
    hooks.on_train_batch_end(1, {})
    assert seen == [1]


def test_logs_are_read_only_for_those_who_want_them() -> None:
    hooks = CallbackList(add_history=True, add_progbar=True, verbose=2, epochs=1, steps=3)
    lazy: Any = Lazy(loss=np.float32(0.5), accuracy=keras.Tensor(np.array(1.0)))
    for batch in range(3):
        hooks.on_train_batch_end(batch, lazy)
    assert lazy.reads == 0
    seen: list[Any] = []
    more = CallbackList(LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs)), add_progbar=True,
                        verbose=2, epochs=1, steps=3)  # fmt: skip
    more.on_train_batch_end(0, lazy)
    assert seen == [{"accuracy": 1.0, "loss": 0.5}]
    assert [type(value) for value in seen[0].values()] == [float, float]


def test_arrays_in_logs_stay_arrays() -> None:
    seen: list[Any] = []
    hooks = CallbackList(LambdaCallback(on_predict_batch_end=lambda batch, logs: seen.append(logs["outputs"])))
    for outputs in (np.ones((1, 1)), keras.Tensor(np.ones((2, 1))), [np.ones(1)]):
        hooks.on_predict_batch_end(0, {"outputs": outputs})
    assert [type(x) for x in seen] == [np.ndarray, np.ndarray, list]
    assert seen[0].shape == (1, 1)


def test_only_callbacks_are_taken() -> None:
    for wrong in ([History], ["history"], "history", [[None, 3]]):
        with pytest.raises(TypeError, match="must hold callbacks"):
            CallbackList(wrong)
    assert CallbackList(()).callbacks == []
    assert len(CallbackList(iter([History(), [History()]])).callbacks) == 2


def test_subclasses_need_not_call_super() -> None:
    class Mine(Callback):
        def __init__(self) -> None:
            self.seen = 0

    mine, model = Mine(), Net()
    before: Any = mine.model, mine.params
    assert before == (None, None)
    CallbackList([mine], model=model, epochs=3)
    assert mine.model is model
    assert mine.params == {"epochs": 3}


def test_predict_runs_callbacks() -> None:
    seen: list[Any] = []
    watch = LambdaCallback(on_predict_batch_end=lambda batch, logs: seen.append((batch, logs["outputs"].shape)))
    Net().predict(np.ones((5, 2)), batch_size=2, verbose=0, callbacks=[watch])
    assert seen == [(0, (2, 1)), (1, (2, 1)), (2, (1, 1))]


# --- what is printed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [0, 2, "auto"])
def test_params_have_verbose_as_it_was_given(verbose: Any) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((2, 1)), np.ones(2), verbose=verbose)
    assert history.params == {"verbose": verbose, "epochs": 1, "steps": 1}


def test_verbose_3_numbers_the_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((2, 1))
    model.fit(x, x, epochs=2, verbose=3, validation_data=(x, x))
    model.evaluate(x, x, verbose=3)
    model.predict(x, verbose=3)
    assert capsys.readouterr().out.splitlines() == ["Epoch 1/2", "Epoch 2/2"]


@pytest.mark.parametrize("verbose", [1, "auto"])
def test_a_log_reads_well(capsys: pytest.CaptureFixture[str], verbose: Any) -> None:
    hooks = CallbackList(add_progbar=True, verbose=verbose, epochs=2, steps=3)
    hooks.on_train_begin()
    for epoch in range(2):
        hooks.on_epoch_begin(epoch)
        for batch in range(3):
            hooks.on_train_batch_end(batch, {"loss": 1.0})
        hooks.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 0.25})
    hooks.on_train_end()
    first, bar, *_ = lines = capsys.readouterr().out.splitlines()
    assert (first, lines[2], len(lines)) == ("Epoch 1/2", "Epoch 2/2", 4)
    assert bar.startswith("3/3 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    assert bar.endswith("/step - loss: 0.5000 - val_loss: 0.2500")


def test_an_interrupted_bar_ends_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    setattr(terminal, "isatty", lambda: True)  # noqa: B010 - mypy refuses it
    monkeypatch.setattr(sys, "stdout", terminal)
    hooks = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=3)
    hooks.close()
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.close()
    assert terminal.getvalue() == ""
    hooks.on_train_batch_end(0, {"loss": 1.0})
    assert terminal.getvalue().endswith("loss: 1.0000")
    hooks.close()
    hooks.close()
    assert terminal.getvalue().endswith("loss: 1.0000\n")
    CallbackList().close()


# --- one by one -----------------------------------------------------------------------------------------------


def test_history_keeps_epochs_of_the_last_run() -> None:
    model, history = Net(), History()
    fit(model, 2, history)
    fit(model, 1, history)
    assert history.history == {"loss": [2.0, 4.0, 6.0]}
    assert history.epoch == [0]
    assert model.history is history


def test_early_stopping_by_hand() -> None:
    """Best at epoch 1; epochs 2 and 3 are no better by more than 0.1, so training stops and goes back."""
    model = Net()
    stop = EarlyStopping("loss", min_delta=0.1, patience=2, restore_best_weights=True)
    stop.set_model(model)
    stop.on_train_begin()
    for epoch, loss in enumerate([3.0, 2.0, 1.95, 2.5]):
        model.step()
        assert not model.stop_training
        stop.on_epoch_end(epoch, {"loss": loss})
    stop.on_train_end()
    assert model.stop_training
    assert (stop.stopped_epoch, stop.best_epoch, stop.best, stop.wait) == (3, 1, 2.0, 2)
    assert model.value() == 2.0


class Metric:
    def __init__(self, name: str, direction: str | None) -> None:
        self.name = name
        if direction:
            self._direction = direction


class Container:
    name = "compile_metrics"
    metrics = (Metric("accuracy", "up"), Metric("error", "down"), Metric("custom", None))


@pytest.mark.parametrize(("name", "best"), [("accuracy", 3.0), ("error", 1.0), ("auc", 3.0), ("loss", 1.0)])
def test_mode_auto_asks_the_model(name: str, best: float) -> None:
    class Model:
        metrics = (Metric("loss", "down"), Container(), Metric("auc", "up"))
        stop_training = False

    for monitor in (name, f"val_{name}"):
        stop = EarlyStopping(monitor)
        stop.set_model(Model())
        for epoch, value in enumerate([2.0, 3.0, 1.0]):
            stop.on_epoch_end(epoch, {monitor: value})
        assert stop.best == best
    for monitor in ("custom", "val_nothing"):
        for watch in (EarlyStopping(monitor), ReduceLROnPlateau(monitor), ModelCheckpoint("x.keras", monitor)):
            watch.set_model(Model())
            with pytest.raises(ValueError, match=monitor):
                watch.on_epoch_end(0, {monitor: 1.0})


def test_digits_beyond_float32_decide_nothing() -> None:
    stop = EarlyStopping("loss", min_delta=0.1, patience=1)
    stop.set_model(Net())
    stop.on_epoch_end(0, {"loss": 0.8})
    stop.on_epoch_end(1, {"loss": 0.7})  # 0.7 + 0.1 is a little less than 0.8, as Python counts
    assert stop.best == 0.8


def test_reduce_lr_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """0.1, halved after two epochs without improvement, then a pause of one, then halved again to the minimum."""
    model, rates = Net(), []
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=2, cooldown=1, min_lr=0.03)
    reduce.set_model(model)
    reduce.on_train_begin()
    for epoch in range(8):
        logs = {"loss": 1.0}
        reduce.on_epoch_end(epoch, logs)
        rates.append(round(float(model.optimizer.learning_rate), 6))
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.03, 0.03, 0.03, 0.03]
    assert logs["learning_rate"] == pytest.approx(0.03)
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="a factor >= 1"):
        ReduceLROnPlateau(factor=1.0)


def test_a_schedule_may_give_a_tensor() -> None:
    model = Net()
    scheduler = LearningRateScheduler(lambda epoch, rate: rate * keras.ops.exp(-float(epoch)))
    scheduler.set_model(model)
    scheduler.on_epoch_begin(1)
    logs: Logs = {}
    scheduler.on_epoch_end(1, logs)
    assert logs == {"learning_rate": pytest.approx(0.1 * np.exp(-1))}
    for wrong in (keras.Tensor(np.ones(1, "float32")), keras.Tensor(np.array(1)), np.ones(1)):
        scheduler.schedule = lambda epoch, rate, value=wrong: value
        with pytest.raises(ValueError, match="should be a float"):
            scheduler.on_epoch_begin(0)
    scheduler.on_epoch_end(0)


class Tracked(ModelCheckpoint):
    """A checkpoint as Weights & Biases and others derive it: Keras's methods say when and where it saves."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.paths: list[Path] = []

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._should_save_on_batch(batch):
            self._save_model(epoch=self._current_epoch, batch=batch, logs=logs)
            self.paths.append(Path(self._get_file_path(epoch=self._current_epoch, batch=batch, logs=logs)))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        if self.save_freq == "epoch":
            self.paths.append(Path(self._get_file_path(epoch=epoch, batch=None, logs=logs)))


@pytest.mark.parametrize(("freq", "name", "saved"), [
    ("epoch", "{epoch}-{loss:.0f}", ["1-2", "2-4"]), (3, "{epoch}-{batch}", ["2-1"])])  # fmt: skip
def test_a_tracker_learns_what_a_checkpoint_saves(tmp_path: Path, freq: Any, name: str, saved: list[str]) -> None:
    checkpoint = Tracked(tmp_path / f"{name}.weights.npz", "loss", save_weights_only=True, save_freq=freq)
    fit(Net(), 2, checkpoint)
    assert sorted(tmp_path.iterdir()) == checkpoint.paths == [tmp_path / f"{stem}.weights.npz" for stem in saved]


@pytest.mark.parametrize("ending", ["weights.npz", "npz"])
def test_checkpoints_are_weights_of_the_epoch(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "new" / f"{{epoch:02d}}-{{loss:.1f}}.{ending}"
    fit(Net(), 3, ModelCheckpoint(path, save_weights_only=True, monitor="loss", mode="max", save_best_only=True))
    assert sorted(p.name for p in path.parent.iterdir()) == [f"0{i + 1}-{i * 2 + 2}.0.{ending}" for i in range(3)]
    model = Net()
    load_weights(model, path.parent / f"02-4.0.{ending}")
    assert model.value() == 4.0


def test_checkpoints_by_batch(tmp_path: Path) -> None:
    path = tmp_path / "{epoch}-{batch}.npz"
    fit(Net(), 2, ModelCheckpoint(path, save_weights_only=True, save_freq=3), batches=4)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1-3.npz", "2-2.npz"]
    best = ModelCheckpoint("{batch}.npz", "loss", save_best_only=True, save_weights_only=True, save_freq=1)
    best.set_model(saved := Saved())
    for batch, loss in enumerate([0.5, 0.6, 0.4]):  # before the first epoch has ended
        best.on_train_batch_end(batch, {"loss": loss})
    assert saved.paths == ["1.npz", "3.npz"]


class Saved:
    def __init__(self) -> None:
        self.paths: list[str] = []

    def save_weights(self, path: str, overwrite: bool) -> None:
        self.paths.append(path)


def test_checkpoints_name_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    checkpoint = ModelCheckpoint(tmp_path / "folder.npz", save_weights_only=True)
    checkpoint.set_model(Net())
    with pytest.raises(IsADirectoryError, match="a directory"):
        checkpoint.on_epoch_end(0)
    checkpoint = ModelCheckpoint("{accuracy}.npz", save_weights_only=True)
    checkpoint.set_model(Net())
    with pytest.raises(KeyError, match=r"accuracy.*They have: loss"):
        checkpoint.on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ValueError, match=r"'\.keras'.*x\.npz"):
        ModelCheckpoint("x.npz")
    checkpoint = ModelCheckpoint("x.npz", "loss", save_best_only=True, save_weights_only=True)
    checkpoint.set_model(Saved())
    with pytest.warns(UserWarning, match="scalar"):
        checkpoint.on_epoch_end(0, {"loss": np.ones(2)})


def test_backup_restores_weights_optimizer_and_epoch(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    first = Net()
    first.optimizer.learning_rate = 0.25
    fit(first, 5, BackupAndRestore(folder), stop_at=3)
    assert (folder / "latest.npz").exists()
    again, epochs = Net(), []
    fit(again, 5, BackupAndRestore(folder), LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch)))
    assert epochs == [3, 4]
    assert again.value() == 10.0
    assert float(again.optimizer.learning_rate) == 0.25
    assert again.optimizer.built
    assert not folder.exists()


def test_backup_within_an_epoch(tmp_path: Path) -> None:
    """Six batches are saved of two epochs of four; the second epoch, begun anew, starts from the weights of then."""
    for stop_at in (1, 1):  # the second run is interrupted before it has finished an epoch itself
        model = Net()
        fit(model, 3, BackupAndRestore(tmp_path, save_freq=3), batches=4, stop_at=stop_at)
        assert model._initial_epoch in (None, 1)
    model = Net()
    fit(model, 3, BackupAndRestore(tmp_path, save_freq=3, delete_checkpoint=False), batches=4, stop_at=1)
    assert model._initial_epoch == 1
    assert model.value() == 6 + 3 + 4
    fit(Net(), 3, BackupAndRestore(tmp_path, delete_checkpoint=False))
    ended = Net()
    fit(ended, 3, BackupAndRestore(tmp_path))
    assert ended._initial_epoch == 3
    assert not tmp_path.exists()
    never = tmp_path / "never"
    fit(Net(), 2, BackupAndRestore(never, save_freq=False, delete_checkpoint=False))
    assert not never.exists()


def test_generators_in_lists_are_backed_up(tmp_path: Path) -> None:
    class Noise(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seeds = [keras.random.SeedGenerator(1), keras.random.SeedGenerator(2)]

        def call(self, x: Any) -> Any:
            return x + sum(keras.random.normal(x.shape, seed=seed) for seed in self.seeds)

    def weights(*epochs: int) -> Any:
        for count in epochs:
            keras.utils.set_random_seed(3)
            model = keras.Sequential([keras.Input((2,)), Noise(), keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            backup = BackupAndRestore(tmp_path, delete_checkpoint=count == 4)
            model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=count, callbacks=[backup], verbose=0)
        return model.get_weights()

    assert [w.tolist() for w in weights(2, 4)] == [w.tolist() for w in weights(4)]


def test_each_optimizer_of_a_model_is_backed_up(tmp_path: Path) -> None:
    class Two(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = keras.layers.Dense(2), keras.layers.Dense(1)
            self.further = keras.optimizers.Adam(0.1)

        def call(self, x: Any) -> Any:
            return self.last(self.first(x))

        def train_step(self, data: Any) -> Any:
            with keras.GradientTape() as tape:
                loss = keras.ops.mean(keras.ops.square(data[1] - self(data[0])))
            weights = [self.first.trainable_weights, self.last.trainable_weights]
            slopes: Any = tape.gradient(loss, weights)
            for optimizer, grads, variables in zip((self.optimizer, self.further), slopes, weights, strict=True):
                optimizer.apply_gradients(zip(grads, variables, strict=True))
            return {"loss": loss}

    def state(*epochs: int, build: bool = True) -> Any:
        for count in epochs:
            keras.utils.set_random_seed(3)
            model = Two()
            model(np.ones((1, 2)))
            model.compile("adam")
            if build:
                model.further.build(model.last.trainable_weights)
            backup = BackupAndRestore(tmp_path, delete_checkpoint=count == 4)
            model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=count, callbacks=[backup], verbose=0)
        return [v.numpy().tolist() for x in (model, model.optimizer, model.further) for v in x.variables]

    assert state(2, 4) == state(4)
    with pytest.warns(UserWarning, match=r"`model\.further` begins anew: .* 2 variables, the backup 6.* `fit`"):
        state(2, 4, build=False)


def test_a_second_name_of_the_optimizer_leaves_its_place_in_a_backup(tmp_path: Path) -> None:
    model: Any = Net()
    model.a_second_name = model.optimizer
    fit(model, 1, BackupAndRestore(tmp_path, delete_checkpoint=False))
    with np.load(tmp_path / "latest.npz") as saved:  # as in the files of earlier versions
        places = {name.split("/")[0] for name in saved}
    assert "optimizer" in places
    assert "a_second_name" not in places


def test_what_a_layer_says_to_save_is_backed_up(tmp_path: Path) -> None:
    class Counting(keras.layers.Layer):
        seen = 0

        def call(self, x: Any) -> Any:
            return x

        def see(self, batch: int, logs: Any) -> None:
            self.seen += 1

        def save_own_variables(self, store: Any) -> None:
            store["seen"] = np.array(self.seen)

        def load_own_variables(self, store: Any) -> None:
            self.seen = int(store["seen"])

    def seen(*epochs: int) -> int:
        for count in epochs:
            layer = Counting()
            model = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            backup = BackupAndRestore(tmp_path, delete_checkpoint=count == 4)
            count_batches = LambdaCallback(on_train_batch_end=layer.see)
            model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=count, callbacks=[count_batches, backup], verbose=0)
        return layer.seen

    assert seen(2, 4) == seen(4) == 4


def test_a_fit_after_a_resumed_one_starts_anew(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model.fit(x, y, epochs=2, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)], verbose=0)
    assert model.fit(x, y, epochs=4, callbacks=[BackupAndRestore(tmp_path)], verbose=0).epoch == [2, 3]
    assert model.fit(x, y, epochs=2, verbose=0).epoch == [0, 1]


def test_a_damaged_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **arrays: Any) -> None:
        raise KeyboardInterrupt

    fit(Net(), 4, BackupAndRestore(tmp_path, double_checkpoint=True), stop_at=3)
    (tmp_path / "latest.npz").write_bytes(b"PK\x03\x04 torn")
    model = Net()
    backup = BackupAndRestore(tmp_path, double_checkpoint=True)
    backup.set_model(model)
    backup.on_train_begin()
    assert (model._initial_epoch, model.value()) == (2, 4.0)
    (tmp_path / "previous.npz").rename(tmp_path / "latest.npz")
    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", interrupted)
        with pytest.raises(KeyboardInterrupt):
            backup.on_epoch_end(5)  # whose file is never whole
    again = BackupAndRestore(tmp_path, double_checkpoint=True)
    again.set_model(model := Net())
    again.on_train_begin()
    assert (model._initial_epoch, model.value()) == (2, 4.0)
    (tmp_path / "previous.npz").rename(tmp_path / "latest.npz")
    (tmp_path / "latest.npz").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(ValueError, match=r"latest\.npz.*cannot be loaded"):
        backup.on_train_begin()


def test_a_backup_of_another_model_changes_nothing(tmp_path: Path) -> None:
    fit(Net(), 4, BackupAndRestore(tmp_path), stop_at=3)
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.Dense(2)])
    before = other.get_weights()
    backup = BackupAndRestore(tmp_path)
    backup.set_model(other)
    with pytest.raises(ValueError, match="do not fit"):
        backup.on_train_begin()
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))


def test_only_the_backup_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not lose")
    fit(Net(), 2, BackupAndRestore(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_swapped_averages_come_back() -> None:
    model = Net()
    model.step()
    model.optimizer.build(model.trainable_variables)
    swap = SwapEMAWeights()
    swap.set_model(model)
    for kind in ("test", "predict"):
        getattr(swap, f"on_{kind}_begin")()
        assert model.value() == 0.0
        getattr(swap, f"on_{kind}_end")()
        assert model.value() == 1.0
    model.optimizer._model_variables_moving_average = []
    with pytest.raises(ValueError, match="use_ema=True"):
        swap.on_test_begin()


def test_csv_file_is_whole_after_each_epoch(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    logger = CSVLogger(path, append=True)
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 0.5})
    assert path.read_text() == "epoch,loss,val_loss\n0,0.5,NA\n"
    again = CSVLogger(path, append=True)
    again.on_train_begin()
    again.on_epoch_end(1, {"loss": 0.25, "val_loss": 1.0})
    assert path.read_text() == "epoch,loss,val_loss\n0,0.5,NA\n1,0.25,1.0\n"


@pytest.mark.parametrize(
    "more", [[], [LambdaCallback(on_train_batch_end=lambda batch, logs: None)]], ids=["", "watched"]
)
def test_a_stop_before_an_epoch_lets_one_execution_pass(more: list[Callback]) -> None:
    class Stop(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = True

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=4)
    model.fit(np.ones((64, 1)), np.ones((64, 1)), batch_size=4, epochs=2, verbose=0, callbacks=[Stop(), *more])
    assert int(model.optimizer.iterations) == 4


def test_a_stop_before_an_evaluation_lets_one_batch_pass() -> None:
    class Stop(Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            self.model.stop_evaluating = True

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    x, y = np.ones((64, 1)), np.arange(64.0)[:, None]
    for _ in range(3):  # later ones join small batches where nobody looks
        assert model.evaluate(x, y, batch_size=4, verbose=0, callbacks=[Stop()]) == 3.5
    model.fit(x, y, verbose=0, validation_data=(x, y), validation_batch_size=4, callbacks=[Stop()])


def test_nan_stops_training(capsys: pytest.CaptureFixture[str]) -> None:
    model, stopped = Net(), []
    hooks = CallbackList(TerminateOnNaN(), model=model)
    for batch, loss in enumerate(("1", "nan")):
        hooks.on_train_batch_end(batch, {"loss": np.float32(loss)})
        stopped.append(model.stop_training)
    hooks.on_train_batch_end(2)
    assert stopped == [False, True]
    assert capsys.readouterr().out == "Batch 1: Invalid loss, terminating training\n"


def test_lambda_callback_refuses_what_is_no_hook() -> None:
    with pytest.raises(TypeError, match="'on_epoch_ends', which is no hook"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="set_model"):
        LambdaCallback(set_model=print)


def test_lambda_callback_takes_further_names() -> None:
    epochs: list[int] = []
    callback: Any = LambdaCallback(on_epoch_end=lambda epoch, logs: callback.note(epoch), note=epochs.append)
    callback.on_epoch_end(3, {})
    assert epochs == [3]


# --- a server that is told ------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_json", [False, True])
def test_remote_monitor(as_json: bool) -> None:
    got: list[tuple[str, str, str, bytes]] = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(500 if got else 200)
            got.append((self.path, self.headers["Content-Type"], self.headers["X-Key"], body))
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        server.timeout = 10

        def serve() -> None:
            server.handle_request()
            server.handle_request()

        thread = threading.Thread(target=serve)
        thread.start()
        root = f"http://127.0.0.1:{server.server_port}"
        monitor = callbacks.RemoteMonitor(
            root, "/log", headers={"X-Key": "k"} if as_json else None, send_as_json=as_json
        )
        monitor.on_epoch_end(2, {"loss": np.float32(0.5), "accuracy": 1.0})
        with pytest.warns(UserWarning, match="could not reach .* 500"):
            monitor.on_epoch_end(3, {})
        thread.join()
    path, kind, key, body = got[0]
    text = body.decode() if as_json else parse_qs(body.decode())["data"][0]
    assert (path, kind, key) == (
        "/log",
        "application/" + ("json" if as_json else "x-www-form-urlencoded"),
        "k" if as_json else None,
    )
    assert json.loads(text) == {"epoch": 2, "loss": 0.5, "accuracy": 1.0}
    with pytest.warns(UserWarning, match="could not reach"):  # since the server has gone
        monitor.on_epoch_end(3, {})


def test_hooks_of_batches_run_once_for_the_steps_of_an_execution() -> None:
    seen: list[Any] = []

    class Watch(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, *logs))

        on_test_batch_end = on_train_batch_end

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, logs["outputs"].shape))

    x, y = np.ones((13, 2)), np.ones((13, 1))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="steps_per_execution"):
        model.compile("sgd", "mse", steps_per_execution="auto")  # type: ignore[arg-type]
    model.compile("sgd", "mse", steps_per_execution=3)
    model.fit(x, y, batch_size=2, callbacks=[Watch()], verbose=0)
    assert seen == [0, (2, "loss"), 3, (5, "loss"), 6, (8, "loss")]
    seen.clear()
    model.evaluate(x, y, batch_size=2, callbacks=[Watch()], verbose=0)
    assert seen == [(2, "loss"), (5, "loss"), (8, "loss")]
    seen.clear()
    model.predict(x, batch_size=2, callbacks=[Watch()], verbose=0)
    assert seen == [(2, (6, 1)), (5, (6, 1)), (8, (1, 1))]


@pytest.mark.parametrize("often", [0, -1, False, 1.5])
def test_a_checkpoint_that_would_never_be_saved_is_refused(often: Any) -> None:
    with pytest.raises(ValueError, match="`save_freq` must be 'epoch' or at least 1"):
        ModelCheckpoint("m.keras", save_freq=often)


def test_checkpoints_say_before_the_first_step_that_they_need_h5py(monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setitem(sys.modules, "h5py", None)
    before = model.get_weights()
    with pytest.raises(ImportError, match=r"\[h5\]"):
        model.fit(np.ones((8, 3)), np.ones(8), verbose=0, callbacks=[callbacks.ModelCheckpoint("model.keras")])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_model_that_saves_itself_needs_no_h5py(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(keras.Sequential):
        def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
            saved.append(filepath)

    saved: list[Any] = []
    model = Own([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setitem(sys.modules, "h5py", None)
    model.fit(np.ones((8, 3)), np.ones(8), verbose=0, callbacks=[callbacks.ModelCheckpoint("model.keras")])
    assert saved == ["model.keras"]


def test_fit_takes_a_list_that_is_made_already() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    hooks = CallbackList([], add_history=True, model=model)
    assert model.fit(np.ones((2, 3)), np.ones((2, 1)), callbacks=hooks, verbose=0) is hooks.history


def test_the_older_hooks_of_batches_are_those_of_training() -> None:
    seen: list[Any] = []

    class Old(Callback):
        def on_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, *logs))

    x, y = np.ones((4, 2)), np.ones((4, 1))
    Net().fit(x, y, batch_size=2, validation_data=(x, y), verbose=0, callbacks=[Old()])
    assert seen == [0, (0, "loss"), 1, (1, "loss")]


@pytest.mark.parametrize("verbose", [1, 2])
def test_validation_leaves_the_bar_of_training(capsys: pytest.CaptureFixture[str], verbose: int) -> None:
    def batches(count: int) -> Iterator[Any]:
        return ((np.ones((2, 2)), np.ones((2, 1))) for _ in range(count))

    model = Net()
    model.fit(batches(3), validation_data=batches(5), verbose=verbose)
    text = capsys.readouterr().out
    assert "3/3" in text
    assert "5/5" not in text
    assert text.count("val_loss") == 1
    for run in (model.evaluate, model.predict):
        run(batches(5), verbose=verbose)
        assert "5/5" in capsys.readouterr().out


def test_averages_are_seen_between_epochs_and_stay_at_the_end() -> None:
    seen: list[float] = []

    class Watch(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            seen.append(model.value())

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(model.value())

    model = Net()
    model.compile(keras.optimizers.SGD(0.25, use_ema=True, ema_momentum=0.5), "mse")
    # Half of the way to 8 in each step: 4, 6, 7; and averages 4, 5, 6.
    swap = SwapEMAWeights(swap_on_epoch=True)
    model.fit(np.zeros((2, 2)), np.full((2, 1), 8.0), epochs=3, verbose=0, callbacks=[swap, Watch()])
    assert seen == [0, 4, 4, 5, 6, 6]
    assert model.value() == 6


def test_a_rate_at_its_minimum_is_left_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    model = Net()
    model.optimizer.learning_rate = 0.5
    plateau = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_lr=0.25, verbose=1, cooldown=1)
    plateau.set_model(model)
    states = []
    for epoch in range(5):
        plateau.on_epoch_end(epoch, {"loss": 1.0})
        states.append((float(model.optimizer.learning_rate), plateau.cooldown_counter, plateau.wait))
    assert states == [(0.5, 0, 0), (0.25, 1, 0), (0.25, 0, 1), (0.25, 0, 2), (0.25, 0, 3)]
    assert capsys.readouterr().out == "\nEpoch 2: ReduceLROnPlateau reducing learning rate to 0.25.\n"


@pytest.mark.parametrize("verbose", [0, 1])
def test_what_callbacks_say(tmp_path: Path, capsys: pytest.CaptureFixture[str], verbose: int) -> None:
    model, path = Net(), str(tmp_path / "w.weights.h5")
    stop = EarlyStopping("loss", patience=1, restore_best_weights=True, verbose=verbose)
    best = ModelCheckpoint(path, "loss", verbose, save_best_only=True, save_weights_only=True)
    each = ModelCheckpoint(path, "loss", verbose, save_weights_only=True)
    for made in (stop, best, each):
        made.set_model(model)
        made.on_train_begin()
        for epoch, loss in enumerate([2.0, 1.0, 3.0]):
            made.on_epoch_end(epoch, {"loss": loss})
        made.on_train_end()
    saved = [f"Epoch {i}: {what}saving model to {path}" for i in (1, 2, 3) for what in ("", "finished ")]
    lines = [
        "Epoch 3: early stopping",
        "Restoring model weights from the end of the best epoch: 2.",
        f"Epoch 1: loss improved from None to 2.00000, saving model to {path}",
        saved[1],
        f"Epoch 2: loss improved from 2.00000 to 1.00000, saving model to {path}",
        saved[3],
        "Epoch 3: loss did not improve from 1.00000",
        *saved,
    ]
    assert [line for line in capsys.readouterr().out.splitlines() if line] == (lines if verbose else [])


def test_an_unknown_mode_is_the_automatic_one() -> None:
    mode: Any = "least"
    with pytest.warns(UserWarning, match="mode 'least' is unknown"):
        assert EarlyStopping("loss", mode=mode).mode == "auto"
