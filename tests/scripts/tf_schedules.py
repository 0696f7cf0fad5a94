# expect: last loss: < 2
import math
import numpy as np
import tensorflow as tf
from tensorflow import keras
K = keras.backend
tf.random.set_seed(42)
X = np.random.RandomState(0).randn(256, 6).astype("float32")
y = X[:, :2].sum(axis=1, keepdims=True)

def build():
    return keras.models.Sequential([keras.layers.Dense(16, activation="selu", kernel_initializer="lecun_normal", input_shape=[6]), keras.layers.Dense(1)])

def exponential_decay(lr0, s):
    def exponential_decay_fn(epoch):
        return lr0 * 0.1 ** (epoch / s)
    return exponential_decay_fn

class ExponentialLearningRate(keras.callbacks.Callback):
    def __init__(self, factor):
        self.factor = factor
        self.rates = []
        self.losses = []
    def on_batch_end(self, batch, logs):
        self.rates.append(K.get_value(self.model.optimizer.learning_rate))
        self.losses.append(logs["loss"])
        K.set_value(self.model.optimizer.learning_rate, self.model.optimizer.learning_rate * self.factor)

model = build()
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=0.05, momentum=0.9, nesterov=True))
lr_scheduler = keras.callbacks.LearningRateScheduler(exponential_decay(0.05, s=20))
history = model.fit(X, y, epochs=4, callbacks=[lr_scheduler], verbose=0)
print([round(float(rate), 4) for rate in history.history["learning_rate"]])
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=0.001))
expon_lr = ExponentialLearningRate(factor=1.05)
history = model.fit(X, y, epochs=1, callbacks=[expon_lr], verbose=0)
print(len(expon_lr.rates), expon_lr.rates[-1] > expon_lr.rates[0])
learning_rate = keras.optimizers.schedules.ExponentialDecay(0.01, 20, 0.1)
optimizer = keras.optimizers.SGD(learning_rate)
piecewise = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries=[50, 80], values=[0.01, 0.005, 0.001])
print(float(piecewise(60)), float(learning_rate(20)))
model.compile(loss="mse", optimizer=optimizer, metrics=["mae"])
callbacks = [keras.callbacks.EarlyStopping(patience=5), keras.callbacks.TerminateOnNaN()]
history = model.fit(X, y, epochs=10, validation_split=0.1, callbacks=callbacks, verbose=0)
print("last loss:", history.history["loss"][-1])
