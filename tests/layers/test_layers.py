"""Every layer: hand-worked numbers, and one list of all classes through build, dtype, configuration and copies."""

import copy
import json
import pickle
from collections.abc import Callable
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import numpy as np
import pytest

import minikeras as keras
from minikeras import Tensor, layers, ops
from minikeras.layers import Layer

Shapes = tuple[int, ...] | list[tuple[int, ...]]
PAIR: Shapes = [(2, 3), (2, 3)]
SIGNAL, IMAGE, VOLUME = (2, 6, 2), (2, 6, 5, 2), (2, 4, 5, 3, 2)


def inner(options: Any) -> Any:
    """Return what the layers inside another get."""
    return {key: value for key, value in options.items() if key == "dtype"}


EXAMPLES: dict[str, tuple[Callable[..., Layer], Shapes]] = {
    "ELU": (layers.ELU, (2, 3)),
    "Activation": (lambda **o: layers.Activation("tanh", **o), (2, 3)),
    "ActivityRegularization": (lambda **o: layers.ActivityRegularization(0.1, **o), (2, 3)),
    "AlphaDropout": (lambda **o: layers.AlphaDropout(0.1, seed=1, **o), (2, 3)),
    "Dense": (lambda **o: layers.Dense(4, "relu", **o), (2, 3)),
    "Dropout": (lambda **o: layers.Dropout(0.5, seed=1, **o), (2, 3)),
    "Flatten": (layers.Flatten, (2, 3, 4)),
    "GaussianDropout": (lambda **o: layers.GaussianDropout(0.1, seed=1, **o), (2, 3)),
    "GaussianNoise": (lambda **o: layers.GaussianNoise(0.1, seed=1, **o), (2, 3)),
    "Identity": (layers.Identity, (2, 3)),
    "InputLayer": (lambda **o: layers.InputLayer(shape=(3,), **o), (2, 3)),
    "Lambda": (lambda **o: layers.Lambda(keras.ops.square, **o), (2, 3)),
    "LeakyReLU": (layers.LeakyReLU, (2, 3)),
    "Normalization": (lambda **o: layers.Normalization(mean=1.0, variance=4.0, **o), (2, 3)),
    "PReLU": (layers.PReLU, (2, 3)),
    "Permute": (lambda **o: layers.Permute((2, 1), **o), (2, 3, 4)),
    "ReLU": (lambda **o: layers.ReLU(1.0, **o), (2, 3)),
    "RepeatVector": (lambda **o: layers.RepeatVector(2, **o), (2, 3)),
    "Rescaling": (lambda **o: layers.Rescaling(0.5, **o), (2, 3)),
    "Reshape": (lambda **o: layers.Reshape((3, -1), **o), (2, 6)),
    "Softmax": (layers.Softmax, (2, 3)),
    "Add": (layers.Add, PAIR),
    "Average": (layers.Average, PAIR),
    "BatchNormalization": (layers.BatchNormalization, (2, 3)),
    "Concatenate": (layers.Concatenate, [(2, 3), (2, 1)]),
    "Dot": (lambda **o: layers.Dot((1, 2), **o), [(2, 3, 4), (2, 2, 3)]),
    "EinsumDense": (lambda **o: layers.EinsumDense("abc,cd->abd", (3, 5), bias_axes="d", **o), (2, 3, 4)),
    "Embedding": (lambda **o: layers.Embedding(10, 4, mask_zero=True, **o), (2, 3)),
    "ReversibleEmbedding": (lambda **o: layers.ReversibleEmbedding(10, 4, mask_zero=True, **o), (2, 3)),
    "GroupNormalization": (lambda **o: layers.GroupNormalization(2, **o), (2, 4)),
    "LayerNormalization": (layers.LayerNormalization, (2, 3)),
    "Masking": (layers.Masking, (2, 3, 4)),
    "Maximum": (layers.Maximum, PAIR),
    "Minimum": (layers.Minimum, PAIR),
    "Multiply": (layers.Multiply, PAIR),
    "RMSNormalization": (layers.RMSNormalization, (2, 3)),
    "Subtract": (layers.Subtract, PAIR),
    "TimeDistributed": (lambda **o: layers.TimeDistributed(layers.ReLU(), **o), (2, 3, 4)),
    "UnitNormalization": (layers.UnitNormalization, (2, 3)),
    "CenterCrop": (lambda **o: layers.CenterCrop(3, 2, **o), IMAGE),
    "RandomBrightness": (lambda **o: layers.RandomBrightness(0.2, seed=1, **o), IMAGE),
    "RandomContrast": (lambda **o: layers.RandomContrast(0.2, seed=1, **o), IMAGE),
    "RandomCrop": (lambda **o: layers.RandomCrop(3, 2, seed=1, **o), IMAGE),
    "RandomFlip": (lambda **o: layers.RandomFlip(seed=1, **o), IMAGE),
    "RandomRotation": (lambda **o: layers.RandomRotation(0.2, seed=1, **o), IMAGE),
    "RandomTranslation": (lambda **o: layers.RandomTranslation(0.2, 0.1, seed=1, **o), IMAGE),
    "RandomZoom": (lambda **o: layers.RandomZoom(0.2, seed=1, **o), IMAGE),
    "Resizing": (lambda **o: layers.Resizing(4, 3, **o), IMAGE),
    "AdditiveAttention": (layers.AdditiveAttention, [(2, 5, 3), (2, 4, 3)]),
    "Attention": (lambda **o: layers.Attention(True, score_mode="concat", **o), [(2, 5, 3), (2, 4, 3)]),
    "Bidirectional": (lambda **o: layers.Bidirectional(layers.GRU(2, **inner(o)), **o), SIGNAL),
    "GRU": (lambda **o: layers.GRU(3, reset_after=False, **o), SIGNAL),
    "LSTM": (lambda **o: layers.LSTM(3, return_sequences=True, **o), SIGNAL),
    "RNN": (lambda **o: layers.RNN([layers.LSTMCell(3, **inner(o)), layers.GRUCell(2, **inner(o))], **o), SIGNAL),
    "SimpleRNN": (lambda **o: layers.SimpleRNN(3, dropout=0.5, **o), SIGNAL),
    "AveragePooling1D": (lambda **o: layers.AveragePooling1D(2, **o), SIGNAL),
    "AveragePooling2D": (lambda **o: layers.AveragePooling2D((2, 1), **o), IMAGE),
    "ConvLSTM1D": (lambda **o: layers.ConvLSTM1D(2, 3, padding="same", **o), (2, 3, 4, 2)),
    "ConvLSTM2D": (lambda **o: layers.ConvLSTM2D(2, 3, return_sequences=True, dropout=0.2, **o), (2, 3, 4, 5, 2)),
    "ConvLSTM3D": (lambda **o: layers.ConvLSTM3D(2, 1, strides=2, **o), (2, 2, 3, 4, 3, 2)),
    "Conv1D": (lambda **o: layers.Conv1D(4, 3, padding="causal", **o), SIGNAL),
    "Conv1DTranspose": (lambda **o: layers.Conv1DTranspose(4, 3, strides=2, **o), SIGNAL),
    "Conv2D": (lambda **o: layers.Conv2D(4, 3, strides=2, padding="same", **o), IMAGE),
    "Conv2DTranspose": (lambda **o: layers.Conv2DTranspose(4, 3, strides=2, **o), IMAGE),
    "Cropping1D": (layers.Cropping1D, SIGNAL),
    "Cropping2D": (lambda **o: layers.Cropping2D(((1, 0), (2, 1)), **o), IMAGE),
    "DepthwiseConv1D": (lambda **o: layers.DepthwiseConv1D(3, depth_multiplier=2, **o), SIGNAL),
    "DepthwiseConv2D": (lambda **o: layers.DepthwiseConv2D(3, **o), IMAGE),
    "GlobalAveragePooling1D": (layers.GlobalAveragePooling1D, SIGNAL),
    "GlobalAveragePooling2D": (layers.GlobalAveragePooling2D, IMAGE),
    "GlobalMaxPooling1D": (layers.GlobalMaxPooling1D, SIGNAL),
    "GlobalMaxPooling2D": (layers.GlobalMaxPooling2D, IMAGE),
    "MaxPooling1D": (layers.MaxPooling1D, SIGNAL),
    "MaxPooling2D": (lambda **o: layers.MaxPooling2D(3, strides=1, **o), IMAGE),
    "SeparableConv1D": (lambda **o: layers.SeparableConv1D(4, 3, **o), SIGNAL),
    "SeparableConv2D": (lambda **o: layers.SeparableConv2D(4, 3, **o), IMAGE),
    "UpSampling1D": (layers.UpSampling1D, SIGNAL),
    "UpSampling2D": (lambda **o: layers.UpSampling2D(2, interpolation="bilinear", **o), IMAGE),
    "ZeroPadding1D": (layers.ZeroPadding1D, SIGNAL),
    "ZeroPadding2D": (layers.ZeroPadding2D, IMAGE),
    "AdaptiveAveragePooling1D": (lambda **o: layers.AdaptiveAveragePooling1D(2, **o), SIGNAL),
    "AdaptiveAveragePooling2D": (lambda **o: layers.AdaptiveAveragePooling2D((2, 3), **o), IMAGE),
    "AdaptiveAveragePooling3D": (lambda **o: layers.AdaptiveAveragePooling3D(2, **o), VOLUME),
    "AdaptiveMaxPooling1D": (lambda **o: layers.AdaptiveMaxPooling1D(2, **o), SIGNAL),
    "AdaptiveMaxPooling2D": (lambda **o: layers.AdaptiveMaxPooling2D(2, **o), IMAGE),
    "AdaptiveMaxPooling3D": (lambda **o: layers.AdaptiveMaxPooling3D((1, 2, 3), **o), VOLUME),
    "AveragePooling3D": (lambda **o: layers.AveragePooling3D(2, padding="same", **o), VOLUME),
    "Conv3D": (lambda **o: layers.Conv3D(4, 2, groups=2, **o), VOLUME),
    "Conv3DTranspose": (lambda **o: layers.Conv3DTranspose(4, 2, strides=2, **o), VOLUME),
    "Cropping3D": (layers.Cropping3D, VOLUME),
    "GlobalAveragePooling3D": (layers.GlobalAveragePooling3D, VOLUME),
    "GlobalMaxPooling3D": (layers.GlobalMaxPooling3D, VOLUME),
    "MaxPooling3D": (layers.MaxPooling3D, VOLUME),
    "SpatialDropout1D": (lambda **o: layers.SpatialDropout1D(0.5, seed=1, **o), SIGNAL),
    "SpatialDropout2D": (lambda **o: layers.SpatialDropout2D(0.5, seed=1, **o), IMAGE),
    "SpectralNormalization": (lambda **o: layers.SpectralNormalization(layers.Dense(2, **o), **o), (2, 3)),
    "SpatialDropout3D": (lambda **o: layers.SpatialDropout3D(0.5, seed=1, **o), VOLUME),
    "UpSampling3D": (layers.UpSampling3D, VOLUME),
    "ZeroPadding3D": (layers.ZeroPadding3D, VOLUME),
}
WITHOUT_DTYPE = {"InputLayer"}
HELD_ELSEWHERE = {
    *("GRUCell", "GroupQueryAttention", "LSTMCell", "MultiHeadAttention", "SimpleRNNCell", "StackedRNNCells"),
    *("CategoryEncoding", "Discretization", "IntegerLookup", "StringLookup", "TextVectorization"),
    *("HashedCrossing", "Hashing"),
}
"""Layers of several arguments, or of no floats: tests of test_recurrent.py, test_attention.py and test_lookup.py."""


def test_every_layer_has_an_example() -> None:
    exported = [getattr(layers, name) for name in layers.__all__]
    classes = {x.__name__ for x in exported if isinstance(x, type) and issubclass(x, Layer)}
    assert classes - {"Layer", "Wrapper"} - HELD_ELSEWHERE == set(EXAMPLES)


@pytest.mark.parametrize("name", [key for key, (_, shape) in EXAMPLES.items() if isinstance(shape, tuple)])
def test_what_is_replayed_under_a_tape_depends_on_nothing_of_earlier_calls(name: str) -> None:
    make, shape = EXAMPLES[name]
    assert isinstance(shape, tuple)
    made = [layers.Embedding(10, 4)] if name == "Embedding" else [make()] if name != "InputLayer" else []  # no masks
    model = keras.Sequential([keras.Input(shape[1:]), *made, layers.Rescaling(1.0)])
    rng = np.random.default_rng(0)

    def run(x: Any, replays: bool) -> list[Any]:
        with keras.GradientTape(watch_accessed_variables=replays) as tape:  # else nothing is replayed
            tape.watch([x, *model.trainable_weights])
            y = model(x, training=False)
        found = tape.gradient(y, [x, *model.trainable_weights])
        return [None if a is None else keras.ops.convert_to_numpy(a).tolist() for a in (y, *found)]

    for _ in range(5):
        x = keras.ops.convert_to_tensor(
            rng.integers(0, 9, shape) if name.endswith("Embedding") else rng.normal(size=shape)
        )
        assert run(x, True) == run(x, False)


def each(function: Callable[[tuple[int, ...]], Any], shapes: Shapes) -> Any:
    """Apply a function to a shape, or to each in a list."""
    return [function(shape) for shape in shapes] if isinstance(shapes, list) else function(shapes)


def sample(name: str, shapes: Shapes) -> Any:
    """Return an array of normally distributed numbers, or a list of arrays; whole numbers for an embedding."""
    rng = np.random.default_rng(0)
    draw = rng.poisson if name.endswith("Embedding") else rng.normal
    return each(lambda shape: draw(size=shape).astype("float32"), shapes)


@pytest.mark.parametrize("name", EXAMPLES)
def test_build_shape_and_inference_agree(name: str) -> None:
    make, shape = EXAMPLES[name]
    layer = make()
    y = layer(sample(name, shape))
    assert layer.built
    assert y.dtype == "float32"
    inferred = make()(each(lambda sizes: keras.Input(sizes[1:]), shape))
    assert inferred.shape == (None, *y.shape[1:])
    assert inferred.dtype == y.dtype
    if name != "InputLayer":
        assert layer.compute_output_shape(shape) == y.shape
    assert np.isfinite(y.numpy()).all()


@pytest.mark.parametrize("name", EXAMPLES)
def test_predict_gives_each_batch_what_a_call_gives_it(name: str) -> None:
    make, shapes = EXAMPLES[name]
    inputs = each(lambda sizes: keras.Input(sizes[1:]), shapes)
    model = keras.Model(inputs, make()(inputs))
    data = sample(name, each(lambda sizes: (200, *sizes[1:]), shapes))  # after the first batch, several are run at once
    batches = [keras.tree.map_structure(lambda x, i=i: x[i : i + 32], data) for i in range(0, 200, 32)]
    wanted = np.concatenate([model(batch, training=False) for batch in batches])
    np.testing.assert_allclose(model.predict(data, batch_size=32, verbose=0), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float64", "mixed_float16"])
@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - WITHOUT_DTYPE))
def test_dtypes(name: str, dtype: str) -> None:
    make, shape = EXAMPLES[name]
    policy = keras.DTypePolicy(dtype)
    layer = make(dtype=dtype)
    y = layer(each(np.ones, shape))
    assert y.dtype == policy.compute_dtype
    assert all(w.dtype == np.dtype(policy.variable_dtype) for w in layer.get_weights())
    cast = each(lambda sizes: keras.KerasTensor(sizes, policy.compute_dtype), shape)
    assert layer.compute_output_spec(cast).dtype == y.dtype  # without a call around it


@pytest.mark.parametrize("name", EXAMPLES)
def test_configuration_copy_and_pickle_round_trips(name: str) -> None:
    make, shape = EXAMPLES[name]
    layer = make(name="mine")
    x = sample(name, shape)
    quiet = {"training": False} if "training" in layer._takes else {}
    expected = layer(x, **quiet).numpy()
    again = layers.deserialize(layers.serialize(layer), custom_objects={"square": keras.ops.square})
    assert again.get_config() == layer.get_config()
    assert again.name == "mine"
    twins = [copy.deepcopy(layer)] + ([] if name == "Lambda" else [pickle.loads(pickle.dumps(layer))])
    for twin in twins:
        assert np.array_equal(twin(x, **quiet), expected)
        assert [v.path for v in twin.weights] == [v.path for v in layer.weights]


def words(hint: Any) -> bool:
    """Tell whether an argument takes one of several words, and perhaps None."""
    options = [x for x in get_args(hint) if x is not NoneType] if get_origin(hint) is not Literal else [hint]
    return all(get_origin(x) is Literal for x in options) and bool(options)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_other_words_are_taken(name: str) -> None:
    layer = EXAMPLES[name][0]()
    hints = get_type_hints(type(layer).__init__)
    for argument in [key for key, hint in hints.items() if words(hint)]:
        with pytest.raises((ValueError, NotImplementedError), match=argument):
            type(layer).from_config({**layer.get_config(), argument: "nonsense"})


@pytest.mark.parametrize("name", EXAMPLES)
def test_empty_batches_pass(name: str) -> None:
    make, shape = EXAMPLES[name]
    layer = make()
    y = layer(each(np.ones, shape))
    assert layer(each(lambda sizes: np.empty((0, *sizes[1:])), shape)).shape == (0, *y.shape[1:])


def values(layer: Layer, x: Any, **options: Any) -> Any:
    return layer(np.array(x, "float32"), **options).numpy().tolist()


def test_dense_by_hand() -> None:
    layer = layers.Dense(2, activation="relu")
    layer.build((None, 2))
    layer.set_weights([[[1.0, -1.0], [2.0, 0.5]], [0.5, 0.0]])
    assert values(layer, [[1.0, 2.0], [0.0, -1.0]]) == [[5.5, 0.0], [0.0, 0.0]]
    assert values(layer, [[[1.0, 2.0]], [[0.0, -1.0]]]) == [[[5.5, 0.0]], [[0.0, 0.0]]]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.Dense(1, "tanh", kernel_initializer="ones"), (1, 1)),
        (layers.Conv1D(1, 1, activation="tanh", kernel_initializer="ones"), (1, 1, 1)),
        (layers.EinsumDense("ab,bc->ac", 1, "tanh", kernel_initializer="ones"), (1, 1)),
    ],
)
def test_an_activation_may_be_taken_away(layer: Any, shape: tuple[int, ...]) -> None:
    model, x = keras.Sequential([keras.Input(shape[1:]), layer]), np.full(shape, 2.0)
    for _ in range(3):
        assert model.predict(x, verbose=0).max() < 1
    layer.activation = None  # as to see the logits of a model that was loaded
    assert model.predict(x, verbose=0).ravel().tolist() == [2.0]
    assert layer.from_config(layer.get_config())(x).numpy().ravel().tolist() == [2.0]


def test_dense_takes_integers_and_lists() -> None:
    layer = layers.Dense(1, kernel_initializer="ones")
    assert layer(np.array([[1, 2]])).numpy().tolist() == [[3.0]]
    assert layer([[1, 2]]).dtype == "float32"


def test_activations_by_hand() -> None:
    x = [[-2.0, 0.5, 3.0]]
    assert values(layers.ReLU(max_value=2.0, negative_slope=0.5, threshold=1.0), x) == [[-1.5, -0.25, 2.0]]
    assert values(layers.LeakyReLU(0.5), x) == [[-1.0, 0.5, 3.0]]
    assert values(layers.PReLU("ones"), x) == [[-2.0, 0.5, 3.0]]
    assert values(layers.ELU(2.0), [[-1e4, 1.0]]) == [[-2.0, 1.0]]
    assert values(layers.Softmax(), [[1.0, 1.0]]) == [[0.5, 0.5]]
    assert values(layers.Softmax(axis=(0, 1)), [[1.0], [1.0]]) == [[0.5], [0.5]]
    assert values(layers.Softmax(), [[1.0, 1.0, 9.0]], mask=np.array([[True, True, False]])) == [[0.5, 0.5, 0.0]]
    assert values(layers.Activation(lambda t: -t), [[1.0]]) == [[-1.0]]


def test_shared_axes_share_one_slope() -> None:
    layer = layers.PReLU(shared_axes=[1])
    layer(np.ones((1, 4, 3)))
    assert layer.alpha.shape == (1, 3)


def test_reshaping_by_hand() -> None:
    x = [[[1.0, 2.0], [3.0, 4.0]]]
    assert values(layers.Flatten(), x) == [[1.0, 2.0, 3.0, 4.0]]
    assert values(layers.Flatten(data_format="channels_first"), x) == [[1.0, 3.0, 2.0, 4.0]]
    assert values(layers.Permute((2, 1)), x) == [[[1.0, 3.0], [2.0, 4.0]]]
    assert values(layers.Reshape((4, 1)), x) == [[[1.0], [2.0], [3.0], [4.0]]]
    assert values(layers.RepeatVector(2), [[1.0, 2.0]]) == [[[1.0, 2.0], [1.0, 2.0]]]


@pytest.mark.parametrize(
    ("layer", "attribute", "value", "shape"),
    [
        (layers.ZeroPadding2D(1), "padding", ((2, 0), (0, 0)), (None, 6, 4, 3)),
        (layers.Cropping1D(1), "cropping", (2, 1), (None, 1, 3)),
        (layers.UpSampling2D(2), "size", (3, 1), (None, 12, 4, 3)),
        (layers.UpSampling1D(2), "size", 3, (None, 12, 3)),
    ],
)
def test_sizes_set_after_a_call_count(layer: Any, attribute: str, value: Any, shape: tuple[int | None, ...]) -> None:
    x = np.ones((2, *[4] * (len(shape) - 2), 3), "float32")
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.predict(x, verbose=0)
    setattr(layer, attribute, value)
    assert model.predict(x, verbose=0).shape == (2, *shape[1:])
    copy = keras.models.clone_model(model)
    assert copy.output_shape == shape


def test_normalization_by_hand() -> None:
    data = np.array([[1.0, 10.0], [3.0, 30.0]])
    layer = layers.Normalization()
    layer.adapt(data)
    assert values(layer, [[5.0, 10.0]]) == [[3.0, -1.0]]
    back = layers.Normalization(invert=True)
    back.adapt(data)
    assert values(back, [[3.0, -1.0]]) == [[5.0, 10.0]]
    assert [w.tolist() for w in layer.get_weights()] == [[2.0, 20.0], [1.0, 100.0], 0]
    layer.set_weights([[0.0, 0.0], [4.0, 4.0], 0])
    assert values(layer, [[2.0, 4.0]]) == [[1.0, 2.0]]
    whole = layers.Normalization(axis=None)
    whole.adapt(np.array([[1.0, 3.0]]))
    assert values(whole, [[5.0, 1.0]]) == [[3.0, -1.0]]


def test_normalization_of_float16_adds_up_in_float32() -> None:
    layer = layers.Normalization()
    layer.adapt(np.array([[0.0], [2000.0]] * 2000, "float16"))
    assert [w.tolist() for w in layer.get_weights()[:2]] == [[1000.0], [1e6]]


def test_adapt_takes_the_inputs_of_batches_that_are_lists() -> None:
    x = np.array([[1.0, 10.0], [3.0, 30.0]])
    layer, ranges, words = layers.Normalization(), layers.Discretization(num_bins=2), layers.StringLookup()
    layer.adapt([a, a + 100] for a in (x, x))  # as batches of torch's DataLoader
    assert layer.get_weights()[0].tolist() == [2.0, 20.0]
    assert layer(x).shape == (2, 2)
    ranges.adapt([a, a + 100] for a in (x,))
    assert max(ranges.bin_boundaries or ()) < 30
    words.adapt([np.array(["a", "b"]), np.array(["y", "y"])] for _ in range(2))
    assert words.get_vocabulary() == ["[UNK]", "b", "a"]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (np.ones((2, 5)), ValueError, "incompatible"),
        ([["a", "b"]], ValueError, "numbers"),
        (np.empty((0, 2)), ValueError, "empty"),
        (iter(()), ValueError, "no data"),
        (3, TypeError, "int"),
    ],
)
def test_normalization_refuses_bad_data_and_keeps_its_statistics(data: Any, error: type[Exception], words: str) -> None:
    layer = layers.Normalization()
    layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    before = layer.get_weights()
    with pytest.raises(error, match=words):
        layer.adapt(data)
    assert all(np.array_equal(a, b) for a, b in zip(before, layer.get_weights(), strict=True))


def test_noise_acts_in_training_alone() -> None:
    x = np.ones((200, 50), "float32")
    for layer in (layers.Dropout(0.25, seed=3), layers.GaussianNoise(0.3, seed=3), layers.GaussianDropout(0.2, seed=3)):
        assert layer(x).numpy() is not x
        assert np.array_equal(layer(x), x)
        noisy = layer(x, training=True).numpy()
        assert not np.array_equal(noisy, x)
        assert noisy.mean() == pytest.approx(1.0, abs=0.02)
        assert not np.array_equal(noisy, layer(x, training=True))
    kept = layers.Dropout(0.25, seed=3)(x, training=True).numpy()
    assert sorted(set(kept.ravel().tolist())) == [0.0, pytest.approx(4 / 3)]
    assert layers.Dropout(1.0)(x, training=True).numpy().max() == 0.0


def test_dropout_shares_decisions_along_axes_of_one() -> None:
    y = layers.Dropout(0.5, noise_shape=(None, 1), seed=1)(np.ones((30, 4)), training=True).numpy()
    assert (y == y[:, :1]).all()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=(500, 200)).astype("float32")
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    assert y.mean() == pytest.approx(0.0, abs=0.02)
    assert y.std() == pytest.approx(1.0, abs=0.02)


def test_rescaling_and_lambda() -> None:
    assert values(layers.Rescaling(0.5, offset=1.0), [[2.0, 4.0]]) == [[2.0, 3.0]]
    assert values(layers.Lambda(lambda x, k: x * k, arguments={"k": 3.0}), [[2.0]]) == [[6.0]]
    assert layers.Lambda(lambda x: x).compute_output_shape((None, 2)) == (None, 2)
    flags: list[Any] = []

    def spy(x: Any, training: bool) -> Any:
        flags.append(training)
        return x

    layers.Lambda(spy)(np.ones((1, 1)), training=True)
    assert flags == [True]


def test_geometric_image_layers_turn_integers_into_floats() -> None:
    x = np.arange(32).reshape(2, 4, 4, 1)
    for name in ("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomCrop", "CenterCrop"):
        make, _ = EXAMPLES[name]
        assert make()(x, **{"training": True} if "Random" in name else {}).dtype == "float32"
        assert make(dtype="uint8")(x, **{"training": True} if "Random" in name else {}).dtype == "uint8"
    for name in ("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"):
        assert EXAMPLES[name][0]()(x, training=False).dtype == "float32"


def test_a_dict_of_images_comes_back_as_one() -> None:
    x, labels = np.arange(32.0).reshape(2, 4, 4, 1), np.arange(2)
    for name in ("RandomFlip", "RandomRotation", "RandomCrop", "Resizing", "CenterCrop", "RandomContrast"):
        make, _ = EXAMPLES[name]
        y = make()({"images": x, "labels": labels})
        assert y["labels"] is labels
        assert np.array_equal(y["images"], make()(x))
    inputs = {"images": keras.Input((4, 4, 1)), "labels": keras.Input(())}
    assert layers.Resizing(3, 2)(inputs)["images"].shape == (None, 3, 2, 1)
    for wrong in ({"image": x}, {"images": x, "segmentation_masks": x}):
        with pytest.raises(ValueError, match=r"a dict of 'images' and 'labels'. .* not supported"):
            layers.RandomFlip()(wrong)


def test_a_shift_needs_both_factors() -> None:
    with pytest.raises(ValueError, match="width_factor=None"):
        layers.RandomTranslation(0.1, None)  # type: ignore[arg-type]
    assert layers.RandomZoom(0.1, None).width_factor is None


@pytest.mark.parametrize("name", ["RandomFlip", "RandomBrightness", "RandomCrop", "CenterCrop", "Resizing"])
def test_images_have_three_axes_or_four(name: str) -> None:
    for shape in ((4, 4), (1, 1, 4, 4, 3)):
        with pytest.raises(ValueError, match="ndim"):
            EXAMPLES[name][0]()(np.ones(shape))


def test_the_shape_of_steps_is_told_without_a_run() -> None:
    class Costly(Layer):
        def compute_output_shape(self, input_shape: Any) -> Any:
            return (*input_shape[:-1], 5)

        def call(self, inputs: Any) -> Any:
            raise AssertionError

    assert layers.TimeDistributed(Costly())(keras.Input((10, 128, 3), batch_size=32)).shape == (32, 10, 128, 5)


def test_limits_of_values_are_two_numbers() -> None:
    for wrong in ([1, 2, 3], "ab"):
        with pytest.raises(ValueError, match="value_range"):
            layers.RandomBrightness(0.5, value_range=wrong)  # type: ignore[arg-type]


def test_flags_and_ends_of_ranges_may_be_numbers_of_numpy() -> None:
    low, high = np.array([-0.2, 0.3], "float32")
    flag: Any = np.True_
    limits: Any = (np.int64(0), np.int64(255))
    x = np.ones((2, 4, 4, 1))
    made: list[Layer] = [
        layers.GlobalAveragePooling2D(keepdims=flag),
        layers.GlobalMaxPooling2D(keepdims=flag),
        layers.RandomRotation((low, high)),
        layers.RandomZoom([low, high]),
        layers.RandomContrast((high, 0.4)),
        layers.RandomBrightness(0.1, limits),
    ]
    for layer in made:
        again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
        np.testing.assert_allclose(again(x, training=False), layer(x, training=False))
        assert layer(x, training=True).ndim == 4


def test_an_input_of_a_tensor_has_its_shape() -> None:
    x = keras.KerasTensor((2, 3))
    assert keras.Input(tensor=x, shape=(3,), batch_size=2, dtype="float32") is x
    for wrong in ({"shape": (4,)}, {"batch_size": 3}, {"batch_shape": (None, 3)}, {"dtype": "int32"}):
        with pytest.raises(ValueError, match="must be those of `input_tensor`"):
            keras.Input(tensor=x, **wrong)


@pytest.mark.parametrize("layer", [layers.ReLU, layers.LeakyReLU])
def test_a_slope_that_is_an_integer_of_numpy_leaves_the_dtype(layer: Any) -> None:
    assert layer(negative_slope=np.int64(2))(np.array([-1.0, 2.0], "float32")).dtype == "float32"


def test_a_number_of_numpy_is_the_shape_that_an_int_is() -> None:
    with pytest.raises(ValueError, match="A shape must be a tuple"):
        keras.Input(cast(Any, np.int64(3)))
    assert layers.Layer().add_weight(cast(Any, np.int64(3))).shape == (3,)
    assert keras.random.uniform(cast(Any, np.int64(3))).shape == (3,)
    assert keras.random.uniform(cast(Any, np.array(3))).shape == (3,)
    assert layers.EinsumDense("ab,bc->ac", cast(Any, np.int64(3))).get_config()["output_shape"] == (3,)


@pytest.mark.parametrize(
    ("activation", "slope"), [(layers.LeakyReLU(0.5), 0.5), (layers.ReLU, 0), (layers.PReLU("ones"), 1)]
)
def test_an_activation_may_be_a_layer(activation: Any, slope: float) -> None:
    layer = layers.Activation(activation)
    again = layers.Activation.from_config(layer.get_config())
    for one in (layer, again):
        assert one.built
        assert values(one, [[-1.0]]) == [[-slope]]
        assert len(one.trainable_weights) == (slope == 1)


def test_an_activation_with_a_build_of_its_own_is_built() -> None:
    class Scaled(layers.Activation):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(initializer="ones", name="scale")

        def call(self, inputs: Any) -> Any:
            return self.scale * super().call(inputs)

    layer = Scaled("relu")
    assert not layer.built
    assert values(layer, [-1.0, 2.0]) == [0.0, 2.0]
    assert [w.name for w in layer.weights] == ["scale"]


def test_sizes_may_be_an_array() -> None:
    size: Any = np.array([1, 2])
    for layer in (layers.UpSampling2D(size), layers.Conv2D(1, size), layers.MaxPooling2D(2, size)):
        config = layer.get_config()
        assert (1, 2) in config.values()
        assert type(layer).from_config(config)(np.ones((1, 4, 4, 1))).shape[1:3] in ((4, 8), (4, 3), (3, 2))
    assert layers.PReLU(shared_axes=cast(Any, np.int64(1))).get_config()["shared_axes"] == [1]
    with pytest.raises(ValueError, match="must be an integer or a tuple of 2"):
        layers.Conv2D(1, cast(Any, np.array([1.0, 2.0])))


@pytest.mark.parametrize("shape", [2.0, (2.5,), "3", (-1,)])
def test_what_is_no_shape_is_refused(shape: Any) -> None:
    for function in (keras.Input, keras.KerasTensor, lambda s: keras.Variable("zeros", s)):
        with pytest.raises(ValueError, match="A shape must be a tuple"):
            function(shape)
    assert keras.KerasTensor(cast(Any, np.array([2, 3]))).shape == (2, 3)
    assert all(type(n) is int for n in keras.KerasTensor(cast(Any, np.array([2, 3]))).shape)


def test_a_tensor_may_be_an_argument() -> None:
    layer = layers.Lambda(keras.ops.square, mask=keras.ops.ones((1, 2)))
    config = layer.get_config()
    assert config["mask"] == {"class_name": "__tensor__", "config": {"value": [[1.0, 1.0]], "dtype": "float32"}}


def test_serialized_code_is_never_loaded() -> None:
    config = {"class_name": "__lambda__", "config": {"code": "x", "defaults": None, "closure": None}}
    with pytest.raises(ValueError, match="never run"):
        layers.Lambda.from_config({"function": config, "arguments": {}})
    with pytest.raises(ValueError, match=r"^Unknown object: 'Mine'\. A custom object"):
        keras.saving.deserialize_keras_object({"module": None, "class_name": "Mine", "config": {}})
    with pytest.raises(ValueError, match="Unknown"):
        layers.deserialize({"module": "os", "class_name": "system", "config": {"command": "true"}})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Dense(3, activation="rellu"), "Did you mean 'relu'"),  # type: ignore[arg-type]
        (lambda: layers.Dense(3, kernel_initializer="glorot_unifrom"), "Did you mean 'glorot_uniform'"),  # type: ignore[arg-type]
        (lambda: layers.Dense(3, kernel_regularizer="l3"), "Unknown regularizer: 'l3'"),  # type: ignore[arg-type]
        (lambda: layers.Dense(3)(np.ones(3)), r"'dense'.*min_ndim=2.*\(3,\)"),
        (lambda: layers.Dense(3)(np.array([["a"]])), "numbers"),
        (lambda: layers.Dense(3)(keras.Input((None,))), "last axis.*must be known"),
        (lambda: layers.Reshape((4,))(np.ones((1, 3))), r"\(3,\).*\(4,\)"),
        (lambda: keras.Input((2, -1)), "from 0"),
    ],
)
def test_messages_name_what_was_expected_and_what_came(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_convolution_of_ones_own(data_format: Any) -> None:
    class Doubled(layers.Conv2D):
        def convolution_op(self, inputs: Tensor, kernel: Any) -> Tensor:
            return super().convolution_op(inputs, 2 * kernel)

    class ByHand(layers.Conv2D):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.rank = 2  # as many set it

        def call(self, inputs: Tensor) -> Tensor:
            return self.convolution_op(inputs, self.kernel)

    x = np.random.default_rng(0).normal(size=(2, 5, 5, 5))
    options: dict[str, Any] = {"data_format": data_format, "kernel_initializer": "ones", "padding": "same"}
    plain = layers.Conv2D(3, 2, **options)(x)
    np.testing.assert_allclose(Doubled(3, 2, **options)(x), 2 * plain, rtol=1e-5)
    np.testing.assert_allclose(ByHand(3, 2, **options)(x), plain, rtol=1e-6)
    assert (ByHand(3, 2).rank, layers.DepthwiseConv1D(2).rank) == (2, 1)


def test_a_convolution_takes_integers() -> None:
    found = layers.Conv2D(1, 3, kernel_initializer="ones")(np.ones((1, 4, 3, 1), "int32"))
    assert (found.dtype, found.numpy().ravel().tolist()) == ("float32", [9, 9])


def test_a_scale_for_each_channel_where_channels_come_first() -> None:
    keras.config.set_image_data_format("channels_first")
    try:
        found = layers.Rescaling([1.0, 2.0, 3.0])(np.ones((1, 3, 2, 2)))
    finally:
        keras.config.set_image_data_format("channels_last")
    assert found.numpy()[0, :, 0, 1].tolist() == [1, 2, 3]


def test_statistics_of_batches_are_those_of_all_rows() -> None:
    layer = layers.Normalization()
    layer.adapt([np.array([[0.0], [2.0]]), np.array([[4.0], [6.0], [8.0], [10.0]])])
    assert layer.mean is not None
    assert layer.variance is not None
    assert layer.mean.tolist() == [[5]]
    np.testing.assert_allclose(layer.variance, [[35 / 3]], rtol=1e-6)


def test_numbers_are_compared_with_the_number_of_categories_in_calls_with_values() -> None:
    layer = layers.CategoryEncoding(3)
    assert layer(keras.Input((1,), dtype="int32") + 5).shape == (None, 3)
    with pytest.raises(ValueError, match="num_tokens=3"):
        layer(np.array([[3]]))


def test_a_lambda_may_make_a_mask() -> None:
    words = layers.Embedding(3, 1, mask_zero=True)(np.array([[1, 0]]))
    layer = layers.Lambda(lambda x: x * 1, mask=lambda inputs, mask: ops.logical_not(mask))
    assert layer(words)._keras_mask.tolist() == [[False, True]]
    fixed: Any = np.array([[True, True]])
    assert layers.Lambda(lambda x: x * 1, mask=fixed).compute_mask(words) is fixed


def test_crops_of_images_that_are_too_small_and_of_others() -> None:
    x = np.arange(8.0).reshape(1, 2, 4, 1)
    assert layers.CenterCrop(1, 2)(x)[0, ..., 0].tolist() == [[1, 2]]
    assert layers.CenterCrop(4, 2)(x)[0, ..., 0].numpy()[:, 0].tolist() == [1, 2, 4, 5]
    assert layers.RandomCrop(3, 3)(x, training=True)[0, ..., 0].tolist() == [[1, 2, 3], [3, 4, 5], [5, 6, 7]]
    crop = layers.RandomCrop(1, 2, seed=1)
    assert crop(x, training=False).tolist() == x.tolist()
    assert {crop(x)[0, 0, 0, 0].numpy().item() for _ in range(60)} == {0, 1, 2, 4, 5, 6}


def test_a_zoom_keeps_the_aspect_ratio_unless_it_has_two_factors() -> None:
    x = np.random.default_rng(0).random((8, 8, 1))
    x = (x + x.transpose(1, 0, 2))[None]
    zoom = layers.RandomZoom((-0.5, -0.2), seed=1)
    for _ in range(3):
        y = zoom(x, training=True).numpy()
        assert abs(x - y).max() > 0.1
        np.testing.assert_allclose(y, y.transpose(0, 2, 1, 3), atol=1e-5)
    rows = np.tile(np.arange(8.0)[:, None, None], (1, 1, 8, 1))
    y = layers.RandomZoom(0.0, (0.3, 0.5), seed=1)(rows, training=True)
    np.testing.assert_allclose(y, rows, atol=1e-5)


PARTS = {
    "kernel bias": "Dense EinsumDense Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose "
                   "DepthwiseConv1D DepthwiseConv2D",
    "depthwise_kernel pointwise_kernel bias": "SeparableConv1D SeparableConv2D",
    "kernel recurrent_kernel bias": "GRU LSTM SimpleRNN ConvLSTM1D ConvLSTM2D ConvLSTM3D",
    "gamma beta moving_mean moving_variance": "BatchNormalization",
    "gamma beta": "GroupNormalization LayerNormalization",
    "scale": "RMSNormalization AdditiveAttention",
    "scale concat_score_weight": "Attention",
    "embeddings": "Embedding ReversibleEmbedding",
    "alpha": "PReLU",
}  # fmt: skip
"""Names of weights -> layers that have them."""


def test_weights_have_the_names_that_files_and_scripts_look_for() -> None:
    found = {}
    for name in set(EXAMPLES) - {"Bidirectional", "RNN", "SpectralNormalization"}:  # with layers in them
        make, shape = EXAMPLES[name]
        layer = make()
        layer(sample(name, shape))
        if layer.weights:
            found[name] = " ".join(w.name for w in layer.weights)
    assert found == {name: weights for weights, names in PARTS.items() for name in names.split()}
