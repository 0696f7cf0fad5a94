# expect: batches: > 2
import numpy as np
from keras.models import Sequential
from keras.layers import Dense, LSTM
from keras.preprocessing.sequence import TimeseriesGenerator
from keras.utils import set_random_seed
set_random_seed(1)
series = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
n_input = 2
generator = TimeseriesGenerator(series, series, length=n_input, batch_size=1)
print('Samples: %d' % len(generator))
for i in range(len(generator)):
    x, y = generator[i]
    print('%s => %s' % (x, y))
generator = TimeseriesGenerator(series, series, length=n_input, batch_size=8)
model = Sequential()
model.add(Dense(10, activation='relu', input_dim=n_input))
model.add(Dense(1))
model.compile(optimizer='adam', loss='mse')
model.fit(generator, steps_per_epoch=1, epochs=20, verbose=0)
x_input = np.array([9, 10]).reshape((1, n_input))
yhat = model.predict(x_input, verbose=0)
print(yhat)
series = series.reshape((10, 1)).astype('float32')
generator = TimeseriesGenerator(series, series, length=3, sampling_rate=1, stride=1, batch_size=4)
model = Sequential()
model.add(LSTM(6, activation='relu', input_shape=(3, 1)))
model.add(Dense(1))
model.compile(optimizer='adam', loss='mse')
h = model.fit(generator, epochs=3, verbose=0, shuffle=False)
print(h.history['loss'])
g = TimeseriesGenerator(np.arange(50).reshape(25, 2), np.arange(25), length=6, sampling_rate=2, stride=3, start_index=2, end_index=20, shuffle=False, reverse=True, batch_size=2)
print('batches:', len(g)); print(g[0][0].shape, g[1][1], g[0][0][0].tolist())
c = g.get_config(); print(sorted(c))
