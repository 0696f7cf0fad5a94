# expect: Vocabulary size: > 10
import os, re, string
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, losses
from tensorflow.keras.layers import TextVectorization
raw = ["I loved this movie<br />so much!", "terrible, terrible film...", "What a GREAT cast", "awful plot; bad acting"] * 8
lab = [1, 0, 1, 0] * 8
raw_train_ds = tf.data.Dataset.from_tensor_slices((raw, lab)).batch(4)
def custom_standardization(input_data):
    lowercase = tf.strings.lower(input_data)
    stripped_html = tf.strings.regex_replace(lowercase, '<br />', ' ')
    return tf.strings.regex_replace(stripped_html, '[%s]' % re.escape(string.punctuation), '')
max_features, sequence_length = 100, 10
vectorize_layer = layers.TextVectorization(standardize=custom_standardization, max_tokens=max_features, output_mode='int', output_sequence_length=sequence_length)
train_text = raw_train_ds.map(lambda x, y: x)
vectorize_layer.adapt(train_text)
def vectorize_text(text, label):
    text = tf.expand_dims(text, -1)
    return vectorize_layer(text), label
text_batch, label_batch = next(iter(raw_train_ds))
first_review, first_label = text_batch[0], label_batch[0]
print("Review", first_review)
print("Vectorized review", vectorize_text(first_review, first_label))
print("1 ---> ", vectorize_layer.get_vocabulary()[2])
print('Vocabulary size: {}'.format(len(vectorize_layer.get_vocabulary())))
train_ds = raw_train_ds.map(vectorize_text).cache().prefetch(buffer_size=tf.data.AUTOTUNE)
model = tf.keras.Sequential([layers.Embedding(max_features, 16), layers.Dropout(0.2), layers.GlobalAveragePooling1D(), layers.Dropout(0.2), layers.Dense(1, activation='sigmoid')])
model.compile(loss=losses.BinaryCrossentropy(), optimizer='adam', metrics=[tf.metrics.BinaryAccuracy(threshold=0.5)])
history = model.fit(train_ds, epochs=3, verbose=0)
print(history.history.keys())
export_model = tf.keras.Sequential([vectorize_layer, model, layers.Activation('sigmoid')])
export_model.compile(loss=losses.BinaryCrossentropy(from_logits=False), optimizer="adam", metrics=['accuracy'])
metrics = export_model.evaluate(raw_train_ds, return_dict=True, verbose=0)
print(sorted(metrics))
examples = tf.constant(["The movie was great!", "The movie was okay.", "The movie was terrible..."])
print(export_model.predict(examples, verbose=0).shape)
# string Input in a functional graph
text_input = tf.keras.Input(shape=(1,), dtype=tf.string, name='text')
tv = TextVectorization(max_tokens=50, output_sequence_length=6)
tv.adapt(np.array(raw))
x = tv(text_input)
x = layers.Embedding(50, 4, mask_zero=True)(x)
x = layers.LSTM(3)(x)
out = layers.Dense(1, activation='sigmoid')(x)
m = tf.keras.Model(text_input, out)
m.compile('adam', 'binary_crossentropy', metrics=['accuracy'])
m.fit(tf.constant([[r] for r in raw]), np.array(lab), epochs=1, verbose=0)
print(m.predict(tf.constant([["great movie"], ["bad"]]), verbose=0).shape)
m.summary()
encoder = tf.keras.layers.TextVectorization(max_tokens=100)
encoder.adapt(tf.data.Dataset.from_tensor_slices(raw).batch(8))
vocab = np.array(encoder.get_vocabulary())
print(vocab[:5])
ee = encoder(["great movie so much", "bad"])[:3].numpy(); print(ee)
print(" ".join(vocab[ee[0]]))
model = tf.keras.Sequential([encoder, layers.Embedding(input_dim=len(encoder.get_vocabulary()), output_dim=8, mask_zero=True), layers.Bidirectional(layers.LSTM(4)), layers.Dense(4, activation='relu'), layers.Dense(1)])
print(model.predict(tf.constant(["The movie was cool"]), verbose=0).shape)
print([layer.supports_masking for layer in model.layers])
model.compile(loss=tf.keras.losses.BinaryCrossentropy(from_logits=True), optimizer=tf.keras.optimizers.Adam(1e-4), metrics=['accuracy'])
model.fit(raw_train_ds, epochs=1, verbose=0)
for mode in ('multi_hot', 'count', 'tf_idf'):
    b = TextVectorization(max_tokens=20, output_mode=mode, ngrams=2); b.adapt(raw)
    print(mode, b(["great movie great cast"]).shape, b(["great cast"]).numpy().sum())
