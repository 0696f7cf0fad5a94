"""Batches of one size fix the batch axis that summaries show, and how many rows they have; others leave both open."""

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


def fixed(name, batches):
    """Three passes of Adam: a pass of unknown length begins one step more."""
    print(name, int(batches.cardinality()), batches.element_spec)
    keras.utils.set_random_seed(3)
    model = keras.Sequential([layers.Dense(3), layers.Dense(2)])
    model.compile("adam", "mse")
    losses = model.fit(batches, epochs=3, verbose=0).history["loss"]
    print(*(f"{loss:.3f}" for loss in losses))
    model.summary()


x, y = x.astype("float32"), y[:, 0].astype("float32")
numbers = tf.data.Dataset.from_tensor_slices((x, y))
even = numbers.batch(4, drop_remainder=True)
fixed("unbatch", even.unbatch().batch(5))
fixed("unbatch, open", numbers.batch(4).unbatch().batch(5))
fixed("halves", even.map(lambda a, b: (a[:2], b[:2])))
fixed("unbatch of halves", even.map(lambda a, b: (a[:2], b[:2])).unbatch().batch(4, drop_remainder=True))
fixed("rebatch", even.rebatch(5))
fixed("slices", tf.data.Dataset.from_tensor_slices((x.reshape(5, 4, 2), y.reshape(5, 4, 2))))
fixed("whole", tf.data.Dataset.from_tensors((x, y)))
try:
    even.map(lambda a, b: (a[:2], b)).unbatch()
except ValueError as error:
    print(type(error).__name__)
