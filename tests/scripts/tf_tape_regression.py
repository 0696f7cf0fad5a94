# expect: error: < 0.2
import tensorflow as tf
import numpy as np
# Gradient descent by hand
w = tf.Variable(3.0)
x = 1.0
y = 1.0  # target value
alpha = 0.01
iterations = 300
for iter in range(iterations):
    # Use TensorFlow's GradientTape to record the steps used to compute the cost J
    with tf.GradientTape() as tape:
        fwb = w * x
        costJ = (fwb - y) ** 2
    [dJdw] = tape.gradient(costJ, [w])
    # Run one step of gradient descent
    w.assign_add(-alpha * dJdw)
print("error:", abs(w.numpy() - 1))
# collaborative filtering
num_movies, num_users, num_features = 10, 6, 3
rng = np.random.RandomState(1)
R = (rng.rand(num_movies, num_users) > 0.4).astype(int)
Y = rng.randint(1, 6, (num_movies, num_users)) * R
tf.random.set_seed(1234)
W = tf.Variable(tf.random.normal((num_users, num_features), dtype=tf.float64), name='W')
X = tf.Variable(tf.random.normal((num_movies, num_features), dtype=tf.float64), name='X')
b = tf.Variable(tf.random.normal((1, num_users), dtype=tf.float64), name='b')

def cofi_cost_func_v(X, W, b, Y, R, lambda_):
    j = (tf.linalg.matmul(X, tf.transpose(W)) + b - Y) * R
    J = 0.5 * tf.reduce_sum(j ** 2) + (lambda_ / 2) * (tf.reduce_sum(X ** 2) + tf.reduce_sum(W ** 2))
    return J

optimizer = tf.keras.optimizers.Adam(learning_rate=1e-1)
first = None
for iter in range(50):
    with tf.GradientTape() as tape:
        cost_value = cofi_cost_func_v(X, W, b, Y, R, 1)
    grads = tape.gradient(cost_value, [X, W, b])
    optimizer.apply_gradients(zip(grads, [X, W, b]))
    if iter % 20 == 0:
        print(f"Training loss at iteration {iter}: {cost_value:0.1f}")
        first = first or float(cost_value)
print(float(cost_value) < first)
p = np.matmul(X.numpy(), np.transpose(W.numpy())) + b.numpy()
print(p.shape)
