"""Losses of several outputs: in lists, dicts and named tuples, one for a structure, with weights, under wrong names."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import minikeras as keras
from minikeras import Input, Model, ops
from minikeras.layers import Dense


class Pair(NamedTuple):
    """Outputs with names."""

    first: Any
    second: Any


def gap(y_true: Any, y_pred: Any) -> Any:
    """Return the sum of the distances of all outputs in two equal structures."""
    keras.tree.assert_same_structure(y_true, y_pred)
    return sum(ops.mean(ops.abs(t - p), -1) for t, p in zip(*map(keras.tree.flatten, (y_true, y_pred)), strict=True))


@pytest.mark.parametrize(
    ("arrange", "loss", "weights", "logs"),
    [
        (list, ["mae", ["mse", gap]], None, {"loss": 7.0, "a_loss": 1.0, "b_loss": 2.0}),
        (
            Pair._make,
            [gap, Pair("mae", "mse")],
            [0.5, Pair(2.0, 3.0)],
            {"loss": 15.5, "a_b_loss": 3.0, "a_loss": 1.0, "b_loss": 4.0},
        ),
        (list, (gap, ["mae", "mse"]), None, {"loss": 8.0, "a_b_loss": 3.0, "a_loss": 1.0, "b_loss": 4.0}),
        (dict, [gap, {"b": "mse"}], [0.5, {"b": 3.0}], {"loss": 13.5, "a_b_loss": 3.0, "b_loss": 4.0}),
        (dict, {"b": [gap, "mse"]}, {"b": [1.0, 2.0]}, {"loss": 10.0, "b_loss": 4.0}),
    ],
)
def test_a_loss_of_several_outputs_takes_their_structure(arrange: Any, loss: Any, weights: Any, logs: Any) -> None:
    x = Input((1,))
    zeros = [Dense(1, kernel_initializer="zeros", name=name)(x) for name in "ab"]
    targets = [np.ones((4, 1)), np.full((4, 1), -2.0)]  # off by 1 and by 2
    names = (lambda items: dict(zip("ab", items, strict=True))) if arrange is dict else arrange
    model = Model(x, names(zeros))
    model.compile(loss=loss, loss_weights=weights)
    found = model.evaluate(np.ones((4, 1)), names(targets), verbose=0, return_dict=True)
    assert found == logs


def test_a_loss_with_the_weights_of_its_rows_in_a_structure() -> None:
    x = Input((1,))
    model = Model(x, {"pair": (x, x * 2), "one": x * 3})
    model.compile(loss={"pair": gap, "one": "mae"}, loss_weights={"pair": 10.0, "one": 1.0})
    zero = np.zeros((2, 1))
    rows = {"pair": (zero, zero), "one": zero}
    data = np.array([[1.0], [2.0]])
    assert model.evaluate(data, rows, verbose=0) == [10 * 4.5 + 4.5, 4.5, 4.5]
    assert model.evaluate(data, rows, sample_weight=np.array([0.0, 2.0]), verbose=0) == [10 * 6.0 + 6.0, 6.0, 6.0]
    model.compile(loss={"pair": gap, "one": "mae"}, loss_weights=2.0)
    assert model.evaluate(data, rows, verbose=0) == [2 * 9.0, 4.5, 4.5]


def test_losses_under_wrong_names() -> None:
    x = Input((1,))
    model = Model(x, {"a": x, "b": x * 2})
    data = np.ones((2, 1))
    model.compile(loss={"a": "mse", "c": "mse"})
    with pytest.raises(KeyError, match=r"\('c',\), where the model has no output; it has \['a', 'b'\]"):
        model.evaluate(data, {"a": data, "b": data}, verbose=0)
    model = Model(x, (x, x * 2))
    model.compile(loss=["mse", "mae", "mse"])
    with pytest.raises(ValueError, match="one item for each of the 2 outputs"):
        model.evaluate(data, (data, data), verbose=0)
    model.compile(loss={"a": "mse"})
    with pytest.raises(ValueError, match=r"`loss` must name the model's outputs.*unknown: \['a'\]"):
        model.evaluate(data, (data, data), verbose=0)
    model.compile(loss=["mse", gap], loss_weights=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="`loss_weights` must have one item"):
        model.evaluate(data, (data, data), verbose=0)
    model = Model(x, {"a": (x, x * 2), "b": x})
    model.compile(loss={"a": gap, "b": "mse"}, loss_weights={"a": (1.0, 2.0), "b": 1.0})
    with pytest.raises(ValueError, match="must have the structure of `loss`"):
        model.evaluate(data, {"a": (data, data), "b": data}, verbose=0)


def test_the_output_of_a_sequential_has_a_name() -> None:
    model = keras.Sequential([Input((1,)), Dense(1, kernel_initializer="ones", name="out")])
    x, zero = np.ones((2, 1)), np.zeros((2, 1))
    cases: list[tuple[Any, Any]] = [("mse", {"out": 3.0}), ({"out": "mse"}, [3.0]), ({"out": "mse"}, {"out": 3.0})]
    for loss, weights in cases:
        model.compile("sgd", loss, loss_weights=weights)
        assert model.evaluate(x, {"out": zero}, verbose=0) == 3.0
    with pytest.raises(ValueError, match=r"one output, 'out'. Received 1 targets: {'other'"):
        model.evaluate(x, {"other": zero}, verbose=0)
    model.compile("sgd", {"other": "mse"})
    with pytest.raises(ValueError, match=r"`loss` must name the model's outputs, \['out'\].*unknown: \['other'\]"):
        model.evaluate(x, zero, verbose=0)
    model = keras.Sequential([Input((2, 1)), keras.layers.LSTM(1, return_state=True)])
    model.compile("sgd", ["mse"] * 3, metrics=[["mae"]] * 3)
    history = model.fit(np.ones((2, 2, 1)), [zero] * 3, verbose=0).history
    assert {*history} == {"loss", "mse_loss", "mae", "mae_1", "mae_2"}  # as in Keras


def test_losses_by_name_for_outputs_in_a_list_have_no_output() -> None:
    inputs = Input((3,))
    model = Model(inputs, {"a": [Dense(1)(inputs), Dense(2)(inputs)]})
    model.compile("sgd", loss={"a": {"x": "mse"}})
    with pytest.raises(KeyError, match=r"`loss` has \('a', 'x'\)"):
        model.train_on_batch(np.ones((2, 3)), {"a": [np.ones((2, 1)), np.ones((2, 2))]})


def test_losses_by_name_are_for_all_outputs() -> None:
    inputs = Input((3,))
    model = Model(inputs, [Dense(1, name="p")(inputs), Dense(1, name="q")(inputs)])
    data = np.ones((2, 3)), [np.ones((2, 1)), np.ones((2, 1))]
    model.compile("sgd", loss={"p": "mse"})
    with pytest.raises(ValueError, match=r"`loss` must name .*, \['p', 'q'\]; missing: \['q'\], unknown: \[\]"):
        model.train_on_batch(*data)
    model.compile("sgd", loss={"p": "mse", "q": "mse"}, loss_weights={"p": 2.0})
    with pytest.raises(ValueError, match=r"`loss_weights` must name .*missing: \['q'\]"):
        model.train_on_batch(*data)
    model.compile("sgd", loss="mse", loss_weights={"p": 2.0})
    model.train_on_batch(*data)
    model.compile("sgd", loss={"p": "mse", "q": None})
    with pytest.warns(UserWarning, match="'q/kernel'"):
        model.train_on_batch(*data)


def test_a_metric_of_values_alone_is_refused() -> None:
    model = Model(inputs := Input((3,)), Dense(1)(inputs))
    model.compile("sgd", "mse", metrics=[keras.metrics.Mean()])
    with pytest.raises(TypeError, match="Mean takes no targets"):
        model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))


@pytest.mark.parametrize("steps", [1.5, [2], -1, 0, "2"])
def test_steps_per_execution_is_an_integer(steps: Any) -> None:
    with pytest.raises(ValueError, match="`steps_per_execution` must be an integer from 1 on"):
        Model(inputs := Input((3,)), Dense(1)(inputs)).compile("sgd", "mse", steps_per_execution=steps)


def test_a_target_under_a_wrong_name() -> None:
    inputs = Input((3,))
    model = Model(inputs, Dense(1, name="price")(inputs))
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3)), np.ones((4, 1))
    model.fit(x, {"price": y}, verbose=0)
    with pytest.raises(ValueError, match=r"one output, 'price'\. Received 1 targets: .*prize"):
        model.fit(x, {"prize": y}, verbose=0)


def test_targets_of_the_outputs_with_a_loss_alone() -> None:
    x, one = Input((1,)), np.ones((2, 1))
    model = Model(x, [Dense(1, kernel_initializer="ones", name=name)(x) for name in "abc"])
    model.compile(loss=["mse", None, "mae"])
    assert model.evaluate(one, [0 * one, 3 * one], verbose=0) == [3.0, 1.0, 2.0]


def test_a_metric_with_and_without_the_weights_of_rows() -> None:
    model = keras.Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", metrics=["mae", "mse"], weighted_metrics=["mae", "msle"])
    found = model.evaluate(np.ones((2, 2)), np.array([[0.0], [2.0]]), sample_weight=np.array([0.0, 2.0]), verbose=0,
                           return_dict=True)  # fmt: skip
    assert found == {"loss": 0.0, "mae": 1.0, "mse": 2.0, "weighted_mae": 0.0, "msle": 0.0}


def test_a_loss_of_each_row_is_the_mean_of_all() -> None:
    model = keras.Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", keras.losses.MeanSquaredError(reduction="none"))
    assert model.evaluate(np.ones((2, 2)), np.array([[0.0], [1.0]]), verbose=0) == 2.5
    model.compile("sgd", lambda y_true, y_pred: (y_pred - y_true)[:, 0] * np.array([1.0, 5.0], "float32"))
    assert model.evaluate(np.ones((2, 2)), np.array([[0.0], [1.0]]), verbose=0) == 3.5
