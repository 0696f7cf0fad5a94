"""Optimizers and tapes on embeddings whose words are repeated: TensorFlow squares the gradient of each by itself."""

import keras
import numpy as np
import tensorflow as tf

r = np.random.RandomState(0)
words, targets = r.randint(0, 6, (8, 5)), r.rand(8, 1).astype("float32")


def make(shared=False, **options):
    inputs = keras.Input((5,), dtype="int32")
    embedding = keras.layers.Embedding(6, 3, **options)
    x = embedding(inputs)
    if shared:
        x = x + keras.ops.flip(embedding(inputs), 1)
    outputs = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(x))
    model = keras.Model(inputs, outputs)
    random = np.random.RandomState(3)
    model.set_weights([random.randn(*w.shape).astype("float32") for w in model.get_weights()])
    return model


def show(title, model):
    weights = model.get_weights()[0]
    print(title, *(f"{w:.4f}" for w in weights.ravel()[:6]), f"{np.abs(weights).sum():.3f}")


def fit(title, optimizer, model=None, eager=False):
    model = model or make()
    model.compile(optimizer, "mse", run_eagerly=eager)
    for _ in range(3):
        model.fit(words, targets, batch_size=8, shuffle=False, verbose=0)
    show(title, model)


for kind in ("SGD", "Adam", "AdamW", "Adamax", "Nadam", "Lamb", "RMSprop", "Adagrad", "Lion"):
    fit(kind, getattr(keras.optimizers, kind)(0.05))
fit("amsgrad", keras.optimizers.Adam(0.05, amsgrad=True))
fit("eager", keras.optimizers.Adam(0.05), eager=True)
fit("masked", keras.optimizers.Adam(0.05), make(mask_zero=True))
fit("shared", keras.optimizers.Adam(0.05), make(True))
fit("regularized", keras.optimizers.Adam(0.05), make(embeddings_regularizer="l2"))
fit("two steps", keras.optimizers.Adam(0.05, gradient_accumulation_steps=2))
fit("decay", keras.optimizers.Adam(0.05, weight_decay=0.1))
fit("average", keras.optimizers.Adam(0.05, use_ema=True, ema_overwrite_frequency=2))
for shared in (False, True):
    for wrap in (lambda f: f, tf.function):
        model, optimizer = make(shared), keras.optimizers.Adam(0.05)

        @wrap
        def step(model=model, optimizer=optimizer):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(words, training=True) - targets) ** 2)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for _ in range(3):
            step()
        show(f"tape, shared={shared}", model)

table, optimizer = tf.Variable(np.arange(8.0).reshape(4, 2).astype("float32") / 8), keras.optimizers.Adam(0.1)
for _ in range(3):
    with tf.GradientTape() as tape:
        rows = tf.gather(table, [[0, 0], [0, 3]])
        loss = tf.reduce_sum(rows * rows * [1.0, 2.0]) + tf.reduce_sum(tf.nn.embedding_lookup(table, [3, 3, 1]))
    optimizer.apply_gradients([(tape.gradient(loss, table), table)])
print(table.numpy().round(4))
