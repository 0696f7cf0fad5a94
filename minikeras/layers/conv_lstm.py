"""Convolutional LSTMs, for sequences of vectors with channels, of images and of volumes."""

from __future__ import annotations

from functools import partial
from typing import Any, Generic, Unpack

from .. import ops
from .._base.checks import Positive
from .._base.typing import DataFormat, One, Padding, PartialShape, S, ShapeLike, SizesOf, Three, Two
from .._core.tensor import Tensor
from ..constraints import ConstraintLike
from .convolutional import Windowed
from .layer import InitializerLike, RegularizerLike
from .recurrent import RecurrentOptions, Symbols3, Values3, WithState, _OfCell
from .recurrent_cells import ActivationLike, LSTMCell


class ConvLSTMOptions(RecurrentOptions, total=False):
    """Keyword arguments of `ConvLSTM2D` and its kin."""

    unroll: bool


class _ConvLSTMCell(Windowed, LSTMCell):
    """One step, whose input and state are images.

    Args:
        filters: Channels of the output and of the state.
        kernel_size: Size of both windows: the one over the input, and the one over the state.
        strides, padding, data_format, dilation_rate: Of the convolution of the input, see `Conv2D`. That of the state
            has strides of 1 and padding "same".
    """

    _arguments = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate",
                  *LSTMCell._arguments[1:])  # fmt: skip
    _draws_first = True
    _size = "filters"
    filters: Positive

    def __init__(self, **arguments: Any) -> None:
        self._configure(arguments)
        self._window = self.kernel_size
        self._gate_axis = self._channel_axis()

    def build(self, input_shape: ShapeLike) -> None:
        if None in tuple(input_shape)[1:]:
            raise ValueError(f"Layer '{self.name}' needs known sizes of all axes but batch and steps, to make its "
                             f"state. Received: shape {tuple(input_shape)} at each step.")  # fmt: skip
        self._shape: PartialShape = tuple(input_shape)
        super().build(input_shape)

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        shape: Any = self._slid_shape((batch_size or 0, *self._shape[1:]), self.filters)
        return [ops.zeros(shape, self.compute_dtype) for _ in range(self._states)]

    def _sums(self, x: Tensor, h: Tensor, of_inputs: list[Tensor] | None, of_state: list[Tensor] | None) -> Any:
        slide = partial(ops.conv, data_format=self.data_format)
        enter = partial(slide, strides=self.strides, padding=self.padding, dilation_rate=self.dilation_rate)
        recur = partial(slide, padding="same")
        z = self._product(x, self.kernel, of_inputs, enter) + self._product(h, self.recurrent_kernel, of_state, recur)
        return z if self.bias is None else z + ops.reshape(self.bias, self._laid_out(1, (1,) * self._rank, -1))


class _Cell1D(_ConvLSTMCell, rank=1):
    """A step of a sequence of vectors."""


class _Cell2D(_ConvLSTMCell, rank=2):
    """A step of a sequence of images."""


class _Cell3D(_ConvLSTMCell, rank=3):
    """A step of a sequence of volumes."""


class _ConvLSTM(_OfCell[WithState, Symbols3, Values3], Generic[S, WithState]):
    _cell_name = "conv_lstm_cell"
    cell: _ConvLSTMCell

    def __init__(self, filters: int, kernel_size: SizesOf[S], strides: SizesOf[S] = 1, padding: Padding = "valid",
                 data_format: DataFormat | None = None, dilation_rate: SizesOf[S] = 1,
                 activation: ActivationLike = "tanh", recurrent_activation: ActivationLike = "sigmoid",
                 use_bias: bool = True, kernel_initializer: InitializerLike = "glorot_uniform",
                 recurrent_initializer: InitializerLike = "orthogonal", bias_initializer: InitializerLike = "zeros",
                 unit_forget_bias: bool = True, kernel_regularizer: RegularizerLike = None,
                 recurrent_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 recurrent_constraint: ConstraintLike = None, bias_constraint: ConstraintLike = None,
                 dropout: float = 0.0, recurrent_dropout: float = 0.0, seed: int | None = None,
                 return_sequences: bool = False, return_state: WithState = False,  # type: ignore[assignment]
                 go_backwards: bool = False, stateful: bool = False,
                 **options: Unpack[ConvLSTMOptions]) -> None:  # fmt: skip
        self._configure(locals())

    def compute_output_shape(self, sequences_shape: ShapeLike, initial_state_shape: Any = None) -> Any:
        state: PartialShape = self.cell._slid_shape((sequences_shape[0], *sequences_shape[2:]), self.cell.filters)
        shape = (*sequences_shape[:2], *state[1:]) if self.return_sequences else state
        return (shape, state, state) if self.return_state else shape


class ConvLSTM1D(_ConvLSTM[One, WithState]):
    """`ConvLSTM2D` for sequences of vectors with channels: (batch, steps, length, channels)."""

    _cell = _Cell1D


class ConvLSTM2D(_ConvLSTM[Two, WithState]):
    """Convolutional LSTM for sequences of images: an `LSTM` whose products with its kernels are convolutions.

    Input shape:  (batch, steps, rows, columns, channels); a ValueError if another size than the first two is unknown.
    Output shape: (batch, new rows, new columns, filters), or (batch, steps, new rows, new columns, filters) with
        `return_sequences`.

    Source: Shi et al. 2015, "Convolutional LSTM Network", equation 3, without the products with the state c.

    Example:
        >>> ConvLSTM2D(4, 3, padding="same", return_sequences=True)(np.ones((2, 5, 8, 8, 1))).shape
        (2, 5, 8, 8, 4)
    """

    _cell = _Cell2D


class ConvLSTM3D(_ConvLSTM[Three, WithState]):
    """`ConvLSTM2D` for sequences of volumes: (batch, steps, depth, rows, columns, channels)."""

    _cell = _Cell3D
