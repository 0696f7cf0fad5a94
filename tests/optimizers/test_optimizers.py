"""Optimizers: steps worked by hand, and what an update leaves alone."""

import copy
import math
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import numpy as np
import pytest

import minikeras as keras
from minikeras import GradientTape, Variable, ops, optimizers
from minikeras._base.typing import Array
from minikeras.optimizers import Optimizer, schedules

ALL = ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Ftrl", "Lion", "Lamb",
       "Adafactor", "ScheduleFreeAdamW"]  # fmt: skip
SHAPES = [(3, 4), (4,), (), (2, 3, 2), (0,)]


def make(name: str, **options: Any) -> Any:
    return getattr(optimizers, name)(**options)


def some_variables(seed: int = 0, shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[Variable]:
    rng = np.random.default_rng(seed)
    return [Variable(rng.normal(size=shape).astype("float32"), name=f"v{i}") for i, shape in enumerate(shapes)]


def some_gradients(seed: int, shapes: Sequence[tuple[int, ...]] = SHAPES) -> list[Array]:
    rng = np.random.default_rng(100 + seed)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def values(variables: Sequence[Variable]) -> list[Array]:
    return [v.numpy() for v in variables]


def assert_same(a: Sequence[Array], b: Sequence[Array]) -> None:
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


# One step on p = 2 with gradient g = 0.5 at rate 0.1, then another.
U = 0.9 * (1 - 0.5 * 0.96)  # Nadam's momenta of the first two steps
U2 = 0.9 * (1 - 0.5 * 0.96**2)
HAND: list[tuple[str, dict[str, Any], float]] = [
    ("SGD", {}, 2 - 0.1 * 0.5),
    ("SGD", {"momentum": 0.9, "nesterov": True}, 2 - 0.9 * 0.05 - 0.05),
    ("SGD", {"weight_decay": 0.5}, 2 - 2 * 0.5 * 0.1 - 0.05),
    ("RMSprop", {}, 2 - 0.1 * 0.5 / math.sqrt(0.1 * 0.25 + 1e-7)),
    ("RMSprop", {"centered": True}, 2 - 0.1 * 0.5 / math.sqrt(0.1 * 0.25 - 0.05**2 + 1e-7)),
    ("Adam", {}, 2 - 0.1 * 0.5 / (0.5 + 1e-7 / math.sqrt(0.001))),
    ("AdamW", {"weight_decay": 0.5}, 2 * (1 - 0.5 * 0.1) - 0.1),
    ("Adamax", {}, 2 - 0.1 * 0.5 / 0.5),
    ("Nadam", {}, 2 - 0.1 * (U2 * 0.05 / (1 - U * U2) + (1 - U) * 0.5 / (1 - U)) / 0.5),
    ("Adagrad", {}, 2 - 0.1 * 0.5 / math.sqrt(0.1 + 0.25)),
    ("Adadelta", {}, 2 - 0.1 * 0.5 * math.sqrt(1e-7 / (0.05 * 0.25 + 1e-7))),
    ("Lion", {}, 2 - 0.1),
    ("Lamb", {}, 2 - 0.1 * 2),
    ("Adafactor", {}, 2 - 2 * 0.1 * 1),
    ("Ftrl", {}, (20 * (math.sqrt(0.35) - math.sqrt(0.1)) - 0.5) / (10 * math.sqrt(0.35))),
    ("Ftrl", {"l1_regularization_strength": 99.0}, 0.0),
    ("ScheduleFreeAdamW", {}, 2 - 0.1),
]


@pytest.mark.parametrize(("name", "options", "expected"), HAND)
def test_first_step_by_hand(name: str, options: dict[str, Any], expected: float) -> None:
    w = Variable(2.0)
    make(name, learning_rate=0.1, **options).apply_gradients([(0.5, w)])
    assert float(w) == pytest.approx(expected, rel=1e-5)


def test_two_steps_by_hand() -> None:
    w = Variable([1.0, 2.0])
    sgd = optimizers.SGD(0.5, momentum=0.5)
    for _ in range(2):  # velocities -0.5 * g, then half of that more
        sgd.apply([np.array([1.0, -2.0])], [w])
    np.testing.assert_allclose(w.numpy(), [1 - 0.5 - 0.75, 2 + 1 + 1.5])
    np.testing.assert_allclose(sgd.variables[2].numpy(), [-0.75, 1.5])
    assert int(sgd.iterations) == 2


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "options",
    [{}, {"weight_decay": 0.1, "clipnorm": 0.5}, {"use_ema": True, "gradient_accumulation_steps": 2}],
    ids=str,
)
def test_in_place_is_eager_to_the_last_bit(name: str, options: dict[str, Any]) -> None:
    eager, fast = some_variables(), some_variables()
    a, b = make(name, **options), make(name, **options)
    b._updater.make_exclusive(fast)
    homes = [v.array for v in fast]
    for step in range(5):
        gradients = some_gradients(step)
        a.apply(gradients, eager)
        views = b._updater.gradient_views(fast)
        for view, g in zip(views, gradients, strict=True):
            view[...] = g
        b._updater.update(views if step % 2 else gradients, fast)
    assert_same(values(eager), values(fast))
    assert_same(values(a.variables), values(b.variables))
    assert all(v.array is home for v, home in zip(fast, homes, strict=True))


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("Lamb", "Adafactor")])
def test_large_variables_are_updated_piece_by_piece(name: str) -> None:
    base = getattr(optimizers, name)

    class OneByOne(base):  # type: ignore[misc, valid-type]
        def update_step(self, *args: Any) -> None:
            super().update_step(*args)

    shapes = [(3, 40_000), (5,)]
    many, one = some_variables(shapes=shapes), some_variables(shapes=shapes)
    in_pieces, whole = base(), OneByOne()
    for step in range(2):
        in_pieces.apply(some_gradients(step, shapes), many)
        whole.apply(some_gradients(step, shapes), one)
    assert_same(values(many), values(one))


def test_tapes_and_tensors_keep_their_values() -> None:
    w = Variable([1.0, 2.0])
    optimizer = optimizers.SGD(1.0)
    with GradientTape(persistent=True) as tape:
        loss = ops.sum(w * w * w)
    before = w.value
    optimizer.apply([tape.gradient(loss, w)], [w])
    np.testing.assert_allclose(w.numpy(), [1 - 3, 2 - 12])
    np.testing.assert_allclose(before, [1.0, 2.0])
    optimizer.apply([[0.0, 0.0]], [w])
    np.testing.assert_allclose(np.asarray(tape.gradient(loss, w)), [3.0, 12.0])  # at the values it was recorded with


def test_parameters_lie_in_one_piece() -> None:
    kernel, bias = Variable(np.ones((2, 3), "float32")), Variable(np.zeros(3, "float32"))
    optimizer = optimizers.Adam()
    optimizer._updater.make_exclusive([kernel, bias])
    assert kernel.array.base is bias.array.base is not None
    together = np.lib.stride_tricks.as_strided(kernel.array, (3, 3))
    bias.array[...] = 5
    np.testing.assert_array_equal(together[2], [5, 5, 5])
    views = optimizer._updater.gradient_views([kernel, bias])
    assert views[0].base is views[1].base
    assert [v.shape for v in views] == [(2, 3), (3,)]
    held = kernel.array
    optimizer._updater.make_exclusive([kernel, bias])
    assert kernel.array is held
    kernel * 2  # whatever computes with a variable may hold its array
    optimizer._updater.make_exclusive([kernel, bias])
    assert kernel.array is not held
    np.testing.assert_array_equal(kernel.array, held)


def test_assigned_values_are_taken_back() -> None:
    w, other = Variable([1.0, 2.0]), Variable([3.0])
    optimizer = optimizers.SGD(0.5, momentum=0.5)
    optimizer._updater.make_exclusive([w, other])
    ones = [np.ones(2, "float32"), np.ones(1, "float32")]
    optimizer._updater.update(ones, [w, other])
    tensor = w.assign([10.0, 20.0])
    optimizer.variables[2].assign([4.0, 4.0])
    optimizer._updater.update(ones, [w, other])
    np.testing.assert_allclose(w.numpy(), [10 + 1.5, 20 + 1.5])
    np.testing.assert_allclose(tensor, [10.0, 20.0])
    np.testing.assert_allclose(other.numpy(), [3 - 0.5 - 0.75])
    optimizer.iterations.assign(40)
    optimizer._updater.update(ones, [w, other])
    assert int(optimizer.iterations) == 41


def test_two_optimizers_share_variables() -> None:
    w = Variable([0.0])
    first, second = optimizers.SGD(1.0), optimizers.SGD(10.0)
    for optimizer in (first, second, first, second, second, first):
        optimizer._updater.make_exclusive([w])
        optimizer._updater.update([np.ones(1, "float32")], [w])
    assert float(w.numpy()[0]) == -33


@pytest.mark.parametrize("name", ALL)
def test_a_subset_changes_alone(name: str) -> None:
    variables, alone = some_variables(), some_variables()
    a, b = make(name, weight_decay=0.1), make(name, weight_decay=0.1)
    a.build(variables)
    b.build(alone[1:3])
    before = values(variables)
    for step in range(3):
        g = some_gradients(step)
        a.apply(g[1:3], variables[1:3])
        b.apply(g[1:3], alone[1:3])
    assert_same(values(variables[:1] + variables[3:]), before[:1] + before[3:])
    assert_same(values(variables[1:3]), values(alone[1:3]))


def test_variables_in_another_order() -> None:
    variables, same = some_variables(), some_variables()
    a, b = optimizers.Adam(0.1), optimizers.Adam(0.1)
    a.build(variables)
    b.build(same)
    g = some_gradients(0)
    a.apply(g, variables)
    b.apply(g[::-1], same[::-1])
    assert_same(values(variables), values(same))


def test_missing_gradients() -> None:
    a, b = Variable([1.0], name="a"), Variable([1.0], name="b")
    optimizer = optimizers.SGD(0.5)
    with pytest.warns(UserWarning, match=r"\['b'\]"):
        optimizer.apply([np.ones(1), None], [a, b])
    assert (float(a.numpy()[0]), float(b.numpy()[0])) == (0.5, 1.0)


def test_weights_that_were_frozen_while_the_tape_recorded_have_no_gradient() -> None:
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    layer.trainable = False
    with GradientTape() as tape:
        loss = ops.sum(layer(np.ones((1, 2))))
    layer.trainable = True
    with pytest.raises(ValueError, match="were frozen while the tape recorded"):
        optimizers.SGD().apply(tape.gradient(loss, layer.weights), layer.weights)


def test_several_dtypes() -> None:
    a, b, c = (Variable([1.0, 1.0], dtype=dtype) for dtype in ("float32", "float64", "float16"))
    optimizer = optimizers.Adam(0.125, weight_decay=0.5, global_clipnorm=1e6)
    for _ in range(2):
        optimizer.apply([np.full(2, 1 / 3)] * 3, [a, b, c])
    assert [v.dtype for v in optimizer.variables[2:]] == ["float32"] * 2 + ["float64"] * 2 + ["float16"] * 2
    p, m, v = 1.0, 0.0, 0.0
    for t in (1, 2):  # in double precision all the way
        p -= p * 0.5 * 0.125
        m += (1 / 3 - m) * (1 - 0.9)
        v += (1 / 9 - v) * (1 - 0.999)
        p -= 0.125 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (math.sqrt(v) + 1e-7)
    np.testing.assert_allclose(b.numpy(), p, rtol=1e-14)
    np.testing.assert_allclose(a.numpy(), p, rtol=1e-5)  # 1 - 0.999 in single precision
    np.testing.assert_allclose(c.numpy(), p, rtol=1e-2)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"clipnorm": 1.0}, [[0.6, 0.8], [0.5]]),
        ({"clipvalue": 2.0}, [[2.0, 2.0], [0.5]]),
        ({"clipvalue": 0.25}, [[0.25, 0.25], [0.25]]),
        ({"global_clipnorm": 1.0}, [[3 / math.hypot(5, 0.5), 4 / math.hypot(5, 0.5)], [0.5 / math.hypot(5, 0.5)]]),
        ({"global_clipnorm": 10.0}, [[3.0, 4.0], [0.5]]),
        ({"loss_scale_factor": 2.0}, [[1.5, 2.0], [0.25]]),
        ({"loss_scale_factor": 2.0, "clipnorm": 1.0}, [[0.6, 0.8], [0.25]]),
    ],
)
def test_gradients_are_scaled_and_clipped(options: dict[str, Any], expected: list[list[float]]) -> None:
    variables = [Variable(np.zeros(2, "float32")), Variable(np.zeros(1, "float32"))]
    gradients = [np.array([3.0, 4.0], "float32"), np.array([0.5], "float32")]
    optimizer = optimizers.SGD(1.0, **options)
    optimizer.apply(gradients, variables)
    for v, g in zip(variables, expected, strict=True):
        np.testing.assert_allclose(-v.numpy(), g, rtol=1e-6)
    np.testing.assert_array_equal(gradients[0], [3.0, 4.0])  # the caller's array
    assert float(optimizer.scale_loss(3.0)) == 3 * options.get("loss_scale_factor", 1)


def test_a_norm_that_is_no_number_shows() -> None:
    for options, expected in (({"clipnorm": 1.0}, [math.nan, 0.0]), ({"global_clipnorm": 1.0}, [math.nan, math.nan])):
        w = Variable([0.0, 0.0])
        with np.errstate(invalid="ignore"):
            optimizers.SGD(1.0, **options).apply([np.array([np.inf, 1.0])], [w])  # type: ignore[arg-type]
        np.testing.assert_array_equal(w.numpy(), expected)


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_a_gradient_that_is_no_number_shows_in_each_weight_of_adafactor(shape: tuple[int, ...]) -> None:
    w, gradient = Variable(np.ones(shape)), np.ones(shape)
    gradient.flat[0] = np.inf
    with np.errstate(all="ignore"):
        optimizers.Adafactor(0.1).apply([gradient], [w])
    assert np.isnan(w.numpy()).all()


@pytest.mark.parametrize(
    ("make", "last"),
    [
        (lambda: optimizers.Nadam(0.1, name="inner"), "variable"),
        (
            lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1, momentum=0.9, name="inner")),
            "inner/out_bias_momentum",
        ),
    ],
)
def test_a_state_tree_fits_however_the_optimizer_was_built(make: Callable[[], Optimizer], last: str) -> None:
    x, models = np.ones((4, 2)), []
    for trained in (True, False):
        keras.utils.clear_session()
        inputs = keras.Input((2,))
        model = keras.Model(inputs, keras.layers.Dense(1, name="out")(inputs))
        model.compile(make(), "mse")
        if trained:
            model.fit(x, x[:, :1], epochs=2, verbose=0)
        else:
            model.optimizer.build(model.trainable_variables)
        assert model.optimizer.variables[-1].path == last
        models.append(model)
    models[1].set_state_tree(models[0].get_state_tree())
    for theirs, ours in zip(models[0].optimizer.variables, models[1].optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs, ours.path)


def test_weight_decay_leaves_the_excluded_alone() -> None:
    a, b, c = Variable([1.0], name="kernel"), Variable([1.0], name="bias"), Variable([1.0], name="gamma")
    optimizer = optimizers.AdamW(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[c], var_names=["bi.s"])
    optimizer.apply([np.zeros(1)] * 3, [a, b, c])
    assert [float(v.numpy()[0]) for v in (a, b, c)] == [0.75, 1.0, 1.0]
    optimizer.weight_decay = 1.0  # settings may change
    optimizer.exclude_from_weight_decay()
    optimizer.apply([np.zeros(1)] * 3, [a, b, c])
    assert [float(v.numpy()[0]) for v in (a, b, c)] == [0.375, 0.5, 0.5]


def test_moving_averages() -> None:
    w = Variable([0.0])
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for expected in (-1.0, -1.5, -2.25):  # of -1, -2, -3
        optimizer.apply([np.ones(1)], [w])
        (average,) = optimizer._model_variables_moving_average
        np.testing.assert_allclose(average.numpy(), [expected])
    np.testing.assert_allclose(w.numpy(), [-3.0])
    optimizer.finalize_variable_values([w])
    np.testing.assert_allclose(w.numpy(), [-2.25])
    often = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    v = Variable([0.0])
    seen = []
    for _ in range(4):
        often.apply([np.ones(1)], [v])
        seen.append(float(v.numpy()[0]))
    assert seen == [-1.0, -1.5, -2.5, -2.75]  # averages: -1, -1.5, -2, -2.75


def test_gradients_accumulate() -> None:
    w = Variable([1.0])
    optimizer = optimizers.SGD(0.5, gradient_accumulation_steps=3)
    seen = []
    for g in (1.0, 2.0, 6.0, 3.0, 3.0, 3.0):
        optimizer.apply([np.array([g])], [w])
        seen.append((float(w.numpy()[0]), int(optimizer.iterations)))
    assert seen == [(1.0, 0), (1.0, 0), (-0.5, 1), (-0.5, 1), (-0.5, 1), (-2.0, 2)]


def test_constraints_and_overwriting() -> None:
    w, scale = Variable([1.0, 1.0]), Variable([1.0])
    w.constraint = keras.constraints.NonNeg()
    scale.overwrite_with_gradient = True
    optimizer = optimizers.Adam(1.0)
    optimizer.apply([np.array([5.0, -5.0]), np.array([7.0])], [w, scale])
    np.testing.assert_allclose(w.numpy(), [0.0, 2.0], atol=1e-5)
    np.testing.assert_allclose(scale.numpy(), [7.0])
    assert len(optimizer.variables) == 4
    w.constraint = lambda x: ops.sum(x)
    with pytest.raises(ValueError, match="constrained value"):
        optimizer.apply([np.zeros(2), np.zeros(1)], [w, scale])


@pytest.mark.parametrize("name", ["constraint", "regularizer"])
def test_a_variable_takes_no_string_as_constraint_or_regularizer(name: str) -> None:
    w = Variable([1.0])
    with pytest.raises(ValueError, match=f"`{name}` must be a callable or None. Received: {name}='non_neg'"):
        setattr(w, name, "non_neg")
    assert getattr(w, name) is None


def test_learning_rates() -> None:
    w = Variable([0.0])
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = 0.25
    optimizer.apply([np.ones(1)], [w])
    optimizer.learning_rate.assign(1.0)
    optimizer.apply([np.ones(1)], [w])
    optimizer.learning_rate = lambda: 2.0
    optimizer.apply([np.ones(1)], [w])
    config = {"boundaries": [3], "values": [4.0, 8.0], "name": None}
    optimizer.learning_rate = schedules.deserialize({"class_name": "PiecewiseConstantDecay", "config": config})
    optimizer.apply([np.ones(1)], [w])
    optimizer.apply([np.ones(1)], [w])
    assert float(w.numpy()[0]) == -(0.25 + 1 + 2 + 4 + 8)
    assert [v.name for v in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match="not settable"):
        optimizer.learning_rate = 0.1

    class Own(schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return 1.0 / (step + 1)

    v = Variable([0.0])
    own = optimizers.SGD(Own())
    for _ in range(2):
        own.apply([np.ones(1)], [v])
    np.testing.assert_allclose(v.numpy(), [-1.5])
    warm = schedules.CosineDecay(0, 10, warmup_target=0.5, warmup_steps=4)
    np.testing.assert_allclose(warm([0, 2, 4, 14, 99]), [0, 0.25, 0.5, 0, 0], atol=1e-7)  # a rate of int 0 is a rate


class Momentum(Optimizer):
    """SGD with momentum, as a user of Keras writes it."""

    def __init__(self, learning_rate: Any = 0.5, momentum: float = 0.5, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = momentum

    def build(self, variables: list[Variable]) -> None:
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(v, name="momentum") for v in variables]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        rate = ops.cast(learning_rate, variable.dtype)
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, ops.subtract(ops.multiply(m, self.momentum), ops.multiply(gradient, rate)))
        self.assign_add(variable, m)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum}


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1, "clipvalue": 0.5, "use_ema": True}], ids=str)
def test_a_subclass_in_keras_style(options: dict[str, Any]) -> None:
    own, built_in = some_variables(), some_variables()
    a, b = Momentum(**options), optimizers.SGD(0.5, momentum=0.5, **options)
    for step in range(4):
        a.apply(some_gradients(step), own)
        b.apply(some_gradients(step), built_in)
    for x, y in zip([*own, *a.variables], [*built_in, *b.variables], strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-5, atol=1e-6)
    a._updater.make_exclusive(own)
    homes = [v.array for v in own]
    a._updater.update(some_gradients(9), own)
    assert all(v.array is home for v, home in zip(own, homes, strict=True))
    config = optimizers.serialize(a)
    again = optimizers.deserialize(config, {"Momentum": Momentum})
    assert again.get_config() == a.get_config()


def test_a_subclass_of_a_built_in_one() -> None:
    class Half(optimizers.Adam):
        def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
            super().update_step(gradient, variable, learning_rate * 0.5)

    a, b = some_variables(), some_variables()
    half, whole = Half(0.5), optimizers.Adam(0.25)
    for step in range(3):
        half.apply(some_gradients(step), a)
        whole.apply(some_gradients(step), b)
    assert_same(values(a), values(b))
    assert_same(values(half.variables[2:]), values(whole.variables[2:]))


def test_own_variables_are_state() -> None:
    class Counting(optimizers.SGD):
        def __init__(self) -> None:
            super().__init__()
            self.total = Variable(0.0, name="total")

    assert [v.path for v in Counting().variables] == ["counting/iteration", "counting/learning_rate", "total"]


def with_wrong_shape(optimizer: Any, variables: list[Variable]) -> None:
    optimizer.apply([*some_gradients(0)[:3], np.zeros((2, 3, 3)), np.zeros(0)], variables)


WRONG: list[Callable[[Any, list[Variable]], Any]] = [
    with_wrong_shape,
    lambda o, vs: o.apply(some_gradients(0)[:2], [*vs[:1], Variable(np.zeros(4))]),
    lambda o, vs: o.apply(some_gradients(0)[:2], vs),
    lambda o, vs: o.apply(some_gradients(0)[:2], [vs[0], vs[0]]),
    lambda o, vs: o.apply([None] * len(vs), vs),
    lambda o, vs: o.apply_gradients([]),
    lambda o, vs: o.apply_gradients(some_gradients(0)),
    lambda o, vs: o.set_weights(values(o.variables)[:-2] + [np.zeros(7)] * 2),
    lambda o, vs: o.load_own_variables({str(i): np.zeros(7) for i in range(len(o.variables))}),
    lambda o, vs: o.set_weights([v + 1 for v in values(o.variables)[:-2]] + [np.full((2, 3, 2), "text"), np.zeros(0)]),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_errors_leave_everything_as_it_was(wrong: Callable[[Any, list[Variable]], Any]) -> None:
    variables = some_variables()
    optimizer = optimizers.Adam(0.1)
    optimizer.apply(some_gradients(1), variables)
    before = values([*variables, *optimizer.variables])
    with pytest.raises(ValueError, match=r"."):
        wrong(optimizer, variables)
    assert_same(values([*variables, *optimizer.variables]), before)
    optimizer.apply(some_gradients(2), variables)
    assert int(optimizer.iterations) == 2


class Halves(Optimizer):
    """Halves each variable, by a step of its own."""

    broken = False

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        if self.broken and variable.name == "v2":
            raise ArithmeticError("mine")
        variable.assign(variable / 2)


@pytest.mark.parametrize("options", [{}, {"use_ema": True}], ids=str)
def test_an_update_step_of_ones_own_that_fails_changes_nothing(options: dict[str, Any]) -> None:
    pair = []
    for fails in (True, False):
        variables, optimizer = some_variables(), Halves(0.1, **options)
        for step in range(3):
            optimizer.apply(some_gradients(step), variables)
        before = values([*variables, *optimizer.variables])
        if fails:
            optimizer.broken = True
            for _ in range(2):
                with pytest.raises(ArithmeticError):
                    optimizer.apply(some_gradients(4), variables)
                assert_same(values([*variables, *optimizer.variables]), before)
            optimizer.broken = False
        for step in range(4, 7):
            optimizer.apply(some_gradients(step), variables)
        pair.append(values([*variables, *optimizer.variables]))
    assert_same(*pair)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("way", ["deepcopy", "pickle", "store", "weights"])
def test_state_round_trips(name: str, way: str) -> None:
    variables = some_variables()
    optimizer = make(name, learning_rate=0.1, use_ema=True, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=variables[:1])
    for step in range(3):
        optimizer.apply(some_gradients(step), variables)
    if way in ("deepcopy", "pickle"):
        pair = (optimizer, variables)
        twin, others = copy.deepcopy(pair) if way == "deepcopy" else pickle.loads(pickle.dumps(pair))
    else:
        others = some_variables(9)
        for a, b in zip(others, variables, strict=True):
            a.assign(b)
        twin = optimizers.deserialize(optimizers.serialize(optimizer))
        twin.exclude_from_weight_decay(var_list=others[:1])
        twin.build(others)
        store: dict[str, Any] = {}
        if way == "store":
            optimizer.save_own_variables(store)
            twin.load_own_variables(store)
        else:
            twin.set_weights([v.numpy() for v in optimizer.variables])
    for step in range(3, 5):
        optimizer.apply(some_gradients(step), variables)
        twin.apply(some_gradients(step), others)
    assert_same(values(variables), values(others))
    assert_same(values(optimizer.variables), values(twin.variables))


def test_pickles_of_earlier_versions_find_the_base_class() -> None:
    assert pickle.loads(b"cminikeras.optimizers.base\nOptimizer\n.") is Optimizer


def test_pickles_of_earlier_versions_have_another_name_for_the_slots() -> None:
    optimizer = optimizers.RMSprop(centered=True)
    state = copy.deepcopy(optimizer.__getstate__())
    state["_keeps"] = state.pop("_slot_names")
    twin = optimizers.RMSprop()
    twin.__setstate__(state)
    a, b = some_variables(), some_variables()
    optimizer.apply(some_gradients(1), a)
    twin.apply(some_gradients(1), b)
    assert_same(values(a), values(b))
    assert_same(values(optimizer.variables), values(twin.variables))


def test_nothing_that_grows_with_the_network_is_allocated() -> None:
    import tracemalloc

    shapes = [(500, 1000), (1000,)]
    variables = some_variables(shapes=shapes)
    optimizer = optimizers.Adam(weight_decay=0.1)
    optimizer._updater.make_exclusive(variables)
    views = optimizer._updater.gradient_views(variables)
    optimizer._updater.update(views, variables)
    tracemalloc.start()
    try:
        optimizer._updater.update(views, variables)
        assert tracemalloc.get_traced_memory()[1] < 20_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ALL)
def test_a_parabola_is_descended(name: str) -> None:
    w = Variable([3.0, -2.0])
    optimizer = make(name, learning_rate=1.0 if name in ("Adagrad", "Adadelta", "Ftrl") else 0.05)
    start = float(ops.sum(w * w))
    for _ in range(60):
        optimizer.apply([2 * w], [w])
    assert float(ops.sum(w * w)) < (0.98 if name == "Adadelta" else 0.6) * start


def test_types() -> None:
    assert_type(optimizers.get("adam"), Optimizer)
    assert_type(optimizers.SGD(0.1, nesterov=True, clipnorm=1.0).variables, list[Variable])
    assert_type(optimizers.AdamW().from_config({}), optimizers.AdamW)


if TYPE_CHECKING:
    optimizers.SGD(0.1, clipnorn=1.0)  # type: ignore[call-arg]
    optimizers.Adam("0.1")  # type: ignore[arg-type]
    keras.Model().compile("adamm")  # type: ignore[arg-type]


def test_a_loss_is_scaled_before_the_first_step() -> None:
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(), initial_scale=8.0)
    assert float(optimizer.scale_loss(2.0)) == 16


def test_a_model_of_mixed_precision_scales_its_loss() -> None:
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = x[:, :1] > 0

    def trained(eagerly: bool, **options: Any) -> Any:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", run_eagerly=eagerly, **options)
        model.fit(x, y, batch_size=8, epochs=3, verbose=0)
        return model

    keras.config.set_dtype_policy("mixed_float16")
    try:
        model, eager, plain = trained(False), trained(True), trained(False, auto_scale_loss=False)
        assert type(plain.optimizer) is optimizers.Adam
        assert_same(model.get_weights(), eager.get_weights())
        assert_same(values(model.optimizer.variables), values(eager.optimizer.variables))
        np.testing.assert_allclose(model.predict(x, verbose=0), plain.predict(x, verbose=0), atol=2e-3)
        before = model.get_weights()
        model.optimizer.dynamic_scale.assign(1e30)
        model.fit(x, y, batch_size=32, verbose=0)
        assert_same(model.get_weights(), before)
        assert float(model.optimizer.dynamic_scale) == pytest.approx(1e30 / 4)
        assert int(model.optimizer.iterations) == 24
    finally:
        keras.config.set_dtype_policy("float32")


WRONG_SCALED: list[dict[str, Any]] = [{"dynamic": False}, {"clipnorm": 1.0}, {"use_ema": True}, {"rate": 1}]


@pytest.mark.parametrize("options", WRONG_SCALED)
def test_options_that_only_the_inner_optimizer_has(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"inner_optimizer|loss_scale_factor"):
        optimizers.LossScaleOptimizer(optimizers.SGD(), **options)


@pytest.mark.parametrize(("inner", "names"), [
    (optimizers.Nadam, ["iteration", "learning_rate", "kernel_momentum", "kernel_velocity"]),
    (optimizers.Adafactor, ["iteration", "learning_rate", "kernel_velocity"]),
])  # fmt: skip
def test_a_scaled_optimizer_has_the_variables_that_keras_saves(inner: Any, names: list[str]) -> None:
    scaled = optimizers.LossScaleOptimizer(inner())
    scaled.build([keras.Variable(np.ones(3), name="kernel")])
    assert [v.name for v in scaled.variables] == ["iteration", "learning_rate", "step_counter", "dynamic_scale", *names]


@pytest.mark.parametrize(("make", "name"), [
    (optimizers.Nadam, "_u_product"),
    (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1), dynamic_growth_steps=3), "step_counter"),
    (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1), dynamic_growth_steps=1), "dynamic_scale"),
])  # fmt: skip
def test_a_tensor_made_of_the_state_keeps_its_values(make: Any, name: str) -> None:
    w, optimizer = Variable([1.0]), make()
    optimizer.build([w])
    tensors, values = [], []
    for _ in range(2):
        optimizer.apply([[0.5]], [w])
        state = getattr(optimizer, name)
        tensors.append(keras.ops.reshape(state, (1,)))
        values.append(state.numpy())
    assert values[0] != values[1]
    assert [t.numpy().item() for t in tensors] == values


def test_an_optimizer_without_a_rule_says_what_it_needs() -> None:
    class Idle(keras.optimizers.Optimizer):
        pass

    v = keras.Variable(1.0)
    with pytest.raises(NotImplementedError, match=r"Idle must override `update_step\(\)`"):
        Idle(learning_rate=0.1).apply([keras.ops.ones(())], [v])
    assert float(v) == 1.0


def test_a_tensor_made_of_the_iterations_stays() -> None:
    optimizer, v = keras.optimizers.Adam(), keras.Variable([1.0])
    optimizer.build([v])
    made = [
        f(optimizer.iterations) for f in (ops.stop_gradient, ops.ravel, ops.squeeze, lambda i: ops.expand_dims(i, 0))
    ]
    optimizer.apply([ops.ones((1,))], [v])
    assert [int(np.asarray(x).item()) for x in made] == [0] * 4
    assert int(optimizer.iterations) == 1


def test_copies_of_variables_have_a_life_of_their_own() -> None:
    penalty = keras.regularizers.L2(1.0)
    layer = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((2,)), layer])
    twin, variable = copy.deepcopy(model), copy.copy(layer.kernel)
    penalty.l2 = 100.0
    assert float(twin.losses[0]) == 2.0
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 2)), np.zeros((8, 1)), epochs=3, verbose=0)
    assert variable.numpy().tolist() == twin.get_weights()[0].tolist() == [[1.0], [1.0]]


def test_nadam_of_half_precision_leaves_a_variable_without_gradient() -> None:
    variable = Variable([1.0, -2.0], dtype="float16")
    optimizer = optimizers.Nadam(0.01)
    for _ in range(2):
        optimizer.apply([np.zeros(2, "float16")], [variable])
    assert variable.numpy().tolist() == [1.0, -2.0]


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adagrad", "Adadelta", "Nadam", "Lamb"])
@pytest.mark.parametrize("epsilon", [None, "1e-7"], ids=str)
def test_an_epsilon_that_is_no_number_is_refused_before_weights_become_nan(name: str, epsilon: Any) -> None:
    with pytest.raises(ValueError, match="`epsilon` argument must be a number"):
        getattr(keras.optimizers, name)(epsilon=epsilon)
    assert getattr(keras.optimizers, name)(epsilon=np.array(0.25)).get_config()["epsilon"] == 0.25


@pytest.mark.parametrize("name", ["Adam", "Adamax", "Lamb", "Nadam", "SGD"])
def test_surplus_arguments_are_refused_under_the_name_of_the_optimizer(name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name}\.__init__\(\) takes from 1 to \d positional arguments"):
        getattr(keras.optimizers, name)(*range(20))


def test_ftrl_refuses_a_learning_rate_of_zero() -> None:
    with pytest.raises(ValueError, match="Ftrl divides by the learning rate"):
        optimizers.Ftrl(0.0).apply([np.ones(2)], [Variable([1.0, 2.0])])


def test_the_product_of_momenta_is_that_of_all_steps_where_a_file_lacks_it() -> None:
    optimizer, again = (optimizers.LossScaleOptimizer(optimizers.Nadam(0.1), initial_scale=1.0) for _ in "ab")
    v, w = Variable([1.0, 2.0]), Variable([1.0, 2.0])
    again.build([w])
    for _ in range(3):
        optimizer.apply([ops.array([0.5, -1.0])], [v])
    for a, b in zip(again.variables, optimizer.variables, strict=True):  # all that a file holds
        a.assign(b)
    w.assign(v)
    for each, variable in ((optimizer, v), (again, w)):
        each.apply([ops.array([2.0, -1.0])], [variable])
    np.testing.assert_array_equal(v, w)


def test_the_first_step_may_have_any_number() -> None:
    optimizer, v = optimizers.Nadam(0.01), Variable([1.0, 2.0])
    optimizer.build([v])
    optimizer.iterations.assign(1000)
    for _ in range(3):
        optimizer.apply([ops.array([0.1, 0.2])], [v])
    np.testing.assert_allclose(v, [0.2666, 1.2666], atol=2e-3)  # Keras's


@pytest.mark.parametrize("ending", ["keras", "h5", "weights.h5", "npz"])
def test_averages_of_weights_begin_at_the_weights_of_a_file(ending: str, tmp_path: Path) -> None:
    def model() -> keras.Model:
        made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        made.compile(optimizers.ScheduleFreeAdamW(0.01), "mse")
        return made

    keras.utils.set_random_seed(2)  # for which z + (p - z) is not p
    saved, other, path = model(), model(), tmp_path / f"model.{ending}"
    if "weights" in ending or ending == "npz":
        saved.save_weights(path)
        other.optimizer.build(other.trainable_variables)
        other.load_weights(path)
    else:
        saved.save(path)
        other = keras.models.load_model(path)
    x = np.ones((4, 2), "float32")
    losses = [m.fit(x, x[:, :1], epochs=3, verbose=0).history["loss"] for m in (saved, other)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("kind", [keras.optimizers.Adam, keras.optimizers.Nadam, keras.optimizers.Adafactor])
def test_an_interruption_of_the_first_step_leaves_no_half_of_a_state(kind: Any) -> None:
    class Interrupted(kind):  # type: ignore[misc]  # whose class is a parameter
        places = 0

        def add_variable_from_reference(self, *args: Any, **kwargs: Any) -> Any:
            type(self).places += 1
            if self.places == 2:
                raise KeyboardInterrupt
            return super().add_variable_from_reference(*args, **kwargs)

    whole, optimizer, gradients = kind(0.1), Interrupted(0.1), [np.ones((3, 2)), np.ones(2)]
    weights, expected = ([keras.Variable(np.ones((3, 2))), keras.Variable(np.ones(2))] for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        optimizer.apply(gradients, weights)
    assert not optimizer.built
    assert len(optimizer.variables) == 2
    optimizer.apply(gradients, weights)
    whole.apply(gradients, expected)
    assert len(optimizer.variables) == len(whole.variables)
    np.testing.assert_array_equal(weights[0], expected[0])


@pytest.mark.parametrize("place", [1, 2])
def test_an_interruption_leaves_no_half_of_the_state_of_an_inner_optimizer(place: int) -> None:
    class Interrupted(optimizers.Adam):
        places = 0

        def add_variable_from_reference(self, *args: Any, **kwargs: Any) -> Any:
            type(self).places += 1
            if self.places == place:
                raise KeyboardInterrupt
            return super().add_variable_from_reference(*args, **kwargs)

    whole, optimizer = (optimizers.LossScaleOptimizer(kind(0.1)) for kind in (optimizers.Adam, Interrupted))
    weights, expected = (Variable(np.ones(2), name="weights") for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        optimizer.apply([np.ones(2)], [weights])
    optimizer.apply([np.ones(2)], [weights])
    whole.apply([np.ones(2)], [expected])
    assert [v.name for v in optimizer.variables] == [v.name for v in whole.variables]
    np.testing.assert_array_equal(weights, expected)


@pytest.mark.parametrize("wrap", [lambda optimizer: optimizer, optimizers.LossScaleOptimizer])
def test_an_interruption_while_averages_begin_leaves_slots_that_are_updated(wrap: Any) -> None:
    class Interrupted(optimizers.ScheduleFreeAdamW):
        places = 0

        def _before_update(self, step: int) -> None:
            super()._before_update(step)
            type(self).places += 1
            if self.places == 1:
                raise KeyboardInterrupt

    whole, optimizer = wrap(optimizers.ScheduleFreeAdamW(0.1)), wrap(Interrupted(0.1))
    weights, expected = (Variable(np.ones(2), name="weights") for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        optimizer.apply([np.ones(2)], [weights])
    for _ in range(3):
        optimizer.apply([np.ones(2)], [weights])
        whole.apply([np.ones(2)], [expected])
    for a, b in zip([weights, *optimizer.variables], [expected, *whole.variables], strict=True):
        np.testing.assert_array_equal(a, b)


def test_threads_may_update_at_once(four_threads: ThreadPoolExecutor) -> None:
    start = Variable(np.zeros(4, "float32"))
    optimizer = optimizers.SGD(1.0)
    optimizer.build([start])

    def update(i: int) -> None:
        for _ in range(2000):
            optimizer.apply([ops.convert_to_tensor(np.eye(4, dtype="float32")[i])], [start])

    list(four_threads.map(update, range(4)))
    assert start.numpy().tolist() == [-2000.0] * 4
    assert int(optimizer.iterations) == 8000


def test_values_that_are_passed_are_updated_as_apply_does_and_nothing_else_changes() -> None:
    (optimizer, v), (twin, w) = ((optimizers.Adam(0.1), Variable([1.0, 2.0])) for _ in range(2))
    optimizer.build([v])
    values, own = [v.value], [x.value for x in optimizer.variables]
    for g in ([0.5, -1.0], [0.25, 2.0]):
        values, own = optimizer.stateless_apply(own, [g], values)
        twin.apply([g], [w])
    np.testing.assert_array_equal(values[0], w)
    assert [x.numpy().tolist() for x in own] == [x.numpy().tolist() for x in twin.variables]
    assert v.numpy().tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"does not fit|shape"):
        optimizer.stateless_apply(own, [[1.0]], values)
    assert v.numpy().tolist() == [1, 2]
    assert int(optimizer.iterations) == 0


def test_weights_that_are_set_while_another_thread_trains_are_not_lost(four_threads: ThreadPoolExecutor) -> None:
    x, y = np.zeros((16, 3), "float32"), np.zeros((16, 1), "float32")
    model = keras.Sequential([keras.Input((3,)), *map(keras.layers.Dense, (600, 600, 1))])
    model.compile(optimizers.SGD(0.0), "mse")
    done = threading.Event()

    def train() -> None:
        while not done.is_set():
            model.fit(x, y, batch_size=4, verbose=0)
            model.get_weights()  # which makes training move the weights to new arrays

    trained = four_threads.submit(train)
    kept = []
    for i in range(100):
        model.set_weights([np.full(w.shape, i, w.dtype) for w in model.weights])
        time.sleep(0.01)
        kept.append(all((w == i).all() for w in model.get_weights()))
    done.set()
    trained.result(60)
    assert all(kept)


@pytest.mark.parametrize("name", ["SGD", "Adafactor", "ScheduleFreeAdamW"])
def test_a_second_build_changes_nothing(name: str) -> None:
    optimizer, variables = make(name), some_variables()
    optimizer.build(variables)
    state = optimizer.variables
    optimizer.build(variables)
    assert [*map(id, optimizer.variables)] == [*map(id, state)]
