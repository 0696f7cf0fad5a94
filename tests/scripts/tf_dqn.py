# expect: memory: > 50
import random
from collections import deque, namedtuple
import numpy as np
import tensorflow as tf
from tensorflow.keras import Sequential
from tensorflow.keras.layers import Dense, Input
from tensorflow.keras.losses import MSE
from tensorflow.keras.optimizers import Adam

MEMORY_SIZE, GAMMA, ALPHA = 1000, 0.995, 1e-3
tf.random.set_seed(0)
random.seed(0)
state_size, num_actions = (4,), 3
q_network = Sequential([Input(state_size), Dense(16, activation='relu'), Dense(16, activation='relu'), Dense(num_actions)])
target_q_network = Sequential([Input(state_size), Dense(16, activation='relu'), Dense(16, activation='relu'), Dense(num_actions)])
optimizer = Adam(ALPHA)
experience = namedtuple("Experience", field_names=["state", "action", "reward", "next_state", "done"])

def compute_loss(experiences, gamma, q_network, target_q_network):
    states, actions, rewards, next_states, done_vals = experiences
    max_qsa = tf.reduce_max(target_q_network(next_states), axis=-1)
    y_targets = rewards + (gamma * max_qsa * (1 - done_vals))
    q_values = q_network(states)
    q_values = tf.gather_nd(q_values, tf.stack([tf.range(q_values.shape[0]), tf.cast(actions, tf.int32)], axis=1))
    loss = MSE(y_targets, q_values)
    return loss

@tf.function
def agent_learn(experiences, gamma):
    with tf.GradientTape() as tape:
        loss = compute_loss(experiences, gamma, q_network, target_q_network)
    gradients = tape.gradient(loss, q_network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, q_network.trainable_variables))
    for target_weights, q_net_weights in zip(target_q_network.weights, q_network.weights):
        target_weights.assign(1e-3 * q_net_weights + (1.0 - 1e-3) * target_weights)
    return loss

memory_buffer = deque(maxlen=MEMORY_SIZE)
target_q_network.set_weights(q_network.get_weights())
epsilon = 1.0
state = np.zeros(4)
for t in range(100):
    state_qn = np.expand_dims(state, axis=0)  # state needs to be the right shape for the q_network
    q_values = q_network(state_qn)
    action = np.argmax(q_values.numpy()[0]) if random.random() > epsilon else random.choice(np.arange(3))
    next_state = np.clip(state + (action - 1) * 0.1 + np.random.randn(4) * 0.01, -1, 1)
    reward, done = -float(np.abs(next_state).sum()), float(t % 20 == 19)
    memory_buffer.append(experience(state, action, reward, next_state, done))
    if t % 4 == 3 and len(memory_buffer) > 16:
        experiences = random.sample(memory_buffer, k=16)
        states = tf.convert_to_tensor(np.array([e.state for e in experiences if e is not None]), dtype=tf.float32)
        actions = tf.convert_to_tensor(np.array([e.action for e in experiences if e is not None]), dtype=tf.float32)
        rewards = tf.convert_to_tensor(np.array([e.reward for e in experiences if e is not None]), dtype=tf.float32)
        next_states = tf.convert_to_tensor(np.array([e.next_state for e in experiences if e is not None]), dtype=tf.float32)
        done_vals = tf.convert_to_tensor(np.array([e.done for e in experiences if e is not None]).astype(np.uint8), dtype=tf.float32)
        loss = agent_learn((states, actions, rewards, next_states, done_vals), GAMMA)
    state = next_state.copy()
    epsilon = max(0.01, 0.995 * epsilon)
# and with predict and fit, one row at a time
for _ in range(3):
    target = q_network.predict(state.reshape(1, 4), verbose=0)
    target[0][1] = 0.5 + GAMMA * np.amax(target_q_network.predict(state.reshape(1, 4), verbose=0)[0])
q_network.compile(loss='mse', optimizer=Adam(learning_rate=0.001))
q_network.fit(state.reshape(1, 4), target, epochs=1, verbose=0)
print(f"loss {loss:.4f}")
print("memory:", len(memory_buffer))
