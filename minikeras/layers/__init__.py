"""All layers. The `options` of each are keyword arguments of `Layer`: `name`, `trainable`, `dtype` and so on."""

# ruff: noqa: I001  # many names a line
# fmt: off
from .._base.lazy import lazily
from .layer import InputSpec, Layer, deserialize, serialize
from .core import Dense, EinsumDense, Identity, Input, InputLayer, Lambda, Masking

with lazily(globals()):
    from .activation import Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax
    from .attention import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention
    from .conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
    from .convolutional import (
        Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose, Conv1D as Convolution1D,
        Conv1DTranspose as Convolution1DTranspose, Conv2D as Convolution2D, Conv2DTranspose as Convolution2DTranspose,
        Conv3D as Convolution3D, Conv3DTranspose as Convolution3DTranspose, DepthwiseConv1D, DepthwiseConv2D,
        SeparableConv1D, SeparableConv2D, SeparableConv1D as SeparableConvolution1D,
        SeparableConv2D as SeparableConvolution2D)
    from .embedding import Embedding, ReversibleEmbedding
    from .hashing import HashedCrossing, Hashing
    from .image_preprocessing import (
        CenterCrop, RandomBrightness, RandomContrast, RandomCrop, RandomFlip, RandomRotation, RandomTranslation,
        RandomZoom, Resizing)
    from .lookup import CategoryEncoding, Discretization, IntegerLookup, StringLookup, TextVectorization
    from .merging import (
        Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract, add, average, concatenate, dot, maximum,
        minimum, multiply, subtract)
    from .normalization import (
        BatchNormalization, GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization)
    from .pooling import (
        AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D, AdaptiveMaxPooling1D,
        AdaptiveMaxPooling2D, AdaptiveMaxPooling3D, AveragePooling1D, AveragePooling2D, AveragePooling3D,
        AveragePooling1D as AvgPool1D, AveragePooling2D as AvgPool2D, AveragePooling3D as AvgPool3D,
        GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D,
        GlobalAveragePooling1D as GlobalAvgPool1D, GlobalAveragePooling2D as GlobalAvgPool2D,
        GlobalAveragePooling3D as GlobalAvgPool3D, GlobalMaxPooling1D as GlobalMaxPool1D,
        GlobalMaxPooling2D as GlobalMaxPool2D, GlobalMaxPooling3D as GlobalMaxPool3D, GlobalMaxPooling1D,
        GlobalMaxPooling2D, GlobalMaxPooling3D, MaxPooling1D as MaxPool1D, MaxPooling2D as MaxPool2D,
        MaxPooling3D as MaxPool3D, MaxPooling1D, MaxPooling2D, MaxPooling3D)
    from .preprocessing import Normalization, Rescaling
    from .recurrent import Bidirectional, GRU, LSTM, RNN, SimpleRNN
    from .recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
    from .regularization import (
        ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D,
        SpatialDropout2D, SpatialDropout3D)
    from .reshaping import (
        Cropping1D, Cropping2D, Cropping3D, Flatten, Permute, RepeatVector, Reshape, UpSampling1D, UpSampling2D,
        UpSampling3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D)
    from .wrappers import SpectralNormalization, TimeDistributed, Wrapper

__all__ = [
    "ELU", "GRU", "LSTM", "RNN", "Activation", "ActivityRegularization", "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D", "Add", "AdditiveAttention", "AlphaDropout", "Attention", "Average", "AveragePooling1D",
    "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D", "BatchNormalization",
    "Bidirectional", "CategoryEncoding", "CenterCrop", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D",
    "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Convolution1D",
    "Convolution1DTranspose", "Convolution2D", "Convolution2DTranspose", "Convolution3D", "Convolution3DTranspose",
    "Cropping1D", "Cropping2D", "Cropping3D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "Discretization", "Dot",
    "Dropout", "EinsumDense", "Embedding", "Flatten", "GRUCell", "GaussianDropout", "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalAvgPool1D", "GlobalAvgPool2D",
    "GlobalAvgPool3D", "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPool3D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GroupNormalization", "GroupQueryAttention", "HashedCrossing",
    "Hashing", "Identity", "Input", "InputLayer", "InputSpec", "IntegerLookup", "LSTMCell", "Lambda", "Layer",
    "LayerNormalization", "LeakyReLU", "Masking", "MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D", "MaxPooling2D",
    "MaxPooling3D", "Maximum", "Minimum", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute",
    "RMSNormalization", "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation",
    "RandomTranslation", "RandomZoom", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Resizing",
    "ReversibleEmbedding", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D",
    "SimpleRNN", "SimpleRNNCell", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "SpectralNormalization", "StackedRNNCells", "StringLookup", "Subtract", "TextVectorization", "TimeDistributed",
    "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D", "Wrapper", "ZeroPadding1D", "ZeroPadding2D",
    "ZeroPadding3D", "add", "average", "concatenate", "deserialize", "dot", "maximum", "minimum", "multiply",
    "serialize", "subtract"]
