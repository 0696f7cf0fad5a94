"""Losses after validations, in which recurrent layers draw dropout masks that they do not use."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

layers = keras.layers
rng = np.random.default_rng(0)
x, y = rng.random((16, 5, 3)).astype("float32"), rng.random((16, 5, 2)).astype("float32")
kinds = {
    "lstm": lambda: [layers.LSTM(6, return_sequences=True, dropout=0.25)],
    "gru": lambda: [layers.GRU(6, return_sequences=True, dropout=0.2, recurrent_dropout=0.3)],
    "simple": lambda: [layers.SimpleRNN(6, return_sequences=True, recurrent_dropout=0.3)],
    "both directions": lambda: [layers.Bidirectional(layers.LSTM(6, return_sequences=True, dropout=0.25))],
    "stacked": lambda: [layers.RNN([layers.LSTMCell(6, dropout=0.25), layers.GRUCell(5)], return_sequences=True)],
    "with dropout": lambda: [layers.Dropout(0.2), layers.LSTM(6, return_sequences=True, dropout=0.25)],
    "without": lambda: [layers.LSTM(6, return_sequences=True)],
}
for name, make in kinds.items():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layers.Input((5, 3)), *make(), layers.Dense(2)])
    model.compile("adam", "mse")
    history = model.fit(x, y, batch_size=8, epochs=3, verbose=0, validation_data=(x, y)).history
    print(name, {key: np.round(values, 4).tolist() for key, values in history.items()})
    model.predict(x, batch_size=5, verbose=0)
    model(x)
    model(tf.constant(x), training=True)
    print(np.round(model.fit(x, y, batch_size=4, epochs=2, verbose=0).history["loss"], 4))
