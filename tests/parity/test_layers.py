"""Every layer beside Keras's own: values, weights, configurations, signatures, error classes."""

import inspect
import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import minikeras
from tests.parity.errors import assert_same_error

Make = Callable[[Any], Any]
"""Takes the `keras` or the `minikeras` module and returns a layer."""

LAYERS: dict[str, Make] = {
    "dense": lambda k: k.layers.Dense(3),
    "dense_full": lambda k: k.layers.Dense(
        4,
        "tanh",
        kernel_initializer=k.initializers.HeNormal(seed=3),
        bias_initializer=k.initializers.RandomUniform(-1, 1, seed=5),
        kernel_regularizer="l2",
        bias_regularizer=k.regularizers.L1(0.1),
        activity_regularizer="l1",
        kernel_constraint="max_norm",
        bias_constraint=k.constraints.NonNeg(),
        name="mine",
    ),
    "spectral_normalization": lambda k: k.layers.SpectralNormalization(
        k.layers.Dense(4, kernel_initializer=k.initializers.HeNormal(seed=3)), power_iterations=2
    ),
    "dense_no_bias": lambda k: k.layers.Dense(2, use_bias=False, activation="relu"),
    "activation": lambda k: k.layers.Activation("softmax"),
    "normalization": lambda k: k.layers.Normalization(mean=2.0, variance=9.0),
    "normalization_invert": lambda k: k.layers.Normalization(mean=2.0, variance=9.0, invert=True),
    "normalization_unadapted": lambda k: k.layers.Normalization(),
    "rescaling": lambda k: k.layers.Rescaling(1 / 255, offset=-1.0),
    "flatten": lambda k: k.layers.Flatten(),
    "flatten_first": lambda k: k.layers.Flatten(data_format="channels_first"),
    "reshape": lambda k: k.layers.Reshape((-1, 2)),
    "dropout": lambda k: k.layers.Dropout(0.4, seed=7),
    "gaussian_noise": lambda k: k.layers.GaussianNoise(0.3, seed=7),
    "gaussian_dropout": lambda k: k.layers.GaussianDropout(0.3, seed=7),
    "alpha_dropout": lambda k: k.layers.AlphaDropout(0.3, seed=7),
    "activity_regularization": lambda k: k.layers.ActivityRegularization(0.1, 0.2),
    "relu": lambda k: k.layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.5),
    "leaky_relu": lambda k: k.layers.LeakyReLU(),
    "prelu": lambda k: k.layers.PReLU(k.initializers.RandomNormal(seed=2)),
    "elu": lambda k: k.layers.ELU(0.7),
    "softmax": lambda k: k.layers.Softmax(),
    "softmax_axes": lambda k: k.layers.Softmax(axis=(0, 1)),
    "identity": lambda k: k.layers.Identity(),
    "batch_normalization": lambda k: k.layers.BatchNormalization(),
    "batch_normalization_full": lambda k: k.layers.BatchNormalization(
        axis=1,
        momentum=0.7,
        epsilon=0.1,
        beta_initializer=k.initializers.RandomNormal(seed=1),
        gamma_initializer=k.initializers.RandomNormal(seed=2),
        moving_mean_initializer=k.initializers.RandomNormal(seed=3),
        moving_variance_initializer=k.initializers.RandomUniform(1, 2, seed=4),
        beta_regularizer="l1",
        gamma_regularizer="l2",
        beta_constraint="non_neg",
        gamma_constraint="unit_norm",
        activity_regularizer="l2",
        name="mine",
    ),
    "batch_normalization_bare": lambda k: k.layers.BatchNormalization(center=False, scale=False),
    "batch_normalization_frozen": lambda k: k.layers.BatchNormalization(trainable=False),
    "layer_normalization": lambda k: k.layers.LayerNormalization(),
    "layer_normalization_full": lambda k: k.layers.LayerNormalization(
        axis=1,
        epsilon=0.1,
        beta_initializer=k.initializers.RandomNormal(seed=1),
        gamma_initializer=k.initializers.RandomNormal(seed=2),
        beta_regularizer="l1",
        gamma_regularizer="l2",
        beta_constraint="non_neg",
        gamma_constraint="unit_norm",
    ),
    "layer_normalization_no_gamma": lambda k: k.layers.LayerNormalization(axis=-1, scale=False),
    "group_normalization": lambda k: k.layers.GroupNormalization(
        groups=2,
        beta_initializer=k.initializers.RandomNormal(seed=1),
        gamma_initializer=k.initializers.RandomNormal(seed=2),
        gamma_regularizer="l2",
    ),
    "group_normalization_each": lambda k: k.layers.GroupNormalization(-1, axis=1, center=False, scale=False),
    "rms_normalization": lambda k: k.layers.RMSNormalization(epsilon=0.1),
    "unit_normalization": lambda k: k.layers.UnitNormalization(),
    "embedding": lambda k: k.layers.Embedding(20, 3),
    "embedding_full": lambda k: k.layers.Embedding(
        20, 3, "normal", embeddings_regularizer="l2", embeddings_constraint="max_norm", mask_zero=True, name="mine"
    ),
    "reversible": lambda k: k.layers.ReversibleEmbedding(20, 3, mask_zero=True),
    "reversible_full": lambda k: k.layers.ReversibleEmbedding(
        20, 3, False, "normal", embeddings_regularizer="l2", reverse_dtype="float16", logit_soft_cap=2.0
    ),
    "masking": lambda k: k.layers.Masking(0.5),
    "einsum_dense_right": lambda k: k.layers.EinsumDense("ab...,bc->ac...", 3, bias_axes="c"),
}
BY_RANK: dict[str, tuple[Make, int]] = {
    "dropout_noise_shape": (lambda k: k.layers.Dropout(0.4, noise_shape=(None, 1), seed=7), 2),
    "permute": (lambda k: k.layers.Permute((2, 1)), 3),
    "repeat_vector": (lambda k: k.layers.RepeatVector(3), 2),
    "prelu_shared": (lambda k: k.layers.PReLU("ones", shared_axes=[1, 2]), 4),
    "normalization_axes": (
        lambda k: k.layers.Normalization(axis=(1, 2), mean=[[0.0] * 4] * 3, variance=[[4.0] * 4] * 3),
        3,
    ),
    "layer_normalization_axes": (
        lambda k: k.layers.LayerNormalization(
            axis=(-1, 1), center=False, gamma_initializer=k.initializers.RandomNormal(seed=2)
        ),
        3,
    ),
    "einsum_dense_left": (
        lambda k: k.layers.EinsumDense(
            "...x,xy->...y",
            3,
            "tanh",
            "y",
            k.initializers.HeNormal(seed=3),
            k.initializers.RandomUniform(-1, 1, seed=5),
            kernel_regularizer="l2",
            bias_regularizer="l1",
            activity_regularizer="l2",
            kernel_constraint="max_norm",
            bias_constraint="non_neg",
        ),
        3,
    ),
    "layer_normalization_middle": (
        lambda k: k.layers.LayerNormalization(axis=[1, 2], beta_initializer=k.initializers.RandomNormal(seed=1)),
        4,
    ),
    "group_normalization_first": (
        lambda k: k.layers.GroupNormalization(3, axis=1, gamma_initializer=k.initializers.RandomNormal(seed=2)),
        4,
    ),
    "group_normalization_middle": (
        lambda k: k.layers.GroupNormalization(1, axis=-2, beta_initializer=k.initializers.RandomNormal(seed=2)),
        4,
    ),
    "unit_normalization_axes": (lambda k: k.layers.UnitNormalization(axis=(1, 2)), 3),
    "einsum_dense": (lambda k: k.layers.EinsumDense("ab,bc->ac", 3), 2),
    "einsum_dense_kept": (
        lambda k: k.layers.EinsumDense(
            "abc,cde->abde", (None, 2, 3), bias_axes="de", bias_initializer=k.initializers.RandomNormal(seed=2)
        ),
        3,
    ),
    "einsum_dense_shared": (lambda k: k.layers.EinsumDense("abc,bcd->acd", (4, 2), bias_axes="d"), 3),
    "time_distributed": (lambda k: k.layers.TimeDistributed(k.layers.Dense(2)), 3),
    "time_distributed_4d": (lambda k: k.layers.TimeDistributed(k.layers.Flatten()), 4),
    "time_distributed_draws": (lambda k: k.layers.TimeDistributed(k.layers.Dropout(0.5, seed=3)), 3),
    "time_distributed_normalizes": (lambda k: k.layers.TimeDistributed(k.layers.BatchNormalization()), 3),
}
SERIES, IMAGES, FIRST, VOLUMES = (2, 9, 4), (2, 7, 6, 4), (2, 4, 7, 6), (2, 5, 6, 4, 2)
OF_IMAGES: dict[str, tuple[Make, tuple[int, ...]]] = {
    "conv1d": (lambda k: k.layers.Conv1D(3, 2), SERIES),
    "conv1d_causal": (lambda k: k.layers.Conv1D(3, 3, padding="causal", dilation_rate=2), SERIES),
    "conv1d_causal_strides": (lambda k: k.layers.Conv1D(3, 3, 2, "causal", "channels_first"), (2, 4, 9)),
    "conv1d_groups": (lambda k: k.layers.Conv1D(6, 3, 2, "same", groups=2), SERIES),
    "conv1d_point": (lambda k: k.layers.Conv1D(3, 1, activation="softmax"), SERIES),
    "conv2d": (lambda k: k.layers.Conv2D(5, 3), IMAGES),
    "conv2d_same": (lambda k: k.layers.Conv2D(5, (2, 3), padding="SAME", activation="relu"), IMAGES),
    "conv2d_strides": (lambda k: k.layers.Conv2D(5, 3, (2, 3)), IMAGES),
    "conv2d_same_strides": (lambda k: k.layers.Conv2D(5, (3, 2), [3, 2], "same", use_bias=False), IMAGES),
    "conv2d_dilation": (lambda k: k.layers.Conv2D(5, 3, dilation_rate=(2, 1)), IMAGES),
    "conv2d_same_dilation": (lambda k: k.layers.Conv2D(5, 3, padding="same", dilation_rate=2), IMAGES),
    "conv2d_groups": (lambda k: k.layers.Conv2D(8, 3, groups=4, padding="same"), IMAGES),
    "conv2d_one_channel": (lambda k: k.layers.Conv2D(3, (3, 2), 2), (2, 7, 6, 1)),
    "conv2d_many_channels": (lambda k: k.layers.Conv2D(2, 3), (2, 5, 4, 40)),
    "conv2d_first": (lambda k: k.layers.Conv2D(5, 3, data_format="channels_first", activation="softmax"), FIRST),
    "conv2d_first_groups": (lambda k: k.layers.Conv2D(4, 3, 2, "same", "channels_first", groups=2), FIRST),
    "conv2d_full": (
        lambda k: k.layers.Conv2D(
            4,
            3,
            kernel_initializer=k.initializers.HeNormal(seed=3),
            bias_initializer=k.initializers.RandomUniform(-1, 1, seed=5),
            kernel_regularizer="l2",
            bias_regularizer=k.regularizers.L1(0.1),
            activity_regularizer="l1",
            kernel_constraint="max_norm",
            bias_constraint="non_neg",
            name="mine",
        ),
        IMAGES,
    ),
    "conv1d_transpose": (lambda k: k.layers.Conv1DTranspose(3, 2, 3), SERIES),
    "conv2d_transpose": (lambda k: k.layers.Conv2DTranspose(3, 3), IMAGES),
    "conv2d_transpose_same": (lambda k: k.layers.Conv2DTranspose(3, (3, 2), (2, 3), "same"), IMAGES),
    "conv2d_transpose_more": (lambda k: k.layers.Conv2DTranspose(3, 3, 2, output_padding=(1, 0)), IMAGES),
    "conv2d_transpose_dilation": (lambda k: k.layers.Conv2DTranspose(3, 3, dilation_rate=2), IMAGES),
    "conv2d_transpose_first": (
        lambda k: k.layers.Conv2DTranspose(
            3, 3, 2, "same", 1, "channels_first", bias_initializer=k.initializers.RandomUniform(-1, 1, seed=5)
        ),
        FIRST,
    ),
    "depthwise_conv1d": (lambda k: k.layers.DepthwiseConv1D(3, 2, "same", 2), SERIES),
    "depthwise_conv2d": (lambda k: k.layers.DepthwiseConv2D(3, depth_multiplier=2, dilation_rate=2), IMAGES),
    "depthwise_conv2d_first": (
        lambda k: k.layers.DepthwiseConv2D(
            3,
            2,
            data_format="channels_first",
            depthwise_initializer="he_normal",
            depthwise_regularizer="l2",
            bias_initializer="ones",
            bias_regularizer="l1",
            depthwise_constraint="unit_norm",
        ),
        FIRST,
    ),
    "separable_conv1d": (lambda k: k.layers.SeparableConv1D(3, 3, padding="same"), SERIES),
    "separable_conv2d": (lambda k: k.layers.SeparableConv2D(3, 3, 2, depth_multiplier=2), IMAGES),
    "separable_conv2d_first": (
        lambda k: k.layers.SeparableConv2D(
            3,
            (2, 3),
            data_format="channels_first",
            pointwise_initializer="he_normal",
            depthwise_regularizer="l2",
            pointwise_regularizer="l1",
            bias_initializer="ones",
        ),
        FIRST,
    ),
    "max_pooling1d": (lambda k: k.layers.MaxPooling1D(3, 2), SERIES),
    "max_pooling1d_same": (lambda k: k.layers.MaxPooling1D(3, 1, "same"), SERIES),
    "max_pooling2d": (lambda k: k.layers.MaxPooling2D(), IMAGES),
    "max_pooling2d_same": (lambda k: k.layers.MaxPooling2D((3, 2), (2, 3), "same", name="mine"), IMAGES),
    "max_pooling2d_first": (lambda k: k.layers.MaxPooling2D(2, data_format="channels_first"), FIRST),
    "average_pooling1d": (lambda k: k.layers.AveragePooling1D(2, 3), SERIES),
    "average_pooling2d": (lambda k: k.layers.AveragePooling2D((2, 3)), IMAGES),
    "average_pooling2d_same": (lambda k: k.layers.AveragePooling2D(3, 2, "same"), IMAGES),
    "average_pooling2d_first": (lambda k: k.layers.AveragePooling2D(2, 1, "same", "channels_first"), FIRST),
    "global_max_pooling1d": (lambda k: k.layers.GlobalMaxPooling1D(), SERIES),
    "global_max_pooling2d": (lambda k: k.layers.GlobalMaxPooling2D(keepdims=True), IMAGES),
    "global_max_pooling2d_first": (lambda k: k.layers.GlobalMaxPooling2D("channels_first"), FIRST),
    "global_average_pooling1d": (lambda k: k.layers.GlobalAveragePooling1D("channels_first", True), SERIES),
    "global_average_pooling2d": (lambda k: k.layers.GlobalAveragePooling2D(), IMAGES),
    "global_average_pooling2d_first": (lambda k: k.layers.GlobalAveragePooling2D("channels_first", True), FIRST),
    "zero_padding1d": (lambda k: k.layers.ZeroPadding1D((2, 1)), SERIES),
    "zero_padding1d_first": (lambda k: k.layers.ZeroPadding1D(data_format="channels_first"), SERIES),
    "zero_padding2d": (lambda k: k.layers.ZeroPadding2D(((1, 0), (2, 3))), IMAGES),
    "zero_padding2d_first": (lambda k: k.layers.ZeroPadding2D((1, 2), "channels_first"), FIRST),
    "cropping1d": (lambda k: k.layers.Cropping1D(), SERIES),
    "cropping1d_one_side": (lambda k: k.layers.Cropping1D((2, 0)), SERIES),
    "cropping2d": (lambda k: k.layers.Cropping2D(((1, 0), (2, 3))), IMAGES),
    "cropping2d_first": (lambda k: k.layers.Cropping2D(1, "channels_first"), FIRST),
    "up_sampling1d": (lambda k: k.layers.UpSampling1D(3), SERIES),
    "up_sampling2d": (lambda k: k.layers.UpSampling2D((2, 3)), IMAGES),
    "up_sampling2d_first": (lambda k: k.layers.UpSampling2D(data_format="channels_first"), FIRST),
    "up_sampling2d_bilinear": (lambda k: k.layers.UpSampling2D((2, 3), interpolation="bilinear"), IMAGES),
    "up_sampling2d_bicubic": (lambda k: k.layers.UpSampling2D(2, "channels_first", "bicubic"), FIRST),
    "up_sampling2d_lanczos3": (lambda k: k.layers.UpSampling2D((1, 2), interpolation="lanczos3"), IMAGES),
    "up_sampling2d_lanczos5": (lambda k: k.layers.UpSampling2D(3, interpolation="lanczos5"), IMAGES),
    "conv3d": (lambda k: k.layers.Conv3D(3, (2, 3, 1), padding="same", activation="relu"), VOLUMES),
    "conv3d_first": (lambda k: k.layers.Conv3D(4, 2, 2, data_format="channels_first", groups=2), (2, 4, 5, 6, 3)),
    "conv3d_transpose": (lambda k: k.layers.Conv3DTranspose(3, 2, 2, "same"), VOLUMES),
    "conv3d_transpose_order": (lambda k: k.layers.Conv3DTranspose(3, 2, 2, "valid", "channels_last", 1), VOLUMES),
    "max_pooling3d": (lambda k: k.layers.MaxPooling3D(), VOLUMES),
    "average_pooling3d": (lambda k: k.layers.AveragePooling3D(2, (1, 2, 2), "same"), VOLUMES),
    "global_max_pooling3d": (lambda k: k.layers.GlobalMaxPooling3D("channels_first"), VOLUMES),
    "global_average_pooling3d": (lambda k: k.layers.GlobalAveragePooling3D(keepdims=True), VOLUMES),
    "adaptive_average_pooling1d": (lambda k: k.layers.AdaptiveAveragePooling1D(4), SERIES),
    "adaptive_average_pooling2d": (lambda k: k.layers.AdaptiveAveragePooling2D((3, 4)), IMAGES),
    "adaptive_average_pooling3d": (lambda k: k.layers.AdaptiveAveragePooling3D(2), VOLUMES),
    "adaptive_max_pooling1d": (lambda k: k.layers.AdaptiveMaxPooling1D(4, "channels_first"), SERIES),
    "adaptive_max_pooling2d": (lambda k: k.layers.AdaptiveMaxPooling2D(3, "channels_first"), FIRST),
    "adaptive_max_pooling3d": (lambda k: k.layers.AdaptiveMaxPooling3D((2, 3, 4)), VOLUMES),
    "zero_padding3d": (lambda k: k.layers.ZeroPadding3D(((1, 0), (2, 3), (0, 1))), VOLUMES),
    "zero_padding3d_first": (lambda k: k.layers.ZeroPadding3D((1, 2, 0), "channels_first"), VOLUMES),
    "cropping3d": (lambda k: k.layers.Cropping3D(), VOLUMES),
    "cropping3d_first": (lambda k: k.layers.Cropping3D(((1, 0), (0, 1), (0, 0)), "channels_first"), VOLUMES),
    "up_sampling3d": (lambda k: k.layers.UpSampling3D((2, 1, 3)), VOLUMES),
    "spatial_dropout1d": (lambda k: k.layers.SpatialDropout1D(0.4, seed=7), SERIES),
    "spatial_dropout2d": (lambda k: k.layers.SpatialDropout2D(0.4, "channels_first", 7), IMAGES),
    "spatial_dropout3d": (lambda k: k.layers.SpatialDropout3D(0.4, seed=7, name="mine"), VOLUMES),
}
SHAPES = {2: (5, 4), 3: (5, 3, 4), 4: (2, 3, 2, 4)}
CASES = [
    *((name, make, SHAPES[rank]) for name, make in LAYERS.items() for rank in SHAPES),
    *((name, make, SHAPES[rank]) for name, (make, rank) in BY_RANK.items()),
    *((name, make, shape) for name, (make, shape) in OF_IMAGES.items()),
]
ALL: dict[str, Make] = {**LAYERS, **{name: make for name, (make, _) in (BY_RANK | OF_IMAGES).items()}}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "make", "shape"), CASES, ids=[f"{n}-{len(shape)}d" for n, _, shape in CASES])
@pytest.mark.filterwarnings("ignore:Embedding")  # of numbers that are not whole
def test_values(name: str, make: Make, shape: tuple[int, ...], dtype: str) -> None:
    rng = np.random.default_rng(1)
    x = (3 * rng.normal(size=shape)).astype(dtype)
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)  # Keras keeps its first policy otherwise
    minikeras.config.set_floatx(dtype)
    minikeras.utils.set_random_seed(3)
    ours = make(minikeras)
    got = [ours(x).numpy(), ours(x, training=True).numpy() if "training" in ours._takes else None]
    keras.utils.set_random_seed(3)
    theirs = make(keras)
    assert make(minikeras).built == theirs.built
    wanted = [theirs(x), theirs(x, training=True) if "training" in ours._takes else None]
    for a, b in zip(got, wanted, strict=True):
        if b is None:
            continue
        assert a is not None
        b = np.asarray(b)
        assert a.dtype == dtype
        assert b.dtype in (dtype, "float32")  # Keras's NumPy backend drops many a float64 to float32
        assert a.shape == b.shape
        single = b.dtype == np.float32 or np.array_equal(b, b.astype("float32")) or "normaliz" in name
        tolerance = 1e-12 if not single else 1e-5 if name in OF_IMAGES else 1e-6
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    for v, w in zip(ours.weights, theirs.weights, strict=True):
        value = v.numpy().astype(w.numpy().dtype)
        assert np.array_equal(value, w.numpy()) or "moving" in v.name or name == "spectral_normalization"
        np.testing.assert_allclose(value, w.numpy(), rtol=1e-6, atol=1e-7)
        assert (v.name, v.path, v.dtype, v.trainable) == (w.name, w.path, w.dtype, w.trainable)
    losses = [float(loss) for loss in ours.losses], [float(loss) for loss in theirs.losses]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    np.testing.assert_equal(ours.compute_output_shape(x.shape), tuple(theirs.compute_output_shape(x.shape)))
    assert (ours.built, ours.get_build_config()) == (theirs.built, theirs.get_build_config())


@pytest.mark.parametrize("name", ["dropout", "dropout_noise_shape", "gaussian_noise", "gaussian_dropout"])
def test_noise_is_bit_for_bit(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(40, 30)).astype("float32")
    ours, theirs = ALL[name](minikeras), ALL[name](keras)
    for _ in range(3):
        assert np.array_equal(ours(x, training=True).numpy(), theirs(x, training=True))


def test_unseeded_layers_draw_as_keras_does() -> None:
    x = np.ones((20, 30), "float32")

    def run(k: Any) -> list[Any]:
        k.utils.set_random_seed(11)
        layers = [
            k.layers.Dense(4),
            k.layers.Dropout(0.5),
            k.layers.Dense(3, kernel_initializer="orthogonal"),
        ]
        return [
            np.asarray(layers[1](x, training=True)),
            *[w for a in layers for w in (a(x), a.get_weights())[1]],
        ]

    for a, b in zip(run(minikeras), run(keras), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("name", ALL)
def test_configurations(name: str) -> None:
    ours, theirs = ALL[name](minikeras), ALL[name](keras)
    config = theirs.get_config()
    assert ours.get_config() == config
    assert ours.supports_masking == theirs.supports_masking
    assert json.loads(json.dumps(minikeras.layers.serialize(ours))) == json.loads(
        json.dumps(keras.layers.serialize(theirs))
    )
    again = type(ours).from_config(config)
    assert again.get_config() == config
    there = type(theirs).from_config(ours.get_config())
    assert there.get_config() == config
    assert minikeras.layers.deserialize(keras.layers.serialize(theirs)).get_config() == config


SIGNATURE_EXCEPTIONS = {
    "Dense": "no LoRA and no quantization: lora_rank, lora_alpha, quantization_config are left out",
    "EinsumDense": "the same, and gptq_unpacked_column_size",
    "Embedding": "the same as Dense; input_length is in **options, as in Keras",
    "InputLayer": "the old spellings in **kwargs are arguments of their own",
}


EACH = ("strides", "dilation_rate", "pool_size", "padding", "cropping", "size")
"""Arguments whose default Keras writes as (1, 1), say, where a 1D layer has 1, which means the same."""
LEFT_OUT = ("lora_rank", "lora_alpha", "quantization_config", "gptq_unpacked_column_size")


def one(default: Any) -> Any:
    return one(default[0]) if isinstance(default, tuple) else default


def parameters(cls: Any) -> list[tuple[str, Any, Any]]:
    return [
        (p.name, one(p.default) if p.name in EACH else p.default, p.kind)
        for p in inspect.signature(cls.__init__).parameters.values()
        if p.kind is not p.VAR_KEYWORD and p.name not in ("self", *LEFT_OUT)
    ]


@pytest.mark.parametrize("name", [n for n in minikeras.layers.__all__ if n[0].isupper()])
def test_signatures(name: str) -> None:
    ours, theirs = getattr(minikeras.layers, name), getattr(keras.layers, name)
    if name == "Input":
        assert [(p.name, p.default) for p in inspect.signature(ours).parameters.values()] == [
            (p.name, p.default) for p in inspect.signature(theirs).parameters.values()
        ]
        return
    got, wanted = parameters(ours), parameters(theirs)
    if name == "InputLayer":  # Keras's order has name last as well, after optional
        old = ("input_shape", "batch_input_shape")  # which Keras takes in its **kwargs
        assert sorted((p for p in got if p[0] not in old), key=str) == sorted(wanted, key=str)
        return
    if name in ("Conv3DTranspose", "Convolution3DTranspose"):  # which has its arguments in another order than in 2D
        got, wanted = got[:6], wanted[:6]
    assert got == wanted


WRONG: dict[str, Callable[[Any], Any]] = {
    "units_0": lambda k: k.layers.Dense(0),
    "units_negative": lambda k: k.layers.Dense(-1),
    "units_float": lambda k: k.layers.Dense(2.5),
    "units_string": lambda k: k.layers.Dense("3"),
    "activation": lambda k: k.layers.Dense(3, activation="rellu"),
    "initializer": lambda k: k.layers.Dense(3, kernel_initializer="glorot"),
    "regularizer": lambda k: k.layers.Dense(3, kernel_regularizer="l3"),
    "constraint": lambda k: k.layers.Dense(3, kernel_constraint="max"),
    "keyword": lambda k: k.layers.Dense(3, unit=3),
    "missing": lambda k: k.layers.Dense(),
    "name": lambda k: k.layers.Dense(3, name="a/b"),
    "trainable": lambda k: k.layers.Dense(3, trainable="yes"),
    "dtype": lambda k: k.layers.Dense(3, dtype="float33"),
    "rank": lambda k: k.layers.Dense(3)(np.ones(3)),
    "axis": lambda k: built(k)(np.ones((2, 5))),
    "unknown_axis": lambda k: k.layers.Dense(3)(k.Input((None,))),
    "count": lambda k: k.layers.Dense(3).count_params(),
    "few_weights": lambda k: built(k).set_weights([np.ones((4, 3))]),
    "shape_weights": lambda k: built(k).set_weights([np.ones((4, 3)), np.ones(4)]),
    "dropout": lambda k: k.layers.Dropout(1.5),
    "noise_shape": lambda k: k.layers.Dropout(0.5, noise_shape="ab"),
    "relu": lambda k: k.layers.ReLU(max_value=-1),
    "slope": lambda k: k.layers.LeakyReLU(-0.1),
    "repeat": lambda k: k.layers.RepeatVector(1.5),
    "repeat_0": lambda k: k.layers.RepeatVector(0),
    "repeat_rank": lambda k: k.layers.RepeatVector(2)(np.ones((1, 2, 3))),
    "permute": lambda k: k.layers.Permute((0, 1)),
    "permute_rank": lambda k: k.layers.Permute((2, 1))(np.ones((1, 2))),
    "reshape": lambda k: k.layers.Reshape((5,))(np.ones((1, 4))),
    "reshape_two": lambda k: k.layers.Reshape((-1, -1)),
    "normalization": lambda k: k.layers.Normalization(mean=1.0),
    "normalization_shapes": lambda k: k.layers.Normalization(mean=[1.0], variance=[1.0, 2.0]),
    "input": lambda k: k.Input(),
    "input_number": lambda k: k.Input(3),
    "input_both": lambda k: k.Input((3,), batch_shape=(None, 3)),
    "filters_0": lambda k: k.layers.Conv2D(0, 3),
    "filters_negative": lambda k: k.layers.Conv1D(-2, 3),
    "transpose_filters": lambda k: k.layers.Conv2DTranspose(0, 3),
    "depth_multiplier": lambda k: k.layers.DepthwiseConv2D(3, depth_multiplier=0),
    "kernel_0": lambda k: k.layers.Conv2D(2, 0),
    "kernel_tuple": lambda k: k.layers.Conv2D(2, (3, 3, 3)),
    "kernel_none": lambda k: k.layers.Conv2D(2, None),
    "strides_tuple": lambda k: k.layers.Conv2D(2, 3, (1, 2, 3)),
    "strides_negative": lambda k: k.layers.Conv1D(2, 3, -1),
    "dilation_tuple": lambda k: k.layers.Conv2D(2, 3, dilation_rate=(1,)),
    "dilation_0": lambda k: k.layers.Conv2D(2, 3, dilation_rate=0),
    "strides_and_dilation": lambda k: k.layers.Conv2D(2, 3, 2, dilation_rate=2),
    "transpose_strides_and_dilation": lambda k: k.layers.Conv1DTranspose(2, 3, 2, dilation_rate=2),
    "padding": lambda k: k.layers.Conv2D(2, 3, padding="full"),
    "padding_causal": lambda k: k.layers.Conv2D(2, 3, padding="causal"),
    "data_format": lambda k: k.layers.Conv2D(2, 3, data_format="last"),
    "groups_0": lambda k: k.layers.Conv2D(2, 3, groups=0),
    "groups_filters": lambda k: k.layers.Conv2D(3, 3, groups=2),
    "groups_channels": lambda k: k.layers.Conv2D(4, 3, groups=2)(np.ones((1, 5, 5, 3))),
    "output_padding": lambda k: k.layers.Conv2DTranspose(2, 3, 2, output_padding=2),
    "conv_rank": lambda k: k.layers.Conv2D(2, 3)(np.ones((1, 5, 3))),
    "conv_rank_more": lambda k: k.layers.Conv1D(2, 3)(np.ones((1, 5, 5, 3))),
    "conv_channels": lambda k: k.Sequential([k.Input((5, 5, 3)), k.layers.Conv2D(2, 3)]).layers[0](
        np.ones((1, 5, 5, 2))
    ),
    "conv_size": lambda k: k.layers.Conv2D(2, 6)(np.ones((1, 5, 7, 3))),
    "conv_symbolic_size": lambda k: k.layers.SeparableConv1D(2, 3)(k.Input((2, 1))),
    "pool_tuple": lambda k: k.layers.MaxPooling2D((2, 2, 2)),
    "pool_0": lambda k: k.layers.AveragePooling1D(0),
    "pool_strides": lambda k: k.layers.MaxPooling2D(2, (1,)),
    "pool_padding": lambda k: k.layers.MaxPooling1D(2, padding="full")(np.ones((1, 5, 2))),
    "pool_rank": lambda k: k.layers.MaxPooling2D()(np.ones((1, 4, 4))),
    "pool_size": lambda k: k.layers.MaxPooling2D(5).compute_output_shape((1, 4, 6, 3)),
    "average_missing": lambda k: k.layers.AveragePooling2D(),
    "global_rank": lambda k: k.layers.GlobalMaxPooling2D()(np.ones((1, 4, 4))),
    "zero_padding": lambda k: k.layers.ZeroPadding2D((1, 2, 3)),
    "zero_padding_negative": lambda k: k.layers.ZeroPadding1D(-1),
    "zero_padding_none": lambda k: k.layers.ZeroPadding2D(None),
    "cropping": lambda k: k.layers.Cropping2D(((1, 2, 3), (1, 1))),
    "cropping_negative": lambda k: k.layers.Cropping2D(-1),
    "cropping_all": lambda k: k.layers.Cropping1D(2)(np.ones((1, 4, 1))),
    "up_sampling": lambda k: k.layers.UpSampling1D(2.0),
    "up_sampling_0": lambda k: k.layers.UpSampling1D(0),
    "up_sampling_tuple": lambda k: k.layers.UpSampling2D((1, 2, 3)),
    "interpolation": lambda k: k.layers.UpSampling2D(2, interpolation="linear")(np.ones((1, 2, 2, 1))),
    "not_callable_input": lambda k: k.layers.Dense(3)(k.layers.Dense(2)),
    "batch_normalization_axis": lambda k: k.layers.BatchNormalization(axis=[1]),
    "batch_normalization_momentum": lambda k: k.layers.BatchNormalization(momentum="a"),
    "batch_normalization_size": lambda k: k.layers.BatchNormalization()(k.Input((None,))),
    "batch_normalization_mask": lambda k: k.layers.BatchNormalization()(ONES, mask=np.ones((2, 3), bool)),
    "batch_normalization_synchronized": lambda k: k.layers.BatchNormalization(synchronized=True),
    "batch_normalization_rank": lambda k: [
        f(np.ones((2,) * n)) for f in [k.layers.BatchNormalization()] for n in (2, 3)
    ],
    "layer_normalization_axis": lambda k: k.layers.LayerNormalization(axis="a"),
    "layer_normalization_size": lambda k: k.layers.LayerNormalization()(k.Input((None,))),
    "layer_normalization_shape": lambda k: k.layers.LayerNormalization(axis=4).compute_output_shape((2, 3)),
    "group_normalization_0": lambda k: k.layers.GroupNormalization(groups=0),
    "group_normalization_float": lambda k: k.layers.GroupNormalization(groups=2.0),
    "group_normalization_2": lambda k: k.layers.GroupNormalization(groups=2)(ONES),
    "group_normalization_4": lambda k: k.layers.GroupNormalization(groups=4)(ONES),
    "group_normalization_size": lambda k: k.layers.GroupNormalization()(k.Input((None,))),
    "unit_normalization_axis": lambda k: k.layers.UnitNormalization(axis="a"),
    "embedding_0": lambda k: k.layers.Embedding(0, 3),
    "embedding_negative": lambda k: k.layers.Embedding(3, -1),
    "embedding_float": lambda k: k.layers.Embedding(3.0, 1),
    "embedding_range": lambda k: k.layers.Embedding(3, 2)(np.array([[3]])),
    "embedding_weights": lambda k: k.layers.Embedding(3, 2, weights=np.ones((2, 2))),
    "einsum_form": lambda k: k.layers.EinsumDense("ab->a", 4)(ONES),
    "einsum_dots": lambda k: k.layers.EinsumDense("...ab,bc->ac", 4)(ONES),
    "einsum_rank": lambda k: k.layers.EinsumDense("ab,bc->ac", 4)(np.ones((2, 3, 4))),
    "einsum_shared": lambda k: k.layers.EinsumDense("ab,bc->abc", (5, 4))(ONES),
    "einsum_bias": lambda k: k.layers.EinsumDense("ab,bc->ac", 4, bias_axes="z")(ONES),
    "einsum_output": lambda k: k.layers.EinsumDense("ab,bz->ac", 4)(ONES),
    "einsum_kernel": lambda k: k.layers.EinsumDense("ab,bcz->ac", 4)(ONES),
    "normalization_axes": lambda k: k.layers.Normalization(axis=None, mean=[1.0, 2.0], variance=[1.0, 1.0])(ONES),
    "normalization_range": lambda k: k.layers.Normalization(axis=5)(ONES),
    "normalization_size": lambda k: k.layers.Normalization().build((None, None)),
    "normalization_unbuilt": lambda k: k.layers.Normalization().call(ONES),
    "softmax_mask": lambda k: k.layers.Softmax()(ONES, mask=np.ones((2, 5), bool)),
    "conv_shape": lambda k: k.layers.Conv2D(2, 3).compute_output_shape((None, 8, 8)),
    "lambda": lambda k: k.layers.Lambda(3),
    "lambda_shape": lambda k: k.layers.Lambda(lambda x: x[5, "a"]).compute_output_shape((2, 3)),
    "own_variables": lambda k: built(k).load_own_variables({"0": np.ones((4, 3))}),
    "spec_axis": lambda k: k.layers.InputSpec(ndim=2, axes={3: 5}),
    "spec_dtype": lambda k: with_spec(k, dtype="int32", ndim=2)(ONES),
    "wrapper": lambda k: k.layers.Wrapper(3),
    "spectral_normalization_weights": lambda k: k.layers.SpectralNormalization(k.layers.ReLU()).build((None, 3)),
    "time_distributed": lambda k: k.layers.TimeDistributed(3),
    "time_distributed_rank": lambda k: k.layers.TimeDistributed(k.layers.Dense(2))(ONES),
    "time_distributed_mask": lambda k: k.layers.TimeDistributed(k.layers.Dense(2))(
        np.ones((2, 3, 4)), mask=np.ones((2, 4), bool)
    ),
    "time_distributed_mask_rank": lambda k: k.layers.TimeDistributed(k.layers.Dense(2))(
        np.ones((2, 3, 4)), mask=np.ones(2, bool)
    ),
    "merge_masks": lambda k: k.layers.Add().compute_mask([ONES, ONES], [None]),
    "merge_no_list": lambda k: k.layers.Add()(ONES),
    "merge_shapes": lambda k: k.layers.Add()([ONES, np.ones((2, 4))]),
    "merge_batches": lambda k: k.layers.Add()([ONES, np.ones((3, 3))]),
    "subtract_one": lambda k: k.layers.Subtract()([ONES]),
    "subtract_three": lambda k: k.layers.Subtract()([ONES] * 3),
    "concatenate_no_list": lambda k: k.layers.Concatenate()(ONES),
    "concatenate_shapes": lambda k: k.layers.Concatenate(axis=1)([np.ones((2, 3, 4)), np.ones((2, 3, 5))]),
    "concatenate_batches": lambda k: k.layers.Concatenate()([ONES, np.ones((3, 3))]),
    "concatenate_ranks": lambda k: k.layers.Concatenate()([ONES, np.ones((2, 3, 4))]),
    "dot_axes": lambda k: k.layers.Dot(axes="a"),
    "dot_axes_one": lambda k: k.layers.Dot(axes=(1,)),
    "dot_axes_float": lambda k: k.layers.Dot(axes=(1, 2.0)),
    "dot_one": lambda k: k.layers.Dot(axes=1)([ONES]),
    "dot_sizes": lambda k: k.layers.Dot(axes=1)([ONES, np.ones((2, 4))]),
    "dot_batch": lambda k: k.layers.Dot(axes=0)([ONES, ONES]),
    "dot_batches": lambda k: k.layers.Dot(axes=1)([ONES, np.ones((3, 3))]),
    "dot_rank": lambda k: k.layers.Dot(axes=0)([np.ones(2), np.ones(2)]),
}
ONES: Any = np.ones((2, 3))


def built(k: Any) -> Any:
    layer = k.layers.Dense(3)
    layer.build((None, 4))
    return layer


def with_spec(k: Any, **arguments: Any) -> Any:
    layer = k.layers.Identity()
    layer.input_spec = k.layers.InputSpec(**arguments)
    return layer


def test_what_a_slope_was_called() -> None:
    for lib in (keras, minikeras):
        with pytest.warns(UserWarning, match="`alpha` is deprecated. Use `negative_slope` instead"):
            layer = lib.layers.LeakyReLU(alpha=0.1)
        assert (layer.negative_slope, layer.get_config()["negative_slope"]) == (0.1, 0.1)


@pytest.mark.parametrize("name", WRONG)
def test_errors_have_the_class_of_keras(name: str) -> None:
    assert_same_error(WRONG[name])


def test_normalization_adapts_as_keras_does() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(5, 3, size=(60, 3)).astype("float32")
    for axis in (-1, None, (0, 1)):
        ours, theirs = (k.layers.Normalization(axis=axis) for k in (minikeras, keras))
        ours.adapt(data)
        theirs.adapt(data)
        np.testing.assert_allclose(ours(data), np.asarray(theirs(data)), rtol=1e-5, atol=1e-6)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
    ours, theirs = (k.layers.Normalization() for k in (minikeras, keras))
    ours.adapt(data[i : i + 25] for i in range(0, 60, 25))
    theirs.adapt(data)  # Keras wants TensorFlow for batches; the statistics are the same
    np.testing.assert_allclose(ours(data), np.asarray(theirs(data)), rtol=1e-5, atol=1e-6)


def test_lambda() -> None:
    def double(x: Any) -> Any:
        return 2 * x

    x = np.ones((2, 3), "float32")
    for k in (minikeras, keras):
        assert np.asarray(k.layers.Lambda(double)(x)).tolist() == [[2.0] * 3] * 2
        assert k.layers.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 3)) == (None, 7)
    assert minikeras.layers.Lambda(double)(minikeras.Input((3,))).shape == (
        None,
        3,
    )  # Keras's NumPy backend fails
    keras.utils.clear_session()
    minikeras.utils.clear_session()
    assert minikeras.layers.Lambda(double).get_config() == keras.layers.Lambda(double).get_config()
