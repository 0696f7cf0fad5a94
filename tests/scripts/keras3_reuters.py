# expect: accuracy: > 0.3
from keras.datasets import reuters
from keras.preprocessing.text import Tokenizer
from keras.utils import to_categorical
import numpy as np
import keras
from keras.models import Sequential
from keras.layers import Dense, Dropout, Activation

max_words = 100
(x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=max_words, test_split=0.2)
num_classes = np.max(y_train) + 1
tokenizer = Tokenizer(num_words=max_words)
x_train = tokenizer.sequences_to_matrix(x_train, mode='binary') if tokenizer.num_words else x_train
x_test = tokenizer.sequences_to_matrix(x_test, mode='binary')
y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)
model = Sequential()
model.add(Dense(64, input_shape=(max_words,)))
model.add(Activation('relu'))
model.add(Dropout(0.5))
model.add(Dense(num_classes))
model.add(Activation('softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
history = model.fit(x_train, y_train, batch_size=32, epochs=8, verbose=0, validation_split=0.1)
score = model.evaluate(x_test, y_test, batch_size=32, verbose=0)
print('Test score:', score[0])
print('accuracy:', score[1])
