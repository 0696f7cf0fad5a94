# expect: outputs: > 2
# parity
import numpy as np
import keras
from keras import layers
keras.utils.set_random_seed(0)
model = keras.Sequential()
model.add(layers.Embedding(input_dim=1000, output_dim=16))
model.add(layers.LSTM(12))
model.add(layers.Dense(10))
model.build((None, None))
model.summary()
encoder_vocab, decoder_vocab = 100, 200
encoder_input = layers.Input(shape=(None,))
encoder_embedded = layers.Embedding(input_dim=encoder_vocab, output_dim=8)(encoder_input)
output, state_h, state_c = layers.LSTM(8, return_state=True, name="encoder")(encoder_embedded)
encoder_state = [state_h, state_c]
decoder_input = layers.Input(shape=(None,))
decoder_embedded = layers.Embedding(input_dim=decoder_vocab, output_dim=8)(decoder_input)
decoder_output = layers.LSTM(8, name="decoder")(decoder_embedded, initial_state=encoder_state)
output = layers.Dense(10)(decoder_output)
model = keras.Model([encoder_input, decoder_input], output)
model.summary()
paragraph1 = np.random.random((4, 10, 5)).astype(np.float32)
paragraph2 = np.random.random((4, 10, 5)).astype(np.float32)
lstm_layer = layers.LSTM(6, stateful=True)
output = lstm_layer(paragraph1)
output = lstm_layer(paragraph2)
existing_state = lstm_layer.states
lstm_layer.reset_states() if hasattr(lstm_layer, 'reset_states') else lstm_layer.reset_state()
new = layers.LSTM(6)
o = new(paragraph1, initial_state=existing_state)
print(o.shape)
model = keras.Sequential()
model.add(layers.Bidirectional(layers.LSTM(8, return_sequences=True), input_shape=(5, 10)))
model.add(layers.Bidirectional(layers.LSTM(4)))
model.add(layers.Dense(10))
model.summary()
st = layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_state=True)
r = st(np.ones((2, 3, 5), "float32")); print('outputs:', len(r), r[0].shape)
tr = layers.Masking(0.)(np.array([[[1.], [0.], [2.]]])); print(tr.shape)
em = layers.Embedding(10, 3, mask_zero=True); print(np.array(em.compute_mask(np.array([[1, 0]]))))
