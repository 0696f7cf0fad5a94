"""All layers."""

from .activation import ELU as ELU
from .activation import Activation as Activation
from .activation import LeakyReLU as LeakyReLU
from .activation import PReLU as PReLU
from .activation import ReLU as ReLU
from .activation import Softmax as Softmax
from .attention import AdditiveAttention as AdditiveAttention
from .attention import Attention as Attention
from .attention import MultiHeadAttention as MultiHeadAttention
from .augmentation import CenterCrop as CenterCrop
from .augmentation import RandomBrightness as RandomBrightness
from .augmentation import RandomContrast as RandomContrast
from .augmentation import RandomCrop as RandomCrop
from .augmentation import RandomFlip as RandomFlip
from .augmentation import RandomRotation as RandomRotation
from .augmentation import RandomTranslation as RandomTranslation
from .augmentation import RandomZoom as RandomZoom
from .augmentation import Resizing as Resizing
from .base import InputSpec as InputSpec
from .base import Layer as Layer
from .base import deserialize as deserialize
from .base import serialize as serialize
from .convolutional import Conv1D as Conv1D
from .convolutional import Conv1D as Convolution1D
from .convolutional import Conv1DTranspose as Conv1DTranspose
from .convolutional import Conv1DTranspose as Convolution1DTranspose
from .convolutional import Conv2D as Conv2D
from .convolutional import Conv2D as Convolution2D
from .convolutional import Conv2DTranspose as Conv2DTranspose
from .convolutional import Conv2DTranspose as Convolution2DTranspose
from .convolutional import Conv3D as Conv3D
from .convolutional import Conv3D as Convolution3D
from .convolutional import Conv3DTranspose as Conv3DTranspose
from .convolutional import Conv3DTranspose as Convolution3DTranspose
from .convolutional import DepthwiseConv1D as DepthwiseConv1D
from .convolutional import DepthwiseConv2D as DepthwiseConv2D
from .convolutional import SeparableConv1D as SeparableConv1D
from .convolutional import SeparableConv1D as SeparableConvolution1D
from .convolutional import SeparableConv2D as SeparableConv2D
from .convolutional import SeparableConv2D as SeparableConvolution2D
from .core import Dense as Dense
from .core import EinsumDense as EinsumDense
from .core import Identity as Identity
from .core import Input as Input
from .core import InputLayer as InputLayer
from .core import Lambda as Lambda
from .core import Masking as Masking
from .embedding import Embedding as Embedding
from .merging import Add as Add
from .merging import Average as Average
from .merging import Concatenate as Concatenate
from .merging import Dot as Dot
from .merging import Maximum as Maximum
from .merging import Minimum as Minimum
from .merging import Multiply as Multiply
from .merging import Subtract as Subtract
from .merging import add as add
from .merging import average as average
from .merging import concatenate as concatenate
from .merging import dot as dot
from .merging import maximum as maximum
from .merging import minimum as minimum
from .merging import multiply as multiply
from .merging import subtract as subtract
from .normalization import BatchNormalization as BatchNormalization
from .normalization import GroupNormalization as GroupNormalization
from .normalization import LayerNormalization as LayerNormalization
from .normalization import RMSNormalization as RMSNormalization
from .normalization import UnitNormalization as UnitNormalization
from .pooling import AdaptiveAveragePooling1D as AdaptiveAveragePooling1D
from .pooling import AdaptiveAveragePooling2D as AdaptiveAveragePooling2D
from .pooling import AdaptiveAveragePooling3D as AdaptiveAveragePooling3D
from .pooling import AdaptiveMaxPooling1D as AdaptiveMaxPooling1D
from .pooling import AdaptiveMaxPooling2D as AdaptiveMaxPooling2D
from .pooling import AdaptiveMaxPooling3D as AdaptiveMaxPooling3D
from .pooling import AveragePooling1D as AveragePooling1D
from .pooling import AveragePooling1D as AvgPool1D
from .pooling import AveragePooling2D as AveragePooling2D
from .pooling import AveragePooling2D as AvgPool2D
from .pooling import AveragePooling3D as AveragePooling3D
from .pooling import AveragePooling3D as AvgPool3D
from .pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from .pooling import GlobalAveragePooling1D as GlobalAvgPool1D
from .pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from .pooling import GlobalAveragePooling2D as GlobalAvgPool2D
from .pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from .pooling import GlobalAveragePooling3D as GlobalAvgPool3D
from .pooling import GlobalMaxPooling1D as GlobalMaxPool1D
from .pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from .pooling import GlobalMaxPooling2D as GlobalMaxPool2D
from .pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from .pooling import GlobalMaxPooling3D as GlobalMaxPool3D
from .pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from .pooling import MaxPooling1D as MaxPool1D
from .pooling import MaxPooling1D as MaxPooling1D
from .pooling import MaxPooling2D as MaxPool2D
from .pooling import MaxPooling2D as MaxPooling2D
from .pooling import MaxPooling3D as MaxPool3D
from .pooling import MaxPooling3D as MaxPooling3D
from .preprocessing import Normalization as Normalization
from .preprocessing import Rescaling as Rescaling
from .recurrent import GRU as GRU
from .recurrent import LSTM as LSTM
from .recurrent import RNN as RNN
from .recurrent import Bidirectional as Bidirectional
from .recurrent import GRUCell as GRUCell
from .recurrent import LSTMCell as LSTMCell
from .recurrent import SimpleRNN as SimpleRNN
from .recurrent import SimpleRNNCell as SimpleRNNCell
from .recurrent import StackedRNNCells as StackedRNNCells
from .regularization import ActivityRegularization as ActivityRegularization
from .regularization import AlphaDropout as AlphaDropout
from .regularization import Dropout as Dropout
from .regularization import GaussianDropout as GaussianDropout
from .regularization import GaussianNoise as GaussianNoise
from .regularization import SpatialDropout1D as SpatialDropout1D
from .regularization import SpatialDropout2D as SpatialDropout2D
from .regularization import SpatialDropout3D as SpatialDropout3D
from .reshaping import Cropping1D as Cropping1D
from .reshaping import Cropping2D as Cropping2D
from .reshaping import Cropping3D as Cropping3D
from .reshaping import Flatten as Flatten
from .reshaping import Permute as Permute
from .reshaping import RepeatVector as RepeatVector
from .reshaping import Reshape as Reshape
from .reshaping import UpSampling1D as UpSampling1D
from .reshaping import UpSampling2D as UpSampling2D
from .reshaping import UpSampling3D as UpSampling3D
from .reshaping import ZeroPadding1D as ZeroPadding1D
from .reshaping import ZeroPadding2D as ZeroPadding2D
from .reshaping import ZeroPadding3D as ZeroPadding3D
from .wrappers import TimeDistributed as TimeDistributed
from .wrappers import Wrapper as Wrapper

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
