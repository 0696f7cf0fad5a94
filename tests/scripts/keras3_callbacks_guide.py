# expect: Epoch count: < 30
# parity
import numpy as np
import keras

keras.utils.set_random_seed(3)

class CustomCallback(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        print("Starting training; got log keys:", list(logs.keys()))

    def on_epoch_end(self, epoch, logs=None):
        if epoch < 2:
            print("End epoch {} of training; got log keys: {}".format(epoch, sorted(logs)))

    def on_test_end(self, logs=None):
        print("Stop testing; got log keys:", sorted(logs))

class EarlyStoppingAtMinLoss(keras.callbacks.Callback):
    def __init__(self, patience=0):
        super().__init__()
        self.patience = patience
        self.best_weights = None

    def on_train_begin(self, logs=None):
        self.wait = 0
        self.stopped_epoch = 0
        self.best = np.inf

    def on_epoch_end(self, epoch, logs=None):
        current = logs.get("loss")
        if np.less(current, self.best - 0.02):
            self.best = current
            self.wait = 0
            self.best_weights = self.model.get_weights()
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch = epoch
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs=None):
        if self.stopped_epoch > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")

x = np.random.RandomState(1).rand(100, 5)
y = x.sum(axis=1)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.RMSprop(learning_rate=0.02), loss="mean_squared_error", metrics=["mean_absolute_error"])
history = model.fit(x, y, batch_size=25, epochs=30, verbose=0, callbacks=[CustomCallback(), EarlyStoppingAtMinLoss(2)], shuffle=False)
print("Epoch count:", len(history.epoch))
result = model.evaluate(x, y, batch_size=50, verbose=0, callbacks=[CustomCallback()])
print(["%.3f" % value for value in result])
