# expect: decisions right: > 0.85
import numpy as np
import matplotlib.pyplot as plt
import tensorflow as tf
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense
import logging
logging.getLogger("tensorflow").setLevel(logging.ERROR)
tf.autograph.set_verbosity(0)

rng = np.random.default_rng(2)
X = rng.random(400).reshape(-1, 2)
X[:, 1] = X[:, 1] * 4 + 11.5          # 12-15 min is best
X[:, 0] = X[:, 0] * (285 - 150) + 150  # 350-500 F is best
Y = np.zeros(len(X))
for i, (t, d) in enumerate(X):
    Y[i] = 1 if (t > 175 and t < 260 and d > 12 and d < 15 and d <= -3 / (260 - 175) * t + 21) else 0
Y = Y.reshape(-1, 1)
print(f"Temperature Max, Min pre normalization: {np.max(X[:,0]):0.2f}, {np.min(X[:,0]):0.2f}")
norm_l = tf.keras.layers.Normalization(axis=-1)
norm_l.adapt(X)  # learns mean, variance
Xn = norm_l(X)
print(f"Temperature Max, Min post normalization: {np.max(Xn[:,0]):0.2f}, {np.min(Xn[:,0]):0.2f}")
Xt = np.tile(Xn, (40, 1))
Yt = np.tile(Y, (40, 1))
print(Xt.shape, Yt.shape)
tf.random.set_seed(1234)  # applied to achieve consistent results
model = Sequential([
    tf.keras.Input(shape=(2,)),
    Dense(3, activation='sigmoid', name='layer1'),
    Dense(1, activation='sigmoid', name='layer2'),
])
model.summary()
W1, b1 = model.get_layer("layer1").get_weights()
print(f"W1{W1.shape}:", f"b1{b1.shape}")
model.compile(loss=tf.keras.losses.BinaryCrossentropy(), optimizer=tf.keras.optimizers.Adam(learning_rate=0.05))
model.fit(Xt, Yt, epochs=5, verbose=0)
X_test = np.array([[200, 13.9], [200, 17]])
X_testn = norm_l(X_test)
predictions = model.predict(X_testn)
yhat = np.zeros_like(predictions)
for i in range(len(predictions)):
    if predictions[i] >= 0.5:
        yhat[i] = 1
    else:
        yhat[i] = 0
print(f"decisions = \n{yhat}")
print("decisions right:", np.mean((model.predict(Xn) >= 0.5) == Y))
