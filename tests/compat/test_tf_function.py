"""`tf.function`: traced once for a kind of arguments, replayed from then on, with the numbers of TensorFlow's."""

import copy
import operator
import pickle
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minikeras as keras
import minikeras.compat.tensorflow as tf
from minikeras.compat.tensorflow.draws import Seeds
from minikeras.compat.tensorflow.functions import Module
from minikeras.compat.tensorflow.traced import function
from tests.compat.tensorflow import flavoured

X = np.random.default_rng(0).standard_normal((8, 3)).astype("float32")
CALLS = 10


@pytest.fixture(autouse=True)
def tensorflow_s_tensors() -> Iterator[None]:
    with flavoured():
        yield


@pytest.fixture
def eagerly() -> Iterator[Callable[[bool], None]]:
    yield tf.config.run_functions_eagerly
    tf.config.run_functions_eagerly(False)


class Net(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = keras.layers.Dense(5, activation="relu")
        self.norm = keras.layers.BatchNormalization()
        self.out = keras.layers.Dense(4)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.out(self.norm(self.hidden(x), training=training))


def test_a_loop_ends_with_the_weights_and_metrics_of_the_eager_one(eagerly: Callable[[bool], None]) -> None:
    def final(eager: bool) -> list[Any]:
        eagerly(eager)
        keras.utils.set_random_seed(0)
        model, optimizer = Net(), tf.keras.optimizers.Adam(0.01)
        loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        mean, accuracy = tf.keras.metrics.Mean(), tf.keras.metrics.SparseCategoricalAccuracy()
        runs = []

        @function
        def step(x: Any, y: Any) -> Any:
            runs.append(1)
            with tf.GradientTape() as tape:
                y_pred = model(x, training=True)
                loss = loss_fn(y, y_pred)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            mean(loss)
            accuracy(y, y_pred)
            return {"loss": loss, "outputs": [y_pred, None]}

        rng = np.random.default_rng(1)
        found: list[Any] = []
        for epoch in range(3):
            mean.reset_state()
            optimizer.learning_rate = 0.01 / (epoch + 1)
            for _ in range(5):
                logs = step(rng.standard_normal((8, 3)).astype("float32"), rng.integers(0, 4, 8))
                assert logs["outputs"][1] is None
                found += [logs["loss"].numpy(), logs["outputs"][0].numpy()]
            found += [mean.result().numpy(), accuracy.result().numpy()]
        assert len(runs) == (15 if eager else 2)
        return [*found, *model.get_weights(), *(v.numpy() for v in optimizer.variables)]

    for ours, theirs in zip(final(False), final(True), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_side_effects_in_python_happen_once_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []

    @function
    def double(x: Any) -> Any:
        print("traced")
        seen.append(1)
        return 2 * x

    assert [float(double(tf.constant(float(i)))) for i in range(50)] == [2.0 * i for i in range(50)]
    assert len(seen) == 1
    for other in ([1.0, 2.0], [3.0, 4.0], 1, 2):
        double(tf.constant(other))
    traced: Any = double
    assert len(seen) == traced.experimental_get_tracing_count() == 3
    assert capsys.readouterr().out == 3 * "traced\n"


def test_python_values_are_those_of_the_trace() -> None:
    class Counter(Module):
        def __init__(self) -> None:
            super().__init__()
            self.v, self.count = tf.Variable(0), 0

        @function
        def __call__(self) -> Any:
            if self.count == 0:
                self.count += 1
                self.v.assign_add(1)
            return self.v

    counter = Counter()
    assert [int(counter()) for _ in range(3)] == [1, 2, 3]


def test_functions_that_run_in_two_threads_leave_standard_output_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    stages = [threading.Event() for _ in range(3)]

    def made(begins: int, waits: int) -> Any:
        @function
        def magnitude(x: Any) -> Any:
            print("traced")
            stages[begins].set()
            stages[waits].wait(10)
            tf.print("printed", output_stream=sys.stdout)
            return x if x > 0 else -x

        return magnitude

    stages[1].set()
    stages[2].set()
    first, second, before = made(0, 1), made(1, 2), sys.stdout
    assert [float(f(tf.constant(-1.0))) for f in (first, second)] == [1, 1]
    for stage in stages:
        stage.clear()
    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(first, tf.constant(-2.0))]
        assert stages[0].wait(10)
        results.append(pool.submit(second, tf.constant(-3.0)))  # ends after the first, in which it begins
        assert float(results[0].result()) == 2
        stages[2].set()
        assert float(results[1].result()) == 3
    assert sys.stdout is before
    assert capsys.readouterr().out == "traced\nprinted\n" * 2 + "printed\n" * 2


def test_a_function_that_reads_values_prints_only_when_it_is_traced(capsys: pytest.CaptureFixture[str]) -> None:
    @function
    def size(x: Any) -> Any:
        print("traced")
        tf.py_function(lambda v: print("value", float(v)), [x], [])
        tf.print("printed", output_stream=sys.stdout)
        return x if x > 0 else -x

    assert [float(size(tf.constant(v))) for v in (1.0, -2.0)] == [1, 2]
    assert capsys.readouterr().out == "traced\nvalue 1.0\nprinted\nvalue -2.0\nprinted\n"

    @function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def total(x: Any) -> Any:
        print("traced")
        return tf.reduce_sum(x)

    assert [float(total(tf.ones(n))) for n in (1, 2, 3, 2)] == [1, 2, 3, 2]
    assert capsys.readouterr().out == "traced\n"
    tf.config.run_functions_eagerly(True)
    total(tf.ones(2))
    tf.config.run_functions_eagerly(False)
    assert capsys.readouterr().out == "traced\n"


def test_a_function_that_makes_variables_is_traced_twice(capsys: pytest.CaptureFixture[str]) -> None:
    class Lazy(Module):
        v: Any = None

        @function
        def __call__(self, x: Any) -> Any:
            print("traced")
            if self.v is None:
                self.v = tf.Variable(tf.random.normal((1,)))
            return self.v * x

    lazy = Lazy()
    assert len({float(lazy(tf.constant(1.0))[0]) for _ in range(4)}) == 1
    assert capsys.readouterr().out == 2 * "traced\n"


def test_the_graph_and_the_code_of_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    v = tf.Variable(1.0)

    @function
    def step(x: Any, scale: float = 1.0) -> Any:
        print("traced")
        v.assign_add(tf.reduce_sum(x * scale))
        return tf.sqrt(v)

    traced: Any = step
    concrete = traced.get_concrete_function(tf.TensorSpec([3], tf.float32))
    assert capsys.readouterr().out == "traced\n"
    assert float(v) == 1.0
    names = [operation.type for operation in concrete.graph.get_operations()]
    assert names.index("multiply") < names.index("sqrt")
    assert 'op: "sqrt"' in concrete.graph.as_graph_def()
    assert float(concrete(tf.ones(3))) == 2.0
    assert capsys.readouterr().out == ""
    code = tf.autograph.to_code(traced.python_function)
    assert code.startswith("@function\ndef step(x: Any")
    assert "return tf.sqrt(v)" in code


def test_side_effects_of_tensorflow_happen_at_every_call(tmp_path: Path) -> None:
    calls: list[float] = []

    def noted(x: Any) -> Any:
        calls.append(float(x))
        return x

    @function
    def f(x: Any) -> Any:
        tf.print("called", output_stream=f"file://{tmp_path}/log")
        tf.numpy_function(noted, [x], tf.float32)
        tf.io.write_file(str(tmp_path / "file"), "text")
        return x + 1

    for i in range(CALLS):
        (tmp_path / "file").unlink(missing_ok=True)
        f(tf.constant(float(i)))
        assert (tmp_path / "file").exists()
    assert (tmp_path / "log").read_text() == "called\n" * CALLS
    assert calls == [float(i) for i in range(CALLS)]


def test_random_numbers_differ_from_call_to_call() -> None:
    generator = np.random.default_rng(0)

    @function
    def f(x: Any) -> Any:
        return [tf.random.normal((2,)) * x, tf.random.uniform(()) + x, generator.random() + x]

    found = [np.concatenate([y.numpy().ravel() for y in f(tf.constant(1.0))]) for _ in range(CALLS)]
    *columns, of_numpy = np.transpose(found)
    assert all(len(set(column)) == CALLS for column in columns)
    assert len(set(of_numpy)) == 1  # a constant of the trace, as in TensorFlow


def test_the_time_is_that_of_the_call() -> None:
    @function
    def now() -> Any:
        return tf.timestamp() + tf.constant(0.0, tf.float64)

    before, times = time.time(), [float(now()) for _ in range(CALLS)]
    assert before <= times[0]
    assert times == sorted(set(times))


def test_draws_without_a_seed_are_replayed_and_leave_python_s_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Seeds, "seed", None)
    runs, before = [], random.getstate()

    @function
    def f() -> Any:
        runs.append(1)
        return tf.random.normal((2,)) + tf.random.uniform((2,))

    assert len({f().numpy().tobytes() for _ in range(CALLS)}) == CALLS
    assert len(runs) == 1
    assert random.getstate() == before


@pytest.mark.parametrize("seed", [None, 3])
def test_shuffles_and_choices_differ_from_call_to_call(seed: int | None) -> None:
    tf.random.set_seed(1)

    @function
    def f() -> Any:
        sampled, _, _ = tf.random.log_uniform_candidate_sampler([[1]], 1, 5, False, 1000, seed=seed)
        classes = tf.random.categorical(tf.zeros((1, 1000)), 5, seed=seed)
        return tf.random.shuffle(tf.range(9), seed), classes, tf.random.gamma((2,), 1.0, seed=seed), sampled

    for found in zip(*(f() for _ in range(CALLS)), strict=True):
        assert len({x.numpy().tobytes() for x in found}) == CALLS


def test_new_shapes_and_python_values_need_new_traces() -> None:
    @function
    def f(x: Any, negate: bool = False, scale: float = 1.0) -> Any:
        x = tf.cond(tf.reduce_sum(x) > 0, lambda: x * scale, lambda: x * 0)
        return -x if negate else x

    for i in range(CALLS):
        for x in ([1.0, 2.0], [-1.0, -2.0], [3.0, 1.0, float(i)]):
            for negate in (False, True):
                wanted = np.array(x if sum(x) > 0 else np.zeros(len(x))) * i * (-1 if negate else 1)
                np.testing.assert_array_equal(f(tf.constant(x), negate, scale=float(i)), wanted)


def test_division_by_zero_is_checked_at_every_call() -> None:
    for divide in (operator.floordiv, operator.mod):
        replayed: Any = function(lambda a, b, divide=divide: divide(a, b))
        for _ in range(CALLS):
            assert int(replayed(tf.constant(7), tf.constant(2))) == divide(7, 2)
        with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero"):
            replayed(tf.constant(7), tf.constant(0))


def test_variables_are_read_and_changed_each_time() -> None:
    count, table = tf.Variable(0.0), tf.Variable([0.0, 0.0])

    @function
    def f(x: Any) -> Any:
        count.assign_add(x)
        table[0].assign(count)
        return count * 2

    total = 0.0
    for i in range(CALLS):
        total += i
        assert float(f(tf.constant(float(i)))) == 2 * total
        assert table.numpy().tolist() == [total, 0.0]
        total += 1
        count.assign(total)


def test_methods_belong_to_their_objects() -> None:
    class Scale(Module):
        def __init__(self, by: float) -> None:
            super().__init__()
            self.by = tf.Variable(by)

        @function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x * self.by

    two, three = Scale(2.0), Scale(3.0)
    for i in range(CALLS):
        x = tf.constant([float(i)])
        assert [float(two(x)[0]), float(three(x)[0])] == [2.0 * i, 3.0 * i]


def test_data_is_taken_anew_each_time() -> None:
    data = iter(tf.data.Dataset.range(100))

    @function
    def f(x: Any) -> Any:
        return x + tf.cast(next(data), tf.float32)

    assert [float(f(tf.constant(0.5))) for _ in range(CALLS)] == [i + 0.5 for i in range(CALLS)]


def test_an_outer_tape_differentiates_through_a_function() -> None:
    @function
    def square(x: Any) -> Any:
        return x * x

    x = tf.Variable(3.0)
    for _ in range(CALLS):
        square(tf.constant(3.0))
        with tf.GradientTape() as tape:
            y = square(x)
        gradient: Any = tape.gradient(y, x)
        assert float(gradient) == 6.0


def kept_while_trained(x: Any, v: Any, optimizer: Any) -> Any:
    kept = v.assign(v + x[:3])
    optimizer.apply_gradients([(x[3:6], v)])
    return kept


def turned_while_assigned(x: Any, v: Any, optimizer: Any) -> Any:
    flat = keras.ops.reshape(v, (-1,))
    v.assign(tf.transpose(tf.tanh(x[:3])))
    return flat


@pytest.mark.parametrize(
    "step",
    [
        kept_while_trained,
        turned_while_assigned,
        lambda x, v, optimizer: tf.reshape(x[0, 0], (1,)),
        lambda x, v, optimizer: tf.reshape(tf.norm(x), (-1,)) + tf.math.real(x),
    ],
)
def test_results_of_a_step_are_the_values_at_that_point(
    step: Callable[..., Any], eagerly: Callable[[bool], None]
) -> None:
    found = []
    for eager in (True, False):
        eagerly(eager)
        rng = np.random.default_rng(2)
        v: Any = keras.Variable(X[:3])
        optimizer: Any = tf.keras.optimizers.SGD(0.1)
        optimizer.build([v])
        once: Any = partial(step, v=v, optimizer=optimizer)
        replayed = function(once)
        found.append([replayed(rng.standard_normal((8, 3)).astype("float32")).numpy().tolist() for _ in range(CALLS)])
    assert found[0] == found[1]


def test_a_step_that_returns_the_learning_rate_or_another_variable_is_replayed() -> None:
    runs = []
    v, optimizer = keras.Variable([1.0, 2.0]), keras.optimizers.SGD(0.5)
    optimizer.build([v])

    @function
    def step(g: Any) -> Any:
        runs.append(1)
        optimizer.apply_gradients([(g, v)])
        return optimizer.learning_rate, v

    for n in range(CALLS):
        optimizer.learning_rate = 0.5 + n
        rate, weights = step(np.array([0.0, 1.0], "float32"))
        assert rate == 0.5 + n
        assert weights.numpy().tolist() == v.numpy().tolist()
    assert len(runs) <= 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), 8.0, dynamic_growth_steps=2),
        lambda: keras.optimizers.ScheduleFreeAdamW(0.05),
    ],
)
def test_an_optimizer_that_the_first_call_builds_goes_on_as_one_built_before(make: Callable[[], Any]) -> None:
    def weights(before: bool) -> list[Any]:
        w, optimizer = tf.Variable([1.0, 2.0]), make()
        if before:
            optimizer.build([w])

        @function
        def step() -> None:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(w**2)
                scaled = optimizer.scale_loss(loss)
            optimizer.apply_gradients([(tape.gradient(scaled, w), w)])

        return [step() or w.numpy() for _ in range(CALLS)]

    np.testing.assert_array_equal(weights(False), weights(True))


def test_two_optimizers_that_know_the_same_variables_update_some_each() -> None:
    v, w = keras.Variable([1.0, 2.0]), keras.Variable([3.0])
    optimizers = [keras.optimizers.SGD(1.0) for _ in range(2)]
    for optimizer in optimizers:
        optimizer.build([v, w])

    @function
    def step(x: Any) -> Any:
        optimizers[0].apply_gradients([(x, v)])
        optimizers[1].apply_gradients([(x[:1], w)])
        return x

    for _ in range(CALLS):
        step(np.ones(2, "float32"))
    assert v.numpy().tolist() == [1.0 - CALLS, 2.0 - CALLS]
    assert w.numpy().tolist() == [3.0 - CALLS]


def test_a_generator_draws_new_numbers_at_every_call() -> None:
    generator = tf.random.Generator.from_seed(1)

    @function
    def step() -> Any:
        return generator.normal((3,))

    assert len({step().numpy().tobytes() for _ in range(CALLS)}) == CALLS


class Scale:
    """An object whose method becomes a function when it is made."""

    def __init__(self) -> None:
        self.factor = keras.Variable(2.0)
        self.run = tf.function(self.times)

    def times(self, x: Any) -> Any:
        return self.factor * x


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda scale: pickle.loads(pickle.dumps(scale))])
def test_what_holds_a_function_is_copied_after_its_calls(duplicate: Callable[[Scale], Scale]) -> None:
    scale, x = Scale(), tf.constant([1.0, 2.0])
    for _ in range(CALLS):
        scale.run(x)
    other = duplicate(scale)
    other.factor.assign(3.0)
    expected = [3.0, 6.0]
    assert all(other.run(x).numpy().tolist() == expected for _ in range(CALLS))
    assert scale.run(x).numpy().tolist() == ([2.0, 4.0] if other.factor is not scale.factor else expected)


def test_threads_may_call_one_function_that_updates_variables(four_threads: ThreadPoolExecutor) -> None:
    weights, optimizer = keras.Variable(np.zeros(4, "float32")), keras.optimizers.SGD(1.0)
    optimizer.build([weights])
    output, rows = sys.stdout, tf.constant(np.eye(4, dtype="float32"))

    @function
    def step(gradient: Any) -> None:
        optimizer.apply([gradient], [weights])

    def update(i: int) -> None:
        for _ in range(1000):
            step(rows[i])

    list(four_threads.map(update, range(4)))
    assert weights.numpy().tolist() == [-1000.0] * 4
    assert sys.stdout is output


def test_a_function_of_many_rows_has_its_effects_once_a_call() -> None:
    rng = np.random.default_rng(0)
    kernel, count = tf.Variable(rng.normal(size=(64, 64)).astype("float32") / 9), tf.Variable(0.0)

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            for _ in range(6):
                x = tf.tanh(tf.matmul(x, kernel)) + tf.sin(x) * 0.1 + tf.exp(-x * x)
            loss = tf.reduce_mean(x * x)
        gradient: Any = tape.gradient(loss, kernel)
        kernel.assign_sub(0.1 * gradient)
        count.assign_add(1.0)
        return loss, count + 0.0

    rows = tf.constant(rng.normal(size=(4096, 64)).astype("float32"))
    assert [float(step(rows)[1]) for _ in range(4)] == [1, 2, 3, 4]
    assert float(count) == 4


def test_values_are_printed_nowhere_without_a_console() -> None:
    code = (
        "import sys; sys.stderr = None; import tensorflow as tf; tf.print(1); tf.Variable(2).assign(3); print('done')"
    )
    command = [sys.executable, "-m", "minikeras", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("done\n")
