"""Dask's collections: what they give equals what arrays give, on a cluster of processes, one of which is killed."""

import importlib.util
import os
import re
import signal
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
from minikeras import metrics

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
cloudpickle = pytest.importorskip("cloudpickle")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")
pandas = pytest.importorskip("pandas")

X = np.random.default_rng(0).random((1000, 4))
Y = np.asarray(X.sum(axis=1) > 2, "int64")
LAZY_X, LAZY_Y = da.from_array(X, chunks=(150, 2)), da.from_array(Y, chunks=110)
COLUMNS = ["a", "b", "c", "d"]
FRAME = pandas.DataFrame(X, columns=COLUMNS).assign(y=Y)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes on this machine, without a dashboard, at any free ports."""
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}
    # Else the cluster gives up a worker that is killed again, and so absent, just that long after it was killed.
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1 day"}):
        cluster = distributed.LocalCluster(processes=True, n_workers=2, threads_per_worker=1, **options)
        with cluster, distributed.Client(cluster) as client:
            yield client


@pytest.fixture(params=["threads", "processes"])
def where(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have Dask compute in this process, and on a cluster."""
    if request.param == "processes":
        with request.getfixturevalue("client").as_current():
            yield
    else:
        with dask.config.set(scheduler="threads"):
            yield


def net(**options: Any) -> keras.Model:
    keras.utils.set_random_seed(1)
    start = keras.initializers.GlorotUniform(1)  # Dask's threads draw from Python's global stream too
    dense = [keras.layers.Dense(3, "relu", True, start), keras.layers.Dense(1, "sigmoid", True, start)]
    m = keras.Sequential([keras.Input((4,)), *dense])
    m.compile(**{"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy", "AUC"], **options})
    return m


def refuse(block: Any) -> Any:
    raise AssertionError("computed")


def test_predictions_are_lazy_arrays_of_known_shape_and_dtype() -> None:
    model = net()
    lazy: Any = model.predict(LAZY_X.map_blocks(refuse, dtype="float64", meta=X[:0]))
    assert isinstance(lazy, da.Array)
    assert (lazy.shape, lazy.dtype, lazy.chunks) == ((1000, 1), "float32", (LAZY_X.chunks[0], (1,)))
    assert re.fullmatch(r"\(nan, 1\)", str(model.predict(dd.from_pandas(FRAME, npartitions=3)[COLUMNS]).shape))
    fresh = keras.Sequential([keras.layers.Dense(2, dtype="float64")])
    assert fresh.predict(LAZY_X).dtype == "float64"
    assert fresh.built


@pytest.mark.usefixtures("where")
def test_predictions_are_those_of_arrays() -> None:
    model = net()
    expected = model.predict(X, verbose=0)
    lazy: Any = model.predict(LAZY_X, batch_size=50)
    model.set_weights([w * 0 for w in model.get_weights()])  # it is the model as it was
    np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-6)
    np.testing.assert_allclose(lazy[700:710].sum().compute(), expected[700:710].sum(), rtol=1e-5)
    model = net()
    frame = dd.from_pandas(FRAME, npartitions=3)
    np.testing.assert_allclose(np.asarray(model.predict(frame[COLUMNS])), expected, rtol=1e-6)


@pytest.mark.usefixtures("where")
def test_several_inputs_and_outputs() -> None:
    first, second = keras.Input((4,)), keras.Input((2, 3))
    outputs = {"a": keras.layers.Dense(2)(first), "b": keras.layers.Reshape((3, 2))(second)}
    model = keras.Model([first, second], outputs)
    z = np.random.default_rng(1).random((1000, 2, 3))
    lazy_z = da.from_array(z, chunks=(130, 1, 2))
    expected = model.predict([X, z], verbose=0)
    found: Any = model.predict([LAZY_X, lazy_z])
    assert found["b"].shape == (1000, 3, 2)
    for name in outputs:
        np.testing.assert_allclose(found[name].compute(), expected[name], rtol=1e-6)
    model.compile("sgd", {"a": "mse", "b": None})
    targets = {"a": X[:, :2], "b": None}
    lazily = model.evaluate([LAZY_X, lazy_z], {"a": LAZY_X[:, :2], "b": None}, return_dict=True)
    assert lazily == pytest.approx(model.evaluate([X, z], targets, verbose=0, return_dict=True), rel=1e-6)
    before = model.get_weights()
    histories = []
    for x, y in (([X, z], targets), ([LAZY_X, lazy_z], {"a": LAZY_X[:, :2], "b": None})):
        model.set_weights(before)
        histories.append(model.fit(x, y, verbose=0, shuffle=False).history)
    assert histories[0] == histories[1]


class Largest(keras.metrics.Metric):
    """A metric whose state is no sum."""

    def __init__(self) -> None:
        super().__init__(name="largest")
        self.value = self.add_weight((), "zeros", name="value")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.value.assign(keras.ops.maximum(self.value, keras.ops.max(y_pred)))

    def result(self) -> Any:
        return self.value


OWN_METRIC: dict[str, Any] = {"metrics": [Largest()]}
SUMS: dict[str, Any] = {"loss": keras.losses.BinaryCrossentropy(reduction="sum")}


@pytest.mark.usefixtures("where")
def test_evaluations_are_those_of_arrays() -> None:
    for model, size in ((net(), None), (net(**SUMS), 7), (net(**OWN_METRIC), 7)):
        options: Any = {"batch_size": size, "verbose": 0, "return_dict": True}
        expected = model.evaluate(X, Y, sample_weight=X[:, 0], **options)
        found = model.evaluate(LAZY_X, LAZY_Y, sample_weight=X[:, 0], **options)
        assert found == pytest.approx(expected, rel=1e-5)
        assert list(found) == list(expected)
        expected = model.evaluate(FRAME[COLUMNS], FRAME["y"], **options)
        frame = dd.from_pandas(FRAME, npartitions=3)
        assert model.evaluate(frame[COLUMNS], frame["y"], **options) == pytest.approx(expected, rel=1e-5)


ARGUMENTS: dict[str, Any] = {
    "MeanIoU": {"num_classes": 2}, "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2}, "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "BinaryIoU": {"target_class_ids": [0]}, "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5}, "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5}, "MeanRelativeError": {"normalizer": [1.0, 1.0]},
}  # fmt: skip
NO_METRICS = {"Metric", "Mean", "Sum", "MeanMetricWrapper"}


@pytest.mark.parametrize("name", sorted({n for n in metrics.__all__ if n[0].isupper()} - NO_METRICS))
def test_states_of_all_metrics_add_up(name: str) -> None:
    kind, sparse = getattr(metrics, name), name.startswith("Sparse")
    if name == "MeanRelativeError" and not hasattr(metrics, name):
        pytest.skip("not there")
    targets = Y if sparse else np.eye(2, dtype="float32")[Y]
    start = keras.initializers.GlorotUniform(1)  # else rounding might move a prediction over a threshold now and then
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax", True, start)])
    model.compile(loss="mse" if not sparse else "sparse_categorical_crossentropy",
                  metrics=[kind(**ARGUMENTS.get(name, {}))])  # fmt: skip
    expected = model.evaluate(X, targets, verbose=0, return_dict=True)
    with dask.config.set(scheduler="threads"):  # and not on the cluster that a test before may have started
        found = model.evaluate(LAZY_X, da.from_array(targets, chunks=-1), verbose=0, return_dict=True)
    assert list(found) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-6)


def test_threads_evaluate_one_model_in_turn() -> None:
    x = da.from_array(np.arange(96.0)[:, None], chunks=32)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(loss="mse", metrics=["mae"])
    with dask.config.set(scheduler="synchronous"), ThreadPoolExecutor(4) as pool:
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            runs = list(pool.map(lambda k: model.evaluate(x, x + k, verbose=0), range(40)))
        finally:
            sys.setswitchinterval(before)
    assert runs == [[k * k, k] for k in range(40)]


@pytest.mark.usefixtures("where")
def test_training_in_order_is_that_of_arrays_to_the_last_bit() -> None:
    frame = dd.from_pandas(FRAME, npartitions=3)
    options: Any = {"epochs": 2, "shuffle": False, "verbose": 0, "class_weight": {0: 1.0, 1: 2.0}}
    there, here = net(), net()
    expected = here.fit(X, Y, validation_split=0.2, **options).history
    found = there.fit(LAZY_X, LAZY_Y, validation_split=0.2, **options).history
    assert [found[name] for name in expected] == [pytest.approx(expected[name], rel=1e-6) for name in expected]
    assert [w.tolist() for w in there.get_weights()] == [w.tolist() for w in here.get_weights()]
    here.fit(FRAME[COLUMNS], FRAME["y"], **options)
    there.fit(frame[COLUMNS], frame["y"], **options)
    assert [w.tolist() for w in there.get_weights()] == [w.tolist() for w in here.get_weights()]


class Seen(keras.layers.Layer):
    """Keeps the batches that it is called on."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[int]] = []

    def call(self, x: Any) -> Any:
        if isinstance(x, keras.Tensor):
            self.batches.append(np.asarray(x.numpy()[:, 0], int).tolist())
        return x


def seen(seed: int, shuffle: Any) -> list[list[int]]:
    keras.utils.set_random_seed(seed)
    layer = Seen()
    model = keras.Sequential([keras.Input((1,)), layer, keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-6), "mse", run_eagerly=True)
    x = da.arange(100, chunks=20).reshape(100, 1)
    layer.batches.clear()
    model.fit(x, x, batch_size=8, epochs=2, shuffle=shuffle, verbose=0)
    return layer.batches


def test_shuffling_is_within_and_among_chunks_and_follows_the_seed() -> None:
    assert seen(1, False)[:13] == [list(range(k, min(k + 8, 100))) for k in range(0, 100, 8)]
    batches = seen(1, True)
    assert [len(batch) for batch in batches] == 2 * [*12 * [8], 4]
    first, second = ([*chain(*batches[k : k + 13])] for k in (0, 13))
    assert sorted(first) == sorted(second) == list(range(100))
    chunks = [np.array(first[k : k + 20]) for k in range(0, 100, 20)]
    order = [int(chunk[0]) // 20 for chunk in chunks]
    assert [set(chunk // 20) for chunk in chunks] == [{k} for k in order]  # one after the other,
    assert order != sorted(order)  # in an order that is drawn,
    assert all(chunk.tolist() != sorted(chunk) for chunk in chunks)  # and so is that within each,
    assert first != second  # anew in each epoch
    assert seen(1, True) == batches != seen(2, True)
    mixed = seen(1, "batch")
    assert [sorted(batch) for batch in mixed] == seen(1, False)
    assert mixed != seen(1, False)


def test_the_code_of_the_page_runs(client: Any) -> None:
    text = (Path(__file__).parents[2] / "docs" / "dask.md").read_text("utf8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[:2]  # the third is in tests/parity/dask_road.py
    address = client.scheduler.address
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(blocks[0].replace("tcp://scheduler:8786", address), names)
    with names["client"]:
        assert names["outputs"].chunks == (20 * (5_000,), (1,))
        assert names["results"]["accuracy"] > 0.6
        assert 0 < names["share"] < 1
        if importlib.util.find_spec("sklearn"):
            exec(blocks[1], names)
            assert 0 < names["search"].best_score_ < 1


def test_one_chunk_is_in_memory_at_a_time() -> None:
    rows, columns, chunks = 20_000, 50, 10
    x = da.map_blocks(lambda: np.zeros((rows, columns), "float32"), chunks=(chunks * (rows,), (columns,)),
                      dtype="float32", meta=np.empty((0, 0), "float32"))  # fmt: skip
    model = keras.Sequential([keras.Input((columns,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    y = da.zeros((chunks * rows, 1), "float32", chunks=(rows, 1))
    with dask.config.set(scheduler="synchronous"):
        for shuffle in (True, False):
            tracemalloc.start()
            model.fit(x, y, batch_size=1000, shuffle=shuffle, verbose=0)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 1.6 * rows * columns * 4


def test_a_stateful_model_is_refused_or_evaluated_in_order() -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input(batch_shape=(10, 4, 1)), keras.layers.SimpleRNN(2, stateful=True)])
    model.compile(loss="mse")
    x, y = X[:100, :, None], X[:100, :2]
    with pytest.raises(ValueError, match="depends on one row of input alone"):
        model.predict(da.from_array(x, chunks=(20, 4, 1)))
    expected = model.evaluate(x, y, 10, verbose=0)
    layer: Any = model.layers[0]
    layer.reset_state()
    assert model.evaluate(da.from_array(x, chunks=(20, 4, 1)), y, 10, verbose=0) == pytest.approx(expected, rel=1e-6)


def test_what_does_not_fit_is_refused_before_anything_is_computed() -> None:
    model = net()
    for data in (LAZY_X[:, :3], LAZY_X.sum()):
        with pytest.raises(ValueError, match="shape"):
            model.predict(data)
    with pytest.raises(ValueError, match="add up"):
        model.evaluate(LAZY_X, LAZY_Y[:10])
    with pytest.raises(ValueError, match="add up"):
        model.fit(LAZY_X, LAZY_Y[:10])


def test_chunks_of_unknown_length_are_not_paired_with_longer_ones() -> None:
    x = LAZY_X.rechunk({0: 110})
    with pytest.raises(ValueError, match=r"same number of rows\. Received: x: \d+; y: 110"):
        net().fit(x[x[:, 0] > 0.5], LAZY_Y, verbose=0)


def test_weights_go_to_each_worker_once(client: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(20_000), keras.layers.Dense(1)])
    lazy: Any = model.predict(da.from_array(X, chunks=(25, 4)))
    sizes = [len(cloudpickle.dumps(task)) for task in dict(dask.optimize(lazy)[0].__dask_graph__()).values()]
    assert sum(size > 400_000 for size in sizes) == 1
    with client.as_current():
        client.run(lambda dask_worker: dask_worker.transfer_incoming_log.clear())
        lazy.compute()
    logs = client.run(lambda dask_worker: [key for t in dask_worker.transfer_incoming_log for key in t["keys"]])
    received = [sum("bytes" in str(key) for key in keys) for keys in logs.values()]
    assert len(received) == 2
    assert sum(received) == 1  # the other one holds it


def noted(block: Any, folder: Path) -> Any:
    """Return a chunk and leave a note of the process that made it; after some, only when a process is killed."""
    if block.size:
        while len(list(folder.iterdir())) >= 5 and not (folder / "killed").exists():
            time.sleep(0.01)
        (folder / f"{os.getpid()} {time.time_ns()}").touch()
    return block


def kill_one(folder: Path) -> None:
    """Wait for some chunks to be done, and kill the process that made one."""
    while len(done := list(folder.iterdir())) < 5:
        time.sleep(0.01)
    os.kill(int(done[0].name.split()[0]), signal.SIGKILL)
    (folder / "killed").touch()


@pytest.mark.parametrize("method", ["predict", "evaluate", "fit"])
def test_a_run_in_which_a_worker_is_killed_is_complete_and_equal(method: str, client: Any, tmp_path: Path) -> None:
    client.wait_for_workers(2, timeout=120)
    x = da.from_array(X, chunks=(40, 4))
    waiting = x.map_blocks(noted, tmp_path, dtype=x.dtype, meta=X[:0])
    run: Any = {
        "predict": lambda model, x: model.predict(x).compute(),
        "evaluate": lambda model, x: model.evaluate(x, Y),
        "fit": lambda model, x: [model.fit(x, Y, verbose=0), *model.get_weights()][1:],
    }[method]
    with client.as_current():
        expected = run(net(), x)
        threading.Thread(target=kill_one, args=(tmp_path,), daemon=True).start()
        found = run(net(), waiting)
    assert (tmp_path / "killed").exists()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def made(X: Any, y: Any, units: int, folder: Path) -> keras.Model:
    keras.utils.set_random_seed(units)
    (folder / str(os.getpid())).touch()
    start = keras.initializers.GlorotUniform(units)  # as in `net`
    dense = [keras.layers.Dense(units, "relu", kernel_initializer=start), keras.layers.Dense(2, "softmax", True, start)]
    m = keras.Sequential([keras.Input((4,)), *dense])
    m.compile("adam", "categorical_crossentropy")
    return m


def test_a_search_runs_on_the_workers(client: Any, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    import joblib
    from sklearn.model_selection import GridSearchCV

    estimator = keras.wrappers.SKLearnClassifier(made, fit_kwargs={"epochs": 2, "verbose": 0})
    scores = []
    for name in ("here", "there"):
        folder = tmp_path / name
        folder.mkdir()
        grid = {"model_kwargs": [{"units": n, "folder": folder} for n in (2, 5, 9)]}
        search = GridSearchCV(estimator, grid, cv=3, refit=False)
        if name == "here":
            search.fit(X, Y)
        else:
            client.wait_for_workers(2, timeout=120)
            with client.as_current(), joblib.parallel_config(backend="dask"):
                search.fit(X, Y)
        scores.append(search.cv_results_["mean_test_score"].tolist())
    assert scores[0] == scores[1]
    assert [path.name for path in (tmp_path / "here").iterdir()] == [str(os.getpid())]
    workers = {int(path.name) for path in (tmp_path / "there").iterdir()}
    assert workers <= set(client.run(os.getpid).values())
