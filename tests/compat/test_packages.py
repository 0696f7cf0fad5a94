"""Packages made for Keras and TensorFlow run on minikeras: KerasTuner, TensorBoard's plugin for hyperparameters."""

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
