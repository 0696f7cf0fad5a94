import tensorflow as tf
import numpy as np
tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
tf.compat.v1.set_random_seed(1)
print(tf.compat.v1.executing_eagerly(), tf.compat.as_bytes("a"), tf.compat.as_text(b"b"))
print(tf.random.normal([2]))
x = tf.constant(np.arange(6).reshape(2, 3)); print(x, x.dtype == tf.int64, x.shape.ndims, x.shape.rank, x.get_shape())
print(tf.strings.format("x is {}", tf.constant([1, 2])))
print([tf.zeros(3), tf.ones([1])], {"a": tf.constant(1)}, (tf.constant("s"),))
print(tf.reduce_mean(tf.cast(tf.equal(tf.argmax([[.1, .9], [.8, .2]], 1), tf.constant([1, 1], tf.int64)), tf.float32)))
print("Loss: {:.3f}".format(tf.constant(0.12345)), "%s" % tf.constant(1).numpy(), round(float(tf.constant(2.567)), 2), "{:>8.2f}".format(tf.constant(3.14159).numpy()))
xs = tf.constant([1., 2., 3.]); 
for i, v in enumerate(xs): print(i, v.numpy(), int(v), v > 2, bool(v > 2))
print(max(xs), min(xs), sorted(xs.numpy()), xs.numpy().tolist(), len(xs), np.asarray(xs).sum(), xs.numpy().mean(), 3. in xs.numpy())
a, b = tf.constant([1, 2]); print(a, b); A = np.arange(5); print(A[tf.constant(2)], A[tf.constant([0, 1])], list(range(tf.constant(3))))
print(tf.constant([1, 2]) == tf.constant([1, 3]), tf.constant(1) == 1, tf.constant([1., 2.]) != 1.)
np_arr = np.zeros(3); np_arr[0] = tf.constant(5.); np_arr[1:] = tf.constant([1., 2.]); print(np_arr, np_arr + tf.constant([1., 1., 1.]).numpy(), np.maximum(xs, 2), np.dot(xs, xs), np.allclose(xs, [1, 2, 3]))

v = tf.Variable(np.random.RandomState(0).rand(2).astype("float32")); print(v.numpy(), v.assign(v * 2).numpy(), v[0].numpy(), tf.size(v), tf.shape(v))
idx = tf.random.shuffle(tf.range(5), seed=1); print(sorted(idx.numpy()), tf.gather(tf.range(5) * 10, [1, 3]))
try:
    tf.constant([1., 2.]) @ tf.constant([[1.]])
except Exception as e: print(type(e).__name__)
try:
    tf.Variable()
except Exception as e: print(type(e).__name__)
tf.debugging.assert_equal(1, 1); tf.debugging.assert_near(1., 1. + 1e-8); tf.debugging.assert_greater(2, 1); tf.debugging.assert_rank(xs, 1)
try:
    tf.debugging.assert_equal(tf.constant(1), tf.constant(2))
except tf.errors.InvalidArgumentError as e: print("InvalidArgumentError")
tf.assert_equal(1, 1)
print(tf.nest.map_structure(lambda t: t * 2, {"a": tf.constant(1), "b": [tf.constant(2)]}))
print(tf.version.VERSION == tf.__version__, tf.newaxis, tf.float32.name, tf.dtypes.as_dtype("int32"), tf.int32.is_integer, tf.constant(1).dtype.as_numpy_dtype)
with tf.name_scope("scope"): print(tf.add(1, 2, name="sum"))
print(tf.math.reduce_max(tf.constant([[1, 5], [2, 3]]), axis=0), tf.math.reduce_min([3., 1.]), tf.math.reduce_any([True, False]), tf.math.is_inf([1., np.inf]), tf.math.mod(7, 3))
