"""Cross-entropies of probabilities that saturate, since the inputs are not scaled: from logits, or cut off without."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

layers, losses = keras.layers, keras.losses
rng = np.random.default_rng(0)
x = (rng.normal(size=(200, 8)) * 100).astype("float32")
yes = (x[:, :1] + x[:, 1:2] > 0).astype("float32")
numbers = np.abs(x[:, 0] // 60).clip(0, 3).astype("int64")
rows = np.eye(4, dtype="float32")[numbers]


def network(units, activation):
    keras.utils.set_random_seed(3)
    return keras.Sequential([layers.Input((8,)), layers.Dense(6, "relu"), layers.Dense(units, activation)])


def train(name, model, loss, y, metrics=None):
    model.compile("adam", loss, metrics=metrics)
    history = model.fit(x, y, epochs=3, verbose=0, validation_split=0.2).history
    print(name, {key: np.round(values, 3).tolist() for key, values in history.items()})
    print("  evaluated", [np.round(model.evaluate(x, y, verbose=0), 3).tolist() for _ in range(4)])
    print("  of a few", np.round(model.evaluate(x[:7], y[:7], verbose=0), 3), np.round(model.test_on_batch(x[:5], y[:5]), 3))


train("yes or no", network(1, "sigmoid"), "binary_crossentropy", yes, ["accuracy"])
train("as a metric", network(1, "sigmoid"), "mse", yes, ["binary_crossentropy"])
train("classes", network(4, "softmax"), "categorical_crossentropy", rows, ["categorical_crossentropy"])
train("numbers", network(4, "softmax"), "sparse_categorical_crossentropy", numbers)
train("sigmoid for classes", network(4, "sigmoid"), "categorical_crossentropy", rows)
train("softmax for yes or no", network(4, "softmax"), "binary_crossentropy", rows)
train("focal", network(1, "sigmoid"), losses.BinaryFocalCrossentropy(), yes)
train("focal classes", network(4, "softmax"), losses.CategoricalFocalCrossentropy(), rows)
train("smoothed", network(4, "softmax"), losses.CategoricalCrossentropy(label_smoothing=0.1), rows)
train("logits twice", network(4, "softmax"), losses.CategoricalCrossentropy(from_logits=True), rows)
train("a function", network(4, "softmax"), lambda a, b: losses.categorical_crossentropy(a, b), rows)
train("backend", network(4, "softmax"), lambda a, b: keras.backend.categorical_crossentropy(a, b), rows)
for last in (layers.Softmax(), layers.Activation("softmax"), layers.Reshape((4,))):
    model = network(4, "softmax" if isinstance(last, layers.Reshape) else None)
    model.add(last)
    train(type(last).__name__, model, "categorical_crossentropy", rows)

keras.utils.set_random_seed(3)
inputs = layers.Input((8,))
ends = {"a": layers.Dense(1, "sigmoid", name="a"), "b": layers.Dense(4, "softmax", name="b"), "c": layers.Dense(1, name="c")}
model = keras.Model(inputs, {name: layer(inputs) for name, layer in ends.items()})
model.compile("adam", {"a": "binary_crossentropy", "b": "categorical_crossentropy", "c": "mse"})
print("three outputs", np.round(model.fit(x, {"a": yes, "b": rows, "c": yes}, epochs=2, verbose=0).history["loss"], 2))
for _ in range(4):
    outputs = model(x)
    print(*(f"{float(loss(y, outputs[name])):.3f}" for name, y, loss in [
        ("a", yes, losses.BinaryCrossentropy()), ("b", rows, losses.CategoricalCrossentropy()),
        ("c", yes, losses.MeanSquaredError())]))

batch, labels = tf.constant(x[:64]), tf.constant(rows[:64])
for kind in ("eager", "graph", "in parts"):
    model, optimizer = network(4, "softmax"), keras.optimizers.Adam()
    loss_fn, metric = losses.CategoricalCrossentropy(), keras.metrics.CategoricalCrossentropy()

    def step():
        with tf.GradientTape() as tape:
            probabilities = model(batch, training=True)
            loss = loss_fn(labels, probabilities)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        metric.update_state(labels, probabilities)
        return loss

    run = tf.function(step) if kind == "graph" else step
    losses_of_steps = [float(run()) for _ in range(20)]
    print(kind, np.round(losses_of_steps[::4], 3), f"{float(metric.result()):.3f}")
    print([f"{float(loss_fn(labels, model(batch))):.3f}" for _ in range(6)])
    if kind == "in parts":  # graphs know nothing of the logits of their arguments
        predict, judge = tf.function(lambda x: model(x)), tf.function(lambda y, p: loss_fn(y, p))
        print([f"{float(loss_fn(labels, predict(batch))):.3f}" for _ in range(4)])
        print([f"{float(judge(labels, model(batch))):.3f}" for _ in range(4)])

keras.utils.set_random_seed(2)
generator = keras.Sequential([layers.Input((3,)), layers.Dense(4, "sigmoid")])
critic = keras.Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid")])
bce, first, second = losses.BinaryCrossentropy(), keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1)
for _ in range(8):
    noise, real = tf.constant(rng.normal(size=(5, 3)) * 300, "float32"), tf.constant(rng.normal(size=(5, 4)) * 300, "float32")
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        fake = generator(noise, training=True)
        right, wrong = critic(real, training=True), critic(fake, training=True)
        a, b = bce(tf.ones_like(wrong), wrong), bce(tf.ones_like(right), right) + bce(tf.zeros_like(wrong), wrong)
    changes = [outer.gradient(a, generator.trainable_variables), inner.gradient(b, critic.trainable_variables)]
    first.apply_gradients(zip(changes[0], generator.trainable_variables))
    second.apply_gradients(zip(changes[1], critic.trainable_variables))
    print(f"{float(a):.3f} {float(b):.2f}")

with tf.GradientTape(persistent=True) as tape:
    v = tf.Variable([[50.0, -50.0]])
    p = keras.activations.sigmoid(v)
    loss = losses.BinaryCrossentropy()(tf.constant([[0.0, 1.0]]), p)
    far = losses.MeanSquaredError()(tf.constant([[0.0, 1.0]]), p)
print(float(loss), tape.gradient(loss, v).numpy(), tape.gradient(loss, p), tape.gradient(far, p).numpy())

masked = keras.Sequential([
    layers.Input((None,)), layers.Embedding(5, 4, mask_zero=True), layers.LSTM(3, return_sequences=True),
    layers.TimeDistributed(layers.Dense(2, "softmax"))])
masked.set_weights([w * 100 for w in masked.get_weights()])
masked.compile("sgd", "sparse_categorical_crossentropy")
words, tags = tf.constant([[1, 2, 0], [3, 0, 0]]), tf.constant([[0, 1, 1], [1, 0, 0]])
print([f"{float(losses.SparseCategoricalCrossentropy()(tags, masked(words))):.3f}" for _ in range(5)])
print([f"{masked.evaluate(words, tags, verbose=0):.3f}" for _ in range(4)])

keras.utils.set_random_seed(0)
steady = keras.Sequential([keras.Input(batch_shape=(2, 4, 1)), layers.LSTM(3, stateful=True), layers.Dense(2, "softmax")])
print([round(float(steady(tf.ones((2, 4, 1)))[0, 0]), 4) for _ in range(8)])

frozen = network(4, "softmax")
frozen.trainable = False
print([f"{float(losses.CategoricalCrossentropy()(rows, frozen(x))):.3f}" for _ in range(8)])
print(np.round(tf.nn.sparse_softmax_cross_entropy_with_logits(numbers[:4], frozen(x[:4])), 3))  # of probabilities, as told
many, answers = tf.tile(x, (60, 1)), tf.tile(rows, (60, 1))
print([f"{float(losses.CategoricalCrossentropy()(answers, frozen(many))):.3f}" for _ in range(6)])
