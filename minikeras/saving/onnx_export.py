"""Export to ONNX: the computation of a model as a graph that onnxruntime and others run without this package.

A model's call is recorded twice, on inputs that differ in their numbers and in the sizes that may vary. What both
records share becomes the graph; a size that differs is computed from the sizes of the inputs. Each op has a
conversion to nodes of ONNX, whichever layer it comes from. What depends on no input becomes a constant.
"""

import math
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial, partialmethod
from itertools import zip_longest
from os import PathLike, fspath
from typing import Any

import numpy as np

from .. import tree
from .._base.context import context, undone
from .._base.lazy import optional
from .._base.nested import leaves, map_shapes, map_structure
from .._base.settings import standardize_dtype
from .._core.input_spec import InputSpec
from .._core.op import Entry
from .._core.tensor import Tensor, TensorOps, as_array, stop_recording
from .._display.progbar import write
from .._jit.trace import Trace
from ..layers import CategoryEncoding, Discretization, Layer
from ..ops.arrays import common_dtype
from .atomic import replacing

OPSET = 18
"""The oldest version of ONNX's operators that the conversions are written for, and the default."""
BATCH = (2, 4)
"""The size of the batch in the two records."""
LENGTHS = [(64, 75), (68, 81), (72, 89), (76, 95), (80, 103), (84, 113)]
"""Other sizes that may vary, in the two records. No pair is a multiple of another one."""
END = 2**63 - 1  # of a slice that goes to the end of its axis


def _refused(layer: Any, reason: str) -> NotImplementedError:
    who = f"The layer '{layer.name}' ({type(layer).__name__})" if layer else "The model"
    return NotImplementedError(f"{who} cannot be exported to ONNX: {reason}. No file was written.")


def _current_layer() -> Any:
    """Return the innermost layer that is being called, None outside of layers."""
    frame: Any = sys._getframe(1)
    while frame and not (frame.f_code.co_name == "__call__" and isinstance(frame.f_locals.get("self"), Layer)):
        frame = frame.f_back
    return frame and frame.f_locals["self"]


class _Record(Trace):
    """Records the operations that depend on the inputs, and the layer that does each."""

    def __init__(self, inputs: list[Tensor]) -> None:
        super().__init__(inputs)
        self.inputs: list[Tensor] = inputs
        self.layers: dict[int, Any] = {}
        self.outputs: Any = None

    def record(self, entry: Entry) -> None:
        """Keep an operation that depends on the inputs, or that draws random numbers (refused later, if needed)."""
        follows = any(id(x) in self.produced for x in entry.inputs)
        if follows and entry.op.effect:
            raise _refused(_current_layer(), "it changes a variable whenever it is called")
        if follows or (entry.op.draws and not entry.op.effect):
            self.produced.add(id(entry.output))
            self.entries.append(entry)
            self.layers[id(entry.output)] = _current_layer()

    def read(self, tensor: TensorOps) -> None:
        """Refuse Python code that reads a value which depends on the inputs."""
        if id(tensor) in self.produced:
            raise _refused(_current_layer(), "its Python code looks at the values that it is given")

    def needed(self) -> list[Entry]:
        """Return the operations that the outputs depend on."""
        needs, steps = {id(y) for y in leaves(self.outputs)}, []
        for entry in reversed(self.entries):
            if id(entry.output) in needs:
                steps.append(entry)
                is_recurrence = entry.op.name == "_outputs"  # whose first input, its record, is not needed
                needs.update(map(id, entry.inputs[is_recurrence:]))
        return steps[::-1]


class _Value:
    """A value in the graph. A call, `value(kind, ...)`, adds a node of a kind with the value as its first input."""

    def __init__(self, graph: "_Graph", name: str, dtype: Any) -> None:
        self.graph, self.name, self.dtype = graph, name, np.dtype(dtype)

    def __call__(self, kind: str, *others: Any, **attributes: Any) -> "_Value":
        return self.graph.add(kind, self, *others, **attributes)[0]

    def to(self, dtype: Any) -> "_Value":
        code = self.graph.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self if self.dtype == dtype else _Value(self.graph, self("Cast", to=code).name, dtype)

    __add__, __sub__ = partialmethod(__call__, "Add"), partialmethod(__call__, "Sub")
    __mul__, __truediv__ = partialmethod(__call__, "Mul"), partialmethod(__call__, "Div")


_RESULTS = dict.fromkeys(("And", "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Not",
                          "Or", "Xor"), "bool") | dict.fromkeys(("ArgMax", "ArgMin", "Shape"), "int64")  # fmt: skip
"""Kind of node -> dtype of its result, where that is not the dtype of its first input."""


class _Graph:
    """The nodes and constants of the graph so far; `layer` is the one that nodes are being added for."""

    def __init__(self, onnx: Any, inputs: Sequence[tuple[str, Any, list[tuple[int, int]]]]) -> None:
        self.onnx, self.inputs = onnx, inputs
        self.layer: Any = None
        self.nodes: list[Any] = []
        self.constants: dict[Any, Any] = {}

    def add(self, kind: str, *inputs: Any, count: int = 1, **attributes: Any) -> list[_Value]:
        """Add a node; Python's numbers among its inputs get the dtype of the first one."""
        own = dict.fromkeys((float, int), next((x.dtype for x in inputs if isinstance(x, _Value)), None))
        values = [x if isinstance(x, _Value) else self.constant(x, own.get(type(x))) for x in inputs]
        name = f"{self.layer.name if self.layer else 'model'}/{kind}_{len(self.nodes)}"
        outputs = [f"{name}:{i}" if i else name for i in range(count)]
        self.nodes.append(self.onnx.helper.make_node(kind, [x.name for x in values], outputs, name, **attributes))
        return [_Value(self, output, _RESULTS.get(kind, values[kind == "Where"].dtype)) for output in outputs]

    def constant(self, value: Any, dtype: Any = None) -> _Value:
        """Return a constant; equal ones are stored once. A list holds sizes or axes, which are int64."""
        array = np.asarray(value, "int64" if isinstance(value, list) else dtype, order="C")
        name = f"constants/{len(self.constants)}"  # no layer has such a name
        key = array.dtype.str, array.shape, array.tobytes()
        constant = self.constants.get(key) or self.onnx.numpy_helper.from_array(array, name)
        return _Value(self, self.constants.setdefault(key, constant).name, array.dtype)

    def shape(self, one: Iterable[int], two: Iterable[int]) -> _Value:
        """Return sizes, given as in both records, as a vector; sizes that vary are computed from the inputs."""
        parts = [self.constant([n]) if n == m else self._varying(n, m) for n, m in zip(one, two, strict=True)]
        return self.add("Concat", *parts, axis=0)[0] if parts else self.constant([])

    def _varying(self, one: int, two: int) -> _Value:
        """Return a size that varies as a multiple of the size of an input, which it is in both records."""
        for name, _, sizes in self.inputs:
            for axis, (a, b) in enumerate(sizes):
                if a != b and one % a == 0 and one // a * b == two:
                    return _Value(self, name, "int64")("Shape", start=axis, end=axis + 1)("Mul", one // a)
        raise _refused(self.layer, "it computes a size from other sizes in an unknown way")

    def common(self, one: Any, two: Any, dtype: Any = None) -> _Value:
        """Return an array, given as in both records, as a constant; it is repeated along axes whose size varies."""
        a, b = np.asarray(one), np.asarray(two)
        if a.shape == b.shape and a.tobytes() == b.tobytes():
            return self.constant(one, dtype)
        part = tuple(slice(None if n == m else 1) for n, m in zip(a.shape, b.shape, strict=False))
        if a.ndim != b.ndim or a[part].tobytes() != b[part].tobytes() or (a != a[part]).any() or (b != b[part]).any():
            raise _refused(self.layer, "it uses numbers that depend on the size of the batch or of another axis")
        return self.constant(a[part], dtype)("Expand", self.shape(a.shape, b.shape))


class _Call:
    """One operation, as in both records: its inputs, and its settings (the arguments that are no tensors).

    `shapes` and `results` are the shapes of the first input and of the result, in both records.
    """

    def __init__(self, graph: _Graph, values: dict[int, _Value], one: Entry, two: Entry) -> None:
        self.graph, self.values, self.one, self.two = graph, values, one, two
        self.dtype = one.output.numpy_view().dtype
        self.shapes = [np.shape(e.values[0]) for e in (one, two)]
        self.results = [e.output.shape for e in (one, two)]

    def get(self, i: int, dtype: Any = None) -> _Value:
        value = self.values.get(id(self.one.inputs[i]))
        value = value or self.graph.common(self.one.values[i], self.two.values[i], dtype)
        return value if dtype is None else value.to(dtype)

    def inputs(self) -> list[_Value]:
        """Return all inputs in one dtype: that of the result, or for comparisons their common dtype."""
        meeting = common_dtype(*self.one.values)
        compared = self.dtype == bool or (self.dtype.kind != "f" and meeting.kind == "f")
        return [self.get(i, meeting if compared else self.dtype) for i in range(len(self.one.inputs))]

    def same(self, one: Any, two: Any) -> Any:
        """Return a value that must be the same in both records."""
        if repr(one) != repr(two):
            raise _refused(self.graph.layer, "what it does depends on a size that varies")
        return one

    @property
    def settings(self) -> Any:
        """The arguments that are no tensors, by name."""
        return self.same(*({k: v for k, v in e.arguments().items() if k != "out"} for e in (self.one, self.two)))

    @property
    def how(self) -> Any:
        """The argument `how`: window, strides and padding."""
        return self.same(*(e.arguments()["how"] for e in (self.one, self.two)))


def _reduced(kind: str, x: _Value, axis: Any = None, keepdims: bool = False, initial: Any = None, **_: Any) -> _Value:
    given = [] if axis is None else [[*np.atleast_1d(axis)]]
    y = x if given == [[]] else x(f"Reduce{kind}", *given, keepdims=int(keepdims))
    return y if initial is None else y(kind, initial)


def _flip(x: _Value, axis: Any) -> _Value:
    along = [*np.atleast_1d(axis)]
    return x("Slice", [-1] * len(along), [-END] * len(along), along, [-1] * len(along))


def _position(kind: str, x: _Value, axis: Any, keepdims: bool) -> _Value:
    return (x("Reshape", [-1]) if axis is None else x)(kind, axis=axis or 0, keepdims=int(keepdims))


def _one_hot(x: _Value, classes: int, axis: int = -1) -> _Value:
    """Return numbers as one-hot vectors along a new axis, which is counted from the end."""
    return x("Unsqueeze", [axis])("Equal", np.arange(classes, dtype=x.dtype).reshape(-1, *[1] * ~axis)).to("float32")


def _permuted(c: _Call) -> _Value:
    """Transpose. To see the order of the axes, the op is run on an array whose sizes number its axes."""
    marked = np.broadcast_to(np.zeros(()), range(2, 2 + len(c.shapes[0])))
    return c.get(0)("Transpose", perm=[n - 2 for n in c.one.op.forward(marked, **c.settings).shape])


def _reshape(c: _Call) -> _Value:
    """Reshape. A size that varies is copied from the same axis of the input (0), or left to the node (-1)."""
    sizes = [n if n == m else 0 if [s[axis : axis + 1] for s in c.shapes] == [(n,), (m,)] else -1
             for axis, (n, m) in enumerate(zip(*c.results, strict=True))]  # fmt: skip
    if 0 in c.results[0] or sizes.count(-1) > 1:
        return c.get(0)("Reshape", c.graph.shape(*c.results), allowzero=1)
    return c.get(0)("Reshape", sizes)


def _broadcast(c: _Call) -> _Value:
    old = zip(*((0,) * (len(c.results[0]) - len(s)) + s for s in c.shapes), strict=True)
    sizes = [(1, 1) if pair == given else pair for pair, given in zip(zip(*c.results, strict=True), old, strict=True)]
    return c.get(0)("Expand", c.graph.shape(*zip(*sizes, strict=True)) if sizes else [])


def _bound(one: Any, two: Any, sizes: tuple[int, int], default: int, c: _Call) -> int:
    """Return a bound of a slice: a number that is the same in both records, or one counted from the end of the axis."""
    if one != two and None not in (one, two):
        one, two = (k + n * (k < 0) for k, n in zip((one, two), sizes, strict=True))
    if one == two:
        return default if one is None else int(one)
    if None in (one, two) or one - sizes[0] != two - sizes[1]:
        raise _refused(c.graph.layer, "a slice in it depends on a size that varies")
    return int(one - sizes[0]) or END


def _get_item(c: _Call) -> _Value:
    """Index by integers, slices, None and an ellipsis: slice, then drop and add axes."""
    keys: list[list[Any]] = []
    for entry, shape in zip((c.one, c.two), c.shapes, strict=True):
        key = entry.arguments()["key"]
        key = [*key] if isinstance(key, tuple) else [key]
        if not all(k is None or k is ... or isinstance(k, int | np.integer | slice) for k in key):
            raise _refused(c.graph.layer, "it picks elements by an array, for which there is ops.take")
        place = key.index(...) if ... in key else len(key)
        missing = len(shape) - sum(k is not None and k is not ... for k in key)
        keys.append([*key[:place], *[slice(None)] * missing, *key[place + 1 :]])
    pairs = [pair for pair in zip(*keys, strict=True) if pair[0] is not None]
    cuts: list[list[int]] = []
    for axis, (pair, sizes) in enumerate(zip(pairs, zip(*c.shapes, strict=True), strict=True)):
        one, two = (k if isinstance(k, slice) else slice(k, k + 1 or None) for k in pair)
        step = one.step or 1
        start = _bound(one.start, two.start, sizes, 0 if step > 0 else END, c)
        stop = _bound(one.stop, two.stop, sizes, END if step > 0 else -END, c)
        if (start, stop, step) != (0, END, 1):
            cuts.append([start, stop, axis, step])
    x = c.get(0)("Slice", *map(list, zip(*cuts, strict=True))) if cuts else c.get(0)
    dropped = [axis for axis, (k, _) in enumerate(pairs) if not isinstance(k, slice)]
    x = x("Squeeze", dropped) if dropped else x
    new = [i for i, k in enumerate(k for k in keys[0] if k is None or isinstance(k, slice)) if k is None]
    return x("Unsqueeze", new) if new else x


def _encoded(c: _Call) -> _Value:
    """Encode category numbers, as CategoryEncoding and Discretization do; numbers out of range count nothing."""
    layer, shape, x = c.one.kwargs["layer"], c.shapes[0], c.get(0)
    if not isinstance(layer, CategoryEncoding | Discretization):
        raise _refused(c.graph.layer, "it looks each value up in Python")
    if isinstance(layer, Discretization):
        x = FORMULAS["digitize"](x.to("float64"), np.asarray(layer.bin_boundaries, "float64"))
    mode, depth = layer.output_mode, layer._depth()
    if mode == "one_hot" and len(shape) > 1 and shape[-1] == 1:
        x = x("Squeeze", [-1])
    if mode in ("int", "one_hot"):
        return x if mode == "int" else _one_hot(x.to("int64"), depth)
    hot = _one_hot((x if shape else x("Reshape", [1])).to("int64"), depth).to(c.dtype)
    hot = hot * c.get(1, c.dtype)("Unsqueeze", [-1]) if len(c.one.values) > 1 and c.one.values[1] is not None else hot
    return _reduced("Sum" if mode == "count" else "Max", hot, -2)


def _sides(pads: Any) -> list[int]:
    """Return the padding before each axis, then the padding after each axis."""
    return [int(n) for side in zip(*pads, strict=True) for n in side]


def _windowed(c: _Call, kind: str, *others: Any, cut: Any = (), **attributes: Any) -> _Value:
    """Slide a window, with channels moved to follow the batch, where ONNX has them."""
    rank = len(c.shapes[0]) - 2
    x = c.get(0, c.dtype if c.dtype.kind == "f" else "float32")("Transpose", perm=[0, rank + 1, *range(1, rank + 1)])
    y = x(kind, *others, **{"strides": c.how.strides, "pads": _sides(c.how.pads)} | attributes)
    return (y("Pad", cut, 0.0) if cut else y)("Transpose", perm=[0, *range(2, rank + 2), 1])


def _convolved(c: _Call, kind: str, channels: int, **how: Any) -> _Value:
    """Convolve with a kernel (*window, channels / groups, filters), in ONNX (filters, channels / groups, *window)."""
    rank, groups = len(c.shapes[0]) - 2, channels // np.shape(c.one.values[1])[-2]
    kernel = c.get(1, c.dtype)("Transpose", perm=[rank + 1, rank, *range(rank)])
    return _windowed(c, kind, kernel, group=groups, dilations=c.how.dilation, **how)


def _transposed_convolution(c: _Call) -> _Value:
    """Transposed convolution: the padding of the convolution is cut off, and what its strides left out is zeros."""
    ends = c.same(*(
        [n - m * s + s - 1 + lo - d * (k - 1) for n, m, k, s, (lo, _), d in zip(y[1:-1], x[1:-1], *c.how, strict=True)]
        for y, x in zip(c.results, c.shapes, strict=True)))  # fmt: skip
    cut = _sides([(0, 0)] * 2 + [(-lo, end) for (lo, _), end in zip(c.how.pads, ends, strict=True)])
    return _convolved(c, "ConvTranspose", c.results[0][-1], cut=cut, pads=[0] * 2 * len(ends))


CURVES: dict[str, tuple[Any, ...]] = {
    "tanh": ("Tanh",), "sigmoid": ("Sigmoid",), "relu": ("Relu",), "linear": ("Affine", 1.0, 0.0),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5), "elu": ("Elu", 1.0), "leaky_relu": ("LeakyRelu", 0.2),
    "softsign": ("Softsign",)}  # fmt: skip
"""Activation of a recurrence -> that of the node, with its alpha and beta; onnxruntime's Softplus there gives inf."""
RECURRENT = {"simple": ("RNN", [0], [0]), "lstm": ("LSTM", [0, 3, 1, 2], [1, 0, 0]), "gru": ("GRU", [0, 1, 2], [1, 0]),
             "reset_first": ("GRU", [0, 1, 2], [1, 0])}  # fmt: skip
"""Kind of recurrence -> node, order of its gates, and for each activation of the node if it is that of gates (1)."""


def _moved(c: _Call) -> _Value:
    """The inputs at some places of each column moved to the front, before zeros."""
    x, places, others = c.get(0), c.get(1, bool), c.get(2, bool)
    _, order = c.graph.add("TopK", places.to(x.dtype), places("Shape", start=1, end=2), axis=1, count=2)
    in_order = x("GatherND", _Value(c.graph, order.name, "int64")("Unsqueeze", [-1]), batch_dims=1)
    return others("Unsqueeze", [-1])("Where", in_order, c.graph.constant(0, x.dtype))


def _recurrences(c: _Call) -> _Value:
    """The recurrences of one op, whose columns follow each other."""
    count, inputs = c.settings["how"].layers, [c.get(1), c.get(2)]
    inputs += [] if c.one.values[4] is None else [c.get(4, "int64")]
    split = [c.graph.add("Split", x, axis=0, num_outputs=count, count=count) if count > 1 else [x] for x in inputs]
    first, *others = (_recurrence(c, k, *parts) for k, parts in enumerate(zip(*split, strict=True)))
    return first("Concat", *others, axis=0) if others else first


def _recurrence(c: _Call, k: int, x: _Value, start: _Value, reached: _Value | None = None) -> _Value:
    """All steps of a recurrence; each state is read from the step that its sample had reached by then."""
    how, add, lengths = c.settings["how"], c.graph.add, _Value(c.graph, "", "int32")
    n, (kind, order, gates), weights = how.units, RECURRENT[how.kind], c.one.values[3][k]
    if reached:
        lengths = reached.to("int32")("Slice", [-1], [END], [1])("Squeeze", [1])
    both = 1 + (how.kind == "gru")  # how many biases: such a GRU has one for the input and one for the state
    columns = np.concatenate([weights[None, :, i * n : (i + 1) * n] for i in order], 2)
    biases = np.concatenate([columns[:, n], columns[:, n + 1] if both > 1 else 0 * columns[:, n]], 1)
    matrices = [columns[:, n + both :].transpose(0, 2, 1), columns[:, :n].transpose(0, 2, 1)]
    starts = [start("Slice", [i * n], [(i + 1) * n], [1])("Unsqueeze", [0]) for i in range(1 + (kind == "LSTM"))]
    curves = [CURVES[(how.activation, how.gate)[i]] for i in gates]
    options: dict[str, Any] = {"linear_before_reset": 1} if how.kind == "gru" else {}
    for i, name in enumerate(("activation_alpha", "activation_beta"), 1):
        options |= {name: constants} if (constants := [curve[i] for curve in curves if len(curve) > i]) else {}
    y, *last = add(kind, x("Transpose", perm=[1, 0, 2]), *matrices, biases, lengths, *starts, hidden_size=n,
                   activations=[curve[0] for curve in curves], count=len(starts) + 1, **options)  # fmt: skip
    states = y("Squeeze", [1])("Transpose", perm=[1, 0, 2])
    if reached:
        states = starts[0]("Transpose", perm=[1, 0, 2])("Concat", states, axis=1)
        states = states("GatherND", reached("Unsqueeze", [-1]), batch_dims=1)
    states = states if how.whole else states("Slice", [-1], [END], [1])
    return states("Concat", last[1]("Transpose", perm=[1, 0, 2]), axis=1) if how.cells else states


NODES = """
    absolute Abs add Add arccos Acos arccosh Acosh arcsin Asin arcsinh Asinh arctan Atan arctanh Atanh cast Identity
    ceil Ceil copy Identity cos Cos cosh Cosh divide Div equal Equal erf Erf exp Exp fabs Abs floor Floor
    greater Greater greater_equal GreaterOrEqual hard_silu HardSwish isinf IsInf isnan IsNaN less Less
    less_equal LessOrEqual log Log matmul MatMul maximum Max minimum Min multiply Mul negative Neg positive Identity
    power Pow project MatMul reciprocal Reciprocal relu Relu selu Selu shift Add sigmoid Sigmoid sign Sign sin Sin
    sinh Sinh softplus Softplus softsign Softsign sqrt Sqrt stop_gradient Identity subtract Sub tan Tan tanh Tanh"""
REDUCTIONS = """
    sum Sum reduction._mean Mean max Max amax Max min Min amin Min prod Prod logsumexp LogSumExp linalg._length L2"""
_mean = partial(_reduced, "Mean")
FORMULAS: dict[str, Callable[..., _Value]] = {
    **{name: partial(lambda kind, *xs, **_: xs[0](kind, *xs[1:]), kind)
       for name, kind in re.findall(r"(\S+) (\S+)", NODES)},
    **{name: partial(_reduced, kind) for name, kind in re.findall(r"(\S+) (\S+)", REDUCTIONS)},
    **{f"logical_{kind.lower()}": partial(lambda kind, *xs: xs[0].to(bool)(kind, *(x.to(bool) for x in xs[1:])), kind)
       for kind in ("And", "Or", "Xor", "Not")},
    "argmax": partial(_position, "ArgMax"), "argmin": partial(_position, "ArgMin"),
    "affine": lambda x, kernel, bias: x("MatMul", kernel) + bias,
    "all": lambda x, **how: _reduced("Min", x.to(bool).to("int32"), **how),
    "any": lambda x, **how: _reduced("Max", x.to(bool).to("int32"), **how),
    "celu": lambda x, alpha: x("Max", 0.0) + ((x("Min", 0.0) / alpha)("Exp") - 1.0) * alpha,
    "elu": lambda x, alpha: x("Max", 0.0) + (x("Min", 0.0)("Exp") - 1.0) * alpha,
    "clip": lambda x, low, high: x("Max", low)("Min", high), "flip": _flip,
    "cumsum": lambda x, axis, dtype: x("CumSum", np.asarray(axis, "int64")),
    "digitize": lambda x, bins: _reduced("Sum", x("Unsqueeze", [-1])("GreaterOrEqual", bins).to("int32"), -1),
    "_normal_cdf": lambda x: (x * 0.5**0.5)("Erf") * 0.5 + 0.5,
    "erfc": lambda x: x("Neg")("Erf") + 1.0, "expm1": lambda x: x("Exp") - 1.0,
    "expand_dims": lambda x, axis: x("Unsqueeze", [*np.atleast_1d(axis)]),
    "floor_divide": lambda x, y: (x.to("float64") / y.to("float64"))("Floor"),
    "full_like": lambda x, value, dtype: value("Expand", x("Shape")),
    "gelu": lambda x, approximate: x * 0.5 * ((
        ((x * x * x * 0.044715 + x) * math.sqrt(2 / math.pi))("Tanh") if approximate else (x * 0.5**0.5)("Erf")) + 1.0),
    "hard_shrink": lambda x, threshold: x("Shrink", lambd=threshold, bias=0.0),
    "hard_sigmoid": lambda x: x("HardSigmoid", alpha=1 / 6, beta=0.5), "rsqrt": lambda x: x("Sqrt")("Reciprocal"),
    "hard_tanh": lambda x: x("Max", -1)("Min", 1), "relu6": lambda x: x("Max", 0)("Min", 6),
    "leaky_relu": lambda x, negative_slope: x("PRelu", negative_slope),
    "linalg._einsum": lambda *xs, subscripts: xs[0]("Einsum", *xs[1:], equation=subscripts.replace(" ", "")),
    "log10": lambda x: x("Log") / math.log(10), "log2": lambda x: x("Log") / math.log(2),
    "log1p": lambda x: (x + 1.0)("Log"), "log_sigmoid": lambda x: x("Neg")("Softplus")("Neg"),
    "log_softmax": lambda x, axis: x - _reduced("LogSumExp", x, axis, True),
    "softmax": lambda x, axis: x("Softmax", axis=axis) if isinstance(axis, int) else (
        x - _reduced("LogSumExp", x, axis, True))("Exp"),
    "mod": lambda x, y: x - (x / y)("Floor") * y if x.dtype.kind == "f" else x("Mod", y),
    "normalization._standardized": lambda x, axes, epsilon: (d := x - _mean(x, axes, True)) / (
        _mean(d * d, axes, True) + epsilon)("Sqrt"),
    "not_equal": lambda x, y: x("Equal", y)("Not"), "isfinite": lambda x: x("IsNaN")("Or", x("IsInf"))("Not"),
    "ones_like": lambda x, dtype: x.graph.constant(1, x.dtype)("Expand", x("Shape")),
    "round": lambda x, decimals: (x * 10.0**decimals)("Round") / 10.0**decimals if decimals else x("Round"),
    "shapes._concatenate": lambda *xs, axis: xs[0]("Concat", *xs[1:], axis=axis),
    "shapes._constant_pad": lambda x, widths, value: x("Pad", _sides(widths), np.asarray(value, x.dtype)),
    "silu": lambda x: x * x("Sigmoid"), "square": lambda x: x * x, "tanh_shrink": lambda x: x - x("Tanh"),
    "soft_shrink": lambda x, threshold: x("Shrink", lambd=threshold, bias=threshold),
    "sparse_plus": lambda x: x("Max", -1.0)("Min", 1.0)("Add", 1.0)("Pow", 2.0) * 0.25 + (x - 1.0)("Relu"),
    "sparse_sigmoid": lambda x: x("HardSigmoid", alpha=0.5, beta=0.5),
    "squareplus": lambda x, b: (x + (x * x + b)("Sqrt")) / 2.0,
    "tril": lambda x, k: x("Trilu", np.asarray(k, "int64"), upper=0),
    "triu": lambda x, k: x("Trilu", np.asarray(k, "int64"), upper=1),
    "trunc": lambda x: x("Abs")("Floor") * x("Sign"),
    "var": lambda x, axis, keepdims: _mean((x - _mean(x, axis, True))("Pow", 2.0), axis, keepdims),
    "zeros_like": lambda x, dtype: x.graph.constant(0, x.dtype)("Expand", x("Shape"))}  # fmt: skip
"""Op -> its result in nodes, as a function of the inputs, all of one dtype, and of the settings."""
CONVERSIONS: dict[str, Callable[[_Call], _Value]] = {
    **dict.fromkeys(("reshape", "ravel", "squeeze"), _reshape),
    **dict.fromkeys(("transpose", "swapaxes", "moveaxis"), _permuted),
    "broadcast_to": _broadcast, "encode": _encoded, "get_item": _get_item, "recurrence._moved": _moved,
    "recurrence._outputs": _recurrences,
    "convolution._slide": lambda c: _convolved(c, "Conv", c.shapes[0][-1]),
    "convolution._input_gradient": _transposed_convolution,
    "convolution._largest": lambda c: _windowed(c, "MaxPool", kernel_shape=c.how.window),
    "convolution._total": lambda c: _windowed(c, "AveragePool", kernel_shape=c.how.window,
                                              count_include_pad=1) * math.prod(c.how.window),
    "one_hot": lambda c: _one_hot(c.get(0, "float64"), c.settings["num_classes"],
                                  c.settings["axis"] % len(c.results[0]) - len(c.results[0])),
    "elementwise._where": lambda c: c.get(0, bool)("Where", c.get(1, c.dtype), c.get(2, c.dtype)),
    "take": lambda c: (c.get(0)("Reshape", [-1]) if c.settings["axis"] is None else c.get(0))(
        "Gather", c.get(1, "int64"), axis=c.settings["axis"] or 0),
    "take_along_axis": lambda c: c.get(0)("GatherElements", c.get(1, "int64"), axis=c.settings["axis"])}  # fmt: skip
"""Op -> its result in nodes, as a function of the call."""


def _arguments(model: Any, given: Any) -> list[Any]:
    """Return the arguments of `call`, with an InputSpec (shape, dtype, name) in place of each tensor."""
    if given is not None:
        return list(given) if isinstance(given, list | tuple) else [given]
    if not model.built:
        raise ValueError("The model provided has not yet been built. It must be built before export.")
    if model._own_graph is not None:
        structure = model._own_graph.input_structure
        return [map_structure(lambda x: InputSpec(x.dtype, (None, *x.shape[1:]), name=x.name), structure)]
    if not model._build_shapes:
        raise ValueError("The model provided has never called. It must be called at least once before export.")
    spec = partial(InputSpec, model.input_dtype)
    return [map_shapes(lambda shape: spec((None, *shape[1:])), shapes) for shapes in model._build_shapes.values()]


def _inputs(specs: list[Any]) -> list[tuple[str, Any, list[tuple[int, int]]]]:
    """Return name, dtype and sizes, in both records, of each input."""
    lengths, inputs = iter(LENGTHS), []
    for i, spec in enumerate(specs):
        dtype, name = standardize_dtype(spec.dtype), getattr(spec, "name", None) or f"input_{i}"
        if dtype == "string":
            raise _refused(None, f"its input '{name}' holds text")
        sizes = [(n, n) if n else next(lengths, (0, 0)) if axis else BATCH for axis, n in enumerate(spec.shape)]
        if (0, 0) in sizes:
            raise _refused(None, f"more than {len(LENGTHS)} sizes may vary; pass some of them by `input_signature`")
        inputs.append((name, np.dtype(dtype), sizes))
    return inputs


def _recorded(model: Any, arguments: list[Any], inputs: Any, run: int) -> _Record:
    """Record a call on random fractions, which differ between runs, or on zeros for integers: every table has row 0."""
    draw = np.random.default_rng(run).random
    shapes = [(dtype, [pair[run] for pair in sizes]) for _, dtype, sizes in inputs]
    tensors = [Tensor((draw(shape) if dtype.kind == "f" else np.zeros(shape)).astype(dtype)) for dtype, shape in shapes]
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            raise _refused(layer, "it is stateful, and goes on with the state of the last call")
    record = _Record(tensors)
    with undone(), stop_recording(record), np.errstate(all="ignore"), context.having(curves=CURVES):  # seeds stay
        record.outputs = model(*tree.pack_sequence_as(arguments, tensors), training=False)
    if record.escaped:
        raise _refused(None, "it does something that cannot be recorded")
    return record


def _add_all(graph: _Graph, one: _Record, two: _Record) -> list[_Value]:
    """Add the recorded operations to a graph, and return the outputs."""
    values = {id(x): _Value(graph, name, dtype) for x, (name, dtype, _) in zip(one.inputs, graph.inputs, strict=True)}
    layers, places = one.layers | two.layers, {id(x): i for xs in (one.inputs, two.inputs) for i, x in enumerate(xs)}
    for a, b in zip_longest(one.needed(), two.needed()):
        graph.layer = layers[id((a or b).output)]
        links = [e and (e.op, [places.get(id(x)) for x in e.inputs]) for e in (a, b)]
        if links[0] != links[1]:
            raise _refused(graph.layer, "it does other operations for other sizes; `input_signature` may give sizes")
        name = f"{a.op.forward.__module__.rpartition('.')[2]}.{a.op.name}" if a.op.name[0] == "_" else a.op.name
        if name not in FORMULAS.keys() | CONVERSIONS.keys():
            raise _refused(graph.layer, f"there is no conversion of the operation {name!r}")
        call = _Call(graph, values, a, b)
        try:
            value = CONVERSIONS[name](call) if name in CONVERSIONS else FORMULAS[name](*call.inputs(), **call.settings)
        except (AttributeError, TypeError) as error:
            raise _refused(graph.layer, f"its conversion does not cover this use of the operation {name!r}") from error
        values[id(a.output)] = value.to(call.dtype)
        places[id(a.output)] = places[id(b.output)] = len(places)
    graph.layer = None
    pairs = zip(leaves(one.outputs), leaves(two.outputs), strict=True)
    return [values.get(id(y)) or graph.common(as_array(y), as_array(other)) for y, other in pairs]


def export_onnx(model: Any, filepath: str | PathLike[str], verbose: bool | None = None, input_signature: Any = None,
                opset_version: int | None = None) -> None:  # fmt: skip
    """Write what a model computes to an ONNX file; see `Model.export`."""
    onnx = optional("onnx", "Exporting to ONNX", "onnx")
    opset, latest = opset_version or OPSET, onnx.defs.onnx_opset_version()
    if not OPSET <= opset <= latest:
        raise ValueError(f"`opset_version` must be from {OPSET} to {latest}. Received: opset_version={opset_version}")
    arguments = _arguments(model, input_signature)
    inputs = _inputs(tree.flatten(arguments))
    try:
        records = [_recorded(model, arguments, inputs, run) for run in (0, 1)]
    except ValueError as error:
        reason = f"on batches of {' and '.join(map(str, BATCH))} rows it raises: {f'{error}'.rstrip('.')}"
        raise _refused(None, f"{reason}; `input_signature=[keras.InputSpec(dtype, shape)]` fixes sizes") from error
    graph, helper = _Graph(onnx, inputs), onnx.helper
    results = _add_all(graph, *records)

    def info(name: str, dtype: Any, sizes: Iterable[tuple[int, int]]) -> Any:
        dims = [n if n == m else "batch" if (n, m) == BATCH else f"{name}_{i}" for i, (n, m) in enumerate(sizes)]
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), dims)

    structure = records[0].outputs
    names = [*(structure if isinstance(structure, dict) else getattr(model._own_graph, "output_names", ()))]
    if len({*names}.difference(name for name, *_ in inputs)) != len(results):
        names = [f"output_{i}" for i in range(len(results))]
    graph.nodes += [helper.make_node("Identity", [y.name], [name]) for y, name in zip(results, names, strict=True)]
    shapes = zip(*([np.shape(y) for y in leaves(record.outputs)] for record in records), strict=True)
    ends = [info(name, y.dtype, zip(*two, strict=True)) for name, y, two in zip(names, results, shapes, strict=True)]
    whole = helper.make_graph(graph.nodes, model.name, [info(*x) for x in inputs], ends, [*graph.constants.values()])
    versions = [helper.make_opsetid("", opset)]
    proto = helper.make_model(whole, producer_name="minikeras", opset_imports=versions,
                              ir_version=helper.find_min_ir_version_for(versions))  # fmt: skip
    try:
        onnx.checker.check_model(proto, full_check=True)
    except onnx.shape_inference.InferenceError as error:
        raise _refused(None, f"{error}") from error
    with replacing(filepath) as file:
        file.write(proto.SerializeToString())
    if verbose is None or verbose:
        write(f"Saved artifact at '{fspath(filepath)}'.\n")
