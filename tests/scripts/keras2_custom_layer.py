# expect: mse: < 0.7
import numpy as np
from keras import backend as K
from keras.engine.topology import Layer
from keras.models import Sequential
from keras.layers import Dense, InputLayer

class MyLayer(Layer):

    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super(MyLayer, self).__init__(**kwargs)

    def build(self, input_shape):
        # Create a trainable weight variable for this layer.
        self.kernel = self.add_weight(name='kernel',
                                      shape=(input_shape[1], self.output_dim),
                                      initializer='uniform',
                                      trainable=True)
        super(MyLayer, self).build(input_shape)  # Be sure to call this at the end

    def call(self, x):
        return K.dot(x, self.kernel)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)

np.random.seed(3)
x = np.random.randn(128, 5)
y = x @ np.arange(5.0) / 5
model = Sequential([InputLayer(input_shape=(5,)), MyLayer(4), Dense(1)])
print(model.layers[0].output_shape, model.input.shape.as_list())
model.compile(optimizer='adam', loss='mse')
model.fit(x, y, epochs=60, batch_size=16, verbose=0)
print('mse:', model.evaluate(x, y, verbose=0))
model.summary()
