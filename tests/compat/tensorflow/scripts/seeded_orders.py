import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow import keras

root = Path(tempfile.mkdtemp())
for kind in ("neg", "pos"):
    (root / kind).mkdir()
    for i in range(6):
        (root / kind / f"{i}.txt").write_text(f"{kind}{i}", encoding="utf8")


def first(dataset):
    """Print the first batch of two passes."""
    for _ in range(2):
        batch = next(iter(dataset))
        print(np.ravel((batch[0] if isinstance(batch, tuple) else batch).numpy())[:8].tolist())


keras.utils.set_random_seed(1)  # and no seed for what follows
first(keras.utils.text_dataset_from_directory(root, batch_size=4))
settings = {"validation_split": 0.5, "seed": 2, "batch_size": 3}
for subset in ("training", "validation"):
    first(keras.utils.text_dataset_from_directory(root, subset=subset, **settings))
for part in keras.utils.text_dataset_from_directory(root, subset="both", **settings):
    first(part)
series = np.arange(40.0, dtype="float32")
first(keras.utils.timeseries_dataset_from_array(series, series, 2, shuffle=True, batch_size=4))
first(keras.utils.timeseries_dataset_from_array(series, None, 2, shuffle=True, batch_size=4))



class Batches(keras.utils.PyDataset):
    """Batches that tell in which order they are asked for, and of the ends of epochs."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        order.append(index)
        return np.full((2, 1), index / 5), np.ones((2, 1))

    def on_epoch_end(self):
        order.append("end")


order = []
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
losses = model.fit(Batches(), epochs=2, verbose=0).history["loss"]
print(order, [round(loss, 4) for loss in losses])
order.clear()
model.fit(Batches(), validation_data=Batches(), verbose=0)
print(order, model.predict(Batches(), verbose=0).shape)

x = series[:24, None]
for cached in (False, True):
    rows = tf.data.Dataset.from_tensor_slices((x, x)).shuffle(24).batch(4)
    batches = rows.map(lambda x, y: (x / 40, y)).cache() if cached else rows.map(lambda x, y: (x / 40, y))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    model.fit(batches, validation_data=batches, epochs=2, verbose=0)
    model.evaluate(batches, verbose=0)
    print(model.predict(batches, verbose=0).shape)
    first(rows)


inner = tf.data.Dataset.range(10).shuffle(10)
pairs = tf.data.Dataset.zip((tf.data.Dataset.range(10), inner)).shuffle(10)
train, held_out = (part.batch(6).map(lambda i, j: (i[:, None], j[:, None])) for part in (pairs.take(6), pairs.skip(6)))
model.fit(train, validation_data=held_out, epochs=2, verbose=0)
print([np.ravel(batch).tolist() for batch in train], [np.ravel(batch).tolist() for batch in held_out])


def drawn(x):
    """Draw twice with one seed; TensorFlow starts each of the two anew in each pass."""
    return tf.random.uniform([], maxval=9, dtype=tf.int32, seed=3), tf.random.uniform([], 0, 9, tf.int32, seed=3)


mapped = tf.data.Dataset.range(4).map(drawn)
print([[int(n) for n in pair] for pair in mapped], [[int(n) for n in pair] for pair in mapped])
print([int(tf.random.uniform([], maxval=9, dtype=tf.int32, seed=3)) for _ in range(4)])
columns = tf.reshape(tf.range(2), (1, 2, 1))
flips = tf.data.Dataset.range(8).map(lambda _: tf.image.random_flip_left_right(columns, seed=4)[0, 0, 0])
print([int(n) for n in flips], [int(n) for n in flips])
logits = np.random.RandomState(0).randn(2, 7)
tf.random.set_seed(1)
generator = keras.random.SeedGenerator(3)
for _ in range(2):
    print(tf.random.categorical(logits, 5).numpy().tolist(), tf.random.categorical(logits, 3, seed=5).numpy().tolist())
    print(np.ravel(keras.random.categorical(logits, 5, seed=generator)).tolist())
print(tf.random.stateless_categorical(logits, 3, [1, 2]).numpy().tolist())

numbers = tf.data.Dataset.range(10).shuffle(10).map(lambda i: {"number": i, "text": tf.strings.as_string(i)}).batch(5)
columns = {"number": "float_normalized", "text": "string_categorical"}
keras.utils.FeatureSpace(columns, output_mode="dict").adapt(numbers)
print([rows["number"].numpy().tolist() for rows in numbers])
