# expect: accuracy: > 0.5
# parity
import numpy as np
import keras
from keras.datasets import fashion_mnist
(X_train_full, y_train_full), (X_test, y_test) = fashion_mnist.load_data()
X_train, y_train = X_train_full[:-100], y_train_full[:-100]
X_valid, y_valid = X_train_full[-100:], y_train_full[-100:]
X_train, X_valid, X_test = X_train / 255., X_valid / 255., X_test / 255.
class_names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
keras.utils.set_random_seed(42)
model = keras.Sequential()
model.add(keras.layers.Input(shape=[28, 28]))
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(30, activation="relu"))
model.add(keras.layers.Dense(20, activation="relu"))
model.add(keras.layers.Dense(10, activation="softmax"))
model.summary()
print(model.layers)
hidden1 = model.layers[1]
print(hidden1.name, model.get_layer(hidden1.name) is hidden1)
weights, biases = hidden1.get_weights()
print(weights.shape, biases.shape)
model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD(learning_rate=0.1), metrics=["accuracy"])
history = model.fit(X_train, y_train, epochs=15, validation_data=(X_valid, y_valid), verbose=0)
print(history.params)
loss, accuracy = model.evaluate(X_test, y_test, verbose=0)
print("accuracy:", accuracy)
X_new = X_test[:3]
y_proba = model.predict(X_new, verbose=0)
y_pred = y_proba.argmax(axis=-1)
print(np.array(class_names)[y_pred])
