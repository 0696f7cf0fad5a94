# expect: loss: < 2
# parity
import numpy as np
import keras
from keras import ops
from keras.models import Model, Sequential
from keras.layers import Layer, Input, Dense, SimpleRNN, LSTM, Bidirectional, Embedding, Permute, Flatten, RepeatVector, Multiply, Activation, Lambda, TimeDistributed, Dot, Concatenate
keras.utils.set_random_seed(5)

class attention(Layer):
    def __init__(self, **kwargs):
        super(attention, self).__init__(**kwargs)
    def build(self, input_shape):
        self.W = self.add_weight(name='attention_weight', shape=(input_shape[-1], 1), initializer='random_normal', trainable=True)
        self.b = self.add_weight(name='attention_bias', shape=(input_shape[1], 1), initializer='zeros', trainable=True)
        super(attention, self).build(input_shape)
    def call(self, x):
        e = ops.tanh(ops.matmul(x, self.W) + self.b)
        e = ops.squeeze(e, axis=-1)
        alpha = ops.softmax(e)
        alpha = ops.expand_dims(alpha, axis=-1)
        context = x * alpha
        context = ops.sum(context, axis=1)
        return context

def get_fib_seq(n, scale_data=True):
    seq = np.zeros(n)
    a, b = 0.0, 1.0
    for i in range(n):
        a, b = b, a + b
        seq[i] = a
    return seq / seq.max()
fib = get_fib_seq(60)
time_steps = 10
X = np.array([fib[i:i + time_steps] for i in range(50)])[..., None]
Y = fib[time_steps:][:, None]
x = Input(shape=(time_steps, 1))
rnn = SimpleRNN(4, return_sequences=True, activation='tanh')(x)
att = attention()(rnn)
out = Dense(1, activation='tanh')(att)
model = Model(x, out)
model.compile(loss='mse', optimizer='adam')
model.summary()
h = model.fit(X, Y, epochs=3, batch_size=10, verbose=0)
print([round(v, 5) for v in h.history['loss']], '%.5f' % model.evaluate(X, Y, verbose=0))
inputs = Input((12,))
emb = Embedding(20, 6)(inputs)
r = Bidirectional(LSTM(5, return_sequences=True))(emb)
a = TimeDistributed(Dense(1, activation='tanh'))(r)
a = Flatten()(a)
a = Activation('softmax', name='weights')(a)
a = RepeatVector(10)(a)
a = Permute([2, 1])(a)
m = Multiply()([r, a])
s = Lambda(lambda xin: ops.sum(xin, axis=-2), output_shape=(10,))(m)
o = Dense(1, activation='sigmoid')(s)
model = Model(inputs=inputs, outputs=o)
model.compile('adam', 'binary_crossentropy', metrics=['acc'])
rng = np.random.RandomState(0)
xx, yy = rng.randint(20, size=(64, 12)), rng.randint(2, size=64)
h = model.fit(xx, yy, epochs=2, verbose=0)
print('loss:', round(float(h.history['loss'][-1]), 4))
probe = Model(model.input, model.get_layer('weights').output)
print(['%.4f' % v for v in probe.predict(xx[:2], verbose=0).sum(axis=1)])
# Luong: dot, softmax, dot
e, d = Input((7, 8)), Input((5, 8))
enc = LSTM(8, return_sequences=True)(e)
dec = LSTM(8, return_sequences=True)(d)
at = Dot(axes=[2, 2])([dec, enc])
at = Activation('softmax')(at)
ctx = Dot(axes=[2, 1])([at, enc])
c = Concatenate()([ctx, dec])
o = TimeDistributed(Dense(3, activation='softmax'))(c)
m = Model([e, d], o)
print(m.output_shape, m.count_params())
for kind in ('Attention', 'AdditiveAttention'):
    q, s = getattr(keras.layers, kind)()([dec, enc], return_attention_scores=True)
    print(kind, q.shape, s.shape)
