import tensorflow as tf
@tf.function
def add(a, b): return a + b
print(add(tf.ones([2, 2]), tf.ones([2, 2])))
v = tf.Variable(1.0)
with tf.GradientTape() as tape: result = add(v, 1.0)
print(tape.gradient(result, v))
@tf.function
def dense_layer(x, w, b): return add(tf.matmul(x, w), b)
print(dense_layer(tf.ones([3, 2]), tf.ones([2, 2]), tf.ones([2])))
@tf.function(input_signature=(tf.TensorSpec(shape=[None], dtype=tf.int32),))
def next_collatz(x): return tf.where(x % 2 == 0, x // 2, 3 * x + 1)
print(next_collatz(tf.constant([1, 2])))
try:
    next_collatz(tf.constant([[1, 2], [3, 4]]))
except TypeError as e: print("TypeError caught")
try:
    next_collatz(tf.constant([1.0, 2.0]))
except TypeError as e: print("TypeError caught")
@tf.function
def f(x):
    while tf.reduce_sum(x) > 1:
        x = tf.tanh(x)
    return x
print(f(tf.constant([0.5, 0.6, 0.7, 0.8, 0.9])))
@tf.function
def fizzbuzz(n):
    for i in tf.range(1, n + 1):
        if i % 15 == 0: tf.print('FizzBuzz', output_stream='file:///tmp/_never.txt' if False else __import__('sys').stdout)
        elif i % 3 == 0: tf.print('Fizz', output_stream=__import__('sys').stdout)
        else: tf.print(i, output_stream=__import__('sys').stdout)
fizzbuzz(tf.constant(5)); fizzbuzz(tf.constant(20)) if False else None
@tf.function
def dynamic_rnn(xs):
    acc = tf.TensorArray(tf.float32, size=0, dynamic_size=True); s = tf.zeros([2])
    for i in tf.range(tf.shape(xs)[0]): s = s * 0.5 + xs[i]; acc = acc.write(i, s)
    return acc.stack()
print(dynamic_rnn(tf.constant([[1., 2.], [3., 4.], [5., 6.]])))
class Model(tf.Module):
    def __init__(self): self.v = None
    @tf.function
    def __call__(self, x):
        if self.v is None: self.v = tf.Variable(tf.ones_like(x))
        return self.v * x
m = Model(); print(m(tf.constant(2.)), m.variables)
class Counter:
    def __init__(self): self.count = tf.Variable(0)
    @tf.function
    def __call__(self): return self.count.assign_add(1)
c = Counter(); c(); c(); print(c.count)
@tf.function
def test(a, b=tf.constant(2.), *, scale=1.0): return (a + b) * scale
print(test(1.0), test(tf.constant(1.), scale=3.0), test(a=2.0, b=3.0))
print(tf.map_fn(lambda t: t * t, tf.constant([1, 2, 3])), tf.vectorized_map(lambda t: t + 1, tf.constant([1., 2.])))
i = tf.constant(0); print(tf.while_loop(lambda i, s: tf.less(i, 5), lambda i, s: (tf.add(i, 1), s + i), [i, tf.constant(0)]))
print(tf.cond(tf.less(1, 2), lambda: tf.constant('yes'), lambda: tf.constant('no')))
out = __import__('sys').stdout
tf.print("tensor:", tf.constant([1.0, 2.5, 1 / 3]), tf.constant([[1, 2], [3, 4]]), tf.constant("s"), True, None, [1, 2], output_stream=out)
tf.print(tf.range(10), tf.range(3.), tf.constant(1e-7), tf.constant(123456789.), tf.constant(0.1 + 0.2, tf.float64), tf.constant(True), output_stream=out)
tf.print({"a": tf.constant(1), "b": [tf.constant(2.0)]}, (tf.constant(3),), sep="|", end="!\n", output_stream=out)
tf.print(tf.reshape(tf.range(24), (2, 3, 4)), summarize=-1, output_stream=out); tf.print(tf.Variable([1., 2.]), output_stream=out); tf.print(tf.constant(["a", "b"]), tf.zeros((10, 10)), output_stream=out)
print(tf.executing_eagerly(), tf.config.functions_run_eagerly())
tf.config.run_functions_eagerly(True); print(tf.config.functions_run_eagerly())
print(tf.py_function(lambda x: x.numpy() + 1, [tf.constant(1.)], tf.float32))
cf = add.get_concrete_function(tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.float32)); print(cf(tf.constant([1.]), tf.constant([2.])))
