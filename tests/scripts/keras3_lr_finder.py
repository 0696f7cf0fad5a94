# expect: rate: < 0.1
# parity
import math
import numpy as np
import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt
import keras
from keras.callbacks import Callback, LearningRateScheduler, ReduceLROnPlateau, EarlyStopping, CSVLogger, TerminateOnNaN
from keras.models import Sequential
from keras.layers import Dense, BatchNormalization, Activation
from keras.optimizers import SGD
keras.utils.set_random_seed(4)
rng = np.random.RandomState(1)
X = rng.randn(256, 6).astype('float32')
y = (X[:, :1] * X[:, 1:2] > 0).astype('float32')

class LRFinder(Callback):
    def __init__(self, min_lr=1e-5, max_lr=1e-1, steps_per_epoch=None, epochs=None):
        super().__init__()
        self.min_lr, self.max_lr = min_lr, max_lr
        self.total_iterations = steps_per_epoch * epochs
        self.iteration = 0
        self.history = {}
    def clr(self):
        x = self.iteration / self.total_iterations
        return self.min_lr + (self.max_lr - self.min_lr) * x
    def on_train_begin(self, logs=None):
        logs = logs or {}
        self.model.optimizer.learning_rate = self.min_lr
    def on_train_batch_end(self, epoch, logs=None):
        logs = logs or {}
        self.iteration += 1
        self.history.setdefault('lr', []).append(float(np.array(self.model.optimizer.learning_rate)))
        self.history.setdefault('iterations', []).append(self.iteration)
        for k, v in logs.items():
            self.history.setdefault(k, []).append(v)
        self.model.optimizer.learning_rate = self.clr()
    def plot_loss(self):
        plt.plot(self.history['lr'], self.history['loss']); plt.xscale('log'); plt.savefig('lr.png')

def build():
    m = Sequential()
    m.add(Dense(16, input_dim=6, kernel_initializer='he_normal', use_bias=False))
    m.add(BatchNormalization())
    m.add(Activation('elu'))
    m.add(Dense(1, activation='sigmoid'))
    m.compile(loss='binary_crossentropy', optimizer=SGD(learning_rate=0.1, momentum=0.9, nesterov=True), metrics=['accuracy'])
    return m
m = build()
f = LRFinder(steps_per_epoch=8, epochs=2)
m.fit(X, y, batch_size=32, epochs=2, callbacks=[f], verbose=0)
print(['%.4f' % v for v in f.history['lr']], ['%.3f' % v for v in f.history['loss']])
f.plot_loss()

class SGDRScheduler(Callback):
    def __init__(self, min_lr, max_lr, steps_per_epoch, lr_decay=1, cycle_length=10, mult_factor=2):
        self.min_lr, self.max_lr, self.lr_decay = min_lr, max_lr, lr_decay
        self.batch_since_restart, self.next_restart = 0, cycle_length
        self.steps_per_epoch, self.cycle_length, self.mult_factor = steps_per_epoch, cycle_length, mult_factor
        self.history = {}
    def clr(self):
        fraction = self.batch_since_restart / (self.steps_per_epoch * self.cycle_length)
        return self.min_lr + 0.5 * (self.max_lr - self.min_lr) * (1 + np.cos(fraction * np.pi))
    def on_train_begin(self, logs={}):
        self.model.optimizer.learning_rate = self.max_lr
    def on_batch_end(self, batch, logs={}):
        self.history.setdefault('lr', []).append(float(np.array(self.model.optimizer.learning_rate)))
        self.batch_since_restart += 1
        self.model.optimizer.learning_rate = self.clr()
    def on_epoch_end(self, epoch, logs={}):
        if epoch + 1 == self.next_restart:
            self.batch_since_restart = 0
            self.cycle_length = np.ceil(self.cycle_length * self.mult_factor)
            self.next_restart += self.cycle_length
            self.max_lr *= self.lr_decay
            self.best_weights = self.model.get_weights()
    def on_train_end(self, logs={}):
        self.model.set_weights(self.best_weights)
m = build()
s = SGDRScheduler(1e-4, 1e-1, 8, 0.9, 1, 1.5)
m.fit(X, y, batch_size=32, epochs=3, callbacks=[s, CSVLogger('log.csv', separator=',', append=False)], verbose=0)
print(['%.4f' % v for v in s.history['lr']])
print(open('log.csv').readline().strip())
def step_decay(epoch):
    return 0.1 * math.pow(0.5, math.floor((1 + epoch) / 2.0))
m = build()
h = m.fit(X, y, validation_split=0.25, epochs=4, batch_size=28, callbacks=[LearningRateScheduler(step_decay, verbose=1), EarlyStopping('val_loss', patience=2), TerminateOnNaN()], verbose=0)
print(h.history['learning_rate'])
m = build()
r = ReduceLROnPlateau(monitor='loss', factor=0.5, patience=1, min_delta=1.0, verbose=1, cooldown=0, min_lr=0.001)
m.fit(X, y, epochs=4, callbacks=[r], verbose=0)
print('rate: %.4f' % float(np.array(m.optimizer.learning_rate)))
