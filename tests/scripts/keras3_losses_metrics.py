# expect: kinds: > 8
# parity
import numpy as np
import keras
from keras import layers, losses, metrics, optimizers, regularizers, constraints, initializers
rng = np.random.RandomState(0)
X = rng.randn(60, 5).astype("float32")
regression = (X @ [1.0, -2.0, 0.5, 0.0, 3.0] + 1).astype("float32")
classes = rng.randint(3, size=60)
yes = (X[:, 0] > 0).astype("float32")


def net(units, activation):
    keras.utils.set_random_seed(11)
    return keras.Sequential([
        keras.Input((5,)),
        layers.Dense(8, activation="gelu", kernel_initializer=initializers.HeUniform(), kernel_regularizer=regularizers.L1L2(1e-4, 1e-3)),
        layers.LayerNormalization(),
        layers.Dense(6, activation=layers.LeakyReLU(0.1), kernel_initializer="orthogonal", kernel_constraint=constraints.MaxNorm(2)),
        layers.Dense(units, activation=activation, bias_initializer="zeros")])


kinds = 0
for name, loss, optimizer in [
    ("mse", "mse", "adam"), ("mae", losses.MeanAbsoluteError(), optimizers.SGD(0.01, momentum=0.9, nesterov=True)),
    ("huber", losses.Huber(delta=0.5), "rmsprop"), ("log_cosh", "log_cosh", optimizers.Nadam(0.01)), ("msle", "mean_squared_logarithmic_error", "adamax")]:
    model = net(1, None)
    model.compile(optimizer=optimizer, loss=loss, metrics=["mae", metrics.RootMeanSquaredError(), metrics.R2Score()])
    history = model.fit(X, regression, epochs=2, batch_size=20, verbose=0)
    print(name, {k: round(float(v[-1]), 3) for k, v in history.history.items()})
    kinds += 1
for name, loss, optimizer in [
    ("sparse", losses.SparseCategoricalCrossentropy(from_logits=True), optimizers.Adam(0.01, amsgrad=True)),
    ("smoothed", losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2), optimizers.AdamW(0.01, clipnorm=0.5))]:
    model = net(3, None)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy", metrics.SparseTopKCategoricalAccuracy(k=2)])
    history = model.fit(X, classes, epochs=2, batch_size=20, verbose=0, validation_split=0.25)
    print(name, {k: round(float(v[-1]), 3) for k, v in history.history.items()})
    kinds += 1
one_hot = keras.utils.to_categorical(classes, 3)
for name, loss in [("categorical", losses.CategoricalCrossentropy(label_smoothing=0.1)), ("focal", losses.CategoricalFocalCrossentropy())]:
    model = net(3, "softmax")
    model.compile(optimizer=optimizers.Lion(1e-3), loss=loss, metrics=[metrics.CategoricalAccuracy(), metrics.F1Score(average="macro"), metrics.AUC(multi_label=True)])
    history = model.fit(X, one_hot, epochs=2, batch_size=20, verbose=0)
    print(name, {k: round(float(np.mean(v[-1])), 3) for k, v in history.history.items()})
    kinds += 1
model = net(1, "sigmoid")
model.compile("adam", "binary_crossentropy", metrics=[metrics.Precision(), metrics.Recall(thresholds=0.4), metrics.AUC(curve="PR"), metrics.TruePositives(), metrics.FalseNegatives(), metrics.SpecificityAtSensitivity(0.5), metrics.BinaryIoU()])
history = model.fit(X, yes, epochs=2, batch_size=20, verbose=0, sample_weight=np.linspace(0.5, 1.5, 60))
print({k: round(float(v[-1]), 3) for k, v in history.history.items()})
print("kinds:", kinds)
