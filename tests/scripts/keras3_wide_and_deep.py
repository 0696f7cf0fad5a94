# expect: total: < 3
# parity
# Wide and deep, with two inputs and an auxiliary output, as a subclass and as a graph
import numpy as np
import keras

keras.utils.set_random_seed(42)
rng = np.random.RandomState(42)
X = rng.randn(240, 8)
y = X[:, :3].sum(axis=1) + 0.1 * rng.randn(240)
X_wide, X_deep = X[:, :5], X[:, 2:]
norm_layer_wide = keras.layers.Normalization(mean=0.0, variance=1.0)
input_wide = keras.layers.Input(shape=[5])
input_deep = keras.layers.Input(shape=[6])
norm_wide = norm_layer_wide(input_wide)
hidden1 = keras.layers.Dense(30, activation="relu")(input_deep)
hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
concat = keras.layers.concatenate([norm_wide, hidden2])
output = keras.layers.Dense(1, name="main")(concat)
aux_output = keras.layers.Dense(1, name="aux")(hidden2)
model = keras.Model(inputs=[input_wide, input_deep], outputs=[output, aux_output])
model.compile(loss=("mse", "mse"), loss_weights=(0.9, 0.1), optimizer=keras.optimizers.Adam(1e-3), metrics=["mae", "mae"])
history = model.fit((X_wide, X_deep), (y, y), epochs=4, verbose=0, shuffle=False)
eval_results = model.evaluate((X_wide, X_deep), (y, y), verbose=0)
print("total: %.4f" % eval_results[0])

class WideAndDeepModel(keras.Model):
    def __init__(self, units=30, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.hidden1 = keras.layers.Dense(units, activation=activation)
        self.hidden2 = keras.layers.Dense(units, activation=activation)
        self.main_output = keras.layers.Dense(1)
        self.aux_output = keras.layers.Dense(1)

    def call(self, inputs):
        input_wide, input_deep = inputs
        hidden2 = self.hidden2(self.hidden1(input_deep))
        concat = keras.layers.concatenate([input_wide, hidden2])
        return self.main_output(concat), self.aux_output(hidden2)

model = WideAndDeepModel(30, activation="relu", name="my_cool_model")
model.compile(loss=["mse", "mse"], loss_weights=[0.9, 0.1], optimizer="sgd")
history = model.fit((X_wide, X_deep), (y, y), epochs=3, verbose=0, shuffle=False)
print("subclass: %.4f" % history.history["loss"][-1])
y_main, y_aux = model.predict((X_wide[:3], X_deep[:3]), verbose=0)
print(y_main.shape, y_aux.shape)
