import tensorflow as tf
from tensorflow import keras
import numpy as np
t = tf.constant([[1., 2., 3.], [4., 5., 6.]])
print(t.shape, t.dtype, t[:, 1:], t[..., 1, tf.newaxis], t + 10, tf.square(t), t @ tf.transpose(t), tf.constant(42))
a = np.array([2., 4., 5.]); print(tf.constant(a)); print(t.numpy()); print(np.array(t)); print(tf.square(a)); print(np.square(t))
try:
    tf.constant(2.0) + tf.constant(40)
except tf.errors.InvalidArgumentError as ex: print(ex)
try:
    tf.constant(2.0) + tf.constant(40., dtype=tf.float64)
except tf.errors.InvalidArgumentError as ex: print(ex)
t2 = tf.constant(40., dtype=tf.float64); print(tf.constant(2.0) + tf.cast(t2, tf.float32))
print(tf.strings.unicode_decode(tf.constant("café"), "UTF-8"), tf.strings.length(tf.constant("café"), unit="UTF8_CHAR"), tf.constant(b"hello world"))
p = tf.constant(["Café", "Coffee", "caffè", "咖啡"]); print(tf.strings.length(p, unit="UTF8_CHAR"), p)
array = tf.TensorArray(dtype=tf.float32, size=3); array = array.write(0, tf.constant([1., 2.])); array = array.write(1, tf.constant([3., 10.])); array = array.write(2, tf.constant([5., 7.])); print(array.read(1)); print(array.stack()) if False else None
def huber_fn(y_true, y_pred):
    error = y_true - y_pred
    return tf.where(tf.abs(error) < 1, tf.square(error) / 2, tf.abs(error) - 0.5)
print(huber_fn(tf.constant([0., 3.]), tf.constant([.5, 0.])))
class HuberLoss(keras.losses.Loss):
    def __init__(self, threshold=1.0, **kwargs): self.threshold = threshold; super().__init__(**kwargs)
    def call(self, y_true, y_pred):
        error = y_true - y_pred; return tf.where(tf.abs(error) < self.threshold, tf.square(error) / 2, self.threshold * tf.abs(error) - self.threshold**2 / 2)
    def get_config(self): return {**super().get_config(), "threshold": self.threshold}
print(HuberLoss(2.)(tf.constant([[0.], [3.]]), tf.constant([[.5], [0.]])), HuberLoss(2.).get_config())
rng = np.random.RandomState(42); X = rng.rand(64, 8).astype("float32"); y = X @ np.arange(8, dtype="float32")[:, None]
class ReconstructingRegressor(keras.Model):
    def __init__(self, output_dim, **kwargs):
        super().__init__(**kwargs); self.hidden = [keras.layers.Dense(5, activation="relu", kernel_initializer="ones") for _ in range(2)]; self.out = keras.layers.Dense(output_dim, kernel_initializer="ones"); self.reconstruct = keras.layers.Dense(8, kernel_initializer="zeros"); self.reconstruction_mean = keras.metrics.Mean(name="reconstruction_error")
    def call(self, inputs, training=None):
        Z = inputs
        for layer in self.hidden: Z = layer(Z)
        reconstruction = self.reconstruct(Z); recon_loss = tf.reduce_mean(tf.square(reconstruction - inputs)); self.add_loss(0.05 * recon_loss)
        if training: self.reconstruction_mean(recon_loss)
        return self.out(Z)
m = ReconstructingRegressor(1); m.compile(loss="mse", optimizer=keras.optimizers.SGD(1e-5)); h = m.fit(X, y, epochs=2, verbose=0, shuffle=False); print({k: np.round(v, 2).tolist() for k, v in sorted(h.history.items())})
class AddGaussianNoise(keras.layers.Layer):
    def __init__(self, stddev, **kwargs): super().__init__(**kwargs); self.stddev = stddev
    def call(self, X, training=None):
        if training: return X + tf.random.normal(tf.shape(X), stddev=self.stddev)
        return X
    def compute_output_shape(self, s): return s
print(AddGaussianNoise(1.0)(X[:1], training=False).shape, AddGaussianNoise(1.0)(X[:2], training=True).shape)
class LayerNormalization(keras.layers.Layer):
    def __init__(self, eps=0.001, **kwargs): super().__init__(**kwargs); self.eps = eps
    def build(self, batch_input_shape):
        self.alpha = self.add_weight(name="alpha", shape=batch_input_shape[-1:], initializer="ones"); self.beta = self.add_weight(name="beta", shape=batch_input_shape[-1:], initializer="zeros")
    def call(self, X):
        mean, variance = tf.nn.moments(X, axes=-1, keepdims=True); return self.alpha * (X - mean) / (tf.sqrt(variance + self.eps)) + self.beta
print(tf.reduce_mean(keras.losses.mean_absolute_error(keras.layers.LayerNormalization()(X), LayerNormalization()(X))).numpy() < 1e-5 if hasattr(keras.losses, "mean_absolute_error") else True)
class MyMultiLayer(keras.layers.Layer):
    def call(self, X): X1, X2 = X; return X1 + X2, X1 * X2, X1 / X2
i1, i2 = keras.layers.Input(shape=[2]), keras.layers.Input(shape=[2]); print([o.shape for o in MyMultiLayer()((i1, i2))]); print(MyMultiLayer()((tf.ones((1, 2)), 2 * tf.ones((1, 2)))))
def f(w1, w2): return 3 * w1 ** 2 + 2 * w1 * w2
w1, w2 = tf.Variable(5.), tf.Variable(3.)
with tf.GradientTape(persistent=True) as hessian_tape:
    with tf.GradientTape() as jacobian_tape: z = f(w1, w2)
    jacobians = jacobian_tape.gradient(z, [w1, w2])
hessians = [hessian_tape.gradient(jacobian, [w1, w2]) for jacobian in jacobians]; del hessian_tape
print(jacobians, hessians)
@tf.custom_gradient
def my_softplus(z):
    def my_softplus_gradients(grads): return grads * (1 - 1 / (1 + tf.exp(z)))
    return tf.math.log(1 + tf.exp(-tf.abs(z))) + tf.maximum(0., z), my_softplus_gradients
x = tf.Variable([1000.]); 
with tf.GradientTape() as tape: zz = my_softplus(x)
print(zz, tape.gradient(zz, [x]))
l2_reg = keras.regularizers.l2(0.05); model = keras.models.Sequential([keras.layers.Dense(30, activation="elu", kernel_initializer="ones", kernel_regularizer=l2_reg), keras.layers.Dense(1, kernel_regularizer=l2_reg, kernel_initializer="ones")])
def random_batch(X, y, batch_size=32): idx = np.arange(batch_size) * 2; return X[idx], y[idx]
def print_status_bar(step, total, loss, metrics=None):
    metrics = " - ".join([f"{m.name}: {m.result():.4f}" for m in [loss] + (metrics or [])]); print(f"{step}/{total} - " + metrics)
optimizer = keras.optimizers.Nadam(learning_rate=0.01); loss_fn = tf.keras.losses.MeanSquaredError(); mean_loss = keras.metrics.Mean(name="mean_loss"); metrics = [keras.metrics.MeanAbsoluteError()]
for epoch in range(1, 3):
    print("Epoch {}/{}".format(epoch, 2))
    for step in range(1, 3):
        X_batch, y_batch = random_batch(X, y)
        with tf.GradientTape() as tape:
            y_pred = model(X_batch, training=True); main_loss = tf.reduce_mean(loss_fn(y_batch, y_pred)); loss = tf.add_n([main_loss] + model.losses)
        gradients = tape.gradient(loss, model.trainable_variables); optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        for variable in model.variables:
            if variable.constraint is not None: variable.assign(variable.constraint(variable))
        mean_loss(loss)
        for metric in metrics: metric(y_batch, y_pred)
        print_status_bar(step, 2, mean_loss, metrics)
    for metric in [mean_loss] + metrics: metric.reset_state()
def cube(x): return x ** 3
tf_cube = tf.function(cube); print(tf_cube(2), tf_cube(tf.constant(2.0)), tf_cube.python_function(3))
@tf.function
def add_10(x):
    for i in tf.range(10): x += 1
    return x
print(add_10(tf.constant(5)))
print(list(tf.range(3)), tf.reduce_sum(tf.range(5)), sum(tf.constant([1, 2])))
