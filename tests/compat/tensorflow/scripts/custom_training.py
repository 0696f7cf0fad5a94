import tensorflow as tf
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers
rng = np.random.RandomState(0)
x_train = rng.rand(200, 8).astype("float32"); y_train = (x_train[:, 0] * 3).astype("int64") % 3
inputs = keras.Input(shape=(8,), name="digits"); x1 = layers.Dense(16, activation="relu", kernel_initializer=keras.initializers.Constant(0.01))(inputs); outputs = layers.Dense(3, name="predictions", kernel_initializer="zeros")(x1)
model = keras.Model(inputs=inputs, outputs=outputs)
optimizer = keras.optimizers.SGD(learning_rate=1e-1); loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
train_acc_metric = keras.metrics.SparseCategoricalAccuracy(); val_acc_metric = keras.metrics.SparseCategoricalAccuracy()
train_dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).batch(64); val_dataset = tf.data.Dataset.from_tensor_slices((x_train[:50], y_train[:50])).batch(64)
@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True); loss_value = loss_fn(y, logits); loss_value += sum(model.losses)
    grads = tape.gradient(loss_value, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights)); train_acc_metric.update_state(y, logits)
    return loss_value
for epoch in range(2):
    print(f"\nStart of epoch {epoch}")
    for step, (x_batch_train, y_batch_train) in enumerate(train_dataset):
        loss_value = train_step(x_batch_train, y_batch_train)
        if step % 2 == 0:
            print(f"Training loss (for 1 batch) at step {step}: {float(loss_value):.4f}"); print(f"Seen so far: {((step + 1) * 64)} samples")
    train_acc = train_acc_metric.result(); print(f"Training acc over epoch: {float(train_acc):.4f}"); train_acc_metric.reset_state()
    for xb, yb in val_dataset: val_acc_metric.update_state(yb, model(xb, training=False))
    print("Validation acc: %.4f" % (float(val_acc_metric.result()),)); val_acc_metric.reset_state()
print(loss_value)
class CustomModel(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True); loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables); self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss": metric.update_state(loss)
            else: metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}
inputs = keras.Input(shape=(8,)); outputs = keras.layers.Dense(1, kernel_initializer="ones")(inputs); model = CustomModel(inputs, outputs)
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
print(model.fit(x_train, x_train.sum(1), epochs=2, verbose=0, shuffle=False).history.keys() - {"x"} == {"loss", "mae"})
class Linear(keras.layers.Layer):
    def __init__(self, units=32, **kwargs): super().__init__(**kwargs); self.units = units
    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", trainable=True); self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)
    def call(self, inputs):
        self.add_loss(1e-2 * tf.reduce_sum(inputs)) if False else None
        return tf.matmul(inputs, self.w) + self.b
    def get_config(self): return {**super().get_config(), "units": self.units}
layer = Linear(3); print(layer(tf.ones((2, 2)))); print([w.shape for w in layer.weights], layer.get_config()["units"])
def huber_fn(y_true, y_pred):
    error = y_true - y_pred; is_small_error = tf.abs(error) < 1; squared_loss = tf.square(error) / 2; linear_loss = tf.abs(error) - 0.5
    return tf.where(is_small_error, squared_loss, linear_loss)
m = keras.Sequential([keras.Input((8,)), Linear(1)]); m.compile(loss=huber_fn, optimizer="sgd", metrics=["mae", huber_fn])
h = m.fit(x_train, x_train[:, :1], epochs=2, verbose=0, shuffle=False); print({k: [round(float(x), 4) for x in v] for k, v in h.history.items()})
class HuberMetric(keras.metrics.Metric):
    def __init__(self, threshold=1.0, **kwargs):
        super().__init__(**kwargs); self.threshold = threshold; self.total = self.add_weight(name="total", initializer="zeros"); self.count = self.add_weight(name="count", initializer="zeros")
    def update_state(self, y_true, y_pred, sample_weight=None):
        sample_metrics = huber_fn(y_true, y_pred); self.total.assign_add(tf.reduce_sum(sample_metrics)); self.count.assign_add(tf.cast(tf.size(y_true), tf.float32))
    def result(self): return self.total / self.count
hm = HuberMetric(2.); hm(tf.constant([[2.]]), tf.constant([[10.]])); print(hm.result(), hm(tf.constant([[0.], [5.]]), tf.constant([[1.], [9.25]]))); hm.reset_state(); print(hm.result().numpy() if False else hm.variables)
def my_softplus(z): return tf.math.log(1.0 + tf.exp(z))
def my_l1(weights): return tf.reduce_sum(tf.abs(0.01 * weights))
def my_init(shape, dtype=tf.float32): return tf.ones(shape, dtype=dtype) * 0.5
def my_positive(weights): return tf.where(weights < 0., tf.zeros_like(weights), weights)
layer = keras.layers.Dense(1, activation=my_softplus, kernel_initializer=my_init, kernel_regularizer=my_l1, kernel_constraint=my_positive)
print(layer(x_train[:2]), layer.losses)
