# expect: sum: > 1000
import os
import numpy as np
import pandas as pd
from PIL import Image
from keras.models import Sequential
from keras.layers import Conv2D, MaxPooling2D, Flatten, Dense, Dropout
from keras.preprocessing.image import ImageDataGenerator, load_img, img_to_array, array_to_img
import keras
keras.utils.set_random_seed(1)
rng = np.random.RandomState(0)
for part, n in (('train', 6), ('valid', 3)):
    for k, name in enumerate(('cats', 'dogs')):
        os.makedirs(f'pets/{part}/{name}', exist_ok=True)
        for i in range(n):
            Image.fromarray((rng.rand(20, 24, 3) * 120 + 120 * k).astype('uint8')).save(f'pets/{part}/{name}/{name}.{i}.png')
train_datagen = ImageDataGenerator(rescale=1. / 255, rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2, zoom_range=0.2, horizontal_flip=True, fill_mode='nearest')
test_datagen = ImageDataGenerator(rescale=1. / 255)
train_generator = train_datagen.flow_from_directory('pets/train', target_size=(16, 16), batch_size=4, class_mode='binary')
validation_generator = test_datagen.flow_from_directory('pets/valid', target_size=(16, 16), batch_size=4, class_mode='binary', shuffle=False)
for data_batch, labels_batch in train_generator:
    print('data batch shape:', data_batch.shape)
    print('labels batch shape:', labels_batch.shape)
    break
print(train_generator.class_indices, validation_generator.classes, validation_generator.filenames[:2], train_generator.samples, train_generator.n, len(train_generator))
model = Sequential([Conv2D(4, (3, 3), activation='relu', input_shape=(16, 16, 3)), MaxPooling2D((2, 2)), Flatten(), Dropout(0.5), Dense(1, activation='sigmoid')])
model.compile(loss='binary_crossentropy', optimizer=keras.optimizers.RMSprop(learning_rate=1e-3), metrics=['acc'])
h = model.fit(train_generator, steps_per_epoch=3, epochs=2, validation_data=validation_generator, validation_steps=2, verbose=0)
print(sorted(h.history))
print(model.predict(validation_generator, verbose=0).shape)
img = load_img('pets/train/cats/cats.0.png', target_size=(16, 16))
x = img_to_array(img).reshape((1, 16, 16, 3))
i = 0
for batch in train_datagen.flow(x, batch_size=1):
    array_to_img(batch[0])
    i += 1
    if i % 4 == 0: break
print(batch.shape, batch.dtype)
X = rng.rand(20, 8, 8, 1).astype('float32')
y = rng.randint(2, size=20)
dg = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True, zca_whitening=True)
dg.fit(X)
xb, yb = next(dg.flow(X, y, batch_size=5, shuffle=False))
print(xb.mean(), xb.std(), yb)
dg = ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True, vertical_flip=True, brightness_range=(0.5, 1.5), channel_shift_range=10., validation_split=0.25)
a = dg.flow(X, y, batch_size=4, subset='training', seed=3)
b = dg.flow(X, y, batch_size=4, subset='validation', seed=3)
print(len(a), len(b), a[0][0].shape, a[0][0].sum())
df = pd.DataFrame({'id': [f'cats/cats.{i}.png' for i in range(3)] + [f'dogs/dogs.{i}.png' for i in range(3)], 'label': ['c'] * 3 + ['d'] * 3})
g = ImageDataGenerator(rescale=1 / 255., validation_split=0.34).flow_from_dataframe(df, directory='pets/valid', x_col='id', y_col='label', class_mode='categorical', target_size=(8, 8), batch_size=2, subset='training', shuffle=False)
xb, yb = next(g)
print(xb.sum(), yb)
dg = ImageDataGenerator(rotation_range=90, width_shift_range=2, height_shift_range=[-1, 0, 1], shear_range=10, zoom_range=[0.5, 1.2], horizontal_flip=True, fill_mode='constant', cval=0.5, preprocessing_function=lambda im: im * 2, channel_shift_range=0.1)
it = dg.flow(X, y, batch_size=20, shuffle=True, seed=9, sample_weight=np.arange(20))
xb, yb, wb = next(it)
print('sum:', xb.sum(), yb, wb)
print(dg.get_random_transform((8, 8, 1), seed=4))
print(dg.apply_transform(X[0], {'theta': 30, 'flip_horizontal': True}).sum(), dg.random_transform(X[1], seed=2).sum(), dg.standardize(X[2].copy()).sum())
