import tensorflow as tf
import numpy as np
tf.random.set_seed(22)
def xavier_init(shape):
    in_dim, out_dim = shape; xavier_lim = tf.sqrt(6.) / tf.sqrt(tf.cast(in_dim + out_dim, tf.float32))
    return tf.random.uniform(shape=(in_dim, out_dim), minval=-xavier_lim, maxval=xavier_lim, seed=22)
class DenseLayer(tf.Module):
    def __init__(self, out_dim, weight_init=xavier_init, activation=tf.identity): self.out_dim = out_dim; self.weight_init = weight_init; self.activation = activation; self.built = False
    def __call__(self, x):
        if not self.built:
            self.in_dim = x.shape[1]; self.w = tf.Variable(self.weight_init(shape=(self.in_dim, self.out_dim))); self.b = tf.Variable(tf.zeros(shape=(self.out_dim,))); self.built = True
        return self.activation(tf.add(tf.matmul(x, self.w), self.b))
class MLP(tf.Module):
    def __init__(self, layers): self.layers = layers
    def __call__(self, x, preds=False):
        for layer in self.layers: x = layer(x)
        return x
def cross_entropy_loss(y_pred, y): return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=y_pred))
def accuracy(y_pred, y): class_preds = tf.argmax(tf.nn.softmax(y_pred), axis=1); return tf.reduce_mean(tf.cast(tf.equal(y, class_preds), tf.float32))
class Adam:
    def __init__(self, learning_rate=1e-2, beta_1=0.9, beta_2=0.999, ep=1e-7): self.beta_1, self.beta_2, self.learning_rate, self.ep, self.t, self.v_dvar, self.s_dvar, self.built = beta_1, beta_2, learning_rate, ep, 1., [], [], False
    def apply_gradients(self, grads, vars):
        if not self.built:
            for var in vars: self.v_dvar.append(tf.Variable(tf.zeros(shape=var.shape))); self.s_dvar.append(tf.Variable(tf.zeros(shape=var.shape)))
            self.built = True
        for i, (d_var, var) in enumerate(zip(grads, vars)):
            self.v_dvar[i].assign(self.beta_1 * self.v_dvar[i] + (1 - self.beta_1) * d_var); self.s_dvar[i].assign(self.beta_2 * self.s_dvar[i] + (1 - self.beta_2) * tf.square(d_var))
            v_bc = self.v_dvar[i] / (1 - (self.beta_1 ** self.t)); s_bc = self.s_dvar[i] / (1 - (self.beta_2 ** self.t)); var.assign_sub(self.learning_rate * (v_bc / (tf.sqrt(s_bc) + self.ep)))
        self.t += 1.; return
x = tf.random.normal((300, 10)); y = tf.cast(tf.reduce_sum(x, axis=1) > 0, tf.int64)
ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(100); val = ds.take(1)
model = MLP([DenseLayer(16, activation=tf.nn.relu), DenseLayer(8, activation=tf.nn.relu), DenseLayer(2)]); opt = Adam()
for epoch in range(3):
    losses = []
    for xb, yb in ds:
        with tf.GradientTape() as tape: batch_loss = cross_entropy_loss(model(xb), yb)
        grads = tape.gradient(batch_loss, model.variables); opt.apply_gradients(grads, model.variables); losses.append(batch_loss)
    print(f"Epoch: {epoch} Training loss: {tf.reduce_mean(losses):.3f}, accuracy {accuracy(model(x), y):.3f}")
print(tf.math.confusion_matrix(y, tf.argmax(model(x), axis=1)).shape, len(model.variables))
x = tf.Variable(tf.random.normal([2, 2], seed=5)); print(x); print(tf.random.uniform((2,), seed=1), tf.random.normal((2,), seed=1))
class Normalize(tf.Module):
    def __init__(self, x): self.mean = tf.Variable(tf.math.reduce_mean(x, axis=0)); self.std = tf.Variable(tf.math.reduce_std(x, axis=0))
    def norm(self, x): return (x - self.mean) / self.std
    def unnorm(self, x): return (x * self.std) + self.mean
n = Normalize(tf.reshape(tf.range(12.), (4, 3))); print(n.norm(tf.ones((1, 3))), n.unnorm(tf.zeros((1, 3))))
def power(x, i): return tf.pow(x, i)
class CubicReg(tf.Module):
    def __init__(self): self.a = tf.Variable(tf.random.uniform(shape=[4], seed=1))
    @tf.function
    def __call__(self, x): return sum(self.a[i] * tf.pow(x, i) for i in range(4))
c = CubicReg(); print(c(tf.constant([1., 2.])))
with tf.GradientTape() as t: l = tf.reduce_mean(tf.square(c(tf.constant([1., 2.])) - 1))
print(t.gradient(l, c.trainable_variables))
w = tf.Variable([1., -2.]); b = tf.Variable(0.5)
def log_loss(y_pred, y): ce = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=y_pred); return tf.reduce_mean(ce)
with tf.GradientTape() as t: l = log_loss(tf.linalg.matvec(tf.constant([[1., 2.], [3., 4.]]), w) + b, tf.constant([1., 0.]))
print(l, t.gradient(l, [w, b]))
print(tf.data.experimental.AUTOTUNE, tf.math.log(tf.constant(10.)), np.round(tf.math.exp(tf.constant([0., 1.])), 3))
