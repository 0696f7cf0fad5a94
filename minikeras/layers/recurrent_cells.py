"""Cells, which compute one step of a recurrence; the kernels of all gates stand side by side, for one product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Self, TypeAlias, Unpack

from .. import activations, ops, random, tree
from .._base.checks import Positive
from .._base.context import context
from .._base.typing import ActivationName, Config, CustomObjects, Shape, ShapeLike
from .._core.tape import open_tapes
from .._core.tensor import Tensor
from .._core.variable import Variable
from .._serialization.serialization import deserialize, serialize
from ..constraints import ConstraintLike
from ..ops.recurrence import CURVES
from ..random import SeedGenerator
from .core import WithKernel
from .layer import InitializerLike, Layer, LayerOptions, RegularizerLike

ActivationLike = ActivationName | Callable[..., Any] | Config | None
Masks = list[list[Tensor] | None]  # dropout masks of inputs and of the state: one for all gates, or one for each
_Clipped: TypeAlias = Annotated[float, lambda cls, name, value: float(min(1.0, max(0.0, value)))]
"""A number clipped to the range from 0 to 1."""


def _masks_of(cell: Any) -> Any:
    """Return the dropout masks of a cell, None if no layer is running it."""
    running, masks = context.cell
    return masks if running is cell else None


class Cell(WithKernel):
    """One step of a recurrent layer, by `call(inputs, states, training)`; a ValueError if `units` is not positive.

    Args:
        units: Size of the output, and of each part of the state.
        activation: Name or function, "tanh" by default.
        recurrent_activation: Activation of the gates, "sigmoid" by default.
        kernel_initializer, recurrent_initializer, bias_initializer: What fills the weights.
        unit_forget_bias: Whether the bias of the forget gate starts at 1.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties on them.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections applied after each training step.
        dropout: Share of the inputs to drop in training.
        recurrent_dropout: Share of the state to drop in training.
        seed: Seed of the dropout.
    """

    activation: Callable[..., Any]
    _gates: ClassVar[int]
    _states: ClassVar[int] = 1
    _draws_first: ClassVar[bool] = False  # whether the cell takes its seed before its initializers, as in Keras
    _size: ClassVar[str] = "units"  # the argument that is the size of the output
    _gate_axis: int = -1  # the axis along which the gates stand side by side
    _window: Shape = ()  # sizes of a convolution's window
    units: Positive
    use_bias: bool
    recurrent_initializer: Callable[..., Any]
    recurrent_regularizer: Callable[..., Any] | None
    recurrent_constraint: Callable[..., Any] | None
    dropout: _Clipped
    recurrent_dropout: _Clipped
    seed: int | None
    recurrent_kernel: Variable
    output_size: int
    __call__: Callable[..., Any]  # for type checkers: it returns (output, states)

    def _configure(self, arguments: dict[str, Any]) -> None:
        arguments.get("options", {}).pop("implementation", None)  # accepted as in Keras
        seeds = SeedGenerator(arguments["seed"]) if self._draws_first else None
        super()._configure(arguments)
        self.seed_generator: SeedGenerator = seeds or SeedGenerator(self.seed)
        self.units = self.output_size = getattr(self, self._size)
        self.state_size: Any = self.units if self._states == 1 else [self.units] * self._states

    def build(self, input_shape: ShapeLike) -> None:
        width = self._gates * self.units
        shapes = [(*self._window, n, width) for n in (input_shape[self._gate_axis], self.units)]
        self.kernel: Variable = self._configured_weight("kernel", shapes[0])
        self.recurrent_kernel = self._configured_weight("recurrent_kernel", shapes[1], "recurrent")
        self.bias: Variable | None = self._make_bias(width) if self.use_bias else None

    def _make_bias(self, width: int) -> Variable:
        return self._configured_weight("bias", (width,))

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Return zeros for each part of the state."""
        return [ops.zeros((batch_size or 0, self.units), self.compute_dtype) for _ in range(self._states)]

    def _masks(self, shape: Shape, training: bool | None) -> Masks:
        """Draw dropout masks for inputs of a shape and for the state; with recurrent dropout, one for each gate.

        As in Keras they are drawn outside of training too, and not used.
        """
        count = self._gates if self.recurrent_dropout or self._window else 1
        pairs = (self.dropout, shape), (self.recurrent_dropout, self.get_initial_state(shape[0])[0].shape)
        drawn = [[random.dropout(ops.ones(size, self.compute_dtype), rate, seed=self.seed_generator)
                  for _ in range(count)] if rate > 0 else None for rate, size in pairs]  # fmt: skip
        return drawn if training else [None, None]

    def _drops(self, masks: Any, features: int) -> Tensor:
        """Return the masks as factors of [h; 1; x] for each gate, (batch, gates, rows), as `recur` takes them."""
        of_state = ops.stack(masks[1], 1)
        of_inputs = ops.stack(masks[0], 1) if masks[0] else ops.ones((*of_state.shape[:2], features), of_state.dtype)
        return ops.concatenate([of_state, ops.ones_like(of_state[..., :1]), of_inputs], -1)

    def _step_masks(self, inputs: Tensor, training: bool | None) -> Masks:
        return _masks_of(self) or self._masks(inputs.shape, training)

    def _kind(self, x: Tensor) -> tuple[str, str, str] | None:
        """Return the kind of recurrence and the names of its activations if one op can run it, else None."""
        kind = vars(type(self)).get("_recurrence")  # a subclass has none: its formula may differ
        if not kind or x.ndim != 3 or not all(x.shape[1:]):
            return None
        kind = kind if getattr(self, "reset_after", True) else "reset_first"
        functions = self.activation, getattr(self, "recurrent_activation", self.activation)
        names = [next((name for name in context.curves or CURVES if activations.get(name) is f), "") for f in functions]
        dtypes = {w.dtype for w in self.weights} | {x.dtype}
        if not all(names) or len(open_tapes()) > 1 or dtypes not in ({"float16"}, {"float32"}, {"float64"}):
            return None
        return str(kind), names[0], names[1]

    def _product(self, x: Tensor, kernel: Any, masks: list[Tensor] | None, multiply: Any = ops.matmul) -> Any:
        """Multiply x by the kernels of all gates; with several masks, each gate multiplies x by its own first."""
        if masks is None or len(masks) == 1:
            return multiply(x if masks is None else x * masks[0], kernel)
        products = [multiply(x * mask, k) for mask, k in zip(masks, ops.split(kernel, len(masks), -1), strict=True)]
        return ops.concatenate(products, self._gate_axis)


def first_of(items: Any) -> Any:
    """Return the first item of a list or tuple; anything else as it is."""
    return items[0] if isinstance(items, list | tuple) else items


class SimpleRNNCell(Cell):
    """One step h = activation(x @ kernel + h @ recurrent_kernel + bias).

    Call arguments: inputs (batch, features), states [(batch, units)], training. Returns the output and the new states.
    """

    _gates, _draws_first, _recurrence = 1, True, "simple"

    def __init__(self, units: int, activation: ActivationLike = "tanh", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None,
                 recurrent_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 kernel_constraint: ConstraintLike = None, recurrent_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
                 seed: int | None = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        of_inputs, of_state = self._step_masks(inputs, training)
        h = self._product(inputs, self.kernel, of_inputs)
        h = h if self.bias is None else h + self.bias
        output = self.activation(h + self._product(first_of(states), self.recurrent_kernel, of_state))
        return output, [output] if isinstance(states, list | tuple) else output


class LSTMCell(Cell):
    """One step of a long short-term memory (Hochreiter and Schmidhuber 1997), whose state is (h, c).

    i, f, g, o = split(x @ kernel + h @ recurrent_kernel + bias); c = f c + i g; h = o activation(c), where
    `recurrent_activation` is applied to i, f and o, and `activation` to g.

    Call arguments: inputs (batch, features), states [h, c], training. Returns the output h and the new states.
    """

    _gates, _states, _recurrence = 4, 2, "lstm"
    recurrent_activation: Callable[..., Any]
    unit_forget_bias: bool

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: RegularizerLike = None,
                 recurrent_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 kernel_constraint: ConstraintLike = None, recurrent_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
                 seed: int | None = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _make_bias(self, width: int) -> Variable:
        if not self.unit_forget_bias:
            return super()._make_bias(width)

        def fill(shape: Any, *args: Any, **kwargs: Any) -> Tensor:
            n = self.units
            parts: list[Tensor] = [self.bias_initializer((n,), *args, **kwargs), ops.ones((n,), *args, **kwargs)]
            return ops.concatenate([*parts, self.bias_initializer((2 * n,), *args, **kwargs)])

        return self._configured_weight("bias", (width,), initializer=fill)

    def _sums(self, x: Tensor, h: Tensor, of_inputs: list[Tensor] | None, of_state: list[Tensor] | None) -> Any:
        z = self._product(x, self.kernel, of_inputs) + self._product(h, self.recurrent_kernel, of_state)
        return z if self.bias is None else z + self.bias

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        h, c = states
        i, f, g, o = ops.split(self._sums(inputs, h, *self._step_masks(inputs, training)), 4, self._gate_axis)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        h = gate(o) * self.activation(c)
        return h, [h, c]


class GRUCell(Cell):
    """One step of a gated recurrent unit (Cho et al. 2014).

    z, r = gates of x and h; h' = activation of x and of r h; h = z h + (1 - z) h'.

    Args:
        reset_after: Whether the reset gate r multiplies h @ recurrent_kernel, rather than h before the product.

    Call arguments: inputs (batch, features), states [(batch, units)], training. Returns the output and the new states.
    """

    _gates, _recurrence = 3, "gru"
    recurrent_activation: Callable[..., Any]
    reset_after: bool

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, recurrent_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 recurrent_constraint: ConstraintLike = None, bias_constraint: ConstraintLike = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, reset_after: bool = True,
                 seed: int | None = None, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def _make_bias(self, width: int) -> Variable:
        return self._configured_weight("bias", (2, width) if self.reset_after else (width,))

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        h, n = first_of(states), self.units
        of_inputs, of_state = self._step_masks(inputs, training)
        x = self._product(inputs, self.kernel, of_inputs)
        if self.bias is not None:
            x = x + (self.bias[0] if self.reset_after else self.bias)
        x_z, x_r, x_h = ops.split(x, 3, -1)
        gate = self.recurrent_activation
        if self.reset_after:
            inner = self._product(h, self.recurrent_kernel, of_state)
            h_z, h_r, h_h = ops.split(inner if self.bias is None else inner + self.bias[1], 3, -1)
            z, r = gate(x_z + h_z), gate(x_r + h_r)
            new = r * h_h
        else:
            inner = self._product(h, self.recurrent_kernel[:, : 2 * n], of_state and of_state[:2])
            h_z, h_r = ops.split(inner, 2, -1)
            z, r = gate(x_z + h_z), gate(x_r + h_r)
            new = self._product(r * h, self.recurrent_kernel[:, 2 * n :], of_state and of_state[2:])
        output = z * h + (1 - z) * self.activation(x_h + new)
        return output, [output] if isinstance(states, list | tuple) else output


def output_size(cell: Any) -> int:
    """Return the size of a cell's output; a ValueError if it is no integer."""
    size = getattr(cell, "output_size", None)
    size = first_of(cell.state_size) if size is None else size
    if not isinstance(size, int):
        raise ValueError(f"The `output_size` of a cell must be an integer. Received: {size!r}.")
    return int(size)


def check(cell: Any, role: str) -> None:
    """Raise a ValueError if a cell has no `call` or no `state_size`."""
    for name in ("call", "state_size"):
        if name not in dir(cell):
            raise ValueError(f"{role} needs a cell with `call` and `state_size`. Received one without {name!r}: {cell}")


def start(cell: Any, batch_size: int, dtype: str) -> Any:
    """Return a cell's initial state, zeros unless the cell says otherwise."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    return tree.map_structure(lambda n: ops.zeros((batch_size, n), dtype), cell.state_size)


def step(cell: Any, x: Tensor, states: Any, training: bool | None, masks: Any) -> Any:
    """Run a cell once, with dropout masks of a layer; return its output and its new states."""
    call = cell.call if isinstance(cell, Cell | StackedRNNCells) or not callable(cell) else cell
    takes = isinstance(cell, Layer) and "training" in cell._takes
    with context.having(cell=(cell, masks)):
        return call(x, states, training=training) if takes else call(x, states)


class OfLayers(Layer):
    """A layer made of others; its configuration holds theirs."""

    _parts: ClassVar[dict[str, str]] = {}  # arguments that are layers -> their attributes

    def get_config(self) -> Config:
        return super().get_config() | {name: serialize(getattr(self, at)) for name, at in self._parts.items()}

    @classmethod
    def from_config(cls, config: Config, custom_objects: CustomObjects | None = None) -> Self:
        parts = {name: deserialize(config[name], custom_objects) for name in cls._parts if config.get(name)}
        return super().from_config({**config, **parts})


class StackedRNNCells(OfLayers):
    """Several cells run as one: each gets the output of the cell before it.

    Args:
        cells: The cells; a ValueError if one has no `call` or no `state_size`.
    """

    _parts: ClassVar[dict[str, str]] = {"cells": "cells"}

    def __init__(self, cells: Sequence[Any], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        for cell in cells:
            check(cell, "StackedRNNCells")
        self.cells: list[Any] = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The cells' sizes."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """Size of the last cell's output."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return the cells' initial states."""
        return [start(cell, batch_size or 0, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: ShapeLike) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def _masks(self, shape: Shape, training: bool | None) -> list[Any]:
        sizes = [shape, *((shape[0], output_size(cell)) for cell in self.cells)]
        return [c._masks(x, training) if isinstance(c, Cell) else None for c, x in zip(self.cells, sizes, strict=False)]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        new_states, masks = [], _masks_of(self) or [None] * len(self.cells)
        for cell, state, mask in zip(self.cells, states, masks, strict=True):
            nested = isinstance(state, list | tuple)
            inputs, new = step(cell, inputs, list(state) if nested else [state], training, mask)
            new_states.append(new[0] if isinstance(new, list | tuple) and len(new) == 1 and not nested else new)
        return inputs, new_states
