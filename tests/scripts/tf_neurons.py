# expect: cost: < 0.7
import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense, Input
from tensorflow.keras import Sequential
from tensorflow.keras.losses import MeanSquaredError, BinaryCrossentropy
from tensorflow.keras.activations import sigmoid

X_train = np.array([[1.0], [2.0]], dtype=np.float32)
Y_train = np.array([[300.0], [500.0]], dtype=np.float32)
linear_layer = tf.keras.layers.Dense(units=1, activation='linear')
print(linear_layer.get_weights())
a1 = linear_layer(X_train[0].reshape(1, 1))
print(a1.shape)
w, b = linear_layer.get_weights()
print(f"w.shape = {w.shape}, b={b}")
set_w = np.array([[200]])
set_b = np.array([100])
linear_layer.set_weights([set_w, set_b])
prediction_tf = linear_layer(X_train)
prediction_np = np.dot(X_train, set_w) + set_b
print(np.allclose(prediction_tf, prediction_np))
X_train = np.array([0., 1, 2, 3, 4, 5], dtype=np.float32).reshape(-1, 1)
Y_train = np.array([0, 0, 0, 1, 1, 1], dtype=np.float32).reshape(-1, 1)
model = Sequential([tf.keras.layers.Dense(1, input_dim=1, activation='sigmoid', name='L1')])
logistic_layer = model.get_layer('L1')
logistic_layer.set_weights([np.array([[2]]), np.array([-4.5])])
a1 = model.predict(X_train[0].reshape(1, 1))
print(f"{a1[0, 0]:0.4f}", f"{sigmoid(np.float32(-4.5)):0.4f}")
model.compile(loss=BinaryCrossentropy(), optimizer=tf.keras.optimizers.Adam(0.001))
cost = model.evaluate(X_train, Y_train, verbose=0)
print("cost:", cost)
print(f"{tf.reduce_mean(model(X_train)):0.3f}", float(tf.math.log(2.0)))
