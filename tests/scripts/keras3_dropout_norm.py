# expect: mean of samples: < 1
import numpy as np
import keras
from keras import layers, regularizers
from functools import partial

keras.utils.set_random_seed(42)
x = np.random.rand(200, 20).astype("float32")
y = (x[:, :5].sum(axis=1) > 2.5).astype(int)
RegularizedDense = partial(keras.layers.Dense, activation="elu", kernel_initializer="he_normal",
                           kernel_regularizer=regularizers.l2(0.01), kernel_constraint=keras.constraints.MaxNorm(1.))
model = keras.Sequential([
    layers.Input((20,)), layers.BatchNormalization(), layers.Dropout(rate=0.2), RegularizedDense(30),
    layers.BatchNormalization(), layers.GaussianNoise(0.1), layers.Dropout(0.2), RegularizedDense(10),
    layers.AlphaDropout(0.1), layers.Dense(1, activation="sigmoid"),
])
model.compile("nadam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc"), keras.metrics.Precision(name="p")])
cb = [keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True), keras.callbacks.ReduceLROnPlateau(patience=2)]
history = model.fit(x, y, epochs=6, validation_split=0.2, verbose=2, callbacks=cb)
print(sorted(history.history))
y_probas = np.stack([model(x[:3], training=True) for sample in range(20)])
y_proba = y_probas.mean(axis=0)
print("mean of samples:", float(y_proba.mean()), y_probas.shape)
print(len(model.trainable_variables), len(model.non_trainable_variables))
