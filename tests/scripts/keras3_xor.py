# expect: right: > 3
# parity
import numpy as np
import keras
from keras.models import Sequential
from keras.layers import Dense, Input

keras.utils.set_random_seed(42)
x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
y = np.array([[0], [1], [1], [0]], "float32")
model = Sequential([Input((2,)), Dense(8, activation="tanh"), Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(learning_rate=0.1), metrics=["binary_accuracy"])
model.fit(x, y, epochs=100, batch_size=4, verbose=0)
predictions = model.predict(x, verbose=0)
for row, p in zip(x, predictions):
    print(row, "->", round(float(p[0]), 2))
print("right:", int(((predictions > 0.5) == y).sum()))
