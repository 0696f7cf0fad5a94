# expect: parameters: > 20
# needs: h5py
# parity
import itertools
import json
import os
import numpy as np
import keras
from keras import layers
from keras.callbacks import ModelCheckpoint, EarlyStopping, CSVLogger, BackupAndRestore, ReduceLROnPlateau, LambdaCallback
keras.utils.set_random_seed(3)
rng = np.random.RandomState(0)
x, y = rng.rand(120, 10), rng.randint(3, size=120)
def build_model(hp):
    model = keras.Sequential()
    model.add(keras.Input((10,)))
    for i in range(hp['layers']):
        model.add(layers.Dense(units=hp['units'], activation=hp['activation'], kernel_initializer='zeros' if i else 'ones'))
        if hp['bn']: model.add(layers.BatchNormalization())
    model.add(layers.Dense(3, activation='softmax', kernel_initializer='zeros'))
    model.compile(optimizer=keras.optimizers.get({'class_name': hp['opt'], 'config': {'learning_rate': hp['lr']}}), loss='sparse_categorical_crossentropy', metrics=['accuracy'])
    return model
space = {'layers': [2], 'units': [4], 'activation': ['relu', 'tanh'], 'bn': [False, True], 'opt': ['Adam'], 'lr': [1e-2]}
results = []
for values in itertools.product(*space.values()):
    hp = dict(zip(space, values))
    keras.backend.clear_session()
    model = build_model(hp)
    history = model.fit(x, y, epochs=2, batch_size=32, validation_split=0.25, verbose=0, shuffle=False, callbacks=[EarlyStopping(monitor='val_accuracy', patience=1, mode='max', restore_best_weights=True)])
    results.append((min(history.history['val_loss']), json.dumps(hp)))
    print('%.4f' % results[-1][0], hp['layers'], hp['activation'], hp['bn'])
best = json.loads(sorted(results)[0][1])
model = build_model(best)
log = []
cbs = [ModelCheckpoint('best.keras', save_best_only=True, monitor='val_loss'), ModelCheckpoint('w-{epoch:02d}.weights.h5', save_weights_only=True, save_freq='epoch'), CSVLogger('training.csv'), BackupAndRestore('backup'), ReduceLROnPlateau(patience=1, min_lr=1e-5), LambdaCallback(on_epoch_end=lambda epoch, logs: log.append(sorted(logs)), on_train_end=lambda logs: print('end'), on_batch_begin=lambda batch, logs: None)]
h = model.fit(x, y, epochs=3, validation_data=(x, y), callbacks=cbs, verbose=0, shuffle=False)
print(log[-1], h.params)
print(os.path.exists('best.keras'), len([f for f in os.listdir('.') if f.startswith('w-')]))
again = keras.models.load_model('best.keras')
print(np.allclose(again.predict(x, verbose=0), keras.saving.load_model('best.keras').predict(x, verbose=0)))
print([round(v, 4) for v in again.evaluate(x, y, verbose=0)])
cfg = again.get_config(); print(cfg['name'][:10], len(cfg['layers']))
print('parameters:', keras.Sequential.from_config(cfg).count_params(), again.optimizer.get_config()['name'])
opt = keras.optimizers.serialize(again.optimizer); print(opt['class_name'])
print(keras.losses.serialize(keras.losses.get('mse')), keras.activations.serialize(keras.activations.relu), keras.metrics.get('accuracy').__class__.__name__ if not isinstance(keras.metrics.get('accuracy'), str) else '')
