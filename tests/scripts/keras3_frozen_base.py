# expect: trained weights: > 3
# needs: h5py
# parity
import numpy as np
import keras
from keras import layers, models, optimizers
keras.utils.set_random_seed(8)
rng = np.random.RandomState(0)
def make_base():
    i = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding='same', activation='relu', name='block1_conv1')(i)
    x = layers.MaxPooling2D(2, name='block1_pool')(x)
    x = layers.Conv2D(8, 3, padding='same', name='block2_conv1')(x)
    x = layers.BatchNormalization(name='bn')(x)
    x = layers.Activation('relu')(x)
    x = layers.MaxPooling2D(2, name='block2_pool')(x)
    return keras.Model(i, x, name='tinyvgg')
conv_base = make_base()
conv_base.summary()
X, y = rng.rand(40, 16, 16, 3).astype('float32'), rng.randint(2, size=40)
features = conv_base.predict(X, verbose=0)
print(features.shape)
model = models.Sequential()
model.add(layers.Dense(16, activation='relu', input_dim=4 * 4 * 8))
model.add(layers.Dropout(0.0))
model.add(layers.Dense(1, activation='sigmoid'))
model.compile(optimizer=optimizers.RMSprop(learning_rate=2e-5), loss='binary_crossentropy', metrics=['acc'])
h = model.fit(np.reshape(features, (40, -1)), y, epochs=2, batch_size=20, verbose=0, validation_split=0.2)
print(h.history['loss'], h.history['val_loss'])
model = models.Sequential()
model.add(conv_base)
model.add(layers.Flatten())
model.add(layers.Dense(8, activation='relu'))
model.add(layers.Dense(1, activation='sigmoid'))
print('before freezing:', len(model.trainable_weights))
conv_base.trainable = False
print('after freezing:', len(model.trainable_weights))
model.compile(loss='binary_crossentropy', optimizer=optimizers.RMSprop(learning_rate=2e-5), metrics=['acc'])
h = model.fit(X, y, epochs=1, verbose=0); print(h.history['loss'])
conv_base.trainable = True
set_trainable = False
for layer in conv_base.layers:
    if layer.name == 'block2_conv1': set_trainable = True
    layer.trainable = set_trainable
model.compile(loss='binary_crossentropy', optimizer=optimizers.RMSprop(learning_rate=1e-3), metrics=['acc'])
h = model.fit(X, y, epochs=1, verbose=0); print(h.history['loss'], 'trained weights:', len(model.trainable_weights))
model.summary(show_trainable=True, expand_nested=True)
base = make_base(); base.trainable = False
inputs = keras.Input(shape=(16, 16, 3))
x = layers.Rescaling(scale=2., offset=-1)(inputs)
x = base(x, training=False)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.0)(x)
outputs = layers.Dense(1)(x)
m = keras.Model(inputs, outputs)
m.compile(optimizer=keras.optimizers.Adam(), loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=[keras.metrics.BinaryAccuracy()])
print([round(float(v), 4) for v in m.evaluate(X, y, verbose=0)])
layer_outputs = [layer.output for layer in conv_base.layers[1:4]]
activation_model = models.Model(inputs=conv_base.input, outputs=layer_outputs)
activations = activation_model.predict(X[:1], verbose=0)
print([a.shape for a in activations])
base.save_weights('base.weights.h5'); conv_base.load_weights('base.weights.h5')
print(all(np.array_equal(a, b) for a, b in zip(base.get_weights(), conv_base.get_weights())))
model.save('m.h5'); again = models.load_model('m.h5'); print(np.allclose(again.predict(X, verbose=0), model.predict(X, verbose=0)))
with open('arch.json', 'w') as f: f.write(model.to_json())
j = models.model_from_json(open('arch.json').read()); j.set_weights(model.get_weights())
print(np.allclose(j.predict(X, verbose=0), model.predict(X, verbose=0)))
w, b = model.layers[-1].get_weights(); print(w.shape, b.shape)
c = models.clone_model(model); print(c.count_params() == model.count_params())
