# expect: mse: < 0.2
# parity
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(0)
x = np.linspace(-np.pi, np.pi, 200)
y = np.sin(x)
model = keras.Sequential([keras.Input((1,)), layers.Dense(32, activation="tanh"), layers.Dense(32, activation="tanh"), layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mean_squared_error", metrics=["mae"])
history = model.fit(x, y, epochs=20, batch_size=50, verbose=0, shuffle=False)
print("first loss %.4f" % history.history["loss"][0])
print("mse: %.4f" % history.history["loss"][-1])
print("sin(1) is about %.3f" % model.predict(np.array([1.0]), verbose=0)[0, 0])
