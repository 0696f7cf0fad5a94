"""What TensorFlow refuses, and values at the edges of what it takes."""

import numpy as np
import tensorflow as tf

K = tf.keras.backend
f = tf.constant([1.0, 2.0])
short = tf.ragged.constant([[1, 2], [3]])
words = tf.lookup.KeyValueTensorInitializer(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
table = tf.lookup.StaticHashTable(words, default_value=-1)
numbers = tf.lookup.StaticHashTable(
    tf.lookup.KeyValueTensorInitializer(tf.constant([1, 2], tf.int64), tf.constant(["a", "b"])), default_value="?"
)
for call in (
    lambda: tf.nn.dropout(f, 1.0),
    lambda: tf.nn.dropout(f, 1.5),
    lambda: tf.nn.dropout(f, -0.1),
    lambda: tf.nn.dropout(f, 1),
    lambda: tf.nn.dropout(f, np.float32(1)),
    lambda: tf.nn.dropout(f, tf.constant(1.0)),
    lambda: tf.concat([short, tf.ragged.constant([[1.5], []])], 0),
    lambda: tf.concat([short, tf.ragged.constant([[1]])], 1),
    lambda: tf.add_n([f, tf.constant([1.0])]),
    lambda: tf.add_n([f, tf.constant(1.0)]),
    lambda: table.lookup(tf.constant([1, 2])),
    lambda: numbers.lookup(tf.constant([1, 2])),
    lambda: numbers.lookup(tf.constant(["a"])),
    lambda: tf.image.grayscale_to_rgb(tf.ones((2, 2, 3))),
    lambda: tf.image.grayscale_to_rgb(tf.ones((1, 2, 1))),
):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__)
try:
    print(tf.concat([short, short], 2))
except ValueError:
    print("refused")
print(tf.stack([short, short], -1))
print(table.lookup(tf.constant(["b", "z"])), numbers.lookup(tf.constant([2, 5], tf.int64)))
print(table.lookup(tf.ragged.constant([["a"], ["b", "c"]])))
x = tf.constant([-2.0, 0.5, 2.0])
print(K.clip(x, 0, 1), K.clip(x, 1, -1), K.clip(x, 0.5, 0.0))
try:
    tf.reshape(tf.range(5), (2, 3))
except tf.errors.InvalidArgumentError as error:
    print(error.error_code == tf.errors.INVALID_ARGUMENT)
try:
    tf.io.read_file("/no/such/file")
except tf.errors.NotFoundError as error:
    print(error.error_code == tf.errors.NOT_FOUND)
