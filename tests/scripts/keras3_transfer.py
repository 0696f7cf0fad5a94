# expect: same: > 0
# parity
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(5)
x = np.random.rand(120, 10)
y = (x[:, 0] > 0.5).astype(int)
base_model = keras.Sequential([keras.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(8, activation="relu")], name="base")
base_model.trainable = False
before = [w.copy() for w in base_model.get_weights()]
inputs = keras.Input(shape=(10,))
h = base_model(inputs, training=False)
outputs = layers.Dense(1)(h)
model = keras.Model(inputs, outputs)
model.summary(show_trainable=True, expand_nested=True)
model.compile(optimizer=keras.optimizers.Adam(), loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=[keras.metrics.BinaryAccuracy()])
model.fit(x, y, epochs=2, verbose=0)
print("same:", sum(bool((a == b).all()) for a, b in zip(before, base_model.get_weights())))
base_model.trainable = True
model.compile(optimizer=keras.optimizers.Adam(1e-5), loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=[keras.metrics.BinaryAccuracy()])
model.fit(x, y, epochs=1, verbose=0)
print(len(model.trainable_weights), "trainable;", bool((before[0] == base_model.get_weights()[0]).all()))
clone = keras.models.clone_model(model)
clone.set_weights(model.get_weights())
print(np.allclose(clone.predict(x, verbose=0), model.predict(x, verbose=0)))
