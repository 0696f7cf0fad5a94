# expect: ok: > 0
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
from keras.models import Sequential, Model, load_model
from keras.layers import (Dense, Dropout, LSTM, GRU, SimpleRNN, Bidirectional, Conv1D, Conv2D, Conv3D, MaxPool2D, TimeDistributed,
                          Embedding, Attention, MultiHeadAttention, TextVectorization, RandomFlip, GlobalAveragePooling2D)
from keras.applications import VGG16, ResNet50
from keras.applications.vgg16 import preprocess_input, decode_predictions
from keras.applications.mobilenet_v2 import MobileNetV2
from keras.preprocessing import image, sequence, text
from keras.callbacks import TensorBoard, CSVLogger, LambdaCallback, TerminateOnNaN
from keras.utils import image_dataset_from_directory, timeseries_dataset_from_array, get_file, plot_model
from keras.optimizers import *
from keras.layers import *
from keras import backend as K, initializers, regularizers, constraints, metrics
import keras.backend as KB
try:
    LSTM(3)
    print("built")
except NotImplementedError as error:
    print("refused:", str(error)[:40])
print("ok:", 1)
