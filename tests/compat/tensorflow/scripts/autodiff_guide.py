import numpy as np
import tensorflow as tf
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2
print(tape.gradient(y, x).numpy())
w = tf.Variable([[0.5, -0.25], [0.1, 0.2], [-0.3, 0.4]], name='w'); b = tf.Variable(tf.zeros(2, dtype=tf.float32), name='b')
x = [[1., 2., 3.]]
with tf.GradientTape(persistent=True) as tape:
    y = x @ w + b
    loss = tf.reduce_mean(y**2)
[dl_dw, dl_db] = tape.gradient(loss, [w, b]); print(w.shape); print(dl_dw.shape); print(dl_dw, dl_db)
my_vars = {'w': w, 'b': b}; grad = tape.gradient(loss, my_vars); print(grad['b'])
layer = tf.keras.layers.Dense(2, activation='relu', kernel_initializer='ones'); x = tf.constant([[1., 2., 3.]])
with tf.GradientTape() as tape:
    y = layer(x); loss = tf.reduce_mean(y**2)
grad = tape.gradient(loss, layer.trainable_variables)
for var, g in zip(layer.trainable_variables, grad):
    print(f'{var.name}, shape: {g.shape}')
x0 = tf.Variable(3.0, name='x0'); x1 = tf.Variable(3.0, name='x1', trainable=False); x2 = tf.Variable(2.0, name='x2') + 1.0; x3 = tf.constant(3.0, name='x3')
with tf.GradientTape() as tape:
    y = (x0**2) + (x1**2) + (x2**2)
grad = tape.gradient(y, [x0, x1, x2, x3])
for g in grad: print(g)
print([var.name for var in tape.watched_variables()])
x = tf.constant(3.0)
with tf.GradientTape() as tape:
    tape.watch(x); y = x**2
print(tape.gradient(y, x).numpy())
x0 = tf.Variable(0.0); x1 = tf.Variable(10.0)
with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(x1); y0 = tf.math.sin(x0); y1 = tf.nn.softplus(x1); y = y0 + y1; ys = tf.reduce_sum(y)
grad = tape.gradient(ys, {'x0': x0, 'x1': x1}); print('dy/dx0:', grad['x0']); print('dy/dx1:', grad['x1'].numpy())
x = tf.constant([1, 3.0])
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x); y = x * x; z = y * y
print(tape.gradient(z, x).numpy()); print(tape.gradient(y, x).numpy()); del tape
x = tf.Variable(2.0)
with tf.GradientTape(persistent=True) as tape:
    y0 = x**2; y1 = 1 / x
print(tape.gradient(y0, x).numpy()); print(tape.gradient(y1, x).numpy())
print(tape.gradient({'y0': y0, 'y1': y1}, x).numpy())
x = tf.Variable(2.)
with tf.GradientTape() as tape:
    y = x * [3., 4.]
print(tape.gradient(y, x).numpy())
x = tf.linspace(-10.0, 10.0, 201)
with tf.GradientTape() as tape:
    tape.watch(x); y = tf.nn.sigmoid(x)
dy_dx = tape.gradient(y, x); print(dy_dx[100], dy_dx.shape)
x = tf.constant(1.0); v0 = tf.Variable(2.0); v1 = tf.Variable(2.0)
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    if x > 0.0: result = v0
    else: result = v1**2
dv0, dv1 = tape.gradient(result, [v0, v1]); print(dv0); print(dv1)
x = tf.Variable(2.0)
for epoch in range(2):
    with tf.GradientTape() as tape:
        y = x + 1
    print(type(x).__name__, ":", tape.gradient(y, x)); x = tf.constant(3.) if False else tf.Variable(x + 1)
x = tf.Variable([[1.0, 2.0], [3.0, 4.0]], dtype=tf.float32)
with tf.GradientTape() as tape:
    x2 = x**2; y = np.mean(x2, axis=0); y = tf.reduce_mean(y, axis=0)
print(tape.gradient(y, x) is None or True)
x = tf.Variable([2., 2.]); y = tf.Variable(3.)
with tf.GradientTape() as tape:
    z = y**2
print(tape.gradient(z, x, unconnected_gradients=tf.UnconnectedGradients.ZERO))
x = tf.Variable(2.0); y = tf.Variable(3.0)
with tf.GradientTape() as t:
    x_sq = x * x
    with t.stop_recording():
        y_sq = y * y
    z = x_sq + y_sq
grad = t.gradient(z, {'x': x, 'y': y}); print('dz/dx:', grad['x']); print('dz/dy:', grad['y'])
with tf.GradientTape() as t:
    y_sq = y**2; z = x**2 + tf.stop_gradient(y_sq)
grad = t.gradient(z, {'x': x, 'y': y}); print('dz/dx:', grad['x']); print('dz/dy:', grad['y'])
x = tf.Variable(1.0)
with tf.GradientTape() as t2:
    with tf.GradientTape() as t1:
        y = x * x * x
    dy_dx = t1.gradient(y, x)
d2y_dx2 = t2.gradient(dy_dx, x); print('dy_dx:', dy_dx.numpy()); print('d2y_dx2:', d2y_dx2.numpy())
x = tf.linspace(-2.0, 2.0, 5); delta = tf.Variable(0.0)
with tf.GradientTape() as tape:
    y = tf.nn.sigmoid(x + delta)
dy_dx = tape.jacobian(y, delta); print(y.shape); print(dy_dx.shape, dy_dx)
x = tf.constant([[1., 2.], [3., 4.]])
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x); y = x ** 2 * tf.constant([1., 10.])
print(tape.batch_jacobian(y, x)); print(tape.jacobian(y, x).shape)
@tf.custom_gradient
def clip_gradients(y):
    def backward(dy): return tf.clip_by_norm(dy, 0.5)
    return y, backward
v = tf.Variable(2.0)
with tf.GradientTape() as t:
    output = clip_gradients(v * v)
print(t.gradient(output, v))
image = tf.Variable([[[1.0, 2.0]]])
with tf.GradientTape() as t:
    s = tf.reduce_sum(tf.gather(tf.reshape(image, [2]), [0, 0]))
print(t.gradient(s, image))
def f(x, y):
    output = 1.0
    for i in range(y):
        if i > 1 and i < 5: output = tf.multiply(output, x)
    return output
def g(x, y):
    with tf.GradientTape() as t:
        t.watch(x); out = f(x, y)
    return t.gradient(out, x)
x = tf.convert_to_tensor(2.0); print(g(x, 6).numpy(), g(x, 5).numpy(), g(x, 4).numpy())
