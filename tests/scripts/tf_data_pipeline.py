# expect: binary_accuracy: > 0.5
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, losses

X = tf.range(10)
dataset = tf.data.Dataset.from_tensor_slices(X)
for item in dataset.take(2):
    print(item)
dataset = dataset.repeat(3).batch(7)
dataset = dataset.map(lambda x: x * 2)
dataset = dataset.filter(lambda x: tf.reduce_sum(x) > 50)
for item in dataset:
    print(item.numpy())
d = {"a": [1, 2, 3], "b": [4, 5, 6]}
for row in tf.data.Dataset.from_tensor_slices(d):
    print(row["a"].numpy(), row["b"].numpy())
print(list(tf.data.Dataset.range(5).as_numpy_iterator()), len(tf.data.Dataset.range(10).batch(3)))
AUTOTUNE = tf.data.AUTOTUNE
features = np.random.RandomState(0).rand(200, 6).astype("float32")
labels = (features.sum(axis=1) > 3).astype("float32")
full = tf.data.Dataset.from_tensor_slices((features, labels)).shuffle(200, seed=1, reshuffle_each_iteration=False)
train_ds = full.take(160).batch(16).cache().prefetch(buffer_size=AUTOTUNE)
val_ds = full.skip(160).batch(16).cache().prefetch(AUTOTUNE)
for x, y in train_ds.take(1):
    print(x.shape, y.shape)
model = tf.keras.Sequential([layers.Dense(16, activation="relu"), layers.Dropout(0.2), layers.Dense(1)])
model.compile(loss=losses.BinaryCrossentropy(from_logits=True), optimizer='adam', metrics=[tf.metrics.BinaryAccuracy(threshold=0.0)])
history = model.fit(train_ds, validation_data=val_ds, epochs=20, verbose=0)
loss, accuracy = model.evaluate(val_ds, verbose=0)
print("binary_accuracy:", accuracy)
print(model.predict(val_ds, verbose=0).shape)
