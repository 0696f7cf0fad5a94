"""Recurrences and branches by tf.scan, tf.foldl, tf.case and tf.switch_case, a generator's upsampling, and old settings.

Plain networks, rewards and pipelines as course notebooks write them.
"""

import tensorflow as tf

inner, outer = tf.Variable(tf.ones((2, 3)) * 0.2), tf.Variable(tf.eye(3) * 0.1)
series = tf.reshape(tf.range(24.0), (4, 3, 2)) / 10


def step(state, x):
    return tf.tanh(x @ inner + state @ outer)


@tf.function
def states(x):
    return tf.scan(step, x, initializer=tf.zeros((3, 3)))


with tf.GradientTape() as tape:
    loss = tf.reduce_mean(states(series)[-1] ** 2)
print(loss, *tape.gradient(loss, [inner, outer]))
print(states(series)[:, 0], states(series * 2)[-1])

rewards = tf.constant([1.0, 0.0, 2.0])
print(tf.scan(lambda total, r: r + 0.9 * total, rewards, reverse=True))
print(tf.foldl(lambda total, r: 0.9 * total + r, rewards), tf.foldr(lambda total, r: 0.9 * total + r, rewards))


@tf.function
def clipped(v):
    return tf.case([(v < 0, lambda: v * 0), (v > 10, lambda: v * 0 + 10)], default=lambda: v)


@tf.function
def act(i, v):
    return tf.switch_case(i, [lambda: v + 1, lambda: v * 10])


print([clipped(tf.constant(v)).numpy() for v in (-3.0, 5.0, 30.0)], act(tf.constant(1), 3.0))


class Generator(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.ones((5, 12)) * 0.1)
        self.kernel = tf.Variable(tf.reshape(tf.range(27.0), (3, 3, 1, 3)) / 100)

    def __call__(self, z):
        x = tf.reshape(tf.nn.relu(z @ self.w), (-1, 2, 2, 3))
        return tf.nn.conv2d_transpose(x, self.kernel, [tf.shape(z)[0], 4, 4, 1], strides=[1, 2, 2, 1], padding="SAME")


generator = Generator()
with tf.GradientTape() as tape:
    images = generator(tf.ones((2, 5)))
    loss = tf.reduce_mean(tf.square(images))
print(images[0, :, :, 0], *(tf.reduce_sum(g) for g in tape.gradient(loss, generator.trainable_variables)))

options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
dataset = tf.data.Dataset.range(4).with_options(options).batch(2).apply(tf.data.experimental.unbatch())
print(list(dataset.as_numpy_iterator()))
strategy = tf.distribute.experimental.CentralStorageStrategy()
with strategy.scope():
    v = tf.Variable(1.0)
print(strategy.run(lambda: v * 2))
for module in (tf.data.experimental, tf.distribute, tf.distribute.experimental, tf.config.experimental):
    print(hasattr(module, "nonsense"))
