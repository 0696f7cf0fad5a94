# expect: accuracy on training pairs: > 0.4
# parity
import random
import numpy as np
import keras
from keras.datasets import mnist
from keras.models import Model
from keras.layers import Input, Flatten, Dense, Dropout, Lambda
from keras.optimizers import RMSprop
from keras import ops
keras.utils.set_random_seed(2)
num_classes, epochs = 10, 1

def euclidean_distance(vects):
    x, y = vects
    sum_square = ops.sum(ops.square(x - y), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(sum_square, keras.backend.epsilon()))

def eucl_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)

def contrastive_loss(y_true, y_pred):
    margin = 1
    y_true = ops.cast(y_true, y_pred.dtype)
    square_pred = ops.square(y_pred)
    margin_square = ops.square(ops.maximum(margin - y_pred, 0))
    return ops.mean(y_true * square_pred + (1 - y_true) * margin_square)

def create_pairs(x, digit_indices):
    pairs, labels = [], []
    n = min([len(digit_indices[d]) for d in range(num_classes)]) - 1
    for d in range(num_classes):
        for i in range(n):
            z1, z2 = digit_indices[d][i], digit_indices[d][i + 1]
            pairs += [[x[z1], x[z2]]]
            inc = random.randrange(1, num_classes)
            dn = (d + inc) % num_classes
            z1, z2 = digit_indices[d][i], digit_indices[dn][i]
            pairs += [[x[z1], x[z2]]]
            labels += [1, 0]
    return np.array(pairs), np.array(labels)

def create_base_network(input_shape):
    input = Input(shape=input_shape)
    x = Flatten()(input)
    x = Dense(16, activation='relu')(x)
    x = Dense(16, activation='relu')(x)
    return Model(input, x)

def accuracy(y_true, y_pred):
    return ops.mean(ops.equal(y_true, ops.cast(y_pred < 0.5, y_true.dtype)))

def compute_accuracy(y_true, y_pred):
    pred = y_pred.ravel() < 0.5
    return np.mean(pred == y_true)

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.astype('float32') / 255
x_test = x_test.astype('float32') / 255
input_shape = x_train.shape[1:]
digit_indices = [np.where(y_train == i)[0] for i in range(num_classes)]
tr_pairs, tr_y = create_pairs(x_train, digit_indices)
base_network = create_base_network(input_shape)
input_a, input_b = Input(shape=input_shape), Input(shape=input_shape)
processed_a, processed_b = base_network(input_a), base_network(input_b)
distance = Lambda(euclidean_distance, output_shape=eucl_dist_output_shape)([processed_a, processed_b])
model = Model([input_a, input_b], distance)
model.compile(loss=contrastive_loss, optimizer=RMSprop(), metrics=[accuracy])
h = model.fit([tr_pairs[:, 0], tr_pairs[:, 1]], tr_y.astype('float32'), batch_size=32, epochs=epochs, verbose=0)
print(h.history)
y_pred = model.predict([tr_pairs[:, 0], tr_pairs[:, 1]], verbose=0)
print('accuracy on training pairs: %0.3f' % compute_accuracy(tr_y, y_pred))
from keras.layers import Dot
L1 = Lambda(lambda t: ops.abs(t[0] - t[1]), output_shape=(16,))([processed_a, processed_b])
m2 = Model([input_a, input_b], Dense(1, activation='sigmoid')(L1))
m2.compile('adam', 'binary_crossentropy')
print(m2.evaluate([tr_pairs[:, 0], tr_pairs[:, 1]], tr_y.astype('float32'), verbose=0))
cos = Dot(axes=1, normalize=True)([processed_a, processed_b])
print(Model([input_a, input_b], cos).predict([tr_pairs[:4, 0], tr_pairs[:4, 1]], verbose=0).ravel().round(3).tolist())
