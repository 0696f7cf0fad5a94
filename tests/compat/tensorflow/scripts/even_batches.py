"""Batches of one size, from `drop_remainder`, fix the batch axis that summaries show; others leave it open."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

x = np.arange(40).reshape(20, 2) % 7
y = np.repeat(x[:, None] / 7, 2, 1)
rows = tf.data.Dataset.from_tensor_slices((x, y))


class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.words = layers.Embedding(7, 3)
        self.reader = layers.GRU(3, return_sequences=True, return_state=True)
        self.out = layers.Dense(2)

    def call(self, inputs, states=None, training=False):
        outputs, _ = self.reader(self.words(inputs, training=training), initial_state=states)
        return self.out(outputs)


def fitted(batches, **options):
    model = Reader()
    model.compile("sgd", "mse")
    model.fit(batches, verbose=0, **options)
    model.summary()


fitted(rows.batch(4, drop_remainder=True))
fitted(rows.batch(4))
fitted(rows.batch(4, drop_remainder=True).map(lambda a, b: (a[:, :2], b)).shuffle(5).prefetch(tf.data.AUTOTUNE))
fitted(rows.padded_batch(4, drop_remainder=True).repeat(), steps_per_epoch=2)
fitted(rows.batch(4, drop_remainder=True).unbatch().batch(4))
fitted(rows.batch(4, drop_remainder=True).cache().take(2))
fitted(rows.batch(4, drop_remainder=True).filter(lambda a, b: True))
fitted(rows.batch(4, drop_remainder=True).take_while(lambda a, b: True))
