# expect: acc: > 55
# needs: h5py
from keras.models import Sequential, load_model, model_from_json
from keras.layers import Dense
from keras.callbacks import ModelCheckpoint
import numpy, os, glob
numpy.random.seed(7)
dataset = numpy.loadtxt("diabetes.csv", delimiter=",")
X, Y = dataset[:, 0:8], dataset[:, 8]
model = Sequential()
model.add(Dense(12, input_dim=8, kernel_initializer='uniform', activation='relu'))
model.add(Dense(1, kernel_initializer='uniform', activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
filepath = "weights-improvement-{epoch:02d}-{val_acc:.2f}.hdf5"
checkpoint = ModelCheckpoint(filepath, monitor='val_acc', verbose=0, save_best_only=True, mode='max')
best = ModelCheckpoint("weights.best.hdf5", monitor='val_acc', save_best_only=True, save_weights_only=True, mode='max', period=1)
callbacks_list = [checkpoint, best]
model.fit(X, Y, validation_split=0.33, epochs=6, batch_size=10, callbacks=callbacks_list, verbose=0)
print(len(glob.glob("weights-improvement-*.hdf5")) > 0, os.path.exists("weights.best.hdf5"))
model.load_weights("weights.best.hdf5")
# serialize model to JSON
model_json = model.to_json()
with open("model.json", "w") as json_file:
    json_file.write(model_json)
model.save_weights("model.h5")
print("Saved model to disk")
loaded_model = model_from_json(open('model.json', 'r').read())
loaded_model.load_weights("model.h5")
loaded_model.compile(loss='binary_crossentropy', optimizer='rmsprop', metrics=['accuracy'])
score = loaded_model.evaluate(X, Y, verbose=0)
print("acc: %.2f" % (score[1] * 100))
model.save("whole.h5")
print(numpy.allclose(load_model("whole.h5").predict(X), model.predict(X)))
