import tensorflow as tf
from tensorflow.keras import layers, regularizers
import numpy as np, pathlib, shutil, tempfile, sys
logdir = pathlib.Path(tempfile.mkdtemp()) / "tensorboard_logs"; shutil.rmtree(logdir, ignore_errors=True)
rng = np.random.RandomState(0); FEATURES = 6; x = rng.rand(64, FEATURES).astype("float32"); y = (x.sum(1) > 3).astype("float32")
def pack_row(*row): label = tf.expand_dims(row[0], 1); features = tf.stack(row[1:], 1); return features, label
cols = tf.data.Dataset.from_tensor_slices(tuple([y] + [x[:, i] for i in range(FEATURES)])); packed = cols.batch(32).map(pack_row).unbatch(); print(packed)
for f, l in packed.batch(1000).take(1): print(f.shape, l[:3])
lr_schedule = tf.keras.optimizers.schedules.InverseTimeDecay(0.001, decay_steps=2 * 1000, decay_rate=1, staircase=False); step = np.linspace(0, 10000, 5); lr = lr_schedule(step); print(lr)
def get_optimizer(): return tf.keras.optimizers.Adam(lr_schedule)
class EpochDots(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        if epoch % 2 == 0: print(f"Epoch: {epoch}, ", end=""); print(", ".join(f"{n}:{v:0.4f}" for n, v in sorted(logs.items()))); print(".", end="")
def get_callbacks(name): return [EpochDots(), tf.keras.callbacks.EarlyStopping(monitor='val_binary_crossentropy', patience=200)]
def compile_and_fit(model, name, optimizer=None, max_epochs=3):
    if optimizer is None: optimizer = get_optimizer()
    model.compile(optimizer=optimizer, loss=tf.keras.losses.BinaryCrossentropy(from_logits=True), metrics=[tf.keras.metrics.BinaryCrossentropy(from_logits=True, name='binary_crossentropy'), 'accuracy']); model.summary()
    return model.fit(packed.batch(16).cache(), epochs=max_epochs, validation_data=packed.batch(32), callbacks=get_callbacks(name), verbose=0)
tiny = tf.keras.Sequential([layers.Input((FEATURES,)), layers.Dense(4, activation='elu', kernel_initializer=tf.keras.initializers.Constant(.05)), layers.Dense(1, kernel_initializer="zeros")]); h = compile_and_fit(tiny, "tiny"); print(); print(sorted(h.history), np.round(h.history["val_loss"], 4))
l2 = tf.keras.Sequential([layers.Input((FEATURES,)), layers.Dense(8, activation='elu', kernel_regularizer=regularizers.l2(0.001), kernel_initializer="ones"), layers.Dense(1, kernel_initializer="ones")]); result = l2(x[:2]); print(tf.add_n(l2.losses)); print(result)
strategy = tf.distribute.MirroredStrategy() if False else tf.distribute.get_strategy()
with strategy.scope(): m = tf.keras.Sequential([tf.keras.Input((2,)), layers.Dense(1)])
print(m.count_params(), m.built)
class Block(tf.keras.Model):
    def __init__(self):
        super().__init__(name=''); self.d1 = layers.Dense(2, kernel_initializer="ones"); self.bn = layers.BatchNormalization()
    def call(self, input_tensor, training=False): x = self.d1(input_tensor); x = self.bn(x, training=training); x += input_tensor; return tf.nn.relu(x)
blk = Block(); print(blk(tf.zeros([1, 2]))); print(len(blk.layers), len(blk.variables), [tuple(v.shape) for v in blk.trainable_variables])
layer = layers.Dense(10, input_shape=(None, 5)) if False else layers.Dense(3, kernel_initializer="ones"); layer(tf.zeros([2, 5])); print(layer.variables[0].shape, layer.kernel.shape, layer.bias)
class MyDenseLayer(tf.keras.layers.Layer):
    def __init__(self, num_outputs): super().__init__(); self.num_outputs = num_outputs
    def build(self, input_shape): self.kernel = self.add_weight(name="kernel", shape=[int(input_shape[-1]), self.num_outputs], initializer="ones")
    def call(self, inputs): return tf.matmul(inputs, self.kernel)
l = MyDenseLayer(2); print(l(tf.ones([1, 5])), [var.name for var in l.trainable_variables])
print(tf.keras.layers.BatchNormalization()(tf.constant([[1., 2.], [3., 4.]]), training=True)); print(tf.keras.layers.Dropout(0.5)(tf.ones((1, 3)), training=False))
