# expect: loss: < 0.5
import numpy as np
from keras.layers import Input, Dense, merge
from keras.models import Model
from keras.regularizers import l2, activity_l2

np.random.seed(0)
a_data = np.random.rand(200, 4)
b_data = np.random.rand(200, 6)
target = (a_data.sum(axis=1) * b_data[:, 0] > 1).astype('float32')

left = Input(shape=(4,), name='left')
right = Input(shape=(6,), name='right')
x = Dense(8, activation='tanh', W_regularizer=l2(0.0001))(left)
y = Dense(8, activation='tanh', activity_regularizer=activity_l2(0.0001))(right)
merged = merge([x, y], mode='concat')
merged = Dense(8, init='he_normal', activation='relu', b_constraint='nonneg')(merged)
out = Dense(1, activation='sigmoid')(merged)
model = Model(input=[left, right], output=out)
model.compile(optimizer='rmsprop', loss='binary_crossentropy', metrics=['accuracy'])
hist = model.fit([a_data, b_data], target, nb_epoch=40, batch_size=20, verbose=0)
print('loss:', hist.history['loss'][-1])
print(sorted(hist.history), hist.history['acc'][-1] > 0.5)
