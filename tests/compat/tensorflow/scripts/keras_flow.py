import os, tempfile
os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np
import tensorflow as tf
import tensorflow.keras as keras
import tensorflow.keras.backend as K
from tensorflow.keras import layers, models, Model, optimizers, regularizers, callbacks
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.utils import to_categorical
from tensorflow.keras.callbacks import EarlyStopping, LearningRateScheduler, TensorBoard
rng = np.random.RandomState(0); x = rng.rand(100, 6).astype("float32"); y = (x[:, 0] > .5).astype("int32")
model = models.Sequential([layers.Input((6,)), layers.Dense(4, activation="relu", kernel_initializer="ones"), layers.Dropout(0.0), layers.Dense(2, activation="softmax", kernel_initializer="zeros")])
model.compile(optimizer=Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
d = tempfile.mkdtemp()
class Cb(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None): print(f"epoch {epoch} loss {logs['loss']:.4f}", sorted(logs))
h = model.fit(x, y, epochs=2, batch_size=20, shuffle=False, verbose=0, validation_split=0.2, callbacks=[Cb(), EarlyStopping(patience=3), LearningRateScheduler(lambda e, lr: lr * 0.5)])
print(np.round(h.history["loss"], 4), float(model.optimizer.learning_rate.numpy()))
print(to_categorical(y[:3], 2)); loss, acc = model.evaluate(x, y, verbose=0); print("%.4f %.2f" % (loss, acc))
probs = model.predict(x[:2], verbose=0); print(np.argmax(probs, axis=1), tf.argmax(probs, axis=1).numpy(), probs.shape)
probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()]); print(probability_model(x[:2]).shape)
print(tf.reduce_sum(model(x[:2]), axis=1)); print(model(x[:1]).numpy().dtype, model.layers[0].weights[0].shape, model.trainable_variables[0].name)
ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(100).batch(32).prefetch(tf.data.AUTOTUNE); print(len(list(ds)), ds.element_spec); model.fit(ds, epochs=1, verbose=0)
print(model.evaluate(tf.data.Dataset.from_tensor_slices((x, y)).batch(32), verbose=0)[1] > 0.3)
print(tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)(tf.constant([1]), tf.constant([[1., 2.]])).numpy())
inp = keras.Input((28, 28, 1)); c = layers.Conv2D(4, 3, activation="relu", kernel_initializer="ones")(inp); c = layers.MaxPooling2D()(c); c = layers.Flatten()(c); out = layers.Dense(10, kernel_initializer="zeros")(c); cnn = Model(inp, out)
print(cnn.output_shape, cnn.count_params(), cnn(tf.ones((1, 28, 28, 1))).shape); feature = Model(cnn.inputs, cnn.layers[1].output); print(feature(tf.ones((1, 28, 28, 1)))[0, 0, 0])
class Sampling(layers.Layer):
    def call(self, inputs):
        z_mean, z_log_var = inputs; batch = tf.shape(z_mean)[0]; dim = tf.shape(z_mean)[1]; epsilon = tf.random.normal(shape=(batch, dim)) * 0.0
        return z_mean + tf.exp(0.5 * z_log_var) * epsilon
print(Sampling()((tf.ones((2, 3)), tf.zeros((2, 3)))))
class VAE(keras.Model):
    def __init__(self, **kw):
        super().__init__(**kw); self.enc = layers.Dense(4, kernel_initializer="ones"); self.dec = layers.Dense(6, activation="sigmoid", kernel_initializer="zeros"); self.tracker = keras.metrics.Mean(name="loss")
    def call(self, x): return self.dec(self.enc(x)[:, :2])
    @property
    def metrics(self): return [self.tracker]
    def train_step(self, data):
        with tf.GradientTape() as tape:
            mean, logvar = tf.split(self.enc(data), num_or_size_splits=2, axis=1); z = Sampling()([mean, logvar]); rec = self.dec(z)
            rl = tf.reduce_mean(tf.reduce_sum(tf.square(data - rec), axis=1)); kl = -0.5 * (1 + logvar - tf.square(mean) - tf.exp(logvar)); kl = tf.reduce_mean(tf.reduce_sum(kl, axis=1)); total = rl + kl
        grads = tape.gradient(total, self.trainable_weights); self.optimizer.apply_gradients(zip(grads, self.trainable_weights)); self.tracker.update_state(total); return {"loss": self.tracker.result()}
vae = VAE(); vae.compile(optimizer=keras.optimizers.SGD(1e-3)); print(np.round(vae.fit(x, epochs=2, batch_size=50, shuffle=False, verbose=0).history["loss"], 4))
gen_loss = keras.losses.BinaryCrossentropy(from_logits=True); fake = tf.constant([[0.3], [-0.2]]); print(gen_loss(tf.ones_like(fake), fake)); print(gen_loss(tf.ones_like(fake), fake) + gen_loss(tf.zeros_like(fake), fake))
lr = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.9); print(lr(5), optimizers.SGD(lr).learning_rate)
m = keras.metrics.Mean(); m(4.); m.update_state([2., 6.]); print(m.result(), m.result().numpy())
acc = tf.keras.metrics.SparseCategoricalAccuracy(); acc.update_state(tf.constant([0, 1]), tf.constant([[.9, .1], [.8, .2]])); print(acc.result().numpy(), f"{acc.result() * 100:.1f}%")
ck = os.path.join(d, "ckpt"); step = tf.Variable(1); checkpoint = tf.train.Checkpoint(step=step, model=model); manager = tf.train.CheckpointManager(checkpoint, ck, max_to_keep=2)
for i in range(3): step.assign_add(1); p = manager.save(); print(os.path.basename(p))
print([os.path.basename(c) for c in manager.checkpoints], os.path.basename(tf.train.latest_checkpoint(ck))); step.assign(0); checkpoint.restore(manager.latest_checkpoint); print(int(step))
print(tf.config.list_physical_devices("GPU"), "Num GPUs Available: ", len(tf.config.list_physical_devices('GPU')), tf.test.is_gpu_available() if False else "")
gpus = tf.config.experimental.list_physical_devices('GPU')
for gpu in gpus: tf.config.experimental.set_memory_growth(gpu, True)
tf.keras.backend.clear_session(); tf.get_logger().setLevel('ERROR'); print(tf.keras.backend.floatx(), K.epsilon())
strategy = tf.distribute.get_strategy(); print(strategy.num_replicas_in_sync)
with tf.distribute.MirroredStrategy(["/cpu:0"]).scope() if False else tf.device("/cpu:0"): print(tf.constant(1.))
def lrfn(epoch): return 0.1 if epoch < 1 else tf.math.exp(-0.1)
print(tf.keras.activations.relu(tf.constant([-1., 2.])), keras.activations.get("tanh")(tf.constant([0.])), keras.initializers.Zeros()((2,)))
img = tf.constant(np.arange(12).reshape(2, 2, 3), dtype=tf.uint8); img = tf.cast(img, tf.float32) / 255.0; print(img[0, 0], tf.image.resize(img, [4, 4]).shape if hasattr(tf, "image") else None)
