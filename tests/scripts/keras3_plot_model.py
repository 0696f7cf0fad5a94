# expect: parameters: > 20
import numpy as np
import matplotlib.pyplot as plt
import keras
from keras import layers
from keras.utils import plot_model

inputs = keras.Input((4,), name="measures")
x = layers.Dense(5, activation="relu", name="hidden")(inputs)
residual = layers.add([layers.Dense(4)(x), inputs])
outputs = layers.Dense(1, name="out")(layers.Activation("tanh")(residual))
model = keras.Model(inputs, outputs, name="small_net")
plot_model(model, "model.png", show_shapes=True)
plot_model(model, to_file="model2.png", show_shapes=True, show_layer_names=True, rankdir="LR")
print("parameters:", model.count_params())
weights = model.get_layer("hidden").kernel
plt.imshow(weights.numpy())
plt.colorbar()
plt.show()
print(model.input_shape, model.output_shape, [layer.name for layer in model.layers][:2])
