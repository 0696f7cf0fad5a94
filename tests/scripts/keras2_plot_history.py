# expect: epochs: > 9
# parity
# Plot what training did
import numpy
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from keras.models import Sequential
from keras.layers import Dense
numpy.random.seed(7)
dataset = numpy.loadtxt("diabetes.csv", delimiter=",")
X, Y = dataset[:, 0:8], dataset[:, 8]
model = Sequential()
model.add(Dense(12, input_dim=8, activation='relu'))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['acc'])
history = model.fit(X, Y, validation_split=0.33, epochs=10, batch_size=10, verbose=0)
print(history.history.keys(), history.history['loss'][-1], history.history['val_loss'][-1])
acc = history.history['acc']
val_acc = history.history['val_acc']
loss = history.history['loss']
epochs = range(1, len(acc) + 1)
print("epochs:", len(epochs))
plt.plot(epochs, acc, 'bo', label='Training acc')
plt.plot(epochs, val_acc, 'b', label='Validation acc')
plt.title('Training and validation accuracy')
plt.legend()
plt.figure()
plt.plot(history.history['loss'])
plt.plot(history.history['val_loss'])
plt.ylabel('loss')
plt.xlabel('epoch')
plt.legend(['train', 'test'], loc='upper left')
plt.savefig("history.png")
