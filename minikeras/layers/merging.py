"""Layers that merge several tensors into one."""

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any, Protocol, Unpack, overload

from .. import ops
from .._base.typing import PartialShape, ShapeLike, TensorLike
from .._core.keras_tensor import KerasTensor
from .._core.tensor import Tensor
from .layer import Layer, LayerOptions, mask_of, masked


class _Merging(Layer):
    supports_masking = True
    _count: int | None = None  # of inputs, None for any number

    def __init__(self, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)

    if TYPE_CHECKING:  # all inputs in one list

        @overload  # type: ignore[override]
        def __call__(self, inputs: Sequence[KerasTensor], **kwargs: Any) -> KerasTensor: ...
        @overload
        def __call__(self, inputs: Sequence[TensorLike], **kwargs: Any) -> Tensor: ...
        def __call__(self, inputs: Any, **kwargs: Any) -> Any: ...

    def _listed(self, input_shape: Any) -> list[ShapeLike]:
        """Return the shapes of the inputs; a ValueError if there is not a list of them, or not the right number."""
        shapes = list(input_shape) if isinstance(input_shape, list | tuple) else []
        if not shapes or not all(isinstance(shape, list | tuple) for shape in shapes):
            raise ValueError(f"{type(self).__name__} needs a list of inputs. Received one of shape {input_shape}.")
        if self._count not in (None, len(shapes)):
            raise ValueError(f"{type(self).__name__} needs exactly {self._count} inputs. Received shapes: {shapes}.")
        return shapes

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def _masks(self, inputs: Any, mask: Any) -> list[Any]:
        if not isinstance(inputs, list | tuple) or not isinstance(mask, list | tuple) or len(inputs) != len(mask):
            raise ValueError(f"`inputs` and `mask` must be lists of the same length. Received: {inputs}, {mask}.")
        return list(mask)


class _Elementwise(_Merging):
    """A layer that merges inputs element by element; inputs of lower rank get axes of size 1 after the batch."""

    _merge: Callable[..., Tensor]

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        rank = max(x.ndim for x in inputs)
        return self._merge([ops.expand_dims(x, [*range(1, 1 + rank - x.ndim)]) if x.ndim < rank else x for x in inputs])

    def compute_output_shape(self, input_shape: Any) -> PartialShape:
        shapes = self._listed(input_shape)
        batches = {shape[0] for shape in shapes if shape} - {None}
        if len(batches) > 1:
            raise ValueError(f"Cannot merge tensors with different batch sizes. Received tensors of shapes {shapes}.")
        return (*(batches or {None}), *reduce(_broadcast, [tuple(shape[1:]) for shape in shapes]))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return a mask of the elements that count in any input; None if an input has no mask."""
        masks = [None] if mask is None else self._masks(inputs, mask)
        return None if any(m is None for m in masks) else reduce(ops.logical_or, masks)


def _broadcast(a: PartialShape, b: PartialShape) -> PartialShape:
    """Return the shape of an elementwise result, None where a size is not known."""
    rank = max(len(a), len(b))
    pairs = list(zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True))
    if any(None not in (m, n) and m != n and 1 not in (m, n) for m, n in pairs):
        raise ValueError(f"Inputs have incompatible shapes. Received shapes {a} and {b} (without the batch).")
    return tuple(None if m is None or n is None else n if m == 1 else m for m, n in pairs)


def _spread(x: Tensor) -> Any:
    mask = mask_of(x)
    return None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), x.shape)


class Add(_Elementwise):
    """Sum of a list of inputs; a ValueError if it gets no list, or shapes that do not broadcast.

    Example:
        >>> print(Add()([np.array([[1.0]]), np.array([[2.0]])]))
        Tensor([[3.]], shape=(1, 1), dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(ops.add, inputs)


class Subtract(_Elementwise):
    """First of two inputs minus the second; arguments and errors are those of Add.

    Example:
        >>> print(Subtract()([np.array([[1.0]]), np.array([[2.0]])]))
        Tensor([[-1.]], shape=(1, 1), dtype=float32)
    """

    _count = 2

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return ops.subtract(*inputs)


class Multiply(_Elementwise):
    """Product of a list of inputs; masked elements count as 1. Arguments and errors are those of Add.

    Example:
        >>> print(Multiply()([np.array([[3.0]]), np.array([[2.0]])]))
        Tensor([[6.]], shape=(1, 1), dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        masks = [_spread(x) for x in inputs]
        filled = [x if m is None else ops.where(m, x, 1.0) for x, m in zip(inputs, masks, strict=True)]
        product: Tensor = reduce(ops.multiply, filled)
        if any(m is None for m in masks):
            return product
        mask: Tensor = reduce(ops.logical_or, masks)
        return masked(ops.where(mask, product, 0.0), ops.any(mask, axis=-1))


class Average(_Elementwise):
    """Mean of a list of inputs; arguments and errors are those of Add.

    Example:
        >>> print(Average()([np.array([[1.0]]), np.array([[2.0]])]))
        Tensor([[1.5]], shape=(1, 1), dtype=float32)
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(ops.add, inputs) / len(inputs)


class _Extreme(_Elementwise):
    """A layer that chooses one of the elements that are not masked."""

    _choose: Callable[[Any, Any], Tensor]

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        output, mask = inputs[0], _spread(inputs[0])
        for x in inputs[1:]:
            other = _spread(x)
            if other is not None:
                x = ops.where(other, x, output)
            if mask is not None:
                output = ops.where(mask, output, x)
            mask = None if other is None or mask is None else ops.logical_or(mask, other)
            output = self._choose(output, x)
        return masked(output, None if mask is None else ops.any(mask, axis=-1))


class Maximum(_Extreme):
    """Largest of each element in a list of inputs; arguments and errors are those of Add.

    Example:
        >>> print(Maximum()([np.array([[1.0]]), np.array([[2.0]])]))
        Tensor([[2.]], shape=(1, 1), dtype=float32)
    """

    _choose = staticmethod(ops.maximum)


class Minimum(_Extreme):
    """Smallest of each element in a list of inputs; arguments and errors are those of Add.

    Example:
        >>> print(Minimum()([np.array([[1.0]]), np.array([[2.0]])]))
        Tensor([[1.]], shape=(1, 1), dtype=float32)
    """

    _choose = staticmethod(ops.minimum)


class Concatenate(_Merging):
    """Joins a list of inputs along an axis; a ValueError if it gets no list, or if other axes differ in size.

    Args:
        axis: The axis; in all others the inputs agree.

    Example:
        >>> print(Concatenate()([np.array([[1.0]]), np.array([[2.0]])]))
        Tensor([[1. 2.]], shape=(1, 2), dtype=float32)
    """

    _takes_text = True
    axis: int

    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        self._configure(locals())

    def _rowwise(self) -> bool:
        return self.axis > 0 or self.axis == -1

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        return ops.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> PartialShape:
        shapes = [tuple(shape) for shape in self._listed(input_shape)]
        output = list(shapes[0])
        fits = -len(output) <= self.axis < len(output) and len(set(map(len, shapes))) == 1
        for i, sizes in enumerate(zip(*shapes, strict=True) if fits else ()):
            fits = fits and (len({*sizes} - {None}) <= 1 or i == self.axis % len(output))
        if not fits:
            raise ValueError(f"Inputs to concatenate may differ only in axis {self.axis}. Received shapes: {shapes}.")
        lengths: list[Any] = [shape[self.axis] for shape in shapes]
        output[self.axis] = None if None in lengths else sum(lengths)
        return tuple(output)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the masks joined, with True for an input that has none; None if no input has a mask."""
        masks = [None] if mask is None else self._masks(inputs, mask)
        if all(m is None for m in masks):
            return None
        filled = [ops.ones_like(x, dtype="bool") if m is None else m for x, m in zip(inputs, masks, strict=True)]
        wide = [m if m.ndim == x.ndim else ops.logical_or(ops.expand_dims(m, -1), ops.zeros_like(x, dtype="bool"))
                for x, m in zip(inputs, filled, strict=True)]  # fmt: skip
        return ops.any(ops.concatenate(wide, axis=self.axis), axis=-1)


class Dot(_Merging):
    """Sum of the products of two inputs along one axis of each; a TypeError or ValueError if `axes` do not fit.

    Args:
        axes: The axis of both inputs, or a pair of axes, one for each input; not the batch.
        normalize: Whether to scale both to length 1 along their axes first, so that the result is a cosine.

    Input shape:  two inputs of at least 2 axes, of the same size along `axes`.
    Output shape: (batch, other axes of the first, other axes of the second); (batch, 1) if there are no others.

    Example:
        >>> print(Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]))
        Tensor([[11.]], shape=(1, 1), dtype=float32)
    """

    _count = 2
    axes: int | list[int] | tuple[int, int]
    normalize: bool

    def __init__(self, axes: int | list[int] | tuple[int, int], normalize: bool = False,
                 **options: Unpack[LayerOptions]) -> None:  # fmt: skip
        if not isinstance(axes, int | list | tuple):
            raise TypeError(f"`axes` must be an integer or a list of two. Received: axes={axes!r}.")
        if not isinstance(axes, int) and (len(axes) != 2 or not all(isinstance(a, int) for a in axes)):
            raise ValueError(f"`axes` must be an integer or a list of two integers. Received: axes={axes!r}.")
        self._configure(locals())

    def _axes(self, shapes: Sequence[ShapeLike]) -> list[int]:
        """Return the axis of each input, counted from the front, if their shapes fit."""
        axes = [self.axes] * 2 if isinstance(self.axes, int) else list(self.axes)
        fits = all(-len(shape) <= a < len(shape) and a % len(shape) for shape, a in zip(shapes, axes, strict=True))
        if fits:
            lengths, batches = ({shapes[0][i], shapes[1][j]} - {None} for i, j in (axes, (0, 0)))
            fits = len(lengths) <= 1 and len(batches) <= 1
        if not fits:
            raise ValueError("A `Dot` layer needs two inputs with equal batch sizes, and equal sizes along `axes`, "
                             f"not the batch. Received: {shapes[0]} and {shapes[1]}, axes={self.axes}.")  # fmt: skip
        return [a % len(shape) for shape, a in zip(shapes, axes, strict=True)]

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        x, y = inputs
        first, second = self._axes([x.shape, y.shape])
        if self.normalize:
            x, y = ops.normalize(x, axis=first), ops.normalize(y, axis=second)
        x, y = ops.moveaxis(x, first, -1), ops.moveaxis(y, second, 1)
        batch, *rows, length = x.shape
        columns = y.shape[2:]
        x, y = ops.reshape(x, (batch, prod(rows), length)), ops.reshape(y, (batch, length, prod(columns)))
        return ops.reshape(ops.matmul(x, y), (batch, *rows, *columns) if rows or columns else (batch, 1))

    def compute_output_shape(self, input_shape: Any) -> PartialShape:
        shapes = self._listed(input_shape)
        pairs = zip(shapes, self._axes(shapes), strict=True)
        others = [n for shape, axis in pairs for a, n in enumerate(shape) if a not in (0, axis)]
        return (shapes[0][0], *(others or [1]))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: a product has no mask."""


def _as_function(cls: type[Layer]) -> Any:
    """Return a function that makes a merging layer and calls it on a list of inputs."""

    def merge(inputs: Sequence[TensorLike], *args: Any, **kwargs: Any) -> Any:
        return cls(*args, **kwargs)(inputs)

    name = cls.__name__
    merge.__name__, merge.__doc__ = name.lower(), f"Return {name}(...)(inputs); further arguments are those of {name}."
    return merge


class _Merge(Protocol):
    """A function of a list of inputs; `options` are those of every layer."""

    @overload
    def __call__(self, inputs: Sequence[KerasTensor], **options: Unpack[LayerOptions]) -> KerasTensor: ...
    @overload
    def __call__(self, inputs: Sequence[TensorLike], **options: Unpack[LayerOptions]) -> Tensor: ...
    def __call__(self, inputs: Any, **options: Unpack[LayerOptions]) -> Any: ...


add: _Merge = _as_function(Add)
subtract: _Merge = _as_function(Subtract)
multiply: _Merge = _as_function(Multiply)
average: _Merge = _as_function(Average)
maximum: _Merge = _as_function(Maximum)
minimum: _Merge = _as_function(Minimum)


@overload
def concatenate(inputs: Sequence[KerasTensor], axis: int = -1, **options: Unpack[LayerOptions]) -> KerasTensor: ...
@overload
def concatenate(inputs: Sequence[TensorLike], axis: int = -1, **options: Unpack[LayerOptions]) -> Tensor: ...
def concatenate(inputs: Any, axis: int = -1, **options: Unpack[LayerOptions]) -> Any:
    """Return Concatenate(...)(inputs); further arguments are those of Concatenate."""
    return Concatenate(axis, **options)(inputs)


def dot(inputs: Sequence[TensorLike], axes: int | list[int] | tuple[int, int] = -1, normalize: bool = False,
        **options: Unpack[LayerOptions]) -> Tensor:  # fmt: skip
    """Return Dot(axes, normalize)(inputs).

    Example:
        >>> print(dot([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]))
        Tensor([[11.]], shape=(1, 1), dtype=float32)
    """
    return Dot(axes, normalize, **options)(inputs)
