"""Draws without a seed of their own in a `tf.function`, in `fit` and in `Dataset.map`: each is an operation of a graph."""

import keras
import numpy as np
import tensorflow as tf


def show(title, *tensors):
    print(title, *([round(float(x), 4) for x in np.ravel(t)[:4]] for t in tensors))


@tf.function
def three():
    return tf.random.normal([2]), tf.random.uniform([2]), tf.random.normal([2])


@tf.function
def noisy(x):
    return x + tf.random.normal([2])


@tf.function
def nested():
    return tf.random.normal([2]), noisy(tf.zeros(2)), tf.random.normal([2])


@tf.function
def others():
    shuffled, classes = tf.random.shuffle(tf.range(6)), tf.random.categorical([[0.0, 1.0, 2.0]], 4)
    return tf.random.normal([2], seed=7), tf.random.truncated_normal([2]), shuffled, classes


class Noise(keras.layers.Layer):
    @tf.function
    def call(self, x):
        return x + tf.random.uniform(tf.shape(x))


for seed in (1, 1):
    tf.random.set_seed(seed)
    for _ in range(3):
        show("three", *three())
    show("eager", tf.random.normal([2]))
    for shape in ((2,), (2,), (3, 2), (2,)):
        show(f"noisy {shape}", noisy(tf.zeros(shape)))
    for _ in range(2):
        show("nested", *nested())
        show("others", *others())
    for layer in (Noise(), Noise()):
        show("layer", layer(tf.zeros(2)), layer(tf.zeros(2)))

image = tf.reshape(tf.range(6.0), (3, 2, 1))
pictures = tf.data.Dataset.from_tensors(image).repeat(3).map(
    lambda x: (tf.image.random_flip_left_right(x), tf.image.random_contrast(x, 0.3, 0.5), x + tf.random.normal([]))
)
for _ in range(2):
    for picture in pictures:
        show("map", *picture)


class Sampling(keras.layers.Layer):
    def call(self, x):
        return x + tf.random.normal(tf.shape(x))


class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.before, self.sampling, self.after = keras.layers.Dense(2), Sampling(), keras.layers.Dense(1)

    def call(self, x):
        return self.after(self.sampling(self.before(x)))

    def train_step(self, data):
        x, y = data
        level = tf.random.uniform([])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2) + level
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss": loss, "level": level}


x, y = np.ones((10, 3), "float32"), np.ones((10, 1), "float32")
keras.utils.set_random_seed(4)
model = Model()
model.compile("sgd", "mse")
for epochs in (3, 1):
    history = model.fit(x, y, batch_size=4, epochs=epochs, verbose=0, shuffle=False).history
    show("own step", history["loss"], history["level"])
inputs = keras.Input((3,))
model = keras.Model(inputs, keras.layers.Dense(1)(Sampling()(keras.layers.Dense(2)(inputs))))
model.compile("sgd", "mse")
history = model.fit(x, y, batch_size=4, epochs=3, verbose=0, shuffle=False, validation_data=(x, y)).history
show("fit", history["loss"], history["val_loss"])
show("evaluate", model.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0))

keras.utils.set_random_seed(3)
generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam()


@tf.function
def step():
    noise = tf.random.normal([4, 2])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(generator(noise, training=True))
    weights = generator.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss


show("generator", [step() for _ in range(4)])
