# expect: final rate: < 0.06
import math
import numpy
from keras.models import Sequential
from keras.layers import Dense
from keras.optimizers import SGD
from keras.callbacks import LearningRateScheduler, ReduceLROnPlateau
from keras import backend as K
numpy.random.seed(7)
X = numpy.random.rand(150, 34)
Y = (X[:, :4].sum(axis=1) > 2).astype(int)
model = Sequential()
model.add(Dense(34, input_dim=34, kernel_initializer='normal', activation='relu'))
model.add(Dense(1, kernel_initializer='normal', activation='sigmoid'))
# time-based decay
epochs = 10
learning_rate = 0.1
decay_rate = learning_rate / epochs
momentum = 0.8
sgd = SGD(lr=learning_rate, momentum=momentum, decay=decay_rate, nesterov=False)
model.compile(loss='binary_crossentropy', optimizer=sgd, metrics=['accuracy'])
model.fit(X, Y, validation_split=0.33, epochs=epochs, batch_size=28, verbose=0)
# drop-based decay
def step_decay(epoch):
	initial_lrate = 0.1
	drop = 0.5
	epochs_drop = 5.0
	lrate = initial_lrate * math.pow(drop, math.floor((1 + epoch) / epochs_drop))
	return lrate
sgd = SGD(lr=0.0, momentum=0.9, decay=0.0, nesterov=False)
model.compile(loss='binary_crossentropy', optimizer=sgd, metrics=['accuracy'])
lrate = LearningRateScheduler(step_decay)
model.fit(X, Y, validation_split=0.33, epochs=7, batch_size=28, callbacks=[lrate], verbose=0)
print("final rate: %.3f" % K.get_value(model.optimizer.lr))
K.set_value(model.optimizer.lr, 0.01)
history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[ReduceLROnPlateau(monitor='loss', epsilon=10.0, patience=0, factor=0.5)])
print("%.4f" % float(model.optimizer.lr), history.history['lr'][0])
