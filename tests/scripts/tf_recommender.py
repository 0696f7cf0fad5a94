# expect: test loss: < 1
import numpy as np
import tensorflow as tf
from tensorflow import keras
from sklearn.preprocessing import StandardScaler, MinMaxScaler
from sklearn.model_selection import train_test_split
rng = np.random.RandomState(0)
user_train, item_train = rng.rand(300, 5), rng.rand(300, 7)
y_train = (user_train[:, 0] * item_train[:, 0] * 5).reshape(-1, 1)
scalerUser = StandardScaler(); scalerUser.fit(user_train)
user_train = scalerUser.transform(user_train)
scalerItem = StandardScaler(); item_train = scalerItem.fit_transform(item_train)
scalerTarget = MinMaxScaler((-1, 1)); y_train = scalerTarget.fit_transform(y_train)
item_train, item_test = train_test_split(item_train, train_size=0.80, shuffle=True, random_state=1)
user_train, user_test = train_test_split(user_train, train_size=0.80, shuffle=True, random_state=1)
y_train, y_test = train_test_split(y_train, train_size=0.80, shuffle=True, random_state=1)
num_outputs = 8
tf.random.set_seed(1)
user_NN = tf.keras.models.Sequential([
    tf.keras.layers.Dense(32, activation='relu'), tf.keras.layers.Dense(16, activation='relu'), tf.keras.layers.Dense(num_outputs)])
item_NN = tf.keras.models.Sequential([
    tf.keras.layers.Dense(32, activation='relu'), tf.keras.layers.Dense(16, activation='relu'), tf.keras.layers.Dense(num_outputs)])
input_user = tf.keras.layers.Input(shape=(5,))
vu = user_NN(input_user)
vu = tf.linalg.l2_normalize(vu, axis=1)
input_item = tf.keras.layers.Input(shape=(7,))
vm = item_NN(input_item)
vm = tf.linalg.l2_normalize(vm, axis=1)
output = tf.keras.layers.Dot(axes=1)([vu, vm])
model = tf.keras.Model([input_user, input_item], output)
model.summary()
cost_fn = tf.keras.losses.MeanSquaredError()
opt = keras.optimizers.Adam(learning_rate=0.01)
model.compile(optimizer=opt, loss=cost_fn)
model.fit([user_train, item_train], y_train, epochs=10, verbose=0)
print("test loss:", model.evaluate([user_test, item_test], y_test, verbose=0))
y_pu = scalerTarget.inverse_transform(model.predict([user_test, item_test], verbose=0))
print(y_pu.shape)
