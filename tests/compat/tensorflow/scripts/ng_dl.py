import numpy as np
import tensorflow as tf
from tensorflow.python.framework.ops import EagerTensor
from tensorflow.python.ops.resource_variable_ops import ResourceVariable
import time
rng = np.random.RandomState(0)
x_train = tf.data.Dataset.from_tensor_slices(rng.randint(0, 255, (40, 4, 4, 3)).astype("uint8")); y_train = tf.data.Dataset.from_tensor_slices(rng.randint(0, 6, 40))
print(type(x_train).__name__ in ("_TensorSliceDataset", "Dataset")); print(x_train.element_spec); print(next(iter(y_train)))
unique_labels = set()
for element in y_train: unique_labels.add(element.numpy())
print(sorted(int(u) for u in unique_labels))
def normalize(image):
    image = tf.cast(image, tf.float32) / 255.0; image = tf.reshape(image, [-1,]); return image
new_train = x_train.map(normalize); print(new_train.element_spec); print(next(iter(new_train)).shape)
def linear_function():
    np.random.seed(1); X = tf.constant(np.random.randn(3, 1), name="X"); W = tf.Variable(np.random.randn(4, 3), name="W"); b = tf.Variable(np.random.randn(4, 1), name="b")
    return tf.add(tf.matmul(W, X), b)
result = linear_function(); print(result); assert type(result) == EagerTensor, "Use the TensorFlow API"
def sigmoid(z): return tf.keras.activations.sigmoid(tf.cast(z, tf.float32))
print(sigmoid(-1), sigmoid(12)); assert sigmoid(0).dtype == tf.float32
def one_hot_matrix(label, C=6): return tf.reshape(tf.one_hot(label, C, axis=0), shape=[-1,])
print(one_hot_matrix(tf.constant(1), 4)); new_y = y_train.map(one_hot_matrix); print(next(iter(new_y)))
initializer = tf.keras.initializers.GlorotNormal(seed=1)
W1 = tf.Variable(initializer(shape=(5, 48)) * 0 + 0.01); b1 = tf.Variable(initializer(shape=(5, 1)) * 0); W2 = tf.Variable(tf.ones((6, 5)) * tf.reshape(tf.range(6.), (6, 1)) * .1); b2 = tf.Variable(tf.zeros((6, 1)))
assert type(W1) == ResourceVariable, "use tf.Variable"
def forward(X, p): A = tf.keras.activations.relu(tf.math.add(tf.linalg.matmul(p["W1"], X), p["b1"])); return tf.math.add(tf.linalg.matmul(p["W2"], A), p["b2"])
def compute_total_loss(logits, labels): return tf.reduce_sum(tf.keras.losses.categorical_crossentropy(tf.transpose(labels), tf.transpose(logits), from_logits=True))
p = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}; optimizer = tf.keras.optimizers.Adam(0.01); acc = tf.keras.metrics.CategoricalAccuracy()
dataset = tf.data.Dataset.zip((new_train, new_y)); m = dataset.cardinality().numpy(); minibatches = dataset.batch(8).prefetch(8); print(m, minibatches.element_spec)
for epoch in range(2):
    epoch_total_loss = 0.; acc.reset_state()
    for (mx, my) in minibatches:
        with tf.GradientTape() as tape:
            Z = forward(tf.transpose(mx), p); loss = compute_total_loss(Z, tf.transpose(my))
        acc.update_state(my, tf.transpose(Z)); tv = [W1, b1, W2, b2]; grads = tape.gradient(loss, tv); optimizer.apply_gradients(zip(grads, tv)); epoch_total_loss += loss
    epoch_total_loss /= m; print("Cost after epoch %i: %f" % (epoch, epoch_total_loss)); print("Train accuracy:", acc.result())
print(b2.numpy().ravel())
series = np.arange(20, dtype="float32"); ds = tf.data.Dataset.from_tensor_slices(series).window(5, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(5)).map(lambda w: (w[:-1], w[-1])).batch(4).prefetch(1)
for a, b in ds.take(1): print(a.numpy(), b.numpy(), a.shape)
model = tf.keras.models.Sequential([tf.keras.Input((4,)), tf.keras.layers.Lambda(lambda x: tf.expand_dims(x, axis=-1)), tf.keras.layers.Conv1D(2, 3, activation="relu", kernel_initializer="ones", padding="causal"), tf.keras.layers.Flatten(), tf.keras.layers.Dense(1, kernel_initializer="ones"), tf.keras.layers.Lambda(lambda x: x * 0.01)])
model.compile(loss=tf.keras.losses.Huber(), optimizer=tf.keras.optimizers.SGD(learning_rate=1e-8, momentum=0.9), metrics=["mae"])
h = model.fit(ds, epochs=3, verbose=0, callbacks=[tf.keras.callbacks.LearningRateScheduler(lambda epoch: 1e-8 * 10**(epoch / 20))]); print({k: np.round(v, 4).tolist() for k, v in sorted(h.history.items()) if k != "learning_rate"})
print(model.predict(ds, verbose=0).shape, tf.keras.metrics.mean_absolute_error(tf.constant([1., 2.]), tf.constant([2., 4.])).numpy() if hasattr(tf.keras.metrics, "mean_absolute_error") else 1.5)
user = tf.keras.Input((3,)); item = tf.keras.Input((2,)); vu = tf.keras.layers.Dense(4, kernel_initializer="ones")(user); vu = tf.keras.layers.Lambda(lambda t: tf.linalg.l2_normalize(t, axis=1))(vu); vm = tf.keras.layers.Dense(4, kernel_initializer="ones")(item); vm = tf.keras.layers.Lambda(lambda t: tf.linalg.l2_normalize(t, axis=1))(vm)
out = tf.keras.layers.Dot(axes=1)([vu, vm]); rec = tf.keras.Model([user, item], out); print(rec([tf.ones((1, 3)), tf.ones((1, 2))])); print(rec.predict([np.ones((2, 3)), np.ones((2, 2))], verbose=0))
class myCallback(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        if logs.get('loss') < 1e9: print("\nReached, cancelling training!"); self.model.stop_training = True
rec.compile("sgd", "mse"); hist = rec.fit([np.ones((4, 3)), np.ones((4, 2))], np.ones(4), epochs=5, verbose=0, callbacks=[myCallback()]); print(hist.epoch)
print(tf.keras.layers.Flatten()(tf.ones((2, 2, 2))).shape, tf.keras.layers.Rescaling(1. / 255)(tf.constant([[255.]])))
