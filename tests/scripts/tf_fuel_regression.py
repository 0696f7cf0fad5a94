# expect: mean error: < 15
import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
np.set_printoptions(precision=3, suppress=True)
raw_dataset = pd.read_csv("fuel.csv", na_values='?', comment='\t', skipinitialspace=True)
dataset = raw_dataset.dropna().copy()
dataset['Origin'] = dataset['Origin'].map({1: 'USA', 2: 'Europe', 3: 'Japan'})
dataset = pd.get_dummies(dataset, columns=['Origin'], prefix='', prefix_sep='')
train_dataset = dataset.sample(frac=0.8, random_state=0)
test_dataset = dataset.drop(train_dataset.index)
train_features = train_dataset.copy()
test_features = test_dataset.copy()
train_labels = train_features.pop('MPG')
test_labels = test_features.pop('MPG')
normalizer = tf.keras.layers.Normalization(axis=-1)
normalizer.adapt(np.array(train_features).astype('float32'))
print(normalizer.mean.numpy().shape)
horsepower = np.array(train_features['Horsepower'])
horsepower_normalizer = layers.Normalization(input_shape=[1,], axis=None)
horsepower_normalizer.adapt(horsepower)
horsepower_model = tf.keras.Sequential([horsepower_normalizer, layers.Dense(units=1)])
horsepower_model.summary()
print(horsepower_model.predict(horsepower[:10]).shape)
horsepower_model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=0.1), loss='mean_absolute_error')
history = horsepower_model.fit(train_features['Horsepower'], train_labels, epochs=20, verbose=0, validation_split=0.2)
hist = pd.DataFrame(history.history)
hist['epoch'] = history.epoch
print(hist.tail(1).shape)
x = tf.linspace(0.0, 250, 251)
y = horsepower_model.predict(x)
print(y.shape)

def build_and_compile_model(norm):
    model = keras.Sequential([norm, layers.Dense(16, activation='relu'), layers.Dense(16, activation='relu'), layers.Dense(1)])
    model.compile(loss='mean_absolute_error', optimizer=tf.keras.optimizers.Adam(0.01))
    return model

dnn_model = build_and_compile_model(normalizer)
history = dnn_model.fit(train_features.astype('float32'), train_labels, validation_split=0.2, verbose=0, epochs=30)
print("mean error:", dnn_model.evaluate(test_features.astype('float32'), test_labels, verbose=0))
test_predictions = dnn_model.predict(test_features.astype('float32')).flatten()
error = test_predictions - test_labels
print(error.shape)
