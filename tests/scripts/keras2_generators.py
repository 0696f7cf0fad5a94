# expect: loss: < 1.5
import numpy as np
from keras.models import Sequential
from keras.layers import Dense
from keras.callbacks import Callback, EarlyStopping
from keras.utils import Sequence

def batches(x, y, size):
    while True:
        order = np.random.permutation(len(x))
        for i in range(0, len(x) - size + 1, size):
            yield x[order[i:i + size]], y[order[i:i + size]]

class Rows(Sequence):
    def __init__(self, x, y, size):
        super().__init__()
        self.x, self.y, self.size = x, y, size
    def __len__(self):
        return len(self.x) // self.size
    def __getitem__(self, i):
        return self.x[i * self.size:(i + 1) * self.size], self.y[i * self.size:(i + 1) * self.size]

class LossHistory(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []
    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get('loss'))

np.random.seed(0)
x = np.random.randn(120, 6)
y = x.sum(axis=1, keepdims=True)
model = Sequential()
model.add(Dense(8, activation='relu', input_dim=6))
model.add(Dense(1))
model.compile('sgd', 'mse')
losses = LossHistory()
model.fit_generator(batches(x, y, 20), steps_per_epoch=6, epochs=10, verbose=0, callbacks=[losses],
                    validation_data=(x, y), workers=1, use_multiprocessing=False)
model.fit_generator(Rows(x, y, 20), epochs=10, verbose=0, callbacks=[EarlyStopping(monitor='loss', patience=3)])
print('loss:', model.evaluate_generator(batches(x, y, 20), steps=6), len(losses.losses))
print(model.predict_generator(Rows(x, y, 20)).shape)
