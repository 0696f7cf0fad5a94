# expect: last loss: < 3.5
# parity
import sys
import random
import numpy as np
from keras.callbacks import LambdaCallback, ModelCheckpoint
from keras.models import Sequential
from keras.layers import Dense, Activation, Dropout
from keras.layers import LSTM, GRU
from keras.optimizers import RMSprop
from keras.utils import set_random_seed
set_random_seed(0)
text = ('the quick brown fox jumps over the lazy dog. ' * 12).lower()
chars = sorted(list(set(text)))
print('total chars:', len(chars))
char_indices = dict((c, i) for i, c in enumerate(chars))
indices_char = dict((i, c) for i, c in enumerate(chars))
maxlen = 10
step = 3
sentences, next_chars = [], []
for i in range(0, len(text) - maxlen, step):
    sentences.append(text[i: i + maxlen])
    next_chars.append(text[i + maxlen])
print('nb sequences:', len(sentences))
x = np.zeros((len(sentences), maxlen, len(chars)), dtype=bool)
y = np.zeros((len(sentences), len(chars)), dtype=bool)
for i, sentence in enumerate(sentences):
    for t, char in enumerate(sentence):
        x[i, t, char_indices[char]] = 1
    y[i, char_indices[next_chars[i]]] = 1
model = Sequential()
model.add(LSTM(16, input_shape=(maxlen, len(chars))))
model.add(Dense(len(chars), activation='softmax'))
optimizer = RMSprop(learning_rate=0.01)
model.compile(loss='categorical_crossentropy', optimizer=optimizer)

def sample(preds, temperature=1.0):
    preds = np.asarray(preds).astype('float64')
    preds = np.log(preds) / temperature
    exp_preds = np.exp(preds)
    preds = exp_preds / np.sum(exp_preds)
    probas = np.random.multinomial(1, preds, 1)
    return np.argmax(probas)

def on_epoch_end(epoch, _):
    print('----- Generating text after Epoch: %d' % epoch)
    start_index = random.randint(0, len(text) - maxlen - 1)
    for diversity in [0.2, 1.0]:
        generated = ''
        sentence = text[start_index: start_index + maxlen]
        generated += sentence
        for i in range(5):
            x_pred = np.zeros((1, maxlen, len(chars)))
            for t, char in enumerate(sentence):
                x_pred[0, t, char_indices[char]] = 1.
            preds = model.predict(x_pred, verbose=0)[0]
            next_index = sample(preds, diversity)
            next_char = indices_char[next_index]
            sentence = sentence[1:] + next_char
            sys.stdout.write('')
            sys.stdout.flush()
        print()

print_callback = LambdaCallback(on_epoch_end=on_epoch_end)
h = model.fit(x, y, batch_size=32, epochs=2, callbacks=[print_callback], verbose=0)
print(h.history['loss'])
g = Sequential([GRU(8, return_sequences=True, input_shape=(maxlen, len(chars))), Dropout(0.0), GRU(8), Dense(len(chars)), Activation('softmax')])
g.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
mc = ModelCheckpoint('weights-{epoch:02d}-{loss:.4f}.keras', monitor='loss', verbose=0, save_best_only=True, mode='min')
g.fit(x, y, epochs=2, batch_size=64, callbacks=[mc], verbose=0)
print('last loss:', g.evaluate(x, y, verbose=0)[0])
