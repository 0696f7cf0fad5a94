# expect: f1: > -1
# parity
import numpy as np
import keras
from keras import layers, ops
keras.utils.set_random_seed(0)
class CustomModel(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = ops.mean(ops.square(y - y_pred))
        self.loss_tracker.update_state(loss)
        return loss + sum(self.losses)
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        self.mae_metric.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()
    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]
class Linear(layers.Layer):
    def __init__(self, units=32, **kw):
        super().__init__(**kw); self.units = units
    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer=keras.initializers.RandomNormal(stddev=0.1, seed=1), regularizer=keras.regularizers.L2(1e-3), trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", constraint=keras.constraints.NonNeg())
    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b
class ActivityReg(layers.Layer):
    def call(self, inputs):
        self.add_loss(1e-3 * ops.mean(ops.abs(inputs)))
        return inputs
class RandomDropout(layers.Layer):
    def __init__(self, rate=0.0, **kw):
        super().__init__(**kw); self.rate = rate; self.seed_generator = keras.random.SeedGenerator(1337)
    def call(self, x, training=None):
        if training:
            return keras.random.dropout(x, rate=self.rate, seed=self.seed_generator)
        return x
inputs = keras.Input((8,))
x = Linear(6, name="lin")(inputs)
x = ActivityReg()(ops.relu(x))
x = RandomDropout(0.0)(x)
outputs = Linear(1)(x)
model = CustomModel(inputs, outputs)
model.compile(optimizer="adam")
rng = np.random.RandomState(0)
X, Y = rng.rand(64, 8).astype("float32"), rng.rand(64, 1).astype("float32")
h = model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
print({k: [round(float(v), 4) for v in vs] for k, vs in h.history.items()})
print({k: round(float(v), 4) for k, v in model.evaluate(X, Y, verbose=0, return_dict=True).items()})
class F1(keras.metrics.Metric):
    def __init__(self, name="f1", **kw):
        super().__init__(name=name, **kw)
        self.tp = self.add_variable(shape=(), initializer="zeros", name="tp")
        self.n = self.add_weight(shape=(), initializer="zeros", name="n")
    def update_state(self, y_true, y_pred, sample_weight=None):
        p = ops.cast(ops.greater(y_pred, 0.5), "float32")
        self.tp.assign_add(ops.sum(p * ops.cast(y_true, "float32")))
        self.n.assign(self.n + ops.sum(p) + ops.sum(ops.cast(y_true, "float32")))
    def result(self):
        return 2 * self.tp / (self.n + keras.backend.epsilon())
    def reset_state(self):
        self.tp.assign(0.); self.n.assign(0.)
m = keras.Sequential([keras.Input((8,)), layers.Dense(4, activation=keras.activations.silu, kernel_initializer="lecun_normal"), layers.Dense(1, activation="sigmoid")])
m.compile(keras.optimizers.AdamW(1e-2, weight_decay=1e-3), keras.losses.BinaryFocalCrossentropy(), metrics=[F1(), keras.metrics.AUC(), keras.metrics.Precision(), keras.metrics.Recall(), "binary_accuracy"])
L = (Y > 0.5).astype("int32")
h = m.fit(X, L, epochs=2, batch_size=16, verbose=0, class_weight={0: 1.0, 1: 2.0})
print({k: round(float(v[-1]), 3) for k, v in h.history.items()})
tv, ntv = m.trainable_variables, m.non_trainable_variables
y1 = m.stateless_call([v.value for v in tv], [v.value for v in ntv], X[:2])
print(np.round(np.array(y1[0]), 4).ravel(), len(y1))
print([v.name for v in m.layers[0].weights], m.layers[0].path, [w.path for w in m.layers[1].weights])
sched = keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=3)
print([round(float(sched(i)), 4) for i in range(5)], round(float(keras.optimizers.schedules.PiecewiseConstantDecay([2, 4], [1., .5, .1])(3)), 4))
print('f1:', round(float(h.history['f1'][-1]), 3), len(model.get_layer("lin").metrics))
