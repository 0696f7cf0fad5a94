import numpy as np
import tensorflow as tf
from tensorflow.keras import Sequential
from tensorflow.keras.layers import Dense, Input
from tensorflow.keras.losses import MeanSquaredError, BinaryCrossentropy
from tensorflow.keras.activations import sigmoid
import logging
logging.getLogger("tensorflow").setLevel(logging.ERROR)
tf.autograph.set_verbosity(0)
X_train = np.array([[1.0], [2.0]], dtype=np.float32); Y_train = np.array([[300.0], [500.0]], dtype=np.float32)
linear_layer = tf.keras.layers.Dense(units=1, activation='linear'); print(linear_layer.get_weights())
a1 = linear_layer(X_train[0].reshape(1, 1)); print(a1.shape); w, b = linear_layer.get_weights(); print(w.shape, b)
set_w = np.array([[200]]); set_b = np.array([100]); linear_layer.set_weights([set_w, set_b]); print(linear_layer.get_weights())
a1 = linear_layer(X_train[0].reshape(1, 1)); print(a1); alin = np.dot(set_w, X_train[0].reshape(1, 1)) + set_b; print(alin)
print(linear_layer(X_train))
X_train = np.array([0., 1, 2, 3, 4, 5], dtype=np.float32).reshape(-1, 1)
model = Sequential([tf.keras.layers.Dense(1, input_dim=1, activation='sigmoid', name='L1')]); model.summary()
logistic_layer = model.get_layer('L1'); logistic_layer.set_weights([np.array([[2]]), np.array([-4.5])]); print(logistic_layer.get_weights())
a1 = model.predict(X_train[0].reshape(1, 1), verbose=0); print(a1)
norm_l = tf.keras.layers.Normalization(axis=-1); X = np.array([[185., 12.6], [259., 11.5], [231., 14.4]]); norm_l.adapt(X); Xn = norm_l(X); print(Xn)
print(np.tile(Xn, (2, 1)).shape)
z = tf.constant([1., 2., 3.]); print(tf.nn.softmax(z).numpy()); print(np.max(tf.nn.softmax(z)))
def compute_cost(y, p): return tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True))
print(compute_cost(tf.constant([0, 1]), tf.constant([[2., 1.], [0., 3.]])))
w = tf.Variable(3.0); x = 1.0; y = 1.0; alpha = 0.01
for it in range(30):
    with tf.GradientTape() as tape: fwb = w * x; costJ = (fwb - y) ** 2
    [dJdw] = tape.gradient(costJ, [w]); w.assign_add(-alpha * dJdw)
print(w)
def cofi(X, W, b, Y, R, lambda_):
    j = (tf.linalg.matmul(X, tf.transpose(W)) + b - Y) * R
    return 0.5 * tf.reduce_sum(j ** 2) + (lambda_ / 2) * (tf.reduce_sum(X ** 2) + tf.reduce_sum(W ** 2))
rng = np.random.RandomState(1); Y = rng.rand(5, 3); R = (rng.rand(5, 3) > .5).astype(int)
W = tf.Variable(rng.rand(3, 2), name='W'); Xv = tf.Variable(rng.rand(5, 2), name='X'); bv = tf.Variable(rng.rand(1, 3), name='b'); opt = tf.keras.optimizers.Adam(learning_rate=1e-1)
for i in range(20):
    with tf.GradientTape() as tape: c = cofi(Xv, W, bv, Y, R, 1.)
    opt.apply_gradients(zip(tape.gradient(c, [Xv, W, bv]), [Xv, W, bv]))
    if i % 5 == 0: print(f"Training loss at iteration {i}: {c:0.1f}")
print(W.dtype, Xv.shape, tf.math.sigmoid(0.), W.numpy()[0])
print(tf.linalg.l2_normalize(tf.constant([[3., 4.]]), axis=1))
model = Sequential([Input((2,)), Dense(3, 'sigmoid', kernel_initializer='ones'), Dense(1, 'linear', kernel_initializer='ones')]); model.compile(loss=BinaryCrossentropy(from_logits=True), optimizer=tf.keras.optimizers.Adam(0.01))
model.fit(X, np.array([1., 0., 1.]), epochs=2, verbose=0); print(f"{tf.nn.sigmoid(model.predict(X, verbose=0)[0, 0]):0.3f}")
yhat = np.array([[0.7], [0.2]]); decisions = (yhat >= 0.5).astype(int); print(decisions)
print(tf.__version__.split('.')[0], tf.keras.__name__.split('.')[-1] in ('keras', 'v2'))
ingredients = tf.keras.losses.BinaryCrossentropy()(tf.constant([[1.], [0.]]), tf.constant([[0.9], [0.1]])); print("%.4f" % ingredients, ingredients.numpy().round(3))
