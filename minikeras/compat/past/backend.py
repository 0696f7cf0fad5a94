"""The former `keras.backend` (`K.mean`, `K.function` ...): today's functions under its names, with a warning.

Tables have the renamed functions and those of one expression; the others are written out.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial, wraps
from importlib import import_module
from itertools import takewhile
from typing import Any, TypeVar

import numpy as np

from ... import layers, models, ops, random, tree
from ..._base.context import context as _context
from ..._base.naming import auto_name, clear_session
from ..._base.settings import epsilon, floatx, image_data_format, set_image_data_format, standardize_dtype
from ..._base.typing import DTypeLike
from ..._base.user_warning import warn_user
from ..._core.keras_tensor import KerasTensor
from ..._core.tape import GradientTape
from ..._core.tensor import Tensor, TensorOps, as_array
from ..._core.variable import Variable
from ...models.function import Function
from ...models.order import walk
from .patches import outdated, resolve

F = TypeVar("F", bound=Callable[..., Any])
_SAME = """
    abs all any arange binary_crossentropy cast categorical_crossentropy cos dot dtype elu equal exp greater
    greater_equal is_tensor less less_equal log logsumexp max maximum mean min minimum ndim not_equal one_hot ones_like
    prod reshape round shape sigmoid sign sin slice softmax softplus softsign sparse_categorical_crossentropy square
    squeeze stack std stop_gradient sum tanh tile transpose var zeros_like"""
RENAMED = {
    **{name: f"ops.{name}" for name in _SAME.split()},
    "permute_dimensions": "ops.transpose", "pow": "ops.power",
    "random_normal": "random.normal", "random_uniform": "random.uniform", "relu": "activations.relu",
    "repeat_elements": "ops.repeat", "reverse": "ops.flip", "to_dense": "ops.convert_to_tensor",
    "truncated_normal": "random.truncated_normal"}  # fmt: skip
"""Name in `keras.backend` -> address below `keras` of the function that takes the same arguments in the same order."""
_PAIRS = "dot equal greater greater_equal less less_equal maximum minimum not_equal"
_WORDS = {**dict.fromkeys(_PAIRS.split(), "x y"), "one_hot": "indices num_classes",
          "permute_dimensions": "x pattern", "pow": "x a", "relu": "x alpha", "repeat_elements": "x rep axis",
          "reshape": "x shape", "reverse": "x axes", "slice": "x start size", "tile": "x n"}  # fmt: skip
"""Former names of arguments, where they have other names today."""
_ONE_LINERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "argmax": ("keras.ops.argmax(x, axis=-1)", lambda x, axis=-1: ops.cast(ops.argmax(x, axis), "int64")),
    "argmin": ("keras.ops.argmin(x, axis=-1)", lambda x, axis=-1: ops.cast(ops.argmin(x, axis), "int64")),
    "batch_flatten": ("keras.layers.Flatten()(x)", lambda x: ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))),
    "batch_get_value": ("[x.numpy() for x in tensors]", lambda tensors: [x.numpy() for x in tensors]),
    "batch_normalization": ("keras.ops.batch_normalization", lambda x, mean, var, beta, gamma, axis=-1, epsilon=1e-3:
        ops.batch_normalization(x, mean, var, axis, beta, gamma, epsilon)),
    "batch_set_value": ("x.assign(value)", lambda tuples: ([x.assign(value) for x, value in tuples], None)[1]),
    "cast_to_floatx": ("keras.ops.cast(x, keras.config.floatx())",
        lambda x: (ops.cast if isinstance(x, TensorOps) else np.asarray)(x, floatx())),
    "clip": ("keras.ops.clip", lambda x, min_value, max_value:
        ops.clip(ops.clip(x, None, max_value), min_value, None)),  # type: ignore[call-overload]  # the minimum counts
    "concatenate": ("keras.ops.concatenate(tensors, axis=-1)", lambda tensors, axis=-1: ops.concatenate(tensors, axis)),
    "count_params": ("x.size", lambda x: int(np.prod(x.shape))),
    "cumprod": ("keras.ops.cumprod(x, axis=0)", lambda x, axis=0: ops.cumprod(x, axis)),
    "cumsum": ("keras.ops.cumsum(x, axis=0)", lambda x, axis=0: ops.cumsum(x, axis)),
    "dropout": ("keras.random.dropout", lambda x, level, noise_shape=None, seed=None:  # the level may be a variable
        (random.dropout if isinstance(level, int | float) else import_module("..tensorflow.nn", __package__).dropout)(
            x, level, noise_shape, seed)),
    "eye": ("keras.ops.eye(size)", lambda size, dtype=None, name=None: ops.eye(size, dtype=dtype)),
    "expand_dims": ("keras.ops.expand_dims(x, axis=-1)", lambda x, axis=-1: ops.expand_dims(x, axis)),
    "flatten": ("keras.ops.reshape(x, (-1,))", lambda x: ops.reshape(x, (-1,))),
    "gather": ("keras.ops.take(x, indices, axis=0)", lambda reference, indices: ops.take(reference, indices, axis=0)),
    **dict.fromkeys(("eval", "get_value"),
        ("keras.ops.convert_to_numpy(x)", lambda x: x.numpy() if isinstance(x, TensorOps) else x)),
    "hard_sigmoid": ("keras.ops.hard_sigmoid, with another slope", lambda x: ops.clip(x * 0.2 + 0.5, 0.0, 1.0)),
    "int_shape": ("tuple(x.shape)", lambda x: tuple(x.shape)),
    "learning_phase": ("the argument `training` of a call", lambda: Phase(_training())),
    "map_fn": ("keras.ops.vectorized_map", lambda fn, elems, name=None, dtype=None:
        import_module("..tensorflow.functions", __package__).map_fn(fn, elems)),
    "repeat": ("keras.layers.RepeatVector(n)(x)", lambda x, n: ops.repeat(ops.expand_dims(x, 1), n, axis=1)),
    "in_top_k": ("keras.ops.in_top_k(targets, predictions, k)",
        lambda predictions, targets, k: ops.in_top_k(targets, predictions, k)),
    "in_train_phase": ("the argument `training` of `call`",
        lambda x, alt, training=None: _called(x if _training(training) else alt)),
    "in_test_phase": ("the argument `training` of `call`",
        lambda x, alt, training=None: _called(alt if _training(training) else x)),
    "moving_average_update": ("x.assign(x * momentum + value * (1 - momentum))",
        lambda x, value, momentum: (x.assign(x * momentum + value * (1 - momentum)), x)[1]),
    "print_tensor": ("print(message, x)", lambda x, message="": (print(message, x), x)[1]),
    "constant": ("keras.ops.convert_to_tensor(value, dtype)", lambda value, dtype=None, shape=None, name=None: Tensor(
        (np.broadcast_to if np.size(value) == 1 else np.reshape)(
            np.array(value, standardize_dtype(dtype)), np.shape(value) if shape is None else tuple(shape)))),
    "name_scope": ("keras.name_scope, which names weights", lambda name, *_: nullcontext(name)),
    "ones": ("keras.ops.ones(shape), or a keras.Variable of it", lambda shape, dtype=None, name=None:
        Variable(np.ones(shape), dtype=standardize_dtype(dtype), name=name)),
    "zeros": ("keras.ops.zeros(shape), or a keras.Variable of it", lambda shape, dtype=None, name=None:
        Variable(np.zeros(shape), dtype=standardize_dtype(dtype), name=name)),
    "set_image_dim_ordering": ("keras.config.set_image_data_format", lambda dim_ordering:
        set_image_data_format("channels_first" if dim_ordering == "th" else "channels_last")),
    "update": ("x.assign(new_x)", lambda x, new_x: (x.assign(new_x), x)[1]),
    "update_add": ("x.assign_add(increment)", lambda x, increment: (x.assign_add(increment), x)[1]),
    "update_sub": ("x.assign_sub(decrement)", lambda x, decrement: (x.assign_sub(decrement), x)[1]),
    "temporal_padding": ("keras.ops.pad", lambda x, padding=(1, 1): ops.pad(x, ((0, 0), padding, (0, 0)))),
    "spatial_2d_padding": ("keras.ops.pad", lambda x, padding=((1, 1), (1, 1)), data_format=None:
        ops.pad(x, ((0, 0), *padding, (0, 0)) if (data_format or image_data_format()) == "channels_last" else
            ((0, 0), (0, 0), *padding))),
    **{f"conv{n}d": ("keras.ops.conv", lambda x, kernel, *how, **k: ops.conv(x, kernel, *how, **k)) for n in (1, 2, 3)},
    **dict.fromkeys(("get_session", "set_session"), ("nothing: there are no sessions", lambda session=None: None)),
    "image_dim_ordering": ("keras.config.image_data_format()",
        lambda: "th" if image_data_format() == "channels_first" else "tf"),
    "l2_normalize": ("keras.ops.normalize",
        lambda x, axis=None: x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))),
    "placeholder": ("keras.Input", lambda shape=None, ndim=None, dtype=None, **_:
        layers.Input(batch_shape=(None,) * (ndim or 0) if shape is None else shape, dtype=dtype,
                     name=auto_name("placeholder"))),
    "random_bernoulli": ("keras.random.binomial(shape, 1, p)", lambda shape, p=0.0, dtype=None, seed=None:
        random.binomial(shape, 1, p, dtype, seed)),
    "reset_uids": ("keras.utils.clear_session()", lambda: clear_session()),
    "resize_images": ("keras.ops.image.resize, or keras.layers.UpSampling2D",  # a new layer ends the replay of steps
        lambda x, height_factor, width_factor, data_format, interpolation="nearest":
            layers.UpSampling2D((height_factor, width_factor), data_format, interpolation)(x)
            if isinstance(x, KerasTensor) else ops.image.resize(x, np.multiply((height_factor, width_factor),
                x.shape[1:3] if (data_format or image_data_format()) == "channels_last" else x.shape[2:]).tolist(),
                interpolation, data_format=data_format)),
    "set_learning_phase": ("the argument `training` of a call", lambda value: warn_user(
        f"set_learning_phase({value!r}) has no effect: pass training=True to calls of models.") if value else None),
    "set_value": ("x.assign(value)", lambda x, value: x.assign(value)),
    "sqrt": ("keras.ops.sqrt, of what is not negative", lambda x: ops.sqrt(ops.maximum(x, 0.0)))}  # fmt: skip
"""Name -> today's spelling, and the function, whose arguments have their former names."""
NAMES: dict[str, Callable[..., Any]] = {}
"""All these functions, by name."""


def _today(text: str, known_as: str = "") -> Callable[[F], F]:
    """Declare a function of `keras.backend`; `text` is today's spelling, for the warning."""

    def declare(function: F) -> F:
        old = known_as or function.__name__

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            outdated(f"keras.backend.{old}", text)
            words = takewhile(kwargs.__contains__, _WORDS.get(old, "").split()[len(args) :])
            return function(*args, *[kwargs.pop(word) for word in words], **kwargs)

        NAMES[old] = call
        return function

    return declare


for _name, _place in RENAMED.items():
    _today(f"keras.{_place}", _name)(resolve(_place))
for _name, (_text, _function) in _ONE_LINERS.items():
    _function.__qualname__ = _name  # for error messages
    _today(_text, _name)(_function)


def _training(training: Any = None) -> bool:
    """Return whether to train: by the argument, or by the call of a layer that is going on."""
    return bool(training if training is not None else _context.training and _context.training[-1])


def _called(value: Any) -> Any:
    return value() if callable(value) else value


@_today("keras.ops.ctc_loss, or the loss 'ctc'")
def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """Return the CTC loss -log p(labels | probabilities), (batch, 1); the last class is the blank."""
    labels, steps = (ops.reshape(ops.cast(n, "int32"), (-1,)) for n in (label_length, input_length))
    return ops.expand_dims(ops.ctc_loss(y_true, ops.log(y_pred + epsilon()), labels, steps, y_pred.shape[-1] - 1), -1)


@_today("keras.ops.ctc_decode")
def ctc_decode(y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1) -> Any:
    """Return a list of decoded paths, (batch, steps) padded with -1, and their scores."""
    strategy, blank = "greedy" if greedy else "beam_search", y_pred.shape[-1] - 1
    scores = ops.log(y_pred + epsilon())
    paths, quality = ops.ctc_decode(scores, input_length, strategy, beam_width, top_paths, mask_index=blank)
    if not greedy:  # equal neighbours count once, as in TensorFlow 1
        found = as_array(paths)
        again = np.diff(found, axis=2, prepend=-2) == 0
        order = np.argsort(again, axis=2, kind="stable")
        paths = Tensor(np.take_along_axis(np.where(again, -1, found), order, 2))
    return list(ops.unstack(paths, axis=0)), quality


@_today("keras.layers.RNN, or keras.ops.scan")
def rnn(step_function: Any, inputs: Any, initial_states: Any, go_backwards: bool = False, mask: Any = None,
        constants: Any = None, unroll: bool = False, input_length: int | None = None, time_major: bool = False,
        zero_output_for_mask: bool = False, return_all_outputs: bool = True) -> Any:  # fmt: skip
    """Run `step_function`, (input, states) -> (output, states), along time: the last output, all outputs, states."""
    states, axis = list(initial_states), 0 if time_major else 1
    outputs: list[Any] = []
    for i in reversed(range(inputs.shape[axis])) if go_backwards else range(inputs.shape[axis]):
        output, new = step_function(ops.take(inputs, i, axis), states + list(constants or ()))
        if mask is not None:
            is_valid = ops.reshape(ops.take(mask, i, axis), (-1, *[1] * (len(output.shape) - 1)))
            masked = ops.zeros_like(output) if zero_output_for_mask or not outputs else outputs[-1]
            output = ops.where(is_valid, output, masked)
            new = [ops.where(is_valid, after, before) for after, before in zip(new, states, strict=True)]
        outputs.append(output)
        states = list(new)
    return outputs[-1], ops.stack(outputs if return_all_outputs else outputs[-1:], axis), states


@_today("keras.Variable(value)")
def variable(value: Any, dtype: DTypeLike | None = None, name: str | None = None, constraint: Any = None) -> Variable:
    """Return a variable."""
    x = Variable(as_array(value), dtype=standardize_dtype(dtype), name=name)
    x.constraint = constraint
    return x


@_today("keras.layers.Dot(axes)([x, y])")
def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Return the dot products of two batches, sample by sample."""
    axes = (x.ndim - 1, max(1, y.ndim - 2)) if axes is None else axes
    left, right = (axes, axes) if isinstance(axes, int) else axes
    if min(x.ndim, y.ndim) < 2 or 0 in (left % x.ndim, right % y.ndim):
        raise ValueError(f"batch_dot needs axes that are not the batch. Received: {x.shape}, {y.shape}, axes={axes}.")
    first, second = "abcdef"[: x.ndim], "auvwxy"[: y.ndim]
    rest = "".join(letter for letter in first + second[1:] if letter not in (first[left], second[right]))
    product = ops.einsum(f"{first},{second.replace(second[right], first[left])}->{rest}", x, y)
    return product if rest[1:] else ops.expand_dims(product, -1)


@_today("x + bias")
def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """Return x + bias, one number a channel; one for each place is reshaped for "channels_first", as in Keras 2."""
    if (data_format or image_data_format()) == "channels_first" and x.ndim > 2:
        bias = ops.reshape(bias, (-1, *(np.shape(bias)[:-1] or (1,) * (x.ndim - 2))))
    return x + bias


@_today("keras.ops.where, or keras.ops.cond")
def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one of two values, chosen element by element if the condition is a tensor with axes."""
    if not getattr(condition, "ndim", 0):
        return _called(then_expression if condition else else_expression)
    return ops.where(ops.cast(condition, "bool"), _called(then_expression), _called(else_expression))


class Phase(int):
    """The learning phase as an input of `K.function`: 0 for prediction, 1 for training."""


@_today("keras.Model(inputs, outputs)")
def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **options: Any) -> Any:
    """Return a function that runs a graph; each of the `updates` is a variable and its symbolic new value."""
    places = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    several = isinstance(outputs, list | tuple)
    tensors = [x for x in places if isinstance(x, KerasTensor)]
    pairs = [pair for pair in updates or () if isinstance(pair, tuple)]  # others have happened, as `K.update`
    model = models.Model(tensors, [list(outputs) if several else [outputs], [value for _, value in pairs]])

    def run(values: Any) -> Any:
        if not isinstance(values, list | tuple) or not isinstance(inputs, list | tuple):
            values = [values]
        arrays = [np.asarray(value) for x, value in zip(places, values, strict=False) if isinstance(x, KerasTensor)]
        phases = [value for x, value in zip(places, values, strict=False) if isinstance(x, Phase)]
        results, new = model(arrays, training=bool(phases and phases[0]))
        for (target, _), value in zip(pairs, new, strict=True):
            (target.assign if isinstance(target, Variable) else target)(value)
        return [y.numpy() for y in results] if several else results[0].numpy()

    return run


@_today("keras.GradientTape")
def gradients(loss: Any, variables: Any) -> Any:
    """Return the symbolic gradients of symbolic losses for tensors of their graph, or for variables, as a list."""
    losses, places = tree.flatten(loss), tree.flatten(variables)
    if not all(isinstance(y, KerasTensor) for y in losses):
        raise NotImplementedError("keras.backend.gradients needs symbolic losses. For values use keras.GradientTape.")
    inputs = [x for node in walk([], losses)[0] if not node.inputs for x in node.outputs]
    graph = Function(inputs, [losses, [x for x in places if isinstance(x, KerasTensor)]])

    def call(values: Any) -> Any:
        with GradientTape() as tape:
            tape.watch(values)
            ys, tensors = graph(values)
        sources = [tensors.pop(0) if isinstance(x, KerasTensor) else x for x in places]
        return [ops.zeros_like(x) if g is None else g for x, g in zip(sources, tape.gradient(ys, sources), strict=True)]

    return tree.flatten(layers.Lambda(call)(inputs))


def get_updates(optimizer: Any, *args: Any, loss: Any = None, params: Any = None) -> list[tuple[Any, Any]]:
    """Return updates for `function`, from a symbolic loss and variables: (loss, params), or (params, {}, loss)."""
    outdated("optimizer.get_updates(loss, params)", "optimizer.apply(gradients, variables)")
    passed = [*args, loss, params]
    variables = next(x for x in passed if isinstance(x, list | tuple) and x)
    loss = next(x for x in passed if isinstance(x, KerasTensor))
    return [(partial(optimizer.apply, trainable_variables=variables), gradients(loss, variables))]
