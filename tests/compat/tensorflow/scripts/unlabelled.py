"""One-hot targets of which some rows are all zeros, as of padded steps: their loss is 0, but not their gradient."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

layers, losses = keras.layers, keras.losses
rng = np.random.default_rng(1)
words = np.eye(5, dtype="float32")[rng.integers(0, 5, (64, 6))]
words[np.arange(6) >= rng.integers(1, 7, (64, 1))] = 0
x = rng.normal(size=(64, 6, 3)).astype("float32")
for last, loss in (
    ("softmax", "categorical_crossentropy"),
    (None, losses.CategoricalCrossentropy(from_logits=True)),
    ("softmax", losses.CategoricalCrossentropy(label_smoothing=0.2)),
):
    keras.utils.set_random_seed(2)
    model = keras.Sequential([layers.Input((6, 3)), layers.LSTM(8, return_sequences=True), layers.Dense(5, last)])
    model.compile("adam", loss, metrics=["accuracy"])
    history = model.fit(x, words, epochs=4, batch_size=16, verbose=0, shuffle=False).history
    print(np.round(history["loss"], 4), np.round(history["accuracy"], 3), model.predict(x[:1], verbose=0)[0, -1].round(3))

tokens = np.where(words.any(-1), rng.integers(1, 9, (64, 6)), 0)
for name, masked, policy, weights in (
    ("masked", True, "float32", None),
    ("half", False, "mixed_float16", None),
    ("weighted", False, "float32", rng.random((64, 6)).astype("float32")),
):
    keras.utils.set_random_seed(5)
    keras.mixed_precision.set_global_policy(policy)
    model = keras.Sequential([layers.Input((6,)), layers.Embedding(9, 6, mask_zero=masked), layers.GRU(5, return_sequences=True)])
    model.add(layers.Dense(5))
    model.add(layers.Activation("softmax", dtype="float32"))
    keras.mixed_precision.set_global_policy("float32")
    model.compile(keras.optimizers.SGD(0.5), "categorical_crossentropy")
    history = model.fit(tokens, words, epochs=3, verbose=0, shuffle=False, sample_weight=weights).history
    print(name, np.round(history["loss"], 3), model.get_weights()[-1].round(3))

z, target = tf.Variable([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]]), tf.constant([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
for name, function in {
    "nn": lambda: tf.nn.softmax_cross_entropy_with_logits(target, z),
    "nn, axis 0": lambda: tf.nn.softmax_cross_entropy_with_logits(target, z, axis=0),
    "nn, one row for all": lambda: tf.nn.softmax_cross_entropy_with_logits([[0.0, 1.0, 0.0]], z),
    "nn, a second softmax": lambda: tf.nn.softmax_cross_entropy_with_logits(target, tf.nn.softmax(z)),
    "from logits": lambda: losses.categorical_crossentropy(target, z, from_logits=True),
    "ops": lambda: keras.ops.categorical_crossentropy(target, z, from_logits=True),
    "no softmax": lambda: losses.categorical_crossentropy(target, tf.abs(z) + 0.1),
}.items():
    def step():
        with tf.GradientTape() as tape:
            y = function()
        return y, tape.gradient(y, z)

    for run in (step, tf.function(step)):
        y, gradient = run()
        print(name, y.numpy().round(4) + 0.0, (gradient.numpy().round(4) + 0.0).tolist())
