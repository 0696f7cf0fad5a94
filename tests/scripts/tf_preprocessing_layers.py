# expect: bins: > 3
import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow.keras import layers
rng = np.random.RandomState(0)
df = pd.DataFrame({'Age': rng.randint(1, 60, 64), 'Fee': rng.rand(64) * 100, 'Type': rng.choice(['Cat', 'Dog'], 64), 'Breed': rng.choice(['a', 'b', 'c', 'd'], 64), 'target': rng.randint(2, size=64)})
df = df.sample(frac=1, random_state=0)
train, val, test = df[:51], df[51:58], df[58:]
print(len(train), 'training examples')
def df_to_dataset(dataframe, shuffle=True, batch_size=32):
    df = dataframe.copy()
    labels = df.pop('target')
    df = {key: value.to_numpy()[:, tf.newaxis] for key, value in df.items()}
    ds = tf.data.Dataset.from_tensor_slices((dict(df), labels))
    if shuffle:
        ds = ds.shuffle(buffer_size=len(dataframe))
    ds = ds.batch(batch_size)
    ds = ds.prefetch(batch_size)
    return ds
train_ds = df_to_dataset(train, batch_size=5)
[(train_features, label_batch)] = train_ds.take(1)
print('Every feature:', list(train_features.keys()))
def get_normalization_layer(name, dataset):
    normalizer = layers.Normalization(axis=None)
    feature_ds = dataset.map(lambda x, y: x[name])
    normalizer.adapt(feature_ds)
    return normalizer
photo_count_col = train_features['Fee']
layer = get_normalization_layer('Fee', train_ds)
print(layer(photo_count_col).shape)
def get_category_encoding_layer(name, dataset, dtype, max_tokens=None):
    if dtype == 'string':
        index = layers.StringLookup(max_tokens=max_tokens)
    else:
        index = layers.IntegerLookup(max_tokens=max_tokens)
    feature_ds = dataset.map(lambda x, y: x[name])
    index.adapt(feature_ds)
    encoder = layers.CategoryEncoding(num_tokens=index.vocabulary_size())
    return lambda feature: encoder(index(feature))
test_layer = get_category_encoding_layer(name='Type', dataset=train_ds, dtype='string')
print(test_layer(train_features['Type']).shape)
all_inputs = {}
encoded_features = []
for header in ['Fee']:
    numeric_col = tf.keras.Input(shape=(1,), name=header)
    encoded_features.append(get_normalization_layer(header, train_ds)(numeric_col))
    all_inputs[header] = numeric_col
age_col = tf.keras.Input(shape=(1,), name='Age', dtype='int64')
encoded_features.append(get_category_encoding_layer(name='Age', dataset=train_ds, dtype='int64', max_tokens=5)(age_col))
all_inputs['Age'] = age_col
for header in ['Type', 'Breed']:
    c = tf.keras.Input(shape=(1,), name=header, dtype='string')
    encoded_features.append(get_category_encoding_layer(name=header, dataset=train_ds, dtype='string', max_tokens=5)(c))
    all_inputs[header] = c
all_features = tf.keras.layers.concatenate(encoded_features)
x = tf.keras.layers.Dense(32, activation="relu")(all_features)
x = tf.keras.layers.Dropout(0.5)(x)
output = tf.keras.layers.Dense(1)(x)
model = tf.keras.Model(all_inputs, output)
model.compile(optimizer='adam', loss=tf.keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"], run_eagerly=True)
model.fit(train_ds, epochs=2, validation_data=df_to_dataset(val, False), verbose=0)
result = model.evaluate(df_to_dataset(test, False), return_dict=True, verbose=0)
print(sorted(result))
model.save('my_pet_classifier.keras')
reloaded_model = tf.keras.models.load_model('my_pet_classifier.keras')
sample = {'Type': 'Cat', 'Age': 3, 'Breed': 'a', 'Fee': 100.}
input_dict = {name: tf.convert_to_tensor([value]) for name, value in sample.items()}
predictions = reloaded_model.predict(input_dict, verbose=0)
prob = tf.nn.sigmoid(predictions[0])
print(prob.shape)
h = layers.Hashing(num_bins=8)
print(h([['A'], ['B'], ['C'], ['D'], ['E']]))
print(layers.Hashing(num_bins=3, salt=[133, 137])([['A'], ['B'], ['C'], ['D'], ['E']]).numpy().ravel())
print(layers.Hashing(num_bins=3, salt=1337)([['A'], ['B'], ['C'], ['D'], ['E']]).numpy().ravel())
print(layers.Hashing(num_bins=3, mask_value='')([['A'], ['B'], [''], ['C'], ['D']]).numpy().ravel())
print(layers.Hashing(num_bins=5)(np.array([[1], [22], [333]])).numpy().ravel())
print(layers.Hashing(num_bins=4, output_mode='one_hot')(np.array([[1], [22], [333]])))
hc = layers.HashedCrossing(num_bins=5)
print(hc((tf.constant(['A', 'B', 'A', 'B', 'A']), tf.constant([101, 101, 101, 102, 102]))).numpy())
print(layers.HashedCrossing(num_bins=5, output_mode='one_hot')((np.array(['A', 'B', 'A']), np.array([101, 101, 102]))))
data = tf.constant([[1, 3, 4], [4, 2, 5]]); print(layers.IntegerLookup(vocabulary=[1, 2, 3])(data))
inv = layers.StringLookup(vocabulary=['a', 'b'], invert=True); print(inv([[1, 2], [0, 1]]))
d = layers.Discretization(num_bins=4); d.adapt(np.arange(40.)); print('bins:', len(d.bin_boundaries) + 1)
table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(['x', 'y']), tf.constant([10, 20])), default_value=-1)
print(table.lookup(tf.constant(['y', 'z', 'x'])), table.size().numpy())
vt = tf.lookup.StaticVocabularyTable(tf.lookup.KeyValueTensorInitializer(tf.constant(['<1H OCEAN', 'INLAND', 'NEAR OCEAN']), tf.range(3, dtype=tf.int64)), 2)
print(vt.lookup(tf.constant(['INLAND', 'NEAR OCEAN', 'INLAND', 'DESERT'])))
