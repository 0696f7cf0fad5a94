# expect: cnn: > 100
from __future__ import print_function
import numpy as np
np.random.seed(1337)
from keras.models import Sequential, Graph, model_from_json
from keras.layers import Merge
from keras.layers.core import Dense, Dropout, Activation, Flatten, Reshape, Permute, RepeatVector, TimeDistributedDense, Lambda, Masking, Highway, MaxoutDense
from keras.layers.convolutional import Convolution2D, MaxPooling2D, Convolution1D, ZeroPadding2D, UpSampling2D, AveragePooling2D
from keras.layers.recurrent import LSTM, GRU, SimpleRNN
from keras.layers.embeddings import Embedding
from keras.layers.normalization import BatchNormalization
from keras.layers.advanced_activations import LeakyReLU, PReLU, ELU
from keras.layers.noise import GaussianNoise, GaussianDropout
from keras.layers.wrappers import TimeDistributed
from keras.regularizers import l2, activity_l2
from keras.constraints import maxnorm, nonneg
from keras.optimizers import SGD, Adam, RMSprop, Adagrad, Adadelta
from keras.utils import np_utils, generic_utils
from keras.preprocessing import sequence
left = Sequential()
left.add(Dense(8, input_shape=(6,)))
left.add(Activation('relu'))
right = Sequential()
right.add(Dense(8, input_dim=4, init='uniform', W_regularizer=l2(0.01), W_constraint=maxnorm(2)))
model = Sequential()
model.add(Merge([left, right], mode='concat'))
model.add(Dense(3))
model.add(Activation('softmax'))
model.compile(loss='categorical_crossentropy', optimizer=SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True), metrics=['accuracy'])
a, b = np.random.rand(40, 6), np.random.rand(40, 4)
Y = np_utils.to_categorical(np.random.randint(3, size=40), 3)
hist = model.fit([a, b], Y, batch_size=8, nb_epoch=3, verbose=0, validation_split=0.1)
print(sorted(hist.history))
print(model.predict([a, b]).shape, model.evaluate([a, b], Y, verbose=0)[1] >= 0)
for mode in ('sum', 'mul', 'ave', 'max', 'cos', 'dot'):
    l, r = Sequential([Dense(4, input_dim=6)]), Sequential([Dense(4, input_dim=4)])
    m = Sequential()
    m.add(Merge([l, r], mode=mode))
    m.compile('sgd', 'mse')
    print(mode, m.predict([a, b]).shape)
m = Sequential()
m.add(Merge([left, right], mode=lambda x: x[0] - x[1], output_shape=lambda s: s[0]))
m.compile("sgd", "mse"); print(m.predict([a, b]).shape)
cnn = Sequential()
cnn.add(Convolution2D(4, 3, 3, border_mode='valid', input_shape=(12, 12, 1), dim_ordering='tf'))
cnn.add(Activation('relu'))
cnn.add(MaxPooling2D(pool_size=(2, 2)))
cnn.add(Dropout(0.25))
cnn.add(Flatten())
cnn.add(Dense(3, activation='softmax'))
cnn.compile(loss='categorical_crossentropy', optimizer='adadelta', metrics=['accuracy'])
cnn.fit(np.random.rand(20, 12, 12, 1), Y[:20], nb_epoch=1, verbose=0, show_accuracy=True)
print('cnn:', cnn.count_params())
rnn = Sequential()
rnn.add(Embedding(20, 8, input_length=6, dropout=0.2))
rnn.add(LSTM(output_dim=8, activation='sigmoid', inner_activation='hard_sigmoid', return_sequences=True))
rnn.add(TimeDistributedDense(4))
rnn.add(LSTM(5, dropout_W=0.2, dropout_U=0.2))
rnn.add(Dense(1))
rnn.compile('rmsprop', 'mse')
print(rnn.predict(sequence.pad_sequences([[1, 2], [3]], maxlen=6)).shape)
