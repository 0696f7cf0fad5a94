"""Datasets of unknown length: TensorFlow begins a step at their end that finds no batch, and counts it nevertheless."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

L = keras.layers
r = np.random.RandomState(0)
x = r.rand(100, 6).astype("float32")
y = (x.sum(1) > 3).astype("float32")[:, None]


def filtered(rows, fixed=False):
    ds = tf.data.Dataset.from_tensor_slices((x[:rows], y[:rows])).filter(lambda a, b: a[0] > -1)
    return ds.batch(16, drop_remainder=fixed)


def generated():
    signature = tf.TensorSpec((6,), tf.float32), tf.TensorSpec((1,), tf.float32)
    return tf.data.Dataset.from_generator(lambda: zip(x, y), output_signature=signature).batch(16)


def batches():
    for i in range(5):
        yield x[16 * i : 16 * i + 16], y[16 * i : 16 * i + 16]


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.scale = L.Dense(1), tf.Variable(1.0)
        self.mean, self.error = keras.metrics.Mean(name="loss"), keras.metrics.MeanAbsoluteError()
        self.own_optimizer = keras.optimizers.Adam(0.01)

    @property
    def metrics(self):
        return [self.mean, self.error]

    def train_step(self, data):
        with tf.GradientTape() as tape:
            outputs = self.dense(data[0]) * self.scale
            loss = tf.reduce_mean((outputs - data[1]) ** 2)
        weights = self.dense.trainable_variables
        self.own_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        self.mean.update_state(loss)
        self.error.update_state(data[1], outputs)
        return {metric.name: metric.result() for metric in self.metrics}


def run(name, ds, optimizer="adam", layer=None, **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6,)), L.Dense(8, "relu"), layer or L.Identity(), L.Dense(1, "sigmoid")])
    compiling = {k: options.pop(k) for k in ("run_eagerly", "steps_per_execution") if k in options}
    metrics = ["accuracy", keras.metrics.F1Score(threshold=0.5)] if name == "scores" else ["accuracy"]
    model.compile(optimizer, "binary_crossentropy", metrics=metrics, **compiling)
    history = model.fit(ds, epochs=1 if name == "batches" else 3, verbose=0, **options).history
    print(name, {k: np.round(vs, 4).tolist() for k, vs in history.items()}, int(model.optimizer.iterations))
    print([np.round(v, 4).tolist() for v in model.evaluate(filtered(40), verbose=0)])


run("filter", filtered(100))
run("scores", filtered(100))
run("generator", generated(), "rmsprop")
run("batches", batches(), layer=L.Dropout(0.3))
run("dropout", filtered(100), layer=L.Dropout(0.3))
run("noise", filtered(100), layer=L.GaussianNoise(0.3))
run("means", filtered(100), layer=L.BatchNormalization())
decay = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
run("schedule", filtered(100), keras.optimizers.RMSprop(decay))
run("average", filtered(100), keras.optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=2))
run("validated", filtered(100), layer=L.Dropout(0.3), validation_data=filtered(32))
run("of one size", filtered(100, True))
run("validated of one size", filtered(100), validation_data=filtered(40, True))
run("eager", filtered(100), layer=L.Dropout(0.3), run_eagerly=True)
run("joined", filtered(100), layer=L.Dropout(0.3), steps_per_execution=2)
run("known", filtered(100).apply(tf.data.experimental.assert_cardinality(7)), layer=L.Dropout(0.3))
run("counted", filtered(100).repeat(), layer=L.Dropout(0.3), steps_per_epoch=5)
stop = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: setattr(stop.model, "stop_training", batch == 3))
run("stopped", filtered(100), layer=L.Dropout(0.3), callbacks=[stop])
keras.utils.set_random_seed(3)
own = Own()
own.compile()
print({k: [f"{v:.4f}" for v in vs] for k, vs in own.fit(filtered(100), epochs=3, verbose=0).history.items()})
