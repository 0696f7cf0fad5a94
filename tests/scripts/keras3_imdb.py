# expect: test accuracy: > 0.6
# parity
from keras.datasets import imdb
import numpy as np
from keras import models, layers, optimizers, losses, metrics

(train_data, train_labels), (test_data, test_labels) = imdb.load_data(num_words=200)
print(max([max(sequence) for sequence in train_data]) < 200)
word_index = imdb.get_word_index()
reverse_word_index = dict([(value, key) for (key, value) in word_index.items()])
decoded_review = ' '.join([reverse_word_index.get(i - 3, '?') for i in train_data[0]])
print(decoded_review.split()[0])

def vectorize_sequences(sequences, dimension=200):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.
    return results

x_train, x_test = vectorize_sequences(train_data), vectorize_sequences(test_data)
y_train, y_test = np.asarray(train_labels).astype('float32'), np.asarray(test_labels).astype('float32')
model = models.Sequential()
model.add(layers.Dense(16, activation='relu', input_shape=(200,)))
model.add(layers.Dense(16, activation='relu'))
model.add(layers.Dense(1, activation='sigmoid'))
model.compile(optimizer=optimizers.RMSprop(learning_rate=0.001), loss=losses.binary_crossentropy, metrics=[metrics.binary_accuracy])
x_val, partial_x_train = x_train[:50], x_train[50:]
y_val, partial_y_train = y_train[:50], y_train[50:]
history = model.fit(partial_x_train, partial_y_train, epochs=15, batch_size=32, validation_data=(x_val, y_val), verbose=0)
history_dict = history.history
print(history_dict.keys(), history_dict['val_loss'])
results = model.evaluate(x_test, y_test, verbose=0)
print("test accuracy:", results[1])
