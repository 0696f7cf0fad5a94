# expect: decoded: > 0
# parity
import numpy as np
from keras.models import Model
from keras.layers import Input, LSTM, Dense
import keras
keras.utils.set_random_seed(3)
batch_size, epochs, latent_dim = 16, 2, 12
pairs = [('go.', 'va !'), ('hi.', 'salut !'), ('run!', 'cours !'), ('wow!', 'ca alors !'), ('fire!', 'au feu !'), ('help!', 'a l aide !'), ('jump.', 'saute.'), ('stop!', 'stop !')] * 4
input_texts, target_texts = [], []
input_characters, target_characters = set(), set()
for a, b in pairs:
    b = '\t' + b + '\n'
    input_texts.append(a); target_texts.append(b)
    input_characters.update(a); target_characters.update(b)
input_characters = sorted(list(input_characters)); target_characters = sorted(list(target_characters))
num_encoder_tokens, num_decoder_tokens = len(input_characters), len(target_characters)
max_encoder_seq_length = max([len(txt) for txt in input_texts])
max_decoder_seq_length = max([len(txt) for txt in target_texts])
it = dict([(c, i) for i, c in enumerate(input_characters)])
tt = dict([(c, i) for i, c in enumerate(target_characters)])
e = np.zeros((len(input_texts), max_encoder_seq_length, num_encoder_tokens), dtype='float32')
d = np.zeros((len(input_texts), max_decoder_seq_length, num_decoder_tokens), dtype='float32')
o = np.zeros((len(input_texts), max_decoder_seq_length, num_decoder_tokens), dtype='float32')
for i, (a, b) in enumerate(zip(input_texts, target_texts)):
    for t, c in enumerate(a): e[i, t, it[c]] = 1.
    for t, c in enumerate(b):
        d[i, t, tt[c]] = 1.
        if t > 0: o[i, t - 1, tt[c]] = 1.
encoder_inputs = Input(shape=(None, num_encoder_tokens))
encoder = LSTM(latent_dim, return_state=True)
encoder_outputs, state_h, state_c = encoder(encoder_inputs)
encoder_states = [state_h, state_c]
decoder_inputs = Input(shape=(None, num_decoder_tokens))
decoder_lstm = LSTM(latent_dim, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_dense = Dense(num_decoder_tokens, activation='softmax')
decoder_outputs = decoder_dense(decoder_outputs)
model = Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer='rmsprop', loss='categorical_crossentropy', metrics=['accuracy'])
h = model.fit([e, d], o, batch_size=batch_size, epochs=epochs, validation_split=0.2, verbose=0)
print({k: [round(float(x), 4) for x in v] for k, v in h.history.items()})
model.save('s2s.keras')
model = keras.models.load_model('s2s.keras')
encoder_inputs = model.input[0]
encoder_outputs, state_h_enc, state_c_enc = model.layers[2].output
encoder_model = Model(encoder_inputs, [state_h_enc, state_c_enc])
decoder_inputs = model.input[1]
decoder_state_input_h = Input(shape=(latent_dim,))
decoder_state_input_c = Input(shape=(latent_dim,))
dsi = [decoder_state_input_h, decoder_state_input_c]
decoder_lstm = model.layers[3]
decoder_outputs, sh, sc = decoder_lstm(decoder_inputs, initial_state=dsi)
decoder_dense = model.layers[4]
decoder_outputs = decoder_dense(decoder_outputs)
decoder_model = Model([decoder_inputs] + dsi, [decoder_outputs, sh, sc])
rt = dict((i, c) for c, i in tt.items())

def decode_sequence(input_seq):
    states_value = encoder_model.predict(input_seq, verbose=0)
    target_seq = np.zeros((1, 1, num_decoder_tokens))
    target_seq[0, 0, tt['\t']] = 1.
    n = 0
    while True:
        output_tokens, h, c = decoder_model.predict([target_seq] + states_value, verbose=0)
        k = np.argmax(output_tokens[0, -1, :]); n += 1
        if rt[k] == '\n' or n > max_decoder_seq_length: break
        target_seq = np.zeros((1, 1, num_decoder_tokens)); target_seq[0, 0, k] = 1.
        states_value = [h, c]
    return n, output_tokens
n, tok = decode_sequence(e[:1])
print('decoded:', n, tok.sum(), tok.max())
decoder_model.summary()
