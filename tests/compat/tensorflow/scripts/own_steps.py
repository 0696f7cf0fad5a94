"""Steps of a user's own: what they are given, and how open the shapes of layers are that they build."""

import numpy as np
import tensorflow as tf
from tensorflow import keras


def form(data):
    """Return data with the rank of each array in its place."""
    return tf.nest.map_structure(lambda x: len(x.shape), data)


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = keras.layers.Dense(2), keras.layers.Dense(1)
        self.seen = []

    def call(self, x):
        self.seen.append(type(x).__name__)
        return self.second(self.first(x[0]) * x[1])

    def train_step(self, data):
        self.seen.append(form(data))
        if isinstance(data[0], tuple):
            data = data[0]
        return {"size": tf.reduce_mean(self(data[:2]))}

    test_step = train_step


class Predicting(Own):
    def predict_step(self, data):
        self.seen.append(form(data))
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self(x) if y is None else self(x) + y


class Seeing(Own):
    def train_step(self, data):
        self.seen.append(form(data))
        return {"loss": 0.0}


a, b = np.ones((10, 3), "float32"), np.ones((10, 2), "float32")
for size in (5, 4):
    model = Own()
    model.compile("sgd")
    model.fit([a, b], batch_size=size, verbose=0)
    print(model.seen[:2])
    model.summary()
for x, y, weights in (([a, b], b, None), ([a, b], [a, b], [a[:, 0], b[:, 0]]), ({"x": a}, {"y": [a, b]}, None)):
    model = Seeing()
    model.compile("sgd")
    model.fit(x, y, sample_weight=weights, verbose=0)
    print(model.seen[0])

model = Predicting()
print(model.predict([a, b], verbose=0).shape, model.seen[0])
model.seen.clear()
rows = tf.data.Dataset.from_tensor_slices(((a, b), a[:, :1] * 100)).batch(10)
print(model.predict(rows, verbose=0).mean() > 50, model.seen[0])
print(model.predict_on_batch((a, b)).shape)
