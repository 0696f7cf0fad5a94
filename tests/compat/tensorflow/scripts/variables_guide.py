import tensorflow as tf
my_tensor = tf.constant([[1.0, 2.0], [3.0, 4.0]])
my_variable = tf.Variable(my_tensor)
bool_variable = tf.Variable([False, False, False, True])
complex_variable = tf.Variable([5 + 4j, 6 + 1j])
print("Shape: ", my_variable.shape); print("DType: ", my_variable.dtype); print("As NumPy: ", my_variable.numpy())
print("A variable:", my_variable); print("\nViewed as a tensor:", tf.convert_to_tensor(my_variable))
print("\nIndex of highest value:", tf.math.argmax(my_variable)); print("\nCopying and reshaping: ", tf.reshape(my_variable, [1, 4]))
a = tf.Variable([2.0, 3.0]); a.assign([1, 2])
try:
    a.assign([1.0, 2.0, 3.0])
except Exception as e:
    print(f"{type(e).__name__}: {e}")
a = tf.Variable([2.0, 3.0]); b = tf.Variable(a); a.assign([5, 6])
print(a.numpy()); print(b.numpy()); print(a.assign_add([2, 3]).numpy()); print(a.assign_sub([7, 9]).numpy())
a = tf.Variable(my_tensor, name="Mark"); b = tf.Variable(my_tensor + 1, name="Mark"); print(a == b)
step_counter = tf.Variable(1, trainable=False); print(step_counter.trainable, step_counter)
with tf.device('CPU:0'):
    a = tf.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]); b = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]); c = tf.matmul(a, b)
print(c)
v = tf.Variable([[1., 2., 3.], [4., 5., 6.]])
v.assign(2 * v); print(v)
v[0, 1].assign(42); print(v.numpy()); v[:, 2].assign([0., 1.]); print(v.numpy())
v.scatter_nd_update(indices=[[0, 0], [1, 2]], updates=[100., 200.]); print(v.numpy())
v.scatter_update(tf.IndexedSlices(values=[[1., 2., 3.], [4., 5., 6.]], indices=[1, 0])); print(v.numpy())
try:
    v[1] = [7., 8., 9.]
except TypeError as ex:
    print(type(ex).__name__)
print(complex_variable, bool_variable)
print(isinstance(v, tf.Variable), isinstance(v, tf.Tensor), isinstance(c, tf.Tensor), tf.is_tensor(v))
print(v.name, b.shape, v.trainable)
print(repr(tf.Variable(3, dtype=tf.int64)), repr(tf.Variable("a")))
print(v[0], v.value(), v.read_value())
print(-v, abs(v), v ** 2, v / 2, v @ tf.transpose(v), v > 2)
