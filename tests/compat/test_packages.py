"""Packages made for Keras and TensorFlow run on minikeras: tuners, trackers, progress bars, drawings."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

TUNING = """
import sys, json, keras, keras_tuner as kt, numpy as np

x = np.random.default_rng(0).random((64, 3)).astype("float32")
y = x.sum(axis=1, keepdims=True)

def build(hp):
    model = keras.Sequential([keras.Input((3,))])
    for i in range(hp.Int("layers", 1, 2)):
        units, activation = hp.Int(f"units_{i}", 4, 8, step=4), hp.Choice("activation", ["relu", "tanh"])
        model.add(keras.layers.Dense(units, activation=activation))
    if hp.Boolean("dropout"):
        model.add(keras.layers.Dropout(hp.Float("share", 0.1, 0.5, step=0.1)))
    model.add(keras.layers.Dense(1))
    model.compile(keras.optimizers.Adam(hp.Float("rate", 1e-3, 1e-1, sampling="log")), "mse", metrics=["mae"])
    return model

keras.utils.set_random_seed(1)
kind, folder = sys.argv[1:]
options = {"objective": "val_loss", "seed": 3, "directory": folder, "project_name": "tuned"}
options |= {"max_epochs": 3, "factor": 2} if kind == "Hyperband" else {"max_trials": 4}

tuner = getattr(kt, kind)(build, overwrite=True, **options)
tuner.search_space_summary()
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2)
tuner.search(x[:48], y[:48], epochs=3, validation_data=(x[48:], y[48:]), callbacks=[stop], verbose=0)
tuner.results_summary(2)
trials = tuner.oracle.get_best_trials(100)
again = getattr(kt, kind)(build, **options)  # goes on from the files of the search
best = again.get_best_models(2)[0]
loss = best.evaluate(x[48:], y[48:], verbose=0)[0]
space = tuner.oracle.get_space()
print(json.dumps({
    "scores": [trial.score for trial in trials], "loss": loss, "best": tuner.get_best_hyperparameters()[0].values,
    "again": again.get_best_hyperparameters()[0].values, "space": [type(hp).__name__ for hp in space.space],
    "same": kt.HyperParameters.from_config(space.get_config()).get_config() == space.get_config(),
    "units": best.layers[0].units,
}))
"""


def run(code: str, *arguments: Any) -> list[str]:
    command = [sys.executable, "-m", "minikeras", "-", *map(str, arguments)]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(find_spec("keras_tuner") is None, reason="needs keras-tuner")
@pytest.mark.parametrize("kind", ["RandomSearch", "Hyperband", "BayesianOptimization"])
def test_the_quick_start_of_keras_tuner(kind: str, tmp_path: Path) -> None:
    *lines, last = run(TUNING, kind, tmp_path)
    told = json.loads(last)
    assert {"Search space summary", "units_0 (Int)", "Results summary", f"Score: {told['scores'][0]}"} <= set(lines)
    assert told["scores"] == sorted(told["scores"])
    assert len(told["scores"]) >= 4
    assert told["loss"] == pytest.approx(told["scores"][0], rel=1e-4)
    assert told["best"] == told["again"]
    assert told["units"] == told["best"]["units_0"]
    assert {"Int", "Choice", "Boolean", "Float"} == set(told["space"])
    assert told["same"] is True


BOARD = """
import sys, tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api as hp, plugin_data_pb2

folder = sys.argv[1]
units, rate = hp.HParam("units", hp.Discrete([2, 3])), hp.HParam("rate", hp.RealInterval(0.1, 0.2))
with tf.summary.create_file_writer(folder).as_default():
    hp.hparams_config(hparams=[units, rate], metrics=[hp.Metric("loss", display_name="Loss")])
for n in units.domain.values:
    hparams = {units: n, rate: 0.15}
    run = f"{folder}/run-{n}"
    model = tf.keras.Sequential([tf.keras.layers.Dense(n), tf.keras.layers.Dense(1)])
    model.compile(tf.keras.optimizers.SGD(hparams[rate]), "mse")
    callbacks = [tf.keras.callbacks.TensorBoard(run), hp.KerasCallback(run, hparams)]
    model.fit(tf.ones((8, 2)), tf.ones((8, 1)), epochs=2, verbose=0, callbacks=callbacks)
    with tf.summary.create_file_writer(run).as_default():
        hp.hparams(hparams)
        tf.summary.scalar("loss", 0.5, step=1)

def told(folder, tag):
    events = EventAccumulator(folder).Reload()
    return plugin_data_pb2.HParamsPluginData.FromString(events.summary_metadata[tag].plugin_data.content)

experiment = told(folder, "_hparams_/experiment").experiment
print([info.name for info in experiment.hparam_infos], [info.display_name for info in experiment.metric_infos])
for n in units.domain.values:
    start = told(f"{folder}/run-{n}", "_hparams_/session_start_info").session_start_info
    print({name: start.hparams[name].number_value for name in sorted(start.hparams)})
print(told(f"{folder}/run-2", "_hparams_/session_end_info").session_end_info.status)
print(tf.make_ndarray(tf.make_tensor_proto([1.0, 2.0])).tolist())
"""


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="needs tensorboard")
def test_tensorboard_shows_hyperparameters(tmp_path: Path) -> None:
    runs = ["{'rate': 0.15, 'units': 2.0}", "{'rate': 0.15, 'units': 3.0}"]
    assert run(BOARD, tmp_path) == ["['units', 'rate'] ['Loss']", *runs, "1", "[1.0, 2.0]"]


MODEL = """
import os, sys, keras, numpy as np

os.chdir(sys.argv[1])
x, y = np.ones((32, 4)), np.ones((32, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1)])
model.compile("sgd", "mse", metrics=["mae"])
"""
STARTS = {  # package -> a script, and what it prints; with real Keras too
    "tqdm": ("""
import io
from tqdm import tqdm
from tqdm.keras import TqdmCallback

class Bar(tqdm):
    def update(self, n=1):
        super().update(n)
        print(self.n, self.total, *sorted(part.split("=")[0] for part in self.postfix.split(", ")))

bars = TqdmCallback(verbose=1, tqdm_class=Bar, file=io.StringIO())
model.fit(x, y, epochs=2, batch_size=12, validation_split=0.25, verbose=0, callbacks=[bars])
""", ["1 2 loss mae", "2 2 loss mae", "1 2 loss mae val_loss val_mae",
      "1 2 loss mae", "2 2 loss mae", "2 2 loss mae val_loss val_mae"]),
    "visualkeras": ("""
import visualkeras
from visualkeras.layer_utils import model_to_adj_matrix

a, b = keras.Input((4,)), keras.Input((4,))
dense = keras.layers.Dense(2)
y = keras.layers.Add()([dense(a), dense(b)])
model = keras.Model([a, b], [y, keras.layers.Dense(1)(y)])
print([row.astype(int).tolist() for row in model_to_adj_matrix(model)[1]])
print(visualkeras.graph_view(model, show_neurons=False).size)
""", ["[[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]", "(1270, 430)"]),
    "wandb": ("""
os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
import wandb
from wandb.integration.keras import WandbMetricsLogger, WandbModelCheckpoint

run = wandb.init(project="test")
save = [WandbModelCheckpoint("{epoch}.keras", "loss"), WandbModelCheckpoint("b.keras", save_freq=3)]
model.fit(x, y, epochs=2, batch_size=16, verbose=0, callbacks=[WandbMetricsLogger(), *save])
print(sorted(key for key in run.summary.keys() if key.startswith("epoch/")))
print(sorted(name for name in os.listdir() if name.endswith(".keras")))
wandb.finish()
""", ["['epoch/epoch', 'epoch/learning_rate', 'epoch/loss', 'epoch/mae']", "['1.keras', '2.keras', 'b.keras']"]),
    "optuna_integration": ("""
import optuna
from optuna_integration import KerasPruningCallback

def objective(trial):
    again = keras.models.clone_model(model)
    again.compile(keras.optimizers.SGD(trial.suggest_categorical("rate", [0.1, 1e-5])), "mse")
    again.set_weights([np.full_like(w, 0.1) for w in again.get_weights()])
    return again.fit(x, y, epochs=3, verbose=0, callbacks=[KerasPruningCallback(trial, "loss")]).history["loss"][-1]

study = optuna.create_study(sampler=optuna.samplers.GridSampler({"rate": [0.1, 1e-5]}, seed=0),
                            pruner=optuna.pruners.ThresholdPruner(upper=0.5, n_warmup_steps=1))
study.optimize(objective, n_trials=2)
print(sorted((trial.params["rate"], trial.state.name) for trial in study.trials))
""", ["[(1e-05, 'PRUNED'), (0.1, 'COMPLETE')]"]),
}  # fmt: skip


@pytest.mark.parametrize("package", STARTS)
def test_quick_starts(package: str, tmp_path: Path) -> None:
    if find_spec(package) is None:
        pytest.skip(f"needs {package}")
    code, printed = STARTS[package]
    assert run(MODEL + code, tmp_path) == printed
