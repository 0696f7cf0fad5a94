import tensorflow as tf
import numpy as np
from collections import deque
np.random.seed(0); tf.random.set_seed(0)
n_states, n_actions, gamma = 4, 2, 0.95
model = tf.keras.Sequential([tf.keras.Input((n_states,)), tf.keras.layers.Dense(8, activation="elu", kernel_initializer=tf.keras.initializers.Constant(0.1)), tf.keras.layers.Dense(n_actions, kernel_initializer=tf.keras.initializers.Constant([[0.1, -0.1]] * 8))])
target = tf.keras.models.clone_model(model); target.set_weights(model.get_weights())
optimizer = tf.keras.optimizers.Adam(learning_rate=1e-2); loss_fn = tf.keras.losses.MeanSquaredError()
replay_buffer = deque(maxlen=200)
for i in range(100): replay_buffer.append((np.random.randn(4), np.random.randint(2), np.random.rand(), np.random.randn(4), i % 10 == 0))
def sample(n):
    idx = np.random.randint(len(replay_buffer), size=n); batch = [replay_buffer[i] for i in idx]
    return [np.array([e[k] for e in batch]) for k in range(5)]
def training_step(batch_size):
    states, actions, rewards, next_states, dones = sample(batch_size)
    next_Q = target.predict(next_states, verbose=0); max_next = next_Q.max(axis=1)
    target_Q = (rewards + (1 - dones) * gamma * max_next).reshape(-1, 1); mask = tf.one_hot(actions, n_actions)
    with tf.GradientTape() as tape:
        all_Q = model(states); Q_values = tf.reduce_sum(all_Q * mask, axis=1, keepdims=True); loss = tf.reduce_mean(loss_fn(target_Q, Q_values))
    grads = tape.gradient(loss, model.trainable_variables); optimizer.apply_gradients(zip(grads, model.trainable_variables)); return loss
for step in range(20):
    loss = training_step(32)
    if step % 5 == 0: print(step, f"{loss.numpy():.5f}"); target.set_weights(model.get_weights())
state = np.ones(4); Q = model(state[np.newaxis]); print(tf.argmax(Q[0]).numpy(), Q.shape)
tau = 0.1
for tw, w in zip(target.weights, model.weights): tw.assign(tau * w + (1.0 - tau) * tw)
print(target.weights[-1].numpy())
def compute_loss(experiences, gamma, q_network, target_q_network):
    states, actions, rewards, next_states, done_vals = experiences
    max_qsa = tf.reduce_max(target_q_network(next_states), axis=-1)
    y_targets = rewards + (gamma * max_qsa * (1 - done_vals)); q_values = q_network(states)
    q_values = tf.gather_nd(q_values, tf.stack([tf.range(q_values.shape[0]), tf.cast(actions, tf.int32)], axis=1))
    return tf.keras.losses.MSE(y_targets, q_values)
s, a, r, ns, d = sample(16)
ex = tuple(tf.convert_to_tensor(v, dtype=tf.float32) for v in (s, a, r, ns, d.astype(np.uint8)))
@tf.function
def agent_learn(experiences, gamma):
    with tf.GradientTape() as tape: loss = compute_loss(experiences, gamma, model, target)
    gradients = tape.gradient(loss, model.trainable_variables); optimizer.apply_gradients(zip(gradients, model.trainable_variables)); return loss
print(agent_learn(ex, 0.99)); print(agent_learn(ex, 0.99))
def get_action(q_values, epsilon=0.0): return np.argmax(q_values.numpy()[0]) if epsilon == 0 else 1
print(get_action(model(np.expand_dims(s[0], 0))))
def discount(rewards, f):
    d = np.array(rewards)
    for i in range(len(rewards) - 2, -1, -1): d[i] += d[i + 1] * f
    return d
print(discount([10, 0, -50], 0.8))
with tf.GradientTape() as tape:
    left = model(s[:1])[:, :1]; left = tf.nn.sigmoid(left); action = (tf.constant([[0.3]]) > left); y_t = tf.constant([[1.]]) - tf.cast(action, tf.float32); l = tf.reduce_mean(tf.keras.losses.binary_crossentropy(y_t, left))
g = tape.gradient(l, model.trainable_variables); print(len(g), l.numpy() > 0, [x is None for x in g])
