import os
import re
import string
import tempfile

import numpy as np
import tensorflow as tf

tf.random.set_seed(1)
texts = ["I loved this movie<br />so much!", "terrible, terrible film...", "What a GREAT cast", "awful plot; bad acting"]
ds = tf.data.Dataset.from_tensor_slices((texts, [1, 0, 1, 0])).batch(2)


def clean(input_data):
    lowercase = tf.strings.lower(input_data)
    stripped = tf.strings.regex_replace(lowercase, "<br />", " ")
    return tf.strings.regex_replace(stripped, "[%s]" % re.escape(string.punctuation), "")


layer = tf.keras.layers.TextVectorization(standardize=clean, max_tokens=30, output_sequence_length=6)
layer.adapt(ds.map(lambda x, y: x))
print(len(layer.get_vocabulary()), str(layer.get_vocabulary()[2]))
batch, labels = next(iter(ds))
print(batch[0], labels[0])
print(layer(tf.expand_dims(batch, -1)), layer("terrible cast"))
vocab = np.array(layer.get_vocabulary())
print(" ".join(vocab[layer(["terrible film"])[0].numpy()]))
ids = tf.keras.layers.StringLookup(vocabulary=list("abcdef"), mask_token=None)
chars = tf.keras.layers.StringLookup(vocabulary=ids.get_vocabulary(), invert=True, mask_token=None)
numbers = ids(tf.strings.unicode_split("bad face", "UTF-8"))
print(numbers, tf.strings.reduce_join(chars(numbers), axis=-1).numpy())
sequences = tf.data.Dataset.from_tensor_slices(numbers).batch(4, drop_remainder=True)
for seq in sequences.map(lambda s: (s[:-1], s[1:])).take(1):
    print("Input:", seq[0].numpy(), "Target:", seq[1].numpy())
print(tf.keras.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]))
print(tf.keras.layers.Hashing(num_bins=3, salt=[133, 137])([["A"], ["B"], ["C"], ["D"], ["E"]]).numpy().ravel())
table = tf.lookup.StaticVocabularyTable(
    tf.lookup.KeyValueTensorInitializer(["<1H OCEAN", "INLAND", "NEAR OCEAN"], tf.range(3, dtype=tf.int64)), 2)
found = table.lookup(tf.constant(["NEAR OCEAN", "DESERT", "INLAND", "INLAND"]))
print(found, tf.one_hot(found, depth=5))
words = tf.strings.split(["all that glitters", "is gold"])
print(words, words.to_tensor(), words.row_lengths(), words[1])
padded = tf.keras.utils.pad_sequences([[711, 632, 71], [73, 8, 3215, 55, 927]], padding="post")
print(padded, tf.RaggedTensor.from_tensor(padded, padding=0))
folder = tempfile.mkdtemp()
for name in ("neg", "pos"):
    os.makedirs(f"{folder}/{name}")
    for i in range(6):
        with open(f"{folder}/{name}/{i}.txt", "w") as file:
            file.write(f"{name} {i}")
train, valid = tf.keras.utils.text_dataset_from_directory(
    folder, batch_size=3, validation_split=0.25, subset="both", seed=4)
print(train.class_names, [(x.numpy().tolist(), y.numpy().tolist()) for x, y in train], len(valid))
windows = tf.keras.utils.timeseries_dataset_from_array(np.arange(12.0), np.arange(12) * 2, 4, shuffle=True, seed=2, batch_size=3)
for x, y in windows.take(2):
    print(x.numpy(), y.numpy())
with tf.GradientTape() as tape:
    probabilities = tf.nn.softmax(tf.Variable([[1.0, 2.0]]))
    print(type(np.squeeze(probabilities)).__name__, np.squeeze(probabilities))
