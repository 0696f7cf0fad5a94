# expect: largest: > 0.9
import numpy as np
import tensorflow as tf
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense
from sklearn.datasets import make_blobs
# make dataset for example
centers = [[-5, 2], [-2, -2], [1, 2], [5, -2]]
X_train, y_train = make_blobs(n_samples=400, centers=centers, cluster_std=1.0, random_state=30)
tf.random.set_seed(1234)
preferred_model = Sequential(
    [
        Dense(25, activation='relu'),
        Dense(15, activation='relu', name="L2"),
        Dense(4, activation='linear')   #<-- Note
    ]
)
preferred_model.compile(
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),  #<-- Note
    optimizer=tf.keras.optimizers.Adam(0.01),
)
preferred_model.fit(X_train, y_train, epochs=10, verbose=0)
p_preferred = preferred_model.predict(X_train)
print(f"two example output vectors:\n {p_preferred[:2].shape}")
sm_preferred = tf.nn.softmax(p_preferred).numpy()
print("largest:", np.max(sm_preferred), "smallest value", np.min(sm_preferred) >= 0)
for i in range(3):
    print(f"category: {np.argmax(p_preferred[i])}, truth {y_train[i]}")
print(f"accuracy {np.mean(tf.argmax(p_preferred, axis=1) == y_train):0.2f}")
l1 = preferred_model.layers[0]
W1, b1 = l1.get_weights()
print(W1.shape, b1.shape)
