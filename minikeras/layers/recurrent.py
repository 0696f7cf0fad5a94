"""Recurrent layers run a cell along a sequence, with the same dropout mask in all steps (Gal and Ghahramani 2016)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, Unpack, cast, overload

import numpy as np

from .. import ops, tree
from .._base.checks import one_of
from .._base.typing import PartialShape, ShapeLike, TensorLike
from .._core.input_spec import InputSpec
from .._core.keras_tensor import KerasTensor
from .._core.tensor import Tensor
from .._core.variable import Variable, assign_all
from .._serialization.serialization import deserialize, serialize
from ..constraints import ConstraintLike
from ..ops.recurrence import SMALL_STATE, Recurrence, recur
from . import recurrent_cells as cells
from .layer import BaseOptions, InitializerLike, Layer, LayerOptions, RegularizerLike, Untracked
from .recurrent_cells import ActivationLike, Cell, GRUCell, LSTMCell, OfLayers, SimpleRNNCell, StackedRNNCells, first_of

if TYPE_CHECKING:  # Python has `default` from 3.13 on
    from typing_extensions import TypeVar

    WithState = TypeVar("WithState", Literal[True], bool, default=bool, covariant=True)
    Symbols = TypeVar("Symbols", default=tuple[KerasTensor, ...], covariant=True)
    Values = TypeVar("Values", default=tuple[Tensor, ...], covariant=True)
else:
    from typing import TypeVar

    WithState, Symbols, Values = TypeVar("WithState", bound=bool), TypeVar("Symbols"), TypeVar("Values")
Symbols2: TypeAlias = tuple[KerasTensor, KerasTensor]
Symbols3: TypeAlias = tuple[KerasTensor, KerasTensor, KerasTensor]
Values2: TypeAlias = tuple[Tensor, Tensor]
Values3: TypeAlias = tuple[Tensor, Tensor, Tensor]


class RNN(OfLayers, Generic[WithState, Symbols, Values]):
    """Runs a cell along the steps of a sequence.

    Args:
        cell: A cell, with `call(inputs, states)`, `state_size`, and optionally `output_size` and `get_initial_state`;
            or a list of cells, see `StackedRNNCells`. A ValueError if one of the first two is missing.
        return_sequences: Whether to return the outputs of all steps, rather than the last.
        return_state: Whether to return the last state as well.
        go_backwards: Whether to start with the last step; outputs come in the order of computation.
        stateful: Whether a batch starts with the last state of the batch before, until `reset_state`; a ValueError for
            batches of different sizes.
        unroll: Accepted as in Keras; steps are always run one by one.
        zero_output_for_mask: Whether the output of a masked step is zeros, rather than the output of the step before.

    Call arguments:
        sequences: Tensor of shape (batch, steps, ...).
        initial_state: The state to start with, zeros if not given.
        mask: Bools of shape (batch, steps): where False, the state stays.
        training: Whether to apply dropout.

    Example:
        >>> class Sum(keras.Layer):
        ...     state_size = 1
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> print(RNN(Sum(), return_sequences=True)(np.array([[[1.0], [2.0], [3.0]]]))[0, :, 0])
        Tensor([1. 3. 6.], shape=(3,), dtype=float32)
    """

    _parts: ClassVar[dict[str, str]] = {"cell": "cell"}
    _advice = " A recurrent layer in front of it needs return_sequences=True; x[..., None] adds an axis of features."
    cell: Any
    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def __call__(self: RNN[Literal[True], Symbols, Values], inputs: KerasTensor, /, *args: Any,
                     **kwargs: Any) -> Symbols: ...  # fmt: skip
        @overload
        def __call__(self: RNN[Literal[True], Symbols, Values], inputs: TensorLike, /, *args: Any,
                     **kwargs: Any) -> Values: ...  # fmt: skip
        @overload
        def __call__(self, inputs: KerasTensor, /, *args: Any, **kwargs: Any) -> KerasTensor: ...
        @overload
        def __call__(self, inputs: TensorLike, /, *args: Any, **kwargs: Any) -> Tensor: ...
        @overload
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def __init__(self, cell: Any, return_sequences: bool = False, return_state: WithState = False,  # type: ignore[assignment]
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
                 zero_output_for_mask: bool = False, **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        cell = StackedRNNCells(cell) if isinstance(cell, list | tuple) else cell
        cells.check(cell, "RNN")
        self._configure(locals())

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        self.states: list[Any] | None = None
        size = self.cell.state_size
        self.state_size: list[Any] = [size] if isinstance(size, int) else list(size)

    def _rowwise(self) -> bool:
        rates = (vars(x).get(name) for x in self._flatten_layers() for name in ("dropout", "recurrent_dropout"))
        return not (self.stateful or any(rates))  # dropout draws once for each batch, in evaluation too

    def build(self, sequences_shape: ShapeLike, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if isinstance(self.cell, Cell):
            self.input_spec: Any = InputSpec(shape=(None, None, *sequences_shape[2:]))
        if self.stateful and self.states is None:
            if sequences_shape[0] is None:
                raise ValueError("When using `stateful=True` in a RNN, the batch size must be static: give the model "
                                 f"an Input(batch_shape=...). Found: sequence.shape={sequences_shape}")  # fmt: skip
            variable = partial(Variable, trainable=False, dtype=self.variable_dtype, name="rnn_state")
            self.states = Untracked(tree.map_structure(variable, self.get_initial_state(sequences_shape[0])))

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """Return the state that a batch of a size starts with."""
        states = cells.start(self.cell, batch_size, self.compute_dtype)
        return list(states) if isinstance(states, list | tuple) else [states]

    def reset_state(self) -> None:
        """Set the state of a stateful layer to zeros."""
        for variable in tree.flatten(self.states or []):
            variable.assign(ops.zeros_like(variable))

    reset_states = reset_state

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        batch, steps = sequences.shape[:2]
        stacked = type(self.cell) is StackedRNNCells
        parts = self.cell.cells if stacked else [self.cell]
        states: Any = self._begin(batch, initial_state, parts)
        mask = _fitting(mask, sequences)
        if not steps:
            raise ValueError(f"A recurrent layer needs at least one step. Received: shape {sequences.shape}.")
        has_masks = isinstance(self.cell, Cell | StackedRNNCells)
        masks: Any = self.cell._masks((batch, *sequences.shape[2:]), training) if has_masks else None
        kinds = [part._kind(sequences) if isinstance(part, Cell) else None for part in parts]
        if kinds and all(kinds):
            of_parts, drawn = (states, masks) if stacked else ([states], [masks])
            output, ends = self._run_by_ops(parts, kinds, sequences, of_parts, mask, drawn)
            states = ends if stacked else ends[0]
        else:
            output, states = self._run_cell(sequences, states, mask, training, masks)
        if self.stateful and self.states is not None:
            assign_all(tree.flatten(self.states), tree.flatten(states))
        results = self._converted((output, *(states if self.return_state else ())))  # a cell may have another dtype
        return results if self.return_state else results[0]

    def _run_by_ops(self, parts: list[Cell], kinds: list[Any], x: Tensor, states: list[Any], mask: Any,
                    masks: list[Any]) -> tuple[Tensor, list[Any]]:  # fmt: skip
        """Run each cell by one op, over the output of the one before; return the last output, and each one's state."""
        ends: list[Any] = []
        for i, (cell, state) in enumerate(zip(parts, states, strict=True)):
            of_inputs, of_state = masks[i]
            drops = cell._drops(masks[i], x.shape[2]) if of_state else None
            if of_inputs and drops is None:  # one mask for the inputs of all gates
                x = x * ops.expand_dims(of_inputs[0], 1)
            nested, whole = isinstance(state, list | tuple), self.return_sequences or i < len(parts) - 1
            start, back = state if nested else [state], self.go_backwards and i == 0
            ((x, end),) = _run_at_once(self, [cell], [back], whole, x, start, mask, kinds[i], drops)
            mask = ops.flip(mask, 1) if back and mask is not None else mask  # outputs come in the order of computation
            ends.append(end if nested or not end else end[0])
        return x, ends

    def _run_cell(self, sequences: Tensor, states: Any, mask: Any, training: bool, masks: Any) -> tuple[Tensor, Any]:
        """Call the cell for each step; return the output, of all steps or of the last, and the last state."""
        steps = sequences.shape[1]
        outputs: list[Tensor] = []
        size = max(32, math.isqrt(steps))  # a step is sliced from a short part, whose gradient is quicker to add to
        parts = [sequences[:, start : start + size] for start in range(0, steps, size)] if steps > size else [sequences]
        for t in range(steps)[:: -1 if self.go_backwards else 1]:
            new_output, new_states = cells.step(self.cell, parts[t // size][:, t % size], states, training, masks)
            new_states = list(new_states) if isinstance(new_states, list | tuple) else [new_states]
            if not (outputs or self.unroll):
                wanted, received = ([np.shape(x) for x in tree.flatten(y)] for y in (states, new_states))
                if received != wanted:
                    raise ValueError(f"A cell returns (output, states). Received: states of {received}, not {wanted}.")
            if mask is not None:
                choose = partial(_choose, mask[:, t])
                before = outputs[-1] if outputs and not self.zero_output_for_mask else ops.zeros_like(new_output)
                new_output, new_states = choose(new_output, before), tree.map_structure(choose, new_states, states)
            states = new_states
            outputs.append(new_output)
        return ops.stack(outputs, 1) if self.return_sequences else outputs[-1], states

    def _converted(self, structure: Any) -> Any:
        return tree.map_structure(lambda x: ops.convert_to_tensor(x, self.compute_dtype), structure)

    def _begin(self, batch: int, states: Any, parts: list[Any]) -> Any:
        """Return the state that a call starts with: the argument, else the last one if stateful, else the initial."""
        if self.stateful and self.states is not None:
            size = tree.flatten(self.states)[0].shape[0]
            if size != batch:
                raise ValueError(f"A stateful layer needs batches of one size, {size}. Received: {batch}.")
        if states is None:
            states = self.states if self.stateful else self.get_initial_state(batch)
        states = self._converted(list(states) if isinstance(states, list | tuple) else [states])
        if all(isinstance(part, Cell) and not part._window for part in parts):
            wanted = tree.map_structure(lambda n: (batch, n), self.state_size)
            received = tree.map_structure(lambda x: x.shape, states)
            if tree.flatten(received) != tree.flatten(wanted) or len(received) != len(wanted):
                raise ValueError(f"`initial_state` needs tensors of the shapes {wanted}. Received: {received}.")
        return states

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask for the outputs of all steps; none for the last output and for states."""
        mask = first_of(mask) if self.return_sequences else None
        return [mask, *[None] * len(self.state_size)] if self.return_state else mask

    def compute_output_shape(self, sequences_shape: ShapeLike, initial_state_shape: Any = None) -> Any:
        batch: int | None = sequences_shape[0]
        size = cells.output_size(self.cell)
        shape: PartialShape = (batch, sequences_shape[1], size) if self.return_sequences else (batch, size)
        return (shape, *tree.map_structure(lambda n: (batch, n), self.state_size)) if self.return_state else shape


def _fitting(mask: Any, x: Tensor) -> Any:
    """Return the mask, or the first of several; a ValueError if it does not have x's batch size and steps."""
    mask, sizes = first_of(mask), x.shape[:2]
    if mask is not None and np.shape(mask) not in (sizes, (*sizes, 1)):
        raise ValueError(f"A mask for sequences of shape {x.shape} needs the shape {sizes}. Received: {np.shape(mask)}")
    return mask


def _run_at_once(layer: RNN[Any, Any, Any], parts: Sequence[Cell], ways: Sequence[bool], whole: bool, x: Tensor,
                 states: list[Any], mask: Any, kind: tuple[str, str, str],
                 drops: Any = None) -> Iterator[tuple[Tensor, Any]]:  # fmt: skip
    """Run a layer's cell, or cells that go different ways, by one op.

    Yield the output of each, of all steps if `whole`, or of the last, and its last state, [] if not needed. The batches
    of all cells follow each other in `states`.
    """
    wanted = bool(layer.return_state or layer.stateful)
    how = Recurrence(parts[0].units, *kind, len(parts), whole, wanted and len(states) > 1)
    mask = None if mask is None else ops.reshape(ops.cast(mask, "bool"), x.shape[:2])
    state = ops.concatenate(states, -1) if len(states) > 1 else states[0]
    outputs = recur(x, mask, state, parts, ways, how, drops)
    steps = x.shape[1] if whole else 1
    each: Any = ops.reshape(outputs[None], (len(ways), -1, *outputs.shape[1:])) if len(ways) > 1 else [outputs]
    for back, y in zip(ways, each, strict=True):
        last = [y[:, i] for i in range(steps - 1, y.shape[1])] if wanted else []
        output = y[:, :steps] if how.cells else y
        if mask is not None:  # the output is 0 until the first unmasked step
            unmasked = ops.flip(mask, 1) if back else mask
            shown = unmasked if layer.zero_output_for_mask else ops.cumsum(ops.cast(unmasked, "int32"), 1) > 0
            output = ops.where(ops.expand_dims(shown[:, -steps:], -1), output, ops.zeros_like(output))
        yield output if whole else ops.reshape(output, (-1, how.units)), last


def _choose(mask: Tensor, new: Tensor, old: Tensor) -> Tensor:
    return ops.where(ops.reshape(mask, (-1,) + (1,) * (new.ndim - 1)), new, old)


class _OfCell(RNN[WithState, Symbols, Values]):
    """A recurrent layer that makes its own cell, and takes the arguments of both.

    Args:
        use_cudnn: Accepted as in Keras.
    """

    _parts: ClassVar[dict[str, str]] = {}
    _cell: ClassVar[type[Cell]]
    _cell_name: ClassVar[str]
    _names_penalty = True
    _transient = ("use_cudnn",)
    _further = ("unroll", "zero_output_for_mask")
    units: int
    activation: Callable[..., Any]
    use_bias: bool

    def _configure(self, arguments: dict[str, Any]) -> None:
        options = arguments["options"]
        options.pop("implementation", None)
        of_cell = {name: arguments.pop(name) for name in self._cell._arguments}
        of_cell |= {name: options[name] for name in ("dtype", "trainable") if name in options}
        own = {name: options.pop(name, False) for name in self._further if name not in arguments}
        super()._configure({**arguments, **own, "cell": self._cell(**of_cell, name=self._cell_name)})
        self.input_spec: Any = InputSpec(ndim=3 + len(self.cell._window))

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name in cls._cell._arguments if "_cell" in vars(cls) else ():
            setattr(cls, name, property(attrgetter(f"cell.{name}"), doc=f"The cell's `{name}`; set it on the cell."))


class RecurrentOptions(BaseOptions, total=False):
    """Keyword arguments of the recurrent layers that make their own cell; `implementation` has no effect."""

    zero_output_for_mask: bool
    implementation: int


class SimpleRNN(_OfCell[WithState, Symbols2, Values2]):
    """Fully connected recurrence: h = activation(x @ kernel + h @ recurrent_kernel + bias) at each step.

    Example:
        >>> SimpleRNN(4, return_sequences=True)(np.ones((2, 3, 5))).shape
        (2, 3, 4)
    """

    _cell = SimpleRNNCell
    _cell_name = "simple_rnn_cell"
    _transient = ("seed",)

    def __init__(self, units: int, activation: ActivationLike = "tanh", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, recurrent_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, activity_regularizer: RegularizerLike = None,
                 kernel_constraint: ConstraintLike = None, recurrent_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
                 return_sequences: bool = False, return_state: WithState = False,  # type: ignore[assignment]
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False, seed: int | None = None,
                 **options: Unpack[RecurrentOptions]) -> None:  # fmt: skip
        self._configure(locals())


class LSTM(_OfCell[WithState, Symbols3, Values3]):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), see `LSTMCell`; a ValueError if `units` is below 1.

    Input shape:  (batch, steps, features).
    Output shape: (batch, units), or (batch, steps, units) with `return_sequences`.

    Example:
        >>> LSTM(4, return_sequences=True)(np.ones((2, 3, 5))).shape
        (2, 3, 4)
    """

    _cell = LSTMCell
    _cell_name = "lstm_cell"

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: RegularizerLike = None,
                 recurrent_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 recurrent_constraint: ConstraintLike = None, bias_constraint: ConstraintLike = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
                 return_sequences: bool = False, return_state: WithState = False,  # type: ignore[assignment]
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
                 use_cudnn: bool | Literal["auto"] = "auto", **options: Unpack[RecurrentOptions]) -> None:  # fmt: skip
        self._configure(locals())


class GRU(_OfCell[WithState, Symbols2, Values2]):
    """Gated recurrent unit (Cho et al. 2014), see `GRUCell` for the formula.

    Example:
        >>> GRU(4, return_sequences=True)(np.ones((2, 3, 5))).shape
        (2, 3, 4)
    """

    _cell = GRUCell
    _cell_name = "gru_cell"

    def __init__(self, units: int, activation: ActivationLike = "tanh",
                 recurrent_activation: ActivationLike = "sigmoid", use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, recurrent_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, activity_regularizer: RegularizerLike = None,
                 kernel_constraint: ConstraintLike = None, recurrent_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
                 seed: int | None = None, return_sequences: bool = False, return_state: WithState = False,  # type: ignore[assignment]
                 go_backwards: bool = False, stateful: bool = False, unroll: bool = False, reset_after: bool = True,
                 use_cudnn: bool | Literal["auto"] = "auto", **options: Unpack[RecurrentOptions]) -> None:  # fmt: skip
        self._configure(locals())


class Bidirectional(OfLayers):
    """Runs one recurrent layer forwards and another backwards, and merges their outputs.

    Args:
        layer: The layer; it is made anew from its configuration.
        merge_mode: "concat", "sum", "mul", "ave", or None to return both outputs; a ValueError for another.
        weights: Accepted as in Keras.
        backward_layer: The layer that runs backwards, like `layer` if not given; a ValueError if its settings differ.

    Call arguments: those of the layer; `initial_state` has the forward layer's states, then the backward layer's.

    Example:
        >>> Bidirectional(LSTM(4))(np.ones((2, 3, 5))).shape
        (2, 8)
    """

    _arguments = ("merge_mode",)
    _parts: ClassVar[dict[str, str]] = {"layer": "forward_layer", "backward_layer": "backward_layer"}
    _advice = RNN._advice

    def __init__(self, layer: Layer, merge_mode: Literal["concat", "sum", "mul", "ave"] | None = "concat",
                 weights: Any = None, backward_layer: Layer | None = None,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        for part in (layer, layer if backward_layer is None else backward_layer):
            if not isinstance(part, Layer) or not hasattr(part, "go_backwards"):
                raise ValueError(f"Bidirectional needs a recurrent layer. Received: {part!r}.")
        one_of("merge_mode", merge_mode, _MERGE)
        super().__init__(**options)
        self.forward_layer: Any = _renamed(layer, "forward")
        self.backward_layer: Any = backward_layer or _renamed(layer, "backward", go_backwards=True)
        first, second = cast(Any, (self.forward_layer, self.backward_layer))
        if first.go_backwards == second.go_backwards:
            raise ValueError("Forward layer and backward layer should have different `go_backwards` values.")
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(first, name) != getattr(second, name):
                raise ValueError(f"Forward layer and backward layer need the same value of `{name}`.")
        first.zero_output_for_mask = second.zero_output_for_mask = first.return_sequences
        self.merge_mode: str | None = merge_mode
        self.stateful: bool = first.stateful
        self.return_sequences: bool = first.return_sequences
        self.return_state: bool = first.return_state
        self.input_spec: Any = first.input_spec

    @property
    def states(self) -> tuple[Any, ...] | None:
        """The states of both layers between two batches, the forward layer's first; None if it is not stateful."""
        return (*(self.forward_layer.states or ()), *(self.backward_layer.states or ())) or None

    def build(self, sequences_shape: ShapeLike, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        self.input_spec = self.forward_layer.input_spec

    def reset_state(self) -> None:
        """Set the states of both layers to zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        layers = self.forward_layer, self.backward_layer
        kind = self._kind(sequences) if initial_state is None else None
        if kind:
            start = self.forward_layer.get_initial_state(2 * sequences.shape[0])
            of_both = [layer.cell for layer in layers], [layer.go_backwards for layer in layers]
            (y, states), (z, others) = _run_at_once(layers[0], *of_both, self.return_sequences, sequences, start,
                                                    _fitting(mask, sequences), kind)  # fmt: skip
        else:
            half = 0 if initial_state is None else len(initial_state) // 2
            parts = (None, None) if initial_state is None else (initial_state[:half], initial_state[half:])
            outputs = [layer(sequences, initial_state=state, mask=mask, training=training)
                       for layer, state in zip(layers, parts, strict=True)]  # fmt: skip
            (y, *states), (z, *others) = outputs if self.return_state else [(value,) for value in outputs]
        y, z = (ops.convert_to_tensor(x, self.compute_dtype) for x in (y, z))
        merged: Any = _MERGE[self.merge_mode](y, ops.flip(z, 1) if self.return_sequences else z)
        if not self.return_state:
            return merged
        return (*(merged if self.merge_mode is None else (merged,)), *states, *others)

    def _kind(self, x: Tensor) -> tuple[str, str, str] | None:
        """Return the kind of both layers if one op can run them together and the state is small, else None."""
        kinds: list[Any] = []
        for layer in (self.forward_layer, self.backward_layer):
            own = type(layer) not in (SimpleRNN, LSTM, GRU) or layer.stateful or layer.activity_regularizer
            if own or layer.dropout or layer.recurrent_dropout:
                return None
            kinds.append((layer.cell.units, layer.cell.use_bias, layer.cell._kind(x)))
        return kinds[0][-1] if kinds[0] == kinds[1] and x.shape[0] * kinds[0][0] <= SMALL_STATE else None

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask for the outputs of all steps; none for the last output and for states."""
        mask = first_of(mask) if self.return_sequences else None
        return (mask, mask) if self.merge_mode is None else mask

    def compute_output_shape(self, sequences_shape: ShapeLike, initial_state_shape: Any = None) -> Any:
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        shape, states = (shape[0], shape[1:]) if self.return_state else (shape, ())
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        several = (shape, shape) if self.merge_mode is None else (shape,)
        return (*several, *states, *states) if self.return_state or self.merge_mode is None else shape


def _renamed(layer: Layer, direction: str, **settings: Any) -> Any:
    config = serialize(layer)
    name = f"{direction}_{layer.name.removeprefix(direction + '_')}"
    return deserialize({**config, "config": {**config["config"], "name": name, **settings}})


_MERGE: dict[str | None, Callable[[Any, Any], Any]] = {
    "concat": lambda y, z: ops.concatenate([y, z], -1), "sum": lambda y, z: y + z, "ave": lambda y, z: (y + z) / 2,
    "mul": lambda y, z: y * z, None: lambda y, z: (y, z)}  # fmt: skip
