# What small courses do beside the layers: initial values, class weights on a Dataset, shades of gray, checkpoints.
import tempfile

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(3)
print(tf.random_normal_initializer()(shape=(2,)).numpy(), keras.initializers.RandomUniform()((2,)).numpy())
print(tf.random_uniform_initializer(0, None)((2,)).numpy(), tf.random_uniform_initializer(0, 10)((2,), tf.int32).numpy())
print(tf.random_normal_initializer(seed=4)((2,)).numpy(), tf.random_normal_initializer(0.0, 1.0).get_config()["stddev"])
layer = keras.layers.Dense(2, kernel_initializer=tf.random_normal_initializer(stddev=0.1))
layer.build((None, 2))
print(layer.kernel.numpy())

x, y = np.linspace(-1, 1, 24).reshape(8, 3), np.arange(8) % 3
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "softmax", kernel_initializer="zeros")])
model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy())
losses = model.fit(data, class_weight={0: 1.0, 1: 5.0, 2: 0.5}, epochs=2, verbose=0).history["loss"]
print(np.round(losses, 5))

print(tf.image.rgb_to_grayscale(np.array([[[195, 103, 9], [192, 67, 251], [172, 47, 117]]], "uint8")).numpy().ravel())

with tempfile.TemporaryDirectory() as folder:
    checkpoint = tf.train.Checkpoint(model=model)
    path = checkpoint.save(folder + "/a")
    before = model.get_weights()[0]
    model.set_weights([np.zeros((3, 3)), np.zeros(3)])
    checkpoint.restore(path)
    print(path[len(folder):], np.array_equal(before, model.get_weights()[0]))
