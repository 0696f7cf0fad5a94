"""After `set_random_seed` training draws the numbers that it draws with TensorFlow."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


def show(title, values):
    print(title, np.round(np.asarray(values, "float64"), 3).tolist())


keras.utils.set_random_seed(812)
x = np.random.rand(90, 6).astype("float32")
y = (x.sum(axis=1) > 3).astype("int32")

model = keras.Sequential(
    [
        keras.Input((6,)),
        layers.Dense(16, activation="relu", kernel_initializer="he_normal"),
        layers.Dropout(0.3),
        layers.GaussianNoise(0.05),
        layers.Dense(8, activation="tanh"),
        layers.BatchNormalization(),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=32, epochs=4, validation_split=0.2, verbose=0)
for name, values in history.history.items():
    show(name, values)
show("chances", model.predict(x[:3], verbose=0))
model.summary()

images = np.random.rand(20, 8, 8, 1).astype("float32")
kinds = keras.utils.to_categorical(np.random.randint(0, 3, 20), 3)
network = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(4, 3, activation="relu"),
        layers.SpatialDropout2D(0.25),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ]
)
network.compile(keras.optimizers.SGD(0.05, momentum=0.9), "categorical_crossentropy")
show("images", network.fit(images, kinds, batch_size=5, epochs=3, verbose=0).history["loss"])

words = np.random.randint(0, 30, (24, 7))
target = words.mean(axis=1, keepdims=True) / 30
reader = keras.Sequential([keras.Input((7,)), layers.Embedding(30, 5), layers.LSTM(4, dropout=0.2), layers.Dense(1)])
reader.compile("sgd", "mse")
show("words", reader.fit(words, target, batch_size=8, epochs=3, verbose=0).history["loss"])

rows = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(40).batch(30)
judge = keras.Sequential([layers.Dense(2)])
judge.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
show("rows", judge.fit(rows, epochs=3, verbose=0).history["loss"])
show("more rows", judge.fit(rows, epochs=2, verbose=0).history["loss"])

show("uniform", keras.random.uniform((3,), -1.0, 1.0))
show("integers", keras.random.randint((6,), 0, 10, seed=3))
show("shuffled", keras.random.shuffle(np.arange(12.0).reshape(4, 3), seed=3))
show("orthogonal", keras.initializers.Orthogonal(seed=4)((2, 2)))
generator = keras.random.SeedGenerator(9)
show("one after another", [keras.random.normal((2,), seed=generator), keras.random.normal((2,), seed=generator)])

tf.random.set_seed(5)
print(layers.Dense(2, name="after").name)
layer = layers.Dense(2)
layer.build((None, 2))
show("kernel", layer.kernel)
