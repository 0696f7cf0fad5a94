"""Tables, text of different lengths and sounds, as TensorFlow's tutorials load them."""

import tempfile
from pathlib import Path

import tensorflow as tf

path = str(Path(tempfile.mkdtemp()) / "table.csv")
with open(path, "w") as file:
    file.write("age,fare,deck,alive\n22,7.25,C,0\n38,,unknown,1\n26,8,E,1\n")

batches = tf.data.experimental.make_csv_dataset(path, 2, label_name="alive", num_epochs=1, shuffle=False)
print(dict(batches.element_spec[0]))
for features, labels in batches:
    print(dict(features), labels)
for features in tf.data.experimental.make_csv_dataset(path, 3, select_columns=["deck"], num_epochs=1, shuffle=False):
    print(features["deck"])
endless = tf.data.experimental.make_csv_dataset(path, 2, label_name="alive")
print([len(labels) for features, labels in endless.take(3)])

letters = tf.strings.unicode_split(["abc", "b"], "UTF-8")
numbers = tf.keras.layers.StringLookup(vocabulary=["a", "b"], mask_token=None)
words = tf.keras.layers.StringLookup(vocabulary=numbers.get_vocabulary(), invert=True, mask_token=None)
ids = numbers(letters)
print(ids, ids.to_tensor())
print(tf.strings.reduce_join(words(ids), axis=-1))

drawn, true_count, drawn_count = tf.random.log_uniform_candidate_sampler([[2]], 1, 8, True, 8, seed=1)
print(sorted(drawn.numpy()), drawn.dtype, true_count.shape, drawn_count.shape)
print(tf.random.log_uniform_candidate_sampler([[2]], 1, 4, False, 8)[1])

sound = tf.sin(tf.range(400.0))
picture = tf.abs(tf.signal.stft(sound, frame_length=64, frame_step=32))
print(picture.shape, tf.argmax(picture[3]))

for age, deck in tf.data.experimental.CsvDataset(path, [0, 0.0, "none", 0], header=True).map(lambda a, b, c, d: (a, c)):
    print(age, deck)
