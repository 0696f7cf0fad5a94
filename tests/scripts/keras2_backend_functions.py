# expect: mean activation: > 0
import numpy as np
from keras import backend as K
from keras.layers import Dense, Input, Lambda
from keras.models import Model, Sequential

def root_mean_squared_error(y_true, y_pred):
    return K.sqrt(K.mean(K.square(y_pred - y_true)))

def r2(y_true, y_pred):
    SS_res = K.sum(K.square(y_true - y_pred))
    SS_tot = K.sum(K.square(y_true - K.mean(y_true)))
    return 1 - SS_res / (SS_tot + K.epsilon())

np.random.seed(1)
x = np.random.rand(100, 3)
y = x.dot([1.0, 2.0, 3.0])
inp = Input((3,))
h = Dense(10, activation='relu', name='hidden')(inp)
h = Lambda(lambda t: K.l2_normalize(t, axis=-1) * K.constant(2.0))(h)
out = Dense(1)(h)
model = Model(inp, out)
model.compile(optimizer='adam', loss=root_mean_squared_error, metrics=[r2])
history = model.fit(x, y, epochs=20, verbose=0)
print("first and last:", history.history['loss'][0] > history.history['loss'][-1], len(history.history['r2']))
get_hidden = K.function([model.layers[0].input, K.learning_phase()], [model.get_layer('hidden').output])
layer_output = get_hidden([x, 0])[0]
print("mean activation: %.3f" % layer_output.mean(), layer_output.shape)
print(K.int_shape(model.output), K.image_data_format(), K.floatx(), K.eval(K.sum(K.variable(np.eye(2)))))
K.clear_session()
