import tensorflow as tf
import numpy as np
import tempfile, os
tf.random.set_seed(11)
p = os.path.join(tempfile.mkdtemp(), "x.csv"); open(p, "w").write("x,y\n1,2\n3,4\n")
lines = tf.data.TextLineDataset(p); print([l.numpy() for l in lines.skip(1)])
def parse(line): cols = tf.io.decode_csv(line, [tf.constant(0., tf.float32)] * 2); return tf.stack(cols[:-1]), tf.stack(cols[-1:])
for x, y in lines.skip(1).map(parse): print(x.numpy(), y.numpy())
fl = tf.data.Dataset.list_files(p, shuffle=False); print(len(list(fl))); inter = fl.interleave(lambda fp: tf.data.TextLineDataset(fp).skip(1), cycle_length=1); print([l.numpy() for l in inter])
ds = tf.data.Dataset.range(10); train = ds.take(7); val = ds.skip(7); print(len(train), len(val), [int(v) for v in val])
ds = tf.data.Dataset.from_tensor_slices(np.arange(12).reshape(4, 3)).repeat(2).shuffle(8, seed=5).batch(3, drop_remainder=True)
for b in ds: print(b.numpy().tolist())
imgs = tf.data.Dataset.from_tensor_slices((np.zeros((10, 8, 8, 1), "uint8"), np.arange(10) % 2))
def prep(image, label): return tf.cast(image, tf.float32) / 255., label
pipe = imgs.map(prep, num_parallel_calls=tf.data.AUTOTUNE).cache().shuffle(10).batch(4).prefetch(tf.data.AUTOTUNE); print(pipe.element_spec, pipe.cardinality().numpy())
for im, la in pipe.take(1): print(im.shape, la.shape, im.dtype, la.dtype)
cnn = tf.keras.Sequential([tf.keras.layers.Input((8, 8, 1)), tf.keras.layers.Conv2D(2, 3), tf.keras.layers.GlobalAveragePooling2D(), tf.keras.layers.Dense(2)]); cnn.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]); h = cnn.fit(pipe, epochs=2, validation_data=pipe, verbose=0); print(sorted(h.history), len(h.history["loss"]))
print([x.shape.as_list() for x in tf.data.Dataset.from_tensor_slices([[1, 2], [3, 4]])], tf.data.experimental.cardinality(pipe).numpy())
a = tf.data.Dataset.range(3); b = tf.data.Dataset.range(3, 6); print(list(tf.data.Dataset.zip(a, b).as_numpy_iterator()), list(a.concatenate(b).as_numpy_iterator())); print(list(a.enumerate().as_numpy_iterator()))
print(list(a.batch(2).map(lambda x: tf.reduce_sum(x)).as_numpy_iterator()), list(a.flat_map(lambda x: tf.data.Dataset.range(x)).as_numpy_iterator()), a.reduce(np.int64(0), lambda x, y: x + y).numpy())
print(list(tf.data.Dataset.from_tensor_slices({"x": [1, 2]}).map(lambda d: d["x"] + 1).as_numpy_iterator()), a.map(lambda x: {"k": x}).element_spec)
it = iter(a); print(next(it), it.get_next().numpy()); print(len(list(it)))
try: next(it)
except StopIteration: print("stop")
try: tf.data.Dataset.from_tensor_slices(([1, 2], [1])).batch(2)
except Exception as e: print(type(e).__name__)
try: list(tf.data.Dataset.range(3).map(lambda x: tf.fill([x], 1)).batch(3))
except tf.errors.InvalidArgumentError as e: print("InvalidArgumentError")
def gen():
    i = 0
    while i < 5: yield np.float32(i), {"lab": i}; i += 1
g = tf.data.Dataset.from_generator(gen, output_signature=(tf.TensorSpec((), tf.float32), {"lab": tf.TensorSpec((), tf.int32)}))
for x, d in g.batch(2): print(x.numpy(), d["lab"].numpy())
def gen2(stop):
    for i in range(stop): yield [i, i * 2]
print(list(tf.data.Dataset.from_generator(gen2, args=[3], output_types=tf.int32, output_shapes=(2,)).as_numpy_iterator()))
print(tf.data.Dataset.from_tensor_slices(["x", "y"]).map(tf.strings.upper).element_spec, [s.numpy().decode() for s in tf.data.Dataset.from_tensor_slices(["x", "y"])])
ts = tf.data.Dataset.range(10).batch(3, drop_remainder=True).map(lambda w: (w[:-1], w[-1:])); print(ts); print(tf.data.Dataset.range(5).apply(lambda d: d.filter(lambda x: x % 2 == 0)))
weights = tf.data.Dataset.from_tensor_slices((np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), np.array([1., 2., 3., 4.], "float32"))).batch(2); m = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, kernel_initializer="zeros")]); m.compile("sgd", "mse"); print(m.evaluate(weights, verbose=0))
