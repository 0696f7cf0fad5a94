# expect: close: > 0
# needs: h5py
# parity
import os
import numpy as np
import keras

def get_model():
    inputs = keras.Input(shape=(32,))
    outputs = keras.layers.Dense(1)(inputs)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(), loss="mean_squared_error")
    return model

@keras.saving.register_keras_serializable(package="my_package", name="custom_fn")
def custom_fn(x):
    return x ** 2

model = get_model()
test_input, test_target = np.random.random((128, 32)), np.random.random((128, 1))
print(model.fit(test_input, test_target, verbose=0).history, model.evaluate(test_input, test_target, verbose=0))
model.save("my_model.keras")
reconstructed_model = keras.models.load_model("my_model.keras")
np.testing.assert_allclose(model.predict(test_input, verbose=0), reconstructed_model.predict(test_input, verbose=0))
reconstructed_model.fit(test_input, test_target, verbose=0)
model.save_weights("my.weights.h5")
other = get_model()
other.load_weights("my.weights.h5")
config = model.get_config()
again = keras.Model.from_config(config)
json_model = keras.models.model_from_json(model.to_json())
layer = keras.layers.Dense(3, activation=custom_fn)
same = keras.layers.Dense.from_config(layer.get_config())
print(same.activation is custom_fn, os.path.exists("my_model.keras"), [l.name for l in again.layers] == [l.name for l in json_model.layers])
print("close:", int(np.allclose(model.predict(test_input, verbose=0), other.predict(test_input, verbose=0))))
