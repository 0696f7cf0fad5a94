# expect: loss: < 2
# parity
import numpy as np
import keras
from keras import layers, ops

keras.utils.set_random_seed(2)

class Linear(keras.layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units})
        return config

class ActivityRegularization(keras.layers.Layer):
    def __init__(self, rate=1e-2):
        super().__init__()
        self.rate = rate

    def call(self, inputs):
        self.add_loss(self.rate * ops.mean(inputs))
        return inputs

class MLP(keras.Model):
    def __init__(self, classes=3):
        super().__init__()
        self.first = Linear(16)
        self.regularize = ActivityRegularization()
        self.second = Linear(classes)

    def call(self, x):
        return self.second(self.regularize(ops.relu(self.first(x))))

layer = Linear.from_config(Linear(64).get_config())
print(layer.units)
x = np.random.RandomState(0).rand(90, 4)
y = np.argmax(x[:, :3], axis=1)
model = MLP()
model.compile(optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
history = model.fit(x, y, epochs=5, batch_size=30, verbose=0, shuffle=False)
print("loss: %.4f" % history.history["loss"][-1])
print("accuracy: %.3f" % history.history["accuracy"][-1])
print("weights:", len(model.weights))
